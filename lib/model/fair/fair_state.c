/* fair_state.c - see exponentiated_gradient.h: what a fitted mixture does. */
#include <math.h>
#include <string.h>

#include "base/coin.h"
#include "base/spec_impl.h"
#include "base/text.h"
#include "data/matrix_view.h"
#include "model/ensemble/member.h"
#include "model/fair/exponentiated_gradient.h"

void mlsd__fair_free(const mlsd__allocator *a, void *state_)
{
    mlsd__fair *const s = state_;
    mlsd__members_close(&s->own);
    mlsd__free(a, s->constants);
    mlsd__free(a, s->picked);
    mlsd__free(a, s->columns);
    mlsd__free(a, s->numbers);
    mlsd__free(a, s);
}

/* ---- columns ---- */

static const char *name_at(const void *user, int64_t i)
{
    return ((const mlsd__feature *)user)[i].name;
}

static mlsd_status find_column(const mlsd__fair *s, const char *param, const char *name,
                               int64_t *out)
{
    for (*out = 0; *out < s->own.p; (*out)++)
        if (strcmp(s->own.features[*out].name, name) == 0) return MLSD_OK;
    const char *const near = mlsd__nearest_name(name, name_at, s->own.features, s->own.p);
    return mlsd__fail(MLSD_E_COLUMN, "'%s': there is no column '%.100s'%s%.100s%s", param, name,
                      near != NULL ? "; there is '" : "", near != NULL ? near : "",
                      near != NULL ? "'" : "");
}

static bool is_sensitive(const mlsd__fair *s, int64_t column)
{
    for (int64_t i = 0; i < s->n_sensitive; i++)
        if (s->sensitive[i] == column) return true;
    return false;
}

static mlsd_status choose_columns(const mlsd__fair_params *params, mlsd__fair *s)
{
    for (int64_t i = 0; i < params->sensitive_features.n; i++) {
        int64_t at;
        MLSD__TRY(find_column(s, "sensitive_features", params->sensitive_features.values[i], &at));
        if (!is_sensitive(s, at)) s->sensitive[s->n_sensitive++] = at;
    }
    if (params->id != NULL) MLSD__TRY(find_column(s, "id", params->id, &s->id));
    if (s->id >= 0 && s->own.features[s->id].type != MLSD__NUMERIC)
        return mlsd__fail(MLSD_E_TYPE,
                          "'id': column '%.100s' holds texts, of which a model knows only those of "
                          "its training rows; give ids as numbers",
                          params->id);
    for (int64_t j = 0; j < s->own.p; j++) {
        if (j == s->id || (params->keep_sensitive == 0 && is_sensitive(s, j))) continue;
        s->picked[s->width] = s->own.features[j];
        s->columns[s->width++] = j;
    }
    if (s->width > 0) return MLSD_OK;
    return mlsd__fail(MLSD_E_DATA, "no column is left for the estimator beside those of "
                                   "'sensitive_features' and 'id'");
}

static mlsd_status fill_new(const mlsd__allocator *a, const mlsd_spec *spec,
                            const mlsd__feature *features, int64_t p, mlsd__fair *s)
{
    const mlsd__fair_params *const params = mlsd__spec_params(spec);
    const mlsd_spec *const child = mlsd__spec_slot_child(spec, "estimator");
    MLSD__TRY(mlsd__members_open(a, child, features, p, 2, &s->own));
    s->picked = mlsd__alloc(a, p, sizeof *s->picked);
    s->columns = mlsd__alloc(a, p + params->sensitive_features.n, sizeof *s->columns);
    if (s->picked == NULL || s->columns == NULL) return MLSD_E_NOMEM;
    s->sensitive = s->columns + p;
    return choose_columns(params, s);
}

mlsd_status mlsd__fair_new(const mlsd__allocator *a, const mlsd_spec *spec,
                           const mlsd__feature *features, int64_t p, mlsd__fair **out)
{
    const mlsd__fair_params *const params = mlsd__spec_params(spec);
    *out = NULL;
    mlsd__fair *const s = mlsd__alloc(a, 1, sizeof *s);
    if (s == NULL) return MLSD_E_NOMEM;
    s->id = -1;
    s->randomize = params->randomize;
    s->seed = params->seed;
    s->n_events = params->constraint == MLSD__FAIR_EQUALIZED_ODDS ? 2 : 1;
    const mlsd_status status = fill_new(a, spec, features, p, s);
    if (status != MLSD_OK) {
        mlsd__fair_free(a, s);
        return status;
    }
    *out = s;
    return MLSD_OK;
}

