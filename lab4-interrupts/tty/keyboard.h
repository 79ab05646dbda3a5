/*
 * The PS/2 keyboard: from keys that go down and up to the bytes that a terminal sends.
 *
 * The controller (an 8042) translates what the keyboard says (scan code set 2) into the codes of
 * the first PC (set 1): a number for each key, 0x80 more when it is let go of, 0xe0 before it for
 * those that the first PC did not have. Keys are as on a US keyboard; function and arrow keys send
 * the Linux console's escape sequences.
 *
 * Source: IBM PS/2 Hardware Interface Technical Reference, "Keyboard and auxiliary device
 * controller"; console_codes(4).
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEYBOARD_LINE 1
#define KEYBOARD_MOST 8 /* bytes that a key can send */

struct keyboard {
	bool extended;                     /* the last code was 0xe0 */
	uint8_t skip;                      /* codes of the pause key still to come */
	bool shift[2], control[2], alt[2]; /* left, right: held down */
	bool caps, num;                    /* locked */
	bool caps_held, num_held;
};

/* keyboard_key: a code of set 1; how many bytes it sends. Pure. */
size_t keyboard_key(struct keyboard *keyboard, uint8_t code, char to[KEYBOARD_MOST]);

/* keyboard_init: let the controller interrupt for keys, in set 1; false if there is none. */
bool keyboard_init(void);

/* keyboard_pending: whether the controller has something; keyboard_read: take it: how many bytes
 * it means. One after the other; for the handler. */
bool keyboard_pending(void);
size_t keyboard_read(char to[KEYBOARD_MOST]);
