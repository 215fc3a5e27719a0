/*
 * conn - one TCP connection and its link; private to net.c, conn.c, half.c, dial.c and
 * chunks_out.c.
 *
 * A conn is born by an accept or by EFFECT_DIAL, and released in the last close callback of its
 * handles. The core knows it by a number that is never used again; items and jobs under way refer
 * to it by that number alone.
 */
#ifndef ALLMENDE_CONN_H
#define ALLMENDE_CONN_H

#include "node/net/net.h"
#include "proto/link/link.h"

#define CONN_READ_LEN    65536
#define CONN_WRITE_LEN   (128u * 1024)       /* pulled from the link at a time */
#define CONN_ITEM_MAX    256                 /* messages of one peer in the queue of the turn */
#define CONN_WAITING_MAX (1024u * 1024)      /* bytes of them; one more may pass it */
#define CONN_BULK_MAX    (12u * 1024 * 1024) /* the same of chunks, with workers or there */
#define CONN_DRAIN_MS    2000                /* for the farewell to be read */
#define NET_CHECKING_MAX (8u * 1024 * 1024)  /* bytes of bulk with workers */

enum conn_state {
	CONN_RESOLVING, /* dial.c */
	CONN_CONNECTING,
	CONN_OPEN,     /* the link is alive */
	CONN_DRAINING, /* the link is closed; its last bytes go out */
	CONN_CLOSING,  /* handles are closing */
};

/* An IPv4 address, or a /64 of IPv6, which is what one customer of a provider has. */
struct source {
	uint8_t b[9];
};

struct chunk_want {
	struct version_id of; /* of a chunk the dataset alone */
	struct chunk_addr addr;
	bool verify; /* somebody has got one that was altered */
	bool whole;  /* all chunks of a small version */
	bool absent; /* the peer may not have it, or not any more: as if it were not here */
};

struct conn {
	struct net *net;
	uint64_t id;   /* the core's number of the link */
	uint64_t dial; /* 0: accepted */
	enum conn_state state;
	char address[LIMIT_ADDRESS_LEN_MAX + 1]; /* as dialled, or of the other end */
	struct source source;                    /* where the other end is, for counting */

	uv_tcp_t tcp;
	uv_timer_t timer;
	uv_write_t write;
	uv_shutdown_t shutdown;
	unsigned handles; /* open: tcp, timer */
	bool reading, writing;
	struct buf out; /* being written */

	/* dial.c */
	uv_getaddrinfo_t resolve;
	uv_connect_t connect;
	struct addrinfo *found, *next_found;
	unsigned tries; /* of those found */
	bool has_expected;
	struct dh_pk expected;
	bool resolving; /* the request is with libuv */

	struct link link;
	bool has_link;
	bool known;        /* the core has heard of it and is to hear of its end */
	bool up;           /* the handshake is over */
	size_t item_count; /* messages with workers or in the queue, */
	size_t waiting_bytes[LINK_CHANNEL_COUNT]; /* and what they hold */
	size_t owed[LINK_CHANNEL_COUNT];          /* consumed, the link not told yet */

	/* chunks_out.c */
	struct chunk_want *wants;
	size_t want_count, want_at, want_cap;
	bool reading_chunks; /* a job is under way */
};

/* An address that was dialled in vain. */
struct miss {
	char address[LIMIT_ADDRESS_LEN_MAX + 1]; /* empty: none */
	char why[64];
};
#define MISS_COUNT_MAX 64

struct net {
	struct net_options options;
	uv_tcp_t listener;
	bool listening;
	char address[LIMIT_ADDRESS_LEN_MAX + 1];
	struct conn **conns;
	size_t conn_count, conn_cap;
	uint64_t link_last;
	bool linkable;
	struct buf certificate;
	struct fed_id fed;
	struct miss misses[MISS_COUNT_MAX];
	size_t miss_next;      /* the oldest, which goes first */
	size_t checking_bytes; /* with workers */
	size_t job_count;
	struct net_counts counts;
	bool closing;
	void (*closed)(void *arg);
	void *closed_arg;
	char *read_buf; /* CONN_READ_LEN bytes, shared: libuv fills it right before the callback */
};

/* net.c */
struct conn *net_conn(struct net *net, uint64_t id); /* NULL: gone */
/* A new one without handles; its timer is open. */
struct conn *net_conn_new(struct net *net);
void net_conn_gone(struct conn *conn); /* the last handle is closed: releases it */
void net_job_done(struct net *net);
bool net_room(const struct net *net);

/* conn.c */
void conn_open(struct conn *conn); /* connected: begins the link */
void conn_pump(struct conn *conn); /* after anything happened to the link */
/* Ends it without a word; the core is told if it knows. */
void conn_kill(struct conn *conn, enum link_reason reason);
uint64_t conn_now(const struct conn *conn);

/* half.c */
void half_source(struct source *out, const struct sockaddr_storage *from);
/* Who has to go for this arrival; NULL: there is room. */
struct conn *half_victim(const struct net *net, const struct conn *arrival);

/* dial.c */
void dial_begin(struct net *net, const struct effect *effect);
void dial_timeout(struct conn *conn);
struct miss *dial_miss(struct net *net, const char *address); /* NULL: none */

/* chunks_out.c */
void chunks_out_add(struct conn *conn, const struct effect *effect); /* SERVE */
void chunks_out_recall(struct conn *conn, const struct dataset_id *dataset);
void chunks_out_pump(struct conn *conn); /* reads more when the peer takes more */

#endif
