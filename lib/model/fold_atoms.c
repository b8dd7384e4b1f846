/* fold_atoms.c - atoms by refinement: all rows begin as one, and each split divides every atom into
 * the rows it trains on, tests, both or neither. Atoms are numbered by their first rows, so that
 * they depend on the splits alone. Splits are taken as long as atoms stay few; the test folds of a
 * partition need no refinement. */
#include "model/fold_atoms.h"

#include <string.h>

enum { IN_TRAIN = 1, IN_TEST = 2, N_ROLES = 4 };

typedef struct refinement {
    int64_t n_rows, n_atoms, most_atoms;
    int32_t *code, *next; /* of each row: its atom, and the one after the split at hand */
    uint8_t *role;        /* of each row in the split at hand */
    int32_t *renumber;    /* most_atoms x N_ROLES */
} refinement;

static mlsd_status refinement_open(refinement *r, const mlsd__allocator *a, int64_t n_rows,
                                   int64_t most_atoms)
{
    *r = (refinement){.n_rows = n_rows, .n_atoms = 1, .most_atoms = most_atoms};
    r->code = mlsd__alloc(a, n_rows, sizeof *r->code);
    r->next = mlsd__alloc_raw(a, n_rows, sizeof *r->next);
    r->role = mlsd__alloc_raw(a, n_rows, sizeof *r->role);
    r->renumber = mlsd__alloc_raw(a, most_atoms * N_ROLES, sizeof *r->renumber);
    const bool has_all =
        r->code != NULL && r->next != NULL && r->role != NULL && r->renumber != NULL;
    return has_all ? MLSD_OK : MLSD_E_NOMEM;
}

static void refinement_close(refinement *r, const mlsd__allocator *a)
{
    mlsd__free(a, r->code);
    mlsd__free(a, r->next);
    mlsd__free(a, r->role);
    mlsd__free(a, r->renumber);
}

/* Mark rows with a role; false where one has it already. */
static bool mark(uint8_t *role, const int64_t *rows, int64_t n, uint8_t bit)
{
    uint8_t seen = 0;
    for (int64_t i = 0; i < n; i++) {
        seen |= (uint8_t)(role[rows[i]] & bit);
        role[rows[i]] |= bit;
    }
    return seen == 0;
}

/* Divide the atoms by a split; false, and nothing changes, where they would be too many or a row is
 * in a part twice. */
static bool refine(refinement *r, const mlsd__path_rows *split)
{
    memset(r->role, 0, (size_t)r->n_rows);
    if (!mark(r->role, split->train, split->n_train, IN_TRAIN) ||
        !mark(r->role, split->test, split->n_test, IN_TEST))
        return false;
    memset(r->renumber, -1, (size_t)(r->n_atoms * N_ROLES) * sizeof *r->renumber);
    int64_t n_atoms = 0;
    for (int64_t i = 0; i < r->n_rows; i++) {
        int32_t *const number = &r->renumber[r->code[i] * N_ROLES + r->role[i]];
        if (*number < 0) {
            if (n_atoms == r->most_atoms) return false;
            *number = (int32_t)n_atoms++;
        }
        r->next[i] = *number;
    }
    int32_t *const kept = r->code;
    r->code = r->next;
    r->next = kept;
    r->n_atoms = n_atoms;
    return true;
}

/* The test rows of splits first .. first + n - 1 are the atoms 0 .. n - 1; what they do not test is
 * the last one. */
static int64_t number_folds(refinement *r, const mlsd__path_rows *splits, int64_t first, int64_t n)
{
    int64_t n_tested = 0;
    for (int64_t i = 0; i < r->n_rows; i++) r->code[i] = (int32_t)n;
    for (int64_t k = 0; k < n; k++) {
        const mlsd__path_rows *const split = &splits[first + k];
        for (int64_t i = 0; i < split->n_test; i++) r->code[split->test[i]] = (int32_t)k;
        n_tested += split->n_test;
    }
    return n_tested < r->n_rows ? n + 1 : n;
}

