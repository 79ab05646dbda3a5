/*
 * Pipes: see pipe.h, pipe(7).
 *
 *           read from `tail`        written up to `head`
 *              v                       v
 *      +-------+-----------------------+------+
 *      |       |  bytes that are there |      |      a ring of 16 pages
 *      +-------+-----------------------+------+
 *
 * Both only rise; their difference is what is there. A page is had from when it is first written
 * into until it has been read to its end, and a pipe that runs empty begins anew: so one that is
 * never full uses a single page, again and again.
 *
 * A write of at most PIPE_BUF bytes goes in in one piece, or waits. Bytes are copied under the
 * mutex, since the copy may fault and sleep; who waits lets go of it, and looks again.
 */
#include "lab4-interrupts/file/pipe.h"
#include "lab1-boot/debug/panic.h"
#include "lab2-memory/slab/slab.h"
#include "lab3-threads/lock/waitqueue.h"
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/file/poll.h"
#include "lab4-interrupts/process/process.h"
#include "lab4-interrupts/signal/signal.h"
#include <asm/ioctls.h>
#include <asm/stat.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#define PIPE_BUF   4096 /* bytes that are never torn: pipe(7) */
#define PIPE_PAGES (PIPE_BYTES / PAGE_SIZE)

/* Key: [I] once it is made, [lock], [a] atomic. */
struct pipe {
	struct mutex lock;
	struct page *page[PIPE_PAGES]; /* [lock] NULL where there is nothing */
	uint64_t head, tail;           /* [lock] in bytes since it was last empty */
	unsigned readers, writers;     /* [lock] ends that are open: 0 or 1 */
	unsigned ends;                 /* [a] that still use this structure */
	uint64_t number;               /* [I] what stat calls the inode */
	struct waitqueue readable, writable;
};

static struct slab_cache cache;
static const struct page_owner pipe_owner = { "pipe" };

void pipe_init(void)
{
	slab_cache_init(&cache, "pipes", sizeof(struct pipe), 8);
}

/* --- the ring. Callers hold pipe->lock --------------------------------------------- */

static size_t filled(const struct pipe *pipe)
{
	return pipe->head - pipe->tail;
}

static size_t room(const struct pipe *pipe)
{
	return PIPE_BYTES - filled(pipe);
}

static struct page **page_at(struct pipe *pipe, uint64_t position)
{
	return &pipe->page[position / PAGE_SIZE % PIPE_PAGES];
}

/* The page has been read to its end, or was not written at all. */
static void drop_page(struct page **page)
{
	if (*page)
		page_put(*page);
	*page = NULL;
}

/* Whether tail has just left a page, and head has not come round into it again. */
static bool read_to_end(const struct pipe *pipe)
{
	return pipe->tail % PAGE_SIZE == 0 && room(pipe) >= PAGE_SIZE;
}

/* Bytes from a position up to the end of its page, but no more than so many. */
static size_t in_page(uint64_t position, size_t most)
{
	size_t bytes = PAGE_SIZE - position % PAGE_SIZE;

	return bytes < most ? bytes : most;
}

/* Put as many bytes in as the buffer has and there is room for: how many; -EFAULT or -ENOMEM if
 * none. As on Linux, a bad address takes back what lies before it in the same page. */
static int64_t fill(struct pipe *pipe, struct buffer *from)
{
	size_t most = from->left < room(pipe) ? from->left : room(pipe), all = 0;

	while (all < most) {
		struct page **page = page_at(pipe, pipe->head);
		size_t want = in_page(pipe->head, most - all), taken;

		if (!*page)
			*page = page_alloc(0, 0);
		if (!*page)
			return all ? (int64_t)all : -ENOMEM;
		(*page)->owner = &pipe_owner;
		taken = buffer_take(
			from, (char *)page_address(*page) + pipe->head % PAGE_SIZE, want);
		if (taken < want)
			return all ? (int64_t)all : -EFAULT;
		pipe->head += taken;
		all += taken;
	}
	return (int64_t)all;
}

