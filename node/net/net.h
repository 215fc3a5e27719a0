/*
 * net - sessions with other nodes: listener, dials, links over TCP, chunks that are served.
 *
 * On the loop thread. It drives each struct link, hands its events to the core as items, and
 * carries out the core's effects. Bulk messages pass a worker first, which checks their address;
 * chunks that a peer asked for are read by workers, a few at a time as the peer takes them.
 *
 * Bounds: the sessions that the core has places for, and limits.half_open_max handshakes and
 * farewells of those who came; when these are used up, somebody goes of the address (IPv6: of the
 * /64) that has the most. What a peer sends is
 * taken in while there is room in the turn's queue; otherwise its socket is not read and its credit
 * not renewed. What waits to be sent is bounded per peer by the link and over all by
 * limits.all_queue_bytes_max: the largest is closed first.
 */
#ifndef ALLMENDE_NET_H
#define ALLMENDE_NET_H

#include <uv.h>

#include "node/base/log.h"
#include "node/base/turn.h"

struct net_options {
	uv_loop_t *loop;   /* all borrowed */
	struct turn *turn; /* may come later: net_attach() */
	struct db *db;
	struct log *log;
	const struct limits *limits;
	struct random *random;
	const struct key *transport;
};

struct net;
void net_open(struct net **out, const struct net_options *options);
/* Begins to accept. One sentence in why (WHY_LEN): ERR_CONFIG (not an address of this machine,
   port in use), ERR_IO. */
enum err net_listen(struct net *net, const char *address, char *why);
/* Before the loop runs: the turn needs to know what is listened on. */
void net_attach(struct net *net, struct turn *turn);
/* The address bound, with the port that was found for port 0; "" without a listener. */
const char *net_address(const struct net *net);
/* Closes all links, tells the peers, waits for jobs; then closed(arg). net_free() after that.
   net_kill() closes what a slow peer still holds open. */
void net_close(struct net *net, void (*closed)(void *arg), void *arg);
void net_kill(struct net *net);
void net_free(struct net *net);

/* What links need. Not linkable: connections are refused. */
void net_identify(struct net *net, bool linkable, struct bytes certificate,
		  const struct fed_id *fed);
/* ADMIT, SEND, SERVE, CLOSE, DIAL. */
void net_effect(struct net *net, struct effect *effect);
/* After each batch: there may be room again. */
void net_turned(struct net *net);
/* The core has forgotten all links: they end. */
void net_reset(struct net *net);
/* Where the peer of a link is, or NULL. */
const char *net_peer_address(struct net *net, uint64_t link);
/* What has gone over links since the start, for people and monitoring (GET /metrics). */
struct net_counts {
	uint64_t messages_sent, messages_received; /* of docs/PROTOCOL.md, section 9 */
	uint64_t bytes_sent, bytes_received;       /* on the sockets, handshakes included */
	uint64_t chunks_sent, chunks_received;
};
struct net_counts net_counts(const struct net *net);
/* Why the last dial of an address did not even connect, or NULL: it did, or it is too long ago. */
const char *net_dial_why(struct net *net, const char *address);

#endif
