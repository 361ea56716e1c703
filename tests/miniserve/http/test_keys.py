"""API keys: which callers are admitted, and that every way of removing a key works."""

import hashlib
import os
import shutil
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.strategies import attempt

from miniserve.errors import KeysFileError, RequestRefused
from miniserve.http.key_new import main
from miniserve.http.keys import Keys, new_key


def _keys_file(folder: Path, *keys: str) -> Path:
    path = folder / "keys"
    path.write_text("# two apps\n" + "\n".join(hashlib.sha256(k.encode()).hexdigest() for k in keys), encoding="ascii")
    return path


def test_without_a_keys_file_the_address_is_the_caller() -> None:
    assert Keys(None).caller(None, "127.0.0.1") == "127.0.0.1"


def test_a_known_key_is_admitted_and_identified_by_its_hash(tmp_path: Path) -> None:
    keys = Keys(_keys_file(tmp_path, "first", "second"))

    assert keys.caller("Bearer second", "127.0.0.1") == hashlib.sha256(b"second").hexdigest()


def test_a_non_ascii_key_is_hashed_as_the_bytes_that_are_sent(tmp_path: Path) -> None:
    keys = Keys(_keys_file(tmp_path, "llave-ñ"))

    # what HTTP makes of its UTF-8 bytes
    assert keys.caller("Bearer " + "llave-ñ".encode().decode("latin-1"), "")


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer third", "Basic first", "first", "Bearer first second"])
def test_anything_else_is_refused_with_401(tmp_path: Path, header: str | None) -> None:
    keys = Keys(_keys_file(tmp_path, "first", "second"))

    with pytest.raises(RequestRefused) as refusal:
        keys.caller(header, "127.0.0.1")

    assert refusal.value.status == HTTPStatus.UNAUTHORIZED


def test_a_key_added_while_the_server_runs_is_admitted(tmp_path: Path) -> None:
    path = _keys_file(tmp_path, "first")
    keys = Keys(path)

    key = new_key(path)

    assert keys.caller(f"Bearer {key}", "") == hashlib.sha256(key.encode()).hexdigest()
    assert key not in path.read_text(encoding="ascii")


def test_when_one_of_two_keys_is_removed_it_is_refused_from_then_on(tmp_path: Path) -> None:
    path = _keys_file(tmp_path, "first", "second")
    keys = Keys(path)
    keys.caller("Bearer first", "")

    _keys_file(tmp_path, "second")

    with pytest.raises(RequestRefused):
        keys.caller("Bearer first", "")


def _instead(make: Callable[[Path], None]) -> Callable[[Path], None]:
    """Return what removes a file and makes something else in its place."""

    def replace(path: Path) -> None:
        path.unlink()
        make(path)

    return replace


def _replace_in_place(path: Path) -> None:
    """Do what `cp -p` of an equally large file onto the old one does."""
    found = path.stat()
    path.write_text(_hash("another") + "\n", "ascii")
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


def _replace_by_another(path: Path) -> None:
    other = path.with_suffix(".new")
    shutil.copy2(path, other)
    _replace_in_place(other)
    other.replace(path)


# What a keys file may become while a key of it is in use; none of it admits that key any longer.
REVOKED: dict[str, Callable[[Path], object]] = {
    "emptied": lambda path: path.write_text(""),
    "commented out": lambda path: path.write_text("# " + path.read_text()),
    "commented out, indented": lambda path: path.write_text("  # " + path.read_text()),
    "removed": lambda path: path.unlink(),
    "nonsense": lambda path: path.write_text("nonsense"),
    "too large": lambda path: path.write_text(path.read_text() * 2_000),
    "not ASCII": lambda path: path.write_bytes(b"\xff" + path.read_bytes()),
    "a FIFO": _instead(os.mkfifo),
    "a folder": _instead(Path.mkdir),
    "a loop of links": _instead(lambda path: path.symlink_to(path)),
    "an endless device": _instead(lambda path: path.symlink_to("/dev/zero")),
    "another key, of the same size and time": _replace_in_place,
    "another file, of the same size and time": _replace_by_another,
}