/* Take as many bytes out as there are and the buffer has room for: how many, or -EFAULT if none. */
static int64_t drain(struct pipe *pipe, struct buffer *to)
{
	size_t most = to->left < filled(pipe) ? to->left : filled(pipe), all = 0;

	while (all < most) {
		struct page **page = page_at(pipe, pipe->tail);
		size_t want = in_page(pipe->tail, most - all), put;

		put = buffer_put(to, (char *)page_address(*page) + pipe->tail % PAGE_SIZE, want);
		if (put < want)
			break;
		pipe->tail += put;
		all += put;
		if (read_to_end(pipe))
			drop_page(page);
	}
	if (filled(pipe) == 0 && pipe->tail % PAGE_SIZE != 0)
		pipe->head = pipe->tail -= pipe->tail % PAGE_SIZE;
	return all || !most ? (int64_t)all : -EFAULT;
}

/* Whether somebody waits in a queue. Caller holds pipe->lock: who waits has joined under it, or
 * before it looked, so nobody is overlooked who has not seen what the caller has changed. */
static bool awaited(const struct waitqueue *queue)
{
	return __atomic_load_n(&queue->waiters.next, __ATOMIC_RELAXED) != &queue->waiters;
}

/* --- waiting ----------------------------------------------------------------------- */

/* Let go of the pipe until somebody wakes the queue: 0, -EAGAIN if the file may not wait,
 * -ERESTARTSYS. Caller holds the lock, and has it again afterwards. */
static int pause_pipe(struct pipe *pipe, struct file *file, struct waitqueue *queue)
{
	struct waiter waiter;
	int result;

	if (__atomic_load_n(&file->flags, __ATOMIC_RELAXED) & O_NONBLOCK)
		return -EAGAIN;
	waitqueue_prepare(queue, &waiter, WAIT_INTERRUPTIBLE);
	mutex_unlock(&pipe->lock);
	result = waitqueue_wait(queue, &waiter);
	mutex_lock(&pipe->lock);
	return result < 0 ? -ERESTARTSYS : 0;
}

static int64_t pipe_read(struct file *file, struct buffer *to, int64_t *position)
{
	struct pipe *pipe = file->data;
	int64_t result = 0;
	bool wake;

	(void)position;
	if (!to->left)
		return 0;
	mutex_lock(&pipe->lock);
	while (filled(pipe) == 0 && pipe->writers && result == 0)
		result = pause_pipe(pipe, file, &pipe->readable);
	if (result == 0)
		result = drain(pipe, to);
	wake = result > 0 && awaited(&pipe->writable);
	mutex_unlock(&pipe->lock);
	if (wake)
		waitqueue_wake_all(&pipe->writable);
	return result;
}

/* Nobody will read it: the writer is told, even if it has written a part. */
static void broken_pipe(void)
{
	siginfo_t info = { .si_signo = SIGPIPE, .si_code = SI_USER };

	if (!task_self())
		return;
	info.si_pid = process_self()->id;
	signal_send_task(task_self(), SIGPIPE, &info);
}

/* One step of a write: bytes that went in, 0 if there was no room for them. */
static int64_t write_some(struct pipe *pipe, struct buffer *from, bool whole)
{
	int64_t result;

	if (!pipe->readers)
		return -EPIPE;
	if (room(pipe) < (whole ? from->left : 1))
		return 0;
	result = fill(pipe, from);
	if (result > 0 && awaited(&pipe->readable))
		waitqueue_wake_all(&pipe->readable);
	return result;
}

static int64_t pipe_write(struct file *file, struct buffer *from, int64_t *position)
{
	struct pipe *pipe = file->data;
	bool whole = from->left <= PIPE_BUF;
	int64_t all = 0, result = 0;

	(void)position;
	if (!from->left)
		return 0;
	mutex_lock(&pipe->lock);
	while (from->left && result >= 0) {
		result = write_some(pipe, from, whole);
		if (result > 0)
			all += result;
		else if (result == 0)
			result = pause_pipe(pipe, file, &pipe->writable);
	}
	mutex_unlock(&pipe->lock);
	if (result == -EPIPE)
		broken_pipe();
	return all ? all : result;
}

/* --- the rest ---------------------------------------------------------------------- */

