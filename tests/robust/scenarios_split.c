/* scenarios_split.c - splits of every kind, and folds in every form that they are kept in. */
#include <string.h>

#include "scenario_data.h"

mlsd_status run_split(const mlsd_context *context, uint64_t *hash)
{
    static const char *const kinds[] = {"holdout", "kfold", "stratified_kfold",
                                        "time_series_split"};
    sample s;
    make_sample(&s);
    const mlsd_matrix y = matrix_of(s.label, N, 1);
    mlsd_spec *spec = NULL;
    mlsd_folds *folds = NULL;
    int64_t rows[N];
    mlsd_status status = MLSD_OK;
    for (int k = 0; k < 4; k++) {
        TRY(mlsd_spec_new(context, kinds[k], &spec));
        if (k == 0) TRY(mlsd_spec_set_bool(spec, "stratify", 1));
        if (k == 1 || k == 2) TRY(mlsd_spec_set_bool(spec, "shuffle", 1));
        TRY(mlsd_folds_split(context, spec, N, &y, NULL, &folds));
        TRY(mlsd_folds_part(folds, 0, 1, rows, N));
        mix(hash, rows, (size_t)mlsd_folds_part_size(folds, 0, 1) * sizeof *rows);
        mlsd_folds_free(folds);
        folds = NULL;
        mlsd_spec_free(spec);
        spec = NULL;
    }
out:
    mlsd_folds_free(folds);
    mlsd_spec_free(spec);
    return status;
}

/* Splits that are drawn, of rows and of whole groups, and rows that are. */
mlsd_status run_drawn_splits(const mlsd_context *context, uint64_t *hash)
{
    static const char *const specs[] = {
        "{\"kind\":\"shuffle_split\",\"n_splits\":2}",
        "{\"kind\":\"stratified_shuffle_split\",\"n_splits\":2,\"strata_bins\":3}",
        "{\"kind\":\"group_shuffle_split\"}",
        "{\"kind\":\"stratified_group_shuffle_split\",\"n_splits\":2}",
        "{\"kind\":\"bootstrap\",\"n_splits\":2,\"stratify\":true}",
        "{\"kind\":\"bootstrap\",\"n_splits\":2,\"grouped\":true}",
        "{\"kind\":\"holdout\",\"grouped\":true,\"parts\":[0.5,0.25,0.25]}",
    };
    sample s;
    make_sample(&s);
    double groups[N];
    int64_t rows[N];
    for (int i = 0; i < N; i++) groups[i] = i * i % 23;
    const mlsd_matrix y = matrix_of(s.label, N, 1), group = matrix_of(groups, N, 1);
    mlsd_spec *spec = NULL;
    mlsd_folds *folds = NULL;
    mlsd_status status = MLSD_OK;
    for (size_t k = 0; k < sizeof specs / sizeof *specs; k++) {
        const mlsd_matrix number = matrix_of(s.y, N, 1);
        TRY(mlsd_spec_from_json(context, specs[k], &spec));
        TRY(mlsd_folds_split(context, spec, N, k == 1 ? &number : &y, &group, &folds));
        TRY(mlsd_folds_part(folds, 0, 1, rows, N));
        mix(hash, rows, (size_t)mlsd_folds_part_size(folds, 0, 1) * sizeof *rows);
        mlsd_folds_free(folds);
        folds = NULL;
        mlsd_spec_free(spec);
        spec = NULL;
    }
    TRY(mlsd_resample_rows(context, N, N, 1, &y, 5, rows, N));
    mix(hash, rows, sizeof rows);
out:
    mlsd_folds_free(folds);
    mlsd_spec_free(spec);
    return status;
}

/* Splits by time, of rows that stand anyhow, with labels of all lengths, in every form that they
 * are stored in. */
