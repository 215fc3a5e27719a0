/*
 * scan DIR PASSPHRASE-FILE FILE... [+FILE...] - what a thief of the disk would find.
 *
 * Opens the node's directory with the passphrase, collects all its secrets (storage key, root seed,
 * node and wrap keys, federation keys, the key of every path, their sub-keys) and the FILEs as
 * needles, and looks for every 16-byte piece of every needle in every file of the directory. Status
 * 1 when one is found, or when one of the +FILEs is not: they are known to be there in clear, so
 * that a scanner that sees nothing cannot pass.
 */
#include <fcntl.h>
#include <fts.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/check.h"
#include "crypto/hash.h"
#include "crypto/path.h"
#include "crypto/root.h"
#include "crypto/selftest.h"
#include "proto/charter/identity.h"
#include "store/db.h"
#include "store/dir.h"
#include "store/keyfile_format.h"

#define PIECE      16
#define NEEDLE_MAX 4096

struct needle {
	char name[512];
	uint8_t *bytes;
	size_t len;
	bool wanted; /* a +FILE */
	size_t hits;
};

struct piece {
	uint32_t needle; /* index + 1; 0: the slot is free */
	uint32_t at;
};

struct scan {
	struct needle needles[NEEDLE_MAX];
	size_t needle_count;
	struct piece *pieces; /* open addressing, a power of two */
	size_t mask;
	size_t file_count, byte_count;
};

_Noreturn static void die(const char *what, enum err err)
{
	fprintf(stderr, "scan: %s: %s\n", what, err_text(err));
	exit(2);
}

static void needle_add(struct scan *scan, const char *name, const void *bytes, size_t len,
		       bool wanted)
{
	struct needle *needle = &scan->needles[scan->needle_count++];

	check(scan->needle_count < NEEDLE_MAX && len >= PIECE);
	snprintf(needle->name, sizeof(needle->name), "%s", name);
	needle->bytes = mem_new(len, 1);
	memcpy(needle->bytes, bytes, len);
	needle->len = len;
	needle->wanted = wanted;
}

static void needle_add_secret(struct scan *scan, const char *name, const struct secret *secret)
{
	if (secret)
		needle_add(scan, name, secret_bytes(secret).ptr, secret_bytes(secret).len, false);
}

/* -- files -- */

static struct bytes file_map(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *at;

	if (fd < 0 || fstat(fd, &st) != 0)
		die(path, ERR_ABSENT);
	at = st.st_size ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
	close(fd);
	if (at == MAP_FAILED)
		die(path, ERR_IO);
	return bytes_of(at, (size_t)st.st_size);
}

static void file_unmap(struct bytes file)
{
	if (file.len)
		munmap((void *)(uintptr_t)file.ptr, file.len);
}

static void needle_add_file(struct scan *scan, const char *argument)
{
	bool wanted = argument[0] == '+';
	struct bytes file = file_map(argument + wanted);

	needle_add(scan, argument + wanted, file.ptr, file.len, wanted);
	file_unmap(file);
}

/* -- secrets -- */

/* The storage key leaves the keyring nowhere; it is opened here once more from its file. */
static void collect_storage_key(struct scan *scan, const char *dir, struct bytes passphrase)
{
	char path[4096];
	struct keyfile file;
	struct key outer, storage;
	uint8_t ad[256];
	struct bytes bytes;

	snprintf(path, sizeof(path), "%s/keys/storage", dir);
	bytes = file_map(path);
	if (keyfile_decode(&file, bytes) || file.mode != KEYFILE_PASSPHRASE ||
	    crypto_pwhash(outer.b, sizeof(outer.b), (const char *)passphrase.ptr, passphrase.len,
			  file.salt.ptr, file.cost.opslimit, file.cost.memlimit,
			  crypto_pwhash_ALG_ARGON2ID13))
		die(path, ERR_CORRUPT);
	memcpy(ad, file.header.ptr, file.header.len);
	memcpy(ad + file.header.len, "storage", 7);
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(storage.b, NULL, NULL, file.sealed.ptr,
						       file.sealed.len, ad, file.header.len + 7,
						       file.nonce.ptr, outer.b))
		die(path, ERR_DENIED);
	needle_add(scan, "storage key", storage.b, sizeof(storage.b), false);
	needle_add(scan, "key of the passphrase", outer.b, sizeof(outer.b), false);
	file_unmap(bytes);
}

static void collect_identity(struct scan *scan, struct keyring *keyring, struct txn *txn)
{
	struct identity identity;
	struct key key;
	enum err err = identity_load(&identity, keyring, txn);

	if (err)
		die("identity", err);
	needle_add_secret(scan, "node signing key", identity.sign);
	needle_add_secret(scan, "node transport key", identity.transport);
	needle_add_secret(scan, "wrap key", identity.wrap);
	needle_add_secret(scan, "root seed", identity.root);
	if (identity.root) {
		root_sign_seed(&key, secret_key(identity.root));
		needle_add(scan, "root key", key.b, KEY_LEN, false);
		root_recovery_key(&key, secret_key(identity.root));
		needle_add(scan, "recovery key", key.b, KEY_LEN, false);
	}
	identity_fini(&identity);
}

