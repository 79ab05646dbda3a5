/*
 * Classes of locks: all locks of one name that spin are one class, all of one name that
 * sleep another. What the checker knows of locks, it knows of classes: so it learns from
 * each lock about all others of its kind.
 */
#pragma once
#include "lab3-threads/order/order.h"

#ifdef DEBUG
#define ORDER_CLASSES  128
#define ORDER_NO_CLASS ORDER_CLASSES /* there was no room: locks whose order is not watched */
#define ORDER_NAME     32            /* bytes of a name that count, with the 0 at the end */

/* For what every lock runs through: UBSan's checks of our own accesses would cost more than they.
 */
#define ORDER_QUICK __attribute__((no_sanitize("undefined")))

/* Key: [I] once the class is counted, [a] atomic, [raw] order_lock. */
struct order_class {
	char name[ORDER_NAME]; /* [I] */
	bool sleeps;           /* [I] */
	bool by_address;       /* [a] several may be held, in the order of their addresses */
	uint64_t acquired;     /* [a] how often one was taken */
	uint64_t contended;    /* [a] how often it was not free */
	uint64_t waited;       /* [a] how often one looked again or slept, in all */
	uint64_t longest;      /* [a] nanoseconds that one was held, at most; written under [raw] */
	uint64_t longest_site; /* [raw] where that one had been taken */
};

/* All of them; behind the last one a name is empty. For who looks at a stopped kernel from outside:
 * others call order_class_at. */
extern struct order_class order_classes[ORDER_CLASSES];

/* order_class: the number of the class of that name; a new one if there is none yet, ORDER_NO_CLASS
 * if there is no room. The name need not live on. May take order_lock. */
uint8_t order_class(const char *name, bool sleeps);

/* order_class_at: by its number, below order_class_count. */
struct order_class *order_class_at(unsigned number);

/* order_class_count: how many there are. */
unsigned order_class_count(void);

/* order_count: one of the class was taken, having waited so often. order_held_for: one was let go
 * of, so long after it was taken. Nothing for ORDER_NO_CLASS. */
void order_count(uint8_t number, uint64_t waited);
void order_held_for(uint8_t number, uint64_t nanoseconds, uint64_t site);

/*
 * order_lock, order_unlock: a spin lock that nobody watches, for what must change in one piece;
 * with interrupts off. The checker runs inside spin_lock: it can take no other. Nothing is called
 * meanwhile that lies outside of order/.
 */
uint64_t order_lock(void);
void order_unlock(uint64_t flags);
#endif
