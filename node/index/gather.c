#include "node/index/gather.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/path.h"
#include "node/index/uuid.h"

void gathered_fini(struct gathered *gathered)
{
	for (size_t i = 0; i < gathered->count; i++)
		index_seen_fini(&gathered->items[i]);
	gathered->count = 0;
}

/* Former slugs, a blank between; NULL: none. */
static char *former_slugs(const struct charter *charter, const struct charter_member *member)
{
	const struct charter_rename *rename;
	struct buf text;

	buf_init(&text, (size_t)CHARTER_RENAME_COUNT_MAX * (CHARTER_SLUG_LEN_MAX + 1) + 1);
	for (uint32_t at = 0; charter_renamed(charter, member, &at, &rename);) {
		buf_add(&text, bytes_str(rename->slug_before));
		buf_add_u8(&text, ' ');
	}
	char *slugs = text.len ? bytes_text(buf_bytes(&text)) : NULL;
	buf_fini(&text);
	return slugs;
}

/* Of whose the path is. */
static void owner_fill(struct index_seen *seen, const struct charter *charter)
{
	struct index_item *item = &seen->item;
	struct bytes home = path_slug(bytes_str(item->kept)), slug;
	const struct charter_member *member = charter_by_slug(charter, home);

	charter_path_shown(charter, bytes_str(item->kept), item->path);
	slug = path_slug(bytes_str(item->path));
	snprintf(item->home, sizeof(item->home), "%.*s", (int)home.len, (const char *)home.ptr);
	snprintf(item->slug, sizeof(item->slug), "%.*s", (int)slug.len, (const char *)slug.ptr);
	snprintf(item->organisation, sizeof(item->organisation), "%s",
		 member ? member->name : item->slug);
	snprintf(item->ags, sizeof(item->ags), "%s", member ? member->ags : "");
	if (member)
		seen->slugs = former_slugs(charter, member);
}

static int64_t time_or(uint64_t said_ms, int64_t otherwise_ms)
{
	return said_ms && said_ms <= INT64_MAX ? (int64_t)said_ms : otherwise_ms;
}

static void seen_fill(struct index_seen *seen, struct hub *hub, const struct catalog_entry *entry)
{
	struct index_item *item = &seen->item;

	*item = (struct index_item){.dataset = entry->dataset,
				    .record = entry->record,
				    .number = entry->number,
				    .author = entry->author,
				    .tier = entry->tier,
				    .readable = entry->readable,
				    .held = entry->held,
				    .own = entry->own,
				    .published_ms = entry->time_ms,
				    .sealed_bytes = entry->index_bytes};
	snprintf(item->kept, sizeof(item->kept), "%s", entry->path);
	uuid_make(item->uuid, entry->dataset.b);
	owner_fill(seen, &hub->charter);
	buf_init(&item->description_bytes, DESCRIPTION_LEN_MAX);
	buf_add(&item->description_bytes, buf_bytes(&entry->description_bytes));
	if (description_decode(&item->description, buf_bytes(&item->description_bytes)))
		item->description = (struct description){0};
	item->first_published_ms = time_or(item->description.issued_ms, entry->time_ms);
	item->modified_ms = time_or(item->description.modified_ms, entry->time_ms);
}

/* What nobody here can describe is known by its path alone, which tells nothing to search for. */
static void seen_add(struct gathered *out, struct hub *hub, const char *stored,
		     const struct catalog_entry *entry)
{
	struct index_seen *seen = &out->items[out->count++];

	*seen = (struct index_seen){.there = entry->readable || entry->description.title.len > 0};
	snprintf(seen->stored, sizeof(seen->stored), "%s", stored);
	if (seen->there)
		seen_fill(seen, hub, entry);
	else
		seen->item.dataset = entry->dataset;
}

struct page {
	struct gathered *out;
	struct hub *hub;
};

static bool page_add(void *arg, const struct catalog_entry *entry)
{
	struct page *page = arg;

	seen_add(page->out, page->hub, entry->stored, entry);
	return page->out->count < GATHER_COUNT_MAX;
}

void gather_page(struct hub *hub, struct txn *txn, struct gathered *out)
{
	struct page page = {out, hub};
	struct catalog_list list = catalog_list_begin(NULL, out->after[0] ? out->after : NULL);

	while (catalog_list(hub, txn, &list, page_add, &page) && out->count < GATHER_COUNT_MAX)
		;
	out->to[0] = '\0';
	if (out->count == GATHER_COUNT_MAX)
		memcpy(out->to, out->items[out->count - 1].stored, sizeof(out->to));
}

void gather_one(struct hub *hub, struct txn *txn, const char *stored,
		const struct dataset_id *dataset, struct gathered *out)
{
	struct catalog_entry entry;
	char ignored[WHY_LEN];

	check(out->count < GATHER_COUNT_MAX);
	if (!catalog_find(hub, txn, stored, 0, &entry, ignored)) {
		seen_add(out, hub, entry.stored, &entry);
		catalog_entry_fini(&entry);
		return;
	}
	struct index_seen *seen = &out->items[out->count++];
	*seen = (struct index_seen){.item = {.dataset = *dataset}};
	snprintf(seen->stored, sizeof(seen->stored), "%s", stored);
}
