/*
 * signalfd(2): signals that are blocked are read instead of delivered.
 *
 * The descriptor has only a set; whose signals come is decided by who reads, as on Linux.
 */
#include "lab2-memory/slab/kmalloc.h"
#include "lab3-threads/lock/waitqueue.h"
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/file/poll.h"
#include "lab4-interrupts/file/table.h"
#include "lab4-interrupts/signal/signal.h"
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/signalfd.h>

/* Which fields of siginfo_t mean something, by who sent it: sigaction(2). */
static void tell_sender(struct signalfd_siginfo *to, const siginfo_t *info)
{
	if (info->si_code == SI_TIMER) {
		to->ssi_tid = (uint32_t)info->si_tid;
		to->ssi_overrun = (uint32_t)info->si_overrun;
	} else {
		to->ssi_pid = (uint32_t)info->si_pid;
		to->ssi_uid = info->si_uid;
	}
	if (info->si_code < 0 && info->si_code != SI_TKILL) {
		to->ssi_ptr = (uint64_t)info->si_ptr;
		to->ssi_int = info->si_int;
	}
}

static struct signalfd_siginfo told(const siginfo_t *info)
{
	struct signalfd_siginfo to = { .ssi_signo = (uint32_t)info->si_signo,
		.ssi_errno = info->si_errno,
		.ssi_code = info->si_code };
	bool fault = info->si_signo == SIGSEGV || info->si_signo == SIGBUS ||
		     info->si_signo == SIGFPE || info->si_signo == SIGILL ||
		     info->si_signo == SIGTRAP;

	if (info->si_code <= 0 || info->si_signo == SIGCHLD)
		tell_sender(&to, info);
	if (info->si_code > 0 && info->si_signo == SIGCHLD) {
		to.ssi_status = info->si_status;
		to.ssi_utime = (uint64_t)info->si_utime;
		to.ssi_stime = (uint64_t)info->si_stime;
	}
	if (info->si_code > 0 && fault)
		to.ssi_addr = (uint64_t)info->si_addr;
	return to;
}

static uint64_t set_of(struct file *file)
{
	return __atomic_load_n((uint64_t *)file->data, __ATOMIC_RELAXED);
}

/* One signal; wait for it if that is allowed. 0, -EAGAIN, -ERESTARTSYS. */
static int take(struct file *file, bool wait, siginfo_t *info)
{
	for (;;) {
		struct waiter waiter;

		waitqueue_prepare(signal_watchers(), &waiter, WAIT_INTERRUPTIBLE);
		if (signal_fetch(set_of(file), info)) {
			waitqueue_cancel(signal_watchers(), &waiter);
			return 0;
		}
		if (!wait) {
			waitqueue_cancel(signal_watchers(), &waiter);
			return -EAGAIN;
		}
		if (waitqueue_wait(signal_watchers(), &waiter) < 0)
			return -ERESTARTSYS;
	}
}

/* As many as there are and fit, but wait only for the first. */
static int64_t signals_read(struct file *file, struct buffer *to, int64_t *position)
{
	bool wait = !(__atomic_load_n(&file->flags, __ATOMIC_RELAXED) & O_NONBLOCK);
	int64_t all = 0;

	(void)position;
	if (to->left < sizeof(struct signalfd_siginfo))
		return -EINVAL;
	while (to->left >= sizeof(struct signalfd_siginfo)) {
		siginfo_t info;
		struct signalfd_siginfo one;
		int result = take(file, wait && !all, &info);

		if (result < 0)
			return all ? all : result;
		one = told(&info);
		if (buffer_put(to, &one, sizeof(one)) < sizeof(one))
			return all ? all : -EFAULT;
		all += (int64_t)sizeof(one);
	}
	return all;
}

static unsigned signals_poll(struct file *file, struct poll_table *table)
{
	poll_wait(table, signal_watchers());
	return signal_wanted(set_of(file)) ? POLLIN : 0;
}

static void signals_release(struct file *file)
{
	kfree(file->data);
}

static const struct file_ops signals_ops = {
	.name = "signalfd", .read = signals_read, .poll = signals_poll, .release = signals_release
};

static int64_t signals_create(uint64_t set, unsigned flags)
{
	uint64_t *data = kmalloc(sizeof(set), 0);

	if (!data)
		return -ENOMEM;
	*data = set;
	return table_install_new(
		&signals_ops, O_RDWR | (flags & O_NONBLOCK), data, flags & O_CLOEXEC);
}

/* Another set for a descriptor that there is. */
static int64_t signals_change(int fd, uint64_t set)
{
	struct file *file;
	int error = table_file_with(fd, &signals_ops, &file);

	if (error)
		return error;
	__atomic_store_n((uint64_t *)file->data, set, __ATOMIC_RELAXED);
	waitqueue_wake_all(signal_watchers()); /* what they wait for may be pending already */
	file_put(file);
	return fd;
}

static int64_t signals_call(int fd, uint64_t mask, uint64_t bytes, unsigned flags)
{
	uint64_t set;

	if (bytes != sizeof(set) || (flags & ~(unsigned)(SFD_CLOEXEC | SFD_NONBLOCK)))
		return -EINVAL;
	if (copy_from_user(&set, mask, sizeof(set)) < 0)
		return -EFAULT;
	return fd == -1 ? signals_create(set, flags) : signals_change(fd, set);
}

SYSCALL(signalfd, "fd, sigset, size", int, fd, uint64_t, mask, uint64_t, bytes)
{
	return signals_call(fd, mask, bytes, 0);
}

SYSCALL(signalfd4, "fd, sigset, size, open_flags", int, fd, uint64_t, mask, uint64_t, bytes,
	unsigned, flags)
{
	return signals_call(fd, mask, bytes, flags);
}
