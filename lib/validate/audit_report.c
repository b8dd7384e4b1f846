/* audit_report.c - what checks found: flagged rows, findings in words, and the tables and the
 * verdict that they become. The worst come first, then in the order of the checks. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "validate/audit_impl.h"
#include "validate/result_rows.h"

enum { MESSAGE_CAPACITY = 768 };

const char *mlsd__severity_name(mlsd__severity severity)
{
    static const char *const names[] = {
        [MLSD__INFO] = "info", [MLSD__WARNING] = "warning", [MLSD__ERROR] = "error"};
    return names[severity];
}

mlsd_status mlsd__audit_hit_add(mlsd__audit *a, mlsd__audit_hits *h, int64_t split, int64_t row,
                                int64_t other)
{
    const mlsd__allocator *const al = a->scope->allocator;
    if (h->seen == NULL) {
        h->seen = mlsd__alloc(al, a->n_rows, 1);
        if (h->seen == NULL) return MLSD_E_NOMEM;
    }
    if (h->n_splits == 0) h->first_split = split;
    if (h->n_splits == 0 || h->last_split != split) h->n_splits++;
    h->last_split = split;
    const bool is_new = !h->seen[row];
    h->seen[row] = 1;
    h->n_rows += is_new;
    if (!a->keeps_all_hits && (!is_new || h->n_items >= a->params->n_examples)) return MLSD_OK;
    void *items = h->items;
    const mlsd_status status =
        mlsd__reserve(al, &items, &h->capacity, h->n_items + 1, sizeof *h->items);
    h->items = items;
    MLSD__TRY(status);
    h->items[h->n_items++] = (mlsd__audit_hit){split, row, other, is_new};
    return MLSD_OK;
}

void mlsd__audit_hits_free(mlsd__audit *a, mlsd__audit_hits *hits)
{
    mlsd__free(a->scope->allocator, hits->items);
    mlsd__free(a->scope->allocator, hits->seen);
    memset(hits, 0, sizeof *hits);
}

mlsd_status mlsd__audit_report(mlsd__audit *a, const char *kind, mlsd__severity severity,
                               int64_t split, int64_t count, const char *columns,
                               mlsd__audit_hits *hits, const char *format, ...)
{
    const mlsd__allocator *const al = a->scope->allocator;
    char message[MESSAGE_CAPACITY];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    mlsd__audit_finding f = {
        .check = a->check, .kind = kind, .severity = severity, .split = split, .effect = NAN};
    if (hits != NULL) {
        f.hits = *hits;
        memset(hits, 0, sizeof *hits);
        if (f.hits.n_splits == 1 && split < 0) f.split = f.hits.first_split;
    }
    f.count = count >= 0 ? count : f.hits.n_rows;
    void *findings = a->findings;
    mlsd_status status =
        mlsd__reserve(al, &findings, &a->finding_capacity, a->n_findings + 1, sizeof *a->findings);
    a->findings = findings;
    if (status == MLSD_OK) {
        f.message = mlsd__strdup(al, message);
        f.columns = columns != NULL ? mlsd__strdup(al, columns) : NULL;
        if (f.message == NULL || (columns != NULL && f.columns == NULL)) status = MLSD_E_NOMEM;
    }
    if (status != MLSD_OK) {
        mlsd__free(al, f.message);
        mlsd__free(al, f.columns);
        mlsd__audit_hits_free(a, &f.hits);
        return status;
    }
    a->findings[a->n_findings++] = f;
    return MLSD_OK;
}

/* Rounded, and without a locale's comma. */
const char *mlsd__audit_decimal(double value, int decimals, char out[MLSD__AUDIT_NUMBER])
{
    double scale = 1;
    for (int i = 0; i < decimals; i++) scale *= 10;
    char text[MLSD__NUMBER_CAPACITY];
    mlsd__format_double(nearbyint(value * scale) / scale, text);
    (void)snprintf(out, MLSD__AUDIT_NUMBER, "%.31s", text);
    return out;
}

const char *mlsd__audit_percent(double share, char out[MLSD__AUDIT_NUMBER])
{
    char number[MLSD__AUDIT_NUMBER];
    mlsd__audit_decimal(100 * share, share < 0.001 ? 3 : share < 0.1 ? 2 : 1, number);
    (void)snprintf(out, MLSD__AUDIT_NUMBER, "%.28s %%", number);
    return out;
}

