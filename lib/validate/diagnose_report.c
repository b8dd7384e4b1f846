/* diagnose_report.c - a diagnosis in words and tables: why, what is suspected besides, what helps.
 */
#include <math.h>

#include "base/text.h"
#include "validate/diagnose_impl.h"
#include "validate/result_rows.h"
#include "validate/words.h"

/* What helps, the first thing to try first. */
typedef struct remedy {
    mlsd__fit_verdict verdict;
    mlsd__fit_kind kind;
    const char *const *texts;
} remedy;

static const char *const underfit[] = {
    "give the model more to work with: more or better features, more units, deeper trees",
    "weaken the regularisation (smaller alpha or weight decay, larger C, less dropout)",
    "train longer, or with a larger learning rate",
    "ask a flexible model (gradient boosting) on the same folds whether the loss can be lower at "
    "all",
    NULL};
static const char *const rise[] = {
    "stop at the best step: early_stopping with restore_best",
    "regularise more: larger alpha or weight decay, dropout, fewer units, shallower trees",
    "lower the learning rate and train longer, stopping early",
    "train on a part of rows and columns at a time (subsample), or average several fits (bagging)",
    "get more rows, or augment those there are",
    NULL};
static const char *const gap[] = {
    "get more rows, or augment those there are",
    "regularise more, though validation is still at its best: a gap alone does no harm",
    "leave out features that do not help (feature selection)", NULL};
static const char *const optimal[] = {
    "nothing on these curves asks for a change; look at a test set that nothing was chosen on",
    "ask a flexible model on the same folds whether the loss can be lower at all", NULL};
static const char *const improving[] = {"train longer: more epochs or rounds, with early_stopping",
                                        "or raise the learning rate to be there sooner", NULL};
static const char *const unstable[] = {"lower the learning rate",
                                       "train on larger batches, or average over more folds",
                                       "clip gradients, standardise the features", NULL};
static const char *const diverged[] = {
    "divide the learning rate by 10", "standardise the features",
    "clip gradients; look for infinite or huge values in the data", NULL};
static const char *const few_steps[] = {"log the loss at 8 steps or more", NULL};
static const char *const constant[] = {
    "look whether anything is trained at all: a learning rate of 0, frozen weights, no epochs",
    NULL};
static const char *const negative[] = {
    "set 'floor' to the lowest loss there can be, or log a loss that cannot be below 0", NULL};
static const char *const missing[] = {
    "log training and validation loss both; 'train' and 'valid' name their series", NULL};

static const remedy remedies[] = {
    {MLSD__FIT_UNDERFIT, MLSD__FIT_PLAIN, underfit},
    {MLSD__FIT_OVERFIT, MLSD__FIT_RISE, rise},
    {MLSD__FIT_OVERFIT, MLSD__FIT_GAP, gap},
    {MLSD__FIT_OPTIMAL, MLSD__FIT_PLAIN, optimal},
    {MLSD__FIT_IMPROVING, MLSD__FIT_PLAIN, improving},
    {MLSD__FIT_UNSTABLE, MLSD__FIT_JITTER, unstable},
    {MLSD__FIT_UNSTABLE, MLSD__FIT_BOTH_RISE, unstable},
    {MLSD__FIT_DIVERGED, MLSD__FIT_PLAIN, diverged},
    {MLSD__FIT_UNKNOWN, MLSD__FIT_FEW_STEPS, few_steps},
    {MLSD__FIT_UNKNOWN, MLSD__FIT_CONSTANT, constant},
    {MLSD__FIT_UNKNOWN, MLSD__FIT_NEGATIVE, negative},
};

static const char *const *remedies_of(const mlsd__fit_findings *f)
{
    if (f->series->missing != NULL) return missing;
    for (int64_t i = 0; i < MLSD__COUNT(remedies); i++)
        if (remedies[i].verdict == f->is.verdict && remedies[i].kind == f->is.kind)
            return remedies[i].texts;
    return optimal;
}

static double step_at(const mlsd__fit_findings *f, int64_t i)
{
    return i < 0 ? (double)NAN : f->series->step[i];
}

/* Text with numbers in it: each % is the next one. */
static void say(mlsd__text *t, const char *pattern, const double *numbers)
{
    for (const char *c = pattern; *c != '\0'; c++) {
        if (*c == '#')
            mlsd__words_number(t, *numbers++);
        else
            mlsd__text_append_n(t, c, 1);
    }
}

static double percent(double part, double of)
{
    return 100 * part / of;
}

