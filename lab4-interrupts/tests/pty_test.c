/* Pseudo-terminals, both sides in the kernel: what is typed at one is read at the other. */
#include "lab1-boot/lib/format.h"
#include "lab1-boot/lib/string.h"
#include "lab3-threads/cpu/clock.h"
#include "lab3-threads/tests/crew.h"
#include "lab4-interrupts/file/file.h"
#include "lab4-interrupts/file/poll.h"
#include "lab4-interrupts/tty/pty.h"
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/poll.h>
#include <linux/uio.h>

static struct file *master, *slave;

static int64_t transfer(struct file *file, void *bytes, size_t count, bool reads)
{
	struct iovec part = { bytes, count };
	struct buffer buffer = { .part = &part, .parts = 1, .left = count, .kernel = true };

	return reads ? file_read(file, &buffer, NULL) : file_write(file, &buffer, NULL);
}

static int64_t put(struct file *file, const char *text)
{
	return transfer(file, (void *)text, strlen(text), false);
}

/* What a read gives, as text; an error as its number. */
static const char *get(struct file *file, size_t bytes)
{
	static char text[8192];
	int64_t count = transfer(file, text, bytes, true);

	if (count < 0) {
		ksnprintf(text, sizeof(text), "(error %d)", (int)-count);
		return text;
	}
	text[count] = 0;
	return text;
}

static void set_local(tcflag_t lflag, cc_t minimum, cc_t time)
{
	struct terminal *terminal = terminal_of(slave);
	struct ktermios termios = terminal->ldisc.termios;
	uint64_t irq = terminal_lock(terminal);

	termios.c_lflag = lflag;
	termios.c_cc[VMIN] = minimum;
	termios.c_cc[VTIME] = time;
	ldisc_set(&terminal->ldisc, &termios);
	terminal_unlock(terminal, irq);
}

static struct file *open_slave(unsigned flags)
{
	struct file *file;

	KT_EQ(pty_open((unsigned)pty_number(master), flags, &file), 0);
	return file;
}

/* A pair, both sides with these flags. */
static void start(unsigned flags)
{
	struct file *none;

	KT_REQUIRE(pty_create(O_RDWR | flags, &master) == 0);
	KT_EQ(pty_open((unsigned)pty_number(master), O_RDWR, &none), -EIO); /* locked */
	pty_unlock(master);
	slave = open_slave(O_RDWR | flags);
}

static void end(void)
{
	file_put(slave);
	file_put(master);
}

KTEST(pty_line, "", "what is typed at the master is echoed there and read at the slave",
	.needs = "4.3")
{
	start(O_NONBLOCK);
	KT_EQ(put(master, "hello\r"), 6);
	KT_STREQ(get(master, 80), "hello\r\n");
	KT_STREQ(get(slave, 80), "hello\n");
	KT_STREQ(get(slave, 80), "(error 11)");
	KT_EQ(put(slave, "you\n"), 4);
	KT_STREQ(get(master, 2), "yo");
	KT_STREQ(get(master, 80), "u\r\n");
	KT_STREQ(get(master, 80), "(error 11)");
	end();
}

static void read_line(void *argument)
{
	*(bool *)argument = strcmp(get(slave, 80), "x\n") == 0;
}

KTEST(pty_waits, "", "a read of the slave waits for a line", .needs = "4.3")
{
	bool right = false;

	start(0);
	crew_start(read_line, &right);
	UNTIL(waiting(&terminal_of(slave)->readers) == 1);
	KT_EQ(put(master, "x"), 1);
	KT_EQ(put(master, "\n"), 1);
	crew_join();
	KT_TRUE(right);
	end();
}

static void write_much(void *argument)
{
	static char much[3 * 4096];

	memset(much, 'm', sizeof(much));
	*(int64_t *)argument = transfer(slave, much, sizeof(much), false);
}

KTEST(pty_writer_waits, "", "a writer waits while the master does not read, and loses nothing",
	.needs = "4.3")
{
	int64_t written = 0;
	size_t seen = 0;

	start(0);
	crew_start(write_much, &written);
	while (seen < 3 * 4096)
		seen += strlen(get(master, 1000));
	crew_join();
	KT_EQ(written, 3 * 4096);
	KT_EQ(seen, 3 * 4096);
	end();
}

KTEST(pty_typist_waits, "", "who types more than fits waits too, and loses nothing", .needs = "4.3")
{
	static char much[6000];
	size_t seen = 0;

	start(O_NONBLOCK);
	set_local(0, 1, 0);
	memset(much, 't', sizeof(much));
	KT_EQ(transfer(master, much, sizeof(much), false), LDISC_BUFFER - 1);
	KT_EQ(transfer(master, much, sizeof(much), false), -EAGAIN);
	seen = strlen(get(slave, 8000));
	KT_EQ(seen, LDISC_BUFFER - 1);
	KT_EQ(transfer(master, much, sizeof(much) - seen, false), sizeof(much) - seen);
	KT_EQ(seen + strlen(get(slave, 8000)), sizeof(much));
	end();
}

