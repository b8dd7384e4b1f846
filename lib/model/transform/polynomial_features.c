/* polynomial_features.c - products of the columns of numbers up to a degree.
 *
 * Order, names and options are those of scikit-learn's PolynomialFeatures; categories follow
 * unchanged. A term is an earlier term times a column, so each costs one product. Too many columns,
 * and numbers whose products would overflow, are errors. NaN gives NaN. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "model/transform/column_pass.h"
#include "model/transform/level_rank.h"
#include "numeric/mathfun.h"

extern const mlsd_kind mlsd__kind_polynomial_features;

typedef struct polynomial_params {
    int64_t degree, interaction_only, include_bias;
} polynomial_params;

/* The product of term `before` (-1: one) with a column; of no column where that is -1. */
typedef struct term {
    int64_t before, column;
} term;

typedef struct polynomial_state {
    int64_t p, p_out, n_terms, n_named;
    double largest;          /* of a number whose powers are finite */
    mlsd__feature *features; /* owned copies of the columns in */
    mlsd__feature *out;      /* p_out: terms, then categories */
    term *terms;
} polynomial_state;

static void free_state(const mlsd__allocator *a, void *state_)
{
    polynomial_state *const state = state_;
    mlsd__features_free(a, state->features, state->p);
    mlsd__features_free(a, state->out, state->n_named);
    mlsd__free(a, state->terms);
    mlsd__free(a, state);
}

/* Terms of all degrees over q columns, as a double: it may be any size. */
static double count_terms(const polynomial_params *params, int64_t q)
{
    double total = params->include_bias != 0 ? 1 : 0, of_degree = 1;
    for (int64_t d = 1; d <= params->degree; d++) {
        const double choices = (double)(params->interaction_only != 0 ? q - d + 1 : q + d - 1);
        /* Whole at each step, hence exact as long as it matters: list_terms fills as many. */
        of_degree = of_degree * (choices > 0 ? choices : 0) / (double)d;
        total += of_degree;
    }
    return total;
}

static void list_terms(const polynomial_params *params, polynomial_state *state)
{
    if (params->include_bias != 0) state->terms[state->n_terms++] = (term){-1, -1};
    int64_t first = -1; /* the first term of the degree below; -1: one itself */
    for (int64_t d = 1; d <= params->degree; d++) {
        const int64_t end = state->n_terms;
        for (int64_t t = first; t < (first < 0 ? 0 : end); t++) {
            int64_t j = t < 0 ? 0 : state->terms[t].column + (params->interaction_only != 0);
            for (; j < state->p; j++) {
                if (state->features[j].type != MLSD__NUMERIC) continue;
                state->terms[state->n_terms++] = (term){t, j};
            }
        }
        first = end;
    }
}

/* "x0^2 x1", or "1". */
static mlsd_status name_term(const mlsd__allocator *a, const polynomial_state *state, int64_t t,
                             mlsd__feature *out)
{
    int64_t columns[64], n = 0;
    for (; t >= 0 && state->terms[t].column >= 0 && n < MLSD__COUNT(columns);
         t = state->terms[t].before)
        columns[n++] = state->terms[t].column;
    mlsd__text text;
    mlsd__text_init(&text, a);
    if (n == 0) mlsd__text_append(&text, "1");
    while (n > 0) { /* columns are listed from the last to the first */
        const int64_t column = columns[n - 1];
        int64_t power = 0;
        for (; n > 0 && columns[n - 1] == column; n--) power++;
        mlsd__text_append(&text, state->features[column].name);
        if (power > 1) mlsd__text_format(&text, "^%lld", (long long)power);
        if (n > 0) mlsd__text_append(&text, " ");
    }
    mlsd_status status = text.status;
    if (status == MLSD_OK) status = mlsd__feature_name(a, text.data, "", out);
    mlsd__text_free(&text);
    return status;
}

static mlsd_status name_outputs(const mlsd__allocator *a, polynomial_state *state)
{
    for (int64_t t = 0; t < state->n_terms; t++) {
        MLSD__TRY(name_term(a, state, t, &state->out[state->n_named]));
        state->n_named++;
    }
    for (int64_t j = 0; j < state->p; j++) {
        if (state->features[j].type == MLSD__NUMERIC) continue;
        MLSD__TRY(mlsd__feature_copy(a, &state->features[j], &state->out[state->n_named]));
        state->n_named++;
    }
    return MLSD_OK;
}

