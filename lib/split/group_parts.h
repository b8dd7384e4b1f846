/* group_parts.h - whole groups dealt to parts, so that sizes and shares of strata come as near to
 * what is asked for as whole groups allow. */
#ifndef MLSD_SPLIT_GROUP_PARTS_H
#define MLSD_SPLIT_GROUP_PARTS_H

#include "split/strata.h"

/* Make `out` folds of the form MARKS: n_splits independent draws of parts with about these numbers
 * of rows, each with the strata in about the proportions of the whole (codes NULL: sizes only).
 * Sizes may leave rows over. Every part has a group. Errors: MLSD_E_DATA for fewer groups than
 * parts; MLSD_E_PARAM_RANGE for too many parts. A stratum with too few groups for every part is
 * logged. */
mlsd_status mlsd__group_parts_draw(mlsd__scope *scope, mlsd__mt19937 *mt,
                                   const mlsd__split_input *in, const mlsd__strata_codes *codes,
                                   const int64_t *sizes, int64_t n_parts, int64_t n_splits,
                                   mlsd_folds *out);

#endif
