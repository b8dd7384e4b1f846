/* mlp_train.c - epochs over mini-batches.
 *
 * A batch is cut into blocks of rows, by its size and that of the network alone; blocks go forward
 * and back on the threads that there are, each into a gradient of its own, and these are added up
 * in the order of the blocks: so the bytes do not depend on the threads. Batch normalisation is
 * over the whole batch, which then is one block.
 *
 * Numbers that are to be predicted are standardised, so that steps suit a target of any unit;
 * losses are told in its own.
 *
 * The training loss of an epoch is that of the batches as they went by, as in scikit-learn; where
 * dropout, noise, mixing, smoothing or batch normalisation make training minimise something else,
 * the rows are gone through once more. */
#include "model/neural/mlp_train.h"

#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "base/random.h"
#include "numeric/sum.h"

enum {
    BATCH = 200,     /* rows where batch_size is null, as in scikit-learn */
    BLOCK = 100,     /* rows of a block, at least */
    MOST_PARTS = 32, /* blocks of a batch */
    LOOK = 256,      /* rows whose loss is looked at together */
    STRETCH = 4096   /* numbers moved together */
};
/* Gradients of all blocks of a batch take no more numbers, but for two. */
static const int64_t MOST_PART_NUMBERS = (int64_t)1 << 23;
/* Part of the old in what batch normalisation remembers. */
static const double REMEMBERED = 0.9;
/* A standard deviation that is less of the mean is rounding. */
static const double SMALLEST_SCALE = 1e-14;

static void cut_batches(mlsd__mlp_training *t, mlsd__scope *scope)
{
    const int64_t n = t->sets[0].n_used;
    const bool is_free = t->params->batch_size == MLSD__NULL_I64;
    const int64_t asked = t->is_lbfgs ? n : is_free ? BATCH : t->params->batch_size;
    t->batch_size = asked < n ? asked : n;
    if (asked > n && !is_free)
        mlsd__log_line(scope, MLSD_LOG_WARNING,
                       "'batch_size' is %lld, but there are %lld training rows: a batch is all of "
                       "them",
                       (long long)asked, (long long)n);
    const int64_t by_memory = MOST_PART_NUMBERS / (t->net.n_theta + 1);
    int64_t n_parts = (t->batch_size + BLOCK - 1) / BLOCK;
    n_parts = n_parts < MOST_PARTS ? n_parts : MOST_PARTS;
    if (n_parts > 2 && n_parts > by_memory) n_parts = by_memory > 2 ? by_memory : 2;
    if (t->params->batch_norm) n_parts = 1;
    t->block_rows = (t->batch_size + n_parts - 1) / n_parts;
    t->n_parts = (t->batch_size + t->block_rows - 1) / t->block_rows;
}

static void put_stretches(mlsd__mlp_training *t, int64_t first, int64_t n, bool is_weight)
{
    for (int64_t done = 0; done < n; done += STRETCH) {
        const int64_t left = n - done;
        if (t->stretches != NULL)
            t->stretches[t->n_stretches] =
                (mlsd__mlp_stretch){first + done, left < STRETCH ? left : STRETCH, is_weight};
        t->n_stretches++;
    }
}

/* Count them, or list them where there is room. */
static void list_stretches(mlsd__mlp_training *t)
{
    const mlsd__mlp_net *const net = &t->net;
    t->n_stretches = 0;
    put_stretches(t, 0, net->layers[0].weight, false);
    for (int64_t l = 0; l < net->n_layers; l++) {
        const mlsd__mlp_layer *const layer = &net->layers[l];
        const int64_t n = layer->n_in * layer->n_out;
        put_stretches(t, layer->weight, n, true);
        put_stretches(t, layer->bias, layer->n_out * (layer->gain >= 0 ? 3 : 1), false);
    }
}

