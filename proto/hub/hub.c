#include "proto/hub/hub.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/check.h"
#include "crypto/root.h"
#include "proto/ledger/quota.h"

enum { HUB_GUEST_SHARE = 4 }; /* of the junk of a member: so much ends the link of a guest */

void effects_init(struct effects *effects)
{
	*effects = (struct effects){0};
}

void effects_reset(struct effects *effects)
{
	for (size_t i = 0; i < effects->count; i++) {
		buf_fini(&effects->items[i].bytes);
		free(effects->items[i].note);
	}
	effects->count = 0;
}

void effects_fini(struct effects *effects)
{
	effects_reset(effects);
	free(effects->items);
	*effects = (struct effects){0};
}

struct effect *hub_effect(struct hub *hub, enum effect_type type, uint64_t link)
{
	struct effects *effects = hub->effects;
	check(effects); /* outside a turn nothing may happen */
	effects->items =
		mem_room(effects->items, effects->count, &effects->cap, sizeof(*effects->items));
	struct effect *effect = &effects->items[effects->count++];
	*effect = (struct effect){.type = type, .link = link};
	hub->meter.effects++;
	return effect;
}

struct note *hub_note(struct hub *hub, enum note_type type)
{
	struct effect *effect = hub_effect(hub, EFFECT_NOTE, 0);
	effect->note = mem_new(1, sizeof(*effect->note));
	effect->note->type = type;
	return effect->note;
}

void hub_close_link(struct hub *hub, struct peer *peer, enum link_reason reason)
{
	hub_effect(hub, EFFECT_CLOSE, peer->link)->reason = reason;
	peer->up = false;
	peer->leaving = true;
	hub->source_epoch++;
}

void hub_peer_bad(struct hub *hub, struct peer *peer, enum link_reason reason, const char *what)
{
	struct note *note = hub_note(hub, NOTE_PEER_BAD);
	note->link = peer->link;
	note->author = peer->author;
	snprintf(note->text, sizeof(note->text), "%s", what);
	hub_close_link(hub, peer, reason);
	if (reason == LINK_REASON_PROTOCOL || reason == LINK_REASON_MALFORMED)
		hub_junk(hub, peer, JUNK_FALSE);
}

void hub_send(struct hub *hub, struct peer *peer, struct buf *message)
{
	if (peer->up && message->err)
		hub_note(hub, NOTE_UNSAID)->link = peer->link;
	if (message->err) {
		buf_fini(message);
		return;
	}
	peer->turn_bytes += message->len;
	if (peer->up && peer->turn_bytes > hub->options.limits->peer_queue_bytes_max)
		hub_peer_bad(hub, peer, LINK_REASON_BUSY, "asks for more than it takes");
	if (!peer->up) {
		buf_fini(message);
		return;
	}
	struct effect *effect = hub_effect(hub, EFFECT_SEND, peer->link);
	effect->channel = LINK_CHANNEL_SYNC;
	hub->meter.sent_bytes += message->len;
	effect->bytes = *message;
	buf_init(message, 0);
}

const char *hub_own_name(const struct hub *hub)
{
	const struct identity *identity = hub->options.identity;
	const struct charter_member *member = charter_last_of(&hub->charter, &identity->org);

	return member ? member->name : identity->name;
}

struct own_place hub_own_place(struct hub *hub, struct txn *txn)
{
	struct author_state own;

	if (!hub->author || ledger_state(&hub->ledger, txn, hub->author, &own))
		return (struct own_place){0};
	return (struct own_place){own.incarnation, own.sequence};
}

void hub_send_list(struct hub *hub, struct peer *peer, struct message_list *list)
{
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_list_end(list, &out);
	hub_send(hub, peer, &out);
}

/* ---- what it costs ---- */

uint32_t hub_payer(const struct peer *peer)
{
	return peer->class == PEER_MEMBER ? author_member(peer->author) : 0;
}

void hub_charge(struct hub *hub, struct txn *txn, uint32_t payer)
{
	meter_charge(&hub->meter, payer, meter_take(&hub->meter, txn), hub->mono_ms);
}

