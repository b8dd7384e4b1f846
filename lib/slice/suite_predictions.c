/* suite_predictions.c - predictions that somebody made elsewhere, as a table: which column is what,
 * which rows belong to which file of cases, and which classes there are. */
#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "slice/suite_impl.h"

/* As MLSD_TASK_AUTO: whole numbers with no more values than this are classes. */
enum { MOST_NUMBERED_CLASSES = 20 };

static int64_t find(const mlsd_table *t, const char *name)
{
    for (int64_t j = 0; j < mlsd_table_n_columns(t); j++) {
        if (strcmp(mlsd_table_name(t, j), name) == 0) return j;
    }
    return -1;
}

/* ---- which rows are a file's ---- */

static bool is_of_file(const mlsd_table *t, int64_t cases, int64_t row, const char *name)
{
    char buffer[MLSD__NUMBER_CAPACITY];
    const char *const cell = cases < 0 ? name : mlsd__suite_cell_text(t, cases, row, buffer);
    return cell != NULL && strcmp(cell, name) == 0;
}

static mlsd_status find_rows(mlsd__suite_run *run, int64_t k, int64_t cases)
{
    const mlsd_table *const t = run->predictor.predictions;
    const mlsd__suite_file *const file = &run->suite->files[k];
    const int64_t n = mlsd_table_n_rows(file->table);
    int64_t *const rows = mlsd__alloc_raw(run->scope->allocator, n, sizeof *rows), found = 0;
    if (rows == NULL) return MLSD_E_NOMEM;
    run->predictor.rows_of_file[k] = rows;
    for (int64_t i = 0; i < mlsd_table_n_rows(t); i++) {
        if (!is_of_file(t, cases, i, file->name)) continue;
        if (found < n) rows[found] = i;
        found++;
    }
    if (found == n) return MLSD_OK;
    return mlsd__fail(MLSD_E_SHAPE, "there are %lld predictions for the %lld cases of '%.200s'",
                      (long long)found, (long long)n, file->name);
}

/* ---- classes ---- */

/* Do the sets speak of numbers? */
static bool wants_numbers(const mlsd_suite *s)
{
    for (int64_t i = 0; i < s->n_sets; i++) {
        const mlsd__suite_set *const set = &s->sets[i];
        if (set->metric != NULL && !set->ops.for_classification) return true;
        if (set->role->run == mlsd__suite_run_regression && !isnan(set->tolerance)) return true;
    }
    return false;
}

static bool are_numbers(const mlsd__suite_run *run)
{
    double seen[MOST_NUMBERED_CLASSES];
    int64_t n_seen = 0;
    const mlsd__predictor *const p = &run->predictor;
    const mlsd_table *const t = p->predictions;
    if (mlsd_table_type(t, p->prediction_column) == MLSD_COLUMN_CATEGORY) return false;
    if (wants_numbers(run->suite)) return true;
    for (int64_t i = 0; i < mlsd_table_n_rows(t); i++) {
        const double value = mlsd__suite_cell_number(t, p->prediction_column, i);
        if (isnan(value)) continue;
        if (value != floor(value)) return true;
        int64_t k = 0;
        while (k < n_seen && seen[k] != value) k++;
        if (k < n_seen) continue;
        if (n_seen == MOST_NUMBERED_CLASSES) return true;
        seen[n_seen++] = value;
    }
    return false;
}

static mlsd_status add_cells(mlsd__dictionary *classes, const mlsd_table *t, int64_t column,
                             const int64_t *rows, int64_t n)
{
    char buffer[MLSD__NUMBER_CAPACITY];
    int32_t number;
    for (int64_t i = 0; i < n; i++) {
        const char *const cell =
            mlsd__suite_cell_text(t, column, rows == NULL ? i : rows[i], buffer);
        if (cell != NULL) MLSD__TRY(mlsd__dictionary_intern(classes, cell, strlen(cell), &number));
    }
    return MLSD_OK;
}

/* The classes of the columns "p_...", then those that are predicted, then those that are true. */
static mlsd_status find_classes(mlsd__suite_run *run)
{
    mlsd__predictor *const p = &run->predictor;
    const mlsd_table *const t = p->predictions;
    int32_t number;
    MLSD__TRY(mlsd__dictionary_new(run->scope->allocator, &p->class_names));
    for (int64_t j = 0; j < mlsd_table_n_columns(t); j++) {
        const char *const name = mlsd_table_name(t, j);
        if (strncmp(name, "p_", 2) != 0 || mlsd_table_type(t, j) == MLSD_COLUMN_CATEGORY) continue;
        MLSD__TRY(mlsd__dictionary_intern(p->class_names, name + 2, strlen(name + 2), &number));
    }
    p->has_proba = mlsd__dictionary_count(p->class_names) > 0;
    if (p->prediction_column < 0 && !p->has_proba)
        return mlsd__fail(MLSD_E_COLUMN, "the predictions have no column 'prediction' and none "
                                         "that begins with 'p_'");
    if (!p->has_proba && are_numbers(run)) return MLSD_OK;
    if (p->prediction_column >= 0)
        MLSD__TRY(add_cells(p->class_names, t, p->prediction_column, NULL, mlsd_table_n_rows(t)));
    for (int64_t i = 0; i < run->suite->n_sets; i++) {
        const mlsd__suite_set *const set = &run->suite->sets[i];
        if (set->label >= 0)
            MLSD__TRY(
                add_cells(p->class_names, set->file->table, set->label, set->rows, set->n_rows));
    }
    p->n_classes = mlsd__dictionary_count(p->class_names);
    return MLSD_OK;
}

