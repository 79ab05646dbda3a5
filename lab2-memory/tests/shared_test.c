/* Anonymous shared memory as an object: its pages, its end, and running out. */
#include "lab1-boot/ktest/ktest.h"
#include "lab2-memory/page/inject.h"
#include "lab2-memory/vm/object.h"
#include <linux/errno.h>

/* The page at an index, which is there; the caller's reference is put. */
static struct page *peek(struct vm_object *object, uint64_t index)
{
	struct page *page = NULL;

	KT_REQUIRE(object->ops->get_page(object, index, kt_random() % 2, &page) == 0 && page);
	KT_EQ(page_count(page), 2);
	page_put(page);
	return page;
}

KTEST(shared_pages, "", "each page of shared memory is zero at first, and the same for all who ask",
	.needs = "2.1 2.2 2.5")
{
	struct vm_object *object = vm_shared_create(100 * PAGE_SIZE + 1);
	uint64_t before = page_used_count();

	KT_REQUIRE(object);
	for (uint64_t i = 0; i <= 100; i += 4) {
		uint64_t *word = page_address(peek(object, i));

		for (size_t j = 0; j < PAGE_SIZE / 8; j++)
			KT_REQUIRE(word[j] == 0);
		word[i] = i;
	}
	KT_TRUE(page_used_count() - before >= 26); /* and some for the index */
	for (uint64_t i = 0; i <= 100; i += 4)
		KT_EQ(((uint64_t *)page_address(peek(object, i)))[i], i);
	vm_object_put(object);
}

KTEST(shared_end, "", "behind its end shared memory has no page", .needs = "2.1 2.2 2.5")
{
	struct vm_object *object = vm_shared_create(PAGE_SIZE + 1);
	struct vm_object *endless = vm_shared_create(UINT64_MAX);
	struct page *page;

	KT_REQUIRE(object && endless);
	peek(object, 1);
	KT_EQ(object->ops->get_page(object, 2, false, &page), -ENXIO);
	KT_EQ(object->ops->get_page(object, UINT64_MAX, true, &page), -ENXIO);
	peek(endless, UINT64_MAX / PAGE_SIZE);
	KT_EQ(endless->ops->get_page(endless, UINT64_MAX / PAGE_SIZE + 1, false, &page), -ENXIO);
	vm_object_put(endless);
	vm_object_put(object);
}

KTEST(shared_references, "", "an object lives as long as its last reference, and its pages longer",
	.needs = "2.1 2.2 2.5")
{
	struct vm_object *object = vm_shared_create(PAGE_SIZE);
	struct page *page;

	KT_REQUIRE(object);
	vm_object_get(object);
	vm_object_put(object);
	KT_EQ(object->ops->get_page(object, 0, true, &page), 0);
	vm_object_put(object);
	KT_EQ(page_count(page), 1);
	page_put(page);
}

KTEST(shared_no_memory, "", "whichever allocation fails, shared memory says so and goes on",
	.needs = "2.1 2.2 2.5")
{
	struct vm_object *object;
	struct page *page = NULL;
	uint64_t failing;

	inject_failure(1);
	KT_TRUE(!vm_shared_create(PAGE_SIZE));
	object = vm_shared_create(1ul << 30);
	KT_REQUIRE(object);
	for (failing = 1;; failing++) {
		int error;

		inject_failure(failing);
		error = object->ops->get_page(object, 70000, true, &page);
		inject_failure(0);
		if (!error)
			break;
		KT_EQ(error, -ENOMEM);
	}
	KT_TRUE(failing > 3); /* the page and three nodes */
	page_put(page);
	vm_object_put(object);
}
