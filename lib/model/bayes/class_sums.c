/* class_sums.c - see the header: what the naive Bayes models share. Groups of blocks are summed in
 * parallel and added in their order. */
#include "model/bayes/class_sums.h"

#include <math.h>
#include <string.h>

#include "model/row_pass.h"
#include "numeric/mathfun.h"

/* The smallest logarithm that is used: far below that of any number, far above -infinity. */
static const double LOWEST = -1e300;

typedef struct job {
    const mlsd__train *train;
    const mlsd__class_sums *sums;
    int64_t n_groups, width;
    double *summaries; /* for each group: weight, sum, square */
} job;

static void add_rows(const job *j, const double *x, int64_t first, int64_t n, int64_t ld,
                     double *summary)
{
    const mlsd__train *const t = j->train;
    const int64_t p = t->x->n_features, k = t->n_classes;
    double *const sums = summary + k, *const squares = sums + k * p;
    for (int64_t i = 0; i < n; i++) {
        const int64_t c = (int64_t)t->y[first + i];
        const double w = t->weight != NULL ? t->weight[first + i] : 1;
        const double *const row = x + i * ld;
        const double *const origin = j->sums->origin != NULL ? j->sums->origin + c * p : NULL;
        double *const sum = sums + c * p, *const square = squares + c * p;
        summary[c] += w;
        for (int64_t f = 0; f < p; f++) {
            double v = row[f];
            if (origin != NULL) v -= origin[f];
            if (j->sums->cut != NULL) v = v > *j->sums->cut;
            sum[f] += w * v;
            if (j->sums->square != NULL) square[f] += w * v * v;
        }
    }
}

static mlsd_status sum_group(void *arg, int64_t group, mlsd__scope *scope)
{
    const job *const j = arg;
    mlsd__row_reader reader;
    mlsd_status status = mlsd__row_reader_open(&reader, scope->allocator, j->train->x);
    int64_t block, last;
    mlsd__row_group(j->train->x->n_rows, j->n_groups, group, &block, &last);
    for (; status == MLSD_OK && block < last; block++) {
        int64_t first, n, ld;
        const double *const x = mlsd__row_reader_block(&reader, block, &first, &n, &ld);
        add_rows(j, x, first, n, ld, j->summaries + group * j->width);
        status = mlsd__checkpoint(scope);
    }
    mlsd__row_reader_close(&reader);
    return status;
}

