/*
 * Exercise 4.1 in the kernel: what traps leave of the registers, one inside the other, and between
 * any two instructions. entry_user_test.c goes to user mode.
 */
#include "lab1-boot/console/console.h"
#include "lab1-boot/debug/backtrace.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab3-threads/sched/sched.h"
#include "lab4-interrupts/tests/entry.h"

/* --- all registers ------------------------------------------------------------------- */

/* In struct trap_frame's order, without rsp. */
uint64_t entry_wanted[ENTRY_REGISTERS], entry_got[ENTRY_REGISTERS];
static struct trap_frame seen;
static uint64_t flags_seen, base_seen, stack_seen;

static void look(struct trap_frame *frame)
{
	seen = *frame;
	flags_seen = read_rflags();
	base_seen = rdmsr(MSR_GS_BASE);
	stack_seen = (uint64_t)__builtin_frame_address(0);
	entry_scribble();
}

/* uint64_t entry_trap(uint64_t flags): INT with the wanted registers and flags. Those that are
 * there afterwards go to entry_got; returns the flags. */
uint64_t entry_trap(uint64_t flags);
asm(".pushsection .text\n"
    "entry_trap:\n"
    "pushq %rbp; pushq %rbx; pushq %r12; pushq %r13; pushq %r14; pushq %r15\n"
    "pushq %rdi\n" ENTRY_EACH(ENTRY_LOAD) "popfq\n"
					  "int $0xf8\n"
					  ".globl entry_trapped\n"
					  "entry_trapped:\n"
					  "pushfq\n" ENTRY_EACH(
						  ENTRY_STORE) "popq %rax\n"
							       "cld\n"
							       "popq %r15; popq %r14; popq %r13; "
							       "popq %r12; popq %rbx; popq %rbp\n"
							       "ret\n"
							       ".popsection");
extern const char entry_trapped[];

static void check_registers(void)
{
	const uint64_t *saved = &seen.r15;

	for (unsigned i = 0; i < ENTRY_REGISTERS; i++) {
		KT_EQ(saved[i], entry_wanted[i]);
		KT_EQ(entry_got[i], entry_wanted[i]);
	}
}

KTEST(entry_registers, "4.1",
	"a handler finds all registers in the frame, and what it does to its own is not seen")
{
	KT_REQUIRE(interrupts_work());
	trap_set_interrupt(ENTRY_VECTOR, look);
	for (int times = 0; times < 50; times++) {
		for (unsigned i = 0; i < ENTRY_REGISTERS; i++)
			entry_wanted[i] = kt_random();
		entry_trap(RFLAGS_IF | 2);
		check_registers();
		KT_EQ(seen.vector, ENTRY_VECTOR);
		KT_EQ(seen.error, 0);
		KT_EQ(seen.rip, (uint64_t)entry_trapped);
		KT_EQ(base_seen, rdmsr(MSR_GS_BASE));
		KT_EQ(stack_seen % 16, 0);
	}
}

KTEST(entry_flags, "4.1",
	"handlers start with interrupts, direction and AC off, and the flags come back as they "
	"were")
{
	static const uint64_t each[] = { 0, RFLAGS_IF, ENTRY_DOWN, ENTRY_AC,
		RFLAGS_IF | ENTRY_DOWN | ENTRY_AC, ENTRY_ARITHMETIC };

	KT_REQUIRE(interrupts_work());
	trap_set_interrupt(ENTRY_VECTOR, look);
	for (unsigned i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
		uint64_t before = irq_save();
		uint64_t after = entry_trap(each[i] | 2);

		irq_restore(before);
		KT_EQ(after, each[i] | 2);
		KT_EQ(seen.rflags, each[i] | 2);
		KT_EQ(flags_seen & (RFLAGS_IF | ENTRY_DOWN | ENTRY_AC), 0);
	}
}

static void change(struct trap_frame *frame)
{
	uint64_t *saved = &frame->r15;

	for (unsigned i = 0; i < ENTRY_REGISTERS; i++)
		saved[i] = ~saved[i];
	frame->rflags |= 1; /* carry */
}

KTEST(entry_frame_is_loaded, "4.1", "what a handler writes into the frame is what goes on")
{
	KT_REQUIRE(interrupts_work());
	trap_set_interrupt(ENTRY_VECTOR, change);
	for (unsigned i = 0; i < ENTRY_REGISTERS; i++)
		entry_wanted[i] = kt_random();
	KT_EQ(entry_trap(RFLAGS_IF | 2) & 1, 1);
	for (unsigned i = 0; i < ENTRY_REGISTERS; i++)
		KT_EQ(entry_got[i], ~entry_wanted[i]);
}

/* --- between any two instructions ---------------------------------------------------- */

static unsigned steps;

static bool stepped(struct trap_frame *frame, uint64_t status)
{
	(void)frame;
	KT_TRUE(status & 1ul << 14); /* DR6.BS */
	steps++;
	entry_scribble();
	return true;
}

