/* audit.c - a leakage audit from beginning to end: which checks run, one walk over the splits that
 * serves all of them, and the result. What each check looks for stands in audit_<topic>.c; how it
 * tells in audit_report.c. */
#include <math.h>
#include <string.h>

#include "base/handle.h"
#include "numeric/blas.h"
#include "split/splitter.h"
#include "validate/audit_impl.h"
#include "validate/result_rows.h"

static const mlsd__audit_check *const checks[] = {
    &mlsd__audit_overlap,        &mlsd__audit_duplicates, &mlsd__audit_near_duplicates,
    &mlsd__audit_groups,         &mlsd__audit_time,       &mlsd__audit_target_leak,
    &mlsd__audit_order,          &mlsd__audit_shift,      &mlsd__audit_preprocessing,
    &mlsd__audit_stratification,
};
enum { N_CHECKS = sizeof checks / sizeof checks[0] };

/* Fewer neighbours on different sides than this part of what shuffling makes: blocks. */
static const double BLOCKED_SHARE = 0.5;

/* One check as it runs. */
typedef struct running {
    bool is_wanted, is_open;
    void *state;
    const char *reason, *measure;
    double value, seconds;
} running;

/* The buffers behind the split that is shown to the checks. */
typedef struct walk {
    int64_t n_parts, capacity;
    int64_t *rows, *sizes;
    const int64_t **parts;
    uint8_t *mark;
} walk;

bool mlsd__audit_is_small(const mlsd__audit *a)
{
    enum { SMALL_CELLS = 1 << 14 };
    return a->n_rows <= SMALL_CELLS / (a->n_features > 0 ? a->n_features : 1);
}

void mlsd__audit_skip(mlsd__audit *a, const char *reason)
{
    a->reason = reason;
}

void mlsd__audit_measure(mlsd__audit *a, const char *measure, double value)
{
    a->measure = measure;
    a->value = value;
}

int64_t mlsd__audit_split_at(const mlsd__audit *a, int64_t i)
{
    return (int64_t)((double)i * ((double)a->n_splits / (double)a->n_looked));
}

static const char *check_name_at(const void *user, int64_t i)
{
    (void)user;
    return checks[i]->name;
}

static mlsd_status find_check(const char *name, int64_t *out)
{
    for (*out = 0; *out < N_CHECKS; (*out)++) {
        if (strcmp(checks[*out]->name, name) == 0) return MLSD_OK;
    }
    const char *const near = mlsd__nearest_name(name, check_name_at, NULL, N_CHECKS);
    if (near != NULL)
        return mlsd__fail(MLSD_E_PARAM_RANGE, "'checks' has no check '%.60s'; did you mean '%s'?",
                          name, near);
    return mlsd__fail(MLSD_E_PARAM_RANGE,
                      "'checks' has no check '%.60s'; there are overlap, duplicates, "
                      "near_duplicates, groups, time, target_leak, order, shift, preprocessing, "
                      "stratification",
                      name);
}

mlsd_status mlsd__audit_validate(const mlsd_spec *options, const mlsd_dataset *dataset,
                                 const mlsd_folds *folds)
{
    if (options != NULL) {
        MLSD__REQUIRE_LIVE(options, MLSD__MAGIC_SPEC, "spec");
        MLSD__TRY(mlsd__spec_require(options, "audit"));
        const mlsd__audit_params *const p = mlsd__spec_params(options);
        for (int64_t i = 0; i < p->checks.n; i++) {
            int64_t check;
            MLSD__TRY(find_check(p->checks.values[i], &check));
        }
    }
    MLSD__REQUIRE_LIVE(dataset, MLSD__MAGIC_DATASET, "dataset");
    MLSD__REQUIRE_LIVE(folds, MLSD__MAGIC_FOLDS, "folds");
    const int64_t n = mlsd_dataset_n_rows(dataset);
    if (mlsd_folds_n_rows(folds) != n) {
        return mlsd__fail(MLSD_E_SHAPE, "the folds split %lld rows, the data set has %lld",
                          (long long)mlsd_folds_n_rows(folds), (long long)n);
    }
    return MLSD_OK;
}

static mlsd_status choose_checks(const mlsd__audit_params *p, running *run)
{
    for (int64_t i = 0; i < N_CHECKS; i++)
        run[i].is_wanted = p->checks.values == NULL && (p->depth == 1 || checks[i]->is_cheap);
    for (int64_t i = 0; i < p->checks.n; i++) {
        int64_t check;
        MLSD__TRY(find_check(p->checks.values[i], &check));
        run[check].is_wanted = true;
    }
    return MLSD_OK;
}

