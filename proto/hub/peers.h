/*
 * peers - who is linked.
 *
 * Whom to dial says dials.h, who may stay places.h. Two nodes that dial each other at once get two
 * links; both ends keep the one that the smaller author dialled.
 *
 * Glossary: peer - what the core knows about a link. guest - a peer that is not (yet) in the
 * charter.
 */
#ifndef ALLMENDE_PEERS_H
#define ALLMENDE_PEERS_H

#include "proto/hub/twins.h"
#include "proto/hub/event.h"
#include "proto/hub/message.h"
#include "proto/ledger/record.h"

enum peer_class { PEER_GUEST, PEER_MEMBER };

struct own_place { /* in the own records */
	uint32_t incarnation;
	uint64_t sequence;
};

struct peer {
	uint64_t link;
	uint64_t dial;
	bool up;
	bool leaving; /* it was told to end: has no place any more */
	enum peer_class class;
	uint32_t author; /* 0: guest */
	struct dh_pk key;
	struct org_id org; /* as its certificate says */
	uint8_t node_index;
	uint8_t session_key[32];                 /* first bytes of the handshake hash */
	char address[LIMIT_ADDRESS_LEN_MAX + 1]; /* dialled; else empty */
	char software[MESSAGE_SOFTWARE_LEN_MAX + 1];
	int64_t up_ms; /* 0: never */
	bool spoke;    /* it has said something that it may */
	bool out;      /* a guest: its node was retired or lost, or its organisation left */
	bool waits;    /* a guest that waits for the stewards, or they for us: it stays */
	bool met;    /* both sides know each other as members: from now on member messages may go */
	bool synced; /* compared at least once */
	bool compared_news;         /* for the core: a comparison has come to its end */
	struct own_place own_said;  /* how far the own records were when HELLO was sent */
	struct own_place own_heard; /* up to here it has them, as it has shown; 0: not known */
	struct own_place own_same;  /* exactly these it has had, as a digest has shown; 0: none */
	int64_t ahead_ms;  /* how far its newest own head lay in the future when it came; 0: not */
	int64_t head_ms;   /* of its newest own head since the link is up; 0: none came */
	bool late_known;   /* it has made another since then, */
	int64_t late_ms;   /* of which the one that was youngest when it came was so old */
	uint32_t junk;     /* of a guest, since it came; hub_junk() */
	size_t turn_bytes; /* queued for it in this turn */
	struct peer_sync *sync;         /* flow.h */
	struct peer_transfer *transfer; /* holds.h */
};

struct peers {
	struct peer **items;
	size_t count, cap;
	struct twins twins;
};

void peers_close(struct hub *hub); /* those that are left have no parts any more */
void peers_turn(struct hub *hub);  /* a turn begins */
struct peer *peers_find(struct hub *hub, uint64_t link);
struct peer *peers_by_author(struct hub *hub, uint32_t author);
/* The key that must answer where this author is dialled; false: it is no active node. */
bool peers_key(struct hub *hub, struct txn *txn, uint32_t author, struct dh_pk *key);
/* EVENT_LINK_CERT: the peer that was admitted, and has no parts yet; NULL: it was not. */
struct peer *peers_cert(struct hub *hub, struct txn *txn, const struct event *event);
/* EVENT_LINK_UP: the peer, when it is up now. */
struct peer *peers_up(struct hub *hub, const struct event *event);
/* EVENT_LINK_DOWN: the peer, which is in no list any more: for peer_free(). */
struct peer *peers_down(struct hub *hub, const struct event *event);
void peer_free(struct peer *peer);
/*
 * Membership changed: guests that are members now become members; members that are not any more are
 * closed.
 */
void peers_classify(struct hub *hub, struct txn *txn);
void peers_tick(struct hub *hub);
int64_t peers_wake(const struct hub *hub);

/* Links, for `allmende peers`. Index from 0; false at the end. */
struct peer_state {
	uint64_t link;   /* 0: not linked */
	uint32_t author; /* 0: a guest or not known yet */
	char address[LIMIT_ADDRESS_LEN_MAX + 1];
	bool dialled; /* by us */
	bool synced;
	int64_t ahead_ms; /* by how much its clock is ahead of ours, at least; 0: not known to be */
	bool late_known;  /* it has said something since it is linked: */
	int64_t late_ms;  /* by how much it is behind ours, about */
	int64_t since_ms; /* linked since; or next attempt when not linked */
	char software[65];
	char why[128]; /* why not linked */
	bool manual;   /* by `peer add` */
};
bool peers_show(struct hub *hub, size_t index, struct peer_state *out);

#endif
