/*
 * Delivering: what pending signals do, on the way to user mode. Exercise 4.9.
 *
 * Here the kernel has nothing more to do for the program than to go back to it: no lock is held,
 * the user's registers lie in the frame, and changing the frame changes where the program goes
 * on. A handler is called so: the frame is laid aside on the user's stack (frame.c), and replaced
 * by one that stands at the handler's first instruction.
 *
 * If a system call was interrupted, its result says what becomes of it (call/syscall.h): to
 * start again is to stand on the syscall instruction once more, with the number in rax.
 */
#include "lab1-boot/ktest/todo.h"
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/call/trace.h"
#include "lab4-interrupts/signal/state.h"
#include "lab4-interrupts/trap/interrupt.h"

#define SYSCALL_BYTES 2 /* of the instruction */

/* signal_force, with the lock: deliver it although it is blocked or ignored, but then end it. */
static void unmask(struct signals *signals, struct task_signals *self, int number)
{
	struct sigaction *action = &signals->action[number - 1];
	uint64_t bit = signal_bit(number);

	if ((self->blocked & bit) || action->sa_handler == SIG_IGN)
		action->sa_handler = SIG_DFL;
	if (action->sa_handler == SIG_DFL)
		signals->invulnerable = false;
	self->blocked &= ~bit;
}

/* A handler's frame tells it of the last fault. */
static void note_fault(struct task_signals *self, uint64_t address)
{
	const struct trap_frame *frame = task_frame(self->task);

	if (frame->vector >= TRAP_EXCEPTIONS)
		return;
	self->vector = frame->vector;
	self->error = frame->error;
	if (frame->vector == TRAP_PAGE_FAULT)
		self->address = address;
}

void signal_force(int number, int code, uint64_t address)
{
	struct signals *signals = signals_self();
	struct task_signals *self = task_signals_self();
	siginfo_t info = { .si_signo = number, .si_code = code };
	uint64_t irq;

	note_fault(self, address);
	if (code != SI_KERNEL)
		info.si_addr = (void *)address;
	irq = spin_lock_irqsave(&signals->lock);
	unmask(signals, self, number);
	spin_unlock_irqrestore(&signals->lock, irq);
	signal_send_task(self->task, number, &info);
}

/* What is to be done for a signal that was taken. A handler that is to be called once only is
 * forgotten with that. */
static struct sigaction action_of(int number)
{
	struct signals *signals = signals_self();
	struct sigaction *action = &signals->action[number - 1], its;
	uint64_t irq = spin_lock_irqsave(&signals->lock);

	its = *action;
	if (signals->ending == number) /* whatever another task has said since it was taken */
		its.sa_handler = SIG_DFL;
	if ((its.sa_flags & SA_RESETHAND) && its.sa_handler != SIG_IGN)
		action->sa_handler = SIG_DFL;
	spin_unlock_irqrestore(&signals->lock, irq);
	return its;
}

static bool task_ends(void)
{
	return __atomic_load_n(&task_self()->work, __ATOMIC_RELAXED) & TASK_END;
}

/* What number does if the program has said nothing else: nothing, stop, or end. */
static void act_by_default(int number)
{
	/* Exercise 4.9: which do what stands in state.h. A signal that is sent to an
	 * invulnerable process does nothing. A stopped task goes on here when it may. */
	// BEGIN SOLUTION 4.9
	uint64_t bit = signal_bit(number);

	if ((SIGNALS_SHRUGGED & bit) || signals_self()->invulnerable)
		return;
	if (!(SIGNALS_STOP & bit))
		process_exit(number);
	signal_stop(number);
	signal_stand();
	// END SOLUTION 4.9 => todo("4.9"); if (number != SIGCHLD) process_exit(SIGKILL);
}

/* The call that was interrupted, if one was: action is what the handler that is going to be called
 * was set with, NULL if there is none. */
