/* Waiting for descriptors: poll, select, and calls that a signal interrupts. */
#define _GNU_SOURCE
#include "filetest.h"
#include <poll.h>
#include <signal.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

void tell_poll(struct pollfd *fds, int count, int timeout)
{
	int result = poll(fds, (nfds_t)count, timeout);

	printf("poll = %d:", result);
	for (int i = 0; i < count; i++)
		printf(" %x", fds[i].revents);
	printf("\n");
}

void test_poll(void)
{
	struct pollfd fds[3];
	char byte;

	section("poll");
	make_pipe(0);
	fds[0] = (struct pollfd){ pipes[0], POLLIN, 0 };
	fds[1] = (struct pollfd){ pipes[1], POLLOUT, 0 };
	fds[2] = (struct pollfd){ 77, POLLIN, 0 };
	tell_poll(fds, 2, 0);
	tell_poll(fds, 1, 0);
	tell_poll(fds, 1, 20);
	tell_poll(fds, 3, -1);
	fds[2].fd = -5;
	tell_poll(fds, 3, -1);
	write(pipes[1], "x", 1);
	tell_poll(fds, 1, -1);
	fds[0].events = 0;
	tell_poll(fds, 1, 0);
	fds[0].events = POLLIN;
	close(pipes[1]);
	tell_poll(fds, 1, -1);
	read(pipes[0], &byte, 1);
	tell_poll(fds, 1, -1);
	close(pipes[0]);
	make_pipe(0);
	close(pipes[0]);
	fds[0] = (struct pollfd){ pipes[1], POLLIN, 0 };
	tell_poll(fds, 1, -1);
	close(pipes[1]);
	TELL(poll(NULL, 0, 10));
	TELL(poll(BAD, 1, 0));
	TELL(poll(fds, 2000000, 0));
}

void test_poll_wakes(void)
{
	struct pollfd fd;

	section("poll sleeps and is woken");
	make_pipe(0);
	fflush(stdout);
	if (fork() == 0) {
		usleep(20000);
		write(pipes[1], "x", 1);
		_exit(0);
	}
	fd = (struct pollfd){ pipes[0], POLLIN, 0 };
	tell_poll(&fd, 1, 10000);
	wait(NULL);
	drop_pipe();
}

static void tell_select(int limit, fd_set *in, fd_set *out, struct timeval *time)
{
	int result = select(limit, in, out, NULL, time);

	printf("select = %d:", result);
	for (int fd = 0; result >= 0 && fd < limit; fd++)
		printf(" %d%d", in && FD_ISSET(fd, in), out && FD_ISSET(fd, out));
	printf("\n");
}

void test_select(void)
{
	struct timeval none = { 0, 0 }, some = { 0, 20000 }, wrong = { -1, 0 };
	fd_set in, out;

	section("select");
	make_pipe(0);
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_SET(pipes[0], &in);
	FD_SET(pipes[1], &out);
	tell_select(pipes[1] + 1, &in, &out, &none);
	FD_SET(pipes[0], &in);
	tell_select(pipes[1] + 1, &in, NULL, &some);
	printf("left %ld %d\n", (long)some.tv_sec, some.tv_usec == 0);
	write(pipes[1], "x", 1);
	FD_SET(pipes[0], &in);
	some = (struct timeval){ 10, 0 };
	tell_select(pipes[1] + 1, &in, NULL, &some);
	printf("left %d\n", some.tv_sec == 9);
	TELL(select(-1, NULL, NULL, NULL, &none));
	TELL(syscall(SYS_select, 0, NULL, NULL, NULL, &wrong));
	TELL(syscall(SYS_select, 10, BAD, NULL, NULL, &none));
	TELL(select(0, NULL, NULL, NULL, &none));
	drop_pipe();
}

static void nothing(int number)
{
	(void)number;
}

void test_interrupted(void)
{
	struct timespec time = { 10, 0 };
	struct sigaction action = { .sa_handler = nothing, .sa_flags = SA_RESTART };
	sigset_t blocked, none;
	struct pollfd fd;

	section("interrupted");
	sigaction(SIGALRM, &action, NULL);
	sigemptyset(&none);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGALRM);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	make_pipe(0);
	fd = (struct pollfd){ pipes[0], POLLIN, 0 };
	kill(getpid(), SIGALRM);
	TELL(ppoll(&fd, 1, &time, &none));
	kill(getpid(), SIGALRM);
	TELL(pselect(0, NULL, NULL, NULL, &time, &none));
	sigprocmask(SIG_BLOCK, NULL, &none);
	printf("blocked %d\n", sigismember(&none, SIGALRM));
	sigprocmask(SIG_UNBLOCK, &blocked, NULL);
	struct itimerval soon = { { 0, 0 }, { 0, 20000 } };

	setitimer(ITIMER_REAL, &soon, NULL);
	TELL(poll(&fd, 1, 10000));
	setitimer(ITIMER_REAL, &soon, NULL);
	TELL(select(0, NULL, NULL, NULL, NULL));
	drop_pipe();
}
