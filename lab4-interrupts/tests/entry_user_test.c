/*
 * Exercise 4.1 from user mode and to it: a few bytes of machine code that trap, with a GS base of
 * their own, and with registers that cannot be.
 */
#include "lab4-interrupts/tests/entry.h"
#include "lab4-interrupts/tests/user.h"

#define MSR_KERNEL_GS_BASE 0xc0000102u /* the user's, while the kernel runs */
#define USERS_BASE         (USER_DATA_PAGE + 0x100)

static struct trap_frame seen;
static uint64_t base_seen, users_base_seen;
static unsigned traps;
static void (*meanwhile)(struct trap_frame *frame);

/* The first one gives the program a GS base, the second one ends the task. */
static bool trapped(struct trap_frame *frame, uint64_t detail)
{
	(void)detail;
	if (traps++) {
		users_base_seen = rdmsr(MSR_KERNEL_GS_BASE);
		thread_exit(0);
	}
	task_self()->gs_base = USERS_BASE;
	wrmsr(MSR_KERNEL_GS_BASE, USERS_BASE);
	seen = *frame;
	base_seen = rdmsr(MSR_GS_BASE);
	KT_TRUE(thread_self() == &task_self()->thread);
	KT_EQ((uint64_t)frame, (uint64_t)task_frame(task_self()));
	if (meanwhile)
		meanwhile(frame);
	entry_scribble();
	return true;
}

