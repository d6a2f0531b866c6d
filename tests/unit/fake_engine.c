/* SPDX-License-Identifier: ISC */
/*
 * The other end of certconf-snmp, for tests: it starts the program with a channel as
 * descriptor 3, does what lines on standard input say, and tells on standard output
 * what it is asked.
 *
 *   credential NAME FILE [match|mismatch|missing]   a PEM chain, or - for none
 *   trust FILE...         anchors
 *   anchors FILE N        so many rows that differ in their SHA-256 only
 *   mode N                verification mode of the next snapshot
 *   publish               snapshot and status out
 *   files DIR             the same as files for the plugin
 *   set FIELD N           a number of the status; it goes out with the next status
 *   status                only the status out
 *   verdict N             how the next SETs are judged: enum ticket_verdict
 *   slow MS               and after how long
 *   service NAME INDEX    one more row of the status; INDEX decides what it has
 *   notify KIND SEQ INDEX
 *   burst KIND FIRST LAST as fast as they are taken in
 *   notice KIND SEQ       one more, older row of the log, in the status
 *   commit GENERATION     one more, older row of the commits; an odd one failed
 *   change KIND INDEX VALUE   of monitoring: enum change_kind; it goes out at once
 *   garbage               a message of no known form
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/clock.h"
#include "agent/memfile.h"
#include "agent/msg.h"
#include "agent/proto.h"
#include "lib/pem.h"
#include "lib/published.h"
#include "lib/snapshot.h"

#define CHANNEL_FD 3
#define MADE 1790000000 /* when everything was configured: 2026-09-21 */
#define WORDS_MAX 8

struct fake {
	int fd;
	pid_t child;
	struct arena arena;
	struct config config;
	struct status status;
	uint32_t verdict, ticket, slow_ms;
	struct snmp_prepare prepared;
	struct setting_change changes[WORDS_MAX];
	size_t nchanges;
	struct msg msg;
};

static int read_message(struct fake *f);

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "fake_engine: %s: %s\n", what, strerror(errno));
	exit(1);
}

static _Noreturn void
die_err(const struct err *err)
{
	fprintf(stderr, "fake_engine: %s %s\n", err->where, err->text);
	exit(1);
}

/* --- configuration --- */

static struct text
read_file(struct fake *f, const char *path)
{
	char *data = arena_alloc(&f->arena, 1 << 20);
	FILE *file = fopen(path, "r");
	size_t len;

	if (file == NULL || data == NULL)
		die(path);
	len = fread(data, 1, 1 << 20, file);
	fclose(file);
	return (struct text){ data, len };
}

struct found {
	struct fake *fake;
	struct cert certs[LIMIT_CHAIN];
	size_t count;
};

static int
on_certificate(void *context, struct blob der, uint32_t line, struct err *err)
{
	struct found *found = context;

	(void)line;
	return cert_parse(&found->fake->arena, der, &found->certs[found->count++], err);
}

static void
read_certificates(struct fake *f, const char *path, struct found *found)
{
	struct err err;

	found->fake = f;
	found->count = 0;
	if (pem_read_certificates(&f->arena, read_file(f, path), LIMIT_CHAIN,
		on_certificate, found, &err) == -1)
		die_err(&err);
}

static void
do_credential(struct fake *f, char **words)
{
	struct credential *credential =
	    config_add_credential(&f->config, text_of(words[0]));
	struct found found = { .count = 0 };

	if (credential == NULL)
		die("credential");
	if (strcmp(words[1], "-") != 0)
		read_certificates(f, words[1], &found);
	credential->chain = arena_alloc(&f->arena, sizeof(found.certs));
	memcpy(credential->chain, found.certs, sizeof(found.certs));
	credential->count = found.count;
	credential->has_key = words[2] == NULL || strcmp(words[2], "missing") != 0;
	memcpy(credential->key_id, found.certs[0].key_id, SHA256_SIZE);
	if (found.count == 0 || (words[2] != NULL && strcmp(words[2], "mismatch") == 0))
		memset(credential->key_id, 0x5a, SHA256_SIZE);
}

