/* scorecard.h - many metrics of many groups in one pass: rows are added, cards merged, metrics
 * finished.
 *
 * Rows are cut into chunks of a fixed number of rows, counted from the first row added, whatever
 * the calls that brought them; rows of a chunk that is not yet full wait. Chunks are summarised by
 * themselves, in parallel, and merged in their order. So neither threads nor the cut into calls
 * change a bit. Merging two cards adds what waits in each as a chunk of its own: counts (rows that
 * all weigh 1) stay exact, sums of doubles depend on where the cards were cut, in the last digits.
 */
#ifndef MLSD_METRIC_SCORECARD_H
#define MLSD_METRIC_SCORECARD_H

#include "metric/intake.h"

/* Distinct summaries of a card, with one state each. */
typedef struct mlsd__summaries {
    void **states; /* n_summaries of the card */
} mlsd__summaries;

struct mlsd_scorecard {
    uint64_t magic;
    mlsd__allocator allocator;
    int64_t n_metrics, n_summaries;
    mlsd_spec **specs;         /* owned */
    mlsd__metric_ops *metrics; /* their parameters are the specs' */
    int64_t n_classes, n_groups;
    int64_t *summary_of; /* of each metric; known once rows came */
    const mlsd__summary_ops **summaries;
    const mlsd__metric_ops **owners; /* the first metric of each summary */
    int64_t pair[2];                 /* summaries that are filled together; both 0: none */
    bool has_rows, is_broken;
    mlsd__intake plan; /* shapes; without buffers */
    int64_t n_rows, chunk_rows;
    mlsd__summaries total;
    /* Rows that wait (chunk_rows of them fit): checked when they came, as the caller gave them. */
    int64_t n_waiting;
    double *y, *prediction, *weight;
    int32_t *slot;
};

/* Summaries, buffers and empty totals, once `plan` is known. */
mlsd_status mlsd__scorecard_prepare(mlsd_scorecard *card);

/* One metric of all rows that are at hand, with its parts. */
mlsd_status mlsd__scorecard_measure(mlsd__scope *scope, mlsd__metric_ops *metric,
                                    const mlsd_matrix *y, const mlsd_matrix *prediction,
                                    const mlsd_matrix *weight, double level, mlsd__measured *out);

/* Its value and interval alone, where there are many rows and a summary of them will do
 * (*out_done).
 */
mlsd_status mlsd__scorecard_value(mlsd__scope *scope, mlsd__metric_ops *metric,
                                  const mlsd_matrix *y, const mlsd_matrix *prediction,
                                  const mlsd_matrix *weight, double level, mlsd__estimate *out,
                                  bool *out_done);

/* All that was added, in one set of summaries: *out_total is the card's own where nothing waits,
 * otherwise made anew (give both back with mlsd__scorecard_close_view). */
typedef struct mlsd__scorecard_view {
    const mlsd_scorecard *card;
    mlsd__summaries groups; /* n_groups + 1 slots, or one without groups */
    mlsd__summaries all;    /* one slot */
    mlsd__shape all_shape;
    bool owns_groups, owns_all;
} mlsd__scorecard_view;
mlsd_status mlsd__scorecard_open_view(mlsd__scope *scope, const mlsd_scorecard *card,
                                      mlsd__scorecard_view *out);
void mlsd__scorecard_close_view(mlsd__scorecard_view *view);
/* Metric m of a group, or of all rows with group -1. `out` is initialised. */
mlsd_status mlsd__scorecard_finish(mlsd__scope *scope, const mlsd__scorecard_view *view, int64_t m,
                                   int64_t group, double level, bool wants_parts,
                                   mlsd__measured *out);
/* Metric m of the rows that are not of a group (those of no group among them). */
mlsd_status mlsd__scorecard_finish_outside(mlsd__scope *scope, const mlsd__scorecard_view *view,
                                           int64_t m, int64_t group, double level,
                                           mlsd__measured *out);

#endif
