/* suite_rate.c - the contract of a set whose cases each pass or fail: all of them pass, or the
 * share that passes is shown to be high enough. What was seen is not enough: 50 of 50 is no proof
 * of 99 %, because a model that fails one case in fifty would often do that. */
#include <math.h>

#include "mlsd/interval.h"
#include "metric/interval_rates.h"
#include "slice/suite_impl.h"

void mlsd__digits_text(double value, int digits, mlsd__text *t)
{
    if (isnan(value)) {
        mlsd__text_append(t, "undefined");
    } else {
        mlsd__text_double(t, mlsd__round_significant(value, digits));
    }
}

void mlsd__short_text(double value, mlsd__text *t)
{
    mlsd__digits_text(value, MLSD__SHORT_DIGITS, t);
}

int mlsd__digits_apart(double a, double b)
{
    enum { ALL_DIGITS = 17 };
    int digits = MLSD__SHORT_DIGITS;
    while (a != b && digits < ALL_DIGITS &&
           mlsd__round_significant(a, digits) == mlsd__round_significant(b, digits))
        digits++;
    return digits;
}

void mlsd__percent_text(double share, mlsd__text *t)
{
    double rounded = mlsd__round_significant(100 * share, 4);
    for (int digits = 5; digits < 16 && rounded == 100 && share < 1; digits++)
        rounded = mlsd__round_significant(100 * share, digits);
    mlsd__text_double(t, rounded);
    mlsd__text_append(t, " %");
}

/* What is shown is rounded down, to as many digits as leave it on its side of what is wanted. */
static void say_bound(double low, double wanted, mlsd__text *t)
{
    static const double finest = 1e14;
    double scale = 1e4, share = floor(low * scale) / scale;
    for (; scale < finest && (share >= wanted) != (low >= wanted); scale *= 10)
        share = floor(low * scale * 10) / (scale * 10);
    mlsd__percent_text(share, t);
}

static void say_shown(const mlsd__suite_set *set, const mlsd__suite_finding *f, mlsd__text *t)
{
    mlsd__text_append(t, ", which shows a rate of ");
    say_bound(f->low, set->rate, t);
    mlsd__text_append(t, " or more (confidence ");
    mlsd__percent_text(set->level, t);
    mlsd__text_append(t, ")");
}

static void say_needed(const mlsd__suite_set *set, const mlsd__suite_finding *f, mlsd__text *t)
{
    int64_t needed = 0;
    const bool is_known =
        mlsd_pass_rate_cases(set->rate, f->n_failed, set->level, &needed) == MLSD_OK;
    mlsd__text_append(t, "; ");
    mlsd__percent_text(set->rate, t);
    if (!is_known) {
        mlsd__text_append(t, " would take too many cases");
        return;
    }
    mlsd__text_format(t, " would take %lld cases with %s%lld failure%s", (long long)needed,
                      f->n_failed > 0 ? "no more than " : "", (long long)f->n_failed,
                      f->n_failed == 1 ? "" : "s");
}

void mlsd__suite_judge_rate(const mlsd__suite_set *set, mlsd__suite_finding *out)
{
    mlsd__text *const t = &out->detail;
    const int64_t n_passed = out->n - out->n_failed;
    out->value = (double)n_passed / (double)out->n;
    out->low = mlsd__pass_rate_bound((double)n_passed, (double)out->n, set->level);
    out->wanted = set->rate;
    mlsd__text_format(t, "%lld of %lld cases pass", (long long)n_passed, (long long)out->n);
    if (set->rate >= 1) {
        out->status = out->n_failed == 0 ? MLSD__SET_PASSED : MLSD__SET_FAILED;
        if (out->n_failed == 0) {
            say_shown(set, out, t);
        } else {
            mlsd__text_append(t, "; all must");
        }
    } else if (out->low >= set->rate) {
        out->status = MLSD__SET_PASSED;
        say_shown(set, out, t);
    } else if (out->value < set->rate) {
        out->status = MLSD__SET_FAILED;
        mlsd__text_append(t, " (");
        mlsd__percent_text(out->value, t);
        mlsd__text_append(t, "); ");
        mlsd__percent_text(set->rate, t);
        mlsd__text_append(t, " must");
    } else {
        out->status = MLSD__SET_CANNOT_TELL;
        say_shown(set, out, t);
        say_needed(set, out, t);
    }
}
