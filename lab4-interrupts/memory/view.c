/* Read-only views of objects: see view.h. */
#include "lab4-interrupts/memory/view.h"
#include "lab2-memory/slab/slab.h"
#include <linux/errno.h>

struct view {
	struct vm_object object;
	struct vm_object *inner; /* [I] one reference */
};

static struct slab_cache cache;

static struct view *view_of(struct vm_object *object)
{
	return (struct view *)((char *)object - offsetof(struct view, object));
}

static int get_page(struct vm_object *object, uint64_t index, bool write, struct page **page)
{
	struct vm_object *inner = view_of(object)->inner;

	return write ? -EACCES : inner->ops->get_page(inner, index, false, page);
}

static void destroy(struct vm_object *object)
{
	struct view *view = view_of(object);

	vm_object_put(view->inner);
	slab_free(&cache, view);
}

static const struct vm_object_ops ops = { get_page, destroy };

void view_init(void)
{
	slab_cache_init(&cache, "view", sizeof(struct view), 8);
}

int view_read_only(struct vm_object **object)
{
	struct view *view = slab_alloc(&cache, 0);

	if (!view) {
		vm_object_put(*object);
		return -ENOMEM;
	}
	vm_object_init(&view->object, &ops);
	view->inner = *object;
	*object = &view->object;
	return 0;
}

bool object_is_view(const struct vm_object *object)
{
	return object->ops == &ops;
}
