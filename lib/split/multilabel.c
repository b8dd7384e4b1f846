/* multilabel.c - iterative stratification: rows with several labels each are dealt so that every
 * part has its share of each label.
 *
 * Source: Sechidis, Tsoumakas & Vlahavas (2011), "On the stratification of multi-label data", ECML
 * PKDD, algorithm 1. The label with the fewest rows left is dealt first, each of its rows to the
 * part that wants most of that label, of such parts to the one that wants most rows, of such at
 * random. Rows without labels come last. Which words are drawn, and the rounding of what parts
 * want, are those of the Python package iterative-stratification 0.1.9, so indices are its. */
#include "split/multilabel.h"

#include <string.h>

/* Rows between two looks at the cancel flag. */
enum { STEP = 1024 };

mlsd_status mlsd__multilabel_new(const mlsd__allocator *a, const mlsd__split_input *in,
                                 const double *fractions, int64_t n_parts, mlsd__multilabel *m)
{
    const int64_t n_labels = in->n_labels;
    int64_t n_wanted = 0, n_set = 0;
    *m = (mlsd__multilabel){.n = in->n_rows,
                            .n_labels = n_labels,
                            .n_parts = n_parts,
                            .labels = in->labels,
                            .fractions = fractions};
    if (in->n_rows > INT32_MAX)
        return mlsd__fail(MLSD_E_DATA, "%s can deal at most %d rows, got %lld", in->kind, INT32_MAX,
                          (long long)in->n_rows);
    MLSD__TRY(mlsd__mul_size(n_labels, n_parts, &n_wanted));
    m->counts = mlsd__alloc(a, n_labels, sizeof *m->counts);
    if (m->counts == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < in->n_rows; i++) {
        for (int64_t j = 0; j < n_labels; j++) m->counts[j] += in->labels[i * n_labels + j] != 0;
    }
    m->starts = mlsd__alloc(a, n_labels + 1, sizeof *m->starts);
    if (m->starts == NULL) return MLSD_E_NOMEM;
    for (int64_t j = 0; j < n_labels; j++) m->starts[j + 1] = m->starts[j] + m->counts[j];
    n_set = m->starts[n_labels];
    m->left = mlsd__alloc_raw(a, n_labels, sizeof *m->left);
    if (m->left == NULL) return MLSD_E_NOMEM;
    m->places = mlsd__alloc_raw(a, n_set, sizeof *m->places);
    if (m->places == NULL) return MLSD_E_NOMEM;
    m->wanted = mlsd__alloc_raw(a, n_parts, sizeof *m->wanted);
    if (m->wanted == NULL) return MLSD_E_NOMEM;
    m->wanted_of = mlsd__alloc_raw(a, n_wanted, sizeof *m->wanted_of);
    if (m->wanted_of == NULL) return MLSD_E_NOMEM;
    m->ties = mlsd__alloc_raw(a, n_labels > n_parts ? n_labels : n_parts, sizeof *m->ties);
    if (m->ties == NULL) return MLSD_E_NOMEM;
    m->is_dealt = mlsd__alloc_raw(a, in->n_rows, sizeof *m->is_dealt);
    return m->is_dealt == NULL ? MLSD_E_NOMEM : MLSD_OK;
}

void mlsd__multilabel_free(mlsd__multilabel *m, const mlsd__allocator *a)
{
    mlsd__free(a, m->counts);
    mlsd__free(a, m->left);
    mlsd__free(a, m->starts);
    mlsd__free(a, m->places);
    mlsd__free(a, m->wanted);
    mlsd__free(a, m->wanted_of);
    mlsd__free(a, m->ties);
    mlsd__free(a, m->is_dealt);
}

