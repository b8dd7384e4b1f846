/* draws.h - random numbers that augmentations are made of. */
#ifndef MLSD_MODEL_AUGMENT_DRAWS_H
#define MLSD_MODEL_AUGMENT_DRAWS_H

#include "base/random.h"

/* Uniform between the two. */
double mlsd__draw_between(mlsd__stream *stream, double low, double high);

/* Beta(alpha, alpha) by two gamma variates (Marsaglia & Tsang 2000), in logarithms, so that an
 * alpha near 0 gives 0 or 1 and never 0 / 0. */
double mlsd__draw_beta(mlsd__stream *stream, double alpha);

#endif
