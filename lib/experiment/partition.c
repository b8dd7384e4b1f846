/* partition.c - the rows that count become a data set, and the data set three parts. Classes keep
 * their proportions; where the folds follow time, so do the parts, and nothing is drawn. */
#include <math.h>
#include <stdio.h>

#include "base/text.h"
#include "experiment/experiment_impl.h"
#include "numeric/sum.h"

enum { FEWEST_ROWS_OF_A_CLASS = 3 };

static mlsd_status make_dataset(mlsd__experiment *x)
{
    const int64_t n = x->table->n_columns;
    const char **roles = mlsd__alloc(x->scope->allocator, n, sizeof *roles);
    if (roles == NULL) return MLSD_E_NOMEM;
    for (int64_t j = 0; j < n; j++) {
        const mlsd__finding *f = &x->findings[j];
        roles[j] = f->is_target            ? "target"
                   : f->split_role != NULL ? f->split_role
                   : !f->is_used           ? "ignore"
                   : f->is_slice           ? "slice"
                                           : "feature";
    }
    const mlsd_status status = mlsd_dataset_from_table(
        x->context, x->table, (const char *const *)x->table->names, roles, n, x->task, &x->data);
    mlsd__free(x->scope->allocator, roles);
    return status;
}

/* Rows of each class in a data set. */
static mlsd_status count_classes(mlsd__experiment *x, const mlsd_dataset *data, int64_t **out)
{
    const int64_t n = mlsd_dataset_n_rows(data);
    *out = mlsd__alloc(x->scope->allocator, mlsd_dataset_n_classes(data), sizeof **out);
    double *y = mlsd__alloc_raw(x->scope->allocator, n, sizeof *y);
    mlsd_status status = *out == NULL || y == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) status = mlsd_dataset_target(data, y, n);
    for (int64_t i = 0; i < n && status == MLSD_OK; i++) (*out)[(int64_t)y[i]]++;
    mlsd__free(x->scope->allocator, y);
    return status;
}

static mlsd_status check_classes(mlsd__experiment *x)
{
    if (x->task == MLSD_TASK_REGRESSION) return MLSD_OK;
    int64_t *counts;
    mlsd_status status = count_classes(x, x->data, &counts);
    int64_t smallest = 0, n_small = 0;
    for (int64_t c = 0; c < mlsd_dataset_n_classes(x->data) && status == MLSD_OK; c++) {
        if (counts[c] < counts[smallest]) smallest = c;
        n_small += counts[c] < FEWEST_ROWS_OF_A_CLASS;
    }
    if (status == MLSD_OK && n_small > 0) {
        char others[64] = "";
        if (n_small > 1) {
            (void)snprintf(others, sizeof others, " (and %lld other classes hardly more)",
                           (long long)n_small - 1);
        }
        status =
            mlsd__fail(MLSD_E_DATA,
                       "class '%.60s' of the target '%.60s' has %lld row%s%s; three parts need "
                       "at least %d rows of each class: leave those rows out or merge classes",
                       mlsd_dataset_class_name(x->data, smallest), x->params->target,
                       (long long)counts[smallest], counts[smallest] == 1 ? "" : "s", others,
                       FEWEST_ROWS_OF_A_CLASS);
    }
    mlsd__free(x->scope->allocator, counts);
    return status;
}

static void fractions(const mlsd__f64_list *split, double parts[MLSD__N_PARTS])
{
    double sum = 0;
    for (int64_t i = 0; i < MLSD__N_PARTS; i++) sum += split->values[i];
    for (int64_t i = 0; i < MLSD__N_PARTS; i++) {
        /* Fractions pass as they are: dividing by a sum that is 1 but for rounding changes bits. */
        parts[i] = fabs(sum - 1) < 1e-9 ? split->values[i] : split->values[i] / sum;
    }
}

/* The latest rows are tested, those before them validate; rows of one moment stay together. */
static mlsd_status latest_spec(mlsd__experiment *x, const double *parts, mlsd_spec **out)
{
    const double n = (double)mlsd_dataset_n_rows(x->data);
    int64_t n_of[MLSD__N_PARTS];
    for (int64_t k = 0; k < MLSD__N_PARTS; k++) n_of[k] = (int64_t)(parts[k] * n + 0.5);
    if (n_of[MLSD__VALID] < 1) n_of[MLSD__VALID] = 1; /* a size of 0 is no such part */
    if (n_of[MLSD__TEST] < 1) n_of[MLSD__TEST] = 1;
    MLSD__TRY(mlsd__spec_new(x->scope->allocator, "rolling_split", out));
    MLSD__TRY(mlsd_spec_set_i64(*out, "n_splits", 1));
    MLSD__TRY(mlsd_spec_set_i64(*out, "validation_size", n_of[MLSD__VALID]));
    return mlsd_spec_set_i64(*out, "test_size", n_of[MLSD__TEST]);
}

static mlsd_status holdout_spec(mlsd__experiment *x, mlsd_spec **out)
{
    const mlsd_spec *splitter = mlsd__spec_slot_child(x->spec, "splitter");
    const bool by_time = mlsd__splitter_is_by_time(splitter);
    double parts[MLSD__N_PARTS];
    fractions(&x->params->split, parts);
    if (x->params->time != NULL) return latest_spec(x, parts, out);
    MLSD__TRY(mlsd__spec_new(x->scope->allocator, "holdout", out));
    MLSD__TRY(mlsd_spec_set_f64_list(*out, "parts", parts, MLSD__N_PARTS));
    MLSD__TRY(mlsd_spec_set_bool(*out, "shuffle", !by_time));
    MLSD__TRY(mlsd_spec_set_bool(*out, "grouped", x->params->group != NULL));
    MLSD__TRY(mlsd_spec_set_bool(*out, "stratify", !by_time && x->task != MLSD_TASK_REGRESSION));
    return mlsd_spec_set_i64(*out, "seed", x->params->seed);
}

