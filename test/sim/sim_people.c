/* What people do in the simulator, and whether the nodes agree. */
#include "test/sim/sim_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/check.h"
#include "proto/content/pack.h"
#include "proto/membership/joining.h"
#include "proto/sync/start.h"
#include "proto/transfer/subscription.h"
#include "store/chunks.h"
/* ---- what people do ---- */

/* Runs a verb; its error is in *err afterwards. */
static enum err call(struct sim_node *node,
		     void (*run)(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg),
		     void *arg, enum err *err)
{
	if (!sim_call(node, run, arg))
		*err = ERR_IO;
	return *err;
}

struct text_call {
	const char *name, *slug, *ags;
	struct buf *text;
	bool guarded, relay;
	char why[WHY_LEN];
	enum err err;
};

static void call_found(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct text_call *call = arg;
	call->err = membership_create(hub, txn, now_ms, call->name, call->why);
}

enum err sim_found(struct sim_node *node, const char *name)
{
	struct text_call c = {.name = name};
	return call(node, call_found, &c, &c.err);
}

static void call_invite(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct text_call *call = arg;
	int64_t until;
	const struct invitation_terms terms = {.name = call->name,
					       .slug = call->slug,
					       .ags = call->ags,
					       .auto_approve = !call->guarded,
					       .relay = call->relay};
	call->err = membership_invite(hub, txn, now_ms, &terms, call->text, &until, call->why);
	buf_add_u8(call->text, 0);
}

enum err sim_invite_as(struct sim_node *steward, struct sim_node *joiner, bool guarded, bool relay,
		       struct buf *text)
{
	struct text_call c = {.name = joiner->identity.name,
			      .slug = joiner->identity.slug,
			      .ags = joiner->identity.ags,
			      .text = text,
			      .guarded = guarded,
			      .relay = relay};
	return call(steward, call_invite, &c, &c.err);
}

enum err sim_invite(struct sim_node *steward, struct sim_node *joiner, struct buf *text)
{
	return sim_invite_as(steward, joiner, false, false, text);
}

static void call_join(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct text_call *call = arg;
	call->err = joining_begin(hub, txn, now_ms, call->name, call->why);
}

enum err sim_join_text(struct sim_node *joiner, const char *text, char *why)
{
	struct text_call c = {.name = text};
	enum err err = call(joiner, call_join, &c, &c.err);
	if (why)
		memcpy(why, c.why, sizeof(c.why));
	return err;
}

void sim_join(struct sim_node *steward, struct sim_node *joiner)
{
	struct buf text;
	buf_init(&text, 4096);
	assert_int_equal(sim_invite(steward, joiner, &text), ERR_OK);
	assert_int_equal(sim_join_text(joiner, (const char *)text.ptr, NULL), ERR_OK);
	buf_fini(&text);
}

static void call_status(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	membership_status(hub, arg);
}

struct membership_status sim_status(struct sim_node *node)
{
	struct membership_status status;
	sim_call(node, call_status, &status);
	return status;
}

/* ---- publishing ---- */

static void call_begin(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct sim_publication *p = arg;
	p->err = catalog_publish_begin(hub, txn, now_ms, &p->options, &p->publication, p->why);
}

enum err sim_publish_begin(struct sim_publication *p)
{
	call(p->node, call_begin, p, &p->err);
	if (p->err != ERR_OK) { /* begun, perhaps, and then not committed */
		publication_fini(&p->publication);
		return p->err;
	}
	p->rest = p->content;
	p->writer = writer_open(&p->publication.params);
	writer_file_begin(p->writer, bytes_str("datei.csv"), bytes_str("text/csv"), 1);
	return ERR_OK;
}

