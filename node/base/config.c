#include "node/base/config.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "store/dir.h"

enum kind {
	KIND_ADDRESS,
	KIND_ADDRESSES,
	KIND_OPERATOR,
	KIND_BOOL,
	KIND_LEVEL,
	KIND_FORMAT,
	KIND_FILE,
	KIND_OLD_KEY,
	KIND_COUNT,
	KIND_SIZE,
	KIND_TIME,
};

#define KIB  UINT64_C(1024)
#define MIB  (1024 * KIB)
#define GIB  (1024 * MIB)
#define TIB  (1024 * GIB)
#define SEC  UINT64_C(1000)
#define MIN  (60 * SEC)
#define HOUR (60 * MIN)

struct setting {
	const char *name;
	enum kind kind;
	uint64_t min, max;
	size_t at;        /* in struct limits; for KIND_ADDRESS and KIND_BOOL in struct config */
	size_t width;     /* 4 or 8 */
	const char *what; /* for --help */
};

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
	 "port of /metrics and /healthz; else only the control socket has them"},
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

struct unit {
	const char *name;
	uint64_t factor;
};
static const struct unit size_units[] = {{"T", TIB}, {"G", GIB}, {"M", MIB}, {"K", KIB}, {"", 1}};
static const struct unit time_units[] = {{"h", HOUR}, {"min", MIN}, {"s", SEC}, {"ms", 1}, {"", 1}};
static const struct unit count_units[] = {{"", 1}};

static const struct unit *units_of(enum kind kind, size_t *count)
{
	const struct unit *units = kind == KIND_SIZE   ? size_units
				   : kind == KIND_TIME ? time_units
						       : count_units;

	*count = kind == KIND_SIZE   ? sizeof(size_units) / sizeof(*units)
		 : kind == KIND_TIME ? sizeof(time_units) / sizeof(*units)
				     : 1;
	return units;
}

/* 65536 as "64K": the largest unit that divides it. */
static void number_text(char *out, size_t size, enum kind kind, uint64_t v)
{
	size_t count, i = 0;
	const struct unit *units = units_of(kind, &count);

	while (v == 0 || v % units[i].factor != 0)
		if (++i == count)
			break;
	if (i == count)
		snprintf(out, size, "0");
	else
		snprintf(out, size, "%" PRIu64 "%s", v / units[i].factor, units[i].name);
}

static enum err number_parse(uint64_t *out, enum kind kind, const char *text)
{
	size_t count, digits = strspn(text, "0123456789");
	const struct unit *units = units_of(kind, &count);

	if (digits == 0 || digits > 19)
		return ERR_MALFORMED;
	for (size_t i = 0; i < count; i++) {
		uint64_t v = strtoull(text, NULL, 10);

		if (strcmp(text + digits, units[i].name))
			continue;
		if (v > UINT64_MAX / units[i].factor)
			return ERR_MALFORMED;
		*out = v * units[i].factor;
		return ERR_OK;
	}
	return ERR_MALFORMED;
}

enum err address_split(const char *address, char *host, uint16_t *port)
{
	const char *colon = strrchr(address, ':');
	size_t host_len = colon ? (size_t)(colon - address) : 0;
	uint64_t number;

	if (!colon || strlen(address) > LIMIT_ADDRESS_LEN_MAX ||
	    number_parse(&number, KIND_COUNT, colon + 1) || number > UINT16_MAX)
		return ERR_MALFORMED;
	if (host_len >= 2 && address[0] == '[' && colon[-1] == ']') {
		address++;
		host_len -= 2;
	} else if (memchr(address, ':', host_len)) {
		return ERR_MALFORMED; /* an IPv6 address without brackets */
	}
	if (host_len == 0)
		return ERR_MALFORMED;
	for (size_t i = 0; i < host_len; i++)
		if (!isalnum((unsigned char)address[i]) && !strchr(".:-_%", address[i]))
			return ERR_MALFORMED;
	memcpy(host, address, host_len);
	host[host_len] = 0;
	*port = (uint16_t)number;
	return ERR_OK;
}

void config_init(struct config *config)
{
	*config = (struct config){
		.listen = CONFIG_LISTEN_DEFAULT, .log = LOG_INFO, .limits = limits_default()};
}

static enum err set_number(struct config *config, const struct setting *setting, const char *value)
{
	uint8_t *at = (uint8_t *)&config->limits + setting->at;
	uint64_t v;

	if (number_parse(&v, setting->kind, value) || v < setting->min || v > setting->max)
		return ERR_CONFIG;
	if (setting->width == 4)
		memcpy(at, &(uint32_t){(uint32_t)v}, 4);
	else
		memcpy(at, &v, 8);
	return ERR_OK;
}

