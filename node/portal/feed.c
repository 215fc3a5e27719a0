#include "node/portal/feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "node/base/clock.h"
#include "node/portal/feed_internal.h"
#include "proto/dcat/vocab.h"
#include "store/dir.h"

#define LOOK_NS      UINT64_C(1000000000) /* at the generation of the index */
#define PAUSE_MS     1000                 /* between two builds, */
#define PAUSE_FACTOR 5                    /* or so many times as long as one takes */
#define FAILED_MS    30000
#define LOOKS_SITE   60 /* whose node it is hardly ever changes */

/* ---- what is handed out ---- */

void feed_set_free(struct feed_set *set)
{
	if (!set)
		return;
	free(set->rows);
	free(set->pages);
	free(set);
}

struct feed_set *feed_set_take(struct feed *feed)
{
	uv_mutex_lock(&feed->lock);
	struct feed_set *set = feed->status.state == FEED_READY ? feed->set : NULL;
	if (set)
		set->users++;
	uv_mutex_unlock(&feed->lock);
	return set;
}

void feed_set_give(struct feed *feed, struct feed_set *set)
{
	uv_mutex_lock(&feed->lock);
	bool last = set && --set->users == 0;
	uv_mutex_unlock(&feed->lock);
	if (last)
		feed_set_free(set);
}

/* ---- the thread ---- */

/* What care is told follows from the status. */
static void feed_tell(const struct feed *feed)
{
	const struct feed_status *status = &feed->status;
	struct feed_news *news = feed->news;

	atomic_store(&news->had, status->had);
	atomic_store(&news->lost, status->lost);
	atomic_store(&news->damaged, feed->guard.damaged);
	atomic_store(&news->refused, status->state == FEED_REFUSED);
	atomic_store(&news->failed, status->state == FEED_FAILED);
	atomic_store(&news->ready, status->state == FEED_READY);
}

void feed_say(struct feed *feed, enum feed_state state, const char *reason)
{
	uv_mutex_lock(&feed->lock);
	feed->status.state = state;
	snprintf(feed->status.reason, sizeof(feed->status.reason), "%s", reason);
	feed_tell(feed);
	uv_mutex_unlock(&feed->lock);
}

/* A build, and when the next may be. */
static void build(struct feed *feed, uint64_t generation, bool confirmed)
{
	const int64_t begun_ms = clock_mono_ms();
	enum err err = feed_site_take(feed, &feed->site) ? ERR_OK : ERR_AGAIN;
	feed_site_point(&feed->site);
	if (!err)
		err = feed_build(feed, confirmed);
	const int64_t took_ms = clock_mono_ms() - begun_ms;
	const int64_t pause_ms = PAUSE_FACTOR * took_ms;

	feed->next_mono_ms = clock_mono_ms() + (pause_ms > PAUSE_MS ? pause_ms : PAUSE_MS);
	if (!err || err == ERR_ABSENT)
		feed->generation = generation;
	if (err && err != ERR_ABSENT && err != ERR_AGAIN && err != ERR_BUSY) {
		feed_say(feed, FEED_FAILED,
			 err == ERR_NOSPACE ? "the disk is full" : "its files cannot be written");
		feed->next_mono_ms = clock_mono_ms() + FAILED_MS;
	}
}

/* Whether its addresses, or whose node it is, are others than when it was built. */
static bool site_changed(struct feed *feed)
{
	struct feed_site now;

	if (!feed_site_take(feed, &now))
		return false;
	bool changed = strcmp(now.base, feed->site.base) != 0 ||
		       strcmp(now.name, feed->site.name) != 0 ||
		       strcmp(now.slug, feed->site.slug) != 0;
	feed->site = now;
	feed_site_point(&feed->site);
	return changed;
}

static void feed_look(struct feed *feed, bool confirmed)
{
	const struct visitor anyone = {.kind = VISITOR_ANYONE};

	if (clock_mono_ms() < feed->next_mono_ms && !confirmed)
		return;
	uint64_t generation = index_generation(feed->reader, &anyone);
	if (generation == 0)
		return;
	bool other = generation != feed->generation || confirmed;
	if (!other && ++feed->looks % LOOKS_SITE == 0)
		other = site_changed(feed);
	if (other)
		build(feed, generation, confirmed);
}

