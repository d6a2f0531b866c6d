/* SPDX-License-Identifier: ISC */
/*
 * Alarms, events and the outbox of an engine whose monitor and snmp process are this
 * test: it keeps state/outbox for it and takes what it sends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/log.h"
#include "agent/memfile.h"
#include "agent/notify.h"
#include "model.h"
#include "store_fixture.h"

#define HEARD_MAX 4096

struct device {
	char *dir;
	int dirfd;
	struct engine *e;
	int monitor, snmp; /* our ends */
	bool disk_fails;
	struct notification heard[HEARD_MAX];
	size_t nheard, told; /* all; and those a test has looked at */
};

static struct msg message;

/* --- the other ends --- */

static void
answer(struct device *d)
{
	struct priv_done done = { 0 };
	const struct priv_outbox *request = (const void *)message.data;
	struct mapping map;

	if (message.type == PRIV_OUTBOX) {
		assert_int_equal(message.nfds, 1);
		assert_int_equal(memfile_map(message.fds[0], OUTBOX_FILE_MAX, &map,
				     &done.err),
		    0);
		if (d->disk_fails)
			err_set(&done.err, ERR_STORAGE, "outbox", "no room");
		else
			outbox_file_put(d->dirfd, (struct blob){ map.data, map.size },
			    request->anew != 0, &done.err);
		mapping_clear(&map);
	}
	msg_close(&message);
	assert_int_equal(msg_send(d->monitor, PRIV_DONE, message.id, &done,
			     sizeof(done), NULL, 0),
	    0);
}

static void
hear(struct device *d)
{
	if (message.type == SNMP_NOTIFY) {
		assert_true(d->nheard < HEARD_MAX);
		memcpy(&d->heard[d->nheard++], message.data,
		    sizeof(struct notification));
	}
	msg_close(&message);
}

/* Until nothing happens any more. */
static void
run(struct device *d)
{
	bool more = true;

	while (more) {
		more = false;
		(void)event_base_loop(d->e->base, EVLOOP_NONBLOCK);
		while (msg_recv(d->monitor, &message) == 1) {
			answer(d);
			more = true;
		}
		while (d->snmp != -1 && msg_recv(d->snmp, &message) == 1) {
			hear(d);
			more = true;
		}
	}
}

static void
taken(struct device *d)
{
	outbox_taken(d->e, d->nheard == 0 ? 0 : d->heard[d->nheard - 1].seq);
	run(d);
}

static int
ours(int pair[2])
{
	assert_int_equal(fcntl(pair[0], F_SETFL, O_NONBLOCK), 0);
	return pair[0];
}

static void
connect_snmp(struct device *d)
{
	int pair[2];

	if (d->snmp != -1)
		(void)close(d->snmp);
	assert_int_equal(msg_pair(pair), 0);
	d->snmp = ours(pair);
	snmplink_open(d->e, pair[1]);
	run(d);
}

/* --- the engine --- */

static void
put_setting(struct engine *e, enum setting setting, uint32_t value)
{
	const struct setting_change change = { CHANGE_SETTING, setting, value };
	struct err err;
	struct held *changed = held_changed(e->running, &change, 1, &err);

	assert_non_null(changed);
	held_drop(e->running);
	e->running = changed;
}

/* Starts an engine on what is in the directory. */
static void
start(struct device *d)
{
	struct engine *e = d->e = calloc(1, sizeof(*e));
	struct buf file = { 0 };
	int pair[2], fd = -1;
	struct err err;

	assert_non_null(e);
	assert_non_null(e->base = event_base_new());
	assert_non_null(e->running = held_empty(&e->services, &err));
	STAILQ_INIT(&e->actions);
	e->generation = 5;
	assert_int_equal(msg_pair(pair), 0);
	d->monitor = ours(pair);
	privlink_open(e, pair[1]);
	outbox_open(e);
	if (outbox_file_load(d->dirfd, &file, &err) == 0)
		assert_int_not_equal(fd = memfile_new("outbox", file.data, file.len,
					 &err),
		    -1);
	buf_clear(&file);
	outbox_boot(e, fd, false);
	put_setting(e, SETTING_MIN_INTERVAL, 0);
	connect_snmp(d);
}

static void
timer_free(struct event *timer)
{
	if (timer != NULL)
		event_free(timer);
}