/* The key of a path, from that of a prefix of it. */
static void collect_path_key(struct scan *scan, const struct key *root, struct bytes prefix,
			     struct bytes path)
{
	struct key key, sub;
	char name[400];

	path_key(&key, root, prefix, path);
	snprintf(name, sizeof(name), "key of path \"%.*s\"", (int)path.len, (const char *)path.ptr);
	needle_add(scan, name, key.b, KEY_LEN, false);
	derive(&sub, &key, "am1.siv", bytes_str(""));
	needle_add(scan, name, sub.b, KEY_LEN, false);
	derive(&sub, &key, "am1.enc", bytes_str(""));
	needle_add(scan, name, sub.b, KEY_LEN, false);
}

/* The keys of all paths below a prefix, and of everything between. */
static void collect_paths(struct scan *scan, const struct key *root, struct bytes prefix,
			  struct txn *txn)
{
	struct walk walk = walk_begin(txn, TABLE_PATH, prefix);

	collect_path_key(scan, root, prefix, prefix);
	while (walk_next(&walk))
		for (size_t i = prefix.len + 1; i <= walk.key.len && walk.key.ptr[0] != '#'; i++)
			if ((i == walk.key.len || walk.key.ptr[i] == '/') &&
			    path_contains(prefix, walk.key))
				collect_path_key(scan, root, prefix, bytes_slice(walk.key, 0, i));
}

/*
 * Of an epoch: the row's name is "epoch:", the owner and a hash of where it begins and whose
 * key it is, so both are tried.
 */
static void collect_epoch(struct scan *scan, const char *name, const struct key *root,
			  struct txn *txn)
{
	struct walk walk = walk_begin(txn, TABLE_PATH, bytes_str(""));

	while (walk_next(&walk))
		for (size_t p = 1; p <= walk.key.len; p++)
			for (size_t q = 1; q <= p; q++) {
				struct bytes prefix = bytes_slice(walk.key, 0, p);
				struct digest digest;
				struct hash hash;
				char hex[ID_HEX_LEN + 1];

				if ((p < walk.key.len && walk.key.ptr[p] != '/') ||
				    (q < p && walk.key.ptr[q] != '/'))
					continue;
				hash_init(&hash, "am1.prefix", NULL, ID_LEN);
				hash_add(&hash, bytes_slice(walk.key, 0, q));
				hash_add(&hash, bytes_of("", 1));
				hash_add(&hash, prefix);
				hash_done(&hash, digest.b, ID_LEN);
				hex_put(hex, id_bytes(&digest));
				if (strstr(name, hex))
					collect_paths(scan, root, prefix, txn);
			}
}

/*
 * What a node remembers of an own dataset: the cut key, the id of a record, which is no secret and
 * stands in the log, and a digest of the contents.
 */
static void collect_own(struct scan *scan, const char *name, const struct secret *secret)
{
	struct bytes b = secret_bytes(secret);

	if (b.len < PIECE + 2 * ID_LEN)
		die(name, ERR_CORRUPT);
	needle_add(scan, name, b.ptr, PIECE, false);
	needle_add(scan, name, b.ptr + PIECE + ID_LEN, ID_LEN, false);
}

/* All that is sealed in the store; federation keys are among it. */
static size_t collect_sealed(struct scan *scan, struct keyring *keyring, struct txn *txn)
{
	struct walk walk = walk_begin(txn, TABLE_SEALED, bytes_str(""));
	size_t count = 0;

	while (walk_next(&walk)) {
		struct secret *secret;
		struct key root;
		char name[256];
		enum err err;

		snprintf(name, sizeof(name), "%.*s", (int)walk.key.len, (const char *)walk.key.ptr);
		err = keyring_unseal(keyring, &secret, name, walk.value);
		if (err)
			die(name, err);
		if (strncmp(name, "own:", 4) == 0)
			collect_own(scan, name, secret);
		else
			needle_add_secret(scan, name, secret);
		if (strncmp(name, "fed-", 4) == 0) {
			derive(&root, secret_key(secret), "am1.pathroot", bytes_str(""));
			collect_paths(scan, &root, bytes_str(""), txn);
			count++;
		}
		if (strncmp(name, "epoch:", 6) == 0)
			collect_epoch(scan, name, secret_key(secret), txn);
		secret_close(secret);
	}
	return count;
}

