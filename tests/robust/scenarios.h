/* scenarios.h - small complete uses of the public functions, shared by the tests that run
 * everything under some hardship: failing memory, threads, forks, cancelling. A scenario gives back
 * all it made, also when a call fails, and returns the first failing status. */
#ifndef MLSD_TESTS_SCENARIOS_H
#define MLSD_TESTS_SCENARIOS_H

#include <stdint.h>

#include "mlsd/mlsd.h"

typedef struct scenario {
    const char *name;
    mlsd_status (*run)(const mlsd_context *context,
                       uint64_t *out_hash); /* hash of all that came out */
    int is_long;                            /* the whole of an experiment: walks take strides */
} scenario;

extern const scenario scenarios[];
extern const int n_scenarios;

/* Directory for files; made by the test's main, removed at its end. */
extern char scenario_directory[64];
void scenario_directory_make(void);
void scenario_directory_remove(void);

#endif
