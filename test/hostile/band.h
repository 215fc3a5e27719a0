/*
 * band - the links of one hostile organisation to one victim: sockets under poll(), the project's
 * own link machine on each, and the little politeness that keeps a session open (HELLO, TAKEN,
 * ORGLOG). What is said besides is the attack's.
 */
#ifndef ALLMENDE_TEST_BAND_H
#define ALLMENDE_TEST_BAND_H

#include <sys/socket.h>

#include "proto/hub/message.h"
#include "proto/link/link.h"
#include "test/hostile/foe.h"

enum { BAND_MESSAGE_TYPES = 32, BAND_TIE_MAX = 512 };

/* One link, which is opened again when the other side has closed it. */
struct tie {
	int fd; /* -1: closed */
	struct sockaddr_storage to;
	socklen_t to_len;
	bool raw; /* a connection without a word */
	bool connected, up;
	bool ready; /* HELLO was answered: everything may be said */
	bool deaf;  /* reads nothing any more */
	bool over;  /* not opened again */
	unsigned node;
	const struct stranger *stranger; /* NULL: a node of the own organisation */
	struct buf certificate;
	struct link link;
	struct buf out; /* taken from the link, not written yet */
	size_t owed;    /* bytes of HEAD and RECORDS to be confirmed */
	uint64_t again_ms;
	unsigned step; /* the attack's */
};

struct band;
struct attack {
	const char *name;
	const char *text; /* what it does, in a line */
	/* Opens the first ties. */
	void (*begin)(struct band *band);
	/* The rest may be NULL. Says something more; false: nothing for now. Called when the tie is
	   ready and has little to send. */
	bool (*fill)(struct band *band, struct tie *tie);
	/* A guest is never ready: called once the session is up. */
	bool (*guest_fill)(struct band *band, struct tie *tie);
	/* true: it is dealt with. */
	bool (*message)(struct band *band, struct tie *tie, struct message *m);
	void (*end)(struct band *band);
};

struct band {
	struct foe *foe;
	const struct attack *attack;
	const char *words[4];       /* further arguments */
	unsigned size;              /* --size: of what the attack makes */
	struct sockaddr_storage to; /* of the ties that are opened next */
	socklen_t to_len;
	struct tie *ties[BAND_TIE_MAX];
	size_t tie_count;
	uint64_t begin_ms, end_ms, fill_from_ms;
	uint64_t again_ms; /* until a closed link is opened again */
	bool done;         /* before the time is over */
	void *own;         /* the attack's */
	/* counted */
	uint64_t sent[BAND_MESSAGE_TYPES], got[BAND_MESSAGE_TYPES];
	uint64_t sent_bytes, got_bytes;
	uint64_t opened, came_up, up_now, up_most;
	uint64_t closed[LINK_REASON_UNKNOWN + 1];
	uint64_t blows; /* what the attack is about, as it counts them */
	uint64_t blows_wanted;
};

uint64_t band_now_ms(void);
/* HOST:PORT, numbers alone; for the ties that are opened from now on. */
void band_victim(struct band *band, const char *address);
struct tie *band_tie(struct band *band, unsigned node, const struct stranger *stranger);
/* One, of node 0. */
void band_alone(struct band *band);
struct tie *band_tie_raw(struct band *band);
/* Sends and releases it; false: the link does not take it. */
bool band_say(struct band *band, struct tie *tie, struct buf *message);
bool band_say_list(struct band *band, struct tie *tie, struct message_list *list);
struct buf band_message(void);
/* Until the time is over, or the attack says that it is done. */
void band_run(struct band *band);
void band_close(struct band *band);

#endif
