/* Calls about processes, their owners and the machine: see ../badcalls.c. */
#include "badcalls.h"
#include <asm/prctl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* A child to be waited for, which ends at once. */
static int child(void)
{
	int id = fork();

	if (id == 0)
		_exit(0);
	return id;
}

/* What clone3 is told. */
static struct clone_args *cloned(uint64_t flags, uint64_t exit_signal, uint64_t stack)
{
	static struct clone_args arguments;

	arguments =
		(struct clone_args){ .flags = flags, .exit_signal = exit_signal, .stack = stack };
	return &arguments;
}

static void made(void)
{
	POINTERS(clone3, p, 64ul);
	ONCE(clone3, room, 0ul);
	ONCE(clone3, room, 63ul);
	ONCE(clone3, room, 4097ul);
	ONCE(clone3, room, -1ul);
	ONCE(clone3, cloned(1ul << 63, 0, 0), 64ul);
	ONCE(clone3, cloned(0, 65, 0), 64ul);
	ONCE(clone3, cloned(0, SIGCHLD, 0x1000), 64ul);
	ONCE(clone3, cloned(CLONE_THREAD, 0, 0), 64ul);
	ONCE(clone3, cloned(CLONE_SIGHAND, 0, 0), 64ul);
	ONCE(clone, (long)CLONE_THREAD, NULL, NULL, NULL, 0l);
	ONCE(clone, (long)CLONE_SIGHAND, NULL, NULL, NULL, 0l);
	ONCE(clone, (long)CLONE_THREAD | CLONE_SIGHAND, NULL, NULL, NULL, 0l);
	ONCE(clone, (long)CLONE_FS | CLONE_NEWNS, NULL, NULL, NULL, 0l);
}

static void waited_for(void)
{
	NOT_NULL(wait4, child(), p, 0, NULL);
	NOT_NULL(wait4, child(), NULL, 0, p);
	NOT_NULL(waitid, P_PID, child(), p, WEXITED, NULL);
	NOT_NULL(waitid, P_PID, child(), NULL, WEXITED, p);
	NUMBERS(wait4, n, NULL, WNOHANG, NULL);
	NUMBERS(wait4, -1, NULL, n, NULL);
	NUMBERS(waitid, n, 0, NULL, WEXITED | WNOHANG, NULL);
	NUMBERS(waitid, P_PID, n, NULL, WEXITED | WNOHANG, NULL);
	NUMBERS(waitid, P_PGID, n, NULL, WEXITED | WNOHANG, NULL);
	NUMBERS(waitid, P_ALL, 0, NULL, n, NULL);
	ONCE(waitid, P_PID, 0, NULL, WEXITED, NULL);
	ONCE(waitid, P_ALL, 0, NULL, 0, NULL);
	ONCE(waitid, P_ALL, 0, NULL, WNOHANG, NULL);
}

static void grouped(void)
{
	NUMBERS(setpgid, n, 0);
	NUMBERS(setpgid, 0, n);
	NUMBERS(getpgid, n);
	NUMBERS(getsid, n);
	NUMBERS(getpriority, n, 0);
	NUMBERS(getpriority, PRIO_PROCESS, n);
	NUMBERS(getpriority, PRIO_PGRP, n);
	NUMBERS(setpriority, n, 0, 0);
	NUMBERS(setpriority, PRIO_PROCESS, n, 0);
}

static void scheduled(void)
{
	POINTERS(sched_getaffinity, 0, 64u, p);
	NUMBERS(sched_getaffinity, n, 64u, room);
	ONCE(sched_getaffinity, 0, 0u, room);
	ONCE(sched_getaffinity, 0, 7u, room);
	ONCE(sched_getaffinity, 0, 65u, room);
	POINTERS(sched_setaffinity, 0, 8u, p);
	NUMBERS(sched_setaffinity, n, 8u, "\1\0\0\0\0\0\0");
	ONCE(sched_setaffinity, 0, 0u, room);
	ONCE(sched_setaffinity, 0, 8u, room);
	NUMBERS(sched_getscheduler, n);
	ONCE(sched_getscheduler, 0);
	POINTERS(sched_getparam, 0, p);
	NUMBERS(sched_getparam, n, room);
	ONCE(sched_getparam, 0, room);
	NUMBERS(sched_get_priority_max, n);
	NUMBERS(sched_get_priority_min, n);
	for (int policy = 0; policy < 8; policy++) {
		ONCE(sched_get_priority_max, policy);
		ONCE(sched_get_priority_min, policy);
	}
	NOT_NULL(getcpu, p, NULL, NULL);
	NOT_NULL(getcpu, NULL, p, NULL);
	ONCE(getcpu, NULL, NULL, NULL);
}

