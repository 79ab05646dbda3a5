/* The stack that handlers with SA_ONSTACK run on. Read more: sigaltstack(2). */
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/signal/state.h"
#include "lab4-interrupts/trap/interrupt.h"
#include <linux/signal.h>

bool signal_stack_used(uint64_t rsp)
{
	stack_t stack = task_signals_self()->stack;
	uint64_t start = (uint64_t)stack.ss_sp;

	/* A stack that is disarmed while a handler runs is never in use. */
	return !(stack.ss_flags & (int)SS_AUTODISARM) && rsp > start &&
	       rsp - start <= stack.ss_size;
}

int signal_stack_set(const stack_t *stack, uint64_t rsp)
{
	int mode = stack->ss_flags & ~(int)SS_AUTODISARM;

	if (signal_stack_used(rsp))
		return -EPERM;
	if (mode != 0 && mode != SS_ONSTACK && mode != SS_DISABLE)
		return -EINVAL;
	if (mode != SS_DISABLE && stack->ss_size < MINSIGSTKSZ)
		return -ENOMEM;
	task_signals_self()->stack = *stack;
	if (mode == SS_DISABLE)
		task_signals_self()->stack = (stack_t){ .ss_flags = stack->ss_flags };
	return 0;
}

static stack_t stack_now(uint64_t rsp)
{
	stack_t stack = task_signals_self()->stack;

	stack.ss_flags &= (int)SS_AUTODISARM;
	if (stack.ss_size == 0)
		stack.ss_flags |= SS_DISABLE;
	else if (signal_stack_used(rsp))
		stack.ss_flags |= SS_ONSTACK;
	return stack;
}

SYSCALL(sigaltstack, "%p, %p", uint64_t, new, uint64_t, old)
{
	uint64_t rsp = task_frame(task_self())->rsp;
	stack_t before = stack_now(rsp), stack;
	int error = 0;

	if (new &&copy_from_user(&stack, new, sizeof(stack)))
		return -EFAULT;
	if (new)
		error = signal_stack_set(&stack, rsp);
	if (!error && old && copy_to_user(old, &before, sizeof(before)))
		return -EFAULT;
	return error;
}
