/* stratified_group_kfold.c - stratified_group_kfold: k folds that never cut a group, with the
 * classes in about the proportions of the whole.
 *
 * Index for index scikit-learn's StratifiedGroupKFold of the release that `compat` names: groups by
 * falling spread of their class counts, each to the fold that makes the classes' shares most even
 * over the folds. Which fold that is hangs on the last bit, so sums run in NumPy's order. Only the
 * classes that a group has are reckoned anew for it: O(classes of the group * n_splits^2). */
#include "split/splitter.h"

#include <math.h>
#include <string.h>

#include "numeric/rank.h"
#include "split/compat.h"

/* numpy.isclose's defaults. */
#define CLOSE_ABSOLUTE 1e-8
#define CLOSE_RELATIVE 1e-5
/* Groups between two looks at the cancel flag. */
enum { STEP = 64 };

typedef struct params {
    int64_t n_splits, shuffle, seed, compat;
} params;

static const mlsd_param stratified_group_params[] = {
    MLSD__P_I64(params, n_splits, 2, INT32_MAX - 1, "5", NULL, "number of folds"),
    MLSD__P_BOOL(params, shuffle, "false", "draw the order among groups that are alike"),
    MLSD__P_I64(params, seed, 0, UINT32_MAX, "0", NULL,
                "seed of the shuffle: scikit-learn's random_state"),
    MLSD__P_CHOICE(params, compat, mlsd__compat_choices, "\"1.9\"",
                   "scikit-learn release to follow; before 1.8 a shuffle mixed the groups up"),
};

typedef struct work {
    int64_t k, n_classes, n_groups;
    int64_t *class_counts;
    int64_t *starts;      /* where each group's rows start in row_classes; n_groups + 1 */
    int32_t *row_classes; /* classes of the rows, group by group */
    int64_t *group_of;    /* the group that stands in each place; the identity without shuffle */
    int64_t *order;       /* places by falling spread */
    double *spreads;      /* minus the spread of each place */
    int32_t *fold_of;     /* by group */
    double *fold_counts;  /* n_classes x k */
    double *shares;       /* fold_counts over the class's count */
    double *deviations;   /* of each class's shares over the folds */
    double *group_counts; /* of the present group, 0 outside `touched` */
    double *squares;      /* n_classes */
    int32_t *touched;     /* the present group's classes */
    int64_t *n_groups_of; /* groups in which a class occurs */
    int64_t n_touched;
} work;

static void work_free(work *w, const mlsd__allocator *a)
{
    mlsd__free(a, w->class_counts);
    mlsd__free(a, w->starts);
    mlsd__free(a, w->row_classes);
    mlsd__free(a, w->group_of);
    mlsd__free(a, w->order);
    mlsd__free(a, w->spreads);
    mlsd__free(a, w->fold_of);
    mlsd__free(a, w->fold_counts);
    mlsd__free(a, w->shares);
    mlsd__free(a, w->deviations);
    mlsd__free(a, w->group_counts);
    mlsd__free(a, w->squares);
    mlsd__free(a, w->touched);
    mlsd__free(a, w->n_groups_of);
}

