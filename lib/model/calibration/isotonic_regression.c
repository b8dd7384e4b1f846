/* isotonic_regression.c - kind "isotonic_regression": the nearest curve of one column that never
 * falls, or never rises. Names are scikit-learn's; beyond the training rows it goes on with the
 * values at its ends unless asked otherwise, where scikit-learn gives NaN. */
#include <math.h>
#include <string.h>

#include "model/calibration/isotonic.h"
#include "model/estimator.h"

extern const mlsd_kind mlsd__kind_isotonic_regression;

enum { CLIP, RAISE, GIVE_NAN };

typedef struct isotonic_params {
    double y_min, y_max; /* NaN: none */
    int64_t increasing, auto_increasing;
    int64_t out_of_bounds;
} isotonic_params;

typedef struct state {
    mlsd__isotonic curve;
    int64_t out_of_bounds;
    double is_increasing;
    mlsd__feature *columns; /* the one in, and the one out */
} state;

static void free_state(const mlsd__allocator *a, void *state_)
{
    state *const s = state_;
    mlsd__isotonic_free(&s->curve, a);
    mlsd__features_free(a, s->columns, 2);
    mlsd__free(a, s);
}

static mlsd_status state_new(const mlsd__allocator *a, const mlsd_spec *spec,
                             const mlsd__feature *feature, state **out)
{
    state *const s = mlsd__alloc(a, 1, sizeof *s);
    *out = NULL;
    if (s == NULL) return MLSD_E_NOMEM;
    s->out_of_bounds = ((const isotonic_params *)mlsd__spec_params(spec))->out_of_bounds;
    const mlsd__feature both[] = {{.name = feature->name, .type = MLSD__NUMERIC},
                                  {.name = "isotonicregression0", .type = MLSD__NUMERIC}};
    const mlsd_status status = mlsd__features_copy(a, both, 2, &s->columns);
    if (status != MLSD_OK) {
        mlsd__free(a, s);
        return status;
    }
    *out = s;
    return MLSD_OK;
}

static mlsd_status check(const mlsd_spec *spec, mlsd_task task)
{
    const isotonic_params *const p = mlsd__spec_params(spec);
    (void)task;
    if (!(p->y_min > p->y_max)) return MLSD_OK;
    return mlsd__fail(MLSD_E_PARAM_CONFLICT, "'y_min' is %g, which is above 'y_max', %g", p->y_min,
                      p->y_max);
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    const mlsd__allocator *const a = scope->allocator;
    const isotonic_params *const p = mlsd__spec_params(spec);
    const int64_t n = train->x->n_rows;
    if (train->x->n_features != 1)
        return mlsd__fail(MLSD_E_DATA,
                          "isotonic_regression is a curve of one column; the data have %lld",
                          (long long)train->x->n_features);
    state *s;
    double *x = NULL;
    bool rises = p->increasing != 0;
    MLSD__TRY(state_new(a, spec, train->x->features, &s));
    mlsd_status status = mlsd__frame_materialize(scope, train->x, &x);
    if (status == MLSD_OK && p->auto_increasing != 0)
        status = mlsd__isotonic_rises(scope, x, train->y, train->weight, n, &rises);
    if (status == MLSD_OK)
        status = mlsd__isotonic_fit(scope, x, train->y, train->weight, n, rises,
                                    isnan(p->y_min) ? -INFINITY : p->y_min,
                                    isnan(p->y_max) ? INFINITY : p->y_max, &s->curve);
    mlsd__free(a, x);
    if (status != MLSD_OK) {
        free_state(a, s);
        return status;
    }
    s->is_increasing = rises;
    *out_state = s;
    return MLSD_OK;
}

static bool is_outside(const state *s, double x)
{
    return x < s->curve.x[0] || x > s->curve.x[s->curve.n - 1];
}

static mlsd_status check_block(const void *state_, const double *x, int64_t n, int64_t ld,
                               int64_t first_row, bool has_nan, double *scratch)
{
    const state *const s = state_;
    (void)has_nan, (void)scratch;
    for (int64_t i = 0; s->out_of_bounds == RAISE && i < n; i++) {
        if (is_outside(s, x[i * ld]))
            return mlsd__fail(MLSD_E_DATA,
                              "row %lld: column '%.100s' is %g, which is beyond the training rows, "
                              "%g to %g; set 'out_of_bounds' to clip",
                              (long long)(first_row + i), s->columns[0].name, x[i * ld],
                              s->curve.x[0], s->curve.x[s->curve.n - 1]);
    }
    return MLSD_OK;
}

