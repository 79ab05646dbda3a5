/* Lab 1's place in the boot. */
#include "lab1-boot/boot/layout.h"
#include "lab1-boot/boot/paging.h"
#include "lab1-boot/console/console.h"
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/cpu/gdt.h"
#include "lab1-boot/cpu/pic.h"
#include "lab1-boot/cpu/trap.h"
#include "lab1-boot/debug/backtrace.h"
#include "lab1-boot/lab.h"
#include "lab1-boot/monitor/monitor.h"

static bool double_fault_stack_find(uint64_t rbp, struct stack_bounds *bounds)
{
	*bounds = (struct stack_bounds){ (uint64_t)double_fault_stack,
		(uint64_t)double_fault_stack_top };
	return rbp >= bounds->low && rbp < bounds->high;
}
BACKTRACE_STACK(double_fault_stack_find);

static void greet(void)
{
	kprintf("Cub, a teaching operating system. \"help\" lists what you can ask.\n");
}

static void lab1_init(void)
{
	console_init();
	cpu_init();
	gdt_init(double_fault_stack_top);
	trap_init();
	guard_page_init();
	pic_disable();
	greet();
}

static void lab1_cpu_init(void)
{
	cpu_init();
	trap_cpu_init();
}

LAB(1, lab1_init, lab1_cpu_init, monitor_main);
