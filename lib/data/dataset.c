/* dataset.c - a table or matrix with roles, and views of its rows. What data sets share stands in a
 * store that is counted by reference and never changes once the first data set has been handed
 * over; a view is a store and a list of rows. How targets and weights are read is in
 * dataset_target.c, how groups, times and ids are in dataset_roles.c. */
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/handle.h"
#include "base/text.h"
#include "data/dataset_impl.h"
#include "data/matrix_view.h"

static void store_release(mlsd__data_store *s)
{
    if (s == NULL) return;
    if (atomic_fetch_sub_explicit(&s->references, 1, memory_order_acq_rel) != 1) return;

    const mlsd__allocator a = s->allocator;
    if (s->lender != NULL) { /* all but the target is the lender's */
        mlsd__data_store *const lender = s->lender;
        mlsd__free(&a, s->target);
        mlsd__free(&a, s);
        store_release(lender);
        return;
    }
    mlsd_table_free(s->table);
    mlsd__free(&a, s->matrix_copy);
    mlsd__free(&a, s->features);
    mlsd__free(&a, s->names);
    mlsd__free(&a, s->columns);
    mlsd__free(&a, s->target);
    mlsd__free(&a, s->weight);
    mlsd__free(&a, s->class_names);
    mlsd__free(&a, s->class_values);
    mlsd__free(&a, s->target_name);
    mlsd__free(&a, s->ids);
    mlsd__free(&a, s->id_names);
    mlsd__free(&a, atomic_load_explicit(&s->looks, memory_order_acquire));
    if (s->release != NULL) s->release(s->release_user);
    mlsd__free(&a, s);
}

static mlsd_status store_new(const mlsd__allocator *a, mlsd__data_store **out)
{
    mlsd__data_store *const s = mlsd__alloc(a, 1, sizeof *s);
    if (s == NULL) return MLSD_E_NOMEM;
    atomic_init(&s->references, 1);
    atomic_init(&s->looks, NULL);
    s->allocator = *a;
    s->task = MLSD_TASK_NONE;
    *out = s;
    return MLSD_OK;
}

/* Takes over the reference to the store and the rows, on success only. */
static mlsd_status dataset_new(mlsd__data_store *s, int64_t n_rows, int64_t *rows,
                               mlsd_dataset **out)
{
    mlsd_dataset *const d = mlsd__alloc(&s->allocator, 1, sizeof *d);
    if (d == NULL) return MLSD_E_NOMEM;
    d->magic = MLSD__MAGIC_DATASET;
    d->store = s;
    d->n_rows = n_rows;
    d->rows = rows;
    *out = d;
    return MLSD_OK;
}

static mlsd_status check_task(mlsd_task task, bool has_target)
{
    MLSD__REQUIRE(task >= MLSD_TASK_AUTO && task <= MLSD_TASK_NONE,
                  "unknown task %d; it must be in 0 .. 4", (int)task);
    if (!has_target && task != MLSD_TASK_AUTO && task != MLSD_TASK_NONE)
        return mlsd__fail(MLSD_E_DATA, "there is no target, which the task needs; give one, or "
                                       "ask for the task 'none'");
    return MLSD_OK;
}

typedef int32_t role;
enum { FEATURE, TARGET, WEIGHT, GROUP, TIME, TIME_END, ID, SLICE, IGNORE, N_ROLES };

/* Columns of the roles that do not become features or target are kept by the table only. */
static const struct role_row {
    const char *name;
    bool is_feature, only_one;
} role_rows[N_ROLES] = {
    [FEATURE] = {"feature", true, false}, [TARGET] = {"target", false, true},
    [WEIGHT] = {"weight", false, true},   [GROUP] = {"group", false, true},
    [TIME] = {"time", false, true},       [TIME_END] = {"time_end", false, true},
    [ID] = {"id", false, false},          [SLICE] = {"slice", true, false},
    [IGNORE] = {"ignore", false, false},
};

static const char *role_name_at(const void *user, int64_t i)
{
    (void)user;
    return role_rows[i].name;
}

