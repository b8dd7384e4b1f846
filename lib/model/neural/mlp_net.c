/* mlp_net.c - places of a network's numbers, how they begin, and scores as they are predicted,
 * which are double whatever was trained in. */
#include "model/neural/mlp_net.h"

#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "base/random.h"
#include "numeric/tile_product.h"

/* First numbers of embedded levels are within it. */
static const double EMBEDDING_START = 0.05;
static const int64_t MOST_EMBEDDING = 50;

/* ---- places ---- */

static mlsd_status check_size(int64_t n_theta, int64_t n_more)
{
    if (n_more < INT64_MAX / 1024 - n_theta) return MLSD_OK;
    return mlsd__fail(MLSD_E_SHAPE, "the network has too many weights");
}

static mlsd_status place_embeddings(mlsd__mlp_net *net, const mlsd__mlp_shape *shape)
{
    for (int64_t j = 0; j < shape->n_features; j++) {
        const mlsd__feature *const feature = &shape->features[j];
        if (feature->type != MLSD__CATEGORY) {
            net->numeric[net->n_numeric++] = j;
            continue;
        }
        const int64_t half = (feature->n_levels + 1) / 2;
        const int64_t by_levels = half < 1 ? 1 : half < MOST_EMBEDDING ? half : MOST_EMBEDDING;
        int64_t width = shape->embedding_dim > 0 ? shape->embedding_dim : by_levels, n = 0;
        if (shape->widths != NULL)
            width = net->n_embeddings < shape->n_widths ? shape->widths[net->n_embeddings] : 0;
        if (width == 0)
            return mlsd__fail(MLSD_E_CORRUPT, "the network in the file contradicts itself");
        MLSD__TRY(mlsd__mul_size(feature->n_levels, width, &n));
        MLSD__TRY(check_size(net->n_theta, n));
        net->embeddings[net->n_embeddings++] = (mlsd__mlp_embedding){
            .column = j, .n_levels = feature->n_levels, .width = width, .table = net->n_theta};
        net->n_theta += n;
        net->n_in += width;
    }
    net->n_in += net->n_numeric;
    return MLSD_OK;
}

static mlsd_status place_layers(mlsd__mlp_net *net, const mlsd__mlp_shape *shape)
{
    int64_t n_in = net->n_in;
    net->n_layers = shape->n_hidden + 1;
    net->widest = net->n_in;
    for (int64_t l = 0; l < net->n_layers; l++) {
        const bool is_hidden = l < shape->n_hidden;
        const bool has_norm = is_hidden && shape->batch_norm;
        const int64_t n_out = is_hidden ? (int64_t)shape->hidden[l] : shape->n_outputs;
        int64_t n_weights = 0;
        MLSD__TRY(mlsd__mul_size(n_in, n_out, &n_weights));
        MLSD__TRY(check_size(net->n_theta, n_weights));
        net->layers[l] = (mlsd__mlp_layer){.n_in = n_in,
                                           .n_out = n_out,
                                           .weight = net->n_theta,
                                           .bias = net->n_theta + n_weights,
                                           .gain = has_norm ? net->n_theta + n_weights + n_out : -1,
                                           .stats = has_norm ? net->n_stats : -1};
        net->n_theta += n_weights + n_out * (has_norm ? 3 : 1);
        net->n_stats += has_norm ? 2 * n_out : 0;
        net->widest = n_out > net->widest ? n_out : net->widest;
        n_in = n_out;
    }
    return MLSD_OK;
}

mlsd_status mlsd__mlp_net_open(mlsd__mlp_net *net, const mlsd__allocator *a,
                               const mlsd__mlp_shape *shape)
{
    *net = (mlsd__mlp_net){.activation = shape->activation,
                           .loss = shape->loss,
                           .n_features = shape->n_features,
                           .n_out = shape->n_outputs};
    net->numeric = mlsd__alloc(a, shape->n_features, sizeof *net->numeric);
    net->embeddings = mlsd__alloc(a, shape->n_features, sizeof *net->embeddings);
    if (net->numeric == NULL || net->embeddings == NULL) return MLSD_E_NOMEM;
    MLSD__TRY(place_embeddings(net, shape));
    return place_layers(net, shape);
}

