/*
 * The list of threads, references, and what an assertion says of their misuse. No exercise; what
 * needs no thread that runs needs neither 3.1 nor 3.2.
 */
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/string.h"
#include "lab3-threads/sched/sched.h"
#include "lab3-threads/thread/thread.h"

struct census {
	unsigned seen, stop_at, last_id;
	bool rising;
	const char *first_name;
	const struct thread *wanted;
	bool found;
};

static bool look(struct thread *thread, void *context)
{
	struct census *census = context;

	if (census->seen == 0)
		census->first_name = thread->name;
	census->rising &= thread->id > census->last_id;
	census->last_id = thread->id;
	census->found |= thread == census->wanted;
	return ++census->seen != census->stop_at;
}

static struct census take_census(unsigned stop_at, const struct thread *wanted)
{
	struct census census = { .stop_at = stop_at, .rising = true, .wanted = wanted };

	threads_each(look, &census);
	return census;
}

KTEST(thread_list, "", "all threads are listed from the oldest on, beginning with the boot thread")
{
	struct census census = take_census(0, thread_self());

	KT_STREQ(census.first_name, "main");
	KT_TRUE(census.rising && census.found);
	KT_EQ(census.seen, thread_count());
	KT_EQ(take_census(1, NULL).seen, 1); /* a visit that says so is the last */
}

KTEST(thread_list_changes, "", "a thread is listed from its making to its freeing", .needs = "3.1")
{
	uint64_t before = thread_count();
	struct thread *thread = thread_alloc("listed");

	KT_REQUIRE(thread);
	KT_TRUE(take_census(0, thread).found);
	KT_EQ(thread_count(), before + 1);
	thread_get(thread);
	thread_put(thread);
	KT_TRUE(take_census(0, thread).found);
	thread_put(thread);
	KT_TRUE(!take_census(0, thread).found);
	KT_EQ(thread_count(), before);
}

KTEST(thread_defaults, "", "a new thread may run everywhere, and has the default priority",
	.needs = "3.1")
{
	struct thread *thread = thread_alloc("has defaults");

	KT_REQUIRE(thread);
	KT_EQ(thread->state, THREAD_NEW);
	KT_EQ(thread->affinity, 0xff);
	KT_EQ(thread->priority, THREAD_PRIORITY_DEFAULT);
	KT_EQ(thread->base, THREAD_PRIORITY_DEFAULT);
	KT_EQ(thread->references, 1);
	KT_EQ(thread->fpu, NULL);
	KT_TRUE(!thread->exited && !thread->interrupted && list_empty(&thread->held));
	thread_set_priority(thread, 31);
	thread_set_affinity(thread, 1);
	KT_EQ(thread->priority, 31);
	KT_EQ(thread->affinity, 1);
	thread_put(thread);
}

KTEST(thread_spawn_fails, "", "where no thread can be made none is started", .needs = "3.1 3.2",
	.limit = 20)
{
	static struct thread *many[5000];
	unsigned count = 0;

	while (count < 5000 && (many[count] = thread_create("fills memory", NULL, NULL)))
		count++;
	KT_TRUE(count > 1000 && count < 5000);
	KT_EQ(thread_spawn("one too many", NULL, NULL), NULL);
	while (count--)
		thread_detach(many[count]);
}

KTEST(thread_put_once_more, "", "a reference that nobody has cannot be given up", .needs = "3.1",
	.panics = "use after free")
{
	struct thread *thread = thread_alloc("put twice");

	thread_put(thread);
	thread_put(thread);
	thread_alloc("finds it"); /* what is free was written to */
}

static void give_up_all(void *unused)
{
	(void)unused;
	thread_put(thread_self());
	thread_put(thread_self());
}

KTEST(thread_freed_while_running, "", "a thread that runs cannot be freed", .needs = "3.1 3.2",
	.panics = "assertion failed: thread->state == THREAD_NEW")
{
	thread_join(thread_spawn("gives up", give_up_all, NULL));
}

static void join_myself(void *unused)
{
	(void)unused;
	thread_join(thread_self());
}

KTEST(thread_joins_itself, "", "a thread cannot wait for its own end", .needs = "3.1 3.2",
	.panics = "assertion failed: thread != thread_self()")
{
	thread_join(thread_spawn("waits", join_myself, NULL));
}

static struct spinlock lock = SPINLOCK_INIT("held at the end");

static void exit_with_lock(void *unused)
{
	(void)unused;
	spin_lock(&lock);
}

KTEST(thread_ends_with_lock, "", "a thread cannot end while it holds a spin lock",
	.needs = "3.1 3.2", .panics = "held at the end")
{
	thread_join(thread_spawn("holds", exit_with_lock, NULL));
}

KTEST(thread_starts_once, "", "a thread that was started cannot be started again",
	.needs = "3.1 3.2", .panics = "assertion failed: thread->state == THREAD_NEW")
{
	struct thread *thread = thread_spawn("starts", exit_with_lock, NULL);

	thread_start(thread);
}

KTEST(thread_priority_bounds, "", "there are 32 priorities", .needs = "3.1",
	.panics = "assertion failed: priority < THREAD_PRIORITIES")
{
	thread_set_priority(thread_alloc("urgent"), 32);
}

KTEST(thread_nowhere, "", "a thread must have a processor that it may run on", .needs = "3.1",
	.panics = "assertion failed: processors & ")
{
	thread_set_affinity(thread_alloc("nowhere"), 0x80);
}

static struct thread *boot_thread;

static void outlive(void *unused)
{
	(void)unused;
	panic("main ended with %lu", thread_join(boot_thread));
}

KTEST(thread_boot_ends, "", "the boot thread can end like any other, and its structure stays",
	.needs = "3.1 3.2", .panics = "main ended with 42")
{
	boot_thread = thread_self();
	thread_get(boot_thread);
	KT_REQUIRE(thread_spawn("outlives", outlive, NULL));
	thread_exit(42);
}
