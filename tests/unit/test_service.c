/* SPDX-License-Identifier: ISC */
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
#include <unistd.h>

#include "agent/log.h"
#include "agent/service.h"
#include "tests/unit/store_fixture.h"

static char *dir, *features;
static int dirfd;

static int
setup(void **state)
{
	(void)state;
	dir = fixture_dir();
	features = fixture_dir();
	dirfd = open(dir, O_RDONLY | O_DIRECTORY);
	return dirfd == -1;
}

static int
teardown(void **state)
{
	(void)state;
	(void)close(dirfd);
	fixture_remove(dir);
	fixture_remove(features);
	return 0;
}

static int
load(const char *text, struct service *ret_service, struct err *err)
{
	fixture_write(dir, "web.conf", text);
	return service_load(dirfd, "web.conf", ret_service, err);
}

static void
test_defaults(void **state)
{
	struct service s;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(load("", &s, &err), 0);
	assert_string_equal(s.facts.name, "web");
	assert_string_equal(s.facts.credential, "local");
	assert_int_equal(s.facts.directions, SERVICE_SERVES);
	assert_int_equal(s.facts.files, SERVICE_FILES_SEPARATE);
	assert_int_equal(s.facts.order, 100);
	assert_int_equal(s.facts.deadline_ms, 30000);
	assert_int_equal(s.facts.settle_ms, 2000);
	assert_int_equal(s.facts.feature, FEATURE_NOT_REQUIRED);
	assert_int_equal(s.facts.has_restart + s.facts.has_stop + s.facts.has_probe, 0);
	assert_int_equal(s.mode, 0600);
	assert_int_equal(s.uid, geteuid());
	assert_null(s.restart);
	service_clear(&s);
}

static void
test_all(void **state)
{
	static const char text[] =
	    "credential = sip\n"
	    "credential-required = custom\n"
	    "directions = { calls-out, takes-calls }\n"
	    "features = { https, encryption }\n"
	    "files = { combined, ca }\n"
	    "owner = root\ngroup = root\n"
	    "order = 7\n"
	    "check = { \"/usr/sbin/kamailio\", \"-c\" }\n"
	    "restart = { \"/bin/sh\", '-c', \"a b; $HOME\" }\n"
	    "stop = {/bin/stop}\n"
	    "daemonises = yes\n"
	    "deadline = 5\nsettle = 0\n"
	    "probe {\n\taddress = \"[::1]:5061\"\n\tserver-name = a.example\n\tinterval = 60\n}\n"
	    "variant none { config = '' }\n"
	    "variant outgoing-and-incoming { config = 'if ($host = \"x\") {\n"
	    "  ${y} \\n;\n}\n' }\n";
	struct service s;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(load(text, &s, &err), 0);
	assert_string_equal(s.facts.credential, "sip");
	assert_int_equal(s.facts.custom_credential, 1);
	assert_int_equal(s.facts.directions, SERVICE_CALLS_OUT | SERVICE_TAKES_CALLS);
	assert_string_equal(s.facts.feature_keys, "https, encryption");
	assert_int_equal(s.facts.feature, FEATURE_MISSING);
	assert_int_equal(s.facts.files, SERVICE_FILES_COMBINED | SERVICE_FILES_CA);
	assert_int_equal(s.uid, 0);
	assert_int_equal(s.mode, 0640);
	assert_int_equal(s.facts.order, 7);
	assert_string_equal(s.check[1], "-c");
	assert_null(s.check[2]);
	assert_string_equal(s.restart[2], "a b; $HOME");
	assert_string_equal(s.stop[0], "/bin/stop");
	assert_true(s.daemonises);
	assert_int_equal(s.facts.deadline_ms, 5000);
	assert_int_equal(s.facts.settle_ms, 0);
	assert_string_equal(s.facts.probe_address, "[::1]:5061");
	assert_string_equal(s.facts.probe_name, "a.example");
	assert_int_equal(s.facts.probe_interval, 60);
	assert_string_equal(s.variants[VERIFY_NONE], "");
	assert_null(s.variants[VERIFY_OUTGOING]);
	assert_string_equal(s.variants[VERIFY_OUTGOING_AND_INCOMING],
	    "if ($host = \"x\") {\n  ${y} \\n;\n}\n");
	assert_int_equal(s.facts.has_variant[VERIFY_OUTGOING], 0);
	service_clear(&s);
}