/* Seals and stores a piece, as the daemon's workers and its bulk lane do. */
static void piece_store(struct hub *hub, struct txn *txn, struct sim_publication *p,
			struct packer *packer, struct piece *piece)
{
	const struct sealer *sealer = writer_sealer(p->writer);
	piece_identify(sealer, piece);
	if (!seen_get(txn, sealer, packer, piece)) {
		assert_int_equal(piece_seal(sealer, packer, hub->options.random, piece), ERR_OK);
		seen_put(txn, sealer, piece);
	}
	catalog_publish_chunk(hub, txn, &p->publication, &piece->entry.addr, piece->entry.size,
			      buf_bytes(&piece->sealed));
	writer_accept(p->writer, piece);
	piece_close(piece);
}

/* The next piece; reads on, and ends file and version, as far as it takes. NULL: all is written. */
static struct piece *piece_next(struct sim_publication *p)
{
	struct piece *piece = NULL;
	while (!(piece = writer_take(p->writer)) && !p->written) {
		if (p->rest.len > 0) {
			p->rest =
				bytes_slice(p->rest, writer_feed(p->writer, p->rest), p->rest.len);
			continue;
		}
		if (!p->ended) {
			writer_file_end(p->writer);
			writer_end(p->writer);
			p->ended = true;
			continue;
		}
		p->err = writer_finish(p->writer);
		p->written = true;
	}
	return piece;
}

static void call_write(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct sim_publication *p = arg;
	struct packer *packer = packer_open();
	struct piece *piece;
	for (unsigned i = 0; p->pieces_max == 0 || i < p->pieces_max; i++) {
		piece = piece_next(p);
		if (!piece)
			break;
		piece_store(hub, txn, p, packer, piece);
	}
	packer_close(packer);
}

bool sim_publish_step(struct sim_publication *p)
{
	call(p->node, call_write, p, &p->err);
	return p->err == ERR_OK && !p->written;
}

static void call_commit(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct sim_publication *p = arg;
	struct catalog_entry entry = {0};
	p->err = catalog_publish_commit(hub, txn, now_ms, &p->publication, p->writer, &p->outcome,
					&entry, p->why);
	p->number = entry.number;
	catalog_entry_fini(&entry);
	if (p->err != ERR_OK)
		catalog_publish_abort(hub, txn, &p->publication);
}

enum err sim_publish_commit(struct sim_publication *p)
{
	call(p->node, call_commit, p, &p->err);
	return p->err;
}

static void call_abort(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct sim_publication *p = arg;
	catalog_publish_abort(hub, txn, &p->publication);
}

void sim_publish_abort(struct sim_publication *p)
{
	sim_call(p->node, call_abort, p);
}

void sim_publish_end(struct sim_publication *p)
{
	if (p->writer)
		writer_close(p->writer);
	p->writer = NULL;
	publication_fini(&p->publication);
}

enum err sim_publish_all(struct sim_publication *p)
{
	if (sim_publish_begin(p) != ERR_OK)
		return p->err;
	while (sim_publish_step(p))
		;
	/*
	 * A turn that failed took the core's memory of the publication with it: nothing to abort.
	 */
	if (p->err == ERR_OK)
		sim_publish_commit(p);
	sim_publish_end(p);
	return p->err == ERR_OK && p->outcome == PUBLISH_UNCHANGED ? ERR_EXISTS : p->err;
}

enum err sim_publish(struct sim_node *node, const char *path, enum tier tier, struct bytes content)
{
	struct sim_publication p = {
		.node = node,
		.options = {.path = path, .has_tier = true, .tier = tier, .allow_shrink = true},
		.content = content};
	p.options.description.title = bytes_str("Ein Datensatz");
	return sim_publish_all(&p);
}

/* ---- holding ---- */

static void call_subscribe(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct text_call *call = arg;
	struct subscription s = {.pattern = bytes_str(call->name), .relay = call->relay};
	call->err = subscription_add(hub, txn, &s, call->why);
}

enum err sim_subscribe(struct sim_node *node, const char *pattern)
{
	struct text_call c = {.name = pattern};
	return call(node, call_subscribe, &c, &c.err);
}

