/* Who waits for what: see queue.h. Exercise 4.10. */
#include "lab4-interrupts/futex/futex.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/ktest/todo.h"
#include "lab1-boot/lib/list.h"
#include "lab1-boot/lock/mutex.h"
#include "lab3-threads/lock/waitqueue.h"
#include "lab3-threads/order/order.h"
#include "lab4-interrupts/futex/queue.h"
#include "lab4-interrupts/time/sleep.h"
#include <linux/errno.h>

#define BUCKETS_SHIFT 8
#define BUCKETS       (1u << BUCKETS_SHIFT)

struct bucket {
	struct mutex lock;
	struct list waiters; /* [lock] in the order they came */
};

/* One that waits, on its own stack. Key: [I], [bucket] the lock of the one it is in. */
struct futex_waiter {
	struct list link;       /* [bucket] */
	struct futex_key key;   /* [bucket] */
	uint32_t bits;          /* [I] */
	struct bucket *bucket;  /* [bucket] [a] in which it is, or was when it was woken */
	bool woken;             /* [bucket] */
	struct waitqueue queue; /* it alone sleeps here */
};

static struct bucket buckets[BUCKETS];

void futex_init(void)
{
	order_by_address("futexes");
	for (unsigned i = 0; i < BUCKETS; i++) {
		mutex_init(&buckets[i].lock, "futexes");
		list_init(&buckets[i].waiters);
	}
}

/* Fibonacci hashing (Knuth, The Art of Computer Programming, volume 3, section 6.4). */
static struct bucket *bucket_of(const struct futex_key *key)
{
	uint64_t hash = ((uint64_t)key->whose ^ key->where) * 0x9e3779b97f4a7c15ul;

	return &buckets[hash >> (64 - BUCKETS_SHIFT)];
}

static bool same(const struct futex_key *one, const struct futex_key *other)
{
	return one->whose == other->whose && one->where == other->where;
}

/* Two buckets, which may be one, in the order of their addresses. */
static void lock_both(struct bucket *one, struct bucket *other)
{
	struct bucket *low = one < other ? one : other, *high = one < other ? other : one;

	mutex_lock(&low->lock);
	if (high != low)
		mutex_lock(&high->lock);
}

static void unlock_both(struct bucket *one, struct bucket *other)
{
	mutex_unlock(&one->lock);
	if (other != one)
		mutex_unlock(&other->lock);
}

unsigned futex_waiters(const struct futex_key *key)
{
	struct bucket *bucket = bucket_of(key);
	unsigned count = 0;

	mutex_lock(&bucket->lock);
	list_each (link, &bucket->waiters)
		count += same(&list_entry(link, struct futex_waiter, link)->key, key);
	mutex_unlock(&bucket->lock);
	return count;
}

/* --- waiting ------------------------------------------------------------------------- */

/* Lock the bucket in which the waiter is, which futex_requeue may change until we have it. */
static struct bucket *lock_its_bucket(struct futex_waiter *waiter)
{
	for (;;) {
		struct bucket *bucket = __atomic_load_n(&waiter->bucket, __ATOMIC_ACQUIRE);

		mutex_lock(&bucket->lock);
		if (bucket == __atomic_load_n(&waiter->bucket, __ATOMIC_RELAXED))
			return bucket;
		mutex_unlock(&bucket->lock);
	}
}

int futex_sleep(const struct futex_key *key, uint32_t bits, uint64_t deadline, futex_look *look,
	void *argument)
{
	struct bucket *bucket = bucket_of(key);
	struct futex_waiter futex = { .key = *key, .bits = bits, .bucket = bucket };
	struct waiter waiter;
	int error;

	waitqueue_init(&futex.queue, "futex");
	/* Exercise 4.10, first part: look, and wait, in the order that queue.h shows. The sleep is
	 * interruptible. When it has ended for another reason than a wake-up, a waker may have
	 * been quicker all the same: then it was woken. The waiter lies on this stack: nobody may
	 * find it any more when we return. */
	// BEGIN SOLUTION 4.10
	mutex_lock(&bucket->lock);
	error = look(argument);
	if (error) {
		mutex_unlock(&bucket->lock);
		return error;
	}
	list_push_back(&bucket->waiters, &futex.link);
	waitqueue_prepare(&futex.queue, &waiter, WAIT_INTERRUPTIBLE);
	mutex_unlock(&bucket->lock);

	error = waitqueue_wait_until(&futex.queue, &waiter, deadline);
	if (!error)
		return 0;
	bucket = lock_its_bucket(&futex);
	if (futex.woken)
		error = 0;
	else
		list_remove(&futex.link);
	mutex_unlock(&bucket->lock);
	return error;
	// END SOLUTION 4.10 => (void)waiter, (void)error, (void)deadline, (void)look;
	// (void)argument, (void)lock_its_bucket; todo("4.10"); return -ENOSYS;
}

