/* tweedie_loss.c - the deviance of Tweedie's distributions (Jorgensen 1987, J. R. Stat. Soc. B 49;
 * McCullagh & Nelder 1989, section 2.3). With m the mean and p the power,
 *   d / 2 = y^(2-p) / ((1-p)(2-p)) - y m^(1-p) / (1-p) + m^(2-p) / (2-p),
 * whose first term does not depend on the model; p = 1 and 2 are its limits. */
#include "model/linear/tweedie_loss.h"

#include <math.h>

#include "numeric/mathfun.h"

/* Second derivatives may be negative outside 1 <= p <= 2; Fisher's information never is, but it
 * is too small where the model is far off. */
static const double LEAST_SHARE = 0.125;

typedef struct row_loss {
    double loss, slope, curvature;
} row_loss;

static row_loss poisson_log(double y, double z)
{
    const double mean = mlsd__exp(z);
    return (row_loss){mean - y * z, mean - y, mean};
}

static row_loss gamma_log(double y, double z)
{
    const double ratio = y * mlsd__exp(-z);
    return (row_loss){z + ratio, 1.0 - ratio, ratio};
}

/* The second derivative, but where it falls below a share of Fisher's information that. */
static double tamed(double second, double fisher)
{
    return fmax(second, LEAST_SHARE * fisher);
}

static row_loss power_log(double p, double y, double z)
{
    const double a = y * mlsd__exp((1.0 - p) * z), c = mlsd__exp((2.0 - p) * z);
    return (row_loss){c / (2.0 - p) - a / (1.0 - p), c - a,
                      tamed((2.0 - p) * c + (p - 1.0) * a, c)};
}

static row_loss power_identity(double p, double y, double mean)
{
    if (p == 0.0) return (row_loss){0.5 * (y - mean) * (y - mean), mean - y, 1.0};
    if (!(mean > 0.0)) return (row_loss){INFINITY, 0.0, 0.0};
    const double precision = p == 1.0   ? 1.0 / mean
                             : p == 2.0 ? 1.0 / (mean * mean)
                                        : mlsd__pow(mean, -p);
    const double slope = (mean - y) * precision;
    const double second = tamed((p * y / mean + 1.0 - p) * precision, precision);
    if (p == 1.0) return (row_loss){mean - y * mlsd__log(mean), slope, second};
    if (p == 2.0) return (row_loss){mlsd__log(mean) + y / mean, slope, second};
    return (row_loss){mean * precision * (mean / (2.0 - p) - y / (1.0 - p)), slope, second};
}

void mlsd__tweedie_rows(const void *family, mlsd__score_rows *rows)
{
    const mlsd__tweedie *const f = family;
    double sum = 0.0;
    for (int64_t i = 0; i < rows->n; i++) {
        const double w = rows->weight != NULL ? rows->weight[i] : 1.0;
        const double y = rows->y[i], z = rows->score[i];
        row_loss of = {0};
        if (w > 0.0)
            of = !f->is_log        ? power_identity(f->power, y, z)
                 : f->power == 1.0 ? poisson_log(y, z)
                 : f->power == 2.0 ? gamma_log(y, z)
                                   : power_log(f->power, y, z);
        else if (!isfinite(z))
            of.loss = z; /* columns are read, and refused, in rows of weight 0 too */
        sum += w > 0.0 ? w * of.loss : of.loss;
        rows->slope[i] = w * of.slope;
        rows->curvature[i] = w * of.curvature;
    }
    rows->loss = sum;
}

double mlsd__tweedie_half_deviance(double p, double y, double mean)
{
    if (p == 0.0) return 0.5 * (y - mean) * (y - mean);
    if (y == mean) return 0.0;
    if (p == 1.0) {
        if (y == 0.0) return mean;
        const double part = (mean - y) / y;
        return y * (part - mlsd__log1p(part));
    }
    if (p == 2.0) {
        const double part = (y - mean) / mean;
        return part - mlsd__log1p(part);
    }
    const double own = y > 0.0 ? mlsd__pow(y, 2.0 - p) / ((1.0 - p) * (2.0 - p)) : 0.0;
    return own - y * mlsd__pow(mean, 1.0 - p) / (1.0 - p) + mlsd__pow(mean, 2.0 - p) / (2.0 - p);
}

void mlsd__tweedie_deviance_rows(const void *family, mlsd__score_rows *rows)
{
    const mlsd__tweedie *const f = family;
    double sum = 0.0;
    for (int64_t i = 0; i < rows->n; i++) {
        const double w = rows->weight != NULL ? rows->weight[i] : 1.0;
        const double mean = f->is_log ? mlsd__exp(rows->score[i]) : rows->score[i];
        if (w > 0.0) sum += w * mlsd__tweedie_half_deviance(f->power, rows->y[i], mean);
    }
    rows->loss = sum;
}