static mlsd_status find_role(const char *column, const char *name, role *out)
{
    MLSD__REQUIRE(name != NULL, "the role of column '%s' is NULL", column);
    for (role r = 0; r < N_ROLES; r++) {
        if (strcmp(role_rows[r].name, name) != 0) continue;
        *out = r;
        return MLSD_OK;
    }
    const char *const nearest = mlsd__nearest_name(name, role_name_at, NULL, N_ROLES);
    if (nearest != NULL)
        return mlsd__fail(MLSD_E_ARG, "column '%s' has the unknown role '%s'; did you mean '%s'?",
                          column, name, nearest);
    return mlsd__fail(MLSD_E_ARG,
                      "column '%s' has the unknown role '%s'; roles are feature, target, weight, "
                      "group, time, time_end, id, slice, ignore",
                      column, name);
}

/* The role of each column of the table, -1 for those not named; owner[r] is the column of a role
 * that only one can have, -1 without. */
static mlsd_status assign_roles(const mlsd_table *table, const char *const *columns,
                                const char *const *roles, int64_t n, role *of_column,
                                int64_t owner[N_ROLES])
{
    for (int64_t j = 0; j < table->n_columns; j++) of_column[j] = -1;
    for (role r = 0; r < N_ROLES; r++) owner[r] = -1;
    for (int64_t i = 0; i < n; i++) {
        int64_t j = -1;
        role r = FEATURE;
        MLSD__TRY(mlsd_table_find(table, columns[i], &j));
        MLSD__TRY(find_role(columns[i], roles[i], &r));
        MLSD__REQUIRE(of_column[j] < 0, "column '%s' is given two roles: '%s' and '%s'", columns[i],
                      role_rows[of_column[j]].name, roles[i]);
        MLSD__REQUIRE(!role_rows[r].only_one || owner[r] < 0,
                      "columns '%s' and '%s' both have the role '%s'; only one can",
                      table->names[owner[r] < 0 ? 0 : owner[r]], columns[i], roles[i]);
        of_column[j] = r;
        owner[r] = j;
    }
    return MLSD_OK;
}

static bool is_feature(role r)
{
    return r < 0 || role_rows[r].is_feature;
}

/* The features among the columns of the store's table. A bare series has its time for one. */
static mlsd_status collect_features(mlsd__data_store *s, const role *of_column)
{
    const mlsd_table *const t = s->table;
    int64_t bare_time = -1;
    for (int64_t j = 0; j < t->n_columns; j++) {
        s->n_features += is_feature(of_column[j]);
        if (of_column[j] == TIME) bare_time = j;
    }
    if (s->n_features > 0) bare_time = -1;
    if (bare_time >= 0) s->n_features = 1;
    if (s->n_features == 0)
        return mlsd__fail(MLSD_E_DATA, "no column of the table is a feature (%lld columns)",
                          (long long)t->n_columns);
    s->features = mlsd__alloc(&s->allocator, s->n_features, sizeof *s->features);
    s->columns = mlsd__alloc(&s->allocator, s->n_features, sizeof *s->columns);
    if (s->features == NULL || s->columns == NULL) return MLSD_E_NOMEM;

    int64_t k = 0;
    for (int64_t j = 0; j < t->n_columns; j++) {
        if (!is_feature(of_column[j]) && j != bare_time) continue;
        const mlsd__column *const c = t->columns[j];
        s->columns[k].column = c;
        s->features[k].name = t->names[j];
        s->features[k].type = c->type == MLSD_COLUMN_CATEGORY ? MLSD__CATEGORY : MLSD__NUMERIC;
        s->features[k].n_levels = c->n_levels;
        s->features[k].levels = c->levels;
        k++;
    }
    return MLSD_OK;
}

/* A column that only one role can have, if any has it. */
static void keep_column(const mlsd_table *t, int64_t owner, const mlsd__column **column,
                        const char **name)
{
    if (owner < 0) return;
    *column = t->columns[owner];
    *name = t->names[owner];
}

static mlsd_status keep_ids(mlsd__data_store *s, const role *of_column)
{
    const mlsd_table *const t = s->table;
    int64_t n = 0;
    for (int64_t j = 0; j < t->n_columns; j++) n += of_column[j] == ID;
    if (n == 0) return MLSD_OK;
    s->ids = mlsd__alloc(&s->allocator, n, sizeof *s->ids);
    s->id_names = mlsd__alloc(&s->allocator, n, sizeof *s->id_names);
    if (s->ids == NULL || s->id_names == NULL) return MLSD_E_NOMEM;
    for (int64_t j = 0; j < t->n_columns; j++) {
        if (of_column[j] != ID) continue;
        s->ids[s->n_ids] = t->columns[j];
        s->id_names[s->n_ids++] = t->names[j];
    }
    return MLSD_OK;
}

