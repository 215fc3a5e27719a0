/*
 * node_view - what care and api see of the node: the daemon fills it in once, before anybody asks.
 *
 * The first part does not change while the node runs, and any thread may read it. The second
 * belongs to the loop thread, and so may only be used there.
 */
#ifndef ALLMENDE_NODE_VIEW_H
#define ALLMENDE_NODE_VIEW_H

#include <uv.h>

#include "node/base/config.h"
#include "node/base/turn.h"
#include "node/care/feed_news.h"
#include "proto/charter/identity.h"

struct layers;      /* node/ogc/layers.h */
struct index_store; /* node/index/index.h */
struct feed;        /* node/portal/feed.h */

struct node_view { /* all borrowed */
	const char *dir;
	const struct config *config;
	struct db *db;
	struct keyring *keyring;
	const struct identity *identity;
	const char *const *addresses; /* HOST:PORT that others are told to dial; NULL-terminated */
	const char *listen;           /* HOST:PORT as bound; "": nowhere */
	const char *http;             /* of the port for monitoring; "": there is none */
	struct index_store *index;    /* for index_reader_open(), on any thread */
	struct feed *feed;            /* of the catalogue, on any thread */
	struct feed_news feed_news;
	const char *software; /* "allmende 0.1.0" */
	int64_t started_ms;
	struct layers *layers;     /* for threads that may wait: node/ogc/layers.h */
	struct contents *contents; /* for threads that may wait: node/files/content.h */
	struct derive *derive;     /* the same: node/derive/derive.h */

	/* loop thread */
	uv_loop_t *loop;
	struct log *log;
	struct turn *turn;
	struct net *net;
	struct uploads *uploads;
	struct downloads *downloads;
	struct verify *verify;
	struct deliver *deliver;
	struct reseal *reseal;
};

#endif
