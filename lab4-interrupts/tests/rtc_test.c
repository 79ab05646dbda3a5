/*
 * Probes for test_rtc.py: what registers of a CMOS clock mean, and what time it is.
 */
#include "lab1-boot/ktest/ktest.h"
#include "lab4-interrupts/time/realtime.h"
#include "lab4-interrupts/time/rtc.h"

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A line is the eight registers in hexadecimal digits; the reply the seconds as eight bytes, or
 * "-". */
KPROBE(rtc_decodes)
{
	char line[32];

	while (kt_input_line(line, sizeof(line))) {
		struct rtc_registers registers;
		uint64_t seconds;

		for (unsigned i = 0; i < sizeof(registers); i++)
			((uint8_t *)&registers)[i] =
				(uint8_t)(digit(line[2 * i]) << 4 | digit(line[2 * i + 1]));
		if (rtc_decode(&registers, &seconds))
			kt_reply_hex(&seconds, sizeof(seconds));
		else
			kt_reply("-");
	}
}

KPROBE(rtc_realtime)
{
	uint64_t now = realtime_ns();

	kt_reply_hex(&now, sizeof(now));
}
