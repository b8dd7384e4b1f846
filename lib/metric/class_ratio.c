/* class_ratio.c - ratios of cells, class against the rest, and their averages.
 *
 * Every average is a smooth function of the confusion's weights C[t][p] that does not change when
 * all are multiplied by a number. A row of cell (t, p) and weight w therefore moves it by
 * w * dM/dC[t][p], and the standard error is the root of the sum of squares of these moves (the
 * delta method; Stehman 1997, Remote Sensing of Environment 62:77, for such tables). */
#include "metric/class_ratio.h"

#include <math.h>
#include <string.h>

#include "base/text.h"

const char *const mlsd__average_choices[] = {"binary",  "micro", "macro", "weighted",
                                             "samples", "none",  NULL};

/* Weights, their squares and the number of rows in the four cells of one class. */
typedef struct cells {
    double w[MLSD__N_CELLS], squares[MLSD__N_CELLS], count[MLSD__N_CELLS];
} cells;

/* A class's ratio and its slope by each of the cells. */
typedef struct class_value {
    cells at;
    double above, below, value; /* value: with zero_division where it is not defined */
    double slope[MLSD__N_CELLS];
    double share; /* of the average */
    bool is_present, is_defined;
} class_value;

static double dot(const double *a, const double *b)
{
    double sum = 0;
    for (int k = 0; k < MLSD__N_CELLS; k++) sum += a[k] * b[k];
    return sum;
}

static void split(const double *table, int64_t n, const double *margins, int64_t c, double *out)
{
    const double *const of_true = margins, *const of_predicted = margins + n;
    const double total = margins[2 * n];
    out[MLSD__TP] = table[c * n + c];
    out[MLSD__FN] = of_true[c] - out[MLSD__TP];
    out[MLSD__FP] = of_predicted[c] - out[MLSD__TP];
    out[MLSD__TN] = fmax(0, total - of_true[c] - of_predicted[c] + out[MLSD__TP]);
    if (out[MLSD__FN] < 0) out[MLSD__FN] = 0; /* sums of weights round */
    if (out[MLSD__FP] < 0) out[MLSD__FP] = 0;
}

/* Sums of rows, of columns, of all: 2 n + 1 numbers. */
static void add_margins(const double *table, int64_t n, double *out)
{
    memset(out, 0, (size_t)(2 * n + 1) * sizeof *out);
    for (int64_t t = 0; t < n; t++) {
        for (int64_t p = 0; p < n; p++) {
            out[t] += table[t * n + p];
            out[n + p] += table[t * n + p];
        }
        out[2 * n] += out[t];
    }
}

static void set_ratio(class_value *v, const mlsd__ratio *ratio, double zero_division)
{
    v->above = dot(ratio->above, v->at.w);
    v->below = dot(ratio->below, v->at.w);
    v->is_present = v->at.count[MLSD__TP] + v->at.count[MLSD__FP] + v->at.count[MLSD__FN] > 0;
    v->is_defined = v->below > 0;
    v->value = v->is_defined ? v->above / v->below : zero_division;
    for (int k = 0; k < MLSD__N_CELLS; k++) {
        v->slope[k] = v->is_defined ? (ratio->above[k] - v->value * ratio->below[k]) / v->below : 0;
    }
}

static bool is_zero_or_one(double x)
{
    return x == 0 || x == 1;
}

/* Is it the share of some rows among others? */
static bool is_share(const mlsd__ratio *ratio)
{
    for (int k = 0; k < MLSD__N_CELLS; k++) {
        if (!is_zero_or_one(ratio->above[k]) || !is_zero_or_one(ratio->below[k])) return false;
        if (ratio->above[k] > ratio->below[k]) return false;
    }
    return true;
}

static bool is_f1(const mlsd__ratio *r)
{
    return r->above[MLSD__TP] == 2 && r->below[MLSD__TP] == 2 && r->below[MLSD__FP] == 1 &&
           r->below[MLSD__FN] == 1 && r->below[MLSD__TN] == 0;
}

/* F1 = 2 J / (1 + J). */
static void f1_of_share(mlsd__estimate *e)
{
    const double slope = 2 / ((1 + e->value) * (1 + e->value));
    e->se *= slope;
    e->value = 2 * e->value / (1 + e->value);
    e->low = 2 * e->low / (1 + e->low);
    e->high = 2 * e->high / (1 + e->high);
}

