/* scorecard.c - making, filling, merging and finishing a scorecard; its bytes stand in
 * scorecard_bytes.c and its result in lib/validate/scorecard_result.c. */
#include "metric/scorecard.h"

#include <string.h>

#include "base/handle.h"
#include "data/matrix_view.h"
#include "metric/intake_block.h"
#include "metric/metric_name.h"

/* Rows of a chunk; more where a chunk's summaries have more numbers than that, so that merging them
 * stays cheap beside reading the rows. Part of the results' definition. */
enum { CHUNK_ROWS = 1 << 16 };

static void close_states(const mlsd_scorecard *card, mlsd__summaries *s)
{
    for (int64_t i = 0; s->states != NULL && i < card->n_summaries; i++) {
        if (s->states[i] != NULL) card->summaries[i]->close(s->states[i]);
    }
    mlsd__free(&card->allocator, s->states);
    s->states = NULL;
}

static mlsd_status open_states(const mlsd_scorecard *card, const mlsd__shape *shape,
                               mlsd__summaries *out)
{
    const mlsd__allocator *const a = &card->allocator;
    out->states = mlsd__alloc(a, card->n_summaries, sizeof *out->states);
    if (out->states == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < card->n_summaries; i++) {
        const mlsd_status status =
            card->summaries[i]->open(a, shape, card->owners[i], &out->states[i]);
        if (status == MLSD_OK) continue;
        close_states(card, out);
        return status;
    }
    return MLSD_OK;
}

static mlsd_status merge_states(const mlsd_scorecard *card, mlsd__summaries *into,
                                const mlsd__summaries *from, const int32_t *slot_of)
{
    for (int64_t i = 0; i < card->n_summaries; i++) {
        MLSD__TRY(card->summaries[i]->merge(into->states[i], from->states[i], slot_of));
    }
    return MLSD_OK;
}

void mlsd_scorecard_free(mlsd_scorecard *card)
{
    if (!MLSD__IS_LIVE(card, MLSD__MAGIC_SCORECARD)) return;
    const mlsd__allocator a = card->allocator;
    close_states(card, &card->total);
    for (int64_t m = 0; card->specs != NULL && m < card->n_metrics; m++) {
        mlsd_spec_free(card->specs[m]);
    }
    mlsd__free(&a, card->specs);
    mlsd__free(&a, card->metrics);
    mlsd__free(&a, card->summary_of);
    mlsd__free(&a, card->summaries);
    mlsd__free(&a, card->owners);
    mlsd__free(&a, card->y);
    mlsd__free(&a, card->prediction);
    mlsd__free(&a, card->weight);
    mlsd__free(&a, card->slot);
    card->magic = MLSD__DEAD_MAGIC;
    mlsd__free(&a, card);
}

static mlsd_status fill(mlsd_scorecard *card, const mlsd_spec *const *metrics)
{
    const mlsd__allocator *const a = &card->allocator;
    const int64_t n = card->n_metrics;
    card->specs = mlsd__alloc(a, n, sizeof *card->specs);
    if (card->specs == NULL) return MLSD_E_NOMEM;
    card->metrics = mlsd__alloc(a, n, sizeof *card->metrics);
    if (card->metrics == NULL) return MLSD_E_NOMEM;
    card->summary_of = mlsd__alloc(a, n, sizeof *card->summary_of);
    if (card->summary_of == NULL) return MLSD_E_NOMEM;
    card->summaries = mlsd__alloc(a, n, sizeof *card->summaries);
    if (card->summaries == NULL) return MLSD_E_NOMEM;
    card->owners = mlsd__alloc(a, n, sizeof *card->owners);
    if (card->owners == NULL) return MLSD_E_NOMEM;
    for (int64_t m = 0; m < n; m++) {
        MLSD__REQUIRE_LIVE(metrics[m], MLSD__MAGIC_SPEC, "spec");
        MLSD__TRY(mlsd_spec_clone(metrics[m], &card->specs[m]));
        MLSD__TRY(mlsd__metric_of_spec(card->specs[m], &card->metrics[m]));
    }
    for (int64_t m = 0; m < n; m++) {
        if (card->metrics[m].for_classification == (card->n_classes > 0)) continue;
        if (card->metrics[m].for_regression == (card->n_classes == 0)) continue;
        return mlsd__fail(MLSD_E_KIND, "'%s' is for %s, the scorecard has %lld classes",
                          mlsd_kind_name(mlsd_spec_kind(card->specs[m])),
                          card->n_classes > 0 ? "numbers" : "classes", (long long)card->n_classes);
    }
    return MLSD_OK;
}