static void collect(struct scan *scan, const char *dir, const char *passphrase_file)
{
	struct db_options options = {.read_only = true};
	struct secret *passphrase;
	struct keyring *keyring;
	struct txn *txn;
	struct db *db;
	enum err err;

	if ((err = keyfile_passphrase_read(&passphrase, passphrase_file)) ||
	    (err = keyring_open(&keyring, dir, secret_bytes(passphrase))) ||
	    (err = db_open(&db, dir, &options)))
		die(dir, err);
	needle_add_secret(scan, "passphrase", passphrase);
	collect_storage_key(scan, dir, secret_bytes(passphrase));
	txn = txn_begin(db, false);
	collect_identity(scan, keyring, txn);
	if (collect_sealed(scan, keyring, txn) == 0)
		die("no federation key is here", ERR_ABSENT);
	txn_abort(txn);
	db_close(db);
	keyring_close(keyring);
	secret_close(passphrase);
}

/* -- searching -- */

static size_t piece_slot(const struct scan *scan, const uint8_t *bytes)
{
	uint64_t a, b;

	memcpy(&a, bytes, 8);
	memcpy(&b, bytes + 8, 8);
	a = (a ^ b * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xff51afd7ed558ccd);
	return (size_t)(a ^ a >> 32) & scan->mask;
}

/* Zeros and the like are in every file; they give nothing away. */
static bool piece_tells(const uint8_t *bytes)
{
	size_t changes = 0;

	for (size_t i = 1; i < PIECE; i++)
		changes += bytes[i] != bytes[i - 1];
	return changes >= 6;
}

static void pieces_build(struct scan *scan)
{
	size_t count = 0, size = 1;

	for (size_t i = 0; i < scan->needle_count; i++)
		count += scan->needles[i].len;
	while (size < 3 * count)
		size *= 2;
	scan->pieces = mem_new(size, sizeof(*scan->pieces));
	scan->mask = size - 1;
	for (size_t i = 0; i < scan->needle_count; i++) {
		const struct needle *needle = &scan->needles[i];

		for (size_t at = 0; at + PIECE <= needle->len; at++) {
			size_t slot = piece_slot(scan, needle->bytes + at);

			if (!piece_tells(needle->bytes + at))
				continue;
			while (scan->pieces[slot].needle)
				slot = (slot + 1) & scan->mask;
			scan->pieces[slot] = (struct piece){(uint32_t)i + 1, (uint32_t)at};
		}
	}
}

static void search_at(struct scan *scan, const char *path, const uint8_t *bytes, size_t offset)
{
	for (size_t slot = piece_slot(scan, bytes); scan->pieces[slot].needle;
	     slot = (slot + 1) & scan->mask) {
		struct needle *needle = &scan->needles[scan->pieces[slot].needle - 1];

		if (memcmp(needle->bytes + scan->pieces[slot].at, bytes, PIECE) != 0)
			continue;
		if (needle->hits++ == 0 && !needle->wanted)
			printf("FOUND: %s, byte %u, in %s at %zu\n", needle->name,
			       scan->pieces[slot].at, path, offset);
	}
}

static void search_file(struct scan *scan, const char *path)
{
	struct bytes file = file_map(path);

	for (size_t i = 0; i + PIECE <= file.len; i++)
		search_at(scan, path, file.ptr + i, i);
	scan->file_count++;
	scan->byte_count += file.len;
	file_unmap(file);
}

static void search(struct scan *scan, char *dir)
{
	char *const dirs[] = {dir, NULL};
	FTS *tree = fts_open(dirs, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	const FTSENT *entry;

	if (!tree)
		die(dir, ERR_IO);
	while ((entry = fts_read(tree)))
		if (entry->fts_info == FTS_F)
			search_file(scan, entry->fts_path);
	fts_close(tree);
}

static int verdict(const struct scan *scan)
{
	int status = 0;

	for (size_t i = 0; i < scan->needle_count; i++) {
		const struct needle *needle = &scan->needles[i];

		if (needle->wanted && !needle->hits)
			printf("MISSING: %s is there in clear and was not found\n", needle->name);
		if (needle->wanted != (needle->hits > 0))
			status = 1;
	}
	printf("%zu secrets and files looked for in %zu files, %zu bytes\n", scan->needle_count,
	       scan->file_count, scan->byte_count);
	return status;
}

int main(int argc, char **argv)
{
	struct scan *scan = mem_new(1, sizeof(*scan));
	int status;

	if (argc < 4 || sodium_init() < 0) {
		fprintf(stderr, "usage: scan DIR PASSPHRASE-FILE FILE... [+FILE...]\n");
		return 2;
	}
	collect(scan, argv[1], argv[2]);
	for (int i = 3; i < argc; i++)
		needle_add_file(scan, argv[i]);
	pieces_build(scan);
	search(scan, argv[1]);
	status = verdict(scan);
	for (size_t i = 0; i < scan->needle_count; i++)
		free(scan->needles[i].bytes);
	free(scan->pieces);
	free(scan);
	return status;
}
