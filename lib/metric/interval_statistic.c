/* interval_statistic.c - units, strata and columns of what is resampled, and its value for other
 * counts than one each. */
#include "metric/interval_statistic.h"

#include <math.h>
#include <string.h>

#include "data/matrix_view.h"
#include "metric/summary.h"
#include "numeric/rank.h"
#include "numeric/sum.h"

/* Cells of more classes would be no fewer than rows, nearly. */
enum { MAX_CELLS = 1 << 16, CHECK_ROWS = 1 << 16 };

void mlsd__statistic_free(mlsd__statistic *s, const mlsd__allocator *a)
{
    mlsd__free(a, s->sizes);
    mlsd__free(a, s->position);
    mlsd__free(a, s->columns);
    mlsd__free(a, s->cell_of_unit);
    mlsd__free(a, s->cell_y);
    mlsd__free(a, s->cell_prediction);
    *s = (mlsd__statistic){0};
}

bool mlsd__statistic_has_columns(const mlsd__statistic *s)
{
    return s->form == MLSD__OF_MEAN || s->form == MLSD__OF_RATIO || s->form == MLSD__OF_SQUARES;
}

static double weight_of(const mlsd__scored *s, int64_t row)
{
    return s->weight == NULL ? 1 : s->weight[row];
}

/* Numbers of a column as codes 0, 1, ...; *out NULL where there is no column. */
static mlsd_status read_codes(mlsd__scope *scope, const mlsd_matrix *column, const char *name,
                              int64_t n_rows, int32_t **out, int64_t *out_n)
{
    const mlsd__allocator *const a = scope->allocator;
    double *values = NULL, *x = NULL;
    *out = NULL;
    *out_n = 1;
    if (column == NULL) return MLSD_OK;
    MLSD__TRY(mlsd__matrix_check(column, name));
    MLSD__TRY(mlsd__matrix_check_vector(column, name, n_rows));
    mlsd_status status = MLSD_E_NOMEM;
    x = mlsd__alloc_raw(a, n_rows, sizeof *x);
    if (x == NULL) goto out;
    *out = mlsd__alloc_raw(a, n_rows, sizeof **out);
    if (*out == NULL) goto out;
    mlsd__matrix_read(column, NULL, 0, n_rows, x);
    status = mlsd__factorize_new(scope, x, n_rows, &values, out_n, *out);
    for (int64_t i = 0; status == MLSD_OK && i < n_rows; i++) {
        if ((*out)[i] < 0) status = mlsd__fail(MLSD_E_DATA, "%s[%lld] is nan", name, (long long)i);
    }
out:
    mlsd__free(a, values);
    mlsd__free(a, x);
    return status;
}

/* Number the units of each stratum from its first on: unit_of[u] becomes a position. */
static mlsd_status place_units(mlsd__statistic *s, const mlsd__allocator *a,
                               const int32_t *stratum_of_unit, int64_t n_all, int64_t *place)
{
    s->sizes = mlsd__alloc(a, s->n_strata, sizeof *s->sizes);
    int64_t *const next = mlsd__alloc(a, s->n_strata, sizeof *next);
    if (s->sizes == NULL || next == NULL) {
        mlsd__free(a, next);
        return MLSD_E_NOMEM;
    }
    for (int64_t u = 0; u < n_all; u++) {
        if (stratum_of_unit[u] >= 0) s->sizes[stratum_of_unit[u]]++;
    }
    for (int64_t h = 1; h < s->n_strata; h++) next[h] = next[h - 1] + s->sizes[h - 1];
    for (int64_t u = 0; u < n_all; u++) {
        place[u] = stratum_of_unit[u] < 0 ? -1 : next[stratum_of_unit[u]]++;
    }
    s->n_units = next[s->n_strata - 1];
    mlsd__free(a, next);
    return MLSD_OK;
}

/* The stratum of each unit, -1 where none of its rows weighs anything. */
static mlsd_status strata_of_units(const mlsd__scored *scored, const int32_t *cluster,
                                   const int32_t *stratum, int64_t n_all, int32_t *out)
{
    for (int64_t u = 0; u < n_all; u++) out[u] = -1;
    for (int64_t i = 0; i < scored->n; i++) {
        if (!(weight_of(scored, i) > 0)) continue;
        int32_t *const at = &out[cluster == NULL ? i : cluster[i]];
        const int32_t h = stratum == NULL ? 0 : stratum[i];
        if (*at >= 0 && *at != h) {
            return mlsd__fail(MLSD_E_DATA,
                              "the cluster of row %lld lies in two strata: a cluster must lie in "
                              "one",
                              (long long)i);
        }
        *at = h;
    }
    return MLSD_OK;
}

