/*
 * Exercises 2.3 and 2.4 for judges from outside: probes that do what lines of text
 * tell them with a table of their own, and tell what came of it. The physical
 * addresses are anything at all: nothing is ever read through the table.
 */
#include "lab1-boot/lib/number.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/page/inject.h"
#include "lab2-memory/tests/pagetable_scratch.h"

#define NUMBERS 4

/* Minus and digits: what is under test in lab 1 is not used here. */
static char *put(char *at, int64_t number)
{
	uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
	char digit[20];
	unsigned digits = 0;

	if (number < 0)
		*at++ = '-';
	do
		digit[digits++] = (char)('0' + rest % 10);
	while ((rest /= 10) > 0);
	while (digits > 0)
		*at++ = digit[--digits];
	*at = '\0';
	return at;
}

static void reply_numbers(int64_t a, int64_t b, int64_t c)
{
	char text[80], *at = put(text, a);

	*at++ = ' ';
	at = put(at, b);
	*at++ = ' ';
	put(at, c);
	kt_reply(text);
}

static void read_numbers(const char *at, uint64_t *number)
{
	for (unsigned i = 0; i < NUMBERS && *at; i++) {
		const char *end = strchr(at, ' ');
		size_t length = end ? (size_t)(end - at) : strlen(at);

		KT_REQUIRE(number_parse(at, length, &number[i]));
		at += length + !!end;
	}
}

static void query(uint64_t address)
{
	struct mapping mapping;

	if (pagetable_query(&table, address, &mapping))
		reply_numbers(mapping.level, (int64_t)mapping.entry, (int64_t)mapping.physical);
	else
		kt_reply("nothing");
}

static void next(uint64_t address, uint64_t end)
{
	struct mapping mapping;

	if (pagetable_next(&table, &address, end, &mapping))
		reply_numbers((int64_t)address, mapping.level, (int64_t)mapping.entry);
	else
		kt_reply("nothing");
}

static int change(char what, const uint64_t *number)
{
	switch (what) {
	case 'm':
		return pagetable_map(&table, number[0], number[1], number[2], number[3]);
	case 'u':
		return unmap(number[0], number[1]);
	default:
		return protect(number[0], number[1], number[2]);
	}
}

/*
 * One line. "q ADDRESS" asks for the page there, and "n ADDRESS END" for the next one. "m ADDRESS
 * PHYSICAL BYTES RIGHTS", "u ADDRESS BYTES", and "p ADDRESS BYTES RIGHTS" map, unmap and protect; a
 * digit in front of them, "3m ...", lets that allocation of theirs fail. The reply is the error,
 * how many tables there are now, and whether an allocation failed.
 */
static void execute(const char *line)
{
	uint64_t number[NUMBERS] = { 0 };
	bool fails = *line >= '0' && *line <= '9';
	int error;

	read_numbers(line + fails + 2, number);
	if (*line == 'q') {
		query(number[0]);
	} else if (*line == 'n') {
		next(number[0], number[1]);
	} else {
		inject_failure(fails ? (uint64_t)(*line - '0') : 0);
		error = change(line[fails], number);
		fails = fails && !inject_pending();
		inject_failure(0);
		reply_numbers(error, (int64_t)table.tables, fails);
	}
}

/* Lines for execute. In the end all is unmapped, and nothing may be left. */
KPROBE(pagetable_operations)
{
	char line[100];

	table_begin();
	while (kt_input_line(line, sizeof(line)))
		execute(line);
	KT_EQ(unmap(0, USER_END), 0);
	KT_EQ(table.tables, 1);
	KT_REQUIRE(page_of_phys(table.root)->word[0] == 0);
	pagetable_destroy(&table);
}

/* Lines for execute. Then the root's address, and it stands still: the host looks at memory. */
KPROBE(pagetable_look)
{
	char line[100];

	table_begin();
	while (kt_input_line(line, sizeof(line)))
		execute(line);
	reply_numbers((int64_t)table.root, (int64_t)table.tables, 0);
	kt_reply("looking");
	for (;;)
		CPU_PAUSE();
}
