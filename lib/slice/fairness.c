/* fairness.c - the kind fairness: groups by columns, every measure in each cell of the control
 * columns and for each class, tables and a verdict. fairness_impl.h says which file makes what. */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "metric/adjust.h"
#include "metric/interval_rates.h"
#include "slice/fairness_impl.h"
#include "validate/result_impl.h"

static const char *const methods[] = {"between_groups", "to_overall", NULL};
const char *const mlsd__fair_statuses[] = {
    [MLSD__FAIR_OK] = "ok",
    [MLSD__FAIR_LOW_SUPPORT] = "low support",
    [MLSD__FAIR_UNDEFINED] = "undefined",
};

static const mlsd_param params[] = {
    MLSD__P_STR_LIST(mlsd__fairness_params, by, "null",
                     "columns whose values, crossed, are the groups; null: all but the controls"),
    MLSD__P_STR_LIST(mlsd__fairness_params, control, "null",
                     "columns within whose values groups are compared; null: none"),
    MLSD__P_STR_LIST(mlsd__fairness_params, strata, "null",
                     "columns within whose values each difference is looked at again; null: the "
                     "controls, without these all columns that nothing else names"),
    MLSD__P_STR(mlsd__fairness_params, privileged, "null",
                "label of the group that others are held against in measures with a sign"),
    MLSD__P_STR(mlsd__fairness_params, unprivileged, "null",
                "label of the other group in measures with a sign; null: all others together"),
    MLSD__P_I64_NULL(mlsd__fairness_params, positive, 0, 999, "null",
                     "class that is the favourable one; null: 1 of two, otherwise each in turn"),
    MLSD__P_F64(mlsd__fairness_params, threshold, 0, 1, 0, "0.5", NULL,
                "class 1 of two is predicted where its probability is above"),
    MLSD__P_CHOICE(mlsd__fairness_params, method, methods, "\"between_groups\"",
                   "the two groups furthest apart, or the group furthest from all rows"),
    MLSD__P_F64_NULL(mlsd__fairness_params, tolerance, 0, 1, 0, "null",
                     "difference that passes; null: none is judged"),
    MLSD__P_F64_NULL(mlsd__fairness_params, min_ratio, 0, 1, MLSD__OPEN_LOWER, "0.8",
                     "ratio that passes (0.8: the 80 % rule); null: none is judged"),
    MLSD__P_I64(mlsd__fairness_params, min_support, 1, 1000000000000.0, "20", "log",
                "rows in the denominator that a group's rate needs to count"),
    MLSD__P_I64(mlsd__fairness_params, max_groups, 2, 10000, "1000", "log",
                "groups (and cells of the controls) at most"),
    MLSD__P_I64(mlsd__fairness_params, permutations, 0, 1000000, "999", "log",
                "dealings out of the outcomes for p-values; 0: none"),
    MLSD__P_I64(mlsd__fairness_params, n_bins, 1, 1000, "10", "log",
                "bins of probabilities in which calibration is compared"),
    MLSD__P_BOOL(mlsd__fairness_params, subgroup_auc, "true",
                 "areas under ROC curves within and across groups, where there are probabilities"),
    MLSD__P_F64(mlsd__fairness_params, mean_power, -1000, 1000, 0, "-5", NULL,
                "power of the mean of areas over groups; the lower, the more the worst counts"),
    MLSD__P_F64(mlsd__fairness_params, entropy_power, 0, 10, MLSD__OPEN_LOWER, "2", NULL,
                "power of the generalised entropy; 1: Theil's index"),
    MLSD__P_F64(mlsd__fairness_params, concentration, 0, 1000000, MLSD__OPEN_LOWER, "1", "log",
                "rows that smooth the rates of differential fairness"),
    MLSD__P_STR_LIST(mlsd__fairness_params, features, "null",
                     "columns of numbers in which persons are alike, for consistency; null: none"),
    MLSD__P_I64(mlsd__fairness_params, n_neighbors, 1, 10000, "5", "log",
                "nearest rows that consistency compares with"),
    MLSD__P_I64_NULL(mlsd__fairness_params, consistency_rows, 1, 1000000000000.0, "10000",
                     "rows, drawn, whose neighbours consistency looks at; null: all"),
    MLSD__P_BOOL(mlsd__fairness_params, include_self, "false",
                 "a row is its own first neighbour, as AIF360 has it"),
    MLSD__P_I64(mlsd__fairness_params, max_values, 0, 100000, "20", "log",
                "columns of numbers with no more values are grouped by value"),
    MLSD__P_I64(mlsd__fairness_params, group_bins, 1, 10000, "4", "log",
                "quantile bins of other columns of numbers"),
    MLSD__P_F64(mlsd__fairness_params, level, 0, 1, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "0.95",
                NULL, "level of intervals"),
    MLSD__P_I64(mlsd__fairness_params, seed, 0, UINT32_MAX, "0", NULL, "seed of the permutations"),
};

