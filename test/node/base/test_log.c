#include "test/node/node_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/base/log.h"

static void escaping(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"", ""},
		{"meissen 127.0.0.1:7001", "meissen 127.0.0.1:7001"},
		{"Stadt Mei\xc3\x9f"
		 "en \xf0\x9f\x8f\xb0",
		 "Stadt Mei\xc3\x9f"
		 "en \xf0\x9f\x8f\xb0"},
		{"a\nb\r\t\x1b[2J\x7f", "a\\x0ab\\x0d\\x09\\x1b[2J\\x7f"},
		{"a\\x0a", "a\\\\x0a"}, /* what was written is what was there */
		{"\xff\xc3", "\\xff\\xc3"},
		{"\xc0\xaf\xe0\x80\xaf", "\\xc0\\xaf\\xe0\\x80\\xaf"}, /* overlong */
		{"\xed\xa0\x80\xf4\x90\x80\x80",
		 "\\xed\\xa0\\x80\\xf4\\x90\\x80\\x80"}, /* surrogate, too high */
		{"\xc2\x9b"
		 "1m",
		 "\\xc2\\x9b1m"}, /* C1 control */
		{"\xe2\x80\xae"
		 "gpj.exe",
		 "\\xe2\\x80\\xaegpj.exe"}, /* turns the direction */
		{"\xe2\x80\xa8\xef\xbb\xbf", "\\xe2\\x80\\xa8\\xef\\xbb\\xbf"},
		/* characters that look like none: zero width, a word joiner, a tag */
		{"\xe2\x80\x8b\xe2\x81\xa0", "\\xe2\\x80\\x8b\\xe2\\x81\\xa0"},
		{"\xf3\xa0\x80\x81", "\\xf3\\xa0\\x80\\x81"},
	};
	char out[200];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		log_escape(out, sizeof(out), bytes_str(cases[i].in));
		assert_string_equal(out, cases[i].out);
	}
}

/* Every length, with one, two and four bytes a character: never past the end, never half a
   character. */
static void cutting(void **state)
{
	static const char *const texts[] = {"aaaaaaaaaaaaaaaaaaaa",
					    "\xc3\x9f\xc3\x9f\xc3\x9f\xc3\x9f\xc3\x9f\xc3\x9f",
					    "\n\n\n\n\n\n"};

	for (size_t t = 0; t < sizeof(texts) / sizeof(texts[0]); t++) {
		for (size_t size = 8; size < 40; size++) {
			char *out = malloc(size); /* ASan sees what is behind it */
			char whole[200];

			log_escape(whole, sizeof(whole), bytes_str(texts[t]));
			log_escape(out, size, bytes_str(texts[t]));
			assert_true(strlen(out) < size);
			if (strlen(whole) < size) {
				assert_string_equal(out, whole);
			} else {
				size_t kept = strlen(out) - 3;

				assert_string_equal(out + kept, "...");
				assert_memory_equal(out, whole, kept);
				assert_true(kept + 3 + 12 >= size - 1); /* not cut too early */
			}
			free(out);
		}
	}
}

static void lines(void **state)
{
	char *text = NULL;
	size_t len = 0;
	FILE *stream = open_memstream(&text, &len);
	struct note note = {.type = NOTE_VERSION, .number = 3, .path = "meissen/kita"};
	struct log log;

	log_init(&log, stream, LOG_INFO, LOG_TEXT);
	log_line(&log, 1795201200000, LOG_VERIFY, "127.0.0.1:%d", 7001);
	log_line(&log, 1795201200000, LOG_DIAL, "not shown: debug");
	log_line(&log, 1795201200000, LOG_REFUSED, "%s", "x\n2026-01-01T00:00:00Z info forged");
	log_note(&log, 1795201200000, &note, note.path, "meissen", NULL);
	note = (struct note){.type = NOTE_PEER_UP};
	snprintf(note.text, sizeof(note.text), "127.0.0.1:1");
	log_note(&log, 1795201200000, &note, note.path, "riesa", "127.0.0.1:1");
	fclose(stream);
	assert_string_equal(text,
			    "2026-11-20T19:00:00Z info verified: 127.0.0.1:7001\n"
			    "2026-11-20T19:00:00Z warn connection refused: "
			    "x\\x0a2026-01-01T00:00:00Z info forged\n"
			    "2026-11-20T19:00:00Z info version published: meissen/kita@3 meissen\n"
			    "2026-11-20T19:00:00Z info peer connected: riesa 127.0.0.1:1\n");
	free(text);
}

