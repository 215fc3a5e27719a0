#include "store/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/check.h"
#include "crypto/hash.h"
#include "store/dir.h"
#include "store/keyfile_format.h"

#define MAGIC         "allmende-key"
#define MAGIC_LEN     12
#define FORMAT        1
#define TAG_LEN       SEAL_TAG_LEN
#define STORAGE_NAME  "storage"
#define NAME_LEN_MAX  64
#define ROW_CONTEXT   "am1.sealed" /* keeps secrets of the store and key files apart */
#define NAME_ALPHABET "abcdefghijklmnopqrstuvwxyz0123456789-"

_Static_assert(KEYFILE_SALT_LEN == PASSPHRASE_SALT_LEN, "salt of Argon2id");
_Static_assert(KEYFILE_NONCE_LEN == SEAL_NONCE_LEN, "nonce");

struct keyring {
	struct secret *storage;
	char *keys; /* DIR/keys */
};

/* -- bytes -- */

static void check_sum(uint8_t sum[KEYFILE_CHECK_LEN], struct bytes file)
{
	struct hash hash;

	hash_init(&hash, "am1.keyfile", NULL, KEYFILE_CHECK_LEN);
	hash_add(&hash, file);
	hash_done(&hash, sum, KEYFILE_CHECK_LEN);
}

static bool cost_ok(const struct passphrase_cost *cost)
{
	return cost->opslimit >= 1 && cost->opslimit <= KEYFILE_OPSLIMIT_MAX &&
	       cost->memlimit >= KEYFILE_MEMLIMIT_MIN && cost->memlimit <= KEYFILE_MEMLIMIT_MAX;
}

enum err keyfile_decode(struct keyfile *out, struct bytes file)
{
	size_t header_len = MAGIC_LEN + 2, body_len;
	uint8_t sum[KEYFILE_CHECK_LEN];

	if (file.len < header_len + KEYFILE_CHECK_LEN || file.len > KEYFILE_LEN_MAX ||
	    memcmp(file.ptr, MAGIC, MAGIC_LEN) != 0)
		return ERR_CORRUPT;
	body_len = file.len - KEYFILE_CHECK_LEN;
	check_sum(sum, bytes_slice(file, 0, body_len));
	if (memcmp(sum, file.ptr + body_len, sizeof(sum)) != 0)
		return ERR_CORRUPT;
	if (file.ptr[MAGIC_LEN] != FORMAT)
		return ERR_VERSION;
	*out = (struct keyfile){.mode = (enum keyfile_mode)file.ptr[MAGIC_LEN + 1]};
	if (out->mode == KEYFILE_PASSPHRASE)
		header_len += 8 + 8 + KEYFILE_SALT_LEN;
	else if (out->mode != KEYFILE_CLEAR && out->mode != KEYFILE_STORAGE)
		return ERR_CORRUPT;
	if (body_len < header_len + KEYFILE_NONCE_LEN + TAG_LEN)
		return ERR_CORRUPT;
	out->header = bytes_slice(file, 0, header_len);
	out->nonce = bytes_slice(file, header_len, KEYFILE_NONCE_LEN);
	out->sealed = bytes_slice(file, header_len + KEYFILE_NONCE_LEN,
				  body_len - header_len - KEYFILE_NONCE_LEN);
	if (out->mode != KEYFILE_PASSPHRASE)
		return ERR_OK;
	out->cost = (struct passphrase_cost){be64_get(file.ptr + MAGIC_LEN + 2),
					     be64_get(file.ptr + MAGIC_LEN + 10)};
	out->salt = bytes_slice(file, MAGIC_LEN + 18, KEYFILE_SALT_LEN);
	/* A hostile file must not make us reserve more than we would ourselves. */
	return cost_ok(&out->cost) ? ERR_OK : ERR_CORRUPT;
}

/* Associated data: what stands before the nonce, and the name. */
static void context_init(struct buf *ad, struct bytes head, const char *name)
{
	buf_init(ad, SIZE_MAX);
	buf_add(ad, head);
	buf_add(ad, bytes_str(name));
	check(!ad->err);
}

/* Appends nonce || ciphertext || tag. */
static void seal_as(struct buf *out, const struct key *key, struct bytes head, const char *name,
		    struct bytes nonce, struct bytes secret)
{
	struct buf ad;
	uint8_t *sealed;

	context_init(&ad, head, name);
	buf_add(out, nonce);
	sealed = buf_space(out, secret.len + TAG_LEN);
	if (sealed)
		seal(sealed, key, nonce.ptr, buf_bytes(&ad), secret);
	buf_fini(&ad);
}

