"""A Landlock domain around a worker: no ptrace access to processes outside it, and no signals to them.

seccomp refuses calls by number, but /proc/PID/mem lets a plain write(2) change another process's memory. Landlock
closes such ways, because the kernel consults it wherever it checks for ptrace access. Needs no privilege. See
landlock(7).
"""

import ctypes
import os
import platform
import sys

# The same numbers on x86_64 and aarch64.
_CREATE_RULESET, _RESTRICT_SELF = 444, 446
_CREATE_RULESET_VERSION = 1
_PR_SET_NO_NEW_PRIVS = 38
# A ruleset must handle at least one right. This one affects nothing: no worker makes block devices.
_FS_MAKE_BLOCK = 1 << 11
_SCOPE_ABSTRACT_UNIX_SOCKET, _SCOPE_SIGNAL = 1, 2
# The first versions of the interface with network rights, and with scopes (Linux 6.12).
_ABI_WITH_NETWORK, _ABI_WITH_SCOPES = 4, 6


class _Ruleset(ctypes.Structure):
    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


def enter_domain() -> bool:
    """Put this process into its own Landlock domain, permanently.

    Call it before other threads start: it restricts the calling thread and the threads that it starts. Returns False,
    and changes nothing, if the kernel has no Landlock.
    """
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    abi: int = libc.syscall(_CREATE_RULESET, None, 0, _CREATE_RULESET_VERSION)
    if abi < 1:
        return False
    ruleset = _Ruleset(_FS_MAKE_BLOCK, 0, 0)
    # An older kernel refuses a struct that is larger than the one it knows (E2BIG).
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
