/* sweeper.h - the one thread that does what is due: coordinator sweeps, full rate buckets. */
#ifndef API_SWEEPER_H
#define API_SWEEPER_H

#include "api/api.h"

struct sweeper;

int sweeper_start(struct sweeper **out, struct api_server *api, struct err *err);
void sweeper_stop(struct sweeper *s); /* NULL is legal */

#endif
