/* dataset_target.c - what a data set learns from its target and its weights: are they usable, which
 * task is it, which classes are there. Afterwards the target is finite doubles: numbers, or class
 * numbers that ascend with the class's value or code points. The rest of a data set is in
 * dataset.c. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "base/text.h"
#include "data/dataset_impl.h"
#include "data/matrix_view.h"
#include "numeric/rank.h"

/* Whole numbers with more distinct values than this are no classes by themselves. */
enum { AUTO_MAX_CLASSES = 20 };
/* Classes that a message lists. */
enum { N_LISTED = 5 };

static const char *const task_names[] = {
    [MLSD_TASK_AUTO] = "auto",     [MLSD_TASK_REGRESSION] = "regression",
    [MLSD_TASK_BINARY] = "binary", [MLSD_TASK_MULTICLASS] = "multiclass",
    [MLSD_TASK_NONE] = "none",
};

char **mlsd__texts_new(const mlsd__allocator *a, int64_t n, int64_t n_bytes, char **out_bytes)
{
    int64_t size;
    if (__builtin_mul_overflow(n, (int64_t)sizeof(char *), &size) ||
        __builtin_add_overflow(size, n_bytes, &size)) {
        mlsd__fail_nomem();
        return NULL;
    }
    char **const texts = mlsd__alloc(a, size, 1);
    if (texts == NULL) return NULL;
    *out_bytes = (char *)(texts + n);
    return texts;
}

static mlsd_status check_rows(const mlsd__data_store *s)
{
    if (s->n_rows > 0) return MLSD_OK;
    return mlsd__fail(MLSD_E_DATA, "there are no rows; task '%s' without a target needs none",
                      task_names[MLSD_TASK_NONE]);
}

/* Every number of `values` is finite, or the message counts what is missing. */
static mlsd_status check_finite(const char *noun, const char *name, const double *values, int64_t n)
{
    int64_t n_missing = 0, first_missing = -1, first_infinite = -1;
    for (int64_t i = 0; i < n; i++) {
        if (fabs(values[i]) <= DBL_MAX) continue;
        if (!isnan(values[i])) {
            if (first_infinite < 0) first_infinite = i;
            continue;
        }
        if (n_missing++ == 0) first_missing = i;
    }
    if (n_missing > 0)
        return mlsd__fail(MLSD_E_DATA,
                          "the %s '%s' is missing (NaN) in %lld of %lld rows, first in row %lld; "
                          "drop these rows",
                          noun, name, (long long)n_missing, (long long)n, (long long)first_missing);
    if (first_infinite >= 0)
        return mlsd__fail(MLSD_E_DATA, "the %s '%s' is infinite in row %lld", noun, name,
                          (long long)first_infinite);
    return MLSD_OK;
}

/* Position of x among n ascending values, or where it belongs. */
static int64_t lower_bound(const double *ascending, int64_t n, double x)
{
    int64_t low = 0;
    while (low < n) {
        const int64_t middle = low + (n - low) / 2;
        if (ascending[middle] < x)
            low = middle + 1;
        else
            n = middle;
    }
    return low;
}

/* The task that numbers suggest; stops at the first row that settles it. */
static mlsd_task guess_task(const double *y, int64_t n)
{
    double distinct[AUTO_MAX_CLASSES + 1];
    int64_t n_distinct = 0;
    bool all_whole = true;
    for (int64_t i = 0; i < n; i++) {
        all_whole = all_whole && y[i] == floor(y[i]);
        const int64_t at = lower_bound(distinct, n_distinct, y[i]);
        if (at == n_distinct || distinct[at] != y[i]) {
            memmove(distinct + at + 1, distinct + at, (size_t)(n_distinct - at) * sizeof *distinct);
            distinct[at] = y[i];
            n_distinct++;
        }
        if (n_distinct > AUTO_MAX_CLASSES || (n_distinct > 2 && !all_whole))
            return MLSD_TASK_REGRESSION;
    }
    if (n_distinct == 2) return MLSD_TASK_BINARY;
    return all_whole ? MLSD_TASK_MULTICLASS : MLSD_TASK_REGRESSION;
}

