/* Directory entries: see entries.h, getdents64(2). */
#include "lab4-interrupts/file/entries.h"
#include "lab1-boot/lib/string.h"

/* What comes before the name: Linux's struct linux_dirent64, of which no UAPI header tells. */
struct head {
	uint64_t inode;
	int64_t next;
	uint16_t bytes; /* of the whole entry, a multiple of 8 */
	uint8_t type;
} __attribute__((packed));
_Static_assert(sizeof(struct head) == 19, "struct linux_dirent64");

#define TYPE_SHIFT 12 /* the DT_* are the S_IF*, moved */

bool entries_add(struct entries *entries, uint64_t inode, unsigned mode, const char *name,
	size_t length, int64_t next)
{
	size_t bytes = (sizeof(struct head) + length + 1 + 7) & ~(size_t)7;
	struct head head = { inode, next, (uint16_t)bytes, (uint8_t)(mode >> TYPE_SHIFT & 15) };
	char *to = entries->to + entries->used;

	if (bytes > entries->bytes - entries->used)
		return false;
	memset(to, 0, bytes);
	memcpy(to, &head, sizeof(head));
	memcpy(to + sizeof(head), name, length);
	entries->used += bytes;
	return true;
}
