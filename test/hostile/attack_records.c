/* Attacks by what is signed and kept: records, heads, contacts, tokens. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/check.h"
#include "crypto/hash.h"
#include "proto/charter/contact.h"
#include "proto/ledger/line.h"
#include "test/hostile/attack.h"

enum { BATCH = 100, MANY_NODES = 64 };

static void say_record(struct band *band, struct message_list *list, unsigned node, uint64_t kind,
		       struct bytes slot, struct bytes body)
{
	struct buf whole;

	buf_init(&whole, LIMIT_RECORD_LEN_MAX);
	foe_record(band->foe, node, kind, slot, body, &whole);
	message_list_bin(list, buf_bytes(&whole));
	buf_fini(&whole);
}

/* ---- records-flood: valid, small or (--size) large, and without end ---- */

static bool flood_fill(struct band *band, struct tie *tie)
{
	struct message_list list = message_list_begin(MESSAGE_RECORDS);
	struct buf body;
	unsigned count = 1 + 700000 / (band->size + 180); /* as many as a message holds, */
	count = count < MESSAGE_RECORD_COUNT_MAX ? count
						 : MESSAGE_RECORD_COUNT_MAX; /* or may hold */

	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	memset(buf_space(&body, band->size), 'x', band->size);
	for (unsigned i = 0; i < count; i++) {
		struct digest slot = foe_any(band->foe);
		say_record(band, &list, 0, ATTACK_KIND, id_bytes(&slot), buf_bytes(&body));
	}
	buf_fini(&body);
	band->blows += count;
	return band_say_list(band, tie, &list);
}

/* ---- wrong-signatures: they look right until they are checked ---- */

static bool wrong_fill(struct band *band, struct tie *tie)
{
	struct message_list list = message_list_begin(MESSAGE_RECORDS);

	for (unsigned i = 0; i < BATCH; i++) {
		struct digest slot = foe_any(band->foe);
		struct buf whole;
		buf_init(&whole, LIMIT_RECORD_LEN_MAX);
		foe_record(band->foe, 0, ATTACK_KIND, id_bytes(&slot), bytes_str("x"), &whole);
		whole.ptr[whole.len - 40] ^= 1;
		message_list_bin(&list, buf_bytes(&whole));
		buf_fini(&whole);
	}
	band->blows += BATCH;
	return band_say_list(band, tie, &list);
}

/* ---- heads ---- */

static bool heads_fill(struct band *band, struct tie *tie)
{
	struct digest set = foe_any(band->foe);
	struct buf head, out = band_message();

	buf_init(&head, LIMIT_HEAD_LEN_MAX);
	foe_head(band->foe, 0, &set, 1, 100, &head);
	message_head(&out, buf_bytes(&head));
	buf_fini(&head);
	band->blows++;
	return band_say(band, tie, &out);
}

static void many_nodes(struct band *band)
{
	foe_log_grow(band->foe, MANY_NODES);
	band_alone(band);
	band->fill_from_ms = band->begin_ms + 1000; /* its log is to be known by then */
}

/* One head for each of twenty nodes, naming sets that nobody has; then it answers nothing. */
static bool sets_fill(struct band *band, struct tie *tie)
{
	if (band->blows == 20)
		return false;
	unsigned node = 1 + (unsigned)band->blows++;
	struct digest set = foe_any(band->foe);
	struct buf head, out = band_message();
	buf_init(&head, LIMIT_HEAD_LEN_MAX);
	band->foe->sequence[node] = 5;
	foe_head(band->foe, node, &set, 5, 1000, &head);
	message_head(&out, buf_bytes(&head));
	buf_fini(&head);
	return band_say(band, tie, &out);
}

/* ---- records-one-bucket: a set of which as much as possible lies in one place ---- */

enum { GROUND = 9000 };
struct ground {
	struct buf records[GROUND];
	struct buf head;
};

static void records_grind(struct band *band, struct ground *ground)
{
	struct digest place;
	uint64_t n = 0;

	for (size_t i = 0; i < GROUND; i++) {
		uint8_t slot[LIMIT_SLOT_LEN_MAX] = {0};
		do
			be64_put(slot, n++);
		while (hash_once(place.b, "am1.slot", bytes_obj(&slot)), place.b[0] != 7);
		buf_init(&ground->records[i], LIMIT_RECORD_LEN_MAX);
		foe_record(band->foe, 0, ATTACK_KIND, bytes_obj(&slot), bytes_of("", 0),
			   &ground->records[i]);
	}
}

