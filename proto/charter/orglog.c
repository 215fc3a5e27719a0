#include "proto/charter/orglog_internal.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/hash.h"
#include "crypto/wrap.h"
#include "proto/wire/payload.h"
#include "proto/wire/wire_out.h"

#define ROLES_ALL (ORGLOG_ROLE_PUBLISH | ORGLOG_ROLE_ADMIN | ORGLOG_ROLE_KEY_AUTHOR)

void orglog_init(struct orglog *log)
{
	*log = (struct orglog){0};
}

void orglog_fini(struct orglog *log)
{
	free(log->nodes);
	free(log->wraps);
	orglog_init(log);
}

const struct orglog_node *orglog_node(const struct orglog *log, uint8_t index)
{
	for (size_t i = 0; i < log->node_count; i++)
		if (log->nodes[i].index == index)
			return &log->nodes[i];
	return NULL;
}

/*
 * PROTOCOL: "`possession` is the node's signature (tag `am1.possession`) over `root public key of
 * entry 1 ‖ signing key ‖ transport key`."
 */
static void possession_payload(uint8_t out[3 * ID_LEN], const struct sign_pk *first_root,
			       const struct sign_pk *sign, const struct dh_pk *transport)
{
	memcpy(out, first_root->b, ID_LEN);
	memcpy(out + ID_LEN, sign->b, ID_LEN);
	memcpy(out + 2 * ID_LEN, transport->b, ID_LEN);
}

void orglog_possession(struct sig *out, const struct key *node_seed,
		       const struct sign_pk *first_root, const struct sign_pk *sign,
		       const struct dh_pk *transport)
{
	uint8_t payload[3 * ID_LEN];

	possession_payload(payload, first_root, sign, transport);
	sign_make(out, node_seed, SIGN_TAG_POSSESSION, NULL, bytes_obj(&payload));
}

static enum err possession_check(const struct orglog_node *node, const struct sign_pk *first_root)
{
	uint8_t payload[3 * ID_LEN];

	possession_payload(payload, first_root, &node->sign, &node->transport);
	return sign_check(&node->possession, &node->sign, SIGN_TAG_POSSESSION, NULL,
			  bytes_obj(&payload));
}

void orglog_make(struct buf *out, const struct orglog *now, const struct orglog *next,
		 const struct key *root_sign_seed)
{
	size_t from = out->len;
	struct sign_pk root;

	sign_pk_of(&root, root_sign_seed);
	out_array(out, 9);
	out_uint(out, 1);
	out_uint(out, now->number + 1);
	out_fixed_or_nil(out, now->number > 0 ? now->entry_id.b : NULL, ID_LEN);
	out_uint(out, (uint64_t)next->time_ms);
	out_fixed(out, root.b, ID_LEN);
	out_fixed(out, next->recovery.b, ID_LEN);
	out_uint(out, WRAP_SUITE);
	out_fixed(out, next->wrap.b, ID_LEN);
	out_array(out, (uint32_t)next->node_count);
	for (size_t i = 0; i < next->node_count; i++) {
		const struct orglog_node *node = &next->nodes[i];
		out_array(out, 6);
		out_uint(out, node->index);
		out_uint(out, node->state);
		out_uint(out, node->roles);
		out_fixed(out, node->sign.b, ID_LEN);
		out_fixed(out, node->transport.b, ID_LEN);
		out_fixed(out, node->possession.b, SIG_LEN);
	}
	payload_sign(out, from, LIMIT_ORGLOG_ENTRY_LEN_MAX, root_sign_seed, SIGN_TAG_ORGLOG, NULL);
}

/*
 * PROTOCOL: "`index` 0 to 255, strictly rising; `state` 1 active, 2 retired, 3 lost; `roles` bits:
 * 1 publish, 2 admin, 4 key author."
 */
static void nodes_read(struct wire_in *w, struct orglog *log)
{
	log->node_count = wire_array(w, 0, LIMIT_NODE_COUNT_MAX);
	log->nodes = mem_new(log->node_count + 1, sizeof(*log->nodes));
	for (size_t i = 0; i < log->node_count && !w->err; i++) {
		struct orglog_node *node = &log->nodes[i];
		wire_array(w, 6, 6);
		node->index = (uint8_t)wire_uint(w, UINT8_MAX);
		node->state = (uint8_t)wire_uint(w, ORGLOG_NODE_LOST);
		node->roles = (uint8_t)wire_uint(w, ROLES_ALL);
		wire_fixed(w, node->sign.b, ID_LEN);
		wire_fixed(w, node->transport.b, ID_LEN);
		wire_fixed(w, node->possession.b, SIG_LEN);
		if (node->state < ORGLOG_NODE_ACTIVE || (i > 0 && node->index <= node[-1].index))
			wire_fail(w);
	}
}

