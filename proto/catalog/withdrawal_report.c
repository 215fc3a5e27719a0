#include "proto/catalog/withdrawal_report.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "proto/catalog/withdrawal.h"
#include "proto/rights/report_file.h"

enum { MOMENT_LEN = 32 };

/* Of one kind of answer, what it is called in the text. */
enum answer_kind { ANSWER_CONFIRMED, ANSWER_LEFT, ANSWER_NONE, ANSWER_KINDS };

struct reporting {
	struct hub *hub;
	struct buf *text;
	enum answer_kind kind;
	unsigned count;
};

__attribute__((format(printf, 2, 3))) static void text_add(struct buf *text, const char *format,
							   ...)
{
	char line[2 * LIMIT_PATH_LEN_MAX + LIMIT_NAME_LEN_MAX + WITHDRAWAL_REASON_LEN_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	buf_add(text, bytes_str(line));
}

/* In UTC, as it is read elsewhere too. */
static void moment(char out[MOMENT_LEN], int64_t time_ms)
{
	time_t seconds = (time_t)(time_ms / 1000);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(out, MOMENT_LEN, "%Y-%m-%d %H:%M:%S UTC", &tm);
}

static const char *signer_name(const struct hub *hub, uint32_t author)
{
	const struct charter_member *member = hub_author_member(hub, author);

	return member ? member->name : "who is no member any more";
}

static enum answer_kind kind_of(const struct withdrawal_answer *answer)
{
	if (!answer->time_ms)
		return ANSWER_NONE;
	return answer->folders ? ANSWER_LEFT : ANSWER_CONFIRMED;
}

static bool answer_line(void *arg, const struct withdrawal_answer *answer)
{
	struct reporting *r = arg;
	char when[MOMENT_LEN];

	if (kind_of(answer) != r->kind)
		return true;
	r->count++;
	text_add(r->text, "  %s, node %u", signer_name(r->hub, answer->author),
		 author_node(answer->author));
	moment(when, answer->time_ms);
	if (r->kind == ANSWER_LEFT)
		text_add(r->text, ": a copy is left in %u folder%s, since %s", answer->folders,
			 answer->folders == 1 ? "" : "s", when);
	else if (r->kind == ANSWER_CONFIRMED)
		text_add(r->text, ": %s", when);
	text_add(r->text, "\n");
	return true;
}

static void answers_add(struct hub *hub, struct txn *txn, const struct withdrawal_view *view,
			struct buf *text)
{
	static const char *const titles[ANSWER_KINDS] = {
		[ANSWER_CONFIRMED] = "Have confirmed that their store and their folders hold "
				     "nothing of it:",
		[ANSWER_LEFT] = "Have erased it from their store, but may not remove a copy in a "
				"folder, which somebody has changed:",
		[ANSWER_NONE] = "Were known to hold it, and have not answered:",
	};

	for (enum answer_kind kind = 0; kind < ANSWER_KINDS; kind++) {
		struct reporting r = {.hub = hub, .text = text, .kind = kind};
		text_add(text, "\n%s\n", titles[kind]);
		withdrawal_answers(hub, txn, view, answer_line, &r);
		if (r.count == 0)
			text_add(text, "  nobody\n");
	}
}

static void report_text(struct hub *hub, struct txn *txn, const struct withdrawal_view *view,
			struct buf *text)
{
	char now[MOMENT_LEN], then[MOMENT_LEN], fed[ID_HEX_LEN + 1], record[ID_HEX_LEN + 1];

	moment(now, hub->wall_ms);
	moment(then, view->time_ms);
	hex_put(fed, id_bytes(&hub->charter.fed));
	hex_put(record, id_bytes(&view->record));
	text_add(text, "Report of a withdrawal\n\n");
	text_add(text, "Dataset      %s, versions up to %llu\n", view->path,
		 (unsigned long long)view->number);
	text_add(text, "Withdrawn    by %s, node %u, on %s\n", view->name,
		 author_node(view->author), then);
	text_add(text, "Reason       %s\n", view->reason);
	text_add(text, "Versions of  %s\n",
		 view->reach == REACH_ALL      ? "all organisations"
		 : view->reach == REACH_OTHERS ? "all organisations but the owner of the path"
					       : view->name);
	text_add(text, "Erasure      %s\n",
		 view->erase ? "asked of all who held a copy" : "nobody was asked to erase it");
	text_add(text, "As of        %s, as far as node %u of %s has heard\n", now,
		 author_node(hub->author), signer_name(hub, hub->author));
	text_add(text, "Federation   %s\nRecord       %s\n", fed, record);
	if (view->erase)
		answers_add(hub, txn, view, text);
	text_add(text, "\nWhat somebody has read, or got with `get`, stays with them, and no node "
		       "knows of it.\n");
}

enum err withdrawal_report(struct hub *hub, struct txn *txn, const char *path, struct buf *out,
			   char *why)
{
	struct withdrawal_view view;
	struct buf text;

	if (!withdrawal_find(hub, txn, path, 0, &view)) {
		why_set(why, "%.200s was never withdrawn.", path);
		return ERR_ABSENT;
	}
	if (!view.own) {
		why_set(why,
			"node %u of %s has withdrawn %.200s, and it alone knows who held a copy: "
			"ask there.",
			author_node(view.author), view.name, path);
		return ERR_DENIED;
	}
	buf_init(&text, REPORT_TEXT_LEN_MAX);
	report_text(hub, txn, &view, &text);
	const struct report report = {
		.author = hub->author, .time_ms = hub->wall_ms, .text = buf_bytes(&text)};
	enum err err = text.err ? text.err : report_make(out, &report, &hub->ledger, txn);
	buf_fini(&text);
	if (err)
		why_set(why, "no report can be made of %.200s: %s.", path, err_text(err));
	return err;
}
