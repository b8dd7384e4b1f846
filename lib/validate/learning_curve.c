/* learning_curve.c - does more data help? Kind "learning_curve" of family "validation": each model
 * on growing parts of each split's training rows, which are nested, and the curve carried on.
 *
 * Sizes and rows are those of scikit-learn's learning_curve: fractions of the first split's
 * training rows, cut down; prefixes of the training rows in their order or, with shuffle, permuted
 * by one RandomState for all splits. Where the data set has times, which scikit-learn does not know
 * of, the latest rows are taken in place of the first, and nothing is shuffled. */
#include "validate/learning_curve.h"

#include <math.h>
#include <string.h>

#include "base/text.h"
#include "numeric/rank.h"
#include "split/folds_lists.h"
#include "split/splitter.h"
#include "validate/fold_tasks.h"

/* Row numbers of splits that are run together; more sizes are run one group after the other. */
enum { MOST_ROW_NUMBERS = 1 << 23 };

static mlsd_status bad_size(double size, const char *why)
{
    char text[MLSD__NUMBER_CAPACITY];
    mlsd__format_double(size, text);
    return mlsd__fail(MLSD_E_PARAM_RANGE,
                      "'train_sizes' are fractions up to 1 or whole numbers of rows, got %s%s",
                      text, why);
}

static mlsd_status check_sizes(const mlsd__f64_list *sizes)
{
    if (sizes->n == 0) return mlsd__fail(MLSD_E_PARAM_RANGE, "'train_sizes' is empty");
    for (int64_t i = 0; i < sizes->n; i++) {
        const double size = sizes->values[i];
        if (size > 1 && size != floor(size)) return bad_size(size, "");
    }
    return MLSD_OK;
}

/* Ascending, and each once. */
static mlsd_status make_sizes(mlsd__scope *scope, mlsd__curve_job *j)
{
    const mlsd__f64_list *const asked = &j->p->train_sizes;
    const mlsd__allocator *const a = scope->allocator;
    mlsd_status status = MLSD_E_NOMEM;
    double *const counts = mlsd__alloc_raw(a, asked->n, sizeof *counts);
    int64_t *const order = mlsd__alloc_raw(a, asked->n, sizeof *order);
    j->sizes = mlsd__alloc(a, asked->n, sizeof *j->sizes);
    if (counts == NULL || order == NULL || j->sizes == NULL) goto out;
    for (int64_t i = 0; i < asked->n; i++) {
        const double size = asked->values[i];
        counts[i] = size <= 1 ? fmax(1, floor(size * (double)j->n_most)) : size;
        if (counts[i] <= (double)j->n_most) continue;
        status = bad_size(size, ", and the first split trains on fewer rows");
        goto out;
    }
    status = mlsd__argsort(a, counts, asked->n, order);
    for (int64_t i = 0; i < asked->n && status == MLSD_OK; i++) {
        const int64_t size = (int64_t)counts[order[i]];
        if (j->n_sizes > 0 && j->sizes[j->n_sizes - 1] == size) continue;
        j->sizes[j->n_sizes++] = size;
    }
out:
    mlsd__free(a, order);
    mlsd__free(a, counts);
    return status;
}

static mlsd_status order_rows(mlsd__scope *scope, mlsd__curve_job *j)
{
    const mlsd__allocator *const a = scope->allocator;
    const mlsd_folds *const folds = j->in->folds;
    const int64_t last = mlsd_folds_n_parts(folds) - 1;
    mlsd__mt19937 mt;
    mlsd__mt_seed(&mt, (uint32_t)j->p->seed);
    j->splits = mlsd__alloc(a, j->n_splits, sizeof *j->splits);
    if (j->splits == NULL) return MLSD_E_NOMEM;
    for (int64_t k = 0; k < j->n_splits; k++) {
        mlsd__ordered_rows *const s = &j->splits[k];
        s->n_train = mlsd_folds_part_size(folds, k, 0);
        s->n_test = mlsd_folds_part_size(folds, k, last);
        s->train = mlsd__alloc_raw(a, s->n_train, sizeof *s->train);
        s->test = mlsd__alloc_raw(a, s->n_test, sizeof *s->test);
        if (s->train == NULL || s->test == NULL) return MLSD_E_NOMEM;
        MLSD__TRY(mlsd_folds_part(folds, k, 0, s->train, s->n_train));
        MLSD__TRY(mlsd_folds_part(folds, k, last, s->test, s->n_test));
        if (j->p->shuffle && !j->takes_latest)
            MLSD__TRY(mlsd__split_shuffle(scope, &mt, s->train, s->n_train));
    }
    return MLSD_OK;
}

