/* holdout.c - holdout: the rows cut once into two or more parts.
 *
 * Two parts are index for index scikit-learn's train_test_split (ShuffleSplit and
 * StratifiedShuffleSplit inside). More parts continue the same draws: one permutation, of which the
 * last part takes the first rows, the part before it the next, and part 0 the rest; or, stratified,
 * rows of each class are drawn for part 0, then part 1, and so on. A part is never empty. */
#include "split/splitter.h"

#include <assert.h>
#include <math.h>

#include "base/text.h"
#include "numeric/rank.h"

/* What fractions may miss a sum of 1 by: decimal texts such as 0.1 are not exact. */
#define SUM_TOLERANCE 1e-9

typedef struct params {
    mlsd__f64_list parts;
    double test_size, train_size;
    int64_t stratify, shuffle, seed;
} params;

static const mlsd_param holdout_params[] = {
    MLSD__P_F64_LIST(params, parts, 0, 1, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "[0.75,0.25]", NULL,
                     "fraction of the rows in each part, training first and test last; sum 1"),
    MLSD__P_F64_NULL(params, test_size, 0, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "null",
                     "instead of parts: fraction below 1 to test on, or whole number of rows"),
    MLSD__P_F64_NULL(params, train_size, 0, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "null",
                     "instead of parts: fraction below 1 to train on, or whole number of rows"),
    MLSD__P_BOOL(params, stratify, "false",
                 "keep the classes in the same proportions in each part"),
    MLSD__P_BOOL(params, shuffle, "true", "draw the rows; otherwise they are cut in order"),
    MLSD__P_I64(params, seed, 0, UINT32_MAX, "0", NULL,
                "seed of the draw: scikit-learn's random_state"),
};

/* A size given as fraction or number of rows; *out is not above n. */
static mlsd_status read_size(const char *name, double size, int64_t n, bool is_test, int64_t *out)
{
    char text[MLSD__NUMBER_CAPACITY];
    if (size < 1) {
        const double exact = size * (double)n; /* one product, rounded as scikit-learn rounds it */
        *out = (int64_t)(is_test ? ceil(exact) : floor(exact));
        return MLSD_OK;
    }
    mlsd__format_double(size, text);
    if (size != floor(size)) {
        return mlsd__fail(MLSD_E_PARAM_RANGE,
                          "'%s' must be a fraction below 1 or a whole number of rows, got %s", name,
                          text);
    }
    if (size >= (double)n) {
        return mlsd__fail(MLSD_E_DATA, "%s=%s must be less than the %lld rows", name, text,
                          (long long)n);
    }
    *out = (int64_t)size;
    return MLSD_OK;
}

/* Sizes of two parts from test_size and train_size, NaN for one that is not given. */
static mlsd_status two_sizes(double test_size, double train_size, int64_t n, int64_t sizes[2])
{
    if (test_size < 1 && train_size < 1 && test_size + train_size > 1) {
        return mlsd__fail(MLSD_E_PARAM_CONFLICT, "'test_size' and 'train_size' sum to more than 1");
    }
    int64_t n_train = 0, n_test = 0;
    if (!isnan(test_size)) MLSD__TRY(read_size("test_size", test_size, n, true, &n_test));
    if (!isnan(train_size)) MLSD__TRY(read_size("train_size", train_size, n, false, &n_train));
    if (isnan(test_size)) n_test = n - n_train;
    if (isnan(train_size)) n_train = n - n_test;
    if (n_train + n_test > n) {
        return mlsd__fail(MLSD_E_DATA,
                          "%lld rows to train on and %lld to test on are more than the %lld there "
                          "are",
                          (long long)n_train, (long long)n_test, (long long)n);
    }
    sizes[0] = n_train;
    sizes[1] = n_test;
    return MLSD_OK;
}

/* Sizes of many parts by largest remainder; of equal remainders the first part's counts more. */
static mlsd_status many_sizes(const mlsd__allocator *a, const mlsd__f64_list *parts, int64_t n,
                              int64_t *sizes)
{
    double *const fallen_short = mlsd__alloc_raw(a, parts->n, sizeof *fallen_short);
    int64_t *const order = mlsd__alloc_raw(a, parts->n, sizeof *order);
    mlsd_status status = fallen_short == NULL || order == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status != MLSD_OK) goto out;

    int64_t left = n;
    for (int64_t k = 0; k < parts->n; k++) {
        const double exact = parts->values[k] * (double)n;
        sizes[k] = (int64_t)floor(exact);
        fallen_short[k] = floor(exact) - exact; /* ascending: the largest remainder first */
        left -= sizes[k];
    }
    status = mlsd__argsort(a, fallen_short, parts->n, order);
    if (status != MLSD_OK) goto out;
    for (int64_t k = 0; left > 0; left--, k = (k + 1) % parts->n) sizes[order[k]]++;
    for (int64_t k = parts->n - 1; left<0; left++, k = k> 0 ? k - 1 : parts->n - 1) {
        sizes[order[k]]--; /* only fractions that sum to a hair more than 1 lead here */
    }