/* Evenly spaced rows. */
static mlsd_status take_sample(mlsd__audit *a)
{
    const mlsd__allocator *const al = a->scope->allocator;
    const int64_t n = a->n_rows < a->params->max_rows ? a->n_rows : a->params->max_rows;
    a->sample = mlsd__alloc_raw(al, n, sizeof *a->sample);
    a->sample_source = mlsd__alloc_raw(al, n, sizeof *a->sample_source);
    if (a->sample == NULL || a->sample_source == NULL) return MLSD_E_NOMEM;
    a->n_sample = n;
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = (int64_t)((double)i * ((double)a->n_rows / (double)n));
        a->sample[i] = row;
        a->sample_source[i] = a->frame.rows != NULL ? a->frame.rows[row] : row;
    }
    if (a->y == NULL) return MLSD_OK;
    a->sample_y = mlsd__alloc_raw(al, n, sizeof *a->sample_y);
    if (a->sample_y == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) a->sample_y[i] = a->y[a->sample[i]];
    return MLSD_OK;
}

static mlsd_status prepare(mlsd__audit *a)
{
    a->n_rows = mlsd_dataset_n_rows(a->dataset);
    a->n_features = mlsd_dataset_n_features(a->dataset);
    a->task = mlsd_dataset_task(a->dataset);
    a->n_classes = mlsd_dataset_n_classes(a->dataset);
    a->n_splits = mlsd_folds_n_splits(a->folds);
    a->n_looked = a->n_splits < a->params->max_splits ? a->n_splits : a->params->max_splits;
    a->keeps_all_hits = a->estimator != NULL && a->task != MLSD_TASK_NONE;
    mlsd__dataset_frame(a->dataset, &a->frame);
    MLSD__TRY(mlsd__dataset_gather_target(a->dataset, &a->y));
    return take_sample(a);
}

static void release(mlsd__audit *a)
{
    const mlsd__allocator *const al = a->scope->allocator;
    for (int64_t i = 0; i < a->n_findings; i++) {
        mlsd__free(al, a->findings[i].columns);
        mlsd__free(al, a->findings[i].message);
        mlsd__audit_hits_free(a, &a->findings[i].hits);
    }
    mlsd__free(al, a->findings);
    mlsd__free(al, a->row_hash);
    mlsd__free(al, a->twin);
    mlsd__free(al, a->sample);
    mlsd__free(al, a->sample_source);
    mlsd__free(al, a->sample_y);
    mlsd__free(&a->dataset->store->allocator, a->y);
}

static void start_check(mlsd__audit *a, const mlsd__audit_check *check, const running *r)
{
    a->check = check->name;
    a->reason = r->reason;
    a->measure = r->measure;
    a->value = r->value;
}

static void stop_check(const mlsd__audit *a, running *r, double started)
{
    r->reason = a->reason;
    r->measure = a->measure;
    r->value = a->value;
    r->seconds += mlsd__seconds() - started;
}

static mlsd_status open_all(mlsd__audit *a, running *run)
{
    for (int64_t i = 0; i < N_CHECKS; i++) {
        run[i].value = NAN;
        if (!run[i].is_wanted) continue;
        const double started = mlsd__seconds();
        start_check(a, checks[i], &run[i]);
        MLSD__TRY(checks[i]->open(a, &run[i].state));
        stop_check(a, &run[i], started);
        run[i].is_open = run[i].reason == NULL;
        MLSD__TRY(mlsd__checkpoint(a->scope));
    }
    return MLSD_OK;
}

static void walk_free(walk *w, const mlsd__allocator *al)
{
    mlsd__free(al, w->rows);
    mlsd__free(al, w->sizes);
    mlsd__free(al, (void *)w->parts);
    mlsd__free(al, w->mark);
}

static mlsd_status walk_make(mlsd__audit *a, walk *w)
{
    const mlsd__allocator *const al = a->scope->allocator;
    w->n_parts = mlsd_folds_n_parts(a->folds);
    w->sizes = mlsd__alloc(al, w->n_parts, sizeof *w->sizes);
    w->parts = mlsd__alloc(al, w->n_parts, sizeof *w->parts);
    w->mark = mlsd__alloc_raw(al, a->n_rows, 1);
    return w->sizes == NULL || w->parts == NULL || w->mark == NULL ? MLSD_E_NOMEM : MLSD_OK;
}

