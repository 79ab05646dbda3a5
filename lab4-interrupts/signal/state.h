/*
 * What a process and its tasks keep about signals: for the files of this directory.
 *
 *   struct signals, of the process          struct task_signals, of each task
 *     what each number does (action)          which are blocked
 *     pending for whichever task              pending for this task alone
 *     stopped or not                          where handlers' stacks are
 *
 * All of it is guarded by one spin lock of the process, which is taken with interrupts off:
 * timers and terminals send signals in their interrupts' handlers. Inside it are taken: a run
 * queue's lock, to wake a task; those of the queues of who stands still and who watches; and that
 * of a processor's timers. Nothing else.
 */
#pragma once
#include "lab1-boot/lock/spinlock.h"
#include "lab3-threads/lock/waitqueue.h"
#include "lab4-interrupts/process/process.h"
#include "lab4-interrupts/signal/queue.h"
#include "lab4-interrupts/signal/signal.h"
#include "lab4-interrupts/time/timer.h"

/* Neither can be caught, blocked or ignored. */
#define SIGNALS_SOVEREIGN (signal_bit(SIGKILL) | signal_bit(SIGSTOP))
#define SIGNALS_STOP                                                                               \
	(signal_bit(SIGSTOP) | signal_bit(SIGTSTP) | signal_bit(SIGTTIN) | signal_bit(SIGTTOU))
#define SIGNALS_SHRUGGED /* by default nothing happens */                                          \
	(signal_bit(SIGCHLD) | signal_bit(SIGCONT) | signal_bit(SIGURG) | signal_bit(SIGWINCH))

/* A timer that counts what the process uses of processors, in nanoseconds; at 0: it is off. */
struct cpu_timer {
	uint64_t at, interval;
};
enum { CPU_TIMER_VIRTUAL, CPU_TIMER_PROF };

/* Key: [I], [lock], [own] only a task of the process, in its own calls and under its lock. */
struct signals {
	struct spinlock lock;
	struct process *process;          /* [I] */
	struct sigaction action[SIGNALS]; /* [lock] of number i + 1 */
	struct signal_queue pending;      /* [lock] */
	struct list tasks;                /* [lock] task_signals->link, the oldest first */
	bool invulnerable;                /* [lock] process 1: no default action ends or stops it */
	int ending;                       /* [lock] a signal that was taken and ends it, or 0 */
	bool stopped;    /* [lock] its tasks stand still on their way to user mode */
	int stop_number; /* [lock] the signal that did it; 0: the parent knows */
	bool stopping;   /* [lock] one was taken, and neither SIGCONT nor SIGKILL sent since */
	bool continued;  /* [lock] the parent is to be told that it goes on */
	struct waitqueue standing;         /* its tasks that stand still */
	struct timer alarm;                /* ITIMER_REAL */
	uint64_t alarm_at, alarm_interval; /* [lock] nanoseconds; at 0: it is off */
	struct cpu_timer cpu_timers[2];    /* [process->lock] CPU_TIMER_*: itimer's others */
};

/* Key: [I], [lock] of the process's signals, [own] only the task itself. */
struct task_signals {
	struct task *task;               /* [I] */
	struct list link;                /* [lock] in signals->tasks, if listed */
	bool listed;                     /* [lock] */
	bool stands;                     /* [lock] it stands still */
	bool ends;                       /* [lock] it has taken what ends its process */
	uint64_t blocked;                /* [lock] changed by itself only */
	uint64_t awaited;                /* [lock] that rt_sigtimedwait waits for, though blocked */
	uint64_t restore;                /* [own] what is to be blocked again after sigsuspend */
	bool restores;                   /* [own] whether there is such a set */
	struct signal_queue pending;     /* [lock] */
	stack_t stack;                   /* [own] sigaltstack */
	uint64_t vector, error, address; /* [own] of its last fault, for the handler's frame */
};

static inline struct signals *signals_self(void)
{
	return process_self()->signals;
}

static inline struct task_signals *task_signals_self(void)
{
	return task_self()->signals;
}

/* --- send.c -------------------------------------------------------------------------- */

/* signals_init: the caches. Once. */
void signals_init(void);

/* signal_notice: some task that does not block it, first if that is one, shall look at a signal
 * that is pending for the process; first may be NULL. signal_notice_all: every task shall look.
 * Caller holds signals->lock. */