static void bucket_begin(struct band *band)
{
	struct ground *ground = band->own = mem_new(1, sizeof(*ground));
	struct foe *foe = band->foe;
	struct ledger_arrival arrival;
	struct author_state state;
	struct ledger_news news;

	records_grind(band, ground);
	/* The set of the head is what the own ledger makes of them. */
	struct txn *txn = txn_begin(foe->db, true);
	for (size_t i = 0; i < GROUND; i++)
		check(!ledger_accept_record(&foe->ledger, txn, buf_bytes(&ground->records[i]),
					    &news));
	while (ledger_arrival_next(&foe->ledger, &arrival))
		ledger_arrival_fini(&arrival);
	check(!ledger_state(&foe->ledger, txn, foe->author, &state));
	txn_abort(txn);
	buf_init(&ground->head, LIMIT_HEAD_LEN_MAX);
	foe_head(foe, 0, &state.set, state.live_count, state.live_bytes, &ground->head);
	band_alone(band);
	if (!band->words[0])
		return;
	band_victim(band, band->words[0]);
	band_alone(band);
}

/*
 * A second victim, if one is named, is told nine of ten, so that it has to compare with the first.
 */
static bool bucket_fill(struct band *band, struct tie *tie)
{
	struct ground *ground = band->own;
	bool holes = tie != band->ties[0];
	struct message_list list = message_list_begin(MESSAGE_RECORDS);

	if (tie->step > GROUND) {
		buf_fini(&list.items);
		return false;
	}
	if (tie->step == GROUND) {
		struct buf out = band_message();
		buf_fini(&list.items);
		tie->step++;
		message_head(&out, buf_bytes(&ground->head));
		return band_say(band, tie, &out);
	}
	for (unsigned i = 0; i < BATCH && tie->step < GROUND; i++, tie->step++)
		if (!holes || tie->step % 10 || tie->step == GROUND - 1)
			message_list_bin(&list, buf_bytes(&ground->records[tie->step]));
	band->blows += list.count;
	return band_say_list(band, tie, &list);
}

static void bucket_end(struct band *band)
{
	struct ground *ground = band->own;

	for (size_t i = 0; i < GROUND; i++)
		buf_fini(&ground->records[i]);
	buf_fini(&ground->head);
	free(ground);
}

/* ---- own-records: what the victim once said, again and again ---- */

static bool own_fill(struct band *band, struct tie *tie)
{
	struct txn *txn = txn_begin(band->foe->db, false);
	const struct charter_member *victim = charter_by_slug(
		&band->foe->charter, bytes_str(band->words[0] ? band->words[0] : ""));
	struct message_list list = message_list_begin(MESSAGE_RECORDS);

	if (!victim)
		foe_die("own-records needs the victim's short name", ERR_CONFIG);
	struct row_key prefix = key_author(author_of(victim->number, 0));
	struct walk walk = walk_begin(txn, TABLE_RECORD, row_key_bytes(&prefix));
	while (walk_next(&walk) && list.items.len < 100000)
		message_list_bin(&list, walk.value);
	txn_abort(txn);
	band->blows += list.count;
	return band_say_list(band, tie, &list);
}

/* ---- contacts: addresses of somebody who has nothing to do with it ---- */

enum { TARGETS = LIMIT_ADDRESS_COUNT_MAX };
struct target {
	int fds[TARGETS]; /* 127.0.0.1 and on, one port */
	char addresses[TARGETS][64];
	uint64_t told_ms;
};

static void target_listen(struct target *target, unsigned i, in_port_t *port)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_port = *port,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK + i)};
	socklen_t len = sizeof(at);
	int fd = target->fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (bind(fd, (struct sockaddr *)&at, len) || listen(fd, 1024) ||
	    getsockname(fd, (struct sockaddr *)&at, &len))
		foe_die("nowhere to listen", ERR_IO);
	*port = at.sin_port;
	snprintf(target->addresses[i], sizeof(target->addresses[i]), "127.0.0.%u:%u", 1 + i,
		 ntohs(*port));
}

static void contacts_begin(struct band *band)
{
	struct target *target = band->own = mem_new(1, sizeof(*target));
	in_port_t port = 0;

	for (unsigned i = 0; i < TARGETS; i++)
		target_listen(target, i, &port);
	many_nodes(band);
}

static void target_count(struct band *band)
{
	const struct target *target = band->own;

	for (unsigned i = 0; i < TARGETS; i++) {
		int fd;
		while ((fd = accept(target->fds[i], NULL, NULL)) >= 0) {
			close(fd);
			band->blows++;
		}
	}
}

