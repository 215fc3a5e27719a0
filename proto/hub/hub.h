/*
 * hub - what the machines of one node share inside a turn: its place in the federation, its ledger,
 * its peers, the effects, the time.
 *
 * Every machine (sync, fetch, voting, ...) is a few functions on a struct hub and a struct of its
 * own, which hangs below and is known to nobody else; so each can be tested with a hub alone. Calls
 * go down. What a lower machine has found out and a higher one acts upon stands here as a flag or a
 * counter, and the core asks for it after each event.
 */
#ifndef ALLMENDE_HUB_H
#define ALLMENDE_HUB_H

#include "crypto/random.h"
#include "proto/charter/charter.h"
#include "proto/hub/dials.h"
#include "proto/hub/event.h"
#include "proto/hub/floor.h"
#include "proto/charter/identity.h"
#include "proto/charter/invitation.h"
#include "proto/ledger/ledger.h"
#include "proto/hub/message.h"
#include "proto/hub/meter.h"
#include "proto/hub/peers.h"
#include "store/keyfile.h"

struct hub_options {
	const struct limits *limits;     /* borrowed for the life of the core */
	struct random *random;           /* borrowed */
	struct keyring *keyring;         /* borrowed; seals federation keys in the store */
	const struct identity *identity; /* borrowed */
	const char *software;            /* "allmende 0.1.0" */
	const char *const *addresses;    /* HOST:PORT to tell others; NULL-terminated, borrowed */
	bool dial_only;
};

/* Where this organisation stands. */
enum place {
	PLACE_NONE,
	PLACE_JOINING,   /* the invitation is being used */
	PLACE_WAITING,   /* the request is there; the stewards have not said yes yet */
	PLACE_ADMITTED,  /* they have; the charter is on its way */
	PLACE_MEMBER,    /* author is not 0, but for a moment after the charter went back */
	PLACE_FORMER,    /* was a member, and was removed */
	PLACE_OUT,       /* the organisation's log does not have this node as active */
	PLACE_UNSETTLED, /* the charter as it stands does not show it: follows it as a guest */
};

/* Whether this node signs in its own name: without, no record, head, wrap or vote; sync/start.h. */
enum signing {
	SIGNING_YES,
	SIGNING_WAITS,   /* since a start: nobody has said yet that the own head here is the last */
	SIGNING_BEHIND,  /* it is not: what was signed since comes back first */
	SIGNING_STOPPED, /* another machine uses the key of this node */
	SIGNING_STOPPING, /* the same, but what it has signed comes back first */
};

struct hub {
	struct hub_options options;
	int64_t wall_ms; /* of the turn: the time of day, since 1970, for what is signed or shown */
	int64_t mono_ms; /* of the turn: never goes back, for every wait; unknown beginning */
	/* floor.h: by which it is judged whether what has a date counts still; what has passed for
	   certain, for what acts because time has passed; and how long this node has run in all */
	int64_t judge_ms, act_ms, ran_ms;
	struct floor floor;
	struct effects *effects; /* of the turn; NULL: none is under way */
	enum headroom headroom;  /* when the turn began; beside ledger.room */

	struct charter charter;
	struct ledger ledger;
	struct peers peers;
	struct dials dials;
	struct meter meter;

	/* the own place */
	enum place place, place_before; /* place_before: without the invitation in use */
	char place_why
		[WHY_LEN]; /* why joining has not succeeded yet, or why it is a member no more */
	bool has_fed;      /* founded, joined or joining: charter.fed counts */
	uint32_t author;   /* own; 0: not a member yet */
	struct invitation *invitation; /* in use; NULL: none */
	struct buf own_entry;          /* latest own organisation log entry */
	enum signing signing;

	/* what the core asks for after each event */
	bool charter_news; /* entries were accepted */
	bool hello_due;    /* to all: what they compare has changed */
	uint64_t
		/* this link has shown that the invitation leads nowhere: place_why; 0: none */
		join_failed;
	bool peer_news;    /* a peer has been met or compared with */
	bool was_linked;   /* a peer has been met since the start */
	bool signing_news; /* this node signs again: what has waited for that is due */
	bool aside_news;   /* own records have come back: what was put aside may be there again */
	/* counters, for whoever remembers what follows from it */
	uint64_t keys_epoch;    /* keys or roles of members have changed */
	uint64_t source_epoch;  /* peers, or what they hold, have changed */
	uint64_t rights_epoch;  /* what anybody may has changed */
	uint64_t granted_epoch; /* the same, in the own namespace */
	uint64_t wanted_epoch;  /* rights, keys or subscriptions: more may be had than before */

	uint32_t *forgotten; /* members whose keys or roles have changed; 0: all. For rights.h */
	size_t forgotten_count, forgotten_cap;

	struct buf bottle;     /* records that came as text, in this turn */
	struct packer *packer; /* for descriptions; NULL until one is opened */

