"""strace=1 on the command line: calls and signals as strace(1) shows them."""

from __future__ import annotations

import re

EXPECTED = r"""
open("/nothing\n\"", O_RDWR|O_CREAT|O_LARGEFILE|O_CLOEXEC, 0644) = -1 EROFS (Read-only file system)
pipe([3, 4]) = 0
write(4, "\tA2\0013\377\\", 7) = 7
read(3, "\tA2\0013\377\\", 16) = 7
write(4, "a text that is longer than what "..., 46) = 46
write(4, 0x10, 5) = -1 EFAULT (Bad address)
mmap(0x10000000, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED_NOREPLACE, -1, 0x0) = 0x10000000
mprotect(0x10000000, 4096, PROT_NONE) = 0
munmap(0x10000000, 8192) = 0
nanosleep({tv_sec=0, tv_nsec=5}, NULL) = 0
rt_sigprocmask(SIG_BLOCK, [INT CHLD], NULL, 8) = 0
lseek(3, 3, SEEK_END) = -1 ESPIPE (Illegal seek)
create_module() = -1 ENOSYS (Function not implemented)
syscall_0x270f() = -1 ENOSYS (Function not implemented)
close(77) = -1 EBADF (Bad file descriptor)
getpid() = 2
kill(2, SIGUSR1) = 0
--- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER, si_pid=2, si_uid=0} ---
rt_sigreturn() = ?
exit_group(3) = ?
vfork() = 3
wait4(-1, NULL, 0, NULL) = 3
rt_sigprocmask(SIG_UNBLOCK, [INT CHLD], NULL, 8) = 0
--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=3, si_uid=0, si_status=3} ---
rt_sigreturn() = ?
--- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x10} ---
exit_group(7) = ?
"""


def shown(text: str, name: str) -> list[str]:
    """The calls of the programs of that name."""
    return re.findall(rf"(?m)^{name}\[\d+\] (.*)$", text)


def test_all(user):
    """Every call of a program, its arguments in the format of their kinds, its result; and signals."""
    calls = shown(user("/bin/calls", append="strace=1", status=7).output, "calls")
    begin = next(i for i, call in enumerate(calls) if call.startswith("open("))
    assert calls[begin:] == EXPECTED.strip().split("\n")


def test_one_name(user):
    """strace=NAME shows the programs of that name, and no others."""
    ran = user("/bin/calls", append="strace=calls", status=7)
    assert shown(ran.console, "calls") and not shown(ran.console, "init")
    ran = user("/bin/calls", append="strace=hello", status=7)
    assert not shown(ran.console, "calls")


def test_nobody(user):
    assert not shown(user("/bin/calls", append="strace=0", status=7).console, r"\w+")
