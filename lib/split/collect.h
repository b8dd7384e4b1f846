/* collect.h - the row numbers of which something holds, listed fast. */
#ifndef MLSD_SPLIT_COLLECT_H
#define MLSD_SPLIT_COLLECT_H

#include <stdbool.h>
#include <stdint.h>

/* The first n_wanted rows i for which (ids[i] == id) == wanted, ascending; there are so many. */
void mlsd__collect_i32(const int32_t *ids, int32_t id, bool wanted, int64_t n_wanted, int64_t *out);
/* The same of marks, of the rows' units where `units` is not NULL. */
void mlsd__collect_i8(const int8_t *marks, const int32_t *units, int8_t mark, int64_t n_wanted,
                      int64_t *out);

#endif
