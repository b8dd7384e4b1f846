/* univariate_scores.c - tests of one column at a time against the target, from sums over rows; see
 * the header. Means come first and sums about them second, so that no digits are lost to a column's
 * distance from 0. Mutual information is in mutual_information.c. */
#include "model/select/univariate_scores.h"

#include <float.h>
#include <math.h>

#include "model/bayes/class_sums.h"
#include "model/row_pass.h"
#include "model/transform/column_pass.h"
#include "numeric/distribution.h"
#include "numeric/sum.h"

/* Sums within and between the classes' means (Fisher), from weight, mean and variance of each. */
static double f_of_column(const double *weight, const double *mean, const double *variance,
                          int64_t k, int64_t p, double unit, double *df_within)
{
    double n = 0, centre = 0, within = 0, between = 0;
    int64_t n_classes = 0;
    for (int64_t c = 0; c < k; c++) {
        if (!(weight[c] > 0)) continue;
        n += weight[c] / unit;
        centre += weight[c] / unit * mean[c * p];
        n_classes++;
    }
    centre /= n;
    for (int64_t c = 0; c < k; c++) {
        if (!(weight[c] > 0)) continue;
        const double d = mean[c * p] - centre;
        within += weight[c] / unit * variance[c * p];
        between += weight[c] / unit * d * d;
    }
    *df_within = n - (double)n_classes;
    return (between / (double)(n_classes - 1)) / (within / *df_within);
}

static mlsd_status f_of_moments(const mlsd__train *train, const double *weight, const double *mean,
                                const double *variance, const double *all, double *score,
                                double *p_value)
{
    const int64_t p = train->x->n_features, k = train->n_classes;
    double n_rows;
    const double unit = mlsd__weight_unit(train->weight, train->x->n_rows, &n_rows);
    int64_t n_classes = 0;
    for (int64_t c = 0; c < k; c++) n_classes += weight[c] > 0;
    if (n_classes < 2)
        return mlsd__fail(MLSD_E_DATA, "f_classif compares classes, but the rows are of one class");
    for (int64_t j = 0; j < p; j++) {
        double df_within;
        const double f = f_of_column(weight, mean + j, variance + j, k, p, unit, &df_within);
        const bool is_constant = mlsd__is_constant(all[j], all[p + j], all[2 * p + j] / all[j]);
        const bool is_known = !is_constant && df_within > 0;
        score[j] = is_known ? f : NAN;
        p_value[j] = is_known ? mlsd__f_sf(f, (double)(n_classes - 1), df_within) : NAN;
    }
    return MLSD_OK;
}

mlsd_status mlsd__score_f_classif(mlsd__scope *scope, const mlsd__train *train, double *score,
                                  double *p_value)
{
    const int64_t p = train->x->n_features, k = train->n_classes;
    int64_t cells, size;
    MLSD__TRY(mlsd__mul_size(k, p, &cells));
    MLSD__TRY(mlsd__mul_size(cells, 3, &size));
    double *const room = mlsd__alloc(scope->allocator, size + k + 3 * p, sizeof *room);
    if (room == NULL) return MLSD_E_NOMEM;
    double *const mean = room, *const variance = room + cells, *const weight = room + 3 * cells,
                  *const all = weight + k;
    mlsd_status status =
        mlsd__class_moments(scope, train, weight, mean, variance, room + 2 * cells);
    if (status == MLSD_OK)
        status =
            mlsd__column_moments(scope, train->x, train->weight, all, all + p, all + 2 * p, NULL);
    if (status == MLSD_OK)
        status = f_of_moments(train, weight, mean, variance, all, score, p_value);
    mlsd__free(scope->allocator, room);
    return status;
}

/* Weighted sums of products of each column with the target, about their means. */
typedef struct product_job {
    const mlsd__train *train;
    const double *mean; /* p; NULL: 0 */
    double y_mean;
    int64_t n_groups;
    double *sums; /* n_groups x 2 p: products with y, squares */
} product_job;