/* Fill an empty store from a table. */
static mlsd_status read_table(mlsd__data_store *s, const mlsd_table *table,
                              const char *const *columns, const char *const *roles, int64_t n,
                              mlsd_task task)
{
    role *const of_column = mlsd__alloc_raw(&s->allocator, table->n_columns, sizeof *of_column);
    if (of_column == NULL) return MLSD_E_NOMEM;
    int64_t owner[N_ROLES];
    mlsd_status status = assign_roles(table, columns, roles, n, of_column, owner);
    if (status == MLSD_OK) status = check_task(task, owner[TARGET] >= 0);
    if (status == MLSD_OK) status = mlsd__table_share(table, &s->table);
    if (status == MLSD_OK) {
        s->n_rows = table->n_rows;
        s->has_names = true;
        status = collect_features(s, of_column);
    }
    const mlsd_table *const t = s->table;
    if (status == MLSD_OK) {
        keep_column(t, owner[GROUP], &s->group, &s->group_name);
        keep_column(t, owner[TIME], &s->time, &s->time_name);
        keep_column(t, owner[TIME_END], &s->time_end, &s->time_end_name);
        status = keep_ids(s, of_column);
    }
    if (status == MLSD_OK && owner[WEIGHT] >= 0)
        status =
            mlsd__store_read_weight_column(s, t->columns[owner[WEIGHT]], t->names[owner[WEIGHT]]);
    if (status == MLSD_OK && owner[TARGET] >= 0 && task != MLSD_TASK_NONE)
        status = mlsd__store_read_target_column(s, t->columns[owner[TARGET]],
                                                t->names[owner[TARGET]], task);
    mlsd__free(&s->allocator, of_column);
    return status;
}

mlsd_status mlsd_dataset_from_table(const mlsd_context *context, const mlsd_table *table,
                                    const char *const *columns, const char *const *roles, int64_t n,
                                    mlsd_task task, mlsd_dataset **out)
{
    MLSD__REQUIRE(out != NULL, "the output pointer is NULL");
    *out = NULL;
    MLSD__REQUIRE_LIVE(table, MLSD__MAGIC_TABLE, "table");
    MLSD__REQUIRE(n >= 0, "the number of roles is negative: %lld", (long long)n);
    MLSD__REQUIRE(n == 0 || (columns != NULL && roles != NULL),
                  "columns or roles are NULL, but %lld roles are given", (long long)n);

    mlsd__scope scope;
    MLSD__TRY(mlsd__scope_open(&scope, context));
    mlsd__data_store *s = NULL;
    mlsd_status status = store_new(scope.allocator, &s);
    if (status == MLSD_OK) status = read_table(s, table, columns, roles, n, task);
    if (status == MLSD_OK) status = dataset_new(s, s->n_rows, NULL, out);
    if (status != MLSD_OK) store_release(s);
    mlsd__scope_close(&scope);
    return status;
}

/* "x0", "x1", ... */
static mlsd_status name_matrix_features(mlsd__data_store *s)
{
    const int64_t p = s->n_features;
    const int64_t capacity = snprintf(NULL, 0, "x%lld", (long long)p) + 1;
    int64_t n_bytes;
    MLSD__TRY(mlsd__mul_size(p, capacity, &n_bytes));
    char *end;
    s->names = mlsd__texts_new(&s->allocator, p, n_bytes, &end);
    s->features = mlsd__alloc(&s->allocator, p, sizeof *s->features);
    if (s->names == NULL || s->features == NULL) return MLSD_E_NOMEM;
    for (int64_t j = 0; j < p; j++) {
        s->names[j] = end;
        end += snprintf(end, (size_t)capacity, "x%lld", (long long)j) + 1;
        s->features[j].name = s->names[j];
        s->features[j].type = MLSD__NUMERIC;
    }
    return MLSD_OK;
}