/* Does the number of classes suit the task? Names the classes where it does not. */
static mlsd_status check_classes(const mlsd__data_store *s, mlsd_task task)
{
    if (s->n_classes == 1)
        return mlsd__fail(MLSD_E_DATA,
                          "the target '%s' is '%s' in every row; classification needs two classes",
                          s->target_name, s->class_names[0]);
    if (task != MLSD_TASK_BINARY || s->n_classes == 2) return MLSD_OK;

    mlsd__text list;
    mlsd__text_init(&list, &s->allocator);
    for (int64_t i = 0; i < s->n_classes && i < N_LISTED; i++)
        mlsd__text_format(&list, "%s'%s'", i > 0 ? ", " : "", s->class_names[i]);
    if (s->n_classes > N_LISTED) mlsd__text_append(&list, ", ...");
    mlsd_status status = list.status;
    if (status == MLSD_OK)
        status = mlsd__fail(MLSD_E_DATA,
                            "task 'binary' needs two classes, but the target '%s' has %lld: %s; "
                            "task 'multiclass' takes them",
                            s->target_name, (long long)s->n_classes, list.data);
    mlsd__text_free(&list);
    return status;
}

/* Name each class by the shortest text of its number. */
static mlsd_status name_number_classes(mlsd__data_store *s)
{
    char text[MLSD__NUMBER_CAPACITY];
    int64_t n_bytes = 0;
    for (int64_t i = 0; i < s->n_classes; i++)
        n_bytes += mlsd__format_double(s->class_values[i], text) + 1;
    char *end;
    s->class_names = mlsd__texts_new(&s->allocator, s->n_classes, n_bytes, &end);
    if (s->class_names == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < s->n_classes; i++) {
        const size_t size = (size_t)mlsd__format_double(s->class_values[i], text) + 1;
        s->class_names[i] = memcpy(end, text, size);
        end += size;
    }
    return MLSD_OK;
}

/* Turn the numbers of s->target into class numbers. */
static mlsd_status number_classes(mlsd__data_store *s)
{
    const mlsd__allocator *const a = &s->allocator;
    double *const values = mlsd__alloc_raw(a, s->n_rows, sizeof *values);
    int32_t *const codes = mlsd__alloc_raw(a, s->n_rows, sizeof *codes);
    mlsd_status status = MLSD_E_NOMEM;
    if (values == NULL || codes == NULL) goto out;
    status = mlsd__factorize(a, s->target, s->n_rows, values, &s->n_classes, codes);
    if (status != MLSD_OK) goto out;

    status = MLSD_E_NOMEM;
    s->class_values = mlsd__alloc_raw(a, s->n_classes, sizeof *s->class_values);
    if (s->class_values == NULL) goto out;
    /* + 0.0 turns -0 into 0, so that it is named "0". */
    for (int64_t i = 0; i < s->n_classes; i++) s->class_values[i] = values[i] + 0.0;
    for (int64_t i = 0; i < s->n_rows; i++) s->target[i] = (double)codes[i];
    status = name_number_classes(s);
out:
    mlsd__free(a, codes);
    mlsd__free(a, values);
    return status;
}

/* The same of several targets, which are numbers. */
static mlsd_status settle_many(mlsd__data_store *s, mlsd_task task)
{
    const int64_t t = s->n_targets;
    if (task != MLSD_TASK_AUTO && task != MLSD_TASK_REGRESSION)
        return mlsd__fail(MLSD_E_SHAPE, "y has %lld columns; task '%s' takes one target",
                          (long long)t, task_names[task]);
    for (int64_t i = 0; i < s->n_rows * t; i++) {
        if (!(fabs(s->target[i]) <= DBL_MAX))
            return mlsd__fail(MLSD_E_DATA, "column %lld of y is %s in row %lld; drop this row",
                              (long long)(i % t),
                              isnan(s->target[i]) ? "missing (NaN)" : "infinite",
                              (long long)(i / t));
    }
    s->task = MLSD_TASK_REGRESSION;
    return MLSD_OK;
}

