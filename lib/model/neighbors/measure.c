/* measure.c - see the header. Four rows are measured at once because each sum waits for its last
 * term; the four do not wait for each other. */
#include "model/neighbors/measure.h"

#include <math.h>
#include <string.h>

#include "numeric/mathfun.h"

/* mlsd__pow may be off by half a unit in its last place and a bit, so sums of powers may decrease
 * where their terms grow; a bound that is this much lower holds. */
static const double POWER_SLACK = 1 - 1e-13;

int64_t mlsd__measure_width(const mlsd__measure *m, int64_t p)
{
    return m->metric == MLSD__COSINE ? p + 1 : p;
}

/* 1 - cos is half the squared distance of the rows at length 1, without the digits that 1 - cos
 * loses. A row of zeros is at 1 from every row, as in scikit-learn: it has an axis of its own. */
static void to_direction(int64_t p, const double *row, double *out)
{
    double largest = 0, square = 0;
    for (int64_t j = 0; j < p; j++) largest = fmax(largest, fabs(row[j]));
    memset(out, 0, (size_t)(p + 1) * sizeof *out);
    if (largest == 0) {
        out[p] = 1;
        return;
    }
    for (int64_t j = 0; j < p; j++) {
        out[j] = row[j] / largest;
        square += out[j] * out[j];
    }
    const double length = sqrt(square);
    for (int64_t j = 0; j < p; j++) out[j] /= length;
}

void mlsd__measure_row(const mlsd__measure *m, int64_t p, const double *row, double *out)
{
    if (m->metric == MLSD__COSINE)
        to_direction(p, row, out);
    else
        memcpy(out, row, (size_t)p * sizeof *out);
}

bool mlsd__measure_is_aloof(const mlsd__measure *m, int64_t p, const double *query)
{
    if (m->metric != MLSD__COSINE) return false;
    for (int64_t j = 0; j < p; j++)
        if (query[j] != 0) return false;
    return true;
}

static double add_term(const mlsd__measure *m, double sum, double difference)
{
    switch (m->metric) {
    case MLSD__MANHATTAN:
        return sum + fabs(difference);
    case MLSD__CHEBYSHEV:
        return fmax(sum, fabs(difference));
    case MLSD__MINKOWSKI:
        return sum + mlsd__pow(fabs(difference), m->power);
    default:
        return sum + difference * difference;
    }
}

/* One loop for each metric, with `a` standing for four rows. */
#define FOR_FOUR(TERM)                                         \
    for (int64_t j = 0; j < width; j++) {                      \
        const double q = query[j];                             \
        const double d0 = q - rows[0][j], d1 = q - rows[1][j]; \
        const double d2 = q - rows[2][j], d3 = q - rows[3][j]; \
        a = TERM(a, d0);                                       \
        b = TERM(b, d1);                                       \
        c = TERM(c, d2);                                       \
        d = TERM(d, d3);                                       \
    }
#define SQUARE_TERM(sum, x) ((sum) + (x) * (x))
#define ABS_TERM(sum, x) ((sum) + fabs(x))
#define MAX_TERM(sum, x) (fabs(x) > (sum) ? fabs(x) : (sum))
#define ANY_TERM(sum, x) add_term(m, sum, x)

void mlsd__measure_four(const mlsd__measure *m, int64_t width, const double *query,
                        const double *const rows[4], double out[4])
{
    double a = 0, b = 0, c = 0, d = 0;
    if (m->metric == MLSD__MANHATTAN) {
        FOR_FOUR(ABS_TERM)
    } else if (m->metric == MLSD__CHEBYSHEV) {
        FOR_FOUR(MAX_TERM)
    } else if (m->metric == MLSD__MINKOWSKI) {
        FOR_FOUR(ANY_TERM)
    } else {
        FOR_FOUR(SQUARE_TERM)
    }
    out[0] = a;
    out[1] = b;
    out[2] = c;
    out[3] = d;
}

/* Rounding keeps order: a smaller difference gives a smaller term, smaller terms in the same order
 * a sum that is not larger. */
double mlsd__measure_nearest(const mlsd__measure *m, int64_t width, const double *query,
                             const double *low, const double *high)
{
    double sum = 0;
    for (int64_t j = 0; j < width; j++) {
        const double q = query[j];
        sum = add_term(m, sum, q < low[j] ? q - low[j] : q > high[j] ? q - high[j] : 0);
    }
    return m->metric == MLSD__MINKOWSKI ? POWER_SLACK * sum : sum;
}

double mlsd__measure_farthest(const mlsd__measure *m, int64_t width, const double *query,
                              const double *low, const double *high)
{
    double sum = 0;
    for (int64_t j = 0; j < width; j++)
        sum = add_term(m, sum, fmax(fabs(query[j] - low[j]), fabs(query[j] - high[j])));
    return sum;
}

double mlsd__measure_distance(const mlsd__measure *m, double reduced)
{
    switch (m->metric) {
    case MLSD__EUCLIDEAN:
        return sqrt(reduced);
    case MLSD__MINKOWSKI:
        return mlsd__pow(reduced, 1 / m->power);
    case MLSD__COSINE:
        return 0.5 * reduced;
    default:
        return reduced;
    }
}
