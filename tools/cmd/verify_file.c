/*
 * verify-file: who has published a file, and that it is as they published it, on a machine without
 * a node.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/sha256.h"
#include "proto/rights/file_proof.h"
#include "store/dir.h"
#include "tools/cmd/commands.h"
#include "tools/kit/client.h"
#include "tools/kit/fetch.h"
#include "tools/kit/print.h"
#include "tools/kit/proof.h"
#include "tools/kit/text.h"

/* From where the federation id is known. */
enum known { KNOWN_GIVEN, KNOWN_NODE, KNOWN_SAID };
static const char *const KNOWN[] = {"given", "node", "said"};

struct checked {
	const char *path;    /* of the file at hand */
	const char *against; /* as typed */
	struct fed_id fed;
	enum known known;
	uint64_t size;
	struct digest sha256;
};

/* ---- what is at hand ---- */

static int file_hash(struct checked *c)
{
	FILE *file = fopen(c->path, "rb");
	uint8_t piece[65536];
	struct sha256 *sha256;
	size_t len;

	if (!file)
		return tool_fail(TOOL_ABSENT, "cannot read %s: %s", c->path, strerror(errno));
	sha256 = sha256_open();
	while ((len = fread(piece, 1, sizeof(piece), file)) > 0) {
		sha256_add(sha256, bytes_of(piece, len));
		c->size += len;
	}
	bool failed = ferror(file);
	int err = errno;
	fclose(file);
	sha256_done(sha256, c->sha256.b);
	sha256_close(sha256);
	if (failed)
		return tool_fail(TOOL_FAILED, "cannot read %s: %s", c->path, strerror(err));
	return TOOL_DONE;
}

/* The federation of this machine's node, if there is one that answers. */
static bool node_federation(const struct tool *tool, struct fed_id *out)
{
	char *socket =
		tool->dir ? dir_file(tool->dir, "control.sock") : NULL; /* no home: no node */
	struct client *client = NULL;
	json_t *answer = NULL;
	bool found = false;

	if (socket && access(socket, R_OK | W_OK) == 0 && client_open(&client, tool) == TOOL_DONE) {
		client_patience(client, CLIENT_BRIEFLY);
		if (client_call(client, "GET", "/federation", NULL, &answer) == TOOL_DONE)
			found = !hex_get(out->b, ID_LEN, field_text(answer, "id"));
	}
	json_decref(answer);
	client_close(client);
	free(socket);
	return found;
}

static int find_federation(const struct tool *tool, struct checked *c)
{
	const char *given = args_value(&tool->args, "federation");

	c->known = given ? KNOWN_GIVEN : node_federation(tool, &c->fed) ? KNOWN_NODE : KNOWN_SAID;
	return given ? proof_federation(&c->fed, given) : TOOL_DONE;
}

/* ---- the signature ---- */

static bool text_ends(const char *text, size_t len, const char *end)
{
	const size_t end_len = strlen(end);

	return len >= end_len && memcmp(text + len - end_len, end, end_len) == 0;
}

/*
 * Where the signature is: beside the file of an address, or of the file in a dataset that is called
 * like the one at hand. What stands behind a '?' or '#' is left out.
 */
static void signature_url(struct buf *out, const struct checked *c)
{
	const char *slash = strrchr(c->path, '/'), *name = slash ? slash + 1 : c->path;
	size_t len = strcspn(c->against, "?#");

	buf_add(out, bytes_of(c->against, len));
	if (!text_ends(c->against, len, ".sig")) {
		if (!memmem(c->against, len, "/files/", 7)) {
			buf_add(out,
				bytes_str(text_ends(c->against, len, "/") ? "files/" : "/files/"));
			text_url(out, name);
		}
		buf_add(out, bytes_str(".sig"));
	}
	buf_add_u8(out, 0);
}

static int signature_get(const struct checked *c, struct buf *out)
{
	struct buf url;
	int code;

	if (!fetch_is_url(c->against))
		return proof_read(out, c->against, "signature of a file");
	buf_init(&url, 1 << 16);
	signature_url(&url, c);
	code = url.err ? tool_fail(TOOL_USAGE, "--against is no address: it is too long")
		       : fetch(out, (const char *)url.ptr);
	buf_fini(&url);
	return code;
}

/* ---- whether the address and the signature speak of one thing ---- */

static int digit_of(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

static void unescape(struct buf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		int high = text[i] == '%' && i + 2 < len ? digit_of(text[i + 1]) : -1;
		int low = high >= 0 ? digit_of(text[i + 2]) : -1;
		buf_add_u8(out, low >= 0 ? (uint8_t)(high * 16 + low) : (uint8_t)text[i]);
		i += low >= 0 ? 2 : 0;
	}
}

