/*
 * doctor - the checks of `allmende doctor`; private to doctor.c and doctor_*.c.
 *
 * Each check says one or more things. A daemon is asked when there is one; what only it knows is
 * said to be unknown otherwise, and everything on the disk is looked at directly.
 */
#ifndef ALLMENDE_DOCTOR_H
#define ALLMENDE_DOCTOR_H

#include <jansson.h>

#include "tools/kit/tool.h"

enum doctor_state {
	DOCTOR_OK,
	DOCTOR_TODO,
	DOCTOR_UNKNOWN /* could not be found out: not counted as work */
};

struct doctor {
	const struct tool *tool;
	json_t *status, *facts, *peers; /* GET /status, /doctor, /peers; NULL: no daemon answers */
	const char *why;                /* then, the sentence */
	json_t *checks;                 /* the result */
	char *firewall;                 /* a request to send, or NULL; to be freed */
	size_t todo;
};

/* doctor_say.c */
/* command: what to type; empty: the text says it. */
__attribute__((format(printf, 5, 6))) void doctor_say(struct doctor *doctor, const char *check,
						      enum doctor_state state, const char *command,
						      const char *format, ...);
/* "TODO", from the name of a state in JSON. */
const char *doctor_word(const char *state);

/* doctor_config.c */
void doctor_config(struct doctor *doctor);
/* doctor_disk.c */
void doctor_disk(struct doctor *doctor);
void doctor_files(struct doctor *doctor); /* who may read them */
/* doctor_net.c */
void doctor_net(struct doctor *doctor);

#endif
