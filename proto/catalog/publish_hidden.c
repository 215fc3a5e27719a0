#include "proto/catalog/publish_hidden.h"

#include <stdio.h>
#include <string.h>

#include "crypto/path.h"
#include "proto/catalog/lookup.h"
#include "proto/catalog/names.h"
#include "proto/rights/current.h"
#include "proto/rights/epoch_list.h"
#include "proto/rights/epochs.h"

static bool is_published(struct hub *hub, struct txn *txn, const char *path)
{
	struct dataset_id dataset;
	struct lookup found;
	uint32_t owner;

	return current_dataset(hub, bytes_str(path), &dataset, &owner) &&
	       !lookup_dataset(hub, txn, &dataset, 0, &found);
}

static void place_plain(struct publication *out, const char *name)
{
	snprintf(out->path, sizeof(out->path), "%s", name);
	snprintf(out->name, sizeof(out->name), "%s", name);
}

static void place_hide(struct hub *hub, struct publication *out, const char *path, const char *name)
{
	uint32_t owner;

	snprintf(out->path, sizeof(out->path), "%s", path);
	snprintf(out->name, sizeof(out->name), "%s", name);
	current_dataset(hub, bytes_str(path), &out->params.dataset, &owner);
	out->tier = TIER_HIDDEN;
}

/* Somebody has typed the path under which it is kept. */
static enum err place_by_path(struct hub *hub, struct txn *txn, const char *path,
			      struct publication *out, char *why)
{
	struct catalog_entry entry = {0};
	char ignored[WHY_LEN];

	enum err err = catalog_find(hub, txn, path, 0, &entry, ignored);
	if (!err && entry.readable)
		place_hide(hub, out, path, entry.path);
	else
		err = ERR_CONFIG;
	catalog_entry_fini(&entry);
	if (err)
		why_set(why,
			"what %.200s is called is not known here: publish under its name, with "
			"--tier hidden.",
			path);
	return err;
}

static enum err place_hidden(struct hub *hub, struct txn *txn,
			     const struct publish_options *options, bool plain,
			     struct publication *out, char *why)
{
	const char *name = options->path;
	char path[NAMES_PATH_LEN_MAX + 1];

	if (plain) {
		why_set(why,
			"%.200s is there already, and others know its name: nothing becomes hidden "
			"afterwards. Publish under another name, or withdraw it first.",
			name);
		return ERR_DENIED;
	}
	enum err err = options->dry ? names_find(hub, txn, name, path, why)
				    : names_draw(hub, txn, name, path, why);
	const bool undrawn = options->dry && err == ERR_ABSENT;
	if (!err || undrawn)
		place_hide(hub, out, undrawn ? name : path, name);
	return undrawn ? ERR_OK : err;
}

/* PROTOCOL: "Only nodes of the owner publish it." And a plain path there would tell its name. */
enum err publish_hidden_foreign(struct hub *hub, struct txn *txn,
				const struct publish_options *options, char *why)
{
	const char *name = options->path;
	char path[NAMES_PATH_LEN_MAX + 1], ignored[WHY_LEN];
	bool asked = options->has_tier && options->tier == TIER_HIDDEN;

	if (!asked && !path_is_hidden(bytes_str(name)) &&
	    (is_published(hub, txn, name) ||
	     names_find(hub, txn, name, path, ignored) == ERR_ABSENT))
		return ERR_OK;
	why_set(why,
		"%.200s lies in the namespace of another, and what is hidden there is published by "
		"its owner alone.",
		name);
	return ERR_DENIED;
}

enum err publish_hidden_place(struct hub *hub, struct txn *txn,
			      const struct publish_options *options, struct publication *out,
			      char *why)
{
	const char *name = options->path;
	if (out->has_grant) {
		place_plain(out, name); /* which publish_hidden_foreign() has looked at */
		return ERR_OK;
	}
	const bool asked = options->has_tier && options->tier == TIER_HIDDEN;
	char path[NAMES_PATH_LEN_MAX + 1];

	const bool by_path = path_is_hidden(bytes_str(name));
	enum err err = by_path ? ERR_ABSENT : names_find(hub, txn, name, path, why);
	if (err == ERR_ABSENT && !asked && !by_path) {
		place_plain(out, name); /* as nearly always */
		return ERR_OK;
	}
	const bool plain = is_published(hub, txn, name);
	if (!by_path && asked)
		return place_hidden(hub, txn, options, plain, out, why);
	bool hidden = by_path || (!plain && !err && is_published(hub, txn, path));
	if (err == ERR_CONFIG && !plain)
		return err;
	if (options->has_tier && options->tier != TIER_HIDDEN && hidden) {
		why_set(why,
			"%.200s is hidden, and nothing that is hidden becomes \"%s\": publish "
			"under another name, or withdraw it first.",
			name, tier_name(options->tier));
		return ERR_DENIED;
	}
	if (by_path)
		return place_by_path(hub, txn, name, out, why);
	if (!options->has_tier && !plain && !err)
		place_hide(hub, out, path, name); /* also when it was withdrawn */
	else
		place_plain(out, name);
	return ERR_OK;
}

/* Who makes the keys, for people. */
static void why_asked(struct hub *hub, struct txn *txn, const struct publication *out, char *why)
{
	uint32_t author = epoch_key_author(hub, txn, author_member(hub->author));

	if (author)
		why_set(why,
			"the key of %.200s is made by another node of %s (index %u). It has been "
			"asked, and answers as soon as it is linked: publish again then.",
			out->name, hub_own_name(hub), (unsigned)author_node(author));
	else
		why_set(why,
			"no node of %s makes keys: give one of them the role "
			"(`allmende node list`).",
			hub_own_name(hub));
}

enum err publish_hidden_key(struct hub *hub, struct txn *txn, struct publication *out, char *why)
{
	struct writer_params *params = &out->params;
	struct bytes path = bytes_str(out->path);
	enum err err = epochs_hidden(hub, txn, path, &params->epoch_number, &params->dataset_key);

	params->epoch_prefix = path;
	if (!err)
		epoch_asks_done(hub, txn);
	if (err == ERR_DENIED && !hub_sign_check(hub, why)) {
		err = epoch_asks_add(hub, txn, path);
		if (err == ERR_NOSPACE)
			hub_quota_why(hub, txn, why);
		else if (!err)
			why_asked(hub, txn, out, why);
		hub->epochs->waited++;
		err = err ? err : ERR_AGAIN;
	} else if (err == ERR_DENIED || err == ERR_AGAIN) {
		err = ERR_AGAIN;
		if (!hub_sign_check(hub, why))
			why_set(why,
				"the key for %.200s is not here yet, or a new one is due: wait "
				"until another node is linked (`allmende peers`) and try again.",
				out->name);
	}
	return err;
}
