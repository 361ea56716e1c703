"""report.html: it contains the whole report, runs no untrusted text, and is the same bytes every time."""

import base64
import hashlib
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import compare
import pytest
from tests.minieval.synthetic_lab import SyntheticLab

from minieval.grading.identity import REPOSITORY
from minieval.report.document import Report, from_json
from minieval.report.html.page import page

HOSTILE = (
    "</script>",
    "</style><style>*{display:none}",
    "a | b",
    "\x1b[2J",
    "<img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)" x=\'',
    "{{ 7 * 7 }}{% raw %}",
    "&lt;b&gt; &#60;",
    "\u202e\u2066\u200b",
    "<!-- ]]> -->",
)
VOID = {"meta", "input"}


class Markup(HTMLParser):
    """A page as a browser would take it apart: its elements, its text, and the contents of script and style."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.raw: dict[str, str] = {}
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] in {"script", "style"}:
            self.raw[self._open[-1]] = self.raw.get(self._open[-1], "") + data
        else:
            self.text += data

    def having(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for _, attributes in self.elements if name in attributes]


def words(text: str) -> str:
    return " ".join(text.split())


def judged(lab: SyntheticLab) -> tuple[Report, str]:
    compare.main(lab.arguments())
    return from_json((lab.folder / "report.json").read_bytes()), (lab.folder / "report.html").read_text("utf-8")


def hostile_lab(folder: Path) -> SyntheticLab:
    """Return a lab in which B answers, and users and eval set say, what breaks pages."""
    lab = SyntheticLab(folder)
    for i, text in enumerate(HOSTILE):
        lab.shadow[i]["response_B"] = f"{text} {i}"
        if text.isprintable():
            lab.items[i]["sentence"] = lab.shadow[i]["sentence"] = f"{text} said number {i}"
    lab.manifest["run"]["git"] = {"revision": HOSTILE[4], HOSTILE[5]: HOSTILE[0]}
    return lab


def test_every_gate_is_in_the_page_with_its_numbers(tmp_path: Path) -> None:
    report, text = judged(SyntheticLab(tmp_path))

    shown = words(Markup(text).text)
    assert len(report.gates) > 10
    for gate in report.gates:
        assert words(f"{gate.outcome.value} {gate.name} {gate.observed} {gate.threshold}") in shown


def test_every_disagreement_is_in_the_page_once_with_its_ids(tmp_path: Path) -> None:
    report, text = judged(SyntheticLab(tmp_path))

    assert report.disagreement is not None
    markup = Markup(text)
    shown = words(markup.text)
    assert len(markup.having("data-kind")) == len(report.disagreement.cases) == report.disagreement.differing
    for case in report.disagreement.cases:
        assert shown.count(case.trace_id) == 1
        for part in (case.sentence, case.answer_a, case.answer_b, case.request_id):
            assert words(part or "no answer") in shown


def test_every_slice_is_in_the_page(tmp_path: Path) -> None:
    report, text = judged(SyntheticLab(tmp_path))

    shown = words(Markup(text).text)
    assert report.buckets is not None
    for family in report.buckets:
        for row in family.rows:
            assert f"{row.value} {row.n} " in shown


def test_the_page_shows_the_numbers_of_its_document(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path)

    report, text = judged(lab)

    assert page(report) == text, "the page shows something that report.json does not have"


def test_the_same_evidence_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path)
    judged(lab)
    names = ("report.html", "report.md", "report.json", "figures/buckets.svg", "figures/latency.svg")
    first = {name: (tmp_path / name).read_bytes() for name in names}

    script = REPOSITORY / "experiments" / "38-shadow-ab" / "compare.py"
    environment = {"PYTHONHASHSEED": "7", "LC_ALL": "C", "TZ": "Asia/Tokyo"}
    subprocess.run([sys.executable, script, *lab.arguments()], env=environment, check=True, capture_output=True)

    assert {name: (tmp_path / name).read_bytes() for name in names} == first


def test_no_untrusted_text_becomes_markup(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("plain", "hostile")]
    for folder in folders:
        folder.mkdir()
    plain = Markup(judged(SyntheticLab(folders[0]))[1])
    report, text = judged(hostile_lab(folders[1]))

    markup = Markup(text)

    assert report.quality is not None
    assert {tag for tag, _ in markup.elements} <= {tag for tag, _ in plain.elements} | {"i"}
    assert {name for _, a in markup.elements for name in a} <= {name for _, a in plain.elements for name in a}
    assert not [name for _, a in markup.elements for name in a if name.startswith("on") or name == "style"]
    assert (markup.raw["script"], markup.raw["style"]) == (plain.raw["script"], plain.raw["style"])
    shown = words(markup.text)
    for readable in (*HOSTILE[:3], *HOSTILE[4:8], "\\u{1b}[2J", "\\u{202e}\\u{2066}\\u{200b}"):
        assert words(readable) in shown
    assert not set(text) & set("\x1b\u202e\u2066\u200b")


def test_a_missing_answer_looks_different_from_text(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path)
    lab.shadow[0].update(status_B="error", response_B=None, latency_ms_B=None, reason_B="ValueError: no")

    report, text = judged(lab)

    assert report.disagreement is not None
    assert [case.answer_b for case in report.disagreement.cases].count(None) == 1
    assert text.count("<i>no answer</i>") == 1


def test_the_policy_allows_our_script_and_style_by_hash_and_nothing_else(tmp_path: Path) -> None:
    markup = Markup(judged(SyntheticLab(tmp_path))[1])

    def source(tag: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(markup.raw[tag].encode()).digest()).decode()}'"

    (policy,) = [a["content"] for _, a in markup.elements if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy == (
        f"default-src 'none'; style-src {source('style')}; script-src {source('script')}; "
        "base-uri 'none'; form-action 'none'"
    )
    assert [tag for tag, _ in markup.elements].count("script") == 1


def test_the_page_links_only_into_itself(tmp_path: Path) -> None:
    markup = Markup(judged(SyntheticLab(tmp_path))[1])

    ids = {a["id"] for a in markup.having("id")}
    assert {(a["href"] or "")[:1] for a in markup.having("href")} == {"#"}
    assert {(a["href"] or "")[1:] for a in markup.having("href")} <= ids
    assert len(ids) == len(markup.having("id"))
    assert not markup.having("src")
    assert not re.search(r"url\(|@import", markup.raw["style"])


def test_invalid_evidence_gives_a_page_that_says_why_and_no_figures(tmp_path: Path) -> None:
    judged(SyntheticLab(tmp_path))
    lab = SyntheticLab(tmp_path)
    lab.shadow.pop()

    report, text = judged(lab)

    assert report.verdict.value == "invalid"
    shown = words(Markup(text).text)
    assert "Verdict: invalid" in shown
    assert "request ids" in shown
    assert "Disagreements" not in shown
    assert list((tmp_path / "figures").iterdir()) == []


def test_a_manifest_that_cannot_be_read_gives_a_page_without_an_identity(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path)
    del lab.manifest["run"]["seed"]

    report, text = judged(lab)

    assert report.identity is None
    assert "ManifestRefused" in Markup(text).text
    assert "Identity" not in Markup(text).text


def test_without_an_ab_block_latency_is_not_measured(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path)
    lab.ab.clear()
    lab.plan_from_log()

    report, text = judged(lab)

    assert report.latency is not None
    shown = words(Markup(text).text)
    assert "Not measured: no arm answered an A/B request." in shown
    assert "an arm served no A/B request" in shown
    assert not (tmp_path / "figures" / "latency.svg").exists()
    assert "latency.svg" not in (tmp_path / "report.md").read_text("utf-8")


def test_failed_requests_are_shown_with_the_survivors(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path)
    for line in [line for line in lab.ab if line["production_arm"] == "B"][:8]:
        line.update(status_B="timeout", response_B=None, latency_ms_B=None, reason_B="deadline", http_status=504)

    shown = words(Markup(judged(lab)[1]).text)

    assert "B 100 8 " in shown
    assert "B answered only (sensitivity) 92 0 " in shown
    assert "A answered only" not in shown


def test_the_page_says_what_the_latencies_leave_out(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path)
    lab.manifest["run"]["warmup"] = 3

    assert "Left out: 3 requests on A and 3 on B as warm-up" in words(Markup(judged(lab)[1]).text)


def test_without_disagreements_there_is_no_explorer(tmp_path: Path) -> None:
    report, text = judged(SyntheticLab(tmp_path, (200, 0, 0, 0)))

    assert report.disagreement is not None
    assert report.disagreement.cases == ()
    markup = Markup(text)
    assert "A and B disagreed on 0 of 200 requests" in words(markup.text)
    assert not [a for a in markup.having("id") if a["id"] == "filters"]


@pytest.mark.parametrize(
    "table", [(5, 0, 0, 0), (0, 0, 0, 5), (1, 1, 1, 1), (0, 1, 0, 0), (0, 200, 0, 0), (0, 0, 200, 0)]
)
def test_extreme_runs_have_a_page_without_nan_or_infinity(tmp_path: Path, table: tuple[int, int, int, int]) -> None:
    _, text = judged(SyntheticLab(tmp_path, table))

    shown = words(Markup(text).text).lower().replace("banana", "")
    assert not re.search(r"\bnan\b|\binf\b|\bnone\b(?! of)", shown)


def test_one_slice_and_ties_throughout_have_a_page(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path, (0, 0, 0, 30))
    for item in lab.items:
        item.update(verb="go", tense="past_simple", person="3sg")
    for line in lab.ab:
        line[f"latency_ms_{line['production_arm']}"] = 1.0

    _, text = judged(lab)

    assert "go 30 " in words(Markup(text).text)


def test_the_figures_of_report_md_are_next_to_it(tmp_path: Path) -> None:
    judged(SyntheticLab(tmp_path))

    images = re.findall(r"!\[([^\]]+)\]\(([^)]+)\)", (tmp_path / "report.md").read_text("utf-8"))
    assert [path for _, path in images] == ["figures/buckets.svg", "figures/latency.svg"]
    assert all(description and (tmp_path / path).is_file() for description, path in images)


def test_the_manifest_has_the_hash_of_every_document(tmp_path: Path) -> None:
    judged(SyntheticLab(tmp_path))

    analysis = json.loads((tmp_path / "manifest.json").read_bytes())["analysis"]
    for name in ("report.html", "report.md", "report.json", "figures/buckets.svg", "figures/latency.svg"):
        key = re.sub(r"\W", "_", name) + "_sha256"
        assert analysis[key] == hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
