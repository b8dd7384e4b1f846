/* slice_checks.h - what the tests of slices share: vectors, draws, and the same bytes for every
 * number of threads. */
#ifndef MLSD_TESTS_SLICE_CHECKS_H
#define MLSD_TESTS_SLICE_CHECKS_H

#include "result_checks.h"

#include <stdio.h>
#include <unistd.h>

static inline mlsd_matrix vector(const double *x, int64_t n)
{
    return (mlsd_matrix){x, n, 1, 1, 1, MLSD_F64, 0};
}

static inline int64_t n_slices(const mlsd_result *r)
{
    return n_rows_of(r, "slices");
}

/* Knuth's generator: 31 bits. */
static inline uint64_t draw(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

static inline char *text_of_file(const char *path)
{
    FILE *const file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    const long n = ftell(file);
    char *const text = calloc(1, (size_t)n + 1);
    rewind(file);
    assert_true(text != NULL && fread(text, 1, (size_t)n, file) == (size_t)n);
    fclose(file);
    return text;
}

/* The page of a result of slice_metrics, "" of any other; free() it. */
static inline char *page_of(const mlsd_context *context, const mlsd_result *r, bool has_page)
{
    char path[] = "/tmp/slices-page-XXXXXX";
    if (!has_page) return calloc(1, 1);
    const int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    ASSERT_OK(mlsd_report_save(context, r, "slices", path));
    char *const text = text_of_file(path);
    unlink(path);
    return text;
}

/* The whole result on 1, 2 and 7 threads, and of slice_metrics its page with its pictures. */
static inline void assert_slices_same_on_threads(const char *json, const mlsd_table *groups,
                                                 const mlsd_matrix *y,
                                                 const mlsd_matrix *prediction,
                                                 const mlsd_matrix *weight)
{
    enum { N = 3 };
    static const int64_t n_threads[N] = {1, 2, 7};
    mlsd_spec *spec = NULL;
    char *texts[N], *pages[N];
    ASSERT_OK(mlsd_spec_from_json(NULL, json, &spec));
    for (int k = 0; k < N; k++) {
        mlsd_context *context = NULL;
        mlsd_result *r = NULL;
        ASSERT_OK(mlsd_context_new(&context));
        ASSERT_OK(mlsd_context_set_i64(context, "n_threads", n_threads[k]));
        ASSERT_OK(mlsd_slice_run(context, spec, groups, y, prediction, weight, &r));
        assert_true(n_slices(r) > 0);
        texts[k] = json_of(r);
        pages[k] = page_of(context, r, strstr(json, "slice_metrics") != NULL);
        mlsd_result_free(r);
        mlsd_context_free(context);
    }
    for (int k = 0; k < N; k++) {
        assert_string_equal(texts[0], texts[k]);
        assert_string_equal(pages[0], pages[k]);
    }
    for (int k = 0; k < N; k++) {
        free(texts[k]);
        free(pages[k]);
    }
    mlsd_spec_free(spec);
}

/* In how many of 150 runs something is found where nothing is to be found: rare errors, weighted in
 * half of the runs. The chance of more than 16 when it is one in twenty is 0.001. */
static inline int n_runs_with_findings(const char *json)
{
    enum { N_RUNS = 150, N_ROWS = 400, N_COLUMNS = 4 };
    static const char *const names[N_COLUMNS] = {"a", "b", "c", "d"};
    uint64_t random = 21;
    int n_with = 0;
    mlsd_spec *spec = NULL;
    ASSERT_OK(mlsd_spec_from_json(NULL, json, &spec));
    for (int run = 0; run < N_RUNS; run++) {
        double column[N_ROWS], error[N_ROWS], weight[N_ROWS];
        mlsd_table *groups = NULL;
        mlsd_result *r = NULL;
        ASSERT_OK(mlsd_table_new(NULL, &groups));
        for (int j = 0; j < N_COLUMNS; j++) {
            for (int i = 0; i < N_ROWS; i++) column[i] = (double)(draw(&random) % 3);
            ASSERT_OK(mlsd_table_set_f64(groups, names[j], column, N_ROWS));
        }
        for (int i = 0; i < N_ROWS; i++) {
            error[i] = draw(&random) % 30 == 0;
            weight[i] = draw(&random) % 3 == 0 ? 5 : 1;
        }
        ASSERT_OK(mlsd_spec_set_i64(spec, "seed", run));
        const mlsd_matrix e = vector(error, N_ROWS), w = vector(weight, N_ROWS);
        ASSERT_OK(mlsd_slice_run(NULL, spec, groups, NULL, &e, run % 2 ? &w : NULL, &r));
        n_with += number(r, "n_findings") > 0;
        mlsd_result_free(r);
        mlsd_table_free(groups);
    }
    mlsd_spec_free(spec);
    return n_with;
}

/* Rows enough for several parts that threads share out: two columns of groups, one of numbers with
 * gaps, labels that are wrong more often in some groups, a second model, weights. */
enum { SLICE_ROWS = 150000 };
typedef struct slice_sample {
    mlsd_table *groups;
    double y[SLICE_ROWS], p[SLICE_ROWS], weight[SLICE_ROWS], both[SLICE_ROWS][2];
} slice_sample;

static inline void slice_sample_make(slice_sample *s)
{
    static const char *const cities[] = {"a", "b", "c", "d"}, *const kinds[] = {"u", "v", NULL};
    static const char *city[SLICE_ROWS], *kind[SLICE_ROWS];
    static double age[SLICE_ROWS];
    uint64_t random = 5;
    for (int i = 0; i < SLICE_ROWS; i++) {
        const int c = (int)(draw(&random) % 4), k = (int)(draw(&random) % 3);
        city[i] = cities[c];
        kind[i] = kinds[k];
        age[i] = draw(&random) % 20 == 0 ? (double)NAN : (double)(draw(&random) % 700) / 10;
        const uint64_t wrong = c == 1 && k == 2 ? 40 : 10;
        s->y[i] = draw(&random) % 3 == 0;
        s->p[i] = draw(&random) % 100 < wrong ? 1 - s->y[i] : s->y[i];
        s->both[i][0] = s->p[i];
        s->both[i][1] = draw(&random) % 100 < 12 ? 1 - s->y[i] : s->y[i];
        s->weight[i] = (double)(draw(&random) % 1000) / 300;
    }
    ASSERT_OK(mlsd_table_new(NULL, &s->groups));
    ASSERT_OK(mlsd_table_set_str(s->groups, "city", city, SLICE_ROWS));
    ASSERT_OK(mlsd_table_set_str(s->groups, "kind", kind, SLICE_ROWS));
    ASSERT_OK(mlsd_table_set_f64(s->groups, "age", age, SLICE_ROWS));
}

#endif
