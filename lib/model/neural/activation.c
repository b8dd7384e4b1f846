/* activation.c - hidden units' functions and their slopes, for many numbers at a time. A sum of
 * exactly 0 is below the kink of relu, as in scikit-learn. NaN stays NaN in all of them: that is
 * how a training that breaks down is seen. */
#include "model/neural/activation.h"

#include <math.h>
#include <string.h>

#include "numeric/mathfun.h"
#include "numeric/mathfun_block.h"

static const double LEAK = 0.01;
/* Beyond it tanh is 1 to the last bit. */
static const double TANH_END = 20.0;
static const double SQRT_HALF = 0.70710678118654752440, INVERSE_SQRT_2PI = 0.39894228040143267794;

const char *const mlsd__activation_names[] = {"relu",     "leaky_relu", "gelu", "tanh",
                                              "logistic", "identity",   NULL};

static void relu(double *z, int64_t n)
{
    for (int64_t i = 0; i < n; i++) z[i] = z[i] < 0.0 ? 0.0 : z[i];
}

static void leaky_relu(double *z, int64_t n)
{
    for (int64_t i = 0; i < n; i++) z[i] = z[i] < 0.0 ? LEAK * z[i] : z[i];
}

static void gelu(double *z, int64_t n)
{
    for (int64_t i = 0; i < n; i++) z[i] *= 0.5 * mlsd__erfc(-SQRT_HALF * z[i]);
}

enum { RUN = 64 }; /* numbers that go through the exponential together */

/* (1 - e) / (1 + e), e = exp(-2 |z|). */
static void tanh_all(double *z, int64_t n)
{
    double e[RUN];
    for (int64_t first = 0; first < n; first += RUN) {
        const int64_t m = n - first < RUN ? n - first : RUN;
        double *const here = z + first;
        for (int64_t i = 0; i < m; i++) {
            const double size = fabs(here[i]);
            e[i] = -2.0 * (size > TANH_END ? TANH_END : size);
        }
        mlsd__exp_block(e, m);
        for (int64_t i = 0; i < m; i++) here[i] = copysign((1.0 - e[i]) / (1.0 + e[i]), here[i]);
    }
}

static void logistic(double *z, int64_t n)
{
    for (int64_t i = 0; i < n; i++) z[i] = -z[i];
    mlsd__exp_block(z, n);
    for (int64_t i = 0; i < n; i++) z[i] = 1.0 / (1.0 + z[i]);
}

static void identity(double *z, int64_t n)
{
    (void)z;
    (void)n;
}

static void relu_back(const double *z, const double *out, double *delta, int64_t n)
{
    (void)z;
    for (int64_t i = 0; i < n; i++) delta[i] = out[i] > 0.0 ? delta[i] : 0.0;
}

static void leaky_relu_back(const double *z, const double *out, double *delta, int64_t n)
{
    (void)z;
    for (int64_t i = 0; i < n; i++) delta[i] *= out[i] > 0.0 ? 1.0 : LEAK;
}

static void gelu_back(const double *z, const double *out, double *delta, int64_t n)
{
    (void)out;
    for (int64_t i = 0; i < n; i++) {
        const double density = INVERSE_SQRT_2PI * mlsd__exp(-0.5 * z[i] * z[i]);
        delta[i] *= 0.5 * mlsd__erfc(-SQRT_HALF * z[i]) + z[i] * density;
    }
}

static void tanh_back(const double *z, const double *out, double *delta, int64_t n)
{
    (void)z;
    for (int64_t i = 0; i < n; i++) delta[i] *= 1.0 - out[i] * out[i];
}

static void logistic_back(const double *z, const double *out, double *delta, int64_t n)
{
    (void)z;
    for (int64_t i = 0; i < n; i++) delta[i] *= out[i] * (1.0 - out[i]);
}

static void identity_back(const double *z, const double *out, double *delta, int64_t n)
{
    (void)z;
    (void)out;
    (void)delta;
    (void)n;
}

static const struct {
    void (*forward)(double *z, int64_t n);
    void (*back)(const double *z, const double *out, double *delta, int64_t n);
    bool needs_sums;
} functions[] = {
    [MLSD__ACTIVATION_RELU] = {relu, relu_back, false},
    [MLSD__ACTIVATION_LEAKY_RELU] = {leaky_relu, leaky_relu_back, false},
    [MLSD__ACTIVATION_GELU] = {gelu, gelu_back, true},
    [MLSD__ACTIVATION_TANH] = {tanh_all, tanh_back, false},
    [MLSD__ACTIVATION_LOGISTIC] = {logistic, logistic_back, false},
    [MLSD__ACTIVATION_IDENTITY] = {identity, identity_back, false},
};

bool mlsd__activation_needs_sums(mlsd__activation activation)
{
    return functions[activation].needs_sums;
}

void mlsd__activate(mlsd__activation activation, double *z, int64_t n)
{
    functions[activation].forward(z, n);
}

void mlsd__activation_back(mlsd__activation activation, const double *z, const double *out,
                           double *delta, int64_t n)
{
    functions[activation].back(z, out, delta, n);
}
