/*
 * Interrupts of devices, and the local APIC: the PIT's line, messages, spurious ones, and who gives
 * way afterwards. Floor: given code, which needs exercise 4.1.
 */
#include "lab1-boot/cpu/io.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab3-threads/cpu/clock.h"
#include "lab3-threads/lock/preempt.h"
#include "lab3-threads/sched/sched.h"
#include "lab4-interrupts/tests/entry.h"
#include "lab4-interrupts/trap/ioapic.h"
#include "lab4-interrupts/trap/irq.h"
#include "lab4-interrupts/trap/routes.h"
#include <linux/errno.h>

#define PIT_LINE      0
#define PIT_CHANNEL_0 0x40
#define PIT_COMMAND   0x43
#define PIT_PERIODIC  0x34       /* channel 0, low byte then high byte, mode 2 */
#define PIT_COUNT     1193       /* about a millisecond */
#define LONG_ENOUGH   50000000ul /* nanoseconds */

static unsigned count;

static unsigned counted(void)
{
	return __atomic_load_n(&count, __ATOMIC_ACQUIRE);
}

static void add(void *context)
{
	KT_TRUE(in_interrupt() && !irq_enabled());
	__atomic_add_fetch(&count, *(unsigned *)context, __ATOMIC_RELEASE);
}

static void pit_start(void)
{
	out8(PIT_COMMAND, PIT_PERIODIC);
	out8(PIT_CHANNEL_0, PIT_COUNT & 0xff);
	out8(PIT_CHANNEL_0, PIT_COUNT >> 8);
}

static bool await(unsigned at_least)
{
	uint64_t began = clock_ns();

	while (counted() < at_least && clock_ns() - began < 100 * LONG_ENOUGH)
		CPU_PAUSE();
	return counted() >= at_least;
}

KTEST(irq_line, "", "a device's line calls its handler, until it is detached", .needs = "4.1",
	.limit = 10)
{
	static unsigned one = 1, hundred = 100;
	unsigned before;

	pit_start();
	KT_REQUIRE(irq_attach(PIT_LINE, add, &one) == 0);
	KT_EQ(irq_attach(PIT_LINE, add, &one), -EBUSY);
	KT_TRUE(await(5));
	irq_detach(PIT_LINE);
	before = counted();
	clock_wait(LONG_ENOUGH);
	KT_EQ(counted(), before);
	KT_REQUIRE(irq_attach(PIT_LINE, add, &hundred) == 0);
	KT_TRUE(await(before + 300));
	irq_detach(PIT_LINE);
	KT_EQ((counted() - before) % 100, 0);
}

KTEST(irq_no_line, "", "a line that nobody has cannot be attached", .needs = "4.1")
{
	static unsigned one = 1;

	KT_EQ(irq_attach(ISA_LINES, add, &one), -ENODEV);
	KT_EQ(irq_attach(~0u, add, &one), -ENODEV);
	KT_EQ(irq_attach(2, add, &one), -ENODEV); /* the second controller's, where the PIT is */
	KT_EQ(ioapic_open(0xffffff00, &(struct ioapic_way){ 0 }), -ENODEV);
	ioapic_mask(0xffffff00);
}

KTEST(irq_messages, "", "messages have vectors of their own, as long as there are some",
	.needs = "4.1")
{
	static unsigned value[VECTOR_LAST];
	uint64_t address;
	uint32_t data, first = 0;
	unsigned got = 0, sum = 0;

	while (irq_message(add, &value[got], &address, &data) == 0) {
		KT_EQ(address & 0xfff00000, 0xfee00000);
		KT_TRUE(data >= VECTOR_DEVICES && data <= VECTOR_LAST && data != first);
		first = got == 0 ? data : first;
		value[got] = 1u << got % 10;
		sum += value[got];
		got++;
		apic_send(apic_id(), (uint8_t)data); /* what the device's write would do */
		KT_TRUE(await(sum));
		KT_EQ(counted(), sum);
	}
	KT_TRUE(got > 100);
	KT_EQ(irq_message(add, &value[0], &address, &data), -ENOSPC);
	irq_message_end(first);
	KT_EQ(irq_message(add, &value[0], &address, &data), 0);
	KT_EQ(data, first);
	for (data = VECTOR_LAST; got-- > 0; data--)
		irq_message_end(data);
}

