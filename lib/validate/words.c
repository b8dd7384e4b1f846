/* words.c - numbers as people read them: rounded for a sentence, never for a computation. */
#include <math.h>
#include <string.h>

#include "validate/words.h"

enum { SIGNIFICANT = 4, MOST_TYPED = 9 };

/* Largest and smallest magnitudes that are written without an exponent. */
static const double LARGE = 1e9, SMALL = 1e-5;

void mlsd__words_number(mlsd__text *t, double value)
{
    const double size = fabs(value);
    if (isnan(value)) {
        mlsd__text_append(t, "not known");
        return;
    }
    if (value == floor(value)) {
        mlsd__text_double(t, value);
        return;
    }
    if (size >= LARGE || size < SMALL) {
        mlsd__text_double(t, mlsd__round_significant(value, SIGNIFICANT));
        return;
    }
    int decimals = SIGNIFICANT - 1;
    for (double x = size; x >= 10 && decimals > 0; x /= 10) decimals--;
    for (double x = size; x < 1; x *= 10) decimals++;
    mlsd__text_fixed(t, value, decimals);
}

/* From the first digit that is not 0 to the exponent. */
static int64_t count_digits(const char *number)
{
    int64_t n = 0;
    for (const char *p = number; *p != '\0' && *p != 'e' && *p != 'E'; p++)
        n += (*p >= '0' && *p <= '9') && (n > 0 || *p != '0');
    return n;
}

void mlsd__words_value(mlsd__text *t, const char *value)
{
    double x;
    if (!mlsd__parse_double(value, strlen(value), &x) || !isfinite(x) || x == floor(x) ||
        count_digits(value) <= MOST_TYPED)
        mlsd__text_append(t, value);
    else
        mlsd__text_double(t, mlsd__round_significant(x, SIGNIFICANT));
}

void mlsd__words_estimate(mlsd__text *t, const mlsd__estimate *e, double level)
{
    mlsd__words_number(t, e->value);
    if (isnan(e->low) || isnan(e->high)) return;
    mlsd__text_append(t, " (");
    mlsd__text_double(t, 100 * level);
    mlsd__text_append(t, " % interval ");
    mlsd__words_number(t, e->low);
    mlsd__text_append(t, " to ");
    mlsd__words_number(t, e->high);
    mlsd__text_append(t, ")");
}

void mlsd__words_looks(mlsd__text *t, const char *noun, int64_t n)
{
    mlsd__text_format(t, "this %s has been looked at %lld times: its score is no longer that of ",
                      noun, (long long)n);
    mlsd__text_append(t, "unseen rows");
}