/* The target's addresses, in another order each time, of every node; a moment later it is gone. */
static bool contacts_fill(struct band *band, struct tie *tie)
{
	struct target *target = band->own;
	struct contact contact = {.address_count = TARGETS, .software = bytes_str("x")};
	struct record_slot slot = record_slot_contact();
	struct buf body;

	target_count(band);
	if (band_now_ms() < target->told_ms + 500)
		return false;
	target->told_ms = band_now_ms();
	if (tie->step++ == 3) {
		link_lost(&tie->link);
		return false;
	}
	struct message_list list = message_list_begin(MESSAGE_RECORDS);
	for (unsigned node = 0; node < MANY_NODES; node++) {
		buf_init(&body, LIMIT_RECORD_LEN_MAX);
		for (unsigned i = 0; i < TARGETS; i++)
			contact.addresses[i] =
				bytes_str(target->addresses[(i + tie->step + node) % TARGETS]);
		contact_put(&body, &contact);
		say_record(band, &list, node, RECORD_CONTACT, record_slot_bytes(&slot),
			   buf_bytes(&body));
		buf_fini(&body);
	}
	return band_say_list(band, tie, &list);
}

static void contacts_end(struct band *band)
{
	struct target *target = band->own;

	target_count(band);
	for (unsigned i = 0; i < TARGETS; i++)
		close(target->fds[i]);
	free(target);
}

/* ---- lines: a right that may be handed on, handed on 5,000 times ---- */

enum { LINES = 5000 };

/* Finds the line that was given to the own organisation. */
static void lines_begin(struct band *band)
{
	struct line *line = band->own = mem_new(1, sizeof(*line));
	struct txn *txn = txn_begin(band->foe->db, false);
	uint8_t kind = RECORD_LINE;
	struct ledger_slots slots = ledger_slots(&band->foe->ledger, txn, bytes_of(&kind, 1));
	struct record record;
	struct line given;

	while (line->round == 0 && ledger_slots_next(&slots, &record)) {
		if (line_get(&given, record.body) || given.has_parent ||
		    !id_eq(&given.org, &band->foe->identity.org))
			continue;
		*line = given;
		line->prefix = bytes_str(bytes_text(given.prefix));
	}
	txn_abort(txn);
	if (line->round == 0)
		foe_die("nobody has given it anything that it could hand on", ERR_ABSENT);
	band_alone(band);
}

static bool lines_fill(struct band *band, struct tie *tie)
{
	const struct line *given = band->own;
	const struct charter_member *to = charter_by_slug(
		&band->foe->charter, bytes_str(band->words[0] ? band->words[0] : ""));
	struct message_list list = message_list_begin(MESSAGE_RECORDS);

	if (!to)
		foe_die("lines needs the short name of who is to get them", ERR_CONFIG);
	for (unsigned i = 0; i < BATCH && band->blows < LINES; i++, band->blows++) {
		struct line line = *given;
		struct digest id;
		struct buf body;
		char path[LIMIT_PATH_LEN_MAX];
		line.issuer = given->audience;
		line.audience = to->number;
		line.org = to->org;
		line.depth = 0;
		line.has_parent = true;
		line_id(&line.parent, given);
		snprintf(path, sizeof(path), "%.*s/p%u", (int)given->prefix.len, given->prefix.ptr,
			 (unsigned)band->blows);
		line.prefix = bytes_str(path); /* each is another key to be wrapped */
		line_id(&id, &line);
		struct record_slot slot = line_slot(&id);
		buf_init(&body, LIMIT_RECORD_LEN_MAX);
		line_put(&body, &line);
		say_record(band, &list, 0, RECORD_LINE, record_slot_bytes(&slot), buf_bytes(&body));
		buf_fini(&body);
	}
	if (list.count > 0)
		return band_say_list(band, tie, &list);
	buf_fini(&list.items);
	return false;
}

static void lines_end(struct band *band)
{
	struct line *line = band->own;

	free((void *)line->prefix.ptr);
	free(line);
}

const struct attack attacks_records[] = {
	{"records-flood", "valid records without end", band_alone, .fill = flood_fill},
	{"records-one-bucket", "9,000 records in one bucket of its set", bucket_begin,
	 .fill = bucket_fill, .end = bucket_end},
	{"wrong-signatures", "records whose signatures are wrong", band_alone, .fill = wrong_fill},
	{"heads-flood", "heads without end", band_alone, .fill = heads_fill},
	{"heads-without-sets", "heads of 20 nodes that name sets which nobody has", many_nodes,
	 .fill = sets_fill},
	{"own-records", "the victim's own old records", band_alone, .fill = own_fill},
	{"contacts", "addresses of a target, of 64 nodes", contacts_begin, .fill = contacts_fill,
	 .end = contacts_end},
	{"lines", "5,000 lines handed on", lines_begin, .fill = lines_fill, .end = lines_end},
	{0},
};
