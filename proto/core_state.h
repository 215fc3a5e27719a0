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

struct sync { /* of one peer; sync.c */
	enum sync_phase phase;
	bool hello_waits; /* our HELLO is not answered yet */
	bool hello_here;  /* the peer's last HELLO is below */
	bool met; /* both sides know each other as members: from now on member messages may go */
	bool ever_synced;
	uint32_t charter_sent, charter_here; /* charter numbers of the last HELLOs */
	struct digest content_sent, content_here;
	struct message_group
		*groups; /* as sent in this comparison; group texts point into the charter */
	size_t group_count;
	struct buf differing;    /* groups that differ: MESSAGE_GROUP_LEN_MAX + 1 bytes each */
	struct buf states_named; /* authors the peer's STATES named: be32 each */
	bool states_here;        /* the end of the peer's STATES has come */
	bool end_sent, end_here; /* SYNC_END */
	struct sync_want *wants; /* the peer lacks these, by rising author within one STATES */
	size_t want_count, want_at, want_cap;
	bool stream_end_due;    /* SYNC_END follows the last want */
	uint64_t untaken_bytes; /* sent, not yet confirmed by TAKEN */
	uint64_t taken_bytes;   /* taken, not yet confirmed to the peer */
	int64_t next_hello_ms;  /* anti-entropy */
	int64_t phase_since_ms;
	uint32_t reconcile_author; /* 0: none; asked BUCKETS_GET for it */
	struct digest *buckets;    /* the peer's, checked */
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
	int64_t up_ms;
	struct sync sync;
	uint64_t *holds; /* hashes of versions it says it holds, unordered; transfer.c */
	size_t hold_count, hold_cap;
	uint64_t in_flight_bytes; /* of chunks requested from it */
	uint32_t in_flight_count;
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
	int64_t next_ms;
	uint32_t backoff_ms;
	char why[128];
};

struct request { /* a chunk asked for */
	struct chunk_addr addr;
	uint32_t size;
	uint64_t link; /* 0: waits to be asked for again */
	int64_t sent_ms;
};

struct fetch { /* one version on its way; transfer.c */
	struct message_version of;
	char path[LIMIT_PATH_LEN_MAX + 1];
	bool indexed;        /* the index is here and verified */
	uint64_t index_link; /* peer asked for the index; 0: none */
	int64_t index_ms;
	struct index_digest *digest; /* running, while the index arrives */
	struct chunk_addr cursor;    /* the walk over the index rows continues after this */
	bool walk_begun, walk_done;
	struct request *requests;
	size_t request_count, request_cap;
	uint64_t chunk_count, chunk_count_all, bytes, bytes_all;
	uint64_t *refused; /* links that do not have it */
	size_t refused_count;
};

struct sweep { /* chunks first, then what is remembered of chunks that are gone */
	struct dataset_id dataset;
	struct chunk_addr from;
	bool chunks_done;
	struct digest seen_from;
};

struct transfer {
	struct fetch **fetches; /* the first limits.fetch_count_max run */
	size_t fetch_count, fetch_cap;
	struct buf patterns;               /* subscriptions: be16 length and text each */
	struct message_version *held_news; /* became held in this turn: HOLDS to tell */
	size_t held_news_count;
	struct sweep *sweeps;
	size_t sweep_count;
	struct dataset_id *publishing; /* datasets with an open publication: not swept */
	size_t publishing_count;
	bool scan_due; /* subscriptions are to be compared with the catalogue */
};

struct membership {
	/* membership.c */
	bool joining;
	bool admitted; /* the steward said yes; the charter is on its way */
	struct invitation *invitation;
	char why[512];
	struct buf own_entry;     /* latest own organisation log entry */
	struct secret **fed_keys; /* fed_keys[n - 1] is F_n; NULL: not here */
	size_t fed_key_count;
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
	struct transfer transfer;
	int64_t own_head_ms; /* time of the own latest head */
	bool head_due;       /* own records changed: a new head at the end of the turn */
	struct news *news;
	size_t news_count, news_cap;
	struct effects *effects; /* of the turn */
	int64_t now_ms;          /* of the turn */
};

struct news { /* a head accepted in this turn; sync.c announces it */
	uint32_t author;
	uint64_t from_link;       /* 0: own */
	uint64_t sequence_before; /* records above it are new */
	bool pull;                /* its records may not all have come along */
};

/* core.c */
struct effect *core_effect(struct core *core, enum effect_type type, uint64_t link);
/* Takes the buffer. A faulty one ends the link. */
void core_send(struct core *core, const struct peer *peer, struct buf *message);
/* Ends the list and sends it. */
void core_send_list(struct core *core, const struct peer *peer, struct message_list *list);
void core_close_link(struct core *core, const struct peer *peer, enum link_reason reason);
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
void peers_contact(struct core *core, uint32_t author, struct bytes record);
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
void sync_message(struct core *core, struct txn *txn, struct peer *peer, struct message *m);
void sync_tick(struct core *core, struct txn *txn);
int64_t sync_wake(const struct core *core);
/* A version record or wrap came into the store. */
void core_record_news(struct core *core, struct txn *txn, const struct ledger_news *news);

