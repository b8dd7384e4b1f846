/* summary.c - from rows to a metric's answer: which summary a metric needs, who shares it, and the
 * two ways to finish (a summary's sums, or the rows of a slot). */
#include "metric/summary.h"

#include <math.h>
#include <string.h>

#include "metric/interval_rates.h"
#include "numeric/distribution.h"
#include "numeric/mathfun.h"

void mlsd__measured_init(mlsd__measured *m, const mlsd__allocator *a)
{
    memset(m, 0, sizeof *m);
    m->allocator = a;
    mlsd__estimate_undefined(&m->estimate);
}

void mlsd__measured_free(mlsd__measured *m)
{
    for (int64_t i = 0; i < m->n_tables; i++) mlsd_table_free(m->tables[i].table);
    mlsd__free(m->allocator, m->parts);
    m->parts = NULL;
    m->n_parts = m->part_capacity = m->n_tables = 0;
}

mlsd_status mlsd__measured_part(mlsd__measured *m, int64_t id, const mlsd__estimate *e)
{
    MLSD__TRY(mlsd__reserve(m->allocator, (void **)&m->parts, &m->part_capacity, m->n_parts + 1,
                            sizeof *m->parts));
    m->parts[m->n_parts++] = (mlsd__part){id, *e};
    return MLSD_OK;
}

mlsd_status mlsd__measured_table(mlsd__measured *m, const char *name, mlsd_table *table)
{
    if (m->n_tables == MLSD__COUNT(m->tables)) {
        mlsd_table_free(table);
        return mlsd__fail(MLSD_E_INTERNAL, "a metric has more than %d tables",
                          (int)MLSD__COUNT(m->tables));
    }
    m->tables[m->n_tables++] = (mlsd__measured_table_entry){name, table};
    return MLSD_OK;
}

const mlsd__summary_ops *mlsd__summary_of(const mlsd__metric_ops *metric, const mlsd__shape *shape)
{
    if (metric->finish == NULL) return &mlsd__summary_rows;
    if (metric->choose != NULL) return metric->choose(metric->params, shape);
    return metric->summary != NULL ? metric->summary : &mlsd__summary_rows;
}

bool mlsd__summary_is_shared(const mlsd__summary_ops *summary, const mlsd__metric_ops *a,
                             const mlsd__metric_ops *b)
{
    if (!summary->is_of_metric) return true;
    return a->row_loss == b->row_loss && a->summary_loss == b->summary_loss && a->data == b->data &&
           a->needs_proba == b->needs_proba && a->params_size == b->params_size &&
           (a->params_size == 0 || memcmp(a->params, b->params, a->params_size) == 0);
}

mlsd_status mlsd__metric_finish(mlsd__scope *scope, const mlsd__finish *f, mlsd__measured *out)
{
    if (f->metric->finish != NULL) return f->metric->finish(scope, f, out);
    mlsd__scored scored;
    mlsd__rows_read(f->state, f->slot, f->metric, &scored);
    if (scored.n == 0) return MLSD_OK;
    return mlsd__metric_score(scope, f->metric, &scored, NULL, scored.n, f->level, &out->estimate);
}

/* Rows at hand, a block at a time, in the form that summaries read. */
typedef struct feed {
    mlsd__shape shape;
    bool gives_classes;
    double *y, *prediction, *weight;
    int32_t *y_class, *prediction_class;
} feed;

static void feed_free(const mlsd__allocator *a, feed *f)
{
    mlsd__free(a, f->y);
    mlsd__free(a, f->prediction);
    mlsd__free(a, f->weight);
    mlsd__free(a, f->y_class);
    mlsd__free(a, f->prediction_class);
}

static mlsd_status feed_new(const mlsd__allocator *a, feed *f)
{
    const int64_t rows = MLSD__BLOCK_ROWS;
    f->y = mlsd__alloc_raw(a, rows * f->shape.y_cols, sizeof *f->y);
    if (f->y == NULL) return MLSD_E_NOMEM;
    f->prediction = mlsd__alloc_raw(a, rows * f->shape.prediction_cols, sizeof *f->prediction);
    if (f->prediction == NULL) return MLSD_E_NOMEM;
    f->weight = mlsd__alloc_raw(a, rows, sizeof *f->weight);
    if (f->weight == NULL) return MLSD_E_NOMEM;
    f->y_class = mlsd__alloc_raw(a, rows, sizeof *f->y_class);
    if (f->y_class == NULL) return MLSD_E_NOMEM;
    f->prediction_class = mlsd__alloc_raw(a, rows, sizeof *f->prediction_class);
    return f->prediction_class != NULL ? MLSD_OK : MLSD_E_NOMEM;
}

static void gather(const double *from, int64_t cols, const int64_t *rows, int64_t first, int64_t n,
                   double *out)
{
    for (int64_t i = 0; i < n; i++) {
        memcpy(out + i * cols, from + mlsd__scored_row(rows, first + i) * cols,
               (size_t)cols * sizeof *out);
    }
}

static void feed_block(const feed *f, const mlsd__scored *s, const int64_t *rows, int64_t first,
                       int64_t n, mlsd__batch *out)
{
    gather(s->y, f->shape.y_cols, rows, first, n, f->y);
    gather(s->prediction, f->shape.prediction_cols, rows, first, n, f->prediction);
    if (s->weight != NULL) gather(s->weight, 1, rows, first, n, f->weight);
    *out = (mlsd__batch){.n = n,
                         .y = f->y,
                         .prediction = f->prediction,
                         .proba = f->shape.has_proba ? f->prediction : NULL,
                         .weight = s->weight == NULL ? NULL : f->weight};
    if (!f->gives_classes) return;
    for (int64_t i = 0; i < n; i++) {
        f->y_class[i] = (int32_t)f->y[i];
        f->prediction_class[i] = (int32_t)f->prediction[i];
    }
    out->y_class = f->y_class;
    out->prediction_class = f->prediction_class;
}

