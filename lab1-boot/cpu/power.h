/* Turning the machine off and on again, without ACPI (lab 3 reads its tables). */
#pragma once

/* power_off: QEMU and Bochs go; where nothing happens, it says so and halts. */
_Noreturn void power_off(void);

/* power_reboot: by the chipset's reset register, else the keyboard controller, else a triple fault.
 */
_Noreturn void power_reboot(void);
