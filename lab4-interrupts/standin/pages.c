/*
 * Pages of the initrd's files, for mmap and exec.
 *
 * In the archive a file begins anywhere, so a page of it is a copy, made when somebody first
 * asks for it. All who map the file share it, and it is kept until memory is needed.
 */
#include "lab1-boot/ktest/leaks.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/page/shrinker.h"
#include "lab4-interrupts/standin/tree.h"
#include <linux/errno.h>

static const struct page_owner file_owner = { "initrd file" };

static struct node *node_of(struct vm_object *object)
{
	return list_entry(object, struct node, object);
}

/* A copy of one page of a file, zeros behind its end. NULL without memory. */
static struct page *copy_page(const struct node *node, uint64_t index)
{
	uint64_t begin = index * PAGE_SIZE, left = node->bytes - begin;
	size_t bytes = left < PAGE_SIZE ? left : PAGE_SIZE;
	struct page *page = page_alloc(0, 0);
	char *to;

	if (!page)
		return NULL;
	page->owner = &file_owner;
	to = page_address(page);
	memcpy(to, node->data + begin, bytes);
	memset(to + bytes, 0, PAGE_SIZE - bytes);
	return page;
}

/* The page, from those that are kept or made and kept. Caller holds node->lock. */
static struct page *page_at(struct node *node, uint64_t index)
{
	struct page *page = radix_get(&node->pages, index);

	if (page)
		return page;
	page = copy_page(node, index);
	if (page && radix_set(&node->pages, index, page) < 0) {
		page_put(page);
		return NULL;
	}
	return page;
}

static int node_get_page(struct vm_object *object, uint64_t index, bool write, struct page **page)
{
	struct node *node = node_of(object);

	(void)write; /* nobody has a shared mapping that can be written */
	if (index >= node->bytes / PAGE_SIZE + !!(node->bytes % PAGE_SIZE))
		return -ENXIO;
	mutex_lock(&node->lock);
	*page = page_at(node, index);
	if (*page)
		page_get(*page);
	mutex_unlock(&node->lock);
	return *page ? 0 : -ENOMEM;
}

/* Nodes stay: the tree has a reference for ever. */
static void node_destroy(struct vm_object *object)
{
	(void)object;
}

static const struct vm_object_ops node_object = { node_get_page, node_destroy };

void pages_init(struct node *node)
{
	vm_object_init(&node->object, &node_object);
	mutex_init(&node->lock, "initrd file");
}

/* Give back the pages of a file that nobody maps. Caller holds node->lock. */
static uint64_t forget(struct node *node)
{
	uint64_t given = 0;
	struct page *page;

	for (uint64_t index = 0; (page = radix_next(&node->pages, &index)); index++) {
		if (page_count(page) > 1)
			continue;
		radix_clear(&node->pages, index);
		page_put(page);
		given++;
	}
	return given;
}

static uint64_t initrd_shrink(uint64_t pages)
{
	uint64_t given = 0;

	for (struct list *link = tree_nodes.next; link != &tree_nodes && given < pages;
		link = link->next) {
		struct node *node = list_entry(link, struct node, link);

		if (!mutex_trylock(&node->lock))
			continue;
		given += forget(node);
		mutex_unlock(&node->lock);
	}
	return given;
}
SHRINKER("4", initrd_shrink);

static void initrd_drain(void)
{
	initrd_shrink(UINT64_MAX);
}
DRAIN(4, initrd_drain);
