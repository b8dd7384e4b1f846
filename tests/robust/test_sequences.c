/* test_sequences.c - random sequences of calls with random small data: sizes, strides, types, roles
 * and parameters are drawn without regard for sense, so most calls fail, and each failure must keep
 * the conventions of mlsd/status.h. What succeeds must be the same for other numbers of threads,
 * for one row at a time, and after a model went through its bytes. The generator is fixed;
 * MLSD_SWEEP draws more, MLSD_SEED other sequences. Worth most under the sanitizers. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "mlsd/mlsd.h"
#include "random_data.h"
#include "unit.h"

enum { N_CONTEXTS = 4, POOL = 4, MAX_COLUMNS = 5, MOST_SPLITS = 60, N_ROUNDS = 20, N_CALLS = 40 };

static char place[96]; /* seed and call, for messages */

/* What a status promises: a known name, and after a failure a message of one line. */
static mlsd_status check(mlsd_status status)
{
    if (status == MLSD_OK) return status;
    const char *message = mlsd_last_error();
    if (status > 0 || status == MLSD_E_INTERNAL || status == MLSD_E_THREAD ||
        strcmp(mlsd_status_name(status), "unknown status") == 0)
        fail_msg("%s: status %d: %s", place, (int)status, message);
    if (message[0] == '\0' || strchr(message, '\n') != NULL)
        fail_msg("%s: %s has the message \"%s\"", place, mlsd_status_name(status), message);
    if (message[0] >= 'A' && message[0] <= 'Z' && message[1] >= 'a' && message[1] <= 'z')
        fail_msg("%s: a message starts with a capital: \"%s\"", place, message);
    return status;
}

/* Was an object made? An output holds a mark before the call, and an object or NULL after it. */
static int settle(const char *call, mlsd_status status, const void *output)
{
    const void *object;
    memcpy(&object, output, sizeof object);
    check(status);
    if (object == (const void *)&place) fail_msg("%s: %s left its output alone", place, call);
    if ((status == MLSD_OK) != (object != NULL))
        fail_msg("%s: %s gives %s and the object %p", place, call, mlsd_status_name(status),
                 object);
    return object != NULL;
}

static void *marked(void *output)
{
    const void *const mark = &place;
    memcpy(output, &mark, sizeof mark);
    return output;
}

#define MADE(call, output) (marked(&(output)), settle(#call, (call), &(output)))

static mlsd_context *contexts[N_CONTEXTS];

static const mlsd_context *any_context(void)
{
    return contexts[draw(N_CONTEXTS)];
}

static mlsd_table *tables[POOL];
static mlsd_dataset *datasets[POOL];
static mlsd_spec *specs[POOL];
static mlsd_folds *folds[POOL];
static mlsd_model *models[POOL];
static mlsd_result *results[POOL];

#define KEEP(pool, object, free_fn)           \
    do {                                      \
        const uint64_t keep_at_ = draw(POOL); \
        free_fn((pool)[keep_at_]);            \
        (pool)[keep_at_] = (object);          \
    } while (0)
/* Mostly one that is there. */
static uint64_t some_place(const void *pool)
{
    const void *object = NULL;
    uint64_t at = 0;
    for (int tries = 0; tries < 20 && object == NULL; tries++) {
        at = draw(POOL);
        memcpy(&object, (const char *)pool + at * sizeof object, sizeof object);
    }
    return at;
}
#define ANY(pool) ((pool)[some_place(pool)])

static void clear_pools(void)
{
    for (int i = 0; i < POOL; i++) {
        mlsd_table_free(tables[i]);
        mlsd_dataset_free(datasets[i]);
        mlsd_spec_free(specs[i]);
        mlsd_folds_free(folds[i]);
        mlsd_model_free(models[i]);
        mlsd_result_free(results[i]);
        tables[i] = NULL, datasets[i] = NULL, specs[i] = NULL;
        folds[i] = NULL, models[i] = NULL, results[i] = NULL;
    }
}

static const char *const names[] = {"a", "b", "c", "d", "g", "y", "w"};
static const char *const words[] = {"yes", "no", "", "b<&\"", "\xc3\xa4", "10", "2", "NaN"};

static void set_column(mlsd_table *t, const char *name, int64_t n)
{
    double f[2049];
    int64_t k[2049];
    const char *s[2049];
    const int flavour = (int)draw(FLAVOURS);
    const uint64_t n_words = 1 + draw(8), missing_in = 1 + draw(12);
    for (int64_t i = 0; i < n; i++) {
        f[i] = value_of(flavour);
        k[i] = (int64_t)draw(4) - (one_in(50) ? INT64_MAX : 0);
        s[i] = one_in(missing_in) ? NULL : words[draw(n_words)];
    }
    switch (draw(3)) {
    case 0:
        check(mlsd_table_set_f64(t, name, f, n));
        break;
    case 1:
        check(mlsd_table_set_i64(t, name, k, n));
        break;
    default:
        check(mlsd_table_set_str(t, name, s, n));
    }
}

