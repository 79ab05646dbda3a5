/* Lab 2's place in the boot. */
#include "lab1-boot/ktest/leaks.h"
#include "lab1-boot/lab.h"
#include "lab1-boot/monitor/monitor.h"
#include "lab2-memory/lib/radix.h"
#include "lab2-memory/page/bootmem.h"
#include "lab2-memory/page/page.h"
#include "lab2-memory/pagetable/areas.h"
#include "lab2-memory/pagetable/kernel_map.h"
#include "lab2-memory/pagetable/tlb.h"
#include "lab2-memory/slab/kmalloc.h"
#include "lab2-memory/slab/slab.h"
#include "lab2-memory/vm/space.h"

static void lab2_init(void)
{
	bootmem_init();
	bootmem_serve();
	page_init();
	kernel_map_init();
	tlb_cpu_init();
	page_init_rest();
	kmalloc_init();
	radix_init();
	areas_init();
	vm_shared_init();
	vm_init();
}

static void lab2_cpu_init(void)
{
	tlb_cpu_init();
}

LAB(2, lab2_init, lab2_cpu_init, monitor_main);

LEAK_COUNT("pages", page_used_count);
LEAK_COUNT("objects", slab_used);

/* What slabs give back ends in the pages' fronts. */
static void lab2_drain(void)
{
	slab_drain();
	page_drain();
}
DRAIN(2, lab2_drain);