const char *mlsd__audit_counted(int64_t n, const char *noun, char out[64])
{
    (void)snprintf(out, 64, "%lld %.30s%s", (long long)n, noun, n == 1 ? "" : "s");
    return out;
}

/* The findings' numbers by falling severity; equal ones stay in their order. */
static int64_t order_at(const mlsd__audit *a, int64_t place)
{
    for (mlsd__severity s = MLSD__ERROR; s >= MLSD__INFO; s--) {
        for (int64_t i = 0; i < a->n_findings; i++) {
            if (a->findings[i].severity == s && place-- == 0) return i;
        }
    }
    return -1;
}

static mlsd_status put_examples(mlsd__audit *a, mlsd_result *r)
{
    static const mlsd__row_column columns[] = {{"finding", MLSD_COLUMN_I64},
                                               {"split", MLSD_COLUMN_I64},
                                               {"row", MLSD_COLUMN_I64},
                                               {"other", MLSD_COLUMN_I64}};
    mlsd__rows rows;
    mlsd__rows_init(&rows, &r->allocator, columns, MLSD__COUNT(columns));
    for (int64_t place = 0; place < a->n_findings; place++) {
        const mlsd__audit_hits *h = &a->findings[order_at(a, place)].hits;
        int64_t n_shown = 0;
        for (int64_t i = 0; i < h->n_items && n_shown < a->params->n_examples; i++) {
            if (!h->items[i].is_first) continue;
            n_shown++;
            mlsd__rows_i64(&rows, place);
            mlsd__rows_i64(&rows, h->items[i].split);
            mlsd__rows_i64(&rows, h->items[i].row);
            mlsd__rows_i64(&rows, h->items[i].other);
        }
    }
    mlsd_table *table;
    MLSD__TRY(mlsd__rows_to_table(&rows, &table));
    return mlsd__result_set_table(r, "examples", table, false);
}

static void list_rows(const mlsd__audit *a, const mlsd__audit_hits *h, mlsd__text *t)
{
    int64_t n_shown = 0;
    for (int64_t i = 0; i < h->n_items && n_shown < a->params->n_examples; i++) {
        if (!h->items[i].is_first) continue;
        n_shown++;
        mlsd__text_format(t, "%s%lld", n_shown > 1 ? ", " : "", (long long)h->items[i].row);
    }
    if (n_shown > 0 && h->n_rows > n_shown) mlsd__text_append(t, ", ...");
}

static mlsd_status put_table(mlsd__audit *a, mlsd_result *r)
{
    static const mlsd__row_column columns[] = {
        {"check", MLSD_COLUMN_CATEGORY},    {"kind", MLSD_COLUMN_CATEGORY},
        {"severity", MLSD_COLUMN_CATEGORY}, {"split", MLSD_COLUMN_I64},
        {"count", MLSD_COLUMN_I64},         {"columns", MLSD_COLUMN_CATEGORY},
        {"rows", MLSD_COLUMN_CATEGORY},     {"effect", MLSD_COLUMN_F64},
        {"message", MLSD_COLUMN_CATEGORY},
    };
    mlsd__rows rows;
    mlsd_status status = MLSD_OK;
    mlsd__rows_init(&rows, &r->allocator, columns, MLSD__COUNT(columns));
    for (int64_t place = 0; place < a->n_findings && status == MLSD_OK; place++) {
        const mlsd__audit_finding *f = &a->findings[order_at(a, place)];
        mlsd__text t;
        mlsd__text_init(&t, &r->allocator);
        list_rows(a, &f->hits, &t);
        status = t.status;
        mlsd__rows_str(&rows, f->check);
        mlsd__rows_str(&rows, f->kind);
        mlsd__rows_str(&rows, mlsd__severity_name(f->severity));
        mlsd__rows_i64(&rows, f->split);
        mlsd__rows_i64(&rows, f->count);
        mlsd__rows_str(&rows, f->columns != NULL ? f->columns : "");
        mlsd__rows_str(&rows, t.data != NULL ? t.data : "");
        mlsd__rows_f64(&rows, f->effect);
        mlsd__rows_str(&rows, f->message);
        mlsd__text_free(&t);
    }
    if (status != MLSD_OK) {
        mlsd__rows_free(&rows);
        return status;
    }
    mlsd_table *table;
    MLSD__TRY(mlsd__rows_to_table(&rows, &table));
    return mlsd__result_set_table(r, "findings", table, false);
}