mlsd_status mlsd__fair_make_room(mlsd__fair *s, int64_t n_members, int64_t n_groups)
{
    const int64_t m = s->n_events * n_groups;
    s->n_numbers = n_members + 5 * m + n_groups * s->n_sensitive + MLSD__FAIR_N_SCALARS;
    MLSD__TRY(mlsd__members_make_room(&s->own, n_members));
    s->constants = mlsd__alloc(&s->own.allocator, n_members, sizeof *s->constants);
    s->numbers = mlsd__alloc(&s->own.allocator, s->n_numbers, sizeof *s->numbers);
    if (s->constants == NULL || s->numbers == NULL) return MLSD_E_NOMEM;
    s->n_groups = n_groups;
    s->weights = s->numbers;
    s->multipliers = s->weights + n_members;
    s->rates = s->multipliers + 2 * m;
    s->gaps = s->rates + m;
    s->slack = s->gaps + m;
    s->groups = s->slack + m;
    s->scalars = s->groups + n_groups * s->n_sensitive;
    return MLSD_OK;
}

static void pick_block(const void *state, const double *in, int64_t n, double *out)
{
    const mlsd__fair *const s = state;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < s->width; j++)
            out[i * s->width + j] = in[i * s->own.p + s->columns[j]];
}

void mlsd__fair_frame(const mlsd__fair *s, const mlsd__frame *all, mlsd__frame *out)
{
    if (s->width == s->own.p)
        *out = *all;
    else
        mlsd__frame_chain(all, pick_block, s, s->picked, s->width, out);
}

/* ---- prediction ---- */

mlsd_status mlsd__fair_answer(mlsd__scope *scope, const mlsd__fair *s,
                              const mlsd__fair_member *member, const mlsd__frame *frame,
                              double *room, double *out)
{
    const int64_t n = frame->n_rows;
    if (member->constant >= 0) {
        for (int64_t i = 0; i < n; i++) out[i] = (double)member->constant;
        return MLSD_OK;
    }
    MLSD__TRY(mlsd__members_ask(scope, &s->own, member->state, frame, room));
    for (int64_t i = 0; i < n; i++) out[i] = room[2 * i + 1] > room[2 * i];
    return MLSD_OK;
}

/* The chance of class 1 of each row; room has 3 numbers a row. */
static mlsd_status mix(mlsd__scope *scope, const mlsd__fair *s, const double *x, int64_t n,
                       int64_t ld, double *out, double *room)
{
    const mlsd__frame all = mlsd__members_frame(&s->own, x, n, ld);
    mlsd__frame frame;
    mlsd__fair_frame(s, &all, &frame);
    memset(out, 0, (size_t)n * sizeof *out);
    for (int64_t m = 0; m < s->own.n; m++) {
        if (scope != NULL) MLSD__TRY(mlsd__checkpoint(scope));
        const mlsd__fair_member member = {s->own.states[m], s->constants[m]};
        MLSD__TRY(mlsd__fair_answer(scope, s, &member, &frame, room, room + 2 * n));
        for (int64_t i = 0; i < n; i++) out[i] += s->weights[m] * room[2 * n + i];
    }
    for (int64_t i = 0; i < n; i++) out[i] = fmin(out[i], 1);
    return MLSD_OK;
}

/* The class that the coin of a row's id falls on. */
static mlsd_status toss(const mlsd__fair *s, double id, int64_t row, double chance, double *out)
{
    char text[MLSD__NUMBER_CAPACITY];
    const char *const name = s->own.features[s->id].name;
    if (isnan(id))
        return mlsd__fail(MLSD_E_DATA, "row %lld has no id in '%.100s'", (long long)row, name);
    mlsd__format_double(id, text);
    if (fabs(id) >= MLSD__EXACT_I64)
        return mlsd__fail(MLSD_E_DATA,
                          "row %lld has the id %s in '%.100s', too large to be told from its "
                          "neighbours as a number; number the ids anew",
                          (long long)row, text, name);
    *out = mlsd__coin(text, s->seed) < chance;
    return MLSD_OK;
}

mlsd_status mlsd__fair_predict_rows(mlsd__scope *scope, const void *state, const double *x,
                                    int64_t n, int64_t ld, int64_t first_row, mlsd_output what,
                                    double *out)
{
    const mlsd__fair *const s = state;
    const mlsd__allocator *const a = scope != NULL ? scope->allocator : &s->own.allocator;
    int64_t size;
    MLSD__TRY(
        mlsd__members_find_nan(&s->own, s->picked, s->columns, s->width, x, n, ld, first_row));
    MLSD__TRY(mlsd__mul_size(n, 4, &size));
    double *const chance = mlsd__alloc_raw(a, size, sizeof *chance);
    if (chance == NULL) return MLSD_E_NOMEM;
    mlsd_status status = mix(scope, s, x, n, ld, chance, chance + n);
    for (int64_t i = 0; status == MLSD_OK && i < n; i++) {
        if (what == MLSD_OUTPUT_PROBA) {
            out[2 * i] = 1 - chance[i];
            out[2 * i + 1] = chance[i];
        } else if (s->randomize != 0) {
            status = toss(s, x[i * ld + s->id], first_row + i, chance[i], &out[i]);
        } else {
            out[i] = chance[i] > 1 - chance[i];
        }
    }
    mlsd__free(a, chance);
    return status;
}

/* ---- told, saved, loaded ---- */

