/* Events as descriptors: eventfd, timerfd, signalfd. */
#define _GNU_SOURCE
#include "filetest.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

void test_eventfd(void)
{
	uint64_t value = 5;
	int event = eventfd(3, EFD_NONBLOCK);

	section("eventfd");
	TELL(write(event, &value, 8));
	TELL(write(event, &value, 7));
	TELL(read(event, &value, 7));
	TELL(read(event, &value, 8));
	printf("%d\n", (int)value);
	TELL(read(event, &value, 8));
	value = (uint64_t)-1;
	TELL(write(event, &value, 8));
	value = (uint64_t)-2;
	TELL(write(event, &value, 8));
	value = 1;
	TELL(write(event, &value, 8));
	struct pollfd fd = { event, POLLIN | POLLOUT, 0 };

	tell_poll(&fd, 1, 0);
	close(event);
	event = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
	TELL(read(event, &value, 8));
	TELL(read(event, &value, 8));
	TELL(read(event, &value, 8));
	close(event);
	TELL(eventfd(0, 12345));
}

void test_timerfd(void)
{
	struct itimerspec soon = { { 0, 0 }, { 0, 200000000 } }, old;
	struct itimerspec often = { { 0, 1000 }, { 0, 1000 } };
	uint64_t count = 0;
	int timer = timerfd_create(CLOCK_MONOTONIC, 0);
	struct pollfd fd = { timer, POLLIN, 0 };

	section("timerfd");
	TELL(timerfd_create(99, 0));
	TELL(timerfd_settime(0, 0, &soon, NULL));
	TELL(timerfd_settime(timer, 99, &soon, NULL));
	TELL(timerfd_settime(timer, 0, BAD, NULL));
	TELL(timerfd_settime(timer, 0, &soon, &old));
	printf("old %d %d\n", (int)old.it_value.tv_sec, (int)old.it_value.tv_nsec);
	tell_poll(&fd, 1, 0);
	tell_poll(&fd, 1, -1);
	TELL(read(timer, &count, 7));
	TELL(read(timer, &count, 8));
	printf("count %d\n", (int)count);
	TELL(timerfd_gettime(timer, &old));
	printf("left %d %d\n", (int)old.it_value.tv_sec, (int)old.it_value.tv_nsec);
	TELL(timerfd_settime(timer, 0, &often, NULL));
	usleep(20000);
	TELL(read(timer, &count, 8));
	printf("many %d\n", count >= 20);
	soon.it_value.tv_sec = 100;
	soon.it_value.tv_nsec = 0;
	TELL(timerfd_settime(timer, 0, &soon, &old));
	TELL(timerfd_gettime(timer, &old));
	printf("left %d\n", (int)old.it_value.tv_sec);
	soon.it_value.tv_sec = 0;
	TELL(timerfd_settime(timer, 0, &soon, NULL));
	fcntl(timer, F_SETFL, O_NONBLOCK);
	TELL(read(timer, &count, 8));
	soon.it_value.tv_sec = 1;
	TELL(timerfd_settime(timer, TFD_TIMER_ABSTIME, &soon, NULL));
	fcntl(timer, F_SETFL, 0);
	TELL(read(timer, &count, 8));
	close(timer);
}

static void tell_signals(int fd, size_t bytes)
{
	struct signalfd_siginfo info[4];
	long got = read(fd, info, bytes);

	tell_call("read", got);
	for (long i = 0; i < got / (long)sizeof(*info); i++)
		printf("signal %u code %d mine %d int %d\n", info[i].ssi_signo, info[i].ssi_code,
			info[i].ssi_pid == (unsigned)getpid(), info[i].ssi_int);
}

void test_signalfd(void)
{
	sigset_t set, other;
	union sigval value = { .sival_int = 77 };

	section("signalfd");
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	int fd = signalfd(-1, &set, SFD_NONBLOCK);
	struct pollfd polled = { fd, POLLIN, 0 };

	TELL(syscall(SYS_signalfd4, -1, &set, 7, 0));
	TELL(syscall(SYS_signalfd4, -1, BAD, 8, 0));
	TELL(syscall(SYS_signalfd4, 0, &set, 8, 0));
	TELL(syscall(SYS_signalfd4, -1, &set, 8, 99));
	tell_signals(fd, 128);
	tell_signals(fd, 127);
	tell_poll(&polled, 1, 0);
	kill(getpid(), SIGUSR1);
	sigqueue(getpid(), SIGRTMIN, value);
	tell_poll(&polled, 1, 0);
	tell_signals(fd, 4 * 128);
	fcntl(fd, F_SETFL, 0);
	fflush(stdout);
	if (fork() == 0) {
		usleep(20000);
		kill(getppid(), SIGUSR1);
		_exit(0);
	}
	tell_signals(fd, 128);
	tell_poll(&polled, 1, -1);
	wait(NULL);
	sigemptyset(&other);
	sigaddset(&other, SIGUSR2);
	printf("same %d\n", signalfd(fd, &other, 0) == fd);
	kill(getpid(), SIGUSR1);
	tell_poll(&polled, 1, 0);
	signal(SIGUSR1, SIG_IGN);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	close(fd);
}
