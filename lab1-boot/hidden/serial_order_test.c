/* Exercise 1.2, hidden: sending and receiving in any order, at any rate. */
#include "lab1-boot/console/serial.h"
#include "lab1-boot/cpu/io.h"
#include "lab1-boot/ktest/ktest.h"

#define LOOPBACK 0x13
#define WAITING  16

KTEST(serial_random_order, "1.2", "bytes keep their order however sends and receives are mixed")
{
	static const unsigned rates[] = { 50, 75, 150, 256, 1200, 57600 };
	uint8_t sent[WAITING];
	unsigned head = 0, waiting = 0;

	KT_REQUIRE(serial_init(COM1, rates[kt_random() % 6]));
	out8(COM1 + UART_MODEM_CONTROL, LOOPBACK);
	for (int i = 0; i < 1500; i++) {
		if (kt_random() % 2 && waiting < WAITING) {
			uint8_t byte = (uint8_t)kt_random();

			serial_write(COM1, byte);
			sent[(head + waiting++) % WAITING] = byte;
		} else if (waiting) {
			KT_EQ(serial_read(COM1), sent[head++ % WAITING]);
			waiting--;
		} else {
			KT_EQ(serial_read(COM1), -1);
		}
	}
}
