#include "node/base/config_internal.h"
#include "node/base/config_metadata.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
void setting_number_text(char *out, size_t size, enum kind kind, uint64_t v)
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

/* http://HOST or https://HOST, with a port and a path if need be, and no slash at the end. */
static enum err set_url(char *to, const char *value)
{
	size_t scheme = !strncmp(value, "https://", 8) ? 8 : !strncmp(value, "http://", 7) ? 7 : 0;
	size_t len = strlen(value);

	if (!scheme || len > CONFIG_URL_LEN_MAX || strchr("/:.", value[scheme]) ||
	    value[len - 1] == '/')
		return ERR_CONFIG;
	for (const char *c = value + scheme; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr(".:-_~/[]", *c))
			return ERR_CONFIG;
	memcpy(to, value, len + 1);
	return ERR_OK;
}

/* Numeric addresses, separated by blanks or commas. */
static enum err set_hosts(char *to, const char *value)
{
	size_t at = 0;

	for (;;) {
		char host[INET6_ADDRSTRLEN];
		struct in6_addr in6;
		size_t len;

		value += strspn(value, " \t,");
		len = strcspn(value, " \t,");
		if (len == 0)
			return at ? ERR_OK : ERR_CONFIG;
		if (len >= sizeof(host) || at + len + 2 > CONFIG_HOSTS_LEN_MAX)
			return ERR_CONFIG;
		memcpy(host, value, len);
		host[len] = 0;
		/* as the system writes them, so that they can be compared */
		if (inet_pton(AF_INET, host, &in6) != 1) {
			if (inet_pton(AF_INET6, host, &in6) != 1)
				return ERR_CONFIG;
			inet_ntop(AF_INET6, &in6, host, sizeof(host));
		}
		at += (size_t)sprintf(to + at, "%s%s", at ? " " : "", host);
		value += len;
	}
}

enum err setting_set(struct config *config, const struct setting *setting, const char *value)
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
	case KIND_URL:
		return set_url((char *)config + setting->at, value);
	case KIND_HOSTS:
		return set_hosts((char *)config + setting->at, value);
	case KIND_METADATA: /* config_set() has gone another way */
		break;
	case KIND_COUNT:
	case KIND_SIZE:
	case KIND_TIME:
		return set_number(config, setting, value);
	}
	return ERR_CONFIG;
}

void setting_allowed(char *out, size_t size, const struct setting *setting)
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
	case KIND_URL:
		snprintf(out, size,
			 "http://HOST or https://HOST, with port and path if need be, without a "
			 "slash at the end");
		return;
	case KIND_HOSTS:
		snprintf(out, size, "numeric addresses, separated by blanks");
		return;
	case KIND_METADATA:
		snprintf(out, size, "%s",
			 config_metadata_allowed((enum config_metadata)setting->min));
		return;
	case KIND_OLD_KEY:
		snprintf(out, size, "\"after-24h\", \"never\" or \"now\"");
		return;
	case KIND_COUNT:
	case KIND_SIZE:
	case KIND_TIME:
		setting_number_text(min, sizeof(min), setting->kind, setting->min);
		setting_number_text(max, sizeof(max), setting->kind, setting->max);
		snprintf(out, size, "%s to %s", min, max);
		return;
	}
}

uint64_t setting_number(const struct config *config, const struct setting *setting)
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

static bool addresses_eq(const struct config *a, const struct config *b)
{
	if (a->advertise_count != b->advertise_count)
		return false;
	for (size_t i = 0; i < a->advertise_count; i++)
		if (strcmp(a->advertise[i], b->advertise[i]))
			return false;
	return true;
}

bool setting_eq(const struct config *a, const struct config *b, const struct setting *setting)
{
	switch (setting->kind) {
	case KIND_ADDRESS:
	case KIND_URL:
	case KIND_HOSTS:
	case KIND_METADATA:
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
		return setting_number(a, setting) == setting_number(b, setting);
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

void setting_take(struct config *config, const struct config *next, const struct setting *setting)
{
	if (setting->width)
		number_put(config, next, setting->at, setting->width);
	else if (setting->kind == KIND_OLD_KEY)
		number_put(config, next, offsetof(struct limits, old_key_wait_ms), 8);
	else if (setting->kind == KIND_METADATA)
		memcpy((char *)config + setting->at, (const char *)next + setting->at,
		       sizeof(config->metadata[0]));
	config->log = next->log;
	config->log_format = next->log_format;
	memcpy(config->log_file, next->log_file, sizeof(config->log_file));
}

/* Empty: without the setting there is none. */
void setting_default(char *out, size_t size, const struct config *config,
		     const struct setting *setting)
{
	const char *at = (const char *)config + setting->at, *text = "";
	bool yes;

	switch (setting->kind) {
	case KIND_ADDRESS:
	case KIND_URL:
	case KIND_HOSTS:
	case KIND_METADATA:
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
		if (setting_number(config, setting))
			setting_number_text(out, size, setting->kind,
					    setting_number(config, setting));
		else
			*out = '\0';
		return;
	}
	snprintf(out, size, "%s", text);
}
