/* model_sets.c - see the header. */
#include "model/model_sets.h"

#include <stdio.h>

mlsd_status mlsd__model_set_open(mlsd__model_set *set, const mlsd__allocator *a,
                                 const mlsd_model *model, const mlsd_dataset *data,
                                 const char *noun)
{
    *set = (mlsd__model_set){.allocator = &data->store->allocator};
    MLSD__TRY(mlsd__model_align(a, model, data, &set->aligned));
    if (data->n_rows == 0) return mlsd__fail(MLSD_E_DATA, "the %s has no rows", noun);
    if (model->task == MLSD_TASK_NONE) return MLSD_OK;
    MLSD__TRY(mlsd__model_gather_target(model, data, noun, &set->y));
    return mlsd__dataset_gather_weight(data, &set->weight);
}

void mlsd__model_set_close(mlsd__model_set *set, const mlsd__allocator *a)
{
    mlsd__aligned_free(a, &set->aligned);
    if (set->allocator == NULL) return;
    mlsd__free(set->allocator, set->y);
    mlsd__free(set->allocator, set->weight);
}

mlsd_status mlsd__model_sets_open(mlsd__model_sets *sets, const mlsd__allocator *a,
                                  const mlsd_model *model, const mlsd_curve *curve)
{
    *sets = (mlsd__model_sets){0};
    const int64_t n = curve != NULL ? curve->n_sets : 0;
    if (n == 0) return MLSD_OK;
    sets->sets = mlsd__alloc(a, n, sizeof *sets->sets);
    sets->more = mlsd__alloc(a, n, sizeof *sets->more);
    if (sets->sets == NULL || sets->more == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) {
        char noun[96];
        mlsd__model_set *const set = &sets->sets[sets->n++];
        snprintf(noun, sizeof noun, "set '%.60s'", curve->sets[i].name);
        MLSD__TRY(mlsd__model_set_open(set, a, model, curve->sets[i].data, noun));
        sets->more[i] = (mlsd__more_set){.name = curve->sets[i].name,
                                         .x = &set->aligned.frame,
                                         .y = set->y,
                                         .weight = set->weight};
    }
    return MLSD_OK;
}

void mlsd__model_sets_close(mlsd__model_sets *sets, const mlsd__allocator *a)
{
    for (int64_t i = 0; i < sets->n; i++) mlsd__model_set_close(&sets->sets[i], a);
    mlsd__free(a, sets->sets);
    mlsd__free(a, sets->more);
}
