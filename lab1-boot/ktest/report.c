/* Port output that stands alone. See report.h. */
#include "lab1-boot/ktest/report.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/cpu/io.h"
#include <stdarg.h>
#include <stdbool.h>

#define LINE_CONTROL 3
#define LINE_STATUS  5
#define LINE_8N1     0x03
#define DIVISOR      0x80
#define SEND_READY   0x20
#define SEND_EMPTY   0x40 /* nothing is on its way any more */
#define SEND_TRIES   10000000

/* 115200 baud, 8N1, no interrupts: once a port, whatever an exercise did with it. */
static void open_port(uint16_t port)
{
	static bool opened[2];
	bool *done = &opened[port == REPORT_TEST];

	if (*done)
		return;
	*done = true;
	out8(port + 1, 0);
	out8(port + LINE_CONTROL, DIVISOR);
	out8(port, 1);
	out8(port + 1, 0);
	out8(port + LINE_CONTROL, LINE_8N1);
}

/* Wait until a bit of the line status is set, but not for ever on a line that is stuck. */
static void wait_for(uint16_t port, uint8_t status)
{
	for (int i = 0; i < SEND_TRIES && !(in8(port + LINE_STATUS) & status); i++)
		CPU_PAUSE();
}

static void put(uint16_t port, char c)
{
	wait_for(port, SEND_READY);
	out8(port, (uint8_t)c);
}

void report_flush(uint16_t port)
{
	wait_for(port, SEND_EMPTY);
}

static void put_text(uint16_t port, const char *text)
{
	while (*text)
		put(port, *text++);
}

static void put_number(uint16_t port, uint64_t value, unsigned base)
{
	char digits[24];
	int i = sizeof(digits) - 1;

	digits[i] = '\0';
	do {
		digits[--i] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	put_text(port, digits + i);
}

static void put_signed(uint16_t port, int64_t value)
{
	if (value < 0)
		put(port, '-');
	put_number(port, value < 0 ? -(uint64_t)value : (uint64_t)value, 10);
}

void report(uint16_t port, const char *text, ...)
{
	va_list arguments;

	open_port(port);
	va_start(arguments, text);
	for (; *text; text++) {
		bool wide;

		if (*text != '%') {
			put(port, *text);
			continue;
		}
		wide = *++text == 'l';
		text += wide;
		if (*text == 's')
			put_text(port, va_arg(arguments, const char *));
		else if (*text == 'c')
			put(port, (char)va_arg(arguments, int));
		else if (*text == 'd')
			put_signed(
				port, wide ? va_arg(arguments, int64_t) : va_arg(arguments, int));
		else if (*text == 'u' || *text == 'x')
			put_number(port,
				wide ? va_arg(arguments, uint64_t) : va_arg(arguments, unsigned),
				*text == 'x' ? 16 : 10);
		else
			put(port, *text);
	}
	va_end(arguments);
}

void report_quoted(uint16_t port, const char *text)
{
	report(port, "\"");
	for (; *text; text++)
		if (*text < ' ' || *text == '"' || *text == '\\' || *text == 0x7f)
			report(port, "\\x%x", (unsigned)(unsigned char)*text);
		else
			report(port, "%c", *text);
	report(port, "\"");
}
