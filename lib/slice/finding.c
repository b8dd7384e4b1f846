/* finding.c - judging slices and telling it. */
#include "slice/finding.h"

#include <math.h>
#include <string.h>

#include "base/kindtable.h"
#include "validate/result_rows.h"
#include "validate/words.h"

static const char status_ok[] = "ok";
static const char status_low_support[] = "low support";
static const char status_undefined[] = "undefined";
static const char status_not_confirmed[] = "not confirmed";

mlsd_status mlsd__findings_make(const mlsd__allocator *a, int64_t n, mlsd__findings *out)
{
    out->rows = mlsd__alloc(a, n, sizeof *out->rows);
    if (out->rows == NULL) return MLSD_E_NOMEM;
    out->n = n;
    for (int64_t i = 0; i < n; i++) {
        mlsd__text_init(&out->rows[i].slice, a);
        mlsd__text_init(&out->rows[i].predicates, a);
        out->rows[i].status = status_undefined;
    }
    return MLSD_OK;
}

void mlsd__findings_free(mlsd__findings *f, const mlsd__allocator *a)
{
    for (int64_t i = 0; i < f->n; i++) {
        mlsd__text_free(&f->rows[i].slice);
        mlsd__text_free(&f->rows[i].predicates);
    }
    mlsd__free(a, f->rows);
    f->rows = NULL;
    f->n = 0;
}

mlsd_status mlsd__finding_name(mlsd__finding *f, const mlsd__sliced *s, const int32_t *items,
                               int64_t n_items)
{
    f->n_predicates = n_items;
    mlsd__text_append(&f->predicates, "[");
    for (int64_t j = 0; j < n_items; j++) {
        const mlsd__item *const item = &s->items[items[j]];
        if (j > 0) mlsd__text_append(&f->slice, " and ");
        if (j > 0) mlsd__text_append(&f->predicates, ", ");
        mlsd__sliced_words(s, item, &f->slice);
        mlsd__sliced_json(s, item, &f->predicates);
    }
    mlsd__text_append(&f->predicates, "]");
    return f->slice.status != MLSD_OK ? f->slice.status : f->predicates.status;
}

/* Share of the sum of all errors that the slice has. */
static double share_of_errors(const mlsd__half_errors *of, const mlsd__errors *inside)
{
    const double all = of->mean * of->all.w;
    return all > 0 ? (inside->wd + of->mean * inside->w) / all : (double)NAN;
}

static const char *status_of(const mlsd__against *is, int64_t n_confirm, int64_t confirm_support)
{
    if (n_confirm == 0) return status_not_confirmed;
    if (is->n_inside == 0 || is->n_outside == 0 || isnan(is->difference)) return status_undefined;
    if (is->n_inside < confirm_support || is->n_outside < confirm_support)
        return status_low_support;
    return status_ok;
}

static void judge_search(mlsd__finding *f, const mlsd__half *half, const mlsd__half_errors *of,
                         const uint64_t *rows)
{
    mlsd__errors inside;
    mlsd__against seen;
    mlsd__errors_of(half, of, rows, NULL, &inside);
    mlsd__against_make(of, &inside, half->wrong != NULL, NAN, &seen);
    f->search_n = inside.n;
    f->search_error = seen.inside;
    f->search_effect = seen.difference;
}

void mlsd__finding_judge(mlsd__finding *f, const mlsd__half halves[MLSD__N_HALVES],
                         const mlsd__half_errors of[MLSD__N_HALVES],
                         uint64_t *const rows[MLSD__N_HALVES], int64_t confirm_support,
                         double level, bool either_way)
{
    const mlsd__half *const confirm = &halves[MLSD__CONFIRM];
    const mlsd__half_errors *const all = &of[MLSD__CONFIRM];
    mlsd__errors inside;
    judge_search(f, &halves[MLSD__SEARCH], &of[MLSD__SEARCH], rows[MLSD__SEARCH]);
    mlsd__errors_of(confirm, all, rows[MLSD__CONFIRM], NULL, &inside);
    mlsd__against_make(all, &inside, confirm->wrong != NULL, level, &f->is);
    f->error_share = share_of_errors(all, &inside);
    f->status = status_of(&f->is, all->all.n, confirm_support);
    if (f->status != status_ok) f->is.p_value = f->q_value = NAN;
    f->is_finding = f->status == status_ok && (either_way || f->is.difference > 0) &&
                    f->q_value <= MLSD__FINDING_LEVEL;
}

