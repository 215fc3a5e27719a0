/*
 * derive - makes what derived.h keeps: plain copies, which the kernel sends by itself, and tables
 * in other forms (convert.h).
 *
 * One thread of low priority makes it when somebody has asked. What is small is made at once, by
 * who asks. Of what is not open nothing is kept: it is made in memory each time, by who asks.
 *
 * What was made of a version goes when something is heard of its dataset: a withdrawal, a new
 * version, one that is not valid any more. What is finished only then is dropped by who made it.
 *
 * Bounds: DERIVE_WAITING_MAX tasks wait; who asks waits DERIVE_WAIT_MS at most, and two at a time;
 * two at a time make something themselves; DERIVE_MS_MAX of work.
 */
#ifndef ALLMENDE_DERIVE_H
#define ALLMENDE_DERIVE_H

#include "node/base/asker.h"
#include "node/derive/convert.h"
#include "node/derive/derived.h"
#include "node/files/content.h"
#include "proto/hub/event.h"

#define DERIVE_WAITING_MAX  256
#define DERIVE_AT_ONCE_MAX  (1024u * 1024) /* bytes of a table */
#define DERIVE_COPY_LEN_MAX (UINT64_C(512) << 20)
#define DERIVE_WAIT_MS      5000
#define DERIVE_MS_MAX       120000

struct derive;
struct derive_options { /* borrowed */
	const char *dir;
	struct contents *contents;
	struct asker *asker;
	uint64_t bytes_max; /* 0: DERIVED_BYTES_MAX */
};
struct derive *derive_open(const struct derive_options *options);
/* Loop thread, after the commit of the turn that the note comes from. */
void derive_note(struct derive *derive, const struct note *note);
void derive_stop(struct derive *derive);  /* soon: who waits hears so */
bool derive_busy(struct derive *derive);  /* its thread has not ended yet */
void derive_close(struct derive *derive); /* after derive_stop(); waits for its thread */

/* It was shown to everybody; and whether it was, and nothing was heard of it since but that it is
   gone (opened.h). Any thread. */
void derive_opened(struct derive *derive, const struct dataset_id *dataset);
bool derive_was_open(struct derive *derive, const struct dataset_id *dataset);

/* One file of one version. */
struct derive_file { /* borrowed */
	struct content *content;
	const struct manifest_file *file;
	const char *path;  /* as it is kept */
	const char *title; /* of the dataset */
	int64_t time_ms;   /* of the version */
	unsigned epsg;     /* of metres; 0: not known */
};
/* The plain copy, to be read; -1: there is none. It goes as soon as something is heard of the
   dataset. Any thread. */
int derive_copy_kept(struct derive *derive, const struct derive_file *file, uint64_t *len);
/* The same; where there is none yet, one is made when it may be. */
int derive_copy(struct derive *derive, const struct derive_file *file, uint64_t *len);
/*
 * A table in another form; any thread that may wait. ERR_AGAIN: it is being made, or the node is
 * stopping; ERR_BUSY: too many ask for such; others: as convert_run(), with a sentence in why.
 */
enum err derive_form(struct derive *derive, const struct derive_file *file, enum convert_form form,
		     int *fd, uint64_t *len, char *why);

#endif
