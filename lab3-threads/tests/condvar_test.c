/*
 * Exercise 3.5, condition variables on one processor. Threads wait in a loop, as they have
 * to: one that comes back without a signal is no mistake.
 */
#include "lab3-threads/lock/condvar.h"
#include "lab3-threads/tests/workers.h"
#include <linux/errno.h>

static struct mutex mutex = MUTEX_INIT(mutex, "test");
static struct condvar condvar = CONDVAR_INIT(condvar, "test");
static unsigned tokens;  /* [mutex] */
static unsigned returns; /* [mutex] from condvar_wait, of all workers */
static int result[WORKERS];

static void take(unsigned self, unsigned flags)
{
	result[self] = 0;
	mutex_lock(&mutex);
	while (!tokens && !result[self]) {
		result[self] = condvar_wait(&condvar, &mutex, flags);
		KT_REQUIRE(mutex_held(&mutex));
		returns++;
	}
	if (!result[self])
		tokens--;
	mutex_unlock(&mutex);
}

/* What the test itself does, with the mutex or without it. */
static void add(unsigned count)
{
	mutex_lock(&mutex);
	tokens += count;
	mutex_unlock(&mutex);
}

static void wait_all(unsigned workers, unsigned flags)
{
	for (unsigned i = 0; i < workers; i++) {
		worker_do(i, take, flags);
		KT_TRUE(worker[i].busy);
	}
}

static unsigned busy(void)
{
	unsigned count = 0;

	for (unsigned i = 0; i < WORKERS; i++)
		count += worker[i].busy;
	return count;
}

KTEST(condvar_frees_mutex, "3.5", "who waits for a condition has let go of the mutex",
	.needs = "3.4")
{
	workers_begin(3);
	wait_all(3, 0);
	KT_REQUIRE(mutex_trylock(&mutex));
	tokens = 3;
	condvar_broadcast(&condvar);
	workers_settle();
	KT_EQ(busy(), 3); /* they need it to go on */
	mutex_unlock(&mutex);
	workers_settle();
	KT_EQ(busy(), 0);
	KT_EQ(tokens, 0);
	workers_end();
}

KTEST(condvar_signals_one, "3.5", "a signal wakes one, which finds what it has waited for",
	.needs = "3.4")
{
	workers_begin(5);
	wait_all(5, 0);
	for (unsigned i = 0; i < 5; i++) {
		KT_EQ(busy(), 5 - i);
		add(1);
		condvar_signal(&condvar);
		workers_settle();
	}
	KT_EQ(busy(), 0);
	workers_end();
}

KTEST(condvar_signals_not_all, "3.5", "a signal does not wake all: they would come in vain",
	.needs = "3.4")
{
	workers_begin(5);
	wait_all(5, 0);
	returns = 0;
	for (unsigned i = 0; i < 20; i++) {
		condvar_signal(&condvar);
		workers_settle();
	}
	KT_EQ(busy(), 5);
	KT_TRUE(returns >= 20 && returns < 40); /* all of them would be 100 */
	add(5);
	condvar_broadcast(&condvar);
	workers_settle();
	KT_EQ(busy(), 0);
	workers_end();
}

KTEST(condvar_broadcasts, "3.5", "a broadcast wakes all that wait", .needs = "3.4")
{
	workers_begin(6);
	for (unsigned count = 0; count <= 6; count++) {
		wait_all(count, 0);
		add(count);
		condvar_broadcast(&condvar);
		workers_settle();
		KT_EQ(busy(), 0);
		KT_EQ(tokens, 0);
	}
	workers_end();
}

static void signal_holding(unsigned self, unsigned count)
{
	(void)self;
	mutex_lock(&mutex);
	for (tokens += count; count; count--)
		condvar_signal(&condvar);
	mutex_unlock(&mutex);
}

KTEST(condvar_signals_holding, "3.5", "who signals may hold the mutex, and does not give it up",
	.needs = "3.4")
{
	workers_begin(5);
	for (unsigned count = 1; count <= 4; count++) {
		wait_all(4, 0);
		worker_do(4, signal_holding, count);
		KT_TRUE(!worker[4].busy);
		KT_EQ(busy(), 4 - count);
		worker_do(4, signal_holding, 4 - count);
		KT_EQ(busy(), 0);
	}
	workers_end();
}

KTEST(condvar_interrupted, "3.5", "an interrupted wait returns -EINTR, and holds the mutex again",
	.needs = "3.4")
{
	workers_begin(3);
	wait_all(3, WAIT_INTERRUPTIBLE);
	KT_REQUIRE(mutex_trylock(&mutex));
	thread_interrupt(worker[1].thread);
	workers_settle();
	KT_EQ(busy(), 3); /* it waits for the mutex */
	mutex_unlock(&mutex);
	workers_settle();
	KT_EQ(busy(), 2);
	KT_EQ(result[1], -EINTR);
	add(2);
	condvar_broadcast(&condvar);
	workers_settle();
	KT_EQ(result[0], 0);
	KT_EQ(result[2], 0);
	KT_EQ(tokens, 0);
	workers_end();
}

KTEST(condvar_not_interrupted, "3.5", "a wait that is not interruptible is not interrupted",
	.needs = "3.4")
{
	workers_begin(1);
	wait_all(1, 0);
	thread_interrupt(worker[0].thread);
	workers_settle();
	KT_EQ(busy(), 1);
	add(1);
	condvar_signal(&condvar);
	workers_settle();
	KT_EQ(busy(), 0);
	KT_EQ(result[0], 0);
	workers_end();
}

KTEST(condvar_signal_is_passed_on, "3.5",
	"a signal that comes after an interrupt is another one's: it is not lost", .needs = "3.4")
{
	workers_begin(2);
	for (unsigned i = 0; i < 3; i++) {
		wait_all(2, WAIT_INTERRUPTIBLE);
		add(1);
		thread_interrupt(worker[0].thread);
		condvar_signal(&condvar); /* it has not run yet */
		workers_settle();
		KT_EQ(busy(), 0);
		KT_EQ(result[0], -EINTR);
		KT_EQ(result[1], 0);
		KT_EQ(tokens, 0);
	}
	workers_end();
}