bool hub_paused(const struct hub *hub, uint32_t author)
{
	const char *why;

	return author && meter_paused(&hub->meter, author_member(author), hub->mono_ms, &why);
}

/* All links of a member that is paused now. */
static void payer_close(struct hub *hub, uint32_t payer)
{
	const char *what = "";
	int64_t ms = meter_paused(&hub->meter, payer, hub->mono_ms, &what) - hub->mono_ms;
	struct note *note = hub_note(hub, NOTE_PEER_PAUSED);

	note->author = author_of(payer, 0);
	snprintf(note->text, sizeof(note->text), "paused for %" PRId64 " minutes: %s", ms / 60000,
		 what);
	for (size_t i = 0; i < hub->peers.count; i++) {
		struct peer *peer = hub->peers.items[i];
		if (peer->up && hub_payer(peer) == payer)
			hub_close_link(hub, peer, LINK_REASON_BUSY);
	}
}

void hub_junk(struct hub *hub, struct peer *peer, enum junk junk)
{
	const uint32_t payer = hub_payer(peer);

	if (meter_junk(&hub->meter, payer, junk, hub->mono_ms))
		payer_close(hub, payer);
	if (payer)
		return;
	peer->junk += meter_junk_weight(junk);
	if (peer->up && peer->junk > hub->options.limits->junk_max / HUB_GUEST_SHARE)
		hub_peer_bad(hub, peer, LINK_REASON_BUSY, "sends what nobody can use");
}

void hub_forget(struct hub *hub, uint32_t member_number)
{
	hub->forgotten = mem_room(hub->forgotten, hub->forgotten_count, &hub->forgotten_cap,
				  sizeof(*hub->forgotten));
	hub->forgotten[hub->forgotten_count++] = member_number;
	hub->keys_epoch++;
	ledger_forget(&hub->ledger, member_number);
}

const struct charter_member *hub_author_member(const struct hub *hub, uint32_t author)
{
	return charter_member(&hub->charter, author_member(author));
}

int64_t hub_mono_of(const struct hub *hub, int64_t wall_ms)
{
	/* Times of others may lie at the end of time. */
	if (wall_ms == INT64_MAX ||
	    (wall_ms > hub->wall_ms && wall_ms - hub->wall_ms > INT64_MAX - hub->mono_ms))
		return INT64_MAX;
	return wall_ms - hub->wall_ms + hub->mono_ms;
}

int64_t hub_wall_of(const struct hub *hub, int64_t mono_ms)
{
	return mono_ms == INT64_MAX ? mono_ms : mono_ms - hub->mono_ms + hub->wall_ms;
}

int64_t hub_jitter(struct hub *hub, int64_t ms)
{
	if (ms <= 1)
		return ms;
	return ms / 2 + (int64_t)random_below(hub->options.random, (uint64_t)ms);
}

void why_set(char why[WHY_LEN], const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(why, WHY_LEN, format, args);
	va_end(args);
}

/* ---- the own place ---- */

bool hub_joining(const struct hub *hub)
{
	return hub->place == PLACE_JOINING || hub->place == PLACE_WAITING ||
	       hub->place == PLACE_ADMITTED;
}

bool hub_follows(const struct hub *hub)
{
	return hub->author || hub->place == PLACE_ADMITTED || hub->place == PLACE_UNSETTLED ||
	       hub_is_out(hub) || (hub_joining(hub) && hub->place_before == PLACE_UNSETTLED);
}

bool hub_is_out(const struct hub *hub)
{
	return !hub->author && (hub->place == PLACE_OUT || hub->place == PLACE_FORMER);
}

enum err hub_frozen_check(const struct hub *hub, char why[WHY_LEN])
{
	if (!hub->charter.frozen)
		return ERR_OK;
	why_set(why,
		"the charter is frozen, as there are two entries %u: a settlement by the members "
		"comes first; see `allmende federation settle`.",
		hub->charter.number + 1);
	return ERR_BUSY;
}

