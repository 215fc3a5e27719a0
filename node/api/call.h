/*
 * api_call - one request of the control interface; private to api.c and api_*.c.
 */
#ifndef ALLMENDE_CALL_H
#define ALLMENDE_CALL_H

#include <jansson.h>

#include "node/api/api.h"
#include "node/care/overview.h"
#include "node/files/deliver.h"
#include "node/files/download.h"
#include "node/files/upload.h"
#include "node/files/verify.h"
#include "node/net/net.h"

#define API_WHY_LEN      512
#define API_WAIT_MS_MAX  30000
#define API_TEXT_LEN_MAX 16384 /* of a query argument */
#define API_PAGE_MAX     500   /* entries of a list in one turn */

struct call;

struct route {
	enum http_method method;
	const char *path;
	/* Loop thread: reads arguments, and may do without run (then it answers). Faults: api_fail(). NULL: nothing to read. */
	void (*begin)(struct call *call);
	/* Core thread, inside a turn: sets out, or err and why. */
	void (*run)(struct call *call, struct core *core, struct txn *txn, int64_t now_ms);
	/* Loop thread, after the commit. NULL: api_done(). */
	void (*done)(struct call *call);
};

struct call {
	struct turn_item item;
	const struct node_view *node;
	struct api *api;
	struct http_request *request;
	const struct route *route;
	struct call *next_waiting;
	bool waiting, pushed;
	uint64_t deadline_ms; /* of waiting, uv_now() */

	/* arguments */
	json_t *in;      /* body; an object without nulls, or NULL */
	struct buf path; /* with terminating zero; also patterns */
	struct buf name; /* of a file */
	uint64_t number; /* 0: the current version */
	bool has_after;
	uint64_t after_number;
	uint64_t wait_ms;

	/* result */
	json_t *out;
	unsigned status; /* of success; 0: 200 */
	enum err err;
	const char *code; /* instead of err's own, or NULL */
	char why[API_WHY_LEN];
	bool again; /* run: what is waited for has not come */
	bool last;  /* for run: the time is over */

	/* lists: a page in each turn, so that a long one holds up nobody */
	bool more; /* run: to be run again, for what comes after: */
	char after[LIMIT_PATH_LEN_MAX + 1];
	uint32_t page_count;
	struct buf text;           /* instead of out: JSON as it goes out */
	struct overview *overview; /* of /status; NULL: of another call */
	struct copies *copies;     /* of /copies; the same */

	/* api_upload.c, api_read.c */
	struct upload *upload;
	struct reading reading;
	struct opened *opened;
	struct download *download;
	struct search *search; /* api_search.c */
};

/* Answers; the call stays until its request is gone. */
void api_fail(struct call *call, enum err err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void api_done(struct call *call); /* with what run left: out, or err and why */
void api_reply(struct call *call, unsigned status, json_t *out); /* takes out; NULL: no body */
/* To the core thread with run, then done. */
void api_push(struct call *call);
void api_push_with(struct call *call,
		   void (*run)(struct core *core, struct txn *txn, int64_t now_ms, void *arg),
		   void (*done)(struct turn_item *item));
/* For such a done(): the call is back; the fault of the commit, if any, is its err. */
void api_returned(struct call *call);

/* Arguments; after a fault the request is answered and false returned. */
bool api_body(struct call *call); /* decodes the JSON body into call->in */
bool api_text_arg(struct call *call, const char *name, struct buf *out, bool needed);
bool api_number_arg(struct call *call, const char *name, uint64_t *out, bool *has);
bool api_path_args(struct call *call);                        /* path and version */
const char *api_in_text(struct call *call, const char *name); /* NULL: absent */
/* Refuses fields other than those (NULL-terminated, "s:name"), and values of another type: s text, b boolean, i number
   from 0 on, l list of texts; as a capital: it must be there. */
bool api_in_check(struct call *call, const char *const *fields);

/* JSON of what is shown in several places. Strings that are no UTF-8 are shown escaped. */
json_t *api_text(struct bytes text);
json_t *api_str(const char *text);
json_t *api_uint(uint64_t v);
json_t *api_operator(const char *name); /* "self" or "hosted:NAME"; name empty: self */
json_t *api_hex(struct bytes id);
json_t *api_entry(const struct catalog_entry *entry);
/* A list that is never a whole tree in memory: head, elements (taken), tail, into call->text. */
void api_list_add(struct call *call, json_t *element);
/* After an entry: false, and more, when the page is full. */
bool api_page_goes_on(struct call *call, const struct catalog_entry *entry);
void api_readers(json_t *object, struct core *core, struct txn *txn,
		 const struct catalog_entry *entry);
/* api_grants.c: "Landkreis Meißen until 2027-11-20" of all who were granted to read it; empty for the other tiers. */
json_t *api_granted(struct core *core, struct txn *txn, const struct catalog_entry *entry);
void api_holders(json_t *object, struct core *core, struct txn *txn,
		 const struct catalog_entry *entry);

/* api_status.c */
void api_status_run(struct call *call, struct core *core, struct txn *txn, int64_t now_ms);
/* api_read.c */
void api_read_gone(struct call *call);
/* api_delivery.c: whether "to" of a subscription can be written to, else the call is answered; and what is shown of it */
bool api_delivery_check(struct call *call);
void api_delivery_show(json_t *list, struct txn *txn);
/* api_search.c */
void api_search_gone(struct call *call);
/* api_upload.c: /uploads/...; false: not such a path */
bool api_upload_begin(struct call *call);
void api_upload_gone(struct call *call);

/* api_query.c, api_command.c, api_read.c, api_nodes.c */
extern const struct route api_query_routes[];
extern const struct route api_command_routes[];
extern const struct route api_read_routes[];
extern const struct route api_search_routes[];
extern const struct route api_withdrawal_routes[];
extern const struct route api_federation_routes[];
extern const struct route api_node_routes[];
extern const struct route api_grant_routes[];
extern const struct route api_doctor_routes[];
extern const struct route api_copies_routes[];

#endif
