/* slice_views.c - columns, cells, and the pass. A view's cells part the rows; a group's complement
 * is the other cells added up, so that no row is read twice. Parts of the rows are summarised in
 * parallel and merged in their order: the number of threads changes nothing. */
#include "slice/slice_views.h"

#include <math.h>
#include <string.h>

#include "numeric/rank.h"

static const char other_label[] = "(other)";

/* Rows that a part has at least, and parts at most. */
enum { PART_ROWS = 65536, MOST_PARTS = 16 };

/* ---- columns ---- */

static int64_t rows_of(const mlsd__grouping *g, int64_t level)
{
    return g->starts[level + 1] - g->starts[level];
}

/* Levels with few rows become one, behind the others. Missing values stay what they are. */
static void merge_levels(mlsd__view_column *c, double merge_rare)
{
    const mlsd__grouping *const g = &c->grouping;
    const double least = merge_rare < 1 ? merge_rare * (double)g->n_rows : merge_rare;
    int64_t n_rare = 0;
    for (int64_t k = 0; k < g->n_levels; k++) {
        const bool is_rare =
            g->levels[k].kind != MLSD__LEVEL_MISSING && (double)rows_of(g, k) < least;
        c->merged[k] = is_rare ? -1 : (int32_t)c->n_levels++;
        n_rare += is_rare;
    }
    c->other = -1;
    if (n_rare == 0) return;
    c->other = c->n_levels++;
    for (int64_t k = 0; k < g->n_levels; k++) {
        if (c->merged[k] < 0) c->merged[k] = (int32_t)c->other;
    }
}

static mlsd_status check_levels(const mlsd__view_column *c, int64_t max_levels)
{
    if (c->n_levels <= max_levels) return MLSD_OK;
    return mlsd__fail(MLSD_E_DATA,
                      "column '%.100s' has %lld values, more than max_levels %lld; put rare ones "
                      "together (merge_rare = 100), or raise max_levels",
                      c->name, (long long)c->n_levels, (long long)max_levels);
}

static mlsd_status column_make(mlsd__scope *scope, const mlsd_table *groups, int64_t position,
                               const mlsd__views_options *options, mlsd__view_column *c)
{
    const mlsd__allocator *const a = scope->allocator;
    mlsd__grouping *const g = &c->grouping;
    c->name = mlsd_table_name(groups, position);
    MLSD__TRY(mlsd__grouping_make(scope, groups, position, &options->bins, g));
    c->merged = mlsd__alloc(a, g->n_levels, sizeof *c->merged);
    if (c->merged == NULL) return MLSD_E_NOMEM;
    c->code = mlsd__alloc_raw(a, g->n_rows, sizeof *c->code);
    if (c->code == NULL) return MLSD_E_NOMEM;
    merge_levels(c, options->merge_rare);
    MLSD__TRY(check_levels(c, options->max_levels));
    for (int64_t k = 0; k < g->n_levels; k++) {
        for (int64_t i = g->starts[k]; i < g->starts[k + 1]; i++)
            c->code[g->rows[i]] = c->merged[k];
    }
    mlsd__free(a, g->rows);
    g->rows = NULL;
    return mlsd__checkpoint(scope);
}

/* ---- views ---- */

static mlsd_status too_many_cells(const mlsd__views *v, const mlsd__view *view, int64_t n,
                                  int64_t max_levels)
{
    mlsd__text t;
    mlsd__text_init(&t, v->allocator);
    mlsd__views_columns(v, view, &t);
    const mlsd_status status =
        mlsd__fail(MLSD_E_DATA,
                   "the columns '%.100s' cross to %lld groups, more than max_levels %lld; put rare "
                   "ones together (merge_rare = 100), or raise max_levels",
                   t.data == NULL ? "" : t.data, (long long)n, (long long)max_levels);
    mlsd__text_free(&t);
    return status;
}

