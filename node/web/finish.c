#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/hash.h"
#include "node/care/node_view.h"
#include "node/web/coding.h"
#include "node/web/work.h"

/* What stands in every answer */

static void date_text(char out[32], int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(out, 32, "%a, %d %b %Y %H:%M:%S GMT", &tm); /* C locale: RFC 9110, 5.6.7 */
}

/* Seconds since 1970; -1: it is no date. */
static int64_t date_parse(const char *text)
{
	struct tm tm = {0};
	const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm);

	return end && !*end ? (int64_t)timegm(&tm) : -1;
}

static void caching(struct web_call *call)
{
	const struct web_work *work = call->work;
	const char *whose = call->visitor.kind == VISITOR_ANYONE ? "public" : "private";
	char text[80];

	if (work->has_cache)
		snprintf(text, sizeof(text), "%s, max-age=%u%s", whose, work->cache_s,
			 work->immutable ? ", immutable" : "");
	else
		snprintf(text, sizeof(text), "%s, no-cache", whose);
	web_set(call, "Cache-Control", text);
	web_set(call, "Vary",
		work->vary_accept && work->vary_language
			? "Authorization, Accept-Encoding, Accept, Accept-Language"
		: work->vary_accept   ? "Authorization, Accept-Encoding, Accept"
		: work->vary_language ? "Authorization, Accept-Encoding, Accept-Language"
				      : "Authorization, Accept-Encoding");
}

/* What others have published must not run here as if it were a page of this node. */
static void safety(struct web_call *call, const char *type)
{
	bool ours = call->work->reply->kind == HTTP_BODY_BYTES;
	bool runs = strstr(type, "html") || strstr(type, "xml") || strstr(type, "svg");

	web_set(call, "X-Content-Type-Options", "nosniff");
	web_set(call, "Referrer-Policy", "no-referrer");
	web_set(call, "Access-Control-Allow-Origin", "*");
	web_set(call, "Access-Control-Expose-Headers",
		"Content-Disposition, Content-Range, ETag, Last-Modified, Link, Retry-After");
	if (runs)
		web_set(call, "Content-Security-Policy",
			ours ? "default-src 'none'; style-src 'self'; script-src 'self'; "
			       "img-src 'self' data:; connect-src 'self'; form-action 'self'; "
			       "base-uri 'none'; frame-ancestors 'none'"
			     : "default-src 'none'; style-src 'unsafe-inline'; sandbox");
}

/* Conditions: RFC 9110, 13 */

/* Whether a list of tags names this one; what stands behind a dash in it is the coding. */
static bool names_tag(const char *list, const char *tag)
{
	size_t len = strlen(tag);

	if (!strcmp(list, "*"))
		return true;
	for (const char *at = strchr(list, '"'); at; at = strchr(at + 1, '"'))
		if (!strncmp(at + 1, tag, len) && (at[len + 1] == '"' || at[len + 1] == '-'))
			return true;
	return false;
}

static bool is_fresh(struct web_call *call)
{
	const struct web_work *work = call->work;
	const char *tags = web_header(call, "If-None-Match");
	const char *since = web_header(call, "If-Modified-Since");

	if (call->method != HTTP_GET)
		return false;
	if (tags)
		return work->etag[0] && names_tag(tags, work->etag);
	return since && work->has_modified && date_parse(since) >= work->modified_ms / 1000;
}

static void validators(struct web_call *call, const char *coding)
{
	const struct web_work *work = call->work;
	char text[64];

	if (work->etag[0]) {
		snprintf(text, sizeof(text), "\"%s%s%s\"", work->etag, *coding ? "-" : "", coding);
		web_set(call, "ETag", text);
	}
	if (work->has_modified) {
		date_text(text, work->modified_ms);
		web_set(call, "Last-Modified", text);
	}
}

bool web_fresh(struct web_call *call)
{
	struct buf nothing;

	if (!is_fresh(call))
		return false;
	buf_init(&nothing, 0);
	web_text(call, 304, "", &nothing);
	return true;
}

/* What an answer may depend on besides the generation. */
static void keep_key(struct web_call *call, uint64_t generation, struct digest *out)
{
	static const char *const headers[] = {"Accept", "Accept-Encoding", "Accept-Language"};
	const struct http_asked *asked = call->work->asked;
	struct hash hash;
	struct buf base;

	hash_init(&hash, "web kept", NULL, sizeof(out->b));
	hash_add_be64(&hash, generation);
	hash_add(&hash, bytes_of(asked->path, strlen(asked->path) + 1));
	hash_add_be64(&hash, asked->arg_count);
	for (size_t i = 0; i < asked->arg_count; i++) {
		hash_add(&hash, bytes_of(asked->args[i].name, strlen(asked->args[i].name) + 1));
		hash_add(&hash, bytes_of(asked->args[i].value, strlen(asked->args[i].value) + 1));
	}
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		const char *value = web_header(call, headers[i]);

		hash_add(&hash, bytes_of(value ? value : "", strlen(value ? value : "") + 1));
	}
	buf_init(&base, 2 * LIMIT_ADDRESS_LEN_MAX + CONFIG_URL_LEN_MAX);
	web_url(call, &base, "");
	hash_add(&hash, buf_bytes(&base));
	buf_fini(&base);
	hash_done(&hash, out->b, sizeof(out->b));
}

