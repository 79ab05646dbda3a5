/*
 * Sleeping locks: a mutex, and one for many readers or a single writer. As with
 * spin locks, lab 1 has stand-ins and lab 3 the real ones; the structures are
 * the same at every stage. Taking one may sleep, so no spin lock may be held.
 */
#pragma once
#include "lab1-boot/lib/list.h"
#include "lab1-boot/lock/spinlock.h"

struct thread;

struct mutex {
	const char *name;      /* [I] */
	struct spinlock guard; /* protects the rest */
	struct thread *owner;  /* [guard] */
	bool locked;           /* [guard] */
	struct list waiters;   /* [guard] */
};

struct rwlock {
	const char *name;      /* [I] */
	struct spinlock guard; /* protects the rest */
	unsigned readers;      /* [guard] how many hold it for reading */
	bool writing;          /* [guard] */
	struct thread *owner;  /* [guard] the writer */
	struct list waiters;   /* [guard] in the order they came */
};

void mutex_init(struct mutex *mutex, const char *name);
void mutex_lock(struct mutex *mutex);
bool mutex_trylock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);
bool mutex_held(const struct mutex *mutex);

void rwlock_init(struct rwlock *lock, const char *name);
void rwlock_read(struct rwlock *lock);
void rwlock_read_done(struct rwlock *lock);
void rwlock_write(struct rwlock *lock);
void rwlock_write_done(struct rwlock *lock);
