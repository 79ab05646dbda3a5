/* The monitor's command for pages. */
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/monitor/monitor.h"
#include "lab2-memory/page/buddy.h"
#include "lab2-memory/page/front.h"

static void print_order(unsigned order)
{
	uint64_t flags = spin_lock_irqsave(&buddy.lock);
	uint64_t blocks = buddy.blocks[order];
	bool empty = list_empty(&buddy.free[order]);
	struct page *first = list_entry(buddy.free[order].next, struct page, link);

	spin_unlock_irqrestore(&buddy.lock, flags);
	kprintf("  %5u %7lu KiB %9lu", order, (PAGE_SIZE << order) >> 10, blocks);
	if (!empty)
		kprintf("   first at %lx", page_phys(first));
	kprintf("\n");
}

COMMAND(pages, "", "the buddy allocator's free lists")
{
	kprintf("%lu pages of 4 KiB: %lu used, %lu free, of which %lu wait in processors' fronts\n",
		page_total(), page_used_count(), page_free_count(), front_count());
	kprintf("  order        size    blocks\n");
	for (unsigned order = 0; order < PAGE_ORDERS; order++)
		print_order(order);
}
