/* The PS/2 keyboard: see keyboard.h. */
#include "lab4-interrupts/tty/keyboard.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/cpu/io.h"
#include "lab1-boot/lib/string.h"

#define RELEASED 0x80
#define EXTENDED 0xe0
#define PAUSE    0xe1 /* five codes follow */

/* Codes of keys that send nothing themselves. */
enum { CONTROL = 0x1d, SHIFT_LEFT = 0x2a, SHIFT_RIGHT = 0x36, ALT = 0x38, CAPS = 0x3a, NUM = 0x45 };

#define KEYPAD_FIRST 0x47
#define KEYPAD_LAST  0x53
#define F1           0x3b
#define F10          0x44
#define F11          0x57
#define F12          0x58

static const char plain[] =
	"\0\0331234567890-=\x7f\tqwertyuiop[]\r\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
static const char shifted[] =
	"\0\033!@#$%^&*()_+\x7f\tQWERTYUIOP{}\r\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ";
static const char keypad[] = "789-456+1230.";

/* What those send without the number lock, and their grey sisters always. */
static const char *const moves[] = { "\033[1~", "\033[A", "\033[5~", "-", "\033[D", "\033[G",
	"\033[C", "+", "\033[4~", "\033[B", "\033[6~", "\033[2~", "\033[3~" };
static const char *const functions[] = { "\033[[A", "\033[[B", "\033[[C", "\033[[D", "\033[[E",
	"\033[17~", "\033[18~", "\033[19~", "\033[20~", "\033[21~", "\033[23~", "\033[24~" };
_Static_assert(sizeof(plain) == sizeof(shifted), "the same keys");

/* --- from keys to bytes -------------------------------------------------------------------- */

static size_t say(char *to, const char *text)
{
	size_t length = strlen(text);

	memcpy(to, text, length);
	return length;
}

/* A lock changes when its key goes down, but not each time that a held key is repeated. */
static void lock_key(bool *locked, bool *held, bool down)
{
	*locked ^= down && !*held;
	*held = down;
}

/* A key that changes what others mean; whether it was one. */
static bool modifier(struct keyboard *keyboard, uint8_t key, bool extended, bool down)
{
	switch (key) {
	case SHIFT_LEFT:
	case SHIFT_RIGHT:
		if (!extended) /* the controller plays with shift around grey keys */
			keyboard->shift[key == SHIFT_RIGHT] = down;
		return true;
	case CONTROL:
		keyboard->control[extended] = down;
		return true;
	case ALT:
		keyboard->alt[extended] = down;
		return true;
	case CAPS:
		lock_key(&keyboard->caps, &keyboard->caps_held, down);
		return true;
	case NUM:
		lock_key(&keyboard->num, &keyboard->num_held, down);
		return true;
	default:
		return false;
	}
}

/* What control makes of a character: 0x00 to 0x1f, or 0x7f. */
static char controlled(char c)
{
	if (c == ' ' || c == '2')
		return 0;
	if (c >= '3' && c <= '7')
		return (char)(c - '3' + 0x1b);
	if (c == '8' || c == '?')
		return 0x7f;
	if (c == '/' || c == '-')
		return 0x1f;
	return (c >= '@' && c <= '_') || (c >= 'a' && c <= '~') ? (char)(c & 0x1f) : c;
}

static size_t character(const struct keyboard *keyboard, uint8_t key, char *to)
{
	bool shift = keyboard->shift[0] || keyboard->shift[1];
	bool letter = plain[key] >= 'a' && plain[key] <= 'z';
	char c = (shift != (keyboard->caps && letter) ? shifted : plain)[key];
	size_t count = 0;

	if (!c)
		return 0;
	if (keyboard->control[0] || keyboard->control[1])
		c = controlled(c);
	if (keyboard->alt[0] || keyboard->alt[1])
		to[count++] = '\033';
	to[count++] = c;
	return count;
}

static size_t pressed(struct keyboard *keyboard, uint8_t key, bool extended, char *to)
{
	if (key >= KEYPAD_FIRST && key <= KEYPAD_LAST) {
		if (extended || !keyboard->num)
			return say(to, moves[key - KEYPAD_FIRST]);
		return say(to, (char[]){ keypad[key - KEYPAD_FIRST], 0 });
	}
	if (key >= F1 && key <= F10)
		return say(to, functions[key - F1]);
	if (key == F11 || key == F12)
		return say(to, functions[key - F11 + 10]);
	if (extended && key != 0x1c && key != 0x35) /* the keypad's return and / */
		return 0;
	return key < sizeof(plain) - 1 ? character(keyboard, key, to) : 0;
}

size_t keyboard_key(struct keyboard *keyboard, uint8_t code, char to[KEYBOARD_MOST])
{
	bool extended = keyboard->extended, down = !(code & RELEASED);
	uint8_t key = code & 0x7f;

	keyboard->extended = code == EXTENDED;
	if (keyboard->skip) {
		keyboard->skip--;
		return 0;
	}
	if (code == PAUSE)
		keyboard->skip = 5;
	if (code == EXTENDED || code == PAUSE || modifier(keyboard, key, extended, down) || !down)
		return 0;
	return pressed(keyboard, key, extended, to);
}

/* --- the controller ------------------------------------------------------------------------ */

#define DATA             0x60
#define STATUS           0x64 /* read */
#define COMMAND          0x64 /* written */
#define FULL             1    /* it has something for us */
#define BUSY             2    /* it has not taken what we gave it */
#define READ_CONFIG      0x20
#define WRITE_CONFIG     0x60
#define ENABLE           0xae
#define CONFIG_INTERRUPT 0x01
#define CONFIG_DISABLED  0x10
#define CONFIG_TRANSLATE 0x40
#define TRIES            100000

static struct keyboard keyboard; /* whoever reads the controller has a lock */

static bool until(uint8_t bits, uint8_t wanted)
{
	for (int i = 0; i < TRIES; i++) {
		if ((in8(STATUS) & bits) == wanted)
			return true;
		CPU_PAUSE();
	}
	return false;
}

static bool give(uint16_t port, uint8_t value)
{
	if (!until(BUSY, 0))
		return false;
	out8(port, value);
	return true;
}

bool keyboard_pending(void)
{
	return in8(STATUS) & FULL;
}

size_t keyboard_read(char to[KEYBOARD_MOST])
{
	return keyboard_key(&keyboard, in8(DATA), to);
}

bool keyboard_init(void)
{
	uint8_t config;

	if (in8(STATUS) == 0xff) /* nothing is there */
		return false;
	for (int i = 0; i < 16 && keyboard_pending(); i++)
		in8(DATA);
	if (!give(COMMAND, READ_CONFIG) || !until(FULL, FULL))
		return false;
	config = in8(DATA) | CONFIG_INTERRUPT | CONFIG_TRANSLATE;
	config &= (uint8_t)~CONFIG_DISABLED;
	return give(COMMAND, WRITE_CONFIG) && give(DATA, config) && give(COMMAND, ENABLE);
}