static mlsd_status open_sets(mlsd__mlp_training *t, mlsd__scope *scope,
                             const mlsd__training_sets *sets, const mlsd__train *train)
{
    t->n_sets = sets->n;
    t->sets = mlsd__alloc(scope->allocator, sets->n, sizeof *t->sets);
    if (t->sets == NULL) return MLSD_E_NOMEM;
    for (int64_t s = 0; s < sets->n; s++) {
        const mlsd__training_set *const set = &sets->sets[s];
        t->sets[s].y = set->y;
        t->sets[s].weight = set->weight;
        t->sets[s].total_weight = set->total_weight;
        t->sets[s].n_classes = train->task == MLSD_TASK_REGRESSION ? 0 : train->n_classes;
        for (int64_t i = 0; i < set->frame->n_rows; i++)
            t->sets[s].n_used += set->weight == NULL || set->weight[i] > 0.0;
        MLSD__TRY(mlsd__resident_open(&t->sets[s].rows, scope, set->frame));
    }
    return MLSD_OK;
}

static mlsd_status open_net(mlsd__mlp_training *t, mlsd__scope *scope, mlsd__mlp_loss loss,
                            const mlsd__train *train)
{
    const mlsd__mlp_params *const p = t->params;
    const bool is_regression = train->task == MLSD_TASK_REGRESSION;
    const mlsd__mlp_shape shape = {
        .features = train->x->features,
        .n_features = train->x->n_features,
        .hidden = p->hidden_layer_sizes.values,
        .n_hidden = p->hidden_layer_sizes.values != NULL ? p->hidden_layer_sizes.n : 0,
        .n_outputs = is_regression ? 1 + train->n_more_targets
                                   : (train->n_classes <= 2 ? 1 : train->n_classes),
        .embedding_dim = p->embedding_dim == MLSD__NULL_I64 ? 0 : p->embedding_dim,
        .batch_norm = p->batch_norm != 0,
        .activation = (mlsd__activation)p->activation,
        .loss = loss};
    t->changes = (mlsd__mlp_changes){.dropout = shape.n_hidden > 0 ? p->dropout : 0.0,
                                     .label_smoothing = is_regression ? 0.0 : p->label_smoothing,
                                     .mixup = p->mixup,
                                     .input_noise = p->input_noise,
                                     .augment = train->augment,
                                     .seed = (uint64_t)p->seed};
    t->is_changed = t->changes.dropout > 0.0 || t->changes.label_smoothing > 0.0 ||
                    p->mixup > 0.0 || p->input_noise > 0.0 || p->batch_norm || p->pruning > 0.0 ||
                    train->augment != NULL;
    return mlsd__mlp_net_open(&t->net, scope->allocator, &shape);
}

void mlsd__mlp_training_scale(mlsd__mlp_training *t, const double *center, double scale)
{
    const mlsd__mlp_loss loss = t->net.loss;
    if (center != t->center) memcpy(t->center, center, (size_t)t->net.n_out * sizeof *center);
    t->scale = scale;
    t->delta = t->params->delta / scale;
    t->loss_unit = loss == MLSD__MLP_ABSOLUTE                             ? scale
                   : loss == MLSD__MLP_SQUARED || loss == MLSD__MLP_HUBER ? scale * scale
                                                                          : 1.0;
    for (int64_t s = 0; s < t->n_sets; s++) {
        t->sets[s].center = t->center;
        t->sets[s].scale = scale;
    }
}

/* Means of the targets of the rows that are learned from, and one standard deviation, the root of
 * the mean variance, so that what several targets count beside each other stays as it is. */
static mlsd_status measure_target(mlsd__mlp_training *t, const mlsd__allocator *a, double *scale)
{
    const mlsd__mlp_rows *const rows = &t->sets[0];
    const int64_t n = rows->rows.frame->n_rows, k = t->net.n_out;
    double *const y = mlsd__alloc_raw(a, n, sizeof *y);
    double total = 0.0, size = 0.0;
    if (y == NULL) return MLSD_E_NOMEM;
    for (int64_t c = 0; c < k; c++) {
        double variance = 0.0;
        for (int64_t i = 0; i < n; i++) y[i] = rows->y[i * k + c];
        mlsd__mean_variance(y, rows->weight, n, 0, &t->center[c], &variance);
        total += variance;
        size = fmax(size, fabs(t->center[c]));
    }
    mlsd__free(a, y);
    *scale = sqrt(total / (double)k);
    /* Nothing but rounding, or too large to be squared. */
    if (!(*scale > SMALLEST_SCALE * size) || !isfinite(*scale)) *scale = 1.0;
    for (int64_t c = 0; c < k; c++)
        if (!isfinite(t->center[c])) t->center[c] = 0.0;
    return MLSD_OK;
}

