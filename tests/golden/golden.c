/* golden.c - one sha256 for each kind of model, transform and splitter on each data set, computed
 * with numerics = exact: "name data-set sum" a line, or the status where the kind does not suit the
 * data. Through public functions only. What is summed up: fitted numbers and arrays, every output
 * for the training rows, and the bytes of the saved model; of splits, their fingerprint and bytes.
 *
 * The first line names the kernels that this processor got.
 *
 * A kind is tried as it is and, where it cannot take the data, behind imputing and one-hot columns.
 * What needs more than its name, and variants, stand in a file of "name JSON" lines; a
 * name that ends in "@wide" or so is for that data set alone. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "golden_data.h"
#include "sha256.h"

enum { MAX_JSON = 4096, SPLIT_ROWS = 60, LABELS = 3 };

typedef struct job {
    mlsd_context *context;
    mlsd_dataset *sets[N_GOLDEN_SETS], *split_sets[N_GOLDEN_SETS];
    const char *only; /* NULL: all */
    int tells_time;
    int n_failed; /* kinds that suit no data set, lines that cannot be read */
} job;

static void add_i64(sha256 *s, int64_t value)
{
    unsigned char bytes[8];
    for (int i = 0; i < 8; i++) bytes[i] = (unsigned char)((uint64_t)value >> 8 * i);
    sha256_add(s, bytes, sizeof bytes);
}

/* NaN is one value: its sign and payload are not defined by IEEE 754. -0 and 0 are two. */
static void add_doubles(sha256 *s, const double *values, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        int64_t bits = INT64_C(0x7ff8000000000000);
        if (!isnan(values[i])) memcpy(&bits, &values[i], sizeof bits);
        add_i64(s, bits);
    }
}

/* A forecaster cannot predict its training rows: it is asked for as many steps after them, for
 * which it reads nothing. */
static mlsd_status predict(const job *j, const mlsd_model *model, const mlsd_dataset *data,
                           mlsd_output what, double *out, int64_t size)
{
    const mlsd_status status = mlsd_model_predict(j->context, model, data, what, out, size);
    if (status != MLSD_E_DATA) return status;
    const int64_t n = mlsd_dataset_n_rows(data), p = mlsd_model_n_features(model);
    double *const nothing = calloc((size_t)(n * p), sizeof *nothing);
    if (nothing == NULL) return MLSD_E_NOMEM;
    const mlsd_matrix x = {nothing, n, p, p, 1, MLSD_F64, 0};
    const mlsd_status again = mlsd_model_predict_matrix(j->context, model, &x, what, out, size);
    free(nothing);
    return again == MLSD_OK ? MLSD_OK : status;
}

static mlsd_status add_outputs(const job *j, sha256 *s, const mlsd_model *model,
                               const mlsd_dataset *data)
{
    const int64_t n = mlsd_dataset_n_rows(data);
    for (mlsd_output what = MLSD_OUTPUT_VALUE; what <= MLSD_OUTPUT_FEATURES; what++) {
        const int64_t size = n * mlsd_model_n_outputs(model, what);
        add_i64(s, size);
        if (size == 0) continue;
        double *const out = malloc((size_t)size * sizeof *out);
        if (out == NULL) return MLSD_E_NOMEM;
        const mlsd_status status = predict(j, model, data, what, out, size);
        if (status == MLSD_OK) add_doubles(s, out, size);
        free(out);
        if (status != MLSD_OK) return status;
    }
    return MLSD_OK;
}

static mlsd_status add_array(sha256 *s, const mlsd_model *model, const char *name)
{
    int64_t rows = 0, cols = 0;
    mlsd_status status = mlsd_model_get_array(model, name, NULL, 0, &rows, &cols);
    if (status != MLSD_OK) return status;
    double *const values = malloc((size_t)(rows * cols + 1) * sizeof *values);
    if (values == NULL) return MLSD_E_NOMEM;
    status = mlsd_model_get_array(model, name, values, rows * cols, &rows, &cols);
    add_i64(s, rows);
    if (status == MLSD_OK) add_doubles(s, values, rows * cols);
    free(values);
    return status;
}

/* The names come from the message that lists them. */
static mlsd_status add_attributes(sha256 *s, const mlsd_model *model)
{
    int64_t rows, cols;
    (void)mlsd_model_get_array(model, "?", NULL, 0, &rows, &cols);
    char names[1024];
    const char *const list = strstr(mlsd_last_error(), "it has: ");
    (void)snprintf(names, sizeof names, "%s", list != NULL ? list + strlen("it has: ") : "nothing");
    sha256_add(s, names, strlen(names));
    if (strcmp(names, "nothing") == 0) return MLSD_OK;
    for (char *name = names, *end; name != NULL; name = end) {
        end = strstr(name, ", ");
        if (end != NULL) *end = '\0', end += 2;
        const mlsd_status status = add_array(s, model, name);
        if (status != MLSD_OK) return status;
    }
    return MLSD_OK;
}

