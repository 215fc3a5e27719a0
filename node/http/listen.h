/*
 * listen - a TCP socket that listens, made of HOST:PORT.
 */
#ifndef ALLMENDE_LISTEN_H
#define ALLMENDE_LISTEN_H

#include "crypto/err.h"
#include "crypto/limits.h"

/*
 * The first address that the name has, port 0: any free one. Sets *fd, which does not block, and
 * bound, HOST:PORT with LIMIT_ADDRESS_LEN_MAX + 1 bytes. backlog: how many may stand in line.
 * ERR_CONFIG with one sentence in why (WHY_LEN).
 */
enum err listen_tcp(int *fd, char *bound, const char *address, int backlog, char *why);

#endif
