/* snapshot_state.c - see snapshot.h: what snapshots do together. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/spec_impl.h"
#include "model/ensemble/member.h"
#include "model/ensemble/snapshot.h"

void mlsd__snapshots_free(const mlsd__allocator *a, void *state_)
{
    mlsd__snapshots *const s = state_;
    mlsd__members_close(&s->own);
    mlsd__free(a, s->ends);
    mlsd__free(a, s->history);
    mlsd__free(a, s->columns);
    mlsd__free(a, s->names);
    mlsd__free(a, s);
}

/* The schedule of the paper where the estimator has none. */
static mlsd_status give_schedule(const mlsd__allocator *a, mlsd_spec *spec)
{
    mlsd_spec *schedule = NULL;
    if (mlsd__spec_slot_child(spec, "schedule") != NULL) return MLSD_OK;
    MLSD__TRY(mlsd__spec_new(a, "cosine_annealing", &schedule));
    return mlsd__spec_adopt_child(spec, "schedule", NULL, schedule);
}

mlsd_status mlsd__snapshots_new(const mlsd__allocator *a, const mlsd_spec *spec,
                                const mlsd__feature *features, int64_t p, int64_t k,
                                mlsd__snapshots **out)
{
    const mlsd__snapshot_params *const params = mlsd__spec_params(spec);
    const mlsd_spec *const child = mlsd__spec_slot_child(spec, "estimator");
    *out = NULL;
    mlsd__snapshots *const s = mlsd__alloc(a, 1, sizeof *s);
    if (s == NULL) return MLSD_E_NOMEM;
    s->n_most = params->n_last != MLSD__NULL_I64 ? params->n_last : params->n_snapshots;
    mlsd_status status = mlsd__members_open(a, child, features, p, k, &s->own);
    if (status == MLSD_OK) status = give_schedule(&s->own.spec->allocator, s->own.spec);
    if (status == MLSD_OK) status = mlsd__members_make_room(&s->own, s->n_most);
    if (status != MLSD_OK) {
        mlsd__snapshots_free(a, s);
        return status;
    }
    s->own.n = 0; /* they come one by one */
    *out = s;
    return MLSD_OK;
}

void mlsd__snapshots_push(mlsd__snapshots *s, void *snapshot)
{
    if (s->own.n == s->n_most) {
        s->own.ops->free_state(&s->own.allocator, s->own.states[0]);
        s->own.n--;
        memmove(s->own.states, s->own.states + 1, (size_t)s->own.n * sizeof *s->own.states);
    }
    s->own.states[s->own.n++] = snapshot;
}

static mlsd_status append(const mlsd__allocator *a, double **to, int64_t *capacity, int64_t at,
                          const double *from, int64_t n)
{
    void *room = *to;
    MLSD__TRY(mlsd__reserve(a, &room, capacity, at + n, sizeof **to));
    *to = room;
    memcpy(*to + at, from, (size_t)n * sizeof **to);
    return MLSD_OK;
}

mlsd_status mlsd__snapshots_record(mlsd__snapshots *s, const double *history, int64_t n_epochs,
                                   int64_t n_sets, bool has_valid)
{
    s->n_sets = n_sets;
    s->has_valid |= has_valid;
    MLSD__TRY(append(&s->own.allocator, &s->history, &s->history_room, s->n_epochs * n_sets,
                     history, n_epochs * n_sets));
    MLSD__TRY(append(&s->own.allocator, &s->ends, &s->ends_capacity, s->n_cycles * n_sets,
                     history + (n_epochs - 1) * n_sets, n_sets));
    s->n_epochs += n_epochs;
    s->n_cycles++;
    return MLSD_OK;
}

/* ---- predictions ---- */

int64_t mlsd__snapshots_n_targets(const void *state)
{
    const mlsd__snapshots *const s = state;
    return s->own.ops->n_targets != NULL ? s->own.ops->n_targets(s->own.states[0]) : 1;
}

static int64_t outputs(const mlsd__snapshots *s)
{
    return s->own.k > 0 ? s->own.k : mlsd__snapshots_n_targets(s);
}

