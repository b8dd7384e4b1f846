/* compare_bayes.c - the Bayesian signed-rank test: Benavoli, Corani, Demsar & Zaffalon (2017),
 * "Time for a change", JMLR 18(77), section 4.1.2. Weights of the differences, and of one more at
 * zero that stands for the prior, are Dirichlet; a draw gives each of three regions the weight of
 * the pairs whose mean lies in it, and votes for the heaviest. */
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "numeric/mathfun.h"
#include "numeric/rank.h"
#include "validate/compare_impl.h"
#include "validate/walsh.h"

enum { DRAWS_IN_TASK = 500 };

/* Ascending differences, the prior's zero among them, and where each one's partners begin. */
typedef struct regions {
    const mlsd__comparison *c;
    int64_t pair, n; /* n with the prior */
    double *z;
    int64_t prior; /* position of the prior */
    int64_t *above,
        *below;      /* first partner with a mean above rope; one past the last below -rope */
    int64_t *votes;  /* task by task: below, within, above */
    double *weights; /* task by task: n + 1 */
} regions;

/* Gamma(shape) for any shape: Marsaglia & Tsang (2000), ACM TOMS 26:363. */
static double draw_gamma(mlsd__stream *stream, double shape)
{
    if (shape < 1) {
        const double u = 1 - mlsd__stream_double(stream);
        return draw_gamma(stream, shape + 1) * mlsd__pow(u, 1 / shape);
    }
    const double d = shape - 1.0 / 3, c = 1 / sqrt(9 * d);
    for (;;) {
        const double x = mlsd__stream_normal(stream), v = 1 + c * x;
        const double u = 1 - mlsd__stream_double(stream);
        if (v > 0 && mlsd__log(u) < 0.5 * x * x + d - d * v * v * v + 3 * d * mlsd__log(v))
            return d * v * v * v;
    }
}

/* Sums of weights up to each place; gamma draws need not be divided by their sum to be compared. */
static void draw_weights(const regions *r, mlsd__stream *stream, double *sums)
{
    sums[0] = 0;
    for (int64_t i = 0; i < r->n; i++) {
        const double w = i == r->prior ? draw_gamma(stream, r->c->params->prior_strength)
                                       : -mlsd__log(1 - mlsd__stream_double(stream));
        sums[i + 1] = sums[i] + w;
    }
}

static mlsd_status draw(void *arg, int64_t task, mlsd__scope *scope)
{
    const regions *const r = arg;
    double *const sums = r->weights + task * (r->n + 1);
    int64_t *const votes = r->votes + 3 * task;
    const int64_t left = r->c->params->n_draws - task * DRAWS_IN_TASK;
    for (int64_t k = 0; k < DRAWS_IN_TASK && k < left; k++) {
        mlsd__stream stream;
        mlsd__stream_init(&stream, (uint64_t)r->c->params->seed, (uint64_t)r->pair, (uint64_t)task,
                          (uint64_t)k, MLSD__PURPOSE_BOOTSTRAP);
        draw_weights(r, &stream, sums);
        const double all = sums[r->n];
        double below = 0, above = 0;
        for (int64_t i = 0; i < r->n; i++) {
            const double w = sums[i + 1] - sums[i];
            below += w * sums[r->below[i]];
            above += w * (all - sums[r->above[i]]);
        }
        const double within = all * all - below - above;
        votes[above > below && above > within ? 2 : below > within ? 0 : 1]++;
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    return MLSD_OK;
}

/* Both walks go down as the difference goes up. */
static void find_partners(regions *r)
{
    const double rope = r->c->settings.rope;
    int64_t above = r->n, below = r->n;
    for (int64_t i = 0; i < r->n; i++) {
        while (above > 0 && r->z[i] + r->z[above - 1] > 2 * rope) above--;
        while (below > 0 && r->z[i] + r->z[below - 1] >= -2 * rope) below--;
        r->above[i] = above;
        r->below[i] = below;
    }
}

/* Below -rope is z_i + z_j < -2 rope. With rope 0 what is neither is the pairs that cancel. */
static void put_votes(const regions *r, int64_t n_tasks, mlsd__paired *out)
{
    double votes[3] = {0};
    for (int64_t task = 0; task < n_tasks; task++) {
        for (int k = 0; k < 3; k++) votes[k] += (double)r->votes[3 * task + k];
    }
    const double n = (double)r->c->params->n_draws;
    out->p_below = votes[0] / n;
    out->p_within = votes[1] / n;
    out->p_above = votes[2] / n;
}

static mlsd_status compare_pair(mlsd__scope *scope, regions *r, double *d, mlsd__paired *out)
{
    const mlsd__allocator *const a = scope->allocator;
    const double alpha = 1 - r->c->settings.level;
    MLSD__TRY(mlsd__walsh_median(scope, d, out->n, &out->difference));
    MLSD__TRY(mlsd__walsh_interval(scope, d, out->n, alpha, &out->low, &out->high));
    /* Sorted by the former: the prior goes where it belongs. */
    r->n = out->n + 1;
    for (r->prior = 0; r->prior < out->n && d[r->prior] < 0; r->prior++)
        r->z[r->prior] = d[r->prior];
    r->z[r->prior] = 0;
    for (int64_t i = r->prior; i < out->n; i++) r->z[i + 1] = d[i];
    find_partners(r);
    const int64_t n_tasks = (r->c->params->n_draws + DRAWS_IN_TASK - 1) / DRAWS_IN_TASK;
    int64_t size;
    MLSD__TRY(mlsd__mul_size(n_tasks, r->n + 1, &size));
    r->weights = mlsd__alloc_raw(a, size, sizeof *r->weights);
    r->votes = mlsd__alloc(a, 3 * n_tasks, sizeof *r->votes);
    mlsd_status status = r->weights == NULL || r->votes == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) status = mlsd__parallel_for(scope, n_tasks, draw, r);
    if (status == MLSD_OK) put_votes(r, n_tasks, out);
    mlsd__free(a, r->votes);
    mlsd__free(a, r->weights);
    return status;
}

static mlsd_status pair_signed_rank(mlsd__scope *scope, const mlsd__comparison *c, mlsd__pair *pair)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = c->n_rows + 1;
    mlsd__paired_clear(&pair->is);
    double *const d = mlsd__alloc_raw(a, 2 * n, sizeof *d);
    int64_t *const partners = mlsd__alloc_raw(a, 2 * n, sizeof *partners);
    mlsd_status status = d == NULL || partners == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) {
        pair->is.n = mlsd__comparison_differences(c, pair->a, pair->b, d);
        regions r = {.c = c,
                     .pair = pair->a * c->n_models + pair->b,
                     .z = d + n,
                     .above = partners,
                     .below = partners + n};
        if (pair->is.n == 0) {
            pair->is.reason = "no row has both scores";
        } else {
            status = compare_pair(scope, &r, d, &pair->is);
        }
    }
    mlsd__free(a, partners);
    mlsd__free(a, d);
    return status;
}

const mlsd__comparison_ops mlsd__compare_bayes_signed_rank_ops = {
    .test = "Bayesian signed-rank",
    .rows = "rows",
    .is_bayesian = true,
    .pair = pair_signed_rank,
};
