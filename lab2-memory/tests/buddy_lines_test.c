/*
 * The probe for test_buddy.py: an allocator that does what each line says, and tells what it
 * looks like then. Blocks are called by numbers that the host chooses.
 *
 *   r FRAMES FIRST END ...   begin again, with these ranges free
 *   a NAME ORDER             take a block; the reply begins with its frame, or ffff, and with
 *                            the page's state and order, two digits each
 *   f NAME OFFSET ORDER      give back the part of a block that begins at this page of it
 *
 * A reply is "-" for what cannot be done (no allocator, no such block), else words of four
 * digits: two of results (0 for none), and pairs of a cell and what it is now, where it
 * is not what the last reply told. Below FRAMES, cell i is frame i: as its last two digits the
 * order of the list that it is in and the order with which it claims to be free, f for neither. At
 * first all are ff. The cells behind: blocks[] and free_pages, less what is in the lists.
 */
#include "lab1-boot/lib/number.h"
#include "lab2-memory/tests/buddies.h"

#define NAMES 4096
#define NONE  0xffff
#define CELLS (FRAMES + PAGE_ORDERS + 1)

static uint16_t cell[CELLS], told[CELLS];
static uint16_t named[NAMES]; /* the frame at which that block begins, or NONE */

static void look(void)
{
	uint16_t listed_pages = 0;

	for (uint64_t i = 0; i < FRAMES; i++)
		cell[i] = i < mine.frames && pages[i].state == PAGE_FREE ? 0xf0 | pages[i].order
									 : 0xff;
	for (unsigned order = 0; order < PAGE_ORDERS; order++) {
		uint16_t length = 0;

		list_each (link, &mine.free[order]) {
			uint64_t frame = frame_of(link);

			KT_REQUIRE(length++ < FRAMES);
			cell[frame] = (uint16_t)(order << 4 | (cell[frame] & 15));
		}
		cell[FRAMES + order] = (uint16_t)(mine.blocks[order] - length);
		listed_pages = (uint16_t)(listed_pages + (length << order));
	}
	cell[FRAMES + PAGE_ORDERS] = (uint16_t)(mine.free_pages - listed_pages);
}

static char *word(char *to, uint16_t value)
{
	for (int shift = 12; shift >= 0; shift -= 4)
		*to++ = "0123456789abcdef"[value >> shift & 15];
	*to = '\0';
	return to;
}

static void tell(uint16_t result, uint16_t page)
{
	static char reply[8 * CELLS + 16];
	char *end = word(word(reply, result), page);

	look();
	for (uint16_t i = 0; i < CELLS; i++)
		if (cell[i] != told[i]) {
			end = word(word(end, i), cell[i]);
			told[i] = cell[i];
		}
	kt_reply(reply);
}

/* The next number of a line; false at its end. */
static bool number(char **line, uint64_t *value)
{
	size_t length = 0;

	while (**line == ' ')
		(*line)++;
	while ((*line)[length] && (*line)[length] != ' ')
		length++;
	*line += length;
	return number_parse(*line - length, length, value);
}

/* Frames that are not this allocator's look as confusing as they may. */
static void restart(char *ranges)
{
	uint64_t frames, first, end;

	KT_REQUIRE(number(&ranges, &frames) && frames <= FRAMES);
	begin(frames);
	for (uint64_t i = 1; i < FRAMES; i++) {
		unsigned order = (unsigned)__builtin_ctzl(i);

		list_init(&pages[i].link);
		pages[i].order = (uint8_t)(order < PAGE_ORDERS ? order : PAGE_ORDER_MAX);
		pages[i].state = i < frames ? PAGE_RESERVED : PAGE_FREE;
	}
	while (number(&ranges, &first) && number(&ranges, &end))
		buddy_free_range(&mine, first, end);
	memset(named, 0xff, sizeof(named));
	tell(0, 0);
}

static void take_named(uint64_t name, uint64_t order)
{
	struct page *page = take((unsigned)order);

	KT_REQUIRE(!page || (page >= pages && page < pages + FRAMES));
	named[name] = page ? (uint16_t)(page - pages) : NONE;
	tell(named[name], page ? (uint16_t)(page->state << 8 | page->order) : 0);
}

KPROBE(buddy_lines)
{
	static char line[512];
	uint64_t name, offset, order;

	for (size_t i = 0; i < FRAMES; i++)
		told[i] = 0xff;
	memset(named, 0xff, sizeof(named));
	while (kt_input_line(line, sizeof(line))) {
		char *at = line + 1;

		if (line[0] == 'r') {
			restart(at);
			continue;
		}
		KT_REQUIRE(number(&at, &name) && name < NAMES && number(&at, &offset));
		if (line[0] == 'a' && mine.frames) {
			take_named(name, offset);
		} else if (line[0] == 'f' && named[name] != NONE) {
			KT_REQUIRE(number(&at, &order));
			put(named[name] + offset, (unsigned)order);
			tell(0, 0);
		} else {
			kt_reply("-");
		}
	}
}
