/* suite_outcome.c - what is kept of a case, so that the next model can be compared with this one
 * case by case. The metric says what: where it is a mean over cases, the case's part of it (right
 * or not, its loss); else what the metric reads of the case, from which it can be computed again.
 *
 *   what is kept           named              outcome
 *   part of the metric     the metric         of rmse and others that are roots, before the root
 *   the predicted number   prediction         the number
 *   the predicted class    predicts <class>   1
 *   probabilities          p(<class>)         of two classes that of the second; else of each
 *
 * Classes are kept by name, for the next model may number them in another order. */
#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "slice/suite_impl.h"

static const char the_number[] = "prediction", the_class[] = "predicts ";

void mlsd__outcomes_free(const mlsd__allocator *a, mlsd__outcomes *o)
{
    mlsd__free(a, o->values);
}

/* ---- now ---- */

/* Each case's part, unless one is not defined. */
static mlsd_status take_parts(const mlsd__suite_run *run, const mlsd__scored *scored,
                              mlsd__outcomes *o)
{
    const int64_t n = scored->n;
    bool is_defined = true;
    double *const parts = mlsd__alloc_raw(run->scope->allocator, n, sizeof *parts);
    if (parts == NULL) return MLSD_E_NOMEM;
    o->metric->row_loss(scored, NULL, 0, n, parts);
    for (int64_t i = 0; i < n; i++) is_defined = is_defined && isfinite(parts[i]);
    o->is_part = is_defined;
    if (is_defined) {
        o->width = 1;
        o->values = parts;
    } else {
        mlsd__free(run->scope->allocator, parts);
    }
    return MLSD_OK;
}

mlsd_status mlsd__outcomes_make(mlsd__suite_run *run, const mlsd__suite_set *set,
                                const mlsd__suite_scored *s, mlsd__outcomes *out)
{
    enum { DIGITS = 9 }; /* that are kept */
    mlsd__scored_copy rows;
    const mlsd__predictor *const p = &run->predictor;
    *out = (mlsd__outcomes){.metric = &set->ops, .n = set->n_rows};
    MLSD__TRY(mlsd__suite_gather(run, set, s, NULL, set->n_rows, &rows));
    mlsd_status status = MLSD_OK;
    if (out->metric->row_loss != NULL) status = take_parts(run, &rows.view, out);
    if (status == MLSD_OK && !out->is_part) {
        out->width = out->metric->needs_proba && p->has_proba ? p->n_classes : 1;
        out->values = rows.prediction;
        rows.prediction = NULL;
    }
    for (int64_t i = 0; status == MLSD_OK && i < out->n * out->width; i++)
        out->values[i] = mlsd__round_significant(out->values[i], DIGITS);
    mlsd__scored_free(&rows, run->scope->allocator);
    return status;
}

static void put_row(mlsd__rows *rows, const mlsd__suite_set *set, int64_t number, const char *what,
                    const char *key, double outcome)
{
    mlsd__rows_str(rows, set->name);
    mlsd__rows_i64(rows, number);
    mlsd__rows_str(rows, what);
    mlsd__rows_str(rows, key);
    mlsd__rows_f64(rows, outcome);
}

/* "before" + name + "after", as what is kept. */
static void put_named(mlsd__rows *rows, const mlsd__suite_set *set, int64_t number,
                      const char *before, const char *name, const char *after, const char *key,
                      double outcome)
{
    mlsd__text what;
    mlsd__text_init(&what, rows->allocator);
    mlsd__text_format(&what, "%s%s%s", before, name, after);
    if (what.status == MLSD_OK) {
        put_row(rows, set, number, what.data, key, outcome);
    } else {
        rows->status = what.status;
    }
    mlsd__text_free(&what);
}

void mlsd__outcomes_put(mlsd__suite_run *run, const mlsd__suite_set *set, const mlsd__outcomes *o,
                        char *const *keys, int64_t number)
{
    const mlsd__predictor *const p = &run->predictor;
    mlsd__rows *const rows = &run->outcomes;
    for (int64_t i = 0; i < o->n; i++) {
        const double *const x = o->values + i * o->width;
        if (o->is_part) {
            put_row(rows, set, number, set->metric, keys[i], *x);
        } else if (o->width == 1 && p->n_classes == 0) {
            put_row(rows, set, number, the_number, keys[i], *x);
        } else if (o->width == 1) {
            put_named(rows, set, number, the_class, p->classes[(int64_t)*x], "", keys[i], 1);
        } else {
            for (int64_t c = o->width == 2; c < o->width; c++)
                put_named(rows, set, number, "p(", p->classes[c], ")", keys[i], x[c]);
        }
    }
}

void mlsd__kept_put(mlsd__rows *rows, const mlsd__suite_set *set, const mlsd__suite_kept *kept)
{
    for (int64_t i = 0; i < kept->n; i++)
        put_row(rows, set, kept->run, kept->whats[i], kept->keys[i], kept->outcomes[i]);
}

/* ---- then ---- */

