/*
 * Timers and limits of processor time, told in lines that are the same on every Linux, and so on
 * Cub.
 *
 *   cputimers NAME...      run these parts; without a name, all
 *
 * tests/test_clocks.py compares them with what Linux has said (cputimers.expected). Times are never
 * told, but whether they are what they have to be.
 */
#define _GNU_SOURCE
#include "lib/signal_parts.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MS 1000l /* microseconds */

static volatile int calls;

static void count(int number)
{
	(void)number;
	calls++;
}

/* Of the processor, by this process, in microseconds. */
static long used(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return time.tv_sec * 1000 * MS + time.tv_nsec / 1000;
}

static void compute_until(int enough)
{
	while (calls < enough)
		;
}

static void compute_for(long microseconds)
{
	long end = used() + microseconds;

	while (used() < end)
		;
}

static long set(int which, long left, long interval)
{
	struct itimerval new = { { 0, interval }, { 0, left } }, old;

	if (setitimer(which, &new, &old))
		return -1;
	return old.it_value.tv_sec * 1000 * MS + old.it_value.tv_usec;
}

static long left(int which)
{
	struct itimerval now;

	if (getitimer(which, &now))
		return -1;
	return now.it_value.tv_sec * 1000 * MS + now.it_value.tv_usec;
}

static void is(const char *what, int holds)
{
	printf("%s: %s\n", what, holds ? "yes" : "no");
}

/* --- timers -------------------------------------------------------------------------- */

static void again_and_again(int which, int number)
{
	long began = used();

	set_action(number, count, 0, 0);
	set(which, 40 * MS, 20 * MS);
	compute_until(4);
	is("not too early", used() - began >= 100 * MS - 4 * MS);
	is("nor much later", used() - began < 400 * MS);
	is("something is left", left(which) > 0 && left(which) <= 20 * MS + 4 * MS);
	is("and told when it is set anew", set(which, 0, 0) > 0);
	calls = 0;
	compute_for(60 * MS);
	printf("off: %d signals, %ld left\n", calls, left(which));
}

static void part_virtual(void)
{
	again_and_again(ITIMER_VIRTUAL, SIGVTALRM);
}

static void part_prof(void)
{
	again_and_again(ITIMER_PROF, SIGPROF);
}

static void part_once(void)
{
	set_action(SIGPROF, count, 0, 0);
	set(ITIMER_PROF, 20 * MS, 0);
	compute_until(1);
	compute_for(60 * MS);
	printf("%d signals, %ld left\n", calls, left(ITIMER_PROF));
}

static void part_asleep(void)
{
	set_action(SIGPROF, count, 0, 0);
	set(ITIMER_PROF, 40 * MS, 0);
	usleep(100 * MS);
	printf("asleep: %d\n", calls);
	compute_until(1);
	printf("awake: %d\n", calls);
}

static void part_kinds(void)
{
	set_action(SIGVTALRM, count, 0, 0);
	set(ITIMER_VIRTUAL, 20 * MS, 0);
	is("the other one is off", left(ITIMER_PROF) == 0 && left(ITIMER_REAL) == 0);
	compute_until(1);
	set(ITIMER_PROF, 20 * MS, 0);
	fflush(stdout);
	compute_for(80 * MS); /* ended by SIGPROF */
	printf("went on\n");
}

/* --- tasks --------------------------------------------------------------------------- */

static void *compute_too(void *unused)
{
	(void)unused;
	compute_until(1);
	return NULL;
}

/* What both use counts, and one of them is told. */
static void part_together(void)
{
	pthread_t other;
	long began;

	set_action(SIGPROF, count, 0, 0);
	pthread_create(&other, NULL, compute_too, NULL);
	began = used();
	set(ITIMER_PROF, 100 * MS, 0);
	compute_until(1);
	pthread_join(other, NULL);
	is("not too early", used() - began >= 100 * MS - 4 * MS);
	/* An emulator may let each processor have a tenth of a second before the other one's turn.
	 */
	is("nor much later", used() - began < 1000 * MS);
	printf("%d signals\n", calls);
}