KTEST(irq_message_after_end, "", "what comes too late is nobody's", .needs = "4.1")
{
	static unsigned one = 1;
	uint64_t address;
	uint32_t data;

	KT_REQUIRE(irq_message(add, &one, &address, &data) == 0);
	irq_message_end(data);
	apic_send(apic_id(), (uint8_t)data);
	clock_wait(LONG_ENOUGH / 10);
	KT_EQ(counted(), 0);
	KT_TRUE(!apic_in_service(data));
}

/* --- nobody asked for them ----------------------------------------------------------- */

static void count_one(struct trap_frame *frame)
{
	(void)frame;
	__atomic_add_fetch(&count, 1, __ATOMIC_RELEASE);
	apic_done();
}

KTEST(irq_unexpected, "", "an interrupt that nobody has asked for is counted, and does no harm",
	.needs = "4.1")
{
	KT_REQUIRE(interrupts_work());
	uint64_t before = trap_unexpected();

	asm volatile("int $0xfd" : : : "memory");
	KT_EQ(trap_unexpected(), before + 1);
	KT_EQ(trap_count(0, 0xfd), 1);
	trap_set_interrupt(ENTRY_VECTOR, count_one);
	apic_send(apic_id(), 0xfd);
	apic_send(apic_id(), ENTRY_VECTOR); /* of a lower priority: it waits for the other's end */
	KT_TRUE(await(1));
	KT_EQ(trap_unexpected(), before + 2);
}

KTEST(irq_spurious, "", "a spurious interrupt is passed over, and does not end another one",
	.needs = "4.1")
{
	KT_REQUIRE(interrupts_work());
	uint64_t before = trap_unexpected();

	asm volatile("int $0xff" : : : "memory");            /* VECTOR_SPURIOUS */
	asm volatile("int $0x27; int $0x2f" : : : "memory"); /* the old controllers' */
	KT_EQ(trap_unexpected(), before + 2);
	trap_set_interrupt(ENTRY_VECTOR, count_one);
	apic_send(apic_id(), ENTRY_VECTOR);
	KT_TRUE(await(1));
}

/* --- giving way ---------------------------------------------------------------------- */

static struct thread *urgent;
static bool ran;

static void run(void *unused)
{
	(void)unused;
	ran = true;
}

static void start_urgent(struct trap_frame *frame)
{
	(void)frame;
	thread_start(urgent);
}

static void make_urgent(void)
{
	KT_REQUIRE(interrupts_work());
	trap_set_interrupt(ENTRY_VECTOR, start_urgent);
	urgent = thread_create("urgent", run, NULL);
	KT_REQUIRE(urgent);
	sched_yield();
	thread_set_priority(urgent, THREAD_PRIORITIES - 1);
}

KTEST(irq_gives_way, "", "who was interrupted gives way to a more urgent thread that was woken",
	.needs = "4.1 3.1 3.2 3.3")
{
	make_urgent();
	asm volatile("int $0xf8" : : : "memory");
	KT_TRUE(ran);
	KT_TRUE(irq_enabled());
	thread_join(urgent);
}

KTEST(irq_keeps_who_must_stay, "", "but not with a spin lock held, or when it may not be moved",
	.needs = "4.1 3.1 3.2 3.3")
{
	make_urgent();
	preempt_disable();
	asm volatile("int $0xf8" : : : "memory");
	KT_TRUE(!ran);
	preempt_enable();
	sched_point();
	KT_TRUE(ran);
	thread_join(urgent);
}
