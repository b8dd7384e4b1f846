/* registry.c - every kind there is, in the order of the documentation. The one file that knows all
 * folders; a new kind adds a line to each of the two lists. */
#include "base/kindtable.h"

extern const mlsd_kind mlsd__kind_context;
extern const mlsd_kind mlsd__kind_early_stopping;

const mlsd_kind *const mlsd__kinds[] = {
    &mlsd__kind_context,
    &mlsd__kind_early_stopping,
};
const int64_t mlsd__n_kinds = MLSD__COUNT(mlsd__kinds);
