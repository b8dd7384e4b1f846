/* sliced.c - halves and items. Columns are tasks of their own and are put together in their order.
 */
#include "slice/sliced.h"

#include <math.h>
#include <string.h>

#include "base/random.h"
#include "slice/row_bits.h"

enum {
    PAPER_LEAST_ROWS = 32,
    PAPER_LEAST_SHARE = 100,
    MOST_LEVELS = 20000 /* of one column with enough rows: pairs of them are looked at */
};

/* Where a row of the caller's is. */
typedef struct place {
    int32_t half; /* -1: in none */
    int64_t row;
} place;

/* What the tasks share: one for each column. */
typedef struct making {
    const mlsd__slicing_input *in;
    const mlsd__sliced_options *options;
    mlsd__sliced *out;
    const place *places;
    int64_t min_rows;
    struct column_items {
        mlsd__item *items;
        int64_t n;
    } * of;
} making;

int64_t mlsd__min_support(int64_t n_rows)
{
    const int64_t share = n_rows / PAPER_LEAST_SHARE;
    return share > PAPER_LEAST_ROWS ? share : PAPER_LEAST_ROWS;
}

/* ---- halves ---- */

static mlsd_status draw_halves(mlsd__scope *scope, const mlsd__sliced_options *options,
                               const double *weight, int64_t n, place *places, mlsd__half *halves)
{
    for (int64_t i = 0; i < n; i++) {
        places[i].half = -1;
        if (weight != NULL && !(weight[i] > 0)) continue;
        places[i].half = MLSD__SEARCH;
        if (options->confirm > 0) {
            mlsd__stream stream;
            mlsd__stream_init(&stream, options->seed, (uint64_t)i, 0, 0, MLSD__PURPOSE_SPLIT);
            if (mlsd__stream_double(&stream) < options->confirm) places[i].half = MLSD__CONFIRM;
        }
        places[i].row = halves[places[i].half].n_rows++;
        if (i % MLSD__BLOCK_ROWS == 0) MLSD__TRY(mlsd__checkpoint(scope));
    }
    return MLSD_OK;
}

static mlsd_status half_room(mlsd__half *h, const mlsd__allocator *a, bool weighted)
{
    h->n_words = mlsd__bit_words(h->n_rows);
    h->error = mlsd__alloc_raw(a, h->n_rows, sizeof *h->error);
    if (h->error == NULL) return MLSD_E_NOMEM;
    if (weighted) {
        h->weight = mlsd__alloc_raw(a, h->n_rows, sizeof *h->weight);
        if (h->weight == NULL) return MLSD_E_NOMEM;
    }
    h->counted = mlsd__alloc(a, h->n_words, sizeof *h->counted);
    if (h->counted == NULL) return MLSD_E_NOMEM;
    h->wrong = mlsd__alloc(a, h->n_words, sizeof *h->wrong);
    return h->wrong == NULL ? MLSD_E_NOMEM : MLSD_OK;
}

static void drop_bits(mlsd__half *halves, const mlsd__allocator *a, bool counted, bool wrong)
{
    for (int k = 0; k < MLSD__N_HALVES; k++) {
        if (counted) {
            mlsd__free(a, halves[k].counted);
            halves[k].counted = NULL;
        }
        if (wrong) {
            mlsd__free(a, halves[k].wrong);
            halves[k].wrong = NULL;
        }
    }
}

static mlsd_status fill_halves(mlsd__half *halves, const mlsd__allocator *a, const place *places,
                               int64_t n, const double *error, const double *weight)
{
    bool all_counted = true, zero_one = true;
    for (int k = 0; k < MLSD__N_HALVES; k++) MLSD__TRY(half_room(&halves[k], a, weight != NULL));
    for (int64_t i = 0; i < n; i++) {
        if (places[i].half < 0) continue;
        mlsd__half *const h = &halves[places[i].half];
        const int64_t row = places[i].row;
        h->error[row] = error[i];
        if (weight != NULL) h->weight[row] = weight[i];
        if (isnan(error[i])) {
            all_counted = false;
            continue;
        }
        mlsd__bit_set(h->counted, row);
        if (error[i] == 1) mlsd__bit_set(h->wrong, row);
        zero_one = zero_one && (error[i] == 0 || error[i] == 1);
    }
    for (int k = 0; k < MLSD__N_HALVES; k++) halves[k].zero_one = zero_one;
    drop_bits(halves, a, all_counted, !zero_one || weight != NULL);
    return MLSD_OK;
}

