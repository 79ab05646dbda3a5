/*
 * Exercise 3.9 and the scheduler: what donation is for; and threads that wait for each other
 * in a circle.
 */
#include "lab1-boot/lib/string.h"
#include "lab3-threads/lock/donation.h"
#include "lab3-threads/lock/sleeper.h"
#include "lab3-threads/tests/crew.h"
#include "lab3-threads/tests/strict.h"

#define BOOT  31
#define TURNS 1000 /* that the middle one takes, if nobody more urgent comes */

static struct mutex mutex = MUTEX_INIT(mutex, "tested");
static struct thread *boot;
static bool high_is_done;
static char story[8];

static void tell(char what)
{
	size_t length = strnlen(story, sizeof(story) - 1);

	story[length] = what;
}

static void low(void *unused)
{
	(void)unused;
	mutex_lock(&mutex);
	tell('L');
	sched_wake(boot);
	sched_yield(); /* until we are the most urgent */
	tell('l');
	mutex_unlock(&mutex);
	sched_yield();
}

static void middle(void *unused)
{
	(void)unused;
	for (unsigned turn = 0; turn < TURNS && !high_is_done; turn++)
		sched_yield();
	tell('m');
}

static void high(void *unused)
{
	(void)unused;
	tell('h');
	mutex_lock(&mutex);
	tell('H');
	high_is_done = true;
	mutex_unlock(&mutex);
}

static struct thread *make(void (*run)(void *), unsigned priority)
{
	struct thread *thread = thread_create("inversion", run, NULL);

	KT_REQUIRE(thread);
	thread_set_affinity(thread, 1);
	thread_set_priority(thread, priority);
	return thread;
}

KTEST(donation_inversion, "3.9",
	"an owner of low priority runs before one of middle priority while one of high waits")
{
	struct thread *threads[] = { make(low, 5), make(middle, 10), make(high, 20) };

	strict_begin();
	boot = thread_self();
	thread_set_priority(boot, BOOT);
	sched_prepare_sleep(0);
	thread_start(threads[0]);
	sched_sleep(); /* low wakes us when it owns the mutex */
	for (unsigned i = 1; i < 3; i++)
		thread_start(threads[i]);
	for (unsigned i = 0; i < 3; i++)
		thread_join(threads[i]);
	KT_STREQ(story, "LhlHm");
}

/* --- what mutexes do not let happen so soon ---------------------------------------------- */

/*
 * Threads that only look like some, each owner of one mutex. A real circle is a deadlock, which
 * the lock-order checker would not let happen.
 */
#define THREADS 3

static struct thread thread[THREADS];
static struct mutex owned[THREADS];
static struct sleeper sleeper[THREADS];

static void pretend(void)
{
	boot = thread_self();
	for (unsigned i = 0; i < THREADS; i++) {
		thread[i] = (struct thread){ .state = THREAD_SLEEPING };
		list_init(&thread[i].held);
		spin_init(&thread[i].lock, "thread");
		mutex_init(&owned[i], "owned");
		owned[i].owner = &thread[i];
		owned[i].locked = true;
		donation_set_base(&thread[i], 10 + i);
	}
}

/* Do the thread's part of something at the mutex. */
static void begin(unsigned number, unsigned which)
{
	this_cpu(thread_current) = &thread[number];
	spin_lock(&owned[which].guard);
}

static void end(unsigned which)
{
	spin_unlock(&owned[which].guard);
	this_cpu(thread_current) = boot;
}

/* The thread waits for the mutex from now on: what mutex_lock does before it sleeps. */
static void wait_for(unsigned number, unsigned which)
{
	begin(number, which);
	donation_lock();
	sleeper_join(&owned[which].waiters, &sleeper[number], true);
	donation_unlock();
	donation_wait(&owned[which]);
	end(which);
}

static void expect(unsigned first, unsigned second, unsigned third)
{
	KT_EQ(thread[0].priority, first);
	KT_EQ(thread[1].priority, second);
	KT_EQ(thread[2].priority, third);
}

KTEST(donation_circle, "3.9", "threads that wait for each other in a circle are no endless chain")
{
	pretend();
	wait_for(0, 1);
	wait_for(1, 2);
	expect(10, 11, 12);
	wait_for(2, 0);
	expect(12, 12, 12);
	donation_set_base(&thread[1], 20);
	expect(20, 20, 20);
	donation_set_base(&thread[0], 15);
	expect(20, 20, 20);
}

KTEST(donation_changed_between, "3.9",
	"a priority that changes between donation_release and donation_taken is not overlooked")
{
	pretend();
	wait_for(1, 0);
	wait_for(2, 0);
	expect(12, 11, 12);
	begin(0, 0);
	donation_release(&owned[0]);
	expect(10, 11, 12);
	list_remove(&sleeper[2].link); /* it will be the owner */
	owned[0].owner = &thread[2];
	donation_set_base(&thread[1], 20);
	expect(10, 20, 12);
	donation_taken(&owned[0], &thread[2]);
	end(0);
	expect(10, 20, 20);
}
