/* progress.h - a bar on standard error for long work, drawn only for people.
 *
 * Redrawn at most ten times a second; shows the stage, the share done, the time and
 * an estimate of the rest.  Nothing is drawn when standard error is no terminal. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    bool on;
    int64_t start_ns, drawn_ns;
};

/* quiet: never draw. */
void progress_init(struct progress *p, bool quiet);
/* arg is a struct progress; the form that long jobs take as a callback.  Always true. */
bool progress_draw(void *arg, const char *stage, unsigned permille);
/* Removes the bar. */
void progress_clear(struct progress *p);

#endif