static const mlsd__row_column group_columns[] = {
    {"control", MLSD_COLUMN_CATEGORY}, {"class", MLSD_COLUMN_I64},
    {"group", MLSD_COLUMN_CATEGORY},   {"rate", MLSD_COLUMN_CATEGORY},
    {"value", MLSD_COLUMN_F64},        {"low", MLSD_COLUMN_F64},
    {"high", MLSD_COLUMN_F64},         {"numerator", MLSD_COLUMN_F64},
    {"denominator", MLSD_COLUMN_F64},  {"support", MLSD_COLUMN_I64},
    {"status", MLSD_COLUMN_CATEGORY},
};
static const mlsd__row_column calibration_columns[] = {
    {"control", MLSD_COLUMN_CATEGORY}, {"class", MLSD_COLUMN_I64},
    {"group", MLSD_COLUMN_CATEGORY},   {"from", MLSD_COLUMN_F64},
    {"to", MLSD_COLUMN_F64},           {"mean_score", MLSD_COLUMN_F64},
    {"value", MLSD_COLUMN_F64},        {"low", MLSD_COLUMN_F64},
    {"high", MLSD_COLUMN_F64},         {"numerator", MLSD_COLUMN_F64},
    {"denominator", MLSD_COLUMN_F64},  {"support", MLSD_COLUMN_I64},
    {"status", MLSD_COLUMN_CATEGORY},
};
static const mlsd__row_column auc_columns[] = {
    {"control", MLSD_COLUMN_CATEGORY}, {"class", MLSD_COLUMN_I64},
    {"group", MLSD_COLUMN_CATEGORY},   {"measure", MLSD_COLUMN_CATEGORY},
    {"value", MLSD_COLUMN_F64},        {"low", MLSD_COLUMN_F64},
    {"high", MLSD_COLUMN_F64},         {"n_positive", MLSD_COLUMN_I64},
    {"n_negative", MLSD_COLUMN_I64},   {"status", MLSD_COLUMN_CATEGORY},
};
static const mlsd__row_column measure_columns[] = {
    {"control", MLSD_COLUMN_CATEGORY}, {"class", MLSD_COLUMN_I64},
    {"measure", MLSD_COLUMN_CATEGORY}, {"value", MLSD_COLUMN_F64},
    {"low", MLSD_COLUMN_F64},          {"high", MLSD_COLUMN_F64},
    {"p_value", MLSD_COLUMN_F64},      {"p_adjusted", MLSD_COLUMN_F64},
    {"group", MLSD_COLUMN_CATEGORY},   {"than", MLSD_COLUMN_CATEGORY},
    {"value_group", MLSD_COLUMN_F64},  {"value_than", MLSD_COLUMN_F64},
    {"n_group", MLSD_COLUMN_F64},      {"n_than", MLSD_COLUMN_F64},
    {"n_groups", MLSD_COLUMN_I64},     {"n_skipped", MLSD_COLUMN_I64},
    {"status", MLSD_COLUMN_CATEGORY},  {"passes", MLSD_COLUMN_CATEGORY},
    {"shown", MLSD_COLUMN_CATEGORY},
};

void mlsd__fair_measure_init(mlsd__fair_measure *m, const char *name, const mlsd__fair_part *part,
                             mlsd__fair_rule rule)
{
    *m = (mlsd__fair_measure){.name = name,
                              .control = part->control,
                              .positive = part->positive,
                              .value = NAN,
                              .low = NAN,
                              .high = NAN,
                              .p_value = NAN,
                              .value_group = NAN,
                              .value_than = NAN,
                              .group = -1,
                              .than = -1,
                              .status = MLSD__FAIR_UNDEFINED,
                              .rule = rule};
}