static void say_probe(mlsd__text *t, const mlsd__fit_findings *f)
{
    const mlsd__probe_test *const p = &f->probe;
    if (f->is.verdict == MLSD__FIT_UNDERFIT)
        say(t, "another model on the same folds has a loss that is lower by # (# to #, p = #)",
            (const double[]){p->difference, p->low, p->high, p->p_value});
    else
        say(t,
            "the training loss ends high, at #, but another model on the same folds is not better "
            "(by # at most)",
            (const double[]){f->is.train_last, fmax(p->high, 0)});
}

static void say_underfit(mlsd__text *t, const mlsd__fit_findings *f)
{
    const mlsd__fit_diagnosis *const d = &f->is;
    if (f->params->target > f->params->floor)
        say(t, "the training loss ends at #, above the target of #, and does not fall any more",
            (const double[]){d->train_last, f->params->target});
    else
        say(t,
            "the training loss ends at #, not far below the # of a model that has learnt nothing, "
            "and does not fall any more",
            (const double[]){d->train_last, d->base});
}

static void say_unknown(mlsd__text *t, const mlsd__fit_findings *f)
{
    const mlsd__fit_series *const s = f->series;
    if (s->missing != NULL) {
        mlsd__text_format(t, "there is no series '%.60s' in these curves", s->missing);
    } else if (f->is.kind == MLSD__FIT_CONSTANT) {
        mlsd__text_append(t, "the losses never change");
    } else if (f->is.kind == MLSD__FIT_NEGATIVE) {
        say(t, "there are losses below the lowest loss that there can be, #",
            (const double[]){f->params->floor});
    } else {
        mlsd__text_format(
            t,
            "%lld step%s with finite losses of training and validation are too few, %d are needed",
            (long long)f->is.n_finite, f->is.n_finite == 1 ? "" : "s", MLSD__FIT_LEAST_STEPS);
    }
}

static void say_diverged(mlsd__text *t, const mlsd__fit_findings *f)
{
    const mlsd__fit_diagnosis *const d = &f->is;
    if (isnan(d->last_value))
        say(t, "from step # on losses are NaN or infinite",
            (const double[]){step_at(f, d->broken)});
    else
        say(t, "the validation loss ends at #, a model that has learnt nothing has #",
            (const double[]){d->last_value, d->base});
}

static void say_why(mlsd__text *t, const mlsd__fit_findings *f)
{
    const mlsd__fit_diagnosis *const d = &f->is;
    const double best = step_at(f, d->best_step), run = (double)d->slope_steps;
    switch (d->verdict) {
    case MLSD__FIT_UNDERFIT:
        say_underfit(t, f);
        break;
    case MLSD__FIT_OVERFIT:
        if (d->kind == MLSD__FIT_RISE)
            say(t,
                "the validation loss rose from # at step # to # at the end (by # %, standard error "
                "#) while training went on",
                (const double[]){d->best_value, best, d->last_value,
                                 percent(d->rise, d->best_value - f->params->floor), d->rise_se});
        else
            say(t,
                "the training loss ends at #, # % below the validation loss of #, which is not "
                "above its best of # for sure",
                (const double[]){
                    d->train_last,
                    percent(d->last_value - d->train_last, d->last_value - f->params->floor),
                    d->last_value, d->best_value});
        break;
    case MLSD__FIT_OPTIMAL:
        say(t, "the validation loss has settled at #, with the training loss at #",
            (const double[]){d->last_value, d->train_last});
        break;
    case MLSD__FIT_IMPROVING:
        say(t,
            "the validation loss still falls, by # a step (standard error #): # more steps may "
            "take # off its #",
            (const double[]){-d->slope, d->slope_se, run, d->expected_gain, d->last_value});
        break;
    case MLSD__FIT_UNSTABLE:
        if (d->kind == MLSD__FIT_JITTER)
            say(t,
                "losses jump from step to step, by # % of their size in the middle, or in spikes",
                (const double[]){100 * d->jitter});
        else
            say(t, "after step # training and validation loss rose again together",
                (const double[]){best});
        break;
    case MLSD__FIT_DIVERGED:
        say_diverged(t, f);
        break;
    default:
        say_unknown(t, f);
    }
}

static const struct flag {
    int32_t bit;
    const char *name, *message;
} flags[] = {
    {MLSD__FLAG_DOUBLE_DESCENT, "double_descent",
     "the validation loss rose and came down again (epoch-wise double descent): a stop at the "
     "first "
     "rise would have been early"},
    {MLSD__FLAG_LEAK, "leak",
     "the validation loss is too good beside the training loss: look for rows or targets that "
     "leaked "
     "(mlsd audit)"},
    {MLSD__FLAG_VALIDATION_EASIER, "validation_easier",
     "the validation loss stays below the training loss: dropout, augmentation or penalties in the "
     "training loss, or easier rows"},
    {MLSD__FLAG_FEW_VALIDATION_ROWS, "few_validation_rows",
     "the validation loss is not known to 5 %: validate on more rows or more folds"},
    {MLSD__FLAG_PLATEAU, "plateau",
     "the validation loss has not changed since the step plateau_step"},
};

