/* Attacks on the way in: connections, handshakes, certificates, guests, places. */
#include <stdlib.h>

#include "crypto/check.h"
#include "proto/charter/invitation.h"
#include "test/hostile/attack.h"

enum { STRANGERS = 32, PLACES = 256, HALF_OPEN = 24, CALLERS = 8 };

static void strangers_make(struct band *band, unsigned count, unsigned nodes)
{
	struct stranger *strangers = band->own = mem_new(count, sizeof(*strangers));

	for (unsigned i = 0; i < count; i++)
		stranger_make(band->foe, &strangers[i], nodes);
}

static void strangers_end(struct band *band, unsigned count)
{
	struct stranger *strangers = band->own;

	for (unsigned i = 0; i < count; i++)
		stranger_fini(&strangers[i]);
	free(strangers);
}

/* ---- join-unknown ---- */

static void join_begin(struct band *band)
{
	strangers_make(band, CALLERS, 20);
	for (unsigned i = 0; i < CALLERS; i++)
		band_tie(band, 0, (struct stranger *)band->own + i);
}

static bool join_fill(struct band *band, struct tie *tie)
{
	struct invitation invitation = {.fed = band->foe->charter.fed,
					.name = "Stadt Fremd",
					.slug = "fremd",
					.ags = "14627999"};
	struct buf request, out = band_message();

	random_fill(&band->foe->random, invitation.secret.b, KEY_LEN);
	buf_init(&request, LIMIT_JOIN_REQUEST_LEN_MAX);
	struct digest commitment = foe_any(band->foe);
	join_request_make(&request, &invitation, buf_bytes(&tie->stranger->entry), NULL,
			  &commitment, &(struct digest){{7}}, &tie->stranger->root);
	if (request.err)
		foe_die("its request is none", request.err);
	message_join(&out, buf_bytes(&request));
	buf_fini(&request);
	band->blows++;
	return band_say(band, tie, &out);
}

static void callers_end(struct band *band)
{
	strangers_end(band, CALLERS);
}

/*
 * ---- certificates-256: each handshake shows an entry of 256 nodes, as if it were the latest of
 * another member's log ----
 */

static void certificates_begin(struct band *band)
{
	struct stranger *strangers;

	band->again_ms = 10;
	strangers_make(band, CALLERS, LIMIT_NODE_COUNT_MAX);
	strangers = band->own;
	for (unsigned i = 0; i < CALLERS; i++) {
		stranger_pretend(&strangers[i], &band->foe->charter.members[0].org);
		band_tie(band, 0, &strangers[i]);
	}
}

/* Up: again, with the next handshake. */
static bool certificates_fill(struct band *band, struct tie *tie)
{
	link_lost(&tie->link);
	return false;
}

static void certificates_end(struct band *band)
{
	band->blows = band->opened;
	strangers_end(band, CALLERS);
}

/* ---- silent-guests ---- */

static void silent_begin(struct band *band)
{
	strangers_make(band, STRANGERS, 1);
	for (unsigned i = 0; i < STRANGERS; i++)
		band_tie(band, 0, (struct stranger *)band->own + i);
}

static void silent_end(struct band *band)
{
	band->blows = band->up_most;
	strangers_end(band, STRANGERS);
}

/* ---- places: all that one organisation can take ---- */

static void places_begin(struct band *band)
{
	band->again_ms = 20;
	foe_log_grow(band->foe, LIMIT_NODE_COUNT_MAX);
	band_tie(band, 0, NULL);
}

/* The first tie has told of the log; the others come when it is known. */
static bool places_fill(struct band *band, struct tie *tie)
{
	/* No more handshakes at once than one address may have. */
	if (band_now_ms() > band->begin_ms + 300 && band->tie_count < PLACES &&
	    band->tie_count < band->up_now + CALLERS)
		band_tie(band, (unsigned)band->tie_count, NULL);
	return false;
}

static void places_end(struct band *band)
{
	band->blows = band->up_most;
}

/* ---- half-open: connections without a word ---- */

static void half_begin(struct band *band)
{
	band->again_ms = 10;
	for (unsigned i = 0; i < HALF_OPEN; i++)
		band_tie_raw(band);
}

const struct attack attacks_doors[] = {
	{"join-unknown", "joining with secrets that nobody gave it", join_begin,
	 .guest_fill = join_fill, .end = callers_end},
	{"certificates-256", "handshakes with certificates of 256 nodes", certificates_begin,
	 .guest_fill = certificates_fill, .end = certificates_end},
	{"silent-guests", "32 guests who say nothing", silent_begin, .end = silent_end},
	{"places", "a link for each of 256 nodes of one organisation", places_begin,
	 .fill = places_fill, .end = places_end},
	{"half-open", "24 connections without a word", half_begin, .end = places_end},
	{0},
};
