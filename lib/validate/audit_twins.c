/* audit_twins.c - the check "duplicates": test rows whose features equal those of a training row.
 *
 * Coarse data have equal rows by nature: few columns of few values run out of combinations. Such
 * rows also have many almost-equals, rows that differ in exactly one column, while a copied row has
 * none but by chance. So each set of equal rows is judged by its almost-equals, which one pass over
 * the data counts for all sets and columns: taking a column out of a row's hash is a subtraction.
 */
#include <math.h>
#include <string.h>

#include "model/row_pass.h"
#include "numeric/rank.h"
#include "validate/audit_impl.h"

enum {
    MAX_JUDGED = 2000, /* sets of equal rows that are judged one by one */
    FEWEST_JUDGED = 64,
    MAX_COUNTERS = 1 << 20 /* judged sets times columns */
};

/* Almost-equals of a set, for each of its further members, from which equality is natural. */
static const double NATURAL_RATIO = 0.1;

/* Shares of test rows with a copy in training: from here a score may move, and says little. Real
 * files have a few copies; those are remarked on. */
static const double WARNING_SHARE = 0.005, ERROR_SHARE = 0.05;
enum { FEWEST_WARNED = 3 };

/* Counts rows by the hash that is left without one column: open addressing, 0 is empty. */
typedef struct counters {
    uint64_t *key; /* n_columns x capacity */
    int64_t *count;
    int64_t capacity;
} counters;

typedef struct twins {
    int64_t n_members, n_sets, n_targets;
    int64_t *members;      /* rows that are not alone, ascending */
    int32_t *set;          /* of each member */
    int32_t *target;       /* of each member: equal in features and target */
    bool *is_natural;      /* of each set */
    int64_t *train_of_set; /* of each set: a training row of the split, -1 */
    int64_t *train_of_target;
    mlsd__audit_hits same, other;
    uint8_t *tested; /* rows that some split tests */
} twins;

static int64_t *slot(counters *c, int64_t j, uint64_t key, bool adds)
{
    uint64_t *const keys = c->key + j * c->capacity;
    uint64_t at = key & (uint64_t)(c->capacity - 1);
    for (; keys[at] != 0; at = (at + 1) & (uint64_t)(c->capacity - 1)) {
        if (keys[at] == key) return &c->count[j * c->capacity + (int64_t)at];
    }
    if (!adds) return NULL;
    keys[at] = key;
    return &c->count[j * c->capacity + (int64_t)at];
}

/* What is left of a row without column j; never 0. */
static uint64_t hash_without(const mlsd__audit *a, int64_t row, int64_t j, double value)
{
    uint64_t part[2];
    mlsd__audit_hash_value(j, value, part);
    const uint64_t left = a->row_hash[2 * row] - part[0];
    return left != 0 ? left : 1;
}

static mlsd_status count_all(mlsd__audit *a, counters *c)
{
    mlsd__row_reader reader;
    MLSD__TRY(mlsd__row_reader_open(&reader, a->scope->allocator, &a->frame));
    mlsd_status status = MLSD_OK;
    for (int64_t b = 0; b < mlsd__n_blocks(a->n_rows) && status == MLSD_OK; b++) {
        int64_t first, n, ld;
        const double *const x = mlsd__row_reader_block(&reader, b, &first, &n, &ld);
        for (int64_t i = 0; i < n; i++) {
            for (int64_t j = 0; j < a->n_features; j++) {
                int64_t *const count =
                    slot(c, j, hash_without(a, first + i, j, x[i * ld + j]), false);
                if (count != NULL) ++*count;
            }
        }
        status = mlsd__checkpoint(a->scope);
    }
    mlsd__row_reader_close(&reader);
    return status;
}

/* The first row and the size of each judged set, evenly spaced over all of them. */
typedef struct judged {
    int64_t n;
    int64_t *set, *row, *size;
    double *almost;
} judged;

static int64_t judged_set(const twins *t, const judged *g, int64_t i)
{
    return (int64_t)((double)i * ((double)t->n_sets / (double)g->n));
}

static void list_judged(const twins *t, judged *g)
{
    int64_t *const place = t->train_of_set; /* scratch here */
    for (int64_t s = 0; s < t->n_sets; s++) place[s] = -1;
    for (int64_t i = 0; i < g->n; i++) {
        g->set[i] = judged_set(t, g, i);
        g->row[i] = -1;
        place[g->set[i]] = i;
    }
    for (int64_t m = 0; m < t->n_members; m++) {
        const int64_t i = place[t->set[m]];
        if (i < 0) continue;
        if (g->row[i] < 0) g->row[i] = t->members[m];
        g->size[i]++;
    }
}

