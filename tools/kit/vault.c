#include "tools/kit/vault.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/check.h"
#include "crypto/hash.h"
#include "tools/kit/put.h"

#define VAULT_TITLE "allmende backup 1"

enum { LINE_LEN = 512, NAME_LEN_MAX = 255 };

struct vault_file {
	char name[NAME_LEN_MAX + 1];
	uint64_t size;
	size_t first, count; /* of its blocks */
};

struct vault {
	char *folder;
	int fd, lock;
	struct vault_head head;
	struct vault_file *files;
	size_t file_count, file_cap;
	struct digest *blocks; /* of all files */
	size_t block_count, block_cap;
	struct vault_cost cost;
};

static int vault_fault(const struct vault *vault, const char *what)
{
	return tool_fail(TOOL_FAILED, "cannot %s in the backup %s: %s", what, vault->folder,
			 strerror(errno));
}

static int spoilt(const struct vault *vault, const char *what)
{
	return tool_fail(TOOL_FAILED,
			 "the backup in %s is not whole: %s; take another copy of it, or the "
			 "organisation comes back by `allmende init --recover`",
			 vault->folder, what);
}

void vault_close(struct vault *vault)
{
	if (!vault)
		return;
	if (vault->lock >= 0)
		close(vault->lock);
	if (vault->fd >= 0)
		close(vault->fd);
	free(vault->files);
	free(vault->blocks);
	free(vault->folder);
	free(vault);
}

static struct vault *vault_new(const char *folder)
{
	struct vault *vault = mem_new(1, sizeof(*vault));

	vault->folder = bytes_text(bytes_str(folder));
	vault->lock = -1;
	vault->fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return vault;
}

static void block_name(char out[96], const struct digest *id)
{
	char hex[ID_HEX_LEN + 1];

	hex_put(hex, id_bytes(id));
	snprintf(out, 96, "blocks/%.2s/%s", hex, hex);
}

static struct vault_file *vault_file_begin(struct vault *vault, const char *name, uint64_t size)
{
	vault->files =
		mem_room(vault->files, vault->file_count, &vault->file_cap, sizeof(*vault->files));
	struct vault_file *file = &vault->files[vault->file_count++];
	*file = (struct vault_file){.size = size, .first = vault->block_count};
	snprintf(file->name, sizeof(file->name), "%s", name);
	return file;
}

static void block_add(struct vault *vault, const struct digest *id)
{
	vault->blocks = mem_room(vault->blocks, vault->block_count, &vault->block_cap,
				 sizeof(*vault->blocks));
	vault->blocks[vault->block_count++] = *id;
	vault->files[vault->file_count - 1].count++;
}

/* ---- the list ---- */

static void list_write(const struct vault *vault, FILE *out)
{
	char hex[ID_HEX_LEN + 1];

	hex_put(hex, id_bytes(&vault->head.org));
	fprintf(out, VAULT_TITLE "\nnode %s %u\ntime %" PRId64 "\n", hex, vault->head.node_index,
		vault->head.time_ms);
	for (size_t i = 0; i < vault->file_count; i++) {
		const struct vault_file *file = &vault->files[i];
		fprintf(out, "file %" PRIu64 " %s\n", file->size, file->name);
		for (size_t k = 0; k < file->count; k++) {
			hex_put(hex, id_bytes(&vault->blocks[file->first + k]));
			fprintf(out, "%s\n", hex);
		}
	}
}

static bool vault_name_ok(const char *name)
{
	if (!name[0] || name[0] == '/' || strstr(name, ".."))
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr(".-/_", *name))
			return false;
	return true;
}

/* One line, without its end, into what it says. */
static bool line_take(struct vault *vault, const char *line)
{
	char hex[LINE_LEN], name[LINE_LEN];
	struct digest id;
	unsigned index;
	uint64_t size;

	if (sscanf(line, "node %511s %u", hex, &index) == 2 && index <= UINT8_MAX) {
		vault->head.node_index = (uint8_t)index;
		return !hex_get(vault->head.org.b, ID_LEN, hex);
	}
	if (sscanf(line, "time %" SCNd64, &vault->head.time_ms) == 1)
		return true;
	if (sscanf(line, "file %" SCNu64 " %511s", &size, name) == 2) {
		if (strlen(name) > NAME_LEN_MAX || !vault_name_ok(name))
			return false;
		vault_file_begin(vault, name, size);
		return true;
	}
	if (vault->file_count == 0 || hex_get(id.b, ID_LEN, line))
		return false;
	block_add(vault, &id);
	return true;
}

