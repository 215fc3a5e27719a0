/*
 * init - what it was asked for, and the making of the node. Private to init.
 *
 * A making that is cut short leaves a marked directory (store/dir.h), which the next one begins
 * anew, and perhaps a recovery sheet, which it then knows as one of that.
 */
#ifndef ALLMENDE_INIT_H
#define ALLMENDE_INIT_H

#include "proto/charter/identity.h"
#include "proto/charter/invitation.h"
#include "tools/cmd/recovery.h"
#include "tools/kit/tool.h"
#include "tools/kit/value.h"

struct plan {
	const char *name, *slug, *ags;
	const char *listen;   /* NULL: the default */
	const char *http;     /* NULL: none */
	struct buf advertise; /* addresses with blanks between; empty: what is listened on */
	const char *operator;
	bool dial_only;
	const char *join; /* text of the invitation; NULL: none */
	char join_text[VALUE_INVITATION_SIZE];
	struct invitation invitation;
	const char *node; /* text of the offer: another node of the organisation; NULL: the first */
	struct node_offer offer;
	struct buf offer_bytes;
	struct buf request;             /* text for who made the offer */
	struct recovery *recovery;      /* an organisation that comes back; NULL: none */
	struct secret *passphrase;      /* NULL: none */
	const char *sheet, *next_sheet; /* files; NULL: none */
};

/* The sheets are opened first, so that a wrong name costs nothing. Prints its own complaint. */
int init_make(const struct tool *tool, struct plan *plan);
/* Whose node stands in the directory; false: nobody's, or it cannot be read. */
bool init_standing(const struct tool *tool, struct identity_place *place);

#endif
