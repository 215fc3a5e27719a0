#include "node/care/metrics.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "node/base/clock.h"
#include "node/files/upload.h"
#include "node/net/net.h"
#include "proto/transfer.h"

#define TEXT_TYPE    "text/plain; charset=utf-8"
#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define PAGE_MAX     500 /* datasets in one turn */

struct ask {
	struct ask *next;
	struct metrics *metrics;
	struct http_request *request;
};

/* The text */

__attribute__((format(printf, 2, 3))) static void put(struct buf *out, const char *format, ...)
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
	put(out, "# HELP allmende_%s %s\n# TYPE allmende_%s %s\n", name, help, name, type);
}

static void put_one(struct buf *out, const char *name, const char *type, const char *help,
		    uint64_t value)
{
	put_head(out, name, type, help);
	put(out, "allmende_%s %" PRIu64 "\n", name, value);
}

static void put_ms(struct buf *out, const char *name, const char *type, const char *help,
		   int64_t ms)
{
	put_head(out, name, type, help);
	put(out, "allmende_%s %s%" PRId64 ".%03" PRId64 "\n", name, ms < 0 ? "-" : "",
	    (ms < 0 ? -ms : ms) / 1000, (ms < 0 ? -ms : ms) % 1000);
}

static void put_labelled(struct buf *out, const char *name, const char *label, const char *value,
			 uint64_t count)
{
	put(out, "allmende_%s{%s=\"%s\"} %" PRIu64 "\n", name, label, value, count);
}

static void put_node(struct buf *out, const struct metrics *metrics)
{
	const struct membership_status *membership = &metrics->overview->membership;

	put_head(out, "build_info", "gauge", "The version of the node; always 1.");
	put(out, "allmende_build_info{version=\"%s\"} 1\n", ALLMENDE_VERSION);
	put_ms(out, "start_time_seconds", "gauge", "When the node was started, since 1970.",
	       metrics->node->started_ms);
	put_ms(out, "uptime_seconds", "gauge", "How long the node has been running.",
	       metrics->now_ms - metrics->node->started_ms);
	put_one(out, "federation_member", "gauge", "1 when this node is a member of a federation.",
		membership->state == MEMBERSHIP_MEMBER);
	put_one(out, "charter_number", "gauge",
		"Number of the charter's newest entry; 0 without one.", metrics->charter_number);
}

static void put_members(struct buf *out, const struct metrics *metrics)
{
	const struct overview *overview = metrics->overview;
	int64_t oldest = overview->oldest_head_ms, own = overview->own_head_ms;

	put_head(out, "members", "gauge",
		 "Members of the federation by completeness of their data here.");
	put_labelled(out, "members", "state", "complete", overview->complete);
	put_labelled(out, "members", "state", "partial", overview->partial);
	put_labelled(out, "members", "state", "stale", overview->stale);
	put_labelled(out, "members", "state", "disputed", overview->disputed);
	put_labelled(out, "members", "state", "unknown", overview->unknown);
	put_ms(out, "head_age_seconds", "gauge",
	       "Age of the own newest head; it is renewed every 12 hours.",
	       own ? metrics->now_ms - own : 0);
	put_ms(out, "oldest_head_age_seconds", "gauge",
	       "Age of the newest head of the member not heard from for the longest time.",
	       oldest ? metrics->now_ms - oldest : 0);
	put_head(out, "actions", "gauge", "What the administrator has to do, by severity.");
	for (unsigned i = 0; i <= ACTION_CRITICAL; i++)
		put_labelled(out, "actions", "severity",
			     action_severity_name((enum action_severity)i), metrics->severities[i]);
}

static void put_data(struct buf *out, const struct metrics *metrics)
{
	const struct overview_datasets *datasets = &metrics->overview->datasets;
	const struct space *space = &metrics->overview->space;

	put_one(out, "datasets", "gauge", "Datasets that are known here.", datasets->known);
	put_one(out, "datasets_own", "gauge", "Datasets of this organisation.", datasets->own);
	put_one(out, "datasets_held", "gauge", "Datasets whose current version is whole here.",
		datasets->held);
	put_one(out, "datasets_damaged", "gauge",
		"Datasets of which stored data was found damaged.", datasets->damaged);
	put_one(out, "datasets_own_single", "gauge",
		"Own datasets that are held at one operator alone, as far as is known.",
		datasets->own_single);
	put_one(out, "store_used_bytes", "gauge", "Bytes in use in the store.", space->store_used);
	put_one(out, "store_file_bytes", "gauge", "Size of the store's file.", space->store_file);
	put_one(out, "store_limit_bytes", "gauge", "The size limit of the store; 0 without one.",
		space->store_limit);
	put_one(out, "disk_free_bytes", "gauge", "Free bytes on the disk of the store.",
		space->disk_free);
	put_one(out, "disk_size_bytes", "gauge", "Size of the disk of the store.",
		space->disk_total);
	put_one(out, "foreign_refused", "gauge",
		"1 while foreign data is refused because room runs out.",
		space_room(space) != ROOM_ALL);
}

