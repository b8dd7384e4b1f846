/* interval_draw.c - drawing n of n units with replacement at about a byte of randomness a draw.
 *
 * Units stand in blocks of 256, so that a byte is a draw from a block. How many draws a block gets
 * is Poisson with a mean a little below 256, from an alias table (Walker 1977, ACM TOMS 3:253, set
 * up as in Vose 1991, IEEE TSE 17:972). Given their sum t, such counts are multinomial; n - t
 * further draws from all units make it n of n. The mean is low enough for t > n to happen once in a
 * thousand replicates, and then the replicate starts again, which leaves the law given t <= n as it
 * is. The last block draws from 256 places too, and what falls where there is no unit is dropped: a
 * Poisson count, each of which is kept with one chance, is a Poisson count. Small strata draw each
 * unit by a word. */
#include "metric/interval_draw.h"

#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "base/random.h"
#include "numeric/mathfun.h"
#include "numeric/philox_block.h"

enum {
    BLOCK = 256,
    DIRECT_BELOW = 2048, /* units; the further draws of fewer would be most of all */
    N_COUNTS = 512,      /* a Poisson count of mean 256 is beyond once in 10^40 */
    WORDS = 2048,        /* of a filling */
    BLOCK_WORDS = 2 + (N_COUNTS + 3) / 4
};
/* By how many deviations of t the mean of t is below n. */
static const double safe_deviations = 3;

typedef struct alias_table {
    uint64_t threshold[N_COUNTS]; /* of 55 bits */
    uint16_t other[N_COUNTS];
} alias_table;

struct mlsd__draw_stratum {
    int64_t first, n;
    uint32_t key[2];
    alias_table *counts; /* NULL: draws units one by one */
};

/* chances[k] of N_COUNTS sums to N_COUNTS. */
static void alias_make(double *chances, alias_table *out)
{
    uint16_t small[N_COUNTS], large[N_COUNTS];
    int n_small = 0, n_large = 0;
    for (int k = 0; k < N_COUNTS; k++) {
        if (chances[k] < 1) {
            small[n_small++] = (uint16_t)k;
        } else {
            large[n_large++] = (uint16_t)k;
        }
    }
    while (n_small > 0 && n_large > 0) {
        const uint16_t s = small[--n_small], l = large[n_large - 1];
        out->threshold[s] = (uint64_t)(chances[s] * 0x1p55);
        out->other[s] = l;
        chances[l] -= 1 - chances[s];
        if (chances[l] < 1) {
            n_large--;
            small[n_small++] = l;
        }
    }
    while (n_small > 0) {
        out->threshold[small[--n_small]] = UINT64_C(1) << 55;
        out->other[small[n_small]] = small[n_small];
    }
    while (n_large > 0) {
        out->threshold[large[--n_large]] = UINT64_C(1) << 55;
        out->other[large[n_large]] = large[n_large];
    }
}

static void poisson_make(double mean, alias_table *out)
{
    double chances[N_COUNTS], sum = 0;
    for (int k = 0; k < N_COUNTS; k++) {
        chances[k] = mlsd__exp(k * mlsd__log(mean) - mean - mlsd__lgamma(k + 1.0));
        sum += chances[k];
    }
    for (int k = 0; k < N_COUNTS; k++) chances[k] *= N_COUNTS / sum;
    alias_make(chances, out);
}

void mlsd__draws_free(mlsd__draws *d, const mlsd__allocator *a)
{
    for (int64_t h = 0; d->strata != NULL && h < d->n_strata; h++) {
        mlsd__free(a, d->strata[h].counts);
    }
    mlsd__free(a, d->strata);
    *d = (mlsd__draws){0};
}