/* The number of each row's combination of levels, control cells first: the last column's levels
 * turn the fastest. */
static void number_rows(const mlsd__views *v, const mlsd__view *view, int64_t *id)
{
    for (int64_t i = 0; i < v->n_rows; i++) {
        id[i] = v->control.cell_of == NULL ? 0 : v->control.cell_of[i];
        for (int k = 0; k < view->n_columns; k++) {
            const mlsd__view_column *const c = &v->columns[view->columns[k]];
            id[i] = id[i] * c->n_levels + c->code[i];
        }
    }
}

/* Every combination is a cell, also one without rows; or only those that have some, whose numbers
 * go to *out_ids. */
static mlsd_status number_cells(mlsd__scope *scope, const mlsd__views *v, mlsd__view *view,
                                int64_t n_all, bool is_full, double **out_ids)
{
    int64_t *const id = mlsd__alloc_raw(v->allocator, v->n_rows, sizeof *id);
    if (id == NULL) return MLSD_E_NOMEM;
    mlsd_status status = MLSD_OK;
    number_rows(v, view, id);
    if (is_full) {
        view->n_cells = n_all;
        for (int64_t i = 0; i < v->n_rows; i++) view->cell_of[i] = (int32_t)id[i];
    } else {
        status =
            mlsd__factorize_new_i64(scope, id, v->n_rows, out_ids, &view->n_cells, view->cell_of);
    }
    mlsd__free(v->allocator, id);
    return status;
}

static mlsd_status describe_cells(const mlsd__views *v, mlsd__view *view, const double *ids)
{
    const mlsd__allocator *const a = v->allocator;
    int64_t size = 0;
    MLSD__TRY(mlsd__mul_size(view->n_cells, view->n_columns, &size));
    view->levels = mlsd__alloc(a, size, sizeof *view->levels);
    if (view->levels == NULL) return MLSD_E_NOMEM;
    view->control = mlsd__alloc(a, view->n_cells, sizeof *view->control);
    if (view->control == NULL) return MLSD_E_NOMEM;
    view->n = mlsd__alloc(a, view->n_cells, sizeof *view->n);
    if (view->n == NULL) return MLSD_E_NOMEM;
    for (int64_t cell = 0; cell < view->n_cells; cell++) {
        int64_t left = ids == NULL ? cell : (int64_t)ids[cell];
        for (int k = view->n_columns - 1; k >= 0; k--) {
            const int64_t n_levels = v->columns[view->columns[k]].n_levels;
            view->levels[cell * view->n_columns + k] = (int32_t)(left % n_levels);
            left /= n_levels;
        }
        view->control[cell] = (int32_t)left;
    }
    return MLSD_OK;
}

/* Groups that are shown have all of their cells: that nobody is in one is worth knowing. Where
 * these are more than max_cells, as with the control column itself and what only strata need, those
 * with rows do. */
static bool shows_all(const mlsd__views *v, const mlsd__view *view, double n_all, int64_t max_cells)
{
    const bool is_control = view->n_columns == 0 || view->columns[0] >= v->n_by;
    return !is_control && !view->is_hidden && n_all <= (double)max_cells;
}

static mlsd_status view_make(mlsd__scope *scope, const mlsd__views *v, const double *weight,
                             int64_t max_cells, mlsd__view *view)
{
    double *ids = NULL, product = v->control.cell_of == NULL ? 1 : (double)v->control.n_cells;
    for (int k = 0; k < view->n_columns; k++) {
        product *= (double)v->columns[view->columns[k]].n_levels;
    }
    if (product > 0x1p53) return too_many_cells(v, view, INT64_MAX, max_cells);
    view->cell_of = mlsd__alloc_raw(v->allocator, v->n_rows, sizeof *view->cell_of);
    if (view->cell_of == NULL) return MLSD_E_NOMEM;
    const bool is_full = shows_all(v, view, product, max_cells);
    mlsd_status status = number_cells(scope, v, view, (int64_t)product, is_full, &ids);
    if (status == MLSD_OK && view->n_cells > max_cells)
        status = too_many_cells(v, view, view->n_cells, max_cells);
    if (status == MLSD_OK) status = describe_cells(v, view, ids);
    mlsd__free(v->allocator, ids);
    MLSD__TRY(status);
    for (int64_t i = 0; i < v->n_rows; i++) {
        view->n[view->cell_of[i]] += weight == NULL || weight[i] > 0;
    }
    return mlsd__checkpoint(scope);
}

