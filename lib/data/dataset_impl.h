/* dataset_impl.h - what a data set is made of. */
#ifndef MLSD_DATA_DATASET_IMPL_H
#define MLSD_DATA_DATASET_IMPL_H

#include <stdatomic.h>
#include <stdint.h>

#include "mlsd/dataset.h"
#include "data/dataset_roles.h"
#include "data/frame.h"
#include "data/table_impl.h"

/* What the views of a data set share. */
typedef struct mlsd__data_store {
    atomic_int references;
    mlsd__allocator allocator;
    mlsd_table *table;   /* shared columns, or NULL for a matrix */
    mlsd_matrix matrix;  /* where table == NULL */
    double *matrix_copy; /* owned copy behind `matrix`, or NULL */
    mlsd_release_fn release;
    void *release_user;
    int64_t n_rows, n_features;
    mlsd__feature *features;     /* n_features; names belong to `names` or `table` */
    char **names;                /* a matrix's feature names, see mlsd__texts_new; else NULL */
    mlsd__frame_column *columns; /* n_features, where table != NULL */
    mlsd_task task;
    int64_t n_targets; /* numbers of a row of `target`; several only with numbers */
    double *target;    /* n_rows x n_targets numbers, or class numbers; NULL without */
    double *weight;    /* NULL without */
    int64_t n_classes;
    char **class_names;        /* n_classes, see mlsd__texts_new */
    double *class_values;      /* n_classes numbers, NULL when classes are texts */
    char *target_name;         /* NULL without */
    const mlsd__column *group; /* the column of the role "group", which the table keeps; or NULL */
    const char *group_name;
    const mlsd__column *time, *time_end; /* likewise */
    const char *time_name, *time_end_name;
    const mlsd__column **ids; /* n_ids columns that the table keeps */
    const char **id_names;
    int64_t n_ids;
    bool has_names; /* the user gave feature names: models then match columns by name */
    struct mlsd__data_store *lender; /* all but the target is that store's; or NULL */
    /* How often each row was looked at, NULL until one is: what is written after the store was
     * handed over, atomically. See dataset_looks.c. */
    _Atomic(atomic_uint *) looks;
} mlsd__data_store;

struct mlsd_dataset {
    uint64_t magic;
    mlsd__data_store *store;
    int64_t n_rows;
    int64_t *rows; /* NULL: all */
};

/* The frame of a data set's features; lives as long as the data set. */
void mlsd__dataset_frame(const mlsd_dataset *d, mlsd__frame *out);

/* Target and weight of the data set's rows in order, gathered: *out is owned (mlsd__free with the
 * store's allocator) or NULL where there is none. */
mlsd_status mlsd__dataset_gather_target(const mlsd_dataset *d, double **out);
/* All targets of the rows, n_rows x n_targets; the one above takes no more than one. */
mlsd_status mlsd__dataset_gather_targets(const mlsd_dataset *d, double **out);
mlsd_status mlsd__dataset_gather_weight(const mlsd_dataset *d, double **out);

/* The rows of the data set are about to be looked at: make room for counting, which may fail. */
mlsd_status mlsd__dataset_look_prepare(const mlsd_dataset *d);
/* They were, after the above; repeats among the rows count once. *out is the number of this look:
 * how often the row that was looked at most has been by now. */
mlsd_status mlsd__dataset_look(const mlsd_dataset *d, int64_t *out);

/* Indices of levels, order[0 .. n-1], put into ascending order of code point. */
void mlsd__levels_sort(char *const *levels, int32_t *order, int64_t n);

/* The first row of the source that the data set shows twice, -1 where it shows none so. */
mlsd_status mlsd__dataset_find_repeat(const mlsd_dataset *d, int64_t *out_row);

/* The same rows with other targets, y[i] for row i (class numbers where there are classes); rows
 * that a view leaves out keep theirs. Nothing but the target is copied. Of a data set with one
 * target. */
mlsd_status mlsd__dataset_with_target(const mlsd_dataset *d, const double *y, mlsd_dataset **out);

/* Position of a feature by name, -1 without. */
int64_t mlsd__dataset_find_feature(const mlsd_dataset *d, const char *name);

/* n pointers and room for n_bytes of text behind them, in one block that one mlsd__free ends;
 * *out_bytes is that room. NULL when memory runs out. */
char **mlsd__texts_new(const mlsd__allocator *a, int64_t n, int64_t n_bytes, char **out_bytes);

/* Give a store (n_rows known) its target or weight, checked and converted; `task` is what was asked
 * for. For the two readers of a target: task, classes and target_name are set. On failure what was
 * set is freed with the store. */
mlsd_status mlsd__store_read_target(mlsd__data_store *s, const mlsd_matrix *y, mlsd_task task);
mlsd_status mlsd__store_read_target_column(mlsd__data_store *s, const mlsd__column *y,
                                           const char *name, mlsd_task task);
mlsd_status mlsd__store_read_weight(mlsd__data_store *s, const mlsd_matrix *weight);
mlsd_status mlsd__store_read_weight_column(mlsd__data_store *s, const mlsd__column *weight,
                                           const char *name);

#endif
