/*
 * Virtual processors, and schedules one after the other: see explore.h.
 *
 * Between schedules, and after the last, the virtual processors go on in turns: each runs
 * until it waits. So what a test does before and after works as on any machine.
 */
#include "lab3-threads/explore/explore.h"
#include "lab1-boot/boot/cmdline.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/cpu/percpu.h"
#include "lab1-boot/debug/backtrace.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/debug/symbols.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/ktest/leaks.h"
#include "lab1-boot/ktest/report.h"
#include "lab3-threads/cpu/clock.h"
#include "lab3-threads/cpu/smp.h"
#include "lab3-threads/explore/clocks.h"
#include "lab3-threads/explore/virtual.h"
#include "lab3-threads/sched/sched.h"
#include "lab3-threads/trace/trace.h"

#define POINTS_MAX 1000000 /* of a schedule: more, and it never ends */
#define LOOKS_MAX  2000    /* in a row: whoever does nothing else waits */
#define STUCK_MAX  20000   /* times that everybody waited, and nobody had changed anything */
#define POINT_NS   10000   /* the explorer's clock: a point takes so long */
#define CLOCK_BASE 3600000000000ul /* an hour: later than what the real clock has told */
#define FRAMES     12
#define WORDS      512 /* of a page */

struct virtual_cpu virtual_cpu[EXPLORE_CPUS];
unsigned virtual_cpus, virtual_current;
bool explore_on;

static bool lost;                  /* a schedule has no end, or nobody can go on */
static void (*bare)(unsigned cpu); /* what each processor runs; NULL: the scheduler */
static unsigned schedule;          /* the present one's number */
static uint64_t points;            /* since the boot: what the clock shows */
static uint64_t began;             /* points when the schedule began */
static unsigned stuck;             /* times in a row that everybody waited for nothing */
static bool prepares;              /* what is run calls explore_here */

unsigned explore_cpus(void)
{
	return virtual_cpus;
}

unsigned explore_schedule(void)
{
	return schedule;
}

static uint64_t explore_clock(void)
{
	return CLOCK_BASE + points * POINT_NS;
}

/* --- what a failure tells ------------------------------------------------------------ */

/* The callers of a virtual processor, from its frame on. */
static void tell_where(unsigned cpu, uint64_t rbp)
{
	uint64_t frames[FRAMES];
	size_t count = backtrace_walk(backtrace_stack(rbp), rbp, frames, FRAMES);

	report(REPORT_TEST, "# processor %u%s is in", cpu,
		virtual_cpu[cpu].done ? ", which has ended," : "");
	for (size_t i = 0; i < count; i++)
		report(REPORT_TEST, " %s%s", i ? "< " : "", symbol_of(frames[i]).name);
	report(REPORT_TEST, "\n");
}

/* Where the others stand: their frame pointer lies above the address that `leave` pushed last. */
static void tell_all(void)
{
	for (unsigned cpu = 0; cpu < virtual_cpus; cpu++)
		tell_where(cpu, cpu == virtual_current ? (uint64_t)__builtin_frame_address(0)
						       : ((uint64_t *)virtual_cpu[cpu].rsp)[1]);
}

static void tell_schedule(bool ok)
{
	if (ok || !virtual_cpus)
		return;
	if (lost)
		tell_all();
	report(REPORT_TEST, "# schedule %u: %s\n", schedule, explore_policy());
}
KTEST_END(tell_schedule);

/* --- points -------------------------------------------------------------------------- */

/*
 * From this stack to another one that was left here, or to lay_frame's. The compiler is told that
 * all registers change, so it has nothing in them that it needs; but it does not give the frame
 * pointer away.
 */
static void leave(uint64_t *rsp, uint64_t load)
{
	asm volatile("pushq %%rbp\n\t"
		     "leaq 1f(%%rip), %%rax\n\t"
		     "pushq %%rax\n\t"
		     "movq %%rsp, (%0)\n\t"
		     "movq %1, %%rsp\n\t"
		     "ret\n"
		     "1:\tpopq %%rbp"
		     : "+D"(rsp), "+S"(load)
		     :
		     : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
		     "r15", "cc", "memory");
}

