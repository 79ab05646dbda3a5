/*
 * The clock: it never falls, and goes as fast as others do. Those are QEMU's: the HPET
 * counts virtual time, 100 million times a second. Floor: given code.
 */
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab2-memory/pagetable/areas.h"
#include "lab3-threads/cpu/clock.h"

#define HPET         0xfed00000 /* IA-PC HPET specification 1.0a, section 2.3 */
#define HPET_ENABLE  (0x10 / 8)
#define HPET_COUNTER (0xf0 / 8)

KTEST(clock_never_falls, "", "the clock never falls, and gets on")
{
	uint64_t before = clock_ns(), first = before, now;

	for (int i = 0; i < 200000; i++) {
		now = clock_ns();
		KT_TRUE(now >= before);
		before = now;
	}
	KT_TRUE(before > first);
}

KTEST(clock_waits, "", "a wait takes as long as was asked for, or longer")
{
	static const uint64_t times[] = { 0, 1, 999, 20000, 3000000 };

	for (unsigned i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		uint64_t before = clock_ns();

		clock_wait(times[i]);
		KT_TRUE(clock_ns() - before >= times[i]);
	}
}

KTEST(clock_in_cycles, "",
	"the time-stamp counter counts as many cycles in a time as was said, or one less")
{
	uint64_t before = rdtsc(), began = clock_ns(), took;

	while (rdtsc() - before < clock_cycles(5000000))
		CPU_PAUSE();
	took = clock_ns() - began;
	KT_TRUE(took > 4990000 && took < 6000000);
	KT_TRUE(clock_cycles(1) > 0);
	KT_EQ(clock_cycles(UINT64_MAX), 1ul << 62);
}

/* What both show at one moment: of several looks the one that took the least time. */
static void look(volatile uint64_t *hpet, uint64_t both[2])
{
	uint64_t least = UINT64_MAX;

	for (int tries = 0; tries < 8; tries++) {
		uint64_t before = clock_ns(), ticks = hpet[HPET_COUNTER];
		uint64_t took = clock_ns() - before;

		if (took < least) {
			least = took;
			both[0] = before + took / 2;
			both[1] = ticks;
		}
	}
}

/* Replies what both clocks show, at moments that are some milliseconds apart. */
KPROBE(clock_and_hpet)
{
	volatile uint64_t *hpet = area_map(HPET, 0x400);

	KT_REQUIRE(hpet);
	hpet[HPET_ENABLE] = 1;
	for (int i = 0; i < 20; i++) {
		uint64_t both[2];

		look(hpet, both);
		kt_reply_hex(both, sizeof(both));
		clock_wait(5000000);
	}
	area_free(hpet);
}
