/* fold_words.c - what was done for which estimators, in words for results. */
#include <string.h>

#include "validate/fold_tasks.h"

static const char PLAIN[] = "plain loop";
static const char SHARED[] = "steps before the last fitted once a fold";

static int64_t count(const mlsd__fold_output *out, int64_t e, mlsd__fold_way way)
{
    int64_t n = 0;
    for (int64_t k = 0; k < out->n_splits; k++) n += mlsd__fold_at(out, e, k)->way == way;
    return n;
}

void mlsd__fold_say_plan(const mlsd__fold_output *out, int64_t e, mlsd__text *t)
{
    const char *const texts[] = {[MLSD__WAY_SHARED] = SHARED,
                                 [MLSD__WAY_SETTINGS] = out->plans[2 * e],
                                 [MLSD__WAY_FOLDS] = out->plans[2 * e + 1]};
    const int64_t n_plain = count(out, e, MLSD__WAY_LOOP);
    bool any = false;
    for (mlsd__fold_way way = MLSD__WAY_FOLDS; way > MLSD__WAY_LOOP; way--) {
        const int64_t n = count(out, e, way);
        if (n == 0) continue;
        if (any) mlsd__text_append(t, ", ");
        mlsd__text_append(t, texts[way] != NULL ? texts[way] : "shared work");
        if (way == MLSD__WAY_SETTINGS && out->has_shared_plan[e])
            mlsd__text_append(t, ", behind steps fitted once a fold");
        if (n < out->n_splits)
            mlsd__text_format(t, " (%lld of %lld folds)", (long long)n, (long long)out->n_splits);
        any = true;
    }
    if (!any || n_plain > 0) {
        if (any) mlsd__text_append(t, ", ");
        mlsd__text_append(t, PLAIN);
        if (any)
            mlsd__text_format(t, " (%lld of %lld folds)", (long long)n_plain,
                              (long long)out->n_splits);
    }
}

/* The plan of estimator e, or an earlier estimator with the same; texts are the caller's. */
static int64_t first_of_plan(char *const *texts, int64_t e)
{
    for (int64_t i = 0; i < e; i++) {
        if (strcmp(texts[i], texts[e]) == 0) return i;
    }
    return e;
}

static void join(char *const *texts, int64_t n, mlsd__text *t)
{
    bool any = false;
    for (int64_t e = 0; e < n; e++) {
        int64_t n_same = 0;
        if (first_of_plan(texts, e) != e) continue;
        for (int64_t i = e; i < n; i++) n_same += strcmp(texts[i], texts[e]) == 0;
        if (any) mlsd__text_append(t, "; ");
        mlsd__text_append(t, texts[e]);
        if (n_same < n) mlsd__text_format(t, ": %lld of %lld", (long long)n_same, (long long)n);
        any = true;
    }
}

mlsd_status mlsd__fold_say_plans(const mlsd__fold_output *out, mlsd__text *t)
{
    const mlsd__allocator *const a = &out->allocator;
    char **const texts = mlsd__alloc(a, out->n_estimators, sizeof *texts);
    mlsd_status status = texts != NULL ? MLSD_OK : MLSD_E_NOMEM;
    for (int64_t e = 0; status == MLSD_OK && e < out->n_estimators; e++) {
        mlsd__text text;
        mlsd__text_init(&text, a);
        mlsd__fold_say_plan(out, e, &text);
        texts[e] = text.data;
        status = text.status;
    }
    if (status == MLSD_OK) join(texts, out->n_estimators, t);
    for (int64_t e = 0; texts != NULL && e < out->n_estimators; e++) mlsd__free(a, texts[e]);
    mlsd__free(a, texts);
    return status != MLSD_OK ? status : t->status;
}
