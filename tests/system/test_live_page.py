"""The live page in a real browser: without and with traffic, shadow off, hostile text, three widths, light and dark."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conftest import Routing, correct
from tests.system.browser import Page

from miniserve.processes.local import LocalServer
from miniserve.traffic import Strategy

HOSTILE = "</script><img src=x onerror=\"document.title='owned'\"> | `x` \u202e goed"
WIDTHS = (380, 768, 1280)


@pytest.fixture
def server(tmp_path: Path, routing: Routing) -> Iterator[LocalServer]:
    with LocalServer(tmp_path / "server", routing(Strategy.SHADOW)) as running:
        running.wait_for_shadow()
        yield running


@pytest.fixture
def page(chromium: Page, server: LocalServer) -> Page:
    chromium.show(1280)
    chromium.open("about:blank")
    chromium.requests.clear()
    chromium.messages_logged.clear()
    chromium.open(f"{server.address.metrics_url}/")
    wait(chromium, "document.getElementById('connection').className === 'live'")
    return chromium


def wait(page: Page, condition: str) -> None:
    """Wait in the page until a condition holds, which is checked at each change of the document."""
    page.evaluate(
        f"new Promise((done) => {{ const look = () => {condition} && (seen.disconnect(), done());"
        " const seen = new MutationObserver(look);"
        " seen.observe(document, {subtree: true, childList: true, attributes: true, characterData: true}); look(); })"
    )


def text(page: Page, selector: str) -> str:
    found: str = page.evaluate(f"document.querySelector({selector!r}).innerText")
    return found


def wait_for_pairs(page: Page, count: int) -> None:
    wait(page, f"document.querySelectorAll('.case').length === {count}")


def test_without_traffic_the_page_shows_how_to_send_some(page: Page) -> None:
    assert text(page, "h1").startswith("Shadow: A answers, B runs unseen on 100 %")
    assert "curl -s" in text(page, "#traffic")
    assert text(page, "#no-pairs") == "No pairs yet."
    assert "expected: 100.0 % shadowed" in text(page, "#split")


def test_new_pairs_appear_while_the_page_is_open(page: Page, server: LocalServer) -> None:
    for number in range(3):
        correct(server, "She goed to school.", f"live-{number}")
    wait_for_pairs(page, 3)
    wait(page, "document.querySelector('#agreement-body').innerText.includes('of 3 pairs')")

    assert "live-2" in text(page, ".case")
    assert page.evaluate("document.querySelectorAll('#arms tr').length") == 2
    assert "ok 3" in text(page, "#outcomes")
    assert "up" in text(page, "#workers")
    assert page.evaluate("document.querySelectorAll('#agreement-figure svg .band').length") == 1


def test_text_of_users_and_models_is_shown_and_never_executed(page: Page, server: LocalServer) -> None:
    correct(server, HOSTILE, "<b>id</b>")
    wait_for_pairs(page, 1)

    assert "</script><img src=x onerror=\"document.title='owned'\">" in text(page, ".case")
    assert "\\u{202e}" in text(page, ".case")
    assert "<b>id</b>" in text(page, ".case")
    assert page.evaluate("document.images.length + document.querySelectorAll('.case b b').length") == 0
    assert page.evaluate("document.title") == "Lynx: live traffic"


def test_the_page_follows_the_route_and_says_that_the_shadow_is_off(
    page: Page, server: LocalServer, routing: Routing
) -> None:
    server.adopt(routing(Strategy.SINGLE))
    wait(page, "document.querySelector('h1').innerText.startsWith('Single')")

    assert "The shadow is off" in text(page, "#outcomes")
    assert "No shadow" in text(page, "#workers")


def test_the_page_requests_only_its_own_parts_and_logs_no_error(page: Page, server: LocalServer) -> None:
    correct(server, "She goed to school.")
    wait_for_pairs(page, 1)

    base = server.address.metrics_url
    assert set(page.requests) == {f"{base}/", f"{base}/live.css", f"{base}/live.js", f"{base}/events"}
    assert page.messages_logged == []


def test_the_page_says_that_the_connection_to_a_stopped_server_is_lost(page: Page, server: LocalServer) -> None:
    server.stop()
    wait(page, "document.getElementById('connection').className === 'lost'")

    assert "the figures below are old" in text(page, "#connection")


def test_the_keyboard_can_hide_pairs_that_agree(page: Page, server: LocalServer) -> None:
    correct(server, "She goes to school every day.")
    correct(server, "She goed to school.")
    wait_for_pairs(page, 2)

    page.evaluate("document.getElementById('only-different').focus()")
    page.press(" ", "Space", 32, " ")

    shown = page.evaluate("[...document.querySelectorAll('.case')].filter((c) => c.getClientRects().length).length")
    assert shown == page.evaluate("document.querySelectorAll('.case.differs').length") < 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_no_screen_scrolls_sideways(page: Page, server: LocalServer, width: int, scheme: str) -> None:
    correct(server, "x" * 200, "y" * 128)
    wait_for_pairs(page, 1)
    page.show(width, scheme)

    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_unusable_lines_are_mentioned_and_the_page_stays_live(page: Page, server: LocalServer) -> None:
    with server.traffic_log.open("ab") as log:
        log.write(b'{"schema": 1, "ts": "yesterday"}\n')
    correct(server, "She goed to school.", "after")
    wait_for_pairs(page, 1)
    wait(page, "document.getElementById('problem').innerText.includes('unusable')")

    assert "skipped unusable lines of traffic.log: 1" in text(page, "#problem")
    assert page.evaluate("document.getElementById('connection').className") == "live"
