/* scorecard_bytes.c - a scorecard as bytes and back, for other processes and later days. */
#include <string.h>

#include "base/handle.h"
#include "metric/scorecard.h"

static mlsd_status put_spec(const mlsd__allocator *a, const mlsd_spec *spec, mlsd__writer *w)
{
    int64_t length = 0;
    const mlsd_status sized = mlsd_spec_to_json(spec, 0, NULL, 0, &length);
    if (sized != MLSD_OK && sized != MLSD_E_BUFFER) return sized;
    char *const json = mlsd__alloc(a, length + 1, 1);
    if (json == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = mlsd_spec_to_json(spec, 0, json, length + 1, &length);
    if (status == MLSD_OK) mlsd__put_str(w, json);
    mlsd__free(a, json);
    return status;
}

static void put_waiting(const mlsd_scorecard *card, mlsd__writer *w)
{
    const int64_t n = card->n_waiting;
    mlsd__put_f64s(w, card->y, n * card->plan.shape.y_cols);
    mlsd__put_f64s(w, card->prediction, n * card->plan.cols);
    mlsd__put_f64s(w, card->weight, n);
    for (int64_t i = 0; i < n; i++) mlsd__put_u32(w, (uint32_t)card->slot[i]);
}

static mlsd_status put_card(const mlsd_scorecard *card, mlsd__writer *w)
{
    const mlsd__shape *const shape = &card->plan.shape;
    mlsd__put_i64(w, card->n_metrics);
    mlsd__put_i64(w, card->n_classes);
    mlsd__put_i64(w, card->n_groups);
    for (int64_t m = 0; m < card->n_metrics; m++) {
        MLSD__TRY(put_spec(&card->allocator, card->specs[m], w));
    }
    mlsd__put_i64(w, card->n_rows);
    mlsd__put_u32(w, card->has_rows);
    if (!card->has_rows) return w->status;
    mlsd__put_i64(w, shape->y_cols);
    mlsd__put_i64(w, card->plan.cols);
    mlsd__put_u32(w, shape->is_weighted);
    mlsd__put_i64(w, card->n_waiting);
    put_waiting(card, w);
    for (int64_t i = 0; i < card->n_summaries; i++) {
        card->summaries[i]->save(card->total.states[i], w);
    }
    return w->status;
}

mlsd_status mlsd_scorecard_to_bytes(const mlsd_scorecard *card, void *buf, size_t capacity,
                                    size_t *out_size)
{
    mlsd__writer payload, file;
    MLSD__REQUIRE_LIVE(card, MLSD__MAGIC_SCORECARD, "scorecard");
    MLSD__REQUIRE(out_size != NULL, "the place for the size is NULL");
    MLSD__REQUIRE(!card->is_broken, "an earlier call failed in the midst of its rows");
    mlsd__writer_init(&payload, &card->allocator);
    mlsd__writer_init(&file, &card->allocator);
    mlsd_status status = put_card(card, &payload);
    if (status == MLSD_OK) {
        status = mlsd__container_wrap(&payload, MLSD__FILE_SCORECARD, &file);
    }
    if (status == MLSD_OK) {
        *out_size = (size_t)file.size;
        if (buf == NULL && capacity == 0) {
            /* the size alone is asked for */
        } else if (buf == NULL || capacity < (size_t)file.size) {
            status = mlsd__fail(MLSD_E_BUFFER, "a scorecard of %lld bytes needs a larger buffer",
                                (long long)file.size);
        } else {
            memcpy(buf, file.data, (size_t)file.size);
        }
    }
    mlsd__writer_free(&payload);
    mlsd__writer_free(&file);
    return status;
}

/* A card of the metrics that the bytes name, without rows. */
static mlsd_status take_metrics(const mlsd_context *context, mlsd__reader *r, mlsd_scorecard **out)
{
    const mlsd__allocator *const a = r->allocator;
    const int64_t n = mlsd__take_count(r, (int64_t)r->size);
    const int64_t n_classes = mlsd__take_i64(r), n_groups = mlsd__take_i64(r);
    if (r->status != MLSD_OK) return r->status;
    mlsd_spec **const specs = mlsd__alloc(a, n, sizeof *specs);
    mlsd_status status = specs == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t m = 0; status == MLSD_OK && m < n; m++) {
        char *const json = mlsd__take_str(r);
        status = r->status;
        if (status == MLSD_OK && json == NULL) status = mlsd__fail(MLSD_E_CORRUPT, "no metric");
        if (status == MLSD_OK) status = mlsd_spec_from_json(context, json, &specs[m]);
        mlsd__free(a, json);
    }
    if (status == MLSD_OK) {
        status = mlsd_scorecard_new(context, (const mlsd_spec *const *)specs, n, n_classes,
                                    n_groups, out);
    }
    for (int64_t m = 0; specs != NULL && m < n; m++) mlsd_spec_free(specs[m]);
    mlsd__free(a, specs);
    return status;
}

