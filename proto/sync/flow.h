/*
 * flow - one peer's part of comparing and gossip: how far the comparison is, and what is on the way
 * in both directions.
 */
#ifndef ALLMENDE_FLOW_H
#define ALLMENDE_FLOW_H

#include "proto/hub/hub.h"
#include "proto/charter/orglog.h"
#include "proto/sync/fork.h"

enum { FLOW_DOUBT_COUNT = 16 }; /* the last ones of a peer are remembered */

enum sync_phase {
	SYNC_IDLE,   /* no comparison under way */
	SYNC_SKETCH, /* HELLO exchanged, the peer's SKETCH not yet here */
	SYNC_STATES, /* it is, the end of the peer's STATES not yet */
	SYNC_STREAM, /* both sides send what the other lacks */
};

struct sync_want { /* what a peer lacks of one author */
	uint32_t author;
	uint32_t incarnation; /* to begin in */
	uint64_t sequence;    /* to begin after */
	bool begun;
	bool lists;       /* it has hardly anything, and is told list by list, */
	uint64_t place;   /* from here on; */
	uint64_t counter; /* of the head that it was sent before */
};

enum {
	REPAIR_COUNT_MAX = 16, /* authors at a time */
	REPAIR_WAIT_COUNT_MAX = 512,
};

enum repair_step {
	REPAIR_IDLE,
	REPAIR_LEAVES, /* LEAVES_GET asked */
	REPAIR_RECORDS /* RECORDS_GET asked */
};

struct repair { /* one author, one page, one question at a time */
	enum repair_step step;
	uint32_t author, incarnation;
	struct digest set;  /* of the head */
	uint64_t place;     /* of the page asked for */
	bool more;          /* there is something to ask for behind it, */
	uint64_t next;      /* here */
	struct buf missing; /* be64 sequences asked for */
	struct buf named;   /* leaves of the page: be64 sequence, hash */
	int64_t since_ms;   /* of the question */
};

struct repair_wait { /* what a peer did not have of an author */
	uint32_t author;
	uint32_t wait_ms;
	int64_t until_ms; /* it is not asked again before */
};

struct reconcile {
	bool due;     /* SYNC_END has come: the next look is at the end of the turn */
	bool running; /* authors are looked at, as places get free */
	bool beyond;  /* nodes of later rounds are left out */
	bool left;    /* some were left out, as too many of their organisation are under way */
	unsigned round;
	uint32_t author; /* looked at last */
	struct repair repairs[REPAIR_COUNT_MAX];
	struct repair_wait *waits; /* by rising author */
	size_t wait_count, wait_cap;
};

struct peer_sync {
	enum sync_phase phase;
	bool hello_waits;                    /* our HELLO is not answered yet */
	uint32_t charter_sent, charter_here; /* charter numbers of the last HELLOs */
	struct digest content_sent, content_here;
	bool sketches;    /* in this exchange this side sends SKETCH, and answers STATES */
	bool names_all;   /* the peer's STATES name all its authors */
	bool own_differs; /* they have named the own author */
	bool has_marks;
	uint8_t marks_here[ROLL_MARK_COUNT];
	bool charter_asked;     /* what was never asked for is not taken */
	uint32_t charter_first; /* the first number asked for */
	uint32_t
		/* for this number of the peer's it was asked for from the beginning */
		charter_again;
	uint32_t charter_compared;  /* the entry of this number was compared with the peer's */
	uint32_t fork_told;         /* FORK about this number was sent, */
	uint32_t fork_asked;        /* and then the charter was asked for */
	uint32_t fork_heard;        /* FORK about this number has come, and both are valid */
	struct fork_kept kept_told; /* the last one of those kept out that was told */
	struct digest other_entry;  /* id of an entry that it has instead of the own one */
	uint32_t orglog_asked;      /* questions without an answer yet */
	uint32_t orglog_back;       /* so far back was asked for what does not follow the own log */
	uint32_t orglog_compared;   /* its own log was compared as of this number */
	struct org_id bind_org;     /* log_bind.h: whose log was asked for a way last, */
	uint32_t bind_next;         /* and from which entry on */
	struct orglog_lost lost_told;             /* the last lost entry that was told */
	int64_t hello_paced_ms, hello_allowed_ms; /* own HELLOs, and the peer's */
	struct own_place own_sketched;            /* how far the own records were in SKETCH */
	uint32_t states_author;                   /* the last one that the peer's STATES named */
	bool end_sent, end_here;                  /* SYNC_END */
	struct sync_want *wants; /* the peer lacks these, by rising author; each author once */
	size_t want_count, want_at, want_cap;
	bool stream_end_due;    /* SYNC_END follows the last want */
	uint64_t untaken_bytes; /* sent, not yet confirmed by TAKEN */
	uint64_t taken_bytes;   /* taken, not yet confirmed to the peer */
	int64_t next_hello_ms;  /* to this peer, for a reason; INT64_MAX: none */
	int64_t phase_since_ms; /* or since the last progress in it */
	int64_t own_head_ms;    /* when it told what own head it knows; 0: not yet */
	bool salvage_failed;    /* salvage.h: it did not tell what it has shown */
	struct reconcile reconcile;
	/* members of whom it has passed on what we hold for forged, since keys have changed last */
	uint32_t doubted[FLOW_DOUBT_COUNT];
	unsigned doubted_at;
	uint64_t doubted_keys;
};

void flow_open(struct peer *peer);
void flow_close(struct peer *peer);
/* hub_send() of a HEAD or RECORDS message, which the peer will confirm by TAKEN. */
void flow_send(struct hub *hub, struct peer *peer, struct buf *message);
void flow_send_list(struct hub *hub, struct peer *peer, struct message_list *list);
/* Counts bytes taken from a peer, and confirms them now or when they are enough. */
void flow_taken(struct hub *hub, struct peer *peer, size_t len, bool now);
/* Something that the comparison waits for has come. */
void flow_progress(struct hub *hub, struct peer *peer);
/* The page in LEAVES; whether it is one of the set is not looked at. */
void flow_page(struct setdigest_page *page, struct message *m);
/* A peer has shown what it has of the own author. */
void flow_own_shown(struct peer *peer, const struct author_state *mine,
		    const struct message_state *theirs);
/* A state as STATES tells it. */
void flow_state(const struct peer *peer, struct message_state *out,
		const struct author_state *state);

#endif