static mlsd_status put_verdict(const mlsd__audit *a, mlsd_result *r, const int64_t *n_of)
{
    char errors[64], warnings[64];
    mlsd__text t;
    mlsd__text_init(&t, &r->allocator);
    if (n_of[MLSD__ERROR] + n_of[MLSD__WARNING] == 0) {
        mlsd__text_append(&t, "no leak was found between training and test");
    } else {
        mlsd__text_format(&t, "%s, %s: ", mlsd__audit_counted(n_of[MLSD__ERROR], "error", errors),
                          mlsd__audit_counted(n_of[MLSD__WARNING], "warning", warnings));
        mlsd__text_append(&t, a->findings[order_at(a, 0)].message);
    }
    return mlsd__result_end_verdict(r, &t);
}

mlsd_status mlsd__audit_put_findings(mlsd__audit *a, mlsd_result *r)
{
    static const char *const numbers[] = {
        [MLSD__INFO] = "n_infos", [MLSD__WARNING] = "n_warnings", [MLSD__ERROR] = "n_errors"};
    int64_t n_of[3] = {0};
    for (int64_t i = 0; i < a->n_findings; i++) n_of[a->findings[i].severity]++;
    for (mlsd__severity s = MLSD__ERROR; s >= MLSD__INFO; s--)
        MLSD__TRY(mlsd__result_set_f64(r, numbers[s], (double)n_of[s], false));
    MLSD__TRY(mlsd__result_set_f64(r, "n_splits_looked_at", (double)a->n_looked, false));
    MLSD__TRY(put_table(a, r));
    MLSD__TRY(put_examples(a, r));
    return put_verdict(a, r, n_of);
}

/* A text of a table of findings, borrowed; "" where there is none. */
static const char *cell(const mlsd_table *findings, const char *column, int64_t row)
{
    int64_t j, code = -1;
    if (mlsd_table_find(findings, column, &j) != MLSD_OK) return "";
    if (mlsd_table_get_i64(findings, j, row, 1, &code) != MLSD_OK || code < 0) return "";
    return mlsd_table_level_at(findings, j, code);
}

mlsd_status mlsd__audit_log(mlsd__scope *scope, const mlsd_result *audit)
{
    const mlsd_table *const findings = mlsd_result_get_table(audit, "findings");
    if (findings == NULL) return MLSD_E_INTERNAL;
    for (int64_t i = 0; i < mlsd_table_n_rows(findings); i++) {
        const char *const severity = cell(findings, "severity", i);
        if (strcmp(severity, mlsd__severity_name(MLSD__INFO)) == 0) continue;
        mlsd__log_line(scope, MLSD_LOG_WARNING, "audit: %s: %s", severity,
                       cell(findings, "message", i));
    }
    return MLSD_OK;
}

/* 0 where the result has no such number. */
static double number_behind(const mlsd_result *r, const char *prefix, const char *name)
{
    for (int64_t i = 0; i < r->n_entries; i++) {
        const mlsd__entry *const e = &r->entries[i];
        const size_t n = strlen(prefix);
        if (e->type == MLSD__ENTRY_NUMBER && strncmp(e->name, prefix, n) == 0 &&
            strcmp(e->name + n, name) == 0)
            return e->number;
    }
    return 0;
}

void mlsd__audit_say(mlsd__text *t, const char *lead, const mlsd_result *r, const char *prefix)
{
    if (number_behind(r, prefix, "n_errors") + number_behind(r, prefix, "n_warnings") == 0) return;
    for (int64_t i = 0; i < r->n_entries; i++) {
        const mlsd__entry *const e = &r->entries[i];
        const size_t n = strlen(prefix);
        if (e->type != MLSD__ENTRY_TEXT || strncmp(e->name, prefix, n) != 0 ||
            strcmp(e->name + n, "verdict") != 0)
            continue;
        mlsd__text_append(t, lead);
        mlsd__text_append(t, e->text);
    }
}
