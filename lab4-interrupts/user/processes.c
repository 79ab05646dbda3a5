/* Sessions, groups, limits, and what else belongs to a process, as Linux has it: see lib/say.h. */
#define _GNU_SOURCE
#include "lib/say.h"
#include <asm/prctl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>

static int groups(void)
{
	pid_t me = getpid(), child;
	int status;

	TELL(getpgrp() != me);
	SAY(setpgid(0, 0));
	TELL(getpgrp() == me);
	SAY(setpgid(0, -1));
	SAY(setpgid(0x3fffffff, 0));
	SAY(setpgid(0, 0x3fffffff));
	SAY(setsid());
	SAY(getpgid(0x3fffffff));
	SAY(getsid(0x3fffffff));
	fflush(stdout);
	child = fork();
	if (child == 0) {
		TELL(setsid() == getpid());
		TELL(getsid(0) == getpid() && getpgrp() == getpid());
		SAY(setpgid(0, 0));
		SAY(setsid());
		fflush(stdout);
		_exit(0);
	}
	TELL(waitpid(child, &status, 0) == child);
	fflush(stdout);
	child = fork();
	if (child == 0)
		for (;;)
			pause();
	TELL(setpgid(child, child) == 0);
	TELL(getpgid(child) == child);
	SAY(kill(-child, SIGTERM) == 0);
	TELL(waitpid(-child, &status, 0) == child);
	say_status("the group", status);
	SAY(kill(-child, 0));
	SAY(waitpid(-child, &status, 0));
	return 0;
}

