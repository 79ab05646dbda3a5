/*
 * The cache of kernel stacks: see stack.h.
 *
 * Debug builds fill a stack that nobody has with a pattern: who still runs on it returns
 * into nowhere, and who wrote to it is found when it goes out again. In the lowest word of
 * a stack that somebody has lies a mark, which nothing that grows downwards should reach.
 */
#include "lab3-threads/thread/stack.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/lock/spinlock.h"
#include "lab2-memory/pagetable/areas.h"
#include "lab2-memory/pagetable/tlb.h"
#include "lab3-threads/sched/sched.h"
#include "lab3-threads/thread/thread.h"

/* A stack in the cache: its lowest bytes link it. */
struct kept {
	struct kept *next;
};

static struct spinlock lock = SPINLOCK_INIT("stacks");
static struct kept *kept; /* [lock] */

#ifdef DEBUG
#define MARK   0x10e57ac110e57ac1ul
#define POISON 0x57ac57ac57ac57acul /* nothing can be there: the address is not canonical */
#define WORDS  (THREAD_STACK / sizeof(uint64_t))

void stack_check(const void *stack)
{
	if (stack && *(const uint64_t *)stack != MARK)
		panic("stack %p: its lowest word was overwritten with 0x%lx", stack,
			*(const uint64_t *)stack);
}

static void mark(uint64_t *stack)
{
	stack[0] = MARK;
}

/*
 * Both loops are not explored (lab3-threads/explore/): here we are alone with the stack, and
 * thousands of points would hide the few that matter.
 */

/* From the cache, where the lowest word was the link. */
__attribute__((no_sanitize_thread)) static void check_poison(const uint64_t *stack)
{
	for (size_t i = 1; i < WORDS; i++)
		if (stack[i] != POISON)
			panic("stack use after free: 0x%lx was written at %p", stack[i],
				(const void *)&stack[i]);
}

__attribute__((no_sanitize_thread)) static void poison(uint64_t *stack)
{
	for (size_t i = 0; i < WORDS; i++)
		stack[i] = POISON;
}
#else
static void mark(uint64_t *stack)
{
	(void)stack;
}

static void check_poison(const uint64_t *stack)
{
	(void)stack;
}

static void poison(uint64_t *stack)
{
	(void)stack;
}
#endif

/* The one that was kept last; NULL if there is none. */
static void *take(void)
{
	struct kept *stack;

	spin_lock(&lock);
	stack = kept;
	if (stack)
		kept = stack->next;
	spin_unlock(&lock);
	if (stack)
		check_poison((uint64_t *)stack);
	return stack;
}

void *stack_alloc(void)
{
	void *stack = take();

	if (!stack)
		stack = area_alloc(THREAD_STACK);
	if (stack)
		mark(stack);
	return stack;
}

void stack_free(void *memory)
{
	uint64_t here = (uint64_t)__builtin_frame_address(0);
	struct kept *stack = memory;

	assert(here - (uint64_t)memory >= THREAD_STACK); /* or we stand on it */
	stack_check(memory);
	poison(memory);
	spin_lock(&lock);
	stack->next = kept;
	kept = stack;
	spin_unlock(&lock);
}

uint64_t stack_shrink(uint64_t pages)
{
	uint64_t given = 0;
	void *stack;

	while (given < pages && (stack = take())) {
		area_free(stack);
		given += THREAD_STACK / PAGE_SIZE;
	}
	return given;
}

static void forget(void *unused)
{
	(void)unused;
	tlb_forget_everything();
}

/*
 * The threads that make the others forget exist before the first stack is unmapped, since they need
 * stacks themselves, and run after the last.
 */
void stack_drain(void)
{
	struct thread *thread[CPUS_MAX] = { NULL };
	unsigned self = this_cpu(cpu_number);
	uint8_t affinity = thread_self()->affinity;
	void *stack;

	thread_set_affinity(thread_self(), (uint8_t)(1u << self)); /* which forgets by itself */
	sched_settle();
	for (unsigned cpu = 0; cpu < percpu_count; cpu++)
		if (cpu != self && sched_takes_part(cpu)) {
			thread[cpu] = thread_create("forget", forget, NULL);
			if (!thread[cpu])
				goto unwind;
			thread_set_affinity(thread[cpu], (uint8_t)(1u << cpu));
		}
	while ((stack = take()))
		area_free(stack);
unwind:
	for (unsigned cpu = 0; cpu < percpu_count; cpu++)
		if (thread[cpu]) {
			thread_start(thread[cpu]);
			thread_join(thread[cpu]);
		}
	sched_settle();
	thread_set_affinity(thread_self(), affinity);
}