enum err hub_member_check(const struct hub *hub, char why[WHY_LEN])
{
	if (hub->author)
		return ERR_OK;
	if (hub_is_out(hub) || hub->place == PLACE_UNSETTLED || hub->place_before != PLACE_NONE) {
		why_set(why, "%s", hub->place_why);
		return ERR_DENIED;
	}
	why_set(why, "this node is not in a federation yet: found one with `allmende federation "
		     "create --name NAME`, or join one with `allmende federation join -`.");
	return ERR_ABSENT;
}

void hub_quota_why(struct hub *hub, struct txn *txn, char why[WHY_LEN])
{
	const struct quota quota = quota_of(hub->options.limits, hub->author);
	struct author_state own;

	ledger_state(&hub->ledger, txn, hub->author, &own);
	why_set(why,
		"what this node has published has %" PRIu64 " of %" PRIu64 " records and %" PRIu64
		" of %" PRIu64 " kB of them, and the last tenth is for grants and their ends: "
		"withdraw datasets, keep fewer versions (publish --keep), or publish at another "
		"node of the organisation.",
		own.live_count, quota.count, own.live_bytes / 1000, quota.bytes / 1000);
}

enum err hub_quota_check(struct hub *hub, struct txn *txn, char why[WHY_LEN])
{
	const struct quota usual = quota_usual(hub->options.limits, hub->author);
	struct author_state own;

	if (ledger_state(&hub->ledger, txn, hub->author, &own) ||
	    quota_percent(&usual, own.live_count, own.live_bytes) < 100)
		return ERR_OK;
	hub_quota_why(hub, txn, why);
	return ERR_NOSPACE;
}

void hub_signing(struct hub *hub, enum signing signing)
{
	hub->signing_news =
		hub->signing_news || (signing == SIGNING_YES && hub->signing != signing);
	hub->signing = signing;
	hub->ledger.own_quiet = signing != SIGNING_YES;
	hub->ledger.own_behind = signing == SIGNING_BEHIND || signing == SIGNING_STOPPING;
}

enum err hub_sign_check(const struct hub *hub, char why[WHY_LEN])
{
	if (hub->signing == SIGNING_YES)
		return ERR_OK;
	if (hub->signing == SIGNING_WAITS)
		why_set(why, "this node has just started, and signs nothing until another node has "
			     "said that it knows nothing later of it: wait until one is linked "
			     "(`allmende peers`), or say `allmende start confirm`.");
	else if (hub->signing == SIGNING_BEHIND)
		why_set(why,
			"others know more of this node than it does itself, as after an old copy "
			"of its directory: it signs nothing until all has come back. What does "
			"not, as the machine that has signed it is gone, `allmende start confirm` "
			"gives up.");
	else
		why_set(why,
			"another machine uses the key of this node, so this one signs nothing: "
			"stop one of the two, then say `allmende start confirm` on the other.");
	return ERR_AGAIN;
}

enum err hub_root_seed(const struct hub *hub, struct key *seed)
{
	const struct hub_options *options = &hub->options;
	const struct charter_member *own = charter_last_of(&hub->charter, &options->identity->org);

	return identity_root_seed(seed, options->identity, options->keyring,
				  own ? &own->root : NULL);
}

enum err hub_root_sign(const struct hub *hub, struct key *sign_seed)
{
	struct key seed;
	enum err err = hub_root_seed(hub, &seed);

	if (!err)
		root_sign_seed(sign_seed, &seed);
	key_wipe(&seed);
	return err;
}

bool hub_has_root(const struct hub *hub)
{
	struct key seed;
	const bool has = !hub_root_seed(hub, &seed);

	key_wipe(&seed);
	return has;
}

void hub_place_lost(struct hub *hub)
{
	hub->author = 0;
	ledger_own(&hub->ledger, 0, NULL);
	dials_out(hub);
	if (hub->effects)
		hub_effect(hub, EFFECT_CERTIFICATE, 0);
}