out:
    mlsd__free(a, order);
    mlsd__free(a, fallen_short);
    return status;
}

static mlsd_status check_parts(const params *p)
{
    double sum = 0;
    for (int64_t k = 0; k < p->parts.n; k++) sum += p->parts.values[k];
    if (p->parts.n < 2) {
        return mlsd__fail(MLSD_E_PARAM_RANGE, "'parts' needs at least two fractions, got %lld",
                          (long long)p->parts.n);
    }
    if (fabs(sum - 1) > SUM_TOLERANCE) {
        char text[MLSD__NUMBER_CAPACITY];
        mlsd__format_double(sum, text);
        return mlsd__fail(MLSD_E_PARAM_RANGE, "'parts' must sum to 1, got %s", text);
    }
    return MLSD_OK;
}

static bool are_default_parts(const mlsd__f64_list *parts)
{
    return parts->n == 2 && parts->values[0] == 0.75 && parts->values[1] == 0.25;
}

/* Rows of each part; *out_sizes is the caller's by mlsd__free. */
static mlsd_status choose_sizes(const mlsd__allocator *a, const params *p, int64_t n,
                                int64_t **out_sizes, int64_t *out_n_parts)
{
    const bool by_size = !isnan(p->test_size) || !isnan(p->train_size);
    if (p->stratify && !p->shuffle) {
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "'stratify' draws rows, so it cannot go with shuffle=false");
    }
    if (by_size && !are_default_parts(&p->parts)) {
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "'parts' and '%s' both say how large the parts are; give one",
                          isnan(p->test_size) ? "train_size" : "test_size");
    }
    if (!by_size) MLSD__TRY(check_parts(p));
    const int64_t n_parts = p->parts.n;
    int64_t *const sizes = mlsd__alloc(a, n_parts, sizeof *sizes);
    if (sizes == NULL) return MLSD_E_NOMEM;
    *out_sizes = sizes;
    *out_n_parts = n_parts;
    if (by_size) {
        MLSD__TRY(two_sizes(p->test_size, p->train_size, n, sizes));
    } else if (n_parts == 2) {
        MLSD__TRY(two_sizes(p->parts.values[1], NAN, n, sizes));
    } else {
        MLSD__TRY(many_sizes(a, &p->parts, n, sizes));
    }
    for (int64_t k = 0; k < n_parts; k++) {
        if (sizes[k] > 0) continue;
        return mlsd__fail(MLSD_E_DATA,
                          "part %lld of %lld would have none of the %lld rows; ask for fewer or "
                          "more even parts",
                          (long long)k, (long long)n_parts, (long long)n);
    }
    return MLSD_OK;
}

static mlsd_status cut_in_order(const int64_t *sizes, mlsd_folds *out)
{
    out->form = MLSD__FOLDS_RANGES;
    out->ranges = mlsd__alloc_raw(&out->allocator, out->n_parts, 2 * sizeof *out->ranges);
    if (out->ranges == NULL) return MLSD_E_NOMEM;
    int64_t first = 0;
    for (int64_t k = 0; k < out->n_parts; k++) {
        out->ranges[2 * k] = first;
        first += sizes[k];
        out->ranges[2 * k + 1] = first;
    }
    return MLSD_OK;
}

static mlsd_status make_rows(const int64_t *sizes, mlsd_folds *out)
{
    out->form = MLSD__FOLDS_ROWS;
    out->offsets = mlsd__alloc_raw(&out->allocator, out->n_parts + 1, sizeof *out->offsets);
    if (out->offsets == NULL) return MLSD_E_NOMEM;
    out->offsets[0] = 0;
    for (int64_t k = 0; k < out->n_parts; k++) out->offsets[k + 1] = out->offsets[k] + sizes[k];
    out->rows = mlsd__alloc_raw(&out->allocator, out->offsets[out->n_parts], sizeof *out->rows);
    return out->rows == NULL ? MLSD_E_NOMEM : MLSD_OK;
}

static mlsd_status draw(mlsd__scope *scope, const params *p, const int64_t *sizes, mlsd_folds *out)
{
    MLSD__TRY(make_rows(sizes, out));
    int64_t *const order = mlsd__alloc_raw(scope->allocator, out->n_rows, sizeof *order);
    if (order == NULL) return MLSD_E_NOMEM;
    mlsd__mt19937 mt;
    mlsd__mt_seed(&mt, (uint32_t)p->seed);
    const mlsd_status status = mlsd__split_permutation(scope, &mt, order, out->n_rows);
    const int64_t *next = order;
    for (int64_t k = out->n_parts - 1; status == MLSD_OK && k >= 0; k--) {
        for (int64_t i = 0; i < sizes[k]; i++) out->rows[out->offsets[k] + i] = *next++;
    }
    mlsd__free(scope->allocator, order);
    return status;
}

