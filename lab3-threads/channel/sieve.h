/*
 * The concurrent prime sieve: a thread for every prime, and channels between them.
 *
 *   2, 3, 4, 5, ...  ->  [not by 2]  ->  [not by 3]  ->  [not by 5]  ->  7, 11, 13, ...
 *
 * The first number that comes out of the chain is a prime, since no smaller prime
 * divides it. It gets a filter of its own at the end of the chain, and so on.
 *
 * Read more: Hoare, "Communicating sequential processes", CACM 21(8), 1978, section 6.1
 * (Eratosthenes' sieve, after M. D. McIlroy).
 */
#pragma once
#include <stdint.h>

/*
 * sieve_run: call found for each of the first `count` primes, in order, in the calling thread. All
 * threads and channels are gone at the end. 0; -ENOMEM if there was no memory for more of them;
 * -EPIPE if the chain broke. May sleep.
 */
int sieve_run(unsigned count, void (*found)(uint64_t prime, void *context), void *context);
