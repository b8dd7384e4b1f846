/* audit_shift.c - the check "shift": can test rows be told from training rows? (Adversarial
 * validation.)
 *
 * For some splits a logistic regression learns to tell the two parts of a sample apart, crosswise
 * on three folds, from standardised numbers and their squares, what is missing, and the frequent
 * levels of categories. Its AUC comes with DeLong's interval, widened for the number of splits
 * (Bonferroni). Splits by time or group differ on purpose: there it is a remark. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "metric/metric_impl.h"
#include "model/model_impl.h"
#include "validate/audit_impl.h"

enum {
    MOST_SPLITS = 10,
    N_FOLDS = 3,
    FEWEST_ROWS = 30, /* on either side */
    MOST_LEVELS = 16
};

static const double FAR = 4;       /* standard deviations at which numbers are cut */
static const double ALPHA = 0.001; /* over all splits */
static const double WARN_FROM = 0.75;

typedef struct shift {
    int64_t n_judged, n_shifted, worst_split, step;
    int64_t n_visited;
    double worst, low, high;
    int64_t worst_column;
    bool is_natural;
} shift;

/* The sample of one split with what is learned from it. */
typedef struct design {
    int64_t n, width, n_test;
    int64_t *rows, *source; /* of the data set, of the frame's source */
    int64_t *first;         /* of each feature: its first column in x; n_features + 1 */
    double *raw;            /* one feature */
    double *x, *y, *score;
    int64_t *order, *part;
} design;

static void design_free(design *d, const mlsd__allocator *al)
{
    mlsd__free(al, d->rows);
    mlsd__free(al, d->source);
    mlsd__free(al, d->first);
    mlsd__free(al, d->raw);
    mlsd__free(al, d->x);
    mlsd__free(al, d->y);
    mlsd__free(al, d->score);
    mlsd__free(al, d->order);
    mlsd__free(al, d->part);
}

/* Up to half of max_rows from either side, evenly spaced. */
static mlsd_status take_rows(mlsd__audit *a, design *d, const mlsd__audit_split *s)
{
    const mlsd__allocator *const al = a->scope->allocator;
    const int64_t most = a->params->max_rows / 2;
    const int64_t n_test = s->n_test < most ? s->n_test : most;
    const int64_t n_train = s->n_train < most ? s->n_train : most;
    d->n = n_test + n_train;
    d->n_test = n_test;
    d->rows = mlsd__alloc_raw(al, d->n, sizeof *d->rows);
    d->source = mlsd__alloc_raw(al, d->n, sizeof *d->source);
    d->raw = mlsd__alloc_raw(al, d->n, sizeof *d->raw);
    d->y = mlsd__alloc_raw(al, d->n, sizeof *d->y);
    d->first = mlsd__alloc_raw(al, a->n_features + 1, sizeof *d->first);
    if (d->rows == NULL || d->source == NULL || d->raw == NULL || d->y == NULL || d->first == NULL)
        return MLSD_E_NOMEM;
    for (int64_t i = 0; i < d->n; i++) {
        const int64_t k = i < n_test ? i : i - n_test;
        const int64_t n = i < n_test ? n_test : n_train;
        const int64_t *const from = i < n_test ? s->test : s->train;
        const int64_t n_from = i < n_test ? s->n_test : s->n_train;
        d->rows[i] = from[(int64_t)((double)k * ((double)n_from / (double)n))];
        d->source[i] = a->frame.rows != NULL ? a->frame.rows[d->rows[i]] : d->rows[i];
        d->y[i] = i < n_test;
    }
    return MLSD_OK;
}

/* A number: value, square, missing. A category: its first levels, and missing. */
static mlsd_status lay_out(mlsd__audit *a, design *d)
{
    for (int64_t j = 0; j < a->n_features; j++) {
        int64_t n_levels, width = 3;
        if (mlsd__audit_column_is_category(a, j, &n_levels))
            width = (n_levels < MOST_LEVELS ? n_levels : MOST_LEVELS) + 1;
        d->first[j] = d->width;
        d->width += width;
    }
    d->first[a->n_features] = d->width;
    int64_t size;
    MLSD__TRY(mlsd__mul_size(d->n, d->width, &size));
    d->x = mlsd__alloc(a->scope->allocator, size, sizeof *d->x);
    return d->x == NULL ? MLSD_E_NOMEM : MLSD_OK;
}

static void fill_number(design *d, int64_t at)
{
    double mean = 0, square = 0, n = 0;
    for (int64_t i = 0; i < d->n; i++) {
        if (isnan(d->raw[i])) continue;
        n++;
        const double delta = d->raw[i] - mean;
        mean += delta / n;
        square += delta * (d->raw[i] - mean);
    }
    const double scale = n > 0 && square > 0 && isfinite(square) ? sqrt(n / square) : 0;
    for (int64_t i = 0; i < d->n; i++) {
        double *const x = d->x + i * d->width + at;
        if (isnan(d->raw[i])) {
            x[2] = 1;
            continue;
        }
        const double z = scale > 0 ? fmax(-FAR, fmin(FAR, (d->raw[i] - mean) * scale)) : 0;
        x[0] = z;
        x[1] = (z * z - 1) / 2;
    }
}

