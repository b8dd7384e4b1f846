/* suite_goal.c - sets that a model need not pass: the metric is reported with its interval and its
 * trend, and the set fails only when the model is worse than last time, or than the baseline, by
 * more than chance.
 *
 * Last time alone would be a ratchet that slips: a model that gets a little worse each time is
 * never worse than last time. So the first run that was kept is the baseline, and stays it until
 * somebody says otherwise; it does not move to a better run by itself, for the best of many runs
 * was lucky, and whatever follows would look worse. Where both are there, each is tested at half of
 * the chance of a false alarm (Bonferroni). */
#include <math.h>
#include <string.h>

#include "slice/suite_impl.h"

enum { LAST = 0, BASELINE = 1, N_REFERENCES = 2 };

/* Now against one run that was kept. */
typedef struct reference {
    const mlsd__suite_kept *kept; /* without rows: there is none */
    bool fits;
    int64_t n; /* cases of both */
    double p;  /* one-sided, that now is not worse */
} reference;

/* ---- the finding ---- */

static void say_score(const mlsd__suite_set *set, const mlsd__suite_finding *f, mlsd__text *t)
{
    mlsd__text_format(t, "%s ", set->metric);
    mlsd__short_text(f->value, t);
    if (!isnan(set->goal) && !isnan(f->value)) {
        const bool is_reached =
            set->ops.greater_is_better ? f->value >= set->goal : f->value <= set->goal;
        mlsd__text_append(t, is_reached ? ", goal " : ", short of the goal ");
        mlsd__short_text(set->goal, t);
        if (is_reached) mlsd__text_append(t, " reached");
    }
    if (!isnan(f->last)) {
        mlsd__text_append(t, "; last ");
        mlsd__short_text(f->last, t);
    }
}

static void say_p(double p, mlsd__text *t)
{
    static const double smallest = 0.0001;
    mlsd__text_append(t, p < smallest ? "p < " : "p = ");
    mlsd__text_double(t, p < smallest ? smallest : mlsd__round_significant(p, 2));
}

/* "last time", or "the baseline, run 3 'v1.2'". */
static void say_reference(const mlsd__suite_set *set, const reference *r, mlsd__text *t)
{
    if (r->kept == &set->last) {
        mlsd__text_append(t, "last time");
        return;
    }
    mlsd__text_format(t, "the baseline, run %lld", (long long)r->kept->run);
    for (int64_t i = 0; i < set->n_trend; i++) {
        const mlsd__suite_point *const x = &set->trend[i];
        if (x->run == r->kept->run && *x->name != '\0') mlsd__text_format(t, " '%.60s'", x->name);
    }
}

/* Why now cannot be compared with what was kept; NULL where it can. */
static const char *obstacle(const reference *r)
{
    if (!r->fits) return "what was kept is of another metric or of other classes: keep this run";
    if (r->n == 0)
        return "none of the cases was there last time: name them by 'id', or keep this run";
    return isnan(r->p) ? "the cases that were there last time are too few or too alike for a test"
                       : NULL;
}

/* The set fails by the reference that shows it best; p-values are of all references together. */
static void conclude_tests(const mlsd__suite_set *set, const reference *references,
                           mlsd__suite_finding *out)
{
    mlsd__text *const t = &out->detail;
    const reference *worst = &references[LAST];
    const double times = references[BASELINE].kept->n > 0 ? 2 : 1;
    for (int k = 0; k < N_REFERENCES; k++) {
        const reference *const r = &references[k];
        if (r->kept->n == 0) continue;
        const char *const why = obstacle(r);
        if (why != NULL) {
            out->status = MLSD__SET_CANNOT_TELL;
            mlsd__text_format(t, "; %s", why);
            return;
        }
        if (r->p < worst->p) worst = r;
    }
    out->p_value = fmin(1, times * worst->p);
    const bool is_worse = out->p_value < 1 - set->level;
    out->status = is_worse ? MLSD__SET_FAILED : MLSD__SET_PASSED;
    mlsd__text_append(t, is_worse ? "; worse than " : "; not worse than ");
    say_reference(set, is_worse ? worst : &references[LAST], t);
    if (!is_worse && times > 1) {
        mlsd__text_append(t, " or ");
        say_reference(set, &references[BASELINE], t);
        mlsd__text_append(t, ",");
    }
    mlsd__text_append(t, " by more than chance (");
    say_p(out->p_value, t);
    mlsd__text_format(t, ", %lld common case%s)", (long long)worst->n, worst->n == 1 ? "" : "s");
}

