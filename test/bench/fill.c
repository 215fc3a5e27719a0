/*
 * fill - many datasets of many organisations in the store of a node: bench-fill DIR DATASETS
 * ORGANISATIONS HELD. DIR is a node that does not run and has founded a federation
 * (`allmende init`, `allmende federation create`).
 *
 * The organisations are admitted by entries of the charter, and what they publish is signed by
 * them; each is followed by its head, so all of it is as if it had come from their nodes. Every
 * tenth dataset is of tier members, the others are open. HELD of them, evenly spread, are here with
 * their chunks; the others are known.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "test/proto/federation.h"

#include "crypto/path.h"
#include "crypto/selftest.h"
#include "proto/content/writer.h"
#include "proto/core/machines.h"
#include "proto/ledger/held.h"
#include "store/chunks.h"
#include "store/dir.h"

enum { ADMIT_AT_ONCE = 40, TURN_DATASETS = 2000 };

struct fill {
	struct dir dir;
	struct db *db;
	struct txn *txn;
	struct keyring *keyring;
	struct identity identity;
	struct limits limits;
	struct random random;
	struct machines machines;
	struct hub hub;
	struct effects effects;
	struct packer *packer;
	struct test_org *orgs; /* member n is organisation n - 2; member 1 is the node's own */
	unsigned org_count;
	unsigned datasets, held;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void must(const char *what, enum err err)
{
	if (!err)
		return;
	fprintf(stderr, "bench-fill: %s: %s\n", what, err_text(err));
	exit(1);
}

static void fill_open(struct fill *fill, const char *path)
{
	struct hub_options options = {.limits = &fill->limits,
				      .random = &fill->random,
				      .identity = &fill->identity,
				      .software = "bench"};
	const int64_t now = now_ms();
	char why[WHY_LEN];

	fill->limits = limits_default();
	fill->random = random_seeded(1);
	fill->packer = packer_open();
	must(path, dir_open(&fill->dir, path, why));
	must("keys", keyring_open(&fill->keyring, path, bytes_of(NULL, 0)));
	must("store", db_open(&fill->db, path, &(struct db_options){.volatile_store = true}));
	fill->txn = txn_begin(fill->db, true);
	must("identity", identity_load(&fill->identity, fill->keyring, fill->txn));
	options.keyring = fill->keyring;
	must("charter", machines_begin(&fill->machines, &fill->hub, &options, fill->txn));
	floor_time(&fill->hub, (struct times){.wall_ms = now, .mono_ms = now});
	fill->hub.effects = &fill->effects;
	must("core", machines_open(&fill->hub, fill->txn));
}

static void turn(struct fill *fill)
{
	struct ledger_arrival arrival;

	do {
		tally_settle(&fill->hub, fill->txn);
	} while (fill->hub.tally->more);
	ledger_settle(&fill->hub.ledger, fill->txn);
	while (ledger_arrival_next(&fill->hub.ledger, &arrival))
		ledger_arrival_fini(&arrival);
	effects_reset(&fill->effects);
	must("commit", txn_commit(fill->txn));
	fill->txn = txn_begin(fill->db, true);
}

/* ---- organisations ---- */

static void admit(struct fill *fill, const struct charter_change *changes, size_t count)
{
	struct charter *charter = &fill->hub.charter;
	struct charter_vote vote;
	struct buf payload, entry;
	struct key seed;

	buf_init(&payload, LIMIT_CHARTER_ENTRY_LEN_MAX);
	buf_init(&entry, LIMIT_CHARTER_ENTRY_LEN_MAX);
	must("root key", identity_root_sign_seed(&seed, &fill->identity));
	must("charter", charter_payload_make(&payload, charter, NULL, charter->time_ms + 1, 1,
					     changes, count));
	charter_vote(&vote, charter, 1, &seed, buf_bytes(&payload));
	charter_entry_make(&entry, buf_bytes(&payload), &vote, 1);
	must("charter", charter_accept(fill->txn, charter, buf_bytes(&entry), NULL));
	hub_forget(&fill->hub, 0);
	buf_fini(&payload);
	buf_fini(&entry);
}

