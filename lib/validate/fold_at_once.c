/* fold_at_once.c - all splits of a group of estimators at once, where their kind takes them
 * from one pass over the data (mlsd__path_ops.run_folds). Single splits or settings that the kind
 * leaves out are fitted the plain way afterwards. Where training rows are scored as well, they are
 * the test rows of as many splits more. */
#include <math.h>
#include <string.h>

#include "model/row_pass.h"
#include "numeric/sum.h"
#include "split/splitter.h"
#include "validate/fold_journal.h"
#include "validate/fold_sink.h"

/* The rows of all splits, and the truth of those that are tested: of n splits, and behind them of
 * their training rows where those are scored. */
typedef struct all_splits {
    const mlsd__fold_set *set;
    const mlsd__fold_group *group;
    int64_t n, n_listed; /* n_listed: n, or 2 n */
    uint8_t *taken;      /* with 2 n: n_members x n_listed */
    mlsd__path_rows *rows;
    mlsd__fold_truth *truth;
    int64_t *numbers; /* what rows and truth point to */
    double *values;
    double *total, *variance; /* of each split's test rows, where squares are all that is wanted */
    mlsd__fold_shape shape;
} all_splits;

static void close_all(const mlsd__allocator *a, all_splits *s)
{
    mlsd__free(a, s->taken);
    mlsd__free(a, s->rows);
    mlsd__free(a, s->truth);
    mlsd__free(a, s->numbers);
    mlsd__free(a, s->values);
    mlsd__free(a, s->total);
}

/* Folds that each row is tested by once, kept as the number of each row's fold. */
static bool is_numbered(const mlsd_folds *folds)
{
    if (folds->form != MLSD__FOLDS_IDS || folds->n_splits != folds->n_ids) return false;
    int64_t n = 0;
    for (int64_t k = 0; k < folds->n_splits; k++) n += folds->sizes[k];
    return n == folds->n_rows;
}

/* All rows but `test`, which ascend. */
static void list_others(const int64_t *test, int64_t n_test, int64_t n_rows, int64_t *out)
{
    int64_t next = 0;
    for (int64_t i = 0; i <= n_test; i++) {
        const int64_t end = i < n_test ? test[i] : n_rows, n = end - next;
        for (int64_t k = 0; k < n; k++) out[k] = next + k;
        out += n;
        next = end + 1;
    }
}

/* Test rows of all splits by one pass over the rows; train rows are the others. */
static void list_numbered(const mlsd_folds *folds, all_splits *s)
{
    for (int64_t k = 0; k < s->n; k++) s->rows[k].n_test = 0;
    for (int64_t i = 0; i < folds->n_rows; i++) {
        mlsd__path_rows *const rows = &s->rows[folds->ids[i]];
        s->numbers[(rows->test - s->numbers) + rows->n_test++] = i;
    }
    for (int64_t k = 0; k < s->n; k++) {
        const mlsd__path_rows *const rows = &s->rows[k];
        list_others(rows->test, rows->n_test, folds->n_rows,
                    s->numbers + (rows->train - s->numbers));
    }
}

static mlsd_status list_rows(const mlsd_folds *folds, int64_t last_part, all_splits *s)
{
    const bool numbered = is_numbered(folds);
    int64_t *at = s->numbers;
    for (int64_t k = 0; k < s->n; k++) {
        const int64_t n_train = mlsd_folds_part_size(folds, k, 0);
        const int64_t n_test = mlsd_folds_part_size(folds, k, last_part);
        int64_t *const train = at, *const test = train + n_train;
        s->rows[k] = (mlsd__path_rows){train, test, n_train, n_test};
        at = test + n_test;
        if (s->n_listed > s->n)
            s->rows[s->n + k] = (mlsd__path_rows){train, train, n_train, n_train};
        if (numbered) continue;
        MLSD__TRY(mlsd_folds_part(folds, k, 0, train, n_train));
        MLSD__TRY(mlsd_folds_part(folds, k, last_part, test, n_test));
    }
    if (numbered) list_numbered(folds, s);
    return MLSD_OK;
}

static mlsd_status check_weights(const all_splits *s)
{
    const double *const weight = s->set->weight;
    for (int64_t k = 0; weight != NULL && k < s->n; k++) {
        double total = 0;
        for (int64_t i = 0; i < s->rows[k].n_train; i++) total += weight[s->rows[k].train[i]];
        if (!(total > 0) || !isfinite(total))
            return mlsd__fail(MLSD_E_DATA, "the weights of split %lld do not add up", (long long)k);
    }
    return MLSD_OK;
}

