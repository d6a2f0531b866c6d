/* SPDX-License-Identifier: ISC */
/* Each row runs in a child of its own, which enters the sandbox and then does it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/memfile.h"
#include "agent/sandbox.h"
#include "handlers/warm.h"
#include "lib/names.h"

#define BROKEN 99 /* exit status of a child that could not even begin */

/* Runs it in the sandbox; the status as from waitpid(). */
static int
run_confined(enum sandbox_kind kind, void (*run)(void))
{
	struct err err;
	int status;
	pid_t pid = fork();

	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		(void)close(STDERR_FILENO);
		if (sandbox_enter(kind, &err) == -1)
			_exit(BROKEN);
		run();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* --- what must end the process --- */

static void
open_file(void)
{
	_exit(open("/etc/passwd", O_RDONLY) == -1 ? 1 : 2);
}

static void
open_own_memory(void)
{
	_exit(open("/proc/self/mem", O_RDWR) == -1 ? 1 : 2);
}

static void
make_socket(void)
{
	_exit(socket(AF_INET, SOCK_STREAM, 0) == -1 ? 1 : 2);
}

static void
connect_somewhere(void)
{
	struct sockaddr any = { .sa_family = AF_INET };

	_exit(connect(0, &any, sizeof(any)) == -1 ? 1 : 2);
}

static void
run_program(void)
{
	execl("/bin/true", "true", (char *)NULL);
}

static void
make_process(void)
{
	_exit(fork() == -1 ? 1 : 2);
}

static void
make_code(void)
{
	(void)mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void
make_code_of_data(void)
{
	void *data = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)mprotect(data, 4096, PROT_READ | PROT_EXEC);
}

static void
kill_parent(void)
{
	(void)kill(getppid(), 0);
}

static void
trace(void)
{
	(void)syscall(SYS_ptrace, 0, 0, 0, 0);
}

static void
raise_file_limit(void)
{
	const struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static void
duplicate(void)
{
	(void)fcntl(0, F_DUPFD, 0);
}

static void
make_memory_file(void)
{
	(void)memfd_create("x", 0);
}

static const struct {
	const char *name;
	enum sandbox_kind kind;
	void (*run)(void);
} fatal[] = {
	{ "open a file", SANDBOX_SESSION, open_file },
	{ "open own memory", SANDBOX_SESSION, open_own_memory },
	{ "make a socket", SANDBOX_SESSION, make_socket },
	{ "connect", SANDBOX_SESSION, connect_somewhere },
	{ "run a program", SANDBOX_SESSION, run_program },
	{ "make a process", SANDBOX_SESSION, make_process },
	{ "memory to execute", SANDBOX_SESSION, make_code },
	{ "data to execute", SANDBOX_SESSION, make_code_of_data },
	{ "signal to another", SANDBOX_SESSION, kill_parent },
	{ "ptrace", SANDBOX_SESSION, trace },
	{ "raise a limit", SANDBOX_SESSION, raise_file_limit },
	{ "duplicate a descriptor", SANDBOX_SESSION, duplicate },
	{ "probe opens a file", SANDBOX_PROBE, open_file },
	{ "probe makes a socket", SANDBOX_PROBE, make_socket },
	{ "probe makes a memory file", SANDBOX_PROBE, make_memory_file },
};

static void
test_fatal(void **state)
{
	size_t i;
	int status;

	(void)state;
	if (SANDBOX_LENIENT)
		skip();
	for (i = 0; i < nitems(fatal); i++) {
		status = run_confined(fatal[i].kind, fatal[i].run);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
			fail_msg("%s: status %#x", fatal[i].name, (unsigned int)status);
	}
}

/*
 * Every system call there is, by number, but those the list allows, by name here once
 * more: the list in the source cannot grow unseen.
 */
static const long allowed[] = {
	SYS_read, SYS_readv, SYS_write, SYS_writev, SYS_recvfrom, SYS_recvmsg,
	SYS_sendto, SYS_sendmsg, SYS_shutdown, SYS_ppoll, SYS_close, SYS_fstat,
	SYS_lseek, SYS_newfstatat, SYS_mmap, SYS_mprotect, SYS_munmap, SYS_mremap,
	SYS_madvise, SYS_brk, SYS_futex, SYS_exit, SYS_exit_group, SYS_rt_sigreturn,
	SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_restart_syscall, SYS_getrandom,
	SYS_clock_gettime, SYS_gettimeofday, SYS_getpid, SYS_gettid, SYS_memfd_create,
	SYS_ftruncate, SYS_fcntl, SYS_prlimit64, SYS_setrlimit, SYS_tgkill,
#ifdef SYS_poll
	SYS_poll,
#endif
#ifdef SYS_time
	SYS_time,
#endif
#ifdef __x86_64__
	335, 336, /* uretprobe and uprobe, which the kernel keeps from every filter */
#endif
};

static bool
is_allowed(long call)
{
	size_t i;

	for (i = 0; i < nitems(allowed); i++)
		if (allowed[i] == call)
			return true;
	return false;
}

static long call_to_make;

static void
make_call(void)
{
	(void)syscall(call_to_make, -1, -1, -1, -1, -1, -1);
}

#define CALLS 470

static void
test_every_call(void **state)
{
	int status;

	(void)state;
	if (SANDBOX_LENIENT)
		skip();
	for (call_to_make = 0; call_to_make < CALLS; call_to_make++) {
		if (is_allowed(call_to_make))
			continue;
		status = run_confined(SANDBOX_SESSION, make_call);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
			fail_msg("system call %ld: status %#x", call_to_make,
			    (unsigned int)status);
	}
}

/* --- what must work --- */

static void
check(bool ok)
{
	if (!ok)
		_exit(1);
}

static void
memory_file(void)
{
	struct mapping map;
	struct err err;
	int fd = memfile_new("x", "abc", 3, &err);

	check(fd != -1 && memfile_map(fd, 3, &map, &err) == 0);
	check(map.size == 3 && memcmp(map.data, "abc", 3) == 0);
	mapping_clear(&map);
	check(close(fd) == 0);
}

static void
wait_a_moment(void)
{
	check(poll(NULL, 0, 1) == 0);
}

static void
much_memory(void)
{
	char *data = malloc((size_t)64 << 20);

	check(data != NULL);
	memset(data, 1, (size_t)64 << 20);
	check((data = realloc(data, (size_t)128 << 20)) != NULL);
	free(data);
}

/* More than there may be is an error, and no call that the filter does not know. */
static void
too_much_memory(void)
{
	volatile size_t size = (size_t)8 << 30;
	char *data = malloc(size);

	check(SANDBOX_LENIENT || data == NULL);
	free(data);
}

/* All of it, in the small pieces that make malloc() look for another arena. */
static void
all_memory(void)
{
	size_t size = (size_t)1 << 16, n;

	if (SANDBOX_LENIENT)
		return;
	for (n = 0; n < (size_t)16 << 14 && malloc(size) != NULL; n++)
		continue;
	check(n < (size_t)16 << 14);
}

static void
dates(void)
{
	time_t now = time(NULL);
	struct tm tm;

	check(gmtime_r(&now, &tm) != NULL && timegm(&tm) == now);
}

static void
cpu_budget(void)
{
	sandbox_cpu_budget(100);
}

static const struct {
	const char *name;
	void (*run)(void);
	int status;
} working[] = {
	{ "memory file", memory_file, 0 },
	{ "wait", wait_a_moment, 0 },
	{ "much memory", much_memory, 0 },
	{ "too much memory", too_much_memory, 0 },
	{ "all memory", all_memory, 0 },
	{ "dates", dates, 0 },
	{ "budget of CPU time", cpu_budget, 0 },
	{ "abort", abort, SIGABRT },
};

static void
test_working(void **state)
{
	size_t i;
	int status;

	(void)state;
	for (i = 0; i < nitems(working); i++) {
		status = run_confined(SANDBOX_SESSION, working[i].run);
		if (status != working[i].status)
			fail_msg("%s: status %#x", working[i].name,
			    (unsigned int)status);
	}
}

/* --- limits and descriptors --- */

static void
busy(void)
{
	sandbox_cpu_budget(0);
	for (;;)
		continue;
}

static void
test_cpu_budget(void **state)
{
	int status = run_confined(SANDBOX_SESSION, busy);

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGXCPU);
}

static void
test_close_others(void **state)
{
	static const struct {
		int keep, keep_too;
	} pairs[] = { { 40, 50 }, { 50, 40 }, { 3, 4 }, { 41, -1 }, { 0, 60 } };
	size_t i;
	int fd, status;
	pid_t pid;

	(void)state;
	for (i = 0; i < nitems(pairs); i++) {
		if ((pid = fork()) == 0) {
			for (fd = 3; fd < 64; fd++)
				(void)dup2(0, fd);
			sandbox_close_others(pairs[i].keep, pairs[i].keep_too);
			for (fd = 0; fd < 64; fd++)
				check((fcntl(fd, F_GETFD) != -1) ==
				    (fd < 3 || fd == pairs[i].keep ||
					fd == pairs[i].keep_too));
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (status != 0)
			fail_msg("keep %d and %d", pairs[i].keep, pairs[i].keep_too);
	}
}

static int
start(void **state)
{
	struct err err;

	(void)state;
	return warm_up(&err);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fatal),
		cmocka_unit_test(test_every_call),
		cmocka_unit_test(test_working),
		cmocka_unit_test(test_cpu_budget),
		cmocka_unit_test(test_close_others),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