/* "meissen/kita" or "meissen/kita@3", as the address has it, is the dataset and the version. */
static bool names_dataset(const struct file_proof *proof, struct bytes words)
{
	const uint8_t *at = memchr(words.ptr, '@', words.len);
	const size_t len = at ? (size_t)(at - words.ptr) : words.len;
	char kept[LIMIT_PATH_LEN_MAX + 1], number[24], said[24];

	if (len > LIMIT_PATH_LEN_MAX)
		return false;
	charter_path_kept(&proof->place.charter, bytes_of(words.ptr, len), kept);
	snprintf(number, sizeof(number), "%llu", (unsigned long long)proof->version.number);
	snprintf(said, sizeof(said), "%.*s", at ? (int)(words.len - len - 1) : 0,
		 at ? (const char *)at + 1 : "");
	return bytes_eq(bytes_str(kept), proof->version.path) && (!at || strcmp(number, said) == 0);
}

/* Of an address .../d/PATH/files/NAME: PATH and NAME are those of the signature. */
static bool address_fits(const struct file_proof *proof, const char *address)
{
	struct buf plain;
	bool fits = false, names = false;

	buf_init(&plain, 1 << 16);
	unescape(&plain, address, strcspn(address, "?#"));
	if (text_ends((const char *)plain.ptr, plain.len, ".sig") &&
	    !text_ends((const char *)proof->name.ptr, proof->name.len, ".sig"))
		plain.len -= 4;
	buf_add_u8(&plain, 0);
	const char *text = plain.err ? "" : (const char *)plain.ptr;
	const char *files = strstr(text, "/files/");
	for (const char *d = strstr(text, "/d/"); d && !fits; d = strstr(d + 1, "/d/")) {
		const char *end = files && files > d ? files : d + strcspn(d, "");
		struct bytes words = bytes_of(d + 3, (size_t)(end - d) - 3);
		names = true;
		fits = names_dataset(proof, words) &&
		       (end != files || bytes_eq(bytes_str(files + 7), proof->name));
	}
	buf_fini(&plain);
	return fits || !names;
}

/* ---- what is said ---- */

static json_t *result_json(const struct checked *c, const struct file_proof *proof, bool same)
{
	const struct charter *charter = &proof->place.charter;
	const struct orglog *log = &proof->place.logs[0].log;
	char fed[ID_HEX_LEN + 1], hash[ID_HEX_LEN + 1], path[LIMIT_PATH_LEN_MAX + 1];

	hex_put(fed, id_bytes(&charter->fed));
	hex_put(hash, id_bytes(&c->sha256));
	charter_path_shown(charter, proof->version.path, path);
	char *name = bytes_text(proof->name);
	json_t *out = json_pack(
		"{s:b, s:s, s:s, s:I, s:s, s:I, s:{s:s, s:s}, s:{s:s, s:s}, s:i, s:I, s:I, s:I, "
		"s:{s:s, s:s, s:s}, s:I, s:s}",
		"unaltered", same, "file", name, "dataset", path, "version",
		(json_int_t)proof->version.number, "tier", "open", "published_ms",
		(json_int_t)proof->record.time_ms, "organisation", "slug", proof->author->slug,
		"name", proof->author->name, "owner", "slug", proof->owner->slug, "name",
		proof->owner->name, "node", (int)proof->node, "log_entry", (json_int_t)log->number,
		"log_ms", (json_int_t)log->time_ms, "charter_entry", (json_int_t)charter->number,
		"federation", "id", fed, "name", charter->name, "known", KNOWN[c->known], "bytes",
		(json_int_t)c->size, "sha256", hash);
	free(name);
	return out;
}

static void print_known(const json_t *out, enum known known)
{
	static const char *const WORDS[] = {
		"the one that you named",
		"the one of the node on this machine",
		("as the signature says, and nobody has checked it: compare the id with one that "
		 "you have from elsewhere, or give it with --federation"),
	};
	const json_t *fed = json_object_get(out, "federation");

	print_fieldf("Federation", "%s, %s (%s)", field_text(fed, "name"), field_text(fed, "id"),
		     WORDS[known]);
}

static void print_checked(const struct checked *c, const json_t *out)
{
	const json_t *organisation = json_object_get(out, "organisation");
	const json_t *owner = json_object_get(out, "owner");
	char when[TEXT_SHORT_LEN], log[TEXT_SHORT_LEN];

	text_local(when, field_time(out, "published_ms"));
	text_local(log, field_time(out, "log_ms"));
	print_line("%s is unaltered: %s has published it.", c->path,
		   field_text(organisation, "name"));
	print_fieldf("Dataset", "%s, version %llu, %s", field_text(out, "dataset"),
		     (unsigned long long)field_count(out, "version"), when);
	print_field("File", field_text(out, "file"));
	print_fieldf("Signed", "by node %llu of %s, as entry %llu of its log of %s names it",
		     (unsigned long long)field_count(out, "node"), field_text(organisation, "name"),
		     (unsigned long long)field_count(out, "log_entry"), log);
	if (strcmp(field_text(owner, "slug"), field_text(organisation, "slug")) != 0)
		print_fieldf("Path", "belongs to %s, by a grant that is not proved here",
			     field_text(owner, "name"));
	print_known(out, c->known);
	print_line("Whether there is a later version cannot be seen from it.");
}