/* Choose the next set of columns of the same size, ascending. */
static bool next_set(int32_t *set, int32_t size, int64_t n)
{
    for (int32_t k = size - 1; k >= 0; k--) {
        if (set[k] >= n - (size - k)) continue;
        set[k]++;
        for (int32_t j = k + 1; j < size; j++) set[j] = set[j - 1] + 1;
        return true;
    }
    return false;
}

static mlsd_status list_views(mlsd__views *v, const mlsd__views_options *options)
{
    int64_t capacity = 0;
    const bool strata = options->strata && options->intersections < 2 && v->n_by == v->n_columns;
    const int64_t sizes = strata ? 2 : options->intersections;
    for (int32_t size = 1; size <= sizes && size <= v->n_by; size++) {
        mlsd__view view = {.n_columns = size, .is_hidden = size > options->intersections};
        for (int32_t k = 0; k < size; k++) view.columns[k] = k;
        do {
            if (v->n_views == MLSD__MOST_VIEWS) {
                return mlsd__fail(MLSD_E_DATA,
                                  "%lld columns make more than %d crossings; name "
                                  "fewer, or set intersections = 1 and strata = false",
                                  (long long)v->n_by, MLSD__MOST_VIEWS);
            }
            MLSD__TRY(mlsd__reserve(v->allocator, (void **)&v->views, &capacity, v->n_views + 1,
                                    sizeof *v->views));
            v->views[v->n_views++] = view;
        } while (next_set(view.columns, size, v->n_by));
    }
    return MLSD_OK;
}

static mlsd_status make_columns(mlsd__scope *scope, const mlsd__slicing_input *in,
                                const mlsd__views_options *options, mlsd__views *v)
{
    const mlsd__allocator *const a = v->allocator;
    int64_t *by = NULL, *control = NULL, n_control = 0;
    MLSD__TRY(mlsd__slicing_by(scope, in, options->by, &by, &v->n_by));
    mlsd_status status = MLSD_OK;
    if (options->control->n > 0) {
        status = mlsd__slicing_by(scope, in, options->control, &control, &n_control);
    }
    v->n_columns = v->n_by + n_control;
    if (status == MLSD_OK) {
        v->columns = mlsd__alloc(a, v->n_columns, sizeof *v->columns);
        if (v->columns == NULL) status = MLSD_E_NOMEM;
    }
    for (int64_t j = 0; j < v->n_columns && status == MLSD_OK; j++) {
        const int64_t position = j < v->n_by ? by[j] : control[j - v->n_by];
        for (int64_t i = 0; j >= v->n_by && i < v->n_by; i++) {
            if (by[i] != position) continue;
            status = mlsd__fail(MLSD_E_COLUMN, "column '%.100s' is in 'by' and in 'control'",
                                mlsd_table_name(in->groups, position));
        }
        if (status == MLSD_OK) {
            status = column_make(scope, in->groups, position, options, &v->columns[j]);
        }
    }
    mlsd__free(a, control);
    mlsd__free(a, by);
    return status;
}

