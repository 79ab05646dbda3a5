/*
 * Calls that are interrupted, jobs that stop, timers: in lines that are the same on every Linux,
 * and so on Cub. tests/test_signals.py compares them with what Linux has said (jobs.expected).
 */
#define _GNU_SOURCE
#include "lib/signal_parts.h"
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

/* --- what a handler saw -------------------------------------------------------------- */

static volatile int calls;

static void count(int number, siginfo_t *info, void *context)
{
	(void)number, (void)info, (void)context;
	calls++;
}

/* --- interrupted calls --------------------------------------------------------------- */

/* A child that sends us a signal soon, and later does something else that ends our call. */
static pid_t disturb(int number, int fd)
{
	pid_t parent = getpid(), child = fork();

	if (child != 0)
		return child;
	usleep(40000);
	syscall(SYS_kill, parent, number);
	usleep(40000);
	if (fd >= 0 && write(fd, "x", 1) != 1)
		_exit(1);
	_exit(0);
}

static void read_disturbed(const char *what, int number)
{
	int ends[2];
	char byte;
	pid_t child;
	long result;

	if (pipe(ends))
		return;
	calls = 0;
	child = disturb(number, ends[1]);
	result = read(ends[0], &byte, 1);
	printf("read, %s: %s, handlers %d\n", what, error_of(result), calls);
	waitpid(child, NULL, 0);
	close(ends[0]);
	close(ends[1]);
}

static void part_restart(void)
{
	struct timespec time = { 0, 150000000 }, left = { 0, 0 };
	uint64_t none = 0;
	pid_t child;
	int word = 0;

	set_action(SIGUSR1, count, 0, 0);
	read_disturbed("a handler", SIGUSR1);
	set_action(SIGUSR1, count, SA_RESTART, 0);
	read_disturbed("SA_RESTART", SIGUSR1);
	read_disturbed("ignored by default", SIGURG);

	calls = 0;
	child = disturb(SIGUSR1, -1);
	printf("nanosleep: %s", error_of(syscall(SYS_nanosleep, &time, &left)));
	printf(", some time is left: %d, handlers %d\n",
		left.tv_nsec > 0 && left.tv_nsec < 150000000, calls);
	waitpid(child, NULL, 0);

	calls = 0;
	child = disturb(SIGUSR1, -1);
	printf("pause: %s, handlers %d\n", error_of(syscall(SYS_pause)), calls);
	waitpid(child, NULL, 0);

	calls = 0;
	mask(SIG_SETMASK, bit(SIGUSR1) | bit(SIGHUP));
	child = disturb(SIGUSR1, -1);
	usleep(60000);
	printf("before sigsuspend: handlers %d\n", calls);
	printf("sigsuspend: %s", error_of(syscall(SYS_rt_sigsuspend, &none, 8)));
	printf(", handlers %d, mask %#lx\n", calls, mask(SIG_SETMASK, 0));
	waitpid(child, NULL, 0);

	child = disturb(SIGUSR1, -1);
	printf("futex: %s\n", error_of(syscall(SYS_futex, &word, 0, 0, &time)));
	waitpid(child, NULL, 0);
	child = disturb(SIGURG, -1);
	printf("futex, ignored: %s\n", error_of(syscall(SYS_futex, &word, 0, 0, &time)));
	waitpid(child, NULL, 0);
	child = disturb(SIGUSR1, -1);
	printf("wait: %d\n", waitpid(child, NULL, 0) == child);
}

static void sleep_on_instead(int number, siginfo_t *info, void *context)
{
	ucontext_t *its = context;

	(void)number, (void)info;
	calls++;
	if (its->uc_mcontext.gregs[REG_RAX] != -EINTR)
		return; /* it has come too late: there is no call */
	its->uc_mcontext.gregs[REG_RAX] = SYS_restart_syscall;
	its->uc_mcontext.gregs[REG_RIP] -= 2; /* the syscall instruction */
}

/* A call that a handler has interrupted is over: there is nothing left to go on with. */
static void part_over(void)
{
	struct timespec time = { 0, 200000000 };
	pid_t child;

	set_action(SIGUSR1, sleep_on_instead, 0, 0);
	child = disturb(SIGUSR1, -1);
	printf("going on with a sleep: %s", error_of(syscall(SYS_nanosleep, &time, NULL)));
	printf(", handlers %d\n", calls);
	waitpid(child, NULL, 0);
}

/* --- stopping ------------------------------------------------------------------------ */

static void log_child(int number, siginfo_t *info, void *context)
{
	(void)number, (void)context;
	note(" CLD %d status %d", info->si_code, info->si_status);
}

static void tell_status(const char *what, pid_t child, int options)
{
	int status = 0;
	pid_t got = waitpid(child, &status, options);

	if (got == child)
		printf("%s: status %#x\n", what, status);
	else
		printf("%s: %s\n", what, got ? error_of(got) : "nothing");
}

