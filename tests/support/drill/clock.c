/* A wall clock that a drill can set: loaded before libc (LD_PRELOAD) into the processes of a drill,
   it adds the offset of a shared file (microseconds, int64) to CLOCK_REALTIME and nothing else.
   The programs under it are the real ones; a step reaches them between two instructions, as the
   step of a machine's clock does. Monotonic clocks are left alone, as the kernel leaves them. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int (*real_gettime)(clockid_t, struct timespec *);
static volatile const int64_t *offset_us;

__attribute__((constructor)) static void begin(void) {
    real_gettime = dlsym(RTLD_NEXT, "clock_gettime");
    const char *path = getenv("DRILL_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *map = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (map != MAP_FAILED) offset_us = map;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    if (!real_gettime) begin();
    int failed = real_gettime(clock, now);
    if (failed || !offset_us || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE))
        return failed;
    int64_t ns = now->tv_nsec + (*offset_us % 1000000) * 1000;
    now->tv_sec += *offset_us / 1000000;
    if (ns < 0) ns += 1000000000, now->tv_sec--;
    if (ns >= 1000000000) ns -= 1000000000, now->tv_sec++;
    now->tv_nsec = ns;
    return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec exact;
    if (clock_gettime(CLOCK_REALTIME, &exact)) return -1;
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *where) {
    struct timespec exact;
    if (clock_gettime(CLOCK_REALTIME, &exact)) return (time_t)-1;
    if (where) *where = exact.tv_sec;
    return exact.tv_sec;
}
