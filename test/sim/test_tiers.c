/*
 * Every tier, tried from every kind of member: one table says what must come back, of name,
 * description, chunks, plain text and who holds it, and nothing else does. Meanwhile whatever is
 * said to others, or for the log, is searched for plain text, and afterwards the store of each, for
 * keys too.
 *
 * Meißen publishes; the Landkreis has a read grant, Nossen writes there, and so did Lommatzsch,
 * whose rights end between the versions; Riesa has a relay grant, and so has the computing centre,
 * a relay; Radebeul is a plain member; Coswig read everything and is a member no more; a stranger
 * has a node and what it overheard.
 */
#include "test/sim/sim.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/check.h"
#include "crypto/path.h"
#include "crypto/selftest.h"
#include "proto/rights/fedkeys.h"
#include "proto/hub/hub.h"
#include "proto/rights/epochs.h"
#include "proto/catalog/granting.h"
#include "proto/catalog/names.h"
#include "proto/catalog/revoking.h"
#include "proto/membership/voting.h"

#define YEAR_MS (INT64_C(365) * 24 * 3600 * 1000)

enum who {
	OWNER,
	READER,
	WRITER,
	ENDED,
	RELAY_GRANT,
	RELAY_MEMBER,
	PLAIN,
	FORMER,
	STRANGER,
	WHO_COUNT
};
/* What is tried: the tiers, and one that others write: the first version by who may no more. */
enum { WRITTEN = 3, HIDDEN = 4, TRIED = 5, VERSION_COUNT = 2 };

static const struct {
	const char *name, *slug, *ags;
} people[WHO_COUNT] = {
	[OWNER] = {"Stadt Meißen", "meissen", "14627140"},
	[READER] = {"Landkreis Meißen", "kreis", "14627"},
	[WRITER] = {"Stadt Nossen", "nossen", "14627180"},
	[ENDED] = {"Stadt Lommatzsch", "lommatzsch", "14627130"},
	[RELAY_GRANT] = {"Stadt Riesa", "riesa", "14627230"},
	[RELAY_MEMBER] = {"Rechenzentrum", "zentrum", "14627000"},
	[PLAIN] = {"Stadt Radebeul", "radebeul", "14627210"},
	[FORMER] = {"Stadt Coswig", "coswig", "14627050"},
	[STRANGER] = {"Niemand", "niemand", "14627999"},
};

static const struct {
	enum tier tier;
	const char *path, *title, *text; /* text: what the file says, over and over */
} datasets[TRIED] = {
	{TIER_OPEN, "meissen/offen/schulen", "Schulen fuer alle zu lesen",
	 "Grundschule am Domplatz"},
	{TIER_MEMBERS, "meissen/verbund/netz", "Leitungen im Verbund gesehen",
	 "Absperrschieber 4711 Neumarkt"},
	{TIER_GRANTED, "meissen/kita/plaetze", "Plaetze in den Kindergaerten",
	 "Kind Nummer 0815 wartet noch"},
	{TIER_GRANTED, "meissen/kita/gruppen", "Gruppen und wer sie leitet",
	 "Igelgruppe: Frau Lehmann geht"},
	{TIER_HIDDEN, "meissen/personal/stellenplan", "Stellenplan der Verwaltung",
	 "Referat 4 faellt weg, still"},
};

/*
 * What must come back. n: it is found by its name; d: the description is read; c: the chunks come
 * when a subscription asks for them; p: the plain text is read; h: it is known who else holds it.
 */