mlsd_status run_splits_by_time(const mlsd_context *context, uint64_t *hash)
{
    static const char *const roles[] = {"time", "time_end", "group"};
    static const char *const specs[] = {
        "{\"kind\":\"time_series_split\"}",
        "{\"kind\":\"rolling_split\",\"n_splits\":4}",
        "{\"kind\":\"rolling_split\",\"n_splits\":9,\"train_size\":5,\"test_size\":1,"
        "\"purge\":false}",
        "{\"kind\":\"panel_split\",\"n_splits\":2,\"validation_size\":3}",
        "{\"kind\":\"time_window_split\",\"n_splits\":3,\"train_window\":\"2d\",\"test_window\":"
        "\"1d\",\"time_unit\":\"h\"}",
        "{\"kind\":\"time_window_split\",\"test_window\":\"9\",\"cutoffs\":[\"50\",\"100\"]}",
        "{\"kind\":\"purged_kfold\",\"embargo\":\"2\"}",
        "{\"kind\":\"combinatorial_purged_split\",\"n_folds\":8}",
    };
    double times[N] = {0}, ends[N] = {0}, groups[N] = {0};
    int64_t rows[N];
    const mlsd_matrix time = matrix_of(times, N, 1), end = matrix_of(ends, N, 1);
    const mlsd_matrix group = matrix_of(groups, N, 1);
    const mlsd_matrix *const columns[] = {&time, &end, &group};
    mlsd_spec *spec = NULL;
    mlsd_folds *folds = NULL;
    mlsd_status status = MLSD_OK;
    for (size_t k = 0; k < sizeof specs / sizeof *specs; k++) {
        for (int i = 0; i < N; i++) {
            times[i] = k == 0 ? i : i * 61 % N;
            ends[i] = times[i] + i % 5;
            groups[i] = i % 3;
        }
        TRY(mlsd_spec_from_json(context, specs[k], &spec));
        TRY(mlsd_folds_split_columns(context, spec, N, roles, columns, 3, NULL, &folds));
        for (int part = 0; part < 2; part++) {
            TRY(mlsd_folds_part(folds, 1, part, rows, N));
            mix(hash, rows, (size_t)mlsd_folds_part_size(folds, 1, part) * sizeof *rows);
        }
        mlsd_folds_free(folds);
        folds = NULL;
        mlsd_spec_free(spec);
        spec = NULL;
    }
out:
    mlsd_folds_free(folds);
    mlsd_spec_free(spec);
    return status;
}

/* A generator that goes from split to split, and columns by role. */
mlsd_status run_split_columns(const mlsd_context *context, uint64_t *hash)
{
    static const char *const roles[] = {"target", "group", "time", "id"};
    sample s;
    make_sample(&s);
    double groups[N];
    int64_t rows[N];
    uint32_t words[624];
    int32_t position = 0;
    for (int i = 0; i < N; i++) groups[i] = i % 7;
    const mlsd_matrix y = matrix_of(s.label, N, 1), group = matrix_of(groups, N, 1);
    const mlsd_matrix time = matrix_of(s.x, N, 1);
    const mlsd_matrix *const columns[] = {&y, &group, &time, &group};
    mlsd_spec *spec = NULL;
    mlsd_folds *folds = NULL;
    mlsd_random_state *random = NULL, *copy = NULL;
    mlsd_status status = MLSD_OK;
    TRY(mlsd_random_state_new(context, 5, &random));
    TRY(mlsd_random_state_new(context, 6, &copy));
    TRY(mlsd_spec_new(context, "stratified_group_kfold", &spec));
    TRY(mlsd_spec_set_bool(spec, "shuffle", 1));
    TRY(mlsd_folds_split_columns(context, spec, N, roles, columns, 4, random, &folds));
    TRY(mlsd_folds_part(folds, 0, 1, rows, N));
    mix(hash, rows, (size_t)mlsd_folds_part_size(folds, 0, 1) * sizeof *rows);
    TRY(mlsd_random_state_get(random, words, 624, &position));
    TRY(mlsd_random_state_set(copy, words, 624, position));
    TRY(mlsd_random_state_integers(copy, 0, 100, rows, N));
    TRY(mlsd_random_state_shuffle(copy, rows, N));
    mix(hash, rows, sizeof rows);
out:
    mlsd_random_state_free(copy);
    mlsd_random_state_free(random);
    mlsd_folds_free(folds);
    mlsd_spec_free(spec);
    return status;
}

static const char *const folds_as_text[] = {
    "mlsd folds 1\nrows 6\nsplit\ntrain rest\ntest 0-2\nsplit\ntrain 1 1 5\ntest 3 4\n",
    "fold\n1\n2\n1\n2\n",
    "row,part\n2,train\n0,train\n1,test\n",
};

