/* retry.c - see retry.h. */
#include "retry.h"

#include <errno.h>
#include <sys/random.h>
#include <time.h>

#include "base/cleanup.h"

enum { PAUSE_MAX_MS = 30 * 1000, RETRY_AFTER_MAX_S = 300, SLICE_MS = 100, NS_PER_MS = 1000 * 1000, MS_PER_S = 1000 };

bool retry_helps(int result, int status, bool nobody)
{
	/* Request Timeout, Too Many Requests, and the server errors that are not about the request itself */
	static const int statuses[] = { 408, 429, 500, 502, 503, 504 };

	if (result == -ECONNRESET || result == -ETIMEDOUT)
		return true;
	if (result == -ECONNREFUSED || result == -EHOSTUNREACH)
		return nobody;
	for (size_t i = 0; result == 0 && i < ARRAY_SIZE(statuses); i++)
		if (statuses[i] == status)
			return true;
	return false;
}

uint64_t retry_pause(const struct retry *retry, uint64_t retry_after_s, uint32_t random)
{
	uint64_t most = retry->pause_ms < PAUSE_MAX_MS ? retry->pause_ms : PAUSE_MAX_MS;
	uint64_t pause = most / 2 + (most > 1 ? random % (most - most / 2 + 1) : 0);

	/* Many clients got the same number of seconds: the random part spreads them behind it. */
	return retry_after_s > 0 ? retry_after_s * MS_PER_S + pause / 2 : pause;
}

static int sleep_ms(uint64_t pause, const struct fetch_progress *progress, uint64_t bytes, struct error *err)
{
	while (pause > 0) {
		uint64_t slice = pause < SLICE_MS ? pause : SLICE_MS;
		const struct timespec time = { .tv_nsec = (long)(slice * NS_PER_MS) };

		if (progress && progress->report(progress->context, bytes) != 0)
			return refuse_as(err, ECANCELED, "cancelled");
		(void)nanosleep(&time, NULL);
		pause -= slice;
	}
	return 0;
}

int retry_wait(struct retry *retry, uint64_t retry_after_s, const struct fetch_progress *progress, uint64_t bytes,
	       struct error *err)
{
	uint32_t random = 0;

	if (retry->left == 0)
		return -EAGAIN;
	if (retry_after_s > RETRY_AFTER_MAX_S)
		return refuse_as(err, EBUSY, "the server asks to come back in %llu s",
				 (unsigned long long)retry_after_s);
	(void)getrandom(&random, sizeof(random), GRND_NONBLOCK); /* without it, no jitter */
	retry->left--;
	if (sleep_ms(retry_pause(retry, retry_after_s, random), progress, bytes, err) < 0)
		return -err->code;
	if (retry->pause_ms < PAUSE_MAX_MS)
		retry->pause_ms *= 2;
	return 0;
}
