/* The cache of kernel stacks: see stack.h. */
#include "lab3-threads/thread/stack.h"
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
static unsigned count;    /* [lock] */

void *stack_alloc(void)
{
	struct kept *stack;

	spin_lock(&lock);
	stack = kept;
	if (stack) {
		kept = stack->next;
		count--;
	}
	spin_unlock(&lock);
	return stack ? stack : area_alloc(THREAD_STACK);
}

void stack_free(void *memory)
{
	struct kept *stack = memory;

	spin_lock(&lock);
	stack->next = kept;
	kept = stack;
	count++;
	spin_unlock(&lock);
}

/* Take one out if there are more than so many; NULL if not. */
static void *above(unsigned few)
{
	struct kept *stack = NULL;

	spin_lock(&lock);
	if (count > few) {
		stack = kept;
		kept = stack->next;
		count--;
	}
	spin_unlock(&lock);
	return stack;
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
	void *stack;

	sched_settle();
	for (unsigned cpu = 0; cpu < percpu_count; cpu++)
		if (cpu != self && sched_takes_part(cpu)) {
			thread[cpu] = thread_create("forget", forget, NULL);
			if (!thread[cpu])
				goto unwind;
			thread_set_affinity(thread[cpu], (uint8_t)(1u << cpu));
		}
	while ((stack = above(0)))
		area_free(stack);
unwind:
	for (unsigned cpu = 0; cpu < percpu_count; cpu++)
		if (thread[cpu]) {
			thread_start(thread[cpu]);
			thread_join(thread[cpu]);
		}
	sched_settle();
}
