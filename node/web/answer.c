#include "node/web/web_call.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/check.h"
#include "crypto/hash.h"
#include "crypto/utf8.h"
#include "node/http/markup.h"
#include "node/http/percent.h"
#include "node/web/work.h"

/* Before the answer */

void web_etag(struct web_call *call, struct bytes of)
{
	struct hash hash;
	uint8_t digest[16];

	/* who sees more gets another one */
	hash_init(&hash, "web etag", NULL, sizeof(digest));
	hash_add_be64(&hash, call->visitor.kind);
	hash_add_be64(&hash, call->visitor.verb);
	hash_add(&hash, bytes_of(call->visitor.prefix, strlen(call->visitor.prefix) + 1));
	hash_add(&hash, of);
	hash_done(&hash, digest, sizeof(digest));
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(call->work->etag + 2 * i, 3, "%02x", digest[i]);
}

void web_modified(struct web_call *call, int64_t ms)
{
	call->work->has_modified = true;
	call->work->modified_ms = ms;
}

void web_cache(struct web_call *call, unsigned seconds, bool immutable)
{
	call->work->has_cache = true;
	call->work->cache_s = seconds;
	call->work->immutable = immutable;
}

void web_set(struct web_call *call, const char *name, const char *value)
{
	http_reply_header(call->work->reply, name, value);
}

static void set_buf(struct web_call *call, const char *name, struct buf *value)
{
	buf_add_u8(value, 0);
	if (!value->err)
		web_set(call, name, (const char *)value->ptr);
	buf_fini(value);
}

void web_attachment(struct web_call *call, const char *name)
{
	struct buf value;

	buf_init(&value, 4 * LIMIT_FILE_NAME_LEN_MAX);
	buf_add(&value, bytes_str("attachment; filename*=UTF-8''")); /* RFC 6266 */
	percent_encode_part(&value, bytes_str(name));
	set_buf(call, "Content-Disposition", &value);
}

void web_link(struct web_call *call, const char *url, const char *rel, const char *type)
{
	struct buf value;

	if (strpbrk(url, "<> \""))
		return;
	buf_init(&value, 4 * LIMIT_PATH_LEN_MAX);
	buf_add_u8(&value, '<');
	buf_add(&value, bytes_str(url));
	buf_add(&value, bytes_str(">; rel=\""));
	buf_add(&value, bytes_str(rel));
	if (type) {
		buf_add(&value, bytes_str("\"; type=\""));
		buf_add(&value, bytes_str(type));
	}
	buf_add_u8(&value, '"');
	set_buf(call, "Link", &value);
}

/* The answer */

static void answer_begin(struct web_call *call)
{
	check(!call->work->answered);
	call->work->answered = true;
}

bool web_answered(const struct web_call *call)
{
	return call->work->answered;
}

void web_text(struct web_call *call, unsigned status, const char *type, struct buf *taken)
{
	struct http_reply *reply = call->work->reply;

	if (taken->err) {
		buf_fini(taken);
		web_fail(call, 500, "internal", "the answer is larger than this node makes");
		return;
	}
	answer_begin(call);
	buf_fini(&reply->bytes);
	reply->bytes = *taken;
	buf_init(taken, taken->max);
	reply->kind = HTTP_BODY_BYTES;
	work_finish(call, status, type);
}

static int json_text_add(const char *text, size_t len, void *arg)
{
	struct buf *buf = arg;

	buf_add(buf, bytes_of(text, len));
	return buf->err ? -1 : 0;
}

void web_json_as(struct web_call *call, unsigned status, const char *type, json_t *taken)
{
	struct buf text;

	buf_init(&text, WEB_TEXT_LEN_MAX);
	if (!taken ||
	    json_dump_callback(taken, json_text_add, &text, JSON_COMPACT | JSON_REAL_PRECISION(15)))
		text.err = text.err ? text.err : ERR_NOMEM;
	buf_add_u8(&text, '\n');
	json_decref(taken);
	web_text(call, status, type, &text);
}

