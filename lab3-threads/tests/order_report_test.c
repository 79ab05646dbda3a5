/*
 * What the lock-order checker reports: each kind of mistake once. Who takes which lock
 * stands in functions of its own, since tests/test_order.py looks for their names on the
 * console.
 */
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/string.h"
#include "lab1-boot/lock/mutex.h"
#include "lab3-threads/order/order.h"
#include "lab3-threads/sched/sched.h"
#include "lab3-threads/thread/thread.h"

#define PLACE static __attribute__((noinline, no_icf)) void

static struct spinlock a = SPINLOCK_INIT("a"), b = SPINLOCK_INIT("b");
static struct mutex p = MUTEX_INIT(p, "p"), q = MUTEX_INIT(q, "q"), r = MUTEX_INIT(r, "r");
static struct rwlock w = RWLOCK_INIT(w, "w");
static struct spinlock pair[2] = { SPINLOCK_INIT("pair"), SPINLOCK_INIT("pair") };

/* One locks two in a row; then they are given back. */
PLACE lock_first(struct mutex *mutex)
{
	mutex_lock(mutex);
}

PLACE lock_second(struct mutex *mutex)
{
	mutex_lock(mutex);
}

static void lock_in_order(struct mutex *first, struct mutex *second)
{
	lock_first(first);
	lock_second(second);
	mutex_unlock(second);
	mutex_unlock(first);
}

static void join(struct thread *thread)
{
	KT_REQUIRE(thread);
	thread_join(thread);
}

/* --- circles ------------------------------------------------------------------------- */

PLACE a_then_b(void)
{
	spin_lock(&a);
	spin_lock(&b);
	spin_unlock(&b);
	spin_unlock(&a);
}

PLACE b_then_a(void)
{
	spin_lock(&b);
	spin_lock(&a);
}

KTEST(order_circle_of_two, "", "A then B, and later B then A, by one thread alone", .needs = "1.3",
	.panics = "lock order: a circle is closed: spin lock a is taken at b_then_a")
{
	a_then_b();
	a_then_b();
	b_then_a();
}

KTEST(order_circle_of_three, "", "a circle over three mutexes", .needs = "1.3",
	.panics = "lock order: a circle is closed: mutex p is taken at lock_second")
{
	lock_in_order(&p, &q);
	lock_in_order(&q, &r);
	lock_in_order(&r, &p);
}

static void run_p_then_q(void *unused)
{
	(void)unused;
	lock_in_order(&p, &q);
}

static void run_q_then_p(void *unused)
{
	(void)unused;
	lock_in_order(&q, &p);
}

KTEST(order_circle_of_threads, "", "two threads that never meet, in opposite orders",
	.needs = "1.3 3.1 3.2",
	.panics = "lock order: a circle is closed: mutex p is taken at lock_second")
{
	join(thread_spawn("p then q", run_p_then_q, NULL));
	join(thread_spawn("q then p", run_q_then_p, NULL));
}

PLACE read_then_lock(void)
{
	rwlock_read(&w);
	mutex_lock(&p);
	mutex_unlock(&p);
	rwlock_read_done(&w);
}

PLACE lock_then_read(void)
{
	mutex_lock(&p);
	rwlock_read(&w);
}

KTEST(order_circle_of_readers, "", "readers wait behind writers, so they make edges, too",
	.needs = "1.3",
	.panics = "lock order: a circle is closed: rwlock w is taken at lock_then_r")
{
	read_then_lock();
	lock_then_read();
}

PLACE try_then_a(void)
{
	KT_REQUIRE(spin_trylock(&b));
	spin_lock(&a);
}

KTEST(order_circle_behind_trylock, "", "what is taken behind a trylock comes behind its lock",
	.needs = "1.3",
	.panics = "lock order: a circle is closed: spin lock a is taken at try_then")
{
	a_then_b();
	try_then_a();
}

/* The same name on the stack, where it will be another one. */
static void lock_named(const char *first, const char *second)
{
	char names[2][8];
	struct spinlock lock[2];

	for (int i = 0; i < 2; i++) {
		strlcpy(names[i], i ? second : first, sizeof(names[i]));
		spin_init(&lock[i], names[i]);
		spin_lock(&lock[i]);
	}
	for (int i = 0; i < 2; i++)
		spin_unlock(&lock[i]);
}