mlsd_status mlsd__views_make(mlsd__scope *scope, const mlsd__slicing_input *in,
                             const mlsd__views_options *options, mlsd__views *v)
{
    double *weight = NULL;
    memset(v, 0, sizeof *v);
    v->allocator = scope->allocator;
    v->n_rows = in->n_rows;
    MLSD__TRY(make_columns(scope, in, options, v));
    if (v->n_columns - v->n_by > MLSD__VIEW_COLUMNS) {
        return mlsd__fail(MLSD_E_DATA, "'control' names %lld columns, more than %d",
                          (long long)(v->n_columns - v->n_by), MLSD__VIEW_COLUMNS);
    }
    MLSD__TRY(list_views(v, options));
    MLSD__TRY(mlsd__slicing_weights(scope, in, &weight));
    for (int64_t j = v->n_by; j < v->n_columns; j++) {
        v->control.columns[v->control.n_columns++] = (int32_t)j;
    }
    mlsd__view control = v->control;
    mlsd_status status = view_make(scope, v, weight, options->max_levels, &control);
    v->control = control;
    for (int64_t i = 0; i < v->n_views && status == MLSD_OK; i++) {
        status = view_make(scope, v, weight, options->max_levels, &v->views[i]);
        /* Strata are extra: where they are too many they are left out. */
        if (status == MLSD_E_DATA && v->views[i].is_hidden) {
            v->views[i].n_cells = 0;
            status = MLSD_OK;
        }
    }
    mlsd__free(v->allocator, weight);
    return status;
}

static void close_states(const mlsd__views *v, void **states)
{
    for (int64_t s = 0; states != NULL && s < v->n_summaries; s++) {
        if (states[s] != NULL) v->summaries[s]->close(states[s]);
    }
    mlsd__free(v->allocator, states);
}

static void view_free(const mlsd__views *v, mlsd__view *view)
{
    const mlsd__allocator *const a = v->allocator;
    close_states(v, view->states);
    mlsd__free(a, view->cell_of);
    mlsd__free(a, view->levels);
    mlsd__free(a, view->control);
    mlsd__free(a, view->n);
}

void mlsd__views_free(mlsd__views *v)
{
    const mlsd__allocator *const a = v->allocator;
    if (a == NULL) return;
    for (int64_t i = 0; i < v->n_views; i++) view_free(v, &v->views[i]);
    view_free(v, &v->control);
    mlsd__free(a, v->views);
    for (int64_t j = 0; v->columns != NULL && j < v->n_columns; j++) {
        mlsd__grouping_free(&v->columns[j].grouping, a);
        mlsd__free(a, v->columns[j].code);
        mlsd__free(a, v->columns[j].merged);
    }
    mlsd__free(a, v->columns);
    mlsd__free(a, v->summary_of);
    mlsd__free(a, v->summaries);
    mlsd__free(a, v->owners);
    memset(v, 0, sizeof *v);
}

/* ---- the pass ---- */

static mlsd_status share_summaries(mlsd__views *v)
{
    const mlsd__allocator *const a = v->allocator;
    v->summary_of = mlsd__alloc(a, v->n_metrics, sizeof *v->summary_of);
    if (v->summary_of == NULL) return MLSD_E_NOMEM;
    v->summaries = mlsd__alloc(a, v->n_metrics, sizeof *v->summaries);
    if (v->summaries == NULL) return MLSD_E_NOMEM;
    v->owners = mlsd__alloc(a, v->n_metrics, sizeof *v->owners);
    if (v->owners == NULL) return MLSD_E_NOMEM;
    for (int64_t m = 0; m < v->n_metrics; m++) {
        const mlsd__metric_ops *const metric = &v->metrics[m];
        const mlsd__summary_ops *const summary = mlsd__summary_of(metric, &v->shape);
        int64_t s = 0;
        while (s < v->n_summaries && !(v->summaries[s] == summary &&
                                       mlsd__summary_is_shared(summary, v->owners[s], metric))) {
            s++;
        }
        v->summary_of[m] = s;
        if (s < v->n_summaries) continue;
        v->summaries[s] = summary;
        v->owners[v->n_summaries++] = metric;
    }
    return MLSD_OK;
}

