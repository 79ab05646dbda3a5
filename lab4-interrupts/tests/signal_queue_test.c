/*
 * The kernel's half of test_signal_queue.py: what is pending (signal/queue.h).
 *
 *   add N V       number N becomes pending, with an entry that carries V (- for none)
 *   next MASK     which of these comes first
 *   take N        what the oldest says: "kernel", or its V
 *   drop MASK     none of these any more; replies the V of what was dropped, in order
 *
 * add replies whether it is pending now because of this; take of what is not pending "-".
 */
#include "lab2-memory/page/page.h"
#include "lab2-memory/slab/kmalloc.h"
#include "lab2-memory/tests/probe_words.h"
#include "lab4-interrupts/signal/queue.h"

static struct signal_queue queue;

static struct signal_entry *entry_of(int number, const char *word)
{
	struct signal_entry *entry;

	if (*word == '-')
		return NULL;
	entry = kmalloc(sizeof(*entry), PAGE_ZERO);
	KT_REQUIRE(entry);
	entry->info.si_signo = number;
	entry->info.si_int = (int)probe_number(word, 1u << 30);
	return entry;
}

static void add(int number, const char *word)
{
	struct signal_entry *entry = entry_of(number, word);
	bool added = signal_queue_add(&queue, number, entry);

	probe_say(added);
	if (!added)
		kfree(entry);
}

static void take(int number)
{
	struct signal_entry *entry;
	siginfo_t info;

	if (!(queue.set & signal_bit(number)))
		return;
	entry = signal_queue_take(&queue, number, &info);
	KT_EQ(info.si_signo, number);
	KT_TRUE(entry || info.si_code == SI_KERNEL);
	probe_say(entry ? (uint64_t)info.si_int : ~0ul);
	kfree(entry);
}

static void drop(uint64_t set)
{
	struct list dropped = LIST_INIT(dropped);

	signal_queue_drop(&queue, set, &dropped);
	while (!list_empty(&dropped)) {
		struct signal_entry *entry = list_entry(dropped.next, struct signal_entry, link);

		list_remove(&entry->link);
		probe_say((uint64_t)entry->info.si_int);
		kfree(entry);
	}
}

KPROBE(signal_queue_lines)
{
	char line[80];

	signal_queue_init(&queue);
	while (kt_input_line(line, sizeof(line))) {
		const char *words[PROBE_WORDS];
		uint64_t number;

		probe_split(line, words);
		number = probe_number(words[1], ~0ul);
		if (!strcmp(words[0], "add"))
			add((int)number, words[2]);
		else if (!strcmp(words[0], "next"))
			probe_say((uint64_t)signal_queue_next(&queue, number));
		else if (!strcmp(words[0], "take"))
			take((int)number);
		else
			drop(number);
		probe_reply();
	}
	drop(~0ul);
	probe_length = 0;
}
