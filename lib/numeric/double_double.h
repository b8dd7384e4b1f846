/* double_double.h - numbers as an unevaluated sum of two doubles, some 32 digits: what residuals of
 * least squares are added up in. Plain IEEE operations without contraction, so that the bits depend
 * on nothing else. Sums and products overflow as doubles do; what is not finite stays so in `hi`.
 * Dekker (1971), Numerische Mathematik 18; Hida, Li & Bailey (2001), ARITH-15. */
#ifndef MLSD_NUMERIC_DOUBLE_DOUBLE_H
#define MLSD_NUMERIC_DOUBLE_DOUBLE_H

typedef struct mlsd__dd {
    double hi, lo; /* |lo| at most half a unit in the last place of hi */
} mlsd__dd;

/* a + b without error: Knuth (1997), The Art of Computer Programming 2, section 4.2.2, theorem B.
 */
static inline mlsd__dd mlsd__two_sum(double a, double b)
{
    const double sum = a + b;
    const double b_part = sum - a;
    return (mlsd__dd){sum, (a - (sum - b_part)) + (b - b_part)};
}

/* The same where |a| >= |b| or a = 0. */
static inline mlsd__dd mlsd__fast_two_sum(double a, double b)
{
    const double sum = a + b;
    return (mlsd__dd){sum, b - (sum - a)};
}

/* a b without error, by Veltkamp's splitting: needs no fused multiply-add, and gives what one
 * would. Exact for |a|, |b| < 2^996 where the product neither overflows nor falls below 2^-969. */
static inline mlsd__dd mlsd__two_product(double a, double b)
{
    const double splitter = 134217729.0; /* 2^27 + 1 */
    const double product = a * b;
    const double a_scaled = splitter * a, b_scaled = splitter * b;
    const double a_hi = a_scaled - (a_scaled - a), b_hi = b_scaled - (b_scaled - b);
    const double a_lo = a - a_hi, b_lo = b - b_hi;
    return (mlsd__dd){product, ((a_hi * b_hi - product) + a_hi * b_lo + a_lo * b_hi) + a_lo * b_lo};
}

static inline mlsd__dd mlsd__dd_add(mlsd__dd a, mlsd__dd b)
{
    const mlsd__dd high = mlsd__two_sum(a.hi, b.hi), low = mlsd__two_sum(a.lo, b.lo);
    const mlsd__dd sum = mlsd__fast_two_sum(high.hi, high.lo + low.hi);
    return mlsd__fast_two_sum(sum.hi, sum.lo + low.lo);
}

static inline mlsd__dd mlsd__dd_negate(mlsd__dd a)
{
    return (mlsd__dd){-a.hi, -a.lo};
}

static inline mlsd__dd mlsd__dd_subtract(mlsd__dd a, mlsd__dd b)
{
    return mlsd__dd_add(a, mlsd__dd_negate(b));
}

static inline mlsd__dd mlsd__dd_multiply(mlsd__dd a, mlsd__dd b)
{
    const mlsd__dd product = mlsd__two_product(a.hi, b.hi);
    return mlsd__fast_two_sum(product.hi, product.lo + (a.hi * b.lo + a.lo * b.hi));
}

/* One step of Newton's on the quotient of the high parts. */
static inline mlsd__dd mlsd__dd_divide(mlsd__dd a, mlsd__dd b)
{
    const double quotient = a.hi / b.hi;
    const mlsd__dd rest = mlsd__dd_subtract(a, mlsd__dd_multiply(b, (mlsd__dd){quotient, 0}));
    return mlsd__fast_two_sum(quotient, rest.hi / b.hi);
}

#endif