struct sees {
	/* version 1, from before rights have ended; version 2; version 1 later, if not as it was */
	const char *was, *is, *later;
};
static const struct sees table[WHO_COUNT][TRIED] = {
	/*           open, members, granted, written by others, hidden */
	[OWNER] = {{"ndcph", "ndcph"},
		   {"ndcph", "ndcph"},
		   {"ndcph", "ndcph"},
		   {"ndcph", "ndcph"},
		   {"ndcph", "ndcph"}},
	[READER] = {{"ndcph", "ndcph"},
		    {"ndcph", "ndcph"},
		    {"ndcph", "ndcph"},
		    {"ndcph", "ndcph"},
		    {"ndcph", "ndcph"}},
	[WRITER] = {{"ndcph", "ndcph"},
		    {"ndcph", "ndcph"},
		    {"ndcph", "ndcph"},
		    {"ndcph", "ndcph"},
		    {"h", "h"}},
	/* What it wrote is signed by another now, which it may not have: it keeps its own bytes. */
	[ENDED] = {{"ndcph", "ndcph"},
		   {"ndcph", "ndcph"},
		   {"ndcph", "ndh"},
		   {"ndcph", "ndh", "ndh"},
		   {"ndcph", "nh"}},
	[RELAY_GRANT] = {{"ndcph", "ndcph"},
			 {"ndcph", "ndcph"},
			 {"ndch", "ndch"},
			 {"ndch", "ndch"},
			 {"ch", "ch"}},
	[RELAY_MEMBER] =
		{{"ndcph", "ndcph"}, {"nch", "nch"}, {"nch", "nch"}, {"nch", "nch"}, {"ch", "ch"}},
	[PLAIN] = {{"ndcph", "ndcph"},
		   {"ndcph", "ndcph"},
		   {"ndh", "ndh"},
		   {"ndh", "ndh"},
		   {"h", "h"}},
	/* Who is out knows of nobody any more. */
	[FORMER] = {{"ndcph", "", "ndcp"},
		    {"ndcph", "", "ndcp"},
		    {"ndcph", "", "ndcp"},
		    {"ndcph", "", "ndcp"},
		    {"ndcph", "", "ndcp"}},
	[STRANGER] = {{"", ""}, {"", ""}, {"", ""}, {"", ""}, {"", ""}},
};

enum { NEEDLE_MAX = 64, NEEDLE_LEN = 16 };

struct needles {
	struct {
		char name[64];
		uint8_t b[NEEDLE_LEN];
		bool wanted; /* stands there in clear: a search that sees nothing must not pass */
	} items[NEEDLE_MAX];
	size_t count;
	const char *hidden; /* a path with an epoch of its own */
};

struct county {
	struct sim sim;
	struct sim_node *nodes[WHO_COUNT];
	struct dataset_id ids[TRIED];
	struct needles said; /* what no node says to another, nor for its log */
	uint64_t said_found;
	char hidden[LIMIT_PATH_LEN_MAX + 1]; /* the path under which that one is kept */
	struct buf contents[TRIED][VERSION_COUNT];
};

/* ---- making it ---- */

struct invite_call {
	struct invitation_terms terms;
	struct buf text;
};

static void call_invite(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct invite_call *call = arg;
	char why[WHY_LEN];
	int64_t until;
	assert_int_equal(
		membership_invite(hub, txn, now_ms, &call->terms, &call->text, &until, why),
		ERR_OK);
	buf_add_u8(&call->text, 0);
}

static void join(struct county *county, enum who who)
{
	struct sim_node *node = county->nodes[who];
	struct invite_call call = {.terms = {.name = people[who].name,
					     .slug = people[who].slug,
					     .ags = people[who].ags,
					     .auto_approve = true,
					     .relay = who == RELAY_MEMBER}};
	buf_init(&call.text, 4096);
	assert_true(sim_call(county->nodes[OWNER], call_invite, &call));
	assert_int_equal(sim_join_text(node, (const char *)call.text.ptr, NULL), ERR_OK);
	buf_fini(&call.text);
	assert_true(sim_run(&county->sim, 60000, sim_agree, NULL));
}

struct give_call {
	struct grant_terms terms;
	struct digest token;
};

static void call_give(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct give_call *call = arg;
	char why[WHY_LEN];
	call->terms.expiry_ms = now_ms + YEAR_MS;
	if (grants_give(hub, txn, &call->terms, &call->token, why) != ERR_OK)
		fail_msg("%s", why);
}

static void give(struct county *county, enum who who, const char *prefix, enum verb verb)
{
	struct give_call call = {.terms = {.prefix = prefix,
					   .to = people[who].slug,
					   .verb = verb,
					   .keep = KEEPING_CURRENT}};
	assert_true(sim_call(county->nodes[OWNER], call_give, &call));
}

static void give_all(struct county *county, const char *prefix)
{
	const bool hidden = path_is_hidden(bytes_str(prefix));
	give(county, RELAY_GRANT, prefix, VERB_RELAY);
	give(county, RELAY_MEMBER, prefix, VERB_RELAY);
	give(county, FORMER, prefix, VERB_READ);
	give(county, READER, prefix, VERB_READ);
	give(county, ENDED, prefix, hidden ? VERB_READ : VERB_WRITE);
	if (!hidden)
		give(county, WRITER, prefix, VERB_WRITE);
}

