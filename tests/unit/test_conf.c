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

#include "agent/conf.h"
#include "agent/log.h"
#include "tests/unit/store_fixture.h"

static char *dir, path[256];

static int
setup(void **state)
{
	(void)state;
	dir = fixture_dir();
	(void)snprintf(path, sizeof(path), "%s/certconfd.conf", dir);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	fixture_remove(dir);
	return 0;
}

static int
load(const char *text, struct conf *ret_conf, struct err *err)
{
	fixture_write(dir, "certconfd.conf", text);
	return conf_load(path, ret_conf, err);
}

static void
test_defaults(void **state)
{
	struct conf conf;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(load("# nothing\n", &conf, &err), 0);
	assert_string_equal(conf.user, "_certconf");
	assert_string_equal(conf.snmp_user, "_certconf");
	assert_string_equal(conf.snmp_group, "");
	assert_string_equal(conf.write_group, "");
	assert_string_equal(conf.state_dir, STATE_DIR);
	assert_string_equal(conf.run_dir, RUN_DIR);
	assert_string_equal(conf.services_dir, CONF_DIR "/services.d");
	assert_string_equal(conf.features_dir, CONF_DIR "/features.d");
	assert_string_equal(conf.agentx_socket, "/var/agentx/master");
	assert_string_equal(conf.snmp_program, LIBEXEC_DIR "/certconf-snmp");
	assert_string_equal(conf.model, "");
	assert_true(conf.host_name[0] != '\0');
	assert_int_equal(conf.restart_interval, 10);
	assert_int_equal(conf.log_level, LOG_LEVEL_INFO);
}

static void
test_all(void **state)
{
	static const char text[] = "user = u\n"
				   "snmp-user = s\n"
				   "snmp-group = g\n"
				   "write-group = w\n"
				   "read-group = r\n"
				   "state-dir = /s\n"
				   "run-dir = \"/r\"\n"
				   "services-dir = '/sv'\n"
				   "features-dir = /f\n"
				   "agentx-socket = \"\"\n"
				   "snmp-program = /p\n"
				   "model = \"MCU 4505\" # a comment\n"
				   "host-name = mcu.example\n"
				   "restart-interval = 3\n"
				   "log-level = debug\n";
	struct conf conf;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(load(text, &conf, &err), 0);
	assert_string_equal(conf.user, "u");
	assert_string_equal(conf.snmp_user, "s");
	assert_string_equal(conf.snmp_group, "g");
	assert_string_equal(conf.write_group, "w");
	assert_string_equal(conf.read_group, "r");
	assert_string_equal(conf.state_dir, "/s");
	assert_string_equal(conf.run_dir, "/r");
	assert_string_equal(conf.services_dir, "/sv");
	assert_string_equal(conf.features_dir, "/f");
	assert_string_equal(conf.agentx_socket, "");
	assert_string_equal(conf.snmp_program, "/p");
	assert_string_equal(conf.model, "MCU 4505");
	assert_string_equal(conf.host_name, "mcu.example");
	assert_int_equal(conf.restart_interval, 3);
	assert_int_equal(conf.log_level, LOG_LEVEL_DEBUG);
}

#define LONG "123456789012345678901234567890123456789012345678901234567890123456789"

static void
test_refused(void **state)
{
	static const struct {
		const char *text;
		uint32_t line;
		const char *says;
	} rows[] = {
		{ "colour = red\n", 1, "colour" },
		{ "\n\nstate-dir = var/lib\n", 3, "absolute path" },
		{ "run-dir = \"\"\n", 1, "absolute path" },
		{ "agentx-socket = tcp\n", 1, "absolute path" },
		{ "user = \"\"\n", 1, "user is empty" },
		{ "user = " LONG "\n", 1, "longer than 64" },
		{ "model = \"" LONG "\"\n", 1, "longer than 64" },
		{ "restart-interval = -1\n", 1, "0 to 86400" },
		{ "restart-interval = 86401\n", 1, "0 to 86400" },
		{ "restart-interval = soon\n", 1, "restart-interval" },
		{ "log-level = loud\n", 1, "log-level" },
		{ "model = \"unclosed\n", 2, "end of file" },
		{ "model\n", 2, "missing equal sign" },
		{ "model = a\n/* no end\n", 0, "comment" },
	};
	struct conf conf;
	struct err err;
	size_t n;

	(void)state;
	for (n = 0; n < nitems(rows); n++) {
		print_message("%s\n", rows[n].text);
		err = (struct err){ .code = ERR_NONE };
		assert_int_equal(load(rows[n].text, &conf, &err), -1);
		assert_string_equal(err.where, path);
		if (rows[n].line != 0)
			assert_int_equal(err.line, rows[n].line);
		if (strstr(err.text, rows[n].says) == NULL)
			fail_msg("it says: %s", err.text);
	}
}

static void
test_files(void **state)
{
	struct conf conf;
	struct err err = { 0 };
	char target[300];

	(void)state;
	assert_int_equal(conf_load(path, &conf, &err), -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
	assert_int_equal(load("", &conf, &err), 0);
	assert_int_equal(chmod(path, 0664), 0);
	assert_int_equal(conf_load(path, &conf, &err), -1);
	assert_int_equal(err.code, ERR_DENIED);
	assert_int_equal(chmod(path, 0646), 0);
	assert_int_equal(conf_load(path, &conf, &err), -1);
	assert_int_equal(chmod(path, 0644), 0);
	(void)snprintf(target, sizeof(target), "%s.real", path);
	assert_int_equal(rename(path, target), 0);
	assert_int_equal(symlink(target, path), 0);
	assert_int_equal(conf_load(path, &conf, &err), -1);
	assert_int_equal(err.code, ERR_DENIED);
	assert_int_equal(conf_load(dir, &conf, &err), -1);
	if (geteuid() != 0)
		skip();
	assert_int_equal(chown(target, 65534, 0), 0);
	assert_int_equal(conf_load(target, &conf, &err), -1);
	assert_non_null(strstr(err.text, "root"));
}

static void
test_nul(void **state)
{
	struct conf conf;
	struct err err = { 0 };
	FILE *f = fopen(path, "w");

	(void)state;
	assert_int_equal(fwrite("model = a\0b\n", 1, 12, f), 12);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(conf_load(path, &conf, &err), -1);
	assert_non_null(strstr(err.text, "NUL"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_defaults, setup, teardown),
		cmocka_unit_test_setup_teardown(test_all, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nul, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
