#include "node/api/told.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/utf8.h"
#include "node/api/call.h"
#include "proto/audit/audit.h"
#include "proto/catalog/names.h"

enum { WHAT_LEN_MAX = 1024, VALUE_LEN_MAX = 160 };

/*
 * Fields that may be read by whoever reads the log. Invitations, texts that are handed on, and the
 * words of a newcomer are not among them: a field that is new is a secret until it stands here.
 */
static const char *const public_fields[] = {
	"dataset",
	"prefix",
	"to",
	"rights",
	"depth",
	"until_ms",
	"pattern",
	"slug",
	"slugs",
	"name",
	"change",
	"path",
	"version",
	"tier",
	"keep",
	"keep_days",
	"reason",
	"erase",
	"relay",
	"roles",
	"index",
	"threshold",
	"address",
	"cancel",
	"widen",
	"unheard",
	"confirm",
	"grant",
	"from",
	"below",
	"verb",
	"yes",
	"new",
	"id",
	"widest",
	"may",
	"personal_data_checked",
};

static bool is_public(const char *name)
{
	for (size_t i = 0; i < sizeof(public_fields) / sizeof(public_fields[0]); i++)
		if (!strcmp(public_fields[i], name))
			return true;
	return false;
}

/* Requests by the words that people type, where they type others. */
static const struct {
	enum http_method method;
	const char *path, *words;
} commands[] = {
	{HTTP_POST, "/federation", "federation create"},
	{HTTP_POST, "/federation/invitations", "federation invite"},
	{HTTP_POST, "/federation/join", "federation join"},
	{HTTP_POST, "/federation/requests/approve", "federation approve"},
	{HTTP_POST, "/federation/requests/refuse", "federation refuse"},
	{HTTP_POST, "/federation/proposals", "federation propose"},
	{HTTP_POST, "/federation/votes", "federation vote"},
	{HTTP_POST, "/federation/leave", "federation leave"},
	{HTTP_POST, "/grants", "grant"},
	{HTTP_POST, "/grants/accept", "accept"},
	{HTTP_POST, "/grants/renew", "renew"},
	{HTTP_POST, "/revocations", "revoke"},
	{HTTP_POST, "/revocations/lift", "revoke --lift"},
	{HTTP_POST, "/tokens", "token add"},
	{HTTP_DELETE, "/tokens", "token remove"},
	{HTTP_POST, "/reseal", "revoke --reencrypt"},
	{HTTP_POST, "/nodes", "node add"},
	{HTTP_POST, "/nodes/retire", "node retire"},
	{HTTP_POST, "/nodes/settle", "node settle"},
	{HTTP_POST, "/peers", "peer add"},
	{HTTP_POST, "/fetch", "get"},
	{HTTP_POST, "/start/confirm", "start confirm"},
	{HTTP_POST, "/subscriptions", "subscribe"},
	{HTTP_DELETE, "/subscriptions", "unsubscribe"},
	{HTTP_DELETE, "/copies", "drop"},
	{HTTP_POST, "/uploads", "publish (begins)"},
	{HTTP_POST, "/uploads/*/commit", "publish"},
	{HTTP_POST, "/withdrawals", "withdraw"},
	{HTTP_POST, "/withdrawals/gone", "withdraw --gone"},
};

static const char *command_words(const struct call *call)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (commands[i].method == call->request->method &&
		    !strcmp(commands[i].path, call->route->path))
			return commands[i].words;
	return call->route->path;
}

/*
 * Fields that name a dataset. The log lies on the disk as it is read, so that of a hidden one has
 * the path under which it is kept.
 */
static const char *const dataset_fields[] = {"dataset", "prefix", "pattern", "path", "below"};

static json_t *kept_as(struct hub *hub, struct txn *txn, const char *field, const json_t *value)
{
	char path[LIMIT_PATH_LEN_MAX + 1], ignored[WHY_LEN];
	const char *name = json_string_value(value);

	for (size_t i = 0; name && i < sizeof(dataset_fields) / sizeof(dataset_fields[0]); i++)
		if (!strcmp(dataset_fields[i], field))
			return names_resolve(hub, txn, name, path, ignored) ? json_null()
									    : json_string(path);
	return json_incref((json_t *)(uintptr_t)value);
}

/* As JSON writes it, cut. */
static void field_add(struct buf *what, const char *name, const json_t *value)
{
	char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	struct bytes shown = utf8_cut(bytes_str(text ? text : ""), VALUE_LEN_MAX);

	if (what->len + strlen(name) + shown.len + 2 <= WHAT_LEN_MAX) {
		buf_add(what, bytes_str(" "));
		buf_add(what, bytes_str(name));
		buf_add(what, bytes_str("="));
		buf_add(what, shown);
	}
	free(text);
}

static void field_told(struct buf *what, struct hub *hub, struct txn *txn, const char *name,
		       const json_t *value)
{
	json_t *kept = kept_as(hub, txn, name, value);

	if (kept)
		field_add(what, name, kept);
	json_decref(kept);
}

static void path_told(struct buf *what, struct hub *hub, struct txn *txn, const struct call *call)
{
	json_t *path = json_string((const char *)call->path.ptr);

	if (path)
		field_told(what, hub, txn, "path", path);
	json_decref(path);
}

char *told_text(const struct call *call, struct hub *hub, struct txn *txn)
{
	struct buf what;
	const char *name;
	json_t *value;
	char *text;

	buf_init(&what, WHAT_LEN_MAX + 1);
	buf_add(&what, bytes_str(command_words(call)));
	/* Of a request without a body the path is all that there is to say. */
	if (call->path.len > 1 && !call->in)
		path_told(&what, hub, txn, call);
	if (call->in)
		json_object_foreach(call->in, name, value) if (is_public(name))
			field_told(&what, hub, txn, name, value);
	text = bytes_text(buf_bytes(&what));
	for (char *at = text; *at; at++)
		*at = *at == 0x7f ? '?' : *at; /* which JSON leaves as it is */
	buf_fini(&what);
	return text;
}

void told_command(const struct call *call, struct hub *hub, struct txn *txn)
{
	char *text = told_text(call, hub, txn);

	audit_command(hub, txn, call->request->user, text);
	free(text);
}