/* Reads FOLDER/list. ERR_ABSENT: there is none. */
static enum err list_read(struct vault *vault)
{
	char line[LINE_LEN], hex[ID_HEX_LEN + 1];
	int fd = openat(vault->fd, "list", O_RDONLY | O_CLOEXEC);
	FILE *in = fd >= 0 ? fdopen(fd, "r") : NULL;
	bool good = true, first = true, ended = false;
	struct digest sum;
	struct hash hash;

	if (!in)
		return errno == ENOENT ? ERR_ABSENT : ERR_IO;
	hash_init(&hash, "am1.backup", NULL, ID_LEN);
	while (good && !ended && fgets(line, sizeof(line), in)) {
		const size_t len = strlen(line);
		if (strncmp(line, "sum ", 4) == 0) {
			hash_done(&hash, sum.b, ID_LEN);
			hex_put(hex, id_bytes(&sum));
			ended = strncmp(line + 4, hex, ID_HEX_LEN) == 0;
			break;
		}
		hash_add(&hash, bytes_of(line, len));
		line[len - 1] = '\0';
		good = first ? strcmp(line, VAULT_TITLE) == 0 : line_take(vault, line);
		first = false;
	}
	fclose(in);
	return good && ended ? ERR_OK : ERR_CORRUPT;
}

/* ---- writing ---- */

/* What is there already is of the same node, or it is no place for this one. */
static int folder_take(struct vault *vault)
{
	struct vault *before = vault_new(vault->folder);
	enum err err = list_read(before);
	int code = TOOL_DONE;

	if (!err && (!id_eq(&before->head.org, &vault->head.org) ||
		     before->head.node_index != vault->head.node_index))
		code = tool_fail(TOOL_USAGE,
				 "%s holds the backup of another node: take another folder",
				 vault->folder);
	vault_close(before);
	return code;
}

