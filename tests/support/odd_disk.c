/* A disk that lacks what ODD_DISK names (words separated by commas), for a process that preloads this.

   flock     flock fails (Lustre without -o flock, some FUSE mounts)
   locks     fcntl can't lock (NFS without a lock service)
   dirsync   a directory can't be synced (some SMB mounts)
   chmod     permissions can't be changed (FAT, SMB)
   full      no write finds room while the file that ODD_DISK_FULL names exists
*/
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int lacks(const char *what) {
    const char *words = getenv("ODD_DISK");
    return words && strstr(words, what);
}

static int fails(int error) {
    errno = error;
    return -1;
}

int flock(int fd, int operation) {
    static int (*real)(int, int);
    if (!real) real = dlsym(RTLD_NEXT, "flock");
    return lacks("flock") ? fails(ENOSYS) : real(fd, operation);
}

static int lock_or(int (*real)(int, int, ...), int fd, int command, void *argument) {
    int locking = command == F_SETLK || command == F_SETLKW;
    return locking && lacks("locks") ? fails(ENOLCK) : real(fd, command, argument);
}

#define FCNTL(name)                                                      \
    int name(int fd, int command, ...) {                                 \
        static int (*real)(int, int, ...);                               \
        va_list arguments;                                               \
        va_start(arguments, command);                                    \
        void *argument = va_arg(arguments, void *);                      \
        va_end(arguments);                                               \
        if (!real) real = (int (*)(int, int, ...))dlsym(RTLD_NEXT, #name); \
        return lock_or(real, fd, command, argument);                     \
    }
FCNTL(fcntl)
FCNTL(fcntl64)

static int directory(int fd) {
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
}

#define SYNC(name)                                                          \
    int name(int fd) {                                                      \
        static int (*real)(int);                                            \
        if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, #name);            \
        return lacks("dirsync") && directory(fd) ? fails(EINVAL) : real(fd); \
    }
SYNC(fsync)
SYNC(fdatasync)

int chmod(const char *path, mode_t mode) {
    static int (*real)(const char *, mode_t);
    if (!real) real = dlsym(RTLD_NEXT, "chmod");
    return lacks("chmod") ? fails(EPERM) : real(path, mode);
}

int fchmod(int fd, mode_t mode) {
    static int (*real)(int, mode_t);
    if (!real) real = dlsym(RTLD_NEXT, "fchmod");
    return lacks("chmod") ? fails(EPERM) : real(fd, mode);
}

static int no_room(int fd) {
    struct stat status;
    const char *sign = getenv("ODD_DISK_FULL");
    return lacks("full") && sign && access(sign, F_OK) == 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

#define PWRITE(name, offset_type)                                                          \
    ssize_t name(int fd, const void *data, size_t size, offset_type offset) {              \
        static ssize_t (*real)(int, const void *, size_t, offset_type);                    \
        if (!real) real = (ssize_t(*)(int, const void *, size_t, offset_type))dlsym(RTLD_NEXT, #name); \
        return no_room(fd) ? fails(ENOSPC) : real(fd, data, size, offset);                 \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t write(int fd, const void *data, size_t size) {
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) real = (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    return no_room(fd) ? fails(ENOSPC) : real(fd, data, size);
}
