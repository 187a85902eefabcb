/* file_copy.c - see file_copy.h. */
#include "file_copy.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 8 * 1024 * 1024 };

/* Whole files only: ranges would have to be of whole blocks. */
static int share_all(int from_fd, int to_fd)
{
	return ioctl(to_fd, FICLONE, from_fd) < 0 ? -errno : 0;
}

/* What copy_file_range cannot do (another file system, of old kernels) sendfile can. */
static ssize_t copy_piece(int from_fd, int to_fd, uint64_t at, size_t size)
{
	loff_t from = (loff_t)at;
	loff_t to = (loff_t)at;
	off_t offset = (off_t)at;
	ssize_t done = copy_file_range(from_fd, &from, to_fd, &to, size, 0);

	if (done >= 0 || (errno != EXDEV && errno != EINVAL && errno != EOPNOTSUPP && errno != ENOSYS))
		return done;
	if (lseek(to_fd, (off_t)at, SEEK_SET) < 0)
		return -1;
	return sendfile(to_fd, from_fd, &offset, size);
}

static int report(const struct fetch_progress *progress, uint64_t bytes, struct error *err)
{
	if (progress && progress->report(progress->context, bytes) != 0)
		return refuse_as(err, ECANCELED, "stopped");
	return 0;
}

int file_copy_tail(int from_fd, int to_fd, uint64_t have, uint64_t size, const struct fetch_progress *progress,
		   struct error *err)
{
	struct stat st;
	int r;

	if (fstat(from_fd, &st) < 0)
		return fail(err, errno, "stat");
	if ((uint64_t)st.st_size != size)
		return refuse_as(err, EBADMSG, "the file has %lld bytes, the descriptor says %" PRIu64,
				 (long long)st.st_size, size);
	if (have == 0 && size > 0 && share_all(from_fd, to_fd) == 0)
		return report(progress, size, err);
	while (have < size) {
		uint64_t left = size - have;
		ssize_t done = copy_piece(from_fd, to_fd, have, left < PIECE ? (size_t)left : PIECE);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return fail(err, errno, "copy");
		if (done == 0)
			return refuse_as(err, EBADMSG, "the file became shorter while it was copied");
		have += (uint64_t)done;
		r = report(progress, have, err);
		if (r < 0)
			return r;
	}
	return 0;
}
