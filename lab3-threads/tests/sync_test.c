/*
 * Semaphores, barriers and completions: what each promises, and that it holds in many
 * schedules.
 */
#include "lab2-memory/slab/kmalloc.h"
#include "lab3-threads/explore/explore.h"
#include "lab3-threads/lock/barrier.h"
#include "lab3-threads/lock/completion.h"
#include "lab3-threads/lock/semaphore.h"
#include "lab3-threads/tests/crew.h"
#include <linux/errno.h>

#define SCHEDULES 50

/* --- semaphores -------------------------------------------------------------------- */

static struct semaphore semaphore;

KTEST(semaphore_counts, "", "as many units can be taken as there are", .needs = "3.3 3.4")
{
	struct semaphore three = SEMAPHORE_INIT(three, "test", 3);

	for (int i = 0; i < 2; i++)
		KT_TRUE(semaphore_try(&three));
	KT_EQ(semaphore_down(&three, 0), 0);
	KT_TRUE(!semaphore_try(&three));
	semaphore_up(&three);
	semaphore_up(&three);
	KT_EQ(semaphore_down(&three, WAIT_INTERRUPTIBLE), 0);
	KT_TRUE(semaphore_try(&three));
	KT_TRUE(!semaphore_try(&three));
}

static unsigned inside, most_inside; /* [a] */

/* Enter and leave twice. */
static void visit(void *unused)
{
	(void)unused;
	for (int i = 0; i < 2; i++) {
		KT_EQ(semaphore_down(&semaphore, 0), 0);
		unsigned now = __atomic_add_fetch(&inside, 1, __ATOMIC_RELAXED);

		if (now > __atomic_load_n(&most_inside, __ATOMIC_RELAXED))
			__atomic_store_n(&most_inside, now, __ATOMIC_RELAXED);
		__atomic_sub_fetch(&inside, 1, __ATOMIC_RELAXED);
		semaphore_up(&semaphore);
	}
}

static void three_visitors_for_two(void)
{
	most_inside = 0;
	semaphore_init(&semaphore, "test", 2);
	for (int i = 0; i < 3; i++)
		crew_start(visit, NULL);
	crew_join();
	KT_TRUE(most_inside >= 1 && most_inside <= 2);
	KT_TRUE(semaphore_try(&semaphore) && semaphore_try(&semaphore));
	KT_TRUE(!semaphore_try(&semaphore));
}

KTEST(semaphore_lets_in_so_many, "", "no more threads are inside than there are units",
	.needs = "3.1 3.2 3.3 3.4", .limit = 20)
{
	explore(2, SCHEDULES, three_visitors_for_two);
}

static unsigned guarded; /* by the semaphore, with a single unit: no two may touch it at once */

static void count_guarded(void *unused)
{
	(void)unused;
	for (int i = 0; i < 2; i++) {
		semaphore_down(&semaphore, 0);
		guarded++;
		semaphore_up(&semaphore);
	}
}

static void three_count(void)
{
	guarded = 0;
	semaphore_init(&semaphore, "test", 1);
	for (int i = 0; i < 3; i++)
		crew_start(count_guarded, NULL);
	crew_join();
	KT_EQ(guarded, 6);
}

KTEST(semaphore_excludes, "", "a semaphore with one unit serves as a lock",
	.needs = "3.1 3.2 3.3 3.4", .limit = 20)
{
	explore(2, SCHEDULES, three_count);
}

static int result[3];
static unsigned order[3], ended; /* [a] */

static void take_one(void *argument)
{
	uint64_t number = (uint64_t)argument;

	result[number] = semaphore_down(&semaphore, number == 1 ? WAIT_INTERRUPTIBLE : 0);
	order[__atomic_fetch_add(&ended, 1, __ATOMIC_RELAXED)] = (unsigned)number;
}

KTEST(semaphore_takes_turns, "",
	"a unit goes to who waits longest, past nobody; an interrupt ends an interruptible wait",
	.needs = "3.1 3.2 3.3 3.4", .limit = 20)
{
	semaphore_init(&semaphore, "test", 0);
	for (uint64_t i = 0; i < 3; i++) {
		crew_start(take_one, (void *)i);
		UNTIL(waiting(&semaphore.queue) == i + 1);
	}
	thread_interrupt(crew[0]);
	thread_interrupt(crew[1]);
	UNTIL(__atomic_load_n(&ended, __ATOMIC_RELAXED) == 1);
	semaphore_up(&semaphore);
	KT_TRUE(!semaphore_try(&semaphore)); /* it is another's already */
	UNTIL(__atomic_load_n(&ended, __ATOMIC_RELAXED) == 2);
	semaphore_up(&semaphore);
	KT_TRUE(!semaphore_try(&semaphore));
	crew_join();
	KT_TRUE(order[0] == 1 && order[1] == 0 && order[2] == 2);
	KT_TRUE(result[0] == 0 && result[1] == -EINTR && result[2] == 0);
}

/* One unit, and a thread that waits for it, or is interrupted: it is not lost. */
static void unit_or_interrupt(void)
{
	ended = 0;
	semaphore_init(&semaphore, "test", 0);
	crew_start(take_one, (void *)1ul);
	thread_interrupt(crew[0]);
	semaphore_up(&semaphore);
	crew_join();
	KT_EQ(semaphore_try(&semaphore), result[1] == -EINTR);
}

