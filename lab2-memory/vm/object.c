/* References to objects: see object.h. */
#include "lab2-memory/vm/object.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/lock/spinlock.h"

void vm_object_init(struct vm_object *object, const struct vm_object_ops *ops)
{
	object->ops = ops;
	object->count = 1;
}

void vm_object_get(struct vm_object *object)
{
	uint32_t before = __atomic_fetch_add(&object->count, 1, __ATOMIC_RELAXED);

	assert(before > 0);
}

void vm_object_put(struct vm_object *object)
{
	/* What others did with the object, before they let it go, comes before its end. */
	uint32_t before = __atomic_fetch_sub(&object->count, 1, __ATOMIC_ACQ_REL);

	assert(before > 0 && may_sleep());
	if (before == 1)
		object->ops->destroy(object);
}
