/* suite_uniformity.c - a metric is the same in all groups, within a margin. Equality is shown, not
 * assumed: a group passes when the whole interval of its difference to the cases outside of it lies
 * within the margin (two one-sided tests: Schuirmann 1987, J. Pharmacokinetics and Biopharmaceutics
 * 15:657), and fails when the whole interval lies outside. All groups must pass, so passing needs
 * no correction (intersection-union); failing is corrected for the number of groups (Bonferroni).
 *
 * The interval of a difference is made from the two intervals of its parts, which share no case
 * (Zou & Donner 2008, Statistics in Medicine 27:1693; Newcombe's method 10 where they are
 * Wilson's).
 */
#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "slice/suite_impl.h"

enum { MOST_GROUPS = 100 };

typedef struct difference {
    double value, low, high;
} difference;

typedef struct group {
    const char *label;
    int64_t n, n_outside;
    mlsd__suite_score inside;
    difference narrow, wide; /* to pass, to fail */
    const char *status;
} group;

/* The cases of a set by the values of one column. */
typedef struct groups {
    mlsd__suite_run *run;
    const mlsd__suite_set *set;
    mlsd__suite_scored scored;
    mlsd__dictionary *names;
    int32_t *group_of;         /* of each case */
    int64_t *inside, *outside; /* scratch: cases of a group, and the others */
    int64_t n_tests;           /* groups of all columns */
} groups;

static const char within[] = "within margin", beyond[] = "outside margin",
                  unclear[] = "cannot tell", few[] = "low support", undefined[] = "undefined";

static difference subtract(mlsd__suite_score a, mlsd__suite_score b)
{
    const double below_a = a.value - a.low, above_a = a.high - a.value;
    const double below_b = b.value - b.low, above_b = b.high - b.value;
    const double d = a.value - b.value;
    return (difference){d, d - sqrt(below_a * below_a + above_b * above_b),
                        d + sqrt(above_a * above_a + below_b * below_b)};
}

static mlsd_status assign(groups *g, int64_t column)
{
    const mlsd__suite_set *const set = g->set;
    const mlsd_table *const t = set->file->table;
    MLSD__TRY(mlsd__dictionary_new(g->run->scope->allocator, &g->names));
    for (int64_t i = 0; i < set->n_rows; i++) {
        char buffer[MLSD__NUMBER_CAPACITY];
        const char *cell = mlsd__suite_cell_text(t, column, set->rows[i], buffer);
        if (cell == NULL) cell = "(missing)";
        MLSD__TRY(mlsd__dictionary_intern(g->names, cell, strlen(cell), &g->group_of[i]));
        if (mlsd__dictionary_count(g->names) > MOST_GROUPS)
            return mlsd__suite_fail(
                g->run->suite->path, set->line, MLSD_E_DATA,
                "'by': column '%.60s' has more than %d values; give a column of groups",
                mlsd_table_name(t, column), MOST_GROUPS);
    }
    if (mlsd__dictionary_count(g->names) >= 2) return MLSD_OK;
    return mlsd__suite_fail(g->run->suite->path, set->line, MLSD_E_DATA,
                            "'by': column '%.60s' has one value, so there is nothing to compare",
                            mlsd_table_name(t, column));
}

/* The difference at one level of both parts' intervals, and the support of the weaker part. */
static mlsd_status compare(const groups *g, const group *of, double level, difference *out,
                           double *out_support)
{
    mlsd__suite_score inside, outside;
    MLSD__TRY(mlsd__suite_score_rows(g->run, g->set, &g->scored, g->inside, of->n, level, &inside));
    MLSD__TRY(mlsd__suite_score_rows(g->run, g->set, &g->scored, g->outside, of->n_outside, level,
                                     &outside));
    *out = subtract(inside, outside);
    *out_support = fmin(inside.support, outside.support);
    return MLSD_OK;
}

