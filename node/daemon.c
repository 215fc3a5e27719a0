#include "node/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/check.h"
#include "node/api/routes.h"
#include "node/base/clock.h"
#include "node/unlock.h"

#define STOP_LOOK_MS    20   /* whether all is done */
#define STOP_LINKS_MS   2500 /* for farewells to be read */
#define STOP_ANSWERS_MS 1000 /* for answers to be read */

__attribute__((format(printf, 3, 4))) static enum err refuse_start(char *why, enum err err,
								   const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, WHY_LEN, format, args);
	va_end(args);
	return err;
}

/* Batches */

static void carry_note(struct daemon *daemon, const struct turn_batch *batch,
		       const struct note *note)
{
	const char *address = net_peer_address(daemon->net, note->link);
	const char *slug = turn_batch_slug(batch, note->author);
	char path[LIMIT_PATH_LEN_MAX + 1];

	turn_batch_path(batch, note->path, path);
	log_note(&daemon->log, clock_now_ms(), note, path, slug, address);
	api_note(daemon->api, note);
	deliver_note(&daemon->deliver, note);
	indexer_note(daemon->indexer, note);
	derive_note(daemon->derive, note);
}

static void carry_effects(struct daemon *daemon, struct turn_batch *batch)
{
	for (size_t i = 0; i < batch->effects.count; i++) {
		struct effect *effect = &batch->effects.items[i];

		if (effect->type == EFFECT_NOTE)
			carry_note(daemon, batch, effect->note);
		else
			net_effect(daemon->net, effect);
	}
}

static void carry_fault(struct daemon *daemon, const struct turn_batch *batch)
{
	log_line(&daemon->log, clock_now_ms(), LOG_STORE, "%s; all links are closed, %s",
		 err_text(batch->err), batch->fatal ? "the node stops" : "the node goes on");
	net_reset(daemon->net);
	uploads_fail(&daemon->uploads, batch->err);
	if (batch->fatal)
		daemon->fault = batch->err;
}

static void carry(struct daemon *daemon, struct turn_batch *batch)
{
	struct turn_item *next;

	if (batch->err)
		carry_fault(daemon, batch);
	if (batch->has_certificate)
		net_identify(daemon->net, batch->linkable, buf_bytes(&batch->certificate),
			     &batch->fed);
	for (struct turn_item *item = batch->items; item; item = next) {
		next = item->next;
		item->done(item);
	}
	carry_effects(daemon, batch);
	turn_batch_free(batch);
}

static void carry_all(struct daemon *daemon)
{
	struct turn_batch *batch;

	while ((batch = turn_take(daemon->turn)))
		carry(daemon, batch);
	net_turned(daemon->net);
	uploads_turned(&daemon->uploads);
	downloads_turned(&daemon->downloads);
	indexer_turned(daemon->indexer);
}

/* Stopping */

static void stop_further(struct daemon *daemon);

/* Jobs end here and there: looking is simpler than being told by each. */
static void stop_timer_fired(uv_timer_t *timer)
{
	stop_further(timer->data);
}

static void net_is_closed(void *arg)
{
	struct daemon *daemon = arg;

	daemon->net_closed = true;
}

static bool stop_is_late(const struct daemon *daemon)
{
	return uv_now(&daemon->loop) >= daemon->stop_deadline_ms;
}

static void daemon_stop(struct daemon *daemon)
{
	daemon->phase = DAEMON_CLOSING;
	http_refuse(daemon->http);
	web_stop(daemon->web);
	derive_stop(daemon->derive);
	asker_stop(daemon->asker);
	api_stop(daemon->api);
	verify_stop(&daemon->verify);
	downloads_stop(&daemon->downloads);
	deliver_stop(&daemon->deliver);
	reseal_stop(&daemon->reseal);
	indexer_stop(daemon->indexer);
	feed_stop(daemon->feed);
	layers_stop(daemon->layers);
	uploads_close(&daemon->uploads);
	net_close(daemon->net, net_is_closed, daemon);
	daemon->stop_deadline_ms = uv_now(&daemon->loop) + STOP_LINKS_MS;
	uv_timer_start(&daemon->stop_timer, stop_timer_fired, 0, STOP_LOOK_MS);
}

