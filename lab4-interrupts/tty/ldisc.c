/* The line discipline's input, and what can be read of it. See ldisc.h. */
#include "lab4-interrupts/tty/ldisc.h"
#include "lab1-boot/ktest/todo.h"
#include "lab1-boot/lib/string.h"
#include "lab4-interrupts/tty/ldisc_parts.h"
#include <asm/signal.h>

/* Linux's tty_std_termios. */
static const struct ktermios usual = {
	.c_iflag = ICRNL | IXON,
	.c_oflag = OPOST | ONLCR,
	.c_cflag = B38400 | CS8 | CREAD | HUPCL,
	.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
	.c_cc = {
		[VINTR] = 'C' - '@',
		[VQUIT] = '\\' - '@',
		[VERASE] = 0x7f,
		[VKILL] = 'U' - '@',
		[VEOF] = 'D' - '@',
		[VMIN] = 1,
		[VSTART] = 'Q' - '@',
		[VSTOP] = 'S' - '@',
		[VSUSP] = 'Z' - '@',
		[VREPRINT] = 'R' - '@',
		[VDISCARD] = 'O' - '@',
		[VWERASE] = 'W' - '@',
		[VLNEXT] = 'V' - '@',
	},
	.c_ispeed = 38400,
	.c_ospeed = 38400,
};

void ldisc_init(struct ldisc *ldisc, const struct ldisc_ops *ops, void *context)
{
	memset(ldisc, 0, sizeof(*ldisc));
	ldisc->termios = usual;
	ldisc->ops = ops;
	ldisc->context = context;
}

void ldisc_flush(struct ldisc *ldisc)
{
	ldisc->head = ldisc->tail = ldisc->canonical_head = 0;
	ldisc->erasing = false;
	memset(ldisc->marks, 0, sizeof(ldisc->marks));
}

/* --- settings ---------------------------------------------------------------------- */

/* Canonical mode begins or ends. */
static void change_mode(struct ldisc *ldisc)
{
	memset(ldisc->marks, 0, sizeof(ldisc->marks));
	ldisc->canonical_head = ldisc->tail;
	if (ldisc_lflag(ldisc, ICANON) && ldisc->head != ldisc->tail) {
		ldisc_mark(ldisc, ldisc->head - 1);
		ldisc->canonical_head = ldisc->head;
	}
	ldisc->erasing = ldisc->literal = false;
}

void ldisc_set(struct ldisc *ldisc, const struct ktermios *termios)
{
	struct ktermios old = ldisc->termios;

	ldisc->termios = *termios;
	if ((old.c_lflag ^ termios->c_lflag) & ICANON)
		change_mode(ldisc);
	if ((old.c_iflag & IXON) && !ldisc_iflag(ldisc, IXON)) {
		output_start(ldisc); /* no key would, from now on */
		ldisc_echo(ldisc);
	}
}

/* --- input ------------------------------------------------------------------------- */

size_t ldisc_room(const struct ldisc *ldisc)
{
	unsigned used = ldisc->head - ldisc->tail;

	if (used < LDISC_BUFFER - 1)
		return LDISC_BUFFER - 1 - used;
	return ldisc_lflag(ldisc, ICANON) && ldisc->canonical_head == ldisc->tail;
}

void ldisc_keep(struct ldisc *ldisc, uint8_t byte)
{
	if (ldisc->head - ldisc->tail < LDISC_BUFFER)
		ldisc->buffer[ldisc->head++ % LDISC_BUFFER] = (char)byte;
}

// BEGIN SOLUTION 4.3
/* A byte that means nothing; newline: it is one that shall look like one. */
static void ordinary(struct ldisc *ldisc, uint8_t byte, bool newline)
{
	if (ldisc_lflag(ldisc, ECHO)) {
		edit_shown(ldisc);
		if (ldisc->head == ldisc->canonical_head && !newline)
			echo_beginning(ldisc);
		if (newline)
			echo_byte(ldisc, byte);
		else
			echo_visible(ldisc, byte);
	}
	if (byte == 0xff && ldisc_iflag(ldisc, PARMRK))
		ldisc_keep(ldisc, byte); /* a single one would mark an error */
	ldisc_keep(ldisc, byte);
}

/* ^Q and ^S. */
static bool flow_key(struct ldisc *ldisc, uint8_t byte)
{
	if (!ldisc_iflag(ldisc, IXON))
		return false;
	if (ldisc_is(ldisc, byte, VSTART))
		output_start(ldisc);
	else if (ldisc_is(ldisc, byte, VSTOP))
		ldisc->stopped = true;
	else
		return false;
	return true;
}

/* Which signal a byte sends, or 0. */
static int signal_of(const struct ldisc *ldisc, uint8_t byte)
{
	if (!ldisc_lflag(ldisc, ISIG))
		return 0;
	if (ldisc_is(ldisc, byte, VINTR))
		return SIGINT;
	if (ldisc_is(ldisc, byte, VQUIT))
		return SIGQUIT;
	return ldisc_is(ldisc, byte, VSUSP) ? SIGTSTP : 0;
}

