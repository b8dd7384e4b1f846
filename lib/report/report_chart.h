/* report_chart.h - the pictures of a report, from the tables of its result. */
#ifndef MLSD_REPORT_REPORT_CHART_H
#define MLSD_REPORT_REPORT_CHART_H

#include "base/text.h"
#include "mlsd/result.h"

/* Each writes one picture; failures stick in the text's status. */
/* How rows were split, from the table "split_picture". */
void mlsd__chart_splits(mlsd__text *t, const mlsd_result *r, const mlsd_table *splits);
void mlsd__chart_leaderboard(mlsd__text *t, const mlsd_result *r, const mlsd_table *board);
/* Score over the time of a prediction, with sizes; nothing where no time is known. */
void mlsd__chart_front(mlsd__text *t, const mlsd_result *r, const mlsd_table *board,
                       const mlsd_table *seconds);
/* Slices of an experiment or of slice_metrics: dots with intervals, a picture for each metric, and
 * their table. */
void mlsd__chart_slices(mlsd__text *t, const mlsd_result *r);
void mlsd__chart_curve(mlsd__text *t, const mlsd_result *r, const mlsd_table *curve);

#endif
