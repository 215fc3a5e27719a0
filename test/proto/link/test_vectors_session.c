/*
 * One whole session from fixed keys, as docs/vectors/session/session.json, and as the annotated
 * bytes at the end of docs/PROTOCOL.md: made here, and compared with what stands there, or written
 * anew (--write).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/check.h"
#include "crypto/hash.h"
#include "crypto/wrap.h"
#include "proto/hub/message.h"
#include "proto/link/link.h"
#include "proto/wire/protocol.h"
#include "test/proto/federation.h"
#include "test/proto/vectors.h"

#define TEXT_PATH  "docs/PROTOCOL.md"
#define TEXT_BEGIN "```session\n"
#define TEXT_END   "```\n"

enum { DUMP_MAX = 1 << 18, TEXT_MAX = 1 << 20, LINE_BYTES = 34, NOW_MS = 1000 };

static struct vectors vectors = {.folder = "docs/vectors/session/"};

struct side {
	const char *name;
	const struct test_org *org;
	struct random random;
	struct key ephemeral; /* what random gives first */
	struct buf certificate;
	struct link_options options;
	struct link link;
};

struct session {
	struct test_federation *fed;
	struct limits limits;
	struct side sides[2]; /* 0 dials */
	struct buf dump;      /* the text */
	json_t *steps;
};

/* ---- the text ---- */

static void say(struct session *s, const char *text)
{
	buf_add(&s->dump, bytes_str(text));
}

/* Bytes, so many a line, and behind the first line what they are. */
static void part(struct session *s, struct bytes bytes, const char *note)
{
	char line[200], hex[2 * LINE_BYTES + 1];
	for (size_t at = 0; at < bytes.len; at += LINE_BYTES) {
		struct bytes row = bytes_slice(
			bytes, at, bytes.len - at < LINE_BYTES ? bytes.len - at : LINE_BYTES);
		hex_put(hex, row);
		if (at || !*note)
			snprintf(line, sizeof(line), "  %s\n", hex);
		else
			snprintf(line, sizeof(line), "  %-*s  %s\n",
				 row.len <= LINE_BYTES / 2 ? LINE_BYTES : 2 * LINE_BYTES, hex,
				 note);
		say(s, line);
	}
}

/* How long the first bytes of a value are: its type, and the content of what is no array. */
static size_t token_len(const uint8_t *p)
{
	if (p[0] <= 0x7f || (p[0] >= 0x90 && p[0] <= 0x9f) || p[0] == 0xc0 || p[0] == 0xc2 ||
	    p[0] == 0xc3)
		return 1;
	if (p[0] >= 0xa0 && p[0] <= 0xbf)
		return 1 + (size_t)(p[0] - 0xa0);
	if (p[0] == 0xc4)
		return 2 + (size_t)p[1];
	if (p[0] == 0xc5)
		return 3 + (size_t)be16_get(p + 1);
	if (p[0] >= 0xcc && p[0] <= 0xcf)
		return 1 + ((size_t)1 << (p[0] - 0xcc));
	check(!"a type that no part of the session has");
	return 0;
}

/* One note for each token, in order; NULL ends them. */
static size_t tokens(struct session *s, struct bytes bytes, const char *const *notes)
{
	size_t at = 0;
	for (; *notes; notes++) {
		size_t len = token_len(bytes.ptr + at);
		part(s, bytes_slice(bytes, at, len), *notes);
		at += len;
	}
	return at;
}

static void certificate_say(struct session *s, struct bytes certificate)
{
	static const char *const outer[] = {"certificate: an array of 5",
					    "chosen version",
					    "member number",
					    "node index",
					    "organisation id",
					    NULL};
	static const char *const entry[] = {"form 1, array of 9:",
					    "form",
					    "number",
					    "previous",
					    "time",
					    "root public key",
					    "recovery public key",
					    "wrap suite",
					    "wrap public key",
					    "one node",
					    "six elements",
					    "index",
					    "state: active",
					    "roles: all",
					    "signing key",
					    "transport key",
					    "possession",
					    NULL};
	size_t at = tokens(s, certificate, outer);
	part(s, bytes_slice(certificate, at, 3), "the log entry, as bin");
	struct bytes whole = bytes_slice(certificate, at + 3, certificate.len - at - 3);
	at = tokens(s, whole, entry);
	part(s, bytes_slice(whole, at, whole.len - at), "signature of the entry, by the root key");
}

static void hello_say(struct session *s, unsigned from, struct bytes message)
{
	const char *const notes[] = {"HELLO: an array of 6",
				     "type",
				     "protocol version",
				     "software",
				     "charter number",
				     "content digest: no author has a state yet",
				     from ? "nil: it is an answer" : "marks",
				     NULL};
	assert_int_equal(tokens(s, message, notes), message.len);
}

/* ---- the session ---- */

