#include "crypto/path.h"

#include <string.h>

#include "crypto/check.h"
#include "crypto/hash.h"
#include "crypto/limits.h"

#define SLUG_LEN_MAX    40
#define BASE32_ALPHABET "abcdefghijklmnopqrstuvwxyz234567"

/* Cuts the first component off *rest; false at the end. */
static bool component_next(struct bytes *rest, struct bytes *component)
{
	if (!rest->ptr)
		return false;
	const uint8_t *slash = rest->len > 0 ? memchr(rest->ptr, '/', rest->len) : NULL;
	size_t len = slash ? (size_t)(slash - rest->ptr) : rest->len;
	*component = bytes_of(rest->ptr, len);
	*rest = slash ? bytes_of(slash + 1, rest->len - len - 1) : bytes_of(NULL, 0);
	return true;
}

/* True when all of b is in the set, which has no zero byte. */
static bool bytes_within(struct bytes b, const char *set)
{
	for (size_t i = 0; i < b.len; i++)
		if (b.ptr[i] == 0 || !strchr(set, b.ptr[i]))
			return false;
	return true;
}

static bool slug_edge_ok(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

enum err path_slug_check(struct bytes slug)
{
	if (slug.len < 1 || slug.len > SLUG_LEN_MAX ||
	    !bytes_within(slug, "abcdefghijklmnopqrstuvwxyz0123456789-"))
		return ERR_MALFORMED;
	if (!slug_edge_ok(slug.ptr[0]) || !slug_edge_ok(slug.ptr[slug.len - 1]))
		return ERR_MALFORMED;
	return ERR_OK;
}

/*
 * PROTOCOL: "A **hidden path** has exactly two, and the second is `~` and 26 characters of RFC 4648
 * base32 in lower case, without padding, of 16 random bytes" - 128 bits, so the last character has
 * two bits that are zero.
 */
static bool hidden_ok(struct bytes component)
{
	struct bytes text = bytes_slice(component, 1, component.len);

	return text.len == PATH_HIDDEN_LEN - 1 && bytes_within(text, BASE32_ALPHABET) &&
	       strchr("aeimquy4", text.ptr[text.len - 1]);
}

static enum err component_check(struct bytes component, bool may_hide)
{
	if (component.len < 1 || component.len > LIMIT_PATH_COMPONENT_LEN_MAX)
		return ERR_MALFORMED;
	if (component.ptr[0] == '~')
		return may_hide && hidden_ok(component) ? ERR_OK : ERR_MALFORMED;
	if (bytes_eq(component, bytes_str(".")) || bytes_eq(component, bytes_str("..")))
		return ERR_MALFORMED;
	if (!bytes_within(component, "abcdefghijklmnopqrstuvwxyz0123456789._-"))
		return ERR_MALFORMED;
	return ERR_OK;
}

/* Paths and patterns differ only in the components '*' and '**', the latter in the last place. */
static enum err components_check(struct bytes rest, bool pattern)
{
	struct bytes component;
	unsigned depth = 0;
	while (component_next(&rest, &component)) {
		if (++depth > LIMIT_PATH_DEPTH_MAX)
			return ERR_MALFORMED;
		if (pattern && bytes_eq(component, bytes_str("*")))
			continue;
		if (pattern && !rest.ptr && bytes_eq(component, bytes_str("**")))
			continue;
		enum err err = depth == 1 ? path_slug_check(component)
					  : component_check(component, depth == 2 && !rest.ptr);
		if (err)
			return err;
	}
	return depth > 0 ? ERR_OK : ERR_MALFORMED;
}

enum err path_check(struct bytes path)
{
	return components_check(path, false);
}

enum err path_pattern_check(struct bytes pattern)
{
	return components_check(pattern, true);
}

void path_hidden_make(char out[PATH_HIDDEN_LEN + 1], struct random *random)
{
	uint8_t b[16 + 1] = {0}; /* the last character needs bits past the end: zeros */
	random_fill(random, b, 16);
	out[0] = '~';
	for (unsigned i = 0; i < PATH_HIDDEN_LEN - 1; i++) {
		unsigned bit = 5 * i;
		out[1 + i] = BASE32_ALPHABET[be16_get(b + bit / 8) >> (11 - bit % 8) & 31];
	}
	out[PATH_HIDDEN_LEN] = 0;
}

bool path_is_hidden(struct bytes path)
{
	struct bytes component;

	return component_next(&path, &component) && path.len > 0 && path.ptr[0] == '~';
}

struct bytes path_slug(struct bytes path)
{
	struct bytes slug = bytes_of(NULL, 0);
	component_next(&path, &slug);
	return slug;
}

struct bytes path_parent(struct bytes path)
{
	size_t len = path.len;
	while (len > 0 && path.ptr[len - 1] != '/')
		len--;
	return bytes_slice(path, 0, len > 0 ? len - 1 : 0);
}

bool path_contains(struct bytes prefix, struct bytes path)
{
	if (prefix.len == 0)
		return true;
	if (!bytes_eq(prefix, bytes_slice(path, 0, prefix.len)))
		return false;
	return path.len == prefix.len || path.ptr[prefix.len] == '/';
}

bool path_match(struct bytes pattern, struct bytes path)
{
	struct bytes wanted, component;
	while (component_next(&pattern, &wanted)) {
		if (!component_next(&path, &component))
			return false;
		if (bytes_eq(wanted, bytes_str("**")))
			return true;
		if (!bytes_eq(wanted, bytes_str("*")) && !bytes_eq(wanted, component))
			return false;
	}
	return !component_next(&path, &component);
}

void path_key(struct key *out, const struct key *prefix_key, struct bytes prefix, struct bytes path)
{
	check(path_contains(prefix, path));
	struct bytes rest = bytes_of(NULL, 0), component;
	if (path.len > prefix.len)
		rest = bytes_slice(path, prefix.len > 0 ? prefix.len + 1 : 0, path.len);
	*out = *prefix_key;
	while (component_next(&rest, &component))
		derive(out, out, "am1.path", component);
}

void path_dataset_id(struct dataset_id *out, const struct org_id *org, struct bytes path)
{
	struct hash hash;
	hash_init(&hash, "am1.dataset", NULL, ID_LEN);
	hash_add(&hash, id_bytes(org));
	hash_add(&hash, path);
	hash_done(&hash, out->b, ID_LEN);
}
