/*
 * top.c - `coffer top`: what containers use, on a screen that stays. The alternate screen is left and the terminal put
 * back by the keys that end it, of which Ctrl-C is one: it comes as a character; and before a signal ends it. Without a
 * terminal: once, as a table.
 */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "oom_request.h"
#include "print.h"
#include "samples.h"

#define SCREEN_ENTER "\033[?1049h\033[?25l"
#define SCREEN_LEAVE "\033[?25h\033[?1049l"
#define SCREEN_HOME  "\033[H"
#define LINE_REST    "\033[K\r\n"
#define SCREEN_REST  "\033[J"

enum { USUAL_INTERVAL_S = 2, ROWS = 24, COLUMNS_OF_SCREEN = 80, CTRL_C = 3, CLOCK_SIZE = 16 };

struct top_options {
	unsigned interval;
	bool once;
};

static const struct cli_option options[] = {
	FLAG_ROW(struct top_options, once, "once", 0, "print once, and end"),
	UNSIGNED_ROW(struct top_options, interval, "interval", 0, "S", "seconds between two (default: 2)"),
	END_ROW,
};

/* ---- a table ---- */

static int larger_first(const void *a, const void *b)
{
	const struct sample *left = a;
	const struct sample *right = b;

	return (left->stats.memory_current.value < right->stats.memory_current.value) -
	       (left->stats.memory_current.value > right->stats.memory_current.value);
}

/* The watcher's word for a container; "-" for one without the policy. */
static const char *oom_state(struct arena *arena, const struct json *answer, const char *id)
{
	const struct json *containers = answer ? json_get(answer, "containers") : NULL;

	for (const struct json *at = containers ? containers->first : NULL; at; at = at->next)
		if (str_eq(oom_text(arena, at, "id"), id))
			return oom_text(arena, at, "state");
	return "-";
}

#define FIELD(name) offsetof(struct cgroup_stats, name)

static char *make_table(const struct invocation *in, const struct samples *samples, const struct samples *before)
{
	/* What does not fit on the screen is left out: the first ones take 80 columns. */
	static const char *const header[] = { "ID",  "CPU",  "THROTTLED", "MEMORY", "SOFT",    "HARD", "WAIT",
					      "OOM", "PIDS", "KILLS",     "SWAP",   "IO WAIT", "READ", "WRITE" };
	enum { COLUMNS = sizeof(header) / sizeof(header[0]) };
	struct arena *arena = in->arena;
	const char **cells = arena_array(arena, (samples->count + 1) * COLUMNS, sizeof(*cells));
	const char **cell = cells + COLUMNS;
	struct json *answer = NULL;
	struct error ignored;

	(void)oom_ask(in, "list", NULL, &answer, &ignored);
	memcpy(cells, header, sizeof(header));
	for (size_t i = 0; i < samples->count; i++) {
		const struct sample *sample = &samples->items[i];
		const struct cgroup_stats *stats = &sample->stats;

		*cell++ = sample->id;
		*cell++ = sample_share(arena, sample, before, FIELD(cpu_usage_us));
		*cell++ = sample_share(arena, sample, before, FIELD(cpu_throttled_us));
		*cell++ = sample_bytes(arena, &stats->memory_current);
		*cell++ = sample_bytes(arena, &stats->memory_high);
		*cell++ = sample_bytes(arena, &stats->memory_max);
		*cell++ = sample_percent(arena, &stats->memory_some);
		*cell++ = oom_state(arena, answer, sample->id);
		*cell++ = sample_number(arena, &stats->pids_current);
		*cell++ = sample_number(arena, &stats->memory_events_oom_kill);
		*cell++ = sample_bytes(arena, &stats->memory_swap_current);
		*cell++ = sample_percent(arena, &stats->io_some);
		*cell++ = sample_bytes(arena, &stats->io_read_bytes);
		*cell++ = sample_bytes(arena, &stats->io_write_bytes);
	}
	return table_narrow(arena, cells, samples->count + 1, COLUMNS);
}

static void sort(struct samples *samples)
{
	if (samples->count > 1)
		qsort(samples->items, samples->count, sizeof(*samples->items), larger_first);
}