static mlsd_status make_part(mlsd__experiment *x, int64_t part)
{
    const int64_t n = mlsd_folds_part_size(x->partition, 0, part);
    int64_t *rows = mlsd__alloc_raw(x->scope->allocator, n, sizeof *rows);
    if (rows == NULL) return MLSD_E_NOMEM;
    mlsd_status status = mlsd_folds_part(x->partition, 0, part, rows, n);
    if (status == MLSD_OK) status = mlsd_dataset_rows(x->data, rows, n, &x->parts[part]);
    mlsd__free(x->scope->allocator, rows);
    return status;
}

static const char *const part_names[MLSD__N_PARTS] = {"training", "validation", "test"};

static mlsd_status put_parts(mlsd__experiment *x)
{
    static const mlsd__row_column columns[] = {{"part", MLSD_COLUMN_CATEGORY},
                                               {"rows", MLSD_COLUMN_I64},
                                               {"share", MLSD_COLUMN_F64},
                                               {"target_mean", MLSD_COLUMN_F64}};
    const int64_t n_all = mlsd_dataset_n_rows(x->data);
    mlsd__rows rows;
    mlsd__rows_init(&rows, x->scope->allocator, columns, MLSD__COUNT(columns));
    mlsd_status status = MLSD_OK;
    for (int64_t k = 0; k < MLSD__N_PARTS && status == MLSD_OK; k++) {
        const int64_t n = mlsd_dataset_n_rows(x->parts[k]);
        double *y = mlsd__alloc_raw(x->scope->allocator, n, sizeof *y);
        status = y == NULL ? MLSD_E_NOMEM : mlsd_dataset_target(x->parts[k], y, n);
        if (status == MLSD_OK) {
            const bool has_mean = x->task != MLSD_TASK_MULTICLASS;
            mlsd__rows_str(&rows, part_names[k]);
            mlsd__rows_i64(&rows, n);
            mlsd__rows_f64(&rows, (double)n / (double)n_all);
            mlsd__rows_f64(&rows, has_mean ? mlsd__sum(y, n) / (double)n : NAN);
        }
        mlsd__free(x->scope->allocator, y);
    }
    if (status != MLSD_OK) {
        mlsd__rows_free(&rows);
        return status;
    }
    mlsd_table *table;
    MLSD__TRY(mlsd__rows_to_table(&rows, &table));
    return mlsd__result_set_table(x->result, "parts", table, false);
}

static mlsd_status put_classes(mlsd__experiment *x)
{
    static const mlsd__row_column columns[] = {{"class", MLSD_COLUMN_CATEGORY},
                                               {"training", MLSD_COLUMN_I64},
                                               {"validation", MLSD_COLUMN_I64},
                                               {"test", MLSD_COLUMN_I64}};
    if (x->task == MLSD_TASK_REGRESSION) return MLSD_OK;
    int64_t *counts[MLSD__N_PARTS] = {NULL};
    mlsd_status status = MLSD_OK;
    for (int64_t k = 0; k < MLSD__N_PARTS && status == MLSD_OK; k++) {
        status = count_classes(x, x->parts[k], &counts[k]);
    }
    if (status == MLSD_OK) {
        mlsd__rows rows;
        mlsd__rows_init(&rows, x->scope->allocator, columns, MLSD__COUNT(columns));
        for (int64_t c = 0; c < mlsd_dataset_n_classes(x->data); c++) {
            mlsd__rows_str(&rows, mlsd_dataset_class_name(x->data, c));
            for (int64_t k = 0; k < MLSD__N_PARTS; k++) mlsd__rows_i64(&rows, counts[k][c]);
        }
        mlsd_table *table;
        status = mlsd__rows_to_table(&rows, &table);
        if (status == MLSD_OK) status = mlsd__result_set_table(x->result, "classes", table, false);
    }
    for (int64_t k = 0; k < MLSD__N_PARTS; k++) mlsd__free(x->scope->allocator, counts[k]);
    return status;
}

/* What a person should know about how the rows were split. */
static void note_split(mlsd__experiment *x)
{
    int64_t n_left = mlsd_dataset_n_rows(x->data);
    for (int64_t k = 0; k < MLSD__N_PARTS; k++) n_left -= mlsd_dataset_n_rows(x->parts[k]);
    if (x->params->group != NULL)
        mlsd__experiment_note(x, "rows with the same '%.60s' stay in one part and in one fold",
                              x->params->group);
    if (x->params->time == NULL) return;
    mlsd__experiment_note(x, "split by '%.60s': the latest rows are the test part",
                          x->params->time);
    if (n_left > 0)
        mlsd__experiment_note(x,
                              "left out: %lld rows of moments that are cut, so that no part has "
                              "rows of another's",
                              (long long)n_left);
}

mlsd_status mlsd__experiment_partition(mlsd__experiment *x)
{
    MLSD__TRY(make_dataset(x));
    MLSD__TRY(check_classes(x));
    mlsd_spec *holdout = NULL;
    mlsd_status status = holdout_spec(x, &holdout);
    if (status == MLSD_OK) {
        status = mlsd__folds_split_dataset(x->scope, holdout, x->data, &x->partition);
    }
    mlsd_spec_free(holdout);
    for (int64_t k = 0; k < MLSD__N_PARTS && status == MLSD_OK; k++) status = make_part(x, k);
    if (status == MLSD_OK) note_split(x);
    if (status == MLSD_OK) status = put_parts(x);
    if (status == MLSD_OK) status = put_classes(x);
    return status;
}
