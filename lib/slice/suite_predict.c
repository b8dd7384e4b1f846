/* suite_predict.c - asking a model, a function or a table of predictions about cases, and reading
 * labels as the one that answers numbers its classes. */
#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "model/model_impl.h"
#include "slice/suite_impl.h"

void mlsd__answers_free(const mlsd__allocator *a, mlsd__answers *answers)
{
    mlsd__free(a, answers->value);
    mlsd__free(a, answers->proba);
    *answers = (mlsd__answers){0};
}

static mlsd_status make_room(const mlsd__suite_run *run, int64_t n, mlsd__answers *out)
{
    const mlsd__allocator *const a = run->scope->allocator;
    const int64_t k = run->predictor.n_classes;
    int64_t size = 0;
    *out = (mlsd__answers){.n = n, .value = mlsd__alloc(a, n, sizeof *out->value)};
    if (out->value == NULL) return MLSD_E_NOMEM;
    if (!run->predictor.has_proba) return MLSD_OK;
    MLSD__TRY(mlsd__mul_size(n, k, &size));
    out->proba = mlsd__alloc(a, size, sizeof *out->proba);
    return out->proba == NULL ? MLSD_E_NOMEM : MLSD_OK;
}

/* ---- models ---- */

static const char *column_name_at(const void *user, int64_t i)
{
    return mlsd_table_name(user, i);
}

/* The cases' columns that the model was fitted to, all by name. */
static mlsd_status check_columns(const mlsd_model *model, const mlsd_table *cases,
                                 const mlsd__suite_file *file)
{
    for (int64_t j = 0; j < model->n_features; j++) {
        int64_t column;
        const char *const name = model->features[j].name;
        if (mlsd_table_find(cases, name, &column) == MLSD_OK) continue;
        const char *const near =
            mlsd__nearest_name(name, column_name_at, cases, mlsd_table_n_columns(cases));
        return mlsd__suite_fail(file->path, 1, MLSD_E_COLUMN,
                                "no column '%.60s', which the model needs%s%.60s%s", name,
                                near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
                                near != NULL ? "'?" : "");
    }
    return MLSD_OK;
}

static bool is_feature(const mlsd_model *model, const char *name, mlsd__feature_type *out_type)
{
    for (int64_t j = 0; j < model->n_features; j++) {
        if (strcmp(model->features[j].name, name) != 0) continue;
        *out_type = model->features[j].type;
        return true;
    }
    return false;
}

/* A column of few cases may look like numbers where the model knows texts, as one that is empty. */
static mlsd_status set_as_texts(const mlsd__allocator *a, mlsd_table *cases, int64_t column)
{
    const int64_t n = mlsd_table_n_rows(cases);
    const char *const name = mlsd_table_name(cases, column);
    char(*const buffers)[MLSD__NUMBER_CAPACITY] = mlsd__alloc(a, n, sizeof *buffers);
    const char **const texts = mlsd__alloc(a, n, sizeof *texts);
    mlsd_status status = MLSD_E_NOMEM;
    if (buffers != NULL && texts != NULL) {
        for (int64_t i = 0; i < n; i++)
            texts[i] = mlsd__suite_cell_text(cases, column, i, buffers[i]);
        status = mlsd_table_set_str(cases, name, texts, n);
    }
    mlsd__free(a, texts);
    mlsd__free(a, buffers);
    return status;
}

/* A data set of the model's columns alone, each of the type that the model knows. */
static mlsd_status make_dataset(mlsd__suite_run *run, const mlsd_table *cases, mlsd_dataset **out)
{
    const mlsd__allocator *const a = run->scope->allocator;
    const int64_t n = mlsd_table_n_columns(cases);
    mlsd_table *own = NULL;
    int64_t n_ignored = 0;
    const char **const names = mlsd__alloc(a, n, sizeof *names);
    const char **const roles = mlsd__alloc(a, n, sizeof *roles);
    mlsd_status status = names == NULL || roles == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) status = mlsd__table_share(cases, &own);
    for (int64_t j = 0; j < n && status == MLSD_OK; j++) {
        mlsd__feature_type type = MLSD__NUMERIC;
        const char *const name = mlsd_table_name(cases, j);
        if (!is_feature(run->predictor.model, name, &type)) {
            names[n_ignored] = name;
            roles[n_ignored++] = "ignore";
        } else if (type == MLSD__CATEGORY && mlsd_table_type(cases, j) != MLSD_COLUMN_CATEGORY) {
            status = set_as_texts(a, own, j);
        }
    }
    if (status == MLSD_OK)
        status = mlsd_dataset_from_table(run->context, own, names, roles, n_ignored, MLSD_TASK_NONE,
                                         out);
    mlsd_table_free(own);
    mlsd__free(a, roles);
    mlsd__free(a, names);
    return status;
}

