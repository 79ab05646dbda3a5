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

/*
 * signal_send: to a process, or (signal_send_task) to one task of it. info says what the handler is
 * told; NULL: from the kernel (SI_KERNEL). 0, or -EAGAIN: no more real-time ones can be queued.
 * Never sleeps.
 */
int signal_send(struct process *process, int number, const siginfo_t *info);
int signal_send_task(struct task *task, int number, const siginfo_t *info);

/* signal_force: a fault of the calling task: unblocked, and the default if it was ignored. */
void signal_force(int number, int code, uint64_t address);

/* signal_send_group: to all of a process group; how many there were. Takes process_tree. */
unsigned signal_send_group(int group, int number, const siginfo_t *info);

/* signal_pending: whether the calling task has one to be delivered: long loops look. */
bool signal_pending(void);

/* signal_ignored_or_blocked: for SIGTTIN and SIGTTOU. */
bool signal_ignored_or_blocked(int number);

/* signal_deliver: on the way to user mode: one signal's action at most is a handler. May sleep
 * (stopped). */
struct trap_frame;
void signal_deliver(struct trap_frame *frame);
