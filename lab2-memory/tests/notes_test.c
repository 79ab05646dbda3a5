/*
 * Exercise 2.8: notes that lose nothing. The runner counts pages and objects
 * before and after each test; so each of these fails as long as one leak that it
 * meets is left, whatever else it looks at.
 */
#include "lab2-memory/notes/notes.h"
#include "lab2-memory/page/inject.h"
#include "lab2-memory/page/page.h"
#include "lab2-memory/slab/slab.h"
#include "lab2-memory/tests/probe_words.h"
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

#define SHORT 40 /* a text that is replied as it is */

/* The word so many times; long enough to be too long for a note. */
static const char *repeated(const char *word, uint64_t times)
{
	static char text[2 * NOTE_TEXT];
	size_t length = 0;

	*text = '\0';
	for (uint64_t i = 0; i < times; i++)
		length += strlcpy(text + length, word, sizeof(text) - length);
	KT_REQUIRE(length < sizeof(text));
	return text;
}

static void reply_text(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */

	if (text && *text && strlen(text) <= SHORT) {
		kt_reply(text);
		return;
	}
	if (text)
		probe_say(strlen(text));
	for (const char *c = text; c && *c; c++)
		hash = (hash ^ (uint8_t)*c) * 0x100000001b3;
	if (text && *text)
		probe_say(hash);
	probe_reply();
}

static void reply_counts(void)
{
	slab_drain();
	probe_say(slab_used());
	probe_say(page_used_count());
	probe_reply();
}

/* A name that is _ stands for the empty one. */
static const char *name_in(const char *word)
{
	return strcmp(word, "_") ? word : "";
}

static int change(const char **words)
{
	const char *what = words[0], *name = name_in(words[1]);

	if (!strcmp(what, "copy"))
		return note_copy(name, name_in(words[2]));
	if (!strcmp(what, "remove"))
		return note_remove(name);

	const char *text = repeated(words[2], probe_number(words[3], 2 * NOTE_TEXT));
	return !strcmp(what, "set") ? note_set(name, text) : note_append(name, text);
}

/*
 * For test_notes.py: "set NAME WORD TIMES", "append NAME WORD TIMES", "copy FROM TO", "remove
 * NAME", "clear", "text NAME", "count". Replies: what the function returned, with its sign turned;
 * the text, or if it is long or empty its length and a hash; objects and pages in use.
 */
KPROBE(note_operations)
{
	const char *words[PROBE_WORDS];
	char line[120];

	while (kt_input_line(line, sizeof(line))) {
		probe_split(line, words);
		if (!strcmp(words[0], "text")) {
			reply_text(note_text(name_in(words[1])));
		} else if (!strcmp(words[0], "count")) {
			reply_counts();
		} else if (!strcmp(words[0], "clear")) {
			notes_clear();
			kt_reply("-");
		} else {
			probe_say((uint64_t)-change(words));
			probe_reply();
		}
	}
	notes_clear();
}
