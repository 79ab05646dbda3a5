/* The keyboard's codes: what keys send. */
#include "lab1-boot/cpu/io.h"
#include "lab1-boot/lib/string.h"
#include "lab3-threads/tests/crew.h"
#include "lab4-interrupts/trap/irq.h"
#include "lab4-interrupts/tty/keyboard.h"
#include "lab4-interrupts/tty/tty.h"

/* What these codes send, one after the other. */
static const char *sent(struct keyboard *keyboard, const char *codes, size_t count)
{
	static char text[64];
	size_t length = 0;

	for (size_t i = 0; i < count; i++)
		length += keyboard_key(keyboard, (uint8_t)codes[i], text + length);
	text[length] = 0;
	return text;
}

#define SENDS(codes, what) KT_STREQ(sent(&keyboard, codes, sizeof(codes) - 1), what)

KTEST(keyboard_letters, "", "keys send letters; shift, caps lock, control and alt change them")
{
	struct keyboard keyboard = { .caps = false };

	SENDS("\x1e\x9e\x30\xb0\x02\x82", "ab1");
	SENDS("\x2a\x1e\x9e\x02\xaa\x1e", "A!a");
	SENDS("\x36\x30\xb6\x30", "Bb");
	SENDS("\x3a\xba\x1e\x02\x2a\x1e\xaa\x3a\xba\x1e", "A1aa");
	SENDS("\x3a\x3a\xba\x1e\x3a\x3a\x3a\xba\x1e", "Aa"); /* held, and so repeated */
	SENDS("\x1d\x2e\x9d\x2e", "\x03"
				  "c");
	SENDS("\xe0\x1d\x2c\xe0\x9d\x2c", "\x1az");
	SENDS("\x1d\x2b\x1a\x9d", "\x1c\x1b");
	SENDS("\x38\x1e\xb8\x1e", "\033aa");
	SENDS("\x1c\x0e\x0f\x01\x39", "\r\x7f\t\033 ");
}

KTEST(keyboard_functions, "", "function and arrow keys send the Linux console's sequences")
{
	struct keyboard keyboard = { .caps = false };

	SENDS("\x3b\xbb\x3f\x40\x44\x57\x58", "\033[[A\033[[E\033[17~\033[21~\033[23~\033[24~");
	SENDS("\xe0\x48\xe0\xc8\xe0\x50\xe0\x4b\xe0\x4d", "\033[A\033[B\033[D\033[C");
	SENDS("\xe0\x47\xe0\x4f\xe0\x49\xe0\x51\xe0\x52\xe0\x53",
		"\033[1~\033[4~\033[5~\033[6~\033[2~\033[3~");
	SENDS("\xe0\x2a\xe0\x48\xe0\xaa\x1e", "\033[Aa"); /* no shift */
	SENDS("\x48\x45\xc5\x48\x4c\xe0\x48\x45\x48", "\033[A85\033[A\033[A");
	SENDS("\xc5\x45\x45\xc5\x48\x45\x45\xc5\x48", "8\033[A");
	SENDS("\xe0\x1c\xe0\x35\x37\xe0\x5b", "\r/*");
	SENDS("\xe1\x1d\x45\xe1\x9d\xc5\x1e", "a"); /* pause is nothing */
}

/* The controller, and what it and the keyboard are told. */
#define DATA     0x60
#define COMMAND  0x64
#define DISABLE  0xad
#define PUT      0xd2 /* what is written next comes as if from the keyboard */
#define IDENTIFY 0xf2 /* to the keyboard: answers with three bytes */
#define RELEASED 0x9e

KTEST(keyboard_early, "", "a key before the keyboard's line is attached does not silence it",
	.needs = "4.1 4.3")
{
	out8(DATA, IDENTIFY);
	UNTIL(keyboard_pending());
	out8(COMMAND, DISABLE);
	in8(DATA);
	KT_TRUE(!keyboard_pending()); /* the other two wait until it is enabled */
	console_keyboard_init();
	UNTIL(!keyboard_pending());
	out8(COMMAND, PUT);
	out8(DATA, RELEASED);
	UNTIL(!keyboard_pending());
	irq_detach(KEYBOARD_LINE);
}
