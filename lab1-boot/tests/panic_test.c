/* Panics: what they say, whom they tell, and that a panic inside a panic ends. */
#include "lab1-boot/console/console.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/debug/backtrace.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/string.h"

KTEST(panic_tells_file, "", "a panic's message says where it was called", .needs = "1.3",
	.panics = "lost 3 of \"4\" (lab1-boot/tests/panic_test.c:")
{
	panic("lost %d of \"%s\"", 3, "4");
}

KTEST(panic_of_assertion, "", "an assertion that does not hold says which one", .needs = "1.3",
	.panics = "assertion failed: 1 + 1 == three (lab1-boot/tests/panic_test.c:")
{
	volatile int three = 3;

	assert(three == 3);
	assert(1 + 1 == three);
}

KTEST(panic_message_is_cut, "", "a message that is too long is cut, and harms nothing",
	.needs = "1.3", .panics = "xxxxxxxx")
{
	static char text[600];

	memset(text, 'x', sizeof(text) - 1);
	panic("%s", text);
}

KTEST(panic_with_the_console, "", "who panics while holding the console is heard", .needs = "1.3",
	.panics = "with the console")
{
	spin_lock(&console_lock);
	panic("with the console");
}

KTEST(trap_with_the_console, "", "so is who faults while holding it", .needs = "1.3",
	.panics = "invalid opcode")
{
	spin_lock(&console_lock);
	asm volatile("ud2");
}

/* A stack whose look-up fails, as long as a test wants it. */
static bool fail_inside, fail_elsewhere;

static bool failing_find(uint64_t rbp, struct stack_bounds *bounds)
{
	(void)rbp, (void)bounds;
	if (fail_inside)
		panic("the second panic");
	if (fail_elsewhere) {
		wrmsr(MSR_GS_BASE, rdmsr(MSR_GS_BASE) + 4096); /* all that tells processors apart */
		panic("another processor's panic");
	}
	return false;
}
BACKTRACE_STACK(failing_find);

KTEST(panic_inside_panic, "", "a panic while a panic prints its backtrace is told, and ends",
	.panics = "the second panic")
{
	fail_inside = true;
	panic_frame(0, 1, "the first panic");
}

/* Two processors panic, as far as one can play both. test_panic.py reads what is said. */
KPROBE(panic_of_two_probe)
{
	fail_elsewhere = true;
	panic_frame(0, 1, "the first panic");
}
