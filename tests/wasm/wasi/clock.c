/* Everything a program may take for time or chance; prints what it saw. */
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ns(clockid_t id)
{
    struct timespec t;

    if (clock_gettime(id, &t) != 0)
        return -1;
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int main(void)
{
    int64_t a = now_ns(CLOCK_MONOTONIC), b, c;
    unsigned char random[19] = {0};

    usleep(2500000);
    b = now_ns(CLOCK_MONOTONIC);
    c = now_ns(CLOCK_REALTIME);
    if (a < 0 || b <= a || getentropy(random, sizeof random) != 0)
        return 1;
    printf("slept %lld us, year %d, random ", (long long)(b - a) / 1000,
           (int)(1970 + c / 1000000000 / 31556952));
    for (unsigned i = 0; i < sizeof random; i++)
        printf("%02x", random[i]);
    printf(", time %lld\n", (long long)c);
    return 0;
}
