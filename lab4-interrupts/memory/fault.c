/*
 * Page faults: where a program's accesses meet its address space (exercise 4.5).
 *
 * Most faults are no errors: a page that is touched for the first time, one that is shared until
 * somebody writes, a stack that grows. What remains is the program's own mistake, and becomes a
 * signal; or the kernel's, which is the end, unless it was copying for a program (call/usercopy.h).
 *
 * Read more: Intel SDM volume 3, section 4.7 (page-fault exceptions) and 6.15, interrupt 14;
 * sigaction(2), "The siginfo_t argument".
 */
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/cpu/trap.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/ktest/todo.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/memory/memory.h"
#include "lab4-interrupts/memory/oom.h"
#include "lab4-interrupts/memory/stack.h"
#include "lab4-interrupts/process/process.h"
#include "lab4-interrupts/signal/signal.h"
#include "lab4-interrupts/trap/interrupt.h"

/* The error code of a page fault: SDM volume 3, figure 4-12. A reserved bit that is set in an entry
 * is always our mistake. */
#define FAULT_WRITE    (1ul << 1)
#define FAULT_RESERVED (1ul << 3)
#define FAULT_FETCH    (1ul << 4)

static enum vm_result try(struct memory *memory, uint64_t address, int access)
{
	return memory_low() ? VM_NO_MEMORY : vm_fault(memory->space, address, access);
}

enum vm_result memory_fault(uint64_t address, int access)
{
	struct task *task = task_self();
	struct memory *memory = task ? task->process->memory : NULL;

	assert(may_sleep());
	if (!memory)
		return VM_NO_REGION;
	/* Exercise 4.5, first part: try; where no region is, the stack may grow to there
	 * (memory_grow_stack), and then it is tried again. Where there is no memory, somebody
	 * has to go: memory_make_room says whether it is worth another try. */
	// BEGIN SOLUTION 4.5
	for (;;) {
		enum vm_result result = try(memory, address, access);

		if (result == VM_NO_REGION && memory_grow_stack(memory, address))
			continue;
		if (result == VM_NO_MEMORY && memory_make_room())
			continue;
		return result;
	}
	// END SOLUTION 4.5 => (void)try, (void)address, (void)access; todo("4.5"); return
	// VM_NO_REGION;
}

// BEGIN SOLUTION 4.5
static int access_of(uint64_t error)
{
	return error & FAULT_FETCH ? PROT_EXEC : error & FAULT_WRITE ? PROT_WRITE : PROT_READ;
}

/* A program's own fault: the signal that says what was wrong. */
static void user_fault(uint64_t address, int access)
{
	enum vm_result result = address < USER_END ? memory_fault(address, access) : VM_NO_REGION;

	if (result == VM_NO_REGION)
		signal_force(SIGSEGV, SEGV_MAPERR, address);
	else if (result == VM_NO_RIGHT)
		signal_force(SIGSEGV, SEGV_ACCERR, address);
	else if (result == VM_BUS)
		signal_force(SIGBUS, BUS_ADRERR, address);
	else if (result == VM_NO_MEMORY)
		process_exit(SIGKILL);
}

/* The kernel's: it may be about user memory at the copying instructions only, whatever page is
 * there: any other that goes there is a mistake (or an attack). */
static bool kernel_fault(struct trap_frame *frame, uint64_t address)
{
	if (address >= USER_END || !usercopy_running(frame))
		return false;
	if (memory_fault(address, access_of(frame->error)) == VM_RESOLVED)
		return true;
	return usercopy_fault(frame);
}
// END SOLUTION 4.5 =>

/* The handler: whether the fault is dealt with. address is what CR2 said. */
static bool page_fault(struct trap_frame *frame, uint64_t address)
{
	if (frame->error & FAULT_RESERVED)
		return false;
	/* Exercise 4.5, second part: a fault in user mode is resolved, or forces the signal, with
	 * the code, that sigaction(2) names for it; without memory the process ends as by
	 * SIGKILL. One in the kernel is dealt with only at an instruction that copies for a
	 * program (usercopy_running), and below USER_END: it is resolved, or the copy ends
	 * (usercopy_fault). */
	// BEGIN SOLUTION 4.5
	if (!trap_from_user(frame))
		return kernel_fault(frame, address);
	user_fault(address, access_of(frame->error));
	return true;
	// END SOLUTION 4.5 => (void)address; todo("4.5"); return false;
}

void memory_faults_init(void)
{
	trap_set_exception(TRAP_PAGE_FAULT, page_fault);
}
