"""A FIFO, a device or a folder in place of a log file: nothing blocks, and the server says what is wrong."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import structlog
from tests.conftest import Routing, StartServer, correct
from tests.miniserve.log.test_records import RECORD, SINGLE

from minieval.record.line import to_line
from miniobserve.metrics.metrics import Metrics
from miniserve.log.journal import recover
from miniserve.log.ledger import Ledger
from miniserve.log.tail import LogTail
from miniserve.log.traffic_log import TrafficLog, read_log
from miniserve.processes.local import LocalServer, LocalServerError
from miniserve.traffic import Strategy

MOMENT_S = 20


@pytest.fixture(autouse=True)
def _no_test_hangs() -> Iterator[None]:
    """End a test that blocks: an alarm interrupts the system call that waits."""

    def too_long(*_: object) -> None:
        raise TimeoutError(f"blocked for {MOMENT_S} s")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(MOMENT_S * 6)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def fifo(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    path.symlink_to("/dev/full")


def unix_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        # Its path may be longer than a socket's address allows.
        here = os.open(path.parent, os.O_PATH)
        listener.bind(f"/proc/self/fd/{here}/{path.name}")
        os.close(here)


@pytest.mark.parametrize("make", [fifo, device, unix_socket])
def test_a_log_that_is_not_a_regular_file_is_refused_at_once_by_name(
    make: Callable[[Path], None], tmp_path: Path
) -> None:
    path = tmp_path / "traffic.log"
    make(path)

    with pytest.raises(OSError, match=r"traffic\.log"):
        TrafficLog(path)
    with pytest.raises(OSError, match=r"traffic\.log"):
        list(LogTail(path).read())


def test_a_log_that_becomes_a_fifo_cannot_be_written_until_it_is_a_file_again(tmp_path: Path) -> None:
    path = tmp_path / "traffic.log"
    ledger = Ledger(tmp_path, Metrics())
    path.unlink()
    os.mkfifo(path)

    with structlog.testing.capture_logs() as said:
        ledger.record(SINGLE)
    waiting = ledger.books.waiting
    path.unlink()
    ledger.close()

    assert (waiting, [line["event"] for line in said]) == (1, ["books not written"])
    assert "not a regular file" in said[0]["reason"]
    assert read_log(path).records == (SINGLE,)


@pytest.mark.parametrize("make", [fifo, device, unix_socket])
def test_anything_but_a_regular_file_in_the_journal_is_skipped_and_left_there(
    make: Callable[[Path], None], tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    journal.mkdir()
    make(journal / "0-odd-1.jsonl")
    (journal / "1-dead-1.jsonl").write_bytes(to_line(SINGLE))

    with TrafficLog(tmp_path / "traffic.log") as log, structlog.testing.capture_logs() as said:
        recovered = recover(journal, log)

    assert (recovered, [file.name for file in journal.glob("*.jsonl")]) == (1, ["0-odd-1.jsonl"])
    assert [line["event"] for line in said][:1] == ["journal file ignored"]


def test_a_server_with_a_fifo_for_a_log_does_not_start_and_says_why(tmp_path: Path, routing: Routing) -> None:
    os.mkfifo(tmp_path / "traffic.log")

    with pytest.raises(LocalServerError, match=r"traffic\.log: not a regular file"):
        LocalServer(tmp_path, routing(Strategy.SINGLE)).start(MOMENT_S * 2)


def test_a_server_with_a_fifo_in_its_journal_starts_and_serves(tmp_path: Path, routing: Routing) -> None:
    (tmp_path / "journal").mkdir()
    os.mkfifo(tmp_path / "journal" / "1-odd-1.jsonl")

    with LocalServer(tmp_path, routing(Strategy.SINGLE)) as server:
        assert correct(server, "He goed home.").status_code == 200


def test_a_server_whose_log_becomes_a_fifo_serves_is_not_ready_and_stops_when_asked(
    start_server: StartServer, routing: Routing
) -> None:
    server = start_server(routing(Strategy.SINGLE))
    server.traffic_log.unlink()
    os.mkfifo(server.traffic_log)

    statuses = [correct(server, "He goed home.").status_code for _ in range(3)]
    ready = httpx.get(f"{server.address.url}/readyz", timeout=MOMENT_S).status_code
    code = server.stop()

    assert (statuses, ready, code) == ([200] * 3, 503, 0)


WRITER = """
import sys
from pathlib import Path
import structlog
from miniobserve.metrics.metrics import Metrics
from miniserve.log.ledger import STDOUT, Ledger
from minieval.record.line import parse_line
structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
line = sys.stdin.buffer.read()
record = parse_line(line)
metrics = Metrics()
ledger = Ledger(Path(sys.argv[1]), metrics, traffic_log=STDOUT)
for _ in range(int(sys.argv[2])):
    ledger.promise(record, "B")
    ledger.record(record)
