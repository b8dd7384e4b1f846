/* feature_list.c - owned copies of features. A copy is one block of memory: the pointers to the
 * levels, then the name, then the levels' texts; so `levels` is never NULL in a copy and is what is
 * freed. */
#include <string.h>

#include "base/memory.h"
#include "model/estimator.h"

mlsd_status mlsd__feature_copy(const mlsd__allocator *a, const mlsd__feature *in,
                               mlsd__feature *out)
{
    size_t bytes = strlen(in->name) + 1;
    for (int64_t i = 0; i < in->n_levels; i++) bytes += strlen(in->levels[i]) + 1;
    bytes += (size_t)in->n_levels * sizeof(char *);
    char **const levels = mlsd__alloc_raw(a, (int64_t)bytes, 1);
    if (levels == NULL) return MLSD_E_NOMEM;

    char *at = (char *)(levels + in->n_levels);
    const size_t name_size = strlen(in->name) + 1;
    memcpy(at, in->name, name_size);
    *out =
        (mlsd__feature){.name = at, .type = in->type, .n_levels = in->n_levels, .levels = levels};
    at += name_size;
    for (int64_t i = 0; i < in->n_levels; i++) {
        const size_t size = strlen(in->levels[i]) + 1;
        levels[i] = memcpy(at, in->levels[i], size);
        at += size;
    }
    return MLSD_OK;
}

void mlsd__feature_free(const mlsd__allocator *a, mlsd__feature *f)
{
    mlsd__free(a, (void *)(uintptr_t)f->levels);
    f->levels = NULL;
}

mlsd_status mlsd__features_copy(const mlsd__allocator *a, const mlsd__feature *in, int64_t n,
                                mlsd__feature **out)
{
    *out = NULL;
    mlsd__feature *const copies = mlsd__alloc(a, n, sizeof *copies);
    if (copies == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) {
        const mlsd_status status = mlsd__feature_copy(a, &in[i], &copies[i]);
        if (status != MLSD_OK) {
            mlsd__features_free(a, copies, i);
            return status;
        }
    }
    *out = copies;
    return MLSD_OK;
}

mlsd_status mlsd__feature_name(const mlsd__allocator *a, const char *left, const char *right,
                               mlsd__feature *out)
{
    const size_t n_left = strlen(left), n_right = strlen(right);
    char **const block = mlsd__alloc_raw(a, (int64_t)(n_left + n_right + 1), 1);
    if (block == NULL) return MLSD_E_NOMEM;
    char *const name = (char *)block;
    memcpy(name, left, n_left);
    memcpy(name + n_left, right, n_right + 1);
    *out = (mlsd__feature){.name = name, .type = MLSD__NUMERIC, .levels = block};
    return MLSD_OK;
}

void mlsd__features_free(const mlsd__allocator *a, mlsd__feature *features, int64_t n)
{
    if (features == NULL) return;
    for (int64_t i = 0; i < n; i++) mlsd__feature_free(a, &features[i]);
    mlsd__free(a, features);
}