static void put_links(struct buf *out, const struct metrics *metrics)
{
	struct net_counts counts = net_counts(metrics->node->net);

	put_one(out, "peers_linked", "gauge", "Nodes that are linked.", metrics->overview->linked);
	put_one(out, "peers_known", "gauge", "Nodes that are linked or tried.",
		metrics->overview->peers);
	put_one(out, "messages_sent_total", "counter", "Messages sent over links.",
		counts.messages_sent);
	put_one(out, "messages_received_total", "counter", "Messages received over links.",
		counts.messages_received);
	put_one(out, "sent_bytes_total", "counter", "Bytes sent to other nodes.",
		counts.bytes_sent);
	put_one(out, "received_bytes_total", "counter", "Bytes received from other nodes.",
		counts.bytes_received);
	put_one(out, "chunks_sent_total", "counter", "Answers to chunk requests of other nodes.",
		counts.chunks_sent);
	put_one(out, "chunks_received_total", "counter", "Answers to own chunk requests.",
		counts.chunks_received);
	put_head(out, "fetches", "gauge", "Versions on their way here, by state.");
	put_labelled(out, "fetches", "state", "running", metrics->fetches_running);
	put_labelled(out, "fetches", "state", "waiting", metrics->fetches_waiting);
	put_one(out, "uploads", "gauge", "Publications under way.", metrics->node->uploads->count);
}

static void put_turns(struct buf *out, const struct metrics *metrics)
{
	struct turn_stats stats = turn_stats(metrics->node->turn);
	uint64_t sum = 0;

	put_one(out, "turns_failed_total", "counter", "Turns whose commit failed.", stats.failed);
	put_head(out, "commit_duration_seconds", "histogram",
		 "How long the commits of turns took.");
	for (unsigned i = 0; i < TURN_BUCKET_COUNT; i++) {
		sum += stats.buckets[i];
		put(out, "allmende_commit_duration_seconds_bucket{le=\"%g\"} %" PRIu64 "\n",
		    turn_bucket_seconds[i], sum);
	}
	put(out, "allmende_commit_duration_seconds_bucket{le=\"+Inf\"} %" PRIu64 "\n", stats.count);
	put(out, "allmende_commit_duration_seconds_sum %" PRIu64 ".%06" PRIu64 "\n",
	    stats.commit_us / 1000000, stats.commit_us % 1000000);
	put(out, "allmende_commit_duration_seconds_count %" PRIu64 "\n", stats.count);
}

static void make_text(struct metrics *metrics)
{
	buf_reset(&metrics->text);
	put_node(&metrics->text, metrics);
	put_members(&metrics->text, metrics);
	put_data(&metrics->text, metrics);
	put_links(&metrics->text, metrics);
	put_turns(&metrics->text, metrics);
	check(!metrics->text.err);
}

/* Gathering, on the core thread */

struct walker {
	struct metrics *metrics;
	struct core *core;
	struct txn *txn;
};

/* In pages, so that a long catalogue holds up nobody. */
static bool count_dataset(void *arg, const struct catalog_entry *entry)
{
	struct walker *walker = arg;
	struct metrics *metrics = walker->metrics;

	overview_dataset(metrics->overview, walker->core, walker->txn, entry);
	if (++metrics->page_count < PAGE_MAX)
		return true;
	metrics->page_count = 0;
	metrics->more = true;
	snprintf(metrics->after, sizeof(metrics->after), "%s", entry->path);
	return false;
}

static void count_fetches(struct metrics *metrics, struct core *core, struct txn *txn)
{
	struct fetch_status fetch;

	for (size_t i = 0; i < METRICS_FETCHES_MAX && transfer_fetch(core, txn, i, &fetch); i++) {
		metrics->fetches_running += fetch.state == FETCH_RUNNING;
		metrics->fetches_waiting += fetch.state == FETCH_WAITING;
	}
}

static void gather(struct core *core, struct txn *txn, int64_t now_ms, void *arg)
{
	struct metrics *metrics = arg;
	struct walker walker = {.metrics = metrics, .core = core, .txn = txn};
	const char *after = metrics->more ? metrics->after : NULL;
	struct overview *overview = metrics->overview;
	struct actions actions;

	metrics->more = false;
	catalog_list(core, txn, NULL, after, count_dataset, &walker);
	if (metrics->more)
		return;
	overview_take(overview, metrics->node, core, txn, now_ms);
	actions_collect(&actions, metrics->node, overview, core, txn, now_ms);
	for (unsigned i = 0; i <= ACTION_CRITICAL; i++)
		metrics->severities[i] = actions_count(&actions, (enum action_severity)i);
	actions_fini(&actions);
	count_fetches(metrics, core, txn);
	metrics->now_ms = now_ms;
	metrics->charter_number =
		overview->membership.charter ? overview->membership.charter->number : 0;
}

