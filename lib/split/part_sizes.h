/* part_sizes.h - how many rows, or groups, each part gets. */
#ifndef MLSD_SPLIT_PART_SIZES_H
#define MLSD_SPLIT_PART_SIZES_H

#include <stdint.h>

#include "base/kindtable.h"

/* Sizes of a training and a test part as scikit-learn reckons them, from a fraction below 1 or a
 * whole number each; NaN is not given, and both NaN means `fallback` for test_size. They may leave
 * some over, and both are above 0. `noun` is what is counted, "rows" or "groups". */
mlsd_status mlsd__part_sizes_two(const char *noun, double test_size, double train_size,
                                 double fallback, int64_t n, int64_t sizes[2]);

/* Sizes of many parts from fractions that sum to 1, by largest remainder; of equal remainders the
 * first part's counts more. A part that would be empty is refused. */
mlsd_status mlsd__part_sizes_many(const mlsd__allocator *a, const mlsd__f64_list *parts,
                                  const char *noun, int64_t n, int64_t *sizes);

/* At least two fractions that sum to 1. */
mlsd_status mlsd__part_sizes_check_fractions(const mlsd__f64_list *parts);

#endif
