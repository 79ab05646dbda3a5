/* Exercise 1.7, the instructor's own: any bytes, and what must hold after each. */
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/string.h"
#include "lab1-boot/monitor/line.h"

static long terminal; /* where the terminal's cursor is, counted from the line's beginning */
static long furthest;

static void see_write(struct line *line, const char *text, size_t bytes)
{
	(void)line;
	for (size_t i = 0; i < bytes; i++) {
		terminal += text[i] == '\b' ? -1 : 1;
		furthest = terminal > furthest ? terminal : furthest;
		KT_TRUE(terminal >= 0);
	}
}

static void no_completion(struct line *line)
{
	(void)line;
}

static const struct line_ops seeing = { see_write, no_completion };

KTEST(line_survives_any_bytes, "1.7", "whatever is typed, the line is whole and fits its row")
{
	static struct line line;
	unsigned longest = 0;

	line_init(&line, &seeing);
	for (int i = 0; i < 20000; i++) {
		uint64_t random = kt_random();
		uint8_t byte = (uint8_t)(random & 7 ? ' ' + (random >> 8) % 95 : random >> 16);

		if (line_key(&line, i % 150 ? byte : '\r')) {
			line_next(&line);
			terminal = 0;
		}
		longest = line.length > longest ? (unsigned)line.length : longest;
		if (!KT_TRUE(line.length <= LINE_MAX && line.cursor <= line.length) ||
			!KT_EQ(strnlen(line.text, LINE_MAX + 1), line.length) ||
			!KT_EQ(terminal, line.cursor))
			return;
	}
	KT_EQ(furthest, LINE_MAX);
	KT_EQ(longest, LINE_MAX);
	KT_TRUE(line.history_count > LINE_HISTORY);
}
