/*
 * Doubly linked lists whose links stand inside the things they link.
 * A list is a ring through its own head; an empty one points to itself.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next, *prev;
};

/* An empty list, where it is defined: struct list dead = LIST_INIT(dead); */
#define LIST_INIT(head)                                                                            \
	{                                                                                          \
		&(head), &(head)                                                                   \
	}

/* The structure of that type in which this link is the given member. */
#define list_entry(link, type, member) ((type *)((char *)(link)-offsetof(type, member)))

/* Every link of a list; the body may not remove the one it is at. */
#define list_each(link, head)                                                                      \
	for (struct list *link = (head)->next; link != (head); link = link->next)

static inline void list_init(struct list *head)
{
	head->next = head->prev = head;
}

static inline bool list_empty(const struct list *head)
{
	return head->next == head;
}

/* list_insert_after: put link, which is in no list, behind where (a link, or the list's head). */
static inline void list_insert_after(struct list *where, struct list *link)
{
	link->prev = where;
	link->next = where->next;
	where->next->prev = link;
	where->next = link;
}

static inline void list_push_back(struct list *head, struct list *link)
{
	list_insert_after(head->prev, link);
}

/* list_remove: take a link out of its list; the link itself still points there. */
static inline void list_remove(struct list *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
}
