/*
 * Probes for test_page.py: the machine's own pages do what each line says, and, at last, stand
 * still to be looked at. Blocks are called by numbers that the host chooses; a line that names a
 * page without a reference, or nothing, is answered with "-".
 *
 *   a NAME ORDER    take a block             g NAME PAGE   one more reference
 *   b NAME          break it into pages      p NAME PAGE   one less, by that page of the block
 *   d               drain the fronts
 *
 * Replies: frame ("none" if there is none), references left, and how many pages are free, all in
 * hexadecimal digits.
 */
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/number.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/page/buddy.h"
#include "lab2-memory/page/page.h"

#define NAMES      4096
#define FRAMES_MAX 65536

/* What test_page.py knows of their layout. */
_Static_assert(offsetof(struct buddy, free) == 48 && offsetof(struct buddy, free_pages) == 312 &&
		       offsetof(struct page, link) == 8,
	"test_page.py reads these in memory");

struct block {
	struct page *page; /* NULL: no such name */
	bool broken;
};

static struct block named[NAMES];
static uint8_t references[FRAMES_MAX]; /* to blocks, by their first frame */

static char *digits(char *to, uint64_t value)
{
	int shift = 60;

	while (shift && !(value >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		*to++ = "0123456789abcdef"[value >> shift & 15];
	*to++ = ' ';
	*to = '\0';
	return to;
}

static void tell(const struct page *page, uint64_t left)
{
	char reply[64], *end = reply;

	if (page) {
		end = digits(end, page_frame(page));
	} else {
		strlcpy(reply, "none ", sizeof(reply));
		end += 5;
	}
	end = digits(digits(end, left), page_free_count());
	end[-1] = '\0';
	kt_reply(reply);
}

/* Up to two numbers behind the letter; what is not there is 0. */
static void read_numbers(const char *line, uint64_t number[2])
{
	number[0] = number[1] = 0;
	for (int i = 0; i < 2 && (line = strchr(line, ' ')); i++) {
		const char *end = strchr(++line, ' ');

		KT_REQUIRE(
			number_parse(line, end ? (size_t)(end - line) : strlen(line), &number[i]));
	}
}

static void take(struct block *block, unsigned order)
{
	*block = (struct block){ .page = page_alloc(order, PAGE_NOWAIT) };
	if (block->page)
		references[page_frame(block->page)] = 1;
	tell(block->page, block->page != NULL);
}

/* A line about a block that is there; false if it names nothing. */
static bool change(char what, struct block *block, uint64_t index)
{
	struct page *page = block->page + index, *head = block->broken ? page : block->page;

	if (!block->page || !references[page_frame(head)])
		return false;
	uint8_t *left = &references[page_frame(head)];

	if (what == 'b' && (block->broken || *left != 1))
		return false;
	if (what == 'b') {
		block->broken = true;
		memset(left, 1, 1ul << page->order);
		page_break(page);
	} else if (what == 'g') {
		page_get(page);
		++*left;
	} else {
		page_put(page);
		--*left;
	}
	tell(page, page_count(head));
	return true;
}

static void run_lines(void)
{
	char line[64];

	while (kt_input_line(line, sizeof(line))) {
		uint64_t number[2];

		read_numbers(line, number);
		KT_REQUIRE(number[0] < NAMES);
		if (line[0] == 'a') {
			take(&named[number[0]], (unsigned)number[1]);
		} else if (line[0] == 'd') {
			page_drain();
			tell(NULL, 0);
		} else if (!change(line[0], &named[number[0]], number[1])) {
			kt_reply("-");
		}
	}
}

KPROBE(page_lines)
{
	KT_REQUIRE(page_frames <= FRAMES_MAX);
	run_lines();
	memset(named, 0, sizeof(named));
	for (uint64_t i = 0; i < page_frames; i++)
		for (; references[i]; references[i]--)
			page_put(page_array + i);
}

KPROBE(page_lines_and_look)
{
	KT_REQUIRE(page_frames <= FRAMES_MAX);
	run_lines();
	kt_reply("looking");
	for (;;)
		;
}