static void op_table(void)
{
    mlsd_table *t = NULL;
    assert_true(MADE(mlsd_table_new(any_context(), &t), t));
    const int64_t n = any_rows(), n_columns = 2 + (int64_t)draw(6);
    set_column(t, "y", n);
    for (int64_t j = 0; j < n_columns; j++) set_column(t, PICK(names), n);
    if (one_in(10)) set_column(t, one_in(2) ? NULL : "\xff", n);
    if (one_in(10)) set_column(t, "z", n > 0 ? n - 1 : 1);
    KEEP(tables, t, mlsd_table_free);
}

static void op_table_from_matrix(void)
{
    mlsd_table *t = NULL;
    numbers x = make_numbers(any_rows(), (int64_t)draw(MAX_COLUMNS), 0);
    mlsd_matrix m = x.view;
    const int bad = one_in(6);
    if (bad) spoil(&m);
    const int made =
        MADE(mlsd_table_from_matrix(any_context(), &m,
                                    m.cols > 0 && m.cols < 6 && one_in(2) ? names : NULL, &t),
             t);
    if (made && bad) fail_msg("%s: a spoilt matrix became a table", place);
    free(x.memory);
    if (made) KEEP(tables, t, mlsd_table_free);
}

static void op_csv(void)
{
    static const char *const cells[] = {"1",
                                        "2.5",
                                        "",
                                        "x",
                                        "\"q, \"\"r\"\"\"",
                                        "NA",
                                        "-0",
                                        "1e400",
                                        "007",
                                        "\n",
                                        "\"open",
                                        "\xff",
                                        "1e",
                                        "inf",
                                        "2147483648",
                                        "99999999999999999999"};
    char text[4096];
    size_t size = 0;
    const uint64_t n_columns = 1 + draw(4), n_lines = draw(30), n_kinds = one_in(3) ? 16 : 9;
    for (uint64_t i = 0; i <= n_lines; i++) {
        for (uint64_t j = 0; j < n_columns; j++)
            size += (size_t)sprintf(text + size, "%s%s", j > 0 ? "," : "",
                                    i == 0 ? PICK(names) : cells[draw(n_kinds)]);
        size += (size_t)sprintf(text + size, one_in(9) ? "\r\n" : "\n");
    }
    char *exact = malloc(size);
    memcpy(exact, text, size);
    mlsd_table *t = NULL, *described = NULL;
    const int made = MADE(mlsd_table_parse_csv(any_context(), exact, size, NULL, &t), t);
    free(exact);
    if (!made) return;
    if (MADE(mlsd_table_describe(any_context(), t, &described), described))
        assert_int_equal(mlsd_table_n_rows(described), mlsd_table_n_columns(t));
    mlsd_table_free(described);
    KEEP(tables, t, mlsd_table_free);
}

static void op_read_table(void)
{
    const mlsd_table *t = ANY(tables);
    const int64_t n = mlsd_table_n_rows(t), column = (int64_t)draw(8) - 1;
    const int64_t first = (int64_t)draw(5) - 1, count = (int64_t)draw(MAX_ROWS) - 1;
    double f[MAX_ROWS];
    int64_t k[MAX_ROWS];
    const mlsd_status status = check(mlsd_table_get_f64(t, column, first, count, f));
    if (status == MLSD_OK && (first < 0 || count < 0 || first + count > n))
        fail_msg("%s: rows that are not there were read", place);
    check(mlsd_table_get_i64(t, column, first, count, k));
    const char *text = mlsd_table_get_str(t, column, first);
    if (text != NULL) assert_true(strlen(text) < 64);
    (void)mlsd_table_level_at(t, column, first);
    mlsd_table *described = NULL;
    MADE(mlsd_table_describe(any_context(), t, &described), described);
    mlsd_table_free(described);
}

static void op_dataset_from_table(void)
{
    static const char *const roles[] = {"feature", "target", "weight", "group", "slice",
                                        "ignore",  "id",     "time",   "targt"};
    const char *columns[4], *given[4];
    const int64_t n = 1 + (int64_t)draw(3);
    for (int64_t i = 0; i < n; i++) {
        columns[i] = one_in(30) ? "nobody" : i == 0 ? "y" : PICK(names);
        given[i] = i == 0 ? "target" : roles[draw(one_in(20) ? 9 : 7)];
    }
    mlsd_dataset *d = NULL;
    if (MADE(mlsd_dataset_from_table(any_context(), ANY(tables), columns, given, n,
                                     (mlsd_task)(one_in(3) ? draw(6) : 0), &d),
             d))
        KEEP(datasets, d, mlsd_dataset_free);
}

static int n_released;

static void released(void *user)
{
    free(user);
    n_released++;
}

