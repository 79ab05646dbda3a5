/*
 * epoll, until lab 6 brings its own: right, and as slow as poll.
 *
 * Each entry stays in its file's wait queues with a poll_table of its own (poll_stay), so that a
 * wake-up between two calls is not missed: that is the edge which EPOLLET reports. But which
 * entries have something is found by looking at all of them, in each call: for a pipe and a few
 * eventfds, as Go's runtime wants, that is enough. What lab 6 adds is a list of those that are
 * ready.
 *
 * An entry belongs to a descriptor and what was open behind it, as on Linux: it goes when the last
 * descriptor of that file does, and not before. One epoll in another is refused.
 *
 * Read more: epoll(7).
 */
#include "lab2-memory/slab/kmalloc.h"
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/file/file.h"
#include "lab4-interrupts/file/poll.h"
#include "lab4-interrupts/file/poll_time.h"
#include "lab4-interrupts/file/table.h"
#include "lab4-interrupts/signal/signal.h"
#include <linux/errno.h>
#include <linux/eventpoll.h>
#include <linux/fcntl.h>

#define MOST    4096 /* entries of all epolls: each takes a kilobyte */
#define ALWAYS  (EPOLLERR | EPOLLHUP)
#define OPTIONS (EPOLLET | EPOLLONESHOT | EPOLLWAKEUP | EPOLLEXCLUSIVE)

/* Key: [watching] file_watching, which is all epolls' lock. */
struct epoll {
	struct list entries; /* [watching] the ones that were looked at last at its end */
	unsigned count;      /* [watching] of them */
	struct waitqueue waiters;
};

struct entry {
	struct epoll *epoll;       /* [I] */
	struct list link;          /* [watching] in its epoll's entries */
	struct file_watch watch;   /* [watching] */
	struct poll_table table;   /* in the file's queues */
	struct file *file;         /* [I] no reference */
	int fd;                    /* [I] */
	bool edge;                 /* [watching] something has come since it was reported */
	struct epoll_event wanted; /* [watching] without events: it was reported once (ONESHOT) */
};

static unsigned entries; /* [watching] of all epolls */

/* --- entries; with file_watching ------------------------------------------------------------ */

static void entry_free(struct entry *entry)
{
	list_remove(&entry->link);
	entry->epoll->count--;
	entries--;
	kfree(entry);
}

static void file_gone(struct file_watch *watch)
{
	struct entry *entry = list_entry(watch, struct entry, watch);

	poll_end(&entry->table);
	entry_free(entry);
}

/* Its file stays, or is waiting for file_watching to tell us that it goes. */
static void entry_remove(struct entry *entry)
{
	poll_end(&entry->table);
	file_unwatch(&entry->watch);
	entry_free(entry);
}

static struct entry *entry_find(struct epoll *epoll, const struct file *file, int fd)
{
	list_each (link, &epoll->entries) {
		struct entry *entry = list_entry(link, struct entry, link);

		if (entry->file == file && entry->fd == fd)
			return entry;
	}
	return NULL;
}

static void entry_want(struct entry *entry, const struct epoll_event *event)
{
	entry->wanted = *event;
	entry->wanted.events |= ALWAYS;
	entry->edge = true;
	waitqueue_wake_all(&entry->epoll->waiters); /* it may have something already */
}

static int entry_add(
	struct epoll *epoll, struct file *file, int fd, const struct epoll_event *event)
{
	struct entry *entry;

	if (entries == MOST)
		return -ENOSPC;
	entry = kmalloc(sizeof(*entry), 0);
	if (!entry)
		return -ENOMEM;
	*entry = (struct entry){ .epoll = epoll, .file = file, .fd = fd, .watch.gone = file_gone };
	if (poll_stay(&entry->table, file, &epoll->waiters)) {
		kfree(entry);
		return -ENOMEM;
	}
	file_watch(file, &entry->watch);
	list_push_back(&epoll->entries, &entry->link);
	epoll->count++;
	entries++;
	entry_want(entry, event);
	return 0;
}

