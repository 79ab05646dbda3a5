/* ChaCha20 and the generator for the host. */
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/cpu/io.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/string.h"
#include "lab3-threads/cpu/clock.h"
#include "lab4-interrupts/random/chacha.h"
#include "lab4-interrupts/random/random.h"
#include "lab4-interrupts/time/sleep.h"

#define INPUT (CHACHA_KEY + 4 + CHACHA_NONCE)

static uint8_t digit(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* Each line of input is a key, a block's number and a nonce in hexadecimal digits, one behind the
 * other; the reply is the block. */
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

#define LINE_STATUS 0x3fd /* of COM1: bit 0, a byte has come */
#define LINE_DATA   0x3f8

static void answer(void)
{
	uint8_t bytes[CHACHA_KEY];

	random_bytes(bytes, sizeof(bytes));
	kt_reply_hex(bytes, sizeof(bytes));
}

/* Until the host has looked at the generator's key. */
static void let_look(void)
{
	kprintf("look\n");
	while (!(in8(LINE_STATUS) & 1))
		asm volatile("pause");
	in8(LINE_DATA);
}

/* Nothing happens between the first two answers; then the timer's interrupt comes. */
KPROBE(random_answers)
{
	uint64_t flags = irq_save();

	answer();
	let_look();
	answer();
	let_look();
	irq_restore(flags);
	KT_EQ(sleep_until(clock_ns() + 1000000, 0), 0);
	answer();
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
