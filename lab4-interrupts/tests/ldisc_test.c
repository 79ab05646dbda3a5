/*
 * Exercise 4.3, one key after the other. test_ldisc.py types everything else, and compares with
 * Linux.
 */
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/string.h"
#include "lab4-interrupts/tests/ldisc_sink.h"

#define ERASE   "\x7f"
#define KILL    "\x15"
#define WORD    "\x17"
#define LITERAL "\x16"
#define END     "\x04" /* of file */
#define REPRINT "\x12"
#define BACK    "\b \b" /* what takes a character off the screen */

static char text[LDISC_BUFFER + 1];

static void type(const char *keys)
{
	sink_forget();
	sink_type(keys, strlen(keys));
}

/* What was shown since something was typed or written. */
static const char *shown(void)
{
	memcpy(text, sink.shown, sink.count);
	text[sink.count < LDISC_BUFFER ? sink.count : LDISC_BUFFER] = 0;
	return text;
}

/* What a read of so many bytes takes; "(waits)" if it would. */
static const char *read(size_t bytes)
{
	if (!ldisc_ready(&sink.ldisc, 1))
		return "(waits)";
	text[ldisc_read(&sink.ldisc, text, bytes)] = 0;
	return text;
}

/* How many of these bytes were taken. */
static size_t write(const char *bytes)
{
	size_t done = 0;

	sink_forget();
	while (bytes[done] && ldisc_output(&sink.ldisc, bytes[done]))
		done++;
	return done;
}

/* A new one, with these flags turned off, and those on. */
static void start(tcflag_t without, tcflag_t with)
{
	struct ktermios termios;

	sink_init();
	termios = sink.ldisc.termios;
	termios.c_lflag = (termios.c_lflag & ~without) | with;
	ldisc_set(&sink.ldisc, &termios);
}

static void set_input(tcflag_t iflag)
{
	struct ktermios termios = sink.ldisc.termios;

	termios.c_iflag = iflag;
	ldisc_set(&sink.ldisc, &termios);
}

static void set_output(tcflag_t oflag)
{
	struct ktermios termios = sink.ldisc.termios;

	termios.c_oflag = oflag;
	ldisc_set(&sink.ldisc, &termios);
}

#define TYPE_SHOWS(keys, what) (type(keys), KT_STREQ(shown(), what))

/* --- lines -------------------------------------------------------------------------------- */

KTEST(ldisc_lines, "4.3", "a line can be read when it has ended, and no read takes more than one")
{
	start(0, 0);
	type("ab");
	KT_STREQ(read(80), "(waits)");
	type("\ncd\nef");
	KT_EQ(ldisc_count(&sink.ldisc), 6);
	KT_STREQ(read(80), "ab\n");
	KT_STREQ(read(2), "cd");
	KT_STREQ(read(80), "\n");
	KT_STREQ(read(80), "(waits)");
	type("\n");
	KT_STREQ(read(80), "ef\n");
}

KTEST(ldisc_end_of_file, "4.3", "^D ends a line without being in it; alone it is an end of file")
{
	start(0, 0);
	TYPE_SHOWS(END, "");
	KT_STREQ(read(80), "");
	KT_STREQ(read(80), "(waits)");
	type("abc" END);
	KT_EQ(ldisc_count(&sink.ldisc), 3);
	KT_STREQ(read(80), "abc");
	KT_STREQ(read(80), "(waits)");
	type("abc" END "d\n");
	KT_STREQ(read(3), "abc"); /* the end goes with what it ends, even if the read is full */
	KT_STREQ(read(80), "d\n");
	type("abc" END END "x");
	KT_STREQ(read(2), "ab");
	KT_STREQ(read(2), "c");
	KT_STREQ(read(2), "");
	KT_STREQ(read(2), "(waits)");
}

KTEST(ldisc_other_ends, "4.3",
	"VEOL and VEOL2 end a line and are in it; 0 as a control character is none")
{
	struct ktermios termios;

	start(0, 0);
	termios = sink.ldisc.termios;
	termios.c_cc[VEOL] = ';';
	termios.c_cc[VEOL2] = ',';
	ldisc_set(&sink.ldisc, &termios);
	TYPE_SHOWS("a;b,", "a;b,");
	KT_STREQ(read(80), "a;");
	KT_STREQ(read(80), "b,");
	termios.c_lflag &= ~IEXTEN;
	ldisc_set(&sink.ldisc, &termios);
	type("b,");
	KT_STREQ(read(80), "(waits)");
	sink_type("\0\n", 2);
	KT_EQ(ldisc_count(&sink.ldisc), 4);
}

