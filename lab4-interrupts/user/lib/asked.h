/* Programs that are made of parts run those that are named behind their own name, or all. */
#pragma once
#include <string.h>

static inline int asked(int count, char **names, const char *part)
{
	for (int i = 1; i < count; i++)
		if (!strcmp(names[i], part))
			return 1;
	return count == 1;
}