/* The interval of a value from the sum of squared moves of the rows. */
static void delta_interval(double squares, double count, double weight, double all_squares,
                           double level, mlsd__estimate *e)
{
    e->df = count - 1;
    e->n_rows = weight * weight / all_squares;
    e->se = count < 2 ? NAN : sqrt(squares * (count / (count - 1)));
    mlsd__estimate_interval(e, level, 0, 1);
}

/* Rows of the cells that the denominator holds. */
static double rows_below(const double *below, const double *of)
{
    double sum = 0;
    for (int k = 0; k < MLSD__N_CELLS; k++) sum += below[k] != 0 ? of[k] : 0;
    return sum;
}

/* Of as many rows of equal weights. */
static double effective_below(const double *below, const double *w, const double *squares)
{
    const double sum = rows_below(below, w), of_squares = rows_below(below, squares);
    return of_squares > 0 ? sum * sum / of_squares : 0;
}

static double sum_cells(const double *x)
{
    return x[0] + x[1] + x[2] + x[3];
}

static void estimate_class(const class_value *v, const mlsd__ratio *ratio, double level,
                           mlsd__estimate *e)
{
    const double support = rows_below(ratio->below, v->at.count);
    const double squares = rows_below(ratio->below, v->at.squares);
    mlsd__estimate_undefined(e);
    if (is_f1(ratio)) {
        mlsd__estimate_share(v->at.w[MLSD__TP], rows_below(ratio->below, v->at.w), squares, support,
                             level, e);
        f1_of_share(e);
        e->value = v->value; /* rounded once */
    } else if (is_share(ratio)) {
        mlsd__estimate_share(v->above, v->below, squares, support, level, e);
    } else if (v->is_defined) {
        double moved = 0;
        for (int k = 0; k < MLSD__N_CELLS; k++)
            moved += v->at.squares[k] * v->slope[k] * v->slope[k];
        e->value = v->value;
        delta_interval(moved, sum_cells(v->at.count), sum_cells(v->at.w), sum_cells(v->at.squares),
                       level, e);
        if (!mlsd__has_spread(e) && !isnan(level)) {
            /* All are right, and F is at least the Jaccard index; or none, and it is 0. */
            const double n = effective_below(ratio->below, v->at.w, v->at.squares);
            e->low = v->value == 1 ? mlsd__limit_of_all(level, n) : NAN;
            e->high = v->value == 1 ? 1 : NAN;
        }
    }
    e->numerator = v->above;
    e->denominator = v->below;
    e->support = support;
    if (!v->is_defined) e->value = v->value; /* zero_division; NaN unless it was asked for */
}

/* The classes that are put together, in order. */
typedef struct work {
    const mlsd__finish *f;
    const mlsd__ratio *ratio;
    const mlsd__ratio_params *p;
    mlsd__confusion table;
    int64_t n;            /* classes of the average */
    const double *labels; /* their numbers; NULL: 0, 1, ... */
    class_value *values;
    double *margins; /* 2 K + 1 of weights, squares, counts */
    double *moves;   /* K x 4: the average's slope by the cells of class c */
} work;

static int64_t class_at(const work *w, int64_t i)
{
    return w->labels == NULL ? i : (int64_t)w->labels[i];
}

/* Label l's own table of 2 x 2. */
static void split_label(const double *table, int64_t l, double *out)
{
    const double *const of = table + 4 * l;
    out[MLSD__TN] = of[0];
    out[MLSD__FP] = of[1];
    out[MLSD__FN] = of[2];
    out[MLSD__TP] = of[3];
}

static void fill_labels(work *w)
{
    for (int64_t i = 0; i < w->n; i++) {
        class_value *const v = &w->values[i];
        split_label(w->table.weight, class_at(w, i), v->at.w);
        split_label(w->table.squares, class_at(w, i), v->at.squares);
        split_label(w->table.count, class_at(w, i), v->at.count);
        set_ratio(v, w->ratio, w->p->zero_division);
        v->is_present = true;
    }
}

