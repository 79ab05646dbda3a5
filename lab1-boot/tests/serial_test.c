/*
 * Exercise 1.2 from inside: the registers after serial_init, and bytes sent in a circle.
 *
 * In loopback mode (bit 4 of the modem control register) a 16550 receives what it
 * sends. What really arrives at the other end, test_serial.py sees.
 */
#include "lab1-boot/console/serial.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/cpu/io.h"
#include "lab1-boot/ktest/ktest.h"

#define COM3           0x3e8 /* not there in the grader's machine */
#define MODEM_LOOPBACK 0x10
#define FIFO_BYTES     16

static void set_loopback(uint16_t base, bool on)
{
	out8(base + UART_MODEM_CONTROL, MODEM_READY | (on ? MODEM_LOOPBACK : 0));
}

/* The divisor that the port has; leaves the latch off. */
static unsigned divisor(uint16_t base)
{
	uint8_t line = in8(base + UART_LINE_CONTROL) & ~LINE_DIVISOR;

	out8(base + UART_LINE_CONTROL, line | LINE_DIVISOR);
	unsigned value = in8(base + UART_DIVISOR_LOW) | in8(base + UART_DIVISOR_HIGH) << 8;
	out8(base + UART_LINE_CONTROL, line);
	return value;
}

KTEST(serial_init_registers, "1.2", "8N1, FIFOs on, no interrupts, ready, and the latch off again")
{
	out8(COM1 + UART_LINE_CONTROL, 0x1c); /* 5 bits, even parity, 2 stop bits */
	out8(COM1 + UART_INTERRUPT, 0x0f);
	out8(COM1 + UART_FIFO, 0);
	out8(COM1 + UART_MODEM_CONTROL, 0);
	KT_REQUIRE(serial_init(COM1, 115200));

	KT_EQ(in8(COM1 + UART_LINE_CONTROL) & LINE_DIVISOR, 0);
	KT_EQ(in8(COM1 + UART_LINE_CONTROL) & ~LINE_DIVISOR, LINE_8N1);
	out8(COM1 + UART_LINE_CONTROL, LINE_8N1);
	KT_EQ(in8(COM1 + UART_INTERRUPT), 0);
	KT_EQ(in8(COM1 + UART_FIFO) & 0xc0, 0xc0); /* read, it tells whether the FIFOs are on */
	KT_EQ(in8(COM1 + UART_MODEM_CONTROL) & (MODEM_READY | MODEM_LOOPBACK), MODEM_READY);
}

KTEST(serial_init_divisor, "1.2", "the divisor's two bytes make the rate that was asked for")
{
	static const unsigned rates[] = { 2, 64, 225, 300, 450, 9600, 38400, 115200 };

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		KT_REQUIRE(serial_init(COM1, rates[i]));
		KT_EQ(divisor(COM1), UART_CLOCK / rates[i]);
	}
}

KTEST(serial_init_absent, "1.2", "a port that is there is told from one that is not")
{
	KT_TRUE(!serial_init(COM3, 115200));
	KT_TRUE(serial_init(COM1, 115200));
}

KTEST(serial_every_byte, "1.2", "each byte from 0 to 255 comes back as itself, and then -1")
{
	KT_REQUIRE(serial_init(COM1, 115200));
	set_loopback(COM1, true);
	for (int byte = 0; byte < 256; byte++) {
		serial_write(COM1, (uint8_t)byte);
		KT_EQ(serial_read(COM1), byte);
		KT_EQ(serial_read(COM1), -1);
	}
}

KTEST(serial_fifo, "1.2", "sixteen bytes wait for their reader, and serial_init forgets old ones")
{
	KT_REQUIRE(serial_init(COM1, 115200));
	set_loopback(COM1, true);
	for (int byte = 0; byte < FIFO_BYTES; byte++)
		serial_write(COM1, (uint8_t)(0xa0 + byte));
	for (int byte = 0; byte < FIFO_BYTES; byte++)
		KT_EQ(serial_read(COM1), 0xa0 + byte);

	serial_write(COM1, '!');
	KT_REQUIRE(serial_init(COM1, 115200));
	KT_EQ(serial_read(COM1), -1);
}

/* Nothing may be reported while the loop is closed: COM2 is the test floor's own line. */
KTEST(serial_other_port, "1.2", "the port that is asked for is the one that is used")
{
	bool there = serial_init(COM2, 9600);
	unsigned slow = divisor(COM2);

	set_loopback(COM2, true);
	serial_write(COM2, 0x5a);
	int got = serial_read(COM2);
	set_loopback(COM2, false);
	serial_init(COM2, 115200);

	KT_TRUE(there);
	KT_EQ(slow, UART_CLOCK / 9600);
	KT_EQ(got, 0x5a);
}

/*
 * The exit device's port 0xf4 reads as 0. Taken for a line status register, that is a line which
 * never gets ready; the byte goes to port 0xef, where nothing is.
 */
#define STUCK_PORT (0xf4 - UART_LINE_STATUS)

KTEST(serial_stuck_line, "1.2", "a line that never gets ready is waited for, but not for ever")
{
	serial_write(STUCK_PORT, 0);
	KT_TRUE(serial_init(COM1, 115200));
}

/* Copies the host's input to COM1, byte by byte. */
KPROBE(serial_send)
{
	kt_reply("sending");
	for (int byte; (byte = kt_input_byte()) >= 0;)
		serial_write(COM1, (uint8_t)byte);
	kt_reply("sent");
}

/* Answers every byte that comes on COM1 with itself, changed by the next byte of the input. */
KPROBE(serial_answer)
{
	kt_reply("listening");
	for (int key; (key = kt_input_byte()) >= 0;) {
		int byte;

		while ((byte = serial_read(COM1)) == -1)
			CPU_PAUSE();
		serial_write(COM1, (uint8_t)(byte ^ key));
		if (byte < 0 || byte > 255)
			kt_reply("a byte is 0 to 255");
	}
}
