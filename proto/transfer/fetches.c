#include "proto/transfer/fetches.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/ledger/held.h"
#include "proto/transfer/scan.h"

enum { BUCKET_BITS = 11 };

static struct fetch **bucket_of(struct hub *hub, const struct dataset_id *dataset)
{
	struct transfer *transfer = hub->transfer;

	if (!transfer->buckets) {
		transfer->buckets = mem_new((size_t)1 << BUCKET_BITS, sizeof(*transfer->buckets));
		transfer->bucket_salt = random_below(hub->options.random, UINT64_MAX) | 1;
	}
	return &transfer->buckets[(be64_get(dataset->b) * transfer->bucket_salt) >>
				  (64 - BUCKET_BITS)];
}

static struct fetch *next_of(struct fetch *fetch, const struct dataset_id *dataset)
{
	while (fetch && !id_eq(&fetch->of.dataset, dataset))
		fetch = fetch->next;
	return fetch;
}

struct fetch *fetches_of(struct hub *hub, const struct dataset_id *dataset)
{
	return hub->transfer->fetch_count ? next_of(*bucket_of(hub, dataset), dataset) : NULL;
}

struct fetch *fetches_next(const struct fetch *fetch)
{
	return next_of(fetch->next, &fetch->of.dataset);
}

struct fetch *fetch_find(struct hub *hub, const struct version_id *of)
{
	struct fetch *fetch = fetches_of(hub, &of->dataset);

	while (fetch && !held_same(&fetch->of, of))
		fetch = fetches_next(fetch);
	return fetch;
}

static struct fetch *fetch_new(struct hub *hub, struct txn *txn, const struct version_id *of,
			       const struct version *version)
{
	struct fetch **bucket = bucket_of(hub, &of->dataset);
	struct fetch *fetch = mem_new(1, sizeof(*fetch));
	struct held held;

	fetch->of = *of;
	fetch->next = *bucket;
	*bucket = fetch;
	snprintf(fetch->path, sizeof(fetch->path), "%.*s", (int)version->path.len,
		 (const char *)version->path.ptr);
	fetch->tier = version->tier;
	fetch->bytes_all = version->index.bytes;
	fetch->chunk_count_all = version->index.count;
	fetch->indexed = held_get(txn, of, &held);
	fetch->kin = held_any(txn, &of->dataset);
	return fetch;
}

/* Where it stands in the list. Pointers alone are compared: no fetch is touched. */
static size_t place_in_list(const struct transfer *transfer, const struct fetch *fetch)
{
	size_t i = 0;

	while (transfer->fetches[i] != fetch)
		i++;
	return i;
}

void fetch_add(struct hub *hub, struct txn *txn, const struct version_id *of,
	       const struct version *version, bool first)
{
	struct transfer *transfer = hub->transfer;
	struct fetch *fetch = fetch_find(hub, of);
	if (!fetch) {
		/* Somebody who waits goes before what can wait. */
		if (fetches_full(hub) && !first) {
			transfer->scan_missed = true;
			return;
		}
		transfer->fetches = mem_room(transfer->fetches, transfer->fetch_count,
					     &transfer->fetch_cap, sizeof(fetch));
		fetch = fetch_new(hub, txn, of, version);
		transfer->fetches[transfer->fetch_count++] = fetch;
		transfer->guess_ms = hub->mono_ms;
	}
	if (!first)
		return;
	/* Somebody waits for it. */
	fetch->asked_ms = hub->mono_ms;
	memmove(&transfer->fetches[1], &transfer->fetches[0],
		place_in_list(transfer, fetch) * sizeof(fetch));
	transfer->fetches[0] = fetch;
}

static void fetch_free(struct fetch *fetch)
{
	free(fetch->digest);
	free(fetch->requests);
	free(fetch->refused);
	free(fetch);
}

void fetches_remove(struct hub *hub, struct fetch *fetch)
{
	struct transfer *transfer = hub->transfer;
	struct fetch **at = bucket_of(hub, &fetch->of.dataset);
	size_t i = place_in_list(transfer, fetch);

	while (*at != fetch)
		at = &(*at)->next;
	*at = fetch->next;
	transfer->fetch_count--;
	memmove(&transfer->fetches[i], &transfer->fetches[i + 1],
		(transfer->fetch_count - i) * sizeof(fetch));
	fetch_free(fetch);
}

bool fetches_full(const struct hub *hub)
{
	return hub->transfer->fetch_count >= FETCHES_MAX;
}

void fetches_close(struct hub *hub)
{
	struct transfer *transfer = hub->transfer;

	for (size_t i = 0; i < transfer->fetch_count; i++)
		fetch_free(transfer->fetches[i]);
	free(transfer->fetches);
	free(transfer->buckets);
}
