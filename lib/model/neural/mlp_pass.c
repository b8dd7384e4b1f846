/* mlp_pass.c - a batch forward and back, in double or in float, compiled for each width of vectors.
 *
 * Products go through the tile kernels (fused, or not where numerics are exact): their bits do not
 * depend on which rows stand beside a row, so a batch may be cut anywhere. Losses and their slopes
 * by the scores are double in either case. */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "model/neural/mlp_net.h"
#include "numeric/tile_product.h"

enum { RUN = 64 }; /* numbers that go through a hidden function together */

typedef struct pass_functions {
    void (*embed)(const mlsd__mlp_net *net, const void *theta, const double *x, int64_t n,
                  int64_t ld, void *in);
    void (*forward)(const mlsd__mlp_net *net, const void *theta, mlsd__mlp_pass *pass, int64_t n);
    void (*back)(const mlsd__mlp_net *net, const void *theta, mlsd__mlp_pass *pass, int64_t n,
                 bool adds, void *gradient);
} pass_functions;

mlsd__tile_isa mlsd__mlp_kernels(void)
{
    const mlsd__tile_isa fused = mlsd__tile_best(true);
    const bool is_exact = mlsd__thread_numerics() == MLSD__EXACT;
    return is_exact || fused == MLSD__TILE_NONE ? mlsd__tile_best(false) : fused;
}

#define kernels mlsd__mlp_kernels

/* The table's row of a level; -1 for none. */
static int64_t level_of(const mlsd__mlp_embedding *m, double code)
{
    return code >= 0.0 && code < (double)m->n_levels ? (int64_t)code : -1;
}

#define REAL double
#define GEMM mlsd__tile_gemm
#define NAME(f) f##_double_base
#define TARGET
#include "model/neural/mlp_pass_body.h"
#if defined(__x86_64__)
#define NAME(f) f##_double_avx2
#define TARGET __attribute__((target("avx2")))
#include "model/neural/mlp_pass_body.h"
#define NAME(f) f##_double_avx512
#define TARGET __attribute__((target("avx512f")))
#include "model/neural/mlp_pass_body.h"
#endif
#undef REAL
#undef GEMM

#define REAL float
#define GEMM mlsd__tile_gemm_f32
#define NAME(f) f##_float_base
#define TARGET
#include "model/neural/mlp_pass_body.h"
#if defined(__x86_64__)
#define NAME(f) f##_float_avx2
#define TARGET __attribute__((target("avx2")))
#include "model/neural/mlp_pass_body.h"
#define NAME(f) f##_float_avx512
#define TARGET __attribute__((target("avx512f")))
#include "model/neural/mlp_pass_body.h"
#endif
#undef REAL
#undef GEMM

enum { N_ISAS = 3 };
#if defined(__x86_64__)
static const pass_functions *const all[2][N_ISAS] = {
    {&functions_double_base, &functions_double_avx2, &functions_double_avx512},
    {&functions_float_base, &functions_float_avx2, &functions_float_avx512}};
#else
static const pass_functions *const all[2][N_ISAS] = {{&functions_double_base},
                                                     {&functions_float_base}};
#endif

static const pass_functions *functions_of(bool is_single)
{
    return all[is_single ? 1 : 0][mlsd__tile_best(false)];
}

/* Hand out parts of one block of bytes; with `room` NULL only count. */
static void *take(const mlsd__mlp_pass *pass, int64_t *at, int64_t n, int64_t size)
{
    void *const here = pass->room != NULL ? pass->room + *at : NULL;
    *at += (n * size + 63) / 64 * 64;
    return here;
}

static int64_t lay_out(mlsd__mlp_pass *pass, const mlsd__mlp_net *net, bool drops)
{
    const int64_t n = pass->capacity, real = pass->is_single ? 4 : 8;
    const bool is_input = !pass->is_single && net->n_embeddings == 0;
    int64_t at = 0;
    pass->features = take(pass, &at, n * net->n_features, 8);
    pass->in = is_input ? (void *)pass->features : take(pass, &at, n * net->n_in, real);
    pass->moments = take(pass, &at, net->n_stats, 8);
    for (int64_t l = 0; l < net->n_layers - 1; l++) {
        const mlsd__mlp_layer *const layer = &net->layers[l];
        const bool needs_sums = layer->gain >= 0 || mlsd__activation_needs_sums(net->activation);
        const int64_t size = n * layer->n_out;
        pass->values[l] = take(pass, &at, size, real);
        pass->out[l] = drops ? take(pass, &at, size, real) : pass->values[l];
        pass->mask[l] = drops ? take(pass, &at, size, 4) : NULL;
        pass->sums[l] = needs_sums ? take(pass, &at, size, real) : NULL;
    }
    pass->scores = take(pass, &at, n * net->n_out, 8);
    pass->delta[0] = take(pass, &at, n * net->widest, real);
    pass->delta[1] = take(pass, &at, n * net->widest, real);
    return at;
}

mlsd_status mlsd__mlp_pass_open(mlsd__mlp_pass *pass, const mlsd__allocator *a,
                                const mlsd__mlp_net *net, int64_t capacity, bool drops,
                                bool is_single)
{
    *pass = (mlsd__mlp_pass){.capacity = capacity, .is_single = is_single};
    int64_t width = net->n_features + net->n_in + 2 * net->widest + net->n_out, size = 0;
    for (int64_t l = 0; l < net->n_layers; l++) width += 4 * net->layers[l].n_out + 32;
    MLSD__TRY(mlsd__mul_size(capacity, 8 * width, &size));
    pass->room = mlsd__alloc(a, lay_out(pass, net, drops), 1);
    if (pass->room == NULL) return MLSD_E_NOMEM;
    (void)lay_out(pass, net, drops);
    return MLSD_OK;
}

void mlsd__mlp_pass_close(mlsd__mlp_pass *pass, const mlsd__allocator *a)
{
    mlsd__free(a, pass->room);
    pass->room = NULL;
}

void mlsd__mlp_embed(const mlsd__mlp_net *net, const double *theta, const double *x, int64_t n,
                     int64_t ld, double *in)
{
    functions_of(false)->embed(net, theta, x, n, ld, in);
}

void mlsd__mlp_pass_embed(const mlsd__mlp_net *net, const void *theta, mlsd__mlp_pass *pass,
                          int64_t n)
{
    if (pass->in == pass->features) return;
    functions_of(pass->is_single)->embed(net, theta, pass->features, n, net->n_features, pass->in);
}

void mlsd__mlp_forward(const mlsd__mlp_net *net, const void *theta, mlsd__mlp_pass *pass, int64_t n)
{
    functions_of(pass->is_single)->forward(net, theta, pass, n);
}

void mlsd__mlp_back(const mlsd__mlp_net *net, const void *theta, mlsd__mlp_pass *pass, int64_t n,
                    bool adds, void *gradient)
{
    functions_of(pass->is_single)->back(net, theta, pass, n, adds, gradient);
}
