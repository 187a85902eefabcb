/* http_transfer.h - private to http*.c: one request and its answer over one connection, no redirects. */
#pragma once

#include "http.h"

/* As http_send() with this CURL *, to url; headers and authorization as the caller decided. ret is filled as far as
   things went. */
int http_transfer(void *curl, const struct http_request *request, unsigned stall_s, struct http_response *ret,
		  struct error *err);
