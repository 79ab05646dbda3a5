/*
 * eventfd(2): a number that writes add to and a read takes, waiting for it to be more than 0.
 */
#include "lab2-memory/slab/kmalloc.h"
#include "lab3-threads/lock/waitqueue.h"
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/file/poll.h"
#include "lab4-interrupts/file/table.h"
#include <linux/errno.h>
#include <linux/fcntl.h>

#define EFD_SEMAPHORE 1 /* glibc, <sys/eventfd.h>; not among UAPI headers everywhere */
#define COUNT_MAX     (UINT64_MAX - 1)

/* Key: [I], [lock]. */
struct event {
	struct spinlock lock;
	uint64_t count; /* [lock] at most COUNT_MAX */
	bool semaphore; /* [I] a read takes 1 */
	struct waitqueue readers, writers;
};

/* Wait until the count may have changed: 0, -EAGAIN, -ERESTARTSYS. Caller holds the lock. */
static int wait_for(struct event *event, struct file *file, struct waitqueue *queue)
{
	if (__atomic_load_n(&file->flags, __ATOMIC_RELAXED) & O_NONBLOCK)
		return -EAGAIN;
	return waitqueue_sleep(queue, &event->lock, WAIT_INTERRUPTIBLE) < 0 ? -ERESTARTSYS : 0;
}

static int64_t event_read(struct file *file, struct buffer *to, int64_t *position)
{
	struct event *event = file->data;
	uint64_t taken = 0;
	int result = 0;

	(void)position;
	if (to->left < sizeof(taken))
		return -EINVAL;
	spin_lock(&event->lock);
	while (!event->count && result == 0)
		result = wait_for(event, file, &event->readers);
	if (result == 0)
		taken = event->semaphore ? 1 : event->count;
	event->count -= taken;
	spin_unlock(&event->lock);
	if (result < 0)
		return result;
	waitqueue_wake_all(&event->writers);
	return buffer_put(to, &taken, sizeof(taken)) == sizeof(taken) ? (int64_t)sizeof(taken)
								      : -EFAULT;
}

static int64_t event_write(struct file *file, struct buffer *from, int64_t *position)
{
	struct event *event = file->data;
	uint64_t added;
	int result = 0;

	(void)position;
	if (from->left < sizeof(added))
		return -EINVAL;
	if (buffer_take(from, &added, sizeof(added)) < sizeof(added))
		return -EFAULT;
	if (added == UINT64_MAX)
		return -EINVAL;
	spin_lock(&event->lock);
	while (added > COUNT_MAX - event->count && result == 0)
		result = wait_for(event, file, &event->writers);
	if (result == 0)
		event->count += added;
	spin_unlock(&event->lock);
	if (result < 0)
		return result;
	waitqueue_wake_all(&event->readers);
	return sizeof(added);
}

static unsigned event_poll(struct file *file, struct poll_table *table)
{
	struct event *event = file->data;
	uint64_t count;

	poll_wait(table, &event->readers);
	poll_wait(table, &event->writers);
	spin_lock(&event->lock);
	count = event->count;
	spin_unlock(&event->lock);
	return (count ? POLLIN : 0) | (count < COUNT_MAX ? POLLOUT : 0);
}

static void event_release(struct file *file)
{
	kfree(file->data);
}

static const struct file_ops event_ops = { .name = "eventfd",
	.read = event_read,
	.write = event_write,
	.poll = event_poll,
	.release = event_release };

static struct event *event_new(unsigned count, bool semaphore)
{
	struct event *event = kmalloc(sizeof(*event), 0);

	if (!event)
		return NULL;
	*event = (struct event){ .count = count, .semaphore = semaphore };
	spin_init(&event->lock, "eventfd");
	waitqueue_init(&event->readers, "eventfd readers");
	waitqueue_init(&event->writers, "eventfd writers");
	return event;
}

static int64_t event_create(unsigned count, unsigned flags)
{
	struct event *event;

	if (flags & ~(unsigned)(EFD_SEMAPHORE | O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	event = event_new(count, flags & EFD_SEMAPHORE);
	if (!event)
		return -ENOMEM;
	return table_install_new(
		&event_ops, O_RDWR | (flags & O_NONBLOCK), event, flags & O_CLOEXEC);
}

SYSCALL(eventfd, "%u", unsigned, count)
{
	return event_create(count, 0);
}

SYSCALL(eventfd2, "%u, open_flags", unsigned, count, unsigned, flags)
{
	return event_create(count, flags);
}
