/*
 * What the calls on descriptors do, told line by line. The same has to come on Linux: see
 * tests/test_transcripts.py. Sections have names, so that a difference is soon found.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static void *volatile bad = (void *)0x10; /* nothing is ever mapped there */
#define BAD bad

static void section(const char *name)
{
	printf("--- %s\n", name);
}

/* What a call returned: the number, or the error's name. */
static void tell(const char *call, long result)
{
	if (result < 0)
		printf("%s = -1 %s\n", call, strerror(errno));
	else
		printf("%s = %ld\n", call, result);
}
#define TELL(call) tell(#call, (long)(call))

static int pipes[2];

static void make_pipe(int flags)
{
	if (pipe2(pipes, flags) < 0)
		perror("pipe2");
}

static void drop_pipe(void)
{
	close(pipes[0]);
	close(pipes[1]);
}

static void test_descriptors(void)
{
	section("descriptors");
	TELL(dup(0));
	TELL(dup(77));
	TELL(dup2(0, 9));
	TELL(dup2(9, 9));
	TELL(dup2(77, 77));
	TELL(dup2(0, -1));
	TELL(dup2(0, 2000000));
	TELL(dup3(0, 9, 0));
	TELL(dup3(0, 0, 0));
	TELL(dup3(0, 9, O_NONBLOCK));
	TELL(dup3(0, 9, O_CLOEXEC));
	TELL(fcntl(9, F_GETFD));
	TELL(fcntl(9, F_SETFD, 0));
	TELL(fcntl(9, F_GETFD));
	TELL(fcntl(9, F_DUPFD, 20));
	TELL(fcntl(9, F_DUPFD, -1));
	TELL(fcntl(9, F_DUPFD_CLOEXEC, 20));
	TELL(fcntl(21, F_GETFD));
	TELL(fcntl(77, F_GETFD));
	TELL(fcntl(9, 12345));
	TELL(close(9));
	TELL(close(9));
	TELL(close(-1));
	TELL(syscall(SYS_close_range, 3, 30, 0));
	TELL(syscall(SYS_close_range, 5, 3, 0));
	TELL(syscall(SYS_close_range, 5, 6, 99));
	TELL(dup(0));
	TELL(close(3));
}

static void test_pipe(void)
{
	char text[100] = "";
	static char much[200000];

	section("pipe");
	TELL(pipe2(pipes, 12345));
	TELL(pipe2(BAD, 0));
	make_pipe(0);
	TELL(write(pipes[1], "hello", 5));
	TELL(read(pipes[0], text, 3));
	TELL(read(pipes[0], text + 3, sizeof(text) - 3));
	printf("%s\n", text);
	TELL(read(pipes[1], text, 1));
	TELL(write(pipes[0], text, 1));
	TELL(lseek(pipes[0], 0, SEEK_SET));
	TELL(pread(pipes[0], text, 1, 0));
	TELL(pwrite(pipes[1], text, 1, 0));
	TELL(read(pipes[0], text, 0));
	TELL(write(pipes[1], BAD, 5));
	TELL(write(pipes[1], BAD, 0));
	TELL(fcntl(pipes[0], F_GETPIPE_SZ));
	TELL(fcntl(pipes[0], F_GETFL));
	TELL(fcntl(pipes[1], F_SETFL, O_NONBLOCK));
	TELL(fcntl(pipes[1], F_GETFL));
	TELL(write(pipes[1], much, sizeof(much)));
	TELL(write(pipes[1], much, 1));
	int waiting = 0;

	TELL(ioctl(pipes[0], FIONREAD, &waiting));
	printf("waiting %d\n", waiting);
	TELL(read(pipes[0], much, sizeof(much)));
	TELL(write(pipes[1], "hello", 5));
	TELL(read(pipes[0], BAD, 5));
	TELL(ftruncate(pipes[1], 0));
	TELL(fsync(pipes[1]));
	TELL(syscall(SYS_getdents64, pipes[0], much, 100));
	TELL(fchdir(pipes[0]));
	TELL(close(pipes[1]));
	TELL(read(pipes[0], text, 1));
	TELL(close(pipes[0]));
}

static volatile int broken;

static void count_broken(int number)
{
	(void)number;
	broken++;
}

