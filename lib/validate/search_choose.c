/* search_choose.c - from the scores of a search to its choice: how simple each candidate is, what
 * it costs, which one the rule takes, and by how much the choice flatters its score (BBC-CV). Ranks
 * of candidates that were given up on the way follow those of the finalists: who came farther
 * first. */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "numeric/rank.h"
#include "validate/row_loss.h"
#include "validate/search_impl.h"

static const double LEVEL = 0.95;
enum { DEFAULT_DRAWS = 1000 };

/* ---- how simple ---- */

/* A name of simple_first without its '-'; *out_falls where it has one. */
static const char *order_name(const char *text, bool *out_falls)
{
    *out_falls = *text == '-';
    return *out_falls ? text + 1 : text;
}

static int64_t find_name(const mlsd__space *space, const char *name)
{
    for (int64_t i = 0; i < space->n_names; i++) {
        if (strcmp(space->names[i], name) == 0) return i;
    }
    return -1;
}

static const char *name_at(const void *user, int64_t i)
{
    return ((const mlsd__space *)user)->names[i];
}

mlsd_status mlsd__search_check_choice(const mlsd__search *s)
{
    const mlsd__search_params *const p = s->params;
    for (int64_t i = 0; i < p->simple_first.n; i++) {
        bool falls;
        const char *const name = order_name(p->simple_first.values[i], &falls);
        if (find_name(&s->space, name) >= 0) continue;
        const char *const near = mlsd__nearest_name(name, name_at, &s->space, s->space.n_names);
        if (near != NULL)
            return mlsd__fail(MLSD_E_PARAM_RANGE,
                              "'simple_first' has '%.60s', which 'space' has not; did you mean "
                              "'%.60s'?",
                              name, near);
        return mlsd__fail(MLSD_E_PARAM_RANGE, "'simple_first' has '%.60s', which 'space' has not",
                          name);
    }
    if (p->choose == MLSD__CHOOSE_TOLERANCE && isnan(p->tolerance))
        return mlsd__fail(MLSD_E_PARAM_CONFLICT, "'choose' = tolerance needs 'tolerance'");
    if (p->choose == MLSD__CHOOSE_ROPE && isnan(p->rope))
        return mlsd__fail(MLSD_E_PARAM_CONFLICT, "'choose' = rope needs 'rope'");
    if (p->choose != MLSD__CHOOSE_BEST && p->simple_first.n == 0 &&
        mlsd__space_has_range(&s->space))
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "'choose' = %s takes the simplest, and draws from ranges have no order; "
                          "say in 'simple_first' which parameters make a candidate simple, such as "
                          "\"max_depth\" or, where more is simpler, \"-alpha\"",
                          mlsd__choose_names[p->choose]);
    return MLSD_OK;
}

/* The place of a value in the first list of its parameter that has it. */
static double place_of_value(const mlsd__space *space, int64_t column, const char *text)
{
    for (int64_t g = 0; g < space->n_grids; g++) {
        for (int64_t i = 0; i < space->grids[g].n_axes; i++) {
            const mlsd__axis *const axis = &space->grids[g].axes[i];
            if (axis->column != column) continue;
            for (int64_t k = 0; k < axis->n_values; k++) {
                if (strcmp(axis->values[k], text) == 0) return (double)k;
            }
        }
    }
    return NAN;
}

/* One key a candidate: the number, or where not all are numbers the place in the list. */
static void fill_keys(const mlsd__search *s, int64_t column, bool falls, double *keys)
{
    const mlsd__candidates *const c = &s->candidates;
    bool are_numbers = true;
    for (int64_t i = 0; i < c->n; i++) {
        const char *const text = c->texts[i * c->n_names + column];
        keys[i] = NAN;
        if (text != NULL && !mlsd__parse_double(text, strlen(text), &keys[i])) are_numbers = false;
    }
    for (int64_t i = 0; i < c->n; i++) {
        const char *const text = c->texts[i * c->n_names + column];
        if (!are_numbers) keys[i] = text != NULL ? place_of_value(&s->space, column, text) : NAN;
        if (falls) keys[i] = -keys[i];
    }
}

