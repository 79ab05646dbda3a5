/*
 * Workers at one reader-writer lock, and their state in letters, one for each: "rrW." says
 * that the first two read, the third waits for writing, and the fourth has nothing to do
 * with the lock.
 */
#pragma once
#include "lab1-boot/lib/string.h"
#include "lab1-boot/lock/mutex.h"
#include "lab3-threads/tests/workers.h"

static struct rwlock lock = RWLOCK_INIT(lock, "tested");
static char letters[WORKERS + 1]; /* ended by the number of workers */

static void begin(unsigned workers)
{
	workers_begin(workers);
	memset(letters, '.', workers);
}

static void do_read(unsigned self, unsigned unused)
{
	(void)unused;
	letters[self] = 'R';
	rwlock_read(&lock);
	letters[self] = 'r';
}

static void do_write(unsigned self, unsigned unused)
{
	(void)unused;
	letters[self] = 'W';
	rwlock_write(&lock);
	letters[self] = 'w';
}

static void do_leave(unsigned self, unsigned unused)
{
	bool writes = letters[self] == 'w';

	(void)unused;
	letters[self] = '.';
	if (writes)
		rwlock_write_done(&lock);
	else
		rwlock_read_done(&lock);
}

/* Whether it can do that: ask for reading ('r') or writing ('w'), or leave ('d'). */
static bool can(unsigned number, char what)
{
	bool inside = letters[number] == 'r' || letters[number] == 'w';

	return what == 'd' ? inside : letters[number] == '.';
}

static void let(unsigned number, char what)
{
	KT_REQUIRE(can(number, what));
	worker_do(number, what == 'r' ? do_read : what == 'w' ? do_write : do_leave, 0);
}
