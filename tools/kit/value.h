/*
 * value - what people type, checked before anything happens: datasets, patterns, names, addresses.
 *
 * Each function prints one sentence (the value, what is wrong with it, what it should look like)
 * and returns TOOL_USAGE when the value is wrong.
 */
#ifndef ALLMENDE_VALUE_H
#define ALLMENDE_VALUE_H

#include <stdint.h>

#include "crypto/limits.h"
#include "proto/charter/invitation.h"
#include "tools/kit/tool.h"

/* DATASET or DATASET@VERSION. */
struct value_ref {
	char path[LIMIT_PATH_LEN_MAX + 1];
	uint64_t version; /* 0: the current one */
};
int value_ref(struct value_ref *out, const char *text);
/* DATASET alone. */
int value_path(const char *text);
int value_pattern(const char *text);
/* what: "--name" and the like, for the sentence. */
int value_name(const char *what, const char *text);
int value_slug(const char *what, const char *text);
int value_ags(const char *what, const char *text);
/* HOST:PORT, [IPv6]:PORT; port 0 only when zero_ok. */
int value_address(const char *what, const char *text, bool zero_ok);
/* "2027-11-20": the moment at which that day begins here. */
int value_day(const char *what, const char *text, int64_t *out_ms);
/* The same, which means the end of that day; or "2027-11-20 14:30" and "2027-11-20 14:30:05". */
int value_moment(const char *what, const char *text, int64_t *out_ms);
/* "self" or "hosted:NAME". */
int value_operator(const char *text);
/* *out stays as it is when the option is not given. */
int value_number(const struct args *args, const char *option, uint64_t max, uint64_t *out);
/* All values given with options are printable UTF-8; line feeds are allowed. */
int value_texts(const struct args *args);
#define VALUE_INVITATION_SIZE (LIMIT_INVITATION_LEN_MAX + 16)
/*
 * Reads the text of an invitation from the first line of a file, or of standard input when from is
 * "-". It is a secret: one that stands on the command line itself, which everybody on the machine
 * can read, is taken out of it, and people are told what is better. To be wiped.
 */
int value_invitation_read(char out[VALUE_INVITATION_SIZE], const char *from);
/* Decodes an invitation, and refuses one that has ended. Wipe with invitation_wipe(). */
int value_invitation(struct invitation *out, const char *text, int64_t now_ms);

#endif
