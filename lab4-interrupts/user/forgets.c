/*
 * Memory that one thread takes away while another one, on another processor, writes to it: once the
 * call has returned, nobody writes there any more. See lib/say.h; on one processor it says the
 * same.
 */
#define _GNU_SOURCE
#include "lib/say.h"
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define PAGE     4096
#define MANY     64 /* pages: more than the kernel forgets one by one */
#define RW       (PROT_READ | PROT_WRITE)
#define ANON     (MAP_PRIVATE | MAP_ANONYMOUS)
#define ROUNDS   20
#define PATIENCE 5000 /* milliseconds */

typedef int word; /* each page's first counts how often it was written to */

static word *volatile memory;
static volatile int pages;         /* how many there are */
static volatile long turn;         /* which memory: one more, and the thread goes on with it */
static volatile long written, met; /* rounds over all pages, and faults */
static sigjmp_buf outside;

static word *page(word *at, int number)
{
	return (word *)((char *)at + number * PAGE);
}

/* --- the thread that writes ---------------------------------------------------------------- */

static void on_fault(int number)
{
	(void)number;
	siglongjmp(outside, 1);
}

static void write_until_fault(void)
{
	if (sigsetjmp(outside, 1))
		return;
	for (;;) {
		for (int i = 0; i < pages; i++)
			++*(volatile word *)page(memory, i);
		written++;
	}
}

static int last_processor(void)
{
	cpu_set_t all;
	int last = 0;

	sched_getaffinity(0, sizeof(all), &all);
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &all))
			last = i;
	return last;
}

static void stay_on(int processor)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(processor, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		printf("not on processor %d: %s\n", processor, strerror(errno));
}

static void *write_on(void *processor)
{
	long mine;

	stay_on(*(int *)processor);
	for (;;) {
		mine = turn;
		write_until_fault();
		met++;
		while (turn == mine)
			sched_yield();
	}
	return NULL;
}

/* --- who takes it away --------------------------------------------------------------------- */

static bool comes(volatile long *what, long to)
{
	for (int i = 0; i < PATIENCE && *what < to; i++)
		usleep(1000);
	return *what >= to;
}

/* New memory, which the thread writes to by now: one page, or many. */
static word *begin(int round)
{
	pages = round % 2 ? MANY : 1;
	memory = mmap(NULL, MANY * PAGE, RW, ANON, -1, 0);
	turn++;
	if (!comes(&written, written + 3))
		printf("it does not write\n");
	return memory;
}

static void start(void)
{
	static int other;
	pthread_t thread;

	other = last_processor();
	stay_on(0);
	signal(SIGSEGV, on_fault);
	memory = mmap(NULL, PAGE, PROT_NONE, ANON, -1, 0);
	pages = 1;
	pthread_create(&thread, NULL, write_on, &other);
}

static void look(word *at, word *seen)
{
	for (int i = 0; i < pages; i++)
		seen[i] = *(volatile word *)page(at, i);
}

/* Each part counts the rounds in which the thread has met a fault, and those in which nothing
 * has changed since the memory was taken away. */
static int rounds(word *(*take)(word *at))
{
	int faulted = 0, same = 0;
	word before[MANY], then[MANY];

	start();
	for (int round = 0; round < ROUNDS && faulted == round; round++) {
		word *at = begin(round);
		long faults = met;

		at = take(at);
		look(at, before);
		faulted += comes(&met, faults + 1);
		look(at, then);
		same += !memcmp(before, then, (size_t)pages * sizeof(word));
		munmap(at, MANY * PAGE);
	}
	printf("of %d rounds: %d with a fault, %d without a change\n", ROUNDS, faulted, same);
	return 0;
}

static word *protect(word *at)
{
	mprotect(at, MANY * PAGE, PROT_READ);
	return at;
}

static int protected(void)
{
	return rounds(protect);
}

/* Then something else is there, which nobody writes to. */
static word *unmap(word *at)
{
	munmap(at, MANY * PAGE);
	return mmap(at, MANY * PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0);
}

static int unmapped(void)
{
	return rounds(unmap);
}

static word *replace(word *at)
{
	return mmap(at, MANY * PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0);
}

static int replaced(void)
{
	return rounds(replace);
}

static word *move(word *at)
{
	word *to = mmap(NULL, MANY * PAGE, PROT_NONE, ANON, -1, 0);

	return mremap(at, MANY * PAGE, MANY * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to);
}

static int moved(void)
{
	return rounds(move);
}

/* The thread goes on to write: to the new pages, where all see it. */
static int discarded(void)
{
	int seen = 0;

	start();
	for (int round = 0; round < ROUNDS; round++) {
		word *at = begin(round);
		int there = 0;

		madvise(at, MANY * PAGE, MADV_DONTNEED);
		comes(&written, written + 3);
		for (int i = 0; i < pages; i++)
			there += *(volatile word *)page(at, i) > 0;
		seen += there == pages;
		munmap(at, MANY * PAGE);
	}
	printf("of %d rounds: %d in which all was seen\n", ROUNDS, seen);
	return 0;
}

static int child(word *at)
{
	word before[MANY], then[MANY];

	look(at, before);
	usleep(5000);
	look(at, then);
	return memcmp(before, then, (size_t)pages * sizeof(word)) != 0;
}

/* A child has what was there when it was made: what the thread writes then is the parent's. */
static int copied(void)
{
	int same = 0, status;

	start();
	for (int round = 0; round < ROUNDS; round++) {
		word *at = begin(round);

		if (fork() == 0)
			_exit(child(at));
		same += wait(&status) > 0 && status == 0;
		munmap(at, MANY * PAGE);
	}
	printf("of %d children: %d whose memory stays\n", ROUNDS, same);
	return 0;
}

static const struct part parts[] = {
	{ "protected", protected },
	{ "unmapped", unmapped },
	{ "replaced", replaced },
	{ "moved", moved },
	{ "discarded", discarded },
	{ "copied", copied },
	{ NULL, NULL },
};

int main(int count, char **names)
{
	return say_parts(count, names, parts);
}
