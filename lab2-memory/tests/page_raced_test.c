/* Pages whose references several processors put at once. Floor: given code. */
#include "lab2-memory/page/page.h"
#include "lab2-memory/tests/meanwhile.h"

static struct page *page;

static void put_ours(void)
{
	page_put(page);
}

/* The last reference goes, and somebody else has a block of which the page is a part. */
static void put_and_take(void)
{
	page_put(page);
	page_drain();
	page = page_alloc(PAGE_ORDER_MAX, PAGE_NOWAIT);
	KT_REQUIRE(page);
}

/* Two references, of which another processor puts the last as soon as we have put one. */
static void raced(unsigned order, void (*other)(void))
{
	uint64_t used = page_used_count();

	page = page_alloc(order, 0);
	KT_REQUIRE(page);
	page_get(page);
	meanwhile(&page->count, other);
	page_put(page);
	KT_REQUIRE(meanwhile_ran());
	if (other == put_and_take)
		page_free(page);
	KT_EQ(page_used_count(), used);
}

KTEST(page_put_raced, "",
	"who puts a reference that is not the last does not look at the page again",
	.needs = "2.1 2.2")
{
	for (unsigned order = 0; order <= 3; order++) {
		raced(order, put_ours);
		raced(order, put_and_take);
	}
}
