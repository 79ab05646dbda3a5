/* What the fair policy promises, in figures: see fair.c. */
#pragma once
#include <stdint.h>

#define FAIR_SLICE 3000000ul        /* nanoseconds that a thread asks for at a time */
#define FAIR_LAG   (2 * FAIR_SLICE) /* what it keeps of its lag at most while it sleeps */

/* fair_weight: the share of a thread of that priority, compared with others. 1024: the default. */
uint64_t fair_weight(unsigned priority);