mlsd_status mlsd_scorecard_new(const mlsd_context *context, const mlsd_spec *const *metrics,
                               int64_t n_metrics, int64_t n_classes, int64_t n_groups,
                               mlsd_scorecard **out)
{
    MLSD__REQUIRE(out != NULL, "the place for the scorecard is NULL");
    *out = NULL;
    MLSD__REQUIRE(metrics != NULL && n_metrics > 0, "a scorecard needs a metric");
    MLSD__REQUIRE(n_classes == 0 || (n_classes >= 2 && n_classes <= INT32_MAX),
                  "'n_classes' must be 0 (numbers) or at least 2, got %lld", (long long)n_classes);
    MLSD__REQUIRE(n_groups >= 0 && n_groups < INT32_MAX, "'n_groups' must be 0 or more, got %lld",
                  (long long)n_groups);
    const mlsd__allocator *const a = mlsd__context_allocator(context);
    mlsd_scorecard *const card = mlsd__alloc(a, 1, sizeof *card);
    if (card == NULL) return MLSD_E_NOMEM;
    card->magic = MLSD__MAGIC_SCORECARD;
    card->allocator = *a;
    card->n_metrics = n_metrics;
    card->n_classes = n_classes;
    card->n_groups = n_groups;
    const mlsd_status status = fill(card, metrics);
    if (status != MLSD_OK) {
        mlsd_scorecard_free(card);
        return status;
    }
    *out = card;
    return MLSD_OK;
}

int64_t mlsd_scorecard_n_rows(const mlsd_scorecard *card)
{
    return MLSD__IS_LIVE(card, MLSD__MAGIC_SCORECARD) ? card->n_rows : 0;
}

/* Do all summaries do with the column of probabilities that came? */
static bool one_column_will_do(const mlsd_scorecard *card)
{
    const mlsd__shape *const shape = &card->plan.shape;
    bool will_do = card->plan.of_classes && shape->has_proba && shape->n_classes == 2;
    for (int64_t i = 0; i < card->n_summaries; i++) {
        will_do &=
            card->summaries[i] == &mlsd__summary_confusion ||
            (card->summaries[i] == &mlsd__summary_row_loss && mlsd__takes_column(card->owners[i]));
    }
    return will_do && card->plan.cols == 1;
}

/* Two means over rows are filled together: both look for the same groups. */
static void choose_pair(mlsd_scorecard *card)
{
    int64_t n = 0;
    for (int64_t i = 0; i < card->n_summaries && n < 2; i++) {
        if (card->summaries[i] != &mlsd__summary_row_loss) continue;
        if (mlsd__row_loss_is_plain(card->owners[i], &card->plan.shape)) card->pair[n++] = i;
    }
    if (n < 2) card->pair[0] = card->pair[1] = 0;
}

/* Which summaries there are, and where each metric finds its own. */
static void choose_summaries(mlsd_scorecard *card)
{
    card->n_summaries = 0;
    card->plan.only_classes = card->plan.of_classes;
    for (int64_t m = 0; m < card->n_metrics; m++) {
        const mlsd__metric_ops *const metric = &card->metrics[m];
        const mlsd__summary_ops *const wanted = mlsd__summary_of(metric, &card->plan.shape);
        int64_t i = 0;
        while (i < card->n_summaries &&
               !(card->summaries[i] == wanted &&
                 mlsd__summary_is_shared(wanted, card->owners[i], metric))) {
            i++;
        }
        card->summary_of[m] = i;
        if (wanted != &mlsd__summary_confusion) card->plan.only_classes = false;
        if (i < card->n_summaries) continue;
        card->summaries[i] = wanted;
        card->owners[i] = metric;
        card->n_summaries++;
    }
    card->plan.one_column = one_column_will_do(card);
    choose_pair(card);
}

