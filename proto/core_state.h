/*
 * core_state - what the modules of the core share: the one struct, and small verbs to act on it.
 *
 * Private to core.c, peers.c, sync.c, membership.c, transfer.c and catalog.c. Each of the embedded structs belongs to one
 * of them, which alone changes it.
 */
#ifndef ALLMENDE_CORE_STATE_H
#define ALLMENDE_CORE_STATE_H

#include "proto/catalog.h"
#include "proto/charter.h"
#include "proto/core.h"
#include "proto/ledger.h"
#include "proto/message.h"
#include "proto/invitation.h"
#include "proto/epochs.h"

enum peer_class { PEER_GUEST, PEER_MEMBER };

enum sync_phase {
	SYNC_IDLE,   /* no comparison under way */
	SYNC_GROUPS, /* GROUPS sent, the peer's not yet here */
	SYNC_STATES, /* STATES sent, the end of the peer's not yet here */
	SYNC_STREAM, /* both sides send what the other lacks */
};

struct sync_want { /* what a peer lacks of one author */
	uint32_t author;
	uint32_t incarnation; /* to begin in */
	uint64_t sequence;    /* to begin after */
	bool head_sent;
};

struct sync_group { /* of the authors of one county, as sent in this comparison */
	char name[MESSAGE_GROUP_LEN_MAX + 1];
	uint8_t digest[8];
	bool differs;
};

struct sync { /* of one peer; sync.c */
	enum sync_phase phase;
	bool hello_waits; /* our HELLO is not answered yet */
	bool met; /* both sides know each other as members: from now on member messages may go */
	bool ever_synced;
	uint32_t charter_sent, charter_here; /* charter numbers of the last HELLOs */
	struct digest content_sent, content_here;
	bool charter_asked;     /* what was never asked for is not taken */
	uint32_t charter_first; /* the first number asked for */
	uint32_t
		charter_again; /* for this number of the peer's it was asked for from the beginning */
	uint32_t charter_compared; /* the entry of this number was compared with the peer's */
	uint32_t fork_told;        /* FORK about this number was sent */
	struct digest other_entry; /* id of an entry that it has instead of the own one */
	uint32_t orglog_asked;     /* questions without an answer yet */
	int64_t hello_paced_ms, hello_allowed_ms; /* own HELLOs, and the peer's */
	struct sync_group *groups;                /* by rising name */
	size_t group_count;
	uint32_t states_author;  /* the last one that the peer's STATES named */
	bool end_sent, end_here; /* SYNC_END */
	struct sync_want *wants; /* the peer lacks these, by rising author; each author once */
	size_t want_count, want_at, want_cap;
	bool stream_end_due;    /* SYNC_END follows the last want */
	uint64_t untaken_bytes; /* sent, not yet confirmed by TAKEN */
	uint64_t taken_bytes;   /* taken, not yet confirmed to the peer */
	int64_t next_hello_ms;  /* to this peer, for a reason; INT64_MAX: none */
	int64_t phase_since_ms; /* or since the last progress in it */
};

enum reconcile_step {
	RECONCILE_IDLE,
	RECONCILE_BUCKETS, /* BUCKETS_GET asked */
	RECONCILE_LEAVES,  /* LEAVES_GET asked */
	RECONCILE_RECORDS  /* RECORDS_GET asked */
};

struct reconcile { /* with one peer: one author, one bucket, one question at a time; reconcile.c */
	enum reconcile_step step;
	bool due; /* SYNC_END has come: the next look is at the end of the turn */
	uint32_t author, incarnation;
	uint64_t counter;
	unsigned bucket;
	struct digest *buckets; /* of the head; checked */
	bool differs[256];
	struct buf missing; /* be64 sequences asked for */
	int64_t since_ms;   /* of the question */
};