mlsd_status mlsd__snapshots_predict(mlsd__scope *scope, const void *state, const double *x,
                                    int64_t n, int64_t ld, mlsd_output what, double *out,
                                    double *scratch)
{
    const mlsd__snapshots *const s = state;
    const int64_t cells = n * outputs(s);
    const mlsd__frame frame = mlsd__members_frame(&s->own, x, n, ld);
    (void)what;
    memset(out, 0, (size_t)cells * sizeof *out);
    for (int64_t i = 0; i < s->own.n; i++) {
        MLSD__TRY(mlsd__members_ask(scope, &s->own, s->own.states[i], &frame, scratch));
        for (int64_t j = 0; j < cells; j++) out[j] += scratch[j];
    }
    for (int64_t j = 0; j < cells; j++) out[j] /= (double)s->own.n;
    return MLSD_OK;
}

int64_t mlsd__snapshots_scratch(const void *state)
{
    return outputs(state);
}

int64_t mlsd__snapshots_block_rows(const void *state)
{
    const mlsd__snapshots *const s = state;
    return s->own.ops->block_rows != NULL ? s->own.ops->block_rows(s->own.states[0])
                                          : MLSD__BLOCK_ROWS;
}

/* ---- what is told ---- */

/* Names of the numbers of all snapshots, or how many there are. */
static int64_t name_numbers(const mlsd__snapshots *s, mlsd__snapshot_name *out)
{
    int64_t n = 0;
    for (int64_t i = 0; i < s->own.n; i++) {
        for (int64_t k = 0;; k++) {
            const double *data;
            int64_t rows, cols;
            const char *const name =
                s->own.ops->attribute(s->own.states[i], k, &data, &rows, &cols);
            if (name == NULL) break;
            if (out != NULL) {
                out[n] = (mlsd__snapshot_name){.snapshot = i, .index = k};
                (void)snprintf(out[n].name, sizeof out[n].name, "snapshot_%lld.%s", (long long)i,
                               name);
            }
            n++;
        }
    }
    return n;
}

/* Losses of n points set by set: training ones first, then those of the validation set. */
static void part_sets(const mlsd__snapshots *s, const double *losses, int64_t n, double *out)
{
    for (int64_t set = 0; set < (s->has_valid ? 2 : 1); set++)
        for (int64_t i = 0; i < n; i++) *out++ = losses[i * s->n_sets + set];
}

/* Sets that only a curve asked for are none of the model's. */
static void keep_own_sets(mlsd__snapshots *s)
{
    const int64_t n = s->has_valid ? 2 : 1;
    for (int64_t e = 0; e < s->n_epochs; e++)
        for (int64_t i = 0; i < n; i++) s->history[e * n + i] = s->history[e * s->n_sets + i];
    for (int64_t c = 0; c < s->n_cycles; c++)
        for (int64_t i = 0; i < n; i++) s->ends[c * n + i] = s->ends[c * s->n_sets + i];
    s->n_sets = n;
}

mlsd_status mlsd__snapshots_finish(mlsd__snapshots *s)
{
    const mlsd__allocator *const a = &s->own.allocator;
    keep_own_sets(s);
    s->n_names = name_numbers(s, NULL);
    s->names = mlsd__alloc(a, s->n_names, sizeof *s->names);
    s->columns = mlsd__alloc(a, 2 * (s->n_epochs + s->n_cycles), sizeof *s->columns);
    if (s->names == NULL || s->columns == NULL) return MLSD_E_NOMEM;
    (void)name_numbers(s, s->names);
    part_sets(s, s->history, s->n_epochs, s->columns);
    part_sets(s, s->ends, s->n_cycles, s->columns + 2 * s->n_epochs);
    s->n_done = (double)s->own.n;
    s->n_iter = (double)s->n_epochs;
    return MLSD_OK;
}

const char *mlsd__snapshots_attribute(const void *state, int64_t i, const double **data,
                                      int64_t *rows, int64_t *cols)
{
    const mlsd__snapshots *const s = state;
    const double *const ends = s->columns + 2 * s->n_epochs;
    const struct {
        const char *name;
        const double *data;
        int64_t n;
    } all[] = {
        {"n_iter", &s->n_iter, 1},
        {"n_snapshots", &s->n_done, 1},
        {"stop_reason", &s->reason, 1},
        {"loss_curve", s->columns, s->n_epochs},
        {"snapshot_losses", ends, s->n_cycles},
        {"valid_loss_curve", s->columns + s->n_epochs, s->n_epochs},
        {"snapshot_valid_losses", ends + s->n_cycles, s->n_cycles},
    };
    const int64_t n = MLSD__COUNT(all) - (s->has_valid ? 0 : 2);
    if (i < 0 || i >= n + s->n_names) return NULL;
    if (i < n) {
        *data = all[i].data;
        *rows = 1;
        *cols = all[i].n;
        return all[i].name;
    }
    const mlsd__snapshot_name *const named = &s->names[i - n];
    (void)s->own.ops->attribute(s->own.states[named->snapshot], named->index, data, rows, cols);
    return named->name;
}

