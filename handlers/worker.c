/* SPDX-License-Identifier: ISC */
#include "handlers/worker.h"

#include <string.h>
#include <sys/prctl.h>

#include <openssl/evp.h>

#include "agent/sandbox.h"
#include "handlers/change.h"
#include "handlers/factory.h"
#include "handlers/import.h"
#include "handlers/rebuild.h"
#include "handlers/scrub.h"
#include "lib/document.h"
#include "lib/key.h"
#include "lib/monitoring.h"

#define SNMP_ID "snmp" /* of confirmed commits, so that a later SET can name them */
#define CPU_SECONDS 60 /* a trust store of the largest size takes a tenth of it */

struct worker {
	struct engine_client *engine;
	const struct job *job;
	struct buf keys; /* key records the change comes with */
	struct buf der;  /* of the factory certificate */
	/* what a rebased candidate borrows from */
	struct kept base_file;
	struct view running_view;
	struct config base, mine;
	uint64_t candidate; /* its revision */
	int document;       /* to import */
};

/* --- changes --- */

static int
apply_mode(void *context, const struct view *view, struct config *config,
    struct err *err)
{
	const struct worker *w = context;

	(void)view;
	if (w->job->arg >= VERIFY_MODE_MAX)
		return err_set(err, ERR_BAD_ELEMENT, "/certconf/verification-mode",
		    "there is no such mode");
	config->mode = (enum verify_mode)w->job->arg;
	return config_complete(config, time(NULL), err);
}

static int
apply_delete_local(void *context, const struct view *view, struct config *config,
    struct err *err)
{
	(void)context;
	(void)view;
	config_remove_credential(config, text_of(CREDENTIAL_LOCAL));
	return config_complete(config, time(NULL), err);
}

static int
apply_delete_trust(void *context, const struct view *view, struct config *config,
    struct err *err)
{
	(void)context;
	(void)view;
	config_remove_trust(config);
	return config_complete(config, time(NULL), err);
}

/* --- the factory credential --- */

static int
keep_key(struct buf *keys, EVP_PKEY *key, struct err *err)
{
	struct key_record record;
	struct buf pem = { NULL, 0, 0 };
	int rc = -1;

	memset(&record, 0, sizeof(record));
	if (key_id(key, record.key_id, err) == -1 || key_write(&pem, key, err) == -1)
		goto out;
	record.len = (uint32_t)pem.len;
	if (buf_add(keys, &record, sizeof(record)) == -1 ||
	    buf_add(keys, pem.data, pem.len) == -1)
		err_set(err, ERR_MEMORY, NULL, "no memory");
	else
		rc = 0;
out:
	buf_wipe(&pem);
	return rc;
}

/* Made once, whatever the base turns out to be. */
static int
make_factory(struct worker *w, struct err *err)
{
	time_t now = time(NULL);
	EVP_PKEY *key = NULL;
	struct view view;
	int rc;

	if (view_load(w->engine, STORE_RUNNING, &view, err) == -1)
		return -1;
	/* with a clock that was never set, the device was at least not built later */
	if (clock_judge(now) == CLOCK_IMPLAUSIBLE)
		now = BUILD_DATE_EPOCH;
	rc = factory_make(view.status->host, now, &w->der, &key, err);
	view_clear(&view);
	if (rc == 0)
		rc = keep_key(&w->keys, key, err);
	EVP_PKEY_free(key);
	return rc;
}

static int
apply_factory(void *context, const struct view *view, struct config *config,
    struct err *err)
{
	const struct text name = text_of(CREDENTIAL_FACTORY);
	const struct worker *w = context;
	const struct blob der = { w->der.data, w->der.len };
	struct credential *factory = config_credential(config, name);
	struct credential said = { .muted = false };
	struct cert *cert;

