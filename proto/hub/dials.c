#include "proto/hub/dials.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/hash.h"
#include "proto/charter/contact.h"
#include "proto/hub/hub.h"
#include "proto/hub/places.h"

/* The larger author waits a little, so that mostly one side dials. */
static const int64_t politeness_ms = 1500;
static const int64_t first_dial_ms = 100;
/* A link that lived this long was a good one: it is dialled again at once. */
static const int64_t good_link_ms = 20 * 1000;
/* PROTOCOL: "and dials once an hour, asking for nothing else" */
static const int64_t out_pause_ms = 3600 * 1000;

enum {
	MET_MISS_MAX = 8,    /* missed so often, an address is like one where nobody was met, */
	UNMET_BACKOFF = 5,   /* whose longest wait is so many times that of others */
	BURST = 8,           /* attempts in vain for one organisation or host at once, */
	RATE_MS = 15 * 1000, /* and after that one in so long */
	PACE_BURST = 32,     /* the same for all attempts */
	PACE_MS = 60,
};

/* ---- rates ---- */

static struct dial_rate *rate_find(struct dials *dials, uint64_t key)
{
	for (size_t i = 0; i < dials->rate_count; i++) {
		if (dials->rates[i].key == key)
			return &dials->rates[i];
	}
	return NULL;
}

/* When there may be another attempt. */
static int64_t rate_ready_ms(const struct dial_rate *rate, int64_t cost_ms, int64_t burst)
{
	return rate ? rate->clear_ms - (burst - 1) * cost_ms : INT64_MIN;
}

static void rate_charge(struct dial_rate *rate, int64_t now_ms, int64_t cost_ms)
{
	rate->clear_ms = (rate->clear_ms > now_ms ? rate->clear_ms : now_ms) + cost_ms;
}

/* A free one; when all are taken, that which is forgotten first. */
static struct dial_rate *rate_new(struct dials *dials, uint64_t key, int64_t now_ms)
{
	struct dial_rate *rate = &dials->rates[0];
	for (size_t i = 0; i < dials->rate_count; i++) {
		if (dials->rates[i].clear_ms < rate->clear_ms)
			rate = &dials->rates[i];
	}
	bool reuse = dials->rate_count > 0 && rate->clear_ms <= now_ms;
	if (!reuse && dials->rate_count < DIAL_RATE_COUNT_MAX)
		rate = &dials->rates[dials->rate_count++];
	*rate = (struct dial_rate){.key = key, .clear_ms = now_ms};
	return rate;
}

/* What others say is dialled in vain only so often: there may be nobody who wants it. */
static bool is_rated(const struct dial *dial)
{
	return !dial->manual && !dial->invitation && !dial->met;
}

/* The organisation's number is smaller than any host's key. */
static void keys_of(const struct dial *dial, uint64_t keys[2])
{
	keys[0] = author_member(dial->author);
	keys[1] = dial->host;
}

static void attempt_charge(struct hub *hub, const struct dial *dial)
{
	uint64_t keys[2];
	keys_of(dial, keys);
	rate_charge(&hub->dials.pace, hub->mono_ms, PACE_MS);
	for (size_t i = 0; is_rated(dial) && i < 2; i++) {
		struct dial_rate *rate = rate_find(&hub->dials, keys[i]);
		rate_charge(rate ? rate : rate_new(&hub->dials, keys[i], hub->mono_ms),
			    hub->mono_ms, RATE_MS);
	}
}

/* It was not in vain. */
static void attempt_refund(struct hub *hub, const struct dial *dial)
{
	uint64_t keys[2];
	keys_of(dial, keys);
	for (size_t i = 0; is_rated(dial) && i < 2; i++) {
		struct dial_rate *rate = rate_find(&hub->dials, keys[i]);
		if (rate)
			rate->clear_ms -= RATE_MS;
	}
}

/* ---- the list ---- */

static struct dial *by_number(struct dials *dials, uint64_t number)
{
	for (size_t i = 0; number != 0 && i < dials->count; i++) {
		if (dials->items[i].number == number)
			return &dials->items[i];
	}
	return NULL;
}

