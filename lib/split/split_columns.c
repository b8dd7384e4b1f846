/* split_columns.c - what rows bring to a split: gathered from a data set's roles, or read from the
 * caller's columns. Only what a splitter looks at is gathered. What is missing is not missed here
 * but in split_input.c, which knows whether it is needed. */
#include "split/split_columns.h"

#include <math.h>
#include <string.h>

#include "base/text.h"
#include "data/dataset_impl.h"
#include "data/matrix_view.h"

static bool uses(int32_t needs, int32_t flag)
{
    return needs & (flag | MLSD__MAY_USE(flag));
}

static void start(mlsd__split_columns *out, const mlsd__allocator *a, int64_t n_rows)
{
    out->allocator = *a;
    out->is_set = true;
    out->raw.n_rows = n_rows;
}

/* Show what was read; what was only borrowed is there already. */
static void finish(mlsd__split_columns *c)
{
    if (c->y != NULL) c->raw.y.f64 = c->y;
    if (c->groups != NULL) c->raw.groups.f64 = c->groups;
    c->raw.group_names = c->group_names;
    c->raw.times = c->times;
    c->raw.ends = c->ends;
    c->raw.ids = c->ids;
    c->raw.labels = c->labels;
    c->raw.features = c->frame.n_features > 0 ? &c->frame : NULL;
}

mlsd_status mlsd__split_gather(mlsd__scope *scope, int32_t needs, const mlsd_dataset *dataset,
                               mlsd__split_columns *out)
{
    const mlsd__data_store *const store = dataset->store;
    const bool has_classes = store->n_classes > 0;
    (void)scope;
    start(out, &store->allocator, dataset->n_rows);
    out->raw.class_names = store->class_names;
    if (uses(needs, MLSD__NEEDS_Y) || (uses(needs, MLSD__NEEDS_CLASSES) && has_classes))
        MLSD__TRY(mlsd__dataset_gather_target(dataset, &out->y));
    if (uses(needs, MLSD__NEEDS_GROUPS))
        MLSD__TRY(mlsd__dataset_gather_group(dataset, &out->groups, &out->group_names));
    out->raw.group_column = store->group_name;
    if (uses(needs, MLSD__NEEDS_TIMES) || uses(needs, MLSD__NEEDS_ENDS))
        MLSD__TRY(
            mlsd__dataset_gather_times(dataset, &out->times, &out->ends, &out->raw.time_scale));
    if (uses(needs, MLSD__NEEDS_IDS)) MLSD__TRY(mlsd__dataset_gather_ids(dataset, &out->ids));
    if (uses(needs, MLSD__NEEDS_FEATURES)) mlsd__dataset_frame(dataset, &out->frame);
    finish(out);
    return MLSD_OK;
}

/* The caller's columns by role. */
typedef int32_t role;
enum { TARGET, GROUP, TIME, TIME_END, ID, FEATURES, N_ROLES };
static const char *const role_names[N_ROLES] = {"target",   "group", "time",
                                                "time_end", "id",    "features"};

static const char *role_name_at(const void *user, int64_t i)
{
    (void)user;
    return role_names[i];
}

static mlsd_status find_role(const char *name, role *out)
{
    MLSD__REQUIRE(name != NULL, "the role of a column is NULL");
    for (role r = 0; r < N_ROLES; r++) {
        if (strcmp(role_names[r], name) != 0) continue;
        *out = r;
        return MLSD_OK;
    }
    const char *const nearest = mlsd__nearest_name(name, role_name_at, NULL, N_ROLES);
    if (nearest != NULL)
        return mlsd__fail(MLSD_E_ARG, "unknown role '%s'; did you mean '%s'?", name, nearest);
    return mlsd__fail(MLSD_E_ARG,
                      "unknown role '%s'; roles are target, group, time, time_end, id, features",
                      name);
}

static mlsd_status assign_roles(int64_t n, const char *const *roles,
                                const mlsd_matrix *const *columns, int64_t n_columns,
                                const mlsd_matrix *of_role[N_ROLES])
{
    for (role r = 0; r < N_ROLES; r++) of_role[r] = NULL;
    for (int64_t k = 0; k < n_columns; k++) {
        role r = TARGET;
        MLSD__TRY(find_role(roles[k], &r));
        if (columns[k] == NULL) continue;
        MLSD__REQUIRE(of_role[r] == NULL, "the role '%s' is given twice", roles[k]);
        MLSD__TRY(mlsd__matrix_check(columns[k], roles[k]));
        if (columns[k]->rows != n)
            return mlsd__fail(MLSD_E_SHAPE, "'%s' has %lld rows, but %lld are to be split",
                              roles[k], (long long)columns[k]->rows, (long long)n);
        of_role[r] = columns[k];
    }
    return MLSD_OK;
}

/* Numbers that stand one after the other are looked at where they are, all others are copied. */
static mlsd_status read_vector(const mlsd__allocator *a, const mlsd_matrix *m, const char *name,
                               mlsd__split_numbers *out, double **made)
{
    MLSD__TRY(mlsd__matrix_check_vector(m, name, m->rows));
    const bool is_dense = m->row_stride == 1;
    if (is_dense && m->dtype == MLSD_F64) {
        out->f64 = m->data;
    } else if (is_dense && m->dtype == MLSD_I64) {
        out->i64 = m->data;
    } else {
        *made = mlsd__alloc_raw(a, m->rows, sizeof **made);
        if (*made == NULL) return MLSD_E_NOMEM;
        mlsd__matrix_read(m, NULL, 0, m->rows, *made);
    }
    return MLSD_OK;
}