static void call_remove(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	char why[WHY_LEN];
	struct voting_outcome out;
	voting_outcome_init(&out);
	assert_int_equal(voting_remove(hub, txn, arg, true, &out, why), ERR_OK);
	voting_outcome_fini(&out);
}

static void call_end(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct revocation revocation;
	struct revoke_terms terms = {.from = arg};
	char why[WHY_LEN];
	assert_int_equal(revocation_plan(&revocation, hub, txn, &terms, why), ERR_OK);
	assert_int_equal(revocation_do(&revocation, why), ERR_OK);
	revocation_fini(&revocation);
}

/* Random numbers between the sentences, so that compression leaves many chunks. */
static struct buf content_make(unsigned tier, unsigned version)
{
	struct buf content = sim_content(10 * tier + version, 200000);
	for (unsigned i = 0; i < 100; i++)
		buf_add(&content, bytes_str(datasets[tier].text));
	return content;
}

static void publish_all(struct county *county, unsigned version)
{
	for (unsigned tier = 0; tier < TRIED; tier++) {
		struct buf *content = &county->contents[tier][version - 1];
		const enum who by = tier != WRITTEN ? OWNER : version == 1 ? ENDED : WRITER;
		struct sim_publication p = {.node = county->nodes[by],
					    .options = {.path = datasets[tier].path,
							.has_tier = true,
							.tier = datasets[tier].tier,
							.allow_shrink = true}};
		*content = content_make(tier, version);
		p.content = buf_bytes(content);
		p.options.description.title = bytes_str(datasets[tier].title);
		if (sim_publish_all(&p) != ERR_OK)
			fail_msg("%s: %s", datasets[tier].path, p.why);
	}
}

/* ---- what is searched for ---- */

static void needle_add(struct needles *needles, const char *name, const void *b, bool wanted)
{
	assert_true(needles->count < NEEDLE_MAX);
	snprintf(needles->items[needles->count].name, sizeof(needles->items[0].name), "%s", name);
	memcpy(needles->items[needles->count].b, b, NEEDLE_LEN);
	needles->items[needles->count++].wanted = wanted;
}

/* Bit i: needle i is there. */
static uint64_t needles_in(const struct needles *needles, const void *b, size_t len)
{
	uint64_t found = 0;
	for (size_t i = 0; i < needles->count; i++)
		if (memmem(b, len, needles->items[i].b, NEEDLE_LEN))
			found |= UINT64_C(1) << i;
	return found;
}

static void needles_text(struct needles *needles)
{
	for (unsigned tier = 0; tier < TRIED; tier++) {
		needle_add(needles, "a file's text", datasets[tier].text, false);
		needle_add(needles, "a title", datasets[tier].title,
			   datasets[tier].tier == TIER_OPEN);
	}
	needle_add(needles, "the name of what is hidden", strchr(datasets[HIDDEN].path, '/') + 1,
		   false);
}

/* Before it is sealed for the link, so as the other side sees it. */
static bool said_search(struct sim_node *node, struct effect *effect, void *arg)
{
	struct county *county = arg;
	if (effect->type == EFFECT_SEND)
		county->said_found |=
			needles_in(&county->said, effect->bytes.ptr, effect->bytes.len);
	if (effect->type == EFFECT_NOTE)
		county->said_found |=
			needles_in(&county->said, effect->note, sizeof(*effect->note));
	return true;
}

static struct county *county_open(void)
{
	struct county *county = mem_new(1, sizeof(*county));
	sim_init(&county->sim, 77);
	needles_text(&county->said);
	for (enum who who = OWNER; who < WHO_COUNT; who++) {
		county->nodes[who] =
			sim_add(&county->sim, people[who].name, people[who].slug, people[who].ags);
		county->nodes[who]->spoil = said_search;
		county->nodes[who]->spoil_arg = county;
	}
	struct sim_node *owner = county->nodes[OWNER];
	assert_int_equal(sim_found(owner, "Verbund Meißen"), ERR_OK);
	for (unsigned tier = 0; tier < HIDDEN; tier++)
		path_dataset_id(&county->ids[tier], &owner->identity.org,
				bytes_str(datasets[tier].path));
	for (enum who who = READER; who < STRANGER; who++) {
		bool relay = who == RELAY_MEMBER || who == RELAY_GRANT;
		join(county, who);
		if (who == RELAY_MEMBER)
			assert_int_equal(sim_subscribe(county->nodes[who], "meissen/**"),
					 ERR_DENIED);
		assert_int_equal((relay ? sim_subscribe_relay : sim_subscribe)(county->nodes[who],
									       "meissen/**"),
				 ERR_OK);
	}
	give_all(county, "meissen/kita");
	return county;
}