/* Rows that a split trains on at a size: the first so many, or the latest. */
static const int64_t *rows_of(const mlsd__curve_job *j, int64_t split, int64_t size, int64_t *out_n)
{
    const mlsd__ordered_rows *const s = &j->splits[split];
    *out_n = mlsd__curve_n_train(j, split, size);
    return s->train + (j->takes_latest ? s->n_train - *out_n : 0);
}

/* Sizes first .. first + n - 1 of all splits, a split of the folds for each. The sizes of a split
 * are together: nested rows are few atoms (model/fold_atoms.h). */
static mlsd_status make_folds(mlsd__scope *scope, const mlsd__curve_job *j, int64_t first,
                              int64_t n, mlsd_folds **out)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n_runs = n * j->n_splits;
    int64_t total = 0, at = 0, m = 0;
    for (int64_t r = 0; r < n_runs; r++) {
        (void)rows_of(j, r / n, first + r % n, &m);
        total += m + j->splits[r / n].n_test;
    }
    mlsd_status status = MLSD_E_NOMEM;
    int64_t *const starts = mlsd__alloc_raw(a, 2 * n_runs, sizeof *starts);
    int64_t *const sizes = mlsd__alloc_raw(a, 2 * n_runs, sizeof *sizes);
    int64_t *const rows = mlsd__alloc_raw(a, total, sizeof *rows);
    if (starts == NULL || sizes == NULL || rows == NULL) goto out;
    for (int64_t r = 0; r < n_runs; r++) {
        const mlsd__ordered_rows *const s = &j->splits[r / n];
        const int64_t *const train = rows_of(j, r / n, first + r % n, &m);
        const int64_t *const parts[] = {train, s->test};
        sizes[2 * r] = m;
        sizes[2 * r + 1] = s->n_test;
        for (int64_t part = 0; part < 2; part++) {
            const int64_t size = sizes[2 * r + part];
            starts[2 * r + part] = at;
            memcpy(rows + at, parts[part], (size_t)size * sizeof *rows);
            at += size;
        }
    }
    const mlsd__fold_lists lists = {.n_rows = mlsd_folds_n_rows(j->in->folds),
                                    .n_splits = n_runs,
                                    .n_parts = 2,
                                    .starts = starts,
                                    .sizes = sizes,
                                    .rows = rows};
    status = mlsd__folds_from_lists(scope, &lists, out);
out:
    mlsd__free(a, rows);
    mlsd__free(a, sizes);
    mlsd__free(a, starts);
    return status;
}

static mlsd_status keep(const mlsd__allocator *a, mlsd__curve_job *j, const mlsd__fold_output *runs,
                        int64_t first, int64_t n)
{
    for (int64_t e = 0; e < j->models->n; e++) {
        for (int64_t r = 0; r < n * j->n_splits; r++) {
            const int64_t size = first + r % n, split = r / n;
            const mlsd__fold_run *const run = mlsd__fold_at(runs, e, r);
            const int64_t at = mlsd__curve_run_place(j, e, size, split);
            j->statuses[at] = run->status;
            if (run->message != NULL) {
                j->messages[at] = mlsd__strdup(a, run->message);
                if (j->messages[at] == NULL) return MLSD_E_NOMEM;
            }
            for (int64_t m = 0; m < j->metrics->n; m++) {
                const int64_t to = mlsd__curve_place(j, e, m, size) + split;
                j->scores[to] = mlsd__fold_scores(runs, e, m)[r];
                j->train_scores[to] = mlsd__fold_train_scores(runs, e, m)[r];
            }
        }
    }
    for (int64_t r = 0; r < n * j->n_splits; r++) {
        const mlsd__fold_run *const run = mlsd__fold_at(runs, 0, r);
        j->test_train[first + r % n] +=
            (double)run->n_test / (double)run->n_train / (double)j->n_splits;
    }
    return MLSD_OK;
}

