/*
 * What clocks and sleeps do, told in lines that are the same on every Linux, and so on Cub.
 *
 *   clocks NAME...      run these parts; without a name, all
 *
 * tests/test_clocks.py compares them with what Linux has said (clocks.expected). Times themselves
 * are never told, but whether they are what they have to be.
 */
#define _GNU_SOURCE
#include "lib/asked.h"
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NOWHERE ((void *)8)
#define KERNEL  ((void *)0xffffffff80000000)
#define SECOND  1000000000l
#define MS      1000000l

static void told(const char *what, long result)
{
	printf("%s: %s\n", what, result == 0 ? "0" : strerror(errno));
}

static void is(const char *what, int holds)
{
	printf("%s: %s\n", what, holds ? "yes" : "no");
}

/* The call itself: a C library might not make it. */
static long now(clockid_t clock)
{
	struct timespec time = { -1, -1 };

	if (syscall(SYS_clock_gettime, clock, &time))
		return -1;
	return time.tv_sec * SECOND + time.tv_nsec;
}

static struct timespec spec(long nanoseconds)
{
	return (struct timespec){ nanoseconds / SECOND, nanoseconds % SECOND };
}

static void compute(long nanoseconds)
{
	long until = now(CLOCK_MONOTONIC) + nanoseconds;

	while (now(CLOCK_MONOTONIC) < until)
		;
}

/* --- reading ------------------------------------------------------------------------- */

static void reading(void)
{
	static const struct {
		const char *name;
		clockid_t clock;
	} clocks[] = { { "realtime", CLOCK_REALTIME }, { "monotonic", CLOCK_MONOTONIC },
		{ "process", CLOCK_PROCESS_CPUTIME_ID }, { "thread", CLOCK_THREAD_CPUTIME_ID },
		{ "raw", CLOCK_MONOTONIC_RAW }, { "coarse realtime", CLOCK_REALTIME_COARSE },
		{ "coarse monotonic", CLOCK_MONOTONIC_COARSE }, { "boot", CLOCK_BOOTTIME },
		{ "TAI", CLOCK_TAI }, { "10", 10 }, { "16", 16 }, { "a million", 1000000 } };
	struct timespec time;

	for (unsigned i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		told(clocks[i].name, syscall(SYS_clock_gettime, clocks[i].clock, &time));
		told("  its resolution", syscall(SYS_clock_getres, clocks[i].clock, &time));
	}
	syscall(SYS_clock_getres, CLOCK_MONOTONIC, &time);
	printf("nanoseconds: %ld %ld\n", (long)time.tv_sec, time.tv_nsec);
	told("resolution for nobody", syscall(SYS_clock_getres, CLOCK_MONOTONIC, NULL));
	told("to nowhere", syscall(SYS_clock_gettime, CLOCK_MONOTONIC, NOWHERE));
	told("into the kernel", syscall(SYS_clock_gettime, CLOCK_MONOTONIC, KERNEL));
	told("resolution to nowhere", syscall(SYS_clock_getres, CLOCK_MONOTONIC, NOWHERE));
	told("no clock, nowhere", syscall(SYS_clock_gettime, 100, NOWHERE));
}

static void going(void)
{
	long before = now(CLOCK_MONOTONIC), last = before;
	int falls = 0;

	for (int i = 0; i < 2000; i++) {
		long at = now(CLOCK_MONOTONIC);

		falls += at < last;
		last = at;
	}
	is("falls", falls > 0);
	is("goes on", last > before);
	is("the year is 2001 or later", now(CLOCK_REALTIME) / SECOND > 978307200);
	before = now(CLOCK_REALTIME) - now(CLOCK_MONOTONIC);
	compute(20 * MS);
	last = now(CLOCK_REALTIME) - now(CLOCK_MONOTONIC);
	is("as fast as each other", last - before < MS && before - last < MS);
}

static void days(void)
{
	struct timeval time = { -1, -1 };
	struct timezone zone = { -1, -1 };
	long seconds = -1, told_as;

	told("gettimeofday", syscall(SYS_gettimeofday, &time, &zone));
	is("as the clock", now(CLOCK_REALTIME) / SECOND - time.tv_sec <= 1);
	is("microseconds", time.tv_usec >= 0 && time.tv_usec < 1000000);
	told("nothing asked", syscall(SYS_gettimeofday, NULL, NULL));
	told("to nowhere", syscall(SYS_gettimeofday, NOWHERE, NULL));
	told("zone to nowhere", syscall(SYS_gettimeofday, NULL, NOWHERE));
	told_as = syscall(SYS_time, &seconds);
	is("time", told_as == seconds && seconds - time.tv_sec <= 1 && seconds >= time.tv_sec);
	is("time for nobody", syscall(SYS_time, NULL) - seconds <= 1);
	told("time to nowhere", syscall(SYS_time, NOWHERE) < 0 ? -1 : 0);
}

