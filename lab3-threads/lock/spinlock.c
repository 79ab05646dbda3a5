/*
 * Spin locks between processors: the ticket lock (ticket.h, exercise 3.3), and around
 * it the checks and the count that keeps a holder on its processor. Replaces lab 1's
 * stand-in.
 *
 * A spin lock belongs to a processor, not to a thread: a run queue's is taken by one
 * thread and let go of by the next.
 */
#include "lab1-boot/lock/spinlock.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/cpu/percpu.h"
#include "lab1-boot/debug/panic.h"
#include "lab3-threads/lock/preempt.h"
#include "lab3-threads/lock/ticket.h"
#include "lab3-threads/order/order.h"

/* Changed by one instruction each: no interrupt comes in between. */
static PERCPU(unsigned, locks_held) = 0; /* and preempt_disable's */

#define CALLER ((uint64_t)__builtin_return_address(0))

void spin_init(struct spinlock *lock, const char *name)
{
	*lock = (struct spinlock)SPINLOCK_INIT(name);
}

/* The holder: this processor. Others read it, and never see themselves. */
static void set_holder(struct spinlock *lock, const void *holder)
{
	__atomic_store_n(&lock->holder, holder, __ATOMIC_RELAXED);
}

bool spin_held(const struct spinlock *lock)
{
	return __atomic_load_n(&lock->holder, __ATOMIC_RELAXED) == this_cpu(percpu_area);
}

static void taken(struct spinlock *lock, uint64_t caller, uint64_t looks)
{
	set_holder(lock, this_cpu(percpu_area));
	lock->acquired_at = caller;
	order_acquired(lock, ORDER_SPIN, looks);
}

/* Inline, as all of this is short, and calls would be half of it. */
static inline __attribute__((always_inline)) void lock_for(struct spinlock *lock, uint64_t caller)
{
	this_cpu(locks_held)++; /* first of all: then we stay on this processor */
	order_acquire(lock, lock->name, caller, ORDER_SPIN);
	if (spin_held(lock))
		panic("spin lock %s is taken twice", lock->name);
	taken(lock, caller, ticket_lock(lock));
}

void spin_lock(struct spinlock *lock)
{
	lock_for(lock, CALLER);
}

static void unlock_for(struct spinlock *lock, uint64_t caller)
{
	order_release(lock, ORDER_SPIN, caller, lock->acquired_at);
	assert(spin_held(lock));
	set_holder(lock, NULL);
	ticket_unlock(lock);
	this_cpu(locks_held)--;
}

void spin_unlock(struct spinlock *lock)
{
	unlock_for(lock, CALLER);
}

bool spin_trylock(struct spinlock *lock)
{
	this_cpu(locks_held)++;
	if (!ticket_trylock(lock)) {
		this_cpu(locks_held)--;
		return false;
	}
	order_try(lock, lock->name, CALLER, ORDER_SPIN);
	taken(lock, CALLER, 0);
	return true;
}

uint64_t spin_lock_irqsave(struct spinlock *lock)
{
	uint64_t flags = irq_save();

	lock_for(lock, CALLER);
	return flags;
}

void spin_unlock_irqrestore(struct spinlock *lock, uint64_t flags)
{
	unlock_for(lock, CALLER);
	irq_restore(flags);
}

bool may_sleep(void)
{
	return this_cpu(locks_held) == 0;
}

void preempt_disable(void)
{
	this_cpu(locks_held)++;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

void preempt_enable(void)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	assert(this_cpu(locks_held) > 0);
	this_cpu(locks_held)--;
}