static mlsd_status start_deal(mlsd__scope *scope, mlsd__multilabel *m, const int32_t *order)
{
    const int64_t n_labels = m->n_labels;
    for (int64_t j = 0; j < n_labels; j++) m->left[j] = m->starts[j];
    for (int64_t i = 0; i < m->n; i++) {
        const uint8_t *const has = m->labels + order[i] * n_labels;
        for (int64_t j = 0; j < n_labels; j++) {
            if (has[j]) m->places[m->left[j]++] = order[i];
        }
        if (i % STEP == 0) MLSD__TRY(mlsd__checkpoint(scope));
    }
    for (int64_t k = 0; k < m->n_parts; k++) m->wanted[k] = m->fractions[k] * (double)m->n;
    for (int64_t j = 0; j < n_labels; j++) {
        m->left[j] = m->counts[j];
        for (int64_t k = 0; k < m->n_parts; k++)
            m->wanted_of[j * m->n_parts + k] = m->fractions[k] * (double)m->counts[j];
    }
    memset(m->is_dealt, 0, (size_t)m->n);
    return MLSD_OK;
}

/* One of the first n ties. */
static int32_t break_ties(mlsd__mt19937 *mt, const mlsd__multilabel *m, int64_t n)
{
    return m->ties[n > 1 ? (int64_t)mlsd__mt_interval(mt, (uint64_t)(n - 1)) : 0];
}

/* The label with the fewest rows left, -1 when none has any. */
static int32_t rarest_label(mlsd__mt19937 *mt, const mlsd__multilabel *m)
{
    int64_t n_ties = 0, fewest = INT64_MAX;
    for (int64_t j = 0; j < m->n_labels; j++) {
        if (m->left[j] == 0 || m->left[j] > fewest) continue;
        if (m->left[j] < fewest) n_ties = 0;
        fewest = m->left[j];
        m->ties[n_ties++] = (int32_t)j;
    }
    return n_ties == 0 ? -1 : break_ties(mt, m, n_ties);
}

/* The part that wants most of a label, or just most rows where there is no label. */
static int32_t neediest_part(mlsd__mt19937 *mt, const mlsd__multilabel *m, int32_t label)
{
    const double *const of_label = label < 0 ? m->wanted : m->wanted_of + label * m->n_parts;
    int64_t n_ties = 0;
    double most = 0, most_rows = 0;
    for (int64_t k = 0; k < m->n_parts; k++) {
        const bool is_more =
            of_label[k] > most || (of_label[k] == most && m->wanted[k] > most_rows);
        const bool is_tie = of_label[k] == most && m->wanted[k] == most_rows;
        if (n_ties > 0 && !is_more && !is_tie) continue;
        if (n_ties == 0 || is_more) {
            n_ties = 0;
            most = of_label[k];
            most_rows = m->wanted[k];
        }
        m->ties[n_ties++] = (int32_t)k;
    }
    return break_ties(mt, m, n_ties);
}

static void deal_row(mlsd__mt19937 *mt, mlsd__multilabel *m, int32_t row, int32_t label,
                     int32_t *part_of)
{
    const uint8_t *const has = m->labels + row * m->n_labels;
    const int32_t k = neediest_part(mt, m, label);
    part_of[row] = k;
    m->is_dealt[row] = 1;
    m->wanted[k] -= 1;
    for (int64_t j = 0; j < m->n_labels; j++) {
        if (!has[j]) continue;
        m->wanted_of[j * m->n_parts + k] -= 1;
        m->left[j]--;
    }
}

mlsd_status mlsd__multilabel_deal(mlsd__scope *scope, mlsd__mt19937 *mt, mlsd__multilabel *m,
                                  const int32_t *order, int32_t *part_of)
{
    MLSD__TRY(start_deal(scope, m, order));
    for (;;) {
        const int32_t label = rarest_label(mt, m);
        const int32_t *const rows = label < 0 ? order : m->places + m->starts[label];
        const int64_t n = label < 0 ? m->n : m->counts[label];
        for (int64_t i = 0; i < n; i++) {
            if (!m->is_dealt[rows[i]]) deal_row(mt, m, rows[i], label, part_of);
            if (i % STEP == 0) MLSD__TRY(mlsd__checkpoint(scope));
        }
        if (label < 0) return MLSD_OK;
    }
}
