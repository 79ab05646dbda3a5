/* The first program: says hello, and whom it was called as. */
#include <stdio.h>

int main(int count, char **arguments)
{
	printf("hello, world\n");
	for (int i = 0; i < count; i++)
		printf("argument %d: %s\n", i, arguments[i]);
	return 0;
}
