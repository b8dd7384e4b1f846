/* spline_features.c - B-splines of each column of numbers: a linear model on them is smooth, but no
 * line.
 *
 * Names and rules are those of scikit-learn's SplineTransformer; weights count as rows where knots
 * are quantiles. A constant column gets knots within 1/2 of it. NaN gives NaN in all columns of its
 * feature; categories go through. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/transform/column_pass.h"
#include "model/transform/level_rank.h"
#include "model/transform/spline_basis.h"
#include "numeric/mathfun.h"

extern const mlsd_kind mlsd__kind_spline_features;

enum { UNIFORM, QUANTILE };

typedef struct spline_params {
    int64_t n_knots, degree, knots, extrapolation, include_bias;
} spline_params;

typedef struct spline_state {
    int64_t p, p_out, n_named;
    int64_t n_knots, degree, extrapolation, n_all; /* n_all: knots of a column */
    int64_t width;                                 /* columns out of a number */
    double reach;                                  /* numbers may lie so many intervals away */
    mlsd__feature *features, *out;                 /* owned: p and p_out */
    double *knots;                                 /* p x n_all; zeros for categories */
} spline_state;

static void free_state(const mlsd__allocator *a, void *state_)
{
    spline_state *const state = state_;
    mlsd__features_free(a, state->features, state->p);
    mlsd__features_free(a, state->out, state->n_named);
    mlsd__free(a, state->knots);
    mlsd__free(a, state);
}

static mlsd_status check(const mlsd_spec *spec, mlsd_task task)
{
    (void)task;
    const spline_params *const params = mlsd__spec_params(spec);
    if (params->extrapolation == MLSD__SPLINE_PERIODIC && params->n_knots <= params->degree)
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "periodic splines need more knots than their degree, got %lld for %lld",
                          (long long)params->n_knots, (long long)params->degree);
    if (params->include_bias == 0 && params->n_knots + params->degree <= 2)
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "one spline and no 'include_bias' leave no column; add knots");
    return MLSD_OK;
}

static bool is_number(const spline_state *state, int64_t j)
{
    return state->features[j].type == MLSD__NUMERIC;
}

static mlsd__spline spline_of(const spline_state *state, int64_t j)
{
    return (mlsd__spline){.degree = state->degree,
                          .n_knots = state->n_knots,
                          .extrapolation = state->extrapolation,
                          .knots = state->knots + j * state->n_all};
}

static mlsd_status name_outputs(const mlsd__allocator *a, spline_state *state)
{
    for (int64_t j = 0; j < state->p; j++) {
        const int64_t width = is_number(state, j) ? state->width : 1;
        for (int64_t k = 0; k < width; k++) {
            mlsd__feature *const out = &state->out[state->n_named];
            char number[32];
            (void)snprintf(number, sizeof number, "_sp_%lld", (long long)k);
            MLSD__TRY(is_number(state, j)
                          ? mlsd__feature_name(a, state->features[j].name, number, out)
                          : mlsd__feature_copy(a, &state->features[j], out));
            state->n_named++;
        }
    }
    return MLSD_OK;
}

static mlsd_status state_new(const mlsd__allocator *a, const mlsd_spec *spec,
                             const mlsd__feature *features, int64_t p, spline_state **out)
{
    const spline_params *const params = mlsd__spec_params(spec);
    *out = NULL;
    MLSD__TRY(check(spec, MLSD_TASK_NONE));
    const mlsd__spline shape = {.degree = params->degree,
                                .n_knots = params->n_knots,
                                .extrapolation = params->extrapolation};
    const int64_t width = mlsd__spline_count(&shape) - (params->include_bias == 0);
    int64_t n_numbers = 0, p_out, size;
    for (int64_t j = 0; j < p; j++) n_numbers += features[j].type == MLSD__NUMERIC;
    MLSD__TRY(mlsd__mul_size(n_numbers, width, &p_out));
    p_out += p - n_numbers;
    if (p_out > MLSD__MOST_COLUMNS && n_numbers > 0)
        return mlsd__fail(MLSD_E_SHAPE,
                          "%lld columns of numbers make %lld splines, and %d is the most; lower "
                          "'n_knots'",
                          (long long)n_numbers, (long long)p_out, MLSD__MOST_COLUMNS);
    spline_state *const state = mlsd__alloc(a, 1, sizeof *state);
    if (state == NULL) return MLSD_E_NOMEM;
    state->n_knots = params->n_knots;
    state->degree = params->degree;
    state->extrapolation = params->extrapolation;
    state->n_all = params->n_knots + 2 * params->degree;
    state->width = width;
    state->p_out = p_out;
    state->reach = mlsd__pow(1e150, 1 / (double)(params->degree > 0 ? params->degree : 1));
    state->out = mlsd__alloc(a, p_out, sizeof *state->out);
    mlsd_status status = mlsd__mul_size(p, state->n_all, &size);
    if (status == MLSD_OK) {
        state->knots = mlsd__alloc(a, size, sizeof *state->knots);
        if (state->knots == NULL || state->out == NULL) status = MLSD_E_NOMEM;
    }
    if (status == MLSD_OK) status = mlsd__features_copy(a, features, p, &state->features);
    if (status == MLSD_OK) {
        state->p = p;
        status = name_outputs(a, state);
    }
    if (status != MLSD_OK) {
        free_state(a, state);
        return status;
    }
    *out = state;
    return MLSD_OK;
}

