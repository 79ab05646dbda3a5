/* System calls about memory, called as programs do, by a task in the kernel. */
#pragma once
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/tests/user.h"

#define ANYWHERE (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW       (PROT_READ | PROT_WRITE)
#define SIX(...) SIX_(__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define SIX_(a, b, c, d, e, f, ...)                                                                \
	(uint64_t)(a), (uint64_t)(b), (uint64_t)(c), (uint64_t)(d), (uint64_t)(e), (uint64_t)(f)

/* A system call of the present task, as the entry would do it. */
static inline int64_t do_call(
	uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	struct trap_frame frame = {
		.error = number, .rdi = a, .rsi = b, .rdx = c, .r10 = d, .r8 = e, .r9 = f
	};

	return syscall_run(&frame);
}
#define CALL(name, ...) do_call(__NR_##name, SIX(__VA_ARGS__))