static void
stop(struct device *d)
{
	struct engine *e = d->e;

	(void)close(d->monitor);
	(void)close(d->snmp);
	d->monitor = d->snmp = -1;
	outbox_free(e);
	timer_free(e->alarms_timer);
	timer_free(e->publish_timer);
	timer_free(e->heartbeat_timer);
	channel_free(e->snmp);
	channel_free(e->monitor);
	held_drop(e->running);
	event_base_free(e->base);
	free(e);
}

static struct device *
device_new(void)
{
	struct device *d = calloc(1, sizeof(*d));

	assert_non_null(d);
	d->dir = fixture_dir();
	d->snmp = -1;
	assert_int_not_equal(d->dirfd = open(d->dir, O_RDONLY | O_DIRECTORY), -1);
	start(d);
	return d;
}

static void
device_free(struct device *d)
{
	stop(d);
	(void)close(d->dirfd);
	fixture_remove(d->dir);
	free(d);
}

/* kill -9 and another start. */
static void
restart(struct device *d)
{
	stop(d);
	d->nheard = d->told = 0;
	start(d);
}

/* --- scenes --- */

enum trouble {
	NO_TROUBLE,
	BAD_KEY,
	NO_CHAIN,
	OTHER_CHAIN,
	MUTED,
	ABSENT,
	TRUST_ENDS,
	TRUST_MUTED
};

/* days: until local ends; begins: days until it begins. */
struct scene {
	int days, begins;
	enum trouble trouble;
};

static void
damage(struct buf *octets, enum trouble trouble)
{
	struct snapshot s;
	struct snapshot_local *local;
	struct snapshot_trust *trust;
	struct err err;

	assert_int_equal(snapshot_open(&s, octets->data, octets->len, &err), 0);
	if ((local = (void *)(uintptr_t)snapshot_local(&s, INDEX_LOCAL)) != NULL) {
		local->muted = trouble == MUTED;
		local->chain_status = trouble == NO_CHAIN ? CHAIN_UNTRUSTED_ROOT
		    : trouble == OTHER_CHAIN              ? CHAIN_BAD_SIGNATURE
							  : CHAIN_VALID;
		local->issuer_not_after = 0;
		if (trouble == BAD_KEY)
			local->key_status = KEY_STATUS_UNREADABLE;
	}
	trust = (void *)(uintptr_t)s.trusts;
	trust->muted = trouble == TRUST_MUTED;
}

/* Another configuration is in force. */
static struct held *
make(struct scene scene)
{
	const int today = (int)((time(NULL) - MODEL_NOW) / MODEL_DAY);
	const int ends = today + scene.days, trust = today + 900;
	struct config config = { 0 };
	struct anchor anchor = { 0 };
	struct buf octets = { 0 };
	struct held *held;
	struct err err;

	config.mode = scene.trouble == TRUST_ENDS ? VERIFY_OUTGOING : VERIFY_NONE;
	settings_default(&config.settings);
	config.settings.warn_percent = config.settings.crit_percent = 0;
	config.settings.min_interval = 0;
	model_credential(&config, CREDENTIAL_FACTORY,
	    &(struct model_cert){ .name = "factory",
		.key = 2,
		.days_after = trust,
		.days_before = 1000 },
	    1);
	if (scene.trouble != ABSENT)
		model_credential(&config, CREDENTIAL_LOCAL,
		    &(struct model_cert){ .name = "device",
			.key = 0,
			.days_before = scene.begins != 0 ? -today - scene.begins : 1000,
			.days_after = ends == 0 ? 1 : ends },
		    1);
	anchor.cert = model_cert(&config.arena,
	    &(struct model_cert){ .name = "root",
		.key = 3,
		.ca = true,
		.days_before = 1000,
		.days_after =
		    scene.trouble == TRUST_ENDS || scene.trouble == TRUST_MUTED
		    ? today + 5
		    : trust });
	assert_int_equal(config_set_trust(&config, &anchor, 1, &err), 0);
	assert_int_equal(config_complete(&config, MODEL_NOW, &err), 0);
	assert_int_equal(snapshot_write(&octets, &config, model_services(), MODEL_NOW,
			     &err),
	    0);
	damage(&octets, scene.trouble);
	held = held_new(memfile_new("scene", octets.data, octets.len, &err), -1, &err);
	assert_non_null(held);
	buf_clear(&octets);
	config_clear(&config);
	return held;
}