static void limited(void)
{
	POINTERS(getrlimit, RLIMIT_NOFILE, p);
	NUMBERS(getrlimit, n, room);
	ONCE(getrlimit, 16u, room);
	POINTERS(setrlimit, RLIMIT_NOFILE, p);
	NUMBERS(setrlimit, n, room);
	NOT_NULL(prlimit64, 0, RLIMIT_NOFILE, p, NULL);
	NOT_NULL(prlimit64, 0, RLIMIT_NOFILE, NULL, p);
	NUMBERS(prlimit64, n, RLIMIT_NOFILE, NULL, room);
	NUMBERS(prlimit64, 0, n, NULL, room);
	ONCE(prlimit64, 0, RLIMIT_NOFILE, ((struct rlimit[]){ { 2, 1 } }), NULL);
	POINTERS(getrusage, RUSAGE_SELF, p);
	ONCE(getrusage, -2, room);
	ONCE(getrusage, 2, room);
	NOT_NULL(times, p);
}

int processes(void)
{
	made();
	waited_for();
	grouped();
	scheduled();
	limited();
	return 0;
}

int owners(void)
{
	ONCE(setuid, -1);
	ONCE(setgid, -1);
	ONCE(setreuid, -1, -1);
	ONCE(setreuid, 0, -1);
	ONCE(setregid, -1, -1);
	ONCE(setregid, -1, 0);
	ONCE(setresuid, -1, -1, -1);
	ONCE(setresuid, 0, 0, 0);
	ONCE(setresgid, -1, -1, -1);
	ONCE(setresgid, 0, 0, 0);
	ONCE(setfsuid, -1);
	ONCE(setfsuid, 0);
	ONCE(setfsgid, -1);
	ONCE(setfsgid, 0);
	POINTERS(getresuid, p, room, room);
	POINTERS(getresuid, room, p, room);
	POINTERS(getresuid, room, room, p);
	POINTERS(getresgid, p, room, room);
	POINTERS(getresgid, room, p, room);
	POINTERS(getresgid, room, room, p);
	ONCE(getresuid, room, room, room);
	ONCE(getresgid, room, room, room);
	POINTERS(setgroups, 1, p);
	POINTERS(setgroups, 0, p);
	ONCE(setgroups, -1, room);
	ONCE(setgroups, 65537, room);
	ONCE(setgroups, 0, NULL);
	ONCE(getgroups, 0, NULL);
	POINTERS(getgroups, 5, p);
	NUMBERS(getgroups, n, room);
	return 0;
}

int machine(void)
{
	POINTERS(uname, p);
	POINTERS(sysinfo, p);
	POINTERS(sethostname, p, 5);
	POINTERS(setdomainname, p, 5);
	NUMBERS(sethostname, room, n);
	NUMBERS(setdomainname, room, n);
	ONCE(sethostname, "bear", 65);
	ONCE(sethostname, "bear", 4);
	ONCE(setdomainname, "den", 65);
	ONCE(setdomainname, "den", 3);
	syscall(SYS_uname, room);
	printf("%s in %s\n", room + 65, room + 5 * 65);
	POINTERS(getrandom, p, 16ul, 0);
	NUMBERS(getrandom, room, 16ul, n);
	NUMBERS(reboot, n, n, n, NULL);
	NUMBERS(reboot, 0xfee1dead, 672274793, n, NULL);
	NUMBERS(prctl, n, 0l, 0l, 0l, 0l);
	POINTERS(prctl, PR_SET_NAME, p, 0l, 0l, 0l);
	POINTERS(prctl, PR_GET_NAME, p, 0l, 0l, 0l);
	POINTERS(prctl, PR_GET_PDEATHSIG, p, 0l, 0l, 0l);
	POINTERS(prctl, PR_GET_CHILD_SUBREAPER, p, 0l, 0l, 0l);
	NUMBERS(prctl, PR_SET_PDEATHSIG, (long)n, 0l, 0l, 0l);
	NUMBERS(prctl, PR_SET_DUMPABLE, (long)n, 0l, 0l, 0l);
	NUMBERS(prctl, PR_SET_NO_NEW_PRIVS, (long)n, 0l, 0l, 0l);
	NUMBERS(prctl, PR_GET_NO_NEW_PRIVS, (long)n, 0l, 0l, 0l);
	NUMBERS(arch_prctl, n, room);
	POINTERS(arch_prctl, ARCH_GET_FS, p);
	POINTERS(arch_prctl, ARCH_GET_GS, p);
	NOT_NULL(arch_prctl, ARCH_SET_GS, p);
	ONCE(set_robust_list, room, 23ul);
	NOT_NULL(get_robust_list, 0, p, room);
	NOT_NULL(get_robust_list, 0, room, p);
	NUMBERS(get_robust_list, n, room, room);
	return 0;
}
