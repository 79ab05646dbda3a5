/*
 * Signals: sending, blocking, delivering, and the way back.
 *
 * A signal is pending for a process or for one task, until a task that does not block it takes it
 * on its way to user mode: there the action is done: ignore, end, stop, continue, or call a
 * handler on a frame as Linux lays it.
 *
 * Read more: signal(7), sigaction(2); POSIX.1-2017, section 2.4.
 */
#pragma once
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <stdbool.h>
#include <stdint.h>

struct process;
struct task;
struct waitqueue;

/* signal_init: caches, and what exceptions of programs mean. Once, when traps work. */
void signal_init(void);

/*
 * signal_send: to a process, or (signal_send_task) to one task of it; but SIGKILL is always for the
 * process. info says what the handler is told; NULL: from the kernel (SI_KERNEL), which alone may
 * send in an interrupt's handler (but neither SIGCONT nor what stops). Number 0 sends nothing; who
 * has ended gets none. 0, or -EAGAIN: no more real-time ones can be queued, and it would not be
 * ignored. Never sleeps. Take signals->lock. Caller keeps the process (task) by a reference or
 * process_tree.
 */
int signal_send(struct process *process, int number, const siginfo_t *info);
int signal_send_task(struct task *task, int number, const siginfo_t *info);

/* signal_force: a fault of the calling task: unblocked, and the default if it was ignored or
 * blocked. The task's frame is that of the fault; address is what it touched, for si_addr and
 * the frame's cr2. Without memory for the siginfo it comes without one. Never sleeps. Takes
 * signals->lock. */
void signal_force(int number, int code, uint64_t address);

/* signal_send_group: to all of a process group; how many there were. Takes process_tree. */
unsigned signal_send_group(int group, int number, const siginfo_t *info);

/* signal_pending: whether the calling task has one to be delivered: long loops look. May say so
 * once too often. signal_told_to_end: whether it is to end: calls look that no handler interrupts.
 * Never sleep. The latter takes signals->lock. */
bool signal_pending(void);
bool signal_told_to_end(void);

/* signal_ends: the number of a signal that will end the calling task's process: one of its tasks
 * has taken it just now, or it is pending, not blocked, and has no handler; else 0. Never sleeps.
 * Takes signals->lock. */
int signal_ends(void);

/* signal_ignored_or_blocked: whether the calling task blocks that signal or its process ignores it:
 * for SIGTTIN and SIGTTOU. Never sleeps. Takes signals->lock. */
bool signal_ignored_or_blocked(int number);

/* signal_wanted: whether the calling task has one of that set pending, blocked or not (Linux's
 * sigset_t: bit number - 1). signal_fetch: take the next of them, the task's before the
 * process's: its number, and *info; or 0. SIGKILL and SIGSTOP are never taken. For signalfd. Never
 * sleep. signal_fetch takes signals->lock. */
bool signal_wanted(uint64_t set);
int signal_fetch(uint64_t set, siginfo_t *info);

/* signal_watchers: a queue that is woken whenever a signal becomes pending in any process. */
struct waitqueue *signal_watchers(void);

/* signal_mask: what the calling task blocks. signal_mask_for_wait: block that set instead, until
 * the call that it is in has ended and what it interrupted has been delivered (ppoll, pselect,
 * sigsuspend), but never SIGKILL and SIGSTOP; once in a call. Never sleep. The latter takes
 * signals->lock. */
uint64_t signal_mask(void);
void signal_mask_for_wait(uint64_t set);

/* signal_mask_restore: the wait has ended without a signal: at once what was blocked before. */
void signal_mask_restore(void);

/* signal_group_orphaned: whether no member of the group has a parent, other than process 1, in
 * another group of its session; nobody could continue what stops there. Takes process_tree. */
bool signal_group_orphaned(int group);

/*
 * signal_orphans: the process ends, or has got another parent: groups that this orphans, and in
 * which somebody is stopped, get SIGHUP and SIGCONT. Called for the process (whose parent is the
 * one that it loses) before that. Caller holds process_tree.
 */
void signal_orphans(struct process *process);

/* signal_task_free, signal_process_free: what TASK_PART's clone has made, when nobody refers to the
 * task (process) any more. Never sleep. */
void signal_task_free(struct task *task);
void signal_process_free(struct process *process);

/* signal_check_times: on the way to user mode (TASK_TIMES): send the calling process, if it is
 * timed, what is due for the processor time that it has used. May sleep; takes process->lock. */
void signal_check_times(void);

/*
 * signal_deliver: on the way to user mode: what is pending is done, and if a call was interrupted
 * it is made to start again or to return -EINTR. At most one handler: if there is more to do,
 * TASK_SIGNAL is set again, and the caller comes back. Interrupts are on. May sleep (stopped), and
 * not return (ended).
 */
struct trap_frame;
void signal_deliver(struct trap_frame *frame);
