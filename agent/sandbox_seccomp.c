/* SPDX-License-Identifier: ISC */
/* The system calls that are left; any other ends the process with SIGSYS. */
#include "agent/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <seccomp.h>

#include "lib/names.h"

#define ALL (1u << SANDBOX_SESSION | 1u << SANDBOX_PROBE)
#define SESSION (1u << SANDBOX_SESSION)

/*
 * Calls that exist on some machines only are here under all their names: libseccomp
 * leaves out those this machine does not have.
 */
static const struct {
	int call;
	unsigned int kinds;
	unsigned int nargs;
	struct scmp_arg_cmp arg; /* what it must be, with nargs 1 */
} allowed[] = {
	{ SCMP_SYS(read), ALL, 0, { 0 } },
	{ SCMP_SYS(readv), ALL, 0, { 0 } },
	{ SCMP_SYS(write), ALL, 0, { 0 } },
	{ SCMP_SYS(writev), ALL, 0, { 0 } },
	{ SCMP_SYS(recvfrom), ALL, 0, { 0 } },
	{ SCMP_SYS(recvmsg), ALL, 0, { 0 } },
	{ SCMP_SYS(sendto), ALL, 0, { 0 } },
	{ SCMP_SYS(sendmsg), ALL, 0, { 0 } },
	{ SCMP_SYS(recv), ALL, 0, { 0 } },
	{ SCMP_SYS(send), ALL, 0, { 0 } },
	{ SCMP_SYS(shutdown), ALL, 0, { 0 } },
	{ SCMP_SYS(poll), ALL, 0, { 0 } },
	{ SCMP_SYS(ppoll), ALL, 0, { 0 } },
	{ SCMP_SYS(ppoll_time64), ALL, 0, { 0 } },
	{ SCMP_SYS(close), ALL, 0, { 0 } },
	{ SCMP_SYS(fstat), ALL, 0, { 0 } },
	{ SCMP_SYS(fstat64), ALL, 0, { 0 } },
	{ SCMP_SYS(lseek), ALL, 0, { 0 } },
	{ SCMP_SYS(_llseek), ALL, 0, { 0 } },
	/* fstat() of newer C libraries; with a path it meets Landlock */
	{ SCMP_SYS(newfstatat), ALL, 1,
	    { 3, SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH } },
	/* memory, but none that can be executed */
	{ SCMP_SYS(mmap), ALL, 1, { 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0 } },
	{ SCMP_SYS(mmap2), ALL, 1, { 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0 } },
	{ SCMP_SYS(mprotect), ALL, 1, { 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0 } },
	{ SCMP_SYS(munmap), ALL, 0, { 0 } },
	{ SCMP_SYS(mremap), ALL, 0, { 0 } },
	{ SCMP_SYS(madvise), ALL, 0, { 0 } },
	{ SCMP_SYS(brk), ALL, 0, { 0 } },
	{ SCMP_SYS(futex), ALL, 0, { 0 } },
	{ SCMP_SYS(futex_time64), ALL, 0, { 0 } },
	{ SCMP_SYS(exit), ALL, 0, { 0 } },
	{ SCMP_SYS(exit_group), ALL, 0, { 0 } },
	{ SCMP_SYS(rt_sigreturn), ALL, 0, { 0 } },
	{ SCMP_SYS(sigreturn), ALL, 0, { 0 } },
	{ SCMP_SYS(rt_sigaction), ALL, 0, { 0 } },
	{ SCMP_SYS(rt_sigprocmask), ALL, 0, { 0 } },
	/* poll() after the process was stopped and went on */
	{ SCMP_SYS(restart_syscall), ALL, 0, { 0 } },
	{ SCMP_SYS(getrandom), ALL, 0, { 0 } },
	{ SCMP_SYS(clock_gettime), ALL, 0, { 0 } },
	{ SCMP_SYS(clock_gettime64), ALL, 0, { 0 } },
	{ SCMP_SYS(gettimeofday), ALL, 0, { 0 } },
	{ SCMP_SYS(time), ALL, 0, { 0 } },
	{ SCMP_SYS(getpid), ALL, 0, { 0 } },
	{ SCMP_SYS(gettid), ALL, 0, { 0 } },
	{ SCMP_SYS(memfd_create), SESSION, 0, { 0 } },
	{ SCMP_SYS(ftruncate), SESSION, 0, { 0 } },
	{ SCMP_SYS(ftruncate64), SESSION, 0, { 0 } },
	{ SCMP_SYS(fcntl), SESSION, 1, { 1, SCMP_CMP_EQ, F_ADD_SEALS, 0 } },
	{ SCMP_SYS(fcntl), SESSION, 1, { 1, SCMP_CMP_EQ, F_GET_SEALS, 0 } },
	{ SCMP_SYS(fcntl), ALL, 1, { 1, SCMP_CMP_EQ, F_GETFL, 0 } },
	{ SCMP_SYS(fcntl), ALL, 1, { 1, SCMP_CMP_EQ, F_SETFL, 0 } },
	{ SCMP_SYS(fcntl64), SESSION, 1, { 1, SCMP_CMP_EQ, F_ADD_SEALS, 0 } },
	{ SCMP_SYS(fcntl64), SESSION, 1, { 1, SCMP_CMP_EQ, F_GET_SEALS, 0 } },
	{ SCMP_SYS(fcntl64), ALL, 1, { 1, SCMP_CMP_EQ, F_GETFL, 0 } },
	{ SCMP_SYS(fcntl64), ALL, 1, { 1, SCMP_CMP_EQ, F_SETFL, 0 } },
	/* each request has its own CPU budget */
	{ SCMP_SYS(prlimit64), SESSION, 1, { 1, SCMP_CMP_EQ, RLIMIT_CPU, 0 } },
	{ SCMP_SYS(setrlimit), SESSION, 1, { 0, SCMP_CMP_EQ, RLIMIT_CPU, 0 } },
};

static int
add_rules(scmp_filter_ctx filter, enum sandbox_kind kind)
{
	struct scmp_arg_cmp self = { 0, SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0 };
	size_t i;
	int rc;

	for (i = 0; i < nitems(allowed); i++) {
		if ((allowed[i].kinds & 1u << kind) == 0)
			continue;
		rc = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, allowed[i].call,
		    allowed[i].nargs, &allowed[i].arg);
		if (rc < 0)
			return rc;
	}
	/* abort() must look like one */
	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
	    &self);
}

int
sandbox_filter(enum sandbox_kind kind, struct err *err)
{
	uint32_t otherwise = SANDBOX_LENIENT ? SCMP_ACT_LOG : SCMP_ACT_KILL_PROCESS;
	scmp_filter_ctx filter;
	int rc;

	if ((filter = seccomp_init(otherwise)) == NULL)
		return err_set(err, ERR_MEMORY, "sandbox", "no memory");
	rc = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (rc == 0)
		rc = add_rules(filter, kind);
	if (rc == 0)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	if (rc < 0)
		return err_set(err, ERR_OTHER, "sandbox", "seccomp: %s", strerror(-rc));
	return 0;
}
