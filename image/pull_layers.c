/*
 * pull_layers.c - see pull_layers.h. Each worker takes the next layer until there is none:
 *
 *	blob stored? -> else its partial file: locked, fetched from where it ends
 *	layer stored? -> else unpacked to staging, both digests taken on the way; else the blob alone is hashed
 *	digests compared -> blob durable and published
 *
 * When all workers are done the staged layers are made durable at once, and published. What was there before (a stored
 * blob, the first part of a fetched one) may be damaged: if it does not come out right it is fetched again, once.
 */
#include "pull_layers.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/tree.h"
#include "hash.h"
#include "layer_store.h"
#include "store_write.h"

enum { DEFAULT_JOBS = 4, NAME_SIZE = 32 };

struct shared;

struct job {
	struct shared *shared;
	size_t index;
	const struct descriptor *layer;
	const struct digest *diff_id;
	enum pull_phase phase;
	bool staged;   /* layer-<index> is to be published */
	bool fetched;  /* the blob is new, or was begun before */
	bool had_part; /* some of it was there before */
	int r;
	struct error err;
};

struct shared {
	struct staging *staging;
	struct source *source;
	const struct pull_options *options;
	struct job *jobs;
	size_t n_jobs;
	uint64_t large; /* bytes of a layer that gets two threads to be unpacked: nothing else would be left to do */
	size_t n_large; /* such layers, when there are several workers */
	atomic_size_t next;
	atomic_bool stop; /* one has failed */
};

static void job_name(const struct job *job, char name[static NAME_SIZE])
{
	(void)snprintf(name, NAME_SIZE, "layer-%zu", job->index);
}

/* Called from fetch and unpack. */
static int report(void *context_, uint64_t bytes)
{
	struct job *job = context_;
	const struct pull_watch *watch = &job->shared->options->watch;

	if (watch->layer)
		watch->layer(watch->context, job->index, job->phase, bytes);
	return atomic_load(&job->shared->stop);
}

static void enter_phase(struct job *job, enum pull_phase phase, uint64_t bytes)
{
	job->phase = phase;
	(void)report(job, bytes);
}

static int fetch(struct job *job, int fd, struct error *err)
{
	const struct fetch_progress progress = { .report = report, .context = job };
	struct source *source = job->shared->source;
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return fail(err, errno, "stat a partial blob");
	if ((uint64_t)st.st_size > job->layer->size) {
		if (ftruncate(fd, 0) < 0)
			return fail(err, errno, "truncate a partial blob");
		st.st_size = 0;
	}
	job->fetched = true;
	job->had_part = st.st_size > 0;
	enter_phase(job, PULL_FETCH, (uint64_t)st.st_size);
	if ((uint64_t)st.st_size < job->layer->size || job->layer->size == 0) {
		if (lseek(fd, 0, SEEK_END) < 0)
			return fail(err, errno, "seek in a partial blob");
		r = source->ops->blob(source, job->layer, fd, (uint64_t)st.st_size, &progress, err);
		if (r < 0)
			return r;
	}
	if (fstat(fd, &st) < 0 || (uint64_t)st.st_size != job->layer->size)
		return refuse_as(err, EBADMSG, "%lld bytes came, the manifest says %" PRIu64, (long long)st.st_size,
				 job->layer->size);
	return 0;
}

static int compare(const char *what, const struct digest *found, const struct digest *wanted, struct error *err)
{
	char a[DIGEST_TEXT_MAX];
	char b[DIGEST_TEXT_MAX];

	if (digest_eq(found, wanted))
		return 0;
	return refuse_as(err, EBADMSG, "the %s is %s, expected %s", what, digest_text(found, a),
			 digest_text(wanted, b));
}

static int check_blob(const struct job *job, int fd, struct error *err)
{
	struct digest found;
	int r = hash_file(fd, job->layer->digest.algorithm, &found, err);

	return r < 0 ? r : compare("blob", &found, &job->layer->digest, err);
}