static void op_dataset_from_matrix(void)
{
    const int64_t n = any_rows(), p = one_in(2) ? 3 : 1 + (int64_t)draw(MAX_COLUMNS);
    const int tame = !one_in(3);
    numbers x = make_numbers(n, one_in(20) ? 0 : p, tame);
    numbers y = make_numbers(one_in(20) ? n + 1 : n, 1, one_in(4) ? 0 : 1);
    numbers w = make_numbers(n, 1, 1);
    mlsd_matrix m = x.view;
    const mlsd_matrix *const target = one_in(8) ? NULL : &y.view;
    const mlsd_matrix *const weight = one_in(3) ? &w.view : NULL;
    const int bad = one_in(10);
    const mlsd_task task = (mlsd_task)(one_in(3) ? draw(6) : 0);
    if (bad) spoil(&m);
    mlsd_dataset *d = NULL;
    int made;
    if (one_in(2)) {
        const int before = n_released;
        made = MADE(
            mlsd_dataset_adopt(any_context(), &m, target, weight, task, released, x.memory, &d), d);
        assert_int_equal(n_released, before);
        if (!made) free(x.memory);
    } else {
        made = MADE(mlsd_dataset_from_matrix(any_context(), &m, target, weight, task, &d), d);
        free(x.memory);
    }
    if (made && bad) fail_msg("%s: a spoilt matrix became a data set", place);
    free(y.memory);
    free(w.memory);
    if (made) KEEP(datasets, d, mlsd_dataset_free);
}

static void op_rows(void)
{
    const mlsd_dataset *from = ANY(datasets);
    int64_t rows[MAX_ROWS];
    const int64_t n = (int64_t)draw(MAX_ROWS), there = mlsd_dataset_n_rows(from);
    for (int64_t i = 0; i < n; i++) rows[i] = there > 0 ? (int64_t)draw((uint64_t)there) : 0;
    if (n > 0 && one_in(8)) rows[draw((uint64_t)n)] = one_in(2) ? -1 : there;
    mlsd_dataset *d = NULL;
    if (MADE(mlsd_dataset_rows(from, rows, n, &d), d)) {
        double y[MAX_ROWS];
        check(mlsd_dataset_target(d, y, (int64_t)draw(MAX_ROWS)));
        KEEP(datasets, d, mlsd_dataset_free);
    }
}

static void draw_parameter(mlsd_spec *spec, const mlsd_param *param)
{
    const char *const name = mlsd_param_name(param);
    double lower, upper;
    int32_t open;
    char text[64];
    mlsd_param_bounds(param, &lower, &upper, &open);
    const double low = lower < -10 ? -10 : lower, high = upper > low + 20 ? low + 20 : upper;
    double x = low + (high - low) * uniform();
    if (one_in(12)) x = one_in(2) ? low - 1 : high;
    switch (mlsd_param_get_type(param)) {
    case MLSD_PARAM_F64:
        check(mlsd_spec_set_f64(spec, name, x));
        break;
    case MLSD_PARAM_I64:
        check(mlsd_spec_set_i64(spec, name, (int64_t)x));
        break;
    case MLSD_PARAM_BOOL:
        check(mlsd_spec_set_bool(spec, name, (int32_t)draw(2)));
        break;
    case MLSD_PARAM_CHOICE:
        check(mlsd_spec_set_str(
            spec, name,
            mlsd_param_choice_at(param, (int64_t)draw((uint64_t)mlsd_param_choice_count(param)))));
        break;
    case MLSD_PARAM_F64_LIST: {
        const double list[] = {x, low + (high - low) * uniform(), x};
        check(mlsd_spec_set_f64_list(spec, name, list, (int64_t)draw(4)));
        break;
    }
    default:
        snprintf(text, sizeof text, "%s", PICK(names));
        check(mlsd_spec_set_text(spec, name, text));
    }
}

static mlsd_spec *draw_spec(const char *family, int depth);

static void add_steps(mlsd_spec *pipeline, int depth)
{
    for (uint64_t i = draw(4); i > 0; i--) {
        mlsd_spec *step = draw_spec("transform", depth + 1);
        check(mlsd_spec_add(pipeline, "steps", one_in(9) ? "impute" : NULL, step));
        mlsd_spec_free(step);
    }
    if (one_in(12)) return;
    mlsd_spec *last = draw_spec("estimator", depth + 1);
    check(mlsd_spec_add(pipeline, "steps", one_in(2) ? "last" : NULL, last));
    mlsd_spec_free(last);
}

static mlsd_spec *draw_spec(const char *family, int depth)
{
    const mlsd_kind *const kind =
        mlsd_kind_at(family, (int64_t)draw((uint64_t)mlsd_kind_count(family)));
    const char *const name = mlsd_kind_name(kind);
    const int is_pipeline = strcmp(name, "pipeline") == 0;
    if (is_pipeline && depth > 2) return draw_spec("transform", depth);
    mlsd_spec *spec = NULL;
    assert_true(MADE(mlsd_spec_new(any_context(), name, &spec), spec));
    for (int64_t i = 0; i < mlsd_kind_param_count(kind); i++) {
        if (one_in(3)) draw_parameter(spec, mlsd_kind_param_at(kind, i));
    }
    if (is_pipeline) add_steps(spec, depth);
    return spec;
}

