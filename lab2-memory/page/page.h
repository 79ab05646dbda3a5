/*
 * Pages: a structure for every frame of physical memory, and who hands them out.
 *
 * page_alloc takes single pages from this processor's front (front.h) and
 * larger blocks from the buddy allocator (buddy.h). A block has a reference
 * count in its first frame; page_put of the last reference gives it back.
 *
 * Read more: Knowlton, "A fast storage allocator", CACM 8(10), 1965 (buddies);
 * Bonwick and Adams, "Magazines and Vmem", USENIX 2001 (fronts).
 */
#pragma once
#include "lab1-boot/boot/layout.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/lib/list.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SHIFT     12
#define PAGE_ORDER_MAX 10 /* the largest block: 2^10 pages, 4 MiB */
#define PAGE_ORDERS    (PAGE_ORDER_MAX + 1)

/*
 * Where a frame is in its life:
 *
 *   RESERVED                not ours: firmware, the kernel's image, a hole
 *   FREE -> USED -> FREE    heads a block, in the buddy's lists or somebody's
 *   FREE -> KEPT -> USED    a single page that waits in a processor's front
 *   TAIL                    inside a block, whose first frame tells the rest
 */
enum page_state { PAGE_RESERVED, PAGE_FREE, PAGE_KEPT, PAGE_USED, PAGE_TAIL };

/* Who a used block belongs to, for people; compare the address. */
struct page_owner {
	const char *name;
};

/* Key: [a] atomic, [buddy] while free the buddy's lock, then [owner] whoever has the block. */
struct page {
	uint32_t count; /* [a] references to the block; 0 while it is free */
	uint8_t order;  /* [buddy] [owner] of the block that it heads or is inside */
	/* [buddy] [owner] enum page_state. Buddies are looked at by whoever frees the other one:
	 * only FREE matters then, which is set and ended under the buddy's lock. So it is volatile.
	 */
	volatile uint8_t state;
	uint16_t flags;                 /* [owner] */
	struct list link;               /* [buddy] in the list of its order; then [owner] */
	const struct page_owner *owner; /* [owner] NULL if it never said */
	uint64_t word[3];               /* [owner] whatever it wants */
	uint64_t site;                  /* [owner] the address that page_alloc was called from */
};
_Static_assert(sizeof(struct page) == 64, "a frame's number is found by a shift");

/* One for each frame from 0 up to page_frames, those in holes included. [I] after page_init */
extern struct page *page_array;
extern uint64_t page_frames;

/* What page_alloc may do. */
#define PAGE_ZERO   1u /* the memory is all zero */
#define PAGE_NOWAIT 2u /* never sleep: for whoever holds a spin lock */

/*
 * page_init: make the structures, and free the usable frames that the boot tables reach (below 4
 * GiB). Once, after bootmem_init. Where there is no room for the structures no page is ever free.
 */
void page_init(void);

/* page_init_rest: free the other usable frames. Once, after kernel_map_init. They stay
 * out of use if the boot tables are still loaded, which do not reach them. */
void page_init_rest(void);

/*
 * page_alloc: a block of 2^order pages (order <= PAGE_ORDER_MAX) aligned to its size, with one
 * reference. NULL if there is none. Without PAGE_NOWAIT it may sleep: it runs the shrinkers
 * (shrinker.h) before it gives up, and no spin lock may be held. Takes the buddy's lock.
 */
struct page *page_alloc(unsigned order, unsigned flags);

/* page_free: page_put of what must be the only reference (asserted). */
void page_free(struct page *page);

/*
 * page_get: one more reference to the block that this page heads or is inside; caller has one.
 * page_put: one less; the last gives the block back. Never sleep. page_put takes the buddy's lock.
 */
void page_get(struct page *page);
void page_put(struct page *page);

/* page_count: how many references there are now. */
uint32_t page_count(const struct page *page);

/* page_head: the first page of the block that this used page is inside. */
struct page *page_head(struct page *page);

/*
 * page_break: make the block 2^order blocks of one page, each with one reference and the owner and
 * site of the whole; caller has the only reference (asserted).
 */
void page_break(struct page *page);

/* page_zero: fill so many bytes (a multiple of 64) with zeros, 8 at a time. */
void page_zero(void *memory, size_t bytes);

/* page_copy: copy so many bytes (a multiple of 64) between blocks that do not overlap. */
void page_copy(void *to, const void *from, size_t bytes);

/* page_drain: give the pages in all processors' fronts back to the buddy. Never sleeps. */
void page_drain(void);

/* page_reclaim: run the shrinkers for so many pages; true if one gave something back. May sleep. */
bool page_reclaim(uint64_t pages);

/* Statistics, in pages: all that were ever free; free now, the fronts' included; the difference. */
uint64_t page_total(void);
uint64_t page_free_count(void);
uint64_t page_used_count(void);

/* The frame's number, its address in physical memory and in the direct map, and back. */
static inline uint64_t page_frame(const struct page *page)
{
	return (uint64_t)(page - page_array);
}

static inline uint64_t page_phys(const struct page *page)
{
	return page_frame(page) << PAGE_SHIFT;
}

static inline void *page_address(const struct page *page)
{
	return phys_to_virt(page_phys(page));
}

/* page_of_phys: NULL for what is behind the last frame. */
static inline struct page *page_of_phys(uint64_t physical)
{
	return physical >> PAGE_SHIFT < page_frames ? page_array + (physical >> PAGE_SHIFT) : NULL;
}

/* page_of: the page at an address of the direct map; NULL for any other address. */
static inline struct page *page_of(const void *address)
{
	return page_of_phys((uint64_t)address - DIRECT_MAP);
}

/* page_order_for: the smallest order with room for so many bytes; PAGE_ORDERS if none has. */
static inline unsigned page_order_for(size_t bytes)
{
	unsigned order = 0;

	while (order < PAGE_ORDERS && PAGE_SIZE << order < bytes)
		order++;
	return order;
}
