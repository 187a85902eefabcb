/* fuzz_net_record.c - any bytes as the record of a network or an endpoint, and as -p; what is read can be written. */
#include <stdlib.h>
#include <string.h>

#include "net/endpoint.h"
#include "net/port.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct endpoint endpoint = { .ports = NULL };
	struct nft_port *ports = NULL;
	char text[PORT_TEXT_SIZE] = "";
	struct network network;
	struct error err;
	size_t count = 0;

	if (network_parse((const char *)data, size, &network, &err) == 0) {
		char *again = network_format(&network);

		if (network_parse(again, strlen(again), &network, &err) < 0)
			abort();
		free(again);
	}
	if (endpoint_parse((const char *)data, size, &endpoint, &err) == 0) {
		char *again = endpoint_format(&endpoint);

		endpoint_done(&endpoint);
		if (endpoint_parse(again, strlen(again), &endpoint, &err) < 0)
			abort();
		free(again);
	}
	endpoint_done(&endpoint);
	memcpy(text, data, size < sizeof(text) ? size : sizeof(text) - 1);
	(void)port_parse(text, &ports, &count, &err);
	free(ports);
	return 0;
}