static int unpack(struct job *job, int fd, struct error *err)
{
	const struct pull_options *pull = job->shared->options;
	const struct layer_options options = {
		.compression = job->layer->compression,
		.form = pull->form,
		.limits = pull->limits,
		.user_xattrs = job->shared->staging->store->user_xattrs,
		.no_devices = pull->no_devices,
		.one_thread = job->layer->size < job->shared->large,
		.beside = job->shared->n_large,
		.progress = report,
		.context = job,
	};
	struct layer_result result;
	char name[NAME_SIZE];
	int r;

	enter_phase(job, PULL_UNPACK, 0);
	job_name(job, name);
	r = layer_stage(job->shared->staging, name, fd, job->layer->digest.algorithm, job->diff_id->algorithm, &options,
			&result, err);
	if (r == 0)
		r = compare("blob", &result.blob, &job->layer->digest, err);
	if (r == 0)
		r = compare("unpacked layer", &result.diff_id, job->diff_id, err);
	job->staged = r == 0;
	return r;
}

static int unpack_or_check(struct job *job, int fd, struct error *err)
{
	if (layer_is_stored(job->shared->staging->store, job->diff_id))
		return job->fetched ? check_blob(job, fd, err) : 0;
	return unpack(job, fd, err);
}

static int publish_blob(const struct job *job, int fd, const char *partial, struct error *err)
{
	const struct store *store = job->shared->staging->store;
	char name[STORE_PATH_MAX];

	if (fsync(fd) < 0)
		return fail(err, errno, "fsync %s", partial);
	if (renameat(store->root, partial, store->root, store_blob_name(&job->layer->digest, name)) < 0)
		return fail(err, errno, "publish %s", name);
	return 0;
}

/* The blob as an fd: the published one, or the partial file once it is whole. */
static int open_or_fetch(struct job *job, char *partial, struct error *err)
{
	const struct store *store = job->shared->staging->store;
	auto_fd int part = -1;
	int fd = store_open_blob(store, &job->layer->digest, job->layer->size, err);
	int r;

	if (fd != -ENOENT)
		return fd;
	part = staging_open_partial(store, &job->layer->digest, partial, err);
	if (part < 0)
		return part;
	fd = store_open_blob(store, &job->layer->digest, job->layer->size, err);
	if (fd >= 0)
		(void)unlinkat(store->root, partial, 0); /* another has fetched it meanwhile */
	if (fd != -ENOENT)
		return fd;
	r = fetch(job, part, err);
	return r < 0 ? r : take_fd(&part);
}

/* What is there is thrown away if it is not what its name says. True if there is something to try again. */
static bool discard_damaged(struct job *job, int fd, const char *partial)
{
	struct staging *staging = job->shared->staging;
	char name[STORE_PATH_MAX];
	struct error ignored;

	if (fd < 0 || check_blob(job, fd, &ignored) != -EBADMSG)
		return false;
	if (job->fetched)
		(void)unlinkat(staging->store->root, partial, 0);
	else
		(void)staging_take(staging, store_blob_name(&job->layer->digest, name), &ignored);
	return job->had_part || !job->fetched;
}

static int try_job(struct job *job, bool *ret_again, struct error *err)
{
	char partial[STORE_PATH_MAX] = "";
	auto_fd int fd = open_or_fetch(job, partial, err);
	int r = fd < 0 ? fd : unpack_or_check(job, fd, err);

	if (r == 0 && job->fetched)
		r = publish_blob(job, fd, partial, err);
	*ret_again = false;
	if (r < 0 && r != -ECANCELED)
		*ret_again = discard_damaged(job, fd, partial);
	if (r < 0 && fd >= 0 && job->fetched && !job->shared->source->remote)
		(void)unlinkat(job->shared->staging->store->root, partial, 0);
	return r;
}

static void run_job(struct job *job)
{
	char name[NAME_SIZE];
	char text[DIGEST_TEXT_MAX];
	bool again;

	job->r = try_job(job, &again, &job->err);
	if (job->r < 0 && again) {
		job_name(job, name);
		job->fetched = job->had_part = false;
		job->r = tree_remove(job->shared->staging->fd, name, &job->err);
		if (job->r == 0)
			job->r = try_job(job, &again, &job->err);
	}
	if (job->r < 0) {
		atomic_store(&job->shared->stop, true);
		(void)context(&job->err, "layer %zu (%.*s)", job->index + 1, (int)sizeof("sha256:0123456789ab") - 1,
			      digest_text(&job->layer->digest, text));
		return;
	}
	enter_phase(job, job->staged || job->fetched ? PULL_DONE : PULL_STORED, job->layer->size);
}

