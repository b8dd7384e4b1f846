/* part_sizes.c - how many rows, or groups, each part gets.
 *
 * Two parts have scikit-learn's sizes to the last bit: one product each, rounded up for the test
 * part and down for the training part. More parts have sizes by largest remainder. No part that is
 * handed out is empty. */
#include "split/part_sizes.h"

#include <math.h>
#include <stdbool.h>

#include "base/fail.h"
#include "base/fail.h"
#include "base/text.h"
#include "numeric/rank.h"

/* What fractions may miss a sum of 1 by: decimal texts such as 0.1 are not exact. */
#define SUM_TOLERANCE 1e-9

/* A size given as fraction or number of rows; *out is not above n. */
static mlsd_status read_size(const char *noun, const char *name, double size, int64_t n,
                             bool is_test, int64_t *out)
{
    char text[MLSD__NUMBER_CAPACITY];
    if (size < 1) {
        const double exact = size * (double)n; /* one product, rounded as scikit-learn rounds it */
        *out = (int64_t)(is_test ? ceil(exact) : floor(exact));
        return MLSD_OK;
    }
    mlsd__format_double(size, text);
    if (size != floor(size)) {
        return mlsd__fail(MLSD_E_PARAM_RANGE,
                          "'%s' must be a fraction below 1 or a whole number of %s, got %s", name,
                          noun, text);
    }
    if (size >= (double)n) {
        return mlsd__fail(MLSD_E_DATA,
                          "%s=%s must be less than the %lld %s; use at most %lld, or a fraction",
                          name, text, (long long)n, noun, (long long)(n - 1));
    }
    *out = (int64_t)size;
    return MLSD_OK;
}

static mlsd_status check_not_empty(const char *noun, const int64_t *sizes, int64_t n_parts,
                                   int64_t n)
{
    for (int64_t k = 0; k < n_parts; k++) {
        if (sizes[k] > 0) continue;
        return mlsd__fail(MLSD_E_DATA,
                          "part %lld of %lld would have none of the %lld %s; ask for fewer or "
                          "more even parts",
                          (long long)k, (long long)n_parts, (long long)n, noun);
    }
    return MLSD_OK;
}

mlsd_status mlsd__part_sizes_two(const char *noun, double test_size, double train_size,
                                 double fallback, int64_t n, int64_t sizes[2])
{
    if (isnan(test_size) && isnan(train_size)) test_size = fallback;
    if (test_size < 1 && train_size < 1 && test_size + train_size > 1) {
        char test[MLSD__NUMBER_CAPACITY], train[MLSD__NUMBER_CAPACITY];
        mlsd__format_double(test_size, test);
        mlsd__format_double(train_size, train);
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "'test_size' and 'train_size' sum to more than 1: %s and %s; lower one",
                          test, train);
    }
    int64_t n_train = 0, n_test = 0;
    if (!isnan(test_size)) MLSD__TRY(read_size(noun, "test_size", test_size, n, true, &n_test));
    if (!isnan(train_size))
        MLSD__TRY(read_size(noun, "train_size", train_size, n, false, &n_train));
    if (isnan(test_size)) n_test = n - n_train;
    if (isnan(train_size)) n_train = n - n_test;
    if (n_train + n_test > n) {
        return mlsd__fail(MLSD_E_DATA,
                          "%lld %s to train on and %lld to test on are more than the %lld there "
                          "are; lower one",
                          (long long)n_train, noun, (long long)n_test, (long long)n);
    }
    sizes[0] = n_train;
    sizes[1] = n_test;
    return check_not_empty(noun, sizes, 2, n);
}

mlsd_status mlsd__part_sizes_many(const mlsd__allocator *a, const mlsd__f64_list *parts,
                                  const char *noun, int64_t n, int64_t *sizes)
{
    double *const fallen_short = mlsd__alloc_raw(a, parts->n, sizeof *fallen_short);
    int64_t *const order = mlsd__alloc_raw(a, parts->n, sizeof *order);
    mlsd_status status = fallen_short == NULL || order == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status != MLSD_OK) goto out;

    int64_t left = n;
    for (int64_t k = 0; k < parts->n; k++) {
        const double exact = parts->values[k] * (double)n;
        sizes[k] = (int64_t)floor(exact);
        fallen_short[k] = floor(exact) - exact; /* ascending: the largest remainder first */
        left -= sizes[k];
    }
    status = mlsd__argsort(a, fallen_short, parts->n, order);
    if (status != MLSD_OK) goto out;
    for (int64_t k = 0; left > 0; left--, k = (k + 1) % parts->n) sizes[order[k]]++;
    for (int64_t k = parts->n - 1; left < 0; left++) {
        sizes[order[k]]--; /* only fractions that sum to a hair more than 1 lead here */
        k = k > 0 ? k - 1 : parts->n - 1;
    }
    status = check_not_empty(noun, sizes, parts->n, n);
out:
    mlsd__free(a, order);
    mlsd__free(a, fallen_short);
    return status;
}

mlsd_status mlsd__part_sizes_check_fractions(const mlsd__f64_list *parts)
{
    double sum = 0;
    for (int64_t k = 0; k < parts->n; k++) sum += parts->values[k];
    if (parts->n < 2) {
        return mlsd__fail(MLSD_E_PARAM_RANGE, "'parts' needs at least two fractions, got %lld",
                          (long long)parts->n);
    }
    if (fabs(sum - 1) > SUM_TOLERANCE) {
        char text[MLSD__NUMBER_CAPACITY];
        mlsd__format_double(sum, text);
        return mlsd__fail(MLSD_E_PARAM_RANGE, "'parts' must sum to 1, got %s", text);
    }
    return MLSD_OK;
}
