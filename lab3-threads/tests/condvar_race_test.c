/*
 * Exercise 3.5, condition variables between processors, in many schedules: a signal that is
 * lost leaves everybody asleep, which is a deadlock.
 */
#include "lab3-threads/explore/explore.h"
#include "lab3-threads/lock/condvar.h"
#include "lab3-threads/tests/crew.h"
#include <linux/errno.h>

#define SCHEDULES 50

static struct mutex mutex = MUTEX_INIT(mutex, "test");
static struct condvar changed = CONDVAR_INIT(changed, "changed");

/* --- a bounded buffer ---------------------------------------------------------------- */

#define EACH 3

static struct condvar not_full = CONDVAR_INIT(not_full, "not full");
static struct condvar not_empty = CONDVAR_INIT(not_empty, "not empty");
static unsigned buffer, count; /* [mutex] one element, or none */
static unsigned sum;           /* [mutex] of those that were taken */

static void produce(void *argument)
{
	for (unsigned i = 1; i <= EACH; i++) {
		mutex_lock(&mutex);
		while (count)
			condvar_wait(&not_full, &mutex, 0);
		buffer = i * (unsigned)(uint64_t)argument;
		count++;
		condvar_signal(&not_empty);
		mutex_unlock(&mutex);
	}
}

static void consume(void *unused)
{
	(void)unused;
	for (unsigned i = 0; i < EACH; i++) {
		mutex_lock(&mutex);
		while (!count)
			condvar_wait(&not_empty, &mutex, 0);
		sum += buffer;
		KT_EQ(--count, 0);
		mutex_unlock(&mutex);
		condvar_signal(&not_full); /* without the mutex, which is as good */
	}
}

static void bounded_buffer(void)
{
	sum = 0;
	crew_start(produce, (void *)1);
	crew_start(consume, NULL);
	crew_start(produce, (void *)100);
	crew_start(consume, NULL);
	crew_join();
	KT_EQ(count, 0);
	KT_EQ(sum, 101 * (1 + 2 + 3));
}

KTEST(condvar_bounded_buffer, "3.5",
	"two producers and two consumers at a buffer of one: no signal is lost", .limit = 10,
	.needs = "3.3 3.4")
{
	explore(3, SCHEDULES, bounded_buffer);
}

/* --- one signal ---------------------------------------------------------------------- */

static bool set; /* [mutex] */

static void await(void *unused)
{
	(void)unused;
	mutex_lock(&mutex);
	while (!set)
		condvar_wait(&changed, &mutex, 0);
	mutex_unlock(&mutex);
}

static struct condvar turns[2] = { CONDVAR_INIT(turns[0], "turn 0"),
	CONDVAR_INIT(turns[1], "turn 1") };
static unsigned turn; /* [mutex] */

/* Player number 0 or 1. Each turn is told by one signal, without the mutex. */
static void play(void *argument)
{
	unsigned me = (unsigned)(uint64_t)argument;

	for (int i = 0; i < 5; i++) {
		mutex_lock(&mutex);
		while (turn % 2 != me)
			condvar_wait(&turns[me], &mutex, 0);
		turn++;
		mutex_unlock(&mutex);
		condvar_signal(&turns[!me]);
	}
}

static void in_turns(void)
{
	turn = 0;
	crew_start(play, (void *)1);
	play(NULL);
	crew_join();
	KT_EQ(turn, 10);
}

KTEST(condvar_no_lost_signal, "3.5",
	"there is no moment between letting go of the mutex and sleeping", .limit = 10,
	.needs = "3.3 3.4")
{
	explore(2, SCHEDULES, in_turns);
}

static void broadcast_once(void)
{
	set = false;
	for (int i = 0; i < 3; i++)
		crew_start(await, NULL);
	mutex_lock(&mutex);
	set = true;
	condvar_broadcast(&changed);
	mutex_unlock(&mutex);
	crew_join();
}

KTEST(condvar_broadcast_wakes_all, "3.5", "one broadcast is enough for all that wait", .limit = 10,
	.needs = "3.3 3.4")
{
	explore(3, SCHEDULES, broadcast_once);
}

/* --- a barrier: waits and broadcasts again and again --------------------------------- */

static unsigned arrived, generation; /* [mutex] */

static void meet(void *unused)
{
	(void)unused;
	for (unsigned i = 0; i < 3; i++) {
		mutex_lock(&mutex);
		KT_EQ(generation, i);
		if (++arrived == 3) {
			arrived = 0;
			generation++;
			condvar_broadcast(&changed);
		}
		while (generation == i)
			condvar_wait(&changed, &mutex, 0);
		mutex_unlock(&mutex);
	}
}

static void meetings(void)
{
	generation = 0;
	for (int i = 0; i < 3; i++)
		crew_start(meet, NULL);
	crew_join();
	KT_EQ(generation, 3);
}

KTEST(condvar_barrier, "3.5", "three threads meet three times", .limit = 10, .needs = "3.3 3.4")
{
	explore(3, SCHEDULES, meetings);
}

/* --- a signal and an interrupt meet -------------------------------------------------- */

static unsigned tokens; /* [mutex] */
static int result;      /* [mutex] of the one that is interrupted */

static int take(unsigned flags)
{
	int error = 0;

	mutex_lock(&mutex);
	while (!tokens && !error) {
		error = condvar_wait(&changed, &mutex, flags);
		KT_REQUIRE(mutex_held(&mutex));
	}
	if (!error)
		tokens--;
	if (flags)
		result = error;
	mutex_unlock(&mutex);
	return error;
}

static void take_interruptibly(void *unused)
{
	(void)unused;
	take(WAIT_INTERRUPTIBLE);
}

static void take_one(void *unused)
{
	(void)unused;
	take(0);
}

static void add_one(void *unused)
{
	(void)unused;
	mutex_lock(&mutex);
	tokens++;
	mutex_unlock(&mutex);
	condvar_signal(&changed);
}

/* Both want a token. One is added, and another one if the first one got that. */
static void signal_or_interrupt(void)
{
	struct thread *first;

	tokens = 0;
	first = crew_start(take_interruptibly, NULL);
	crew_start(take_one, NULL);
	crew_start(add_one, NULL);
	thread_interrupt(first);
	thread_join(crew[0]);
	crew[0] = crew[--crew_count];
	mutex_lock(&mutex);
	KT_TRUE(result == 0 || result == -EINTR);
	tokens += result == 0;
	mutex_unlock(&mutex);
	if (result == 0)
		condvar_signal(&changed);
	crew_join();
	KT_EQ(tokens, 0);
}

KTEST(condvar_signal_meets_interrupt, "3.5",
	"a signal that meets an interrupt is taken by that thread, or by another one", .limit = 10,
	.needs = "3.3 3.4")
{
	explore(3, 2 * SCHEDULES, signal_or_interrupt);
}
