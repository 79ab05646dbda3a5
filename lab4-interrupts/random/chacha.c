/* ChaCha20's block function: see chacha.h. Words are little-endian, as this processor's are. */
#include "lab4-interrupts/random/chacha.h"
#include "lab1-boot/lib/string.h"

#define WORDS  16
#define ROUNDS 20

static inline uint32_t rotate(uint32_t word, unsigned bits)
{
	return word << bits | word >> (32 - bits);
}

/* Inline and its loops unrolled, or half of the work is where the four words are. */
static inline __attribute__((always_inline)) void quarter(
	uint32_t *x, unsigned a, unsigned b, unsigned c, unsigned d)
{
	x[a] += x[b];
	x[d] = rotate(x[d] ^ x[a], 16);
	x[c] += x[d];
	x[b] = rotate(x[b] ^ x[c], 12);
	x[a] += x[b];
	x[d] = rotate(x[d] ^ x[a], 8);
	x[c] += x[d];
	x[b] = rotate(x[b] ^ x[c], 7);
}

/* The columns of the 4 by 4 words, and then the diagonals. */
static void two_rounds(uint32_t *x)
{
#pragma GCC unroll 4
	for (unsigned i = 0; i < 4; i++)
		quarter(x, i, 4 + i, 8 + i, 12 + i);
#pragma GCC unroll 4
	for (unsigned i = 0; i < 4; i++)
		quarter(x, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4);
}

void chacha_block(const uint8_t key[CHACHA_KEY], uint32_t number, const uint8_t nonce[CHACHA_NONCE],
	uint8_t block[CHACHA_BLOCK])
{
	uint32_t start[WORDS], x[WORDS];

	memcpy(start, "expand 32-byte k", 16);
	memcpy(start + 4, key, CHACHA_KEY);
	start[12] = number;
	memcpy(start + 13, nonce, CHACHA_NONCE);
	memcpy(x, start, sizeof(x));
	for (unsigned i = 0; i < ROUNDS; i += 2)
		two_rounds(x);
	for (unsigned i = 0; i < WORDS; i++)
		x[i] += start[i];
	memcpy(block, x, CHACHA_BLOCK);
}
