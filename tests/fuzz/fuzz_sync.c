/*
 * fuzz_sync.c - any bytes as records, checked in memory and received over a socket. The input is a list of records,
 * each a byte of length (in units of 5 bytes; 0 is the exact size of a record) and its bytes.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "runtime/sync.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LENGTH_UNIT = 5, RECORDS_MAX = 16, RECORD_MAX = 256 * LENGTH_UNIT };

static void check_error(const struct error *err, int r)
{
	if (err->code <= 0 || r != -err->code || !memchr(err->text, '\0', sizeof(err->text)))
		abort();
}

static void check_in_memory(const uint8_t *data, size_t size)
{
	struct sync_record record = { 0 };
	struct error err = { 0 };
	int r;

	memcpy(&record, data, size < sizeof(record) ? size : sizeof(record));
	r = sync_record_check(&record, (long)size, &err);
	if (r < 0)
		check_error(&err, r);
	else if (size != sizeof(record) || record.type == 0 || record.type >= SYNC_END)
		abort();
}

/* Sends what the input says, with the exact size of a record for length byte 0. */
static size_t send_records(int socket, const uint8_t *data, size_t size)
{
	size_t sent = 0;

	while (size > 1 && sent < RECORDS_MAX) {
		uint8_t record[RECORD_MAX] = { 0 };
		const size_t length = data[0] ? data[0] * (size_t)LENGTH_UNIT : sizeof(struct sync_record);
		const size_t given = length < size - 1 ? length : size - 1;

		memcpy(record, data + 1, given);
		check_in_memory(record, length);
		if (fd_send(socket, record, length, data[1] & 1 ? socket : -1) < 0)
			abort();
		data += 1 + given;
		size -= 1 + given;
		sent++;
	}
	return sent;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_fd int receiver = -1;
	struct error err = { 0 };
	enum sync_type type;
	size_t sent;
	int sender;

	if (sync_pair(&receiver, &sender, &err) < 0)
		abort();
	sent = send_records(sender, data, size);
	(void)close(sender);
	for (size_t i = 0; i < sent; i++) {
		auto_fd int fd = -1;
		int r = sync_receive(receiver, &type, &fd, &err);

		if (r < 0)
			check_error(&err, r);
		else if (type < SYNC_IDS_MAPPED || type >= SYNC_ERROR)
			abort();
	}
	if (sync_expect(receiver, SYNC_END, NULL, &err) < 0)
		abort();
	return 0;
}
