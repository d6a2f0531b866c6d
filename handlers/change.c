/* SPDX-License-Identifier: ISC */
#include "handlers/change.h"

#include <string.h>

#include "handlers/compose.h"
#include "lib/monitoring.h"

/*
 * What stays running with what it had is neither proven nor undone: a service that is
 * in use can only be switched off by somebody who can stop it.
 */
static int
check_switched_off(const struct view *view, const struct config *config,
    const struct status_service *service, struct err *err)
{
	const struct text name = text_of(service->name);
	const struct service_setting *setting = config_service(config, name);
	const struct service_facts *facts = services_named(view->services, name);
	char where[CONFIG_PATH_MAX];

	if (!service->enabled || (setting != NULL && setting->enabled) ||
	    facts == NULL || facts->has_stop ||
	    (!facts->has_restart && !facts->restart_device))
		return 0;
	return err_set(err, ERR_UNSUPPORTED, config_path("service", name, "", where),
	    "the service is enabled and cannot be disabled: its definition has no stop "
	    "command");
}

static int
check_stops(const struct view *view, const struct config *config, struct err *err)
{
	const struct status *status = view->status;
	uint32_t i;

	for (i = 0; i < status->nservices && i < LIMIT_SERVICES; i++)
		if (check_switched_off(view, config, &status->services[i], err) == -1)
			return -1;
	return 0;
}

/* The rules about the whole, now, and about what it changes of what is in force. */
static int
judge_config(const struct view *view, const struct config *config, bool any_time,
    struct err *err)
{
	time_t now = any_time ? CONFIG_ANY_TIME : time(NULL);

	if (config_check(config, view->services, now,
		(enum clock_status)view->status->clock, err) == -1)
		return -1;
	return check_stops(view, config, err);
}

enum action
terms_action(const struct commit_terms *terms)
{
	return terms->defer_restart ? ACTION_COMMIT_DEFER_RESTART : ACTION_COMMIT;
}

static void
fill_commit(struct ses_commit *commit, const struct commit_terms *terms)
{
	memset(commit, 0, sizeof(*commit));
	commit->origin = terms->origin;
	commit->defer_restart = terms->defer_restart;
	commit->confirm_timeout = terms->confirm_timeout;
	memcpy(commit->comment, terms->comment, sizeof(commit->comment));
	memcpy(commit->persist, terms->persist, sizeof(commit->persist));
	memcpy(commit->persist_id, terms->persist_id, sizeof(commit->persist_id));
}

static int
send_alone(struct engine_client *c, const struct change *change,
    const struct ses_edit *edit, const struct composed *files, struct err *err)
{
	struct ses_commit commit;

	fill_commit(&commit, &change->terms);
	commit.private = 1;
	commit.keys_from = change->keys_from;
	commit.edit = *edit;
	return engine_client_send_files(c, SES_COMMIT, &commit, sizeof(commit),
	    files->fds, files->nfds, err);
}

static int
refuse(struct engine_client *c, const struct change *change, const struct err *err)
{
	if (!change->silent)
		engine_client_refused(c, change->action, err);
	return -1;
}

static int
hand_over(struct engine_client *c, const struct change *change, const struct view *view,
    const struct config *config, const struct err *problem, struct err *err)
{
	struct composed files;
	struct ses_edit edit;
	int rc;

	if (compose(config, view->services, change->keys, time(NULL), &files, err) ==
	    -1)
		return refuse(c, change, err);
	memset(&edit, 0, sizeof(edit));
	edit.base = view->revision;
	edit.services_revision = view->services->revision;
	edit.has_keys = files.nfds == COMPOSED_MAX;
	edit.action = change->action;
	edit.problem = *problem;
	if (change->alone)
		rc = send_alone(c, change, &edit, &files, err);
	else
		rc = engine_client_send_files(c, SES_EDIT, &edit, sizeof(edit),
		    files.fds, files.nfds, err);
	composed_close(&files);
	return rc;
}

/* Applies and judges; what is found is refused here unless the change takes it so. */
static int
prepare(struct engine_client *c, const struct change *change, const struct view *view,
    struct config *config, struct err *problem, struct err *err)
{
	int rc;

	err_clear(problem);
	rc = view_config(view, config, err);
	if (rc == 0)
		rc = change->apply(change->context, view, config, err);
	if (rc == 0 && judge_config(view, config, change->any_time, problem) == -1 &&
	    change->test != CHANGE_SET) {
		*err = *problem;
		rc = -1;
	}
	return rc == -1 ? refuse(c, change, err) : 0;
}

static int
try_once(struct engine_client *c, const struct change *change, struct err *err)
{
	struct config config;
	struct view view;
	struct err problem;
	int rc;

	memset(&config, 0, sizeof(config));
	rc = change->alone ? view_load_for_change(c, &view, err)
			   : view_load(c, STORE_CANDIDATE, &view, err);
	if (rc == -1)
		return -1;
	rc = prepare(c, change, &view, &config, &problem, err);
	if (rc == 0 && change->test != CHANGE_TEST_ONLY)
		rc = hand_over(c, change, &view, &config, &problem, err);
	config_clear(&config);
	view_clear(&view);
	return rc;
}

