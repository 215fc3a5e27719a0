#include "test/hostile/foe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/check.h"
#include "crypto/hash.h"
#include "crypto/wrap.h"
#include "proto/link/certificate.h"
#include "proto/wire/protocol.h"

_Noreturn void foe_die(const char *what, enum err err)
{
	fprintf(stderr, "hostile: %s%s%s\n", what, err ? ": " : "", err ? err_text(err) : "");
	exit(2);
}

int64_t foe_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

struct digest foe_any(struct foe *foe)
{
	struct digest digest;

	random_fill(&foe->random, digest.b, ID_LEN);
	return digest;
}

/* ---- opening ---- */

static void keys_make(struct foe *foe)
{
	for (unsigned i = 0; i < FOE_NODE_COUNT_MAX; i++) {
		derive(&foe->sign[i], secret_key(foe->identity.sign), "am1.test", bytes_obj(&i));
		derive(&foe->transport[i], &foe->sign[i], "am1.test", bytes_obj(&i));
	}
	foe->sign[0] = *secret_key(foe->identity.sign);
	foe->transport[0] = *secret_key(foe->identity.transport);
}

static void entry_add(struct foe *foe, struct bytes entry)
{
	foe->entries =
		mem_room(foe->entries, foe->entry_count, &foe->entry_cap, sizeof(*foe->entries));
	struct buf *out = &foe->entries[foe->entry_count++];
	buf_init(out, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	buf_add(out, entry);
}

/* What it has said as a node goes on from there. */
static void state_read(struct foe *foe, struct txn *txn)
{
	struct author_state state;
	struct bytes whole;

	if (ledger_state(&foe->ledger, txn, foe->author, &state))
		foe_die("its node has published nothing", ERR_ABSENT);
	foe->sequence[0] = state.sequence;
	if (!ledger_head(txn, foe->author, state.incarnation, &whole) ||
	    head_decode(&foe->head[0], whole))
		foe_die("its node has no head", ERR_ABSENT);
	head_id(&foe->head[0].previous, &foe->head[0]);
	foe->head[0].has_previous = true;
	foe->set = state.set;
	foe->live_count = state.live_count;
	foe->live_bytes = state.live_bytes;
}

static void log_read(struct foe *foe, struct txn *txn)
{
	struct bytes entry;

	if (orglog_load(txn, &foe->identity.org, &foe->log))
		foe_die("it has no log", ERR_ABSENT);
	for (uint32_t n = 1; orglog_entry(txn, &foe->identity.org, n, &entry); n++)
		entry_add(foe, entry);
}

void foe_open(struct foe *foe, const char *path)
{
	char why[WHY_LEN];

	memset(foe, 0, sizeof(*foe));
	foe->limits = limits_default();
	foe->random = random_system();
	if (dir_open(&foe->dir, path, why))
		foe_die(why, ERR_OK);
	if (keyring_open(&foe->keyring, path, bytes_of(NULL, 0)) ||
	    db_open(&foe->db, path, &(struct db_options){0}))
		foe_die(path, ERR_IO);
	struct txn *txn = txn_begin(foe->db, true);
	enum err err = identity_load(&foe->identity, foe->keyring, txn);
	if (!err)
		err = identity_root_sign_seed(&foe->root, &foe->identity);
	if (!err)
		err = charter_load(txn, &foe->charter);
	if (err)
		foe_die(path, err);
	log_read(foe, txn);
	const struct charter_member *member = charter_by_org(&foe->charter, &foe->identity.org);
	if (!member)
		foe_die("it is no member", ERR_DENIED);
	foe->author = author_of(member->number, 0);
	keys_make(foe);
	ledger_init(&foe->ledger, &foe->charter, &foe->limits);
	ledger_now(&foe->ledger, foe_now_ms());
	state_read(foe, txn);
	txn_abort(txn);
}

void foe_close(struct foe *foe)
{
	ledger_fini(&foe->ledger);
	charter_fini(&foe->charter);
	orglog_fini(&foe->log);
	identity_fini(&foe->identity);
	for (size_t i = 0; i < foe->entry_count; i++)
		buf_fini(&foe->entries[i]);
	free(foe->entries);
	db_close(foe->db);
	keyring_close(foe->keyring);
	dir_close(&foe->dir);
}

/* ---- the organisation's log ---- */

static struct orglog_node node_make(unsigned index, const struct key *sign,
				    const struct key *transport, const struct sign_pk *first_root)
{
	struct orglog_node node = {
		.index = (uint8_t)index, .state = ORGLOG_NODE_ACTIVE, .roles = 7};

	sign_pk_of(&node.sign, sign);
	dh_pk_of(&node.transport, transport);
	orglog_possession(&node.possession, sign, first_root, &node.sign, &node.transport);
	return node;
}

void foe_log_grow(struct foe *foe, unsigned nodes)
{
	struct orglog next = foe->log;
	size_t had = foe->log.node_count;

	next.node_count = nodes > had ? nodes : had;
	next.nodes = mem_new(next.node_count, sizeof(*next.nodes));
	memcpy(next.nodes, foe->log.nodes, had * sizeof(*next.nodes));
	for (size_t i = had; i < next.node_count; i++)
		next.nodes[i] = node_make((unsigned)i, &foe->sign[i], &foe->transport[i],
					  &foe->log.first_root);
	next.time_ms = foe_now_ms();
	struct buf entry;
	buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	orglog_make(&entry, &foe->log, &next, &foe->root);
	if (entry.err)
		foe_die("its log entry is none", entry.err);
	entry_add(foe, buf_bytes(&entry));
	free(foe->log.nodes);
	foe->log.nodes = next.nodes;
	foe->log.node_count = next.node_count;
	foe->log.number++;
	hash_once(foe->log.entry_id.b, "am1.orglog",
		  bytes_slice(buf_bytes(&entry), 0, entry.len - SIG_LEN));
	buf_fini(&entry);
}

bool foe_log_grown(const struct foe *foe)
{
	return foe->entry_count > 1;
}

struct bytes foe_log_latest(const struct foe *foe)
{
	return buf_bytes(&foe->entries[foe->entry_count - 1]);
}

void foe_certificate(const struct foe *foe, unsigned node, struct buf *out)
{
	struct certificate certificate = {.version = PROTOCOL_VERSION,
					  .member = author_member(foe->author),
					  .node_index = (uint8_t)node,
					  .org = foe->identity.org,
					  .entry = foe_log_latest(foe)};

	certificate_put(out, &certificate);
}

/* ---- records and heads ---- */

void foe_record(struct foe *foe, unsigned node, uint64_t kind, struct bytes slot, struct bytes body,
		struct buf *out)
{
	struct record fields = {.author = foe->author + node,
				.incarnation = 1,
				.sequence = ++foe->sequence[node],
				.time_ms = foe_now_ms(),
				.kind = kind,
				.slot = slot,
				.body = body};

	record_make(out, &fields, &foe->charter.fed, &foe->sign[node]);
}

void foe_head(struct foe *foe, unsigned node, const struct digest *set, uint64_t live_count,
	      uint64_t live_bytes, struct buf *out)
{
	struct head *fields = &foe->head[node], made;
	size_t from = out->len;

	fields->author = foe->author + node;
	fields->incarnation = 1;
	fields->counter++;
	fields->time_ms = foe_now_ms();
	fields->valid_until_ms = fields->time_ms + (int64_t)foe->limits.head_valid_ms;
	fields->last_sequence = foe->sequence[node];
	fields->live_count = live_count;
	fields->live_bytes = live_bytes;
	fields->set = *set;
	fields->charter_number = foe->charter.number;
	fields->orglog_number = foe->log.number;
	head_make(out, fields, &foe->charter.fed, &foe->sign[node]);
	check(!head_decode(&made, bytes_slice(buf_bytes(out), from, SIZE_MAX)));
	head_id(&fields->previous, &made);
	fields->has_previous = true;
}

/* ---- strangers ---- */

void stranger_make(struct foe *foe, struct stranger *out, unsigned nodes)
{
	struct orglog none, next = {.time_ms = foe_now_ms(), .node_count = nodes};
	struct sign_pk root;
	struct key seed;

	random_fill(&foe->random, seed.b, KEY_LEN);
	derive(&out->root, &seed, "am1.test", bytes_str("root"));
	derive(&out->transport, &seed, "am1.test", bytes_str("transport"));
	sign_pk_of(&root, &out->root);
	next.nodes = mem_new(nodes, sizeof(*next.nodes));
	for (unsigned i = 0; i < nodes; i++) {
		struct key sign;
		derive(&sign, &seed, "am1.test", bytes_obj(&i));
		next.nodes[i] = node_make(i, &sign, i ? &sign : &out->transport, &root);
	}
	dh_pk_of(&next.recovery, &out->root);
	dh_pk_of(&next.wrap, &out->root);
	buf_init(&out->entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	buf_init(&out->certificate, LIMIT_ORGLOG_ENTRY_LEN_MAX + 1024);
	orglog_init(&none);
	orglog_make(&out->entry, &none, &next, &out->root);
	check(!orglog_apply(&none, buf_bytes(&out->entry)));
	buf_init(&out->later, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	orglog_make(&out->later, &none, &next, &out->root);
	free(next.nodes);
	certificate_put(&out->certificate, &(struct certificate){.version = PROTOCOL_VERSION,
								 .org = none.id,
								 .entry = buf_bytes(&out->entry)});
	orglog_fini(&none);
}

void stranger_pretend(struct stranger *stranger, const struct org_id *member)
{
	buf_reset(&stranger->certificate);
	certificate_put(&stranger->certificate,
			&(struct certificate){.version = PROTOCOL_VERSION,
					      .org = *member,
					      .entry = buf_bytes(&stranger->later)});
}

void stranger_fini(struct stranger *stranger)
{
	buf_fini(&stranger->later);
	buf_fini(&stranger->entry);
	buf_fini(&stranger->certificate);
}