static void gather_truth(const mlsd__fold_set *set, all_splits *s, int64_t k, int64_t *at)
{
    const int64_t n = s->rows[k].n_test;
    double *const y = s->values + *at, *const weight = set->weight != NULL ? y + n : NULL;
    for (int64_t i = 0; i < n; i++) {
        y[i] = set->y[s->rows[k].test[i]];
        if (weight != NULL) weight[i] = set->weight[s->rows[k].test[i]];
    }
    s->truth[k] = (mlsd__fold_truth){n, y, weight};
    *at += weight != NULL ? 2 * n : n;
    if (s->total == NULL) return;
    /* As r2 has it: a target that does not vary has no variance to speak of. */
    double mean, low = INFINITY, high = -INFINITY;
    for (int64_t i = 0; i < n; i++) {
        if (weight != NULL && !(weight[i] > 0)) continue;
        low = fmin(low, y[i]);
        high = fmax(high, y[i]);
    }
    s->total[k] = weight != NULL ? mlsd__sum(weight, n) : (double)n;
    mlsd__mean_variance(y, weight, n, 0, &mean, &s->variance[k]);
    if (!(low < high)) s->variance[k] = NAN;
}

static mlsd_status open_all(mlsd__scope *scope, all_splits *s)
{
    const mlsd__fold_set *const set = s->set;
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = s->n_listed;
    int64_t n_rows = 0, n_test = 0, at = 0;
    for (int64_t k = 0; k < s->n; k++) {
        const mlsd__fold_run *const run = mlsd__fold_at(set->out, 0, k);
        n_rows += run->n_train + run->n_test;
        n_test += run->n_test + (n > s->n ? run->n_train : 0);
    }
    s->rows = mlsd__alloc(a, n, sizeof *s->rows);
    s->truth = mlsd__alloc(a, n, sizeof *s->truth);
    s->numbers = mlsd__alloc_raw(a, n_rows, sizeof *s->numbers);
    s->values = mlsd__alloc_raw(a, (set->weight != NULL ? 2 : 1) * n_test, sizeof *s->values);
    if (set->wants_squares_only) s->total = mlsd__alloc(a, 2 * n, sizeof *s->total);
    if (n > s->n) s->taken = mlsd__alloc(a, n * s->group->n_members, sizeof *s->taken);
    if (s->rows == NULL || s->truth == NULL || s->numbers == NULL || s->values == NULL ||
        (set->wants_squares_only && s->total == NULL) || (n > s->n && s->taken == NULL))
        return MLSD_E_NOMEM;
    if (s->total != NULL) s->variance = s->total + n;
    MLSD__TRY(list_rows(set->in->folds, set->last_part, s));
    MLSD__TRY(check_weights(s));
    for (int64_t k = 0; k < n; k++) gather_truth(set, s, k, &at);
    return MLSD_OK;
}

/* Folds of these forms train on all rows that they do not test. */
static bool is_partition(const mlsd_folds *folds)
{
    if (folds->form == MLSD__FOLDS_COMBINATIONS)
        return folds->p == 1 && folds->n_splits == folds->n_units;
    return is_numbered(folds);
}

static void set_done(all_splits *s, int64_t split, int64_t setting)
{
    mlsd__fold_run *const run = mlsd__fold_at(s->set->out, s->group->members[setting], split);
    run->is_done = true;
    run->way = MLSD__WAY_FOLDS;
    run->predict_seconds = NAN;
}

static void mark(all_splits *s, int64_t split, int64_t setting)
{
    if (s->taken != NULL)
        s->taken[setting * s->n_listed + split] = 1;
    else
        set_done(s, split, setting);
}

/* Splits are done whose test and training rows were both scored. Of the others nothing is kept. */
static void settle(all_splits *s)
{
    for (int64_t i = 0; s->taken != NULL && i < s->group->n_members; i++) {
        const uint8_t *const taken = s->taken + i * s->n_listed;
        for (int64_t k = 0; k < s->n; k++) {
            if (taken[k] && taken[s->n + k]) {
                set_done(s, k, i);
            } else {
                mlsd__fold_run *const run = mlsd__fold_at(s->set->out, s->group->members[i], k);
                if (!run->is_done) mlsd__scoring_free(&run->scoring);
            }
        }
    }
}

static mlsd_status take(void *user, mlsd__scope *scope, int64_t split, int64_t setting,
                        int64_t part, const double *prediction)
{
    all_splits *const s = user;
    (void)part;
    MLSD__TRY(mlsd__fold_take(scope, s->set, &s->shape, &s->truth[split],
                              s->group->members[setting], split % s->n, split >= s->n, prediction));
    mark(s, split, setting);
    return MLSD_OK;
}

static mlsd_status take_squares(void *user, int64_t split, int64_t setting, int64_t part,
                                const double *squares)
{
    all_splits *const s = user;
    (void)part;
    mlsd__fold_score_squares(s->set, s->group->members[setting], split % s->n, split >= s->n,
                             squares[0] / s->total[split], s->variance[split]);
    mark(s, split, setting);
    return MLSD_OK;
}