static void
do_trust(struct fake *f, char **words)
{
	struct anchor anchors[WORDS_MAX] = { 0 };
	struct found found;
	struct err err;
	size_t n = 0;

	for (; words[n] != NULL; n++) {
		read_certificates(f, words[n], &found);
		anchors[n].cert = found.certs[0];
	}
	if (config_set_trust(&f->config, anchors, n, &err) == -1)
		die_err(&err);
}

static void
do_anchors(struct fake *f, char **words)
{
	const size_t count = strtoul(words[1], NULL, 10);
	struct anchor *anchors = calloc(count, sizeof(*anchors));
	struct found found;
	struct err err;
	uint32_t i;

	read_certificates(f, words[0], &found);
	for (i = 0; anchors != NULL && i < count; i++) {
		anchors[i].cert = found.certs[0];
		memcpy(anchors[i].cert.sha256, &i, sizeof(i));
	}
	if (anchors == NULL || config_set_trust(&f->config, anchors, count, &err) == -1)
		die_err(&err);
	free(anchors);
}

static void
do_mode(struct fake *f, char **words)
{
	f->config.mode = (enum verify_mode)atoi(words[0]);
	f->status.admin_mode = (uint32_t)f->config.mode;
}

static void
send_message(struct fake *f, uint32_t type, uint32_t id, const void *data, size_t len,
    int fd)
{
	if (msg_send(f->fd, type, id, data, len, &fd, fd == -1 ? 0 : 1) == -1)
		die("send");
}

static void
do_status(struct fake *f, char **words)
{
	(void)words;
	send_message(f, SNMP_STATUS, 0, &f->status, sizeof(f->status), -1);
}

static int
apply_changes(struct fake *f, struct buf *buf, struct err *err)
{
	for (size_t i = 0; i < f->nchanges; i++)
		if (!snapshot_change(buf->data, buf->len, &f->changes[i]))
			return err_set(err, ERR_OTHER, "change", "no such row");
	return 0;
}

static void
make_snapshot(struct fake *f, struct buf *buf)
{
	static const struct services none;
	struct err err;

	settings_default(&f->config.settings);
	if (config_complete(&f->config, MADE, &err) == -1 ||
	    snapshot_write(buf, &f->config, &none, MADE, &err) == -1 ||
	    apply_changes(f, buf, &err) == -1)
		die_err(&err);
}

static void
write_file(const char *dir, const char *name, const void *data, size_t len)
{
	char path[4096];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	if ((file = fopen(path, "w")) == NULL || fwrite(data, len, 1, file) != 1 ||
	    fclose(file) != 0)
		die(path);
}

static void
do_files(struct fake *f, char **words)
{
	static struct published file;
	struct buf buf = { 0 };

	make_snapshot(f, &buf);
	write_file(words[0], PUBLISHED_SNAPSHOT, buf.data, buf.len);
	buf_clear(&buf);
	memcpy(file.magic, PUBLISHED_MAGIC, sizeof(file.magic));
	file.version = PUBLISHED_VERSION;
	file.size = sizeof(file);
	file.sequence += 2;
	file.heartbeat_ms = clock_ms();
	published_fill(&file, &f->status);
	write_file(words[0], PUBLISHED_STATUS, &file, sizeof(file));
}

static void
do_publish(struct fake *f, char **words)
{
	const struct snmp_snapshot message = { f->status.generation };
	struct buf buf = { 0 };
	struct err err;
	int fd;

	make_snapshot(f, &buf);
	if ((fd = memfile_new("snapshot", buf.data, buf.len, &err)) == -1)
		die_err(&err);
	buf_clear(&buf);
	send_message(f, SNMP_SNAPSHOT, 0, &message, sizeof(message), fd);
	close(fd);
	do_status(f, words);
}

static void
do_change(struct fake *f, char **words)
{
	if (f->nchanges == WORDS_MAX)
		die("change");
	f->changes[f->nchanges++] = (struct setting_change){ (uint32_t)atoi(words[0]),
		(uint32_t)atoi(words[1]), atoi(words[2]) };
	do_publish(f, words);
}

/* --- status --- */

