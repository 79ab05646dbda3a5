/* poll, select, and what can be waited for, as Linux has it: see lib/say.h. */
#define _GNU_SOURCE
#include "lib/say.h"
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>

static volatile sig_atomic_t told;

static void on_signal(int number)
{
	told = number;
}

static int polls(void)
{
	struct pollfd look[3];
	int ends[2];

	SAY(pipe(ends));
	look[0] = (struct pollfd){ ends[0], POLLIN, 77 };
	look[1] = (struct pollfd){ -5, POLLIN, 77 };
	look[2] = (struct pollfd){ 90, POLLIN, 77 };
	SAY(poll(look, 2, 0));
	printf("%x %x\n", look[0].revents, look[1].revents);
	SAY(poll(look, 3, -1));
	printf("%x %x %x\n", look[0].revents, look[1].revents, look[2].revents);
	SAY(poll(look, 1, 10));
	SAY(poll(NULL, 0, 10));
	SAY(poll((struct pollfd *)nowhere, 1, 0));
	SAY(poll(look, 1000000, 0));
	fflush(stdout);
	if (fork() == 0) {
		usleep(30000);
		if (write(ends[1], "x", 1) != 1)
			_exit(1);
		_exit(0);
	}
	SAY(poll(look, 1, 10000));
	printf("%x\n", look[0].revents);
	wait(NULL);
	close(ends[1]);
	SAY(poll(look, 1, 0));
	printf("%x\n", look[0].revents);
	close(ends[0]);
	return 0;
}

static int signals(void)
{
	struct timespec second = { 1, 0 };
	sigset_t blocked, none;
	pid_t parent = getpid();

	signal(SIGUSR1, on_signal);
	sigemptyset(&none);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	raise(SIGUSR1);
	TELL(told == 0);
	SAY(ppoll(NULL, 0, &second, &none));
	TELL(told == SIGUSR1);
	told = 0;
	sigprocmask(SIG_SETMASK, &none, NULL);
	fflush(stdout);
	if (fork() == 0) {
		usleep(30000);
		kill(parent, SIGUSR1);
		_exit(0);
	}
	SAY(poll(NULL, 0, 10000));
	TELL(told == SIGUSR1);
	wait(NULL);
	second.tv_nsec = -1;
	SAY(ppoll(NULL, 0, &second, NULL));
	return 0;
}

static int selects(void)
{
	struct timeval none = { 0, 0 }, some = { 0, 20000 };
	fd_set in, out;
	int ends[2];

	SAY(pipe(ends));
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_SET(ends[0], &in);
	FD_SET(ends[1], &out);
	SAY(select(ends[1] + 1, &in, &out, NULL, &none));
	printf("%d %d\n", !!FD_ISSET(ends[0], &in), !!FD_ISSET(ends[1], &out));
	FD_SET(ends[0], &in);
	SAY(select(ends[1] + 1, &in, NULL, NULL, &some));
	TELL(some.tv_sec == 0 && some.tv_usec == 0);
	if (write(ends[1], "x", 1) == 1)
		FD_SET(ends[0], &in);
	SAY(select(ends[1] + 1, &in, NULL, NULL, NULL));
	SAY(select(-1, &in, NULL, NULL, &none));
	close(ends[0]);
	close(ends[1]);
	return 0;
}

static int timers(void)
{
	struct itimerspec spec = { { 0, 5000000 }, { 0, 5000000 } }, left;
	struct pollfd look;
	uint64_t count = 0;
	int fd;

	SAY(timerfd_create(99, 0));
	fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	SAY(read(fd, &count, 8));
	SAY(timerfd_settime(fd, 0, &spec, NULL));
	look = (struct pollfd){ fd, POLLIN, 0 };
	SAY(poll(&look, 1, 10000));
	SAY(read(fd, &count, 8));
	TELL(count >= 1);
	usleep(30000);
	SAY(read(fd, &count, 8));
	TELL(count >= 3);
	SAY(read(fd, &count, 4));
	spec = (struct itimerspec){ { 0, 0 }, { 100, 0 } };
	SAY(timerfd_settime(fd, 0, &spec, &left));
	SAY(timerfd_gettime(fd, &left));
	TELL(left.it_value.tv_sec >= 98 && left.it_interval.tv_nsec == 0);
	spec = (struct itimerspec){ { INT64_MAX, 0 }, { 0, 1000 } };
	SAY(timerfd_settime(fd, 0, &spec, NULL));
	SAY(poll(&look, 1, 10000));
	SAY(read(fd, &count, 8));
	SAY(read(fd, &count, 8));
	spec.it_value.tv_nsec = 2000000000;
	SAY(timerfd_settime(fd, 0, &spec, NULL));
	SAY(timerfd_settime(0, 0, &spec, NULL));
	close(fd);
	return 0;
}

/* A time of day that is over has come. */
static int long_ago(void)
{
	struct itimerspec spec = { { 0, 0 }, { 1000, 0 } };
	uint64_t count = 0;
	int fd = timerfd_create(CLOCK_REALTIME, 0);

	SAY(timerfd_settime(fd, TFD_TIMER_ABSTIME, &spec, NULL));
	SAY(read(fd, &count, 8));
	TELL(count == 1);
	close(fd);
	return 0;
}

static int by_descriptor(void)
{
	struct signalfd_siginfo info;
	struct pollfd look;
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_NONBLOCK);
	SAY(read(fd, &info, sizeof(info)));
	SAY(kill(getpid(), SIGUSR2));
	look = (struct pollfd){ fd, POLLIN, 0 };
	SAY(poll(&look, 1, 0));
	SAY(read(fd, &info, sizeof(info)));
	printf("signal %u code %d own %d\n", info.ssi_signo, info.ssi_code,
		info.ssi_pid == (uint32_t)getpid());
	SAY(read(fd, &info, 3));
	SAY(signalfd(0, &set, 0));
	close(fd);
	return 0;
}

static int descriptor;

static void *want_another(void *set)
{
	usleep(30000);
	signalfd(descriptor, set, 0);
	return NULL;
}

/* Who waits for a descriptor is told that it stands for other signals now. */
static int other_signals(void)
{
	struct timespec before, after;
	struct pollfd look;
	pthread_t thread;
	sigset_t first, second;

	sigemptyset(&first);
	sigemptyset(&second);
	sigaddset(&first, SIGUSR1);
	sigaddset(&second, SIGUSR2);
	sigprocmask(SIG_BLOCK, &first, NULL);
	sigprocmask(SIG_BLOCK, &second, NULL);
	descriptor = signalfd(-1, &first, 0);
	SAY(kill(getpid(), SIGUSR2));
	look = (struct pollfd){ descriptor, POLLIN, 0 };
	SAY(poll(&look, 1, 0));
	pthread_create(&thread, NULL, want_another, &second);
	clock_gettime(CLOCK_MONOTONIC, &before);
	SAY(poll(&look, 1, 5000));
	clock_gettime(CLOCK_MONOTONIC, &after);
	TELL(after.tv_sec - before.tv_sec < 4);
	pthread_join(thread, NULL);
	close(descriptor);
	return 0;
}

static const struct part parts[] = {
	{ "polls", polls },
	{ "signals", signals },
	{ "selects", selects },
	{ "timers", timers },
	{ "long_ago", long_ago },
	{ "by_descriptor", by_descriptor },
	{ "other_signals", other_signals },
	{ NULL, NULL },
};

int main(int count, char **names)
{
	return say_parts(count, names, parts);
}
