#include "store/layout.h"

#include <string.h>

#include "crypto/check.h"
#include "crypto/hash.h"

#define TEXT_LEN_MAX 255

const char *table_name(enum table table)
{
	static const char *const names[] = {
#define X(name, text, sums) text,
		TABLE_LIST(X)
#undef X
	};
	check(table < TABLE_COUNT);
	return names[table];
}

bool table_sums(enum table table)
{
	static const bool has[] = {
#define X(name, text, sums) sums,
		TABLE_LIST(X)
#undef X
	};
	check(table < TABLE_COUNT);
	return has[table];
}

static void add(struct row_key *key, struct bytes part)
{
	check(part.len <= sizeof(key->b) - key->len);
	if (part.len)
		memcpy(key->b + key->len, part.ptr, part.len);
	key->len += part.len;
}

static void add_u8(struct row_key *key, uint8_t v)
{
	add(key, bytes_of(&v, 1));
}

static void add_be32(struct row_key *key, uint32_t v)
{
	uint8_t b[4];

	be32_put(b, v);
	add(key, bytes_obj(&b));
}

static void add_be64(struct row_key *key, uint64_t v)
{
	uint8_t b[8];

	be64_put(b, v);
	add(key, bytes_obj(&b));
}

struct row_key key_name(const char *name)
{
	struct row_key key = {.len = 0};

	add(&key, bytes_str(name));
	return key;
}

struct row_key key_charter(uint32_t number)
{
	struct row_key key = {.len = 0};

	add_be32(&key, number);
	return key;
}

struct row_key key_log(uint64_t number)
{
	struct row_key key = {.len = 0};

	add_be64(&key, number);
	return key;
}

struct row_key key_served_prefix(uint32_t day, uint32_t member)
{
	struct row_key key = {.len = 0};

	add_be32(&key, day);
	add_be32(&key, member);
	return key;
}

struct row_key key_served(uint32_t day, uint32_t member, const struct dataset_id *dataset,
			  uint64_t number, uint32_t author)
{
	struct row_key key = key_served_prefix(day, member);

	add(&key, id_bytes(dataset));
	add_be64(&key, number);
	add_be32(&key, author);
	return key;
}

struct row_key key_orglog_prefix(const struct org_id *org)
{
	struct row_key key = {.len = 0};

	add(&key, id_bytes(org));
	return key;
}

struct row_key key_orglog(const struct org_id *org, uint32_t number)
{
	struct row_key key = key_orglog_prefix(org);

	add_be32(&key, number);
	return key;
}

struct row_key key_orglog_lost(const struct org_id *org, uint32_t number,
			       const struct digest *entry_id)
{
	struct row_key key = key_orglog(org, number);

	add(&key, id_bytes(entry_id));
	return key;
}

struct row_key key_orglog_path(const struct org_id *org, const struct digest *entry_id)
{
	struct row_key key = key_orglog_prefix(org);

	add(&key, id_bytes(entry_id));
	return key;
}

struct row_key key_author(uint32_t author)
{
	struct row_key key = {.len = 0};

	add_be32(&key, author);
	return key;
}

struct row_key key_author_incarnation(uint32_t author, uint32_t incarnation)
{
	struct row_key key = key_author(author);

	add_be32(&key, incarnation);
	return key;
}

struct row_key key_record(uint32_t author, uint32_t incarnation, uint64_t sequence)
{
	struct row_key key = key_author_incarnation(author, incarnation);

	add_be64(&key, sequence);
	return key;
}

struct row_key key_slot(struct bytes slot, uint32_t author)
{
	struct row_key key = {.len = 0};

	add(&key, slot);
	add_be32(&key, author);
	return key;
}

struct row_key key_charter_id(uint32_t number, const struct digest *entry_id)
{
	struct row_key key = key_charter(number);

	add(&key, id_bytes(entry_id));
	return key;
}

struct row_key key_vote(uint32_t number, const struct digest *entry_id, uint32_t member)
{
	struct row_key key = key_charter_id(number, entry_id);

	add_be32(&key, member);
	return key;
}

struct row_key key_leaf(uint32_t author, uint32_t incarnation, uint64_t place, struct bytes slot)
{
	struct row_key key = key_author_incarnation(author, incarnation);

	add_be64(&key, place);
	add(&key, slot);
	return key;
}

struct row_key key_node(uint32_t author, uint32_t incarnation, uint8_t depth, uint64_t place)
{
	struct row_key key = key_author_incarnation(author, incarnation);

	add_u8(&key, depth);
	add_be64(&key, place);
	return key;
}

struct row_key key_dataset(const struct dataset_id *dataset)
{
	struct row_key key = {.len = 0};

	add(&key, id_bytes(dataset));
	return key;
}

struct row_key key_version(const struct dataset_id *dataset, uint64_t number, uint32_t author)
{
	struct row_key key = key_dataset(dataset);

