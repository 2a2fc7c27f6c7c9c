/*
 * Memory for camera buffers where the kernel has no dma-buf heap, as in a container.
 *
 * picamera2 and libcamera both open /dev/dma_heap/NAME and ask it for buffers. Loaded before
 * libc (ld.so.preload), this answers with a memfd, which can be shared and mapped like a buffer.
 * A heap that does exist is left alone: its file opens, and is no memfd.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char HEAPS[] = "/dev/dma_heap/";

static int open_or_pretend(const char *path, int flags, mode_t mode)
{
	int fd = syscall(SYS_openat, AT_FDCWD, path, flags, mode);
	if (fd < 0 && errno == ENOENT && strncmp(path, HEAPS, sizeof HEAPS - 1) == 0)
		return memfd_create("heap", MFD_CLOEXEC);
	return fd;
}

/* glibc has one function under two names, and Python calls the second. */
#define OPEN(name)                                                             \
	int name(const char *path, int flags, ...)                             \
	{                                                                      \
		mode_t mode = 0;                                               \
		if (flags & (O_CREAT | __O_TMPFILE)) {                         \
			va_list rest;                                          \
			va_start(rest, flags);                                 \
			mode = va_arg(rest, mode_t);                           \
			va_end(rest);                                          \
		}                                                              \
		return open_or_pretend(path, flags, mode);                     \
	}
OPEN(open)
OPEN(open64)

static int allocate(struct dma_heap_allocation_data *wanted)
{
	int fd = memfd_create("buffer", MFD_CLOEXEC);
	if (fd < 0)
		return -1;
	if (ftruncate(fd, wanted->len) < 0) {
		close(fd);
		return -1;
	}
	wanted->fd = fd;
	return 0;
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list rest;
	va_start(rest, request);
	void *argument = va_arg(rest, void *);
	va_end(rest);
	/* Only a memfd has seals, so this tells ours from every device. */
	if (fcntl(fd, F_GET_SEALS) >= 0) {
		if (request == DMA_HEAP_IOCTL_ALLOC)
			return allocate(argument);
		/* Naming a buffer, and telling caches of a reader: nothing to do in memory. */
		if (_IOC_TYPE(request) == DMA_BUF_BASE)
			return 0;
	}
	return syscall(SYS_ioctl, fd, request, argument);
}