/* What there is to be reported of it. */
static uint32_t entry_has(struct entry *entry)
{
	uint32_t events = entry->wanted.events;

	if (__atomic_exchange_n(&entry->table.woken, false, __ATOMIC_ACQ_REL))
		entry->edge = true;
	if (!entry->edge && (events & EPOLLET))
		return 0;
	return file_poll(entry->file, NULL) & events & ~OPTIONS;
}

/* What is reported of it now; if it was an edge, nobody else is told of it. */
static uint32_t entry_found(struct entry *entry)
{
	uint32_t found = entry_has(entry);

	entry->edge = false;
	if (found && (entry->wanted.events & EPOLLONESHOT))
		entry->wanted.events &= OPTIONS;
	return found;
}

/* --- the file ------------------------------------------------------------------------------- */

static unsigned epoll_poll(struct file *file, struct poll_table *table)
{
	struct epoll *epoll = file->data;
	unsigned found = 0;

	poll_wait(table, &epoll->waiters);
	mutex_lock(&file_watching);
	list_each (link, &epoll->entries)
		if (entry_has(list_entry(link, struct entry, link)))
			found = POLLIN | POLLRDNORM;
	mutex_unlock(&file_watching);
	return found;
}

static void epoll_release(struct file *file)
{
	struct epoll *epoll = file->data;

	mutex_lock(&file_watching);
	while (!list_empty(&epoll->entries))
		entry_remove(list_entry(epoll->entries.next, struct entry, link));
	mutex_unlock(&file_watching);
	kfree(epoll);
}

static const struct file_ops epoll_ops = {
	.name = "eventpoll", .poll = epoll_poll, .release = epoll_release
};

static int64_t epoll_new(unsigned flags)
{
	struct epoll *epoll;

	if (flags & ~(unsigned)EPOLL_CLOEXEC)
		return -EINVAL;
	epoll = kmalloc(sizeof(*epoll), 0);
	if (!epoll)
		return -ENOMEM;
	list_init(&epoll->entries);
	epoll->count = 0;
	waitqueue_init(&epoll->waiters, "epoll");
	return table_install_new(&epoll_ops, O_RDWR, epoll, flags & EPOLL_CLOEXEC);
}

SYSCALL(epoll_create1, "open_flags", unsigned, flags)
{
	return epoll_new(flags);
}

SYSCALL(epoll_create, "int", int, size)
{
	return size > 0 ? epoll_new(0) : -EINVAL;
}

/* --- what is waited for --------------------------------------------------------------------- */

static int64_t change(struct epoll *epoll, int operation, struct file *file, int fd,
	const struct epoll_event *event)
{
	struct entry *entry = entry_find(epoll, file, fd);

	if (operation == EPOLL_CTL_ADD)
		return entry ? -EEXIST : entry_add(epoll, file, fd, event);
	if (operation != EPOLL_CTL_MOD && operation != EPOLL_CTL_DEL)
		return -EINVAL;
	if (!entry)
		return -ENOENT;
	if (operation == EPOLL_CTL_MOD)
		entry_want(entry, event);
	else
		entry_remove(entry);
	return 0;
}

static int64_t control(int epfd, int operation, int fd, const struct epoll_event *event)
{
	struct file *epoll = table_file(epfd), *file = table_file(fd);
	int64_t result = -EBADF;

	if (epoll && file && !file->ops->poll) {
		result = -EPERM;
	} else if (epoll && file && (epoll->ops != &epoll_ops || file->ops == &epoll_ops)) {
		result = -EINVAL;
	} else if (epoll && file) {
		mutex_lock(&file_watching);
		result = change(epoll->data, operation, file, fd, event);
		mutex_unlock(&file_watching);
	}
	if (file)
		file_put(file);
	if (epoll)
		file_put(epoll);
	return result;
}

