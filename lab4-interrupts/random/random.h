/*
 * Random bytes, for programs (getrandom) and for the kernel (where things lie in memory).
 *
 * The generator is ChaCha20 with a key that is replaced after each use by a part of
 * its own output: who sees the key later cannot compute what was given out before. What
 * chance the machine has is mixed into the key: RDRAND where there is one, and the times at
 * which things happened, of which the lowest bits of the time-stamp counter are the good ones.
 *
 * Read more: Bernstein, "Fast-key-erasure random-number generators", 2017; Gutterman, Pinkas
 * and Reinman, "Analysis of the Linux random number generator", 2006.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* random_init: the first key. Once. */
void random_init(void);

/* random_bytes: so many random bytes. Never sleeps. Takes the generator's lock; not in interrupts.
 */
void random_bytes(void *to, size_t bytes);

/* random_below: a number from 0 to bound - 1; bound is a power of two. */
uint64_t random_below(uint64_t bound);

/* random_event: something happened just now that nobody could foresee to the cycle, such as an
 * interrupt. Cheap, and takes no lock. */
void random_event(uint64_t what);
