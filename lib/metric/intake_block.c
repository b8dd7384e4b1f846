/* intake_block.c - loops without branches that the compiler turns into vectors, for each
 * instruction set once. They compare, convert, add and divide: the bits are the same at any width.
 */
#include "metric/intake_block.h"

#include <float.h>
#include <stddef.h>

#include "numeric/tile_product.h"

#define INLINE static inline __attribute__((always_inline))

INLINE bool classes_f64(const double *restrict x, int64_t n, int32_t n_classes,
                        int32_t *restrict out)
{
    const double limit = (double)n_classes;
    int64_t n_bad = 0;
    if (n_classes == 2) {
        for (int64_t i = 0; i < n; i++) {
            n_bad += !((x[i] == 0) | (x[i] == 1));
            out[i] = x[i] != 0;
        }
        return n_bad == 0;
    }
    for (int64_t i = 0; i < n; i++) n_bad += !((x[i] >= 0) & (x[i] < limit));
    if (n_bad > 0) return false;
    for (int64_t i = 0; i < n; i++) out[i] = (int32_t)x[i];
    for (int64_t i = 0; i < n; i++) n_bad += (double)out[i] != x[i];
    return n_bad == 0;
}

INLINE bool classes_i64(const int64_t *restrict x, int64_t n, int32_t n_classes,
                        int32_t *restrict out)
{
    uint64_t all = 0;
    int32_t n_bad = 0;
    for (int64_t i = 0; i < n; i++) all |= (uint64_t)x[i];
    if (all >> 31 != 0) return false;
    for (int64_t i = 0; i < n; i++) out[i] = (int32_t)x[i];
    for (int64_t i = 0; i < n; i++) n_bad += out[i] >= n_classes;
    return n_bad == 0;
}

INLINE bool classes_i32(const int32_t *restrict x, int64_t n, int32_t n_classes,
                        int32_t *restrict out)
{
    int32_t n_bad = 0;
    for (int64_t i = 0; i < n; i++) {
        n_bad += (x[i] < 0) | (x[i] >= n_classes);
        out[i] = x[i];
    }
    return n_bad == 0;
}

INLINE bool largest_i64(const int64_t *x, int64_t n, int32_t *largest)
{
    uint64_t all = 0;
    int32_t top = *largest;
    for (int64_t i = 0; i < n; i++) all |= (uint64_t)x[i];
    if (all >> 31 != 0) return false;
    for (int64_t i = 0; i < n; i++) top = (int32_t)x[i] > top ? (int32_t)x[i] : top;
    *largest = top;
    return top < INT32_MAX;
}

INLINE void doubles_of(const int32_t *restrict x, int64_t n, double *restrict out)
{
    for (int64_t i = 0; i < n; i++) out[i] = (double)x[i];
}

INLINE bool halves(const double *restrict p, int64_t n, int32_t *restrict out_class)
{
    int64_t n_bad = 0;
    for (int64_t i = 0; i < n; i++) {
        n_bad += !((p[i] >= 0) & (p[i] <= 1));
        out_class[i] = p[i] > 0.5;
    }
    return n_bad == 0;
}

INLINE void widen(const double *restrict p, int64_t n, double *restrict out)
{
    for (int64_t i = 0; i < n; i++) {
        out[2 * i] = 1 - p[i];
        out[2 * i + 1] = p[i];
    }
}

INLINE bool slots_of(const int32_t *restrict group, int64_t n, int32_t n_groups,
                     int32_t *restrict out)
{
    int32_t n_bad = 0;
    for (int64_t i = 0; i < n; i++) {
        n_bad += (group[i] < -1) | (group[i] >= n_groups);
        out[i] = group[i] < 0 ? n_groups : group[i];
    }
    return n_bad == 0;
}

INLINE void cells_of(const int32_t *restrict slot, const int32_t *restrict y,
                     const int32_t *restrict p, int64_t n, int32_t n_classes, int32_t *restrict out)
{
    const int32_t of_slot = n_classes * n_classes;
    for (int64_t i = 0; i < n; i++) out[i] = y[i] * n_classes + p[i];
    if (slot == NULL) return;
    for (int64_t i = 0; i < n; i++) out[i] += slot[i] * of_slot;
}

INLINE double clip(double p)
{
    const double least = p < DBL_EPSILON ? DBL_EPSILON : p;
    return least > 1 - DBL_EPSILON ? 1 - DBL_EPSILON : least;
}

