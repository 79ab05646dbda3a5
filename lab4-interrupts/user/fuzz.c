/*
 * Calls without sense: so many system calls with random numbers and arguments, from a seed.
 *
 *   fuzz SEED CALLS [THREADS]
 *
 * The calls are made by children, since many of them are fatal: a child that has ended is followed
 * by another one, and one that makes no progress is killed. Each child has so many threads, all of
 * which call at once what may take away the others' memory and descriptors. What must not happen is
 * that the kernel takes part in the nonsense. In the end init and a new process have to work still.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define NUMBERS 460 /* of calls that are tried */

/*
 * What is not tried: from lab 5 on these four take the files away from those who watch, and the old
 * ones are places in which the kernel tests have calls of their own. All others are: reboot wants
 * two numbers that nobody guesses, and who waits, sleeps or stops for ever is killed for it.
 */
static const int left_out[] = { SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_vserver,
	SYS_uselib, SYS_afs_syscall, SYS_tuxcall };

/* What could hit anybody, init and those who watch among them, hits who makes it: the first
 * argument is then the process, its group (a child leads a session), or the thread. */
static const struct aim {
	int number;
	enum { PROCESS, GROUP, THREAD, BOTH } at;
} aims[] = {
	{ SYS_kill, GROUP },
	{ SYS_tkill, THREAD },
	{ SYS_tgkill, BOTH },
	{ SYS_rt_sigqueueinfo, PROCESS },
	{ SYS_rt_tgsigqueueinfo, BOTH },
	{ SYS_prlimit64, PROCESS },
	{ SYS_sched_setaffinity, THREAD },
};

/* Shared with the children: how many calls have been begun. */
static volatile uint64_t *begun;
static uint64_t calls;

static __thread uint64_t state;

/* SplitMix64 (Steele, Lea and Flood, OOPSLA 2014). */
static uint64_t next(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static int is_left_out(int number)
{
	for (unsigned i = 0; i < sizeof(left_out) / sizeof(*left_out); i++)
		if (left_out[i] == number)
			return 1;
	return 0;
}

/* Memory that may be written, and whose last page is followed by none. */
static char *arena;
#define ARENA 0x10000

static uint64_t pointer(void)
{
	static const uint64_t odd[] = { 0, 1, 0x10, 0xfff, 0x7fffffffefff, 0x7ffffffff000,
		0x800000000000, 0xffff800000000000, 0xffffffff80000000, 0xfffffffffffff000,
		0xffffffffffffffff, 0x8000000000000000 };

	switch (next() % 4) {
	case 0:
		return odd[next() % (sizeof(odd) / sizeof(*odd))];
	case 1:
		return (uint64_t)arena + ARENA - next() % 64; /* ends too early */
	default:
		return (uint64_t)arena + next() % (ARENA - 4096);
	}
}

static uint64_t argument(void)
{
	switch (next() % 6) {
	case 0:
		return next() % 16; /* descriptors, flags, counts */
	case 1:
		return 1ul << next() % 64;
	case 2:
		return (uint64_t) - (int64_t)(next() % 200);
	case 3:
		return next() >> next() % 64;
	default:
		return pointer();
	}
}

/* The arena: text, numbers, pointers, now and then anew. */
static void fill(void)
{
	static const char *const paths[] = { "/", ".", "/bin/hello", "/dev/null", "/dev/zero",
		"/proc/self/exe", "/bin/ls", "/none", "" };

	for (int i = 0; i < ARENA / 64; i++) {
		uint64_t *words = (uint64_t *)(arena + i * 64);

		if (next() % 2)
			strcpy((char *)words, paths[next() % (sizeof(paths) / sizeof(*paths))]);
		else
			for (int j = 0; j < 8; j++)
				words[j] = argument();
	}
}

static void ring(int number)
{
	(void)number;
}

static void aim(int number, uint64_t *a, uint64_t *b)
{
	for (unsigned i = 0; i < sizeof(aims) / sizeof(*aims); i++) {
		if (aims[i].number != number)
			continue;
		*a = (uint64_t)(aims[i].at == THREAD ? syscall(SYS_gettid) : getpid());
		if (aims[i].at == BOTH)
			*b = (uint64_t)syscall(SYS_gettid);
		if (aims[i].at == GROUP && next() % 2)
			*a = next() % 2 ? 0 : -*a;
	}
}

/* A copy of this process or thread would go on with the same calls. */
static void part(int number)
{
	if (number == SYS_fork || number == SYS_vfork || number == SYS_clone ||
		number == SYS_clone3)
		state += (uint64_t)syscall(SYS_gettid);
}

static void *call_on(void *seed)
{
	state = (uint64_t)seed;
	while (*begun < calls) {
		int number = (int)(next() % NUMBERS);
		uint64_t a = argument(), b = argument(), c = argument();

		if (next() % 64 == 0)
			fill();
		if (is_left_out(number))
			continue;
		aim(number, &a, &b);
		__atomic_add_fetch(begun, 1, __ATOMIC_RELAXED);
		syscall(number, a, b, c, argument(), argument(), argument());
		part(number);
	}
	_exit(0);
}

static _Noreturn void child(unsigned threads)
{
	struct itimerval often = { { 0, 5000 }, { 0, 5000 } };
	struct sigaction action = { .sa_handler = ring };
	pthread_t other;

	setsid();
	fill();
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	close(1);
	close(2);
	while (--threads)
		pthread_create(&other, NULL, call_on, (void *)next());
	call_on((void *)state);
	_exit(0);
}

/* Wait for a child as long as it goes on. Its own children end with it, but for those that have
 * left the group: they go on until all calls are made. */
static void watch(pid_t id)
{
	uint64_t seen = *begun;

	for (int looks = 0; waitpid(id, NULL, WNOHANG) == 0; looks++) {
		usleep(10000);
		if (*begun != seen)
			looks = 0;
		seen = *begun;
		if (looks == 30)
			kill(id, SIGKILL);
	}
	kill(-id, SIGKILL);
}

int main(int count, char **arguments)
{
	unsigned threads = count > 3 ? (unsigned)atoi(arguments[3]) : 1, children = 0;

	calls = count > 2 ? strtoull(arguments[2], NULL, 0) : 1000;
	state = count > 1 ? strtoull(arguments[1], NULL, 0) : 1;
	begun = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	arena = mmap(
		NULL, ARENA + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(arena + ARENA, 4096);
	while (*begun < calls) {
		next();
		pid_t id = fork();

		if (id == 0)
			child(threads);
		if (id > 0)
			watch(id);
		else
			usleep(1000);
		children++;
	}
	printf("fuzz: %lu calls, %s\n", (unsigned long)calls,
		children > 1 ? "several children" : "one child");
	return 0;
}
