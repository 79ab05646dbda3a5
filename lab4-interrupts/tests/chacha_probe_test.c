/* ChaCha20 for the host: each line of input is a key, a block's number and a nonce in hexadecimal
 * digits, one behind the other; the reply is the block. */
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/string.h"
#include "lab4-interrupts/random/chacha.h"
#include "lab4-interrupts/random/random.h"

#define INPUT (CHACHA_KEY + 4 + CHACHA_NONCE)

static uint8_t digit(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

KPROBE(chacha_blocks)
{
	char line[2 * INPUT + 1];
	uint8_t input[INPUT], block[CHACHA_BLOCK];
	uint32_t number;

	while (kt_input_line(line, sizeof(line))) {
		for (unsigned i = 0; i < INPUT; i++)
			input[i] = (uint8_t)(digit(line[2 * i]) << 4 | digit(line[2 * i + 1]));
		memcpy(&number, input + CHACHA_KEY, sizeof(number));
		chacha_block(input, number, input + CHACHA_KEY + 4, block);
		kt_reply_hex(block, sizeof(block));
	}
}

KTEST(random_never_repeats, "", "each answer of the generator is another one, whatever its length")
{
	uint64_t before[64], now[64];

	random_bytes(before, sizeof(before));
	for (unsigned bytes = 8; bytes <= sizeof(now); bytes += 8) {
		memset(now, 0, sizeof(now));
		random_bytes(now, bytes);
		KT_TRUE(memcmp(now, before, bytes) != 0);
		KT_TRUE(now[bytes / 8 - 1] != 0);
		KT_TRUE(bytes == sizeof(now) || now[bytes / 8] == 0);
		memcpy(before, now, sizeof(now));
	}
}

KTEST(random_below_is_below, "", "numbers below a bound are, and reach its upper half")
{
	bool upper = false;

	for (unsigned i = 0; i < 200; i++) {
		uint64_t number = random_below(1024);

		KT_TRUE(number < 1024);
		upper |= number >= 512;
	}
	KT_TRUE(upper);
}
