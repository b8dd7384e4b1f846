/* interval_coverage.c - how often the intervals of a cross-validated score cover what they promise:
 * data sets are drawn from known distributions, every method of cv_interval is asked on each, and
 * its interval is held against the true error. Prints the table of docs/intervals.md.
 *
 * Usage: interval_coverage [--sets N] [--repeats R] [--setting NAME]
 *
 * The true error is exact for linear models of Gaussian columns, and that on 100,000 further rows
 * for classes. "risk" is the mean true error over the data sets; "model" the true error of the
 * model that is fitted on all rows of a data set; "folds" the mean true error of the models that
 * were fitted in the folds. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mlsd/mlsd.h"

enum { N_TEST = 100000, MAX_SETS = 100000, N_METHODS = 8, FOLDS = 10 };

static const double LEVEL = 0.9;

typedef struct setting {
    const char *name, *words, *metric, *model;
    int64_t n, p;
    double strength;
    int is_linear;
} setting;

/* The classes are those of Bates, Hastie & Tibshirani's experiments with few columns. */
static const setting settings[] = {
    {"linear", "least squares, n = 100, p = 10", "rmse", "{\"kind\":\"linear_regression\"}", 100,
     10, 1, 1},
    {"linear_few", "least squares, n = 60, p = 20", "rmse", "{\"kind\":\"linear_regression\"}", 60,
     20, 1, 1},
    {"linear_large", "least squares, n = 2,000, p = 10", "rmse", "{\"kind\":\"linear_regression\"}",
     2000, 10, 1, 1},
    {"logistic", "logistic regression, n = 100, p = 10", "accuracy",
     "{\"kind\":\"logistic_regression\",\"C\":1000}", 100, 10, 2, 0},
    {"logistic_few", "logistic regression, n = 90, p = 20", "accuracy",
     "{\"kind\":\"logistic_regression\",\"C\":1}", 90, 20, 2, 0},
};
enum { N_SETTINGS = sizeof settings / sizeof settings[0] };

static const struct method {
    const char *name, *words;
    int n_splits, n_repeats; /* 0: not set; -1: what is asked for */
} methods[N_METHODS] = {
    {"corrected_t", "`corrected_t`, 5 folds", 5, 1},
    {"corrected_t", "`corrected_t`, 10 x 10 folds", 10, 10},
    {"wald", "`wald`, 10 folds", 10, 0},
    {"wald_within", "`wald_within`, 10 folds", 10, 0},
    {"nested", "`nested`, 10 folds", 10, -1},
    {"bootstrap_632", "`bootstrap_632`, 200 samples", 0, 200},
    {"bootstrap_632_plus", "`bootstrap_632_plus`, 200 samples", 0, 200},
    {"bbc", "`bbc`, best of 8 penalties, 10 folds", 10, 1000},
};

static _Noreturn void stop(const char *what)
{
    fprintf(stderr, "interval_coverage: %s: %s\n", what, mlsd_last_error());
    exit(1);
}

static void must(mlsd_status status, const char *what)
{
    if (status != MLSD_OK) stop(what);
}

static void *room(size_t bytes)
{
    void *const p = malloc(bytes);
    if (p == NULL) {
        fputs("interval_coverage: out of memory\n", stderr);
        exit(1);
    }
    return p;
}

/* splitmix64 and Box & Muller. */
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

/* Rows of independent normal columns. Numbers: the sum of the columns times `strength`, and noise
 * of 1; classes: logistic in `strength` times the first column. */
static void draw(const setting *g, uint64_t *seed, int64_t n, double *x, double *y)
{
    for (int64_t i = 0; i < n; i++) {
        double score = 0;
        for (int64_t j = 0; j < g->p; j++) {
            const double v = normal(seed);
            x[i * g->p + j] = v;
            score += g->is_linear || j == 0 ? g->strength * v : 0;
        }
        y[i] = g->is_linear ? score + normal(seed) : uniform(seed) < 1 / (1 + exp(-score));
    }
}

typedef struct world {
    const setting *g;
    mlsd_context *context;
    double *test_x, *test_y, *predicted;
    mlsd_dataset *test;
} world;

static mlsd_dataset *make_data(const world *w, int64_t n, double *x, double *y)
{
    const mlsd_matrix X = {x, n, w->g->p, w->g->p, 1, MLSD_F64, 0},
                      Y = {y, n, 1, 1, 1, MLSD_F64, 0};
    mlsd_dataset *data = NULL;
    must(mlsd_dataset_from_matrix(w->context, &X, &Y, NULL,
                                  w->g->is_linear ? MLSD_TASK_REGRESSION : MLSD_TASK_BINARY, &data),
         "data");
    return data;
}

