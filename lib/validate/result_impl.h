/* result_impl.h - how a result is filled while it is being made. Names are unique among the models
 * and among the rest; order is kept.
 *
 * A timing (seconds, bytes of memory, dates) is named "timings.<name>" and stands under the key
 * "timings" in the JSON, so that a table of numbers and the table of its seconds share a name. */
#ifndef MLSD_VALIDATE_RESULT_IMPL_H
#define MLSD_VALIDATE_RESULT_IMPL_H

#include <stdbool.h>
#include <stdint.h>

#include "mlsd/result.h"
#include "base/memory.h"
#include "base/text.h"
#include "model/model_impl.h"

#define MLSD__TIMINGS_PREFIX "timings."

typedef int32_t mlsd__entry_type;
enum { MLSD__ENTRY_NUMBER = 1, MLSD__ENTRY_TEXT = 2, MLSD__ENTRY_TABLE = 3, MLSD__ENTRY_MODEL = 4 };

typedef struct mlsd__entry {
    char *name; /* with "timings." in front where timing */
    mlsd__entry_type type;
    bool timing;
    double number;
    char *text;
    mlsd_table *table;
    mlsd_model *model;
} mlsd__entry;

struct mlsd_result {
    uint64_t magic;
    mlsd__allocator allocator;
    char *kind;
    char *verdict; /* NULL for none */
    mlsd__entry *entries;
    int64_t n_entries, capacity;
};

mlsd_status mlsd__result_new(const mlsd__allocator *a, const char *kind, mlsd_result **out);
/* Set or replace; `name` is without "timings.", which `timing` puts in front. */
mlsd_status mlsd__result_set_f64(mlsd_result *r, const char *name, double value, bool timing);
/* A number of a metric: "rmse.mean". */
mlsd_status mlsd__result_set_metric(mlsd_result *r, const char *metric, const char *what,
                                    double value);
mlsd_status mlsd__result_set_str(mlsd_result *r, const char *name, const char *value, bool timing);
/* Takes the table or model over, also on failure. */
mlsd_status mlsd__result_set_table(mlsd_result *r, const char *name, mlsd_table *table,
                                   bool timing);
mlsd_status mlsd__result_set_model(mlsd_result *r, const char *name, mlsd_model *model);
mlsd_status mlsd__result_set_verdict(mlsd_result *r, const char *text);
/* Takes the text over, also on failure, its own or one that it had before. */
mlsd_status mlsd__result_end_verdict(mlsd_result *r, mlsd__text *t);
/* Copy the numbers, texts and (shared) tables of `from`, each name behind `prefix` ("slices."), and
 * its verdict as the text "<prefix>verdict", or as the verdict where the prefix is "". Models stay
 * where they are. */
mlsd_status mlsd__result_absorb(mlsd_result *r, const char *prefix, const mlsd_result *from);
/* What made it: "cross_validate", "leaderboard", "slices", "experiment". */
const char *mlsd__result_kind(const mlsd_result *r);

#endif
