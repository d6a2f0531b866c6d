/* SPDX-License-Identifier: ISC */
/*
 * Settings of monitoring that SNMP changes without a commit.  They are part of the
 * configuration, so a change goes into every snapshot that may come in force, and the
 * monitor keeps it for those generations that are on the disk already.
 */
#include <string.h>

#include "agent/commit.h"
#include "agent/log.h"

/* What the snapshot has where this change would go; false: it has no such row. */
static bool
value_of(const struct snapshot *s, const struct setting_change *change,
    int64_t *ret_value)
{
	const struct snapshot_local *local = snapshot_local(s, change->index);
	uint32_t i = 0;

	switch ((enum change_kind)change->kind) {
	case CHANGE_SETTING:
		if (change->index >= SETTING_MAX)
			return false;
		*ret_value = setting_get(&s->header->settings, change->index);
		return true;
	case CHANGE_LOCAL_MUTED:
		*ret_value = local != NULL && local->muted != 0;
		return local != NULL;
	case CHANGE_LOCAL_WARN_DAYS:
		*ret_value = local == NULL ? 0 : local->warn_days;
		return local != NULL;
	case CHANGE_TRUST_MUTED:
		while (
		    i < s->header->trusts.count && s->trusts[i].index != change->index)
			i++;
		if (i == s->header->trusts.count)
			return false;
		*ret_value = s->trusts[i].muted != 0;
		return true;
	case CHANGE_KIND_MAX:
		break;
	}
	return false;
}

static bool
fits(const struct snapshot *s, const struct setting_change *change)
{
	int64_t ignored, least = 0, most = 1;

	if (!value_of(s, change, &ignored))
		return false;
	if (change->kind == CHANGE_SETTING)
		most = setting_rows[change->index].max;
	if (change->kind == CHANGE_LOCAL_WARN_DAYS) {
		least = WARN_DAYS_GLOBAL;
		most = WARN_DAYS_MAX;
	}
	return change->value >= least && change->value <= most;
}

size_t
settings_judge(const struct engine *e, const struct setting_change *changes, size_t n)
{
	size_t i = 0;

	while (i < n && fits(&e->running->snapshot, &changes[i]))
		i++;
	return i;
}

/* --- what holds a configuration --- */

struct change_set {
	const struct setting_change *changes;
	size_t n;
};

/*
 * What somebody wrote into the candidate and did not commit yet stays his: only what
 * is there as in what is running changes with it.
 */
static struct change_set
of_candidate(const struct engine *e, struct change_set all,
    struct setting_change room[SNMP_CHANGES_MAX])
{
	const struct held *candidate = e->candidate.held;
	struct change_set own = { room, 0 };
	int64_t here, there;

	for (size_t i = 0; candidate != NULL && i < all.n; i++)
		if (value_of(&candidate->snapshot, &all.changes[i], &here) &&
		    value_of(&e->running->snapshot, &all.changes[i], &there) &&
		    here == there)
			room[own.n++] = all.changes[i];
	return own;
}

enum place { RUNNING, CANDIDATE, TARGET, LEFT, PLACES };

static void
put(struct held **place, struct held *changed)
{
	held_drop(*place);
	*place = changed;
}

/* All of them or none: without memory what is in force stays as it is. */
static int
put_everywhere(struct engine *e, struct change_set all, struct err *err)
{
	struct setting_change room[SNMP_CHANGES_MAX];
	struct commit *c = e->commit;
	struct held **places[PLACES] = {
		[RUNNING] = &e->running,
		[CANDIDATE] = &e->candidate.held,
		[TARGET] = c == NULL ? NULL : &c->target,
		[LEFT] = &e->left,
	};
	const struct change_set own = of_candidate(e, all, room);
	struct held *changed[PLACES] = { NULL };
	int i;

	for (i = 0; i < PLACES; i++) {
		const struct change_set set = i == CANDIDATE ? own : all;

		if (places[i] == NULL || *places[i] == NULL)
			continue;
		if (i == TARGET && *places[i] == e->running)
			changed[i] = held_use(changed[RUNNING]);
		else if ((changed[i] = held_changed(*places[i], set.changes, set.n,
			      err)) == NULL)
			break;
	}
	if (i < PLACES) {
		while (i > 0)
			held_drop(changed[--i]);
		return -1;
	}
	for (i = 0; i < PLACES; i++)
		if (changed[i] != NULL)
			put(places[i], changed[i]);
	if (c != NULL)
		c->request.target = c->target;
	return 0;
}

/* --- what is kept --- */

static void
add_generation(struct priv_settings *kept, uint64_t generation)
{
	if (generation != 0 && kept->ngenerations < PRIV_SETTINGS_GENERATIONS)
		kept->generations[kept->ngenerations++] = generation;
}

/*
 * Generations whose snapshot is on the disk, or is being written, without the change,
 * and that may be read again: to be in force, or as what the candidate was made from.
 */
static void
save(struct engine *e, const struct setting_change *changes, size_t n,
    priv_answer *answer)
{
	const struct commit *c = e->commit;
	struct priv_settings kept = { .nchanges = (uint32_t)n };

	add_generation(&kept, e->generation);
	if (c != NULL && c->staged)
		add_generation(&kept, c->generation);
	add_generation(&kept, e->confirm.point.restore);
	if (e->candidate.held != NULL)
		add_generation(&kept, e->candidate.base);
	memcpy(kept.changes, changes, n * sizeof(*changes));
	privlink_request(e, PRIV_SETTINGS, &kept, sizeof(kept), NULL, 0, answer, NULL);
}

/* It is in force, and that it will not be after a start must be seen. */
static void
on_saved(struct engine *e, void *context, const struct err *err, struct msg *msg)
{
	(void)context;
	(void)msg;
	if (err->code == ERR_NONE)
		return;
	log_err("settings", "what SNMP has set is lost with the next start: %s: %s",
	    err->where, err->text);
	e->status.load_errors++;
	publish(e);
}

void
settings_change(struct engine *e, const struct setting_change *changes, size_t n)
{
	const struct change_set all = { changes, n };
	struct err err;

	if (n == 0 || n > SNMP_CHANGES_MAX)
		return;
	if (put_everywhere(e, all, &err) == -1) {
		log_err("settings", "what SNMP has set is not in force: %s", err.text);
		e->status.load_errors++;
		return;
	}
	/* whoever builds on what was before does it again */
	e->candidate.revision++;
	e->tip++;
	e->settings_revision++;
	log_info("settings", "%zu changed by snmp", n);
	save(e, changes, n, on_saved);
	snmplink_send_snapshot(e);
	alarms_check(e);
}

/* --- what was kept --- */

#define KEPT_MAX ((size_t)16 << 20)

struct held *
settings_with_kept(struct held *held, int fd, struct err *err)
{
	struct held *changed = NULL;
	struct mapping map;

	if (fd == -1 || held == NULL)
		return held;
	if (memfile_map(fd, KEPT_MAX, &map, err) == 0) {
		changed = held_changed(held, map.data,
		    map.size / sizeof(struct setting_change), err);
		mapping_clear(&map);
	}
	held_drop(held);
	return changed;
}

struct held *
settings_take_loaded(struct msg *msg, struct err *err)
{
	struct held *held = held_new(msg_take(msg, 0), -1, err);

	return settings_with_kept(held, msg->nfds > 1 ? msg->fds[1] : -1, err);
}