/* Stable sorting by a key: order becomes that of the key, equal ones as they stood. */
static mlsd_status sort_by(const mlsd__allocator *a, const double *keys, int64_t n, int64_t *order,
                           double *moved, int64_t *places)
{
    for (int64_t i = 0; i < n; i++) moved[i] = keys[order[i]];
    MLSD__TRY(mlsd__argsort(a, moved, n, places));
    for (int64_t i = 0; i < n; i++) places[i] = order[places[i]];
    memcpy(order, places, (size_t)n * sizeof *order);
    return MLSD_OK;
}

/* The place of each candidate from simple to strong: by simple_first, otherwise as listed. */
static mlsd_status set_simplicity(mlsd__search *s, double *keys, double *moved, int64_t *order,
                                  int64_t *places)
{
    const mlsd__str_list *const by = &s->params->simple_first;
    for (int64_t i = 0; i < s->n; i++) {
        order[i] = i;
        keys[i] = s->candidates.place[i] >= 0 ? (double)s->candidates.place[i] : (double)i;
    }
    if (by->n == 0) MLSD__TRY(sort_by(s->a, keys, s->n, order, moved, places));
    for (int64_t b = by->n - 1; b >= 0; b--) {
        bool falls;
        const char *const name = order_name(by->values[b], &falls);
        fill_keys(s, find_name(&s->space, name), falls, keys);
        MLSD__TRY(sort_by(s->a, keys, s->n, order, moved, places));
    }
    for (int64_t k = 0; k < s->n; k++) s->contenders[order[k]].simplicity = (double)k;
    return MLSD_OK;
}

/* ---- what it costs ---- */

/* Median microseconds a row over the splits: one slow moment of the machine does not count. */
static double latency_of(const mlsd__search *s, int64_t candidate, double *us)
{
    int64_t n = 0;
    for (int64_t k = 0; k < s->n_splits; k++) {
        const mlsd__search_cell *const cell = mlsd__search_cell_at(s, candidate, k);
        if (!cell->is_done || cell->status != MLSD_OK || cell->n_test == 0) continue;
        const double x = 1e6 * cell->predict_seconds / (double)cell->n_test;
        if (isnan(x)) continue; /* work that was shared has no time of its own */
        int64_t i = n++;
        for (; i > 0 && us[i - 1] > x; i--) us[i] = us[i - 1];
        us[i] = x;
    }
    return n > 0 ? mlsd__quantile_sorted(us, n, 0.5) : NAN;
}

/* Is every candidate fitted on all rows, for its bytes or, where predictions were shared work and
 * so have no time of their own, for the budget of it? */
static bool measures(const mlsd__search *s)
{
    bool lacks_latency = false;
    for (int64_t i = 0; i < s->n; i++) lacks_latency |= isnan(s->contenders[i].latency_us);
    return s->params->measure_bytes || !isnan(s->params->max_bytes) ||
           (lacks_latency && !isnan(s->params->max_latency_us));
}

/* Microseconds a row of predicting some rows: the median of a few tries. */
static mlsd_status time_model(mlsd__scope *scope, const mlsd__search *s, const mlsd_model *model,
                              double *out)
{
    enum { MOST_ROWS = 1024, TRIES = 5 };
    const int64_t n_all = mlsd_dataset_n_rows(s->dataset),
                  n = n_all < MOST_ROWS ? n_all : MOST_ROWS;
    const int64_t proba = mlsd_model_n_outputs(model, MLSD_OUTPUT_PROBA);
    const mlsd_output what = proba > 0 ? MLSD_OUTPUT_PROBA : MLSD_OUTPUT_VALUE;
    const int64_t size = n * (proba > 0 ? proba : 1);
    double seconds[TRIES];
    mlsd_dataset *view = NULL;
    int64_t *const rows = mlsd__alloc(scope->allocator, n, sizeof *rows);
    double *const values = mlsd__alloc(scope->allocator, size, sizeof *values);
    mlsd_status status = rows == NULL || values == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t i = 0; i < n && status == MLSD_OK; i++) rows[i] = i;
    if (status == MLSD_OK) status = mlsd_dataset_rows(s->dataset, rows, n, &view);
    for (int k = 0; k < TRIES && status == MLSD_OK; k++) {
        const double start = mlsd__seconds();
        status = mlsd__model_predict(scope, model, view, what, values, size);
        const double taken = mlsd__seconds() - start;
        int i = k;
        for (; i > 0 && seconds[i - 1] > taken; i--) seconds[i] = seconds[i - 1];
        seconds[i] = taken;
    }
    if (status == MLSD_OK) *out = 1e6 * seconds[TRIES / 2] / (double)n;
    mlsd_dataset_free(view);
    mlsd__free(scope->allocator, values);
    mlsd__free(scope->allocator, rows);
    return status;
}

