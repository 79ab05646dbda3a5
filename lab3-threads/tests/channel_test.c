/*
 * Exercise 3.7, one step after the other: who waits at a channel and who does not, and what
 * closing does. channel_buffer_test.c has what a channel carries, channel_race_test.c the
 * races.
 */
#include "lab3-threads/channel/channel.h"
#include "lab3-threads/tests/crew.h"
#include <linux/errno.h>

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

/* A thread that sends or receives one number. */
struct job {
	struct channel *channel;
	unsigned flags;
	uint64_t number;
	int result;
	bool done; /* [a] */
};

static void send_job(void *argument)
{
	struct job *job = argument;

	job->result = channel_send(job->channel, &job->number, job->flags);
	__atomic_store_n(&job->done, true, __ATOMIC_RELEASE);
}

static void receive_job(void *argument)
{
	struct job *job = argument;

	job->result = channel_receive(job->channel, &job->number, job->flags);
	__atomic_store_n(&job->done, true, __ATOMIC_RELEASE);
}

static bool done(const struct job *job)
{
	return __atomic_load_n(&job->done, __ATOMIC_ACQUIRE);
}

/* Start a sender, or a receiver, and see it wait behind all those before it. */
static struct thread *start_sender(struct job *job, struct channel *channel, uint64_t number)
{
	unsigned before = waiting(&channel->senders);
	struct thread *thread;

	*job = (struct job){ .channel = channel, .number = number, .flags = job->flags };
	thread = crew_start(send_job, job);
	UNTIL(waiting(&channel->senders) == before + 1);
	KT_TRUE(!done(job));
	return thread;
}

static struct thread *start_receiver(struct job *job, struct channel *channel)
{
	unsigned before = waiting(&channel->receivers);
	struct thread *thread;

	*job = (struct job){ .channel = channel, .number = 777, .flags = job->flags };
	thread = crew_start(receive_job, job);
	UNTIL(waiting(&channel->receivers) == before + 1);
	KT_TRUE(!done(job));
	return thread;
}

/* --- waiting ----------------------------------------------------------------------- */

KTEST(channel_sender_waits, "3.7",
	"who sends to a full channel waits for room; its element comes behind those before it")
{
	struct channel *channel = make(sizeof(uint64_t), 2);
	struct job job[2] = { { .flags = 0 } };

	KT_EQ(try_send(channel, 1), 0);
	KT_EQ(try_send(channel, 2), 0);
	start_sender(&job[0], channel, 3);
	start_sender(&job[1], channel, 4);
	KT_EQ(try_receive(channel), 1);
	UNTIL(done(&job[0]));
	KT_TRUE(!done(&job[1]));
	KT_EQ(try_receive(channel), 2);
	crew_join();
	KT_EQ(job[0].result, 0);
	KT_EQ(job[1].result, 0);
	KT_EQ(try_receive(channel), 3);
	KT_EQ(try_receive(channel), 4);
	KT_EQ(try_receive(channel), -EAGAIN);
	channel_destroy(channel);
}

static void receiver_waits(unsigned capacity)
{
	struct channel *channel = make(sizeof(uint64_t), capacity);
	struct job job = { .flags = 0 };

	start_receiver(&job, channel);
	KT_EQ(try_send(channel, 5), 0);
	crew_join();
	KT_EQ(job.result, 0);
	KT_EQ(job.number, 5);
	KT_EQ(try_receive(channel), -EAGAIN);
	channel_destroy(channel);
}

KTEST(channel_receiver_waits, "3.7",
	"who receives from an empty channel waits, and gets what is sent next")
{
	receiver_waits(3);
	receiver_waits(1);
}

KTEST(channel_rendezvous, "3.7",
	"without a buffer a sender waits until a receiver has the element, and so the other way "
	"round")
{
	struct channel *channel = make(sizeof(uint64_t), 0);
	struct job job = { .flags = 0 };

	KT_EQ(try_send(channel, 1), -EAGAIN);
	KT_EQ(try_receive(channel), -EAGAIN);
	start_sender(&job, channel, 2);
	KT_EQ(try_send(channel, 3), -EAGAIN);
	KT_EQ(try_receive(channel), 2);
	crew_join();
	KT_EQ(job.result, 0);
	KT_EQ(try_receive(channel), -EAGAIN);
	channel_destroy(channel);
	receiver_waits(0);
}

KTEST(channel_senders_take_turns, "3.7",
	"senders that wait come in the order in which they began to, and nobody overtakes them")
{
	for (unsigned capacity = 0; capacity < 3; capacity++) {
		struct channel *channel = make(sizeof(uint64_t), capacity);
		struct job job[5] = { { .flags = 0 } };

		for (unsigned i = 0; i < capacity; i++)
			KT_EQ(try_send(channel, i), 0);
		for (unsigned i = 0; i < 5; i++)
			start_sender(&job[i], channel, capacity + i);
		for (unsigned i = 0; i < 5; i++) {
			KT_EQ(try_receive(channel), i);
			if (i < 4)
				KT_EQ(try_send(channel, 99), -EAGAIN);
		}
		for (unsigned i = 0; i < capacity; i++)
			KT_EQ(try_receive(channel), 5 + i);
		crew_join();
		for (unsigned i = 0; i < 5; i++)
			KT_EQ(job[i].result, 0);
		channel_destroy(channel);
	}
}