/* ERR_DENIED when key, context or bytes are not those of seal_as(). */
static enum err unseal_as(struct secret **out, const struct key *key, struct bytes head,
			  const char *name, struct bytes nonce, struct bytes sealed)
{
	struct buf ad, plain;
	enum err err = ERR_OK;

	context_init(&ad, head, name);
	buf_init(&plain, sealed.len);
	if (!buf_space(&plain, sealed.len - TAG_LEN))
		err = plain.err;
	else
		err = unseal(plain.ptr, key, nonce.ptr, buf_bytes(&ad), sealed);
	if (!err)
		*out = secret_open(buf_bytes(&plain));
	buf_fini_wipe(&plain);
	buf_fini(&ad);
	return err;
}

/* -- files -- */

static bool name_ok(const char *name)
{
	size_t len = strlen(name);

	return len && len <= NAME_LEN_MAX && strspn(name, NAME_ALPHABET) == len;
}

static enum err err_of_errno(void)
{
	switch (errno) {
	case EEXIST:
		return ERR_EXISTS;
	case ENOENT:
		return ERR_ABSENT;
	case ENOSPC:
	case EDQUOT:
		return ERR_NOSPACE;
	default:
		return ERR_IO;
	}
}

static enum err fd_write(int fd, struct bytes b)
{
	while (b.len) {
		ssize_t len = write(fd, b.ptr, b.len);

		if (len < 0 && errno == EINTR)
			continue;
		if (len <= 0)
			return err_of_errno();
		b = bytes_slice(b, (size_t)len, b.len);
	}
	return fsync(fd) ? err_of_errno() : ERR_OK;
}

/* Appends at most max bytes; until the end, or of a line the end of that. */
static enum err fd_read(struct buf *out, int fd, size_t max, bool line)
{
	enum err err = ERR_OK;
	ssize_t len = 1;

	while (!err && len && out->len < max) {
		uint8_t part[512];
		size_t want = max - out->len < sizeof(part) ? max - out->len : sizeof(part);

		len = read(fd, part, want);
		if (len < 0 && errno != EINTR)
			err = err_of_errno();
		if (len > 0)
			buf_add(out, bytes_of(part, (size_t)len));
		if (len > 0 && line && memchr(part, '\n', (size_t)len))
			len = 0;
		secret_wipe(part, sizeof(part));
	}
	return err ? err : out->err;
}

/* Appends at most max bytes of a file. */
static enum err file_read(struct buf *out, const char *path, size_t max)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return err_of_errno();
	enum err err = fd_read(out, fd, max, false);
	close(fd);
	return err;
}

static enum err keys_dir_sync(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum err err = fd >= 0 && fsync(fd) == 0 ? ERR_OK : ERR_IO;

	if (fd >= 0)
		close(fd);
	return err;
}

/* Writes keys/NAME so that the name is taken only by complete, synced bytes, and, unless it shall
   replace what is there, never twice. */
static enum err file_create(const char *keys, const char *name, struct bytes bytes, bool replace)
{
	char part[NAME_LEN_MAX + 8];
	char *path = dir_file(keys, name), *path_new;
	enum err err;
	int fd;

	snprintf(part, sizeof(part), ".new-%s", name);
	path_new = dir_file(keys, part);
	unlink(path_new); /* left by a crash */
	fd = open(path_new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	err = fd < 0 ? err_of_errno() : fd_write(fd, bytes);
	if (fd >= 0 && close(fd) && !err)
		err = ERR_IO;
	if (!err && renameat2(AT_FDCWD, path_new, AT_FDCWD, path, replace ? 0 : RENAME_NOREPLACE))
		err = err_of_errno();
	if (err)
		unlink(path_new);
	else
		err = keys_dir_sync(keys);
	free(path_new);
	free(path);
	return err;
}

/* -- the storage key -- */

/* The key over the storage key: of the passphrase, or a constant when there is none. */
static enum err outer_key(struct key *out, const struct keyfile *file, struct bytes passphrase)
{
	if (file->mode == KEYFILE_CLEAR) {
		hash_once(out->b, "am1.keyfile", bytes_str("no passphrase"));
		return ERR_OK;
	}
	return passphrase_key(out, passphrase, file->salt.ptr, &file->cost);
}

static void header_add(struct buf *out, const struct keyfile *file)
{
	buf_add(out, bytes_of(MAGIC, MAGIC_LEN));
	buf_add_u8(out, FORMAT);
	buf_add_u8(out, (uint8_t)file->mode);
	if (file->mode == KEYFILE_PASSPHRASE) {
		buf_add_be64(out, file->cost.opslimit);
		buf_add_be64(out, file->cost.memlimit);
		buf_add(out, file->salt);
	}
}

/* Makes keys/NAME. */
static enum err file_seal(const struct keyfile *file, const char *keys, const char *name,
			  const struct key *key, struct bytes secret, bool replace)
{
	uint8_t sum[KEYFILE_CHECK_LEN];
	struct buf out, head;
	enum err err;

	buf_init(&head, KEYFILE_LEN_MAX);
	buf_init(&out, KEYFILE_LEN_MAX);
	header_add(&head, file);
	buf_add(&out, buf_bytes(&head));
	seal_as(&out, key, buf_bytes(&head), name, file->nonce, secret);
	check_sum(sum, buf_bytes(&out));
	buf_add(&out, bytes_obj(&sum));
	err = out.err ? out.err : file_create(keys, name, buf_bytes(&out), replace);
	buf_fini(&out);
	buf_fini(&head);
	return err;
}

static struct keyring *keyring_new(const char *dir, struct secret *storage)
{
	struct keyring *keyring = mem_new(1, sizeof(*keyring));

