/* SPDX-License-Identifier: ISC */
/* A status that came from somewhere else. */
#include "lib/status.h"

#include <string.h>

#include "lib/bytes.h"

/* A text of fixed size. */
struct field {
	size_t offset, size;
};

#define FIELD(type, member)                                                            \
	{                                                                              \
		offsetof(type, member), sizeof(((type *)NULL)->member)                 \
	}

static const struct field status_fields[] = {
	FIELD(struct status, candidate_user),
	FIELD(struct status, candidate_problem.where),
	FIELD(struct status, candidate_problem.element),
	FIELD(struct status, candidate_problem.text),
	FIELD(struct status, lock_user),
	FIELD(struct status, confirm_user),
	FIELD(struct status, confirm_persist),
	FIELD(struct status, last_user),
	FIELD(struct status, last_error.where),
	FIELD(struct status, last_error.element),
	FIELD(struct status, last_error.text),
	FIELD(struct status, refused_user),
	FIELD(struct status, refused_text),
	FIELD(struct status, files_problem),
	FIELD(struct status, model),
	FIELD(struct status, host),
	FIELD(struct status, source),
	FIELD(struct status, import_source),
};

static const struct field service_fields[] = {
	FIELD(struct status_service, name),
	FIELD(struct status_service, last_error),
};

static const struct field commit_fields[] = {
	FIELD(struct status_commit, user),
	FIELD(struct status_commit, comment),
	FIELD(struct status_commit, error_text),
	FIELD(struct status_commit, changes),
};

static const struct field notice_fields[] = {
	FIELD(struct status_notice, text),
};

static const struct field kept_fields[] = {
	FIELD(struct status_kept, name),
	FIELD(struct status_kept, text),
};

/* The rows a status has, how many of them, and their texts. */
static const struct {
	size_t rows, row_size, count, max;
	const struct field *fields;
	size_t nfields;
} tables[] = {
	{ offsetof(struct status, services), sizeof(struct status_service),
	    offsetof(struct status, nservices), LIMIT_SERVICES, service_fields,
	    nitems(service_fields) },
	{ offsetof(struct status, commits), sizeof(struct status_commit),
	    offsetof(struct status, ncommits), LIMIT_HISTORY, commit_fields,
	    nitems(commit_fields) },
	{ offsetof(struct status, notices), sizeof(struct status_notice),
	    offsetof(struct status, nnotices), LIMIT_NOTICES, notice_fields,
	    nitems(notice_fields) },
	{ offsetof(struct status, kept), sizeof(struct status_kept),
	    offsetof(struct status, nkept), LIMIT_KEPT, kept_fields,
	    nitems(kept_fields) },
};

static bool
terminated(const uint8_t *data, const struct field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (memchr(data + fields[i].offset, '\0', fields[i].size) == NULL)
			return false;
	return true;
}

const char *
status_check(const struct status *status)
{
	static const char no_end[] = "a text without an end in the status";
	const uint8_t *data = (const uint8_t *)status;
	uint32_t count;

	if (!terminated(data, status_fields, nitems(status_fields)))
		return no_end;
	for (size_t t = 0; t < nitems(tables); t++) {
		memcpy(&count, data + tables[t].count, sizeof(count));
		if (count > tables[t].max)
			return "more rows in the status than there can be";
		for (size_t i = 0; i < count; i++)
			if (!terminated(data + tables[t].rows + i * tables[t].row_size,
				tables[t].fields, tables[t].nfields))
				return no_end;
	}
	return NULL;
}
