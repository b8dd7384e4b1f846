/* words.h - numbers as people read them, for verdicts. */
#ifndef MLSD_VALIDATE_WORDS_H
#define MLSD_VALIDATE_WORDS_H

#include "base/text.h"
#include "metric/metric_impl.h"

/* Four significant digits, but all of a whole number; "not known" for NaN. */
void mlsd__words_number(mlsd__text *t, double value);
/* A parameter's value. A number with more digits than a person types, such as a draw from a range,
 * gets four significant ones; everything else stands as it is. */
void mlsd__words_value(mlsd__text *t, const char *value);
/* "0.3412 (95 % interval 0.31 to 0.37)"; the interval is left out where it is not known. */
void mlsd__words_estimate(mlsd__text *t, const mlsd__estimate *e, double level);

/* "this test set has been looked at 3 times: its score is no longer that of unseen rows"; `noun` is
 * "test set". */
void mlsd__words_looks(mlsd__text *t, const char *noun, int64_t n);

#endif
