/*
 * Exercise 3.7: what a channel's buffer holds and in which order it comes out. No thread
 * waits here.
 */
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/string.h"
#include "lab3-threads/channel/channel.h"
#include <linux/errno.h>

#define BEHIND 0xee /* what lies behind an element, and stays */

static struct channel *make(size_t bytes, unsigned capacity)
{
	struct channel *channel = channel_create("test", bytes, capacity);

	KT_REQUIRE(channel);
	return channel;
}

static int try_send(struct channel *channel, uint64_t number)
{
	return channel_send(channel, &number, CHANNEL_TRY);
}

/* The next number, or the error. */
static int64_t try_receive(struct channel *channel)
{
	int64_t number = -1;
	int error = channel_receive(channel, &number, CHANNEL_TRY);

	return error ? error : number;
}

static void paint(uint8_t *element, size_t bytes, unsigned number)
{
	for (size_t i = 0; i < bytes; i++)
		element[i] = (uint8_t)(number * 37 + i * 11 + 1);
}

static void send_painted(struct channel *channel, size_t bytes, unsigned number)
{
	uint8_t element[64];

	paint(element, sizeof(element), number);
	KT_EQ(channel_send(channel, element, 0), 0);
	memset(element, BEHIND, bytes); /* the channel has its own copy */
}

static void receive_painted(struct channel *channel, size_t bytes, unsigned number)
{
	uint8_t element[64], right[64];

	memset(element, BEHIND, sizeof(element));
	memset(right, BEHIND, sizeof(right));
	paint(right, bytes, number);
	KT_EQ(channel_receive(channel, element, 0), 0);
	KT_TRUE(!memcmp(element, right, sizeof(right)));
}

/* Fill it to so many elements, empty it, and see that the next one begins where that ended. */
static void go_round(size_t bytes, unsigned capacity)
{
	struct channel *channel = make(bytes, capacity);
	unsigned sent = 0, received = 0;

	for (unsigned round = 0; round < 3 * capacity; round++) {
		for (unsigned i = 0; i <= round % capacity; i++)
			send_painted(channel, bytes, sent++);
		while (received < sent)
			receive_painted(channel, bytes, received++);
	}
	channel_destroy(channel);
}

KTEST(channel_keeps_order, "3.7",
	"elements of any size come out whole and in order, while the buffer goes round")
{
	static const size_t bytes[] = { 1, 3, 8, 40, 64 };
	static const unsigned capacity[] = { 1, 2, 3, 7 };

	for (unsigned i = 0; i < sizeof(bytes) / sizeof(*bytes); i++)
		for (unsigned j = 0; j < sizeof(capacity) / sizeof(*capacity); j++)
			go_round(bytes[i], capacity[j]);
}

KTEST(channel_has_a_capacity, "3.7",
	"as many elements as the capacity can be sent at once, and no more")
{
	for (unsigned capacity = 1; capacity < 6; capacity++) {
		struct channel *channel = make(sizeof(uint64_t), capacity);

		for (unsigned round = 0; round < 3; round++) {
			for (unsigned i = 0; i < capacity; i++)
				KT_EQ(try_send(channel, i), 0);
			KT_EQ(try_send(channel, 99), -EAGAIN);
			KT_EQ(try_send(channel, 99), -EAGAIN);
			for (unsigned i = 0; i < capacity; i++)
				KT_EQ(try_receive(channel), i);
			KT_EQ(try_receive(channel), -EAGAIN);
			KT_EQ(try_receive(channel), -EAGAIN);
			KT_EQ(try_send(channel, 5),
				0); /* so that the next round begins elsewhere */
			KT_EQ(try_receive(channel), 5);
		}
		channel_destroy(channel);
	}
}

KTEST(channel_without_bytes, "3.7", "elements of no bytes are counted all the same")
{
	struct channel *channel = make(0, 2);

	KT_EQ(channel_send(channel, NULL, 0), 0);
	KT_EQ(channel_send(channel, NULL, 0), 0);
	KT_EQ(channel_send(channel, NULL, CHANNEL_TRY), -EAGAIN);
	KT_EQ(channel_receive(channel, NULL, 0), 0);
	KT_EQ(channel_receive(channel, NULL, 0), 0);
	KT_EQ(channel_receive(channel, NULL, CHANNEL_TRY), -EAGAIN);
	channel_destroy(channel);
}

KTEST(channel_too_large, "", "a channel whose buffer no memory can hold is refused")
{
	KT_EQ(channel_create("test", 8, 1u << 30), NULL);
	KT_EQ(channel_create("test", SIZE_MAX, 2), NULL);
	KT_EQ(channel_create("test", SIZE_MAX / 2, 3), NULL);
	KT_EQ(channel_create("test", SIZE_MAX, 1), NULL);
	channel_destroy(NULL);
}