/* Numbers in the summaries of a chunk. */
static int64_t numbers_of_chunk(const mlsd_scorecard *card)
{
    int64_t cells = 0;
    for (int64_t i = 0; i < card->n_summaries; i++) {
        cells +=
            card->summaries[i]->cells == NULL ? 8 : card->summaries[i]->cells(&card->plan.shape);
    }
    return cells * card->plan.shape.n_slots;
}

static int64_t rows_of_chunk(const mlsd_scorecard *card)
{
    const int64_t numbers = numbers_of_chunk(card);
    return numbers <= CHUNK_ROWS ? CHUNK_ROWS : (numbers + 1023) / 1024 * 1024;
}

/* Room for the rows that wait. */
static mlsd_status open_waiting(mlsd_scorecard *card)
{
    const mlsd__allocator *const a = &card->allocator;
    const mlsd__shape *const shape = &card->plan.shape;
    int64_t n_y = 0, n_prediction = 0;
    MLSD__TRY(mlsd__mul_size(card->chunk_rows, shape->y_cols, &n_y));
    MLSD__TRY(mlsd__mul_size(card->chunk_rows, card->plan.cols, &n_prediction));
    if (card->y == NULL) card->y = mlsd__alloc_raw(a, n_y, sizeof *card->y);
    if (card->y == NULL) return MLSD_E_NOMEM;
    if (card->prediction == NULL) {
        card->prediction = mlsd__alloc_raw(a, n_prediction, sizeof *card->prediction);
    }
    if (card->prediction == NULL) return MLSD_E_NOMEM;
    if (card->weight == NULL) card->weight = mlsd__alloc_raw(a, card->chunk_rows, sizeof(double));
    if (card->weight == NULL) return MLSD_E_NOMEM;
    if (card->slot == NULL) card->slot = mlsd__alloc_raw(a, card->chunk_rows, sizeof(int32_t));
    return card->slot != NULL ? MLSD_OK : MLSD_E_NOMEM;
}

mlsd_status mlsd__scorecard_prepare(mlsd_scorecard *card)
{
    choose_summaries(card);
    card->chunk_rows = rows_of_chunk(card);
    MLSD__TRY(open_waiting(card));
    MLSD__TRY(open_states(card, &card->plan.shape, &card->total));
    card->has_rows = true;
    return MLSD_OK;
}

/* Rows of the caller, or those that wait. */
typedef struct source {
    const mlsd_matrix *y, *prediction, *weight;
    const int32_t *group; /* -1: none */
} source;

/* One chunk of a source into a set of summaries of its own. */
typedef struct chunk {
    int64_t first, n;
    mlsd__summaries states;
} chunk;

typedef struct wave {
    const mlsd_scorecard *card;
    const source *from;
    chunk *chunks;
} wave;

static mlsd_status read_slots(const mlsd_scorecard *card, const int32_t *group, int64_t first,
                              int64_t n, int32_t *out)
{
    const int32_t n_groups = (int32_t)card->n_groups;
    const bool is_good = mlsd__block_slots(group + first, n, n_groups, out);
    for (int64_t i = 0; !is_good && i < n; i++) {
        const int32_t g = group[first + i];
        if (g >= -1 && g < n_groups) continue;
        return mlsd__fail(MLSD_E_DATA, "group[%lld] is %d, not a group in 0 .. %d, or -1 for none",
                          (long long)(first + i), (int)g, (int)n_groups - 1);
    }
    return MLSD_OK;
}

/* `pair` holds what the two summaries of card->pair share; NULL where there are none. */
static mlsd_status add_batch(mlsd__scope *scope, const mlsd_scorecard *card, void *const *states,
                             void *pair, const mlsd__batch *batch)
{
    const int64_t *const of = card->pair;
    if (pair != NULL) mlsd__row_loss_two_add(pair, states[of[0]], states[of[1]], batch);
    for (int64_t i = 0; i < card->n_summaries; i++) {
        if (pair != NULL && (i == of[0] || i == of[1])) continue;
        MLSD__TRY(card->summaries[i]->add(scope, states[i], batch));
    }
    return mlsd__checkpoint(scope);
}