/* Rows by atom (counting sort), and room for who trains on what. */
static mlsd_status sort_rows(const mlsd__allocator *a, const refinement *r, mlsd__fold_atoms *out)
{
    const int64_t k = r->n_atoms, n = r->n_rows;
    int64_t *const first = out->first = mlsd__alloc(a, k + 1, sizeof *first);
    int64_t *const rows = out->rows = mlsd__alloc_raw(a, n, sizeof *rows);
    out->parts = (mlsd__part_rows){.n_parts = k, .rows = rows, .first = first};
    out->is_train = mlsd__alloc(a, out->n_splits * k, 1);
    out->is_test = mlsd__alloc(a, out->n_splits * k, 1);
    if (first == NULL || rows == NULL || out->is_train == NULL || out->is_test == NULL)
        return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) first[r->code[i] + 1]++;
    for (int64_t atom = 0; atom < k; atom++) first[atom + 1] += first[atom];
    for (int64_t i = 0; i < n; i++) rows[first[r->code[i]]++] = i;
    for (int64_t atom = k; atom > 0; atom--) first[atom] = first[atom - 1];
    first[0] = 0;
    return MLSD_OK;
}

/* Atoms of rows that no split uses have no role; they become empty. */
static void drop_unused(const mlsd__fold_atoms *atoms)
{
    const int64_t k = atoms->parts.n_parts;
    int64_t *const first = atoms->first, *const rows = atoms->rows;
    int64_t end = 0;
    for (int64_t atom = 0; atom < k; atom++) {
        const int64_t begin = first[atom], n = first[atom + 1] - begin;
        uint8_t used = 0;
        for (int64_t s = 0; s < atoms->n_splits; s++)
            used |= atoms->is_train[s * k + atom] | atoms->is_test[s * k + atom];
        first[atom] = end;
        if (used == 0) continue;
        memmove(rows + end, rows + begin, (size_t)n * sizeof *rows);
        end += n;
    }
    first[k] = end;
}

static void tell_roles(const refinement *r, const mlsd__path_rows *splits, bool is_partition,
                       mlsd__fold_atoms *out)
{
    const int64_t k = r->n_atoms;
    for (int64_t s = 0; s < out->n_splits; s++) {
        uint8_t *const is_train = out->is_train + s * k, *const is_test = out->is_test + s * k;
        if (is_partition) {
            memset(is_train, 1, (size_t)k);
            is_train[s] = 0;
            is_test[s] = 1;
            continue;
        }
        const mlsd__path_rows *const split = &splits[out->first_split + s];
        for (int64_t i = 0; i < split->n_train; i++) is_train[r->code[split->train[i]]] = 1;
        for (int64_t i = 0; i < split->n_test; i++) is_test[r->code[split->test[i]]] = 1;
    }
}

mlsd_status mlsd__fold_atoms_cut(mlsd__scope *scope, int64_t n_rows, const mlsd__path_rows *splits,
                                 int64_t n_splits, bool is_partition, int64_t first_split,
                                 int64_t most_atoms, mlsd__fold_atoms *out)
{
    const mlsd__allocator *const a = scope->allocator;
    *out = (mlsd__fold_atoms){.first_split = first_split};
    if (most_atoms < N_ROLES) most_atoms = N_ROLES; /* one split has no more */
    refinement r;
    mlsd_status status = refinement_open(&r, a, n_rows, most_atoms);
    if (status == MLSD_OK && is_partition) {
        const int64_t left = n_splits - first_split;
        out->n_splits = left < most_atoms - 1 ? left : most_atoms - 1;
        r.n_atoms = number_folds(&r, splits, first_split, out->n_splits);
    }
    for (int64_t s = first_split; status == MLSD_OK && !is_partition && s < n_splits; s++) {
        if (!refine(&r, &splits[s])) break;
        out->n_splits++;
        status = mlsd__checkpoint(scope);
    }
    if (status == MLSD_OK && out->n_splits > 0) status = sort_rows(a, &r, out);
    if (status == MLSD_OK && out->n_splits > 0) {
        tell_roles(&r, splits, is_partition, out);
        if (!is_partition) drop_unused(out);
    }
    refinement_close(&r, a);
    return status;
}

void mlsd__fold_atoms_free(mlsd__fold_atoms *atoms, const mlsd__allocator *a)
{
    mlsd__free(a, atoms->rows);
    mlsd__free(a, atoms->first);
    mlsd__free(a, atoms->is_train);
    mlsd__free(a, atoms->is_test);
    *atoms = (mlsd__fold_atoms){.first_split = 0};
}
