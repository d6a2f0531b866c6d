/* SPDX-License-Identifier: ISC */
/*
 * Prints the enumerations of lib/names.c, a line for each value: the names of its type
 * in YANG and in the MIB ("-" for none), its number in the MIB, its text.  Those of
 * lib/err.c follow as error-code.  For the tests that compare them with the MIB and
 * with yang/certconf.yang.
 */
#include <stdio.h>

#include "lib/err.h"
#include "lib/names.h"

static void
print_names(const struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		(void)printf("%s %s %d %s\n",
		    names->yang_type == NULL ? "-" : names->yang_type,
		    names->mib_type == NULL ? "-" : names->mib_type, names->rows[i].mib,
		    names->rows[i].text);
}

int
main(void)
{
	for (size_t i = 0; all_names[i] != NULL; i++)
		print_names(all_names[i]);
	for (unsigned int code = 0; code < ERR_CODE_MAX; code++)
		(void)printf("error-code CertconfErrorCodeType %d %s\n",
		    err_kind(code)->mib, err_kind(code)->text);
	return 0;
}