static mlsd_status add_blocks(mlsd__scope *scope, const mlsd_scorecard *card, const source *from,
                              mlsd__intake *in, void *pair, chunk *c)
{
    int32_t slots[MLSD__BLOCK_ROWS];
    for (int64_t done = 0; done < c->n; done += MLSD__BLOCK_ROWS) {
        const int64_t left = c->n - done, first = c->first + done;
        const int64_t n = left < MLSD__BLOCK_ROWS ? left : MLSD__BLOCK_ROWS;
        mlsd__batch batch;
        MLSD__TRY(mlsd__intake_read(in, from->y, from->prediction, from->weight, first, n, &batch));
        if (card->n_groups > 0) {
            MLSD__TRY(read_slots(card, from->group, first, n, slots));
            batch.slot = slots;
        }
        MLSD__TRY(add_batch(scope, card, c->states.states, pair, &batch));
    }
    return MLSD_OK;
}

static mlsd_status add_chunk(mlsd__scope *scope, const mlsd_scorecard *card, const source *from,
                             mlsd__intake *in, chunk *c)
{
    void *const *const states = c->states.states;
    if (card->pair[1] == 0) return add_blocks(scope, card, from, in, NULL, c);
    void *const pair = mlsd__row_loss_two_new(scope->allocator, &card->plan.shape);
    if (pair == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = add_blocks(scope, card, from, in, pair, c);
    mlsd__row_loss_two_end(pair, states[card->pair[0]], states[card->pair[1]]);
    mlsd__free(scope->allocator, pair);
    return status;
}

static mlsd_status run_chunk(void *arg, int64_t task, mlsd__scope *scope)
{
    const wave *const w = arg;
    chunk *const c = &w->chunks[task];
    mlsd__intake in = w->card->plan;
    MLSD__TRY(open_states(w->card, &in.shape, &c->states));
    mlsd_status status = mlsd__intake_open(scope->allocator, MLSD__BLOCK_ROWS, &in);
    if (status == MLSD_OK) status = add_chunk(scope, w->card, w->from, &in, c);
    mlsd__intake_close(&in);
    return status;
}

/* Rows first .. first + n - 1 into `into`, chunk by chunk, some for each thread at once: many where
 * their summaries are small, since threads wait for each other before these are merged. */
enum { CHUNKS_OF_THREAD = 4, SMALL_CHUNKS_OF_THREAD = 32 };
static mlsd_status add_rows(mlsd__scope *scope, const mlsd_scorecard *card, const source *from,
                            int64_t first, int64_t n, mlsd__summaries *into)
{
    const bool is_small = numbers_of_chunk(card) <= CHUNK_ROWS / 16;
    const int64_t of_thread = is_small ? SMALL_CHUNKS_OF_THREAD : CHUNKS_OF_THREAD;
    const int64_t at_once = scope->n_threads > 1 ? of_thread * scope->n_threads : 1;
    wave w = {.card = card, .from = from};
    mlsd_status status = MLSD_OK;
    w.chunks = mlsd__alloc(scope->allocator, at_once, sizeof *w.chunks);
    if (w.chunks == NULL) return MLSD_E_NOMEM;
    for (int64_t done = 0; done < n && status == MLSD_OK;) {
        int64_t n_chunks = 0;
        for (; n_chunks < at_once && done < n; n_chunks++) {
            const int64_t rows = n - done < card->chunk_rows ? n - done : card->chunk_rows;
            w.chunks[n_chunks] = (chunk){.first = first + done, .n = rows};
            done += rows;
        }
        status = mlsd__parallel_for(scope, n_chunks, run_chunk, &w);
        for (int64_t i = 0; i < n_chunks; i++) {
            if (status == MLSD_OK) status = merge_states(card, into, &w.chunks[i].states, NULL);
            close_states(card, &w.chunks[i].states);
        }
    }
    mlsd__free(scope->allocator, w.chunks);
    return status;
}

/* A card of one metric, on the caller's stack. */
typedef struct lone_card {
    mlsd_scorecard card;
    int64_t summary_of;
    const mlsd__summary_ops *summary;
    const mlsd__metric_ops *owner;
} lone_card;

static mlsd_status open_lone(mlsd__scope *scope, mlsd__metric_ops *metric, const source *from,
                             lone_card *out)
{
    *out = (lone_card){.card = {.allocator = *scope->allocator, .n_metrics = 1, .metrics = metric}};
    out->card.summary_of = &out->summary_of;
    out->card.summaries = &out->summary;
    out->card.owners = &out->owner;
    return mlsd__intake_plan(scope, metric, 1, -1, 1, from->y, from->prediction, from->weight,
                             &out->card.plan);
}

static mlsd_status measure_lone(mlsd__scope *scope, lone_card *lone, const source *from,
                                double level, bool wants_parts, mlsd__measured *out)
{
    mlsd_scorecard *const card = &lone->card;
    card->chunk_rows = rows_of_chunk(card);
    MLSD__TRY(open_states(card, &card->plan.shape, &card->total));
    mlsd_status status = add_rows(scope, card, from, 0, from->y->rows, &card->total);
    if (status == MLSD_OK) {
        const mlsd__finish f = {.metric = card->metrics,
                                .params = card->metrics->params,
                                .shape = &card->plan.shape,
                                .state = card->total.states[0],
                                .level = level,
                                .wants_parts = wants_parts};
        status = mlsd__metric_finish(scope, &f, out);
    }
    close_states(card, &card->total);
    return status;
}

mlsd_status mlsd__scorecard_measure(mlsd__scope *scope, mlsd__metric_ops *metric,
                                    const mlsd_matrix *y, const mlsd_matrix *prediction,
                                    const mlsd_matrix *weight, double level, mlsd__measured *out)
{
    const source from = {.y = y, .prediction = prediction, .weight = weight};
    lone_card lone;
    bool is_done = false;
    MLSD__TRY(open_lone(scope, metric, &from, &lone));
    if (metric->direct != NULL) {
        MLSD__TRY(
            metric->direct(scope, metric, y, prediction, weight, level, &out->estimate, &is_done));
    }
    if (is_done) return MLSD_OK;
    choose_summaries(&lone.card);
    return measure_lone(scope, &lone, &from, level, true, out);
}

mlsd_status mlsd__scorecard_value(mlsd__scope *scope, mlsd__metric_ops *metric,
                                  const mlsd_matrix *y, const mlsd_matrix *prediction,
                                  const mlsd_matrix *weight, double level, mlsd__estimate *out,
                                  bool *out_done)
{
    const source from = {.y = y, .prediction = prediction, .weight = weight};
    lone_card lone;
    mlsd__measured measured;
    *out_done = false;
    if (y->rows <= CHUNK_ROWS || metric->finish == NULL) return MLSD_OK;
    MLSD__TRY(open_lone(scope, metric, &from, &lone));
    choose_summaries(&lone.card);
    if (lone.summary == &mlsd__summary_rows) return MLSD_OK;
    mlsd__measured_init(&measured, scope->allocator);
    const mlsd_status status = measure_lone(scope, &lone, &from, level, false, &measured);
    *out = measured.estimate;
    mlsd__measured_free(&measured);
    *out_done = status == MLSD_OK;
    return status;
}

static mlsd_matrix rows_of(const double *x, int64_t rows, int64_t cols)
{
    return (mlsd_matrix){.data = x,
                         .rows = rows,
                         .cols = cols,
                         .row_stride = cols,
                         .col_stride = 1,
                         .dtype = MLSD_F64};
}

/* What waits, as one chunk, into a set of summaries. */
static mlsd_status add_waiting(mlsd__scope *scope, const mlsd_scorecard *card,
                               mlsd__summaries *into)
{
    const int64_t n = card->n_waiting;
    if (n == 0) return MLSD_OK;
    const mlsd_matrix y = rows_of(card->y, n, card->plan.shape.y_cols);
    const mlsd_matrix prediction = rows_of(card->prediction, n, card->plan.cols);
    const mlsd_matrix weight = rows_of(card->weight, n, 1);
    const source from = {.y = &y,
                         .prediction = &prediction,
                         .weight = card->plan.shape.is_weighted ? &weight : NULL,
                         .group = card->slot};
    return add_rows(scope, card, &from, 0, n, into);
}

/* Copy rows behind those that wait. */
static void keep_rows(mlsd_scorecard *card, const source *from, int64_t first, int64_t n)
{
    const int64_t at = card->n_waiting;
    mlsd__matrix_read(from->y, NULL, first, n, card->y + at * card->plan.shape.y_cols);
    mlsd__matrix_read(from->prediction, NULL, first, n, card->prediction + at * card->plan.cols);
    for (int64_t i = 0; i < n; i++) {
        card->weight[at + i] = 1;
        card->slot[at + i] = card->n_groups > 0 ? from->group[first + i] : 0;
    }
    if (from->weight != NULL) mlsd__matrix_read(from->weight, NULL, first, n, card->weight + at);
    card->n_waiting += n;
}

/* Check rows that will wait, so that a later call does not fail because of them. */
static mlsd_status check_rows(mlsd__scope *scope, const mlsd_scorecard *card, const source *from,
                              int64_t first, int64_t n)
{
    int32_t slots[MLSD__BLOCK_ROWS];
    mlsd__intake in = card->plan;
    mlsd_status status = mlsd__intake_open(scope->allocator, MLSD__BLOCK_ROWS, &in);
    for (int64_t done = 0; done < n && status == MLSD_OK; done += MLSD__BLOCK_ROWS) {
        const int64_t rows = n - done < MLSD__BLOCK_ROWS ? n - done : MLSD__BLOCK_ROWS;
        mlsd__batch batch;
        status = mlsd__intake_read(&in, from->y, from->prediction, from->weight, first + done, rows,
                                   &batch);
        if (status == MLSD_OK && card->n_groups > 0) {
            status = read_slots(card, from->group, first + done, rows, slots);
        }
    }
    mlsd__intake_close(&in);
    return status;
}

static mlsd_status add_source(mlsd__scope *scope, mlsd_scorecard *card, const source *from)
{
    const int64_t n = from->y->rows, chunk_rows = card->chunk_rows;
    int64_t done = 0;
    if (card->n_waiting > 0 || n < chunk_rows) {
        done = n < chunk_rows - card->n_waiting ? n : chunk_rows - card->n_waiting;
        MLSD__TRY(check_rows(scope, card, from, 0, done));
        keep_rows(card, from, 0, done);
        if (card->n_waiting < chunk_rows) return MLSD_OK;
        card->is_broken = true; /* until it went well */
        MLSD__TRY(add_waiting(scope, card, &card->total));
        card->n_waiting = 0;
    }
    card->is_broken = true;
    const int64_t whole = (n - done) / chunk_rows * chunk_rows;
    MLSD__TRY(add_rows(scope, card, from, done, whole, &card->total));
    MLSD__TRY(check_rows(scope, card, from, done + whole, n - done - whole));
    keep_rows(card, from, done + whole, n - done - whole);
    card->is_broken = false;
    return MLSD_OK;
}

static mlsd_status check_alike(const mlsd_scorecard *card, const mlsd__intake *now)
{
    const mlsd__shape *const was = &card->plan.shape, *const is = &now->shape;
    if (was->y_cols != is->y_cols || card->plan.cols != now->cols) {
        return mlsd__fail(MLSD_E_SHAPE,
                          "earlier rows had %lld columns of y and %lld of prediction, these have "
                          "%lld and %lld",
                          (long long)was->y_cols, (long long)card->plan.cols, (long long)is->y_cols,
                          (long long)now->cols);
    }
    if (is->is_weighted && !was->is_weighted) {
        return mlsd__fail(MLSD_E_ARG,
                          "earlier rows had no weights: give weights from the first add "
                          "on");
    }
    return MLSD_OK;
}

static mlsd_status usable(const mlsd_scorecard *card)
{
    MLSD__REQUIRE_LIVE(card, MLSD__MAGIC_SCORECARD, "scorecard");
    MLSD__REQUIRE(!card->is_broken,
                  "an earlier call failed in the midst of its rows: make a new scorecard");
    return MLSD_OK;
}

static mlsd_status plan_and_add(mlsd__scope *scope, mlsd_scorecard *card, const source *from)
{
    mlsd__intake now;
    const int64_t n_slots = card->n_groups > 0 ? card->n_groups + 1 : 1;
    MLSD__TRY(mlsd__intake_plan(scope, card->metrics, card->n_metrics, card->n_classes, n_slots,
                                from->y, from->prediction, from->weight, &now));
    if (!card->has_rows) {
        card->plan = now;
        MLSD__TRY(mlsd__scorecard_prepare(card));
    } else {
        MLSD__TRY(check_alike(card, &now));
    }
    MLSD__TRY(add_source(scope, card, from));
    card->n_rows += from->y->rows;
    return MLSD_OK;
}

mlsd_status mlsd_scorecard_add(const mlsd_context *context, mlsd_scorecard *card,
                               const mlsd_matrix *y, const mlsd_matrix *prediction,
                               const mlsd_matrix *weight, const int32_t *group)
{
    mlsd__scope scope;
    MLSD__TRY(usable(card));
    MLSD__REQUIRE(y != NULL, "y is NULL");
    MLSD__REQUIRE(prediction != NULL, "prediction is NULL");
    MLSD__REQUIRE(group != NULL || card->n_groups == 0,
                  "group is NULL, and the scorecard has %lld groups", (long long)card->n_groups);
    MLSD__TRY(mlsd__scope_open(&scope, context));
    const source from = {y, prediction, weight, group};
    const mlsd_status status = plan_and_add(&scope, card, &from);
    mlsd__scope_close(&scope);
    return status;
}

static mlsd_status check_same(const mlsd_scorecard *a, const mlsd_scorecard *b)
{
    bool same =
        a->n_metrics == b->n_metrics && a->n_classes == b->n_classes && a->n_groups == b->n_groups;
    for (int64_t m = 0; same && m < a->n_metrics; m++) {
        same = mlsd__spec_equals(a->specs[m], b->specs[m]);
    }
    if (!same) {
        return mlsd__fail(MLSD_E_ARG, "the scorecards differ in metrics, classes or groups");
    }
    if (!a->has_rows || !b->has_rows) return MLSD_OK;
    if (a->plan.shape.is_weighted != b->plan.shape.is_weighted) {
        return mlsd__fail(MLSD_E_ARG, "one of the scorecards has weights and the other has none");
    }
    return check_alike(a, &b->plan);
}

static mlsd_status merge_into(mlsd__scope *scope, mlsd_scorecard *card, const mlsd_scorecard *other)
{
    if (!card->has_rows) {
        card->plan = other->plan;
        MLSD__TRY(mlsd__scorecard_prepare(card));
    }
    card->is_broken = true;
    MLSD__TRY(add_waiting(scope, card, &card->total));
    card->n_waiting = 0;
    MLSD__TRY(merge_states(card, &card->total, &other->total, NULL));
    MLSD__TRY(add_waiting(scope, other, &card->total));
    card->n_rows += other->n_rows;
    card->is_broken = false;
    return MLSD_OK;
}

mlsd_status mlsd_scorecard_merge(const mlsd_context *context, mlsd_scorecard *card,
                                 const mlsd_scorecard *other)
{
    mlsd__scope scope;
    MLSD__TRY(usable(card));
    MLSD__TRY(usable(other));
    MLSD__REQUIRE(card != other, "a scorecard cannot be merged into itself");
    MLSD__TRY(check_same(card, other));
    if (!other->has_rows) return MLSD_OK;
    MLSD__TRY(mlsd__scope_open(&scope, context));
    const mlsd_status status = merge_into(&scope, card, other);
    mlsd__scope_close(&scope);
    return status;
}

/* One set of `shape`, which holds the slots of `from` that slot_of keeps. */
static mlsd_status fold(const mlsd_scorecard *card, const mlsd__shape *shape,
                        const mlsd__summaries *from, const int32_t *slot_of, mlsd__summaries *out)
{
    MLSD__TRY(open_states(card, shape, out));
    const mlsd_status status = merge_states(card, out, from, slot_of);
    if (status != MLSD_OK) close_states(card, out);
    return status;
}

void mlsd__scorecard_close_view(mlsd__scorecard_view *v)
{
    if (v->owns_all) close_states(v->card, &v->all);
    if (v->owns_groups) close_states(v->card, &v->groups);
    v->owns_all = v->owns_groups = false;
}

static mlsd_status open_all(mlsd__scorecard_view *v)
{
    const mlsd_scorecard *const card = v->card;
    const int64_t n_slots = card->plan.shape.n_slots;
    v->all_shape = card->plan.shape;
    v->all_shape.n_slots = 1;
    v->all = v->groups;
    if (n_slots == 1) return MLSD_OK;
    int32_t *const slot_of = mlsd__alloc(&card->allocator, n_slots, sizeof *slot_of);
    if (slot_of == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = fold(card, &v->all_shape, &v->groups, slot_of, &v->all);
    v->owns_all = status == MLSD_OK;
    mlsd__free(&card->allocator, slot_of);
    return status;
}

mlsd_status mlsd__scorecard_open_view(mlsd__scope *scope, const mlsd_scorecard *card,
                                      mlsd__scorecard_view *out)
{
    *out = (mlsd__scorecard_view){.card = card, .groups = card->total};
    MLSD__TRY(usable(card));
    MLSD__REQUIRE(card->has_rows, "the scorecard has no rows yet");
    mlsd_status status = MLSD_OK;
    if (card->n_waiting > 0) {
        status = fold(card, &card->plan.shape, &card->total, NULL, &out->groups);
        out->owns_groups = status == MLSD_OK;
        if (status == MLSD_OK) status = add_waiting(scope, card, &out->groups);
    }
    if (status == MLSD_OK) status = open_all(out);
    if (status != MLSD_OK) mlsd__scorecard_close_view(out);
    return status;
}

mlsd_status mlsd__scorecard_finish(mlsd__scope *scope, const mlsd__scorecard_view *v, int64_t m,
                                   int64_t group, double level, bool wants_parts,
                                   mlsd__measured *out)
{
    const mlsd_scorecard *const card = v->card;
    const mlsd__metric_ops *const metric = &card->metrics[m];
    const int64_t summary = card->summary_of[m];
    const mlsd__finish f = {.metric = metric,
                            .params = metric->params,
                            .shape = group < 0 ? &v->all_shape : &card->plan.shape,
                            .state = group < 0 ? v->all.states[summary] : v->groups.states[summary],
                            .slot = group < 0 ? 0 : group,
                            .level = level,
                            .wants_parts = wants_parts};
    return mlsd__metric_finish(scope, &f, out);
}

mlsd_status mlsd__scorecard_finish_outside(mlsd__scope *scope, const mlsd__scorecard_view *v,
                                           int64_t m, int64_t group, double level,
                                           mlsd__measured *out)
{
    const mlsd_scorecard *const card = v->card;
    const mlsd__metric_ops *const metric = &card->metrics[m];
    const int64_t summary = card->summary_of[m], n_slots = card->plan.shape.n_slots;
    const mlsd__summary_ops *const ops = card->summaries[summary];
    void *state = NULL;
    int32_t *const slot_of = mlsd__alloc(scope->allocator, n_slots, sizeof *slot_of);
    if (slot_of == NULL) return MLSD_E_NOMEM;
    slot_of[group] = -1;
    mlsd_status status = ops->open(scope->allocator, &v->all_shape, metric, &state);
    if (status == MLSD_OK) status = ops->merge(state, v->groups.states[summary], slot_of);
    if (status == MLSD_OK) {
        const mlsd__finish f = {.metric = metric,
                                .params = metric->params,
                                .shape = &v->all_shape,
                                .state = state,
                                .level = level};
        status = mlsd__metric_finish(scope, &f, out);
    }
    if (state != NULL) ops->close(state);
    mlsd__free(scope->allocator, slot_of);
    return status;
}
