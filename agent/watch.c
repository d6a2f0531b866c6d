/* SPDX-License-Identifier: ISC */
/*
 * The services between commits: each enabled one is probed at start and at its
 * interval, and the live files are compared with their manifest, so that "renewed but
 * never reloaded" and "changed by somebody else" are seen.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "agent/engine.h"
#include "agent/log.h"

#define PROBE_MS 3000
#define SURE_AFTER 3   /* answers in a row before a difference is told, or its end */
#define RECHECK_MS 500 /* between them */
#define SERVICES_DIR "services/"

void
watch_expected(const struct engine *e, const struct held *h, uint32_t service,
    struct served *ret_served)
{
	struct err err;

	if (served_expected(&h->snapshot, e->services.rows[service].name, ret_served,
		&err) == -1)
		memset(ret_served, 0, sizeof(*ret_served));
}

static bool
is_same(const struct served *a, const struct served *b)
{
	return a->nchain == b->nchain && memcmp(a->leaf, b->leaf, SHA256_SIZE) == 0 &&
	    memcmp(a->chain, b->chain, SHA256_SIZE) == 0;
}

void
watch_judge(struct engine *e, uint32_t service)
{
	struct status_service *row = &e->status.services[service];
	struct served expected;

	watch_expected(e, e->running, service, &expected);
	row->in_sync = SYNC_UNKNOWN;
	if (e->services_run[service].files_changed)
		row->in_sync = SYNC_OUT;
	else if (row->has_served && expected.nchain > 0)
		row->in_sync = is_same(&row->served, &expected) ? SYNC_IN : SYNC_OUT;
	if (row->in_sync == SYNC_IN)
		pending_served(e, service);
}

/* --- what is told of it --- */

static void
tell(struct engine *e, uint32_t i, bool raised)
{
	const struct status_service *row = &e->status.services[i];

	alarms_service(e, i, raised);
	if (raised)
		log_warn("watch", "%s: out of sync: %s", row->name,
		    row->last_error[0] != '\0' ? row->last_error
					       : "it does not serve what is committed");
	else
		log_info("watch", "%s: in sync again", row->name);
}

/* What waits for a restart is told as that. */
static bool
is_out(const struct engine *e, uint32_t i)
{
	const struct status_service *row = &e->status.services[i];

	return row->enabled && !pending_is(e, i) &&
	    (row->in_sync == SYNC_OUT || row->state == SERVICE_FAILED);
}

static bool
is_in(const struct engine *e, uint32_t i)
{
	const struct status_service *row = &e->status.services[i];

	return !row->enabled || row->in_sync == SYNC_IN ||
	    (!e->services.rows[i].has_probe && row->state != SERVICE_FAILED &&
		row->in_sync != SYNC_OUT);
}

/* Told once, and its end once. */
void
watch_tell(struct engine *e, uint32_t i)
{
	struct service_run *run = &e->services_run[i];

	run->differs = 0;
	if (!run->told_out_of_sync && is_out(e, i))
		tell(e, i, true);
	else if (run->told_out_of_sync && is_in(e, i))
		tell(e, i, false);
	else
		return;
	run->told_out_of_sync = !run->told_out_of_sync;
}

/*
 * An old process of the service may answer once more after somebody else restarted it:
 * only several answers in a row count.
 */
static void
tell_if_sure(struct engine *e, uint32_t i)
{
	struct service_run *run = &e->services_run[i];

	if (run->told_out_of_sync ? !is_in(e, i) : !is_out(e, i)) {
		run->differs = 0;
		return;
	}
	if (++run->differs >= SURE_AFTER) {
		watch_tell(e, i);
		return;
	}
	run->next_probe_ms = clock_ms() + RECHECK_MS;
	watch_start(e);
}

/* --- probes --- */

void
watch_saw(struct engine *e, uint32_t service, const struct probe_result *result)
{
	struct status_service *row = &e->status.services[service];

	row->last_probe = time(NULL);
	row->has_served = result->nchain > 0;
	row->state = row->has_served ? SERVICE_RUNNING
	    : result->connected      ? SERVICE_FAILED
				     : SERVICE_STOPPED;
	row->last_error[0] = '\0';
	if (row->has_served) {
		row->served = result->served;
		row->served_not_after = result->not_after;
	} else {
		snprintf(row->last_error, sizeof(row->last_error), "%s",
		    result->err.text);
	}
	watch_judge(e, service);
	publish(e);
}

static void
on_watched(struct engine *e, void *context, const struct probe_result *result)
{
	struct service_run *run = context;
	const uint32_t i = (uint32_t)(run - e->services_run);

	run->watcher = NULL;
	/* A commit that began meanwhile looks for itself. */
	if (e->commit != NULL || i >= e->services.count)
		return;
	watch_saw(e, i, result);
	tell_if_sure(e, i);
}

static bool
is_watched(const struct engine *e, uint32_t i)
{
	return e->status.services[i].enabled && e->services.rows[i].has_probe;
}

static void
probe_if_due(struct engine *e, uint32_t i, int64_t now)
{
	struct service_run *run = &e->services_run[i];
	struct prober_spec spec = { .service = &e->services.rows[i],
		.deadline_ms = PROBE_MS,
		.in_a_row = 1,
		.once = true };

	if (run->watcher != NULL || run->next_probe_ms > now)
		return;
	run->next_probe_ms = spec.service->probe_interval == 0
	    ? INT64_MAX
	    : now + (int64_t)spec.service->probe_interval * 1000;
	watch_expected(e, e->running, i, &spec.expected);
	run->watcher = prober_start(e, &spec, on_watched, run);
}

/* --- files --- */

