/*
 * layer_pipe.c - see layer_pipe.h. A ring of batches, each of which is written, then read and looked at. Neither thread
 * waits as long as there is something to look at or to do aside, so that both are busy whichever has more of its own.
 * Who waits is woken only when there is a good part of the ring to do: a wake-up for each batch makes the scheduler put
 * both threads onto one processor, one after the other.
 */
#include "layer_pipe.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/str.h"
#include "decompress.h"

enum { BATCH_SIZE = 256 * 1024, BATCHES = 191, BATCHES_MIN = 4 * 4, WAKE_AT = 4, HUGE_PAGE = 2 * 1024 * 1024 };

struct batch {
	unsigned char *data;
	size_t size;
};

struct layer_pipe {
	struct layer_pipe_work work;
	bool one_thread;
	unsigned char *memory; /* of all batches, with DECOMPRESS_HISTORY bytes in front */
	size_t n_batches;
	struct batch batches[BATCHES];
	/* Below: by two threads, under the lock. The consumer holds the batch before `read` until it asks for
	   another. */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t written, looked, read; /* batches so far */
	bool looking;                 /* one of the threads, at the batch `looked` */
	bool aside, aside_ended;      /* one of the threads does what is aside; all is done */
	bool ended, stopped;          /* by the producer, by the consumer */
	int result;                   /* of what failed */
	struct error error;
};

/* Batches that somebody has to do with. */
static size_t filled(const struct layer_pipe *pipe)
{
	return pipe->written - (pipe->read < pipe->looked ? pipe->read : pipe->looked);
}

static bool can_look(const struct layer_pipe *pipe)
{
	return !pipe->looking && pipe->looked < pipe->written;
}

/* With the lock, which is let go of meanwhile: false when there is nothing to look at, or the other thread does. */
static bool look(struct layer_pipe *pipe)
{
	const struct batch *batch = &pipe->batches[pipe->looked % pipe->n_batches];

	if (!can_look(pipe))
		return false;
	pipe->looking = true;
	(void)pthread_mutex_unlock(&pipe->lock);
	pipe->work.look(pipe->work.context, batch->data, batch->size);
	(void)pthread_mutex_lock(&pipe->lock);
	pipe->looking = false;
	pipe->looked++;
	(void)pthread_cond_signal(&pipe->changed);
	return true;
}

/* The same for what is to be done aside. */
static bool do_aside(struct layer_pipe *pipe)
{
	struct error err;
	int r;

	if (pipe->aside || pipe->aside_ended)
		return false;
	pipe->aside = true;
	(void)pthread_mutex_unlock(&pipe->lock);
	r = pipe->work.aside(pipe->work.context, &err);
	(void)pthread_mutex_lock(&pipe->lock);
	pipe->aside = false;
	pipe->aside_ended = r <= 0;
	if (r < 0) {
		pipe->result = r;
		pipe->error = err;
	}
	(void)pthread_cond_signal(&pipe->changed);
	return true;
}

static bool help(struct layer_pipe *pipe)
{
	return look(pipe) || do_aside(pipe);
}

/* A free batch; NULL when the consumer wants no more. */
static struct batch *wait_for_room(struct layer_pipe *pipe)
{
	struct batch *batch = NULL;

	(void)pthread_mutex_lock(&pipe->lock);
	while (!pipe->stopped && filled(pipe) >= pipe->n_batches - 1)
		if (!help(pipe))
			do
				(void)pthread_cond_wait(&pipe->changed, &pipe->lock);
			while (!pipe->stopped && filled(pipe) >= pipe->n_batches - WAKE_AT && !can_look(pipe));
	if (!pipe->stopped)
		batch = &pipe->batches[pipe->written % pipe->n_batches];
	(void)pthread_mutex_unlock(&pipe->lock);
	return batch;
}

static void hand_over(struct layer_pipe *pipe, ssize_t got, const struct error *err)
{
	(void)pthread_mutex_lock(&pipe->lock);
	pipe->ended = got < BATCH_SIZE;
	pipe->written += got > 0;
	if (got < 0) {
		pipe->result = (int)got;
		pipe->error = *err;
	}
	if (pipe->ended || filled(pipe) >= WAKE_AT)
		(void)pthread_cond_signal(&pipe->changed);
	(void)pthread_mutex_unlock(&pipe->lock);
}

static void *run(void *argument)
{
	struct layer_pipe *pipe = argument;
	struct batch *batch;
	ssize_t got = BATCH_SIZE;

	while (got == BATCH_SIZE && (batch = wait_for_room(pipe)) != NULL) {
		struct error err;

		got = pipe->work.produce(pipe->work.context, batch->data, BATCH_SIZE, &err);
		batch->size = got < 0 ? 0 : (size_t)got;
		hand_over(pipe, got, &err);
	}
	(void)pthread_mutex_lock(&pipe->lock);
	while (!pipe->stopped && help(pipe))
		;
	(void)pthread_mutex_unlock(&pipe->lock);
	return NULL;
}