static void orgs_make(struct fill *fill)
{
	struct charter_change changes[ADMIT_AT_ONCE];
	unsigned count = 0;

	fill->orgs = mem_new(fill->org_count, sizeof(*fill->orgs));
	for (unsigned i = 0; i + 1 < fill->org_count; i++) {
		struct test_org *org = &fill->orgs[i];
		test_org_init(org, i + 2);
		test_admit(&changes[count++], org, i + 2);
		must("log", orglog_accept(fill->txn, &org->id, buf_bytes(&org->entry), NULL));
		if (count == ADMIT_AT_ONCE || i + 2 == fill->org_count) {
			admit(fill, changes, count);
			count = 0;
		}
	}
	turn(fill);
}

/* ---- datasets ---- */

static void chunks_take(struct fill *fill, struct writer *writer, bool held)
{
	const struct sealer *sealer = writer_sealer(writer);
	struct piece *piece;

	while ((piece = writer_take(writer))) {
		piece_identify(sealer, piece);
		must("seal", piece_seal(sealer, fill->packer, &fill->random, piece));
		if (held)
			chunks_put(fill->txn, &sealer->dataset, &piece->entry.addr,
				   buf_bytes(&piece->sealed));
		writer_accept(writer, piece);
		piece_close(piece);
	}
}

static void held_make(struct fill *fill, const struct version_id *of, struct writer *writer)
{
	const struct index *index = writer_index(writer);
	struct held held = {.state = HELD_COMPLETE, .since_ms = fill->hub.ran_ms};
	struct index_sum sum;

	index_sum(index, &sum);
	for (size_t i = 0; i < index_count(index); i++)
		held_index_put(fill->txn, of, index_at(index, i), false);
	held.bytes = sum.bytes;
	held.chunks = sum.count;
	held_put(fill->txn, of, &held);
}

/* The description, as the record has it. */
static void describe(struct fill *fill, const struct writer *writer, unsigned i, enum tier tier,
		     size_t bytes, struct buf *out)
{
	static const char *const things[] = {"Spielplätze", "Baumkataster", "Haushaltsplan",
					     "Straßennetz", "Wasserstände", "Kindertagesstätten",
					     "Bebauung",    "Messwerte"};
	char title[80], text[200];
	struct buf plain;

	snprintf(title, sizeof(title), "%s, Blatt %u", things[i % 8], i);
	snprintf(text, sizeof(text), "Stand des Verzeichnisses wort%u im Bezirk%u der Gemeinde.",
		 i % 997, i / 1000);
	struct description description = {.title = bytes_str(title),
					  .text = bytes_str(text),
					  .keywords = {bytes_str("Verzeichnis")},
					  .keyword_count = 1,
					  .file_count = 1,
					  .byte_count = bytes};
	buf_init(&plain, DESCRIPTION_LEN_MAX);
	must("description", description_encode(&plain, &description));
	if (tier == TIER_OPEN)
		buf_add(out, buf_bytes(&plain));
	else
		must("description", writer_description(writer, fill->packer, &fill->random,
						       buf_bytes(&plain), out));
	buf_fini(&plain);
}

static void append(struct fill *fill, const struct version_id *of, const struct version *version)
{
	uint8_t slot[VERSION_SLOT_LEN];
	struct buf body;

	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	version_encode(&body, version);
	version_slot(slot, &of->dataset, of->number);
	must("record", ledger_append(&fill->hub.ledger, fill->txn, RECORD_VERSION, bytes_obj(&slot),
				     buf_bytes(&body), NULL, LEDGER_QUIET));
	buf_fini(&body);
}

