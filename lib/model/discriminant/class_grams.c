/* class_grams.c - see the header. The rows of a block are sorted by class, each class's part goes
 * through BLAS, and parts are merged in the order of the blocks. */
#include "model/discriminant/class_grams.h"

#include <math.h>
#include <string.h>

#include "model/row_pass.h"

typedef struct gram_job {
    const mlsd__train *train;
    int64_t n_groups;
    mlsd__gram *grams; /* n_groups x n_classes */
} gram_job;

/* What a group needs: rows of a block by class. */
typedef struct sorted_block {
    double *rows, *weight;
    int64_t *starts; /* n_classes + 1 */
} sorted_block;

static void sort_block(const mlsd__train *t, const double *x, int64_t first, int64_t n, int64_t ld,
                       const sorted_block *b)
{
    const int64_t p = t->x->n_features, k = t->n_classes;
    memset(b->starts, 0, (size_t)(k + 1) * sizeof *b->starts);
    for (int64_t i = 0; i < n; i++) b->starts[(int64_t)t->y[first + i] + 1]++;
    for (int64_t c = 0; c < k; c++) b->starts[c + 1] += b->starts[c];
    for (int64_t i = 0; i < n; i++) { /* starts[c] runs to the end of its class */
        const int64_t at = b->starts[(int64_t)t->y[first + i]]++;
        memcpy(b->rows + at * p, x + i * ld, (size_t)p * sizeof *x);
        if (t->weight != NULL) b->weight[at] = t->weight[first + i];
    }
}

static mlsd_status add_blocks(const gram_job *job, int64_t group, mlsd__scope *scope,
                              const sorted_block *b)
{
    const mlsd__train *const t = job->train;
    const int64_t p = t->x->n_features, k = t->n_classes;
    mlsd__gram *const grams = job->grams + group * k;
    mlsd__row_reader reader;
    mlsd_status status = mlsd__row_reader_open(&reader, scope->allocator, t->x);
    int64_t block, last;
    mlsd__row_group(t->x->n_rows, job->n_groups, group, &block, &last);
    for (; status == MLSD_OK && block < last; block++) {
        int64_t first, n, ld, at = 0;
        const double *const x = mlsd__row_reader_block(&reader, block, &first, &n, &ld);
        sort_block(t, x, first, n, ld, b);
        for (int64_t c = 0; c < k; c++) {
            mlsd__gram_add(&grams[c], b->rows + at * p, b->starts[c] - at, p,
                           t->weight != NULL ? b->weight + at : NULL);
            at = b->starts[c];
        }
        status = mlsd__checkpoint(scope);
    }
    mlsd__row_reader_close(&reader);
    return status;
}

static mlsd_status gram_group(void *arg, int64_t group, mlsd__scope *scope)
{
    const gram_job *const job = arg;
    const mlsd__allocator *const a = scope->allocator;
    const mlsd__train *const t = job->train;
    const int64_t n = t->x->n_rows < MLSD__BLOCK_ROWS ? t->x->n_rows : MLSD__BLOCK_ROWS;
    const int64_t p = t->x->n_features, k = t->n_classes;
    for (int64_t c = 0; c < k; c++) MLSD__TRY(mlsd__gram_init(&job->grams[group * k + c], a, p));
    sorted_block b = {.rows = mlsd__alloc_raw(a, n * p, sizeof *b.rows),
                      .weight = mlsd__alloc_raw(a, n, sizeof *b.weight),
                      .starts = mlsd__alloc_raw(a, k + 1, sizeof *b.starts)};
    mlsd_status status = MLSD_E_NOMEM;
    if (b.rows != NULL && b.weight != NULL && b.starts != NULL)
        status = add_blocks(job, group, scope, &b);
    mlsd__free(a, b.rows);
    mlsd__free(a, b.weight);
    mlsd__free(a, b.starts);
    return status;
}

void mlsd__class_grams_free(const mlsd__allocator *a, mlsd__gram *grams, int64_t n_classes)
{
    for (int64_t c = 0; grams != NULL && c < n_classes; c++) mlsd__gram_free(&grams[c], a);
    mlsd__free(a, grams);
}