static void predict_block(const void *state_, const double *x, int64_t n, int64_t ld,
                          mlsd_output what, double *out, double *scratch)
{
    const state *const s = state_;
    (void)what, (void)scratch;
    for (int64_t i = 0; i < n; i++) {
        const bool is_lost = s->out_of_bounds == GIVE_NAN && is_outside(s, x[i * ld]);
        out[i] = is_lost ? NAN : mlsd__isotonic_at(&s->curve, x[i * ld]);
    }
}

static void transform_block(const void *state_, const double *in, int64_t n, double *out)
{
    predict_block(state_, in, n, 1, MLSD_OUTPUT_VALUE, out, NULL);
}

static bool makes_nan(const void *state_)
{
    return ((const state *)state_)->out_of_bounds == GIVE_NAN;
}

static const mlsd__feature *features_out(const void *state_, int64_t *out_n)
{
    *out_n = 1;
    return ((const state *)state_)->columns + 1;
}

static const char *attribute(const void *state_, int64_t i, const double **data, int64_t *rows,
                             int64_t *cols)
{
    const state *const s = state_;
    static const char *const names[] = {"X_thresholds", "y_thresholds", "X_min", "X_max",
                                        "increasing"};
    const double *const values[] = {s->curve.x, s->curve.y, s->curve.x, s->curve.x + s->curve.n - 1,
                                    &s->is_increasing};
    if (i >= MLSD__COUNT(names)) return NULL;
    *data = values[i];
    *rows = 1;
    *cols = i < 2 ? s->curve.n : 1;
    return names[i];
}

static mlsd_status save(const void *state_, mlsd__writer *w)
{
    const state *const s = state_;
    mlsd__put_f64(w, s->is_increasing);
    mlsd__put_f64s(w, s->curve.x, 2 * s->curve.n);
    return w->status;
}

static mlsd_status load(mlsd__reader *r, const mlsd_spec *spec, const mlsd__feature *features,
                        int64_t n_features, int64_t n_classes, void **out_state)
{
    int64_t n = 0;
    state *s = NULL;
    (void)n_classes;
    *out_state = NULL;
    const double is_increasing = mlsd__take_f64(r);
    double *const points = mlsd__take_f64s(r, &n);
    mlsd_status status = r->status;
    bool fits = n >= 2 && n % 2 == 0 && n_features == 1;
    for (int64_t i = 1; fits && i < n / 2; i++) fits = points[i] > points[i - 1];
    if (status == MLSD_OK && !fits)
        status = mlsd__fail(MLSD_E_CORRUPT, "the isotonic curve in the file contradicts itself");
    if (status == MLSD_OK) status = state_new(r->allocator, spec, features, &s);
    if (status != MLSD_OK) {
        mlsd__free(r->allocator, points);
        return status;
    }
    s->curve = (mlsd__isotonic){.n = n / 2, .x = points, .y = points + n / 2};
    s->is_increasing = is_increasing;
    *out_state = s;
    return MLSD_OK;
}

static const mlsd__estimator_ops ops = {
    .regresses = true,
    .transforms = true,
    .check = check,
    .fit = fit,
    .check_block = check_block,
    .predict_block = predict_block,
    .features_out = features_out,
    .transform_block = transform_block,
    .makes_nan = makes_nan,
    .attribute = attribute,
    .save = save,
    .load = load,
    .free_state = free_state,
};

static const char *const bounds[] = {"clip", "raise", "nan", NULL};
static const mlsd_param table[] = {
    MLSD__P_F64_NULL(isotonic_params, y_min, -INFINITY, INFINITY,
                     MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "null",
                     "least value of the curve; null: none"),
    MLSD__P_F64_NULL(isotonic_params, y_max, -INFINITY, INFINITY,
                     MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "null",
                     "largest value of the curve; null: none"),
    MLSD__P_BOOL(isotonic_params, increasing, "true", "the curve rises; otherwise it falls"),
    MLSD__P_BOOL(isotonic_params, auto_increasing, "false",
                 "let Spearman's rank correlation say whether it rises"),
    MLSD__P_CHOICE(isotonic_params, out_of_bounds, bounds, "\"clip\"",
                   "beyond the training rows: the value at the end, an error, or NaN"),
};

const mlsd_kind mlsd__kind_isotonic_regression = {
    .name = "isotonic_regression",
    .family = "estimator",
    .doc = "The nearest curve of one column that never falls, or never rises",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(isotonic_params),
    .ops = &ops,
    .traits = "{\"tasks\":[\"regression\"],\"transform\":true,\"iterative\":false,\"proba\":false,"
              "\"sklearn\":\"IsotonicRegression\"}",
};