static mlsd_status work_new(work *w, const mlsd__allocator *a, const mlsd__split_input *in)
{
    const int64_t c = w->n_classes, g = w->n_groups;
    int64_t cells = 0;
    MLSD__TRY(mlsd__mul_size(c, w->k, &cells));
    MLSD__TRY(mlsd__split_class_counts(a, in, &w->class_counts));
    w->starts = mlsd__alloc(a, g + 1, sizeof *w->starts);
    if (w->starts == NULL) return MLSD_E_NOMEM;
    w->row_classes = mlsd__alloc_raw(a, in->n_rows, sizeof *w->row_classes);
    if (w->row_classes == NULL) return MLSD_E_NOMEM;
    w->group_of = mlsd__alloc_raw(a, g, sizeof *w->group_of);
    if (w->group_of == NULL) return MLSD_E_NOMEM;
    w->order = mlsd__alloc_raw(a, g, sizeof *w->order);
    if (w->order == NULL) return MLSD_E_NOMEM;
    w->spreads = mlsd__alloc_raw(a, g, sizeof *w->spreads);
    if (w->spreads == NULL) return MLSD_E_NOMEM;
    w->fold_of = mlsd__alloc_raw(a, g, sizeof *w->fold_of);
    if (w->fold_of == NULL) return MLSD_E_NOMEM;
    w->fold_counts = mlsd__alloc(a, cells, sizeof *w->fold_counts);
    if (w->fold_counts == NULL) return MLSD_E_NOMEM;
    w->shares = mlsd__alloc(a, cells, sizeof *w->shares);
    if (w->shares == NULL) return MLSD_E_NOMEM;
    w->deviations = mlsd__alloc(a, c, sizeof *w->deviations);
    if (w->deviations == NULL) return MLSD_E_NOMEM;
    w->group_counts = mlsd__alloc(a, c, sizeof *w->group_counts);
    if (w->group_counts == NULL) return MLSD_E_NOMEM;
    w->squares = mlsd__alloc_raw(a, c, sizeof *w->squares);
    if (w->squares == NULL) return MLSD_E_NOMEM;
    w->touched = mlsd__alloc_raw(a, c, sizeof *w->touched);
    if (w->touched == NULL) return MLSD_E_NOMEM;
    w->n_groups_of = mlsd__alloc(a, c, sizeof *w->n_groups_of);
    return w->n_groups_of == NULL ? MLSD_E_NOMEM : MLSD_OK;
}

static void sort_rows(work *w, const mlsd__split_input *in)
{
    for (int64_t i = 0; i < in->n_rows; i++) w->starts[in->groups[i] + 1]++;
    for (int64_t g = 0; g < w->n_groups; g++) w->starts[g + 1] += w->starts[g];
    for (int64_t i = 0; i < in->n_rows; i++)
        w->row_classes[w->starts[in->groups[i]]++] = in->classes[i];
    for (int64_t g = w->n_groups; g > 0; g--) w->starts[g] = w->starts[g - 1];
    w->starts[0] = 0;
}

/* NumPy's sum along contiguous memory: eight accumulators, halves above 128. */
static double pairwise_sum(const double *x, int64_t n)
{
    if (n < 8) {
        double sum = 0;
        for (int64_t i = 0; i < n; i++) sum += x[i];
        return sum;
    }
    if (n > 128) {
        const int64_t half = n / 2 - n / 2 % 8;
        return pairwise_sum(x, half) + pairwise_sum(x + half, n - half);
    }
    double r[8];
    for (int j = 0; j < 8; j++) r[j] = x[j];
    int64_t i = 8;
    for (; i < n - n % 8; i += 8) {
        for (int j = 0; j < 8; j++) r[j] += x[i + j];
    }
    double sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
    for (; i < n; i++) sum += x[i];
    return sum;
}

static void load_group(work *w, int64_t g)
{
    w->n_touched = 0;
    for (int64_t i = w->starts[g]; i < w->starts[g + 1]; i++) {
        const int32_t c = w->row_classes[i];
        if (w->group_counts[c]++ == 0) w->touched[w->n_touched++] = c;
    }
}

static void unload_group(work *w)
{
    for (int64_t j = 0; j < w->n_touched; j++) w->group_counts[w->touched[j]] = 0;
}

/* Standard deviation of a group's counts over all classes. */
static double spread_of_group(work *w)
{
    const double n = (double)w->n_classes;
    const double mean = pairwise_sum(w->group_counts, w->n_classes) / n;
    for (int64_t c = 0; c < w->n_classes; c++) {
        const double d = w->group_counts[c] - mean;
        w->squares[c] = d * d;
    }
    return sqrt(pairwise_sum(w->squares, w->n_classes) / n);
}

