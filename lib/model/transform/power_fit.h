/* power_fit.h - the exponent of a power transform by maximum likelihood, and what it makes of a
 * number. */
#ifndef MLSD_MODEL_TRANSFORM_POWER_FIT_H
#define MLSD_MODEL_TRANSFORM_POWER_FIT_H

#include "model/transform/column_pass.h"

/* A column's transform, up to a shift and a factor that standardising takes out again: values are
 * told by their distance from the reference in logarithms, so that no exponent makes all of them
 * one. `side` is 1 or -1 where all training values are on that side of 0 (Box-Cox: always 1), and 0
 * where they are on both; then the reference is 0 and nothing is shifted. */
typedef struct mlsd__power {
    double lambda, reference, side;
} mlsd__power;

/* Choose lambda. It is held where transformed training values, and their inverses, stay below 1e140
 * in size; a constant column gets 1. MLSD_E_NUMERIC where a value is beyond 1e100. */
mlsd_status mlsd__power_fit(mlsd__scope *scope, const mlsd__sorted_column *c, bool box_cox,
                            const char *name, mlsd__power *out);

/* Transform by the definition (Box & Cox 1964; Yeo & Johnson 2000), and with shift and factor. x >
 * 0 for Box-Cox. Finite for any finite x: held within 1e300. */
double mlsd__power_plain(double lambda, bool box_cox, double x);
double mlsd__power_shifted(const mlsd__power *power, bool box_cox, double x);

#endif
