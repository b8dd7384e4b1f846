/* power_fit.c - the likelihood of a power transform and its best exponent.
 *
 * Box-Cox: ((x^lambda) - 1) / lambda, log x for 0. Yeo-Johnson: the same of 1 + x for x >= 0, and
 * minus the same of 1 - x with 2 - lambda for x < 0. The profile log-likelihood is -n/2 log
 * Var(transformed) + (lambda - 1) times the sum of log x (of sign(x) log(1 + |x|)): Box & Cox 1964,
 * eq. 8; Yeo & Johnson 2000, eq. 3.1. Where all values are on one side of 0 the variance is taken
 * of exp(lambda (l - reference)), l being the logarithm and the reference its largest (smallest)
 * value, which cannot overflow, and the factor is added as a logarithm. */
#include "model/transform/power_fit.h"

#include <math.h>

#include "numeric/mathfun.h"
#include "numeric/minimize.h"
#include "numeric/sum.h"

static const double TOO_LARGE = 1e100; /* of a value */
static const double MOST_LOG = 322;    /* log 1e140: squares and their sums stay finite */
static const double MOST = 1e300;

/* (exp(lambda d) - 1) / lambda */
static double raised(double lambda, double d)
{
    return lambda == 0 ? d : mlsd__expm1(lambda * d) / lambda;
}

static double hold(double t)
{
    return t > MOST ? MOST : t < -MOST ? -MOST : t;
}

double mlsd__power_plain(double lambda, bool box_cox, double x)
{
    if (box_cox) return hold(raised(lambda, mlsd__log(x)));
    return hold(x >= 0 ? raised(lambda, mlsd__log1p(x)) : -raised(2 - lambda, mlsd__log1p(-x)));
}

double mlsd__power_shifted(const mlsd__power *power, bool box_cox, double x)
{
    const double exponent = power->side < 0 ? 2 - power->lambda : power->lambda;
    if (box_cox) return hold(raised(exponent, mlsd__log(x) - power->reference));
    if (power->side > 0 && x >= 0) return hold(raised(exponent, mlsd__log1p(x) - power->reference));
    if (power->side < 0 && x < 0)
        return hold(-raised(exponent, mlsd__log1p(-x) - power->reference));
    /* On the other side of 0 than the training values, or those are on both. */
    const double plain = mlsd__power_plain(power->lambda, false, x);
    if (power->side == 0) return plain;
    return hold(plain * mlsd__exp(-exponent * power->reference) +
                power->side * raised(exponent, -power->reference));
}

typedef struct likelihood {
    mlsd__scope *scope;
    const mlsd__sorted_column *c;
    double *logs;           /* of x, or of 1 + |x| */
    double *work;           /* n */
    double side;            /* as in mlsd__power */
    double total;           /* of the weights */
    double slope;           /* weighted sum of log x, or of sign(x) log(1 + |x|) */
    double lowest, highest; /* of the logs, where the side is not 0 */
    mlsd_status status;
} likelihood;

/* Minus the profile log-likelihood over the weight. */
static double cost(void *arg, double lambda)
{
    likelihood *const job = arg;
    const mlsd__sorted_column *const c = job->c;
    if (job->status == MLSD_OK) job->status = mlsd__checkpoint(job->scope);
    if (job->status != MLSD_OK) return 0;
    const double exponent = job->side < 0 ? 2 - lambda : lambda;
    const double reference = job->side == 0 ? 0 : exponent > 0 ? job->highest : job->lowest;
    for (int64_t i = 0; i < c->n; i++) {
        if (job->side != 0)
            job->work[i] = raised(exponent, job->logs[i] - reference);
        else
            job->work[i] = c->values[i] >= 0 ? raised(lambda, job->logs[i])
                                             : -raised(2 - lambda, job->logs[i]);
    }
    double mean, variance;
    mlsd__mean_variance(job->work, c->weight, c->n, 0, &mean, &variance);
    if (!(variance > 0)) return INFINITY;
    const double log_variance = mlsd__log(variance) + 2 * exponent * reference;
    return log_variance / 2 - (lambda - 1) * (job->slope / job->total);
}

/* Where the exponents may be. */
static void limits(const likelihood *job, bool box_cox, double *low, double *high)
{
    const mlsd__sorted_column *const c = job->c;
    const double smallest = c->values[0], largest = c->values[c->n - 1];
    *low = -INFINITY;
    *high = INFINITY;
    if (box_cox || job->side > 0) {
        const double size = fmax(fabs(job->lowest), fabs(job->highest));
        *high = MOST_LOG / size;
        *low = -*high;
    } else if (job->side < 0) {
        const double size = fmax(fabs(job->lowest), fabs(job->highest));
        *low = 2 - MOST_LOG / size;
        *high = 2 + MOST_LOG / size;
    } else {
        *high = MOST_LOG / mlsd__log1p(largest);
        *low = 2 - MOST_LOG / mlsd__log1p(-smallest);
    }
}

static void measure(likelihood *job, bool box_cox)
{
    const mlsd__sorted_column *const c = job->c;
    job->lowest = INFINITY;
    job->highest = -INFINITY;
    for (int64_t i = 0; i < c->n; i++) {
        const double x = c->values[i], w = c->weight != NULL ? c->weight[i] : 1;
        job->logs[i] = box_cox ? mlsd__log(x) : mlsd__log1p(fabs(x));
        job->work[i] = w * (box_cox || x >= 0 ? job->logs[i] : -job->logs[i]);
        job->lowest = fmin(job->lowest, job->logs[i]);
        job->highest = fmax(job->highest, job->logs[i]);
    }
    job->slope = mlsd__sum(job->work, c->n);
    job->total = c->weight != NULL ? mlsd__sum(c->weight, c->n) : (double)c->n;
    job->side = box_cox || c->values[0] >= 0 ? 1 : c->values[c->n - 1] < 0 ? -1 : 0;
}

mlsd_status mlsd__power_fit(mlsd__scope *scope, const mlsd__sorted_column *c, bool box_cox,
                            const char *name, mlsd__power *out)
{
    const mlsd__allocator *const a = scope->allocator;
    *out = (mlsd__power){.lambda = 1};
    if (c->n == 0 || c->values[0] == c->values[c->n - 1]) return MLSD_OK;
    if (c->values[c->n - 1] > TOO_LARGE || c->values[0] < -TOO_LARGE)
        return mlsd__fail(MLSD_E_NUMERIC, "column '%.100s' reaches %g: too large for a power", name,
                          c->values[0] < -TOO_LARGE ? c->values[0] : c->values[c->n - 1]);
    likelihood job = {.scope = scope, .c = c};
    job.logs = mlsd__alloc_raw(a, c->n, 2 * sizeof *job.logs);
    if (job.logs == NULL) return MLSD_E_NOMEM;
    job.work = job.logs + c->n;
    measure(&job, box_cox);
    double low, high;
    limits(&job, box_cox, &low, &high);
    out->lambda = mlsd__minimize(cost, &job, -2, 2, low, high);
    out->side = job.side;
    const double exponent = job.side < 0 ? 2 - out->lambda : out->lambda;
    if (job.side != 0) out->reference = exponent > 0 ? job.highest : job.lowest;
    mlsd__free(a, job.logs);
    return job.status;
}