void orglog_entry_fini(struct orglog_entry *entry)
{
	orglog_fini(&entry->log);
}

/*
 * Form only. PROTOCOL: "The id of an entry is `H("am1.orglog", payload)`; the **organisation id**
 * is the id of entry 1."
 */
static enum err entry_read(struct orglog_entry *entry, struct bytes whole)
{
	struct orglog *log = &entry->log;
	enum err err =
		payload_split(whole, LIMIT_ORGLOG_ENTRY_LEN_MAX, &entry->payload, &entry->sig);
	if (err)
		return err;
	struct wire_in w = wire_in(entry->payload);
	err = payload_begin(&w, 9);
	if (err)
		return err;
	log->number = (uint32_t)wire_uint(&w, LIMIT_ORGLOG_NUMBER_MAX);
	entry->has_previous = !wire_nil(&w);
	if (entry->has_previous)
		wire_fixed(&w, entry->previous.b, ID_LEN);
	log->time_ms = (int64_t)wire_uint(&w, INT64_MAX);
	wire_fixed(&w, log->root.b, ID_LEN);
	wire_fixed(&w, log->recovery.b, ID_LEN);
	uint64_t suite = wire_uint(&w, UINT64_MAX);
	if (!w.err && suite != WRAP_SUITE)
		return ERR_VERSION;
	wire_fixed(&w, log->wrap.b, ID_LEN);
	nodes_read(&w, log);
	if (log->number == 0 || entry->has_previous != (log->number > 1))
		wire_fail(&w);
	hash_once(log->entry_id.b, "am1.orglog", entry->payload);
	if (log->number == 1) {
		memcpy(log->id.b, log->entry_id.b, ID_LEN);
		log->first_root = log->root;
	}
	return wire_end(&w);
}

/* *entry owns nothing when this fails. */
enum err orglog_entry_decode(struct orglog_entry *entry, struct bytes whole)
{
	*entry = (struct orglog_entry){0};
	enum err err = entry_read(entry, whole);
	if (err)
		orglog_entry_fini(entry);
	return err;
}

/* A key whose shared secrets are all zero would make every wrap and session to it public. */
static enum err dh_pk_admit(const struct dh_pk *pk)
{
	const struct key any = {{1}};
	struct key shared;
	enum err err = dh(&shared, &any, pk);

	key_wipe(&shared);
	return err;
}

/*
 * PROTOCOL: "A public key is admitted only when its encoding is canonical and its point is of prime
 * order. For X25519 it is enough that the point is not of low order."
 */
static enum err keys_admit(const struct orglog *before, const struct orglog *log)
{
	/* What was there before was looked at then. */
	const bool any = before->number > 0;
	enum err err = ERR_OK;

	if (!any || !id_eq(&log->root, &before->root))
		err = sign_pk_admit(&log->root);
	if (!err && (!any || !id_eq(&log->recovery, &before->recovery)))
		err = dh_pk_admit(&log->recovery);
	if (!err && (!any || !id_eq(&log->wrap, &before->wrap)))
		err = dh_pk_admit(&log->wrap);
	for (size_t i = 0; i < log->node_count && !err; i++) {
		if (orglog_node(before, log->nodes[i].index))
			continue; /* with the same keys, as nodes_check() sees to */
		err = sign_pk_admit(&log->nodes[i].sign);
		if (!err)
			err = dh_pk_admit(&log->nodes[i].transport);
	}
	return err;
}

/* PROTOCOL: "An entry is signed (tag `am1.orglog`) by the root key it names." */
enum err orglog_signature_check(const struct orglog_entry *entry)
{
	return sign_check(&entry->sig, &entry->log.root, SIGN_TAG_ORGLOG, NULL, entry->payload);
}

/* Root first: whoever has not got its key shall not have others looked at. */
static enum err entry_check(const struct orglog *before, const struct orglog_entry *entry)
{
	enum err err = orglog_signature_check(entry);

	return err ? err : keys_admit(before, &entry->log);
}

/*
 * PROTOCOL: "A node never disappears from the list, its keys never change, and its state does not
 * go back: 2 may become 3, nothing else changes but 1."
 */
static bool node_stays(const struct orglog_node *old, const struct orglog_node *node)
{
	return node && id_eq(&node->sign, &old->sign) && id_eq(&node->transport, &old->transport) &&
	       node->state >= old->state;
}

