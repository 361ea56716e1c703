"""The suite reports its progress once a minute."""

import io
from types import SimpleNamespace

from tests.progress import Progress, describe


def test_a_report_comes_once_a_minute_and_says_how_far_the_suite_is() -> None:
    clock, stream = SimpleNamespace(now=0.0), io.StringIO()
    progress = Progress(lambda: clock.now, stream)
    progress.begin(12)

    for _ in range(6):
        clock.now += 25
        progress.pytest_runtest_logfinish()

    assert stream.getvalue().split("\n") == [
        "",
        "tests: 1 min, 3 of 12 done (25 %), about 4 min to go",
        "",
        "tests: 2 min, 6 of 12 done (50 %), about 2 min to go",
        "",
    ]


def test_the_estimate_assumes_the_rest_is_as_slow_as_the_finished_part() -> None:
    assert describe(180, 300, 1200) == "tests: 3 min, 300 of 1200 done (25 %), about 9 min to go"
