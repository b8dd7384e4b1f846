/* interval_public.c - the public calls for rates: names of methods, checks of arguments, and how
 * many rows an interval needs. What the numbers mean stands in interval_rates.c and
 * interval_strata.c. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "mlsd/interval.h"
#include "base/memory.h"
#include "base/text.h"
#include "data/matrix_view.h"
#include "metric/interval_rates.h"
#include "numeric/mathfun.h"

/* By the numbers of the enumerations. */
static const char *const rate_methods[] = {
    "wilson", "clopper_pearson", "jeffreys", "agresti_coull", "wald", NULL};
static const char *const difference_methods[] = {"newcombe", "agresti_caffo", "wald", NULL};
static const char *const ratio_methods[] = {"log", "log_adjusted", NULL};

static const char *name_at(const void *names, int64_t i)
{
    return ((const char *const *)names)[i];
}

static mlsd_status find_method(const char *name, const char *const *names, int *out)
{
    MLSD__REQUIRE(name != NULL, "the method is NULL; there is '%s'", names[0]);
    int n = 0;
    for (; names[n] != NULL; n++) {
        if (strcmp(names[n], name) == 0) {
            *out = n;
            return MLSD_OK;
        }
    }
    const char *const near = mlsd__nearest_name(name, name_at, names, n);
    if (near != NULL) {
        return mlsd__fail(MLSD_E_ARG, "no method '%.60s'; did you mean '%s'?", name, near);
    }
    char all[128] = "";
    for (int i = 0; i < n; i++) {
        const size_t used = strlen(all);
        snprintf(all + used, sizeof all - used, "%s%s", i == 0 ? "" : ", ", names[i]);
    }
    return mlsd__fail(MLSD_E_ARG, "no method '%.60s'; there are %s", name, all);
}

static mlsd_status check_level(double level)
{
    MLSD__REQUIRE(level > 0 && level < 1,
                  "the level of an interval must be in (0, 1), such as 0.95");
    return MLSD_OK;
}

static mlsd_status check_rate(double successes, double trials)
{
    if (successes >= 0 && successes <= trials && isfinite(trials)) return MLSD_OK;
    char x[MLSD__NUMBER_CAPACITY], n[MLSD__NUMBER_CAPACITY];
    mlsd__format_double(successes, x);
    mlsd__format_double(trials, n);
    return mlsd__fail(MLSD_E_ARG, "successes must be from 0 to the number of trials, got %s of %s",
                      x, n);
}

static mlsd_status check_share(const char *name, double value, int with_ends)
{
    if (with_ends ? value >= 0 && value <= 1 : value > 0 && value < 1) return MLSD_OK;
    char text[MLSD__NUMBER_CAPACITY];
    mlsd__format_double(value, text);
    return mlsd__fail(MLSD_E_ARG, "'%s' must be in %s, got %s", name,
                      with_ends ? "[0, 1]" : "(0, 1)", text);
}

static void put(double value, double *out)
{
    if (out != NULL) *out = value;
}

mlsd_status mlsd_interval_proportion(const char *method, double successes, double trials,
                                     double level, double *out_low, double *out_high)
{
    int chosen = 0;
    double low, high;
    MLSD__TRY(find_method(method, rate_methods, &chosen));
    MLSD__TRY(check_rate(successes, trials));
    MLSD__TRY(check_level(level));
    mlsd__proportion_interval((mlsd__rate_method)chosen, (mlsd__rate){successes, trials}, level,
                              &low, &high);
    put(low, out_low);
    put(high, out_high);
    return MLSD_OK;
}

/* The three functions of two rates differ in their names of methods and in what is made. */
typedef enum of_two { DIFFERENCE, RATIO, ODDS_RATIO } of_two;

static mlsd_status two_rates(of_two what, const char *method, mlsd__rate a, mlsd__rate b,
                             double level, mlsd__two_rates *out)
{
    int chosen = 0;
    MLSD__TRY(
        find_method(method, what == DIFFERENCE ? difference_methods : ratio_methods, &chosen));
    MLSD__TRY(check_rate(a.successes, a.trials));
    MLSD__TRY(check_rate(b.successes, b.trials));
    MLSD__TRY(check_level(level));
    if (what == DIFFERENCE) {
        mlsd__rates_difference((mlsd__difference_method)chosen, a, b, level, out);
    } else if (what == RATIO) {
        mlsd__rates_ratio((mlsd__ratio_method)chosen, a, b, level, out);
    } else {
        mlsd__rates_odds_ratio((mlsd__ratio_method)chosen, a, b, level, out);
    }
    return MLSD_OK;
}

