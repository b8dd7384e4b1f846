/* column_transform.c - transforms of some of the columns, in two kinds. on_columns is one transform
 * over the columns that it names (or those of a type), the others pass beside it; column_transform
 * is several of them side by side, over the same columns in.
 *
 * Most transforms need neither: they take numbers or categories and leave the others as they are.
 * The container, rather than a list of columns in each kind, is how pipelines and any transform of
 * later days can be told their columns. scikit-learn's ColumnTransformer, without a prefix before
 * names. */
#include <string.h>

#include "base/text.h"
#include "model/transform/column_parts.h"

extern const mlsd_kind mlsd__kind_on_columns;
extern const mlsd_kind mlsd__kind_column_transform;

enum { ANY, NUMERIC, CATEGORY };
enum { DROP, PASSTHROUGH };

typedef struct on_columns_params {
    mlsd__str_list columns;
    int64_t type, drop, remainder;
} on_columns_params;

typedef struct column_transform_params {
    int64_t remainder;
} column_transform_params;

static bool is_on_columns(const mlsd_spec *spec)
{
    return mlsd_spec_kind(spec) == &mlsd__kind_on_columns;
}

/* The i-th part of either kind; NULL past the end. */
static const mlsd_spec *part_at(const mlsd_spec *spec, int64_t i)
{
    if (is_on_columns(spec)) return i == 0 ? spec : NULL;
    return mlsd__spec_slot_at(spec, "transforms", i);
}

/* What it does to its columns; NULL: nothing. */
static const mlsd_spec *transform_of(const mlsd_spec *part)
{
    return is_on_columns(part) ? mlsd__spec_slot_child(part, "transform") : part;
}

static bool drops(const mlsd_spec *part)
{
    return is_on_columns(part) && ((const on_columns_params *)mlsd__spec_params(part))->drop != 0;
}

static bool keeps_others(const mlsd_spec *spec)
{
    if (is_on_columns(spec))
        return ((const on_columns_params *)mlsd__spec_params(spec))->remainder == PASSTHROUGH;
    return ((const column_transform_params *)mlsd__spec_params(spec))->remainder == PASSTHROUGH;
}

static mlsd_status check_part(const mlsd_spec *part, mlsd_task task)
{
    const mlsd_spec *const transform = transform_of(part);
    if (is_on_columns(part)) {
        const on_columns_params *const params = mlsd__spec_params(part);
        if (params->columns.values != NULL && params->type != ANY)
            return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                              "on_columns: set 'columns' or 'type', not both");
        if (params->drop != 0 && transform != NULL)
            return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                              "on_columns: what is dropped needs no transform");
    }
    if (transform == NULL) return MLSD_OK;
    const mlsd_spec *const final = mlsd__estimator_final(transform);
    if (final == NULL || !mlsd__spec_transforms(final))
        return mlsd__fail(MLSD_E_CHILD, "%s is no transform, and cannot be one of some columns",
                          mlsd_kind_name(mlsd_spec_kind(transform)));
    const mlsd__estimator_ops *const ops = mlsd__spec_ops(transform);
    return ops->check != NULL ? ops->check(transform, task) : MLSD_OK;
}

static mlsd_status check(const mlsd_spec *spec, mlsd_task task)
{
    if (part_at(spec, 0) == NULL)
        return mlsd__fail(MLSD_E_CHILD, "column_transform has no transforms");
    for (int64_t i = 0; part_at(spec, i) != NULL; i++)
        MLSD__TRY(check_part(part_at(spec, i), task));
    return MLSD_OK;
}

static const char *name_at(const void *features, int64_t i)
{
    return ((const mlsd__feature *)features)[i].name;
}

static mlsd_status find_column(const mlsd__feature *features, int64_t p, const char *name,
                               int64_t *out)
{
    for (*out = 0; *out < p; (*out)++) {
        if (strcmp(features[*out].name, name) == 0) return MLSD_OK;
    }
    const char *const near = mlsd__nearest_name(name, name_at, features, p);
    if (near != NULL)
        return mlsd__fail(MLSD_E_COLUMN,
                          "on_columns: there is no column '%.100s'; there is '%.100s'", name, near);
    return mlsd__fail(MLSD_E_COLUMN, "on_columns: there is no column '%.100s'", name);
}

