/*
 * On the way to user mode: what has been left for that moment is done, until nothing is.
 *
 * Read more: signal(7), "Execution of signal handlers".
 */
#include "lab4-interrupts/process/return.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab3-threads/sched/sched.h"
#include "lab4-interrupts/process/task.h"
#include "lab4-interrupts/signal/signal.h"
#include "lab4-interrupts/trap/interrupt.h"

#define WORK (TASK_END | TASK_SIGNAL | TASK_TIMES)

/* Whoever notifies the task from now on interrupts its next sleep, or is seen by the caller. */
static void do_work(struct task *task, struct trap_frame *frame)
{
	unsigned work = __atomic_fetch_and(&task->work, ~TASK_SIGNAL, __ATOMIC_SEQ_CST);

	__atomic_store_n(&task->thread.interrupted, false, __ATOMIC_SEQ_CST);
	if (work & TASK_END)
		task_end();
	if (work & TASK_TIMES)
		signal_check_times();
	signal_deliver(frame);
}

static bool has_work(const struct task *task)
{
	return __atomic_load_n(&task->work, __ATOMIC_ACQUIRE) & WORK;
}

/* What it does may need interrupts on. Not inline: who has nothing to do need not save registers
 * for it. */
static __attribute__((noinline)) void do_all(struct task *task, struct trap_frame *frame)
{
	for (;;) {
		if (has_work(task)) {
			irq_restore(RFLAGS_IF);
			do_work(task, frame);
			irq_save();
		} else if (sched_asked()) {
			sched_point();
		} else if (!__atomic_exchange_n(
				   &task->thread.interrupted, false, __ATOMIC_SEQ_CST)) {
			return; /* else: look again, for who has set it had set work before */
		}
	}
}

/* Called with interrupts off, as it returns. */
static void prepare(struct trap_frame *frame)
{
	struct task *task = task_self();

	if (task && (has_work(task) || sched_asked()))
		do_all(task, frame);
}

void return_init(void)
{
	trap_set_user_return(prepare);
}

_Noreturn void task_to_user(struct task *task)
{
	struct trap_frame *frame = task_frame(task);

	irq_save();
	trap_user_return(frame);
	trap_to_user(frame);
}