static void
put(struct device *d, struct scene scene)
{
	held_drop(d->e->running);
	d->e->running = make(scene);
	alarms_check(d->e);
	run(d);
}

#define NOTHING NOTIFY_KIND_MAX

/* Exactly these kinds were heard since the last call; NOTHING ends the list. */
static void
expect(struct device *d, const char *name, const enum notify_kind *kinds, size_t max)
{
	size_t n = 0;

	for (; n < max && kinds[n] != NOTHING; n++) {
		if (d->told + n >= d->nheard)
			fail_msg("%s: kind %u is missing", name, kinds[n] + 1);
		if (d->heard[d->told + n].kind != kinds[n])
			fail_msg("%s: kind %u, not %u", name,
			    d->heard[d->told + n].kind + 1, kinds[n] + 1);
	}
	if (d->told + n != d->nheard)
		fail_msg("%s: kind %u too many", name, d->heard[d->told + n].kind + 1);
	d->told = d->nheard;
}

#define EXPECT(d, name, ...)                                                           \
	expect(d, name, (const enum notify_kind[]){ __VA_ARGS__, NOTHING }, 8)
#define EXPECT_NOTHING(d, name)                                                        \
	expect(d, name, (const enum notify_kind[]){ NOTHING }, 1)

static void
test_scenes(void **state)
{
	static const struct {
		const char *name;
		struct scene scene;
		enum notify_kind told[3];
	} rows[] = {
		{ "fine", { 300, 0, 0 }, { NOTHING } },
		{ "warning", { 20, 0, 0 }, { NOTIFY_LOCAL_EXPIRING, NOTHING } },
		{ "the same", { 19, 0, 0 }, { NOTHING } },
		{ "critical", { 3, 0, 0 }, { NOTIFY_LOCAL_EXPIRING, NOTHING } },
		{ "expired", { -3, 0, 0 }, { NOTIFY_LOCAL_EXPIRED, NOTHING } },
		{ "renewed", { 300, 0, 0 }, { NOTIFY_LOCAL_EXPIRY_CLEAR, NOTHING } },
		{ "warning again", { 20, 0, 0 }, { NOTIFY_LOCAL_EXPIRING, NOTHING } },
		{ "muted", { 20, 0, MUTED }, { NOTIFY_LOCAL_EXPIRY_CLEAR, NOTHING } },
		{ "muted and worse", { -3, 0, MUTED }, { NOTHING } },
		{ "heard again", { -3, 0, 0 }, { NOTIFY_LOCAL_EXPIRED, NOTHING } },
		{ "removed", { -3, 0, ABSENT },
		    { NOTIFY_LOCAL_EXPIRY_CLEAR, NOTHING } },
		{ "to come", { 300, 9, 0 }, { NOTIFY_LOCAL_NOT_YET_VALID, NOTHING } },
		{ "came", { 300, 0, 0 },
		    { NOTIFY_LOCAL_NOT_YET_VALID_CLEAR, NOTHING } },
		{ "no key", { 300, 0, BAD_KEY },
		    { NOTIFY_LOCAL_KEY_MISMATCH, NOTHING } },
		{ "a key", { 300, 0, 0 },
		    { NOTIFY_LOCAL_KEY_MISMATCH_CLEAR, NOTHING } },
		{ "chain", { 300, 0, NO_CHAIN },
		    { NOTIFY_LOCAL_CHAIN_INVALID, NOTHING } },
		{ "another fault", { 300, 0, OTHER_CHAIN },
		    { NOTIFY_LOCAL_CHAIN_INVALID, NOTHING } },
		{ "chain builds", { 300, 0, 0 },
		    { NOTIFY_LOCAL_CHAIN_INVALID_CLEAR, NOTHING } },
		{ "anchor", { 300, 0, TRUST_ENDS },
		    { NOTIFY_TRUST_EXPIRING, NOTHING } },
		{ "anchor muted", { 300, 0, TRUST_MUTED },
		    { NOTIFY_TRUST_EXPIRY_CLEAR, NOTHING } },
		{ "fine again", { 300, 0, 0 }, { NOTHING } },
	};
	struct device *d = device_new();
	uint32_t seq;

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		put(d, rows[i].scene);
		expect(d, rows[i].name, rows[i].told, nitems(rows[i].told));
		alarms_check(d->e);
		run(d);
		EXPECT_NOTHING(d, "nothing changed");
		/* what was told is known to another start: neither repeated nor lost */
		if (i % 3 == 0) {
			taken(d);
		} else if (i % 3 == 1) {
			seq = d->e->counters.notify_seq;
			restart(d);
			put(d, rows[i].scene);
			if (d->e->counters.notify_seq != seq)
				fail_msg("%s: told again", rows[i].name);
			d->told = d->nheard;
		}
	}
	device_free(d);
}

