/* audit_strata.c - the check "stratification": do training and test parts look alike in the target?
 *
 * Class counts of each split are held against the shares of all rows by the chi-square of the table
 * of training and test, corrected for the number of splits; only what chance does not explain is
 * reported, and of a size that matters.
 * Classes that a part lacks are named. Splits by time and by group follow something else on
 * purpose, and drift is only remarked on there. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "validate/audit_impl.h"

/* Chance explains class shares down to this p; beyond, they must differ by so much. */
static const double CHANCE = 1e-4, DIFFERENCE = 0.05;
/* Test rows of a class that a part should have before their lack is more than bad luck. */
static const double EXPECTED_ROWS = 5;
/* Largest over smallest test part, and rows of the smallest from which it matters. */
static const double UNEVEN = 2;

typedef struct strata {
    int64_t *total, *count; /* rows of each class: of all, and of one part */
    double p;               /* the smallest of any split, times their number (Bonferroni) */
    double worst;           /* largest difference of shares */
    int64_t worst_split, worst_class;
    int64_t n_lack_train, n_lack_test; /* splits */
    int64_t lack_train_split, lack_train_class, lack_test_split, lack_test_class;
    int64_t n_visited, n_natural; /* splits; by time or by group */
    int64_t smallest, largest, largest_split;
} strata;

static void strata_free(mlsd__audit *a, void *state)
{
    strata *const s = state;
    if (s == NULL) return;
    mlsd__free(a->scope->allocator, s->total);
    mlsd__free(a->scope->allocator, s->count);
    mlsd__free(a->scope->allocator, s);
}

static mlsd_status strata_open(mlsd__audit *a, void **out_state)
{
    const mlsd__allocator *const al = a->scope->allocator;
    strata *const s = mlsd__alloc(al, 1, sizeof *s);
    if (s == NULL) return MLSD_E_NOMEM;
    *out_state = s;
    s->total = mlsd__alloc(al, a->n_classes, sizeof *s->total);
    s->count = mlsd__alloc(al, a->n_classes, sizeof *s->count);
    if (s->total == NULL || s->count == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < a->n_rows && a->n_classes > 0; i++) s->total[(int64_t)a->y[i]]++;
    s->smallest = INT64_MAX;
    s->p = NAN;
    return MLSD_OK;
}

static void count_part(const mlsd__audit *a, strata *s, const int64_t *rows, int64_t n)
{
    memset(s->count, 0, (size_t)a->n_classes * sizeof *s->count);
    for (int64_t i = 0; i < n; i++) s->count[(int64_t)a->y[rows[i]]]++;
}

static void compare_test(const mlsd__audit *a, strata *s, const mlsd__audit_split *split)
{
    const double n = (double)split->n_test, share_tested = n / (double)a->n_rows;
    double chi2 = 0, df = -1;
    for (int64_t k = 0; k < a->n_classes; k++) {
        const double share = (double)s->total[k] / (double)a->n_rows, expected = share * n;
        if (expected == 0) continue;
        const double d = (double)s->count[k] - expected;
        /* Drawn without replacement: the variance shrinks with the share that is drawn. */
        if (share_tested < 1 && expected >= EXPECTED_ROWS) {
            chi2 += d * d / expected / (1 - share_tested);
            df++;
        }
        if (n >= EXPECTED_ROWS && fabs(d) / n > s->worst) {
            s->worst = fabs(d) / n;
            s->worst_split = split->number;
            s->worst_class = k;
        }
        if (s->count[k] > 0 || expected < EXPECTED_ROWS) continue;
        if (s->n_lack_test++ > 0) continue;
        s->lack_test_split = split->number;
        s->lack_test_class = k;
    }
    if (df < 1) return;
    const double p = fmin(1, mlsd__audit_chi2_tail(chi2, df) * (double)a->n_looked);
    if (!(p >= s->p)) s->p = p;
}