	add_be32(&key, author);
	add_be64(&key, ~number);
	return key;
}

struct row_key key_index(const struct dataset_id *dataset, uint64_t number, uint32_t author,
			 const struct chunk_addr *addr)
{
	struct row_key key = key_version(dataset, number, author);

	add(&key, id_bytes(addr));
	return key;
}

struct row_key key_holder(const struct dataset_id *dataset, uint32_t author)
{
	struct row_key key = key_dataset(dataset);

	add_be32(&key, author);
	return key;
}

struct row_key key_standing(uint8_t flag, const struct dataset_id *dataset)
{
	struct row_key key = {.len = 0};

	add_u8(&key, flag);
	add(&key, id_bytes(dataset));
	return key;
}

struct row_key key_line(uint32_t issuer, const struct digest *line)
{
	struct row_key key = key_author(issuer);

	add(&key, id_bytes(line));
	return key;
}

struct row_key key_line_of(const uint8_t id[ID_LEN], const struct digest *line)
{
	struct row_key key = {.len = 0};

	add(&key, bytes_of(id, ID_LEN));
	add(&key, id_bytes(line));
	return key;
}

struct row_key key_line_when(int64_t at_ms, const struct digest *line)
{
	struct row_key key = {.len = 0};

	add_be64(&key, (uint64_t)at_ms);
	add(&key, id_bytes(line));
	return key;
}

struct row_key key_line_due(uint32_t payer, uint8_t kind, const uint8_t id[ID_LEN])
{
	struct row_key key = key_author(payer);

	add_u8(&key, kind);
	add(&key, bytes_of(id, ID_LEN));
	return key;
}

struct row_key key_right_org(uint32_t owner, const struct org_id *org)
{
	struct row_key key = key_author(owner);

	add(&key, id_bytes(org));
	return key;
}

struct row_key key_right_at(uint32_t owner, const struct org_id *org, const uint8_t prefix[16])
{
	struct row_key key = key_right_org(owner, org);

	add(&key, bytes_of(prefix, 16));
	return key;
}

struct row_key key_right(uint32_t owner, const struct org_id *org, const uint8_t prefix[16],
			 const uint8_t rank[10], const struct digest *line)
{
	struct row_key key = key_right_at(owner, org, prefix);

	add(&key, bytes_of(rank, 10));
	add(&key, id_bytes(line));
	return key;
}

struct row_key key_epoch(uint32_t owner, const struct digest *path)
{
	struct row_key key = {.len = 0};

	add_be32(&key, owner);
	add(&key, id_bytes(path));
	return key;
}

struct row_key key_wrapped(uint32_t owner, const struct digest *path, const struct org_id *reader,
			   const uint8_t key_id[8])
{
	struct row_key key = key_epoch(owner, path);

	add(&key, id_bytes(reader));
	add(&key, bytes_of(key_id, 8));
	return key;
}

struct row_key key_handed(const struct digest *link, const struct digest *place)
{
	struct row_key key = {.len = 0};

	add(&key, id_bytes(link));
	add(&key, id_bytes(place));
	return key;
}

struct row_key key_chunk(const struct dataset_id *dataset, const struct chunk_addr *addr)
{
	struct row_key key = key_dataset(dataset);

	add(&key, id_bytes(addr));
	return key;
}

struct row_key key_stage_prefix(uint64_t job)
{
	struct row_key key = {.len = 0};

	add_be64(&key, job);
	return key;
}

struct row_key key_stage(uint64_t job, const struct dataset_id *dataset,
			 const struct chunk_addr *addr)
{
	struct row_key key = key_stage_prefix(job);

	add(&key, id_bytes(dataset));
	add(&key, id_bytes(addr));
	return key;
}

struct row_key key_hidden(const struct digest *name, const struct dataset_id *dataset)
{
	struct row_key key = {.len = 0};

	add(&key, id_bytes(name));
	add(&key, id_bytes(dataset));
	return key;
}

struct row_key key_remains(const struct dataset_id *dataset, const struct digest *target)
{
	struct row_key key = key_dataset(dataset);

	add(&key, id_bytes(target));
	return key;
}

struct row_key key_seen(const struct dataset_id *dataset, const struct digest *plain)
{
	struct row_key key = key_dataset(dataset);

	add(&key, id_bytes(plain));
	return key;
}

struct row_key key_text(struct bytes text)
{
	struct row_key key = {.len = 0};
	uint8_t hash[ID_LEN];

	/* Text that begins like a replacement is replaced too, so that two texts never meet. */
	if (text.len <= TEXT_LEN_MAX && (!text.len || text.ptr[0] != '#')) {
		add(&key, text);
		return key;
	}
	hash_once(hash, "am1.text", text);
	add_u8(&key, '#');
	add(&key, bytes_obj(&hash));
	return key;
}