/* ---- items ---- */

static int64_t count_rows(const making *m, const mlsd__grouping *g, int64_t level, int32_t half)
{
    int64_t n = 0;
    for (int64_t k = g->starts[level]; k < g->starts[level + 1]; k++) {
        n += m->places[g->rows[k]].half == half;
    }
    return n;
}

static mlsd_status fill_item(const making *m, const mlsd__allocator *a, const mlsd__grouping *g,
                             mlsd__item *item)
{
    for (int h = 0; h < MLSD__N_HALVES; h++) {
        item->bits[h] = mlsd__alloc(a, m->out->half[h].n_words, sizeof *item->bits[h]);
        if (item->bits[h] == NULL) return MLSD_E_NOMEM;
    }
    for (int64_t k = g->starts[item->level]; k < g->starts[item->level + 1]; k++) {
        const place *const p = &m->places[g->rows[k]];
        if (p->half < 0) continue;
        mlsd__bit_set(item->bits[p->half], p->row);
        item->n_rows[p->half]++;
    }
    return MLSD_OK;
}

static mlsd_status too_many_levels(const making *m, int64_t j)
{
    return mlsd__fail(MLSD_E_DATA,
                      "column '%.100s' has more than %d values with at least %lld rows each; raise "
                      "'min_support' or leave it out of 'by'",
                      mlsd_table_name(m->in->groups, m->out->columns[j]), MOST_LEVELS,
                      (long long)m->min_rows);
}

