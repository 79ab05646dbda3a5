/*
 * The runner: find the test, announce it, run it, tell the verdict, leave.
 *
 * Every verdict carries the nonce that the grader handed in for this boot alone,
 * so that a line which only looks like one counts for nothing. See ktest.h.
 */
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/boot/cmdline.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/cpu/io.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/ktest/fwcfg.h"
#include "lab1-boot/ktest/leaks.h"
#include "lab1-boot/ktest/report.h"
#include "lab1-boot/lib/string.h"

#define DEBUG_EXIT   0xf4 /* QEMU's isa-debug-exit: the status is 2 * value + 1 */
#define EXIT_OK      0x10
#define EXIT_FAILED  0x11
#define SPEAK_TRIES  1000000
#define FAILURES_MAX 20 /* shown; the rest only counts */

ROWS_DEFINE(ktest);
ROWS_DEFINE(ktest_end);
ROWS_DEFINE(ktest_failure);

static const struct ktest *running; /* the test of this boot, once it runs */
static unsigned failures;
static char nonce[40];
static uint64_t random_state;

bool ktest_running(void)
{
	return running;
}

unsigned kt_failures(void)
{
	return failures;
}

/*
 * Whoever speaks on COM2 speaks whole lines: from lab 3 on, several processors check at once. This
 * is no spin lock of lab 3's making, since that is under test itself, and it gives up waiting: a
 * processor that stopped in the middle of a line must not silence the verdict.
 */
static bool speaking;
static bool finished; /* somebody tells the end, which may be long: nobody else speaks any more */

static uint64_t speak(void)
{
	uint64_t flags = irq_save();

	for (int i = 0; i < SPEAK_TRIES && __atomic_test_and_set(&speaking, __ATOMIC_ACQUIRE);
		i++) {
		if (__atomic_load_n(&finished, __ATOMIC_ACQUIRE))
			cpu_stop();
		CPU_PAUSE();
	}
	return flags;
}

static void spoken(uint64_t flags)
{
	__atomic_clear(&speaking, __ATOMIC_RELEASE);
	irq_restore(flags);
}

/* Out of QEMU, once all that was said has left. */
_Noreturn static void leave(uint8_t value)
{
	report_flush(REPORT_CONSOLE);
	report_flush(REPORT_TEST);
	out8(DEBUG_EXIT, value);
	cpu_stop();
}

/* From here on, this processor alone speaks. */
static void begin_end(void)
{
	speak();
	if (__atomic_test_and_set(&finished, __ATOMIC_ACQ_REL))
		cpu_stop();
}

/* The verdict, and out of QEMU. Behind begin_end. */
_Noreturn static void tell_end(bool ok, const char *skipped)
{
	ROWS_EACH (ktest_end, end)
		end->tell(ok);
	report(REPORT_TEST, "%s 1 - %s # %s%s%snonce=%s\n", ok ? "ok" : "not ok", running->name,
		skipped ? "SKIP " : "", skipped ? skipped : "", skipped ? " " : "", nonce);
	running = NULL;
	leave(ok ? EXIT_OK : EXIT_FAILED);
}

_Noreturn static void finish(bool ok, const char *skipped)
{
	begin_end();
	tell_end(ok, skipped);
}

bool kt_fail(void)
{
	return failures++ < FAILURES_MAX;
}

/* Begin a failure's line; false if enough of them have been shown. */
static bool failure(const char *check, const char *file, int line)
{
	if (!kt_fail())
		return false;
	ROWS_EACH (ktest_failure, failure)
		failure->tell(check);
	report(REPORT_TEST, "# %s:%d: %s", file, line, check);
	return true;
}

bool kt_equal(uint64_t got, uint64_t want, const char *check, const char *file, int line)
{
	if (got == want)
		return true;
	uint64_t flags = speak();
	if (failure(check, file, line))
		report(REPORT_TEST, ": %ld (0x%lx) != %ld (0x%lx)\n", (int64_t)got, got,
			(int64_t)want, want);
	spoken(flags);
	return false;
}