/* ---- the table ---- */

static const mlsd__row_column finding_columns[] = {
    {"slice", MLSD_COLUMN_CATEGORY},
    {"predicates", MLSD_COLUMN_CATEGORY},
    {"n_predicates", MLSD_COLUMN_I64},
    {"search_n", MLSD_COLUMN_I64},
    {"search_value", MLSD_COLUMN_F64},
    {"search_difference", MLSD_COLUMN_F64},
    {"score", MLSD_COLUMN_F64},
    {"n", MLSD_COLUMN_I64},
    {"value", MLSD_COLUMN_F64},
    {"low", MLSD_COLUMN_F64},
    {"high", MLSD_COLUMN_F64},
    {"outside", MLSD_COLUMN_F64},
    {"difference", MLSD_COLUMN_F64},
    {"difference_low", MLSD_COLUMN_F64},
    {"difference_high", MLSD_COLUMN_F64},
    {"effect_size", MLSD_COLUMN_F64},
    {"share", MLSD_COLUMN_F64},
    {"statistic", MLSD_COLUMN_F64},
    {"t", MLSD_COLUMN_F64},
    {"p_value", MLSD_COLUMN_F64},
    {"q_value", MLSD_COLUMN_F64},
    {"status", MLSD_COLUMN_CATEGORY},
    {"finding", MLSD_COLUMN_I64},
};

static void put_row(mlsd__rows *rows, const mlsd__finding *f)
{
    mlsd__rows_str(rows, f->slice.data);
    mlsd__rows_str(rows, f->predicates.data);
    mlsd__rows_i64(rows, f->n_predicates);
    mlsd__rows_i64(rows, f->search_n);
    mlsd__rows_f64(rows, f->search_error);
    mlsd__rows_f64(rows, f->search_effect);
    mlsd__rows_f64(rows, f->score);
    mlsd__rows_i64(rows, f->is.n_inside);
    mlsd__rows_f64(rows, f->is.inside);
    mlsd__rows_f64(rows, f->is.inside_low);
    mlsd__rows_f64(rows, f->is.inside_high);
    mlsd__rows_f64(rows, f->is.outside);
    mlsd__rows_f64(rows, f->is.difference);
    mlsd__rows_f64(rows, f->is.low);
    mlsd__rows_f64(rows, f->is.high);
    mlsd__rows_f64(rows, f->is.effect);
    mlsd__rows_f64(rows, f->error_share);
    mlsd__rows_f64(rows, f->is.statistic);
    mlsd__rows_f64(rows, f->is.beta_t);
    mlsd__rows_f64(rows, f->is.p_value);
    mlsd__rows_f64(rows, f->q_value);
    mlsd__rows_str(rows, f->status);
    mlsd__rows_i64(rows, f->is_finding);
}

static mlsd_status put_table(const mlsd__findings *f, mlsd_result *r, const mlsd__allocator *a)
{
    mlsd__rows rows;
    mlsd_table *table = NULL;
    mlsd__rows_init(&rows, a, finding_columns, MLSD__COUNT(finding_columns));
    for (int64_t i = 0; i < f->n; i++) put_row(&rows, &f->rows[i]);
    MLSD__TRY(mlsd__rows_to_table(&rows, &table));
    return mlsd__result_set_table(r, "slices", table, false);
}

/* ---- words ---- */

static void say_q(mlsd__text *t, const mlsd__findings *f, double q)
{
    if (isnan(q)) {
        mlsd__text_append(t, "not tested");
        return;
    }
    mlsd__text_append(t, q < 0.0001 ? "q < 0.0001" : "q = ");
    if (q >= 0.0001) mlsd__text_fixed(t, q, 4);
    mlsd__text_format(t, " over %lld slice%s tested", (long long)f->n_tested,
                      f->n_tested == 1 ? "" : "s");
}

static void say_row(mlsd__text *t, const mlsd__findings *f, const mlsd__finding *row)
{
    const mlsd__estimate value = {
        .value = row->is.inside, .low = row->is.inside_low, .high = row->is.inside_high};
    mlsd__text_append(t, "where ");
    mlsd__text_append(t, row->slice.data);
    mlsd__text_format(t, ", the %s is ", f->what);
    mlsd__words_estimate(t, &value, f->level);
    mlsd__text_append(t, " against ");
    mlsd__words_number(t, row->is.outside);
    mlsd__text_format(t, " elsewhere (%lld rows; ", (long long)row->is.n_inside);
    say_q(t, f, row->q_value);
    mlsd__text_append(t, ")");
}

