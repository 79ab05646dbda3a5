/* Poison in free pages: see poison.h. */
#include "lab2-memory/page/poison.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/debug/symbols.h"

#ifdef DEBUG
#define POISON 0xfeedfeedfeedfeedul
#define WORDS  (PAGE_SIZE / sizeof(uint64_t))

void page_poison(struct page *page, unsigned order)
{
	for (struct page *each = page; each < page + (1ul << order); each++) {
		uint64_t *word = page_address(each);

		for (size_t i = 0; i < WORDS; i++)
			word[i] = POISON;
		each->flags = PAGE_POISONED;
		each->site = page->site;
	}
}

static void check(struct page *page)
{
	const uint64_t *word = page_address(page);

	for (size_t i = 0; i < WORDS; i++) {
		struct symbol freed;

		if (word[i] == POISON)
			continue;
		freed = symbol_of(page->site);
		panic("page use after free: 0x%lx was written at %p; the page was freed at "
		      "%s+0x%lx",
			word[i], (const void *)&word[i], freed.name, freed.offset);
	}
}

void page_check_poison(struct page *page, unsigned order)
{
	for (struct page *each = page; each < page + (1ul << order); each++) {
		if (each->flags & PAGE_POISONED)
			check(each);
		each->flags = 0;
	}
}
#endif