/* The class that `what` names between a beginning and an ending, -1 for none that is known. */
static int64_t class_of(const mlsd__predictor *p, const char *what, const char *before,
                        const char *after)
{
    const size_t skipped = strlen(before), length = strlen(after);
    if (strncmp(what, before, skipped) != 0) return -1;
    for (int64_t c = 0; c < p->n_classes; c++) {
        const size_t n = strlen(p->classes[c]);
        if (strncmp(what + skipped, p->classes[c], n) != 0) continue;
        if (strncmp(what + skipped + n, after, length + 1) == 0) return c;
    }
    return -1;
}

/* Put one kept row where it belongs among the numbers of its case; false where it does not fit. */
static bool take_row(const mlsd__suite_run *run, const mlsd__suite_set *set,
                     const mlsd__outcomes *now, const char *what, double outcome, double *x)
{
    const mlsd__predictor *const p = &run->predictor;
    if (now->is_part || p->n_classes == 0) {
        *x = outcome;
        return strcmp(what, now->is_part ? set->metric : the_number) == 0;
    }
    if (now->width == 1) {
        *x = (double)class_of(p, what, the_class, "");
        return *x >= 0;
    }
    const int64_t c = class_of(p, what, "p(", ")");
    if (c < 0) return false;
    x[c] = outcome;
    if (now->width == 2) x[1 - c] = 1 - outcome;
    return true;
}

static mlsd_status number_keys(const mlsd__allocator *a, char *const *keys, int64_t n,
                               mlsd__dictionary **out)
{
    MLSD__TRY(mlsd__dictionary_new(a, out));
    for (int64_t i = 0; i < n; i++) {
        int32_t number; /* i: no two cases have one name */
        MLSD__TRY(mlsd__dictionary_intern(*out, keys[i], strlen(keys[i]), &number));
    }
    return MLSD_OK;
}

/* What was kept of each present case; NaN where nothing was. */
static mlsd_status look_up(const mlsd__suite_run *run, const mlsd__suite_set *set,
                           const mlsd__outcomes *now, char *const *keys,
                           const mlsd__suite_kept *kept, double *before, bool *out_fits)
{
    mlsd__dictionary *known = NULL;
    const mlsd_status status = number_keys(run->scope->allocator, keys, now->n, &known);
    for (int64_t i = 0; i < now->n * now->width; i++) before[i] = NAN;
    *out_fits = true;
    for (int64_t i = 0; i < kept->n && status == MLSD_OK; i++) {
        const int32_t at = mlsd__dictionary_find(known, kept->keys[i], strlen(kept->keys[i]));
        double room[1]; /* of a case that is gone the row must fit as well */
        if (at < 0 && now->width > 1) continue;
        double *const x = at < 0 ? room : before + at * now->width;
        *out_fits = take_row(run, set, now, kept->whats[i], kept->outcomes[i], x) && *out_fits;
    }
    if (known != NULL) mlsd__dictionary_free(known);
    return status;
}

/* How many of a case's numbers are known. */
static int64_t count_known(const double *x, int64_t n)
{
    int64_t known = 0;
    for (int64_t c = 0; c < n; c++) known += !isnan(x[c]);
    return known;
}

/* Keep the cases that both runs have; `before` is shortened in place. One of which some numbers
 * were kept and others not is of a model that had other classes. */
static void keep_common(const mlsd__outcomes *now, const mlsd__suite_scored *s,
                        mlsd__outcome_pairs *out)
{
    const int64_t k = now->width;
    for (int64_t i = 0; i < now->n; i++) {
        const int64_t known = count_known(out->before + i * k, k);
        if (known > 0 && known < k) out->fits = false;
        if (known < k) continue;
        if (s->weights != NULL && s->weights[i] == 0) continue;
        memmove(out->before + out->n * k, out->before + i * k, (size_t)k * sizeof *out->before);
        memcpy(out->now + out->n * k, now->values + i * k, (size_t)k * sizeof *out->now);
        if (s->weights != NULL) out->weights[out->n] = s->weights[i];
        out->labels[out->n++] = s->labels[i];
    }
}

mlsd_status mlsd__outcomes_match(const mlsd__suite_run *run, const mlsd__suite_set *set,
                                 const mlsd__outcomes *now, const mlsd__suite_scored *s,
                                 char *const *keys, const mlsd__suite_kept *kept,
                                 mlsd__outcome_pairs *out)
{
    const mlsd__allocator *const a = run->scope->allocator;
    const int64_t size = now->n * now->width;
    *out = (mlsd__outcome_pairs){.width = now->width};
    out->before = mlsd__alloc_raw(a, size, sizeof *out->before);
    out->now = mlsd__alloc_raw(a, size, sizeof *out->now);
    out->labels = mlsd__alloc_raw(a, now->n, sizeof *out->labels);
    if (s->weights != NULL) out->weights = mlsd__alloc_raw(a, now->n, sizeof *out->weights);
    if (out->before == NULL || out->now == NULL || out->labels == NULL ||
        (s->weights != NULL && out->weights == NULL))
        return MLSD_E_NOMEM;
    MLSD__TRY(look_up(run, set, now, keys, kept, out->before, &out->fits));
    if (out->fits) keep_common(now, s, out);
    return MLSD_OK;
}

void mlsd__outcome_pairs_free(const mlsd__allocator *a, mlsd__outcome_pairs *p)
{
    mlsd__free(a, p->before);
    mlsd__free(a, p->now);
    mlsd__free(a, p->labels);
    mlsd__free(a, p->weights);
}
