"""python -m minieval compare: logs without a manifest, with one, and everything that cannot be used."""

import itertools
import json
import os
import re
from pathlib import Path

import msgspec
import pytest
from tests.minieval.synthetic_lab import SyntheticLab
from tests.minieval.traffic_lines import written

from minieval.command import EXIT_CODES, judge_main, main
from minieval.grading.evalset import plain_items
from minieval.grading.identity import REPOSITORY
from minieval.manifest import Margins
from minieval.record.log.reader import open_log
from minieval.report.document import Report, from_json
from minieval.report.documents import NAMES
from minieval.rules import Rules
from minieval.verdict.gates import GateId, Outcome
from minieval.verdict.verdict import EXIT_CODES as CODES
from minieval.verdict.verdict import USAGE_EXIT_CODE, Verdict

PLANNED = ("--planned-n", "200")


def judged(lab: SyntheticLab, *more: str) -> tuple[int, Report]:
    """Judge the lab's log and eval set alone, and return the exit code and the report."""
    code = main(arguments(lab, *more))
    return code, from_json((lab.folder / "out" / "report.json").read_bytes())


def arguments(lab: SyntheticLab, *more: str) -> list[str]:
    lab.arguments()
    named = {"--log": "traffic.log", "--eval-set": "eval.jsonl", "--out": "out"}
    given = [name for option in more for name in named if option == name]
    rest = itertools.chain.from_iterable((k, str(lab.folder / v)) for k, v in named.items() if k not in given)
    return ["compare", *rest, *more]


def grader(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, source: str) -> str:
    """Write a module with a unique name, and return the name of a grader in it."""
    (folder / f"{name}.py").write_text(source)
    monkeypatch.syspath_prepend(str(folder))
    return f"{name}:grade"


@pytest.mark.parametrize(("table", "code"), [((150, 26, 6, 18), 0), ((160, 12, 6, 22), 10), ((150, 4, 24, 22), 20)])
def test_a_log_and_an_eval_set_are_enough(tmp_path: Path, table: tuple[int, int, int, int], code: int) -> None:
    found, report = judged(SyntheticLab(tmp_path, table), *PLANNED)

    assert found == code == report.exit_code
    assert all((tmp_path / "out" / name).exists() for name in NAMES)


def test_the_report_names_what_nothing_pinned(tmp_path: Path) -> None:
    _, report = judged(SyntheticLab(tmp_path), *PLANNED)

    assert report.identity is not None
    everything = ("models", "ids sent", "policy", "alpha", "margins", "planned n", "seed", "grader", "eval set")
    assert report.identity.unpinned == everything
    gates = {gate.name: gate for gate in report.gates}
    assert gates[GateId.FIXED_BEFORE_THE_RUN].observed == f"nothing shows it of {', '.join(everything)}"
    unknown = [name for name, gate in gates.items() if gate.outcome is Outcome.INCONCLUSIVE]
    assert unknown[:4] == ["grader", "fixed before the run", "eval set", "request ids"]
    assert report.missing is not None
    assert report.missing.sent is None
    assert "requests sent" not in (tmp_path / "out" / "report.md").read_text()


def test_a_baseline_pins_grader_and_eval_set(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path)

    _, report = judged(lab, *PLANNED, "--baseline", str(tmp_path / "baseline.json"))

    assert report.identity is not None
    assert not {"grader", "eval set"} & set(report.identity.unpinned)
    baseline = json.loads((tmp_path / "baseline.json").read_text())
    (tmp_path / "baseline.json").write_text(json.dumps({**baseline, "grader_sha": "0" * 64}))
    assert judged(lab, *PLANNED, "--baseline", str(tmp_path / "baseline.json"))[0] == 3


def test_without_a_planned_n_every_item_of_the_eval_set_is_planned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = SyntheticLab(tmp_path)

    assert judged(lab)[0] == 3

    assert "200 distinct items in gradable pairs; expected at least 400" in capsys.readouterr().err
    lab.items = lab.items[:200]
    assert judged(lab)[0] == 0


def test_the_policy_can_be_given_as_options(tmp_path: Path) -> None:
    options = ("--policy", "non_inferior", "--alpha", "0.1", "--p50-ratio", "1.3", "--seed", "7", "--warmup", "3")

    _, report = judged(SyntheticLab(tmp_path, (180, 2, 2, 16)), *PLANNED, *options)

    identity = report.identity
    assert identity is not None
    assert (identity.aim, identity.alpha, identity.seed, identity.warmup) == ("non_inferior", 0.1, 7, 3)
    assert (identity.margins["p50_ratio"], identity.margins["p95_ratio"]) == (1.3, 1.5)
    assert report.verdict == "promote"


