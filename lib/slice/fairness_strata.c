/* fairness_strata.c - does a difference between groups come from how they are spread over something
 * else? Each group is held against the reference (the privileged group, or the largest), and the
 * two groups furthest apart against one another, in all rows and within the values of another
 * column: the odds ratio that all strata have in common (Mantel & Haenszel), and Woolf's test of
 * there being one. Where the two tell different stories (Simpson 1951), an alarm says so. */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "metric/adjust.h"
#include "numeric/mathfun.h"
#include "slice/fairness_impl.h"
#include "validate/result_impl.h"

static const int rates[] = {
    MLSD__SELECTION_RATE, MLSD__BASE_RATE, MLSD__TPR, MLSD__FPR, MLSD__PPV, MLSD__NPV,
    MLSD__ACCURACY};
enum { N_RATES = sizeof rates / sizeof rates[0] };

/* Strata by groups: more cells are not looked at. */
static const int64_t most_cells = 1 << 20;

static const char *const alarms[] = {
    [MLSD__NO_ALARM] = "",
    [MLSD__TURNS_AROUND] = "turns around",
    [MLSD__VANISHES] = "vanishes",
    [MLSD__APPEARS] = "appears",
};

static const mlsd__row_column columns[] = {
    {"within", MLSD_COLUMN_CATEGORY},
    {"class", MLSD_COLUMN_I64},
    {"rate", MLSD_COLUMN_CATEGORY},
    {"group", MLSD_COLUMN_CATEGORY},
    {"than", MLSD_COLUMN_CATEGORY},
    {"strata", MLSD_COLUMN_I64},
    {"difference", MLSD_COLUMN_F64},
    {"difference_p", MLSD_COLUMN_F64},
    {"pooled_odds_ratio", MLSD_COLUMN_F64},
    {"odds_ratio", MLSD_COLUMN_F64},
    {"low", MLSD_COLUMN_F64},
    {"high", MLSD_COLUMN_F64},
    {"statistic", MLSD_COLUMN_F64},
    {"p_value", MLSD_COLUMN_F64},
    {"homogeneity", MLSD_COLUMN_F64},
    {"homogeneity_p", MLSD_COLUMN_F64},
    {"status", MLSD_COLUMN_CATEGORY},
    {"alarm", MLSD_COLUMN_CATEGORY},
};

/* ---- one comparison ---- */

/* Successes and failures of a rate; with weights as many as are effective. */
static void add_rate(const mlsd__cells *cells, int rate, double out[2])
{
    mlsd__fair_rate r;
    mlsd__fair_rate_make(cells, rate, 1, &r);
    if (isnan(r.value)) return;
    out[0] += r.successes;
    out[1] += r.trials - r.successes;
}

/* By group, or by stratum and group. */
typedef struct strata {
    const mlsd__fairness *f;
    int64_t positive, n;      /* strata */
    const mlsd__cells *cells; /* n x groups */
    mlsd__cells *pooled;      /* groups */
    double (*tables)[4];      /* n */
    const char *within;
} strata;

static void compare(const strata *s, int rate, int64_t group, int64_t than, mlsd__fair_stratum *out)
{
    const int64_t n_groups = s->f->groups.n_groups;
    mlsd__fair_rate a, b;
    mlsd__two_rates two;
    mlsd__fair_rate_make(&s->pooled[group], rate, s->f->p->min_support, &a);
    mlsd__fair_rate_make(&s->pooled[than], rate, s->f->p->min_support, &b);
    *out = (mlsd__fair_stratum){.within = s->within,
                                .positive = s->positive,
                                .rate = rate,
                                .group = group,
                                .than = than,
                                .difference = NAN,
                                .difference_p = NAN,
                                .pooled_odds = NAN,
                                .status = MLSD__FAIR_UNDEFINED};
    for (int64_t k = 0; k < s->n; k++) {
        double *const t = s->tables[k];
        t[0] = t[1] = t[2] = t[3] = 0;
        add_rate(&s->cells[k * n_groups + group], rate, t);
        add_rate(&s->cells[k * n_groups + than], rate, t + 2);
        out->n_strata += t[0] + t[1] > 0 && t[2] + t[3] > 0;
    }
    mlsd__common_odds_ratio((const double(*)[4])s->tables, s->n, s->f->p->level, &out->common);
    if (isnan(a.value) || isnan(b.value)) return;
    out->status = a.is_low || b.is_low ? MLSD__FAIR_LOW_SUPPORT : MLSD__FAIR_OK;
    mlsd__rates_difference(MLSD__NEWCOMBE, mlsd__fair_counts(&a), mlsd__fair_counts(&b),
                           s->f->p->level, &two);
    out->difference = a.value - b.value;
    out->difference_p = two.p_value;
    out->pooled_odds = a.value / (1 - a.value) * ((1 - b.value) / b.value);
}

