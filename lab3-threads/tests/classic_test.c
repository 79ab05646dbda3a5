/*
 * The classic problems of concurrency, each solved with the primitives that its authors
 * thought of, over many schedules. Invariants are checked at every step, and what is
 * shared is accessed plainly, so that the explorer sees a lock that does not lock.
 *
 * Read more: Dijkstra, "Cooperating sequential processes", EWD 123, 1965; Courtois et
 * al., CACM 14(10), 1971; Downey, "The little book of semaphores".
 */
#include "lab1-boot/lock/mutex.h"
#include "lab3-threads/explore/explore.h"
#include "lab3-threads/lock/condvar.h"
#include "lab3-threads/lock/semaphore.h"
#include "lab3-threads/order/order.h"
#include "lab3-threads/tests/crew.h"

#define SCHEDULES 50

static void *number(unsigned i)
{
	return (void *)(uint64_t)i;
}

/* --- the bounded buffer ------------------------------------------------------------ */

#define ROOM 2
#define EACH 3 /* elements of one producer */

static struct mutex mutex = MUTEX_INIT(mutex, "buffer");
static struct condvar not_full, not_empty;
static unsigned buffer[ROOM], first, count; /* [mutex] */
static unsigned taken[2];                   /* sums, of a consumer each */

static void produce(void *argument)
{
	for (unsigned i = 1; i <= EACH; i++) {
		mutex_lock(&mutex);
		while (count == ROOM)
			condvar_wait(&not_full, &mutex, 0);
		buffer[(first + count++) % ROOM] = i * (argument ? 10 : 1);
		KT_TRUE(count <= ROOM);
		condvar_signal(&not_empty);
		mutex_unlock(&mutex);
	}
}

static void consume(void *argument)
{
	for (unsigned i = 1; i <= EACH; i++) {
		mutex_lock(&mutex);
		while (count == 0)
			condvar_wait(&not_empty, &mutex, 0);
		KT_TRUE(count > 0 && count <= ROOM);
		taken[(uint64_t)argument] += buffer[first];
		first = (first + 1) % ROOM;
		count--;
		condvar_signal(&not_full);
		mutex_unlock(&mutex);
	}
}

static void produce_and_consume(void)
{
	condvar_init(&not_full, "not full");
	condvar_init(&not_empty, "not empty");
	first = count = taken[0] = taken[1] = 0;
	for (unsigned i = 0; i < 2; i++) {
		crew_start(consume, number(i));
		crew_start(produce, number(i));
	}
	crew_join();
	KT_EQ(count, 0);
	KT_EQ(taken[0] + taken[1], (1 + 2 + 3) * 11);
}

KTEST(classic_bounded_buffer, "3.5",
	"two producers and two consumers at a buffer with two places: nothing is lost, nobody "
	"waits in vain",
	.limit = 20, .needs = "3.3 3.4")
{
	explore(2, SCHEDULES, produce_and_consume);
}

/* --- dining philosophers ----------------------------------------------------------- */

#define PHILOSOPHERS 3

static struct mutex fork[PHILOSOPHERS];
static unsigned meals[PHILOSOPHERS];   /* a philosopher's own */
static unsigned used_by[PHILOSOPHERS]; /* [fork]: by whom, + 1; 0: it lies on the table */

static void pick_up(unsigned which, unsigned me)
{
	mutex_lock(&fork[which]);
	KT_EQ(used_by[which], 0);
	used_by[which] = me + 1;
}

static void lay_down(unsigned which, unsigned me)
{
	KT_EQ(used_by[which], me + 1);
	used_by[which] = 0;
	mutex_unlock(&fork[which]);
}

/* The fork with the lower number first: so there is no circle of philosophers who wait. */
static void dine(void *argument)
{
	unsigned me = (unsigned)(uint64_t)argument, next = (me + 1) % PHILOSOPHERS;
	unsigned low = me < next ? me : next, high = me < next ? next : me;

	for (int i = 0; i < 2; i++) {
		pick_up(low, me);
		pick_up(high, me);
		meals[me]++;
		lay_down(high, me);
		lay_down(low, me);
	}
}

static void philosophers(void)
{
	for (unsigned i = 0; i < PHILOSOPHERS; i++) {
		mutex_init(&fork[i], "fork");
		meals[i] = 0;
	}
	for (unsigned i = 0; i < PHILOSOPHERS; i++)
		crew_start(dine, number(i));
	crew_join();
	for (unsigned i = 0; i < PHILOSOPHERS; i++)
		KT_EQ(meals[i], 2);
}

