/* mlp_batch.c - gathering rows, and what regularises by chance: mixup (Zhang et al. 2018), noise on
 * the input (Bishop 1995), dropout (Srivastava et al. 2014, scaled so that nothing is left to do at
 * prediction), and label smoothing (Szegedy et al. 2016), which needs no chance. */
#include "model/neural/mlp_batch.h"

#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "base/random.h"
#include "numeric/mathfun.h"

mlsd_status mlsd__mlp_block_open(mlsd__mlp_block *b, const mlsd__allocator *a,
                                 const mlsd__mlp_net *net, int64_t frame_scratch, int64_t capacity,
                                 bool is_single, const mlsd__mlp_changes *changes)
{
    *b = (mlsd__mlp_block){0};
    MLSD__TRY(mlsd__mlp_pass_open(&b->pass, a, net, capacity, changes->dropout > 0.0, is_single));
    b->target = mlsd__alloc(a, capacity, (size_t)net->n_out * sizeof *b->target);
    b->weight = mlsd__alloc(a, capacity, sizeof *b->weight);
    b->storage = mlsd__alloc(a, capacity, sizeof *b->storage);
    b->scratch = mlsd__alloc(a, frame_scratch, sizeof *b->scratch);
    b->score_scratch =
        mlsd__alloc(a, capacity, (size_t)mlsd__mlp_net_scratch(net) * sizeof *b->score_scratch);
    if (b->target == NULL || b->weight == NULL || b->storage == NULL || b->scratch == NULL ||
        b->score_scratch == NULL)
        return MLSD_E_NOMEM;
    if (!(changes->mixup > 0.0)) return MLSD_OK;
    b->other = mlsd__alloc(a, capacity, (size_t)net->n_features * sizeof *b->other);
    b->other_target = mlsd__alloc(a, capacity, (size_t)net->n_out * sizeof *b->other_target);
    b->share = mlsd__alloc(a, capacity, sizeof *b->share);
    return b->other == NULL || b->other_target == NULL || b->share == NULL ? MLSD_E_NOMEM : MLSD_OK;
}

void mlsd__mlp_block_close(mlsd__mlp_block *b, const mlsd__allocator *a)
{
    mlsd__mlp_pass_close(&b->pass, a);
    mlsd__free(a, b->target);
    mlsd__free(a, b->weight);
    mlsd__free(a, b->storage);
    mlsd__free(a, b->scratch);
    mlsd__free(a, b->score_scratch);
    mlsd__free(a, b->other);
    mlsd__free(a, b->other_target);
    mlsd__free(a, b->share);
}

enum { AHEAD = 6 }; /* rows that are fetched before they are copied */

/* Rows one below the other. Rows in memory are copied, others are read through the frame. */
static void gather(mlsd__mlp_block *b, const mlsd__frame *frame, const int64_t *row, int64_t n,
                   double *to)
{
    const int64_t p = frame->n_features;
    int64_t ld = 0;
    const double *const x = mlsd__frame_direct(frame, 0, &ld);
    if (x != NULL) {
        for (int64_t i = 0; i < n; i++) memcpy(to + i * p, x + row[i] * ld, (size_t)p * sizeof *x);
        return;
    }
    mlsd__frame part;
    mlsd__frame_select(frame, row, n, b->storage, &part);
    mlsd__frame_read(&part, 0, n, to, b->scratch);
}

void mlsd__mlp_targets(const mlsd__mlp_net *net, const mlsd__mlp_rows *rows, const int64_t *row,
                       int64_t first, int64_t n, double smoothing, double *target)
{
    const int64_t k = net->n_out;
    for (int64_t i = 0; i < n; i++) {
        const int64_t at = row != NULL ? row[i] : first + i;
        double *const to = target + i * k;
        if (rows->n_classes == 0) {
            memcpy(to, rows->y + at * k, (size_t)k * sizeof *to);
        } else if (k == 1) {
            to[0] = rows->y[at] * (1.0 - smoothing) + smoothing / 2.0;
        } else {
            for (int64_t c = 0; c < k; c++) to[c] = smoothing / (double)k;
            to[(int64_t)rows->y[at]] += 1.0 - smoothing;
        }
    }
}

/* Targets in their own unit become those that the network is to meet. */
static void standardise(const mlsd__mlp_rows *rows, int64_t n, int64_t k, double *target)
{
    for (int64_t i = 0; rows->center != NULL && i < n * k; i++)
        target[i] = (target[i] - rows->center[i % k]) / rows->scale;
}

/* Marsaglia & Tsang (2000), ACM TOMS 26:363; below 1 by their section 6. */
static double draw_gamma(mlsd__stream *stream, double shape)
{
    const double d = (shape < 1.0 ? shape + 1.0 : shape) - 1.0 / 3.0, c = 1.0 / sqrt(9.0 * d);
    double value = 0.0;
    for (bool done = false; !done;) {
        const double x = mlsd__stream_normal(stream), cube = 1.0 + c * x;
        const double v = cube * cube * cube, u = 1.0 - mlsd__stream_double(stream);
        done = v > 0.0 && mlsd__log(u) < 0.5 * x * x + d - d * v + d * mlsd__log(v);
        value = d * v;
    }
    if (shape >= 1.0) return value;
    return value * mlsd__pow(1.0 - mlsd__stream_double(stream), 1.0 / shape);
}

static double draw_share(const mlsd__mlp_changes *changes, int64_t row)
{
    mlsd__stream stream;
    mlsd__stream_init(&stream, changes->seed, changes->epoch, (uint64_t)row, 0,
                      MLSD__PURPOSE_MIXUP);
    const double a = draw_gamma(&stream, changes->mixup), b = draw_gamma(&stream, changes->mixup);
    if (!(a + b > 0.0)) return mlsd__stream_double(&stream) < 0.5 ? 1.0 : 0.0;
    return a / (a + b);
}