/* s->target holds numbers: check them, and settle task and classes. */
static mlsd_status settle_numbers(mlsd__data_store *s, mlsd_task task)
{
    MLSD__TRY(check_finite("target", s->target_name, s->target, s->n_rows));
    s->task = task == MLSD_TASK_AUTO ? guess_task(s->target, s->n_rows) : task;
    if (s->task == MLSD_TASK_REGRESSION) return MLSD_OK;
    MLSD__TRY(number_classes(s));
    return check_classes(s, s->task);
}

static mlsd_status check_codes(const mlsd__data_store *s, const int32_t *codes)
{
    int64_t n_missing = 0, first = -1;
    for (int64_t i = 0; i < s->n_rows; i++) {
        if (codes[i] < 0 && n_missing++ == 0) first = i;
    }
    if (n_missing == 0) return MLSD_OK;
    return mlsd__fail(MLSD_E_DATA,
                      "the target '%s' is missing in %lld of %lld rows, first in row %lld; drop "
                      "these rows",
                      s->target_name, (long long)n_missing, (long long)s->n_rows, (long long)first);
}

/* Let `order[root]` sink to its place in the heap of the first n. */
static void sift_down(char *const *levels, int32_t *order, int64_t root, int64_t n)
{
    const int32_t moved = order[root];
    for (int64_t child; (child = 2 * root + 1) < n; root = child) {
        if (child + 1 < n && strcmp(levels[order[child]], levels[order[child + 1]]) < 0) child++;
        if (strcmp(levels[moved], levels[order[child]]) >= 0) break;
        order[root] = order[child];
    }
    order[root] = moved;
}

/* Ascending by code point, which is the order of UTF-8's bytes. Heapsort: levels differ, so
 * stability does not matter, and it needs no memory. */
void mlsd__levels_sort(char *const *levels, int32_t *order, int64_t n)
{
    for (int64_t i = n / 2 - 1; i >= 0; i--) sift_down(levels, order, i, n);
    for (int64_t last = n - 1; last > 0; last--) {
        const int32_t largest = order[0];
        order[0] = order[last];
        order[last] = largest;
        sift_down(levels, order, 0, last);
    }
}

/* Classes are the levels that occur. */
static mlsd_status number_levels(mlsd__data_store *s, const mlsd__column *y)
{
    const mlsd__allocator *const a = &s->allocator;
    const int32_t *const codes = y->values;
    int32_t *const order = mlsd__alloc_raw(a, y->n_levels, sizeof *order);
    int32_t *const class_of = mlsd__alloc(a, y->n_levels, sizeof *class_of);
    mlsd_status status = MLSD_E_NOMEM;
    if (order == NULL || class_of == NULL) goto out;

    for (int64_t i = 0; i < s->n_rows; i++) class_of[codes[i]] = 1;
    int64_t n_bytes = 0;
    for (int64_t code = 0; code < y->n_levels; code++) {
        if (class_of[code] == 0) continue;
        order[s->n_classes++] = (int32_t)code;
        n_bytes += (int64_t)strlen(y->levels[code]) + 1;
    }
    mlsd__levels_sort(y->levels, order, s->n_classes);

    char *end;
    s->class_names = mlsd__texts_new(a, s->n_classes, n_bytes, &end);
    if (s->class_names == NULL) goto out;
    for (int64_t i = 0; i < s->n_classes; i++) {
        const char *const level = y->levels[order[i]];
        const size_t size = strlen(level) + 1;
        s->class_names[i] = memcpy(end, level, size);
        end += size;
        class_of[order[i]] = (int32_t)i;
    }
    for (int64_t i = 0; i < s->n_rows; i++) s->target[i] = (double)class_of[codes[i]];
    status = MLSD_OK;
out:
    mlsd__free(a, class_of);
    mlsd__free(a, order);
    return status;
}

static mlsd_status settle_levels(mlsd__data_store *s, const mlsd__column *y, mlsd_task task)
{
    if (task == MLSD_TASK_REGRESSION)
        return mlsd__fail(MLSD_E_DATA,
                          "task 'regression' needs numbers, but the target '%s' is texts such as "
                          "'%s'",
                          s->target_name, y->n_levels > 0 ? y->levels[0] : "");
    MLSD__TRY(check_codes(s, y->values));
    MLSD__TRY(number_levels(s, y));
    const mlsd_task guess = s->n_classes == 2 ? MLSD_TASK_BINARY : MLSD_TASK_MULTICLASS;
    s->task = task == MLSD_TASK_AUTO ? guess : task;
    return check_classes(s, s->task);
}