/* The other one computes and is told, while the one that has set it sleeps on. */
static void part_another(void)
{
	struct timespec time = { 0, 100000000 };
	pthread_t other;

	set_action(SIGPROF, count, 0, 0);
	pthread_create(&other, NULL, compute_too, NULL);
	set(ITIMER_PROF, 40 * MS, 0);
	printf("slept: %d\n", nanosleep(&time, NULL));
	pthread_join(other, NULL);
	printf("%d signals\n", calls);
}

static void *ask_for_time(void *unused)
{
	while (calls < 20)
		used();
	return unused;
}

/* Several that all look at the time that they use, and so does the kernel. */
static void part_profiled(void)
{
	pthread_t others[3];

	set_action(SIGPROF, count, 0, 0);
	set(ITIMER_PROF, 5 * MS, 5 * MS);
	for (int i = 0; i < 3; i++)
		pthread_create(&others[i], NULL, ask_for_time, NULL);
	for (int i = 0; i < 3; i++)
		pthread_join(others[i], NULL);
	set(ITIMER_PROF, 0, 0);
	is("enough signals", calls >= 20);
}

static void child(void)
{
	printf("a child's: %ld\n", left(ITIMER_PROF));
	fflush(stdout);
	compute_for(80 * MS);
	_exit(calls);
}

static void part_inherited(void)
{
	set_action(SIGPROF, count, 0, 0);
	set(ITIMER_PROF, 60 * MS, 0);
	in_child("a child", child);
	is("mine goes on", left(ITIMER_PROF) > 0);
	compute_until(1);
}

/* --- what children have used --------------------------------------------------------- */

static void compute_and_exit(void)
{
	compute_for(60 * MS);
	_exit(0);
}

static long used_in(const struct rusage *usage)
{
	return (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1000 * MS +
	       usage->ru_utime.tv_usec + usage->ru_stime.tv_usec;
}

static void have_computed(void)
{
	if (!fork())
		compute_and_exit();
	wait(NULL);
	_exit(0);
}

static void *compute_then_end(void *unused)
{
	compute_for(60 * MS);
	return unused;
}

static void part_ended(void)
{
	struct rusage usage;
	pthread_t thread;
	pid_t child;

	in_child("a child", compute_and_exit);
	getrusage(RUSAGE_CHILDREN, &usage);
	is("its time is told", used_in(&usage) >= 56 * MS);
	child = fork();
	if (!child)
		have_computed();
	wait4(child, NULL, 0, &usage);
	is("that of its children, too", used_in(&usage) >= 56 * MS);
	pthread_create(&thread, NULL, compute_then_end, NULL);
	pthread_join(thread, NULL);
	getrusage(RUSAGE_SELF, &usage);
	is("that of a thread, too", used_in(&usage) >= 56 * MS);
}

/* --- the limit ----------------------------------------------------------------------- */

static void limit(rlim_t soft, rlim_t hard)
{
	struct rlimit limit = { soft, hard };

	setrlimit(RLIMIT_CPU, &limit);
}

static void compute_on(void)
{
	compute_for(5000 * MS);
}

static void compute_to_the_limit(void)
{
	struct rlimit now;

	set_action(SIGXCPU, count, 0, 0);
	compute_until(1);
	getrlimit(RLIMIT_CPU, &now);
	printf("soft limit now: %ld\n", (long)now.rlim_cur);
	fflush(stdout);
	compute_on();
}

static void part_limit(void)
{
	limit(1, 2);
	in_child("a child that counts", compute_to_the_limit);
	limit(1, 3);
	in_child("a child that does not", compute_on);
	is("its time is not mine", used() < 500 * MS);
}

/* --- all ----------------------------------------------------------------------------- */

static const struct part parts[] = {
	{ "virtual", part_virtual },
	{ "prof", part_prof },
	{ "once", part_once },
	{ "asleep", part_asleep },
	{ "kinds", part_kinds },
	{ "together", part_together },
	{ "another", part_another },
	{ "profiled", part_profiled },
	{ "inherited", part_inherited },
	{ "ended", part_ended },
	{ "limit", part_limit },
};

int main(int count, char **names)
{
	return run_parts(parts, sizeof(parts) / sizeof(parts[0]), count, names);
}