static mlsd_status add_saved(sha256 *s, const mlsd_model *model)
{
    size_t size = 0;
    (void)mlsd_model_to_bytes(model, NULL, 0, &size);
    char *const bytes = malloc(size + 1);
    if (bytes == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = mlsd_model_to_bytes(model, bytes, size, &size);
    if (status == MLSD_OK) sha256_add(s, bytes, size);
    free(bytes);
    return status;
}

static mlsd_status fit(const job *j, const char *json, const mlsd_dataset *data, sha256 *s)
{
    mlsd_spec *spec = NULL;
    mlsd_model *model = NULL;
    sha256_init(s);
    mlsd_status status = mlsd_spec_from_json(j->context, json, &spec);
    if (status == MLSD_OK) status = mlsd_model_fit(j->context, spec, data, NULL, NULL, &model);
    if (status == MLSD_OK) status = add_attributes(s, model);
    if (status == MLSD_OK) status = add_outputs(j, s, model, data);
    if (status == MLSD_OK) status = add_saved(s, model);
    mlsd_model_free(model);
    mlsd_spec_free(spec);
    return status;
}

/* As it is; where the data are at fault, behind steps that leave numbers only. */
static mlsd_status fit_somehow(const job *j, const char *json, int set, sha256 *s)
{
    const mlsd_status status = fit(j, json, j->sets[set], s);
    if (status != MLSD_E_DATA && status != MLSD_E_TYPE) return status;
    char wrapped[MAX_JSON + 128];
    const int n = snprintf(wrapped, sizeof wrapped,
                           "{\"kind\": \"pipeline\", \"steps\": [{\"name\": \"a\", \"kind\": "
                           "\"impute\"}, {\"name\": \"b\", \"kind\": \"one_hot\"}, "
                           "{\"name\": \"c\", %s]}",
                           json + 1);
    return n < (int)sizeof wrapped ? fit(j, wrapped, j->sets[set], s) : MLSD_E_BUFFER;
}

/* Rows with several labels for the splitters that want them. */
static mlsd_status split_labels(const job *j, const mlsd_spec *spec, mlsd_folds **out)
{
    static const char *const roles[] = {"target"};
    double labels[SPLIT_ROWS * LABELS];
    for (int i = 0; i < SPLIT_ROWS * LABELS; i++) labels[i] = i * i % 7 < 3;
    const mlsd_matrix y = {labels, SPLIT_ROWS, LABELS, LABELS, 1, MLSD_F64, 0};
    const mlsd_matrix *const columns[] = {&y};
    return mlsd_folds_split_columns(j->context, spec, SPLIT_ROWS, roles, columns, 1, NULL, out);
}

static mlsd_status split(const job *j, const char *json, int set, sha256 *s)
{
    mlsd_spec *spec = NULL;
    mlsd_folds *folds = NULL;
    uint64_t fingerprint = 0;
    size_t size = 0;
    char *bytes = NULL;
    sha256_init(s);
    mlsd_status status = mlsd_spec_from_json(j->context, json, &spec);
    if (status == MLSD_OK)
        status = strstr(json, "multilabel") != NULL
                     ? split_labels(j, spec, &folds)
                     : mlsd_folds_split_dataset(j->context, spec, j->split_sets[set], &folds);
    if (status == MLSD_OK) status = mlsd_folds_fingerprint(j->context, folds, &fingerprint);
    if (status == MLSD_OK) (void)mlsd_folds_to_bytes(folds, NULL, 0, &size);
    if (status == MLSD_OK) bytes = malloc(size + 1);
    if (bytes != NULL) status = mlsd_folds_to_bytes(folds, bytes, size, &size);
    add_i64(s, (int64_t)fingerprint);
    if (bytes != NULL && status == MLSD_OK) sha256_add(s, bytes, size);
    free(bytes);
    mlsd_folds_free(folds);
    mlsd_spec_free(spec);
    return status;
}

static double cpu_seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

/* The lines of one name. A kind that suits none of the data sets is a line too many or a spec too
 * few: its message is shown. */
static void put_lines(job *j, const char *name, const char *json, int is_splitter)
{
    if (j->only != NULL && strcmp(j->only, name) != 0) return;
    const double start = cpu_seconds();
    int n_fitted = 0;
    char why[512] = "";
    const char *const at = strchr(name, '@'); /* for one data set only */
    for (int set = 0; set < N_GOLDEN_SETS; set++) {
        if (at != NULL && strcmp(at + 1, golden_set_names[set]) != 0) continue;
        sha256 s;
        char sum[65];
        const mlsd_status status =
            is_splitter ? split(j, json, set, &s) : fit_somehow(j, json, set, &s);
        sha256_finish(&s, sum);
        if (status == MLSD_OK)
            n_fitted++;
        else
            (void)snprintf(why, sizeof why, "%s", mlsd_last_error());
        printf("%s %s %s\n", name, golden_set_names[set],
               status == MLSD_OK ? sum : mlsd_status_name(status));
    }
    if (j->tells_time) fprintf(stderr, "%8.3f s  %s\n", cpu_seconds() - start, name);
    if (n_fitted > 0) return;
    fprintf(stderr, "%s suits no data set (%s); give it a line in specs.txt\n", name, why);
    j->n_failed++;
}

static int is_splitter_json(const job *j, const char *json)
{
    mlsd_spec *spec = NULL;
    if (mlsd_spec_from_json(j->context, json, &spec) != MLSD_OK) return 0;
    const int result = strcmp(mlsd_kind_family(mlsd_spec_kind(spec)), "splitter") == 0;
    mlsd_spec_free(spec);
    return result;
}

/* Lines "name JSON"; with `kind` only whether there is one of that name. */
static int read_specs(job *j, const char *path, const char *kind)
{
    char line[MAX_JSON];
    int found = 0;
    FILE *const file = fopen(path, "r");
    if (file == NULL) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(2);
    }
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        char *const json = strchr(line, ' ');
        if (line[0] == '#' || json == NULL) continue;
        *json = '\0';
        if (kind != NULL)
            found |= strcmp(line, kind) == 0;
        else
            put_lines(j, line, json + 1, is_splitter_json(j, json + 1));
    }
    (void)fclose(file);
    return found;
}