static bool jobs_are_done(const struct daemon *daemon)
{
	return daemon->net_closed && daemon->uploads.alive == 0 && !daemon->verify.running &&
	       daemon->downloads.job_count == 0 && !deliver_busy(&daemon->deliver) &&
	       !reseal_busy(&daemon->reseal) && !indexer_busy(daemon->indexer) &&
	       !derive_busy(daemon->derive) && !feed_busy(daemon->feed) &&
	       !layers_busy(daemon->layers) && !daemon->metrics.busy &&
	       api_call_count(daemon->api) == 0 && !web_busy(daemon->web) &&
	       !asker_busy(daemon->asker);
}

static void close_handles(struct daemon *daemon)
{
	daemon->phase = DAEMON_STOPPED;
	http_close(daemon->http);
	web_close(daemon->web);
	derive_close(daemon->derive);
	layers_close(daemon->layers);
	contents_close(daemon->contents);
	asker_close(daemon->asker);
	api_close(daemon->api);
	deliver_close(&daemon->deliver);
	reseal_close(&daemon->reseal);
	indexer_close(daemon->indexer);
	feed_close(daemon->feed);
	uv_close((uv_handle_t *)&daemon->ready, NULL);
	uv_close((uv_handle_t *)&daemon->stop_timer, NULL);
	packers_close(&daemon->packers);
	for (size_t i = 0; i < SIGNAL_COUNT; i++)
		uv_close((uv_handle_t *)&daemon->signals[i], NULL);
}

static bool requests_are_answered(const struct daemon *daemon)
{
	return http_request_count(daemon->http) == 0;
}

static void stop_further(struct daemon *daemon)
{
	if (daemon->phase == DAEMON_CLOSING && stop_is_late(daemon))
		net_kill(daemon->net);
	if (daemon->phase == DAEMON_CLOSING && jobs_are_done(daemon)) {
		turn_stop(daemon->turn);
		carry_all(daemon);
		daemon->phase = DAEMON_ANSWERING;
		daemon->stop_deadline_ms = uv_now(&daemon->loop) + STOP_ANSWERS_MS;
	}
	if (daemon->phase == DAEMON_ANSWERING &&
	    (requests_are_answered(daemon) || stop_is_late(daemon)))
		close_handles(daemon);
}

/* What the loop is woken by */

/* The settings of the file, and over them what the command line says. */
static enum err read_config(struct config *config, const struct daemon_options *options, char *why)
{
	config_init(config);
	enum err err = config_load(config, options->dir, why);
	if (!err && options->listen)
		err = config_set(config, "--listen", "listen", options->listen, why);
	if (!err && options->http)
		err = config_set(config, "--http", "http", options->http, why);
	if (!err && options->detach && !*config->log_file)
		err = config_set(config, "--detach", "log-file", "allmended.log", why);
	return err;
}

char *daemon_log_path(const struct daemon *daemon)
{
	const char *name = daemon->config.log_file;

	return *name == '/' ? mem_str(name) : dir_file(daemon->dir_path, name);
}

/* Lines go to where the settings say; when that cannot be written, to where they went before. */
static enum err open_log(struct daemon *daemon, char *why)
{
	const char *name = daemon->config.log_file;
	char *path = daemon_log_path(daemon);
	int fd = *name ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640) : -1;
	FILE *file = fd >= 0 ? fdopen(fd, "a") : NULL;
	enum err err = ERR_OK;

	if (*name && !file) {
		snprintf(why, WHY_LEN,
			 "cannot write the log to %s: %s; name another with "
			 "\"log-file = PATH\" in the config",
			 path, strerror(errno));
		err = ERR_CONFIG;
	} else {
		if (daemon->log_file)
			fclose(daemon->log_file);
		daemon->log_file = file;
		daemon->log.stream = file ? file : stderr;
	}
	free(path);
	return err;
}

