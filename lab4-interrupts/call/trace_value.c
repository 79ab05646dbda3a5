/* How strace shows one argument: see trace.h. What cannot be read of the program's memory is shown
 * as the address that it gave. */
#include "lab1-boot/lib/string.h"
#include "lab4-interrupts/call/trace.h"
#include "lab4-interrupts/call/usercopy.h"
#include <asm/signal.h>
#include <linux/fcntl.h>
#include <linux/time.h>
#include <linux/uio.h>

#define ELEMENTS 4 /* of an array that are shown */

static void show_signed(struct trace_line *line, const uint64_t *value)
{
	trace_text(line, "%d", (int)*value);
}

static void show_unsigned(struct trace_line *line, const uint64_t *value)
{
	trace_text(line, "%lu", *value);
}

static void show_octal(struct trace_line *line, const uint64_t *value)
{
	trace_text(line, "0%o", (unsigned)*value);
}

static void show_hex(struct trace_line *line, const uint64_t *value)
{
	trace_text(line, "0x%lx", *value);
}

static void show_address(struct trace_line *line, const uint64_t *value)
{
	if (*value)
		show_hex(line, value);
	else
		trace_text(line, "NULL");
}

/* --- bytes --------------------------------------------------------------------------- */

/* A byte as C writes it; an octal number has three digits if another digit follows. */
static void show_byte(struct trace_line *line, unsigned char byte, unsigned char next)
{
	static const char escaped[] = "\n\t\r\v\f\"\\", letters[] = "ntrvf\"\\";
	const char *at = byte ? strchr(escaped, byte) : NULL;

	if (at)
		trace_text(line, "\\%c", letters[at - escaped]);
	else if (byte >= ' ' && byte < 0x7f)
		trace_text(line, "%c", byte);
	else
		trace_text(line, next >= '0' && next <= '9' ? "\\%03o" : "\\%o", byte);
}

static void show_quoted(struct trace_line *line, const unsigned char *bytes, size_t count, bool cut)
{
	trace_text(line, "\"");
	for (size_t i = 0; i < count; i++)
		show_byte(line, bytes[i], i + 1 < count ? bytes[i + 1] : 0);
	trace_text(line, cut ? "\"..." : "\"");
}

static void show_bytes(struct trace_line *line, uint64_t address, uint64_t count)
{
	unsigned char bytes[TRACE_DATA];
	size_t some = count < sizeof(bytes) ? count : sizeof(bytes);

	if (copy_from_user(bytes, address, some))
		show_address(line, &address);
	else
		show_quoted(line, bytes, some, some < count);
}

static void show_data(struct trace_line *line, const uint64_t *value)
{
	show_bytes(line, value[0], value[1]);
}

/* What the call has put there. */
static void show_data_read(struct trace_line *line, const uint64_t *value)
{
	show_bytes(line, value[0], (uint64_t)line->result);
}

static void show_string(struct trace_line *line, const uint64_t *value)
{
	char text[TRACE_DATA + 1];
	int64_t length = string_from_user(text, *value, sizeof(text));

	if (length >= 0)
		show_quoted(line, (unsigned char *)text, (size_t)length, false);
	else if (copied_from_user(text, *value, TRACE_DATA) == TRACE_DATA)
		show_quoted(line, (unsigned char *)text, TRACE_DATA, true);
	else
		show_address(line, value);
}

static void show_dirfd(struct trace_line *line, const uint64_t *value)
{
	if ((int)*value == AT_FDCWD)
		trace_text(line, "AT_FDCWD");
	else
		show_signed(line, value);
}

/* --- arrays and structures ----------------------------------------------------------- */

static void show_strings(struct trace_line *line, const uint64_t *value)
{
	uint64_t element;

	if (copy_from_user(&element, *value, sizeof(element))) {
		show_address(line, value);
		return;
	}
	trace_text(line, "[");
	for (unsigned i = 0; element && i <= ELEMENTS; i++) {
		trace_text(line, i > 0 ? ", " : "");
		if (i == ELEMENTS)
			trace_text(line, "...");
		else
			show_string(line, &element);
		if (copy_from_user(&element, *value + (i + 1) * sizeof(element), sizeof(element)))
			break;
	}
	trace_text(line, "]");
}

