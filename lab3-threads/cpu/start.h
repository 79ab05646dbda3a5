/*
 * Starting one processor after the other. See trampoline.h for the way that each goes.
 */
#pragma once
#include <stdint.h>

/*
 * start_begin: make what starting processors need: the trampoline, and tables that show it where
 * it lies. 0, -ENOMEM or another error of the page tables. Before the first start_processor. May
 * sleep.
 */
int start_begin(void);

/* start_end: take those tables away again. After the last start_processor. May sleep. */
void start_end(void);

/*
 * start_processor: start the one whose APIC has the number id, as processor `cpu`, which is
 * prepared. Returns when it has arrived: 0. -ETIMEDOUT: it did not come, and will not: if it is
 * late, it finds that it is not wanted, and what was prepared can be used for another one. -EIO: it
 * came, but was lost on its way; nothing that was made for it can be used any more, nor start_end
 * called. Spins for some seconds at worst.
 */
int start_processor(uint32_t id, unsigned cpu);

/* start_page: where processors begin, in physical memory. */
uint64_t start_page(void);