/* One object a line; what a peer sent neither ends a string nor the line. */
static void json_lines(void **state)
{
	char *text = NULL;
	size_t len = 0;
	FILE *stream = open_memstream(&text, &len);
	struct note note = {.type = NOTE_VERSION, .number = 3, .path = "meissen/kita"};
	struct log log;

	log_init(&log, stream, LOG_WARN, LOG_JSON);
	log_line(&log, 1795201200000, LOG_READY,
		 "Stadt Mei\xc3\x9f"
		 "en");                                                   /* whatever the level */
	log_note(&log, 1795201200000, &note, note.path, "meissen", NULL); /* not shown: info */
	log_peer(&log, 1795201200000, LOG_REFUSED, "[::1]:7", "%s",
		 "a\", \"level\":\"error\\\n{\"event\":\"forged\"}\xff\xe2\x80\xae");
	log.level = LOG_INFO;
	log_note(&log, 1795201200000, &note, note.path, "meissen", "127.0.0.1:1");
	fclose(stream);
	assert_string_equal(text, "{\"time\":\"2026-11-20T19:00:00Z\",\"level\":\"info\",\"event\":"
				  "\"ready\",\"text\":\"ready\","
				  "\"detail\":\"Stadt Mei\xc3\x9f"
				  "en\"}\n"
				  "{\"time\":\"2026-11-20T19:00:00Z\",\"level\":\"warn\",\"event\":"
				  "\"refused\",\"text\":\"connection "
				  "refused\",\"address\":\"[::1]:7\",\"detail\":\"a\\\", "
				  "\\\"level\\\":\\\"error\\\\\\\\\\\\x0a{\\\"event"
				  "\\\":\\\"forged\\\"}\\\\xff\\\\xe2\\\\x80\\\\xae\"}\n"
				  "{\"time\":\"2026-11-20T19:00:00Z\",\"level\":\"info\",\"event\":"
				  "\"version\",\"text\":\"version "
				  "published\",\"member\":\"meissen\",\"address\":\"127.0.0.1:1\","
				  "\"dataset\":\"meissen/kita\",\"version\":3}\n");
	free(text);
}

static size_t count_lines(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

/* A flood of one kind is cut and told; other kinds are not touched. */
static void budget(void **state)
{
	char *text = NULL;
	size_t len = 0;
	FILE *stream = open_memstream(&text, &len);
	struct log log;

	log_init(&log, stream, LOG_INFO, LOG_TEXT);
	for (int i = 0; i < 1000; i++)
		log_line(&log, 5000 + i, LOG_REFUSED, "%d", i);
	log_line(&log, 6000, LOG_VERIFY, "other");
	fflush(stream);
	assert_int_equal(count_lines(text), LOG_BURST + 1);
	log_line(&log, 5000 + LOG_WINDOW_MS, LOG_REFUSED, "again");
	fflush(stream);
	assert_int_equal(count_lines(text), LOG_BURST + 3);
	assert_non_null(strstr(text, "connection refused: 980 more such lines left out\n"));
	/* a clock that was set back does not silence it */
	log_line(&log, 1000, LOG_REFUSED, "back");
	fflush(stream);
	assert_non_null(strstr(text, "back"));
	fclose(stream);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escaping),   cmocka_unit_test(cutting), cmocka_unit_test(lines),
		cmocka_unit_test(json_lines), cmocka_unit_test(budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
