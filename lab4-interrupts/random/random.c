/* The generator: see random.h. */
#include "lab4-interrupts/random/random.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/lib/string.h"
#include "lab1-boot/lock/spinlock.h"
#include "lab4-interrupts/random/chacha.h"

#define CPUID_1_ECX_RDRAND (1u << 30)
#define RDRAND_TRIES       10 /* Intel's advice */
#define EVENTS             8

static struct spinlock lock = SPINLOCK_INIT("random");
static uint8_t key[CHACHA_KEY]; /* [lock] */
static uint64_t events[EVENTS]; /* [a] what happened, folded together, not yet in the key */
static uint32_t next_event;     /* [a] */
static uint32_t mixed_event;    /* [lock] next_event, when they were mixed in the last time */

/* 0 if there is none, or it has nothing to give. */
static uint64_t rdrand(void)
{
	uint64_t value = 0;
	bool done = false;

	if (!(cpuid(1, 0).ecx & CPUID_1_ECX_RDRAND))
		return 0;
	for (int i = 0; i < RDRAND_TRIES && !done; i++)
		asm volatile("rdrand %0; setc %1" : "=r"(value), "=qm"(done) : : "cc");
	return done ? value : 0;
}

/* Fold words into the key, and then stir it: what was known of it before helps nobody. */
static void mix(const uint64_t *words, unsigned count)
{
	static const uint8_t nonce[CHACHA_NONCE] = "stir";
	uint8_t block[CHACHA_BLOCK];
	uint64_t *into = (uint64_t *)key;

	for (unsigned i = 0; i < count; i++) {
		into[i % (CHACHA_KEY / 8)] ^= words[i];
		if (i % (CHACHA_KEY / 8) == CHACHA_KEY / 8 - 1 || i == count - 1) {
			chacha_block(key, 0, nonce, block);
			memcpy(key, block, CHACHA_KEY);
		}
	}
}

void random_init(void)
{
	uint64_t words[8];

	for (unsigned i = 0; i < 8; i++)
		words[i] = rdrand() ^ rdtsc();
	spin_lock(&lock);
	mix(words, 8);
	spin_unlock(&lock);
}

void random_event(uint64_t what)
{
	uint32_t at = __atomic_fetch_add(&next_event, 1, __ATOMIC_RELAXED);

	__atomic_fetch_xor(
		&events[at % EVENTS], rdtsc() * 0x9e3779b97f4a7c15ul + what, __ATOMIC_RELAXED);
}

/* Caller holds the lock. */
static void mix_events(void)
{
	uint64_t words[EVENTS + 1];
	uint32_t now = __atomic_load_n(&next_event, __ATOMIC_RELAXED);

	if (now == mixed_event)
		return;
	mixed_event = now;
	for (unsigned i = 0; i < EVENTS; i++)
		words[i] = __atomic_load_n(&events[i], __ATOMIC_RELAXED);
	words[EVENTS] = rdrand();
	mix(words, EVENTS + 1);
}

/* A key for one answer, or a short answer; the generator keeps another one, from the same block. */
static void fork_key(uint8_t own[CHACHA_KEY])
{
	static const uint8_t nonce[CHACHA_NONCE] = "next key";
	uint8_t block[CHACHA_BLOCK];

	spin_lock(&lock);
	mix_events();
	chacha_block(key, 0, nonce, block);
	memcpy(key, block, CHACHA_KEY);
	spin_unlock(&lock);
	memcpy(own, block + CHACHA_KEY, CHACHA_KEY);
	memset(block, 0, sizeof(block));
}

void random_bytes(void *to, size_t bytes)
{
	static const uint8_t nonce[CHACHA_NONCE];
	uint8_t own[CHACHA_KEY], block[CHACHA_BLOCK];
	uint32_t number = 0;

	fork_key(own);
	if (bytes <= CHACHA_KEY) {
		memcpy(to, own, bytes);
		return;
	}
	for (size_t done = 0; done < bytes; done += CHACHA_BLOCK) {
		chacha_block(own, number++, nonce, block);
		memcpy((char *)to + done, block,
			bytes - done < CHACHA_BLOCK ? bytes - done : CHACHA_BLOCK);
	}
}

uint64_t random_below(uint64_t bound)
{
	uint64_t value;

	random_bytes(&value, sizeof(value));
	return value & (bound - 1);
}