static mlsd_status state_new(const mlsd__allocator *a, const mlsd_spec *spec,
                             const mlsd__feature *features, int64_t p, polynomial_state **out)
{
    const polynomial_params *const params = mlsd__spec_params(spec);
    int64_t q = 0;
    *out = NULL;
    for (int64_t j = 0; j < p; j++) q += features[j].type == MLSD__NUMERIC;
    const double n_terms = count_terms(params, q);
    if (n_terms > MLSD__MOST_COLUMNS)
        return mlsd__fail(MLSD_E_SHAPE,
                          "degree %lld of %lld columns makes %.0f columns, and %d is the most; "
                          "lower 'degree'%s",
                          (long long)params->degree, (long long)q, n_terms, MLSD__MOST_COLUMNS,
                          params->interaction_only == 0 ? " or set 'interaction_only'" : "");
    polynomial_state *const state = mlsd__alloc(a, 1, sizeof *state);
    if (state == NULL) return MLSD_E_NOMEM;
    state->largest = mlsd__pow(1e300, 1 / (double)params->degree);
    state->p_out = (int64_t)n_terms + p - q;
    state->terms = mlsd__alloc(a, (int64_t)n_terms, sizeof *state->terms);
    state->out = mlsd__alloc(a, state->p_out, sizeof *state->out);
    mlsd_status status = MLSD_E_NOMEM;
    if (state->terms != NULL && state->out != NULL)
        status = mlsd__features_copy(a, features, p, &state->features);
    if (status == MLSD_OK) {
        state->p = p;
        list_terms(params, state);
        status = name_outputs(a, state);
    }
    if (status != MLSD_OK) {
        free_state(a, state);
        return status;
    }
    *out = state;
    return MLSD_OK;
}

static mlsd_status check_block(const void *state_, const double *x, int64_t n, int64_t ld,
                               int64_t first_row, bool has_nan, double *scratch)
{
    const polynomial_state *const state = state_;
    (void)has_nan, (void)scratch;
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < state->p; j++) {
            if (fabs(x[i * ld + j]) > state->largest)
                return mlsd__fail(MLSD_E_DATA,
                                  "row %lld, column '%.100s' is %g: its products overflow; scale "
                                  "it before polynomial_features",
                                  (long long)(first_row + i), state->features[j].name,
                                  x[i * ld + j]);
        }
    }
    return MLSD_OK;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    polynomial_state *state;
    MLSD__TRY(state_new(scope->allocator, spec, train->x->features, train->x->n_features, &state));
    const mlsd_status status = mlsd__check_rows(scope, train->x, check_block, state);
    if (status != MLSD_OK) {
        free_state(scope->allocator, state);
        return status;
    }
    *out_state = state;
    return MLSD_OK;
}

static void transform_block(const void *state_, const double *in, int64_t n, double *out)
{
    const polynomial_state *const state = state_;
    for (int64_t i = 0; i < n; i++) {
        const double *const from = in + i * state->p;
        double *const to = out + i * state->p_out;
        for (int64_t t = 0; t < state->n_terms; t++) {
            const term at = state->terms[t];
            const double left = at.before < 0 ? 1 : to[at.before];
            to[t] = at.column < 0 ? 1 : left * from[at.column];
        }
        int64_t at = state->n_terms;
        for (int64_t j = 0; at < state->p_out; j++) {
            if (state->features[j].type != MLSD__NUMERIC) to[at++] = from[j];
        }
    }
}

static const mlsd__feature *features_out(const void *state_, int64_t *out_n)
{
    const polynomial_state *const state = state_;
    *out_n = state->p_out;
    return state->out;
}

static mlsd_status save(const void *state, mlsd__writer *w)
{
    (void)state; /* all follows from the columns */
    return w->status;
}

static mlsd_status load(mlsd__reader *r, const mlsd_spec *spec, const mlsd__feature *features,
                        int64_t n_features, int64_t n_classes, void **out_state)
{
    (void)n_classes;
    polynomial_state *state;
    *out_state = NULL;
    MLSD__TRY(state_new(r->allocator, spec, features, n_features, &state));
    *out_state = state;
    return MLSD_OK;
}

static const mlsd__estimator_ops ops = {
    .transforms = true,
    .takes_nan = true,
    .takes_category = true,
    .fit = fit,
    .check_block = check_block,
    .features_out = features_out,
    .transform_block = transform_block,
    .save = save,
    .load = load,
    .free_state = free_state,
};

static const mlsd_param table[] = {
    MLSD__P_I64(polynomial_params, degree, 1, 64, "2", NULL, "Most factors of a product"),
    MLSD__P_BOOL(polynomial_params, interaction_only, "false",
                 "Only products of different columns, no powers"),
    MLSD__P_BOOL(polynomial_params, include_bias, "true", "A column of ones first"),
};

const mlsd_kind mlsd__kind_polynomial_features = {
    .name = "polynomial_features",
    .family = "transform",
    .doc = "Products of columns of numbers up to a degree",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(polynomial_params),
    .ops = &ops,
    .traits = "{\"transform\":true,\"sklearn\":\"PolynomialFeatures\"}",
};