/* Room for the stratified draw, one place to free it. */
typedef struct strata {
    int64_t *counts;       /* rows of each class */
    int64_t *left;         /* of them not yet given to a part */
    int64_t *shares;       /* n_parts x n_classes: rows of each class in each part */
    int64_t *rows;         /* rows by class, ascending in each */
    int64_t *starts;       /* where each class starts in it */
    int64_t *order;        /* a permutation of the largest class, or of ties between classes */
    int64_t *ends;         /* how far each part is filled */
    int64_t *by_remainder; /* classes, of approximate_mode */
    double *remainders;
} strata;

static void strata_free(strata *s, const mlsd__allocator *a)
{
    mlsd__free(a, s->counts);
    mlsd__free(a, s->left);
    mlsd__free(a, s->shares);
    mlsd__free(a, s->rows);
    mlsd__free(a, s->starts);
    mlsd__free(a, s->order);
    mlsd__free(a, s->ends);
    mlsd__free(a, s->by_remainder);
    mlsd__free(a, s->remainders);
}

static mlsd_status strata_new(strata *s, const mlsd__allocator *a, const mlsd__split_input *in,
                              int64_t n_parts)
{
    const int64_t n_classes = in->n_classes;
    int64_t n_shares = 0;
    MLSD__TRY(mlsd__mul_size(n_parts, n_classes, &n_shares));
    MLSD__TRY(mlsd__split_class_counts(a, in, &s->counts));
    s->left = mlsd__memdup(a, s->counts, n_classes, sizeof *s->left);
    if (s->left == NULL) return MLSD_E_NOMEM;
    s->shares = mlsd__alloc(a, n_shares, sizeof *s->shares);
    if (s->shares == NULL) return MLSD_E_NOMEM;
    s->rows = mlsd__alloc_raw(a, in->n_rows, sizeof *s->rows);
    if (s->rows == NULL) return MLSD_E_NOMEM;
    s->starts = mlsd__alloc(a, n_classes + 1, sizeof *s->starts);
    if (s->starts == NULL) return MLSD_E_NOMEM;
    s->order = mlsd__alloc_raw(a, in->n_rows, sizeof *s->order);
    if (s->order == NULL) return MLSD_E_NOMEM;
    s->ends = mlsd__alloc(a, n_parts, sizeof *s->ends);
    if (s->ends == NULL) return MLSD_E_NOMEM;
    s->by_remainder = mlsd__alloc_raw(a, n_classes, sizeof *s->by_remainder);
    if (s->by_remainder == NULL) return MLSD_E_NOMEM;
    s->remainders = mlsd__alloc_raw(a, n_classes, sizeof *s->remainders);
    if (s->remainders == NULL) return MLSD_E_NOMEM;

    for (int64_t c = 0; c < n_classes; c++) s->starts[c + 1] = s->starts[c] + s->counts[c];
    for (int64_t i = 0; i < in->n_rows; i++) s->rows[s->starts[in->classes[i]]++] = i;
    for (int64_t c = n_classes; c > 0; c--) s->starts[c] = s->starts[c - 1];
    s->starts[0] = 0;
    return MLSD_OK;
}

/* scikit-learn's _approximate_mode: n_draws shared out in proportion to counts. The
 * products, the equality of remainders and the draws among equals are to the letter,
 * because the indices depend on them. */
static mlsd_status approximate_mode(mlsd__scope *scope, mlsd__mt19937 *mt, const strata *s,
                                    int64_t n_classes, int64_t n_draws, int64_t *shares)
{
    double sum = 0;
    for (int64_t c = 0; c < n_classes; c++) sum += (double)s->left[c];
    int64_t need = n_draws;
    for (int64_t c = 0; c < n_classes; c++) {
        const double continuous = (double)s->left[c] / sum * (double)n_draws;
        shares[c] = (int64_t)floor(continuous);
        s->remainders[c] = continuous - floor(continuous);
        need -= shares[c];
    }
    if (need <= 0) return MLSD_OK;
    MLSD__TRY(mlsd__argsort(scope->allocator, s->remainders, n_classes, s->by_remainder));
    for (int64_t end = n_classes; need > 0 && end > 0;) {
        int64_t first = end - 1;
        const double value = s->remainders[s->by_remainder[first]];
        while (first > 0 && s->remainders[s->by_remainder[first - 1]] == value) first--;
        const int64_t n_ties = end - first, n_add = n_ties < need ? n_ties : need;
        MLSD__TRY(mlsd__split_permutation(scope, mt, s->order, n_ties));
        for (int64_t k = 0; k < n_add; k++) shares[s->by_remainder[first + s->order[k]]]++;
        need -= n_add;
        end = first;
    }
    return MLSD_OK;
}

