/* SPDX-License-Identifier: Apache-2.0
 *
 * mlsd/random.h - NumPy's RandomState, word for word, where a draw must go on where the last ended.
 *
 * Specs have seeds, and a seed is all that most need. A random state is for those who hand one
 * generator from call to call, as scikit-learn's users do. Not for secrets.
 */
#ifndef MLSD_RANDOM_H
#define MLSD_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#include "mlsd/context.h"
#include "mlsd/export.h"
#include "mlsd/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A Mersenne Twister, MT19937. It changes with every draw: one thread at a time. */
typedef struct mlsd_random_state mlsd_random_state;

/* RandomState(seed), seed 0 .. 2^32 - 1. End it with mlsd_random_state_free. Source: Matsumoto &
 * Nishimura (1998), ACM TOMACS 8(1); NumPy's NEP 19 freezes the stream. Since 0.1. */
MLSD_API mlsd_status mlsd_random_state_new(const mlsd_context *context, int64_t seed,
                                           mlsd_random_state **out);

/* NULL is fine. Since 0.1. */
MLSD_API void mlsd_random_state_free(mlsd_random_state *state);

/* The 624 words and the position in them (0 .. 624), as NumPy's get_state and set_state have them.
 * Errors: MLSD_E_BUFFER for fewer than 624 words; MLSD_E_ARG for another position. Since 0.1. */
MLSD_API mlsd_status mlsd_random_state_get(const mlsd_random_state *state, uint32_t *words,
                                           int64_t capacity, int32_t *position);
MLSD_API mlsd_status mlsd_random_state_set(mlsd_random_state *state, const uint32_t *words,
                                           int64_t n, int32_t position);

/* Shuffle n values in place, as RandomState.shuffle: of 0, 1, .., n - 1 it is a permutation, whose
 * first rows are a sample without replacement. Since 0.1. */
MLSD_API mlsd_status mlsd_random_state_shuffle(mlsd_random_state *state, int64_t *values,
                                               int64_t n);

/* n whole numbers in [low, high), as RandomState.randint: row numbers drawn so are a bootstrap
 * sample. Errors: MLSD_E_ARG unless low < high. Since 0.1. */
MLSD_API mlsd_status mlsd_random_state_integers(mlsd_random_state *state, int64_t low, int64_t high,
                                                int64_t *out, int64_t n);

#ifdef __cplusplus
}
#endif
#endif /* MLSD_RANDOM_H */
