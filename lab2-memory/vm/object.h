/*
 * Objects: where a region's pages come from if they are not anonymous and private.
 * Files are objects from lab 5 on; shared anonymous memory is one here.
 */
#pragma once
#include "lab2-memory/page/page.h"
#include <stdint.h>

struct vm_object;

struct vm_object_ops {
	/*
	 * get_page: the page at that index (of pages of 4 KiB), with a reference for the caller.
	 * write: it is going to be written to through a shared mapping. 0; -ENOMEM; another error,
	 * which becomes a SIGBUS: -ENXIO behind the end, -EIO; but not -EAGAIN or -EEXIST, which
	 * mean something else to vm_fault. May sleep; no spin lock is held.
	 */
	int (*get_page)(struct vm_object *object, uint64_t index, bool write, struct page **page);

	/* destroy: the last reference is gone. May sleep. */
	void (*destroy)(struct vm_object *object);
};

/* Embedded in what it is part of. Key: [I] after vm_object_init, [a] atomic. */
struct vm_object {
	const struct vm_object_ops *ops; /* [I] */
	uint32_t count;                  /* [a] references */
};

/* vm_object_init: one reference, the caller's. */
void vm_object_init(struct vm_object *object, const struct vm_object_ops *ops);

/* vm_object_get: one more reference; caller has one. vm_object_put: one less. put may sleep. */
void vm_object_get(struct vm_object *object);
void vm_object_put(struct vm_object *object);

/*
 * vm_shared_create: memory for those who share it: pages below bytes, zero at first and made when
 * they are first asked for. NULL if there is no memory. May sleep.
 */
struct vm_object *vm_shared_create(uint64_t bytes);

/* vm_shared_init: once, before the first vm_shared_create. */
void vm_shared_init(void);
