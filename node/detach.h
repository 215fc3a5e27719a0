/*
 * detach - a daemon that leaves its terminal once it is ready: it asks there for the passphrase and
 * says there what is wrong, and whoever started it goes on only when it answers, or has its exit
 * code.
 */
#ifndef ALLMENDE_DETACH_H
#define ALLMENDE_DETACH_H

#include "crypto/err.h"
#include "node/base/config.h"

/*
 * Makes the process that becomes the daemon; before any thread or file of it. In that one: -1, and
 * `ready` is what detach_end() takes. In the first: the exit code it shall end with, as soon as the
 * new one is ready or has ended.
 */
int detach_begin(int *ready);

/*
 * Of the new process: it leaves session and terminal, what it still says on standard error goes to
 * `log_fd`, and the first one says where the log is and ends with 0. ERR_IO: it cannot.
 */
enum err detach_end(int ready, const char *log, int log_fd, char why[WHY_LEN]);

#endif
