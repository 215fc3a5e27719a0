#include "node/care/metrics.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "node/base/clock.h"
#include "node/care/topics.h"
#include "node/files/upload.h"
#include "node/net/net.h"
#include "proto/catalog/want.h"
#include "proto/rights/epochs.h"

#define TEXT_TYPE    "text/plain; charset=utf-8"
#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define HEALTH_LEN   200

struct ask {
	struct ask *next;
	struct metrics *metrics;
	/* one of the two */
	struct http_request *request;
	struct exchange *exchange;
	struct asker_item item;
};

/*
 * Every metric: its name behind "allmende_", type, help, and what prints its values.
 * docs/METRICS.md shows the same list, and a test compares the two: a new one is a line here, and
 * one there. At hand are, as in make_text(): out, name, metrics, overview, datasets, space, counts,
 * turns.
 */
#define METRIC_LIST(X)                                                                             \
	X(build_info, gauge, "The version of the node; always 1.",                                 \
	  put_count_of(out, name, "version", ALLMENDE_VERSION, 1))                                 \
	X(start_time_seconds, gauge, "When the node was started, since 1970.",                     \
	  put_seconds(out, name, metrics->node->started_ms))                                       \
	X(uptime_seconds, gauge, "How long the node has been running.",                            \
	  put_seconds(out, name, metrics->now_ms - metrics->node->started_ms))                     \
	X(federation_member, gauge, "1 when this node is a member of a federation.",               \
	  put_count(out, name, overview->membership.state == MEMBERSHIP_MEMBER))                   \
	X(charter_number, gauge, "Number of the charter's newest entry; 0 without one.",           \
	  put_count(out, name, metrics->charter_number))                                           \
	X(publications_waiting_total, counter,                                                     \
	  "How often something could not be published until a new key had come.",                  \
	  put_count(out, name, metrics->epochs_waited))                                            \
	X(members, gauge, "Members of the federation by completeness of their data here.",         \
	  put_members(out, name, overview))                                                        \
	X(head_age_seconds, gauge, "Age of the own newest head; it is renewed every 12 hours.",    \
	  put_age(out, name, metrics, overview->own_head_ms))                                      \
	X(oldest_head_age_seconds, gauge,                                                          \
	  "Age of the newest head of the member not heard from for the longest time.",             \
	  put_age(out, name, metrics, overview->oldest_head_ms))                                   \
	X(actions, gauge, "What the administrator has to do, by severity.",                        \
	  put_severities(out, name, metrics))                                                      \
	X(datasets, gauge, "Datasets that are known here.", put_count(out, name, datasets->known)) \
	X(datasets_own, gauge, "Datasets of this organisation.",                                   \
	  put_count(out, name, datasets->own))                                                     \
	X(datasets_held, gauge, "Datasets whose current version is whole here.",                   \
	  put_count(out, name, datasets->held))                                                    \
	X(datasets_damaged, gauge, "Datasets of which stored data was found damaged.",             \
	  put_count(out, name, datasets->damaged))                                                 \
	X(datasets_own_single, gauge, "Own datasets that have no second copy that is proved.",     \
	  put_count(out, name, datasets->own_single))                                              \
	X(store_used_bytes, gauge, "Bytes in use in the store.",                                   \
	  put_count(out, name, space->store_used))                                                 \
	X(store_file_bytes, gauge, "Size of the store's file.",                                    \
	  put_count(out, name, space->store_file))                                                 \
	X(store_limit_bytes, gauge, "The size limit of the store; 0 without one.",                 \
	  put_count(out, name, space->store_limit))                                                \
	X(audit_log_entries, gauge, "Entries of the audit log that are kept.",                     \
	  put_count(out, name, metrics->log_entries))                                              \
	X(audit_log_bytes, gauge, "Bytes that they take in the store, in whole pages.",            \
	  put_count(out, name, metrics->log_bytes))                                                \
	X(disk_free_bytes, gauge, "Free bytes on the disk of the store.",                          \
	  put_count(out, name, space->disk_free))                                                  \
	X(disk_size_bytes, gauge, "Size of the disk of the store.",                                \
	  put_count(out, name, space->disk_total))                                                 \
	X(foreign_refused, gauge, "1 while foreign data is refused because room runs out.",        \
	  put_count(out, name, space_headroom(space) != HEADROOM_ALL))                             \
	X(peers_linked, gauge, "Nodes that are linked.", put_count(out, name, overview->linked))   \
	X(peers_known, gauge, "Nodes that are linked or tried.",                                   \
	  put_count(out, name, overview->peers))                                                   \
	X(messages_sent_total, counter, "Messages sent over links.",                               \
	  put_count(out, name, counts.messages_sent))                                              \
	X(messages_received_total, counter, "Messages received over links.",                       \
	  put_count(out, name, counts.messages_received))                                          \
	X(sent_bytes_total, counter, "Bytes sent to other nodes.",                                 \
	  put_count(out, name, counts.bytes_sent))                                                 \
	X(received_bytes_total, counter, "Bytes received from other nodes.",                       \
	  put_count(out, name, counts.bytes_received))                                             \
	X(chunks_sent_total, counter, "Answers to chunk requests of other nodes.",                 \
	  put_count(out, name, counts.chunks_sent))                                                \
	X(chunks_received_total, counter, "Answers to own chunk requests.",                        \
	  put_count(out, name, counts.chunks_received))                                            \
	X(fetches, gauge, "Versions on their way here, by state.",                                 \
	  put_fetches(out, name, metrics))                                                         \
	X(uploads, gauge, "Publications under way.",                                               \
	  put_count(out, name, metrics->node->uploads->count))                                     \
	X(queries_total, counter, "Questions to the core, which are asked between turns.",         \
	  put_count(out, name, turns.query_count))                                                 \
	X(queries_failed_total, counter, "Questions that met a fault of the store.",               \
	  put_count(out, name, turns.query_failed))                                                \
	X(turns_failed_total, counter, "Turns whose commit failed.",                               \
	  put_count(out, name, turns.failed))                                                      \
	X(commit_duration_seconds, histogram, "How long the commits of turns took.",               \
	  put_commits(out, name, &turns))

