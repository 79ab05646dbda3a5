/* strace: see trace.h. */
#include "lab4-interrupts/call/trace.h"
#include "lab1-boot/boot/cmdline.h"
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/lib/format.h"
#include "lab1-boot/lib/string.h"
#include "lab4-interrupts/call/names.h"
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/process/process.h"
#include <asm/signal.h>

#define ARGUMENTS 6

bool trace_calls;
static bool all;               /* [I] */
static char name[THREAD_NAME]; /* [I] whom else, or "" */

void trace_calls_init(void)
{
	size_t length;
	const char *value = cmdline_value("strace", &length);

	if (!value || length == 0 || (length == 1 && value[0] == '0'))
		return;
	trace_calls = true;
	all = length == 1 && value[0] == '1';
	if (!all)
		strlcpy(name, value, length < sizeof(name) ? length + 1 : sizeof(name));
}

static bool is_traced(const struct task *task)
{
	return all || (name[0] && strcmp(task->thread.name, name) == 0);
}

void trace_text(struct trace_line *line, const char *text, ...)
{
	size_t room = sizeof(line->text) - line->used;
	va_list arguments;
	int length;

	va_start(arguments, text);
	length = kvsnprintf(line->text + line->used, room, text, arguments);
	va_end(arguments);
	line->used += (size_t)length < room ? (size_t)length : room - 1;
}

/* --- a row's string ------------------------------------------------------------------ */

/* The word at the beginning, without blanks before it. */
static const char *first_word(const char *shown, size_t *length)
{
	while (*shown == ' ')
		shown++;
	for (*length = 0; shown[*length] && !strchr(", =", shown[*length]);)
		++*length;
	return shown;
}

/* Where the next word is, or the sign before what the call returns. */
static const char *behind(const char *word, size_t length)
{
	word += length;
	while (*word == ' ' || *word == ',')
		word++;
	return word;
}

static bool is_late(const char *word, size_t length)
{
	return length > 0 && (word[length - 1] == '^' || word[length - 1] == '*');
}

/* One argument; what the call should have put there is not there if it has failed. */
static void show(struct trace_line *line, const char *word, size_t length, const uint64_t *value)
{
	if (is_late(word, length) && line->result < 0)
		trace_value(line, "address", 7, value);
	else
		trace_value(line, word, length, value);
}

/*
 * Show arguments from the i-th on, whose word *shown is at: all, or up to the first that is shown
 * late. Returns how many there have been.
 */
static unsigned show_arguments(struct trace_line *line, const char **shown,
	const uint64_t *argument, unsigned i, bool returned)
{
	for (; **shown && **shown != '=' && i < ARGUMENTS; i++) {
		size_t length;
		const char *word = first_word(*shown, &length);

		if (is_late(word, length) && !returned)
			return i;
		trace_text(line, i > 0 ? ", " : "");
		show(line, word, length, argument + i);
		*shown = behind(word, length);
	}
	return i;
}

/* --- results ------------------------------------------------------------------------- */

static void show_error(struct trace_line *line, unsigned number)
{
	if (number == ERESTARTSYS || number == ERESTARTNOHAND || number == ERESTART_BLOCK)
		trace_text(line, ") = ? (interrupted by a signal)");
	else if (errno_name(number))
		trace_text(line, ") = -1 %s (%s)", errno_name(number), errno_text(number));
	else
		trace_text(line, ") = -%u", number);
}

static void show_result(struct trace_line *line, bool address)
{
	int64_t result = line->result;

	if (result < 0 && result > -4096)
		show_error(line, (unsigned)-result);
	else
		trace_text(line, address ? ") = 0x%lx" : ") = %ld", result);
}

static void print(const struct task *task, struct trace_line *line)
{
	kprintf("%s[%d] %s\n", task->thread.name, task->id, line->text);
}

/* --- a call -------------------------------------------------------------------------- */

static void begin(struct trace_line *line, const struct trap_frame *frame)
{
	const char *call = frame->error < SYSCALLS ? syscall_name((unsigned)frame->error) : NULL;

	line->used = 0;
	line->result = 0;
	if (call)
		trace_text(line, "%s(", call);
	else
		trace_text(line, "syscall_0x%lx(", frame->error);
}

/* Those that may never come back are shown before. */
static bool is_last_word(uint64_t number)
{
	return number == __NR_exit || number == __NR_exit_group || number == __NR_rt_sigreturn;
}

__attribute__((noinline)) static int64_t run_and_show(struct task *task, struct trap_frame *frame)
{
	const uint64_t argument[ARGUMENTS + 1] = { frame->rdi, frame->rsi, frame->rdx, frame->r10,
		frame->r8, frame->r9, 0 };
	const struct syscall *row = syscall_row(frame->error);
	const char *shown = row ? row->shown : "";
	struct trace_line line;
	unsigned i;

	begin(&line, frame);
	i = show_arguments(&line, &shown, argument, 0, false);
	if (is_last_word(frame->error)) {
		trace_text(&line, ") = ?");
		print(task, &line);
		return syscall_run(frame);
	}
	line.result = syscall_run(frame);
	show_arguments(&line, &shown, argument, i, true);
	show_result(&line, *shown == '=');
	print(task, &line);
	return line.result;
}

int64_t trace_run(struct trap_frame *frame)
{
	struct task *task = task_self();

	return is_traced(task) ? run_and_show(task, frame) : syscall_run(frame);
}

/* --- a signal ------------------------------------------------------------------------ */

/* Whose reasons have names of their own. */
static const char *codes_of(int number)
{
	switch (number) {
	case SIGILL:
		return "ill_code";
	case SIGFPE:
		return "fpe_code";
	case SIGSEGV:
		return "segv_code";
	case SIGBUS:
		return "bus_code";
	case SIGTRAP:
		return "trap_code";
	case SIGCHLD:
		return "cld_code";
	default:
		return NULL;
	}
}

static void show_word(struct trace_line *line, const char *word, int value)
{
	trace_named(line, word, strlen(word), (uint64_t)value);
}

/* What else there is to say depends on who has sent it. */
static void show_sender(struct trace_line *line, const siginfo_t *info, bool own)
{
	if (own && info->si_signo != SIGCHLD)
		trace_text(line, ", si_addr=%p", info->si_addr);
	else if (own || info->si_code != SI_KERNEL)
		trace_text(line, ", si_pid=%d, si_uid=%u", info->si_pid, info->si_uid);
	if (own && info->si_signo == SIGCHLD)
		trace_text(line, ", si_status=%d", info->si_status);
}

void trace_signal(const siginfo_t *info)
{
	struct task *task = task_self();
	const char *codes = codes_of(info->si_signo);
	bool own = codes && info->si_code > 0 && info->si_code < SI_KERNEL;
	struct trace_line line = { .used = 0 };

	if (!is_traced(task))
		return;
	trace_text(&line, "--- ");
	show_word(&line, "signal", info->si_signo);
	trace_text(&line, " {si_signo=");
	show_word(&line, "signal", info->si_signo);
	trace_text(&line, ", si_code=");
	show_word(&line, own ? codes : "si_code", info->si_code);
	show_sender(&line, info, own);
	trace_text(&line, "} ---");
	print(task, &line);
}
