#include "tools/kit/fetch.h"

#include <curl/curl.h>
#include <jansson.h>
#include <string.h>
#include <strings.h>

#include "crypto/check.h"
#include "tools/kit/print.h"

enum { CONNECT_SECONDS = 20, SLOW_SECONDS = 60, REDIRECTS_MAX = 5 };

bool fetch_is_url(const char *text)
{
	return strncasecmp(text, "http://", 7) == 0 || strncasecmp(text, "https://", 8) == 0;
}

static size_t fetch_take(char *ptr, size_t size, size_t count, void *arg)
{
	struct buf *out = arg;

	buf_add(out, bytes_of(ptr, size * count));
	return out->err ? 0 : size * count;
}

/* What the server says, when it is one of ours; else its number. */
static int complain_status(const struct buf *body, const char *url, long status)
{
	json_t *said = json_loadb((const char *)body->ptr, body->len, 0, NULL);
	const char *message = field_text(said, "message");
	const int code = status == 404 || status == 410 ? TOOL_ABSENT : TOOL_FAILED;

	tool_fail(code, "%s cannot be had: the server answers %ld%s%s", url, status,
		  *message ? ", " : "", message);
	json_decref(said);
	return code;
}

static void fetch_prepare(CURL *curl, const char *url, struct buf *out)
{
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)SLOW_SECONDS);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, fetch_take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, out);
}

int fetch(struct buf *out, const char *url)
{
	CURL *curl = curl_easy_init();
	long status = 0;
	int code = TOOL_DONE;

	check(curl);
	fetch_prepare(curl, url, out);
	CURLcode result = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (out->err)
		code = tool_fail(TOOL_FAILED, "%s is longer than %zu bytes", url, out->max);
	else if (result != CURLE_OK)
		code = tool_fail(TOOL_FAILED, "%s cannot be had: %s", url,
				 curl_easy_strerror(result));
	else if (status >= 400)
		code = complain_status(out, url, status);
	curl_easy_cleanup(curl);
	return code;
}
