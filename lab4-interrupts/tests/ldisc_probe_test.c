/*
 * The kernel's half of test_ldisc.py: a line discipline between the host's keys and the host's
 * eyes.
 *
 * Input, a line each:
 *   set I O L CC   termios: three numbers, and the control characters as hexadecimal bytes
 *   type BYTES     in hexadecimal
 *   write BYTES    what a program writes
 *   read N         what it reads; "-" if it would have to wait
 *   hold           the output is stopped (tcflow)
 *   go             it goes on, and a program writes a point
 * Reply: what was read, or how many bytes were taken; what can be read now; what was shown; and
 * the signals that were sent.
 */
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/format.h"
#include "lab1-boot/lib/string.h"
#include "lab4-interrupts/tests/ldisc_sink.h"

static char reply[3 * LDISC_BUFFER];

static unsigned digit(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a' + 10);
}

/* The bytes that so many hexadecimal digits are, up to the end or a space. */
static size_t unhex(const char *text, char *to, size_t bytes)
{
	size_t count = 0;

	for (; text[0] > ' ' && text[1] > ' ' && count < bytes; text += 2)
		to[count++] = (char)(digit(text[0]) << 4 | digit(text[1]));
	return count;
}

static size_t hex(char *to, const char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t half = 0; half < 2; half++)
			to[2 * i + half] =
				"0123456789abcdef"[(uint8_t)bytes[i] >> (half ? 0 : 4) & 15];
	return 2 * count;
}

/* The next number of a text, which is moved behind it. */
static unsigned number(const char **text)
{
	unsigned value = 0;

	while (**text == ' ')
		++*text;
	for (; **text >= '0' && **text <= '9'; ++*text)
		value = value * 10 + (unsigned)(**text - '0');
	return value;
}

static void set(const char *text)
{
	struct ktermios termios = sink.ldisc.termios;

	termios.c_iflag = number(&text);
	termios.c_oflag = number(&text);
	termios.c_lflag = number(&text);
	unhex(text + 1, (char *)termios.c_cc, sizeof(termios.c_cc));
	ldisc_set(&sink.ldisc, &termios);
}

static size_t write(const char *bytes, size_t count)
{
	size_t done = 0;

	ldisc_echo(&sink.ldisc);
	while (done < count && ldisc_output(&sink.ldisc, bytes[done]))
		done++;
	return done;
}

/* What was read, into the reply; how long that is. */
static size_t read(size_t bytes, char *to)
{
	static char data[LDISC_BUFFER];

	if (!ldisc_ready(&sink.ldisc, 1))
		return (size_t)ksnprintf(to, 2, "-");
	return hex(to, data, ldisc_read(&sink.ldisc, data, bytes));
}

static size_t run(const char *line)
{
	static char bytes[LDISC_BUFFER];
	const char *rest = strchr(line, ' ');
	size_t count;

	if (!rest) {
		ldisc_hold(&sink.ldisc, line[0] == 'h');
		return line[0] == 'g' ? (size_t)ksnprintf(reply, 16, "%zu", write(".", 1)) : 0;
	}
	rest++;
	switch (line[0]) {
	case 's':
		set(rest);
		return 0;
	case 't':
		count = unhex(rest, bytes, sizeof(bytes));
		sink_type(bytes, count);
		return 0;
	case 'w':
		count = write(bytes, unhex(rest, bytes, sizeof(bytes)));
		return (size_t)ksnprintf(reply, 16, "%zu", count);
	default:
		return read(number(&rest), reply);
	}
}

KPROBE(ldisc_probe)
{
	static char line[2 * LDISC_BUFFER + 64];

	sink_init();
	while (kt_input_line(line, sizeof(line))) {
		size_t used;

		sink_forget();
		used = run(line);
		used += (size_t)ksnprintf(reply + used, 16, ",%zu,", ldisc_count(&sink.ldisc));
		used += hex(reply + used, sink.shown, sink.count);
		ksnprintf(reply + used, 64, ",%s", sink.signals);
		kt_reply(reply);
	}
}
