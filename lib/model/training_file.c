/* training_file.c - see the header. Numbers are in the machine's order: a file is for going on
 * where it was written. */
#include "model/training_file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "mlsd/version.h"
#include "base/hash.h"
#include "data/frame_hash.h"

enum { LAYOUT = 1 }; /* of the trainer's bytes: counts up when they change */

mlsd_status mlsd__training_file_open(mlsd__training_file *file, mlsd__scope *scope,
                                     const mlsd_spec *spec)
{
    int64_t n = 0;
    *file = (mlsd__training_file){0};
    const char *const path = mlsd__scope_checkpoint(scope, &file->every);
    if (path == NULL) return MLSD_OK;
    MLSD__TRY(mlsd_spec_to_json(spec, 0, NULL, 0, &n));
    file->spec = mlsd__alloc(scope->allocator, n + 1, 1);
    if (file->spec == NULL) return MLSD_E_NOMEM;
    file->path = path;
    return mlsd_spec_to_json(spec, 0, file->spec, n + 1, NULL);
}

void mlsd__training_file_close(mlsd__training_file *file, const mlsd__allocator *a)
{
    mlsd__free(a, file->spec);
    *file = (mlsd__training_file){0};
}

mlsd_status mlsd__training_file_key(const mlsd__training_file *file, mlsd__scope *scope,
                                    const mlsd__training_sets *sets, int64_t n_targets,
                                    mlsd__training_key *out)
{
    mlsd__writer w;
    mlsd__writer_init(&w, scope->allocator);
    mlsd__put_i64(&w, LAYOUT);
    mlsd__put_str(&w, mlsd_version_string());
    mlsd__put_i64(&w, mlsd__thread_numerics());
    mlsd__put_str(&w, file->spec);
    mlsd_status status = MLSD_OK;
    for (int64_t i = 0; status == MLSD_OK && i < sets->n; i++) {
        const mlsd__training_set *const set = &sets->sets[i];
        const int64_t n = set->frame->n_rows;
        mlsd__put_str(&w, set->name);
        mlsd__put_f64s(&w, set->y, n * n_targets);
        if (set->weight != NULL) mlsd__put_f64s(&w, set->weight, n);
        status = mlsd__frame_put_hash(scope, set->frame, &w);
    }
    if (status == MLSD_OK) status = w.status;
    for (int i = 0; status == MLSD_OK && i < 2; i++)
        out->word[i] = mlsd__hash64(w.data, (size_t)w.size, (uint64_t)i + 1);
    mlsd__writer_free(&w);
    return status;
}

static const char REMEDY[] = "remove it to train from the start, or give another 'checkpoint'";

static mlsd_status take(const mlsd__training_file *file, const mlsd__allocator *a,
                        mlsd__training_key key, const mlsd__map *map, unsigned char **out,
                        int64_t *out_n)
{
    const unsigned char *payload = NULL;
    size_t n = 0;
    mlsd_status status =
        mlsd__container_unwrap(map->data, map->size, MLSD__FILE_TRAINING, &payload, &n);
    if (status == MLSD_E_PARSE)
        return mlsd__fail(status, "'%.200s' is no checkpoint of a training; %s", file->path,
                          REMEDY);
    if (status == MLSD_OK && n < sizeof key) status = MLSD_E_CORRUPT;
    if (status != MLSD_OK)
        return mlsd__fail(status, "checkpoint '%.200s' is damaged, or of another version; %s",
                          file->path, REMEDY);
    if (memcmp(payload, key.word, sizeof key) != 0)
        return mlsd__fail(MLSD_E_DATA,
                          "checkpoint '%.200s' is of another fit: of other data, parameters or "
                          "another version; %s",
                          file->path, REMEDY);
    *out_n = (int64_t)(n - sizeof key);
    *out = mlsd__memdup(a, payload + sizeof key, *out_n, 1);
    return *out != NULL ? MLSD_OK : MLSD_E_NOMEM;
}

mlsd_status mlsd__training_file_read(const mlsd__training_file *file, const mlsd__allocator *a,
                                     mlsd__training_key key, unsigned char **out, int64_t *out_n)
{
    mlsd__map map;
    *out = NULL;
    *out_n = 0;
    if (access(file->path, F_OK) != 0 && errno == ENOENT) return MLSD_OK;
    MLSD__TRY(mlsd__map_open(&map, file->path));
    const mlsd_status status = take(file, a, key, &map, out, out_n);
    mlsd__map_close(&map);
    return status;
}

mlsd_status mlsd__training_file_write(const mlsd__training_file *file, const mlsd__allocator *a,
                                      mlsd__training_key key, const unsigned char *bytes, int64_t n)
{
    mlsd__writer payload, whole;
    mlsd__writer_init(&payload, a);
    mlsd__writer_init(&whole, a);
    mlsd__put_bytes(&payload, key.word, sizeof key.word);
    mlsd__put_bytes(&payload, bytes, (size_t)n);
    mlsd_status status = mlsd__container_wrap(&payload, MLSD__FILE_TRAINING, &whole);
    if (status == MLSD_OK) status = mlsd__file_write(a, file->path, whole.data, (size_t)whole.size);
    mlsd__writer_free(&payload);
    mlsd__writer_free(&whole);
    return status;
}