/* Numbers and targets are mixed; a level is that of the row with the larger share. */
static void mix(mlsd__mlp_block *b, const mlsd__mlp_net *net, const mlsd__mlp_rows *rows,
                const int64_t *row, const int64_t *partner, int64_t n,
                const mlsd__mlp_changes *changes)
{
    const int64_t p = net->n_features, k = net->n_out;
    gather(b, rows->rows.frame, partner, n, b->other);
    mlsd__mlp_targets(net, rows, partner, 0, n, changes->label_smoothing, b->other_target);
    standardise(rows, n, k, b->other_target);
    for (int64_t i = 0; i < n; i++) {
        const double share = draw_share(changes, row[i]), rest = 1.0 - share;
        double *const x = b->pass.features + i * p, *const t = b->target + i * k;
        const double *const other = b->other + i * p;
        for (int64_t j = 0; j < net->n_numeric; j++) {
            const int64_t c = net->numeric[j];
            x[c] = share * x[c] + rest * other[c];
        }
        for (int64_t e = 0; share < 0.5 && e < net->n_embeddings; e++)
            x[net->embeddings[e].column] = other[net->embeddings[e].column];
        for (int64_t c = 0; c < k; c++) t[c] = share * t[c] + rest * b->other_target[i * k + c];
    }
}

static void add_noise(mlsd__mlp_block *b, const mlsd__mlp_net *net, const int64_t *row, int64_t n,
                      const mlsd__mlp_changes *changes)
{
    for (int64_t i = 0; i < n; i++) {
        mlsd__stream stream;
        mlsd__stream_init(&stream, changes->seed, changes->epoch, (uint64_t)row[i], 0,
                          MLSD__PURPOSE_NOISE);
        double *const x = b->pass.features + i * net->n_features;
        for (int64_t j = 0; j < net->n_numeric; j++)
            x[net->numeric[j]] += changes->input_noise * mlsd__stream_normal(&stream);
    }
}

/* A unit is dropped where 16 bits say so: a hundred-thousandth of the probability asked for. */
static void draw_masks(mlsd__mlp_block *b, const mlsd__mlp_net *net, const int64_t *row, int64_t n,
                       const mlsd__mlp_changes *changes)
{
    const uint32_t below = (uint32_t)floor(changes->dropout * 65536.0 + 0.5);
    const float kept = (float)(65536.0 / (65536.0 - (double)(below < 65535 ? below : 65535)));
    for (int64_t l = 0; l < net->n_layers - 1; l++) {
        const int64_t m = net->layers[l].n_out;
        for (int64_t i = 0; i < n; i++) {
            mlsd__stream stream;
            float *const mask = b->pass.mask[l] + i * m;
            uint32_t bits = 0;
            mlsd__stream_init(&stream, changes->seed, changes->epoch, (uint64_t)row[i], (uint64_t)l,
                              MLSD__PURPOSE_DROPOUT);
            for (int64_t j = 0; j < m; j++) {
                bits = j % 2 == 0 ? mlsd__stream_u32(&stream) : bits >> 16;
                mask[j] = (bits & 0xffff) < below ? 0.0F : kept;
            }
        }
    }
}

mlsd_status mlsd__mlp_block_fill(mlsd__mlp_block *b, mlsd__scope *scope, const mlsd__mlp_net *net,
                                 const void *theta, const mlsd__mlp_rows *rows, const int64_t *row,
                                 const int64_t *partner, int64_t n,
                                 const mlsd__mlp_changes *changes)
{
    const double scale = (double)rows->n_used / rows->total_weight;
    gather(b, rows->rows.frame, row, n, b->pass.features);
    mlsd__mlp_targets(net, rows, row, 0, n, changes->label_smoothing, b->target);
    for (int64_t i = 0; i < n; i++)
        b->weight[i] = rows->weight != NULL ? rows->weight[row[i]] * scale : 1.0;
    if (changes->augment != NULL)
        MLSD__TRY(mlsd__augment_batch(changes->augment, scope, changes->epoch, row, n,
                                      b->pass.features, net->n_features, b->target, net->n_out));
    standardise(rows, n, net->n_out, b->target);
    if (changes->mixup > 0.0) mix(b, net, rows, row, partner, n, changes);
    if (changes->input_noise > 0.0) add_noise(b, net, row, n, changes);
    if (changes->dropout > 0.0) draw_masks(b, net, row, n, changes);
    mlsd__mlp_pass_embed(net, theta, &b->pass, n);
    return MLSD_OK;
}

double mlsd__mlp_block_loss(mlsd__mlp_block *b, const mlsd__mlp_net *net, const double *theta,
                            const double *stats, double delta, const mlsd__mlp_rows *rows,
                            int64_t first, int64_t n)
{
    int64_t ld = 0;
    const double *x = mlsd__frame_direct(rows->rows.frame, first, &ld);
    if (x == NULL) {
        mlsd__frame_read(rows->rows.frame, first, n, b->pass.features, b->scratch);
        x = b->pass.features;
        ld = net->n_features;
    }
    mlsd__mlp_scores(net, theta, stats, x, n, ld, b->pass.scores, b->score_scratch);
    mlsd__mlp_targets(net, rows, NULL, first, n, 0.0, b->target);
    standardise(rows, n, net->n_out, b->target);
    return mlsd__mlp_loss_rows(net->loss, delta, b->target,
                               rows->weight != NULL ? rows->weight + first : NULL, 1.0, n,
                               net->n_out, b->pass.scores);
}
