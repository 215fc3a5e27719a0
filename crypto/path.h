/*
 * path - names of datasets, and the keys that follow them.
 *
 * A path is 1..16 components of [a-z0-9._-], 1..64 bytes each, joined by '/', never "." or "..";
 * the first is the organisation's short name. A hidden path has exactly two: the short name, and
 * '~' with 26 base32 characters (RFC 4648, lower case, 16 random bytes); '~' stands nowhere else,
 * as a folder of that name would tie together what lies in it. Containment is by component: "roads"
 * never covers "roads-internal". A pattern (of a subscription) may use '*' for one component and
 * '**', last, for all below. Inside one epoch K(path/child) = derive(K(path), child).
 */
#ifndef ALLMENDE_PATH_H
#define ALLMENDE_PATH_H

#include <stdbool.h>

#include "crypto/bytes.h"
#include "crypto/id.h"
#include "crypto/random.h"
#include "crypto/secret.h"

/* ERR_MALFORMED unless the text is a path as above. */
enum err path_check(struct bytes path);
enum err path_pattern_check(struct bytes pattern);
/* A short name: one component of [a-z0-9-], 1..40 bytes, beginning and ending in [a-z0-9]. */
enum err path_slug_check(struct bytes slug);
#define PATH_HIDDEN_LEN 27

/* A fresh last component of a hidden path, with terminating zero. */
void path_hidden_make(char out[PATH_HIDDEN_LEN + 1], struct random *random);
/* Whether a valid path is a hidden one. */
bool path_is_hidden(struct bytes path);
/* The first component. */
struct bytes path_slug(struct bytes path);
/* All but the last component; empty when there is one only. */
struct bytes path_parent(struct bytes path);
/* True when path is prefix or below it; the empty prefix contains everything. */
bool path_contains(struct bytes prefix, struct bytes path);
/* Both valid. '**' needs at least one component: "a/" and '**' does not match "a". */
bool path_match(struct bytes pattern, struct bytes path);

/* K(path) from K(prefix); path is at or below prefix, both valid ("" is the root). */
void path_key(struct key *out, const struct key *prefix_key, struct bytes prefix,
	      struct bytes path);

/* hash(organisation id, path). */
void path_dataset_id(struct dataset_id *out, const struct org_id *org, struct bytes path);

#endif