static void say_taken(struct daemon *daemon, const struct config *next)
{
	struct buf taken, later;

	buf_init(&taken, LOG_LINE_LEN_MAX);
	buf_init(&later, LOG_LINE_LEN_MAX);
	config_take(&daemon->config, next, &taken, &later);
	log_line(&daemon->log, clock_now_ms(), LOG_CONFIG_RIGHT, "%s%.*s%s%.*s%s",
		 taken.len ? "changed now: " : "", (int)taken.len, (const char *)taken.ptr,
		 later.len   ? (taken.len ? "; with the next start: " : "with the next start: ")
		 : taken.len ? ""
			     : "nothing has changed",
		 (int)later.len, (const char *)later.ptr, "");
	buf_fini(&taken);
	buf_fini(&later);
}

/*
 * Who rotates logs or has changed the settings sends it: nothing may stop by it. Settings that are
 * wrong change nothing.
 */
static void hung_up(struct daemon *daemon)
{
	struct config next;
	char why[WHY_LEN];

	if (read_config(&next, daemon->options, why)) {
		log_line(&daemon->log, clock_now_ms(), LOG_CONFIG_WRONG,
			 "%s; those before stay in force", why);
	} else {
		say_taken(daemon, &next);
		if (!daemon->options->has_level)
			daemon->log.level = daemon->config.log;
		daemon->log.format = daemon->config.log_format;
	}
	if (open_log(daemon, why))
		log_line(&daemon->log, clock_now_ms(), LOG_CONFIG_WRONG, "%s", why);
}

static void signalled(uv_signal_t *signal, int number)
{
	struct daemon *daemon = signal->data;

	if (number == SIGHUP) {
		hung_up(daemon);
		return;
	}
	if (daemon->phase != DAEMON_RUNNING)
		_exit(128 + number); /* asked twice: at once. What is on disk is on disk. */
	log_line(&daemon->log, clock_now_ms(), LOG_STOP, "signal %d", number);
	daemon_stop(daemon);
}

static void ready(uv_async_t *async)
{
	struct daemon *daemon = async->data;

	if (daemon->phase == DAEMON_RUNNING || daemon->phase == DAEMON_CLOSING)
		carry_all(daemon);
	if (daemon->fault && daemon->phase == DAEMON_RUNNING)
		daemon_stop(daemon);
}

/* On the core thread. */
static void tell_ready(void *arg)
{
	struct daemon *daemon = arg;

	uv_async_send(&daemon->ready);
}

/* Starting */

static enum err open_store(struct daemon *daemon, const struct daemon_options *options, char *why)
{
	struct db_options db_options = {0};
	struct txn *txn;
	enum err err = dir_open(&daemon->dir, options->dir, why);

	if (err)
		return err;
	daemon->dir_held = true;
	err = read_config(&daemon->config, options, why);
	if (err)
		return err;
	err = unlock_keyring(&daemon->keyring, options->dir, &options->passphrase, why);
	if (err)
		return err;
	err = db_open(&daemon->db, options->dir, &db_options);
	if (err)
		return refuse_start(why, err, "the store in %s cannot be opened: %s", options->dir,
				    err_text(err));
	txn = txn_begin(daemon->db, false);
	err = identity_load(&daemon->identity, daemon->keyring, txn);
	txn_abort(txn);
	daemon->identity_loaded = !err;
	if (!err && daemon->config.operator[0])
		snprintf(daemon->identity.operator, sizeof(daemon->identity.operator), "%s",
			 daemon->config.operator);
	if (err == ERR_ABSENT)
		refuse_start(
			why, err,
			"%s holds a store, but of nobody: take another directory, or bring the "
			"node back with `allmende restore` or `allmende init --recover`",
			options->dir);
	else if (err == ERR_AGAIN)
		refuse_start(
			why, err,
			"the node in %s waits to be taken in: hand the line that `allmende init "
			"--node` printed to `allmende node add`, and its answer to `allmende node "
			"accept`",
			options->dir);
	else if (err)
		refuse_start(why, err, "the identity in %s cannot be read: %s", options->dir,
			     err_text(err));
	return err;
}

