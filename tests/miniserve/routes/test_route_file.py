"""route_config.json: every change is noticed, an unusable file is refused without waiting, writing is atomic."""

import json
import os
import shutil
from pathlib import Path

import pytest

from miniserve.errors import RouteFileError
from miniserve.routes.route_file import RouteFile
from miniserve.traffic import RouteConfig, Strategy

CONFIG = RouteConfig(Strategy.SHADOW, "prod-2026-05", {"A": "a" * 64, "B": "b" * 64}, "A", "B")


def test_a_written_configuration_round_trips(tmp_path: Path) -> None:
    file = RouteFile(tmp_path / "route_config.json")

    file.write(CONFIG)

    assert file.read() == CONFIG
    assert [path.name for path in tmp_path.iterdir()] == ["route_config.json"]


def test_no_file_is_no_configuration(tmp_path: Path) -> None:
    assert RouteFile(tmp_path / "route_config.json").read() is None


def test_a_change_is_noticed_once_read(tmp_path: Path) -> None:
    file = RouteFile(tmp_path / "route_config.json")
    file.write(CONFIG)
    before_reading = file.changed()
    file.read()
    after_reading = file.changed()
    file.write(CONFIG)

    assert (before_reading, after_reading, file.changed()) == (True, False, True)


def test_a_removed_file_is_a_change(tmp_path: Path) -> None:
    file = RouteFile(tmp_path / "route_config.json")
    file.write(CONFIG)
    file.read()
    file.path.unlink()

    assert file.changed()


def test_an_unusable_file_is_refused_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "route_config.json"
    path.write_text(json.dumps({**CONFIG.as_json(), "strategy": "shadw"}), encoding="utf-8")

    with pytest.raises(RouteFileError, match=r"route_config\.json: unknown strategy 'shadw'"):
        RouteFile(path).read()


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "route_config.json"
    path.write_bytes(b" " * 70_000)

    with pytest.raises(RouteFileError, match="over 65536 bytes"):
        RouteFile(path).read()


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RouteFileError, match="not a regular file"):
        RouteFile(tmp_path).read()


def test_a_pipe_in_place_of_the_file_is_refused_unread(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "route_config.json")

    with pytest.raises(RouteFileError, match="not a regular file"):
        RouteFile(tmp_path / "route_config.json").read()


def test_writing_keeps_the_mode_of_the_file_and_a_link_to_it(tmp_path: Path) -> None:
    real, link = tmp_path / "real.json", tmp_path / "route_config.json"
    real.write_text("{}", encoding="utf-8")
    real.chmod(0o640)
    link.symlink_to(real)

    RouteFile(link).write(CONFIG)

    assert link.is_symlink()
    assert (RouteFile(real).read(), real.stat().st_mode & 0o777) == (CONFIG, 0o640)


def test_a_change_that_keeps_inode_size_and_modification_time_is_noticed(tmp_path: Path) -> None:
    path, other = tmp_path / "route_config.json", tmp_path / "other.json"
    file = RouteFile(path)
    file.write(CONFIG)
    shutil.copy2(path, other)
    other.write_text(other.read_text(encoding="utf-8").replace("prod-2026-05", "prod-2026-06"), encoding="utf-8")
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    file.read()
    before = path.stat()

    shutil.copy2(other, path)  # as `cp -p` does: into the same inode, then the times

    after = path.stat()
    assert (after.st_ino, after.st_size, after.st_mtime_ns) == (before.st_ino, before.st_size, before.st_mtime_ns)
    assert file.changed()


def test_a_file_that_becomes_a_pipe_is_a_change_and_is_refused(tmp_path: Path) -> None:
    file = RouteFile(tmp_path / "route_config.json")
    file.write(CONFIG)
    file.read()
    file.path.unlink()
    os.mkfifo(file.path)

    assert file.changed()
    with pytest.raises(RouteFileError, match=r"route_config\.json is not a regular file"):
        file.read()


def test_an_unusable_file_that_stays_as_it_is_is_no_change(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "route_config.json")
    file = RouteFile(tmp_path / "route_config.json")
    with pytest.raises(RouteFileError):
        file.read()

    assert not file.changed()
