/*
 * Sequence locks: for a few words that are read often and changed seldom. Readers write
 * nothing, not even to the lock, and so do not disturb each other or the writer; they
 * look again if somebody wrote meanwhile.
 *
 *   do {
 *           sequence = seqlock_read(&lock);
 *           seconds = SEQLOCK_LOAD(seconds_now);
 *           fraction = SEQLOCK_LOAD(fraction_now);
 *   } while (seqlock_changed(&lock, sequence));
 *
 *   seqlock_write(&lock);
 *   SEQLOCK_STORE(seconds_now, 5);
 *   SEQLOCK_STORE(fraction_now, 0);
 *   seqlock_write_done(&lock);
 *
 * The sequence is odd while somebody writes. A reader may see words that do not belong
 * together, so it must not follow a pointer among them before it knows.
 *
 * The order of the accesses is what it stands on. The words are read with acquire, so
 * that the second look at the sequence comes after all of them; they are written with
 * release, so that the odd sequence comes before each. A reader that has seen one new word
 * sees, when it looks again, that sequence or a later one.
 *
 * Read more: Boehm, "Can seqlocks get along with programming language memory models?",
 * MSPC 2012.
 */
#pragma once
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/lock/spinlock.h"

/* Key: [a] atomic, changed only by the holder of lock. */
struct seqlock {
	uint32_t sequence;    /* [a] odd while somebody writes */
	struct spinlock lock; /* the writers' */
};

#define SEQLOCK_INIT(its_name)                                                                     \
	{                                                                                          \
		.lock = SPINLOCK_INIT(its_name)                                                    \
	}

/* One of the words that the lock protects: read, and written by who holds it. */
#define SEQLOCK_LOAD(word)         __atomic_load_n(&(word), __ATOMIC_ACQUIRE)
#define SEQLOCK_STORE(word, value) __atomic_store_n(&(word), value, __ATOMIC_RELEASE)

/* seqlock_init: nobody writes. The name stays the caller's; it is not copied. */
void seqlock_init(struct seqlock *lock, const char *name);

/* seqlock_write, seqlock_write_done: alone among writers; holds a spin lock in between. Never
 * sleep. */
void seqlock_write(struct seqlock *lock);
void seqlock_write_done(struct seqlock *lock);

/* seqlock_read: begin to read; waits for a writer to end, and returns the sequence. Never sleeps.
 */
static inline uint32_t seqlock_read(const struct seqlock *lock)
{
	uint32_t sequence;

	while ((sequence = __atomic_load_n(&lock->sequence, __ATOMIC_ACQUIRE)) & 1)
		CPU_PAUSE();
	return sequence;
}

/* seqlock_changed: whether somebody has written since, and what was read may not belong together.
 */
static inline bool seqlock_changed(const struct seqlock *lock, uint32_t sequence)
{
	return __atomic_load_n(&lock->sequence, __ATOMIC_RELAXED) != sequence;
}
