/*
 * Sleeping locks: a mutex, and one for many readers or a single writer. As with
 * spin locks, lab 1 has stand-ins and lab 3 the real ones; the structures are
 * the same at every stage. Taking one may sleep, so no spin lock may be held.
 */
#pragma once
#include "lab1-boot/lib/list.h"
#include "lab1-boot/lock/spinlock.h"

struct thread;

/* Key: [I] after the init function, [guard] that lock, [owner] the owning thread, [donation] lab
 * 3's lock for that. Two names: both to change it, one to read it. */
struct mutex {
	const char *name;      /* [I] its class, for the lock-order checker */
	struct spinlock guard; /* protects the rest */
	struct thread *owner;  /* [guard] [a]; where somebody waits also the lock of donations */
	bool locked;           /* [guard] */
	struct list waiters;   /* [guard, donation] */
	struct list held;      /* [donation] its owner's list links it (lab 3) */
	uint64_t acquired_at;  /* [owner] the address it was taken from */
};

struct rwlock {
	const char *name;      /* [I] its class, for the lock-order checker */
	struct spinlock guard; /* protects the rest */
	unsigned readers;      /* [guard] how many hold it for reading */
	bool writing;          /* [guard] */
	struct thread *owner;  /* [guard] [a] the writer */
	struct list waiters;   /* [guard] in the order they came */
	uint64_t acquired_at;  /* [owner] the address the writer took it from */
};

/* What the init functions make, in a definition: static struct mutex m = MUTEX_INIT(m, "m"); */
#define MUTEX_INIT(mutex, its_name)                                                                \
	{                                                                                          \
		.name = its_name, .guard = SPINLOCK_INIT("mutex guard"),                           \
		.waiters = LIST_INIT((mutex).waiters), .held = LIST_INIT((mutex).held)             \
	}
#define RWLOCK_INIT(lock, its_name)                                                                \
	{                                                                                          \
		.name = its_name, .guard = SPINLOCK_INIT("rwlock guard"),                          \
		.waiters = LIST_INIT((lock).waiters)                                               \
	}

/* mutex_init: nobody holds it. The name stays the caller's; it is not copied. */
void mutex_init(struct mutex *mutex, const char *name);

/* mutex_lock: wait for the mutex. May sleep. The holder may not ask again. */
void mutex_lock(struct mutex *mutex);

/* mutex_trylock: true if it was free and is ours now. Never sleeps. */
bool mutex_trylock(struct mutex *mutex);

/* mutex_unlock: caller holds mutex. Never sleeps. */
void mutex_unlock(struct mutex *mutex);

/* mutex_held: whether the caller holds it, for "caller holds X" assertions. */
bool mutex_held(const struct mutex *mutex);

/* rwlock_init: as mutex_init. */
void rwlock_init(struct rwlock *lock, const char *name);

/*
 * rwlock_read: wait until nobody writes and those that came before have had their turn, and keep
 * writers out. May sleep. Not for who holds it, for reading or writing.
 */
void rwlock_read(struct rwlock *lock);

/* rwlock_read_done: caller holds lock for reading. Never sleeps. */
void rwlock_read_done(struct rwlock *lock);

/* rwlock_write: wait until nobody reads or writes. May sleep. Not for who holds it. */
void rwlock_write(struct rwlock *lock);

/* rwlock_write_done: caller holds lock for writing. Never sleeps. */
void rwlock_write_done(struct rwlock *lock);

/*
 * For "caller holds X" assertions. rwlock_write_held: whether the caller holds it for writing.
 * rwlock_held: that, or somebody reads, as the caller should; readers are not told apart.
 */
bool rwlock_write_held(const struct rwlock *lock);
bool rwlock_held(const struct rwlock *lock);
