/* SPDX-License-Identifier: ISC */
#include "handlers/import.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "handlers/edit.h"
#include "lib/xml.h"

#define PIECE 65536

/* Its octets, which may hold keys, are nowhere but in the tree afterwards. */
static int
read_pieces(int fd, struct xml_reader *reader, struct err *err)
{
	char piece[PIECE];
	ssize_t n;
	int rc = 0;

	while (rc == 0 && (n = read(fd, piece, sizeof(piece))) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		rc = n == -1 ? err_set(err, ERR_IO, NULL, "read: %s", strerror(errno))
			     : xml_reader_feed(reader, piece, (size_t)n, err);
	}
	explicit_bzero(piece, sizeof(piece));
	return rc;
}

static int
read_tree(int fd, struct xml_node **ret_root, struct err *err)
{
	struct xml_reader *reader = xml_reader_new();
	int rc;

	if (reader == NULL)
		return err_set(err, ERR_MEMORY, NULL, "no memory");
	rc = read_pieces(fd, reader, err);
	if (rc == 0)
		rc = xml_reader_end(reader, ret_root, err);
	xml_reader_free(reader);
	return rc;
}

int
import_document(struct engine_client *engine, int fd, bool alone, struct err *err)
{
	struct xml_node *root = NULL;
	int rc = -1;

	if (read_tree(fd, &root, err) == -1)
		engine_client_refused(engine, ACTION_IMPORT, err);
	else
		rc = edit_import(engine, root, alone, err);
	xml_free(root);
	return rc;
}
