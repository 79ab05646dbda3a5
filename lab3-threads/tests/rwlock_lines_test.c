/*
 * The probe for test_rwlock.py: "3 r", "3 w" and "3 d" let worker 3 ask for reading, ask for
 * writing, and leave. The reply has a letter for each worker (rwlock_workers.h), and is "-"
 * if the worker cannot do that: it waits, or is inside, or is not. After the last line all that
 * are inside leave, until nobody is.
 */
#include "lab2-memory/tests/probe_words.h"
#include "lab3-threads/tests/rwlock_workers.h"

static void all_leave(void)
{
	for (unsigned round = 0; round < WORKERS; round++)
		for (unsigned number = 0; number < WORKERS; number++)
			if (can(number, 'd'))
				let(number, 'd');
}

KPROBE(rwlock_lines)
{
	const char *words[PROBE_WORDS];
	char line[16];

	begin(WORKERS);
	while (kt_input_line(line, sizeof(line))) {
		unsigned number;

		probe_split(line, words);
		number = (unsigned)probe_number(words[0], WORKERS);
		if (can(number, words[1][0])) {
			let(number, words[1][0]);
			kt_reply(letters);
		} else {
			kt_reply("-");
		}
	}
	all_leave();
	workers_end();
}
