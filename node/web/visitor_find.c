#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "crypto/id.h"
#include "node/base/clock.h"
#include "node/web/tokens.h"
#include "node/web/work.h"

#define BASIC_LEN_MAX 512

/*
 * The password of "Basic ...", for programs that cannot show anything else (LibreOffice, QGIS). A
 * proxy that asks for passwords of its own passes them on: what is no token of ours says nothing.
 */
static bool basic_token(const char *coded, char out[API_TOKEN_TEXT_MAX])
{
	struct buf plain;
	char text[BASIC_LEN_MAX];
	size_t len = strcspn(coded, "=");
	const char *colon = NULL;

	if (len >= sizeof(text))
		return false;
	for (size_t i = 0; i < len; i++) /* base64_get() takes the alphabet of URLs */
		text[i] = coded[i] == '+' ? '-' : coded[i] == '/' ? '_' : coded[i];
	buf_init(&plain, BASIC_LEN_MAX);
	if (!base64_get(&plain, bytes_of(text, len))) {
		buf_add_u8(&plain, 0);
		colon = plain.err ? NULL : strchr((const char *)plain.ptr, ':');
	}
	if (colon && !strncmp(colon + 1, API_TOKEN_BEGIN, strlen(API_TOKEN_BEGIN)) &&
	    strlen(colon + 1) < API_TOKEN_TEXT_MAX)
		strcpy(out, colon + 1);
	else
		colon = NULL;
	buf_fini_wipe(&plain);
	secret_wipe(text, sizeof(text));
	return colon != NULL;
}

/* What is shown as a token; NULL: nothing. CKAN's clients show a key without a word before it. */
static const char *token_shown(struct web_call *call, char basic[API_TOKEN_TEXT_MAX])
{
	const char *shown = web_header(call, "Authorization");

	if (shown && !strncasecmp(shown, "Basic ", 6))
		return basic_token(shown + 6 + strspn(shown + 6, " "), basic) ? basic : NULL;
	if (shown && !strncasecmp(shown, "Bearer ", 7))
		return shown + 7 + strspn(shown + 7, " ");
	return shown ? shown : web_header(call, "X-CKAN-API-Key");
}

void visitor_ask(struct web_call *call, const char *why)
{
	web_set(call, "WWW-Authenticate", "Bearer realm=\"allmende\"");
	web_set(call, "WWW-Authenticate", "Basic realm=\"allmende\", charset=\"UTF-8\"");
	web_fail(call, 401, "denied", "%s", why);
}

bool visitor_find(struct web_call *call, struct tokens *tokens)
{
	char basic[API_TOKEN_TEXT_MAX] = "";
	const char *shown;
	enum err err;

	if (call->work->asked->admin) {
		call->visitor.kind = VISITOR_ADMIN;
		return true;
	}
	shown = token_shown(call, basic);
	if (!shown)
		return true;
	err = tokens_check(tokens, shown, call->work->asked->peer, clock_now_ms(), &call->visitor);
	secret_wipe(basic, sizeof(basic));
	if (err == ERR_DENIED) {
		visitor_ask(call, "this token does not count here: it is wrong, has ended, or was "
				  "removed");
	} else if (err == ERR_BUSY) {
		web_set(call, "Retry-After", "60");
		web_fail(call, 429, "denied",
			 "too many wrong tokens came from %s; try again in a "
			 "minute",
			 call->work->asked->peer);
	} else if (err) {
		web_fail(call, 500, "io", "the store could not be read: %s", err_text(err));
	}
	return !err;
}
