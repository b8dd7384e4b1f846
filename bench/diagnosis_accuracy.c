/* diagnosis_accuracy.c - how often the diagnosis of loss curves is right, and what its confidence
 * is worth: on simulated curves whose truth is known (tests/support/simulated_curves.c says how
 * they are drawn). Prints the tables of docs/curves.md: accuracy beside that of the rule of thumb,
 * confusion matrix, calibration.
 *
 * Usage: diagnosis_accuracy [--curves N] [--seed S] [--wrong]
 *
 * --wrong lists the curves that were judged wrongly. The default seed is the one that no constant
 * was set on. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mlsd/mlsd.h"
#include "base/scope.h"
#include "simulated_curves.h"

enum { HELD_OUT_SEED = 2026, MOST_CURVES = 1000000, N_BINS = 4, N_RESAMPLES = 100 };

static const double bin_from[N_BINS] = {0.95, 0.8, 0.6, 0};

typedef struct tally {
    int64_t n, n_right, n_right_by_thumb, n_kind_right, n_overfit;
    int64_t of_pair[MLSD__N_FIT_VERDICTS][MLSD__N_FIT_VERDICTS];
    int64_t in_bin[N_BINS], right_in_bin[N_BINS];
    double confidence_in_bin[N_BINS],
        excess; /* of the clean loss at the best step, over its best */
    int64_t n_excess;
} tally;

/* What is usually done by eye: the last loss of the mean curve against the best and the first. */
static mlsd__fit_verdict rule_of_thumb(const mlsd__fit_curves *c)
{
    double first = 0, last = 0, best = INFINITY, train = 0, before = 0;
    for (int64_t t = 0; t < c->n_steps; t++) {
        double mean = 0;
        for (int64_t k = 0; k < c->n_folds; k++) mean += c->valid[k * c->n_steps + t];
        mean /= (double)c->n_folds;
        if (t == 0) first = mean;
        if (t == c->n_steps * 3 / 4) before = mean;
        if (mean < best) best = mean;
        last = mean;
    }
    for (int64_t k = 0; k < c->n_folds; k++)
        train += c->train[(k + 1) * c->n_steps - 1] / (double)c->n_folds;
    if (!(last < 3 * first)) return MLSD__FIT_DIVERGED;
    if (last > 1.02 * best || last > 1.5 * train) return MLSD__FIT_OVERFIT;
    if (before > 1.02 * last) return MLSD__FIT_IMPROVING;
    return train > 0.5 * (c->base > 0 ? c->base : first) ? MLSD__FIT_UNDERFIT : MLSD__FIT_OPTIMAL;
}

static void count(const simulated *s, const mlsd__fit_diagnosis *d, tally *all)
{
    const bool is_right = d->verdict == s->truth;
    int bin = 0;
    while (bin < N_BINS - 1 && d->confidence < bin_from[bin]) bin++;
    all->n++;
    all->n_right += is_right;
    all->n_right_by_thumb += rule_of_thumb(&s->curves) == s->truth;
    all->of_pair[s->truth][d->verdict]++;
    all->in_bin[bin]++;
    all->right_in_bin[bin] += is_right;
    all->confidence_in_bin[bin] += d->confidence;
    if (s->truth == MLSD__FIT_OVERFIT && is_right) {
        all->n_overfit++;
        all->n_kind_right += d->kind == s->kind;
    }
    if (s->truth != MLSD__FIT_DIVERGED && s->truth != MLSD__FIT_UNSTABLE) {
        all->excess += s->clean_valid[d->best_step] / s->best_value - 1;
        all->n_excess++;
    }
}

static double percent(int64_t part, int64_t n)
{
    return n > 0 ? 100.0 * (double)part / (double)n : (double)NAN;
}