static void call_resolve(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	char why[WHY_LEN];
	assert_int_equal(names_resolve(hub, txn, datasets[HIDDEN].path, arg, why), ERR_OK);
}

/* A hidden dataset is granted by itself, when it has its path. */
static void give_hidden(struct county *county)
{
	struct sim_node *owner = county->nodes[OWNER];
	assert_true(sim_call(owner, call_resolve, county->hidden));
	assert_true(path_is_hidden(bytes_str(county->hidden)));
	path_dataset_id(&county->ids[HIDDEN], &owner->identity.org, bytes_str(county->hidden));
	give_all(county, county->hidden);
}

static void county_close(struct county *county)
{
	uint8_t digest[ID_LEN];
	for (unsigned tier = 0; tier < TRIED; tier++)
		for (unsigned version = 0; version < VERSION_COUNT; version++)
			buf_fini(&county->contents[tier][version]);
	sim_fini(&county->sim, digest);
	free(county);
}

/* ---- what comes back ---- */

struct look {
	unsigned tier;
	uint64_t version;
	const char *kept; /* path that it is kept under */
	bool others;      /* hold it */
	char got[6];
};

static void call_describe(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct look *look = arg;
	struct catalog_entry entry = {0};
	struct catalog_holder list[WHO_COUNT];
	size_t holders;
	char why[WHY_LEN];
	const char *name = datasets[look->tier].path;
	if (catalog_find(hub, txn, name, look->version, &entry, why) == ERR_OK) {
		/* Who could read an earlier version of what is hidden remembers its name. */
		assert_true(!strcmp(entry.path, name) || !strcmp(entry.path, look->kept));
		strcat(look->got, "n");
		catalog_entry_fini(&entry);
	}
	if (catalog_find(hub, txn, look->kept, look->version, &entry, why) == ERR_OK) {
		if (bytes_eq(entry.description.title, bytes_str(datasets[look->tier].title)))
			strcat(look->got, "d");
		holders = catalog_holders(hub, txn, &entry, list, WHO_COUNT);
		for (size_t i = 0; i < holders; i++)
			look->others |= list[i].author != hub->author;
		if (look->tier == HIDDEN) /* only who opens it sees the name in it */
			assert_int_equal(!strcmp(entry.path, name), strchr(look->got, 'd') != NULL);
		catalog_entry_fini(&entry);
	}
}

static void look_at(struct county *county, enum who who, struct look *look)
{
	struct sim_node *node = county->nodes[who];
	const struct buf *content = &county->contents[look->tier][look->version - 1];
	const char *path = look->tier == HIDDEN ? county->hidden : datasets[look->tier].path;
	struct buf out;
	look->got[0] = 0;
	look->kept = path;
	sim_call(node, call_describe, look);
	if (sim_held(node, path, look->version))
		strcat(look->got, "c");
	buf_init(&out, 1 << 24);
	if (sim_read(node, path, look->version, &out) == ERR_OK) {
		assert_true(bytes_eq(buf_bytes(&out), buf_bytes(content)));
		strcat(look->got, "p");
	}
	if (look->others)
		strcat(look->got, "h");
	buf_fini(&out);
	/* Nobody gets by asking what no subscription would bring. */
	if (!strchr(look->got, 'p'))
		assert_int_not_equal(sim_want(node, path, look->version), ERR_OK);
}

