/*
 * Address spaces: what a program may use, and what is there already.
 *
 * A space is a set of regions: ranges of addresses with rights, and a word on
 * where their pages come from. vm_map only writes down a region. The page comes
 * when somebody touches it: vm_fault looks the region up and maps one. So the
 * page tables are a cache of the regions, and may at any time hold less than
 * those allow, never more. No large page reaches over a region's end.
 *
 *   anonymous private   zero at first; a read maps the shared page of zeros, a
 *                       write a page of its own
 *   object, private     pages of an object (a file), copied when written to
 *   object, shared      the object's own pages; anonymous shared memory is an
 *                       object, too (object.h)
 *
 * vm_clone makes a second space with the same content without copying it: both
 * map the same pages, read-only, and whoever writes first copies (copy-on-write).
 * A page with one reference left is nobody else's, and is written in place.
 *
 * Protections and flags are Linux's PROT_* and MAP_* (<linux/mman.h>).
 * Read more: mmap(2); Rashid et al., "Machine-independent virtual memory
 * management", IEEE Transactions on Computers 37(8), 1988.
 */
#pragma once
#include "lab1-boot/lock/mutex.h"
#include "lab2-memory/lib/ranges.h"
#include "lab2-memory/pagetable/pagetable.h"
#include "lab2-memory/vm/object.h"
#include <linux/errno.h>
#include <linux/mman.h>
#include <stddef.h>
#include <stdint.h>

#define VM_LOW      0x10000ul              /* the lowest address that vm_map chooses or takes */
#define VM_HIGH     (USER_END - PAGE_SIZE) /* one page short: see SYSRET (lab 4) */
#define VM_MAP_TOP  0x00007f0000000000ul   /* where vm_map begins to look, at the highest */
#define VM_PROT_ALL (PROT_READ | PROT_WRITE | PROT_EXEC)
#define LARGE_PAGE  0x200000ul

/* Key: [space] the space's lock; [I] for ever. */
struct vm_region {
	struct range range;       /* [space] start and end, multiples of the page size */
	int protection;           /* [space] PROT_* */
	bool shared;              /* [I] MAP_SHARED: writes are seen by all who map it */
	struct vm_object *object; /* [I] one reference; NULL: anonymous and private */
	uint64_t offset;          /* [space] bytes into the object, of the region's start */
};

/* Key: [lock], [a] atomic, [own] has a lock of its own. */
struct vm_space {
	struct rwlock lock;         /* read: regions stand still; write: they change */
	struct mutex copying;       /* [own] inside lock: private pages are copied one at a time */
	struct ranges regions;      /* [lock] */
	struct pagetable pagetable; /* [own] */
	uint64_t top;      /* [I] once it is used: where vm_map begins to look, downwards */
	uint64_t mapped;   /* [lock] bytes in all regions */
	uint64_t resident; /* [a] frames of 4 KiB mapped, the page of zeros not counted */
	bool drained;      /* [lock] no fault brings a page any more */
};

/* vm_init: the caches and the page of zeros. Once. */
void vm_init(void);

/* vm_space_create: an empty space, in which vm_map looks from VM_MAP_TOP on; NULL if there is no
 * memory. May sleep. */
struct vm_space *vm_space_create(void);

/*
 * vm_space_destroy: unmap everything and free the space. No processor has its tables loaded and
 * nobody else uses it. May sleep.
 */
void vm_space_destroy(struct vm_space *space);

/*
 * vm_space_drain: every page is unmapped now, though the regions stay, and no fault brings one any
 * more (VM_NO_MEMORY): of a program that has to give back its memory before it can end by itself.
 * May sleep. Takes space->lock.
 */
void vm_space_drain(struct vm_space *space);

