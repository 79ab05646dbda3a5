/* One console made of every output there is. See console.h. */
#include "lab1-boot/console/console.h"
#include "lab1-boot/boot/bootinfo.h"
#include "lab1-boot/console/framebuffer.h"
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/console/serial.h"
#include "lab1-boot/console/vga.h"
#include "lab1-boot/lib/format.h"
#include "lab1-boot/lock/spinlock.h"

#define CONSOLE_BAUD 115200

struct spinlock console_lock = SPINLOCK_INIT("console");
static bool panicking;        /* [a] */
static bool serial;           /* [I] after console_init */
static struct screen *screen; /* [I] after console_init; what it points to: [console_lock] */
static const char *outputs = "none";

void console_init(void)
{
	serial = serial_init(COM1, CONSOLE_BAUD);
	screen = framebuffer_screen(&bootinfo.framebuffer);
	outputs = serial ? "serial, frame buffer" : "frame buffer";
	if (!screen) {
		screen = vga_screen();
		outputs = serial ? "serial, VGA text" : "VGA text";
	}
	if (!screen)
		outputs = serial ? "serial" : "none";
}

/* A serial terminal wants a carriage return before each line feed. */
static void serial_put(char c)
{
	if (c == '\n')
		serial_write(COM1, '\r');
	serial_write(COM1, (uint8_t)c);
}

void console_panic(void)
{
	__atomic_store_n(&panicking, true, __ATOMIC_RELAXED);
}

/* [console_lock] or panicking */
static void write_screen(const char *text, size_t bytes)
{
	for (size_t i = 0; screen && i < bytes; i++)
		screen_put(screen, text[i]);
	if (screen)
		screen_flush(screen);
}

static void write_outputs(const char *text, size_t bytes)
{
	for (size_t i = 0; serial && i < bytes; i++)
		serial_put(text[i]);
	write_screen(text, bytes);
}

void console_write(const char *text, size_t bytes)
{
	if (__atomic_load_n(&panicking, __ATOMIC_RELAXED)) {
		write_outputs(text, bytes);
		return;
	}
	uint64_t flags = spin_lock_irqsave(&console_lock);

	write_outputs(text, bytes);
	spin_unlock_irqrestore(&console_lock, flags);
}

void console_screen(const char *text, size_t bytes)
{
	uint64_t flags = spin_lock_irqsave(&console_lock);

	write_screen(text, bytes);
	spin_unlock_irqrestore(&console_lock, flags);
}

bool console_has_serial(void)
{
	return serial;
}

int console_read(void)
{
	return serial ? serial_read(COM1) : -1;
}

ROWS_DEFINE(console_flush);

void console_flush(void)
{
	ROWS_EACH (console_flush, row)
		row->write();
	if (serial)
		serial_flush(COM1);
}

const char *console_outputs(void)
{
	return outputs;
}

/* A sink that gathers a line's worth, so that a kprintf takes the lock a few times at most. */
struct console_sink {
	struct format_sink sink;
	size_t used;
	char text[128];
};

static void sink_flush(struct console_sink *console)
{
	console_write(console->text, console->used);
	console->used = 0;
}

static void sink_put(struct format_sink *sink, char c)
{
	struct console_sink *console = (struct console_sink *)sink;

	if (console->used == sizeof(console->text))
		sink_flush(console);
	console->text[console->used++] = c;
}

int kvprintf(const char *text, va_list arguments)
{
	struct console_sink console = { .sink = { sink_put } };
	int count = format(&console.sink, text, arguments);

	sink_flush(&console);
	return count;
}

int kprintf(const char *text, ...)
{
	va_list arguments;

	va_start(arguments, text);
	int count = kvprintf(text, arguments);
	va_end(arguments);
	return count;
}
