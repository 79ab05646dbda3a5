/* The IOAPICs' registers: see ioapic.h. One is chosen by a first register, and read by another. */
#include "lab4-interrupts/trap/ioapic.h"
#include "lab1-boot/boot/bootinfo.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/lock/spinlock.h"
#include "lab2-memory/pagetable/areas.h"
#include "lab4-interrupts/trap/routes.h"
#include <linux/errno.h>
#include <stddef.h>

#define CHOICE    0x00
#define WINDOW    0x10
#define BYTES     0x20
#define LINES_MAX 120              /* the choice has 8 bits */
#define VERSION   0x01             /* bits 16 to 23: its last line */
#define ENTRY(n)  (0x10 + 2 * (n)) /* its lower half; the upper one follows */
#define ABSENT    0xffffffffu      /* what nobody answers to is read as */

#define ENTRY_LOW    (1u << 13)
#define ENTRY_LEVEL  (1u << 15)
#define ENTRY_MASKED (1u << 16)
#define ENTRY_APIC   24 /* in the upper half, for a processor by its number */

struct ioapic {
	volatile uint32_t *registers;
	uint32_t first, lines;
};

static struct ioapic ioapics[IOAPICS_MAX];             /* [I] up to count */
static unsigned count;                                 /* [I] after the boot */
static struct spinlock lock = SPINLOCK_INIT("IOAPIC"); /* each pair of accesses */

/* Both: caller holds lock, or is alone. */
static uint32_t get(const struct ioapic *ioapic, unsigned which)
{
	ioapic->registers[CHOICE / 4] = which;
	return ioapic->registers[WINDOW / 4];
}

static void set(const struct ioapic *ioapic, unsigned which, uint32_t value)
{
	ioapic->registers[CHOICE / 4] = which;
	ioapic->registers[WINDOW / 4] = value;
}

/* Whether memory is there: to be written to as if it was a device, it is too good. */
static bool is_memory(uint64_t address)
{
	const struct memmap *map = &bootinfo.memmap;

	for (size_t i = 0; i < map->count; i++)
		if (map->range[i].kind != MEMORY_RESERVED && address < map->range[i].end &&
			address + BYTES > map->range[i].start)
			return true;
	return false;
}

static bool overlaps(uint32_t first, uint32_t lines)
{
	for (unsigned i = 0; i < count; i++)
		if (first < (uint64_t)ioapics[i].first + ioapics[i].lines &&
			ioapics[i].first < (uint64_t)first + lines)
			return true;
	return false;
}

static int judge(struct ioapic *ioapic)
{
	uint32_t version = get(ioapic, VERSION);

	ioapic->lines = (version >> 16 & 0xff) + 1;
	if (version == ABSENT || ioapic->lines > LINES_MAX || version == 0 ||
		ioapic->first > UINT32_MAX - ioapic->lines)
		return -ENODEV;
	return overlaps(ioapic->first, ioapic->lines) ? -EEXIST : 0;
}

int ioapic_add(uint64_t address, uint32_t first)
{
	struct ioapic *ioapic = &ioapics[count];
	int error;

	if (count == IOAPICS_MAX)
		return -ENOSPC;
	if (is_memory(address))
		return -ENODEV;
	ioapic->registers = area_map(address, BYTES);
	if (!ioapic->registers)
		return -ENOMEM;
	ioapic->first = first;
	error = judge(ioapic);
	if (error) {
		area_free(ioapic->registers);
		return error;
	}
	for (uint32_t line = 0; line < ioapic->lines; line++)
		set(ioapic, ENTRY(line), ENTRY_MASKED);
	count++;
	return 0;
}

static const struct ioapic *who_has(uint32_t number)
{
	for (unsigned i = 0; i < count; i++)
		if (number - ioapics[i].first < ioapics[i].lines)
			return &ioapics[i];
	return NULL;
}

/* The lower half goes last: it opens the line. */
int ioapic_open(uint32_t number, const struct ioapic_way *way)
{
	const struct ioapic *ioapic = who_has(number);
	uint64_t flags;

	if (!ioapic)
		return -ENODEV;
	flags = spin_lock_irqsave(&lock);
	set(ioapic, ENTRY(number - ioapic->first) + 1, (uint32_t)way->apic << ENTRY_APIC);
	set(ioapic, ENTRY(number - ioapic->first),
		way->vector | (way->low ? ENTRY_LOW : 0) | (way->level ? ENTRY_LEVEL : 0));
	spin_unlock_irqrestore(&lock, flags);
	return 0;
}

void ioapic_mask(uint32_t number)
{
	const struct ioapic *ioapic = who_has(number);
	uint64_t flags;

	if (!ioapic)
		return;
	flags = spin_lock_irqsave(&lock);
	set(ioapic, ENTRY(number - ioapic->first), ENTRY_MASKED);
	spin_unlock_irqrestore(&lock, flags);
}
