/* mt19937.h - NumPy's legacy RandomState, word for word: the generator behind scikit-learn's
 * integer `random_state`. Only splitters that promise scikit-learn's indices use it.
 *
 * Source: Matsumoto & Nishimura (1998), ACM TOMACS 8(1); seeding, bounded integers and shuffling as
 * NumPy's RandomState documents and freezes them (NEP 19). */
#ifndef MLSD_BASE_MT19937_H
#define MLSD_BASE_MT19937_H

#include <stdint.h>

typedef struct mlsd__mt19937 {
    uint32_t state[624];
    int32_t position;
} mlsd__mt19937;

/* RandomState(seed) for an integer seed: Knuth's initialisation. */
void mlsd__mt_seed(mlsd__mt19937 *mt, uint32_t seed);
/* RandomState([k0, k1, ...]): init_by_array. */
void mlsd__mt_seed_array(mlsd__mt19937 *mt, const uint32_t *key, int64_t n);

uint32_t mlsd__mt_u32(mlsd__mt19937 *mt);
double mlsd__mt_double(mlsd__mt19937 *mt);
/* A whole number in [0, max], both included, by masked rejection; max == 0 draws nothing. */
uint64_t mlsd__mt_interval(mlsd__mt19937 *mt, uint64_t max);
/* RandomState.randint(0, max + 1, n), for max < 2^31. */
void mlsd__mt_integers_i32(mlsd__mt19937 *mt, int32_t max, int32_t *out, int64_t n);
/* RandomState.shuffle, and .permutation(n), of int64 and of int32 values. */
void mlsd__mt_shuffle(mlsd__mt19937 *mt, int64_t *values, int64_t n);
void mlsd__mt_shuffle_i32(mlsd__mt19937 *mt, int32_t *values, int64_t n);
/* The same in steps of about n_swaps: how many of the first values are left to shuffle. */
int64_t mlsd__mt_shuffle_some(mlsd__mt19937 *mt, int64_t *values, int64_t n, int64_t n_swaps);
int64_t mlsd__mt_shuffle_some_i32(mlsd__mt19937 *mt, int32_t *values, int64_t n, int64_t n_swaps);
void mlsd__mt_permutation(mlsd__mt19937 *mt, int64_t *out, int64_t n);

#endif
