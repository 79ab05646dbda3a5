/* The parts of the program terminals: see ../terminals.c. */
#pragma once
#include <signal.h>
#include <sys/types.h>
#include <termios.h>
#include <unistd.h>

#ifndef TIOCGPTPEER
#define TIOCGPTPEER 0x5441
#endif

extern int master, slave; /* of the part's pseudo-terminal */

/* tell_result: a result, or what errno says. tell_bytes: what came, with C's escapes. tell_poll:
 * what a descriptor is ready for. tell_end: how a child has ended or stopped. */
void tell_result(const char *what, long result);
void tell_bytes(const char *what, const char *bytes, ssize_t count);
void tell_poll(const char *what, int fd);
void tell_end(const char *who, pid_t child);

/* type: keys. tell_shown: what is shown, up to so many bytes, all of which come. tell_read: what a
 * read of so many gives. */
void type(const char *keys);
void tell_shown(size_t count);
void tell_read(int fd, size_t count);

/* catch: count that signal in came. tell_signal: wait until one has come. */
extern volatile sig_atomic_t came[32];
void catch (int number);
void tell_signal(int number);

/* settings: the slave's, with other local flags. set_local: set them, and VMIN and VTIME. */
struct termios settings(tcflag_t without, tcflag_t with);
void set_local(tcflag_t without, tcflag_t with, int minimum, int time);

/* background: run it in a child with a process group of its own, in the background. to_front: give
 * that group the terminal. */
pid_t background(void (*run)(void));
void to_front(pid_t group);

/* device.c */
void part_settings(void);
void part_lines(void);
void part_raw(void);
void part_keys(void);
void part_resizes(void);
void part_flow(void);
void part_hang_up(void);
void part_master(void);
void part_slave_gone(void);

/* jobs.c */
void part_background_reads(void);
void part_ignores(void);
void part_background_writes(void);
void part_orphans(void);
void part_acquires(void);
void part_leader_ends(void);