static void fill_classes(work *w)
{
    const int64_t k = w->table.n_classes, stride = 2 * k + 1;
    if (w->table.n_labels > 0) {
        fill_labels(w);
        return;
    }
    add_margins(w->table.weight, k, w->margins);
    add_margins(w->table.squares, k, w->margins + stride);
    add_margins(w->table.count, k, w->margins + 2 * stride);
    for (int64_t i = 0; i < w->n; i++) {
        class_value *const v = &w->values[i];
        const int64_t c = class_at(w, i);
        split(w->table.weight, k, w->margins, c, v->at.w);
        split(w->table.squares, k, w->margins + stride, c, v->at.squares);
        split(w->table.count, k, w->margins + 2 * stride, c, v->at.count);
        set_ratio(v, w->ratio, w->p->zero_division);
    }
}

/* The slope of the average by the weight of cell (t, p), from those by the cells of each class. */
static double sum_moves(const work *w)
{
    const int64_t k = w->table.n_classes;
    double base = 0, squares = 0;
    for (int64_t c = 0; c < k; c++) base += w->moves[c * MLSD__N_CELLS + MLSD__TN];
    for (int64_t t = 0; t < k; t++) {
        const double *const of_t = w->moves + t * MLSD__N_CELLS;
        for (int64_t p = 0; p < k; p++) {
            const double *const of_p = w->moves + p * MLSD__N_CELLS;
            const double move =
                t == p ? base + of_t[MLSD__TP] - of_t[MLSD__TN]
                       : base + of_t[MLSD__FN] - of_t[MLSD__TN] + of_p[MLSD__FP] - of_p[MLSD__TN];
            squares += w->table.squares[t * k + p] * move * move;
        }
    }
    return squares;
}

static void finish_interval(const work *w, mlsd__estimate *e)
{
    const int64_t k = w->table.n_classes, stride = 2 * k + 1;
    const double count = w->margins[2 * stride + 2 * k];
    if (w->table.n_labels > 0) { /* how labels of a row go together is not in their tables */
        e->support = sum_cells(w->values[0].at.count);
        return;
    }
    e->support = count;
    if (isnan(e->value)) return;
    delta_interval(sum_moves(w), count, w->margins[2 * k], w->margins[stride + 2 * k], w->f->level,
                   e);
}

/* Does a class take part? Without labels those that were seen or predicted. */
static bool takes_part(const work *w, const class_value *v)
{
    return (w->labels != NULL || v->is_present) && !isnan(v->value);
}

/* Where every class's ratio is 0 or 1 no row moves the average, and the delta method would give it
 * as certain: the limits are those of shares of which all, or none, are so. F is at least the
 * Jaccard index, which is a share; what it is at most where it is 0 is not told. */
static void interval_of_ends(const work *w, double total, mlsd__estimate *e)
{
    const double level = w->f->level;
    double sum[2] = {0}, rows[2] = {INFINITY, INFINITY};
    bool is_told = true;
    if (isnan(level) || isnan(e->se) || mlsd__has_spread(e)) return;
    for (int64_t i = 0; i < w->n; i++) {
        const class_value *const v = &w->values[i];
        if (!takes_part(w, v) || !(v->share > 0)) continue;
        const int end = v->value == 1;
        const double share = v->share / total;
        sum[end] += share;
        const double n = effective_below(w->ratio->below, v->at.w, v->at.squares);
        rows[end] = fmin(rows[end], n / share);
        is_told &= end || (v->value == 0 && is_share(w->ratio));
    }
    mlsd__limits_of_ends(level, sum, rows, e);
    if (!is_told) e->low = e->high = NAN;
}

static double *moves_of(const work *w, int64_t i)
{
    return w->moves + class_at(w, i) * MLSD__N_CELLS;
}

static void average_macro(work *w, mlsd__estimate *e)
{
    double n = 0, sum = 0;
    for (int64_t i = 0; i < w->n; i++) {
        if (!takes_part(w, &w->values[i])) continue;
        n += 1;
        w->values[i].share = 1;
        sum += w->values[i].value;
    }
    if (n == 0) return;
    e->value = sum / n;
    for (int64_t i = 0; i < w->n; i++) {
        if (!takes_part(w, &w->values[i])) continue;
        for (int k = 0; k < MLSD__N_CELLS; k++) moves_of(w, i)[k] += w->values[i].slope[k] / n;
    }
    finish_interval(w, e);
    interval_of_ends(w, n, e);
}