static mlsd_status product_group(void *arg, int64_t group, mlsd__scope *scope)
{
    const product_job *const job = arg;
    const mlsd__train *const train = job->train;
    const int64_t p = train->x->n_features;
    double *const product = job->sums + group * 2 * p, *const square = product + p;
    mlsd__row_reader reader;
    mlsd_status status = mlsd__row_reader_open(&reader, scope->allocator, train->x);
    int64_t block, last;
    mlsd__row_group(train->x->n_rows, job->n_groups, group, &block, &last);
    for (; status == MLSD_OK && block < last; block++) {
        int64_t first, n, ld;
        const double *const x = mlsd__row_reader_block(&reader, block, &first, &n, &ld);
        for (int64_t i = 0; i < n; i++) {
            const double w = train->weight != NULL ? train->weight[first + i] : 1;
            const double y = w * (train->y[first + i] - job->y_mean);
            for (int64_t j = 0; j < p; j++) {
                const double d = x[i * ld + j] - (job->mean != NULL ? job->mean[j] : 0);
                product[j] += y * d;
                square[j] += w * d * d;
            }
        }
        status = mlsd__checkpoint(scope);
    }
    mlsd__row_reader_close(&reader);
    return status;
}

static mlsd_status sum_products(mlsd__scope *scope, const mlsd__train *train, const double *mean,
                                double y_mean, double *product, double *square)
{
    const int64_t p = train->x->n_features;
    product_job job = {.train = train, .mean = mean, .y_mean = y_mean};
    int64_t size;
    job.n_groups = mlsd__row_groups(train->x->n_rows, 2 * p);
    MLSD__TRY(mlsd__mul_size(job.n_groups, 2 * p, &size));
    job.sums = mlsd__alloc(scope->allocator, size, sizeof *job.sums);
    if (job.sums == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = mlsd__parallel_for(scope, job.n_groups, product_group, &job);
    for (int64_t j = 0; status == MLSD_OK && j < p; j++) {
        product[j] = square[j] = 0;
        for (int64_t g = 0; g < job.n_groups; g++) {
            product[j] += job.sums[g * 2 * p + j];
            square[j] += job.sums[g * 2 * p + p + j];
        }
        if (!isfinite(square[j]) || !isfinite(product[j])) {
            mlsd__free(scope->allocator, job.sums);
            return mlsd__fail(MLSD_E_NUMERIC, "column '%.100s' is too large to be squared",
                              train->x->features[j].name);
        }
    }
    mlsd__free(scope->allocator, job.sums);
    return status;
}

/* Mean (0 where it is not centred) and sum of squares about it of the target. */
static void target_moments(const mlsd__train *train, bool center, double *mean, double *square)
{
    double weight = 0, sum = 0, squares = 0;
    for (int64_t i = 0; i < train->x->n_rows; i++) {
        const double w = train->weight != NULL ? train->weight[i] : 1;
        weight += w;
        sum += w * (train->y[i] - train->y[0]);
    }
    *mean = center ? train->y[0] + sum / weight : 0;
    for (int64_t i = 0; i < train->x->n_rows; i++) {
        const double w = train->weight != NULL ? train->weight[i] : 1;
        squares += w * (train->y[i] - *mean) * (train->y[i] - *mean);
    }
    *square = squares;
}

/* r, F and p of one column; without a correlation that can be told 0, 0 and 1. */
static void test_correlation(double product, double squares, double df, bool is_constant, bool is_f,
                             double *score, double *p_value)
{
    double r = is_constant ? 0 : product / sqrt(squares);
    r = r > 1 ? 1 : r < -1 ? -1 : r;
    const double f = r * r / (1 - r * r) * df;
    *score = !is_f ? r : isfinite(f) ? f : DBL_MAX;
    *p_value = is_constant ? 1 : isfinite(f) ? mlsd__f_sf(f, 1, df) : 0;
}

mlsd_status mlsd__score_correlation(mlsd__scope *scope, const mlsd__train *train, bool is_f,
                                    bool center, double *score, double *p_value)
{
    const int64_t p = train->x->n_features;
    double y_mean, y_square, n_rows;
    (void)mlsd__weight_unit(train->weight, train->x->n_rows, &n_rows);
    const double df = n_rows - (center ? 2 : 1);
    if (!(df > 0))
        return mlsd__fail(MLSD_E_DATA,
                          "a correlation needs at least 3 rows, there are %g (n_samples"
                          "=%lld)",
                          n_rows, (long long)train->x->n_rows);
    double *const room = mlsd__alloc_raw(scope->allocator, p, 5 * sizeof *room);
    if (room == NULL) return MLSD_E_NOMEM;
    double *const weight = room, *const mean = room + p, *const m2 = room + 2 * p,
                  *const product = room + 3 * p, *const square = room + 4 * p;
    target_moments(train, center, &y_mean, &y_square);
    mlsd_status status =
        mlsd__column_moments(scope, train->x, train->weight, weight, mean, m2, NULL);
    if (status == MLSD_OK)
        status = sum_products(scope, train, center ? mean : NULL, y_mean, product, square);
    for (int64_t j = 0; status == MLSD_OK && j < p; j++) {
        const bool is_constant =
            !(square[j] > 0) || !(y_square > 0) ||
            (center && mlsd__is_constant(weight[j], mean[j], m2[j] / weight[j]));
        /* The root is taken of each, for the product may overflow. */
        test_correlation(product[j] / sqrt(y_square), square[j], df, is_constant, is_f, &score[j],
                         &p_value[j]);
    }
    mlsd__free(scope->allocator, room);
    return status;
}

static mlsd_status check_counts(mlsd__scope *scope, const mlsd__train *train)
{
    const int64_t p = train->x->n_features;
    double *const min = mlsd__alloc_raw(scope->allocator, p, 2 * sizeof *min);
    if (min == NULL) return MLSD_E_NOMEM;
    mlsd_status status = mlsd__column_ranges(scope, train, min, min + p);
    for (int64_t j = 0; status == MLSD_OK && j < p; j++) {
        if (min[j] < 0)
            status = mlsd__fail(MLSD_E_DATA,
                                "chi2 counts, but column '%.100s' has %g: give columns of counts "
                                "or of 0 and 1, or another 'score_func'",
                                train->x->features[j].name, min[j]);
    }
    mlsd__free(scope->allocator, min);
    return status;
}

/* observed: k x p sums by class; share: of each class among the rows. */
static void test_counts(const double *observed, const double *share, int64_t k, int64_t p,
                        int64_t n_classes, double *score, double *p_value)
{
    for (int64_t j = 0; j < p; j++) {
        double total = 0, chi2 = 0;
        for (int64_t c = 0; c < k; c++) total += observed[c * p + j];
        for (int64_t c = 0; c < k; c++) {
            const double expected = share[c] * total, d = observed[c * p + j] - expected;
            if (share[c] > 0) chi2 += d * d / expected;
        }
        score[j] = chi2;
        p_value[j] = isnan(chi2) ? NAN : mlsd__chi_square_sf(chi2, (double)(n_classes - 1));
    }
}

mlsd_status mlsd__score_chi2(mlsd__scope *scope, const mlsd__train *train, double *score,
                             double *p_value)
{
    const int64_t p = train->x->n_features, k = train->n_classes;
    int64_t cells;
    double n_rows;
    const double unit = mlsd__weight_unit(train->weight, train->x->n_rows, &n_rows);
    MLSD__TRY(check_counts(scope, train));
    MLSD__TRY(mlsd__mul_size(k, p, &cells));
    double *const sum = mlsd__alloc(scope->allocator, cells + k, sizeof *sum);
    if (sum == NULL) return MLSD_E_NOMEM;
    double *const share = sum + cells;
    const mlsd__class_sums sums = {.weight = share, .sum = sum};
    mlsd_status status = mlsd__class_sums_add(scope, train, &sums);
    const double total = status == MLSD_OK ? mlsd__sum(share, k) : 1;
    int64_t n_classes = 0;
    for (int64_t c = 0; c < k; c++) {
        n_classes += share[c] > 0;
        share[c] /= total;
    }
    for (int64_t i = 0; i < cells; i++) sum[i] /= unit;
    if (status == MLSD_OK && n_classes < 2)
        status = mlsd__fail(MLSD_E_DATA, "chi2 compares classes, but the rows are of one class");
    if (status == MLSD_OK) test_counts(sum, share, k, p, n_classes, score, p_value);
    mlsd__free(scope->allocator, sum);
    return status;
}