/* *out: the entry makes a node retired or lost. */
static enum err nodes_check(const struct orglog *log, const struct orglog *next, bool *out)
{
	*out = false;
	for (size_t i = 0; i < log->node_count; i++)
		if (!node_stays(&log->nodes[i], orglog_node(next, log->nodes[i].index)))
			return ERR_PROTOCOL;
	for (size_t i = 0; i < next->node_count; i++) {
		const struct orglog_node *node = &next->nodes[i],
					 *old = orglog_node(log, node->index);
		bool shown = old && !memcmp(&node->possession, &old->possession, SIG_LEN);
		if (!shown && possession_check(node, &next->first_root))
			return ERR_DENIED;
		*out = *out ||
		       (node->state != ORGLOG_NODE_ACTIVE && (!old || old->state != node->state));
	}
	return ERR_OK;
}

static bool wrap_named(const struct orglog *log, const struct dh_pk *wrap)
{
	for (size_t i = 0; i < log->wrap_count; i++)
		if (id_eq(&log->wraps[i].pk, wrap))
			return true;
	return false;
}

const struct sign_pk *orglog_root_next(const struct orglog *log)
{
	return log->bound_number ? &log->bound_root : &log->root;
}

/* Number, the entry before it, and who has signed it. */
static enum err follows_check(const struct orglog *log, const struct orglog_entry *entry)
{
	/* PROTOCOL: "`number` counts from 1." */
	if (entry->log.number <= log->number)
		return ERR_EXISTS;
	if (entry->log.number > log->number + 1)
		return ERR_AGAIN;
	if (log->number == 0)
		return ERR_OK;
	/*
	 * PROTOCOL: "`previous` is nil in entry 1 and otherwise the id of entry `number - 1`."
	 */
	if (!id_eq(&entry->previous, &log->entry_id)) /* perhaps of a fork */
		return log->number == 1 ? ERR_PROTOCOL : ERR_AGAIN;
	/*
	 * PROTOCOL: "Another entry counts when it follows one that counts and is signed by the root
	 * key that that one names; or, when the charter binds this member with the id of that one
	 * (section 4.5), by the root key bound."
	 */
	return id_eq(&entry->log.root, orglog_root_next(log)) ? ERR_OK : ERR_DENIED;
}

enum err orglog_follows(const struct orglog *log, struct orglog_entry *entry)
{
	bool out;
	enum err err = follows_check(log, entry);

	if (err)
		return err;
	if (log->number > 0) {
		entry->log.id = log->id;
		entry->log.first_root = log->first_root;
	}
	err = entry_check(log, entry);
	if (!err)
		err = nodes_check(log, &entry->log, &out);
	/*
	 * PROTOCOL: "An entry that makes a node retired or lost names a wrap key that no entry
	 * before it has named, else it does not count."
	 */
	if (!err && out && wrap_named(log, &entry->log.wrap))
		err = ERR_PROTOCOL;
	return err;
}

void orglog_advance(struct orglog *log, struct orglog_entry *entry)
{
	orglog_past_follow(&entry->log, log);
	orglog_fini(log);
	*log = entry->log;
}

enum err orglog_apply(struct orglog *log, struct bytes whole)
{
	struct orglog_entry entry;
	enum err err = orglog_entry_decode(&entry, whole);

	if (!err)
		err = orglog_follows(log, &entry);
	if (err)
		orglog_entry_fini(&entry);
	else
		orglog_advance(log, &entry);
	return err;
}

enum err orglog_entry_peek(struct orglog *out, struct bytes whole)
{
	struct orglog empty;
	struct orglog_entry entry;
	bool any_out;
	enum err err = orglog_entry_decode(&entry, whole);

	orglog_init(&empty);
	if (!err)
		err = entry_check(&empty, &entry);
	if (!err && entry.log.number == 1)
		err = nodes_check(&empty, &entry.log, &any_out);
	if (err)
		orglog_entry_fini(&entry);
	*out = entry.log;
	return err;
}

enum err orglog_entry_place(struct orglog_place *out, struct bytes whole)
{
	struct orglog_entry entry;
	enum err err = orglog_entry_decode(&entry, whole);

	if (err)
		return err;
	*out = (struct orglog_place){.id = entry.log.entry_id, .number = entry.log.number};
	if (entry.has_previous)
		out->previous = entry.previous;
	orglog_entry_fini(&entry);
	return ERR_OK;
}

enum err orglog_entry_id(struct digest *out, struct bytes whole)
{
	struct orglog_place place;
	enum err err = orglog_entry_place(&place, whole);

	if (!err)
		*out = place.id;
	return err;
}

enum err orglog_entry_signed(struct orglog *out, struct bytes whole)
{
	struct orglog_entry entry;
	enum err err = orglog_entry_decode(&entry, whole);

	if (!err)
		err = orglog_signature_check(&entry);
	if (err)
		orglog_entry_fini(&entry);
	*out = entry.log;
	return err;
}