/* Put the judged sets' hashes in, count all rows, and take each set's own rows out again. */
static mlsd_status count_almost(mlsd__audit *a, counters *c, judged *g)
{
    const mlsd__allocator *const al = a->scope->allocator;
    const int64_t p = a->n_features;
    double *const x = mlsd__alloc_raw(al, p, sizeof *x);
    if (x == NULL) return MLSD_E_NOMEM;
    mlsd_status status = MLSD_OK;
    for (int pass = 0; pass < 2 && status == MLSD_OK; pass++) {
        for (int64_t i = 0; i < g->n; i++) {
            mlsd__frame_read(&a->frame, g->row[i], 1, x, NULL);
            for (int64_t j = 0; j < p; j++) {
                int64_t *const count = slot(c, j, hash_without(a, g->row[i], j, x[j]), true);
                if (pass == 1) g->almost[i] += (double)(*count - g->size[i]);
            }
        }
        if (pass == 0) status = count_all(a, c);
    }
    mlsd__free(al, x);
    return status;
}

static void decide(twins *t, const judged *g)
{
    int64_t n_natural = 0;
    for (int64_t i = 0; i < g->n; i++) {
        const bool is_natural =
            g->almost[i] > 0 && g->almost[i] >= NATURAL_RATIO * (double)(g->size[i] - 1);
        n_natural += is_natural;
        if (g->n == t->n_sets) t->is_natural[i] = is_natural;
    }
    for (int64_t s = 0; s < t->n_sets && g->n < t->n_sets; s++)
        t->is_natural[s] = 2 * n_natural > g->n;
}

/* Columns that are codes of each other (one-hot) never differ alone. Where most rows are repeats
 * and no column has nearly as many values as there are different rows, the data are coarse. */
static mlsd_status is_coarse(mlsd__audit *a, bool *out)
{
    const mlsd__allocator *const al = a->scope->allocator;
    const int64_t n_distinct = a->n_rows - a->n_with_twin;
    *out = false;
    if (2 * n_distinct > a->n_rows) return MLSD_OK;
    double *const x = mlsd__alloc_raw(al, a->n_rows, sizeof *x);
    double *const values = mlsd__alloc_raw(al, a->n_rows, sizeof *values);
    mlsd_status status = x == NULL || values == NULL ? MLSD_E_NOMEM : MLSD_OK;
    int64_t most = 0;
    for (int64_t j = 0; j < a->n_features && status == MLSD_OK; j++) {
        int64_t n_values = 0;
        mlsd__audit_column_read(a, j, a->frame.rows, 0, a->n_rows, x);
        status = mlsd__factorize_rows(a->scope, x, a->n_rows, values, &n_values, NULL);
        if (n_values > most) most = n_values;
    }
    mlsd__free(al, values);
    mlsd__free(al, x);
    *out = status == MLSD_OK && 2 * most < n_distinct;
    return status;
}

static mlsd_status judge(mlsd__audit *a, twins *t)
{
    bool all_natural;
    MLSD__TRY(is_coarse(a, &all_natural));
    if (all_natural) {
        for (int64_t s = 0; s < t->n_sets; s++) t->is_natural[s] = true;
        return MLSD_OK;
    }
    const mlsd__allocator *const al = a->scope->allocator;
    int64_t most = MAX_COUNTERS / a->n_features;
    if (most > MAX_JUDGED) most = MAX_JUDGED;
    if (most < FEWEST_JUDGED) most = FEWEST_JUDGED;
    judged g = {.n = t->n_sets < most ? t->n_sets : most};
    counters c = {.capacity = 16};
    while (c.capacity < 2 * g.n) c.capacity *= 2;
    int64_t n_counters;
    mlsd_status status = mlsd__mul_size(a->n_features, c.capacity, &n_counters);
    if (status != MLSD_OK) return status;
    g.set = mlsd__alloc(al, g.n, sizeof *g.set);
    g.row = mlsd__alloc(al, g.n, sizeof *g.row);
    g.size = mlsd__alloc(al, g.n, sizeof *g.size);
    g.almost = mlsd__alloc(al, g.n, sizeof *g.almost);
    c.key = mlsd__alloc(al, n_counters, sizeof *c.key);
    c.count = mlsd__alloc(al, n_counters, sizeof *c.count);
    status = g.set == NULL || g.row == NULL || g.size == NULL || g.almost == NULL ||
                     c.key == NULL || c.count == NULL
                 ? MLSD_E_NOMEM
                 : MLSD_OK;
    if (status == MLSD_OK) {
        list_judged(t, &g);
        status = count_almost(a, &c, &g);
    }
    if (status == MLSD_OK) decide(t, &g);
    mlsd__free(al, c.count);
    mlsd__free(al, c.key);
    mlsd__free(al, g.almost);
    mlsd__free(al, g.size);
    mlsd__free(al, g.row);
    mlsd__free(al, g.set);
    return status;
}