/* What others are told to dial: the setting, or what is listened on, by the machine's name if that
   is any address. */
static void find_addresses(struct daemon *daemon)
{
	struct config *config = &daemon->config;
	char host[LIMIT_ADDRESS_LEN_MAX + 1], name[LIMIT_ADDRESS_LEN_MAX - 6] = "";
	const char *bound = net_address(daemon->net);
	size_t count = 0;
	uint16_t port;

	for (; count < config->advertise_count; count++)
		snprintf(daemon->advertised[count], sizeof(daemon->advertised[count]), "%s",
			 config->advertise[count]);
	if (count == 0 && !config->dial_only && !address_split(bound, host, &port)) {
		bool any = !strcmp(host, "0.0.0.0") || !strcmp(host, "::");

		if (any && gethostname(name, sizeof(name) - 1) == 0 && name[0])
			snprintf(daemon->advertised[count++], LIMIT_ADDRESS_LEN_MAX + 1, "%s:%u",
				 name, port);
		else if (!any)
			snprintf(daemon->advertised[count++], LIMIT_ADDRESS_LEN_MAX + 1, "%s",
				 bound);
	}
	for (size_t i = 0; i < count; i++)
		daemon->addresses[i] = daemon->advertised[i];
}

static void open_handles(struct daemon *daemon)
{
	static const int numbers[SIGNAL_COUNT] = {SIGTERM, SIGINT, SIGHUP};

	check(uv_async_init(&daemon->loop, &daemon->ready, ready) == 0);
	check(uv_timer_init(&daemon->loop, &daemon->stop_timer) == 0);
	daemon->ready.data = daemon->stop_timer.data = daemon;
	packers_init(&daemon->packers, &daemon->loop);
	for (size_t i = 0; i < SIGNAL_COUNT; i++) {
		check(uv_signal_init(&daemon->loop, &daemon->signals[i]) == 0);
		daemon->signals[i].data = daemon;
		check(uv_signal_start(&daemon->signals[i], signalled, numbers[i]) == 0);
	}
	daemon->handles_open = true;
}

static enum err start_turn(struct daemon *daemon, char *why)
{
	struct turn_options options = {
		.db = daemon->db,
		.dir = daemon->dir_path,
		.core = {.limits = &daemon->config.limits,
			 .random = &daemon->core_random,
			 .keyring = daemon->keyring,
			 .identity = &daemon->identity,
			 .software = DAEMON_SOFTWARE,
			 .addresses = daemon->addresses,
			 .dial_only = daemon->config.dial_only},
		.ready = tell_ready,
		.arg = daemon,
	};
	enum err err = turn_start(&daemon->turn, &options);

	if (err)
		refuse_start(why, err, "the node's state in %s cannot be loaded: %s",
			     daemon->dir_path, err_text(err));
	return err;
}

static void open_net(struct daemon *daemon)
{
	struct net_options options = {
		.loop = &daemon->loop,
		.db = daemon->db,
		.log = &daemon->log,
		.limits = &daemon->config.limits,
		.random = &daemon->random,
		.transport = secret_key(daemon->identity.transport),
	};

	net_open(&daemon->net, &options);
}

static void request_begins(void *arg, struct http_request *request)
{
	struct daemon *daemon = arg;

	if (!metrics_begin(&daemon->metrics, request))
		api_begin(daemon->api, request);
}

static enum err start_http(struct daemon *daemon, char *why)
{
	struct http_options options = {
		.loop = &daemon->loop,
		.limits = &daemon->config.limits,
		.dir = daemon->dir_path,
		.begin = request_begins,
		.arg = daemon,
	};

