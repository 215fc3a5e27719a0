/*
 * web_test - web with its public port and a table of routes that show what it does, without a node;
 * and a client that sends the bytes it is told to.
 */
#ifndef ALLMENDE_WEB_TEST_H
#define ALLMENDE_WEB_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "node/web/web.h"

#define PLAIN_LEN 300000 /* of /file and /stream: the bytes of plain_byte() */

struct web_bench {
	uv_loop_t loop;
	struct config config;
	struct node_view view;
	struct metrics metrics;
	struct server *server;
	struct web *web;
	char *dir;
	struct db *db;
	uint16_t port;
};

/* The settings are those of config, which bench_init() fills in. */
void bench_init(struct web_bench *bench);
void bench_open(struct web_bench *bench);
void bench_close(struct web_bench *bench);

uint8_t plain_byte(uint64_t at);

struct answer {
	unsigned status; /* 0: the connection was closed without an answer */
	struct buf head, body;
};
int bench_connect(const struct web_bench *bench);
/* Sends text, and reads one answer until the other end closes. */
void bench_send(const struct web_bench *bench, struct answer *answer, struct bytes text);
/* GET with these lines of headers ("A: b\r\n") or NULL. */
void bench_get(const struct web_bench *bench, struct answer *answer, const char *target,
	       const char *headers);
void answer_fini(struct answer *answer);
/* The value, static until the next call; "" when there is none. */
const char *answer_header(const struct answer *answer, const char *name);

#endif
