#include "node/base/config.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "node/base/config_internal.h"
#include "node/base/config_metadata.h"
#include "store/dir.h"

#define METADATA(name, which, what)                                                                \
	{                                                                                          \
		name, KIND_METADATA, CONFIG_##which, 0,                                            \
			offsetof(struct config, metadata[CONFIG_##which]), 0, what                 \
	}
#define NUMBER(name, kind, field, min, max, what)                                                  \
	{                                                                                          \
		name, kind, min, max, offsetof(struct limits, field),                              \
			sizeof(((struct limits *)0)->field), what                                  \
	}

static const struct setting settings[] = {
	{"listen", KIND_ADDRESS, 0, 0, offsetof(struct config, listen), 0,
	 "where other nodes dial this one"},
	{"advertise", KIND_ADDRESSES, 0, 0, 0, 0,
	 "what others are told to dial; else what is listened on"},
	{"operator", KIND_OPERATOR, 0, 0, 0, 0, "who runs this machine, as others are told"},
	{"dial-only", KIND_BOOL, 0, 0, offsetof(struct config, dial_only), 0,
	 "listen nowhere: behind a firewall that lets nobody in"},
	{"http", KIND_ADDRESS, 0, 0, offsetof(struct config, http), 0,
	 "public port: what is open, /metrics and /healthz; else only the control socket has them"},
	{"base-url", KIND_URL, 0, 0, offsetof(struct config, base_url), 0,
	 "by which people outside reach the public port"},
	{"http-proxies", KIND_HOSTS, 0, 0, offsetof(struct config, http_proxies), 0,
	 "reverse proxies before the public port, which are believed who asks"},
	METADATA("publisher", PUBLISHER,
		 "who publishes, as portals show it; else the organisation"),
	METADATA("publisher-url", PUBLISHER_URL, "the page of that"),
	METADATA("contact-name", CONTACT_NAME, "whom to ask about the data"),
	METADATA("contact-email", CONTACT_EMAIL, "the same, by mail"),
	METADATA("contact-url", CONTACT_URL, "the same, a page"),
	METADATA("contact-phone", CONTACT_PHONE, "the same, by telephone"),
	METADATA("license", LICENSE, "licence of what is published"),
	METADATA("attribution", ATTRIBUTION, "what who uses it has to name as the source"),
	METADATA("place", PLACE, "the place it is about; else the AGS of the organisation"),
	METADATA("political-level", LEVEL, "level of government; else by the length of the AGS"),
	METADATA("contributor-id", CONTRIBUTOR, "who delivers to GovData"),
	METADATA("language", LANGUAGE, "languages of the data"),
	{"log", KIND_LEVEL, 0, 0, 0, 0, "the least important lines that are logged"},
	{"log-format", KIND_FORMAT, 0, 0, 0, 0,
	 "lines for people, or an object a line for programs"},
	{"log-file", KIND_FILE, 0, 0, 0, 0,
	 "where the log goes, below the data directory unless it begins with /"},
	{"under-old-key", KIND_OLD_KEY, 0, 0, 0, 0,
	 "when to go on under the old key while a new one is due"},
	/* 0 would be "no limit", which is what leaving it out says; below 64 MiB nothing works */
	NUMBER("size-limit", KIND_SIZE, store_bytes_max, 64 * MIB, TIB,
	       "most bytes the store may use; else the disk"),
	NUMBER("audit-segments", KIND_COUNT, log_segment_count, 2, 4096,
	       "how many MiB of the audit log are kept"),
	NUMBER("deliver-max", KIND_SIZE, deliver_bytes_max, MIB, TIB,
	       "most bytes of a version that is written into a folder by itself"),
	NUMBER("deliver-files", KIND_COUNT, deliver_file_count_max, 1, LIMIT_FILE_COUNT_MAX,
	       "the same of files"),
	NUMBER("peers", KIND_COUNT, peer_count_max, 1, 1024, "most links"),
	NUMBER("handshakes", KIND_COUNT, half_open_max, 1, 1024, "most links that are being made"),
	NUMBER("handshake-time", KIND_TIME, handshake_ms_max, 100, MIN,
	       "after which a half-made link is closed"),
	NUMBER("ping-time", KIND_TIME, ping_ms, 100, 10 * MIN,
	       "a link silent this long is asked for life"),
	NUMBER("silence-time", KIND_TIME, silence_ms_max, 300, HOUR,
	       "a link silent this long is closed"),
	NUMBER("session-time", KIND_TIME, session_ms_max, SEC, 24 * HOUR,
	       "a link this old is made anew"),
	NUMBER("peer-queue", KIND_SIZE, peer_queue_bytes_max, 4 * MIB, 256 * MIB,
	       "most that waits for one node; then its link is closed"),
	NUMBER("all-queues", KIND_SIZE, all_queue_bytes_max, 8 * MIB, 4 * GIB,
	       "the same of all nodes together"),
	NUMBER("bulk-turn", KIND_SIZE, bulk_turn_bytes_max, 512 * KIB, 64 * MIB,
	       "most data stored in one turn"),
	NUMBER("chunks-in-flight", KIND_COUNT, chunks_in_flight_max, 1, 256,
	       "most chunks asked of one node at once"),
	NUMBER("chunk-time", KIND_TIME, chunk_timeout_ms, 100, 10 * MIN,
	       "after which another node is asked for a chunk"),
	NUMBER("fetches", KIND_COUNT, fetch_count_max, 1, 64, "most versions fetched at once"),
	NUMBER("uploads", KIND_COUNT, upload_count_max, 1, 64, "most publications under way"),
	NUMBER("http-connections", KIND_COUNT, http_connection_count_max, 4, 1024,
	       "most connections of the control interface"),
	NUMBER("public-connections", KIND_COUNT, public_connection_count_max, 16, 16384,
	       "most connections of the public port"),
	NUMBER("http-body", KIND_SIZE, http_body_len_max, 4 * KIB, 16 * MIB,
	       "most bytes of a JSON request"),
	NUMBER("announce-inline", KIND_SIZE, announce_inline_bytes, 0, 64 * KIB,
	       "records up to this size go along with an announcement"),
	NUMBER("compare-time", KIND_TIME, anti_entropy_ms, 100, 24 * HOUR,
	       "how often records are compared with a node, about"),
	NUMBER("head-valid", KIND_TIME, head_valid_ms, 10 * SEC, 26 * HOUR,
	       "how long own states are valid"),
	NUMBER("head-renew", KIND_TIME, head_renew_ms, 5 * SEC, 24 * HOUR,
	       "how often own states are renewed"),
	NUMBER("clock-ahead", KIND_TIME, clock_ahead_ms_max, SEC, HOUR,
	       "records further in the future are refused for now"),
	NUMBER("dial-wait-min", KIND_TIME, dial_backoff_ms_min, 10, MIN,
	       "shortest wait before a node is dialled again"),
	NUMBER("dial-wait-max", KIND_TIME, dial_backoff_ms_max, 10, HOUR,
	       "longest wait before a node is dialled again"),
};
#define SETTING_COUNT (sizeof(settings) / sizeof(settings[0]))
_Static_assert(SETTING_COUNT <= CONFIG_SETTING_MAX, "struct config has a line for each");

void config_init(struct config *config)
{
	*config = (struct config){
		.listen = CONFIG_LISTEN_DEFAULT, .log = LOG_INFO, .limits = limits_default()};
}

static const struct setting *find(const char *name)
{
	for (size_t i = 0; i < SETTING_COUNT; i++)
		if (!strcmp(settings[i].name, name))
			return &settings[i];
	return NULL;
}

enum err config_set(struct config *config, const char *where, const char *name, const char *value,
		    char *why)
{
	const struct setting *setting = find(name);
	char shown[120], allowed[120];

	if (!setting) {
		log_escape(shown, sizeof(shown), bytes_str(name));
		snprintf(why, WHY_LEN,
			 "%s: there is no setting \"%s\"; `allmended --help` lists them", where,
			 shown);
		return ERR_CONFIG;
	}
	if (setting->kind == KIND_METADATA) {
		char said[WHY_LEN];

		if (!config_metadata_set(config, (enum config_metadata)setting->min, value, said))
			return ERR_OK;
		snprintf(why, WHY_LEN, "%.120s: %s: %.300s", where, name, said);
		return ERR_CONFIG;
	}
	if (setting_set(config, setting, value)) {
		log_escape(shown, sizeof(shown), bytes_str(value));
		setting_allowed(allowed, sizeof(allowed), setting);
		snprintf(why, WHY_LEN, "%s: %s is \"%s\"; allowed is %s", where, name, shown,
			 allowed);
		return ERR_CONFIG;
	}
	return ERR_OK;
}

static char *trim(char *text)
{
	char *end;

	text += strspn(text, " \t\r");
	end = text + strlen(text);
	while (end > text && strchr(" \t\r", end[-1]))
		*--end = 0;
	return text;
}

/* text is changed. */
static enum err parse_line(struct config *config, const char *file, uint32_t number, char *text,
			   char *why)
{
	char *name = trim(text), *value = strchr(name, '='), where[400];
	const struct setting *setting;
	uint32_t *line;
	char shown[80];

	snprintf(where, sizeof(where), "%.350s, line %" PRIu32, file, number);

	if (!*name || *name == '#')
		return ERR_OK;
	if (!value) {
		log_escape(shown, sizeof(shown), bytes_str(name));
		snprintf(why, WHY_LEN,
			 "%.380s: \"%s\" is not \"name = value\"; write # before a remark", where,
			 shown);
		return ERR_CONFIG;
	}
	*value++ = 0;
	name = trim(name);
	setting = find(name);
	line = setting ? &config->lines[setting - settings] : NULL;
	if (line && *line) {
		snprintf(why, WHY_LEN,
			 "%s, line %" PRIu32 ": %s is set a second time, after line %" PRIu32
			 "; remove one of them",
			 file, number, name, *line);
		return ERR_CONFIG;
	}
	if (line)
		*line = number;
	return config_set(config, where, name, trim(value), why);
}

/* What no single value shows: of each pair the first must be larger. */
static enum err check_whole(const struct config *config, const char *file, char *why)
{
	static const struct {
		const char *high, *low;
		bool may_equal;
	} pairs[] = {
		{"silence-time", "ping-time", false},
		{"head-valid", "head-renew", false},
		{"dial-wait-max", "dial-wait-min", true},
		{"all-queues", "peer-queue", true},
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		const struct setting *high = find(pairs[i].high), *low = find(pairs[i].low);
		uint64_t h = setting_number(config, high), l = setting_number(config, low);
		uint32_t line_high = config->lines[high - settings];
		uint32_t line_low = config->lines[low - settings];
		char high_text[32], low_text[32];

		if (h > l || (h == l && pairs[i].may_equal))
			continue;
		setting_number_text(high_text, sizeof(high_text), high->kind, h);
		setting_number_text(low_text, sizeof(low_text), low->kind, l);
		snprintf(why, WHY_LEN,
			 "%.350s, line %" PRIu32 ": %s is %s, but must %s %s, which is %s", file,
			 line_high > line_low ? line_high : line_low, high->name, high_text,
			 pairs[i].may_equal ? "not be below" : "be above", low->name, low_text);
		return ERR_CONFIG;
	}
	return ERR_OK;
}

enum err config_parse(struct config *config, const char *file, struct bytes text, char *why)
{
	enum err err = ERR_OK;
	uint32_t number = 0;

	memset(config->lines, 0, sizeof(config->lines));
	/* Editors of Windows put it before the first line. */
	if (bytes_eq(bytes_slice(text, 0, 3), bytes_str("\xef\xbb\xbf")))
		text = bytes_slice(text, 3, text.len);
	for (size_t at = 0; !err && at < text.len;) {
		const uint8_t *end = memchr(text.ptr + at, '\n', text.len - at);
		size_t len = end ? (size_t)(end - text.ptr) - at : text.len - at;
		char line[1024];

		number++;
		if (len >= sizeof(line) || memchr(text.ptr + at, 0, len)) {
			snprintf(why, WHY_LEN,
				 "%.350s, line %" PRIu32 ": the line is longer than %zu bytes, or "
				 "no text; write one \"name = value\" a line",
				 file, number, sizeof(line) - 1);
			return ERR_CONFIG;
		}
		memcpy(line, text.ptr + at, len);
		line[len] = 0;
		err = parse_line(config, file, number, line, why);
		at += len + 1;
	}
	return err ? err : check_whole(config, file, why);
}

enum err config_load(struct config *config, const char *dir, char *why)
{
	char *file = dir_file(dir, "config");
	FILE *stream = fopen(file, "re");
	enum err err = ERR_OK;
	struct buf text;

	buf_init(&text, CONFIG_FILE_LEN_MAX);
	if (!stream && errno == ENOENT)
		goto out;
	if (!stream) {
		snprintf(why, WHY_LEN, "cannot read %s: %s", file, strerror(errno));
		err = ERR_IO;
		goto out;
	}
	for (;;) {
		uint8_t block[4096];
		size_t len = fread(block, 1, sizeof(block), stream);

		if (len == 0)
			break;
		buf_add(&text, bytes_of(block, len));
	}
	if (ferror(stream) || text.err) {
		snprintf(why, WHY_LEN, "cannot read %s: %s", file,
			 text.err ? "it is larger than 64K" : strerror(errno));
		err = text.err ? ERR_CONFIG : ERR_IO;
	} else {
		err = config_parse(config, file, buf_bytes(&text), why);
	}
out:
	if (stream)
		fclose(stream);
	buf_fini(&text);
	free(file);
	return err;
}

/* -- while it runs -- */

static bool is_live(const struct setting *setting)
{
	static const char *const names[] = {"log",         "log-format",    "log-file",
					    "size-limit",  "under-old-key", "audit-segments",
					    "deliver-max", "deliver-files", "uploads"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(setting->name, names[i]))
			return true;
	return setting->kind == KIND_METADATA;
}

void config_take(struct config *config, const struct config *next, struct buf *taken,
		 struct buf *later)
{
	bool differs[SETTING_COUNT];

	for (size_t i = 0; i < SETTING_COUNT; i++)
		differs[i] = !setting_eq(config, next, &settings[i]);
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		struct buf *names = is_live(&settings[i]) ? taken : later;

		if (!differs[i])
			continue;
		if (names->len)
			buf_add(names, bytes_str(", "));
		buf_add(names, bytes_str(settings[i].name));
		if (names == taken)
			setting_take(config, next, &settings[i]);
	}
}

void config_help(FILE *stream)
{
	struct config defaults;

	config_init(&defaults);
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const struct setting *setting = &settings[i];
		char allowed[120], value[LIMIT_ADDRESS_LEN_MAX + 1];

		setting_allowed(allowed, sizeof(allowed), setting);
		setting_default(value, sizeof(value), &defaults, setting);
		fprintf(stream, "  %-19s %s\n%22s%s%s%s\n", setting->name, setting->what, "",
			allowed, value[0] ? "; default " : "", value);
	}
}