struct peer {
	uint64_t link;
	uint64_t dial;
	bool up;
	enum peer_class class;
	uint32_t author; /* 0: guest */
	struct dh_pk key;
	struct org_id org; /* as its certificate says */
	uint8_t node_index;
	uint8_t session_key[32];                 /* first bytes of the handshake hash */
	char address[LIMIT_ADDRESS_LEN_MAX + 1]; /* dialled; else empty */
	char software[MESSAGE_SOFTWARE_LEN_MAX + 1];
	int64_t up_ms; /* 0: never */
	struct sync sync;
	struct reconcile reconcile;
	struct holds *holds;      /* versions it says it holds; serve.c */
	struct row_key holds_at;  /* HOLDS to it: what is held has been told up to here */
	bool holds_more;          /* there is more to tell */
	int64_t holds_next_ms;    /* when */
	uint64_t in_flight_bytes; /* of chunks requested from it */
	uint32_t in_flight_count;
	uint32_t window_bytes; /* bound of in_flight_bytes, which follows its speed; 0: the first */
	bool waits;            /* a guest that waits for the stewards, or they for us: it stays */
	int64_t ahead_ms;  /* how far its newest own head lay in the future when it came; 0: not */
	bool late;         /* it has let a request expire: gets one at a time until it answers */
	size_t turn_bytes; /* queued for it in this turn */
	uint32_t turn_serve; /* chunks to serve to it, of this turn */
};

struct dial { /* one address to be linked with; peers.c */
	char address[LIMIT_ADDRESS_LEN_MAX + 1];
	uint32_t author; /* who is expected there; 0: whoever is a member */
	bool has_expected;
	struct dh_pk expected;
	bool manual;     /* by `peer add` */
	bool invitation; /* of the invitation being used */
	uint64_t number; /* of the attempt under way; 0: none */
	uint64_t link;   /* linked through it; 0: not */
	int64_t up_ms;   /* when it was linked last */
	int64_t next_ms;
	uint32_t backoff_ms;
	char why[128];
};

struct request { /* a chunk asked for */
	struct chunk_addr addr;
	uint32_t size;
	uint64_t link; /* 0: waits to be asked for again */
	int64_t sent_ms;
	bool due; /* given to the link in this step, and not sent yet */
};

struct fetch { /* one version on its way; transfer.c */
	struct message_version of;
	char path[LIMIT_PATH_LEN_MAX + 1];
	enum tier tier;
	bool has_token; /* requests name it */
	struct digest token;
	int64_t refused_ms;       /* the last time that a peer did not give what needs a token */
	uint32_t refused_wait_ms; /* after this all are asked again */
	bool indexed;             /* the index is here and verified */
	uint64_t index_link;      /* peer asked for the index; 0: none */
	int64_t index_ms;
	struct index_digest *digest; /* running, while the index arrives */
	struct chunk_addr cursor;    /* the walk over the index rows continues after this */
	bool walk_begun, walk_done;
	bool walk_waits; /* for the next turn */
	struct request *requests;
	size_t request_count, request_cap;
	uint64_t chunk_count, chunk_count_all, bytes, bytes_all;
	uint64_t *refused; /* links that do not have it, each once */
	size_t refused_count;
	bool source; /* a peer has it, as of source_epoch */
	uint64_t source_epoch;
};

struct sweep { /* the dataset under the broom */
	struct dataset_id dataset;
	uint64_t mark; /* of its row when the sweep began */
	bool chunks_done;
	struct chunk_addr from; /* where to go on */
	struct digest seen;     /* the same, among what was seen */
};

enum scan_step { SCAN_IDLE, SCAN_HELD, SCAN_PATHS };

struct transfer {
	struct fetch **fetches; /* the first limits.fetch_count_max run */
	size_t fetch_count, fetch_cap;
	struct buf subscriptions;          /* rows, one after the other; subscription.c */
	struct message_version *held_news; /* became held in this turn: HOLDS to tell */
	size_t held_news_count;
	struct sweep sweep;
	bool sweep_waits;              /* there is more to sweep */
	struct dataset_id *publishing; /* datasets with an open publication: not swept */
	size_t publishing_count;
	bool scan_due;    /* subscriptions are to be compared with the catalogue */
	bool scan_missed; /* the list of fetches was full: to be compared again when it is not */
	enum scan_step scan_step;
	struct row_key scan_at;
	uint64_t source_epoch; /* rises with every change of who has what */
};

struct wrap_secret {
	uint32_t number; /* of the organisation log entry that first named it */
	struct secret *secret;
};

struct membership {
	/* membership.c */
	bool joining;
	bool admitted; /* the steward said yes; the charter is on its way */
	bool former;   /* was a member */
	bool waiting;  /* the request is there; the stewards have not said yes yet */
	struct invitation *invitation;
	char why[512];
	uint32_t orglogs_here;     /* up to this charter number all organisation logs are here */
	struct buf own_entry;      /* latest own organisation log entry */
	struct wrap_secret *wraps; /* of the organisation, the newest first; nodes.c */
	size_t wrap_count;
	struct secret **fed_keys; /* fed_keys[n - 1] is F_n; NULL: not here */
	size_t fed_key_count;
	uint64_t key_number_cleaned; /* nothing that older keys have left behind is here any more */
	int64_t wrap_due_ms;         /* to look whether all members have a wrap of the latest key */
};

