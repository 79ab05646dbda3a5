/*
 * The probe for test_life.py: threads that are created, started, joined and detached as each line
 * says, by the boot thread. The host calls them by numbers.
 *
 *   c NUMBER RESULT STEPS TEXT  create one with the name TEXT, which gives way STEPS times and ends
 *                               with RESULT (0: its function returns); replies with its name
 *   w NUMBER OTHER              create one that joins OTHER, of which somebody has the handle, with
 *                               a reference of its own, and ends with the result + 1
 *   s NUMBER                    start it; replies with "early" if it has run already
 *   j NUMBER                    join it; replies with the result, and how often it gave way
 *   d NUMBER                    detach it
 *   y TIMES                     give way
 *   q                           give way until nobody else can run; replies with how many threads
 *                               there are more than at first
 *   t SALT PARENTS              a tree of threads, each creating its children: the parent of
 *                               number 1, 2, ... as a digit or letter each; replies with number 0's
 *                               result: SALT * (its number + 1), and its k-th child's (0, 1, ...)
 *                               times 2 k + 3
 *
 * Numbers in replies are hexadecimal. The reply is "ok" where there is nothing to tell, and "-" for
 * what cannot be done: no such thread, no handle of it any more, started already; for j, one that
 * would not end; and for d, one that was not started and joins another or is to be joined. At the
 * end of the lines all that is left is started and detached.
 */
#include "lab2-memory/tests/probe_words.h"
#include "lab3-threads/sched/sched.h"
#include "lab3-threads/thread/thread.h"

#define NUMBERS 1024
#define NODES   36

struct subject {
	struct thread *handle; /* ours; NULL: given up, or never made */
	struct thread *joins;  /* what it joins */
	struct subject *other; /* that one */
	bool made, started;
	bool ran;
	bool awaited; /* one that joins it was made */
	uint64_t result, steps, done;
};

static struct subject subjects[NUMBERS];

static void run_steps(void *argument)
{
	struct subject *self = argument;

	self->ran = true;
	for (uint64_t i = 0; i < self->steps; i++) {
		self->done++;
		sched_yield();
	}
	if (self->result)
		thread_exit(self->result);
}

static void run_joiner(void *argument)
{
	struct subject *self = argument;

	self->ran = true;
	thread_exit(thread_join(self->joins) + 1);
}

static bool will_end(const struct subject *subject)
{
	return subject->started && (!subject->other || will_end(subject->other));
}

/* One that joins another, or is joined, has to run. */
static bool may_detach(const struct subject *subject)
{
	return subject->started || (!subject->other && !subject->awaited);
}

static struct subject *numbered(const char *word)
{
	return &subjects[probe_number(word, NUMBERS)];
}

static void create(struct subject *subject, const char *const words[PROBE_WORDS])
{
	subject->result = probe_number(words[2], UINT64_MAX);
	subject->steps = probe_number(words[3], 1000);
	KT_REQUIRE(subject->handle = thread_create(words[4], run_steps, subject));
	subject->made = true;
	kt_reply(subject->handle->name);
}

static void create_joiner(struct subject *subject, struct subject *other)
{
	subject->joins = other->handle;
	subject->other = other;
	other->awaited = true;
	thread_get(other->handle);
	KT_REQUIRE(subject->handle = thread_create("joiner", run_joiner, subject));
	subject->made = true;
	kt_reply("ok");
}

static void start(struct subject *subject)
{
	kt_reply(subject->ran ? "early" : "ok");
	thread_start(subject->handle);
	subject->started = true;
}

static void join(struct subject *subject)
{
	probe_say(thread_join(subject->handle));
	probe_say(subject->done);
	subject->handle = NULL;
	probe_reply();
}

static void detach(struct subject *subject)
{
	thread_detach(subject->handle);
	subject->handle = NULL;
	kt_reply("ok");
}

static void quiet(void)
{
	uint64_t switches;

	do {
		switches = thread_self()->switches;
		sched_yield();
	} while (thread_self()->switches != switches);
	sched_settle();
}

/* --- trees --------------------------------------------------------------------------- */

static uint64_t salt;
static char parents[NODES]; /* of number 1, 2, ... */

static uint64_t parent_of(uint64_t number)
{
	char c = parents[number - 1];

	return (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static void run_node(void *argument)
{
	uint64_t self = (uint64_t)argument, result = salt * (self + 1), children = 0;
	struct thread *child[NODES];

	for (uint64_t i = self + 1; i <= strlen(parents); i++)
		if (parent_of(i) == self)
			KT_REQUIRE(child[children++] = thread_spawn("node", run_node, (void *)i));
	while (children--)
		result += thread_join(child[children]) * (2 * children + 3);
	thread_exit(result);
}

static void tree(const char *const words[PROBE_WORDS])
{
	struct thread *root;

	salt = probe_number(words[1], UINT64_MAX);
	KT_REQUIRE(strlcpy(parents, words[2], sizeof(parents)) < sizeof(parents));
	KT_REQUIRE(root = thread_spawn("root", run_node, NULL));
	probe_say(thread_join(root));
	probe_reply();
}

/* --- lines --------------------------------------------------------------------------- */

/* What concerns one thread; false if it cannot be done. */
static bool follow_one(const char *const words[PROBE_WORDS])
{
	struct subject *subject = numbered(words[1]);

	if (*words[0] == 'c' && !subject->made)
		create(subject, words);
	else if (*words[0] == 'w' && !subject->made && numbered(words[2])->handle)
		create_joiner(subject, numbered(words[2]));
	else if (*words[0] == 's' && subject->handle && !subject->started)
		start(subject);
	else if (*words[0] == 'j' && subject->handle && will_end(subject))
		join(subject);
	else if (*words[0] == 'd' && subject->handle && may_detach(subject))
		detach(subject);
	else
		return false;
	return true;
}

static void give_up_all(void)
{
	for (struct subject *subject = subjects; subject < subjects + NUMBERS; subject++)
		if (subject->handle && !subject->started)
			thread_start(subject->handle);
	for (struct subject *subject = subjects; subject < subjects + NUMBERS; subject++)
		if (subject->handle)
			thread_detach(subject->handle);
	quiet();
}

KPROBE(life_lines)
{
	uint64_t before = thread_count();
	const char *words[PROBE_WORDS];
	static char line[256];

	while (kt_input_line(line, sizeof(line))) {
		probe_split(line, words);
		if (*words[0] == 'y') {
			for (uint64_t i = probe_number(words[1], 1000); i; i--)
				sched_yield();
			kt_reply("ok");
		} else if (*words[0] == 'q') {
			quiet();
			probe_say(thread_count() - before);
			probe_reply();
		} else if (*words[0] == 't') {
			tree(words);
		} else if (!follow_one(words)) {
			kt_reply("-");
		}
	}
	give_up_all();
}
