/*
 * version - the body of a record that publishes one version of a dataset, and its description
 * (docs/PROTOCOL.md, section 5.1).
 *
 * Decoded values borrow from the bytes they were decoded from. version_decode() accepts only what
 * is right by itself: path, tier, epoch and key fit together, sizes are possible, an open
 * description is well formed. Whether the dataset id in the slot is that of the path, and whether
 * the author may write there, is a verdict over what is stored (rights/current.h).
 */
#ifndef ALLMENDE_VERSION_H
#define ALLMENDE_VERSION_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/box.h"
#include "crypto/bytes.h"
#include "crypto/id.h"
#include "crypto/limits.h"
#include "crypto/secret.h"
#include "proto/content/description.h"
#include "proto/content/index.h"
#include "proto/wire/wire_in.h"

enum tier { TIER_OPEN = 1, TIER_MEMBERS, TIER_GRANTED, TIER_HIDDEN };
const char *tier_name(enum tier tier); /* "open", "members", "granted", "hidden" */
/* ERR_MALFORMED for any other text. */
enum err tier_parse(enum tier *tier, struct bytes text);

struct version {
	struct bytes path;
	enum tier tier;
	struct bytes epoch_prefix;
	uint64_t epoch_number;
	uint64_t number;
	bool has_replaces;
	struct record_id replaces;
	struct key dataset_key; /* tier open only: public, zeros otherwise */
	struct digest key_check;
	struct bytes description; /* encoded (tier open), or a sealed chunk: reader_description() */
	uint64_t
		/* tier granted: number of the federation key that it is sealed under */
		description_key;
	struct bytes manifest; /* the encoded list of its chunks; version_parts() reads it */
	uint32_t manifest_count;
	struct index_sum index;
	/* of a version that was taken over: who has written it, and that record; says nothing of
	   its worth */
	bool has_origin;
	uint32_t origin_author;
	struct record_id origin;
	bool has_grant; /* the line it lives by; none in the own namespace */
	struct digest grant;
};

/* Numbers of this and more have no effect. */
#define VERSION_NUMBER_END ((uint64_t)1 << 48)

/*
 * Whether an opened description has what its tier demands: a name where the version is hidden, in
 * the same namespace, and none elsewhere.
 */
bool version_description_fits(const struct version *version, const struct description *description);

struct version_id { /* names one version */
	struct dataset_id dataset;
	uint64_t number;
	uint32_t author;
};

/* Appends the body. The caller fills in what version_decode() would accept. */
void version_encode(struct buf *out, const struct version *version);
enum err version_decode(struct version *version, struct bytes body);

/* The chunks of the manifest, in order:
	struct version_parts parts = version_parts(version);
	while (version_parts_next(&parts, &entry)) */
struct version_parts {
	struct wire_in w;
	uint32_t left;
};
struct version_parts version_parts(const struct version *version);
bool version_parts_next(struct version_parts *parts, struct index_entry *entry);
/* Appends one element of such a list (without the array's head). */
void version_part_put(struct buf *list, const struct index_entry *entry);

#define VERSION_SLOT_LEN (1 + ID_LEN + 8)
/* 01 || dataset id || be64 number */
void version_slot(uint8_t slot[VERSION_SLOT_LEN], const struct dataset_id *dataset,
		  uint64_t number);
/* ERR_MALFORMED when the slot is not that of a version. */
enum err version_slot_get(struct bytes slot, struct dataset_id *dataset, uint64_t *number);

void version_key_check(struct digest *out, const struct key *dataset_key,
		       const struct dataset_id *dataset, uint64_t epoch_number,
		       struct bytes epoch_prefix);
/* K(dataset) of tier members, from the federation key of the epoch. */
void version_members_key(struct key *out, const struct key *fed_key, struct bytes path);
/*
 * K(dataset) of a version, proved by its key check. fed_key is F_n, n = epoch_number, needed for
 * tier members; NULL when it is not here. ERR_ABSENT: the key is not available to us (tiers granted
 * and hidden: always; epochs.h has theirs). ERR_DENIED: the key does not match the key check. The
 * caller wipes.
 */
enum err version_dataset_key(struct key *out, const struct version *version,
			     const struct dataset_id *dataset, const struct key *fed_key);
/*
 * The key of the description, of tiers but open: from the federation key F_f of tier granted (f =
 * description_key), else that of the dataset.
 */
void version_description_key(struct key *out, const struct version *version,
			     const struct key *dataset_key, const struct key *fed_key);
/* What the description is bound to. */
void version_description_context(struct box_context *context, const struct version *version,
				 const struct dataset_id *dataset);
/* What the chunks of the version's own epoch are bound to. */
void version_box_context(struct box_context *context, const struct version *version,
			 const struct dataset_id *dataset, enum box_kind kind);

#endif
