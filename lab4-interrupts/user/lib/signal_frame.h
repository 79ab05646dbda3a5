/* What the kernel puts on a handler's stack. */
#pragma once
#include <signal.h>
#include <stdint.h>

/* As the kernel lays it; musl's ucontext_t is longer. */
struct context {
	unsigned long flags;
	struct context *link;
	stack_t stack;
	struct sigcontext registers;
	uint64_t mask;
};

/* The last 48 bytes of FXSAVE's area: <asm/sigcontext.h>'s struct _fpx_sw_bytes. */
struct software {
	uint32_t magic1, extended_size;
	uint64_t xfeatures;
	uint32_t xstate_size;
};
