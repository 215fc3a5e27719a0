/*
 * dials - whom to dial, and when: every member whose address is known, until it is linked.
 *
 * Addresses are what others say in their contact records, so nobody may be made to dial whatever
 * somebody names: an organisation has DIAL_ORG_COUNT_MAX of them and DIAL_ORG_RUN_MAX attempts at a
 * time, and attempts in vain at addresses where nobody has been met yet are few a minute for one
 * organisation and for one host. All attempts together have a pace. An address that a person has
 * added, that of the invitation in use, and one where its node was met come first and are tried
 * again sooner.
 */
#ifndef ALLMENDE_DIALS_H
#define ALLMENDE_DIALS_H

#include "proto/hub/event.h"
#include "proto/ledger/record.h"

enum {
	DIAL_COUNT_MAX = 8192,   /* addresses in all */
	DIAL_RUN_MAX = 32,       /* attempts at a time */
	DIAL_ORG_COUNT_MAX = 32, /* addresses of one organisation */
	DIAL_ORG_RUN_MAX = 2,    /* attempts at a time for one organisation */
	DIAL_OTHER_MAX = 3,      /* more nodes of one organisation that name the same address */
	DIAL_RATE_COUNT_MAX = 1024,
};

struct dial_answerer { /* who names an address, and the key that must answer there */
	uint32_t author;
	struct dh_pk key;
};

struct dial { /* one address to be linked with */
	char address[LIMIT_ADDRESS_LEN_MAX + 1];
	uint64_t host;   /* short name of the address without its port */
	uint32_t author; /* who is expected there; 0: whoever is a member */
	bool has_expected;
	struct dh_pk expected;
	/* of the same organisation and named there too: tried in turn */
	struct dial_answerer others[DIAL_OTHER_MAX];
	uint8_t other_count;
	bool manual;     /* by `peer add` */
	bool invitation; /* of the invitation being used */
	bool out;        /* who is expected is out by its organisation's log */
	bool met;        /* who is expected was met here, and not missed often since */
	uint32_t misses; /* since then */
	uint64_t number; /* of the attempt under way; 0: none */
	uint64_t link;   /* linked through it; 0: not */
	int64_t up_ms;   /* when it was linked last */
	int64_t next_ms;
	uint32_t backoff_ms;
	char why[128];
};

struct dial_rate { /* how much a host or an organisation has been dialled in vain */
	uint64_t key;
	int64_t clear_ms; /* each attempt moves it on; forgotten when it has passed */
};

struct dials {
	struct dial *items;
	size_t count, cap;
	uint64_t last; /* number of the last attempt */
	struct dial_rate pace;
	struct dial_rate rates[DIAL_RATE_COUNT_MAX];
	size_t rate_count;
	int64_t out_ms; /* hub_is_out(): not before */
};

struct peer;
struct peer_state;

void dials_open(struct hub *hub, struct txn *txn);
void dials_close(struct hub *hub);
/* This node has learned that it is out, or has asked: it asks again in an hour. */
void dials_out(struct hub *hub);
/* Charter or logs have changed: who is out is not dialled. */
void dials_authors(struct hub *hub, struct txn *txn);
/* RECORD_CONTACT: an author's addresses are known. */
void dials_contact(struct hub *hub, struct txn *txn, const struct record *record);
void dials_invitation(struct hub *hub, const char *address, const struct dh_pk *expected);
void dials_invitation_done(struct hub *hub);
/* `peer add`: dials now and after every start. ERR_CONFIG: not HOST:PORT. ERR_EXISTS. */
enum err dials_add(struct hub *hub, struct txn *txn, const char *address, char *why);

/* An attempt has led to this peer; later it is known who that is; the link or attempt has ended. */
void dials_up(struct hub *hub, struct peer *peer, uint64_t number);
void dials_named(struct hub *hub, const struct peer *peer);
void dials_down(struct hub *hub, const struct event *event);

void dials_tick(struct hub *hub);
int64_t dials_wake(const struct hub *hub);
/* Whether a person has added the address of this link. */
bool dials_manual(const struct hub *hub, uint64_t link);
/* Those that are not linked: the index-th from 0; false at the end. */
bool dials_show(struct hub *hub, size_t index, struct peer_state *out);

#endif
