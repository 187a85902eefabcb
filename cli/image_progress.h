/*
 * image_progress.h - what a pull or push shows on standard error: on a terminal a line a layer with a bar, speed and
 * the time that is left; elsewhere a line when a layer is done.
 */
#pragma once

#include <stdbool.h>

#include "image/pull.h"

struct image_progress;

/* quiet: nothing is shown. */
struct image_progress *image_progress_new(bool quiet);
void image_progress_free(struct image_progress *progress);

/* For pull_options.watch; holds as long as `progress` does. */
struct pull_watch image_progress_watch(struct image_progress *progress);

/* "17.3 MiB" in buffer[16]; returns buffer. */
const char *image_size_text(uint64_t bytes, char buffer[static 16]);

DEFINE_AUTO(image_progress, struct image_progress, image_progress_free)
#define auto_image_progress auto_cleanup(cleanup_image_progress)
