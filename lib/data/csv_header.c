/* csv_header.c - column names out of the first row: UTF-8, not empty, distinct.
 *
 * A name that stands in the file once is kept as it is; a repeated one gets the next free suffix
 * ("x", "x_2"), an empty one its place ("column_3", counted from 1). */
#include <stdio.h>
#include <string.h>

#include "data/csv_impl.h"

void mlsd__csv_header_free(const mlsd__allocator *a, mlsd__csv_header *header)
{
    for (int64_t i = 0; i < header->n_columns; i++) mlsd__free(a, header->names[i]);
    mlsd__free(a, header->names);
    *header = (mlsd__csv_header){0};
}

static mlsd_status add_name(const mlsd__csv_format *f, const mlsd__csv_field *field,
                            mlsd__csv_header *out)
{
    const char *text = field->text;
    size_t length = field->length;
    while (!field->is_quoted && length > 0 && (text[0] == ' ' || text[0] == '\t')) {
        text++;
        length--;
    }
    while (!field->is_quoted && length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
        length--;

    void *names = out->names;
    const mlsd_status status =
        mlsd__reserve(f->allocator, &names, &out->capacity, out->n_columns + 1, sizeof *out->names);
    out->names = names;
    if (status != MLSD_OK) return status;
    char *const name = mlsd__strndup(f->allocator, text, length);
    if (name == NULL) return MLSD_E_NOMEM;
    out->names[out->n_columns++] = name;
    return MLSD_OK;
}

static mlsd_status read_names(const mlsd__csv_format *f, const char *p, mlsd__csv_scratch *scratch,
                              mlsd__csv_header *out, mlsd__csv_error *error)
{
    for (;;) {
        mlsd__csv_field field;
        MLSD__TRY(mlsd__csv_field_at(f, p, scratch, &field, error));
        if (error->fault == MLSD__CSV_OK) mlsd__csv_check_bytes(p, field.next, error);
        if (error->fault != MLSD__CSV_OK) return MLSD_OK;
        MLSD__TRY(add_name(f, &field, out));
        p = field.next;
        if (p == f->end || *p == '\n') break;
        p++;
    }
    out->data = p == f->end ? p : p + 1;
    return MLSD_OK;
}

static mlsd_status rename_column(const mlsd__csv_format *f, mlsd__dictionary *taken, int64_t column,
                                 const char *stem, int64_t number, mlsd__csv_header *out)
{
    mlsd__text name;
    mlsd__text_init(&name, f->allocator);
    mlsd_status status;
    for (;; number++) {
        int32_t found = 0;
        const int64_t n_taken = mlsd__dictionary_count(taken);
        name.length = 0;
        mlsd__text_format(&name, "%s_%lld", stem, (long long)number);
        if ((status = name.status) != MLSD_OK) goto out;
        status = mlsd__dictionary_intern(taken, name.data, (size_t)name.length, &found);
        if (status != MLSD_OK) goto out;
        if (mlsd__dictionary_count(taken) > n_taken) break;
    }
    char *const copy = mlsd__strdup(f->allocator, name.data);
    if (copy == NULL) {
        status = MLSD_E_NOMEM;
        goto out;
    }
    mlsd__free(f->allocator, out->names[column]);
    out->names[column] = copy;
out:
    mlsd__text_free(&name);
    return status;
}

static mlsd_status make_distinct(const mlsd__csv_format *f, mlsd__text *notes,
                                 mlsd__csv_header *out)
{
    mlsd__dictionary *taken = NULL;
    mlsd_status status = MLSD_E_NOMEM;
    bool *const is_kept = mlsd__alloc(f->allocator, out->n_columns, sizeof *is_kept);
    if (is_kept == NULL) goto out;
    if ((status = mlsd__dictionary_new(f->allocator, &taken)) != MLSD_OK) goto out;

    for (int64_t i = 0; i < out->n_columns; i++) {
        int32_t number = 0;
        const size_t length = strlen(out->names[i]);
        if (length == 0) continue;
        const int64_t n_taken = mlsd__dictionary_count(taken);
        status = mlsd__dictionary_intern(taken, out->names[i], length, &number);
        if (status != MLSD_OK) goto out;
        is_kept[i] = mlsd__dictionary_count(taken) > n_taken;
    }
    for (int64_t i = 0; i < out->n_columns; i++) {
        if (is_kept[i]) continue;
        const bool is_empty = out->names[i][0] == '\0';
        mlsd__text_format(notes, "column %lld ", (long long)i + 1);
        if (is_empty)
            mlsd__text_append(notes, "has no name");
        else
            mlsd__text_format(notes, "repeats the name '%s'", out->names[i]);
        status = rename_column(f, taken, i, is_empty ? "column" : out->names[i],
                               is_empty ? i + 1 : 2, out);
        if (status != MLSD_OK) goto out;
        mlsd__text_format(notes, " and is called '%s'\n", out->names[i]);
    }
    status = notes->status;
out:
    mlsd__dictionary_free(taken);
    mlsd__free(f->allocator, is_kept);
    return status;
}

/* Names by place, for a file without a header. */
static mlsd_status number_names(const mlsd__csv_format *f, mlsd__csv_header *out)
{
    for (int64_t i = 0; i < out->n_columns; i++) {
        char name[32];
        snprintf(name, sizeof name, "column_%lld", (long long)i + 1);
        char *const copy = mlsd__strdup(f->allocator, name);
        if (copy == NULL) return MLSD_E_NOMEM;
        mlsd__free(f->allocator, out->names[i]);
        out->names[i] = copy;
    }
    return MLSD_OK;
}

/* One name that holds what looks like other delimiters: the likeliest mistake of all. */
static void hint_delimiter(const mlsd__csv_format *f, const mlsd__csv_header *header,
                           mlsd__text *notes)
{
    static const char others[] = ";\t|,";
    if (header->n_columns != 1) return;
    for (const char *other = others; *other != '\0'; other++) {
        if (*other == f->delimiter || strchr(header->names[0], *other) == NULL) continue;
        mlsd__text_format(notes, "the header is one name that holds '%s': is that the delimiter?\n",
                          *other == '\t' ? "\\t" : (char[]){*other, '\0'});
        return;
    }
}

mlsd_status mlsd__csv_read_header(const mlsd__csv_format *f, const char *name, const char *text,
                                  bool has_header, mlsd__text *notes, mlsd__csv_header *out)
{
    mlsd__csv_scratch scratch = {NULL, 0};
    mlsd__csv_error error = {.fault = MLSD__CSV_OK};
    const char *const first = mlsd__csv_skip_blank(f, out->data);
    mlsd_status status = read_names(f, first, &scratch, out, &error);
    mlsd__free(f->allocator, scratch.bytes);
    if (status != MLSD_OK) return status;
    if (error.fault != MLSD__CSV_OK) return mlsd__csv_fail(name, text, &error, out->n_columns);
    if (!has_header) {
        out->data = first;
        return number_names(f, out);
    }
    hint_delimiter(f, out, notes);
    return make_distinct(f, notes, out);
}
