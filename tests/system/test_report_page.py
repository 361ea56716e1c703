"""report.html in a real browser: filters, keyboard, addresses, paper, narrow screens, and nothing from outside."""

from collections.abc import Callable
from pathlib import Path

import compare
import pytest
from tests.minieval.synthetic_lab import SyntheticLab
from tests.system.browser import Page

from minieval.measures.observed.cases import Case
from minieval.report.document import Report, from_json

HOSTILE = "</script><img src=x onerror=\"document.title='owned'\"> | `x` \x1b[2J \u202e [l](http://evil.example)"
VISIBLE = "[...document.querySelectorAll('.case')].filter((c) => c.getClientRects().length).map((c) => c.id)"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Judge a lab in which one sentence and one answer are not what they should be; return the page's address."""
    lab = SyntheticLab(tmp_path_factory.mktemp("lab"))
    lab.items[1]["sentence"] = lab.shadow[1]["sentence"] = f"She {HOSTILE[:-40]}"
    lab.shadow[1]["response_B"] = HOSTILE
    assert compare.main(lab.arguments()) == 0
    return (lab.folder / "report.html").as_uri()


@pytest.fixture(scope="module")
def cases(url: str) -> tuple[Case, ...]:
    report: Report = from_json(Path(url.removeprefix("file://")).with_name("report.json").read_bytes())
    assert report.disagreement is not None
    return report.disagreement.cases


@pytest.fixture
def page(chromium: Page, url: str) -> Page:
    """Show the page as it opens: on a desk, in the light, without filters."""
    chromium.show(1280)
    chromium.open("about:blank")
    chromium.requests.clear()
    chromium.messages_logged.clear()
    chromium.open(url)
    return chromium


def ids(cases: tuple[Case, ...], wanted: Callable[[Case], bool]) -> list[str]:
    return [f"case-{number}" for number, case in enumerate(cases, start=1) if wanted(case)]


def choose(page: Page, name: str, value: str) -> None:
    """Choose as a person does: the browser sends the events."""
    if name == "kind":
        page.evaluate(f"document.querySelector('[name=kind][value=\"{value}\"]').click()")
    else:
        page.evaluate(
            f"{{ const s = document.querySelector('[name={name}]'); s.value = {value!r};"
            " s.dispatchEvent(new Event('input', {bubbles: true})); }"
        )


def search(page: Page, text: str) -> None:
    page.evaluate("document.querySelector('[name=q]').focus()")
    page.type(text)


def counts(page: Page) -> dict[str, int]:
    found: dict[str, int] = page.evaluate(
        "Object.fromEntries([...document.querySelectorAll('[name=kind]')]"
        ".map((r) => [r.value, Number(r.parentElement.querySelector('.count').textContent)]))"
    )
    return found


def test_the_page_requests_nothing_else_and_logs_no_error(page: Page, url: str) -> None:
    choose(page, "kind", "improved")
    search(page, "item")

    assert page.requests == [url]
    assert page.messages_logged == []


def test_text_of_a_model_is_shown_and_never_executed(page: Page) -> None:
    text = page.evaluate("document.querySelector('.cases').textContent")

    assert "</script><img src=x onerror=\"document.title='owned'\">" in " ".join(text.split())
    assert "\\u{1b}[2J \\u{202e}" in text
    assert page.evaluate("document.images.length + document.scripts.length") == 1
    assert page.evaluate("document.title").startswith("Shadow and A/B report")


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("", lambda _: True),
        ("regressed", lambda case: case.kind == "regressed"),
        ("improved", lambda case: case.kind == "improved"),
        ("neutral", lambda case: case.kind == "neutral"),
        ("over", lambda case: case.over_corrected),
    ],
)
def test_a_kind_shows_its_cases_and_as_many_as_it_says(
    value: str, wanted: Callable[[Case], bool], page: Page, cases: tuple[Case, ...]
) -> None:
    choose(page, "kind", "neutral")
    choose(page, "kind", value)

    shown = page.evaluate(VISIBLE)
    assert shown == ids(cases, wanted)
    assert counts(page)[value] == len(shown) == int(page.evaluate("document.getElementById('shown').textContent"))


def test_filters_combine_and_the_numbers_follow(page: Page, cases: tuple[Case, ...]) -> None:
    first = next(case for case in cases if case.kind == "improved")

    choose(page, "kind", "improved")
    choose(page, "tense", first.slices["tense"])
    choose(page, "person", first.slices["person"])

    assert page.evaluate(VISIBLE) == ids(
        cases,
        lambda c: (
            (c.kind, c.slices["tense"], c.slices["person"])
            == ("improved", first.slices["tense"], first.slices["person"])
        ),
    )
    slices = [
        c for c in cases if (c.slices["tense"], c.slices["person"]) == (first.slices["tense"], first.slices["person"])
    ]
    assert counts(page)[""] == len(slices)
    assert counts(page)["regressed"] == sum(c.kind == "regressed" for c in slices)


def test_a_trace_id_finds_its_case(page: Page, cases: tuple[Case, ...]) -> None:
    search(page, cases[3].trace_id.upper())

    assert page.evaluate(VISIBLE) == ["case-4"]


def test_words_are_found_across_the_marks_that_highlight_them(page: Page, cases: tuple[Case, ...]) -> None:
    answer = cases[0].answer_b
    assert answer is not None

    search(page, answer)

    assert "case-1" in page.evaluate(VISIBLE)