static void average_weighted(work *w, mlsd__estimate *e)
{
    double total = 0, sum = 0;
    for (int64_t i = 0; i < w->n; i++) {
        class_value *const v = &w->values[i];
        v->share = v->at.w[MLSD__TP] + v->at.w[MLSD__FN];
        if (!takes_part(w, v)) continue;
        total += v->share;
        sum += v->share * v->value;
    }
    if (!(total > 0)) {
        /* No row of these classes. */
        e->value = w->p->zero_division;
        return;
    }
    e->value = sum / total;
    for (int64_t i = 0; i < w->n; i++) {
        const class_value *const v = &w->values[i];
        if (!takes_part(w, v)) continue;
        for (int k = 0; k < MLSD__N_CELLS; k++) {
            const double own = k == MLSD__TP || k == MLSD__FN ? v->value - e->value : 0;
            moves_of(w, i)[k] += (v->share * v->slope[k] + own) / total;
        }
    }
    finish_interval(w, e);
    interval_of_ends(w, total, e);
}

static void average_micro(work *w, mlsd__estimate *e)
{
    class_value all = {0};
    for (int64_t i = 0; i < w->n; i++) {
        for (int k = 0; k < MLSD__N_CELLS; k++) {
            all.at.w[k] += w->values[i].at.w[k];
            all.at.squares[k] += w->values[i].at.squares[k];
            all.at.count[k] += w->values[i].at.count[k];
        }
    }
    set_ratio(&all, w->ratio, w->p->zero_division);
    e->value = all.value;
    e->numerator = all.above;
    e->denominator = all.below;
    for (int64_t i = 0; i < w->n; i++) {
        for (int k = 0; k < MLSD__N_CELLS; k++) moves_of(w, i)[k] += all.slope[k];
    }
    finish_interval(w, e);
    if (!all.is_defined) e->se = e->low = e->high = NAN;
    if (isnan(w->f->level) || isnan(e->se) || mlsd__has_spread(e)) return;
    /* All rows are right, or none: a share q of them, of which the Jaccard index is q / (2 - q). */
    const double rows = effective_below(w->ratio->below, all.at.w, all.at.squares);
    const double q = mlsd__limit_of_all(w->f->level, fmin(rows, e->n_rows));
    e->low = all.value == 1 ? q / (2 - q) : 0;
    e->high = all.value == 1 ? 1 : 1 - q;
    if (all.value != 1 && (all.value != 0 || !is_share(w->ratio))) e->low = e->high = NAN;
}

static mlsd_status finish_parts(work *w, mlsd__measured *out)
{
    for (int64_t i = 0; w->f->wants_parts && i < w->n; i++) {
        mlsd__estimate e;
        estimate_class(&w->values[i], w->ratio, w->f->level, &e);
        MLSD__TRY(mlsd__measured_part(out, class_at(w, i), &e));
    }
    return MLSD_OK;
}

static mlsd_status put_together(work *w, mlsd__measured *out)
{
    fill_classes(w);
    switch (w->p->average) {
    case MLSD__AVERAGE_BINARY:
        estimate_class(&w->values[w->p->pos_label], w->ratio, w->f->level, &out->estimate);
        break;
    case MLSD__AVERAGE_MICRO:
        average_micro(w, &out->estimate);
        break;
    case MLSD__AVERAGE_MACRO:
        average_macro(w, &out->estimate);
        break;
    case MLSD__AVERAGE_WEIGHTED:
        average_weighted(w, &out->estimate);
        break;
    default:
        break; /* none: the parts alone */
    }
    return finish_parts(w, out);
}

const mlsd__summary_ops *mlsd__ratio_summary(const void *params, const mlsd__shape *shape)
{
    (void)shape;
    const mlsd__ratio_params *const p = params;
    return p->average == MLSD__AVERAGE_SAMPLES ? &mlsd__summary_row_loss : &mlsd__summary_confusion;
}

