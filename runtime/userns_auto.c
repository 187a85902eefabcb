/* userns_auto.c - see userns_auto.h. */
#include "userns_auto.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "namespaces/subid.h"

enum { RANGES_MAX = 32, FILE_MAX = 1024 * 1024 };

static const char owner[] = "containers";

static size_t parse(const char *text, struct subid_range *ranges)
{
	return subid_parse(text, strlen(text), owner, UINT32_MAX, ranges, RANGES_MAX);
}

/* What both have, as blocks that begin at the start of a common range. */
static size_t common(const struct subid_range *uids, size_t n_uids, const struct subid_range *gids, size_t n_gids,
		     struct subid_range *both)
{
	size_t count = 0;

	for (size_t i = 0; i < n_uids; i++) {
		for (size_t j = 0; j < n_gids && count < RANGES_MAX; j++) {
			uint64_t start = uids[i].start > gids[j].start ? uids[i].start : gids[j].start;
			uint64_t uid_end = (uint64_t)uids[i].start + uids[i].count;
			uint64_t gid_end = (uint64_t)gids[j].start + gids[j].count;
			uint64_t end = uid_end < gid_end ? uid_end : gid_end;

			if (end >= start + USERNS_AUTO_SIZE)
				both[count++] = (struct subid_range){ (uint32_t)start, (uint32_t)(end - start) };
		}
	}
	return count;
}

/* The number is below that of all blocks. */
static uint32_t block(const struct subid_range *ranges, size_t n_ranges, uint32_t number)
{
	for (size_t i = 0; i < n_ranges; i++) {
		if (number < ranges[i].count / USERNS_AUTO_SIZE)
			return ranges[i].start + number * USERNS_AUTO_SIZE;
		number -= ranges[i].count / USERNS_AUTO_SIZE;
	}
	return 0;
}

static bool is_free(uint32_t first, const uint32_t *taken, size_t n_taken)
{
	for (size_t i = 0; i < n_taken; i++)
		if (taken[i] < (uint64_t)first + USERNS_AUTO_SIZE && first < (uint64_t)taken[i] + USERNS_AUTO_SIZE)
			return false;
	return true;
}

int userns_auto_choose(const char *subuid, const char *subgid, const uint32_t *taken, size_t n_taken, uint32_t random,
		       uint32_t *ret_first, struct error *err)
{
	struct subid_range uids[RANGES_MAX];
	struct subid_range gids[RANGES_MAX];
	struct subid_range both[RANGES_MAX];
	size_t n_uids = parse(subuid, uids);
	size_t n_gids = parse(subgid, gids);
	size_t n_both = common(uids, n_uids, gids, n_gids, both);
	uint32_t blocks = 0;

	for (size_t i = 0; i < n_both; i++)
		blocks += both[i].count / USERNS_AUTO_SIZE;
	if (blocks == 0)
		return refuse_as(
			err, ENOENT,
			"--userns=auto: /etc/subuid and /etc/subgid have no common range of %d ids for the user "
			"\"%s\"; a line \"%s:2147483648:2147418112\" in both gives it one",
			USERNS_AUTO_SIZE, owner, owner);
	for (uint32_t i = 0; i < blocks; i++) {
		*ret_first = block(both, n_both, (random % blocks + i) % blocks);
		if (is_free(*ret_first, taken, n_taken))
			return 0;
	}
	return refuse_as(err, ENOSPC, "--userns=auto: all %u blocks of ids of the user \"%s\" are in use", blocks,
			 owner);
}

static int read_ids(const char *path, char **ret_text, struct error *err)
{
	int r = fd_read_file(AT_FDCWD, path, FILE_MAX, ret_text, NULL, err);

	if (r != -ENOENT)
		return r;
	*ret_text = xstrdup("");
	return 0;
}

int userns_auto(const uint32_t *taken, size_t n_taken, uint32_t *ret_first, struct error *err)
{
	auto_free char *subuid = NULL;
	auto_free char *subgid = NULL;
	uint32_t random = 0;
	int r = read_ids("/etc/subuid", &subuid, err);

	if (r == 0)
		r = read_ids("/etc/subgid", &subgid, err);
	if (r < 0 || !subuid || !subgid)
		return r;
	/* Only where the search begins: any number will do. */
	(void)!getrandom(&random, sizeof(random), 0);
	return userns_auto_choose(subuid, subgid, taken, n_taken, random, ret_first, err);
}
