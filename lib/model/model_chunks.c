/* model_chunks.c - a fit to more rows than memory holds. Kinds whose fit knows its rows by their
 * weighted moments alone (of each class, where there are classes) are fitted to few rows that have
 * the moments of all: for means m, total weight W and scatter S = R'R of q columns these are m +
 * sqrt(q / W) r and m - sqrt(q / W) r for each row r of R, of weight W / (2 q). Such kinds take a
 * weight as a repetition, so that what they say of degrees of freedom is right as well. R comes
 * from the eigenvectors of the correlations, which stand dependent columns. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/handle.h"
#include "model/linear/linear_moments.h"
#include "model/model_impl.h"
#include "model/row_pass.h"
#include "model/train_part.h"
#include "numeric/blas.h"

/* Eigenvalues of correlations below this times eps and the number of columns are rounding. */
static const double EIGENVALUE_SLACK = 8;

typedef struct chunk_class {
    char *name; /* NULL for numbers */
    double value;
    mlsd__gram moments;
} chunk_class;

typedef struct chunk_fit {
    const mlsd_spec *spec;
    mlsd_model *model; /* as the first chunk describes it; NULL before */
    int64_t n_chunks, n_rows, t;
    bool has_class_values;
    chunk_class *classes; /* as they came; one without a name for numbers */
    int64_t n_classes, capacity;
} chunk_fit;

/* Does every step know its rows by their moments? Names the first that does not. */
static mlsd_status require_moments(const mlsd_spec *spec)
{
    const mlsd_spec *step = mlsd__spec_slot_at(spec, "steps", 0);
    for (int64_t i = 1; step != NULL; i++) {
        MLSD__TRY(require_moments(step));
        step = mlsd__spec_slot_at(spec, "steps", i);
        if (step == NULL) return MLSD_OK;
    }
    const mlsd__estimator_ops *const ops = mlsd__spec_ops(spec);
    if (ops->fits_moments) return MLSD_OK;
    return mlsd__fail(MLSD_E_UNSUPPORTED,
                      "'%s' must see all rows at once; chunks will do for ridge, "
                      "linear_regression, lasso, elastic_net, gaussian_nb, linear and quadratic "
                      "discriminant analysis, and standardize before them",
                      mlsd_kind_name(mlsd_spec_kind(spec)));
}

/* Does the kind suit the first chunk? Before any work, as a fit would say it. */
static mlsd_status check_first(const mlsd_spec *spec, const mlsd__train *train)
{
    const mlsd__estimator_ops *const ops = mlsd__estimator_final_ops(spec);
    const char *const kind = mlsd_kind_name(mlsd_spec_kind(mlsd__estimator_final(spec)));
    const bool is_number = train->task == MLSD_TASK_REGRESSION;
    for (int64_t j = 0; j < train->x->n_features; j++)
        if (train->x->features[j].type == MLSD__CATEGORY)
            return mlsd__fail(MLSD_E_DATA, "column '%.100s' holds text, which has no moments",
                              train->x->features[j].name);
    if (train->task == MLSD_TASK_NONE && !mlsd__only_transforms(ops))
        return mlsd__fail(MLSD_E_DATA, "%s needs a target", kind);
    if (train->task != MLSD_TASK_NONE && !mlsd__only_transforms(ops) &&
        !(is_number ? ops->regresses : ops->classifies))
        return mlsd__fail(MLSD_E_DATA, "%s %s, but the target is %s", kind,
                          is_number ? "tells classes" : "predicts a number",
                          is_number ? "a number" : "a class");
    if (train->n_more_targets > 0 && !ops->takes_targets)
        return mlsd__fail(MLSD_E_DATA, "%s predicts one number, but there are %lld targets", kind,
                          (long long)train->n_more_targets + 1);
    return ops->check != NULL ? ops->check(mlsd__estimator_final(spec), train->task) : MLSD_OK;
}

/* What the source says went wrong. */
static mlsd_status fail_of_source(const chunk_fit *fit, int32_t returned)
{
    const mlsd_status status = mlsd__status_is_known(returned) ? returned : MLSD_E_CANCELLED;
    char said[MLSD__ERROR_CAPACITY];
    mlsd__error_copy(said);
    if (said[0] != '\0')
        return mlsd__fail(status, "chunk %lld: %s", (long long)fit->n_chunks, said);
    return mlsd__fail(status, "chunk %lld: its source returned %d and gave no reason",
                      (long long)fit->n_chunks, (int)returned);
}

