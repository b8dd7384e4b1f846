/* metric_cluster.c - do two clusterings agree? Pair counts (Rand and kin), information (mutual,
 * normalised, adjusted) and V. y and prediction are labels, any numbers; only which rows share one
 * matters.
 *
 * With weights a pair of rows counts as the product of its weights.
 *
 * Every value is a smooth function of three sums over the cells of the contingency table: of
 * squared shares of cells, rows and columns, or of information and the two entropies. So a row's
 * influence on it is that of its cell on these, and the interval is the t interval of the rows'
 * influences (the infinitesimal jackknife: Efron & Tibshirani 1993, ch. 22). It is about rows drawn
 * from more of their kind to which both labellings were given; that a clustering would come out
 * otherwise with other rows is not in it. Where no row has any (equal clusterings) nothing tells a
 * spread, and there is no interval.
 *
 * An entropy of k shares is underrated by about (k - 1) / 2 n (Miller 1955, in Quastler,
 * Information Theory in Psychology), information, the margins' entropies less the table's, thereby
 * mostly overrated: the interval of what is made of them is about the value less that, k being the
 * shares that are not 0. adjusted_mutual_info has it taken off already. */
#include <math.h>
#include <string.h>

#include "data/table_impl.h"
#include "metric/contingency.h"
#include "numeric/mathfun.h"
#include "numeric/rank.h"

static const char *const averages[] = {"arithmetic", "geometric", "min", "max", NULL};
enum { ARITHMETIC, GEOMETRIC, MIN, MAX };

typedef struct cluster_params {
    int64_t average_method;
    double beta;
} cluster_params;

/* The table with its margins. */
typedef struct clusters {
    int64_t n_cells, n_rows, n_cols; /* of the table */
    mlsd__contingency_cell *cells;   /* by row, then by column */
    int64_t *row_of, *col_of;        /* of each cell */
    double *row_weight, *col_weight;
    double total, squares, support;
} clusters;

static void clusters_free(const mlsd__allocator *a, clusters *c)
{
    mlsd__free(a, c->cells);
    mlsd__free(a, c->row_of);
    mlsd__free(a, c->row_weight);
}

/* Number columns by the order of their labels: the distinct ones, by sorting cells' labels. */
static mlsd_status number_columns(mlsd__scope *scope, clusters *c)
{
    const mlsd__allocator *const a = scope->allocator;
    double *const labels = mlsd__alloc_raw(a, 2 * c->n_cells, sizeof *labels);
    int32_t *const codes = mlsd__alloc_raw(a, c->n_cells, sizeof *codes);
    mlsd_status status = labels == NULL || codes == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t i = 0; status == MLSD_OK && i < c->n_cells; i++) {
        labels[i] = c->cells[i].prediction;
    }
    if (status == MLSD_OK) {
        status =
            mlsd__factorize_rows(scope, labels, c->n_cells, labels + c->n_cells, &c->n_cols, codes);
    }
    for (int64_t i = 0; status == MLSD_OK && i < c->n_cells; i++) c->col_of[i] = codes[i];
    mlsd__free(a, codes);
    mlsd__free(a, labels);
    return status;
}

static mlsd_status clusters_read(mlsd__scope *scope, const mlsd__finish *f, clusters *c)
{
    const mlsd__allocator *const a = scope->allocator;
    memset(c, 0, sizeof *c);
    MLSD__TRY(mlsd__contingency_read(scope, f->state, f->slot, &c->cells, &c->n_cells));
    if (c->n_cells == 0) return MLSD_OK;
    c->row_of = mlsd__alloc(a, 2 * c->n_cells, sizeof *c->row_of);
    if (c->row_of == NULL) return MLSD_E_NOMEM;
    c->col_of = c->row_of + c->n_cells;
    c->row_weight = mlsd__alloc(a, 2 * c->n_cells, sizeof *c->row_weight);
    if (c->row_weight == NULL) return MLSD_E_NOMEM;
    c->col_weight = c->row_weight + c->n_cells;
    MLSD__TRY(number_columns(scope, c));
    for (int64_t i = 0; i < c->n_cells; i++) {
        const mlsd__contingency_cell *const cell = &c->cells[i];
        c->n_rows += i == 0 || cell->y != cell[-1].y;
        c->row_of[i] = c->n_rows - 1;
        c->row_weight[c->row_of[i]] += cell->weight;
        c->col_weight[c->col_of[i]] += cell->weight;
        c->total += cell->weight;
        c->squares += cell->squares;
        c->support += cell->count;
    }
    return mlsd__checkpoint(scope);
}

