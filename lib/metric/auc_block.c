/* auc_block.c - loops that the compiler turns into vectors, for each instruction set once.
 *
 * What a number beats within its bin needs no branch: numbers of the bins behind are greater, so
 * that a window of a fixed width may look at them too. */
#include "metric/auc_block.h"

#include <stddef.h>
#include <string.h>

#include "numeric/tile_product.h"

#define INLINE static inline __attribute__((always_inline))

INLINE bool cells(const double *restrict x, int64_t n, double low, double scale, int32_t n_cells,
                  int32_t *restrict out)
{
    const double last = (double)(n_cells - 1);
    int64_t n_bad = 0;
    for (int64_t i = 0; i < n; i++) {
        const double at = (x[i] - low) * scale;
        const double above = at > 0 ? at : 0;
        out[i] = (int32_t)(above < last ? above : last);
        n_bad += !(x[i] - x[i] == 0);
    }
    return n_bad == 0;
}

/* One step of all searches at a time, so that they need not wait for each other. */
INLINE bool search(const double *restrict x, int64_t n, const double *restrict begin,
                   int32_t n_parts, int32_t *restrict out)
{
    int64_t n_bad = 0;
    for (int64_t i = 0; i < n; i++) out[i] = 0;
    for (int64_t i = 0; i < n; i++) n_bad += !(x[i] - x[i] == 0);
    for (int32_t step = n_parts / 2; step > 0; step /= 2) {
        for (int64_t i = 0; i < n; i++) out[i] += begin[out[i] + step - 1] <= x[i] ? step : 0;
    }
    return n_bad == 0;
}

/* How many of n ascending numbers are below x, or with or_equal at most x. */
static int64_t count_sorted(const double *sorted, int64_t n, double x, bool or_equal)
{
    int64_t low = 0;
    while (n > 0) {
        const int64_t half = n / 2;
        const double at = sorted[low + half];
        const bool goes_up = or_equal ? at <= x : at < x;
        low = goes_up ? low + half + 1 : low;
        n = goes_up ? n - half - 1 : half;
    }
    return low;
}

/* Of a bin that does not fit the window. */
static __attribute__((noinline)) int64_t beaten_in_order(const double *sorted, int64_t n, double x)
{
    if (sorted[0] == sorted[n - 1]) return n * ((sorted[0] < x) + (sorted[0] <= x));
    return count_sorted(sorted, n, x, false) + count_sorted(sorted, n, x, true);
}

typedef double window __attribute__((vector_size(8 * MLSD__AUC_WINDOW)));
typedef int64_t window_i64 __attribute__((vector_size(8 * MLSD__AUC_WINDOW)));

INLINE int64_t wins_twice(const mlsd__auc_bins *b, const double *x, const int32_t *bin, int64_t n)
{
    const int32_t *const start = b->start;
    window_i64 within = {0};
    int64_t twice = 0;
    for (int64_t i = 0; i < n; i++) {
        const int32_t first = start[bin[i]], size = start[bin[i] + 1] - first;
        twice += 2 * (int64_t)first;
        if (size > MLSD__AUC_WINDOW) {
            twice += beaten_in_order(b->sorted + first, size, x[i]);
            continue;
        }
        const window us = {x[i], x[i], x[i], x[i]};
        window them;
        memcpy(&them, b->sorted + first, sizeof them);
        within -= (window_i64)(them < us) + (window_i64)(them <= us); /* true is -1 */
    }
    for (int64_t k = 0; k < MLSD__AUC_WINDOW; k++) twice += within[k];
    return twice;
}

int64_t mlsd__auc_beaten_twice(const mlsd__auc_bins *b, double x, int32_t bin)
{
    const int32_t first = b->start[bin], size = b->start[bin + 1] - first;
    const double *const sorted = b->sorted + first;
    if (size > MLSD__AUC_WINDOW) return 2 * (int64_t)first + beaten_in_order(sorted, size, x);
    int64_t twice = 2 * (int64_t)first;
    for (int64_t k = 0; k < MLSD__AUC_WINDOW; k++) twice += (sorted[k] < x) + (sorted[k] <= x);
    return twice;
}

typedef struct kernels {
    bool (*cells)(const double *x, int64_t n, double low, double scale, int32_t n_cells,
                  int32_t *out);
    bool (*search)(const double *x, int64_t n, const double *begin, int32_t n_parts, int32_t *out);
    int64_t (*wins_twice)(const mlsd__auc_bins *b, const double *x, const int32_t *bin, int64_t n);
} kernels;

/* clang-format off */
#define KERNELS(NAME, TARGET)                                                                     \
    TARGET static bool cells_##NAME(const double *x, int64_t n, double low, double scale,         \
                                    int32_t n_cells, int32_t *out)                                \
    { return cells(x, n, low, scale, n_cells, out); }                                             \
    TARGET static bool search_##NAME(const double *x, int64_t n, const double *begin,             \
                                     int32_t n_parts, int32_t *out)                               \
    { return search(x, n, begin, n_parts, out); }                                                 \
    TARGET static int64_t wins_twice_##NAME(const mlsd__auc_bins *b, const double *x,             \
                                            const int32_t *bin, int64_t n)                        \
    { return wins_twice(b, x, bin, n); }                                                          \
    static const kernels kernels_##NAME = {cells_##NAME, search_##NAME, wins_twice_##NAME};
/* clang-format on */

KERNELS(base, )
#if defined(__x86_64__)
KERNELS(avx2, __attribute__((target("avx2"))))
KERNELS(avx512, __attribute__((target("avx512f"))))
static const kernels *const all_kernels[] = {&kernels_base, &kernels_avx2, &kernels_avx512};
#else
static const kernels *const all_kernels[] = {&kernels_base, &kernels_base, &kernels_base};
#endif

static const kernels *best(void)
{
    return all_kernels[mlsd__tile_best(false)];
}

bool mlsd__auc_cells(const double *x, int64_t n, double low, double scale, int32_t n_cells,
                     int32_t *out)
{
    return best()->cells(x, n, low, scale, n_cells, out);
}

bool mlsd__auc_search(const double *x, int64_t n, const double *begin, int32_t n_parts,
                      int32_t *out)
{
    return best()->search(x, n, begin, n_parts, out);
}

int64_t mlsd__auc_wins_twice(const mlsd__auc_bins *b, const double *x, const int32_t *bin,
                             int64_t n)
{
    return best()->wins_twice(b, x, bin, n);
}
