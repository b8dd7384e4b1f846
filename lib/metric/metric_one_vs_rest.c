/* metric_one_vs_rest.c - the four cells of every class or label against the rest: how many of its
 * rows were found and missed, how many of the others were left alone and taken for it. */
#include <math.h>

#include "base/text.h"
#include "data/table_impl.h"
#include "metric/summary.h"

typedef struct cells_params {
    mlsd__f64_list labels;
} cells_params;
static const mlsd_param cells_table[] = {
    MLSD__P_F64_LIST(cells_params, labels, 0, INFINITY, MLSD__OPEN_UPPER, "null", NULL,
                     "class or label numbers in their order, the others are their rest; null: all"),
};
static const cells_params cells_defaults = {{0}};

static mlsd_status check_cells(const void *params, const mlsd__shape *shape)
{
    const mlsd__f64_list labels = ((const cells_params *)params)->labels;
    const int64_t n = shape->y_cols > 1 ? shape->y_cols : shape->n_classes;
    for (int64_t i = 0; i < labels.n; i++) {
        if (labels.values[i] < (double)n && labels.values[i] == floor(labels.values[i])) continue;
        char text[MLSD__NUMBER_CAPACITY];
        mlsd__format_double(labels.values[i], text);
        return mlsd__fail(MLSD_E_PARAM_RANGE, "'labels' has %s, the classes are 0 .. %lld", text,
                          (long long)n - 1);
    }
    return MLSD_OK;
}

/* The columns of the table; each n numbers of `values`. */
enum { CLASS, TN, FP, FN, TP, N_COLUMNS };
static const char *const column_names[N_COLUMNS] = {"class", "tn", "fp", "fn", "tp"};

/* Of many labels each has a table of its own; of classes the margins tell. */
static void read_label(const mlsd__confusion *c, int64_t label, double out[N_COLUMNS])
{
    for (int i = 0; i < 4; i++) out[TN + i] = c->weight[4 * label + i];
}

static void read_class(const mlsd__confusion *c, double total, int64_t of, double out[N_COLUMNS])
{
    const int64_t k = c->n_classes;
    out[TP] = c->weight[of * k + of];
    for (int64_t other = 0; other < k; other++) {
        if (other == of) continue;
        out[FN] += c->weight[of * k + other];
        out[FP] += c->weight[other * k + of];
    }
    out[TN] = fmax(0, total - out[TP] - out[FN] - out[FP]); /* sums of weights round */
}

static mlsd_status to_table(const mlsd__allocator *a, const double *values, int64_t n,
                            mlsd_table **out)
{
    MLSD__TRY(mlsd__table_new(a, out));
    for (int j = 0; j < N_COLUMNS; j++) {
        MLSD__TRY(mlsd_table_set_f64(*out, column_names[j], values + j * n, n));
    }
    return MLSD_OK;
}

/* The value is the share of all decisions that are right. */
static mlsd_status finish_cells(mlsd__scope *scope, const mlsd__finish *f, mlsd__measured *out)
{
    const mlsd__f64_list labels = ((const cells_params *)f->params)->labels;
    mlsd__confusion c;
    mlsd_table *table = NULL;
    double right = 0, all = 0, total = 0;
    mlsd__confusion_read(f->state, f->slot, &c);
    const int64_t n = labels.n > 0 ? labels.n : c.n_labels > 0 ? c.n_labels : c.n_classes;
    double *const values = mlsd__alloc(out->allocator, N_COLUMNS * n, sizeof *values);
    if (values == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < (c.n_labels > 0 ? 4 : c.n_classes * c.n_classes); i++) {
        total += c.weight[i]; /* of many labels each has all rows */
        out->estimate.support += c.count[i];
    }
    mlsd_status status = MLSD_OK;
    for (int64_t i = 0; i < n && status == MLSD_OK; i++) {
        double cells[N_COLUMNS] = {0};
        const int64_t of = labels.n > 0 ? (int64_t)labels.values[i] : i;
        if (c.n_labels > 0) {
            read_label(&c, of, cells);
        } else {
            read_class(&c, total, of, cells);
        }
        cells[CLASS] = (double)of;
        for (int j = 0; j < N_COLUMNS; j++) values[j * n + i] = cells[j];
        right += cells[TN] + cells[TP];
        all += cells[TN] + cells[FP] + cells[FN] + cells[TP];
        status = mlsd__checkpoint(scope);
    }
    if (status == MLSD_OK && all > 0) out->estimate.value = right / all;
    out->estimate.numerator = right;
    out->estimate.denominator = all;
    if (status == MLSD_OK && f->wants_parts) {
        status = to_table(out->allocator, values, n, &table);
        if (status == MLSD_OK) {
            status = mlsd__measured_table(out, "confusion", table);
        } else {
            mlsd_table_free(table);
        }
    }
    mlsd__free(out->allocator, values);
    return status;
}

static const mlsd__metric_ops multilabel_confusion_matrix_ops = {
    .params = &cells_defaults,
    .params_size = sizeof(cells_params),
    .greater_is_better = true,
    .for_classification = true,
    .for_labels = true,
    .summary = &mlsd__summary_confusion,
    .check = check_cells,
    .finish = finish_cells};
MLSD__METRIC_KIND_WITH(
    multilabel_confusion_matrix, cells_table, cells_params, MLSD__OF_CLASSES, "1",
    "weights of true and false negatives and positives of each class or label against the "
    "rest, as the table confusion; the value is the share of decisions that are right");