static int limits(void)
{
	struct rlimit limit;

	SAY(getrlimit(99, &limit));
	SAY(getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = limit.rlim_max + 1;
	SAY(setrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = 10;
	limit.rlim_max = 20;
	SAY(setrlimit(RLIMIT_NOFILE, &limit));
	SAY(dup2(0, 9));
	SAY(dup2(0, 10));
	for (int fd; (fd = dup(0)) >= 0;)
		continue;
	SAY(dup(0));
	limit.rlim_max = 10;
	limit.rlim_cur = 11;
	SAY(setrlimit(RLIMIT_NOFILE, &limit));
	SAY(prlimit(0x3fffffff, RLIMIT_NOFILE, NULL, &limit));
	SAY(getrlimit(RLIMIT_STACK, &limit));
	printf("stack %lu\n", (unsigned long)limit.rlim_cur);
	SAY(getrlimit(RLIMIT_CORE, &limit));
	return 0;
}

static pid_t blocks_signals(int number)
{
	sigset_t set;
	pid_t child;

	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(SIG_BLOCK, &set, NULL);
	child = fork();
	if (child == 0)
		for (;;)
			pause();
	return child;
}

/* How many signals may be queued is counted for the user who queues them, whoever gets them. */
static int queued(void)
{
	siginfo_t info = { .si_code = SI_QUEUE };
	struct rlimit limit = { 3, 3 };
	pid_t one, other;

	SAY(setrlimit(RLIMIT_SIGPENDING, &limit));
	one = blocks_signals(40);
	other = blocks_signals(40);
	SAY(syscall(SYS_rt_sigqueueinfo, one, 40, &info));
	SAY(syscall(SYS_rt_sigqueueinfo, other, 40, &info));
	SAY(syscall(SYS_rt_sigqueueinfo, one, 40, &info));
	SAY(syscall(SYS_rt_sigqueueinfo, one, 40, &info));
	SAY(syscall(SYS_rt_sigqueueinfo, other, 40, &info));
	kill(one, SIGKILL);
	TELL(waitpid(one, NULL, 0) == one);
	SAY(syscall(SYS_rt_sigqueueinfo, other, 40, &info));
	SAY(syscall(SYS_rt_sigqueueinfo, other, 40, &info));
	SAY(syscall(SYS_rt_sigqueueinfo, other, 40, &info));
	kill(other, SIGKILL);
	TELL(waitpid(other, NULL, 0) == other);
	return 0;
}

static int identities(void)
{
	gid_t list[4];

	printf("%d %d %d %d\n", getuid(), geteuid(), getgid(), getegid());
	SAY(getgroups(4, list) >= 0);
	SAY(syscall(SYS_setuid, 0));
	SAY(syscall(SYS_setgid, 0));
	TELL(syscall(SYS_gettid) == getpid());
	TELL(getppid() > 0);
	umask(022);
	SAY(umask(0777));
	umask(022);
	return 0;
}

static int odds(void)
{
	struct timespec precision, now, then;
	struct rusage usage;
	struct utsname names;
	cpu_set_t set;
	char name[16], bytes[8] = { 0 };
	struct tms used;

	SAY(uname(&names));
	printf("%s %s\n", names.sysname, names.machine);
	SAY(prctl(PR_SET_NAME, "a name that is far too long"));
	SAY(prctl(PR_GET_NAME, name));
	printf("%s\n", name);
	SAY(prctl(9999));
	SAY(sched_yield());
	SAY(sched_getaffinity(0, sizeof(set), &set));
	TELL(CPU_ISSET(0, &set));
	CPU_ZERO(&set);
	SAY(sched_setaffinity(0, sizeof(set), &set));
	SAY(sched_getaffinity(0x3fffffff, sizeof(set), &set));
	SAY(getrandom(bytes, 8, 0));
	SAY(getrandom(bytes, 8, 0x70));
	SAY(clock_getres(CLOCK_MONOTONIC, &precision));
	SAY(clock_gettime((clockid_t)99, &now));
	SAY(clock_gettime(CLOCK_MONOTONIC, &now));
	SAY(clock_gettime(CLOCK_MONOTONIC, &then));
	TELL(then.tv_sec > now.tv_sec ||
		(then.tv_sec == now.tv_sec && then.tv_nsec >= now.tv_nsec));
	SAY(clock_gettime(CLOCK_REALTIME, &now));
	TELL(now.tv_sec > 1600000000);
	now.tv_nsec = 1000000000;
	SAY(nanosleep(&now, NULL));
	now = (struct timespec){ 0, 1000 };
	SAY(nanosleep(&now, NULL));
	SAY(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &now, NULL));
	SAY(clock_nanosleep(99, 0, &now, NULL));
	SAY(getrusage(RUSAGE_SELF, &usage));
	SAY(getrusage(99, &usage));
	TELL(times(&used) != (clock_t)-1);
	TELL(time(NULL) > 1600000000);
	SAY(getpriority(PRIO_PROCESS, 0));
	SAY(setpriority(PRIO_PROCESS, 0, 5));
	SAY(getpriority(PRIO_PROCESS, 0));
	SAY(getpriority(99, 0));
	SAY(syscall(2000));
	SAY(syscall(-1L));
	return 0;
}

/* A directory and a umask are shared by who has never asked for them, too. */
static int shares(void)
{
	char where[64] = "";
	long child = syscall(SYS_clone, CLONE_FS | SIGCHLD, 0, 0, 0, 0);

	if (child == 0) {
		umask(027);
		_exit(chdir("/bin"));
	}
	TELL(waitpid((pid_t)child, NULL, 0) == child);
	printf("moved to %s\n", getcwd(where, sizeof(where)));
	printf("umask %o\n", umask(0));
	return 0;
}

/* --- time used ------------------------------------------------------------------------------ */

#define TICKS 20 /* hundredths of a second */

static volatile unsigned burnt;

/* One after the other: in the program, or in the kernel. */
static void burn(bool in_kernel)
{
	static char bytes[16384];
	clock_t end = times(NULL) + TICKS;

	while (times(NULL) < end)
		if (in_kernel)
			getrandom(bytes, sizeof(bytes), 0);
		else
			for (int i = 0; i < 10000; i++)
				burnt++;
}

/* All of it. */
static clock_t used(const struct tms *times)
{
	return times->tms_utime + times->tms_stime;
}

static bool about(clock_t ticks)
{
	return ticks >= TICKS / 2 && ticks <= TICKS + TICKS / 2;
}

static int times_used(void)
{
	struct tms start, program, kernel, child;
	clock_t begin = times(&start);

	burn(false);
	TELL(times(&program) - begin >= TICKS);
	burn(true);
	TELL(times(&kernel) - begin >= 2 * TICKS);
	TELL(about(used(&program) - used(&start)));
	TELL(kernel.tms_cutime + kernel.tms_cstime == 0);
	fflush(stdout);
	if (fork() == 0) {
		burn(false);
		_exit(0);
	}
	usleep(TICKS * 20000);
	times(&child);
	TELL(child.tms_cutime + child.tms_cstime == 0);
	TELL(used(&child) - used(&kernel) < TICKS / 2);
	wait(NULL);
	times(&child);
	TELL(about(child.tms_cutime + child.tms_cstime));
	return 0;
}

/* --- signals that wait ---------------------------------------------------------------------- */

static int pending_limit(void)
{
	struct rlimit limit = { 4, 4 };
	struct timespec now = { 0, 0 };
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigaddset(&set, SIGRTMIN + 1);
	sigaddset(&set, SIGUSR1);
	SAY(sigprocmask(SIG_BLOCK, &set, NULL));
	SAY(setrlimit(RLIMIT_SIGPENDING, &limit));
	for (int i = 0; i < 6; i++)
		SAY(sigqueue(getpid(), SIGRTMIN, (union sigval){ 0 }));
	SAY(kill(getpid(), SIGUSR1));
	SAY(kill(getpid(), SIGRTMIN + 1));
	SAY(sigqueue(getpid(), SIGUSR1, (union sigval){ 0 }));
	signal(SIGRTMIN + 2, SIG_IGN); /* of which none is queued */
	info = (siginfo_t){ .si_code = SI_QUEUE };
	SAY(syscall(SYS_rt_sigqueueinfo, getpid(), SIGRTMIN + 2, &info));
	while (sigtimedwait(&set, &info, &now) > 0)
		printf("signal %d, as it was sent: %d\n", info.si_signo,
			info.si_signo != SIGRTMIN || info.si_code == SI_QUEUE);
	SAY(sigqueue(getpid(), SIGRTMIN, (union sigval){ 0 }));
	return 0;
}

/* --- children that nobody waits for --------------------------------------------------------- */

static volatile sig_atomic_t told;

static void on_child(int number)
{
	told += number == SIGCHLD;
}

static int no_zombies(void)
{
	struct sigaction action = { .sa_handler = on_child, .sa_flags = SA_NOCLDWAIT | SA_RESTART };
	siginfo_t info;
	pid_t child;

	sigemptyset(&action.sa_mask);
	SAY(sigaction(SIGCHLD, &action, NULL));
	child = fork();
	if (child == 0)
		_exit(3);
	SAY(waitpid(child, NULL, 0));
	SAY(waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG));
	SAY(kill(child, 0));
	TELL(told == 1);
	return 0;
}