static void side_init(struct session *s, unsigned i)
{
	struct side *side = &s->sides[i];
	struct random same = random_seeded(11 + i);
	*side = (struct side){
		.name = i ? "listener" : "dialler", .org = &s->fed->orgs[1 - i], .random = same};
	random_fill(&same, &side->ephemeral, sizeof(side->ephemeral));
	buf_init(&side->certificate, LIMIT_FRAME_LEN_MAX);
	const struct certificate certificate = {.version = PROTOCOL_VERSION,
						.member = 2 - i,
						.org = side->org->id,
						.entry = buf_bytes(&side->org->entry)};
	certificate_put(&side->certificate, &certificate);
	side->options = (struct link_options){.dialler = i == 0,
					      .fed = s->fed->charter.fed,
					      .static_sk = &side->org->transport,
					      .certificate = buf_bytes(&side->certificate),
					      .limits = &s->limits,
					      .random = &side->random};
	link_init(&side->link, &side->options, NOW_MS);
}

/* What one side has to send goes to the other, which answers what it is asked. */
static void step(struct session *s, unsigned from, const char *what, struct bytes plain,
		 struct buf *wire)
{
	struct link_event event;
	struct link *to = &s->sides[1 - from].link;
	buf_reset(wire);
	assert_int_equal(link_output(&s->sides[from].link, wire, DUMP_MAX), ERR_OK);
	assert_true(wire->len > 0);
	link_recv(to, buf_bytes(wire), NOW_MS);
	while (link_next(to, &event)) {
		if (event.type == LINK_EVENT_CERT)
			link_admit(to, true, LINK_REASON_DONE);
		if (event.type == LINK_EVENT_MESSAGE)
			assert_true(bytes_eq(event.message, bytes_slice(plain, 2, plain.len - 2)));
	}
	while (link_next(&s->sides[from].link, &event))
		assert_int_equal(event.type == LINK_EVENT_MESSAGE, 0);
	json_array_append_new(s->steps,
			      json_pack("{s:s, s:s, s:o, s:o}", "from", s->sides[from].name, "what",
					what, "bytes", vectors_hex(buf_bytes(wire)), "plain",
					vectors_hex(plain)));
}

static void handshake(struct session *s, struct buf *wire)
{
	struct dh_pk e;
	step(s, 0, "prelude and first message", bytes_of(NULL, 0), wire);
	struct bytes b = buf_bytes(wire);
	say(s, "dialler ▶ listener, in clear\n");
	part(s, bytes_slice(b, 0, 8), "\"allmende\"");
	part(s, bytes_slice(b, 8, 2), "one version: 2");
	part(s, bytes_slice(b, 10, 8), "hint of the federation id");
	part(s, bytes_slice(b, 18, 2), "length of the first message");
	part(s, bytes_slice(b, 20, 32), "e");
	dh_pk_of(&e, &s->sides[0].ephemeral);
	assert_true(bytes_eq(bytes_slice(b, 20, 32), id_bytes(&e)));
	for (unsigned from = 1; from < 2; from--) {
		struct bytes certificate = buf_bytes(&s->sides[from].certificate);
		step(s, from, from ? "second message" : "third message", certificate, wire);
		b = buf_bytes(wire);
		size_t at = from ? 34 : 2;
		say(s, from ? "listener ▶ dialler, second message\n"
			    : "dialler ▶ listener, third message\n");
		part(s, bytes_slice(b, 0, 2), "length");
		if (from)
			part(s, bytes_slice(b, 2, 32), "e");
		part(s, bytes_slice(b, at, 48), "s and its tag, under ee or es: a transport key");
		part(s, bytes_slice(b, at + 48, 32), "the certificate, sealed; so it begins, and");
		part(s, bytes_slice(b, b.len - 16, 16), "ends with its tag");
		if (from) {
			say(s, "  its plain text:\n");
			certificate_say(s, certificate);
		}
	}
}

static void message(struct session *s, unsigned from, const char *what, const struct buf *body,
		    struct buf *wire)
{
	char line[100];
	struct buf plain;
	buf_init(&plain, DUMP_MAX);
	buf_add_u8(&plain, LINK_CHANNEL_SYNC);
	buf_add_u8(&plain, FRAME_FLAG_LAST);
	buf_add(&plain, buf_bytes(body));
	assert_int_equal(link_send(&s->sides[from].link, LINK_CHANNEL_SYNC, buf_bytes(body)),
			 ERR_OK);
	step(s, from, what, buf_bytes(&plain), wire);
	snprintf(line, sizeof(line), "%s ▶ %s, %s\n", s->sides[from].name, s->sides[1 - from].name,
		 what);
	say(s, line);
	part(s, bytes_slice(buf_bytes(wire), 0, 2), "length");
	part(s, bytes_slice(buf_bytes(wire), 2, wire->len - 2), "sealed; its plain text:");
	part(s, bytes_slice(buf_bytes(&plain), 0, 2), "channel 1, flag 1: the last fragment");
	buf_fini(&plain);
}