static void fill_category(design *d, int64_t at, int64_t width)
{
    for (int64_t i = 0; i < d->n; i++) {
        double *const x = d->x + i * d->width + at;
        if (isnan(d->raw[i])) {
            x[width - 1] = 1;
        } else if (d->raw[i] < (double)(width - 1)) {
            x[(int64_t)d->raw[i]] = 1;
        }
    }
}

static void fill(mlsd__audit *a, design *d)
{
    for (int64_t j = 0; j < a->n_features; j++) {
        int64_t n_levels;
        mlsd__audit_column_read(a, j, d->source, 0, d->n, d->raw);
        if (mlsd__audit_column_is_category(a, j, &n_levels)) {
            fill_category(d, d->first[j], d->first[j + 1] - d->first[j]);
        } else {
            fill_number(d, d->first[j]);
        }
    }
}

/* The feature whose columns differ most between the parts, in pooled standard deviations. */
static int64_t most_shifted(const mlsd__audit *a, const design *d)
{
    int64_t best = 0;
    double most = -1;
    for (int64_t j = 0; j < a->n_features; j++) {
        for (int64_t c = d->first[j]; c < d->first[j + 1]; c++) {
            double sum[2] = {0, 0}, square = 0;
            for (int64_t i = 0; i < d->n; i++) {
                const double x = d->x[i * d->width + c];
                sum[i < d->n_test] += x;
                square += x * x;
            }
            const double n = (double)d->n, m = (double)d->n_test;
            const double mean = (sum[0] + sum[1]) / n, variance = square / n - mean * mean;
            const double gap = fabs(sum[1] / m - sum[0] / (n - m));
            if (variance > 1e-12 && gap / sqrt(variance) > most) {
                most = gap / sqrt(variance);
                best = j;
            }
        }
    }
    return best;
}

/* Fit on two of the folds and score the third. */
static mlsd_status score_fold(mlsd__audit *a, design *d, const mlsd_dataset *all,
                              const mlsd_spec *spec, int64_t fold, double *scratch)
{
    mlsd_dataset *train = NULL, *test = NULL;
    mlsd_model *model = NULL;
    int64_t n_train = 0, n_test = 0;
    for (int64_t i = 0; i < d->n; i++) {
        if (i % N_FOLDS != fold) d->part[n_train++] = d->order[i];
    }
    mlsd_status status = mlsd_dataset_rows(all, d->part, n_train, &train);
    for (int64_t i = fold; i < d->n; i += N_FOLDS) d->part[n_test++] = d->order[i];
    if (status == MLSD_OK) status = mlsd_dataset_rows(all, d->part, n_test, &test);
    if (status == MLSD_OK) status = mlsd__model_fit(a->scope, spec, train, NULL, NULL, &model);
    if (status == MLSD_OK)
        status = mlsd__model_predict(a->scope, model, test, MLSD_OUTPUT_PROBA, scratch, 2 * n_test);
    for (int64_t i = 0; i < n_test && status == MLSD_OK; i++) {
        d->score[2 * d->part[i]] = scratch[2 * i];
        d->score[2 * d->part[i] + 1] = scratch[2 * i + 1];
    }
    mlsd_model_free(model);
    mlsd_dataset_free(test);
    mlsd_dataset_free(train);
    return status;
}

/* Shuffled within each side, so that dealing them in turn keeps the folds' shares alike. */
static void draw_order(const mlsd__audit *a, design *d, int64_t split)
{
    for (int side = 0; side < 2; side++) {
        mlsd__stream stream;
        mlsd__stream_init(&stream, (uint64_t)a->params->seed, (uint64_t)split, (uint64_t)side, 0,
                          MLSD__PURPOSE_SPLIT);
        const int64_t first = side == 0 ? 0 : d->n_test,
                      n = side == 0 ? d->n_test : d->n - d->n_test;
        for (int64_t i = 0; i < n; i++) d->order[first + i] = first + i;
        mlsd__stream_shuffle(&stream, d->order + first, n);
    }
}