/* What the model errs by on new rows, on the metric's scale. */
static double true_score(const world *w, const mlsd_model *model)
{
    const int64_t p = w->g->p;
    if (w->g->is_linear) {
        double coef[64], intercept = 0, square = 1;
        int64_t rows = 0, cols = 0;
        must(mlsd_model_get_array(model, "coef", coef, 64, &rows, &cols), "coef");
        must(mlsd_model_get_array(model, "intercept", &intercept, 1, &rows, &cols), "intercept");
        square += intercept * intercept;
        for (int64_t j = 0; j < p; j++) {
            square += (coef[j] - w->g->strength) * (coef[j] - w->g->strength);
        }
        return sqrt(square);
    }
    int64_t n_right = 0;
    must(mlsd_model_predict(w->context, model, w->test, MLSD_OUTPUT_VALUE, w->predicted, N_TEST),
         "predict");
    for (int64_t i = 0; i < N_TEST; i++) n_right += w->predicted[i] == w->test_y[i];
    return (double)n_right / N_TEST;
}

static double true_score_of(const world *w, const char *json, const mlsd_dataset *data)
{
    mlsd_spec *spec = NULL;
    mlsd_model *model = NULL;
    must(mlsd_spec_from_json(w->context, json, &spec), json);
    must(mlsd_model_fit(w->context, spec, data, NULL, NULL, &model), "fit");
    const double score = true_score(w, model);
    mlsd_model_free(model);
    mlsd_spec_free(spec);
    return score;
}

/* The mean true score of the models that the ten folds of a data set fit. */
static double true_score_of_folds(const world *w, const mlsd_dataset *data, int64_t seed)
{
    char json[160];
    mlsd_spec *spec = NULL;
    mlsd_folds *folds = NULL;
    int64_t *const rows = room((size_t)w->g->n * sizeof *rows);
    double sum = 0;
    snprintf(json, sizeof json, "{\"kind\":\"%s\",\"n_splits\":%d,\"shuffle\":true,\"seed\":%lld}",
             w->g->is_linear ? "kfold" : "stratified_kfold", FOLDS, (long long)seed);
    must(mlsd_spec_from_json(w->context, json, &spec), json);
    must(mlsd_folds_split_dataset(w->context, spec, data, &folds), "folds");
    for (int k = 0; k < FOLDS; k++) {
        const int64_t n = mlsd_folds_part_size(folds, k, 0);
        mlsd_dataset *part = NULL;
        must(mlsd_folds_part(folds, k, 0, rows, n), "rows");
        must(mlsd_dataset_rows(data, rows, n, &part), "part");
        sum += true_score_of(w, w->g->model, part) / FOLDS;
        mlsd_dataset_free(part);
    }
    free(rows);
    mlsd_folds_free(folds);
    mlsd_spec_free(spec);
    return sum;
}

static const double penalties[] = {0.001, 0.01, 0.1, 1, 10, 100, 1000, 10000};

/* The i-th candidate of bbc; as a child it has a name, m0, m1, ... */
static void candidate(const setting *g, int i, int is_child, char out[128])
{
    char name[24] = "";
    if (is_child) snprintf(name, sizeof name, "\"name\":\"m%d\",", i);
    snprintf(out, 128, "{\"kind\":\"%s\",%s\"%s\":%g}",
             g->is_linear ? "ridge" : "logistic_regression", name, g->is_linear ? "alpha" : "C",
             g->is_linear ? penalties[i] : 1 / penalties[i]);
}

static void write_spec(const setting *g, const struct method *m, int n_repeats, int64_t seed,
                       char *out, size_t size)
{
    int at = snprintf(out, size,
                      "{\"kind\":\"cv_interval\",\"method\":\"%s\",\"metric\":\"%s\",\"level\":%g,"
                      "\"seed\":%lld,",
                      m->name, g->metric, LEVEL, (long long)seed);
    if (m->n_splits > 0)
        at += snprintf(out + at, size - (size_t)at, "\"n_splits\":%d,", m->n_splits);
    if (m->n_repeats != 0)
        at += snprintf(out + at, size - (size_t)at, "\"n_repeats\":%d,",
                       m->n_repeats > 0 ? m->n_repeats : n_repeats);
    at += snprintf(out + at, size - (size_t)at, "\"estimators\":[");
    if (strcmp(m->name, "bbc") != 0) {
        snprintf(out + at, size - (size_t)at, "%s]}", g->model);
        return;
    }
    for (int i = 0; i < 8; i++) {
        char one[128];
        candidate(g, i, 1, one);
        at += snprintf(out + at, size - (size_t)at, "%s%s", i > 0 ? "," : "", one);
    }
    snprintf(out + at, size - (size_t)at, "]}");
}

