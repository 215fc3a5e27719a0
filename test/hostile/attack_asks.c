/* Attacks by questions and claims: chunks, holdings, answers that nobody reads, log entries. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/path.h"
#include "proto/content/version.h"
#include "test/hostile/attack.h"

enum { ASKING_NODES = 16, VERSIONS = 256, LOG_BATCH = 20, MANY_TIES = 32 };

/* ---- chunk-get: chunks of a dataset that has 16 authors with 256 versions each ---- */

static void version_body(struct band *band, struct buf *out, const char *path, uint64_t number)
{
	struct digest any = foe_any(band->foe);
	struct index_entry entry = {.size = 1000};
	uint8_t sealed[200] = {0};
	struct buf manifest;
	struct version version = {.path = bytes_str(path),
				  .tier = TIER_MEMBERS,
				  .epoch_number = 1,
				  .number = number,
				  .description = bytes_obj(&sealed),
				  .description_key = 1,
				  .manifest_count = 1};
	struct index index;

	memcpy(entry.addr.b, any.b, ID_LEN);
	index_init(&index);
	index_add(&index, &entry.addr, entry.size);
	check(!index_sort(&index));
	index_sum(&index, &version.index);
	index_fini(&index);
	buf_init(&manifest, 256);
	version_part_put(&manifest, &entry);
	version.manifest = buf_bytes(&manifest);
	version_encode(out, &version);
	buf_fini(&manifest);
	if (out->err)
		foe_die("its version is none", out->err);
}

struct asking {
	char path[100];
	struct dataset_id dataset;
	unsigned told; /* versions of all nodes */
};

static void asking_begin(struct band *band)
{
	struct asking *asking = band->own = mem_new(1, sizeof(*asking));

	snprintf(asking->path, sizeof(asking->path), "%s/plan", band->foe->identity.slug);
	path_dataset_id(&asking->dataset, &band->foe->identity.org, bytes_str(asking->path));
	foe_log_grow(band->foe, ASKING_NODES);
	band_alone(band);
	band->fill_from_ms = band->begin_ms + 1000;
}

static bool asking_tell(struct band *band, struct tie *tie)
{
	struct asking *asking = band->own;
	struct message_list list = message_list_begin(MESSAGE_RECORDS);

	for (unsigned i = 0; i < 100; i++, asking->told++) {
		unsigned node = asking->told / VERSIONS, number = asking->told % VERSIONS + 1;
		struct record_slot slot = record_slot_version(&asking->dataset, number);
		struct buf body, whole;
		if (node == ASKING_NODES)
			break;
		buf_init(&body, LIMIT_RECORD_LEN_MAX);
		buf_init(&whole, LIMIT_RECORD_LEN_MAX);
		version_body(band, &body, asking->path, number);
		foe_record(band->foe, node, RECORD_VERSION, record_slot_bytes(&slot),
			   buf_bytes(&body), &whole);
		message_list_bin(&list, buf_bytes(&whole));
		buf_fini(&body);
		buf_fini(&whole);
	}
	return band_say_list(band, tie, &list);
}

static bool asking_fill(struct band *band, struct tie *tie)
{
	struct asking *asking = band->own;
	struct message_list list;

	/* When it may not tell so much in half of its time, it makes do with what it told. */
	if (asking->told < ASKING_NODES * VERSIONS &&
	    band_now_ms() < (band->begin_ms + band->end_ms) / 2)
		return asking_tell(band, tie);
	list = message_list_begin(MESSAGE_CHUNK_GET);
	list.dataset = asking->dataset;
	for (unsigned i = 0; i < 128; i++) {
		struct digest any = foe_any(band->foe);
		struct chunk_addr addr;
		memcpy(addr.b, any.b, ID_LEN);
		message_list_addr(&list, &addr);
	}
	band->blows++;
	return band_say_list(band, tie, &list);
}

static void own_free(struct band *band)
{
	free(band->own);
}

/* ---- holds, claims ---- */

static void many_ties(struct band *band)
{
	foe_log_grow(band->foe, LIMIT_NODE_COUNT_MAX);
	band_alone(band);
}

static void more_ties(struct band *band)
{
	if (band_now_ms() > band->begin_ms + 500 && band->tie_count < MANY_TIES)
		band_tie(band, (unsigned)band->tie_count, NULL);
}

