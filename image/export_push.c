/*
 * export_push.c - a stored image to a registry; see export.h. Workers take the next layer until there is none; then
 * come the configuration and, once all blobs are there, the manifest.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "export.h"
#include "hash.h"
#include "manifest.h"
#include "store_write.h"

enum { DEFAULT_JOBS = 4 };

struct push;

struct job {
	struct push *push;
	size_t index;
	int r;
	struct error err;
};

struct push {
	const struct store *store;
	const struct pull_watch *watch;
	struct registry *registry;
	struct manifest manifest;
	struct job *jobs;
	atomic_size_t next;
	atomic_bool stop; /* one has failed */
};

static int report(void *context, uint64_t bytes)
{
	const struct job *job = context;
	const struct pull_watch *watch = job->push->watch;

	if (watch->layer)
		watch->layer(watch->context, job->index, PULL_SEND, bytes);
	return atomic_load(&job->push->stop);
}

static int push_blob(const struct push *push, const struct descriptor *descriptor,
		     const struct fetch_progress *progress, struct error *err)
{
	auto_fd int fd = store_open_blob(push->store, &descriptor->digest, descriptor->size, err);

	if (fd == -ENOENT)
		return refuse_as(err, ENOENT, "blob %s is not in the store or damaged: pull the image again",
				 descriptor->digest.hex);
	return fd < 0 ? fd : registry_put_blob(push->registry, descriptor, fd, progress, err);
}

/* Layers that are not to be distributed stay where their URLs say. */
static void push_layer(struct job *job)
{
	struct push *push = job->push;
	const struct descriptor *layer = &push->manifest.layers[job->index];
	const struct fetch_progress progress = { .report = report, .context = job };

	(void)report(job, 0);
	job->r = layer->foreign ? 0 : push_blob(push, layer, &progress, &job->err);
	if (job->r < 0)
		atomic_store(&push->stop, true);
	else if (push->watch->layer)
		push->watch->layer(push->watch->context, job->index, PULL_DONE, layer->size);
}

static void *work(void *context)
{
	struct push *push = context;

	while (!atomic_load(&push->stop)) {
		size_t index = atomic_fetch_add(&push->next, 1);

		if (index >= push->manifest.n_layers)
			break;
		push_layer(&push->jobs[index]);
	}
	return NULL;
}

/* This thread is a worker too; one that cannot be made is one less. */
static int push_layers(struct push *push, size_t wanted, struct error *err)
{
	auto_free struct job *jobs = xcalloc(push->manifest.n_layers, sizeof(*jobs));
	auto_free pthread_t *threads = xcalloc(wanted, sizeof(*threads));
	const struct job *failed = NULL;
	size_t made = 0;

	push->jobs = jobs;
	for (size_t i = 0; i < push->manifest.n_layers; i++)
		jobs[i] = (struct job){ .push = push, .index = i };
	while (made + 1 < wanted && made + 1 < push->manifest.n_layers &&
	       pthread_create(&threads[made], NULL, work, push) == 0)
		made++;
	(void)work(push);
	for (size_t i = 0; i < made; i++)
		(void)pthread_join(threads[i], NULL);
	/* The first that failed by itself, not because another had. */
	for (size_t i = 0; i < push->manifest.n_layers; i++)
		if (jobs[i].r < 0 && (!failed || (failed->r == -ECANCELED && jobs[i].r != -ECANCELED)))
			failed = &jobs[i];
	if (failed)
		*err = failed->err;
	return failed ? failed->r : 0;
}

static int push_all(struct push *push, const struct document *document, const char *tag, size_t jobs, struct error *err)
{
	int r;

	if (push->watch->begin)
		push->watch->begin(push->watch->context, &push->manifest);
	r = push_layers(push, jobs ? jobs : DEFAULT_JOBS, err);
	if (r == 0)
		r = push_blob(push, &push->manifest.config, NULL, err);
	return r == 0 ? registry_put_manifest(push->registry, document, tag, err) : r;
}

/* What is sent under a tag is believed to be what the tag means. */
static int check_manifest(const struct image_record *record, const char *text, size_t length, struct error *err)
{
	struct digest found;

	hash_bytes(text, length, record->manifest.algorithm, &found);
	if (digest_eq(&found, &record->manifest))
		return 0;
	return refuse_as(err, EBADMSG, "the manifest is damaged in the store: pull the image again");
}

int export_to_registry(const struct store *store, struct arena *arena, const struct image_record *record,
		       const struct image_ref *ref, const struct registry_options *options,
		       const struct pull_watch *watch, size_t jobs, struct error *err)
{
	struct document document = { .media_type = record->manifest_type };
	struct push push = { .store = store, .watch = watch };
	auto_free char *text = NULL;
	auto_staging struct staging held = { .fd = -1 };
	char digest[DIGEST_TEXT_MAX];
	int r = 0;

	if (*ref->digest.hex && !digest_eq(&ref->digest, &record->manifest))
		return refuse(err, "push to a digest: that of the image is %s", digest_text(&record->manifest, digest));
	r = store_hold_image(store, record, &held, err);
	if (r == 0)
		r = store_read_blob(store, &record->manifest, MANIFEST_MAX, &text, &document.length, err);
	if (r == 0)
		r = check_manifest(record, text, document.length, err);
	if (r == 0)
		r = manifest_decode(arena, text, document.length, document.media_type, &push.manifest, err);
	if (r == 0)
		r = registry_open(ref, options, &push.registry, err);
	if (r < 0)
		return r;
	document.text = text;
	r = push_all(&push, &document, ref->tag, jobs, err);
	registry_close(push.registry);
	return r;
}