mlsd_status mlsd__class_sums_add(mlsd__scope *scope, const mlsd__train *train,
                                 const mlsd__class_sums *sums)
{
    const int64_t p = train->x->n_features, k = train->n_classes;
    job j = {.train = train, .sums = sums};
    int64_t cells = 0, n = 0;
    MLSD__TRY(mlsd__mul_size(k, p, &cells));
    MLSD__TRY(mlsd__mul_size(cells, 3, &n)); /* room for the classes' weights as well */
    j.width = k + cells * (sums->square != NULL ? 2 : 1);
    j.n_groups = mlsd__row_groups(train->x->n_rows, j.width);
    MLSD__TRY(mlsd__mul_size(j.width, j.n_groups, &n));
    j.summaries = mlsd__alloc(scope->allocator, n, sizeof *j.summaries);
    if (j.summaries == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = mlsd__parallel_for(scope, j.n_groups, sum_group, &j);
    if (status == MLSD_OK) {
        for (int64_t g = 1; g < j.n_groups; g++)
            for (int64_t i = 0; i < j.width; i++) j.summaries[i] += j.summaries[g * j.width + i];
        memcpy(sums->weight, j.summaries, (size_t)k * sizeof(double));
        memcpy(sums->sum, j.summaries + k, (size_t)cells * sizeof(double));
        if (sums->square != NULL)
            memcpy(sums->square, j.summaries + k + cells, (size_t)cells * sizeof(double));
    }
    mlsd__free(scope->allocator, j.summaries);
    return status;
}

/* Means from the sums of the first pass; the second one puts them right, and has the squares (Chan,
 * Golub & LeVeque 1983, equation 1.7). */
mlsd_status mlsd__class_moments(mlsd__scope *scope, const mlsd__train *train, double *weight,
                                double *mean, double *variance, double *scratch)
{
    const int64_t p = train->x->n_features, cells = train->n_classes * p;
    double *const rest = scratch;
    mlsd__class_sums sums = {.weight = weight, .sum = mean};
    MLSD__TRY(mlsd__class_sums_add(scope, train, &sums));
    for (int64_t i = 0; i < cells; i++) mean[i] = weight[i / p] > 0 ? mean[i] / weight[i / p] : 0;
    sums = (mlsd__class_sums){.origin = mean, .weight = weight, .sum = rest, .square = variance};
    MLSD__TRY(mlsd__class_sums_add(scope, train, &sums));
    for (int64_t i = 0; i < cells; i++) {
        const double w = weight[i / p];
        if (!(w > 0)) continue;
        mean[i] += rest[i] / w;
        variance[i] = fmax(0, (variance[i] - rest[i] * rest[i] / w) / w);
        if (!isfinite(mean[i]) || !isfinite(variance[i]))
            return mlsd__fail(MLSD_E_NUMERIC, "column '%.100s' is too large to be squared",
                              train->x->features[i % p].name);
    }
    return MLSD_OK;
}

mlsd_status mlsd__bayes_alloc(const mlsd__allocator *a, size_t header, int64_t n_classes, int64_t p,
                              void **out)
{
    int64_t cells = 0, n = 0, bytes = 0;
    *out = NULL;
    MLSD__TRY(mlsd__mul_size(n_classes, p + 1, &cells));
    MLSD__TRY(mlsd__mul_size(cells, 3 * (int64_t)sizeof(double), &n));
    if (__builtin_add_overflow(n, (int64_t)header, &bytes)) return mlsd__fail_nomem();
    *out = mlsd__alloc(a, bytes, 1);
    return *out == NULL ? MLSD_E_NOMEM : MLSD_OK;
}

mlsd_status mlsd__bayes_take(mlsd__reader *r, int64_t n_classes, int64_t p, double **out)
{
    int64_t n = 0, cells = 0;
    *out = mlsd__take_f64s(r, &n);
    if (r->status != MLSD_OK) return r->status;
    if (n_classes > 0 && mlsd__mul_size(n_classes, p + 1, &cells) == MLSD_OK && n == 2 * cells)
        return MLSD_OK;
    mlsd__free(r->allocator, *out);
    *out = NULL;
    return mlsd__fail(MLSD_E_CORRUPT, "naive Bayes has %lld numbers for %lld features",
                      (long long)n, (long long)p);
}

mlsd_status mlsd__class_priors(const mlsd__f64_list *given, bool from_data, const double *weight,
                               int64_t n_classes, double *out)
{
    double total = 0;
    for (int64_t c = 0; c < n_classes; c++) total += weight[c];
    for (int64_t c = 0; c < n_classes; c++)
        out[c] = from_data ? weight[c] / total : 1 / (double)n_classes;
    if (given->values == NULL) return MLSD_OK;
    if (given->n != n_classes)
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "%lld prior probabilities are given for %lld classes; give one for each",
                          (long long)given->n, (long long)n_classes);
    double sum = 0;
    for (int64_t c = 0; c < n_classes; c++) sum += out[c] = given->values[c];
    if (fabs(sum - 1) <= 1e-8) return MLSD_OK;
    return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                      "the prior probabilities sum to %.10g; they must sum to 1", sum);
}

double mlsd__log_prior(double prior)
{
    return prior > 0 ? mlsd__log(prior) : LOWEST;
}

void mlsd__joint_to_output(const double *joint, int64_t n, int64_t n_classes, mlsd_output what,
                           double *out)
{
    const int64_t k = n_classes;
    for (int64_t i = 0; i < n; i++) {
        const double *const row = joint + i * k;
        if (what == MLSD_OUTPUT_DECISION && k == 2) {
            out[i] = fmax(row[1], LOWEST) - fmax(row[0], LOWEST);
            continue;
        }
        for (int64_t c = 0; c < k; c++) out[i * k + c] = fmax(row[c], LOWEST);
        if (what == MLSD_OUTPUT_PROBA) (void)mlsd__softmax(out + i * k, k);
    }
}