/* Several, separated by blanks or commas; port 0 cannot be dialled. */
static enum err set_addresses(struct config *config, const char *value)
{
	config->advertise_count = 0;
	for (;;) {
		char host[LIMIT_ADDRESS_LEN_MAX + 1], *to;
		uint16_t port;
		size_t len;

		value += strspn(value, " \t,");
		len = strcspn(value, " \t,");
		if (len == 0)
			return config->advertise_count ? ERR_OK : ERR_CONFIG;
		if (config->advertise_count == LIMIT_ADDRESS_COUNT_MAX ||
		    len > LIMIT_ADDRESS_LEN_MAX)
			return ERR_CONFIG;
		to = config->advertise[config->advertise_count++];
		memcpy(to, value, len);
		to[len] = 0;
		if (address_split(to, host, &port) || port == 0)
			return ERR_CONFIG;
		value += len;
	}
}

/* PROTOCOL: "at most 24 hours since it first saw the cause (setting `under-old-key`)" */
static const struct {
	const char *name;
	uint64_t ms;
} old_keys[] = {{"now", 0}, {"after-24h", 24 * HOUR}, {"never", UINT64_MAX}};
#define OLD_KEY_COUNT (sizeof(old_keys) / sizeof(old_keys[0]))

static enum err set_old_key(struct config *config, const char *value)
{
	for (size_t i = 0; i < OLD_KEY_COUNT; i++) {
		if (strcmp(value, old_keys[i].name))
			continue;
		config->limits.old_key_wait_ms = old_keys[i].ms;
		return ERR_OK;
	}
	return ERR_CONFIG;
}

static enum err set_value(struct config *config, const struct setting *setting, const char *value)
{
	char host[LIMIT_ADDRESS_LEN_MAX + 1];
	uint16_t port;

	switch (setting->kind) {
	case KIND_ADDRESS:
		if (address_split(value, host, &port))
			return ERR_CONFIG;
		snprintf((char *)config + setting->at, LIMIT_ADDRESS_LEN_MAX + 1, "%s", value);
		return ERR_OK;
	case KIND_ADDRESSES:
		return set_addresses(config, value);
	case KIND_OPERATOR:
		if (strlen(value) >= sizeof(config->operator) ||
		    (strcmp(value, "self") && (strncmp(value, "hosted:", 7) || !value[7])))
			return ERR_CONFIG;
		snprintf(config->operator, sizeof(config->operator), "%s", value);
		return ERR_OK;
	case KIND_BOOL:
		memcpy((char *)config + setting->at, &(bool){!strcmp(value, "yes")}, sizeof(bool));
		return !strcmp(value, "yes") || !strcmp(value, "no") ? ERR_OK : ERR_CONFIG;
	case KIND_LEVEL:
		return log_level_parse(&config->log, bytes_str(value)) ? ERR_CONFIG : ERR_OK;
	case KIND_FORMAT:
		config->log_format = strcmp(value, "json") ? LOG_TEXT : LOG_JSON;
		return config->log_format || !strcmp(value, "text") ? ERR_OK : ERR_CONFIG;
	case KIND_FILE:
		if (!*value || strlen(value) > CONFIG_PATH_LEN_MAX)
			return ERR_CONFIG;
		snprintf(config->log_file, sizeof(config->log_file), "%s", value);
		return ERR_OK;
	case KIND_OLD_KEY:
		return set_old_key(config, value);
	case KIND_COUNT:
	case KIND_SIZE:
	case KIND_TIME:
		return set_number(config, setting, value);
	}
	return ERR_CONFIG;
}