static mlsd_status put_texts(const mlsd__fit_findings *f, mlsd_result *r)
{
    const mlsd__fit_diagnosis *const d = &f->is;
    mlsd__text why, verdict;
    mlsd__text_init(&why, &r->allocator);
    mlsd__text_init(&verdict, &r->allocator);
    if (f->probe.has_decided)
        say_probe(&why, f);
    else
        say_why(&why, f);
    const char *const kind =
        f->series->missing != NULL ? "missing series" : mlsd__fit_kind_name(d->kind);
    mlsd__text_append(&verdict, mlsd__fit_verdict_name(d->verdict));
    if (*kind != '\0') mlsd__text_format(&verdict, " (%s)", kind);
    if (d->verdict != MLSD__FIT_UNKNOWN) {
        mlsd__text_append(&verdict, ", confidence ");
        mlsd__text_fixed(&verdict, floor(100 * d->confidence) / 100, 2);
    }
    mlsd__text_append(&verdict, ": ");
    if (why.data != NULL) mlsd__text_append(&verdict, why.data);
    mlsd__text_format(&verdict, "; %s", remedies_of(f)[0]);
    mlsd_status status = why.status != MLSD_OK ? why.status : verdict.status;
    if (status == MLSD_OK)
        status = mlsd__result_set_str(r, "diagnosis", mlsd__fit_verdict_name(d->verdict), false);
    if (status == MLSD_OK) status = mlsd__result_set_str(r, "kind", kind, false);
    if (status == MLSD_OK) status = mlsd__result_set_str(r, "why", why.data, false);
    if (status == MLSD_OK) status = mlsd__result_set_str(r, "remedy", remedies_of(f)[0], false);
    if (status == MLSD_OK) status = mlsd__result_set_verdict(r, verdict.data);
    mlsd__text_free(&verdict);
    mlsd__text_free(&why);
    return status;
}

static mlsd_status put_numbers(const mlsd__fit_findings *f, mlsd_result *r)
{
    const mlsd__fit_diagnosis *const d = &f->is;
    const struct {
        const char *name;
        double value;
    } numbers[] = {
        {"confidence", d->verdict == MLSD__FIT_UNKNOWN ? (double)NAN : d->confidence},
        {"best_step", step_at(f, d->best_step)},
        {"best_value", d->best_value},
        {"last_value", d->last_value},
        {"train_last", d->train_last},
        {"base", d->base},
        {"rise", d->rise},
        {"rise_se", d->rise_se},
        {"gap", d->gap},
        {"slope", d->slope},
        {"slope_se", d->slope_se},
        {"slope_steps", (double)d->slope_steps},
        {"expected_gain", d->expected_gain},
        {"noise_train", d->noise_train},
        {"noise_valid", d->noise_valid},
        {"jitter", d->jitter},
        {"fold_se", d->fold_se},
        {"plateau_step", step_at(f, d->plateau_step)},
        {"first_broken_step", step_at(f, d->broken)},
        {"n_steps", (double)f->series->n_steps},
        {"n_steps_left_out", (double)(f->series->n_longest - f->series->n_steps)},
        {"n_folds", (double)f->series->n_folds},
    };
    for (int64_t i = 0; i < MLSD__COUNT(numbers); i++)
        MLSD__TRY(mlsd__result_set_f64(r, numbers[i].name, numbers[i].value, false));
    if (!f->probe.is_done) return MLSD_OK;
    MLSD__TRY(mlsd__result_set_f64(r, "probe_difference", f->probe.difference, false));
    MLSD__TRY(mlsd__result_set_f64(r, "probe_low", f->probe.low, false));
    MLSD__TRY(mlsd__result_set_f64(r, "probe_high", f->probe.high, false));
    return mlsd__result_set_f64(r, "probe_p_value", f->probe.p_value, false);
}

static mlsd_status set_rows(mlsd_result *r, const char *name, mlsd__rows *rows)
{
    mlsd_table *table = NULL;
    MLSD__TRY(mlsd__rows_to_table(rows, &table));
    return mlsd__result_set_table(r, name, table, false);
}