/* Put an owned row-major copy in the place of the caller's matrix. */
static mlsd_status copy_matrix(mlsd__scope *scope, mlsd__data_store *s)
{
    const mlsd__frame frame = {
        .n_rows = s->n_rows, .n_features = s->n_features, .matrix = s->matrix};
    MLSD__TRY(mlsd__frame_materialize(scope, &frame, &s->matrix_copy));
    s->matrix = (mlsd_matrix){.data = s->matrix_copy,
                              .rows = s->n_rows,
                              .cols = s->n_features,
                              .row_stride = s->n_features,
                              .col_stride = 1,
                              .dtype = MLSD_F64};
    return MLSD_OK;
}

static mlsd_status read_matrix(mlsd__scope *scope, mlsd__data_store *s, const mlsd_matrix *X,
                               const mlsd_matrix *y, const mlsd_matrix *weight, mlsd_task task,
                               bool copies)
{
    MLSD__TRY(mlsd__matrix_check(X, "X"));
    if (X->cols == 0)
        return mlsd__fail(MLSD_E_SHAPE, "the matrix X of %lld x 0 has no columns",
                          (long long)X->rows);
    MLSD__TRY(check_task(task, y != NULL));
    s->n_rows = X->rows;
    s->n_features = X->cols;
    s->matrix = *X;
    MLSD__TRY(name_matrix_features(s));
    if (weight != NULL) MLSD__TRY(mlsd__store_read_weight(s, weight));
    if (y != NULL && task != MLSD_TASK_NONE) MLSD__TRY(mlsd__store_read_target(s, y, task));
    return copies ? copy_matrix(scope, s) : MLSD_OK;
}

static mlsd_status from_matrix(const mlsd_context *context, const mlsd_matrix *X,
                               const mlsd_matrix *y, const mlsd_matrix *weight, mlsd_task task,
                               bool copies, mlsd_dataset **out)
{
    MLSD__REQUIRE(out != NULL, "the output pointer is NULL");
    *out = NULL;
    mlsd__scope scope;
    MLSD__TRY(mlsd__scope_open(&scope, context));
    mlsd__data_store *s = NULL;
    mlsd_status status = store_new(scope.allocator, &s);
    if (status == MLSD_OK) status = read_matrix(&scope, s, X, y, weight, task, copies);
    if (status == MLSD_OK) status = dataset_new(s, s->n_rows, NULL, out);
    if (status != MLSD_OK) store_release(s);
    mlsd__scope_close(&scope);
    return status;
}

mlsd_status mlsd_dataset_from_matrix(const mlsd_context *context, const mlsd_matrix *X,
                                     const mlsd_matrix *y, const mlsd_matrix *weight,
                                     mlsd_task task, mlsd_dataset **out)
{
    return from_matrix(context, X, y, weight, task, true, out);
}

mlsd_status mlsd_dataset_adopt(const mlsd_context *context, const mlsd_matrix *X,
                               const mlsd_matrix *y, const mlsd_matrix *weight, mlsd_task task,
                               mlsd_release_fn release, void *user, mlsd_dataset **out)
{
    MLSD__TRY(from_matrix(context, X, y, weight, task, false, out));
    /* Only now: whatever failed before must not have called it. */
    (*out)->store->release = release;
    (*out)->store->release_user = user;
    return MLSD_OK;
}

mlsd_status mlsd_dataset_rows(const mlsd_dataset *dataset, const int64_t *rows, int64_t n,
                              mlsd_dataset **out)
{
    MLSD__REQUIRE(out != NULL, "the output pointer is NULL");
    *out = NULL;
    MLSD__REQUIRE_LIVE(dataset, MLSD__MAGIC_DATASET, "dataset");
    MLSD__REQUIRE(n >= 0, "the number of rows is negative: %lld", (long long)n);
    MLSD__REQUIRE(n == 0 || rows != NULL, "rows is NULL, but %lld rows are asked for",
                  (long long)n);

    mlsd__data_store *const s = dataset->store;
    int64_t *const composed = mlsd__alloc_raw(&s->allocator, n, sizeof *composed);
    if (composed == NULL) return MLSD_E_NOMEM;
    mlsd_status status = MLSD_OK;
    for (int64_t i = 0; i < n; i++) {
        if (rows[i] < 0 || rows[i] >= dataset->n_rows) {
            status = mlsd__fail(MLSD_E_ARG, "row %lld is not there; the data set has %lld rows",
                                (long long)rows[i], (long long)dataset->n_rows);
            break;
        }
        composed[i] = dataset->rows != NULL ? dataset->rows[rows[i]] : rows[i];
    }
    if (status == MLSD_OK) status = dataset_new(s, n, composed, out);
    if (status != MLSD_OK) {
        mlsd__free(&s->allocator, composed);
        return status;
    }
    atomic_fetch_add_explicit(&s->references, 1, memory_order_relaxed);
    return MLSD_OK;
}