/* Printing */

__attribute__((format(printf, 2, 3))) static void metrics_put(struct buf *out, const char *format,
							      ...)
{
	char line[400];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	buf_add(out, bytes_str(line));
}

static void put_head(struct buf *out, const char *name, const char *type, const char *help)
{
	metrics_put(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_count(struct buf *out, const char *name, uint64_t value)
{
	metrics_put(out, "%s %" PRIu64 "\n", name, value);
}

/* One of several, told apart by a label. */
static void put_count_of(struct buf *out, const char *name, const char *label, const char *which,
			 uint64_t value)
{
	metrics_put(out, "%s{%s=\"%s\"} %" PRIu64 "\n", name, label, which, value);
}

static void put_seconds(struct buf *out, const char *name, int64_t ms)
{
	metrics_put(out, "%s %s%" PRId64 ".%03" PRId64 "\n", name, ms < 0 ? "-" : "",
		    (ms < 0 ? -ms : ms) / 1000, (ms < 0 ? -ms : ms) % 1000);
}

/* since_ms 0: there is nothing that could be old. */
static void put_age(struct buf *out, const char *name, const struct metrics *metrics,
		    int64_t since_ms)
{
	put_seconds(out, name, since_ms ? metrics->now_ms - since_ms : 0);
}

static void put_members(struct buf *out, const char *name, const struct overview *overview)
{
	put_count_of(out, name, "state", "complete", overview->complete);
	put_count_of(out, name, "state", "partial", overview->partial);
	put_count_of(out, name, "state", "stale", overview->stale);
	put_count_of(out, name, "state", "held_back", overview->held);
	put_count_of(out, name, "state", "over_quota", overview->over);
	put_count_of(out, name, "state", "disputed", overview->disputed);
	put_count_of(out, name, "state", "unknown", overview->unknown);
}

static void put_severities(struct buf *out, const char *name, const struct metrics *metrics)
{
	for (unsigned i = 0; i <= ACTION_CRITICAL; i++)
		put_count_of(out, name, "severity", action_severity_name((enum action_severity)i),
			     metrics->severities[i]);
}

static void put_fetches(struct buf *out, const char *name, const struct metrics *metrics)
{
	put_count_of(out, name, "state", "running", metrics->fetches_running);
	put_count_of(out, name, "state", "waiting", metrics->fetches_waiting);
}

static void put_commits(struct buf *out, const char *name, const struct turn_stats *turns)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < TURN_BUCKET_COUNT; i++) {
		sum += turns->buckets[i];
		metrics_put(out, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", name, turn_bucket_seconds[i],
			    sum);
	}
	metrics_put(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, turns->count);
	metrics_put(out, "%s_sum %" PRIu64 ".%06" PRIu64 "\n", name, turns->commit_us / 1000000,
		    turns->commit_us % 1000000);
	metrics_put(out, "%s_count %" PRIu64 "\n", name, turns->count);
}