/* Room for the target and its name. */
static mlsd_status begin_target(mlsd__data_store *s, const char *name, int64_t n_targets)
{
    int64_t size;
    MLSD__TRY(check_rows(s));
    MLSD__TRY(mlsd__mul_size(s->n_rows, n_targets, &size));
    s->n_targets = n_targets;
    s->target_name = mlsd__strdup(&s->allocator, name);
    if (s->target_name == NULL) return MLSD_E_NOMEM;
    s->target = mlsd__alloc_raw(&s->allocator, size, sizeof *s->target);
    return s->target != NULL ? MLSD_OK : MLSD_E_NOMEM;
}

mlsd_status mlsd__store_read_target(mlsd__data_store *s, const mlsd_matrix *y, mlsd_task task)
{
    MLSD__TRY(mlsd__matrix_check(y, "y"));
    if (y->rows != s->n_rows || y->cols < 2)
        MLSD__TRY(mlsd__matrix_check_vector(y, "y", s->n_rows));
    MLSD__TRY(begin_target(s, "y", y->cols));
    mlsd__matrix_read(y, NULL, 0, s->n_rows, s->target);
    return y->cols > 1 ? settle_many(s, task) : settle_numbers(s, task);
}

/* A number column of a table. */
static void read_column(const mlsd__column *column, double *out)
{
    const mlsd_dtype dtype = column->type == MLSD_COLUMN_F64 ? MLSD_F64 : MLSD_I64;
    mlsd__strided_read(dtype, column->values, 1, NULL, 0, column->n, out, 1);
}

mlsd_status mlsd__store_read_target_column(mlsd__data_store *s, const mlsd__column *y,
                                           const char *name, mlsd_task task)
{
    MLSD__TRY(begin_target(s, name, 1));
    if (y->type == MLSD_COLUMN_CATEGORY) return settle_levels(s, y, task);
    read_column(y, s->target);
    return settle_numbers(s, task);
}

static mlsd_status check_weight(const mlsd__data_store *s, const char *name)
{
    MLSD__TRY(check_finite("weight", name, s->weight, s->n_rows));
    double sum = 0;
    for (int64_t i = 0; i < s->n_rows; i++) {
        if (s->weight[i] < 0) {
            char text[MLSD__NUMBER_CAPACITY];
            mlsd__format_double(s->weight[i], text);
            return mlsd__fail(MLSD_E_DATA, "the weight '%s' is negative (%s) in row %lld", name,
                              text, (long long)i);
        }
        sum += s->weight[i];
    }
    if (s->n_rows > 0 && !(sum > 0))
        return mlsd__fail(MLSD_E_DATA, "the weight '%s' is 0 in every row", name);
    if (sum > DBL_MAX)
        return mlsd__fail(MLSD_E_DATA, "the sum of the weights '%s' is too large for a double",
                          name);
    return MLSD_OK;
}

mlsd_status mlsd__store_read_weight(mlsd__data_store *s, const mlsd_matrix *weight)
{
    MLSD__TRY(mlsd__matrix_check_vector(weight, "weight", s->n_rows));
    s->weight = mlsd__alloc_raw(&s->allocator, s->n_rows, sizeof *s->weight);
    if (s->weight == NULL) return MLSD_E_NOMEM;
    mlsd__matrix_read(weight, NULL, 0, s->n_rows, s->weight);
    return check_weight(s, "weight");
}

mlsd_status mlsd__store_read_weight_column(mlsd__data_store *s, const mlsd__column *weight,
                                           const char *name)
{
    if (weight->type == MLSD_COLUMN_CATEGORY)
        return mlsd__fail(MLSD_E_TYPE, "the weight '%s' is texts; it must be numbers", name);
    s->weight = mlsd__alloc_raw(&s->allocator, s->n_rows, sizeof *s->weight);
    if (s->weight == NULL) return MLSD_E_NOMEM;
    read_column(weight, s->weight);
    return check_weight(s, name);
}