void sync_state(struct message_state *out, const struct author_state *state);

/* gossip.c */
void gossip_message(struct core *core, struct txn *txn, struct peer *peer, struct message *m);
/* Counts bytes taken from a peer, and confirms them now or when they are enough. */
void gossip_taken(struct core *core, struct peer *peer, size_t len, bool now);
/* End of a turn: own head if due, announcements, questions. */
void gossip_settle(struct core *core, struct txn *txn);

/* reconcile.c */
void reconcile_message(struct core *core, struct txn *txn, struct peer *peer, struct message *m);
/* Asks a peer about every author whose set is not that of its head. */
void reconcile_begin(struct core *core, struct txn *txn, struct peer *peer);

/* membership.c */
enum err membership_open(struct core *core, struct txn *txn);
void membership_close(struct core *core);
void membership_up(struct core *core, struct txn *txn, struct peer *peer);
/* CHARTER_GET, CHARTER, ORGLOG_GET, ORGLOG, JOIN, JOIN_ANSWER */
void membership_message(struct core *core, struct txn *txn, struct peer *peer, struct message *m);
bool membership_orglogs_here(struct core *core, struct txn *txn);
/* True when all organisation logs of members are here; otherwise asks the peer for them. */
bool membership_orglogs_ask(struct core *core, struct txn *txn, struct peer *peer);
/* Looks whether the charter, as it now stands, shows this organisation as a member. */
void membership_own_place(struct core *core, struct txn *txn);

/* admission.c: JOIN */
void admission_take(struct core *core, struct txn *txn, struct peer *peer, const struct message *m);

/* fedkeys.c */
enum err fedkeys_load(struct core *core, struct txn *txn);
const struct key *fedkeys_get(const struct core *core, uint64_t number); /* NULL: not here */
void fedkeys_store(struct core *core, struct txn *txn, uint64_t number, const struct key *key);
/* Publishes the latest federation key for one member. */
void fedkeys_wrap(struct core *core, struct txn *txn, const struct charter_member *member);
/* A wrap record came in. */
void fedkeys_wrap_news(struct core *core, struct txn *txn, struct bytes record);

/* catalog.c: as catalog_read(), held or not */
enum err catalog_read_any(struct core *core, struct txn *txn, const char *path, uint64_t number,
			  struct reading *out, char *why);

/* fetch.c */
struct fetch *fetch_find(struct core *core, const struct message_version *of);
void fetch_free(struct fetch *fetch);
/* Wants a version; first: before all others, as somebody waits for it. */
void fetch_add(struct core *core, struct txn *txn, const struct message_version *of,
	       struct bytes path, bool first);
/* Whether a peer may have the version: it said so, or it made it. */
bool fetch_peer_has(const struct peer *peer, const struct fetch *fetch);
bool fetch_has_source(struct core *core, const struct fetch *fetch);
/* One look at a fetch. False when it is finished and gone. */
bool fetch_step(struct core *core, struct txn *txn, struct fetch *fetch);
void fetch_index_take(struct core *core, struct txn *txn, struct peer *peer, struct message *m);
void fetch_chunk(struct core *core, struct txn *txn, struct peer *peer, const struct event *event);
void fetch_chunk_bad(struct core *core, struct txn *txn, const struct event *event);
void fetch_down(struct core *core, struct peer *peer);
/* All chunks of a version are here, fetched or published. */
void fetch_held(struct core *core, struct txn *txn, const struct message_version *of,
		const char *path, uint64_t bytes, uint64_t chunks);
/* A version is gone: its index and held rows go, its chunks are swept. */
void fetch_drop(struct core *core, struct txn *txn, const struct message_version *of);

/* serve.c: INDEX_GET, INDEX, CHUNK_GET, HOLDS */
void serve_message(struct core *core, struct txn *txn, struct peer *peer, struct message *m);
void serve_up(struct core *core, struct txn *txn, struct peer *peer);
void serve_holds(struct core *core, const struct peer *peer, const struct message_version *of,
		 size_t count);
bool serve_peer_holds(const struct peer *peer, const struct message_version *of);

/* sweep.c */
void sweep_open(struct core *core, struct txn *txn);
void sweep_later(struct core *core, struct txn *txn, const struct dataset_id *dataset);
/* Protects a dataset from the sweep while it is being published. */
void sweep_pause(struct core *core, const struct dataset_id *dataset, bool yes);
void sweep_step(struct core *core, struct txn *txn);
bool sweep_due(const struct core *core);

/* transfer.c */
void transfer_open(struct core *core, struct txn *txn);
void transfer_close(struct core *core);
void transfer_version_news(struct core *core, struct txn *txn, const struct ledger_news *news);
void transfer_settle(struct core *core, struct txn *txn);
void transfer_tick(struct core *core, struct txn *txn);
int64_t transfer_wake(const struct core *core);

#endif
