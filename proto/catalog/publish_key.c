#include "proto/catalog/publish_key.h"

#include <string.h>

#include "crypto/check.h"
#include "crypto/path.h"
#include "proto/catalog/publish_hidden.h"
#include "proto/rights/epoch_keys.h"
#include "proto/rights/epochs.h"
#include "proto/rights/fedkeys.h"
#include "proto/rights/govern.h"

/* A right has ended there, and what is published now shall not be for who had it. */
static void why_waits(struct hub *hub, struct txn *txn, const char *path, char *why)
{
	const struct charter_member *owner;
	struct epoch_wait wait;

	epochs_waits(hub, txn, bytes_str(path), &wait);
	owner = charter_member(&hub->charter, wait.owner);
	why_set(why,
		"a right to %.200s has ended, and the new key has not come yet: the node of %s "
		"makes it. Publish again when that has been linked%s. With `under-old-key = now` "
		"in the settings it goes under the old key at once, which the former reader has.",
		path, owner ? owner->name : "the owner",
		wait.until_ms == INT64_MAX
			? ""
			: ", or a day after the right has ended: then under the old key");
}

/* The key of the epoch that governs the path. */
static enum err key_granted(struct hub *hub, struct txn *txn, struct publication *out, char *why)
{
	struct writer_params *params = &out->params;
	size_t prefix_len = 0;
	const uint64_t waited = hub->epochs->waited;
	enum err err = out->has_grant && !govern_is_whole(hub, txn, out->owner)
			       ? ERR_AGAIN
			       : epochs_govern(hub, txn, bytes_str(out->path), &prefix_len,
					       &params->epoch_number, &params->dataset_key);
	params->epoch_prefix = bytes_of(out->path, prefix_len);
	if (err == ERR_DENIED && out->has_grant) {
		why_set(why,
			"%s has made no key for %.200s yet: it does so when its node has seen the "
			"grant; try again then.",
			charter_member(&hub->charter, out->owner)->name, out->path);
		return ERR_AGAIN;
	}
	if (err == ERR_DENIED)
		why_set(why, "this node makes no keys: publish the first dataset shared by grant "
			     "on the node of the organisation that does (`allmende node list`).");
	else if (err == ERR_AGAIN && waited != hub->epochs->waited)
		why_waits(hub, txn, out->path, why);
	else if (err == ERR_AGAIN && !hub_sign_check(hub, why))
		why_set(why,
			"the key for %s is not here yet: wait until another node is linked "
			"(`allmende peers`) and try again.",
			out->path);
	return err;
}

static enum err key_choose(struct hub *hub, struct txn *txn, struct publication *out,
			   const struct version *before, const struct key *key_before, char *why)
{
	struct writer_params *params = &out->params;
	params->tier = out->tier;
	if (out->tier == TIER_OPEN) {
		params->epoch_prefix = bytes_str(out->path);
		if (before && before->tier == TIER_OPEN) {
			params->epoch_number = before->epoch_number;
			params->dataset_key = *key_before;
			return ERR_OK;
		}
		params->epoch_number = params->number;
		random_fill(hub->options.random, params->dataset_key.b, KEY_LEN);
		return ERR_OK;
	}
	const struct key *fed_key = fedkeys_get(hub, hub->charter.key_number);
	if (!fed_key) {
		why_set(why, "the key of the federation is not here yet: wait until another node "
			     "is linked "
			     "(`allmende peers`) and try again.");
		return ERR_AGAIN;
	}
	if (out->tier == TIER_GRANTED)
		return key_granted(hub, txn, out, why);
	if (out->tier == TIER_HIDDEN)
		return publish_hidden_key(hub, txn, out, why);
	params->epoch_prefix = bytes_of(NULL, 0);
	params->epoch_number = hub->charter.key_number;
	version_members_key(&params->dataset_key, fed_key, bytes_str(out->path));
	return ERR_OK;
}

enum err publish_key(struct hub *hub, struct txn *txn, struct publication *out,
		     const struct version *before, const struct key *key_before, char *why)
{
	enum err err = key_choose(hub, txn, out, before, key_before, why);

	/* PROTOCOL: "then it goes on under the old key, and says so and who has that" */
	if (!err && (out->tier == TIER_GRANTED || out->tier == TIER_HIDDEN))
		out->old_key = epoch_over(hub, txn, bytes_str(out->path), out->old_readers,
					  sizeof(out->old_readers));
	return err;
}

static bool older_key(struct hub *hub, struct txn *txn, const struct publication *out,
		      size_t prefix_len, uint64_t number, struct key *key)
{
	const struct bytes path = bytes_str(out->path);
	const struct key *fed_key;

	if (out->tier == TIER_GRANTED)
		return !epochs_key(hub, txn, bytes_slice(path, 0, prefix_len), number, path, key);
	fed_key = fedkeys_get(hub, number);
	if (fed_key)
		version_members_key(key, fed_key, path);
	return fed_key != NULL;
}

/* From the last on; of each prefix it looks for no more than it could take. */
static void older_add(struct hub *hub, struct txn *txn, struct publication *out, size_t prefix_len,
		      uint64_t last)
{
	size_t *count = &out->params.older_count;

	for (uint64_t back = 0;
	     back < last && back < WRITER_EPOCH_COUNT_MAX && *count < WRITER_EPOCH_COUNT_MAX;
	     back++) {
		struct writer_epoch *older = &out->older[*count];

		*older = (struct writer_epoch){.number = last - back, .prefix_len = prefix_len};
		*count += older_key(hub, txn, out, prefix_len, older->number, &older->dataset_key);
	}
}

void publish_older(struct hub *hub, struct txn *txn, struct publication *out)
{
	struct writer_params *params = &out->params;
	struct bytes prefix = params->epoch_prefix;

	if (out->anew || (out->tier != TIER_MEMBERS && out->tier != TIER_GRANTED))
		return;
	out->older = mem_new(WRITER_EPOCH_COUNT_MAX, sizeof(*out->older));
	params->older = out->older;
	older_add(hub, txn, out, prefix.len, params->epoch_number - 1);
	while (out->tier == TIER_GRANTED && (prefix = path_parent(prefix)).len > 0)
		older_add(hub, txn, out, prefix.len, epoch_key_last(hub, txn, prefix));
}