static void print(const tally *all)
{
    printf("| curves | right | rule of thumb | kind of overfit right | loss at best step over "
           "lowest |\n"
           "| --- | --- | --- | --- | --- |\n| %lld | %.1f %% | %.1f %% | %.1f %% | +%.2f %% |\n\n",
           (long long)all->n, percent(all->n_right, all->n), percent(all->n_right_by_thumb, all->n),
           percent(all->n_kind_right, all->n_overfit), 100 * all->excess / (double)all->n_excess);
    printf("| truth \\ verdict |");
    for (int j = 0; j < MLSD__N_FIT_VERDICTS; j++) printf(" %s |", mlsd__fit_verdict_name(j));
    printf("\n|");
    for (int j = 0; j <= MLSD__N_FIT_VERDICTS; j++) printf(" --- |");
    for (int i = 1; i < MLSD__N_FIT_VERDICTS; i++) {
        printf("\n| %s |", mlsd__fit_verdict_name(i));
        for (int j = 0; j < MLSD__N_FIT_VERDICTS; j++)
            printf(" %lld |", (long long)all->of_pair[i][j]);
    }
    puts("\n\n| confidence | curves | mean confidence | right |\n| --- | --- | --- | --- |");
    for (int b = 0; b < N_BINS; b++) {
        printf("| %.2f to %s | %lld | %.3f | %.1f %% |\n", bin_from[b],
               b == 0   ? "1"
               : b == 1 ? "0.95"
               : b == 2 ? "0.8"
                        : "0.6",
               (long long)all->in_bin[b], all->confidence_in_bin[b] / (double)all->in_bin[b],
               percent(all->right_in_bin[b], all->in_bin[b]));
    }
}

static void tell(int64_t i, const simulated *s, const mlsd__fit_diagnosis *d)
{
    printf("curve %lld: %s %s, judged %s %s at %.2f; %lld folds, %lld steps, base %d; rise %.3f se "
           "%.3f gap %.3f train %.3f last %.3f fall %.4f se %.4f jitter %.3f\n",
           (long long)i, mlsd__fit_verdict_name(s->truth), mlsd__fit_kind_name(s->kind),
           mlsd__fit_verdict_name(d->verdict), mlsd__fit_kind_name(d->kind), d->confidence,
           (long long)s->curves.n_folds, (long long)s->curves.n_steps, s->curves.base > 0,
           d->rise / d->best_value, d->rise_se / d->best_value, d->gap / d->last_value,
           d->train_last / d->base, d->last_value / d->base,
           -d->slope * (double)d->slope_steps / 2 / d->last_value,
           d->slope_se * (double)d->slope_steps / 2 / d->last_value, d->jitter);
}

int main(int argc, char **argv)
{
    int64_t n = 7200;
    uint64_t seed = HELD_OUT_SEED;
    bool with_wrong = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--wrong") == 0) {
            with_wrong = true;
        } else if (strcmp(argv[i], "--curves") == 0 && i + 1 < argc) {
            n = atoll(argv[++i]);
        } else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
            seed = strtoull(argv[++i], NULL, 10);
        } else {
            n = 0;
        }
    }
    if (n < 1 || n > MOST_CURVES) {
        fputs("usage: diagnosis_accuracy [--curves N] [--seed S] [--wrong]\n", stderr);
        return 2;
    }
    static simulated s;
    tally all = {0};
    mlsd__scope scope;
    if (mlsd__scope_open(&scope, NULL) != MLSD_OK) return 1;
    for (int64_t i = 0; i < n; i++) {
        mlsd__fit_diagnosis d;
        simulate_curves(seed, i, &s);
        if (mlsd__diagnose_fit(&scope, &s.curves, N_RESAMPLES, 0, NULL, &d) != MLSD_OK) {
            fprintf(stderr, "diagnosis_accuracy: %s\n", mlsd_last_error());
            return 1;
        }
        count(&s, &d, &all);
        if (with_wrong && d.verdict != s.truth) tell(i, &s, &d);
    }
    mlsd__scope_close(&scope);
    print(&all);
    return 0;
}
