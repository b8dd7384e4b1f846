/* strata.c - the strata of rows: classes of y, or bins of equally many rows by its quantiles, and
 * the rows of each. What is drawn from them stands in strata_draw.c. */
#include "split/strata.h"

#include "numeric/rank.h"

/* Rows between two looks at the cancel flag. */
enum { STEP = 1 << 18 };

int32_t mlsd__strata_needs(int64_t strata_bins)
{
    return strata_bins == MLSD__NULL_I64 ? MLSD__NEEDS_CLASSES : MLSD__NEEDS_Y;
}

static mlsd_status check_bins(const mlsd__split_input *in, int64_t n_bins, int64_t fewest)
{
    if (n_bins <= in->n_rows / fewest) return MLSD_OK;
    const int64_t most = in->n_rows / fewest;
    if (most < 2)
        return mlsd__fail(MLSD_E_DATA,
                          "%lld rows cannot be cut into bins of the %lld rows that each needs; "
                          "split without strata",
                          (long long)in->n_rows, (long long)fewest);
    return mlsd__fail(
        MLSD_E_DATA,
        "strata_bins=%lld cuts %lld rows into bins with fewer than the %lld rows that "
        "each needs; use at most %lld",
        (long long)n_bins, (long long)in->n_rows, (long long)fewest, (long long)most);
}

/* Where each bin ends among the sorted rows; returns how many bins there are. A run of equal values
 * goes whole to the bin of its middle rank. A bin ends only once it has `fewest` rows, and what is
 * left over in the end joins the last one. */
static int64_t cut_bins(const double *y, const int64_t *order, int64_t n_rows, int64_t n_bins,
                        int64_t fewest, int64_t *ends)
{
    int64_t n = 0, first = 0, bin = 0;
    for (int64_t i = 0; i < n_rows;) {
        int64_t end = i + 1;
        while (end < n_rows && y[order[end]] == y[order[i]]) end++;
        const int64_t wanted = (i + end - 1) * n_bins / (2 * n_rows);
        if (wanted != bin && i - first >= fewest) {
            ends[n++] = i;
            first = i;
        }
        bin = wanted;
        i = end;
    }
    if (n_rows - first < fewest && n > 0) n--;
    ends[n++] = n_rows;
    return n;
}

static mlsd_status make_bins(mlsd__scope *scope, const mlsd__split_input *in, int64_t n_bins,
                             int64_t fewest, mlsd__strata_codes *out)
{
    const mlsd__allocator *const a = scope->allocator;
    int64_t *order = NULL, *ends = NULL;
    mlsd_status status = MLSD_E_NOMEM;

    order = mlsd__alloc_raw(a, in->n_rows, sizeof *order);
    if (order == NULL) goto out;
    ends = mlsd__alloc_raw(a, n_bins + 1, sizeof *ends);
    if (ends == NULL) goto out;
    out->made = mlsd__alloc_raw(a, in->n_rows, sizeof *out->made);
    if (out->made == NULL) goto out;
    status = mlsd__argsort_rows(scope, in->y, in->n_rows, order);
    if (status != MLSD_OK) goto out;

    out->n = cut_bins(in->y, order, in->n_rows, n_bins, fewest, ends);
    if (out->n < 2) {
        status = mlsd__fail(MLSD_E_DATA,
                            "y has too few different values for strata: all %lld rows fall in one "
                            "bin; split without strata",
                            (long long)in->n_rows);
        goto out;
    }
    if (out->n < n_bins)
        mlsd__log_line(scope, MLSD_LOG_INFO,
                       "equal values of y leave %lld strata of the %lld asked for",
                       (long long)out->n, (long long)n_bins);
    for (int64_t b = 0, i = 0; b < out->n; b++) {
        for (; i < ends[b]; i++) out->made[order[i]] = (int32_t)b;
    }
    out->codes = out->made;
    out->are_bins = true;
    status = mlsd__checkpoint(scope);
out:
    mlsd__free(a, ends);
    mlsd__free(a, order);
    return status;
}

