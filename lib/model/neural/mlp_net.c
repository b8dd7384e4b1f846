/* mlp_net.c - layers: places of their numbers, from rows to scores and back.
 *
 * Products go through the tile kernels (fused, or not where numerics are exact): their bits do not
 * depend on which rows stand beside a row, so a batch may be cut anywhere, and one row alone gives
 * what it gives among many. */
#include "model/neural/mlp_net.h"

#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "base/random.h"
#include "numeric/tile_product.h"

/* Added to variances, as everywhere (Ioffe & Szegedy 2015). */
static const double NORM_EPSILON = 1e-5;
/* First numbers of embedded levels are within it. */
static const double EMBEDDING_START = 0.05;
static const int64_t MOST_EMBEDDING = 50;

/* Of this thread: it computes with exact numerics, or fast. */
static mlsd__tile_isa kernels(void)
{
    const mlsd__tile_isa fused = mlsd__tile_best(true);
    const bool is_exact = mlsd__thread_numerics() == MLSD__EXACT;
    return is_exact || fused == MLSD__TILE_NONE ? mlsd__tile_best(false) : fused;
}

/* ---- places ---- */

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
        net->layers[l] = (mlsd__mlp_layer){.n_in = n_in,
                                           .n_out = n_out,
                                           .weight = net->n_theta,
                                           .bias = net->n_theta + n_weights,
                                           .gain = has_norm ? net->n_theta + n_weights + n_out : -1,
                                           .stats = has_norm ? net->n_stats : -1};
        net->n_theta += n_weights + n_out * (has_norm ? 3 : 1);
        net->n_stats += has_norm ? 2 * n_out : 0;
        if (net->n_theta > INT64_MAX / 1024 || net->n_theta < 0)
            return mlsd__fail(MLSD_E_SHAPE, "the network has too many weights");
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

/* The table's row of a level; NULL for none. */
static const double *level_row(const mlsd__mlp_embedding *m, const double *theta, double code)
{
    if (!(code >= 0.0 && code < (double)m->n_levels)) return NULL;
    return theta + m->table + (int64_t)code * m->width;
}

void mlsd__mlp_embed(const mlsd__mlp_net *net, const double *theta, const double *x, int64_t n,
                     int64_t ld, double *in)
{
    for (int64_t i = 0; i < n; i++) {
        const double *const row = x + i * ld;
        double *to = in + i * net->n_in;
        for (int64_t j = 0; j < net->n_numeric; j++) *to++ = row[net->numeric[j]];
        for (int64_t e = 0; e < net->n_embeddings; e++) {
            const mlsd__mlp_embedding *const m = &net->embeddings[e];
            const double *const level = level_row(m, theta, row[m->column]);
            for (int64_t j = 0; j < m->width; j++) *to++ = level != NULL ? level[j] : 0.0;
        }
    }
}

