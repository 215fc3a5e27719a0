/*
 * metadata - what is said of a dataset as JSON: the names that the command line, metadata files,
 * the API and the settings share (docs/API.md, "Metadata"), and what people write is held to.
 *
 *	title, description, keywords [], themes [], license, attribution,
 *	publisher {name, url}, contact {name, email, url, phone},
 *	place {key, name, bbox [west, south, east, north]}, time {from, to},
 *	frequency, identifier, issued, modified, hvd_categories [], legislation [],
 *	political_level, contributor_ids [], languages [], landing_page, access_rights,
 *	availability, provenance
 *
 * Reading is strict: values of a vocabulary have to stand in it, and a sentence names the nearest
 * that do; texts that went wrong on their way (mojibake.h) are refused. Codes and IRIs are both
 * taken, and kept as codes (contributors and legislation as IRIs).
 */
#ifndef ALLMENDE_METADATA_H
#define ALLMENDE_METADATA_H

#include <jansson.h>

#include "proto/content/description.h"

/* What somebody says: fields with a value, and fields that are to have none. */
struct metadata {
	struct description said; /* borrows from the JSON it came from, and from constant tables */
	uint64_t cleared;        /* DESCRIPTION_BIT() of each that was said to be empty */
};

/*
 * Takes from an object the names above; passes over all others. Null is not said; "", [] and {}
 * clear a field. ERR_CONFIG, with a sentence in why (WHY_LEN): name, value, what is allowed.
 */
enum err metadata_from_json(struct metadata *out, const json_t *in, char *why);
/* What a text in place of an object stands for, as an object: a contact's mail address or name, a
   place's key or name, a publisher's name. */
json_t *metadata_short(const char *object, const json_t *text);
/* The name itself, as a constant; NULL: it is none of those above. */
const char *metadata_name(const char *name);
/* Every name in the object is one: ERR_CONFIG with a sentence that names the nearest. */
enum err metadata_names_check(const json_t *in, char *why);
/* All that is said, under the same names; what is not said is left out. */
json_t *metadata_to_json(const struct description *description);

#endif