static mlsd_status ask_model(mlsd__suite_run *run, const mlsd_table *cases,
                             const mlsd__suite_file *file, mlsd__answers *out)
{
    const mlsd__predictor *const p = &run->predictor;
    mlsd_dataset *data = NULL;
    MLSD__TRY(check_columns(p->model, cases, file));
    mlsd_status status = make_dataset(run, cases, &data);
    if (status == MLSD_OK)
        status =
            mlsd__model_predict(run->scope, p->model, data, MLSD_OUTPUT_VALUE, out->value, out->n);
    if (status == MLSD_OK && p->has_proba)
        status = mlsd__model_predict(run->scope, p->model, data, MLSD_OUTPUT_PROBA, out->proba,
                                     out->n * p->n_classes);
    mlsd_dataset_free(data);
    return status == MLSD_OK ? status : mlsd__suite_refail(file->path, 0, status);
}

/* ---- functions ---- */

/* Row i of the answers to a table of cases, which is that of the file or some of it, changed. */
static mlsd_status fail_answer(const mlsd__suite_file *file, const mlsd_table *cases, int64_t i,
                               double value, const char *what)
{
    char text[MLSD__NUMBER_CAPACITY];
    mlsd__format_double(value, text);
    return mlsd__suite_fail(file->path, cases == file->table ? file->lines[i] : 0, MLSD_E_DATA,
                            "the prediction%s %s, not %s",
                            cases == file->table ? " is" : " of a changed case is", text, what);
}

static mlsd_status check_probabilities(const mlsd__predictor *p, const mlsd__suite_file *file,
                                       const mlsd_table *cases, const mlsd__answers *answers)
{
    for (int64_t i = 0; i < answers->n; i++) {
        double sum = 0;
        for (int64_t c = 0; c < p->n_classes; c++) {
            const double x = answers->proba[i * p->n_classes + c];
            if (!(x >= 0 && x <= 1)) return fail_answer(file, cases, i, x, "a probability");
            sum += x;
        }
        if (fabs(sum - 1) > MLSD__PROBA_TOLERANCE)
            return fail_answer(file, cases, i, sum, "probabilities that sum to 1");
    }
    return MLSD_OK;
}

static mlsd_status check_values(const mlsd__predictor *p, const mlsd__suite_file *file,
                                const mlsd_table *cases, const mlsd__answers *answers)
{
    for (int64_t i = 0; i < answers->n; i++) {
        const double x = answers->value[i];
        if (!isfinite(x)) return fail_answer(file, cases, i, x, "a finite number");
        if (p->n_classes > 0 && !(x >= 0 && x < (double)p->n_classes && x == floor(x)))
            return fail_answer(file, cases, i, x, "the number of a class");
    }
    return MLSD_OK;
}

static void choose_likeliest(mlsd__answers *answers, int64_t n_classes)
{
    for (int64_t i = 0; i < answers->n; i++) {
        const double *const p = answers->proba + i * n_classes;
        int64_t best = 0;
        for (int64_t c = 1; c < n_classes; c++) best = p[c] > p[best] ? c : best;
        answers->value[i] = (double)best;
    }
}

static mlsd_status ask_function(mlsd__suite_run *run, const mlsd_table *cases,
                                const mlsd__suite_file *file, mlsd__answers *out)
{
    const mlsd__predictor *const p = &run->predictor;
    double *const values = p->has_proba ? out->proba : out->value;
    const mlsd_status status = p->function(p->user, cases, values);
    if (status != MLSD_OK) return mlsd__suite_refail(file->path, 0, status);
    if (!p->has_proba) return check_values(p, file, cases, out);
    MLSD__TRY(check_probabilities(p, file, cases, out));
    choose_likeliest(out, p->n_classes);
    return MLSD_OK;
}

mlsd_status mlsd__suite_predict(mlsd__suite_run *run, const mlsd_table *cases,
                                const mlsd__suite_file *file, mlsd__answers *out)
{
    const mlsd__predictor *const p = &run->predictor;
    mlsd_status status = make_room(run, mlsd_table_n_rows(cases), out);
    if (status == MLSD_OK) {
        status = p->model != NULL      ? ask_model(run, cases, file, out)
                 : p->function != NULL ? ask_function(run, cases, file, out)
                                       : mlsd__predictions_read(run, file, out);
    }
    if (status == MLSD_OK && p->predictions != NULL && p->has_proba && p->prediction_column < 0)
        choose_likeliest(out, p->n_classes);
    if (status != MLSD_OK) mlsd__answers_free(run->scope->allocator, out);
    return status;
}

