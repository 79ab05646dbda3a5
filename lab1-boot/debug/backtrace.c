/*
 * Backtraces that a smashed stack cannot crash: see backtrace.h.
 *
 * A backtrace is printed when something has gone wrong, perhaps with the very
 * stack that it reads: it may be cut short, but it may not crash or run for ever.
 */
#include "lab1-boot/debug/backtrace.h"
#include "lab1-boot/boot/layout.h"
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/debug/symbols.h"
#include "lab1-boot/ktest/todo.h"

#define BACKTRACE_MAX 32

ROWS_DEFINE(backtrace_stacks);

static bool boot_stack_find(uint64_t rbp, struct stack_bounds *bounds)
{
	*bounds = (struct stack_bounds){ (uint64_t)boot_stack, (uint64_t)boot_stack_top };
	return rbp >= bounds->low && rbp < bounds->high;
}
BACKTRACE_STACK(boot_stack_find);

struct stack_bounds backtrace_stack(uint64_t rbp)
{
	struct stack_bounds bounds;

	ROWS_EACH (backtrace_stacks, stacks)
		if (stacks->find(rbp, &bounds))
			return bounds;
	return (struct stack_bounds){ 0, 0 };
}

/* How GCC lays a frame: at %rbp, upwards. */
struct frame {
	uint64_t caller_rbp;
	uint64_t return_address;
};

size_t backtrace_walk(struct stack_bounds bounds, uint64_t rbp, uint64_t *addresses, size_t max)
{
	/* Exercise 1.5: follow the chain; trust nothing that you have not checked.
	 * The frame whose return address is 0 is the end, and not reported. */
	// BEGIN SOLUTION 1.5
	size_t count = 0;

	while (count < max && rbp % 8 == 0 && rbp >= bounds.low && rbp < bounds.high &&
		bounds.high - rbp >= sizeof(struct frame)) {
		const struct frame *frame = (const struct frame *)rbp;

		if (!frame->return_address)
			break;
		addresses[count++] = frame->return_address;
		if (frame->caller_rbp <= rbp)
			break;
		rbp = frame->caller_rbp;
	}
	return count;
	// END SOLUTION 1.5 => todo("1.5"); (void)bounds, (void)rbp, (void)addresses, (void)max;
	// return 0;
}

/* A return address may be the first byte of the next function: look up the call before it. */
static void print_address(uint64_t address, uint64_t back)
{
	struct symbol symbol = symbol_of(address - back);

	kprintf("  %p  %s+0x%lx\n", (void *)address, symbol.name, symbol.offset + back);
}

void backtrace_print(uint64_t rip, uint64_t rbp)
{
	uint64_t addresses[BACKTRACE_MAX];
	size_t count = backtrace_walk(backtrace_stack(rbp), rbp, addresses, BACKTRACE_MAX);

	kprintf("backtrace:\n");
	if (rip)
		print_address(rip, 0);
	for (size_t i = 0; i < count; i++)
		print_address(addresses[i], 1);
	if (count == BACKTRACE_MAX)
		kprintf("  ... and more\n");
}
