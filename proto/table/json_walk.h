/*
 * json_walk - the values of a JSON text of any length, one after the other, each with its path: a
 * cursor over untrusted bytes that keeps no tree.
 *
 *	json_walk_init(&walk)
 *	json_walk_feed(&walk, block); while (json_walk_next(&walk, &event)) ...
 *	json_walk_end(&walk);         while (json_walk_next(&walk, &event)) ...
 *	walk.err
 *
 * A path is the keys from the top, without the places in arrays, so that it names what is a column
 * in a table: features[].properties.name. A text may consist of several values (a value a line). A
 * byte order mark is passed over.
 *
 * It accepts more than RFC 8259 where that does no harm to who only looks: numbers are not judged,
 * strings may have bytes that are not UTF-8, keys may come twice. What breaks the order of things
 * is an error.
 *
 * Bounds: JSON_WALK_DEPTH_MAX levels, JSON_WALK_PATH_LEN_MAX bytes of a path and
 * JSON_WALK_VALUE_LEN_MAX of a value; of what is longer the rest is passed over.
 */
#ifndef ALLMENDE_JSON_WALK_H
#define ALLMENDE_JSON_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/bytes.h"

enum {
	JSON_WALK_DEPTH_MAX = 64,
	JSON_WALK_PATH_LEN_MAX = 512,
	JSON_WALK_VALUE_LEN_MAX = 65536,
};

enum json_walk_kind {
	JSON_WALK_VALUE, /* a string, a number or a word; empty of null and of an empty one */
	JSON_WALK_ROW,   /* an object of the outermost array of objects has ended, or the text */
};

/* Borrows from the walk until the next call. */
struct json_walk_event {
	enum json_walk_kind kind;
	struct bytes path; /* of a value */
	struct bytes key;  /* its last key, with the one before where that says more: "name" */
	struct bytes value;
};

struct json_walk_level {
	bool object;
	bool row;        /* an object whose end is that of a row */
	size_t path_len; /* of the path to it */
	size_t key_from; /* where the last key in it begins */
};

struct json_walk {
	enum err err;
	uint64_t at; /* bytes taken, also where an error is */
	/* private */
	struct bytes in;
	unsigned state, depth, hex_left;
	uint32_t hex, high; /* of \uXXXX; the first half of a pair */
	bool is_key, ended;
	uint8_t mark_seen; /* bytes of the mark at the front */
	struct json_walk_level levels[JSON_WALK_DEPTH_MAX];
	struct buf path, value;
	size_t key_from;
};

void json_walk_init(struct json_walk *walk);
void json_walk_fini(struct json_walk *walk);
/* Borrowed until all of its events are taken. */
void json_walk_feed(struct json_walk *walk, struct bytes in);
/* Nothing more comes. Sets err when something is open. */
void json_walk_end(struct json_walk *walk);
/* False: more has to be fed, or it is at its end, or walk->err. */
bool json_walk_next(struct json_walk *walk, struct json_walk_event *event);

#endif
