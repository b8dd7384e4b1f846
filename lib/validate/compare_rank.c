/* compare_rank.c - comparisons over data sets by ranks: Wilcoxon's signed ranks of two models, and
 * Friedman's ranks of several with Nemenyi's or a corrected pairwise test after it. */
#include <math.h>

#include "numeric/distribution.h"
#include "numeric/mathfun.h"
#include "numeric/rank.h"
#include "numeric/sum.h"
#include "validate/compare_impl.h"
#include "validate/detectable.h"
#include "validate/walsh.h"

/* ---- Wilcoxon ---- */

enum { AUTO = 0, EXACT = 1, NORMAL = 2 };
enum { PRATT = 0, WITHOUT_ZEROS = 1 };
enum { MOST_AUTO = 50, MOST_EXACT = 1000 };

/* Asymptotic efficiency beside the t test where differences are normal: 3 / pi (Hodges & Lehmann
 * 1956, Annals of Mathematical Statistics 27:324). */
static const double EFFICIENCY = 0.95492965855137201461;

/* Differences that are not zero, with the rank of their size: of all rows (Pratt 1959, JASA 54:655,
 * who drops zeros after ranking), or of those alone (Wilcoxon). */
typedef struct signed_ranks {
    double *d, *rank; /* n */
    int64_t n;
    double above, below; /* sums of ranks of positive and negative differences */
} signed_ranks;

static mlsd_status rank_sizes(const mlsd__allocator *a, const double *d, int64_t n, bool drop,
                              double *scratch, signed_ranks *out)
{
    double *const size = scratch, *const rank = scratch + n;
    int64_t m = 0;
    for (int64_t i = 0; i < n; i++) {
        if (drop && d[i] == 0) continue;
        out->d[m] = d[i];
        size[m++] = fabs(d[i]);
    }
    MLSD__TRY(mlsd__midranks(a, size, m, rank));
    out->n = 0;
    out->above = out->below = 0;
    for (int64_t i = 0; i < m; i++) {
        if (out->d[i] == 0) continue;
        if (out->d[i] > 0) {
            out->above += rank[i];
        } else {
            out->below += rank[i];
        }
        out->d[out->n] = out->d[i];
        out->rank[out->n++] = rank[i];
    }
    return MLSD_OK;
}

/* Chance that the sum of ranks of fair coins is at most `above`, and at least; ties make ranks
 * halves, so twice the ranks are counted. Each rank in turn halves the distribution onto itself and
 * itself shifted. */
static mlsd_status exact_tails(mlsd__scope *scope, const signed_ranks *s, double *below,
                               double *above)
{
    int64_t top = 0;
    for (int64_t i = 0; i < s->n; i++) top += (int64_t)(2 * s->rank[i]);
    double *const chance = mlsd__alloc(scope->allocator, top + 1, sizeof *chance);
    if (chance == NULL) return MLSD_E_NOMEM;
    chance[0] = 1;
    mlsd_status status = MLSD_OK;
    int64_t reached = 0;
    for (int64_t i = 0; i < s->n && status == MLSD_OK; i++) {
        const int64_t r = (int64_t)(2 * s->rank[i]);
        reached += r;
        for (int64_t t = reached; t >= 0; t--)
            chance[t] = 0.5 * chance[t] + (t >= r ? 0.5 * chance[t - r] : 0);
        status = mlsd__checkpoint(scope);
    }
    const int64_t seen = (int64_t)(2 * s->above);
    *below = *above = 0;
    for (int64_t t = 0; t <= seen; t++) *below += chance[t];
    for (int64_t t = top; t >= seen; t--) *above += chance[t];
    mlsd__free(scope->allocator, chance);
    return status;
}

/* The variance of the sum counts ties by itself: it is of the ranks as they are. */
static void normal_tails(const signed_ranks *s, bool is_continuous, double *below, double *above)
{
    double mean = 0, variance = 0;
    for (int64_t i = 0; i < s->n; i++) {
        mean += 0.5 * s->rank[i];
        variance += 0.25 * s->rank[i] * s->rank[i];
    }
    const double half = is_continuous ? 0.5 : 0, sd = sqrt(variance), z = s->above - mean;
    *below = mlsd__normal_cdf((z + half) / sd);
    *above = mlsd__normal_cdf((half - z) / sd);
}

static mlsd_status test_signed_ranks(mlsd__scope *scope, const mlsd__comparison *c,
                                     const signed_ranks *s, mlsd__paired *out)
{
    const int64_t method = c->params->method;
    double below, above;
    if (method == EXACT && s->n > MOST_EXACT)
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "the method 'exact' is for up to %d rows that differ, got %lld; use "
                          "'auto' or 'normal'",
                          (int)MOST_EXACT, (long long)s->n);
    if (method == EXACT || (method == AUTO && s->n <= MOST_AUTO)) {
        MLSD__TRY(exact_tails(scope, s, &below, &above));
    } else {
        normal_tails(s, c->params->continuity != 0, &below, &above);
    }
    out->p_value = mlsd__paired_p(&c->settings, below, above);
    return MLSD_OK;
}

