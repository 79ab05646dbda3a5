/* The trace: see trace.h. */
#include "lab3-threads/trace/trace.h"
bool trace_on;
void trace_init(void)
{
}
void trace_mark(const char *text)
{
	(void)text;
}
void trace_dump(void)
{
}
void trace_write(enum trace_kind kind, unsigned thread, uint64_t other)
{
	(void)kind;
	(void)thread;
	(void)other;
}
