/*
 * args - the arguments of a call. After a fault the request is answered, and false returned.
 */
#ifndef ALLMENDE_ARGS_H
#define ALLMENDE_ARGS_H

#include "node/api/call.h"

/* Decodes the JSON body into call->in. */
bool api_body(struct call *call);
/* Refuses fields other than those (NULL-terminated, "s:name"), and values of another type: s text,
   b boolean, i number from 0 on, l list of texts; as a capital: it must be there. */
bool api_in_check(struct call *call, const char *const *fields);
const char *api_in_text(struct call *call, const char *name); /* NULL: absent */
bool api_in_true(struct call *call, const char *name);
uint64_t api_in_uint(struct call *call, const char *name); /* 0: absent */

bool api_text_arg(struct call *call, const char *name, struct buf *out, bool needed);
bool api_number_arg(struct call *call, const char *name, uint64_t *out, bool *has);
/* Milliseconds, which may be before 1970. */
bool api_time_arg(struct call *call, const char *name, int64_t *out);
bool api_path_args(struct call *call); /* path and version */
/* For route.begin: path and version are all there is to read. */
void api_path_begin(struct call *call);

#endif
