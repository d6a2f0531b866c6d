/* SPDX-License-Identifier: ISC */
/*
 * Asks a service over TLS what it serves, until it serves what it should.
 *
 * The engine connects; a sandboxed process gets the connected socket and does one
 * handshake.  An old worker of the service may answer once more after a reload, hence
 * several answers in a row, and once more after the settle time (a service that dies a
 * moment later).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/engine.h"
#include "agent/xalloc.h"

#define ATTEMPT_MS 5000 /* one connection with its handshake */
#define PAUSE_MIN_MS 20
#define PAUSE_MAX_MS 500

struct prober {
	struct engine *engine;
	struct prober_spec spec;
	prober_done *done;
	void *context;
	int64_t deadline_ms;
	uint32_t seen; /* good answers in a row */
	bool settled;
	int64_t pause_ms;
	int fd; /* connecting; -1 otherwise */
	struct event *connected, *timer;
	struct channel *channel; /* to the process that does the handshake */
	uint32_t child;
	struct probe_result result;
};

static void attempt(struct prober *);

static void
attempt_clear(struct prober *p)
{
	if (p->connected != NULL)
		event_free(p->connected);
	p->connected = NULL;
	if (p->fd != -1)
		close(p->fd);
	p->fd = -1;
	channel_free(p->channel);
	p->channel = NULL;
	if (p->child != 0)
		spawner_kill(p->engine, p->child);
	p->child = 0;
	event_del(p->timer);
}

void
prober_free(struct prober *p)
{
	if (p == NULL)
		return;
	attempt_clear(p);
	event_free(p->timer);
	free(p);
}

static void
wait_ms(struct prober *p, int64_t ms)
{
	const struct timeval tv = timeval_ms(ms);

	event_add(p->timer, &tv);
}

static void
finish(struct prober *p)
{
	prober_done *done = p->done;
	struct probe_result result = p->result;
	struct engine *e = p->engine;
	void *context = p->context;

	prober_free(p);
	done(e, context, &result);
}

/* A good answer: enough of them in a row, the settle time, and one more. */
static void
good(struct prober *p)
{
	p->seen++;
	p->pause_ms = PAUSE_MIN_MS;
	if (p->seen < p->spec.in_a_row) {
		wait_ms(p, PAUSE_MIN_MS);
	} else if (p->settled || p->spec.settle_ms == 0) {
		finish(p);
	} else {
		p->settled = true;
		p->seen = p->spec.in_a_row - 1;
		p->deadline_ms += p->spec.settle_ms;
		wait_ms(p, p->spec.settle_ms);
	}
}

static void
bad(struct prober *p)
{
	const int64_t left = p->deadline_ms - clock_ms();

	p->seen = 0;
	if (p->spec.once || left <= 0) {
		finish(p);
		return;
	}
	wait_ms(p, p->pause_ms < left ? p->pause_ms : left);
	p->pause_ms = p->pause_ms * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : p->pause_ms * 2;
}

/* Whether it is what it should be; certificates after that do not matter. */
static int
compare(const struct prober *p, struct err *err)
{
	const struct served *want = &p->spec.expected, *got = &p->result.served;

	if (memcmp(got->leaf, want->leaf, SHA256_SIZE) != 0)
		return err_set(err, ERR_SERVICE_FAILED, p->spec.service->name,
		    "serves another certificate than the committed one");
	if (got->nchain != want->nchain ||
	    memcmp(got->chain, want->chain, SHA256_SIZE) != 0)
		return err_set(err, ERR_SERVICE_FAILED, p->spec.service->name,
		    "serves another chain than the committed one");
	return 0;
}

static void
answered(struct prober *p)
{
	struct probe_result *r = &p->result;

	attempt_clear(p);
	if (r->err.code == ERR_NONE && p->spec.must_match)
		(void)compare(p, &r->err);
	if (r->err.code == ERR_NONE)
		good(p);
	else
		bad(p);
}

static void
failed(struct prober *p, const char *why)
{
	const bool connected = p->channel != NULL;

	memset(&p->result, 0, sizeof(p->result));
	p->result.connected = connected;
	err_set(&p->result.err, ERR_SERVICE_FAILED, p->spec.service->name, "%s at %s",
	    why, p->spec.service->probe_address);
	answered(p);
}

static void
on_message(void *context, struct msg *msg)
{
	struct prober *p = context;

	if (msg->type != PROBE_RESULT || msg->len != sizeof(p->result)) {
		failed(p, "the probe gave no answer");
		return;
	}
	memcpy(&p->result, msg->data, sizeof(p->result));
	p->result.err.text[sizeof(p->result.err.text) - 1] = '\0';
	answered(p);
}