books = ledger.books
ledger.close()
lost = metrics.registry.get_sample_value("traffic_log_lost_total")
print(books.waiting, books.unsettled, lost, file=sys.stderr)
"""


def _run_writer(folder: Path, count: int, stdout: int) -> tuple[int, int, float]:
    """Write `count` records through a ledger on stdout; returns what waits, what is unsettled, and what is lost."""
    done = subprocess.run(
        (sys.executable, "-c", WRITER, folder, str(count)),
        input=to_line(RECORD),
        stdout=stdout,
        stderr=subprocess.PIPE,
        timeout=MOMENT_S * 6,
        check=True,
    )
    waiting, unsettled, lost = done.stderr.splitlines()[-1].split()
    return int(waiting), int(unsettled), float(lost)


def test_records_go_to_stdout_and_settle_their_journal(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as out:
        books = _run_writer(tmp_path / "state", 200, out.fileno())

    assert books == (0, 0, 0.0)
    assert (tmp_path / "out").read_bytes() == to_line(RECORD) * 200
    assert not (tmp_path / "state" / "traffic.log").exists()
    assert list((tmp_path / "state" / "journal").glob("*.jsonl")) == []


def test_a_pipe_without_a_reader_blocks_nothing_and_dropped_lines_are_counted(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    count = 12_000

    books = _run_writer(tmp_path / "state", count, writer)
    os.close(writer)
    taken = b""
    while chunk := os.read(reader, 1 << 20):
        taken += chunk
    os.close(reader)

    assert books[:2] == (0, 0)
    assert taken.count(b"\n") + books[2] == count
    assert books[2] > 0


def test_a_pipe_whose_reader_is_gone_counts_every_record_as_lost(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)

    assert _run_writer(tmp_path / "state", 50, writer) == (0, 0, 50.0)
    os.close(writer)


def test_a_server_writes_its_records_to_stdout(tmp_path: Path, routing: Routing) -> None:
    out = tmp_path / "out.log"
    redirected = ("sh", "-c", f'exec "$@" > {out}', "sh", sys.executable, "-m", "miniserve")
    with LocalServer(tmp_path / "server", routing(Strategy.SINGLE), {"LYNX_TRAFFIC_LOG": "-"}, redirected) as server:
        statuses = [correct(server, "He goed home.", f"id-{number}").status_code for number in range(5)]
        code = server.stop()

    assert (statuses, code) == ([200] * 5, 0)
    assert [record.request_id for record in read_log(out).records] == [f"id-{number}" for number in range(5)]
    assert not server.traffic_log.exists()


def test_a_server_configured_to_write_to_a_fifo_names_the_setting(tmp_path: Path, routing: Routing) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(LocalServerError, match=r"LYNX_TRAFFIC_LOG is '.*pipe': not a regular file"):
        LocalServer(tmp_path / "server", routing(Strategy.SINGLE), {"LYNX_TRAFFIC_LOG": str(tmp_path / "pipe")}).start(
            MOMENT_S * 2
        )
