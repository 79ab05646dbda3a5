/* Memory of any size. test_slab.py has random sizes; these are the edges. */
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/page/inject.h"
#include "lab2-memory/slab/kmalloc.h"
#include "lab2-memory/slab/slab.h"

#define MOST (PAGE_SIZE << PAGE_ORDER_MAX)

KTEST(kmalloc_of_nothing, "", "nothing, and more than can be, is NULL; and NULL can be freed",
	.needs = "2.1 2.2 2.5")
{
	KT_EQ(kmalloc(0, 0), NULL);
	KT_EQ(kmalloc(MOST + 1, 0), NULL);
	KT_EQ(kmalloc(SIZE_MAX, 0), NULL);
	KT_EQ(kmalloc(SIZE_MAX - PAGE_SIZE, PAGE_ZERO), NULL);
	kfree(NULL);
}

KTEST(kmalloc_every_size, "", "every size is had, aligned, usable to its end, and given back",
	.needs = "2.1 2.2 2.5", .limit = 10)
{
	for (size_t bytes = 1; bytes <= MOST; bytes += bytes < 2100 ? 1 : bytes) {
		unsigned char *memory = kmalloc(bytes, 0);

		KT_REQUIRE(memory);
		KT_EQ((uint64_t)memory % 16, 0);
		KT_EQ(kmalloc_size(memory), bytes);
		memory[0] = memory[bytes - 1] = 0x5a;
		kfree(memory);
	}
	unsigned char *most = kmalloc(MOST, PAGE_ZERO);
	KT_REQUIRE(most);
	KT_EQ(most[0] | most[MOST - 1], 0);
	kfree(most);
}

KTEST(krealloc_as_the_others, "", "of NULL it is kmalloc, and to 0 bytes it is kfree",
	.needs = "2.1 2.2 2.5")
{
	uint64_t before = slab_used();
	unsigned char *memory = krealloc(NULL, 40, PAGE_ZERO);

	KT_REQUIRE(memory);
	KT_EQ(memory[39], 0);
	KT_EQ(slab_used(), before + 1);
	KT_EQ(krealloc(memory, 0, 0), NULL);
	KT_EQ(slab_used(), before);
	KT_EQ(krealloc(NULL, 0, 0), NULL);
}

KTEST(krealloc_in_place, "", "what fits its place stays there, and knows its new size",
	.needs = "2.1 2.2 2.5")
{
	static const size_t sizes[][2] = { { 40, 33 }, { 33, 48 }, { 5000, 8192 }, { 8192, 4097 } };

	for (size_t i = 0; i < 4; i++) {
		char *memory = kmalloc(sizes[i][0], 0);

		KT_REQUIRE(memory);
		KT_EQ(krealloc(memory, sizes[i][1], 0), memory);
		KT_EQ(kmalloc_size(memory), sizes[i][1]);
		memory[sizes[i][1] - 1] = 1;
		kfree(memory);
	}
}

KTEST(krealloc_without_memory, "", "without memory the old one stays, or is enough",
	.needs = "2.1 2.2 2.5")
{
	static const size_t sizes[] = { 100, 5000 };

	for (size_t i = 0; i < 2; i++) {
		char *memory = kmalloc(sizes[i], 0);

		KT_REQUIRE(memory);
		memset(memory, 0x5a, sizes[i]);
		inject_failure(1);
		KT_EQ(krealloc(memory, 3 * sizes[i], 0), NULL);
		KT_EQ(kmalloc_size(memory), sizes[i]);
		inject_failure(1);
		KT_EQ(krealloc(memory, 20, 0), memory);
		KT_TRUE(!inject_pending());
		KT_EQ(kmalloc_size(memory), 20);
		for (size_t j = 0; j < 20; j++)
			KT_EQ(memory[j], 0x5a);
		kfree(memory);
	}
}

KTEST(krealloc_zeroes, "", "PAGE_ZERO clears what is new, and no more", .needs = "2.1 2.2 2.5")
{
	static const size_t sizes[] = { 20, 30, 25, 32, 3000, 200, 6000, 8000, 10, 9000 };
	unsigned char *memory = NULL;
	size_t old = 0;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		memory = krealloc(memory, sizes[i], PAGE_ZERO);
		KT_REQUIRE(memory);
		for (size_t j = 0; j < sizes[i]; j++)
			KT_EQ(memory[j], j < old ? 0x5a : 0);
		memset(memory, 0x5a, sizes[i]);
		old = sizes[i];
	}
	kfree(memory);
}

KTEST(kmalloc_nowait, "", "with PAGE_NOWAIT every size can be had while a spin lock is held",
	.needs = "2.1 2.2 2.5")
{
	struct spinlock lock;

	spin_init(&lock, "test");
	spin_lock(&lock);
	for (size_t bytes = 1; bytes < 100000; bytes *= 3) {
		void *memory = kmalloc(bytes, PAGE_NOWAIT);

		KT_REQUIRE(memory);
		memory = krealloc(memory, 2 * bytes, PAGE_NOWAIT);
		KT_REQUIRE(memory);
		kfree(memory);
	}
	spin_unlock(&lock);
}