static void op_spec(void)
{
    mlsd_spec *spec = draw_spec(one_in(10) ? "transform" : "estimator", 0), *again = NULL;
    char text[8192], other[8192];
    if (check(mlsd_spec_to_json(spec, (int32_t)draw(2), text, sizeof text, NULL)) == MLSD_OK &&
        MADE(mlsd_spec_from_json(any_context(), text, &again), again)) {
        ASSERT_OK(mlsd_spec_to_json(spec, 1, text, sizeof text, NULL));
        ASSERT_OK(mlsd_spec_to_json(again, 1, other, sizeof other, NULL));
        assert_string_equal(text, other);
    } else {
        fail_msg("%s: a spec did not survive its JSON: %s: %s", place, text, mlsd_last_error());
    }
    mlsd_spec_free(again);
    KEEP(specs, spec, mlsd_spec_free);
}

/* Every row is in range, and no row stands twice in a split, except among those that a bootstrap
 * trains on. */
static void check_folds(const mlsd_folds *f, int may_be_empty, int may_repeat)
{
    const int64_t n = mlsd_folds_n_rows(f), n_parts = mlsd_folds_n_parts(f);
    char *seen = malloc((size_t)n + 1);
    for (int64_t k = 0; k < mlsd_folds_n_splits(f) && k < MOST_SPLITS; k++) {
        memset(seen, 0, (size_t)n + 1);
        for (int64_t part = 0; part < n_parts; part++) {
            const int64_t size = mlsd_folds_part_size(f, k, part);
            if (size < 1 && !may_be_empty)
                fail_msg("%s: part %d of a split has no rows", place, (int)part);
            int64_t *const rows = malloc((size_t)(size + 1) * sizeof *rows);
            ASSERT_OK(mlsd_folds_part(f, k, part, rows, size));
            for (int64_t i = 0; i < size; i++) {
                assert_in_range(rows[i], 0, n - 1);
                if (seen[rows[i]] && !(may_repeat && part == 0))
                    fail_msg("%s: row %d twice", place, (int)rows[i]);
                seen[rows[i]] = 1;
            }
            free(rows);
        }
    }
    free(seen);
}

/* Groups, or the caller, may leave a part without rows; these splitters never do. */
static int may_leave_empty(const char *splitter)
{
    static const char *const filled[] = {"holdout",
                                         "kfold",
                                         "stratified_kfold",
                                         "time_series_split",
                                         "shuffle_split",
                                         "stratified_shuffle_split",
                                         "group_shuffle_split",
                                         "stratified_group_shuffle_split",
                                         "bootstrap",
                                         "multilabel_stratified_kfold",
                                         "multilabel_stratified_shuffle_split"};
    for (size_t i = 0; i < sizeof filled / sizeof filled[0]; i++) {
        if (strcmp(splitter, filled[i]) == 0) return 0;
    }
    return 1;
}

static void op_folds(void)
{
    mlsd_spec *splitter = one_in(15) ? draw_spec("estimator", 0) : draw_spec("splitter", 0);
    mlsd_folds *f = NULL, *same = NULL;
    int made;
    const mlsd_dataset *d = ANY(datasets);
    if (one_in(4)) {
        const int64_t n = any_rows();
        numbers y = make_numbers(n, 1, 1), groups = make_numbers(n, 1, 1);
        made =
            MADE(mlsd_folds_split(any_context(), splitter, one_in(20) ? -1 : n,
                                  one_in(3) ? NULL : &y.view, one_in(2) ? NULL : &groups.view, &f),
                 f);
        free(groups.memory);
        free(y.memory);
    } else {
        made = MADE(mlsd_folds_split_dataset(any_context(), splitter, d, &f), f);
        if (made) {
            ASSERT_OK(mlsd_folds_split_dataset(any_context(), splitter, d, &same));
            assert_int_equal(mlsd_folds_part_size(f, 0, 0), mlsd_folds_part_size(same, 0, 0));
            mlsd_folds_free(same);
        }
    }
    const char *const kind = mlsd_kind_name(mlsd_spec_kind(splitter));
    if (made) check_folds(f, may_leave_empty(kind), strcmp(kind, "bootstrap") == 0);
    mlsd_spec_free(splitter);
    if (!made) return;
    if (mlsd_folds_n_splits(f) > MOST_SPLITS)
        mlsd_folds_free(f);
    else
        KEEP(folds, f, mlsd_folds_free);
}

static unsigned char *bytes_of(const mlsd_model *model, size_t *size)
{
    ASSERT_OK(mlsd_model_to_bytes(model, NULL, 0, size));
    unsigned char *bytes = malloc(*size + 1);
    ASSERT_OK(mlsd_model_to_bytes(model, bytes, *size, size));
    return bytes;
}