/* Of one class's shares over the folds. A single class is contiguous for NumPy, more are not. */
static double deviation(const work *w, const double *shares, double *squares)
{
    const double k = (double)w->k;
    double sum = 0;
    if (w->n_classes == 1) {
        const double mean = pairwise_sum(shares, w->k) / k;
        for (int64_t f = 0; f < w->k; f++) squares[f] = (shares[f] - mean) * (shares[f] - mean);
        return sqrt(pairwise_sum(squares, w->k) / k);
    }
    for (int64_t f = 0; f < w->k; f++) sum += shares[f];
    const double mean = sum / k;
    sum = 0;
    for (int64_t f = 0; f < w->k; f++) {
        const double d = shares[f] - mean;
        sum += d * d;
    }
    return sqrt(sum / k);
}

/* How uneven the classes' shares would be with the present group in fold f. */
static double try_fold(work *w, int64_t f, double *squares)
{
    for (int64_t j = 0; j < w->n_touched; j++) {
        const int64_t c = w->touched[j];
        double *const shares = w->shares + c * w->k;
        const double held = shares[f];
        shares[f] =
            (w->fold_counts[c * w->k + f] + w->group_counts[c]) / (double)w->class_counts[c];
        w->deviations[c] = deviation(w, shares, squares);
        shares[f] = held;
    }
    return pairwise_sum(w->deviations, w->n_classes) / (double)w->n_classes;
}

static int64_t best_fold(work *w, const int64_t *sizes, double *squares)
{
    int64_t best = 0;
    double least = INFINITY;
    for (int64_t f = 0; f < w->k; f++) {
        const double unevenness = try_fold(w, f, squares);
        const bool is_close =
            fabs(unevenness - least) <= CLOSE_ABSOLUTE + CLOSE_RELATIVE * fabs(least);
        if (unevenness < least || (is_close && sizes[f] < sizes[best])) {
            least = unevenness;
            best = f;
        }
    }
    return best;
}

static void add_group(work *w, int64_t f, double *squares)
{
    for (int64_t j = 0; j < w->n_touched; j++) {
        const int64_t c = w->touched[j], at = c * w->k + f;
        w->fold_counts[at] += w->group_counts[c];
        w->shares[at] = w->fold_counts[at] / (double)w->class_counts[c];
        w->deviations[c] = deviation(w, w->shares + c * w->k, squares);
    }
}

static mlsd_status order_groups(mlsd__scope *scope, const params *p, const mlsd__split_input *in,
                                work *w)
{
    mlsd__mt19937 own;
    mlsd__mt19937 *const mt = mlsd__split_generator(in, p->seed, &own);
    for (int64_t g = 0; g < w->n_groups; g++) w->group_of[g] = g;
    if (p->shuffle) MLSD__TRY(mlsd__split_shuffle(scope, mt, w->group_of, w->n_groups));
    for (int64_t place = 0; place < w->n_groups; place++) {
        load_group(w, w->group_of[place]);
        w->spreads[place] = -spread_of_group(w);
        for (int64_t j = 0; j < w->n_touched; j++) w->n_groups_of[w->touched[j]]++;
        unload_group(w);
        if (place % STEP == 0) MLSD__TRY(mlsd__checkpoint(scope));
    }
    return mlsd__argsort(scope->allocator, w->spreads, w->n_groups, w->order);
}

static mlsd_status deal(mlsd__scope *scope, const params *p, work *w, int64_t *sizes)
{
    double *const squares = mlsd__alloc_raw(scope->allocator, w->k, sizeof *squares);
    if (squares == NULL) return MLSD_E_NOMEM;
    mlsd_status status = MLSD_OK;
    for (int64_t j = 0; status == MLSD_OK && j < w->n_groups; j++) {
        const int64_t place = w->order[j], g = w->group_of[place];
        load_group(w, g);
        const int64_t f = best_fold(w, sizes, squares);
        add_group(w, f, squares);
        sizes[f] += w->starts[g + 1] - w->starts[g];
        /* Before 1.8 the place was taken for the group's number. */
        w->fold_of[p->compat < MLSD__SK_1_8 ? place : g] = (int32_t)f;
        unload_group(w);
        if (j % STEP == 0) status = mlsd__checkpoint(scope);
    }
    mlsd__free(scope->allocator, squares);
    return status;
}

