/*
 * Exercise 3.6 step by step: who is in the lock, and who waits, after each thing that one of
 * the workers did. test_rwlock.py does the same with random steps.
 */
#include "lab3-threads/tests/rwlock_workers.h"

static unsigned how_many(char letter)
{
	unsigned count = 0;

	for (const char *at = letters; *at; at++)
		count += *at == letter;
	return count;
}

/* Worker number step[0] does step[1] (see can); then all are where they should be. */
static void step_to(const char *step, const char *want, const char *file, int line)
{
	const char *writer;

	let((unsigned)(step[0] - '0'), step[1]);
	kt_same(letters, want, step, file, line);
	writer = strchr(letters, 'w');
	kt_equal(lock.readers, how_many('r'), "lock.readers", file, line);
	kt_equal(lock.writing, how_many('w'), "lock.writing", file, line);
	kt_equal((uint64_t)lock.owner, writer ? (uint64_t)worker[writer - letters].thread : 0,
		"lock.owner", file, line);
}
#define STEP(step, want) step_to(step, want, __FILE__, __LINE__)

KTEST(rwlock_readers_together, "3.6", "readers are inside together, and no writer with them")
{
	begin(5);
	STEP("0r", "r....");
	STEP("1r", "rr...");
	STEP("2r", "rrr..");
	STEP("3w", "rrrW.");
	STEP("1d", "r.rW.");
	STEP("0d", "..rW.");
	STEP("2d", "...w.");
	STEP("3d", ".....");
	workers_end();
}

KTEST(rwlock_writer_alone, "3.6", "neither a reader nor a second writer comes in to a writer")
{
	begin(3);
	STEP("0w", "w..");
	STEP("1w", "wW.");
	STEP("2r", "wWR");
	STEP("0d", ".wR");
	STEP("1d", "..r");
	STEP("2d", "...");
	STEP("2w", "..w");
	STEP("0r", "R.w");
	STEP("2d", "r..");
	STEP("0d", "...");
	workers_end();
}

KTEST(rwlock_writer_not_starved, "3.6", "readers that come after a waiting writer wait behind it")
{
	begin(5);
	STEP("0r", "r....");
	STEP("1w", "rW...");
	STEP("2r", "rWR..");
	STEP("3r", "rWRR.");
	STEP("0d", ".wRR.");
	STEP("4r", ".wRRR");
	STEP("1d", "..rrr");
	STEP("2d", "...rr");
	STEP("3d", "....r");
	STEP("4d", ".....");
	workers_end();
}

KTEST(rwlock_reader_not_starved, "3.6", "writers that come after a waiting reader wait behind it")
{
	begin(5);
	STEP("0w", "w....");
	STEP("1r", "wR...");
	STEP("2w", "wRW..");
	STEP("3w", "wRWW.");
	STEP("0d", ".rWW.");
	STEP("0w", "WrWW.");
	STEP("4r", "WrWWR");
	STEP("1d", "W.wWR");
	STEP("2d", "W..wR");
	STEP("3d", "w...R");
	STEP("0d", "....r");
	STEP("4d", ".....");
	workers_end();
}

KTEST(rwlock_batches, "3.6", "readers are let in together, up to the first writer")
{
	begin(8);
	STEP("0w", "w.......");
	STEP("1r", "wR......");
	STEP("2r", "wRR.....");
	STEP("3r", "wRRR....");
	STEP("4w", "wRRRW...");
	STEP("5r", "wRRRWR..");
	STEP("6r", "wRRRWRR.");
	STEP("7w", "wRRRWRRW");
	STEP("0d", ".rrrWRRW");
	STEP("0r", "RrrrWRRW");
	STEP("2d", "Rr.rWRRW");
	STEP("1d", "R..rWRRW");
	STEP("3d", "R...wRRW");
	STEP("4d", "R....rrW");
	STEP("5d", "R.....rW");
	STEP("6d", "R......w");
	STEP("7d", "r.......");
	STEP("0d", "........");
	workers_end();
}

KTEST(rwlock_in_order, "3.6", "writers get the lock in the order in which they came")
{
	static const unsigned order[] = { 3, 1, 6, 2, 7, 5, 4 };

	begin(8);
	let(0, 'w');
	for (unsigned i = 0; i < 7; i++)
		let(order[i], 'w');
	KT_STREQ(letters, "wWWWWWWW");
	for (unsigned i = 0, inside = 0; i < 7; inside = order[i++]) {
		let(inside, 'd');
		KT_EQ(letters[order[i]], 'w');
		KT_EQ(how_many('w'), 1);
	}
	let(4, 'd');
	KT_STREQ(letters, "........");
	workers_end();
}

/* --- what the holder may ask ------------------------------------------------------------ */

static bool held[2], write_held[2];

static void do_look(unsigned self, unsigned unused)
{
	(void)unused;
	held[self] = rwlock_held(&lock);
	write_held[self] = rwlock_write_held(&lock);
}

KTEST(rwlock_known_to_its_owner, "3.6",
	"who got the lock for writing from another one knows it, and only he")
{
	begin(2);
	STEP("0r", "r.");
	STEP("1w", "rW");
	worker_do(0, do_look, 0);
	KT_TRUE(held[0] && !write_held[0]);
	STEP("0d", ".w");
	worker_do(0, do_look, 0);
	worker_do(1, do_look, 0);
	KT_TRUE(held[1] && write_held[1] && !held[0] && !write_held[0]);
	STEP("1d", "..");
	worker_do(1, do_look, 0);
	KT_TRUE(!held[1] && !write_held[1]);
	workers_end();
}

KTEST(rwlock_written_twice, "", "who writes may not ask for the lock again",
	.panics = "rwlock tested is taken twice")
{
	rwlock_write(&lock);
	rwlock_write(&lock);
}

KTEST(rwlock_read_twice, "", "nor may who reads: a writer could come between",
	.panics = "rwlock tested is taken twice")
{
	rwlock_read(&lock);
	rwlock_read(&lock);
}
