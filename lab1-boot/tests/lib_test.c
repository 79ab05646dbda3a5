/* lib/: memory, strings and numbers, against the plainest code that does the same. */
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/list.h"
#include "lab1-boot/lib/number.h"
#include "lab1-boot/lib/string.h"
#include "lab1-boot/tests/scratch.h"

static uint8_t seen[256], right[256];

static void fill(void)
{
	for (size_t i = 0; i < sizeof(seen); i++)
		seen[i] = right[i] = (uint8_t)kt_random();
}

static void same_bytes(void)
{
	for (size_t i = 0; i < sizeof(seen); i++)
		KT_REQUIRE(seen[i] == right[i]);
}

KTEST(string_moves, "", "memmove copies between places that overlap either way, and memset fills")
{
	uint8_t held[256];

	for (int i = 0; i < 1000; i++) {
		size_t bytes = kt_random() % 100, from = kt_random() % 156, to = kt_random() % 156;

		fill();
		for (size_t j = 0; j < bytes; j++)
			held[j] = right[from + j];
		for (size_t j = 0; j < bytes; j++)
			right[to + j] = held[j];
		KT_EQ(memmove(seen + to, seen + from, bytes), seen + to);
		same_bytes();

		for (size_t j = 0; j < bytes; j++)
			right[to + j] = 0xa5;
		KT_EQ(memset(seen + to, 0x7a5, bytes), seen + to);
		same_bytes();
	}
}

KTEST(string_compares, "", "comparing is by unsigned bytes, and ends where it should")
{
	KT_TRUE(memcmp("\x80", "\x7f", 1) > 0);
	KT_TRUE(memcmp("a\0b", "a\0c", 3) < 0);
	KT_EQ(memcmp("abX", "abY", 2), 0);
	KT_TRUE(strcmp("\xff", "a") > 0);
	KT_TRUE(strcmp("ab", "abc") < 0);
	KT_EQ(strcmp("", ""), 0);
	KT_EQ(strncmp("abX", "abY", 2), 0);
	KT_EQ(strncmp("ab\0X", "ab\0Y", 4), 0);
	KT_TRUE(strncmp("abX", "abY", 3) < 0);
}

KTEST(string_searches, "", "lengths and searches never read behind their end")
{
	char *end = scratch_end(), *text = memcpy(end - 6, "abcab", 6);

	KT_EQ(strlen(text), 5);
	KT_EQ(strnlen(end - 3, 2), 2);
	KT_EQ(strnlen(end, 0), 0);
	KT_EQ(strchr(text, 'b'), text + 1);
	KT_EQ(strchr(text, '\0'), text + 5);
	KT_EQ(strchr(text, 'x'), NULL);
	KT_EQ(strstr(text, "ca"), text + 2);
	KT_EQ(strstr(text, ""), text);
	KT_EQ(strstr(text, "abd"), NULL);
	KT_EQ(strstr(text, "abcabc"), NULL);
}

KTEST(string_strlcpy, "", "strlcpy cuts, ends, and tells the whole length")
{
	char to[4] = "xxx";

	KT_EQ(strlcpy(to, "ab", sizeof(to)), 2);
	KT_STREQ(to, "ab");
	KT_EQ(strlcpy(to, "abcdef", sizeof(to)), 6);
	KT_STREQ(to, "abc");
	KT_EQ(strlcpy(to, "xyz", 1), 3);
	KT_STREQ(to, "");
}

static bool parses(const char *text, uint64_t to)
{
	uint64_t number = 99;

	return number_parse(text, strlen(text), &number) && number == to;
}

/* Whether it is refused, and the number left alone. */
static bool refused(const char *text)
{
	uint64_t number = 99;

	return !number_parse(text, strlen(text), &number) && number == 99;
}

KTEST(number_parses, "", "decimal and hexadecimal up to 64 bits, and nothing else")
{
	KT_TRUE(parses("0", 0));
	KT_TRUE(parses("007", 7));
	KT_TRUE(parses("18446744073709551615", UINT64_MAX));
	KT_TRUE(parses("0xFfffFfffFfffFfff", UINT64_MAX));
	KT_TRUE(parses("0Xa0", 160));
	KT_TRUE(refused(""));
	KT_TRUE(refused("0x"));
	KT_TRUE(refused("18446744073709551616"));
	KT_TRUE(refused("0x10000000000000000"));
	KT_TRUE(refused("12a"));
	KT_TRUE(refused("-1"));
	KT_TRUE(refused(" 1"));
	KT_TRUE(refused("0xg"));
	KT_TRUE(refused("0x@"));
}

static bool size_is(const char *text, uint64_t to)
{
	uint64_t bytes = 99;

	return size_parse(text, strlen(text), &bytes) && bytes == to;
}

static bool no_size(const char *text)
{
	uint64_t bytes = 99;

	return !size_parse(text, strlen(text), &bytes) && bytes == 99;
}

KTEST(sizes_parse, "", "K, M and G behind a number multiply it, as far as 64 bits go")
{
	KT_TRUE(size_is("12", 12));
	KT_TRUE(size_is("3k", 3 << 10));
	KT_TRUE(size_is("0x10M", 16 << 20));
	KT_TRUE(size_is("17179869183G", 17179869183ul << 30));
	KT_TRUE(no_size("17179869184G"));
	KT_TRUE(no_size("M"));
	KT_TRUE(no_size("1KM"));
	KT_TRUE(no_size(""));
}

struct item {
	int number;
	struct list link;
};

KTEST(list_order, "", "links come in the order in which they were added, and leave from anywhere")
{
	struct item items[4] = { { .number = 0 }, { .number = 1 }, { .number = 2 },
		{ .number = 3 } };
	struct list head;
	int expected[] = { 3, 0, 2 }, count = 0;

	list_init(&head);
	KT_TRUE(list_empty(&head));
	for (int i = 0; i < 3; i++)
		list_push_back(&head, &items[i].link);
	list_insert_after(&head, &items[3].link);
	list_remove(&items[1].link);
	list_each (link, &head) {
		KT_REQUIRE(count < 3);
		KT_EQ(list_entry(link, struct item, link)->number, expected[count++]);
	}
	KT_EQ(count, 3);
	KT_TRUE(!list_empty(&head));
}