SYSCALL(epoll_ctl, "fd, int, fd, address", int, epfd, int, operation, int, fd, uint64_t, address)
{
	struct epoll_event event = { 0 };

	if (operation != EPOLL_CTL_DEL && copy_from_user(&event, address, sizeof(event)) < 0)
		return -EFAULT;
	return control(epfd, operation, fd, &event);
}

/* --- waiting -------------------------------------------------------------------------------- */

/* Report one entry, if it has something: how many that is, or -EFAULT. */
static int64_t report_entry(struct entry *entry, uint64_t to)
{
	uint32_t wanted = entry->wanted.events;
	struct epoll_event event = { entry_found(entry), entry->wanted.data };

	if (!event.events)
		return 0;
	if (copy_to_user(to, &event, sizeof(event)) == 0)
		return 1;
	entry->edge = true; /* nobody has been told */
	entry->wanted.events = wanted;
	return -EFAULT;
}

/* Report up to `most` of those that have something. How many; -EFAULT if not even one could be. */
static int64_t report(struct epoll *epoll, uint64_t to, int64_t most)
{
	int64_t count = 0, result = 0;

	mutex_lock(&file_watching);
	for (unsigned left = epoll->count; left && count < most && result >= 0; left--) {
		struct list *first = epoll->entries.next;

		list_remove(first);
		list_push_back(&epoll->entries, first);
		result = report_entry(list_entry(first, struct entry, link),
			to + (uint64_t)count * sizeof(struct epoll_event));
		count += result > 0;
	}
	mutex_unlock(&file_watching);
	return count ? count : result;
}

static int64_t wait_for(struct epoll *epoll, uint64_t to, int64_t most, uint64_t deadline)
{
	struct poll_table table;
	int64_t count;
	int slept = 0;

	poll_begin(&table);
	poll_wait(&table, &epoll->waiters);
	for (;;) {
		count = report(epoll, to, most);
		if (count || slept < 0 || !deadline)
			break;
		slept = poll_sleep(&table, deadline);
		if (slept == -EINTR && !signal_pending())
			slept = 0; /* an interrupt that was left over */
	}
	poll_end(&table);
	if (count > 0)
		waitqueue_wake_all(&epoll->waiters); /* for others there may be more */
	return count || slept != -EINTR ? count : -EINTR;
}

static int64_t epoll_wait_until(int epfd, uint64_t to, int most, uint64_t deadline)
{
	struct file *file;
	int64_t result;

	if (most <= 0 || (size_t)most > INT32_MAX / sizeof(struct epoll_event))
		return -EINVAL;
	result = table_file_with(epfd, &epoll_ops, &file);
	if (result < 0)
		return result;
	result = wait_for(file->data, to, most, deadline);
	file_put(file);
	return result;
}

SYSCALL(epoll_wait, "fd, address, int, int", int, epfd, uint64_t, to, int, most, int, milliseconds)
{
	return epoll_wait_until(epfd, to, most, deadline_in_ms(milliseconds));
}

static int64_t wait_masked(
	int epfd, uint64_t to, int most, uint64_t deadline, uint64_t mask, uint64_t bytes)
{
	int64_t result = poll_mask(mask, bytes);

	if (result == 0)
		result = epoll_wait_until(epfd, to, most, deadline);
	poll_mask_end(result);
	return result;
}

SYSCALL(epoll_pwait, "fd, address, int, int, sigset, size", int, epfd, uint64_t, to, int, most, int,
	milliseconds, uint64_t, mask, uint64_t, bytes)
{
	return wait_masked(epfd, to, most, deadline_in_ms(milliseconds), mask, bytes);
}

SYSCALL(epoll_pwait2, "fd, address, int, timespec, sigset, size", int, epfd, uint64_t, to, int,
	most, uint64_t, time, uint64_t, mask, uint64_t, bytes)
{
	uint64_t deadline;
	int64_t result = deadline_from_timespec(time, &deadline);

	return result ? result : wait_masked(epfd, to, most, deadline, mask, bytes);
}