static mlsd_status check(const params *p, const mlsd__split_input *in, const work *w)
{
    int64_t largest = 0;
    char text[MLSD__CLASS_TEXT_CAPACITY];
    for (int64_t c = 1; c < in->n_classes; c++) {
        if (w->class_counts[c] > w->class_counts[largest]) largest = c;
    }
    if (p->n_splits > w->class_counts[largest]) {
        return mlsd__fail(MLSD_E_DATA,
                          "n_splits=%lld is more than the rows of every class: the largest, class "
                          "%s, has %lld",
                          (long long)p->n_splits, mlsd__split_class_text(in, largest, text),
                          (long long)w->class_counts[largest]);
    }
    if (p->compat < MLSD__SK_1_9 || p->n_splits <= in->n_groups) return MLSD_OK;
    if (in->n_groups < 2)
        return mlsd__fail(MLSD_E_DATA,
                          "all %lld rows are of one group, which cannot be cut; use "
                          "stratified_kfold, or other groups",
                          (long long)in->n_rows);
    return mlsd__fail(MLSD_E_DATA, "n_splits=%lld is more than the %lld groups; use at most %lld",
                      (long long)p->n_splits, (long long)in->n_groups, (long long)in->n_groups);
}

/* A class that cannot reach every fold is worth a warning. */
static void warn_of_rare_class(mlsd__scope *scope, const params *p, const mlsd__split_input *in,
                               const work *w)
{
    int64_t rarest = 0;
    char text[MLSD__CLASS_TEXT_CAPACITY];
    for (int64_t c = 1; c < in->n_classes; c++) {
        if (w->n_groups_of[c] < w->n_groups_of[rarest]) rarest = c;
    }
    if (w->n_groups_of[rarest] >= p->n_splits) return;
    mlsd__log_line(
        scope, MLSD_LOG_WARNING,
        "class %s has %lld groups, fewer than n_splits=%lld: some folds will not test it",
        mlsd__split_class_text(in, rarest, text), (long long)w->n_groups_of[rarest],
        (long long)p->n_splits);
}

static mlsd_status split(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__split_input *in,
                         mlsd_folds *out)
{
    const params *const p = mlsd__spec_params(spec);
    const mlsd__allocator *const a = scope->allocator;
    work w = {.k = p->n_splits, .n_classes = in->n_classes, .n_groups = in->n_groups};

    if (p->n_splits > in->n_rows)
        return mlsd__fail(MLSD_E_DATA, "n_splits=%lld is more than the %lld rows",
                          (long long)p->n_splits, (long long)in->n_rows);
    mlsd_status status = work_new(&w, a, in);
    if (status != MLSD_OK) goto out;
    status = check(p, in, &w);
    if (status != MLSD_OK) goto out;
    status = mlsd__folds_make_ids(out, p->n_splits, 1);
    if (status != MLSD_OK) goto out;
    sort_rows(&w, in);
    status = order_groups(scope, p, in, &w);
    if (status != MLSD_OK) goto out;
    warn_of_rare_class(scope, p, in, &w);
    status = deal(scope, p, &w, out->sizes);
    if (status != MLSD_OK) goto out;
    memset(out->sizes, 0, (size_t)out->n_splits * sizeof *out->sizes);
    for (int64_t i = 0; i < in->n_rows; i++) {
        out->ids[i] = w.fold_of[in->groups[i]];
        out->sizes[out->ids[i]]++;
    }
out:
    work_free(&w, a);
    return status;
}

static const mlsd__splitter_ops stratified_group_ops = {.needs = mlsd__needs_classes_and_groups,
                                                        .split = split};

const mlsd_kind mlsd__kind_stratified_group_kfold = {
    .name = "stratified_group_kfold",
    .family = "splitter",
    .doc = "k folds that never cut a group, with the classes in about the same proportions in each",
    .params = stratified_group_params,
    .n_params = MLSD__COUNT(stratified_group_params),
    .params_size = sizeof(params),
    .ops = &stratified_group_ops,
};