INLINE void chosen(const double *restrict y, const double *restrict p, int64_t n,
                   double *restrict out)
{
    for (int64_t i = 0; i < n; i++) {
        const double p_0 = clip(p[2 * i]), p_1 = clip(p[2 * i + 1]);
        out[i] = (y[i] != 0 ? p_1 : p_0) / (p_0 + p_1);
    }
}

INLINE bool happened_f64(const double *restrict y, const double *restrict p, int64_t n,
                         double *restrict out)
{
    int64_t n_bad = 0;
    for (int64_t i = 0; i < n; i++) {
        n_bad += !(((y[i] == 0) | (y[i] == 1)) & (p[i] >= 0) & (p[i] <= 1));
        out[i] = clip(y[i] != 0 ? p[i] : 1 - p[i]);
    }
    return n_bad == 0;
}

INLINE bool happened_i64(const int64_t *restrict y, const double *restrict p, int64_t n,
                         double *restrict out)
{
    uint64_t all = 0;
    int64_t n_bad = 0;
    for (int64_t i = 0; i < n; i++) {
        all |= (uint64_t)y[i];
        n_bad += !((p[i] >= 0) & (p[i] <= 1));
        out[i] = clip(y[i] != 0 ? p[i] : 1 - p[i]);
    }
    return all <= 1 && n_bad == 0;
}

INLINE void chosen_of_column(const double *restrict y, const double *restrict p, int64_t n,
                             double *restrict out)
{
    for (int64_t i = 0; i < n; i++) out[i] = clip(y[i] != 0 ? p[i] : 1 - p[i]);
}

INLINE void negate(double *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++) x[i] = -x[i];
}

INLINE void squares(const double *restrict y, const double *restrict p, int64_t n,
                    double *restrict out)
{
    for (int64_t i = 0; i < n; i++) out[i] = (p[i] - y[i]) * (p[i] - y[i]);
}

INLINE bool are_weights(const double *w, int64_t n)
{
    int64_t n_bad = 0;
    for (int64_t i = 0; i < n; i++) n_bad += !((w[i] >= 0) & (w[i] <= DBL_MAX));
    return n_bad == 0;
}

typedef struct kernels {
    bool (*classes_f64)(const double *x, int64_t n, int32_t n_classes, int32_t *out);
    bool (*classes_i64)(const int64_t *x, int64_t n, int32_t n_classes, int32_t *out);
    bool (*classes_i32)(const int32_t *x, int64_t n, int32_t n_classes, int32_t *out);
    bool (*largest_i64)(const int64_t *x, int64_t n, int32_t *largest);
    void (*doubles_of)(const int32_t *x, int64_t n, double *out);
    bool (*halves)(const double *p, int64_t n, int32_t *out_class);
    void (*widen)(const double *p, int64_t n, double *out);
    bool (*slots_of)(const int32_t *group, int64_t n, int32_t n_groups, int32_t *out);
    void (*cells_of)(const int32_t *slot, const int32_t *y, const int32_t *p, int64_t n,
                     int32_t n_classes, int32_t *out);
    void (*chosen)(const double *y, const double *p, int64_t n, double *out);
    bool (*happened_f64)(const double *y, const double *p, int64_t n, double *out);
    bool (*happened_i64)(const int64_t *y, const double *p, int64_t n, double *out);
    void (*chosen_of_column)(const double *y, const double *p, int64_t n, double *out);
    void (*negate)(double *x, int64_t n);
    void (*squares)(const double *y, const double *p, int64_t n, double *out);
    bool (*are_weights)(const double *w, int64_t n);
} kernels;