/* Bytes and, where it is not known, latency of candidate `task`, fitted on all rows; one that
 * cannot be fitted has none. */
static mlsd_status measure_task(void *arg, int64_t task, mlsd__scope *scope)
{
    mlsd__search *const s = arg;
    mlsd__contender *const c = &s->contenders[task];
    int64_t n_bytes;
    mlsd_model *model = NULL;
    mlsd_status status =
        mlsd__model_fit(scope, s->candidates.specs[task], s->dataset, NULL, NULL, &model);
    if (status == MLSD_OK && isnan(c->latency_us) && model->ops->clock == NULL)
        status = time_model(scope, s, model, &c->latency_us);
    if (status == MLSD_OK) status = mlsd__model_n_bytes(model, &n_bytes);
    if (status == MLSD_OK) c->n_bytes = (double)n_bytes;
    mlsd_model_free(model);
    mlsd__stage_advance(scope, 1);
    const bool is_ending = status == MLSD_E_NOMEM || status == MLSD_E_CANCELLED ||
                           status == MLSD_E_INTERNAL || status <= MLSD_E_USER;
    return is_ending ? status : MLSD_OK;
}

static mlsd_status measure_costs(mlsd__search *s, double *scratch)
{
    for (int64_t i = 0; i < s->n; i++) {
        s->contenders[i].latency_us = latency_of(s, i, scratch);
        s->contenders[i].n_bytes = NAN;
    }
    if (!measures(s)) return MLSD_OK;
    mlsd__stage_begin(s->scope, "measure", s->n);
    const mlsd_status status = mlsd__parallel_for(s->scope, s->n, measure_task, s);
    mlsd__stage_end(s->scope);
    return status;
}

/* ---- the choice ---- */

/* How far a candidate came: finalists farthest; of the others more resources, then more splits. */
static double distance_of(const mlsd__search *s, int64_t i)
{
    int64_t n_done = 0;
    for (int64_t k = 0; k < s->n_splits; k++) n_done += mlsd__search_cell_at(s, i, k)->is_done;
    if (s->contenders[i].is_eligible) return INFINITY;
    if (s->strategy->halves) return (double)s->n_resources[i];
    return s->strategy->races ? (double)n_done : 0;
}

/* Ranks of those that are no finalists: by how far they came, then by score; without a score last
 * and all alike. */
static mlsd_status rank_others(mlsd__search *s, double *keys, double *moved, int64_t *order,
                               int64_t *places)
{
    if (!s->strategy->halves && !s->strategy->races) return MLSD_OK;
    const double sign = s->rule.greater_is_better ? -1 : 1;
    for (int64_t i = 0; i < s->n; i++) {
        order[i] = i;
        keys[i] = sign * s->contenders[i].score.value;
    }
    MLSD__TRY(sort_by(s->a, keys, s->n, order, moved, places));
    for (int64_t i = 0; i < s->n; i++)
        keys[i] = isnan(s->contenders[i].score.value) ? NAN : -distance_of(s, i);
    MLSD__TRY(sort_by(s->a, keys, s->n, order, moved, places));
    for (int64_t k = s->choice.n_eligible; k < s->n; k++) {
        mlsd__contender *const c = &s->contenders[order[k]];
        const int64_t before = k > 0 ? order[k - 1] : -1;
        const bool ties = before >= 0 && !s->contenders[before].is_eligible &&
                          ((isnan(keys[before]) && isnan(keys[order[k]])) ||
                           (keys[before] == keys[order[k]] &&
                            s->contenders[before].score.value == c->score.value));
        c->rank = ties ? s->contenders[before].rank : k + 1;
    }
    return MLSD_OK;
}

