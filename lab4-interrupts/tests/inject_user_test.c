/* For the program user/starved.c: a system call that lets allocations of the kernel fail. */
#include "lab2-memory/page/inject.h"
#include "lab4-interrupts/call/syscall.h"

/* Let the count-th allocation from now on fail, none if 0; whether the last one was still to come.
 */
SYSCALL(get_kernel_syms, "count", unsigned, count)
{
	bool pending = inject_pending();

	inject_failure(count);
	return pending;
}
