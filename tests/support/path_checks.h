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

enum { PATH_SPLITS = 64, PATH_FREE = 0, PATH_TAKEN = 1, PATH_FAILED = 2 };

typedef struct path_question {
    const char *const *settings; /* JSON texts */
    int64_t n_settings;
    const char *standardize; /* JSON of the step before, or NULL */
    const mlsd_dataset *data;
    const mlsd_folds *folds;
    bool is_partition;
    bool squares; /* ask run_folds for sums of squares alone */
    mlsd_output what;
} path_question;

/* Predictions of the test rows of each (split, setting), and their state. */
typedef struct path_answer {
    int64_t n_splits, n_settings, width, room;
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
    path_answer out = {.n_splits = mlsd_folds_n_splits(q->folds), .n_settings = q->n_settings};
    const int64_t k = mlsd_dataset_n_classes(q->data);
    out.width = q->what == MLSD_OUTPUT_PROBA || (q->what == MLSD_OUTPUT_DECISION && k > 2) ? k : 1;
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

/* Kept in place of the first prediction. */
static inline mlsd_status path_take_squares(void *user, int64_t split, int64_t setting,
                                            int64_t part, const double *squares)
{
    path_answer *const out = user;
    const int64_t at = split * out->n_settings + setting;
    assert_true(part == 0 && out->state[at] == PATH_FREE);
    out->state[at] = PATH_TAKEN;
    out->values[at * out->room] = squares[0];
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

static inline path_answer path_plain(const path_question *q)
{
    path_answer out = path_answer_new(q);
    for (int64_t at = 0; at < out.n_splits * out.n_settings; at++) {
        const int64_t split = at / out.n_settings, l = at % out.n_settings;
        mlsd_dataset *const train = path_view(q, split, false);
        mlsd_dataset *const test = path_view(q, split, true);
        char json[1024];
        if (q->standardize != NULL)
            snprintf(json, sizeof json, "{\"kind\":\"pipeline\",\"steps\":[%s,%s]}", q->standardize,
                     q->settings[l]);
        else
            snprintf(json, sizeof json, "%s", q->settings[l]);
        mlsd_spec *const spec = spec_from(json);
        mlsd_model *model = NULL;
        mlsd_status status = mlsd_model_fit(NULL, spec, train, NULL, NULL, &model);
        if (status == MLSD_OK)
            status = mlsd_model_predict(NULL, model, test, q->what, out.values + at * out.room,
                                        out.n_test[split] * out.width);
        out.state[at] = status == MLSD_OK ? PATH_TAKEN : PATH_FAILED;
        mlsd_model_free(model);
        mlsd_spec_free(spec);
        mlsd_dataset_free(train);
        mlsd_dataset_free(test);
    }
    return out;
}

/* The largest difference of what was taken, beside the largest finite number of its split; what
 * failed must fail in the plain loop. */
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
        const int64_t n = fast->n_test[at / fast->n_settings] * fast->width;
        double largest = 1e-300;
        for (int64_t i = 0; i < n; i++)
            if (isfinite(want[i])) largest = fmax(largest, fabs(want[i]));
        for (int64_t i = 0; i < n; i++) {
            if (got[i] == want[i]) continue; /* infinities too */
            assert_false(isnan(got[i]));
            worst = fmax(worst, fabs(got[i] - want[i]) / largest);
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

/* run and run_folds give what the plain loop gives, with the same bytes for 1, 2 and 7 threads. */
static inline path_counts path_check(const path_question *q, double tolerance)
{
    const int64_t threads[] = {1, 2, 7};
    path_counts n = {0, 0};
    path_answer plain = path_plain(q), first[2];
    for (int t = 0; t < 3; t++) {
        mlsd_context *const context = context_with_threads(threads[t]);
        for (int way = 0; way < 2; way++) {
            mlsd_spec *const spec = spec_from(q->settings[0]);
            const mlsd__path_ops *const path = path_of(spec);
            mlsd_spec_free(spec);
            if (way == 0 ? path->run == NULL || q->standardize != NULL : path->run_folds == NULL)
                continue;
            bool served = true;
            mlsd_status status;
            path_answer fast = way == 0 ? path_run(q, context, &status)
                                        : path_run_folds(q, context, &served, &status);
            if (status != MLSD_OK) fail_msg("%s", mlsd_last_error());
            int64_t *const n_taken = way == 0 ? &n.by_run : &n.by_folds;
            const double worst = path_difference(&fast, &plain, n_taken);
            if (way == 1) assert_int_equal(served, *n_taken > 0);
            if (!(worst <= tolerance))
                fail_msg("predictions of %s differ by %.3g", way == 0 ? "run" : "run_folds", worst);
            if (t == 0) {
                first[way] = fast;
                continue;
            }
            path_assert_same(&first[way], &fast);
            path_answer_free(&fast);
            if (t == 2) path_answer_free(&first[way]);
        }
        mlsd_context_free(context);
    }
    path_answer_free(&plain);
    return n;
}

/* Every allocation of a way (0: run, 1: run_folds) refused once: it says so and gives all back. */
static inline void path_refusals_of(const path_question *q, int way)
{
    for (long long k = 1, refused = 1; refused > 0; k++) {
        failing_allocator f;
        failing_allocator_init(&f, k, 0);
        mlsd_context *const context = failing_context(&f, 2);
        mlsd_status status = MLSD_E_NOMEM;
        if (context != NULL) {
            bool served;
            path_answer out = way == 0 ? path_run(q, context, &status)
                                       : path_run_folds(q, context, &served, &status);
            path_answer_free(&out);
        }
        mlsd_context_free(context);
        refused = atomic_load(&f.failed);
        assert_int_equal(status, refused > 0 ? MLSD_E_NOMEM : MLSD_OK);
        assert_int_equal(atomic_load(&f.live_blocks), 0);
    }
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

#endif