/* Through every format, and what can be said of them. Text goes nowhere: the disk is waited for. */
static mlsd_status use_stored(const mlsd_context *context, const mlsd_folds *folds,
                              const mlsd_dataset *data, uint64_t *hash)
{
    mlsd_folds *copy = NULL;
    mlsd_table *table = NULL;
    unsigned char bytes[4096];
    size_t size = 0;
    static _Thread_local char picture[1 << 16];
    uint64_t fingerprint = 0;
    mlsd_status status;
    TRY(mlsd_folds_svg(context, folds, data, picture, sizeof picture, NULL));
    mix(hash, picture, strlen(picture));
    TRY(mlsd_folds_draw_text(context, folds, data, 80, 0, picture, sizeof picture, NULL));
    mix(hash, picture, strlen(picture));
    TRY(mlsd_folds_save(context, folds, "/dev/null", "text"));
    TRY(mlsd_folds_save(context, folds, "/dev/null", "csv"));
    TRY(mlsd_folds_to_bytes(folds, bytes, sizeof bytes, &size));
    TRY(mlsd_folds_from_bytes(context, bytes, size, &copy));
    TRY(mlsd_folds_fingerprint(context, copy, &fingerprint));
    mix(hash, &fingerprint, sizeof fingerprint);
    TRY(mlsd_folds_describe(context, copy, data, &table));
    for (int64_t c = 0; c < mlsd_table_n_columns(table); c++) {
        double values[4];
        TRY(mlsd_table_get_f64(table, c, 0, 4, values));
        mix(hash, values, sizeof values);
    }
out:
    mlsd_table_free(table);
    mlsd_folds_free(copy);
    return status;
}

static mlsd_status read_stored(const mlsd_context *context, const mlsd_folds *folds, uint64_t *hash)
{
    mlsd_folds *copy = NULL;
    char path[160];
    mlsd_status status = MLSD_OK;
    for (int k = 0; k < 3; k++) {
        TRY(mlsd_folds_from_bytes(context, folds_as_text[k], strlen(folds_as_text[k]), &copy));
        const int64_t n = mlsd_folds_part_size(copy, 0, 0);
        mix(hash, &n, sizeof n);
        mlsd_folds_free(copy);
        copy = NULL;
    }
    file_path(path, "folds");
    TRY(mlsd_folds_save(context, folds, path, NULL));
    TRY(mlsd_folds_load(context, path, &copy));
out:
    mlsd_folds_free(copy);
    return status;
}

mlsd_status run_stored_folds(const mlsd_context *context, uint64_t *hash)
{
    sample s;
    make_sample(&s);
    int64_t ids[N], rows[2 * N];
    double group[N], when[N];
    for (int i = 0; i < N; i++) {
        ids[i] = i % 3 - 1;
        rows[i] = N - 1 - i;
        rows[N + i] = (i * 7) % N;
        group[i] = i % 5;
        when[i] = i;
    }
    const int64_t offsets[] = {0, N / 2, N, N + N / 4, 2 * N};
    const char *columns[] = {"y", "g", "t"}, *roles[] = {"target", "group", "time"};
    mlsd_table *table = NULL;
    mlsd_dataset *data = NULL;
    mlsd_folds *folds = NULL;
    mlsd_status status;
    TRY(mlsd_table_new(context, &table));
    TRY(mlsd_table_set_f64(table, "x", s.y, N));
    TRY(mlsd_table_set_f64(table, "y", s.label, N));
    TRY(mlsd_table_set_f64(table, "g", group, N));
    TRY(mlsd_table_set_f64(table, "t", when, N));
    TRY(mlsd_dataset_from_table(context, table, columns, roles, 3, MLSD_TASK_BINARY, &data));
    TRY(mlsd_folds_from_ids(context, ids, N, &folds));
    TRY(use_stored(context, folds, data, hash));
    mlsd_folds_free(folds);
    folds = NULL;
    TRY(mlsd_folds_from_rows(context, N, 2, 2, offsets, rows, &folds));
    TRY(use_stored(context, folds, data, hash));
    TRY(read_stored(context, folds, hash));
out:
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
    mlsd_table_free(table);
    return status;
}