static mlsd_status find_units(mlsd__scope *scope, const mlsd_matrix *cluster,
                              const mlsd_matrix *stratum, mlsd__statistic *s)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = s->scored->n;
    int32_t *clusters = NULL, *strata = NULL, *stratum_of_unit = NULL;
    int64_t n_clusters = 0, *place = NULL;
    mlsd_status status = read_codes(scope, cluster, "cluster", n, &clusters, &n_clusters);
    if (status == MLSD_OK) {
        status = read_codes(scope, stratum, "stratum", n, &strata, &s->n_strata);
    }
    if (status != MLSD_OK) goto out;
    const int64_t n_all = clusters == NULL ? n : n_clusters;
    status = MLSD_E_NOMEM;
    stratum_of_unit = mlsd__alloc_raw(a, n_all, sizeof *stratum_of_unit);
    if (stratum_of_unit == NULL) goto out;
    place = mlsd__alloc_raw(a, n_all, sizeof *place);
    if (place == NULL) goto out;
    status = strata_of_units(s->scored, clusters, strata, n_all, stratum_of_unit);
    if (status == MLSD_OK) status = place_units(s, a, stratum_of_unit, n_all, place);
    if (status != MLSD_OK || (clusters == NULL && strata == NULL && s->n_units == n)) goto out;
    s->position = mlsd__alloc_raw(a, n, sizeof *s->position);
    if (s->position == NULL) {
        status = MLSD_E_NOMEM;
        goto out;
    }
    for (int64_t i = 0; i < n; i++) {
        const bool counts = weight_of(s->scored, i) > 0;
        s->position[i] = !counts ? -1 : place[clusters == NULL ? i : clusters[i]];
    }
out:
    mlsd__free(a, place);
    mlsd__free(a, stratum_of_unit);
    mlsd__free(a, strata);
    mlsd__free(a, clusters);
    return status;
}

static int64_t unit_of(const mlsd__statistic *s, int64_t row)
{
    return s->position == NULL ? row : s->position[row];
}