	(void)view;
	if (factory != NULL)
		said = *factory;
	config_remove_credential(config, name);
	if ((factory = config_add_credential(config, name)) == NULL ||
	    (cert = arena_alloc(&config->arena, sizeof(*cert))) == NULL)
		return err_set(err, ERR_MEMORY, NULL, "no memory");
	if (cert_parse(&config->arena, der, cert, err) == -1)
		return -1;
	factory->chain = cert;
	factory->count = 1;
	factory->has_key = true;
	memcpy(factory->key_id, cert->key_id, sizeof(factory->key_id));
	factory->index = INDEX_FACTORY;
	monitoring_copy(factory, &said);
	return config_complete(config, time(NULL), err);
}

/* --- putting the candidate on a newer generation --- */

static void
rebase_clear(struct worker *w)
{
	config_clear(&w->mine);
	config_clear(&w->base);
	view_clear(&w->running_view);
}

static int
apply_rebase(void *context, const struct view *view, struct config *config,
    struct err *err)
{
	struct worker *w = context;

	rebase_clear(w);
	kept_clear(&w->base_file);
	w->candidate = view->revision;
	w->mine = *config; /* the candidate; config becomes what is running */
	memset(config, 0, sizeof(*config));
	/* each time anew: SNMP changes settings in all three */
	if (kept_load(w->engine, w->job->arg, &w->base_file, err) == -1 ||
	    view_load(w->engine, STORE_RUNNING, &w->running_view, err) == -1 ||
	    view_config(&w->running_view, config, err) == -1 ||
	    snapshot_load(&w->base_file.snapshot, &w->base, err) == -1 ||
	    config_merge(config, &w->base, &w->mine, err) == -1)
		return -1;
	return config_complete(config, time(NULL), err);
}

/* --- the jobs --- */

/* What SNMP asked for; a confirmed commit of its own that waits is settled by it. */
static int
read_terms(struct worker *w, struct commit_terms *terms, struct err *err)
{
	struct view view;

	terms->origin = ORIGIN_SNMP;
	if (w->job->commit == 0)
		return 0;
	terms->defer_restart = w->job->defer_restart != 0;
	terms->confirm_timeout = w->job->confirm_timeout;
	if (terms->confirm_timeout != 0)
		text_copy(terms->persist, sizeof(terms->persist), text_of(SNMP_ID));
	if (view_load(w->engine, STORE_RUNNING, &view, err) == -1)
		return -1;
	if (view.status->confirm_restore != 0 &&
	    strcmp(view.status->confirm_persist, SNMP_ID) == 0)
		text_copy(terms->persist_id, sizeof(terms->persist_id),
		    text_of(SNMP_ID));
	view_clear(&view);
	return 0;
}

static int
make(struct worker *w, struct change *change, struct err *err)
{
	change->context = w;
	change->alone = w->job->commit != 0;
	return change_make(w->engine, change, err);
}

static int
make_for_snmp(struct worker *w, struct change *change, struct err *err)
{
	if (read_terms(w, &change->terms, err) == -1)
		return -1;
	return make(w, change, err);
}

static int
factory(struct worker *w, struct err *err)
{
	struct change change = {
		.apply = apply_factory,
		.any_time = true,
		.action = ACTION_COMMIT,
	};

	if (make_factory(w, err) == -1) {
		engine_client_refused(w->engine, change.action, err);
		return -1;
	}
	change.keys = (struct blob){ w->keys.data, w->keys.len };
	return make(w, &change, err);
}

static int
set_mode(struct worker *w, struct err *err)
{
	struct change change = {
		.apply = apply_mode,
		/*
		 * alone, a SET of the mode is no action, and what else is wrong stays
		 */
		.action = ACTION_NOOP,
		.test = w->job->commit != 0 ? CHANGE_TEST_THEN_SET : CHANGE_SET,
	};

	if (read_terms(w, &change.terms, err) == -1)
		return -1;
	if (w->job->commit != 0)
		change.action = terms_action(&change.terms);
	return make(w, &change, err);
}

static int
delete_local(struct worker *w, struct err *err)
{
	struct change change = {
		.apply = apply_delete_local,
		.action = ACTION_DELETE_LOCAL,
	};

	return make_for_snmp(w, &change, err);
}

static int
delete_trust(struct worker *w, struct err *err)
{
	struct change change = {
		.apply = apply_delete_trust,
		.action = ACTION_DELETE_TRUST,
	};

	return make_for_snmp(w, &change, err);
}