void web_json(struct web_call *call, unsigned status, json_t *taken)
{
	web_json_as(call, status, "application/json", taken);
}

void web_file(struct web_call *call, int fd_taken, uint64_t len, const char *type)
{
	struct http_reply *reply = call->work->reply;

	answer_begin(call);
	reply->kind = HTTP_BODY_FILE;
	reply->fd = fd_taken;
	reply->len = len;
	work_finish(call, 200, type);
}

void web_stream(struct web_call *call, uint64_t len, const char *type,
		ssize_t (*read)(void *arg, uint64_t at, void *to, size_t len),
		void (*done)(void *arg), void *arg)
{
	struct http_reply *reply = call->work->reply;

	answer_begin(call);
	reply->kind = HTTP_BODY_STREAM;
	reply->len = len;
	reply->read = read;
	reply->done = done;
	reply->arg = arg;
	work_finish(call, 200, type);
}

/* Faults */

/* What happened, and what can be done; the sentence of the program stands below. */
static void fail_text(struct html *html, unsigned status, const char *why)
{
	html_put(html, "<div class=\"head\">\n<h1>");
	if (status == 404 || status == 410)
		html_say(html, "Not found");
	else if (status == 503 || status == 429)
		html_say(html, "The node is busy");
	else
		html_say(html, "This does not work");
	html_put(html, "</h1>\n<p class=\"lede\">");
	if (status == 404)
		html_say(html,
			 "There is nothing here that you may see. It may have been withdrawn, may "
			 "never have been here, or may need an access that you do not have.");
	else if (status == 503 || status == 429)
		html_say(html, "Please try again in a moment.");
	html_put(html, "</p>\n</div>\n<p><a class=\"btn main\" href=\"/\">");
	html_say(html, "To the catalogue");
	html_put(html, "</a></p>\n<p class=\"muted\" lang=\"en\">");
	html_text(html, bytes_str(why));
	html_put(html, "</p>\n<p class=\"muted\">");
	html_format(html, "Error %u", status);
	html_put(html, "</p>\n");
}

static void fail_page(struct web_call *call, unsigned status, const char *why)
{
	struct layout layout = web_layout(call, bytes_of(NULL, 0));
	struct html html;

	layout.title = bytes_str(text_say(
		layout.language, status == 404 ? TEXT("Not found") : TEXT("This does not work")));
	layout_begin(&html, &layout);
	fail_text(&html, status, why);
	layout_end(&html);
	web_text(call, status, "text/html; charset=utf-8", &html.out);
}

void web_fail(struct web_call *call, unsigned status, const char *code, const char *format, ...)
{
	char why[WHY_LEN];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	why[utf8_cut(bytes_str(why), sizeof(why) - 1).len] = 0;
	call->work->etag[0] = 0;
	call->work->has_modified = call->work->has_cache = false;
	bool people = web_wants_page(call);
	if (!utf8_check(bytes_str(why), true))
		snprintf(why, sizeof(why), "what was asked cannot be shown");
	if (people)
		fail_page(call, status, why);
	else
		web_json(call, status, json_pack("{s:s, s:s}", "error", code, "message", why));
}

void web_absent(struct web_call *call)
{
	web_fail(call, 404, "absent", "there is nothing here that you may see");
}

void web_busy_later(struct web_call *call, unsigned seconds, const char *what)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", seconds);
	web_set(call, "Retry-After", text);
	web_fail(call, 503, "busy", "%s", what);
}

void web_redirect(struct web_call *call, unsigned status, const char *to)
{
	struct buf url, text;

	buf_init(&url, 4 * LIMIT_PATH_LEN_MAX);
	buf_init(&text, 0);
	if (*to == '/')
		web_url(call, &url, to);
	else
		buf_add(&url, bytes_str(to));
	set_buf(call, "Location", &url);
	web_text(call, status, "text/plain; charset=utf-8", &text);
}