struct erasing { /* withdrawn here, its chunks are being swept, the erasure is to be told; withdrawal.c */
	struct dataset_id *datasets;
	size_t count;
};

struct right;
struct rights { /* what the tokens of the own organisation give, by token id; rights.c */
	bool known;
	struct right *items;
	size_t count;
	int64_t next_ms; /* when the next one begins */
};

struct voting {
	/* voting.c */
	bool looked; /* at the charter with this latest entry: */
	struct digest at;
	bool frozen;
	bool due;                 /* there are new votes */
	int64_t requests_next_ms; /* request.c: when the next one ends; 0: not known */
};

struct recount {         /* recount.c */
	int64_t next_ms; /* 0: not known yet */
	uint32_t author; /* the last one begun; 0: none */
	struct ledger_recount at;
};

struct core {
	struct core_options options;
	struct charter charter;
	bool has_fed; /* founded, joined or joining: charter.fed counts */
	struct ledger ledger;
	uint32_t author; /* own; 0: not a member yet */
	struct peer **peers;
	size_t peer_count, peer_cap;
	struct dial *dials;
	size_t dial_count, dial_cap;
	uint64_t dial_last; /* number of the last attempt */
	struct membership membership;
	struct voting voting;
	struct transfer transfer;
	struct rights rights;
	struct erasing erasing;
	struct epochs epochs;
	struct digest content; /* digest of all states */
	bool content_known;    /* it is up to date, but for authors touched in this turn */
	struct recount recount;
	int64_t entropy_next_ms; /* when a peer taken by lot is compared with */
	int64_t quiet_until_ms; /* after a start: no own head before a peer has confirmed the last one */
	int64_t behind_since_ms; /* a peer knew a later own head than this store; 0: none did */
	int64_t own_head_ms;     /* time of the own latest head */
	int64_t clock_ms;        /* of the turn before */
	bool clock_set;          /* back, since the start */
	bool log_news;           /* the own organisation log has grown: the next head is due */
	bool head_due;           /* own records are not yet those of the own head */
	struct news *news;
	size_t news_count, news_cap;
	struct relay *relays; /* by rising author, each once */
	size_t relay_count, relay_cap;
	struct effects *effects; /* of the turn */
	int64_t now_ms;          /* of the turn */
	enum room room;          /* what may still be stored */
};

struct relay { /* another author's head that is to be told on in a moment; gossip.c */
	uint32_t author;
	int64_t due_ms;
	uint64_t *heard; /* links by which it has come, each once */
	size_t heard_count;
};

struct news { /* a head accepted in this turn; gossip.c announces it */
	uint32_t author;
	uint64_t from_link;       /* 0: own */
	uint64_t sequence_before; /* records above it are new */
	bool pull;                /* its records may not all have come along */
};

/* core.c */
struct effect *core_effect(struct core *core, enum effect_type type, uint64_t link);
/*
 * Takes the buffer. A faulty one ends the link, and so does more in one turn than may wait for one peer
 * (limits.peer_queue_bytes_max): it asks faster than it takes answers. A link that is not up gets nothing.
 */
void core_send(struct core *core, struct peer *peer, struct buf *message);
/* Ends the list and sends it. */
void core_send_list(struct core *core, struct peer *peer, struct message_list *list);
/* The peer is not up any more; it goes with EVENT_LINK_DOWN. */
void core_close_link(struct core *core, struct peer *peer, enum link_reason reason);
/* The peer broke the rules: says so and closes. */
void core_peer_bad(struct core *core, struct peer *peer, enum link_reason reason, const char *what);
/* Brings touched authors up to date; forgets a member's keys (0: all). The content digest may change. */
void core_settle(struct core *core, struct txn *txn);
void core_forget(struct core *core, uint32_t member_number);
struct note *core_note(struct core *core, enum note_type type);
const struct charter_member *core_author_member(const struct core *core, uint32_t author);
/* Random delay of ms, half more or less. */
int64_t core_jitter(struct core *core, int64_t ms);
__attribute__((format(printf, 2, 3))) void why_set(char why[512], const char *format, ...);

