/* Words and values on the command line. */
#include "lab1-boot/boot/bootinfo.h"
#include "lab1-boot/boot/cmdline.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/string.h"

static void set_line(const char *line)
{
	strlcpy(bootinfo.command_line, line, sizeof(bootinfo.command_line));
}

/* The value of a key as a string; "(none)" if there is none. */
static const char *value(const char *key)
{
	static char text[64];
	size_t length = 0;
	const char *at = cmdline_value(key, &length);

	if (!at)
		return "(none)";
	KT_REQUIRE(length < sizeof(text));
	memcpy(text, at, length);
	text[length] = '\0';
	return text;
}

KTEST(cmdline_values, "", "values are found by whole keys, and the last one holds")
{
	set_line("  root=/dev/vda  init=/bin/sh quiet seed=0x2a init=/init empty= a=b=c");
	KT_STREQ(value("root"), "/dev/vda");
	KT_STREQ(value("init"), "/init");
	KT_STREQ(value("empty"), "");
	KT_STREQ(value("a"), "b=c");
	KT_STREQ(value("roo"), "(none)");
	KT_STREQ(value("oot"), "(none)");
	KT_STREQ(value("quiet"), "(none)");
	KT_TRUE(cmdline_has("quiet"));
	KT_TRUE(!cmdline_has("qui"));
	KT_TRUE(!cmdline_has("root"));
	set_line("");
	KT_STREQ(value("root"), "(none)");
	KT_TRUE(!cmdline_has("quiet"));
}

KTEST(cmdline_ends, "", "what stands behind -- is not the kernel's")
{
	set_line("init=/init --x -- init=/bin/sh quiet --");
	KT_STREQ(value("init"), "/init");
	KT_TRUE(cmdline_has("--x"));
	KT_TRUE(!cmdline_has("quiet"));
	set_line("-- quiet");
	KT_TRUE(!cmdline_has("quiet"));
}

KTEST(cmdline_numbers, "", "numbers are decimal, hexadecimal or negative, and fall back")
{
	set_line("a=12 b=0xFF c=-3 d=x1 e= f=18446744073709551616 g=-");
	KT_EQ(cmdline_number("a", 7), 12);
	KT_EQ(cmdline_number("b", 7), 255);
	KT_EQ(cmdline_number("c", 7), -3);
	KT_EQ(cmdline_number("d", 7), 7);
	KT_EQ(cmdline_number("e", 7), 7);
	KT_EQ(cmdline_number("f", 7), 7);
	KT_EQ(cmdline_number("g", 7), 7);
	KT_EQ(cmdline_number("h", -7), -7);
}