	/* each known to the machine of its name alone */
	struct audit *audit;
	struct wrapkeys *wrapkeys;
	struct fedkeys *fedkeys;
	struct rights *rights;
	struct epochs *epochs;
	struct logs *logs;
	struct sync *sync;
	struct gossip *gossip;
	struct start *start;
	struct recount *recount;
	struct salvage *salvage;
	struct transfer *transfer;
	struct voting *voting;
	struct joining *joining;
	struct erasing *erasing;
	struct takeover *takeover;
	struct siblings *siblings;
	struct hidden *hidden;
	struct tally *tally;
};

struct effect *hub_effect(struct hub *hub, enum effect_type type, uint64_t link);
struct note *hub_note(struct hub *hub, enum note_type type);
/*
 * Takes the buffer. A faulty one is left out: what can not be said is not the fault of who asked.
 * The link ends when there is more in one turn than may wait for one peer
 * (limits.peer_queue_bytes_max): it asks faster than it takes answers. A link that is not up gets
 * nothing.
 */
void hub_send(struct hub *hub, struct peer *peer, struct buf *message);
/* What this organisation is called; it may have been renamed since it was made. */
const char *hub_own_name(const struct hub *hub);
/* How far the own records are; zero: there are none. */
struct own_place hub_own_place(struct hub *hub, struct txn *txn);
/* Ends the list and sends it. */
void hub_send_list(struct hub *hub, struct peer *peer, struct message_list *list);
/* The peer is not up any more; it goes with EVENT_LINK_DOWN. */
void hub_close_link(struct hub *hub, struct peer *peer, enum link_reason reason);
/* The peer broke the rules: says so and closes. */
void hub_peer_bad(struct hub *hub, struct peer *peer, enum link_reason reason, const char *what);
/* Who pays for what the peer asks for, as the meter counts; 0: all guests together. */
uint32_t hub_payer(const struct peer *peer);
/* Charges what was done since the last charge. */
void hub_charge(struct hub *hub, struct txn *txn, uint32_t payer);
/* Whether nothing is wanted of this author's organisation for a while; author 0: never. */
bool hub_paused(const struct hub *hub, uint32_t author);
/*
 * The peer sent what no honest one sends. It costs more than it took; too much of it pauses the
 * organisation and closes its links, and closes the link of a guest.
 */
void hub_junk(struct hub *hub, struct peer *peer, enum junk junk);
/* Keys or roles of a member have changed (0: of all). */
void hub_forget(struct hub *hub, uint32_t member_number);
const struct charter_member *hub_author_member(const struct hub *hub, uint32_t author);
/* When the clocks go on as they do, what one shows when the other does; INT64_MAX stays. */
int64_t hub_mono_of(const struct hub *hub, int64_t wall_ms);
int64_t hub_wall_of(const struct hub *hub, int64_t mono_ms);
/* Random delay of ms, half more or less. */
int64_t hub_jitter(struct hub *hub, int64_t ms);
__attribute__((format(printf, 2, 3))) void why_set(char why[WHY_LEN], const char *format, ...);

/* The invitation is in use. */
bool hub_joining(const struct hub *hub);
/*
 * This node is out: by its organisation's log, or as its organisation is no member any more. It
 * does nothing but to ask once an hour whether it is back.
 */
bool hub_is_out(const struct hub *hub);
/* Charter entries are taken: a member, who may be one again, or is about to be one. */
bool hub_follows(const struct hub *hub);
/* For what only members do: ERR_OK, or why this node cannot. */
enum err hub_member_check(const struct hub *hub, char why[WHY_LEN]);
/* Whether the charter may go on. ERR_BUSY, with a sentence: two entries of one number stand. */
enum err hub_frozen_check(const struct hub *hub, char why[WHY_LEN]);
/* Whether the own author may publish more than rights: ERR_OK, or ERR_NOSPACE and why not. */
enum err hub_quota_check(struct hub *hub, struct txn *txn, char why[WHY_LEN]);
/* ledger_append() has said ERR_NOSPACE. */
void hub_quota_why(struct hub *hub, struct txn *txn, char why[WHY_LEN]);
void hub_signing(struct hub *hub, enum signing signing);
/* ERR_AGAIN: this node signs nothing now, and why says so. */
enum err hub_sign_check(const struct hub *hub, char why[WHY_LEN]);
/*
 * The seed of the root key that the charter names for the own organisation, or before it is a
 * member, of the one it was made with. ERR_ABSENT: it is not on this machine. The caller wipes.
 */
enum err hub_root_seed(const struct hub *hub, struct key *seed);
/* The same as the seed of its signatures. */
enum err hub_root_sign(const struct hub *hub, struct key *sign_seed);
bool hub_has_root(const struct hub *hub);
/* The own author number belongs to nobody or to somebody else now. */
void hub_place_lost(struct hub *hub);

#endif
