/* Sequence locks: see seqlock.h. */
#include "lab3-threads/lock/seqlock.h"

void seqlock_init(struct seqlock *lock, const char *name)
{
	lock->sequence = 0;
	spin_init(&lock->lock, name);
}

/* Only the holder changes the sequence, so that it may read it without more ado. */
static void step(struct seqlock *lock)
{
	uint32_t sequence = __atomic_load_n(&lock->sequence, __ATOMIC_RELAXED);

	__atomic_store_n(&lock->sequence, sequence + 1, __ATOMIC_RELEASE);
}

void seqlock_write(struct seqlock *lock)
{
	spin_lock(&lock->lock);
	step(lock);
}

void seqlock_write_done(struct seqlock *lock)
{
	step(lock);
	spin_unlock(&lock->lock);
}