static mlsd_status fill_items(const making *m, mlsd__scope *scope, int64_t j)
{
    const mlsd__allocator *const a = scope->allocator;
    const mlsd__grouping *const g = &m->out->groupings[j];
    struct column_items *const of = &m->of[j];
    of->items = mlsd__alloc(a, g->n_levels, sizeof *of->items);
    if (of->items == NULL) return MLSD_E_NOMEM;
    for (int64_t level = 0; level < g->n_levels; level++) {
        const int64_t n = count_rows(m, g, level, MLSD__SEARCH);
        m->out->n_seen[j] += n > 0;
        if (n < m->min_rows) continue;
        if (of->n == MOST_LEVELS) return too_many_levels(m, j);
        mlsd__item *const item = &of->items[of->n++];
        *item = (mlsd__item){.column = (int32_t)j, .level = (int32_t)level};
        MLSD__TRY(fill_item(m, a, g, item));
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    return MLSD_OK;
}

static void fill_codes(const making *m, int64_t j)
{
    const mlsd__grouping *const g = &m->out->groupings[j];
    for (int64_t level = 0; level < g->n_levels; level++) {
        int64_t n = 0;
        for (int64_t k = g->starts[level]; k < g->starts[level + 1]; k++) {
            const place *const p = &m->places[g->rows[k]];
            if (p->half < 0) continue;
            m->out->codes[p->half][j * m->out->half[p->half].n_rows + p->row] = (int32_t)level;
            n += p->half == MLSD__SEARCH;
        }
        m->out->n_seen[j] += n > 0;
    }
}

static mlsd_status column_task(void *arg, int64_t j, mlsd__scope *scope)
{
    making *const m = arg;
    mlsd__grouping *const g = &m->out->groupings[j];
    MLSD__TRY(mlsd__grouping_make(scope, m->in->groups, m->out->columns[j], &m->options->bins, g));
    if (m->options->codes) {
        fill_codes(m, j);
    } else {
        MLSD__TRY(fill_items(m, scope, j));
    }
    mlsd__free(scope->allocator, g->rows);
    mlsd__free(scope->allocator, g->starts);
    g->rows = g->starts = NULL;
    mlsd__stage_advance(scope, 1);
    return MLSD_OK;
}

static void free_item(mlsd__item *item, const mlsd__allocator *a)
{
    for (int h = 0; h < MLSD__N_HALVES; h++) mlsd__free(a, item->bits[h]);
}

/* All columns' items in one list; what does not get there is given back. */
static mlsd_status join_items(making *m, const mlsd__allocator *a, mlsd_status status)
{
    mlsd__sliced *const s = m->out;
    int64_t n = 0;
    for (int64_t j = 0; j < s->n_columns; j++) n += m->of[j].n;
    if (status == MLSD_OK) {
        s->items = mlsd__alloc_raw(a, n, sizeof *s->items);
        if (s->items == NULL) status = MLSD_E_NOMEM;
    }
    for (int64_t j = 0; j < s->n_columns; j++) {
        for (int64_t k = 0; k < m->of[j].n; k++) {
            if (status == MLSD_OK) {
                s->items[s->n_items++] = m->of[j].items[k];
            } else {
                free_item(&m->of[j].items[k], a);
            }
        }
        mlsd__free(a, m->of[j].items);
    }
    return status;
}

static mlsd_status make_items(mlsd__scope *scope, making *m)
{
    const mlsd__allocator *const a = scope->allocator;
    mlsd__sliced *const s = m->out;
    s->groupings = mlsd__alloc(a, s->n_columns, sizeof *s->groupings);
    if (s->groupings == NULL) return MLSD_E_NOMEM;
    s->n_seen = mlsd__alloc(a, s->n_columns, sizeof *s->n_seen);
    if (s->n_seen == NULL) return MLSD_E_NOMEM;
    for (int h = 0; h < MLSD__N_HALVES && m->options->codes; h++) {
        int64_t size = 0;
        MLSD__TRY(mlsd__mul_size(s->n_columns, s->half[h].n_rows, &size));
        s->codes[h] = mlsd__alloc_raw(a, size, sizeof *s->codes[h]);
        if (s->codes[h] == NULL) return MLSD_E_NOMEM;
    }
    m->of = mlsd__alloc(a, s->n_columns, sizeof *m->of);
    if (m->of == NULL) return MLSD_E_NOMEM;
    mlsd__stage_begin(scope, "columns", s->n_columns);
    mlsd_status status = mlsd__parallel_for(scope, s->n_columns, column_task, m);
    mlsd__stage_end(scope);
    status = join_items(m, a, status);
    mlsd__free(a, m->of);
    return status;
}

mlsd_status mlsd__sliced_make(mlsd__scope *scope, const mlsd__slicing_input *in,
                              const mlsd__sliced_options *options, const double *error,
                              const double *weight, mlsd__sliced *out)
{
    const mlsd__allocator *const a = scope->allocator;
    *out = (mlsd__sliced){.groups = in->groups};
    MLSD__TRY(mlsd__slicing_by(scope, in, options->by, &out->columns, &out->n_columns));
    place *const places = mlsd__alloc_raw(a, in->n_rows, sizeof *places);
    if (places == NULL) return MLSD_E_NOMEM;
    mlsd_status status = draw_halves(scope, options, weight, in->n_rows, places, out->half);
    if (status == MLSD_OK) {
        status = fill_halves(out->half, a, places, in->n_rows, error, weight);
    }
    making m = {.in = in, .options = options, .out = out, .places = places};
    m.min_rows = options->min_rows >= 0 ? options->min_rows
                                        : mlsd__min_support(out->half[MLSD__SEARCH].n_rows);
    if (status == MLSD_OK) status = make_items(scope, &m);
    mlsd__free(a, places);
    return status;
}

void mlsd__sliced_free(mlsd__sliced *s, const mlsd__allocator *a)
{
    for (int64_t k = 0; k < s->n_items; k++) free_item(&s->items[k], a);
    mlsd__free(a, s->items);
    for (int64_t j = 0; s->groupings != NULL && j < s->n_columns; j++) {
        mlsd__grouping_free(&s->groupings[j], a);
    }
    mlsd__free(a, s->groupings);
    mlsd__free(a, s->n_seen);
    mlsd__free(a, s->columns);
    drop_bits(s->half, a, true, true);
    for (int h = 0; h < MLSD__N_HALVES; h++) {
        mlsd__free(a, s->codes[h]);
        mlsd__free(a, s->half[h].error);
        mlsd__free(a, s->half[h].weight);
    }
    memset(s, 0, sizeof *s);
}

/* ---- what an item is called ---- */

const char *mlsd__sliced_column(const mlsd__sliced *s, const mlsd__item *item)
{
    return mlsd_table_name(s->groups, s->columns[item->column]);
}

void mlsd__sliced_words(const mlsd__sliced *s, const mlsd__item *item, mlsd__text *t)
{
    mlsd__grouping_words(&s->groupings[item->column], item->level, mlsd__sliced_column(s, item), t);
}

void mlsd__sliced_json(const mlsd__sliced *s, const mlsd__item *item, mlsd__text *t)
{
    mlsd__text_append(t, "{\"column\": ");
    mlsd__text_json_string(t, mlsd__sliced_column(s, item));
    mlsd__grouping_json(&s->groupings[item->column], item->level, t);
    mlsd__text_append(t, "}");
}