/* Numbers that wait, exactly n of them, into a buffer that holds as many. */
static mlsd_status take_numbers(mlsd__reader *r, int64_t n, double *out)
{
    int64_t found = 0;
    double *const values = mlsd__take_f64s(r, &found);
    mlsd_status status = r->status;
    if (status == MLSD_OK && found != n) {
        status = mlsd__fail(MLSD_E_CORRUPT, "a scorecard holds %lld numbers for %lld",
                            (long long)found, (long long)n);
    }
    if (status == MLSD_OK && n > 0) memcpy(out, values, (size_t)n * sizeof *out);
    mlsd__free(r->allocator, values);
    return status;
}

static mlsd_status take_rows(mlsd__scope *scope, mlsd__reader *r, mlsd_scorecard *card)
{
    const int64_t y_cols = mlsd__take_count(r, INT32_MAX), cols = mlsd__take_count(r, INT32_MAX);
    const bool is_weighted = mlsd__take_u32(r) != 0;
    const int64_t waiting = mlsd__take_i64(r);
    const double nothing = 0;
    if (r->status != MLSD_OK) return r->status;
    /* Shapes of no rows: the plan is made as it was by the first add. */
    const mlsd_matrix y = {&nothing, 0, y_cols, y_cols, 1, MLSD_F64, 0};
    const mlsd_matrix p = {&nothing, 0, cols, cols, 1, MLSD_F64, 0};
    const mlsd_matrix w = {&nothing, 0, 1, 1, 1, MLSD_F64, 0};
    const int64_t n_slots = card->n_groups > 0 ? card->n_groups + 1 : 1;
    MLSD__TRY(mlsd__intake_plan(scope, card->metrics, card->n_metrics, card->n_classes, n_slots, &y,
                                &p, is_weighted ? &w : NULL, &card->plan));
    MLSD__TRY(mlsd__scorecard_prepare(card));
    if (waiting < 0 || waiting >= card->chunk_rows) {
        return mlsd__fail(MLSD_E_CORRUPT, "%lld rows wait in a scorecard", (long long)waiting);
    }
    MLSD__TRY(take_numbers(r, waiting * y_cols, card->y));
    MLSD__TRY(take_numbers(r, waiting * cols, card->prediction));
    MLSD__TRY(take_numbers(r, waiting, card->weight));
    for (int64_t i = 0; i < waiting; i++) {
        card->slot[i] = (int32_t)mlsd__take_u32(r);
        if (card->slot[i] < -1 || card->slot[i] >= (int32_t)n_slots) {
            return mlsd__fail(MLSD_E_CORRUPT, "a row of a scorecard is of group %d",
                              (int)card->slot[i]);
        }
    }
    card->n_waiting = waiting;
    for (int64_t i = 0; i < card->n_summaries; i++) {
        MLSD__TRY(card->summaries[i]->load(card->total.states[i], r));
    }
    return r->status;
}

static mlsd_status take_card(mlsd__scope *scope, const mlsd_context *context, mlsd__reader *r,
                             mlsd_scorecard **out)
{
    MLSD__TRY(take_metrics(context, r, out));
    const int64_t n_rows = mlsd__take_count(r, INT64_MAX);
    const bool has_rows = mlsd__take_u32(r) != 0;
    if (r->status != MLSD_OK) return r->status;
    if (has_rows) MLSD__TRY(take_rows(scope, r, *out));
    (*out)->n_rows = n_rows;
    if (r->position == r->size) return MLSD_OK;
    return mlsd__fail(MLSD_E_CORRUPT, "%lld bytes too many in a scorecard",
                      (long long)(r->size - r->position));
}

mlsd_status mlsd_scorecard_from_bytes(const mlsd_context *context, const void *bytes, size_t size,
                                      mlsd_scorecard **out)
{
    const unsigned char *payload = NULL;
    size_t payload_size = 0;
    mlsd__reader r;
    mlsd__scope scope;
    MLSD__REQUIRE(out != NULL, "the place for the scorecard is NULL");
    *out = NULL;
    MLSD__REQUIRE(bytes != NULL, "the bytes are NULL");
    MLSD__TRY(mlsd__container_unwrap(bytes, size, MLSD__FILE_SCORECARD, &payload, &payload_size));
    MLSD__TRY(mlsd__scope_open(&scope, context));
    mlsd__reader_init(&r, scope.allocator, payload, payload_size);
    const mlsd_status status = take_card(&scope, context, &r, out);
    mlsd__scope_close(&scope);
    if (status != MLSD_OK) {
        mlsd_scorecard_free(*out);
        *out = NULL;
    }
    return status;
}