static void put_family(job *j, const char *family, const char *specs)
{
    for (int64_t i = 0; i < mlsd_kind_count(family); i++) {
        const char *const name = mlsd_kind_name(mlsd_kind_at(family, i));
        char json[256];
        (void)snprintf(json, sizeof json, "{\"kind\": \"%s\"}", name);
        if (!read_specs(j, specs, name)) put_lines(j, name, json, strcmp(family, "splitter") == 0);
    }
}

static mlsd_status make_sets(job *j)
{
    int64_t rows[SPLIT_ROWS];
    for (int i = 0; i < SPLIT_ROWS; i++) rows[i] = i;
    for (int set = 0; set < N_GOLDEN_SETS; set++) {
        mlsd_status status = golden_set(j->context, set, &j->sets[set]);
        const int64_t n = status == MLSD_OK ? mlsd_dataset_n_rows(j->sets[set]) : 0;
        if (status == MLSD_OK)
            status = mlsd_dataset_rows(j->sets[set], rows, n < SPLIT_ROWS ? n : SPLIT_ROWS,
                                       &j->split_sets[set]);
        if (status != MLSD_OK) return status;
    }
    return MLSD_OK;
}

/* "# kernels avx2" */
static void put_kernels(void)
{
    char info[2048] = "";
    (void)mlsd_build_info(info, sizeof info, NULL);
    static const char key[] = "\"exact_kernels\":\"";
    const char *const found = strstr(info, key);
    const char *const word = found != NULL ? found + strlen(key) : "unknown";
    printf("# kernels %.*s\n", (int)strcspn(word, "\""), word);
}

static int usage(void)
{
    fprintf(stderr, "usage: golden SPECS [--threads N] [--only NAME] [--times]\n");
    return 2;
}

int main(int argc, char **argv)
{
    job j = {.only = NULL};
    int64_t n_threads = 1;
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--times") == 0)
            j.tells_time = 1;
        else if (strcmp(argv[i], "--threads") == 0 && i + 1 < argc)
            n_threads = strtol(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc)
            j.only = argv[++i];
        else
            return usage();
    }
    if (argc < 2) return usage();
    if (!sha256_works()) {
        fprintf(stderr, "the sums of FIPS 180-4's examples come out wrong\n");
        return 1;
    }
    mlsd_status status = mlsd_context_new(&j.context);
    if (status == MLSD_OK) status = mlsd_context_set_i64(j.context, "n_threads", n_threads);
    if (status == MLSD_OK) status = mlsd_context_set_str(j.context, "numerics", "exact");
    if (status == MLSD_OK) status = make_sets(&j);
    if (status != MLSD_OK) {
        fprintf(stderr, "%s\n", mlsd_last_error());
        return 1;
    }
    put_kernels();
    put_family(&j, "estimator", argv[1]);
    put_family(&j, "transform", argv[1]);
    put_family(&j, "splitter", argv[1]);
    (void)read_specs(&j, argv[1], NULL);
    for (int set = 0; set < N_GOLDEN_SETS; set++) {
        mlsd_dataset_free(j.sets[set]);
        mlsd_dataset_free(j.split_sets[set]);
    }
    mlsd_context_free(j.context);
    return j.n_failed > 0;
}
