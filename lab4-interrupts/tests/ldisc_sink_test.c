/* See ldisc_sink.h. */
#include "lab1-boot/lib/string.h"
#include "lab4-interrupts/tests/ldisc_sink.h"
#include <asm/signal.h>

struct sink sink;

static size_t sink_room(void *context)
{
	return ((struct sink *)context)->room;
}

static void sink_put(void *context, char byte)
{
	struct sink *to = context;

	if (to->count < sizeof(to->shown))
		to->shown[to->count++] = byte;
	to->room--;
}

static void sink_signal(void *context, int number)
{
	struct sink *to = context;
	size_t length = strlen(to->signals);

	if (length + 1 < sizeof(to->signals))
		to->signals[length] = number == SIGINT    ? 'i'
				      : number == SIGQUIT ? 'q'
				      : number == SIGTSTP ? 'z'
							  : '?';
}

static void sink_discard(void *context)
{
	((struct sink *)context)->discarded++;
}

static const struct ldisc_ops sink_ops = { sink_room, sink_put, sink_signal, sink_discard };

void sink_init(void)
{
	ldisc_init(&sink.ldisc, &sink_ops, &sink);
	sink.discarded = 0;
	sink_forget();
}

void sink_forget(void)
{
	sink.count = 0;
	sink.room = sizeof(sink.shown);
	memset(sink.signals, 0, sizeof(sink.signals));
}

void sink_type(const char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		ldisc_input(&sink.ldisc, bytes[i]);
}