static void hello(struct session *s, unsigned from, struct buf *wire)
{
	static struct roll none;
	struct digest content;
	struct buf body;
	buf_init(&body, DUMP_MAX);
	roll_content(&none, &content);
	message_hello(&body, "example/1", 1, &content, from ? NULL : none.marks);
	message(s, from, "HELLO", &body, wire);
	hello_say(s, from, buf_bytes(&body));
	buf_fini(&body);
}

static void own_head(struct session *s, struct buf *wire)
{
	static const char *const get[] = {"OWN_HEAD_GET", "type", NULL};
	static const char *const none[] = {"OWN_HEAD", "type", "nil: there is none here", NULL};
	struct buf body;
	buf_init(&body, DUMP_MAX);
	message_own_head_get(&body);
	message(s, 0, "OWN_HEAD_GET", &body, wire);
	tokens(s, buf_bytes(&body), get);
	buf_reset(&body);
	message_own_head(&body, bytes_of(NULL, 0));
	message(s, 1, "OWN_HEAD", &body, wire);
	tokens(s, buf_bytes(&body), none);
	buf_fini(&body);
}

static void farewell(struct session *s, struct buf *wire)
{
	const uint8_t plain[] = {LINK_CHANNEL_OWN, FRAME_FLAG_LAST, 4, 0};
	link_close(&s->sides[0].link, LINK_REASON_DONE, NOW_MS);
	step(s, 0, "close", bytes_obj(&plain), wire);
	say(s, "dialler ▶ listener, close\n");
	part(s, bytes_slice(buf_bytes(wire), 0, 2), "length");
	part(s, bytes_slice(buf_bytes(wire), 2, wire->len - 2), "sealed; its plain text:");
	part(s, bytes_obj(&plain), "channel 0, flag 1, type 4, reason 0");
}

/* ---- what stands in the text ---- */

static char *text_read(void)
{
	FILE *file = fopen(TEXT_PATH, "r");
	char *text = mem_new(1, TEXT_MAX);
	assert_non_null(file);
	assert_true(fread(text, 1, TEXT_MAX - 1, file) < TEXT_MAX - 1);
	fclose(file);
	return text;
}

static void text_same(struct session *s)
{
	char *text = text_read();
	char *from = strstr(text, TEXT_BEGIN);
	assert_non_null(from);
	from += strlen(TEXT_BEGIN);
	char *to = strstr(from, TEXT_END);
	assert_non_null(to);
	const struct bytes there = bytes_of((uint8_t *)from, (size_t)(to - from));
	if (vectors.writes) {
		FILE *file = fopen(TEXT_PATH, "w");
		assert_non_null(file);
		fwrite(text, 1, (size_t)(from - text), file);
		fwrite(s->dump.ptr, 1, s->dump.len, file);
		fputs(to, file);
		assert_int_equal(fclose(file), 0);
	} else if (!bytes_eq(there, buf_bytes(&s->dump))) {
		fail_msg("the session in " TEXT_PATH " is not what is made now: if that is meant, "
			 "--write");
	}
	free(text);
}

static json_t *side_json(const struct side *side)
{
	return json_pack("{s:o, s:o, s:o}", "transport_secret",
			 vectors_hex(bytes_of(side->org->transport.b, KEY_LEN)), "ephemeral_secret",
			 vectors_hex(bytes_of(side->ephemeral.b, KEY_LEN)), "certificate",
			 vectors_hex(buf_bytes(&side->certificate)));
}

static void a_session(void **state)
{
	struct session s = {.fed = mem_new(1, sizeof(*s.fed)), .limits = limits_default()};
	struct buf wire;
	buf_init(&wire, DUMP_MAX);
	buf_init(&s.dump, DUMP_MAX);
	s.steps = json_array();
	test_federation_init(s.fed, 2, 1, 1);
	for (unsigned i = 0; i < 2; i++)
		side_init(&s, i);
	handshake(&s, &wire);
	hello(&s, 0, &wire);
	hello(&s, 1, &wire);
	own_head(&s, &wire);
	json_t *hash = vectors_hex(bytes_of(link_handshake_hash(&s.sides[0].link), NOISE_HASH_LEN));
	farewell(&s, &wire);
	assert_int_equal(s.dump.err, ERR_OK);
	text_same(&s);
	vectors_same(&vectors, "session",
		     json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "about",
			       "a whole session: the keys of both sides, the bytes of each step, "
			       "and of what is sealed the plain text (section 8); the first "
			       "organisation of the charter listens, the second dials",
			       "federation", vectors_hex(id_bytes(&s.fed->charter.fed)), "charter",
			       vectors_hex(buf_bytes(&s.fed->entry)), "dialler",
			       side_json(&s.sides[0]), "listener", side_json(&s.sides[1]),
			       "handshake_hash", hash, "steps", s.steps));
	for (unsigned i = 0; i < 2; i++) {
		link_fini(&s.sides[i].link);
		buf_fini(&s.sides[i].certificate);
	}
	buf_fini(&wire);
	buf_fini(&s.dump);
	test_federation_fini(s.fed);
	free(s.fed);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_session)};

	vectors.writes = argc > 1 && strcmp(argv[1], "--write") == 0;
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