static mlsd_status judge(groups *g, int32_t number, group *out)
{
    const mlsd__suite_set *const set = g->set;
    const double alpha = 1 - set->level;
    double support;
    *out = (group){.label = mlsd__dictionary_at(g->names, number, NULL)};
    for (int64_t i = 0; i < set->n_rows; i++) {
        if (g->group_of[i] == number) {
            g->inside[out->n++] = i;
        } else {
            g->outside[out->n_outside++] = i;
        }
    }
    MLSD__TRY(compare(g, out, 1 - 2 * alpha, &out->narrow, &support));
    MLSD__TRY(compare(g, out, 1 - alpha / (double)g->n_tests, &out->wide, &support));
    MLSD__TRY(mlsd__suite_score_rows(g->run, set, &g->scored, g->inside, out->n, set->level,
                                     &out->inside));
    const double margin = set->margin;
    if (out->n < set->min_support || out->n_outside < set->min_support) {
        out->status = few;
    } else if (isnan(out->narrow.low) || isnan(out->narrow.high)) {
        out->status = undefined;
    } else if (support < (double)set->min_support) {
        out->status = few;
    } else if (out->narrow.low >= -margin && out->narrow.high <= margin) {
        out->status = within;
    } else {
        out->status = out->wide.low > margin || out->wide.high < -margin ? beyond : unclear;
    }
    return mlsd__checkpoint(g->run->scope);
}

static void put(const groups *g, int64_t column, const group *x)
{
    mlsd__rows *const rows = &g->run->groups;
    mlsd__rows_str(rows, g->set->name);
    mlsd__rows_str(rows, mlsd_table_name(g->set->file->table, column));
    mlsd__rows_str(rows, x->label);
    mlsd__rows_i64(rows, x->n);
    mlsd__rows_f64(rows, x->inside.value);
    mlsd__rows_f64(rows, x->inside.low);
    mlsd__rows_f64(rows, x->inside.high);
    mlsd__rows_f64(rows, x->narrow.value);
    mlsd__rows_f64(rows, x->narrow.low);
    mlsd__rows_f64(rows, x->narrow.high);
    mlsd__rows_str(rows, x->status);
}

/* The worse a group's status the later in this list; of equals the larger difference,
 * and of two halves, which differ by the same, the smaller. */
static int severity(const group *x)
{
    const char *const order[] = {within, few, undefined, unclear, beyond};
    int k = 0;
    while (x->status != order[k]) k++;
    return k;
}

static bool is_worse(const group *x, const group *than)
{
    const int a = severity(x), b = severity(than);
    if (a != b) return a > b;
    const double by = fabs(x->narrow.value) - fabs(than->narrow.value);
    return by != 0 ? by > 0 : x->n < than->n;
}

static void say(const mlsd__suite_set *set, const char *column, const group *x,
                mlsd__suite_finding *out)
{
    mlsd__text *const t = &out->detail;
    mlsd__text_format(t, "%s = %s: ", column, x->label);
    if (x->status == few) {
        mlsd__text_format(t,
                          "%lld cases, %lld outside; %lld of each that the metric is "
                          "about are needed",
                          (long long)x->n, (long long)x->n_outside, (long long)set->min_support);
        return;
    }
    if (x->status == undefined) {
        mlsd__text_format(t, "%s or its interval is not defined", set->metric);
        return;
    }
    mlsd__text_format(t, "%s differs by ", set->metric);
    mlsd__short_text(x->narrow.value, t);
    mlsd__text_append(t, " [");
    mlsd__short_text(x->narrow.low, t);
    mlsd__text_append(t, ", ");
    mlsd__short_text(x->narrow.high, t);
    mlsd__text_append(t, "] from the cases outside; margin ");
    mlsd__short_text(set->margin, t);
    const double room = set->margin - fabs(x->narrow.value);
    const double half = (x->narrow.high - x->narrow.low) / 2;
    if (x->status != unclear || !(room > 0)) return;
    const double times = mlsd__round_significant((half / room) * (half / room), 2);
    if (!(times > 1 && times < 1e6)) return;
    mlsd__text_append(t, "; about ");
    mlsd__text_double(t, times);
    mlsd__text_append(t, " times as many cases would tell");
}