/* ---- pairs ---- */

/* Ordered pairs of rows, by weight: together in both, in y alone, in prediction alone, in none. */
typedef struct pair_counts {
    double both, y_only, prediction_only, none;
} pair_counts;

static double sum_squares(const double *x, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += x[i] * x[i];
    return sum;
}

static pair_counts count_pairs(const clusters *c)
{
    double cells = 0;
    for (int64_t i = 0; i < c->n_cells; i++) cells += c->cells[i].weight * c->cells[i].weight;
    const double rows = sum_squares(c->row_weight, c->n_rows);
    const double cols = sum_squares(c->col_weight, c->n_cols);
    return (pair_counts){.both = fmax(0, cells - c->squares),
                         .y_only = fmax(0, rows - cells),
                         .prediction_only = fmax(0, cols - cells),
                         .none = fmax(0, c->total * c->total - rows - cols + cells)};
}

/* A value and its derivatives by three sums: squared shares of cells, rows and columns, or mutual
 * information, entropy of y and entropy of prediction. */
typedef struct slopes {
    double value;
    double by[3];
} slopes;
static const slopes undefined = {NAN, {NAN, NAN, NAN}};

/* Rand (1971), JASA 66:846. */
static slopes rand_index(const clusters *c, mlsd__estimate *e)
{
    const pair_counts p = count_pairs(c);
    const double all = p.both + p.y_only + p.prediction_only + p.none;
    e->numerator = p.both + p.none;
    e->denominator = all;
    if (!(all > 0)) return undefined;
    const double s = c->total * c->total / all; /* ordered pairs, with a row's own, to those */
    return (slopes){(p.both + p.none) / all, {2 * s, -s, -s}};
}

/* Hubert & Arabie (1985), J. Classification 2:193. The value is 2 (a d - b c) / B, by the numbers
 * of pairs; slopes are those of the limit (q - r k) / ((r + k) / 2 - r k) of many rows, q, r and k
 * being the sums of squared shares. */
static slopes adjusted_rand(const clusters *c)
{
    const pair_counts p = count_pairs(c);
    if (p.y_only == 0 && p.prediction_only == 0) {
        return p.both + p.none > 0 ? (slopes){1, {0, 0, 0}} : undefined;
    }
    const double n2 = c->total * c->total, own = c->squares / n2;
    const double q = p.both / n2 + own, r = q + p.y_only / n2, k = q + p.prediction_only / n2;
    const double above = q - r * k, below = (r + k) / 2 - r * k;
    return (slopes){2 * (p.both * p.none - p.y_only * p.prediction_only) /
                        ((p.both + p.y_only) * (p.y_only + p.none) +
                         (p.both + p.prediction_only) * (p.prediction_only + p.none)),
                    {1 / below, (-k - above / below * (0.5 - k)) / below,
                     (-r - above / below * (0.5 - r)) / below}};
}

/* Fowlkes & Mallows (1983), JASA 78:553. */
static slopes fowlkes_mallows(const clusters *c)
{
    const pair_counts p = count_pairs(c);
    const double y = p.both + p.y_only, prediction = p.both + p.prediction_only;
    if (!(y > 0 && prediction > 0)) return undefined;
    const double value = sqrt(p.both / y) * sqrt(p.both / prediction), n2 = c->total * c->total;
    return (slopes){
        value,
        {n2 / (sqrt(y) * sqrt(prediction)), -value / (2 * y) * n2, -value / (2 * prediction) * n2}};
}

/* ---- information, in nats ---- */

static double entropy_of(const double *weight, int64_t n, double total)
{
    double sum = 0;
    if (n == 1) return 0;
    for (int64_t i = 0; i < n; i++) {
        const double p = weight[i] / total;
        sum -= p * mlsd__log(p);
    }
    return sum;
}