mlsd_status mlsd__draws_new(const mlsd__allocator *a, uint64_t seed, const int64_t *sizes,
                            int64_t n_strata, mlsd__draws *out)
{
    *out = (mlsd__draws){.n_strata = n_strata};
    out->strata = mlsd__alloc(a, n_strata, sizeof *out->strata);
    if (out->strata == NULL) return MLSD_E_NOMEM;
    for (int64_t h = 0; h < n_strata; h++) {
        mlsd__draw_stratum *const s = &out->strata[h];
        mlsd__stream stream;
        mlsd__stream_init(&stream, seed, (uint64_t)h, 0, 0, MLSD__PURPOSE_RESAMPLE);
        *s = (mlsd__draw_stratum){.first = out->n_units, .n = sizes[h]};
        memcpy(s->key, stream.key, sizeof s->key);
        out->n_units += sizes[h];
        if (sizes[h] < DIRECT_BELOW) continue;
        if (sizes[h] > UINT32_MAX) {
            mlsd__draws_free(out, a);
            return mlsd__fail(MLSD_E_DATA, "%lld rows or clusters are too many to draw from",
                              (long long)sizes[h]);
        }
        s->counts = mlsd__alloc_raw(a, 1, sizeof *s->counts);
        if (s->counts == NULL) {
            mlsd__draws_free(out, a);
            return MLSD_E_NOMEM;
        }
        poisson_make(BLOCK * (1 - safe_deviations / sqrt((double)sizes[h])), s->counts);
    }
    return MLSD_OK;
}

/* The words of one replicate of one stratum, one after the other. */
typedef struct words {
    uint32_t key[2], counter[4];
    int next;
    uint32_t word[WORDS];
} words;

static void words_start(words *w, const mlsd__draw_stratum *s, int64_t replicate, uint32_t attempt)
{
    memcpy(w->key, s->key, sizeof w->key);
    w->counter[0] = 0;
    w->counter[1] = attempt;
    w->counter[2] = (uint32_t)replicate;
    w->counter[3] = (uint32_t)((uint64_t)replicate >> 32);
    w->next = WORDS;
}

/* At least n words stand ready; some that were ready are dropped. */
static inline void words_ready(words *w, int n)
{
    if (WORDS - w->next >= n) return;
    mlsd__philox_block(w->key, w->counter, WORDS / (4 * MLSD__PHILOX_LANES), w->word);
    w->counter[0] += WORDS / 4;
    w->next = 0;
}

/* [0, n) by Lemire's method, as mlsd__stream_below. */
static inline int64_t words_below(words *w, uint32_t n)
{
    words_ready(w, 1);
    uint64_t product = (uint64_t)w->word[w->next++] * n;
    if ((uint32_t)product < n) {
        const uint32_t n_rejected = (uint32_t)((UINT64_C(1) << 32) % n);
        while ((uint32_t)product < n_rejected) {
            words_ready(w, 1);
            product = (uint64_t)w->word[w->next++] * n;
        }
    }
    return (int64_t)(product >> 32);
}

static inline int alias_draw(const alias_table *t, words *w)
{
    const uint64_t u = w->word[w->next] | (uint64_t)w->word[w->next + 1] << 32;
    const int k = (int)(u % N_COUNTS);
    w->next += 2;
    return u / N_COUNTS < t->threshold[k] ? k : t->other[k];
}

/* What is done with draws. `unit` draws one; `block` m of a block of 256 whose first unit stands at
 * `first`, by the bytes of the words from the lowest. */
typedef struct sink {
    const double *columns;
    double *sums;
    const int32_t *codes;
    int32_t *counts;
    int32_t step; /* -1 takes counts back */
} sink;
enum { TO_COUNTS = 0 }; /* else the number of columns */

static inline __attribute__((always_inline)) void take_unit(const sink *s, int n_columns,
                                                            int64_t unit, double *sums)
{
    if (n_columns == TO_COUNTS) {
        s->counts[s->codes == NULL ? unit : s->codes[unit]] += s->step;
        return;
    }
    for (int j = 0; j < n_columns; j++) sums[j] += s->columns[unit * n_columns + j];
}

/* Eight draws at a time go to partial sums of their own, which the processor adds side by side. */
static inline __attribute__((always_inline)) void
take_one_column(const double *table, const uint32_t *word, int m, double *sum)
{
    double part[8] = {0};
    int i = 0;
    for (; i + 8 <= m; i += 8) {
        const uint32_t u = word[i / 4], v = word[i / 4 + 1];
        part[0] += table[u & 255];
        part[1] += table[u >> 8 & 255];
        part[2] += table[u >> 16 & 255];
        part[3] += table[u >> 24];
        part[4] += table[v & 255];
        part[5] += table[v >> 8 & 255];
        part[6] += table[v >> 16 & 255];
        part[7] += table[v >> 24];
    }
    for (; i < m; i++) part[i & 7] += table[word[i / 4] >> 8 * (i % 4) & 255];
    *sum +=
        ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
}