static mlsd_status check_group(double group, int64_t row)
{
    if (!(fabs(group) >= MLSD__EXACT_I64)) return MLSD_OK;
    return mlsd__fail(MLSD_E_DATA,
                      "the group of row %lld is not below 2^53, where neighbouring numbers look "
                      "alike; number the groups anew",
                      (long long)row);
}

static mlsd_status read_groups(const mlsd__allocator *a, const mlsd_matrix *m,
                               mlsd__split_columns *out)
{
    MLSD__TRY(read_vector(a, m, "groups", &out->raw.groups, &out->groups));
    if (m->dtype != MLSD_I64) return MLSD_OK;
    const int64_t *const whole = out->raw.groups.i64;
    for (int64_t i = 0; i < m->rows; i++)
        MLSD__TRY(check_group(whole != NULL ? (double)whole[i] : out->groups[i], i));
    return MLSD_OK;
}

/* A target of several columns: labels, each there or not. */
static mlsd_status read_labels(mlsd__scope *scope, const mlsd_matrix *m, mlsd__split_columns *out)
{
    const mlsd__allocator *const a = scope->allocator;
    int64_t n = 0;
    MLSD__TRY(mlsd__mul_size(m->rows, m->cols, &n));
    out->labels = mlsd__alloc_raw(a, n, sizeof *out->labels);
    double *const row = mlsd__alloc_raw(a, m->cols, sizeof *row);
    mlsd_status status = out->labels == NULL || row == NULL ? MLSD_E_NOMEM : MLSD_OK;
    out->raw.n_labels = m->cols;
    for (int64_t i = 0; status == MLSD_OK && i < m->rows; i++) {
        mlsd__matrix_read(m, NULL, i, 1, row);
        for (int64_t j = 0; j < m->cols; j++) {
            out->labels[i * m->cols + j] = row[j] != 0;
            if (row[j] == 0 || row[j] == 1) continue;
            char text[MLSD__NUMBER_CAPACITY];
            mlsd__format_double(row[j], text);
            status = mlsd__fail(MLSD_E_DATA,
                                "label %lld of row %lld is %s; labels are 0 or 1, one column each",
                                (long long)j, (long long)i, text);
            break;
        }
        if (status == MLSD_OK && i % MLSD__BLOCK_ROWS == 0) status = mlsd__checkpoint(scope);
    }
    mlsd__free(a, row);
    return status;
}

static mlsd_status read_target(mlsd__scope *scope, int32_t needs, const mlsd_matrix *m,
                               mlsd__split_columns *out)
{
    if (uses(needs, MLSD__NEEDS_LABELS) && m->cols != 1) return read_labels(scope, m, out);
    if (uses(needs, MLSD__NEEDS_LABELS)) MLSD__TRY(read_labels(scope, m, out));
    if (!uses(needs, MLSD__NEEDS_Y | MLSD__NEEDS_CLASSES)) return MLSD_OK;
    return read_vector(scope->allocator, m, "y", &out->raw.y, &out->y);
}

static mlsd_status read_features(const mlsd__allocator *a, const mlsd_matrix *m,
                                 mlsd__split_columns *out)
{
    if (m->cols == 0) return mlsd__fail(MLSD_E_SHAPE, "'features' has no columns");
    out->features = mlsd__alloc(a, m->cols, sizeof *out->features);
    if (out->features == NULL) return MLSD_E_NOMEM;
    for (int64_t j = 0; j < m->cols; j++)
        out->features[j] = (mlsd__feature){.name = "feature", .type = MLSD__NUMERIC};
    out->frame = (mlsd__frame){.n_rows = m->rows,
                               .n_features = m->cols,
                               .n_source = m->cols,
                               .features = out->features,
                               .matrix = *m};
    return MLSD_OK;
}

mlsd_status mlsd__split_read_columns(mlsd__scope *scope, int32_t needs, int64_t n,
                                     const char *const *roles, const mlsd_matrix *const *columns,
                                     int64_t n_columns, mlsd__split_columns *out)
{
    const mlsd__allocator *const a = scope->allocator;
    const mlsd_matrix *of_role[N_ROLES];
    start(out, a, n);
    MLSD__TRY(assign_roles(n, roles, columns, n_columns, of_role));
    if (of_role[TARGET] != NULL) MLSD__TRY(read_target(scope, needs, of_role[TARGET], out));
    if (of_role[GROUP] != NULL && uses(needs, MLSD__NEEDS_GROUPS))
        MLSD__TRY(read_groups(a, of_role[GROUP], out));
    if (uses(needs, MLSD__NEEDS_TIMES | MLSD__NEEDS_ENDS))
        MLSD__TRY(mlsd__times_of_matrices(a, of_role[TIME], of_role[TIME_END], &out->times,
                                          &out->ends, &out->raw.time_scale));
    if (of_role[ID] != NULL && uses(needs, MLSD__NEEDS_IDS))
        MLSD__TRY(mlsd__ids_of_matrix(a, of_role[ID], &out->ids));
    if (of_role[FEATURES] != NULL && uses(needs, MLSD__NEEDS_FEATURES))
        MLSD__TRY(read_features(a, of_role[FEATURES], out));
    finish(out);
    return MLSD_OK;
}

void mlsd__split_columns_free(mlsd__split_columns *c)
{
    if (!c->is_set) return;
    const mlsd__allocator *const a = &c->allocator;
    mlsd__free(a, c->y);
    mlsd__free(a, c->groups);
    mlsd__free(a, c->group_names);
    mlsd__free(a, c->times);
    mlsd__free(a, c->ends);
    mlsd__free(a, c->ids);
    mlsd__free(a, c->labels);
    mlsd__free(a, c->features);
}