static mlsd_status open_target(mlsd__mlp_training *t, const mlsd__allocator *a)
{
    double scale = 1.0;
    t->loss_unit = 1.0;
    t->delta = t->params->delta;
    if (t->sets[0].n_classes > 0) return MLSD_OK;
    t->center = mlsd__alloc(a, t->net.n_out, sizeof *t->center);
    if (t->center == NULL) return MLSD_E_NOMEM;
    if (t->params->scale_target && t->net.loss != MLSD__MLP_POISSON)
        MLSD__TRY(measure_target(t, a, &scale));
    mlsd__mlp_training_scale(t, t->center, scale);
    return MLSD_OK;
}

static mlsd_status open_blocks(mlsd__mlp_training *t, mlsd__scope *scope)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t capacity = t->params->batch_norm && t->batch_size > LOOK ? t->batch_size : LOOK;
    int64_t scratch = 0;
    for (int64_t s = 0; s < t->n_sets; s++) {
        const int64_t wanted = mlsd__frame_scratch(t->sets[s].rows.frame, capacity);
        scratch = wanted > scratch ? wanted : scratch;
    }
    t->blocks = mlsd__alloc(a, scope->n_threads, sizeof *t->blocks);
    if (t->blocks == NULL) return MLSD_E_NOMEM;
    t->n_blocks = scope->n_threads;
    for (int64_t b = 0; b < t->n_blocks; b++)
        MLSD__TRY(mlsd__mlp_block_open(&t->blocks[b], a, &t->net, scratch, capacity, t->is_single,
                                       &t->changes));
    return MLSD_OK;
}

static mlsd_status open_numbers(mlsd__mlp_training *t, const mlsd__allocator *a)
{
    const int64_t n = t->sets[0].rows.frame->n_rows;
    int64_t most_rows = n, n_part_numbers = 0;
    for (int64_t s = 1; s < t->n_sets; s++) {
        const int64_t n_set = t->sets[s].rows.frame->n_rows;
        most_rows = n_set > most_rows ? n_set : most_rows;
    }
    MLSD__TRY(mlsd__mul_size(t->n_parts, t->net.n_theta, &n_part_numbers));
    list_stretches(t);
    t->stretches = mlsd__alloc(a, t->n_stretches, sizeof *t->stretches);
    t->theta = mlsd__alloc(a, t->net.n_theta, sizeof *t->theta);
    t->stats = mlsd__alloc(a, t->net.n_stats, sizeof *t->stats);
    t->parts = mlsd__alloc(a, n_part_numbers, t->is_single ? sizeof(float) : sizeof(double));
    t->gradient = mlsd__alloc(a, t->net.n_theta, sizeof *t->gradient);
    if (t->is_single) t->narrow = mlsd__alloc(a, t->net.n_theta, sizeof *t->narrow);
    t->losses = mlsd__alloc(a, (most_rows + LOOK - 1) / LOOK + t->n_parts, sizeof *t->losses);
    t->loss_curve = mlsd__alloc(a, MLSD__MLP_LOSS_CURVE, sizeof *t->loss_curve);
    t->order = mlsd__alloc(a, n, sizeof *t->order);
    if (t->params->mixup > 0.0) t->partner = mlsd__alloc(a, n, sizeof *t->partner);
    if (t->stretches == NULL || t->theta == NULL || t->stats == NULL || t->parts == NULL ||
        t->gradient == NULL || (t->is_single && t->narrow == NULL) || t->losses == NULL ||
        t->loss_curve == NULL || t->order == NULL || (t->params->mixup > 0.0 && t->partner == NULL))
        return MLSD_E_NOMEM;
    list_stretches(t);
    return MLSD_OK;
}

