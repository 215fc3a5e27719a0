/*
 * uuid - names for life of datasets, files and what else has one: RFC 9562, version 8, 122 bits of
 * a hash; written with small letters.
 */
#ifndef ALLMENDE_UUID_H
#define ALLMENDE_UUID_H

#include "node/index/index.h"

#define UUID_BYTE_COUNT 16

/* The first UUID_BYTE_COUNT bytes of a hash, as one. */
void uuid_make(char out[INDEX_UUID_LEN + 1], const uint8_t *hash);
/* Of a file, as index_file has it. */
void uuid_of_file(char out[INDEX_UUID_LEN + 1], const struct dataset_id *dataset,
		  struct bytes name);
/* The bytes of one as text, and back; false: the text is none. */
void uuid_put(char out[INDEX_UUID_LEN + 1], const uint8_t bytes[UUID_BYTE_COUNT]);
bool uuid_get(uint8_t out[UUID_BYTE_COUNT], const char *text);
bool uuid_is(const char *text);

#endif
