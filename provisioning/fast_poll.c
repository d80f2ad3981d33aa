/* Tests only, put into pcscd with LD_PRELOAD: pcscd looks at readers without an
   interrupt every 400 ms. A request for exactly that sleep becomes 10 ms. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>
#include <unistd.h>

#define POLL_NS 400000000L
#define FAST_NS 10000000L

int nanosleep(const struct timespec *wanted, struct timespec *left)
{
    static int (*real)(const struct timespec *, struct timespec *);
    if (!real)
        real = (int (*)(const struct timespec *, struct timespec *))dlsym(
            RTLD_NEXT, "nanosleep");
    if (wanted && wanted->tv_sec == 0 && wanted->tv_nsec == POLL_NS) {
        struct timespec fast = {0, FAST_NS};
        return real(&fast, left);
    }
    return real(wanted, left);
}

int usleep(useconds_t us)
{
    struct timespec wanted = {us / 1000000, (long)(us % 1000000) * 1000};
    return nanosleep(&wanted, NULL);
}