/* The same model for any number of threads, and after its bytes were read. */
static void check_same(const mlsd_spec *spec, const mlsd_dataset *train, const mlsd_dataset *valid,
                       const mlsd_model *model)
{
    mlsd_model *again = NULL;
    size_t size, other_size;
    unsigned char *const bytes = bytes_of(model, &size);
    ASSERT_OK(mlsd_model_fit(any_context(), spec, train, valid, NULL, &again));
    unsigned char *other = bytes_of(again, &other_size);
    if (size != other_size || memcmp(bytes, other, size) != 0)
        fail_msg("%s: two fits differ", place);
    free(other);
    mlsd_model_free(again);
    ASSERT_OK(mlsd_model_from_bytes(any_context(), bytes, size, &again));
    other = bytes_of(again, &other_size);
    if (size != other_size || memcmp(bytes, other, size) != 0)
        fail_msg("%s: bytes read back differ", place);
    free(other);
    mlsd_model_free(again);
    free(bytes);
}

/* Probabilities are in [0, 1], sum to 1 and agree with the class. */
static void check_probabilities(const mlsd_model *m, const double *proba, const double *value,
                                int64_t n)
{
    const int64_t k = mlsd_model_n_classes(m);
    for (int64_t i = 0; i < n; i++) {
        double sum = 0, largest = 0;
        for (int64_t c = 0; c < k; c++) {
            const double p = proba[i * k + c];
            if (!(p >= 0 && p <= 1)) fail_msg("%s: probability %g", place, p);
            sum += p;
            largest = p > largest ? p : largest;
        }
        if (!(fabs(sum - 1) < 1e-9)) fail_msg("%s: probabilities sum to %.17g", place, sum);
        if (!(value[i] >= 0 && value[i] < (double)k) || value[i] != floor(value[i]))
            fail_msg("%s: class %g of %d", place, value[i], (int)k);
        const char *kind = mlsd_kind_name(mlsd_spec_kind(mlsd_model_spec(m)));
        if (strcmp(kind, "dummy_classifier") != 0 && strcmp(kind, "pipeline") != 0 &&
            proba[i * k + (int64_t)value[i]] < largest - 1e-12)
            fail_msg("%s: the class is not the likeliest", place);
    }
}

/* To forecasters a row without a time is so many steps ahead as its number says: only the first row
 * is the same alone. */
static int is_forecaster(const mlsd_model *m)
{
    static const char *const kinds[] = {"naive_forecaster", "exponential_smoothing", "auto_reg"};
    char text[4096];
    int64_t length = 0;
    if (mlsd_spec_to_json(mlsd_model_spec(m), 0, text, sizeof text, &length) != MLSD_OK) return 1;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strstr(text, kinds[i]) != NULL) return 1;
    return 0;
}

static void predict_from(const mlsd_model *m, const mlsd_dataset *d)
{
    const int64_t n = mlsd_dataset_n_rows(d);
    double *out[5] = {0};
    mlsd_status status[5] = {0};
    for (int what = 1; what <= 4; what++) {
        const int64_t width = mlsd_model_n_outputs(m, what), size = n * width;
        out[what] = malloc((size_t)(size + 1) * sizeof **out);
        double *again = malloc((size_t)(size + 1) * sizeof *again);
        status[what] = check(mlsd_model_predict(any_context(), m, d, what, out[what], size));
        if (status[what] == MLSD_OK) {
            ASSERT_OK(mlsd_model_predict(any_context(), m, d, what, again, size));
            assert_memory_equal(again, out[what], (size_t)size * sizeof *again);
            if (size > 0)
                ASSERT_FAILS(MLSD_E_BUFFER, "",
                             mlsd_model_predict(any_context(), m, d, what, again, size - 1));
            mlsd_dataset *one = NULL;
            const int64_t any = n > 0 ? (int64_t)draw((uint64_t)n) : 0;
            const int64_t row = is_forecaster(m) ? 0 : any;
            if (n > 0) {
                ASSERT_OK(mlsd_dataset_rows(d, &row, 1, &one));
                ASSERT_OK(mlsd_model_predict(any_context(), m, one, what, again, width));
                if (memcmp(again, out[what] + row * width, (size_t)width * sizeof *again) != 0)
                    fail_msg("%s: one row alone gives %.17g, among others %.17g", place, again[0],
                             out[what][row * width]);
                mlsd_dataset_free(one);
            }
        }
        free(again);
    }
    if (status[1] == MLSD_OK && status[2] == MLSD_OK && mlsd_model_n_outputs(m, 2) > 0)
        check_probabilities(m, out[2], out[1], n);
    for (int what = 1; what <= 4; what++) free(out[what]);
}

static void op_fit(void)
{
    const mlsd_spec *spec = ANY(specs);
    const mlsd_dataset *train = ANY(datasets), *valid = one_in(3) ? ANY(datasets) : NULL;
    mlsd_model *m = NULL;
    if (!MADE(mlsd_model_fit(any_context(), spec, train, valid, NULL, &m), m)) return;
    check_same(spec, train, valid, m);
    predict_from(m, train);
    KEEP(models, m, mlsd_model_free);
}

static void op_predict(void)
{
    predict_from(ANY(models), ANY(datasets));
}

