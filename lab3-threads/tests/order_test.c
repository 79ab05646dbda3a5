/* What the lock-order checker does not report, and what it counts. */
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/debug/symbols.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/format.h"
#include "lab1-boot/lib/string.h"
#include "lab1-boot/lock/mutex.h"
#include "lab3-threads/cpu/clock.h"
#include "lab3-threads/explore/explore.h"
#include "lab3-threads/lock/condvar.h"
#include "lab3-threads/order/classes.h"
#include "lab3-threads/sched/sched.h"
#include "lab3-threads/thread/thread.h"

static struct spinlock a = SPINLOCK_INIT("a"), b = SPINLOCK_INIT("b");
static struct mutex p = MUTEX_INIT(p, "p"), q = MUTEX_INIT(q, "q");
static struct rwlock w = RWLOCK_INIT(w, "w");

static void a_then_b(void)
{
	spin_lock(&a);
	spin_lock(&b);
	spin_unlock(&b);
	spin_unlock(&a);
}

KTEST(order_trylock, "", "who does not wait may take locks in any order")
{
	a_then_b();
	spin_lock(&b);
	KT_REQUIRE(spin_trylock(&a));
	spin_unlock(&a);
	spin_unlock(&b);
	a_then_b();

	mutex_lock(&p);
	mutex_lock(&q);
	mutex_unlock(&q);
	mutex_unlock(&p);
	mutex_lock(&q);
	KT_REQUIRE(mutex_trylock(&p));
	mutex_unlock(&q);
	mutex_unlock(&p);
}

KTEST(order_any_way_back, "", "locks are let go of in any order")
{
	for (int i = 0; i < 6; i++) {
		spin_lock(&a);
		spin_lock(&b);
		spin_unlock(i % 2 ? &a : &b);
		spin_unlock(i % 2 ? &b : &a);
	}
	mutex_lock(&p);
	rwlock_write(&w);
	mutex_unlock(&p);
	mutex_lock(&q);
	rwlock_write_done(&w);
	mutex_unlock(&q);
}

KTEST(order_upwards, "", "locks of a class that goes by addresses, the lower one first")
{
	static struct mutex row[4];

	order_by_address("row");
	for (int i = 0; i < 4; i++) {
		mutex_init(&row[i], "row");
		mutex_lock(&row[i]);
	}
	for (int i = 0; i < 4; i++)
		mutex_unlock(&row[i]);
}

/* A mutex and a condition variable of one name: that one's own lock spins. */
static struct mutex door = MUTEX_INIT(door, "door");
static struct condvar opened = CONDVAR_INIT(opened, "door");
static bool open;

static void run_wait(void *unused)
{
	(void)unused;
	mutex_lock(&door);
	while (!open)
		condvar_wait(&opened, &door, 0);
	mutex_unlock(&door);
}

KTEST(order_condvar, "", "waiting in a condition variable gives the mutex up and takes it again",
	.needs = "3.1 3.2 3.4 3.5")
{
	struct thread *waiter = thread_spawn("waiter", run_wait, NULL);

	KT_REQUIRE(waiter);
	sched_yield();
	mutex_lock(&door);
	open = true;
	condvar_signal(&opened);
	mutex_unlock(&door);
	thread_join(waiter);
}

/* --- what there is no room for ------------------------------------------------------- */

#define MANY (ORDER_CLASSES + 20)

KTEST(order_many_classes, "", "classes for which there is no room are not watched; the rest is",
	.panics = "lock order: a circle is closed: spin lock a")
{
	struct spinlock lock;
	char name[ORDER_NAME];

	a_then_b();
	for (int i = 0; i < MANY; i++) {
		ksnprintf(name, sizeof(name), "class %d", i);
		spin_init(&lock, name);
		spin_lock(&lock);
		spin_unlock(&lock);
	}
	KT_EQ(order_class_count(), ORDER_CLASSES);
	sched_yield(); /* here it is told */
	spin_lock(&lock);
	spin_lock(&a);
	spin_unlock(&a);
	spin_unlock(&lock);
	spin_lock(&b);
	spin_lock(&a);
}