KTEST(channel_receivers_take_turns, "3.7",
	"receivers that wait come in the order in which they began to, and nobody overtakes them")
{
	for (unsigned capacity = 0; capacity < 3; capacity++) {
		struct channel *channel = make(sizeof(uint64_t), capacity);
		struct job job[5] = { { .flags = 0 } };

		for (unsigned i = 0; i < 5; i++)
			start_receiver(&job[i], channel);
		for (unsigned i = 0; i < 5; i++) {
			KT_EQ(try_send(channel, i), 0);
			KT_EQ(try_receive(channel), -EAGAIN); /* it is another's already */
		}
		crew_join();
		for (unsigned i = 0; i < 5; i++) {
			KT_EQ(job[i].result, 0);
			KT_EQ(job[i].number, i);
		}
		channel_destroy(channel);
	}
}

/* --- closing ----------------------------------------------------------------------- */

KTEST(channel_close_drains, "3.7",
	"a closed channel takes nothing more; what is in it can be received, then it is -EPIPE")
{
	uint64_t number = 777;
	struct channel *channel = make(sizeof(uint64_t), 3);

	KT_EQ(try_send(channel, 1), 0);
	KT_EQ(try_send(channel, 2), 0);
	channel_close(channel);
	KT_EQ(try_send(channel, 3), -EPIPE);
	KT_EQ(channel_send(channel, &number, 0), -EPIPE);
	KT_EQ(try_receive(channel), 1);
	channel_close(channel); /* nothing new */
	KT_EQ(try_receive(channel), 2);
	KT_EQ(try_receive(channel), -EPIPE);
	KT_EQ(channel_receive(channel, &number, 0), -EPIPE);
	KT_EQ(number, 777);
	channel_destroy(channel);

	channel = make(sizeof(uint64_t), 0);
	channel_close(channel);
	KT_EQ(try_send(channel, 3), -EPIPE);
	KT_EQ(channel_receive(channel, &number, 0), -EPIPE);
	channel_destroy(channel);
}

KTEST(channel_close_ends_receiving, "3.7", "all receivers that wait when it is closed get -EPIPE")
{
	for (unsigned capacity = 0; capacity < 3; capacity++) {
		struct channel *channel = make(sizeof(uint64_t), capacity);
		struct job job[4] = { { .flags = 0 } };

		for (unsigned i = 0; i < 4; i++)
			start_receiver(&job[i], channel);
		channel_close(channel);
		crew_join();
		for (unsigned i = 0; i < 4; i++) {
			KT_EQ(job[i].result, -EPIPE);
			KT_EQ(job[i].number, 777);
		}
		channel_destroy(channel);
	}
}

KTEST(channel_close_ends_sending, "3.7",
	"all senders that wait when it is closed get -EPIPE, and what they had is not sent")
{
	for (unsigned capacity = 0; capacity < 3; capacity++) {
		struct channel *channel = make(sizeof(uint64_t), capacity);
		struct job job[4] = { { .flags = 0 } };

		for (unsigned i = 0; i < capacity; i++)
			KT_EQ(try_send(channel, i), 0);
		for (unsigned i = 0; i < 4; i++)
			start_sender(&job[i], channel, 50 + i);
		channel_close(channel);
		for (unsigned i = 0; i < capacity; i++)
			KT_EQ(try_receive(channel), i);
		KT_EQ(try_receive(channel), -EPIPE);
		crew_join();
		for (unsigned i = 0; i < 4; i++)
			KT_EQ(job[i].result, -EPIPE);
		channel_destroy(channel);
	}
}

/* --- being interrupted ------------------------------------------------------------- */

KTEST(channel_receive_interrupted, "3.7",
	"thread_interrupt ends an interruptible wait for an element; others wait on")
{
	for (unsigned capacity = 0; capacity < 2; capacity++) {
		struct channel *channel = make(sizeof(uint64_t), capacity);
		struct job job[3] = {
			[1].flags = WAIT_INTERRUPTIBLE, [2].flags = WAIT_INTERRUPTIBLE
		};

		for (unsigned i = 0; i < 3; i++)
			start_receiver(&job[i], channel);
		thread_interrupt(crew[0]); /* does not want to know */
		thread_interrupt(crew[1]);
		UNTIL(done(&job[1]));
		KT_EQ(job[1].result, -EINTR);
		KT_EQ(job[1].number, 777);
		KT_TRUE(!done(&job[0]) && !done(&job[2]));
		KT_EQ(waiting(&channel->receivers), 2);
		KT_EQ(try_send(channel, 1), 0);
		KT_EQ(try_send(channel, 2), 0);
		crew_join();
		KT_EQ(job[0].result, 0);
		KT_EQ(job[0].number, 1);
		KT_EQ(job[2].result, 0);
		KT_EQ(job[2].number, 2);
		channel_destroy(channel);
	}
}

KTEST(channel_send_interrupted, "3.7",
	"thread_interrupt ends an interruptible wait for room, and the element is not sent")
{
	for (unsigned capacity = 0; capacity < 2; capacity++) {
		struct channel *channel = make(sizeof(uint64_t), capacity);
		struct job job[3] = {
			[1].flags = WAIT_INTERRUPTIBLE, [2].flags = WAIT_INTERRUPTIBLE
		};

		for (unsigned i = 0; i < capacity; i++)
			KT_EQ(try_send(channel, i), 0);
		for (unsigned i = 0; i < 3; i++)
			start_sender(&job[i], channel, capacity + i);
		thread_interrupt(crew[0]);
		thread_interrupt(crew[1]);
		UNTIL(done(&job[1]));
		KT_EQ(job[1].result, -EINTR);
		KT_TRUE(!done(&job[0]) && !done(&job[2]));
		for (unsigned i = 0; i < capacity + 3; i++)
			if (i != capacity + 1)
				KT_EQ(try_receive(channel), i);
		KT_EQ(try_receive(channel), -EAGAIN);
		crew_join();
		KT_EQ(job[0].result, 0);
		KT_EQ(job[2].result, 0);
		channel_destroy(channel);
	}
}
