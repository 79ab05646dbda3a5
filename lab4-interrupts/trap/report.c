/* The end of a trap that nobody has an answer to, and of one whose way is not written. */
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/ktest/todo.h"
#include "lab4-interrupts/trap/entry.h"

_Noreturn void trap_unanswered(const struct trap_frame *frame, uint64_t detail)
{
	trap_panic(frame, frame->vector == TRAP_DEBUG ? read_cr2() : detail);
}

void trap_is_todo(bool tried, const uint64_t *pushed)
{
	todo_report("4.1", "trap_common", "lab4-interrupts/trap/entry.S", 0);
	if (!tried)
		panic_frame(pushed[2], 0, "%s (exception %u, error code 0x%lx)",
			trap_name((unsigned)pushed[0]), (unsigned)pushed[0], pushed[1]);
}