static void feed_run(void *arg)
{
	struct feed *feed = arg;

	uv_mutex_lock(&feed->lock);
	while (!feed->stopping) {
		bool confirmed = feed->confirmed;
		feed->confirmed = false;
		uv_mutex_unlock(&feed->lock);
		feed_look(feed, confirmed);
		uv_mutex_lock(&feed->lock);
		if (!feed->stopping && !feed->confirmed)
			uv_cond_timedwait(&feed->wake, &feed->lock, LOOK_NS);
	}
	uv_mutex_unlock(&feed->lock);
	index_reader_close(feed->reader);
	uv_mutex_lock(&feed->lock);
	feed->ended = true;
	uv_mutex_unlock(&feed->lock);
}

/* ---- life ---- */

static void feed_begin_thread(struct feed *feed)
{
	enum err err = feed_guard_load(&feed->guard, feed->state_path);

	if (err == ERR_IO)
		feed_say(feed, FEED_FAILED, "feed.state cannot be read");
	feed->reader = index_reader_open(feed->node->index);
	feed->started = uv_thread_create(&feed->thread, feed_run, feed) == 0;
	feed->ended = !feed->started;
	if (!feed->started)
		index_reader_close(feed->reader);
}

/* The first of the setting that is in GovData's list. */
static const char *contributor_of(const struct config *config)
{
	const char *text = config->metadata[CONFIG_CONTRIBUTOR];
	const struct vocab_term *term = NULL;

	while (*text && !term) {
		size_t len = strcspn(text, ", ");
		term = vocab_find(VOCAB_CONTRIBUTOR, bytes_of(text, len));
		text += len + strspn(text + len, ", ");
	}
	return term ? term->iri : NULL;
}

struct feed *feed_open(struct node_view *node, struct asker *asker)
{
	struct feed *feed = mem_new(1, sizeof(*feed));

	feed->node = node;
	feed->news = &node->feed_news;
	node->feed = feed;
	feed->asker = asker;
	feed->contributor = contributor_of(node->config);
	feed->folder = dir_file(node->dir, "derived/feed");
	feed->state_path = dir_file(node->dir, "feed.state");
	feed->ended = true;
	check(uv_mutex_init(&feed->lock) == 0 && uv_cond_init(&feed->wake) == 0);
	feed_guard_init(&feed->guard);
	if (node->http[0]) {
		feed->status.state = FEED_WAITING;
		feed_begin_thread(feed);
	}
	return feed;
}

void feed_stop(struct feed *feed)
{
	uv_mutex_lock(&feed->lock);
	feed->stopping = true;
	uv_cond_signal(&feed->wake);
	uv_mutex_unlock(&feed->lock);
}

bool feed_busy(struct feed *feed)
{
	uv_mutex_lock(&feed->lock);
	bool busy = !feed->ended;
	uv_mutex_unlock(&feed->lock);
	return busy;
}

void feed_close(struct feed *feed)
{
	if (feed->started)
		uv_thread_join(&feed->thread);
	feed_set_free(feed->set);
	feed_guard_fini(&feed->guard);
	uv_cond_destroy(&feed->wake);
	uv_mutex_destroy(&feed->lock);
	free(feed->folder);
	free(feed->state_path);
	free(feed);
}

void feed_status(struct feed *feed, struct feed_status *out)
{
	uv_mutex_lock(&feed->lock);
	*out = feed->status;
	uv_mutex_unlock(&feed->lock);
}

bool feed_confirm(struct feed *feed)
{
	uv_mutex_lock(&feed->lock);
	bool refused = feed->status.state == FEED_REFUSED;
	feed->confirmed = feed->confirmed || refused;
	if (refused)
		uv_cond_signal(&feed->wake);
	uv_mutex_unlock(&feed->lock);
	return refused;
}
