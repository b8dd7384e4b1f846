/* select_from_model.c - keep the columns that count in a fitted model: by the sizes of its
 * coefficients, or its importances. Names and rules are scikit-learn's SelectFromModel. */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "model/select/inner_fit.h"
#include "numeric/rank.h"

extern const mlsd_kind mlsd__kind_select_from_model;

typedef struct from_model_params {
    char *threshold;
    int64_t max_features;
} from_model_params;

enum { IMPORTANCES, THRESHOLD };
static const char *const names[] = {"importances", "threshold", NULL};

/* What is as good as 0 among coefficients that a penalty can make 0. */
static const double NOTHING = 1e-5;

/* "mean", "1.25*median", "0.1": a factor, and what it multiplies. */
typedef struct threshold {
    double factor;
    enum { OF_ONE, OF_MEAN, OF_MEDIAN } of;
} threshold;

static bool parse_threshold(const char *text, threshold *out)
{
    const char *const star = strchr(text, '*');
    const char *name = star != NULL ? star + 1 : text;
    *out = (threshold){.factor = 1, .of = OF_ONE};
    if (star == NULL && mlsd__parse_double(text, strlen(text), &out->factor))
        return !isnan(out->factor);
    if (star != NULL) {
        size_t n = (size_t)(star - text);
        while (n > 0 && text[n - 1] == ' ') n--;
        if (!mlsd__parse_double(text, n, &out->factor) || !isfinite(out->factor)) return false;
        while (*name == ' ') name++;
    }
    out->of = strcmp(name, "median") == 0 ? OF_MEDIAN : OF_MEAN;
    return strcmp(name, "mean") == 0 || strcmp(name, "median") == 0;
}

/* Can the estimator's penalty make coefficients 0? */
static bool is_sparse(const mlsd_spec *child)
{
    const mlsd_spec *const final = mlsd__estimator_final(child);
    const char *const kind = mlsd_kind_name(mlsd_spec_kind(final));
    const char *penalty = NULL;
    if (strcmp(kind, "lasso") == 0 || strcmp(kind, "lasso_cv") == 0) return true;
    for (int64_t i = 0; i < mlsd_kind_param_count(mlsd_spec_kind(final)); i++) {
        const mlsd_param *const param = mlsd_kind_param_at(mlsd_spec_kind(final), i);
        if (strcmp(mlsd_param_name(param), "penalty") == 0)
            return mlsd_spec_get_str(final, "penalty", &penalty) == MLSD_OK && penalty != NULL &&
                   strcmp(penalty, "l1") == 0;
    }
    return false;
}

static mlsd_status check(const mlsd_spec *spec, mlsd_task task)
{
    const from_model_params *const params = mlsd__spec_params(spec);
    const mlsd_spec *child;
    threshold ignored;
    if (params->threshold != NULL && !parse_threshold(params->threshold, &ignored))
        return mlsd__fail(MLSD_E_PARAM_RANGE,
                          "'threshold' is \"%.60s\": give a number, \"mean\", \"median\", or a "
                          "multiple such as \"1.25*mean\"",
                          params->threshold);
    return mlsd__inner_child(spec, task, &child);
}

static mlsd_status find_threshold(const mlsd__allocator *a, const mlsd_spec *spec,
                                  const double *importance, int64_t p, double *out)
{
    const from_model_params *const params = mlsd__spec_params(spec);
    threshold t = {.factor = NOTHING, .of = OF_ONE};
    if (params->threshold != NULL)
        (void)parse_threshold(params->threshold, &t);
    else if (!is_sparse(mlsd__spec_slot_child(spec, "estimator")))
        t = (threshold){.factor = 1, .of = OF_MEAN};
    double sum = 0;
    for (int64_t j = 0; j < p; j++) sum += importance[j];
    *out = t.of == OF_MEAN ? t.factor * (sum / (double)p) : t.factor;
    if (t.of != OF_MEDIAN) return MLSD_OK;
    int64_t *const order = mlsd__alloc_raw(a, p, sizeof *order);
    if (order == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = mlsd__argsort(a, importance, p, order);
    if (status == MLSD_OK && p > 0)
        *out = t.factor * 0.5 * (importance[order[(p - 1) / 2]] + importance[order[p / 2]]);
    mlsd__free(a, order);
    return status;
}

static mlsd_status choose(mlsd__scope *scope, const mlsd_spec *spec, const double *importance,
                          mlsd__selection *s)
{
    const from_model_params *const params = mlsd__spec_params(spec);
    double *cut;
    MLSD__TRY(mlsd__selection_array_new(scope->allocator, s, THRESHOLD, 1, 1, &cut));
    MLSD__TRY(find_threshold(scope->allocator, spec, importance, s->p, cut));
    int64_t *const falling = mlsd__alloc_raw(scope->allocator, s->p, sizeof *falling);
    if (falling == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = mlsd__rank_falling(scope->allocator, importance, s->p, falling);
    const int64_t most = params->max_features == MLSD__NULL_I64 ? s->p : params->max_features;
    for (int64_t i = 0; status == MLSD_OK && i < s->p; i++)
        s->support[falling[i]] = i < most && importance[falling[i]] >= *cut;
    mlsd__free(scope->allocator, falling);
    return status;
}

static mlsd_status fit_columns(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                               mlsd__selection *s)
{
    const mlsd_spec *const child = mlsd__spec_slot_child(spec, "estimator");
    const mlsd__estimator_ops *const ops = mlsd__spec_ops(child);
    double *importance;
    void *state = NULL;
    if (train->y == NULL)
        return mlsd__fail(MLSD_E_DATA, "select_from_model needs a target, and one only");
    MLSD__TRY(mlsd__selection_array_new(scope->allocator, s, IMPORTANCES, 1, s->p, &importance));
    mlsd__train inner = *train;
    inner.progress = NULL;
    inner.curve = NULL;
    MLSD__TRY(mlsd__estimator_fit(scope, child, &inner, &state));
    mlsd_status status =
        mlsd__importance_of(child, state, train->x->features, s->p, false, importance);
    ops->free_state(scope->allocator, state);
    if (status == MLSD_OK) status = choose(scope, spec, importance, s);
    return status;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    mlsd__selection *s;
    mlsd_status status =
        mlsd__selection_new(scope->allocator, train->x->features, train->x->n_features, names, &s);
    if (status == MLSD_OK) status = fit_columns(scope, spec, train, s);
    return mlsd__selection_hand_over(scope, status, s, out_state);
}

static const mlsd__selection_ops ops = MLSD__SELECTION_OPS(
    names, .takes_nan = true, .takes_category = true, .checks_x = true, .check = check, .fit = fit);

static const mlsd_param table[] = {
    MLSD__P_STR(from_model_params, threshold, "null",
                "What a column's importance must reach: a number, \"mean\", \"median\" or a "
                "multiple, \"1.25*mean\"; null: 1e-5 under an l1 penalty, else the mean"),
    MLSD__P_I64_NULL(from_model_params, max_features, 0, INFINITY, "null",
                     "At most so many columns, the most important ones"),
};

const mlsd_kind mlsd__kind_select_from_model = {
    .name = "select_from_model",
    .family = "transform",
    .doc = "Keep the columns that count in a fitted model",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(from_model_params),
    .slots = mlsd__inner_slots,
    .n_slots = 1,
    .ops = &ops,
    .traits = "{\"transform\":true,\"target\":true,\"sklearn\":\"SelectFromModel\"}",
};
