/* slice_words.c - the verdict of slice_metrics, for people who know no statistics: a line for each
 * thing to know. */
#include <math.h>
#include <string.h>

#include "slice/slice_metrics.h"
#include "validate/words.h"

/* Metrics and groups that are spoken of; the tables have all. */
enum { MOST_METRICS = 5, MOST_NAMED = 3 };

/* What is neither better nor worse when it grows. */
static bool is_neutral(const char *metric)
{
    return strcmp(metric, "selection_rate") == 0 || strcmp(metric, "prevalence") == 0;
}

static void name_group(const mlsd__slice_run *r, int64_t g, mlsd__text *t)
{
    const mlsd__view *const view = mlsd__slice_view(r, g);
    const int64_t before = t->length;
    mlsd__views_words(&r->views, view, r->groups[g].cell, t);
    if (r->views.control.n_columns > 0) {
        mlsd__text_append(t, ", among ");
        mlsd__views_words(&r->views, &r->views.control, view->control[r->groups[g].cell], t);
    }
    if (t->status != MLSD_OK) return;
    for (int64_t i = before; i < t->length; i++) { /* a name is no line of its own */
        if (t->data[i] == '\n') t->data[i] = ' ';
    }
}

/* A number of rows to plan with: two digits, upwards. */
static double rounded_up(double n)
{
    double unit = 1;
    if (!isfinite(n)) return n;
    while (n > 100 * unit) unit *= 10;
    return ceil(n / unit) * unit;
}

static double rows_of(const mlsd__slice_run *r, int64_t g)
{
    return mlsd__slice_view(r, g)->n[r->groups[g].cell];
}

static void say_against(const mlsd__slice_run *r, mlsd__text *t)
{
    if (strcmp(r->against[0], "complement") == 0) {
        mlsd__text_append(t, "elsewhere");
    } else if (strcmp(r->against[0], "overall") == 0) {
        mlsd__text_append(t, "in all rows");
    } else if (strcmp(r->against[0], "largest") == 0) {
        mlsd__text_append(t, "in the largest group");
    } else if (strstr(r->against[0], " = ") != NULL) {
        mlsd__text_format(t, "where %s", r->against[0]);
    } else {
        mlsd__text_format(t, "in the group %s", r->against[0]);
    }
}

/* The finding that matters most: of those that are worse the furthest, if there is one; otherwise
 * any. Or, with is_finding false, the furthest that is none. */
static int64_t find_furthest(const mlsd__slice_run *r, int64_t metric, bool is_finding,
                             int64_t *out_n)
{
    int64_t best = -1;
    double best_size = -INFINITY;
    bool best_is_worse = false;
    *out_n = 0;
    for (int64_t g = 0; g < r->n_groups; g++) {
        const mlsd__slice_against *const c = mlsd__slice_compared(r, 0, g, metric);
        if (!c->is_judged || c->is_finding != is_finding || isnan(c->d.value)) continue;
        const bool is_lower = r->metrics[metric].greater_is_better == (c->d.value < 0);
        const bool is_worse =
            is_finding && c->d.value != 0 && is_lower && !is_neutral(r->names[metric]);
        const double size = fabs(c->d.value);
        *out_n += !c->is_mirror;
        if (is_worse != best_is_worse ? is_worse : size > best_size) {
            best = g;
            best_is_worse = is_worse;
            best_size = size;
        }
    }
    return best;
}

static void say_finding(const mlsd__slice_run *r, int64_t metric, int64_t g, int64_t n,
                        mlsd__text *t)
{
    const mlsd__slice_against *const c = mlsd__slice_compared(r, 0, g, metric);
    const mlsd__metric_ops *const ops = &r->metrics[metric];
    const bool is_worse = ops->greater_is_better ? c->d.value < 0 : c->d.value > 0;
    const char *const how = is_neutral(r->names[metric]) ? (c->d.value < 0 ? "lower" : "higher")
                            : is_worse                   ? "worse"
                                                         : "better";
    mlsd__text_format(t, "%s is %s where ", r->names[metric], how);
    name_group(r, g, t);
    mlsd__text_append(t, ", by more than chance: ");
    mlsd__words_estimate(t, &r->cells[g * r->n_metrics + metric].is, r->p->level);
    mlsd__text_append(t, " against ");
    mlsd__words_number(t, c->other.value);
    mlsd__text_append(t, " ");
    say_against(r, t);
    if (n > 1) {
        mlsd__text_format(t, " (%lld more group%s differ%s by more than chance)", (long long)n - 1,
                          n == 2 ? "" : "s", n == 2 ? "s" : "");
    }
    mlsd__text_append(t, ".\n");
}