mlsd_status mlsd__fair_measure_add(mlsd__fairness *f, const mlsd__fair_measure *m)
{
    void *room = f->measures;
    const mlsd_status status =
        mlsd__reserve(f->allocator, &room, &f->capacity, f->n_measures + 1, sizeof *f->measures);
    f->measures = room;
    if (status == MLSD_OK) f->measures[f->n_measures++] = *m;
    return status;
}

/* ---- groups ---- */

/* All columns but the controls and the features. */
static bool is_named(const mlsd__str_list *list, const char *name)
{
    for (int64_t i = 0; list->values != NULL && i < list->n; i++) {
        if (strcmp(list->values[i], name) == 0) return true;
    }
    return false;
}

static mlsd_status find_by(mlsd__scope *scope, const mlsd__fairness *f,
                           const mlsd__slicing_input *in, int64_t **by, int64_t *n_by)
{
    MLSD__TRY(mlsd__slicing_by(scope, in, &f->p->by, by, n_by));
    if (f->p->by.values != NULL) return MLSD_OK;
    int64_t n = 0;
    for (int64_t j = 0; j < *n_by; j++) {
        const char *const name = mlsd_table_name(in->groups, j);
        if (!is_named(&f->p->control, name) && !is_named(&f->p->features, name)) (*by)[n++] = j;
    }
    *n_by = n;
    return n > 0 ? MLSD_OK : mlsd__fail(MLSD_E_COLUMN, "there is no column to make groups of");
}

static mlsd_status find_group(const mlsd__fairness *f, const mlsd_table *table, const int64_t *by,
                              int64_t n_by, const char *name, const char *label, int64_t *out)
{
    *out = -1;
    if (label == NULL) return MLSD_OK;
    *out = mlsd__crossing_find(&f->groups, table, by, n_by, label);
    if (*out >= 0) return MLSD_OK;
    return mlsd__fail(MLSD_E_DATA,
                      "%s is '%.100s', which no group is called; the first is '%.100s'", name,
                      label, f->groups.labels[0]);
}

static mlsd_status make_groups(mlsd__scope *scope, mlsd__fairness *f, const mlsd__slicing_input *in)
{
    const mlsd__fairness_params *const p = f->p;
    const mlsd__grouping_options options = {.max_values = p->max_values, .n_bins = p->group_bins};
    const mlsd_table *const t = in->groups;
    int64_t *by = NULL, *control = NULL, n_by = 0, n_control = 0;
    mlsd_status status = find_by(scope, f, in, &by, &n_by);
    if (status == MLSD_OK) {
        status = mlsd__crossing_make(scope, t, by, n_by, &options, p->max_groups, "by", &f->groups);
    }
    if (status == MLSD_OK && p->control.values != NULL && p->control.n > 0) {
        status = mlsd__slicing_by(scope, in, &p->control, &control, &n_control);
    }
    if (status == MLSD_OK) {
        status = mlsd__crossing_make(scope, t, control, n_control, &options, p->max_groups,
                                     "control", &f->controls);
    }
    if (status == MLSD_OK) {
        status = find_group(f, t, by, n_by, "privileged", p->privileged, &f->privileged);
    }
    if (status == MLSD_OK) {
        status = find_group(f, t, by, n_by, "unprivileged", p->unprivileged, &f->unprivileged);
    }
    if (status == MLSD_OK && f->unprivileged >= 0 && f->privileged < 0) {
        status = mlsd__fail(MLSD_E_PARAM_CONFLICT,
                            "'unprivileged' is given without 'privileged', the group that it is "
                            "held against");
    }
    if (status == MLSD_OK && f->unprivileged >= 0 && f->unprivileged == f->privileged) {
        status =
            mlsd__fail(MLSD_E_PARAM_CONFLICT, "privileged and unprivileged are the same group");
    }
    mlsd__free(scope->allocator, control);
    mlsd__free(scope->allocator, by);
    return status;
}

/* ---- strata ---- */

/* Columns that are asked for; or all that make neither groups nor controls, and are no features. */
static bool makes_strata(const mlsd__fairness *f, const mlsd_table *table, int64_t column)
{
    const mlsd__fairness_params *const p = f->p;
    const char *const name = mlsd_table_name(table, column);
    if (p->strata.values != NULL) return is_named(&p->strata, name);
    if (p->by.values == NULL || (p->control.values != NULL && p->control.n > 0)) return false;
    return !is_named(&p->by, name) && !is_named(&p->features, name) &&
           mlsd_table_level_count(table, column) <= p->max_groups;
}

