"""A Landlock domain around a worker: it writes in its own folder only, and reaches no network and no other process.

What seccomp refuses by the number of a call can be reached in other ways: a plain write(2) to a file under /proc
changes another process's memory, priority or fate when memory runs out, and one to the server's files changes its
evidence. The kernel asks Landlock wherever a path is opened for writing, and wherever it would ask for ptrace access.
See landlock(7); needs no privilege.
"""

import ctypes
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

# The same numbers on x86_64 and aarch64.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_CREATE_RULESET_VERSION, _RULE_PATH_BENEATH = 1, 1
_PR_SET_NO_NEW_PRIVS = 38
# Rights to change the file system, by the version of the interface that introduced them: write_file and remove_dir to
# make_sym (linux/landlock.h); refer, which is a link or rename into another folder; truncate.
_FS_WRITE = {1: (1 << 1) | sum(1 << bit for bit in range(4, 13)), 2: 1 << 13, 3: 1 << 14}
_FS_WRITE_FILE = (1 << 1) | (1 << 14)  # the rights that a file can have, as opposed to a folder
_NET_TCP = 0b11  # bind and connect
_ABI_WITH_NETWORK = 4
_SCOPE_ABSTRACT_UNIX_SOCKET, _SCOPE_SIGNAL = 1, 2
_ABI_WITH_SCOPES = 6  # Linux 6.12


class _Ruleset(ctypes.Structure):
    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def enter_domain(writable: Sequence[Path]) -> bool:
    """Put this process into a Landlock domain of its own, for good; it may write in `writable` folders and files only.

    Call it before other threads start: it binds the calling thread and those that it starts. Returns False, and changes
    nothing, where the kernel has no Landlock; network and signals are bound from Linux 6.7 and 6.12 on.
    """
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    abi: int = libc.syscall(_CREATE_RULESET, None, 0, _CREATE_RULESET_VERSION)
    if abi < 1:
        return False
    rights = sum(bits for since, bits in _FS_WRITE.items() if since <= abi)
    ruleset = _Ruleset(rights, 0, 0)
    size = 8
    if abi >= _ABI_WITH_NETWORK:
        ruleset.net, size = _NET_TCP, 16
    if abi >= _ABI_WITH_SCOPES:
        ruleset.scoped, size = _SCOPE_SIGNAL | _SCOPE_ABSTRACT_UNIX_SOCKET, ctypes.sizeof(ruleset)
    descriptor: int = libc.syscall(_CREATE_RULESET, ctypes.byref(ruleset), size, 0)
    if descriptor < 0:
        return False
    try:
        for path in writable:
            _allow(libc, descriptor, path, rights if path.is_dir() else rights & _FS_WRITE_FILE)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        return bool(libc.syscall(_RESTRICT_SELF, descriptor, 0) == 0)
    finally:
        os.close(descriptor)


def _allow(libc: ctypes.CDLL, ruleset: int, path: Path, rights: int) -> None:
    parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = _PathBeneath(rights, parent)
        if libc.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, ctypes.byref(rule), 0):
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error), str(path))
    finally:
        os.close(parent)
