/* mlp_optimiser.c - how weights move along their slopes. As in scikit-learn: momentum and
 * Nesterov's form of it; Adam (Kingma & Ba 2015, the form at the end of section 2, with the two
 * corrections in the length of the step). Weight decay is apart from the slopes (Loshchilov &
 * Hutter 2019).
 *
 * Loops are compiled for each width of vectors; additions, products, divisions and roots give the
 * same bits at any width. */
#include "model/neural/mlp_optimiser.h"

#include <math.h>
#include <string.h>

#include "numeric/mathfun.h"
#include "numeric/tile_product.h"

static const double ADAMW_DECAY = 0.01;

typedef struct step_numbers {
    double factor, length, beta_1, beta_2, epsilon, momentum;
} step_numbers;

typedef void (*adam_fn)(const step_numbers *s, const double *slope, double *restrict theta,
                        double *restrict first, double *restrict second, int64_t n);
typedef void (*momentum_fn)(const step_numbers *s, const double *slope, double *restrict theta,
                            double *restrict velocity, int64_t n);
typedef void (*add_fn)(double *restrict into, const double *from, int64_t n);
typedef void (*add_single_fn)(double *restrict into, const float *from, int64_t n);

#define DEFINE_STEPS(NAME, TARGET)                                                                \
    TARGET static void adam_##NAME(const step_numbers *s, const double *slope,                    \
                                   double *restrict theta, double *restrict first,                \
                                   double *restrict second, int64_t n)                            \
    {                                                                                             \
        const double b1 = s->beta_1, b2 = s->beta_2, eps = s->epsilon, by = s->factor;            \
        const double length = s->length;                                                          \
        for (int64_t i = 0; i < n; i++) {                                                         \
            const double g = by * slope[i];                                                       \
            first[i] = b1 * first[i] + (1.0 - b1) * g;                                            \
            second[i] = b2 * second[i] + (1.0 - b2) * (g * g);                                    \
            theta[i] -= length * first[i] / (sqrt(second[i]) + eps);                              \
        }                                                                                         \
    }                                                                                             \
    TARGET static void plain_##NAME(const step_numbers *s, const double *slope,                   \
                                    double *restrict theta, double *restrict velocity, int64_t n) \
    {                                                                                             \
        const double momentum = s->momentum, length = s->length * s->factor;                      \
        for (int64_t i = 0; i < n; i++) {                                                         \
            velocity[i] = momentum * velocity[i] - length * slope[i];                             \
            theta[i] += velocity[i];                                                              \
        }                                                                                         \
    }                                                                                             \
    TARGET static void nesterov_##NAME(const step_numbers *s, const double *slope,                \
                                       double *restrict theta, double *restrict velocity,         \
                                       int64_t n)                                                 \
    {                                                                                             \
        const double momentum = s->momentum, length = s->length * s->factor;                      \
        for (int64_t i = 0; i < n; i++) {                                                         \
            velocity[i] = momentum * velocity[i] - length * slope[i];                             \
            theta[i] += momentum * velocity[i] - length * slope[i];                               \
        }                                                                                         \
    }                                                                                             \
    TARGET static void add_##NAME(double *restrict into, const double *from, int64_t n)           \
    {                                                                                             \
        for (int64_t i = 0; i < n; i++) into[i] += from[i];                                       \
    }                                                                                             \
    TARGET static void add_single_##NAME(double *restrict into, const float *from, int64_t n)     \
    {                                                                                             \
        for (int64_t i = 0; i < n; i++) into[i] += (double)from[i];                               \
    }

DEFINE_STEPS(base, )

#if defined(__x86_64__)
DEFINE_STEPS(avx2, __attribute__((target("avx2"))))
DEFINE_STEPS(avx512, __attribute__((target("avx512f"))))
#else
#define adam_avx2 adam_base
#define adam_avx512 adam_base
#define plain_avx2 plain_base
#define plain_avx512 plain_base
#define nesterov_avx2 nesterov_base
#define nesterov_avx512 nesterov_base
#define add_avx2 add_base
#define add_avx512 add_base
#define add_single_avx2 add_single_base
#define add_single_avx512 add_single_base
#endif

