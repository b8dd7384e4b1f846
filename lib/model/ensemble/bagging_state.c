/* bagging_state.c - see bagging.h: what fitted members do together. */
#include <math.h>
#include <string.h>

#include "model/ensemble/bagging.h"
#include "model/ensemble/member.h"

void mlsd__bagging_free(const mlsd__allocator *a, void *state_)
{
    mlsd__bagging *const s = state_;
    mlsd__members_close(&s->own);
    mlsd__free(a, s->members);
    mlsd__free(a, s->picked);
    mlsd__free(a, s->columns);
    mlsd__free(a, s->columns_told);
    mlsd__free(a, s->oob);
    mlsd__free(a, s);
}

static mlsd_status make_room(const mlsd__allocator *a, int64_t n, mlsd__bagging *s)
{
    int64_t size;
    MLSD__TRY(mlsd__mul_size(n, s->width, &size));
    MLSD__TRY(mlsd__members_make_room(&s->own, n));
    s->members = mlsd__alloc(a, n, sizeof *s->members);
    s->picked = mlsd__alloc(a, size, sizeof *s->picked);
    s->columns = mlsd__alloc(a, size, sizeof *s->columns);
    s->columns_told = mlsd__alloc(a, size, sizeof *s->columns_told);
    const bool fits = s->members != NULL && s->picked != NULL && s->columns != NULL;
    return fits && s->columns_told != NULL ? MLSD_OK : MLSD_E_NOMEM;
}

mlsd_status mlsd__bagging_new(const mlsd__allocator *a, const mlsd_spec *spec,
                              const mlsd__feature *features, int64_t p, int64_t k,
                              mlsd__bagging **out)
{
    const mlsd__bagging_params *const params = mlsd__spec_params(spec);
    const mlsd_spec *const child = mlsd__spec_slot_child(spec, "estimator");
    *out = NULL;
    mlsd__bagging *const s = mlsd__alloc(a, 1, sizeof *s);
    if (s == NULL) return MLSD_E_NOMEM;
    s->width = mlsd__bagging_count(params->max_features, p);
    mlsd_status status = mlsd__members_open(a, child, features, p, k, &s->own);
    if (status == MLSD_OK) status = make_room(a, params->n_estimators, s);
    if (status != MLSD_OK) {
        mlsd__bagging_free(a, s);
        return status;
    }
    *out = s;
    return MLSD_OK;
}

void mlsd__bagging_place_columns(mlsd__bagging *s)
{
    for (int64_t i = 0; i < s->own.n * s->width; i++) {
        s->columns_told[i] = (double)s->columns[i];
        s->picked[i] = s->own.features[s->columns[i]];
    }
    for (int64_t m = 0; m < s->own.n; m++) {
        s->members[m].columns = s->columns + m * s->width;
        s->members[m].features = s->picked + m * s->width;
        s->members[m].whole = s;
    }
}

int64_t mlsd__bagging_outputs(const mlsd__bagging *s)
{
    return s->own.k > 0 ? s->own.k : 1;
}

static void pick(const mlsd__bagging_member *member, const double *in, int64_t n, int64_t ld,
                 double *out)
{
    const int64_t width = member->whole->width;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < width; j++) out[i * width + j] = in[i * ld + member->columns[j]];
}

static void pick_block(const void *state, const double *in, int64_t n, double *out)
{
    const mlsd__bagging_member *const member = state;
    pick(member, in, n, member->whole->own.p, out);
}

/* Are a member's columns all there are, in their order? */
static bool has_all(const mlsd__bagging_member *member)
{
    const mlsd__bagging *const s = member->whole;
    for (int64_t j = 0; j < s->width; j++)
        if (member->columns[j] != j) return false;
    return s->width == s->own.p;
}

void mlsd__bagging_frame(const mlsd__bagging_member *member, const mlsd__frame *all,
                         mlsd__frame *out)
{
    if (has_all(member))
        *out = *all;
    else
        mlsd__frame_chain(all, pick_block, member, member->features, member->whole->width, out);
}

