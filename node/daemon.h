/*
 * daemon - one running node: everything the loop thread owns, from start to clean stop.
 *
 * It carries batches of the core thread to where they belong, and stops in order: nobody new is
 * let in, links say farewell, jobs end, the core finishes what it was given, requests are
 * answered, handles close.
 */
#ifndef ALLMENDE_DAEMON_H
#define ALLMENDE_DAEMON_H

#include "node/api/api.h"
#include "node/base/config.h"
#include "node/derive/derive.h"
#include "node/files/content.h"
#include "node/files/deliver.h"
#include "node/files/reseal.h"
#include "node/files/download.h"
#include "node/http/http.h"
#include "node/index/indexer.h"
#include "node/portal/feed.h"
#include "node/http/server.h"
#include "node/web/web.h"
#include "node/base/asker.h"
#include "node/base/log.h"
#include "node/care/metrics.h"
#include "node/net/net.h"
#include "node/ogc/layers.h"
#include "node/base/turn.h"
#include "node/files/upload.h"
#include "node/files/verify.h"
#include "proto/charter/identity.h"
#include "store/dir.h"
#include "store/passphrase.h"

#define DAEMON_SOFTWARE "allmende " ALLMENDE_VERSION

struct daemon_options {
	const char *dir; /* borrowed, as all below */
	struct passphrase_from passphrase;
	const char *listen; /* over what the config says, or NULL */
	const char *http;   /* the same */
	bool detach;        /* it has no terminal to write a log on */
	bool has_level;
	enum log_level level;
};

enum daemon_phase { DAEMON_RUNNING, DAEMON_CLOSING, DAEMON_ANSWERING, DAEMON_STOPPED };

enum { SIGNAL_COUNT = 3 };

struct daemon {
	/* what does not change while it runs; the core thread reads it, too */
	const char *dir_path;
	const struct daemon_options *options; /* over what the config says, also later */
	struct config config;
	struct dir dir;
	struct db *db;
	struct keyring *keyring;
	struct identity identity;
	int64_t started_ms;
	char advertised[LIMIT_ADDRESS_COUNT_MAX][LIMIT_ADDRESS_LEN_MAX + 1];
	const char *addresses[LIMIT_ADDRESS_COUNT_MAX + 1];
	struct node_view view; /* of all this, for care and api */

	/* loop thread */
	uv_loop_t loop;
	struct random random;
	struct random core_random; /* the core thread's */
	struct log log;
	FILE *log_file; /* NULL: standard error */
	struct packers packers;
	struct turn *turn;
	struct net *net;
	struct http *http;
	struct asker *asker;
	struct contents *contents;
	struct derive *derive;
	struct web *web;
	struct server *server; /* of everybody; NULL: none */
	struct metrics metrics;
	struct api *api;
	struct uploads uploads;
	struct downloads downloads;
	struct verify verify;
	struct deliver deliver;
	struct reseal reseal;
	struct indexer *indexer;
	struct feed *feed;
	struct layers *layers;
	uv_async_t ready; /* a batch is there */
	uv_signal_t signals[SIGNAL_COUNT];
	uv_timer_t stop_timer;
	enum daemon_phase phase;
	uint64_t stop_deadline_ms; /* of the phase; uv_now() */
	bool net_closed;
	enum err fault;                                          /* the core is gone */
	bool dir_held, identity_loaded, loop_open, handles_open; /* for daemon_close() */
};

/* Opens all and begins to listen; on failure one sentence stands in why (WHY_LEN), and
   daemon_close() is still due. ERR_CONFIG, ERR_DENIED (passphrase), ERR_ABSENT (no node in the
   directory), and what else store and core say. */
enum err daemon_open(struct daemon *daemon, const struct daemon_options *options, char *why);
/* Where the log goes when the settings name a file; to be freed. */
char *daemon_log_path(const struct daemon *daemon);
/* Until SIGTERM or SIGINT, or the store cannot be used any more. ERR_OK: stopped as asked. */
enum err daemon_run(struct daemon *daemon, char *why);
void daemon_close(struct daemon *daemon);

#endif