static const struct {
	const char *text;
	uint32_t line; /* 0: it concerns several options */
	const char *says;
} refused[] = {
	{ "colour = red\n", 1, "no such option 'colour'" },
	{ "credential = ../x\n", 1, "not a name" },
	{ "credential = \"\"\n", 1, "not a name" },
	{ "credential-required = some\n", 1, "\"some\"" },
	{ "directions = { serves,\n sends }\n", 2, "\"sends\"" },
	{ "directions = {}\n", 0, "directions" },
	{ "files = { all }\n", 1, "\"all\"" },
	{ "features = { a/b }\n", 1, "not a name" },
	{ "owner = no-such-user-here\n", 1, "no user" },
	{ "group = no-such-group-here\n", 1, "no group" },
	{ "mode = 0644\n", 1, "private key" },
	{ "mode = 0200\n", 1, "private key" },
	{ "mode = 0700\n", 1, "private key" },
	{ "mode = -1\n", 1, "private key" },
	{ "order = 65536\n", 1, "0 to 65535" },
	{ "deadline = 0\n", 1, "1 to 600" },
	{ "settle = 601\n", 1, "0 to 600" },
	{ "restart = { nginx }\n", 1, "absolute path" },
	{ "restart = { \"\" }\n", 1, "absolute path" },
	{ "\ncheck = { /bin/true }\n", 0, "never run" },
	{ "restart-device = true\nrestart = { /bin/true }\n", 0, "exclude" },
	{ "daemonises = perhaps\n", 1, "boolean" },
	{ "probe { }\n", 0, "no address" },
	{ "probe { address = localhost:443 }\n", 1, "127.0.0.1:443" },
	{ "probe { address = 127.0.0.1 }\n", 1, "127.0.0.1:443" },
	{ "probe { address = 127.0.0.1:0 }\n", 1, "127.0.0.1:443" },
	{ "probe { address = 127.0.0.1:65536 }\n", 1, "127.0.0.1:443" },
	{ "probe { address = '::1:443' }\n", 1, "127.0.0.1:443" },
	{ "probe {\n address = 127.0.0.1:443\n server-name = \"a b\" }\n", 3,
	    "host name" },
	{ "probe { interval = -5 }\n", 1, "interval" },
	{ "probe { address = 127.0.0.1:443\n", 0, "not closed" },
	{ "variant none { config = 'x'\n", 0, "not closed" },
	{ "variant all { config = 'x' }\n", 1, "\"all\"" },
	{ "variant none { }\n", 1, "no config" },
	{ "variant none { config = x }\nvariant none { config = y }\n", 2, "none" },
	{ "variant none { config = 'x }\n", 2, "unterminated" },
	{ "restart = { /bin/true\n", 2, "not closed" },
};

static void
test_refused(void **state)
{
	struct service s;
	struct err err;
	size_t n;

	(void)state;
	for (n = 0; n < nitems(refused); n++) {
		print_message("%s\n", refused[n].text);
		err = (struct err){ .code = ERR_NONE };
		assert_int_equal(load(refused[n].text, &s, &err), -1);
		assert_string_equal(err.where, "web.conf");
		if (refused[n].line != 0)
			assert_int_equal(err.line, refused[n].line);
		if (strstr(err.text, refused[n].says) == NULL)
			fail_msg("it says: %s", err.text);
	}
}

