/*
 * What futexes do, told in lines that are the same on every Linux, and so on Cub.
 *
 *   futexes NAME...      run these parts; without a name, all
 *
 * tests/test_futexes.py compares them with what Linux has said (futexes.expected).
 */
#define _GNU_SOURCE
#include "lib/signal_parts.h"
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PRIVATE FUTEX_PRIVATE_FLAG
#define MOST    16

static long futex(volatile void *word, int operation, unsigned value, const void *fourth,
	volatile void *word2, unsigned value3)
{
	return syscall(SYS_futex, word, operation, value, fourth, word2, value3);
}

static const char *told(long result)
{
	static char text[40];

	if (result < 0)
		return strerror(errno);
	snprintf(text, sizeof(text), "%ld", result);
	return text;
}

static struct timespec in_ms(clockid_t clock, long ms)
{
	struct timespec time = { 0, 0 };

	if (clock >= 0)
		clock_gettime(clock, &time);
	time.tv_nsec += ms * 1000000;
	time.tv_sec += time.tv_nsec / 1000000000;
	time.tv_nsec %= 1000000000;
	return time;
}

/* --- threads that wait --------------------------------------------------------------- */

struct sleeper {
	pthread_t thread;
	volatile uint32_t *word;
	int operation;
	uint32_t bits;
	volatile long result;
	volatile int error, over;
	volatile pid_t id;
};

static struct sleeper sleepers[MOST];
static int sleeper_count;
static volatile int ended;

