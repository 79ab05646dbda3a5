/*
 * What signals do: in lines that are the same on every Linux, and so on
 * Cub. tests/test_signals.py compares them with what Linux has said (signals.expected).
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

#define RT(n) (32 + (n)) /* the kernel's numbers; a library keeps some for itself */

static int queue(int number, int value)
{
	siginfo_t info = { .si_code = SI_QUEUE };

	info.si_pid = getpid();
	info.si_value.sival_int = value;
	return (int)syscall(SYS_rt_sigqueueinfo, getpid(), number, &info);
}

/* --- what a handler saw -------------------------------------------------------------- */

static volatile int calls;

static void log_number(int number, siginfo_t *info, void *context)
{
	(void)info, (void)context;
	calls++;
	note(" %d", number);
}

static void log_info(int number, siginfo_t *info, void *context)
{
	(void)context;
	note(" %d(%d,%s", number, info->si_code, info->si_pid == getpid() ? "self" : "other");
	if (info->si_code == SI_QUEUE)
		note(",%d", info->si_value.sival_int);
	note(")");
}

/* --- parts ------------------------------------------------------------------------- */

static void part_order(void)
{
	static const int numbers[] = { RT(9), SIGUSR2, SIGHUP, RT(3), SIGSEGV, SIGUSR1, SIGTERM,
		SIGFPE };

	for (int i = 0; i < 8; i++)
		set_action(numbers[i], log_number, 0, ~0ul);
	mask(SIG_SETMASK, ~0ul);
	for (int i = 0; i < 8; i++)
		send(numbers[i]);
	mask(SIG_SETMASK, 0);
	tell("handlers that block all");
	for (int i = 0; i < 8; i++)
		set_action(numbers[i], log_number, 0, 0);
	mask(SIG_SETMASK, ~0ul);
	for (int i = 0; i < 8; i++)
		send(numbers[i]);
	mask(SIG_SETMASK, 0);
	tell("handlers on top of each other");
	mask(SIG_SETMASK, ~0ul);
	send(SIGUSR1);
	send_self(SIGUSR2);
	mask(SIG_SETMASK, 0);
	tell("the task's come before the process's");
}

static void part_info(void)
{
	set_action(SIGUSR1, log_info, 0, 0);
	set_action(RT(5), log_info, 0, ~0ul);
	send(SIGUSR1);
	send_self(SIGUSR1);
	queue(SIGUSR1, 77);
	tell("kill, tgkill, sigqueue");
	mask(SIG_SETMASK, ~0ul);
	for (int i = 1; i <= 5; i++)
		queue(RT(5), i);
	for (int i = 1; i <= 3; i++)
		queue(SIGUSR1, i);
	send(RT(5));
	mask(SIG_SETMASK, 0);
	tell("queued");
}

static void send_again(int number, siginfo_t *info, void *context)
{
	(void)info, (void)context;
	note(" in%d", number);
	if (calls++ < 2)
		send_self(number);
	note(" out");
}

static void say_mask(int number, siginfo_t *info, void *context)
{
	(void)number, (void)info, (void)context;
	note(" %#lx", mask(SIG_BLOCK, 0));
}

static void part_masks(void)
{
	calls = 0;
	set_action(SIGUSR1, send_again, 0, 0);
	send(SIGUSR1);
	tell("blocked in its own handler");
	calls = 0;
	set_action(SIGUSR1, send_again, SA_NODEFER, 0);
	send(SIGUSR1);
	tell("SA_NODEFER");
	set_action(SIGUSR1, say_mask, 0, bit(SIGUSR2) | bit(SIGKILL) | bit(SIGSTOP));
	mask(SIG_SETMASK, bit(SIGHUP));
	send(SIGUSR1);
	tell("mask in a handler");
	printf("and afterwards: %#lx\n", mask(SIG_SETMASK, 0));
	printf("mask of all: %#lx\n", (mask(SIG_SETMASK, ~0ul), mask(SIG_SETMASK, 0)));
	set_action(SIGUSR1, log_number, SA_RESETHAND, 0);
	send(SIGUSR1);
	struct kernel_action now;
	syscall(SYS_rt_sigaction, SIGUSR1, NULL, &now, 8);
	printf("SA_RESETHAND:%s, then %s\n", seen, now.handler ? "a handler" : "the default");
	seen[0] = 0;
	printf("flags that stay: %#lx\n",
		(set_action(SIGUSR1, log_number, 0x12345678, 0),
			syscall(SYS_rt_sigaction, SIGUSR1, NULL, &now, 8), now.flags));
}

