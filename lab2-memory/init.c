/* Lab 2's place in the boot. */
#include "lab1-boot/ktest/leaks.h"
#include "lab1-boot/lab.h"
#include "lab1-boot/monitor/monitor.h"
#include "lab2-memory/page/bootmem.h"
#include "lab2-memory/page/page.h"
#include "lab2-memory/pagetable/kernel_map.h"
#include "lab2-memory/pagetable/tlb.h"

static void lab2_init(void)
{
	bootmem_init();
	page_init();
	kernel_map_init();
	tlb_cpu_init();
	page_init_rest();
}

static void lab2_cpu_init(void)
{
	tlb_cpu_init();
}

LAB(2, lab2_init, lab2_cpu_init, monitor_main);

LEAK_COUNT("pages", page_used_count);

/* What slabs give back ends in the pages' fronts. */
static void lab2_drain(void)
{
	page_drain();
}
DRAIN(2, lab2_drain);