/* Their names as a list, and the column of each one's probability. */
static mlsd_status list_classes(mlsd__suite_run *run)
{
    mlsd__predictor *const p = &run->predictor;
    const mlsd__allocator *const a = run->scope->allocator;
    const char **const names = mlsd__alloc(a, p->n_classes, sizeof *names);
    p->classes = names;
    p->proba_columns = mlsd__alloc(a, p->n_classes, sizeof *p->proba_columns);
    if (names == NULL || p->proba_columns == NULL) return MLSD_E_NOMEM;
    for (int64_t c = 0; c < p->n_classes; c++) {
        names[c] = mlsd__dictionary_at(p->class_names, c, NULL);
        p->proba_columns[c] = -1;
        for (int64_t j = 0; p->has_proba && j < mlsd_table_n_columns(p->predictions); j++) {
            const char *const name = mlsd_table_name(p->predictions, j);
            if (strncmp(name, "p_", 2) == 0 && strcmp(name + 2, names[c]) == 0)
                p->proba_columns[c] = j;
        }
    }
    return MLSD_OK;
}

mlsd_status mlsd__predictions_open(mlsd__suite_run *run, const mlsd_table *predictions)
{
    mlsd__predictor *const p = &run->predictor;
    const mlsd_suite *const s = run->suite;
    p->predictions = predictions;
    p->prediction_column = find(predictions, "prediction");
    p->rows_of_file = mlsd__alloc(run->scope->allocator, s->n_files, sizeof *p->rows_of_file);
    if (p->rows_of_file == NULL) return MLSD_E_NOMEM;
    const int64_t cases = find(predictions, "cases");
    if (cases < 0 && s->n_files > 1)
        return mlsd__fail(MLSD_E_COLUMN,
                          "the suite has cases in %lld files; the predictions need a column "
                          "'cases' that names the file of each row, such as '%.100s'",
                          (long long)s->n_files, s->files[0].name);
    for (int64_t k = 0; k < s->n_files; k++) MLSD__TRY(find_rows(run, k, cases));
    MLSD__TRY(find_classes(run));
    return list_classes(run);
}

void mlsd__predictions_close(mlsd__suite_run *run)
{
    mlsd__predictor *const p = &run->predictor;
    const mlsd__allocator *const a = run->scope->allocator;
    if (p->predictions == NULL) return;
    for (int64_t k = 0; p->rows_of_file != NULL && k < run->suite->n_files; k++)
        mlsd__free(a, p->rows_of_file[k]);
    mlsd__free(a, p->rows_of_file);
    mlsd__free(a, p->proba_columns);
    mlsd__free(a, (void *)(uintptr_t)p->classes);
    if (p->class_names != NULL) mlsd__dictionary_free(p->class_names);
}

/* ---- reading ---- */

static mlsd_status fail_value(int64_t row, const char *what)
{
    return mlsd__fail(MLSD_E_DATA, "the prediction in row %lld is %s", (long long)row + 1, what);
}

static mlsd_status read_proba(const mlsd__predictor *p, int64_t row, double *out)
{
    double sum = 0;
    for (int64_t c = 0; c < p->n_classes; c++) {
        out[c] = p->proba_columns[c] < 0
                     ? 0
                     : mlsd__suite_cell_number(p->predictions, p->proba_columns[c], row);
        if (!(out[c] >= 0 && out[c] <= 1)) return fail_value(row, "no probability in [0, 1]");
        sum += out[c];
    }
    if (fabs(sum - 1) <= MLSD__PROBA_TOLERANCE) return MLSD_OK;
    return fail_value(row, "no distribution: its probabilities do not sum to 1");
}

mlsd_status mlsd__predictions_read(const mlsd__suite_run *run, const mlsd__suite_file *file,
                                   mlsd__answers *out)
{
    const mlsd__predictor *const p = &run->predictor;
    const int64_t *const rows = p->rows_of_file[file - run->suite->files];
    for (int64_t i = 0; i < out->n; i++) {
        char buffer[MLSD__NUMBER_CAPACITY];
        if (p->has_proba) MLSD__TRY(read_proba(p, rows[i], out->proba + i * p->n_classes));
        if (p->prediction_column < 0) continue;
        const char *const cell =
            mlsd__suite_cell_text(p->predictions, p->prediction_column, rows[i], buffer);
        if (cell == NULL) return fail_value(rows[i], "empty");
        out->value[i] = p->n_classes == 0
                            ? mlsd__suite_cell_number(p->predictions, p->prediction_column, rows[i])
                            : (double)mlsd__class_number(p, cell);
        if (!isfinite(out->value[i])) return fail_value(rows[i], "not finite");
    }
    return MLSD_OK;
}
