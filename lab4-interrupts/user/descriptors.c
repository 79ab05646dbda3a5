/* Descriptors and pipes, as Linux has them: see lib/say.h. */
#define _GNU_SOURCE
#include "lib/say.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>

static char big[70000];

static int numbers(void)
{
	int ends[2];

	SAY(close(-1));
	SAY(close(1000000));
	SAY(dup(77));
	SAY(dup2(0, 60));
	SAY(dup2(60, 60));
	SAY(dup2(61, 61));
	SAY(dup3(60, 60, 0));
	SAY(dup3(60, 62, O_CLOEXEC));
	SAY(fcntl(62, F_GETFD));
	SAY(fcntl(60, F_GETFD));
	SAY(fcntl(60, F_DUPFD, 60));
	SAY(fcntl(60, F_DUPFD_CLOEXEC, 70));
	SAY(fcntl(70, F_GETFD));
	SAY(fcntl(60, F_DUPFD, -1));
	SAY(fcntl(60, F_DUPFD, 100000000));
	SAY(fcntl(60, 9999));
	SAY(fcntl(77, F_GETFD));
	for (int fd = 60; fd < 71; fd++)
		close(fd);
	SAY(pipe2(ends, 0x7));
	SAY(pipe2(ends, O_NONBLOCK | O_CLOEXEC));
	TELL(ends[0] == 3 && ends[1] == 4);
	SAY(fcntl(ends[0], F_GETFL) & (O_ACCMODE | O_NONBLOCK));
	SAY(fcntl(ends[1], F_GETFL) & (O_ACCMODE | O_NONBLOCK));
	SAY(fcntl(ends[1], F_GETFD));
	SAY(fcntl(ends[1], F_SETFL, 0));
	SAY(fcntl(ends[1], F_GETFL) & (O_ACCMODE | O_NONBLOCK));
	SAY(read(ends[1], big, 1));
	SAY(write(ends[0], big, 1));
	SAY(lseek(ends[0], 0, SEEK_CUR));
	SAY(pread(ends[0], big, 1, 0));
	SAY(ftruncate(ends[1], 0));
	SAY(ioctl(ends[0], 0x5401, big));
	close(ends[0]);
	close(ends[1]);
	return 0;
}

static int pipes(void)
{
	struct pollfd look[2];
	struct stat stat;
	int ends[2], waiting = -1;

	signal(SIGPIPE, SIG_IGN);
	SAY(pipe2(ends, O_NONBLOCK));
	SAY(fcntl(ends[1], F_GETPIPE_SZ));
	SAY(read(ends[0], big, 10));
	SAY(write(ends[1], "abcdef", 6));
	SAY(ioctl(ends[0], FIONREAD, &waiting));
	TELL(waiting == 6);
	SAY(read(ends[0], big, 4));
	SAY(read(ends[0], big, 4));
	SAY(write(ends[1], big, 0));
	SAY(read(ends[0], big, 0));
	SAY(write(ends[1], big, 65536));
	SAY(write(ends[1], big, 1));
	look[0] = (struct pollfd){ ends[0], POLLIN | POLLOUT, 0 };
	look[1] = (struct pollfd){ ends[1], POLLIN | POLLOUT, 0 };
	SAY(poll(look, 2, 0));
	printf("revents %x %x\n", look[0].revents, look[1].revents);
	SAY(read(ends[0], big, 100));
	SAY(read(ends[0], big, 5000));
	SAY(write(ends[1], big, 4096));
	SAY(fstat(ends[0], &stat));
	TELL(S_ISFIFO(stat.st_mode));
	close(ends[1]);
	SAY(read(ends[0], big, 70000));
	SAY(read(ends[0], big, 70000));
	SAY(poll(look, 1, 0));
	printf("revents %x\n", look[0].revents);
	close(ends[0]);
	SAY(pipe(ends));
	close(ends[0]);
	SAY(write(ends[1], "x", 1));
	look[1] = (struct pollfd){ ends[1], POLLIN | POLLOUT, 0 };
	SAY(poll(look + 1, 1, 0));
	printf("revents %x\n", look[1].revents);
	close(ends[1]);
	return 0;
}

static int broken(void)
{
	int ends[2];

	signal(SIGPIPE, SIG_DFL);
	if (pipe(ends) != 0)
		return 1;
	close(ends[0]);
	return write(ends[1], "x", 1) == 1;
}

/* Much through a pipe that holds little, between two processes. */
static int much(void)
{
	uint32_t sum = 0, own = 0;
	long got, all = 0;
	int ends[2];

	if (pipe(ends) != 0)
		return 1;
	fflush(stdout);
	if (fork() == 0) {
		for (int i = 0; i < 40; i++) {
			memset(big, i, sizeof(big));
			if (write(ends[1], big, sizeof(big)) != sizeof(big))
				_exit(1);
		}
		_exit(0);
	}
	close(ends[1]);
	while ((got = read(ends[0], big, 3001)) > 0) {
		for (long i = 0; i < got; i++)
			sum += (unsigned char)big[i];
		all += got;
	}
	wait(NULL);
	for (uint32_t i = 0; i < 40; i++)
		own += i * sizeof(big);
	printf("%ld bytes, the right ones: %s\n", all, sum == own ? "yes" : "no");
	return 0;
}

