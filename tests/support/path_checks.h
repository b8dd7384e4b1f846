/* path_checks.h - what a kind brings to model/path.h beside the plain loop: each setting fitted to
 * each split's training rows, and its test rows predicted. */
#ifndef MLSD_TESTS_PATH_CHECKS_H
#define MLSD_TESTS_PATH_CHECKS_H

#include "failing_allocator.h"
#include "linear_data.h"

#include "data/dataset_impl.h"
#include "model/class_weight.h"
#include "model/model_impl.h"
#include "model/path.h"
#include "numeric/blas.h"

enum { PATH_SPLITS = 512, PATH_FREE = 0, PATH_TAKEN = 1, PATH_FAILED = 2 };

typedef struct path_question {
    const char *const *settings; /* JSON texts */
    int64_t n_settings;
    const char *standardize; /* JSON of the step before, or NULL */
    const mlsd_dataset *data;
    const mlsd_folds *folds;
    bool is_partition;
    bool squares; /* ask run_folds for sums of squares alone */
    mlsd_output what;
    const char *numerics; /* of the context, or NULL */
} path_question;

/* Predictions of the test rows of each (split, setting), or a sum of squares for each target, and
 * their state. */
typedef struct path_answer {
    int64_t n_splits, n_settings, width, room;
    bool is_squares;
    int64_t n_test[PATH_SPLITS];
    double *values;
    unsigned char *state;
} path_answer;

static inline const mlsd__path_ops *path_of(const mlsd_spec *spec)
{
    const mlsd__estimator_ops *const ops = mlsd__spec_ops(spec);
    return ops->path;
}

static inline path_answer path_answer_new(const path_question *q)
{
    path_answer out = {.n_splits = mlsd_folds_n_splits(q->folds),
                       .n_settings = q->n_settings,
                       .is_squares = q->squares};
    const int64_t k = mlsd_dataset_n_classes(q->data);
    const bool by_class =
        q->what == MLSD_OUTPUT_PROBA || (q->what == MLSD_OUTPUT_DECISION && k > 2);
    out.width = by_class ? k : q->data->store->n_targets;
    out.room = out.width;
    assert_true(out.n_splits <= PATH_SPLITS);
    for (int64_t s = 0; s < out.n_splits; s++) {
        out.n_test[s] = mlsd_folds_part_size(q->folds, s, mlsd_folds_n_parts(q->folds) - 1);
        if (out.n_test[s] * out.width > out.room) out.room = out.n_test[s] * out.width;
    }
    const size_t n = (size_t)(out.n_splits * out.n_settings);
    out.values = calloc(n * (size_t)out.room + 1, sizeof(double));
    out.state = calloc(n, 1);
    assert_true(out.values != NULL && out.state != NULL);
    return out;
}

static inline void path_answer_free(path_answer *out)
{
    free(out->values);
    free(out->state);
}

static inline mlsd_status path_take(void *user, mlsd__scope *scope, int64_t split, int64_t setting,
                                    int64_t part, const double *prediction)
{
    path_answer *const out = user;
    const int64_t at = split * out->n_settings + setting;
    (void)scope;
    assert_true(part == 0 && out->state[at] == PATH_FREE);
    out->state[at] = PATH_TAKEN;
    memcpy(out->values + at * out->room, prediction,
           (size_t)(out->n_test[split] * out->width) * sizeof(double));
    return MLSD_OK;
}

/* Kept in place of the first predictions. */
static inline mlsd_status path_take_squares(void *user, int64_t split, int64_t setting,
                                            int64_t part, const double *squares)
{
    path_answer *const out = user;
    const int64_t at = split * out->n_settings + setting;
    assert_true(part == 0 && out->state[at] == PATH_FREE);
    out->state[at] = PATH_TAKEN;
    memcpy(out->values + at * out->room, squares, (size_t)out->width * sizeof(double));
    return MLSD_OK;
}

static inline mlsd_status path_fail(void *user, int64_t split, int64_t setting, mlsd_status status)
{
    path_answer *const out = user;
    unsigned char *const state = &out->state[split * out->n_settings + setting];
    assert_int_equal(*state, PATH_FREE);
    *state = PATH_FAILED;
    return status == MLSD_E_DATA || status == MLSD_E_NUMERIC ? MLSD_OK : status;
}