static void
do_set(struct fake *f, char **words)
{
	const struct {
		const char *name;
		uint32_t *number;
	} fields[] = {
		{ "config-state", &f->status.config_state },
		{ "spin-lock", &f->status.spin_lock },
		{ "last-action", &f->status.last_action },
		{ "last-result", &f->status.last_result },
		{ "restart-pending", &f->status.restart_pending },
		{ "clock", &f->status.clock },
	};
	size_t i;

	for (i = 0; i < nitems(fields); i++)
		if (strcmp(words[0], fields[i].name) == 0)
			*fields[i].number = (uint32_t)strtoul(words[1], NULL, 10);
}

static void
make_status(struct status *status)
{
	status->started = MADE;
	status->generation = 17;
	status->running_since = MADE + 3600;
	status->clock = CLOCK_SYNCHRONIZED;
	status->spin_lock = 41;
	status->loads = 3;
	status->last_load = MADE;
	status->local_changed = 1;
	status->last_action = ACTION_COMMIT;
	status->last_result = RESULT_FAILED;
	status->last_start = MADE + 3500;
	err_set(&status->last_error, ERR_KEY_MISMATCH,
	    "/certconf/credential[name='local']",
	    "private key does not belong to the certificate");
	status->notify_last_seq = 9;
	(void)snprintf(status->model, sizeof(status->model), "Example MCU 4500");
	(void)snprintf(status->source, sizeof(status->source),
	    "/var/lib/certconf/live");
	(void)snprintf(status->last_user, sizeof(status->last_user), "operator");
}

/* An even index: probed and in sync; an odd one: nothing is known of it yet. */
static void
do_service(struct fake *f, char **words)
{
	struct status_service *row = &f->status.services[f->status.nservices++];

	if (f->status.nservices > LIMIT_SERVICES)
		die("service");
	memset(row, 0, sizeof(*row));
	(void)snprintf(row->name, sizeof(row->name), "%s", words[0]);
	row->index = (uint32_t)atoi(words[1]);
	if (row->index % 2 != 0)
		return;
	row->enabled = 1;
	row->feature = FEATURE_PRESENT;
	row->state = SERVICE_RUNNING;
	row->in_sync = SYNC_IN;
	row->last_result = RESULT_SUCCESS;
	row->local_index = 1;
	row->has_served = 1;
	memset(row->served.leaf, 0xab, sizeof(row->served.leaf));
	row->served_not_after = MADE + 86400;
	row->last_probe = MADE + 60;
	row->last_restart = MADE + 30;
	row->restarts = 7;
}

static void
do_commit(struct fake *f, char **words)
{
	struct status_commit *row = &f->status.commits[f->status.ncommits++];

	if (f->status.ncommits > LIMIT_HISTORY)
		die("commit");
	row->generation = strtoull(words[0], NULL, 10);
	row->time = MADE + (int64_t)row->generation;
	row->origin = ORIGIN_CLI;
	row->result = RESULT_SUCCESS;
	(void)snprintf(row->user, sizeof(row->user), "operator");
	if (row->generation % 2 == 0)
		return;
	row->origin = ORIGIN_SNMP;
	row->result = RESULT_ROLLED_BACK;
	(void)snprintf(row->error_text, sizeof(row->error_text),
	    "nginx: it serves another certificate");
}

static void
do_notice(struct fake *f, char **words)
{
	struct status_notice *row = &f->status.notices[f->status.nnotices++];

	if (f->status.nnotices > LIMIT_NOTICES)
		die("notice");
	row->kind = (uint32_t)atoi(words[0]);
	row->seq = (uint32_t)strtoul(words[1], NULL, 10);
	row->time = MADE + row->seq;
	(void)snprintf(row->text, sizeof(row->text), "number %u happened", row->seq);
}

/* --- SETs --- */

static void
do_verdict(struct fake *f, char **words)
{
	f->verdict = (uint32_t)atoi(words[0]);
}

static void
do_slow(struct fake *f, char **words)
{
	f->slow_ms = (uint32_t)atoi(words[0]);
}

static void
on_prepare(struct fake *f)
{
	struct snmp_ticket ticket = { .verdict = f->verdict };

	memcpy(&f->prepared, f->msg.data, sizeof(f->prepared));
	printf("prepare has %u mode %u action %u spin %u timeout %u\n", f->prepared.has,
	    f->prepared.mode, f->prepared.action, f->prepared.spin_lock,
	    f->prepared.confirm_timeout);
	if ((f->prepared.has & SNMP_SET_SPIN_LOCK) &&
	    f->prepared.spin_lock != f->status.spin_lock)
		ticket.verdict = TICKET_SPIN;
	if (ticket.verdict == TICKET_OK)
		ticket.ticket = ++f->ticket;
	(void)poll(NULL, 0, (int)f->slow_ms);
	send_message(f, SNMP_TICKET, f->msg.id, &ticket, sizeof(ticket), -1);
}

