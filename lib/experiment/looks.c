/* looks.c - how often the test part was looked at. Within the process its data set counts; beyond
 * it, the file that the context parameter 'looks' names keeps a line for every experiment that
 * scored a test part: "test,experiment", a number each. A test part is known by the places and the
 * target of its rows, so that another column or model does not make it a new one. The number of a
 * look is the place of its experiment among those of the same test part: an experiment that is run
 * again shows what it showed before and keeps its number. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"
#include "experiment/experiment_impl.h"

static const char HEADER[] = "test,experiment\n";
enum { DIGITS = 16, LINE = 2 * DIGITS + 2 };

static mlsd_status hash_test(mlsd__experiment *x, uint64_t *out)
{
    const mlsd_dataset *test = x->parts[MLSD__TEST];
    const int64_t n = mlsd_dataset_n_rows(test);
    int64_t *rows = mlsd__alloc_raw(x->scope->allocator, n, sizeof *rows);
    double *y = mlsd__alloc_raw(x->scope->allocator, n, sizeof *y);
    mlsd_status status = rows == NULL || y == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) status = mlsd_folds_part(x->partition, 0, MLSD__TEST, rows, n);
    if (status == MLSD_OK) status = mlsd_dataset_target(test, y, n);
    if (status == MLSD_OK) {
        uint64_t h = (uint64_t)x->table->n_rows;
        h = mlsd__hash64(rows, (size_t)n * sizeof *rows, h);
        h = mlsd__hash64(y, (size_t)n * sizeof *y, h);
        for (int64_t c = 0; c < mlsd_dataset_n_classes(test); c++) {
            const char *name = mlsd_dataset_class_name(test, c);
            h = mlsd__hash64(name, strlen(name) + 1, h);
        }
        *out = h;
    }
    mlsd__free(x->scope->allocator, y);
    mlsd__free(x->scope->allocator, rows);
    return status;
}

/* What was asked: the complete spec and the whole table. */
static mlsd_status hash_experiment(mlsd__experiment *x, uint64_t *out)
{
    const char *data = "";
    int64_t length = 0;
    MLSD__TRY(mlsd_result_get_str(x->result, "data.fingerprint", &data));
    MLSD__TRY(mlsd_spec_to_json(x->spec, 0, NULL, 0, &length));
    char *json = mlsd__alloc(x->scope->allocator, length + 1, 1);
    if (json == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = mlsd_spec_to_json(x->spec, 0, json, length + 1, NULL);
    if (status == MLSD_OK)
        *out = mlsd__hash64(json, (size_t)length, mlsd__hash64(data, strlen(data), 0));
    mlsd__free(x->scope->allocator, json);
    return status;
}

/* The number of the look that `line` tells of, and whether the lines have it already. Lines of
 * other test parts, and what is no line, are passed over. */
static int64_t find_look(const mlsd__map *map, const char line[LINE], bool *is_there)
{
    int64_t n_earlier = 0;
    *is_there = false;
    for (size_t at = 0; at + LINE <= map->size;) {
        const char *const end = memchr(map->data + at, '\n', map->size - at);
        if (end == NULL) break;
        if (end - (map->data + at) == LINE - 1 && memcmp(map->data + at, line, DIGITS) == 0) {
            if (memcmp(map->data + at, line, LINE) == 0) {
                *is_there = true;
                return n_earlier + 1;
            }
            n_earlier++;
        }
        at = (size_t)(end - map->data) + 1;
    }
    return n_earlier + 1;
}

static mlsd_status append_line(const mlsd__allocator *a, const char *path, const mlsd__map *map,
                               const char line[LINE])
{
    mlsd__text t;
    mlsd__text_init(&t, a);
    if (map->size == 0) mlsd__text_append(&t, HEADER);
    mlsd__text_append_n(&t, map->data, map->size);
    if (map->size > 0 && map->data[map->size - 1] != '\n') mlsd__text_append(&t, "\n");
    mlsd__text_append_n(&t, line, LINE);
    mlsd_status status = t.status;
    if (status == MLSD_OK) status = mlsd__file_write(a, path, t.data, (size_t)t.length);
    mlsd__text_free(&t);
    return status;
}

static mlsd_status record(mlsd__experiment *x, const char *path, uint64_t test)
{
    uint64_t experiment = 0;
    char line[LINE + 1];
    mlsd__map map = {.data = "", .size = 0};
    MLSD__TRY(hash_experiment(x, &experiment));
    (void)snprintf(line, sizeof line, "%016llx,%016llx\n", (unsigned long long)test,
                   (unsigned long long)experiment);
    if (access(path, F_OK) == 0) MLSD__TRY(mlsd__map_open(&map, path));
    bool is_there;
    const int64_t number = find_look(&map, line, &is_there);
    if (number > x->test_looks) x->test_looks = number;
    mlsd_status status = MLSD_OK;
    if (!is_there) status = append_line(x->scope->allocator, path, &map, line);
    mlsd__map_close(&map);
    if (status != MLSD_E_IO) return status;
    /* The scores are there, and worth more than the record of them. */
    char reason[MLSD__ERROR_CAPACITY];
    mlsd__error_copy(reason);
    mlsd__log_line(x->scope, MLSD_LOG_WARNING, "this look at the test part is not kept: %s",
                   reason);
    return MLSD_OK;
}

mlsd_status mlsd__experiment_look(mlsd__experiment *x)
{
    char text[DIGITS + 1];
    uint64_t test = 0;
    MLSD__TRY(mlsd__dataset_look(x->parts[MLSD__TEST], &x->test_looks));
    MLSD__TRY(hash_test(x, &test));
    (void)snprintf(text, sizeof text, "%016llx", (unsigned long long)test);
    MLSD__TRY(mlsd__result_set_str(x->result, "test.fingerprint", text, false));
    const char *const path = mlsd__scope_looks(x->scope);
    return path != NULL ? record(x, path, test) : MLSD_OK;
}