	struct server_options server = {
		.loop = &daemon->loop,
		.limits = &daemon->config.limits,
		.address = daemon->config.http,
		.proxies = daemon->config.http_proxies,
	};
	enum err err = http_open(&daemon->http, &options, why);

	if (!err && daemon->config.http[0]) {
		err = server_open(&daemon->server, &server, why);
		if (err)
			http_close(daemon->http);
	}
	return err;
}

static void fill_view(struct daemon *daemon)
{
	daemon->view = (struct node_view){
		.dir = daemon->dir_path,
		.config = &daemon->config,
		.db = daemon->db,
		.keyring = daemon->keyring,
		.identity = &daemon->identity,
		.addresses = daemon->addresses,
		.listen = net_address(daemon->net),
		.http = daemon->server ? server_address(daemon->server) : "",
		.software = DAEMON_SOFTWARE,
		.started_ms = daemon->started_ms,
		.loop = &daemon->loop,
		.log = &daemon->log,
		.turn = daemon->turn,
		.net = daemon->net,
		.uploads = &daemon->uploads,
		.downloads = &daemon->downloads,
		.verify = &daemon->verify,
		.deliver = &daemon->deliver,
		.reseal = &daemon->reseal,
	};
}

static void start_derive(struct daemon *daemon)
{
	struct derive_options options = {
		.dir = daemon->dir_path, .contents = daemon->contents, .asker = daemon->asker};

	daemon->derive = derive_open(&options);
	daemon->view.derive = daemon->derive;
}

/* What cannot fail, once all that can has not. */
static void open_rest(struct daemon *daemon)
{
	struct web_options web = {.node = &daemon->view,
				  .tables = api_routes,
				  .server = daemon->server,
				  .metrics = &daemon->metrics};
	struct api_options api = {.node = &daemon->view, .tables = api_routes};

	fill_view(daemon);
	daemon->indexer = indexer_open(&daemon->view, &daemon->packers);
	daemon->view.index = indexer_store(daemon->indexer);
	daemon->asker = web.asker = api.asker = asker_open(&daemon->loop, daemon->turn);
	daemon->contents = contents_open(daemon->db, daemon->asker, daemon->turn);
	daemon->view.contents = daemon->contents;
	start_derive(daemon);
	daemon->feed = feed_open(&daemon->view, daemon->asker);
	daemon->view.layers = daemon->layers = layers_open(&daemon->view);
	daemon->web = api.web = web_open(&web);
	daemon->api = api_open(&api);
	metrics_init(&daemon->metrics, &daemon->view, daemon->asker);
	daemon->uploads = (struct uploads){.loop = &daemon->loop,
					   .turn = daemon->turn,
					   .db = daemon->db,
					   .packers = &daemon->packers,
					   .log = &daemon->log,
					   .limits = &daemon->config.limits};
	uploads_open(&daemon->uploads);
	daemon->downloads = (struct downloads){.loop = &daemon->loop,
					       .turn = daemon->turn,
					       .db = daemon->db,
					       .packers = &daemon->packers};
	daemon->deliver = (struct deliver){.loop = &daemon->loop,
					   .turn = daemon->turn,
					   .db = daemon->db,
					   .packers = &daemon->packers,
					   .downloads = &daemon->downloads,
					   .log = &daemon->log,
					   .limits = &daemon->config.limits,
					   .mark = daemon->identity.slug};
	deliver_open(&daemon->deliver);
	daemon->reseal = (struct reseal){.loop = &daemon->loop,
					 .turn = daemon->turn,
					 .uploads = &daemon->uploads,
					 .downloads = &daemon->downloads,
					 .log = &daemon->log};
	reseal_open(&daemon->reseal);
	daemon->verify =
		(struct verify){.loop = &daemon->loop, .turn = daemon->turn, .db = daemon->db};
	web_start(daemon->web);
}