#define CODE(name, text)                                                                           \
	extern const char name[], name##_end[];                                                    \
	asm(".pushsection .rodata\n" #name ":\n" text "\n" #name "_end:\n.popsection")

/* In struct trap_frame's order, into the page of data. */
#define STORE(number, name) "movq %" #name ", 0x500000 + 8 * " #number "\n"

CODE(code_int3, "int3\n" ENTRY_EACH(STORE) "movq %rsp, 0x500078\n"
					   "movq %gs:0, %rax\nmovq %rax, 0x500080\n"
					   "int3");

static uint64_t stored(unsigned number)
{
	return ((const uint64_t *)user_at(USER_DATA_PAGE))[number];
}

static void fill_registers(void)
{
	uint64_t *saved = &user.frame.r15;

	for (unsigned i = 0; i < ENTRY_REGISTERS; i++)
		saved[i] = kt_random();
}

static void run_int3(void)
{
	KT_REQUIRE(interrupts_work());
	trap_replace_exception(TRAP_BREAKPOINT, trapped);
	traps = 0;
	user_make();
	user_code(code_int3, code_int3_end);
	fill_registers();
	*(uint64_t *)((char *)user_at(USER_DATA_PAGE) + 0x100) = 0x600d;
	thread_set_affinity(thread_self(), 1);
	user_run(NULL);
	KT_EQ(traps, 2);
}

KTEST(entry_user_registers, "4.1",
	"a program that traps goes on with all its registers, and its own GS base", .needs = "4.5")
{
	uint64_t mine = rdmsr(MSR_GS_BASE);

	run_int3();
	for (unsigned i = 0; i < ENTRY_REGISTERS; i++) {
		KT_EQ((&seen.r15)[i], (&user.frame.r15)[i]);
		KT_EQ(stored(i), (&user.frame.r15)[i]);
	}
	KT_EQ(stored(15), user.frame.rsp);
	KT_EQ(stored(16), 0x600d);
	KT_EQ(seen.rip, USER_CODE_PAGE + 1);
	KT_EQ(seen.cs, GDT_USER_CODE | 3);
	KT_EQ(base_seen, mine);
	KT_EQ(users_base_seen, USERS_BASE);
	user_end();
}

static void change(struct trap_frame *frame)
{
	for (unsigned i = 0; i < ENTRY_REGISTERS; i++)
		(&frame->r15)[i] ^= 0x5555;
	frame->rsp ^= 0x5550;
}

KTEST(entry_user_frame_is_loaded, "4.1", "what the kernel writes into the frame, the program has",
	.needs = "4.5")
{
	meanwhile = change;
	run_int3();
	for (unsigned i = 0; i < ENTRY_REGISTERS; i++)
		KT_EQ(stored(i), (&user.frame.r15)[i] ^ 0x5555);
	KT_EQ(stored(15), user.frame.rsp ^ 0x5550);
	user_end();
}

static void nest(struct trap_frame *frame)
{
	(void)frame;
	asm volatile("int $0xf8" : : : "memory");
}

static uint64_t nested_base;

static void nested(struct trap_frame *frame)
{
	(void)frame;
	nested_base = rdmsr(MSR_GS_BASE);
	entry_scribble();
}

KTEST(entry_user_nested, "4.1", "a trap in the handler of a program's trap leaves GS base alone",
	.needs = "4.5")
{
	trap_set_interrupt(ENTRY_VECTOR, nested);
	meanwhile = nest;
	run_int3();
	KT_EQ(nested_base, rdmsr(MSR_GS_BASE));
	KT_EQ(stored(16), 0x600d);
	KT_EQ(stored(3), user.frame.r12);
	user_end();
}

/* --- registers that cannot be -------------------------------------------------------- */

static struct trap_frame fault;
static uint64_t fault_base, fault_users_base;

static bool bad_return(struct trap_frame *frame, uint64_t detail)
{
	(void)detail;
	fault = *frame;
	fault_base = rdmsr(MSR_GS_BASE);
	fault_users_base = rdmsr(MSR_KERNEL_GS_BASE);
	KT_EQ((uint64_t)frame, (uint64_t)task_frame(task_self()));
	KT_TRUE(thread_self() == &task_self()->thread);
	thread_exit(0);
}

/* A selector behind the end of the table: the processor finds out when it returns. */
static void no_such_segment(struct trap_frame *frame)
{
	frame->cs = 0xff8 | 3;
}

KTEST(entry_bad_return, "4.1",
	"a return to user mode that faults is the program's fault, with all of its registers",
	.needs = "4.5")
{
	KT_REQUIRE(interrupts_work());
	trap_replace_exception(13, bad_return);
	trap_replace_exception(TRAP_BREAKPOINT, trapped);
	meanwhile = no_such_segment;
	user_make();
	user_code(code_int3, code_int3_end);
	fill_registers();
	user_run(NULL);
	KT_EQ(traps, 1);
	KT_EQ(fault.vector, 13);
	KT_EQ(fault.error, 0xff8);
	KT_EQ(fault.cs, 0xff8 | 3);
	KT_EQ(fault.rip, USER_CODE_PAGE + 1);
	KT_EQ(fault.rsp, user.frame.rsp);
	for (unsigned i = 0; i < ENTRY_REGISTERS; i++)
		KT_EQ((&fault.r15)[i], (&user.frame.r15)[i]);
	KT_EQ(fault_base, rdmsr(MSR_GS_BASE));
	KT_EQ(fault_users_base, USERS_BASE);
	user_end();
}

/* user_run, on those processors. */
static void user_run_on(uint8_t processors)
{
	struct task *task;

	KT_REQUIRE(task_make(user.process, "user", user_begin, &task) == 0);
	thread_set_affinity(&task->thread, processors);
	thread_start(&task->thread);
	thread_join(&task->thread);
	sched_settle();
}

/* --- while system calls come and go -------------------------------------------------- */

#define NMIS 2000

/* Calls (getpid) until it is over, with a look at one's own GS base after each. */
CODE(code_calls, "int3\n"
		 "1: movl $39, %eax\nsyscall\n"
		 "cmpq $0x600d, %gs:0\njne 2f\n"
		 "cmpq $0, 0x500008\nje 1b\nmovq $1, 0x500000\n2: int3");

static uint32_t target;
static uint64_t nmis, nmis_with_another_base;
static uint64_t right_base;

/* All of it without this_cpu: that may be what is wrong. */
static bool count_nmi(struct trap_frame *frame, uint64_t detail)
{
	(void)frame, (void)detail;
	__atomic_store_n(&nmis, nmis + 1, __ATOMIC_RELEASE);
	nmis_with_another_base += rdmsr(MSR_GS_BASE) != right_base;
	entry_scribble();
	return true;
}

static uint64_t *over; /* the program's */

static void send_nmis(void *unused)
{
	(void)unused;
	for (uint64_t sent = 0; sent < NMIS; sent++) {
		apic_send_nmi(target);
		while (__atomic_load_n(&nmis, __ATOMIC_ACQUIRE) <= sent)
			CPU_PAUSE();
	}
	__atomic_store_n(over, 1, __ATOMIC_RELEASE);
}

/* For two processors: the other one sends what cannot be masked, one after the other. */
KPROBE(entry_nmi_in_calls)
{
	struct thread *sender = thread_create("sender", send_nmis, NULL);

	KT_REQUIRE(interrupts_work() && sender && percpu_count > 1);
	trap_replace_exception(TRAP_BREAKPOINT, trapped);
	trap_replace_exception(TRAP_NMI, count_nmi);
	user_make();
	user_code(code_calls, code_calls_end);
	*(uint64_t *)user_at(USERS_BASE) = 0x600d;
	over = (uint64_t *)user_at(USER_DATA_PAGE) + 1;
	thread_set_affinity(thread_self(), 1);
	sched_yield();
	target = apic_id();
	right_base = rdmsr(MSR_GS_BASE);
	thread_set_affinity(sender, 2);
	thread_start(sender);
	user_run_on(1);
	thread_join(sender);
	KT_EQ(traps, 2);
	KT_EQ(stored(0), 1);
	KT_EQ(nmis, NMIS);
	KT_EQ(nmis_with_another_base, 0);
	user_end();
}
