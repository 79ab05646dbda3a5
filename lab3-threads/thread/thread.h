/*
 * Threads: a stack, saved registers, and a place in the scheduler.
 *
 *   NEW ---- thread_start ----> READY <---- picked / gives way ----> RUNNING
 *                                 ^                                    |  |
 *                                 +-- sched_wake -- SLEEPING <---------+  |
 *                                                                         v
 *                                                                       DEAD
 *
 * A thread's structure lives as long as somebody refers to it: whoever created it
 * (until thread_join or thread_detach), and the thread itself, whose reference is
 * given up by the thread that runs next on its processor: nobody can leave the
 * stack that he stands on.
 *
 * Read more: Birrell, "An Introduction to Programming with Threads", 1989.
 */
#pragma once
#include "lab1-boot/cpu/percpu.h"
#include "lab1-boot/lib/list.h"
#include "lab1-boot/lock/spinlock.h"
#include "lab2-memory/lib/tree.h"
#include "lab3-threads/order/order.h"
#include <stdbool.h>
#include <stdint.h>

#define THREAD_NAME             16          /* bytes, with the 0 at the end */
#define THREAD_STACK            (16 * 1024) /* bytes */
#define THREAD_PRIORITIES       32          /* 0 is the least urgent */
#define THREAD_PRIORITY_DEFAULT 16

enum thread_state { THREAD_NEW, THREAD_READY, THREAD_RUNNING, THREAD_SLEEPING, THREAD_DEAD };

struct mutex;

/* What the policies keep of a thread (sched/policy.h). All [queue]. */
struct thread_sched {
	/* mlfq: */
	struct list link; /* in the list of its level */
	unsigned level;   /* now; it falls below the priority and rises again */
	unsigned ceiling; /* the priority that the thread had when its level was decided */
	uint64_t used;    /* nanoseconds of its present slice */

	/* fair: */
	struct tree_node node; /* in the tree of deadlines */
	uint64_t virtual;      /* the time it has had, divided by its weight */
	uint64_t deadline;     /* when it should have had its slice, in virtual time */
	uint64_t least;        /* the lowest virtual time in the subtree below */
	uint64_t weight;       /* by its priority */
	int64_t lag;           /* while it is away: how much it is owed, times its weight */
};

/*
 * Key: [I] after thread_create, [a] atomic, [queue] the lock of the run queue of its processor,
 * [lock] its own, [donation] the lock of lock/donation.c, [own] only the thread itself.
 */
struct thread {
	uint64_t rsp; /* [queue] while it does not run; switch.S knows that it comes first */
	char name[THREAD_NAME];      /* [own] for its changes; others look */
	uint64_t frame;              /* [queue] while it does not run: where a backtrace begins */
	unsigned id;                 /* [I] */
	uint32_t references;         /* [a] */
	struct list link;            /* [threads] among all threads */
	void *stack;                 /* [I] its lowest byte; NULL: not from the cache of stacks */
	void (*run)(void *argument); /* [I] */
	void *argument;              /* [I] */

	enum thread_state state;   /* [queue] */
	unsigned cpu;              /* [queue] whose queue it is in, or was the last time */
	bool queued;               /* [queue] the policy has it */
	uint8_t affinity;          /* [queue] a bit for each processor it may run on */
	bool interruptible;        /* [queue] its sleep may be ended by thread_interrupt */
	bool interrupted;          /* [a] somebody asked it to stop waiting */
	bool ending;               /* [own] sched_settle waits for it */
	struct thread_sched sched; /* [queue] */
	uint64_t since;            /* [queue] when it began to run, by the clock */
	uint64_t ran;              /* [queue] nanoseconds in all */
	uint64_t switches;         /* [queue] how often it was given a processor */

	unsigned base;             /* [donation] its own priority */
	unsigned priority;         /* [donation, queue] what counts: base, or what was lent */
	struct mutex *waiting_for; /* [donation] */
	struct list held;          /* [donation] its mutexes for which somebody waits */
	struct order_stack order;  /* [own] the sleeping locks that it holds */

	struct spinlock lock;
	bool exited;       /* [lock] */
	uint64_t result;   /* [lock] what thread_exit was told */
	struct list joins; /* [lock] who sleeps until it ends (lock/sleeper.h) */

	void *fpu; /* [own] the area for XSAVE; NULL: it may not use those registers (fpu.h) */
	void (*free)(struct thread *thread); /* [I] see thread_build */
};

/* The thread that runs on this processor. */
PERCPU_DECLARE(struct thread *, thread_current);

static inline struct thread *thread_self(void)
{
	return this_cpu(thread_current);
}

/* thread_init: what runs now becomes a thread, the boot thread, "main". Once, on the boot
 * processor, when kmalloc and areas work. */
void thread_init(void);

