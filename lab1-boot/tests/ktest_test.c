/* The test floor itself: its random numbers, its checks, and a panic that is wanted. */
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/ktest/leaks.h"
#include "lab1-boot/lib/string.h"

KTEST(ktest_random_differs, "", "the seed gives a sequence that does not repeat at once")
{
	uint64_t first = kt_random();

	for (int i = 0; i < 1000; i++)
		KT_TRUE(kt_random() != first);
}

KTEST(ktest_expects_panic, "", "a panic that a test expects is its success", .panics = "on purpose")
{
	panic("panicking on purpose");
}

/* Says again what the host hands in, so that test_ktest.py decides how much is said. */
KPROBE(ktest_echo)
{
	char line[256];

	while (kt_input_line(line, sizeof(line)))
		kt_reply(line);
}

/* Things to lose. What is in a pocket (lab 3's, say) goes to the shelf (lab 2's), and from there
 * home. */
static uint64_t marbles = 7, on_shelf, in_pocket;

static uint64_t marbles_out(void)
{
	return marbles + on_shelf + in_pocket;
}
LEAK_COUNT("marbles", marbles_out);

static void shelf_drain(void)
{
	on_shelf = 0;
}
DRAIN(2, shelf_drain);

static void pocket_drain(void)
{
	on_shelf += in_pocket;
	in_pocket = 0;
}
DRAIN(3, pocket_drain);

/* Input: "kept" are only in the pocket, and come back; "lost" are lost; "found" come back too many.
 */
KPROBE(ktest_leak_probe)
{
	char line[16];

	KT_REQUIRE(kt_input_line(line, sizeof(line)));
	in_pocket = 5;
	if (!strcmp(line, "lost"))
		marbles += 3;
	if (!strcmp(line, "found"))
		marbles -= 3;
}