static mlsd_status make_within(mlsd__scope *scope, mlsd__fairness *f, const mlsd__slicing_input *in)
{
    const mlsd__fairness_params *const p = f->p;
    const mlsd__grouping_options options = {.max_values = p->max_values, .n_bins = p->group_bins};
    const int64_t n = mlsd_table_n_columns(in->groups);
    int64_t *asked = NULL, n_asked = 0;
    if (p->strata.values != NULL && p->strata.n > 0) { /* are they there? */
        MLSD__TRY(mlsd__slicing_by(scope, in, &p->strata, &asked, &n_asked));
        mlsd__free(scope->allocator, asked);
    }
    f->within = mlsd__alloc(f->allocator, n, sizeof *f->within);
    if (f->within == NULL) return MLSD_E_NOMEM;
    f->within_names = mlsd__alloc(f->allocator, n, sizeof *f->within_names);
    if (f->within_names == NULL) return MLSD_E_NOMEM;
    for (int64_t j = 0; j < n; j++) {
        if (!makes_strata(f, in->groups, j)) continue;
        MLSD__TRY(mlsd__crossing_make(scope, in->groups, &j, 1, &options, p->max_groups, "strata",
                                      &f->within[f->n_within]));
        f->within_names[f->n_within++] = mlsd_table_name(in->groups, j);
    }
    return MLSD_OK;
}

static mlsd_status stratify_class(mlsd__scope *scope, mlsd__fairness *f, int64_t positive)
{
    const mlsd__fairness_params *const p = f->p;
    for (int64_t i = 0; i < f->n_within; i++) {
        MLSD__TRY(mlsd__fair_stratify(scope, f, positive, &f->within[i], f->within_names[i]));
    }
    if (p->strata.values != NULL || p->control.values == NULL || p->control.n == 0) return MLSD_OK;
    const char *const name = p->control.n == 1 ? p->control.values[0] : "controls";
    return mlsd__fair_stratify(scope, f, positive, &f->controls, name);
}

/* ---- the parts ---- */

static void put_rates(mlsd__fairness *f, const mlsd__fair_part *part)
{
    mlsd__rows *const t = &f->group_rows;
    for (int64_t g = 0; g < f->groups.n_groups; g++) {
        for (int r = 0; r < MLSD__N_FAIR_RATES; r++) {
            mlsd__fair_rate *const is = &f->rates[r * f->groups.n_groups + g];
            double low, high;
            mlsd__fair_rate_make(&part->cells[g], r, f->p->min_support, is);
            mlsd__proportion_interval(MLSD__WILSON, (mlsd__rate){is->successes, is->trials},
                                      f->p->level, &low, &high);
            if (mlsd__fair_rates[r].is_odds) {
                low = low / (1 - low);
                high = high < 1 ? high / (1 - high) : INFINITY;
            }
            mlsd__rows_str(t, f->controls.labels[part->control]);
            mlsd__rows_i64(t, part->positive);
            mlsd__rows_str(t, f->groups.labels[g]);
            mlsd__rows_str(t, mlsd__fair_rates[r].name);
            mlsd__rows_f64(t, is->value);
            mlsd__rows_f64(t, low);
            mlsd__rows_f64(t, high);
            mlsd__rows_f64(t, is->numerator);
            mlsd__rows_f64(t, is->denominator);
            mlsd__rows_i64(t, (int64_t)is->support);
            mlsd__rows_str(t, isnan(is->value) ? "undefined" : is->is_low ? "low support" : "ok");
        }
    }
}

static mlsd_status judge_part(mlsd__scope *scope, mlsd__fairness *f, const mlsd__fair_part *part)
{
    put_rates(f, part);
    MLSD__TRY(mlsd__fair_gaps(scope, f, part));
    MLSD__TRY(mlsd__fair_inequality(f, part));
    if (f->rows.score == NULL) return MLSD_OK;
    MLSD__TRY(mlsd__fair_calibration(scope, f, part));
    return f->p->subgroup_auc ? mlsd__fair_aucs(scope, f, part) : MLSD_OK;
}

