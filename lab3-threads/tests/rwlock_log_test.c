/*
 * The probe for test_rwlock.py: threads at one reader-writer lock, under many schedules. A
 * line for each thread says for what it comes, one after the other: "rwr". The reply, one
 * for each schedule, is what happened, in its order:
 *
 *   2a    thread 2 is about to ask
 *   2i    thread 2 is in
 *   q31   in the queue are now, in this order, threads 3 and 1; told after each "in"
 *   2o    thread 2 is about to leave
 */
#include "lab1-boot/lock/mutex.h"
#include "lab2-memory/tests/probe_words.h"
#include "lab3-threads/explore/explore.h"
#include "lab3-threads/lock/sleeper.h"
#include "lab3-threads/tests/crew.h"

#define SCHEDULES 60
#define THREADS   4
#define TIMES     8 /* that each comes */

static struct rwlock lock = RWLOCK_INIT(lock, "tested");
static struct thread *thread[THREADS];
static char programme[THREADS][TIMES + 1];

/* The order of the log is that of drawing a place in it. Each place is written by who drew it. */
static struct event {
	char text[THREADS + 3]; /* one character, the queue, and a space */
} happened[THREADS * TIMES * 4];
static unsigned count; /* [a] */

static char *next_event(void)
{
	return happened[__atomic_fetch_add(&count, 1, __ATOMIC_RELAXED)].text;
}

static void note(unsigned who, char what)
{
	char *text = next_event();

	text[0] = (char)('0' + who);
	text[1] = what;
}

static char name_of(const struct thread *one)
{
	for (unsigned i = 0; i < THREADS; i++)
		if (one == thread[i])
			return (char)('0' + i);
	return '?';
}

static void note_queue(void)
{
	char *text;

	spin_lock(&lock.guard);
	text = next_event();
	*text++ = 'q';
	list_each (link, &lock.waiters)
		*text++ = name_of(list_entry(link, struct sleeper, link)->thread);
	spin_unlock(&lock.guard);
}

static void come(unsigned who, char what)
{
	note(who, 'a');
	if (what == 'w')
		rwlock_write(&lock);
	else
		rwlock_read(&lock);
	note(who, 'i');
	note_queue();
	note(who, 'o');
	if (what == 'w')
		rwlock_write_done(&lock);
	else
		rwlock_read_done(&lock);
}

static void follow(void *argument)
{
	const char *programmed = argument;

	for (unsigned i = 0; programmed[i]; i++)
		come((unsigned)(argument - (void *)programme) / sizeof(programme[0]),
			programmed[i]);
}

static void tell(void)
{
	static char line[sizeof(happened) + 1];
	size_t length = 0;

	for (unsigned i = 0; i < count; i++) {
		size_t more = strlen(happened[i].text);

		memcpy(line + length, happened[i].text, more);
		line[length + more] = ' ';
		length += more + 1;
	}
	line[length] = '\0';
	kt_reply(line);
}

static void once(void)
{
	memset(happened, 0, sizeof(happened));
	count = 0;
	for (unsigned i = 0; i < THREADS; i++)
		KT_REQUIRE(thread[i] = thread_create("logged", follow, programme[i]));
	explore_here();
	for (unsigned i = 0; i < THREADS; i++)
		thread_start(thread[i]);
	for (unsigned i = 0; i < THREADS; i++)
		thread_join(thread[i]);
	tell();
}

KPROBE(rwlock_log)
{
	for (unsigned i = 0; i < THREADS; i++)
		KT_REQUIRE(kt_input_line(programme[i], sizeof(programme[i])));
	explore(3, SCHEDULES, once);
}
