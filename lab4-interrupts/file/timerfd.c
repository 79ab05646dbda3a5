/*
 * timerfd_create(2): a timer whose expirations are read.
 *
 * When it has expired the timer rests until somebody reads or asks: only then it is worked out how
 * often it would have expired meanwhile. So an interval of a nanosecond costs no more than one of a
 * day.
 */
#include "lab2-memory/slab/kmalloc.h"
#include "lab3-threads/cpu/clock.h"
#include "lab3-threads/lock/waitqueue.h"
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/file/poll.h"
#include "lab4-interrupts/file/table.h"
#include "lab4-interrupts/time/clocks.h"
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/timerfd.h>

/* Key: [I], [lock] taken with interrupts off. */
struct alarm_file {
	struct spinlock lock;
	int clock; /* [I] */
	struct timer timer;
	uint64_t deadline; /* [lock] by clock_ns, the first that was not counted; 0: disarmed */
	uint64_t interval; /* [lock] nanoseconds; 0: it expires once */
	uint64_t count;    /* [lock] expirations that nobody has read */
	bool rests;        /* [lock] it has expired, and not been started again */
	struct waitqueue readers;
};

static void alarm_expired(struct timer *timer)
{
	struct alarm_file *alarm = list_entry(timer, struct alarm_file, timer);
	uint64_t flags = spin_lock_irqsave(&alarm->lock);
	bool mine = alarm->deadline && !alarm->rests && alarm->deadline <= clock_ns();

	if (mine) {
		alarm->count++;
		alarm->rests = true;
	}
	spin_unlock_irqrestore(&alarm->lock, flags);
	if (mine)
		waitqueue_wake_all(&alarm->readers);
}

/* Count what has come since it expired, and start it again. Where it expired the clock may be ahead
 * of ours: to us it has just been then. Caller holds the lock. */
static void catch_up(struct alarm_file *alarm)
{
	uint64_t now = clock_ns(), more;

	if (!alarm->rests || !alarm->interval)
		return;
	more = now > alarm->deadline ? (now - alarm->deadline) / alarm->interval : 0;
	alarm->count += more;
	if (__builtin_add_overflow(alarm->deadline, (more + 1) * alarm->interval, &alarm->deadline))
		alarm->deadline = TIMER_NEVER - 1;
	alarm->rests = false;
	timer_start(&alarm->timer, alarm->deadline);
}

/* --- reading ----------------------------------------------------------------------- */

/* Expirations, once there are any: more than 0, or an error. */
static int64_t take(struct alarm_file *alarm, bool wait)
{
	for (;;) {
		struct waiter waiter;
		uint64_t flags, count;

		waitqueue_prepare(&alarm->readers, &waiter, WAIT_INTERRUPTIBLE);
		flags = spin_lock_irqsave(&alarm->lock);
		catch_up(alarm);
		count = alarm->count;
		alarm->count = 0;
		spin_unlock_irqrestore(&alarm->lock, flags);
		if (count || !wait) {
			waitqueue_cancel(&alarm->readers, &waiter);
			return count ? (int64_t)count : -EAGAIN;
		}
		if (waitqueue_wait(&alarm->readers, &waiter) < 0)
			return -ERESTARTSYS;
	}
}

static int64_t alarm_read(struct file *file, struct buffer *to, int64_t *position)
{
	unsigned flags = __atomic_load_n(&file->flags, __ATOMIC_RELAXED);
	int64_t count;

	(void)position;
	if (to->left < sizeof(count))
		return -EINVAL;
	count = take(file->data, !(flags & O_NONBLOCK));
	if (count < 0)
		return count;
	return buffer_put(to, &count, sizeof(count)) == sizeof(count) ? (int64_t)sizeof(count)
								      : -EFAULT;
}

static unsigned alarm_poll(struct file *file, struct poll_table *table)
{
	struct alarm_file *alarm = file->data;
	uint64_t flags;
	bool ready;

	poll_wait(table, &alarm->readers);
	flags = spin_lock_irqsave(&alarm->lock);
	ready = alarm->count != 0;
	spin_unlock_irqrestore(&alarm->lock, flags);
	return ready ? POLLIN : 0;
}

