/*
 * Off and on again. See power.h.
 * Source: Intel ICH9 data sheet, section 13.7.5 (reset control register 0xcf9);
 * QEMU docs/specs (ACPI PM1a control of q35 and of the older pc machine);
 * Bochs user manual, "the unmapped device" (port 0x8900).
 */
#include "lab1-boot/cpu/power.h"
#include "lab1-boot/console/console.h"
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/cpu/io.h"

#define PM1_CONTROL_Q35  0x604
#define PM1_CONTROL_PC   0xb004
#define PM1_SLEEP_NOW    0x2000 /* SLP_EN, sleep type 0: soft off */
#define BOCHS_SHUTDOWN   0x8900
#define RESET_CONTROL    0xcf9
#define RESET_FULL       0x06
#define KEYBOARD_COMMAND 0x64
#define KEYBOARD_RESET   0xfe
#define DELAY            0x80   /* a port whose reading takes a microsecond, and does nothing */
#define PATIENCE         100000 /* reads */

/* An emulator may go on for a moment before it ends. */
static void wait_for_the_end(void)
{
	for (int reads = 0; reads < PATIENCE; reads++)
		in8(DELAY);
}

_Noreturn void power_off(void)
{
	console_flush();
	out16(PM1_CONTROL_Q35, PM1_SLEEP_NOW);
	out16(PM1_CONTROL_PC, PM1_SLEEP_NOW);
	for (const char *c = "Shutdown"; *c; c++)
		out8(BOCHS_SHUTDOWN, (uint8_t)*c);
	wait_for_the_end();
	kprintf("This machine does not turn itself off: halted, switch it off by hand.\n");
	cpu_stop();
}

_Noreturn void power_reboot(void)
{
	static const char no_idt[10];

	console_flush();
	out8(RESET_CONTROL, RESET_FULL);
	out8(KEYBOARD_COMMAND, KEYBOARD_RESET);
	asm volatile("lidt %0; int3" : : "m"(no_idt));
	cpu_stop();
}
