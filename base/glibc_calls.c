/*
 * glibc_calls.c - functions of glibc that musl does not have and that Debian's static libraries call, since they were
 * compiled against glibc with _FORTIFY_SOURCE: libseccomp, libcap, yajl, libmnl, libnftnl. Empty where the C library is
 * glibc.
 *
 * The checks are those of the GNU "__NAME_chk" interface: a write that would not fit ends the program.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#ifndef __GLIBC__
#undef fopen64 /* musl before 1.2.4 has macros */
#undef fstat64
#undef open64

int __asprintf_chk(char **ret, int flag, const char *format, ...);
int __fprintf_chk(FILE *stream, int flag, const char *format, ...);
int __snprintf_chk(char *buffer, size_t wanted, int flag, size_t size, const char *format, ...);
int __sprintf_chk(char *buffer, int flag, size_t size, const char *format, ...);
void *__memcpy_chk(void *to, const void *from, size_t wanted, size_t size);
unsigned long __isoc23_strtoul(const char *text, char **ret_end, int base);
FILE *fopen64(const char *path, const char *mode);
int fstat64(int fd, struct stat *ret);
int open64(const char *path, int flags, ...);

int __asprintf_chk(char **ret, int flag, const char *format, ...)
{
	va_list args;
	int length;

	(void)flag;
	va_start(args, format);
	length = vasprintf(ret, format, args);
	va_end(args);
	return length;
}

int __fprintf_chk(FILE *stream, int flag, const char *format, ...)
{
	va_list args;
	int length;

	(void)flag;
	va_start(args, format);
	length = vfprintf(stream, format, args);
	va_end(args);
	return length;
}

int __snprintf_chk(char *buffer, size_t wanted, int flag, size_t size, const char *format, ...)
{
	va_list args;
	int length;

	(void)flag;
	if (wanted > size)
		abort();
	va_start(args, format);
	length = vsnprintf(buffer, wanted, format, args);
	va_end(args);
	return length;
}

int __sprintf_chk(char *buffer, int flag, size_t size, const char *format, ...)
{
	va_list args;
	int length;

	(void)flag;
	va_start(args, format);
	length = vsnprintf(buffer, size, format, args);
	va_end(args);
	if (length < 0 || (size_t)length >= size)
		abort();
	return length;
}

void *__memcpy_chk(void *to, const void *from, size_t wanted, size_t size)
{
	if (wanted > size)
		abort();
	return memcpy(to, from, wanted);
}

unsigned long __isoc23_strtoul(const char *text, char **ret_end, int base)
{
	return strtoul(text, ret_end, base);
}

FILE *fopen64(const char *path, const char *mode)
{
	return fopen(path, mode);
}

int fstat64(int fd, struct stat *ret)
{
	return fstat(fd, ret);
}

int open64(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	if (flags & (O_CREAT | O_TMPFILE)) {
		va_start(args, flags);
		mode = va_arg(args, mode_t);
		va_end(args);
	}
	return open(path, flags, mode);
}

#endif