static mlsd_status read_parts(mlsd__audit *a, walk *w, int64_t k)
{
    int64_t total = 0;
    for (int64_t p = 0; p < w->n_parts; p++) {
        w->sizes[p] = mlsd_folds_part_size(a->folds, k, p);
        total += w->sizes[p];
    }
    void *rows = w->rows;
    const mlsd_status status =
        mlsd__reserve(a->scope->allocator, &rows, &w->capacity, total, sizeof *w->rows);
    w->rows = rows;
    MLSD__TRY(status);
    int64_t at = 0;
    for (int64_t p = 0; p < w->n_parts; p++) {
        MLSD__TRY(mlsd_folds_part(a->folds, k, p, w->rows + at, w->sizes[p]));
        w->parts[p] = w->rows + at;
        at += w->sizes[p];
        MLSD__TRY(mlsd__checkpoint(a->scope));
    }
    return MLSD_OK;
}

/* Of neighbouring rows that both have a side, the share on different sides, beside what a shuffle
 * of the same sizes makes. */
static bool is_blocked(const uint8_t *mark, int64_t n)
{
    double n_pairs = 0, n_borders = 0, n_train = 0, n_sided = 0;
    for (int64_t i = 0; i < n; i++) {
        n_sided += mark[i] != 0;
        n_train += mark[i] == MLSD__IN_TRAIN;
        if (i == 0 || mark[i] == 0 || mark[i - 1] == 0) continue;
        n_pairs++;
        n_borders += mark[i] != mark[i - 1];
    }
    const double share = n_sided > 0 ? n_train / n_sided : 0;
    return n_borders < BLOCKED_SHARE * 2 * share * (1 - share) * n_pairs;
}

static void mark_split(const mlsd__audit *a, const walk *w, int64_t k, mlsd__audit_split *out)
{
    const int64_t last = w->n_parts - 1;
    *out = (mlsd__audit_split){.number = k,
                               .n_parts = w->n_parts,
                               .parts = w->parts,
                               .sizes = w->sizes,
                               .train = w->parts[0],
                               .test = w->parts[last],
                               .n_train = w->sizes[0],
                               .n_test = w->sizes[last],
                               .mark = w->mark};
    int64_t last_train = -1, first_test = a->n_rows;
    memset(w->mark, 0, (size_t)a->n_rows);
    for (int64_t i = 0; i < out->n_train; i++) {
        w->mark[out->train[i]] |= MLSD__IN_TRAIN;
        if (out->train[i] > last_train) last_train = out->train[i];
    }
    for (int64_t i = 0; i < out->n_test; i++) {
        w->mark[out->test[i]] |= MLSD__IN_TEST;
        if (out->test[i] < first_test) first_test = out->test[i];
    }
    out->is_ordered = last_train < first_test;
    out->is_blocked = out->is_ordered || is_blocked(w->mark, a->n_rows);
}

static mlsd_status visit_split(mlsd__audit *a, walk *w, running *run, int64_t k)
{
    mlsd__audit_split split;
    MLSD__TRY(read_parts(a, w, k));
    mark_split(a, w, k, &split);
    for (int64_t i = 0; i < N_CHECKS; i++) {
        if (!run[i].is_open || checks[i]->visit == NULL) continue;
        const double started = mlsd__seconds();
        start_check(a, checks[i], &run[i]);
        MLSD__TRY(checks[i]->visit(a, run[i].state, &split));
        stop_check(a, &run[i], started);
        MLSD__TRY(mlsd__checkpoint(a->scope));
    }
    return MLSD_OK;
}

static mlsd_status visit_all(mlsd__audit *a, running *run)
{
    bool is_needed = false;
    for (int64_t i = 0; i < N_CHECKS; i++)
        is_needed = is_needed || (run[i].is_open && checks[i]->visit != NULL);
    if (!is_needed) return MLSD_OK;
    walk w = {0};
    mlsd_status status = walk_make(a, &w);
    mlsd__stage_begin(a->scope, "audit", a->n_looked);
    for (int64_t i = 0; i < a->n_looked && status == MLSD_OK; i++) {
        status = visit_split(a, &w, run, mlsd__audit_split_at(a, i));
        mlsd__stage_advance(a->scope, 1);
    }
    mlsd__stage_end(a->scope);
    walk_free(&w, a->scope->allocator);
    return status;
}

static mlsd_status close_all(mlsd__audit *a, running *run)
{
    for (int64_t i = 0; i < N_CHECKS; i++) {
        if (!run[i].is_open) continue;
        const double started = mlsd__seconds();
        start_check(a, checks[i], &run[i]);
        MLSD__TRY(checks[i]->close(a, run[i].state));
        stop_check(a, &run[i], started);
        MLSD__TRY(mlsd__checkpoint(a->scope));
    }
    return MLSD_OK;
}

