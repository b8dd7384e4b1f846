/* target_scale.c - median and median absolute deviation of a target. Rows of weight 0 have no say:
 * theirs may be anything. */
#include "model/linear/target_scale.h"

#include <math.h>

#include "numeric/rank.h"
#include "numeric/sum.h"

static double median_of(const double *values, const int64_t *order, int64_t n)
{
    return 0.5 * values[order[(n - 1) / 2]] + 0.5 * values[order[n / 2]];
}

/* Targets of the rows that count, in their order; how many. */
static int64_t gather(const mlsd__train *train, double *out)
{
    int64_t n = 0;
    for (int64_t i = 0; i < train->x->n_rows; i++)
        if (train->weight == NULL || train->weight[i] > 0.0) out[n++] = train->y[i];
    return n;
}

mlsd_status mlsd__target_scale(mlsd__scope *scope, const mlsd__train *train, bool has_intercept,
                               double *out, double *out_centre, double *out_scale)
{
    const int64_t n_rows = train->x->n_rows, n = gather(train, out);
    int64_t *const order = mlsd__alloc_raw(scope->allocator, n, sizeof *order);
    mlsd_status status = order == NULL ? MLSD_E_NOMEM : mlsd__argsort_rows(scope, out, n, order);
    if (status == MLSD_OK) {
        const double centre = has_intercept ? median_of(out, order, n) : 0.0;
        for (int64_t i = 0; i < n; i++) out[i] = fabs(out[i] - centre);
        status = mlsd__argsort_rows(scope, out, n, order);
        double scale = status == MLSD_OK ? median_of(out, order, n) : 1.0;
        if (!(scale > 0.0)) scale = mlsd__sum(out, n) / (double)n;
        if (!(scale > 0.0)) scale = 1.0; /* all targets are equal */
        for (int64_t i = 0; i < n_rows; i++) out[i] = (train->y[i] - centre) / scale;
        *out_centre = centre;
        *out_scale = scale;
    }
    mlsd__free(scope->allocator, order);
    return status;
}
