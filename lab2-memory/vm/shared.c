/*
 * Anonymous shared memory: what mmap with MAP_SHARED | MAP_ANONYMOUS maps, and
 * later System V's segments. An object with a page for each index that somebody
 * has asked for; the pages live as long as the object, mapped or not.
 */
#include "lab1-boot/lock/mutex.h"
#include "lab2-memory/lib/radix.h"
#include "lab2-memory/slab/slab.h"
#include "lab2-memory/vm/object.h"
#include <linux/errno.h>

/* Key: [I] after vm_shared_create, [lock]. */
struct shared {
	struct vm_object object;
	uint64_t length; /* [I] in pages */
	struct mutex lock;
	struct radix pages; /* [lock] struct page, one reference each */
};

static struct slab_cache cache;
static const struct page_owner shared_owner = { "shared" };

static struct shared *shared_of(struct vm_object *object)
{
	return (struct shared *)((char *)object - offsetof(struct shared, object));
}

/* The page at an index, made if need be; NULL if there is no memory. Caller holds shared->lock. */
static struct page *page_at(struct shared *shared, uint64_t index)
{
	struct page *page = radix_get(&shared->pages, index);

	if (page)
		return page;
	page = page_alloc(0, PAGE_ZERO);
	if (!page)
		return NULL;
	page->owner = &shared_owner;
	if (radix_set(&shared->pages, index, page) < 0) {
		page_put(page);
		return NULL;
	}
	return page;
}

static int shared_get_page(struct vm_object *object, uint64_t index, bool write, struct page **page)
{
	struct shared *shared = shared_of(object);

	(void)write; /* there is nothing to be told: the page is its own backing */
	if (index >= shared->length)
		return -ENXIO;
	mutex_lock(&shared->lock);
	*page = page_at(shared, index);
	if (*page)
		page_get(*page);
	mutex_unlock(&shared->lock);
	return *page ? 0 : -ENOMEM;
}

static void shared_destroy(struct vm_object *object)
{
	struct shared *shared = shared_of(object);
	struct page *page;

	for (uint64_t index = 0; (page = radix_next(&shared->pages, &index)); index++) {
		radix_clear(&shared->pages, index);
		page_put(page);
	}
	slab_free(&cache, shared);
}

static const struct vm_object_ops shared_ops = { shared_get_page, shared_destroy };

void vm_shared_init(void)
{
	slab_cache_init(&cache, "shared memory", sizeof(struct shared), 8);
}

struct vm_object *vm_shared_create(uint64_t bytes)
{
	struct shared *shared = slab_alloc(&cache, PAGE_ZERO);

	if (!shared)
		return NULL;
	vm_object_init(&shared->object, &shared_ops);
	mutex_init(&shared->lock, "shared memory");
	shared->length = bytes / PAGE_SIZE + !!(bytes % PAGE_SIZE);
	return &shared->object;
}
