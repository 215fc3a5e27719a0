/*
 * config_internal - the table of settings, and what one value is: read, compared, shown. Private to
 * config.c and config_value.c.
 */
#ifndef ALLMENDE_CONFIG_INTERNAL_H
#define ALLMENDE_CONFIG_INTERNAL_H

#include "node/base/config.h"

enum kind {
	KIND_ADDRESS,
	KIND_ADDRESSES,
	KIND_OPERATOR,
	KIND_BOOL,
	KIND_LEVEL,
	KIND_FORMAT,
	KIND_FILE,
	KIND_OLD_KEY,
	KIND_URL,
	KIND_HOSTS,
	KIND_METADATA,
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
	uint64_t min, max; /* of KIND_METADATA min: enum config_metadata */
	size_t at;         /* in struct limits; for KIND_ADDRESS and KIND_BOOL in struct config */
	size_t width;      /* 4 or 8 */
	const char *what;  /* for --help */
};

/* ERR_CONFIG: it is not what the setting allows. */
enum err setting_set(struct config *config, const struct setting *setting, const char *value);
/* What it allows, for people. */
void setting_allowed(char *out, size_t size, const struct setting *setting);
/* What it is in config, as it would be written; empty: without the setting there is none. */
void setting_default(char *out, size_t size, const struct config *config,
		     const struct setting *setting);
bool setting_eq(const struct config *a, const struct config *b, const struct setting *setting);
/* While the node runs: takes it over from next. */
void setting_take(struct config *config, const struct config *next, const struct setting *setting);
uint64_t setting_number(const struct config *config, const struct setting *setting);
/* 65536 as "64K": the largest unit that divides it. */
void setting_number_text(char *out, size_t size, enum kind kind, uint64_t v);

#endif
