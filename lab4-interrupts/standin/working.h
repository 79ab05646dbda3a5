/*
 * What a process keeps of the tree of names: its working directory, and its umask. Tasks that were
 * cloned with CLONE_FS share it.
 */
#pragma once
#include "lab1-boot/lock/spinlock.h"

struct place;

/* Key: [a]. Places stay for ever, so this one needs no lock. */
struct working {
	uint32_t references;     /* [a] */
	struct place *directory; /* [a] */
	unsigned umask;          /* [a] */
};

/* working_directory: the current process's; the root for the kernel's own threads. */
struct place *working_directory(void);

/* working_self: the current process's, made if it has none yet; NULL without memory. May sleep. */
struct working *working_self(void);
