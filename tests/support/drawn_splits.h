/* drawn_splits.h - what must hold of every split that is drawn: memory that runs out leaks nothing,
 * and the same seed gives the same rows with any number of threads. */
#ifndef MLSD_TESTS_DRAWN_SPLITS_H
#define MLSD_TESTS_DRAWN_SPLITS_H

#include "failing_allocator.h"
#include "fold_text.h"

/* The k-th allocation fails, for every k. */
static inline void assert_split_leaks_nothing(const char *json, int64_t n, const double *y,
                                              const double *groups)
{
    for (long long fail_at = 1;; fail_at++) {
        failing_allocator f;
        mlsd_folds *folds = NULL;
        failing_allocator_init(&f, fail_at, 0);
        mlsd_context *const context = failing_context(&f, 1);
        if (context == NULL) continue;
        const mlsd_status status = split_groups_json(context, json, n, y, groups, &folds);
        mlsd_context_free(context);
        const int failed = atomic_load(&f.failed) > 0;
        assert_int_equal(status, failed ? MLSD_E_NOMEM : MLSD_OK);
        mlsd_folds_free(folds);
        assert_int_equal(atomic_load(&f.live_blocks), 0);
        if (!failed) break;
    }
}

static inline void assert_split_is_the_same_with_threads(const char *json, int64_t n,
                                                         const double *y, const double *groups)
{
    char first[FOLD_TEXT_CAPACITY], text[FOLD_TEXT_CAPACITY];
    for (int64_t n_threads = 1; n_threads < 8; n_threads += 3) {
        mlsd_context *context = NULL;
        mlsd_folds *folds = NULL;
        ASSERT_OK(mlsd_context_new(&context));
        ASSERT_OK(mlsd_context_set_i64(context, "n_threads", n_threads));
        ASSERT_OK(split_groups_json(context, json, n, y, groups, &folds));
        write_folds(folds, n_threads == 1 ? first : text);
        if (n_threads > 1) assert_string_equal(text, first);
        mlsd_folds_free(folds);
        mlsd_context_free(context);
    }
}

#endif