def test_an_empty_result_is_reported_and_reset_shows_everything_again(page: Page, cases: tuple[Case, ...]) -> None:
    search(page, "no such word")
    said = page.evaluate("document.getElementById('nothing').getClientRects().length")
    hidden = page.evaluate(VISIBLE)
    page.evaluate("document.querySelector('#filters button').click()")

    assert (said, hidden) == (1, [])
    assert len(page.evaluate(VISIBLE)) == len(cases)


def test_everything_can_be_reached_by_keyboard(page: Page, cases: tuple[Case, ...]) -> None:
    page.evaluate("document.querySelector('[name=kind]').focus()")
    page.press("ArrowRight", "ArrowRight", 39)
    regressed = page.evaluate(VISIBLE)
    for _ in range(4):
        page.press("Tab", "Tab", 9)
    page.type(cases[0].trace_id)
    found = page.evaluate(VISIBLE)
    page.press("Tab", "Tab", 9)
    page.press("Enter", "Enter", 13, "\r")

    assert regressed == ids(cases, lambda case: case.kind == "regressed")
    assert found == ["case-1"]
    assert len(page.evaluate(VISIBLE)) == len(cases)
    assert page.messages_logged == []


def test_a_url_restores_its_view(page: Page, url: str, cases: tuple[Case, ...]) -> None:
    choose(page, "kind", "improved")
    choose(page, "verb", cases[-1].slices["verb"])
    shown, address = page.evaluate(VISIBLE), page.evaluate("location.href")

    page.open("about:blank")
    page.open(address)

    assert address != url
    assert page.evaluate(VISIBLE) == shown


def test_a_url_with_unknown_filters_shows_everything(page: Page, url: str, cases: tuple[Case, ...]) -> None:
    page.open("about:blank")
    page.open(f"{url}#kind=none&verb=nosuchverb&q=")

    assert len(page.evaluate(VISIBLE)) == len(cases)
    assert page.messages_logged == []


def test_a_link_to_a_case_that_a_filter_hides_shows_it(page: Page) -> None:
    search(page, "no such word")
    page.evaluate("location.hash = 'case-2'; new Promise((done) => addEventListener('hashchange', done, {once: true}))")

    assert "case-2" in page.evaluate(VISIBLE)


def test_the_printed_page_has_every_case_and_no_controls(page: Page, cases: tuple[Case, ...]) -> None:
    search(page, "no such word")
    page.show(1000, media="print")

    assert len(page.evaluate(VISIBLE)) == len(cases)
    assert page.evaluate("document.querySelector('#filters').getClientRects().length") == 0


def test_without_scripts_everything_is_shown_and_there_are_no_dead_controls(
    page: Page, url: str, cases: tuple[Case, ...]
) -> None:
    page.send("Emulation.setScriptExecutionDisabled", value=True)
    try:
        page.open("about:blank")
        page.open(url)

        assert len(page.evaluate(VISIBLE)) == len(cases)
        assert page.evaluate("document.querySelector('#filters').getClientRects().length") == 0
    finally:
        page.send("Emulation.setScriptExecutionDisabled", value=False)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 380, 701, 768, 1001, 1280])
def test_no_screen_scrolls_sideways(page: Page, width: int, scheme: str) -> None:
    page.show(width, scheme)

    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_the_contrast_that_wcag_requires(page: Page, scheme: str) -> None:
    page.show(1280, scheme)
    palette = page.evaluate(
        "(() => { const s = getComputedStyle(document.documentElement);"
        " return Object.fromEntries(['ground', 'raised', 'ink', 'muted', 'a', 'b', 'a-soft', 'b-soft']"
        ".map((n) => [n, s.getPropertyValue('--' + n).trim()])); })()"
    )

    pairs = [(text, ground) for text in ("ink", "muted", "a", "b") for ground in ("ground", "raised")]
    for text, ground in [*pairs, ("ink", "a-soft"), ("ink", "b-soft")]:
        assert contrast(palette[text], palette[ground]) >= 4.5, (text, ground)


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours #rrggbb as WCAG 2 defines it."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


# The committed report of the lab has what the synthetic one lacks: a measured throughput, so a wide table of costs.
LAB = (compare.HERE / "report.html").as_uri()


@pytest.mark.parametrize("width", [1920, 1280, 1100, 1001, 800, 701, 400])
def test_the_lab_report_is_at_most_as_wide_as_the_window_and_nothing_in_it_is_out_of_reach(
    chromium: Page, width: int
) -> None:
    chromium.show(width)
    chromium.open(LAB)

    beyond = chromium.evaluate(
        "[...document.querySelectorAll('th, td, p, dd')]"
        ".filter((e) => !e.closest('.scroll') && e.getBoundingClientRect().right > innerWidth + 1)"
        ".map((e) => e.textContent.trim().slice(0, 40))"
    )
    scrollers = chromium.evaluate(
        "[...document.querySelectorAll('.scroll')]"
        ".map((e) => [e.scrollWidth > e.clientWidth, getComputedStyle(e).overflowX])"
    )
    assert beyond == []
    assert chromium.evaluate("document.documentElement.scrollWidth") <= width
    assert all(overflow == "auto" for wider, overflow in scrollers if wider)