/* A file is judged by whom it belongs to before it is read. */
static void
test_owner(void **state)
{
	struct service s;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(load("", &s, &err), 0);
	service_clear(&s);
	assert_int_equal(fchmodat(dirfd, "web.conf", 0664, 0), 0);
	assert_int_equal(service_load(dirfd, "web.conf", &s, &err), -1);
	assert_int_equal(err.code, ERR_DENIED);
	assert_int_equal(symlinkat("web.conf", dirfd, "link.conf"), 0);
	assert_int_equal(service_load(dirfd, "link.conf", &s, &err), -1);
	assert_int_equal(err.code, ERR_DENIED);
	assert_int_equal(mkdirat(dirfd, "dir.conf", 0755), 0);
	assert_int_equal(service_load(dirfd, "dir.conf", &s, &err), -1);
	assert_int_equal(service_load(dirfd, "none.conf", &s, &err), -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
	assert_int_equal(mkfifoat(dirfd, "fifo.conf", 0644), 0);
	assert_int_equal(service_load(dirfd, "fifo.conf", &s, &err), -1);
}

static void
test_set(void **state)
{
	struct service_set *set;

	(void)state;
	fixture_write(dir, "b.conf", "order = 5\n");
	fixture_write(dir, "a.conf", "order = 5\nfeatures = { x, y }\n");
	fixture_write(dir, "first.conf", "order = 1\nfeatures = { z }\n");
	fixture_write(dir, "bad.conf", "order = many\n");
	fixture_write(dir, ".hidden.conf", "order = 1\n");
	fixture_write(dir, "-option.conf", "order = 1\n");
	fixture_write(dir, "a.conf.dpkg-old", "order = 1\n");
	fixture_write(features, "y", "");
	set = service_set_load(dir, features, NULL);
	assert_int_equal(set->table.count, 3);
	assert_string_equal(set->table.rows[0].name, "first");
	assert_string_equal(set->table.rows[1].name, "a");
	assert_string_equal(set->table.rows[2].name, "b");
	assert_string_equal(set->rows[1].facts.name, "a");
	assert_int_equal(set->table.rows[0].feature, FEATURE_MISSING);
	assert_int_equal(set->table.rows[1].feature, FEATURE_PRESENT);
	assert_int_equal(set->table.rows[2].feature, FEATURE_NOT_REQUIRED);
	service_set_free(set);
}

/* A mistake made in a definition that is in force takes nothing out of force. */
static void
test_mistake(void **state)
{
	struct service_set *former, *set;

	(void)state;
	fixture_write(dir, "web.conf",
	    "order = 5\nfeatures = { y }\nrestart = { /bin/true, x }\n");
	fixture_write(features, "y", "");
	former = service_set_load(dir, features, NULL);
	assert_int_equal(former->table.rows[0].feature, FEATURE_PRESENT);
	fixture_write(dir, "web.conf", "order = many\n");
	fixture_write(dir, "new.conf", "order = many\n");
	set = service_set_load(dir, features, former);
	assert_int_equal(set->refused, 2);
	assert_int_equal(set->table.count, 1);
	assert_int_equal(set->table.rows[0].order, 5);
	assert_string_equal(set->rows[0].restart[1], "x");
	assert_true(set->table.revision == former->table.revision);
	service_set_free(former);
	former = set;
	assert_int_equal(chmod(features, 0777), 0);
	set = service_set_load(dir, features, former);
	assert_int_equal(set->table.rows[0].feature, FEATURE_MISSING);
	service_set_free(former);
	service_set_free(set);
}

/* The revision follows what is defined, and nothing else. */
static void
test_revision(void **state)
{
	static const char *const rows[] = {
		"restart = { /bin/true }\n",
		"restart = { /bin/true, x }\n",
		"restart = { /bin/truex }\n",
		"stop = { /bin/true }\n",
		"variant none { config = a }\n",
		"variant outgoing { config = a }\n",
		"variant none { config = b }\n",
		"mode = 0400\n",
		"daemonises = true\n",
		"features = { y }\n",
	};
	uint64_t revisions[nitems(rows)];
	struct service_set *set;
	size_t n, i;

	(void)state;
	for (n = 0; n < nitems(rows); n++) {
		print_message("%s", rows[n]);
		fixture_write(dir, "web.conf", rows[n]);
		set = service_set_load(dir, features, NULL);
		revisions[n] = set->table.revision;
		assert_int_not_equal(set->table.revision, 0);
		service_set_free(set);
		for (i = 0; i < n; i++)
			assert_true(revisions[i] != revisions[n]);
		set = service_set_load(dir, features, NULL);
		assert_true(set->table.revision == revisions[n]);
		service_set_free(set);
	}
	fixture_write(features, "y", "");
	set = service_set_load(dir, features, NULL);
	assert_true(set->table.revision != revisions[nitems(rows) - 1]);
	service_set_free(set);
}

static void
test_directories(void **state)
{
	struct service_set *set;

	(void)state;
	fixture_write(dir, "web.conf", "features = { y }\n");
	fixture_write(features, "y", "");
	set = service_set_load("/nonexistent", "/nonexistent", NULL);
	assert_int_equal(set->table.count, 0);
	service_set_free(set);
	assert_int_equal(chmod(features, 0777), 0);
	set = service_set_load(dir, features, NULL);
	assert_int_equal(set->table.rows[0].feature, FEATURE_MISSING);
	service_set_free(set);
	assert_int_equal(chmod(dir, 0777), 0);
	set = service_set_load(dir, features, NULL);
	assert_int_equal(set->table.count, 0);
	service_set_free(set);
}

static void
test_too_many(void **state)
{
	struct service_set *set;
	char name[32];
	int i;

	(void)state;
	for (i = 0; i < LIMIT_SERVICES + 3; i++) {
		(void)snprintf(name, sizeof(name), "s%d.conf", i);
		fixture_write(dir, name, "");
	}
	set = service_set_load(dir, features, NULL);
	assert_int_equal(set->table.count, LIMIT_SERVICES);
	service_set_free(set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_defaults, setup, teardown),
		cmocka_unit_test_setup_teardown(test_all, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_owner, setup, teardown),
		cmocka_unit_test_setup_teardown(test_set, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mistake, setup, teardown),
		cmocka_unit_test_setup_teardown(test_revision, setup, teardown),
		cmocka_unit_test_setup_teardown(test_directories, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_many, setup, teardown),
	};

	log_open("test", 1, LOG_LEVEL_ERR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