mlsd_status mlsd__suite_answers(mlsd__suite_run *run, const mlsd__suite_set *set,
                                const mlsd__answers **out)
{
    mlsd__answers *const known = &run->answers[set->file - run->suite->files];
    *out = known;
    if (known->value != NULL) return MLSD_OK;
    return mlsd__suite_predict(run, set->file->table, set->file, known);
}

/* ---- classes and labels ---- */

int64_t mlsd__class_number(const mlsd__predictor *p, const char *name)
{
    double number, other;
    for (int64_t c = 0; c < p->n_classes; c++) {
        if (strcmp(p->classes[c], name) == 0) return c;
    }
    if (!mlsd__parse_double(name, strlen(name), &number)) return -1;
    for (int64_t c = 0; c < p->n_classes; c++) {
        if (mlsd__parse_double(p->classes[c], strlen(p->classes[c]), &other) && other == number)
            return c;
    }
    return -1;
}

static mlsd_status fail_label(const mlsd__suite_run *run, const mlsd__suite_set *set, int64_t row,
                              const char *cell)
{
    enum { N_LISTED = 4 };
    const mlsd__predictor *const p = &run->predictor;
    const char *const name = mlsd_table_name(set->file->table, set->label);
    const mlsd__suite_file *const file = set->file;
    if (cell == NULL)
        return mlsd__suite_fail(file->path, file->lines[row], MLSD_E_DATA,
                                "the label '%.60s' is empty", name);
    if (p->n_classes == 0)
        return mlsd__suite_fail(file->path, file->lines[row], MLSD_E_TYPE,
                                "the label '%.60s' is '%.60s', and the model predicts numbers",
                                name, cell);
    mlsd__text list;
    mlsd__text_init(&list, run->scope->allocator);
    for (int64_t c = 0; c < p->n_classes && c < N_LISTED; c++)
        mlsd__text_format(&list, "%s%.40s", c > 0 ? ", " : "", p->classes[c]);
    if (p->n_classes > N_LISTED) mlsd__text_append(&list, ", ...");
    mlsd_status status = list.status;
    if (status == MLSD_OK)
        status = mlsd__suite_fail(file->path, file->lines[row], MLSD_E_DATA,
                                  "the label '%.60s' is '%.60s', no class of the model (%s)", name,
                                  cell, list.data);
    mlsd__text_free(&list);
    return status;
}

mlsd_status mlsd__suite_labels(const mlsd__suite_run *run, const mlsd__suite_set *set,
                               bool may_lack, double **out)
{
    const mlsd__predictor *const p = &run->predictor;
    const mlsd__allocator *const a = run->scope->allocator;
    const mlsd_table *const t = set->file->table;
    double *const labels = mlsd__alloc_raw(a, set->n_rows, sizeof *labels);
    *out = NULL;
    if (labels == NULL) return MLSD_E_NOMEM;
    mlsd_status status = MLSD_OK;
    for (int64_t i = 0; i < set->n_rows && status == MLSD_OK; i++) {
        char buffer[MLSD__NUMBER_CAPACITY];
        const char *const cell =
            set->label < 0 ? NULL : mlsd__suite_cell_text(t, set->label, set->rows[i], buffer);
        labels[i] = NAN;
        if (cell != NULL && p->n_classes == 0) {
            labels[i] = mlsd__suite_cell_number(t, set->label, set->rows[i]);
        } else if (cell != NULL) {
            const int64_t c = mlsd__class_number(p, cell);
            if (c >= 0) labels[i] = (double)c;
        }
        if (!isfinite(labels[i]) && (cell != NULL || !may_lack))
            status = fail_label(run, set, set->rows[i], cell);
    }
    if (status == MLSD_OK) {
        *out = labels;
    } else {
        mlsd__free(a, labels);
    }
    return status;
}

double mlsd__answer_number(const mlsd__predictor *p, const mlsd__answers *answers, int64_t i)
{
    if (p->n_classes == 0) return answers->value[i];
    return answers->proba == NULL ? NAN
                                  : answers->proba[i * p->n_classes + (int64_t)answers->value[i]];
}

void mlsd__answer_text(const mlsd__predictor *p, const mlsd__answers *answers, int64_t i,
                       int digits, mlsd__text *t)
{
    const double number = mlsd__answer_number(p, answers, i);
    if (p->n_classes == 0) {
        mlsd__digits_text(number, digits + 2, t);
        return;
    }
    mlsd__text_append(t, p->classes[(int64_t)answers->value[i]]);
    if (answers->proba == NULL) return;
    mlsd__text_append(t, " (");
    mlsd__digits_text(number, digits, t);
    mlsd__text_append(t, ")");
}
