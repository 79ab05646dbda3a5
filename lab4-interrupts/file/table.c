/*
 * Descriptors: see table.h.
 *
 * A table begins with room for a few, in itself, and doubles. Who looks a number up holds the
 * spin lock for a few instructions only; all that may sleep (memory, a file's last reference)
 * happens outside of it, so what was true before is looked at again.
 */
#include "lab4-interrupts/file/table.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/slab/kmalloc.h"
#include "lab2-memory/slab/slab.h"
#include "lab4-interrupts/process/process.h"
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/sched.h>

#define TABLE_LIMIT 1024 /* of the kernel's own threads; programs have RLIMIT_NOFILE */
#define TABLE_FIRST 32   /* descriptors that fit into the table itself */

/* A file's address and, in its lowest bit, FD_CLOEXEC. */
typedef uintptr_t descriptor;
#define CLOSE_EXEC 1ul

/* Key: [a], [lock]. */
struct file_table {
	uint32_t references; /* [a] */
	struct spinlock lock;
	int size;                      /* [lock] of open */
	int lowest;                    /* [lock] no number below it is free */
	descriptor *open;              /* [lock] 0: the number is free */
	descriptor first[TABLE_FIRST]; /* [lock] */
};

static struct slab_cache cache;

void table_init(void)
{
	slab_cache_init(&cache, "file tables", sizeof(struct file_table), 8);
}

static struct file *file_of(descriptor open)
{
	return (struct file *)(open & ~CLOSE_EXEC);
}

struct file_table *table_create(void)
{
	struct file_table *table = slab_alloc(&cache, PAGE_ZERO);

	if (!table)
		return NULL;
	table->references = 1;
	table->size = TABLE_FIRST;
	table->open = table->first;
	spin_init(&table->lock, "file table");
	return table;
}

/* Let a table have room for more than so many. 0 or -ENOMEM. */
static int grow(struct file_table *table, int than)
{
	int size = TABLE_FIRST;
	descriptor *open, *old;

	while (size <= than)
		size *= 2;
	open = kmalloc((size_t)size * sizeof(*open), PAGE_ZERO);
	if (!open)
		return -ENOMEM;
	spin_lock(&table->lock);
	old = open;
	if (size > table->size) {
		memcpy(open, table->open, (size_t)table->size * sizeof(*open));
		old = table->open;
		table->open = open;
		table->size = size;
	}
	spin_unlock(&table->lock);
	if (old != table->first)
		kfree(old);
	return 0;
}

/* All files of one table into another that has room. Caller holds from's lock. */
static void copy_all(struct file_table *table, struct file_table *from)
{
	table->lowest = from->lowest;
	for (int i = 0; i < from->size; i++) {
		if (!from->open[i])
			continue;
		table->open[i] = from->open[i];
		file_get(file_of(from->open[i]));
	}
}

struct file_table *table_clone(struct file_table *from)
{
	struct file_table *table = table_create();

	if (!table)
		return NULL;
	spin_lock(&from->lock);
	while (from->size > table->size) {
		int size = from->size;

		spin_unlock(&from->lock);
		if (grow(table, size - 1) < 0) {
			table_put(table);
			return NULL;
		}
		spin_lock(&from->lock);
	}
	copy_all(table, from);
	spin_unlock(&from->lock);
	return table;
}

void table_get(struct file_table *table)
{
	uint32_t before = __atomic_fetch_add(&table->references, 1, __ATOMIC_RELAXED);

	assert(before > 0);
}

void table_put(struct file_table *table)
{
	uint32_t before = __atomic_fetch_sub(&table->references, 1, __ATOMIC_ACQ_REL);

	assert(before > 0);
	if (before > 1)
		return;
	table_close_range(table, 0, TABLE_MAX);
	if (table->open != table->first)
		kfree(table->open);
	slab_free(&cache, table);
}

/* --- looking up -------------------------------------------------------------------- */

/* What stands at a number; 0 if nothing does. Caller holds the lock. */
static descriptor at(const struct file_table *table, int fd)
{
	return fd >= 0 && fd < table->size ? table->open[fd] : 0;
}