mlsd_status mlsd__mlp_training_open(mlsd__mlp_training *t, mlsd__scope *scope,
                                    const mlsd__mlp_params *params, mlsd__mlp_loss loss,
                                    const mlsd__training_sets *sets, const mlsd__train *train)
{
    const mlsd__allocator *const a = scope->allocator;
    const bool is_lbfgs = params->solver == MLSD__MLP_LBFGS;
    *t = (mlsd__mlp_training){.params = params,
                              .is_lbfgs = is_lbfgs,
                              .is_single = params->precision == MLSD__MLP_SINGLE && !is_lbfgs};
    MLSD__TRY(open_sets(t, scope, sets, train));
    MLSD__TRY(open_net(t, scope, loss, train));
    MLSD__TRY(open_target(t, a));
    cut_batches(t, scope);
    MLSD__TRY(open_numbers(t, a));
    MLSD__TRY(open_blocks(t, scope));
    mlsd__mlp_net_start(&t->net, t->changes.seed, t->theta, t->stats);
    mlsd__schedule_init(&t->scheduled);
    t->at = t->theta;
    if (t->is_lbfgs) return mlsd__mlp_lbfgs_open(t, a);
    return mlsd__mlp_optimiser_open(&t->optimiser, a, params, t->net.n_theta);
}

void mlsd__mlp_training_close(mlsd__mlp_training *t, const mlsd__allocator *a)
{
    for (int64_t s = 0; t->sets != NULL && s < t->n_sets; s++)
        mlsd__resident_close(&t->sets[s].rows, a);
    for (int64_t b = 0; b < t->n_blocks; b++) mlsd__mlp_block_close(&t->blocks[b], a);
    mlsd__mlp_optimiser_close(&t->optimiser, a);
    mlsd__lbfgs_close(&t->lbfgs, a);
    mlsd__mlp_net_close(&t->net, a);
    mlsd__free(a, t->sets);
    mlsd__free(a, t->blocks);
    mlsd__free(a, t->stretches);
    mlsd__free(a, t->theta);
    mlsd__free(a, t->stats);
    mlsd__free(a, t->parts);
    mlsd__free(a, t->gradient);
    mlsd__free(a, t->narrow);
    mlsd__free(a, t->losses);
    mlsd__free(a, t->loss_curve);
    mlsd__free(a, t->order);
    mlsd__free(a, t->partner);
    mlsd__free(a, t->center);
}

/* ---- a batch ---- */

typedef struct batch {
    mlsd__mlp_training *t;
    int64_t first, n, n_blocks; /* places in the order of the epoch */
    mlsd__mlp_slopes slopes;
    double factor;
    bool sums, moves; /* what is done to a stretch */
} batch;

/* Rows of a block, as many at a time as there is room for: forward, loss, and back. */
static mlsd_status block_task(void *arg, int64_t task, mlsd__scope *scope)
{
    const batch *const b = arg;
    mlsd__mlp_training *const t = b->t;
    mlsd__mlp_block *const block = &t->blocks[scope->worker];
    const int64_t begin = task * t->block_rows;
    const int64_t end = begin + t->block_rows < b->n ? begin + t->block_rows : b->n;
    const void *const theta = t->is_single ? (const void *)t->narrow : (const void *)t->at;
    const int64_t part = task * t->net.n_theta;
    void *const gradient =
        t->is_single ? (void *)((float *)t->parts + part) : (void *)((double *)t->parts + part);
    double sum = 0.0;
    for (int64_t at = begin; at < end; at += block->pass.capacity) {
        const int64_t n = end - at < block->pass.capacity ? end - at : block->pass.capacity;
        const int64_t *const row = t->order + b->first + at;
        const int64_t *const partner = t->partner != NULL ? t->partner + b->first + at : NULL;
        MLSD__TRY(mlsd__checkpoint(scope));
        MLSD__TRY(mlsd__mlp_block_fill(block, scope, &t->net, theta, &t->sets[0], row, partner, n,
                                       &t->changes));
        mlsd__mlp_forward(&t->net, theta, &block->pass, n);
        sum += mlsd__mlp_loss_rows(t->net.loss, t->delta, block->target, block->weight,
                                   1.0 / (double)b->n, n, t->net.n_out, block->pass.scores);
        mlsd__mlp_back(&t->net, theta, &block->pass, n, at > begin, gradient);
    }
    t->losses[task] = sum;
    return MLSD_OK;
}