static void say_none(const mlsd__slice_run *r, int64_t metric, mlsd__text *t)
{
    int64_t n = 0;
    const int64_t g = find_furthest(r, metric, false, &n);
    if (mlsd__slice_grows_by_chance(r->names[metric])) {
        mlsd__text_format(t,
                          "%s is larger by chance alone where rows are fewer, so groups are not "
                          "compared by it (log_loss and brier can be).\n",
                          r->names[metric]);
        return;
    }
    if (g < 0) {
        mlsd__text_format(t, "%s: no group has rows enough to judge.\n", r->names[metric]);
        return;
    }
    const mlsd__slice_against *const c = mlsd__slice_compared(r, 0, g, metric);
    mlsd__text_format(t, "%s: no group differs from what it is ", r->names[metric]);
    say_against(r, t);
    mlsd__text_append(t, " by more than chance");
    const double support = r->cells[g * r->n_metrics + metric].support;
    if (c->d.value != 0 && c->rows_needed > support) {
        const bool counts_all = support >= rows_of(r, g);
        mlsd__text_append(t, "; the largest difference, where ");
        name_group(r, g, t);
        mlsd__text_append(t, ", cannot be told from chance: that needs about ");
        mlsd__text_fixed(t, rounded_up(c->rows_needed), 0);
        if (counts_all)
            mlsd__text_append(t, " rows of it, there are ");
        else
            mlsd__text_format(t, " rows of it that %s counts, there are ", r->names[metric]);
        mlsd__text_fixed(t, support, 0);
    }
    mlsd__text_append(t, ".\n");
}

/* Groups with few rows cannot be judged by anything (metric -1); others only by a metric that
 * counts few of theirs. */
static bool is_unjudged(const mlsd__slice_run *r, int64_t g, int64_t metric)
{
    const bool is_small = rows_of(r, g) < (double)r->p->min_support;
    if (metric < 0) return is_small;
    return !is_small && r->cells[g * r->n_metrics + metric].status != MLSD__SLICE_OK;
}

static void say_unjudged(const mlsd__slice_run *r, int64_t metric, mlsd__text *t)
{
    int64_t n = 0;
    for (int64_t g = 0; g < r->n_groups; g++) {
        if (!is_unjudged(r, g, metric)) continue;
        if (n == 0) {
            mlsd__text_append(t, "Too few rows ");
            if (metric >= 0) mlsd__text_format(t, "that %s counts ", r->names[metric]);
            mlsd__text_format(t, "to judge (fewer than %lld): ", (long long)r->p->min_support);
        }
        if (n < MOST_NAMED) {
            if (n > 0) mlsd__text_append(t, "; ");
            name_group(r, g, t);
        }
        n++;
    }
    if (n > MOST_NAMED) mlsd__text_format(t, "; and %lld more", (long long)(n - MOST_NAMED));
    if (n > 0) mlsd__text_append(t, ".\n");
}

