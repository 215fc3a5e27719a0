#include "node/net/conn.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/transfer/whole.h"
#include "store/chunks.h"

#define CHUNKS_OUT_WANT_MAX  8192           /* asked for by one peer, not yet read */
#define CHUNKS_OUT_JOB_MAX   256            /* of them in one job */
#define CHUNKS_OUT_BATCH_MAX 16             /* messages made in one job */
#define CHUNKS_OUT_BATCH_LEN (1024u * 1024) /* bytes after which a job ends */
#define CHUNKS_OUT_QUEUE_MAX (1024u * 1024) /* no more is read while so much waits to be sent */

struct chunks_out_job {
	uv_work_t work;
	struct net *net;
	uint64_t link;
	size_t count, done; /* of wants */
	struct chunk_want wants[CHUNKS_OUT_JOB_MAX];
	bool bad[CHUNKS_OUT_JOB_MAX]; /* then addr says which chunk */
	size_t message_count;
	struct buf framed[CHUNKS_OUT_BATCH_MAX]; /* as link_send_take() takes them */
};

static void one_read(struct chunks_out_job *job, struct txn *txn, struct buf *message)
{
	const struct chunk_want *want = &job->wants[job->done];
	enum err err = ERR_ABSENT;
	struct bytes chunk = {NULL, 0};

	if (!want->absent)
		err = chunks_look(txn, &want->of.dataset, &want->addr, want->verify, &chunk);
	job->bad[job->done++] = err == ERR_CORRUPT;
	core_chunk_message(message, &want->of.dataset, &want->addr,
			   err ? bytes_of(NULL, 0) : chunk);
}

/* As many small versions as follow one another, in one message. */
static void many_read(struct chunks_out_job *job, struct txn *txn, struct buf *message)
{
	struct message_list list = message_list_begin(MESSAGE_WHOLE);

	while (job->done < job->count && job->wants[job->done].whole &&
	       list.items.len < WHOLE_MESSAGE_LEN) {
		struct chunk_want *want = &job->wants[job->done];
		enum err err = core_whole_add(&list, txn, &want->of, !want->absent, &want->addr);
		job->bad[job->done++] = err == ERR_CORRUPT;
	}
	message_list_end(&list, message);
}

static void read_chunks(uv_work_t *work)
{
	struct chunks_out_job *job = work->data;
	struct txn *txn = txn_begin(job->net->options.db, false);
	size_t bytes = 0;

	while (job->done < job->count && job->message_count < CHUNKS_OUT_BATCH_MAX &&
	       bytes < CHUNKS_OUT_BATCH_LEN) {
		struct buf *message = &job->framed[job->message_count++];
		buf_init(message, FRAME_HEADER_LEN + LIMIT_MESSAGE_LEN_MAX);
		buf_space(message, FRAME_HEADER_LEN);
		if (job->wants[job->done].whole)
			many_read(job, txn, message);
		else
			one_read(job, txn, message);
		bytes += message->len;
	}
	txn_abort(txn);
}

static void chunks_done(uv_work_t *work, int status)
{
	struct chunks_out_job *job = work->data;
	struct net *net = job->net;
	struct conn *conn = net_conn(net, job->link);

	for (size_t i = 0; status == 0 && i < job->done; i++)
		if (job->bad[i] && !net->closing)
			turn_push_bad(net->options.turn, &job->wants[i].of.dataset,
				      &job->wants[i].addr);
	for (size_t i = 0; status == 0 && i < job->message_count; i++) {
		if (conn && !link_send_take(&conn->link, LINK_CHANNEL_BULK, &job->framed[i])) {
			net->counts.messages_sent++;
			net->counts.chunks_sent++;
		}
	}
	if (conn) {
		conn->reading_chunks = false;
		conn->want_at += job->done;
		conn_pump(conn);
	}
	for (size_t i = 0; i < job->message_count; i++)
		buf_fini(&job->framed[i]);
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
	job->count = conn->want_count - conn->want_at;
	job->count = job->count < CHUNKS_OUT_JOB_MAX ? job->count : CHUNKS_OUT_JOB_MAX;
	memcpy(job->wants, &conn->wants[conn->want_at], job->count * sizeof(job->wants[0]));
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
	conn->wants[conn->want_count++] = (struct chunk_want){
		.of = {effect->dataset, effect->number, effect->author},
		.addr = effect->addr,
		.whole = effect->whole,
		.verify = effect->verify,
		.absent = effect->whole && !effect->ok,
	};
}

/* Those that are being read now are as good as sent: at most a batch. */
void chunks_out_recall(struct conn *conn, const struct dataset_id *dataset)
{
	for (size_t i = conn->want_at; i < conn->want_count; i++)
		if (id_eq(&conn->wants[i].of.dataset, dataset))
			conn->wants[i].absent = true;
}
