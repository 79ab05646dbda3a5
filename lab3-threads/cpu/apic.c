/* The local APIC's registers, in both forms: see apic.h. */
#include "lab3-threads/cpu/apic.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab2-memory/pagetable/areas.h"
#include <linux/errno.h>

#define CPUID_1_EDX_APIC   (1u << 9)
#define CPUID_1_ECX_X2APIC (1u << 21)

#define MSR_APIC_BASE 0x1bu
#define BASE_WIDE     (1ul << 10)
#define BASE_ENABLE   (1ul << 11)
#define BASE_ADDRESS  0x000ffffffffff000ul

/* Registers, as offsets in memory; as an x2APIC's, each is MSR_X2APIC + offset / 16. */
#define MSR_X2APIC       0x800u
#define REGISTER_ID      0x20
#define REGISTER_TASK    0x80 /* which vectors are to wait */
#define REGISTER_DONE    0xb0
#define REGISTER_ENABLE  0xf0  /* SVR: whether it works, and the spurious vector */
#define REGISTER_SERVICE 0x100 /* ISR: a bit for each vector, 32 in each of eight registers */
#define REGISTER_ICR     0x300
#define REGISTER_ICR_2   0x310 /* xAPIC only: to whom */
#define REGISTER_LINT0   0x350
#define REGISTER_LINT1   0x360
#define REGISTER_ERROR   0x370

#define ENABLED   (1u << 8)
#define MASKED    (1u << 16)
#define LINT_NMI  (4u << 8)
#define ICR_FIXED 0u

#define ICR_INIT   (5u << 8)
#define ICR_START  (6u << 8)
#define ICR_NMI    (4u << 8)
#define ICR_BUSY   (1u << 12)
#define ICR_ASSERT (1u << 14)

#define ID_MAX    254u /* of an xAPIC; 255 means all */
#define LOOKS_MAX 1000000

static bool wide;                    /* [I] */
static volatile uint32_t *registers; /* [I] NULL if wide */

uint32_t apic_read(unsigned offset)
{
	return wide ? (uint32_t)rdmsr(MSR_X2APIC + offset / 16) : registers[offset / 4];
}

void apic_write(unsigned offset, uint32_t value)
{
	if (wide)
		wrmsr(MSR_X2APIC + offset / 16, value);
	else
		registers[offset / 4] = value;
}

/* Firmware's choice stays, unless it has to be an x2APIC now. */
static void turn_on(bool want_wide)
{
	uint64_t base = rdmsr(MSR_APIC_BASE);

	if (want_wide && !(base & BASE_WIDE))
		wrmsr(MSR_APIC_BASE, base | BASE_ENABLE | BASE_WIDE);
}

int apic_init(bool want_wide)
{
	struct cpuid id = cpuid(1, 0);
	uint64_t base;

	if (!(id.edx & CPUID_1_EDX_APIC))
		return -ENODEV;
	turn_on(want_wide && id.ecx & CPUID_1_ECX_X2APIC);
	base = rdmsr(MSR_APIC_BASE);
	wide = base & BASE_WIDE;
	if (!wide)
		registers = area_map(base & BASE_ADDRESS, PAGE_SIZE);
	return wide || registers ? 0 : -ENOMEM;
}

void apic_cpu_init(void)
{
	turn_on(wide);
}

uint32_t apic_id(void)
{
	return wide ? apic_read(REGISTER_ID) : apic_read(REGISTER_ID) >> 24;
}

bool apic_is_wide(void)
{
	return wide;
}

bool apic_present(void)
{
	return wide || registers;
}

/* The old controllers' line is not ours; the other one tells of what cannot be masked. */
void apic_enable(uint8_t spurious)
{
	apic_write(REGISTER_TASK, 0);
	apic_write(REGISTER_LINT0, MASKED);
	apic_write(REGISTER_ERROR, MASKED);
	apic_write(REGISTER_ENABLE, ENABLED | spurious);
	apic_write(REGISTER_LINT1, LINT_NMI); /* all stay masked until it is enabled */
}

void apic_done(void)
{
	apic_write(REGISTER_DONE, 0);
}

bool apic_in_service(unsigned vector)
{
	return apic_present() && apic_read(REGISTER_SERVICE + vector / 32 * 16) >> vector % 32 & 1;
}

static bool idle(void)
{
	for (int looks = 0; looks < LOOKS_MAX; looks++) {
		if (!(apic_read(REGISTER_ICR) & ICR_BUSY))
			return true;
		CPU_PAUSE();
	}
	return false;
}

/* What was written before is to be seen by who gets the interrupt: a WRMSR does not wait for it. */
static int send_wide(uint32_t id, uint32_t command)
{
	asm volatile("mfence; lfence" : : : "memory");
	wrmsr(MSR_X2APIC + REGISTER_ICR / 16, (uint64_t)id << 32 | command);
	return 0;
}

/* The write to the lower half sends; nothing may come between the two. */
static int send_narrow(uint32_t id, uint32_t command)
{
	uint64_t flags = irq_save();
	bool sent = idle();

	if (sent) {
		registers[REGISTER_ICR_2 / 4] = id << 24;
		registers[REGISTER_ICR / 4] = command;
		sent = idle();
	}
	irq_restore(flags);
	return sent ? 0 : -EIO;
}

static int send(uint32_t id, uint32_t command)
{
	if (wide)
		return send_wide(id, command);
	return id <= ID_MAX ? send_narrow(id, command) : -EINVAL;
}

int apic_send_init(uint32_t id)
{
	return send(id, ICR_INIT | ICR_ASSERT);
}

int apic_send_start(uint32_t id, uint64_t page)
{
	return send(id, ICR_START | ICR_ASSERT | (uint32_t)(page / PAGE_SIZE));
}

int apic_send_nmi(uint32_t id)
{
	return send(id, ICR_NMI | ICR_ASSERT);
}

int apic_send(uint32_t id, uint8_t vector)
{
	return send(id, ICR_FIXED | ICR_ASSERT | vector);
}