mlsd_status mlsd__class_grams(mlsd__scope *scope, const mlsd__train *train, mlsd__gram **out)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t p = train->x->n_features, k = train->n_classes;
    int64_t cells, doubles;
    *out = NULL;
    MLSD__TRY(mlsd__mul_size(p, p + 4, &cells));
    MLSD__TRY(mlsd__mul_size(cells, k, &doubles));
    gram_job job = {.train = train, .n_groups = mlsd__row_groups(train->x->n_rows, doubles)};
    job.grams = mlsd__alloc(a, job.n_groups * k, sizeof *job.grams);
    if (job.grams == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = mlsd__parallel_for(scope, job.n_groups, gram_group, &job);
    for (int64_t g = 1; status == MLSD_OK && g < job.n_groups; g++)
        for (int64_t c = 0; c < k; c++) mlsd__gram_merge(&job.grams[c], &job.grams[g * k + c]);
    for (int64_t i = k; i < job.n_groups * k; i++) mlsd__gram_free(&job.grams[i], a);
    if (status != MLSD_OK) {
        mlsd__class_grams_free(a, job.grams, k);
        return status;
    }
    *out = job.grams;
    return MLSD_OK;
}

/* Sums of w |(x - mean) / deviation|^4 for each class, and of all rows as one. */
typedef struct fourth_job {
    const mlsd__train *train;
    const mlsd__gram *grams; /* n_classes + 1, the last of all rows */
    const double *deviation; /* (n_classes + 1) x p */
    int64_t n_groups;
    double *sums; /* n_groups x (n_classes + 1) */
} fourth_job;

static double squared_length(const double *x, const double *mean, const double *deviation,
                             int64_t p)
{
    double sum = 0;
    for (int64_t j = 0; j < p; j++) {
        const double d = (x[j] - mean[j]) / deviation[j];
        sum += d * d;
    }
    return sum;
}

static mlsd_status fourth_group(void *arg, int64_t group, mlsd__scope *scope)
{
    const fourth_job *const job = arg;
    const mlsd__train *const t = job->train;
    const int64_t p = t->x->n_features, k = t->n_classes;
    double *const sums = job->sums + group * (k + 1);
    mlsd__row_reader reader;
    mlsd_status status = mlsd__row_reader_open(&reader, scope->allocator, t->x);
    int64_t block, last;
    mlsd__row_group(t->x->n_rows, job->n_groups, group, &block, &last);
    for (; status == MLSD_OK && block < last; block++) {
        int64_t first, n, ld;
        const double *const x = mlsd__row_reader_block(&reader, block, &first, &n, &ld);
        for (int64_t i = 0; i < n; i++) {
            const double w = t->weight != NULL ? t->weight[first + i] : 1;
            const int64_t of[] = {(int64_t)t->y[first + i], k};
            for (int s = 0; s < 2; s++) {
                const double length = squared_length(x + i * ld, job->grams[of[s]].mean,
                                                     job->deviation + of[s] * p, p);
                sums[of[s]] += w * length * length;
            }
        }
        status = mlsd__checkpoint(scope);
    }
    mlsd__row_reader_close(&reader);
    return status;
}

/* Standard deviations of moments, 1 where a column is constant, as scikit-learn's StandardScaler.
 */
static void find_deviations(const mlsd__gram *g, double *out)
{
    for (int64_t j = 0; j < g->q; j++) {
        const double variance = g->weight > 0 ? g->scatter[j * g->q + j] / g->weight : 0;
        out[j] = mlsd__is_constant(g->weight, g->mean[j], variance) ? 1 : sqrt(variance);
    }
}

/* Ledoit & Wolf (2004), J. Multivariate Analysis 88, section 3.2, of standardised columns: fourth
 * is the mean of |z|^4. */
static double ledoit_wolf(const mlsd__gram *g, const double *deviation, double fourth)
{
    const int64_t p = g->q;
    double trace = 0, squares = 0;
    if (p == 1) return 0;
    for (int64_t i = 0; i < p; i++) {
        for (int64_t j = i; j < p; j++) {
            const double cell = g->scatter[i * p + j] / g->weight / deviation[i] / deviation[j];
            squares += (i == j ? 1 : 2) * cell * cell;
            trace += i == j ? cell : 0;
        }
    }
    const double mu = trace / (double)p;
    const double beta = (fourth - squares) / ((double)p * g->weight);
    const double delta = (squares - 2 * mu * trace + (double)p * mu * mu) / (double)p;
    return beta > 0 && delta > 0 ? fmin(beta, delta) / delta : 0;
}