static inline int64_t *path_rows(const mlsd_folds *folds, int64_t split, int64_t part, int64_t *n)
{
    *n = mlsd_folds_part_size(folds, split, part);
    int64_t *const rows = malloc((size_t)(*n + 1) * sizeof *rows);
    assert_true(rows != NULL);
    assert_int_equal(mlsd_folds_part(folds, split, part, rows, *n), MLSD_OK);
    return rows;
}

static inline mlsd_dataset *path_view(const path_question *q, int64_t split, bool is_test)
{
    int64_t n;
    const int64_t part = is_test ? mlsd_folds_n_parts(q->folds) - 1 : 0;
    int64_t *const rows = path_rows(q->folds, split, part, &n);
    mlsd_dataset *out = NULL;
    assert_int_equal(mlsd_dataset_rows(q->data, rows, n, &out), MLSD_OK);
    free(rows);
    return out;
}

/* What fit() is given for a data set, without class weights. */
typedef struct path_train {
    mlsd__frame frame;
    double *y, *weight;
    mlsd__train train;
} path_train;

static inline void path_train_open(path_train *t, const mlsd_dataset *data)
{
    *t = (path_train){.y = NULL};
    mlsd__dataset_frame(data, &t->frame);
    assert_int_equal(mlsd__dataset_gather_targets(data, &t->y), MLSD_OK);
    assert_int_equal(mlsd__dataset_gather_weight(data, &t->weight), MLSD_OK);
    t->train = (mlsd__train){.x = &t->frame,
                             .y = t->y,
                             .n_more_targets = data->store->n_targets - 1,
                             .weight = t->weight,
                             .task = mlsd_dataset_task(data),
                             .n_classes = mlsd_dataset_n_classes(data)};
}

static inline void path_train_close(path_train *t, const mlsd_dataset *data)
{
    mlsd__free(&data->store->allocator, t->y);
    mlsd__free(&data->store->allocator, t->weight);
}

static inline mlsd_spec **path_specs(const path_question *q)
{
    mlsd_spec **const specs = calloc((size_t)q->n_settings, sizeof *specs);
    assert_true(specs != NULL);
    for (int64_t l = 0; l < q->n_settings; l++) specs[l] = spec_from(q->settings[l]);
    return specs;
}

static inline void path_specs_free(mlsd_spec **specs, int64_t n)
{
    for (int64_t l = 0; l < n; l++) mlsd_spec_free(specs[l]);
    free(specs);
}

/* run_folds; *status is what it returned. */
static inline path_answer path_run_folds(const path_question *q, const mlsd_context *context,
                                         bool *served, mlsd_status *status)
{
    path_answer out = path_answer_new(q);
    mlsd_spec **const specs = path_specs(q);
    mlsd_spec *const standardize = q->standardize != NULL ? spec_from(q->standardize) : NULL;
    mlsd__path_rows splits[PATH_SPLITS];
    for (int64_t s = 0; s < out.n_splits; s++) {
        splits[s].train = path_rows(q->folds, s, 0, &splits[s].n_train);
        splits[s].test =
            path_rows(q->folds, s, mlsd_folds_n_parts(q->folds) - 1, &splits[s].n_test);
    }
    path_train all;
    path_train_open(&all, q->data);
    const mlsd__path_sink sink = {path_take, path_take_squares, path_fail, &out};
    const mlsd__path_folds folds = {.settings = (const mlsd_spec *const *)specs,
                                    .n_settings = q->n_settings,
                                    .standardize = standardize,
                                    .all = &all.train,
                                    .splits = splits,
                                    .n_splits = out.n_splits,
                                    .is_partition = q->is_partition,
                                    .what = q->what,
                                    .width = out.width,
                                    .wants_squares_only = q->squares,
                                    .sink = &sink};
    mlsd__scope scope;
    *served = false;
    *status = mlsd__numeric_open(&scope, context);
    if (*status == MLSD_OK) {
        *status = path_of(specs[0])->run_folds(&scope, &folds, served);
        mlsd__scope_close(&scope);
    }
    path_train_close(&all, q->data);
    for (int64_t s = 0; s < out.n_splits; s++) {
        free((void *)(uintptr_t)splits[s].train);
        free((void *)(uintptr_t)splits[s].test);
    }
    mlsd_spec_free(standardize);
    path_specs_free(specs, q->n_settings);
    return out;
}

