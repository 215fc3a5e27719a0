/* The tables of vocab.c, each in a file of its own or with its kin. */
#ifndef ALLMENDE_VOCAB_INTERNAL_H
#define ALLMENDE_VOCAB_INTERNAL_H

#include "proto/dcat/vocab.h"

struct vocab_table {
	const struct vocab_term *terms;
	size_t count;
};
extern const struct vocab_table vocab_themes, vocab_frequencies, vocab_accesses,
	vocab_availabilities, vocab_statuses, vocab_levels, vocab_publisher_types;
extern const struct vocab_table vocab_licenses, vocab_contributors;
extern const struct vocab_table vocab_file_types, vocab_languages, vocab_hvds;

#endif