static void dataset_make(struct fill *fill, unsigned i, uint32_t member, bool held)
{
	const struct charter_member *owner = charter_member(&fill->hub.charter, member);
	const enum tier tier = i % 10 == 9 ? TIER_MEMBERS : TIER_OPEN;
	char path[LIMIT_PATH_LEN_MAX + 1], content[128];
	struct buf description;
	struct version version = {.number = 0};

	snprintf(path, sizeof(path), "%s/t%u/blatt-%u", owner->slug, i % 5, i);
	snprintf(content, sizeof(content), "Blatt %u\n", i);
	struct writer_params params = {.number = 1, .tier = tier, .epoch_number = 1};
	path_dataset_id(&params.dataset, &owner->org, bytes_str(path));
	random_fill(&fill->random, &params.cut_key, sizeof(params.cut_key));
	if (tier == TIER_OPEN)
		params.epoch_prefix = bytes_str(path);
	if (tier == TIER_MEMBERS)
		version_members_key(&params.dataset_key, fedkeys_get(&fill->hub, 1),
				    bytes_str(path));
	else
		random_fill(&fill->random, params.dataset_key.b, sizeof(params.dataset_key.b));
	struct writer *writer = writer_open(&params);
	must("file", writer_file_begin(writer, bytes_str("blatt.txt"), bytes_str("text/plain"), 1));
	writer_feed(writer, bytes_str(content));
	writer_file_end(writer);
	writer_end(writer);
	chunks_take(fill, writer, held);
	must("manifest", writer_finish(writer));
	chunks_take(fill, writer, held);
	must("version", writer_done(writer, &version));
	buf_init(&description, DESCRIPTION_LEN_MAX);
	describe(fill, writer, i, tier, strlen(content), &description);
	version.path = bytes_str(path);
	version.description = buf_bytes(&description);
	const struct version_id of = {params.dataset, 1, author_of(member, 0)};
	append(fill, &of, &version);
	if (held)
		held_make(fill, &of, writer);
	buf_fini(&description);
	writer_close(writer);
}

static void member_fill(struct fill *fill, uint32_t member)
{
	const struct key *sign =
		member == 1 ? secret_key(fill->identity.sign) : &fill->orgs[member - 2].sign;
	unsigned step = fill->held ? fill->datasets / fill->held : fill->datasets + 1;
	unsigned first = (member - 1) * (fill->datasets / fill->org_count);
	unsigned last = member == fill->org_count ? fill->datasets
						  : member * (fill->datasets / fill->org_count);

	ledger_own(&fill->hub.ledger, author_of(member, 0), sign);
	for (unsigned i = first; i < last; i++) {
		dataset_make(fill, i, member, member == 1 || i % step == 0);
		if ((i - first + 1) % TURN_DATASETS == 0)
			turn(fill);
	}
	ledger_settle(&fill->hub.ledger, fill->txn);
	must("head", ledger_head_make(&fill->hub.ledger, fill->txn, NULL));
	if (member % 16 == 0)
		turn(fill);
}

int main(int argc, char **argv)
{
	struct fill fill = {.org_count = 0};
	const char *what;

	if (argc != 5) {
		fprintf(stderr, "usage: bench-fill DIR DATASETS ORGANISATIONS HELD\n");
		return 2;
	}
	fill.datasets = (unsigned)strtoul(argv[2], NULL, 10);
	fill.org_count = (unsigned)strtoul(argv[3], NULL, 10);
	fill.held = (unsigned)strtoul(argv[4], NULL, 10);
	if (fill.datasets == 0 || fill.org_count == 0 || fill.datasets < fill.org_count)
		return 2;
	if (selftest_run(&what)) {
		fprintf(stderr, "bench-fill: %s\n", what);
		return 1;
	}
	fill_open(&fill, argv[1]);
	orgs_make(&fill);
	for (uint32_t member = 1; member <= fill.org_count; member++)
		member_fill(&fill, member);
	turn(&fill);
	txn_abort(fill.txn);
	machines_close(&fill.hub);
	effects_fini(&fill.effects);
	packer_close(fill.packer);
	identity_fini(&fill.identity);
	for (unsigned i = 0; i + 1 < fill.org_count; i++)
		test_org_fini(&fill.orgs[i]);
	free(fill.orgs);
	db_close(fill.db);
	keyring_close(fill.keyring);
	dir_close(&fill.dir);
	return 0;
}
