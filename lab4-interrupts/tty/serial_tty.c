/*
 * The console's terminal: COM1 by interrupts, the PS/2 keyboard, and the screen.
 *
 * What is written waits in a ring; the UART interrupts when it can take 16 bytes more. What is
 * received goes to the line discipline as long as that has room. When it has none the UART is not
 * read, and does not interrupt: its FIFO fills, and the other side has to wait, so that no byte is
 * lost however slowly a program reads.
 *
 * kprintf still writes to the same UART by polling (lab 1): console_lock is held by whoever writes
 * to it. What kprintf prints comes before what waits in the ring.
 *
 * Source: PC16550D data sheet (National Semiconductor), section 8.
 */
#include "lab1-boot/console/console.h"
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/console/serial.h"
#include "lab1-boot/cpu/io.h"
#include "lab1-boot/debug/panic.h"
#include "lab3-threads/thread/thread.h"
#include "lab4-interrupts/file/device.h"
#include "lab4-interrupts/process/process.h"
#include "lab4-interrupts/trap/irq.h"
#include "lab4-interrupts/tty/keyboard.h"
#include "lab4-interrupts/tty/tty.h"
#include <linux/errno.h>
#include <linux/fcntl.h>

#define COM1_LINE    4
#define RING         4096
#define FIFO_BYTES   16
#define FIFO_TRIGGER 0x81 /* on, nothing emptied, an interrupt at 8 bytes or after a pause */
#define INT_RECEIVED 1
#define INT_SENDABLE 2
#define MODEM_OUT2   8 /* lets the PC's UART interrupt at all */
#define NOT_PENDING  1

/* Key: [lock] the terminal's. */
static struct {
	char ring[RING];     /* [lock] */
	unsigned head, tail; /* [lock] put, and sent; they only grow */
	unsigned shown;      /* [lock] of head, on the screen */
	uint8_t enabled;     /* [lock] INT_* */
	bool works;          /* [I] there is a UART, and it interrupts */
} com1;

struct terminal terminal_console;
static struct spinlock keyboard_lock = SPINLOCK_INIT("keyboard"); /* of who reads the controller */
static struct waitqueue keys = WAITQUEUE_INIT(keys, "console keys");

/* --- sending, with the terminal's lock ------------------------------------------------------ */

static void enable(uint8_t interrupts)
{
	if (com1.enabled != interrupts)
		out8(COM1 + UART_INTERRUPT, interrupts);
	com1.enabled = interrupts;
}

/* Fill the UART's FIFO, if it is empty. */
static void send(void)
{
	uint64_t irq = spin_lock_irqsave(&console_lock);

	if (in8(COM1 + UART_LINE_STATUS) & STATUS_SEND_READY)
		for (int i = 0; i < FIFO_BYTES && com1.tail != com1.head; i++)
			out8(COM1 + UART_DATA, (uint8_t)com1.ring[com1.tail++ % RING]);
	spin_unlock_irqrestore(&console_lock, irq);
	if (com1.tail == com1.head)
		enable(com1.enabled & ~INT_SENDABLE);
	else
		enable(com1.enabled | INT_SENDABLE);
}

static size_t com1_room(void *device)
{
	(void)device;
	return RING - (com1.head - com1.tail);
}

static void com1_put(void *device, char byte)
{
	(void)device;
	com1.ring[com1.head++ % RING] = byte;
}

/* Show on the screen what has been put since the last time. */
static void show(void)
{
	while (com1.shown != com1.head) {
		unsigned place = com1.shown % RING, count = com1.head - com1.shown;

		if (count > RING - place)
			count = RING - place;
		console_screen(com1.ring + place, count);
		com1.shown += count;
	}
}

/* By polling, where it does not interrupt. */
static void send_slowly(void)
{
	uint64_t irq = spin_lock_irqsave(&console_lock);

	for (; com1.tail != com1.head; com1.tail++)
		if (console_has_serial())
			serial_write(COM1, (uint8_t)com1.ring[com1.tail % RING]);
	spin_unlock_irqrestore(&console_lock, irq);
}

/* The machine goes off, or the kernel panics: what waits in the ring is not lost. */
static void send_the_rest(void)
{
	uint64_t irq;

	if (panic_begun()) {
		for (; com1.tail != com1.head; com1.tail++)
			serial_write(COM1, (uint8_t)com1.ring[com1.tail % RING]);
		return;
	}
	irq = spin_lock_irqsave(&terminal_console.lock);
	send_slowly();
	spin_unlock_irqrestore(&terminal_console.lock, irq);
}
CONSOLE_FLUSH(send_the_rest);

static void com1_push(void *device)
{
	(void)device;
	show();
	if (!com1.works)
		send_slowly();
	else if (com1.tail != com1.head && !(com1.enabled & INT_SENDABLE))
		send();
}

static size_t com1_unsent(void *device)
{
	(void)device;
	return com1.head - com1.tail;
}

static void com1_discard(void *device)
{
	(void)device;
	show();
	com1.tail = com1.head;
}

