/* image_progress.c - see image_progress.h. Any thread reports; whoever does, draws, at most ten times a second. */
#include "image_progress.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/str.h"

enum { BAR_WIDTH = 20, PERCENT = 100, REDRAW_MS = 100, MS_PER_S = 1000 };
enum { LINE_SIZE = 128, SIZE_TEXT = 16, KIBI = 1024, SHOWN_HEX = 12, TENTHS = 10 };

struct line {
	enum pull_phase phase;
	uint64_t bytes;
	int64_t began_ms;     /* of the phase */
	uint64_t began_bytes; /* that were there by then */
};

struct image_progress {
	bool quiet, terminal;
	pthread_mutex_t mutex;
	const struct manifest *manifest;
	struct line *lines;
	int64_t drawn_ms;
	bool drawn;
};

const char *image_size_text(uint64_t bytes, char buffer[static SIZE_TEXT])
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };
	uint64_t tenths = bytes * TENTHS;
	size_t unit = 0;

	if (bytes < KIBI) {
		(void)snprintf(buffer, SIZE_TEXT, "%" PRIu64 " B", bytes);
		return buffer;
	}
	tenths = bytes > UINT64_MAX / TENTHS ? bytes / KIBI * TENTHS : tenths;
	unit = bytes > UINT64_MAX / TENTHS;
	while (tenths >= (uint64_t)KIBI * TENTHS && unit + 1 < ARRAY_SIZE(units)) {
		tenths /= KIBI;
		unit++;
	}
	(void)snprintf(buffer, SIZE_TEXT, "%" PRIu64 ".%" PRIu64 " %s", tenths / TENTHS, tenths % TENTHS, units[unit]);
	return buffer;
}

/* "  11.2 MiB/s   3 s left", or nothing before there is something to tell. */
static void speed_text(const struct line *line, uint64_t total, int64_t now, char *out, size_t size)
{
	int64_t ms = now - line->began_ms;
	uint64_t done = line->bytes - line->began_bytes;
	char text[SIZE_TEXT];
	uint64_t speed;

	out[0] = '\0';
	if (ms < MS_PER_S / 2 || done == 0 || line->bytes < line->began_bytes)
		return;
	speed = done * MS_PER_S / (uint64_t)ms;
	if (speed == 0)
		return;
	(void)snprintf(out, size, "  %s/s  %" PRIu64 " s left", image_size_text(speed, text),
		       (total - line->bytes) / speed);
}

static void layer_line(const struct image_progress *progress, size_t index, int64_t now, char out[static LINE_SIZE])
{
	static const char *const phases[] = {
		[PULL_FETCH] = "fetch",   [PULL_UNPACK] = "unpack", [PULL_SEND] = "send",
		[PULL_STORED] = "stored", [PULL_DONE] = "done",
	};
	const struct line *line = &progress->lines[index];
	const struct descriptor *layer = &progress->manifest->layers[index];
	uint64_t bytes = line->bytes < layer->size ? line->bytes : layer->size;
	double part = layer->size ? (double)bytes / (double)layer->size : 1.0;
	char bar[BAR_WIDTH + 1] = "";
	char speed[LINE_SIZE / 2];
	char size[SIZE_TEXT];

	memset(bar, ' ', BAR_WIDTH);
	memset(bar, '#', (size_t)(part * (double)BAR_WIDTH));
	speed_text(line, layer->size, now, speed, sizeof(speed));
	(void)snprintf(out, LINE_SIZE, "%.*s  %-6s [%s] %3d %%  %10s%s", SHOWN_HEX, layer->digest.hex,
		       phases[line->phase], bar, (int)(part * (double)PERCENT), image_size_text(layer->size, size),
		       line->phase < PULL_STORED ? speed : "");
}

static void write_text(const char *text)
{
	(void)fd_write_all(STDERR_FILENO, text, strlen(text)); /* what nobody sees is no reason to stop */
}

/* All lines over the ones that were drawn before. */
static void draw(struct image_progress *progress, int64_t now)
{
	char line[LINE_SIZE];
	size_t count = progress->manifest->n_layers;
	auto_free char *text = xcalloc(count + 1, LINE_SIZE + SIZE_TEXT);
	char *out = text;

	if (progress->drawn)
		out += snprintf(out, SIZE_TEXT, "\033[%zuA", count);
	for (size_t i = 0; i < count; i++) {
		layer_line(progress, i, now, line);
		out += snprintf(out, LINE_SIZE + SIZE_TEXT, "\r\033[K%s\n", line);
	}
	write_text(text);
	progress->drawn = true;
	progress->drawn_ms = now;
}

static void begin(void *context_, const struct manifest *manifest)
{
	struct image_progress *progress = context_;
	struct winsize window = { 0 };

	progress->manifest = manifest;
	progress->lines = xcalloc(manifest->n_layers, sizeof(*progress->lines));
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) < 0 || manifest->n_layers >= window.ws_row)
		progress->terminal = false; /* the lines could not be drawn over */
}

static void report_plain(const struct image_progress *progress, size_t index)
{
	const struct descriptor *layer = &progress->manifest->layers[index];
	const struct line *line = &progress->lines[index];
	char size[SIZE_TEXT];
	char text[LINE_SIZE];

	if (line->phase != PULL_STORED && line->phase != PULL_DONE)
		return;
	(void)snprintf(text, sizeof(text), "layer %zu of %zu: %.*s %s (%s)\n", index + 1, progress->manifest->n_layers,
		       SHOWN_HEX, layer->digest.hex, line->phase == PULL_DONE ? "done" : "is stored",
		       image_size_text(layer->size, size));
	write_text(text);
}

static void layer(void *context_, size_t index, enum pull_phase phase, uint64_t bytes)
{
	struct image_progress *progress = context_;
	int64_t now = clock_ms();
	struct line *line;
	bool changed;

	if (progress->quiet)
		return;
	(void)pthread_mutex_lock(&progress->mutex);
	line = &progress->lines[index];
	changed = line->phase != phase || line->began_ms == 0;
	if (changed)
		*line = (struct line){ .phase = phase, .began_ms = now, .began_bytes = bytes };
	line->bytes = bytes;
	/* An image that is stored already is nothing to look at. */
	if (progress->terminal && (progress->drawn || phase != PULL_STORED) &&
	    (changed || now - progress->drawn_ms >= REDRAW_MS))
		draw(progress, now);
	else if (!progress->terminal && changed)
		report_plain(progress, index);
	(void)pthread_mutex_unlock(&progress->mutex);
}

struct image_progress *image_progress_new(bool quiet)
{
	struct image_progress *progress = xcalloc(1, sizeof(*progress));

	progress->quiet = quiet;
	progress->terminal = isatty(STDERR_FILENO);
	(void)pthread_mutex_init(&progress->mutex, NULL);
	return progress;
}

void image_progress_free(struct image_progress *progress)
{
	if (!progress)
		return;
	(void)pthread_mutex_destroy(&progress->mutex);
	free(progress->lines);
	free(progress);
}

struct pull_watch image_progress_watch(struct image_progress *progress)
{
	return (struct pull_watch){ .begin = begin, .layer = layer, .context = progress };
}