static mlsd_status apply_rule(mlsd__search *s)
{
    const mlsd__search_params *const p = s->params;
    const mlsd__metric_ops *metric;
    MLSD__TRY(mlsd__metric_find(s->metrics.names[0], &metric));
    s->rule = (mlsd__choice_rule){.rule = p->choose,
                                  .tolerance = p->tolerance,
                                  .rope = p->rope,
                                  .max_latency_us = p->max_latency_us,
                                  .max_bytes = p->max_bytes,
                                  .level = LEVEL,
                                  .test_train = s->test_train,
                                  .greater_is_better = metric->greater_is_better};
    int64_t most = 0;
    for (int64_t i = 0; i < s->n; i++) {
        if (s->n_resources[i] > most) most = s->n_resources[i];
    }
    for (int64_t i = 0; i < s->n; i++) {
        s->contenders[i].scores = mlsd__search_scores(s, i, 0);
        s->contenders[i].is_out = s->is_given_up[i] || s->n_resources[i] < most;
    }
    MLSD__TRY(mlsd__choose(s->a, &s->rule, s->contenders, s->n, s->n_splits, &s->choice));
    for (int64_t i = 0; i < s->n; i++) s->front[i] = s->contenders[i].on_front;
    return MLSD_OK;
}

/* The front without latency, which differs from run to run. */
static mlsd_status find_steady_front(mlsd__search *s, double *latencies)
{
    for (int64_t i = 0; i < s->n; i++) {
        latencies[i] = s->contenders[i].latency_us;
        s->contenders[i].latency_us = NAN;
    }
    const mlsd_status status = mlsd__choice_front(s->a, &s->rule, s->contenders, s->n);
    for (int64_t i = 0; i < s->n; i++) s->contenders[i].latency_us = latencies[i];
    return status;
}

/* ---- the bootstrap of the choice ---- */

/* Losses of one candidate for the rows that were tested: the mean where a row was tested more than
 * once. `counts` are the tests of each row. */
static mlsd_status add_losses(const mlsd__search *s, const mlsd__metric_ops *metric, int64_t c,
                              const int64_t *const *tested, const int64_t *counts,
                              const int64_t *place, double *losses, double *scratch)
{
    for (int64_t k = 0; k < s->n_splits; k++) {
        const mlsd__search_cell *const cell = mlsd__search_cell_at(s, c, k);
        const int64_t n_test = cell->n_test;
        const bool has = cell->scoring.n == n_test && cell->status == MLSD_OK;
        if (has) mlsd__row_losses(metric, &cell->scoring, scratch);
        for (int64_t i = 0; i < n_test; i++) {
            const int64_t row = tested[k][i];
            losses[place[row] * s->n + c] += (has ? scratch[i] : NAN) / (double)counts[row];
        }
        MLSD__TRY(mlsd__checkpoint(s->scope));
    }
    return MLSD_OK;
}

typedef struct tested_rows {
    int64_t *rows;           /* of all splits, one after the other */
    const int64_t **starts;  /* n_splits */
    int64_t *counts, *place; /* by row: how often it is tested, and its number among those tested */
    int64_t n_tested, n_most;
} tested_rows;

static void tested_close(tested_rows *t, const mlsd__allocator *a)
{
    mlsd__free(a, t->rows);
    mlsd__free(a, t->starts);
    mlsd__free(a, t->counts);
    mlsd__free(a, t->place);
}

static mlsd_status tested_open(tested_rows *t, const mlsd__search *s)
{
    const int64_t last = mlsd_folds_n_parts(s->folds) - 1, n = mlsd_dataset_n_rows(s->dataset);
    int64_t n_all = 0;
    for (int64_t k = 0; k < s->n_splits; k++) {
        const int64_t n_test = mlsd_folds_part_size(s->folds, k, last);
        n_all += n_test;
        if (n_test > t->n_most) t->n_most = n_test;
    }
    t->rows = mlsd__alloc(s->a, n_all, sizeof *t->rows);
    t->starts = mlsd__alloc(s->a, s->n_splits, sizeof *t->starts);
    t->counts = mlsd__alloc(s->a, n, sizeof *t->counts);
    t->place = mlsd__alloc(s->a, n, sizeof *t->place);
    if (t->rows == NULL || t->starts == NULL || t->counts == NULL || t->place == NULL)
        return MLSD_E_NOMEM;
    int64_t at = 0;
    for (int64_t k = 0; k < s->n_splits; k++) {
        const int64_t n_test = mlsd_folds_part_size(s->folds, k, last);
        t->starts[k] = t->rows + at;
        MLSD__TRY(mlsd_folds_part(s->folds, k, last, t->rows + at, n_test));
        for (int64_t i = 0; i < n_test; i++) t->counts[t->rows[at + i]]++;
        at += n_test;
    }
    for (int64_t i = 0; i < n; i++) t->place[i] = t->counts[i] > 0 ? t->n_tested++ : -1;
    return MLSD_OK;
}

