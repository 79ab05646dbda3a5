/*
 * The local APIC: each processor's own interrupt controller. In lab 3 it says who one is,
 * and starts and stops other processors; from lab 4 on it brings interrupts.
 *
 * Its registers are memory (xAPIC), or model-specific registers (x2APIC), which is
 * taken if firmware has turned it on already, or if some processor's number needs it.
 *
 * Read more: Intel SDM volume 3, sections 11.4 to 11.6 (local APIC, interprocessor
 * interrupts), 11.12 (x2APIC).
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/*
 * apic_init: find it, on the boot processor; once. wide: let it be an x2APIC if there is one. 0;
 * -ENODEV if there is no local APIC, -ENOMEM. May sleep.
 */
int apic_init(bool wide);

/* apic_cpu_init: the same kind of APIC on a further processor. */
void apic_cpu_init(void);

/* apic_id: this processor's number among all APICs; apic_init has succeeded. */
uint32_t apic_id(void);

/* apic_is_wide: whether it is an x2APIC, so that numbers above 254 can be reached. */
bool apic_is_wide(void);

/*
 * apic_send_*: an interrupt to the processor of that number: INIT, which lets it wait for its
 * start; start, at a page below 1 MiB; and one that cannot be masked. 0; -EINVAL if this APIC
 * cannot reach that number; -EIO if it does not send. They wait for a moment, and take no lock.
 */
int apic_send_init(uint32_t id);
int apic_send_start(uint32_t id, uint64_t page);
int apic_send_nmi(uint32_t id);

/* apic_present: whether apic_init has found one. */
bool apic_present(void);

/*
 * apic_enable: let this processor's APIC deliver interrupts: all vectors, and what comes from its
 * LINT1 pin as non-maskable ones; its other local sources are masked. An interrupt that is
 * withdrawn too late comes as the spurious vector, which has no end (apic_done).
 */
void apic_enable(uint8_t spurious);

/* apic_send: an interrupt with that vector (from 32 on); the same errors as above. Never sleeps,
 * takes no lock; may be called by interrupt handlers. */
int apic_send(uint32_t id, uint8_t vector);

/* apic_done: this processor has dealt with the interrupt that came last; before that, none of its
 * priority or a lower one comes. */
void apic_done(void);

/* apic_in_service: whether the APIC waits for the end of an interrupt with that vector; false where
 * there is no APIC. */
bool apic_in_service(unsigned vector);

/* apic_read, apic_write: this processor's register at that offset of the xAPIC's page, on both
 * kinds. For local sources of interrupts such as the timer. */
uint32_t apic_read(unsigned offset);
void apic_write(unsigned offset, uint32_t value);