static mlsd_status judge_class(mlsd__scope *scope, mlsd__fairness *f, const mlsd_table *table,
                               int64_t positive)
{
    MLSD__TRY(mlsd__cells_count(scope, &f->rows, positive, &f->groups, &f->controls, f->cells));
    for (int64_t c = 0; c < f->controls.n_groups; c++) {
        const mlsd__fair_part part = {c, positive, f->cells + c * f->groups.n_groups};
        MLSD__TRY(judge_part(scope, f, &part));
    }
    const mlsd__fair_part all = {0, positive, f->cells};
    MLSD__TRY(mlsd__fair_consistency(scope, f, table, &all));
    return stratify_class(scope, f, positive);
}

static mlsd_status judge(mlsd__scope *scope, mlsd__fairness *f, const mlsd_table *table)
{
    static const int64_t most_cells = 10000000; /* a gigabyte */
    const int64_t n_groups = f->groups.n_groups, k = f->rows.n_classes;
    if (f->controls.n_groups > most_cells / n_groups) {
        return mlsd__fail(MLSD_E_DATA,
                          "'by' makes %lld groups within each of the %lld cells of 'control', more "
                          "than %lld in all; merge values of either",
                          (long long)n_groups, (long long)f->controls.n_groups,
                          (long long)most_cells);
    }
    f->cells = mlsd__alloc_raw(f->allocator, f->controls.n_groups * n_groups, sizeof *f->cells);
    if (f->cells == NULL) return MLSD_E_NOMEM;
    f->rates = mlsd__alloc_raw(f->allocator, MLSD__N_FAIR_RATES * n_groups, sizeof *f->rates);
    if (f->rates == NULL) return MLSD_E_NOMEM;
    if (f->p->positive != MLSD__NULL_I64) {
        if (f->p->positive < k) return judge_class(scope, f, table, f->p->positive);
        return mlsd__fail(MLSD_E_PARAM_RANGE, "positive is %lld, but there are %lld classes",
                          (long long)f->p->positive, (long long)k);
    }
    if (k == 2) return judge_class(scope, f, table, 1);
    for (int64_t c = 0; c < k; c++) MLSD__TRY(judge_class(scope, f, table, c));
    return MLSD_OK;
}

/* ---- what passes ---- */

/* The values that pass; false where none is judged. */
static bool bounds_of(const mlsd__fairness *f, const mlsd__fair_measure *m, double *low,
                      double *high)
{
    const double limit = m->rule == MLSD__AT_MOST ? f->p->tolerance : f->p->min_ratio;
    if (m->rule == MLSD__NO_RULE || isnan(limit) || m->status != MLSD__FAIR_OK) return false;
    *low = m->rule == MLSD__AT_MOST ? -limit : limit;
    *high = m->rule == MLSD__AT_MOST ? limit : m->rule == MLSD__WITHIN_RATIO ? 1 / limit : INFINITY;
    return true;
}

/* passes: of the value. shown: the whole interval says the same. */
static bool passes(const mlsd__fairness *f, const mlsd__fair_measure *m, bool *out_shown,
                   bool *out_judged)
{
    double low = NAN, high = NAN;
    *out_judged = bounds_of(f, m, &low, &high);
    *out_shown = false;
    if (!*out_judged) return false;
    const bool is = m->value >= low && m->value <= high;
    *out_shown = is ? m->low >= low && m->high <= high : m->high < low || m->low > high;
    return is;
}

/* ---- report ---- */

static const char *group_name(const mlsd__fairness *f, const mlsd__fair_measure *m, int64_t g)
{
    if (g >= 0) return f->groups.labels[g];
    return m->than >= 0 && m->than == f->privileged && m->rule != MLSD__NO_RULE ? "all others"
                                                                                : NULL;
}

