/*
 * kmalloc: memory of any size, from caches with rising sizes and, above the
 * largest of them, whole blocks of pages.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* kmalloc_init: make the caches. Once, before the first call of kmalloc. */
void kmalloc_init(void);

/*
 * kmalloc: so many bytes, aligned to 16; content undefined without PAGE_ZERO. NULL if there is no
 * memory, for 0 bytes, and for more than the largest block (4 MiB). flags as for page_alloc: may
 * sleep without PAGE_NOWAIT.
 */
void *kmalloc(size_t bytes, unsigned flags);

/* kfree: give it back; NULL is passed over. Never sleeps. Debug builds check as slab_free does. */
void kfree(void *memory);

/*
 * krealloc: the same content, up to the smaller of both sizes, in so many bytes; the old memory is
 * gone. NULL if there is no memory: the old one is then untouched and still the caller's. Of NULL
 * it is kmalloc; 0 bytes is kfree, and returns NULL. PAGE_ZERO clears what
 * is new, if the memory has had PAGE_ZERO from its beginning.
 */
void *krealloc(void *memory, size_t bytes, unsigned flags);

/* kmalloc_size: how many bytes of it may be used: what was asked for (debug builds), or more. */
size_t kmalloc_size(const void *memory);
