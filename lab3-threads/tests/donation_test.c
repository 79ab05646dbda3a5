/*
 * Exercise 3.9 step by step: what every worker's priority is after each thing that one of
 * them did. test_donation.py does the same with random steps.
 */
#include "lab1-boot/lib/format.h"
#include "lab3-threads/lock/condvar.h"
#include "lab3-threads/tests/donation_workers.h"

static unsigned workers;

static void begin_with(unsigned count, const unsigned *bases)
{
	workers = count;
	workers_begin(count);
	for (unsigned i = 0; i < count; i++)
		set_base(i, bases[i]);
}
/* So many workers, with these priorities of their own. */
#define BEGIN(...)                                                                                 \
	begin_with(sizeof((unsigned[]){ __VA_ARGS__ }) / sizeof(unsigned),                         \
		(unsigned[]){ __VA_ARGS__ })

static const char *priorities(void)
{
	static char text[4 * WORKERS];
	int length = 0;

	for (unsigned i = 0; i < workers; i++)
		length += ksnprintf(text + length, sizeof(text) - (size_t)length, "%s%u",
			i ? " " : "", worker[i].thread->priority);
	return text;
}
#define EXPECT(want) KT_STREQ(priorities(), want)

KTEST(donation_lends, "3.9", "who waits lends its priority to the owner, and gets it back")
{
	BEGIN(5, 20, 3);
	let_lock(0, 0);
	EXPECT("5 20 3");
	let_lock(1, 0);
	EXPECT("20 20 3");
	let_unlock(0, 0);
	EXPECT("5 20 3");
	KT_TRUE(owns(1, 0));
	let_lock(2, 0);
	EXPECT("5 20 3");
	let_unlock(1, 0);
	EXPECT("5 20 3");
	let_unlock(2, 0);
	EXPECT("5 20 3");
	workers_end();
}

KTEST(donation_highest_counts, "3.9", "of several that wait for a mutex the most urgent counts")
{
	BEGIN(5, 10, 20, 3, 15);
	let_lock(0, 0);
	let_lock(1, 0);
	EXPECT("10 10 20 3 15");
	let_lock(2, 0);
	EXPECT("20 10 20 3 15");
	let_lock(3, 0);
	EXPECT("20 10 20 3 15");
	let_lock(4, 0);
	EXPECT("20 10 20 3 15");
	let_unlock(0, 0); /* to 2, then to 4, to 1, and to 3 */
	EXPECT("5 10 20 3 15");
	let_unlock(2, 0);
	EXPECT("5 10 20 3 15");
	let_unlock(4, 0);
	let_unlock(1, 0);
	EXPECT("5 10 20 3 15");
	KT_TRUE(owns(3, 0));
	let_lock(0, 0);
	EXPECT("5 10 20 5 15");
	let_unlock(3, 0);
	EXPECT("5 10 20 3 15");
	let_unlock(0, 0);
	workers_end();
}

KTEST(donation_to_the_next_owner, "3.9", "those who still wait lend to the new owner")
{
	BEGIN(5, 20, 10, 15);
	let_lock(0, 0);
	let_lock(1, 0);
	let_lock(2, 0);
	let_unlock(0, 0);
	KT_TRUE(owns(1, 0));
	set_base(1, 1); /* less urgent than who still waits */
	EXPECT("5 10 10 15");
	let_lock(3, 0);
	EXPECT("5 15 10 15");
	let_unlock(1, 0); /* to 3 */
	EXPECT("5 1 10 15");
	set_base(3, 2);
	EXPECT("5 1 10 10");
	let_unlock(3, 0);
	EXPECT("5 1 10 2");
	let_unlock(2, 0);
	EXPECT("5 1 10 2");
	workers_end();
}

KTEST(donation_nested, "3.9", "with several mutexes, what was lent for one ends with that one")
{
	BEGIN(1, 10, 20, 15);
	for (unsigned i = 0; i < 3; i++)
		let_lock(0, i);
	for (unsigned i = 0; i < 3; i++)
		let_lock(i + 1, i);
	EXPECT("20 10 20 15");
	let_unlock(0, 1); /* the most urgent one's */
	EXPECT("15 10 20 15");
	let_unlock(0, 0); /* one that does not count */
	EXPECT("15 10 20 15");
	let_unlock(0, 2);
	EXPECT("1 10 20 15");
	for (unsigned i = 0; i < 3; i++)
		let_unlock(i + 1, i);
	EXPECT("1 10 20 15");
	workers_end();
}