static mlsd_status cross_score(mlsd__audit *a, design *d, int64_t split)
{
    const mlsd__allocator *const al = a->scope->allocator;
    mlsd_dataset *all = NULL;
    mlsd_spec *spec = NULL;
    d->score = mlsd__alloc_raw(al, 2 * d->n, sizeof *d->score);
    d->order = mlsd__alloc_raw(al, d->n, sizeof *d->order);
    d->part = mlsd__alloc_raw(al, d->n, sizeof *d->part);
    double *const scratch = mlsd__alloc_raw(al, 2 * d->n, sizeof *scratch);
    const mlsd_matrix x = {d->x, d->n, d->width, d->width, 1, MLSD_F64, 0};
    const mlsd_matrix y = {d->y, d->n, 1, 1, 1, MLSD_F64, 0};
    mlsd_status status = d->score == NULL || d->order == NULL || d->part == NULL || scratch == NULL
                             ? MLSD_E_NOMEM
                             : MLSD_OK;
    if (status == MLSD_OK) {
        draw_order(a, d, split);
        status = mlsd_dataset_adopt(a->context, &x, &y, NULL, MLSD_TASK_BINARY, NULL, NULL, &all);
    }
    if (status == MLSD_OK) status = mlsd__spec_new(al, "logistic_regression", &spec);
    for (int64_t f = 0; f < N_FOLDS && status == MLSD_OK; f++)
        status = score_fold(a, d, all, spec, f, scratch);
    mlsd_spec_free(spec);
    mlsd_dataset_free(all);
    mlsd__free(al, scratch);
    return status;
}

static mlsd_status judge(mlsd__audit *a, const design *d, double level, mlsd__estimate *out)
{
    const mlsd__metric_ops *metric;
    MLSD__TRY(mlsd__metric_find("roc_auc", &metric));
    const mlsd__scored scored = {.n = d->n, .n_classes = 2, .y = d->y, .prediction = d->score};
    return mlsd__metric_score(a->scope, metric, &scored, NULL, d->n, level, out);
}

static mlsd_status shift_open(mlsd__audit *a, void **out_state)
{
    shift *const s = mlsd__alloc(a->scope->allocator, 1, sizeof *s);
    if (s == NULL) return MLSD_E_NOMEM;
    *out_state = s;
    s->step = (a->n_looked + MOST_SPLITS - 1) / MOST_SPLITS;
    s->worst = NAN;
    return MLSD_OK;
}

static mlsd_status shift_visit(mlsd__audit *a, void *state, const mlsd__audit_split *split)
{
    shift *const s = state;
    if (s->n_visited++ % s->step != 0) return MLSD_OK;
    if (split->n_train < FEWEST_ROWS || split->n_test < FEWEST_ROWS) return MLSD_OK;
    const int64_t n_judged = (a->n_looked + s->step - 1) / s->step;
    design d = {0};
    mlsd__estimate auc = {0};
    mlsd_status status = take_rows(a, &d, split);
    if (status == MLSD_OK) status = lay_out(a, &d);
    if (status == MLSD_OK) {
        fill(a, &d);
        status = cross_score(a, &d, split->number);
    }
    if (status == MLSD_OK) status = judge(a, &d, 1 - ALPHA / (double)n_judged, &auc);
    if (status == MLSD_OK) {
        s->n_judged++;
        s->n_shifted += auc.low > 0.5 && auc.value >= a->params->shift_threshold;
        if (!(auc.value <= s->worst)) {
            s->worst = auc.value;
            s->low = auc.low;
            s->high = auc.high;
            s->worst_split = split->number;
            s->worst_column = most_shifted(a, &d);
            s->is_natural = split->is_ordered || a->dataset->store->group != NULL ||
                            a->dataset->store->time != NULL;
        }
    }
    design_free(&d, a->scope->allocator);
    return status;
}

static mlsd_status shift_close(mlsd__audit *a, void *state)
{
    const shift *const s = state;
    if (s->n_judged == 0) {
        mlsd__audit_skip(a, "no split has 30 training and 30 test rows");
        return MLSD_OK;
    }
    mlsd__audit_measure(a, "AUC of test against training", s->worst);
    if (s->n_shifted == 0) return MLSD_OK;
    const char *const name = mlsd__audit_column_name(a, s->worst_column);
    char value[MLSD__AUDIT_NUMBER], low[MLSD__AUDIT_NUMBER], high[MLSD__AUDIT_NUMBER];
    return mlsd__audit_report(
        a, "shift", s->is_natural || s->worst < WARN_FROM ? MLSD__INFO : MLSD__WARNING,
        s->worst_split, s->n_shifted, name, NULL,
        "test rows of split %lld can be told from training rows (AUC %s, interval %s to %s), most "
        "by '%.60s': scores hold for rows like the test rows only; shuffle, unless time or groups "
        "are meant to differ",
        (long long)s->worst_split, mlsd__audit_decimal(s->worst, 3, value),
        mlsd__audit_decimal(s->low, 3, low), mlsd__audit_decimal(s->high, 3, high), name);
}

static void shift_free(mlsd__audit *a, void *state)
{
    mlsd__free(a->scope->allocator, state);
}

const mlsd__audit_check mlsd__audit_shift = {.name = "shift",
                                             .open = shift_open,
                                             .visit = shift_visit,
                                             .close = shift_close,
                                             .free_state = shift_free};
