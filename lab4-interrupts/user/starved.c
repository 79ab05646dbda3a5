/*
 * Calls for which the kernel has no memory: each is made again and again, and each time the next
 * one of the kernel's allocations fails, until it needs no more of them. It has to say so (ENOMEM,
 * or EAGAIN), to do without, or the process ends by a signal; and nothing may be lost.
 *
 * Only a kernel with tests can be made to fail (tests/inject_user_test.c).
 */
#define _GNU_SOURCE
#include "lib/parts.h"
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>

#define SELF "/bin/starved"
#define MOST 300   /* allocations of a call, and more */
#define LOST 64000 /* bytes that may be missing in the end: the kernel keeps some for itself */

enum { DONE, REFUSED, MANAGED, WRONG };

static long inject(unsigned count)
{
	return syscall(SYS_get_kernel_syms, count);
}

/* --- the calls ----------------------------------------------------------------------- */

static long does_exec(void)
{
	return execl(SELF, SELF, "alive", NULL);
}

static long does_fork(void)
{
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	return child < 0 ? child : waitpid(child, NULL, 0);
}

static long does_vfork(void)
{
	pid_t child = vfork();

	if (child == 0)
		_exit(0);
	return child < 0 ? child : waitpid(child, NULL, 0);
}

static void *nothing(void *unused)
{
	return unused;
}

static long does_thread(void)
{
	pthread_t thread;

	errno = pthread_create(&thread, NULL, nothing, NULL);
	return errno ? -1 : (long)pthread_join(thread, NULL);
}

static long does_pipe(void)
{
	int ends[2];

	return pipe(ends) ? -1 : write(ends[1], "x", 1);
}

static long does_open(void)
{
	return open("/bin/hello", O_RDONLY);
}

static long does_list(void)
{
	DIR *bin = opendir("/bin");

	if (!bin)
		return -1;
	errno = 0;
	while (readdir(bin))
		;
	return errno ? -1 : 0;
}

static long does_descriptors(void)
{
	return fcntl(1, F_DUPFD, 500);
}

static long does_map(void)
{
	char *at = mmap(NULL, 1 << 22, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return -1;
	at[0] = at[1 << 21] = 1;
	if (mprotect(at + 4096, 4096, PROT_READ))
		return -1;
	at = mremap(at, 4096, 1 << 20, MREMAP_MAYMOVE);
	return at == MAP_FAILED ? -1 : munmap(at + 8192, 4096);
}

static long does_share(void)
{
	char *at = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? -1 : (at[4096] = 0);
}

static long does_heap(void)
{
	return sbrk(1 << 16) == (void *)-1 ? -1 : 0;
}

static long does_poll(void)
{
	struct pollfd fds[600];

	for (int i = 0; i < 600; i++)
		fds[i] = (struct pollfd){ .fd = -1 };
	return poll(fds, 600, 0);
}

static long does_vector(void)
{
	struct iovec parts[200] = { { "", 0 } };

	return writev(1, parts, 200);
}

static long does_events(void)
{
	sigset_t set;
	struct epoll_event event = { .events = EPOLLIN };
	int all = epoll_create1(0), one = eventfd(0, 0);

	sigemptyset(&set);
	if (all < 0 || one < 0 || timerfd_create(CLOCK_MONOTONIC, 0) < 0 ||
		signalfd(-1, &set, 0) < 0)
		return -1;
	return epoll_ctl(all, EPOLL_CTL_ADD, one, &event);
}

static long does_signal(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 7 });
}

static long does_terminal(void)
{
	return open("/dev/tty", O_RDWR) < 0 && errno == ENXIO ? 0 : open("/dev/ptmx", O_RDWR);
}

static const struct operation {
	const char *name;
	long (*run)(void);
} operations[] = {
	{ "exec", does_exec },
	{ "fork", does_fork },
	{ "vfork", does_vfork },
	{ "thread", does_thread },
	{ "pipe", does_pipe },
	{ "open", does_open },
	{ "list", does_list },
	{ "descriptors", does_descriptors },
	{ "map", does_map },
	{ "share", does_share },
	{ "heap", does_heap },
	{ "poll", does_poll },
	{ "vector", does_vector },
	{ "events", does_events },
	{ "signal", does_signal },
	{ "terminal", does_terminal },
};

/* --- again and again ----------------------------------------------------------------- */

/* In a child, which tells by its status. */
static _Noreturn void once(const struct operation *operation, unsigned number)
{
	long result;
	int error;

	inject(number);
	result = operation->run();
	error = errno;
	if (inject(0))
		_exit(DONE);
	if (result >= 0)
		_exit(MANAGED);
	_exit(error == ENOMEM || error == EAGAIN ? REFUSED : WRONG);
}

/* Whether it was all right; *some: whether anything was refused. */
static int starve(const struct operation *operation, int *some)
{
	int status;

	for (unsigned number = 1; number < MOST; number++) {
		if (fork() == 0)
			once(operation, number);
		wait(&status);
		inject(0);
		if (WIFSIGNALED(status) ? WTERMSIG(status) != SIGKILL && WTERMSIG(status) != SIGSEGV
					: WEXITSTATUS(status) == WRONG)
			return 0;
		if (WIFEXITED(status) && WEXITSTATUS(status) == DONE)
			return 1;
		*some |= WIFSIGNALED(status) || WEXITSTATUS(status) == REFUSED;
	}
	return 0;
}

static unsigned long memory_left(void)
{
	struct sysinfo info;

	sysinfo(&info);
	return info.freeram * info.mem_unit;
}

int main(int count, char **arguments)
{
	unsigned long before = 0;

	if (count > 1 && !strcmp(arguments[1], "alive"))
		return inject(0) ? DONE : MANAGED;
	for (int turn = 0; turn < 2; turn++) { /* the kernel keeps what the first turn has needed */
		before = memory_left();
		for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
			int some = 0, right = starve(&operations[i], &some);

			if (turn)
				say("%s: %s", operations[i].name,
					!right ? "WRONG"
					: some ? "refused"
					       : "never refused");
		}
	}
	say("lost: %s", memory_left() + LOST > before ? "nothing" : "memory");
	return 0;
}