mlsd_status mlsd__dataset_find_repeat(const mlsd_dataset *d, int64_t *out_row)
{
    const mlsd__data_store *const s = d->store;
    *out_row = -1;
    if (d->rows == NULL) return MLSD_OK;
    uint8_t *const seen = mlsd__alloc(&s->allocator, s->n_rows, sizeof *seen);
    if (seen == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < d->n_rows && *out_row < 0; i++) {
        if (seen[d->rows[i]] != 0) *out_row = d->rows[i];
        seen[d->rows[i]] = 1;
    }
    mlsd__free(&s->allocator, seen);
    return MLSD_OK;
}

/* A store that borrows everything but the target from another, which it keeps alive. Its counter
 * of references, which comes first, is its own. */
static mlsd_status store_with_target(mlsd__data_store *lender, const mlsd_dataset *d,
                                     const double *y, mlsd__data_store **out)
{
    const size_t head = offsetof(mlsd__data_store, allocator);
    mlsd__data_store *s = NULL;
    MLSD__TRY(store_new(&lender->allocator, &s));
    memcpy((char *)s + head, (const char *)lender + head, sizeof *s - head);
    int64_t repeat = -1;
    mlsd_status status = mlsd__dataset_find_repeat(d, &repeat);
    if (status == MLSD_OK && repeat >= 0)
        status = mlsd__fail(MLSD_E_UNSUPPORTED,
                            "the data set shows row %lld of its source twice, so its rows cannot "
                            "have targets of their own",
                            (long long)repeat);
    s->target = mlsd__memdup(&lender->allocator, lender->target, lender->n_rows, sizeof *y);
    if (status == MLSD_OK && s->target == NULL) status = MLSD_E_NOMEM;
    for (int64_t i = 0; i < d->n_rows && status == MLSD_OK; i++)
        s->target[d->rows != NULL ? d->rows[i] : i] = y[i];
    if (status != MLSD_OK) {
        mlsd__free(&lender->allocator, s->target);
        mlsd__free(&lender->allocator, s);
        return status;
    }
    atomic_fetch_add_explicit(&lender->references, 1, memory_order_relaxed);
    s->lender = lender;
    *out = s;
    return MLSD_OK;
}

mlsd_status mlsd__dataset_with_target(const mlsd_dataset *d, const double *y, mlsd_dataset **out)
{
    mlsd__data_store *s = NULL;
    int64_t *rows = NULL;
    *out = NULL;
    MLSD__TRY(store_with_target(d->store, d, y, &s));
    mlsd_status status = MLSD_OK;
    if (d->rows != NULL) {
        rows = mlsd__memdup(&s->allocator, d->rows, d->n_rows, sizeof *rows);
        if (rows == NULL) status = MLSD_E_NOMEM;
    }
    if (status == MLSD_OK) status = dataset_new(s, d->n_rows, rows, out);
    if (status != MLSD_OK) {
        mlsd__free(&s->allocator, rows);
        store_release(s);
    }
    return status;
}

void mlsd_dataset_free(mlsd_dataset *dataset)
{
    if (!MLSD__IS_LIVE(dataset, MLSD__MAGIC_DATASET)) return;
    mlsd__data_store *const s = dataset->store;
    dataset->magic = MLSD__DEAD_MAGIC;
    mlsd__free(&s->allocator, dataset->rows);
    mlsd__free(&s->allocator, dataset);
    store_release(s);
}

int64_t mlsd_dataset_n_rows(const mlsd_dataset *dataset)
{
    return MLSD__IS_LIVE(dataset, MLSD__MAGIC_DATASET) ? dataset->n_rows : 0;
}

