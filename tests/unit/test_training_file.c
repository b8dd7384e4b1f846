/* test_training_file.c - trainings kept in a file: a fit that is killed at a random moment, again
 * and again, ends in the bytes of one that is not; files that are cut, flipped or of another fit
 * are named. Also sets that are only looked at. Witness: the uninterrupted fit. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "failing_allocator.h"
#include "linear_data.h"

enum { N_KILLS = 50, N_ROWS = 300 };

static char directory[] = "/tmp/mlsd_training_XXXXXX", path[64];

static const char SPEC[] =
    "{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"standardize\"},"
    "{\"kind\":\"sgd_classifier\",\"max_iter\":60,\"tol\":0,\"n_iter_no_change\":1000,"
    "\"average\":true,\"penalty\":\"elasticnet\",\"early_stopping\":true,"
    "\"schedule\":{\"kind\":\"reduce_on_plateau\",\"patience\":3}}]}";

static const char NETWORK[] =
    "{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"standardize\"},"
    "{\"kind\":\"mlp_classifier\",\"max_iter\":30,\"tol\":0,\"n_iter_no_change\":1000,"
    "\"hidden_layer_sizes\":[8],\"batch_size\":40,\"dropout\":0.1,\"early_stopping\":true,"
    "\"schedule\":{\"kind\":\"reduce_on_plateau\",\"patience\":2,\"min_delta\":0.1}}]}";

static const char CYCLES[] =
    "{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"standardize\"},"
    "{\"kind\":\"snapshot_ensemble_classifier\",\"n_snapshots\":6,\"n_last\":4,"
    "\"estimator\":{\"kind\":\"mlp_classifier\",\"max_iter\":5,\"hidden_layer_sizes\":[8],"
    "\"batch_size\":40,\"dropout\":0.1,\"early_stopping\":true}}]}";

static mlsd_context *keeping(int keeps)
{
    mlsd_context *context = NULL;
    assert_int_equal(mlsd_context_new(&context), MLSD_OK);
    assert_int_equal(mlsd_context_set_i64(context, "n_threads", 1), MLSD_OK);
    if (keeps) assert_int_equal(mlsd_context_set_str(context, "checkpoint", path), MLSD_OK);
    return context;
}

/* What a fit came to: the model's bytes and the curve's. */
typedef struct outcome {
    char bytes[1 << 16];
    int64_t n;
    mlsd_status status;
} outcome;

static outcome fit(const char *json, const mlsd_dataset *data, int keeps)
{
    static outcome o;
    mlsd_context *context = keeping(keeps);
    mlsd_spec *spec = NULL;
    mlsd_curve *curve = NULL;
    mlsd_model *model = NULL;
    size_t n_model = 0;
    int64_t n_curve = 0;
    memset(&o, 0, sizeof o);
    assert_int_equal(mlsd_spec_from_json(context, json, &spec), MLSD_OK);
    assert_int_equal(mlsd_curve_new(context, NULL, &curve), MLSD_OK);
    o.status = mlsd_model_fit(context, spec, data, NULL, curve, &model);
    if (o.status == MLSD_OK) {
        assert_int_equal(mlsd_model_to_bytes(model, o.bytes, sizeof o.bytes, &n_model), MLSD_OK);
        assert_int_equal(mlsd_curve_to_jsonl(curve, o.bytes + n_model,
                                             (int64_t)(sizeof o.bytes - n_model), &n_curve),
                         MLSD_OK);
        o.n = (int64_t)n_model + n_curve;
    }
    mlsd_model_free(model);
    mlsd_curve_free(curve);
    mlsd_spec_free(spec);
    mlsd_context_free(context);
    return o;
}

static mlsd_dataset *data_of(uint32_t seed)
{
    linear_data d = make_linear_data(N_ROWS, 4, 2, seed);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_BINARY, 0);
    free_linear_data(&d);
    return data;
}

static void assert_same(const outcome *a, const outcome *b)
{
    assert_int_equal(b->status, MLSD_OK);
    assert_int_equal(a->n, b->n);
    assert_memory_equal(a->bytes, b->bytes, (size_t)a->n);
}