static unsigned pipe_poll_read(struct file *file, struct poll_table *table)
{
	struct pipe *pipe = file->data;
	unsigned events;

	poll_wait(table, &pipe->readable);
	mutex_lock(&pipe->lock);
	events = (filled(pipe) ? POLLIN | POLLRDNORM : 0) | (pipe->writers ? 0 : POLLHUP);
	mutex_unlock(&pipe->lock);
	return events;
}

static unsigned pipe_poll_write(struct file *file, struct poll_table *table)
{
	struct pipe *pipe = file->data;
	unsigned events;

	poll_wait(table, &pipe->writable);
	mutex_lock(&pipe->lock);
	events =
		(room(pipe) >= PIPE_BUF ? POLLOUT | POLLWRNORM : 0) | (pipe->readers ? 0 : POLLERR);
	mutex_unlock(&pipe->lock);
	return events;
}

static int64_t pipe_ioctl(struct file *file, unsigned request, uint64_t argument)
{
	struct pipe *pipe = file->data;
	int bytes;

	if (request != FIONREAD)
		return -ENOTTY;
	mutex_lock(&pipe->lock);
	bytes = (int)filled(pipe);
	mutex_unlock(&pipe->lock);
	return copy_to_user(argument, &bytes, sizeof(bytes));
}

static int pipe_stat(struct file *file, struct stat *stat)
{
	const struct pipe *pipe = file->data;

	stat->st_mode = S_IFIFO | 0600;
	stat->st_ino = pipe->number;
	return 0;
}

static void destroy(struct pipe *pipe)
{
	for (unsigned i = 0; i < PIPE_PAGES; i++)
		drop_page(&pipe->page[i]);
	slab_free(&cache, pipe);
}

/* One end is closed: whoever waits at the other has to know. */
static void close_end(struct pipe *pipe, unsigned *end)
{
	mutex_lock(&pipe->lock);
	*end = 0;
	mutex_unlock(&pipe->lock);
	waitqueue_wake_all(&pipe->readable);
	waitqueue_wake_all(&pipe->writable);
	if (__atomic_sub_fetch(&pipe->ends, 1, __ATOMIC_ACQ_REL) == 0)
		destroy(pipe);
}

static void release_reader(struct file *file)
{
	struct pipe *pipe = file->data;

	close_end(pipe, &pipe->readers);
}

static void release_writer(struct file *file)
{
	struct pipe *pipe = file->data;

	close_end(pipe, &pipe->writers);
}

static const struct file_ops reader_ops = { .name = "pipe",
	.read = pipe_read,
	.poll = pipe_poll_read,
	.ioctl = pipe_ioctl,
	.stat = pipe_stat,
	.release = release_reader };
static const struct file_ops writer_ops = { .name = "pipe",
	.write = pipe_write,
	.poll = pipe_poll_write,
	.ioctl = pipe_ioctl,
	.stat = pipe_stat,
	.release = release_writer };

int64_t pipe_capacity(struct file *file)
{
	return file->ops == &reader_ops || file->ops == &writer_ops ? PIPE_BYTES : -EBADF;
}

int64_t pipe_set_capacity(struct file *file, uint64_t bytes)
{
	int64_t capacity = pipe_capacity(file);

	return capacity < 0 || bytes <= PIPE_BYTES ? capacity : -EPERM;
}

/* --- making one -------------------------------------------------------------------- */

int pipe_create(unsigned flags, struct file **reads, struct file **writes)
{
	static uint64_t pipes;
	struct pipe *pipe = slab_alloc(&cache, PAGE_ZERO);

	if (!pipe)
		return -ENOMEM;
	mutex_init(&pipe->lock, "pipe");
	waitqueue_init(&pipe->readable, "pipe readers");
	waitqueue_init(&pipe->writable, "pipe writers");
	pipe->number = __atomic_add_fetch(&pipes, 1, __ATOMIC_RELAXED);
	*reads = file_create(&reader_ops, flags | O_RDONLY, pipe);
	*writes = *reads ? file_create(&writer_ops, flags | O_WRONLY, pipe) : NULL;
	pipe->readers = !!*reads;
	pipe->writers = !!*writes;
	pipe->ends = pipe->readers + pipe->writers;
	if (*writes)
		return 0;
	if (*reads)
		file_put(*reads);
	else
		destroy(pipe);
	return -ENOMEM;
}