static mlsd_status open_states(const mlsd__views *v, int64_t n_slots, void ***out)
{
    mlsd__shape shape = v->shape;
    shape.n_slots = n_slots;
    *out = mlsd__alloc(v->allocator, v->n_summaries, sizeof **out);
    if (*out == NULL) return MLSD_E_NOMEM;
    for (int64_t s = 0; s < v->n_summaries; s++) {
        MLSD__TRY(v->summaries[s]->open(v->allocator, &shape, v->owners[s], &(*out)[s]));
    }
    return MLSD_OK;
}

/* Views that count, and after them the control cells. */
static int64_t n_targets(const mlsd__views *v)
{
    return v->n_views + 1;
}

static const mlsd__view *target(const mlsd__views *v, int64_t i)
{
    return i < v->n_views ? &v->views[i] : &v->control;
}

/* Strata take shares only: rows are not kept for them. */
static bool takes(const mlsd__views *v, const mlsd__view *view, int64_t s)
{
    return view->n_cells > 0 && !(view->is_hidden && v->summaries[s] == &mlsd__summary_rows);
}

typedef struct part {
    mlsd__intake intake;
    void ***states; /* of each target */
} part;

typedef struct pass {
    mlsd__views *v;
    const mlsd__slicing_input *in;
    int64_t n_parts, part_rows;
    part *parts;
} pass;