static void assert_table(struct county *county, uint64_t version, bool later)
{
	bool good = true;
	for (enum who who = OWNER; who < WHO_COUNT; who++) {
		for (unsigned tier = 0; tier < TRIED; tier++) {
			struct look look = {.tier = tier, .version = version};
			const struct sees *sees = &table[who][tier];
			const char *wanted = version == 2           ? sees->is
					     : later && sees->later ? sees->later
								    : sees->was;
			look_at(county, who, &look);
			if (strcmp(look.got, wanted) != 0)
				print_error("%s, %s, version %u: got \"%s\", wanted \"%s\"\n",
					    people[who].slug, tier_name(datasets[tier].tier),
					    (unsigned)version, look.got, wanted);
			good = good && strcmp(look.got, wanted) == 0;
		}
	}
	assert_true(good);
}

/* ---- what is given to who asks beside the rules ---- */

struct chunk_list {
	struct chunk_addr items[64];
	size_t count;
};

static void chunks_of(struct county *county, unsigned tier, struct chunk_list *list)
{
	struct txn *txn = txn_begin(county->nodes[OWNER]->db, false);
	struct row_key prefix = key_dataset(&county->ids[tier]);
	struct walk walk = walk_begin(txn, TABLE_CHUNK, row_key_bytes(&prefix));
	list->count = 0;
	while (list->count < 64 && walk_next(&walk))
		memcpy(list->items[list->count++].b, walk.key.ptr + ID_LEN, ID_LEN);
	txn_abort(txn);
	assert_true(list->count > 3);
}

static void count_chunks(struct sim_node *node, struct message *m, void *arg)
{
	unsigned *count = arg;
	*count += m->type == MESSAGE_CHUNK && m->has_body;
	*count += m->type == MESSAGE_INDEX && m->body.len > 0;
}

/* Asks the owner for all chunks of a dataset and for its index; how many things it got. */
static unsigned asked(struct county *county, struct sim_node *foe, unsigned tier)
{
	struct version_id of = {county->ids[tier], 1, county->nodes[OWNER]->hub->author};
	struct chunk_list chunks;
	struct buf out;
	unsigned got = 0;
	chunks_of(county, tier, &chunks);
	foe->foe->answer = count_chunks;
	foe->foe->arg = &got;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	struct message_list list = message_list_begin(MESSAGE_CHUNK_GET);
	list.dataset = county->ids[tier];
	for (size_t i = 0; i < chunks.count; i++)
		message_list_addr(&list, &chunks.items[i]);
	message_list_end(&list, &out);
	sim_say(foe, &out);
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_index_get(&out, &of, NULL);
	sim_say(foe, &out);
	sim_run(&county->sim, 10000, NULL, NULL);
	foe->foe->answer = NULL;
	return got;
}

/* HELLO as a member gives it. */
static void say_hello(struct county *county, struct sim_node *foe)
{
	const struct hub *owner = county->nodes[OWNER]->hub;
	const struct digest content = {{0}};
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_hello(&out, "boese 1.0", owner->charter.number, &content, NULL);
	sim_say(foe, &out);
	sim_run(&county->sim, 5000, NULL, NULL);
}

/* A node that does as it likes; what it gets of each tier. */
static void asks_beside_the_rules(struct county *county, enum who who, bool open, bool members)
{
	struct sim_node *node = county->nodes[who];
	const struct fed_id fed = county->nodes[OWNER]->hub->charter.fed;
	sim_possess(node, &fed);
	for (unsigned tier = 0; tier < TRIED; tier++) {
		/* What it has written itself is no secret to it. */
		bool may = tier == 0 ? open : tier == 1 ? members : tier == WRITTEN && who == ENDED;
		if (sim_foe_dial(node, county->nodes[OWNER])) {
			say_hello(county, node);
			unsigned got = asked(county, node, tier);
			if (may != (got > 0))
				fail_msg("%s, %s: got %u", people[who].slug, datasets[tier].path,
					 got);
		} else {
			assert_false(may);
		}
	}
}

/* ---- what a thief of the disk would find ---- */