static void settle_call(struct trap_frame *frame, const struct sigaction *action)
{
	struct task *task = task_self();

	/* Exercise 4.9: the results that syscall.h names, and no others, make it start again, or
	 * return -EINTR. Once: what the frame says then is not a result of this call any more. */
	// BEGIN SOLUTION 4.9
	int64_t result = (int64_t)frame->rax;
	uint64_t number = task->syscall;
	bool again = !action;

	if (frame->vector != TRAP_SYSCALL || number == ~0ul)
		return;
	if (result != -ERESTARTSYS && result != -ERESTARTNOHAND && result != -ERESTART_BLOCK)
		return;
	if (result == -ERESTARTSYS && action)
		again = action->sa_flags & SA_RESTART;
	if (result == -ERESTART_BLOCK)
		number = __NR_restart_syscall;
	frame->rax = again ? number : (uint64_t)-EINTR;
	if (again)
		frame->rip -= SYSCALL_BYTES;
	task->syscall = ~0ul;
	// END SOLUTION 4.9 => (void)frame, (void)action, (void)task; todo("4.9");
}

// BEGIN SOLUTION 4.9
/* What is blocked while a handler runs. */
static uint64_t blocked_by(const struct sigaction *action, int number)
{
	uint64_t own = action->sa_flags & SA_NODEFER ? 0 : signal_bit(number);

	return task_signals_self()->blocked | action->sa_mask | own;
}

/* A handler without a stack to run on: the program hears of that, or ends if that is what the
 * handler was for. */
static void fail(int number)
{
	struct signals *signals = signals_self();

	if (number == SIGSEGV) {
		uint64_t irq = spin_lock_irqsave(&signals->lock);

		signals->action[SIGSEGV - 1].sa_handler = SIG_DFL;
		spin_unlock_irqrestore(&signals->lock, irq);
	}
	signal_force(SIGSEGV, SI_KERNEL, 0);
}

/* False: it could not be called, and a SIGSEGV is pending. */
static bool call_handler(
	struct trap_frame *frame, int number, const struct sigaction *action, const siginfo_t *info)
{
	struct task_signals *self = task_signals_self();
	uint64_t before = self->restores ? self->restore : self->blocked;

	if (signal_frame_push(frame, number, action, info, before)) {
		fail(number);
		return false;
	}
	self->restores = false;
	signal_block(blocked_by(action, number));
	return true;
}

/* Whether a handler is being called: then that is all for now. */
static bool act(struct trap_frame *frame, int number, const siginfo_t *info)
{
	struct sigaction action = action_of(number);

	if (action.sa_handler == SIG_IGN)
		return false;
	if (action.sa_handler == SIG_DFL) {
		act_by_default(number);
		return false;
	}
	settle_call(frame, &action);
	return call_handler(frame, number, &action, info);
}

// END SOLUTION 4.9 =>
/* signal_take_to_act; strace shows it. */
static int take(uint64_t wanted, siginfo_t *info)
{
	int number = signal_take_to_act(wanted, info);

	if (number && trace_calls)
		trace_signal(info);
	return number;
}

void signal_deliver(struct trap_frame *frame)
{
	struct task_signals *self = task_signals_self();
	siginfo_t info;
	int number;

	__atomic_and_fetch(&self->task->work, ~TASK_SIGNAL, __ATOMIC_SEQ_CST);
	__atomic_store_n(&self->task->thread.interrupted, false, __ATOMIC_SEQ_CST);
	signal_stand();
	/* Exercise 4.9: take what is pending and not blocked, one after the other, until a handler
	 * is called or the task ends (TASK_END: not here, but by the caller). If none is called,
	 * the interrupted call starts again, and the mask from before sigsuspend counts again
	 * (signal_mask_restore, which looks whether there is more to do). */
	// BEGIN SOLUTION 4.9
	while (!task_ends() && (number = take(~self->blocked, &info)))
		if (act(frame, number, &info))
			return;
	settle_call(frame, NULL);
	signal_mask_restore();
	// END SOLUTION 4.9 => while (!task_ends() && (number = take(~0ul, &info)))
	// act_by_default(number); settle_call(frame, NULL); (void)action_of;
}
