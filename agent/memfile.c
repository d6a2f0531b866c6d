/* SPDX-License-Identifier: ISC */
/* Sealed memory files. */
#include "agent/memfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static int
write_all(int fd, const uint8_t *data, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = write(fd, data, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

int
memfile_new(const char *name, const void *data, size_t len, struct err *err)
{
	int fd;

	if ((fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING)) == -1)
		return err_set(err, ERR_IO, name, "memory file: %s", strerror(errno));
	if (write_all(fd, data, len) == -1 || fcntl(fd, F_ADD_SEALS, ALL_SEALS) == -1) {
		err_set(err, ERR_IO, name, "memory file of %zu octets: %s", len,
		    strerror(errno));
		(void)close(fd);
		return -1;
	}
	return fd;
}

int
memfile_map(int fd, size_t max, struct mapping *ret_mapping, struct err *err)
{
	struct stat st;
	void *data = NULL;
	int seals;

	if ((seals = fcntl(fd, F_GET_SEALS)) == -1 || (seals & ALL_SEALS) != ALL_SEALS)
		return err_set(err, ERR_OTHER, "", "memory file is not sealed");
	if (fstat(fd, &st) == -1)
		return err_set(err, ERR_IO, "", "memory file: %s", strerror(errno));
	if ((uint64_t)st.st_size > max)
		return err_set(err, ERR_TOO_LARGE, "",
		    "memory file of %jd octets, limit %zu", (intmax_t)st.st_size, max);
	if (st.st_size > 0) {
		data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (data == MAP_FAILED)
			return err_set(err, ERR_MEMORY, "", "memory file: %s",
			    strerror(errno));
	}
	ret_mapping->data = data;
	ret_mapping->size = (size_t)st.st_size;
	return 0;
}

void
mapping_clear(struct mapping *mapping)
{
	if (mapping->data != NULL)
		(void)munmap(mapping->data, mapping->size);
	mapping->data = NULL;
	mapping->size = 0;
}