static void part_pending(void)
{
	uint64_t set = 0;

	set_action(SIGUSR1, log_number, 0, 0);
	mask(SIG_SETMASK, bit(SIGUSR1) | bit(SIGUSR2) | bit(SIGCHLD));
	send(SIGUSR1);
	send(SIGUSR1);
	send_self(SIGUSR2);
	send(SIGCHLD);
	syscall(SYS_rt_sigpending, &set, 8);
	printf("pending: %#lx\n", set);
	signal(SIGUSR2, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	syscall(SYS_rt_sigpending, &set, 8);
	printf("those that are ignored now are gone: %#lx\n", set);
	mask(SIG_SETMASK, 0);
	tell("once");
	signal(SIGUSR2, SIG_DFL);
	mask(SIG_SETMASK, bit(SIGURG));
	send(SIGURG);
	syscall(SYS_rt_sigpending, &set, 8);
	printf("ignored by default, but blocked: %#lx\n", set);
	set_action(SIGIO, log_number, 0, 0);
	mask(SIG_SETMASK, ~0ul);
	send(SIGURG);
	send(SIGIO);
	mask(SIG_SETMASK, 0);
	tell("behind one that does nothing");
	set_action(SIGUSR1, log_number, 0, 0);
	set_action(SIGUSR2, log_number, 0, 0);
	mask(SIG_SETMASK, bit(SIGUSR1));
	send(SIGUSR1);
	send(SIGUSR2);
	tell("beside one that is blocked");
	mask(SIG_SETMASK, 0);
	tell("and then");
}

static void part_wait(void)
{
	struct timespec none = { 0, 0 }, short_time = { 0, 20000000 };
	uint64_t set = bit(SIGUSR1) | bit(RT(4));
	siginfo_t info;

	mask(SIG_SETMASK, set);
	queue(RT(4), 5);
	queue(RT(4), 6);
	queue(SIGUSR1, 7);
	for (int i = 0; i < 3; i++) {
		long number = syscall(SYS_rt_sigtimedwait, &set, &info, NULL, 8);

		printf("took %ld, value %d\n", number, info.si_value.sival_int);
	}
	printf("none: %s\n", error_of(syscall(SYS_rt_sigtimedwait, &set, &info, &none, 8)));
	printf("later: %s\n", error_of(syscall(SYS_rt_sigtimedwait, &set, &info, &short_time, 8)));
	short_time.tv_nsec = 1000000000;
	printf("bad time: %s\n",
		error_of(syscall(SYS_rt_sigtimedwait, &set, &info, &short_time, 8)));
	if (fork() == 0) {
		usleep(30000);
		syscall(SYS_kill, getppid(), SIGUSR1);
		_exit(0);
	}
	printf("from a child: %ld\n", syscall(SYS_rt_sigtimedwait, &set, &info, NULL, 8));
	printf("it is a child's: %d\n", info.si_pid != getpid());
	wait(NULL);
	set_action(SIGUSR2, log_number, 0, 0);
	if (fork() == 0) {
		usleep(30000);
		syscall(SYS_kill, getppid(), SIGUSR2);
		_exit(0);
	}
	printf("another one: %s\n", error_of(syscall(SYS_rt_sigtimedwait, &set, &info, NULL, 8)));
	tell("its handler");
	wait(NULL);
	mask(SIG_SETMASK, 0);
}

/* --- defaults ------------------------------------------------------------------------ */

static int number_to_send;

static void send_it(void)
{
	send(number_to_send);
}

static void part_defaults(void)
{
	for (number_to_send = 1; number_to_send <= 64; number_to_send++) {
		char name[24];

		if (bit(number_to_send) &
			(bit(SIGSTOP) | bit(SIGTSTP) | bit(SIGTTIN) | bit(SIGTTOU)))
			continue;
		snprintf(name, sizeof(name), "signal %d", number_to_send);
		in_child(name, send_it);
	}
}

static void part_errors(void)
{
	struct kernel_action action = { 0 };
	siginfo_t info = { .si_code = SI_USER };
	int child, status;

	printf("kill 65: %s\n", error_of(kill(getpid(), 65)));
	printf("kill -1: %s\n", error_of(kill(getpid(), -1)));
	printf("kill 0: %s\n", error_of(kill(getpid(), 0)));
	printf("kill nobody: %s\n", error_of(kill(99999, 0)));
	printf("kill no group: %s\n", error_of(kill(-99999, SIGTERM)));
	printf("tgkill other: %s\n", error_of(syscall(SYS_tgkill, getpid(), 1, 0)));
	printf("tgkill 0: %s\n", error_of(syscall(SYS_tgkill, getpid(), 0, 0)));
	printf("tkill: %s\n", error_of(syscall(SYS_tkill, getpid(), 0)));
	printf("sigaction SIGKILL: %s\n",
		error_of(syscall(SYS_rt_sigaction, SIGKILL, &action, NULL, 8)));
	printf("sigaction SIGKILL, asked: %s\n",
		error_of(syscall(SYS_rt_sigaction, SIGKILL, NULL, &action, 8)));
	printf("sigaction 0: %s\n", error_of(syscall(SYS_rt_sigaction, 0, NULL, &action, 8)));
	printf("sigaction 65: %s\n", error_of(syscall(SYS_rt_sigaction, 65, NULL, &action, 8)));
	printf("sigaction, set of 4: %s\n",
		error_of(syscall(SYS_rt_sigaction, 1, NULL, &action, 4)));
	printf("sigaction, nowhere: %s\n", error_of(syscall(SYS_rt_sigaction, 1, 8, NULL, 8)));
	printf("sigprocmask 9: %s\n", error_of(syscall(SYS_rt_sigprocmask, 9, &action, NULL, 8)));
	printf("sigprocmask 9 of nothing: %s\n",
		error_of(syscall(SYS_rt_sigprocmask, 9, NULL, NULL, 8)));
	printf("sigpending of 16: %s\n", error_of(syscall(SYS_rt_sigpending, &action, 16)));
	child = fork();
	if (child == 0)
		_exit((int)(pause(), 0));
	printf("sigqueue as kill: %s\n",
		error_of(syscall(SYS_rt_sigqueueinfo, child, SIGTERM, &info)));
	info.si_code = SI_TKILL;
	printf("sigqueue as tkill: %s\n",
		error_of(syscall(SYS_rt_sigqueueinfo, child, SIGTERM, &info)));
	info.si_code = SI_QUEUE;
	printf("sigqueue: %s\n", error_of(syscall(SYS_rt_sigqueueinfo, child, SIGTERM, &info)));
	waitpid(child, &status, 0);
	printf("its status: %#x\n", status);
	printf("dead: %s\n", error_of(kill(child, 0)));
	printf("alarm: %u %u %u\n", alarm(100), alarm(5), alarm(0));
}

/* --- threads ------------------------------------------------------------------------- */

static volatile pid_t handled_by;

static void log_thread(int number, siginfo_t *info, void *context)
{
	(void)number, (void)info, (void)context;
	handled_by = (pid_t)syscall(SYS_gettid);
	calls++;
}

static volatile pid_t other;
static volatile int done;

static void *other_thread(void *unused)
{
	(void)unused;
	mask(SIG_SETMASK, 0);
	other = (pid_t)syscall(SYS_gettid);
	while (!done)
		usleep(1000);
	return NULL;
}

static void part_threads(void)
{
	pthread_t thread;

	set_action(SIGUSR1, log_thread, 0, 0);
	mask(SIG_SETMASK, bit(SIGUSR1));
	calls = 0;
	pthread_create(&thread, NULL, other_thread, NULL);
	while (!other)
		usleep(1000);
	send(SIGUSR1);
	while (!calls)
		usleep(1000);
	printf("the one that does not block it: %d\n", handled_by == other);
	send_self(SIGUSR1);
	usleep(20000);
	printf("one task's stays its own: %d\n", calls);
	mask(SIG_SETMASK, 0);
	printf("until it is unblocked: %d, by itself %d\n", calls,
		handled_by == (pid_t)syscall(SYS_gettid));
	done = 1;
	pthread_join(thread, NULL);
}

/* --- all --------------------------------------------------------------------------- */

static const struct part parts[] = {
	{ "order", part_order },
	{ "info", part_info },
	{ "masks", part_masks },
	{ "pending", part_pending },
	{ "wait", part_wait },
	{ "defaults", part_defaults },
	{ "errors", part_errors },
	{ "threads", part_threads },
};

int main(int count, char **names)
{
	return run_parts(parts, sizeof(parts) / sizeof(parts[0]), count, names);
}