static void kill_again_and_again(const char *json, int n_kills)
{
    static outcome whole, kept;
    mlsd_dataset *data = data_of(1);
    unlink(path);
    whole = fit(json, data, 0);
    assert_int_equal(whole.status, MLSD_OK);
    uint32_t random = 7;
    int n_killed = 0, n_whole = 0;
    while (n_killed < n_kills) {
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            const outcome o = fit(json, data, 1);
            _exit(o.status == MLSD_OK && o.n == whole.n &&
                          memcmp(o.bytes, whole.bytes, (size_t)o.n) == 0
                      ? 0
                      : 1);
        }
        int status = 0;
        usleep((useconds_t)((next_uniform(&random) + 0.5) * 40000.0));
        kill(child, SIGKILL);
        assert_true(waitpid(child, &status, 0) == child);
        if (WIFSIGNALED(status)) {
            n_killed++;
            continue;
        }
        assert_int_equal(WEXITSTATUS(status), 0);
        n_whole++;
        unlink(path); /* once more from the start */
    }
    print_message("%d kills, %d trainings ended between them\n", n_killed, n_whole);
    kept = fit(json, data, 1);
    assert_same(&whole, &kept);
    kept = fit(json, data, 1); /* at once: it is finished */
    assert_same(&whole, &kept);
    mlsd_dataset_free(data);
}

static void test_training_file__kills_do_not_change_the_bytes(void **state)
{
    (void)state;
    kill_again_and_again(SPEC, N_KILLS);
    kill_again_and_again(NETWORK, N_KILLS / 2);
    kill_again_and_again(CYCLES, N_KILLS / 2);
}

static void test_training_file__other_or_damaged_ones_are_named(void **state)
{
    (void)state;
    mlsd_dataset *data = data_of(1), *other = data_of(2);
    unlink(path);
    assert_int_equal(fit(SPEC, data, 1).status, MLSD_OK);
    assert_int_equal(fit(SPEC, other, 1).status, MLSD_E_DATA);
    assert_non_null(strstr(mlsd_last_error(), path));
    assert_non_null(strstr(mlsd_last_error(), "is of another fit"));
    assert_int_equal(fit("{\"kind\":\"sgd_classifier\"}", data, 1).status, MLSD_E_DATA);

    static char bytes[1 << 16];
    const int fd = open(path, O_RDWR);
    const ssize_t n = read(fd, bytes, sizeof bytes);
    assert_true(n > 100 && n < (ssize_t)sizeof bytes);
    bytes[n / 2] ^= 1;
    assert_true(pwrite(fd, bytes, (size_t)n, 0) == n);
    assert_int_equal(fit(SPEC, data, 1).status, MLSD_E_CORRUPT);
    assert_non_null(strstr(mlsd_last_error(), "is damaged"));
    assert_int_equal(ftruncate(fd, n / 2), 0);
    assert_int_equal(fit(SPEC, data, 1).status, MLSD_E_CORRUPT);
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_true(pwrite(fd, "some other file of somebody's that is here", 40, 0) == 40);
    assert_int_equal(fit(SPEC, data, 1).status, MLSD_E_PARSE);
    close(fd);
    unlink(path);
    mlsd_dataset_free(other);
    mlsd_dataset_free(data);
}