/* out = in W + b. */
static void sum_up(const mlsd__mlp_layer *layer, const double *theta, const double *in, int64_t n,
                   int64_t ld, double *out)
{
    const int64_t m = layer->n_out;
    const double *const bias = theta + layer->bias;
    mlsd__tile_gemm(kernels(), false, false, false, n, m, layer->n_in, 1.0, in, ld,
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
                gain[j] * ((z[i * m + j] - mean[j]) / sqrt(variance[j] + NORM_EPSILON)) + shift[j];
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

/* ---- training on a batch ---- */

/* Hand out parts of one block; with `room` NULL only count. */
static double *take(double *room, int64_t *at, int64_t rows, int64_t width)
{
    double *const here = room != NULL ? room + *at : NULL;
    *at += rows * width;
    return here;
}

static int64_t lay_out(mlsd__mlp_pass *pass, const mlsd__mlp_net *net, bool drops)
{
    const int64_t n = pass->capacity;
    double *const room = pass->room;
    int64_t at = 0;
    pass->in = take(room, &at, n, net->n_in);
    pass->features = net->n_embeddings > 0 ? take(room, &at, n, net->n_features) : pass->in;
    pass->moments = take(room, &at, 1, net->n_stats);
    for (int64_t l = 0; l < net->n_layers - 1; l++) {
        const mlsd__mlp_layer *const layer = &net->layers[l];
        const bool needs_sums = layer->gain >= 0 || mlsd__activation_needs_sums(net->activation);
        pass->values[l] = take(room, &at, n, layer->n_out);
        pass->out[l] = drops ? take(room, &at, n, layer->n_out) : pass->values[l];
        pass->mask[l] = drops ? take(room, &at, n, layer->n_out) : NULL;
        pass->sums[l] = needs_sums ? take(room, &at, n, layer->n_out) : NULL;
    }
    pass->scores = take(room, &at, n, net->n_out);
    pass->delta[0] = take(room, &at, n, net->widest);
    pass->delta[1] = take(room, &at, n, net->widest);
    return at;
}

mlsd_status mlsd__mlp_pass_open(mlsd__mlp_pass *pass, const mlsd__allocator *a,
                                const mlsd__mlp_net *net, int64_t capacity, bool drops)
{
    *pass = (mlsd__mlp_pass){.capacity = capacity};
    int64_t width = net->n_features + net->n_in + 2 * net->widest + net->n_out, size = 0;
    for (int64_t l = 0; l < net->n_layers; l++) width += 4 * net->layers[l].n_out;
    MLSD__TRY(mlsd__mul_size(capacity, width, &size));
    pass->room = mlsd__alloc(a, lay_out(pass, net, drops), sizeof *pass->room);
    if (pass->room == NULL) return MLSD_E_NOMEM;
    (void)lay_out(pass, net, drops);
    return MLSD_OK;
}

void mlsd__mlp_pass_close(mlsd__mlp_pass *pass, const mlsd__allocator *a)
{
    mlsd__free(a, pass->room);
    pass->room = NULL;
}

/* Mean and variance of each column, then sums become (z - mean) / sd. */
static void normalise_batch(const mlsd__mlp_layer *layer, double *moments, double *z, int64_t n)
{
    const int64_t m = layer->n_out;
    double *const mean = moments + layer->stats, *const variance = mean + m;
    memset(mean, 0, 2 * (size_t)m * sizeof *mean);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < m; j++) mean[j] += z[i * m + j];
    for (int64_t j = 0; j < m; j++) mean[j] /= (double)n;
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < m; j++) {
            z[i * m + j] -= mean[j];
            variance[j] += z[i * m + j] * z[i * m + j];
        }
    }
    for (int64_t j = 0; j < m; j++) variance[j] /= (double)n;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < m; j++) z[i * m + j] /= sqrt(variance[j] + NORM_EPSILON);
}

/* z = gain hat + shift. */
static void stretch(const mlsd__mlp_layer *layer, const double *theta, const double *hat, int64_t n,
                    double *z)
{
    const int64_t m = layer->n_out;
    const double *const gain = theta + layer->gain, *const shift = gain + m;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < m; j++) z[i * m + j] = gain[j] * hat[i * m + j] + shift[j];
}

void mlsd__mlp_forward(const mlsd__mlp_net *net, const double *theta, mlsd__mlp_pass *pass,
                       int64_t n)
{
    const double *in = pass->in;
    for (int64_t l = 0; l < net->n_layers; l++) {
        const mlsd__mlp_layer *const layer = &net->layers[l];
        const int64_t size = n * layer->n_out;
        if (l == net->n_layers - 1) {
            sum_up(layer, theta, in, n, layer->n_in, pass->scores);
            return;
        }
        double *const values = pass->values[l];
        sum_up(layer, theta, in, n, layer->n_in, values);
        if (layer->gain >= 0) normalise_batch(layer, pass->moments, values, n);
        if (pass->sums[l] != NULL) memcpy(pass->sums[l], values, (size_t)size * sizeof *values);
        if (layer->gain >= 0) stretch(layer, theta, pass->sums[l], n, values);
        mlsd__activate(net->activation, values, size);
        for (int64_t i = 0; pass->mask[l] != NULL && i < size; i++)
            pass->out[l][i] = values[i] * pass->mask[l][i];
        in = pass->out[l];
    }
}

/* ---- and back ---- */

static void add_columns(const double *delta, int64_t n, int64_t m, bool adds, double *sums)
{
    if (!adds) memset(sums, 0, (size_t)m * sizeof *sums);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < m; j++) sums[j] += delta[i * m + j];
}

