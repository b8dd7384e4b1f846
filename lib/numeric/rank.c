/* rank.c - order of numbers by index, and what follows from it: midranks, distinct values,
 * quantiles. A number is turned into an unsigned key whose order is the wanted one (NaN last, -0
 * equal to 0), and pairs of key and index are sorted stably, so ties always go by index. */
#include "numeric/rank.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/fail.h"
#include "numeric/whole.h"

enum {
    DIGIT_BITS = 8,
    N_DIGITS = 64 / DIGIT_BITS,
    N_BINS = 1 << DIGIT_BITS,
    SMALL = 256, /* up to here merging on the stack is faster than counting digits */
    RUN = 16,
    CHECK_ROWS = 1 << 18, /* between two looks at the cancel flag: some milliseconds */
    WHOLE_WIDTH = 4096    /* a table of so many whole numbers is on the stack */
};

typedef struct entry {
    uint64_t key;
    int64_t index;
} entry;

/* scope NULL: nobody can cancel. */
static mlsd_status look(mlsd__scope *scope)
{
    return scope != NULL ? mlsd__checkpoint(scope) : MLSD_OK;
}

static int64_t chunk_end(int64_t first, int64_t n)
{
    return n - first < CHECK_ROWS ? n : first + CHECK_ROWS;
}