/* clang-format off */
#define KERNELS(NAME, TARGET)                                                                     \
    TARGET static bool classes_f64_##NAME(const double *x, int64_t n, int32_t k, int32_t *out)    \
    { return classes_f64(x, n, k, out); }                                                         \
    TARGET static bool classes_i64_##NAME(const int64_t *x, int64_t n, int32_t k, int32_t *out)   \
    { return classes_i64(x, n, k, out); }                                                         \
    TARGET static bool classes_i32_##NAME(const int32_t *x, int64_t n, int32_t k, int32_t *out)   \
    { return classes_i32(x, n, k, out); }                                                         \
    TARGET static bool largest_i64_##NAME(const int64_t *x, int64_t n, int32_t *largest)          \
    { return largest_i64(x, n, largest); }                                                        \
    TARGET static void doubles_of_##NAME(const int32_t *x, int64_t n, double *out)                \
    { doubles_of(x, n, out); }                                                                    \
    TARGET static bool halves_##NAME(const double *p, int64_t n, int32_t *out)                    \
    { return halves(p, n, out); }                                                                 \
    TARGET static void widen_##NAME(const double *p, int64_t n, double *out)                      \
    { widen(p, n, out); }                                                                         \
    TARGET static bool slots_of_##NAME(const int32_t *group, int64_t n, int32_t k, int32_t *out)  \
    { return slots_of(group, n, k, out); }                                                        \
    TARGET static void cells_of_##NAME(const int32_t *slot, const int32_t *y, const int32_t *p,   \
                                       int64_t n, int32_t k, int32_t *out)                        \
    { cells_of(slot, y, p, n, k, out); }                                                          \
    TARGET static void chosen_##NAME(const double *y, const double *p, int64_t n, double *out)    \
    { chosen(y, p, n, out); }                                                                     \
    TARGET static bool happened_f64_##NAME(const double *y, const double *p, int64_t n,           \
                                           double *out)                                           \
    { return happened_f64(y, p, n, out); }                                                        \
    TARGET static bool happened_i64_##NAME(const int64_t *y, const double *p, int64_t n,          \
                                           double *out)                                           \
    { return happened_i64(y, p, n, out); }                                                        \
    TARGET static void chosen_of_column_##NAME(const double *y, const double *p, int64_t n,       \
                                               double *out)                                       \
    { chosen_of_column(y, p, n, out); }                                                           \
    TARGET static void negate_##NAME(double *x, int64_t n)                                        \
    { negate(x, n); }                                                                             \
    TARGET static void squares_##NAME(const double *y, const double *p, int64_t n, double *out)   \
    { squares(y, p, n, out); }                                                                    \
    TARGET static bool are_weights_##NAME(const double *w, int64_t n)                             \
    { return are_weights(w, n); }                                                                 \
    static const kernels kernels_##NAME = {                                                       \
        classes_f64_##NAME, classes_i64_##NAME, classes_i32_##NAME, largest_i64_##NAME,           \
        doubles_of_##NAME, halves_##NAME, widen_##NAME, slots_of_##NAME, cells_of_##NAME, \
        chosen_##NAME, happened_f64_##NAME, happened_i64_##NAME, chosen_of_column_##NAME, negate_##NAME, squares_##NAME, are_weights_##NAME};
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

bool mlsd__block_classes_f64(const double *x, int64_t n, int32_t n_classes, int32_t *out)
{
    return best()->classes_f64(x, n, n_classes, out);
}

bool mlsd__block_classes_i64(const int64_t *x, int64_t n, int32_t n_classes, int32_t *out)
{
    return best()->classes_i64(x, n, n_classes, out);
}

bool mlsd__block_classes_i32(const int32_t *x, int64_t n, int32_t n_classes, int32_t *out)
{
    return best()->classes_i32(x, n, n_classes, out);
}

bool mlsd__block_largest_i64(const int64_t *x, int64_t n, int32_t *largest)
{
    return best()->largest_i64(x, n, largest);
}

void mlsd__block_doubles(const int32_t *x, int64_t n, double *out)
{
    best()->doubles_of(x, n, out);
}

bool mlsd__block_halves(const double *p, int64_t n, int32_t *out_class)
{
    return best()->halves(p, n, out_class);
}

void mlsd__block_widen(const double *p, int64_t n, double *out)
{
    best()->widen(p, n, out);
}

bool mlsd__block_slots(const int32_t *group, int64_t n, int32_t n_groups, int32_t *out)
{
    return best()->slots_of(group, n, n_groups, out);
}

void mlsd__block_cells(const int32_t *slot, const int32_t *y, const int32_t *p, int64_t n,
                       int32_t n_classes, int32_t *out)
{
    best()->cells_of(slot, y, p, n, n_classes, out);
}

void mlsd__block_chosen(const double *y, const double *p, int64_t n, double *out)
{
    best()->chosen(y, p, n, out);
}

bool mlsd__block_happened_f64(const double *y, const double *p, int64_t n, double *out)
{
    return best()->happened_f64(y, p, n, out);
}

bool mlsd__block_happened_i64(const int64_t *y, const double *p, int64_t n, double *out)
{
    return best()->happened_i64(y, p, n, out);
}

void mlsd__block_chosen_of_column(const double *y, const double *p, int64_t n, double *out)
{
    best()->chosen_of_column(y, p, n, out);
}

void mlsd__block_negate(double *x, int64_t n)
{
    best()->negate(x, n);
}

void mlsd__block_squares(const double *y, const double *p, int64_t n, double *out)
{
    best()->squares(y, p, n, out);
}

bool mlsd__block_weights(const double *w, int64_t n)
{
    return best()->are_weights(w, n);
}