int
change_make(struct engine_client *c, const struct change *change, struct err *err)
{
	int rc = -1, i;

	for (i = 0; i < CHANGE_TRIES && rc == -1; i++) {
		rc = try_once(c, change, err);
		if (rc == -1 && c->reply.stale == 0)
			break;
	}
	return rc;
}

/* --- going back --- */

/* All that the result borrows from. */
struct way_back {
	struct kept kept;
	struct config base, old;
};

/* The old configuration gets the factory credential of today, monitored as then. */
static int
keep_factory(struct config *old, const struct config *running, struct err *err)
{
	const struct text name = text_of(CREDENTIAL_FACTORY);
	const struct credential *factory = config_credential(running, name);
	struct credential *credential = config_credential(old, name);
	struct credential said = { .muted = false };
	struct text own_name;

	if (credential != NULL)
		said = *credential;
	config_remove_credential(old, name);
	if (factory == NULL)
		return 0;
	if ((credential = config_add_credential(old, name)) == NULL)
		return err_set(err, ERR_MEMORY, NULL, "no memory");
	own_name = credential->name;
	*credential = *factory;
	credential->name = own_name;
	monitoring_copy(credential, &said);
	return 0;
}

static int
apply_old(void *context, const struct view *view, struct config *config,
    struct err *err)
{
	struct way_back *way = context;

	/* the base may be a newer one now */
	config_clear(&way->base);
	config_clear(&way->old);
	if (view_config(view, &way->base, err) == -1 ||
	    snapshot_load(&way->kept.snapshot, &way->old, err) == -1 ||
	    keep_factory(&way->old, &way->base, err) == -1 ||
	    config_merge(config, &way->base, &way->old, err) == -1)
		return -1;
	return config_complete(config, time(NULL), err);
}

int
change_roll_back(struct engine_client *c, uint64_t generation, struct change *change,
    struct err *err)
{
	struct way_back way;
	int rc;

	memset(&way, 0, sizeof(way));
	change->apply = apply_old;
	change->context = &way;
	change->alone = true;
	change->any_time = true;
	change->action = ACTION_ROLLBACK;
	if (kept_load(c, generation, &way.kept, err) == -1)
		return refuse(c, change, err);
	change->keys_from = way.kept.generation;
	rc = change_make(c, change, err);
	config_clear(&way.base);
	config_clear(&way.old);
	kept_clear(&way.kept);
	return rc;
}

/* --- the candidate as it is --- */

static int
judge_store(struct engine_client *c, enum ses_store store,
    struct ses_validated *verdict, struct err *err)
{
	struct config config;
	struct view view;
	int rc;

	memset(&config, 0, sizeof(config));
	memset(verdict, 0, sizeof(*verdict));
	if (view_load(c, store, &view, err) == -1)
		return -1;
	verdict->revision = view.revision;
	if ((rc = view_config(&view, &config, err)) == 0)
		(void)judge_config(&view, &config, false, &verdict->problem);
	config_clear(&config);
	view_clear(&view);
	return rc;
}

int
change_validate(struct engine_client *c, enum ses_store store, struct err *err)
{
	struct ses_validated verdict;
	int rc = -1, i;

	for (i = 0; i < CHANGE_TRIES && rc == -1; i++) {
		if (judge_store(c, store, &verdict, err) == -1)
			return -1;
		if (store == STORE_RUNNING)
			rc = 0; /* nobody keeps a verdict on what is in force */
		else
			rc = engine_client_request(c, SES_VALIDATED, &verdict,
			    sizeof(verdict), err);
		if (rc == -1 && c->reply.stale == 0)
			return -1;
	}
	if (rc == 0)
		*err = verdict.problem;
	return err->code == ERR_NONE ? 0 : -1;
}

static int
apply_nothing(void *context, const struct view *view, struct config *config,
    struct err *err)
{
	(void)context;
	(void)view;
	return config_complete(config, time(NULL), err);
}

/*
 * There is no candidate: root may have changed a definition, or somebody a live file,
 * and then what is in force is put in force again.  What is not valid any more stays.
 */
static int
commit_again(struct engine_client *c, const struct commit_terms *terms, struct err *err)
{
	const struct ses_reply unchanged = c->reply;
	const struct change change = {
		.apply = apply_nothing,
		.alone = true,
		.any_time = true,
		.action = terms_action(terms),
		.terms = *terms,
		.silent = true,
	};

	if (change_make(c, &change, err) == 0)
		return 0;
	if (c->reply.err.code != ERR_NONE)
		return -1;
	c->reply = unchanged;
	err_clear(err);
	return 0;
}

int
change_commit(struct engine_client *c, const struct commit_terms *terms,
    struct err *err)
{
	struct ses_commit commit;
	int rc = -1, i;

	fill_commit(&commit, terms);
	for (i = 0; i < CHANGE_TRIES && rc == -1; i++) {
		rc = engine_client_request(c, SES_COMMIT, &commit, sizeof(commit), err);
		if (rc == -1 && c->reply.stale == 0)
			break;
	}
	return rc == 0 && c->reply.unchanged ? commit_again(c, terms, err) : rc;
}