static bool holds_fill(struct band *band, struct tie *tie)
{
	struct message_list list = message_list_begin(MESSAGE_HOLDS);

	more_ties(band);
	for (unsigned i = 0; i < MESSAGE_LIST_COUNT_MAX; i++) {
		struct digest any = foe_any(band->foe);
		struct version_id of = {.number = 1, .author = band->foe->author};
		memcpy(of.dataset.b, any.b, ID_LEN);
		message_list_version(&list, &of);
	}
	band->blows += list.count;
	return band_say_list(band, tie, &list);
}

/* That it holds every version that it has heard of; it has none of them. */
static bool claims_fill(struct band *band, struct tie *tie)
{
	struct message_list list = message_list_begin(MESSAGE_HOLDS);
	struct txn *txn = txn_begin(band->foe->db, false);
	struct walk walk = walk_begin(txn, TABLE_RECORD, bytes_of("", 0));

	while (tie->step == 0 && walk_next(&walk) && list.count < MESSAGE_LIST_COUNT_MAX) {
		struct record record;
		struct version_id of;
		if (record_decode(&record, walk.value) || record.kind != RECORD_VERSION ||
		    version_slot_get(record.slot, &of.dataset, &of.number))
			continue;
		of.author = record.author;
		message_list_version(&list, &of);
	}
	txn_abort(txn);
	tie->step = 1;
	band->blows += list.count;
	if (list.count > 0)
		return band_say_list(band, tie, &list);
	buf_fini(&list.items);
	return false;
}

/* ---- big-answers: asks on many links at once for what is large, and reads none of it ---- */

static bool big_fill(struct band *band, struct tie *tie)
{
	/* All of them in the same moment, once a second. */
	unsigned second = (unsigned)((band_now_ms() - band->begin_ms) / 1000);

	more_ties(band);
	if (second < 2 || tie->step == second)
		return false;
	tie->step = second;
	tie->deaf = true;
	for (unsigned n = 0; n < 64; n++, band->blows++) {
		struct message_list list = message_list_begin(MESSAGE_ORGLOG_GET);
		for (unsigned i = 0; i < 100; i++)
			message_list_org(&list, &band->foe->identity.org, 1);
		band_say_list(band, tie, &list);
	}
	return true;
}

static void big_begin(struct band *band)
{
	for (unsigned i = 0; i < 16; i++)
		foe_log_grow(band->foe, LIMIT_NODE_COUNT_MAX);
	band_alone(band);
}

/* ---- orglog-flood: 20 entries of 256 nodes an answer ---- */

static void orglog_begin(struct band *band)
{
	foe_log_grow(band->foe, LIMIT_NODE_COUNT_MAX);
	band_alone(band);
}

static bool orglog_message(struct band *band, struct tie *tie, struct message *m)
{
	if (m->type == MESSAGE_ORGLOG_GET)
		tie->step = 0; /* it is answered as usual, and then there are more */
	return false;
}

/* A head that names a later entry makes the victim ask. */
static bool orglog_fill(struct band *band, struct tie *tie)
{
	struct digest set = foe_any(band->foe);
	struct buf head, out = band_message();

	if (tie->step > 0 && band_now_ms() < tie->again_ms + 1000) {
		buf_fini(&out);
		return false;
	}
	tie->step = 1;
	tie->again_ms = band_now_ms();
	for (unsigned i = 0; i < LOG_BATCH; i++)
		foe_log_grow(band->foe, LIMIT_NODE_COUNT_MAX);
	buf_init(&head, LIMIT_HEAD_LEN_MAX);
	foe_head(band->foe, 0, &set, 1, 100, &head);
	message_head(&out, buf_bytes(&head));
	buf_fini(&head);
	return band_say(band, tie, &out);
}

static void orglog_end(struct band *band)
{
	band->blows = band->sent[MESSAGE_ORGLOG];
}

const struct attack attacks_asks[] = {
	{"chunk-get", "asks for chunks of 16 nodes' 256 versions", asking_begin,
	 .fill = asking_fill, .end = own_free},
	{"holds", "says on 32 links that it holds what does not exist", many_ties,
	 .fill = holds_fill},
	{"claims", "says that it holds every version there is", band_alone, .fill = claims_fill},
	{"big-answers", "asks for much on 32 links and reads nothing", big_begin, .fill = big_fill},
	{"orglog-flood", "log entries of 256 nodes without end", orglog_begin, .fill = orglog_fill,
	 .message = orglog_message, .end = orglog_end},
	{0},
};