static void put_measure(mlsd__rows *t, const mlsd__fairness *f, const mlsd__fair_measure *m,
                        double p_adjusted)
{
    bool shown, judged;
    const bool is = passes(f, m, &shown, &judged);
    mlsd__rows_str(t, m->control < 0 ? "" : f->controls.labels[m->control]);
    mlsd__rows_i64(t, m->positive);
    mlsd__rows_str(t, m->name);
    mlsd__rows_f64(t, m->value);
    mlsd__rows_f64(t, m->low);
    mlsd__rows_f64(t, m->high);
    mlsd__rows_f64(t, m->p_value);
    mlsd__rows_f64(t, p_adjusted);
    mlsd__rows_str(t, group_name(f, m, m->group));
    mlsd__rows_str(t, m->than < 0 ? NULL : f->groups.labels[m->than]);
    mlsd__rows_f64(t, m->value_group);
    mlsd__rows_f64(t, m->value_than);
    mlsd__rows_f64(t, m->n_group);
    mlsd__rows_f64(t, m->n_than);
    mlsd__rows_i64(t, m->n_groups);
    mlsd__rows_i64(t, m->n_skipped);
    mlsd__rows_str(t, mlsd__fair_statuses[m->status]);
    mlsd__rows_str(t, !judged ? NULL : is ? "yes" : "no");
    mlsd__rows_str(t, !judged ? NULL : shown ? "yes" : "no");
}

static mlsd_status put_measures(const mlsd__fairness *f, mlsd_result *out)
{
    const mlsd__allocator *const a = f->allocator;
    const int64_t n = f->n_measures;
    mlsd_table *table = NULL;
    double *const p = mlsd__alloc_raw(a, n, sizeof *p);
    if (p == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) p[i] = f->measures[i].p_value;
    mlsd_status status = mlsd__adjust_p_values(a, MLSD__HOLM, p, n, p);
    if (status == MLSD_OK) {
        mlsd__rows rows;
        mlsd__rows_init(&rows, a, measure_columns, MLSD__COUNT(measure_columns));
        for (int64_t i = 0; i < n; i++) put_measure(&rows, f, &f->measures[i], p[i]);
        status = mlsd__rows_to_table(&rows, &table);
    }
    mlsd__free(a, p);
    if (status != MLSD_OK) return status;
    return mlsd__result_set_table(out, "measures", table, false);
}

static mlsd_status put_rows(mlsd__rows *rows, const char *name, mlsd_result *out)
{
    mlsd_table *table = NULL;
    if (rows->n_cells == 0 && rows->status == MLSD_OK) return MLSD_OK; /* nothing to show */
    MLSD__TRY(mlsd__rows_to_table(rows, &table));
    return mlsd__result_set_table(out, name, table, false);
}

static const mlsd__fair_measure *find_measure(const mlsd__fairness *f, const char *name)
{
    for (int64_t i = 0; i < f->n_measures; i++) {
        if (strcmp(f->measures[i].name, name) == 0) return &f->measures[i];
    }
    return NULL;
}

static mlsd_status put_numbers(const mlsd__fairness *f, mlsd_result *out)
{
    double n_failed = 0, n_failed_shown = 0, n_low = 0, n_undefined = 0, n_alarms = 0;
    for (int64_t i = 0; i < f->n_strata; i++) n_alarms += f->strata[i].alarm != MLSD__NO_ALARM;
    for (int64_t i = 0; i < f->n_measures; i++) {
        bool shown, judged;
        const bool is = passes(f, &f->measures[i], &shown, &judged);
        n_failed += judged && !is;
        n_failed_shown += judged && !is && shown;
        n_low += f->measures[i].status == MLSD__FAIR_LOW_SUPPORT;
        n_undefined += f->measures[i].status == MLSD__FAIR_UNDEFINED;
    }
    const struct {
        const char *name;
        double value;
    } numbers[] = {{"n_rows", (double)f->rows.n},
                   {"n_groups", (double)f->groups.n_groups},
                   {"n_controls", (double)f->controls.n_groups},
                   {"n_measures", (double)f->n_measures},
                   {"n_low_support", n_low},
                   {"n_undefined", n_undefined},
                   {"n_failed", n_failed},
                   {"n_failed_shown", n_failed_shown},
                   {"n_alarms", n_alarms},
                   {"min_support", (double)f->p->min_support}};
    for (int64_t i = 0; i < MLSD__COUNT(numbers); i++) {
        MLSD__TRY(mlsd__result_set_f64(out, numbers[i].name, numbers[i].value, false));
    }
    const bool one_part = f->controls.n_groups == 1 &&
                          f->measures[0].positive == f->measures[f->n_measures - 1].positive;
    for (int64_t i = 0; i < f->n_measures && one_part; i++) {
        MLSD__TRY(mlsd__result_set_f64(out, f->measures[i].name, f->measures[i].value, false));
    }
    return MLSD_OK;
}

