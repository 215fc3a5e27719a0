#include "node/web/coding.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "crypto/check.h"
#include "node/web/work.h"

#define IN_BYTES    (64u * 1024)
#define GZIP_WINDOW (15 + 16) /* with its header */
#define GZIP_LEVEL  4
#define ZSTD_LEVEL  3

const char *coding_name(enum coding coding)
{
	return coding == CODING_GZIP ? "gzip" : coding == CODING_ZSTD ? "zstd" : "";
}

/* What is packed already, pictures and archives, only costs time. */
static bool is_packable(const char *type)
{
	static const char *const types[] = {
		"text/",
		"application/json",
		"application/xml",
		"application/javascript",
		"application/x-ndjson",
		"application/n-triples",
		"application/sql",
		"application/yaml",
	};
	size_t len = strcspn(type, ";");

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!strncasecmp(type, types[i], strlen(types[i])))
			return true;
	return (len > 5 && !strncasecmp(type + len - 5, "+json", 5)) ||
	       (len > 4 && !strncasecmp(type + len - 4, "+xml", 4));
}

enum coding coding_choose(const char *accepted, const char *type, uint64_t len)
{
	unsigned gzip, zstd;

	if (!accepted || !*accepted || len < CODED_LEN_MIN || !is_packable(type))
		return CODING_NONE;
	gzip = accept_weight(accepted, "gzip");
	zstd = accept_weight(accepted, "zstd");
	if (accept_weight(accepted, "identity") > (gzip > zstd ? gzip : zstd))
		return CODING_NONE;
	return zstd > 0 && zstd >= gzip ? CODING_ZSTD : gzip > 0 ? CODING_GZIP : CODING_NONE;
}

/* A packer that takes bytes and gives bytes. */
struct coder {
	enum coding coding;
	z_stream gzip;
	ZSTD_CCtx *zstd;
};

/* The window is small, as many may be at work at once. */
static bool coder_open(struct coder *coder, enum coding coding)
{
	*coder = (struct coder){.coding = coding};
	if (coding == CODING_GZIP)
		return deflateInit2(&coder->gzip, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, 8,
				    Z_DEFAULT_STRATEGY) == Z_OK;
	coder->zstd = ZSTD_createCCtx();
	if (!coder->zstd)
		return false;
	ZSTD_CCtx_setParameter(coder->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL);
	ZSTD_CCtx_setParameter(coder->zstd, ZSTD_c_windowLog, 17);
	ZSTD_CCtx_setParameter(coder->zstd, ZSTD_c_hashLog, 15);
	ZSTD_CCtx_setParameter(coder->zstd, ZSTD_c_chainLog, 15);
	return true;
}

static void coder_close(struct coder *coder)
{
	if (coder->coding == CODING_GZIP)
		deflateEnd(&coder->gzip);
	else
		ZSTD_freeCCtx(coder->zstd);
}

/* Takes from in, at *taken, and puts into out; the bytes that were put, -1: a fault. *done: all has
   been put, when this was the last. */
static ssize_t coder_run(struct coder *coder, struct bytes in, size_t *taken, bool last, void *to,
			 size_t len, bool *done)
{
	if (coder->coding == CODING_GZIP) {
		int code;

		coder->gzip.next_in = (Bytef *)in.ptr + *taken;
		coder->gzip.avail_in = (uInt)(in.len - *taken);
		coder->gzip.next_out = to;
		coder->gzip.avail_out = (uInt)len;
		code = deflate(&coder->gzip, last ? Z_FINISH : Z_NO_FLUSH);
		if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
			return -1;
		*taken = in.len - coder->gzip.avail_in;
		*done = code == Z_STREAM_END;
		return (ssize_t)(len - coder->gzip.avail_out);
	}
	ZSTD_inBuffer from = {in.ptr, in.len, *taken};
	ZSTD_outBuffer out = {to, len, 0};
	size_t left =
		ZSTD_compressStream2(coder->zstd, &out, &from, last ? ZSTD_e_end : ZSTD_e_continue);

	if (ZSTD_isError(left))
		return -1;
	*taken = from.pos;
	*done = last && left == 0;
	return (ssize_t)out.pos;
}

/* In memory */