static mlsd_status note_plan(const mlsd__allocator *a, mlsd__curve_job *j,
                             const mlsd__fold_output *runs)
{
    mlsd__text plan;
    mlsd__text_init(&plan, a);
    mlsd_status status = mlsd__fold_say_plans(runs, &plan);
    const bool is_new =
        status == MLSD_OK && (j->plan.length == 0 || strstr(j->plan.data, plan.data) == NULL);
    if (is_new) {
        if (j->plan.length > 0) mlsd__text_append(&j->plan, "; ");
        mlsd__text_append(&j->plan, plan.data);
        status = j->plan.status;
    }
    mlsd__text_free(&plan);
    return status;
}

static mlsd_status run_group(mlsd__scope *scope, mlsd__curve_job *j, int64_t first, int64_t n)
{
    mlsd_folds *folds = NULL;
    mlsd__fold_output runs = {0};
    mlsd_status status = make_folds(scope, j, first, n, &folds);
    if (status == MLSD_OK) {
        const mlsd__fold_input fits = {.estimators = j->models->specs,
                                       .n_estimators = j->models->n,
                                       .dataset = j->in->dataset,
                                       .folds = folds,
                                       .metrics = j->metrics->names,
                                       .n_metrics = j->metrics->n,
                                       .train_scores = true};
        status = mlsd__fold_check(&fits);
        if (status == MLSD_OK) status = mlsd__fold_run_all(scope, &fits, &runs);
    }
    if (status == MLSD_OK) status = keep(scope->allocator, j, &runs, first, n);
    if (status == MLSD_OK) status = note_plan(scope->allocator, j, &runs);
    mlsd__fold_output_free(&runs);
    mlsd_folds_free(folds);
    return status;
}

static mlsd_status run_sizes(mlsd__scope *scope, mlsd__curve_job *j)
{
    int64_t n_tested = 0;
    for (int64_t k = 0; k < j->n_splits; k++) n_tested += j->splits[k].n_test;
    for (int64_t first = 0; first < j->n_sizes;) {
        int64_t n = 0, total = 0;
        while (first + n < j->n_sizes) {
            total += n_tested + j->sizes[first + n] * j->n_splits;
            if (n > 0 && total > MOST_ROW_NUMBERS) break;
            n++;
        }
        MLSD__TRY(run_group(scope, j, first, n));
        first += n;
    }
    return MLSD_OK;
}

/* Is there any score? Otherwise the first message. */
static mlsd_status require_one(const mlsd__curve_job *j)
{
    const int64_t n = j->models->n * j->n_sizes * j->n_splits;
    for (int64_t i = 0; i < n; i++) {
        if (j->statuses[i] == MLSD_OK) return MLSD_OK;
    }
    return mlsd__fail(MLSD_E_DATA, "every one of %lld fits failed, the first with: %s",
                      (long long)n, j->messages[0]);
}

static mlsd_status make_room(const mlsd__allocator *a, mlsd__curve_job *j)
{
    int64_t n_runs, n_scores;
    MLSD__TRY(mlsd__mul_size(j->models->n * j->n_sizes, j->n_splits, &n_runs));
    MLSD__TRY(mlsd__mul_size(n_runs, j->metrics->n, &n_scores));
    j->scores = mlsd__alloc(a, n_scores, sizeof *j->scores);
    j->train_scores = mlsd__alloc(a, n_scores, sizeof *j->train_scores);
    j->test_train = mlsd__alloc(a, j->n_sizes, sizeof *j->test_train);
    j->statuses = mlsd__alloc(a, n_runs, sizeof *j->statuses);
    j->messages = mlsd__alloc(a, n_runs, sizeof *j->messages);
    const bool has_all = j->scores != NULL && j->train_scores != NULL && j->test_train != NULL &&
                         j->statuses != NULL && j->messages != NULL;
    return has_all ? MLSD_OK : MLSD_E_NOMEM;
}

static void job_free(const mlsd__allocator *a, mlsd__curve_job *j)
{
    for (int64_t k = 0; j->splits != NULL && k < j->n_splits; k++) {
        mlsd__free(a, j->splits[k].train);
        mlsd__free(a, j->splits[k].test);
    }
    const int64_t n_runs = j->models->n * j->n_sizes * j->n_splits;
    for (int64_t i = 0; j->messages != NULL && i < n_runs; i++) mlsd__free(a, j->messages[i]);
    mlsd__free(a, j->splits);
    mlsd__free(a, j->sizes);
    mlsd__free(a, j->scores);
    mlsd__free(a, j->train_scores);
    mlsd__free(a, j->test_train);
    mlsd__free(a, j->statuses);
    mlsd__free(a, j->messages);
    mlsd__text_free(&j->plan);
}