int vault_open_write(struct vault **out, const char *folder, const struct vault_head *head)
{
	if (mkdir(folder, 0700) && errno != EEXIST)
		return tool_fail(TOOL_FAILED, "cannot make the folder %s for the backup: %s",
				 folder, strerror(errno));
	struct vault *vault = vault_new(folder);
	*out = vault;
	vault->head = *head;
	if (vault->fd < 0)
		return vault_fault(vault, "look");
	vault->lock = openat(vault->fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (vault->lock < 0)
		return vault_fault(vault, "make the lock");
	if (flock(vault->lock, LOCK_EX | LOCK_NB))
		return tool_fail(TOOL_FAILED, "another backup to %s is under way: wait for it",
				 folder);
	if (mkdirat(vault->fd, "blocks", 0700) && errno != EEXIST)
		return vault_fault(vault, "make blocks");
	return folder_take(vault);
}

/* A block has its name only when it is complete. */
static int block_put(struct vault *vault, struct bytes block)
{
	struct digest id;
	struct stat st;
	char name[96], dir[16];

	hash_plain(id.b, block);
	block_add(vault, &id);
	block_name(name, &id);
	if (!fstatat(vault->fd, name, &st, 0) && (size_t)st.st_size == block.len)
		return TOOL_DONE;
	snprintf(dir, sizeof(dir), "%.9s", name);
	mkdirat(vault->fd, dir, 0700);
	int fd = openat(vault->fd, "block.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool good = fd >= 0 && !put_all(fd, block);
	if (fd >= 0)
		close(fd);
	if (!good || renameat(vault->fd, "block.new", vault->fd, name))
		return vault_fault(vault, "write a block");
	vault->cost.new_bytes += block.len;
	return TOOL_DONE;
}

int vault_add(struct vault *vault, const char *name, int fd)
{
	uint8_t *block = mem_new(VAULT_BLOCK_LEN, 1);
	size_t len = 0;
	int code = TOOL_DONE;
	ssize_t got;

	check(vault_name_ok(name) && strlen(name) <= NAME_LEN_MAX);
	vault_file_begin(vault, name, 0);
	do {
		got = read(fd, block + len, VAULT_BLOCK_LEN - len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			code = tool_fail(TOOL_FAILED, "cannot read %s: %s", name, strerror(errno));
		len += got > 0 ? (size_t)got : 0;
		if (!code && len > 0 && (len == VAULT_BLOCK_LEN || got == 0)) {
			code = block_put(vault, bytes_of(block, len));
			vault->files[vault->file_count - 1].size += len;
			vault->cost.bytes += len;
			len = 0;
		}
	} while (!code && got != 0);
	secret_wipe(block, VAULT_BLOCK_LEN);
	free(block);
	return code;
}

static int digest_cmp(const void *a, const void *b)
{
	return memcmp(a, b, ID_LEN);
}

/* Takes away what no file of the list consists of. */
static void blocks_sweep(struct vault *vault)
{
	qsort(vault->blocks, vault->block_count, sizeof(*vault->blocks), digest_cmp);
	for (unsigned i = 0; i < 256; i++) {
		char name[16];
		snprintf(name, sizeof(name), "blocks/%02x", i);
		int fd = openat(vault->fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
		struct dirent *entry;
		while (dir && (entry = readdir(dir))) {
			struct digest id;
			if (!hex_get(id.b, ID_LEN, entry->d_name) &&
			    !bsearch(&id, vault->blocks, vault->block_count, sizeof(id),
				     digest_cmp))
				unlinkat(fd, entry->d_name, 0);
		}
		if (dir)
			closedir(dir);
	}
}

int vault_done(struct vault *vault, struct vault_cost *cost)
{
	char *text = NULL, hex[ID_HEX_LEN + 1];
	size_t len = 0;
	struct digest sum;
	struct hash hash;
	FILE *memory = open_memstream(&text, &len);

	check(memory);
	list_write(vault, memory);
	fclose(memory);
	hash_init(&hash, "am1.backup", NULL, ID_LEN);
	hash_add(&hash, bytes_of(text, len));
	hash_done(&hash, sum.b, ID_LEN);
	hex_put(hex, id_bytes(&sum));
	int fd = openat(vault->fd, "list.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
	bool good = out && fwrite(text, 1, len, out) == len && fprintf(out, "sum %s\n", hex) > 0 &&
		    !fflush(out) && !syncfs(vault->fd);
	if (out)
		fclose(out);
	free(text);
	if (!good || renameat(vault->fd, "list.new", vault->fd, "list") || fsync(vault->fd))
		return vault_fault(vault, "write the list");
	blocks_sweep(vault);
	*cost = vault->cost;
	return TOOL_DONE;
}

/* ---- reading ---- */

int vault_open_read(struct vault **out, const char *folder, struct vault_head *head)
{
	struct vault *vault = vault_new(folder);

	*out = vault;
	if (vault->fd < 0)
		return tool_fail(TOOL_FAILED, "cannot open the backup %s: %s", folder,
				 strerror(errno));
	enum err err = list_read(vault);
	if (err == ERR_ABSENT)
		return tool_fail(TOOL_USAGE,
				 "%s is no backup: name the folder that `allmende backup` has made",
				 folder);
	if (err)
		return spoilt(vault, "its list is damaged");
	*head = vault->head;
	return TOOL_DONE;
}

const char *vault_name(const struct vault *vault, size_t i)
{
	return i < vault->file_count ? vault->files[i].name : NULL;
}

static int block_get(struct vault *vault, const struct digest *id, uint8_t *block, size_t *len)
{
	struct digest found;
	char name[96];

	block_name(name, id);
	int fd = openat(vault->fd, name, O_RDONLY | O_CLOEXEC);
	ssize_t got = -1;
	*len = 0;
	while (fd >= 0 && (got = read(fd, block + *len, VAULT_BLOCK_LEN - *len)) > 0)
		*len += (size_t)got;
	if (fd >= 0)
		close(fd);
	if (fd < 0 || got < 0)
		return spoilt(vault, "a block is missing");
	hash_plain(found.b, bytes_of(block, *len));
	return id_eq(&found, id) ? TOOL_DONE : spoilt(vault, "a block is damaged");
}

int vault_get(struct vault *vault, size_t i, int fd)
{
	const struct vault_file *file = &vault->files[i];
	uint8_t *block = mem_new(VAULT_BLOCK_LEN, 1);
	uint64_t size = 0;
	int code = TOOL_DONE;

	for (size_t k = 0; !code && k < file->count; k++) {
		size_t len = 0;
		code = block_get(vault, &vault->blocks[file->first + k], block, &len);
		if (!code && put_all(fd, bytes_of(block, len)))
			code = tool_fail(TOOL_FAILED, "cannot write %s: %s", file->name,
					 strerror(errno));
		size += len;
	}
	secret_wipe(block, VAULT_BLOCK_LEN);
	free(block);
	if (!code && size != file->size)
		code = spoilt(vault, "a file has another size");
	if (!code && fsync(fd))
		code = tool_fail(TOOL_FAILED, "cannot write %s: %s", file->name, strerror(errno));
	return code;
}