mlsd_status mlsd__strata_codes_new(mlsd__scope *scope, const mlsd__split_input *in,
                                   int64_t strata_bins, int64_t fewest, mlsd__strata_codes *out)
{
    *out = (mlsd__strata_codes){.codes = in->classes, .n = in->n_classes};
    if (strata_bins == MLSD__NULL_I64) return MLSD_OK;
    MLSD__TRY(check_bins(in, strata_bins, fewest));
    return make_bins(scope, in, strata_bins, fewest, out);
}

void mlsd__strata_codes_free(mlsd__strata_codes *s, const mlsd__allocator *a)
{
    mlsd__free(a, s->made);
}

/* One block of rows to the places of their strata. */
static void place_rows(const mlsd__strata *s, const int32_t *codes, int64_t first, int64_t end)
{
    if (s->rows.narrow != NULL) {
        for (int64_t i = first; i < end; i++) s->rows.narrow[s->starts[codes[i]]++] = (int32_t)i;
    } else {
        for (int64_t i = first; i < end; i++) s->rows.wide[s->starts[codes[i]]++] = i;
    }
}

mlsd_status mlsd__strata_new(mlsd__scope *scope, const int32_t *codes, int64_t n_rows, int64_t n,
                             mlsd__strata *s)
{
    const mlsd__allocator *const a = scope->allocator;
    *s = (mlsd__strata){.n = n, .n_rows = n_rows};
    s->counts = mlsd__alloc(a, n, sizeof *s->counts);
    if (s->counts == NULL) return MLSD_E_NOMEM;
    s->starts = mlsd__alloc(a, n + 1, sizeof *s->starts);
    if (s->starts == NULL) return MLSD_E_NOMEM;
    MLSD__TRY(mlsd__row_numbers_new(a, n_rows, n_rows, &s->rows));

    for (int64_t i = 0; i < n_rows; i++) s->counts[codes[i]]++;
    for (int64_t c = 0; c < n; c++) s->starts[c + 1] = s->starts[c] + s->counts[c];
    for (int64_t i = 0; i < n_rows; i += STEP) {
        place_rows(s, codes, i, n_rows - i < STEP ? n_rows : i + STEP);
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    for (int64_t c = n; c > 0; c--) s->starts[c] = s->starts[c - 1];
    s->starts[0] = 0;
    return MLSD_OK;
}

void mlsd__strata_free(mlsd__strata *s, const mlsd__allocator *a)
{
    mlsd__free(a, s->counts);
    mlsd__free(a, s->starts);
    mlsd__row_numbers_free(&s->rows, a);
}

mlsd_status mlsd__strata_check(const mlsd__split_input *in, const mlsd__strata_codes *codes,
                               const mlsd__strata *s, const int64_t *sizes, int64_t n_parts)
{
    char text[MLSD__CLASS_TEXT_CAPACITY];
    for (int64_t c = 0; c < s->n && !codes->are_bins; c++) {
        if (s->counts[c] >= n_parts) continue;
        return mlsd__fail(MLSD_E_DATA,
                          "class %s has %lld row%s, fewer than the %lld that a stratified split "
                          "needs; leave it out, join it to another class, or split without strata",
                          mlsd__split_class_text(in, c, text), (long long)s->counts[c],
                          s->counts[c] == 1 ? "" : "s", (long long)n_parts);
    }
    for (int64_t k = 0; k < n_parts; k++) {
        if (sizes[k] >= s->n) continue;
        return mlsd__fail(MLSD_E_DATA,
                          "part %lld has %lld rows, fewer than the %lld %s: a stratified split "
                          "needs one of each; make the part larger%s",
                          (long long)k, (long long)sizes[k], (long long)s->n,
                          codes->are_bins ? "strata" : "classes",
                          codes->are_bins ? ", or lower 'strata_bins'" : "");
    }
    return MLSD_OK;
}
