/*
 * What is pending: which signals, and what their handlers are to be told.
 *
 * A set says which numbers are pending. Most come with an entry that holds a siginfo; one
 * without an entry comes from the kernel, which has nothing more to say (SI_KERNEL): so the
 * kernel can send where there is no memory, and in an interrupt's handler.
 *
 * A signal below SIGRTMIN is pending once or not at all, however often it was sent. Real-time
 * ones are queued, each with its own entry, and those of one number keep their order.
 *
 * Nothing here locks, allocates or knows of processes: the owner does.
 *
 * Read more: POSIX.1-2017, section 2.4.1 (signal generation and delivery); signal(7).
 */
#pragma once
#include "lab1-boot/lib/list.h"
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <stdbool.h>
#include <stdint.h>

#define SIGNALS 64 /* numbers go from 1 to that */

/* Sets of signals are Linux's: bit number - 1. */
static inline uint64_t signal_bit(int number)
{
	return 1ul << (number - 1);
}

/* What an instruction has done itself: those come before all others. */
#define SIGNALS_SYNCHRONOUS                                                                        \
	(signal_bit(SIGSEGV) | signal_bit(SIGBUS) | signal_bit(SIGILL) | signal_bit(SIGTRAP) |     \
		signal_bit(SIGFPE) | signal_bit(SIGSYS))

struct signal_entry {
	struct list link;
	siginfo_t info;
};

struct signal_queue {
	uint64_t set;
	struct list entries; /* in the order they came */
};

void signal_queue_init(struct signal_queue *queue);

/* signal_queue_add: number is pending from now on, as entry says (NULL: from the kernel). False if
 * it cannot be pending twice and was so before: the entry is still the caller's. */
bool signal_queue_add(struct signal_queue *queue, int number, struct signal_entry *entry);

/* signal_queue_next: which of the wanted set comes first: a synchronous one, else the lowest
 * number. 0: none of them is pending. */
int signal_queue_next(const struct signal_queue *queue, uint64_t wanted);

/*
 * signal_queue_take: take the oldest of that number out, which is pending (asserted), and tell in
 * *info what it says. Returns its entry, which is the caller's, or NULL if it had none.
 */
struct signal_entry *signal_queue_take(struct signal_queue *queue, int number, siginfo_t *info);

/* signal_queue_drop: none of that set is pending any more; their entries go to the end of the list
 * dropped. */
void signal_queue_drop(struct signal_queue *queue, uint64_t set, struct list *dropped);