KTEST(classic_philosophers, "3.5",
	"three philosophers share three forks: all get to eat, and no fork is used by two",
	.limit = 20, .needs = "3.3")
{
	order_by_address("fork");
	explore(2, SCHEDULES, philosophers);
}

/* --- readers and writers ----------------------------------------------------------- */

static struct rwlock library;
static unsigned page[2];  /* [library]: both are the same */
static unsigned reading;  /* [a] readers inside */
static unsigned reads[2]; /* a reader's own */

static void read_pages(void *argument)
{
	for (int i = 0; i < 2; i++) {
		rwlock_read(&library);
		__atomic_add_fetch(&reading, 1, __ATOMIC_RELAXED);
		KT_EQ(page[0], page[1]);
		reads[(uint64_t)argument]++;
		__atomic_sub_fetch(&reading, 1, __ATOMIC_RELAXED);
		rwlock_read_done(&library);
	}
}

static void write_pages(void *unused)
{
	(void)unused;
	for (int i = 0; i < 2; i++) {
		rwlock_write(&library);
		KT_EQ(__atomic_load_n(&reading, __ATOMIC_RELAXED), 0);
		page[0]++;
		page[1]++;
		rwlock_write_done(&library);
	}
}

static void readers_and_writers(void)
{
	rwlock_init(&library, "library");
	page[0] = page[1] = reads[0] = reads[1] = 0;
	for (unsigned i = 0; i < 2; i++) {
		crew_start(read_pages, number(i));
		crew_start(write_pages, NULL);
	}
	crew_join();
	KT_EQ(page[0], 4);
	KT_EQ(page[1], 4);
	KT_EQ(reads[0] + reads[1], 4);
}

KTEST(classic_readers_writers, "3.6",
	"two readers and two writers: a writer is alone, and nobody sees half of a change",
	.limit = 20, .needs = "3.2")
{
	explore(2, SCHEDULES, readers_and_writers);
}

/* --- the sleeping barber ----------------------------------------------------------- */

#define CHAIRS    1 /* in the waiting room */
#define CUSTOMERS 3

static struct semaphore room, customers, barber, finished;
static unsigned waiting_here;      /* [room] */
static unsigned cuts, turned_away; /* [room] */
static bool in_the_chair;          /* who is served */
static bool closing;               /* [room] */

static void cut_hair(void *unused)
{
	bool more = true;

	(void)unused;
	while (more) {
		semaphore_down(&customers, 0); /* sleeps in his chair */
		semaphore_down(&room, 0);
		more = !closing || waiting_here > 0;
		if (waiting_here > 0) {
			waiting_here--;
			semaphore_up(&barber);
			cuts++;
			semaphore_up(&room);
			semaphore_down(&finished, 0);
		} else {
			semaphore_up(&room);
		}
	}
}

static void visit_barber(void *unused)
{
	(void)unused;
	semaphore_down(&room, 0);
	if (waiting_here == CHAIRS) {
		turned_away++;
		semaphore_up(&room);
		return;
	}
	waiting_here++;
	semaphore_up(&customers);
	semaphore_up(&room);
	semaphore_down(&barber, 0);
	KT_TRUE(!in_the_chair); /* the one before has left it */
	in_the_chair = true;
	in_the_chair = false;
	semaphore_up(&finished);
}

static void barber_shop(void)
{
	semaphore_init(&room, "room", 1);
	semaphore_init(&customers, "customers", 0);
	semaphore_init(&barber, "barber", 0);
	semaphore_init(&finished, "finished", 0);
	cuts = turned_away = waiting_here = 0;
	closing = false;
	crew_start(cut_hair, NULL);
	for (int i = 0; i < CUSTOMERS; i++)
		crew_start(visit_barber, NULL);
	for (int i = 0; i < CUSTOMERS; i++)
		crew_join_last();
	semaphore_down(&room, 0);
	closing = true;
	semaphore_up(&room);
	semaphore_up(&customers);
	crew_join();
	KT_EQ(cuts + turned_away, CUSTOMERS);
	KT_TRUE(cuts >= 1);
	KT_EQ(waiting_here, 0);
}

KTEST(classic_sleeping_barber, "",
	"a barber and three customers for one chair: each is served or turned away, one at a time",
	.limit = 20, .needs = "3.1 3.2 3.3 3.4")
{
	explore(2, SCHEDULES, barber_shop);
}