static bool apply_bytes(enum coding coding, struct http_reply *reply)
{
	struct coder coder;
	struct buf out;
	size_t taken = 0;
	bool done = false;

	buf_init(&out, reply->bytes.len); /* longer is of no use */
	if (!coder_open(&coder, coding))
		return false;
	while (!done && !out.err) {
		size_t room = IN_BYTES < out.max - out.len ? IN_BYTES : out.max - out.len;
		uint8_t *to = room ? buf_space(&out, room) : NULL;
		ssize_t got = to ? coder_run(&coder, buf_bytes(&reply->bytes), &taken, true, to,
					     room, &done)
				 : -1;

		if (got < 0) {
			out.err = ERR_FULL;
			break;
		}
		out.len -= room - (size_t)got;
	}
	coder_close(&coder);
	if (out.err) {
		buf_fini(&out);
		return false;
	}
	buf_fini(&reply->bytes);
	reply->bytes = out;
	return true;
}

/* While it is sent */

struct coded {
	struct coder coder;
	int fd; /* or: */
	ssize_t (*read)(void *arg, uint64_t at, void *to, size_t len);
	void (*done)(void *arg);
	void *arg;
	uint64_t at, left;
	atomic_uint *streams; /* all of them */
	uint8_t in[IN_BYTES];
	size_t in_len, in_taken;
	bool last, ended;
};

static ssize_t source_read(struct coded *coded)
{
	size_t len = coded->left < IN_BYTES ? (size_t)coded->left : IN_BYTES;
	ssize_t got = coded->fd >= 0 ? pread(coded->fd, coded->in, len, (off_t)coded->at)
				     : coded->read(coded->arg, coded->at, coded->in, len);

	if (got < 0 || (got == 0 && coded->left != UINT64_MAX))
		return -1; /* less than was announced */
	coded->at += (uint64_t)got;
	coded->left -= coded->left == UINT64_MAX ? 0 : (uint64_t)got;
	coded->last = got == 0 || coded->left == 0;
	coded->in_len = (size_t)got;
	coded->in_taken = 0;
	return got;
}

static ssize_t coded_read(void *arg, uint64_t at, void *to, size_t len)
{
	struct coded *coded = arg;

	while (!coded->ended) {
		ssize_t got;

		if (coded->in_taken == coded->in_len && !coded->last && source_read(coded) < 0)
			return -1;
		got = coder_run(&coded->coder, bytes_of(coded->in, coded->in_len), &coded->in_taken,
				coded->last, to, len, &coded->ended);
		if (got)
			return got;
	}
	return 0;
}

static void coded_done(void *arg)
{
	struct coded *coded = arg;

	coder_close(&coded->coder);
	if (coded->fd >= 0)
		close(coded->fd);
	if (coded->done)
		coded->done(coded->arg);
	atomic_fetch_sub(coded->streams, 1);
	free(coded);
}

static bool apply_stream(enum coding coding, struct http_reply *reply, atomic_uint *streams)
{
	struct coded *coded;

	if (atomic_fetch_add(streams, 1) >= CODED_STREAMS_MAX) {
		atomic_fetch_sub(streams, 1);
		return false;
	}
	coded = mem_new(1, sizeof(*coded));
	if (!coder_open(&coded->coder, coding)) {
		free(coded);
		atomic_fetch_sub(streams, 1);
		return false;
	}
	coded->fd = reply->kind == HTTP_BODY_FILE ? reply->fd : -1;
	coded->read = reply->read;
	coded->done = reply->done;
	coded->arg = reply->arg;
	coded->streams = streams;
	coded->at = reply->at;
	coded->left = reply->len;
	reply->kind = HTTP_BODY_STREAM;
	reply->fd = -1;
	reply->at = 0;
	reply->len = UINT64_MAX;
	reply->read = coded_read;
	reply->done = coded_done;
	reply->arg = coded;
	return true;
}

bool coding_apply(enum coding coding, struct http_reply *reply, atomic_uint *streams)
{
	if (coding == CODING_NONE)
		return false;
	return reply->kind == HTTP_BODY_BYTES ? apply_bytes(coding, reply)
					      : apply_stream(coding, reply, streams);
}
