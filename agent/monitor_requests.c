/* SPDX-License-Identifier: ISC */
/*
 * What the engine may ask.  What is not in the table cannot happen, and each request is
 * judged again here: the engine may have been taken over.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "agent/command.h"
#include "agent/importdir.h"
#include "agent/log.h"
#include "agent/memfile.h"
#include "agent/monitor_self.h"
#include "agent/outbox_file.h"
#include "agent/stage.h"
#include "agent/staged.h"
#include "lib/snapshot.h"

#define KEYS_MAX ((size_t)64 << 20)
#define BUNDLE_MAX ((size_t)1 << 30)
#define KEPT_BUNDLES 2

/* Besides 0, done, and -1, refused. */
#define LATER 1 /* a helper does it and answers */

static bool
is_text(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

static void
check_commit(const struct status_commit *commit)
{
	if (!is_text(commit->user, sizeof(commit->user)) ||
	    !is_text(commit->comment, sizeof(commit->comment)) ||
	    !is_text(commit->error_text, sizeof(commit->error_text)) ||
	    !is_text(commit->changes, sizeof(commit->changes)))
		fatal("requests", "an irregular request: a text has no end");
}

/* --- keys --- */

static int
do_keys(struct monitor *m, struct msg *msg, struct err *err)
{
	struct mapping map;
	int rc;

	if (memfile_map(msg->fds[0], KEYS_MAX, &map, err) == -1)
		return -1;
	rc = keys_add(&m->keys, map.data, map.size, err);
	mapping_clear(&map);
	return rc;
}

static int
do_forget(struct monitor *m, struct msg *msg, struct err *err)
{
	const struct priv_forget *forget = (const void *)msg->data;
	struct mapping maps[KEPT_BUNDLES] = { { NULL, 0 } };
	struct bundle bundles[KEPT_BUNDLES];
	int i, rc = -1;

	if (forget->nkeep != (uint32_t)msg->nfds)
		fatal("requests", "an irregular request: bundles are missing");
	for (i = 0; i < msg->nfds; i++)
		if (memfile_map(msg->fds[i], BUNDLE_MAX, &maps[i], err) == -1 ||
		    bundle_open(&bundles[i], maps[i].data, maps[i].size, NULL, err) ==
			-1)
			goto out;
	rc = keys_keep(&m->keys, bundles, (size_t)msg->nfds, err);
out:
	for (i = 0; i < KEPT_BUNDLES; i++)
		mapping_clear(&maps[i]);
	return rc;
}

/* --- a commit --- */

/* In the helper. */
static int
stage(struct monitor *m, void *context, struct err *err)
{
	struct msg *msg = context;
	const struct priv_stage *request = (const void *)msg->data;
	struct mapping snapshot, bundle;
	struct stage s = {
		.generations = &m->store.generations,
		.services = m->services,
		.keys = &m->keys,
		.base = request->base,
		.restore = m->store.state.journal.restore,
		.commit = request->commit,
	};

	if (memfile_map(msg->fds[0], SNAPSHOT_MAX, &snapshot, err) == -1 ||
	    memfile_map(msg->fds[1], BUNDLE_MAX, &bundle, err) == -1)
		return -1;
	s.commit.generation = request->generation;
	s.snapshot = (struct blob){ snapshot.data, snapshot.size };
	s.bundle = (struct blob){ bundle.data, bundle.size };
	return stage_run(&s, err);
}

static int
do_stage(struct monitor *m, struct msg *msg, struct err *err)
{
	const struct priv_stage *request = (const void *)msg->data;
	size_t i;

	check_commit(&request->commit);
	if (helper_stages(m))
		return err_set(err, ERR_BUSY, "",
		    "another generation is being written");
	if (store_check_number(&m->store, request->generation, err) == -1 ||
	    store_drop_settings(&m->store, request->generation, err) == -1 ||
	    helper_start(m, msg->id, stage, msg, msg->fds, 2, err) == -1)
		return -1;
	for (i = 0; i < HELPERS_MAX; i++)
		if (m->helpers[i].used && m->helpers[i].id == msg->id)
			m->helpers[i].stages = true;
	return LATER;
}

static int
do_activate(struct monitor *m, struct msg *msg, struct err *err)
{
	const struct priv_activate *request = (const void *)msg->data;

	if (helper_stages(m))
		return err_set(err, ERR_BUSY, "", "a generation is being written");
	return store_activate(&m->store, request, err);
}

/* In the helper: nobody waits for it. */
static int
sweep(struct monitor *m, void *context, struct err *err)
{
	(void)context;
	return generations_sweep(&m->store.generations, false, err);
}

static int
do_end(struct monitor *m, struct msg *msg, struct err *err)
{
	const struct priv_end *request = (const void *)msg->data;
	struct err ignored;

	check_commit(&request->commit);
	if (!is_text(request->confirm.user, sizeof(request->confirm.user)) ||
	    !is_text(request->confirm.persist, sizeof(request->confirm.persist)))
		fatal("requests", "an irregular request: a text has no end");
	if (request->confirm.deadline_ms < 0 || request->confirm.restore > INT64_MAX)
		fatal("requests", "an irregular request: a number is out of range");
	if (store_end(&m->store, request, err) == -1)
		return -1;
	if (helper_start(m, 0, sweep, NULL, NULL, 0, &ignored) == -1)
		log_warn("store", "old generations stay until the next commit: %s",
		    ignored.text);
	return 0;
}

static int
do_counters(struct monitor *m, struct msg *msg, struct err *err)
{
	const struct priv_counters *request = (const void *)msg->data;

	return state_put_counters(&m->store.state, &request->counters, err);
}

/* Whole records, and nothing else, so that the next start can read them. */
static void
check_records(const struct mapping *map, bool anew)
{
	struct blob rest = { map->data, map->size };
	struct outbox_record record;

	if (anew && !outbox_file_open(&rest))
		fatal("requests", "an irregular request: not an outbox");
	while (outbox_file_next(&rest, &record))
		continue;
	if (rest.len != 0)
		fatal("requests", "an irregular request: not a record");
}

static int
do_outbox(struct monitor *m, struct msg *msg, struct err *err)
{
	const struct priv_outbox *request = (const void *)msg->data;
	struct mapping map;
	int rc;

	if (memfile_map(msg->fds[0], OUTBOX_FILE_MAX, &map, err) == -1)
		return -1;
	check_records(&map, request->anew != 0);
	rc = outbox_file_put(m->store.state.dir, (struct blob){ map.data, map.size },
	    request->anew != 0, err);
	mapping_clear(&map);
	return rc;
}

static const char *const load_paths[] = {
	[LOAD_SNAPSHOT] = SNAPSHOT_NAME,
	[LOAD_CONFIG] = "config.xml",
	[LOAD_FACTORY] = "credentials/factory/cert.pem",
};
_Static_assert(nitems(load_paths) == LOAD_FILE_MAX, "a path for every file");

static int
do_load(struct monitor *m, struct msg *msg, struct err *err)
{
	const struct priv_load *request = (const void *)msg->data;
	struct priv_done done = { .generation = request->generation };
	int fds[2], nfds = 1;

	if (request->file >= LOAD_FILE_MAX)
		return err_set(err, ERR_DENIED, "", "there is no such file to load");
	if (done.generation == 0 &&
	    generation_before_live(&m->store.generations, &done.generation, err) == -1)
		return -1;
	if ((fds[0] = generation_file(&m->store.generations, done.generation,
		 load_paths[request->file], err)) == -1)
		return -1;
	if (request->file == LOAD_SNAPSHOT &&
	    (fds[1] = monitor_kept_settings(m, done.generation)) != -1)
		nfds++;
	monitor_tell(m, PRIV_DONE, msg->id, &done, sizeof(done), fds, nfds);
	while (nfds > 0)
		(void)close(fds[--nfds]);
	return LATER;
}

/* --- what SNMP changes without a commit --- */

static bool
is_a_change(const struct setting_change *change)
{
	return change->kind < CHANGE_KIND_MAX && change->value >= WARN_DAYS_GLOBAL &&
	    change->value <= UINT32_MAX &&
	    (change->value >= 0 || change->kind == CHANGE_LOCAL_WARN_DAYS);
}

static int
do_settings(struct monitor *m, struct msg *msg, struct err *err)
{
	const struct priv_settings *request = (const void *)msg->data;
	uint32_t i;

	if (request->ngenerations > PRIV_SETTINGS_GENERATIONS ||
	    request->nchanges > SNMP_CHANGES_MAX)
		fatal("requests", "an irregular request: too many settings");
	for (i = 0; i < request->ngenerations; i++)
		if (request->generations[i] > INT64_MAX)
			fatal("requests", "an irregular request: no generation");
	for (i = 0; i < request->nchanges; i++)
		if (!is_a_change(&request->changes[i]))
			fatal("requests", "an irregular request: no setting");
	return store_put_settings(&m->store, request, err);
}

static int
do_import(struct monitor *m, struct msg *msg, struct err *err)
{
	const struct priv_import *request = (const void *)msg->data;
	const struct priv_done done = { .err = { .code = ERR_NONE } };
	int fd;

	if (!is_text(request->name, sizeof(request->name)))
		fatal("requests", "an irregular request: a text has no end");
	fd = request->spooled != 0
	    ? spool_open(m->store.root, request->name, err)
	    : importdir_open(m->store.root, IMPORT_DIR, request->name, err);
	if (fd == -1)
		return -1;
	monitor_tell(m, PRIV_DONE, msg->id, &done, sizeof(done), &fd, 1);
	(void)close(fd);
	return LATER;
}

static int
do_spool(struct monitor *m, struct msg *msg, struct err *err)
{
	const struct priv_spool *request = (const void *)msg->data;
	const struct priv_done done = { .err = { .code = ERR_NONE } };
	struct spool_document rows[LIMIT_KEPT];
	size_t n;
	int fd;

	if (!is_text(request->done.name, sizeof(request->done.name)))
		fatal("requests", "an irregular request: a text has no end");
	if (request->done.name[0] != '\0' &&
	    spool_remove(m->store.root, &request->done, err) == -1)
		return -1;
	n = spool_list(m->store.root, rows);
	if ((fd = memfile_new("spool", rows, n * sizeof(rows[0]), err)) == -1)
		return -1;
	monitor_tell(m, PRIV_DONE, msg->id, &done, sizeof(done), &fd, 1);
	(void)close(fd);
	return LATER;
}

/* --- services --- */

/* What each command is called, and where its arguments are in a definition. */
static const struct {
	const char *what;
	size_t argv;
} commands[] = {
	[COMMAND_CHECK] = { "check", offsetof(struct service, check) },
	[COMMAND_RESTART] = { "restart", offsetof(struct service, restart) },
	[COMMAND_STOP] = { "stop", offsetof(struct service, stop) },
};
_Static_assert(nitems(commands) == COMMAND_MAX, "a row for every command");

static char *const *
arguments(const struct service *s, uint32_t command)
{
	char **argv;

	memcpy(&argv, (const char *)s + commands[command].argv, sizeof(argv));
	return argv;
}

/* In the helper. */
static int
run_command(struct monitor *m, void *context, struct err *err)
{
	const struct priv_run *request = context;
	const struct service *s = &m->services->rows[request->service];
	const struct command command = {
		.service = s->facts.name,
		.what = commands[request->command].what,
		.argv = arguments(s, request->command),
		.deadline_ms = s->facts.deadline_ms,
		.daemonises = s->daemonises && request->command == COMMAND_RESTART,
	};

	if (request->command == COMMAND_CHECK &&
	    staged_enter(&m->store.generations, request->generation, err) == -1)
		return -1;
	return command_run(&command, err);
}

static int
do_run(struct monitor *m, struct msg *msg, struct err *err)
{
	struct priv_run *request = (void *)msg->data;
	const struct service *s;

	if (request->services_revision != m->services->table.revision)
		return err_set(err, ERR_CONFLICT, "",
		    "the service definitions changed meanwhile");
	if (request->service >= m->services->table.count ||
	    request->command >= COMMAND_MAX)
		return err_set(err, ERR_DENIED, "", "there is no such command");
	s = &m->services->rows[request->service];
	if (arguments(s, request->command) == NULL)
		return err_set(err, ERR_DENIED, s->facts.name,
		    "the service has no %s command", commands[request->command].what);
	log_debug("service", "%s: %s", s->facts.name, commands[request->command].what);
	if (helper_start(m, msg->id, run_command, request, NULL, 0, err) == -1)
		return -1;
	return LATER;
}

static int
do_hold(struct monitor *m, struct msg *msg, struct err *err)
{
	const struct priv_hold *request = (const void *)msg->data;

	m->committing = request->on != 0;
	if (request->on == 0 ||
	    request->services_revision == m->services->table.revision)
		return 0;
	m->committing = false;
	return err_set(err, ERR_CONFLICT, "",
	    "the service definitions changed meanwhile");
}

/* What waits and has no definition now goes on waiting for it. */
static void
add_undefined(struct waiting *waiting, const struct waiting *old,
    const struct services *table)
{
	uint32_t i;

	for (i = 0; i < old->count && old->boot == state_boot(); i++)
		if (services_named(table, text_of(old->services[i].name)) == NULL)
			waiting_add(waiting, old->services[i].name,
			    old->services[i].kind);
}

static int
do_pending(struct monitor *m, struct msg *msg, struct err *err)
{
	const struct priv_services *request = (const void *)msg->data;
	const struct services *table = &m->services->table;
	struct waiting waiting = { 0 };
	uint32_t i;

	if (request->services_revision != table->revision)
		return err_set(err, ERR_CONFLICT, "",
		    "the service definitions changed meanwhile");
	for (i = 0; i < table->count; i++)
		if ((request->pending.services >> i & 1) != 0)
			waiting_add(&waiting, table->rows[i].name,
			    (request->pending.lost >> i & 1) != 0 ? WAITING_LOST
				: (request->pending.unseen >> i & 1) != 0
				? WAITING_UNSEEN
				: WAITING_SEEN);
	add_undefined(&waiting, &m->store.state.waiting, table);
	return state_put_waiting(&m->store.state, &waiting, err);
}

/* In the helper: what was read before is read again, from the disk. */
static int
verify(struct monitor *m, void *context, struct err *err)
{
	const struct generations *g = &m->store.generations;
	bool snapshot;

	(void)context;
	return generation_verify(g, g->live, &snapshot, err);
}

static int
do_verify(struct monitor *m, struct msg *msg, struct err *err)
{
	if (helper_start(m, msg->id, verify, NULL, NULL, 0, err) == -1)
		return -1;
	return LATER;
}

static int
do_snmp_kill(struct monitor *m, struct msg *msg, struct err *err)
{
	(void)msg;
	(void)err;
	children_kill_snmp(m);
	return 0;
}

static int
do_publish(struct monitor *m, struct msg *msg, struct err *err)
{
	if (helper_start(m, msg->id, board_copy, msg, msg->fds, 1, err) == -1)
		return -1;
	return LATER;
}

/* --- the table --- */

static const struct msg_shape shapes[PRIV_TYPE_MAX] = {
	[PRIV_KEYS] = { sizeof(struct priv_keys), 1, 1 },
	[PRIV_FORGET] = { sizeof(struct priv_forget), 0, KEPT_BUNDLES },
	[PRIV_STAGE] = { sizeof(struct priv_stage), 2, 2 },
	[PRIV_ACTIVATE] = { sizeof(struct priv_activate), 0, 0 },
	[PRIV_RUN] = { sizeof(struct priv_run), 0, 0 },
	[PRIV_END] = { sizeof(struct priv_end), 0, 0 },
	[PRIV_LOAD] = { sizeof(struct priv_load), 0, 0 },
	[PRIV_COUNTERS] = { sizeof(struct priv_counters), 0, 0 },
	[PRIV_HOLD] = { sizeof(struct priv_hold), 0, 0 },
	[PRIV_PENDING] = { sizeof(struct priv_services), 0, 0 },
	[PRIV_SETTINGS] = { sizeof(struct priv_settings), 0, 0 },
	[PRIV_IMPORT] = { sizeof(struct priv_import), 0, 0 },
	[PRIV_SPOOL] = { sizeof(struct priv_spool), 0, 0 },
	[PRIV_VERIFY] = { sizeof(struct priv_none), 0, 0 },
	[PRIV_OUTBOX] = { sizeof(struct priv_outbox), 1, 1 },
	[PRIV_SNMP_KILL] = { sizeof(struct priv_none), 0, 0 },
	[PRIV_PUBLISH] = { sizeof(struct priv_none), 1, 1 },
};

static int (*const run[PRIV_TYPE_MAX])(struct monitor *, struct msg *, struct err *) = {
	[PRIV_KEYS] = do_keys,
	[PRIV_FORGET] = do_forget,
	[PRIV_STAGE] = do_stage,
	[PRIV_ACTIVATE] = do_activate,
	[PRIV_RUN] = do_run,
	[PRIV_END] = do_end,
	[PRIV_LOAD] = do_load,
	[PRIV_COUNTERS] = do_counters,
	[PRIV_HOLD] = do_hold,
	[PRIV_PENDING] = do_pending,
	[PRIV_SETTINGS] = do_settings,
	[PRIV_IMPORT] = do_import,
	[PRIV_SPOOL] = do_spool,
	[PRIV_VERIFY] = do_verify,
	[PRIV_OUTBOX] = do_outbox,
	[PRIV_SNMP_KILL] = do_snmp_kill,
	[PRIV_PUBLISH] = do_publish,
};

void
requests_answer(struct monitor *m, uint32_t id, const struct err *err)
{
	const struct priv_done done = { .err = *err };

	monitor_tell(m, PRIV_DONE, id, &done, sizeof(done), NULL, 0);
}

void
requests_handle(struct monitor *m)
{
	struct err err = { .code = ERR_NONE };
	int rc;

	rc = msg_recv(m->engine, &m->msg);
	if (rc == -1 && errno == EAGAIN)
		return;
	if (rc != 1)
		fatal("requests", "the engine's channel: %s",
		    rc == 0 ? "closed" : strerror(errno));
	if (!msg_fits(&m->msg, shapes, nitems(shapes)) || m->msg.id == 0)
		fatal("requests", "an irregular request of type %u", m->msg.type);
	rc = run[m->msg.type](m, &m->msg, &err);
	msg_close(&m->msg);
	if (rc != LATER)
		requests_answer(m, m->msg.id, &err);
}
