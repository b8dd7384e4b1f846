/* finding.h - what analyses that look for slices hand out: a row for each slice, found on one half
 * of the rows and measured on the other, and a verdict.
 *
 * A finding is a slice with enough rows on both sides in the confirm half that is worse there by
 * more than chance, corrected for all slices that were looked at. Nothing else is called one. */
#ifndef MLSD_SLICE_FINDING_H
#define MLSD_SLICE_FINDING_H

#include "slice/against.h"
#include "validate/result_impl.h"

/* Below this corrected p a slice is called a finding. */
#define MLSD__FINDING_LEVEL 0.05

/* Rows that both sides need in the confirm half where the spec does not say. */
enum { MLSD__CONFIRM_SUPPORT = 30 };

typedef struct mlsd__finding {
    mlsd__text slice, predicates; /* owned */
    int64_t n_predicates;
    int64_t search_n;
    double search_error, search_effect; /* of the half it was chosen by: too good to be true */
    double score;
    mlsd__against is; /* in the confirm half */
    double error_share;
    double q_value;
    const char *status;
    bool is_finding;
} mlsd__finding;

typedef struct mlsd__findings {
    mlsd__finding *rows;
    int64_t n;
    const char *what;  /* "share of errors" */
    const char *claim; /* what a finding is "by more than chance": "worse", "different" */
    int64_t n_rows, n_search, n_confirm;
    int64_t n_looked_at, n_tested;
    double mean; /* of all rows of both halves */
    double level;
} mlsd__findings;

/* Room for n rows, whose texts are empty. */
mlsd_status mlsd__findings_make(const mlsd__allocator *a, int64_t n, mlsd__findings *out);
void mlsd__findings_free(mlsd__findings *f, const mlsd__allocator *a);

/* Name a slice by its items. */
mlsd_status mlsd__finding_name(mlsd__finding *f, const mlsd__sliced *s, const int32_t *items,
                               int64_t n_items);

/* Fill search_..., `is`, error_share, status and is_finding from the rows of the slice in both
 * halves; q_value must stand. either_way: a slice with less is a finding too. */
void mlsd__finding_judge(mlsd__finding *f, const mlsd__half halves[MLSD__N_HALVES],
                         const mlsd__half_errors of[MLSD__N_HALVES],
                         uint64_t *const rows[MLSD__N_HALVES], int64_t confirm_support,
                         double level, bool either_way);

/* Numbers, the table "slices", "worst" and the verdict. */
mlsd_status mlsd__findings_report(const mlsd__findings *f, mlsd_result *r,
                                  const mlsd__allocator *a);

#endif