typedef struct interval {
    double low, high, model, folds; /* with the true scores */
} interval;

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static interval ask(const world *w, const struct method *m, int n_repeats, const mlsd_dataset *data,
                    int64_t seed, double model, double folds, double *taken)
{
    char json[2048];
    mlsd_spec *spec = NULL;
    mlsd_result *r = NULL;
    interval v = {.model = model, .folds = folds};
    write_spec(w->g, m, n_repeats, seed, json, sizeof json);
    must(mlsd_spec_from_json(w->context, json, &spec), json);
    const double start = seconds();
    must(mlsd_validate(w->context, spec, data, NULL, &r), m->name);
    *taken += seconds() - start;
    must(mlsd_result_get_f64(r, "low", &v.low), "low");
    must(mlsd_result_get_f64(r, "high", &v.high), "high");
    if (strcmp(m->name, "bbc") == 0) {
        const char *chosen = NULL;
        char one[128];
        must(mlsd_result_get_str(r, "chosen", &chosen), "chosen");
        candidate(w->g, atoi(chosen + 1), 0, one);
        v.model = true_score_of(w, one, data);
    }
    mlsd_result_free(r);
    mlsd_spec_free(spec);
    return v;
}

static int covers(const interval *v, double truth)
{
    return v->low <= truth && truth <= v->high;
}

static void print_row(const setting *g, const struct method *m, int n_repeats, const interval *v,
                      int n_sets, double taken)
{
    double risk = 0, width = 0;
    int of_risk = 0, of_model = 0, of_folds = 0;
    for (int s = 0; s < n_sets; s++) risk += v[s].model / n_sets;
    for (int s = 0; s < n_sets; s++) {
        of_risk += covers(&v[s], risk);
        of_model += covers(&v[s], v[s].model);
        of_folds += covers(&v[s], v[s].folds);
        width += (v[s].high - v[s].low) / n_sets;
    }
    printf("| %s | %s", g->words, m->words);
    if (m->n_repeats < 0) printf(" x %d", n_repeats);
    printf(" | %.1f | %.1f |", 100.0 * of_risk / n_sets, 100.0 * of_model / n_sets);
    if (strncmp(m->name, "wald", 4) == 0) {
        printf(" %.1f |", 100.0 * of_folds / n_sets);
    } else {
        printf(" |");
    }
    printf(" %.3f | %.1f |\n", width, 1000 * taken / n_sets);
    fflush(stdout);
}

static void run_setting(const setting *g, int n_sets, int n_repeats)
{
    world w = {.g = g};
    uint64_t seed = 20230000;
    must(mlsd_context_new(&w.context), "context");
    w.test_x = room(sizeof(double) * N_TEST * (size_t)g->p);
    w.test_y = room(sizeof(double) * N_TEST);
    w.predicted = room(sizeof(double) * N_TEST);
    draw(g, &seed, N_TEST, w.test_x, w.test_y);
    w.test = make_data(&w, N_TEST, w.test_x, w.test_y);
    double *const x = room(sizeof(double) * (size_t)(g->n * g->p));
    double *const y = room(sizeof(double) * (size_t)g->n);
    interval *const all = room(sizeof *all * N_METHODS * (size_t)n_sets);
    double taken[N_METHODS] = {0};
    for (int s = 0; s < n_sets; s++) {
        draw(g, &seed, g->n, x, y);
        mlsd_dataset *const data = make_data(&w, g->n, x, y);
        const double model = true_score_of(&w, g->model, data);
        const double folds = true_score_of_folds(&w, data, s);
        for (int m = 0; m < N_METHODS; m++) {
            all[m * n_sets + s] = ask(&w, &methods[m], n_repeats, data, s, model, folds, &taken[m]);
        }
        mlsd_dataset_free(data);
    }
    for (int m = 0; m < N_METHODS; m++)
        print_row(g, &methods[m], n_repeats, all + m * n_sets, n_sets, taken[m]);
    free(all);
    free(y);
    free(x);
    mlsd_dataset_free(w.test);
    free(w.predicted);
    free(w.test_y);
    free(w.test_x);
    mlsd_context_free(w.context);
}

int main(int argc, char **argv)
{
    int n_sets = 1000, n_repeats = 50;
    const char *only = NULL;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--sets") == 0) n_sets = atoi(argv[i + 1]);
        if (strcmp(argv[i], "--repeats") == 0) n_repeats = atoi(argv[i + 1]);
        if (strcmp(argv[i], "--setting") == 0) only = argv[i + 1];
    }
    if (argc % 2 == 0 || n_sets < 1 || n_sets > MAX_SETS || n_repeats < 1) {
        fputs("usage: interval_coverage [--sets N] [--repeats R] [--setting NAME]\n", stderr);
        return 2;
    }
    puts("| setting | method | risk | model | folds | width | ms |");
    puts("| --- | --- | --- | --- | --- | --- | --- |");
    for (int g = 0; g < N_SETTINGS; g++) {
        if (only == NULL || strcmp(only, settings[g].name) == 0)
            run_setting(&settings[g], n_sets, n_repeats);
    }
    return 0;
}