/* Number the sets by their first member, among the members alone. first[m] is the first member with
 * the same. */
static int64_t number_sets(const int64_t *first, int64_t n, int32_t *out)
{
    int32_t n_sets = 0;
    for (int64_t m = 0; m < n; m++) out[m] = first[m] == m ? n_sets++ : out[first[m]];
    return n_sets;
}

static mlsd_status number_members(mlsd__audit *a, twins *t)
{
    const mlsd__allocator *const al = a->scope->allocator;
    const int64_t n = t->n_members;
    int64_t n_hashes, n_paired;
    MLSD__TRY(mlsd__mul_size(n, 2, &n_hashes));
    uint64_t *const hashes = mlsd__alloc_raw(al, n_hashes, sizeof *hashes);
    int64_t *const first = mlsd__alloc_raw(al, n, sizeof *first);
    mlsd_status status = hashes == NULL || first == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t m = 0; m < n && status == MLSD_OK; m++)
        memcpy(hashes + 2 * m, a->row_hash + 2 * t->members[m], 2 * sizeof *hashes);
    if (status == MLSD_OK) status = mlsd__audit_first_equal(a, hashes, n, first, &n_paired);
    if (status == MLSD_OK) t->n_sets = number_sets(first, n, t->set);
    for (int64_t m = 0; m < n && status == MLSD_OK; m++) {
        uint64_t part[2] = {0, 0};
        if (a->y != NULL) mlsd__audit_hash_value(-2, a->y[t->members[m]], part);
        hashes[2 * m] += part[0];
        hashes[2 * m + 1] += part[1];
    }
    if (status == MLSD_OK) status = mlsd__audit_first_equal(a, hashes, n, first, &n_paired);
    if (status == MLSD_OK) t->n_targets = number_sets(first, n, t->target);
    mlsd__free(al, first);
    mlsd__free(al, hashes);
    return status;
}

/* Rows that are first of their kind and have followers, and those followers. */
static mlsd_status list_members(mlsd__audit *a, twins *t)
{
    const mlsd__allocator *const al = a->scope->allocator;
    uint8_t *const has_twin = mlsd__alloc(al, a->n_rows, 1);
    if (has_twin == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < a->n_rows; i++) {
        if (a->twin[i] != i) has_twin[i] = has_twin[a->twin[i]] = 1;
    }
    for (int64_t i = 0; i < a->n_rows; i++) t->n_members += has_twin[i];
    t->members = mlsd__alloc_raw(al, t->n_members, sizeof *t->members);
    t->set = mlsd__alloc_raw(al, t->n_members, sizeof *t->set);
    t->target = mlsd__alloc_raw(al, t->n_members, sizeof *t->target);
    const bool has_room = t->members != NULL && t->set != NULL && t->target != NULL;
    for (int64_t i = 0, m = 0; has_room && i < a->n_rows; i++) {
        if (has_twin[i]) t->members[m++] = i;
    }
    mlsd__free(al, has_twin);
    return has_room ? MLSD_OK : MLSD_E_NOMEM;
}