static int
validate(struct worker *w, struct err *err)
{
	struct commit_terms terms = { .origin = ORIGIN_SNMP };
	int rc = change_validate(w->engine, STORE_CANDIDATE, err);

	/* what is not valid is refused there too, and then as a commit */
	if (w->job->commit == 0)
		return rc;
	if (read_terms(w, &terms, err) == -1)
		return -1;
	return change_commit(w->engine, &terms, err);
}

static int
roll_back(struct worker *w, struct err *err)
{
	struct change change = { .silent = false };

	if (read_terms(w, &change.terms, err) == -1)
		return -1;
	return change_roll_back(w->engine, w->job->arg, &change, err);
}

static int
rebase(struct worker *w, struct err *err)
{
	struct change change = {
		.apply = apply_rebase,
		.test = CHANGE_SET,
		.action = ACTION_NOOP,
		.silent = true,
	};
	struct ses_validated verdict;
	struct err ignored;

	/* without an answer the engine takes it for a conflict too */
	if (make(w, &change, err) == 0 || err->code != ERR_CONFLICT)
		return 0;
	memset(&verdict, 0, sizeof(verdict));
	verdict.revision = w->candidate;
	verdict.problem = *err;
	return engine_client_request(w->engine, SES_VALIDATED, &verdict,
	    sizeof(verdict), &ignored);
}

static int
rebuild_job(struct worker *w, struct err *err)
{
	return rebuild(w->engine, w->job->arg, err);
}

static int
import(struct worker *w, struct err *err)
{
	return import_document(w->engine, w->document, w->job->commit != 0, err);
}

static int (*const jobs[JOB_KIND_MAX])(struct worker *, struct err *) = {
	[JOB_FACTORY] = factory,
	[JOB_SET_MODE] = set_mode,
	[JOB_DELETE_LOCAL] = delete_local,
	[JOB_DELETE_TRUST] = delete_trust,
	[JOB_VALIDATE] = validate,
	[JOB_ROLLBACK] = roll_back,
	[JOB_REBASE] = rebase,
	[JOB_REBUILD] = rebuild_job,
	[JOB_IMPORT] = import,
};

/* What the engine shows as the last action when it turned the job away. */
static const enum action actions[JOB_KIND_MAX] = {
	[JOB_FACTORY] = ACTION_COMMIT,
	[JOB_DELETE_LOCAL] = ACTION_DELETE_LOCAL,
	[JOB_DELETE_TRUST] = ACTION_DELETE_TRUST,
	[JOB_VALIDATE] = ACTION_VALIDATE,
	[JOB_ROLLBACK] = ACTION_ROLLBACK,
	[JOB_IMPORT] = ACTION_IMPORT,
};

/* These the engine only answers with; a client would have been told, here nobody is. */
static bool
is_untold(const struct err *err)
{
	return err->code == ERR_BUSY || err->code == ERR_LOCKED ||
	    err->code == ERR_DENIED;
}

static void
run(struct worker *w)
{
	const struct job *job = w->job;
	struct err err;

	if (sandbox_enter(SANDBOX_SESSION, &err) == -1) {
		engine_client_refused(w->engine, ACTION_NOOP, &err);
		return;
	}
	sandbox_cpu_budget(CPU_SECONDS);
	if (job->kind >= JOB_KIND_MAX || jobs[job->kind] == NULL)
		return;
	if (jobs[job->kind](w, &err) == -1 && is_untold(&err))
		engine_client_refused(w->engine, actions[job->kind], &err);
}

void
worker_run(int engine, int document, const struct job *job)
{
	struct worker worker;

	(void)prctl(PR_SET_NAME, "cc-worker");
	scrub_begin();
	sandbox_close_others(engine, document);
	memset(&worker, 0, sizeof(worker));
	worker.job = job;
	worker.document = document;
	if ((worker.engine = engine_client_new(engine)) == NULL)
		return;
	run(&worker);
	rebase_clear(&worker);
	kept_clear(&worker.base_file);
	buf_wipe(&worker.keys);
	buf_clear(&worker.der);
	engine_client_free(worker.engine);
}
