/* The library of loaded.c. */
const char *library_word(void);

const char *library_word(void)
{
	static const char *words[] = { "one", "two" };

	return words[1];
}