/* ---- the verdict ---- */

static void say_number(mlsd__text *t, double x)
{
    enum { DIGITS = 3 };
    mlsd__text_double(t, mlsd__round_significant(x, DIGITS));
}

static void say_percent(mlsd__text *t, double share)
{
    enum { PERCENT = 100 };
    mlsd__text_fixed(t, PERCENT * share, 1);
    mlsd__text_append(t, " %");
}

static void say_group(mlsd__text *t, const mlsd__fairness *f, double value, int64_t group, double n)
{
    say_percent(t, value);
    mlsd__text_format(t, " of '%s' (%lld rows)", f->groups.labels[group], (long long)n);
}

/* Whom a difference is between; of equal groups none is worth a name. */
static void say_groups(mlsd__text *t, const mlsd__fairness *f, const mlsd__fair_measure *m)
{
    if (m->value == 0) {
        say_percent(t, m->value_group);
        mlsd__text_append(t, " of every group");
        return;
    }
    say_group(t, f, m->value_group, m->group, m->n_group);
    if (m->than >= 0) {
        mlsd__text_append(t, " and ");
        say_group(t, f, m->value_than, m->than, m->n_than);
    } else {
        mlsd__text_append(t, ", the group furthest from all rows");
    }
}

static void say_measure(mlsd__text *t, const mlsd__fairness *f, const mlsd__fair_measure *m,
                        const char *what)
{
    bool shown, judged;
    const bool is = passes(f, m, &shown, &judged);
    mlsd__text_format(t, "; %s is ", what);
    say_number(t, m->value);
    mlsd__text_append(t, " (");
    say_number(t, m->low);
    mlsd__text_append(t, " to ");
    say_number(t, m->high);
    mlsd__text_append(t, ")");
    if (!judged) return;
    mlsd__text_append(t, is ? ", which passes" : ", which does not pass");
    if (!shown) mlsd__text_append(t, ", though these rows do not settle it");
}

static void say_impossible(mlsd__text *t, const mlsd__fairness *f)
{
    static const double alpha = 0.05;
    const mlsd__fair_measure *const m = find_measure(f, "base_rate_difference");
    if (m == NULL || m->status != MLSD__FAIR_OK || !(m->value > 0)) return;
    if (m->p_value > alpha) return;
    mlsd__text_append(t, "; base rates differ by ");
    say_number(t, m->value);
    mlsd__text_append(t, ", so that no classifier that errs can have equal precision, equal false "
                         "positive rates and equal false negative rates in these groups at once "
                         "(Chouldechova 2017): say which of them matters");
}

static void say_all(mlsd__text *t, const mlsd__fairness *f)
{
    const mlsd__fair_measure *const difference = find_measure(f, "demographic_parity_difference");
    const mlsd__fair_measure *const ratio = find_measure(f, "demographic_parity_ratio");
    const mlsd__fair_measure *const odds = find_measure(f, "equalized_odds_difference");
    mlsd__text_format(t, "%lld group%s", (long long)f->groups.n_groups,
                      f->groups.n_groups == 1 ? "" : "s");
    if (f->controls.n_groups > 1) {
        mlsd__text_format(t, " in %lld parts, of which the first is told",
                          (long long)f->controls.n_groups);
    }
    if (f->groups.n_binned > 0) {
        mlsd__text_format(t,
                          " (of numbers that are cut into bins; raise max_values, %lld, if each "
                          "is a group)",
                          (long long)f->p->max_values);
    }
    mlsd__text_append(t, ": ");
    if (f->groups.n_groups == 1) {
        mlsd__text_format(t,
                          "cannot tell, since '%s' is all there is to compare; name columns with "
                          "different values in 'by'",
                          f->groups.labels[0]);
        return;
    }
    if (difference == NULL || difference->status != MLSD__FAIR_OK) {
        mlsd__text_format(t,
                          "cannot tell, since fewer than two of them have %lld rows; merge groups "
                          "or collect more rows",
                          (long long)f->p->min_support);
        return;
    }
    mlsd__text_format(t, "class %lld is predicted for ", (long long)difference->positive);
    say_groups(t, f, difference);
    say_measure(t, f, difference, "the difference");
    if (ratio != NULL && ratio->status == MLSD__FAIR_OK) say_measure(t, f, ratio, "the ratio");
    if (!isnan(difference->p_value)) {
        mlsd__text_append(t, "; chance alone makes as large a difference with probability ");
        say_number(t, difference->p_value);
    }
    if (odds != NULL && odds->status == MLSD__FAIR_OK) {
        say_measure(t, f, odds, "the worst difference of true or false positive rates");
    } else {
        mlsd__text_append(t, "; true and false positive rates cannot be compared, since fewer than "
                             "two groups have rows enough of both classes");
    }
    if (difference->n_skipped > 0) {
        mlsd__text_format(t, "; %lld group%s fewer than %lld rows and %s not judged",
                          (long long)difference->n_skipped,
                          difference->n_skipped == 1 ? " has" : "s have",
                          (long long)f->p->min_support, difference->n_skipped == 1 ? "is" : "are");
    }
    say_impossible(t, f);
    mlsd__fair_say_alarms(t, f);
}