static void conclude(const mlsd__suite_set *set, const char *column, const group *worst,
                     mlsd__suite_finding *out)
{
    out->status = worst->status == within   ? MLSD__SET_PASSED
                  : worst->status == beyond ? MLSD__SET_FAILED
                                            : MLSD__SET_CANNOT_TELL;
    out->value = worst->narrow.value;
    out->low = worst->narrow.low;
    out->high = worst->narrow.high;
    if (worst->status == few) out->value = out->low = out->high = NAN;
    say(set, column, worst, out);
}

/* How many groups there are in all columns. */
static mlsd_status count_groups(groups *g)
{
    for (int64_t j = 0; j < g->set->n_by; j++) {
        const mlsd_status status = assign(g, g->set->by[j]);
        if (g->names != NULL && status == MLSD_OK) g->n_tests += mlsd__dictionary_count(g->names);
        if (g->names != NULL) mlsd__dictionary_free(g->names);
        g->names = NULL;
        MLSD__TRY(status);
    }
    return MLSD_OK;
}

/* All groups of one column; the worst of all so far is said at the end, so its label is kept. */
static mlsd_status judge_column(groups *g, int64_t column, group *worst, int64_t *worst_column,
                                mlsd__text *worst_label)
{
    mlsd_status status = assign(g, column);
    const int64_t n = status == MLSD_OK ? mlsd__dictionary_count(g->names) : 0;
    for (int32_t k = 0; k < n && status == MLSD_OK; k++) {
        group x;
        status = judge(g, k, &x);
        if (status != MLSD_OK) break;
        put(g, column, &x);
        if (*worst_column >= 0 && !is_worse(&x, worst)) continue;
        *worst = x;
        *worst_column = column;
        mlsd__text_free(worst_label);
        mlsd__text_append(worst_label, x.label);
        worst->label = worst_label->data;
        status = worst_label->status;
    }
    if (g->names != NULL) mlsd__dictionary_free(g->names);
    g->names = NULL;
    return status;
}

static mlsd_status judge_all(groups *g, mlsd__suite_finding *out)
{
    const mlsd__suite_set *const set = g->set;
    group worst = {0};
    int64_t worst_column = -1;
    mlsd__text label;
    mlsd__text_init(&label, g->run->scope->allocator);
    mlsd_status status = count_groups(g);
    for (int64_t j = 0; j < set->n_by && status == MLSD_OK; j++)
        status = judge_column(g, set->by[j], &worst, &worst_column, &label);
    if (status == MLSD_OK)
        conclude(set, mlsd_table_name(set->file->table, worst_column), &worst, out);
    mlsd__text_free(&label);
    return status;
}

mlsd_status mlsd__suite_run_uniformity(mlsd__suite_run *run, const mlsd__suite_set *set,
                                       mlsd__suite_finding *out)
{
    const mlsd__allocator *const a = run->scope->allocator;
    groups g = {.run = run, .set = set};
    out->n = set->n_rows;
    out->wanted = set->margin;
    mlsd_status status = mlsd__suite_scored_open(run, set, &g.scored);
    g.group_of = mlsd__alloc_raw(a, set->n_rows, sizeof *g.group_of);
    g.inside = mlsd__alloc_raw(a, set->n_rows, sizeof *g.inside);
    g.outside = mlsd__alloc_raw(a, set->n_rows, sizeof *g.outside);
    if (status == MLSD_OK && (g.group_of == NULL || g.inside == NULL || g.outside == NULL))
        status = MLSD_E_NOMEM;
    if (status == MLSD_OK) status = judge_all(&g, out);
    mlsd__free(a, g.outside);
    mlsd__free(a, g.inside);
    mlsd__free(a, g.group_of);
    mlsd__suite_scored_free(a, &g.scored);
    return status;
}
