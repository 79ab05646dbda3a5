/* The sections of the program filetest: see ../filetest.c. */
#pragma once
#include <stdio.h>
#include <unistd.h>

/* Nothing is ever mapped there. */
extern void *volatile bad;
#define BAD bad

/* section: its name. TELL: what a call returned: the number, or what errno says. */
void section(const char *name);
void tell_call(const char *call, long result);
#define TELL(call) tell_call(#call, (long)(call))

/* The pipe of a section. */
extern int pipes[2];
void make_pipe(int flags);
void drop_pipe(void);

/* polls.c; tell_poll: what poll returns, and says of each. */
struct pollfd;
void tell_poll(struct pollfd *fds, int count, int timeout);
void test_poll(void);
void test_poll_wakes(void);
void test_select(void);
void test_interrupted(void);

/* events.c */
void test_eventfd(void);
void test_timerfd(void);
void test_signalfd(void);
