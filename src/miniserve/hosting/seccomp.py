"""A seccomp filter for a worker process, kept across exec. See seccomp(2).

It refuses two kinds of system calls. Creating processes, because a child that left the session would outlive the
worker. Reaching into other processes (signals, priorities, limits, memory), because the server runs as the same user
and a worker could otherwise kill, stop or slow it. The worker may still start threads, and do all of this to itself.
"""

import ctypes
import errno
import os
import platform
import sys
from dataclasses import dataclass

from miniserve.hosting.system_calls import ARCHITECTURES, Architecture

_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_SET_MODE_FILTER = 1
# Libraries start threads when they are imported, and the filter has to apply to those as well.
_SECCOMP_FILTER_FLAG_TSYNC = 1
_CLONE_THREAD = 0x10000
_X32_BIT = 0x40000000

# Classic BPF, linux/bpf_common.h: load a word of the call, compare it with k, return.
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _IF_SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
# Offsets in struct seccomp_data; both architectures are little-endian, so the low half of an argument comes first.
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT, _SECOND_ARGUMENT = 0, 4, 16, 24
_ALLOW, _FAIL_WITH = 0x7FFF0000, 0x00050000
_REFUSE = _FAIL_WITH | errno.EPERM

# With these, fcntl(2) and ioctl(2) name a process that the kernel signals whenever the descriptor is ready.
_F_SETOWN, _F_SETSIG, _F_SETOWN_EX = 8, 10, 15
_FIOSETOWN, _SIOCSPGRP = 0x8901, 0x8902

Instruction = tuple[int, int, int, int]


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint))


class _Program(ctypes.Structure):
    _fields_ = (("len", ctypes.c_ushort), ("filter", ctypes.POINTER(_Instruction)))


@dataclass(frozen=True)
class _Rule:
    """Refuses a call, except with a first argument in `unless_first`, or only with a second one in `if_second`."""

    number: int
    unless_first: tuple[int, ...] = ()
    if_second: tuple[int, ...] = ()


def confine_to_itself() -> bool:
    """Permanently forbid this process to create processes or reach into others; both then fail with EPERM.

    Needs no privilege. Returns False, and changes nothing, if the filter is not available: not Linux, an architecture
    other than x86_64 and aarch64, or a kernel built without seccomp.
    """
    known = ARCHITECTURES.get(platform.machine())
    if sys.platform != "linux" or known is None:
        return False
    program = _program(known, os.getpid())
    instructions = (_Instruction * len(program))(*(_Instruction(*instruction) for instruction in program))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        return False
    filter_ = _Program(len(program), instructions)
    done: int = libc.syscall(known.seccomp, _SECCOMP_SET_MODE_FILTER, _SECCOMP_FILTER_FLAG_TSYNC, ctypes.byref(filter_))
    if done > 0:
        raise OSError(errno.EAGAIN, f"thread {done} could not be bound: {os.strerror(errno.EAGAIN)}")
    return done == 0


def _program(known: Architecture, pid: int) -> list[Instruction]:
    # Unless a test holds, it skips the instructions that follow, its verdict.
    program: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_IF_EQUAL, 1, 0, known.audit),
        (_RETURN, 0, 0, _REFUSE),  # a call in another ABI, whose numbers mean something else
        (_LOAD, 0, 0, _NUMBER),
    ]
    if known.has_x32:
        program += [(_IF_AT_LEAST, 0, 1, _X32_BIT), (_RETURN, 0, 0, _REFUSE)]
    for rule in _rules(known, pid):
        program += _refusal(rule)
    program += [
        # A filter cannot follow the pointer to clone3's flags. With ENOSYS, libc falls back to clone.
        (_IF_EQUAL, 0, 1, known.clone3),
        (_RETURN, 0, 0, _FAIL_WITH | errno.ENOSYS),
        (_IF_EQUAL, 1, 0, known.clone),
        (_RETURN, 0, 0, _ALLOW),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_IF_SET, 1, 0, _CLONE_THREAD),
        (_RETURN, 0, 0, _REFUSE),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return program


def _rules(known: Architecture, pid: int) -> list[_Rule]:
    """Return the rules; in the calls of `pid_or_zero`, process id 0 means the caller itself."""
    return [
        *(_Rule(number) for number in (*known.forks, *known.never)),
        *(_Rule(number, unless_first=(pid,)) for number in known.own_pid),
        *(_Rule(number, unless_first=(0, pid)) for number in known.pid_or_zero),
        _Rule(known.fcntl, if_second=(_F_SETOWN, _F_SETSIG, _F_SETOWN_EX)),
        _Rule(known.ioctl, if_second=(_FIOSETOWN, _SIOCSPGRP)),
    ]


def _refusal(rule: _Rule) -> list[Instruction]:
    """Return the instructions of a rule; the call's number is loaded before and after them."""
    if rule.if_second:
        count = len(rule.if_second)
        # A value that matches jumps over the remaining tests and the ALLOW, to the refusal.
        tests = [(_IF_EQUAL, count - place, 0, value) for place, value in enumerate(rule.if_second)]
        body = [(_LOAD, 0, 0, _SECOND_ARGUMENT), *tests, (_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE)]
    elif rule.unless_first:
        count = len(rule.unless_first)
        tests = [(_IF_EQUAL, count - place, 0, value) for place, value in enumerate(rule.unless_first)]
        body = [(_LOAD, 0, 0, _FIRST_ARGUMENT), *tests, (_RETURN, 0, 0, _REFUSE), (_RETURN, 0, 0, _ALLOW)]
    else:
        body = [(_RETURN, 0, 0, _REFUSE)]
    return [(_IF_EQUAL, 0, len(body), rule.number), *body]