KTEST(ldisc_raw, "4.3", "without ICANON each byte can be read at once, and means nothing")
{
	start(ICANON, 0);
	type("a");
	KT_TRUE(ldisc_ready(&sink.ldisc, 1) && !ldisc_ready(&sink.ldisc, 2));
	type("b\nc\n" ERASE KILL END);
	KT_STREQ(read(3), "ab\n");
	KT_STREQ(read(80), "c\n" ERASE KILL END);
	KT_STREQ(read(80), "(waits)");
}

KTEST(ldisc_changes_mode, "4.3", "what was typed before ICANON changes is not lost")
{
	struct ktermios canonical, raw;

	start(0, 0);
	canonical = raw = sink.ldisc.termios;
	raw.c_lflag &= ~ICANON;
	type("half");
	ldisc_set(&sink.ldisc, &raw);
	KT_STREQ(read(2), "ha");
	ldisc_set(&sink.ldisc, &canonical);
	KT_STREQ(read(80), "lf");
	KT_STREQ(read(80), "(waits)");
	type("x\n");
	KT_STREQ(read(80), "x\n");
}

KTEST(ldisc_long_line, "4.3", "a line that is too long keeps its beginning, and can be ended")
{
	start(ECHO, 0);
	for (int i = 0; i < LDISC_BUFFER + 10; i++)
		ldisc_input(&sink.ldisc, 'a');
	KT_EQ(ldisc_room(&sink.ldisc), 1);
	ldisc_input(&sink.ldisc, '\n');
	KT_EQ(ldisc_room(&sink.ldisc), 0);
	ldisc_input(&sink.ldisc, 'b'); /* lost */
	KT_EQ(ldisc_count(&sink.ldisc), LDISC_BUFFER);
	KT_EQ(strlen(read(LDISC_BUFFER - 2)), LDISC_BUFFER - 2);
	KT_STREQ(read(80), "a\n");
	type("c\n");
	KT_STREQ(read(80), "c\n");
}

KTEST(ldisc_ring, "4.3", "the buffer is used again and again, and lines stay what they are")
{
	static char line[50];

	start(ECHO, 0);
	for (unsigned i = 0; i < 600; i++) {
		size_t length = i * 7 % 40;

		memset(line, 'a', length);
		memcpy(line + length, "\n", 2);
		type(line);
		KT_STREQ(read(80), line);
	}
}

/* --- editing ------------------------------------------------------------------------------ */

KTEST(ldisc_erases, "4.3", "what is erased is gone from the line and from the screen")
{
	start(0, 0);
	TYPE_SHOWS("abc" ERASE, "abc" BACK);
	TYPE_SHOWS(ERASE ERASE ERASE, BACK BACK);
	TYPE_SHOWS("x\n", "x\r\n");
	TYPE_SHOWS(ERASE KILL WORD, ""); /* a line that has ended is out of reach */
	KT_STREQ(read(80), "x\n");
	TYPE_SHOWS("abc" KILL "d\n", "abc" BACK BACK BACK "d\r\n");
	KT_STREQ(read(80), "d\n");
}

KTEST(ldisc_erases_words, "4.3", "^W erases back to the beginning of a word")
{
	start(0, 0);
	TYPE_SHOWS("a b_1 " WORD, "a b_1 " BACK BACK BACK BACK);
	TYPE_SHOWS("x-y" WORD, "x-y" BACK);
	TYPE_SHOWS("..." WORD, "..." BACK BACK BACK BACK BACK);
	type("\n");
	KT_STREQ(read(80), "a \n");
	start(IEXTEN, 0);
	type("a b" WORD "\n");
	KT_STREQ(read(80), "a b" WORD "\n");
}

KTEST(ldisc_erases_controls, "4.3", "a control character is shown as ^X, and takes two columns off")
{
	start(0, 0);
	TYPE_SHOWS("\x01" ERASE, "^A" BACK BACK);
	TYPE_SHOWS(LITERAL ERASE ERASE, "^\b^?" BACK BACK);
	start(ECHOCTL, 0);
	TYPE_SHOWS("\x01" ERASE, "\x01");
}