static struct dial *by_link(struct dials *dials, uint64_t link)
{
	for (size_t i = 0; link != 0 && i < dials->count; i++) {
		if (dials->items[i].link == link)
			return &dials->items[i];
	}
	return NULL;
}

/*
 * Several organisations may name one address, so that nobody can take another's away; of one
 * organisation it counts once. author 0: any.
 */
static struct dial *dial_find(struct dials *dials, struct bytes address, uint32_t author)
{
	for (size_t i = 0; i < dials->count; i++) {
		struct dial *dial = &dials->items[i];
		if ((dial->author == 0 || author == 0 ||
		     author_member(dial->author) == author_member(author)) &&
		    bytes_eq(bytes_str(dial->address), address))
			return dial;
	}
	return NULL;
}

static uint64_t host_of(struct bytes address)
{
	uint8_t hash[ID_LEN];
	while (address.len > 0 && address.ptr[address.len - 1] != ':')
		address.len--;
	hash_plain(hash, address);
	return be64_get(hash) | UINT64_C(1) << 63;
}

static struct dial *dial_add(struct hub *hub, struct bytes address, uint32_t author)
{
	struct dials *dials = &hub->dials;
	struct dial *dial = dial_find(dials, address, author);
	if (dial)
		return dial;
	if (address.len > LIMIT_ADDRESS_LEN_MAX || dials->count >= DIAL_COUNT_MAX)
		return NULL;
	dials->items = mem_room(dials->items, dials->count, &dials->cap, sizeof(*dials->items));
	dial = &dials->items[dials->count++];
	*dial = (struct dial){.host = host_of(address),
			      .next_ms = hub->mono_ms,
			      .backoff_ms = hub->options.limits->dial_backoff_ms_min};
	memcpy(dial->address, address.ptr, address.len);
	return dial;
}

static void dial_remove(struct dials *dials, size_t i)
{
	dials->items[i] = dials->items[--dials->count];
}

/* ---- what contact records say ---- */

static bool own_address(const struct hub *hub, struct bytes address)
{
	const char *const *own = hub->options.addresses;
	for (size_t i = 0; own && own[i]; i++) {
		if (bytes_eq(bytes_str(own[i]), address))
			return true;
	}
	return false;
}

static bool contact_has(const struct contact *contact, const char *address)
{
	for (size_t i = 0; i < contact->address_count; i++) {
		if (bytes_eq(contact->addresses[i], bytes_str(address)))
			return true;
	}
	return false;
}

/* The next who names this address is expected there now. */
static void answerer_next(struct dial *dial, bool keep)
{
	struct dial_answerer current = {dial->author, dial->expected};
	if (dial->other_count == 0)
		return;
	dial->author = dial->others[0].author;
	dial->expected = dial->others[0].key;
	dial->other_count--;
	memmove(&dial->others[0], &dial->others[1], dial->other_count * sizeof(current));
	if (keep)
		dial->others[dial->other_count++] = current;
}

static void answerer_add(struct dial *dial, uint32_t author, const struct dh_pk *key)
{
	if (dial->author == author || dial->manual)
		return;
	for (uint8_t i = 0; i < dial->other_count; i++) {
		if (dial->others[i].author == author)
			return;
	}
	if (dial->other_count < DIAL_OTHER_MAX)
		dial->others[dial->other_count++] = (struct dial_answerer){author, *key};
}

/* The author does not name this address any more. True: nobody does. */
static bool answerer_drop(struct dial *dial, uint32_t author)
{
	for (uint8_t i = 0; i < dial->other_count; i++) {
		if (dial->others[i].author != author)
			continue;
		dial->others[i] = dial->others[--dial->other_count];
		return false;
	}
	if (dial->author != author || dial->manual || dial->number || dial->link)
		return false;
	bool last = dial->other_count == 0;
	answerer_next(dial, false);
	return last;
}

static void contact_drop(struct dials *dials, uint32_t author, const struct contact *contact)
{
	for (size_t i = dials->count; i-- > 0;) {
		if (!contact_has(contact, dials->items[i].address) &&
		    answerer_drop(&dials->items[i], author))
			dial_remove(dials, i);
	}
}

/*
 * Whether one more address of the organisation may be kept; one where nobody was met, and that was
 * tried most, gives way.
 */