/*
 * vm_map: a new region of so many bytes (> 0, rounded up to pages) with these rights. Returns its
 * address, or
 *   -EINVAL  no bytes, a fixed address or an offset that is no multiple of the page size, an offset
 *            that wraps, unknown rights, or not exactly one of MAP_SHARED and MAP_PRIVATE
 *   -EPERM   with a fixed address: it lies below VM_LOW
 *   -ENOMEM  no room in the space (a fixed range ends above VM_HIGH), or no memory
 *   -EEXIST  with MAP_FIXED_NOREPLACE: something is there
 * With MAP_FIXED the region lies at address exactly, and what was mapped there is unmapped first;
 * otherwise address is a hint, rounded down: taken if there is room, else vm_find_gap finds a
 * place. Other flags mean nothing here. The region begins at that offset of the object, of which it
 * takes a reference (NULL: anonymous memory, for which the offset means nothing). One that
 * continues a neighbour in every respect is merged with it. An error leaves everything as it was.
 * May sleep. Takes space->lock.
 */
int64_t vm_map(struct vm_space *space, uint64_t address, size_t bytes, int protection, int flags,
	struct vm_object *object, uint64_t offset);

/*
 * vm_unmap: nothing is mapped there any more; a region that reaches over an end is split. Holes are
 * no error. 0; -EINVAL for an address that is no multiple of the page size, no bytes, or a range
 * that is not below VM_HIGH; -ENOMEM: then nothing has changed. May sleep. Takes space->lock.
 */
int vm_unmap(struct vm_space *space, uint64_t address, size_t bytes);

/*
 * vm_protect: other rights for everything in the range, at once and for what comes later. Regions
 * are split at its ends, and neighbours that have become alike are merged. 0; -EINVAL as vm_unmap,
 * or unknown rights; -ENOMEM if part of the range is not mapped or there is no memory: then nothing
 * has changed. May sleep. Takes space->lock.
 */
int vm_protect(struct vm_space *space, uint64_t address, size_t bytes, int protection);

/*
 * vm_find_gap: where so many bytes (a multiple of the page size) are free, aligned to align (a
 * power of two): the highest place below space->top, or if there is none the lowest above it. 0 if
 * there is none at all. Caller holds space->lock.
 */
uint64_t vm_find_gap(struct vm_space *space, size_t bytes, uint64_t align);

/* vm_region_at: the region that holds the address, or NULL. Caller holds space->lock. */
struct vm_region *vm_region_at(struct vm_space *space, uint64_t address);

/*
 * vm_clone: a space with the same regions and content. Private memory is shared copy-on-write,
 * shared memory is shared. NULL if there is no memory: the first space is then as it was. May
 * sleep. Takes space->lock.
 */
struct vm_space *vm_clone(struct vm_space *space);

/* What became of a page fault. */
enum vm_result {
	VM_RESOLVED,  /* the access will succeed now */
	VM_NO_REGION, /* SIGSEGV, SEGV_MAPERR: nothing is mapped there */
	VM_NO_RIGHT,  /* SIGSEGV, SEGV_ACCERR: the region does not allow this access */
	VM_BUS,       /* SIGBUS: the object has no such page, or could not read it */
	VM_NO_MEMORY, /* out of memory, after all shrinkers were asked; or the space is drained */
};

/*
 * vm_fault: make an access (PROT_READ, PROT_WRITE or PROT_EXEC, one of them) at an address
 * possible, or say why it is not. May sleep; no spin lock is held. Takes space->lock for reading.
 */
enum vm_result vm_fault(struct vm_space *space, uint64_t address, int access);

/* Below: for the files of this directory. */

/*
 * vm_region_new: a region of no bytes, in no space and without an object; NULL if there is no
 * memory. vm_region_free: drops its object's reference, and the region. Both may sleep.
 */
struct vm_region *vm_region_new(void);
void vm_region_free(struct vm_region *region);

/*
 * Put a region into the space and take it out, and change where it begins and ends: space->regions
 * and space->mapped are kept right; page tables and offsets are not touched. Caller holds
 * space->lock for writing.
 */
void vm_region_insert(struct vm_space *space, struct vm_region *region);
void vm_region_remove(struct vm_space *space, struct vm_region *region);
void vm_region_move(struct vm_space *space, struct vm_region *region, uint64_t start, uint64_t end);

/* The first region that ends above the address, and a region's neighbours; NULL if there is none.
 */
