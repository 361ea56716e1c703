"""Files are replaced whole or not at all."""

from pathlib import Path

import pytest

from minieval.files import write_atomically


@pytest.mark.parametrize("durable", [False, True])
def test_a_file_is_replaced_by_the_content_and_keeps_its_mode(durable: bool, tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_text("old")
    path.chmod(0o640)

    write_atomically(path, "né\n", durable=durable)

    assert path.read_bytes() == "né\n".encode()
    assert path.stat().st_mode & 0o777 == 0o640
    assert [file.name for file in tmp_path.iterdir()] == ["file.json"]


def test_a_new_file_can_be_read_by_others(tmp_path: Path) -> None:
    write_atomically(tmp_path / "file", b"\x00")

    assert (tmp_path / "file").read_bytes() == b"\x00"
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o644


def test_a_link_keeps_leading_to_the_file(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)

    write_atomically(link, "new")

    assert link.is_symlink()
    assert target.read_text() == "new"


def test_text_that_cannot_be_encoded_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "\ud800")

    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["file"]
