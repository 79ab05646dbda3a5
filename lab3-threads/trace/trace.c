/*
 * The trace: see trace.h. A ring of events for each processor, of which the last ones
 * count. Who writes one draws its place first, with one atomic increment; so an event has a
 * place of its own even if an interrupt writes another one in the middle of it.
 *
 * A thread or a lock may be gone when the rings are printed. So each event has a text
 * with it: of a lock its name, otherwise that of the thread that ran.
 *
 * grader/trace.py reads what is printed here and, of a machine that hangs, the rings
 * themselves.
 */
#include "lab3-threads/trace/trace.h"
#include "lab1-boot/boot/cmdline.h"
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/cpu/percpu.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/ktest/report.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/page/page.h"
#include "lab3-threads/cpu/clock.h"
#include "lab3-threads/thread/thread.h"

#define TEXT_BYTES 24 /* with the 0 at the end */
#define RING_ORDER 5

struct event {
	uint64_t time; /* nanoseconds */
	uint64_t other;
	uint32_t thread;
	uint32_t kind; /* one more than its trace_kind; 0: it is not there, or not whole */
	char text[TEXT_BYTES];
};
_Static_assert(sizeof(struct event) == 48, "grader/trace.py reads events from outside");

#define RING_EVENTS ((PAGE_SIZE << RING_ORDER) / sizeof(struct event))

/* Key: [I] after trace_init, [a] atomic. */
struct ring {
	struct event *event; /* [I] RING_EVENTS of them; NULL: there was no memory for them */
	uint64_t written;    /* [a] how many events there were */
};

bool trace_on;
static bool stopped; /* by trace_stop; for good */
static struct ring trace_rings[CPUS_MAX];

void trace_init(void)
{
	static const struct page_owner owner = { "trace" };

	if (!cmdline_has("trace"))
		return;
	for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++) {
		struct page *page = page_alloc(RING_ORDER, PAGE_ZERO);

		if (!page) {
			kprintf("trace: no memory for processor %u\n", cpu);
			continue;
		}
		page->owner = &owner;
		trace_rings[cpu].event = page_address(page);
	}
	trace_on = true;
}

void trace_stop(void)
{
	stopped = true;
}

void trace_write(enum trace_kind kind, unsigned thread, uint64_t other)
{
	bool lock = kind == TRACE_WAIT || kind == TRACE_WAITED;
	const char *text = lock ? *(const char **)other : thread_self()->name;
	struct ring *ring = &trace_rings[this_cpu(cpu_number)];
	struct event *event;

	if (!ring->event || stopped)
		return;
	event = &ring->event[__atomic_fetch_add(&ring->written, 1, __ATOMIC_RELAXED) % RING_EVENTS];
	__atomic_store_n(&event->kind, 0, __ATOMIC_RELAXED);
	event->time = clock_ns();
	event->thread = thread;
	event->other = other;
	strlcpy(event->text, text ? text : "", TEXT_BYTES);
	__atomic_store_n(&event->kind, (uint32_t)kind + 1, __ATOMIC_RELEASE);
}

void trace_mark(const char *text)
{
	trace_event(TRACE_MARK, thread_self()->id, (uint64_t)text);
}

/* --- at the end ---------------------------------------------------------------------- */

static void print_event(const struct event *event)
{
	static const char *const word[] = { "", "switch", "wake", "start", "exit", "wait", "waited",
		"mark" };
	const char *text = event->text;
	bool mark = event->kind == TRACE_MARK + 1;

	report(REPORT_TEST, "# trace %lu %s %u ", event->time, word[event->kind], event->thread);
	if (event->kind <= TRACE_EXIT + 1)
		report(REPORT_TEST, "%lu ", event->other);
	else if (!mark)
		report(REPORT_TEST, "0x%lx ", event->other);
	report_quoted(REPORT_TEST, mark ? (const char *)event->other : text);
	report(REPORT_TEST, "\n");
}

static void print_ring(unsigned cpu, const struct ring *ring)
{
	uint64_t written = ring->written;
	uint64_t first = written > RING_EVENTS ? written - RING_EVENTS : 0;

	report(REPORT_TEST, "# trace processor %u: %lu events, the last %lu follow\n", cpu, written,
		written - first);
	for (uint64_t i = first; i < written; i++) {
		const struct event *event = &ring->event[i % RING_EVENTS];

		if (__atomic_load_n(&event->kind, __ATOMIC_ACQUIRE))
			print_event(event);
	}
}

void trace_dump(void)
{
	if (!__atomic_exchange_n(&trace_on, false, __ATOMIC_RELAXED))
		return;
	for (unsigned cpu = 0; cpu < percpu_count; cpu++)
		if (trace_rings[cpu].event)
			print_ring(cpu, &trace_rings[cpu]);
	report(REPORT_TEST, "# trace ends\n");
}

static void dump_with_verdict(bool ok)
{
	(void)ok;
	trace_dump();
}
KTEST_END(dump_with_verdict);

KTEST_FAILURE(trace_mark);

/* A test ends in its own way, also by a panic. */
static void dump_in_panic(const char *message)
{
	(void)message;
	trace_mark("panic");
	if (!ktest_running())
		trace_dump();
}
PANIC_HOOK(1, dump_in_panic);
