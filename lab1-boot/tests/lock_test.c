/* Locks where there is nobody to wait for, and lists. */
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/list.h"
#include "lab1-boot/lib/string.h"
#include "lab1-boot/lock/mutex.h"
#include "lab1-boot/lock/spinlock.h"

KTEST(spinlock_is_held, "", "a spin lock knows whether it is held")
{
	struct spinlock lock;

	spin_init(&lock, "test");
	KT_STREQ(lock.name, "test");
	KT_TRUE(!spin_held(&lock));
	for (int i = 0; i < 3; i++) {
		spin_lock(&lock);
		KT_TRUE(spin_held(&lock));
		KT_TRUE(!spin_trylock(&lock));
		spin_unlock(&lock);
		KT_TRUE(!spin_held(&lock));
	}
	KT_TRUE(spin_trylock(&lock));
	KT_TRUE(spin_held(&lock));
	spin_unlock(&lock);
}

KTEST(spinlock_is_not_taken_twice, "", "waiting for oneself panics", .needs = "1.3",
	.panics = "spin lock test is taken twice")
{
	struct spinlock lock;

	spin_init(&lock, "test");
	spin_lock(&lock);
	spin_lock(&lock);
}

KTEST(spinlock_is_not_given_twice, "", "giving back what is not held panics", .needs = "1.3",
	.panics = "assertion failed: lock->holder")
{
	struct spinlock lock;

	spin_init(&lock, "test");
	spin_lock(&lock);
	spin_unlock(&lock);
	spin_unlock(&lock);
}

KTEST(spinlock_keeps_interrupts, "", "the irqsave forms put the interrupt flag back as it was")
{
	static struct spinlock lock = SPINLOCK_INIT("test"), inner = SPINLOCK_INIT("inner");
	uint64_t flags, inner_flags;

	KT_TRUE(!irq_enabled());
	flags = spin_lock_irqsave(&lock);
	KT_TRUE(spin_held(&lock));
	spin_unlock_irqrestore(&lock, flags);
	KT_TRUE(!irq_enabled());

	asm volatile("sti"); /* every interrupt is masked at the 8259s */
	flags = spin_lock_irqsave(&lock);
	KT_TRUE(!irq_enabled());
	inner_flags = spin_lock_irqsave(&inner);
	spin_unlock_irqrestore(&inner, inner_flags);
	KT_TRUE(!irq_enabled());
	spin_unlock_irqrestore(&lock, flags);
	KT_TRUE(irq_enabled());
	asm volatile("cli");
}

KTEST(mutex_is_held, "", "a mutex knows whether it is held")
{
	struct mutex mutex;

	mutex_init(&mutex, "test");
	KT_TRUE(!mutex_held(&mutex));
	mutex_lock(&mutex);
	KT_TRUE(mutex_held(&mutex));
	KT_TRUE(!mutex_trylock(&mutex));
	mutex_unlock(&mutex);
	KT_TRUE(!mutex_held(&mutex));
	KT_TRUE(mutex_trylock(&mutex));
	mutex_unlock(&mutex);
}

KTEST(locks_made_where_defined, "", "a lock is the same whether its definition or a call made it")
{
	static struct mutex mutex = MUTEX_INIT(mutex, "test");
	static struct rwlock lock = RWLOCK_INIT(lock, "test");

	for (int made = 0; made < 2; made++) {
		KT_STREQ(mutex.name, "test");
		KT_STREQ(lock.name, "test");
		KT_TRUE(mutex.guard.name && lock.guard.name);
		KT_TRUE(list_empty(&mutex.waiters) && list_empty(&mutex.held));
		KT_TRUE(list_empty(&lock.waiters));
		KT_TRUE(mutex_trylock(&mutex));
		mutex_unlock(&mutex);
		memset(&mutex, 0x5a, sizeof(mutex));
		memset(&lock, 0x5a, sizeof(lock));
		mutex_init(&mutex, "test");
		rwlock_init(&lock, "test");
	}
}

KTEST(rwlock_is_held, "", "a lock for many readers knows whether it is read or written")
{
	struct rwlock lock;

	rwlock_init(&lock, "test");
	KT_TRUE(!rwlock_held(&lock) && !rwlock_write_held(&lock));
	rwlock_read(&lock);
	KT_TRUE(rwlock_held(&lock) && !rwlock_write_held(&lock));
	rwlock_read_done(&lock);
	KT_TRUE(!rwlock_held(&lock));
	rwlock_write(&lock);
	KT_TRUE(rwlock_held(&lock) && rwlock_write_held(&lock));
	rwlock_write_done(&lock);
	KT_TRUE(!rwlock_held(&lock) && !rwlock_write_held(&lock));
}

KTEST(mutex_is_not_taken_twice, "", "waiting for oneself panics", .needs = "1.3",
	.panics = "mutex test is taken twice")
{
	struct mutex mutex;

	mutex_init(&mutex, "test");
	mutex_lock(&mutex);
	mutex_lock(&mutex);
}

KTEST(mutex_is_not_awaited_in_a_spinlock, "", "who holds a spin lock may not sleep", .needs = "1.3",
	.panics = "assertion failed: may_sleep()")
{
	struct spinlock outer, inner;
	struct mutex mutex;

	spin_init(&outer, "outer");
	spin_init(&inner, "inner");
	mutex_init(&mutex, "test");
	KT_TRUE(may_sleep());
	spin_lock(&outer);
	spin_lock(&inner);
	spin_unlock(&inner);
	KT_TRUE(!may_sleep());
	KT_TRUE(mutex_trylock(&mutex)); /* does not wait */
	mutex_unlock(&mutex);
	mutex_lock(&mutex);
}

KTEST(mutex_is_not_given_twice, "", "giving back what is not held panics", .needs = "1.3",
	.panics = "assertion failed: mutex->locked")
{
	struct mutex mutex;

	mutex_init(&mutex, "test");
	mutex_lock(&mutex);
	mutex_unlock(&mutex);
	mutex_unlock(&mutex);
}

KTEST(rwlock_takes_readers_or_writer, "", "many readers, or one writer", .needs = "1.3",
	.panics = "assertion failed: !lock->writing")
{
	struct rwlock lock;

	rwlock_init(&lock, "test");
	rwlock_read(&lock);
	rwlock_read(&lock);
	rwlock_read_done(&lock);
	rwlock_read_done(&lock);
	rwlock_write(&lock);
	rwlock_write_done(&lock);
	rwlock_write(&lock);
	rwlock_read(&lock);
}

struct item {
	int number;
	struct list link;
};

static int list_digits(const struct list *head)
{
	int digits = 0;

	list_each (link, head)
		digits = digits * 10 + list_entry(link, struct item, link)->number;
	return digits;
}

KTEST(list_keeps_order, "", "what is pushed comes in its order, and what is removed is gone")
{
	struct list head;
	struct item item[4] = { { .number = 1 }, { .number = 2 }, { .number = 3 },
		{ .number = 4 } };

	list_init(&head);
	KT_TRUE(list_empty(&head));
	KT_EQ(list_digits(&head), 0);
	for (int i = 0; i < 3; i++)
		list_push_back(&head, &item[i].link);
	list_insert_after(&item[0].link, &item[3].link);
	KT_TRUE(!list_empty(&head));
	KT_EQ(list_digits(&head), 1423);
	list_remove(&item[0].link);
	KT_EQ(list_digits(&head), 423);
	list_remove(&item[2].link);
	KT_EQ(list_digits(&head), 42);
	KT_TRUE(head.prev == &item[1].link);
	list_remove(&item[1].link);
	list_remove(&item[3].link);
	KT_TRUE(list_empty(&head));
}