static void
on_end(void *context)
{
	failed(context, "the probe ended without an answer");
}

static const struct channel_callbacks callbacks = { on_message, on_end };

static void
child_gone(struct engine *e, void *context, int status)
{
	struct prober *p = context;

	(void)e;
	(void)status;
	p->child = 0; /* its channel tells the rest */
}

/* Connected: the handshake is another process's. */
static void
handshake(struct prober *p)
{
	struct spawn_new spawn = { .kind = SPAWN_PROBE };
	int pair[2], fds[2];

	snprintf(spawn.u.probe.name, sizeof(spawn.u.probe.name), "%s",
	    p->spec.service->probe_name);
	spawn.u.probe.deadline_ms = ATTEMPT_MS;
	spawn.u.probe.nchain = p->spec.expected.nchain;
	if (msg_pair(pair) == -1) {
		failed(p, "no descriptor left to ask");
		return;
	}
	fds[0] = pair[1];
	fds[1] = p->fd;
	p->channel = channel_new(p->engine->base, pair[0], &callbacks, p);
	p->child = spawner_new(p->engine, &spawn, fds, 2, child_gone, p);
	close(pair[1]);
	close(p->fd);
	p->fd = -1;
}

static void
on_connected(evutil_socket_t fd, short what, void *context)
{
	struct prober *p = context;
	socklen_t len = sizeof(int);
	int error = 0;

	(void)what;
	event_free(p->connected);
	p->connected = NULL;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1 || error != 0)
		failed(p, "nothing answers");
	else
		handshake(p);
}

/* An address as in the definition: a numeric address with port, or a socket's path. */
static int
parse_address(const char *text, struct sockaddr_storage *ret_address,
    socklen_t *ret_len)
{
	struct sockaddr_un *un = (struct sockaddr_un *)ret_address;
	int len = sizeof(*ret_address);

	memset(ret_address, 0, sizeof(*ret_address));
	if (text[0] != '/') {
		if (evutil_parse_sockaddr_port(text, (struct sockaddr *)ret_address,
			&len) == -1)
			return -1;
		*ret_len = (socklen_t)len;
		return 0;
	}
	if (strlen(text) >= sizeof(un->sun_path))
		return -1;
	un->sun_family = AF_UNIX;
	strcpy(un->sun_path, text);
	*ret_len = sizeof(*un);
	return 0;
}

static void
attempt(struct prober *p)
{
	struct sockaddr_storage address;
	socklen_t len;
	int64_t left;

	if (parse_address(p->spec.service->probe_address, &address, &len) == -1) {
		failed(p, "no address and port to ask");
		return;
	}
	p->fd =
	    socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (p->fd == -1) {
		failed(p, "no socket to ask");
		return;
	}
	if (connect(p->fd, (struct sockaddr *)&address, len) == -1 &&
	    errno != EINPROGRESS) {
		failed(p, "nothing answers");
		return;
	}
	p->connected = event_new(p->engine->base, p->fd, EV_WRITE, on_connected, p);
	event_add(p->connected, NULL);
	left = p->deadline_ms - clock_ms();
	wait_ms(p, left < ATTEMPT_MS ? (left > 0 ? left : 1) : ATTEMPT_MS);
}

/* The time of an attempt is over, or the pause before the next one. */
static void
on_timer(evutil_socket_t fd, short what, void *context)
{
	struct prober *p = context;

	(void)fd;
	(void)what;
	if (p->connected == NULL && p->channel == NULL) {
		attempt(p);
	} else if (p->result.err.code != ERR_NONE && clock_ms() >= p->deadline_ms) {
		/* cut short: what was seen before tells more */
		attempt_clear(p);
		finish(p);
	} else {
		failed(p, "no answer in time");
	}
}

struct prober *
prober_start(struct engine *e, const struct prober_spec *spec, prober_done *done,
    void *context)
{
	struct prober *p = xcalloc(1, sizeof(*p));

	p->engine = e;
	p->spec = *spec;
	p->done = done;
	p->context = context;
	p->fd = -1;
	p->pause_ms = PAUSE_MIN_MS;
	p->deadline_ms = clock_ms() + spec->deadline_ms;
	p->timer = evtimer_new(e->base, on_timer, p);
	wait_ms(p, 0); /* never calls back from here */
	return p;
}