@pytest.mark.parametrize("revoke", REVOKED.values(), ids=REVOKED.keys())
def test_a_removed_key_is_refused_from_the_next_request_on(revoke: Callable[[Path], object], tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(_hash("first") + "\n", "ascii")
    keys = Keys(path)
    keys.caller("Bearer first", "")

    with capture_logs() as logged:
        revoke(path)
        refused = [_is_refused(keys, "first") for _ in range(3)]

    assert refused == [True] * 3
    assert [line["log_level"] for line in logged].count("error") == len(logged)
    assert _hash("first") not in repr(logged)


@pytest.mark.parametrize("revoke", REVOKED.values(), ids=REVOKED.keys())
def test_a_repaired_file_admits_its_keys_again(revoke: Callable[[Path], object], tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(_hash("first") + "\n", "ascii")
    keys = Keys(path)
    revoke(path)
    _is_refused(keys, "first")

    good = tmp_path / "good"
    good.write_text(_hash("first") + "\n", "ascii")
    if path.is_dir():
        path.rmdir()
    good.replace(path)

    assert not _is_refused(keys, "first")


@pytest.mark.parametrize("changes", range(20))
def test_a_change_within_one_clock_tick_is_noticed(changes: int, tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(_hash("0"), "ascii")
    keys = Keys(path)
    os.utime(path, ns=(0, 0))

    for number in range(1, changes + 2):
        assert not _is_refused(keys, str(number - 1))
        path.write_text(_hash(str(number)), "ascii")
        os.utime(path, ns=(0, 0))

    assert _is_refused(keys, str(changes))


@pytest.mark.parametrize("content", ["", "\n", "# nothing\n", "not-a-hash\n", "ABCDEF" * 11])
def test_a_file_without_keys_at_the_start_admits_nobody_and_is_logged(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keys"
    path.write_text(content, encoding="utf-8")

    with capture_logs() as logged:
        keys = Keys(path)

    assert keys.asked
    assert [_is_refused(keys, token) for token in ("", "first", content)] == [True] * 3
    assert "keys file without a key, nobody is admitted" in [line["event"] for line in logged]
    assert "not-a-hash" not in repr(logged)


def test_a_malformed_line_is_reported_and_the_other_lines_count(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(f"# apps\n\n{_hash('first')}\npasted-key\n  {_hash('second')}  \n{_hash('x')[:-1]}\n", "ascii")

    with capture_logs() as logged:
        keys = Keys(path)

    assert [_is_refused(keys, token) for token in ("first", "second", "pasted-key", "x")] == [False, False, True, True]
    assert [(line["line"], line["path"]) for line in logged] == [(4, str(path)), (6, str(path))]
    assert "pasted-key" not in repr(logged)


def test_an_unchanged_file_is_not_read_again(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(_hash("first"), "ascii")
    os.utime(path)
    keys = Keys(path)

    with capture_logs() as logged:
        assert [_is_refused(keys, token) for token in ("first", "other") * 10] == [False, True] * 10

    assert logged == []


@pytest.mark.parametrize("kind", ["absent", "a folder", "a FIFO"])
def test_an_unreadable_keys_file_stops_the_start_at_once(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "keys"
    if kind == "a folder":
        path.mkdir()
    elif kind == "a FIFO":
        os.mkfifo(path)

    with pytest.raises(KeysFileError, match="cannot be read"):
        Keys(path)


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _is_refused(keys: Keys, token: str) -> bool:
    return isinstance(attempt(RequestRefused, keys.caller, f"Bearer {token}", ""), RequestRefused)


def test_the_command_prints_a_key_that_the_file_admits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "keys"

    assert main([str(path)]) == 0

    key = capsys.readouterr().out.strip()
    assert Keys(path).caller(f"Bearer {key}", "")
    assert len(key) >= 128 // 6
    assert path.stat().st_mode & 0o077 == 0


def test_the_command_exits_2_when_the_file_cannot_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path)]) == 2
    assert "Is a directory" in capsys.readouterr().err
