/* fuzz_dbus.c - any bytes as a message of a service manager's, and its body read by its own signature. */
#include <stdlib.h>
#include <string.h>

#include "cgroups/dbus_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void is_text(const uint8_t *data, size_t size, const char *text)
{
	const uint8_t *begin = (const uint8_t *)text;

	if (*text && (begin < data || begin + strlen(text) >= data + size))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dbus_message message;
	const char *text = "";
	uint32_t number;
	int r = 0;

	if (dbus_parse(data, size, &message) < 0)
		return 0;
	is_text(data, size, message.member);
	is_text(data, size, message.error_name);
	is_text(data, size, message.signature);
	for (const char *type = message.signature; *type && r == 0; type++) {
		if (*type == 'u')
			r = dbus_get_u32(&message, &number);
		else if (*type == 'v' || *type == 'g')
			r = dbus_get_signature(&message, &text);
		else
			r = dbus_get_string(&message, &text);
		if (r == 0)
			is_text(data, size, text);
		if (message.at > size)
			abort();
	}
	return 0;
}
