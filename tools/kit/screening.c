#include "tools/kit/screening.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/check.h"
#include "tools/kit/print.h"
#include "tools/kit/text.h"

#define DAY_MS   (INT64_C(24) * 3600 * 1000)
#define READ_LEN ((size_t)256 << 10)
#define SAID_LEN ((size_t)1 << 14)

enum { NAMES_SAID_MAX = 3 };

void screening_init(struct screening *screening, int64_t now_ms, bool german)
{
	*screening = (struct screening){
		.german = german,
		.today = (int32_t)(now_ms / DAY_MS),
		.findings = json_array(),
		.passed_over = json_array(),
		.cut = json_array(),
		.broken = json_array(),
	};
}

void screening_fini(struct screening *screening)
{
	if (screening->name)
		guard_scan_fini(&screening->scan);
	free(screening->name);
	json_decref(screening->findings);
	json_decref(screening->passed_over);
	json_decref(screening->cut);
	json_decref(screening->broken);
}

/* ---- one file ---- */

void screening_begin(struct screening *screening, const char *name)
{
	check(!screening->name);
	screening->name = mem_str(name);
	guard_scan_init(&screening->scan, bytes_str(name), screening->today);
}

void screening_feed(struct screening *screening, struct bytes in)
{
	guard_scan_feed(&screening->scan, in);
}

bool screening_full(const struct screening *screening)
{
	return guard_scan_full(&screening->scan);
}

bool screening_stops(struct screening *screening)
{
	struct guard_finding findings[GUARD_FINDING_MAX];
	size_t count = guard_scan_judge(&screening->scan, findings);

	for (size_t i = 0; i < count; i++)
		if (findings[i].stops)
			return true;
	return false;
}

/* Headings come from a file, and a JSON text is UTF-8. */
static json_t *text_of(const char *text)
{
	char *shown = text_escape(text, false);
	json_t *json = json_string(shown);

	free(shown);
	return json ? json : json_string("?");
}

static json_t *finding_json(const struct screening *screening, const struct guard_finding *finding)
{
	json_t *examples = json_array();

	for (size_t i = 0; i < GUARD_EXAMPLE_COUNT; i++)
		if (*finding->column->examples[finding->kind][i])
			json_array_append_new(examples,
					      text_of(finding->column->examples[finding->kind][i]));
	return json_pack("{s:o, s:o, s:s, s:I, s:I, s:I, s:s, s:b, s:b, s:o}", "file",
			 text_of(screening->name), "column", text_of(finding->column->name), "kind",
			 guard_kind_word(finding->kind), "count", (json_int_t)finding->count,
			 "values", (json_int_t)finding->column->values, "row",
			 (json_int_t)finding->column->first_row[finding->kind], "row_is",
			 screening->scan.form == GUARD_FORM_JSON ? "item" : "line", "stops",
			 finding->stops, "with_names", finding->with_names, "examples", examples);
}

static void file_list_add(json_t *list, const char *name)
{
	if (json_array_size(list) < SCREENING_KEPT_MAX)
		json_array_append_new(list, text_of(name));
}

static void take_state(struct screening *screening)
{
	const struct guard_scan *scan = &screening->scan;

	screening->bytes += scan->len;
	screening->files += scan->len > 0;
	if (scan->form == GUARD_FORM_OTHER)
		file_list_add(screening->passed_over, screening->name);
	if (scan->cut)
		file_list_add(screening->cut, screening->name);
	if (scan->broken)
		file_list_add(screening->broken, screening->name);
}

void screening_end(struct screening *screening)
{
	struct guard_finding findings[GUARD_FINDING_MAX];
	size_t count;

	if (!screening->name)
		return;
	guard_scan_end(&screening->scan);
	count = guard_scan_judge(&screening->scan, findings);
	for (size_t i = 0; i < count; i++) {
		screening->stops += findings[i].stops;
		if (screening->count++ < SCREENING_KEPT_MAX)
			json_array_append_new(screening->findings,
					      finding_json(screening, &findings[i]));
	}
	take_state(screening);
	guard_scan_fini(&screening->scan);
	free(screening->name);
	screening->name = NULL;
}

/* False: it cannot be read; errno. */
static bool feed_file(struct screening *screening, int fd)
{
	uint8_t *piece = mem_new(1, READ_LEN);
	ssize_t got = 1;

	while (got != 0 && !screening_full(screening)) {
		got = read(fd, piece, READ_LEN);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			break;
		screening_feed(screening, bytes_of(piece, (size_t)got));
	}
	/* Whether there is more. */
	if (got > 0 && (got = read(fd, piece, 1)) > 0)
		screening_feed(screening, bytes_of(piece, 1));
	free(piece);
	return got >= 0;
}

