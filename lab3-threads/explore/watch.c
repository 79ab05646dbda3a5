/* Notes of what is about to be accessed: see watch.h. */
#include "lab3-threads/explore/watch.h"
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/cpu/percpu.h"
#include "lab1-boot/debug/backtrace.h"
#include "lab1-boot/debug/panic.h"

#define ONE_IN      2000 /* plain accesses, about, is watched */
#define WAIT_PAUSES 300

#ifdef RACE
bool watch_on = true;
#else
bool watch_on = false;
#endif

/*
 * A processor's note. It is free (0), or made and read as its state says; who has found it in his
 * way makes it FOUND, and its owner then stays where it is.
 */
enum { NOTE_NONE, NOTE_MADE, NOTE_FOUND };

struct note {
	unsigned state; /* [a] */
	/* [a] of the owner while there is none */
	uint64_t address, bytes;
	bool write;
	const uint64_t *frame; /* [I] while MADE */
};

static struct note notes[CPUS_MAX];
static PERCPU(unsigned, until_next) = 1;
static PERCPU(unsigned, noise) = 1;
static PERCPU(bool, inside);

/* --- reports ------------------------------------------------------------------------- */

static void tell(unsigned cpu, bool write, const uint64_t *frame)
{
	kprintf("processor %u %s it in:\n", cpu, write ? "writes" : "reads");
	backtrace_print(frame[1], frame[0]);
}

_Noreturn static void race(uint64_t address, bool write, const uint64_t *frame,
	const struct note *other, unsigned their_cpu)
{
	panic_begin();
	kprintf("\n");
	tell(this_cpu(cpu_number), write, frame);
	if (other)
		tell(their_cpu, other->write, other->frame);
	else
		kprintf("and somebody whose code is not watched wrote to it\n");
	panic("data race at 0x%lx", address);
}

/* --- looking and leaving notes ------------------------------------------------------- */

static uint64_t load(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

/* Whether this is in the way of another processor's note; does not return then. */
static void look(uint64_t address, size_t bytes, bool write, const uint64_t *frame)
{
	for (unsigned cpu = 0; cpu < percpu_count; cpu++) {
		struct note *note = &notes[cpu];
		unsigned made = NOTE_MADE;

		if (__atomic_load_n(&note->state, __ATOMIC_ACQUIRE) != NOTE_MADE)
			continue;
		if (load(&note->address) >= address + bytes ||
			address >= load(&note->address) + load(&note->bytes))
			continue;
		if (!write && !__atomic_load_n(&note->write, __ATOMIC_RELAXED))
			continue;
		if (__atomic_compare_exchange_n(&note->state, &made, NOTE_FOUND, false,
			    __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			race(address, write, frame, note, cpu);
	}
}

/* A hash of the bytes: whether they have changed. */
static uint64_t content(uint64_t address, size_t bytes)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < bytes && i < 16; i++)
		sum = sum * 257 + *(volatile uint8_t *)(address + i);
	return sum;
}

static void wait_with_note(uint64_t address, size_t bytes, bool write, const uint64_t *frame)
{
	struct note *note = &notes[this_cpu(cpu_number)];
	uint64_t was = content(address, bytes);
	unsigned made = NOTE_MADE;
	bool changed;

	__atomic_store_n(&note->address, address, __ATOMIC_RELAXED);
	__atomic_store_n(&note->bytes, bytes, __ATOMIC_RELAXED);
	__atomic_store_n(&note->write, write, __ATOMIC_RELAXED);
	note->frame = frame;
	__atomic_store_n(&note->state, NOTE_MADE, __ATOMIC_RELEASE);
	for (int i = 0; i < WAIT_PAUSES; i++)
		asm volatile("pause");
	changed = content(address, bytes) != was;
	if (!__atomic_compare_exchange_n(
		    &note->state, &made, NOTE_NONE, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		cpu_stop(); /* found: the other one tells */
	if (changed)
		race(address, write, frame, NULL, 0);
}

static unsigned next_time(void)
{
	this_cpu(noise) = this_cpu(noise) * 1664525 + 1013904223;
	return 1 + (this_cpu(noise) >> 8) % (2 * ONE_IN);
}

/* Whether there can be a race at all: others run, and nobody has panicked. */
static bool matters(void)
{
	return __atomic_load_n(&percpu_count, __ATOMIC_RELAXED) > 1 && !panic_begun();
}

/* With interrupts off: a handler would look, too, and who gives way could go on elsewhere. */
void watch_plain(uint64_t address, size_t bytes, bool write, const uint64_t *frame)
{
	uint64_t flags;

	if (!matters() || this_cpu(inside))
		return;
	flags = irq_save();
	this_cpu(inside) = true;
	look(address, bytes, write, frame);
	if (--this_cpu(until_next) == 0) {
		this_cpu(until_next) = next_time();
		wait_with_note(address, bytes, write, frame);
	}
	this_cpu(inside) = false;
	irq_restore(flags);
}

void watch_atomic(uint64_t address, size_t bytes, bool write, const uint64_t *frame)
{
	if (matters() && !this_cpu(inside))
		look(address, bytes, write, frame);
}
