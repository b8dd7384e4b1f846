/* fold_predictions.c - the table of predictions of rows by models that did not see them. It may be
 * as long as the data many times over, so its columns are made whole. */
#include <string.h>

#include "base/text.h"
#include "data/table_impl.h"
#include "split/splitter.h"
#include "validate/fold_report.h"

/* Room for the columns, one after the other. */
typedef struct prediction_room {
    int64_t n, n_classes; /* rows of the table; classes, 0 where values are told */
    double *values;
    int64_t *numbers, *row;
} prediction_room;

static const mlsd__scoring *scoring_at(const mlsd__fold_output *out, int64_t i)
{
    return &mlsd__fold_at(out, i / out->n_splits, i % out->n_splits)->scoring;
}

/* Columns of predictions: the value (class_number -1), or the probability of a class; NaN of models
 * that give none. */
static mlsd_status put_column(mlsd_table *t, const mlsd__fold_report *report,
                              const prediction_room *room, int64_t class_number)
{
    const mlsd__fold_output *const out = report->out;
    int64_t at = 0;
    for (int64_t i = 0; i < out->n_estimators * out->n_splits; i++) {
        const mlsd__scoring *const s = scoring_at(out, i);
        for (int64_t j = 0; j < s->n; j++, at++) {
            const double *const from = class_number < 0 ? s->values : s->proba;
            const int64_t width = class_number < 0 ? 1 : s->n_classes;
            room->values[at] =
                from == NULL ? NAN : from[j * width + (class_number < 0 ? 0 : class_number)];
        }
    }
    if (class_number < 0) return mlsd_table_set_f64(t, "value", room->values, room->n);
    mlsd__text name;
    mlsd__text_init(&name, &out->allocator);
    mlsd__text_append(&name, "p_");
    mlsd__text_append(&name, mlsd_dataset_class_name(report->in->dataset, class_number));
    mlsd_status status = name.status;
    if (status == MLSD_OK) status = mlsd_table_set_f64(t, name.data, room->values, room->n);
    mlsd__text_free(&name);
    return status;
}

static mlsd_status put_names(mlsd_table *t, const mlsd__fold_report *report, int64_t n)
{
    const mlsd__fold_output *const out = report->out;
    const char **const names = mlsd__alloc(&out->allocator, n, sizeof *names);
    if (names == NULL) return MLSD_E_NOMEM;
    int64_t at = 0;
    for (int64_t i = 0; i < out->n_estimators * out->n_splits; i++) {
        const int64_t n_test = scoring_at(out, i)->n;
        for (int64_t j = 0; j < n_test; j++) names[at++] = report->names[i / out->n_splits];
    }
    const mlsd_status status = mlsd_table_set_str(t, report->noun, names, n);
    mlsd__free(&out->allocator, names);
    return status;
}

static mlsd_status put_places(mlsd_table *t, const mlsd__fold_report *report,
                              const prediction_room *room)
{
    const mlsd__fold_output *const out = report->out;
    const mlsd_folds *const folds = report->in->folds;
    const int64_t last = mlsd_folds_n_parts(folds) - 1;
    int64_t at = 0;
    for (int64_t i = 0; i < out->n_estimators * out->n_splits; i++) {
        const int64_t n_test = scoring_at(out, i)->n, k = i % out->n_splits;
        if (n_test == 0) continue;
        MLSD__TRY(mlsd_folds_part(folds, k, last, room->row + at, room->n - at));
        for (int64_t j = 0; j < n_test; j++) room->numbers[at + j] = k;
        at += n_test;
    }
    MLSD__TRY(mlsd_table_set_i64(t, "row", room->row, room->n));
    return mlsd_table_set_i64(t, "fold", room->numbers, room->n);
}

static mlsd_status fill(mlsd_table *t, const mlsd__fold_report *report, const prediction_room *room)
{
    if (report->names != NULL) MLSD__TRY(put_names(t, report, room->n));
    MLSD__TRY(put_places(t, report, room));
    if (room->n_classes == 0) return put_column(t, report, room, -1);
    for (int64_t c = 0; c < room->n_classes; c++) MLSD__TRY(put_column(t, report, room, c));
    return MLSD_OK;
}

mlsd_status mlsd__report_predictions(mlsd_result *r, const mlsd__fold_report *report)
{
    const mlsd__fold_output *const out = report->out;
    const mlsd__allocator *const a = &out->allocator;
    prediction_room room = {0};
    for (int64_t i = 0; i < out->n_estimators * out->n_splits; i++) {
        const mlsd__scoring *const s = scoring_at(out, i);
        room.n += s->n;
        if (s->proba != NULL) room.n_classes = s->n_classes;
    }
    mlsd_table *table = NULL;
    mlsd_status status = MLSD_E_NOMEM;
    room.values = mlsd__alloc(a, room.n, sizeof *room.values);
    room.row = mlsd__alloc(a, room.n, sizeof *room.row);
    room.numbers = mlsd__alloc(a, room.n, sizeof *room.numbers);
    if (room.values == NULL || room.row == NULL || room.numbers == NULL) goto out;
    status = mlsd__table_new(a, &table);
    if (status == MLSD_OK) status = fill(table, report, &room);
    if (status == MLSD_OK) {
        status = mlsd__result_set_table(r, "predictions", table, false);
        table = NULL;
    }

out:
    mlsd_table_free(table);
    mlsd__free(a, room.numbers);
    mlsd__free(a, room.row);
    mlsd__free(a, room.values);
    return status;
}
