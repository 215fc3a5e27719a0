/*
 * half - those who came and are not linked: in the handshake, or told to go.
 *
 * They are a pool, and nobody is kept out of it: when it is full, one of the source that has the
 * most makes room. So a crowd at one address pushes out itself, and a county behind one address
 * finds room as long as nobody else needs it.
 */
#include <string.h>

#include "node/net/conn.h"

void half_source(struct source *out, const struct sockaddr_storage *from)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;
	const struct sockaddr_in *in4 = (const struct sockaddr_in *)from;

	*out = (struct source){0};
	if (from->ss_family == AF_INET) {
		out->b[0] = 4;
		memcpy(out->b + 1, &in4->sin_addr, 4);
	} else if (from->ss_family == AF_INET6 && !memcmp(&in6->sin6_addr, mapped, 12)) {
		out->b[0] = 4; /* IPv4 that came to a socket of IPv6 */
		memcpy(out->b + 1, (const uint8_t *)&in6->sin6_addr + 12, 4);
	} else if (from->ss_family == AF_INET6) {
		out->b[0] = 6;
		memcpy(out->b + 1, &in6->sin6_addr, 8);
	}
}

static bool is_half(const struct conn *conn)
{
	return !conn->dial && !conn->up && conn->state != CONN_CLOSING;
}

static size_t half_count(const struct net *net, const struct source *source)
{
	size_t count = 0;

	for (size_t i = 0; i < net->conn_count; i++)
		count += is_half(net->conns[i]) &&
			 !memcmp(&net->conns[i]->source, source, sizeof(*source));
	return count;
}

/* Those that were told to go are first, then who has shown nothing, then the oldest. */
static bool half_before(const struct conn *a, const struct conn *b)
{
	bool a_gone = a->state == CONN_DRAINING, b_gone = b->state == CONN_DRAINING;

	if (a_gone != b_gone)
		return a_gone;
	return a->known != b->known ? b->known : a->id < b->id;
}

struct conn *half_victim(const struct net *net, const struct conn *arrival)
{
	struct conn *first = NULL;
	size_t all = 0, most = 0;

	for (size_t i = 0; i < net->conn_count; i++)
		all += is_half(net->conns[i]);
	if (all <= net->options.limits->half_open_max)
		return NULL;
	for (size_t i = 0; i < net->conn_count; i++) {
		struct conn *conn = net->conns[i];
		size_t count =
			conn == arrival || !is_half(conn) ? 0 : half_count(net, &conn->source);

		if (count > most || (count && count == most && half_before(conn, first))) {
			most = count;
			first = conn;
		}
	}
	return first;
}
