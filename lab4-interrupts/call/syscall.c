/* System calls: from a number to its function. See syscall.h. */
#include "lab4-interrupts/call/syscall.h"
#include "lab1-boot/boot/cmdline.h"
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/cpu/gdt.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/ktest/todo.h"
#include "lab3-threads/thread/thread.h"
#include "lab4-interrupts/call/trace.h"
#include "lab4-interrupts/process/process.h"
#include "lab4-interrupts/trap/interrupt.h"
#include <asm/signal.h>
#include <stddef.h>

ROWS_DEFINE(syscall);

#define MSR_STAR  0xc0000081u
#define MSR_LSTAR 0xc0000082u
#define MSR_FMASK 0xc0000084u
#define EFER_SCE  1ul

/* What a program may have set in its flags and the kernel must not run with: TF, IF, DF, IOPL, NT,
 * RF, AC. Without AC a user page is out of reach (SMAP). */
#define FLAGS_CLEARED (1u << 8 | 1u << 9 | 1u << 10 | 3u << 12 | 1u << 14 | 1u << 16 | 1u << 18)

_Static_assert(offsetof(struct trap_frame, r11) == 32, "entry.S");
_Static_assert(offsetof(struct trap_frame, rcx) == 96, "entry.S");
_Static_assert(offsetof(struct trap_frame, rax) + 8 == 120, "entry.S");
_Static_assert(offsetof(struct trap_frame, rip) == 136, "entry.S");
_Static_assert(offsetof(struct trap_frame, rflags) == 152, "entry.S");
_Static_assert(offsetof(struct trap_frame, rsp) == 160, "entry.S");
_Static_assert(GDT_USER_DATA == 0x18 && GDT_USER_CODE == 0x20, "entry.S");
_Static_assert(TRAP_SYSCALL == 256, "entry.S");

PERCPU(uint64_t, syscall_stack);
PERCPU(uint64_t, syscall_user_rsp); /* the user's, for the few instructions without a stack */

static const struct syscall *table[SYSCALLS]; /* [I] after syscalls_init */

void syscall_entry(void); /* entry.S */
void syscall_handle(struct trap_frame *frame);
void syscall_todo(void);

void syscalls_init(void)
{
	ROWS_EACH (syscall, row) {
		assert(row->number < SYSCALLS && !table[row->number]);
		table[row->number] = row;
	}
}

void syscalls_cpu_init(void)
{
	/* SYSCALL takes CS from the first and SS from it + 8, SYSRET SS from the second + 8 and CS
	 * from it + 16. */
	uint64_t selectors = GDT_KERNEL_CODE | (uint64_t)(GDT_KERNEL_DATA | 3) << 16;

	wrmsr(MSR_STAR, selectors << 32);
	wrmsr(MSR_LSTAR, (uint64_t)syscall_entry);
	wrmsr(MSR_FMASK, FLAGS_CLEARED);
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE);
}

const struct syscall *syscall_row(uint64_t number)
{
	return number < SYSCALLS ? table[number] : NULL;
}

/* --- calls that are not there -------------------------------------------------------- */

#ifdef DEBUG
/* Say which one a program wanted, the first time, unless the command line asks for quiet. */
static void tell_missing(uint64_t number)
{
	static uint8_t told[SYSCALLS]; /* [a] */
	const char *name = number < SYSCALLS ? syscall_name((unsigned)number) : NULL;

	if (name && !cmdline_has("quiet") &&
		!__atomic_exchange_n(&told[number], 1, __ATOMIC_RELAXED))
		kprintf("%s: there is no system call %s (%lu)\n", thread_self()->name, name,
			number);
}
#else
static void tell_missing(uint64_t number)
{
	(void)number;
}
#endif

/* --- from entry.S -------------------------------------------------------------------- */

int64_t syscall_run(struct trap_frame *frame)
{
	const struct syscall *row = syscall_row(frame->error);

	if (row)
		return row->run(frame);
	tell_missing(frame->error);
	return -ENOSYS;
}

/* Whether a call was interrupted and has to be settled by signal_deliver, even if another task took
 * the signal meanwhile: such a result never comes out of the kernel. */
static bool unsettled(int64_t result)
{
	return result <= -ERESTARTSYS && result >= -ERESTART_BLOCK;
}

/* Called with interrupts on, on an otherwise empty kernel stack; returns with them off, and with
 * nothing left to do before the frame may go to user mode. */
void syscall_handle(struct trap_frame *frame)
{
	struct task *task = task_self();

	task->syscall = frame->error;
	if (trace_calls)
		frame->rax = (uint64_t)trace_run(frame);
	else
		frame->rax = (uint64_t)syscall_run(frame);
	if (unsettled((int64_t)frame->rax))
		__atomic_or_fetch(&task->work, TASK_SIGNAL, __ATOMIC_RELAXED);
	irq_save();
	trap_user_return(frame);
	task->syscall = ~0ul;
}

/* No call can be made: the process ends, or of a test's, which is none that could, the thread. */
void syscall_todo(void)
{
	todo_report("4.4", "syscall_entry", "lab4-interrupts/call/entry.S", 0);
	if (process_self()->id)
		process_exit(SIGSYS);
	thread_exit(0);
}