static void doubt_passphrase(struct daemon *daemon, const struct daemon_options *options)
{
	char why[WHY_LEN] = "";

	if (options->passphrase.file)
		passphrase_doubt(why, options->passphrase.file, daemon->dir_path);
	if (why[0])
		log_line(&daemon->log, clock_now_ms(), LOG_PASSPHRASE, "%s", why);
}

enum err daemon_open(struct daemon *daemon, const struct daemon_options *options, char *why)
{
	enum err err;

	*daemon = (struct daemon){.dir_path = options->dir, .started_ms = clock_now_ms()};
	daemon->random = random_system();
	daemon->core_random = random_system();
	daemon->options = options;
	err = open_store(daemon, options, why);
	if (err)
		return err;
	log_init(&daemon->log, stderr, options->has_level ? options->level : daemon->config.log,
		 daemon->config.log_format);
	err = open_log(daemon, why);
	if (err)
		return err;
	doubt_passphrase(daemon, options);
	check(uv_loop_init(&daemon->loop) == 0);
	daemon->loop_open = true;
	open_handles(daemon);
	open_net(daemon);
	if (!daemon->config.dial_only)
		err = net_listen(daemon->net, daemon->config.listen, why);
	if (err)
		return err;
	find_addresses(daemon);
	err = start_turn(daemon, why);
	if (err)
		return err;
	net_attach(daemon->net, daemon->turn);
	err = start_http(daemon, why);
	if (err)
		return err;
	open_rest(daemon);
	return ERR_OK;
}

enum err daemon_run(struct daemon *daemon, char *why)
{
	const char *listen = daemon->view.listen, *http = daemon->view.http;

	log_line(&daemon->log, clock_now_ms(), LOG_READY, "%s (%s), %s%s%s%s, %s/control.sock",
		 daemon->identity.name, daemon->identity.slug,
		 listen[0] ? "listening on " : "dialling out only", listen,
		 http[0] ? ", http on " : "", http, daemon->dir_path);
	uv_run(&daemon->loop, UV_RUN_DEFAULT);
	if (daemon->fault)
		return refuse_start(why, daemon->fault,
				    "the store in %s cannot be used any more: %s", daemon->dir_path,
				    err_text(daemon->fault));
	return ERR_OK;
}

/* After a failed start: what was opened goes, in the order of daemon_stop(). */
static void close_partly(struct daemon *daemon)
{
	struct turn_batch *batch;

	if (daemon->net)
		net_close(daemon->net, net_is_closed, daemon);
	if (daemon->turn)
		turn_stop(daemon->turn);
	while (daemon->turn && (batch = turn_take(daemon->turn)))
		turn_batch_free(batch);
	daemon->phase = DAEMON_STOPPED;
	uv_close((uv_handle_t *)&daemon->ready, NULL);
	uv_close((uv_handle_t *)&daemon->stop_timer, NULL);
	packers_close(&daemon->packers);
	for (size_t i = 0; i < SIGNAL_COUNT; i++)
		uv_close((uv_handle_t *)&daemon->signals[i], NULL);
	uv_run(&daemon->loop, UV_RUN_DEFAULT);
}

void daemon_close(struct daemon *daemon)
{
	if (daemon->handles_open && daemon->phase == DAEMON_RUNNING)
		close_partly(daemon);
	downloads_fini(&daemon->downloads);
	if (daemon->indexer)
		indexer_free(daemon->indexer);
	metrics_fini(&daemon->metrics);
	packers_fini(&daemon->packers);
	if (daemon->turn)
		turn_free(daemon->turn);
	if (daemon->net)
		net_free(daemon->net);
	if (daemon->loop_open)
		check(uv_loop_close(&daemon->loop) == 0);
	if (daemon->identity_loaded)
		identity_fini(&daemon->identity);
	if (daemon->db)
		db_close(daemon->db);
	keyring_close(daemon->keyring);
	if (daemon->log_file)
		fclose(daemon->log_file);
	if (daemon->dir_held)
		dir_close(&daemon->dir);
}