static void call_keys(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct needles *needles = arg;
	const struct {
		const char *prefix, *path;
	} epochs[] = {{"meissen", "meissen"},
		      {"meissen", "meissen/kita"},
		      {"meissen", "meissen/kita/plaetze"},
		      {"meissen/kita", "meissen/kita"},
		      {"meissen/kita", "meissen/kita/plaetze"},
		      {needles->hidden, needles->hidden}};
	for (uint64_t n = 1; n <= hub->charter.key_number; n++) {
		struct key key;
		assert_non_null(fedkeys_get(hub, n));
		needle_add(needles, "federation key", fedkeys_get(hub, n)->b, false);
		version_members_key(&key, fedkeys_get(hub, n), bytes_str(datasets[1].path));
		needle_add(needles, "path key, members", key.b, false);
	}
	assert_int_equal(hub->charter.key_number, 2);
	for (size_t i = 0; i < sizeof(epochs) / sizeof(epochs[0]); i++) {
		/* One has ended a right, one has left. */
		const uint64_t last = strchr(epochs[i].prefix, '/') ? 3 : 1;
		for (uint64_t n = 1; n <= last; n++) {
			struct key key;
			assert_int_equal(epochs_key(hub, txn, bytes_str(epochs[i].prefix), n,
						    bytes_str(epochs[i].path), &key),
					 ERR_OK);
			needle_add(needles, "path key", key.b, false);
		}
	}
}

static struct bytes file_read(const char *path)
{
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	fseek(file, 0, SEEK_END);
	size_t len = (size_t)ftell(file);
	uint8_t *b = mem_new(len + 1, 1);
	rewind(file);
	assert_int_equal(fread(b, 1, len, file), len);
	fclose(file);
	return bytes_of(b, len);
}

/* Every file below a directory; bit i of the result: needle i was found. */
static uint64_t dir_search(const char *dir, const struct needles *needles)
{
	DIR *handle = opendir(dir);
	struct dirent *entry;
	uint64_t found = 0;
	assert_non_null(handle);
	while ((entry = readdir(handle))) {
		char path[1024];
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		if (entry->d_type == DT_DIR) {
			found |= dir_search(path, needles);
			continue;
		}
		struct bytes file = file_read(path);
		found |= needles_in(needles, file.ptr, file.len);
		free((void *)(uintptr_t)file.ptr);
	}
	closedir(handle);
	return found;
}

static void assert_stores_clean(struct county *county, struct needles *needles)
{
	needles_text(needles);
	for (unsigned tier = 0; tier < TRIED; tier++)
		for (unsigned i = 0; i < 2; i++)
			needle_add(needles, "a file's bytes",
				   county->contents[tier][1].ptr + 1000 + 100000 * i, false);
	for (enum who who = OWNER; who < WHO_COUNT; who++) {
		uint64_t found = dir_search(county->nodes[who]->dir, needles);
		for (size_t i = 0; i < needles->count; i++) {
			bool is = found >> i & 1;
			if (is != (needles->items[i].wanted && who != STRANGER))
				fail_msg("%s: %s %s", people[who].slug, needles->items[i].name,
					 is ? "found" : "missing");
		}
	}
}

/* ---- all of it ---- */

static void everybody_gets_what_the_table_says(void **state)
{
	struct county *county = county_open();
	struct needles needles = {.hidden = county->hidden};
	assert_true(sim_run(&county->sim, 60000, sim_agree, NULL));
	publish_all(county, 1);
	give_hidden(county);
	assert_true(sim_run(&county->sim, 60000, sim_agree, NULL));
	sim_run(&county->sim, 60000, NULL, NULL);
	assert_table(county, 1, false);
	assert_true(
		sim_call(county->nodes[OWNER], call_end, (void *)(uintptr_t)people[ENDED].slug));
	sim_run(&county->sim, 60000, NULL, NULL);
	assert_true(sim_call(county->nodes[OWNER], call_remove,
			     (void *)(uintptr_t)people[FORMER].slug));
	sim_run(&county->sim, 60000, NULL, NULL);
	publish_all(county, 2);
	sim_run(&county->sim, 120000, NULL, NULL);
	assert_table(county, 2, true);
	assert_table(county, 1, true); /* what was there is still there, and no more */
	assert_true(sim_call(county->nodes[OWNER], call_keys, &needles));
	/* The title of what is open is the second that is searched for. */
	assert_int_equal(county->said_found, 1 << 1);
	asks_beside_the_rules(county, PLAIN, true, true);
	asks_beside_the_rules(county, ENDED, true, true);
	asks_beside_the_rules(county, FORMER, false, false);
	asks_beside_the_rules(county, STRANGER, false, false);
	assert_stores_clean(county, &needles);
	county_close(county);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everybody_gets_what_the_table_says),
	};
	const char *what;
	if (selftest_run(&what) != ERR_OK)
		return 1;
	return cmocka_run_group_tests_name("tiers", tests, NULL, NULL);
}
