/*
 * Spin locks: the declaration. Lab 1 has a stand-in that is right for one
 * processor without interrupts (standin/spinlock.c); lab 3 teaches the real one.
 * The structure is complete from the start and the same at every stage.
 *
 * What an interrupt handler can reach takes the irqsave forms. Holding a spin
 * lock, nobody sleeps.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Key: [I] after spin_init, [a] atomic, [this lock] its holder. */
struct spinlock {
	const char *name;     /* [I] its class, for the lock-order checker */
	uint32_t next, owner; /* [a] tickets: the next to be drawn, and the one being served */
	const void *holder;   /* [this lock] who holds it: for the checks only */
	uint64_t acquired_at; /* [this lock] the address it was taken from */
};

#define SPINLOCK_INIT(its_name)                                                                    \
	{                                                                                          \
		.name = its_name                                                                   \
	}

/* spin_init: nobody holds it. The name stays the caller's; it is not copied. */
void spin_init(struct spinlock *lock, const char *name);

/*
 * spin_lock: wait for the lock, and keep this thread on its processor. The holder may not ask
 * again. Never sleeps.
 */
void spin_lock(struct spinlock *lock);

/* spin_unlock: caller holds lock. */
void spin_unlock(struct spinlock *lock);

/* spin_trylock: true if the lock was free and is ours now. Never waits. */
bool spin_trylock(struct spinlock *lock);

/* spin_lock_irqsave: spin_lock with interrupts off; returns the flags as they were before. */
uint64_t spin_lock_irqsave(struct spinlock *lock);

/* spin_unlock_irqrestore: caller holds lock; interrupts are then on again if they were before. */
void spin_unlock_irqrestore(struct spinlock *lock, uint64_t flags);

/* spin_held: whether the caller holds it, for "caller holds X" assertions. */
bool spin_held(const struct spinlock *lock);

/* may_sleep: whether the caller may sleep, holding no spin lock: for "may sleep" assertions. */
bool may_sleep(void);
