/*
 * The kernel's half of the table in lab3-threads/README.md, "The order of locks": what
 * labs 1 to 3 do with their locks, done once each. With the word "edges" on the command
 * line any test tells at its end which edges were seen.
 */
#include "lab1-boot/boot/cmdline.h"
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/ktest/report.h"
#include "lab1-boot/lock/mutex.h"
#include "lab2-memory/notes/notes.h"
#include "lab2-memory/page/page.h"
#include "lab2-memory/pagetable/areas.h"
#include "lab2-memory/slab/kmalloc.h"
#include "lab2-memory/tests/spaces.h"
#include "lab3-threads/channel/channel.h"
#include "lab3-threads/lock/barrier.h"
#include "lab3-threads/lock/completion.h"
#include "lab3-threads/lock/condvar.h"
#include "lab3-threads/lock/once.h"
#include "lab3-threads/lock/semaphore.h"
#include "lab3-threads/order/graph.h"
#include "lab3-threads/sched/sched.h"
#include "lab3-threads/thread/thread.h"

static const char *kind_of(const struct order_class *class)
{
	return class->sleeps ? "sleeps" : "spins";
}

/* A line for each: "page table,spins,page front,spins". */
static void tell_edges(bool ok)
{
	struct order_edge edge;

	(void)ok;
	if (!cmdline_has("edges"))
		return;
	for (unsigned i = 0; order_edge_at(i, &edge); i++) {
		const struct order_class *from = order_class_at(edge.from);
		const struct order_class *to = order_class_at(edge.to);

		report(REPORT_TEST, "# reply %s,%s,%s,%s\n", from->name, kind_of(from), to->name,
			kind_of(to));
	}
}
KTEST_END(tell_edges);

/* --- lab 2 --------------------------------------------------------------------------- */

#define PIECES 300

static void use_heap(void)
{
	static void *piece[PIECES];

	for (int i = 0; i < PIECES; i++)
		piece[i] = kmalloc(64, 0);
	for (int i = 0; i < PIECES; i++)
		kfree(piece[i]);
	page_free(page_alloc(4, 0));
	area_free(area_alloc(3 * PAGE_SIZE));
	KT_EQ(note_set("order", "a text"), 0);
	notes_clear();
	page_reclaim(UINT64_MAX);
}

static void use_spaces(void)
{
	struct vm_space *space = new_space(), *clone;
	int shared = MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED;

	map(space, BASE, 16 * P, RW);
	KT_TRUE(vm_map(space, BASE + 32 * P, 4 * P, RW, shared, NULL, 0) > 0);
	for (int page = 0; page < 8; page++)
		write_word(space, BASE + page * P, 1);
	fault(space, BASE + 9 * P, PROT_READ);
	fault(space, BASE + 32 * P, PROT_READ);
	fault(space, BASE + 33 * P, PROT_WRITE);
	clone = clone_of(space);
	write_word(clone, BASE + 2 * P, 2);
	KT_EQ(vm_protect(space, BASE + 3 * P, 2 * P, PROT_READ), 0);
	KT_EQ(vm_unmap(space, BASE + 6 * P, 2 * P), 0);
	vm_space_destroy(clone);
	vm_space_destroy(space);
}

/* --- lab 3 --------------------------------------------------------------------------- */

#define THREADS 4

static struct mutex mutex = MUTEX_INIT(mutex, "tested mutex");
static struct rwlock rwlock = RWLOCK_INIT(rwlock, "tested rwlock");
static struct condvar condvar = CONDVAR_INIT(condvar, "tested condvar");
static bool go;

/* Lock one while holding the other, and meet others at each: every turn gives way in between. */
static void run_meet(void *unused)
{
	(void)unused;
	for (int i = 0; i < 3; i++) {
		mutex_lock(&mutex);
		while (!go)
			condvar_wait(&condvar, &mutex, 0);
		rwlock_write(&rwlock);
		sched_yield();
		rwlock_write_done(&rwlock);
		rwlock_read(&rwlock);
		sched_yield();
		rwlock_read_done(&rwlock);
		mutex_unlock(&mutex);
	}
}

static bool print_thread(struct thread *thread, void *unused)
{
	(void)unused;
	kprintf("thread %s\n", thread->name);
	return true;
}

static void use_threads(void)
{
	struct thread *thread[THREADS];

	for (unsigned i = 0; i < THREADS; i++) {
		thread[i] = thread_create("meet", run_meet, NULL);
		KT_REQUIRE(thread[i]);
		thread_set_priority(thread[i], THREAD_PRIORITY_DEFAULT + i);
		thread_start(thread[i]);
	}
	sched_yield();
	mutex_lock(&mutex);
	go = true;
	condvar_broadcast(&condvar);
	sched_yield();
	mutex_unlock(&mutex);
	threads_each(print_thread, NULL);
	thread_interrupt(thread[0]);
	for (unsigned i = 0; i < THREADS; i++)
		thread_join(thread[i]);
}

/* A thread waits at each of these in turn, and main lets it go on. */
static struct semaphore semaphore;
static struct completion completion = COMPLETION_INIT(completion, "tested completion");
static struct barrier barrier;
static struct once once = ONCE_INIT(once);
static struct channel *channel[2];

static void do_once(void *unused)
{
	(void)unused;
	sched_yield();
}

static void run_wait(void *unused)
{
	struct channel_case cases[2] = { { .channel = channel[0] }, { .channel = channel[1] } };

	(void)unused;
	semaphore_down(&semaphore, 0);
	completion_wait(&completion, 0);
	barrier_wait(&barrier);
	once_run(&once, do_once, NULL);
	KT_EQ(channel_receive(channel[0], NULL, 0), 0);
	KT_EQ(channel_select(cases, 2, 0), 1);
	KT_EQ(channel_send(channel[1], NULL, 0), 0);
}

static void use_waiting(void)
{
	struct thread *thread;

	semaphore_init(&semaphore, "tested semaphore", 0);
	barrier_init(&barrier, "tested barrier", 2);
	for (int i = 0; i < 2; i++) {
		channel[i] = channel_create("tested channel", 0, 0);
		KT_REQUIRE(channel[i]);
	}
	thread = thread_spawn("wait", run_wait, NULL);
	KT_REQUIRE(thread);
	sched_yield();
	semaphore_up(&semaphore);
	sched_yield();
	complete(&completion);
	sched_yield();
	barrier_wait(&barrier);
	once_run(&once, do_once, NULL);
	KT_EQ(channel_send(channel[0], NULL, 0), 0);
	sched_yield();
	KT_EQ(channel_send(channel[1], NULL, 0), 0);
	KT_EQ(channel_receive(channel[1], NULL, 0), 0);
	thread_join(thread);
	channel_destroy(channel[0]);
	channel_destroy(channel[1]);
}

KTEST(order_whole_kernel, "", "what labs 1 to 3 do with their locks makes no circle",
	.needs = "2.1 2.2 2.3 2.4 2.5 2.6 2.7 2.8 3.1 3.2 3.3 3.4 3.5 3.6 3.7", .limit = 10)
{
	use_heap();
	use_spaces();
	use_threads();
	use_waiting();
	use_heap();
}
