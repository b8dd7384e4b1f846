/* frontier.h - what keeping groups equal costs: the curve, and its pictures. */
#ifndef MLSD_SLICE_MITIGATION_FRONTIER_H
#define MLSD_SLICE_MITIGATION_FRONTIER_H

#include <stdint.h>

#include "base/text.h"

typedef struct mlsd__frontier_point {
    double tolerance, objective, gap;
} mlsd__frontier_point;

typedef struct mlsd__frontier {
    mlsd__frontier_point *points; /* tolerance ascending */
    int64_t n;
    const char *constraint, *objective;
    double least, most; /* of the objective */
} mlsd__frontier;

/* For a terminal; as a document of its own. */
void mlsd__frontier_draw_text(const mlsd__frontier *f, mlsd__text *t);
void mlsd__frontier_draw_svg(const mlsd__frontier *f, mlsd__text *t);

#endif
