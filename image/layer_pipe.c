/*
 * layer_pipe.c - see layer_pipe.h. A ring of batches. Who waits is woken only when there is a good part of the ring
 * to do: a wake-up for each batch makes the scheduler put both threads onto one processor, one after the other.
 */
#include "layer_pipe.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "base/str.h"

enum { BATCH_SIZE = 128 * 1024, BATCHES = 32, WAKE_AT = 8 };

struct batch {
	unsigned char *data;
	size_t size;
};

struct layer_pipe {
	layer_produce produce;
	void *context;
	bool one_thread;
	struct batch batches[BATCHES];
	/* Below: by two threads, under the lock. The consumer holds the batch before `read` until it asks for
	   another. */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t written, read; /* batches so far */
	bool ended, stopped;  /* by the producer, by the consumer */
	int result;           /* the producer's, once it has ended */
	struct error error;
};

/* A free batch; NULL when the consumer wants no more. */
static struct batch *wait_for_room(struct layer_pipe *pipe)
{
	struct batch *batch = NULL;

	(void)pthread_mutex_lock(&pipe->lock);
	if (pipe->written - pipe->read >= BATCHES - 1)
		while (!pipe->stopped && pipe->written - pipe->read >= BATCHES - WAKE_AT)
			(void)pthread_cond_wait(&pipe->changed, &pipe->lock);
	if (!pipe->stopped)
		batch = &pipe->batches[pipe->written % BATCHES];
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
	if (pipe->ended || pipe->written - pipe->read >= WAKE_AT)
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

		got = pipe->produce(pipe->context, batch->data, BATCH_SIZE, &err);
		batch->size = got < 0 ? 0 : (size_t)got;
		hand_over(pipe, got, &err);
	}
	return NULL;
}

int layer_pipe_open(layer_produce produce, void *context, bool one_thread, struct layer_pipe **ret, struct error *err)
{
	struct layer_pipe *pipe = xcalloc(1, sizeof(*pipe));
	int r = 0;

	*pipe = (struct layer_pipe){
		.produce = produce,
		.context = context,
		.one_thread = one_thread,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.changed = PTHREAD_COND_INITIALIZER,
	};
	for (size_t i = 0; i < (one_thread ? 1 : BATCHES); i++)
		pipe->batches[i].data = xcalloc(1, BATCH_SIZE);
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

static int next_by_thread(struct layer_pipe *pipe, const struct batch **ret, struct error *err)
{
	int r = 0;

	(void)pthread_mutex_lock(&pipe->lock);
	if (pipe->written == pipe->read)
		while (!pipe->ended && pipe->written - pipe->read < WAKE_AT)
			(void)pthread_cond_wait(&pipe->changed, &pipe->lock);
	if (pipe->written > pipe->read) {
		*ret = &pipe->batches[pipe->read++ % BATCHES];
		r = 1;
		if (pipe->written - pipe->read < BATCHES - WAKE_AT)
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
	ssize_t got = pipe->ended ? 0 : pipe->produce(pipe->context, batch->data, BATCH_SIZE, err);

	pipe->ended |= got < BATCH_SIZE;
	if (got <= 0)
		return (int)got;
	batch->size = (size_t)got;
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
	for (size_t i = 0; i < BATCHES; i++)
		free(pipe->batches[i].data);
	free(pipe);
}
