/*
 * Exercise 2.8: notes that lose nothing. The runner counts pages and objects
 * before and after each test; so each of these fails as long as one leak that it
 * meets is left, whatever else it looks at.
 */
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/number.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/notes/notes.h"
#include "lab2-memory/page/inject.h"
#include "lab2-memory/page/page.h"
#include "lab2-memory/slab/slab.h"
#include <linux/errno.h>

KTEST(notes_copies_are_apart, "2.8",
	"what happens to a copy happens to no other note, and leaks not")
{
	KT_EQ(note_set("a", "one"), 0);
	KT_EQ(note_copy("a", "b"), 0);
	KT_EQ(note_copy("b", "c"), 0);
	KT_EQ(note_copy("c", "c"), 0);
	KT_EQ(note_append("b", ", two"), 0);
	KT_STREQ(note_text("a"), "one");
	KT_STREQ(note_text("b"), "one, two");
	KT_STREQ(note_text("c"), "one");
	KT_EQ(note_set("a", "three"), 0);
	KT_STREQ(note_text("c"), "one");
	KT_EQ(note_append("c", note_text("c")), 0);
	KT_STREQ(note_text("c"), "oneone");
	KT_EQ(note_copy("b", "a"), 0);
	KT_EQ(note_remove("b"), 0);
	KT_STREQ(note_text("a"), "one, two");
	notes_clear();
	KT_TRUE(!note_text("a"));
}

/* A series of changes; returns how many of them there was no memory for. */
static unsigned change_notes(void)
{
	int error[] = { note_set("a", "one"), note_copy("a", "b"), note_append("b", "two"),
		note_set("b", "three"), note_copy("b", "a"), note_append("a", "four") };
	unsigned failed = 0;

	for (size_t i = 0; i < sizeof(error) / sizeof(error[0]); i++) {
		KT_TRUE(error[i] == 0 || error[i] == -ENOMEM || error[i] == -ENOENT);
		failed += error[i] == -ENOMEM;
	}
	return failed;
}

KTEST(notes_without_memory, "2.8", "whichever allocation fails, it is told, and nothing is lost")
{
	uint64_t pages, objects;

	slab_drain();
	pages = page_used_count();
	objects = slab_used();
	for (uint64_t which = 1; which < 100; which++) {
		inject_failure(which);
		unsigned failed = change_notes();
		bool ended = inject_pending();

		inject_failure(0);
		notes_clear();
		slab_drain();
		KT_EQ(slab_used(), objects);
		KT_EQ(page_used_count(), pages);
		if (ended) { /* there are not so many allocations */
			KT_EQ(failed, 0);
			KT_TRUE(which > 5);
			return;
		}
		KT_EQ(failed, 1);
	}
	KT_TRUE(!"the series needs fewer than 100 allocations");
}

/* The next field of a line, up to a bar; "" behind the last. */
static const char *field(char **at)
{
	char *start = *at, *end = strchr(start, '|');

	*at = end ? end + 1 : start + strlen(start);
	if (end)
		*end = '\0';
	return start;
}

static int change(const char *what, const char *name, const char *text)
{
	if (!strcmp(what, "set"))
		return note_set(name, text);
	if (!strcmp(what, "append"))
		return note_append(name, text);
	if (!strcmp(what, "copy"))
		return note_copy(name, text);
	if (!strcmp(what, "remove"))
		return note_remove(name);
	notes_clear();
	return 0;
}

/*
 * Input: lines "set|NAME|TEXT", "append|NAME|TEXT", "copy|FROM|TO", "remove|NAME", "clear",
 * "text|NAME", "count". Reply: of text the text in hexadecimal behind a +, or -; of count the
 * objects and pages in use; of the others what they returned.
 */
KPROBE(note_operations)
{
	static char line[NOTE_TEXT + 200];

	while (kt_input_line(line, sizeof(line))) {
		char *at = line;
		const char *what = field(&at), *name = field(&at);

		if (!strcmp(what, "text")) {
			const char *text = note_text(name);

			kt_reply(text ? "+" : "-");
			kt_reply_hex(text ? text : "", text ? strlen(text) : 0);
		} else if (!strcmp(what, "count")) {
			slab_drain();
			uint64_t counts[] = { slab_used(), page_used_count() };

			kt_reply("");
			kt_reply_hex(counts, sizeof(counts));
		} else {
			int64_t result = change(what, name, field(&at));

			kt_reply("");
			kt_reply_hex(&result, sizeof(result));
		}
	}
}
