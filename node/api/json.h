/*
 * json - JSON of what is shown in several places. Strings that are no UTF-8 are shown escaped.
 *
 * The functions are called api_..., as json_... is the library.
 */
#ifndef ALLMENDE_JSON_H
#define ALLMENDE_JSON_H

#include <jansson.h>

#include "crypto/bytes.h"

json_t *api_text(struct bytes text);
json_t *api_str(const char *text);
json_t *api_uint(uint64_t v);
json_t *api_hex(struct bytes id);
json_t *api_operator(const char *name); /* "self" or "hosted:NAME"; name empty: self */
json_t *api_lines(struct bytes text);   /* a list of its lines, without empty ones */

#endif
