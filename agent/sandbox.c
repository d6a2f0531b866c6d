/* SPDX-License-Identifier: ISC */
#include "agent/sandbox.h"

#include <errno.h>
#include <linux/landlock.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib/limits.h"
#include "lib/names.h"

#define MIB ((rlim_t)1 << 20)
#define CPU_SECONDS 10 /* until there is a budget */

/*
 * An edit holds at its worst the tree, the decoded certificates and both forms of a
 * growing buffer, each about as large as the document.
 */
static const struct {
	unsigned int resource; /* RLIMIT_* */
	bool strict_only;      /* sanitizers need more than anyone can tell */
	rlim_t value[SANDBOX_KIND_MAX];
} limits[] = {
	{ RLIMIT_AS, true, { 4 * (rlim_t)LIMIT_DOCUMENT + 128 * MIB, 256 * MIB } },
	{ RLIMIT_FSIZE, false, { 4 * (rlim_t)LIMIT_DOCUMENT, 0 } },
	{ RLIMIT_CORE, false, { 0, 0 } },
	{ RLIMIT_NPROC, true, { 0, 0 } },
	{ RLIMIT_NOFILE, false, { 64, 16 } },
};

/*
 * As far as the newest kernel headers go; older kernels take it while the rest is zero.
 */
struct ruleset {
	uint64_t fs, net, scoped;
};

/* All that each ABI of Landlock can refuse; none is allowed afterwards. */
static const struct ruleset rulesets[] = {
	{ 0, 0, 0 }, { (1u << 13) - 1, 0, 0 }, /* 1: files and directories */
	{ (1u << 14) - 1, 0, 0 },              /* 2: moving between directories */
	{ (1u << 15) - 1, 0, 0 },              /* 3: truncating */
	{ (1u << 15) - 1, 3, 0 },              /* 4: TCP bind and connect */
	{ (1u << 16) - 1, 3, 0 },              /* 5: ioctl on devices */
	{ (1u << 16) - 1, 3, 3 }, /* 6: abstract sockets, signals to others */
};

static int
refused(struct err *err, const char *what)
{
	return err_set(err, ERR_OTHER, "sandbox", "%s: %s", what, strerror(errno));
}

static int
set_limits(enum sandbox_kind kind, struct err *err)
{
	struct rlimit limit;
	size_t i;

	for (i = 0; i < nitems(limits); i++) {
		if (limits[i].strict_only && SANDBOX_LENIENT)
			continue;
		limit.rlim_cur = limit.rlim_max = limits[i].value[kind];
		if (setrlimit(limits[i].resource, &limit) == -1)
			return refused(err, "resource limit");
	}
	sandbox_cpu_budget(CPU_SECONDS);
	/* a file above its limit is then an error of write(), which we can tell */
	if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
		return refused(err, "signal");
	return 0;
}

static int
refuse_files(struct err *err)
{
	struct ruleset ruleset;
	long abi;
	int fd, rc = 0;

	abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
	if (abi <= 0)
		return 0; /* not in this kernel, or not switched on */
	ruleset = rulesets[(size_t)abi < nitems(rulesets) ? (size_t)abi
							  : nitems(rulesets) - 1];
	fd = (int)syscall(SYS_landlock_create_ruleset, &ruleset, sizeof(ruleset), 0);
	if (fd == -1)
		return refused(err, "Landlock");
	if (syscall(SYS_landlock_restrict_self, fd, 0) == -1)
		rc = refused(err, "Landlock");
	(void)close(fd);
	return rc;
}

int
sandbox_enter(enum sandbox_kind kind, struct err *err)
{
	if (set_limits(kind, err) == -1)
		return -1;
	/* the leak checker has to attach to the process */
	if (!SANDBOX_LENIENT && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		return refused(err, "core dumps");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return refused(err, "no new privileges");
	if (refuse_files(err) == -1)
		return -1;
	return sandbox_filter(kind, err);
}

void
sandbox_cpu_budget(unsigned int seconds)
{
	struct rlimit limit;
	struct timespec used = { 0, 0 };

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	if (getrlimit(RLIMIT_CPU, &limit) == -1)
		return;
	limit.rlim_cur = (rlim_t)used.tv_sec + seconds + 1;
	if (limit.rlim_cur > limit.rlim_max)
		limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_CPU, &limit);
}

void
sandbox_close_others(int keep, int keep_too)
{
	int low = keep < keep_too ? keep : keep_too;
	int high = keep < keep_too ? keep_too : keep;
	unsigned int from = STDERR_FILENO + 1;

	if (low >= (int)from) {
		(void)close_range(from, (unsigned int)low - 1, 0);
		from = (unsigned int)low + 1;
	}
	if (high >= (int)from) {
		(void)close_range(from, (unsigned int)high - 1, 0);
		from = (unsigned int)high + 1;
	}
	(void)close_range(from, ~0U, 0);
}
