/* The test floor itself: its random numbers, its checks, and a panic that is wanted. */
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/ktest/ktest.h"

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