static bool org_room(struct dials *dials, uint32_t author)
{
	size_t count = 0, worst = dials->count;
	for (size_t i = 0; i < dials->count; i++) {
		const struct dial *dial = &dials->items[i];
		if (dial->manual || author_member(dial->author) != author_member(author))
			continue;
		count++;
		if (is_rated(dial) && !dial->number && !dial->link &&
		    (worst == dials->count || dial->backoff_ms > dials->items[worst].backoff_ms))
			worst = i;
	}
	if (count < DIAL_ORG_COUNT_MAX)
		return true;
	if (worst == dials->count)
		return false;
	dial_remove(dials, worst);
	return true;
}

void dials_contact(struct hub *hub, struct txn *txn, const struct record *record)
{
	const uint32_t author = record->author;
	struct contact contact;
	struct dh_pk key;
	if (author == hub->author || contact_get(&contact, record->body) ||
	    !peers_key(hub, txn, author, &key))
		return;
	contact_drop(&hub->dials, author, &contact);
	for (size_t i = 0; i < contact.address_count; i++) {
		struct dial *dial = dial_find(&hub->dials, contact.addresses[i], author);
		if (dial && dial->author) {
			answerer_add(dial, author, &key);
			continue;
		}
		if (own_address(hub, contact.addresses[i]) ||
		    (!dial && !org_room(&hub->dials, author)))
			continue;
		dial = dial_add(hub, contact.addresses[i], author);
		if (!dial)
			continue;
		dial->author = author;
		if (!dial->manual) {
			dial->has_expected = true;
			dial->expected = key;
		}
		dial->next_ms = hub->mono_ms + hub_jitter(hub, first_dial_ms) +
				(hub->author > author ? politeness_ms : 0);
	}
}

static void contacts_load(struct hub *hub, struct txn *txn)
{
	struct record_slot slot = record_slot_contact();
	struct author_state state;
	uint32_t author = 0;
	while (ledger_active_next(&hub->ledger, txn, &author, &state)) {
		struct record record;
		if (!ledger_slot(&hub->ledger, txn, record_slot_bytes(&slot), author, &record))
			dials_contact(hub, txn, &record);
	}
}

void dials_authors(struct hub *hub, struct txn *txn)
{
	struct sign_pk pk;

	for (size_t i = 0; i < hub->dials.count; i++) {
		struct dial *dial = &hub->dials.items[i];
		/* Retired, or not in the log any more. */
		dial->out =
			dial->author && ledger_author(&hub->ledger, txn, dial->author, &pk, NULL);
		if (!dial->out || dial->other_count == 0 || dial->number || dial->link)
			continue;
		answerer_next(dial, true);
		dial->out = false;
	}
}

/* ---- what people say ---- */

void dials_out(struct hub *hub)
{
	hub->dials.out_ms = hub->mono_ms + out_pause_ms;
}

void dials_open(struct hub *hub, struct txn *txn)
{
	struct walk walk = walk_begin(txn, TABLE_PEER, bytes_of(NULL, 0));
	while (walk_next(&walk)) {
		struct dial *dial = dial_add(hub, walk.key, 0);
		if (dial)
			dial->manual = true;
	}
	contacts_load(hub, txn);
}

void dials_close(struct hub *hub)
{
	free(hub->dials.items);
	hub->dials = (struct dials){0};
}

void dials_invitation(struct hub *hub, const char *address, const struct dh_pk *expected)
{
	struct dial *dial = dial_add(hub, bytes_str(address), 0);
	if (!dial)
		return;
	dial->invitation = true;
	dial->has_expected = true;
	dial->expected = *expected;
	dial->next_ms = hub->mono_ms;
}

void dials_invitation_done(struct hub *hub)
{
	for (size_t i = hub->dials.count; i-- > 0;) {
		struct dial *dial = &hub->dials.items[i];
		if (!dial->invitation)
			continue;
		dial->invitation = false;
		dial->has_expected = false;
		if (!dial->manual && !dial->author && !dial->number && !dial->link)
			dial_remove(&hub->dials, i);
	}
}

