"""When the production arm fails: the client's status, its line, and the shadow, which still runs."""

import asyncio
import gc
import threading
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from tests.function_arm import FunctionArm, Infer

from minieval.record.record import TrafficRecord
from miniobserve.deferred import DeferredCalls
from miniobserve.metrics.metrics import Metrics
from miniobserve.traces.traces import Traces
from miniserve.arms.arm import Answer
from miniserve.errors import ArmDropped, ArmRaised, BadOutput
from miniserve.http.admission import Concurrency, RateLimit
from miniserve.http.app import FrontDoor, create_app
from miniserve.http.keys import Keys
from miniserve.log.ledger import Ledger
from miniserve.log.traffic_log import read_log
from miniserve.routes.routes import Route, Routes
from miniserve.serve import Responder
from miniserve.settings import Settings
from miniserve.shadow.queue import Shadow, ShadowLimits
from miniserve.tasks.grammar import CORRECT_PATH
from miniserve.tasks.registry import TASKS
from miniserve.tasks.task import Task
from miniserve.traffic import RouteConfig, Strategy

CONFIG = RouteConfig(Strategy.SHADOW, "prod-2026-05", {"A": "a" * 64, "B": "b" * 64}, "A", "B")
BODY = {"sentence": "He goed home.", "request_id": "one"}


class Desk:
    """A front door with one production arm, whose shadow is an arm that drops every prompt."""

    def __init__(self, folder: Path, infer: Infer, tasks: Sequence[Task] = TASKS) -> None:
        metrics = Metrics()
        self.log = folder / "traffic.log"
        self.ledger = Ledger(folder, metrics)
        self._traces = Traces("test", folder / "spans.jsonl", lambda _: None)
        settings = Settings()
        self.shadow = Shadow("B", FunctionArm(_drop, "b" * 64), ShadowLimits())
        self.routes = Routes(settings, lambda _name, _sha: self.shadow, "")
        self.routes.current = Route(CONFIG, {"A": FunctionArm(infer)}, self.shadow)
        self.deferred = DeferredCalls(metrics.count_failed_call)
        responder = Responder(0.2, self.ledger, metrics, self.deferred)
        places = Concurrency(1)
        self.door = FrontDoor(
            tasks,
            self.routes,
            responder,
            self.ledger,
            Keys(None),
            RateLimit(0),
            places,
            self._traces.source,
            metrics,
            self.deferred,
            True,
            5.0,
        )

    def ask(self, method: str = "POST", path: str = CORRECT_PATH, body: object = BODY) -> httpx.Response:
        """Send one request in process, and let its shadow end."""

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(create_app(self.door), raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                response = await client.request(method, path, json=body if method == "POST" else None)
            await self.shadow.drain(10)
            self.deferred.flush()
            return response

        return asyncio.run(send())

    def line(self) -> TrafficRecord:
        """Close the books and return the one line in them."""
        self.ledger.close()
        self._traces.close()
        (record,) = read_log(self.log).records
        return record


async def _drop(_prompt: str) -> Answer:
    raise ArmDropped("still loading")


async def _raise(_prompt: str) -> Answer:
    raise ArmRaised("RuntimeError: a secret of the engine")


async def _babble(_prompt: str) -> Answer:
    raise BadOutput("an empty answer")


async def _never_answer(_prompt: str) -> Answer:
    await asyncio.get_running_loop().run_in_executor(None, threading.Event().wait, 1.0)
    raise AssertionError("cancelled by the deadline")


async def _fail_unforeseen(_prompt: str) -> Answer:
    raise KeyError("nobody foresaw this")


@pytest.mark.parametrize(
    ("infer", "http_status", "status"),
    [
        (_raise, 502, "error"),
        (_babble, 502, "bad_output"),
        (_never_answer, 504, "timeout"),
        (_fail_unforeseen, 500, "error"),
    ],
)
def test_a_failing_production_arm_gives_its_status_and_one_line_and_the_shadow_still_runs(
    infer: Infer, http_status: int, status: str, tmp_path: Path
) -> None:
    desk = Desk(tmp_path, infer)

    response = desk.ask()

    record = desk.line()
    assert (response.status_code, record.http_status) == (http_status, http_status)
    assert (record.results["A"].status, record.results["A"].response) == (status, None)
    assert record.results["A"].reason
    assert record.results["B"].status == "dropped"


def test_the_arms_error_text_is_only_in_the_log(tmp_path: Path) -> None:
    response = Desk(tmp_path, _raise).ask()

    assert "secret" not in response.text
    assert response.json()["detail"] == "the model gave no answer"
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-request-id"] == "one"


def test_an_arm_that_answers_is_200(tmp_path: Path) -> None:
    async def answer(_prompt: str) -> Answer:
        return Answer("He went home.", edit_applied=True, tokens=4)

    desk = Desk(tmp_path, answer)

    response = desk.ask()

    assert (response.status_code, response.json()["correction"]) == (200, "He went home.")
    assert desk.line().results["A"].tokens == 4


def test_an_edit_that_fits_nowhere_does_not_count_as_a_correct_sentence(tmp_path: Path) -> None:
    async def answer(prompt: str) -> Answer:
        return Answer(prompt, edit_applied=False, tokens=4)

    reply = Desk(tmp_path, answer).ask().json()

    assert (reply["correction"], reply["was_correct"]) == ("He goed home.", False)


def test_before_its_models_are_loaded_the_server_is_not_ready_and_sends_retry_after(tmp_path: Path) -> None:
    desk = Desk(tmp_path, _raise)
    desk.routes.current = None

    assert desk.ask("GET", "/readyz").status_code == 503
    response = desk.ask()
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")


def test_requests_refused_while_loading_are_not_kept_in_memory(tmp_path: Path) -> None:
    desk = Desk(tmp_path, _raise)
    desk.routes.current = None

    statuses = [desk.ask().status_code for _ in range(3)]
    gc.collect()

    assert statuses == [503, 503, 503]
    assert [kept for kept in gc.get_objects() if isinstance(kept, Request)] == []


def test_a_draining_server_is_not_ready_and_accepts_no_request(tmp_path: Path) -> None:
    desk = Desk(tmp_path, _raise)
    desk.routes.draining = True

    assert (desk.ask("GET", "/readyz").status_code, desk.ask().status_code) == (503, 503)
    assert desk.ask("GET", "/healthz").status_code == 200


def test_a_saturated_server_is_not_ready_and_refuses_with_503(tmp_path: Path) -> None:
    desk = Desk(tmp_path, _raise)

    with desk.door.concurrency.place():
        ready, response = desk.ask("GET", "/readyz"), desk.ask()

    assert (ready.status_code, ready.content) == (503, b"")
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert read_log(desk.log).records == ()
