/*
 * The probe for the tests of locks on processors that really run together: on each a thread
 * that takes one lock again and again.
 *
 *   s COUNT    a spin lock, so often on each processor
 *   m COUNT    a mutex; now and then its owner lets other threads run
 *
 * Under the lock value = 5 * value + 1 + the thread's number, in 32 bits, and the number is written
 * down. The reply in hexadecimal: the value, and the numbers, 15 of four bits each in a word.
 */
#include "lab1-boot/lock/mutex.h"
#include "lab2-memory/tests/probe_words.h"
#include "lab3-threads/cpu/clock.h"
#include "lab3-threads/cpu/smp.h"
#include "lab3-threads/tests/crew.h"

#define EACH_MAX 2000
#define PER_WORD 15
#define PATIENCE 1000000000ul /* nanoseconds */

static struct spinlock spinlock = SPINLOCK_INIT("spun");
static struct mutex mutex = MUTEX_INIT(mutex, "slept");
static bool sleeps; /* [I] while the threads run, as the next one */
static unsigned each;
static unsigned here;   /* [a] threads that have begun */
static uint32_t before; /* [I] the next ticket, when none of them had asked */

static uint32_t value;                     /* [the lock] as the rest */
static uint8_t order[EACH_MAX * CPUS_MAX]; /* threads */
static unsigned count;

/* The next ticket of the spin lock, or of the mutex's guard. */
static uint32_t next_ticket(void)
{
	return __atomic_load_n(sleeps ? &mutex.guard.next : &spinlock.next, __ATOMIC_RELAXED);
}

/* Whoever comes first stays until all have asked: so there is always one that has to wait. */
static void await_others(void)
{
	uint64_t end = clock_ns() + PATIENCE;

	while (next_ticket() - before < smp_online() && clock_ns() < end)
		CPU_PAUSE();
}

static void work(unsigned self)
{
	uint32_t now = value;

	if (count == 0)
		await_others();
	order[count++] = (uint8_t)self;
	if (sleeps && count % 16 == 0)
		sched_yield();
	value = 5 * now + 1 + self;
}

/* Begins when there is one on each processor. */
static void run(void *argument)
{
	unsigned self = (unsigned)(uint64_t)argument;

	__atomic_add_fetch(&here, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&here, __ATOMIC_SEQ_CST) < smp_online())
		CPU_PAUSE();
	for (unsigned i = 0; i < each; i++) {
		if (sleeps)
			mutex_lock(&mutex);
		else
			spin_lock(&spinlock);
		work(self);
		if (sleeps)
			mutex_unlock(&mutex);
		else
			spin_unlock(&spinlock);
	}
}

static void reply(void)
{
	uint64_t word = 0;

	probe_say(value);
	for (unsigned i = 0; i < count; i++) {
		word = word << 4 | order[i];
		if (i % PER_WORD == PER_WORD - 1 || i == count - 1) {
			probe_say(word);
			word = 0;
		}
	}
	probe_reply();
}

static void run_all(void)
{
	struct thread *thread[CPUS_MAX];
	unsigned cpus = smp_online();

	here = count = value = 0;
	before = next_ticket();
	for (unsigned cpu = 0; cpu < cpus; cpu++) {
		thread[cpu] = thread_create("parallel", run, (void *)(uint64_t)cpu);
		KT_REQUIRE(thread[cpu]);
		thread_set_affinity(thread[cpu], (uint8_t)(1u << cpu));
	}
	for (unsigned cpu = 0; cpu < cpus; cpu++)
		thread_start(thread[cpu]);
	for (unsigned cpu = 0; cpu < cpus; cpu++)
		thread_join(thread[cpu]);
}

KPROBE(lock_parallel)
{
	static char line[64];
	const char *words[PROBE_WORDS];

	while (kt_input_line(line, sizeof(line))) {
		probe_split(line, words);
		sleeps = *words[0] == 'm';
		each = (unsigned)probe_number(words[1], EACH_MAX + 1);
		run_all();
		reply();
	}
}