static inline mlsd_status path_run_split(const path_question *q, mlsd__scope *scope,
                                         mlsd_spec *const *specs, int64_t split, path_answer *out)
{
    mlsd_dataset *const train = path_view(q, split, false), *const test = path_view(q, split, true);
    path_train t;
    mlsd__frame frame;
    path_train_open(&t, train);
    mlsd__dataset_frame(test, &frame);
    const mlsd__estimator_ops *const ops = mlsd__spec_ops(specs[0]);
    const mlsd__path_sink sink = {path_take, path_take_squares, path_fail, out};
    mlsd__train weighted = t.train;
    double *product = NULL;
    mlsd_status status = MLSD_OK;
    if (ops->class_weight != NULL)
        status = mlsd__class_weight_apply(scope, ops->class_weight(specs[0]), &t.train, &weighted,
                                          &product);
    const mlsd__path_fold fold = {.settings = (const mlsd_spec *const *)specs,
                                  .n_settings = q->n_settings,
                                  .train = &weighted,
                                  .parts = &frame,
                                  .n_parts = 1,
                                  .what = q->what,
                                  .width = out->width,
                                  .split = split,
                                  .sink = &sink};
    if (status == MLSD_OK) status = ops->path->run(scope, &fold);
    mlsd__free(scope->allocator, product);
    path_train_close(&t, train);
    mlsd_dataset_free(train);
    mlsd_dataset_free(test);
    return status;
}

/* run, split by split. */
static inline path_answer path_run(const path_question *q, const mlsd_context *context,
                                   mlsd_status *status)
{
    path_answer out = path_answer_new(q);
    mlsd_spec **const specs = path_specs(q);
    mlsd__scope scope;
    *status = mlsd__numeric_open(&scope, context);
    const bool opened = *status == MLSD_OK;
    for (int64_t s = 0; *status == MLSD_OK && s < out.n_splits; s++)
        *status = path_run_split(q, &scope, specs, s, &out);
    if (opened) mlsd__scope_close(&scope);
    path_specs_free(specs, q->n_settings);
    return out;
}

static inline mlsd_context *path_context(const path_question *q, int64_t n_threads)
{
    mlsd_context *const context = context_with_threads(n_threads);
    if (q->numerics != NULL)
        assert_int_equal(mlsd_context_set_str(context, "numerics", q->numerics), MLSD_OK);
    return context;
}

/* Predictions of n rows give way to the sums of their squared errors. */
static inline void path_square(const mlsd_dataset *test, int64_t n, int64_t width, double *values)
{
    path_train t;
    path_train_open(&t, test);
    double *const sums = calloc((size_t)width, sizeof *sums);
    assert_non_null(sums);
    for (int64_t i = 0; i < n * width; i++) {
        const double e = t.y[i] - values[i];
        sums[i % width] += (t.weight != NULL ? t.weight[i / width] : 1) * e * e;
    }
    memcpy(values, sums, (size_t)width * sizeof *sums);
    free(sums);
    path_train_close(&t, test);
}

static inline mlsd_status path_plain_one(const path_question *q, const mlsd_context *context,
                                         int64_t split, int64_t setting, path_answer *out)
{
    mlsd_dataset *const train = path_view(q, split, false), *const test = path_view(q, split, true);
    char json[1024];
    if (q->standardize != NULL)
        snprintf(json, sizeof json, "{\"kind\":\"pipeline\",\"steps\":[%s,%s]}", q->standardize,
                 q->settings[setting]);
    else
        snprintf(json, sizeof json, "%s", q->settings[setting]);
    mlsd_spec *const spec = spec_from(json);
    mlsd_model *model = NULL;
    double *const values = out->values + (split * out->n_settings + setting) * out->room;
    mlsd_status status = mlsd_model_fit(context, spec, train, NULL, NULL, &model);
    if (status == MLSD_OK)
        status = mlsd_model_predict(context, model, test, q->what, values,
                                    out->n_test[split] * out->width);
    if (status == MLSD_OK && q->squares) path_square(test, out->n_test[split], out->width, values);
    mlsd_model_free(model);
    mlsd_spec_free(spec);
    mlsd_dataset_free(train);
    mlsd_dataset_free(test);
    return status;
}

