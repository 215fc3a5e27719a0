/*
 * selftest - asks the installed libsodium and libcrypto whether they do what we rely on, at every
 * start.
 *
 * Two builds of libsodium 1.0.18 carry the same version number, and one of them accepts points
 * outside the prime-order subgroup (CVE-2025-69277); so the point is tried, not the number.
 */
#ifndef ALLMENDE_SELFTEST_H
#define ALLMENDE_SELFTEST_H

#include "crypto/err.h"

/* Initialises libsodium; call first in every program. ERR_CONFIG with *what naming the test. */
enum err selftest_run(const char **what);
/* Of the libsodium that runs, not of the one compiled against. */
const char *selftest_sodium_version(void);

#endif
