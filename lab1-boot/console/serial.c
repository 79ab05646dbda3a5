/* A 16550 UART by polling. See serial.h. */
#include "lab1-boot/console/serial.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/cpu/io.h"
#include "lab1-boot/ktest/todo.h"

/*
 * A byte takes 87 us at 115200 baud, and a status read about 1 us on real hardware; a line whose
 * other end stops for long (some 2 s, then) must not stop the kernel for ever.
 */
#define SEND_TRIES 2000000

bool serial_init(uint16_t base, unsigned baud)
{
	/* Exercise 1.2: no UART is there if a register does not keep what was written. The
	 * divisor is reached through LINE_DIVISOR, which must be off after. */
	// BEGIN SOLUTION 1.2
	unsigned divisor = UART_CLOCK / baud;

	out8(base + UART_SCRATCH, 0x5a);
	if (in8(base + UART_SCRATCH) != 0x5a)
		return false;

	out8(base + UART_INTERRUPT, 0);
	out8(base + UART_LINE_CONTROL, LINE_DIVISOR);
	out8(base + UART_DIVISOR_LOW, divisor & 0xff);
	out8(base + UART_DIVISOR_HIGH, divisor >> 8);
	out8(base + UART_LINE_CONTROL, LINE_8N1);
	out8(base + UART_FIFO, FIFO_ENABLE);
	out8(base + UART_MODEM_CONTROL, MODEM_READY);
	return true;
	// END SOLUTION 1.2 => todo("1.2"); (void)base, (void)baud; return false;
}

void serial_write(uint16_t base, uint8_t byte)
{
	/* Exercise 1.2: wait, but at most SEND_TRIES looks, and CPU_PAUSE() between them. */
	// BEGIN SOLUTION 1.2
	for (int i = 0; i < SEND_TRIES; i++) {
		if (in8(base + UART_LINE_STATUS) & STATUS_SEND_READY)
			break;
		CPU_PAUSE();
	}
	out8(base + UART_DATA, byte);
	// END SOLUTION 1.2 => todo("1.2"); (void)base, (void)byte;
}

int serial_read(uint16_t base)
{
	/* Exercise 1.2: a byte is 0..255, and 0 is one, too. */
	// BEGIN SOLUTION 1.2
	if (!(in8(base + UART_LINE_STATUS) & STATUS_RECEIVED))
		return -1;
	return in8(base + UART_DATA);
	// END SOLUTION 1.2 => todo("1.2"); (void)base; return -1;
}

void serial_flush(uint16_t base)
{
	for (int i = 0; i < SEND_TRIES && !(in8(base + UART_LINE_STATUS) & STATUS_SENT); i++)
		CPU_PAUSE();
}
