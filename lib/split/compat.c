/* compat.c - NumPy's default argsort to the letter, because the folds of scikit-learn's GroupKFold
 * before 1.9 depend on how it orders equal sizes.
 *
 * It is introsort: quicksort by the median of three with Hoare's partition (Hoare 1962), the
 * smaller side first, insertion sort of short runs, and heapsort below a depth of 2 log2 n (Musser
 * 1997). */
#include "split/compat.h"

#include <stddef.h>

const char *const mlsd__compat_choices[] = {"1.2", "1.6", "1.8", "1.9", NULL};

/* A run with `last - first` of at most this is sorted by insertion. */
enum { SHORT_RUN = 15, STACK_CAPACITY = 128 };

static void swap(int64_t *a, int64_t *b)
{
    const int64_t held = *a;
    *a = *b;
    *b = held;
}

static void sort_by_insertion(const int64_t *x, int64_t *first, const int64_t *last)
{
    for (int64_t *i = first + 1; i <= last; i++) {
        const int64_t moved = *i;
        int64_t *to = i;
        for (; to > first && x[moved] < x[to[-1]]; to--) *to = to[-1];
        *to = moved;
    }
}

static void sift(const int64_t *x, int64_t *heap, int64_t root, int64_t n)
{
    const int64_t moved = heap[root];
    int64_t at = root;
    for (int64_t child = 2 * root; child <= n; child *= 2) {
        if (child < n && x[heap[child]] < x[heap[child + 1]]) child++;
        if (!(x[moved] < x[heap[child]])) break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moved;
}

/* heap[1 .. n] */
static void sort_by_heap(const int64_t *x, int64_t *heap, int64_t n)
{
    for (int64_t root = n / 2; root > 0; root--) sift(x, heap, root, n);
    while (n > 1) {
        swap(&heap[1], &heap[n]);
        n--;
        sift(x, heap, 1, n);
    }
}

/* Where the pivot ends up. */
static int64_t *partition(const int64_t *x, int64_t *first, int64_t *last)
{
    int64_t *const middle = first + ((last - first) >> 1);
    if (x[*middle] < x[*first]) swap(middle, first);
    if (x[*last] < x[*middle]) swap(last, middle);
    if (x[*middle] < x[*first]) swap(middle, first);
    const int64_t pivot = x[*middle];
    int64_t *low = first, *high = last - 1;
    swap(middle, high);
    for (;;) {
        do low++;
        while (x[*low] < pivot);
        do high--;
        while (pivot < x[*high]);
        if (low >= high) break;
        swap(low, high);
    }
    swap(low, last - 1);
    return low;
}

void mlsd__numpy_argsort(const int64_t *x, int64_t n, int64_t *order)
{
    struct {
        int64_t *first, *last;
        int32_t depth;
    } stack[STACK_CAPACITY];
    int32_t n_waiting = 0, depth = 0;
    for (int64_t i = 0; i < n; i++) order[i] = i;
    if (n < 2) return;
    for (int64_t size = n; size > 1; size >>= 1) depth += 2;
    int64_t *first = order, *last = order + n - 1;
    for (;;) {
        if (depth < 0) {
            sort_by_heap(x, first - 1, last - first + 1);
        } else {
            while (last - first > SHORT_RUN) {
                int64_t *const pivot = partition(x, first, last);
                depth--;
                stack[n_waiting].depth = depth;
                if (pivot - first < last - pivot) {
                    stack[n_waiting].first = pivot + 1;
                    stack[n_waiting].last = last;
                    last = pivot - 1;
                } else {
                    stack[n_waiting].first = first;
                    stack[n_waiting].last = pivot - 1;
                    first = pivot + 1;
                }
                n_waiting++;
            }
            sort_by_insertion(x, first, last);
        }
        if (n_waiting == 0) return;
        n_waiting--;
        first = stack[n_waiting].first;
        last = stack[n_waiting].last;
        depth = stack[n_waiting].depth;
    }
}
