/* row_dots.c - see the header. What the rows cost is the way from memory, so rows further on are
 * asked for while the first ones are worked on. The last vector of a row overlaps the one before
 * it: its old columns are multiplied by 0, or not stored. */
#include "numeric/row_dots.h"

#include <string.h>

/* Rows ahead: so many doubles, which stay in the first cache until they are used, and long enough
 * before that for memory to answer. The rest of wide rows the processor finds by itself. */
enum { GROUP = 8, DOUBLES_AHEAD = 2048, LEAST_AHEAD = 4, MOST_AHEAD = 64 };
enum { LINE = 8, WIDEST = 512, MOST_GROUPS = 8 };

static inline const double *row_at(const mlsd__rows_at *rows, int64_t i)
{
    return rows->x + (rows->order != NULL ? rows->order[i] : i) * rows->ld;
}

static int64_t rows_ahead(const mlsd__rows_at *rows)
{
    const int64_t ahead = DOUBLES_AHEAD / (rows->p > 0 ? rows->p : 1);
    return ahead < LEAST_AHEAD ? LEAST_AHEAD : ahead > MOST_AHEAD ? MOST_AHEAD : ahead;
}

/* Ask for a third of row i. */
static inline void ask_for(const mlsd__rows_at *rows, int64_t i, int64_t third)
{
    if (i >= rows->n_order) return;
    const double *const row = row_at(rows, i);
    const int64_t p = rows->p < WIDEST ? rows->p : WIDEST;
    for (int64_t j = LINE * third; j < p; j += 3 * LINE) __builtin_prefetch(row + j);
    if (third == 2) __builtin_prefetch(row + p - 1);
}

void mlsd__row_ask(const mlsd__rows_at *rows, int64_t n)
{
    const int64_t ahead = rows_ahead(rows);
    for (int64_t i = 0; i < n; i++) ask_for(rows, i + ahead, 2);
}

/* ---- fewer columns than a group ---- */

static void dots_narrow(const mlsd__rows_at *rows, int64_t n, const double *v, double start,
                        double *out)
{
    const int64_t ahead = rows_ahead(rows);
    for (int64_t i = 0; i < n; i++) {
        const double *const row = row_at(rows, i);
        double sum = 0.0;
        ask_for(rows, i + ahead, 0);
        for (int64_t j = 0; j < rows->p; j++) sum += row[j] * v[j];
        out[i] = start + sum;
    }
}

static void add_narrow(const mlsd__rows_at *rows, int64_t n, const double *w, double *out)
{
    for (int64_t i = 0; i < n; i++) {
        const double *const row = row_at(rows, i);
        for (int64_t j = 0; j < rows->p; j++) out[j] += w[i] * row[j];
    }
}

/* ---- by groups of eight, for each instruction set ---- */

typedef struct kernel {
    void (*dots)(const mlsd__rows_at *rows, int64_t n, const double *v, const double *v_last,
                 double start, double *out);
    void (*add)(const mlsd__rows_at *rows, int64_t n, const double *w, int64_t first,
                int64_t n_groups, double *sums);
    int64_t most_groups; /* that `add` keeps in registers */
} kernel;