static void test_training_file__further_sets_are_looked_at_and_not_learned_from(void **state)
{
    (void)state;
    mlsd_dataset *data = data_of(1), *first = data_of(3), *second = data_of(4);
    mlsd_spec *spec = NULL;
    mlsd_curve *curve = NULL, *plain = NULL;
    mlsd_model *model = NULL, *without = NULL;
    double score = 0.0, without_score = 0.0;
    assert_int_equal(mlsd_spec_from_json(NULL, SPEC, &spec), MLSD_OK);
    assert_int_equal(mlsd_curve_new(NULL, NULL, &curve), MLSD_OK);
    assert_int_equal(mlsd_curve_new(NULL, NULL, &plain), MLSD_OK);
    assert_int_equal(mlsd_curve_add_set(curve, "first", first), MLSD_OK);
    assert_int_equal(mlsd_curve_add_set(curve, "second", second), MLSD_OK);
    assert_int_equal(mlsd_curve_add_set(curve, "first", second), MLSD_E_ARG);
    assert_int_equal(mlsd_curve_add_set(curve, "valid", second), MLSD_E_ARG);
    assert_int_equal(mlsd_model_fit(NULL, spec, data, first, curve, &model), MLSD_OK);
    assert_int_equal(mlsd_model_fit(NULL, spec, data, first, plain, &without), MLSD_OK);
    assert_int_equal(mlsd_curve_series_count(curve), 4);
    assert_string_equal(mlsd_curve_series_name(curve, 3), "second");
    for (int64_t i = 0; i < mlsd_curve_point_count(curve, 1); i++) {
        double x = 0.0, valid = 0.0, same = 0.0, second_loss = 0.0;
        assert_int_equal(mlsd_curve_point(curve, 1, i, &x, &valid), MLSD_OK);
        assert_int_equal(mlsd_curve_point(curve, 2, i, &x, &same), MLSD_OK);
        assert_int_equal(mlsd_curve_point(curve, 3, i, &x, &second_loss), MLSD_OK);
        assert_true(valid == same && second_loss != valid);
    }
    assert_int_equal(mlsd_model_get_f64(model, "loss", &score), MLSD_OK);
    assert_int_equal(mlsd_model_get_f64(without, "loss", &without_score), MLSD_OK);
    assert_true(score == without_score);
    mlsd_model_free(without);
    mlsd_model_free(model);
    mlsd_curve_free(plain);
    mlsd_curve_free(curve);
    mlsd_spec_free(spec);
    mlsd_dataset_free(second);
    mlsd_dataset_free(first);
    mlsd_dataset_free(data);
}

/* Every refused allocation of a fit that is kept and looks at a further set. */
static void test_training_file__every_refused_allocation_is_survived(void **state)
{
    (void)state;
    linear_data d = make_linear_data(24, 2, 2, 1);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_BINARY, 0);
    free_linear_data(&d);
    for (long long k = 1;; k++) {
        failing_allocator f;
        failing_allocator_init(&f, k, 0);
        mlsd_context *context = failing_context(&f, 1);
        mlsd_spec *spec = NULL;
        mlsd_curve *curve = NULL;
        mlsd_model *model = NULL;
        mlsd_status status =
            context != NULL ? mlsd_context_set_str(context, "checkpoint", path) : MLSD_E_NOMEM;
        if (status == MLSD_OK)
            status = mlsd_spec_from_json(
                context,
                "{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"standardize\"},{\"kind\":"
                "\"sgd_classifier\",\"max_iter\":2}]}",
                &spec);
        if (status == MLSD_OK) status = mlsd_curve_new(context, NULL, &curve);
        if (status == MLSD_OK) status = mlsd_curve_add_set(curve, "more", data);
        if (status == MLSD_OK) status = mlsd_model_fit(context, spec, data, NULL, curve, &model);
        mlsd_model_free(model);
        mlsd_curve_free(curve);
        mlsd_spec_free(spec);
        mlsd_context_free(context);
        assert_int_equal(f.live_blocks, 0);
        if (k % 2 == 0) unlink(path);
        if (f.failed == 0) {
            assert_int_equal(status, MLSD_OK);
            break;
        }
        assert_int_equal(status, MLSD_E_NOMEM);
    }
    unlink(path);
    mlsd_dataset_free(data);
}

/* A write that was killed leaves its temporary file. */
static void remove_directory(void)
{
    DIR *const entries = opendir(directory);
    for (struct dirent *e = NULL; entries != NULL && (e = readdir(entries)) != NULL;) {
        char name[512];
        snprintf(name, sizeof name, "%s/%s", directory, e->d_name);
        if (e->d_name[0] != '.' || strncmp(e->d_name, ".mlsd-", 6) == 0) unlink(name);
    }
    if (entries != NULL) closedir(entries);
    rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_training_file__kills_do_not_change_the_bytes),
        cmocka_unit_test(test_training_file__other_or_damaged_ones_are_named),
        cmocka_unit_test(test_training_file__every_refused_allocation_is_survived),
        cmocka_unit_test(test_training_file__further_sets_are_looked_at_and_not_learned_from),
    };
    if (mkdtemp(directory) == NULL) return 1;
    snprintf(path, sizeof path, "%s/training", directory);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    remove_directory();
    return failed;
}
