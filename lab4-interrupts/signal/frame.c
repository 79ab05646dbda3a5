/*
 * A handler's frame on the user's stack, as Linux lays it. Exercise 4.9.
 *
 *      rsp of the program ->  ...
 *                             128 bytes that a leaf function may use without asking (red zone)
 *      a multiple of 64   ->  the vector registers, as XSAVE writes them, and two magic words
 *                             siginfo_t
 *                             struct ucontext: the other registers, the mask, the signal stack
 *      rsp of the handler ->  where it returns to: action->sa_restorer
 *
 * The handler gets the number in rdi, and pointers to siginfo and ucontext in rsi and rdx. At
 * its first instruction rsp is as after a call: a multiple of 16, and 8 less. When it
 * returns, the restorer calls rt_sigreturn, and that finds the ucontext at rsp. What stands there
 * then need not be what we wrote: programs edit it (Go does, to switch goroutines), and a hostile
 * one writes what it likes: so nothing is loaded that a program could not have loaded itself.
 *
 * Read more: System V psABI for AMD64, section 3.2 (stack frames); <asm/sigcontext.h>; Intel SDM
 * volume 1, sections 13.4 (the XSAVE area) and 13.8.1 (XRSTOR's exceptions).
 */
#include "lab1-boot/cpu/gdt.h"
#include "lab1-boot/ktest/todo.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/pagetable/pagetable.h"
#include "lab3-threads/thread/fpu.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/signal/registers.h"
#include "lab4-interrupts/signal/state.h"
#include "lab4-interrupts/trap/interrupt.h"
#include <asm/sigcontext.h>
#include <asm/ucontext.h>
#include <linux/errno.h>
#include <linux/signal.h>
#include <stddef.h>

#define RED_ZONE  128
#define USER_CODE (GDT_USER_CODE | 3)
#define USER_DATA (GDT_USER_DATA | 3)

#define FLAGS_USER  0x50dd5ul /* that a program may change: AC OF DF TF SF ZF AF PF CF, and RF */
#define FLAGS_CLEAR 0x10500ul /* not for a handler: DF, TF, RF */

struct signal_frame {
	uint64_t restorer;
	struct ucontext context;
	siginfo_t info;
};
_Static_assert(sizeof(struct signal_frame) == 8 + 304 + 128, "Linux's struct rt_sigframe");

/* What stands at the same place in both, under the same name. */
static void save_general(struct sigcontext *to, const struct trap_frame *from)
{
	const struct task_signals *self = task_signals_self();

	*to = (struct sigcontext){
		.r8 = from->r8,
		.r9 = from->r9,
		.r10 = from->r10,
		.r11 = from->r11,
		.r12 = from->r12,
		.r13 = from->r13,
		.r14 = from->r14,
		.r15 = from->r15,
		.rdi = from->rdi,
		.rsi = from->rsi,
		.rbp = from->rbp,
		.rbx = from->rbx,
		.rdx = from->rdx,
		.rax = from->rax,
		.rcx = from->rcx,
		.rsp = from->rsp,
		.rip = from->rip,
		.eflags = from->rflags,
		.cs = (uint16_t)from->cs,
		.ss = (uint16_t)from->ss,
		.err = self->error,
		.trapno = self->vector,
		.cr2 = self->address,
	};
}

/* All but cs and ss, which are what they are, and those flags that a program may not change. */
static void load_general(struct trap_frame *to, const struct sigcontext *from)
{
	to->r8 = from->r8;
	to->r9 = from->r9;
	to->r10 = from->r10;
	to->r11 = from->r11;
	to->r12 = from->r12;
	to->r13 = from->r13;
	to->r14 = from->r14;
	to->r15 = from->r15;
	to->rdi = from->rdi;
	to->rsi = from->rsi;
	to->rbp = from->rbp;
	to->rbx = from->rbx;
	to->rdx = from->rdx;
	to->rax = from->rax;
	to->rcx = from->rcx;
	to->rsp = from->rsp;
	to->rip = from->rip;
	to->rflags = (to->rflags & ~FLAGS_USER) | (from->eflags & FLAGS_USER);
}

// BEGIN SOLUTION 4.9
/* Where the frame's highest byte goes behind: below the red zone, or the alternate stack's end. */
static uint64_t top_for(const struct trap_frame *frame, const struct sigaction *action)
{
	const stack_t *stack = &task_signals_self()->stack;
	uint64_t rsp = frame->rsp - RED_ZONE;

	if (!(action->sa_flags & SA_ONSTACK) || stack->ss_size == 0 || signal_stack_used(rsp))
		return rsp;
	return (uint64_t)stack->ss_sp + stack->ss_size;
}