static void conclude(const mlsd__suite_set *set, const reference *references,
                     mlsd__suite_finding *out)
{
    mlsd__text *const t = &out->detail;
    if (isnan(out->value)) {
        out->status = MLSD__SET_CANNOT_TELL;
        mlsd__text_format(t, "%s is not defined for these cases", set->metric);
        return;
    }
    say_score(set, out, t);
    if (set->last.n > 0) {
        conclude_tests(set, references, out);
    } else if (set->n_trend > 0) {
        out->status = MLSD__SET_CANNOT_TELL;
        mlsd__text_append(t, "; the history has earlier runs, but the cases of the last are gone: "
                             "restore the file, or keep this run");
    } else {
        mlsd__text_append(t, "; nothing was kept to compare with");
    }
}

static void put_point(mlsd__rows *rows, const mlsd__suite_set *set, const mlsd__suite_point *x)
{
    mlsd__rows_str(rows, set->name);
    mlsd__rows_i64(rows, x->run);
    mlsd__rows_str(rows, x->name);
    mlsd__rows_i64(rows, x->n);
    mlsd__rows_f64(rows, x->value);
    mlsd__rows_f64(rows, x->low);
    mlsd__rows_f64(rows, x->high);
}

/* What was kept of the baseline stays, unless nothing can be compared with it any more. */
static void put_tables(mlsd__suite_run *run, const mlsd__suite_set *set,
                       const mlsd__outcomes *outcomes, char *const *keys,
                       const reference *references, const mlsd__suite_finding *f)
{
    const int64_t number = run->suite->n_runs + 1;
    const mlsd__suite_point now = {number, "now", f->n, f->value, f->low, f->high};
    const reference *const first = &references[references[BASELINE].kept->n > 0 ? BASELINE : LAST];
    for (int64_t i = 0; i < set->n_trend; i++) put_point(&run->trend, set, &set->trend[i]);
    put_point(&run->trend, set, &now);
    if (first->kept->n > 0 && obstacle(first) == NULL)
        mlsd__kept_put(&run->outcomes, set, first->kept);
    mlsd__outcomes_put(run, set, outcomes, keys, number);
}

/* ---- the comparison ---- */

static mlsd_status refer(mlsd__suite_run *run, const mlsd__suite_set *set,
                         const mlsd__outcomes *now, const mlsd__suite_scored *s, char *const *keys,
                         const mlsd__suite_kept *kept, reference *out)
{
    mlsd__outcome_pairs pairs = {0};
    *out = (reference){.kept = kept, .p = NAN};
    if (kept->n == 0) return MLSD_OK;
    mlsd_status status = mlsd__outcomes_match(run, set, now, s, keys, kept, &pairs);
    if (status == MLSD_OK && pairs.fits && pairs.n > 0)
        status = mlsd__outcomes_test(run, set, now, &pairs, &out->p);
    out->fits = pairs.fits;
    out->n = pairs.n;
    mlsd__outcome_pairs_free(run->scope->allocator, &pairs);
    return status;
}

static mlsd_status judge(mlsd__suite_run *run, const mlsd__suite_set *set,
                         const mlsd__suite_scored *s, mlsd__suite_finding *out)
{
    const mlsd__allocator *const a = run->scope->allocator;
    reference references[N_REFERENCES];
    mlsd__outcomes now = {0};
    char **keys = NULL;
    mlsd_status status = mlsd__outcomes_make(run, set, s, &now);
    if (status == MLSD_OK) status = mlsd__case_keys(a, set, &keys);
    if (status == MLSD_OK) status = refer(run, set, &now, s, keys, &set->last, &references[LAST]);
    if (status == MLSD_OK)
        status = refer(run, set, &now, s, keys, &set->baseline, &references[BASELINE]);
    if (status == MLSD_OK) {
        conclude(set, references, out);
        put_tables(run, set, &now, keys, references, out);
    }
    mlsd__case_keys_free(a, set, keys);
    mlsd__outcomes_free(a, &now);
    return status;
}

mlsd_status mlsd__suite_run_goal(mlsd__suite_run *run, const mlsd__suite_set *set,
                                 mlsd__suite_finding *out)
{
    mlsd__suite_scored s;
    mlsd__suite_score score;
    out->n = set->n_rows;
    out->wanted = set->goal;
    if (set->n_trend > 0) out->last = set->trend[set->n_trend - 1].value;
    mlsd_status status = mlsd__suite_scored_open(run, set, &s);
    if (status == MLSD_OK)
        status = mlsd__suite_score_rows(run, set, &s, NULL, set->n_rows, set->level, &score);
    if (status == MLSD_OK) {
        out->value = score.value;
        out->low = score.low;
        out->high = score.high;
        status = judge(run, set, &s, out);
    }
    mlsd__suite_scored_free(run->scope->allocator, &s);
    return status;
}
