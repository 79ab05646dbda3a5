/*
 * The clock: see clock.h. Channel 2 of the PIT counts down once while the time-stamp
 * counter runs; its output shows at a port when it has reached zero.
 */
#include "lab3-threads/cpu/clock.h"
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

#define MEASURED    1193 /* the PIT's ticks: a millisecond */
#define TIMES       5    /* the least counts: whatever holds us up makes it longer */
#define LOOKS_MAX   100000
#define LOOK_CYCLES 2000 /* between two looks: reading a port is slow in an emulator */

#define NS_PER_SECOND 1000000000ul
#define SHIFT         20 /* nanoseconds are cycles * scale >> SHIFT */

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

/* How many cycles MEASURED ticks take; 0 if the PIT does not count. */
static uint64_t measure(void)
{
	uint64_t start;

	out8(SPEAKER, (uint8_t)((in8(SPEAKER) & ~SPEAKER_ON) | SPEAKER_GATE));
	out8(PIT_COMMAND, PIT_ONE_SHOT);
	out8(PIT_CHANNEL_2, MEASURED & 0xff);
	out8(PIT_CHANNEL_2, MEASURED >> 8);
	start = rdtsc();
	for (int looks = 0; looks < LOOKS_MAX; looks++) {
		if (in8(SPEAKER) & SPEAKER_OUT)
			return rdtsc() - start;
		pause_cycles(LOOK_CYCLES);
	}
	return 0;
}

void clock_init(void)
{
	uint64_t cycles = measure();

	for (int times = 1; cycles && times < TIMES; times++) {
		uint64_t again = measure();

		cycles = again && again < cycles ? again : cycles;
	}
	if (cycles)
		scale = ((MEASURED * NS_PER_SECOND / PIT_HZ) << SHIFT) / cycles;
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