static mlsd_status run(mlsd__scope *scope, const mlsd__validation_input *in, mlsd_result **out)
{
    const mlsd__allocator *const a = scope->allocator;
    const mlsd__learning_curve_params *const p = mlsd__spec_params(in->spec);
    mlsd__metrics metrics;
    mlsd__models models;
    MLSD__TRY(mlsd__validation_metrics(&p->metrics, in->dataset, &metrics));
    MLSD__TRY(mlsd__validation_models(a, in->spec, "estimators", &models));
    mlsd__curve_job j = {.in = in,
                         .p = p,
                         .models = &models,
                         .metrics = &metrics,
                         .n_splits = mlsd_folds_n_splits(in->folds),
                         .n_most = mlsd_folds_part_size(in->folds, 0, 0),
                         .takes_latest = in->dataset->store->time != NULL};
    mlsd__text_init(&j.plan, a);
    mlsd_status status = make_sizes(scope, &j);
    if (status == MLSD_OK) status = make_room(a, &j);
    if (status == MLSD_OK) status = order_rows(scope, &j);
    if (status == MLSD_OK) status = run_sizes(scope, &j);
    if (status == MLSD_OK) status = require_one(&j);
    if (status == MLSD_OK) status = mlsd__learning_curve_report(scope, &j, out);
    job_free(a, &j);
    mlsd__models_free(a, &models);
    return status;
}

static mlsd_status check(const mlsd__validation_input *in)
{
    const mlsd__learning_curve_params *const p = mlsd__spec_params(in->spec);
    mlsd__metrics metrics;
    if (mlsd__spec_slot_child(in->spec, "estimators") == NULL)
        return mlsd__fail(MLSD_E_CHILD, "learning_curve has no model in its slot 'estimators'");
    MLSD__TRY(mlsd__validation_metrics(&p->metrics, in->dataset, &metrics));
    return check_sizes(&p->train_sizes);
}

static const mlsd__validation_ops ops = {.check = check, .run = run};

static const mlsd_param learning_curve_params[] = {
    MLSD__P_F64_LIST(mlsd__learning_curve_params, train_sizes, 0, INFINITY,
                     MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "[0.1, 0.325, 0.55, 0.775, 1]", NULL,
                     "training rows: fractions up to 1 of the first split's, or whole numbers"),
    MLSD__P_BOOL(mlsd__learning_curve_params, shuffle, "true",
                 "permute each split's training rows before they are cut; not where there are "
                 "times, which take the latest rows"),
    MLSD__P_STR_LIST(mlsd__learning_curve_params, metrics, "null",
                     "metrics by name, the first one is carried on; null: rmse for regression, "
                     "log_loss for classes"),
    MLSD__P_F64_NULL(mlsd__learning_curve_params, target, -INFINITY, INFINITY,
                     MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "null",
                     "a value of the first metric: how many rows does it need?"),
    MLSD__P_F64(mlsd__learning_curve_params, level, 0, 1, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER,
                "0.95", NULL, "level of the intervals"),
    MLSD__P_I64(mlsd__learning_curve_params, n_draws, 10, 1000000, "200", "log",
                "bootstrap draws behind the band of the curve carried on"),
    MLSD__P_I64(mlsd__learning_curve_params, seed, 0, UINT32_MAX, "0", NULL,
                "seed of the folds, the permutations (scikit-learn's random_state) and the draws"),
};

static const mlsd__slot slots[] = {
    {"estimators", "estimator,search", 1, "the model, or several: a curve each"},
    {"splitter", "splitter", 0,
     "the folds; without one, five that keep the classes, keep groups together and respect times"},
};

const mlsd_kind mlsd__kind_learning_curve = {
    .name = "learning_curve",
    .family = "validation",
    .doc = "Scores with growing numbers of training rows, and what more rows would bring",
    .params = learning_curve_params,
    .n_params = MLSD__COUNT(learning_curve_params),
    .params_size = sizeof(mlsd__learning_curve_params),
    .slots = slots,
    .n_slots = MLSD__COUNT(slots),
    .ops = &ops,
};
