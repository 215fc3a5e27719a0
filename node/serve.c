#include "node/conn.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "store/chunks.h"

#define SERVE_WANT_MAX  8192           /* asked for by one peer, not yet read */
#define SERVE_BATCH_MAX 16             /* chunks in one job */
#define SERVE_BATCH_LEN (1024u * 1024) /* bytes after which a job ends */
#define SERVE_QUEUE_MAX (1024u * 1024) /* no more is read while so much waits to be sent */

struct serve_job {
	uv_work_t work;
	struct net *net;
	uint64_t link;
	size_t count; /* of wants; then those done */
	struct {
		struct serve_want want;
		struct buf message;
		bool bad;
	} items[SERVE_BATCH_MAX];
};

static void read_chunks(uv_work_t *work)
{
	struct serve_job *job = work->data;
	struct txn *txn = txn_begin(job->net->options.db, false);
	struct buf chunk;
	size_t bytes = 0, i = 0;

	buf_init(&chunk, LIMIT_CHUNK_LEN_MAX);
	for (; i < job->count && bytes < SERVE_BATCH_LEN; i++) {
		const struct serve_want *want = &job->items[i].want;
		enum err err;

		buf_reset(&chunk);
		err = chunks_read(txn, &want->dataset, &want->addr, &chunk);
		job->items[i].bad = err == ERR_CORRUPT;
		core_chunk_message(&job->items[i].message, &want->dataset, &want->addr,
				   err ? bytes_of(NULL, 0) : buf_bytes(&chunk));
		bytes += job->items[i].message.len;
	}
	job->count = i;
	buf_fini(&chunk);
	txn_abort(txn);
}

static void chunks_done(uv_work_t *work, int status)
{
	struct serve_job *job = work->data;
	struct net *net = job->net;
	struct conn *conn = net_conn(net, job->link);

	for (size_t i = 0; status == 0 && i < job->count; i++) {
		const struct serve_want *want = &job->items[i].want;

		if (job->items[i].bad && !net->closing)
			turn_push_bad(net->options.turn, &want->dataset, &want->addr);
		if (conn && !job->items[i].message.err &&
		    link_send(&conn->link, LINK_CHANNEL_BULK, buf_bytes(&job->items[i].message)) ==
			    ERR_OK) {
			net->counts.messages_sent++;
			net->counts.chunks_sent++;
		}
	}
	if (conn) {
		conn->serving = false;
		conn->want_at += job->count;
		conn_pump(conn);
	}
	for (size_t i = 0; i < SERVE_BATCH_MAX; i++)
		buf_fini(&job->items[i].message);
	free(job);
	net_job_done(net);
}

void serve_pump(struct conn *conn)
{
	struct serve_job *job;

	if (conn->serving || conn->want_at == conn->want_count || !conn->up ||
	    link_queued(&conn->link) > SERVE_QUEUE_MAX)
		return;
	job = mem_new(1, sizeof(*job));
	job->net = conn->net;
	job->link = conn->id;
	job->work.data = job;
	for (size_t i = 0; i < SERVE_BATCH_MAX; i++) {
		buf_init(&job->items[i].message, LIMIT_MESSAGE_LEN_MAX);
		if (conn->want_at + i < conn->want_count)
			job->items[job->count++].want = conn->wants[conn->want_at + i];
	}
	conn->serving = true;
	conn->net->job_count++;
	check(uv_queue_work(conn->net->options.loop, &job->work, read_chunks, chunks_done) == 0);
}

void serve_add(struct conn *conn, const struct dataset_id *dataset, const struct chunk_addr *addr)
{
	if (conn->want_at > 0) {
		conn->want_count -= conn->want_at;
		memmove(conn->wants, conn->wants + conn->want_at,
			conn->want_count * sizeof(*conn->wants));
		conn->want_at = 0;
	}
	if (conn->want_count == SERVE_WANT_MAX) {
		link_close(&conn->link, LINK_REASON_BUSY, conn_now(conn));
		return;
	}
	if (conn->want_count == conn->want_cap) {
		conn->want_cap = conn->want_cap ? conn->want_cap * 2 : 64;
		conn->wants = mem_grow(conn->wants, conn->want_cap, sizeof(*conn->wants));
	}
	conn->wants[conn->want_count++] = (struct serve_want){*dataset, *addr};
}
