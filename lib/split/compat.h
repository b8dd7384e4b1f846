/* compat.h - the behaviour to follow where scikit-learn changed, and NumPy's sorting before that.
 */
#ifndef MLSD_SPLIT_COMPAT_H
#define MLSD_SPLIT_COMPAT_H

#include <stdint.h>

/* The releases of the parameter `compat`, in order. */
typedef int64_t mlsd__compat;
enum { MLSD__SK_1_2 = 0, MLSD__SK_1_6 = 1, MLSD__SK_1_8 = 2, MLSD__SK_1_9 = 3 };
extern const char *const mlsd__compat_choices[];

/* NumPy's argsort by default, quicksort with its order among equals as in releases before 1.25 and
 * on processors without vector sorting: order[k] is the index of the k-th smallest. */
void mlsd__numpy_argsort(const int64_t *x, int64_t n, int64_t *order);

#endif
