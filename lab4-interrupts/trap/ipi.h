/*
 * Interrupts from processor to processor: work, calls, forgetting translations, stopping.
 *
 * A call is a function that another processor runs in its interrupt handler. Whoever
 * waits for one answers the calls of others meanwhile, so that two that call each other do
 * not wait for ever.
 *
 * Read more: Intel SDM volume 3, section 11.6; Black et al., "Translation lookaside buffer
 * consistency", ASPLOS 1989.
 */
#pragma once
#include <stdint.h>

/* ipi_init: hand the kick and hlt to the scheduler (sched_set_idle_ops), and the remote flush to
 * the TLB (tlb_set_remote_flush). Nothing without interrupts. Once, on the boot processor. */
void ipi_init(void);

/* ipi_cpu_init: this processor's local APIC works; it answers from now on. */
void ipi_cpu_init(void);

/*
 * ipi_call: run function(argument) on each of those processors (a bit for each) except this one,
 * and return when all have. It runs with interrupts off, perhaps in the middle of a wait for some
 * lock: so it takes none, and does not sleep. No spin lock is held, and once the boot has come to
 * its end interrupts are on (asserted, where there is another processor). Never sleeps.
 */
void ipi_call(uint8_t processors, void (*function)(void *argument), void *argument);

/* ipi_flush: what the TLB is given (struct tlb_remote_ops): forget on all processors that may
 * remember something, but the one that has, which need not be this one. The same holds. */
struct tlb_batch;
void ipi_flush(const struct tlb_batch *batch);

/* ipi_poll: do what others have called this processor for: for who spins with interrupts off. */
void ipi_poll(void);
