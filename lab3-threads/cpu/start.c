/*
 * INIT, a pause, and a start-up interrupt, twice if need be: so a processor is woken since
 * 1994. The rest is about those that do not come.
 *
 * It takes part who takes the ticket that lies in the trampoline's page. When we have waited
 * for long enough, we take it back. Either the ticket is still there: then whoever comes
 * later finds none, and stops. Or it is not: then one is on its way.
 *
 * Read more: Intel SDM volume 3, section 9.4.4.1 (typical BSP initialisation sequence).
 */
#include "lab3-threads/cpu/start.h"
#include "lab1-boot/boot/layout.h"
#include "lab1-boot/cpu/gdt.h"
#include "lab1-boot/cpu/percpu.h"
#include "lab1-boot/lab.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/page/bootmem.h"
#include "lab2-memory/page/page.h"
#include "lab2-memory/pagetable/pagetable.h"
#include "lab3-threads/cpu/apic.h"
#include "lab3-threads/cpu/clock.h"
#include "lab3-threads/cpu/smp.h"
#include "lab3-threads/cpu/trampoline.h"
#include "lab3-threads/sched/sched.h"
#include <linux/errno.h>

#define REAL_MODE_END 0x100000

#define US          1000ul /* nanoseconds */
#define MS          (1000 * US)
#define AFTER_INIT  (10 * MS)
#define AFTER_START (200 * US)
#define WAIT        (10 * MS) /* a hundred times: a machine that was stopped loses but one */
#define WAITS       100

/*
 * Flat segments, all of 4 GiB; the 64-bit one has the bit for that. They are marked as accessed:
 * otherwise the processor would do it, and the page is read-only once paging is on.
 */
#define SEGMENT_CODE32 0x00cf9b000000ffff
#define SEGMENT_CODE64 0x00af9b000000ffff
#define SEGMENT_DATA   0x00cf93000000ffff

/* The trampoline's page, and one for a root table that a 32-bit register can name. */
static void *low_pages; /* [I] */
BOOTMEM_KEEP(low_pages, 2 * PAGE_SIZE, REAL_MODE_END);

static struct pagetable tables; /* the kernel's half, and the trampoline at its physical address */

/* What trampoline_enter takes, and the answer. */
char *start_area;    /* [I] while one is awaited */
void *start_stack;   /* [I] while one is awaited */
static bool awaited; /* [a] whoever comes to an end of the wait takes it away */

_Noreturn void start_arrived(void);

static struct trampoline *trampoline(void)
{
	return (struct trampoline *)((char *)low_pages + TRAMPOLINE_AT);
}

static void *root_copy(void)
{
	return (char *)low_pages + PAGE_SIZE;
}

static uint32_t low_address(const void *memory)
{
	return (uint32_t)((uint64_t)memory - DIRECT_MAP);
}

uint64_t start_page(void)
{
	return low_address(low_pages);
}

/* Where a place in the trampoline's code is in the copy. */
static uint32_t in_copy(const char *place)
{
	return (uint32_t)start_page() + (uint32_t)(place - trampoline_start);
}

static void fill(void)
{
	memcpy(low_pages, trampoline_start, (size_t)(trampoline_end - trampoline_start));
	*trampoline() = (struct trampoline){
		.cr0 = (uint32_t)read_cr0(),
		.cr3 = low_address(root_copy()),
		.to32 = { in_copy(trampoline_32), TRAMPOLINE_CODE32, 0 },
		.to64 = { in_copy(trampoline_64), TRAMPOLINE_CODE64, 0 },
		.gdt_limit = sizeof(trampoline()->gdt) - 1,
		.gdt_base = low_address(trampoline()->gdt),
		.entry = (uint64_t)trampoline_enter,
		.gdt = { 0, SEGMENT_CODE32, SEGMENT_CODE64, SEGMENT_DATA },
	};
}

int start_begin(void)
{
	int error;

	if (!low_pages)
		return -ENOMEM;
	error = pagetable_init(&tables);
	if (error)
		return error;
	error = pagetable_map(&tables, start_page(), start_page(), PAGE_SIZE, 0);
	if (error) {
		pagetable_destroy(&tables);
		return error;
	}
	memcpy(root_copy(), phys_to_virt(tables.root), PAGE_SIZE);
	fill();
	return 0;
}

void start_end(void)
{
	struct tlb_batch batch;

	memset(root_copy(), 0, PAGE_SIZE);
	tlb_batch_init(&batch, &tables);
	pagetable_unmap(&tables, start_page(), PAGE_SIZE, &batch);
	tlb_flush(&batch);
	pagetable_destroy(&tables);
}

static bool ticket_taken(void)
{
	return !__atomic_load_n(&trampoline()->ticket, __ATOMIC_ACQUIRE);
}

static bool has_arrived(void)
{
	return !__atomic_load_n(&awaited, __ATOMIC_ACQUIRE);
}

static void await(bool (*come)(void))
{
	for (int waits = 0; waits < WAITS; waits++) {
		uint64_t start = clock_ns();

		while (clock_ns() - start < WAIT) {
			if (come())
				return;
			CPU_PAUSE();
		}
	}
}

static void call(uint32_t id)
{
	if (apic_send_init(id))
		return;
	clock_wait(AFTER_INIT);
	for (int times = 0; times < 2 && !ticket_taken(); times++) {
		apic_send_start(id, start_page());
		clock_wait(AFTER_START);
	}
	await(ticket_taken);
}

int start_processor(uint32_t id, unsigned cpu)
{
	start_area = percpu_areas[cpu];
	start_stack = smp_idle_stack(cpu);
	__atomic_store_n(&awaited, true, __ATOMIC_RELAXED);
	__atomic_store_n(&trampoline()->ticket, 1, __ATOMIC_RELEASE);
	call(id);
	if (__atomic_exchange_n(&trampoline()->ticket, 0, __ATOMIC_ACQ_REL))
		return -ETIMEDOUT;
	await(has_arrived);
	return __atomic_exchange_n(&awaited, false, __ATOMIC_ACQ_REL) ? -EIO : 0;
}

/*
 * A further processor's first C, on its idle stack. Its GDT comes first: the one that it has is
 * only to be seen through the tables that it leaves next.
 */
_Noreturn void start_arrived(void)
{
	gdt_init(smp_fault_stack(this_cpu(cpu_number)));
	write_cr3(kernel_pagetable.root);
	ROWS_EACH (lab, lab)
		lab->cpu_init();
	smp_arrived();
	if (!__atomic_exchange_n(&awaited, false, __ATOMIC_ACQ_REL))
		cpu_stop();
	sched_cpu_enter();
}