static void
on_apply(struct fake *f)
{
	struct snmp_by_ticket by;

	memcpy(&by, f->msg.data, sizeof(by));
	printf("apply %u\n", by.ticket);
	if (f->prepared.has & SNMP_SET_MODE)
		f->status.admin_mode = f->prepared.mode;
	if (f->prepared.has & SNMP_SET_SPIN_LOCK)
		f->status.spin_lock++;
	if (f->prepared.has & SNMP_SET_CONFIRM_TIMEOUT)
		f->status.confirm_timeout = f->prepared.confirm_timeout;
	if (f->prepared.has & SNMP_SET_ACTION)
		f->status.last_action = f->prepared.action;
	do_status(f, NULL);
}

static void
on_release(struct fake *f)
{
	struct snmp_by_ticket by;

	memcpy(&by, f->msg.data, sizeof(by));
	printf("release %u\n", by.ticket);
}

/* --- notifications --- */

static void
fill_row(struct notification *n)
{
	(void)snprintf(n->u.row.name, sizeof(n->u.row.name), "local");
	(void)snprintf(n->u.row.subject, sizeof(n->u.row.subject),
	    "CN=unit.example.test");
	(void)snprintf(n->u.row.issuer, sizeof(n->u.row.issuer), "CN=Example");
	(void)snprintf(n->u.row.serial, sizeof(n->u.row.serial), "5a5a");
	memset(n->u.row.sha256, 0xab, sizeof(n->u.row.sha256));
	n->u.row.not_after = MADE;
	n->u.row.days_left = -3;
	n->u.row.status = VALIDITY_EXPIRED;
	n->u.row.key_status = KEY_STATUS_MISSING;
	n->u.row.chain_status = CHAIN_UNTRUSTED_ROOT;
}

static void
fill_commit(struct notification *n)
{
	n->u.commit.generation = 18;
	n->u.commit.action = ACTION_COMMIT;
	n->u.commit.result = RESULT_ROLLED_BACK;
	err_set(&n->u.commit.err, ERR_SERVICE_FAILED, "nginx",
	    "it serves another certificate");
	(void)snprintf(n->u.commit.user, sizeof(n->u.commit.user), "operator");
}

static void
fill_service(struct notification *n)
{
	(void)snprintf(n->u.service.name, sizeof(n->u.service.name), "nginx");
	n->u.service.state = SERVICE_RUNNING;
	n->u.service.in_sync =
	    n->kind == NOTIFY_SERVICE_OUT_OF_SYNC ? SYNC_OUT : SYNC_IN;
	n->u.service.last_result = RESULT_SUCCESS;
}

static void
fill_restart(struct notification *n)
{
	n->u.restart.generation = 18;
	n->u.restart.pending = n->kind == NOTIFY_RESTART_PENDING;
}

static void
fill_clock(struct notification *n)
{
	n->u.clock.time = MADE;
	n->u.clock.status = CLOCK_IMPLAUSIBLE;
}

static void
fill_trust(struct notification *n)
{
	n->u.trust.generation = 18;
	n->u.trust.count = 2;
}

static void
fill_mode(struct notification *n)
{
	n->u.mode.mode = VERIFY_OUTGOING;
	(void)snprintf(n->u.mode.user, sizeof(n->u.mode.user), "operator");
}

static void
fill_source(struct notification *n)
{
	n->u.source.loaded = MADE;
	n->u.source.errors = 4;
	n->u.source.overall = SEVERITY_CRITICAL;
}