static void put_two(const mlsd__two_rates *r, double *value, double *low, double *high, double *p)
{
    put(r->value, value);
    put(r->low, low);
    put(r->high, high);
    put(r->p_value, p);
}

mlsd_status mlsd_interval_difference(const char *method, double successes_1, double trials_1,
                                     double successes_2, double trials_2, double level,
                                     double *out_value, double *out_low, double *out_high,
                                     double *out_p_value)
{
    mlsd__two_rates r;
    MLSD__TRY(two_rates(DIFFERENCE, method, (mlsd__rate){successes_1, trials_1},
                        (mlsd__rate){successes_2, trials_2}, level, &r));
    put_two(&r, out_value, out_low, out_high, out_p_value);
    return MLSD_OK;
}

mlsd_status mlsd_interval_ratio(const char *method, double successes_1, double trials_1,
                                double successes_2, double trials_2, double level,
                                double *out_value, double *out_low, double *out_high,
                                double *out_p_value)
{
    mlsd__two_rates r;
    MLSD__TRY(two_rates(RATIO, method, (mlsd__rate){successes_1, trials_1},
                        (mlsd__rate){successes_2, trials_2}, level, &r));
    put_two(&r, out_value, out_low, out_high, out_p_value);
    return MLSD_OK;
}

mlsd_status mlsd_interval_odds_ratio(const char *method, double successes_1, double trials_1,
                                     double successes_2, double trials_2, double level,
                                     double *out_value, double *out_low, double *out_high,
                                     double *out_p_value)
{
    mlsd__two_rates r;
    MLSD__TRY(two_rates(ODDS_RATIO, method, (mlsd__rate){successes_1, trials_1},
                        (mlsd__rate){successes_2, trials_2}, level, &r));
    put_two(&r, out_value, out_low, out_high, out_p_value);
    return MLSD_OK;
}

static mlsd_status read_tables(const mlsd_matrix *tables, double *out)
{
    mlsd__matrix_read(tables, NULL, 0, tables->rows, out);
    for (int64_t i = 0; i < 4 * tables->rows; i++) {
        if (out[i] >= 0 && isfinite(out[i])) continue;
        char text[MLSD__NUMBER_CAPACITY];
        mlsd__format_double(out[i], text);
        return mlsd__fail(MLSD_E_ARG, "tables[%lld, %lld] is %s, not a count of at least 0",
                          (long long)(i / 4), (long long)(i % 4), text);
    }
    return MLSD_OK;
}