/* The columns of a part, the caller's; a part that is no on_columns takes all. */
static mlsd_status list_columns(const mlsd__allocator *a, const mlsd_spec *part,
                                const mlsd__feature *features, int64_t p, int64_t **out,
                                int64_t *out_n)
{
    static const on_columns_params all = {.type = ANY};
    const on_columns_params *const params = is_on_columns(part) ? mlsd__spec_params(part) : &all;
    const bool by_name = params->columns.values != NULL;
    const int64_t n_most = by_name ? params->columns.n : p;
    *out_n = 0;
    *out = mlsd__alloc_raw(a, n_most, sizeof **out);
    if (*out == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n_most; i++) {
        int64_t j = i;
        if (by_name) MLSD__TRY(find_column(features, p, params->columns.values[i], &j));
        const bool fits = params->type == ANY ||
                          (params->type == NUMERIC && features[j].type == MLSD__NUMERIC) ||
                          (params->type == CATEGORY && features[j].type == MLSD__CATEGORY);
        if (fits) (*out)[(*out_n)++] = j;
    }
    return MLSD_OK;
}

/* The columns that no on_columns part has. */
static mlsd_status list_others(const mlsd__allocator *a, const mlsd_spec *spec,
                               const mlsd__feature *features, int64_t p, int64_t **out,
                               int64_t *out_n)
{
    *out_n = 0;
    *out = mlsd__alloc(a, p, sizeof **out);
    if (*out == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; part_at(spec, i) != NULL; i++) {
        int64_t *columns, n;
        const mlsd_status status = list_columns(a, part_at(spec, i), features, p, &columns, &n);
        for (int64_t k = 0; status == MLSD_OK && k < n; k++) (*out)[columns[k]] = 1;
        mlsd__free(a, columns);
        MLSD__TRY(status);
    }
    for (int64_t j = 0; j < p; j++) {
        if ((*out)[j] == 0) (*out)[(*out_n)++] = j; /* never before what is still to be read */
    }
    return MLSD_OK;
}

/* Parts without their transforms, and at the end what passes beside them. */
static mlsd_status add_parts(const mlsd__allocator *a, const mlsd_spec *spec,
                             const mlsd__feature *features, int64_t p,
                             mlsd__column_parts **out_state, int64_t *out_n_specs)
{
    int64_t n_specs = 0;
    while (part_at(spec, n_specs) != NULL) n_specs++;
    *out_n_specs = n_specs;
    MLSD__TRY(mlsd__column_parts_new(a, p, n_specs + 1, out_state));
    for (int64_t i = 0; i <= n_specs; i++) {
        int64_t *columns, n;
        mlsd__column_part *part;
        const mlsd_status status =
            i < n_specs ? list_columns(a, part_at(spec, i), features, p, &columns, &n)
                        : list_others(a, spec, features, p, &columns, &n);
        if (status != MLSD_OK) {
            mlsd__free(a, columns);
            return status;
        }
        if (i < n_specs ? drops(part_at(spec, i)) : !keeps_others(spec)) n = 0;
        MLSD__TRY(mlsd__column_parts_add(a, *out_state, features, columns, n, &part));
    }
    return MLSD_OK;
}

/* Has a part a transform and columns for it? */
static const mlsd_spec *work_of(const mlsd_spec *spec, int64_t i, const mlsd__column_part *part)
{
    return part->n > 0 ? transform_of(part_at(spec, i)) : NULL;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    const mlsd__allocator *const a = scope->allocator;
    mlsd__column_parts *state = NULL;
    int64_t n_specs = 0;
    mlsd_status status =
        add_parts(a, spec, train->x->features, train->x->n_features, &state, &n_specs);
    for (int64_t i = 0; status == MLSD_OK && i < n_specs; i++) {
        const mlsd_spec *const work = work_of(spec, i, &state->parts[i]);
        if (work != NULL) status = mlsd__column_part_fit(scope, work, train, &state->parts[i]);
    }
    if (status == MLSD_OK) status = mlsd__column_parts_finish(a, state);
    if (status != MLSD_OK) {
        if (state != NULL) mlsd__column_parts_free(a, state);
        return status;
    }
    *out_state = state;
    return MLSD_OK;
}

/* The columns follow from the spec and the features: what was saved must say the same. */
static mlsd_status load_part(mlsd__reader *r, const mlsd_spec *work, mlsd__column_part *part)
{
    int64_t n = 0;
    int64_t *const columns = mlsd__take_i64s(r, &n);
    mlsd_status status = r->status;
    if (status == MLSD_OK && (n != part->n || (n > 0 && memcmp(columns, part->columns,
                                                               (size_t)n * sizeof *columns) != 0)))
        status = mlsd__fail(MLSD_E_CORRUPT, "the parts of column_transform do not fit its columns");
    mlsd__free(r->allocator, columns);
    if (status == MLSD_OK && work != NULL) status = mlsd__column_part_load(r, work, part);
    return status;
}