KTEST(order_many_held, "", "locks beyond what can be noted are not watched",
	.panics = "lock order: spin lock deep")
{
	static struct spinlock lock[ORDER_HELD + 3];

	order_by_address("deep");
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < ORDER_HELD + 3; i++) {
			spin_init(&lock[i], "deep");
			spin_lock(&lock[i]);
		}
		for (int i = 0; i < ORDER_HELD + 3; i++)
			spin_unlock(&lock[i]);
	}
	KT_TRUE(may_sleep());
	sched_yield(); /* here it is told */
	spin_unlock(&lock[0]);
}

/* --- after a panic ------------------------------------------------------------------- */

static bool misbehave;

/* Would be reported, and the panic be another one, or never end. */
static void break_order(bool ok)
{
	if (!misbehave)
		return;
	KT_TRUE(ok);
	spin_lock(&b);
	spin_lock(&a);
	order_may_sleep(0);
	order_release(&p, ORDER_MUTEX, 0, 0);
	spin_unlock(&a);
	spin_unlock(&b);
}
KTEST_END(break_order);

KTEST(order_silent_in_panic, "", "nothing is reported once the kernel has panicked",
	.panics = "the first word")
{
	a_then_b();
	misbehave = true;
	panic("the first word");
}

/* --- what is counted ----------------------------------------------------------------- */

static const struct order_class *class_of(const char *name, bool sleeps)
{
	uint8_t class = order_class(name, sleeps);

	KT_REQUIRE(class != ORDER_NO_CLASS);
	return order_class_at(class);
}

#define HOLD_NS 3000000

static __attribute__((noinline)) void hold(uint64_t nanoseconds)
{
	mutex_lock(&p);
	clock_wait(nanoseconds);
	mutex_unlock(&p);
}

KTEST(order_longest, "", "the longest hold of a class, and where that lock was taken")
{
	const struct order_class *class = class_of("p", true);

	mutex_lock(&p);
	mutex_unlock(&p);
	KT_TRUE(class->longest < HOLD_NS);
	hold(HOLD_NS);
	hold(HOLD_NS / 3);
	KT_TRUE(class->longest >= HOLD_NS);
	KT_STREQ(symbol_of(class->longest_site).name, "hold");
	KT_EQ(class->acquired, 3);
	KT_EQ(class->contended, 0);
}

static void run_lock_all(void *unused)
{
	(void)unused;
	mutex_lock(&p);
	mutex_unlock(&p);
	rwlock_read(&w);
	rwlock_read_done(&w);
}

KTEST(order_contended, "", "how often a sleeping lock was not free", .needs = "3.1 3.2 3.5 3.6")
{
	struct thread *waiter = thread_create("waiter", run_lock_all, NULL);

	KT_REQUIRE(waiter);
	mutex_lock(&p);
	rwlock_write(&w);
	thread_start(waiter);
	sched_yield();
	mutex_unlock(&p);
	sched_yield();
	rwlock_write_done(&w);
	thread_join(waiter);
	KT_EQ(class_of("p", true)->acquired, 2);
	KT_EQ(class_of("p", true)->contended, 1);
	KT_EQ(class_of("p", true)->waited, 1);
	KT_EQ(class_of("w", true)->acquired, 2);
	KT_EQ(class_of("w", true)->contended, 1);
}

#define SCHEDULES 50
#define TURNS     4

static void take_turns(unsigned cpu)
{
	(void)cpu;
	for (int i = 0; i < TURNS; i++) {
		spin_lock(&a);
		spin_unlock(&a);
	}
}

static void after_turns(void)
{
	KT_EQ(class_of("a", false)->acquired, (explore_schedule() + 1) * 2 * TURNS);
}

KTEST(order_contended_spin, "", "how often a spin lock was not free, and how often was looked",
	.needs = "3.3", .limit = 10)
{
	const struct order_class *class = class_of("a", false);

	explore_bare(2, SCHEDULES, NULL, take_turns, after_turns);
	KT_TRUE(class->contended > 0 && class->contended < class->acquired);
	KT_TRUE(class->waited >= class->contended);
}