static mlsd_status report(mlsd__fairness *f, mlsd_result *out)
{
    mlsd__text t;
    MLSD__TRY(mlsd__fair_find_alarms(f));
    MLSD__TRY(put_numbers(f, out));
    MLSD__TRY(put_measures(f, out));
    MLSD__TRY(mlsd__fair_put_strata(f, out));
    MLSD__TRY(put_rows(&f->group_rows, "groups", out));
    MLSD__TRY(put_rows(&f->calibration_rows, "calibration", out));
    MLSD__TRY(put_rows(&f->auc_rows, "auc", out));
    mlsd__text_init(&t, f->allocator);
    say_all(&t, f);
    return mlsd__result_end_verdict(out, &t);
}

static void fairness_free(mlsd__fairness *f)
{
    const mlsd__allocator *const a = f->allocator;
    mlsd__rows_free(&f->group_rows);
    mlsd__rows_free(&f->calibration_rows);
    mlsd__rows_free(&f->auc_rows);
    for (int64_t i = 0; i < f->n_within; i++) mlsd__crossing_free(&f->within[i], a);
    mlsd__free(a, f->within);
    mlsd__free(a, f->within_names);
    mlsd__free(a, f->strata);
    mlsd__fair_near_free(&f->near, a);
    mlsd__free(a, f->measures);
    mlsd__free(a, f->rates);
    mlsd__free(a, f->cells);
    mlsd__crossing_free(&f->groups, a);
    mlsd__crossing_free(&f->controls, a);
    mlsd__fair_rows_free(&f->rows, a);
}

static mlsd_status run_fairness(mlsd__scope *scope, const mlsd_spec *spec,
                                const mlsd__slicing_input *in, mlsd_result **out)
{
    mlsd__fairness f = {.p = mlsd__spec_params(spec), .allocator = scope->allocator};
    mlsd_result *result = NULL;
    mlsd__rows_init(&f.group_rows, f.allocator, group_columns, MLSD__COUNT(group_columns));
    mlsd__rows_init(&f.calibration_rows, f.allocator, calibration_columns,
                    MLSD__COUNT(calibration_columns));
    mlsd__rows_init(&f.auc_rows, f.allocator, auc_columns, MLSD__COUNT(auc_columns));
    mlsd_status status = mlsd__fair_rows_read(scope, in, f.p->threshold, &f.rows);
    if (status == MLSD_OK) status = make_groups(scope, &f, in);
    if (status == MLSD_OK) status = make_within(scope, &f, in);
    if (status == MLSD_OK) status = judge(scope, &f, in->groups);
    if (status == MLSD_OK) status = mlsd__result_new(f.allocator, "fairness", &result);
    if (status == MLSD_OK) status = report(&f, result);
    fairness_free(&f);
    if (status == MLSD_OK) {
        *out = result;
    } else {
        mlsd_result_free(result);
    }
    return status;
}

static const mlsd__slicing_ops ops = {
    .needs_y = true, .needs_prediction = true, .run = run_fairness};

const mlsd_kind mlsd__kind_fairness = {
    .name = "fairness",
    .family = "slicing",
    .doc = "How differently a classifier treats groups: parities of rates, inequality, calibration "
           "and areas by group, with intervals, counts and what the rows cannot tell",
    .params = params,
    .n_params = MLSD__COUNT(params),
    .params_size = sizeof(mlsd__fairness_params),
    .ops = &ops,
};