static void
test_values(void **state)
{
	struct device *d = device_new();
	const struct notification *n;
	struct held *old;

	(void)state;
	put(d, (struct scene){ .days = -3 });
	n = &d->heard[0];
	assert_int_equal(n->kind, NOTIFY_LOCAL_EXPIRED);
	assert_int_equal(n->index, INDEX_LOCAL);
	assert_int_equal(n->seq, 1);
	assert_string_equal(n->u.row.name, "local");
	assert_string_equal(n->u.row.subject, "CN=device");
	assert_int_equal(n->u.row.status, VALIDITY_EXPIRED);
	assert_true(n->u.row.days_left <= -3);
	/* a row that is gone is told as it was */
	old = held_use(d->e->running);
	held_drop(d->e->running);
	d->e->running = make((struct scene){ .days = 300, .trouble = ABSENT });
	alarms_changed(d->e, old, "somebody");
	held_drop(old);
	run(d);
	n = &d->heard[d->nheard - 1];
	assert_int_equal(n->kind, NOTIFY_LOCAL_EXPIRY_CLEAR);
	assert_string_equal(n->u.row.name, "local");
	assert_string_equal(n->u.row.subject, "CN=device");
	device_free(d);
}

static void
test_what_a_commit_changed(void **state)
{
	struct device *d = device_new();
	struct held *old = make((struct scene){ .days = 300 });

	(void)state;
	put(d, (struct scene){ .days = 300 });
	held_drop(d->e->running);
	d->e->running = make((struct scene){ .days = 400, .trouble = TRUST_ENDS });
	alarms_changed(d->e, old, "somebody");
	run(d);
	EXPECT(d, "all", NOTIFY_LOCAL_REPLACED, NOTIFY_FACTORY_REPLACED,
	    NOTIFY_TRUST_CHANGED, NOTIFY_VERIFY_MODE_CHANGE, NOTIFY_TRUST_EXPIRING);
	assert_string_equal(d->heard[3].u.mode.user, "somebody");
	assert_string_equal(d->e->status.notices[1].text,
	    "The verification mode is outgoing now, by somebody");
	held_drop(old);
	device_free(d);
}

/* What waits for a restart is told again, as long as it waits; so is any alarm. */
static void
test_repeated(void **state)
{
	static const struct {
		const char *name;
		uint64_t services;
		int64_t hours; /* since it was told */
		uint32_t repeat_hours, classes;
		bool again;
	} rows[] = {
		{ "told just now", 1, 0, 24, 0xff, false },
		{ "not yet", 1, 23, 24, 0xff, false },
		{ "due", 1, 24, 24, 0xff, true },
		{ "due each hour", 4, 1, 1, 0xff, true },
		{ "once only", 1, 1000, 0, 0xff, false },
		{ "its class is off", 1, 25, 24, 0xbf, false },
	};
	struct device *d;

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		d = device_new();
		source_restore(d->e, SOURCE_RESTART, 0, 1,
		    time(NULL) - rows[i].hours * 3600);
		d->e->pending.services = rows[i].services;
		put_setting(d->e, SETTING_REPEAT_HOURS, rows[i].repeat_hours);
		put_setting(d->e, SETTING_NOTIFY_ENABLE, rows[i].classes);
		for (int n = 0; n < 2; n++) {
			alarms_check(d->e);
			run(d);
			if (d->nheard != rows[i].again)
				fail_msg("%s", rows[i].name);
		}
		device_free(d);
	}
}

static void
set_stuck(struct device *d, bool stuck)
{
	d->e->stuck = stuck;
	alarms_device(d->e);
	run(d);
}