static void part_stop(void)
{
	siginfo_t info;
	pid_t child;

	set_action(SIGCHLD, log_child, SA_RESTART, 0);
	child = fork();
	if (child == 0)
		for (;;)
			pause();
	kill(child, SIGSTOP);
	tell_status("stopped", child, WUNTRACED);
	tell_status("again", child, WUNTRACED | WNOHANG);
	kill(child, SIGUSR1); /* waits until it goes on */
	kill(child, SIGTSTP);
	usleep(30000);
	tell_status("still", child, WUNTRACED | WNOHANG);
	tell("heard");
	set_action(SIGCHLD, log_child, SA_RESTART | SA_NOCLDSTOP, 0);
	kill(child, SIGCONT);
	tell_status("ended by what waited", child, 0);
	tell("heard");

	set_action(SIGCHLD, log_child, SA_RESTART, 0);
	child = fork();
	if (child == 0)
		for (;;)
			pause();
	kill(child, SIGSTOP);
	memset(&info, 0, sizeof(info));
	waitid(P_PID, child, &info, WSTOPPED | WNOWAIT);
	printf("waitid: code %d status %d\n", info.si_code, info.si_status);
	waitid(P_PID, child, &info, WSTOPPED);
	kill(child, SIGCONT);
	memset(&info, 0, sizeof(info));
	waitid(P_PID, child, &info, WCONTINUED);
	printf("waitid: code %d status %d\n", info.si_code, info.si_status);
	usleep(20000);
	kill(child, SIGSTOP);
	waitid(P_PID, child, &info, WSTOPPED);
	usleep(20000); /* SIGCHLD comes a little later than the wait sees it */
	kill(child, SIGKILL);
	tell_status("killed while stopped", child, 0);
	usleep(10000);
	tell("heard");
	signal(SIGCHLD, SIG_DFL);
}

/* A shell's fg: who has gone on is not waited for as one that stands, whether it has run since or
 * not. */
static void part_undone(void)
{
	siginfo_t info;
	pid_t child = fork();
	int status = 0, told = 0;

	if (child == 0)
		for (;;)
			pause();
	for (int i = 0; i < 20; i++) {
		kill(child, SIGSTOP);
		waitid(P_PID, child, &info, WSTOPPED | WNOWAIT);
		kill(child, SIGCONT);
		told += waitpid(child, &status, WUNTRACED | WNOHANG) != 0;
	}
	printf("stops that were undone: told of %d\n", told);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
}

/* Who lets a job go on can ask for that at once, whether it has run since or not; and once. */
static void part_continued(void)
{
	siginfo_t info;
	pid_t child = fork();
	int status = 0, told = 0, twice = 0;

	if (child == 0)
		for (;;)
			pause();
	for (int i = 0; i < 20; i++) {
		kill(child, SIGSTOP);
		waitid(P_PID, child, &info, WSTOPPED);
		kill(child, SIGCONT);
		told += waitpid(child, &status, WCONTINUED | WNOHANG) == child;
		usleep(1000);
		twice += waitpid(child, &status, WCONTINUED | WNOHANG) != 0;
	}
	printf("going on: told of %d, twice of %d\n", told, twice);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
}

/* The one signal that always ends a process comes before those with lower numbers. */
static void part_killed(void)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		for (;;)
			pause();
	kill(child, SIGSTOP);
	waitpid(child, &status, WUNTRACED);
	kill(child, SIGHUP);
	kill(child, SIGUSR1);
	kill(child, SIGKILL);
	tell_status("killed behind others", child, 0);
}

static int reader[2];

/* What a read gets that is stopped, and goes on. */
static void part_goes_on(void)
{
	char byte = 0;
	pid_t child;
	int status;

	if (pipe(reader))
		return;
	child = fork();
	if (child == 0)
		_exit(read(reader[0], &byte, 1) == 1 ? byte : 100);
	usleep(20000);
	kill(child, SIGSTOP);
	waitpid(child, &status, WUNTRACED);
	kill(child, SIGCONT);
	usleep(20000);
	byte = 42;
	if (write(reader[1], &byte, 1) != 1)
		return;
	waitpid(child, &status, 0);
	printf("a read that was stopped got %d\n", WEXITSTATUS(status));
}

/* Stop signals by keys do nothing to an orphaned group: ours is one if its leader's parent is
 * elsewhere. */
static void stop_orphaned(void)
{
	setsid();
	raise(SIGTSTP);
	raise(SIGTTIN);
	_exit(7);
}

static void part_orphaned(void)
{
	in_child("stop in an orphaned group", stop_orphaned);
}

/* --- timers -------------------------------------------------------------------------- */

static void part_timers(void)
{
	struct itimerval timer = { { 0, 10000 }, { 0, 20000 } }, left;

	calls = 0;
	set_action(SIGALRM, count, 0, 0);
	setitimer(ITIMER_REAL, &timer, NULL);
	while (calls < 5)
		pause();
	getitimer(ITIMER_REAL, &left);
	printf("interval %ld, left %d\n", (long)left.it_interval.tv_usec,
		left.it_value.tv_usec <= 10000);
	memset(&timer, 0, sizeof(timer));
	setitimer(ITIMER_REAL, &timer, &left);
	printf("interval %ld\n", (long)left.it_interval.tv_usec);
	calls = 0;
	usleep(30000);
	printf("off: %d\n", calls);
	timer.it_value.tv_usec = 1000000;
	printf("a million: %s\n", error_of(setitimer(ITIMER_REAL, &timer, NULL)));
	timer.it_value.tv_usec = 20000;
	setitimer(ITIMER_REAL, &timer, NULL);
	pause();
	getitimer(ITIMER_REAL, &left);
	printf("once: %d, left %ld\n", calls, (long)left.it_value.tv_usec);
	printf("setitimer 7: %s\n", error_of(setitimer(7, &timer, NULL)));
}

/* --- all --------------------------------------------------------------------------- */

static const struct part parts[] = {
	{ "restart", part_restart },
	{ "over", part_over },
	{ "stop", part_stop },
	{ "undone", part_undone },
	{ "continued", part_continued },
	{ "killed", part_killed },
	{ "goes_on", part_goes_on },
	{ "orphaned", part_orphaned },
	{ "timers", part_timers },
};

int main(int count, char **names)
{
	return run_parts(parts, sizeof(parts) / sizeof(parts[0]), count, names);
}