static void show_vector(struct trace_line *line, const uint64_t *value)
{
	struct iovec part;

	trace_text(line, "[");
	for (unsigned i = 0; i < value[1] && i <= ELEMENTS; i++) {
		trace_text(line, i > 0 ? ", " : "");
		if (i == ELEMENTS ||
			copy_from_user(&part, *value + i * sizeof(part), sizeof(part))) {
			trace_text(line, "...");
			break;
		}
		trace_text(line, "{iov_base=");
		show_bytes(line, (uint64_t)part.iov_base, part.iov_len);
		trace_text(line, ", iov_len=%lu}", (uint64_t)part.iov_len);
	}
	trace_text(line, "]");
}

static void show_timespec(struct trace_line *line, const uint64_t *value)
{
	int64_t time[2];

	if (copy_from_user(time, *value, sizeof(time)))
		show_address(line, value);
	else
		trace_text(line, "{tv_sec=%ld, tv_nsec=%ld}", time[0], time[1]);
}

static void show_timeval(struct trace_line *line, const uint64_t *value)
{
	int64_t time[2];

	if (copy_from_user(time, *value, sizeof(time)))
		show_address(line, value);
	else
		trace_text(line, "{tv_sec=%ld, tv_usec=%ld}", time[0], time[1]);
}

#define PREFIX 3 /* "SIG" */

/* A signal's name as it stands in sets. */
static void show_member(struct trace_line *line, unsigned number)
{
	size_t at = line->used;

	if (number == 32)
		trace_text(line, "RTMIN");
	else if (number > 32)
		trace_text(line, "RT_%u", number - 32);
	else if (trace_named(line, "signal", 6, number) && line->used > at + PREFIX) {
		memmove(line->text + at, line->text + at + PREFIX, line->used - at - PREFIX + 1);
		line->used -= PREFIX;
	}
}

static unsigned members(uint64_t set)
{
	unsigned count = 0;

	for (; set; set &= set - 1)
		count++;
	return count;
}

/* A set, or with ~ before it the signals that are not in it, if these are fewer. */
static void show_sigset(struct trace_line *line, const uint64_t *value)
{
	uint64_t set;
	bool some = false;

	if (copy_from_user(&set, *value, sizeof(set))) {
		show_address(line, value);
		return;
	}
	if (members(set) > 32) {
		set = ~set;
		trace_text(line, "~");
	}
	trace_text(line, "[");
	for (unsigned number = 1; number <= 64; number++)
		if (set >> (number - 1) & 1) {
			trace_text(line, some ? " " : "");
			show_member(line, number);
			some = true;
		}
	trace_text(line, "]");
}

static void show_pair(struct trace_line *line, const uint64_t *value)
{
	int pair[2];

	if (copy_from_user(pair, *value, sizeof(pair)))
		show_address(line, value);
	else
		trace_text(line, "[%d, %d]", pair[0], pair[1]);
}

/* --- words --------------------------------------------------------------------------- */

static const struct kind {
	const char *word;
	void (*show)(struct trace_line *line, const uint64_t *value);
} kinds[] = {
	{ "int", show_signed },
	{ "fd", show_signed },
	{ "dirfd", show_dirfd },
	{ "pid", show_signed },
	{ "number", show_signed },
	{ "status", show_signed },
	{ "%d", show_signed },
	{ "size", show_unsigned },
	{ "offset", show_unsigned },
	{ "count", show_unsigned },
	{ "%u", show_unsigned },
	{ "%lu", show_unsigned },
	{ "mode", show_octal },
	{ "address", show_address },
	{ "%p", show_address },
	{ "path", show_string },
	{ "string", show_string },
	{ "strings", show_strings },
	{ "data", show_data },
	{ "data^", show_data_read },
	{ "vector", show_vector },
	{ "timespec", show_timespec },
	{ "timeval", show_timeval },
	{ "sigset", show_sigset },
	{ "int*", show_pair },
};

static bool is_word(const char *word, size_t length, const char *kind)
{
	return strlen(kind) == length && strncmp(word, kind, length) == 0;
}

static bool show_known(
	struct trace_line *line, const char *word, size_t length, const uint64_t *value)
{
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (is_word(word, length, kinds[i].word)) {
			kinds[i].show(line, value);
			return true;
		}
	return trace_named(line, word, length, *value);
}

void trace_value(struct trace_line *line, const char *word, size_t length, const uint64_t *value)
{
	bool late = length > 0 && word[length - 1] == '^';

	if (!show_known(line, word, length, value) &&
		!(late && show_known(line, word, length - 1, value)))
		show_hex(line, value);
}
