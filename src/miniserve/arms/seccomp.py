"""A limit that the kernel keeps for a process and all that it becomes: threads yes, processes no.

A child that left the session of its parent would outlive it, and nobody could tell whose it was. See seccomp(2).
"""

import ctypes
import errno
import os
import platform
import sys
from dataclasses import dataclass

_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_SET_MODE_FILTER = 1
# Libraries start threads when they are imported; they are bound as well.
_SECCOMP_FILTER_FLAG_TSYNC = 1
_CLONE_THREAD = 0x10000
_X32_BIT = 0x40000000

# Classic BPF, linux/bpf_common.h: load a word of the call, compare it with k, return.
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _IF_SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
# Offsets in struct seccomp_data; both architectures are little-endian, so the low half comes first.
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
_ALLOW, _FAIL_WITH = 0x7FFF0000, 0x00050000


@dataclass(frozen=True)
class _Architecture:
    """The numbers of linux/audit.h and asm/unistd.h."""

    audit: int
    seccomp: int
    clone: int
    clone3: int
    forks: tuple[int, ...]
    has_x32: bool


_ARCHITECTURES = {
    "x86_64": _Architecture(0xC000003E, seccomp=317, clone=56, clone3=435, forks=(57, 58), has_x32=True),
    "aarch64": _Architecture(0xC00000B7, seccomp=277, clone=220, clone3=435, forks=(), has_x32=False),
}


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint))


class _Program(ctypes.Structure):
    _fields_ = (("len", ctypes.c_ushort), ("filter", ctypes.POINTER(_Instruction)))


def forbid_new_processes() -> bool:
    """Let every later fork, vfork, clone and posix_spawn fail with EPERM, for good; threads are still made.

    Needs no privilege. Returns False, and changes nothing, where the system has no such filter: another system than
    Linux, an architecture other than x86_64 and aarch64, a kernel built without seccomp.
    """
    known = _ARCHITECTURES.get(platform.machine())
    if sys.platform != "linux" or known is None:
        return False
    instructions = _instructions(known)
    program = _Program(len(instructions), (_Instruction * len(instructions))(*instructions))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        return False
    done: int = libc.syscall(known.seccomp, _SECCOMP_SET_MODE_FILTER, _SECCOMP_FILTER_FLAG_TSYNC, ctypes.byref(program))
    if done > 0:
        raise OSError(errno.EAGAIN, f"thread {done} could not be bound: {os.strerror(errno.EAGAIN)}")
    return done == 0


def _instructions(known: _Architecture) -> list[_Instruction]:
    refuse = _FAIL_WITH | errno.EPERM
    # Each test skips its verdict, the next instruction, unless it holds.
    program = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_IF_EQUAL, 1, 0, known.audit),
        (_RETURN, 0, 0, refuse),  # a call in another ABI, whose numbers mean something else
        (_LOAD, 0, 0, _NUMBER),
    ]
    if known.has_x32:
        program += [(_IF_AT_LEAST, 0, 1, _X32_BIT), (_RETURN, 0, 0, refuse)]
    for number in known.forks:
        program += [(_IF_EQUAL, 0, 1, number), (_RETURN, 0, 0, refuse)]
    program += [
        # Its flags are behind a pointer that a filter cannot follow; told that it does not exist, libc uses clone.
        (_IF_EQUAL, 0, 1, known.clone3),
        (_RETURN, 0, 0, _FAIL_WITH | errno.ENOSYS),
        (_IF_EQUAL, 1, 0, known.clone),
        (_RETURN, 0, 0, _ALLOW),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_IF_SET, 1, 0, _CLONE_THREAD),
        (_RETURN, 0, 0, refuse),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return [_Instruction(*instruction) for instruction in program]
