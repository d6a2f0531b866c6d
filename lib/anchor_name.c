/* SPDX-License-Identifier: ISC */
#include "lib/anchor_name.h"

#include <string.h>

#define BAG "trust-store"

void
anchor_name_split(struct text joined, struct text *ret_bag, struct text *ret_name)
{
	const char *slash =
	    joined.len > 0 ? memchr(joined.data, '/', joined.len) : NULL;
	size_t len = slash != NULL ? (size_t)(slash - joined.data) : 0;

	*ret_bag = (struct text){ BAG, strlen(BAG) };
	*ret_name = joined;
	if (len == 0 || len + 1 == joined.len)
		return;
	*ret_bag = (struct text){ joined.data, len };
	*ret_name = (struct text){ slash + 1, joined.len - len - 1 };
}

int
anchor_name_join(struct buf *buf, struct text bag, struct text name)
{
	struct text found, rest;

	anchor_name_split(name, &found, &rest);
	/* alone it is in this bag, and stays so when it is split again */
	if (text_equal(bag, found) && text_equal(rest, name))
		return buf_add(buf, name.data, name.len);
	if (buf_add(buf, bag.data, bag.len) == -1 || buf_add(buf, "/", 1) == -1)
		return -1;
	return buf_add(buf, name.data, name.len);
}