static void (*const fills[NOTIFY_KIND_MAX])(struct notification *) = {
	[NOTIFY_LOCAL_EXPIRING] = fill_row,
	[NOTIFY_LOCAL_EXPIRED] = fill_row,
	[NOTIFY_LOCAL_EXPIRY_CLEAR] = fill_row,
	[NOTIFY_LOCAL_NOT_YET_VALID] = fill_row,
	[NOTIFY_LOCAL_KEY_MISMATCH] = fill_row,
	[NOTIFY_LOCAL_KEY_MISMATCH_CLEAR] = fill_row,
	[NOTIFY_LOCAL_CHAIN_INVALID] = fill_row,
	[NOTIFY_LOCAL_CHAIN_INVALID_CLEAR] = fill_row,
	[NOTIFY_LOCAL_NOT_YET_VALID_CLEAR] = fill_row,
	[NOTIFY_FACTORY_REPLACED] = fill_row,
	[NOTIFY_CLOCK_FAULT] = fill_clock,
	[NOTIFY_CLOCK_FAULT_CLEAR] = fill_clock,
	[NOTIFY_RESTART_PENDING] = fill_restart,
	[NOTIFY_RESTART_PENDING_CLEAR] = fill_restart,
	[NOTIFY_STUCK] = fill_commit,
	[NOTIFY_STUCK_CLEAR] = fill_commit,
	[NOTIFY_TRUST_EXPIRING] = fill_row,
	[NOTIFY_TRUST_EXPIRED] = fill_row,
	[NOTIFY_TRUST_EXPIRY_CLEAR] = fill_row,
	[NOTIFY_LOCAL_REPLACED] = fill_row,
	[NOTIFY_TRUST_CHANGED] = fill_trust,
	[NOTIFY_VERIFY_MODE_CHANGE] = fill_mode,
	[NOTIFY_COMMIT_DONE] = fill_commit,
	[NOTIFY_COMMIT_FAILED] = fill_commit,
	[NOTIFY_SERVICE_OUT_OF_SYNC] = fill_service,
	[NOTIFY_SERVICE_IN_SYNC_CLEAR] = fill_service,
	[NOTIFY_SOURCE_ERROR] = fill_source,
	[NOTIFY_SOURCE_ERROR_CLEAR] = fill_source,
};

static void
do_notify(struct fake *f, char **words)
{
	struct notification n = { .kind = (uint32_t)atoi(words[0]),
		.seq = (uint32_t)atoi(words[1]),
		.index = (uint32_t)atoi(words[2]),
		.time = MADE };

	if (n.kind >= NOTIFY_KIND_MAX)
		die("notify");
	fills[n.kind](&n);
	send_message(f, SNMP_NOTIFY, 0, &n, sizeof(n), -1);
}

/*
 * As the engine, it never waits for the other side without reading what that has to
 * say.
 */
static void
do_burst(struct fake *f, char **words)
{
	struct notification n = { .kind = (uint32_t)atoi(words[0]),
		.index = 1,
		.time = MADE };
	const uint32_t last = (uint32_t)atoi(words[2]);
	struct pollfd pfd = { .fd = f->fd };

	if (n.kind >= NOTIFY_KIND_MAX)
		die("burst");
	fills[n.kind](&n);
	for (n.seq = (uint32_t)atoi(words[1]); n.seq <= last;) {
		pfd.events = POLLIN | POLLOUT;
		if (poll(&pfd, 1, -1) == -1)
			die("poll");
		if ((pfd.revents & POLLIN) && !read_message(f))
			die("the other side");
		if (!(pfd.revents & POLLOUT))
			continue;
		if (msg_send(f->fd, SNMP_NOTIFY, 0, &n, sizeof(n), NULL, 0) == 0)
			n.seq++;
		else if (errno != EAGAIN)
			die("send");
	}
}

static void
on_notified(struct fake *f)
{
	struct snmp_notified n;

	memcpy(&n, f->msg.data, sizeof(n));
	printf("notified %u\n", n.seq);
}

static void
on_heartbeat(struct fake *f)
{
	struct snmp_heartbeat h;

	memcpy(&h, f->msg.data, sizeof(h));
	printf("heartbeat %u\n", h.connected);
}

static void
do_garbage(struct fake *f, char **words)
{
	(void)words;
	send_message(f, SNMP_STATUS, 0, "x", 1, -1);
}

/* --- the two sides --- */