KTEST(semaphore_or_interrupt, "", "an interrupt that meets a unit does not lose it",
	.needs = "3.1 3.2 3.3 3.4", .limit = 20)
{
	explore(2, SCHEDULES, unit_or_interrupt);
}

/* --- barriers ---------------------------------------------------------------------- */

#define ROUNDS 3
#define CELLS  3

static struct barrier barrier;
static unsigned cell[ROUNDS + 1][CELLS]; /* a row is written before a barrier and read behind it */
static unsigned firsts[CELLS];

/* A cell of each row is the sum of its neighbours in the row before. */
static void compute(void *argument)
{
	uint64_t me = (uint64_t)argument;

	for (unsigned round = 0; round < ROUNDS; round++) {
		const unsigned *row = cell[round];

		cell[round + 1][me] = row[(me + 1) % CELLS] + row[(me + CELLS - 1) % CELLS] + 1;
		firsts[me] += barrier_wait(&barrier);
	}
}

static void compute_together(void)
{
	barrier_init(&barrier, "test", CELLS);
	for (unsigned i = 0; i < CELLS; i++) {
		firsts[i] = 0;
		cell[0][i] = i;
		for (unsigned round = 1; round <= ROUNDS; round++)
			cell[round][i] = 100; /* too early */
	}
	for (uint64_t i = 0; i < CELLS; i++)
		crew_start(compute, (void *)i);
	crew_join();
	KT_EQ(firsts[0] + firsts[1] + firsts[2], ROUNDS);
	KT_EQ(cell[3][0], 16); /* 0 1 2; 4 3 2; 6 7 8; 16 15 14 */
	KT_EQ(cell[3][1], 15);
	KT_EQ(cell[3][2], 14);
}

KTEST(barrier_holds_all, "",
	"three threads compute in steps, none ahead of another, and one of them hears of each step",
	.needs = "3.1 3.2 3.3 3.4", .limit = 20)
{
	explore(2, SCHEDULES, compute_together);
}

KTEST(barrier_of_one, "", "a barrier for a single thread holds nobody", .needs = "3.3 3.4")
{
	barrier_init(&barrier, "test", 1);
	for (int i = 0; i < 3; i++)
		KT_TRUE(barrier_wait(&barrier));
}

/* --- completions ------------------------------------------------------------------- */

KTEST(completion_before, "", "what is done before somebody waits lets as many go on",
	.needs = "3.3 3.4")
{
	struct completion done = COMPLETION_INIT(done, "test");

	KT_TRUE(!completion_try(&done));
	complete(&done);
	complete(&done);
	KT_EQ(completion_wait(&done, 0), 0);
	KT_TRUE(completion_try(&done));
	KT_TRUE(!completion_try(&done));
	complete_all(&done);
	complete(&done);
	for (int i = 0; i < 5; i++)
		KT_TRUE(completion_try(&done));
	KT_EQ(completion_wait(&done, 0), 0);
}

/* What the thread that completes writes before, and who waits reads: in memory that is freed as
 * soon as the wait is over. */
struct work {
	struct completion done;
	unsigned value;
};

static void do_work(void *argument)
{
	struct work *work = argument;

	work->value = 5;
	complete(&work->done);
}

static void work_once(void)
{
	struct work *work = kmalloc(sizeof(*work), 0);

	KT_REQUIRE(work);
	completion_init(&work->done, "test");
	work->value = 0;
	crew_start(do_work, work);
	KT_EQ(completion_wait(&work->done, 0), 0);
	KT_EQ(work->value, 5);
	kfree(work);
	crew_join();
}

KTEST(completion_can_be_freed, "", "when the wait is over the completion can be freed",
	.needs = "3.1 3.2 3.3 3.4", .limit = 20)
{
	explore(2, SCHEDULES, work_once);
}

static struct completion completion;

static void wait_for_it(void *argument)
{
	result[(uint64_t)argument] = completion_wait(&completion, WAIT_INTERRUPTIBLE);
}

static void complete_for_all(void)
{
	completion_init(&completion, "test");
	for (uint64_t i = 0; i < 3; i++)
		crew_start(wait_for_it, (void *)i);
	complete_all(&completion);
	crew_join();
	for (uint64_t i = 0; i < 3; i++)
		KT_EQ(result[i], 0);
}

KTEST(completion_for_all, "", "complete_all lets everybody go on, those who come later too",
	.needs = "3.1 3.2 3.3 3.4", .limit = 20)
{
	explore(2, SCHEDULES, complete_for_all);
}

static void completion_or_interrupt(void)
{
	completion_init(&completion, "test");
	crew_start(wait_for_it, (void *)0ul);
	crew_start(wait_for_it, (void *)1ul);
	thread_interrupt(crew[0]);
	complete(&completion);
	complete(&completion);
	crew_join();
	KT_EQ(result[1], 0);
	KT_EQ(completion_try(&completion), result[0] == -EINTR);
}

KTEST(completion_or_interrupt_race, "",
	"an interrupt that meets a completion: it lets the other one go on, or is still there",
	.needs = "3.1 3.2 3.3 3.4", .limit = 20)
{
	explore(2, SCHEDULES, completion_or_interrupt);
}
