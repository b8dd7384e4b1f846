/* result_impl.h - how a result is filled while it is being made. Names are unique; order is kept. */
#ifndef MLSD_VALIDATE_RESULT_IMPL_H
#define MLSD_VALIDATE_RESULT_IMPL_H

#include "mlsd/result.h"
#include "base/memory.h"
#include "model/model_impl.h"

mlsd_status mlsd__result_new(const mlsd__allocator *a, const char *kind, mlsd_result **out);
/* What is a "timing" (seconds, bytes of memory, dates) goes under "timings" in the JSON. */
mlsd_status mlsd__result_set_f64(mlsd_result *r, const char *name, double value, bool timing);
mlsd_status mlsd__result_set_str(mlsd_result *r, const char *name, const char *value, bool timing);
/* Takes the table or model over, also on failure. */
mlsd_status mlsd__result_set_table(mlsd_result *r, const char *name, mlsd_table *table, bool timing);
mlsd_status mlsd__result_set_model(mlsd_result *r, const char *name, mlsd_model *model);
mlsd_status mlsd__result_set_verdict(mlsd_result *r, const char *text);
/* Copy the verdict, numbers, texts and (shared) tables of `from`, each name behind `prefix`. */
mlsd_status mlsd__result_absorb(mlsd_result *r, const char *prefix, const mlsd_result *from);
/* What made it: "cross_validate", "leaderboard", "slices", "experiment". */
const char *mlsd__result_kind(const mlsd_result *r);

#endif