bool kt_true(bool holds, const char *check, const char *file, int line)
{
	if (holds)
		return true;
	uint64_t flags = speak();
	if (failure(check, file, line))
		report(REPORT_TEST, ": does not hold\n");
	spoken(flags);
	return false;
}

bool kt_same(const char *got, const char *want, const char *check, const char *file, int line)
{
	if (!strcmp(got, want))
		return true;
	uint64_t flags = speak();
	if (failure(check, file, line)) {
		report(REPORT_TEST, ": ");
		report_quoted(REPORT_TEST, got);
		report(REPORT_TEST, " != ");
		report_quoted(REPORT_TEST, want);
		report(REPORT_TEST, "\n");
	}
	spoken(flags);
	return false;
}

_Noreturn void kt_stop(const char *check, const char *file, int line)
{
	kt_true(false, check, file, line);
	finish(false, NULL);
}

_Noreturn void kt_skip(const char *reason)
{
	finish(true, reason);
}

/* SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014). */
uint64_t kt_random(void)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

void kt_reply(const char *text)
{
	uint64_t flags = speak();

	report(REPORT_TEST, "# reply %s\n", text);
	spoken(flags);
}

void kt_reply_hex(const void *bytes, size_t count)
{
	const uint8_t *at = bytes;
	uint64_t flags = speak();

	report(REPORT_TEST, "# reply ");
	for (size_t i = 0; i < count; i++)
		report(REPORT_TEST, "%x%x", (unsigned)at[i] >> 4, (unsigned)at[i] & 15);
	report(REPORT_TEST, "\n");
	spoken(flags);
}

int kt_input_byte(void)
{
	static bool opened;
	static size_t left;

	if (!opened)
		left = fwcfg_open("opt/org.cub/input");
	opened = true;
	if (left == 0)
		return -1;
	left--;
	return fwcfg_byte();
}

bool kt_input_line(char *line, size_t bytes)
{
	size_t length = 0;
	int byte = kt_input_byte();

	if (byte < 0)
		return false;
	for (; byte >= 0 && byte != '\n'; byte = kt_input_byte())
		if (length + 1 < bytes)
			line[length++] = (char)byte;
	line[length] = '\0';
	return true;
}

/* A panic is the end of a test, and the right one if the test says so. */
static void panicked(const char *message)
{
	if (!running)
		return;
	begin_end();
	report(REPORT_TEST, "# panic: %s\n", message);
	tell_end(running->panics && strstr(message, running->panics) && !failures, NULL);
}
PANIC_HOOK(9, panicked);

/* No test can be run: KTAP's word for that, and out. */
_Noreturn static void bail_out(const char *reason)
{
	report(REPORT_TEST, "Bail out! %s\n", reason);
	leave(EXIT_FAILED);
}

/* The test of that name; more than one is somebody's attempt to stand in for it. */
static const struct ktest *find(const char *name, size_t length)
{
	const struct ktest *found = NULL;

	ROWS_EACH (ktest, test)
		if (strlen(test->name) == length && !strncmp(test->name, name, length)) {
			if (found)
				bail_out("two tests have this name");
			found = test;
		}
	if (!found)
		bail_out("this kernel has no test of this name");
	return found;
}

void ktest_run_if_asked(void)
{
	size_t length, nonce_bytes = fwcfg_open("opt/org.cub/nonce");
	const char *name = cmdline_value("ktest", &length);

	if (!name)
		return;
	for (size_t i = 0; i < nonce_bytes && i + 1 < sizeof(nonce); i++)
		nonce[i] = (char)fwcfg_byte();
	random_state = (uint64_t)cmdline_number("seed", 1);

	report(REPORT_TEST, "KTAP version 1\n1..1\n# seed 0x%lx\n", random_state);
	running = find(name, length);
	leaks_begin();
	running->run();
	failures += leaks_report();
	if (running->panics && !failures)
		kt_stop("the kernel was to panic, and did not", __FILE__, __LINE__);
	finish(failures == 0, NULL);
}
