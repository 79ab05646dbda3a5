/* Ticket locks: see ticket.h. */
#include "lab3-threads/lock/ticket.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/ktest/todo.h"

uint64_t ticket_lock(struct spinlock *lock)
{
	/* Exercise 3.3: draw a ticket from `next`, and wait with CPU_PAUSE() until `owner` shows
	 * it. Both wrap around. Use GCC's __atomic builtins; which memory order each access
	 * needs is half of the exercise. */
	// BEGIN SOLUTION 3.3
	uint32_t ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);
	uint64_t looks = 0;

	while (__atomic_load_n(&lock->owner, __ATOMIC_ACQUIRE) != ticket) {
		looks++;
		CPU_PAUSE();
	}
	return looks;
	// END SOLUTION 3.3 => (void)lock; todo("3.3"); return 0;
}

void ticket_unlock(struct spinlock *lock)
{
	/* Exercise 3.3: call the next number. Only the holder changes `owner`. */
	// BEGIN SOLUTION 3.3
	__atomic_store_n(&lock->owner, lock->owner + 1, __ATOMIC_RELEASE);
	// END SOLUTION 3.3 => (void)lock; todo("3.3");
}

bool ticket_trylock(struct spinlock *lock)
{
	/* Exercise 3.3: draw a ticket, but only one that is called already: whoever waits has
	 * drawn before. Others may lock, unlock and try at the same time. */
	// BEGIN SOLUTION 3.3
	uint32_t owner = __atomic_load_n(&lock->owner, __ATOMIC_ACQUIRE);

	return __atomic_compare_exchange_n(
		&lock->next, &owner, owner + 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
	// END SOLUTION 3.3 => (void)lock; todo("3.3"); return true;
}
