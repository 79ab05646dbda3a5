/*
 * Exercise 4.4 from user mode: a few bytes of machine code make system calls, and tell what became
 * of their registers.
 */
#include "lab1-boot/debug/panic.h"
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/tests/user.h"
#include "lab4-interrupts/trap/interrupt.h"

/* Linux has had nothing at these numbers for a long time: they are the tests'. */
#define SYS_LOOK __NR_uselib      /* look at the frame, and return */
#define SYS_END  __NR_afs_syscall /* end the task */

static struct trap_frame seen;                 /* what SYS_LOOK saw */
static uint64_t seen_flags;                    /* the kernel's own flags meanwhile */
static uint64_t seen_stack;                    /* where the kernel's stack was */
static void (*look)(struct trap_frame *frame); /* what else it does */

SYSCALL(uselib, "")
{
	struct trap_frame *frame = task_frame(task_self());

	seen = *frame;
	seen_flags = read_rflags();
	seen_stack = (uint64_t)__builtin_frame_address(0);
	if (look)
		look(frame);
	return 0x123456789abcdef0;
}

SYSCALL(afs_syscall, "")
{
	thread_exit(0);
}

SYSCALL(tuxcall, "int, int, int, int, int, int", uint64_t, a, uint8_t, b, int8_t, c, uint16_t, d,
	int32_t, e, uint64_t, f)
{
	KT_EQ(a, 0x1111111111111111);
	KT_EQ(b, 0x22);
	KT_EQ(c, (uint64_t)-1);
	KT_EQ(d, 0x4444);
	KT_EQ(e, (uint64_t)-2);
	KT_EQ(f, 0x6666666666666666);
	return -EXDEV;
}

