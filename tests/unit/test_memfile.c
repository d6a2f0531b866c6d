/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/names.h"

#include "agent/memfile.h"

static void
test_round_trip(void **state)
{
	static const char *const rows[] = { "", "x", "several octets" };
	struct mapping map;
	struct err err = { 0 };
	size_t n;
	int fd;

	(void)state;
	for (n = 0; n < nitems(rows); n++) {
		print_message("\"%s\"\n", rows[n]);
		fd = memfile_new("test", rows[n], strlen(rows[n]), &err);
		assert_true(fd >= 0);
		assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
		assert_int_equal(memfile_map(fd, 100, &map, &err), 0);
		assert_int_equal(map.size, strlen(rows[n]));
		if (map.size > 0)
			assert_memory_equal(map.data, rows[n], map.size);
		/* sealed against all changes */
		assert_int_equal(write(fd, "y", 1), -1);
		assert_int_equal(ftruncate(fd, 50), -1);
		mapping_clear(&map);
		mapping_clear(&map);
		(void)close(fd);
	}
}

static void
test_refused(void **state)
{
	static const struct {
		const char *name;
		int seals; /* -1: no memory file at all */
		size_t max;
		enum err_code code;
	} rows[] = {
		{ "all seals", F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE,
		    5, ERR_NONE },
		{ "too large", F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE,
		    4, ERR_TOO_LARGE },
		{ "not sealed", 0, 5, ERR_OTHER },
		{ "more seals possible", F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE, 5,
		    ERR_OTHER },
		{ "can shrink", F_SEAL_SEAL | F_SEAL_GROW | F_SEAL_WRITE, 5,
		    ERR_OTHER },
		{ "can grow", F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_WRITE, 5,
		    ERR_OTHER },
		{ "can be written", F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW, 5,
		    ERR_OTHER },
		{ "not in memory", -1, 5, ERR_OTHER },
	};
	struct mapping map;
	struct err err;
	size_t n;
	int fd;

	(void)state;
	for (n = 0; n < nitems(rows); n++) {
		print_message("%s\n", rows[n].name);
		err = (struct err){ .code = ERR_NONE };
		if (rows[n].seals == -1) {
			fd = open("/dev/null", O_RDONLY);
		} else {
			fd = memfd_create("test", MFD_ALLOW_SEALING);
			assert_int_equal(write(fd, "octet", 5), 5);
			assert_int_equal(fcntl(fd, F_ADD_SEALS, rows[n].seals), 0);
		}
		if (memfile_map(fd, rows[n].max, &map, &err) == 0)
			mapping_clear(&map);
		assert_int_equal(err.code, rows[n].code);
		(void)close(fd);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
