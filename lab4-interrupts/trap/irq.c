/*
 * Devices' interrupts: see irq.h. All of them go to the boot processor.
 *
 * A device has a vector of its own. Who takes its handler away waits until it does not run
 * any more: the handler counts itself before it is looked up, so whoever has taken it away
 * and then sees a count of 0 knows that nobody has seen it who still runs.
 */
#include "lab4-interrupts/trap/irq.h"
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/lock/mutex.h"
#include "lab2-memory/page/firmware.h"
#include "lab3-threads/cpu/apic.h"
#include "lab3-threads/cpu/madt.h"
#include "lab3-threads/sched/sched.h"
#include "lab4-interrupts/trap/interrupt.h"
#include "lab4-interrupts/trap/ioapic.h"
#include "lab4-interrupts/trap/routes.h"
#include <linux/errno.h>

#define DEVICES      (VECTOR_LAST - VECTOR_DEVICES + 1)
#define APIC_MAX     254u /* numbers that an IOAPIC's entry and a message can name */
#define MESSAGES     0xfee00000ul
#define MESSAGE_APIC 12 /* where the processor's number stands in a message's address */

struct device {
	bool used;                     /* [lock] */
	void (*handle)(void *context); /* [a] NULL: nobody */
	void *context;                 /* [I] while there is a handler */
	unsigned running;              /* [a] how many are in it, or about to look for it */
};

static struct device devices[DEVICES];
static struct routes routes;            /* [I] */
static uint32_t boot_apic;              /* [I] */
static struct device *lines[ISA_LINES]; /* [lock] */
static struct mutex lock = MUTEX_INIT(lock, "irq");

/* --- when one comes ------------------------------------------------------------------ */

static void run(struct trap_frame *frame)
{
	struct device *device = &devices[frame->vector - VECTOR_DEVICES];
	void (*handle)(void *context);

	__atomic_add_fetch(&device->running, 1, __ATOMIC_SEQ_CST);
	handle = __atomic_load_n(&device->handle, __ATOMIC_SEQ_CST);
	if (handle)
		handle(device->context);
	__atomic_sub_fetch(&device->running, 1, __ATOMIC_RELEASE);
	apic_done();
}

/* --- vectors ------------------------------------------------------------------------- */

/* Caller holds lock. NULL if there is none left. */
static struct device *take(void (*handle)(void *context), void *context)
{
	for (unsigned i = 0; i < DEVICES; i++) {
		struct device *device = &devices[i];

		if (device->used)
			continue;
		device->used = true;
		device->context = context;
		__atomic_store_n(&device->handle, handle, __ATOMIC_SEQ_CST);
		sched_pending(1); /* it may wake somebody */
		return device;
	}
	return NULL;
}

/* Caller holds lock. The device asks no more; what it has asked for may still come. */
static void give_back(struct device *device)
{
	__atomic_store_n(&device->handle, NULL, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&device->running, __ATOMIC_SEQ_CST))
		CPU_PAUSE();
	sched_pending(-1);
	device->used = false;
}

static uint8_t vector_of(const struct device *device)
{
	return (uint8_t)(VECTOR_DEVICES + (device - devices));
}

/* --- lines --------------------------------------------------------------------------- */

/* Caller holds lock. */
static int open_line(unsigned line, struct device *device)
{
	const struct isa_route *route = &routes.isa[line];
	struct ioapic_way way = { .vector = vector_of(device),
		.apic = (uint8_t)boot_apic,
		.low = route->low,
		.level = route->level };

	return ioapic_open(route->number, &way);
}

static int attach(unsigned line, void (*handle)(void *context), void *context)
{
	struct device *device;
	int error;

	if (lines[line])
		return -EBUSY;
	device = take(handle, context);
	if (!device)
		return -ENOSPC;
	error = open_line(line, device);
	if (error)
		give_back(device);
	else
		lines[line] = device;
	return error;
}

int irq_attach(unsigned line, void (*handle)(void *context), void *context)
{
	int error;

	if (line >= ISA_LINES || !routes.isa[line].arrives)
		return -ENODEV;
	mutex_lock(&lock);
	error = attach(line, handle, context);
	mutex_unlock(&lock);
	return error;
}

void irq_detach(unsigned line)
{
	mutex_lock(&lock);
	assert(line < ISA_LINES && lines[line]);
	ioapic_mask(routes.isa[line].number);
	give_back(lines[line]);
	lines[line] = NULL;
	mutex_unlock(&lock);
}

/* --- messages ------------------------------------------------------------------------ */

int irq_message(void (*handle)(void *context), void *context, uint64_t *address, uint32_t *data)
{
	struct device *device = NULL;

	if (!interrupts_work() || boot_apic > APIC_MAX)
		return -ENODEV;
	mutex_lock(&lock);
	device = take(handle, context);
	mutex_unlock(&lock);
	if (!device)
		return -ENOSPC;
	*address = MESSAGES | (uint64_t)boot_apic << MESSAGE_APIC;
	*data = vector_of(device);
	return 0;
}

void irq_message_end(uint32_t data)
{
	uint32_t which = data - VECTOR_DEVICES;

	mutex_lock(&lock);
	assert(which < DEVICES && devices[which].used);
	give_back(&devices[which]);
	mutex_unlock(&lock);
}

/* --- finding out --------------------------------------------------------------------- */

static void add_ioapics(void)
{
	for (unsigned i = 0; i < routes.ioapics; i++) {
		const struct ioapic_place *place = &routes.ioapic[i];
		int error = ioapic_add(place->address, place->first);

		if (error)
			kprintf("irq: the IOAPIC at 0x%x for lines from %u on is not used "
				"(error %d)\n",
				place->address, place->first, error);
	}
}

void irq_init(void)
{
	const char *why = "there is none";
	const void *table;
	uint32_t bytes;

	if (!interrupts_work())
		return;
	for (unsigned vector = VECTOR_DEVICES; vector <= VECTOR_LAST; vector++)
		trap_set_interrupt(vector, run);
	boot_apic = apic_id();
	if (boot_apic > APIC_MAX) {
		kprintf("irq: no IOAPIC reaches this processor\n");
		return;
	}
	if (firmware_find("APIC", &table, &bytes) || madt_check(table, bytes, &why)) {
		kprintf("irq: no lines of devices: ACPI's MADT is not used (%s)\n", why);
		return;
	}
	routes_read(table, &routes);
	if (routes.passed_over)
		kprintf("irq: %u entries of ACPI's MADT cannot be\n", routes.passed_over);
	add_ioapics();
}
