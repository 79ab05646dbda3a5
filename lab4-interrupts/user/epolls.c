/* epoll, as Linux has it: see lib/say.h. */
#define _GNU_SOURCE
#include "lib/say.h"
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define MOST 8

static int set, ends[2];

/* Have the pipe's read end in a new set. */
static void begin(uint32_t events)
{
	struct epoll_event event = { events, { .u32 = 1 } };

	SAY(pipe2(ends, O_NONBLOCK));
	set = epoll_create1(EPOLL_CLOEXEC);
	SAY(epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &event));
}

static int by_number(const void *a, const void *b)
{
	const struct epoll_event *first = a, *second = b;

	return (int)first->data.u32 - (int)second->data.u32;
}

/* Wait, and print what has come, by the numbers that were given. */
static void look(int milliseconds)
{
	struct epoll_event got[MOST];
	int count = epoll_wait(set, got, MOST, milliseconds);

	printf("%d:", count);
	if (count > 0)
		qsort(got, (size_t)count, sizeof(*got), by_number);
	for (int i = 0; i < count; i++)
		printf(" %u %#x", got[i].data.u32, got[i].events);
	printf("\n");
}

static void put(void)
{
	SAY(write(ends[1], "x", 1));
}

static void take(void)
{
	char byte;

	SAY(read(ends[0], &byte, 1));
}

/* --- what is reported, and when ------------------------------------------------------------- */

static int levels(void)
{
	begin(EPOLLIN);
	look(0);
	put();
	look(0);
	look(-1);
	take();
	look(10);
	put();
	SAY(close(ends[1]));
	look(-1);
	take();
	look(-1);
	return 0;
}

static int edges(void)
{
	begin(EPOLLIN | EPOLLET);
	put();
	look(0);
	look(0);
	put();
	look(0);
	take();
	look(0);
	take();
	put();
	look(0);
	take();
	look(10);
	SAY(close(ends[1]));
	look(0);
	look(0);
	return 0;
}

static int once(void)
{
	struct epoll_event event = { EPOLLIN | EPOLLONESHOT, { .u32 = 2 } };

	begin(EPOLLIN | EPOLLONESHOT);
	put();
	look(0);
	look(0);
	SAY(epoll_ctl(set, EPOLL_CTL_MOD, ends[0], &event));
	look(0);
	look(0);
	event.events = EPOLLIN | EPOLLET;
	SAY(epoll_ctl(set, EPOLL_CTL_MOD, ends[0], &event));
	look(0);
	look(0);
	SAY(close(ends[1]));
	event.events = EPOLLONESHOT;
	SAY(epoll_ctl(set, EPOLL_CTL_MOD, ends[0], &event));
	look(0);
	look(0);
	return 0;
}

/* Several at once; no more than there is room for, and all have their turn. */
static int turns(void)
{
	struct epoll_event event = { EPOLLIN, { 0 } };
	unsigned seen = 0;

	set = epoll_create(1);
	for (unsigned i = 0; i < 5; i++) {
		event.data.u32 = i;
		SAY(epoll_ctl(set, EPOLL_CTL_ADD, eventfd(i, 0), &event));
	}
	look(0);
	for (int i = 0; i < 2; i++) {
		struct epoll_event got[2];

		SAY(epoll_wait(set, got, 2, 0));
		seen |= 1u << got[0].data.u32 | 1u << got[1].data.u32;
	}
	printf("seen %#x\n", seen);
	return 0;
}

/* --- whose it is ---------------------------------------------------------------------------- */

static int closing(void)
{
	int copy;

	begin(EPOLLIN);
	put();
	copy = dup(ends[0]);
	SAY(close(ends[0]));
	look(0); /* the file is open yet */
	SAY(close(copy));
	look(0);
	return 0;
}

static int of_a_child(void)
{
	begin(EPOLLIN);
	fflush(stdout);
	if (fork() == 0) {
		close(ends[0]);
		usleep(30000);
		_exit(write(ends[1], "x", 1) == 1 ? 0 : 1);
	}
	look(10000);
	wait(NULL);
	SAY(close(set));
	put();
	return 0;
}