static void narrow(mlsd__mlp_training *t, int64_t first, int64_t n)
{
    for (int64_t i = first; i < first + n; i++) t->narrow[i] = (float)t->theta[i];
}

static mlsd_status stretch_task(void *arg, int64_t task, mlsd__scope *scope)
{
    const batch *const b = arg;
    mlsd__mlp_training *const t = b->t;
    const mlsd__mlp_stretch *const s = &t->stretches[task];
    (void)scope;
    if (b->sums) mlsd__mlp_slopes_sum(&b->slopes, t->gradient, t->at, s->first, s->n, s->is_weight);
    for (int64_t i = s->first; t->params->pruning > 0.0 && s->is_weight && i < s->first + s->n; i++)
        t->gradient[i] = t->theta[i] == 0.0 ? 0.0 : t->gradient[i];
    if (!b->moves) return MLSD_OK;
    mlsd__mlp_optimiser_move(&t->optimiser, b->factor, t->gradient, t->theta, s->first, s->n,
                             s->is_weight);
    if (t->is_single) narrow(t, s->first, s->n);
    return MLSD_OK;
}

static mlsd_status run_blocks(batch *b, mlsd__scope *scope, double *sum)
{
    b->n_blocks = (b->n + b->t->block_rows - 1) / b->t->block_rows;
    b->slopes = (mlsd__mlp_slopes){.parts = b->t->parts,
                                   .n_parts = b->n_blocks,
                                   .is_single = b->t->is_single,
                                   .stride = b->t->net.n_theta,
                                   .penalty = b->t->params->alpha / (double)b->n};
    MLSD__TRY(mlsd__parallel_for(scope, b->n_blocks, block_task, b));
    for (int64_t i = 0; i < b->n_blocks; i++) *sum += b->t->losses[i];
    return MLSD_OK;
}

static mlsd_status run_stretches(batch *b, mlsd__scope *scope, bool sums, bool moves)
{
    b->sums = sums;
    b->moves = moves;
    if (b->t->net.n_theta >= STRETCH)
        return mlsd__parallel_for(scope, b->t->n_stretches, stretch_task, b);
    for (int64_t i = 0; i < b->t->n_stretches; i++) MLSD__TRY(stretch_task(b, i, scope));
    return MLSD_OK;
}

/* Variances are remembered as of a population that the batch is drawn from. */
static void remember_moments(mlsd__mlp_training *t, int64_t n)
{
    const double *const moments = t->blocks[0].pass.moments;
    const double unbiased = n > 1 ? (double)n / (double)(n - 1) : 1.0;
    for (int64_t l = 0; l < t->net.n_layers; l++) {
        const mlsd__mlp_layer *const layer = &t->net.layers[l];
        for (int64_t j = 0; layer->stats >= 0 && j < 2 * layer->n_out; j++) {
            const double factor = j < layer->n_out ? 1.0 : unbiased;
            double *const s = &t->stats[layer->stats + j];
            *s = REMEMBERED * *s + (1.0 - REMEMBERED) * factor * moments[layer->stats + j];
        }
    }
}

/* What the schedule makes of the step of a batch, by how much of this training is behind it. */
static double scheduled_factor(const mlsd__mlp_training *t, int64_t first)
{
    const double part = (double)first / (double)t->sets[0].n_used;
    return mlsd__schedule_factor(t->schedule, (double)t->epoch + part, t->params->max_iter,
                                 &t->scheduled);
}

