/*
 * The stack protector, in debug builds: each function with an array on its
 * stack keeps this word between it and its return address, and looks at it
 * before returning. Read more: GCC manual, -fstack-protector-strong.
 */
#include "lab1-boot/debug/panic.h"

/* Bytes that functions on text stop at: 0, newline, 0xff (which getc would call the end). */
uint64_t __stack_chk_guard = 0xa5c3960aff0d0a00;

_Noreturn void __stack_chk_fail(void);
_Noreturn void __stack_chk_fail(void)
{
	panic("a stack buffer was overrun");
}
