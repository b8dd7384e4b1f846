/* random_state.c - the caller's generator: a Mersenne Twister behind a handle. The stream itself is
 * in mt19937.c. */
#include "base/random_state.h"

#include <string.h>

#include "base/handle.h"
#include "base/scope.h"

enum { N_WORDS = 624 };

#define REQUIRE_STATE(state) MLSD__REQUIRE_LIVE(state, MLSD__MAGIC_RANDOM_STATE, "random_state")

mlsd_status mlsd_random_state_new(const mlsd_context *context, int64_t seed,
                                  mlsd_random_state **out)
{
    MLSD__REQUIRE(out != NULL, "the place for the random state is NULL");
    *out = NULL;
    MLSD__REQUIRE(seed >= 0 && seed <= UINT32_MAX, "the seed must be in 0 .. 2^32 - 1, got %lld",
                  (long long)seed);
    mlsd__scope scope;
    MLSD__TRY(mlsd__scope_open(&scope, context));
    mlsd_random_state *const state = mlsd__alloc(scope.allocator, 1, sizeof *state);
    if (state != NULL) {
        state->magic = MLSD__MAGIC_RANDOM_STATE;
        state->allocator = *scope.allocator;
        mlsd__mt_seed(&state->mt, (uint32_t)seed);
        *out = state;
    }
    mlsd__scope_close(&scope);
    return state != NULL ? MLSD_OK : MLSD_E_NOMEM;
}

void mlsd_random_state_free(mlsd_random_state *state)
{
    if (!MLSD__IS_LIVE(state, MLSD__MAGIC_RANDOM_STATE)) return;
    const mlsd__allocator a = state->allocator;
    state->magic = MLSD__DEAD_MAGIC;
    mlsd__free(&a, state);
}

mlsd_status mlsd_random_state_get(const mlsd_random_state *state, uint32_t *words, int64_t capacity,
                                  int32_t *position)
{
    REQUIRE_STATE(state);
    MLSD__REQUIRE(words != NULL && position != NULL, "words or position is NULL");
    if (capacity < N_WORDS)
        return mlsd__fail(MLSD_E_BUFFER, "a random state has %d words, room is for %lld", N_WORDS,
                          (long long)capacity);
    memcpy(words, state->mt.state, sizeof state->mt.state);
    *position = state->mt.position;
    return MLSD_OK;
}

mlsd_status mlsd_random_state_set(mlsd_random_state *state, const uint32_t *words, int64_t n,
                                  int32_t position)
{
    REQUIRE_STATE(state);
    MLSD__REQUIRE(words != NULL, "words is NULL");
    MLSD__REQUIRE(n == N_WORDS, "a random state has %d words, got %lld", N_WORDS, (long long)n);
    MLSD__REQUIRE(position >= 0 && position <= N_WORDS, "the position must be in 0 .. %d, got %d",
                  N_WORDS, (int)position);
    memcpy(state->mt.state, words, sizeof state->mt.state);
    state->mt.position = position;
    return MLSD_OK;
}

mlsd_status mlsd_random_state_shuffle(mlsd_random_state *state, int64_t *values, int64_t n)
{
    REQUIRE_STATE(state);
    MLSD__REQUIRE(n >= 0, "the number of values must not be negative, got %lld", (long long)n);
    MLSD__REQUIRE(values != NULL || n == 0, "values is NULL, but %lld are to be shuffled",
                  (long long)n);
    mlsd__mt_shuffle(&state->mt, values, n);
    return MLSD_OK;
}

mlsd_status mlsd_random_state_integers(mlsd_random_state *state, int64_t low, int64_t high,
                                       int64_t *out, int64_t n)
{
    REQUIRE_STATE(state);
    MLSD__REQUIRE(low < high, "low must be less than high, got %lld and %lld", (long long)low,
                  (long long)high);
    MLSD__REQUIRE(n >= 0, "the number of integers must not be negative, got %lld", (long long)n);
    MLSD__REQUIRE(out != NULL || n == 0, "the place for %lld integers is NULL", (long long)n);
    const uint64_t range = (uint64_t)high - (uint64_t)low - 1;
    for (int64_t i = 0; i < n; i++)
        out[i] = (int64_t)((uint64_t)low + mlsd__mt_interval(&state->mt, range));
    return MLSD_OK;
}
