/* audit_time.c - the check "time": may the training rows have been known when the test rows were?
 *
 * Three cases are told apart. Labels that need a span of time (roles "time" and "time_end") must
 * not overlap between training and test, whatever the design (Lopez de Prado 2018, Advances in
 * Financial Machine Learning, chapter 7). Training rows at or after a test row are a leak where the
 * two are mixed in time; where they lie in whole blocks, as purged k-fold and combinatorial splits
 * have them on purpose, it is a remark. */
#include <math.h>

#include "data/dataset_roles.h"
#include "split/time_order.h"
#include "validate/audit_impl.h"

/* Times at which the side changes, for each test row, from which rows count as mixed. */
static const double MIXED_CHANGES = 0.05;
enum { FEWEST_CHANGES = 20, CHECK_ROWS = 1 << 16 };

typedef struct span {
    int64_t start, end, row;
} span;

typedef struct times {
    int64_t *start, *end; /* end NULL: none; owned by the data set's allocator */
    int64_t *order;       /* rows by start */
    span *spans;          /* scratch for one split's test rows */
    mlsd__audit_hits mixed, later, tied, overlapping;
} times;

static void time_free(mlsd__audit *a, void *state)
{
    times *const t = state;
    if (t == NULL) return;
    mlsd__free(&a->dataset->store->allocator, t->start);
    mlsd__free(&a->dataset->store->allocator, t->end);
    mlsd__free(a->scope->allocator, t->order);
    mlsd__free(a->scope->allocator, t->spans);
    mlsd__audit_hits_free(a, &t->mixed);
    mlsd__audit_hits_free(a, &t->later);
    mlsd__audit_hits_free(a, &t->tied);
    mlsd__audit_hits_free(a, &t->overlapping);
    mlsd__free(a->scope->allocator, t);
}

static mlsd_status time_open(mlsd__audit *a, void **out_state)
{
    const mlsd__allocator *const al = a->scope->allocator;
    if (a->dataset->store->time == NULL) {
        mlsd__audit_skip(a, "no column has the role time");
        return MLSD_OK;
    }
    times *const t = mlsd__alloc(al, 1, sizeof *t);
    if (t == NULL) return MLSD_E_NOMEM;
    *out_state = t;
    mlsd__time_scale scale;
    const mlsd_status status = mlsd__dataset_gather_times(a->dataset, &t->start, &t->end, &scale);
    if (status == MLSD_E_DATA) {
        mlsd__audit_skip(a, "some times are missing or cannot be read");
        return MLSD_OK;
    }
    MLSD__TRY(status);
    t->order = mlsd__alloc_raw(al, a->n_rows, sizeof *t->order);
    t->spans = mlsd__alloc_raw(al, a->n_rows, sizeof *t->spans);
    if (t->order == NULL || t->spans == NULL) return MLSD_E_NOMEM;
    return mlsd__argsort_ticks(a->scope, t->start, a->n_rows, t->order);
}

/* Changes of side along time; rows of equal time are a side of their own only where they agree. */
static int64_t count_changes(const mlsd__audit *a, const times *t, const uint8_t *mark)
{
    int64_t n = 0;
    uint8_t side = 0;
    for (int64_t i = 0; i < a->n_rows; i++) {
        const uint8_t here = mark[t->order[i]];
        if (here == 0) continue;
        n += side != 0 && here != side;
        side = here;
    }
    return n;
}

/* Walk back from the latest row: every test row met after a training row of a later time. */
static mlsd_status compare_order(mlsd__audit *a, times *t, const mlsd__audit_split *s)
{
    const bool is_mixed = (double)count_changes(a, t, s->mark) >
                          fmax(FEWEST_CHANGES, MIXED_CHANGES * (double)s->n_test);
    int64_t latest = -1; /* the latest training row */
    for (int64_t i = a->n_rows - 1; i >= 0 && latest < 0; i--) {
        if (s->mark[t->order[i]] & MLSD__IN_TRAIN) latest = t->order[i];
    }
    if (latest < 0) return MLSD_OK;
    for (int64_t i = 0; i < s->n_test; i++) {
        const int64_t row = s->test[i];
        if (s->mark[row] != MLSD__IN_TEST || t->start[row] > t->start[latest]) continue;
        mlsd__audit_hits *const hits = is_mixed                            ? &t->mixed
                                       : t->start[row] == t->start[latest] ? &t->tied
                                                                           : &t->later;
        MLSD__TRY(mlsd__audit_hit_add(a, hits, s->number, row, latest));
        if (i % CHECK_ROWS == 0) MLSD__TRY(mlsd__checkpoint(a->scope));
    }
    return MLSD_OK;
}