static inline __attribute__((always_inline)) void
take_block(const sink *s, int n_columns, int64_t first, const uint32_t *word, int m, double *sums)
{
    if (n_columns == 1) {
        take_one_column(s->columns + first, word, m, sums);
        return;
    }
    if (n_columns == TO_COUNTS) {
        for (int i = 0; i < m; i++)
            take_unit(s, 0, first + (word[i / 4] >> 8 * (i % 4) & 255), sums);
        return;
    }
    double part[2][6] = {{0}};
    const double *const table = s->columns + first * n_columns;
    for (int i = 0; i < m; i++) {
        const double *const row = table + (word[i / 4] >> 8 * (i % 4) & 255) * (uint32_t)n_columns;
        for (int j = 0; j < n_columns; j++) part[i & 1][j] += row[j];
    }
    for (int j = 0; j < n_columns; j++) sums[j] += part[0][j] + part[1][j];
}

/* Draws by blocks; returns how many, which may be more than there are units. */
static inline __attribute__((always_inline)) int64_t
walk_blocks(const mlsd__draw_stratum *st, words *w, const sink *s, int n_columns, double *sums)
{
    int64_t n_drawn = 0;
    const int64_t n_whole = st->n / BLOCK, n_rest = st->n % BLOCK;
    for (int64_t b = 0; b < n_whole; b++) {
        words_ready(w, BLOCK_WORDS);
        const int m = alias_draw(st->counts, w);
        take_block(s, n_columns, st->first + b * BLOCK, w->word + w->next, m, sums);
        w->next += (m + 3) / 4;
        n_drawn += m;
    }
    if (n_rest == 0) return n_drawn;
    words_ready(w, BLOCK_WORDS);
    const int m = alias_draw(st->counts, w);
    for (int i = 0; i < m; i++) {
        const uint32_t place = w->word[w->next + i / 4] >> 8 * (i % 4) & 255;
        if (place >= n_rest) continue;
        take_unit(s, n_columns, st->first + n_whole * BLOCK + place, sums);
        n_drawn++;
    }
    w->next += (m + 3) / 4;
    return n_drawn;
}

/* The same draws with the other sign. */
static void take_back(const mlsd__draw_stratum *st, int64_t replicate, uint32_t attempt, words *w,
                      const sink *s)
{
    sink back = *s;
    back.step = -1;
    words_start(w, st, replicate, attempt);
    (void)walk_blocks(st, w, &back, TO_COUNTS, NULL);
}

static inline __attribute__((always_inline)) void walk(const mlsd__draws *d, int64_t replicate,
                                                       const sink *s, int n_columns)
{
    words w;
    for (int64_t h = 0; h < d->n_strata; h++) {
        const mlsd__draw_stratum *const st = &d->strata[h];
        double sums[6] = {0};
        int64_t n_drawn = 0;
        for (uint32_t attempt = 0;; attempt++) {
            words_start(&w, st, replicate, attempt);
            if (st->counts == NULL) break;
            n_drawn = walk_blocks(st, &w, s, n_columns, sums);
            if (n_drawn <= st->n) break;
            memset(sums, 0, sizeof sums);
            if (n_columns == TO_COUNTS) take_back(st, replicate, attempt, &w, s);
        }
        for (; n_drawn < st->n; n_drawn++) {
            take_unit(s, n_columns, st->first + words_below(&w, (uint32_t)st->n), sums);
        }
        for (int j = 0; j < n_columns; j++) s->sums[j] += sums[j];
    }
}

void mlsd__draws_sums(const mlsd__draws *d, int64_t replicate, const double *columns,
                      int64_t n_columns, double *sums)
{
    const sink s = {.columns = columns, .sums = sums};
    for (int64_t j = 0; j < n_columns; j++) sums[j] = 0;
    switch (n_columns) {
    case 1:
        walk(d, replicate, &s, 1);
        return;
    case 2:
        walk(d, replicate, &s, 2);
        return;
    case 4:
        walk(d, replicate, &s, 4);
        return;
    default:
        walk(d, replicate, &s, 6);
        return;
    }
}

void mlsd__draws_counts(const mlsd__draws *d, int64_t replicate, const int32_t *codes,
                        int32_t *counts)
{
    const sink s = {.codes = codes, .counts = counts, .step = 1};
    walk(d, replicate, &s, TO_COUNTS);
}
