/*
 * Three channels, and selects over all of them.
 */
#pragma once
#include "lab3-threads/channel/channel.h"
#include "lab3-threads/tests/crew.h"
#include <linux/errno.h>

#define CHANNELS 3

static struct channel *channel[CHANNELS];

static inline void open(unsigned capacity)
{
	for (unsigned i = 0; i < CHANNELS; i++) {
		channel[i] = channel_create("test", sizeof(uint64_t), capacity);
		KT_REQUIRE(channel[i]);
	}
}

static inline void destroy(void)
{
	for (unsigned i = 0; i < CHANNELS; i++)
		channel_destroy(channel[i]);
}

static inline int send(unsigned to, uint64_t number, unsigned flags)
{
	return channel_send(channel[to], &number, flags);
}

/* The next number, or the error. */
static inline int64_t receive(unsigned from, unsigned flags)
{
	int64_t number = -1;
	int error = channel_receive(channel[from], &number, flags);

	return error ? error : number;
}

/* A select over all channels that waits; each case has its own direction. */
struct selection {
	bool sends[CHANNELS];
	uint64_t number[CHANNELS];
	struct channel_case cases[CHANNELS];
	unsigned flags;
	int chosen;
};

static inline void select_all(void *argument)
{
	struct selection *self = argument;

	for (unsigned i = 0; i < CHANNELS; i++)
		self->cases[i] =
			(struct channel_case){ channel[i], self->sends[i], &self->number[i], 9 };
	self->chosen = channel_select(self->cases, CHANNELS, self->flags);
}

static inline bool all_wait(const struct selection *selection)
{
	for (unsigned i = 0; i < CHANNELS; i++)
		if (!waiting(selection->sends[i] ? &channel[i]->senders : &channel[i]->receivers))
			return false;
	return true;
}

static inline void nobody_waits(void)
{
	for (unsigned i = 0; i < CHANNELS; i++)
		KT_EQ(waiting(&channel[i]->senders) + waiting(&channel[i]->receivers), 0);
}