/* peers.c */
void peers_open(struct core *core, struct txn *txn);
void peers_close(struct core *core);
struct peer *peers_find(struct core *core, uint64_t link);
struct peer *peers_by_author(struct core *core, uint32_t author);
void peers_cert(struct core *core, struct txn *txn, const struct event *event);
void peers_up(struct core *core, struct txn *txn, const struct event *event);
void peers_down(struct core *core, const struct event *event);
/* Membership changed: guests that are members now become members; members that are not any more are closed. */
void peers_classify(struct core *core, struct txn *txn);
/* An author's addresses are known (contact record). */
void peers_contact(struct core *core, struct txn *txn, const struct record *record);
void peers_invitation(struct core *core, const char *address, const struct dh_pk *expected);
void peers_invitation_done(struct core *core);
void peers_tick(struct core *core);
int64_t peers_wake(const struct core *core);
/* The author of a node with this transport key; 0: none. */
uint32_t peers_author_of(struct core *core, struct txn *txn, const struct org_id *org,
			 uint8_t node_index, const struct dh_pk *key);

/* sync.c */
void sync_fini(struct sync *sync);
void sync_up(struct core *core, struct txn *txn, struct peer *peer);
/* Begins a new exchange of HELLO unless one is under way. */
void sync_hello(struct core *core, struct txn *txn, struct peer *peer);
void sync_hello_all(struct core *core, struct txn *txn);
/* A guest that is none by a charter which is the own one. */
bool sync_stranger(const struct core *core, const struct peer *peer);
void sync_message(struct core *core, struct txn *txn, struct peer *peer, struct message *m);
void sync_tick(struct core *core, struct txn *txn);
/* A peer with which no comparison is under way; members: only one that has met us as a member. NULL: there is none. */
struct peer *sync_peer_by_lot(struct core *core, bool members);
/* Asks a peer for all that it has and this node lacks, outside a comparison. */
void sync_states_tell(struct core *core, struct txn *txn, struct peer *peer);
int64_t sync_wake(const struct core *core);
void sync_state(struct message_state *out, const struct author_state *state);
/* core_send() of a HEAD or RECORDS message, which the peer will confirm by TAKEN. */
void sync_send(struct core *core, struct peer *peer, struct buf *message);
/* Something that the comparison waits for has come. */
void sync_progress(struct core *core, struct peer *peer);

/* recount.c */
void recount_tick(struct core *core, struct txn *txn);
int64_t recount_wake(const struct core *core);

/* gossip.c */
void gossip_open(struct core *core, struct txn *txn);
void gossip_close(struct core *core);
/* Others may know more of the own author than this store: takes that up, and then begins another incarnation. */
void gossip_behind(struct core *core, struct txn *txn);
int64_t gossip_wake(const struct core *core);
void gossip_message(struct core *core, struct txn *txn, struct peer *peer, struct message *m);
/* Counts bytes taken from a peer, and confirms them now or when they are enough. */
void gossip_taken(struct core *core, struct peer *peer, size_t len, bool now);
/* End of a turn: own head if due, announcements, questions. */
void gossip_settle(struct core *core, struct txn *txn);

/* reconcile.c */
void reconcile_message(struct core *core, struct txn *txn, struct peer *peer, struct message *m);
void reconcile_fini(struct reconcile *reconcile);
/* RECORDS have come from a peer, and are in the store. */
void reconcile_records(struct core *core, struct txn *txn, struct peer *peer);
/* End of a turn: asks peers about the authors whose set is not that of their heads. */
void reconcile_settle(struct core *core, struct txn *txn);
int64_t reconcile_wake(const struct peer *peer); /* INT64_MAX: never */

/* membership.c */
enum err membership_open(struct core *core, struct txn *txn);
void membership_close(struct core *core);
void membership_up(struct core *core, struct txn *txn, struct peer *peer);
/* CHARTER_GET, CHARTER, ORGLOG_GET, ORGLOG, JOIN, JOIN_ANSWER */
void membership_message(struct core *core, struct txn *txn, struct peer *peer, struct message *m);
bool membership_orglogs_here(struct core *core, struct txn *txn);
/* For what only members do: ERR_OK, or why this node cannot. */
enum err membership_check(const struct core *core, char *why);
/* True when all organisation logs of members are here; otherwise asks the peer for them. */
bool membership_orglogs_ask(struct core *core, struct txn *txn, struct peer *peer);
/* Asks for the entries of one member's organisation log from a number on. */
void membership_orglog_ask(struct core *core, struct peer *peer, const struct org_id *org,
			   uint32_t first);
