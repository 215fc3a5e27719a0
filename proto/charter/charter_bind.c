/*
 * charter_bind - the root key of a member becomes another one (docs/PROTOCOL.md, section 4.5).
 *
 * Who asks for it is the member; who decides are the stewards, or all members in a settlement. With
 * the signature of the key that was to follow it counts at once: neither a thief of the root nor
 * the stewards alone have that. Without, it has to be announced 14 days before, where everybody
 * sees it. A majority of stewards that lies can bind falsely, as it can expel.
 */
#include <string.h>

#include "crypto/check.h"
#include "crypto/hash.h"
#include "proto/charter/charter_entry.h"

void charter_next_root(struct digest *out, const struct sign_pk *root)
{
	hash_once(out->b, "am1.nextroot", id_bytes(root));
}

/* PROTOCOL: "`signature` (tag `am1.bind`) covers the change with nil in its place" */
static void bind_signed(struct buf *out, const struct charter_change *bind)
{
	struct charter_change bare = *bind;

	bare.has_sig = false;
	buf_init(out, 256);
	charter_change_put(out, &bare);
	check(!out->err);
}

void charter_bind_sign(struct charter_change *bind, const struct charter *charter,
		       const struct key *root_sign_seed)
{
	struct buf payload;

	bind_signed(&payload, bind);
	sign_make(&bind->sig, root_sign_seed, SIGN_TAG_BIND, &charter->fed, buf_bytes(&payload));
	bind->has_sig = true;
	buf_fini(&payload);
}

/*
 * PROTOCOL: "A bind with a signature counts when it is by the root key that it binds and
 * `H("am1.nextroot", key)` is the next root hash in the table."
 */
static enum err signed_check(const struct charter *charter, const struct charter_change *bind,
			     const struct charter_member *member, bool trusted)
{
	struct digest hash;
	struct buf payload;

	charter_next_root(&hash, &bind->member.root);
	if (!id_eq(&hash, &member->next_root))
		return ERR_DENIED;
	if (trusted)
		return ERR_OK;
	bind_signed(&payload, bind);
	enum err err = sign_check(&bind->sig, &bind->member.root, SIGN_TAG_BIND, &charter->fed,
				  buf_bytes(&payload));
	buf_fini(&payload);
	return err;
}

static bool same_bind(const struct charter_bind *known, const struct charter_change *bind)
{
	return id_eq(&known->root, &bind->member.root) &&
	       id_eq(&known->next_root, &bind->member.next_root) &&
	       id_eq(&known->log_entry, &bind->log_entry);
}

/* Of those that no bind has followed; *count gets how many there are. */
static const struct charter_bind *announced(const struct charter *charter,
					    const struct charter_change *bind, unsigned *count)
{
	const struct charter_member *member = charter_member(charter, bind->member.number);
	const struct charter_bind *first = NULL;

	*count = 0;
	for (uint32_t at = member ? member->bind : 0; at > 0; at = charter->binds[at - 1].before) {
		const struct charter_bind *known = &charter->binds[at - 1];
		if (!known->announced || known->member != bind->member.number)
			break;
		(*count)++;
		if (same_bind(known, bind))
			first = known;
	}
	return first;
}

const struct charter_bind *charter_announcement(const struct charter *charter,
						const struct charter_change *bind)
{
	unsigned count;

	return announced(charter, bind, &count);
}

/*
 * PROTOCOL: "A bind without one counts in a settlement; or when an entry whose time is at least 14
 * days before has announced it with the same member number, root key, next root hash and log entry
 * id, and no entry between the two has a bind of this member."
 */
static enum err unsigned_check(const struct charter *charter, const struct charter_change *bind,
			       const struct charter_entry *entry)
{
	const struct charter_bind *first = charter_announcement(charter, bind);

	if (entry->settles)
		return ERR_OK;
	return first && first->time_ms <= entry->time_ms - CHARTER_ANNOUNCED_MS ? ERR_OK
										: ERR_DENIED;
}

static void bind_add(struct charter *charter, const struct charter_change *change,
		     const struct charter_entry *entry)
{
	struct charter_member *member = &charter->members[change->member.number - 1];
	struct charter_bind *bind;

	charter->binds = mem_room(charter->binds, charter->bind_count, &charter->bind_cap,
				  sizeof(*charter->binds));
	bind = &charter->binds[charter->bind_count++];
	*bind = (struct charter_bind){.member = member->number,
				      .announced = change->kind == CHARTER_ANNOUNCE,
				      .before = member->bind,
				      .number = entry->number,
				      .time_ms = entry->time_ms,
				      .root = change->member.root,
				      .root_before = member->root,
				      .next_root = change->member.next_root,
				      .next_root_before = member->next_root,
				      .log_entry = change->log_entry};
	member->bind = charter->bind_count;
	if (bind->announced)
		return;
	member->root = bind->root;
	member->next_root = bind->next_root;
}

enum err charter_bind_apply(struct charter *charter, const struct charter_change *change,
			    const struct charter_entry *entry, uint32_t member_count, bool trusted)
{
	const struct charter_member *member = charter_member(charter, change->member.number);
	unsigned count;

	if (!member || !charter_is_present(member) || member->number > member_count)
		return ERR_PROTOCOL;
	/* PROTOCOL: "A charter has at most 65,536 binds and announcements" */
	if (charter->bind_count >= LIMIT_BIND_COUNT_MAX)
		return ERR_FULL;
	if (!trusted && sign_pk_admit(&change->member.root))
		return ERR_DENIED;
	enum err err = ERR_OK;
	if (change->kind == CHARTER_ANNOUNCE) {
		/* PROTOCOL: "at most 16 announcements of a member since its latest bind" */
		announced(charter, change, &count);
		err = count >= LIMIT_ANNOUNCED_MAX ? ERR_FULL : ERR_OK;
	} else if (change->has_sig) {
		err = signed_check(charter, change, member, trusted);
	} else {
		err = unsigned_check(charter, change, entry);
	}
	if (!err)
		bind_add(charter, change, entry);
	return err;
}

void charter_binds_back(struct charter *charter, uint32_t count)
{
	while (charter->bind_count > count) {
		const struct charter_bind *bind = &charter->binds[--charter->bind_count];
		struct charter_member *member = &charter->members[bind->member - 1];
		member->bind = bind->before;
		if (bind->announced)
			continue;
		member->root = bind->root_before;
		member->next_root = bind->next_root_before;
	}
}
