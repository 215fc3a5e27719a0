/*
 * node_test - a node's directory made and removed, the daemon started as a process, and its control
 * interface asked.
 */
#ifndef ALLMENDE_NODE_TEST_H
#define ALLMENDE_NODE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <sys/types.h>

#include "crypto/bytes.h"

/* A directory in a new one of its own, with an identity; no passphrase: NULL. Removed by
   node_dir_fini(). */
char *node_dir_init(const char *slug, const char *passphrase);
void node_dir_fini(char *dir);
void node_file_write(const char *dir, const char *name, const char *text);

struct node_process {
	pid_t pid;
	char *dir; /* borrowed */
	char log[512];
};

/* Runs allmended -d DIR with further arguments (NULL-terminated); waits until it is ready. */
struct node_process node_start(char *dir, ...);
/* SIGTERM; fails unless it ends with 0 within ten seconds. */
void node_stop(struct node_process *node);
void node_kill(struct node_process *node); /* SIGKILL */
/* Runs it to its end, which must come by itself; its standard error is in out (NUL-terminated). The
   exit code. */
int node_run(struct buf *out, const char *dir, ...);
/* The whole standard error so far. */
void node_log(const struct node_process *node, struct buf *out);
bool node_log_has(const struct node_process *node, const char *text);
/* Waits up to five seconds for it. */
bool node_log_waits(const struct node_process *node, const char *text);

/* One request; answer gets the body, NUL-terminated. The HTTP status; 0: the transfer broke. */
long node_ask(const struct node_process *node, const char *method, const char *target,
	      struct bytes body, struct buf *answer);
/* The same with a JSON text as body or NULL, asserting the status. The answer is static until the
   next call. */
const char *node_expect(const struct node_process *node, long status, const char *method,
			const char *target, const char *json);
/* The text of a field in a JSON answer, copied; "" when it is not there. */
void node_field(char *out, size_t size, const char *json, const char *name);

#endif