/* Whether the alternate stack is used for a frame that begins at rsp, and too small for it. */
static bool overflows(uint64_t top, uint64_t rsp)
{
	const stack_t *stack = &task_signals_self()->stack;
	uint64_t start = (uint64_t)stack->ss_sp;

	return stack->ss_size && top > start && top - start <= stack->ss_size && rsp <= start;
}

static void enter_handler(
	struct trap_frame *frame, uint64_t rsp, int number, __sighandler_t handler)
{
	frame->rdi = (uint64_t)number;
	frame->rsi = rsp + offsetof(struct signal_frame, info);
	frame->rdx = rsp + offsetof(struct signal_frame, context);
	frame->rax = 0;
	frame->rsp = rsp;
	frame->rip = (uint64_t)handler;
	frame->rflags &= ~FLAGS_CLEAR;
}

/* The ucontext but for the vector registers, whose place is given: 0 if there are none. */
static void fill(
	struct signal_frame *to, const struct trap_frame *frame, uint64_t vectors, uint64_t blocked)
{
	to->context.uc_flags = UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS | registers_uc_flags();
	to->context.uc_link = NULL;
	to->context.uc_stack = task_signals_self()->stack;
	to->context.uc_sigmask = blocked;
	save_general(&to->context.uc_mcontext, frame);
	to->context.uc_mcontext.oldmask = blocked;
	to->context.uc_mcontext.fpstate = (void *)vectors;
}

// END SOLUTION 4.9 =>
int signal_frame_push(struct trap_frame *frame, int number, const struct sigaction *action,
	const siginfo_t *info, uint64_t blocked)
{
	/* Exercise 4.9: the frame as shown above. registers_save writes the vector registers
	 * (registers_bytes() of them). Linux refuses a handler without SA_RESTORER. With
	 * SA_ONSTACK the frame begins at the end of the alternate stack, if there is one and it is
	 * not in use; one that does not fit there is refused, too. A stack with SS_AUTODISARM is
	 * none while the handler runs. Nothing changes before all that can fail is done; then the
	 * handler begins with fpu_reset(), and with those flags clear that it must not
	 * inherit. */
	// BEGIN SOLUTION 4.9
	struct task_signals *self = task_signals_self();
	struct signal_frame its;
	uint64_t top = top_for(frame, action);
	uint64_t vectors = (top - registers_bytes()) & ~63ul;
	uint64_t rsp = ((vectors - sizeof(its)) & ~15ul) - 8;

	if (!(action->sa_flags & SA_RESTORER) || overflows(top, rsp))
		return -EFAULT;
	its.restorer = (uint64_t)action->sa_restorer;
	its.info = *info;
	fill(&its, frame, vectors, blocked);
	if (copy_to_user(rsp, &its, sizeof(its)) || registers_save(vectors))
		return -EFAULT;
	if (self->stack.ss_flags & (int)SS_AUTODISARM)
		self->stack = (stack_t){ .ss_flags = SS_DISABLE };
	fpu_reset();
	enter_handler(frame, rsp, number, action->sa_handler);
	return 0;
	// END SOLUTION 4.9 => (void)frame, (void)number, (void)action, (void)info, (void)blocked;
	// (void)save_general; todo("4.9"); return -EFAULT;
}

// BEGIN SOLUTION 4.9
/* Whether a program may go on so. A return address that is not canonical would fault in the kernel,
 * and other segments are the kernel's. */
static bool acceptable(const struct ucontext *context)
{
	const struct sigcontext *registers = &context->uc_mcontext;

	return registers->rip < USER_END && (registers->cs | 3) == USER_CODE &&
	       (!(context->uc_flags & UC_STRICT_RESTORE_SS) || (registers->ss | 3) == USER_DATA);
}

// END SOLUTION 4.9 =>
int signal_frame_pop(struct trap_frame *frame)
{
	/* Exercise 4.9: registers_load takes the vector registers from a user's address (0: give
	 * it initial ones), and refuses what no program may load. What else would let the
	 * program do what it may not, or the kernel fault on the way back? The alternate stack is
	 * set as it was, if sigaltstack would allow that. */
	// BEGIN SOLUTION 4.9
	struct ucontext context;
	int error;

	if (copy_from_user(&context, frame->rsp, sizeof(context)))
		return -EFAULT;
	if (!acceptable(&context))
		return -EINVAL;
	error = registers_load((uint64_t)context.uc_mcontext.fpstate);
	if (error)
		return error;
	signal_block(context.uc_sigmask);
	load_general(frame, &context.uc_mcontext);
	signal_stack_set(&context.uc_stack, frame->rsp);
	return 0;
	// END SOLUTION 4.9 => (void)frame, (void)load_general; todo("4.9"); return -ENOSYS;
}