/* Blocks, their sum, a step. */
static mlsd_status run_batch(batch *b, mlsd__scope *scope, double *sum)
{
    mlsd__mlp_training *const t = b->t;
    const double longest = t->params->clip_norm;
    MLSD__TRY(run_blocks(b, scope, sum));
    if (t->net.n_stats > 0) remember_moments(t, b->n);
    t->n_steps++;
    mlsd__mlp_optimiser_begin(&t->optimiser, t->n_steps,
                              t->params->learning_rate_init * scheduled_factor(t, b->first));
    b->factor = 1.0;
    if (longest == 0.0) return run_stretches(b, scope, true, true);
    MLSD__TRY(run_stretches(b, scope, true, false));
    const double length = sqrt(mlsd__dot(t->gradient, t->gradient, t->net.n_theta));
    if (length > longest) b->factor = longest / length;
    return run_stretches(b, scope, false, true);
}

/* ---- an epoch ---- */

static void list_rows(mlsd__mlp_training *t)
{
    const mlsd__mlp_rows *const set = &t->sets[0];
    int64_t n = 0;
    for (int64_t i = 0; i < set->rows.frame->n_rows; i++)
        if (set->weight == NULL || set->weight[i] > 0.0) t->order[n++] = i;
}

/* The order of the rows, and for mixing the rows of each batch shifted by a number drawn for it. */
static void draw_order(mlsd__mlp_training *t)
{
    const int64_t n = t->sets[0].n_used;
    mlsd__stream stream;
    list_rows(t);
    mlsd__stream_init(&stream, t->changes.seed, t->changes.epoch, 0, 0, MLSD__PURPOSE_SHUFFLE);
    if (t->params->shuffle) mlsd__stream_shuffle(&stream, t->order, n);
    for (int64_t first = 0; t->partner != NULL && first < n; first += t->batch_size) {
        const int64_t m = n - first < t->batch_size ? n - first : t->batch_size;
        const int64_t by = (int64_t)mlsd__stream_below(&stream, (uint64_t)m);
        for (int64_t i = 0; i < m; i++) t->partner[first + i] = t->order[first + (i + by) % m];
    }
}

static mlsd_status run_epoch(void *self, mlsd__scope *scope, int64_t epoch)
{
    mlsd__mlp_training *const t = self;
    const int64_t n = t->sets[0].n_used;
    double sum = 0.0;
    t->epoch = epoch;
    if (t->is_lbfgs) return mlsd__mlp_lbfgs_epoch(t, scope, epoch);
    t->changes.epoch = (uint64_t)(t->first_epoch + epoch);
    draw_order(t);
    if (t->is_single) narrow(t, 0, t->net.n_theta);
    for (int64_t first = 0; first < n; first += t->batch_size) {
        MLSD__TRY(mlsd__checkpoint(scope));
        batch b = {.t = t, .first = first};
        b.n = n - first < t->batch_size ? n - first : t->batch_size;
        MLSD__TRY(run_batch(&b, scope, &sum));
    }
    t->running = sum / (double)n;
    t->has_running = !t->is_changed;
    if (t->params->pruning == 0.0) return MLSD_OK;
    MLSD__TRY(mlsd__mlp_prune(t, scope, epoch + 1));
    mlsd__mlp_optimiser_forget(&t->optimiser, t->theta);
    return MLSD_OK;
}

mlsd_status mlsd__mlp_training_slopes(mlsd__mlp_training *t, mlsd__scope *scope,
                                      const double *theta, double *out_loss, double *gradient)
{
    batch b = {.t = t, .n = t->batch_size};
    list_rows(t);
    *out_loss = 0.0;
    t->at = theta;
    mlsd_status status = run_blocks(&b, scope, out_loss);
    if (status == MLSD_OK) status = run_stretches(&b, scope, true, false);
    t->at = t->theta;
    if (status != MLSD_OK) return status;
    *out_loss = *out_loss / (double)b.n + mlsd__mlp_training_penalty(t, theta);
    memcpy(gradient, t->gradient, (size_t)t->net.n_theta * sizeof *gradient);
    return MLSD_OK;
}

/* ---- losses ---- */

typedef struct look {
    mlsd__mlp_training *t;
    const mlsd__mlp_rows *rows;
} look;

