/* compare_right.c - models that are right or wrong on the rows of one test set: McNemar's test of
 * two, Cochran's Q of several. */
#include <math.h>

#include "numeric/distribution.h"
#include "validate/compare_impl.h"
#include "validate/detectable.h"

/* Predicted classes become 1 (right) or 0 (wrong); what is unknown stays unknown. */
static mlsd_status prepare_right(mlsd__comparison *c)
{
    for (int64_t j = 0; j < c->n_models; j++) {
        double *const x = c->scores + j * c->n_rows;
        for (int64_t i = 0; i < c->n_rows; i++) {
            if (isnan(x[i])) continue;
            if (c->y != NULL) {
                x[i] = isnan(c->y[i]) ? (double)NAN : x[i] == c->y[i] ? 1 : 0;
            } else if (x[i] != 0 && x[i] != 1) {
                return mlsd__fail(MLSD_E_DATA,
                                  "row %lld of '%.60s' is neither 0 (wrong) nor 1 (right); give y "
                                  "where the columns are predicted classes",
                                  (long long)i, c->names[j]);
            }
        }
    }
    return MLSD_OK;
}

/* Rows that only the first and only the second has right. */
typedef struct discordant {
    int64_t first, second;
} discordant;

static discordant count(const mlsd__comparison *c, const mlsd__pair *pair, int64_t *out_n)
{
    const double *const a = mlsd__comparison_scores(c, pair->a), *const b = mlsd__comparison_scores(
                                                                     c, pair->b);
    discordant d = {0};
    for (int64_t i = 0; i < c->n_rows; i++) {
        if (isnan(a[i]) || isnan(b[i])) continue;
        ++*out_n;
        d.first += a[i] > b[i];
        d.second += b[i] > a[i];
    }
    return d;
}

/* Fagerland, Lydersen & Laake (2013), BMC Medical Research Methodology 13:91: the exact conditional
 * test, and its mid-p, which counts half of the chance of what was seen. */
static void test_counts(discordant d, int64_t method, const mlsd__pair_settings *settings,
                        mlsd__paired *out)
{
    const int64_t n = d.first + d.second;
    const double seen = (double)d.second - (double)d.first;
    if (method == MLSD__MCNEMAR_CHI2 || method == MLSD__MCNEMAR_CHI2_CORRECTED) {
        const double size = fmax(0, fabs(seen) - (method == MLSD__MCNEMAR_CHI2_CORRECTED));
        if (n == 0) {
            out->reason = "both are right on the same rows";
            return;
        }
        out->statistic = size * size / (double)n;
        out->df = 1;
        const double z = copysign(sqrt(out->statistic), seen);
        out->p_value = mlsd__paired_p(settings, mlsd__normal_cdf(z), mlsd__normal_cdf(-z));
        return;
    }
    out->statistic = (double)(d.first < d.second ? d.first : d.second);
    double below = mlsd__binomial_cdf(d.second, n, 0.5),
           above = mlsd__binomial_cdf(d.first, n, 0.5);
    if (method == MLSD__MCNEMAR_MID_P && n > 0) {
        below = 0.5 * (below + mlsd__binomial_cdf(d.second - 1, n, 0.5));
        above = 0.5 * (above + mlsd__binomial_cdf(d.first - 1, n, 0.5));
    }
    out->p_value = mlsd__paired_p(settings, below, above);
}

/* Bonett & Price (2012), J. Educational and Behavioral Statistics 37:479: Wald's interval after one
 * more row of each discordant kind. */
static void shares(discordant d, const mlsd__pair_settings *settings, mlsd__paired *out)
{
    const double n = (double)out->n, alpha = 1 - settings->level;
    const double first = ((double)d.first + 1) / (n + 2), second = ((double)d.second + 1) / (n + 2);
    const double middle = second - first;
    const double half =
        -mlsd__normal_quantile(alpha / 2) * sqrt((first + second - middle * middle) / (n + 2));
    out->difference = ((double)d.second - (double)d.first) / n;
    out->low = fmax(-1, middle - half);
    out->high = fmin(1, middle + half);
    if (d.first + d.second > 0) out->effect = (double)d.second / (double)d.first;
    out->min_detectable =
        mlsd__detectable_mcnemar(n, (double)(d.first + d.second) / n, alpha, settings->power,
                                 settings->alternative != MLSD__TWO_SIDED);
}

void mlsd__compare_counts(int64_t n, int64_t first, int64_t second, int64_t method,
                          const mlsd__pair_settings *settings, mlsd__paired *out)
{
    const discordant d = {first, second};
    mlsd__paired_clear(out);
    out->n = n;
    if (n == 0) {
        out->reason = "no row has both";
        return;
    }
    test_counts(d, method, settings, out);
    shares(d, settings, out);
}

static mlsd_status pair_mcnemar(mlsd__scope *scope, const mlsd__comparison *c, mlsd__pair *pair)
{
    int64_t n = 0;
    const discordant d = count(c, pair, &n);
    mlsd__compare_counts(n, d.first, d.second, c->params->method, &c->settings, &pair->is);
    return mlsd__checkpoint(scope);
}

/* Cochran (1950), Biometrika 37:256, over the rows that all models have. */
static mlsd_status all_cochran_q(mlsd__comparison *c)
{
    mlsd__scope *const scope = c->scope;
    int64_t *const rows = mlsd__alloc_raw(scope->allocator, c->n_rows, sizeof *rows);
    if (rows == NULL) return MLSD_E_NOMEM;
    mlsd__paired *const all = &c->all;
    all->n = mlsd__comparison_complete_rows(c, rows);
    const double L = (double)c->n_models;
    double total = 0, models = 0, within = 0; /* sum G_j, sum G_j^2, sum N_i^2 */
    for (int64_t j = 0; j < c->n_models; j++) {
        double G = 0;
        for (int64_t i = 0; i < all->n; i++) G += mlsd__comparison_scores(c, j)[rows[i]];
        total += G;
        models += G * G;
    }
    for (int64_t i = 0; i < all->n; i++) {
        double N = 0;
        for (int64_t j = 0; j < c->n_models; j++) N += mlsd__comparison_scores(c, j)[rows[i]];
        within += N * N;
    }
    mlsd__free(scope->allocator, rows);
    const double denominator = L * total - within;
    all->df = L - 1;
    if (!(denominator > 0)) {
        all->reason = "all models are right on the same rows";
        return mlsd__checkpoint(scope);
    }
    all->statistic = (L - 1) * (L * models - total * total) / denominator;
    all->p_value = mlsd__chi_square_sf(all->statistic, L - 1);
    all->effect = all->statistic / ((double)all->n * (L - 1));
    return mlsd__checkpoint(scope);
}

const mlsd__comparison_ops mlsd__compare_mcnemar_ops = {
    .test = "McNemar",
    .effect_is = "rows that only the later has right over rows that only the earlier has right",
    .rows = "rows",
    .takes_y = true,
    .direction = MLSD__GREATER_IS_BETTER,
    .prepare = prepare_right,
    .pair = pair_mcnemar,
};

const mlsd__comparison_ops mlsd__compare_cochran_q_ops = {
    .test = "Cochran's Q",
    .effect_is = "Q over the most that it can be",
    .rows = "rows",
    .takes_y = true,
    .direction = MLSD__GREATER_IS_BETTER,
    .prepare = prepare_right,
    .pair = pair_mcnemar,
    .all = all_cochran_q,
};
