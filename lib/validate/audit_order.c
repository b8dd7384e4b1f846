/* audit_order.c - the check "order": does the place of a row in the file tell its target?
 *
 * Neighbours are compared: equal classes beyond chance (the runs test of Wald & Wolfowitz 1940), or
 * the correlation of ranks with the row before. Where neighbours resemble each other and folds mix
 * them, a model that learns one predicts the other: rows of a series, of a session, of a patient.
 * Rows merely sorted by target tell nothing to models, which do not see their place; that is a
 * remark, unless the folds are blocks of a sorted number. Where each split trains on what comes
 * before its test rows, that is a trend, and a remark too: shuffling would be the leak. */
#include <math.h>
#include <string.h>

#include "validate/audit_impl.h"

enum { FEWEST_ROWS = 50 };

/* Resemblance between 0 (chance) and 1 that counts, and how sure it must be. */
static const double RESEMBLANCE = 0.3, SIGMAS = 6;
/* Trend along the file from which rows are sorted by target. */
static const double SORTED = 0.95;

typedef struct order {
    int64_t n_blocked, n_mixed;
    int64_t n_onward; /* of the blocked ones: training stands before test, as in forecasts */
} order;

static mlsd_status order_open(mlsd__audit *a, void **out_state)
{
    if (a->y == NULL) {
        mlsd__audit_skip(a, "the data set has no target");
        return MLSD_OK;
    }
    if (a->n_rows < FEWEST_ROWS) {
        mlsd__audit_skip(a, "fewer than 50 rows");
        return MLSD_OK;
    }
    *out_state = mlsd__alloc(a->scope->allocator, 1, sizeof(order));
    return *out_state == NULL ? MLSD_E_NOMEM : MLSD_OK;
}

static mlsd_status order_visit(mlsd__audit *a, void *state, const mlsd__audit_split *s)
{
    order *const o = state;
    (void)a;
    if (s->n_train == 0 || s->n_test == 0) return MLSD_OK;
    if (s->is_blocked) {
        o->n_blocked++;
        o->n_onward += s->is_ordered;
    } else {
        o->n_mixed++;
    }
    return MLSD_OK;
}

/* Neighbours of one class, beyond the share that chance gives; few runs are sorted rows. */
static mlsd_status compare_classes(mlsd__audit *a, double *out, double *out_z, bool *out_sorted)
{
    double *const share = mlsd__alloc(a->scope->allocator, a->n_classes, sizeof *share);
    if (share == NULL) return MLSD_E_NOMEM;
    const double n = (double)a->n_rows;
    double n_same = 0, expected = 0;
    int64_t n_present = 0;
    for (int64_t i = 0; i < a->n_rows; i++) {
        share[(int64_t)a->y[i]] += 1 / n;
        n_same += i > 0 && a->y[i] == a->y[i - 1];
    }
    for (int64_t k = 0; k < a->n_classes; k++) {
        expected += share[k] * share[k];
        n_present += share[k] > 0;
    }
    mlsd__free(a->scope->allocator, share);
    const double same = n_same / (n - 1);
    *out = expected < 1 ? (same - expected) / (1 - expected) : 0;
    *out_z = expected < 1 ? (same - expected) / sqrt(expected * (1 - expected) / (n - 1)) : 0;
    *out_sorted = n - n_same <= 2 * (double)n_present;
    return MLSD_OK;
}

/* Correlation of ranks with those of the row before, and with the place. */
static mlsd_status compare_numbers(mlsd__audit *a, double *out, double *out_z, bool *out_sorted)
{
    double trend;
    MLSD__TRY(mlsd__audit_serial_ranks(a->scope->allocator, a->y, a->n_rows, out, &trend));
    *out_z = *out * sqrt((double)a->n_rows);
    *out_sorted = fabs(trend) > SORTED;
    return MLSD_OK;
}

static mlsd_status order_close(mlsd__audit *a, void *state)
{
    const order *const o = state;
    double resemblance = 0, z = 0;
    bool is_sorted = false;
    MLSD__TRY(a->n_classes > 0 ? compare_classes(a, &resemblance, &z, &is_sorted)
                               : compare_numbers(a, &resemblance, &z, &is_sorted));
    mlsd__audit_measure(a, "resemblance of neighbouring targets", resemblance);
    if (!(resemblance > RESEMBLANCE) || !(z > SIGMAS)) return MLSD_OK;
    char value[MLSD__AUDIT_NUMBER];
    mlsd__audit_decimal(resemblance, 2, value);
    if (is_sorted && o->n_mixed >= o->n_blocked) {
        return mlsd__audit_report(
            a, "sorted_by_target", MLSD__INFO, -1, a->n_rows, NULL, NULL,
            "the rows are sorted by the target: harmless in these folds, but no column may tell "
            "the place of a row");
    }
    if (is_sorted && a->n_classes == 0 && o->n_onward == o->n_blocked) {
        return mlsd__audit_report(a, "trend", MLSD__INFO, -1, a->n_rows, NULL, NULL,
                                  "the target follows a trend along the rows, so each test part "
                                  "lies beyond what training saw: only a model that goes on from "
                                  "the last values can follow it");
    }
    if (is_sorted && a->n_classes == 0) {
        return mlsd__audit_report(a, "sorted_by_target", MLSD__WARNING, -1, a->n_rows, NULL, NULL,
                                  "the rows are sorted by the target and the folds are blocks of "
                                  "them, so each tests targets that training lacks: shuffle");
    }
    if (is_sorted || o->n_mixed == 0) return MLSD_OK;
    return mlsd__audit_report(
        a, "order_leak", MLSD__WARNING, -1, a->n_rows, NULL, NULL,
        "neighbouring rows have similar targets (%s, where chance gives 0) and %lld of %lld splits "
        "put them on both sides: split by time or by group, or in blocks",
        value, (long long)o->n_mixed, (long long)(o->n_mixed + o->n_blocked));
}

static void order_free(mlsd__audit *a, void *state)
{
    mlsd__free(a->scope->allocator, state);
}

const mlsd__audit_check mlsd__audit_order = {.name = "order",
                                             .is_cheap = true,
                                             .open = order_open,
                                             .visit = order_visit,
                                             .close = order_close,
                                             .free_state = order_free};
