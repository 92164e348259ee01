/* progress.c - see progress.h. */
#include "cli/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

#define BAR_CELLS 24

void progress_init(struct progress *p, bool quiet)
{
    p->on = !quiet && isatty(STDERR_FILENO);
    p->start_ns = clock_mono_ns();
    p->drawn_ns = 0;
}

bool progress_draw(void *arg, const char *stage, unsigned permille)
{
    struct progress *p = arg;
    int64_t now = clock_mono_ns();
    char bar[BAR_CELLS + 1];

    if (!p->on || (p->drawn_ns && now - p->drawn_ns < 100000000))
        return true;
    p->drawn_ns = now;
    for (unsigned i = 0; i < BAR_CELLS; i++)
        bar[i] = i * 1000 < permille * BAR_CELLS ? '#' : '.';
    bar[BAR_CELLS] = '\0';
    double spent = (double)(now - p->start_ns) / 1e9;
    fprintf(stderr, "\r[%s] %3u %%  %-10.10s %6.1f s", bar, permille / 10, stage, spent);
    if (permille >= 50 && permille < 1000)
        fprintf(stderr, ", %.0f s left ", spent * (1000.0 - permille) / permille);
    fputs("\033[K", stderr);
    fflush(stderr);
    return true;
}

void progress_clear(struct progress *p)
{
    if (p->on && p->drawn_ns)
        fputs("\r\033[K", stderr);
    p->drawn_ns = 0;
}