static void say_alarms(const mlsd__slice_run *r, mlsd__text *t)
{
    int64_t n = 0;
    for (int64_t i = 0; i < r->n_strata; i++) {
        const mlsd__slice_stratum *const s = &r->strata[i];
        const bool is_mirror = mlsd__slice_compared(r, 0, s->group, s->metric)->is_mirror;
        if (s->alarm[0] == '\0' || is_mirror || n++ >= MOST_NAMED) continue;
        const char *const within = r->views.columns[s->within].name;
        mlsd__text_format(t, "Careful: the difference of %s where ", r->names[s->metric]);
        name_group(r, s->group, t);
        if (s->alarm[0] == 't') {
            mlsd__text_format(
                t, " turns around (its sign flips) when rows of the same %s are compared", within);
        } else {
            mlsd__text_format(t, " is no more than chance when rows of the same %s are compared",
                              within);
        }
        mlsd__text_append(t, " (odds ratio ");
        mlsd__words_number(t, s->pooled_odds);
        mlsd__text_append(t, " in all rows, ");
        mlsd__words_number(t, s->common.value);
        mlsd__text_format(t, " within %s).\n", within);
    }
    if (n > MOST_NAMED) mlsd__text_format(t, "%lld more such.\n", (long long)(n - MOST_NAMED));
}

static bool is_any_judged(const mlsd__slice_run *r)
{
    for (int64_t i = 0; i < r->n_groups * r->n_metrics; i++) {
        if (r->compared[i].is_judged || mlsd__slice_grows_by_chance(r->names[i % r->n_metrics]))
            return true;
    }
    return false;
}

static void say_metrics(const mlsd__slice_run *r, mlsd__text *t)
{
    if (!is_any_judged(r)) {
        mlsd__text_append(t, "No group can be judged beside the others.\n");
        return;
    }
    for (int64_t m = 0; m < r->n_metrics && m < MOST_METRICS; m++) {
        int64_t n = 0;
        const int64_t g = find_furthest(r, m, true, &n);
        if (g >= 0) {
            say_finding(r, m, g, n, t);
        } else {
            say_none(r, m, t);
        }
    }
}

/* The ok group where the first metric is worst. */
static int64_t find_worst(const mlsd__slice_run *r)
{
    int64_t worst = -1;
    for (int64_t g = 0; g < r->n_groups; g++) {
        const mlsd__slice_cell *const c = &r->cells[g * r->n_metrics];
        if (c->status != MLSD__SLICE_OK) continue;
        const double than = worst < 0 ? 0 : r->cells[worst * r->n_metrics].is.value;
        if (worst < 0 ||
            (r->metrics[0].greater_is_better ? c->is.value < than : c->is.value > than))
            worst = g;
    }
    return worst;
}

/* The texts "worst" and, with control columns, "worst_control": what that group is among. */
static mlsd_status put_worst(const mlsd__slice_run *r, mlsd_result *out)
{
    const int64_t g = find_worst(r);
    const mlsd__view *const view = g >= 0 ? mlsd__slice_view(r, g) : NULL;
    mlsd__text worst, control;
    mlsd__text_init(&worst, r->allocator);
    mlsd__text_init(&control, r->allocator);
    mlsd__text_append(&worst, "");
    mlsd__text_append(&control, "");
    if (g >= 0) {
        mlsd__views_words(&r->views, view, r->groups[g].cell, &worst);
        mlsd__views_words(&r->views, &r->views.control, view->control[r->groups[g].cell], &control);
    }
    mlsd_status status = worst.status != MLSD_OK ? worst.status : control.status;
    if (status == MLSD_OK)
        status = mlsd__result_set_str(out, "worst", worst.data == NULL ? "" : worst.data, false);
    if (status == MLSD_OK && r->views.control.n_columns > 0)
        status = mlsd__result_set_str(out, "worst_control",
                                      control.data == NULL ? "" : control.data, false);
    mlsd__text_free(&control);
    mlsd__text_free(&worst);
    return status;
}

mlsd_status mlsd__slice_say(const mlsd__slice_run *r, mlsd_result *out)
{
    mlsd__text t;
    MLSD__TRY(put_worst(r, out));
    mlsd__text_init(&t, r->allocator);
    say_metrics(r, &t);
    say_alarms(r, &t);
    for (int64_t m = -1; m < r->n_metrics && m < MOST_METRICS; m++) say_unjudged(r, m, &t);
    if (t.length > 0 && t.data[t.length - 1] == '\n') t.data[--t.length] = '\0';
    return mlsd__result_end_verdict(out, &t);
}
