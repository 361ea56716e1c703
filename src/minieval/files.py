"""Hashes of files, the md5 that dvc.lock records for a file, and atomic writing."""

import hashlib
import os
import re
import stat
import tempfile
from pathlib import Path

from minieval.errors import InputRefused


def sha256_of(content: bytes) -> str:
    """Return the SHA-256 of bytes in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def md5_of(content: bytes) -> str:
    """Return the md5 by which DVC identifies a file."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def decode(name: str, content: bytes) -> str:
    """Return UTF-8 text; raises InputRefused with the offset of the first byte that is not UTF-8."""
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise InputRefused(name, f"not UTF-8 from byte {error.start} on", "UTF-8 text") from error


def locked_md5(dvc_lock: str, path: str) -> str | None:
    """Return the md5 of an output in the text of a dvc.lock, or None if it is not listed there.

    It relies on the layout that DVC writes, so that the judge needs no YAML library.
    """
    entry = re.search(
        rf"^ *- path: {re.escape(path)}\n(?:(?! *- ).*\n)*? *md5: ([0-9a-f]{{32}})$", dvc_lock, re.MULTILINE
    )
    return None if entry is None else entry[1]


def write_atomically(path: Path, content: str | bytes, *, durable: bool = False) -> None:
    """Replace a file's content atomically, so that no reader sees half of it; text is written as UTF-8 with LF.

    A symbolic link is followed and kept, and the file keeps its mode. `durable` waits until the content is on disk.
    On OSError the old file is unchanged, and no temporary file remains.
    """
    target = path.resolve()
    # In the same folder, because a rename is only atomic within one file system.
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            # mkstemp creates files that only their owner can read.
            os.fchmod(file.fileno(), stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o644)
            file.write(content if isinstance(content, bytes) else content.encode())
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