struct vm_region *vm_region_from(struct vm_space *space, uint64_t address);
struct vm_region *vm_region_next(const struct vm_region *region);
struct vm_region *vm_region_prev(const struct vm_region *region);

/*
 * vm_region_split: two regions, [start, at) and [at, end), instead of one that holds at inside:
 * together they say what the one said. Returns the upper, or NULL if there is no memory. Caller
 * holds space->lock for writing.
 */
struct vm_region *vm_region_split(struct vm_space *space, struct vm_region *region, uint64_t at);

/*
 * vm_region_merge: make one region of the two that meet at this address, if there are two and they
 * are alike: the same rights, both shared or not, the same object, and where there is one the upper
 * goes on in it where the lower ends. Caller holds space->lock for writing.
 */
void vm_region_merge(struct vm_space *space, uint64_t at);

/*
 * vm_region_cut: let regions begin or end at start and at end, where one reaches over them, and
 * large pages, too (vm_pages_split). 0, or -ENOMEM: then the regions are as they were. Caller holds
 * space->lock for writing.
 */
int vm_region_cut(struct vm_space *space, uint64_t start, uint64_t end);

/*
 * vm_region_clear: no region and no page is left in [start, end). 0, or -ENOMEM: then nothing has
 * changed. Caller holds space->lock for writing.
 */
int vm_region_clear(struct vm_space *space, uint64_t start, uint64_t end);

/* vm_pages_split: let no large page reach over the address. 0, or -ENOMEM. May sleep. */
int vm_pages_split(struct vm_space *space, uint64_t at);

/*
 * vm_pages_unmap: unmap all pages in [start, end), over whose ends none reaches, and count them out
 * of space->resident. Caller holds space->lock for writing.
 */
void vm_pages_unmap(struct vm_space *space, uint64_t start, uint64_t end);

/* vm_pages_protect: give what is mapped of a region those rights: of PTE_WRITE, PTE_USER, PTE_NX.
 */
void vm_pages_protect(struct vm_space *space, const struct vm_region *region, uint64_t rights);

/* vm_region_init: the cache of regions. Once. */
void vm_region_init(void);

/* vm_pages_map: pagetable_map, with PTE_COUNTED, and count them into space->resident. */
int vm_pages_map(struct vm_space *space, uint64_t address, struct page *page, uint64_t bytes,
	uint64_t rights);

/* vm_pte_rights: what page tables may allow of a region at most: of PTE_USER, PTE_WRITE, PTE_NX. */
uint64_t vm_pte_rights(const struct vm_region *region);

/*
 * vm_page_new: a page of the space's own, order 0 or 9, content undefined without PAGE_ZERO; NULL
 * if there is no memory. flags as for page_alloc.
 */
struct page *vm_page_new(unsigned order, unsigned flags);

/*
 * vm_large_absent: nothing is mapped at the address, which is going to be written: map a zeroed
 * page of 2 MiB, if all of it lies in the region and there is memory for it. 0 if that is done;
 * -ENOMEM if it is to be a small page. vm_large_copy: the 2 MiB page mapped there is shared and is
 * going to be written: map a copy, or without memory for that split the mapping into small ones.
 * -EAGAIN: look again; or -ENOMEM. Caller holds space->lock for reading.
 */
int vm_large_absent(struct vm_space *space, const struct vm_region *region, uint64_t address);
int vm_large_copy(struct vm_space *space, const struct vm_region *region, uint64_t address,
	const struct mapping *mapping);

/*
 * vm_clone_pages: let the clone have the pages of a region, which both have: private ones mapped in
 * both, and in neither for writing. 0 or -ENOMEM. Caller holds the lock of the first for writing.
 */
int vm_clone_pages(struct vm_space *space, struct vm_space *clone, const struct vm_region *region);

/* The owner of pages that belong to spaces, and to no object. */
extern const struct page_owner vm_anonymous;

/* The page of zeros, mapped read-only wherever nobody has written yet. NULL until vm_init. */
extern struct page *vm_zero_page;
