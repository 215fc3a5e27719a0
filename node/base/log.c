#include "node/base/log.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/utf8.h"
#include "node/base/clock.h"

static const char *const level_names[] = {"debug", "info", "warn", "error"};

static const struct {
	enum log_level level;
	const char *event; /* in capitals */
	const char *text;
} kinds[LOG_KIND_COUNT] = {
#define LEVEL_d                  LOG_DEBUG
#define LEVEL_i                  LOG_INFO
#define LEVEL_w                  LOG_WARN
#define X(name, severity, words) [LOG_NOTE_##name] = {LEVEL_##severity, #name, words},
	NOTE_LIST(X)
#undef X
#define X(name, severity, words) [LOG_##name] = {LOG_##severity, #name, words},
		LOG_LIST(X)
#undef X
};

void log_init(struct log *log, FILE *stream, enum log_level level, enum log_format format)
{
	*log = (struct log){.stream = stream, .level = level, .format = format};
}

const char *log_level_name(enum log_level level)
{
	return level_names[level];
}

enum err log_level_parse(enum log_level *level, struct bytes text)
{
	for (size_t i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++) {
		if (bytes_eq(text, bytes_str(level_names[i]))) {
			*level = (enum log_level)i;
			return ERR_OK;
		}
	}
	return ERR_MALFORMED;
}

void log_escape(char *out, size_t size, struct bytes text)
{
	static const char hex[] = "0123456789abcdef";
	size_t at = 0, keep = 0; /* keep: the longest prefix that leaves room for "..." */

	check(size >= 8);
	for (size_t i = 0; i < text.len;) {
		char piece[17];
		size_t piece_len = 0;
		uint32_t code = 0;
		size_t n = utf8_next(bytes_slice(text, i, text.len), &code);

		if (n && !utf8_unsafe(code)) {
			if (code == '\\')
				piece[piece_len++] = '\\';
			memcpy(piece + piece_len, text.ptr + i, n);
			piece_len += n;
		} else {
			n = n ? n : 1;
			for (size_t k = 0; k < n; k++) {
				piece[piece_len++] = '\\';
				piece[piece_len++] = 'x';
				piece[piece_len++] = hex[text.ptr[i + k] >> 4];
				piece[piece_len++] = hex[text.ptr[i + k] & 15];
			}
		}
		if (at + piece_len + 1 > size) {
			memcpy(out + keep, "...", 4);
			return;
		}
		memcpy(out + at, piece, piece_len);
		at += piece_len;
		if (at + 4 <= size)
			keep = at;
		i += n;
	}
	out[at] = 0;
}

/* What a line says; texts may come from a peer, and "" is left out. */
struct log_words {
	const char *slug, *address, *path;
	uint64_t version; /* 0: none */
	const char *detail;
};

static void put_text(struct log *log, const char *stamp, enum log_kind kind,
		     const struct log_words *words)
{
	char text[LOG_LINE_LEN_MAX * 4], line[LOG_LINE_LEN_MAX], version[24] = "";
	const char *parts[] = {words->path, words->slug, words->address, words->detail};
	size_t len = 0;

	if (words->version)
		snprintf(version, sizeof(version), "@%" PRIu64, words->version);
	text[0] = 0;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (parts[i][0] && len < sizeof(text))
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s%s",
						len ? " " : "", parts[i],
						parts[i] == words->path ? version : "");
	log_escape(line, sizeof(line), bytes_str(text));
	fprintf(log->stream, "%s %s %s%s%s\n", stamp, level_names[kinds[kind].level],
		kinds[kind].text, line[0] ? ": " : "", line);
}

/* Escaped as for people, so that both formats show the same; of what is left JSON minds two
   characters. */
static void put_json_text(struct log *log, const char *name, const char *text)
{
	char shown[LOG_LINE_LEN_MAX];

	if (!text[0])
		return;
	log_escape(shown, sizeof(shown), bytes_str(text));
	fprintf(log->stream, ",\"%s\":\"", name);
	for (const char *c = shown; *c; c++) {
		if (*c == '"' || *c == '\\')
			putc('\\', log->stream);
		putc(*c, log->stream);
	}
	putc('"', log->stream);
}

static void put_json(struct log *log, const char *stamp, enum log_kind kind,
		     const struct log_words *words)
{
	char event[32];
	size_t i = 0;

	for (; kinds[kind].event[i] && i < sizeof(event) - 1; i++)
		event[i] = (char)tolower((unsigned char)kinds[kind].event[i]);
	event[i] = 0;
	fprintf(log->stream, "{\"time\":\"%s\",\"level\":\"%s\",\"event\":\"%s\"", stamp,
		level_names[kinds[kind].level], event);
	put_json_text(log, "text", kinds[kind].text);
	put_json_text(log, "member", words->slug);
	put_json_text(log, "address", words->address);
	put_json_text(log, "dataset", words->path);
	if (words->version)
		fprintf(log->stream, ",\"version\":%" PRIu64, words->version);
	put_json_text(log, "detail", words->detail);
	fputs("}\n", log->stream);
}

static void put_line(struct log *log, int64_t now_ms, enum log_kind kind,
		     const struct log_words *words)
{
	char stamp[CLOCK_UTC_LEN];

	clock_utc(stamp, now_ms);
	if (log->format == LOG_JSON)
		put_json(log, stamp, kind, words);
	else
		put_text(log, stamp, kind, words);
	fflush(log->stream);
}

/* True when the kind may have another line now. */
static bool budget_take(struct log *log, int64_t now_ms, enum log_kind kind)
{
	struct log_budget *budget = &log->budgets[kind];
	bool over = now_ms < budget->since_ms || now_ms - budget->since_ms >= LOG_WINDOW_MS;

	if (over && budget->count > LOG_BURST) {
		char text[64];

		snprintf(text, sizeof(text), "%" PRIu32 " more such lines left out",
			 budget->count - LOG_BURST);
		put_line(log, now_ms, kind, &(struct log_words){"", "", "", 0, text});
	}
	if (over)
		*budget = (struct log_budget){.since_ms = now_ms};
	return ++budget->count <= LOG_BURST;
}

static bool is_wanted(struct log *log, int64_t now_ms, enum log_kind kind)
{
	return (kinds[kind].level >= log->level || kind == LOG_READY) &&
	       budget_take(log, now_ms, kind);
}

void log_line(struct log *log, int64_t now_ms, enum log_kind kind, const char *format, ...)
{
	char text[LOG_LINE_LEN_MAX * 2];
	va_list args;

	if (!is_wanted(log, now_ms, kind))
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	put_line(log, now_ms, kind, &(struct log_words){"", "", "", 0, text});
}

void log_peer(struct log *log, int64_t now_ms, enum log_kind kind, const char *address,
	      const char *format, ...)
{
	char text[LOG_LINE_LEN_MAX * 2];
	va_list args;

	if (!is_wanted(log, now_ms, kind))
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	put_line(log, now_ms, kind, &(struct log_words){"", address, "", 0, text});
}

void log_note(struct log *log, int64_t now_ms, const struct note *note, const char *path,
	      const char *slug, const char *address)
{
	enum log_kind kind = (enum log_kind)note->type;
	struct log_words words = {slug ? slug : "", address ? address : "", path ? path : "",
				  note->number, note->text};

	if (!is_wanted(log, now_ms, kind))
		return;
	/* some texts are the address */
	if (strstr(words.address, words.detail))
		words.detail = "";
	if (!words.path[0])
		words.version = 0;
	put_line(log, now_ms, kind, &words);
}
