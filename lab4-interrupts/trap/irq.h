/*
 * Interrupts of devices: from a line of the IOAPIC, or (MSI, lab 5) from a message that a device
 * writes, to a function.
 *
 * Read more: Intel 82093AA (IOAPIC) data sheet; ACPI specification 6.5, section 5.2.12.5
 * (interrupt source overrides); SDM volume 3, section 11.11 (message signalled interrupts).
 */
#pragma once
#include <stdint.h>

/* irq_init: find the IOAPICs in ACPI's MADT, and mask all their lines. Once. May sleep. */
void irq_init(void);

/*
 * irq_attach: call handle(context) on the boot processor whenever the ISA line (0 to 15: COM1 is 4,
 * the keyboard 1) asks for it, and let the line ask. 0; -ENODEV if no IOAPIC has it; -EBUSY;
 * -ENOSPC if there is no vector left. handle is called with interrupts off. While it is attached,
 * nobody being ready is no deadlock. May sleep. This and all below take the mutex "irq".
 */
int irq_attach(unsigned line, void (*handle)(void *context), void *context);

/* irq_detach: mask the line; handle does not run any more, and will not. May sleep. */
void irq_detach(unsigned line);

/* irq_message: for MSI: a vector for that function, and in *address and *data what the device has
 * to write. 0, -ENOSPC, or -ENODEV if messages do not reach the boot processor. May sleep. */
int irq_message(void (*handle)(void *context), void *context, uint64_t *address, uint32_t *data);

/* irq_message_end: the device writes data no more; handle does not run, and will not. May sleep. */
void irq_message_end(uint32_t data);