/* Many registers, memory, the stack and the carry. */
__attribute__((noinline, no_sanitize_thread)) static uint64_t compute(uint64_t seed)
{
	uint64_t a = seed, b = ~seed, c = seed * 3, words[8] = { 0 };

	for (unsigned i = 0; i < 40; i++) {
		unsigned __int128 sum = (unsigned __int128)a * (b | 1) + c;

		a = (uint64_t)sum ^ words[i % 8];
		b = (uint64_t)(sum >> 64) + a;
		c = (c << 7 | c >> 57) + b;
		asm volatile("addq %1, %0; adcq $0, %0; pushq %0; popq %0" : "+r"(c) : "r"(a));
		words[(a + i) % 8] += b;
	}
	return a ^ b ^ c ^ words[3];
}

__attribute__((noinline, no_sanitize_thread)) static uint64_t compute_stepping(uint64_t seed)
{
	uint64_t result;

	asm volatile("pushfq; orq $0x100, (%%rsp); popfq" : : : "memory", "cc");
	result = compute(seed);
	asm volatile("pushfq; andq $~0x100, (%%rsp); popfq" : : : "memory", "cc");
	return result;
}

KTEST(entry_between_instructions, "4.1",
	"a trap between any two instructions changes nothing of what they compute", .limit = 10)
{
	KT_REQUIRE(interrupts_work());
	trap_replace_exception(TRAP_DEBUG, stepped);
	for (int times = 0; times < 5; times++) {
		uint64_t seed = kt_random();

		KT_EQ(compute_stepping(seed), compute(seed));
	}
	KT_TRUE(steps > 5 * 500);
}

/* --- one inside the other ------------------------------------------------------------ */

static char story[16];
static unsigned told;

static void tell(char what)
{
	if (told < sizeof(story) - 1)
		story[told++] = what;
}

static void innermost(struct trap_frame *frame)
{
	(void)frame;
	KT_EQ(this_cpu(interrupt_depth), 2);
	tell('3');
	entry_scribble();
}

static bool breakpoint(struct trap_frame *frame, uint64_t detail)
{
	(void)frame, (void)detail;
	tell('2');
	asm volatile("int $0xf9" : : : "memory");
	entry_scribble();
	tell('4');
	return true;
}

static bool invalid(struct trap_frame *frame, uint64_t detail)
{
	(void)detail;
	tell('1');
	asm volatile("int3" : : : "memory");
	entry_scribble();
	frame->rip += 2; /* behind the UD2 */
	tell('5');
	return true;
}

static void outermost(struct trap_frame *frame)
{
	seen = *frame;
	KT_TRUE(in_interrupt() && !may_sleep() && !irq_enabled());
	tell('0');
	asm volatile("ud2" : : : "memory");
	KT_TRUE(in_interrupt() && !may_sleep() && !irq_enabled());
	entry_scribble();
	tell('6');
}

KTEST(entry_nested, "4.1", "traps in handlers of traps in handlers all come back")
{
	KT_REQUIRE(interrupts_work());
	trap_set_interrupt(ENTRY_VECTOR, outermost);
	trap_set_interrupt(ENTRY_VECTOR + 1, innermost);
	trap_replace_exception(TRAP_BREAKPOINT, breakpoint);
	trap_replace_exception(6, invalid);
	for (unsigned i = 0; i < ENTRY_REGISTERS; i++)
		entry_wanted[i] = kt_random();
	entry_trap(RFLAGS_IF | 2);
	KT_STREQ(story, "0123456");
	check_registers();
	KT_TRUE(!in_interrupt() && may_sleep() && irq_enabled());
}

static bool interrupts_inside;

static bool note_interrupts(struct trap_frame *frame, uint64_t detail)
{
	(void)detail;
	interrupts_inside = irq_enabled();
	frame->rip += 2;
	return true;
}

KTEST(entry_exception_keeps_interrupts, "4.1",
	"an exception is dealt with, and left, with interrupts as they were")
{
	uint64_t flags;

	KT_REQUIRE(interrupts_work());
	trap_replace_exception(6, note_interrupts);
	asm volatile("ud2" : : : "memory");
	KT_TRUE(interrupts_inside && irq_enabled());
	flags = irq_save();
	asm volatile("ud2" : : : "memory");
	KT_TRUE(!interrupts_inside && !irq_enabled());
	irq_restore(flags);
}

/* --- backtraces ---------------------------------------------------------------------- */

static bool found_caller;

__attribute__((noinline)) static void interrupted_here(void)
{
	asm volatile("int $0xf8; nop" : : : "memory");
}

static void walk(struct trap_frame *frame)
{
	uint64_t here = (uint64_t)__builtin_frame_address(0), callers[32];
	size_t count = backtrace_walk(backtrace_stack(here), here, callers, 32);

	for (size_t i = 0; i < count; i++)
		found_caller |= callers[i] == frame->rip;
}

KTEST(entry_backtrace, "4.1", "a backtrace in a handler shows where it came in between")
{
	KT_REQUIRE(interrupts_work());
	trap_set_interrupt(ENTRY_VECTOR, walk);
	interrupted_here();
	KT_TRUE(found_caller);
}