/* Hodges & Lehmann (1963): the median of the means of all pairs of differences, with the interval
 * of those whose signed-rank test does not reject. */
static mlsd_status estimate_shift(mlsd__scope *scope, const mlsd__comparison *c, double *d,
                                  int64_t n, mlsd__paired *out)
{
    const double alpha = 1 - c->settings.level;
    MLSD__TRY(mlsd__walsh_median(scope, d, n, &out->difference));
    MLSD__TRY(mlsd__walsh_interval(scope, d, n, alpha, &out->low, &out->high));
    double mean, variance;
    mlsd__mean_variance(d, NULL, n, 1, &mean, &variance);
    if (n > 1 && variance > 0)
        out->min_detectable = sqrt(variance / ((double)n * EFFICIENCY)) *
                              mlsd__detectable_t((double)n - 1, alpha, c->settings.power,
                                                 c->settings.alternative != MLSD__TWO_SIDED);
    return MLSD_OK;
}

static mlsd_status wilcoxon(mlsd__scope *scope, const mlsd__comparison *c, double *d, int64_t n,
                            double *scratch, signed_ranks *s, mlsd__paired *out)
{
    if (n == 0) {
        out->reason = "no row has both scores";
        return MLSD_OK;
    }
    MLSD__TRY(rank_sizes(scope->allocator, d, n, c->params->zeros == WITHOUT_ZEROS, scratch, s));
    MLSD__TRY(estimate_shift(scope, c, d, n, out));
    if (s->n == 0) {
        out->reason = "both have the same score on every row";
        return MLSD_OK;
    }
    out->statistic = s->above;
    out->direction = s->above - s->below;
    out->effect = (s->above - s->below) / (s->above + s->below);
    return test_signed_ranks(scope, c, s, out);
}

static mlsd_status pair_wilcoxon(mlsd__scope *scope, const mlsd__comparison *c, mlsd__pair *pair)
{
    enum { PARTS = 5 };
    mlsd__paired_clear(&pair->is);
    const int64_t n = c->n_rows;
    double *const room = mlsd__alloc_raw(scope->allocator, PARTS * n, sizeof *room);
    if (room == NULL) return MLSD_E_NOMEM;
    signed_ranks s = {.d = room + n, .rank = room + 2 * n};
    pair->is.n = mlsd__comparison_differences(c, pair->a, pair->b, room);
    const mlsd_status status = wilcoxon(scope, c, room, pair->is.n, room + 3 * n, &s, &pair->is);
    mlsd__free(scope->allocator, room);
    return status;
}

const mlsd__comparison_ops mlsd__compare_wilcoxon_ops = {
    .test = "Wilcoxon signed-rank",
    .effect_is = "rank-biserial correlation: share of ranks for the later minus for the earlier",
    .rows = "rows",
    .pair = pair_wilcoxon,
};

/* ---- Friedman ---- */

enum { NEMENYI = 0, CORRECTED = 1 };

/* Ranks of a row's models, 1 the best: into mean_rank, with the ties' part of the variance. */
static mlsd_status rank_row(mlsd__comparison *c, int64_t row, double *values, double *ranks,
                            double *tied)
{
    const int64_t k = c->n_models;
    for (int64_t j = 0; j < k; j++) {
        const double x = mlsd__comparison_scores(c, j)[row];
        values[j] = c->greater_is_better ? -x : x;
    }
    MLSD__TRY(mlsd__midranks(c->scope->allocator, values, k, ranks));
    for (int64_t j = 0; j < k; j++) {
        c->mean_rank[j] += ranks[j];
        int64_t together = 0;
        for (int64_t i = 0; i < k; i++) together += values[i] == values[j];
        *tied += (double)(together * together - 1);
    }
    return MLSD_OK;
}

static mlsd_status rank_rows(mlsd__comparison *c, double *tied)
{
    const mlsd__allocator *const a = c->scope->allocator;
    const int64_t k = c->n_models;
    int64_t *const rows = mlsd__alloc_raw(a, c->n_rows, sizeof *rows);
    double *const room = mlsd__alloc_raw(a, 2 * k, sizeof *room);
    mlsd_status status = rows == NULL || room == NULL ? MLSD_E_NOMEM : MLSD_OK;
    *tied = 0;
    for (int64_t j = 0; j < k; j++) c->mean_rank[j] = 0;
    if (status == MLSD_OK) c->all.n = mlsd__comparison_complete_rows(c, rows);
    for (int64_t i = 0; i < c->all.n && status == MLSD_OK; i++) {
        status = rank_row(c, rows[i], room, room + k, tied);
        if (status == MLSD_OK) status = mlsd__checkpoint(c->scope);
    }
    for (int64_t j = 0; j < k; j++)
        c->mean_rank[j] = c->all.n > 0 ? c->mean_rank[j] / (double)c->all.n : (double)NAN;
    mlsd__free(a, room);
    mlsd__free(a, rows);
    return status;
}

