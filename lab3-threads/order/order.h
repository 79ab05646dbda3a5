/*
 * The order of locks: who takes B while holding A must never meet one who takes A
 * while holding B.
 *
 * That two such threads really meet is rare; that the order is broken can be seen each
 * time. So a debug kernel notes for every lock that is taken which others are held: an
 * edge from their class to its class, a class being all locks of one name. As long as
 * those edges make no circle, no set of threads can wait for each other in one. The
 * first edge that closes a circle is reported, with the places where each of its locks
 * was taken.
 *
 * Held spin locks belong to the processor (a run queue's is taken by one thread and let
 * go of by the next), held sleeping locks to the thread. In other kernels than debug
 * ones all of this is empty.
 *
 * Read more: Linux's Documentation/locking/lockdep-design.rst; Savage et al., "Eraser",
 * ACM TOCS 15(4), 1997 (the same thought, for data races).
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum order_kind {
	ORDER_SPIN,  /* held by the processor; the others by the thread */
	ORDER_MUTEX, /* by one thread */
	ORDER_WRITE, /* a reader-writer lock, by one thread */
	ORDER_READ,  /* the same, together with other readers */
};

#define ORDER_HELD 12 /* locks that one thread, or one processor, holds at once */

/* A lock that is held, or waited for. */
struct order_held {
	const void *lock;
	uint64_t site;  /* the address it was taken from */
	uint64_t since; /* when it became ours, in nanoseconds; 0: not yet, or there was no clock */
	uint32_t waited; /* how often we slept for it */
	uint8_t class;
	uint8_t kind;
};

/* Those of a thread, or of a processor. Only its owner changes it. */
struct order_stack {
#ifdef DEBUG
	struct order_held held[ORDER_HELD]; /* in the order they were asked for */
	unsigned count;
	unsigned lost; /* more than fit: they are not watched */
#endif
};

/*
 * What locks call. lock: its first member is its name (asserted for all kinds that there are).
 * site: the address of the call that is to blame. None of them sleeps, or takes a lock that is
 * watched; each may end in a panic "lock order: ...", but not once somebody has panicked.
 */
#ifdef DEBUG

/* order_init: declare the classes of lower labs of which several may be held. Once. */
void order_init(void);

/* order_acquire: before waiting for lock. Reports a broken order, and a lock that is the
 * caller's already. */
void order_acquire(const void *lock, const char *name, uint64_t site, enum order_kind kind);

/* order_waits: lock, one that sleeps, is not free: the caller goes to wait for it. */
void order_waits(const void *lock);

/* order_acquired: now it is ours. waited: how often we had to look, order_waits apart; 0: it was
 * free. */
void order_acquired(const void *lock, enum order_kind kind, uint64_t waited);

/* order_try: instead of order_acquire if lock was taken without waiting: who does not wait cannot
 * close a circle, so it makes no edge. order_acquired follows. */
void order_try(const void *lock, const char *name, uint64_t site, enum order_kind kind);

/* order_release: before lock is let go of. Reports one that the caller does not hold; taken: the
 * address that it was taken from last, to be told then. */
void order_release(const void *lock, enum order_kind kind, uint64_t site, uint64_t taken);

/* order_may_sleep: about to sleep. Reports a spin lock that is held. */
void order_may_sleep(uint64_t site);

/* order_thread_exit: the present thread ends. Reports a lock that it holds. */
void order_thread_exit(void);

/*
 * order_by_address: several locks of the class of this name may be held at once, if they are taken
 * in the order of their addresses. Of other classes only one may be held by one thread.
 */
void order_by_address(const char *name);

#else

static inline void order_init(void)
{
}
static inline void order_acquire(
	const void *lock, const char *name, uint64_t site, enum order_kind kind)
{
	(void)lock, (void)name, (void)site, (void)kind;
}
static inline void order_waits(const void *lock)
{
	(void)lock;
}
static inline void order_acquired(const void *lock, enum order_kind kind, uint64_t waited)
{
	(void)lock, (void)kind, (void)waited;
}
static inline void order_try(
	const void *lock, const char *name, uint64_t site, enum order_kind kind)
{
	(void)lock, (void)name, (void)site, (void)kind;
}
static inline void order_release(
	const void *lock, enum order_kind kind, uint64_t site, uint64_t taken)
{
	(void)lock, (void)kind, (void)site, (void)taken;
}
static inline void order_may_sleep(uint64_t site)
{
	(void)site;
}
static inline void order_thread_exit(void)
{
}
static inline void order_by_address(const char *name)
{
	(void)name;
}

#endif