static mlsd_status fail(void *user, int64_t split, int64_t setting, mlsd_status status)
{
    all_splits *const s = user;
    if (split >= s->n) return mlsd__fold_is_about_data(status) ? MLSD_OK : status;
    const mlsd_status failed = mlsd__fold_failed(s->set, s->group->members[setting], split, status);
    if (failed == MLSD_OK) set_done(s, split, setting);
    return failed;
}

static int64_t count_taken(const all_splits *s)
{
    int64_t n = 0;
    for (int64_t i = 0; i < s->group->n_members; i++) {
        for (int64_t k = 0; k < s->n; k++)
            n += mlsd__fold_at(s->set->out, s->group->members[i], k)->way == MLSD__WAY_FOLDS;
    }
    return n;
}

static void share_time(const all_splits *s, double seconds)
{
    const int64_t n = count_taken(s);
    for (int64_t i = 0; i < s->group->n_members; i++) {
        for (int64_t k = 0; k < s->set->out->n_splits; k++) {
            mlsd__fold_run *const run = mlsd__fold_at(s->set->out, s->group->members[i], k);
            if (run->way == MLSD__WAY_FOLDS) run->fit_seconds = seconds / (double)n;
        }
    }
}

static mlsd_status run_folds(mlsd__scope *scope, all_splits *s)
{
    const mlsd__fold_set *const set = s->set;
    const mlsd__fold_group *const group = s->group;
    MLSD__TRY(mlsd__fold_shape_of(scope, set, group->lasts[0], &set->x, &s->shape));
    MLSD__TRY(open_all(scope, s));
    const mlsd__path_sink sink = {
        .take = take, .take_squares = take_squares, .fail = fail, .user = s};
    const mlsd__path_folds folds = {.settings = group->lasts,
                                    .n_settings = group->n_members,
                                    .standardize = group->n_steps > 0 ? group->steps[0] : NULL,
                                    .all = &set->all,
                                    .splits = s->rows,
                                    .n_splits = s->n_listed,
                                    .is_partition =
                                        s->n_listed == s->n && is_partition(set->in->folds),
                                    .what = s->shape.what,
                                    .width = s->shape.width,
                                    .wants_squares_only = set->wants_squares_only,
                                    .sink = &sink};
    bool served = false;
    const double start = mlsd__seconds();
    MLSD__TRY(group->ops->path->run_folds(scope, &folds, &served));
    settle(s);
    if (served) share_time(s, mlsd__seconds() - start);
    return MLSD_OK;
}

/* Would the first training set and every setting pass their checks? What does not fails the plain
 * way, with its message. */
static bool passes(const mlsd__fold_set *set, const mlsd__fold_group *group)
{
    const mlsd__estimator_ops *const ops = group->ops;
    const bool suits = set->all.n_classes > 0 ? ops->classifies : ops->regresses;
    if (!suits || set->all.y == NULL || !(ops->takes_category || mlsd__frame_is_numeric(&set->x)))
        return false;
    for (int64_t i = 0; ops->check != NULL && i < group->n_members; i++) {
        if (ops->check(group->lasts[i], set->all.task) != MLSD_OK) return false;
    }
    for (int64_t i = 0; set->weight != NULL && i < set->x.n_rows; i++) {
        if (!(set->weight[i] >= 0) || !isfinite(set->weight[i])) return false;
    }
    if (mlsd__any_nonfinite(set->y, set->x.n_rows)) return false;
    for (int64_t k = 0; k < set->out->n_splits; k++) {
        if (mlsd__fold_at(set->out, 0, k)->n_train == 0) return false;
    }
    return true;
}

mlsd_status mlsd__fold_fit_folds(mlsd__scope *scope, const mlsd__fold_set *set,
                                 const mlsd__fold_group *group)
{
    const mlsd__fold_unit unit = {.members = group->members,
                                  .n_members = group->n_members,
                                  .split = -1,
                                  .way = MLSD__WAY_FOLDS};
    if (!passes(set, group) || mlsd__fold_recall(set, &unit)) return MLSD_OK;
    const int64_t n = set->out->n_splits;
    all_splits s = {
        .set = set, .group = group, .n = n, .n_listed = set->in->train_scores ? 2 * n : n};
    const mlsd_status status = run_folds(scope, &s);
    close_all(scope->allocator, &s);
    mlsd__stage_advance(scope, count_taken(&s));
    const bool is_left = status == MLSD_E_UNSUPPORTED || mlsd__fold_is_about_data(status);
    if (is_left || status == MLSD_OK) mlsd__fold_record(set, &unit);
    return is_left ? MLSD_OK : status;
}
