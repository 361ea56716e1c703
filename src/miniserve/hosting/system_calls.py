"""The numbers of the system calls that the filter checks, per architecture (asm/unistd.h, linux/audit.h)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Architecture:
    """System call numbers, grouped by how a worker may use them."""

    audit: int
    seccomp: int
    clone: int
    clone3: int
    fcntl: int
    ioctl: int
    forks: tuple[int, ...]  # fork, vfork
    never: tuple[int, ...]
    own_pid: tuple[int, ...]
    pid_or_zero: tuple[int, ...]
    has_x32: bool


# `never`, in order: tkill, rt_sigqueueinfo, rt_tgsigqueueinfo, pidfd_send_signal, pidfd_getfd, ptrace,
# process_vm_readv, process_vm_writev, process_madvise, process_mrelease, migrate_pages, move_pages, setpriority,
# ioprio_set, perf_event_open.
# `own_pid`: kill, tgkill (abort(3) and raise(3) use it).
# `pid_or_zero`: prlimit64, sched_setaffinity, sched_setscheduler, sched_setparam, sched_setattr.
ARCHITECTURES = {
    "x86_64": Architecture(
        audit=0xC000003E,
        seccomp=317,
        clone=56,
        clone3=435,
        fcntl=72,
        ioctl=16,
        forks=(57, 58),
        never=(200, 129, 297, 424, 438, 101, 310, 311, 440, 448, 256, 279, 141, 251, 298),
        own_pid=(62, 234),
        pid_or_zero=(302, 203, 144, 142, 314),
        has_x32=True,
    ),
    "aarch64": Architecture(
        audit=0xC00000B7,
        seccomp=277,
        clone=220,
        clone3=435,
        fcntl=25,
        ioctl=29,
        forks=(),
        never=(130, 138, 240, 424, 438, 117, 270, 271, 440, 448, 238, 239, 140, 30, 241),
        own_pid=(129, 131),
        pid_or_zero=(261, 122, 119, 118, 274),
        has_x32=False,
    ),
}