/* The first goes at once; then only what is true at the end, if it was not told. */
static void
test_throttled(void **state)
{
	struct device *d = device_new();

	(void)state;
	put_setting(d->e, SETTING_MIN_INTERVAL, 3600);
	set_stuck(d, true);
	EXPECT(d, "at once", NOTIFY_STUCK);
	set_stuck(d, false);
	set_stuck(d, true);
	EXPECT_NOTHING(d, "within the interval");
	assert_int_equal(d->e->status.notify_suppressed, 2);
	put_setting(d->e, SETTING_MIN_INTERVAL, 0);
	sources_pump(d->e);
	run(d);
	EXPECT_NOTHING(d, "it is as it was told");
	put_setting(d->e, SETTING_MIN_INTERVAL, 3600);
	set_stuck(d, false);
	EXPECT_NOTHING(d, "waits");
	put_setting(d->e, SETTING_MIN_INTERVAL, 0);
	sources_pump(d->e);
	run(d);
	EXPECT(d, "the end of the interval", NOTIFY_STUCK_CLEAR);
	assert_int_equal(d->e->status.notify_suppressed, 2);
	device_free(d);
}

static void
test_events_are_throttled(void **state)
{
	struct notification n = { .kind = NOTIFY_COMMIT_DONE };
	struct device *d = device_new();

	(void)state;
	put_setting(d->e, SETTING_MIN_INTERVAL, 3600);
	for (n.u.commit.generation = 1; n.u.commit.generation < 5;
	     n.u.commit.generation++) {
		source_event(d->e, &n);
		run(d);
	}
	n.kind = NOTIFY_COMMIT_FAILED;
	source_event(d->e, &n);
	run(d);
	EXPECT(d, "the first of each", NOTIFY_COMMIT_DONE, NOTIFY_COMMIT_FAILED);
	assert_int_equal(d->e->status.notify_suppressed, 2);
	put_setting(d->e, SETTING_MIN_INTERVAL, 0);
	sources_pump(d->e);
	run(d);
	EXPECT(d, "the newest", NOTIFY_COMMIT_DONE);
	assert_int_equal(d->heard[2].u.commit.generation, 4);
	device_free(d);
}

/* What was raised stays so for the manager while nobody may tell it. */
static void
test_class_switched_off(void **state)
{
	struct device *d = device_new();

	(void)state;
	set_stuck(d, true);
	EXPECT(d, "on", NOTIFY_STUCK);
	put_setting(d->e, SETTING_NOTIFY_ENABLE, 0xdf);
	set_stuck(d, false);
	EXPECT_NOTHING(d, "off");
	assert_int_equal(d->e->status.notify_suppressed, 0);
	put_setting(d->e, SETTING_NOTIFY_ENABLE, 0xff);
	alarms_check(d->e);
	run(d);
	EXPECT(d, "on again", NOTIFY_STUCK_CLEAR);
	device_free(d);
}

/* --- numbers --- */

/* Those from here on are heard with these numbers. */
static void
expect_numbers(const struct device *d, size_t from, uint32_t first, uint32_t last)
{
	assert_int_equal(d->nheard - from, last - first + 1);
	for (size_t i = from; i < d->nheard; i++)
		assert_int_equal(d->heard[i].seq, first + i - from);
}

static void
flip(struct device *d, unsigned int times)
{
	for (unsigned int i = 0; i < times; i++)
		set_stuck(d, !d->e->stuck);
}

static void
test_numbers_over_a_restart(void **state)
{
	struct device *d = device_new();

	(void)state;
	flip(d, 4);
	expect_numbers(d, 0, 1, 4);
	restart(d);
	expect_numbers(d, 0, 1, 4); /* nobody had taken them */
	taken(d);
	flip(d, 2);
	expect_numbers(d, 4, 5, 6);
	connect_snmp(d);
	expect_numbers(d, 6, 5, 6); /* again, to a new snmp process */
	taken(d);
	assert_int_equal(d->e->counters.notify_seq, 6);
	device_free(d);
}

static void
test_log_over_a_restart(void **state)
{
	struct device *d = device_new();
	const struct status *s;

	(void)state;
	flip(d, LIMIT_NOTICES + 10);
	taken(d);
	restart(d);
	s = &d->e->status;
	assert_int_equal(s->nnotices, LIMIT_NOTICES);
	for (uint32_t i = 0; i < LIMIT_NOTICES; i++)
		assert_int_equal(s->notices[i].seq, LIMIT_NOTICES + 10 - i);
	assert_string_equal(s->notices[0].text, "Generation 5 is in force again");
	device_free(d);
}

