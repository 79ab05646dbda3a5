/* What is pending: see queue.h. */
#include "lab4-interrupts/signal/queue.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/lib/string.h"

void signal_queue_init(struct signal_queue *queue)
{
	queue->set = 0;
	list_init(&queue->entries);
}

bool signal_queue_add(struct signal_queue *queue, int number, struct signal_entry *entry)
{
	uint64_t bit = signal_bit(number);

	if (number < SIGRTMIN && (queue->set & bit))
		return false;
	queue->set |= bit;
	if (entry)
		list_push_back(&queue->entries, &entry->link);
	return true;
}

int signal_queue_next(const struct signal_queue *queue, uint64_t wanted)
{
	uint64_t set = queue->set & wanted;

	if (set & SIGNALS_SYNCHRONOUS)
		set &= SIGNALS_SYNCHRONOUS;
	return set ? __builtin_ctzl(set) + 1 : 0;
}

/* The oldest entry of a number, and in *more whether there is another one. */
static struct signal_entry *find(const struct signal_queue *queue, int number, bool *more)
{
	struct signal_entry *found = NULL;

	*more = false;
	list_each (link, &queue->entries) {
		struct signal_entry *entry = list_entry(link, struct signal_entry, link);

		if (entry->info.si_signo != number)
			continue;
		*more = found != NULL;
		if (found)
			break;
		found = entry;
	}
	return found;
}

struct signal_entry *signal_queue_take(struct signal_queue *queue, int number, siginfo_t *info)
{
	bool more;
	struct signal_entry *entry = find(queue, number, &more);

	assert(queue->set & signal_bit(number));
	if (!more)
		queue->set &= ~signal_bit(number);
	if (!entry) {
		memset(info, 0, sizeof(*info));
		info->si_signo = number;
		info->si_code = SI_KERNEL;
		return NULL;
	}
	list_remove(&entry->link);
	*info = entry->info;
	return entry;
}

void signal_queue_drop(struct signal_queue *queue, uint64_t set, struct list *dropped)
{
	queue->set &= ~set;
	for (struct list *link = queue->entries.next, *next; link != &queue->entries; link = next) {
		struct signal_entry *entry = list_entry(link, struct signal_entry, link);

		next = link->next;
		if (!(set & signal_bit(entry->info.si_signo)))
			continue;
		list_remove(link);
		list_push_back(dropped, link);
	}
}
