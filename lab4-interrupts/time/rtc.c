/*
 * Reading the CMOS clock: see rtc.h. Once a second it changes its registers, one after the
 * other, and says so shortly before. Since an emulator may hold us up in between, only what
 * has been read twice in a row counts.
 */
#include "lab4-interrupts/time/rtc.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/cpu/io.h"
#include "lab1-boot/lib/string.h"
#include "lab3-threads/cpu/clock.h"

#define CMOS_INDEX 0x70
#define CMOS_DATA  0x71

#define REGISTER_A     0x0a
#define CHANGING       0x80 /* in A: the registers change now, or within 244 us */
#define REGISTER_B     0x0b
#define CHANGE_TAKES   5000000ul /* nanoseconds, and much less on a real chip */
#define TRIES          100
#define SECONDS_OF_DAY 86400

/* --- the registers ------------------------------------------------------------------- */

static uint8_t cmos(uint8_t index)
{
	out8(CMOS_INDEX, index);
	return in8(CMOS_DATA);
}

static bool wait_while_changing(void)
{
	uint64_t began = clock_ns();

	while (cmos(REGISTER_A) & CHANGING) {
		if (clock_ns() - began > CHANGE_TAKES)
			return false;
		CPU_PAUSE();
	}
	return true;
}

static struct rtc_registers read_once(void)
{
	return (struct rtc_registers){
		.seconds = cmos(0x00),
		.minutes = cmos(0x02),
		.hours = cmos(0x04),
		.day = cmos(0x07),
		.month = cmos(0x08),
		.year = cmos(0x09),
		.century = cmos(0x32),
		.mode = cmos(REGISTER_B),
	};
}

bool rtc_read(struct rtc_registers *registers)
{
	for (int tries = 0; tries < TRIES; tries++) {
		struct rtc_registers again;

		if (!wait_while_changing())
			return false;
		*registers = read_once();
		if (!wait_while_changing())
			return false;
		again = read_once();
		if (!memcmp(registers, &again, sizeof(again)))
			return true;
	}
	return false;
}

/* --- what they mean ------------------------------------------------------------------ */

/* A number of one register; false if it is none, or not in that range. */
static bool number(uint8_t value, uint8_t mode, unsigned from, unsigned to, unsigned *result)
{
	if (mode & RTC_BINARY)
		*result = value;
	else if ((value & 15) > 9 || value >> 4 > 9)
		return false;
	else
		*result = (value >> 4) * 10u + (value & 15u);
	return *result >= from && *result <= to;
}

static bool hour_of(const struct rtc_registers *registers, unsigned *hour)
{
	bool afternoon = registers->hours & 0x80;

	if (registers->mode & RTC_24_HOURS)
		return number(registers->hours, registers->mode, 0, 23, hour);
	if (!number(registers->hours & 0x7f, registers->mode, 1, 12, hour))
		return false;
	*hour = *hour % 12 + (afternoon ? 12 : 0);
	return true;
}

/* Where there is no century, a year below 70 is in the 21st. */
static bool year_of(const struct rtc_registers *registers, unsigned *year)
{
	unsigned century;

	if (!number(registers->year, registers->mode, 0, 99, year))
		return false;
	if (!number(registers->century, registers->mode, 19, 29, &century))
		century = *year < 70 ? 20 : 19;
	*year += century * 100;
	return *year >= 1970;
}

static bool is_leap(unsigned year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned days_of_month(unsigned month, unsigned year)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && is_leap(year) ? 1u : 0u);
}

/* Days from 1970-01-01 to the first of that month. */
static uint64_t days_before(unsigned month, unsigned year)
{
	uint64_t past = year - 1;
	uint64_t days = past * 365 + past / 4 - past / 100 + past / 400 - 719162;

	for (unsigned other = 1; other < month; other++)
		days += days_of_month(other, year);
	return days;
}

bool rtc_decode(const struct rtc_registers *registers, uint64_t *seconds)
{
	unsigned second, minute, hour, day, month, year;

	if (!number(registers->seconds, registers->mode, 0, 59, &second) ||
		!number(registers->minutes, registers->mode, 0, 59, &minute) ||
		!hour_of(registers, &hour) || !year_of(registers, &year) ||
		!number(registers->month, registers->mode, 1, 12, &month) ||
		!number(registers->day, registers->mode, 1, days_of_month(month, year), &day))
		return false;
	*seconds = (days_before(month, year) + day - 1) * SECONDS_OF_DAY + hour * 3600ul +
		   minute * 60ul + second;
	return true;
}