/* Friedman's chi-square, corrected for ties as in Conover (1999), Practical Nonparametric
 * Statistics, section 5.8, and Iman & Davenport's (1980) F of it. Demsar (2006), JMLR 7:1,
 * section 3.2.2 has both without the correction. */
static void test_ranks(mlsd__comparison *c, double tied)
{
    mlsd__paired *const all = &c->all;
    const double N = (double)all->n, k = (double)c->n_models;
    if (all->n < 2) {
        all->reason = "fewer than two rows have all scores";
        return;
    }
    double spread = 0;
    for (int64_t j = 0; j < c->n_models; j++) {
        const double x = c->mean_rank[j] - (k + 1) / 2;
        spread += x * x;
    }
    const double untied = 1 - tied / (N * k * (k * k - 1));
    if (!(untied > 0)) {
        all->reason = "all models have the same score on every row";
        return;
    }
    c->chi2 = 12 * N / (k * (k + 1)) * spread / (c->params->ties != 0 ? untied : 1);
    c->chi2_p_value = mlsd__chi_square_sf(c->chi2, k - 1);
    all->df = k - 1;
    all->df_2 = (k - 1) * (N - 1);
    all->effect = c->chi2 / (N * (k - 1));
    const double rest = N * (k - 1) - c->chi2;
    if (rest > 1e-12 * N * (k - 1)) {
        all->statistic = (N - 1) * c->chi2 / rest;
        all->p_value = mlsd__f_sf(all->statistic, all->df, all->df_2);
        return;
    }
    /* All rows in the order of the first, whose chance is 1 / k! for each other (Conover). */
    all->statistic = INFINITY;
    all->p_value = mlsd__exp(-(N - 1) * mlsd__lgamma(k + 1));
}

/* Each pair of mean ranks, by the range of k normals (Nemenyi) or a normal difference. */
static void compare_ranks(mlsd__comparison *c)
{
    const double N = (double)c->all.n, k = (double)c->n_models, alpha = 1 - c->settings.level;
    const double se = sqrt(k * (k + 1) / (6 * N)), root_2 = sqrt(2.0);
    const bool nemenyi = c->params->post_hoc == NEMENYI && c->params->control == MLSD__NULL_I64;
    /* Dunn's: as many comparisons as there are pairs, at the level of Bonferroni. */
    const double critical =
        nemenyi ? mlsd__studentized_range_upper_quantile(alpha, c->n_models, INFINITY) / root_2
                : -mlsd__normal_quantile(alpha / (2 * (double)c->n_pairs));
    c->critical_difference = critical * se;
    for (int64_t i = 0; i < c->n_pairs; i++) {
        mlsd__paired *const is = &c->pairs[i].is;
        mlsd__paired_clear(is);
        is->n = c->all.n;
        is->difference = c->mean_rank[c->pairs[i].b] - c->mean_rank[c->pairs[i].a];
        is->low = is->difference - c->critical_difference;
        is->high = is->difference + c->critical_difference;
        is->statistic = is->difference / se;
        is->effect = is->difference / (k - 1);
        is->min_detectable = se * (critical + mlsd__normal_quantile(c->settings.power));
        const double size = fabs(is->statistic);
        is->p_value = nemenyi ? mlsd__studentized_range_sf(size * root_2, c->n_models, INFINITY)
                              : fmin(1, 2 * mlsd__normal_cdf(-size));
        /* Nemenyi's is corrected as it is. */
        if (nemenyi) is->p_adjusted = is->p_value;
    }
}

static mlsd_status all_friedman(mlsd__comparison *c)
{
    double tied;
    MLSD__TRY(rank_rows(c, &tied));
    test_ranks(c, tied);
    for (int64_t i = 0; i < c->n_pairs; i++) {
        mlsd__paired_clear(&c->pairs[i].is);
        c->pairs[i].is.reason = c->all.reason;
    }
    if (c->all.reason == NULL) compare_ranks(c);
    return MLSD_OK;
}

const mlsd__comparison_ops mlsd__compare_friedman_ops = {
    .test = "Friedman",
    .effect_is = "Kendall's W: 0 for ranks by chance, 1 for the same ranks in every row",
    .rows = "rows",
    .is_of_ranks = true,
    .all = all_friedman,
};
