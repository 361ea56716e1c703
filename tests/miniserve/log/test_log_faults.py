"""Faults of traffic.log while the server runs: clients are served, `readyz` shows it, and no line is missing.

Faults are real ones: modes of files and folders, a limit on file sizes, a device without room, a rotator's rename, a
lock that somebody else holds.
"""

import fcntl
import os
import resource
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import httpx
import pytest
from tests.conftest import Routing, correct

from minieval.record.record import TrafficRecord
from miniserve.log.audit import audit
from miniserve.log.traffic_log import read_log
from miniserve.processes.local import LocalServer
from miniserve.processes.server_process import SERVER_COMMAND
from miniserve.traffic import Strategy

# Root may write what nobody may. Without its capabilities it is the owner of its files and no more.
WITHOUT_PRIVILEGES = ("setpriv", "--bounding-set=-all", "--inh-caps=-all") if os.geteuid() == 0 else ()
Undo = Callable[[], object]


@pytest.fixture
def server(tmp_path: Path, routing: Routing) -> Iterator[LocalServer]:
    if WITHOUT_PRIVILEGES and shutil.which("setpriv") is None:
        pytest.skip("root, and no setpriv (util-linux) to take its privileges away")
    with ExitStack() as undo:
        undo.callback(tmp_path.chmod, 0o700)
        config = routing(Strategy.SINGLE)
        yield undo.enter_context(LocalServer(tmp_path, config, command=(*WITHOUT_PRIVILEGES, *SERVER_COMMAND)))


def _aside(server: LocalServer) -> Path:
    """Move the log away as a rotator does."""
    aside = server.traffic_log.with_name("traffic.log.1")
    server.traffic_log.rename(aside)
    return aside


def _device_without_room(server: LocalServer) -> Undo:
    _aside(server)
    server.traffic_log.symlink_to("/dev/full")
    return server.traffic_log.unlink


def _room_for_half_a_line(server: LocalServer) -> Undo:
    limits = resource.prlimit(server.address.pid, resource.RLIMIT_FSIZE)
    room = server.traffic_log.stat().st_size + 200
    resource.prlimit(server.address.pid, resource.RLIMIT_FSIZE, (room, limits[1]))
    return lambda: resource.prlimit(server.address.pid, resource.RLIMIT_FSIZE, limits)


def _read_only_file_in_its_place(server: LocalServer) -> Undo:
    _aside(server)
    server.traffic_log.touch(mode=0o400)
    return lambda: server.traffic_log.chmod(0o600)


def _read_only_folder(server: LocalServer) -> Undo:
    _aside(server)
    server.folder.chmod(0o500)
    return lambda: server.folder.chmod(0o700)


def _folder_in_its_place(server: LocalServer) -> Undo:
    _aside(server)
    server.traffic_log.mkdir()
    return server.traffic_log.rmdir


def _lock_in_other_hands(server: LocalServer) -> Undo:
    other = server.traffic_log.open("rb")
    fcntl.flock(other, fcntl.LOCK_EX)
    return other.close


FAULTS = (
    _device_without_room,
    _room_for_half_a_line,
    _read_only_file_in_its_place,
    _read_only_folder,
    _folder_in_its_place,
    _lock_in_other_hands,
)


def _records(server: LocalServer) -> list[TrafficRecord]:
    """Return the records of the rotated log and of the present one."""
    logs = (server.folder / "traffic.log.1", server.traffic_log)
    return [record for log in logs if log.exists() for record in read_log(log).records]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__.strip("_"))
def test_while_the_log_cannot_be_written_clients_are_served_and_every_line_is_written_once_afterwards(
    fault: Callable[[LocalServer], Undo], server: LocalServer
) -> None:
    def ready() -> bool:
        return httpx.get(f"{server.address.url}/readyz").status_code == 200

    correct(server, "He goed home.", "before")
    mend = fault(server)
    statuses = [correct(server, "He goed home.", f"during-{number}").status_code for number in range(5)]
    unready = not ready()
    waiting = server.details()["processes"][0]["books"]["waiting"]
    mend()
    # nobody asks for anything: the server tries by itself
    server.wait_for(lambda: server.details()["processes"][0]["books"]["waiting"] == 0, "done with what was waiting")
    ready_again = ready()
    code = server.stop()

    assert (statuses, unready, waiting, ready_again, code) == ([200] * 5, True, 5, True, 0)
    records = _records(server)
    assert [record.request_id for record in records] == ["before", *(f"during-{number}" for number in range(5))]


def _have(served: list[int], wanted: int) -> bool:
    return len(served) >= wanted


@pytest.mark.parametrize("workers", ["1", "2"])
def test_rotating_the_log_under_load_loses_no_line(workers: str, tmp_path: Path, routing: Routing) -> None:
    environ, ids = {"LYNX_WORKERS": workers}, [f"id-{number}" for number in range(120)]
    rotated = [tmp_path / f"traffic.log.{number}" for number in range(6)]
    with LocalServer(tmp_path, routing(Strategy.SINGLE), environ) as server:
        served: list[int] = []

        def load(share: int) -> None:
            for name in ids[share::3]:
                status = correct(server, "He goed home.", name).status_code
                served.append(status)

        loaders = [threading.Thread(target=load, args=(share,)) for share in range(3)]
        for loader in loaders:
            loader.start()
        for number, name in enumerate(rotated, start=1):
            wanted = number * len(ids) // (len(rotated) + 1)
            server.wait_for(partial(_have, served, wanted), "further in its load")
            server.wait_for(server.traffic_log.exists, "writing a fresh log")
            server.traffic_log.rename(name)
        for loader in loaders:
            loader.join(60)

    contents = [read_log(log) for log in (*rotated, server.traffic_log)]
    records = [record for content in contents for record in content.records]
    assert served == [200] * len(ids)
    assert [content.torn for content in contents] == [0] * len(contents)
    assert audit(records, ids).findings == ()
