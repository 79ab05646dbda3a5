/*
 * Who waits for what: the part of futexes that knows nothing of user memory.
 *
 * A futex is a word that programs change without asking anybody; the kernel is only asked
 * to sleep as long as the word has a certain value, and to wake who sleeps so. There is no object
 * for it in the kernel: all that waits hangs in buckets, found by hashing a key that says which
 * word it is.
 *
 * No wake-up may be lost: who changes the word and then finds nobody to wake must be sure
 * that whoever comes later sees the new value. So a waiter looks at the word with its bucket
 * locked, and is in the bucket before it lets go; a waker takes the same lock.
 *
 *      waiter                               waker
 *      lock the bucket                      change the word
 *      look: still the old value?           lock the bucket
 *      into the bucket                      take waiters out, wake them
 *      unlock, sleep                        unlock
 *
 * The look may fault, and reading a page in may take its time: the lock is one that sleeps.
 *
 * Read more: futex.h names the papers.
 */
#pragma once
#include <stdint.h>

/* Which word: of an address space and the address in it, or of an object and its offset there. */
struct futex_key {
	const void *whose;
	uint64_t where;
};

/* Look at the word with its bucket locked: 0: go on; else an error, and nothing is done. */
typedef int futex_look(void *argument);

/*
 * futex_sleep: wait until somebody wakes one of these bits (not 0) of the key, if look(argument)
 * says so, or until deadline (nanoseconds, by clock_ns; TIMER_NEVER). 0 if it was woken; look's
 * error; -ETIMEDOUT; -EINTR. In the last three cases nobody's wake-up was used up. May sleep. Takes
 * the bucket's mutex, under which look is called, and holds none while it waits.
 */
int futex_sleep(const struct futex_key *key, uint32_t bits, uint64_t deadline, futex_look *look,
	void *argument);

/* futex_wake: wake at most so many that wait for one of these bits, those that came first before
 * the others; how many. May sleep. Takes the bucket's mutex. */
unsigned futex_wake(const struct futex_key *key, unsigned count, uint32_t bits);

/*
 * futex_requeue: if look says so, wake at most `wake` that wait for `from`, and let at most `move`
 * further ones wait for `to` instead, without waking them: behind those that wait there. How many
 * were woken or moved, or look's error. May sleep.
 */
int64_t futex_requeue(const struct futex_key *from, const struct futex_key *to, unsigned wake,
	unsigned move, futex_look *look, void *argument);

/*
 * futex_wake_both: change(argument) with both words' buckets locked; an error ends it. Then wake at
 * most so many of the first, and if change has returned 1, of the second. How many. May sleep.
 */
int64_t futex_wake_both(const struct futex_key *first, unsigned first_count,
	const struct futex_key *second, unsigned second_count, futex_look *change, void *argument);

/* futex_waiters: how many wait for the key now. For tests. */
unsigned futex_waiters(const struct futex_key *key);
