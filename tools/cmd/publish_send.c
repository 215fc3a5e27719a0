#include "tools/cmd/publish_send.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "crypto/check.h"
#include "proto/content/parts.h"
#include "tools/kit/media.h"
#include "tools/kit/text.h"

/* A refusal comes when a request is over: so many bytes are sent in vain, and one file. */
#define REQUEST_BYTES ((uint64_t)64 << 20)
#define ENDLESS       UINT64_MAX
#define ROOM_MIN      ((size_t)8 << 10) /* for a head, or a part worth its while */
_Static_assert(ROOM_MIN > PARTS_HEAD_LEN_MAX + PARTS_LENGTH_LEN, "any head finds room");

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool same_state(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && same_time(&a->st_mtim, &b->st_mtim) &&
	       same_time(&a->st_ctim, &b->st_ctim);
}

static bool is_input(const struct file_entry *file)
{
	return strcmp(file->path, FILES_INPUT) == 0;
}

/* -- one file ------------------------------------------------------------------------------- */

static int open_file(struct sending *sending, const struct file_entry *file)
{
	sending->fd = open(file->path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (sending->fd < 0)
		return tool_fail(TOOL_FAILED, "cannot open %s: %s; nothing was published",
				 file->path, strerror(errno));
	if (fstat(sending->fd, &sending->before) || !S_ISREG(sending->before.st_mode))
		return tool_fail(TOOL_FAILED, "%s is no file any more; nothing was published",
				 file->path);
	sending->left = (uint64_t)sending->before.st_size;
	return TOOL_DONE;
}

/* What a command says; it is started for that, once more when all begins again. */
static int open_input(struct sending *sending)
{
	int code = TOOL_DONE;

	sending->left = ENDLESS;
	sending->fd = STDIN_FILENO;
	if (sending->command)
		code = producer_start(&sending->producer, sending->command);
	else
		sending->input_read = true;
	if (sending->command && !code)
		sending->fd = sending->producer.fd;
	return code;
}

static int64_t modified_ms(const struct stat *st)
{
	int64_t ms = (int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000;

	return ms ? ms : 1; /* as 0 means "not known" */
}

/* Opens the next file; its head is then in sending->head. */
static int sending_file_begin(struct sending *sending)
{
	const struct file_entry *file = &sending->files->entries[sending->next];
	const bool folder = file->name[strlen(file->name) - 1] == '/';
	int code = TOOL_DONE;

	sending->fd = -1;
	sending->left = 0;
	sending->done_before = sending->bytes_done;
	if (!folder)
		code = is_input(file) ? open_input(sending) : open_file(sending, file);
	if (code)
		return code;
	sending->file = file;
	sending->next++;
	publish_guard_file(&sending->guard, file->name);
	buf_reset(&sending->head);
	parts_put_head(&sending->head, bytes_str(file->name), bytes_str(media_type(file->name)),
		       folder || is_input(file) ? 0 : (uint64_t)modified_ms(&sending->before));
	return TOOL_DONE;
}

/* What has died looks like what had nothing to say. */
static int refuse_empty(const struct sending *sending)
{
	if (sending->bytes_done > sending->done_before || sending->empty_ok)
		return TOOL_DONE;
	return tool_fail(TOOL_FAILED,
			 "%s was empty, so nothing was published: if that is no mistake, say "
			 "--allow-shrink",
			 sending->command ? sending->command[0] : "standard input");
}

/* Lets go of it, whatever has happened. */
static void file_drop(struct sending *sending)
{
	if (sending->file && is_input(sending->file) && sending->command)
		producer_stop(&sending->producer);
	else if (sending->fd > STDIN_FILENO)
		close(sending->fd);
	sending->fd = -1;
	sending->file = NULL;
}

/* It was as long as it had said, and is as it was. */
static int check_same(const struct sending *sending)
{
	struct stat after;

	if (!sending->left && !fstat(sending->fd, &after) && same_state(&sending->before, &after))
		return TOOL_DONE;
	return tool_fail(
		TOOL_FAILED,
		"%s changed while it was read; nothing was published: try again when it is "
		"complete",
		sending->file->path);
}

static int file_end(struct sending *sending)
{
	const struct file_entry *file = sending->file;
	int code = publish_guard_file_end(&sending->guard);

	if (code)
		return code;
	if (!is_input(file)) {
		code = sending->fd < 0 ? TOOL_DONE : check_same(sending);
		file_drop(sending);
		return code;
	}
	if (sending->command)
		code = producer_end(&sending->producer);
	sending->fd = -1;
	sending->file = NULL;
	return code ? code : refuse_empty(sending);
}

/* -- the stream ----------------------------------------------------------------------------- */

/* The next part, of what can be read now. *len becomes its length with that; 0 bytes of a file are
   its end. */
static int put_part(struct sending *sending, uint8_t *to, size_t *len)
{
	size_t room = *len - PARTS_LENGTH_LEN, got = 0;
	ssize_t now = 1;

	if (room > sending->left)
		room = (size_t)sending->left;
	/* standard input is not waited for when there is something */
	while (got < room && now > 0 && (!got || sending->left != ENDLESS)) {
		now = read(sending->fd, to + PARTS_LENGTH_LEN + got, room - got);
		if (now < 0 && errno == EINTR)
			now = 1;
		else if (now < 0)
			return tool_fail(TOOL_FAILED, "cannot read %s: %s; nothing was published",
					 sending->file->path, strerror(errno));
		else
			got += (size_t)now;
	}
	be32_put(to, (uint32_t)got);
	*len = PARTS_LENGTH_LEN + got;
	sending->bytes_done += got;
	sending->request_left -= got < sending->request_left ? got : sending->request_left;
	sending->left -= sending->left == ENDLESS ? 0 : got;
	if (!publish_guard_take(&sending->guard, bytes_of(to + PARTS_LENGTH_LEN, got)))
		return publish_guard_file_end(&sending->guard);
	return got ? TOOL_DONE : file_end(sending);
}

static void progress_files(struct sending *sending)
{
	char all[TEXT_SHORT_LEN], done[TEXT_SHORT_LEN];

	text_count(all, sending->files->count);
	text_count(done, sending->next ? sending->next - 1 : 0);
	if (sending->files->count > 1)
		progress_note(&sending->progress, "%s of %s files", done, all);
	progress_bytes(&sending->progress, sending->bytes_done, sending->bytes_all);
}

/* As much as there is and as fits; 0: this request is over. */
static ssize_t sending_read(void *arg, void *to, size_t len)
{
	struct sending *sending = arg;
	uint8_t *out = to;
	size_t at = 0;

	check(len >= ROOM_MIN);
	while (!sending->code && len - at >= ROOM_MIN) {
		size_t part = len - at;

		if (!sending->file) {
			if (sending->next == sending->files->count || !sending->request_left)
				break;
			if ((sending->code = sending_file_begin(sending)))
				break;
			memcpy(out + at, sending->head.ptr, sending->head.len);
			at += sending->head.len;
			continue;
		}
		const bool endless = sending->left == ENDLESS;
		sending->code = put_part(sending, out + at, &part);
		at += part;
		if (endless)
			break;
	}
	progress_files(sending);
	sending->stopped = sending->stopped || sending->code;
	return sending->code ? -1 : (ssize_t)at;
}

static int send_some(struct sending *sending)
{
	struct buf target;
	int code;

	target_init(&target, "/uploads/");
	text_url(&target, sending->id);
	buf_add(&target, bytes_str("/files"));
	sending->request_left = REQUEST_BYTES;
	code = client_send(sending->client, "POST", target_end(&target), CLIENT_SIZE_UNKNOWN,
			   sending_read, sending);
	buf_fini(&target);
	if (sending->code)
		return sending->code;
	return code ? client_complain(sending->client) : TOOL_DONE;
}

int publish_send(struct sending *sending, const struct files *files)
{
	int code = TOOL_DONE;

	sending->files = files;
	sending->next = 0;
	sending->code = TOOL_DONE;
	buf_init(&sending->head, PARTS_HEAD_LEN_MAX + PARTS_LENGTH_LEN);
	while (!code && sending->next < files->count)
		code = send_some(sending);
	file_drop(sending);
	buf_fini(&sending->head);
	return code;
}