	keyring->storage = storage;
	keyring->keys = dir_file(dir, "keys");
	return keyring;
}

/* Writes keys/storage. */
static enum err storage_seal(const char *keys, const struct key *storage, struct bytes passphrase,
			     struct random *random, const struct passphrase_cost *cost,
			     bool replace)
{
	uint8_t salt[KEYFILE_SALT_LEN], nonce[KEYFILE_NONCE_LEN];
	struct keyfile file = {
		.mode = passphrase.len ? KEYFILE_PASSPHRASE : KEYFILE_CLEAR,
		.cost = *cost,
		.salt = bytes_obj(&salt),
		.nonce = bytes_obj(&nonce),
	};
	struct key outer;
	enum err err;

	check(cost_ok(cost));
	random_fill(random, salt, sizeof(salt));
	random_fill(random, nonce, sizeof(nonce));
	err = passphrase.len > KEYFILE_PASSPHRASE_LEN_MAX ? ERR_CONFIG
							  : outer_key(&outer, &file, passphrase);
	if (!err)
		err = file_seal(&file, keys, STORAGE_NAME, &outer, bytes_obj(&storage->b), replace);
	key_wipe(&outer);
	return err;
}

enum err keyring_create_cost(struct keyring **out, const char *dir, struct bytes passphrase,
			     struct random *random, const struct passphrase_cost *cost)
{
	char *keys = dir_file(dir, "keys");
	struct key storage;

	random_fill(random, storage.b, sizeof(storage.b));
	enum err err = storage_seal(keys, &storage, passphrase, random, cost, false);
	if (!err)
		*out = keyring_new(dir, secret_open(bytes_obj(&storage.b)));
	key_wipe(&storage);
	free(keys);
	return err;
}

enum err keyring_create(struct keyring **out, const char *dir, struct bytes passphrase,
			struct random *random)
{
	struct passphrase_cost cost = passphrase_cost_moderate();

	return keyring_create_cost(out, dir, passphrase, random, &cost);
}

static enum err keyfile_load(struct buf *bytes, struct keyfile *file, const char *keys,
			     const char *name)
{
	char *path = dir_file(keys, name);
	enum err err;

	/* One byte more than a file may have, so that a longer one is noticed. */
	err = file_read(bytes, path, KEYFILE_LEN_MAX + 1);
	free(path);
	return err ? err : keyfile_decode(file, buf_bytes(bytes));
}

static enum err storage_open(struct secret **out, const struct keyfile *file,
			     struct bytes passphrase)
{
	struct key outer;
	enum err err;

	if (file->mode == KEYFILE_STORAGE)
		return ERR_CORRUPT;
	if (file->mode == KEYFILE_PASSPHRASE && !passphrase.len)
		return ERR_CONFIG;
	err = outer_key(&outer, file, passphrase);
	if (!err)
		err = unseal_as(out, &outer, file->header, STORAGE_NAME, file->nonce, file->sealed);
	key_wipe(&outer);
	if (!err && secret_bytes(*out).len != KEY_LEN) {
		secret_close(*out);
		err = ERR_CORRUPT;
	}
	/* Without a passphrase there is no wrong one. */
	return err == ERR_DENIED && file->mode == KEYFILE_CLEAR ? ERR_CORRUPT : err;
}

enum err keyring_open(struct keyring **out, const char *dir, struct bytes passphrase)
{
	char *keys = dir_file(dir, "keys");
	struct secret *storage = NULL;
	struct keyfile file;
	struct buf bytes;
	enum err err;