static void space_evenly(double low, double high, int64_t n, double *out)
{
    for (int64_t k = 0; k < n; k++) {
        const double share = (double)k / (double)(n - 1);
        out[k] = low * (1 - share) + high * share;             /* high - low may overflow */
        if (k > 0 && out[k] < out[k - 1]) out[k] = out[k - 1]; /* rounding */
    }
}

static mlsd_status place_quantiles(void *arg, const mlsd__sorted_column *c, mlsd__scope *scope)
{
    const spline_state *const state = arg;
    double *const base = state->knots + c->column * state->n_all + state->degree;
    (void)scope;
    mlsd__column_quantile_grid(c, state->n_knots, base);
    return MLSD_OK;
}

static mlsd_status place_evenly(mlsd__scope *scope, const mlsd__train *train,
                                const spline_state *state)
{
    double *const range = mlsd__alloc_raw(scope->allocator, state->p, 2 * sizeof *range);
    if (range == NULL) return MLSD_E_NOMEM;
    double *const max = range + state->p;
    const mlsd_status status = mlsd__column_ranges(scope, train, range, max);
    for (int64_t j = 0; status == MLSD_OK && j < state->p; j++) {
        double *const base = state->knots + j * state->n_all + state->degree;
        if (range[j] <= max[j])
            space_evenly(range[j], max[j], state->n_knots, base);
        else
            base[0] = NAN; /* no values */
    }
    mlsd__free(scope->allocator, range);
    return status;
}

/* Knots of columns that are constant or have no values, and the outer ones. */
static mlsd_status complete(const spline_state *state)
{
    for (int64_t j = 0; j < state->p; j++) {
        double *const knots = state->knots + j * state->n_all;
        double *const base = knots + state->degree;
        if (!is_number(state, j)) {
            memset(knots, 0, (size_t)state->n_all * sizeof *knots);
            continue;
        }
        const double low = isnan(base[0]) ? 0 : base[0];
        if (isnan(base[0]) || base[0] == base[state->n_knots - 1]) {
            const double half = fmax(0.5, fabs(low) * 1e-10);
            space_evenly(low - half, low + half, state->n_knots, base);
        }
        mlsd__spline_extend(state->degree, state->n_knots, state->extrapolation, knots);
        for (int64_t k = 0; k < state->n_all; k++) {
            if (!isfinite(knots[k]) || fabs(knots[k]) > 1e300)
                return mlsd__fail(MLSD_E_NUMERIC, "column '%.100s' is too large for splines",
                                  state->features[j].name);
        }
    }
    return MLSD_OK;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    const spline_params *const params = mlsd__spec_params(spec);
    spline_state *state;
    MLSD__TRY(state_new(scope->allocator, spec, train->x->features, train->x->n_features, &state));
    mlsd_status status = params->knots == QUANTILE
                             ? mlsd__each_sorted_number(scope, train, place_quantiles, state)
                             : place_evenly(scope, train, state);
    if (status == MLSD_OK) status = complete(state);
    if (status != MLSD_OK) {
        free_state(scope->allocator, state);
        return status;
    }
    *out_state = state;
    return MLSD_OK;
}

/* Is x beyond what the extrapolation can take? The polynomials of the end intervals are followed as
 * far as their powers are finite. */
static bool is_out_of_reach(const spline_state *state, int64_t j, double x)
{
    if (state->extrapolation == MLSD__SPLINE_CONSTANT || !is_number(state, j)) return false;
    const double *const base = state->knots + j * state->n_all + state->degree;
    const double low = base[0], high = base[state->n_knots - 1];
    if (!(x < low) && !(x > high)) return false;
    if (state->extrapolation == MLSD__SPLINE_ERROR) return true;
    double narrowest = high - low;
    for (int64_t k = 0; k + 1 < state->n_knots; k++) {
        if (base[k] < base[k + 1]) narrowest = fmin(narrowest, base[k + 1] - base[k]);
    }
    return !(fabs(x / 2 - low / 2) / narrowest < state->reach);
}

static mlsd_status check_block(const void *state_, const double *x, int64_t n, int64_t ld,
                               int64_t first_row, bool has_nan, double *scratch)
{
    const spline_state *const state = state_;
    (void)has_nan, (void)scratch;
    for (int64_t i = 0; state->extrapolation != MLSD__SPLINE_CONSTANT && i < n; i++) {
        for (int64_t j = 0; j < state->p; j++) {
            if (is_out_of_reach(state, j, x[i * ld + j]))
                return mlsd__fail(MLSD_E_DATA,
                                  "row %lld, column '%.100s' is %g, beyond the knots%s; set "
                                  "'extrapolation' of spline_features to constant",
                                  (long long)(first_row + i), state->features[j].name,
                                  x[i * ld + j],
                                  state->extrapolation == MLSD__SPLINE_ERROR ? "" : " by far");
        }
    }
    return MLSD_OK;
}