/* IEEE 754 orders as sign and magnitude: flip all bits of negatives, the sign of the others. */
static uint64_t order_key(double x)
{
    if (isnan(x)) return UINT64_MAX;
    const double value = x == 0 ? 0 : x;
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

static void insertion_sort(entry *e, int64_t n)
{
    for (int64_t i = 1; i < n; i++) {
        const entry moving = e[i];
        int64_t k = i;
        for (; k > 0 && e[k - 1].key > moving.key; k--) e[k] = e[k - 1];
        e[k] = moving;
    }
}

static void merge(const entry *left, int64_t n_left, const entry *right, int64_t n_right,
                  entry *out)
{
    int64_t i = 0;
    int64_t k = 0;
    while (i < n_left && k < n_right) *out++ = right[k].key < left[i].key ? right[k++] : left[i++];
    while (i < n_left) *out++ = left[i++];
    while (k < n_right) *out++ = right[k++];
}

/* Bottom-up merge sort; returns which of the two buffers holds the result. */
static entry *merge_sort(entry *from, entry *to, int64_t n)
{
    for (int64_t first = 0; first < n; first += RUN)
        insertion_sort(from + first, n - first < RUN ? n - first : RUN);
    for (int64_t width = RUN; width < n; width *= 2) {
        for (int64_t first = 0; first < n; first += 2 * width) {
            const int64_t n_left = n - first < width ? n - first : width;
            const int64_t left_over = n - first - n_left;
            merge(from + first, n_left, from + first + n_left,
                  left_over < width ? left_over : width, to + first);
        }
        entry *const swap = from;
        from = to;
        to = swap;
    }
    return from;
}

/* Least significant digit first; a digit that all keys share costs nothing. *out is the buffer that
 * holds the result. */
static mlsd_status radix_sort(mlsd__scope *scope, entry *from, entry *to, int64_t n,
                              int64_t count[N_DIGITS][N_BINS], entry **out)
{
    for (int64_t first = 0; first < n; first = chunk_end(first, n)) {
        MLSD__TRY(look(scope));
        for (int64_t i = first; i < chunk_end(first, n); i++)
            for (int d = 0; d < N_DIGITS; d++)
                count[d][from[i].key >> (d * DIGIT_BITS) & (N_BINS - 1)]++;
    }
    for (int d = 0; d < N_DIGITS; d++) {
        const int shift = d * DIGIT_BITS;
        int64_t *const place = count[d];
        if (place[from[0].key >> shift & (N_BINS - 1)] == n) continue;
        int64_t before = 0;
        for (int bin = 0; bin < N_BINS; bin++) {
            const int64_t here = place[bin];
            place[bin] = before;
            before += here;
        }
        for (int64_t first = 0; first < n; first = chunk_end(first, n)) {
            MLSD__TRY(look(scope));
            for (int64_t i = first; i < chunk_end(first, n); i++)
                to[place[from[i].key >> shift & (N_BINS - 1)]++] = from[i];
        }
        entry *const swap = from;
        from = to;
        to = swap;
    }
    *out = from;
    return MLSD_OK;
}

/* Fill the keys of rows first .. end - 1; true when they are in order already, and after
 * *previous. */
static bool fill(const double *x, int64_t first, int64_t end, entry *e, uint64_t *previous)
{
    bool in_order = true;
    uint64_t last = *previous;
    for (int64_t i = first; i < end; i++) {
        const uint64_t key = order_key(x[i]);
        in_order &= last <= key;
        e[i] = (entry){key, i};
        last = key;
    }
    *previous = last;
    return in_order;
}

static void argsort_small(const double *x, int64_t n, int64_t *out)
{
    entry a[SMALL];
    entry b[SMALL];
    uint64_t previous = 0;
    (void)fill(x, 0, n, a, &previous);
    const entry *const sorted = merge_sort(a, b, n);
    for (int64_t i = 0; i < n; i++) out[i] = sorted[i].index;
}

static mlsd_status argsort(const mlsd__allocator *a, mlsd__scope *scope, const double *x, int64_t n,
                           int64_t *out)
{
    if (n <= SMALL) {
        argsort_small(x, n, out);
        return MLSD_OK;
    }
    mlsd_status st = MLSD_E_NOMEM;
    int64_t(*count)[N_BINS] = NULL;
    int64_t n_entries = 0;
    MLSD__TRY(mlsd__mul_size(n, 2, &n_entries));
    entry *const entries = mlsd__alloc_raw(a, n_entries, sizeof *entries);
    if (entries == NULL) goto out;
    count = mlsd__alloc(a, N_DIGITS, sizeof *count);
    if (count == NULL) goto out;

    bool in_order = true;
    uint64_t previous = 0;
    st = MLSD_OK;
    for (int64_t first = 0; st == MLSD_OK && first < n; first = chunk_end(first, n)) {
        in_order &= fill(x, first, chunk_end(first, n), entries, &previous);
        st = look(scope);
    }
    entry *sorted = entries;
    if (st == MLSD_OK && !in_order) st = radix_sort(scope, entries, entries + n, n, count, &sorted);
    for (int64_t i = 0; st == MLSD_OK && i < n; i++) out[i] = sorted[i].index;
out:
    mlsd__free(a, entries);
    mlsd__free(a, count);
    return st;
}

mlsd_status mlsd__argsort(const mlsd__allocator *a, const double *x, int64_t n, int64_t *out)
{
    return argsort(a, NULL, x, n, out);
}

mlsd_status mlsd__argsort_rows(mlsd__scope *scope, const double *x, int64_t n, int64_t *out)
{
    return argsort(scope->allocator, scope, x, n, out);
}

static bool same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

/* One past the last position whose value ties with the one at `first`. */
static int64_t tie_end(const double *x, const int64_t *order, int64_t first, int64_t n)
{
    int64_t end = first + 1;
    while (end < n && same(x[order[end]], x[order[first]])) end++;
    return end;
}

void mlsd__midranks_of_order(const double *x, const int64_t *order, int64_t n, double *out)
{
    for (int64_t first = 0, end = 0; first < n; first = end) {
        end = tie_end(x, order, first, n);
        const double rank = 0.5 * (double)(first + 1 + end);
        for (int64_t k = first; k < end; k++) out[order[k]] = rank;
    }
}

mlsd_status mlsd__midranks(const mlsd__allocator *a, const double *x, int64_t n, double *out)
{
    int64_t *const order = mlsd__alloc_raw(a, n, sizeof *order);
    if (order == NULL) return MLSD_E_NOMEM;
    const mlsd_status st = mlsd__argsort(a, x, n, order);
    if (st == MLSD_OK) mlsd__midranks_of_order(x, order, n, out);
    mlsd__free(a, order);
    return st;
}

static mlsd_status factorize_sorted(const mlsd__allocator *a, mlsd__scope *scope, const double *x,
                                    int64_t n, double *values, int64_t *out_n_values, int32_t *code)
{
    int64_t *const order = mlsd__alloc_raw(a, n, sizeof *order);
    if (order == NULL) return MLSD_E_NOMEM;
    mlsd_status st = argsort(a, scope, x, n, order);
    int64_t n_values = 0, look_at = 0;
    for (int64_t first = 0, end = 0; st == MLSD_OK && first < n; first = end) {
        if (first >= look_at) {
            st = look(scope);
            if (st != MLSD_OK) break;
            look_at = first + CHECK_ROWS;
        }
        end = tie_end(x, order, first, n);
        const double value = x[order[first]];
        const bool missing = isnan(value);
        if (!missing && code != NULL && n_values > INT32_MAX)
            st = mlsd__fail(MLSD_E_SHAPE, "more than %lld distinct values", (long long)INT32_MAX);
        for (int64_t k = first; code != NULL && k < end; k++)
            code[order[k]] = missing ? -1 : (int32_t)n_values;
        if (missing) continue;
        if (values != NULL) values[n_values] = value == 0 ? 0 : value;
        n_values++;
    }
    mlsd__free(a, order);
    if (st == MLSD_OK) *out_n_values = n_values;
    return st;
}

/* By a table on the stack where it is short; a longer one costs less than a sort up to the length
 * of the column. *values NULL: room is made for it if `new_values`. */
static mlsd_status factorize_whole(const mlsd__allocator *a, mlsd__scope *scope,
                                   const mlsd__whole *w, bool new_values, double **values,
                                   int64_t *out_n_values, int32_t *code)
{
    int32_t short_table[WHOLE_WIDTH];
    int32_t *const long_table =
        w->width > WHOLE_WIDTH ? mlsd__alloc_raw(a, w->width, sizeof *long_table) : NULL;
    int32_t *const table = w->width > WHOLE_WIDTH ? long_table : short_table;
    if (table == NULL) return MLSD_E_NOMEM;
    mlsd_status status = mlsd__whole_number(scope, w, table, out_n_values, code);
    if (status == MLSD_OK && new_values) {
        *values = mlsd__alloc_raw(a, *out_n_values, sizeof **values);
        if (*values == NULL) status = MLSD_E_NOMEM;
    }
    if (status == MLSD_OK && *values != NULL) mlsd__whole_values(w, table, *values);
    mlsd__free(a, long_table);
    return status;
}

static int64_t longest_table(int64_t n)
{
    return n < WHOLE_WIDTH ? WHOLE_WIDTH : n < INT32_MAX ? n : INT32_MAX;
}

/* values NULL: they are only counted. */
static mlsd_status factorize(const mlsd__allocator *a, mlsd__scope *scope, const double *x,
                             int64_t n, double *values, int64_t *out_n_values, int32_t *code)
{
    mlsd__whole w = {.f64 = x, .n = n};
    *out_n_values = 0;
    if (mlsd__whole_range(&w, longest_table(n)))
        return factorize_whole(a, scope, &w, false, &values, out_n_values, code);
    return factorize_sorted(a, scope, x, n, values, out_n_values, code);
}

mlsd_status mlsd__factorize(const mlsd__allocator *a, const double *x, int64_t n, double *values,
                            int64_t *out_n_values, int32_t *code)
{
    return factorize(a, NULL, x, n, values, out_n_values, code);
}

mlsd_status mlsd__factorize_rows(mlsd__scope *scope, const double *x, int64_t n, double *values,
                                 int64_t *out_n_values, int32_t *code)
{
    return factorize(scope->allocator, scope, x, n, values, out_n_values, code);
}

mlsd_status mlsd__factorize_new(mlsd__scope *scope, const double *x, int64_t n, double **values,
                                int64_t *out_n_values, int32_t *code)
{
    mlsd__whole w = {.f64 = x, .n = n};
    *values = NULL;
    *out_n_values = 0;
    if (mlsd__whole_range(&w, longest_table(n)))
        return factorize_whole(scope->allocator, scope, &w, true, values, out_n_values, code);
    MLSD__TRY(factorize_sorted(scope->allocator, scope, x, n, NULL, out_n_values, code));
    double *const made =
        mlsd__alloc_raw(scope->allocator, *out_n_values > 0 ? *out_n_values : 1, sizeof *made);
    if (made == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++)
        if (code[i] >= 0) made[code[i]] = x[i] + 0.0; /* never -0 */
    *values = made;
    return MLSD_OK;
}

mlsd_status mlsd__factorize_new_i64(mlsd__scope *scope, const int64_t *x, int64_t n,
                                    double **values, int64_t *out_n_values, int32_t *code)
{
    mlsd__whole w = {.i64 = x, .n = n};
    *values = NULL;
    *out_n_values = 0;
    if (mlsd__whole_range(&w, longest_table(n)))
        return factorize_whole(scope->allocator, scope, &w, true, values, out_n_values, code);
    double *const numbers = mlsd__alloc_raw(scope->allocator, n, sizeof *numbers);
    if (numbers == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) numbers[i] = (double)x[i];
    const mlsd_status status = mlsd__factorize_new(scope, numbers, n, values, out_n_values, code);
    mlsd__free(scope->allocator, numbers);
    return status;
}

double mlsd__between(double low, double high, double share)
{
    if (share == 0 || low == high) return low;
    /* From the nearer end, so that the result never leaves [low, high]; NumPy's choice too. */
    return share >= 0.5 ? high - (high - low) * (1 - share) : low + (high - low) * share;
}

double mlsd__quantile_sorted(const double *sorted, int64_t n, double q)
{
    if (n <= 0 || !(q >= 0 && q <= 1)) return NAN;
    const double place = (double)(n - 1) * q;
    const int64_t below = (int64_t)floor(place);
    if (below >= n - 1) return sorted[n - 1];
    return mlsd__between(sorted[below], sorted[below + 1], place - (double)below);
}