static void make_text(struct metrics *metrics)
{
	const struct overview *overview = metrics->overview;
	const struct overview_datasets *datasets = &overview->datasets;
	const struct space *space = &overview->space;
	const struct net_counts counts = net_counts(metrics->node->net);
	const struct turn_stats turns = turn_stats(metrics->node->turn);
	struct buf *out = &metrics->text;

	buf_reset(out);
#define X(metric, type, help, print)                                                               \
	{                                                                                          \
		const char *name = "allmende_" #metric;                                            \
                                                                                                   \
		put_head(out, name, #type, help);                                                  \
		print;                                                                             \
	}
	METRIC_LIST(X)
#undef X
	check(!out->err);
}

/* Gathering, on the core thread */

static void count_fetches(struct metrics *metrics, struct hub *hub, struct txn *txn)
{
	struct fetch_status fetch;

	for (size_t i = 0; i < METRICS_FETCHES_MAX && want_fetch(hub, txn, i, &fetch); i++) {
		metrics->fetches_running += fetch.state == FETCH_RUNNING;
		metrics->fetches_waiting += fetch.state == FETCH_WAITING;
	}
}

static void metrics_gather(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct metrics *metrics = arg;
	struct overview *overview = metrics->overview;
	struct actions actions;

	overview_take(overview, metrics->node, hub, txn, now_ms);
	topics_collect(&actions, metrics->node, overview, hub, txn, now_ms);
	for (unsigned i = 0; i <= ACTION_CRITICAL; i++)
		metrics->severities[i] = actions_count(&actions, (enum action_severity)i);
	actions_fini(&actions);
	count_fetches(metrics, hub, txn);
	metrics->now_ms = now_ms;
	metrics->epochs_waited = hub->epochs->waited;
	metrics->log_entries = txn_count(txn, TABLE_LOG);
	metrics->log_bytes = txn_size(txn, TABLE_LOG);
	metrics->charter_number =
		overview->membership.charter ? overview->membership.charter->number : 0;
}

/* Asking */

static void ask_answer(struct ask *ask, unsigned status, const char *type, struct bytes text)
{
	struct buf body;

	if (ask->exchange) {
		struct http_reply *reply = &ask->exchange->reply;

		reply->status = status;
		http_reply_header(reply, "Content-Type", type);
		buf_add(&reply->bytes, text);
		server_answer(ask->exchange);
		ask->exchange = NULL;
	} else if (!ask->request->answered) { /* http_close() may have */
		buf_init(&body, METRICS_LEN_MAX);
		buf_add(&body, text);
		http_answer_as(ask->request, status, type, &body);
		buf_fini(&body);
	}
}

static void ask_forget(struct ask *ask)
{
	struct ask **at = &ask->metrics->asks;

	while (*at != ask)
		at = &(*at)->next;
	*at = ask->next;
	free(ask);
}

static void ask_done(struct ask *ask, unsigned status, const char *type, struct bytes text)
{
	bool is_public = ask->exchange != NULL;

	ask_answer(ask, status, type, text);
	if (is_public)
		ask_forget(ask); /* else when its request is gone */
}

static void answer_all(struct metrics *metrics, enum err err)
{
	struct ask *next;

	for (struct ask *ask = metrics->asks; ask; ask = next) {
		next = ask->next;
		if (err)
			ask_done(ask, 503, TEXT_TYPE,
				 bytes_str("the store could not be read; see the node's log\n"));
		else
			ask_done(ask, 200, METRICS_TYPE, buf_bytes(&metrics->text));
	}
}

static void metrics_gathered(struct turn_item *item)
{
	struct metrics *metrics = item->owner;

	metrics->busy = false;
	if (!item->err) {
		make_text(metrics);
		metrics->made = true;
		metrics->made_ms = uv_now(metrics->node->loop);
	}
	free(metrics->overview);
	metrics->overview = NULL;
	answer_all(metrics, item->err);
}

static void metrics_start(struct metrics *metrics)
{
	metrics->overview = mem_new(1, sizeof(*metrics->overview));
	metrics->begun_ms = uv_now(metrics->node->loop);
	metrics->fetches_running = metrics->fetches_waiting = 0;
	metrics->item.weight = sizeof(*metrics);
	metrics->busy = true;
	turn_call(metrics->node->turn, &metrics->item, true, metrics_gather, metrics_gathered,
		  metrics);
}

static uint64_t age_max(const struct metrics *metrics)
{
	uint64_t cost_ms = metrics->made_ms - metrics->begun_ms;

	return METRICS_AGE_MS + METRICS_COST_FACTOR * cost_ms;
}

static void metrics_asked(struct ask *ask)
{
	struct metrics *metrics = ask->metrics;

	if (metrics->made && uv_now(metrics->node->loop) - metrics->made_ms < age_max(metrics))
		ask_done(ask, 200, METRICS_TYPE, buf_bytes(&metrics->text));
	else if (!metrics->overview)
		metrics_start(metrics);
}

static void ask_end(struct http_request *request)
{
	metrics_asked(request->owner);
}

static void ask_gone(struct http_request *request)
{
	ask_forget(request->owner);
}

/* What a client sends along is of no use. */
static size_t ask_drop(struct http_request *request, struct bytes bytes)
{
	return bytes.len;
}

static void begin_ask(struct metrics *metrics, struct http_request *request)
{
	struct ask *ask = mem_new(1, sizeof(*ask));

	*ask = (struct ask){.next = metrics->asks, .metrics = metrics, .request = request};
	metrics->asks = ask;
	request->owner = ask;
	request->feed = ask_drop;
	request->end = ask_end;
	request->gone = ask_gone;
}

/* The status, and in why what to say of it. */
static unsigned health(const struct metrics *metrics, char why[HEALTH_LEN])
{
	struct turn_stats stats = turn_stats(metrics->node->turn);
	int64_t busy_ms = stats.busy_since_ms ? clock_now_ms() - stats.busy_since_ms : 0;

	if (stats.err)
		snprintf(why, HEALTH_LEN, "the store could not be written: %s\n",
			 err_text(stats.err));
	else if (busy_ms > METRICS_STUCK_MS)
		snprintf(why, HEALTH_LEN,
			 "the node has been busy with one turn for %" PRId64 " s\n",
			 busy_ms / 1000);
	else
		snprintf(why, HEALTH_LEN, "ok\n");
	return stats.err || busy_ms > METRICS_STUCK_MS ? 503 : 200;
}

bool metrics_begin(struct metrics *metrics, struct http_request *request)
{
	struct ask once = {.request = request};
	char why[HEALTH_LEN];
	unsigned status;

	if (request->method != HTTP_GET)
		return false;
	if (!strcmp(request->path, "/healthz")) {
		status = health(metrics, why);
		ask_answer(&once, status, TEXT_TYPE, bytes_str(why));
	} else if (!strcmp(request->path, "/metrics")) {
		begin_ask(metrics, request);
	} else {
		return false;
	}
	return true;
}

/* On the loop thread. */
static void public_asked(struct asker_item *item)
{
	struct ask *ask = item->owner;
	struct metrics *metrics = ask->metrics;
	char why[HEALTH_LEN];
	unsigned status;

	ask->next = metrics->asks;
	metrics->asks = ask;
	if (!strcmp(ask->exchange->asked.path, "/healthz")) {
		status = health(metrics, why);
		ask_done(ask, status, TEXT_TYPE, bytes_str(why));
	} else {
		metrics_asked(ask);
	}
}

bool metrics_begin_public(struct metrics *metrics, struct exchange *exchange)
{
	const struct http_asked *asked = &exchange->asked;
	struct ask *ask;

	if ((asked->method != HTTP_GET && asked->method != HTTP_HEAD) ||
	    (strcmp(asked->path, "/healthz") && strcmp(asked->path, "/metrics")))
		return false;
	ask = mem_new(1, sizeof(*ask));
	*ask = (struct ask){.metrics = metrics, .exchange = exchange};
	ask->item = (struct asker_item){.start = public_asked, .owner = ask};
	asker_post(metrics->asker, &ask->item);
	return true;
}

void metrics_init(struct metrics *metrics, const struct node_view *node, struct asker *asker)
{
	*metrics = (struct metrics){.node = node, .asker = asker};
	buf_init(&metrics->text, METRICS_LEN_MAX);
}

void metrics_fini(struct metrics *metrics)
{
	check(!metrics->busy && !metrics->asks);
	buf_fini(&metrics->text);
}