void mlsd__mlp_net_close(mlsd__mlp_net *net, const mlsd__allocator *a)
{
    mlsd__free(a, net->numeric);
    mlsd__free(a, net->embeddings);
    net->numeric = NULL;
    net->embeddings = NULL;
}

static void draw(mlsd__stream *stream, double bound, double *to, int64_t n)
{
    for (int64_t i = 0; i < n; i++) to[i] = bound * (2.0 * mlsd__stream_double(stream) - 1.0);
}

void mlsd__mlp_net_start(const mlsd__mlp_net *net, uint64_t seed, double *theta, double *stats)
{
    const double factor = net->activation == MLSD__ACTIVATION_LOGISTIC ? 2.0 : 6.0;
    mlsd__stream stream;
    for (int64_t e = 0; e < net->n_embeddings; e++) {
        const mlsd__mlp_embedding *const m = &net->embeddings[e];
        mlsd__stream_init(&stream, seed, 1, (uint64_t)e, 0, MLSD__PURPOSE_INIT);
        draw(&stream, EMBEDDING_START, theta + m->table, m->n_levels * m->width);
    }
    for (int64_t l = 0; l < net->n_layers; l++) {
        const mlsd__mlp_layer *const layer = &net->layers[l];
        const double bound = sqrt(factor / (double)(layer->n_in + layer->n_out));
        mlsd__stream_init(&stream, seed, 0, (uint64_t)l, 0, MLSD__PURPOSE_INIT);
        draw(&stream, bound, theta + layer->weight, layer->n_in * layer->n_out);
        draw(&stream, bound, theta + layer->bias, layer->n_out);
        for (int64_t j = 0; layer->gain >= 0 && j < layer->n_out; j++) {
            theta[layer->gain + j] = 1.0;
            theta[layer->gain + layer->n_out + j] = 0.0;
            stats[layer->stats + j] = 0.0;
            stats[layer->stats + layer->n_out + j] = 1.0;
        }
    }
}

/* ---- from rows to scores ---- */

/* out = in W + b. */
static void sum_up(const mlsd__mlp_layer *layer, const double *theta, const double *in, int64_t n,
                   int64_t ld, double *out)
{
    const int64_t m = layer->n_out;
    const double *const bias = theta + layer->bias;
    mlsd__tile_gemm(mlsd__mlp_kernels(), false, false, false, n, m, layer->n_in, 1.0, in, ld,
                    theta + layer->weight, m, 0.0, out, m);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < m; j++) out[i * m + j] += bias[j];
}

/* Sums of a hidden layer centred and scaled by what was remembered of the batches. */
static void normalise_as_remembered(const mlsd__mlp_layer *layer, const double *theta,
                                    const double *stats, double *z, int64_t n)
{
    const int64_t m = layer->n_out;
    const double *const mean = stats + layer->stats, *const variance = mean + m;
    const double *const gain = theta + layer->gain, *const shift = gain + m;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < m; j++)
            z[i * m + j] =
                gain[j] * ((z[i * m + j] - mean[j]) / sqrt(variance[j] + MLSD__MLP_NORM_EPSILON)) +
                shift[j];
}

int64_t mlsd__mlp_net_scratch(const mlsd__mlp_net *net)
{
    return net->n_in + 2 * net->widest;
}

void mlsd__mlp_scores(const mlsd__mlp_net *net, const double *theta, const double *stats,
                      const double *x, int64_t n, int64_t ld, double *scores, double *scratch)
{
    double *rooms[2] = {scratch + n * net->n_in, scratch + n * (net->n_in + net->widest)};
    const double *in = x;
    int64_t ld_in = ld;
    if (net->n_embeddings > 0) {
        mlsd__mlp_embed(net, theta, x, n, ld, scratch);
        in = scratch;
        ld_in = net->n_in;
    }
    for (int64_t l = 0; l < net->n_layers; l++) {
        const mlsd__mlp_layer *const layer = &net->layers[l];
        const bool is_last = l == net->n_layers - 1;
        double *const out = is_last ? scores : rooms[l % 2];
        sum_up(layer, theta, in, n, ld_in, out);
        if (layer->gain >= 0) normalise_as_remembered(layer, theta, stats, out, n);
        if (!is_last) mlsd__activate(net->activation, out, n * layer->n_out);
        in = out;
        ld_in = layer->n_out;
    }
}
