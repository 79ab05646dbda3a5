/*
 * Sequence locks and once: what each promises, and that it holds in many schedules.
 */
#include "lab3-threads/explore/explore.h"
#include "lab3-threads/lock/once.h"
#include "lab3-threads/lock/seqlock.h"
#include "lab3-threads/tests/crew.h"

#define SCHEDULES 50
#define NEEDS     .needs = "3.1 3.2 3.3 3.4", .limit = 20

/* --- sequence locks ---------------------------------------------------------------- */

static struct seqlock seqlock = SEQLOCK_INIT("test");
static unsigned low, high; /* [seqlock]: high is 100 more */

static void write_pairs(void *unused)
{
	(void)unused;
	for (int i = 0; i < 2; i++) {
		seqlock_write(&seqlock);
		SEQLOCK_STORE(low, SEQLOCK_LOAD(low) + 1);
		KT_TRUE(__atomic_load_n(&seqlock.sequence, __ATOMIC_RELAXED) & 1);
		SEQLOCK_STORE(high, SEQLOCK_LOAD(high) + 1);
		seqlock_write_done(&seqlock);
	}
}

static void read_pairs(void *unused)
{
	unsigned last = 0;

	(void)unused;
	for (int i = 0; i < 3; i++) {
		unsigned a, b;
		uint32_t sequence;

		do {
			sequence = seqlock_read(&seqlock);
			b = SEQLOCK_LOAD(high);
			a = SEQLOCK_LOAD(low);
		} while (seqlock_changed(&seqlock, sequence));
		KT_EQ(b, a + 100);
		KT_TRUE(a >= last);
		last = a;
	}
}

static void write_and_read(void)
{
	low = 0;
	high = 100;
	seqlock_init(&seqlock, "test");
	crew_start(write_pairs, NULL);
	crew_start(read_pairs, NULL);
	crew_start(write_pairs, NULL);
	crew_join();
	KT_EQ(seqlock_read(&seqlock), 8);
	KT_EQ(low, 4);
	KT_EQ(high, 104);
}

KTEST(seqlock_shows_whole_states, "",
	"readers see words that belong together, and each change of two writers counts",
	.needs = "3.1 3.2 3.3 3.4", .limit = 20)
{
	explore(3, SCHEDULES, write_and_read);
}

KTEST(seqlock_tells_of_writers, "", "a reader hears of a writer in between", .needs = "3.3")
{
	uint32_t sequence = seqlock_read(&seqlock);

	KT_TRUE(!seqlock_changed(&seqlock, sequence));
	seqlock_write(&seqlock);
	KT_TRUE(seqlock_changed(&seqlock, sequence));
	seqlock_write_done(&seqlock);
	KT_TRUE(seqlock_changed(&seqlock, sequence));
	KT_TRUE(!seqlock_changed(&seqlock, seqlock_read(&seqlock)));
}

/* --- once -------------------------------------------------------------------------- */

static struct once once;
static unsigned prepared, times; /* by whoever is first */

static void prepare(void *argument)
{
	times++;
	sched_yield();
	prepared = *(unsigned *)argument;
}

static void use(void *unused)
{
	unsigned seven = 7;

	(void)unused;
	once_run(&once, prepare, &seven);
	KT_EQ(prepared, 7);
}

static void three_users(void)
{
	prepared = times = 0;
	once_init(&once);
	for (int i = 0; i < 3; i++)
		crew_start(use, NULL);
	use(NULL);
	crew_join();
	KT_EQ(times, 1);
}

KTEST(once_is_once, "", "one of four threads does it, and all see it done",
	.needs = "3.1 3.2 3.3 3.4", .limit = 20)
{
	explore(2, SCHEDULES, three_users);
}