static mlsd_status put_shares(const mlsd__fit_findings *f, mlsd_result *r)
{
    static const mlsd__row_column columns[] = {{"diagnosis", MLSD_COLUMN_CATEGORY},
                                               {"share", MLSD_COLUMN_F64}};
    mlsd__rows rows;
    mlsd__rows_init(&rows, &r->allocator, columns, MLSD__COUNT(columns));
    for (int v = MLSD__FIT_UNDERFIT; v < MLSD__N_FIT_VERDICTS; v++) {
        mlsd__rows_str(&rows, mlsd__fit_verdict_name((mlsd__fit_verdict)v));
        mlsd__rows_f64(&rows, f->is.shares[v]);
    }
    return set_rows(r, "shares", &rows);
}

static mlsd_status put_flags(const mlsd__fit_findings *f, mlsd_result *r)
{
    static const mlsd__row_column columns[] = {{"flag", MLSD_COLUMN_CATEGORY},
                                               {"message", MLSD_COLUMN_CATEGORY}};
    mlsd__rows rows;
    mlsd__rows_init(&rows, &r->allocator, columns, MLSD__COUNT(columns));
    for (int64_t i = 0; i < MLSD__COUNT(flags); i++) {
        if ((f->is.flags & flags[i].bit) == 0) continue;
        mlsd__rows_str(&rows, flags[i].name);
        mlsd__rows_str(&rows, flags[i].message);
    }
    const mlsd__diagnosis_params *const p = f->params;
    if (f->is.verdict == MLSD__FIT_UNDERFIT && isnan(p->base) && isnan(p->target) &&
        !f->probe.is_done) {
        mlsd__rows_str(&rows, "base_not_known");
        mlsd__rows_str(&rows,
                       "the first loss stands for that of a constant prediction ('base'): if most "
                       "was learnt before it was logged, this is no underfit");
    }
    if (f->is.verdict == MLSD__FIT_UNDERFIT && isnan(p->target) && !f->probe.is_done) {
        mlsd__rows_str(&rows, "not_tested");
        mlsd__rows_str(&rows,
                       "how low the loss can get is not seen on a curve: test it with a flexible "
                       "model on the same folds ('probe_losses')");
    }
    return set_rows(r, "flags", &rows);
}

static mlsd_status put_remedies(const mlsd__fit_findings *f, mlsd_result *r)
{
    static const mlsd__row_column columns[] = {{"remedy", MLSD_COLUMN_CATEGORY}};
    mlsd__rows rows;
    mlsd__rows_init(&rows, &r->allocator, columns, MLSD__COUNT(columns));
    for (const char *const *text = remedies_of(f); *text != NULL; text++)
        mlsd__rows_str(&rows, *text);
    return set_rows(r, "remedies", &rows);
}

/* Means of single steps, finite or not; the smooth lines have a value a point. */
static mlsd_status put_curve(const mlsd__fit_findings *f, mlsd_result *r)
{
    const mlsd__fit_series *const s = f->series;
    const int64_t n = s->n_steps;
    mlsd_table *table = NULL;
    double *const mean = mlsd__alloc_raw(&r->allocator, n, sizeof *mean);
    if (mean == NULL) return MLSD_E_NOMEM;
    mlsd_status status = mlsd__table_new(&r->allocator, &table);
    if (status == MLSD_OK) status = mlsd_table_set_f64(table, "step", s->step, n);
    for (int i = 0; i < 2 && status == MLSD_OK; i++) {
        const double *const y = i == 0 ? s->train : s->valid;
        for (int64_t t = 0; t < n; t++) {
            mean[t] = 0;
            for (int64_t k = 0; k < s->n_folds; k++) mean[t] += y[k * n + t] / (double)s->n_folds;
        }
        status = mlsd_table_set_f64(table, i == 0 ? "train" : "valid", mean, n);
    }
    if (status == MLSD_OK) status = mlsd_table_set_f64(table, "train_smooth", f->smooth + n, n);
    if (status == MLSD_OK) status = mlsd_table_set_f64(table, "valid_smooth", f->smooth + 3 * n, n);
    mlsd__free(&r->allocator, mean);
    if (status == MLSD_OK) return mlsd__result_set_table(r, "curve", table, false);
    mlsd_table_free(table);
    return status;
}

mlsd_status mlsd__diagnosis_report(const mlsd__fit_findings *f, mlsd_result *r)
{
    MLSD__TRY(put_texts(f, r));
    MLSD__TRY(put_numbers(f, r));
    MLSD__TRY(put_shares(f, r));
    MLSD__TRY(put_flags(f, r));
    MLSD__TRY(put_remedies(f, r));
    return f->series->n_steps > 0 ? put_curve(f, r) : MLSD_OK;
}
