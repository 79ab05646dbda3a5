/* Pipes, between threads of the kernel. */
#include "lab1-boot/ktest/ktest.h"
#include "lab2-memory/page/page.h"
#include "lab2-memory/slab/kmalloc.h"
#include "lab3-threads/tests/crew.h"
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/file/pipe.h"
#include "lab4-interrupts/file/poll.h"
#include "lab4-interrupts/tests/files.h"

#define PIPE_BUF 4096

static struct file *end_read, *end_write; /* only changed while there is one thread */

static void begin(unsigned flags)
{
	KT_REQUIRE(pipe_create(flags, &end_read, &end_write) == 0);
}

static void end(void)
{
	file_put(end_read);
	file_put(end_write);
}

KTEST(pipe_bytes, "", "what is written is read, in order, in other pieces")
{
	char text[32] = "";

	begin(0);
	KT_EQ(file_put_bytes(end_write, "one ", 4), 4);
	KT_EQ(file_put_bytes(end_write, "two three", 9), 9);
	KT_EQ(file_get_bytes(end_read, text, 6), 6);
	KT_EQ(file_get_bytes(end_read, text + 6, 20), 7);
	KT_STREQ(text, "one two three");
	end();
}

KTEST(pipe_wrong_end, "", "each end is for one thing, and has no position")
{
	char byte = 0;
	int64_t position = 0;
	struct iovec part = { &byte, 1 };
	struct buffer buffer = { .part = &part, .parts = 1, .left = 1, .kernel = true };

	begin(0);
	KT_EQ(file_put_bytes(end_read, &byte, 1), -EBADF);
	KT_EQ(file_get_bytes(end_write, &byte, 1), -EBADF);
	KT_EQ(file_read(end_read, &buffer, &position), -ESPIPE);
	end();
}

KTEST(pipe_ends, "", "without a writer a read is at the end, without a reader a write fails")
{
	char byte = 'x';

	begin(0);
	KT_EQ(file_put_bytes(end_write, &byte, 1), 1);
	file_put(end_write);
	KT_EQ(file_get_bytes(end_read, &byte, 1), 1);
	KT_EQ(file_get_bytes(end_read, &byte, 1), 0);
	KT_EQ(file_poll(end_read, NULL), POLLHUP);
	file_put(end_read);
	begin(0);
	file_put(end_read);
	KT_EQ(file_put_bytes(end_write, &byte, 1), -EPIPE);
	KT_EQ(file_poll(end_write, NULL), POLLOUT | POLLWRNORM | POLLERR);
	file_put(end_write);
}

KTEST(pipe_nonblock, "", "who may not wait is told, and a small write goes in whole or not at all")
{
	char *memory = kmalloc(PIPE_BYTES, PAGE_ZERO);
	char byte;

	KT_REQUIRE(memory);
	begin(O_NONBLOCK);
	KT_EQ(file_get_bytes(end_read, &byte, 1), -EAGAIN);
	KT_EQ(file_put_bytes(end_write, memory, PIPE_BYTES - 10), PIPE_BYTES - 10);
	KT_EQ(file_put_bytes(end_write, memory, 11), -EAGAIN);
	KT_EQ(file_put_bytes(end_write, memory, PIPE_BUF), -EAGAIN);
	KT_EQ(file_put_bytes(end_write, memory, PIPE_BUF + 1), 10);
	KT_EQ(file_put_bytes(end_write, memory, 1), -EAGAIN);
	KT_EQ(file_poll(end_write, NULL), 0);
	KT_EQ(file_get_bytes(end_read, memory, PIPE_BYTES), PIPE_BYTES);
	KT_EQ(file_poll(end_read, NULL), 0);
	end();
	kfree(memory);
}

KTEST(pipe_nothing, "", "no bytes are no bytes, at once, even without the other end")
{
	begin(0);
	KT_EQ(file_put_bytes(end_write, "", 0), 0);
	KT_EQ(file_get_bytes(end_read, "", 0), 0);
	end();
}

/* --- with threads ------------------------------------------------------------------ */

#define STREAM 300000 /* bytes: several times what fits */

static uint8_t byte_at(size_t place)
{
	return (uint8_t)(place * 7 + place / 251);
}

static void write_stream(void *argument)
{
	uint8_t piece[777];

	for (size_t done = 0; done < STREAM;) {
		size_t want = STREAM - done < sizeof(piece) ? STREAM - done : sizeof(piece);

		for (size_t i = 0; i < want; i++)
			piece[i] = byte_at(done + i);
		KT_EQ(file_put_bytes(end_write, piece, want), want);
		done += want;
	}
	file_put(end_write);
	(void)argument;
}

KTEST(pipe_stream, "", "many more bytes go through than fit", .limit = 20)
{
	uint8_t piece[1000];
	size_t done = 0;
	int64_t got;

	begin(0);
	crew_start(write_stream, NULL);
	while ((got = file_get_bytes(end_read, piece, sizeof(piece))) > 0) {
		for (int64_t i = 0; i < got; i++, done++)
			if (piece[i] != byte_at(done))
				KT_REQUIRE(!"the right byte");
	}
	KT_EQ(done, STREAM);
	crew_join();
	file_put(end_read);
}

#define RECORD  1500 /* does not divide the pipe's size, nor a page's */
#define RECORDS 60

static void write_records(void *argument)
{
	uint8_t record[RECORD];

	memset(record, (int)(uint64_t)argument, sizeof(record));
	for (unsigned i = 0; i < RECORDS; i++)
		KT_EQ(file_put_bytes(end_write, record, RECORD), RECORD);
}

KTEST(pipe_atomic, "", "small writes of several threads are never mixed", .limit = 20)
{
	uint8_t record[RECORD];
	unsigned seen[4] = { 0 };

	begin(0);
	for (uint64_t i = 1; i < 4; i++)
		crew_start(write_records, (void *)i);
	for (unsigned n = 0; n < 3 * RECORDS; n++) {
		size_t done = 0;

		while (done < RECORD)
			done += (size_t)file_get_bytes(end_read, record + done, RECORD - done);
		KT_REQUIRE(record[0] < 4);
		seen[record[0]]++;
		for (unsigned i = 1; i < RECORD; i++)
			if (record[i] != record[0])
				KT_REQUIRE(!"one record");
	}
	KT_EQ(seen[1], RECORDS);
	KT_EQ(seen[2], RECORDS);
	KT_EQ(seen[3], RECORDS);
	crew_join();
	end();
}

static void read_byte(void *argument)
{
	char byte;

	*(int64_t *)argument = file_get_bytes(end_read, &byte, 1);
}

KTEST(pipe_close_wakes, "", "a reader that waits is woken when the last writer goes")
{
	int64_t result = 77;

	begin(0);
	crew_start(read_byte, &result);
	for (unsigned i = 0; i < 50; i++)
		sched_yield();
	file_put(end_write);
	crew_join();
	KT_EQ(result, 0);
	file_put(end_read);
}

KTEST(pipe_interrupted, "", "a signal ends the wait, and the call may start again")
{
	int64_t result = 77;
	struct thread *reader;

	begin(0);
	reader = crew_start(read_byte, &result);
	for (unsigned i = 0; i < 50; i++)
		sched_yield();
	thread_interrupt(reader);
	crew_join();
	KT_EQ(result, -ERESTARTSYS);
	end();
}