/* After entries were accepted: own place, peers, keys, and a HELLO to everybody. */
void membership_charter_changed(struct core *core, struct txn *txn);
/* This node is no member any more. */
void membership_place_lost(struct core *core);
/* Whether an entry contradicts the invitation in use. */
bool membership_checkpoint_ok(const struct core *core, struct bytes entry);
/* Asks for the charter from a number on. */
void membership_charter_ask(struct core *core, struct peer *peer, uint32_t first);
/* Looks whether the charter, as it now stands, shows this organisation as a member. */
void membership_own_place(struct core *core, struct txn *txn);
/* A comparison with a member has come to its end. */
void membership_compared(struct core *core, struct txn *txn);

/* nodes.c: the wrap keys of the own organisation */
enum err nodes_open(struct core *core, struct txn *txn);
void nodes_close(struct core *core);
/* Opens a wrap for the own organisation, whichever of its wrap keys it was made for. ERR_DENIED; ERR_VERSION. The caller wipes. */
enum err nodes_unwrap(const struct core *core, const struct wrap *wrap,
		      const struct wrap_context *context, struct key *out);
void nodes_wrap_key_news(struct core *core, struct txn *txn, const struct record *record);

/* admission.c: JOIN */
void admission_take(struct core *core, struct txn *txn, struct peer *peer, const struct message *m);

/* fedkeys.c */
enum err fedkeys_load(struct core *core, struct txn *txn);
const struct key *fedkeys_get(const struct core *core, uint64_t number); /* NULL: not here */
void fedkeys_store(struct core *core, struct txn *txn, uint64_t number, const struct key *key);
/* Publishes the latest federation key for one member. */
void fedkeys_wrap(struct core *core, struct txn *txn, const struct charter_member *member);
/* A wrap record came in. */
void fedkeys_wrap_news(struct core *core, struct txn *txn, const struct record *record);
/*
 * Prepares F_(n+1) for a proposal: a random key, kept sealed here until an entry with its commitment
 * counts, and wrapped for all members that stay. Fills key_change, which goes into the proposal.
 * `leaving` are member numbers that get none: those removed or made relays by the proposal.
 * ERR_AGAIN: F_n is not here; errors of the store stick to it.
 */
enum err fedkeys_next(struct core *core, struct txn *txn, struct charter_change *key_change,
		      const uint32_t *leaving, size_t leaving_count);
/* The charter has changed: a key that waited may count now, and others may need a wrap. */
void fedkeys_charter_changed(struct core *core, struct txn *txn);
/* Wraps the latest key for members of whom nobody else has thought. */
void fedkeys_tick(struct core *core, struct txn *txn);
int64_t fedkeys_wake(const struct core *core);

/* fork.c */
/*
 * An entry from a peer (link) or put together here (0): charter_accept(), and what follows when it
 * is another one of a known number: the charter is frozen, or a settlement takes its place. Errors
 * as charter_accept(); ERR_OK: the charter has changed, and the caller calls
 * membership_charter_changed() after the last entry. ERR_EXISTS: it is known, or does not count.
 */
enum err fork_accept(struct core *core, struct txn *txn, struct bytes entry, uint64_t link);
/* FORK to a peer that can check it and has not got it in this session. */
void fork_tell(struct core *core, struct txn *txn, struct peer *peer);
void fork_tell_all(struct core *core, struct txn *txn);
/* A peer sent an entry that does not count here: tells it what does. */
void fork_answer(struct core *core, struct txn *txn, struct peer *peer, struct bytes entry);
/*
 * A peer has an entry instead of the own one, which is too old to be taken back for that alone: but when most members have
 * it, this node was away, and takes theirs. True: it did.
 */
bool fork_follow(struct core *core, struct txn *txn, struct peer *peer, struct bytes entry);
void fork_message(struct core *core, struct txn *txn, struct peer *peer, struct message *m);

/*
 * voting.c, epochs.c, withdrawal.c: news is a record that came into the store, own or foreign (the record borrows from the
 * store until the next write); settle is the end of a turn; wake as core_wake(), INT64_MAX: never.
 */
void voting_news(struct core *core, struct txn *txn, const struct record *record); /* RECORD_VOTE */
void voting_settle(struct core *core, struct txn *txn);
int64_t voting_wake(const struct core *core);
void epochs_news(
	struct core *core, struct txn *txn,
	const struct record *record); /* RECORD_KEY, RECORD_WRAP with a prefix, RECORD_TOKEN */