static void type_much(void *argument)
{
	static char much[3 * LDISC_BUFFER];

	memset(much, 't', sizeof(much));
	*(int64_t *)argument = transfer(master, much, sizeof(much), false);
}

KTEST(pty_typist_interrupted, "",
	"a signal ends the wait for room to type, even if there is room by then", .needs = "4.3")
{
	struct terminal *terminal;
	struct thread *typist;
	char piece[256];
	int64_t count = 0;
	uint64_t irq;

	start(0);
	set_local(0, 1, 0);
	terminal = terminal_of(slave);
	typist = crew_start(type_much, &count);
	UNTIL(waiting(&terminal->writers) == 1);
	irq = terminal_lock(terminal);
	thread_interrupt(typist);
	KT_EQ(ldisc_read(&terminal->ldisc, piece, sizeof(piece)), sizeof(piece));
	terminal_unlock(terminal, irq);
	crew_join();
	KT_EQ(count, LDISC_BUFFER - 1);
	end();
}

KTEST(pty_patience, "", "VMIN and VTIME: how long a read in raw mode waits", .needs = "4.3")
{
	uint64_t before;

	start(0);
	set_local(0, 0, 0);
	KT_STREQ(get(slave, 80), "");
	set_local(0, 0, 2);
	before = clock_ns();
	KT_STREQ(get(slave, 80), "");
	KT_TRUE(clock_ns() - before >= 200000000);
	put(master, "a");
	KT_STREQ(get(slave, 80), "a");
	set_local(0, 3, 1);
	put(master, "ab");
	before = clock_ns();
	KT_STREQ(get(slave, 80), "ab"); /* nothing comes within a tenth of a second */
	KT_TRUE(clock_ns() - before >= 100000000);
	put(master, "abcd");
	KT_STREQ(get(slave, 80), "abcd");
	set_local(0, 3, 0);
	put(master, "ab");
	KT_STREQ(get(slave, 2), "ab");
	end();
}

KTEST(pty_hang_up, "",
	"when the master is closed, the slave is at its end; when no slave is open, so is the "
	"master",
	.needs = "4.3")
{
	struct file *other;

	start(0);
	put(slave, "last");
	file_put(slave);
	KT_STREQ(get(master, 80), "last");
	KT_STREQ(get(master, 80), "(error 5)");
	KT_TRUE(file_poll(master, NULL) & POLLHUP);
	slave = open_slave(O_RDWR);
	other = open_slave(O_RDWR | O_NONBLOCK);
	KT_TRUE(!(file_poll(master, NULL) & POLLHUP));
	put(master, "x\n");
	file_put(master);
	KT_STREQ(get(slave, 80), "");
	KT_STREQ(get(other, 80), "");
	KT_EQ(put(slave, "x"), -EIO);
	KT_TRUE(file_poll(slave, NULL) & POLLHUP);
	file_put(slave);
	file_put(other);
}

KTEST(pty_polls, "", "poll: when there is something to read, and room to write", .needs = "4.3")
{
	static char much[5000];

	start(O_NONBLOCK);
	KT_EQ(file_poll(slave, NULL), POLLOUT | POLLWRNORM);
	KT_EQ(file_poll(master, NULL), POLLOUT | POLLWRNORM);
	put(master, "a");
	KT_EQ(file_poll(slave, NULL), POLLOUT | POLLWRNORM);
	KT_EQ(file_poll(master, NULL) & POLLIN, POLLIN);
	put(master, "\n");
	KT_EQ(file_poll(slave, NULL) & POLLIN, POLLIN);
	put(master, "\x13"); /* ^S */
	KT_EQ(file_poll(slave, NULL) & POLLOUT, 0);
	KT_EQ(put(slave, "x"), -EAGAIN);
	put(master, "\x11");
	memset(much, 'm', sizeof(much));
	KT_TRUE(transfer(slave, much, sizeof(much), false) > 4000);
	KT_EQ(file_poll(slave, NULL) & POLLOUT, 0);
	KT_EQ(put(slave, "x"), -EAGAIN);
	end();
}

KTEST(pty_numbers, "", "each pair has a number, and there are 64 at most")
{
	static struct file *pair[PTYS];
	struct file *more;

	for (unsigned i = 0; i < PTYS; i++) {
		KT_REQUIRE(pty_create(O_RDWR, &pair[i]) == 0);
		KT_EQ(pty_number(pair[i]), i);
	}
	KT_EQ(pty_create(O_RDWR, &more), -ENOSPC);
	file_put(pair[5]);
	KT_EQ(pty_create(O_RDWR, &pair[5]), 0);
	KT_EQ(pty_number(pair[5]), 5);
	for (unsigned i = 0; i < PTYS; i++)
		file_put(pair[i]);
}
