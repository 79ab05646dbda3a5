/*
 * Spin locks for one processor without interrupts: there is nobody to wait for,
 * and waiting would be for ever, so taking one twice is a broken invariant.
 * Stand-in until lab 3.
 */
#include "lab1-boot/lock/spinlock.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/debug/panic.h"

static unsigned locks_held;

void spin_init(struct spinlock *lock, const char *name)
{
	*lock = (struct spinlock)SPINLOCK_INIT(name);
}

void spin_lock(struct spinlock *lock)
{
	if (lock->holder)
		panic("spin lock %s is taken twice", lock->name);
	lock->holder = lock;
	lock->next++;
	locks_held++;
}

void spin_unlock(struct spinlock *lock)
{
	assert(lock->holder);
	lock->holder = NULL;
	lock->owner++;
	locks_held--;
}

bool spin_trylock(struct spinlock *lock)
{
	if (lock->holder)
		return false;
	spin_lock(lock);
	return true;
}

uint64_t spin_lock_irqsave(struct spinlock *lock)
{
	uint64_t flags = irq_save();

	spin_lock(lock);
	return flags;
}

void spin_unlock_irqrestore(struct spinlock *lock, uint64_t flags)
{
	spin_unlock(lock);
	irq_restore(flags);
}

bool spin_held(const struct spinlock *lock)
{
	return lock->holder == lock;
}

bool may_sleep(void)
{
	return locks_held == 0;
}
