"""Keys, rates and places: who may ask, and how much at once."""

import hashlib
from http import HTTPStatus
from pathlib import Path

import pytest

from miniserve.errors import KeysFileError, RequestRefused
from miniserve.http.admission import Concurrency, RateLimit
from miniserve.http.key_new import main
from miniserve.http.keys import Keys, new_key


def _keys_file(folder: Path, *keys: str) -> Path:
    path = folder / "keys"
    path.write_text("# two apps\n" + "\n".join(hashlib.sha256(k.encode()).hexdigest() for k in keys), encoding="ascii")
    return path


def test_without_a_keys_file_the_address_is_the_caller() -> None:
    assert Keys(None).caller(None, "127.0.0.1") == "127.0.0.1"


def test_a_known_key_is_let_in_and_named_by_its_hash(tmp_path: Path) -> None:
    keys = Keys(_keys_file(tmp_path, "first", "second"))

    assert keys.caller("Bearer second", "127.0.0.1") == hashlib.sha256(b"second").hexdigest()


def test_a_key_beyond_ascii_is_hashed_as_the_bytes_it_is_sent_as(tmp_path: Path) -> None:
    keys = Keys(_keys_file(tmp_path, "llave-ñ"))

    # what HTTP makes of its UTF-8 bytes
    assert keys.caller("Bearer " + "llave-ñ".encode().decode("latin-1"), "")


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer third", "Basic first", "first", "Bearer first second"])
def test_anything_else_is_refused_with_401(tmp_path: Path, header: str | None) -> None:
    keys = Keys(_keys_file(tmp_path, "first", "second"))

    with pytest.raises(RequestRefused) as refusal:
        keys.caller(header, "127.0.0.1")

    assert refusal.value.status == HTTPStatus.UNAUTHORIZED


@pytest.mark.parametrize("content", ["", "# nothing\n", "not-a-hash\n", "ñ\n", "ABCDEF" * 11])
def test_an_unusable_keys_file_is_refused_without_repeating_its_content(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keys"
    path.write_text(content, encoding="utf-8")

    with pytest.raises(KeysFileError) as refusal:
        Keys(path)

    assert "not-a-hash" not in str(refusal.value)


def test_a_missing_keys_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeysFileError, match="cannot be read"):
        Keys(tmp_path / "absent")


def test_a_key_that_is_made_while_the_server_runs_is_let_in(tmp_path: Path) -> None:
    path = _keys_file(tmp_path, "first")
    keys = Keys(path)

    key = new_key(path)

    assert keys.caller(f"Bearer {key}", "") == hashlib.sha256(key.encode()).hexdigest()
    assert key not in path.read_text(encoding="ascii")


def test_a_key_that_is_taken_out_is_refused_from_then_on(tmp_path: Path) -> None:
    path = _keys_file(tmp_path, "first", "second")
    keys = Keys(path)
    keys.caller("Bearer first", "")

    _keys_file(tmp_path, "second")

    with pytest.raises(RequestRefused):
        keys.caller("Bearer first", "")


@pytest.mark.parametrize("content", ["", "nonsense"])
def test_an_unusable_keys_file_while_the_server_runs_leaves_the_keys_in_force(tmp_path: Path, content: str) -> None:
    path = _keys_file(tmp_path, "first")
    keys = Keys(path)

    path.write_text(content, encoding="ascii")

    assert keys.caller("Bearer first", "") == hashlib.sha256(b"first").hexdigest()


def test_the_command_prints_a_key_that_the_file_lets_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
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


def test_a_caller_gets_its_rate_and_then_429_until_time_passes() -> None:
    now = [0.0]
    rate = RateLimit(2, clock=lambda: now[0])
    rate.take("me")
    rate.take("me")

    with pytest.raises(RequestRefused) as refusal:
        rate.take("me")
    rate.take("you")
    now[0] = 0.5
    rate.take("me")

    assert (refusal.value.status, refusal.value.retry_after_s) == (HTTPStatus.TOO_MANY_REQUESTS, 1)


def test_without_a_limit_nobody_is_refused() -> None:
    rate = RateLimit(0, clock=lambda: 0.0)

    for _ in range(10_000):
        rate.take("me")


def test_a_place_is_given_back_also_after_an_error() -> None:
    concurrency = Concurrency(1)
    seen = []

    def fail_inside() -> None:
        with concurrency.place():
            seen.append(concurrency.saturated)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_inside()

    assert seen == [True]
    assert not concurrency.saturated


def test_beyond_the_last_place_a_request_is_refused_with_503() -> None:
    concurrency = Concurrency(1)
    first, second = concurrency.place(), concurrency.place()
    first.__enter__()

    with pytest.raises(RequestRefused) as refusal:
        second.__enter__()

    assert (refusal.value.status, refusal.value.retry_after_s) == (HTTPStatus.SERVICE_UNAVAILABLE, 1)
