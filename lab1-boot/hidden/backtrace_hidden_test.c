/* Exercise 1.5, the instructor's own: the stack that the kernel stands on is smashed. */
#include "lab1-boot/boot/layout.h"
#include "lab1-boot/debug/backtrace.h"
#include "lab1-boot/ktest/ktest.h"

#define MOST 32

/* A number that no frame pointer should be, up to the last one, which is random. */
static uint64_t hostile(unsigned which)
{
	uint64_t top = (uint64_t)boot_stack_top, low = (uint64_t)boot_stack;
	const uint64_t values[] = { 0, 8, low - 8, low - 16, top, top - 8, top - 4, top + 4096,
		(uint64_t)boot_stack_guard, 1ul << 47, -1ul, -8ul, -16ul, kt_random() };

	return values[which % (sizeof(values) / sizeof(values[0]))];
}

__attribute__((noipa)) static size_t walk_smashed(uint64_t smash, uint64_t *found)
{
	uint64_t *volatile frame = __builtin_frame_address(0);
	uint64_t saved = *frame, rbp = (uint64_t)frame;

	*frame = smash;
	size_t count = backtrace_walk(backtrace_stack(rbp), rbp, found, MOST);
	*frame = saved;
	return count;
}

KTEST(backtrace_of_the_smashed_boot_stack, "1.5", "the walk ends where its own stack is smashed")
{
	uint64_t found[MOST], first = 0;

	for (unsigned which = 0; which < 14; which++) {
		KT_EQ(walk_smashed(hostile(which), found), 1);
		KT_TRUE(found[0] >= (uint64_t)text_start && found[0] < (uint64_t)text_end);
		KT_TRUE(!first || found[0] == first);
		first = found[0];
	}
}