static mlsd_status ask(const chunk_fit *fit, mlsd_chunk_fn next, void *user,
                       const mlsd_dataset **out)
{
    char before[MLSD__ERROR_CAPACITY];
    mlsd__error_copy(before);
    (void)mlsd_error_set(MLSD_OK, "");
    *out = NULL;
    const int32_t returned = next(user, out);
    if (returned != 0) return fail_of_source(fit, returned);
    mlsd__error_restore(before);
    if (*out != NULL && !MLSD__IS_LIVE(*out, MLSD__MAGIC_DATASET))
        return mlsd__fail(MLSD_E_ARG, "chunk %lld is no data set, or was freed",
                          (long long)fit->n_chunks);
    return MLSD_OK;
}

static mlsd_status check_like_first(const chunk_fit *fit, const mlsd_dataset *chunk)
{
    const mlsd__data_store *const store = chunk->store;
    const bool has_classes = fit->model->n_classes > 0;
    if (fit->model->task == MLSD_TASK_NONE) return MLSD_OK;
    if (store->target == NULL) return mlsd__fail(MLSD_E_DATA, "there is no target");
    if (has_classes != (store->n_classes > 0))
        return mlsd__fail(MLSD_E_TYPE, "the target is %s, but %s in the first chunk",
                          has_classes ? "a number" : "a class",
                          has_classes ? "a class" : "a number");
    if (has_classes && fit->has_class_values != (store->class_values != NULL))
        return mlsd__fail(MLSD_E_TYPE, "the classes are %s, but %s in the first chunk",
                          fit->has_class_values ? "texts" : "numbers",
                          fit->has_class_values ? "numbers" : "texts");
    if (!has_classes && store->n_targets != fit->t)
        return mlsd__fail(MLSD_E_SHAPE, "there are %lld targets, but %lld in the first chunk",
                          (long long)store->n_targets, (long long)fit->t);
    return MLSD_OK;
}

static mlsd_status check_numbers(const mlsd__train *train)
{
    const int64_t n = train->x->n_rows, t = 1 + train->n_more_targets;
    for (int64_t i = 0; i < n; i++) {
        if (train->weight != NULL && !(train->weight[i] >= 0 && isfinite(train->weight[i])))
            return mlsd__fail(MLSD_E_DATA, "the weight of row %lld is %g", (long long)i,
                              train->weight[i]);
        for (int64_t k = 0; k < t; k++)
            if (!isfinite(train->y[i * t + k]))
                return mlsd__fail(MLSD_E_DATA, "the target of row %lld is not finite",
                                  (long long)i);
    }
    return MLSD_OK;
}

static mlsd_status add_moments(mlsd__scope *scope, const mlsd__train *train, mlsd__gram *into)
{
    mlsd__gram here;
    MLSD__TRY(mlsd__linear_moments(scope, train, &here));
    mlsd__gram_merge(into, &here);
    mlsd__gram_free(&here, scope->allocator);
    return MLSD_OK;
}

/* The class of that name, a new one where it was not seen before. name NULL: all rows. */
static mlsd_status find_class(const mlsd__allocator *a, chunk_fit *fit, const char *name,
                              double value, chunk_class **out)
{
    for (int64_t c = 0; c < fit->n_classes; c++) {
        *out = &fit->classes[c];
        if (name == NULL || strcmp((*out)->name, name) == 0) return MLSD_OK;
    }
    MLSD__TRY(mlsd__reserve(a, (void **)&fit->classes, &fit->capacity, fit->n_classes + 1,
                            sizeof *fit->classes));
    *out = &fit->classes[fit->n_classes];
    **out = (chunk_class){.value = value};
    MLSD__TRY(mlsd__gram_init(&(*out)->moments, a, fit->model->n_features + fit->t));
    fit->n_classes++;
    if (name == NULL) return MLSD_OK;
    (*out)->name = mlsd__strdup(a, name);
    return (*out)->name != NULL ? MLSD_OK : MLSD_E_NOMEM;
}

/* The rows of class c of a chunk, into that class's moments. */
static mlsd_status add_class(mlsd__scope *scope, chunk_fit *fit, const mlsd__train *train,
                             const mlsd__data_store *store, int64_t c)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n_rows = train->x->n_rows;
    int64_t n = 0, at = 0;
    for (int64_t i = 0; i < n_rows; i++) n += train->y[i] == (double)c;
    if (n == 0) return MLSD_OK;
    const double value = store->class_values != NULL ? store->class_values[c] : 0;
    chunk_class *class;
    MLSD__TRY(find_class(a, fit, store->class_names[c], value, &class));
    mlsd__train_part part;
    mlsd_status status = mlsd__train_part_open(&part, a, n);
    if (status == MLSD_OK) {
        for (int64_t i = 0; i < n_rows; i++)
            if (train->y[i] == (double)c) part.rows[at++] = i;
        mlsd__train_part_gather(&part, train);
        status = add_moments(scope, &part.train, &class->moments);
    }
    mlsd__train_part_close(&part, a);
    return status;
}