static inline double by_halves(const double s[GROUP])
{
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

/* Where a group of columns begins: the last one ends with the row. */
static inline int64_t group_at(int64_t p, int64_t first)
{
    return first + GROUP <= p ? first : p - GROUP;
}

/* A constant number of groups, so that their sums stay in registers. */
#define ADD_CASE(NAME, N, MOST)                                          \
    case N:                                                              \
        NAME##_add_groups(rows, n, w, first, N < MOST ? N : MOST, sums); \
        break;

#define DEFINE_KERNEL(NAME, TARGET, LANES, MOST)                                                   \
    typedef double NAME##_vec                                                                      \
        __attribute__((vector_size(8 * LANES), aligned(sizeof(double)), may_alias));               \
    TARGET static void NAME##_dots(const mlsd__rows_at *rows, int64_t n, const double *v,          \
                                   const double *v_last, double start, double *out)                \
    {                                                                                              \
        const int64_t p = rows->p, whole = p - p % GROUP, ahead = rows_ahead(rows);                \
        for (int64_t i = 0; i < n; i++) {                                                          \
            const double *const row = row_at(rows, i);                                             \
            NAME##_vec s[GROUP / LANES] = {0};                                                     \
            ask_for(rows, i + ahead, 0);                                                           \
            for (int64_t j = 0; j < whole; j += GROUP)                                             \
                for (int64_t l = 0; l < GROUP; l += LANES)                                         \
                    s[l / LANES] +=                                                                \
                        *(const NAME##_vec *)(row + j + l) * *(const NAME##_vec *)(v + j + l);     \
            for (int64_t l = 0; whole < p && l < GROUP; l += LANES)                                \
                s[l / LANES] += *(const NAME##_vec *)(row + p - GROUP + l) *                       \
                                *(const NAME##_vec *)(v_last + l);                                 \
            double lanes[GROUP];                                                                   \
            memcpy(lanes, s, sizeof lanes);                                                        \
            out[i] = start + by_halves(lanes);                                                     \
        }                                                                                          \
    }                                                                                              \
    TARGET static inline __attribute__((always_inline)) void NAME##_add_groups(                    \
        const mlsd__rows_at *rows, int64_t n, const double *w, int64_t first, int64_t n_groups,    \
        double *sums)                                                                              \
    {                                                                                              \
        const int64_t ahead = rows_ahead(rows);                                                    \
        const int64_t last = group_at(rows->p, first + (n_groups - 1) * GROUP);                    \
        NAME##_vec s[MOST][GROUP / LANES];                                                         \
        _Pragma("GCC unroll 8") for (int64_t g = 0; g < n_groups; g++) for (int64_t l = 0;         \
                                                                            l < GROUP; l += LANES) \
            s[g][l / LANES] = *(const NAME##_vec *)(sums + g * GROUP + l);                         \
        for (int64_t i = 0; i < n; i++) {                                                          \
            const double *const row = row_at(rows, i);                                             \
            if (first == 0) ask_for(rows, i + ahead, 1);                                           \
            _Pragma("GCC unroll 8") for (int64_t g = 0; g < n_groups; g++)                         \
            {                                                                                      \
                const double *const at = row + (g + 1 < n_groups ? first + g * GROUP : last);      \
                for (int64_t l = 0; l < GROUP; l += LANES)                                         \
                    s[g][l / LANES] += w[i] * *(const NAME##_vec *)(at + l);                       \
            }                                                                                      \
        }                                                                                          \
        _Pragma("GCC unroll 8") for (int64_t g = 0; g < n_groups;                                  \
                                     g++) for (int64_t l = 0; l < GROUP; l += LANES) *             \
            (NAME##_vec *)(sums + g * GROUP + l) = s[g][l / LANES];                                \
    }                                                                                              \
    TARGET static void NAME##_add(const mlsd__rows_at *rows, int64_t n, const double *w,           \
                                  int64_t first, int64_t n_groups, double *sums)                   \
    {                                                                                              \
        switch (n_groups) {                                                                        \
            ADD_CASE(NAME, 1, MOST)                                                                \
            ADD_CASE(NAME, 2, MOST)                                                                \
            ADD_CASE(NAME, 3, MOST)                                                                \
            ADD_CASE(NAME, 4, MOST)                                                                \
            ADD_CASE(NAME, 5, MOST)                                                                \
            ADD_CASE(NAME, 6, MOST)                                                                \
            ADD_CASE(NAME, 7, MOST)                                                                \
            ADD_CASE(NAME, 8, MOST)                                                                \
        default:                                                                                   \
            break;                                                                                 \
        }                                                                                          \
    }                                                                                              \
    static const kernel NAME = {NAME##_dots, NAME##_add, MOST};

DEFINE_KERNEL(base, , 2, 2)
#if defined(__x86_64__)
DEFINE_KERNEL(avx2, __attribute__((target("avx2"))), 4, 3)
DEFINE_KERNEL(avx512, __attribute__((target("avx512f"))), 8, MOST_GROUPS)
static const kernel *const of_isa[] = {&base, &avx2, &avx512};
#else
static const kernel *const of_isa[] = {&base, &base, &base};
#endif

void mlsd__row_dots(mlsd__tile_isa isa, const mlsd__rows_at *rows, int64_t n, const double *v,
                    double start, double *out)
{
    const int64_t p = rows->p, n_last = p % GROUP;
    double v_last[GROUP] = {0};
    if (p < GROUP) {
        dots_narrow(rows, n, v, start, out);
        return;
    }
    for (int64_t l = 0; l < n_last; l++) v_last[GROUP - n_last + l] = v[p - n_last + l];
    of_isa[isa]->dots(rows, n, v, v_last, start, out);
}

void mlsd__row_add(mlsd__tile_isa isa, const mlsd__rows_at *rows, int64_t n, const double *w,
                   double *out)
{
    const kernel *const k = of_isa[isa];
    const int64_t p = rows->p;
    double sums[MOST_GROUPS * GROUP];
    if (p < GROUP) {
        add_narrow(rows, n, w, out);
        return;
    }
    for (int64_t first = 0; first < p; first += k->most_groups * GROUP) {
        const int64_t left = (p - first + GROUP - 1) / GROUP;
        const int64_t n_groups = left < k->most_groups ? left : k->most_groups;
        for (int64_t g = 0; g < n_groups; g++)
            memcpy(sums + g * GROUP, out + group_at(p, first + g * GROUP), GROUP * sizeof *sums);
        k->add(rows, n, w, first, n_groups, sums);
        /* The last group from its first column on, which no other group has stored. */
        for (int64_t g = 0; g < n_groups; g++) {
            const int64_t at = first + g * GROUP, old = at - group_at(p, at);
            memcpy(out + at, sums + g * GROUP + old, (size_t)(GROUP - old) * sizeof *sums);
        }
    }
}