static void allowed_text(char *out, size_t size, const struct setting *setting)
{
	char min[32], max[32];

	switch (setting->kind) {
	case KIND_ADDRESS:
		snprintf(out, size, "HOST:PORT, an IPv6 address in brackets");
		return;
	case KIND_ADDRESSES:
		snprintf(out, size, "1 to %d times HOST:PORT", LIMIT_ADDRESS_COUNT_MAX);
		return;
	case KIND_OPERATOR:
		snprintf(out, size, "\"self\" or \"hosted:NAME\"");
		return;
	case KIND_BOOL:
		snprintf(out, size, "\"yes\" or \"no\"");
		return;
	case KIND_LEVEL:
		snprintf(out, size, "\"debug\", \"info\", \"warn\" or \"error\"");
		return;
	case KIND_FORMAT:
		snprintf(out, size, "\"text\" or \"json\"");
		return;
	case KIND_FILE:
		snprintf(out, size, "the path of a file, of at most %d bytes", CONFIG_PATH_LEN_MAX);
		return;
	case KIND_OLD_KEY:
		snprintf(out, size, "\"after-24h\", \"never\" or \"now\"");
		return;
	case KIND_COUNT:
	case KIND_SIZE:
	case KIND_TIME:
		number_text(min, sizeof(min), setting->kind, setting->min);
		number_text(max, sizeof(max), setting->kind, setting->max);
		snprintf(out, size, "%s to %s", min, max);
		return;
	}
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
	if (set_value(config, setting, value)) {
		log_escape(shown, sizeof(shown), bytes_str(value));
		allowed_text(allowed, sizeof(allowed), setting);
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

static uint64_t number_of(const struct config *config, const struct setting *setting)
{
	const uint8_t *at = (const uint8_t *)&config->limits + setting->at;
	uint32_t small;
	uint64_t v;

	if (setting->width == 4) {
		memcpy(&small, at, 4);
		return small;
	}
	memcpy(&v, at, 8);
	return v;
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
		uint64_t h = number_of(config, high), l = number_of(config, low);
		uint32_t line_high = config->lines[high - settings];
		uint32_t line_low = config->lines[low - settings];
		char high_text[32], low_text[32];

		if (h > l || (h == l && pairs[i].may_equal))
			continue;
		number_text(high_text, sizeof(high_text), high->kind, h);
		number_text(low_text, sizeof(low_text), low->kind, l);
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
	return false;
}

static bool addresses_eq(const struct config *a, const struct config *b)
{
	if (a->advertise_count != b->advertise_count)
		return false;
	for (size_t i = 0; i < a->advertise_count; i++)
		if (strcmp(a->advertise[i], b->advertise[i]))
			return false;
	return true;
}

static bool setting_eq(const struct config *a, const struct config *b,
		       const struct setting *setting)
{
	switch (setting->kind) {
	case KIND_ADDRESS:
		return !strcmp((const char *)a + setting->at, (const char *)b + setting->at);
	case KIND_ADDRESSES:
		return addresses_eq(a, b);
	case KIND_OPERATOR:
		return !strcmp(a->operator, b->operator);
	case KIND_BOOL:
		return !memcmp((const char *)a + setting->at, (const char *)b + setting->at,
			       sizeof(bool));
	case KIND_LEVEL:
		return a->log == b->log;
	case KIND_FORMAT:
		return a->log_format == b->log_format;
	case KIND_FILE:
		return !strcmp(a->log_file, b->log_file);
	case KIND_OLD_KEY:
		return a->limits.old_key_wait_ms == b->limits.old_key_wait_ms;
	case KIND_COUNT:
	case KIND_SIZE:
	case KIND_TIME:
		return number_of(a, setting) == number_of(b, setting);
	}
	return true;
}

/* One word at a time: another thread that looks meanwhile sees the old one or the new one. */
static void number_put(struct config *config, const struct config *next, size_t at, size_t width)
{
	uint8_t *to = (uint8_t *)&config->limits + at;
	const uint8_t *from = (const uint8_t *)&next->limits + at;

	if (width == 4)
		__atomic_store_n((uint32_t *)(void *)to, *(const uint32_t *)(const void *)from,
				 __ATOMIC_RELAXED);
	else
		__atomic_store_n((uint64_t *)(void *)to, *(const uint64_t *)(const void *)from,
				 __ATOMIC_RELAXED);
}

static void setting_take(struct config *config, const struct config *next,
			 const struct setting *setting)
{
	if (setting->width)
		number_put(config, next, setting->at, setting->width);
	else if (setting->kind == KIND_OLD_KEY)
		number_put(config, next, offsetof(struct limits, old_key_wait_ms), 8);
	config->log = next->log;
	config->log_format = next->log_format;
	memcpy(config->log_file, next->log_file, sizeof(config->log_file));
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

/* Empty: without the setting there is none. */
static void default_text(char *out, size_t size, const struct config *config,
			 const struct setting *setting)
{
	const char *at = (const char *)config + setting->at, *text = "";
	bool yes;

	switch (setting->kind) {
	case KIND_ADDRESS:
		text = at;
		break;
	case KIND_ADDRESSES:
		break;
	case KIND_OPERATOR:
		text = config->operator[0] ? config->operator: "self";
		break;
	case KIND_BOOL:
		memcpy(&yes, at, sizeof(yes));
		text = yes ? "yes" : "no";
		break;
	case KIND_LEVEL:
		text = log_level_name(config->log);
		break;
	case KIND_FORMAT:
		text = config->log_format == LOG_JSON ? "json" : "text";
		break;
	case KIND_FILE:
		text = config->log_file;
		break;
	case KIND_OLD_KEY:
		for (size_t i = 0; i < OLD_KEY_COUNT; i++)
			if (old_keys[i].ms == config->limits.old_key_wait_ms)
				text = old_keys[i].name;
		break;
	case KIND_COUNT:
	case KIND_SIZE:
	case KIND_TIME:
		if (number_of(config, setting))
			number_text(out, size, setting->kind, number_of(config, setting));
		else
			*out = '\0';
		return;
	}
	snprintf(out, size, "%s", text);
}

void config_help(FILE *stream)
{
	struct config defaults;

	config_init(&defaults);
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const struct setting *setting = &settings[i];
		char allowed[120], value[LIMIT_ADDRESS_LEN_MAX + 1];

		allowed_text(allowed, sizeof(allowed), setting);
		default_text(value, sizeof(value), &defaults, setting);
		fprintf(stream, "  %-18s %s\n%21s%s%s%s\n", setting->name, setting->what, "",
			allowed, value[0] ? "; default " : "", value);
	}
}