/* Machine code: from name to name_end, to be read only. */
#define CODE(name, text)                                                                           \
	extern const char name[], name##_end[];                                                    \
	asm(".pushsection .rodata\n" #name ":\n" text "\n" #name "_end:\n.popsection")

#define TEXT_(number) #number
#define TEXT(number)  TEXT_(number)

#define END "movl $" TEXT(__NR_afs_syscall) ", %eax\nsyscall\n"

/* Make the call with all registers known, and store them all in the data page, by absolute
 * addresses: rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp, r8 to r15, flags. */
#define STORE                                                                                      \
	"movq %rax, 0x500000\nmovq %rbx, 0x500008\nmovq %rcx, 0x500010\nmovq %rdx, 0x500018\n"     \
	"movq %rsi, 0x500020\nmovq %rdi, 0x500028\nmovq %rbp, 0x500030\nmovq %rsp, 0x500038\n"     \
	"movq %r8, 0x500040\nmovq %r9, 0x500048\nmovq %r10, 0x500050\nmovq %r11, 0x500058\n"       \
	"movq %r12, 0x500060\nmovq %r13, 0x500068\nmovq %r14, 0x500070\nmovq %r15, 0x500078\n"     \
	"movq $0x500800, %rsp\npushfq\npopq 0x500080\n"

enum { RAX, RBX, RCX, RDX, RSI, RDI, RBP, RSP, R8, R9, R10, R11, R12, R13, R14, R15, FLAGS };

CODE(code_registers, "movl $" TEXT(__NR_uselib) ", %eax\n"
						"syscall\n" STORE END);

/* Values that nobody has by chance. */
static void fill_registers(void)
{
	struct trap_frame *f = &user.frame;
	uint64_t *const fields[] = { &f->rbx, &f->rcx, &f->rdx, &f->rsi, &f->rdi, &f->rbp, &f->rsp,
		&f->r8, &f->r9, &f->r10, &f->r11, &f->r12, &f->r13, &f->r14, &f->r15 };

	for (unsigned i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		*fields[i] = kt_random() | 1;
}

static void run_code(const char *from, const char *to)
{
	user_make();
	user_code(from, to);
	fill_registers();
	user_run(NULL);
}

static uint64_t stored(unsigned which)
{
	return ((uint64_t *)user_at(USER_DATA_PAGE))[which];
}

/* What must be as it was, after a call; rcx and r11 are SYSCALL's. */
static void check_preserved(void)
{
	const struct trap_frame *f = &user.frame;

	KT_EQ(stored(RBX), f->rbx);
	KT_EQ(stored(RDX), f->rdx);
	KT_EQ(stored(RSI), f->rsi);
	KT_EQ(stored(RDI), f->rdi);
	KT_EQ(stored(RBP), f->rbp);
	KT_EQ(stored(RSP), f->rsp);
	KT_EQ(stored(R8), f->r8);
	KT_EQ(stored(R9), f->r9);
	KT_EQ(stored(R10), f->r10);
	KT_EQ(stored(R12), f->r12);
	KT_EQ(stored(R13), f->r13);
	KT_EQ(stored(R14), f->r14);
	KT_EQ(stored(R15), f->r15);
}

KTEST(syscall_registers, "4.4",
	"a call keeps all registers but rax, rcx and r11, whatever was in the stack pointer",
	.needs = "4.1 4.5")
{
	run_code(code_registers, code_registers_end);
	check_preserved();
	KT_EQ(stored(RAX), 0x123456789abcdef0);
	KT_EQ(stored(RCX), USER_CODE_PAGE + 7); /* behind the instruction */
	KT_EQ(stored(R11) & ~0x8d5ul, RFLAGS_IF | 2);
	user_end();
}

KTEST(syscall_frame, "4.4",
	"the frame at the top of the stack has all registers, as the program had them",
	.needs = "4.1 4.5")
{
	const struct trap_frame *f = &user.frame;

	run_code(code_registers, code_registers_end);
	KT_EQ(seen.rax, __NR_uselib);
	KT_EQ(seen.rbx, f->rbx);
	KT_EQ(seen.rcx, USER_CODE_PAGE + 7);
	KT_EQ(seen.rdx, f->rdx);
	KT_EQ(seen.rsi, f->rsi);
	KT_EQ(seen.rdi, f->rdi);
	KT_EQ(seen.rbp, f->rbp);
	KT_EQ(seen.rsp, f->rsp);
	KT_EQ(seen.r8, f->r8);
	KT_EQ(seen.r9, f->r9);
	KT_EQ(seen.r10, f->r10);
	KT_EQ(seen.r11, seen.rflags);
	KT_EQ(seen.r12, f->r12);
	KT_EQ(seen.r13, f->r13);
	KT_EQ(seen.r14, f->r14);
	KT_EQ(seen.r15, f->r15);
	KT_EQ(seen.rip, USER_CODE_PAGE + 7);
	KT_EQ(seen.cs, GDT_USER_CODE | 3);
	KT_EQ(seen.ss, GDT_USER_DATA | 3);
	KT_EQ(seen.rflags & ~0x8d5ul, RFLAGS_IF | 2);
	KT_EQ(seen.vector, TRAP_SYSCALL);
	KT_EQ(seen.error, __NR_uselib);
	user_end();
}

/* --- flags --------------------------------------------------------------------------- */

#define RFLAGS_CF (1ul << 0)
#define RFLAGS_DF (1ul << 10)
#define RFLAGS_NT (1ul << 14)
#define RFLAGS_AC (1ul << 18)

KTEST(syscall_flags, "4.4",
	"the kernel runs with interrupts on, and without the program's direction, nested-task and "
	"alignment flags; the program has them again afterwards",
	.needs = "4.1 4.5")
{
	uint64_t flags = RFLAGS_IF | 2 | RFLAGS_CF | RFLAGS_DF | RFLAGS_NT | RFLAGS_AC;

	user_make();
	user_code(code_registers, code_registers_end);
	fill_registers();
	user.frame.rflags = flags;
	user_run(NULL);
	KT_EQ(seen_flags & (RFLAGS_IF | RFLAGS_DF | RFLAGS_NT | RFLAGS_AC), RFLAGS_IF);
	KT_EQ(seen.rflags & flags, flags);
	KT_EQ(stored(FLAGS) & flags, flags);
	check_preserved();
	user_end();
}

/* --- the way back -------------------------------------------------------------------- */

static void change_everything(struct trap_frame *frame)
{
	uint64_t rip = frame->rip;

	for (uint64_t *word = (uint64_t *)frame; word < &frame->vector; word++)
		*word = 0x7000 + (uint64_t)(word - (uint64_t *)frame);
	frame->rip = rip;
	frame->rflags = RFLAGS_IF | 2 | RFLAGS_CF;
	frame->rsp = USER_DATA_PAGE + 0x100;
}

KTEST(syscall_changed, "4.4",
	"what a call changes in the frame (as signals do) is what the program has, rcx and r11, "
	"too",
	.needs = "4.1 4.5")
{
	static const uint8_t order[] = { R15, R14, R13, R12, R11, R10, R9, R8, RBP, RDI, RSI, RDX,
		RCX, RBX };

	look = change_everything;
	run_code(code_registers, code_registers_end);
	for (unsigned i = 0; i < sizeof(order); i++)
		KT_EQ(stored(order[i]), 0x7000 + i);
	KT_EQ(stored(RSP), USER_DATA_PAGE + 0x100);
	KT_EQ(stored(FLAGS) & RFLAGS_CF, RFLAGS_CF);
	KT_EQ(stored(RAX), 0x123456789abcdef0); /* what it returned */
	user_end();
}

/* Behind the call something that is skipped if rip was moved on by its five bytes. */
CODE(code_skip, "movl $" TEXT(__NR_uselib) ", %eax\nsyscall\nmovl $1, %ebx\n" STORE END);

static size_t changed; /* offset in the frame */
static uint64_t change_by;

static void change_one(struct trap_frame *frame)
{
	*(uint64_t *)((char *)frame + changed) += change_by;
}

#define CHANGE(field, by)                                                                          \
	do {                                                                                       \
		changed = offsetof(struct trap_frame, field);                                      \
		change_by = by;                                                                    \
		look = change_one;                                                                 \
	} while (0)

KTEST(syscall_changed_one, "4.4", "also a single register that is changed is what the program has",
	.needs = "4.1 4.5")
{
	CHANGE(rip, 5);
	run_code(code_skip, code_skip_end);
	check_preserved();
	user_end();
	CHANGE(rflags, RFLAGS_CF);
	run_code(code_registers, code_registers_end);
	KT_EQ(stored(FLAGS) & RFLAGS_CF, RFLAGS_CF);
	user_end();
	CHANGE(rcx, 1);
	run_code(code_registers, code_registers_end);
	KT_EQ(stored(RCX), USER_CODE_PAGE + 8);
	user_end();
	CHANGE(r11, 1);
	run_code(code_registers, code_registers_end);
	KT_EQ(stored(R11) & 1, 1);
	user_end();
	CHANGE(rsp, 8);
	run_code(code_registers, code_registers_end);
	KT_EQ(stored(RSP), user.frame.rsp + 8);
	user_end();
}

#define TRY_CHANGE(field, which)                                                                   \
	do {                                                                                       \
		CHANGE(field, 0x1234);                                                             \
		run_code(code_registers, code_registers_end);                                      \
		KT_EQ(stored(which), user.frame.field + 0x1234);                                   \
		user_end();                                                                        \
	} while (0)

KTEST(syscall_changed_kept, "4.4",
	"registers that C keeps come from the frame, too, if they were changed there",
	.needs = "4.1 4.5")
{
	TRY_CHANGE(rbx, RBX);
	TRY_CHANGE(rbp, RBP);
	TRY_CHANGE(r12, R12);
	TRY_CHANGE(r13, R13);
	TRY_CHANGE(r14, R14);
	TRY_CHANGE(r15, R15);
}

/*
 * Which way a call goes back is told by what is in cs in the frame: IRETQ takes it, and faults, as
 * if the program had (see 4.1); SYSRET does not look at it.
 */
#define PROTECTION_FAULT 13
#define NO_SEGMENT       3 /* a null selector, at the program's level */
#define RFLAGS_TF        (1ul << 8)

static unsigned faults;
static struct trap_frame fault;
static uint64_t wanted_rip, wanted_flags;

static bool protection_fault(struct trap_frame *frame, uint64_t detail)
{
	(void)detail;
	faults++;
	fault = *frame;
	thread_exit(0);
}

static void return_so(struct trap_frame *frame)
{
	frame->cs = NO_SEGMENT;
	if (wanted_rip)
		frame->rip = frame->rcx = wanted_rip;
	frame->rflags |= wanted_flags;
	frame->r11 = frame->rflags;
}

static void run_and_return(uint64_t rip, uint64_t flags)
{
	wanted_rip = rip;
	wanted_flags = flags;
	look = return_so;
	trap_replace_exception(PROTECTION_FAULT, protection_fault);
	run_code(code_registers, code_registers_end);
}

/* It has gone by IRETQ, which did not like the segment. */
static void by_iretq(uint64_t rip, uint64_t flags)
{
	unsigned before = faults;

	run_and_return(rip, flags);
	KT_EQ(faults, before + 1);
	KT_EQ(fault.cs, NO_SEGMENT);
	KT_EQ(fault.rip, rip ? rip : USER_CODE_PAGE + 7);
	KT_EQ(fault.rsp, user.frame.rsp);
	user_end();
}

KTEST(syscall_sysret_trap, "4.4",
	"SYSRET is not given a return address that is not the program's: IRETQ faults as the "
	"program",
	.needs = "4.1 4.5")
{
	by_iretq(USER_END, 0);
	by_iretq(0x8000000000000000, 0);
	by_iretq(0xffff7fffffffffff, 0);
	by_iretq(0x1234567800000000, 0);
	by_iretq((uint64_t)ktest_syscall_sysret_trap, 0);
}

KTEST(syscall_sysret_flags, "4.4", "SYSRET is not used to step a program", .needs = "4.1 4.5")
{
	by_iretq(0, RFLAGS_TF);
}

KTEST(syscall_fast, "4.4", "a call that has changed nothing but rax goes back by SYSRET",
	.needs = "4.1 4.5")
{
	run_and_return(0, 0);
	KT_EQ(faults, 0);
	check_preserved();
	user_end();
}

/* --- numbers and arguments ----------------------------------------------------------- */

CODE(code_arguments, "movq $0x1111111111111111, %rdi\nmovq $0xffff22, %rsi\nmovq $0x1ff, %rdx\n"
		     "movq $0x774444, %r10\nmovq $0x5fffffffe, %r8\nmovq $0x6666666666666666, %r9\n"
		     "movl $" TEXT(__NR_tuxcall) ", %eax\nsyscall\n" STORE END);

KTEST(syscall_arguments, "4.4",
	"six arguments arrive in order and in their types, and an error returns",
	.needs = "4.1 4.5")
{
	run_code(code_arguments, code_arguments_end);
	KT_EQ(stored(RAX), (uint64_t)-EXDEV);
	user_end();
}

CODE(code_number, "movq %rbx, %rax\nsyscall\n" STORE END);

static uint64_t result_of(uint64_t number)
{
	uint64_t result;

	user_make();
	user_code(code_number, code_number_end);
	user.frame.rbx = number;
	user_run(NULL);
	result = stored(RAX);
	user_end();
	return result;
}

KTEST(syscall_missing, "4.4",
	"numbers without a call are ENOSYS, be they in the table, behind it or negative",
	.needs = "4.1 4.5")
{
	KT_EQ(result_of(SYSCALLS - 1), (uint64_t)-ENOSYS);
	KT_EQ(result_of(SYSCALLS), (uint64_t)-ENOSYS);
	KT_EQ(result_of(__NR_create_module), (uint64_t)-ENOSYS);
	KT_EQ(result_of(1ul << 32 | __NR_uselib), (uint64_t)-ENOSYS);
	KT_EQ(result_of(-1ul), (uint64_t)-ENOSYS);
	KT_EQ(result_of(1ul << 63), (uint64_t)-ENOSYS);
}

KTEST(syscall_names, "", "calls have Linux's names, for messages")
{
	KT_STREQ(syscall_name(0), "read");
	KT_STREQ(syscall_name(__NR_futex), "futex");
	KT_STREQ(syscall_name(__NR_clone3), "clone3");
	KT_EQ(syscall_name(400), NULL);
	KT_EQ(syscall_name(100000), NULL);
}

/* --- stacks -------------------------------------------------------------------------- */

CODE(code_many, "movl $1000, %ebx\n1: movl $" TEXT(__NR_uselib) ", %eax\nsyscall\n"
								"decl %ebx\njnz 1b\n" STORE END);

static uint64_t first_stack;

static void same_stack(struct trap_frame *frame)
{
	(void)frame;
	if (!first_stack)
		first_stack = seen_stack;
	KT_REQUIRE(first_stack == seen_stack);
}

KTEST(syscall_stack_empty, "4.4", "each of a thousand calls begins on an empty kernel stack",
	.needs = "4.1 4.5")
{
	look = same_stack;
	run_code(code_many, code_many_end);
	KT_TRUE(first_stack != 0);
	KT_EQ(stored(RBX), 0);
	user_end();
}
