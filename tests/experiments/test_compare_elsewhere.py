"""compare.py --out ELSEWHERE: the report of a run in another folder, and the run as it was."""

from pathlib import Path

import compare
import verify

from minieval.report.document import from_json

RUN = compare.HERE / "int8"


def test_a_report_elsewhere_is_the_runs_own_and_leaves_the_run_alone(tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in RUN.rglob("*") if path.is_file()}

    assert compare.main(["--run", str(RUN), "--out", str(tmp_path)]) == from_json(before[RUN / "report.json"]).exit_code

    assert {path: path.read_bytes() for path in RUN.rglob("*") if path.is_file()} == before
    names = ("report.json", "report.md", "report.html", "manifest.json")
    assert {name: (tmp_path / name).read_bytes() for name in names} == {name: before[RUN / name] for name in names}


def test_a_report_elsewhere_keeps_the_noise_floor(tmp_path: Path) -> None:
    compare.main(["--run", str(RUN), "--out", str(tmp_path)])

    assert from_json((tmp_path / "report.json").read_bytes()).noise_floor is not None


def test_a_report_elsewhere_is_verified_where_it_is(tmp_path: Path) -> None:
    compare.main(["--run", str(RUN), "--out", str(tmp_path)])

    assert verify.main(["--run", str(RUN), "--out", str(tmp_path)]) == 0