static inline path_answer path_plain(const path_question *q)
{
    path_answer out = path_answer_new(q);
    mlsd_context *const context = path_context(q, 2);
    for (int64_t at = 0; at < out.n_splits * out.n_settings; at++) {
        const mlsd_status status =
            path_plain_one(q, context, at / out.n_settings, at % out.n_settings, &out);
        out.state[at] = status == MLSD_OK ? PATH_TAKEN : PATH_FAILED;
    }
    mlsd_context_free(context);
    return out;
}

/* The largest difference of what was taken: of predictions beside the largest finite number of
 * their split, of squares beside each of them. What failed must fail in the plain loop. */
static inline double path_difference(const path_answer *fast, const path_answer *plain,
                                     int64_t *n_taken)
{
    double worst = 0;
    *n_taken = 0;
    for (int64_t at = 0; at < fast->n_splits * fast->n_settings; at++) {
        if (fast->state[at] == PATH_FREE) continue;
        assert_int_equal(fast->state[at], plain->state[at]);
        if (fast->state[at] != PATH_TAKEN) continue;
        ++*n_taken;
        const double *const got = fast->values + at * fast->room;
        const double *const want = plain->values + at * plain->room;
        const int64_t n_rows = fast->is_squares ? 1 : fast->n_test[at / fast->n_settings];
        double largest = 1e-300;
        for (int64_t i = 0; i < n_rows * fast->width; i++)
            if (isfinite(want[i])) largest = fmax(largest, fabs(want[i]));
        for (int64_t i = 0; i < n_rows * fast->width; i++) {
            if (got[i] == want[i]) continue; /* infinities too */
            assert_false(isnan(got[i]));
            const double scale = fast->is_squares ? fmax(fabs(want[i]), 1e-300) : largest;
            worst = fmax(worst, fabs(got[i] - want[i]) / scale);
        }
    }
    return worst;
}

static inline void path_assert_same(const path_answer *a, const path_answer *b)
{
    const size_t n = (size_t)(a->n_splits * a->n_settings);
    assert_memory_equal(a->state, b->state, n);
    assert_memory_equal(a->values, b->values, n * (size_t)a->room * sizeof(double));
}

/* How many (split, setting) each way took. */
typedef struct path_counts {
    int64_t by_run, by_folds;
} path_counts;

static inline bool path_has_way(const path_question *q, int way)
{
    mlsd_spec *const spec = spec_from(q->settings[0]);
    const mlsd__path_ops *const path = path_of(spec);
    mlsd_spec_free(spec);
    if (way == 0) return path->run != NULL && q->standardize == NULL && !q->squares;
    return path->run_folds != NULL;
}

/* A way (0: run, 1: run_folds) gives what the plain loop gives, with the same bytes for 1, 2 and 7
 * threads. How many (split, setting) it took. */
static inline int64_t path_check_way(const path_question *q, int way, const path_answer *plain,
                                     double tolerance)
{
    const int64_t threads[] = {1, 2, 7};
    int64_t n_taken = 0;
    path_answer first = {0};
    for (int t = 0; t < 3; t++) {
        mlsd_context *const context = path_context(q, threads[t]);
        bool served = true;
        mlsd_status status;
        path_answer fast =
            way == 0 ? path_run(q, context, &status) : path_run_folds(q, context, &served, &status);
        mlsd_context_free(context);
        if (status != MLSD_OK) fail_msg("%s", mlsd_last_error());
        for (int64_t at = 0; way == 0 && at < fast.n_splits * fast.n_settings; at++)
            assert_int_not_equal(fast.state[at], PATH_FREE); /* only run_folds may leave some */
        const double worst = path_difference(&fast, plain, &n_taken);
        if (way == 1) assert_int_equal(served, n_taken > 0);
        if (!(worst <= tolerance))
            fail_msg("%s of %s differ by %.3g", q->squares ? "squares" : "predictions",
                     way == 0 ? "run" : "run_folds", worst);
        if (t == 0) {
            first = fast;
            continue;
        }
        path_assert_same(&first, &fast);
        path_answer_free(&fast);
    }
    path_answer_free(&first);
    return n_taken;
}

