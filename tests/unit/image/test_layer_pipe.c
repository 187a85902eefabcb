/*
 * test_layer_pipe.c - batches come in order and are looked at once each, whichever of the threads is the slow one; and
 * what is aside is done, all of it, before the end.
 */
#include "image/layer_pipe.h"

#include <errno.h>
#include <unistd.h>

#include "base/str.h"
#include "tests/unit/test.h"

enum { PAUSE_US = 2000, MANY = 250 }; /* more batches than the ring has */

struct tally {
	unsigned char batches; /* to be made */
	bool fails;            /* then */
	unsigned pause_every;  /* the producer */
	unsigned aside;        /* pieces to be done */
	bool aside_fails;
	unsigned made, looked;
	bool out_of_order;
	size_t beside;
};

static ssize_t produce(void *context, void *buffer, size_t size, struct error *err)
{
	struct tally *tally = context;

	if (tally->made == tally->batches)
		return tally->fails ? refuse_as(err, EBADMSG, "no more") : 0;
	if (tally->pause_every && tally->made % tally->pause_every == 0)
		(void)usleep(PAUSE_US);
	memset(buffer, (int)tally->made++, size);
	return (ssize_t)size;
}

static void look(void *context, const void *data, size_t size)
{
	struct tally *tally = context;

	tally->out_of_order |= ((const unsigned char *)data)[size - 1] != tally->looked;
	tally->looked++;
}

static int aside(void *context, struct error *err)
{
	struct tally *tally = context;

	if (tally->aside == 0)
		return tally->aside_fails ? refuse_as(err, EIO, "not aside") : 0;
	tally->aside--;
	return 1;
}

static struct layer_pipe *open_pipe(struct tally *tally, bool one_thread)
{
	const struct layer_pipe_work work = { .produce = produce, .look = look, .aside = aside, .context = tally };
	struct layer_pipe *pipe = NULL;
	struct error err;

	CHECK_INT(0, layer_pipe_open(&work, one_thread, tally->beside, &pipe, &err));
	return pipe;
}

/* Reads on to the end; what next() says there. */
static int read_all(struct tally *tally, bool one_thread, unsigned pause_every, struct error *err)
{
	auto_layer_pipe struct layer_pipe *pipe = open_pipe(tally, one_thread);
	const void *data;
	unsigned read = 0;
	size_t size;
	int r;

	while ((r = layer_pipe_next(pipe, &data, &size, err)) > 0) {
		CHECK_INT(read, ((const unsigned char *)data)[0]);
		CHECK_INT(read, ((const unsigned char *)data)[size - 1]);
		if (pause_every && read % pause_every == 0)
			(void)usleep(PAUSE_US);
		read++;
	}
	CHECK_INT(tally->batches, read);
	return r;
}

static void order(void)
{
	static const struct {
		unsigned char batches;
		unsigned producer_pauses, consumer_pauses;
		bool one_thread;
	} rows[] = {
		{ 0, 0, 0, false },     { 1, 0, 0, false },      { MANY, 0, 0, false }, { MANY, 10, 0, false },
		{ MANY, 0, 10, false }, { MANY, 40, 60, false }, { MANY, 25, 0, true }, { 0, 0, 0, true },
	};

	for (size_t i = 0; i < 2 * ARRAY_SIZE(rows); i++) {
		const size_t row = i / 2;
		struct tally tally = { .batches = rows[row].batches,
				       .pause_every = rows[row].producer_pauses,
				       .aside = 30,
				       .beside = i % 2 * 100 }; /* then there is less room */
		struct error err;

		CHECK_INT(0, read_all(&tally, rows[row].one_thread, rows[row].consumer_pauses, &err));
		CHECK_INT(rows[row].batches, tally.looked);
		CHECK_INT(0, tally.aside);
		CHECK(!tally.out_of_order);
	}
}

/* What came before it comes first. */
static void errors(void)
{
	for (int one = 0; one < 2; one++) {
		struct tally tally = { .batches = 9, .fails = true }, beside = { .batches = 9, .aside_fails = true };
		struct error err;

		CHECK_INT(-EBADMSG, read_all(&tally, one, 0, &err));
		CHECK_STR("no more", err.text);
		CHECK_INT(-EIO, read_all(&beside, one, 0, &err));
		CHECK_STR("not aside", err.text);
	}
}

/* While the other thread makes, looks, or waits for room. */
static void closed_early(void)
{
	for (unsigned wait = 0; wait < 4; wait++) {
		struct tally tally = { .batches = MANY };
		struct layer_pipe *pipe = open_pipe(&tally, false);
		const void *data;
		struct error err;
		size_t size;

		CHECK_INT(1, layer_pipe_next(pipe, &data, &size, &err));
		(void)usleep(wait * PAUSE_US);
		layer_pipe_close(pipe);
		CHECK(tally.looked <= tally.made && !tally.out_of_order);
	}
	layer_pipe_close(NULL);
}

static const struct test tests[] = {
	TEST(order),
	TEST(errors),
	TEST(closed_early),
};

TEST_MAIN(tests)
