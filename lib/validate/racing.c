/* racing.c - a race over folds: all candidates run the first folds, and those that are surely worse
 * than the best run no further. Kuhn (2014), "Futility analysis in the cross-validation of machine
 * learning models", arXiv:1405.6974, whose repeated-measures analysis of variance has a closed form
 * here because every runner has run every fold: residuals r = y - mean of the runner - mean of the
 * fold + mean of all, MSE = sum r^2 / ((C - 1) (B - 1)), and a runner falls behind where its mean
 * exceeds the best one's by more than z sqrt(2 MSE / B). Defaults as in the R package finetune. */
#include "validate/racing.h"

#include <string.h>

#include "base/random.h"
#include "numeric/distribution.h"
#include "validate/search_folds.h"

/* The mean of runner i. */
static double mean_of(const double *losses, int64_t i, int64_t n_blocks)
{
    double sum = 0;
    for (int64_t b = 0; b < n_blocks; b++) sum += losses[i * n_blocks + b];
    return sum / (double)n_blocks;
}

void mlsd__race_anova(const double *losses, int64_t n_runners, int64_t n_blocks, double alpha,
                      double *out_margin, bool *out_behind)
{
    double best = INFINITY, squares = 0;
    *out_margin = INFINITY;
    for (int64_t i = 0; i < n_runners; i++) {
        const double mean = mean_of(losses, i, n_blocks);
        if (mean < best) best = mean;
        out_behind[i] = false;
    }
    if (n_runners < 2 || n_blocks < 2) return;
    for (int64_t b = 0; b < n_blocks; b++) {
        double effect = 0; /* of the block, beside the mean of all */
        for (int64_t i = 0; i < n_runners; i++)
            effect += (losses[i * n_blocks + b] - mean_of(losses, i, n_blocks)) / (double)n_runners;
        for (int64_t i = 0; i < n_runners; i++) {
            const double r = losses[i * n_blocks + b] - mean_of(losses, i, n_blocks) - effect;
            squares += r * r;
        }
    }
    const double mse = squares / (double)(n_runners - 1) / (double)(n_blocks - 1);
    *out_margin = mlsd__normal_quantile(1 - alpha) * sqrt(2 * mse / (double)n_blocks);
    for (int64_t i = 0; i < n_runners; i++)
        out_behind[i] = mean_of(losses, i, n_blocks) - best > *out_margin;
}

/* ---- the race ---- */

typedef struct race {
    mlsd__search *s;
    double sign;      /* 1 where smaller is better */
    int64_t *splits;  /* in the order they are run */
    int64_t n_run;    /* splits run so far */
    int64_t *members; /* still running */
    int64_t n_members, n_ties;
    double *losses; /* n x n_splits */
    bool *is_behind;
} race;

/* Those that failed on a split leave at once: their mean is not known. */
static void drop_failed(race *r)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < r->n_members; i++) {
        const double *const scores = mlsd__search_scores(r->s, r->members[i], 0);
        bool is_whole = true;
        for (int64_t b = 0; b < r->n_run; b++) is_whole &= !isnan(scores[r->splits[b]]);
        if (is_whole) r->members[kept++] = r->members[i];
    }
    r->n_members = kept;
}

static void fill_losses(race *r)
{
    for (int64_t i = 0; i < r->n_members; i++) {
        const double *const scores = mlsd__search_scores(r->s, r->members[i], 0);
        for (int64_t b = 0; b < r->n_run; b++)
            r->losses[i * r->n_run + b] = r->sign * scores[r->splits[b]];
    }
}

/* Of two that keep level for num_ties splits the worse one is taken out. */
static void break_tie(race *r)
{
    if (r->n_members != 2) return;
    if (r->n_ties++ < r->s->params->num_ties) return;
    const bool first_is_worse = mean_of(r->losses, 0, r->n_run) > mean_of(r->losses, 1, r->n_run);
    r->is_behind[first_is_worse ? 0 : 1] = true;
}

static void drop_behind(race *r)
{
    double margin;
    drop_failed(r);
    fill_losses(r);
    mlsd__race_anova(r->losses, r->n_members, r->n_run, r->s->params->alpha, &margin, r->is_behind);
    break_tie(r);
    int64_t kept = 0;
    for (int64_t i = 0; i < r->n_members; i++) {
        if (!r->is_behind[i]) r->members[kept++] = r->members[i];
    }
    r->n_members = kept;
}

static mlsd_status run_splits(race *r, int64_t n)
{
    mlsd__search *const s = r->s;
    mlsd_folds *some;
    MLSD__TRY(mlsd__folds_of_splits(s->scope, s->folds, r->splits + r->n_run, n, &some));
    const mlsd__search_round round = {.members = r->members,
                                      .n_members = r->n_members,
                                      .folds = some,
                                      .split_of = r->splits + r->n_run,
                                      .n_resources = 1};
    const mlsd_status status = mlsd__search_fit(s, &round);
    mlsd_folds_free(some);
    r->n_run += n;
    return status;
}

static mlsd_status run_race(race *r)
{
    mlsd__search *const s = r->s;
    const mlsd__metric_ops *metric;
    mlsd__stream stream;
    MLSD__TRY(mlsd__metric_find(s->metrics.names[0], &metric));
    r->sign = metric->greater_is_better ? -1 : 1;
    r->n_members = s->n;
    for (int64_t i = 0; i < s->n; i++) r->members[i] = i;
    for (int64_t k = 0; k < s->n_splits; k++) r->splits[k] = k;
    mlsd__stream_init(&stream, (uint64_t)s->params->seed, 0, 0, 0, MLSD__PURPOSE_SHUFFLE);
    mlsd__stream_shuffle(&stream, r->splits, s->n_splits);
    const int64_t burn_in = s->params->burn_in < s->n_splits ? s->params->burn_in : s->n_splits;
    MLSD__TRY(run_splits(r, burn_in));
    while (r->n_run < s->n_splits && r->n_members > 0) {
        drop_behind(r);
        /* The last one runs to the end, so that its score is one of all folds. */
        if (r->n_members > 0)
            MLSD__TRY(run_splits(r, r->n_members == 1 ? s->n_splits - r->n_run : 1));
    }
    return MLSD_OK;
}

mlsd_status mlsd__racing_run(mlsd__search *s)
{
    race r = {.s = s};
    int64_t size;
    MLSD__TRY(mlsd__mul_size(s->n, s->n_splits, &size));
    r.splits = mlsd__alloc(s->a, s->n_splits, sizeof *r.splits);
    r.members = mlsd__alloc(s->a, s->n, sizeof *r.members);
    r.losses = mlsd__alloc(s->a, size, sizeof *r.losses);
    r.is_behind = mlsd__alloc(s->a, s->n, sizeof *r.is_behind);
    mlsd_status status = MLSD_E_NOMEM;
    if (r.splits != NULL && r.members != NULL && r.losses != NULL && r.is_behind != NULL)
        status = run_race(&r);
    mlsd__free(s->a, r.is_behind);
    mlsd__free(s->a, r.losses);
    mlsd__free(s->a, r.members);
    mlsd__free(s->a, r.splits);
    return status;
}