static int show_once(const struct invocation *in, struct samples *now, const struct samples *before, int interval_ms,
		     bool *ret_more, struct error *err)
{
	(void)interval_ms;
	*ret_more = false;
	sort(now);
	return print_text(make_table(in, now, before), err);
}

/* ---- the screen ---- */

struct screen {
	struct termios before;
	bool raw; /* keys come one by one */
	sigset_t mask;
};

/* Blocked while the screen is there: they end the wait for a key, and the program once it has put the terminal back. */
static void ending_signals(sigset_t *set)
{
	static const int ending[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };

	(void)sigemptyset(set);
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
		(void)sigaddset(set, ending[i]);
}

static void screen_enter(struct screen *screen)
{
	struct termios raw;
	struct error ignored;
	sigset_t ending;

	ending_signals(&ending);
	(void)sigprocmask(SIG_BLOCK, &ending, &screen->mask);
	screen->raw = tcgetattr(STDIN_FILENO, &screen->before) == 0;
	if (screen->raw) {
		raw = screen->before;
		raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	}
	(void)print_text(SCREEN_ENTER, &ignored);
}

static void screen_leave(const struct screen *screen)
{
	struct error ignored;

	if (screen->raw)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &screen->before);
	(void)print_text(SCREEN_LEAVE, &ignored);
	(void)sigprocmask(SIG_SETMASK, &screen->mask, NULL);
}

/* As many lines and columns of the table as the terminal has. */
static char *fit(struct arena *arena, const char *title, const char *table)
{
	struct winsize size = { .ws_row = ROWS, .ws_col = COLUMNS_OF_SCREEN };
	char *text = arena_printf(arena, "%s%.*s%s", SCREEN_HOME, COLUMNS_OF_SCREEN, title, LINE_REST);
	size_t rows = 1;

	(void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	for (const char *line = table; *line && rows + 1 < size.ws_row; rows++) {
		const size_t length = strcspn(line, "\n");

		text = arena_printf(arena, "%s%.*s%s", text, (int)(length < size.ws_col ? length : size.ws_col), line,
				    LINE_REST);
		line += length + (line[length] == '\n');
	}
	return arena_printf(arena, "%s%s", text, SCREEN_REST);
}

/* False for a key or a signal that ends it, or the end of input. */
static bool wait_for_key(int timeout_ms)
{
	sigset_t ending;
	char key = 0;

	ending_signals(&ending);
	auto_fd int signals = signalfd(-1, &ending, SFD_CLOEXEC);
	struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .fd = signals, .events = POLLIN } };
	if (poll(fds, ARRAY_SIZE(fds), timeout_ms) <= 0)
		return true;
	if (fds[1].revents)
		return false;
	return read(STDIN_FILENO, &key, 1) == 1 && key != 'q' && key != 'Q' && key != CTRL_C;
}

static int show_live(const struct invocation *in, struct samples *now, const struct samples *before, int interval_ms,
		     bool *ret_more, struct error *err)
{
	const time_t seconds = time(NULL);
	char clock[CLOCK_SIZE] = "";
	const char *title;
	struct tm parts;
	int r;

	if (localtime_r(&seconds, &parts))
		(void)strftime(clock, sizeof(clock), "%H:%M:%S", &parts);
	title = arena_printf(in->arena, "coffer top - %s, %zu containers; q: quit", clock, now->count);
	sort(now);
	r = print_text(fit(in->arena, title, make_table(in, now, before)), err);
	*ret_more = r == 0 && wait_for_key(interval_ms);
	return r;
}

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	const struct top_options *top = in->options;
	struct screen screen;
	int r;

	(void)ret_exit;
	if (top->once || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return samples_follow(in, top->interval, USUAL_INTERVAL_S, show_once, err);
	screen_enter(&screen);
	r = samples_follow(in, top->interval, USUAL_INTERVAL_S, show_live, err);
	screen_leave(&screen);
	return r;
}

const struct verb verb_top = {
	.name = "top",
	.group = GROUP_LOOK,
	.summary = "a live screen of what containers use",
	.arguments = "[ID...]",
	.max_arguments = ANY_NUMBER,
	.options = options,
	.options_size = sizeof(struct top_options),
	.run = run,
};
