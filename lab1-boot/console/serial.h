/*
 * The serial port: a 16550 UART, by polling.
 *
 * A character is written to or read from one port; the line status register
 * tells when. Source: PC16550D data sheet (National Semiconductor), section 8.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define COM1 0x3f8
#define COM2 0x2f8

/* Registers, as offsets from the port's base. */
#define UART_DATA          0 /* read: received, write: to send */
#define UART_DIVISOR_LOW   0 /* while LCR_DIVISOR is set */
#define UART_DIVISOR_HIGH  1
#define UART_INTERRUPT     1
#define UART_FIFO          2
#define UART_LINE_CONTROL  3
#define UART_MODEM_CONTROL 4
#define UART_LINE_STATUS   5
#define UART_SCRATCH       7

#define UART_CLOCK        115200 /* the rate, in baud, that a divisor of 1 gives */
#define FIFO_ENABLE       0x07   /* on, and both emptied */
#define LINE_8N1          0x03   /* 8 bits, no parity, one stop bit */
#define LINE_DIVISOR      0x80
#define MODEM_READY       0x03 /* data terminal ready, request to send */
#define STATUS_RECEIVED   0x01 /* a byte waits in UART_DATA */
#define STATUS_SEND_READY 0x20 /* UART_DATA takes a byte */
#define STATUS_SENT       0x40 /* and nothing is on its way */

/*
 * serial_init: set the line at base up, 8N1 at baud (a divisor of 115200), FIFOs on and empty, its
 * interrupts off, and tell the other end that we are ready (MODEM_READY). False if no UART answers
 * there: do not use it then.
 */
bool serial_init(uint16_t base, unsigned baud);

/* serial_write: send one byte; waits until the line takes it, but gives up on a line that is stuck.
 */
void serial_write(uint16_t base, uint8_t byte);

/* serial_read: the next received byte, or -1 if there is none now. Never waits. */
int serial_read(uint16_t base);

/* serial_flush: wait until the last byte has left the line, but not for ever on one that is stuck.
 */
void serial_flush(uint16_t base);
