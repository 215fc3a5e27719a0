#include "proto/rights/report_file.h"

#include <stdio.h>
#include <string.h>

#include "crypto/utf8.h"
#include "proto/rights/token_export.h"
#include "proto/rights/token_file.h"
#include "proto/wire/envelope.h"
#include "proto/wire/payload.h"
#include "proto/wire/wire_out.h"

#define BEGIN_LINE "-----BEGIN ALLMENDE REPORT-----\n"
#define END_LINE   "-----END ALLMENDE REPORT-----\n"

enum { LINE_LEN = 76 };

/* ---- making ---- */

/* PROTOCOL: "report payload = [1, author, time, text as bin]" */
static void report_put(struct buf *out, const struct report *fields)
{
	out_array(out, 4);
	out_uint(out, 1);
	out_uint(out, fields->author);
	out_uint(out, (uint64_t)fields->time_ms);
	out_bin(out, fields->text);
}

static void lines_put(struct buf *out, struct bytes letters)
{
	for (size_t at = 0; at < letters.len; at += LINE_LEN) {
		buf_add(out,
			bytes_slice(letters, at,
				    at + LINE_LEN < letters.len ? LINE_LEN : letters.len - at));
		buf_add(out, bytes_str("\n"));
	}
}

enum err report_make(struct buf *out, const struct report *fields, struct ledger *ledger,
		     struct txn *txn)
{
	struct buf payload, body, letters;
	struct sig sig;

	buf_init(&payload, REPORT_TEXT_LEN_MAX + 64);
	buf_init(&body, REPORT_FILE_LEN_MAX / 2);
	buf_init(&letters, REPORT_FILE_LEN_MAX);
	report_put(&payload, fields);
	sign_make(&sig, ledger->own_seed, SIGN_TAG_REPORT, &ledger->charter->fed,
		  buf_bytes(&payload));
	/*
	 * PROTOCOL: "report = [1, payload as bin, signature(64), [charter entry as bin, ...], log]"
	 */
	out_array(&body, 5);
	out_uint(&body, 1);
	out_bin(&body, buf_bytes(&payload));
	out_fixed(&body, sig.b, SIG_LEN);
	enum err err = token_export_place(&body, ledger, txn, author_member(fields->author));
	base64_put(&letters, buf_bytes(&body));
	if (!err)
		err = payload.err ? payload.err : body.err ? body.err : letters.err;
	buf_add(out, fields->text);
	buf_add(out, bytes_str("\n" BEGIN_LINE));
	lines_put(out, buf_bytes(&letters));
	buf_add(out, bytes_str(END_LINE));
	buf_fini(&payload);
	buf_fini(&body);
	buf_fini(&letters);
	return err ? err : out->err;
}

/* ---- checking ---- */

enum err report_get(struct report *out, struct bytes payload, const struct sig *sig)
{
	struct wire_in w = wire_in(payload);
	enum err err = payload_begin(&w, 4);

	if (err)
		return err;
	*out = (struct report){.payload = payload, .sig = *sig};
	out->author = (uint32_t)wire_uint(&w, UINT32_MAX);
	out->time_ms = (int64_t)wire_uint(&w, INT64_MAX);
	out->text = wire_bin(&w, 1, REPORT_TEXT_LEN_MAX);
	if (!w.err && !utf8_check(out->text, true))
		wire_fail(&w);
	return wire_end(&w);
}

enum err report_check_sig(const struct report *report, const struct sign_pk *pk,
			  const struct fed_id *fed)
{
	return sign_check(&report->sig, pk, SIGN_TAG_REPORT, fed, report->payload);
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Whether both say the same, however their lines are broken. */
static bool reads_as(struct bytes a, struct bytes b)
{
	size_t i = 0, k = 0;

	while (true) {
		while (i < a.len && is_blank(a.ptr[i]))
			i++;
		while (k < b.len && is_blank(b.ptr[k]))
			k++;
		if (i == a.len || k == b.len)
			return i == a.len && k == b.len;
		if (a.ptr[i++] != b.ptr[k++])
			return false;
	}
}

/* Cuts the file: what stands above the letters, and these. */
static bool report_cut(struct bytes file, struct bytes *text, struct bytes *letters)
{
	const struct bytes begin = bytes_str(BEGIN_LINE), end = bytes_str(END_LINE);
	/* A line end that mail has made another one is no part of the marks. */
	const uint8_t *from = memmem(file.ptr, file.len, begin.ptr, begin.len - 1);

	if (!from)
		return false;
	*text = bytes_of(file.ptr, (size_t)(from - file.ptr));
	from += begin.len - 1;
	const size_t left = file.len - (size_t)(from - file.ptr);
	const uint8_t *to = memmem(from, left, end.ptr, end.len - 1);
	if (!to)
		return false;
	*letters = bytes_of(from, (size_t)(to - from));
	return true;
}

static enum err report_refuse(struct report_file *file, enum err err, const char *why)
{
	if (!file->why[0])
		snprintf(file->why, sizeof(file->why), "%s", why);
	return err;
}

static enum err signer_check(struct report_file *file, const struct token_file *place)
{
	const struct orglog_node *node = token_file_node(place, file->report.author);
	const struct charter_member *member =
		charter_member(&place->charter, author_member(file->report.author));

	if (!member || !node || node->state != ORGLOG_NODE_ACTIVE)
		return report_refuse(file, ERR_DENIED, "it is by a node that is no active one");
	if (report_check_sig(&file->report, &node->sign, &place->charter.fed))
		return report_refuse(file, ERR_DENIED, "its signature is wrong");
	snprintf(file->name, sizeof(file->name), "%s", member->name);
	file->present = charter_is_present(member);
	return ERR_OK;
}

static enum err body_read(struct report_file *out, const struct fed_id *fed)
{
	struct wire_in w = wire_in(buf_bytes(&out->body));
	struct token_file place;
	struct sig sig;
	enum err err = payload_begin(&w, 5);

	if (err)
		return report_refuse(out, err, "it is damaged, or of another version");
	struct bytes payload = wire_bin(&w, 1, REPORT_TEXT_LEN_MAX + 64);
	wire_fixed(&w, sig.b, SIG_LEN);
	err = w.err ? w.err : report_get(&out->report, payload, &sig);
	if (err)
		return report_refuse(out, err, "it is damaged, or of another version");
	err = token_file_place(&place, &w, fed);
	if (err)
		report_refuse(out, err, place.why[0] ? place.why : "it is damaged");
	else
		err = signer_check(out, &place);
	token_file_fini(&place);
	return err;
}

enum err report_file_read(struct report_file *out, struct bytes file, const struct fed_id *fed)
{
	struct bytes text, letters;
	struct buf plain;

	*out = (struct report_file){.present = false};
	buf_init(&out->body, REPORT_FILE_LEN_MAX);
	if (file.len > REPORT_FILE_LEN_MAX || !report_cut(file, &text, &letters))
		return report_refuse(out, ERR_MALFORMED,
				     "it has no lines between BEGIN and END ALLMENDE REPORT");
	buf_init(&plain, REPORT_FILE_LEN_MAX);
	envelope_unwrap(&plain, letters);
	enum err err = plain.err ? plain.err : base64_get(&out->body, buf_bytes(&plain));
	buf_fini(&plain);
	if (err)
		return report_refuse(out, err, "it is damaged: ask for it again");
	err = body_read(out, fed);
	if (!err && !reads_as(text, out->report.text))
		err = report_refuse(out, ERR_DENIED,
				    "the text above the signature is not the one that was signed");
	return err;
}

void report_file_fini(struct report_file *file)
{
	buf_fini(&file->body);
}