static mlsd_status bootstrap_losses(mlsd__search *s, const tested_rows *t)
{
    const mlsd__metric_ops *metric;
    int64_t size;
    MLSD__TRY(mlsd__row_loss_find(s->metrics.names[0], mlsd_dataset_task(s->dataset), &metric));
    MLSD__TRY(mlsd__mul_size(t->n_tested, s->n, &size));
    double *weight = NULL, *kept = NULL;
    double *const losses = mlsd__alloc(s->a, size, sizeof *losses);
    double *const scratch = mlsd__alloc(s->a, t->n_most, sizeof *scratch);
    mlsd_status status = losses == NULL || scratch == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t c = 0; c < s->n && status == MLSD_OK; c++)
        status = add_losses(s, metric, c, t->starts, t->counts, t->place, losses, scratch);
    if (status == MLSD_OK) status = mlsd__dataset_gather_weight(s->dataset, &weight);
    if (status == MLSD_OK && weight != NULL) {
        kept = mlsd__alloc(s->a, t->n_tested, sizeof *kept);
        if (kept == NULL) status = MLSD_E_NOMEM;
        for (int64_t i = 0; status == MLSD_OK && i < s->dataset->n_rows; i++) {
            if (t->place[i] >= 0) kept[t->place[i]] = weight[i];
        }
    }
    if (status == MLSD_OK) {
        const mlsd__bbc_input in = {.losses = losses,
                                    .weight = kept,
                                    .n_rows = t->n_tested,
                                    .n_candidates = s->n,
                                    .greater_is_better = metric->greater_is_better,
                                    .n_draws = s->params->n_bootstraps != MLSD__NULL_I64
                                                   ? s->params->n_bootstraps
                                                   : DEFAULT_DRAWS,
                                    .seed = s->params->seed,
                                    .level = LEVEL};
        status = mlsd__bbc_estimate(s->scope, &in, &s->bbc);
        if (status == MLSD_OK) mlsd__row_loss_to_metric(metric, &s->bbc.estimate);
        s->has_bbc = status == MLSD_OK && !isnan(s->bbc.estimate.value);
    }
    mlsd__free(s->a, kept);
    mlsd__free(&s->dataset->store->allocator, weight);
    mlsd__free(s->a, scratch);
    mlsd__free(s->a, losses);
    return status;
}

static mlsd_status bootstrap_choice(mlsd__search *s)
{
    if (!s->keeps_predictions || s->choice.n_eligible < 2) return MLSD_OK;
    tested_rows t = {0};
    mlsd_status status = tested_open(&t, s);
    if (status == MLSD_OK) status = bootstrap_losses(s, &t);
    tested_close(&t, s->a);
    return status;
}

static const char *first_message(const mlsd__search *s)
{
    for (int64_t i = 0; i < s->n * s->n_splits; i++) {
        if (s->cells[i].message != NULL) return s->cells[i].message;
    }
    return NULL;
}

mlsd_status mlsd__search_choose(mlsd__search *s)
{
    const int64_t room = s->n > s->n_splits ? s->n : s->n_splits;
    double *const keys = mlsd__alloc(s->a, room, 2 * sizeof *keys);
    int64_t *const order = mlsd__alloc(s->a, s->n, 2 * sizeof *order);
    mlsd_status status = keys == NULL || order == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) status = set_simplicity(s, keys, keys + room, order, order + s->n);
    if (status == MLSD_OK) status = measure_costs(s, keys);
    if (status == MLSD_OK) status = apply_rule(s);
    if (status == MLSD_OK) status = find_steady_front(s, keys);
    if (status == MLSD_OK) status = rank_others(s, keys, keys + room, order, order + s->n);
    if (status == MLSD_OK)
        status =
            mlsd__choice_require(&s->choice, "candidate", s->metrics.names[0], first_message(s));
    if (status == MLSD_OK) status = bootstrap_choice(s);
    mlsd__free(s->a, order);
    mlsd__free(s->a, keys);
    return status;
}