/* A reference to it. The table stands still. */
static struct file *look_up(const struct file_table *table, int fd)
{
	struct file *file = file_of(at(table, fd));

	if (file)
		file_get(file);
	return file;
}

struct file *table_file_of(struct file_table *table, int fd)
{
	struct file *file;

	spin_lock(&table->lock);
	file = look_up(table, fd);
	spin_unlock(&table->lock);
	return file;
}

/* Whether nobody but the calling task uses the table: then nobody changes it meanwhile. */
static bool only_ours(const struct process *process)
{
	return __atomic_load_n(&process->living, __ATOMIC_ACQUIRE) == 1 &&
	       __atomic_load_n(&process->files->references, __ATOMIC_ACQUIRE) == 1;
}

struct file *table_file(int fd)
{
	struct process *process = process_self();

	return only_ours(process) ? look_up(process->files, fd) : table_file_of(process->files, fd);
}

int table_file_with(int fd, const struct file_ops *ops, struct file **file)
{
	*file = table_file(fd);
	if (!*file)
		return -EBADF;
	if ((*file)->ops == ops)
		return 0;
	file_put(*file);
	return -EINVAL;
}

int table_marked(struct file_table *table, int fd)
{
	descriptor open;

	spin_lock(&table->lock);
	open = at(table, fd);
	spin_unlock(&table->lock);
	return open ? (int)(open & CLOSE_EXEC) : -EBADF;
}

/* --- changing ---------------------------------------------------------------------- */

int table_limit(void)
{
	uint64_t most = TABLE_LIMIT;

	if (task_self())
		most = __atomic_load_n(
			&process_self()->limit[RLIMIT_NOFILE].rlim_cur, __ATOMIC_RELAXED);

	return most < TABLE_MAX ? (int)most : TABLE_MAX;
}

/* The lowest free number from there on; it may lie behind the table. Caller holds the lock. */
static int free_from(const struct file_table *table, int from)
{
	int fd = from > table->lowest ? from : table->lowest;

	while (fd < table->size && table->open[fd])
		fd++;
	return fd;
}

/* Put a file, or nothing, at a number within the table; what was there. Caller holds the lock. */
static descriptor set(struct file_table *table, int fd, struct file *file, bool close_exec)
{
	descriptor before = table->open[fd];

	table->open[fd] = (descriptor)file | (close_exec ? CLOSE_EXEC : 0);
	if (!file && fd < table->lowest)
		table->lowest = fd;
	else if (file && fd == table->lowest)
		table->lowest++;
	return before;
}

int table_install(struct file_table *table, struct file *file, int from, bool close_exec)
{
	int most = table_limit();

	for (;;) {
		spin_lock(&table->lock);
		int fd = free_from(table, from);

		if (fd < most && fd < table->size) {
			set(table, fd, file, close_exec);
			spin_unlock(&table->lock);
			return fd;
		}
		spin_unlock(&table->lock);
		if (fd >= most)
			return -EMFILE;
		if (grow(table, fd) < 0)
			return -ENOMEM;
	}
}

int table_install_new(const struct file_ops *ops, unsigned flags, void *data, bool close_exec)
{
	struct file *file = file_create(ops, flags, data);
	int fd;

	if (!file) {
		ops->release(&(struct file){ .ops = ops, .data = data });
		return -ENOMEM;
	}
	fd = table_install(process_self()->files, file, 0, close_exec);
	if (fd < 0)
		file_put(file);
	return fd;
}

int table_replace(struct file_table *table, int fd, struct file *file, bool close_exec)
{
	descriptor before;

	if (fd < 0 || fd >= table_limit())
		return -EBADF;
	spin_lock(&table->lock);
	while (fd >= table->size) {
		spin_unlock(&table->lock);
		if (grow(table, fd) < 0)
			return -ENOMEM;
		spin_lock(&table->lock);
	}
	before = set(table, fd, file, close_exec);
	spin_unlock(&table->lock);
	if (before)
		file_put(file_of(before));
	return 0;
}