static bool signal_key(struct ldisc *ldisc, uint8_t byte)
{
	int number = signal_of(ldisc, byte);

	if (!number)
		return false;
	ldisc->ops->signal(ldisc->context, number);
	if (!ldisc_lflag(ldisc, NOFLSH)) {
		echo_forget(ldisc);
		ldisc->ops->discard(ldisc->context);
		ldisc_flush(ldisc);
	}
	if (ldisc_iflag(ldisc, IXON))
		output_start(ldisc);
	if (ldisc_lflag(ldisc, ECHO))
		echo_visible(ldisc, byte);
	return true;
}

/* A byte that is not literal. */
static void input(struct ldisc *ldisc, uint8_t typed)
{
	uint8_t byte = typed;

	if (flow_key(ldisc, typed) || signal_key(ldisc, typed))
		return;
	if (ldisc_iflag(ldisc, IXON) && ldisc_iflag(ldisc, IXANY))
		output_start(ldisc);
	if (typed == '\r' && ldisc_iflag(ldisc, IGNCR))
		return;
	if (typed == '\r' && ldisc_iflag(ldisc, ICRNL))
		byte = '\n';
	if (typed == '\n' && ldisc_iflag(ldisc, INLCR))
		byte = '\r';
	if (ldisc_lflag(ldisc, ICANON) && edit_key(ldisc, byte))
		return;
	ordinary(ldisc, byte, byte == '\n' && typed == '\r');
}

/* In Latin-1. */
static uint8_t lower(uint8_t byte)
{
	bool upper = (byte >= 'A' && byte <= 'Z') || (byte >= 0xc0 && byte <= 0xde && byte != 0xd7);

	return upper ? byte - 'A' + 'a' : byte;
}

/* ISTRIP and IUCLC: even what is literal. */
static uint8_t reduced(const struct ldisc *ldisc, uint8_t byte)
{
	if (ldisc_iflag(ldisc, ISTRIP))
		byte &= 0x7f;
	return ldisc_iflag(ldisc, IUCLC) && ldisc_lflag(ldisc, IEXTEN) ? lower(byte) : byte;
}
// END SOLUTION 4.3 =>

void ldisc_input(struct ldisc *ldisc, char byte)
{
	/* Exercise 4.3: what c_iflag and c_lflag say of it: it is changed, or means something, or
	 * goes into the buffer; it is echoed. A line that is as long as can be (LDISC_BUFFER - 1)
	 * loses what is typed, and not its end. */
	// BEGIN SOLUTION 4.3
	uint8_t typed = reduced(ldisc, (uint8_t)byte);
	bool literal = ldisc->literal;

	if (!ldisc_room(ldisc))
		return;
	if (ldisc->head - ldisc->tail == LDISC_BUFFER)
		ldisc->head--; /* the last place is for the line's end */
	ldisc->literal = false;
	if (literal) {
		if (ldisc_iflag(ldisc, IXON) && ldisc_iflag(ldisc, IXANY))
			output_start(ldisc);
		ordinary(ldisc, typed, false);
	} else {
		input(ldisc, typed);
	}
	ldisc_echo(ldisc);
	// END SOLUTION 4.3 => (void)ldisc; (void)byte; todo("4.3");
}

/* --- reading ----------------------------------------------------------------------- */

bool ldisc_ready(const struct ldisc *ldisc, size_t least)
{
	if (ldisc_lflag(ldisc, ICANON))
		return ldisc->canonical_head != ldisc->tail;
	return ldisc->head - ldisc->tail >= least;
}

static bool marked(const struct ldisc *ldisc, unsigned number)
{
	unsigned place = number % LDISC_BUFFER;

	return ldisc->marks[place / 8] >> place % 8 & 1;
}

size_t ldisc_count(const struct ldisc *ldisc)
{
	size_t count = 0;

	if (!ldisc_lflag(ldisc, ICANON))
		return ldisc->head - ldisc->tail;
	for (unsigned at = ldisc->tail; at != ldisc->canonical_head; at++)
		count += !marked(ldisc, at) || ldisc_at(ldisc, at);
	return count;
}

// BEGIN SOLUTION 4.3
static size_t read_line(struct ldisc *ldisc, char *to, size_t bytes)
{
	size_t done = 0;

	while (ldisc->tail != ldisc->canonical_head) {
		unsigned at = ldisc->tail, place = at % LDISC_BUFFER;
		bool end = marked(ldisc, at), eof = end && !ldisc_at(ldisc, at);

		if (done == bytes && !eof)
			break;
		if (!eof)
			to[done++] = (char)ldisc_at(ldisc, at);
		ldisc->marks[place / 8] &= (uint8_t) ~(1 << place % 8);
		ldisc->tail++;
		if (end)
			break;
	}
	return done;
}
// END SOLUTION 4.3 =>

size_t ldisc_read(struct ldisc *ldisc, char *to, size_t bytes)
{
	/* Exercise 4.3 */
	// BEGIN SOLUTION 4.3
	size_t done = 0;

	if (ldisc_lflag(ldisc, ICANON))
		return read_line(ldisc, to, bytes);
	while (done < bytes && ldisc->tail != ldisc->head)
		to[done++] = (char)ldisc_at(ldisc, ldisc->tail++);
	return done;
	// END SOLUTION 4.3 => (void)ldisc; (void)to; (void)bytes; todo("4.3"); return 0;
}
