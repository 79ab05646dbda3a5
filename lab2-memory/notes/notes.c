/*
 * Notes: see notes.h.
 *
 * Exercise 2.8: it works, and it leaks: in three ways, each of another kind. Find
 * them with the monitor ("note", "leak", "slabs", "pages") and mend them. What
 * nobody has any more is given back: pages by page_put, the rest by kfree.
 */
#include "lab2-memory/notes/notes.h"
#include "lab1-boot/lib/list.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/page/page.h"
#include "lab2-memory/slab/kmalloc.h"
#include <linux/errno.h>

struct note {
	struct list link;
	char *name;
	struct page *page; /* the text; a reference for each note that has it */
	size_t length;     /* of the text, without its end */
};

static struct list notes = LIST_INIT(notes);

static struct note *note_find(const char *name)
{
	list_each (link, &notes) {
		struct note *note = list_entry(link, struct note, link);

		if (!strcmp(note->name, name))
			return note;
	}
	return NULL;
}

static int name_copy(const char *name, char **copy)
{
	size_t length = strlen(name);

	if (length == 0 || length > NOTE_NAME)
		return -EINVAL;
	*copy = kmalloc(length + 1, 0);
	if (!*copy)
		return -ENOMEM;
	memcpy(*copy, name, length + 1);
	return 0;
}

// BEGIN SOLUTION 2.8
// STARTER 2.8
// /* A note without a text, the last in the list. */
// static int note_make(const char *name, struct note **made)
// {
// 	struct note *note = kmalloc(sizeof(*note), PAGE_ZERO);
// 	int error;
//
// 	if (!note)
// 		return -ENOMEM;
// 	error = name_copy(name, &note->name);
// 	if (error)
// 		return error;
// 	list_push_back(&notes, &note->link);
// 	*made = note;
// 	return 0;
// }
//
// int note_set(const char *name, const char *text)
// {
// 	struct note *note = note_find(name);
// 	size_t length = strlen(text);
// 	struct page *page;
// 	int error;
//
// 	if (length > NOTE_TEXT)
// 		return -E2BIG;
// 	page = page_alloc(0, 0);
// 	if (!page)
// 		return -ENOMEM;
// 	error = note ? 0 : note_make(name, &note);
// 	if (error) {
// 		page_put(page);
// 		return error;
// 	}
// 	memcpy(page_address(page), text, length + 1);
// 	note->page = page;
// 	note->length = length;
// 	return 0;
// }
//
// /* Give the note a page that no other note has, with the same text. */
// static int note_unshare(struct note *note)
// {
// 	struct page *page;
//
// 	if (page_count(note->page) == 1)
// 		return 0;
// 	page = page_alloc(0, 0);
// 	if (!page)
// 		return -ENOMEM;
// 	memcpy(page_address(page), page_address(note->page), note->length + 1);
// 	note->page = page;
// 	return 0;
// }
//
// int note_append(const char *name, const char *text)
// {
// 	struct note *note = note_find(name);
// 	size_t more = strlen(text);
// 	int error;
//
// 	if (!note)
// 		return -ENOENT;
// 	if (note->length + more > NOTE_TEXT)
// 		return -E2BIG;
// 	error = note_unshare(note);
// 	if (error)
// 		return error;
// 	memmove((char *)page_address(note->page) + note->length, text, more + 1);
// 	note->length += more;
// 	return 0;
// }
//
// int note_copy(const char *from, const char *to)
// {
// 	struct note *source = note_find(from), *note = note_find(to);
// 	int error;
//
// 	if (!source)
// 		return -ENOENT;
// 	error = note ? 0 : note_make(to, &note);
// 	if (error)
// 		return error;
// 	page_get(source->page);
// 	if (note->page)
// 		page_put(note->page);
// 	note->page = source->page;
// 	note->length = source->length;
// 	return 0;
// }
//
// int note_remove(const char *name)
// {
// 	struct note *note = note_find(name);
//
// 	if (!note)
// 		return -ENOENT;
// 	list_remove(&note->link);
// 	page_put(note->page);
// 	kfree(note->name);
// 	kfree(note);
// 	return 0;
// }
/* A note without a text, the last in the list. */
static int note_make(const char *name, struct note **made)
{
	struct note *note = kmalloc(sizeof(*note), PAGE_ZERO);
	int error;

	if (!note)
		return -ENOMEM;
	error = name_copy(name, &note->name);
	if (error) {
		kfree(note);
		return error;
	}
	list_push_back(&notes, &note->link);
	*made = note;
	return 0;
}

int note_set(const char *name, const char *text)
{
	struct note *note = note_find(name);
	size_t length = strlen(text);
	struct page *page;
	int error;

	if (length > NOTE_TEXT)
		return -E2BIG;
	page = page_alloc(0, 0);
	if (!page)
		return -ENOMEM;
	error = note ? 0 : note_make(name, &note);
	if (error) {
		page_put(page);
		return error;
	}
	memcpy(page_address(page), text, length + 1);
	if (note->page)
		page_put(note->page);
	note->page = page;
	note->length = length;
	return 0;
}

/* Give the note a page that no other note has, with the same text. */
static int note_unshare(struct note *note)
{
	struct page *page;

	if (page_count(note->page) == 1)
		return 0;
	page = page_alloc(0, 0);
	if (!page)
		return -ENOMEM;
	memcpy(page_address(page), page_address(note->page), note->length + 1);
	page_put(note->page);
	note->page = page;
	return 0;
}

int note_append(const char *name, const char *text)
{
	struct note *note = note_find(name);
	size_t more = strlen(text);
	int error;

	if (!note)
		return -ENOENT;
	if (note->length + more > NOTE_TEXT)
		return -E2BIG;
	error = note_unshare(note);
	if (error)
		return error;
	memmove((char *)page_address(note->page) + note->length, text, more + 1);
	note->length += more;
	return 0;
}

int note_copy(const char *from, const char *to)
{
	struct note *source = note_find(from), *note = note_find(to);
	int error;

	if (!source)
		return -ENOENT;
	error = note ? 0 : note_make(to, &note);
	if (error)
		return error;
	page_get(source->page);
	if (note->page)
		page_put(note->page);
	note->page = source->page;
	note->length = source->length;
	return 0;
}

int note_remove(const char *name)
{
	struct note *note = note_find(name);

	if (!note)
		return -ENOENT;
	list_remove(&note->link);
	page_put(note->page);
	kfree(note->name);
	kfree(note);
	return 0;
}
// END SOLUTION 2.8

void notes_clear(void)
{
	while (!list_empty(&notes))
		note_remove(list_entry(notes.next, struct note, link)->name);
}

const char *note_text(const char *name)
{
	struct note *note = note_find(name);

	return note ? page_address(note->page) : NULL;
}

void notes_each(bool (*visit)(const char *name, const char *text))
{
	list_each (link, &notes) {
		struct note *note = list_entry(link, struct note, link);

		if (!visit(note->name, page_address(note->page)))
			break;
	}
}