static mlsd_status add_rows(mlsd__scope *scope, chunk_fit *fit, const mlsd__train *train,
                            const mlsd__data_store *store)
{
    MLSD__TRY(check_numbers(train));
    if (fit->model->n_classes == 0) {
        chunk_class *all;
        MLSD__TRY(find_class(scope->allocator, fit, NULL, 0, &all));
        return add_moments(scope, train, &all->moments);
    }
    for (int64_t c = 0; c < store->n_classes; c++)
        MLSD__TRY(add_class(scope, fit, train, store, c));
    return MLSD_OK;
}

/* A transform's rows have no target: zeros stand for it. */
static mlsd_status gather_target(const chunk_fit *fit, const mlsd_dataset *chunk, double **out)
{
    if (fit->model->task != MLSD_TASK_NONE) return mlsd__dataset_gather_targets(chunk, out);
    *out = mlsd__alloc(&chunk->store->allocator, chunk->n_rows, sizeof **out);
    return *out != NULL ? MLSD_OK : MLSD_E_NOMEM;
}

static mlsd_status add_chunk(mlsd__scope *scope, chunk_fit *fit, const mlsd_dataset *chunk)
{
    const mlsd__allocator *const a = scope->allocator;
    double *y = NULL, *weight = NULL;
    mlsd__aligned aligned = {0};
    MLSD__TRY(check_like_first(fit, chunk));
    if (chunk->n_rows == 0) return MLSD_OK;
    mlsd_status status = mlsd__model_align(a, fit->model, chunk, &aligned);
    if (status == MLSD_OK) status = gather_target(fit, chunk, &y);
    if (status == MLSD_OK) status = mlsd__dataset_gather_weight(chunk, &weight);
    if (status == MLSD_OK) {
        const mlsd__train train = {.x = &aligned.frame,
                                   .y = y,
                                   .n_more_targets = fit->t - 1,
                                   .weight = weight,
                                   .task = fit->model->task,
                                   .n_classes = chunk->store->n_classes};
        if (fit->n_rows == 0) status = check_first(fit->spec, &train);
        if (status == MLSD_OK) status = add_rows(scope, fit, &train, chunk->store);
    }
    mlsd__free(&chunk->store->allocator, y);
    mlsd__free(&chunk->store->allocator, weight);
    mlsd__aligned_free(a, &aligned);
    fit->n_rows += chunk->n_rows;
    return status;
}

static mlsd_status read_chunks(mlsd__scope *scope, chunk_fit *fit, mlsd_chunk_fn next, void *user)
{
    for (;; fit->n_chunks++) {
        const mlsd_dataset *chunk;
        MLSD__TRY(mlsd__checkpoint(scope));
        MLSD__TRY(ask(fit, next, user, &chunk));
        if (chunk == NULL) return MLSD_OK;
        if (fit->model == NULL) {
            MLSD__TRY(mlsd__model_describe(scope->allocator, fit->spec, chunk, &fit->model));
            fit->t = fit->model->n_classes > 0 || fit->model->task == MLSD_TASK_NONE
                         ? 1
                         : chunk->store->n_targets;
            fit->has_class_values = chunk->store->class_values != NULL;
        }
        const mlsd_status status = add_chunk(scope, fit, chunk);
        if (status == MLSD_E_NOMEM || status == MLSD_E_CANCELLED) return status;
        if (status != MLSD_OK) {
            char said[MLSD__ERROR_CAPACITY];
            mlsd__error_copy(said);
            return mlsd__fail(status, "chunk %lld: %s", (long long)fit->n_chunks, said);
        }
        mlsd__stage_advance(scope, 1);
    }
}

/* Rows R of a scatter matrix S = R'R (q x q, upper triangle of row stride ld). */
static mlsd_status take_root(mlsd__scope *scope, const double *scatter, int64_t q, int64_t ld,
                             double *root)
{
    const mlsd__allocator *const a = scope->allocator;
    double *const vectors = mlsd__alloc(a, q * q + 2 * q, sizeof *vectors);
    if (vectors == NULL) return MLSD_E_NOMEM;
    double *const length = vectors + q * q, *const values = length + q;
    for (int64_t j = 0; j < q; j++) length[j] = sqrt(scatter[j * ld + j]);
    for (int64_t i = 0; i < q; i++)
        for (int64_t j = i; j < q; j++)
            if (length[i] > 0 && length[j] > 0)
                vectors[i * q + j] = scatter[i * ld + j] / length[i] / length[j];
    const mlsd_status status = mlsd__syev(scope, q, vectors, q, values);
    const double least = EIGENVALUE_SLACK * DBL_EPSILON * (double)q;
    for (int64_t i = 0; status == MLSD_OK && i < q; i++) {
        const double size = values[i] > least ? sqrt(values[i]) : 0;
        for (int64_t j = 0; j < q; j++) root[i * q + j] = size * vectors[j * q + i] * length[j];
    }
    mlsd__free(a, vectors);
    return status;
}