static void setting(void)
{
	struct timespec time = { 1, SECOND };
	struct timeval day = { 1, 1000000 };

	told("nanoseconds", syscall(SYS_clock_settime, CLOCK_REALTIME, &time));
	time.tv_nsec = -1;
	told("negative", syscall(SYS_clock_settime, CLOCK_REALTIME, &time));
	time = (struct timespec){ -1, 0 };
	told("before 1970", syscall(SYS_clock_settime, CLOCK_REALTIME, &time));
	time = (struct timespec){ 1l << 40, 0 };
	told("monotonic", syscall(SYS_clock_settime, CLOCK_MONOTONIC, &time));
	told("far off", syscall(SYS_clock_settime, CLOCK_REALTIME, &time));
	told("no clock", syscall(SYS_clock_settime, 100, &time));
	told("from nowhere", syscall(SYS_clock_settime, CLOCK_REALTIME, NOWHERE));
	told("microseconds", syscall(SYS_settimeofday, &day, NULL));
	told("day from nowhere", syscall(SYS_settimeofday, NOWHERE, NULL));
	told("zone from nowhere", syscall(SYS_settimeofday, NULL, NOWHERE));
}

/* --- sleeping ------------------------------------------------------------------------ */

static void sleeping(void)
{
	struct timespec time = spec(30 * MS);
	long began = now(CLOCK_MONOTONIC);

	told("30 ms", syscall(SYS_nanosleep, &time, NULL));
	is("not less", now(CLOCK_MONOTONIC) - began >= 30 * MS);
	for (clockid_t clock = 0; clock < 2; clock++) {
		began = now(clock);
		told("30 ms by a clock", syscall(SYS_clock_nanosleep, clock, 0, &time, NULL));
		is("not less", now(clock) - began >= 30 * MS);
		began = now(clock) + 30 * MS;
		time = spec(began);
		told("until then", syscall(SYS_clock_nanosleep, clock, TIMER_ABSTIME, &time, NULL));
		is("not before", now(clock) >= began);
		time = spec(began / 2);
		told("until long ago",
			syscall(SYS_clock_nanosleep, clock, TIMER_ABSTIME, &time, NULL));
		time = spec(30 * MS);
	}
	time = spec(0);
	told("no time", syscall(SYS_nanosleep, &time, NULL));
}

static void bad_sleeps(void)
{
	struct timespec time = { 0, SECOND };

	told("nanoseconds", syscall(SYS_nanosleep, &time, NULL));
	time = (struct timespec){ 0, -1 };
	told("negative", syscall(SYS_nanosleep, &time, NULL));
	time = (struct timespec){ -1, 0 };
	told("negative seconds", syscall(SYS_nanosleep, &time, NULL));
	told("negative moment",
		syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL));
	told("from nowhere", syscall(SYS_nanosleep, NOWHERE, NULL));
	told("from the kernel", syscall(SYS_nanosleep, KERNEL, NULL));
	time = spec(MS);
	told("rest to nowhere, but there is none", syscall(SYS_nanosleep, &time, NOWHERE));
	told("by no clock", syscall(SYS_clock_nanosleep, 100, 0, &time, NULL));
	told("by a thread's time",
		syscall(SYS_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &time, NULL));
	told("by the raw clock", syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC_RAW, 0, &time, NULL));
	told("by a coarse clock",
		syscall(SYS_clock_nanosleep, CLOCK_REALTIME_COARSE, 0, &time, NULL));
	told("by the boot's", syscall(SYS_clock_nanosleep, CLOCK_BOOTTIME, 0, &time, NULL));
	told("other flags", syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 64, &time, NULL));
}

static volatile int signals;

static void count(int number)
{
	(void)number;
	signals++;
}

static void alarm_in(long ms, int flags)
{
	struct sigaction action = { .sa_handler = count, .sa_flags = flags };
	struct itimerval in = { .it_value = { 0, ms * 1000 } };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &in, NULL);
}

static void interrupted(void)
{
	struct timespec time = spec(60 * SECOND), rest = { -7, -7 };

	alarm_in(20, 0);
	told("a handler", syscall(SYS_nanosleep, &time, &rest));
	is("rest", rest.tv_sec == 59 && rest.tv_nsec > 0 && rest.tv_nsec < SECOND);
	alarm_in(20, SA_RESTART);
	told("a handler that restarts", syscall(SYS_nanosleep, &time, &rest));
	alarm_in(20, 0);
	told("nobody wants the rest", syscall(SYS_nanosleep, &time, NULL));
	alarm_in(20, 0);
	told("the rest to nowhere", syscall(SYS_nanosleep, &time, NOWHERE));
	rest = (struct timespec){ -7, -7 };
	time = spec(now(CLOCK_MONOTONIC) + 60 * SECOND);
	alarm_in(20, SA_RESTART);
	told("until a moment",
		syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &time, &rest));
	is("rest untouched", rest.tv_sec == -7 && rest.tv_nsec == -7);
	time = spec(now(CLOCK_REALTIME) + 60 * SECOND);
	alarm_in(20, SA_RESTART);
	told("until a time of day",
		syscall(SYS_clock_nanosleep, CLOCK_REALTIME, TIMER_ABSTIME, &time, &rest));
	printf("handlers: %d\n", signals);
}

