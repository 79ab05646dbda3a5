/*
 * Sleeping locks where there is one thread of control: nobody to wait for, and
 * waiting would be for ever, so taking one twice is a broken invariant.
 * Stand-in until lab 3.
 */
#include "lab1-boot/lock/mutex.h"
#include "lab1-boot/debug/panic.h"

void mutex_init(struct mutex *mutex, const char *name)
{
	*mutex = (struct mutex)MUTEX_INIT(*mutex, name);
}

bool mutex_trylock(struct mutex *mutex)
{
	if (mutex->locked)
		return false;
	mutex->locked = true;
	return true;
}

void mutex_lock(struct mutex *mutex)
{
	assert(may_sleep());
	if (!mutex_trylock(mutex))
		panic("mutex %s is taken twice", mutex->name);
}

void mutex_unlock(struct mutex *mutex)
{
	assert(mutex->locked);
	mutex->locked = false;
}

bool mutex_held(const struct mutex *mutex)
{
	return mutex->locked;
}

void rwlock_init(struct rwlock *lock, const char *name)
{
	*lock = (struct rwlock)RWLOCK_INIT(*lock, name);
}

void rwlock_read(struct rwlock *lock)
{
	assert(may_sleep());
	assert(!lock->writing);
	lock->readers++;
}

void rwlock_read_done(struct rwlock *lock)
{
	assert(lock->readers > 0);
	lock->readers--;
}

void rwlock_write(struct rwlock *lock)
{
	assert(may_sleep());
	assert(!lock->writing && lock->readers == 0);
	lock->writing = true;
}

void rwlock_write_done(struct rwlock *lock)
{
	assert(lock->writing);
	lock->writing = false;
}

bool rwlock_write_held(const struct rwlock *lock)
{
	return lock->writing;
}

bool rwlock_held(const struct rwlock *lock)
{
	return lock->writing || lock->readers > 0;
}
