/*
 * Copying between the kernel and a program's memory, whatever the program says its addresses are.
 *
 * A user's pointer may point nowhere, into the kernel, or to a page that another thread is
 * unmapping. The copying instructions' addresses stand in a table (rows of usercopy.S):
 * when one of them faults and vm_fault cannot help, the trap's frame is sent to where that
 * row says, and the copy ends early. Only between stac and clac may the kernel touch
 * user pages at all (SMAP).
 *
 * Addresses of user memory are uint64_t, never pointers: nobody can dereference one by
 * mistake. All may sleep (asserted), and no spin lock is held.
 *
 * Read more: Intel SDM volume 3, section 4.6.1 (SMAP).
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* copy_from_user, copy_to_user, clear_user: 0, or -EFAULT if any byte cannot be reached; what comes
 * before it has been copied then. No bytes at all are always 0. */
int copy_from_user(void *to, uint64_t from, size_t bytes);
int copy_to_user(uint64_t to, const void *from, size_t bytes);
int clear_user(uint64_t to, size_t bytes);

/* copied_from_user, copied_to_user: how many of the bytes could be copied, for calls that may do a
 * part. */
size_t copied_from_user(void *to, uint64_t from, size_t bytes);
size_t copied_to_user(uint64_t to, const void *from, size_t bytes);

/* string_from_user: a string with its 0 into so many bytes: its length, -EFAULT, or -ENAMETOOLONG.
 */
int64_t string_from_user(char *to, uint64_t from, size_t bytes);

/* user_exchange: replace 32 bits at address (a multiple of 4) by value if they are *expected; else
 * read them into *expected. 0: replaced; -EAGAIN: they were other; -EFAULT. For futexes. */
int user_exchange(uint64_t address, uint32_t *expected, uint32_t value);

/* usercopy_init: see whether this machine has SMAP; once, when cpu_init has run. */
void usercopy_init(void);

/*
 * For the handler of page faults. usercopy_running: whether the frame stands at one of the copying
 * instructions: no other may touch user memory. usercopy_fault: that, and let it go on where that
 * instruction gives up.
 */
struct trap_frame;
bool usercopy_running(const struct trap_frame *frame);
bool usercopy_fault(struct trap_frame *frame);
