/*
 * Exercise 3.6: readers and writers that come and go at the same moment, in many
 * interleavings. A reader that is inside together with a writer is a data race, and one
 * that nobody lets in a deadlock: the explorer finds both.
 */
#include "lab1-boot/lock/mutex.h"
#include "lab3-threads/explore/explore.h"
#include "lab3-threads/tests/crew.h"

#define SCHEDULES 60

static struct rwlock lock = RWLOCK_INIT(lock, "tested");
static unsigned value[2]; /* [lock] equal, unless somebody writes */

static void write_once(void)
{
	rwlock_write(&lock);
	value[0]++;
	value[1]++;
	rwlock_write_done(&lock);
}

static void read_once(void)
{
	rwlock_read(&lock);
	KT_EQ(value[0], value[1]);
	rwlock_read_done(&lock);
}

static void writes_and_reads(void *unused)
{
	(void)unused;
	write_once();
	read_once();
	write_once();
}

static void reads_and_writes(void *unused)
{
	(void)unused;
	read_once();
	read_once();
	write_once();
}

static void all_at_once(void)
{
	value[0] = value[1] = 0;
	for (unsigned i = 0; i < 2; i++) {
		crew_start(writes_and_reads, NULL);
		crew_start(reads_and_writes, NULL);
	}
	crew_join();
	KT_EQ(value[0], 6);
	KT_EQ(lock.readers, 0);
	KT_TRUE(!lock.writing && !lock.owner && list_empty(&lock.waiters));
}

KTEST(rwlock_excludes, "3.6", "a writer is alone, in every schedule", .limit = 20)
{
	explore(3, SCHEDULES, all_at_once);
}

/* --- one leaves, one waits, and others come ---------------------------------------------- */

static unsigned how_many_wait(void)
{
	unsigned waiters = 0;

	spin_lock(&lock.guard);
	list_each (link, &lock.waiters)
		waiters++;
	spin_unlock(&lock.guard);
	return waiters;
}

static struct thread *late[2];

static void make_late(void (*run)(void *))
{
	for (unsigned i = 0; i < 2; i++)
		KT_REQUIRE(late[i] = thread_create("late", run, NULL));
}

static void start_late(void)
{
	for (unsigned i = 0; i < 2; i++)
		thread_start(late[i]);
}

static void join_late(void)
{
	for (unsigned i = 0; i < 2; i++)
		thread_join(late[i]);
	crew_join();
}

static void writes(void *unused)
{
	(void)unused;
	write_once();
}

/* The writer waited before it came, and has written by now. */
static void reads_late(void *unused)
{
	(void)unused;
	rwlock_read(&lock);
	KT_EQ(value[1], 1);
	rwlock_read_done(&lock);
}

static void writer_before_late_readers(void)
{
	value[0] = value[1] = 0;
	make_late(reads_late);
	rwlock_read(&lock);
	crew_start(writes, NULL);
	UNTIL(how_many_wait() == 1);
	explore_here();
	start_late();
	rwlock_read_done(&lock);
	join_late();
}

KTEST(rwlock_writer_waits_for_no_late_reader, "3.6",
	"no reader overtakes a writer that waits, in whatever moment it comes", .limit = 20)
{
	explore(3, SCHEDULES, writer_before_late_readers);
}

static unsigned have_read; /* [a] */

static void reads(void *unused)
{
	(void)unused;
	rwlock_read(&lock);
	__atomic_fetch_add(&have_read, 1, __ATOMIC_RELAXED);
	rwlock_read_done(&lock);
}

static void writes_late(void *unused)
{
	(void)unused;
	rwlock_write(&lock);
	KT_EQ(__atomic_load_n(&have_read, __ATOMIC_RELAXED), 2);
	rwlock_write_done(&lock);
}

static void readers_before_late_writers(void)
{
	__atomic_store_n(&have_read, 0, __ATOMIC_RELAXED);
	make_late(writes_late);
	rwlock_write(&lock);
	crew_start(reads, NULL);
	crew_start(reads, NULL);
	UNTIL(how_many_wait() == 2);
	explore_here();
	start_late();
	rwlock_write_done(&lock);
	join_late();
}

KTEST(rwlock_readers_wait_for_no_late_writer, "3.6",
	"no writer overtakes readers that wait, in whatever moment it comes", .limit = 20)
{
	explore(3, SCHEDULES, readers_before_late_writers);
}

/* --- in parallel ------------------------------------------------------------------------- */

#define ROUNDS 150
#define CREW   6

static void storms(void *argument)
{
	unsigned state = (unsigned)(uint64_t)argument;

	for (unsigned round = 0; round < ROUNDS; round++) {
		state = state * 1664525 + 1013904223;
		if (state >> 16 & 3)
			read_once();
		else
			write_once();
		if (state >> 18 & 1)
			sched_yield();
	}
}

KPROBE(rwlock_storm)
{
	for (unsigned i = 0; i < CREW; i++)
		crew_start(storms, (void *)(kt_random() | 1));
	crew_join();
	KT_EQ(value[0], value[1]);
	KT_EQ(lock.readers, 0);
	KT_TRUE(!lock.writing && !lock.owner && list_empty(&lock.waiters));
}