/* What the mean is of. */
static mlsd_status read_losses(mlsd__scope *scope, const mlsd__statistic *s, double *out)
{
    const mlsd__scored *const scored = s->scored;
    if (s->metric == NULL) {
        memcpy(out, scored->y, (size_t)scored->n * sizeof *out);
        return MLSD_OK;
    }
    for (int64_t first = 0; first < scored->n; first += CHECK_ROWS) {
        const int64_t n = scored->n - first < CHECK_ROWS ? scored->n - first : CHECK_ROWS;
        s->metric->row_loss(scored, NULL, first, n, out + first);
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    return MLSD_OK;
}

static double mean_of(const double *x, const mlsd__scored *s)
{
    return s->weight == NULL ? mlsd__sum(x, s->n) / (double)s->n
                             : mlsd__dot(s->weight, x, s->n) / mlsd__sum(s->weight, s->n);
}

/* Each row adds to its unit's columns; products of a unit's sums follow when these are whole. */
static void fill_columns(mlsd__statistic *s, const double *loss)
{
    const mlsd__scored *const scored = s->scored;
    const int64_t k = s->n_columns;
    for (int64_t i = 0; i < scored->n; i++) {
        const int64_t unit = unit_of(s, i);
        if (unit < 0) continue;
        const double w = weight_of(scored, i), d = loss[i] - s->centre;
        double *const c = s->columns + unit * k;
        if (s->form == MLSD__OF_SQUARES) {
            const double t = scored->y[i] - s->target_centre;
            c[0] += w;
            c[1] += w * d;
            c[2] += w * t;
            c[3] += w * t * t;
            continue;
        }
        c[0] += w * d;
        if (s->form == MLSD__OF_RATIO) c[1] += w;
    }
    for (int64_t u = 0; u < s->n_units; u++) {
        double *const c = s->columns + u * k;
        if (s->form == MLSD__OF_MEAN && k == 2) c[1] = c[0] * c[0];
        if (s->form == MLSD__OF_RATIO && k == 6) {
            c[2] = c[0] * c[0];
            c[3] = c[0] * c[1];
            c[4] = c[1] * c[1];
        }
    }
}

static mlsd_status make_columns(mlsd__scope *scope, bool with_spread, mlsd__statistic *s)
{
    const mlsd__allocator *const a = scope->allocator;
    const bool of_squares = s->metric != NULL && s->metric->row_loss == NULL;
    const bool one_each = s->scored->weight == NULL && s->n_units == s->scored->n;
    s->form = of_squares ? MLSD__OF_SQUARES : one_each ? MLSD__OF_MEAN : MLSD__OF_RATIO;
    s->n_columns = of_squares                 ? 4
                   : s->form == MLSD__OF_MEAN ? (with_spread ? 2 : 1)
                                              : (with_spread ? 6 : 2);
    s->is_root = s->metric != NULL && s->metric->is_root;
    double *const loss = mlsd__alloc_raw(a, s->scored->n, sizeof *loss);
    if (loss == NULL) return MLSD_E_NOMEM;
    int64_t n = 0;
    mlsd_status status = mlsd__mul_size(s->n_units, s->n_columns, &n);
    if (status == MLSD_OK) {
        s->columns = mlsd__alloc(a, n, sizeof *s->columns);
        status = s->columns == NULL ? MLSD_E_NOMEM : MLSD_OK;
    }
    if (status == MLSD_OK && of_squares) {
        for (int64_t i = 0; i < s->scored->n; i++) {
            const double miss = s->scored->y[i] - s->scored->prediction[i];
            loss[i] = miss * miss;
        }
        s->target_centre = mean_of(s->scored->y, s->scored);
    } else if (status == MLSD_OK) {
        status = read_losses(scope, s, loss);
    }
    if (status == MLSD_OK) {
        s->centre = mean_of(loss, s->scored);
        fill_columns(s, loss);
    }
    mlsd__free(a, loss);
    return status;
}

/* Rows of one true and one predicted class become a cell. */
static mlsd_status make_cells(const mlsd__allocator *a, mlsd__statistic *s)
{
    const mlsd__scored *const scored = s->scored;
    const int64_t K = scored->n_classes;
    mlsd_status status = MLSD_E_NOMEM;
    int32_t *const number = mlsd__alloc_raw(a, K * K, sizeof *number);
    if (number == NULL) return MLSD_E_NOMEM;
    s->cell_of_unit = mlsd__alloc_raw(a, s->n_units, sizeof *s->cell_of_unit);
    if (s->cell_of_unit == NULL) goto out;
    s->cell_y = mlsd__alloc_raw(a, K * K, sizeof *s->cell_y);
    if (s->cell_y == NULL) goto out;
    s->cell_prediction = mlsd__alloc_raw(a, K * K, sizeof *s->cell_prediction);
    if (s->cell_prediction == NULL) goto out;
    for (int64_t i = 0; i < K * K; i++) number[i] = -1;
    for (int64_t i = 0; i < scored->n; i++) {
        int32_t *const cell = &number[(int64_t)(scored->y[i] * (double)K + scored->prediction[i])];
        if (*cell < 0) {
            *cell = (int32_t)s->n_cells++;
            s->cell_y[*cell] = scored->y[i];
            s->cell_prediction[*cell] = scored->prediction[i];
        }
        s->cell_of_unit[unit_of(s, i)] = *cell;
    }
    s->form = MLSD__OF_CELLS;
    status = MLSD_OK;
out:
    mlsd__free(a, number);
    return status;
}

static bool is_of_labels(const mlsd__statistic *s)
{
    const int64_t K = s->scored->n_classes;
    return s->metric->for_classification && !s->metric->needs_proba && s->scored->y_cols <= 1 &&
           s->scored->prediction_cols <= 1 && K > 0 && K * K <= MAX_CELLS &&
           s->scored->weight == NULL && s->n_units == s->scored->n;
}

/* Is its value a function of sums over rows? With parameters that ask for more than a loss a row
 * (many quantiles), and of many outputs, it is not. */
static bool is_of_sums(const mlsd__metric_ops *metric, const mlsd__scored *s)
{
    if (metric == NULL) return true;
    if (metric->row_loss == NULL && metric->of_squares == NULL) return false;
    if (metric->is_scaled || (s->y_cols > 1 && !metric->for_labels)) return false;
    const mlsd__shape shape = {.n_classes = s->n_classes,
                               .y_cols = s->y_cols > 1 ? s->y_cols : 1,
                               .prediction_cols = s->prediction_cols,
                               .n_slots = 1,
                               .has_proba = metric->needs_proba,
                               .is_weighted = s->weight != NULL};
    return mlsd__summary_of(metric, &shape) != &mlsd__summary_rows;
}

mlsd_status mlsd__statistic_new(mlsd__scope *scope, const mlsd__metric_ops *metric,
                                const mlsd__scored *scored, const mlsd_matrix *cluster,
                                const mlsd_matrix *stratum, bool with_spread, mlsd__statistic *out)
{
    *out = (mlsd__statistic){.metric = metric, .scored = scored};
    mlsd_status status = find_units(scope, cluster, stratum, out);
    if (status == MLSD_OK) {
        if (is_of_sums(metric, scored)) {
            status = make_columns(scope, with_spread, out);
        } else if (is_of_labels(out)) {
            status = make_cells(scope->allocator, out);
        } else {
            out->form = MLSD__OF_ROWS;
        }
    }
    if (status != MLSD_OK) mlsd__statistic_free(out, scope->allocator);
    return status;
}

/* The variance of a ratio of sums as in metric.c, divisor n - 1. */
static double spread_of(const mlsd__statistic *s, const double *sums, double mean)
{
    const double n = (double)s->n_units;
    if (s->form == MLSD__OF_MEAN) {
        return sqrt(fmax(0, (sums[1] - n * mean * mean) / (n - 1) / n));
    }
    const double squares = sums[2] - 2 * mean * sums[3] + mean * mean * sums[4];
    return sqrt(fmax(0, squares) * (n / (n - 1))) / sums[1];
}

double mlsd__statistic_of_sums(const mlsd__statistic *s, const double *sums, double *out_mean,
                               double *out_se)
{
    if (out_se != NULL) *out_se = NAN;
    if (s->form == MLSD__OF_SQUARES) {
        const double w = sums[0], mean = sums[2] / w;
        const double variance = sums[3] / w - mean * mean;
        const double value = !(w > 0) ? NAN
                                      : s->metric->of_squares(s->centre + sums[1] / w,
                                                              variance > 0 ? variance : NAN);
        if (out_mean != NULL) *out_mean = value;
        return value;
    }
    const double total = s->form == MLSD__OF_MEAN ? (double)s->n_units : sums[1];
    const double shift = total > 0 ? sums[0] / total : NAN, mean = s->centre + shift;
    if (out_mean != NULL) *out_mean = mean;
    if (out_se != NULL && s->n_columns != 1 && !(s->n_columns == 2 && s->form == MLSD__OF_RATIO)) {
        *out_se = s->n_units < 2 ? NAN : spread_of(s, sums, shift);
    }
    return s->is_root ? sqrt(fmax(0, mean)) : mean;
}

/* Of a metric that takes no weights: rows that count twice stand twice. */
static mlsd_status value_of_repeated(mlsd__scope *scope, const mlsd__statistic *s,
                                     const int32_t *counts, double *out)
{
    int64_t n = 0, filled = 0;
    mlsd__estimate e;
    for (int64_t i = 0; i < s->scored->n; i++) n += unit_of(s, i) < 0 ? 0 : counts[unit_of(s, i)];
    int64_t *const rows = mlsd__alloc_raw(scope->allocator, n, sizeof *rows);
    if (rows == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < s->scored->n; i++) {
        const int64_t unit = unit_of(s, i);
        for (int32_t k = 0; unit >= 0 && k < counts[unit]; k++) rows[filled++] = i;
    }
    const mlsd_status status = mlsd__metric_score(scope, s->metric, s->scored, rows, n, NAN, &e);
    mlsd__free(scope->allocator, rows);
    if (status == MLSD_OK) *out = e.value;
    return status;
}

mlsd_status mlsd__statistic_of_counts(mlsd__scope *scope, const mlsd__statistic *s,
                                      const int32_t *counts, double *weight, double *out)
{
    mlsd__scored rows = *s->scored;
    mlsd__estimate e;
    if (s->metric->has_no_weights) return value_of_repeated(scope, s, counts, out);
    if (s->form == MLSD__OF_CELLS) {
        for (int64_t c = 0; c < s->n_cells; c++) weight[c] = counts[c];
        rows.n = s->n_cells;
        rows.y = s->cell_y;
        rows.prediction = s->cell_prediction;
    } else {
        for (int64_t i = 0; i < rows.n; i++) {
            const int64_t unit = unit_of(s, i);
            weight[i] = unit < 0 ? 0 : counts[unit] * weight_of(s->scored, i);
        }
    }
    rows.weight = weight;
    MLSD__TRY(mlsd__metric_score(scope, s->metric, &rows, NULL, rows.n, NAN, &e));
    *out = e.value;
    return MLSD_OK;
}

mlsd_status mlsd__statistic_value(mlsd__scope *scope, const mlsd__statistic *s, double *out_value,
                                  double *out_mean, double *out_se)
{
    if (mlsd__statistic_has_columns(s)) {
        double sums[6] = {0};
        for (int64_t u = 0; u < s->n_units; u++) {
            for (int64_t j = 0; j < s->n_columns; j++) sums[j] += s->columns[u * s->n_columns + j];
        }
        *out_value = mlsd__statistic_of_sums(s, sums, out_mean, out_se);
        return MLSD_OK;
    }
    mlsd__estimate e;
    MLSD__TRY(mlsd__metric_score(scope, s->metric, s->scored, NULL, s->scored->n, NAN, &e));
    *out_value = *out_mean = e.value;
    *out_se = NAN;
    return MLSD_OK;
}