static void op_predict_matrix(void)
{
    const mlsd_model *m = ANY(models);
    const int64_t n = any_rows(), p = one_in(8) ? 3 : mlsd_model_n_features(m);
    numbers x = make_numbers(n, p, 0);
    mlsd_matrix view = x.view;
    const int bad = one_in(5);
    if (bad) spoil(&view);
    const mlsd_output what = (mlsd_output)draw(6);
    const int64_t width = mlsd_model_n_outputs(m, what);
    double *out = malloc((size_t)(n * width + 1) * sizeof *out);
    const mlsd_status status =
        check(mlsd_model_predict_matrix(any_context(), m, &view, what, out, n * width));
    if (status == MLSD_OK && bad) fail_msg("%s: a spoilt matrix was predicted from", place);
    free(out);
    free(x.memory);
}

static void op_attributes(void)
{
    static const char *const attributes[] = {
        "coef",  "intercept", "alpha",   "n_iter", "converged",        "mean",
        "scale", "last.coef", "nothing", "x.y",    "impute.statistics"};
    const mlsd_model *m = ANY(models);
    const char *name = PICK(attributes);
    double values[64], number = 0;
    int64_t rows = -1, cols = -1;
    check(mlsd_model_get_array(m, name, values, (int64_t)draw(64), &rows, &cols));
    check(mlsd_model_get_f64(m, name, &number));
    for (int64_t i = -1; i < 8; i++) {
        (void)mlsd_model_feature_name(m, i);
        (void)mlsd_model_class_name(m, i);
        (void)mlsd_model_output_name(m, i);
    }
}

static const char *const metrics[] = {"rmse",     "mae",     "r2",    "accuracy",
                                      "log_loss", "roc_auc", "brier", "auc"};

/* The JSON of a result without its timings, which come last. */
static char *json_of(const mlsd_result *r)
{
    int64_t length = 0;
    ASSERT_OK(mlsd_result_to_json(r, NULL, 0, &length));
    char *text = malloc((size_t)length + 1);
    ASSERT_OK(mlsd_result_to_json(r, text, length + 1, NULL));
    if (length > 0) ASSERT_FAILS(MLSD_E_BUFFER, "", mlsd_result_to_json(r, text + length, 1, NULL));
    char *const timings = strstr(text, "\"timings\"");
    if (timings != NULL) *timings = '\0';
    return text;
}

static void keep_result(mlsd_result *r, mlsd_result *again)
{
    char *const text = json_of(r), *const other = json_of(again);
    if (strcmp(text, other) != 0) fail_msg("%s: two runs differ", place);
    free(text);
    free(other);
    mlsd_result_free(again);
    for (int64_t i = 0; i < mlsd_result_count(r); i++) assert_non_null(mlsd_result_name(r, i));
    KEEP(results, r, mlsd_result_free);
}

/* Mostly folds of that data set. */
static const mlsd_folds *folds_for(const mlsd_dataset *d)
{
    for (int i = 0; i < POOL; i++) {
        if (folds[i] != NULL && mlsd_folds_n_rows(folds[i]) == mlsd_dataset_n_rows(d))
            return folds[i];
    }
    return ANY(folds);
}

static void op_cross_validate(void)
{
    const mlsd_spec *spec = ANY(specs);
    const mlsd_dataset *d = ANY(datasets);
    const mlsd_folds *f = folds_for(d);
    const int from = mlsd_dataset_task(d) == MLSD_TASK_REGRESSION ? 0 : 3;
    const char *const chosen[] = {metrics[from + (int)draw(4)], metrics[from + (int)draw(3)]};
    const int64_t n = (int64_t)draw(3);
    mlsd_result *r = NULL, *again = NULL;
    if (!MADE(mlsd_cross_validate(any_context(), spec, d, f, chosen, n, &r), r)) return;
    ASSERT_OK(mlsd_cross_validate(any_context(), spec, d, f, chosen, n, &again));
    keep_result(r, again);
}

static void op_validate(void)
{
    const mlsd_dataset *d = ANY(datasets);
    const mlsd_folds *f = one_in(3) ? NULL : folds_for(d);
    mlsd_spec *run = NULL;
    mlsd_result *r = NULL, *again = NULL;
    ASSERT_OK(mlsd_spec_new(NULL, "cross_validate", &run));
    (void)check(mlsd_spec_add(run, "estimators", "one", ANY(specs)));
    (void)check(mlsd_spec_add(run, "estimators", "two", ANY(specs)));
    (void)check(mlsd_spec_set_bool(run, "return_predictions", one_in(2)));
    if (MADE(mlsd_validate(any_context(), run, d, f, &r), r)) {
        ASSERT_OK(mlsd_validate(any_context(), run, d, f, &again));
        keep_result(r, again);
    }
    mlsd_spec_free(run);
}