static const struct {
	const char *name;
	int words;
	void (*run)(struct fake *, char **);
} commands[] = {
	{ "credential", 2, do_credential },
	{ "trust", 1, do_trust },
	{ "anchors", 2, do_anchors },
	{ "files", 1, do_files },
	{ "mode", 1, do_mode },
	{ "publish", 0, do_publish },
	{ "set", 2, do_set },
	{ "status", 0, do_status },
	{ "verdict", 1, do_verdict },
	{ "slow", 1, do_slow },
	{ "service", 2, do_service },
	{ "notify", 3, do_notify },
	{ "burst", 3, do_burst },
	{ "notice", 2, do_notice },
	{ "commit", 1, do_commit },
	{ "change", 3, do_change },
	{ "garbage", 0, do_garbage },
};

static const struct {
	size_t size;
	void (*run)(struct fake *);
} messages[SNMP_TYPE_MAX] = {
	[SNMP_PREPARE] = { sizeof(struct snmp_prepare), on_prepare },
	[SNMP_APPLY] = { sizeof(struct snmp_by_ticket), on_apply },
	[SNMP_RELEASE] = { sizeof(struct snmp_by_ticket), on_release },
	[SNMP_NOTIFIED] = { sizeof(struct snmp_notified), on_notified },
	[SNMP_HEARTBEAT] = { sizeof(struct snmp_heartbeat), on_heartbeat },
};

static void
do_line(struct fake *f, char *line)
{
	char *words[WORDS_MAX + 1] = { NULL }, *rest = NULL;
	int n = 0;
	size_t i;

	for (char *w = strtok_r(line, " \n", &rest); w != NULL && n < WORDS_MAX;
	     w = strtok_r(NULL, " \n", &rest))
		words[n++] = w;
	for (i = 0; n > 0 && i < nitems(commands); i++) {
		if (strcmp(commands[i].name, words[0]) != 0 || n <= commands[i].words)
			continue;
		commands[i].run(f, words + 1);
		printf("done %s\n", commands[i].name);
		return;
	}
	fprintf(stderr, "fake_engine: no such command\n");
	exit(2);
}

/* Lines are short and come one at a time: the tests wait for "done". */
static int
read_line(struct fake *f)
{
	char line[4096];
	ssize_t n = read(STDIN_FILENO, line, sizeof(line) - 1);

	if (n <= 0)
		return 0;
	line[n] = '\0';
	do_line(f, line);
	return 1;
}

static int
read_message(struct fake *f)
{
	if (msg_recv(f->fd, &f->msg) != 1)
		return 0;
	if (f->msg.type >= SNMP_TYPE_MAX || messages[f->msg.type].run == NULL ||
	    messages[f->msg.type].size != f->msg.len) {
		printf("irregular message %u\n", f->msg.type);
		return 0;
	}
	messages[f->msg.type].run(f);
	msg_close(&f->msg);
	return 1;
}

static void
start(struct fake *f, char **argv)
{
	int pair[2];

	if (msg_pair(pair) == -1 || (f->child = fork()) == -1)
		die("start");
	if (f->child == 0) {
		/* dup2() of a descriptor onto itself would leave it close-on-exec */
		if (pair[1] == CHANNEL_FD)
			pair[1] = dup(pair[1]);
		if (dup2(pair[1], CHANNEL_FD) == -1)
			_exit(127);
		execv(argv[1], argv + 1);
		_exit(127);
	}
	close(pair[1]);
	f->fd = pair[0];
	printf("started %d\n", (int)f->child);
}

int
main(int argc, char *argv[])
{
	struct fake *f = calloc(1, sizeof(*f));
	struct pollfd fds[2] = { { .fd = STDIN_FILENO, .events = POLLIN } };
	int status, go_on = 1;

	if (argc < 2 || f == NULL)
		return 2;
	(void)signal(SIGPIPE, SIG_IGN);
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	make_status(&f->status);
	start(f, argv);
	fds[1] = (struct pollfd){ .fd = f->fd, .events = POLLIN };
	while (go_on && poll(fds, 2, -1) > 0) {
		if (fds[1].revents != 0)
			go_on = read_message(f);
		if (go_on && fds[0].revents != 0)
			go_on = read_line(f);
	}
	close(f->fd);
	if (waitpid(f->child, &status, 0) == f->child)
		printf("ended %d\n", status);
	config_clear(&f->config);
	arena_clear(&f->arena);
	free(f);
	return 0;
}