enum err dials_add(struct hub *hub, struct txn *txn, const char *address, char *why)
{
	if (contact_address_check(bytes_str(address))) {
		why_set(why,
			"\"%.200s\" is not an address: write HOST:PORT, for example "
			"rathaus.example:7400 or [2001:db8::1]:7400.",
			address);
		return ERR_CONFIG;
	}
	struct row_key key = key_text(bytes_str(address));
	if (txn_has(txn, TABLE_PEER, row_key_bytes(&key))) {
		why_set(why, "%s is in the list already: see `allmende peers`.", address);
		return ERR_EXISTS;
	}
	uint8_t form = 1;
	txn_put(txn, TABLE_PEER, row_key_bytes(&key), bytes_of(&form, 1));
	struct dial *dial = dial_add(hub, bytes_str(address), 0);
	if (dial) {
		dial->manual = true;
		dial->next_ms = hub->mono_ms;
	}
	return ERR_OK;
}

/* ---- what comes of an attempt ---- */

void dials_up(struct hub *hub, struct peer *peer, uint64_t number)
{
	struct dial *dial = by_number(&hub->dials, number);
	if (!dial)
		return;
	snprintf(peer->address, sizeof(peer->address), "%s", dial->address);
	attempt_refund(hub, dial);
	dial->link = peer->link;
	dial->number = 0;
	dial->up_ms = hub->mono_ms;
	dial->why[0] = 0;
	dials_out(hub);
	dials_named(hub, peer);
}

void dials_named(struct hub *hub, const struct peer *peer)
{
	struct dial *dial = by_link(&hub->dials, peer->link);
	if (!dial || !peer->author)
		return;
	dial->author = peer->author;
	dial->met = true;
	dial->misses = 0;
}

static uint32_t backoff_max(const struct hub *hub, const struct dial *dial)
{
	return hub->options.limits->dial_backoff_ms_max * (is_rated(dial) ? UNMET_BACKOFF : 1);
}

/* The next attempt is later, and the one after that later still. */
static void put_off(struct hub *hub, struct dial *dial)
{
	uint32_t max = backoff_max(hub, dial);
	dial->next_ms = hub->mono_ms + hub_jitter(hub, dial->backoff_ms);
	dial->backoff_ms = 2 * dial->backoff_ms < max ? 2 * dial->backoff_ms : max;
}

static void dial_failed(struct hub *hub, struct dial *dial, enum link_reason reason)
{
	bool was_good = dial->link != 0 && hub->mono_ms - dial->up_ms >= good_link_ms;
	bool missed = dial->link == 0;
	dial->number = 0;
	dial->link = 0;
	snprintf(dial->why, sizeof(dial->why), "%s", link_reason_text(reason));
	if (was_good)
		dial->backoff_ms = hub->options.limits->dial_backoff_ms_min;
	if (missed) {
		dial->met = dial->met && ++dial->misses < MET_MISS_MAX;
		answerer_next(dial, true);
	}
	put_off(hub, dial);
	if (dial->invitation && hub_joining(hub) && reason != LINK_REASON_DONE)
		why_set(hub->place_why, "%s does not let us in: %s", dial->address,
			link_reason_text(reason));
}

void dials_down(struct hub *hub, const struct event *event)
{
	struct dial *dial = by_number(&hub->dials, event->dial);
	if (!dial)
		dial = by_link(&hub->dials, event->link);
	if (dial)
		dial_failed(hub, dial, event->reason);
}

/* ---- dialling ---- */

/*
 * The address of one who is no member any more, or is paused: kept, as that may end, and not tried.
 */
static bool dial_idle(const struct hub *hub, const struct dial *dial)
{
	const struct charter_member *member = hub_author_member(hub, dial->author);

	return dial->out || hub_paused(hub, dial->author) ||
	       (dial->author && hub->charter.number > 0 &&
		(!member || !charter_is_present(member)));
}

/* Who is out asks one at a time. */
static bool out_asks(const struct hub *hub)
{
	for (size_t i = 0; i < hub->dials.count; i++)
		if (hub->dials.items[i].number || hub->dials.items[i].link)
			return true;
	return false;
}

static bool is_linked(const struct hub *hub, uint32_t author)
{
	for (size_t i = 0; author && i < hub->peers.count; i++) {
		if (hub->peers.items[i]->up && hub->peers.items[i]->author == author)
			return true;
	}
	return false;
}

