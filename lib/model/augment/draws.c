/* draws.c - see the header. */
#include "model/augment/draws.h"

#include <math.h>

#include "numeric/mathfun.h"

double mlsd__draw_between(mlsd__stream *stream, double low, double high)
{
    return low + (high - low) * mlsd__stream_double(stream);
}

/* In (0, 1): its logarithm is finite. */
static double open_uniform(mlsd__stream *stream)
{
    return 1 - mlsd__stream_double(stream);
}

/* The logarithm of a Gamma(alpha, 1) variate: Marsaglia & Tsang (2000), "A simple method for
 * generating gamma variables", with their boost for alpha < 1. */
static double log_gamma_variate(mlsd__stream *stream, double alpha)
{
    const double boost = alpha < 1 ? mlsd__log(open_uniform(stream)) / alpha : 0;
    const double d = (alpha < 1 ? alpha + 1 : alpha) - 1.0 / 3, c = 1 / sqrt(9 * d);
    for (;;) {
        const double z = mlsd__stream_normal(stream), root = 1 + c * z;
        if (root <= 0) continue;
        const double v = root * root * root, log_v = mlsd__log(v);
        if (mlsd__log(open_uniform(stream)) < 0.5 * z * z + d - d * v + d * log_v)
            return mlsd__log(d) + log_v + boost;
    }
}

double mlsd__draw_beta(mlsd__stream *stream, double alpha)
{
    const double a = log_gamma_variate(stream, alpha), b = log_gamma_variate(stream, alpha);
    return mlsd__sigmoid(a - b);
}
