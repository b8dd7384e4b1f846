/* rate_coverage.c - how often the intervals of mlsd/interval.h hold what they promise. Of rates, of
 * their differences and ratios exactly: the chances of all counts that have an interval with the
 * true value in it are added up. Of resampling by drawing data sets. Prints the tables of
 * docs/intervals.md.
 *
 * Usage: rate_coverage [--sets N] [--resamples B] [--labels N]
 * With --labels N only the metrics of labels, of N data sets each. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mlsd/mlsd.h"

static const double LEVEL = 0.95;
enum { MAX_TRIALS = 1000, MAX_PAIR = 100, MAX_ROWS = 400 };

static void must(mlsd_status status, const char *what)
{
    if (status == MLSD_OK) return;
    fprintf(stderr, "rate_coverage: %s: %s\n", what, mlsd_last_error());
    exit(1);
}

static double chance_of(int x, int n, double p)
{
    if (p == 0 || p == 1) return x == (p == 0 ? 0 : n);
    return exp(lgamma(n + 1.0) - lgamma(x + 1.0) - lgamma(n - x + 1.0) + x * log(p) +
               (n - x) * log1p(-p));
}

/* --- One rate --- */

static void one_rate(const char *method, int n)
{
    static double low[MAX_TRIALS + 1], high[MAX_TRIALS + 1];
    enum { GRID = 999 };
    static const double shown[] = {0.01, 0.05, 0.2, 0.5};
    double mean = 0, least = 1, width = 0, at[4];
    for (int x = 0; x <= n; x++) {
        must(mlsd_interval_proportion(method, x, n, LEVEL, &low[x], &high[x]), method);
    }
    for (int i = -4; i < GRID; i++) {
        const double p = i < 0 ? shown[i + 4] : (i + 1.0) / (GRID + 1);
        double covered = 0, wide = 0;
        for (int x = 0; x <= n; x++) {
            const double chance = chance_of(x, n, p);
            if (low[x] <= p && p <= high[x]) covered += chance;
            wide += chance * (high[x] - low[x]);
        }
        if (i < 0) {
            at[i + 4] = covered;
            continue;
        }
        mean += covered / GRID;
        least = fmin(least, covered);
        width += wide / GRID;
    }
    printf("| `%s` | %d | %.1f | %.1f | %.1f | %.1f | %.1f | %.1f | %.3f |\n", method, n,
           100 * mean, 100 * least, 100 * at[0], 100 * at[1], 100 * at[2], 100 * at[3], width);
}

/* One-sided bounds of a pass rate: how often the true rate is at least the bound. */
static void pass_rate(int n)
{
    double least = 1, mean = 0;
    enum { GRID = 999 };
    for (int i = 0; i < GRID; i++) {
        const double p = 0.5 + (i + 1.0) / (GRID + 1) / 2;
        double covered = 0, low;
        for (int x = 0; x <= n; x++) {
            must(mlsd_pass_rate_bound(x, n, LEVEL, &low), "pass_rate_bound");
            if (low <= p) covered += chance_of(x, n, p);
        }
        mean += covered / GRID;
        least = fmin(least, covered);
    }
    printf("| `pass_rate_bound` | %d | %.1f | %.1f |\n", n, 100 * mean, 100 * least);
}

/* --- Two rates --- */

typedef mlsd_status (*two_fn)(const char *method, double x_1, double n_1, double x_2, double n_2,
                              double level, double *value, double *low, double *high, double *p);

static double true_value(const char *what, double p, double q)
{
    return strcmp(what, "difference") == 0 ? p - q
           : strcmp(what, "ratio") == 0    ? p / q
                                           : p / (1 - p) / (q / (1 - q));
}

/* Chance that the interval holds the true value, over counts that have one; and how many have. */
static double covered_by_two(two_fn call, const char *what, const char *method, int n, int m,
                             double p, double q, double *defined)
{
    const double truth = true_value(what, p, q);
    double covered = 0;
    *defined = 0;
    for (int x = 0; x <= n; x++) {
        for (int y = 0; y <= m; y++) {
            const double chance = chance_of(x, n, p) * chance_of(y, m, q);
            double low, high;
            must(call(method, x, n, y, m, LEVEL, NULL, &low, &high, NULL), method);
            if (isnan(low) || isnan(high)) continue;
            *defined += chance;
            if (low <= truth && truth <= high) covered += chance;
        }
    }
    return covered / *defined;
}