static mlsd_status check_strata(const mlsd__split_input *in, const strata *s, const int64_t *sizes,
                                int64_t n_parts)
{
    char text[MLSD__CLASS_TEXT_CAPACITY];
    for (int64_t c = 0; c < in->n_classes; c++) {
        if (s->counts[c] >= n_parts) continue;
        return mlsd__fail(MLSD_E_DATA,
                          "class %s has %lld row%s, fewer than the %lld that a stratified split "
                          "needs",
                          mlsd__split_class_text(in, c, text), (long long)s->counts[c],
                          s->counts[c] == 1 ? "" : "s", (long long)n_parts);
    }
    for (int64_t k = 0; k < n_parts; k++) {
        if (sizes[k] >= in->n_classes) continue;
        return mlsd__fail(
            MLSD_E_DATA,
            "part %lld has %lld rows, fewer than the %lld classes: a stratified split "
            "needs one of each",
            (long long)k, (long long)sizes[k], (long long)in->n_classes);
    }
    return MLSD_OK;
}

/* StratifiedShuffleSplit, one split, with its calls to the generator in their order: shares of each
 * part, a permutation of each class by ascending label, a permutation of each part. */
static mlsd_status draw_strata(mlsd__scope *scope, const params *p, const mlsd__split_input *in,
                               const int64_t *sizes, strata *s, mlsd_folds *out)
{
    const int64_t n_classes = in->n_classes, n_parts = out->n_parts;
    mlsd__mt19937 mt;
    mlsd__mt_seed(&mt, (uint32_t)p->seed);
    for (int64_t k = 0; k < n_parts; k++) {
        int64_t *const shares = s->shares + k * n_classes;
        MLSD__TRY(approximate_mode(scope, &mt, s, n_classes, sizes[k], shares));
        for (int64_t c = 0; c < n_classes; c++) {
            assert(shares[c] <= s->left[c]); /* n_draws <= sum, and floors are below the products */
            s->left[c] -= shares[c];
        }
    }
    for (int64_t c = 0; c < n_classes; c++) {
        MLSD__TRY(mlsd__split_permutation(scope, &mt, s->order, s->counts[c]));
        const int64_t *next = s->order;
        for (int64_t k = 0; k < n_parts; k++) {
            int64_t *const part = out->rows + out->offsets[k];
            const int64_t end = s->ends[k] + s->shares[k * n_classes + c];
            while (s->ends[k] < end) part[s->ends[k]++] = s->rows[s->starts[c] + *next++];
        }
    }
    for (int64_t k = 0; k < n_parts; k++) {
        MLSD__TRY(mlsd__split_shuffle(scope, &mt, out->rows + out->offsets[k], sizes[k]));
    }
    return MLSD_OK;
}

static mlsd_status split(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__split_input *in,
                         mlsd_folds *out)
{
    const params *const p = mlsd__spec_params(spec);
    const mlsd__allocator *const a = scope->allocator;
    int64_t *sizes = NULL;
    strata s = {0};

    out->n_splits = 1;
    mlsd_status status = choose_sizes(a, p, in->n_rows, &sizes, &out->n_parts);
    if (status != MLSD_OK) goto out;
    if (!p->shuffle) {
        status = cut_in_order(sizes, out);
    } else if (!p->stratify) {
        status = draw(scope, p, sizes, out);
    } else {
        if ((status = strata_new(&s, a, in, out->n_parts)) != MLSD_OK ||
            (status = check_strata(in, &s, sizes, out->n_parts)) != MLSD_OK ||
            (status = make_rows(sizes, out)) != MLSD_OK)
            goto out;
        status = draw_strata(scope, p, in, sizes, &s, out);
    }
out:
    strata_free(&s, a);
    mlsd__free(a, sizes);
    return status;
}

static int32_t needs(const mlsd_spec *spec)
{
    const params *const p = mlsd__spec_params(spec);
    return p->stratify ? MLSD__NEEDS_CLASSES : 0;
}

static const mlsd__splitter_ops holdout_ops = {.needs = needs, .split = split};

const mlsd_kind mlsd__kind_holdout = {
    .name = "holdout",
    .family = "splitter",
    .doc = "rows cut once into training, (validation) and test parts",
    .params = holdout_params,
    .n_params = MLSD__COUNT(holdout_params),
    .params_size = sizeof(params),
    .ops = &holdout_ops,
};