	buf_init(&bytes, KEYFILE_LEN_MAX + 1);
	err = keyfile_load(&bytes, &file, keys, STORAGE_NAME);
	if (!err)
		err = storage_open(&storage, &file, passphrase);
	if (!err)
		*out = keyring_new(dir, storage);
	buf_fini(&bytes);
	free(keys);
	return err;
}

void keyring_close(struct keyring *keyring)
{
	if (!keyring)
		return;
	secret_close(keyring->storage);
	free(keyring->keys);
	free(keyring);
}

bool keyring_has_passphrase(const struct keyring *keyring)
{
	struct keyfile file;
	struct buf bytes;

	buf_init(&bytes, KEYFILE_LEN_MAX + 1);
	enum err err = keyfile_load(&bytes, &file, keyring->keys, STORAGE_NAME);
	buf_fini(&bytes);
	return !err && file.mode == KEYFILE_PASSPHRASE;
}

/* What has no name any more is written over, as far as the disk puts the same bytes there. */
static void overwrite(int fd)
{
	uint8_t zeros[512] = {0};
	struct stat st;

	if (fstat(fd, &st) || st.st_nlink > 0)
		return;
	for (off_t at = 0; at < st.st_size; at += (off_t)sizeof(zeros))
		if (pwrite(fd, zeros, sizeof(zeros), at) < 0)
			break;
	fsync(fd);
}

enum err keyring_reseal(struct keyring *keyring, struct bytes passphrase, struct random *random)
{
	struct passphrase_cost cost = passphrase_cost_moderate();
	char *path = dir_file(keyring->keys, STORAGE_NAME);
	int old = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	enum err err = storage_seal(keyring->keys, secret_key(keyring->storage), passphrase, random,
				    &cost, true);

	if (!err && old >= 0)
		overwrite(old);
	if (old >= 0)
		close(old);
	free(path);
	return err;
}

/* -- what it protects -- */

enum err keyring_put(struct keyring *keyring, const char *name, struct bytes secret)
{
	uint8_t nonce[KEYFILE_NONCE_LEN];
	struct keyfile file = {.mode = KEYFILE_STORAGE, .nonce = bytes_obj(&nonce)};
	struct random random = random_system();

	check(name_ok(name));
	random_fill(&random, nonce, sizeof(nonce));
	return file_seal(&file, keyring->keys, name, secret_key(keyring->storage), secret, false);
}

enum err keyring_get(struct keyring *keyring, const char *name, struct secret **out)
{
	struct keyfile file;
	struct buf bytes;
	enum err err;

	check(name_ok(name));
	buf_init(&bytes, KEYFILE_LEN_MAX + 1);
	err = keyfile_load(&bytes, &file, keyring->keys, name);
	if (!err && file.mode != KEYFILE_STORAGE)
		err = ERR_CORRUPT;
	if (!err)
		err = unseal_as(out, secret_key(keyring->storage), file.header, name, file.nonce,
				file.sealed);
	buf_fini(&bytes);
	return err == ERR_DENIED ? ERR_CORRUPT : err;
}

enum err keyring_drop(struct keyring *keyring, const char *name)
{
	char *path;
	enum err err = ERR_OK;

	check(name_ok(name));
	path = dir_file(keyring->keys, name);
	if (unlink(path))
		err = errno == ENOENT ? ERR_ABSENT : ERR_IO;
	free(path);
	return err ? err : keys_dir_sync(keyring->keys);
}

void keyring_seal(struct keyring *keyring, struct buf *out, const char *name, struct bytes secret)
{
	uint8_t nonce[KEYFILE_NONCE_LEN];
	struct random random = random_system();

	random_fill(&random, nonce, sizeof(nonce));
	seal_as(out, secret_key(keyring->storage), bytes_str(ROW_CONTEXT), name, bytes_obj(&nonce),
		secret);
}

enum err keyring_unseal(struct keyring *keyring, struct secret **out, const char *name,
			struct bytes sealed)
{
	enum err err;

	if (sealed.len < KEYFILE_NONCE_LEN + TAG_LEN)
		return ERR_CORRUPT;
	err = unseal_as(out, secret_key(keyring->storage), bytes_str(ROW_CONTEXT), name,
			bytes_slice(sealed, 0, KEYFILE_NONCE_LEN),
			bytes_slice(sealed, KEYFILE_NONCE_LEN, sealed.len));
	return err == ERR_DENIED ? ERR_CORRUPT : err;
}

enum err keyfile_passphrase_read_fd(struct secret **out, int fd)
{
	struct buf text;
	struct bytes line;
	const uint8_t *end;
	enum err err;

	/* Room for a line of full length, its end, and one byte to tell a longer one. */
	buf_init(&text, KEYFILE_PASSPHRASE_LEN_MAX + 2);
	err = fd_read(&text, fd, text.max, true);
	line = buf_bytes(&text);
	end = line.len ? memchr(line.ptr, '\n', line.len) : NULL;
	if (end)
		line.len = (size_t)(end - line.ptr);
	if (line.len && line.ptr[line.len - 1] == '\r')
		line.len--;
	if (!err && (!line.len || line.len > KEYFILE_PASSPHRASE_LEN_MAX))
		err = ERR_CONFIG;
	if (!err)
		*out = secret_open(line);
	buf_fini_wipe(&text);
	return err;
}

enum err keyfile_passphrase_read(struct secret **out, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return err_of_errno();
	enum err err = keyfile_passphrase_read_fd(out, fd);
	close(fd);
	return err;
}