/* Test rows by start, each with the latest end so far and the row that has it; a training span
 * overlaps one of them if the last that starts by its end has an end past its start. */
static mlsd_status compare_spans(mlsd__audit *a, times *t, const mlsd__audit_split *s)
{
    int64_t n = 0;
    for (int64_t i = 0; i < a->n_rows; i++) {
        const int64_t row = t->order[i];
        if (s->mark[row] != MLSD__IN_TRAIN) continue;
        const int64_t end = t->end[row] > t->start[row] ? t->end[row] : t->start[row];
        t->spans[n] = (span){t->start[row], end, row};
        if (n > 0 && t->spans[n - 1].end >= end) {
            t->spans[n].end = t->spans[n - 1].end;
            t->spans[n].row = t->spans[n - 1].row;
        }
        n++;
    }
    for (int64_t i = 0; i < s->n_test && n > 0; i++) {
        const int64_t row = s->test[i];
        if (s->mark[row] != MLSD__IN_TEST) continue;
        const int64_t end = t->end[row] > t->start[row] ? t->end[row] : t->start[row];
        int64_t low = 0, high = n; /* spans[low - 1] is the last that starts by `end` */
        while (low < high) {
            const int64_t middle = low + (high - low) / 2;
            if (t->spans[middle].start <= end)
                low = middle + 1;
            else
                high = middle;
        }
        if (low > 0 && t->spans[low - 1].end >= t->start[row])
            MLSD__TRY(
                mlsd__audit_hit_add(a, &t->overlapping, s->number, row, t->spans[low - 1].row));
        if (i % CHECK_ROWS == 0) MLSD__TRY(mlsd__checkpoint(a->scope));
    }
    return MLSD_OK;
}

static mlsd_status time_visit(mlsd__audit *a, void *state, const mlsd__audit_split *s)
{
    times *const t = state;
    MLSD__TRY(compare_order(a, t, s));
    return t->end != NULL ? compare_spans(a, t, s) : MLSD_OK;
}

static mlsd_status time_close(mlsd__audit *a, void *state)
{
    times *const t = state;
    const char *const column = a->dataset->store->time_name;
    char rows[64];
    if (t->overlapping.n_rows > 0) {
        MLSD__TRY(mlsd__audit_report(
            a, "label_overlap", MLSD__ERROR, -1, -1, column, &t->overlapping,
            "the label of %s needs a time that the label of a training row needs as well: purge "
            "training rows whose interval meets one of the test part",
            mlsd__audit_counted(t->overlapping.n_rows, "test row", rows)));
    }
    if (t->mixed.n_rows > 0) {
        MLSD__TRY(mlsd__audit_report(
            a, "future_in_training", MLSD__WARNING, -1, -1, column, &t->mixed,
            "%s not after all training rows in time, and the two are mixed: split by time "
            "(time_series_split on rows in order of time)",
            mlsd__audit_counted(t->mixed.n_rows, "test row", rows)));
    }
    if (t->tied.n_rows > 0) {
        MLSD__TRY(mlsd__audit_report(
            a, "equal_times", MLSD__WARNING, -1, -1, column, &t->tied,
            "%s of the same time as a training row: let the border fall between two times",
            mlsd__audit_counted(t->tied.n_rows, "test row", rows)));
    }
    if (t->later.n_rows == 0) return MLSD_OK;
    return mlsd__audit_report(
        a, "later_training_block", MLSD__INFO, -1, -1, column, &t->later,
        "%s before a block of training rows: fine for purged designs, not for a forecast",
        mlsd__audit_counted(t->later.n_rows, "test row", rows));
}

const mlsd__audit_check mlsd__audit_time = {.name = "time",
                                            .is_cheap = true,
                                            .open = time_open,
                                            .visit = time_visit,
                                            .close = time_close,
                                            .free_state = time_free};