const char *mlsd__fair_attribute(const void *state, int64_t i, const double **data, int64_t *rows,
                                 int64_t *cols)
{
    const mlsd__fair *const s = state;
    const int64_t e = s->n_events, g = s->n_groups;
    const struct {
        const char *name;
        const double *data;
        int64_t rows, cols;
    } all[] = {
        {"weights", s->weights, s->own.n, 1},
        {"lambda", s->multipliers, e * g, 2},
        {"rates", s->rates, e, g},
        {"gaps", s->gaps, e, g},
        {"slack", s->slack, e, g},
        {"groups", s->groups, g, s->n_sensitive},
        {"error", s->scalars + MLSD__FAIR_ERROR, 1, 1},
        {"best_gap", s->scalars + MLSD__FAIR_GAP, 1, 1},
        {"nu", s->scalars + MLSD__FAIR_NU, 1, 1},
        {"n_iter", s->scalars + MLSD__FAIR_N_ITER, 1, 1},
        {"converged", s->scalars + MLSD__FAIR_CONVERGED, 1, 1},
        {"n_unbound", s->scalars + MLSD__FAIR_N_UNBOUND, 1, 1},
    };
    if (i >= MLSD__COUNT(all)) return NULL;
    *data = all[i].data;
    *rows = all[i].rows;
    *cols = all[i].cols;
    return all[i].name;
}

mlsd_status mlsd__fair_save(const void *state, mlsd__writer *w)
{
    const mlsd__fair *const s = state;
    mlsd__put_i64(w, s->own.n);
    mlsd__put_i64(w, s->n_groups);
    mlsd__put_f64s(w, s->numbers, s->n_numbers);
    for (int64_t m = 0; m < s->own.n; m++) {
        mlsd__put_i64(w, s->constants[m]);
        if (s->constants[m] < 0) MLSD__TRY(s->own.ops->save(s->own.states[m], w));
    }
    return w->status;
}

static mlsd_status fail_corrupt(void)
{
    return mlsd__fail(MLSD_E_CORRUPT, "the fair classifier in the file contradicts itself");
}

static mlsd_status load_numbers(mlsd__reader *r, mlsd__fair *s)
{
    const int64_t n_members = mlsd__take_i64(r), n_groups = mlsd__take_i64(r);
    int64_t n = 0;
    MLSD__TRY(r->status);
    const int64_t most = (int64_t)(r->size / sizeof(double)) / (10 + s->n_sensitive);
    /* Each has numbers in the file, so a count beyond its bytes is none. */
    if (n_members < 1 || n_groups < 1 || n_groups > most || n_members > (int64_t)r->size)
        return fail_corrupt();
    double *const numbers = mlsd__take_f64s(r, &n);
    mlsd_status status = r->status;
    if (status == MLSD_OK) status = mlsd__fair_make_room(s, n_members, n_groups);
    if (status == MLSD_OK && n != s->n_numbers) status = fail_corrupt();
    if (status == MLSD_OK) memcpy(s->numbers, numbers, (size_t)n * sizeof *numbers);
    mlsd__free(r->allocator, numbers);
    for (int64_t m = 0; status == MLSD_OK && m < n_members; m++)
        if (!(s->weights[m] >= 0 && s->weights[m] <= 1)) status = fail_corrupt();
    return status;
}

static mlsd_status load_parts(mlsd__reader *r, mlsd__fair *s)
{
    MLSD__TRY(load_numbers(r, s));
    if (!mlsd__members_take(&s->own, s->picked, s->width)) return fail_corrupt();
    for (int64_t m = 0; m < s->own.n; m++) {
        const int64_t constant = mlsd__take_i64(r);
        MLSD__TRY(r->status);
        if (constant < -1 || constant > 1) return fail_corrupt();
        s->constants[m] = constant;
        if (constant >= 0) continue;
        MLSD__TRY(mlsd__members_load(r, &s->own, m, s->picked, s->width));
    }
    return MLSD_OK;
}

mlsd_status mlsd__fair_load(mlsd__reader *r, const mlsd_spec *spec, const mlsd__feature *features,
                            int64_t n_features, int64_t n_classes, void **out_state)
{
    const mlsd_spec *const child = mlsd__spec_slot_child(spec, "estimator");
    const mlsd__fair_params *const params = mlsd__spec_params(spec);
    const mlsd__estimator_ops *const final =
        child != NULL ? mlsd__estimator_final_ops(child) : NULL;
    *out_state = NULL;
    if (final == NULL || !final->classifies || final->clock != NULL || n_classes != 2 ||
        (params->randomize != 0 && params->id == NULL))
        return fail_corrupt();
    mlsd__fair *s;
    mlsd_status status = mlsd__fair_new(r->allocator, spec, features, n_features, &s);
    if (status == MLSD_E_COLUMN || status == MLSD_E_TYPE || status == MLSD_E_DATA)
        return fail_corrupt();
    if (status == MLSD_OK) status = load_parts(r, s);
    if (status != MLSD_OK) {
        if (s != NULL) mlsd__fair_free(r->allocator, s);
        return status;
    }
    *out_state = s;
    return MLSD_OK;
}
