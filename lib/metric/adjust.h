/* adjust.h - what many looks cost: p-values and e-values corrected for how many there are. The one
 * implementation of all of the library. */
#ifndef MLSD_METRIC_ADJUST_H
#define MLSD_METRIC_ADJUST_H

#include <stdint.h>

#include "base/memory.h"

enum {
    MLSD__HOLM = 0,
    MLSD__HOCHBERG = 1,
    MLSD__BONFERRONI = 2,
    MLSD__BENJAMINI_HOCHBERG = 3,
    MLSD__NO_CORRECTION = 4,
    MLSD__BENJAMINI_YEKUTIELI = 5,
    MLSD__SIDAK = 6,
    MLSD__HOLM_SIDAK = 7
};
extern const char *const mlsd__corrections[]; /* NULL-terminated */

/* `out` may be `p`. NaN stays and does not count. */
mlsd_status mlsd__adjust_p_values(const mlsd__allocator *a, int64_t correction, const double *p,
                                  int64_t n, double *out);
/* By e-BH: the smallest alpha at which each is called significant. */
mlsd_status mlsd__adjust_e_values(const mlsd__allocator *a, const double *e, int64_t n,
                                  double *out);

#endif
