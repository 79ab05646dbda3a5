/* Tells where it was loaded to, and whether it was told the truth about it; then execs itself, as
 * often as its first argument says. */
#define _GNU_SOURCE
#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

extern const Elf64_Ehdr __ehdr_start __attribute__((visibility("hidden")));
#ifdef LIBRARY
const char *library_word(void); /* of libloaded.so */
#else
static const char *library_word(void)
{
	return "none";
}
#endif
static char zeros[100000], text[] = "relocated", *to_text = text;

/* The first one is the program. */
static int headers_of(struct dl_phdr_info *info, size_t size, void *result)
{
	(void)size;
	*(const void **)result = info->dlpi_phdr;
	return 1;
}

int main(int count, char **arguments)
{
	unsigned long start = (unsigned long)&__ehdr_start, base = getauxval(AT_BASE), sum = 0;
	unsigned long bias = __ehdr_start.e_type == ET_DYN ? start : 0;
	const void *headers = NULL;
	char again[12];

	for (int i = 1; i < count; i++)
		printf("argument %s\n", arguments[i]);
	for (size_t i = 0; i < sizeof(zeros); i++)
		sum += zeros[i];
	dl_iterate_phdr(headers_of, &headers);
	printf("headers %d %d, entry %d, zeros %lu, %s\n",
		getauxval(AT_PHDR) == start + __ehdr_start.e_phoff &&
			getauxval(AT_PHDR) == (unsigned long)headers,
		getauxval(AT_PHNUM) == __ehdr_start.e_phnum,
		getauxval(AT_ENTRY) == __ehdr_start.e_entry + bias, sum, to_text);
	printf("library %s\n", library_word());
	printf("interpreter %s\n", !base                                   ? "none"
				   : memcmp((void *)base, ELFMAG, SELFMAG) ? "elsewhere"
									   : "there");
	printf("places %lx %lx\n", start, base);
	fflush(stdout);
	if (count < 2 || atoi(arguments[1]) == 0)
		return 7;
	sprintf(again, "%d", atoi(arguments[1]) - 1);
	execl(arguments[0], arguments[0], again, "last one", NULL);
	return 1;
}