/*
 * thread_create: a thread that will call run(argument), and end when that returns. It has a
 * name (cut to what fits), the default priority, and may run on every processor. NULL if there is
 * no memory. It does not run before thread_start. The caller has a handle, to be given up by
 * thread_join or thread_detach; without a start the latter frees it. May sleep.
 */
struct thread *thread_create(const char *name, void (*run)(void *argument), void *argument);

/*
 * thread_build: as thread_create, for a structure that is the caller's memory, as a part of
 * something larger (lab 4's tasks). The uppermost so many bytes of the stack, a multiple of 16, are
 * left to the caller. When nobody refers to the thread any more, and its stack is gone, free is
 * called, by whomever, who may hold locks: so it may not sleep. False if there is no memory; free
 * is not called then. May sleep.
 */
bool thread_build(struct thread *thread, const char *name, void (*run)(void *argument),
	void *argument, size_t reserve, void (*free)(struct thread *thread));

/* thread_start: let it run; once. Never sleeps. Takes a run queue's lock. */
void thread_start(struct thread *thread);

/* thread_spawn: create and start; NULL if there is no memory. May sleep. */
struct thread *thread_spawn(const char *name, void (*run)(void *argument), void *argument);

/* thread_exit: end the calling thread. It holds no lock (asserted). */
_Noreturn void thread_exit(uint64_t result);

/*
 * thread_join: wait until the thread has ended; returns what it gave to thread_exit (0 if its
 * function returned). The caller's handle is gone then. Several may join one thread, if each has
 * a reference of its own to give up. Never of oneself (asserted). May sleep.
 */
uint64_t thread_join(struct thread *thread);

/* thread_detach: give up the handle: nobody will join it. Never sleeps. */
void thread_detach(struct thread *thread);

/*
 * thread_left: the processor has left that thread for good: give up the reference that it had to
 * itself. Called by the scheduler on the stack of the next thread. Never sleeps.
 */
void thread_left(struct thread *thread);

/* thread_get, thread_put: one reference more; one less, and the last one frees the structure and
 * the stack: thread_put then takes the lock of the list of threads. Never sleep. */
void thread_get(struct thread *thread);
void thread_put(struct thread *thread);

/* thread_set_priority: its own priority, from 0 to THREAD_PRIORITIES - 1 (asserted). Never sleeps.
 * Takes the lock of donations, and in it a run queue's. */
void thread_set_priority(struct thread *thread, unsigned priority);

/*
 * thread_set_affinity: a bit for each processor that it may run on: at least one that there is
 * (asserted). One that waits in another's queue is moved; one that runs goes at its next
 * resched point. Never sleeps.
 */
void thread_set_affinity(struct thread *thread, uint8_t processors);

/*
 * thread_interrupt: let its present or its next interruptible sleep end with -EINTR. Never sleeps.
 */
void thread_interrupt(struct thread *thread);

/* thread_count: how many threads there are, the boot thread and the idle ones included. */
uint64_t thread_count(void);

/*
 * threads_each: call visit for every thread, oldest first, until it returns false. Holds the lock
 * of the list: visit may not sleep, nor create or free a thread.
 */
void threads_each(bool (*visit)(struct thread *thread, void *context), void *context);

/* thread_rename: the calling thread's name from now on, cut to what fits, and filled up with
 * zeros. Never sleeps. */
void thread_rename(const char *name);

/*
 * thread_adopt: make a thread of what is no thread yet and runs on a stack of its own: the boot
 * thread, and idle ones. Its structure is the caller's. Never sleeps.
 */
void thread_adopt(struct thread *thread, const char *name);

/* thread_abandon: undo thread_adopt, for one that never ran. Never sleeps. */
void thread_abandon(struct thread *thread);

/* Inside thread/: */

/* thread_prepare (frame.c, exercise 3.1): lay the first frame on a stack, so that the first
 * thread_switch to it goes to thread_begin. Returns the stack pointer to save. */
uint64_t thread_prepare(void *stack, size_t bytes);

/* thread_begin: where a new thread starts, with its run queue's lock held. */
_Noreturn void thread_begin(void);

/* Whether new threads begin with interrupts on: lab 4 sets it, once there are any. [I] then */
extern bool thread_interrupts;

/*
 * thread_switch (switch.S, exercise 3.1): save what a C function may expect of its caller to be
 * kept (System V psABI for AMD64, figure 3.4: rbx, rbp, r12 to r15, rsp), put the stack pointer at
 * *save, take the other one, and return on that stack to whoever saved it.
 */
void thread_switch(uint64_t *save, uint64_t load);

/* thread_on_its_stack: whether the caller's frame lies on the stack of the present thread. */
bool thread_on_its_stack(void);

/* thread_alloc: an unstarted structure with a stack and one handle; NULL without memory. May sleep.
 */
struct thread *thread_alloc(const char *name);