KTEST(ldisc_erases_tabs, "4.3", "erasing a tab goes back to where it was typed")
{
	start(0, 0);
	TYPE_SHOWS("ab\t" ERASE, "ab\t\b\b\b\b\b\b");
	TYPE_SHOWS("\t\t" ERASE, "\t\t\b\b\b\b\b\b\b\b");
	TYPE_SHOWS(KILL, "\b\b\b\b\b\b" BACK BACK);
	write("$ "); /* the line begins behind a prompt */
	TYPE_SHOWS("a\t" ERASE, "a\t\b\b\b\b\b");
	TYPE_SHOWS("\x01\t" ERASE, "^A\t\b\b\b");
}

KTEST(ldisc_erases_characters, "4.3", "with IUTF8 a character is erased, whatever bytes it has")
{
	start(0, 0);
	set_input(ICRNL | IUTF8);
	TYPE_SHOWS("x\xe2\x82\xac" ERASE, "x\xe2\x82\xac" BACK);
	type("\n");
	KT_STREQ(read(80), "x\n");
	TYPE_SHOWS("\xc3\xa4\t" ERASE, "\xc3\xa4\t\b\b\b\b\b\b\b");
	start(0, 0);
	set_input(ICRNL | IUTF8);
	TYPE_SHOWS("\xa4" ERASE, "\xa4"); /* the rest of nothing stays */
	type("\n");
	KT_STREQ(read(80), "\xa4\n");
	start(0, 0);
	TYPE_SHOWS("\xc3\xa4" ERASE, "\xc3\xa4" BACK);
	type("\n");
	KT_STREQ(read(80), "\xc3\n");
}

KTEST(ldisc_echo_of_kill, "4.3",
	"ECHOE, ECHOK, ECHOKE and ECHOPRT: four ways to show that something is gone")
{
	start(ECHOKE, 0);
	TYPE_SHOWS("ab" KILL, "ab^U\r\n");
	start(ECHOKE | ECHOK, 0);
	TYPE_SHOWS("ab" KILL, "ab^U");
	start(ECHOE, 0);
	TYPE_SHOWS("ab" ERASE, "ab^?");
	start(0, ECHOPRT);
	TYPE_SHOWS("abc" ERASE ERASE "d" ERASE ERASE, "abc\\cb/d\\da/");
	start(ECHO, 0);
	TYPE_SHOWS("ab" ERASE KILL "c" REPRINT "\n", "");
	KT_STREQ(read(80), "c" REPRINT "\n");
	start(ECHO, ECHONL);
	TYPE_SHOWS("ab\n", "\r\n");
}

KTEST(ldisc_literal, "4.3", "behind ^V every byte is taken as it is")
{
	start(0, 0);
	TYPE_SHOWS("a" LITERAL "\x03" LITERAL "\n" LITERAL LITERAL, "a^\b^C^\b^J^\b^V");
	KT_STREQ(sink.signals, "");
	KT_STREQ(read(80), "(waits)");
	type("\n");
	KT_STREQ(read(80), "a\x03\n" LITERAL "\n");
}

KTEST(ldisc_reprints, "4.3", "^R shows the line again")
{
	start(0, 0);
	TYPE_SHOWS("a\x01" REPRINT, "a^A^R\r\na^A");
	TYPE_SHOWS("b\n" REPRINT, "b\r\n^R\r\n");
}

/* --- what keys mean -------------------------------------------------------------------------- */

KTEST(ldisc_signals, "4.3", "^C, ^\\ and ^Z send signals, and what was typed before is forgotten")
{
	start(0, 0);
	TYPE_SHOWS("ab\ncd\x03", "ab\r\ncd^C");
	KT_STREQ(sink.signals, "i");
	KT_EQ(sink.discarded, 1);
	KT_STREQ(read(80), "(waits)");
	type("\x1c\x1a"
	     "x\n");
	KT_STREQ(sink.signals, "qz");
	KT_STREQ(read(80), "x\n");

	start(0, NOFLSH);
	type("ab\x03"
	     "c\n");
	KT_STREQ(sink.signals, "i");
	KT_EQ(sink.discarded, 0);
	KT_STREQ(read(80), "abc\n");
	start(ISIG, 0);
	type("\x03\n");
	KT_STREQ(sink.signals, "");
	KT_STREQ(read(80), "\x03\n");
	start(ICANON | ECHO, 0);
	type("a\x1a");
	KT_STREQ(sink.signals, "z");
	start(0, 0);
	sink.ldisc.termios.c_cc[VINTR] = 0; /* none */
	sink_type("\0\n", 2);
	KT_STREQ(sink.signals, "");
	KT_EQ(ldisc_count(&sink.ldisc), 2);
}

