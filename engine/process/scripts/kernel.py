"""What the kernel keeps a script from: limits on its process, and a list of the few system calls it may make.

Runs in the clean interpreter beside `inside`, so it imports nothing of ours. Without seccomp (another system, an
unknown machine) the limits alone stand; `filtered` says so.
"""

import contextlib
import ctypes
import platform
import resource
import struct
import sys

CALLS = {
    "x86_64": (
        0xC000003E,
        # write close mmap mprotect munmap brk rt_sigaction rt_sigprocmask rt_sigreturn sched_yield mremap madvise
        # nanosleep getpid exit gettimeofday sigaltstack gettid time futex restart_syscall clock_gettime
        # clock_getres clock_nanosleep exit_group getrandom
        (1, 3, 9, 10, 11, 12, 13, 14, 15, 24, 25, 28, 35, 39, 60, 96, 131, 186, 201, 202, 219, 228, 229, 230, 231, 318),
    ),
    "aarch64": (
        0xC00000B7,
        (64, 57, 222, 226, 215, 214, 134, 135, 139, 124, 216, 233, 101, 172, 93, 169, 132, 178, 98, 128, 113, 114, 115, 94, 278),
    ),
}  # fmt: skip
"""The machine's mark in a filter and the numbers of the calls that stay open; every other one is not permitted."""

LOAD, JUMP_IF, RETURN = 0x20, 0x15, 0x06
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050001, 0x80000000
PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 22, 38
SIGKILL = 9


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]


def _filter() -> "_Program | None":
    known = CALLS.get(platform.machine()) if sys.platform == "linux" else None
    if known is None or ctypes.sizeof(ctypes.c_void_p) != 8:
        return None
    mark, calls = known
    steps = [(LOAD, 0, 0, 4), (JUMP_IF, 1, 0, mark), (RETURN, 0, 0, KILL), (LOAD, 0, 0, 0)]
    steps += [(JUMP_IF, len(calls) - place, 0, call) for place, call in enumerate(calls)]
    steps += [(RETURN, 0, 0, REFUSE), (RETURN, 0, 0, ALLOW)]
    return _Program(len(steps), b"".join(struct.pack("=HBBI", *step) for step in steps))


_program = _filter()
_system = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def orphaned_dies() -> None:
    """This process ends when the one that made it does, as far as the kernel knows how."""
    if _system is not None:
        _system.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)


def limit(seconds: int, memory: int) -> None:
    """No files, no other processes, no dumps; so much memory and processor time."""
    for name, amount in (
        ("RLIMIT_AS", memory),
        ("RLIMIT_CPU", seconds),
        ("RLIMIT_FSIZE", 0),
        ("RLIMIT_CORE", 0),
        ("RLIMIT_NPROC", 0),
        ("RLIMIT_NOFILE", 0),
    ):
        with contextlib.suppress(AttributeError, ValueError, OSError):  # not every system has, or keeps, each
            resource.setrlimit(getattr(resource, name), (amount, amount))


def filtered() -> bool:
    """From now on this process makes no system call that is not on the list. False where the kernel cannot do it."""
    if _system is None or _program is None:
        return False
    if _system.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(_system.prctl(PR_SET_SECCOMP, 2, ctypes.byref(_program), 0, 0) == 0)
