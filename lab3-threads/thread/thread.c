/* Threads: their structures, and the list of all. See thread.h; life.c has their life. */
#include "lab3-threads/thread/thread.h"
#include "lab1-boot/boot/layout.h"
#include "lab1-boot/debug/backtrace.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/ktest/leaks.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/slab/slab.h"
#include "lab3-threads/lock/donation.h"
#include "lab3-threads/sched/sched.h"
#include "lab3-threads/thread/fpu.h"
#include "lab3-threads/thread/stack.h"

#define EVERYWHERE 0xff

/*
 * The boot thread: so that there is one from the first lock on. thread_init does the rest. Who has
 * no memory of ours has one reference more than what it gives up at its end: it is never freed.
 */
#define FOR_EVER 2
static struct thread boot_thread = {
	.name = "main",
	.references = FOR_EVER,
	.state = THREAD_RUNNING,
	.affinity = EVERYWHERE,
	.base = THREAD_PRIORITY_DEFAULT,
	.priority = THREAD_PRIORITY_DEFAULT,
	.held = LIST_INIT(boot_thread.held),
	.link = LIST_INIT(boot_thread.link),
	.lock = SPINLOCK_INIT("thread"),
	.joins = LIST_INIT(boot_thread.joins),
};
PERCPU(struct thread *, thread_current) = &boot_thread;
bool thread_interrupts;

static struct spinlock list_lock = SPINLOCK_INIT("threads");
static struct list threads = LIST_INIT(threads); /* [list_lock] */
static uint64_t count;                           /* [a] */
static unsigned last_id;                         /* [list_lock] */
static struct slab_cache cache;

static void add(struct thread *thread)
{
	spin_lock(&list_lock);
	thread->id = ++last_id;
	list_push_back(&threads, &thread->link);
	__atomic_store_n(&count, count + 1, __ATOMIC_RELAXED);
	spin_unlock(&list_lock);
}

static void take_out(struct thread *thread)
{
	spin_lock(&list_lock);
	list_remove(&thread->link);
	__atomic_store_n(&count, count - 1, __ATOMIC_RELAXED);
	spin_unlock(&list_lock);
}

static void init(struct thread *thread, const char *name)
{
	*thread = (struct thread){ .references = 1,
		.state = THREAD_NEW,
		.affinity = EVERYWHERE,
		.base = THREAD_PRIORITY_DEFAULT,
		.priority = THREAD_PRIORITY_DEFAULT };
	strlcpy(thread->name, name, sizeof(thread->name));
	list_init(&thread->held);
	spin_init(&thread->lock, "thread");
	list_init(&thread->joins);
}

void thread_init(void)
{
	slab_cache_init(&cache, "thread", sizeof(struct thread), 64);
	add(&boot_thread);
}

void thread_adopt(struct thread *thread, const char *name)
{
	init(thread, name);
	thread->references = FOR_EVER;
	add(thread);
}

void thread_rename(const char *name)
{
	char padded[THREAD_NAME] = "";

	strlcpy(padded, name, sizeof(padded));
	memcpy(thread_self()->name, padded, sizeof(padded));
}

void thread_abandon(struct thread *thread)
{
	take_out(thread);
}

/* Give an initialized structure a stack, whose uppermost bytes are somebody else's, and put it
 * among the others; false without memory. */
static bool equip(struct thread *thread, size_t reserve)
{
	thread->stack = stack_alloc();
	if (!thread->stack)
		return false;
	thread->cpu = this_cpu(cpu_number);
	thread->rsp = thread_prepare(thread->stack, THREAD_STACK - reserve);
	if (!thread->rsp) {
		stack_free(thread->stack);
		return false;
	}
	add(thread);
	return true;
}

/* What thread_alloc's threads are freed by. */
static void free_own(struct thread *thread)
{
	slab_free(&cache, thread);
}

struct thread *thread_alloc(const char *name)
{
	struct thread *thread = slab_alloc(&cache, 0);

	if (!thread)
		return NULL;
	init(thread, name);
	thread->free = free_own;
	if (equip(thread, 0))
		return thread;
	slab_free(&cache, thread);
	return NULL;
}

bool thread_build(struct thread *thread, const char *name, void (*run)(void *argument),
	void *argument, size_t reserve, void (*free)(struct thread *thread))
{
	assert(reserve % 16 == 0);
	init(thread, name);
	thread->argument = argument;
	thread->free = free;
	thread->run = run;
	return equip(thread, reserve);
}

static void destroy(struct thread *thread)
{
	assert(thread->state == THREAD_NEW || thread->state == THREAD_DEAD);
	take_out(thread);
	fpu_disown(thread);
	stack_free(thread->stack);
	thread->free(thread);
}

void thread_get(struct thread *thread)
{
	uint32_t before = __atomic_fetch_add(&thread->references, 1, __ATOMIC_RELAXED);

	assert(before != 0);
}

void thread_put(struct thread *thread)
{
	uint32_t before = __atomic_fetch_sub(&thread->references, 1, __ATOMIC_ACQ_REL);

	assert(before != 0);
	if (before == 1)
		destroy(thread);
}

struct thread *thread_spawn(const char *name, void (*run)(void *argument), void *argument)
{
	struct thread *thread = thread_create(name, run, argument);

	if (thread)
		thread_start(thread);
	return thread;
}

_Noreturn void thread_begin(void)
{
	struct thread *self = thread_self();

	sched_switched();
	irq_restore(thread_interrupts ? RFLAGS_IF : 0);
	self->run(self->argument);
	thread_exit(0);
}

void thread_set_priority(struct thread *thread, unsigned priority)
{
	assert(priority < THREAD_PRIORITIES);
	donation_set_base(thread, priority);
}

void thread_interrupt(struct thread *thread)
{
	sched_interrupt(thread);
}

void thread_set_affinity(struct thread *thread, uint8_t processors)
{
	assert(processors & ((1u << percpu_count) - 1));
	sched_set_affinity(thread, processors);
}

uint64_t thread_count(void)
{
	return __atomic_load_n(&count, __ATOMIC_RELAXED);
}
LEAK_COUNT("threads", thread_count);

void threads_each(bool (*visit)(struct thread *thread, void *context), void *context)
{
	spin_lock(&list_lock);
	list_each (link, &threads)
		if (!visit(list_entry(link, struct thread, link), context))
			break;
	spin_unlock(&list_lock);
}

/* --- stacks -------------------------------------------------------------------------- */

static struct stack_bounds bounds_of(const struct thread *thread)
{
	uint64_t low = thread == &boot_thread ? (uint64_t)boot_stack : (uint64_t)thread->stack;
	uint64_t high = thread == &boot_thread ? (uint64_t)boot_stack_top : low + THREAD_STACK;

	return (struct stack_bounds){ low, low ? high : 0 };
}

/* Takes no lock: who is asked for is the present thread, or no thread runs any more. */
static bool find_stack(uint64_t rbp, struct stack_bounds *bounds)
{
	*bounds = bounds_of(thread_self());
	if (rbp >= bounds->low && rbp < bounds->high)
		return true;
	list_each (link, &threads) {
		*bounds = bounds_of(list_entry(link, struct thread, link));
		if (rbp >= bounds->low && rbp < bounds->high)
			return true;
	}
	return false;
}
BACKTRACE_STACK(find_stack);

bool thread_on_its_stack(void)
{
	struct stack_bounds bounds = bounds_of(thread_self());
	uint64_t here = (uint64_t)__builtin_frame_address(0);

	return !bounds.high || (here >= bounds.low && here < bounds.high);
}
