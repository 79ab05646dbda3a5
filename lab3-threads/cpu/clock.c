/*
 * The clock: see clock.h. Channel 2 of the PIT counts down, and at two moments we note its
 * count and the time-stamp counter. An emulator may be held up at any time by its host;
 * so each moment is the best of several, the one with the least time between the two.
 */
#include "lab3-threads/cpu/clock.h"
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/cpu/io.h"
#include <stdbool.h>
#include <stddef.h>

#define PIT_HZ        1193182ul
#define PIT_CHANNEL_2 0x42
#define PIT_COMMAND   0x43
#define PIT_ONE_SHOT  0xb0 /* channel 2, low byte then high byte, mode 0 */
#define SPEAKER       0x61
#define SPEAKER_GATE  0x01 /* channel 2 counts */
#define SPEAKER_ON    0x02
#define SPEAKER_OUT   0x20 /* channel 2 has reached zero */

#define PIT_LATCH   0x80 /* keep channel 2's count until it is read */
#define PIT_FROM    0xffff
#define MEASURED    2386 /* the PIT's ticks, of which there are 65535: two milliseconds */
#define TRIES       8    /* for each moment, and for both: it must not have come to its end */
#define LOOKS_MAX   100000
#define STILL_MAX   100  /* looks in a row that show the same: it does not count */
#define LOOK_CYCLES 2000 /* between two looks: reading a port is slow in an emulator */

#define NS_PER_SECOND 1000000000ul
#define SHIFT         20 /* nanoseconds are cycles * scale >> SHIFT */
#define INVERSE_SHIFT 40 /* cycles are nanoseconds * (2^SHIFT / scale) */
#define CYCLES_MAX    (1ul << 62)

static uint64_t scale = 1ul << SHIFT; /* [I]: a cycle is a nanosecond if there is no PIT */
static uint64_t began;                /* [I] */
static bool running;                  /* [I] */
static uint64_t (*source)(void);

static void pause_cycles(uint64_t cycles)
{
	uint64_t start = rdtsc();

	while (rdtsc() - start < cycles)
		CPU_PAUSE();
}

static void pit_start(void)
{
	out8(SPEAKER, (uint8_t)((in8(SPEAKER) & ~SPEAKER_ON) | SPEAKER_GATE));
	out8(PIT_COMMAND, PIT_ONE_SHOT);
	out8(PIT_CHANNEL_2, PIT_FROM & 0xff);
	out8(PIT_CHANNEL_2, PIT_FROM >> 8);
}

/* The ticks since pit_start, as they were at its latch. */
static uint64_t pit_latched(void)
{
	uint64_t low = in8(PIT_CHANNEL_2);

	return PIT_FROM - (low | (uint64_t)in8(PIT_CHANNEL_2) << 8);
}

struct moment {
	uint64_t cycles, ticks;
};

static struct moment look(void)
{
	struct moment best = { 0, 0 };
	uint64_t least = UINT64_MAX;

	for (int tries = 0; tries < TRIES; tries++) {
		uint64_t before = rdtsc(), took, ticks;

		out8(PIT_COMMAND, PIT_LATCH);
		took = rdtsc() - before;
		ticks = pit_latched();
		if (took < least) {
			least = took;
			best = (struct moment){ before + took / 2, ticks };
		}
	}
	return best;
}

/* Two moments that are some time apart; false if the PIT does not count, or had come to its end.
 * *still: how many looks in a row have shown the same. */
static bool measure(struct moment *first, struct moment *last, unsigned *still)
{
	*still = 0;
	pit_start();
	*last = *first = look();
	for (int looks = 0; looks < LOOKS_MAX && last->ticks - first->ticks < MEASURED; looks++) {
		uint64_t before = last->ticks;

		pause_cycles(LOOK_CYCLES);
		*last = look();
		*still = last->ticks == before ? *still + 1 : 0;
		if (*still == STILL_MAX)
			return false;
	}
	return last->ticks - first->ticks >= MEASURED && !(in8(SPEAKER) & SPEAKER_OUT);
}

static uint64_t nanoseconds_of(uint64_t ticks)
{
	return ticks * NS_PER_SECOND / PIT_HZ;
}

void clock_init(void)
{
	struct moment first, last;
	unsigned still = 0;
	bool good = false;

	for (int tries = 0; tries < TRIES && !good && still < STILL_MAX; tries++)
		good = measure(&first, &last, &still);
	if (!good)
		kprintf("clock: no PIT to measure the time by; a cycle is taken for a "
			"nanosecond\n");
	else
		scale = (nanoseconds_of(last.ticks - first.ticks) << SHIFT) /
			(last.cycles - first.cycles);
	began = rdtsc();
	running = true;
}

/* This is no point of the explorer's: what is traced must go the same way as what is not. */
__attribute__((no_sanitize_thread)) uint64_t clock_ns(void)
{
	if (source)
		return source();
	if (!running)
		return 0;
	return (uint64_t)((unsigned __int128)(rdtsc() - began) * scale >> SHIFT);
}

uint64_t clock_cycles(uint64_t nanoseconds)
{
	uint64_t inverse = (1ul << (SHIFT + INVERSE_SHIFT)) / scale + 1;
	unsigned __int128 cycles = (unsigned __int128)nanoseconds * inverse >> INVERSE_SHIFT;

	return cycles < CYCLES_MAX ? (uint64_t)cycles + 1 : CYCLES_MAX;
}

void clock_wait(uint64_t nanoseconds)
{
	uint64_t start = clock_ns();

	while (clock_ns() - start < nanoseconds)
		CPU_PAUSE();
}

void clock_set_source(uint64_t (*its_source)(void))
{
	source = its_source;
}