/* The file is written anew now and then: nothing is lost by that. */
static void
test_many(void **state)
{
	struct device *d = device_new();
	struct stat st;

	(void)state;
	for (int i = 0; i < 30; i++) {
		flip(d, 100);
		expect_numbers(d, 0, (uint32_t)i * 100 + 1, (uint32_t)i * 100 + 100);
		taken(d);
		if (i % 10 == 5)
			restart(d);
		d->nheard = 0;
	}
	assert_int_equal(fstatat(d->dirfd, "outbox", &st, 0), 0);
	assert_true(st.st_size > 0 && st.st_size < 4000000);
	restart(d);
	assert_true(d->nheard <= 100);
	d->e->stuck = false;
	flip(d, 1);
	assert_int_equal(d->heard[d->nheard - 1].seq, 3001);
	device_free(d);
}

/* Without room an alarm stays as it was told, and is told when there is. */
static void
test_no_room(void **state)
{
	struct device *d = device_new();

	(void)state;
	for (int i = 0; i < 2100; i++) {
		flip(d, 1);
		d->nheard = 0;
	}
	assert_int_equal(d->e->counters.notify_seq, 2048);
	assert_int_equal(outbox_room(d->e), ROOM_EVENTS);
	source_event(d->e, &(struct notification){ .kind = NOTIFY_COMMIT_DONE });
	flip(d, 1);
	assert_int_equal(d->e->counters.notify_seq, 2049);
	restart(d);
	set_stuck(d, true);
	for (uint32_t told = 0; told < 2049; told = (uint32_t)d->nheard)
		taken(d);
	expect_numbers(d, 0, 1, 2050);
	assert_int_equal(d->heard[2049].kind, NOTIFY_STUCK);
	device_free(d);
}

/* A disk that fails does not silence anybody, and all is written when it works. */
static void
test_disk_fails(void **state)
{
	struct device *d = device_new();

	(void)state;
	d->disk_fails = true;
	flip(d, 3);
	expect_numbers(d, 0, 1, 3);
	d->disk_fails = false;
	flip(d, 1);
	restart(d);
	expect_numbers(d, 0, 1, 4);
	device_free(d);
}

/* --- the file --- */

static void
test_torn_tail(void **state)
{
	struct device *d = device_new();
	off_t sizes[3] = { 0 };
	int fd;

	(void)state;
	for (int i = 0; i < 3; i++) {
		flip(d, 1);
		fd = openat(d->dirfd, "outbox", O_RDWR | O_CLOEXEC);
		sizes[i] = lseek(fd, 0, SEEK_END);
		assert_int_equal(close(fd), 0);
	}
	/* wherever the third append was cut off, the first two are there */
	for (off_t cut = sizes[2] - 1; cut >= sizes[1]; cut -= 97) {
		fd = openat(d->dirfd, "outbox", O_RDWR | O_CLOEXEC);
		assert_int_equal(ftruncate(fd, cut), 0);
		restart(d);
		expect_numbers(d, 0, 1, 2);
		assert_int_equal(lseek(fd, 0, SEEK_END), sizes[1]);
		assert_int_equal(close(fd), 0);
		set_stuck(d, true);
		expect_numbers(d, 0, 1, 3);
	}
	device_free(d);
}

/* No number is used twice, even if nobody knows which ones were. */
static void
test_lost_file(void **state)
{
	struct device *d = device_new();
	struct counters counters;

	(void)state;
	flip(d, 3);
	counters = d->e->counters;
	fixture_write(d->dir, "outbox", "something else");
	restart(d);
	assert_int_equal(d->nheard, 0);
	assert_int_equal(faccessat(d->dirfd, "outbox.damaged", F_OK, 0), 0);
	d->e->counters = counters;
	outbox_boot(d->e, -1, false);
	flip(d, 1);
	assert_true(d->heard[0].seq > 1000);
	device_free(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scenes),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_what_a_commit_changed),
		cmocka_unit_test(test_repeated),
		cmocka_unit_test(test_throttled),
		cmocka_unit_test(test_events_are_throttled),
		cmocka_unit_test(test_class_switched_off),
		cmocka_unit_test(test_numbers_over_a_restart),
		cmocka_unit_test(test_log_over_a_restart),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_disk_fails),
		cmocka_unit_test(test_torn_tail),
		cmocka_unit_test(test_lost_file),
	};

	log_open("test", 1, LOG_LEVEL_ERR);
	return cmocka_run_group_tests(tests, NULL, model_teardown);
}
