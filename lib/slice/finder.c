/* finder.c - the frame of analyses that look for slices. */
#include "slice/finder.h"

#include <math.h>

#include "slice/row_bits.h"
#include "validate/result_rows.h"

enum { BINS_QUANTILE, BINS_EQUAL_WIDTH };
const char *const mlsd__finder_binnings[] = {"quantile", "equal_width", NULL};

static mlsd_status cut_rows(mlsd__scope *scope, mlsd__finder *f, const mlsd__slicing_input *in,
                            const double *error, bool codes)
{
    const mlsd__finder_params *const p = f->p;
    double *weight = NULL;
    const mlsd__sliced_options options = {
        .by = &p->by,
        .bins = {.max_values = p->max_values,
                 .n_bins = p->n_bins,
                 .equal_width = p->binning == BINS_EQUAL_WIDTH},
        .confirm = p->confirm,
        .seed = (uint64_t)p->seed,
        .min_rows = p->min_support == MLSD__NULL_I64 ? -1 : p->min_support,
        .codes = codes,
    };
    mlsd_status status = mlsd__slicing_weights(scope, in, &weight);
    if (status == MLSD_OK) {
        status = mlsd__sliced_make(scope, in, &options, error, weight, &f->sliced);
    }
    mlsd__free(scope->allocator, weight);
    return status;
}

static void settle_support(mlsd__finder *f)
{
    const mlsd__finder_params *const p = f->p;
    f->min_support = p->min_support != MLSD__NULL_I64
                         ? p->min_support
                         : mlsd__min_support(f->sliced.half[MLSD__SEARCH].n_rows);
    f->confirm_support = p->confirm_support != MLSD__NULL_I64     ? p->confirm_support
                         : f->min_support < MLSD__CONFIRM_SUPPORT ? f->min_support
                                                                  : MLSD__CONFIRM_SUPPORT;
}

mlsd_status mlsd__finder_open(mlsd__scope *scope, const mlsd__finder_params *p,
                              const mlsd__slicing_input *in, const double *error, bool codes,
                              mlsd__finder *out)
{
    *out = (mlsd__finder){.p = p};
    if (in->n_rows == 0) return mlsd__fail(MLSD_E_DATA, "there are no rows to look for slices in");
    MLSD__TRY(cut_rows(scope, out, in, error, codes));
    settle_support(out);
    for (int h = 0; h < MLSD__N_HALVES; h++) {
        mlsd__half_errors_make(&out->sliced.half[h], &out->halves[h]);
        out->rows[h] =
            mlsd__alloc(scope->allocator, out->sliced.half[h].n_words, sizeof *out->rows[h]);
        if (out->rows[h] == NULL) return MLSD_E_NOMEM;
    }
    return MLSD_OK;
}

void mlsd__finder_close(mlsd__finder *f, const mlsd__allocator *a)
{
    mlsd__findings_free(&f->findings, a);
    for (int h = 0; h < MLSD__N_HALVES; h++) mlsd__free(a, f->rows[h]);
    mlsd__sliced_free(&f->sliced, a);
}

mlsd_status mlsd__finder_judge(mlsd__finder *f, int64_t i, const int32_t *items, int64_t n_items,
                               bool either_way)
{
    const mlsd__sliced *const s = &f->sliced;
    mlsd__finding *const found = &f->findings.rows[i];
    MLSD__TRY(mlsd__finding_name(found, s, items, n_items));
    for (int h = 0; h < MLSD__N_HALVES; h++) {
        const uint64_t *const first = s->items[items[0]].bits[h];
        (void)mlsd__bits_and(first, first, s->half[h].n_words, f->rows[h]);
        for (int64_t j = 1; j < n_items; j++) {
            (void)mlsd__bits_and(f->rows[h], s->items[items[j]].bits[h], s->half[h].n_words,
                                 f->rows[h]);
        }
    }
    mlsd__finding_judge(found, s->half, f->halves, f->rows, f->confirm_support, f->p->level,
                        either_way);
    return MLSD_OK;
}

/* The mean of both halves together. */
static double whole_mean(const mlsd__half_errors *halves)
{
    double sum = 0, size = 0;
    for (int h = 0; h < MLSD__N_HALVES; h++) {
        if (!(halves[h].all.w > 0)) continue;
        sum += halves[h].mean * halves[h].all.w;
        size += halves[h].all.w;
    }
    return size > 0 ? sum / size : (double)NAN;
}

static const mlsd__row_column column_columns[] = {
    {"column", MLSD_COLUMN_CATEGORY},
    {"levels", MLSD_COLUMN_I64},
    {"used", MLSD_COLUMN_I64},
};

/* Of each column, how many levels the search half has, and how many of these have enough rows: a
 * column of names or numbers of people has none, and should not go unseen. */
static mlsd_status put_columns(const mlsd__finder *f, mlsd_result *r, const mlsd__allocator *a)
{
    const mlsd__sliced *const s = &f->sliced;
    mlsd__rows rows;
    mlsd_table *table = NULL;
    int64_t item = 0;
    mlsd__rows_init(&rows, a, column_columns, MLSD__COUNT(column_columns));
    for (int64_t j = 0; j < s->n_columns; j++) {
        const int64_t first = item;
        while (item < s->n_items && s->items[item].column == j) item++;
        mlsd__rows_str(&rows, mlsd_table_name(s->groups, s->columns[j]));
        mlsd__rows_i64(&rows, s->n_seen[j]);
        mlsd__rows_i64(&rows, s->codes[0] != NULL ? s->n_seen[j] : item - first);
    }
    MLSD__TRY(mlsd__rows_to_table(&rows, &table));
    return mlsd__result_set_table(r, "columns", table, false);
}

static mlsd_status fill_result(mlsd__finder *f, mlsd_result *r, const mlsd__allocator *a)
{
    mlsd__findings *const found = &f->findings;
    found->n_search = f->halves[MLSD__SEARCH].all.n;
    found->n_confirm = f->halves[MLSD__CONFIRM].all.n;
    found->n_rows = found->n_search + found->n_confirm;
    found->mean = whole_mean(f->halves);
    found->level = f->p->level;
    MLSD__TRY(mlsd__result_set_f64(r, "min_support", (double)f->min_support, false));
    MLSD__TRY(mlsd__result_set_f64(r, "confirm_support", (double)f->confirm_support, false));
    MLSD__TRY(mlsd__findings_report(found, r, a));
    return put_columns(f, r, a);
}

mlsd_status mlsd__finder_result(mlsd__finder *f, const char *kind, const mlsd__allocator *a,
                                mlsd_result **out)
{
    mlsd_result *r = NULL;
    *out = NULL;
    MLSD__TRY(mlsd__result_new(a, kind, &r));
    const mlsd_status status = fill_result(f, r, a);
    if (status == MLSD_OK) {
        *out = r;
    } else {
        mlsd_result_free(r);
    }
    return status;
}

int64_t mlsd__count_known(const double *x, int64_t n)
{
    int64_t known = 0;
    for (int64_t i = 0; i < n; i++) known += !isnan(x[i]);
    return known;
}