static void com1_take_more(void *device)
{
	(void)device;
	if (com1.works && ldisc_room(&terminal_console.ldisc))
		enable(com1.enabled | INT_RECEIVED);
}

static const struct terminal_driver com1_driver = {
	.name = "console",
	.room = com1_room,
	.put = com1_put,
	.push = com1_push,
	.unsent = com1_unsent,
	.discard = com1_discard,
	.take_more = com1_take_more,
};

/* --- interrupts ----------------------------------------------------------------------------- */

/* Hand keys to the terminal; whoever sends signals is told if there are some. */
static void typed(const char *bytes, size_t count)
{
	terminal_typed(&terminal_console, bytes, count);
	if (__atomic_load_n(&terminal_console.signals, __ATOMIC_RELAXED))
		waitqueue_wake_all(&keys);
}

/* Whether another byte can be taken; if not, none is asked for until take_more. */
static bool has_room(void)
{
	uint64_t irq = spin_lock_irqsave(&terminal_console.lock);
	bool room = ldisc_room(&terminal_console.ldisc);

	if (!room)
		enable(com1.enabled & ~INT_RECEIVED);
	spin_unlock_irqrestore(&terminal_console.lock, irq);
	return room;
}

static void receive(void)
{
	while ((in8(COM1 + UART_LINE_STATUS) & STATUS_RECEIVED) && has_room()) {
		char byte = (char)in8(COM1 + UART_DATA);

		typed(&byte, 1);
	}
}

static void send_more(void)
{
	uint64_t irq = spin_lock_irqsave(&terminal_console.lock);
	bool room = com1.tail != com1.head;

	send();
	spin_unlock_irqrestore(&terminal_console.lock, irq);
	if (room)
		terminal_room(&terminal_console);
}

static void com1_interrupt(void *context)
{
	(void)context;
	while (!(in8(COM1 + UART_FIFO) & NOT_PENDING)) {
		receive();
		send_more();
	}
}

static void keyboard_interrupt(void *context)
{
	char keys_typed[KEYBOARD_MOST];
	uint64_t irq = spin_lock_irqsave(&keyboard_lock);
	size_t count;

	(void)context;
	while (keyboard_pending()) {
		count = keyboard_read(keys_typed);
		typed(keys_typed, count);
	}
	spin_unlock_irqrestore(&keyboard_lock, irq);
}

/* --- the rest ------------------------------------------------------------------------------- */

static bool nothing_noted(void)
{
	return !__atomic_load_n(&terminal_console.signals, __ATOMIC_RELAXED);
}

/* Sends what keys have asked for: a handler cannot. */
static void send_signals(void *argument)
{
	(void)argument;
	for (;;) {
		struct waiter waiter;

		waitqueue_prepare(&keys, &waiter, 0);
		if (nothing_noted())
			waitqueue_wait(&keys, &waiter);
		else
			waitqueue_cancel(&keys, &waiter);
		terminal_send_signals(&terminal_console);
	}
}

static void com1_start(void)
{
	uint64_t irq;

	if (irq_attach(COM1_LINE, com1_interrupt, NULL)) {
		kprintf("console: COM1 does not interrupt\n");
		return;
	}
	irq = terminal_lock(&terminal_console);
	out8(COM1 + UART_FIFO, FIFO_TRIGGER);
	out8(COM1 + UART_MODEM_CONTROL, MODEM_READY | MODEM_OUT2);
	com1.works = true;
	enable(INT_RECEIVED);
	terminal_unlock(&terminal_console, irq);
}

void terminals_init(void)
{
	terminal_init(&terminal_console, &com1_driver, NULL);
}

void console_keyboard_init(void)
{
	if (!keyboard_init() || irq_attach(KEYBOARD_LINE, keyboard_interrupt, NULL))
		return;
	keyboard_interrupt(NULL); /* the controller asks again only when it has been read */
}

void console_tty_init(void)
{
	struct thread *sender = thread_spawn("console keys", send_signals, NULL);

	if (sender)
		thread_detach(sender);
	if (console_has_serial())
		com1_start();
	console_keyboard_init();
}

static int open_console(unsigned flags, struct file **file)
{
	return terminal_open_lasting(&terminal_console, flags, file);
}
DEVICE(console, 5, 1, 0600, open_console);

static int open_serial(unsigned flags, struct file **file)
{
	return terminal_open(&terminal_console, flags, file);
}
DEVICE(ttyS0, 4, 64, 0660, open_serial);

/* /dev/tty: whatever the process's controlling terminal is. */
static int open_own(unsigned flags, struct file **file)
{
	struct process *self = task_self() ? process_self() : NULL; /* /init is opened by none */
	int error = -ENXIO;

	if (!self)
		return error;
	mutex_lock(&process_tree); /* with it, the terminal stays */
	if (self->terminal)
		error = terminal_open(self->terminal, flags | O_NOCTTY, file);
	mutex_unlock(&process_tree);
	return error;
}
DEVICE(tty, 5, 0, 0666, open_own);