static void *sleep_once(void *argument)
{
	struct sleeper *self = argument;

	self->id = (pid_t)syscall(SYS_gettid);
	self->result = futex(self->word, self->operation, *self->word, NULL, NULL, self->bits);
	self->error = errno;
	self->over = 1;
	__atomic_add_fetch(&ended, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

/* One more, and it is asleep when this returns: threads come to sleep in the order they are made.
 */
static void add(volatile uint32_t *word, uint32_t bits, int flags)
{
	struct sleeper *sleeper = &sleepers[sleeper_count++];

	*sleeper = (struct sleeper){
		.word = word, .operation = FUTEX_WAIT_BITSET | flags, .bits = bits
	};
	pthread_create(&sleeper->thread, NULL, sleep_once, sleeper);
	while (!sleeper->id)
		usleep(1000);
	usleep(8000);
}

/* Wait until so many have ended, and tell who. Of those that were woken together, any may be the
 * first to run. */
static void tell_ended(const char *what, int count)
{
	for (int i = 0; i < 500 && ended < count; i++)
		usleep(1000);
	printf("%s:", what);
	for (int i = 0; i < sleeper_count; i++)
		if (sleepers[i].over)
			printf(" %d%s%s", i, sleepers[i].result ? " " : "",
				sleepers[i].result ? strerror(sleepers[i].error) : "");
	printf("\n");
}

static void join_all(void)
{
	for (int i = 0; i < sleeper_count; i++)
		pthread_join(sleepers[i].thread, NULL);
	sleeper_count = ended = 0;
}

/* --- parts --------------------------------------------------------------------------- */

static uint32_t words[4];

static void part_values(void)
{
	struct timespec none = { 0, 0 }, bad = { 0, 1000000000 }, negative = { -1, 0 };

	printf("other value: %s\n", told(futex(&words[0], FUTEX_WAIT, 1, NULL, NULL, 0)));
	printf("no time: %s\n", told(futex(&words[0], FUTEX_WAIT, 0, &none, NULL, 0)));
	printf("other value, no time: %s\n", told(futex(&words[0], FUTEX_WAIT, 1, &none, NULL, 0)));
	printf("bad time: %s\n", told(futex(&words[0], FUTEX_WAIT, 0, &bad, NULL, 0)));
	printf("negative time: %s\n", told(futex(&words[0], FUTEX_WAIT, 0, &negative, NULL, 0)));
	printf("between words: %s\n",
		told(futex((char *)words + 2, FUTEX_WAIT, 0, &none, NULL, 0)));
	printf("nowhere: %s\n", told(futex((void *)4096, FUTEX_WAIT, 0, &none, NULL, 0)));
	printf("the kernel: %s\n",
		told(futex((void *)0xffffffff80000000ul, FUTEX_WAIT, 0, &none, NULL, 0)));
	printf("time from nowhere: %s\n",
		told(futex(&words[0], FUTEX_WAIT, 0, (void *)8, NULL, 0)));
	printf("no bits: %s\n", told(futex(&words[0], FUTEX_WAIT_BITSET, 0, &none, NULL, 0)));
	printf("wake no bits: %s\n", told(futex(&words[0], FUTEX_WAKE_BITSET, 1, NULL, NULL, 0)));
	printf("wake nobody: %s\n", told(futex(&words[0], FUTEX_WAKE, 1, NULL, NULL, 0)));
	printf("wake between words: %s\n",
		told(futex((char *)words + 1, FUTEX_WAKE, 1, NULL, NULL, 0)));
	printf("no operation: %s\n", told(futex(&words[0], 100, 1, NULL, NULL, 0)));
	printf("requeue, other value: %s\n",
		told(futex(&words[0], FUTEX_CMP_REQUEUE, 1, (void *)1, &words[1], 5)));
	printf("requeue -1: %s\n",
		told(futex(&words[0], FUTEX_REQUEUE, -1, (void *)1, &words[1], 5)));
	printf("requeue nobody: %s\n",
		told(futex(&words[0], FUTEX_CMP_REQUEUE, 1, (void *)1, &words[1], 0)));
	printf("wake with the day's clock: %s\n",
		told(futex(&words[0], FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 1, NULL, NULL, 0)));
}

static void part_wake(void)
{
	for (int i = 0; i < 5; i++)
		add(&words[0], ~0u, PRIVATE);
	printf("wake 2: %s\n", told(futex(&words[0], FUTEX_WAKE | PRIVATE, 2, NULL, NULL, 0)));
	tell_ended("woken", 2);
	printf("wake 0: %s\n", told(futex(&words[0], FUTEX_WAKE | PRIVATE, 0, NULL, NULL, 0)));
	printf("another word: %s\n",
		told(futex(&words[1], FUTEX_WAKE | PRIVATE, 1, NULL, NULL, 0)));
	printf("wake all: %s\n",
		told(futex(&words[0], FUTEX_WAKE | PRIVATE, INT_MAX, NULL, NULL, 0)));
	tell_ended("woken", 5);
	join_all();
}

static void part_bits(void)
{
	add(&words[0], 1, PRIVATE);
	add(&words[0], 2, PRIVATE);
	add(&words[0], 3, PRIVATE);
	add(&words[0], 1u << 31, PRIVATE);
	printf("bit 4: %s\n",
		told(futex(&words[0], FUTEX_WAKE_BITSET | PRIVATE, INT_MAX, NULL, NULL, 4)));
	printf("bit 2: %s\n",
		told(futex(&words[0], FUTEX_WAKE_BITSET | PRIVATE, INT_MAX, NULL, NULL, 2)));
	tell_ended("woken", 2);
	printf("any: %s\n", told(futex(&words[0], FUTEX_WAKE | PRIVATE, INT_MAX, NULL, NULL, 0)));
	tell_ended("woken", 4);
	join_all();
}

static void part_requeue(void)
{
	for (int i = 0; i < 5; i++)
		add(&words[0], ~0u, PRIVATE);
	add(&words[1], ~0u, PRIVATE);
	printf("wake 1, move 2: %s\n",
		told(futex(&words[0], FUTEX_CMP_REQUEUE | PRIVATE, 1, (void *)2, &words[1], 0)));
	tell_ended("woken", 1);
	printf("wake the second: %s\n",
		told(futex(&words[1], FUTEX_WAKE | PRIVATE, 2, NULL, NULL, 0)));
	tell_ended("woken", 3);
	printf("to itself: %s\n",
		told(futex(&words[0], FUTEX_REQUEUE | PRIVATE, 0, (void *)5, &words[0], 0)));
	printf("wake 1, move all: %s\n",
		told(futex(&words[0], FUTEX_REQUEUE | PRIVATE, 1, (void *)INT_MAX, &words[1], 0)));
	tell_ended("woken", 4);
	printf("nobody is left: %s\n",
		told(futex(&words[0], FUTEX_WAKE | PRIVATE, INT_MAX, NULL, NULL, 0)));
	printf("wake the second: %s\n",
		told(futex(&words[1], FUTEX_WAKE | PRIVATE, INT_MAX, NULL, NULL, 0)));
	tell_ended("woken", 6);
	join_all();
}

static void wake_op(
	const char *what, uint32_t before, int operation, int argument, int compare, int with)
{
	long result;

	words[1] = before;
	result = futex(&words[0], FUTEX_WAKE_OP | PRIVATE, 1, (void *)1, &words[1],
		(uint32_t)FUTEX_OP(operation, argument, compare, with));
	printf("%s: %s", what, told(result));
	printf(", the word is %#x\n", words[1]);
}

static void part_wake_op(void)
{
	for (int i = 0; i < 4; i++)
		add(&words[0], ~0u, PRIVATE);
	add(&words[1], ~0u, PRIVATE);
	add(&words[1], ~0u, PRIVATE);
	wake_op("set 5, was 0", 0, FUTEX_OP_SET, 5, FUTEX_OP_CMP_EQ, 0);
	tell_ended("woken", 2);
	wake_op("add -1, more than 0", 0, FUTEX_OP_ADD, -1, FUTEX_OP_CMP_GT, 0);
	tell_ended("woken", 3);
	wake_op("or a shifted one, less than 0", 0xfffffff0, FUTEX_OP_OR | FUTEX_OP_OPARG_SHIFT, 3,
		FUTEX_OP_CMP_LT, 0);
	tell_ended("woken", 5);
	wake_op("and not, not 7", 7, FUTEX_OP_ANDN, 6, FUTEX_OP_CMP_NE, 7);
	tell_ended("woken", 6);
	wake_op("xor, at most -1", 7, FUTEX_OP_XOR, 0xff, FUTEX_OP_CMP_LE, -1);
	wake_op("at least", 7, FUTEX_OP_SET, 1, FUTEX_OP_CMP_GE, 7);
	join_all();
}

/* How many it may wake is looked at when one has been woken. */
static void part_wake_op_none(void)
{
	uint32_t operation = FUTEX_OP(FUTEX_OP_SET, 0, FUTEX_OP_CMP_EQ, 0);

	for (int i = 0; i < 3; i++)
		add(&words[0], ~0u, PRIVATE);
	for (int i = 0; i < 3; i++)
		add(&words[1], ~0u, PRIVATE);
	words[1] = 0;
	printf("none of each: %s\n", told(futex(&words[0], FUTEX_WAKE_OP | PRIVATE, 0, (void *)0,
					     &words[1], operation)));
	tell_ended("woken", 2);
	printf("less than none: %s\n", told(futex(&words[0], FUTEX_WAKE_OP | PRIVATE, -1,
					       (void *)-1l, &words[1], operation)));
	tell_ended("woken", 4);
	printf("the others: %s\n", told(futex(&words[0], FUTEX_WAKE_OP | PRIVATE, INT_MAX,
					   (void *)INT_MAX, &words[1], operation)));
	tell_ended("woken", 6);
	join_all();
}

static void tell_time(const char *what, int operation, clockid_t clock, uint32_t bits)
{
	struct timespec before = in_ms(CLOCK_MONOTONIC, 0), end = in_ms(clock, 30), after;
	long result = futex(&words[0], operation, 0, &end, NULL, bits), ms;

	printf("%s: %s", what, told(result));
	after = in_ms(CLOCK_MONOTONIC, 0);
	ms = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
	printf(", %s\n", ms < 29 ? "too early" : "in time");
}

static void part_time(void)
{
	struct timespec past = { 1, 0 };

	words[0] = 0;
	tell_time("relative", FUTEX_WAIT, -1, 0);
	tell_time("absolute", FUTEX_WAIT_BITSET, CLOCK_MONOTONIC, ~0u);
	tell_time("absolute, the day's clock", FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME,
		CLOCK_REALTIME, ~0u);
	printf("past: %s\n", told(futex(&words[0], FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0,
				     &past, NULL, ~0u)));
	printf("forever is left: %s\n", told(futex(&words[0], FUTEX_WAKE, 1, NULL, NULL, 0)));
}

/* --- between processes --------------------------------------------------------------- */

static pid_t child_waits(volatile uint32_t *word, int flags)
{
	struct timespec time = { 0, 200000000 };
	pid_t child = fork();

	if (child != 0) {
		usleep(40000);
		return child;
	}
	_exit(futex(word, FUTEX_WAIT | flags, *word, &time, NULL, 0) < 0 ? errno : 0);
}

static void tell_child(const char *what, pid_t child)
{
	int status;

	waitpid(child, &status, 0);
	printf("%s: %s\n", what, WEXITSTATUS(status) ? strerror(WEXITSTATUS(status)) : "woken");
}

static void part_shared(void)
{
	volatile uint32_t *shared =
		mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	volatile uint32_t *own = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
			  *moved;
	pid_t child;

	child = child_waits(shared + 1024 + 3, 0);
	moved = mremap((void *)shared, 8192, 8192, MREMAP_MAYMOVE | MREMAP_FIXED,
		(char *)0x600000000000ul);
	printf("mapped elsewhere: %d\n", moved != MAP_FAILED && moved != shared);
	printf("shared: %s\n", told(futex(moved + 1024 + 3, FUTEX_WAKE, 9, NULL, NULL, 0)));
	tell_child("its child", child);
	child = child_waits(moved + 1024 + 3, 0);
	printf("another place in the page: %s\n",
		told(futex(moved + 1024 + 4, FUTEX_WAKE, 9, NULL, NULL, 0)));
	printf("another page: %s\n", told(futex(moved + 3, FUTEX_WAKE, 9, NULL, NULL, 0)));
	printf("as a private one: %s\n",
		told(futex(moved + 1024 + 3, FUTEX_WAKE | PRIVATE, 9, NULL, NULL, 0)));
	tell_child("its child", child);
	child = child_waits(own, 0);
	printf("private memory: %s\n", told(futex(own, FUTEX_WAKE, 9, NULL, NULL, 0)));
	tell_child("its child", child);
}

/* --- robust lists -------------------------------------------------------------------- */

struct lock {
	struct robust_list link;
	uint32_t word;
};

static struct lock locks[3];
static struct robust_list_head head;
static volatile int go;

static void *die_with_locks(void *unused)
{
	pid_t id = (pid_t)syscall(SYS_gettid);

	(void)unused;
	for (int i = 0; i < 3; i++)
		locks[i].word = (uint32_t)id;
	locks[1].word = 5; /* another one's */
	locks[2].word |= FUTEX_WAITERS;
	head.list.next = &locks[0].link;
	locks[0].link.next = &locks[1].link;
	locks[1].link.next = &locks[2].link;
	locks[2].link.next = &head.list;
	head.futex_offset = offsetof(struct lock, word);
	syscall(SYS_set_robust_list, &head, sizeof(head));
	while (!go)
		usleep(1000);
	syscall(SYS_exit, 0);
	return NULL;
}

static void die_with(void *next, long offset, void *pending)
{
	static struct robust_list_head list;

	list.list.next = next;
	list.futex_offset = offset;
	list.list_op_pending = pending;
	syscall(SYS_set_robust_list, &list, sizeof(list));
	_exit(0);
}

static void hostile(const char *what, void *next, long offset, void *pending)
{
	int status;

	fflush(stdout);
	if (fork() == 0)
		die_with(next, offset, pending);
	wait(&status);
	printf("%s: %#x\n", what, status);
}

static void part_robust(void)
{
	static struct lock circle;
	pthread_t thread;

	pthread_create(&thread, NULL, die_with_locks, NULL);
	while (!(locks[2].word & FUTEX_WAITERS))
		usleep(1000);
	usleep(10000);
	add(&locks[2].word, ~0u, 0);
	go = 1;
	tell_ended("woken", 1);
	printf("words: %#x %#x %#x\n", locks[0].word, locks[1].word, locks[2].word);
	join_all();
	printf("wrong size: %s\n", told(syscall(SYS_set_robust_list, &head, 8)));
	circle.link.next = &circle.link;
	hostile("a circle", &circle, 8, NULL);
	hostile("nowhere", (void *)8, 8, (void *)16);
	hostile("the kernel", (void *)0xffffffff80000000ul, 8, (void *)0xffffffff80000000ul);
	hostile("far away", &circle, LONG_MAX, &circle);
	hostile("between words", &circle, 3, &circle);
}

/* --- what threads are made of -------------------------------------------------------- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int turn, total;

static void *take_turns(void *argument)
{
	int me = (int)(intptr_t)argument;

	for (int round = 0; round < 200; round++) {
		pthread_mutex_lock(&mutex);
		while (turn % 4 != me)
			pthread_cond_wait(&changed, &mutex);
		turn++;
		total += me;
		pthread_cond_broadcast(&changed);
		pthread_mutex_unlock(&mutex);
	}
	return argument;
}

static void part_threads(void)
{
	pthread_t threads[4];
	void *result;

	/* A library makes do without futexes, by looking again and again. */
	printf("other value: %s\n", told(futex(&words[3], FUTEX_WAIT | PRIVATE, 1, NULL, NULL, 0)));

	for (intptr_t i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, take_turns, (void *)i);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], &result);
		printf("joined %d\n", (int)(intptr_t)result);
	}
	printf("turns %d, total %d\n", turn, total);
}

static const struct part parts[] = {
	{ "values", part_values },
	{ "wake", part_wake },
	{ "bits", part_bits },
	{ "requeue", part_requeue },
	{ "wake_op", part_wake_op },
	{ "wake_op_none", part_wake_op_none },
	{ "time", part_time },
	{ "shared", part_shared },
	{ "robust", part_robust },
	{ "threads", part_threads },
};

int main(int count, char **names)
{
	return run_parts(parts, sizeof(parts) / sizeof(parts[0]), count, names);
}
