/*
 * Undefined behaviour, found by the checks that debug builds have: test_ubsan.py
 * asks for one kind a boot, and compares the file and the line with the place
 * that bears the kind's name here.
 */
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/string.h"

static volatile int large = 0x7fffffff, small = -0x7fffffff - 1, zero, bits = 32, eight = 8;
static volatile uint64_t top = ~0ul / 2;
static int numbers[8] = { 1 };
static char *volatile odd = (char *)numbers + 1;
static int *volatile nowhere;

__attribute__((nonnull)) static void wants_something(const void *object)
{
	asm volatile("" : : "r"(object));
}

__attribute__((returns_nonnull, noipa)) static int *gives_something(void)
{
	return nowhere; /* nonnull_return */
}

static int undefined(const char *kind)
{
	volatile int result = 0;

	if (!strcmp(kind, "add"))
		result = large + 1; /* add */
	else if (!strcmp(kind, "sub"))
		result = small - 1; /* sub */
	else if (!strcmp(kind, "mul"))
		result = large * 2; /* mul */
	else if (!strcmp(kind, "negate"))
		result = -small; /* negate */
	else if (!strcmp(kind, "divide"))
		result = 1 / zero; /* divide */
	else if (!strcmp(kind, "remainder"))
		result = small % (zero - 1); /* remainder */
	else if (!strcmp(kind, "shift"))
		result = 1 << bits; /* shift */
	else if (!strcmp(kind, "index"))
		result = numbers[eight]; /* index */
	else if (!strcmp(kind, "null"))
		result = *nowhere; /* null */
	else if (!strcmp(kind, "misaligned"))
		result = *(int *)odd; /* misaligned */
	else if (!strcmp(kind, "pointer"))
		wants_something(odd + top); /* pointer */
	else if (!strcmp(kind, "bool"))
		result = *(volatile _Bool *)&eight; /* bool */
	else if (!strcmp(kind, "unreachable"))
		__builtin_unreachable(); /* unreachable */
	else if (!strcmp(kind, "nonnull"))
		wants_something(nowhere); /* nonnull */
	else if (!strcmp(kind, "nonnull_return"))
		result = *gives_something();
	else if (!strcmp(kind, "builtin"))
		result = __builtin_ctz((unsigned)zero); /* builtin */
	return result;
}

KPROBE(ubsan_probe)
{
	char kind[20];

	KT_REQUIRE(kt_input_line(kind, sizeof(kind)));
	KT_EQ(undefined(kind), 0);
}

__attribute__((noipa)) static void fill(char *buffer, size_t count)
{
	memset(buffer, 'x', count);
}

__attribute__((noipa)) static void overrun(void)
{
	char buffer[16];

	fill(buffer, sizeof(buffer) + (size_t)eight);
}

KTEST(stack_protector_catches, "", "writing behind an array on the stack is caught",
	.panics = "a stack buffer was overrun")
{
	overrun();
}
