/* Copying between the kernel and a program's memory: see usercopy.h. The instructions are
 * usercopy.S's; here addresses are checked first, and faults find their way. */
#include "lab4-interrupts/call/usercopy.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/cpu/trap.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/ktest/todo.h"
#include "lab1-boot/lib/rows.h"
#include "lab1-boot/lock/spinlock.h"
#include "lab2-memory/pagetable/pagetable.h"
#include "lab4-interrupts/memory/memory.h"
#include <linux/errno.h>

/* An instruction that may fault, and where to go on then. */
struct usercopy {
	uint64_t at, go;
};
ROWS_DECLARE(usercopy, struct usercopy);
ROWS_DEFINE(usercopy);

bool usercopy_smap; /* [I] whether there are STAC and CLAC */

/* usercopy.S */
size_t usercopy_copy(void *to, const void *from, size_t bytes);
size_t usercopy_clear(void *to, size_t bytes);
size_t usercopy_string(char *to, const char *from, size_t bytes, int *fault);
int usercopy_exchange(uint32_t *at, uint32_t *expected, uint32_t value);
size_t usercopy_todo(void *to, const void *from, size_t bytes);

void usercopy_init(void)
{
	usercopy_smap = read_cr4() & CR4_SMAP;
}

size_t usercopy_todo(void *to, const void *from, size_t bytes)
{
	(void)to, (void)from;
	todo_report("4.4", "usercopy_copy", "lab4-interrupts/call/usercopy.S", 0);
	return bytes;
}

/* How many of the bytes lie in the users' half, and are not hidden: nothing is added that could
 * wrap. */
static size_t reachable(uint64_t address, size_t bytes)
{
	size_t most = address < USER_END ? USER_END - address : 0;

	assert(may_sleep());
	return memory_visible(address, bytes < most ? bytes : most);
}

size_t copied_from_user(void *to, uint64_t from, size_t bytes)
{
	size_t most = reachable(from, bytes);

	return most - usercopy_copy(to, (const void *)from, most);
}

size_t copied_to_user(uint64_t to, const void *from, size_t bytes)
{
	size_t most = reachable(to, bytes);

	return most - usercopy_copy((void *)to, from, most);
}

int copy_from_user(void *to, uint64_t from, size_t bytes)
{
	return copied_from_user(to, from, bytes) == bytes ? 0 : -EFAULT;
}

int copy_to_user(uint64_t to, const void *from, size_t bytes)
{
	return copied_to_user(to, from, bytes) == bytes ? 0 : -EFAULT;
}

int clear_user(uint64_t to, size_t bytes)
{
	size_t most = reachable(to, bytes);

	return most == bytes && usercopy_clear((void *)to, most) == 0 ? 0 : -EFAULT;
}

int64_t string_from_user(char *to, uint64_t from, size_t bytes)
{
	size_t most = reachable(from, bytes);
	int fault = 0;
	size_t left = usercopy_string(to, (const char *)from, most, &fault);

	if (fault)
		return -EFAULT;
	if (left > 0)
		return (int64_t)(most - left);
	return most < bytes ? -EFAULT : -ENAMETOOLONG;
}

int user_exchange(uint64_t address, uint32_t *expected, uint32_t value)
{
	static const int result[] = { 0, -EAGAIN, -EFAULT };

	if (address % sizeof(value) != 0 || reachable(address, sizeof(value)) < sizeof(value))
		return -EFAULT;
	return result[usercopy_exchange((uint32_t *)address, expected, value)];
}

/* --- faults -------------------------------------------------------------------------- */

static const struct usercopy *find(uint64_t rip)
{
	ROWS_EACH (usercopy, row)
		if (row->at == rip)
			return row;
	return NULL;
}

bool usercopy_running(const struct trap_frame *frame)
{
	return find(frame->rip);
}

bool usercopy_fault(struct trap_frame *frame)
{
	const struct usercopy *row = find(frame->rip);

	if (row)
		frame->rip = row->go;
	return row;
}