def test_how_a_log_is_packed_and_cut_into_files_changes_nothing(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path)
    judged(lab, *PLANNED)
    whole = {name: (tmp_path / "out" / name).read_bytes() for name in NAMES}
    first = written(tmp_path, "1.log", lab.shadow[:99])
    second = written(tmp_path, "2.log.gz", [*lab.shadow[99:], *lab.ab], packed=True)

    judged(lab, "--log", str(first), str(second), *PLANNED)

    assert {name: (tmp_path / "out" / name).read_bytes() for name in NAMES} == whole


def test_two_configurations_of_the_shadow_are_never_pooled(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lab = SyntheticLab(tmp_path)
    for line in lab.shadow[:50]:
        line["config_sha"] = "9" * 64

    assert judged(lab, *PLANNED)[0] == 3

    assert "configurations: 2 of shadow: 111111111111 with salt" in capsys.readouterr().err


def test_two_models_under_one_name_are_never_pooled(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lab = SyntheticLab(tmp_path)
    for line in lab.ab:
        line["arm_shas"] = {"A": "a" * 64, "B": "c" * 64}

    assert judged(lab, *PLANNED)[0] == 3

    assert "arms: 200 records; the first," in capsys.readouterr().err


@pytest.mark.parametrize("lines", [0, 1])
def test_an_empty_log_and_one_line_are_invalid(tmp_path: Path, lines: int) -> None:
    lab = SyntheticLab(tmp_path)
    lab.shadow, lab.ab = lab.shadow[:lines], []

    code, report = judged(lab, *PLANNED)

    assert code == 3
    assert report.reasons


def test_a_manifest_is_enforced_as_in_the_lab(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path)
    manifest = ("--manifest", str(tmp_path / "manifest.json"))

    code, report = judged(lab, *manifest)
    del lab.shadow[7]

    assert code == 0
    assert report.identity is not None
    assert report.identity.unpinned == ("grader",)
    assert judged(lab, *manifest)[0] == 3


def test_the_written_manifest_contains_the_analysis_and_is_not_a_plan(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path)
    judged(lab, *PLANNED)
    told = tmp_path / "out" / "manifest.json"
    assert json.loads(told.read_text())["analysis"]["verdict"] == "promote"

    code, report = judged(lab, "--manifest", str(told))

    assert code == 3
    assert "manifest.json" in report.reasons[0]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--policy", "best"), "--policy is 'best': expected better or non_inferior"),
        (("--alpha", "0.7"), "--alpha is 0.7: expected `float` < 0.5"),
        (("--seed", "-1"), "--seed is -1: expected `int` >= 0"),
        (("--p50-ratio", "often"), "--p50-ratio is 'often': expected `float`"),
        (("--planned-n", "0"), "--planned-n is 0: expected `int` >= 1"),
        (("--planned-n", "many"), "--planned-n is 'many': expected `int | null`"),
        (("--p95-ratio", "0.5"), "--p95-ratio is 0.5: expected `float` > 1.0"),
        (("--grader", "nocolon"), "grader is 'nocolon': expected module:function"),
        (("--grader", "no_such_module:grade"), "a module that can be imported (ModuleNotFoundError"),
        (("--grader", "json:no_such_function"), "expected a function of json"),
        (("--grader", "sys:exit"), "expected a module with a source file"),
        (
            ("--manifest", "x", "--alpha", "0.1"),
            "--alpha is 0.1: expected nothing, as --manifest fixes the policy",
        ),
    ],
)
def test_an_option_that_cannot_be_used_is_a_usage_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], sentence: str
) -> None:
    assert main(arguments(SyntheticLab(tmp_path), *options)) == 2

    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("option", ["--log", "--eval-set", "--manifest", "--baseline"])
def test_a_missing_file_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str) -> None:
    assert main(arguments(SyntheticLab(tmp_path), option, str(tmp_path / "none"))) == 2

    assert "none: No such file or directory\n" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_pipe_in_place_of_a_log_is_refused_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lab = SyntheticLab(tmp_path)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    code, report = judged(lab, "--log", str(pipe))

    assert code == CODES[Verdict.INVALID]
    assert f"{pipe} is 'not a regular file'" in " ".join(report.reasons) + capsys.readouterr().err


