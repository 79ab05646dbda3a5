/*
 * Each system call with what it cannot use: pointers to nowhere and into the kernel, descriptors
 * that are not open, numbers out of any range, huge lengths. A line for each says what came of it.
 * The same on Linux.
 *
 *   badcalls         all of it
 *   badcalls PART    that part: see main
 */
#include "badcalls/badcalls.h"
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <sys/mman.h>

void *p;
int fd, n;
int zero, directory, ends[2];
char *room;

/* --- what is tried ------------------------------------------------------------------- */

/* NULL first; then page 0, the end of what may be used, the end of a program's half, where no
 * address is (canonical), and the kernel's half. */
static const uint64_t pointers[] = { 0, 1, 0, 0x7fffffffefff, 0x7ffffffff000, 0x800000000000,
	0x1234567812345678, 0x8000000000000000, 0xffff800000000000, 0xffffffff80100000, -1ul };
static const int descriptors[] = { -1, 99, 1 << 20, INT_MAX, INT_MIN };
static const int numbers[] = { -1, 999, 1 << 20, INT_MAX, INT_MIN };

/* Which of them is next, and which comes behind the last one. */
static enum kind { POINTER, DESCRIPTOR, NUMBER } kind;
static unsigned at, end;

static void take(void)
{
	uint64_t border = (uint64_t)room + ROOM;

	if (kind == POINTER)
		p = (void *)(at == 2 ? border : pointers[at]);
	else if (kind == DESCRIPTOR)
		fd = descriptors[at];
	else
		n = numbers[at];
}

/* --- what came of it ----------------------------------------------------------------- */

static const char *text;
static char answers[16][64];

static void name_of_argument(char *name, size_t size)
{
	if (kind != POINTER)
		snprintf(name, size, "%d", kind == DESCRIPTOR ? descriptors[at] : numbers[at]);
	else if (at == 2)
		snprintf(name, size, "the border");
	else
		snprintf(name, size, "%#lx", (unsigned long)pointers[at]);
}

/* One line if all are the same. Else one for each. */
static void print(unsigned from)
{
	unsigned same = from;
	char name[32];

	while (same < end && !strcmp(answers[same], answers[from]))
		same++;
	if (same == end) {
		printf("%s: %s\n", text, answers[from]);
		return;
	}
	for (at = from; at < end; at++) {
		name_of_argument(name, sizeof(name));
		printf("%s with %s: %s\n", text, name, answers[at]);
	}
}

static unsigned first;

static void begin(const char *what, enum kind which, unsigned from, unsigned count)
{
	text = what;
	kind = which;
	at = first = from;
	end = count;
}

void begin_pointers(const char *what, int null)
{
	begin(what, POINTER, !null, sizeof(pointers) / sizeof(*pointers));
}

void begin_descriptors(const char *what)
{
	begin(what, DESCRIPTOR, 0, sizeof(descriptors) / sizeof(*descriptors));
}

void begin_numbers(const char *what)
{
	begin(what, NUMBER, 0, sizeof(numbers) / sizeof(*numbers));
}

int more(void)
{
	if (at == end) {
		print(first);
		return 0;
	}
	take();
	errno = 0;
	return 1;
}

static void put_answer(char *answer, size_t size, long result)
{
	if (result == -1)
		snprintf(answer, size, "%s", strerror(errno));
	else
		snprintf(answer, size, "%ld", result);
}

void answer(long result)
{
	put_answer(answers[at++], sizeof(*answers), result);
}

void once(const char *what, long result)
{
	char said[64];

	put_answer(said, sizeof(said), result);
	printf("%s: %s\n", what, said);
}

/* ------------------------------------------------------------------------------------- */

static const struct part parts[] = {
	{ "transfers", transfers },
	{ "descriptors", of_descriptors },
	{ "waits", waits },
	{ "names", names },
	{ "processes", processes },
	{ "owners", owners },
	{ "machine", machine },
	{ "signals", signals },
	{ "clocks", clocks },
	{ "memory", memory },
	{},
};

int main(int count, char **arguments)
{
	room = mmap(NULL, ROOM + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mprotect(room + ROOM, 4096, PROT_NONE);
	zero = open("/dev/zero", O_RDWR);
	directory = open("/", O_RDONLY | O_DIRECTORY);
	if (room == MAP_FAILED || zero < 0 || directory < 0 || pipe(ends)) {
		perror("badcalls");
		return 1;
	}
	return say_parts(count, arguments, parts);
}