/* Add prior times the shrunk covariance of one class to out's upper triangle. */
static void add_covariance(const mlsd__gram *g, double prior, double share, const double *deviation,
                           double *out)
{
    const int64_t p = g->q;
    double mu = 0;
    for (int64_t i = 0; i < p; i++)
        mu += g->scatter[i * p + i] / g->weight / deviation[i] / deviation[i] / (double)p;
    for (int64_t i = 0; i < p; i++) {
        for (int64_t j = i; j < p; j++)
            out[i * p + j] += prior * ((1 - share) * (g->scatter[i * p + j] / g->weight));
        out[i * p + i] += prior * (share * mu * deviation[i] * deviation[i]);
    }
}

static void fill_lower(int64_t p, double *a)
{
    for (int64_t i = 0; i < p; i++)
        for (int64_t j = 0; j < i; j++) a[i * p + j] = a[j * p + i];
}

/* Shares that the moments are shrunk by: deviations are 1 where the share is given. */
static mlsd_status find_shares(mlsd__scope *scope, const mlsd__train *train,
                               const mlsd__gram *grams, const mlsd__shrinkage *shrinkage,
                               double *deviation, double *share)
{
    const int64_t p = train->x->n_features, k = train->n_classes;
    for (int64_t c = 0; c <= k; c++) share[c] = shrinkage->share;
    for (int64_t i = 0; i < (k + 1) * p; i++) deviation[i] = 1;
    if (!shrinkage->is_automatic) return MLSD_OK;
    for (int64_t c = 0; c <= k; c++) find_deviations(&grams[c], deviation + c * p);
    fourth_job job = {.train = train, .grams = grams, .deviation = deviation};
    job.n_groups = mlsd__row_groups(train->x->n_rows, k + 1);
    job.sums = mlsd__alloc(scope->allocator, job.n_groups * (k + 1), sizeof *job.sums);
    if (job.sums == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = mlsd__parallel_for(scope, job.n_groups, fourth_group, &job);
    for (int64_t c = 0; status == MLSD_OK && c <= k; c++) {
        for (int64_t g = 1; g < job.n_groups; g++) job.sums[c] += job.sums[g * (k + 1) + c];
        share[c] = grams[c].weight > 0
                       ? ledoit_wolf(&grams[c], deviation + c * p, job.sums[c] / grams[c].weight)
                       : 0;
    }
    mlsd__free(scope->allocator, job.sums);
    return status;
}

/* grams has n_classes + 1. */
static mlsd_status combine(mlsd__scope *scope, const mlsd__train *train, const mlsd__gram *grams,
                           const double *priors, const mlsd__shrinkage *shrinkage, double *within,
                           double *total)
{
    const int64_t p = train->x->n_features, k = train->n_classes;
    double present = 0;
    double *const deviation = mlsd__alloc_raw(scope->allocator, (k + 1) * (p + 1), sizeof(double));
    if (deviation == NULL) return MLSD_E_NOMEM;
    double *const share = deviation + (k + 1) * p;
    const mlsd_status status = find_shares(scope, train, grams, shrinkage, deviation, share);
    memset(within, 0, (size_t)(p * p) * sizeof *within);
    for (int64_t c = 0; c < k; c++) present += grams[c].weight > 0 ? priors[c] : 0;
    for (int64_t c = 0; status == MLSD_OK && c < k; c++) {
        if (grams[c].weight > 0)
            add_covariance(&grams[c], priors[c] / present, share[c], deviation + c * p, within);
    }
    fill_lower(p, within);
    if (total != NULL) {
        memset(total, 0, (size_t)(p * p) * sizeof *total);
        add_covariance(&grams[k], 1, share[k], deviation + k * p, total);
        fill_lower(p, total);
    }
    mlsd__free(scope->allocator, deviation);
    return status;
}

mlsd_status mlsd__class_covariance(mlsd__scope *scope, const mlsd__train *train,
                                   const mlsd__gram *grams, const double *priors,
                                   const mlsd__shrinkage *shrinkage, double *within, double *total)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t k = train->n_classes;
    mlsd__gram *const all = mlsd__alloc(a, k + 1, sizeof *all);
    if (all == NULL) return MLSD_E_NOMEM;
    memcpy(all, grams, (size_t)k * sizeof *all);
    mlsd_status status = mlsd__gram_init(&all[k], a, train->x->n_features);
    for (int64_t c = 0; status == MLSD_OK && c < k; c++) mlsd__gram_merge(&all[k], &grams[c]);
    if (status == MLSD_OK) status = combine(scope, train, all, priors, shrinkage, within, total);
    mlsd__gram_free(&all[k], a);
    mlsd__free(a, all);
    return status;
}