KTEST(order_names_by_content, "", "equal names are one class, wherever they stand", .needs = "1.3",
	.panics = "lock order: a circle is closed: spin lock one is taken at lock_named")
{
	lock_named("one", "two");
	lock_named("two", "six");
	lock_named("one", "six");
	lock_named("two", "one");
}

/* --- one class, one lock ------------------------------------------------------------- */

PLACE lock_pair(int first)
{
	spin_lock(&pair[first]);
	spin_lock(&pair[!first]);
	spin_unlock(&pair[!first]);
	spin_unlock(&pair[first]);
}

KTEST(order_nested, "", "two locks of one class", .needs = "1.3",
	.panics = "lock order: spin lock pair is taken at lock_pair")
{
	lock_pair(0);
}

KTEST(order_nested_downwards, "", "two of a class that goes by addresses, the higher one first",
	.needs = "1.3", .panics = "while another one of this name, of a higher address, is held")
{
	order_by_address("pair");
	lock_pair(0);
	lock_pair(1);
}

PLACE lock_again(void)
{
	spin_lock(&a);
}

KTEST(order_twice, "", "a spin lock is taken twice", .needs = "1.3",
	.panics = "lock order: spin lock a is taken twice: at lock_again")
{
	spin_lock(&a);
	lock_again();
}

KTEST(order_twice_mutex, "", "a mutex is taken twice", .needs = "1.3",
	.panics = "lock order: mutex p is taken twice: at lock_second")
{
	lock_first(&p);
	lock_second(&p);
}

PLACE read_first(void)
{
	rwlock_read(&w);
}

PLACE read_second(void)
{
	rwlock_read(&w);
}

KTEST(order_twice_read, "", "a lock is taken for reading twice by one thread", .needs = "1.3",
	.panics = "lock order: rwlock w is taken twice: at read_second")
{
	read_first();
	read_second();
}

/* --- what is not held ---------------------------------------------------------------- */

PLACE unlock_a(void)
{
	spin_unlock(&a);
}

KTEST(order_not_held, "", "a spin lock is let go of that nobody holds", .needs = "1.3",
	.panics = "lock order: spin lock a is let go of at unlock_a")
{
	a_then_b();
	unlock_a();
}

static void run_unlock_p(void *unused)
{
	(void)unused;
	mutex_unlock(&p);
}

KTEST(order_not_held_by_us, "", "a mutex is let go of that another thread holds",
	.needs = "1.3 3.1 3.2", .panics = "lock order: mutex p is let go of at run_unlock_p")
{
	lock_first(&p);
	join(thread_spawn("thief", run_unlock_p, NULL));
}

PLACE stop_reading(void)
{
	rwlock_read_done(&w);
}

KTEST(order_not_held_read, "", "who does not read stops reading", .needs = "1.3",
	.panics = "lock order: rwlock w is let go of at stop_reading")
{
	stop_reading();
}

/* --- sleeping and ending ------------------------------------------------------------- */

PLACE spin_then_sleep(void)
{
	spin_lock(&a);
	spin_lock(&b);
	mutex_lock(&p);
}

KTEST(order_sleep, "", "a mutex is waited for with spin locks held", .needs = "1.3",
	.panics = "lock order: sleep at spin_then_sleep")
{
	spin_then_sleep();
}

PLACE spin_then_yield(void)
{
	spin_lock(&a);
	sched_yield();
}

KTEST(order_yield, "", "the processor is given up with a spin lock held", .needs = "1.3",
	.panics = "lock order: sleep at spin_then_yield")
{
	spin_then_yield();
}

static void run_keep(void *unused)
{
	(void)unused;
	lock_first(&p);
	lock_second(&q);
}

KTEST(order_exit, "", "a thread ends with mutexes held", .needs = "1.3 3.1 3.2",
	.panics = "lock order: thread keeper ends while mutex q is held, taken at lock_second")
{
	join(thread_spawn("keeper", run_keep, NULL));
}

static void run_keep_spinning(void *unused)
{
	(void)unused;
	lock_again();
}

KTEST(order_exit_spinning, "", "a thread ends with a spin lock held", .needs = "1.3 3.1 3.2",
	.panics = "lock order: thread keeper ends while spin lock a is held, taken at lock_again")
{
	join(thread_spawn("keeper", run_keep_spinning, NULL));
}