static void say_seen(mlsd__text *t, const mlsd__findings *f)
{
    const mlsd__finding *const row = &f->rows[0];
    mlsd__text_append(t, "seen but not confirmed: where ");
    mlsd__text_append(t, row->slice.data);
    mlsd__text_format(t, ", the %s is ", f->what);
    mlsd__words_number(t, row->search_error);
    mlsd__text_append(t, " against ");
    mlsd__words_number(t, row->search_error - row->search_effect);
    mlsd__text_format(t,
                      " elsewhere, on the %lld rows that it was chosen by; with 'confirm' above "
                      "0 other rows would tell whether that is chance",
                      (long long)row->search_n);
}

static const mlsd__finding *first_with(const mlsd__findings *f, bool finding)
{
    for (int64_t i = 0; i < f->n; i++) {
        if (finding ? f->rows[i].is_finding : f->rows[i].status == status_ok) return &f->rows[i];
    }
    return NULL;
}

static int64_t count_status(const mlsd__findings *f, const char *status)
{
    int64_t n = 0;
    for (int64_t i = 0; i < f->n; i++) n += f->rows[i].status == status;
    return n;
}

static int64_t count_findings(const mlsd__findings *f)
{
    int64_t n = 0;
    for (int64_t i = 0; i < f->n; i++) n += f->rows[i].is_finding;
    return n;
}

static void say_found(mlsd__text *t, const mlsd__findings *f)
{
    const int64_t n = count_findings(f);
    mlsd__text_format(t, "%s by more than chance: ", f->claim);
    say_row(t, f, first_with(f, true));
    if (n > 1) {
        mlsd__text_format(t, "; %lld other slice%s too", (long long)(n - 1), n > 2 ? "s" : "");
    }
}

static void say_nothing(mlsd__text *t, const mlsd__findings *f)
{
    const mlsd__finding *const nearest = first_with(f, false);
    mlsd__text_format(t, "no slice is %s by more than chance", f->claim);
    if (nearest == NULL) return;
    mlsd__text_append(t, "; the first of those that stood out: ");
    say_row(t, f, nearest);
}

static void say(mlsd__text *t, const mlsd__findings *f)
{
    const int64_t n_low = count_status(f, status_low_support) + count_status(f, status_undefined);
    if (f->n == 0) {
        mlsd__text_format(t, "no slice stands out: %lld %s looked at", (long long)f->n_looked_at,
                          f->n_looked_at == 1 ? "was" : "were");
        return;
    }
    if (f->n_confirm == 0) {
        say_seen(t, f);
        return;
    }
    if (first_with(f, true) != NULL) {
        say_found(t, f);
    } else {
        say_nothing(t, f);
    }
    if (n_low == 0) return;
    mlsd__text_format(t, "; %lld slice%s too few rows to be judged", (long long)n_low,
                      n_low == 1 ? " has" : "s have");
}

static mlsd_status put_words(const mlsd__findings *f, mlsd_result *r, const mlsd__allocator *a)
{
    const mlsd__finding *const worst = first_with(f, true);
    mlsd__text verdict;
    MLSD__TRY(mlsd__result_set_str(r, "worst", worst == NULL ? "" : worst->slice.data, false));
    mlsd__text_init(&verdict, a);
    say(&verdict, f);
    return mlsd__result_end_verdict(r, &verdict);
}

mlsd_status mlsd__findings_report(const mlsd__findings *f, mlsd_result *r, const mlsd__allocator *a)
{
    const struct {
        const char *name;
        double value;
    } numbers[] = {
        {"value", f->mean},
        {"n", (double)f->n_rows},
        {"n_search", (double)f->n_search},
        {"n_confirm", (double)f->n_confirm},
        {"n_looked_at", (double)f->n_looked_at},
        {"n_tested", (double)f->n_tested},
        {"n_findings", (double)count_findings(f)},
        {"n_low_support", (double)count_status(f, status_low_support)},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        MLSD__TRY(mlsd__result_set_f64(r, numbers[i].name, numbers[i].value, false));
    }
    MLSD__TRY(put_table(f, r, a));
    return put_words(f, r, a);
}
