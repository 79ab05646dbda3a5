/* What threads cost: switches, wake-ups, locks, channels, beginning and end. See ktest/bench.h. */
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/ktest/bench.h"
#include "lab1-boot/lock/mutex.h"
#include "lab3-threads/channel/channel.h"
#include "lab3-threads/lock/semaphore.h"
#include "lab3-threads/sched/sched.h"
#include "lab3-threads/thread/thread.h"

#define HERE 1u /* the boot processor alone, so that on several the same is measured as on one */

/* The other one of two threads on one processor. */
static struct thread *other_thread(void (*run)(void *argument), void *argument)
{
	struct thread *thread = thread_create("other", run, argument);

	assert(thread);
	thread_set_affinity(thread_self(), HERE);
	thread_set_affinity(thread, HERE);
	thread_start(thread);
	return thread;
}

static void other_ended(struct thread *thread)
{
	thread_join(thread);
	thread_set_affinity(thread_self(), (uint8_t)~0u);
}

static void yield_often(void *times)
{
	for (uint64_t i = 0; i < (uint64_t)times; i++)
		sched_yield();
}

BENCH(thread_switch, "a switch to another thread, by sched_yield", 2000)
{
	struct thread *other = other_thread(yield_often, (void *)(operations / 2 + 1));

	sched_yield();
	bench_start();
	yield_often((void *)(operations / 2));
	bench_stop();
	other_ended(other);
}

static struct semaphore to_other, to_us;

static void answer(void *times)
{
	for (uint64_t i = 0; i < (uint64_t)times; i++) {
		semaphore_down(&to_other, 0);
		semaphore_up(&to_us);
	}
}

BENCH(thread_wake, "a sleeper woken, until it runs", 2000)
{
	struct thread *other;

	semaphore_init(&to_other, "to other", 0);
	semaphore_init(&to_us, "to us", 0);
	other = other_thread(answer, (void *)(operations / 2));
	bench_start();
	for (uint64_t i = 0; i < operations / 2; i++) {
		semaphore_up(&to_other);
		semaphore_down(&to_us, 0);
	}
	bench_stop();
	other_ended(other);
}

static void nothing(void *unused)
{
	(void)unused;
}

BENCH(thread_life, "thread_create + start + exit + join", 500)
{
	bench_start();
	for (uint64_t i = 0; i < operations; i++) {
		struct thread *thread = thread_spawn("life", nothing, NULL);

		assert(thread);
		thread_join(thread);
	}
	bench_stop();
}

/* --- locks --------------------------------------------------------------------------- */

static struct spinlock spin = SPINLOCK_INIT("bench");
static struct mutex mutex = MUTEX_INIT(mutex, "bench");
static struct rwlock rwlock = RWLOCK_INIT(rwlock, "bench");

BENCH(lock_spin, "spin_lock + spin_unlock", 2000)
{
	bench_start();
	for (uint64_t i = 0; i < operations; i++) {
		spin_lock(&spin);
		spin_unlock(&spin);
	}
	bench_stop();
}

BENCH(lock_mutex, "mutex_lock + mutex_unlock", 2000)
{
	bench_start();
	for (uint64_t i = 0; i < operations; i++) {
		mutex_lock(&mutex);
		mutex_unlock(&mutex);
	}
	bench_stop();
}

BENCH(lock_rwlock, "rwlock_read + rwlock_read_done", 2000)
{
	bench_start();
	for (uint64_t i = 0; i < operations; i++) {
		rwlock_read(&rwlock);
		rwlock_read_done(&rwlock);
	}
	bench_stop();
}

static void lock_often(void *times)
{
	for (uint64_t i = 0; i < (uint64_t)times; i++) {
		mutex_lock(&mutex);
		sched_yield();
		mutex_unlock(&mutex);
	}
}

BENCH(lock_mutex_handed, "a mutex handed to who sleeps for it", 1000)
{
	struct thread *other = other_thread(lock_often, (void *)(operations / 2));

	bench_start();
	lock_often((void *)(operations / 2));
	bench_stop();
	other_ended(other);
}

/* --- channels ------------------------------------------------------------------------ */

static struct channel *there, *back;

static void echo(void *times)
{
	uint64_t value;

	for (uint64_t i = 0; i < (uint64_t)times; i++) {
		channel_receive(there, &value, 0);
		channel_send(back, &value, 0);
	}
}

static void ping_pong(uint64_t operations, unsigned capacity)
{
	struct thread *other;

	there = channel_create("there", sizeof(uint64_t), capacity);
	back = channel_create("back", sizeof(uint64_t), capacity);
	assert(there && back);
	other = other_thread(echo, (void *)operations);
	bench_start();
	for (uint64_t i = 0; i < operations; i++) {
		uint64_t value = i;

		channel_send(there, &value, 0);
		channel_receive(back, &value, 0);
	}
	bench_stop();
	other_ended(other);
	channel_destroy(there);
	channel_destroy(back);
}

BENCH(channel_ping_pong, "channel ping-pong, there and back", 1000)
{
	ping_pong(operations, 1);
}

BENCH(channel_rendezvous, "the same without a buffer", 1000)
{
	ping_pong(operations, 0);
}