static mlsd_status put_checks(mlsd_result *r, const running *run)
{
    static const mlsd__row_column columns[] = {{"check", MLSD_COLUMN_CATEGORY},
                                               {"status", MLSD_COLUMN_CATEGORY},
                                               {"reason", MLSD_COLUMN_CATEGORY},
                                               {"measure", MLSD_COLUMN_CATEGORY},
                                               {"value", MLSD_COLUMN_F64}};
    mlsd__rows rows;
    mlsd__rows_init(&rows, &r->allocator, columns, MLSD__COUNT(columns));
    for (int64_t i = 0; i < N_CHECKS; i++) {
        const char *reason = run[i].reason;
        if (!run[i].is_wanted) reason = "not asked for";
        mlsd__rows_str(&rows, checks[i]->name);
        mlsd__rows_str(&rows, reason == NULL ? "done" : "skipped");
        mlsd__rows_str(&rows, reason != NULL ? reason : "");
        mlsd__rows_str(&rows, run[i].measure != NULL ? run[i].measure : "");
        mlsd__rows_f64(&rows, run[i].value);
    }
    mlsd_table *table;
    MLSD__TRY(mlsd__rows_to_table(&rows, &table));
    return mlsd__result_set_table(r, "checks", table, false);
}

static mlsd_status put_timings(mlsd_result *r, const running *run)
{
    static const mlsd__row_column columns[] = {{"check", MLSD_COLUMN_CATEGORY},
                                               {"seconds", MLSD_COLUMN_F64}};
    mlsd__rows rows;
    mlsd__rows_init(&rows, &r->allocator, columns, MLSD__COUNT(columns));
    for (int64_t i = 0; i < N_CHECKS; i++) {
        if (!run[i].is_wanted) continue;
        mlsd__rows_str(&rows, checks[i]->name);
        mlsd__rows_f64(&rows, run[i].seconds);
    }
    mlsd_table *table;
    MLSD__TRY(mlsd__rows_to_table(&rows, &table));
    return mlsd__result_set_table(r, "checks", table, true);
}

static mlsd_status make_result(mlsd__audit *a, const running *run, mlsd_result **out)
{
    mlsd_result *r;
    MLSD__TRY(mlsd__result_new(a->scope->allocator, "audit", &r));
    mlsd_status status = mlsd__audit_put_findings(a, r);
    if (status == MLSD_OK) status = put_checks(r, run);
    if (status == MLSD_OK) status = put_timings(r, run);
    if (status == MLSD_OK) {
        *out = r;
    } else {
        mlsd_result_free(r);
    }
    return status;
}

mlsd_status mlsd__audit_run(mlsd__scope *scope, const mlsd_context *context,
                            const mlsd_spec *options, const mlsd_dataset *dataset,
                            const mlsd_folds *folds, mlsd_result **out)
{
    *out = NULL;
    mlsd_spec *defaults = NULL;
    if (options == NULL) {
        MLSD__TRY(mlsd__spec_new(scope->allocator, "leakage_audit", &defaults));
        options = defaults;
    }
    mlsd__audit a = {.scope = scope,
                     .context = context,
                     .params = mlsd__spec_params(options),
                     .estimator = mlsd__spec_slot_child(options, "estimator"),
                     .dataset = dataset,
                     .folds = folds};
    running run[N_CHECKS];
    memset(run, 0, sizeof run);
    mlsd_status status = choose_checks(a.params, run);
    if (status == MLSD_OK) status = prepare(&a);
    if (status == MLSD_OK) status = open_all(&a, run);
    if (status == MLSD_OK) status = visit_all(&a, run);
    if (status == MLSD_OK) status = close_all(&a, run);
    if (status == MLSD_OK) status = mlsd__audit_effects(&a);
    if (status == MLSD_OK) status = make_result(&a, run, out);
    for (int64_t i = 0; i < N_CHECKS; i++) checks[i]->free_state(&a, run[i].state);
    release(&a);
    mlsd_spec_free(defaults);
    return status;
}

mlsd_status mlsd_folds_audit(const mlsd_context *context, const mlsd_spec *options,
                             const mlsd_dataset *dataset, const mlsd_folds *folds,
                             mlsd_result **out)
{
    MLSD__REQUIRE(out != NULL, "the pointer for the result is NULL");
    *out = NULL;
    MLSD__TRY(mlsd__audit_validate(options, dataset, folds));

    mlsd__scope scope;
    MLSD__TRY(mlsd__numeric_open(&scope, context));
    const mlsd_status status = mlsd__audit_run(&scope, context, options, dataset, folds, out);
    mlsd__scope_close(&scope);
    return status;
}
