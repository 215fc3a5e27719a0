/*
 * put - bytes into an open file, all of them.
 */
#ifndef ALLMENDE_PUT_H
#define ALLMENDE_PUT_H

#include "crypto/bytes.h"

/* ERR_NOSPACE: the disk is full, or the user's share of it; ERR_IO. errno says more. */
enum err put_all(int fd, struct bytes bytes);

#endif
