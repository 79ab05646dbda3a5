/*
 * Read-only views: a file that was opened for reading only may be mapped shared, and then must
 * never be made writable by mprotect. What is mapped instead of its object is a view of it: the
 * same pages, but not for writing.
 */
#pragma once
#include "lab2-memory/vm/object.h"
#include <stdbool.h>

/* view_init: once. */
void view_init(void);

/* view_read_only: put a view in the place of the object, whose reference goes over to it. 0, or
 * -ENOMEM: the reference is given up then. May sleep. */
int view_read_only(struct vm_object **object);

/* object_is_view: whether it must not be mapped for writing. */
bool object_is_view(const struct vm_object *object);
