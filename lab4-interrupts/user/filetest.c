/*
 * What the calls on descriptors do, told line by line. The same has to come on Linux: see
 * tests/test_transcripts.py. Sections have names, so that a difference is soon found.
 */
#define _GNU_SOURCE
#include "filetest/filetest.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

void *volatile bad = (void *)0x10;

void section(const char *name)
{
	printf("--- %s\n", name);
}

/* What a call returned: the number, or the error's name. */
void tell_call(const char *call, long result)
{
	if (result < 0)
		printf("%s = -1 %s\n", call, strerror(errno));
	else
		printf("%s = %ld\n", call, result);
}

int pipes[2];

void make_pipe(int flags)
{
	if (pipe2(pipes, flags) < 0)
		perror("pipe2");
}

void drop_pipe(void)
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
