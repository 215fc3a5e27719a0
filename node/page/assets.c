/*
 * assets - the style sheet and the scripts of the pages, out of the program itself.
 */
#include <string.h>

#include "crypto/hash.h"
#include "node/html/embedded.h"
#include "node/page/page.h"
#include "node/web/web_call.h"

#define YEAR_SECONDS (365u * 24 * 3600)

/* With the mark of what it is now, it may be kept for good: a change has another address. */
static void asset_serve(struct web_call *call)
{
	const struct embedded *file = embedded_find(call->parts[0]);
	const char *mark = web_arg(call, "v");
	struct buf text;

	if (!file || !file->type) {
		web_absent(call);
		return;
	}
	web_etag(call, bytes_str(file->mark));
	if (mark && !strcmp(mark, file->mark))
		web_cache(call, YEAR_SECONDS, true);
	if (web_fresh(call))
		return;
	buf_init(&text, file->len);
	buf_add(&text, bytes_of(file->ptr, file->len));
	web_text(call, 200, file->type, &text);
}

const struct route assets_routes[] = {
	{HTTP_GET, "/assets/*", .who = WHO_ANYONE, .serve = asset_serve,
	 .about = "style sheet and scripts of the pages",
	 .params = PARAMS({"v", "string", "which state of it"}),
	 .answers = "text/css text/javascript"},
	{0},
};