KTEST(donation_kept_for_the_others, "3.9",
	"what is lent for another mutex stays when one is released that nobody waits for")
{
	BEGIN(1, 10);
	let_lock(0, 0);
	let_lock(0, 1);
	let_lock(0, 2);
	let_lock(1, 1);
	EXPECT("10 10");
	let_unlock(0, 2);
	let_unlock(0, 0);
	EXPECT("10 10");
	let_unlock(0, 1);
	EXPECT("1 10");
	let_unlock(1, 1);
	workers_end();
}

/* --- chains ------------------------------------------------------------------------------ */

/* Worker i owns mutex i and waits for that of worker i + 1; the last one does not wait. */
static void chain(unsigned length)
{
	for (unsigned i = 0; i < length; i++)
		let_lock(i, i);
	for (unsigned i = length - 1; i-- > 0;)
		let_lock(i, i + 1);
}

KTEST(donation_chain, "3.9", "a loan goes along a chain of seven owners, and back")
{
	BEGIN(1, 2, 3, 4, 5, 6, 7, 30);
	chain(7);
	EXPECT("1 2 3 4 5 6 7 30");
	let_lock(7, 0);
	EXPECT("30 30 30 30 30 30 30 30");
	let_unlock(6, 6); /* to 5 */
	EXPECT("30 30 30 30 30 30 7 30");
	let_unlock(5, 5);
	let_unlock(5, 6);
	EXPECT("30 30 30 30 30 6 7 30");
	for (unsigned i = 4; i > 0; i--) {
		let_unlock(i, i);
		let_unlock(i, i + 1);
	}
	EXPECT("30 2 3 4 5 6 7 30");
	let_unlock(0, 0);
	EXPECT("1 2 3 4 5 6 7 30");
	let_unlock(0, 1);
	let_unlock(7, 0);
	EXPECT("1 2 3 4 5 6 7 30");
	workers_end();
}

KTEST(donation_chain_grows, "3.9", "whoever joins a chain at its other end takes its loans along")
{
	BEGIN(1, 2, 3, 4, 20, 10);
	for (unsigned i = 0; i < 4; i++)
		let_lock(i, i);
	let_lock(4, 0);
	EXPECT("20 2 3 4 20 10");
	let_lock(0, 1);
	EXPECT("20 20 3 4 20 10");
	let_lock(5, 2);
	EXPECT("20 20 10 4 20 10");
	let_lock(2, 3);
	EXPECT("20 20 10 10 20 10");
	let_lock(1, 2); /* two chains become one; mutex 2 has two that wait */
	EXPECT("20 20 20 20 20 10");
	let_unlock(3, 3); /* to 2 */
	EXPECT("20 20 20 4 20 10");
	let_unlock(2, 2); /* to 1 */
	EXPECT("20 20 3 4 20 10");
	let_unlock(2, 3);
	let_unlock(1, 1); /* to 0; 5 still waits for mutex 2 */
	EXPECT("20 10 3 4 20 10");
	let_unlock(1, 2);
	EXPECT("20 2 3 4 20 10");
	let_unlock(0, 1);
	let_unlock(0, 0);
	EXPECT("1 2 3 4 20 10");
	let_unlock(4, 0);
	let_unlock(5, 2);
	workers_end();
}

KTEST(donation_urgent_in_the_middle, "3.9", "a loan passes those by who are more urgent themselves")
{
	BEGIN(1, 25, 3, 20);
	chain(3);
	EXPECT("1 25 25 20");
	let_lock(3, 0);
	EXPECT("20 25 25 20");
	set_base(1, 2); /* now they need what is lent */
	EXPECT("20 20 20 20");
	let_unlock(2, 2);
	EXPECT("20 20 3 20");
	let_unlock(1, 1);
	let_unlock(1, 2);
	let_unlock(0, 0);
	let_unlock(0, 1);
	EXPECT("1 2 3 20");
	let_unlock(3, 0);
	workers_end();
}

/* --- what changes meanwhile -------------------------------------------------------------- */

