/* mathfun.c - libm's transcendental functions behind one door, and the few stable combinations of
 * them that models share. No state: lgamma goes through lgamma_r, so signgam is never touched. */
#include "numeric/mathfun.h"

#include <math.h>

double mlsd__exp(double x)
{
    return exp(x);
}

double mlsd__log(double x)
{
    return log(x);
}

double mlsd__log1p(double x)
{
    return log1p(x);
}

double mlsd__expm1(double x)
{
    return expm1(x);
}

double mlsd__pow(double x, double y)
{
    return pow(x, y);
}

double mlsd__tanh(double x)
{
    return tanh(x);
}

double mlsd__lgamma(double x)
{
    int sign = 0;
    return lgamma_r(x, &sign);
}

double mlsd__erfc(double x)
{
    return erfc(x);
}

/* exp of a non-positive number only, so neither end overflows. */
double mlsd__sigmoid(double x)
{
    const double e = exp(-fabs(x));
    return x >= 0 ? 1 / (1 + e) : e / (1 + e);
}

double mlsd__log1pexp(double x)
{
    return (x > 0 ? x : 0) + log1p(exp(-fabs(x)));
}

double mlsd__softmax(double *scores, int64_t n)
{
    double top = -INFINITY;
    for (int64_t i = 0; i < n; i++) top = scores[i] > top ? scores[i] : top;
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        scores[i] = exp(scores[i] - top);
        sum += scores[i];
    }
    for (int64_t i = 0; i < n; i++) scores[i] /= sum;
    return n == 0 ? -INFINITY : top + log(sum);
}
