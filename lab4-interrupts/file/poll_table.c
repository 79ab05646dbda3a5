/* Waiting in several queues at once: see poll.h. */
#include "lab2-memory/page/page.h"
#include "lab2-memory/slab/kmalloc.h"
#include "lab4-interrupts/file/file.h"
#include "lab4-interrupts/file/poll.h"
#include "lab4-interrupts/time/sleep.h"
#include <linux/errno.h>

#define MORE ((PAGE_SIZE - sizeof(void *)) / sizeof(struct poll_waiter))

struct poll_more {
	struct poll_more *next;
	struct poll_waiter waiter[MORE];
};
_Static_assert(sizeof(struct poll_more) <= PAGE_SIZE, "a piece is a page");

/* The queue's lock is held. The wake-up stays for whoever comes next in the queue. */
static bool note(struct waiter *waiter)
{
	struct poll_table *table = list_entry(waiter, struct poll_waiter, waiter)->table;

	if (!__atomic_exchange_n(&table->woken, true, __ATOMIC_ACQ_REL))
		waitqueue_wake_all(table->told);
	return false;
}

/* Room for one more waiter; NULL without memory. */
static struct poll_waiter *waiter_new(struct poll_table *table)
{
	struct poll_more *more = table->more;

	if (!more && table->used < POLL_WAITERS)
		return &table->first[table->used++];
	if (!more || table->used == MORE) {
		more = kmalloc(sizeof(*more), 0);
		if (!more)
			return NULL;
		more->next = table->more;
		table->more = more;
		table->used = 0;
	}
	return &more->waiter[table->used++];
}

void poll_wait(struct poll_table *table, struct waitqueue *queue)
{
	struct poll_waiter *new;

	if (!table || !table->joining)
		return;
	new = waiter_new(table);
	if (!new) {
		table->error = -ENOMEM;
		return;
	}
	*new = (struct poll_waiter){ .table = table, .queue = queue, .waiter.wake = note };
	waitqueue_join(queue, &new->waiter);
}

void poll_begin(struct poll_table *table)
{
	table->used = 0;
	table->more = NULL;
	table->error = 0;
	table->joining = true;
	table->woken = false;
	waitqueue_init(&table->asleep, "poll sleeper");
	table->told = &table->asleep;
}

static void leave(struct poll_waiter *waiter, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		waitqueue_leave(waiter[i].queue, &waiter[i].waiter);
}

void poll_end(struct poll_table *table)
{
	unsigned used = table->used;

	while (table->more) {
		struct poll_more *more = table->more;

		leave(more->waiter, used);
		table->more = more->next;
		used = table->more ? MORE : POLL_WAITERS;
		kfree(more);
	}
	leave(table->first, used);
}

int poll_stay(struct poll_table *table, struct file *file, struct waitqueue *told)
{
	poll_begin(table);
	table->told = told;
	file_poll(file, table);
	table->joining = false;
	if (table->error)
		poll_end(table);
	return table->error;
}

int poll_sleep(struct poll_table *table, uint64_t deadline)
{
	table->joining = false;
	for (;;) {
		struct waiter waiter;
		int result;

		waitqueue_prepare(&table->asleep, &waiter, WAIT_INTERRUPTIBLE);
		if (__atomic_exchange_n(&table->woken, false, __ATOMIC_ACQ_REL)) {
			waitqueue_cancel(&table->asleep, &waiter);
			return 0;
		}
		result = waitqueue_wait_until(&table->asleep, &waiter, deadline);
		if (result < 0)
			return result;
	}
}

unsigned file_poll(struct file *file, struct poll_table *table)
{
	if (!file->ops->poll)
		return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
	return file->ops->poll(file, table);
}

/* What holds now of what is wanted; how many have something. */
static unsigned look(struct poll_item *item, unsigned count, struct poll_table *table)
{
	unsigned ready = 0;

	for (unsigned i = 0; i < count; i++) {
		if (item[i].file)
			item[i].found =
				file_poll(item[i].file, ready ? NULL : table) & item[i].wanted;
		ready += item[i].found != 0;
	}
	return ready;
}

int64_t poll_items(struct poll_item *item, unsigned count, uint64_t deadline)
{
	struct poll_table table;
	int64_t ready;
	int slept = 0;

	poll_begin(&table);
	for (;;) {
		ready = look(item, count, deadline ? &table : NULL);
		if (ready || slept < 0 || !deadline || table.error)
			break;
		slept = poll_sleep(&table, deadline);
	}
	poll_end(&table);
	if (ready || slept == -ETIMEDOUT || !deadline)
		return ready;
	return table.error ? table.error : slept;
}
