/* normal_stream.c - standard normal draws from a counter-based stream. It stands here and not with
 * the rest of base/random.h because it needs a logarithm. */
#include "base/random.h"

#include <math.h>

#include "numeric/mathfun.h"

/* Marsaglia & Bray (1964), "A convenient method for generating normal variables", SIAM Review 6(3).
 * The second normal of each pair is dropped: a stream keeps no state but its place. */
double mlsd__stream_normal(mlsd__stream *stream)
{
    for (;;) {
        const double u = 2 * mlsd__stream_double(stream) - 1;
        const double v = 2 * mlsd__stream_double(stream) - 1;
        const double s = u * u + v * v;
        if (s > 0 && s < 1) return u * sqrt(-2 * mlsd__log(s) / s);
    }
}