static void switch_to(unsigned next)
{
	uint64_t *rsp = &virtual_cpu[virtual_current].rsp;

	virtual_current = next;
	wrmsr(MSR_GS_BASE, (uint64_t)(percpu_areas[next] - percpu_template));
	leave(rsp, virtual_cpu[next].rsp);
}

/*
 * A bit that stands for this word, and for some others. By its place in the page alone: which page
 * it is depends on the machine's memory, and a schedule must go the same way on each.
 */
static uint64_t bit_of(uint64_t word)
{
	return 1ul << (word % WORDS * 0x9e3779b97f4a7c15 >> 58);
}

void explore_changed(uint64_t word)
{
	uint64_t bit = bit_of(word);

	for (unsigned cpu = 0; cpu < virtual_cpus; cpu++) {
		if (cpu == virtual_current || !(virtual_cpu[cpu].read & bit))
			continue;
		virtual_cpu[cpu].paused = false;
		virtual_cpu[cpu].outdated = true;
		stuck = 0;
	}
}

static bool everybody_waits(void)
{
	for (unsigned cpu = 0; cpu < virtual_cpus; cpu++)
		if (!virtual_cpu[cpu].paused && !virtual_cpu[cpu].done)
			return false;
	return true;
}

/* Let those that wait go on: maybe they wait for time to pass. */
static void look_again(void)
{
	if (stuck++ == STUCK_MAX) {
		lost = true;
		kt_stop("explored: every processor waits for another one, for ever", __FILE__,
			__LINE__);
	}
	for (unsigned cpu = 0; cpu < virtual_cpus; cpu++)
		virtual_cpu[cpu].paused = false;
}

/* Without a schedule: whoever waits lets the next one run, whatever that one waits for: so nobody
 * is kept from running by two that wake each other. */
static unsigned in_turn(enum explore_point point)
{
	unsigned next = virtual_current;

	if (point != POINT_PAUSE && !virtual_cpu[next].paused)
		return next;
	do
		next = (next + 1) % virtual_cpus;
	while (virtual_cpu[next].done);
	return next;
}

static void note(struct virtual_cpu *self, enum explore_point point, uint64_t word)
{
	if (self->wrote)
		explore_changed(self->wrote); /* now it can be seen */
	self->wrote = point == POINT_CHANGE ? word : 0;
	if (point != POINT_CHANGE && point != POINT_PAUSE)
		self->read |= bit_of(word);
	self->looks = point == POINT_CHANGE ? 0 : self->looks + 1;
	if (point == POINT_PAUSE || self->looks > LOOKS_MAX) {
		self->paused = point != POINT_PAUSE || !self->outdated;
		self->looks = 0;
	}
}

bool explore_watching(void)
{
	return explore_on && !lost && !panic_begun();
}

void explore_at(enum explore_point point, uint64_t word)
{
	struct virtual_cpu *self = &virtual_cpu[virtual_current];
	unsigned next;

	if (lost || panic_begun())
		return;
	points++;
	note(self, point, word);
	if (explore_on && points - began > POINTS_MAX) {
		lost = true;
		kt_stop("explored: no end after a million points", __FILE__, __LINE__);
	}
	if ((self->paused || self->done) && everybody_waits())
		look_again();
	next = explore_on ? explore_choose(point, word) : in_turn(point);
	if (next != virtual_current)
		switch_to(next);
	self->paused = false;
	if (point == POINT_PAUSE) {
		self->read = 0;
		self->outdated = false;
	}
}

void explore_pause(void)
{
	cpu_pause();
	if (virtual_cpus)
		explore_at(POINT_PAUSE, 0);
}

/* --- virtual processors -------------------------------------------------------------- */