/* A fault for each small page would take a few percent of all the time there is. */
static unsigned char *allocate(size_t size)
{
	const size_t whole = (size + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
	void *memory = size < HUGE_PAGE ? xcalloc(1, size) : aligned_alloc(HUGE_PAGE, whole);

	if (!memory)
		abort();
	if (size >= HUGE_PAGE)
		(void)madvise(memory, whole, MADV_HUGEPAGE);
	return memory;
}

static size_t batches(size_t beside)
{
	const size_t share = BATCHES / (beside > 1 ? beside : 1);

	return share > BATCHES_MIN ? share : BATCHES_MIN;
}

int layer_pipe_open(const struct layer_pipe_work *work, bool one_thread, size_t beside, struct layer_pipe **ret,
		    struct error *err)
{
	struct layer_pipe *pipe = xcalloc(1, sizeof(*pipe));
	int r = 0;

	*pipe = (struct layer_pipe){
		.work = *work,
		.one_thread = one_thread,
		.n_batches = one_thread ? 1 : batches(beside),
		.aside_ended = !work->aside,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.changed = PTHREAD_COND_INITIALIZER,
	};
	pipe->memory = allocate(DECOMPRESS_HISTORY + pipe->n_batches * BATCH_SIZE);
	for (size_t i = 0; i < pipe->n_batches; i++)
		pipe->batches[i].data = pipe->memory + DECOMPRESS_HISTORY + i * BATCH_SIZE;
	if (!one_thread)
		r = pthread_create(&pipe->thread, NULL, run, pipe);
	if (r != 0) {
		pipe->one_thread = true;
		layer_pipe_close(pipe);
		return fail(err, r, "start a thread");
	}
	*ret = pipe;
	return 0;
}

static bool all_done(const struct layer_pipe *pipe)
{
	return pipe->ended && pipe->looked == pipe->written && pipe->aside_ended;
}

static int next_by_thread(struct layer_pipe *pipe, const struct batch **ret, struct error *err)
{
	int r = 0;

	(void)pthread_mutex_lock(&pipe->lock);
	while (pipe->read == pipe->written && !all_done(pipe))
		if (!help(pipe))
			do
				(void)pthread_cond_wait(&pipe->changed, &pipe->lock);
			while (!pipe->ended && filled(pipe) < WAKE_AT);
	if (pipe->looked <= pipe->read) /* now, since then it is in the cache when it is written */
		(void)look(pipe);
	if (pipe->written > pipe->read) {
		*ret = &pipe->batches[pipe->read++ % pipe->n_batches];
		r = 1;
		if (filled(pipe) < pipe->n_batches - WAKE_AT)
			(void)pthread_cond_signal(&pipe->changed);
	} else if (pipe->result < 0) {
		*err = pipe->error;
		r = pipe->result;
	}
	(void)pthread_mutex_unlock(&pipe->lock);
	return r;
}

static int next_by_caller(struct layer_pipe *pipe, const struct batch **ret, struct error *err)
{
	struct batch *batch = &pipe->batches[0];
	ssize_t got = pipe->ended ? 0 : pipe->work.produce(pipe->work.context, batch->data, BATCH_SIZE, err);
	int r = 1;

	pipe->ended |= got < BATCH_SIZE;
	while (got == 0 && r > 0 && pipe->work.aside)
		r = pipe->work.aside(pipe->work.context, err);
	if (got <= 0)
		return got < 0 ? (int)got : r < 0 ? r : 0;
	batch->size = (size_t)got;
	pipe->work.look(pipe->work.context, batch->data, batch->size);
	*ret = batch;
	return 1;
}

int layer_pipe_next(struct layer_pipe *pipe, const void **ret, size_t *ret_size, struct error *err)
{
	const struct batch *batch = NULL;
	int r = pipe->one_thread ? next_by_caller(pipe, &batch, err) : next_by_thread(pipe, &batch, err);

	if (r <= 0)
		return r;
	*ret = batch->data;
	*ret_size = batch->size;
	return 1;
}

void layer_pipe_close(struct layer_pipe *pipe)
{
	if (!pipe)
		return;
	if (!pipe->one_thread) {
		(void)pthread_mutex_lock(&pipe->lock);
		pipe->stopped = true;
		(void)pthread_cond_signal(&pipe->changed);
		(void)pthread_mutex_unlock(&pipe->lock);
		(void)pthread_join(pipe->thread, NULL);
	}
	free(pipe->memory);
	free(pipe);
}