/* The service whose file it is; NULL when it is nobody's alone. */
static struct service_run *
owner_of(struct engine *e, const char *path)
{
	const size_t len = strlen(SERVICES_DIR);
	size_t name_len;

	if (strncmp(path, SERVICES_DIR, len) != 0)
		return NULL;
	name_len = strcspn(path + len, "/");
	for (uint32_t i = 0; i < e->services.count; i++)
		if (strlen(e->services.rows[i].name) == name_len &&
		    strncmp(path + len, e->services.rows[i].name, name_len) == 0)
			return &e->services_run[i];
	return NULL;
}

void
watch_files_anew(struct engine *e)
{
	e->status.files_problem[0] = '\0';
	for (uint32_t i = 0; i < LIMIT_SERVICES; i++)
		e->services_run[i].files_changed = false;
}

/* What could not be compared is no damage: it is tried again at the next interval. */
static void
take_verdict(struct engine *e, const struct err *err)
{
	char *problem = e->status.files_problem, old[STATUS_TEXT];
	struct service_run *owner;

	if (err->code != ERR_NONE && err->code != ERR_STORAGE &&
	    err->code != ERR_NOT_FOUND) {
		log_warn("watch", "the live files cannot be compared: %s", err->text);
		return;
	}
	memcpy(old, problem, sizeof(old));
	watch_files_anew(e);
	if (err->code == ERR_NONE) {
		if (old[0] != '\0')
			log_info("watch", "the live files are as they were written");
		return;
	}
	err_format(err, problem, sizeof(e->status.files_problem));
	if (strcmp(old, problem) != 0)
		log_err("watch", "live: %s", problem);
	if ((owner = owner_of(e, err->where)) != NULL)
		owner->files_changed = true;
}

static void
on_verified(struct engine *e, void *context, const struct err *err, struct msg *msg)
{
	const bool about_live =
	    e->commit == NULL && e->verified_generation == e->generation;

	(void)context;
	(void)msg;
	e->verifying = false;
	if (!about_live) {
		e->next_verify_ms = 0; /* it has moved meanwhile */
		watch_start(e);
		return;
	}
	take_verdict(e, err);
	for (uint32_t i = 0; i < e->services.count; i++) {
		watch_judge(e, i);
		watch_tell(e, i);
	}
	alarms_device(e);
	publish(e);
}

static void
verify_if_due(struct engine *e, int64_t now)
{
	const struct priv_none none = { 0 };

	if (e->verifying || e->commit != NULL || e->next_verify_ms > now)
		return;
	e->verifying = true;
	e->verified_generation = e->generation;
	e->next_verify_ms = e->verify_interval == 0
	    ? INT64_MAX
	    : now + (int64_t)e->verify_interval * 1000;
	privlink_request(e, PRIV_VERIFY, &none, sizeof(none), NULL, 0, on_verified,
	    NULL);
}

/* --- when --- */

static void
on_timer(evutil_socket_t fd, short what, void *context)
{
	struct engine *e = context;
	const int64_t now = clock_ms();
	int64_t next;
	struct timeval tv;

	(void)fd;
	(void)what;
	if (e->verify_interval != 0)
		verify_if_due(e, now);
	next = e->verify_interval != 0 ? e->next_verify_ms : INT64_MAX;
	for (uint32_t i = 0; i < e->services.count; i++) {
		if (!is_watched(e, i))
			continue;
		probe_if_due(e, i, now);
		if (e->services_run[i].next_probe_ms < next)
			next = e->services_run[i].next_probe_ms;
	}
	if (next == INT64_MAX || (e->commit != NULL && next <= now))
		return; /* a commit starts the watch again at its end */
	tv = timeval_ms(next > now ? next - now : 0);
	event_add(e->watch_timer, &tv);
}

void
watch_start(struct engine *e)
{
	const struct timeval now = { 0 };

	if (e->watch_timer == NULL)
		e->watch_timer = evtimer_new(e->base, on_timer, e);
	event_add(e->watch_timer, &now);
}

/* --- other definitions --- */

/* The row a service of this name had; -1: it is new. */
static int
former_row(const struct services *old, const char *name)
{
	for (uint32_t i = 0; i < old->count; i++)
		if (strcmp(old->rows[i].name, name) == 0)
			return (int)i;
	return -1;
}

static void
take_bits(struct pending *to, uint32_t to_row, const struct pending *from,
    uint32_t from_row)
{
	to->services |= (from->services >> from_row & 1) << to_row;
	to->unseen |= (from->unseen >> from_row & 1) << to_row;
	to->lost |= (from->lost >> from_row & 1) << to_row;
}

void
watch_move(struct engine *e, const struct services *old)
{
	struct service_run runs[LIMIT_SERVICES];
	struct pending pending = { 0 };
	uint64_t left_alone = 0;
	int row;

	for (uint32_t i = 0; i < LIMIT_SERVICES; i++) {
		prober_free(e->services_run[i].watcher);
		e->services_run[i].watcher = NULL;
	}
	/* their rows in the status are the old ones still */
	for (uint32_t i = 0; i < old->count; i++)
		if (e->services_run[i].told_out_of_sync &&
		    former_row(&e->services, old->rows[i].name) == -1)
			tell(e, i, false);
	memcpy(runs, e->services_run, sizeof(runs));
	memset(e->services_run, 0, sizeof(e->services_run));
	for (uint32_t i = 0; i < e->services.count; i++) {
		if ((row = former_row(old, e->services.rows[i].name)) == -1) {
			take_bits(&pending, i, &e->new_pending, i);
			continue;
		}
		e->services_run[i] = runs[row];
		e->services_run[i].next_probe_ms = 0;
		take_bits(&pending, i, &e->pending, (uint32_t)row);
		left_alone |= (e->confirm.left_alone >> row & 1) << i;
	}
	e->pending = pending;
	e->confirm.left_alone = left_alone;
}