/* Where each begins, on its own stack. */
_Noreturn static void enter(void)
{
	if (!bare)
		sched_cpu_enter();
	bare(virtual_current);
	virtual_cpu[virtual_current].done = true;
	for (;;)
		explore_at(POINT_PAUSE, 0);
}

/* What `leave` takes from a stack: the address to go on at, where the stack pointer is 16 n + 8. */
static void lay_frame(unsigned cpu)
{
	uint64_t *top = smp_idle_stack(cpu);

	*--top = 0;
	*--top = (uint64_t)enter;
	virtual_cpu[cpu] = (struct virtual_cpu){ .rsp = (uint64_t)top };
}

/* What they need is theirs for good: it is no leak of the test. */
static void make(unsigned cpus)
{
	assert(cpus >= 2 && cpus <= EXPLORE_CPUS && !virtual_cpus && percpu_count == 1);
	irq_save(); /* for good: what comes when it likes cannot be explored */
	if (thread_interrupts)
		sched_poll(); /* none comes to a virtual processor that halts */
	thread_interrupts = false;
	clock_set_source(explore_clock);
	for (unsigned cpu = 1; cpu < cpus; cpu++) {
		KT_REQUIRE(smp_prepare(cpu) == 0);
		lay_frame(cpu);
	}
	virtual_cpus = cpus;
	if (!bare)
		explore_at(POINT_PAUSE, 0); /* let each of them enter the scheduler */
	leaks_begin();
}

/* Half of the seeds are always the same, half of them are the run's own. */
static uint64_t seed_of(unsigned number, unsigned schedules)
{
	return number < schedules / 2 ? number : kt_random();
}

__attribute__((noinline)) void explore_reached(unsigned number)
{
	asm volatile("" : : "r"(number));
}

static void begin(unsigned schedules)
{
	int64_t asked = cmdline_number("schedule", -1);

	if (asked == (int64_t)schedule)
		explore_reached(schedule);
	if (asked >= 0 && asked < (int64_t)schedule)
		trace_stop(); /* the picture is one of the schedule that was asked for */
	began = points;
	explore_draw(seed_of(schedule, schedules), schedule);
	clocks_reset();
	explore_on = !prepares;
	trace_mark(TRACE_BEGINS);
}

void explore_here(void)
{
	if (!virtual_cpus)
		return;
	prepares = true;
	if (explore_on)
		return;
	began = points;
	trace_mark(TRACE_BEGINS);
	explore_on = true;
	clocks_reset();
}

static bool others_done(void)
{
	for (unsigned cpu = 1; cpu < virtual_cpus; cpu++)
		if (!virtual_cpu[cpu].done)
			return false;
	return true;
}

/* When all have waited in turn and nobody has changed anything, they have nothing to do. */
void explore_wait_idle(void)
{
	stuck = 0;
	do
		explore_at(POINT_PAUSE, 0);
	while (bare ? !others_done() : stuck < 2);
}

void explore(unsigned cpus, unsigned schedules, void (*once)(void))
{
	if (!virtual_cpus)
		make(cpus);
	assert(!bare && virtual_cpus == cpus);
	prepares = false;
	for (schedule = 0; schedule < schedules && !kt_failures(); schedule++) {
		begin(schedules);
		once();
		sched_settle();
		explore_wait_idle();
		explore_on = false;
	}
	schedule--;
}

void explore_bare(unsigned cpus, unsigned schedules, void (*before)(void),
	void (*run)(unsigned cpu), void (*after)(void))
{
	bare = run;
	make(cpus);
	for (schedule = 0; schedule < schedules && !kt_failures(); schedule++) {
		for (unsigned cpu = 1; cpu < cpus; cpu++)
			lay_frame(cpu);
		if (before)
			before();
		begin(schedules);
		run(0);
		explore_wait_idle();
		explore_on = false;
		if (after)
			after();
	}
	schedule--;
}