int screening_file(struct screening *screening, const struct file_entry *file)
{
	bool folder = *file->name && file->name[strlen(file->name) - 1] == '/';
	int fd = folder ? -1 : open(file->path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	int failed = 0;

	screening_begin(screening, file->name);
	if (!folder && (fd < 0 || !feed_file(screening, fd)))
		failed = errno;
	if (fd >= 0)
		close(fd);
	screening_end(screening);
	return failed ? tool_fail(TOOL_FAILED, "cannot read %s: %s", file->path, strerror(failed))
		      : TOOL_DONE;
}

/* ---- saying ---- */

static const char *kind_text(const char *word, bool german)
{
	for (enum guard_kind kind = 0; kind < GUARD_KIND_COUNT; kind++)
		if (!strcmp(guard_kind_word(kind), word))
			return guard_kind_text(kind, german);
	return word;
}

static char *finding_sentence(const json_t *finding, bool german)
{
	const char *column = field_text(finding, "column"), *word = field_text(finding, "kind");
	const json_t *example = json_array_get(json_object_get(finding, "examples"), 0);
	const char *what = kind_text(word, german), *names = "";
	char *out = NULL, shown[PERSONAL_MASKED_LEN * 4 + 8] = "";
	const char *row = strcmp(field_text(finding, "row_is"), "item") != 0
				  ? (german ? "Zeile" : "line")
				  : (german ? "Eintrag" : "item");

	if (!*column)
		return asprintf(&out, "%s: %s", field_text(finding, "file"), what) < 0 ? NULL : out;
	if (json_is_string(example))
		snprintf(shown, sizeof(shown), ", \"%s\"", json_string_value(example));
	if (field_true(finding, "with_names"))
		names = german ? " neben Namen" : " beside names";
	if (asprintf(&out,
		     german ? "%s, Spalte \"%s\": %" PRIu64 " von %" PRIu64
			      " Werten: %s%s (%s %" PRIu64 "%s)"
			    : "%s, column \"%s\": %" PRIu64 " of %" PRIu64
			      " values look like %s%s (%s %" PRIu64 "%s)",
		     field_text(finding, "file"), column, field_count(finding, "count"),
		     field_count(finding, "values"), what, names, row, field_count(finding, "row"),
		     shown) < 0)
		return NULL;
	return out;
}

json_t *screening_sentences(const struct screening *screening)
{
	json_t *out = json_array(), *finding;
	char more[64];
	size_t i;

	json_array_foreach(screening->findings, i, finding)
	{
		char *sentence = finding_sentence(finding, screening->german);
		if (i < SCREENING_SAID_MAX && sentence)
			json_array_append_new(out, json_string(sentence));
		free(sentence);
	}
	if (screening->count > SCREENING_SAID_MAX) {
		snprintf(more, sizeof(more),
			 screening->german ? "und %" PRIu64 " weitere; --json nennt sie"
					   : "and %" PRIu64 " more; --json has them",
			 screening->count - SCREENING_SAID_MAX);
		json_array_append_new(out, json_string(more));
	}
	return out;
}

void screening_say(const struct screening *screening)
{
	json_t *sentences = screening_sentences(screening), *sentence;
	size_t i;

	json_array_foreach(sentences, i, sentence) tool_remark("%s", json_string_value(sentence));
	json_decref(sentences);
}

/* "; WHAT a, b and 7 more". */
static void names_add(struct buf *out, const struct screening *screening, const char *what,
		      const json_t *names)
{
	char more[64];
	size_t count = json_array_size(names);

	if (!count)
		return;
	buf_add(out, bytes_str(what));
	for (size_t i = 0; i < count && i < NAMES_SAID_MAX; i++) {
		buf_add(out, bytes_str(i ? ", " : " "));
		buf_add(out, bytes_str(json_string_value(json_array_get(names, i))));
	}
	if (count <= NAMES_SAID_MAX)
		return;
	snprintf(more, sizeof(more), screening->german ? " und %zu weitere" : " and %zu more",
		 count - NAMES_SAID_MAX);
	buf_add(out, bytes_str(more));
}

char *screening_looked(const struct screening *screening)
{
	bool german = screening->german;
	char size[TEXT_SHORT_LEN], count[128];
	struct buf out;

	buf_init(&out, SAID_LEN);
	text_size(size, screening->bytes);
	snprintf(count, sizeof(count),
		 german ? "auf Personenbezug angesehen: %" PRIu64 " Datei%s, %s"
			: "looked into for personal data: %" PRIu64 " file%s, %s",
		 screening->files,
		 screening->files == 1 ? ""
		 : german              ? "en"
				       : "s",
		 size);
	buf_add(&out, bytes_str(count));
	names_add(&out, screening,
		  german ? "; nur die ersten 16 MiB von" : "; only the first 16 MiB of",
		  screening->cut);
	names_add(&out, screening,
		  german ? "; nicht bis zum Ende lesbar:" : "; not readable to the end:",
		  screening->broken);
	names_add(&out, screening, german ? "; nicht hineingesehen in" : "; not looked into",
		  screening->passed_over);
	char *text = bytes_text(buf_bytes(&out));
	buf_fini(&out);
	return text;
}

json_t *screening_json(const struct screening *screening)
{
	return json_pack("{s:O, s:I, s:I, s:I, s:O, s:O, s:O}", "findings", screening->findings,
			 "stops", (json_int_t)screening->stops, "files",
			 (json_int_t)screening->files, "bytes", (json_int_t)screening->bytes,
			 "not_looked_into", screening->passed_over, "only_beginning",
			 screening->cut, "not_readable", screening->broken);
}