static void op_fold_scores(void)
{
    const mlsd_spec *const several[] = {ANY(specs), ANY(specs)};
    const mlsd_dataset *d = ANY(datasets);
    const mlsd_folds *f = folds_for(d);
    double once[2 * MOST_SPLITS], twice[2 * MOST_SPLITS];
    int64_t n_failed = 0;
    const mlsd_status status = mlsd_fold_scores(any_context(), several, 2, d, f, NULL, 0, once,
                                                2 * MOST_SPLITS, NULL, NULL, &n_failed);
    if (check(status) != MLSD_OK) return;
    ASSERT_OK(mlsd_fold_scores(any_context(), several, 2, d, f, NULL, 0, twice, 2 * MOST_SPLITS,
                               NULL, NULL, NULL));
    const size_t n = 2 * (size_t)mlsd_folds_n_splits(f);
    if (memcmp(once, twice, n * sizeof *once) != 0) fail_msg("%s: two runs differ", place);
}

static void op_leaderboard(void)
{
    const mlsd_spec *const ladder[] = {ANY(specs), ANY(specs), ANY(specs)};
    static const char *const called[] = {"one", "two", "three"};
    const mlsd_dataset *d = ANY(datasets);
    const mlsd_folds *f = folds_for(d);
    const char *const metric =
        metrics[(mlsd_dataset_task(d) == MLSD_TASK_REGRESSION ? 0 : 3) + draw(4)];
    mlsd_result *r = NULL, *again = NULL;
    if (!MADE(mlsd_leaderboard(any_context(), ladder, called, 3, d, f, metric, &r), r)) return;
    ASSERT_OK(mlsd_leaderboard(any_context(), ladder, called, 3, d, f, metric, &again));
    keep_result(r, again);
}

static void op_evaluate(void)
{
    const mlsd_model *m = ANY(models);
    const mlsd_dataset *d = ANY(datasets);
    const char *const chosen[] = {PICK(metrics), PICK(metrics)};
    const int64_t before = mlsd_dataset_n_looks(d);
    double looks = 0;
    mlsd_result *r = NULL;
    const int made = MADE(mlsd_evaluate(any_context(), m, d, chosen, (int64_t)draw(3), &r), r);
    assert_int_equal(mlsd_dataset_n_looks(d), before + made);
    if (!made) return;
    ASSERT_OK(mlsd_result_get_f64(r, "looks", &looks));
    assert_int_equal((int64_t)looks, before + 1);
    mlsd_result_free(r);
}

static void op_score(void)
{
    const int64_t n = any_rows(), k = 1 + (int64_t)draw(4);
    numbers y = make_numbers(one_in(20) ? n + 1 : n, 1, 1), p = make_numbers(n, k, 0);
    numbers w = make_numbers(n, 1, one_in(4) ? 0 : 1);
    if (one_in(2) && p.view.dtype == MLSD_F64 && p.view.col_stride == 1 && p.view.row_stride == k) {
        double *const q = p.memory;
        for (int64_t i = 0; i < n * k; i++) q[i] = k == 1 ? uniform() : 1.0 / (double)k;
    }
    mlsd_matrix view = p.view;
    const int bad = one_in(12);
    if (bad) spoil(&view);
    const mlsd_matrix *const weight = one_in(3) ? &w.view : NULL;
    const char *const metric = PICK(metrics);
    double value = -77, low = NAN, high = NAN;
    const mlsd_status status = check(mlsd_metric_score(any_context(), metric, &y.view, &view,
                                                       weight, 0.95, &value, &low, &high));
    if (status == MLSD_OK && bad) fail_msg("%s: a spoilt matrix was scored", place);
    if (status == MLSD_OK && !(isnan(value) || isnan(low) || isinf(value)) &&
        !(low <= value && value <= high))
        fail_msg("%s: %s %.17g is not in [%.17g, %.17g]", place, metric, value, low, high);
    mlsd_result *r = NULL;
    const char *const by[] = {PICK(names), PICK(names)};
    mlsd_spec *spec = NULL;
    assert_true(MADE(mlsd_spec_new(any_context(), "slice_metrics", &spec), spec));
    check(mlsd_spec_set_str_list(spec, "metrics", &metric, 1));
    check(mlsd_spec_set_str_list(spec, "by", by, 1 + (int64_t)draw(2)));
    check(mlsd_spec_set_i64(spec, "min_support", (int64_t)draw(20)));
    check(mlsd_spec_set_i64(spec, "permutations", (int64_t)draw(20)));
    if (MADE(mlsd_slice_run(any_context(), spec, ANY(tables), &y.view, &p.view, weight, &r), r))
        KEEP(results, r, mlsd_result_free);
    mlsd_spec_free(spec);
    free(y.memory);
    free(p.memory);
    free(w.memory);
}