/* Asking */

static void answer(struct http_request *request, unsigned status, const char *type,
		   struct bytes text)
{
	struct buf body;

	buf_init(&body, METRICS_LEN_MAX);
	buf_add(&body, text);
	http_answer_as(request, status, type, &body);
	buf_fini(&body);
}

static void answer_all(struct metrics *metrics, enum err err)
{
	/* http_close() may have answered it */
	for (struct ask *ask = metrics->asks; ask; ask = ask->next) {
		if (ask->request->answered)
			continue;
		if (err)
			answer(ask->request, 503, TEXT_TYPE,
			       bytes_str("the store could not be read; see the node's log\n"));
		else
			answer(ask->request, 200, METRICS_TYPE, buf_bytes(&metrics->text));
	}
}

static void push(struct metrics *metrics);

static void gathered(struct turn_item *item)
{
	struct metrics *metrics = item->owner;

	metrics->busy = false;
	if (metrics->more && !item->err) {
		push(metrics);
		return;
	}
	if (!item->err) {
		make_text(metrics);
		metrics->made = true;
		metrics->made_ms = uv_now(metrics->node->loop);
	}
	free(metrics->overview);
	metrics->overview = NULL;
	answer_all(metrics, item->err);
}

static void push(struct metrics *metrics)
{
	metrics->item = (struct turn_item){
		.event = {.type = EVENT_CALL, .run = gather, .arg = metrics},
		.done = gathered,
		.owner = metrics,
		.weight = sizeof(*metrics),
	};
	metrics->busy = true;
	turn_push(metrics->node->turn, &metrics->item);
}

static void start(struct metrics *metrics)
{
	metrics->overview = mem_new(1, sizeof(*metrics->overview));
	metrics->begun_ms = uv_now(metrics->node->loop);
	metrics->more = false;
	metrics->page_count = 0;
	metrics->fetches_running = metrics->fetches_waiting = 0;
	push(metrics);
}

static uint64_t age_max(const struct metrics *metrics)
{
	uint64_t cost_ms = metrics->made_ms - metrics->begun_ms;

	return METRICS_AGE_MS + METRICS_COST_FACTOR * cost_ms;
}

static void asked(struct http_request *request)
{
	struct ask *ask = request->owner;
	struct metrics *metrics = ask->metrics;

	if (metrics->made && uv_now(metrics->node->loop) - metrics->made_ms < age_max(metrics))
		answer(request, 200, METRICS_TYPE, buf_bytes(&metrics->text));
	else if (!metrics->overview)
		start(metrics);
}

static void ask_gone(struct http_request *request)
{
	struct ask *ask = request->owner, **at = &ask->metrics->asks;

	while (*at != ask)
		at = &(*at)->next;
	*at = ask->next;
	free(ask);
}

/* What a client sends along is of no use. */
static size_t drop(struct http_request *request, struct bytes bytes)
{
	return bytes.len;
}

static void begin_ask(struct metrics *metrics, struct http_request *request)
{
	struct ask *ask = mem_new(1, sizeof(*ask));

	*ask = (struct ask){.next = metrics->asks, .metrics = metrics, .request = request};
	metrics->asks = ask;
	request->owner = ask;
	request->feed = drop;
	request->end = asked;
	request->gone = ask_gone;
}

static void answer_health(const struct metrics *metrics, struct http_request *request)
{
	struct turn_stats stats = turn_stats(metrics->node->turn);
	int64_t busy_ms = stats.busy_since_ms ? clock_now_ms() - stats.busy_since_ms : 0;
	char why[200] = "ok\n";
	unsigned status = 503;

	if (stats.err)
		snprintf(why, sizeof(why), "the store could not be written: %s\n",
			 err_text(stats.err));
	else if (busy_ms > METRICS_STUCK_MS)
		snprintf(why, sizeof(why),
			 "the node has been busy with one turn for %" PRId64 " s\n",
			 busy_ms / 1000);
	else
		status = 200;
	answer(request, status, TEXT_TYPE, bytes_str(why));
}

bool metrics_begin(struct metrics *metrics, struct http_request *request)
{
	if (request->method != HTTP_GET)
		return false;
	if (!strcmp(request->path, "/healthz"))
		answer_health(metrics, request);
	else if (!strcmp(request->path, "/metrics"))
		begin_ask(metrics, request);
	else
		return false;
	return true;
}

void metrics_absent(struct http_request *request)
{
	answer(request, 404, TEXT_TYPE,
	       bytes_str("only GET /healthz and GET /metrics are answered here\n"));
}

void metrics_init(struct metrics *metrics, const struct node_view *node)
{
	*metrics = (struct metrics){.node = node};
	buf_init(&metrics->text, METRICS_LEN_MAX);
}

void metrics_fini(struct metrics *metrics)
{
	check(!metrics->busy && !metrics->asks);
	buf_fini(&metrics->text);
}
