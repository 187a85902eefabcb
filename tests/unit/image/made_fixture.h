/* made_fixture.h - an image of two layers that is put together here, each with one file. */
#pragma once

#include "image/source_made.h"
#include "store_fixture.h"
#include "tape.h"

/* A tar in dir with "d/" and "d/NAME", which has its name as its text; the fd is at its start. */
__attribute__((unused)) static int tar_of(int dir, const char *name)
{
	auto_cleanup(tape_free) struct tape tape = { 0 };
	auto_free char *path = xasprintf("d/%s", name);
	auto_free char *file = xasprintf("%s.tar", name);

	(void)tape_entry(&tape, &(struct tape_entry){ .name = "d/", .type = '5', .mode = 0755, .mtime = 1000 });
	(void)tape_entry(&tape, &(struct tape_entry){ .name = path, .mode = 0644, .mtime = 1000, .data = name });
	tape_end(&tape);
	temporary_write(dir, file, tape.bytes, tape.size);
	return openat(dir, file, O_RDONLY | O_CLOEXEC);
}

/* Its layers are "one" and "two"; the config has the digests of these two names instead. */
__attribute__((unused)) static struct source *made_source(struct arena *arena, const char *first, const char *second)
{
	auto_fd int dir = temporary_open();
	struct source *source = made_source_new("made");
	const char *names[] = { "one", "two" };
	const char *in_config[] = { first, second };
	char digests[2][DIGEST_TEXT_MAX];
	struct error err = { 0 };
	const char *config;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		auto_fd int other = tar_of(dir, in_config[i]);
		struct digest digest;

		CHECK_INT(0, hash_file(other, DIGEST_SHA256, &digest, &err));
		(void)digest_text(&digest, digests[i]);
		CHECK_INT(0, made_source_add_layer(source, tar_of(dir, names[i]), COMPRESSION_NONE, &err));
	}
	config = arena_printf(arena,
			      "{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":\"layers\","
			      "\"diff_ids\":[\"%s\",\"%s\"]}}",
			      digests[0], digests[1]);
	made_source_finish(source, config, strlen(config));
	return source;
}
