/*
 * What a debug exception is told of in DR6, which the processor never clears. Floor: given code.
 */
#include "lab1-boot/ktest/ktest.h"
#include "lab4-interrupts/trap/entry.h"
#include "lab4-interrupts/trap/interrupt.h"

#define DR6_STEP  (1ul << 14)
#define DR6_RESET 0xffff0ff0ul /* SDM volume 3, table 10-1 */

static unsigned steps;

static uint64_t read_dr6(void)
{
	uint64_t status;

	asm volatile("mov %%dr6, %0" : "=r"(status));
	return status;
}

static bool stepped(struct trap_frame *frame, uint64_t status)
{
	(void)frame;
	KT_TRUE(status & DR6_STEP);
	KT_EQ(read_dr6(), DR6_RESET);
	steps++;
	return true;
}

KTEST(debug_step_told_once, "", "what DR6 tells of one step is not told of whatever comes next",
	.needs = "4.1")
{
	KT_REQUIRE(interrupts_work());
	trap_replace_exception(TRAP_DEBUG, stepped);
	asm volatile("pushfq; orq $0x100, (%%rsp); popfq; nop; nop\n"
		     "pushfq; andq $~0x100, (%%rsp); popfq"
		     :
		     :
		     : "memory", "cc");
	KT_TRUE(steps >= 4);
	KT_EQ(read_dr6(), DR6_RESET);
}
