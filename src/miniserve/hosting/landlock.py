"""A Landlock domain around a worker: no ptrace access to processes outside it, and no signals to them.

What seccomp refuses by the number of a call can be reached by other ways: /proc/PID/mem writes another process's
memory with a plain write(2). Landlock closes those, because the kernel asks it wherever it would ask for ptrace access.
See landlock(7); needs no privilege.
"""

import ctypes
import os
import platform
import sys

# The same numbers on x86_64 and aarch64.
_CREATE_RULESET, _RESTRICT_SELF = 444, 446
_CREATE_RULESET_VERSION = 1
_PR_SET_NO_NEW_PRIVS = 38
# A ruleset must handle something. Making block devices is a right that no worker needs, and nothing else is touched.
_FS_MAKE_BLOCK = 1 << 11
_SCOPE_ABSTRACT_UNIX_SOCKET, _SCOPE_SIGNAL = 1, 2
# The versions of the interface from which on there are network rights, and scopes (Linux 6.12).
_ABI_WITH_NETWORK, _ABI_WITH_SCOPES = 4, 6


class _Ruleset(ctypes.Structure):
    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


def enter_domain() -> bool:
    """Put this process into a Landlock domain of its own, for good.

    Call it before other threads start: it binds the calling thread and those that it starts. Returns False, and
    changes nothing, where the kernel has no Landlock.
    """
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    abi: int = libc.syscall(_CREATE_RULESET, None, 0, _CREATE_RULESET_VERSION)
    if abi < 1:
        return False
    ruleset = _Ruleset(_FS_MAKE_BLOCK, 0, 0)
    size = 8 if abi < _ABI_WITH_NETWORK else 16
    if abi >= _ABI_WITH_SCOPES:
        ruleset.scoped = _SCOPE_SIGNAL | _SCOPE_ABSTRACT_UNIX_SOCKET
        size = ctypes.sizeof(ruleset)
    descriptor: int = libc.syscall(_CREATE_RULESET, ctypes.byref(ruleset), size, 0)
    if descriptor < 0:
        return False
    try:
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        return bool(libc.syscall(_RESTRICT_SELF, descriptor, 0) == 0)
    finally:
        os.close(descriptor)