static double mutual_information(const clusters *c)
{
    double sum = 0;
    if (c->n_rows == 1 || c->n_cols == 1) return 0;
    for (int64_t i = 0; i < c->n_cells; i++) {
        const double w = c->cells[i].weight;
        const double of_row = c->row_weight[c->row_of[i]], of_col = c->col_weight[c->col_of[i]];
        sum += w / c->total * (mlsd__log(w / of_row) + mlsd__log(c->total / of_col));
    }
    return fmax(0, sum);
}

static double average_of(double a, double b, int64_t method)
{
    switch (method) {
    case GEOMETRIC:
        return sqrt(a * b);
    case MIN:
        return fmin(a, b);
    case MAX:
        return fmax(a, b);
    default:
        return (a + b) / 2;
    }
}

/* Sum over the hypergeometric overlaps k of a row of a rows and a column of b of k / n log(n k /
 * (a b)) times their probability, outwards from the most likely one, whose probability does not
 * underflow. */
static double expected_of(double a, double b, double n)
{
    const double low = fmax(0, a + b - n), high = fmin(a, b);
    const double mode = fmin(high, fmax(low, floor((a + 1) * (b + 1) / (n + 2))));
    const double log_p = mlsd__lgamma(a + 1) + mlsd__lgamma(b + 1) + mlsd__lgamma(n - a + 1) +
                         mlsd__lgamma(n - b + 1) - mlsd__lgamma(n + 1) - mlsd__lgamma(mode + 1) -
                         mlsd__lgamma(a - mode + 1) - mlsd__lgamma(b - mode + 1) -
                         mlsd__lgamma(n - a - b + mode + 1);
    const double base = mlsd__log(n / a) - mlsd__log(b), top = mlsd__exp(log_p);
    double sum = 0, p = top;
    for (double k = mode; k <= high && p > 0; k++) {
        if (k > 0) sum += k / n * (base + mlsd__log(k)) * p;
        p *= (a - k) * (b - k) / ((k + 1) * (n - a - b + k + 1));
    }
    p = top;
    for (double k = mode - 1; k >= low && p > 0; k--) {
        p *= (k + 1) * (n - a - b + k + 1) / ((a - k) * (b - k));
        if (k > 0) sum += k / n * (base + mlsd__log(k)) * p;
    }
    return sum;
}