/* --- waking -------------------------------------------------------------------------- */

// BEGIN SOLUTION 4.10
/* Caller holds the bucket's lock, without which no waiter goes away that has not been woken. The
 * wake-up comes last: after it, the waiter may be gone. */
static void wake(struct futex_waiter *waiter)
{
	list_remove(&waiter->link);
	waiter->woken = true;
	waitqueue_wake_one(&waiter->queue);
}

/* Caller holds the lock of the key's bucket. */
static unsigned wake_some(
	struct bucket *bucket, const struct futex_key *key, unsigned count, uint32_t bits)
{
	unsigned woken = 0;

	for (struct list *link = bucket->waiters.next, *next;
		woken < count && link != &bucket->waiters; link = next) {
		struct futex_waiter *waiter = list_entry(link, struct futex_waiter, link);

		next = link->next;
		if (!same(&waiter->key, key) || !(waiter->bits & bits))
			continue;
		wake(waiter);
		woken++;
	}
	return woken;
}

// END SOLUTION 4.10 =>
unsigned futex_wake(const struct futex_key *key, unsigned count, uint32_t bits)
{
	struct bucket *bucket = bucket_of(key);
	unsigned woken = 0;

	/* Exercise 4.10, second part. */
	// BEGIN SOLUTION 4.10
	mutex_lock(&bucket->lock);
	woken = wake_some(bucket, key, count, bits);
	mutex_unlock(&bucket->lock);
	// END SOLUTION 4.10 => (void)bucket, (void)count, (void)bits, (void)same; todo("4.10");
	return woken;
}

int64_t futex_wake_both(const struct futex_key *first, unsigned first_count,
	const struct futex_key *second, unsigned second_count, futex_look *change, void *argument)
{
	struct bucket *one = bucket_of(first), *other = bucket_of(second);
	int64_t result = 0;

	/* Exercise 4.10, third part. */
	// BEGIN SOLUTION 4.10
	lock_both(one, other);
	result = change(argument);
	if (result >= 0) {
		bool both = result;

		result = wake_some(one, first, first_count, ~0u);
		if (both)
			result += wake_some(other, second, second_count, ~0u);
	}
	unlock_both(one, other);
	// END SOLUTION 4.10 => (void)one, (void)other, (void)first_count, (void)second_count;
	// (void)change, (void)argument, (void)lock_both, (void)unlock_both; todo("4.10");
	return result;
}

// BEGIN SOLUTION 4.10
/* Caller holds the locks of both keys' buckets. */
static void move_to(struct futex_waiter *waiter, const struct futex_key *key, struct bucket *bucket)
{
	list_remove(&waiter->link);
	waiter->key = *key;
	__atomic_store_n(&waiter->bucket, bucket, __ATOMIC_RELEASE);
	list_push_back(&bucket->waiters, &waiter->link);
}

/* Caller holds the locks of both keys' buckets. Moved ones come to the end, of the same bucket
 * perhaps: so look only as far as the last that waits now. */
static unsigned move_some(struct bucket *here, const struct futex_key *from, struct bucket *there,
	const struct futex_key *to, unsigned count)
{
	struct list *last = here->waiters.prev, *link = &here->waiters, *next = link->next;
	unsigned moved = 0;

	while (moved < count && link != last) {
		link = next;
		next = link->next;

		struct futex_waiter *waiter = list_entry(link, struct futex_waiter, link);

		if (!same(&waiter->key, from))
			continue;
		move_to(waiter, to, there);
		moved++;
	}
	return moved;
}

// END SOLUTION 4.10 =>
int64_t futex_requeue(const struct futex_key *from, const struct futex_key *to, unsigned wake,
	unsigned move, futex_look *look, void *argument)
{
	struct bucket *here = bucket_of(from), *there = bucket_of(to);
	int64_t result = 0;

	/* Exercise 4.10, fourth part. */
	// BEGIN SOLUTION 4.10
	lock_both(here, there);
	result = look(argument);
	if (!result) {
		result = wake_some(here, from, wake, ~0u);
		result += move_some(here, from, there, to, move);
	}
	unlock_both(here, there);
	// END SOLUTION 4.10 => (void)here, (void)there, (void)wake, (void)move, (void)look;
	// (void)argument; todo("4.10");
	return result;
}
