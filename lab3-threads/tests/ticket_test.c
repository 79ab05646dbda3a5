/*
 * Exercise 3.3 step by step, on one processor: what each of the three functions does to
 * the two numbers of a lock, wherever they stand. And what stands around them.
 */
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab3-threads/lock/ticket.h"

#define ROUNDS 200

static struct spinlock lock = SPINLOCK_INIT("tickets");

/* Numbers everywhere, and often such as are about to wrap around. */
static uint32_t any_number(void)
{
	uint64_t random = kt_random();

	return random & 1 ? (uint32_t)(random >> 32) : (uint32_t)(random >> 32) % 8 - 4;
}

/* The lock is held by the one with the number `owner`, and so many wait; or it is free: -1. */
static void set(uint32_t owner, int waiting)
{
	lock = (struct spinlock){
		.name = "tickets", .owner = owner, .next = owner + (uint32_t)(waiting + 1)
	};
}

KTEST(ticket_lock_free, "3.3", "a lock that is free is taken at once, with the next ticket")
{
	for (int i = 0; i < ROUNDS; i++) {
		uint32_t owner = any_number();

		set(owner, -1);
		KT_EQ(ticket_lock(&lock), 0);
		KT_EQ(lock.next, owner + 1);
		KT_EQ(lock.owner, owner);
	}
}

KTEST(ticket_unlock_calls_next, "3.3", "who unlocks calls the next number, and no ticket is drawn")
{
	for (int i = 0; i < ROUNDS; i++) {
		uint32_t owner = any_number();
		int waiting = (int)(kt_random() % 8);

		set(owner, waiting);
		ticket_unlock(&lock);
		KT_EQ(lock.owner, owner + 1);
		KT_EQ(lock.next, owner + 1 + (uint32_t)waiting);
	}
}

KTEST(ticket_try_free, "3.3", "ticket_trylock takes a lock that is free, as ticket_lock does")
{
	for (int i = 0; i < ROUNDS; i++) {
		uint32_t owner = any_number();

		set(owner, -1);
		KT_TRUE(ticket_trylock(&lock));
		KT_EQ(lock.next, owner + 1);
		KT_EQ(lock.owner, owner);
		ticket_unlock(&lock);
		KT_EQ(lock.owner, owner + 1);
	}
}

KTEST(ticket_try_held, "3.3",
	"ticket_trylock fails if the lock is held or waited for, and draws no ticket")
{
	for (int i = 0; i < ROUNDS; i++) {
		uint32_t owner = any_number();
		int waiting = (int)(kt_random() % 8);

		set(owner, waiting);
		KT_TRUE(!ticket_trylock(&lock));
		KT_EQ(lock.next, owner + 1 + (uint32_t)waiting);
		KT_EQ(lock.owner, owner);
	}
}

/* --- around it, and no exercise ------------------------------------------------------ */

KTEST(spin_holder, "", "the holder knows that it holds the lock, and that it may not sleep",
	.needs = "3.3")
{
	set(7, -1);
	KT_TRUE(!spin_held(&lock) && may_sleep());
	spin_lock(&lock);
	KT_TRUE(spin_held(&lock) && !may_sleep());
	KT_TRUE(!spin_trylock(&lock));
	KT_TRUE(spin_held(&lock) && !may_sleep());
	spin_unlock(&lock);
	KT_TRUE(!spin_held(&lock) && may_sleep());
	KT_TRUE(spin_trylock(&lock));
	KT_TRUE(spin_held(&lock) && !may_sleep());
	spin_unlock(&lock);
	KT_TRUE(!spin_held(&lock) && may_sleep());
}

/* No interrupt will come: both 8259s are masked. */
KTEST(spin_irqsave, "", "the irqsave forms hold with interrupts off, and leave them as they were")
{
	struct spinlock inner = SPINLOCK_INIT("inner");
	uint64_t flags, inner_flags;

	for (int on = 0; on < 2; on++) {
		if (on)
			asm volatile("sti");
		flags = spin_lock_irqsave(&lock);
		KT_TRUE(!irq_enabled() && spin_held(&lock));
		inner_flags = spin_lock_irqsave(&inner);
		spin_unlock_irqrestore(&inner, inner_flags);
		KT_TRUE(!irq_enabled());
		spin_unlock_irqrestore(&lock, flags);
		KT_EQ(irq_enabled(), on);
		KT_TRUE(!spin_held(&lock) && may_sleep());
	}
	asm volatile("cli");
}