/* Vinh, Epps & Bailey (2010), J. Mach. Learn. Res. 11:2837, eq. 24a. */
static mlsd_status expected_information(mlsd__scope *scope, const clusters *c, double *out)
{
    *out = 0;
    for (int64_t i = 0; i < c->n_rows; i++) {
        for (int64_t j = 0; j < c->n_cols; j++) {
            *out += expected_of(c->row_weight[i], c->col_weight[j], c->total);
        }
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    return MLSD_OK;
}

/* Information, entropies and what a mean of these grows by with either. */
typedef struct information {
    double mutual, of_y, of_prediction, mean;
    double mean_by[2];
} information;

static information measure(const clusters *c, int64_t method)
{
    information x = {.mutual = mutual_information(c),
                     .of_y = entropy_of(c->row_weight, c->n_rows, c->total),
                     .of_prediction = entropy_of(c->col_weight, c->n_cols, c->total)};
    const bool y_is_less = x.of_y < x.of_prediction;
    x.mean = average_of(x.of_y, x.of_prediction, method);
    switch (method) {
    case GEOMETRIC:
        x.mean_by[0] = x.of_prediction / (2 * x.mean);
        x.mean_by[1] = x.of_y / (2 * x.mean);
        break;
    case MIN:
    case MAX:
        x.mean_by[0] = y_is_less == (method == MIN);
        x.mean_by[1] = 1 - x.mean_by[0];
        break;
    default:
        x.mean_by[0] = x.mean_by[1] = 0.5;
        break;
    }
    return x;
}

/* `expected` changes by as little as 1 / rows: it is taken to stay. */
static slopes share_of_mean(const information *x, double expected, double value)
{
    const double room = x->mean - expected;
    return (slopes){value,
                    {1 / room, -value / room * x->mean_by[0], -value / room * x->mean_by[1]}};
}

static mlsd_status adjusted_information(mlsd__scope *scope, const clusters *c, const information *x,
                                        slopes *out)
{
    double expected = 0;
    *out = (slopes){1, {0, 0, 0}};
    if (c->n_rows == 1 && c->n_cols == 1) return MLSD_OK;
    MLSD__TRY(expected_information(scope, c, &expected));
    const double room = x->mean - expected;
    /* Every row alone in both: nothing is left to be found by luck, or by anything else. */
    const double least = 2.220446049250313e-16;
    const double value =
        (x->mutual - expected) / (room < 0 ? fmin(room, -least) : fmax(room, least));
    *out = share_of_mean(x, expected, value);
    return MLSD_OK;
}

static slopes normalized_information(const clusters *c, const information *x)
{
    if (c->n_rows == 1 && c->n_cols == 1) return (slopes){1, {0, 0, 0}};
    if (!(x->mutual > 0)) return (slopes){0, {0, 0, 0}};
    return share_of_mean(x, 0, x->mutual / x->mean);
}

/* Rosenberg & Hirschberg (2007), EMNLP: 1 where there is nothing to tell. */
static slopes homogeneity_of(const information *x)
{
    if (!(x->of_y > 0)) return (slopes){1, {0, 0, 0}};
    const double value = x->mutual / x->of_y;
    return (slopes){value, {1 / x->of_y, -value / x->of_y, 0}};
}

static slopes completeness_of(const information *x)
{
    if (!(x->of_prediction > 0)) return (slopes){1, {0, 0, 0}};
    const double value = x->mutual / x->of_prediction;
    return (slopes){value, {1 / x->of_prediction, 0, -value / x->of_prediction}};
}

static slopes v_of(const information *x, double beta)
{
    const slopes h = homogeneity_of(x), k = completeness_of(x);
    const double below = beta * h.value + k.value;
    if (!(h.value + k.value > 0)) return (slopes){0, {0, 0, 0}};
    slopes out = {(1 + beta) * h.value * k.value / below, {0, 0, 0}};
    const double by_h = (1 + beta) * k.value * k.value / (below * below);
    const double by_k = beta * (1 + beta) * h.value * h.value / (below * below);
    for (int i = 0; i < 3; i++) out.by[i] = by_h * h.by[i] + by_k * k.by[i];
    return out;
}

/* ---- the spread ---- */

/* What a cell's rows bring to the three sums: their means over rows are the sums themselves. Of a
 * sum of squared shares it is twice the share, half of which is the row's own. */
static void cell_terms(const clusters *c, int64_t i, bool of_information, double *x)
{
    const double of_row = c->row_weight[c->row_of[i]] / c->total;
    const double of_col = c->col_weight[c->col_of[i]] / c->total;
    const double share = c->cells[i].weight / c->total;
    if (of_information) {
        x[0] = mlsd__log(share / of_row / of_col);
        x[1] = -mlsd__log(of_row);
        x[2] = -mlsd__log(of_col);
    } else {
        x[0] = 2 * share;
        x[1] = 2 * of_row;
        x[2] = 2 * of_col;
    }
}

/* By how much the value is too high, to first order, and what the spread of the information about
 * that adds to the variance: without any agreement 2 n x information is chi-square of as many
 * degrees of freedom, and the influences vanish. */
static double bias_of(const clusters *c, const slopes *of, double n, double *out_variance)
{
    const double rows = (double)c->n_rows - 1, cols = (double)c->n_cols - 1;
    const double joint = (double)c->n_cells - 1 - rows - cols;
    *out_variance = of->by[0] * of->by[0] * fmax(0, joint) / (2 * n * n);
    return (of->by[0] * joint - of->by[1] * rows - of->by[2] * cols) / (2 * n);
}

/* Standard error from the influences of the rows of each cell on the value. */
static void spread(const clusters *c, const slopes *of, bool of_information, mlsd__estimate *e,
                   double *out_bias)
{
    double x[3], mean[3] = {0}, squares = 0, more = 0;
    for (int64_t i = 0; i < c->n_cells; i++) {
        cell_terms(c, i, of_information, x);
        for (int k = 0; k < 3; k++) mean[k] += c->cells[i].weight / c->total * x[k];
    }
    for (int64_t i = 0; i < c->n_cells; i++) {
        double influence = 0;
        cell_terms(c, i, of_information, x);
        for (int k = 0; k < 3; k++) influence += of->by[k] * (x[k] - mean[k]);
        squares += c->cells[i].squares * influence * influence;
    }
    const double n = c->support;
    e->n_rows = c->total * c->total / c->squares;
    e->df = n - 1;
    *out_bias = of_information ? bias_of(c, of, e->n_rows, &more) : 0;
    if (n < 2) return;
    e->se = sqrt(squares * (n / (n - 1)) / (c->total * c->total) + more);
    if (!mlsd__has_spread(e)) e->se = NAN;
}

/* ---- tables ---- */

static mlsd_status put_pairs(const mlsd__allocator *a, const clusters *c, mlsd__measured *out)
{
    const pair_counts p = count_pairs(c);
    const int64_t in_y[] = {0, 0, 1, 1}, in_prediction[] = {0, 1, 0, 1};
    const double pairs[] = {p.none, p.prediction_only, p.y_only, p.both};
    mlsd_table *t = NULL;
    MLSD__TRY(mlsd__table_new(a, &t));
    mlsd_status status = mlsd_table_set_i64(t, "together_in_y", in_y, 4);
    if (status == MLSD_OK)
        status = mlsd_table_set_i64(t, "together_in_prediction", in_prediction, 4);
    if (status == MLSD_OK) status = mlsd_table_set_f64(t, "pairs", pairs, 4);
    if (status == MLSD_OK) return mlsd__measured_table(out, "pairs", t);
    mlsd_table_free(t);
    return status;
}

static mlsd_status put_cells(const mlsd__allocator *a, const clusters *c, mlsd__measured *out)
{
    mlsd_table *t = NULL;
    double *const x = mlsd__alloc_raw(a, c->n_cells, 3 * sizeof *x);
    if (x == NULL) return MLSD_E_NOMEM;
    const int64_t n = c->n_cells;
    for (int64_t i = 0; i < n; i++) {
        x[i] = c->cells[i].y;
        x[n + i] = c->cells[i].prediction;
        x[2 * n + i] = c->cells[i].weight;
    }
    mlsd_status status = mlsd__table_new(a, &t);
    if (status == MLSD_OK) status = mlsd_table_set_f64(t, "y", x, n);
    if (status == MLSD_OK) status = mlsd_table_set_f64(t, "prediction", x + n, n);
    if (status == MLSD_OK) status = mlsd_table_set_f64(t, "weight", x + 2 * n, n);
    mlsd__free(a, x);
    if (status == MLSD_OK) return mlsd__measured_table(out, "contingency", t);
    mlsd_table_free(t);
    return status;
}

/* ---- kinds ---- */

enum { RAND, ADJUSTED_RAND, FOWLKES, MI, NMI, AMI, HOMOGENEITY, COMPLETENESS, V };

static mlsd_status value_of(mlsd__scope *scope, const mlsd__finish *f, const clusters *c,
                            mlsd__estimate *e)
{
    const cluster_params *const p = f->params;
    const int code = *(const int *)f->metric->data;
    const int64_t method = code == NMI || code == AMI ? p->average_method : ARITHMETIC;
    information x = {0};
    if (code >= MI) x = measure(c, method);
    slopes found = {x.mutual, {1, 0, 0}}; /* MI */
    switch (code) {
    case RAND:
        found = rand_index(c, e);
        break;
    case ADJUSTED_RAND:
        found = adjusted_rand(c);
        break;
    case FOWLKES:
        found = fowlkes_mallows(c);
        break;
    case NMI:
        found = normalized_information(c, &x);
        break;
    case AMI:
        MLSD__TRY(adjusted_information(scope, c, &x, &found));
        break;
    case HOMOGENEITY:
        found = homogeneity_of(&x);
        break;
    case COMPLETENESS:
        found = completeness_of(&x);
        break;
    case V:
        found = v_of(&x, p->beta);
        break;
    default:
        break;
    }
    e->value = found.value;
    if (isnan(f->level) || isnan(found.value)) return MLSD_OK;
    double bias = 0;
    spread(c, &found, code >= MI, e, &bias);
    const bool is_adjusted = code == ADJUSTED_RAND || code == AMI;
    e->value -= code == AMI ? 0 : bias;
    mlsd__estimate_interval(e, f->level, is_adjusted ? -INFINITY : 0, code == MI ? INFINITY : 1);
    e->value = found.value;
    return MLSD_OK;
}

static mlsd_status finish(mlsd__scope *scope, const mlsd__finish *f, mlsd__measured *out)
{
    clusters c;
    mlsd_status status = clusters_read(scope, f, &c);
    out->estimate.support = c.support;
    if (status == MLSD_OK && c.n_cells > 0) status = value_of(scope, f, &c, &out->estimate);
    if (status == MLSD_OK && f->wants_parts && *(const int *)f->metric->data == RAND) {
        status = put_pairs(scope->allocator, &c, out);
        if (status == MLSD_OK && c.n_cells > 0) status = put_cells(scope->allocator, &c, out);
    }
    clusters_free(scope->allocator, &c);
    return status;
}

static mlsd_status check(const void *params, const mlsd__shape *shape)
{
    (void)params;
    if (shape->y_cols == 1 && shape->prediction_cols == 1) return MLSD_OK;
    return mlsd__fail(MLSD_E_SHAPE, "labels of clusters are n x 1, got n x %lld and n x %lld",
                      (long long)shape->y_cols, (long long)shape->prediction_cols);
}

static mlsd_status check_unweighted(const void *params, const mlsd__shape *shape)
{
    if (shape->is_weighted) {
        return mlsd__fail(MLSD_E_SHAPE, "adjusted_mutual_info compares with shuffled rows, which "
                                        "weights leave undefined; leave them out");
    }
    return check(params, shape);
}

static const int code_rand = RAND, code_ari = ADJUSTED_RAND, code_fm = FOWLKES, code_mi = MI,
                 code_nmi = NMI, code_ami = AMI, code_h = HOMOGENEITY, code_c = COMPLETENESS,
                 code_v = V;
static const cluster_params of_average = {.average_method = ARITHMETIC};
static const cluster_params of_beta = {.beta = 1};
static const mlsd_param average_table[] = {
    MLSD__P_CHOICE(cluster_params, average_method, averages, "\"arithmetic\"",
                   "which mean of the two entropies is the most there can be")};
static const mlsd_param v_table[] = {
    MLSD__P_F64(cluster_params, beta, 0, INFINITY, MLSD__OPEN_UPPER, "1.0", NULL,
                "above 1 completeness counts more, below 1 homogeneity")};

#define OPS(code_, params_, size_, check_, no_weights_)                                       \
    {                                                                                         \
        .params = params_, .params_size = size_, .data = &(code_), .greater_is_better = true, \
        .summary = &mlsd__summary_contingency, .check = check_, .finish = finish,             \
        .has_no_weights = no_weights_                                                         \
    }
#define BY_INFLUENCE "; of two clusterings, t interval by the influence function"
#define KIND(name_, code_, doc_)                                                   \
    static const mlsd__metric_ops name_##_ops = OPS(code_, NULL, 0, check, false); \
    MLSD__METRIC_KIND(name_, "\"clustering\"", "1", doc_ BY_INFLUENCE)
#define KIND_WITH(name_, code_, params_, table_, check_, no_weights_, doc_) \
    static const mlsd__metric_ops name_##_ops =                             \
        OPS(code_, &params_, sizeof(cluster_params), check_, no_weights_);  \
    MLSD__METRIC_KIND_WITH(name_, table_, cluster_params, "\"clustering\"", "1", doc_ BY_INFLUENCE)

KIND(rand, code_rand, "share of the pairs of rows that are together in both or in none (Rand)");
KIND(adjusted_rand, code_ari, "Rand's share above what luck gives, 1 for equal clusterings");
KIND(fowlkes_mallows, code_fm, "geometric mean of precision and recall of pairs that are together");
KIND(mutual_info, code_mi, "mutual information, in nats");
KIND_WITH(normalized_mutual_info, code_nmi, of_average, average_table, check, false,
          "mutual information over a mean of the entropies, in [0, 1]");
KIND_WITH(adjusted_mutual_info, code_ami, of_average, average_table, check_unweighted, true,
          "mutual information above what luck gives, 1 for equal clusterings");
KIND(homogeneity, code_h, "share of the entropy of y that prediction tells");
KIND(completeness, code_c, "share of the entropy of prediction that y tells");
KIND_WITH(v_measure, code_v, of_beta, v_table, check, false,
          "harmonic mean of homogeneity and completeness");
