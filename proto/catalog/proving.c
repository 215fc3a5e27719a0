#include "proto/catalog/proving.h"

#include "proto/catalog/lookup.h"
#include "proto/rights/file_proof.h"
#include "proto/rights/token_export.h"

enum err proving_take(struct hub *hub, struct txn *txn, const char *path, uint64_t number,
		      bool place, struct proving *out, char *why)
{
	char kept[LIMIT_PATH_LEN_MAX + 1];
	struct lookup found;

	*out = (struct proving){.log_number = 0};
	buf_init(&out->record, LIMIT_RECORD_LEN_MAX);
	buf_init(&out->place, FILE_PROOF_LEN_MAX);
	charter_path_kept(&hub->charter, bytes_str(path), kept);
	enum err err = lookup_path(hub, txn, kept, number, &found, why);
	if (err)
		return err;
	lookup_entry(hub, txn, &found, !number, &out->entry);
	buf_add(&out->record, found.whole);
	const uint32_t author = author_member(out->entry.author);
	const struct charter_member *member = charter_member(&hub->charter, author);
	out->charter_number = hub->charter.number;
	out->log_number = member ? orglog_number(txn, &member->org) : 0;
	if (place)
		err = token_export_place(&out->place, &hub->ledger, txn, author);
	if (err)
		why_set(why, "the log of the organisation that has published it is not here yet.");
	return err ? err : out->record.err ? out->record.err : out->place.err;
}

void proving_fini(struct proving *proving)
{
	catalog_entry_fini(&proving->entry);
	buf_fini(&proving->record);
	buf_fini(&proving->place);
}
