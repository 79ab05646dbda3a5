/*
 * Page faults of 4 KiB. A mapping is 1 MiB, so that no page of 2 MiB fits.
 */
#include "bench.h"
#include <sys/mman.h>
#include <sys/wait.h>

#define PAGE   4096ul
#define PAGES  256ul
#define FAULTS (4 * PAGES)

static volatile char *map(void)
{
	void *at = mmap(
		NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	NEED(at);
	madvise(at, PAGES * PAGE, MADV_NOHUGEPAGE);
	return at;
}

static void unmap(volatile char *at)
{
	NEED(munmap((void *)at, PAGES * PAGE));
}

static void touch(volatile char *at)
{
	for (uint64_t i = 0; i < PAGES; i++)
		at[i * PAGE] = 1;
}

/* A page is given back, too: with the mapping, as a program would. */
static void fault_anonymous(uint64_t count)
{
	for (uint64_t done = 0; done < count; done += PAGES) {
		volatile char *at = map();

		start();
		touch(at);
		unmap(at);
		stop();
	}
}

/* Start a child that has the same pages, and keeps them until it can read from what is returned,
 * or nobody can write there any more. */
static pid_t share(int *until)
{
	int ends[2];
	char byte;
	pid_t child;

	NEED(pipe(ends));
	child = (pid_t)NEED(fork());
	if (child == 0) {
		close(ends[1]);
		read(ends[0], &byte, 1);
		_exit(0);
	}
	close(ends[0]);
	*until = ends[1];
	return child;
}

static void fault_cow(uint64_t count)
{
	for (uint64_t done = 0; done < count; done += PAGES) {
		volatile char *at = map();
		int until;
		pid_t child;

		touch(at);
		child = share(&until);
		start();
		touch(at);
		stop();
		close(until);
		NEED(waitpid(child, NULL, 0));
		unmap(at);
	}
}

const struct operation memory[] = {
	{ "user_fault_anonymous", "anonymous fault, and the page given back", fault_anonymous,
		FAULTS },
	{ "user_fault_cow", "copy-on-write fault", fault_cow, FAULTS },
	{ 0 },
};
