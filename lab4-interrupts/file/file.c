/* Open files: see file.h. */
#include "lab4-interrupts/file/file.h"
#include "lab1-boot/debug/panic.h"
#include "lab2-memory/slab/slab.h"
#include "lab4-interrupts/file/place.h"

#include <asm/stat.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/fs.h>

static struct slab_cache cache;
struct mutex file_watching = MUTEX_INIT(file_watching, "files watched");

void file_init(void)
{
	slab_cache_init(&cache, "files", sizeof(struct file), 8);
}

struct file *file_create(const struct file_ops *ops, unsigned flags, void *data)
{
	struct file *file = slab_alloc(&cache, PAGE_ZERO);

	if (!file)
		return NULL;
	*file = (struct file){ .ops = ops, .references = 1, .flags = flags, .data = data };
	mutex_init(&file->lock, "file");
	list_init(&file->watches);
	return file;
}

void file_watch(struct file *file, struct file_watch *watch)
{
	assert(mutex_held(&file_watching));
	list_push_back(&file->watches, &watch->link);
}

void file_unwatch(struct file_watch *watch)
{
	assert(mutex_held(&file_watching));
	/* As list_remove does; but what tell_watchers looks at without the lock comes last, for
	 * then the file may go. */
	watch->link.next->prev = watch->link.prev;
	__atomic_store_n(&watch->link.prev->next, watch->link.next, __ATOMIC_RELEASE);
}

/* The last reference is gone, so the list can only become shorter. */
static void tell_watchers(struct file *file)
{
	if (__atomic_load_n(&file->watches.next, __ATOMIC_ACQUIRE) == &file->watches)
		return;
	mutex_lock(&file_watching);
	while (!list_empty(&file->watches)) {
		struct file_watch *watch = list_entry(file->watches.next, struct file_watch, link);

		file_unwatch(watch);
		watch->gone(watch);
	}
	mutex_unlock(&file_watching);
}

void file_get(struct file *file)
{
	uint32_t before = __atomic_fetch_add(&file->references, 1, __ATOMIC_RELAXED);

	assert(before > 0);
}

void file_put(struct file *file)
{
	/* What others did with it comes before its end. */
	uint32_t before = __atomic_fetch_sub(&file->references, 1, __ATOMIC_ACQ_REL);

	assert(before > 0);
	if (before > 1)
		return;
	assert(may_sleep());
	tell_watchers(file);
	if (file->ops->release)
		file->ops->release(file);
	if (file->place)
		place_put(file->place);
	slab_free(&cache, file);
}

typedef int64_t transfer(struct file *file, struct buffer *buffer, int64_t *position);

/* Read or write at the given position, at the file's own, or where there are none. */
static int64_t at_position(
	struct file *file, struct buffer *buffer, int64_t *position, transfer *move)
{
	int64_t result;

	if (!move)
		return -EINVAL;
	if (!file->ops->seek)
		return position ? -ESPIPE : move(file, buffer, NULL);
	if (position)
		return move(file, buffer, position);
	mutex_lock(&file->lock);
	result = move(file, buffer, &file->position);
	mutex_unlock(&file->lock);
	return result;
}

int64_t file_read(struct file *file, struct buffer *to, int64_t *position)
{
	unsigned flags = __atomic_load_n(&file->flags, __ATOMIC_RELAXED);

	if ((flags & O_ACCMODE) == O_WRONLY || (flags & O_PATH))
		return -EBADF;
	if (file->ops->list)
		return -EISDIR;
	return at_position(file, to, position, file->ops->read);
}

int64_t file_write(struct file *file, struct buffer *from, int64_t *position)
{
	unsigned flags = __atomic_load_n(&file->flags, __ATOMIC_RELAXED);

	if ((flags & O_ACCMODE) == O_RDONLY || (flags & O_PATH))
		return -EBADF;
	return at_position(file, from, position, file->ops->write);
}

/* Where a seek leads to. */
static int64_t seek_to(const struct file *file, int64_t offset, int whence, int64_t end)
{
	int64_t base = 0;

	switch (whence) {
	case SEEK_SET:
		break;
	case SEEK_CUR:
		base = file->position;
		break;
	case SEEK_END:
		base = end;
		break;
	case SEEK_DATA: /* all is data, and behind it is a hole */
	case SEEK_HOLE:
		if (offset < 0 || offset >= end)
			return -ENXIO;
		return whence == SEEK_DATA ? offset : end;
	default:
		return -EINVAL;
	}
	return __builtin_add_overflow(base, offset, &offset) ? -EOVERFLOW : offset;
}

int64_t file_seek_in(struct file *file, int64_t offset, int whence, int64_t end)
{
	int64_t to = seek_to(file, offset, whence, end);

	assert(mutex_held(&file->lock));
	if (to < 0)
		return to == -ENXIO || to == -EOVERFLOW ? to : -EINVAL;
	file->position = to;
	return to;
}

int file_stat(struct file *file, struct stat *stat)
{
	*stat = (struct stat){ .st_nlink = 1, .st_blksize = PAGE_SIZE };
	if (file->place)
		return place_stat(file->place, stat);
	return file->ops->stat ? file->ops->stat(file, stat) : 0;
}