static mlsd_status duplicates_open(mlsd__audit *a, void **out_state)
{
    const mlsd__allocator *const al = a->scope->allocator;
    MLSD__TRY(mlsd__audit_find_twins(a));
    twins *const t = mlsd__alloc(al, 1, sizeof *t);
    if (t == NULL) return MLSD_E_NOMEM;
    *out_state = t;
    mlsd__audit_measure(a, "share of rows with an equal one before",
                        a->n_rows > 0 ? (double)a->n_with_twin / (double)a->n_rows : 0);
    if (a->n_with_twin == 0) return MLSD_OK;
    MLSD__TRY(list_members(a, t));
    MLSD__TRY(number_members(a, t));
    t->is_natural = mlsd__alloc(al, t->n_sets, sizeof *t->is_natural);
    t->train_of_set = mlsd__alloc(al, t->n_sets, sizeof *t->train_of_set);
    t->train_of_target = mlsd__alloc(al, t->n_targets, sizeof *t->train_of_target);
    t->tested = mlsd__alloc(al, a->n_rows, 1);
    if (t->is_natural == NULL || t->train_of_set == NULL || t->train_of_target == NULL ||
        t->tested == NULL)
        return MLSD_E_NOMEM;
    return judge(a, t);
}

static void duplicates_free(mlsd__audit *a, void *state)
{
    const mlsd__allocator *const al = a->scope->allocator;
    twins *const t = state;
    if (t == NULL) return;
    mlsd__free(al, t->members);
    mlsd__free(al, t->set);
    mlsd__free(al, t->target);
    mlsd__free(al, t->is_natural);
    mlsd__free(al, t->train_of_set);
    mlsd__free(al, t->train_of_target);
    mlsd__free(al, t->tested);
    mlsd__audit_hits_free(a, &t->same);
    mlsd__audit_hits_free(a, &t->other);
    mlsd__free(al, t);
}

static mlsd_status duplicates_visit(mlsd__audit *a, void *state, const mlsd__audit_split *s)
{
    twins *const t = state;
    if (t->n_members == 0) return MLSD_OK;
    for (int64_t i = 0; i < s->n_test; i++) t->tested[s->test[i]] = 1;
    memset(t->train_of_set, 0xff, (size_t)t->n_sets * sizeof *t->train_of_set);
    memset(t->train_of_target, 0xff, (size_t)t->n_targets * sizeof *t->train_of_target);
    for (int64_t m = t->n_members - 1; m >= 0; m--) {
        if (!(s->mark[t->members[m]] & MLSD__IN_TRAIN)) continue;
        t->train_of_set[t->set[m]] = t->members[m];
        t->train_of_target[t->target[m]] = t->members[m];
    }
    for (int64_t m = 0; m < t->n_members; m++) {
        const int64_t row = t->members[m];
        if (s->mark[row] != MLSD__IN_TEST || t->is_natural[t->set[m]]) continue;
        const int64_t same = t->train_of_target[t->target[m]], equal = t->train_of_set[t->set[m]];
        if (equal < 0) continue;
        MLSD__TRY(mlsd__audit_hit_add(a, same >= 0 ? &t->same : &t->other, s->number, row,
                                      same >= 0 ? same : equal));
    }
    return MLSD_OK;
}

static mlsd_status report(mlsd__audit *a, const char *kind, mlsd__audit_hits *hits, double n_tested,
                          const char *what)
{
    char rows[64], share[MLSD__AUDIT_NUMBER];
    const double part = (double)hits->n_rows / n_tested;
    const bool is_small = part < WARNING_SHARE || hits->n_rows < FEWEST_WARNED;
    const mlsd__severity severity = is_small              ? MLSD__INFO
                                    : part >= ERROR_SHARE ? MLSD__ERROR
                                                          : MLSD__WARNING;
    return mlsd__audit_report(
        a, kind, severity, -1, -1, NULL, hits,
        "%s (%s of those tested) equal a training row in %s: drop the copies, or keep them "
        "together (near_duplicate_split)",
        mlsd__audit_counted(hits->n_rows, "test row", rows), mlsd__audit_percent(part, share),
        what);
}

static mlsd_status duplicates_close(mlsd__audit *a, void *state)
{
    twins *const t = state;
    if (t->n_members == 0) return MLSD_OK;
    double n_tested = 0;
    for (int64_t i = 0; i < a->n_rows; i++) n_tested += t->tested[i];
    if (t->same.n_rows > 0) {
        MLSD__TRY(report(a, "duplicates", &t->same, n_tested,
                         a->y != NULL ? "features and target" : "features"));
    }
    if (t->other.n_rows == 0) return MLSD_OK;
    return report(a, "conflicting_duplicates", &t->other, n_tested, "features but not in target");
}

const mlsd__audit_check mlsd__audit_duplicates = {.name = "duplicates",
                                                  .is_cheap = true,
                                                  .open = duplicates_open,
                                                  .visit = duplicates_visit,
                                                  .close = duplicates_close,
                                                  .free_state = duplicates_free};