/* --- arch_prctl ----------------------------------------------------------------------------- */

static long arch(int what, uint64_t address)
{
	return syscall(SYS_arch_prctl, what, address);
}

static int bases(void)
{
	static uint64_t words[] = { 41, 42 };
	uint64_t fs = 0, gs = 1, own, word;

	SAY(arch(ARCH_GET_GS, (uint64_t)&gs));
	TELL(gs == 0);
	SAY(arch(ARCH_GET_FS, (uint64_t)&fs));
	asm volatile("mov %%fs:0, %0" : "=r"(own));
	TELL(fs == own);
	SAY(arch(ARCH_SET_GS, (uint64_t)words));
	asm volatile("mov %%gs:8, %0" : "=r"(word));
	printf("%lu\n", word);
	SAY(arch(ARCH_SET_GS, 1ul << 63));
	SAY(arch(ARCH_SET_GS, 0xffff800000000000));
	SAY(arch(ARCH_SET_GS, 0x800000000000));
	SAY(arch(ARCH_SET_GS, 0x7ffffffff000));
	SAY(arch(ARCH_SET_FS, 1ul << 63));
	SAY(arch(ARCH_SET_FS, 0x7ffffffff000));
	SAY(arch(ARCH_GET_GS, (uint64_t)nowhere));
	SAY(arch(ARCH_GET_FS, (uint64_t)nowhere));
	SAY(arch(0x1000, 0));
	SAY(arch(-1, 0));
	SAY(arch(ARCH_GET_GS, (uint64_t)&gs));
	TELL(gs == (uint64_t)words);
	SAY(arch(ARCH_SET_GS, 0x7fffffffefff));
	SAY(arch(ARCH_SET_GS, 0));
	return 0;
}

static const struct part parts[] = {
	{ "groups", groups },
	{ "limits", limits },
	{ "queued", queued },
	{ "identities", identities },
	{ "odds", odds },
	{ "shares", shares },
	{ "times_used", times_used },
	{ "pending_limit", pending_limit },
	{ "no_zombies", no_zombies },
	{ "bases", bases },
	{ NULL, NULL },
};

int main(int count, char **names)
{
	return say_parts(count, names, parts);
}