static void test_broken_pipe(void)
{
	section("broken pipe");
	signal(SIGPIPE, count_broken);
	make_pipe(0);
	close(pipes[0]);
	TELL(write(pipes[1], "x", 1));
	TELL(write(pipes[1], "x", 0));
	printf("signals %d\n", broken);
	close(pipes[1]);
	signal(SIGPIPE, SIG_DFL);
	make_pipe(0);
	close(pipes[0]);
	fflush(stdout);
	pid_t child = fork();

	if (child == 0) {
		write(pipes[1], "x", 1);
		_exit(0);
	}
	int status;

	waitpid(child, &status, 0);
	printf("killed by %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	close(pipes[1]);
}

static void test_vectors(void)
{
	char one[4] = "", two[8] = "";
	struct iovec good[2] = { { "abc", 3 }, { "defg", 4 } };
	struct iovec into[2] = { { one, 3 }, { two, 7 } };
	struct iovec half[2] = { { "abc", 3 }, { BAD, 4 } };
	struct iovec wrong[2] = { { "abc", 3 }, { "abc", (size_t)-1 } };

	section("vectors");
	make_pipe(O_NONBLOCK);
	TELL(writev(pipes[1], good, 2));
	TELL(readv(pipes[0], into, 2));
	printf("%s %s\n", one, two);
	TELL(writev(pipes[1], good, 0));
	TELL(writev(pipes[1], good, -1));
	TELL(writev(pipes[1], good, 2000));
	TELL(writev(pipes[1], BAD, 1));
	TELL(writev(pipes[1], wrong, 2));
	TELL(writev(pipes[1], half, 2));
	TELL(readv(pipes[0], into, 1));
	TELL(writev(77, good, 2));
	drop_pipe();
}

static void test_devices(void)
{
	char bytes[16];
	struct stat stat;
	int null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDWR);
	int random = open("/dev/urandom", O_RDONLY), full = open("/dev/full", O_RDWR);

	section("devices");
	TELL(read(null, bytes, sizeof(bytes)));
	TELL(write(null, "hello", 5));
	TELL(write(null, BAD, 5));
	TELL(lseek(null, 100, SEEK_SET));
	TELL(ioctl(null, TIOCGWINSZ, bytes));
	memset(bytes, 1, sizeof(bytes));
	TELL(read(zero, bytes, sizeof(bytes)));
	printf("%d %d\n", bytes[0], bytes[15]);
	TELL(read(zero, BAD, 5));
	TELL(read(random, bytes, sizeof(bytes)));
	TELL(write(full, "x", 1));
	TELL(read(full, bytes, 3));
	TELL(fstat(null, &stat));
	printf("%o %lx\n", stat.st_mode & S_IFMT, (long)stat.st_rdev);
	TELL(fstat(zero, &stat));
	printf("%o %lx\n", stat.st_mode & S_IFMT, (long)stat.st_rdev);
	TELL(fcntl(null, F_GETFL));
	TELL(fcntl((int)syscall(SYS_open, "/dev/null", O_RDWR), F_GETFL));
	TELL(open("/dev/null/x", O_RDONLY));
	TELL(open("/dev/null", O_DIRECTORY));
	TELL(open("", O_RDONLY));
	TELL(open(BAD, O_RDONLY));
	TELL(open("/nothing/here", O_RDONLY));
	TELL(sendfile(null, zero, NULL, 10000));
	close(null);
	close(zero);
	close(random);
	close(full);
}

static void tell_poll(struct pollfd *fds, int count, int timeout)
{
	int result = poll(fds, (nfds_t)count, timeout);

	printf("poll = %d:", result);
	for (int i = 0; i < count; i++)
		printf(" %x", fds[i].revents);
	printf("\n");
}

static void test_poll(void)
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

static void test_poll_wakes(void)
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

static void test_select(void)
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

static void test_interrupted(void)
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

static void test_eventfd(void)
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

static void test_timerfd(void)
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

	tell("read", got);
	for (long i = 0; i < got / (long)sizeof(*info); i++)
		printf("signal %u code %d mine %d int %d\n", info[i].ssi_signo, info[i].ssi_code,
			info[i].ssi_pid == (unsigned)getpid(), info[i].ssi_int);
}

static void test_signalfd(void)
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

static void test_shared(void)
{
	struct stat stat;

	section("shared by fork");
	make_pipe(0);
	fflush(stdout);
	if (fork() == 0) {
		close(0);
		close(pipes[0]);
		fcntl(pipes[1], F_SETFL, O_NONBLOCK);
		_exit(0);
	}
	wait(NULL);
	TELL(fcntl(0, F_GETFD));
	TELL(fcntl(pipes[1], F_GETFL));
	TELL(fstat(pipes[0], &stat));
	printf("%o\n", stat.st_mode);
	drop_pipe();
}

int main(void)
{
	setvbuf(stdout, NULL, _IOFBF, 65536);
	for (int fd = 3; fd < 100; fd++)
		close(fd);
	close(0);
	open("/dev/null", O_RDONLY);
	test_descriptors();
	test_pipe();
	test_broken_pipe();
	test_vectors();
	test_devices();
	test_poll();
	test_poll_wakes();
	test_select();
	test_interrupted();
	test_eventfd();
	test_timerfd();
	test_signalfd();
	test_shared();
	return 0;
}