/* One address of a node at a time, few of an organisation. */
static bool runs_enough(const struct hub *hub, const struct dial *dial)
{
	size_t all = 0, org = 0;
	for (size_t i = 0; i < hub->dials.count; i++) {
		const struct dial *other = &hub->dials.items[i];
		if (!other->number)
			continue;
		if (dial->author && other->author == dial->author)
			return true;
		all++;
		org += dial->author && author_member(other->author) == author_member(dial->author);
	}
	return all >= DIAL_RUN_MAX || org >= DIAL_ORG_RUN_MAX;
}

/* Whether an address is to be dialled, once its time has come. */
static bool dial_wanted(const struct hub *hub, const struct dial *dial)
{
	if (dial->number || dial->link || !hub->has_fed)
		return false;
	if (!dial->invitation && (!hub_follows(hub) || (hub_is_out(hub) && out_asks(hub))))
		return false;
	return !dial_idle(hub, dial) && !is_linked(hub, dial->author) && !runs_enough(hub, dial);
}

/* When it may be dialled: when it is due, and so are its organisation, its host and all. */
static int64_t ready_ms(const struct hub *hub, const struct dial *dial)
{
	int64_t at = dial->next_ms;
	int64_t pace_ms = rate_ready_ms(&hub->dials.pace, PACE_MS, PACE_BURST);
	uint64_t keys[2];
	keys_of(dial, keys);
	at = pace_ms > at ? pace_ms : at;
	if (hub_is_out(hub) && !dial->invitation && hub->dials.out_ms > at)
		at = hub->dials.out_ms;
	for (size_t i = 0; is_rated(dial) && i < 2; i++) {
		int64_t rate_ms = rate_ready_ms(rate_find((struct dials *)&hub->dials, keys[i]),
						RATE_MS, BURST);
		at = rate_ms > at ? rate_ms : at;
	}
	return at;
}

static void dial_start(struct hub *hub, struct dial *dial)
{
	dial->number = ++hub->dials.last;
	attempt_charge(hub, dial);
	struct effect *effect = hub_effect(hub, EFFECT_DIAL, 0);
	effect->dial = dial->number;
	memcpy(effect->address, dial->address, sizeof(effect->address));
	effect->has_expected = dial->has_expected;
	effect->expected = dial->expected;
}

void dials_tick(struct hub *hub)
{
	for (int rated = 0; rated < 2; rated++) {
		for (size_t i = 0; i < hub->dials.count; i++) {
			struct dial *dial = &hub->dials.items[i];
			if (is_rated(dial) != rated || dial->next_ms > hub->mono_ms ||
			    !dial_wanted(hub, dial) || ready_ms(hub, dial) > hub->mono_ms)
				continue;
			if (hub->author && dial->author &&
			    !places_may(hub, author_member(dial->author)))
				put_off(hub, dial); /* its organisation has what it may have */
			else
				dial_start(hub, dial);
		}
	}
}

int64_t dials_wake(const struct hub *hub)
{
	int64_t wake = INT64_MAX;
	for (size_t i = 0; i < hub->dials.count; i++) {
		const struct dial *dial = &hub->dials.items[i];
		if (dial->next_ms >= wake || !dial_wanted(hub, dial))
			continue;
		int64_t at = ready_ms(hub, dial);
		wake = at < wake ? at : wake;
	}
	return wake;
}

/* ---- for people ---- */

bool dials_manual(const struct hub *hub, uint64_t link)
{
	const struct dial *dial = by_link((struct dials *)&hub->dials, link);
	return dial && dial->manual;
}

bool dials_show(struct hub *hub, size_t index, struct peer_state *out)
{
	for (size_t i = 0; i < hub->dials.count; i++) {
		const struct dial *dial = &hub->dials.items[i];
		if (dial->link || dial_idle(hub, dial) || is_linked(hub, dial->author))
			continue;
		if (index-- > 0)
			continue;
		memcpy(out->address, dial->address, sizeof(out->address));
		memcpy(out->why, dial->why, sizeof(out->why));
		out->author = dial->author;
		out->dialled = true;
		out->manual = dial->manual;
		out->since_ms = hub_wall_of(hub, dial->next_ms);
		return true;
	}
	return false;
}