/* The rows of one summary: x (2 q x p), targets (2 q x t; NULL for classes) and one weight. */
static mlsd_status write_rows(mlsd__scope *scope, const mlsd__gram *g, int64_t p, int64_t t,
                              double *x, double *y, double *weight)
{
    const int64_t q = y != NULL ? p + t : p, n = q > 0 ? q : 1;
    double *const root = mlsd__alloc(scope->allocator, n * n, sizeof *root);
    if (root == NULL) return MLSD_E_NOMEM;
    const double size = sqrt((double)n / g->weight);
    const mlsd_status status = take_root(scope, g->scatter, q, g->q, root);
    for (int64_t i = 0; status == MLSD_OK && i < 2 * n; i++) {
        const double sign = i < n ? size : -size;
        const double *const r = root + (i % n) * q;
        for (int64_t j = 0; j < p; j++) x[i * p + j] = g->mean[j] + sign * r[j];
        for (int64_t k = 0; y != NULL && k < t; k++)
            y[i * t + k] = g->mean[p + k] + sign * r[p + k];
        weight[i] = g->weight / (double)(2 * n);
    }
    mlsd__free(scope->allocator, root);
    return status;
}

/* Classes as a data set of all rows would number them. */
static mlsd_status sort_classes(const mlsd__allocator *a, const chunk_fit *fit, int32_t *order)
{
    const int64_t k = fit->n_classes;
    if (fit->has_class_values) {
        for (int64_t i = 0; i < k; i++) {
            int64_t at = i;
            for (; at > 0 && fit->classes[order[at - 1]].value > fit->classes[i].value; at--)
                order[at] = order[at - 1];
            order[at] = (int32_t)i;
        }
        return MLSD_OK;
    }
    char **const names = mlsd__alloc(a, k, sizeof *names);
    if (names == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < k; i++) {
        names[i] = fit->classes[i].name;
        order[i] = (int32_t)i;
    }
    mlsd__levels_sort(names, order, k);
    mlsd__free(a, names);
    return MLSD_OK;
}

/* The model's classes become all that were seen. */
static mlsd_status name_classes(const mlsd__allocator *a, chunk_fit *fit, const int32_t *order)
{
    mlsd_model *const model = fit->model;
    const int64_t k = fit->n_classes;
    char **const names = mlsd__alloc(a, k, sizeof *names);
    double *const values = fit->has_class_values ? mlsd__alloc(a, k, sizeof *values) : NULL;
    if (names == NULL || (fit->has_class_values && values == NULL)) {
        mlsd__free(a, names);
        mlsd__free(a, values);
        return MLSD_E_NOMEM;
    }
    for (int64_t i = 0; i < k; i++) {
        names[i] = fit->classes[order[i]].name;
        fit->classes[order[i]].name = NULL;
        if (values != NULL) values[i] = fit->classes[order[i]].value;
    }
    for (int64_t i = 0; model->class_names != NULL && i < model->n_classes; i++)
        mlsd__free(a, model->class_names[i]);
    mlsd__free(a, model->class_names);
    mlsd__free(a, model->class_values);
    model->class_names = names;
    model->class_values = values;
    model->n_classes = k;
    if (k > 2) model->task = MLSD_TASK_MULTICLASS;
    return MLSD_OK;
}

typedef struct moment_rows {
    int64_t n;
    double *x, *y, *weight;
} moment_rows;