void signal_notice(struct signals *signals, int number, struct task_signals *first);
void signal_notice_all(struct signals *signals);

/* signal_send_here: signal_send to the calling process, from the kernel; the calling task takes it
 * unless it blocks it. */
void signal_send_here(int number);

/* signal_take: the next pending one of the wanted set for the calling task: SIGKILL, else its own
 * before the process's; 0 if there is none. signal_take_to_act: for one whose action follows: if
 * that ends the process, signal_ends says so from now on, and no task takes any other one. Take
 * signals->lock. */
int signal_take(uint64_t wanted, siginfo_t *info);
int signal_take_to_act(uint64_t wanted, siginfo_t *info);

/* signal_deadly: whether the process ends when it takes that signal. Caller holds signals->lock. */
bool signal_deadly(const struct signals *signals, int number);

/* signal_block: change what the calling task blocks. What it would have taken and now does not is
 * offered to other tasks. Takes signals->lock. */
void signal_block(uint64_t set);

/* signal_forget: none of that set is pending any more, for the process or a task. Caller does not
 * hold signals->lock. */
void signal_forget(struct signals *signals, uint64_t set);

/* signal_ignores: whether nothing happens when the process gets that signal. Caller holds
 * signals->lock. */
bool signal_ignores(const struct signals *signals, int number);

/* signal_release: an entry that was taken out of a queue. Never sleeps. */
void signal_release(struct signal_entry *entry);
void signal_release_all(struct list *dropped);

/* --- stop.c -------------------------------------------------------------------------- */

/* signal_resume: SIGCONT or SIGKILL was sent to it: its tasks go on. Caller holds signals->lock. */
void signal_resume(struct signals *signals, bool tell);

/* signal_stop: what a stop signal does by default. May sleep. */
void signal_stop(int number);

/* signal_stand: stand still as long as the process is stopped, and tell the parent what it should
 * know. May sleep. */
void signal_stand(void);

/* signal_left: a task has ended: perhaps all that are left stand still. May sleep. */
void signal_left(struct signals *signals);

/* --- wait.c -------------------------------------------------------------------------- */

/* signal_sleep: sleep until a signal that is not blocked, or is awaited, is sent to the calling
 * task, or until deadline: -EINTR, or -ETIMEDOUT. Sometimes too early. May sleep. */
int signal_sleep(uint64_t deadline);

/* --- frame.c ------------------------------------------------------------------------- */

/*
 * signal_frame_push: let the frame go to the handler of action, and lay on its stack what
 * rt_sigreturn needs to come back, blocked being the mask to be restored. 0; -EFAULT if the stack
 * cannot be written: the frame is then as it was. May sleep.
 */
struct trap_frame;
int signal_frame_push(struct trap_frame *frame, int number, const struct sigaction *action,
	const siginfo_t *info, uint64_t blocked);

/* signal_frame_pop: the way back: all registers, the mask and the stack from what rsp points to. 0;
 * -EFAULT, or -EINVAL for what no program may load: the registers are then as they were. May
 * sleep. */
int signal_frame_pop(struct trap_frame *frame);

/* --- stack.c ------------------------------------------------------------------------- */

/* signal_stack_used: whether the stack pointer lies on the calling task's alternate stack. */
bool signal_stack_used(uint64_t rsp);

/* signal_stack_set: sigaltstack's rules: 0; -EINVAL, -ENOMEM; -EPERM while it is used. */
int signal_stack_set(const stack_t *stack, uint64_t rsp);

/* --- itimer.c ------------------------------------------------------------------------ */

/* What setitimer sets and tells, in nanoseconds; left 0: off. */
struct alarm {
	uint64_t left, interval;
};

/* signal_alarm_init: it is off. signal_alarm_stop: it is off, and will not be sent any more. */
void signal_alarm_init(struct signals *signals);
void signal_alarm_stop(struct signals *signals);

/* --- cputimer.c ---------------------------------------------------------------------- */

/* signal_cpu_timer_get, signal_cpu_timer_set: a timer (CPU_TIMER_*) of the calling process as it
 * is, and was before. May sleep; take process->lock. */
struct alarm signal_cpu_timer_get(unsigned which);
struct alarm signal_cpu_timer_set(unsigned which, const struct alarm *new);
