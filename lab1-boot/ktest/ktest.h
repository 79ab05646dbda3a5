/*
 * Kernel tests: one test, one boot.
 *
 *   KTEST(page_split, "2.1", "a large block is split down to the asked order")
 *   {
 *           KT_EQ(page_free_count(), before - 1);
 *   }
 *
 * A kernel that is linked with tests and booted with "ktest=page_split" on its
 * command line runs that test after all labs' init, tells the result on COM2 in
 * KTAP and leaves QEMU. Checks print both values and go on; KT_REQUIRE ends the
 * test. A test that returns with more pages, objects or threads in use than before has failed
 * (leaks.h). Read more: Linux's Documentation/dev-tools/ktap.rst (KTAP version 1).
 */
#pragma once
#include "lab1-boot/lib/rows.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ktest {
	const char *name;
	const char *exercise; /* "2.1", or "" for what is no exercise */
	const char *title;
	void (*run)(void);

	/* What may stand behind the title: KTEST(..., .limit = 10, .needs = "1.2 1.3") */
	const char *needs;  /* other exercises without which this test cannot run */
	const char *panics; /* the kernel is to panic with this text in its message */
	unsigned limit;     /* seconds of guest time, for the grader; 0 means 2 */
};
ROWS_DECLARE(ktest, struct ktest);

#define KTEST(its_name, its_exercise, its_title, ...)                                              \
	static void ktest_##its_name(void);                                                        \
	ROW(ktest, "." #its_name, ktest_row_##its_name) = { .name = #its_name,                     \
		.exercise = its_exercise,                                                          \
		.title = its_title,                                                                \
		.run = ktest_##its_name,                                                           \
		##__VA_ARGS__ };                                                                   \
	static void ktest_##its_name(void)

/*
 * A probe is no test of its own. A Python test runs it with input of its own choice and judges what
 * it replies, so that the right answers are nowhere in the kernel.
 */
#define KPROBE(its_name) KTEST(its_name, "", "probe")

#define KT_EQ(got, want)                                                                           \
	kt_equal((uint64_t)(got), (uint64_t)(want), "KT_EQ(" #got ", " #want ")", __FILE__,        \
		__LINE__)
#define KT_TRUE(condition)  kt_true(!!(condition), "KT_TRUE(" #condition ")", __FILE__, __LINE__)
#define KT_STREQ(got, want) kt_same(got, want, "KT_STREQ(" #got ", " #want ")", __FILE__, __LINE__)

/* Ends the test as failed when the condition does not hold: what follows would crash. */
#define KT_REQUIRE(condition)                                                                      \
	((condition) ? (void)0 : kt_stop("KT_REQUIRE(" #condition ")", __FILE__, __LINE__))

/* Ends the test as skipped: the machine lacks what it needs. */
#define KT_SKIP(reason) kt_skip(reason)

/* The checks return whether they held. */
bool kt_equal(uint64_t got, uint64_t want, const char *check, const char *file, int line);
bool kt_true(bool holds, const char *check, const char *file, int line);
bool kt_same(const char *got, const char *want, const char *check, const char *file, int line);
_Noreturn void kt_stop(const char *check, const char *file, int line);
_Noreturn void kt_skip(const char *reason);

/* kt_random: the next number of a sequence that the seed on the command line decides. */
uint64_t kt_random(void);

/* kt_input_line: the next line of the host's input, without its end and cut to bytes; false at the
 * end. */
bool kt_input_line(char *line, size_t bytes);

/* kt_input_byte: the next byte of the host's input, or -1 at the end. */
int kt_input_byte(void);

/* kt_reply: a line for the host to judge. kt_reply_hex: so many bytes as hexadecimal digits. */
void kt_reply(const char *text);
void kt_reply_hex(const void *bytes, size_t count);

/* ktest_running: whether this boot runs a test. */
bool ktest_running(void);

/* kt_fail: one failure more, which the caller then tells with report(); false: enough are shown. */
bool kt_fail(void);

/* kt_failures: how many checks have failed until now. */
unsigned kt_failures(void);

/* KTEST_END(function): what else is to be told on COM2 when a test ends, before its verdict. Called
 * after a panic, too. */
struct ktest_end {
	void (*tell)(bool ok);
};
ROWS_DECLARE(ktest_end, struct ktest_end);
#define KTEST_END(function) ROW(ktest_end, "", ktest_end_##function) = { function }

/* KTEST_FAILURE(function): called for each failed check that is shown, with its text, which is
 * kept. May tell nothing itself. */
struct ktest_failure {
	void (*tell)(const char *check);
};
ROWS_DECLARE(ktest_failure, struct ktest_failure);
#define KTEST_FAILURE(function) ROW(ktest_failure, "", ktest_failure_##function) = { function }

/* ktest_run_if_asked: run the test that the command line names, and leave; return if it names none.
 */
void ktest_run_if_asked(void);