static mlsd_status add(mlsd__fairness *f, const mlsd__fair_stratum *is)
{
    void *room = f->strata;
    const mlsd_status status =
        mlsd__reserve(f->allocator, &room, &f->strata_capacity, f->n_strata + 1, sizeof *f->strata);
    f->strata = room;
    if (status == MLSD_OK) f->strata[f->n_strata++] = *is;
    return status;
}

/* The groups with the highest and the lowest rate among those that count. */
static void furthest(const strata *s, int rate, int64_t *most, int64_t *least)
{
    double high = -INFINITY, low = INFINITY;
    *most = *least = -1;
    for (int64_t g = 0; g < s->f->groups.n_groups; g++) {
        mlsd__fair_rate r;
        mlsd__fair_rate_make(&s->pooled[g], rate, s->f->p->min_support, &r);
        if (isnan(r.value) || r.is_low) continue;
        if (r.value > high) *most = g;
        if (r.value < low) *least = g;
        high = fmax(high, r.value);
        low = fmin(low, r.value);
    }
}

static int64_t reference_of(const strata *s)
{
    int64_t largest = 0;
    double weight = -1;
    if (s->f->privileged >= 0) return s->f->privileged;
    for (int64_t g = 0; g < s->f->groups.n_groups; g++) {
        const double is =
            mlsd__cells_weight(&s->pooled[g], MLSD__TP | MLSD__FP | MLSD__TN | MLSD__FN);
        if (is > weight) largest = g;
        weight = fmax(weight, is);
    }
    return largest;
}

static mlsd_status compare_all(mlsd__scope *scope, mlsd__fairness *f, const strata *s)
{
    const int64_t reference = reference_of(s);
    mlsd__fair_stratum is;
    for (int r = 0; r < N_RATES; r++) {
        for (int64_t g = 0; g < f->groups.n_groups; g++) {
            if (g == reference) continue;
            compare(s, rates[r], g, reference, &is);
            MLSD__TRY(add(f, &is));
        }
        int64_t most, least;
        furthest(s, rates[r], &most, &least);
        if (most >= 0 && most != least && most != reference && least != reference) {
            compare(s, rates[r], most, least, &is);
            MLSD__TRY(add(f, &is));
        }
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    return MLSD_OK;
}

/* ---- one way to make strata ---- */

mlsd_status mlsd__fair_stratify(mlsd__scope *scope, mlsd__fairness *f, int64_t positive,
                                const mlsd__crossing *within, const char *name)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = within->n_groups, n_groups = f->groups.n_groups;
    if (n < 2 || n_groups < 2 || n > most_cells / n_groups) return MLSD_OK;
    mlsd__cells *const cells = mlsd__alloc_raw(a, n * n_groups, sizeof *cells);
    strata s = {.f = f, .positive = positive, .n = n, .cells = cells, .within = name};
    s.pooled = mlsd__alloc(a, n_groups, sizeof *s.pooled);
    s.tables = mlsd__alloc_raw(a, n, sizeof *s.tables);
    mlsd_status status =
        cells == NULL || s.pooled == NULL || s.tables == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) {
        status = mlsd__cells_count(scope, &f->rows, positive, &f->groups, within, cells);
    }
    for (int64_t k = 0; k < n && status == MLSD_OK; k++) {
        for (int64_t g = 0; g < n_groups; g++) {
            mlsd__cells_add(&s.pooled[g], &cells[k * n_groups + g]);
        }
    }
    if (status == MLSD_OK) status = compare_all(scope, f, &s);
    mlsd__free(a, s.tables);
    mlsd__free(a, s.pooled);
    mlsd__free(a, cells);
    return status;
}

/* ---- alarms ---- */

/* What differs must do so in spite of all comparisons; what does not must not do so even alone. */
static mlsd__fair_alarm alarm_of(const mlsd__fair_stratum *s, double pooled_adjusted,
                                 double common_adjusted, double alpha)
{
    const double common = s->common.value;
    if (s->status != MLSD__FAIR_OK || s->n_strata < 2 || isnan(common)) return MLSD__NO_ALARM;
    const bool pooled_differs = pooled_adjusted <= alpha, common_differs = common_adjusted <= alpha;
    if (pooled_differs && (s->difference > 0 ? common < 1 : common > 1)) return MLSD__TURNS_AROUND;
    /* Rows that are too few within to tell are no reason: most of the difference must be gone. */
    const bool is_gone = 2 * fabs(mlsd__log(common)) < fabs(mlsd__log(s->pooled_odds));
    if (pooled_differs && is_gone && s->common.p_value > alpha) return MLSD__VANISHES;
    return common_differs && s->difference_p > alpha ? MLSD__APPEARS : MLSD__NO_ALARM;
}