static void alarm_release(struct file *file)
{
	struct alarm_file *alarm = file->data;

	timer_stop(&alarm->timer);
	kfree(alarm);
}

static const struct file_ops alarm_ops = {
	.name = "timerfd", .read = alarm_read, .poll = alarm_poll, .release = alarm_release
};

SYSCALL(timerfd_create, "clock, open_flags", int, clock, unsigned, flags)
{
	struct alarm_file *alarm;

	if ((flags & ~(unsigned)(TFD_CLOEXEC | TFD_NONBLOCK)) ||
		(clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME))
		return -EINVAL;
	alarm = kmalloc(sizeof(*alarm), 0);
	if (!alarm)
		return -ENOMEM;
	*alarm = (struct alarm_file){ .clock = clock };
	spin_init(&alarm->lock, "timerfd");
	timer_init(&alarm->timer, alarm_expired);
	waitqueue_init(&alarm->readers, "timerfd readers");
	return table_install_new(
		&alarm_ops, O_RDWR | (flags & O_NONBLOCK), alarm, flags & O_CLOEXEC);
}

/* --- setting ----------------------------------------------------------------------- */

/* How it stands: when it expires next, from now on, and the interval. Caller holds the lock. */
static void tell(struct alarm_file *alarm, uint64_t *left, uint64_t *interval)
{
	uint64_t now = clock_ns();

	*interval = alarm->interval;
	*left = 0;
	catch_up(alarm);
	if (alarm->deadline && !alarm->rests)
		*left = alarm->deadline > now ? alarm->deadline - now : 1;
}

static int tell_user(uint64_t to, uint64_t left, uint64_t interval)
{
	if (timespec_to_user(to + sizeof(struct timespec), left) < 0)
		return -EFAULT;
	return timespec_to_user(to, interval);
}

static void set(struct alarm_file *alarm, uint64_t deadline, uint64_t interval, uint64_t old[2])
{
	uint64_t flags = spin_lock_irqsave(&alarm->lock);

	tell(alarm, &old[0], &old[1]);
	alarm->deadline = deadline;
	alarm->interval = interval;
	alarm->count = 0;
	alarm->rests = false;
	/* Not timer_stop: only under the lock is nobody else at it. A call for the old moment that
	 * is on its way finds that nothing is due. */
	timer_start(&alarm->timer, deadline ? deadline : TIMER_NEVER);
	spin_unlock_irqrestore(&alarm->lock, flags);
}

/* The moment that a program means: 0 disarms. */
static uint64_t moment_of(const struct alarm_file *alarm, uint64_t value, unsigned flags)
{
	if (!value)
		return 0;
	if (!(flags & TFD_TIMER_ABSTIME))
		return moment_in(value);
	value = clock_moment(alarm->clock, value);
	return value ? value : 1; /* long ago, but not never */
}

SYSCALL(timerfd_settime, "fd, %#x, address, address", int, fd, unsigned, flags, uint64_t, new,
	uint64_t, old)
{
	uint64_t value, interval, before[2];
	struct file *file;
	int result;

	if (flags & ~(unsigned)(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET))
		return -EINVAL;
	if ((result = timespec_from_user(new, &interval)) < 0 ||
		(result = timespec_from_user(new + sizeof(struct timespec), &value)) < 0 ||
		(result = table_file_with(fd, &alarm_ops, &file)) < 0)
		return result;
	set(file->data, moment_of(file->data, value, flags), interval, before);
	file_put(file);
	return old ? tell_user(old, before[0], before[1]) : 0;
}

SYSCALL(timerfd_gettime, "fd, address", int, fd, uint64_t, to)
{
	uint64_t left, interval, flags;
	struct alarm_file *alarm;
	struct file *file;
	int result = table_file_with(fd, &alarm_ops, &file);

	if (result < 0)
		return result;
	alarm = file->data;
	flags = spin_lock_irqsave(&alarm->lock);
	tell(alarm, &left, &interval);
	spin_unlock_irqrestore(&alarm->lock, flags);
	file_put(file);
	return tell_user(to, left, interval);
}