static int errors(void)
{
	struct epoll_event event = { EPOLLIN, { 0 } };
	struct epoll_event got[1];
	int plain = open("/", O_RDONLY);

	begin(EPOLLIN);
	SAY(epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &event));
	SAY(epoll_ctl(set, EPOLL_CTL_MOD, ends[1], &event));
	SAY(epoll_ctl(set, EPOLL_CTL_DEL, ends[1], NULL));
	SAY(epoll_ctl(set, 77, ends[0], &event));
	SAY(epoll_ctl(set, EPOLL_CTL_ADD, set, &event));
	SAY(epoll_ctl(set, EPOLL_CTL_ADD, 77, &event));
	SAY(epoll_ctl(77, EPOLL_CTL_ADD, ends[1], &event));
	SAY(epoll_ctl(ends[0], EPOLL_CTL_ADD, ends[1], &event));
	SAY(epoll_ctl(set, EPOLL_CTL_ADD, plain, &event));
	SAY(epoll_ctl(set, EPOLL_CTL_ADD, ends[1], (struct epoll_event *)nowhere));
	SAY(epoll_ctl(set, EPOLL_CTL_DEL, ends[0], (struct epoll_event *)nowhere));
	SAY(epoll_wait(set, got, 0, 0));
	SAY(epoll_wait(set, got, -1, 0));
	SAY(epoll_wait(ends[0], got, 1, 0));
	SAY(epoll_wait(77, got, 1, 0));
	SAY(syscall(SYS_epoll_create, 0));
	SAY(epoll_create1(1));
	event.events = EPOLLIN;
	SAY(epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &event));
	put();
	SAY(epoll_wait(set, (struct epoll_event *)nowhere, 1, 0));
	look(0);
	SAY(read(set, got, 12));
	return 0;
}

/* --- while somebody waits ------------------------------------------------------------------- */

static void on_alarm(int number)
{
	(void)number;
}

static int interrupted(void)
{
	struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	struct epoll_event got[1];
	sigset_t blocked, none;

	begin(EPOLLIN);
	sigaction(SIGALRM, &action, NULL);
	ualarm(30000, 0);
	SAY(epoll_wait(set, got, 1, 10000));
	sigemptyset(&none);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGALRM);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	SAY(raise(SIGALRM));
	SAY(epoll_pwait(set, got, 1, 10, NULL));
	SAY(epoll_pwait(set, got, 1, 10000, &none));
	SAY(epoll_pwait(set, got, 1, 0, &none));
	return 0;
}

static void *add_later(void *argument)
{
	struct epoll_event event = { EPOLLOUT, { .u32 = 3 } };

	(void)argument;
	usleep(30000);
	if (epoll_ctl(set, EPOLL_CTL_ADD, ends[1], &event) < 0)
		perror("add");
	return NULL;
}

/* One that is added meanwhile counts, and the set itself can be polled. */
static int added(void)
{
	struct pollfd all;
	pthread_t thread;

	begin(EPOLLIN);
	all = (struct pollfd){ set, POLLIN, 0 };
	SAY(poll(&all, 1, 0));
	pthread_create(&thread, NULL, add_later, NULL);
	SAY(poll(&all, 1, 10000));
	printf("%#x\n", all.revents);
	look(10000);
	pthread_join(thread, NULL);
	put();
	look(-1);
	return 0;
}

/* A set that its maker's child has inherited stays what it is when the maker is gone. */
static int inherited(void)
{
	struct epoll_event event = { EPOLLIN, { .u32 = 4 } };
	int over[2], signals;
	sigset_t usr1;
	char byte = 'x';

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, NULL);
	SAY(pipe(over));
	fflush(stdout);
	if (fork() == 0) {
		pid_t maker = getpid();

		set = epoll_create1(0);
		signals = signalfd(-1, &usr1, 0);
		if (epoll_ctl(set, EPOLL_CTL_ADD, signals, &event) < 0)
			_exit(1);
		if (fork() != 0)
			_exit(0);
		while (getppid() == maker)
			usleep(1000);
		usleep(20000);
		close(signals);
		close(set);
		_exit(write(over[1], &byte, 1) != 1);
	}
	wait(NULL);
	SAY(read(over[0], &byte, 1));
	return 0;
}

static const struct part parts[] = {
	{ "levels", levels },
	{ "edges", edges },
	{ "once", once },
	{ "turns", turns },
	{ "closing", closing },
	{ "of_a_child", of_a_child },
	{ "errors", errors },
	{ "interrupted", interrupted },
	{ "added", added },
	{ "inherited", inherited },
	{ NULL, NULL },
};

int main(int count, char **names)
{
	return say_parts(count, names, parts);
}
