/* fairness_cells.c - reading labels and predictions, counting the four cells, rates of them. */
#include "slice/fairness_cells.h"

#include <math.h>
#include <string.h>

#include "base/text.h"
#include "data/matrix_view.h"

/* Rows between two looks at the cancel flag; classes at most. */
enum { CHECK_ROWS = 1 << 16, MOST_CLASSES = 1000 };
/* What probabilities of a row may sum to, less or more than 1. */
static const double sum_tolerance = 1e-6;

const mlsd__fair_rate_row mlsd__fair_rates[MLSD__N_FAIR_RATES] = {
    [MLSD__SELECTION_RATE] = {"selection_rate", MLSD__TP | MLSD__FP,
                              MLSD__TP | MLSD__FP | MLSD__TN | MLSD__FN, false},
    [MLSD__BASE_RATE] = {"base_rate", MLSD__TP | MLSD__FN,
                         MLSD__TP | MLSD__FP | MLSD__TN | MLSD__FN, false},
    [MLSD__TPR] = {"tpr", MLSD__TP, MLSD__TP | MLSD__FN, false},
    [MLSD__FPR] = {"fpr", MLSD__FP, MLSD__FP | MLSD__TN, false},
    [MLSD__TNR] = {"tnr", MLSD__TN, MLSD__FP | MLSD__TN, false},
    [MLSD__FNR] = {"fnr", MLSD__FN, MLSD__TP | MLSD__FN, false},
    [MLSD__PPV] = {"ppv", MLSD__TP, MLSD__TP | MLSD__FP, false},
    [MLSD__NPV] = {"npv", MLSD__TN, MLSD__TN | MLSD__FN, false},
    [MLSD__ACCURACY] = {"accuracy", MLSD__TP | MLSD__TN, MLSD__TP | MLSD__FP | MLSD__TN | MLSD__FN,
                        false},
    [MLSD__TREATMENT] = {"fn_per_fp", MLSD__FN, MLSD__FP, true},
};

static double sum_masked(const double *x, int mask)
{
    double sum = 0;
    for (int c = 0; c < MLSD__N_CELLS; c++) {
        if ((mask >> c & 1) != 0) sum += x[c];
    }
    return sum;
}

double mlsd__cells_weight(const mlsd__cells *c, int mask)
{
    return sum_masked(c->weight, mask);
}

void mlsd__cells_add(mlsd__cells *into, const mlsd__cells *from)
{
    for (int c = 0; c < MLSD__N_CELLS; c++) {
        into->weight[c] += from->weight[c];
        into->squares[c] += from->squares[c];
        into->rows[c] += from->rows[c];
    }
}

void mlsd__fair_rate_make(const mlsd__cells *c, int rate, int64_t min_support, mlsd__fair_rate *out)
{
    const mlsd__fair_rate_row *const row = &mlsd__fair_rates[rate];
    const int all = row->is_odds ? row->numerator | row->denominator : row->denominator;
    const double squares = sum_masked(c->squares, all), sum = sum_masked(c->weight, all);
    out->numerator = sum_masked(c->weight, row->numerator);
    out->denominator = sum_masked(c->weight, row->denominator);
    out->support = sum_masked(c->rows, all);
    out->is_low = out->support > 0 && out->support < (double)min_support;
    out->value = out->trials = out->successes = NAN;
    if (!(out->denominator > 0)) return;
    out->value = out->numerator / out->denominator;
    if (!row->is_odds) out->value = fmin(1, out->value);
    out->trials = sum * sum / squares;
    out->successes = fmin(1, out->numerator / sum) * out->trials;
}

static mlsd_status bad_value(const char *name, int64_t row, double value, const char *must)
{
    char text[MLSD__NUMBER_CAPACITY];
    mlsd__format_double(value, text);
    return mlsd__fail(MLSD_E_DATA, "%s[%lld] is %s, not %s", name, (long long)row, text, must);
}

/* Class numbers, and one more than the largest. */
static mlsd_status check_classes(const double *x, int64_t n, const char *name, int32_t *out,
                                 int64_t *n_classes)
{
    for (int64_t i = 0; i < n; i++) {
        if (!(x[i] >= 0 && x[i] < MOST_CLASSES && x[i] == floor(x[i]))) {
            return bad_value(name, i, x[i], "a class number 0, 1, ... below 1000");
        }
        out[i] = (int32_t)x[i];
        if (out[i] + 1 > *n_classes) *n_classes = out[i] + 1;
    }
    return MLSD_OK;
}

static bool are_whole(const double *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        if (!(x[i] == floor(x[i]))) return false;
    }
    return true;
}

/* One column: labels where all are whole numbers, otherwise probabilities of class 1. */
static mlsd_status read_column(mlsd__scope *scope, const mlsd__slicing_input *in, double threshold,
                               mlsd__fair_rows *r)
{
    const mlsd__allocator *const a = scope->allocator;
    double *x = NULL;
    MLSD__TRY(mlsd__slicing_column(scope, in, in->prediction, "prediction", &x));
    mlsd_status status = MLSD_OK;
    if (are_whole(x, r->n)) {
        status = check_classes(x, r->n, "prediction", r->predicted, &r->n_classes);
        goto out;
    }
    if (r->n_classes > 2) {
        status = mlsd__fail(MLSD_E_SHAPE,
                            "prediction is one column of probabilities, but y has %lld classes; "
                            "give class numbers or a column for each class",
                            (long long)r->n_classes);
        goto out;
    }
    r->score = mlsd__alloc_raw(a, r->n * 2, sizeof *r->score);
    if (r->score == NULL) status = MLSD_E_NOMEM;
    for (int64_t i = 0; i < r->n && status == MLSD_OK; i++) {
        if (!(x[i] >= 0 && x[i] <= 1)) {
            status = bad_value("prediction", i, x[i], "a probability in [0, 1]");
            break;
        }
        r->score[2 * i] = 1 - x[i];
        r->score[2 * i + 1] = x[i];
        r->predicted[i] = x[i] > threshold;
    }
out:
    mlsd__free(a, x);
    return status;
}

