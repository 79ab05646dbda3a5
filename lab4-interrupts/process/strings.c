/* Arguments and environment: see strings.h. */
#include "lab4-interrupts/process/strings.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/slab/kmalloc.h"
#include "lab4-interrupts/call/usercopy.h"
#include <linux/errno.h>

#define FIRST_ROOM 2048

void strings_init(struct strings *strings, size_t most)
{
	*strings = (struct strings){ .most = most };
}

void strings_free(struct strings *strings)
{
	kfree(strings->bytes);
	strings->bytes = NULL;
}

/* Room for so many bytes more. */
static int reserve(struct strings *strings, size_t bytes)
{
	size_t room = strings->room ? strings->room : FIRST_ROOM;
	char *larger;

	while (room - strings->used < bytes)
		room *= 2;
	if (room == strings->room)
		return 0;
	larger = krealloc(strings->bytes, room, 0);
	if (!larger)
		return -ENOMEM;
	strings->bytes = larger;
	strings->room = room;
	return 0;
}

/* Whether there may be so many with so many bytes: each needs a pointer, too. */
static int check(const struct strings *strings)
{
	size_t pointers = (strings->arguments + strings->environment + 2ul) * sizeof(uint64_t);

	return strings->used + pointers > strings->most ? -E2BIG : 0;
}

/* One more at the end, from the program. */
static int read_one(struct strings *strings, uint64_t from)
{
	int64_t length;
	size_t room;
	int error;

	for (size_t want = 64;; want *= 2) { /* mostly there is room for more */
		error = reserve(strings, want);
		if (error)
			return error;
		room = strings->room - strings->used;
		length = string_from_user(strings->bytes + strings->used, from,
			room < STRING_MOST ? room : STRING_MOST);
		if (length != -ENAMETOOLONG)
			break;
		if (room >= STRING_MOST || strings->used + room > strings->most)
			return -E2BIG;
		want = room;
	}
	if (length >= 0)
		strings->used += (size_t)length + 1;
	return length < 0 ? (int)length : 0;
}

/* All of a vector that ends with a null pointer. */
static int read_all(struct strings *strings, uint64_t vector, unsigned *count)
{
	uint64_t from;
	int error = 0;

	for (; vector && !error; vector += sizeof(from)) {
		if (copy_from_user(&from, vector, sizeof(from)))
			return -EFAULT;
		if (!from)
			break;
		error = read_one(strings, from);
		++*count;
		if (!error)
			error = check(strings);
	}
	return error;
}

static int copy_one(struct strings *strings, const char *text)
{
	size_t bytes = strlen(text) + 1;
	int error = reserve(strings, bytes);

	if (error)
		return error;
	memcpy(strings->bytes + strings->used, text, bytes);
	strings->used += bytes;
	return 0;
}

/* A program relies on its having a name (CVE-2021-4034). */
static int add_name(struct strings *strings)
{
	if (strings->arguments)
		return 0;
	strings->arguments = 1;
	return copy_one(strings, "");
}

int strings_read(struct strings *strings, uint64_t argv, uint64_t envp)
{
	int error = read_all(strings, argv, &strings->arguments);

	if (!error)
		error = add_name(strings);
	return error ? error : read_all(strings, envp, &strings->environment);
}

int strings_copy(
	struct strings *strings, const char *const *arguments, const char *const *environment)
{
	int error = 0;

	for (; *arguments && !error; arguments++, strings->arguments++)
		error = copy_one(strings, *arguments);
	for (; *environment && !error; environment++, strings->environment++)
		error = copy_one(strings, *environment);
	return error;
}

int strings_script(
	struct strings *strings, const char *interpreter, const char *argument, const char *path)
{
	const char *front[] = { interpreter, argument ? argument : path, argument ? path : NULL };
	size_t old = strlen(strings->bytes) + 1, new = 0;
	int error;

	for (unsigned i = 0; i < 3 && front[i]; i++)
		new += strlen(front[i]) + 1;
	error = reserve(strings, new);
	if (error)
		return error;
	memmove(strings->bytes + new, strings->bytes + old, strings->used - old);
	strings->used += new - old;
	new = 0;
	for (unsigned i = 0; i < 3 && front[i]; i++)
		new += strlcpy(strings->bytes + new, front[i], strlen(front[i]) + 1) + 1;
	strings->arguments += argument ? 2 : 1;
	return check(strings);
}