KTEST(ldisc_flow, "4.3", "^S stops the output and the echo until ^Q")
{
	start(0, 0);
	TYPE_SHOWS("a\x13", "a");
	TYPE_SHOWS("b\t", "");
	KT_EQ(write("x"), 0);
	TYPE_SHOWS("\x11", "b\t");
	KT_EQ(write("x"), 1);
	TYPE_SHOWS("\x13"
		   "c\x03",
		"^C"); /* what waited is forgotten, and it goes on */
	TYPE_SHOWS("\x13"
		   "d",
		"");
	set_input(ICRNL);
	KT_STREQ(shown(), "d");
	TYPE_SHOWS("\x13", "^S");
	set_input(ICRNL | IXON | IXANY);
	TYPE_SHOWS("\x13"
		   "e",
		"e");
}

KTEST(ldisc_returns, "4.3", "ICRNL, INLCR and IGNCR; ISTRIP")
{
	start(0, 0);
	set_input(0);
	type("a\rb\n");
	KT_STREQ(read(80), "a\rb\n");
	set_input(ICRNL);
	type("a\r");
	KT_STREQ(read(80), "a\n");
	set_input(INLCR);
	type("a\n");
	KT_STREQ(read(80), "(waits)");
	set_input(IGNCR | ICRNL);
	type("b\r\n");
	KT_STREQ(read(80), "a\rb\n");
	set_input(ISTRIP | ICRNL);
	type("\xe1" LITERAL "\xe2\x8d");
	KT_STREQ(read(80), "ab\n");
}

/* --- output ------------------------------------------------------------------------------- */

KTEST(ldisc_output_flags, "4.3", "OPOST with ONLCR, OCRNL, ONOCR, ONLRET and XTABS")
{
	static const struct {
		tcflag_t flags;
		const char *written, *shown;
	} cases[] = {
		{ OPOST | ONLCR, "a\nb\r", "a\r\nb\r" },
		{ ONLCR, "a\nb\r", "a\nb\r" },
		{ OPOST, "a\nb\r", "a\nb\r" },
		{ OPOST | OCRNL, "a\r", "a\n" },
		{ OPOST | ONOCR, "\ra\r\r", "a\r" },
		{ OPOST | XTABS, "\ta\tab\b\t\n\t", "        a       ab\b       \n        " },
		{ OPOST | XTABS | ONLRET, "ab\n\t", "ab\n        " },
		{ OPOST | XTABS | ONLCR, "ab\n\t", "ab\r\n        " },
		{ OPOST | XTABS,
			"\x1b\x07"
			"a\t",
			"\x1b\x07"
			"a       " },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start(0, 0);
		set_output(cases[i].flags);
		KT_EQ(write(cases[i].written), strlen(cases[i].written));
		KT_STREQ(shown(), cases[i].shown);
	}
}

KTEST(ldisc_output_room, "4.3",
	"what does not fit is not shown in part, and comes once there is room")
{
	start(0, 0);
	sink.room = 1;
	KT_TRUE(!ldisc_output(&sink.ldisc, '\n'));
	KT_TRUE(ldisc_output(&sink.ldisc, 'a'));
	KT_TRUE(!ldisc_output(&sink.ldisc, 'b'));
	KT_STREQ(shown(), "a");
	sink_forget();
	sink.room = 3;
	sink_type("\x01\x01\x01", 3);
	KT_STREQ(shown(), "^A");
	sink.room = 100;
	ldisc_echo(&sink.ldisc);
	KT_STREQ(shown(), "^A^A^A");
	set_output(OPOST | XTABS);
	sink_forget();
	sink.room = 1;
	KT_TRUE(ldisc_output(&sink.ldisc, 'x')); /* it was column 7 */
	sink.room = 7;
	KT_TRUE(!ldisc_output(&sink.ldisc, '\t'));
	sink.room = 8;
	KT_TRUE(ldisc_output(&sink.ldisc, '\t'));
	KT_STREQ(shown(), "x        ");
}
