/*
 * The test floor's own voice: port output and formatting that call nothing an
 * exercise implements, so that they can tell when an exercise is wrong.
 */
#pragma once
#include <stdint.h>

#define REPORT_CONSOLE 0x3f8 /* COM1 */
#define REPORT_TEST    0x2f8 /* COM2: the test protocol and nothing else */

/* report: print on a serial port. Only %s %c %d %u %x %ld %lu %lx and %%; no widths. */
void report(uint16_t port, const char *text, ...) __attribute__((format(printf, 2, 3)));

/* report_quoted: a string as it would stand in C, so that no text can break the protocol's lines.
 */
void report_quoted(uint16_t port, const char *text);

/* report_flush: wait until all bytes have left the port; QEMU drops those that have not when it
 * exits. */
void report_flush(uint16_t port);