/* ---- files ---- */

mlsd_status mlsd__snapshots_put(const mlsd__snapshots *s, mlsd__writer *w)
{
    mlsd__put_i64(w, s->own.n);
    mlsd__put_i64(w, s->n_sets);
    mlsd__put_i64(w, s->has_valid);
    mlsd__put_i64(w, s->is_over);
    mlsd__put_f64(w, s->reason);
    mlsd__put_f64s(w, s->ends, s->n_cycles * s->n_sets);
    mlsd__put_f64s(w, s->history, s->n_epochs * s->n_sets);
    for (int64_t i = 0; i < s->own.n; i++) MLSD__TRY(s->own.ops->save(s->own.states[i], w));
    return w->status;
}

mlsd_status mlsd__snapshots_save(const void *state, mlsd__writer *w)
{
    return mlsd__snapshots_put(state, w);
}

static mlsd_status fail_corrupt(void)
{
    return mlsd__fail(MLSD_E_CORRUPT, "the snapshots in the file contradict each other");
}

mlsd_status mlsd__snapshots_take(mlsd__reader *r, mlsd__snapshots *s)
{
    int64_t n_ends = 0, n_history = 0;
    const int64_t n = mlsd__take_count(r, s->n_most);
    s->n_sets = mlsd__take_count(r, INT32_MAX);
    s->has_valid = mlsd__take_count(r, 1) != 0;
    s->is_over = mlsd__take_count(r, 1) != 0;
    s->reason = mlsd__take_f64(r);
    s->ends = mlsd__take_f64s(r, &n_ends);
    s->history = mlsd__take_f64s(r, &n_history);
    MLSD__TRY(r->status);
    s->ends_capacity = n_ends;
    s->history_room = n_history;
    if (n < 1 || s->n_sets < (s->has_valid ? 2 : 1) || n_ends % s->n_sets != 0 ||
        n_history % s->n_sets != 0 || n_ends < s->n_sets || n_history < n_ends)
        return fail_corrupt();
    s->n_cycles = n_ends / s->n_sets;
    s->n_epochs = n_history / s->n_sets;
    if (!mlsd__members_take(&s->own, s->own.features, s->own.p)) return fail_corrupt();
    for (; s->own.n < n; s->own.n++)
        MLSD__TRY(mlsd__members_load(r, &s->own, s->own.n, s->own.features, s->own.p));
    return mlsd__snapshots_n_targets(s) == 0 ? fail_corrupt() : MLSD_OK;
}

/* Do all say as many numbers of a row? */
static bool same_outputs(const mlsd__snapshots *s)
{
    for (int64_t i = 1; s->own.ops->n_targets != NULL && i < s->own.n; i++)
        if (s->own.ops->n_targets(s->own.states[i]) != s->own.ops->n_targets(s->own.states[0]))
            return false;
    return true;
}

mlsd_status mlsd__snapshots_load(mlsd__reader *r, const mlsd_spec *spec,
                                 const mlsd__feature *features, int64_t n_features,
                                 int64_t n_classes, void **out_state)
{
    const mlsd__estimator_ops *const ops = mlsd__spec_ops(spec);
    const mlsd_spec *const child = mlsd__snapshot_trained(spec);
    *out_state = NULL;
    const mlsd__estimator_ops *const own = child != spec ? mlsd__spec_ops(child) : NULL;
    const bool fits = own != NULL && own->takes_start && own->is_iterative &&
                      (ops->classifies ? own->classifies : own->regresses) &&
                      ops->classifies == (n_classes > 0);
    if (!fits) return fail_corrupt();
    mlsd__snapshots *s;
    MLSD__TRY(mlsd__snapshots_new(r->allocator, spec, features, n_features, n_classes, &s));
    mlsd_status status = mlsd__snapshots_take(r, s);
    if (status == MLSD_OK && !same_outputs(s)) status = fail_corrupt();
    if (status == MLSD_OK) status = mlsd__snapshots_finish(s);
    if (status != MLSD_OK) {
        mlsd__snapshots_free(r->allocator, s);
        return status;
    }
    *out_state = s;
    return MLSD_OK;
}