mlsd_status mlsd__ratio_finish(const mlsd__finish *f, const mlsd__ratio *ratio, mlsd__measured *out)
{
    const mlsd__ratio_params *const p = f->params;
    if (p->average == MLSD__AVERAGE_SAMPLES) {
        mlsd__row_loss_estimate(f->state, f->slot, &out->estimate);
        mlsd__estimate_interval(&out->estimate, f->level, 0, 1);
        return MLSD_OK;
    }
    const mlsd__allocator *const a = out->allocator;
    work w = {.f = f, .ratio = ratio, .p = p};
    mlsd__confusion_read(f->state, f->slot, &w.table);
    const int64_t k = w.table.n_labels > 0 ? w.table.n_labels : w.table.n_classes;
    const bool chosen = p->labels.n > 0 && p->average != MLSD__AVERAGE_BINARY;
    w.labels = chosen ? p->labels.values : NULL;
    w.n = chosen ? p->labels.n : k;
    w.values = mlsd__alloc(a, w.n, sizeof *w.values);
    w.margins = mlsd__alloc(a, 3 * (2 * k + 1), sizeof *w.margins);
    w.moves = mlsd__alloc(a, k * MLSD__N_CELLS, sizeof *w.moves);
    mlsd_status status = MLSD_E_NOMEM;
    if (w.values != NULL && w.margins != NULL && w.moves != NULL) status = put_together(&w, out);
    mlsd__free(a, w.moves);
    mlsd__free(a, w.margins);
    mlsd__free(a, w.values);
    return status;
}

void mlsd__ratio_row_loss(const mlsd__scored *s, const mlsd__ratio *ratio, int64_t first, int64_t n,
                          double *out)
{
    const mlsd__ratio_params *const p = s->params;
    for (int64_t i = 0; i < n; i++) {
        const double *const y = s->y + (first + i) * s->y_cols;
        const double *const said = s->prediction + (first + i) * s->y_cols;
        double found[MLSD__N_CELLS] = {0};
        const int64_t n_labels = p->labels.n > 0 ? p->labels.n : s->y_cols;
        for (int64_t j = 0; j < n_labels; j++) {
            const int64_t l = p->labels.n > 0 ? (int64_t)p->labels.values[j] : j;
            found[y[l] > 0.5 ? (said[l] > 0.5 ? MLSD__TP : MLSD__FN)
                             : (said[l] > 0.5 ? MLSD__FP : MLSD__TN)] += 1;
        }
        const double below = dot(ratio->below, found);
        out[i] = below > 0 ? dot(ratio->above, found) / below : p->zero_division;
    }
}

mlsd_status mlsd__ratio_check(const void *params, const mlsd__shape *shape)
{
    const mlsd__ratio_params *const p = params;
    const int64_t n = shape->y_cols > 1 ? shape->y_cols : shape->n_classes;
    if (shape->y_cols > 1 && p->average == MLSD__AVERAGE_BINARY) {
        return mlsd__fail(MLSD_E_KIND,
                          "average = binary is for one label a row, there are %lld; "
                          "choose micro, macro, weighted or samples",
                          (long long)shape->y_cols);
    }
    if (shape->y_cols == 1 && p->average == MLSD__AVERAGE_SAMPLES) {
        return mlsd__fail(MLSD_E_KIND, "average = samples is for many labels a row; choose micro, "
                                       "macro or weighted");
    }
    if (p->average == MLSD__AVERAGE_BINARY && shape->n_classes != 2) {
        return mlsd__fail(
            MLSD_E_KIND,
            "average = binary is for two classes, there are %lld; choose macro, micro "
            "or weighted",
            (long long)shape->n_classes);
    }
    if (p->average == MLSD__AVERAGE_BINARY && p->pos_label >= shape->n_classes) {
        return mlsd__fail(MLSD_E_PARAM_RANGE, "'pos_label' is %lld, the classes are 0 and 1",
                          (long long)p->pos_label);
    }
    for (int64_t i = 0; i < p->labels.n; i++) {
        const double label = p->labels.values[i];
        if (label >= 0 && label < (double)n && label == floor(label)) continue;
        char text[MLSD__NUMBER_CAPACITY];
        mlsd__format_double(label, text);
        return mlsd__fail(MLSD_E_PARAM_RANGE, "'labels' has %s, the classes are 0 .. %lld", text,
                          (long long)n - 1);
    }
    return MLSD_OK;
}