static void two_rates(two_fn call, const char *what, const char *method, int n, int m)
{
    static const double rates[] = {0.02, 0.1, 0.25, 0.5, 0.75};
    double mean = 0, least = 1, fewest = 1;
    for (int i = 0; i < 5; i++) {
        for (int j = 0; j < 5; j++) {
            double defined;
            const double covered =
                covered_by_two(call, what, method, n, m, rates[i], rates[j], &defined);
            mean += covered / 25;
            least = fmin(least, covered);
            fewest = fmin(fewest, defined);
        }
    }
    printf("| %s, `%s` | %d, %d | %.1f | %.1f | %.1f |\n", what, method, n, m, 100 * mean,
           100 * least, 100 * fewest);
}

/* --- Resampling, by drawn data sets --- */

/* splitmix64. */
static double uniform(uint64_t *s)
{
    uint64_t z = *s += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return ((double)((z ^ (z >> 31)) >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(uint64_t *s)
{
    const double r = sqrt(-2 * log(uniform(s)));
    return r * cos(6.283185307179586 * uniform(s));
}

typedef struct rows {
    int n;
    double y[MAX_ROWS], prediction[MAX_ROWS], cluster[MAX_ROWS];
} rows;

/* Means of exponential numbers: skew, true mean 1. */
static double exponential(uint64_t *seed, int n, rows *r)
{
    r->n = n;
    for (int i = 0; i < n; i++) r->y[i] = -log(uniform(seed));
    return 1;
}

/* Scores of class 1 are normal about 1, the others about 0; the chance that one is above the other
 * is that of a normal number below sqrt(1/2). */
static double areas(uint64_t *seed, int n, rows *r)
{
    r->n = n;
    for (int i = 0; i < n; i++) {
        r->y[i] = i % 2;
        r->prediction[i] = normal(seed) + i % 2;
    }
    return 0.5 * erfc(-sqrt(0.5) / sqrt(2));
}

/* Ten rows in each cluster, which share half of the variance; true mean 0. */
static double clusters(uint64_t *seed, int n, rows *r)
{
    double shared = 0;
    r->n = n;
    for (int i = 0; i < n; i++) {
        if (i % 10 == 0) shared = normal(seed);
        r->y[i] = shared + normal(seed);
        r->cluster[i] = (double)(i / 10);
    }
    return 0;
}

static const struct drawn {
    const char *words, *json; /* json NULL: the metric's own interval */
    double (*draw)(uint64_t *seed, int n, rows *r);
    int n, with_metric, with_cluster;
} drawn[] = {
#define MEAN(method, n)                                                                        \
    {                                                                                          \
        "mean of " #n " exponential, `" method "`",                                            \
            "{\"kind\":\"bootstrap_interval\",\"method\":\"" method "\"", exponential, n, 0, 0 \
    }
    MEAN("percentile", 20),
    MEAN("basic", 20),
    MEAN("normal", 20),
    MEAN("bca", 20),
    MEAN("studentized", 20),
    {"mean of 20 exponential, jackknife", "{\"kind\":\"jackknife_interval\"", exponential, 20, 0,
     0},
    MEAN("percentile", 200),
    MEAN("bca", 200),
    MEAN("studentized", 200),
    {"mean of 200 exponential, jackknife", "{\"kind\":\"jackknife_interval\"", exponential, 200, 0,
     0},
    {"roc_auc of 60 rows, DeLong", NULL, areas, 60, 1, 0},
    {"roc_auc of 60 rows, `percentile`", "{\"kind\":\"bootstrap_interval\"", areas, 60, 1, 0},
    {"roc_auc of 60 rows, `bca`", "{\"kind\":\"bootstrap_interval\",\"method\":\"bca\"", areas, 60,
     1, 0},
    {"roc_auc of 60 rows, jackknife", "{\"kind\":\"jackknife_interval\"", areas, 60, 1, 0},
    {"mean of 40 clusters of 10, rows drawn", "{\"kind\":\"bootstrap_interval\"", clusters, 400, 0,
     0},
    {"mean of 40 clusters of 10, clusters drawn", "{\"kind\":\"bootstrap_interval\"", clusters, 400,
     0, 1},
    {"mean of 40 clusters of 10, jackknife of clusters", "{\"kind\":\"jackknife_interval\"",
     clusters, 400, 0, 1},
};

static void ask(const struct drawn *d, rows *r, int n_resamples, int seed, double *low,
                double *high)
{
    const mlsd_matrix y = {r->y, r->n, 1, 1, 1, MLSD_F64, 0},
                      p = {r->prediction, r->n, 1, 1, 1, MLSD_F64, 0},
                      c = {r->cluster, r->n, 1, 1, 1, MLSD_F64, 0};
    char json[256], more[48] = "";
    mlsd_spec *how = NULL;
    if (d->json == NULL) {
        double value;
        must(mlsd_metric_score(NULL, "roc_auc", &y, &p, NULL, LEVEL, &value, low, high), d->words);
        return;
    }
    if (strstr(d->json, "bootstrap") != NULL) {
        snprintf(more, sizeof more, ",\"n_resamples\":%d", n_resamples);
    }
    snprintf(json, sizeof json, "%s%s,\"level\":%g,\"seed\":%d%s}", d->json, more, LEVEL, seed,
             d->with_metric ? ",\"metric\":{\"kind\":\"roc_auc\"}" : "");
    must(mlsd_spec_from_json(NULL, json, &how), json);
    must(mlsd_interval_resample(NULL, how, &y, d->with_metric ? &p : NULL, NULL,
                                d->with_cluster ? &c : NULL, NULL, NULL, low, high, NULL, NULL,
                                NULL, 0),
         d->words);
    mlsd_spec_free(how);
}

static void by_drawing(const struct drawn *d, int n_sets, int n_resamples)
{
    static rows r;
    uint64_t seed = 20260000;
    int n_covered = 0, n_below = 0;
    double width = 0;
    for (int s = 0; s < n_sets; s++) {
        double low, high;
        const double truth = d->draw(&seed, d->n, &r);
        ask(d, &r, n_resamples, s, &low, &high);
        n_covered += low <= truth && truth <= high;
        n_below += truth < low;
        width += (high - low) / n_sets;
    }
    printf("| %s | %.1f | %.1f | %.1f | %.3f |\n", d->words, 100.0 * n_covered / n_sets,
           100.0 * n_below / n_sets, 100.0 * (n_sets - n_covered - n_below) / n_sets, width);
    fflush(stdout);
}

/* --- Metrics of labels, by drawn data sets --- */

enum { MAX_CLASSES = 3, MAX_CELLS = MAX_CLASSES * MAX_CLASSES };
static const struct population {
    const char *words;
    int n_classes;
    double cell[MAX_CELLS]; /* chance of (class, predicted class) */
} populations[] = {
    {"30 % of class 1", 2, {0.63, 0.07, 0.06, 0.24}},
    {"5 % of class 1", 2, {0.93, 0.02, 0.02, 0.03}},
    {"three classes", 3, {0.40, 0.06, 0.04, 0.05, 0.22, 0.03, 0.03, 0.05, 0.12}},
};

static void measure(const char *metric, int n, const double *y, const double *p, const double *w,
                    double level, double out[3])
{
    const mlsd_matrix of_y = {y, n, 1, 1, 1, MLSD_F64, 0}, of_p = {p, n, 1, 1, 1, MLSD_F64, 0},
                      of_w = {w, n, 1, 1, 1, MLSD_F64, 0};
    mlsd_spec *spec = NULL;
    mlsd_result *r = NULL;
    must(mlsd_metric_new(NULL, metric, &spec), metric);
    must(mlsd_metric_evaluate(NULL, spec, &of_y, &of_p, w == NULL ? NULL : &of_w, level, &r),
         metric);
    must(mlsd_result_get_f64(r, "value", &out[0]), "value");
    must(mlsd_result_get_f64(r, "low", &out[1]), "low");
    must(mlsd_result_get_f64(r, "high", &out[2]), "high");
    mlsd_result_free(r);
    mlsd_spec_free(spec);
}

/* n rows of a population. */
static void draw_labels(const struct population *of, uint64_t *seed, int n, double *y, double *p)
{
    const int k = of->n_classes;
    for (int i = 0; i < n; i++) {
        double u = uniform(seed);
        int cell = 0;
        while (cell < k * k - 1 && u >= of->cell[cell]) u -= of->cell[cell++];
        y[i] = cell / k;
        p[i] = cell % k;
    }
}

static void labels_by_drawing(const char *metric, const struct population *of, int n, int n_sets)
{
    static double y[MAX_TRIALS], p[MAX_TRIALS];
    double true_y[MAX_CELLS], true_p[MAX_CELLS], truth[3], width = 0;
    const int k = of->n_classes;
    int n_defined = 0, n_above = 0, n_below = 0;
    uint64_t seed = 20260007;
    for (int c = 0; c < k * k; c++) {
        true_y[c] = c / k;
        true_p[c] = c % k;
    }
    measure(metric, k * k, true_y, true_p, of->cell, (double)NAN, truth);
    for (int s = 0; s < n_sets; s++) {
        double got[3];
        draw_labels(of, &seed, n, y, p);
        measure(metric, n, y, p, NULL, LEVEL, got);
        if (isnan(got[1])) continue;
        n_defined++;
        n_above += truth[0] < got[1];
        n_below += truth[0] > got[2];
        width += got[2] - got[1];
    }
    const double share = n_defined > 0 ? 100.0 / n_defined : (double)NAN;
    printf("| `%s` | %s | %d | %.3f | %.1f | %.1f | %.1f | %.3f | %.1f |\n", metric, of->words, n,
           truth[0], share * (n_defined - n_above - n_below), share * n_above, share * n_below,
           width / n_defined, 100.0 * n_defined / n_sets);
    fflush(stdout);
}

static void all_labels(int n_sets)
{
    static const char *const metrics[] = {"f1", "f1_macro", "balanced_accuracy",
                                          "matthews_corrcoef", "cohen_kappa"};
    puts(
        "\n| metric | rows are of | n | true value | covers | too high | too low | width | defined "
        "|\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for (int m = 0; m < 5; m++) {
        for (int i = 0; i < 3; i++) {
            if (m == 0 && populations[i].n_classes > 2) continue;
            labels_by_drawing(metrics[m], &populations[i], 100, n_sets);
            labels_by_drawing(metrics[m], &populations[i], MAX_TRIALS, n_sets);
        }
    }
}

int main(int argc, char **argv)
{
    int n_sets = 2000, n_resamples = 2000, n_labels = 0, is_small = 0;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--sets") == 0) n_sets = atoi(argv[i + 1]);
        if (strcmp(argv[i], "--labels") == 0) n_labels = atoi(argv[i + 1]);
        if (strcmp(argv[i], "--resamples") == 0) n_resamples = atoi(argv[i + 1]);
    }
    if (n_sets < 1 || n_resamples < 10) {
        fputs("usage: rate_coverage [--sets N] [--resamples B] [--labels N]\n", stderr);
        return 2;
    }
    is_small = n_sets < 100;
    if (n_labels > 0) {
        all_labels(n_labels);
        return 0;
    }
    static const char *const methods[] = {"wilson", "clopper_pearson", "jeffreys", "agresti_coull",
                                          "wald"};
    static const int sizes[] = {10, 50, 200, MAX_TRIALS};
    puts("| method | n | mean | least | rate 0.01 | 0.05 | 0.2 | 0.5 | width |");
    puts("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for (int m = 0; m < 5; m++) {
        for (int k = 0; k < (is_small ? 2 : 4); k++) one_rate(methods[m], sizes[k]);
    }
    puts("\n| bound | n | mean | least |\n| --- | --- | --- | --- |");
    for (int k = 0; k < (is_small ? 1 : 3); k++) pass_rate(sizes[k]);
    puts("\n| interval | rows | mean | least | defined |\n| --- | --- | --- | --- | --- |");
    static const int pairs[][2] = {{20, 20}, {15, MAX_PAIR}, {MAX_PAIR, MAX_PAIR}};
    for (int k = 0; k < (is_small ? 1 : 3); k++) {
        const int n = pairs[k][0], m = pairs[k][1];
        two_rates(mlsd_interval_difference, "difference", "newcombe", n, m);
        two_rates(mlsd_interval_difference, "difference", "agresti_caffo", n, m);
        two_rates(mlsd_interval_difference, "difference", "wald", n, m);
        two_rates(mlsd_interval_ratio, "ratio", "log", n, m);
        two_rates(mlsd_interval_ratio, "ratio", "log_adjusted", n, m);
        two_rates(mlsd_interval_odds_ratio, "odds ratio", "log", n, m);
        two_rates(mlsd_interval_odds_ratio, "odds ratio", "log_adjusted", n, m);
    }
    puts("\n| interval | covers | too high | too low | width |\n| --- | --- | --- | --- | --- |");
    for (size_t i = 0; i < sizeof drawn / sizeof *drawn; i++) {
        by_drawing(&drawn[i], n_sets, n_resamples);
    }
    all_labels(n_sets);
    return 0;
}
