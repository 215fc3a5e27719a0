#include "node/net/conn.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "store/chunks.h"

#define CHUNKS_OUT_WANT_MAX  8192           /* asked for by one peer, not yet read */
#define CHUNKS_OUT_BATCH_MAX 16             /* chunks in one job */
#define CHUNKS_OUT_BATCH_LEN (1024u * 1024) /* bytes after which a job ends */
#define CHUNKS_OUT_QUEUE_MAX (1024u * 1024) /* no more is read while so much waits to be sent */

struct chunks_out_job {
	uv_work_t work;
	struct net *net;
	uint64_t link;
	size_t count; /* of wants; then those done */
	struct {
		struct chunk_want want;
		struct buf framed; /* as link_send_take() takes it */
		bool bad;
	} items[CHUNKS_OUT_BATCH_MAX];
};

static void read_chunks(uv_work_t *work)
{
	struct chunks_out_job *job = work->data;
	struct txn *txn = txn_begin(job->net->options.db, false);
	size_t bytes = 0, i = 0;

	for (; i < job->count && bytes < CHUNKS_OUT_BATCH_LEN; i++) {
		const struct chunk_want *want = &job->items[i].want;
		struct bytes chunk = {NULL, 0};
		enum err err = want->recalled ? ERR_ABSENT
					      : chunks_look(txn, &want->dataset, &want->addr,
							    want->verify, &chunk);

		job->items[i].bad = err == ERR_CORRUPT;
		buf_space(&job->items[i].framed, FRAME_HEADER_LEN);
		core_chunk_message(&job->items[i].framed, &want->dataset, &want->addr,
				   err ? bytes_of(NULL, 0) : chunk);
		bytes += job->items[i].framed.len;
	}
	job->count = i;
	txn_abort(txn);
}

static void chunks_done(uv_work_t *work, int status)
{
	struct chunks_out_job *job = work->data;
	struct net *net = job->net;
	struct conn *conn = net_conn(net, job->link);

	for (size_t i = 0; status == 0 && i < job->count; i++) {
		const struct chunk_want *want = &job->items[i].want;

		if (job->items[i].bad && !net->closing)
			turn_push_bad(net->options.turn, &want->dataset, &want->addr);
		if (conn &&
		    !link_send_take(&conn->link, LINK_CHANNEL_BULK, &job->items[i].framed)) {
			net->counts.messages_sent++;
			net->counts.chunks_sent++;
		}
	}
	if (conn) {
		conn->reading_chunks = false;
		conn->want_at += job->count;
		conn_pump(conn);
	}
	for (size_t i = 0; i < CHUNKS_OUT_BATCH_MAX; i++)
		buf_fini(&job->items[i].framed);
	free(job);
	net_job_done(net);
}

void chunks_out_pump(struct conn *conn)
{
	struct chunks_out_job *job;

	if (conn->reading_chunks || conn->want_at == conn->want_count || !conn->up ||
	    link_queued(&conn->link) > CHUNKS_OUT_QUEUE_MAX)
		return;
	job = mem_new(1, sizeof(*job));
	job->net = conn->net;
	job->link = conn->id;
	job->work.data = job;
	for (size_t i = 0; i < CHUNKS_OUT_BATCH_MAX; i++) {
		buf_init(&job->items[i].framed, FRAME_HEADER_LEN + LIMIT_MESSAGE_LEN_MAX);
		if (conn->want_at + i < conn->want_count)
			job->items[job->count++].want = conn->wants[conn->want_at + i];
	}
	conn->reading_chunks = true;
	conn->net->job_count++;
	check(uv_queue_work(conn->net->options.loop, &job->work, read_chunks, chunks_done) == 0);
}

void chunks_out_add(struct conn *conn, const struct effect *effect)
{
	if (conn->want_at > 0) {
		conn->want_count -= conn->want_at;
		memmove(conn->wants, conn->wants + conn->want_at,
			conn->want_count * sizeof(*conn->wants));
		conn->want_at = 0;
	}
	if (conn->want_count == CHUNKS_OUT_WANT_MAX) {
		link_close(&conn->link, LINK_REASON_BUSY, conn_now(conn));
		return;
	}
	conn->wants =
		mem_room(conn->wants, conn->want_count, &conn->want_cap, sizeof(*conn->wants));
	conn->wants[conn->want_count++] =
		(struct chunk_want){effect->dataset, effect->addr, effect->verify, false};
}

/* Those that are being read now are as good as sent: at most a batch. */
void chunks_out_recall(struct conn *conn, const struct dataset_id *dataset)
{
	for (size_t i = conn->want_at; i < conn->want_count; i++)
		if (id_eq(&conn->wants[i].dataset, dataset))
			conn->wants[i].recalled = true;
}