KTEST(donation_waiter_changes, "3.9", "a new priority of one that waits reaches all in the chain")
{
	BEGIN(1, 2, 3, 10, 5);
	chain(3);
	let_lock(3, 0);
	let_lock(4, 0);
	EXPECT("10 10 10 10 5");
	set_base(3, 30);
	EXPECT("30 30 30 30 5");
	set_base(3, 4); /* now the other one counts */
	EXPECT("5 5 5 4 5");
	set_base(4, 0);
	EXPECT("4 4 4 4 0");
	set_base(3, 0);
	EXPECT("1 2 3 0 0");
	set_base(1, 9);
	EXPECT("1 9 9 0 0");
	set_base(3, 7);
	EXPECT("7 9 9 7 0");
	for (unsigned i = 2; i > 0; i--) {
		let_unlock(i, i);
		if (i < 2)
			let_unlock(i, i + 1);
	}
	let_unlock(0, 0);
	let_unlock(0, 1);
	let_unlock(3, 0);
	let_unlock(4, 0);
	EXPECT("1 9 3 7 0");
	workers_end();
}

KTEST(donation_owner_changes, "3.9", "an owner's own new priority counts as soon as it is higher")
{
	BEGIN(5, 20);
	let_lock(0, 0);
	let_lock(1, 0);
	set_base(0, 10);
	EXPECT("20 20");
	set_base(0, 25);
	EXPECT("25 20");
	set_base(0, 8);
	EXPECT("20 20");
	let_unlock(0, 0);
	EXPECT("8 20");
	let_unlock(1, 0);
	workers_end();
}

KTEST(donation_not_interrupted, "3.9",
	"thread_interrupt ends neither waiting for a mutex nor a loan")
{
	BEGIN(5, 20);
	let_lock(0, 0);
	let_lock(1, 0);
	thread_interrupt(worker[1].thread);
	workers_settle();
	EXPECT("20 20");
	KT_TRUE(owns(0, 0) && worker[1].busy);
	let_unlock(0, 0);
	EXPECT("5 20");
	KT_TRUE(owns(1, 0));
	let_unlock(1, 0);
	workers_end();
}

static void do_try(unsigned self, unsigned number)
{
	(void)self;
	KT_TRUE(mutex_trylock(&mutex[number]));
}

KTEST(donation_to_who_did_not_wait, "3.9", "who took the mutex without waiting is lent to as well")
{
	BEGIN(5, 20);
	worker_do(0, do_try, 0);
	let_lock(1, 0);
	EXPECT("20 20");
	let_unlock(0, 0);
	EXPECT("5 20");
	let_unlock(1, 0);
	workers_end();
}

/* --- condition variables ----------------------------------------------------------------- */

static struct condvar condvar = CONDVAR_INIT(condvar, "tested");

static void do_wait(unsigned self, unsigned number)
{
	(void)self;
	condvar_wait(&condvar, &mutex[number], 0);
}

static void do_signal(unsigned self, unsigned unused)
{
	(void)self, (void)unused;
	condvar_signal(&condvar);
}

KTEST(donation_condvar, "3.9", "who waits for a condition lends nothing, but to come back it does",
	.needs = "3.4")
{
	BEGIN(5, 20);
	let_lock(1, 0);
	worker_do(1, do_wait, 0);
	let_lock(0, 0);
	EXPECT("5 20");
	worker_do(0, do_signal, 0); /* now 1 waits for the mutex */
	EXPECT("20 20");
	let_unlock(0, 0);
	EXPECT("5 20");
	KT_TRUE(owns(1, 0));
	let_unlock(1, 0);
	workers_end();
}

KTEST(donation_given_up_in_wait, "3.9", "waiting for a condition gives back what was lent",
	.needs = "3.4")
{
	BEGIN(5, 20);
	let_lock(0, 0);
	let_lock(1, 0);
	EXPECT("20 20");
	worker_do(0, do_wait, 0);
	EXPECT("5 20");
	KT_TRUE(owns(1, 0));
	set_base(1, 1);
	worker_do(1, do_signal, 0);
	EXPECT("5 5");
	let_unlock(1, 0);
	EXPECT("5 1");
	let_unlock(0, 0);
	workers_end();
}