/* Both ways, as far as the kind has them. */
static inline path_counts path_check(const path_question *q, double tolerance)
{
    path_answer plain = path_plain(q);
    const path_counts n = {
        .by_run = path_has_way(q, 0) ? path_check_way(q, 0, &plain, tolerance) : 0,
        .by_folds = path_has_way(q, 1) ? path_check_way(q, 1, &plain, tolerance) : 0};
    path_answer_free(&plain);
    return n;
}

/* Every allocation of a way (0: run, 1: run_folds) refused once: it says so and gives all back. */
static inline void path_refusals_of(const path_question *q, int way)
{
    int64_t n_taken = 0;
    for (long long k = 1, refused = 1; refused > 0; k++) {
        failing_allocator f;
        failing_allocator_init(&f, k, 0);
        mlsd_context *const context = failing_context(&f, 2);
        mlsd_status status = MLSD_E_NOMEM;
        if (context != NULL) {
            bool served;
            path_answer out = way == 0 ? path_run(q, context, &status)
                                       : path_run_folds(q, context, &served, &status);
            n_taken = 0;
            for (int64_t at = 0; at < out.n_splits * out.n_settings; at++)
                n_taken += out.state[at] == PATH_TAKEN;
            path_answer_free(&out);
        }
        mlsd_context_free(context);
        refused = atomic_load(&f.failed);
        assert_int_equal(status, refused > 0 ? MLSD_E_NOMEM : MLSD_OK);
        assert_int_equal(atomic_load(&f.live_blocks), 0);
    }
    assert_true(n_taken > 0); /* or the walk was over nothing */
}

static inline void path_refusals(const path_question *q)
{
    path_refusals_of(q, 0);
    path_refusals_of(q, 1);
}

static inline mlsd_folds *path_split(const mlsd_dataset *data, const char *json)
{
    mlsd_spec *const spec = spec_from(json);
    mlsd_folds *folds = NULL;
    if (mlsd_folds_split_dataset(NULL, spec, data, &folds) != MLSD_OK)
        fail_msg("%s", mlsd_last_error());
    mlsd_spec_free(spec);
    return folds;
}

/* A data set of the numbers of d (k classes; 0: regression), its folds, and q about them. */
typedef struct path_setup {
    mlsd_dataset *data;
    mlsd_folds *folds;
    path_question q;
} path_setup;

static inline path_setup path_open(const linear_data *d, int64_t k, int weighted,
                                   const char *splitter, const path_question *ask)
{
    const mlsd_task task = k == 0   ? MLSD_TASK_REGRESSION
                           : k == 2 ? MLSD_TASK_BINARY
                                    : MLSD_TASK_MULTICLASS;
    path_setup out = {.data = dataset_of(d, task, weighted), .q = *ask};
    out.folds = path_split(out.data, splitter);
    out.q.data = out.data;
    out.q.folds = out.folds;
    out.q.is_partition = strstr(splitter, "\"kfold\"") != NULL;
    return out;
}

static inline void path_close(path_setup *setup)
{
    mlsd_folds_free(setup->folds);
    mlsd_dataset_free(setup->data);
}

/* path_check of d's numbers, which must take so many (split, setting) by each way. */
static inline void path_expect(const linear_data *d, int64_t k, int weighted, const char *splitter,
                               const path_question *ask, double tolerance, path_counts want)
{
    path_setup setup = path_open(d, k, weighted, splitter, ask);
    const path_counts n = path_check(&setup.q, tolerance);
    path_close(&setup);
    assert_int_equal(n.by_run, want.by_run);
    assert_int_equal(n.by_folds, want.by_folds);
}

/* path_refusals with weights and two folds. */
static inline void path_refusals_made(int64_t k, const path_question *ask)
{
    linear_data d = make_linear_data(60, 3, k, 5);
    path_setup setup = path_open(&d, k, 1, "{\"kind\":\"kfold\",\"n_splits\":2}", ask);
    path_refusals(&setup.q);
    path_close(&setup);
    free_linear_data(&d);
}

#endif