def test_a_module_that_raises_while_it_is_imported_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = grader(tmp_path, monkeypatch, "raising_module", "class Odd(Exception): ...\nraise Odd('no luck')\n")

    assert main(arguments(SyntheticLab(tmp_path), "--grader", name)) == 2

    assert "(Odd: no luck)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("module", "body", "sentence"),
    [
        ("odd_raises", "    raise KeyError('no key')", "the grader raised on item item-0000: KeyError: 'no key'"),
        ("odd_none", "    return None", "odd_none:grade returned None: expected True, False or an error's name"),
        ("odd_word", "    return 'correct'", "odd_word:grade returned 'correct': expected True"),
        ("odd_long", "    return 'x' * 41", "expected True, False or an error's name of 1 to 40 characters"),
    ],
)
def test_a_grader_that_raises_or_returns_nonsense_stops_the_judgement(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    module: str,
    body: str,
    sentence: str,
) -> None:
    name = grader(tmp_path, monkeypatch, module, f"def grade(item, answer):\n{body}\n")

    assert main(arguments(SyntheticLab(tmp_path), *PLANNED, "--grader", name)) == 3

    assert sentence in capsys.readouterr().err


def test_another_source_is_another_grader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = SyntheticLab(tmp_path)
    source = "def grade(item, answer):\n    return answer == item['accepted'][0]\n"
    names = [
        grader(tmp_path, monkeypatch, f"plain_{i}", text) for i, text in enumerate((source, source + "# changed\n"))
    ]

    found = [judged(lab, *PLANNED, "--grader", name) for name in names]

    assert [code for code, _ in found] == [0, 0]
    shas = {report.identity.grader_sha for _, report in found if report.identity is not None}
    assert len(shas) == 2


def test_the_help_lists_every_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        main(["compare", "--help"])

    assert done.value.code == 0
    assert EXIT_CODES in capsys.readouterr().out
    told = {name: int(code) for code, name in re.findall(r"^ +(\d+) +(\w+) ", EXIT_CODES, re.MULTILINE)}
    assert told == {**{verdict.value: code for verdict, code in CODES.items()}, "wrong": USAGE_EXIT_CODE}


def test_the_help_lists_every_default(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["compare", "--help"])

    told = dict(
        re.findall(
            r"--([a-z0-9-]+) VALUE\s+(?:[^-]|-(?!-))*?default\s+(\S+)",
            capsys.readouterr().out.split("policy options")[1],
        )
    )
    margins = {name: f"{value:g}" for name, value in msgspec.structs.asdict(Margins()).items()}
    rules = {name: str(getattr(Rules(), name)) for name in ("policy", "alpha", "seed", "warmup")}
    expected = {name.replace("_", "-"): value for name, value in (margins | rules).items()}
    assert told == expected | {"planned-n": "every"}


def test_the_document_names_every_exit_code_and_shows_a_line_and_an_item_that_are_read(tmp_path: Path) -> None:
    document = (REPOSITORY / "docs" / "judge.md").read_text(encoding="utf-8")
    line, item = re.findall(r"```json\n(.*?)```", document, re.DOTALL)

    told = {name: int(code) for code, name in re.findall(r"^\| (\d+) \| (\w+) \|", document, re.MULTILINE)}
    assert told == {verdict.value: code for verdict, code in CODES.items()}
    with open_log([written(tmp_path, "traffic.log", [line.encode()])]) as log:
        assert log.one("SELECT count(*) FILTER (pair) FROM records") == (1,)
    assert list(plain_items(item)) == [json.loads(line)["sentence"]]


def test_lynx_ab_judge_judges_as_compare_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = SyntheticLab(tmp_path)
    code, _ = judged(lab, *PLANNED)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "state").mkdir()
    (tmp_path / "traffic.log").rename(tmp_path / "state" / "traffic.log")

    # Without --log and --out, the defaults are the log that the server writes and a separate folder.
    assert judge_main(["--items", "eval.jsonl", *PLANNED]) == code

    assert (tmp_path / "report" / "report.json").read_bytes() == (tmp_path / "out" / "report.json").read_bytes()


def test_lynx_ab_judge_names_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert judge_main(["--items", str(tmp_path / "none.jsonl"), "--out", str(tmp_path / "out")]) == USAGE_EXIT_CODE

    assert capsys.readouterr().err.startswith("lynx-ab judge: ")


def test_the_built_in_grader_is_found_under_its_former_name_too(tmp_path: Path) -> None:
    _, now = judged(SyntheticLab(tmp_path), *PLANNED)
    _, before = judged(SyntheticLab(tmp_path), *PLANNED, "--grader", "minieval.grading:grade")

    assert before == now