static int complain_other(const struct checked *c, const struct file_proof *proof)
{
	const struct manifest_file *match = file_proof_match(proof, &c->sha256, c->size);
	char *name = bytes_text(proof->name), *other = match ? bytes_text(match->name) : NULL;
	char path[LIMIT_PATH_LEN_MAX + 1];

	charter_path_shown(&proof->place.charter, proof->version.path, path);
	if (other)
		tool_fail(TOOL_FAILED,
			  "%s is not the %s that %s has published: it is another file of version "
			  "%llu of %s, %s",
			  c->path, name, proof->author->name,
			  (unsigned long long)proof->version.number, path, other);
	else
		tool_fail(TOOL_FAILED,
			  "%s is not the %s that %s has published as version %llu of %s: it was "
			  "altered, or is another file or version (%llu bytes here, %llu there)",
			  c->path, name, proof->author->name,
			  (unsigned long long)proof->version.number, path,
			  (unsigned long long)c->size, (unsigned long long)proof->file->size);
	free(name);
	free(other);
	return TOOL_FAILED;
}

static int judge_file(const struct tool *tool, const struct checked *c,
		      const struct file_proof *proof)
{
	const bool same = c->size == proof->file->size && id_eq(&c->sha256, &proof->file->sha256);
	int code = TOOL_DONE;

	if (fetch_is_url(c->against) && !address_fits(proof, c->against))
		return tool_fail(TOOL_DENIED,
				 "the signature proves nothing of %s: it is of file %.*s in "
				 "version %llu of %.*s",
				 c->against, (int)proof->name.len, (const char *)proof->name.ptr,
				 (unsigned long long)proof->version.number,
				 (int)proof->version.path.len,
				 (const char *)proof->version.path.ptr);
	json_t *out = result_json(c, proof, same);
	if (tool->json)
		code = print_json(tool, out);
	else if (same)
		print_checked(c, out);
	json_decref(out);
	return same ? code : complain_other(c, proof);
}

/* ---- the command ---- */

static int run_verify_file(struct tool *tool)
{
	struct checked c = {.path = tool_word(tool, 0),
			    .against = args_value(&tool->args, "against")};
	struct file_proof proof;
	struct buf bytes;
	int code;

	if (!c.against)
		return tool_fail(TOOL_USAGE, "--against is missing: the address of the file or "
					     "dataset at a node, or a signature that you have");
	if ((code = file_hash(&c)) || (code = find_federation(tool, &c)))
		return code;
	buf_init(&bytes, FILE_PROOF_LEN_MAX);
	code = signature_get(&c, &bytes);
	if (!code) {
		enum err err = file_proof_read(&proof, buf_bytes(&bytes),
					       c.known == KNOWN_SAID ? NULL : &c.fed);
		if (err)
			code = tool_fail(err == ERR_DENIED ? TOOL_DENIED : TOOL_FAILED,
					 "the signature from %s proves nothing: %s", c.against,
					 proof.why);
		else
			code = judge_file(tool, &c, &proof);
		file_proof_fini(&proof);
	}
	buf_fini(&bytes);
	return code;
}

const struct command cmd_verify_file = {
	.name = "verify-file",
	.arguments = "FILE --against ADDRESS",
	.summary = "check who has published a file, without a node",
	.help = "Checks a file of a dataset in tier open, wherever it has come from, a portal "
		"too: who\n"
		"has published it, and that it is unaltered (else exit code 1). What proves it is "
		"its\n"
		"signature, which each node that has the dataset hands out. --against is the "
		"address\n"
		"of the file there, or of its dataset, or the path of a signature on this "
		"machine\n"
		"(the address of the file with .sig at its end).\n"
		"\n"
		"The organisation is the one that the federation with --federation ID calls so. "
		"Without\n"
		"it the id is that of the node on this machine; where there is none, it is the one "
		"that\n"
		"the signature says, and you are told to compare it.\n"
		"\n"
		"  allmende verify-file plaetze.csv --against "
		"https://daten.example/d/meissen/kita\n"
		"  allmende verify-file plaetze.csv --against plaetze.csv.sig --federation 3b2f...",
	.options =
		(const struct option[]){
			{"against", 0, "ADDRESS", false,
			 "of the file or dataset at a node, or a signature"},
			{"federation", 0, "ID", false,
			 "id of the federation, which you have from elsewhere"},
			{0},
		},
	.word_min = 1,
	.word_max = 1,
	.no_node = "",
	.run = run_verify_file,
};