void epochs_settle(struct core *core, struct txn *txn);
int64_t epochs_wake(const struct core *core);
void withdrawal_open(struct core *core, struct txn *txn);
void withdrawal_close(struct core *core);
void withdrawal_news(struct core *core, struct txn *txn,
		     const struct record *record); /* RECORD_WITHDRAWAL, RECORD_ERASURE */
void withdrawal_settle(struct core *core, struct txn *txn);
int64_t withdrawal_wake(const struct core *core);

/* rights.c: tokens, members or nodes have changed */
void rights_due(struct core *core);
void rights_news(struct core *core, const struct record *record); /* RECORD_TOKEN */
void rights_fini(struct core *core);
void rights_tick(struct core *core);
int64_t rights_wake(const struct core *core);

/* catalog.c: as catalog_read(), held or not */
enum err catalog_read_any(struct core *core, struct txn *txn, const char *path, uint64_t number,
			  struct reading *out, char *why);

/* fetch.c */
struct fetch *fetch_find(struct core *core, const struct message_version *of);
void fetch_free(struct fetch *fetch);
/* Wants a version; first: before all others, as somebody waits for it. */
void fetch_add(struct core *core, struct txn *txn, const struct message_version *of,
	       const struct version *version, bool first);
/* Whether a peer may have the version: it said so, or it made it. */
bool fetch_peer_has(const struct peer *peer, const struct fetch *fetch);
bool fetch_has_source(struct core *core, struct fetch *fetch);
/* When peers that did not know the token yet are asked again; INT64_MAX: never. */
int64_t fetch_pardon_ms(const struct fetch *fetch);
/* Nothing can come of a look at it before a peer has it. */
bool fetch_rests(const struct core *core, const struct fetch *fetch);
/* What is left of the store is for own data: a foreign version has to wait. */
bool fetch_no_room(const struct core *core, const struct message_version *of);
/* One look at a fetch. False when it is finished and gone. */
bool fetch_step(struct core *core, struct txn *txn, struct fetch *fetch);
void fetch_index_take(struct core *core, struct txn *txn, struct peer *peer, struct message *m);
void fetch_chunk(struct core *core, struct txn *txn, struct peer *peer, const struct event *event);
void fetch_chunk_bad(struct core *core, struct txn *txn, const struct event *event);
void fetch_down(struct core *core, struct peer *peer);
/* Whether any fetch has found that the peer did not have it. */
bool fetch_refuses(const struct core *core, const struct peer *peer);
/* A peer says that it holds a version, perhaps again. */
void fetch_offered(struct core *core, const struct peer *peer, const struct message_version *of);
/* A peer that did not have something may be asked again. */
void fetch_retry(struct core *core, const struct peer *peer);
/* Peers, or what they hold, have changed. */
void fetch_sources_changed(struct core *core);
/* All chunks of a version are here, fetched or published. */
void fetch_held(struct core *core, struct txn *txn, const struct message_version *of,
		const char *path, uint64_t bytes, uint64_t chunks);
/* Chunks may have come in another way: declares a damaged version whole again. False when some are missing still. */
bool fetch_healed(struct core *core, struct txn *txn, const struct message_version *of,
		  const char *path);
/* A version is gone: its index and held rows go, its chunks are swept. */
void fetch_drop(struct core *core, struct txn *txn, const struct message_version *of);

/* serve.c: INDEX_GET, INDEX, CHUNK_GET, HOLDS */
void serve_message(struct core *core, struct txn *txn, struct peer *peer, struct message *m);
void serve_up(struct core *core, struct peer *peer);
void serve_tick(struct core *core, struct txn *txn);
int64_t serve_wake(const struct core *core);
void serve_holds(struct core *core, struct peer *peer, const struct message_version *of,
		 size_t count);
bool serve_peer_holds(const struct peer *peer, const struct message_version *of);
void holds_free(struct holds *holds);

/* sweep.c */
/* Protects a dataset from the sweep while it is being published. */
void sweep_pause(struct core *core, const struct dataset_id *dataset, bool yes);
/* End of a turn: one step. */
void sweep_step(struct core *core, struct txn *txn);

/* transfer.c */
void transfer_open(struct core *core, struct txn *txn);
void transfer_close(struct core *core);
void transfer_version_news(struct core *core, struct txn *txn,
			   const struct ledger_arrival *arrival);
void transfer_settle(struct core *core, struct txn *txn);
void transfer_tick(struct core *core, struct txn *txn);
int64_t transfer_wake(const struct core *core);

#endif