static mlsd_status strata_visit(mlsd__audit *a, void *state, const mlsd__audit_split *split)
{
    strata *const s = state;
    if (split->n_test == 0 || split->n_train == 0) return MLSD_OK;
    s->n_visited++;
    s->n_natural += split->is_ordered || a->dataset->store->group != NULL;
    if (split->n_test < s->smallest) s->smallest = split->n_test;
    if (split->n_test > s->largest) {
        s->largest = split->n_test;
        s->largest_split = split->number;
    }
    if (a->n_classes == 0) return MLSD_OK;
    count_part(a, s, split->train, split->n_train);
    for (int64_t k = 0; k < a->n_classes; k++) {
        if (s->count[k] > 0 || s->total[k] == 0) continue;
        if (s->n_lack_train++ > 0) continue;
        s->lack_train_split = split->number;
        s->lack_train_class = k;
    }
    count_part(a, s, split->test, split->n_test);
    compare_test(a, s, split);
    return MLSD_OK;
}

static mlsd_status report_lack(mlsd__audit *a, const strata *s)
{
    if (s->n_lack_train > 0) {
        MLSD__TRY(mlsd__audit_report(
            a, "class_not_in_training", MLSD__WARNING,
            s->n_lack_train == 1 ? s->lack_train_split : -1, s->n_lack_train, NULL, NULL,
            "training of split %lld has no row of class '%.60s', which no model can then predict: "
            "stratify, or merge rare classes",
            (long long)s->lack_train_split,
            mlsd_dataset_class_name(a->dataset, s->lack_train_class)));
    }
    if (s->n_lack_test == 0) return MLSD_OK;
    return mlsd__audit_report(
        a, "class_not_in_test", MLSD__WARNING, s->n_lack_test == 1 ? s->lack_test_split : -1,
        s->n_lack_test, NULL, NULL,
        "the test part of split %lld has no row of class '%.60s': stratify, or shuffle sorted rows",
        (long long)s->lack_test_split, mlsd_dataset_class_name(a->dataset, s->lack_test_class));
}

static mlsd_status strata_close(mlsd__audit *a, void *state)
{
    const strata *const s = state;
    const bool is_natural = 2 * s->n_natural > s->n_visited;
    char text[MLSD__AUDIT_NUMBER], other[MLSD__AUDIT_NUMBER];
    if (a->n_classes > 0) {
        mlsd__audit_measure(a, "p of class shares", s->p);
        MLSD__TRY(report_lack(a, s));
        if (s->p < CHANCE && s->worst > DIFFERENCE && s->n_lack_test == 0) {
            MLSD__TRY(mlsd__audit_report(
                a, "class_shares", is_natural ? MLSD__INFO : MLSD__WARNING, s->worst_split,
                s->n_visited, NULL, NULL,
                "the share of class '%.60s' in the test part of split %lld is %s off that of all "
                "rows "
                "(chi-square p %s): stratify, or shuffle sorted rows",
                mlsd_dataset_class_name(a->dataset, s->worst_class), (long long)s->worst_split,
                mlsd__audit_percent(s->worst, text),
                s->p < 1e-6 ? "below 1e-6" : mlsd__audit_decimal(s->p, 6, other)));
        }
    }
    if (s->n_visited < 2 || (double)s->largest <= UNEVEN * (double)s->smallest ||
        s->largest - s->smallest < 2)
        return MLSD_OK;
    return mlsd__audit_report(
        a, "uneven_parts", MLSD__INFO, s->largest_split, s->largest, NULL, NULL,
        "test parts have between %lld and %lld rows, so splits weigh rows differently: balance the "
        "groups, or use fewer splits",
        (long long)s->smallest, (long long)s->largest);
}

const mlsd__audit_check mlsd__audit_stratification = {.name = "stratification",
                                                      .is_cheap = true,
                                                      .open = strata_open,
                                                      .visit = strata_visit,
                                                      .close = strata_close,
                                                      .free_state = strata_free};
