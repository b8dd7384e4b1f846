/* bagging_state.c - see bagging.h: what fitted members do together. */
#include <math.h>
#include <string.h>

#include "model/ensemble/bagging.h"
#include "model/ensemble/member.h"

void mlsd__bagging_free(const mlsd__allocator *a, void *state_)
{
    mlsd__bagging *const s = state_;
    for (int64_t m = 0; s->members != NULL && m < s->n_members; m++)
        if (s->members[m].state != NULL) s->child->free_state(a, s->members[m].state);
    mlsd__features_free(a, s->features, s->p);
    mlsd_spec_free(s->child_spec);
    mlsd__free(a, s->members);
    mlsd__free(a, s->picked);
    mlsd__free(a, s->columns);
    mlsd__free(a, s->columns_told);
    mlsd__free(a, s->oob);
    mlsd__free(a, s);
}

static mlsd_status make_room(const mlsd__allocator *a, const mlsd_spec *child,
                             const mlsd__feature *features, int64_t p, mlsd__bagging *s)
{
    int64_t size;
    MLSD__TRY(mlsd__mul_size(s->n_members, s->width, &size));
    MLSD__TRY(mlsd__features_copy(a, features, p, &s->features));
    s->p = p;
    MLSD__TRY(mlsd_spec_clone(child, &s->child_spec));
    s->members = mlsd__alloc(a, s->n_members, sizeof *s->members);
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
    *s = (mlsd__bagging){.allocator = *a, .k = k, .n_members = params->n_estimators};
    s->child = mlsd__spec_ops(child);
    s->width = mlsd__bagging_count(params->max_features, p);
    const mlsd_status status = make_room(a, child, features, p, s);
    if (status != MLSD_OK) {
        mlsd__bagging_free(a, s);
        return status;
    }
    *out = s;
    return MLSD_OK;
}

void mlsd__bagging_place_columns(mlsd__bagging *s)
{
    for (int64_t i = 0; i < s->n_members * s->width; i++) {
        s->columns_told[i] = (double)s->columns[i];
        s->picked[i] = s->features[s->columns[i]];
    }
    for (int64_t m = 0; m < s->n_members; m++) {
        s->members[m].columns = s->columns + m * s->width;
        s->members[m].features = s->picked + m * s->width;
        s->members[m].whole = s;
    }
}

int64_t mlsd__bagging_outputs(const mlsd__bagging *s)
{
    return s->k > 0 ? s->k : 1;
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
    pick(member, in, n, member->whole->p, out);
}

/* Are a member's columns all there are, in their order? */
static bool has_all(const mlsd__bagging_member *member)
{
    const mlsd__bagging *const s = member->whole;
    for (int64_t j = 0; j < s->width; j++)
        if (member->columns[j] != j) return false;
    return s->width == s->p;
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
    return mlsd__member_ask(scope, &s->allocator, s->child_spec, s->k, s->members[member].state,
                            frame, out);
}

/* The mean over members; room has n x outputs. */
static mlsd_status average(mlsd__scope *scope, const mlsd__bagging *s, const double *x, int64_t n,
                           int64_t ld, double *out, double *room)
{
    const int64_t cells = n * mlsd__bagging_outputs(s);
    const mlsd__frame all = {.n_rows = n,
                             .n_features = s->p,
                             .features = s->features,
                             .matrix = {x, n, s->p, ld, 1, MLSD_F64, 0},
                             .n_source = s->p,
                             .max_width = s->p};
    memset(out, 0, (size_t)cells * sizeof *out);
    for (int64_t m = 0; m < s->n_members; m++) {
        mlsd__frame frame;
        mlsd__bagging_frame(&s->members[m], &all, &frame);
        MLSD__TRY(mlsd__bagging_ask(scope, s, m, &frame, room));
        for (int64_t i = 0; i < cells; i++) out[i] += room[i];
    }
    for (int64_t i = 0; i < cells; i++) out[i] /= (double)s->n_members;
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
    for (int64_t m = 0; s->child->check_block != NULL && m < s->n_members; m++) {
        const int64_t width = mlsd__scratch_width(s->child, s->members[m].state);
        most = width > most ? width : most;
    }
    return mlsd__bagging_outputs(s) + s->width + most;
}

bool mlsd__bagging_by_rows(const void *state)
{
    const mlsd__bagging *const s = state;
    return mlsd__estimator_by_rows(s->child, s->members[0].state); /* all are of one kind */
}

static mlsd_status find_nan(const mlsd__bagging *s, const double *x, int64_t n, int64_t ld,
                            int64_t first_row)
{
    for (int64_t i = 0; !s->child->takes_nan && i < n; i++)
        for (int64_t j = 0; j < s->p; j++)
            if (isnan(x[i * ld + j]))
                return mlsd__fail(MLSD_E_DATA,
                                  "row %lld, column '%.100s' is NaN; add an impute step",
                                  (long long)(first_row + i), s->features[j].name);
    return MLSD_OK;
}

mlsd_status mlsd__bagging_predict_rows(mlsd__scope *scope, const void *state, const double *x,
                                       int64_t n, int64_t ld, int64_t first_row, mlsd_output what,
                                       double *out)
{
    const mlsd__bagging *const s = state;
    const mlsd__allocator *const a = scope != NULL ? scope->allocator : &s->allocator;
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
    for (int64_t m = 0; s->child->check_block != NULL && m < s->n_members; m++) {
        pick(&s->members[m], x, n, ld, scratch);
        MLSD__TRY(s->child->check_block(s->members[m].state, scratch, n, s->width, first_row,
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
        *rows = s->n_members;
        *cols = s->width;
        return "estimators_features";
    }
    if (i > 2 || s->n_oob == 0) return NULL;
    *data = i == 1 ? s->oob : s->oob + 1;
    *cols = i == 1 ? 1 : mlsd__bagging_outputs(s);
    *rows = i == 1 ? 1 : (s->n_oob - 1) / *cols;
    return i == 1 ? "oob_score" : s->k > 0 ? "oob_decision_function" : "oob_prediction";
}

mlsd_status mlsd__bagging_save(const void *state, mlsd__writer *w)
{
    const mlsd__bagging *const s = state;
    mlsd__put_f64s(w, s->columns_told, s->n_members * s->width);
    mlsd__put_f64s(w, s->oob, s->n_oob);
    for (int64_t m = 0; m < s->n_members; m++) MLSD__TRY(s->child->save(s->members[m].state, w));
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
    bool fits = r->status == MLSD_OK && n == s->n_members * s->width;
    for (int64_t i = 0; fits && i < n; i++) {
        fits = columns[i] >= 0 && columns[i] < (double)s->p && columns[i] == floor(columns[i]);
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
    for (int64_t j = 0; j < s->p && !s->child->takes_category; j++)
        if (s->features[j].type == MLSD__CATEGORY) return fail_corrupt();
    for (int64_t m = 0; m < s->n_members; m++)
        MLSD__TRY(s->child->load(r, s->child_spec, s->members[m].features, s->width, s->k,
                                 &s->members[m].state));
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