static void *work(void *context_)
{
	struct shared *shared = context_;

	while (!atomic_load(&shared->stop)) {
		size_t index = atomic_fetch_add(&shared->next, 1);

		if (index >= shared->n_jobs)
			break;
		run_job(&shared->jobs[index]);
	}
	return NULL;
}

static size_t worker_count(const struct shared *shared, size_t processors)
{
	size_t jobs = shared->options->jobs;

	if (jobs == 0)
		jobs = processors > DEFAULT_JOBS ? processors : DEFAULT_JOBS;
	return jobs < shared->n_jobs ? jobs : shared->n_jobs;
}

/* A layer that is more than one processor's share of all: with one thread it would be the last to be ready. */
static uint64_t large_layer(const struct shared *shared, size_t workers, size_t processors)
{
	uint64_t share = 0;

	if (processors < 2)
		return UINT64_MAX;
	for (size_t i = 0; i < shared->n_jobs && workers > 1; i++)
		share += shared->jobs[i].layer->size / processors;
	return share;
}

/* This thread is a worker too; a thread that cannot be made is one less. */
static void run_workers(struct shared *shared)
{
	const long online = sysconf(_SC_NPROCESSORS_ONLN);
	const size_t processors = online > 1 ? (size_t)online : 1;
	size_t wanted = worker_count(shared, processors);
	auto_free pthread_t *threads = xcalloc(wanted + 1, sizeof(*threads));
	size_t made = 0;

	shared->large = large_layer(shared, wanted, processors);
	for (size_t i = 0; i < shared->n_jobs && wanted > 1; i++)
		shared->n_large += shared->jobs[i].layer->size >= shared->large;
	while (made + 1 < wanted && pthread_create(&threads[made], NULL, work, shared) == 0)
		made++;
	(void)work(shared);
	for (size_t i = 0; i < made; i++)
		(void)pthread_join(threads[i], NULL);
}

static int publish_staged(const struct shared *shared, struct error *err)
{
	char name[NAME_SIZE];
	bool any = false;
	int r = 0;

	for (size_t i = 0; i < shared->n_jobs; i++)
		any |= shared->jobs[i].staged;
	if (any)
		r = layer_sync(shared->staging, err);
	for (size_t i = 0; r == 0 && i < shared->n_jobs; i++) {
		job_name(&shared->jobs[i], name);
		if (shared->jobs[i].staged)
			r = layer_publish(shared->staging, name, shared->jobs[i].diff_id, err);
	}
	return r;
}

/* The first that failed by itself, not because another had. */
static int first_failure(const struct shared *shared, struct error *err)
{
	const struct job *found = NULL;

	for (size_t i = 0; i < shared->n_jobs; i++) {
		const struct job *job = &shared->jobs[i];

		if (job->r < 0 && (!found || (found->r == -ECANCELED && job->r != -ECANCELED)))
			found = job;
	}
	if (!found)
		return 0;
	*err = found->err;
	return found->r;
}

int pull_layers(struct staging *staging, struct source *source, const struct manifest *manifest,
		const struct digest *diff_ids, const struct pull_options *options, struct error *err)
{
	struct shared shared = { .staging = staging, .source = source, .options = options };
	auto_free struct job *jobs = xcalloc(manifest->n_layers, sizeof(*jobs));
	struct error ignored;
	int r;

	shared.jobs = jobs;
	shared.n_jobs = manifest->n_layers;
	for (size_t i = 0; i < shared.n_jobs; i++)
		jobs[i] = (struct job){
			.shared = &shared, .index = i, .layer = &manifest->layers[i], .diff_id = &diff_ids[i]
		};
	run_workers(&shared);
	r = first_failure(&shared, err);
	if (r < 0) {
		(void)publish_staged(&shared, &ignored);
		return r;
	}
	return publish_staged(&shared, err);
}