static mlsd_status make_rows(mlsd__scope *scope, const chunk_fit *fit, const int32_t *order,
                             moment_rows *rows)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t p = fit->model->n_features, t = fit->t;
    const bool has_classes = fit->model->n_classes > 0;
    const int64_t q = has_classes ? p : p + t, most = 2 * (q > 0 ? q : 1);
    int64_t size, n_all;
    MLSD__TRY(mlsd__mul_size(most, fit->n_classes, &n_all));
    MLSD__TRY(mlsd__mul_size(n_all, p, &size));
    rows->x = mlsd__alloc(a, size, sizeof *rows->x);
    rows->y = mlsd__alloc(a, n_all * t, sizeof *rows->y);
    rows->weight = mlsd__alloc(a, n_all, sizeof *rows->weight);
    if (rows->x == NULL || rows->y == NULL || rows->weight == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < fit->n_classes; i++) {
        const mlsd__gram *const g = &fit->classes[order[i]].moments;
        if (!(g->weight > 0)) continue;
        for (int64_t j = 0; j < g->q; j++)
            if (!isfinite(g->scatter[j * g->q + j]))
                return mlsd__fail(MLSD_E_NUMERIC, "the sums of squares overflow; scale the columns "
                                                  "or the target down");
        MLSD__TRY(write_rows(scope, g, p, t, rows->x + rows->n * p,
                             has_classes ? NULL : rows->y + rows->n * t, rows->weight + rows->n));
        for (int64_t r = 0; has_classes && r < most; r++) rows->y[rows->n + r] = (double)i;
        rows->n += most;
    }
    if (rows->n > 0) return MLSD_OK;
    return mlsd__fail(MLSD_E_DATA, "all weights are 0");
}

static mlsd_status fit_rows(mlsd__scope *scope, chunk_fit *fit, const moment_rows *rows)
{
    mlsd_model *const model = fit->model;
    const mlsd__frame frame = {.n_rows = rows->n,
                               .n_features = model->n_features,
                               .features = model->features,
                               .n_source = model->n_features,
                               .matrix = {.data = rows->x,
                                          .rows = rows->n,
                                          .cols = model->n_features,
                                          .row_stride = model->n_features,
                                          .col_stride = 1,
                                          .dtype = MLSD_F64}};
    const mlsd__train train = {.x = &frame,
                               .y = model->task == MLSD_TASK_NONE ? NULL : rows->y,
                               .n_more_targets = fit->t - 1,
                               .weight = rows->weight,
                               .task = model->task,
                               .n_classes = model->n_classes};
    model->n_fitted_rows = fit->n_rows;
    return mlsd__estimator_fit(scope, model->spec, &train, &model->state);
}

static mlsd_status finish(mlsd__scope *scope, chunk_fit *fit)
{
    const mlsd__allocator *const a = scope->allocator;
    moment_rows rows = {0};
    if (fit->n_rows == 0) return mlsd__fail(MLSD_E_DATA, "the chunks have no rows");
    int32_t *const order = mlsd__alloc(a, fit->n_classes, sizeof *order);
    if (order == NULL) return MLSD_E_NOMEM;
    mlsd_status status = MLSD_OK;
    if (fit->model->n_classes > 0) {
        status = sort_classes(a, fit, order);
        if (status == MLSD_OK) status = name_classes(a, fit, order);
    }
    if (status == MLSD_OK) status = make_rows(scope, fit, order, &rows);
    if (status == MLSD_OK) status = fit_rows(scope, fit, &rows);
    mlsd__free(a, rows.x);
    mlsd__free(a, rows.y);
    mlsd__free(a, rows.weight);
    mlsd__free(a, order);
    return status;
}

mlsd_status mlsd_model_fit_chunks(const mlsd_context *context, const mlsd_spec *spec,
                                  mlsd_chunk_fn next, void *user, mlsd_model **out)
{
    MLSD__REQUIRE(out != NULL, "out is NULL");
    *out = NULL;
    MLSD__REQUIRE_LIVE(spec, MLSD__MAGIC_SPEC, "spec");
    MLSD__REQUIRE(next != NULL, "next is NULL");
    MLSD__TRY(mlsd__spec_require(spec, "estimator,transform"));
    if (mlsd__estimator_final(spec) == NULL)
        return mlsd__fail(MLSD_E_CHILD, "the pipeline has no steps");
    MLSD__TRY(require_moments(spec));
    mlsd__scope scope;
    MLSD__TRY(mlsd__numeric_open(&scope, context));
    const mlsd__allocator *const a = scope.allocator;
    chunk_fit fit = {.spec = spec};
    mlsd__stage_begin(&scope, "fit chunks", 0);
    mlsd_status status = read_chunks(&scope, &fit, next, user);
    if (status == MLSD_OK) status = finish(&scope, &fit);
    mlsd__stage_end(&scope);
    for (int64_t c = 0; c < fit.n_classes; c++) {
        mlsd__free(a, fit.classes[c].name);
        mlsd__gram_free(&fit.classes[c].moments, a);
    }
    mlsd__free(a, fit.classes);
    if (status != MLSD_OK) mlsd_model_free(fit.model);
    if (status == MLSD_OK) *out = fit.model;
    mlsd__scope_close(&scope);
    return status;
}
