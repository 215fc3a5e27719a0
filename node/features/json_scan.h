/*
 * json_scan - a strict reader of JSON that is too large for memory.
 *
 * One pass over a stream, one sticky error. The caller walks the document:
 *
 *	json_scan_open(&scan, '{');
 *	while (json_scan_key(&scan, &key))
 *		...json_scan_value(&scan, &raw) or json_scan_skip(&scan) ...
 *
 * and what it takes as a value comes as text without blanks, numbers as they stood, strings in one
 * form: escapes only where JSON needs them, UTF-8 otherwise. After the first fault every call does
 * nothing and says that there is no more; why says where.
 *
 * Bounds: JSON_SCAN_DEPTH_MAX values inside one another; keys of JSON_SCAN_KEY_LEN_MAX bytes; a
 * value as long as its buffer has room; JSON_SCAN_BLOCK_LEN of the stream in memory. The text is
 * UTF-8 (RFC 8259), a byte order mark is passed over.
 */
#ifndef ALLMENDE_JSON_SCAN_H
#define ALLMENDE_JSON_SCAN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "crypto/bytes.h"

#define JSON_SCAN_DEPTH_MAX   32
#define JSON_SCAN_KEY_LEN_MAX 1024
#define JSON_SCAN_BLOCK_LEN   (64u * 1024)

/* Bytes of a stream from where the last call ended; 0: its end; -1: it cannot be read. */
typedef ssize_t json_scan_read(void *arg, void *to, size_t len);

struct json_scan {
	json_scan_read *read;
	void *arg;
	uint8_t *block;
	size_t at, len;  /* in the block */
	uint64_t before; /* bytes of the stream before the block */
	unsigned depth;  /* values that are open */
	bool first;      /* nothing stands in the innermost one yet */
	bool end;
	enum err err; /* MALFORMED, FULL (a bound), IO, NOMEM */
	char why[WHY_LEN];
};

void json_scan_init(struct json_scan *scan, json_scan_read *read, void *arg);
void json_scan_fini(struct json_scan *scan);

/* The first byte of the value that comes next ('{', '[', '"', 't', 'f', 'n', '-' or a digit), and
   zero when none does. */
char json_scan_peek(struct json_scan *scan);
/* Opens an object '{' or an array '['; any other value is a fault. */
void json_scan_open(struct json_scan *scan, char kind);
/* Of an object: the next key, decoded, with a terminating zero that does not count. false: the
   object is closed, or there was a fault. */
bool json_scan_key(struct json_scan *scan, struct buf *key);
/* Of an array: whether another value comes; else it is closed. */
bool json_scan_item(struct json_scan *scan);
/* Appends the next value; NULL: passes over it, however long it is. */
void json_scan_value(struct json_scan *scan, struct buf *raw);
/* The next value is a string: its bytes, with a terminating zero that does not count. */
void json_scan_string(struct json_scan *scan, struct buf *text);
/* Between two documents of one stream: passes over blanks and record separators; false: its end. */
bool json_scan_between(struct json_scan *scan);

/* Appends a text as a JSON string, with its quotes; text is UTF-8. */
void json_put_text(struct buf *out, struct bytes text);

#endif