int64_t mlsd_dataset_n_features(const mlsd_dataset *dataset)
{
    return MLSD__IS_LIVE(dataset, MLSD__MAGIC_DATASET) ? dataset->store->n_features : 0;
}

mlsd_task mlsd_dataset_task(const mlsd_dataset *dataset)
{
    return MLSD__IS_LIVE(dataset, MLSD__MAGIC_DATASET) ? dataset->store->task : MLSD_TASK_NONE;
}

int64_t mlsd_dataset_n_classes(const mlsd_dataset *dataset)
{
    return MLSD__IS_LIVE(dataset, MLSD__MAGIC_DATASET) ? dataset->store->n_classes : 0;
}

const char *mlsd_dataset_feature_name(const mlsd_dataset *dataset, int64_t i)
{
    if (i < 0 || i >= mlsd_dataset_n_features(dataset)) return NULL;
    return dataset->store->features[i].name;
}

const char *mlsd_dataset_class_name(const mlsd_dataset *dataset, int64_t i)
{
    if (i < 0 || i >= mlsd_dataset_n_classes(dataset)) return NULL;
    return dataset->store->class_names[i];
}

/* values, `width` numbers for each row, at the data set's rows. */
static void gather(const mlsd_dataset *d, const double *values, int64_t width, double *out)
{
    for (int64_t k = 0; k < width; k++)
        mlsd__strided_read(MLSD_F64, values + k, width, d->rows, 0, d->n_rows, out + k, width);
}

mlsd_status mlsd_dataset_target(const mlsd_dataset *dataset, double *out, int64_t capacity)
{
    MLSD__REQUIRE_LIVE(dataset, MLSD__MAGIC_DATASET, "dataset");
    if (dataset->store->target == NULL)
        return mlsd__fail(MLSD_E_UNSUPPORTED, "the data set has no target");
    const int64_t n = dataset->n_rows * dataset->store->n_targets;
    if (capacity < n)
        return mlsd__fail(MLSD_E_BUFFER, "the target has %lld values, the buffer room for %lld",
                          (long long)n, (long long)capacity);
    MLSD__REQUIRE(out != NULL || n == 0, "the output pointer is NULL");
    gather(dataset, dataset->store->target, dataset->store->n_targets, out);
    return MLSD_OK;
}

void mlsd__dataset_frame(const mlsd_dataset *d, mlsd__frame *out)
{
    const mlsd__data_store *const s = d->store;
    *out = (mlsd__frame){.n_rows = d->n_rows,
                         .n_features = s->n_features,
                         .features = s->features,
                         .rows = d->rows,
                         .matrix = s->matrix,
                         .columns = s->columns,
                         .n_source = s->n_features};
}

static mlsd_status gather_new(const mlsd_dataset *d, const double *values, int64_t width,
                              double **out)
{
    *out = NULL;
    if (values == NULL) return MLSD_OK;
    int64_t size;
    MLSD__TRY(mlsd__mul_size(d->n_rows, width, &size));
    double *const gathered = mlsd__alloc_raw(&d->store->allocator, size, sizeof *gathered);
    if (gathered == NULL) return MLSD_E_NOMEM;
    gather(d, values, width, gathered);
    *out = gathered;
    return MLSD_OK;
}

mlsd_status mlsd__dataset_gather_target(const mlsd_dataset *d, double **out)
{
    *out = NULL;
    if (d->store->n_targets > 1)
        return mlsd__fail(MLSD_E_DATA,
                          "the data set has %lld targets; splits, scores and audits take one",
                          (long long)d->store->n_targets);
    return mlsd__dataset_gather_targets(d, out);
}

mlsd_status mlsd__dataset_gather_targets(const mlsd_dataset *d, double **out)
{
    return gather_new(d, d->store->target, d->store->n_targets, out);
}

mlsd_status mlsd__dataset_gather_weight(const mlsd_dataset *d, double **out)
{
    return gather_new(d, d->store->weight, 1, out);
}

int64_t mlsd__dataset_find_feature(const mlsd_dataset *d, const char *name)
{
    for (int64_t i = 0; i < d->store->n_features; i++) {
        if (strcmp(d->store->features[i].name, name) == 0) return i;
    }
    return -1;
}