mlsd_status mlsd__bagging_ask(mlsd__scope *scope, const mlsd__bagging *s, int64_t member,
                              const mlsd__frame *frame, double *out)
{
    return mlsd__members_ask(scope, &s->own, s->own.states[member], frame, out);
}

/* The mean over members; room has n x outputs. */
static mlsd_status average(mlsd__scope *scope, const mlsd__bagging *s, const double *x, int64_t n,
                           int64_t ld, double *out, double *room)
{
    const int64_t cells = n * mlsd__bagging_outputs(s);
    const mlsd__frame all = mlsd__members_frame(&s->own, x, n, ld);
    memset(out, 0, (size_t)cells * sizeof *out);
    for (int64_t m = 0; m < s->own.n; m++) {
        mlsd__frame frame;
        mlsd__bagging_frame(&s->members[m], &all, &frame);
        MLSD__TRY(mlsd__bagging_ask(scope, s, m, &frame, room));
        for (int64_t i = 0; i < cells; i++) out[i] += room[i];
    }
    for (int64_t i = 0; i < cells; i++) out[i] /= (double)s->own.n;
    return MLSD_OK;
}

mlsd_status mlsd__bagging_predict(mlsd__scope *scope, const void *state, const double *x, int64_t n,
                                  int64_t ld, mlsd_output what, double *out, double *scratch)
{
    (void)what;
    return average(scope, state, x, n, ld, out, scratch);
}

/* For the outputs of a member, or its columns and its own check of them. */
int64_t mlsd__bagging_scratch(const void *state)
{
    const mlsd__bagging *const s = state;
    int64_t most = 0;
    for (int64_t m = 0; s->own.ops->check_block != NULL && m < s->own.n; m++) {
        const int64_t width = mlsd__scratch_width(s->own.ops, s->own.states[m]);
        most = width > most ? width : most;
    }
    return mlsd__bagging_outputs(s) + s->width + most;
}

bool mlsd__bagging_by_rows(const void *state)
{
    const mlsd__bagging *const s = state;
    return mlsd__estimator_by_rows(s->own.ops, s->own.states[0]); /* all are of one kind */
}

static mlsd_status find_nan(const mlsd__bagging *s, const double *x, int64_t n, int64_t ld,
                            int64_t first_row)
{
    return mlsd__members_find_nan(&s->own, s->own.features, NULL, s->own.p, x, n, ld, first_row);
}

