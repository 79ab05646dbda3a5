/*
 * The scheduler: which thread runs where, and how one goes to sleep and comes back.
 *
 * Every processor has a run queue. Its lock is held over the switch from one thread
 * to the next: the one that leaves takes it, the one that comes lets go of it
 * (sched_switched). So nobody ever sees a thread that is neither on its processor nor
 * completely off it: whoever has the lock of a thread's queue and finds it asleep
 * knows that its registers are saved.
 *
 * Which of the threads that are ready runs next is the policy's business (policy.h).
 *
 * Lock order: whatever a caller holds, then one run queue's; never two of them. With interrupts
 * off.
 */
#pragma once
#include "lab3-threads/thread/thread.h"

#define SLEEP_INTERRUPTIBLE 1u

/* sched_init: choose the policy ("sched=fair", the default, or "sched=mlfq"; another name is told
 * on the console, and fair taken). Once, before thread_init. Never sleeps. */
void sched_init(void);

/*
 * sched_cpu_enter: the calling processor takes part from now on. Its stack and structure are those
 * of its idle thread. Once on each further processor.
 */
_Noreturn void sched_cpu_enter(void);

/* sched_prepare_cpu: give that processor's run queue its idle thread; before the processor
 * starts. idle is adopted. */
void sched_prepare_cpu(unsigned cpu, struct thread *idle);

/*
 * sched_prepare_sleep: record that the calling thread sleeps. sched_wake from now on makes the next
 * sched_sleep return at once. Takes the run queue's lock.
 */
void sched_prepare_sleep(unsigned flags);

/* sched_sleep: give up the processor, unless woken since sched_prepare_sleep. No spin lock is held
 * (asserted). */
void sched_sleep(void);

/* sched_wake: end a thread's sleep; false if it did not sleep. Never sleeps, and may be called by
 * an interrupt's handler. Takes run queues' locks, one after the other. */
bool sched_wake(struct thread *thread);

/* sched_interrupt: end a thread's sleep if it is interruptible, or let its next such one not begin.
 * Takes run queues' locks, one after the other. */
void sched_interrupt(struct thread *thread);

/* sched_start: let a new thread run. Takes a run queue's lock. */
void sched_start(struct thread *thread);

/*
 * sched_yield: let others that are ready run first, if the policy finds that fair: who yields again
 * and again lets everybody run. No spin lock is held, and no sleep prepared (asserted).
 */
void sched_yield(void);

/*
 * sched_point: a resched point: account the time, and give way if the policy says so. Does nothing
 * where one may not sleep, but to ask for another one soon (sched_slice_ops), and never puts a
 * thread to sleep that has only prepared it. Lab 4's timer calls it, and whoever computes for long
 * should.
 */
void sched_point(void);

/* sched_ending: the calling thread is about to end, by sched_exit: sched_settle waits for it from
 * now on. */
void sched_ending(void);

/* sched_exit: leave for ever. The thread's structure is given to thread_left afterwards. */
_Noreturn void sched_exit(void);

/* sched_switched: the first thing that a thread does when it has been switched to. */
void sched_switched(void);

/* sched_set_priority: the priority that counts; its place in its queue changes with it. Never
 * sleeps. */
void sched_set_priority(struct thread *thread, unsigned priority);

/* sched_set_affinity: see thread_set_affinity. */
void sched_set_affinity(struct thread *thread, uint8_t processors);

/* sched_running: whether a thread is on a processor now: a hint, for who spins while it is. */
bool sched_running(const struct thread *thread);

/* sched_nudge: if the thread is on another processor now, have that come in from user mode or to a
 * resched point. Never sleeps. */
void sched_nudge(const struct thread *thread);

/* sched_asked: whether somebody asked the calling thread to give way at its next resched point, and
 * it has not yet; cheap, for places that are passed often. Interrupts are off. */
bool sched_asked(void);

/* sched_ran: how many nanoseconds a thread has run in all, until now. Takes its run queue's lock.
 */
uint64_t sched_ran(struct thread *thread);

/* sched_takes_part: whether that processor runs threads. */
bool sched_takes_part(unsigned cpu);

/*
 * sched_settle: return once every thread that has ended, so far that it can be joined, has been
 * left by its processor: for counts of what they held. May sleep.
 */
void sched_settle(void);

/*
 * sched_pending: add so many things that may wake a thread from outside all threads (a timer, a
 * device); negative to take them back, after what they had to wake was woken. While there are any,
 * nobody being ready is no deadlock.
 */
void sched_pending(int more);

/* sched_policy_name: "mlfq" or "fair". */
const char *sched_policy_name(void);

/*
 * How an idle processor waits, and how it is told that there is work. Lab 3's own polls with
 * `pause`, and kick does nothing; lab 4 hands down hlt and an interrupt. wait: return now and then;
 * interrupts are off when it is called and when it returns. kick: let that processor's wait return
 * soon, also if it has not begun yet; or let it come to a resched point, if it does not wait.
 */
struct cpu_idle_ops {
	void (*wait)(void);
	void (*kick)(unsigned cpu);
};

/* sched_set_idle_ops: once (asserted). */
void sched_set_idle_ops(const struct cpu_idle_ops *ops);

/* sched_poll: from now on idle processors poll all the same: for the explorer, whose processors
 * nothing can interrupt. */
void sched_poll(void);

/*
 * What lets the running thread come to a resched point when others are ready: lab 4's timer. In lab
 * 3 there is nothing, and whoever computes calls sched_point himself.
 *
 * shared: the thread that runs on this processor is to come to a resched point at that moment, by
 * the clock, at the latest; a later call may name an earlier or a later one. Nothing is said when
 * it is alone (again): a resched point too many does no harm. Called with the run queue's lock
 * held, or where somebody else holds spin locks, and interrupts off.
 */
struct sched_slice_ops {
	void (*shared)(uint64_t moment);
};

/* sched_set_slice_ops: once (asserted). */
void sched_set_slice_ops(const struct sched_slice_ops *ops);

/*
 * What else changes with the thread: lab 4's user stack pointer and FS base. switching: called with
 * the run queue's lock held, before the registers are switched.
 */
struct thread_switch_ops {
	void (*switching)(struct thread *from, struct thread *to);
};

/* sched_set_switch_ops: once (asserted). */
void sched_set_switch_ops(const struct thread_switch_ops *ops);