mlsd_status mlsd_common_odds_ratio(const mlsd_matrix *tables, double level, double *out_value,
                                   double *out_low, double *out_high, double *out_statistic,
                                   double *out_p_value, double *out_homogeneity,
                                   double *out_homogeneity_p_value)
{
    MLSD__REQUIRE(tables != NULL, "tables is NULL");
    MLSD__TRY(mlsd__matrix_check(tables, "tables"));
    MLSD__TRY(check_level(level));
    if (tables->cols != 4) {
        return mlsd__fail(MLSD_E_SHAPE, "tables must have 4 columns, got %lld x %lld",
                          (long long)tables->rows, (long long)tables->cols);
    }
    const mlsd__allocator *const a = &mlsd__libc_allocator;
    mlsd__strata_odds r;
    double(*const cells)[4] = mlsd__alloc_raw(a, tables->rows, sizeof *cells);
    if (cells == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = read_tables(tables, cells[0]);
    if (status == MLSD_OK) {
        mlsd__common_odds_ratio((const double(*)[4])cells, tables->rows, level, &r);
        put(r.value, out_value);
        put(r.low, out_low);
        put(r.high, out_high);
        put(r.statistic, out_statistic);
        put(r.p_value, out_p_value);
        put(r.homogeneity, out_homogeneity);
        put(r.homogeneity_p, out_homogeneity_p_value);
    }
    mlsd__free(a, cells);
    return status;
}

mlsd_status mlsd_pass_rate_bound(double passes, double cases, double level, double *out_low)
{
    MLSD__TRY(check_rate(passes, cases));
    MLSD__TRY(check_level(level));
    put(mlsd__pass_rate_bound(passes, cases, level), out_low);
    return MLSD_OK;
}

/* Is n enough? Must be false below some n and true from there on. */
typedef struct question {
    int kind; /* 0: pass rate, 1: one rate, 2: two rates */
    int method;
    double rate_1, rate_2, half_width, level;
    int64_t failures;
} question;

static int is_enough(const question *q, int64_t n)
{
    const double rows = (double)n;
    double low, high;
    if (q->kind == 0) {
        return mlsd__pass_rate_bound(rows - (double)q->failures, rows, q->level) >= q->rate_1;
    }
    if (q->kind == 1) {
        mlsd__proportion_interval((mlsd__rate_method)q->method,
                                  (mlsd__rate){q->rate_1 * rows, rows}, q->level, &low, &high);
    } else {
        mlsd__two_rates r;
        mlsd__rates_difference((mlsd__difference_method)q->method,
                               (mlsd__rate){q->rate_1 * rows, rows},
                               (mlsd__rate){q->rate_2 * rows, rows}, q->level, &r);
        low = r.low;
        high = r.high;
    }
    return (high - low) / 2 <= q->half_width;
}

/* Doubling, then halving what is left. */
static mlsd_status fewest(const question *q, int64_t from, int64_t *out)
{
    int64_t too_few = from - 1, enough = from;
    while (!is_enough(q, enough)) {
        if (enough > INT64_C(1) << 52) {
            return mlsd__fail(MLSD_E_ARG, "more than %lld rows are needed: ask for less",
                              (long long)enough);
        }
        too_few = enough;
        enough *= 2;
    }
    while (enough - too_few > 1) {
        const int64_t middle = too_few + (enough - too_few) / 2;
        if (is_enough(q, middle)) {
            enough = middle;
        } else {
            too_few = middle;
        }
    }
    *out = enough;
    return MLSD_OK;
}

mlsd_status mlsd_pass_rate_cases(double rate, int64_t failures, double level, int64_t *out_cases)
{
    MLSD__REQUIRE(out_cases != NULL, "the place for the number of cases is NULL");
    MLSD__REQUIRE(failures >= 0 && failures <= INT64_C(1) << 40,
                  "failures must be in [0, 2^40], got %lld", (long long)failures);
    MLSD__TRY(check_share("rate", rate, 0));
    MLSD__TRY(check_level(level));
    const question q = {.kind = 0, .rate_1 = rate, .level = level, .failures = failures};
    return fewest(&q, failures + 1, out_cases);
}

static mlsd_status check_width(double half_width, double largest)
{
    if (half_width > 0 && half_width < largest) return MLSD_OK;
    char text[MLSD__NUMBER_CAPACITY];
    mlsd__format_double(half_width, text);
    return mlsd__fail(MLSD_E_ARG, "'half_width' must be in (0, %g), got %s", largest, text);
}

mlsd_status mlsd_rows_needed(const char *method, double rate, double half_width, double level,
                             int64_t *out_rows)
{
    question q = {.kind = 1, .rate_1 = rate, .half_width = half_width, .level = level};
    MLSD__REQUIRE(out_rows != NULL, "the place for the number of rows is NULL");
    MLSD__TRY(find_method(method, rate_methods, &q.method));
    MLSD__TRY(check_share("rate", rate, 1));
    MLSD__TRY(check_width(half_width, 0.5));
    MLSD__TRY(check_level(level));
    return fewest(&q, 1, out_rows);
}

mlsd_status mlsd_rows_needed_difference(const char *method, double rate_1, double rate_2,
                                        double half_width, double level, int64_t *out_rows)
{
    question q = {
        .kind = 2, .rate_1 = rate_1, .rate_2 = rate_2, .half_width = half_width, .level = level};
    MLSD__REQUIRE(out_rows != NULL, "the place for the number of rows is NULL");
    MLSD__TRY(find_method(method, difference_methods, &q.method));
    MLSD__TRY(check_share("rate_1", rate_1, 1));
    MLSD__TRY(check_share("rate_2", rate_2, 1));
    MLSD__TRY(check_width(half_width, 1));
    MLSD__TRY(check_level(level));
    return fewest(&q, 1, out_rows);
}