/* Close a number if it means that file, or any (NULL). 0 or -EBADF. */
static int close_one(struct file_table *table, int fd, const struct file *file)
{
	descriptor before;

	spin_lock(&table->lock);
	before = at(table, fd);
	if (file && file_of(before) != file)
		before = 0;
	if (before)
		set(table, fd, NULL, false);
	spin_unlock(&table->lock);
	if (!before)
		return -EBADF;
	file_put(file_of(before));
	return 0;
}

int table_close(struct file_table *table, int fd)
{
	return close_one(table, fd, NULL);
}

int table_close_if(struct file_table *table, int fd, const struct file *file)
{
	return close_one(table, fd, file);
}

int table_mark(struct file_table *table, int fd, bool close_exec)
{
	descriptor open;

	spin_lock(&table->lock);
	open = at(table, fd);
	if (open)
		set(table, fd, file_of(open), close_exec);
	spin_unlock(&table->lock);
	return open ? 0 : -EBADF;
}

/* The next open number from there to last, or -1; only one that is marked, if that is asked. */
static int64_t next_open(struct file_table *table, int64_t fd, unsigned last, bool marked)
{
	int64_t found = -1;

	spin_lock(&table->lock);
	for (; found < 0 && fd < table->size && fd <= last; fd++)
		if (table->open[fd] && (!marked || (table->open[fd] & CLOSE_EXEC)))
			found = fd;
	spin_unlock(&table->lock);
	return found;
}

void table_close_range(struct file_table *table, unsigned first, unsigned last)
{
	for (int64_t fd = first; (fd = next_open(table, fd, last, false)) >= 0; fd++)
		table_close(table, (int)fd);
}

void table_mark_range(struct file_table *table, unsigned first, unsigned last)
{
	for (int64_t fd = first; (fd = next_open(table, fd, last, false)) >= 0; fd++)
		table_mark(table, (int)fd, true);
}

void table_close_exec(struct file_table *table)
{
	for (int64_t fd = 0; (fd = next_open(table, fd, TABLE_MAX, true)) >= 0; fd++)
		table_close(table, (int)fd);
}

/* --- of a process ------------------------------------------------------------------ */

int table_unshare(void)
{
	struct process *process = process_self();
	struct file_table *shared = process->files, *own;

	if (__atomic_load_n(&shared->references, __ATOMIC_ACQUIRE) == 1)
		return 0;
	if (__atomic_load_n(&process->living, __ATOMIC_ACQUIRE) > 1)
		return -EINVAL; /* others of its tasks may be at work on the shared one */
	own = table_clone(shared);
	if (!own)
		return -ENOMEM;
	process->files = own;
	table_put(shared);
	return 0;
}

int table_console(struct file_table *table)
{
	struct file *console = NULL;
	int result = file_open(NULL, "/dev/console", O_RDWR, 0, &console);

	for (int fd = 0; !result && fd < 3; fd++) {
		file_get(console);
		result = table_replace(table, fd, console, false);
		if (result < 0)
			file_put(console);
	}
	if (console)
		file_put(console);
	return result;
}

static int table_task_clone(struct task *task, struct task *from, uint64_t flags)
{
	struct file_table *files = from ? from->process->files : NULL;

	if (flags & CLONE_THREAD)
		return 0;
	if (!from)
		files = table_create();
	else if (flags & CLONE_FILES)
		table_get(files);
	else
		files = table_clone(files);
	task->process->files = files;
	return files ? 0 : -ENOMEM;
}

/* The program that begins has its descriptors to itself. Without memory for that its relatives
 * lose those that end here. */
static void table_task_exec(struct task *task)
{
	table_unshare();
	table_close_exec(task->process->files);
}

static void table_task_exit(struct task *task, bool last)
{
	struct file_table *files = task->process->files;

	if (!last || !files)
		return;
	task->process->files = NULL;
	table_put(files);
}
TASK_PART(2, files, table_task_clone, table_task_exec, table_task_exit);