static mlsd_status check_distribution(const double *p, int64_t k, int64_t row)
{
    double sum = 0;
    for (int64_t c = 0; c < k; c++) {
        if (!(p[c] >= 0 && p[c] <= 1)) {
            return bad_value("prediction", row, p[c], "a probability in [0, 1]");
        }
        sum += p[c];
    }
    if (fabs(sum - 1) <= sum_tolerance) return MLSD_OK;
    char text[MLSD__NUMBER_CAPACITY];
    mlsd__format_double(sum, text);
    return mlsd__fail(MLSD_E_DATA, "the probabilities of row %lld sum to %s, not 1", (long long)row,
                      text);
}

static mlsd_status read_probabilities(mlsd__scope *scope, const mlsd__slicing_input *in,
                                      double threshold, mlsd__fair_rows *r)
{
    const int64_t k = in->prediction->cols;
    if (r->n_classes > k) {
        return mlsd__fail(MLSD_E_SHAPE, "y has class %lld, prediction has %lld columns",
                          (long long)(r->n_classes - 1), (long long)k);
    }
    r->n_classes = k;
    int64_t n_cells = 0;
    MLSD__TRY(mlsd__mul_size(r->n, k, &n_cells));
    r->score = mlsd__alloc_raw(scope->allocator, n_cells, sizeof *r->score);
    if (r->score == NULL) return MLSD_E_NOMEM;
    mlsd__matrix_read(in->prediction, NULL, 0, r->n, r->score);
    for (int64_t i = 0; i < r->n; i++) {
        const double *const p = r->score + i * k;
        MLSD__TRY(check_distribution(p, k, i));
        int32_t best = 0;
        for (int32_t c = 1; c < k; c++) best = p[c] > p[best] ? c : best;
        r->predicted[i] = k == 2 ? p[1] > threshold : best;
    }
    return MLSD_OK;
}

static mlsd_status read_rows(mlsd__scope *scope, const mlsd__slicing_input *in, double threshold,
                             mlsd__fair_rows *r)
{
    const mlsd__allocator *const a = scope->allocator;
    double *y = NULL;
    r->y = mlsd__alloc_raw(a, r->n, sizeof *r->y);
    if (r->y == NULL) return MLSD_E_NOMEM;
    r->predicted = mlsd__alloc_raw(a, r->n, sizeof *r->predicted);
    if (r->predicted == NULL) return MLSD_E_NOMEM;
    MLSD__TRY(mlsd__slicing_column(scope, in, in->y, "y", &y));
    const mlsd_status status = check_classes(y, r->n, "y", r->y, &r->n_classes);
    mlsd__free(a, y);
    MLSD__TRY(status);
    MLSD__TRY(in->prediction->cols == 1 ? read_column(scope, in, threshold, r)
                                        : read_probabilities(scope, in, threshold, r));
    return mlsd__slicing_weights(scope, in, &r->weight);
}

mlsd_status mlsd__fair_rows_read(mlsd__scope *scope, const mlsd__slicing_input *in,
                                 double threshold, mlsd__fair_rows *out)
{
    memset(out, 0, sizeof *out);
    out->n = in->n_rows;
    out->n_classes = 2;
    if (in->n_rows == 0) return mlsd__fail(MLSD_E_DATA, "there are no rows to judge");
    const mlsd_status status = read_rows(scope, in, threshold, out);
    if (status != MLSD_OK) mlsd__fair_rows_free(out, scope->allocator);
    return status;
}

void mlsd__fair_rows_free(mlsd__fair_rows *r, const mlsd__allocator *a)
{
    mlsd__free(a, r->y);
    mlsd__free(a, r->predicted);
    mlsd__free(a, r->score);
    mlsd__free(a, r->weight);
    memset(r, 0, sizeof *r);
}

int mlsd__cell_of(const mlsd__fair_rows *r, int64_t i, int64_t positive)
{
    static const int cells[2][2] = {{2, 1}, {3, 0}}; /* [is][said] */
    return cells[r->y[i] == positive][r->predicted[i] == positive];
}

mlsd_status mlsd__cells_count(mlsd__scope *scope, const mlsd__fair_rows *r, int64_t positive,
                              const mlsd__crossing *groups, const mlsd__crossing *controls,
                              mlsd__cells *out)
{
    memset(out, 0, (size_t)(controls->n_groups * groups->n_groups) * sizeof *out);
    for (int64_t i = 0; i < r->n; i++) {
        const double w = mlsd__fair_weight(r, i);
        mlsd__cells *const c = &out[controls->of_row[i] * groups->n_groups + groups->of_row[i]];
        const int cell = mlsd__cell_of(r, i, positive);
        c->weight[cell] += w;
        c->squares[cell] += w * w;
        c->rows[cell] += w > 0;
        if (i % CHECK_ROWS == 0) MLSD__TRY(mlsd__checkpoint(scope));
    }
    return MLSD_OK;
}
