/*
 * config - the settings of one node: DIR/config, and what the command line puts over it.
 *
 *	# a comment
 *	listen = 192.0.2.7:7420
 *	size-limit = 200G
 *
 * One setting a line; every value has a range; an unknown or repeated name is an error, so that a
 * slip of the pen is not mistaken for the default. Sizes take K, M, G, T (powers of 1024), times
 * ms, s, min, h. Each function writes one sentence into why (WHY_LEN bytes) when it fails:
 * file, line, value, what is allowed.
 */
#ifndef ALLMENDE_CONFIG_H
#define ALLMENDE_CONFIG_H

#include <stdbool.h>
#include <stdio.h>

#include "crypto/bytes.h"
#include "crypto/limits.h"
#include "node/base/log.h"

#define CONFIG_FILE_LEN_MAX   65536
#define CONFIG_SETTING_MAX    64
#define CONFIG_PATH_LEN_MAX   255
#define CONFIG_URL_LEN_MAX    255
#define CONFIG_HOSTS_LEN_MAX  511
#define CONFIG_LISTEN_DEFAULT "0.0.0.0:7420"

/* What is said of each dataset published here, when nothing else is (config_metadata.h). */
enum config_metadata {
	CONFIG_PUBLISHER,
	CONFIG_PUBLISHER_URL,
	CONFIG_CONTACT_NAME,
	CONFIG_CONTACT_EMAIL,
	CONFIG_CONTACT_URL,
	CONFIG_CONTACT_PHONE,
	CONFIG_LICENSE,
	CONFIG_ATTRIBUTION,
	CONFIG_PLACE,
	CONFIG_LEVEL,
	CONFIG_CONTRIBUTOR,
	CONFIG_LANGUAGE,
	CONFIG_METADATA_END,
};

struct config {
	char listen[LIMIT_ADDRESS_LEN_MAX + 1]; /* HOST:PORT; port 0: any free one */
	char advertise[LIMIT_ADDRESS_COUNT_MAX][LIMIT_ADDRESS_LEN_MAX + 1];
	size_t advertise_count;
	char operator[129]; /* "self" or "hosted:NAME"; empty: as at `allmende init` */
	bool dial_only;     /* no listener, nothing to advertise */
	char http[LIMIT_ADDRESS_LEN_MAX + 1]; /* HOST:PORT of the public port; empty: none */
	/* By which people outside reach the public port, without a slash at the end; empty: by what
	   they ask for. */
	char base_url[CONFIG_URL_LEN_MAX + 1];
	/* Numeric addresses of reverse proxies, with one blank between them. */
	char http_proxies[CONFIG_HOSTS_LEN_MAX + 1];
	enum log_level log;
	enum log_format log_format;
	char log_file[CONFIG_PATH_LEN_MAX + 1];                      /* empty: standard error */
	char metadata[CONFIG_METADATA_END][LIMIT_TITLE_LEN_MAX + 1]; /* empty: not said */
	struct limits limits;
	uint32_t lines[CONFIG_SETTING_MAX]; /* where setting i stood in the file; 0: nowhere */
};

void config_init(struct config *config);
/* Reads DIR/config; no file means the defaults. ERR_CONFIG, ERR_IO. */
enum err config_load(struct config *config, const char *dir, char *why);
/* The same from memory; file names it in sentences. */
enum err config_parse(struct config *config, const char *file, struct bytes text, char *why);
/* One setting from elsewhere, over what the file said; where names it ("--listen"). */
enum err config_set(struct config *config, const char *where, const char *name, const char *value,
		    char *why);
/*
 * While the node runs: takes over from another reading what can change. Appends the names of what
 * it has taken, and of what differs and waits for a restart, with ", " between.
 */
void config_take(struct config *config, const struct config *next, struct buf *taken,
		 struct buf *later);
/* All names with their ranges, one a line, for --help. */
void config_help(FILE *stream);

/* Splits HOST:PORT or [HOST]:PORT; port 0 to 65535. host holds LIMIT_ADDRESS_LEN_MAX + 1 bytes.
   ERR_MALFORMED. */
enum err address_split(const char *address, char *host, uint16_t *port);

#endif