static mlsd_status add_rows(mlsd__scope *scope, const pass *p, part *at, int64_t first, int64_t end)
{
    const mlsd__views *const v = p->v;
    for (int64_t row = first; row < end; row += MLSD__BLOCK_ROWS) {
        const int64_t left = end - row, n = left < MLSD__BLOCK_ROWS ? left : MLSD__BLOCK_ROWS;
        mlsd__batch batch;
        MLSD__TRY(mlsd__intake_read(&at->intake, p->in->y, p->in->prediction, p->in->weight, row, n,
                                    &batch));
        for (int64_t i = 0; i < n_targets(v); i++) {
            batch.slot = target(v, i)->cell_of + row;
            for (int64_t s = 0; s < v->n_summaries; s++) {
                if (!takes(v, target(v, i), s)) continue;
                MLSD__TRY(v->summaries[s]->add(scope, at->states[i][s], &batch));
            }
        }
        mlsd__stage_advance(scope, n);
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    return MLSD_OK;
}

static mlsd_status add_part(void *arg, int64_t task, mlsd__scope *scope)
{
    const pass *const p = arg;
    part *const at = &p->parts[task];
    const int64_t first = task * p->part_rows, end = first + p->part_rows;
    MLSD__TRY(mlsd__intake_open(scope->allocator, MLSD__BLOCK_ROWS, &at->intake));
    at->states = mlsd__alloc(p->v->allocator, n_targets(p->v), sizeof *at->states);
    if (at->states == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n_targets(p->v); i++) {
        const int64_t n_cells = target(p->v, i)->n_cells;
        MLSD__TRY(open_states(p->v, n_cells > 0 ? n_cells : 1, &at->states[i]));
    }
    return add_rows(scope, p, at, first, end < p->in->n_rows ? end : p->in->n_rows);
}

/* All parts into the first, whose states the views take over. */
static mlsd_status gather(const pass *p)
{
    mlsd__views *const v = p->v;
    for (int64_t i = 0; i < n_targets(v); i++) {
        for (int64_t k = 1; k < p->n_parts; k++) {
            for (int64_t s = 0; s < v->n_summaries; s++) {
                MLSD__TRY(v->summaries[s]->merge(p->parts[0].states[i][s], p->parts[k].states[i][s],
                                                 NULL));
            }
        }
    }
    for (int64_t i = 0; i < n_targets(v); i++) {
        mlsd__view *const view = i < v->n_views ? &v->views[i] : &v->control;
        view->states = p->parts[0].states[i];
        p->parts[0].states[i] = NULL;
    }
    return MLSD_OK;
}

static void pass_free(pass *p)
{
    for (int64_t k = 0; p->parts != NULL && k < p->n_parts; k++) {
        part *const at = &p->parts[k];
        mlsd__intake_close(&at->intake);
        for (int64_t i = 0; at->states != NULL && i < n_targets(p->v); i++) {
            close_states(p->v, at->states[i]);
        }
        mlsd__free(p->v->allocator, at->states);
    }
    mlsd__free(p->v->allocator, p->parts);
}

mlsd_status mlsd__views_add(mlsd__scope *scope, mlsd__views *v, const mlsd__slicing_input *in,
                            const mlsd__metric_ops *metrics, int64_t n_metrics)
{
    mlsd__intake plan;
    pass p = {.v = v, .in = in, .n_parts = (in->n_rows + PART_ROWS - 1) / PART_ROWS};
    v->metrics = metrics;
    v->n_metrics = n_metrics;
    MLSD__TRY(mlsd__intake_plan(scope, metrics, n_metrics, -1, 1, in->y, in->prediction, in->weight,
                                &plan));
    v->shape = plan.shape;
    MLSD__TRY(share_summaries(v));
    if (p.n_parts > MOST_PARTS) p.n_parts = MOST_PARTS;
    p.part_rows = (in->n_rows + p.n_parts - 1) / p.n_parts;
    p.parts = mlsd__alloc(v->allocator, p.n_parts, sizeof *p.parts);
    if (p.parts == NULL) return MLSD_E_NOMEM;
    for (int64_t k = 0; k < p.n_parts; k++) p.parts[k].intake = plan;
    mlsd__stage_begin(scope, "slices", in->n_rows);
    mlsd_status status = mlsd__parallel_for(scope, p.n_parts, add_part, &p);
    mlsd__stage_end(scope);
    if (status == MLSD_OK) status = gather(&p);
    pass_free(&p);
    return status;
}

/* ---- finishing ---- */

static mlsd_status finish_slot(mlsd__scope *scope, const mlsd__views *v, void *const *states,
                               const mlsd__shape *shape, int64_t slot, double level,
                               mlsd__estimate *out)
{
    for (int64_t m = 0; m < v->n_metrics; m++) {
        mlsd__measured measured;
        mlsd__measured_init(&measured, scope->allocator);
        const mlsd__finish f = {.metric = &v->metrics[m],
                                .params = v->metrics[m].params,
                                .shape = shape,
                                .state = states[v->summary_of[m]],
                                .slot = slot,
                                .level = level};
        const mlsd_status status = mlsd__metric_finish(scope, &f, &measured);
        out[m] = measured.estimate;
        mlsd__measured_free(&measured);
        MLSD__TRY(status);
    }
    return MLSD_OK;
}

static mlsd_status finish_outside(mlsd__scope *scope, const mlsd__views *v, const mlsd__view *view,
                                  int64_t cell, double level, mlsd__estimate *out)
{
    const mlsd__allocator *const a = v->allocator;
    mlsd__shape shape = v->shape;
    shape.n_slots = 1;
    void **states = NULL;
    int32_t *const slot_of = mlsd__alloc_raw(a, view->n_cells, sizeof *slot_of);
    mlsd_status status = slot_of == NULL ? MLSD_E_NOMEM : open_states(v, 1, &states);
    for (int64_t k = 0; status == MLSD_OK && k < view->n_cells; k++) {
        slot_of[k] = k != cell && view->control[k] == view->control[cell] ? 0 : -1;
    }
    for (int64_t s = 0; status == MLSD_OK && s < v->n_summaries; s++) {
        status = v->summaries[s]->merge(states[s], view->states[s], slot_of);
    }
    if (status == MLSD_OK) status = finish_slot(scope, v, states, &shape, 0, level, out);
    close_states(v, states);
    mlsd__free(a, slot_of);
    return status;
}

mlsd_status mlsd__views_finish(mlsd__scope *scope, const mlsd__views *v, const mlsd__view *view,
                               int64_t cell, double level, mlsd__estimate *inside,
                               mlsd__estimate *outside)
{
    mlsd__shape shape = v->shape;
    shape.n_slots = view->n_cells;
    if (inside != NULL) {
        MLSD__TRY(finish_slot(scope, v, view->states, &shape, cell, level, inside));
    }
    return outside == NULL ? MLSD_OK : finish_outside(scope, v, view, cell, level, outside);
}

/* ---- words ---- */

/* The grouping's level of a level of the column; -1 for "(other)". */
static int64_t original(const mlsd__view_column *c, int64_t level)
{
    if (level == c->other) return -1;
    int64_t k = 0;
    while (c->merged[k] != level) k++;
    return k;
}

static const mlsd__view_column *column_at(const mlsd__views *v, const mlsd__view *view, int k)
{
    return &v->columns[view->columns[k]];
}

static const char *label_at(const mlsd__views *v, const mlsd__view *view, int64_t cell, int k)
{
    const mlsd__view_column *const c = column_at(v, view, k);
    const int64_t level = original(c, view->levels[cell * view->n_columns + k]);
    return level < 0 ? other_label : c->grouping.labels[level];
}

void mlsd__views_words(const mlsd__views *v, const mlsd__view *view, int64_t cell, mlsd__text *t)
{
    mlsd__text_append(t, "");
    for (int k = 0; k < view->n_columns; k++) {
        const mlsd__view_column *const c = column_at(v, view, k);
        const int64_t level = original(c, view->levels[cell * view->n_columns + k]);
        if (k > 0) mlsd__text_append(t, " and ");
        if (level < 0) {
            mlsd__text_append(t, c->name);
            mlsd__text_append(t, " = ");
            mlsd__text_append(t, other_label);
        } else {
            mlsd__grouping_words(&c->grouping, level, c->name, t);
        }
    }
}

void mlsd__views_columns(const mlsd__views *v, const mlsd__view *view, mlsd__text *t)
{
    mlsd__text_append(t, "");
    for (int k = 0; k < view->n_columns; k++) {
        if (k > 0) mlsd__text_append(t, ", ");
        mlsd__text_append(t, column_at(v, view, k)->name);
    }
}

void mlsd__views_levels(const mlsd__views *v, const mlsd__view *view, int64_t cell, mlsd__text *t)
{
    for (int k = 0; k < view->n_columns; k++) {
        if (k > 0) mlsd__text_append(t, ", ");
        mlsd__text_append(t, label_at(v, view, cell, k));
    }
}

static void json_other(const mlsd__view_column *c, mlsd__text *t)
{
    bool is_first = true;
    mlsd__text_append(t, ", \"in\": [");
    for (int64_t k = 0; k < c->grouping.n_levels; k++) {
        if (c->merged[k] != c->other) continue;
        if (!is_first) mlsd__text_append(t, ", ");
        mlsd__text_json_string(t, c->grouping.labels[k]);
        is_first = false;
    }
    mlsd__text_append(t, "]");
}

void mlsd__views_json(const mlsd__views *v, const mlsd__view *view, int64_t cell, mlsd__text *t)
{
    mlsd__text_append(t, "[");
    for (int k = 0; k < view->n_columns; k++) {
        const mlsd__view_column *const c = column_at(v, view, k);
        const int64_t level = original(c, view->levels[cell * view->n_columns + k]);
        mlsd__text_append(t, k > 0 ? ", {\"column\": " : "{\"column\": ");
        mlsd__text_json_string(t, c->name);
        if (level < 0) {
            json_other(c, t);
        } else {
            mlsd__grouping_json(&c->grouping, level, t);
        }
        mlsd__text_append(t, "}");
    }
    mlsd__text_append(t, "]");
}
