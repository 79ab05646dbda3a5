/*
 * Where C begins: boot/entry.S calls kmain on the boot processor, in long mode,
 * on the boot stack, with interrupts off and this_cpu() working.
 */
#include "lab1-boot/boot/bootinfo.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/ktest/bench.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lab.h"

ROWS_DEFINE(lab);

_Noreturn void kmain(uint32_t magic, uint32_t information);

_Noreturn void kmain(uint32_t magic, uint32_t information)
{
	rows_lab_type *highest = rows_lab_start;

	bootinfo_init(magic, information);
	ROWS_EACH (lab, lab) {
		lab->init();
		highest = lab;
	}
	ktest_run_if_asked();
	bench_run_if_asked();
	highest->main();
	panic("the main of lab %d returned", highest->number);
}