static void op_experiment(void)
{
    mlsd_spec *spec = NULL, *whole = NULL;
    assert_true(MADE(mlsd_spec_new(any_context(), "experiment", &spec), spec));
    check(mlsd_spec_set_str(spec, "target", one_in(15) ? "why" : PICK(names)));
    check(mlsd_spec_set_i64(spec, "n_splits", 2 + (int64_t)draw(3)));
    const char *const slices[] = {PICK(names), PICK(names)};
    if (one_in(2)) check(mlsd_spec_set_str_list(spec, "slices", slices, (int64_t)draw(3)));
    const mlsd_table *t = ANY(tables);
    if (MADE(mlsd_experiment_complete(any_context(), spec, t, &whole), whole)) {
        mlsd_result *r = NULL, *again = NULL;
        if (MADE(mlsd_experiment_run(any_context(), spec, t, &r), r)) {
            ASSERT_OK(mlsd_experiment_run(any_context(), whole, t, &again));
            keep_result(r, again);
        }
    }
    mlsd_spec_free(whole);
    mlsd_spec_free(spec);
}

static void op_read_result(void)
{
    const mlsd_result *r = ANY(results);
    double number;
    const char *text = NULL;
    for (int64_t i = -1; i <= mlsd_result_count(r); i++) {
        const char *const name = mlsd_result_name(r, i);
        check(mlsd_result_get_f64(r, name, &number));
        check(mlsd_result_get_str(r, name, &text));
        const mlsd_table *t = mlsd_result_get_table(r, name);
        if (t != NULL) assert_non_null(mlsd_table_name(t, 0));
    }
    assert_non_null(mlsd_result_verdict(r));
}

/* Another object, or none, where one is wanted. */
static void op_wrong_handle(void)
{
    const void *const handles[] = {NULL, ANY(tables), ANY(datasets), ANY(specs), ANY(folds)};
    const void *h = PICK(handles);
    mlsd_model *m = NULL;
    mlsd_result *r = NULL;
    mlsd_folds *f = NULL;
    mlsd_dataset *d = NULL;
    const char *const metric = "rmse";
    if (h != NULL)
        MADE(mlsd_model_fit((const mlsd_context *)h, specs[0], datasets[0], NULL, NULL, &m), m);
    assert_null(m);
    MADE(mlsd_model_fit(NULL, h, h, NULL, NULL, &m), m);
    assert_null(m);
    MADE(mlsd_cross_validate(NULL, h, h, h, &metric, 1, &r), r);
    assert_null(r);
    MADE(mlsd_folds_split_dataset(NULL, h, h, &f), f);
    assert_null(f);
    MADE(mlsd_dataset_from_table(NULL, (const mlsd_table *)(const void *)contexts[1], NULL, NULL, 0,
                                 0, &d),
         d);
    assert_null(d);
    check(mlsd_model_predict(NULL, h, h, 1, NULL, 0));
    assert_int_equal(mlsd_model_n_features(h), 0);
    assert_int_equal(mlsd_result_count(h), 0);
}

static void (*const operations[])(void) = {op_table,
                                           op_table,
                                           op_table_from_matrix,
                                           op_csv,
                                           op_read_table,
                                           op_dataset_from_table,
                                           op_dataset_from_table,
                                           op_dataset_from_matrix,
                                           op_dataset_from_matrix,
                                           op_rows,
                                           op_spec,
                                           op_spec,
                                           op_spec,
                                           op_folds,
                                           op_folds,
                                           op_fit,
                                           op_fit,
                                           op_fit,
                                           op_fit,
                                           op_predict,
                                           op_predict,
                                           op_predict_matrix,
                                           op_attributes,
                                           op_cross_validate,
                                           op_leaderboard,
                                           op_validate,
                                           op_fold_scores,
                                           op_evaluate,
                                           op_score,
                                           op_score,
                                           op_experiment,
                                           op_read_result,
                                           op_wrong_handle};

/* Something to work on: a table, data sets, specs, splits. */
enum { N_FIRST = 10 };
static const uint64_t first_operations[N_FIRST] = {0, 5, 8, 8, 5, 10, 10, 10, 13, 13};

static void test_sequences__keep_every_convention(void **state)
{
    (void)state;
    const char *const sweep = getenv("MLSD_SWEEP"), *const seed = getenv("MLSD_SEED");
    const long long n_rounds = N_ROUNDS * (sweep != NULL && atoll(sweep) > 1 ? atoll(sweep) : 1);
    const long long first = seed != NULL ? atoll(seed) : 0;
    for (int i = 1; i < N_CONTEXTS; i++) {
        ASSERT_OK(mlsd_context_new(&contexts[i]));
        ASSERT_OK(mlsd_context_set_i64(contexts[i], "n_threads", 2 * i - 1));
    }
    for (long long round = first; round < first + n_rounds; round++) {
        seed_draws((uint64_t)round);
        for (int call = 0; call < N_FIRST + N_CALLS; call++) {
            const uint64_t which = call < N_FIRST ? first_operations[call]
                                                  : draw(sizeof operations / sizeof operations[0]);
            snprintf(place, sizeof place, "MLSD_SEED=%lld, call %d, operation %d", round, call,
                     (int)which);
            operations[which]();
        }
        clear_pools();
    }
    for (int i = 1; i < N_CONTEXTS; i++) mlsd_context_free(contexts[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sequences__keep_every_convention)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
