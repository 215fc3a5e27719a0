/*
 * mhd - what both servers need of libmicrohttpd. Private to http.c and server.c, which run it.
 */
#ifndef ALLMENDE_MHD_H
#define ALLMENDE_MHD_H

#include <microhttpd.h>

#include "node/http/message.h"

enum http_method mhd_method(const char *method);
/* Copies what was asked out of the connection; asked is zeros, its body is the caller's. */
void mhd_asked(struct http_asked *asked, struct MHD_Connection *connection, enum http_method method,
	       const char *path);
/* Takes what is in reply. NULL: no memory. */
struct MHD_Response *mhd_response(struct http_reply *reply);
/* Adds those of the reply to a response that was made otherwise. */
void mhd_headers(struct MHD_Response *response, const struct http_reply *reply);
/* For MHD_OPTION_UNESCAPE_CALLBACK. */
size_t mhd_keep_escapes(void *arg, struct MHD_Connection *connection, char *text);

#endif