/* Slopes by gains and shifts, and slopes by what batch normalisation was given (Ioffe & Szegedy
 * 2015, section 3). */
static void normalise_back(const mlsd__mlp_layer *layer, const double *theta,
                           const mlsd__mlp_pass *pass, const double *hat, int64_t n, double *delta,
                           double *gradient)
{
    const int64_t m = layer->n_out;
    const double *const gain = theta + layer->gain;
    const double *const variance = pass->moments + layer->stats + m;
    double *const by_gain = gradient + layer->gain, *const by_shift = by_gain + m;
    add_columns(delta, n, m, false, by_shift);
    memset(by_gain, 0, (size_t)m * sizeof *by_gain);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < m; j++) by_gain[j] += delta[i * m + j] * hat[i * m + j];
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < m; j++) {
            const double centred =
                delta[i * m + j] - (by_shift[j] + hat[i * m + j] * by_gain[j]) / (double)n;
            delta[i * m + j] = gain[j] / sqrt(variance[j] + NORM_EPSILON) * centred;
        }
    }
}

/* Slopes by a hidden layer's values become slopes by its sums. */
static void unit_back(const mlsd__mlp_net *net, int64_t l, const double *theta,
                      mlsd__mlp_pass *pass, int64_t n, double *delta, double *gradient)
{
    const mlsd__mlp_layer *const layer = &net->layers[l];
    const int64_t size = n * layer->n_out;
    for (int64_t i = 0; pass->mask[l] != NULL && i < size; i++) delta[i] *= pass->mask[l][i];
    const double *sums = pass->sums[l];
    if (layer->gain >= 0 && mlsd__activation_needs_sums(net->activation)) {
        stretch(layer, theta, pass->sums[l], n, pass->out[l]); /* no longer needed */
        sums = pass->out[l];
    }
    mlsd__activation_back(net->activation, sums, pass->values[l], delta, size);
    if (layer->gain >= 0) normalise_back(layer, theta, pass, pass->sums[l], n, delta, gradient);
}

static void embed_back(const mlsd__mlp_net *net, const mlsd__mlp_pass *pass, int64_t n,
                       const double *delta, bool adds, double *gradient)
{
    const double *from = delta + net->n_numeric;
    for (int64_t e = 0; e < net->n_embeddings; e++) {
        const mlsd__mlp_embedding *const m = &net->embeddings[e];
        if (!adds)
            memset(gradient + m->table, 0, (size_t)(m->n_levels * m->width) * sizeof *gradient);
        for (int64_t i = 0; i < n; i++) {
            const double code = pass->features[i * net->n_features + m->column];
            if (!(code >= 0.0 && code < (double)m->n_levels)) continue;
            double *const row = gradient + m->table + (int64_t)code * m->width;
            for (int64_t j = 0; j < m->width; j++) row[j] += from[i * net->n_in + j];
        }
        from += m->width;
    }
}

void mlsd__mlp_back(const mlsd__mlp_net *net, const double *theta, mlsd__mlp_pass *pass, int64_t n,
                    bool adds, double *gradient)
{
    const mlsd__tile_isa isa = kernels();
    double *delta = pass->scores;
    for (int64_t l = net->n_layers - 1; l >= 0; l--) {
        const mlsd__mlp_layer *const layer = &net->layers[l];
        const double *const in = l > 0 ? pass->out[l - 1] : pass->in;
        if (l < net->n_layers - 1) unit_back(net, l, theta, pass, n, delta, gradient);
        mlsd__tile_gemm(isa, false, true, false, layer->n_in, layer->n_out, n, 1.0, in, layer->n_in,
                        delta, layer->n_out, adds ? 1.0 : 0.0, gradient + layer->weight,
                        layer->n_out);
        add_columns(delta, n, layer->n_out, adds, gradient + layer->bias);
        if (l == 0 && net->n_embeddings == 0) break;
        double *const before = pass->delta[l % 2];
        mlsd__tile_gemm(isa, false, false, true, n, layer->n_in, layer->n_out, 1.0, delta,
                        layer->n_out, theta + layer->weight, layer->n_out, 0.0, before,
                        layer->n_in);
        delta = before;
    }
    if (net->n_embeddings > 0) embed_back(net, pass, n, delta, adds, gradient);
}
