/*
 * A program's memory: its address space, its heap's end, and who uses it.
 *
 * Shared by tasks (CLONE_VM): by those of one process always, and by a vfork's child until it
 * execs.
 */
#pragma once
#include "lab2-memory/vm/space.h"
#include <linux/types.h>

/* Key: [I], [a] atomic, [lock]. Lock order: lock, then space->lock. */
struct memory {
	uint32_t references;    /* [a] */
	struct vm_space *space; /* [I] */
	struct mutex lock;      /* of the heap's end */
	bool hides;             /* [a] mprotect took all rights from pages that are mapped */
	uint64_t brk_start,
		brk;        /* [lock]; before the program runs exec sets both, to a page's start */
	uint64_t stack_top; /* [I] after exec: the first byte behind it */
	uint64_t argument_start, argument_end, environment_start,
		environment_end; /* [I] after exec */
};

/* memory_init: once. */
void memory_init(void);

/* memory_create: an empty one; memory_clone: a copy-on-write copy. NULL without memory. May sleep.
 */
struct memory *memory_create(void);
struct memory *memory_clone(struct memory *memory);

/* memory_get: one reference more. memory_put: one less; the last one frees it, once no processor
 * has its page tables loaded any more. put may sleep; interrupts are on. */
void memory_get(struct memory *memory);
void memory_put(struct memory *memory);

/* memory_is_its_own: whether no other process uses it now. Never sleeps. */
static inline bool memory_is_its_own(const struct memory *memory)
{
	return __atomic_load_n(&memory->references, __ATOMIC_ACQUIRE) == 1;
}

/* memory_room: whether the calling process may map so many bytes more (RLIMIT_AS).
 * memory_regions_room: whether so many regions more are within Linux's limit. Never sleep; what
 * other threads do at the same time does not count. */
bool memory_room(const struct memory *memory, uint64_t bytes);
bool memory_regions_room(const struct memory *memory, unsigned regions);

/*
 * memory_visible: how many of the bytes at an address of the calling process's come before a page
 * from which mprotect has taken all rights. Such a page stays mapped, for the kernel only: no fault
 * would stop the kernel from copying what the program itself may not have. All of them if there is
 * no such page, or no current process. May sleep. Takes the space's lock, if the process has ever
 * hidden a page.
 */
size_t memory_visible(uint64_t address, size_t bytes);

/*
 * memory_fault: an access of the current process's memory faulted: PROT_READ, PROT_WRITE or
 * PROT_EXEC. As vm_fault; a stack grows. VM_NO_REGION if there is no current process. May sleep.
 */
enum vm_result memory_fault(uint64_t address, int access);

/* memory_faults_init: let page faults come here. Once, when traps work. */
void memory_faults_init(void);
