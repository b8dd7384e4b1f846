/* intake.c - reading y, predictions and weights for metrics.
 *
 * Classes may come as class numbers, as probabilities (one column a class, or of class 1 of two):
 * the predicted class is then the most probable one, of equal ones the first, and of one column
 * class 1 above 1/2. */
#include "metric/intake.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "data/matrix_view.h"
#include "metric/binary_block.h"
#include "metric/intake_block.h"

/* What the probabilities of a row may miss a sum of 1 by: those of floats are off by 1e-7. */
#define PROBABILITY_SUM_TOLERANCE 1e-5

static mlsd_status bad(const char *name, int64_t row, double value, const char *what)
{
    char text[MLSD__NUMBER_CAPACITY];
    mlsd__format_double(value, text);
    return mlsd__fail(MLSD_E_DATA, "%s[%lld] is %s, %s", name, (long long)row, text, what);
}

static mlsd_status bad_class(const char *name, int64_t row, double value, int64_t n_classes)
{
    char text[MLSD__NUMBER_CAPACITY];
    mlsd__format_double(value, text);
    if (n_classes < 0) {
        return mlsd__fail(MLSD_E_DATA, "%s[%lld] is %s, not a class number 0, 1, ...", name,
                          (long long)row, text);
    }
    return mlsd__fail(MLSD_E_DATA, "%s[%lld] is %s, not a class number in 0 .. %lld", name,
                      (long long)row, text, (long long)n_classes - 1);
}

/* The largest number of a part of the rows and, where one is no class number, the first such row.
 */
enum { SEARCH_ROWS = 1 << 16 };
typedef struct largest_part {
    double largest, bad_value;
    int64_t bad_row; /* -1: none */
} largest_part;
typedef struct largest_job {
    const mlsd_matrix *m;
    largest_part *parts;
} largest_job;

static void look_for_bad(const double *x, int64_t n, int64_t first, largest_part *out)
{
    for (int64_t i = 0; i < n && out->bad_row < 0; i++) {
        if (x[i] >= 0 && x[i] < INT32_MAX && x[i] == (double)(int32_t)x[i]) continue;
        out->bad_row = first + i;
        out->bad_value = x[i];
    }
}

static void look_at_block(const double *x, int64_t n, int64_t first, largest_part *out)
{
    enum { LANES = 4 };
    double largest[LANES] = {0};
    int64_t n_bad = 0, i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (int64_t j = 0; j < LANES; j++) {
            largest[j] = x[i + j] > largest[j] ? x[i + j] : largest[j];
        }
    }
    for (; i < n; i++) largest[0] = x[i] > largest[0] ? x[i] : largest[0];
    for (int64_t j = 0; j < LANES; j++) out->largest = fmax(out->largest, largest[j]);
    for (i = 0; i < n; i++) n_bad += !((x[i] >= 0) & (x[i] < INT32_MAX));
    for (i = 0; i < n && n_bad == 0; i++) n_bad += (double)(int32_t)x[i] != x[i];
    if (n_bad > 0) look_for_bad(x, n, first, out);
}

static mlsd_status search_part(void *arg, int64_t part, mlsd__scope *scope)
{
    const largest_job *const job = arg;
    double block[MLSD__BLOCK_ROWS];
    const int64_t n_rows = job->m->rows;
    const int64_t end = (part + 1) * SEARCH_ROWS < n_rows ? (part + 1) * SEARCH_ROWS : n_rows;
    largest_part found = {.bad_row = -1};
    for (int64_t first = part * SEARCH_ROWS; first < end; first += MLSD__BLOCK_ROWS) {
        const int64_t n = end - first < MLSD__BLOCK_ROWS ? end - first : MLSD__BLOCK_ROWS;
        int32_t largest = (int32_t)found.largest;
        if (found.bad_row < 0 && job->m->dtype == MLSD_I64 && job->m->row_stride == 1 &&
            mlsd__block_largest_i64((const int64_t *)job->m->data + first, n, &largest)) {
            found.largest = (double)largest;
            continue;
        }
        mlsd__matrix_read(job->m, NULL, first, n, block);
        look_at_block(block, n, first, &found);
    }
    job->parts[part] = found;
    return mlsd__checkpoint(scope);
}