/* Both kinds of p-values are adjusted for all comparisons (Holm). */
mlsd_status mlsd__fair_find_alarms(mlsd__fairness *f)
{
    const mlsd__allocator *const a = f->allocator;
    const int64_t n = f->n_strata;
    double *const p = mlsd__alloc_raw(a, 2 * n, sizeof *p);
    if (p == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) {
        const bool counts = f->strata[i].status == MLSD__FAIR_OK;
        p[i] = counts ? f->strata[i].difference_p : (double)NAN;
        p[n + i] = counts ? f->strata[i].common.p_value : (double)NAN;
    }
    mlsd_status status = mlsd__adjust_p_values(a, MLSD__HOLM, p, n, p);
    if (status == MLSD_OK) status = mlsd__adjust_p_values(a, MLSD__HOLM, p + n, n, p + n);
    for (int64_t i = 0; i < n && status == MLSD_OK; i++) {
        f->strata[i].alarm = alarm_of(&f->strata[i], p[i], p[n + i], 1 - f->p->level);
    }
    mlsd__free(a, p);
    return status;
}

void mlsd__put_odds(mlsd__rows *rows, const mlsd__strata_odds *odds)
{
    mlsd__rows_f64(rows, odds->value);
    mlsd__rows_f64(rows, odds->low);
    mlsd__rows_f64(rows, odds->high);
    mlsd__rows_f64(rows, odds->statistic);
    mlsd__rows_f64(rows, odds->p_value);
    mlsd__rows_f64(rows, odds->homogeneity);
    mlsd__rows_f64(rows, odds->homogeneity_p);
}

mlsd_status mlsd__fair_put_strata(const mlsd__fairness *f, mlsd_result *out)
{
    mlsd__rows rows;
    mlsd_table *table = NULL;
    if (f->n_strata == 0) return MLSD_OK;
    mlsd__rows_init(&rows, f->allocator, columns, MLSD__COUNT(columns));
    for (int64_t i = 0; i < f->n_strata; i++) {
        const mlsd__fair_stratum *const s = &f->strata[i];
        mlsd__rows_str(&rows, s->within);
        mlsd__rows_i64(&rows, s->positive);
        mlsd__rows_str(&rows, mlsd__fair_rates[s->rate].name);
        mlsd__rows_str(&rows, f->groups.labels[s->group]);
        mlsd__rows_str(&rows, f->groups.labels[s->than]);
        mlsd__rows_i64(&rows, s->n_strata);
        mlsd__rows_f64(&rows, s->difference);
        mlsd__rows_f64(&rows, s->difference_p);
        mlsd__rows_f64(&rows, s->pooled_odds);
        mlsd__put_odds(&rows, &s->common);
        mlsd__rows_str(&rows, mlsd__fair_statuses[s->status]);
        mlsd__rows_str(&rows, alarms[s->alarm]);
    }
    MLSD__TRY(mlsd__rows_to_table(&rows, &table));
    return mlsd__result_set_table(out, "strata", table, false);
}

/* ---- words ---- */

static void say_one(mlsd__text *t, const mlsd__fairness *f, const mlsd__fair_stratum *s)
{
    enum { DIGITS = 3 };
    static const char *const what[] = {
        [MLSD__TURNS_AROUND] = "turns around",
        [MLSD__VANISHES] = "is no more than chance",
        [MLSD__APPEARS] = "shows only",
    };
    mlsd__text_format(t, "; careful: the difference in %s between '%s' and '%s' %s",
                      mlsd__fair_rates[s->rate].name, f->groups.labels[s->group],
                      f->groups.labels[s->than], what[s->alarm]);
    mlsd__text_format(t, " where rows of the same %s are compared (odds ratio ", s->within);
    mlsd__text_double(t, mlsd__round_significant(s->pooled_odds, DIGITS));
    mlsd__text_append(t, " in all rows, ");
    mlsd__text_double(t, mlsd__round_significant(s->common.value, DIGITS));
    mlsd__text_append(t, " within)");
}

void mlsd__fair_say_alarms(mlsd__text *t, const mlsd__fairness *f)
{
    enum { MOST_NAMED = 2 };
    int64_t n = 0;
    for (int kind = MLSD__TURNS_AROUND; kind <= MLSD__APPEARS; kind++) {
        for (int64_t i = 0; i < f->n_strata; i++) {
            if ((int)f->strata[i].alarm == kind && n++ < MOST_NAMED) say_one(t, f, &f->strata[i]);
        }
    }
    if (n > MOST_NAMED) {
        mlsd__text_format(t, "; %lld more such in the table strata", (long long)(n - MOST_NAMED));
    }
}
