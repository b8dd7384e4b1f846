/* golden_data.h - the data sets of the golden table. Whole numbers from a small generator, scaled
 * by powers of two: no operation that could round differently somewhere. */
#ifndef MLSD_TESTS_GOLDEN_DATA_H
#define MLSD_TESTS_GOLDEN_DATA_H

#include <stdint.h>

#include "mlsd/mlsd.h"

enum { N_GOLDEN_SETS = 4 };

/* "regression" (numbers, weights), "binary" (missing values, texts as classes), "multiclass" (four
 * classes, categories, missing ones among them, weights), "wide" (more columns than rows). */
extern const char *const golden_set_names[N_GOLDEN_SETS];

/* The table as a data set, with columns for the roles that splitters ask for. */
mlsd_status golden_set(const mlsd_context *context, int set, mlsd_dataset **out);

#endif