mlsd_status mlsd__bagging_predict_rows(mlsd__scope *scope, const void *state, const double *x,
                                       int64_t n, int64_t ld, int64_t first_row, mlsd_output what,
                                       double *out)
{
    const mlsd__bagging *const s = state;
    const mlsd__allocator *const a = scope != NULL ? scope->allocator : &s->own.allocator;
    int64_t size;
    (void)what;
    MLSD__TRY(find_nan(s, x, n, ld, first_row));
    MLSD__TRY(mlsd__mul_size(n, mlsd__bagging_outputs(s), &size));
    double *const room = mlsd__alloc_raw(a, size, sizeof *room);
    if (room == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = average(scope, s, x, n, ld, out, room);
    mlsd__free(a, room);
    return status;
}

mlsd_status mlsd__bagging_check_block(const void *state, const double *x, int64_t n, int64_t ld,
                                      int64_t first_row, bool has_nan, double *scratch)
{
    const mlsd__bagging *const s = state;
    if (has_nan) MLSD__TRY(find_nan(s, x, n, ld, first_row));
    for (int64_t m = 0; s->own.ops->check_block != NULL && m < s->own.n; m++) {
        pick(&s->members[m], x, n, ld, scratch);
        MLSD__TRY(s->own.ops->check_block(s->own.states[m], scratch, n, s->width, first_row,
                                          has_nan, scratch + n * s->width));
    }
    return MLSD_OK;
}

const char *mlsd__bagging_attribute(const void *state, int64_t i, const double **data,
                                    int64_t *rows, int64_t *cols)
{
    const mlsd__bagging *const s = state;
    if (i == 0) {
        *data = s->columns_told;
        *rows = s->own.n;
        *cols = s->width;
        return "estimators_features";
    }
    if (i > 2 || s->n_oob == 0) return NULL;
    *data = i == 1 ? s->oob : s->oob + 1;
    *cols = i == 1 ? 1 : mlsd__bagging_outputs(s);
    *rows = i == 1 ? 1 : (s->n_oob - 1) / *cols;
    return i == 1 ? "oob_score" : s->own.k > 0 ? "oob_decision_function" : "oob_prediction";
}

mlsd_status mlsd__bagging_save(const void *state, mlsd__writer *w)
{
    const mlsd__bagging *const s = state;
    mlsd__put_f64s(w, s->columns_told, s->own.n * s->width);
    mlsd__put_f64s(w, s->oob, s->n_oob);
    for (int64_t m = 0; m < s->own.n; m++) MLSD__TRY(s->own.ops->save(s->own.states[m], w));
    return w->status;
}

static mlsd_status fail_corrupt(void)
{
    return mlsd__fail(MLSD_E_CORRUPT, "the bagging in the file contradicts itself");
}

static mlsd_status load_columns(mlsd__reader *r, mlsd__bagging *s)
{
    int64_t n = 0;
    double *const columns = mlsd__take_f64s(r, &n);
    bool fits = r->status == MLSD_OK && n == s->own.n * s->width;
    for (int64_t i = 0; fits && i < n; i++) {
        fits = columns[i] >= 0 && columns[i] < (double)s->own.p && columns[i] == floor(columns[i]);
        if (fits) s->columns[i] = (int64_t)columns[i];
    }
    mlsd__free(r->allocator, columns);
    MLSD__TRY(r->status);
    if (!fits) return fail_corrupt();
    mlsd__bagging_place_columns(s);
    return MLSD_OK;
}

static mlsd_status load_parts(mlsd__reader *r, mlsd__bagging *s)
{
    MLSD__TRY(load_columns(r, s));
    s->oob = mlsd__take_f64s(r, &s->n_oob);
    if (r->status != MLSD_OK) s->n_oob = 0;
    MLSD__TRY(r->status);
    if (s->n_oob > 0 && (s->n_oob - 1) % mlsd__bagging_outputs(s) != 0) return fail_corrupt();
    if (!mlsd__members_take(&s->own, s->own.features, s->own.p)) return fail_corrupt();
    for (int64_t m = 0; m < s->own.n; m++)
        MLSD__TRY(mlsd__members_load(r, &s->own, m, s->members[m].features, s->width));
    return MLSD_OK;
}

mlsd_status mlsd__bagging_load(mlsd__reader *r, const mlsd_spec *spec,
                               const mlsd__feature *features, int64_t n_features, int64_t n_classes,
                               void **out_state)
{
    const mlsd_spec *const child = mlsd__spec_slot_child(spec, "estimator");
    const mlsd__bagging_params *const params = mlsd__spec_params(spec);
    const mlsd__estimator_ops *const ops = mlsd__spec_ops(spec);
    const mlsd__estimator_ops *const final =
        child != NULL ? mlsd__estimator_final_ops(child) : NULL;
    *out_state = NULL;
    /* Each member takes some bytes for each column, so a count beyond them is none. */
    const int64_t width = mlsd__bagging_count(params->max_features, n_features);
    if (final == NULL || (ops->classifies ? !final->classifies : !final->regresses) ||
        ops->classifies != (n_classes > 0) || width < 1 || width > n_features ||
        params->n_estimators > (int64_t)r->size / width)
        return fail_corrupt();
    mlsd__bagging *s;
    MLSD__TRY(mlsd__bagging_new(r->allocator, spec, features, n_features, n_classes, &s));
    const mlsd_status status = load_parts(r, s);
    if (status != MLSD_OK) {
        mlsd__bagging_free(r->allocator, s);
        return status;
    }
    *out_state = s;
    return MLSD_OK;
}