/* Stopped and continued, it sleeps on, and not longer for it. */
static void continued(void)
{
	pid_t child = fork();
	int status;

	if (!child) {
		struct timespec time = spec(300 * MS), rest = { -7, -7 };
		long began = now(CLOCK_MONOTONIC);
		long result = syscall(SYS_nanosleep, &time, &rest);
		long lasted = now(CLOCK_MONOTONIC) - began;

		_exit(result ? 1 : lasted < 300 * MS ? 2 : lasted > 2 * SECOND ? 3 : 0);
	}
	for (int i = 0; i < 3; i++) {
		usleep(30000);
		kill(child, SIGSTOP);
		waitpid(child, &status, WUNTRACED);
		is("stopped", WIFSTOPPED(status));
		usleep(20000);
		kill(child, SIGCONT);
	}
	waitpid(child, &status, 0);
	printf("ended: %d\n", WEXITSTATUS(status));
}

/* --- time used ----------------------------------------------------------------------- */

static void used(void)
{
	long process = now(CLOCK_PROCESS_CPUTIME_ID), thread = now(CLOCK_THREAD_CPUTIME_ID);
	clockid_t own;
	long took;

	is("process at least as long", process >= 0 && thread >= 0);
	compute(100 * MS);
	took = now(CLOCK_THREAD_CPUTIME_ID) - thread;
	is("computing takes time", took > 5 * MS);
	is("of the process, too", now(CLOCK_PROCESS_CPUTIME_ID) - process >= took);
	thread = now(CLOCK_THREAD_CPUTIME_ID);
	usleep(100000);
	is("sleeping takes none", now(CLOCK_THREAD_CPUTIME_ID) - thread < 50 * MS);
	printf("own clock: %d\n", clock_getcpuclockid(0, &own));
	is("shows the same", now(own) >= process + took);
	printf("parent's clock: %d\n", clock_getcpuclockid(getppid(), &own));
	is("shows something", now(own) >= 0);
	told("no clock of that kind", now(-5) < 0 ? -1 : 0);
	told("of no process", now(~0x3fffff * 8 + 2) < 0 ? -1 : 0);
}

/* --- sharing ------------------------------------------------------------------------- */

/* Two that never give way, on one processor: each has had its part of the time, and the third one
 * wakes beside them. */
static void sharing(void)
{
	pid_t child[2];
	long had[2];
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	is("on one processor", sched_setaffinity(0, sizeof(one), &one) == 0);
	for (int i = 0; i < 2; i++) {
		child[i] = fork();
		if (!child[i])
			for (;;)
				;
	}
	usleep(300000);
	for (int i = 0; i < 2; i++) {
		clockid_t clock;

		clock_getcpuclockid(child[i], &clock);
		had[i] = now(clock);
	}
	is("each has had time", had[0] > MS && had[1] > MS);
	is("about as much", had[0] < 3 * had[1] && had[1] < 3 * had[0]);
	for (int i = 0; i < 2; i++)
		kill(child[i], SIGKILL);
	while (wait(NULL) > 0)
		;
}

/* What a nice process starts is nice as well, and gives way on the processor that it shares. */
static void niced(void)
{
	int pair[2];
	long had[2] = { 0, 0 };
	cpu_set_t one;
	clockid_t clock;
	pid_t child[3];

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	is("on one processor", sched_setaffinity(0, sizeof(one), &one) == 0 && pipe(pair) == 0);
	child[0] = fork();
	if (!child[0])
		for (;;)
			;
	child[2] = fork();
	if (!child[2]) {
		setpriority(PRIO_PROCESS, 0, 19);
		child[1] = fork();
		if (!child[1])
			for (;;)
				;
		write(pair[1], &child[1], sizeof(child[1]));
		pause();
	}
	read(pair[0], &child[1], sizeof(child[1]));
	usleep(400000);
	for (int i = 0; i < 2; i++) {
		clock_getcpuclockid(child[i], &clock);
		had[i] = now(clock);
	}
	is("it has had less", had[1] < had[0] / 2);
	for (int i = 0; i < 3; i++)
		kill(child[i], SIGKILL);
	while (wait(NULL) > 0)
		;
}

/* Which processors a task may run on is inherited. */
static void pinned(void)
{
	cpu_set_t one, its;
	int status = 0;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	is("on one processor", sched_setaffinity(0, sizeof(one), &one) == 0);
	if (!fork()) {
		sched_getaffinity(0, sizeof(its), &its);
		_exit(CPU_COUNT(&its) == 1 && CPU_ISSET(0, &its) && sched_getcpu() == 0);
	}
	wait(&status);
	is("so is the child", WEXITSTATUS(status) == 1);
}

static const struct part {
	const char *name;
	void (*run)(void);
} parts[] = { { "reading", reading }, { "going", going }, { "days", days }, { "setting", setting },
	{ "sleeping", sleeping }, { "bad_sleeps", bad_sleeps }, { "interrupted", interrupted },
	{ "continued", continued }, { "used", used }, { "sharing", sharing }, { "niced", niced },
	{ "pinned", pinned } };

int main(int count, char **names)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (asked(count, names, parts[i].name)) {
			printf("== %s\n", parts[i].name);
			parts[i].run();
		}
	return 0;
}