bool web_kept(struct web_call *call, uint64_t generation)
{
	struct web_work *work = call->work;

	if (web_fresh(call))
		return true;
	if (!generation || call->visitor.kind != VISITOR_ANYONE || call->method != HTTP_GET ||
	    web_header(call, "Range"))
		return false;
	keep_key(call, generation, &work->keep_key);
	work->answered = cache_get(work->cache, &work->keep_key, work->reply);
	work->keeps = !work->answered;
	return work->answered;
}

/* Ranges: RFC 9110, 14; one only, of several the whole is sent */

enum range { RANGE_NONE, RANGE_PART, RANGE_WRONG };

static enum range range_parse(const char *text, uint64_t len, uint64_t *first, uint64_t *last)
{
	bool has_first, has_last;
	char *end;

	if (strncmp(text, "bytes=", 6) || strchr(text, ','))
		return RANGE_NONE;
	text += 6;
	has_first = *text >= '0' && *text <= '9';
	*first = strtoull(text, &end, 10);
	if (!has_first)
		end = (char *)text;
	if (*end != '-')
		return RANGE_NONE;
	text = end + 1;
	has_last = *text >= '0' && *text <= '9';
	*last = strtoull(text, &end, 10);
	if (*text && (!has_last || *end))
		return RANGE_NONE;
	if (!has_first && !has_last)
		return RANGE_NONE;
	if (!has_first) { /* the last bytes */
		if (!*last || !len)
			return RANGE_WRONG;
		*first = *last < len ? len - *last : 0;
		*last = len - 1;
		return RANGE_PART;
	}
	if (has_last && *last < *first)
		return RANGE_NONE;
	if (!has_last || *last >= len)
		*last = len - 1;
	return *first < len ? RANGE_PART : RANGE_WRONG;
}

/* Whether what the client has the beginning of is still the same. */
static bool range_applies(struct web_call *call)
{
	const char *same = web_header(call, "If-Range");
	const struct web_work *work = call->work;

	if (!same)
		return true;
	if (*same == '"')
		return work->etag[0] && !strncmp(same + 1, work->etag, strlen(work->etag)) &&
		       !strcmp(same + 1 + strlen(work->etag), "\"");
	return work->has_modified && date_parse(same) == work->modified_ms / 1000;
}

static void reply_part_take(struct http_reply *reply, uint64_t first, uint64_t len)
{
	if (reply->kind == HTTP_BODY_BYTES) {
		buf_drop(&reply->bytes, (size_t)first);
		reply->bytes.len = (size_t)len;
	} else {
		reply->at += first;
		reply->len = len;
	}
}

static void body_drop(struct http_reply *reply)
{
	struct buf headers = reply->headers;

	buf_init(&reply->headers, 0);
	http_reply_fini(reply);
	buf_fini(&reply->headers);
	reply->headers = headers;
}

/* Sets the status when it is not 200. */
static void range(struct web_call *call, unsigned *status)
{
	struct http_reply *reply = call->work->reply;
	const char *asked = web_header(call, "Range");
	uint64_t len = reply->kind == HTTP_BODY_BYTES ? reply->bytes.len : reply->len;
	uint64_t first, last;
	enum range found;
	char text[80];

	if (len == UINT64_MAX || !range_applies(call))
		return;
	found = range_parse(asked, len, &first, &last);
	if (found == RANGE_NONE)
		return;
	if (found == RANGE_WRONG) {
		snprintf(text, sizeof(text), "bytes */%llu", (unsigned long long)len);
		body_drop(reply);
		*status = 416;
	} else {
		snprintf(text, sizeof(text), "bytes %llu-%llu/%llu", (unsigned long long)first,
			 (unsigned long long)last, (unsigned long long)len);
		reply_part_take(reply, first, last - first + 1);
		*status = 206;
	}
	web_set(call, "Content-Range", text);
}

/* HEAD is told the true length of a file, which nobody knows of a packed one. */
static enum coding code(struct web_call *call, const char *type)
{
	struct http_reply *reply = call->work->reply;
	bool bytes = reply->kind == HTTP_BODY_BYTES;
	enum coding coding;

	if (!bytes && call->work->asked->method == HTTP_HEAD)
		return CODING_NONE;
	coding = coding_choose(web_header(call, "Accept-Encoding"), type,
			       bytes ? reply->bytes.len : reply->len);
	return coding_apply(coding, reply, call->work->streams) ? coding : CODING_NONE;
}

void work_finish(struct web_call *call, unsigned status, const char *type)
{
	struct http_reply *reply = call->work->reply;
	enum coding coding = CODING_NONE;

	if (status == 200 && is_fresh(call))
		status = 304;
	if (status == 304)
		body_drop(reply);
	else if (status == 200 && call->method == HTTP_GET && web_header(call, "Range"))
		range(call, &status);
	else
		coding = code(call, type);
	validators(call, coding_name(coding));
	if (coding)
		web_set(call, "Content-Encoding", coding_name(coding));
	else if (status == 200 && call->method == HTTP_GET && reply->len != UINT64_MAX)
		web_set(call, "Accept-Ranges", "bytes");
	if (status != 304)
		web_set(call, "Content-Type", type);
	caching(call);
	safety(call, type);
	reply->status = status;
}