static mlsd_status look_task(void *arg, int64_t task, mlsd__scope *scope)
{
    const look *const l = arg;
    mlsd__mlp_training *const t = l->t;
    const int64_t first = task * LOOK, left = l->rows->rows.frame->n_rows - first;
    t->losses[task] = mlsd__mlp_block_loss(&t->blocks[scope->worker], &t->net, t->theta, t->stats,
                                           t->delta, l->rows, first, left < LOOK ? left : LOOK);
    return MLSD_OK;
}

static mlsd_status mean_loss(void *self, mlsd__scope *scope, int64_t set, double *out)
{
    mlsd__mlp_training *const t = self;
    if (set == 0 && t->has_running) {
        *out = t->loss_unit * t->running;
        t->has_running = false;
    } else {
        look l = {.t = t, .rows = &t->sets[set]};
        const int64_t n = (l.rows->rows.frame->n_rows + LOOK - 1) / LOOK;
        MLSD__TRY(mlsd__parallel_for(scope, n, look_task, &l));
        *out = 0.0;
        for (int64_t i = 0; i < n; i++) *out += t->losses[i];
        *out = t->loss_unit * (*out / l.rows->total_weight);
    }
    if (set == 0 && t->epoch < MLSD__MLP_LOSS_CURVE && isfinite(*out))
        t->loss_curve[t->epoch] = *out;
    return MLSD_OK;
}

double mlsd__mlp_training_penalty(const mlsd__mlp_training *t, const double *theta)
{
    double squares = 0.0;
    for (int64_t l = 0; l < t->net.n_layers; l++) {
        const mlsd__mlp_layer *const layer = &t->net.layers[l];
        const double *const w = theta + layer->weight;
        squares += mlsd__dot(w, w, layer->n_in * layer->n_out);
    }
    return 0.5 * t->params->alpha / (double)t->batch_size * squares;
}

static double penalty(const void *self)
{
    const mlsd__mlp_training *const t = self;
    return t->loss_unit * mlsd__mlp_training_penalty(t, t->theta);
}

static int64_t arrays(void *self, mlsd__trainee_array *out, int64_t capacity)
{
    mlsd__mlp_training *const t = self;
    const int64_t n = t->net.n_theta;
    const mlsd__trainee_array all[] = {
        {t->theta, n, MLSD_F64, true},
        {t->stats, t->net.n_stats, MLSD_F64, true},
        {t->optimiser.first, t->optimiser.first != NULL ? n : 0, MLSD_F64, true},
        {t->optimiser.second, t->optimiser.second != NULL ? n : 0, MLSD_F64, true},
        {&t->n_steps, 1, MLSD_I64, true},
        {t->loss_curve, MLSD__MLP_LOSS_CURVE, MLSD_F64, false},
        {t->lbfgs.room, t->lbfgs.n_room, MLSD_F64, false},
        {t->lbfgs.rho, MLSD__LBFGS_MEMORY, MLSD_F64, false},
        {&t->lbfgs.n_pairs, 1, MLSD_I64, false},
        {&t->lbfgs.newest, 1, MLSD_I64, false},
        {&t->outcome.value, 1, MLSD_F64, false},
        {&t->scheduled, t->schedule != NULL ? 4 : 0, MLSD_F64, false},
    };
    for (int64_t i = 0; i < MLSD__COUNT(all) && i < capacity; i++) out[i] = all[i];
    return MLSD__COUNT(all);
}

static void watched(void *self, int64_t epoch, double loss)
{
    mlsd__mlp_training *const t = self;
    (void)epoch;
    mlsd__schedule_watch(t->schedule, loss, &t->scheduled);
}

static mlsd_stop_reason end(const void *self)
{
    const mlsd__mlp_training *const t = self;
    return t->is_done ? MLSD_STOP_CONVERGED : MLSD_STOP_NONE;
}

const mlsd__trainee_ops mlsd__mlp_trainee = {
    .epoch = run_epoch,
    .mean_loss = mean_loss,
    .penalty = penalty,
    .arrays = arrays,
    .watched = watched,
    .end = end,
};