static int vectors(void)
{
	struct iovec parts[3] = { { "abc", 3 }, { NULL, 0 }, { "defg", 4 } };
	struct iovec room[2] = { { big, 2 }, { big + 100, 10 } };
	int ends[2];

	SAY(pipe(ends));
	SAY(writev(ends[1], parts, 3));
	SAY(readv(ends[0], room, 2));
	printf("%.2s %.5s\n", big, big + 100);
	SAY(writev(ends[1], parts, 0));
	SAY(writev(ends[1], parts, -1));
	SAY(writev(ends[1], parts, 1025));
	parts[0].iov_len = (size_t)-1;
	SAY(writev(ends[1], parts, 3));
	parts[0] = (struct iovec){ nowhere, 3 };
	SAY(writev(ends[1], parts, 3));
	parts[0] = (struct iovec){ "abc", 3 };
	parts[2].iov_base = nowhere;
	SAY(writev(ends[1], parts, 3));
	close(ends[0]);
	close(ends[1]);
	return 0;
}

static int events(void)
{
	uint64_t value = 5;
	int fd;

	SAY(eventfd(0, 0x77));
	fd = eventfd(3, EFD_NONBLOCK);
	SAY(read(fd, &value, 8));
	TELL(value == 3);
	SAY(read(fd, &value, 8));
	SAY(read(fd, &value, 4));
	value = UINT64_MAX;
	SAY(write(fd, &value, 8));
	value = UINT64_MAX - 1;
	SAY(write(fd, &value, 8));
	value = 1;
	SAY(write(fd, &value, 8));
	SAY(read(fd, &value, 8));
	TELL(value == UINT64_MAX - 1);
	close(fd);
	fd = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
	SAY(read(fd, &value, 8));
	TELL(value == 1);
	SAY(read(fd, &value, 8));
	SAY(read(fd, &value, 8));
	close(fd);
	return 0;
}

static int names(void)
{
	struct stat about;

	SAY(open("/no/such", O_RDONLY));
	SAY(open("", O_RDONLY));
	SAY(open("/bin/hello/x", O_RDONLY));
	SAY(open("/bin", O_RDWR));
	SAY(open("/bin/hello", O_RDONLY | O_DIRECTORY));
	SAY(open("/bin", O_RDONLY | O_DIRECTORY));
	SAY(close(3));
	SAY(stat("/bin/hello", &about));
	printf("mode %o links %ld, regular %d\n", about.st_mode & 07777, (long)about.st_nlink,
		S_ISREG(about.st_mode));
	SAY(stat("/bin", &about));
	TELL(S_ISDIR(about.st_mode));
	SAY(lstat("/bin/cat", &about));
	TELL(S_ISLNK(about.st_mode));
	SAY(readlink("/bin/cat", big, 100));
	SAY(readlink("/bin/hello", big, 100));
	SAY(access("/bin/hello", X_OK));
	SAY(access("/bin/nothing", F_OK));
	SAY(chdir("/bin"));
	SAY(open("hello", O_RDONLY));
	SAY(read(3, big, 4));
	TELL(!memcmp(big, "\177ELF", 4));
	SAY(lseek(3, -1, SEEK_SET));
	SAY(lseek(3, 1, SEEK_SET));
	SAY(read(3, big, 3));
	TELL(!memcmp(big, "ELF", 3));
	SAY(lseek(3, 0, 99));
	SAY(write(3, "x", 1));
	SAY(pread(3, big, 4, 1));
	SAY(pread(3, big, 4, -1));
	SAY(close(3));
	SAY(chdir("hello"));
	SAY(chdir("/nothing"));
	TELL(getcwd(big, 100) && !strcmp(big, "/bin"));
	SAY(getcwd(big, 2) != NULL);
	SAY(open("/dev/null", O_RDWR));
	SAY(write(3, big, 100));
	SAY(read(3, big, 100));
	SAY(close(3));
	SAY(open("/dev/zero", O_RDONLY));
	big[5] = 'x';
	SAY(read(3, big, 10));
	TELL(big[5] == 0);
	SAY(close(3));
	return 0;
}

static const struct part parts[] = {
	{ "numbers", numbers },
	{ "pipes", pipes },
	{ "broken", broken },
	{ "much", much },
	{ "vectors", vectors },
	{ "events", events },
	{ "names", names },
	{ NULL, NULL },
};

int main(int count, char **names)
{
	return say_parts(count, names, parts);
}
