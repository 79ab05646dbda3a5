/*
 * Exercise 4.5: pages that come when a program touches them, stacks that grow, copies on writing;
 * what is the program's mistake, and what the kernel's. Signals are tested from outside.
 */
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/memory/stack.h"
#include "lab4-interrupts/tests/user.h"

#define HEAP  0x700000ul
#define PAGES 16ul

/* Ends the task; Linux has had nothing at this number for a long time. */
SYSCALL(vserver, "")
{
	thread_exit(0);
}

#define CODE(name, text)                                                                           \
	extern const char name[], name##_end[];                                                    \
	asm(".pushsection .rodata\n" #name ":\n" text "\n" #name "_end:\n.popsection")
#define TEXT_(number) #number
#define TEXT(number)  TEXT_(number)
#define END           "movl $" TEXT(__NR_vserver) ", %eax\nsyscall\n"

/* Write to rcx pages from rdi on, downwards, after reading each: it must be 0. */
CODE(code_touch, "1: movb (%rdi), %al\norb %al, %bl\nmovb $0x5a, (%rdi)\n"
		 "subq $4096, %rdi\ndecl %ecx\njnz 1b\nmovq %rbx, 0x500000\n" END);

static uint64_t data(unsigned i)
{
	return ((uint64_t *)user_at(USER_DATA_PAGE))[i];
}

static void touch(uint64_t from, uint64_t pages)
{
	user.frame.rdi = from;
	user.frame.rcx = pages;
	user_run(NULL);
}

KTEST(fault_lazy, "4.5", "pages come when they are touched, and are zero", .needs = "4.1 4.4")
{
	uint64_t before;

	user_make();
	user_code(code_touch, code_touch_end);
	user_map(HEAP, PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE);
	user_at(USER_DATA_PAGE);
	before = user.memory->space->resident;
	touch(HEAP + 4 * PAGE_SIZE + 123, 5);
	KT_EQ(user.memory->space->resident, before + 5);
	KT_EQ(data(0), 0);
	KT_EQ(*(uint8_t *)user_at(HEAP + 123), 0x5a);
	KT_EQ(*(uint8_t *)user_at(HEAP + 4 * PAGE_SIZE + 123), 0x5a);
	user_end();
}

/* --- stacks -------------------------------------------------------------------------- */

#define STACK 4 /* pages at first */

static void make_stack(uint64_t limit)
{
	user.memory->stack_top = USER_STACK_TOP;
	user.process->limit[RLIMIT_STACK].rlim_cur = limit;
	user_map(USER_STACK_TOP - STACK * PAGE_SIZE, STACK * PAGE_SIZE, PROT_READ | PROT_WRITE);
}

static uint64_t stack_bytes(void)
{
	struct vm_space *space = user.memory->space;
	struct vm_region *region;
	uint64_t bytes;

	rwlock_read(&space->lock);
	region = vm_region_at(space, USER_STACK_TOP - 1);
	bytes = region->range.end - region->range.start;
	rwlock_read_done(&space->lock);
	return bytes;
}

KTEST(fault_stack_grows, "4.5", "a stack grows page by page as it is used, in one region",
	.needs = "4.1 4.4")
{
	user_make();
	user_code(code_touch, code_touch_end);
	make_stack(RLIM_INFINITY);
	touch(USER_STACK_TOP - 8, 100);
	KT_EQ(stack_bytes(), 100 * PAGE_SIZE);
	KT_EQ(data(0), 0);
	user_end();
}

static enum vm_result result;
static uint64_t address;
static int access;

static void fault(void)
{
	result = memory_fault(address, access);
}

static enum vm_result fault_at(uint64_t where, int how)
{
	address = where;
	access = how;
	user_run(fault);
	return result;
}

KTEST(fault_stack_jumps, "4.5",
	"a stack reaches down to wherever it is touched, but not below its limit", .needs = "4.1")
{
	user_make();
	make_stack(64 * PAGE_SIZE);
	KT_EQ(fault_at(USER_STACK_TOP - 64 * PAGE_SIZE - 1, PROT_WRITE), VM_NO_REGION);
	KT_EQ(stack_bytes(), STACK * PAGE_SIZE);
	KT_EQ(fault_at(USER_STACK_TOP - 64 * PAGE_SIZE, PROT_WRITE), VM_RESOLVED);
	KT_EQ(stack_bytes(), 64 * PAGE_SIZE);
	KT_EQ(fault_at(USER_STACK_TOP - 32 * PAGE_SIZE, PROT_READ), VM_RESOLVED);
	KT_EQ(fault_at(USER_STACK_TOP, PROT_WRITE), VM_NO_REGION);
	user_end();
}

KTEST(fault_stack_gap, "4.5", "a stack keeps away from what lies below it", .needs = "4.1")
{
	uint64_t below = USER_STACK_TOP - 400 * PAGE_SIZE;

	user_make();
	make_stack(RLIM_INFINITY);
	user_map(below - PAGE_SIZE, PAGE_SIZE, PROT_READ);
	KT_EQ(fault_at(below + STACK_GAP - PAGE_SIZE, PROT_WRITE), VM_NO_REGION);
	KT_EQ(fault_at(below, PROT_WRITE), VM_NO_REGION);
	KT_EQ(fault_at(below + STACK_GAP, PROT_WRITE), VM_RESOLVED);
	user_end();
}

/* --- mistakes ------------------------------------------------------------------------ */

KTEST(fault_results, "4.5", "what is not mapped, and what is not allowed, is said", .needs = "4.1")
{
	user_make();
	user_map(HEAP, PAGE_SIZE, PROT_READ);
	KT_EQ(fault_at(HEAP, PROT_READ), VM_RESOLVED);
	KT_EQ(fault_at(HEAP, PROT_WRITE), VM_NO_RIGHT);
	KT_EQ(fault_at(HEAP, PROT_EXEC), VM_NO_RIGHT);
	KT_EQ(fault_at(HEAP + PAGE_SIZE, PROT_READ), VM_NO_REGION);
	KT_EQ(fault_at(HEAP - 1, PROT_READ), VM_NO_REGION);
	KT_EQ(fault_at(0, PROT_READ), VM_NO_REGION);
	user_end();
}

/* The kernel's mistakes: each test shows first that a copy for a program would have been none. */

KTEST(fault_kernel_null, "4.5", "the kernel's own wild pointer is its end, with words",
	.needs = "4.1 4.4", .panics = "page fault: reading 0x10")
{
	volatile uint64_t wild = 0x10;

	KT_REQUIRE(copy_to_user(HEAP, "x", 1) == -EFAULT);
	(void)*(volatile uint64_t *)wild;
}

static void read_through(void)
{
	KT_REQUIRE(copy_to_user(HEAP, "x", 1) == 0);
	(void)*(volatile uint64_t *)HEAP;
}

KTEST(fault_kernel_user, "4.5",
	"the kernel's pointer into user memory is its end, even where the program might have a "
	"page",
	.needs = "4.1", .panics = "page fault: reading 0x700000")
{
	user_make();
	user_map(HEAP, PAGE_SIZE, PROT_READ | PROT_WRITE);
	user_run(read_through);
}

KTEST(fault_kernel_code, "4.5", "writing to the kernel's code is its end", .needs = "4.1 4.4",
	.panics = "page fault: writing")
{
	char byte;

	KT_REQUIRE(copy_from_user(&byte, HEAP, 1) == -EFAULT);
	*(volatile uint8_t *)(uint64_t)memory_fault = 0;
}

/* --- copy on write ------------------------------------------------------------------- */

KTEST(fault_cow, "4.5", "of two that share a page after a clone each has its own once one writes",
	.needs = "4.1 4.4")
{
	struct memory *first, *clone;
	uint64_t used;

	user_make();
	user_code(code_touch, code_touch_end);
	user_map(HEAP, PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE);
	for (unsigned i = 0; i < PAGES; i++)
		*(uint8_t *)user_at(HEAP + i * PAGE_SIZE) = 0;
	user_at(USER_DATA_PAGE);
	first = user.memory;
	clone = memory_clone(first);
	KT_REQUIRE(clone);
	KT_EQ(clone->space->resident, first->space->resident);

	used = first->space->resident;
	user.memory = user.process->memory = clone;
	touch(HEAP + 3 * PAGE_SIZE, 2);
	KT_EQ(*(uint8_t *)user_at(HEAP + 3 * PAGE_SIZE), 0x5a);
	KT_EQ(clone->space->resident, used);
	memory_put(clone);

	user.memory = user.process->memory = first;
	KT_EQ(*(uint8_t *)user_at(HEAP + 3 * PAGE_SIZE), 0);
	KT_EQ(*(uint8_t *)user_at(HEAP + 2 * PAGE_SIZE), 0);
	touch(HEAP + 3 * PAGE_SIZE, 1);
	KT_EQ(*(uint8_t *)user_at(HEAP + 3 * PAGE_SIZE), 0x5a);
	user_end();
}