/* --- what cannot be masked ----------------------------------------------------------- */

#define APIC_BASE     0x1bu
#define ICR           0x300
#define ICR_TO        0x310
#define SEND_NMI      0x4400u
#define SEVERAL_TIMES 20

static unsigned nmis;
static uint64_t base_in_nmi;

static bool count_nmi(struct trap_frame *frame, uint64_t detail)
{
	(void)frame, (void)detail;
	base_in_nmi = rdmsr(MSR_GS_BASE);
	__atomic_add_fetch(&nmis, 1, __ATOMIC_RELAXED);
	entry_scribble();
	return true;
}

/* One's own registers once more: nothing that is called may need GS base. */
static volatile uint32_t *apic_page(void)
{
	uint64_t base = rdmsr(APIC_BASE);
	volatile uint32_t *page;

	if (base & 1ul << 10)
		KT_SKIP("the local APIC is an x2APIC");
	page = area_map(base & 0xffffff000ul, PAGE_SIZE);
	KT_REQUIRE(page);
	page[ICR_TO / 4] = apic_id() << 24;
	return page;
}

KTEST(entry_nmi_with_the_users_base, "4.1",
	"a non-maskable interrupt finds this processor's data whatever GS base is, and leaves it "
	"so")
{
	volatile uint32_t *page;
	uint64_t mine = rdmsr(MSR_GS_BASE), flags;

	KT_REQUIRE(interrupts_work());
	trap_replace_exception(TRAP_NMI, count_nmi);
	page = apic_page();
	flags = irq_save();
	for (unsigned i = 0; i < SEVERAL_TIMES; i++) {
		uint64_t user = i % 2 ? kt_random() >> 17 : mine + i * 8, other = mine, after;
		uint32_t low, high;

		if (i == 0)
			user = mine;
		asm volatile("wrmsr"
			     :
			     : "c"(MSR_GS_BASE), "a"((uint32_t)user), "d"((uint32_t)(user >> 32))
			     : "memory");
		page[ICR / 4] = SEND_NMI;
		for (int waits = 0; waits < 1000; waits++)
			asm volatile("pause");
		asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(MSR_GS_BASE) : "memory");
		after = (uint64_t)high << 32 | low;
		asm volatile("wrmsr"
			     :
			     : "c"(MSR_GS_BASE), "a"((uint32_t)other), "d"((uint32_t)(other >> 32))
			     : "memory");
		KT_EQ(after, user);
		KT_EQ(base_in_nmi, mine);
		KT_EQ(nmis, i + 1);
	}
	irq_restore(flags);
	area_free(page);
}

KTEST(entry_machine_check_with_the_users_base, "4.1",
	"a machine check is told, whatever GS base is", .needs = "1.3",
	.panics = "machine check (exception 18, error code 0x0)")
{
	KT_REQUIRE(interrupts_work());
	irq_save();
	asm volatile("swapgs; int $18" : : : "memory");
}

static bool trap_in_nmi(struct trap_frame *frame, uint64_t detail)
{
	(void)frame, (void)detail;
	asm volatile("int3" : : : "memory");
	return true;
}

static bool harmless(struct trap_frame *frame, uint64_t detail)
{
	(void)frame, (void)detail;
	return true;
}

KTEST(entry_trap_in_nmi, "",
	"a trap in the handler of a non-maskable interrupt is the end: the next one could come",
	.needs = "1.3 4.1", .panics = "breakpoint (exception 3")
{
	KT_REQUIRE(interrupts_work());
	trap_replace_exception(TRAP_NMI, trap_in_nmi);
	trap_replace_exception(TRAP_BREAKPOINT, harmless);
	apic_send_nmi(apic_id());
	for (int waits = 0; waits < 100000; waits++)
		CPU_PAUSE();
}

/* Asks for some, and computes and traps until one has come in between. */
static void await_nmi(void)
{
	uint64_t seed = kt_random(), right = compute(seed);
	unsigned before = __atomic_load_n(&nmis, __ATOMIC_RELAXED);

	kprintf("send them\n");

	do {
		KT_EQ(compute(seed), right);
		for (unsigned i = 0; i < ENTRY_REGISTERS; i++)
			entry_wanted[i] = kt_random();
		entry_trap(RFLAGS_IF | 2);
		check_registers();
	} while (__atomic_load_n(&nmis, __ATOMIC_RELAXED) == before);
}

/* Input: a byte: how many rounds. test_entry.py sends some in each. */
KPROBE(entry_nmi_storm)
{
	KT_REQUIRE(interrupts_work());
	trap_replace_exception(TRAP_NMI, count_nmi);
	trap_set_interrupt(ENTRY_VECTOR, look);
	for (int rounds = kt_input_byte(); rounds > 0; rounds--)
		await_nmi();
	kprintf("enough\n");
	while (console_read() < 0)
		CPU_PAUSE();
}