enum err sim_subscribe_relay(struct sim_node *node, const char *pattern)
{
	struct text_call c = {.name = pattern, .relay = true};
	return call(node, call_subscribe, &c, &c.err);
}

struct held_call {
	const char *path;
	uint64_t number;
	bool want;
	enum fetch_state state;
	enum err err;
};

static void call_held(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct held_call *call = arg;
	struct fetch_status status = {.state = FETCH_UNKNOWN};
	char why[WHY_LEN];
	call->err = call->want
			    ? want_version(hub, txn, now_ms, call->path, call->number, &status, why)
			    : want_status(hub, txn, call->path, call->number, &status, why);
	call->state = status.state;
}

enum err sim_want(struct sim_node *node, const char *path, uint64_t number)
{
	struct held_call c = {.path = path, .number = number, .want = true};
	return call(node, call_held, &c, &c.err);
}

bool sim_held(struct sim_node *node, const char *path, uint64_t number)
{
	struct held_call call = {.path = path, .number = number};
	sim_call(node, call_held, &call);
	return call.state == FETCH_HELD;
}

bool sim_is_held(struct sim *sim, void *held_wait)
{
	const struct sim_held_wait *wait = held_wait;
	return sim_held(wait->node, wait->path, wait->number);
}

/* ---- reading ---- */

struct read_call {
	struct sim_node *node;
	const char *path;
	uint64_t number;
	struct buf *out;
	enum err err;
	char why[WHY_LEN];
};

/* False when the chunk is not as it was stored: then the core is told, as the daemon does. */
static bool chunk_read(struct read_call *call, struct txn *txn, const struct reading *reading,
		       const struct chunk_addr *addr, struct buf *chunk)
{
	buf_reset(chunk);
	call->err = chunks_read(txn, &reading->dataset, addr, chunk);
	if (call->err == ERR_OK)
		return true;
	struct event *event = inbox_add(call->node, EVENT_CHUNK_BAD);
	event->dataset = reading->dataset;
	event->addr = *addr;
	call->err = ERR_CORRUPT;
	return false;
}

static void file_read(struct read_call *call, struct txn *txn, const struct reading *reading,
		      struct reader *reader, struct packer *packer)
{
	const struct manifest *manifest = reader_manifest(reader);
	const struct manifest_file *file = manifest_file(manifest, 0);
	struct sha256 *sha256 = sha256_open();
	struct buf chunk;
	buf_init(&chunk, LIMIT_CHUNK_LEN_MAX);
	for (uint32_t i = 0; i < file->chunk_count; i++) {
		const struct chunk_ref *ref = manifest_chunk(manifest, file, i);
		size_t before = call->out->len;
		if (!chunk_read(call, txn, reading, &ref->addr, &chunk))
			break;
		assert_int_equal(
			reader_chunk(reader, packer, ref, buf_bytes(&chunk), NULL, call->out),
			ERR_OK);
		sha256_add(sha256, bytes_slice(buf_bytes(call->out), before, call->out->len));
	}
	if (call->err == ERR_OK)
		assert_int_equal(reader_file_end(sha256, file), ERR_OK);
	sha256_close(sha256);
	buf_fini(&chunk);
}

/* Of older epochs. */
static void keys_read(struct read_call *call, struct hub *hub, struct txn *txn,
		      const struct reading *reading, struct reader *reader)
{
	const struct manifest_epoch *epoch;
	while (call->err == ERR_OK && (epoch = reader_key_wanted(reader))) {
		struct key key = {{0}};
		call->err = catalog_epoch_key(hub, txn, reading, epoch, &key);
		if (call->err == ERR_OK)
			reader_key_add(reader, &key);
		key_wipe(&key);
	}
}

