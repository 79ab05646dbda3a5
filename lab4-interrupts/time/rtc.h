/*
 * The CMOS clock: a wrist watch with a battery, in the machine since 1984.
 *
 * Source: Motorola MC146818A data sheet, "Address map", "Time, calendar, and alarm locations",
 * registers A and B.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Its registers, as they are read. */
struct rtc_registers {
	uint8_t seconds, minutes, hours, day, month, year; /* in BCD, unless mode says otherwise */
	uint8_t century; /* not the chip's own: most machines have it in register 0x32 */
	uint8_t mode;    /* register B */
};

#define RTC_BINARY 0x04 /* in mode: numbers are binary, not BCD */
#define RTC_24_HOURS                                                                               \
	0x02 /* hours go from 0 to 23, not 1 to 12 with the top bit for the afternoon */

/* rtc_read: all of them from one moment; false if there is no such clock, or it does not stand
 * still for that long. Spins while the clock changes, for some milliseconds. Never sleeps. Takes no
 * lock: callers see to it that nobody else reads it. */
bool rtc_read(struct rtc_registers *registers);

/* rtc_decode: in seconds since 1970-01-01; false for what is no date or time of day, or before
 * then. */
bool rtc_decode(const struct rtc_registers *registers, uint64_t *seconds);
