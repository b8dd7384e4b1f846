/* search_bound.c - score and bound. As a function of the size s the most a slice can score has two
 * pieces: up to s = error / worst every row may have the worst error, and the score grows with s;
 * beyond, the sum of errors is fixed, and the score is c + k / s, which is monotone. So the largest
 * is at an end of a piece. */
#include "slice/search_bound.h"

#include <math.h>

/* What rounding may take from a bound: sums of half a million rows are off by less than 1e-10 of
 * themselves. A looser bound costs candidates and no truth. */
static const double SLACK = 1e-9;

double mlsd__search_score(const mlsd__search_whole *all, double size, double error)
{
    return all->alpha * (error / size / all->mean - 1) - (1 - all->alpha) * (all->size / size - 1);
}

static double most_at(const mlsd__search_whole *all, double size, double error, double worst)
{
    const double most = fmin(size * worst, error);
    const double slack = SLACK * (1 + most / size / all->mean + all->size / size);
    return mlsd__search_score(all, size, most) + slack;
}

double mlsd__search_bound(const mlsd__search_whole *all, double size, double error, double worst)
{
    if (!(size >= all->least) || !(error > 0) || !(worst > 0)) return -INFINITY;
    const double bend = fmin(size, fmax(error / worst, all->least));
    return fmax(most_at(all, size, error, worst),
                fmax(most_at(all, bend, error, worst), most_at(all, all->least, error, worst)));
}