static mlsd_status load(mlsd__reader *r, const mlsd_spec *spec, const mlsd__feature *features,
                        int64_t n_features, int64_t n_classes, void **out_state)
{
    const mlsd__allocator *const a = r->allocator;
    mlsd__column_parts *state = NULL;
    int64_t n_specs = 0;
    (void)n_classes;
    *out_state = NULL;
    mlsd_status status = check(spec, MLSD_TASK_NONE);
    if (status == MLSD_OK) status = add_parts(a, spec, features, n_features, &state, &n_specs);
    for (int64_t i = 0; status == MLSD_OK && i < state->n_parts; i++)
        status =
            load_part(r, i < n_specs ? work_of(spec, i, &state->parts[i]) : NULL, &state->parts[i]);
    if (status == MLSD_OK) status = mlsd__column_parts_finish(a, state);
    if (status != MLSD_OK) {
        if (state != NULL) mlsd__column_parts_free(a, state);
        return status;
    }
    *out_state = state;
    return MLSD_OK;
}

static const mlsd__estimator_ops ops = {
    .transforms = true,
    .takes_nan = true,
    .takes_category = true,
    .check = check,
    .fit = fit,
    .check_block = mlsd__column_parts_check_block,
    .predict_block = mlsd__column_parts_block,
    .scratch_width = mlsd__column_parts_scratch,
    .transform_train = mlsd__column_parts_train,
    .end_training = mlsd__column_parts_end_training,
    .features_out = mlsd__column_parts_features,
    .tell_selections = mlsd__column_parts_tell,
    .makes_nan = mlsd__column_parts_make_nan,
    .save = mlsd__column_parts_save,
    .load = load,
    .free_state = mlsd__column_parts_free,
};

static const char *const types[] = {"any", "numeric", "category", NULL};
static const char *const remainders[] = {"drop", "passthrough", NULL};

static const mlsd_param on_columns_table[] = {
    MLSD__P_STR_LIST(on_columns_params, columns, "null",
                     "Names of the columns, in the order wanted; null takes all of the `type`"),
    MLSD__P_CHOICE(on_columns_params, type, types, "\"any\"",
                   "Which columns, where they are not named"),
    MLSD__P_BOOL(on_columns_params, drop, "false", "Leave these columns out"),
    MLSD__P_CHOICE(on_columns_params, remainder, remainders, "\"passthrough\"",
                   "What becomes of the other columns; within column_transform its own says"),
};

static const mlsd__slot on_columns_slots[] = {
    {.name = "transform",
     .families = "transform,estimator",
     .doc = "The transform, or a pipeline of transforms; without one the columns are passed on"},
};

const mlsd_kind mlsd__kind_on_columns = {
    .name = "on_columns",
    .family = "transform",
    .doc = "A transform of some of the columns, beside the others",
    .params = on_columns_table,
    .n_params = MLSD__COUNT(on_columns_table),
    .params_size = sizeof(on_columns_params),
    .slots = on_columns_slots,
    .n_slots = MLSD__COUNT(on_columns_slots),
    .ops = &ops,
    .traits = "{\"transform\":true,\"part\":true}",
};

static const mlsd_param column_transform_table[] = {
    MLSD__P_CHOICE(column_transform_params, remainder, remainders, "\"drop\"",
                   "What becomes of columns that no on_columns among the transforms takes"),
};

static const mlsd__slot column_transform_slots[] = {
    {.name = "transforms",
     .families = "transform,estimator",
     .many = 1,
     .doc = "Each an on_columns, or a transform of all columns; their outputs in this order"},
};

const mlsd_kind mlsd__kind_column_transform = {
    .name = "column_transform",
    .family = "transform",
    .doc = "Transforms of different columns, side by side",
    .params = column_transform_table,
    .n_params = MLSD__COUNT(column_transform_table),
    .params_size = sizeof(column_transform_params),
    .slots = column_transform_slots,
    .n_slots = MLSD__COUNT(column_transform_slots),
    .ops = &ops,
    .traits = "{\"transform\":true,\"sklearn\":\"ColumnTransformer\"}",
};