/* Classes are as many as the rows tell, or as many as are known. */
static int64_t count_classes(const mlsd__scored *s, const int64_t *rows, int64_t n_rows,
                             bool has_proba)
{
    double largest = 0;
    for (int64_t i = 0; !has_proba && i < n_rows; i++) {
        const int64_t row = mlsd__scored_row(rows, i);
        largest = fmax(largest, fmax(s->y[row], s->prediction[row]));
    }
    return largest + 1 > (double)s->n_classes ? (int64_t)largest + 1 : s->n_classes;
}

static mlsd_status add_all(mlsd__scope *scope, const mlsd__summary_ops *summary, void *state,
                           const feed *f, const mlsd__scored *s, const int64_t *rows,
                           int64_t n_rows)
{
    for (int64_t first = 0; first < n_rows; first += MLSD__BLOCK_ROWS) {
        const int64_t left = n_rows - first;
        mlsd__batch batch;
        feed_block(f, s, rows, first, left < MLSD__BLOCK_ROWS ? left : MLSD__BLOCK_ROWS, &batch);
        MLSD__TRY(summary->add(scope, state, &batch));
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    return MLSD_OK;
}

static mlsd_status summarise(mlsd__scope *scope, const mlsd__metric_ops *metric, feed *f,
                             const mlsd__scored *s, const int64_t *rows, int64_t n_rows,
                             double level, mlsd__estimate *out)
{
    const mlsd__summary_ops *const summary = mlsd__summary_of(metric, &f->shape);
    void *state = NULL;
    mlsd__measured measured;
    mlsd__measured_init(&measured, scope->allocator);
    if (metric->check != NULL) MLSD__TRY(metric->check(metric->params, &f->shape));
    MLSD__TRY(summary->open(scope->allocator, &f->shape, metric, &state));
    mlsd_status status = feed_new(scope->allocator, f);
    if (status == MLSD_OK) status = add_all(scope, summary, state, f, s, rows, n_rows);
    if (status == MLSD_OK) {
        const mlsd__finish finish = {.metric = metric,
                                     .params = metric->params,
                                     .shape = &f->shape,
                                     .state = state,
                                     .level = level};
        status = metric->finish(scope, &finish, &measured);
        *out = measured.estimate;
    }
    feed_free(scope->allocator, f);
    summary->close(state);
    mlsd__measured_free(&measured);
    return status;
}

mlsd_status mlsd__metric_score(mlsd__scope *scope, const mlsd__metric_ops *metric,
                               const mlsd__scored *s, const int64_t *rows, int64_t n_rows,
                               double level, mlsd__estimate *out)
{
    mlsd__scored scored = *s;
    scored.params = metric->params;
    scored.data = metric->data;
    mlsd__estimate_undefined(out);
    const bool of_outputs = metric->for_outputs && s->y_cols > 1; /* `score` knows one */
    if (metric->score != NULL && !of_outputs) {
        return metric->score(scope, &scored, rows, n_rows, level, out);
    }
    const bool has_proba = metric->needs_proba;
    const int64_t y_cols = s->y_cols > 0 ? s->y_cols : 1;
    feed f = {.shape = {.y_cols = y_cols,
                        .prediction_cols = s->prediction_cols > 0 ? s->prediction_cols
                                           : has_proba            ? s->n_classes
                                                                  : y_cols,
                        .n_slots = 1,
                        .has_proba = has_proba,
                        .is_weighted = s->weight != NULL}};
    if (metric->for_classification) {
        f.shape.n_classes = y_cols > 1 ? 2 : count_classes(s, rows, n_rows, has_proba);
        f.gives_classes = y_cols == 1 && !has_proba;
    }
    return summarise(scope, metric, &f, &scored, rows, n_rows, level, out);
}

/* Wilson's interval; with weights n is the effective number of rows (Kish 1965). */
void mlsd__estimate_share(double numerator, double denominator, double squares, double support,
                          double level, mlsd__estimate *out)
{
    mlsd__estimate_undefined(out);
    out->numerator = numerator;
    out->denominator = denominator;
    out->support = support;
    if (!(denominator > 0)) return;
    const double p = numerator / denominator, n = denominator * denominator / squares;
    out->value = p;
    out->df = INFINITY;
    out->n_rows = n;
    out->se = sqrt(p * (1 - p) / n);
    if (isnan(level)) return;
    mlsd__wilson(p, n, mlsd__normal_quantile(0.5 + level / 2), &out->low, &out->high);
}

double mlsd__limit_of_all(double level, double n)
{
    return n > 0 ? mlsd__pow((1 - level) / 2, 1 / n) : 0;
}

void mlsd__limits_of_ends(double level, const double *sum, const double *n, mlsd__estimate *e)
{
    e->low = sum[1] > 0 ? sum[1] * mlsd__limit_of_all(level, n[1] * sum[1]) : 0;
    e->high = sum[1];
    if (sum[0] > 0) e->high += sum[0] * (1 - mlsd__limit_of_all(level, n[0] * sum[0]));
}

bool mlsd__has_spread(const mlsd__estimate *e)
{
    static const double least_se = 1e-12;
    return e->se > least_se;
}