/* Largest class number of a vector; -1 and the offending row where one is none. */
static mlsd_status find_largest(mlsd__scope *scope, const mlsd_matrix *m, double *out_largest,
                                int64_t *out_bad, double *out_value)
{
    const int64_t n_parts = (m->rows + SEARCH_ROWS - 1) / SEARCH_ROWS;
    *out_largest = 0;
    *out_bad = -1;
    if (n_parts == 0) return MLSD_OK;
    largest_job job = {.m = m};
    job.parts = mlsd__alloc(scope->allocator, n_parts, sizeof *job.parts);
    if (job.parts == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = mlsd__parallel_for(scope, n_parts, search_part, &job);
    for (int64_t i = 0; i < n_parts && status == MLSD_OK; i++) {
        *out_largest = fmax(*out_largest, job.parts[i].largest);
        if (*out_bad >= 0 || job.parts[i].bad_row < 0) continue;
        *out_bad = job.parts[i].bad_row;
        *out_value = job.parts[i].bad_value;
    }
    mlsd__free(scope->allocator, job.parts);
    return status;
}

/* How many classes there are where nobody said. */
static mlsd_status find_classes(mlsd__scope *scope, const mlsd_matrix *y,
                                const mlsd_matrix *prediction, int64_t *out)
{
    double of_y = 0, of_prediction = 0, value = 0;
    int64_t row = 0;
    MLSD__TRY(find_largest(scope, y, &of_y, &row, &value));
    if (row >= 0) return bad_class("y", row, value, -1);
    MLSD__TRY(find_largest(scope, prediction, &of_prediction, &row, &value));
    *out = (int64_t)fmax(1, fmax(of_y, of_prediction)) + 1;
    if (row < 0) return MLSD_OK;
    /* Not class numbers: probabilities of class 1, if they can be. */
    if (value >= 0 && value <= 1 && *out == 2) return MLSD_OK;
    return bad_class("prediction", row, value, -1);
}

static mlsd_status check_kinds(const mlsd__metric_ops *metrics, int64_t n_metrics,
                               bool *out_classes, bool *out_proba, bool *out_any,
                               bool *out_any_columns)
{
    *out_classes = metrics[0].for_classification;
    *out_proba = false;
    *out_any = *out_any_columns = true;
    for (int64_t m = 0; m < n_metrics; m++) {
        if (metrics[m].for_classification != *out_classes) {
            return mlsd__fail(MLSD_E_KIND,
                              "metrics of classes and of numbers cannot share one pass; "
                              "make two scorecards");
        }
        *out_proba |= metrics[m].needs_proba;
        *out_any &= metrics[m].needs_proba && metrics[m].any_score;
        *out_any_columns &= metrics[m].needs_proba && metrics[m].any_columns;
    }
    return MLSD_OK;
}

static mlsd_status need_columns(const mlsd_matrix *prediction, int64_t cols)
{
    return mlsd__fail(MLSD_E_SHAPE, "prediction must be %lld x %lld, got %lld x %lld",
                      (long long)prediction->rows, (long long)cols, (long long)prediction->rows,
                      (long long)prediction->cols);
}

static mlsd_status plan_classes(mlsd__scope *scope, bool wants_proba, int64_t n_classes,
                                const mlsd_matrix *y, const mlsd_matrix *prediction,
                                mlsd__intake *out)
{
    const int64_t cols = prediction->cols;
    if (y->cols > 1) { /* many labels */
        if (cols != y->cols) return need_columns(prediction, y->cols);
        out->of_labels = true;
        out->shape.n_classes = 2;
        out->shape.prediction_cols = cols;
        out->shape.has_proba = wants_proba;
        return MLSD_OK;
    }
    out->of_classes = true;
    out->shape.n_classes = n_classes > 0 ? n_classes : cols > 1 ? cols : wants_proba ? 2 : 0;
    if (out->shape.n_classes == 0)
        MLSD__TRY(find_classes(scope, y, prediction, &out->shape.n_classes));
    out->shape.has_proba = wants_proba;
    if (cols > 1 && cols != out->shape.n_classes) {
        return need_columns(prediction, out->shape.n_classes);
    }
    if (wants_proba && cols == 1 && out->shape.n_classes != 2) {
        return need_columns(prediction, out->shape.n_classes);
    }
    return MLSD_OK;
}

static mlsd_status check_labels_taken(const mlsd__metric_ops *metrics, int64_t n_metrics,
                                      const mlsd__intake *in)
{
    for (int64_t m = 0; m < n_metrics; m++) {
        if (in->shape.y_cols == 1 || metrics[m].for_labels || metrics[m].for_outputs) continue;
        return mlsd__fail(MLSD_E_SHAPE, "y must be n x 1 for this metric, got %lld columns",
                          (long long)in->shape.y_cols);
    }
    for (int64_t m = 0; m < n_metrics; m++) {
        if (metrics[m].check != NULL) MLSD__TRY(metrics[m].check(metrics[m].params, &in->shape));
    }
    return MLSD_OK;
}

mlsd_status mlsd__intake_plan(mlsd__scope *scope, const mlsd__metric_ops *metrics,
                              int64_t n_metrics, int64_t n_classes, int64_t n_slots,
                              const mlsd_matrix *y, const mlsd_matrix *prediction,
                              const mlsd_matrix *weight, mlsd__intake *out)
{
    bool of_classes, wants_proba;
    memset(out, 0, sizeof *out);
    MLSD__TRY(check_kinds(metrics, n_metrics, &of_classes, &wants_proba, &out->is_any_score,
                          &out->is_any_columns));
    MLSD__TRY(mlsd__matrix_check(y, "y"));
    MLSD__TRY(mlsd__matrix_check(prediction, "prediction"));
    if (prediction->rows != y->rows) {
        return mlsd__fail(MLSD_E_SHAPE, "prediction has %lld rows, y has %lld",
                          (long long)prediction->rows, (long long)y->rows);
    }
    if (y->cols < 1 || prediction->cols < 1) {
        return mlsd__fail(MLSD_E_SHAPE, "%s has no column", y->cols < 1 ? "y" : "prediction");
    }
    if (weight != NULL) MLSD__TRY(mlsd__matrix_check_vector(weight, "weight", y->rows));
    out->cols = prediction->cols;
    out->shape = (mlsd__shape){
        .y_cols = y->cols, .prediction_cols = 1, .n_slots = n_slots, .is_weighted = weight != NULL};
    if (of_classes) {
        MLSD__TRY(plan_classes(scope, wants_proba, n_classes, y, prediction, out));
    } else {
        out->shape.prediction_cols = prediction->cols;
    }
    return check_labels_taken(metrics, n_metrics, out);
}

static double *doubles(const mlsd__allocator *a, int64_t rows, int64_t cols)
{
    int64_t n = 0;
    return mlsd__mul_size(rows, cols, &n) == MLSD_OK ? mlsd__alloc_raw(a, n, sizeof(double)) : NULL;
}

mlsd_status mlsd__intake_open(const mlsd__allocator *a, int64_t capacity, mlsd__intake *in)
{
    in->allocator = *a;
    in->capacity = capacity;
    in->y = doubles(a, capacity, in->shape.y_cols);
    if (in->y == NULL) return MLSD_E_NOMEM;
    in->raw = doubles(a, capacity, in->cols);
    if (in->raw == NULL) return MLSD_E_NOMEM;
    in->prediction = doubles(a, capacity, in->shape.prediction_cols);
    if (in->prediction == NULL) return MLSD_E_NOMEM;
    if (in->shape.has_proba && in->of_classes) {
        in->proba = doubles(a, capacity, in->shape.n_classes);
        if (in->proba == NULL) return MLSD_E_NOMEM;
    }
    in->weight = doubles(a, capacity, 1);
    if (in->weight == NULL) return MLSD_E_NOMEM;
    in->y_class = mlsd__alloc_raw(a, capacity, sizeof *in->y_class);
    if (in->y_class == NULL) return MLSD_E_NOMEM;
    in->prediction_class = mlsd__alloc_raw(a, capacity, sizeof *in->prediction_class);
    return in->prediction_class != NULL ? MLSD_OK : MLSD_E_NOMEM;
}

void mlsd__intake_close(mlsd__intake *in)
{
    const mlsd__allocator *const a = &in->allocator;
    if (in->capacity == 0) return;
    mlsd__free(a, in->y);
    mlsd__free(a, in->raw);
    mlsd__free(a, in->prediction);
    mlsd__free(a, in->proba);
    mlsd__free(a, in->weight);
    mlsd__free(a, in->y_class);
    mlsd__free(a, in->prediction_class);
    in->capacity = 0;
}

/* All at once first; a row that is wrong is looked for afterwards. */
static mlsd_status read_classes(const char *name, const double *x, int64_t n, int64_t n_classes,
                                int64_t first, int32_t *out)
{
    if (n_classes <= INT32_MAX && mlsd__block_classes_f64(x, n, (int32_t)n_classes, out)) {
        return MLSD_OK;
    }
    for (int64_t i = 0; i < n; i++) {
        if (!(x[i] >= 0 && x[i] < (double)n_classes)) {
            return bad_class(name, first + i, x[i], n_classes);
        }
        out[i] = (int32_t)x[i];
        if ((double)out[i] != x[i]) return bad_class(name, first + i, x[i], n_classes);
    }
    return MLSD_OK;
}

/* The most probable class, of equal ones the first. */
static mlsd_status read_probabilities(mlsd__intake *in, int64_t first, int64_t n)
{
    const int64_t k = in->shape.n_classes;
    for (int64_t i = 0; i < n; i++) {
        const double *const p = in->raw + i * k;
        double sum = 0;
        int64_t best = 0;
        for (int64_t c = 0; c < k; c++) {
            if (!(p[c] >= 0 && p[c] <= 1) && !(in->is_any_columns && isfinite(p[c]))) {
                return bad("prediction", first + i, p[c], "not a probability in [0, 1]");
            }
            sum += p[c];
            if (p[c] > p[best]) best = c;
        }
        if (!(fabs(sum - 1) <= PROBABILITY_SUM_TOLERANCE) && !in->is_any_columns) {
            char text[MLSD__NUMBER_CAPACITY];
            mlsd__format_double(sum, text);
            return mlsd__fail(MLSD_E_DATA, "the probabilities in row %lld sum to %s, not to 1",
                              (long long)(first + i), text);
        }
        in->prediction_class[i] = (int32_t)best;
        in->prediction[i] = (double)best;
    }
    if (in->proba != NULL) memcpy(in->proba, in->raw, (size_t)(n * k) * sizeof *in->raw);
    return MLSD_OK;
}

/* One column of two classes: the probability of class 1, or a score of it, or the class. */
static mlsd_status read_score(mlsd__intake *in, const double *raw, int64_t first, int64_t n)
{
    const bool is_unit = mlsd__block_halves(raw, n, in->prediction_class);
    for (int64_t i = 0; i < n && !is_unit; i++) {
        const double p = raw[i];
        if (!(p >= 0 && p <= 1) && !(in->is_any_score && isfinite(p))) {
            return bad("prediction", first + i, p,
                       in->is_any_score ? "not a finite number" : "not a probability in [0, 1]");
        }
    }
    in->score = raw;
    if (in->one_column) return MLSD_OK;
    if (!in->only_classes) mlsd__block_doubles(in->prediction_class, n, in->prediction);
    if (in->proba != NULL) mlsd__block_widen(raw, n, in->proba);
    return MLSD_OK;
}

static mlsd_status read_labels(const char *name, const double *x, int64_t n, int64_t cols,
                               int64_t first)
{
    for (int64_t i = 0; i < n * cols; i++) {
        if (x[i] == 0 || x[i] == 1) continue;
        char text[MLSD__NUMBER_CAPACITY];
        mlsd__format_double(x[i], text);
        return mlsd__fail(MLSD_E_DATA, "label %lld of %s[%lld] is %s, not 0 or 1",
                          (long long)(i % cols), name, (long long)(first + i / cols), text);
    }
    return MLSD_OK;
}

static mlsd_status read_numbers(const char *name, const double *x, int64_t n, int64_t cols,
                                int64_t first)
{
    for (int64_t i = 0; i < n * cols; i++) {
        if (!isfinite(x[i])) return bad(name, first + i / cols, x[i], "not a finite number");
    }
    return MLSD_OK;
}

/* Class numbers that are whole numbers and stand together, without a way through doubles. */
static bool read_whole(const mlsd_matrix *m, int64_t n_classes, int64_t first, int64_t n,
                       int32_t *out)
{
    if (m->cols != 1 || m->row_stride != 1 || n_classes > INT32_MAX) return false;
    const int32_t k = (int32_t)n_classes;
    if (m->dtype == MLSD_I64) {
        return mlsd__block_classes_i64((const int64_t *)m->data + first, n, k, out);
    }
    return m->dtype == MLSD_I32 &&
           mlsd__block_classes_i32((const int32_t *)m->data + first, n, k, out);
}

static mlsd_status read_y_classes(mlsd__intake *in, const mlsd_matrix *y, int64_t first, int64_t n,
                                  const double **out)
{
    if (read_whole(y, in->shape.n_classes, first, n, in->y_class)) {
        if (!in->only_classes) mlsd__block_doubles(in->y_class, n, in->y);
        *out = in->y;
        return MLSD_OK;
    }
    *out = mlsd__doubles_at(y, first, n, in->y);
    return read_classes("y", *out, n, in->shape.n_classes, first, in->y_class);
}

static mlsd_status read_prediction(mlsd__intake *in, const mlsd_matrix *m, int64_t number,
                                   int64_t n)
{
    if (in->of_classes && in->only_classes && in->proba == NULL &&
        read_whole(m, in->shape.n_classes, number, n, in->prediction_class)) {
        return MLSD_OK;
    }
    if (in->of_classes && in->cols == 1 && in->shape.n_classes == 2) {
        return read_score(in, mlsd__doubles_at(m, number, n, in->raw), number, n);
    }
    mlsd__matrix_read(m, NULL, number, n, in->raw);
    if (in->of_classes) {
        if (in->cols > 1) return read_probabilities(in, number, n);
        memcpy(in->prediction, in->raw, (size_t)n * sizeof *in->raw);
        return read_classes("prediction", in->raw, n, in->shape.n_classes, number,
                            in->prediction_class);
    }
    memcpy(in->prediction, in->raw, (size_t)(n * in->cols) * sizeof *in->raw);
    if (in->of_labels && !in->shape.has_proba) {
        return read_labels("prediction", in->raw, n, in->cols, number);
    }
    return read_numbers("prediction", in->raw, n, in->cols, number);
}

mlsd_status mlsd__intake_read(mlsd__intake *in, const mlsd_matrix *y, const mlsd_matrix *prediction,
                              const mlsd_matrix *weight, int64_t first, int64_t n, mlsd__batch *out)
{
    const int64_t y_cols = in->shape.y_cols;
    const double *y_read = in->y;
    if (in->of_classes) {
        MLSD__TRY(read_y_classes(in, y, first, n, &y_read));
    } else {
        mlsd__matrix_read(y, NULL, first, n, in->y);
        MLSD__TRY(in->of_labels ? read_labels("y", in->y, n, y_cols, first)
                                : read_numbers("y", in->y, n, y_cols, first));
    }
    MLSD__TRY(read_prediction(in, prediction, first, n));
    if (weight != NULL) {
        mlsd__matrix_read(weight, NULL, first, n, in->weight);
        int64_t n_bad = 0;
        for (int64_t i = 0; i < n; i++) {
            n_bad += !((in->weight[i] >= 0) & (in->weight[i] <= DBL_MAX));
        }
        for (int64_t i = 0; i < n && n_bad > 0; i++) {
            if (in->weight[i] >= 0 && isfinite(in->weight[i])) continue;
            return bad("weight", first + i, in->weight[i], "not a finite number of at least 0");
        }
    }
    const bool labels_proba = in->of_labels && in->shape.has_proba;
    *out = (mlsd__batch){.n = n,
                         .y = y_read,
                         .prediction = in->prediction,
                         .proba = labels_proba     ? in->prediction
                                  : in->one_column ? NULL
                                                   : in->proba,
                         .score = in->one_column ? in->score : NULL,
                         .weight = weight != NULL ? in->weight : NULL,
                         .y_class = in->of_classes ? in->y_class : NULL,
                         .prediction_class = in->of_classes ? in->prediction_class : NULL};
    return MLSD_OK;
}