enum { N_ISAS = 3 };
static const adam_fn adams[N_ISAS] = {adam_base, adam_avx2, adam_avx512};
static const momentum_fn plains[N_ISAS] = {plain_base, plain_avx2, plain_avx512};
static const momentum_fn nesterovs[N_ISAS] = {nesterov_base, nesterov_avx2, nesterov_avx512};
static const add_fn adds[N_ISAS] = {add_base, add_avx2, add_avx512};
static const add_single_fn single_adds[N_ISAS] = {add_single_base, add_single_avx2,
                                                  add_single_avx512};

mlsd_status mlsd__mlp_optimiser_open(mlsd__mlp_optimiser *o, const mlsd__allocator *a,
                                     const mlsd__mlp_params *params, int64_t n)
{
    const bool is_adam = params->solver == MLSD__MLP_ADAM || params->solver == MLSD__MLP_ADAMW;
    const double by_solver = params->solver == MLSD__MLP_ADAMW ? ADAMW_DECAY : 0.0;
    *o = (mlsd__mlp_optimiser){.params = params, .n = n};
    o->weight_decay = isnan(params->weight_decay) ? by_solver : params->weight_decay;
    o->first = mlsd__alloc(a, n, sizeof *o->first);
    if (is_adam) o->second = mlsd__alloc(a, n, sizeof *o->second);
    return o->first == NULL || (is_adam && o->second == NULL) ? MLSD_E_NOMEM : MLSD_OK;
}

void mlsd__mlp_optimiser_close(mlsd__mlp_optimiser *o, const mlsd__allocator *a)
{
    mlsd__free(a, o->first);
    mlsd__free(a, o->second);
}

void mlsd__mlp_optimiser_begin(mlsd__mlp_optimiser *o, int64_t t, double rate)
{
    const mlsd__mlp_params *const p = o->params;
    const double steps = (double)t;
    o->length = rate;
    if (o->second != NULL)
        o->length *= sqrt(1.0 - mlsd__pow(p->beta_2, steps)) / (1.0 - mlsd__pow(p->beta_1, steps));
    o->shrink = fmax(0.0, 1.0 - rate * o->weight_decay);
}

void mlsd__mlp_slopes_sum(const mlsd__mlp_slopes *s, double *sum, const double *theta,
                          int64_t first, int64_t n, bool is_weight)
{
    const mlsd__tile_isa isa = mlsd__tile_best(false);
    double *const to = sum + first;
    const double *const wide = s->parts;
    const float *const narrow = s->parts;
    memset(to, 0, (size_t)n * sizeof *to);
    for (int64_t part = 0; part < s->n_parts; part++) {
        const int64_t at = part * s->stride + first;
        if (s->is_single)
            single_adds[isa](to, narrow + at, n);
        else
            adds[isa](to, wide + at, n);
    }
    if (!is_weight || s->penalty == 0.0) return;
    for (int64_t i = 0; i < n; i++) to[i] += s->penalty * theta[first + i];
}

void mlsd__mlp_optimiser_move(const mlsd__mlp_optimiser *o, double factor, const double *slope,
                              double *theta, int64_t first, int64_t n, bool is_weight)
{
    const mlsd__mlp_params *const p = o->params;
    const mlsd__tile_isa isa = mlsd__tile_best(false);
    const step_numbers s = {.factor = factor,
                            .length = o->length,
                            .beta_1 = p->beta_1,
                            .beta_2 = p->beta_2,
                            .epsilon = p->epsilon,
                            .momentum = p->momentum};
    double *const at = theta + first, *const memory = o->first + first;
    if (is_weight && o->shrink != 1.0)
        for (int64_t i = 0; i < n; i++) at[i] *= o->shrink;
    if (o->second != NULL)
        adams[isa](&s, slope + first, at, memory, o->second + first, n);
    else
        (p->nesterovs_momentum ? nesterovs : plains)[isa](&s, slope + first, at, memory, n);
}

void mlsd__mlp_optimiser_forget(mlsd__mlp_optimiser *o, const double *theta)
{
    for (int64_t i = 0; i < o->n; i++)
        if (theta[i] == 0.0) o->first[i] = 0.0;
}
