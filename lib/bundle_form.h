/* SPDX-License-Identifier: ISC */
/* The files a generation can have: the only paths and contents a bundle may name. */
#ifndef LIB_BUNDLE_FORM_H
#define LIB_BUNDLE_FORM_H

#include "lib/bundle.h"

#define BUNDLE_MAGIC "CCBUNDL\n"
#define BUNDLE_FILE_PARTS 2 /* the most parts a file has */

enum bundle_place { PLACE_TOP, PLACE_CREDENTIAL, PLACE_SERVICE };

/* What is in a file. */
enum bundle_content {
	CONTENT_CONFIG,
	CONTENT_CA,
	CONTENT_CERT,
	CONTENT_CHAIN,
	CONTENT_FULLCHAIN,
	CONTENT_PRIVKEY,
	CONTENT_COMBINED,
	CONTENT_MODE,
	CONTENT_VARIANT,
	CONTENT_MAX
};

struct bundle_form {
	enum bundle_place place;
	const char *directory; /* before the name; "" at the top */
	const char *file;      /* after it */
	enum bundle_content content;
	uint32_t wanted; /* SERVICE_FILES_* of the definition; 0: whatever it wants */
};

extern const struct bundle_form bundle_forms[];
extern const size_t bundle_nforms;

/* The kinds of the parts of such a file, in their order. */
struct bundle_parts {
	uint32_t count;
	enum part_kind kinds[BUNDLE_FILE_PARTS];
};
extern const struct bundle_parts bundle_contents[CONTENT_MAX];

#endif