static void call_read(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct read_call *call = arg;
	struct reading reading;
	struct index_entry entry;
	struct buf chunk;
	call->err = catalog_read(hub, txn, call->path, call->number, &reading, call->why);
	if (call->err != ERR_OK)
		return;
	struct packer *packer = packer_open();
	struct reader *reader =
		reader_open(&reading.version, &reading.dataset, &reading.dataset_key);
	buf_init(&chunk, LIMIT_CHUNK_LEN_MAX);
	while (call->err == ERR_OK && reader_part_next(reader, &entry)) {
		if (chunk_read(call, txn, &reading, &entry.addr, &chunk))
			assert_int_equal(reader_part_add(reader, packer, buf_bytes(&chunk)),
					 ERR_OK);
	}
	if (call->err == ERR_OK) {
		assert_int_equal(reader_manifest_done(reader), ERR_OK);
		keys_read(call, hub, txn, &reading, reader);
	}
	if (call->err == ERR_OK) {
		file_read(call, txn, &reading, reader, packer);
	}
	buf_fini(&chunk);
	reader_close(reader);
	packer_close(packer);
	reading_fini(&reading);
}

enum err sim_read(struct sim_node *node, const char *path, uint64_t number, struct buf *out)
{
	struct read_call c = {.node = node, .path = path, .number = number, .out = out};
	return call(node, call_read, &c, &c.err);
}

void sim_assert_reads(struct sim_node *node, const char *path, uint64_t number,
		      struct bytes content)
{
	struct buf got;
	buf_init(&got, 64 * 1024 * 1024);
	assert_int_equal(sim_read(node, path, number, &got), ERR_OK);
	assert_int_equal(got.len, content.len);
	if (got.len > 0)
		assert_memory_equal(got.ptr, content.ptr, got.len);
	buf_fini(&got);
}

struct buf sim_content(uint64_t seed, size_t len)
{
	struct random random = random_seeded(seed);
	struct buf out;
	buf_init(&out, len + 64);
	while (out.len < len) {
		char line[64];
		int n = snprintf(line, sizeof(line), "%llu;Meißen;%llu\n",
				 (unsigned long long)out.len,
				 (unsigned long long)random_below(&random, 1000000));
		buf_add(&out, bytes_of(line, (size_t)n));
	}
	return out;
}

/* ---- agreement ---- */

static void contents(struct sim_node *node, struct digest *out, bool *complete)
{
	struct txn *txn = txn_begin(node->db, true);
	struct author_state state;
	struct hash hash;
	uint32_t author = 0;
	*complete = true;
	hash_init(&hash, "test.contents", NULL, ID_LEN);
	hash_add_be64(&hash, node->hub->charter.number);
	hash_add(&hash, id_bytes(&node->hub->charter.entry_id));
	while (ledger_state_next(&node->hub->ledger, txn, &author, &state)) {
		hash_add_be64(&hash, author);
		hash_add_be64(&hash, state.incarnation);
		hash_add(&hash, id_bytes(&state.set));
		if (!id_eq(&state.set, &state.head_set))
			*complete = false;
	}
	hash_done(&hash, out->b, ID_LEN);
	txn_abort(txn);
}

bool sim_agree(struct sim *sim, void *unused)
{
	struct digest first, other;
	bool any = false, complete;
	for (unsigned i = 0; i < sim->node_count; i++) {
		if (!sim->nodes[i]->core || !sim->nodes[i]->hub->has_fed)
			continue;
		/* Who waits after a start has not said yet what it has to say. */
		if (!sim->nodes[i]->hub->author || sim->nodes[i]->hub->signing != SIGNING_YES)
			return false;
		contents(sim->nodes[i], any ? &other : &first, &complete);
		if (!complete || (any && !id_eq(&first, &other)))
			return false;
		any = true;
	}
	return true;
}

static void call_confirm(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	char why[WHY_LEN];
	assert_int_equal(start_confirm(hub, txn, why), ERR_OK);
}

void sim_confirm(struct sim_node *node)
{
	assert_true(sim_call(node, call_confirm, NULL));
}