static void transform_block(const void *state_, const double *in, int64_t n, double *out)
{
    const spline_state *const state = state_;
    for (int64_t i = 0; i < n; i++) {
        double *to = out + i * state->p_out;
        for (int64_t j = 0; j < state->p; j++) {
            const double x = in[i * state->p + j];
            const int64_t width = is_number(state, j) ? state->width : 1;
            if (is_number(state, j) && !isnan(x)) {
                const mlsd__spline spline = spline_of(state, j);
                mlsd__spline_values(&spline, x, width, to);
            } else {
                for (int64_t k = 0; k < width; k++) to[k] = x;
            }
            to += width;
        }
    }
}

static const mlsd__feature *features_out(const void *state_, int64_t *out_n)
{
    const spline_state *const state = state_;
    *out_n = state->p_out;
    return state->out;
}

static const char *attribute(const void *state_, int64_t i, const double **data, int64_t *rows,
                             int64_t *cols)
{
    const spline_state *const state = state_;
    if (i > 0) return NULL;
    *data = state->knots;
    *rows = state->p;
    *cols = state->n_all;
    return "knots";
}

static mlsd_status save(const void *state_, mlsd__writer *w)
{
    const spline_state *const state = state_;
    mlsd__put_f64s(w, state->knots, state->p * state->n_all);
    return w->status;
}

/* Finite, ascending, and the base knots not all one. */
static bool are_knots(const spline_state *state, const double *knots)
{
    for (int64_t j = 0; j < state->p; j++) {
        const double *const t = knots + j * state->n_all;
        for (int64_t k = 0; k < state->n_all; k++) {
            if (!(fabs(t[k]) <= 1e300) || (k > 0 && t[k] < t[k - 1])) return false;
        }
        if (is_number(state, j) && !(t[state->degree] < t[state->degree + state->n_knots - 1]))
            return false;
    }
    return true;
}

static mlsd_status load(mlsd__reader *r, const mlsd_spec *spec, const mlsd__feature *features,
                        int64_t n_features, int64_t n_classes, void **out_state)
{
    (void)n_classes;
    spline_state *state = NULL;
    int64_t n = 0;
    *out_state = NULL;
    double *const knots = mlsd__take_f64s(r, &n);
    mlsd_status status = r->status;
    /* Before memory is asked for. */
    const spline_params *const params = mlsd__spec_params(spec);
    const int64_t each = params->n_knots + 2 * params->degree;
    const bool fits = n / each == n_features && n % each == 0;
    if (status == MLSD_OK && fits)
        status = state_new(r->allocator, spec, features, n_features, &state);
    if (status == MLSD_OK && (!fits || !are_knots(state, knots)))
        status = mlsd__fail(MLSD_E_CORRUPT, "spline_features has no knots for its columns");
    if (status == MLSD_OK) {
        if (n > 0) memcpy(state->knots, knots, (size_t)n * sizeof *knots);
        *out_state = state;
    } else if (state != NULL) {
        free_state(r->allocator, state);
    }
    mlsd__free(r->allocator, knots);
    return status;
}

static const mlsd__estimator_ops ops = {
    .transforms = true,
    .takes_nan = true,
    .takes_category = true,
    .check = check,
    .fit = fit,
    .check_block = check_block,
    .features_out = features_out,
    .transform_block = transform_block,
    .attribute = attribute,
    .save = save,
    .load = load,
    .free_state = free_state,
};

static const char *const knot_choices[] = {"uniform", "quantile", NULL};
static const char *const extrapolations[] = {"constant", "linear", "continue",
                                             "periodic", "error",  NULL};
static const mlsd_param table[] = {
    MLSD__P_I64(spline_params, n_knots, 2, 10000, "5", NULL, "Knots of each column"),
    MLSD__P_I64(spline_params, degree, 0, MLSD__MOST_SPLINE_DEGREE, "3", NULL,
                "Degree of the polynomials between knots"),
    MLSD__P_CHOICE(spline_params, knots, knot_choices, "\"uniform\"",
                   "Where knots lie: evenly over the range, or at quantiles"),
    MLSD__P_CHOICE(spline_params, extrapolation, extrapolations, "\"constant\"",
                   "What lies beyond the outer knots: the value there, a line, the polynomial, the "
                   "same from the other end, or an error"),
    MLSD__P_BOOL(spline_params, include_bias, "true",
                 "Keep the last spline of each column, though all together sum to 1"),
};

const mlsd_kind mlsd__kind_spline_features = {
    .name = "spline_features",
    .family = "transform",
    .doc = "B-splines of columns of numbers",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(spline_params),
    .ops = &ops,
    .traits = "{\"transform\":true,\"sklearn\":\"SplineTransformer\"}",
};
