/*
 * The local APIC's timer, once in each of its two ways: it counts down from a number at a
 * rate of its own, measured against the clock; or, where the processor can, it compares the
 * time-stamp counter with a number, which is simpler, exact, and faster to set.
 */
#include "lab4-interrupts/time/device.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab3-threads/cpu/apic.h"
#include "lab3-threads/cpu/clock.h"
#include "lab4-interrupts/trap/interrupt.h"
#include <stddef.h>

#define REGISTER_LVT     0x320
#define REGISTER_INITIAL 0x380
#define REGISTER_CURRENT 0x390
#define REGISTER_DIVIDE  0x3e0
#define DIVIDE_BY_16     0x3 /* 32 bits are a minute at 1 GHz, then */
#define LVT_MASKED       (1u << 16)
#define LVT_ONE_SHOT     (0u << 17)
#define LVT_DEADLINE     (2u << 17)

#define MSR_TSC_DEADLINE     0x6e0u
#define CPUID_1_ECX_DEADLINE (1u << 24)

#define MEASURED 2000000ul /* nanoseconds */
#define TRIES    8         /* for each moment */
#define SHIFT    32        /* counts are nanoseconds * rate >> SHIFT */

static uint64_t rate; /* [I] */

/* --- counting ------------------------------------------------------------------------ */

struct moment {
	uint64_t ns;
	uint32_t count;
};

/* An emulator may be held up by its host: the best of several is the one that took least. */
static struct moment look(void)
{
	struct moment best = { 0, 0 };
	uint64_t least = UINT64_MAX;

	for (int tries = 0; tries < TRIES; tries++) {
		uint64_t before = clock_ns();
		uint32_t count = apic_read(REGISTER_CURRENT);
		uint64_t took = clock_ns() - before;

		if (took < least) {
			least = took;
			best = (struct moment){ before + took / 2, count };
		}
	}
	return best;
}

/* How many counts there are in 2^SHIFT nanoseconds; 0: it does not count. */
static uint64_t calibrate(void)
{
	struct moment first, last;

	apic_write(REGISTER_LVT, VECTOR_TIMER | LVT_ONE_SHOT | LVT_MASKED);
	apic_write(REGISTER_DIVIDE, DIVIDE_BY_16);
	apic_write(REGISTER_INITIAL, UINT32_MAX);
	first = look();
	clock_wait(MEASURED);
	last = look();
	apic_write(REGISTER_INITIAL, 0);
	return ((uint64_t)(first.count - last.count) << SHIFT) / (last.ns - first.ns);
}

static void count_start(void)
{
	apic_write(REGISTER_LVT, VECTOR_TIMER | LVT_ONE_SHOT);
	apic_write(REGISTER_DIVIDE, DIVIDE_BY_16);
}

static void count_set(uint64_t moment)
{
	uint64_t now = clock_ns(), ns = moment > now ? moment - now : 0;
	unsigned __int128 count = ((unsigned __int128)ns * rate >> SHIFT) + 1; /* 0 would stop it */

	apic_write(REGISTER_INITIAL, count > UINT32_MAX ? UINT32_MAX : (uint32_t)count);
}

static const struct timer_device counting = { "APIC, counting", count_start, count_set };

/* --- comparing ----------------------------------------------------------------------- */

static void compare_start(void)
{
	apic_write(REGISTER_LVT, VECTOR_TIMER | LVT_DEADLINE);
	asm volatile("mfence" : : : "memory"); /* before any WRMSR: SDM 11.5.4.1 */
}

/* 0 would turn it off; no counter is so low. */
static void compare_set(uint64_t moment)
{
	uint64_t now = clock_ns();

	wrmsr(MSR_TSC_DEADLINE, rdtsc() + clock_cycles(moment > now ? moment - now : 0));
}

static const struct timer_device comparing = { "APIC, TSC deadline", compare_start, compare_set };

/* --- which --------------------------------------------------------------------------- */

const struct timer_device *timer_device_find(void)
{
	if (!interrupts_work())
		return NULL;
	if (cpuid(1, 0).ecx & CPUID_1_ECX_DEADLINE)
		return &comparing;
	rate = calibrate();
	return rate ? &counting : NULL;
}
