/* cli_grid.c - text in columns and in paragraphs, counted in characters of UTF-8. */
#include "cli_grid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

enum { GAP = 1, NARROWEST = 8 };

bool cli_grid_make(cli_grid *g, int64_t n_rows, const char *alignment)
{
    *g = (cli_grid){.n_rows = n_rows, .n_columns = (int)strlen(alignment)};
    for (int c = 0; c < g->n_columns; c++) g->right[c] = alignment[c] == 'r';
    g->cells = calloc((size_t)(n_rows * g->n_columns) + 1, sizeof *g->cells);
    return g->cells != NULL;
}

void cli_grid_free(cli_grid *g)
{
    for (int64_t i = 0; g->cells != NULL && i < g->n_rows * g->n_columns; i++) free(g->cells[i]);
    free(g->cells);
    g->cells = NULL;
}

void cli_grid_set(cli_grid *g, int64_t row, int column, const char *text)
{
    char **cell = &g->cells[row * g->n_columns + column];
    free(*cell);
    *cell = strdup(text);
    if (*cell != NULL) cli_make_printable(*cell);
}

static bool is_continuation(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

int cli_characters(const char *text)
{
    int n = 0;
    for (; *text != '\0'; text++) n += !is_continuation(*text);
    return n;
}

/* Bytes of the longest beginning of at most `width` characters. */
static int cut(const char *text, int width)
{
    int bytes = 0;
    for (int characters = 0; text[bytes] != '\0'; bytes++) {
        if (!is_continuation(text[bytes]) && characters++ == width) break;
    }
    return bytes;
}

void cli_cut_middle(char *text, int width)
{
    const int n = text == NULL ? 0 : cli_characters(text);
    if (n <= width || width < NARROWEST) return;
    const int tail = (width - 2) / 2, head = width - 2 - tail;
    const char *const end = text + cut(text, n - tail);
    char *const at = text + cut(text, head);
    memcpy(at, "..", 2);
    memmove(at + 2, end, strlen(end) + 1);
}

static const char *cell_at(const cli_grid *g, int64_t row, int column)
{
    const char *text = g->cells[row * g->n_columns + column];
    return text != NULL ? text : "";
}

static int column_width(const cli_grid *g, int column)
{
    int widest = 0;
    for (int64_t i = 0; i < g->n_rows; i++) {
        const int width = cli_characters(cell_at(g, i, column));
        if (width > widest) widest = width;
    }
    return widest;
}

int cli_grid_width(const cli_grid *g)
{
    int width = (g->n_columns - 1) * GAP;
    for (int c = 0; c < g->n_columns; c++) width += column_width(g, c);
    return width;
}

static void print_cell(const char *text, int width, bool right, bool last)
{
    const int characters = cli_characters(text);
    if (characters > width) {
        const int bytes = cut(text, width - 2);
        printf("%.*s..", bytes, text);
        return;
    }
    if (right) printf("%*s", width - characters, "");
    fputs(text, stdout);
    if (!right && !last) printf("%*s", width - characters, "");
}

void cli_grid_print(const cli_grid *g, int width)
{
    int widths[CLI_GRID_COLUMNS] = {0};
    for (int c = 0; c < g->n_columns; c++) widths[c] = column_width(g, c);
    const int surplus = cli_grid_width(g) - width;
    const int gap = surplus + (g->n_columns - 1) * GAP <= 0 ? 2 * GAP : GAP;
    if (surplus > 0) widths[0] = widths[0] - surplus > NARROWEST ? widths[0] - surplus : NARROWEST;
    for (int64_t i = 0; i < g->n_rows; i++) {
        int last = g->n_columns - 1;
        while (last > 0 && *cell_at(g, i, last) == '\0') last--;
        for (int c = 0; c <= last; c++) {
            print_cell(cell_at(g, i, c), widths[c], g->right[c], c == last);
            if (c < last) printf("%*s", gap, "");
        }
        putchar('\n');
    }
}

void cli_print_lines(const char *text)
{
    const int indent = strchr(text, '\n') != NULL ? 2 : 0;
    char *const copy = strdup(text);
    for (char *line = copy, *end; line != NULL; line = end) {
        end = strchr(line, '\n');
        if (end != NULL) *end++ = '\0';
        cli_print_wrapped(line, indent);
    }
    free(copy);
}

void cli_print_wrapped(const char *text, int indent)
{
    char *copy = strdup(text);
    if (copy == NULL) return;
    cli_make_printable(copy);
    int left = 0;
    for (const char *rest = copy; *rest != '\0'; left = indent) {
        const int width = cli_width() - left;
        int n = cut(rest, width);
        if (rest[n] != '\0') {
            int blank = n;
            while (blank > 0 && rest[blank] != ' ') blank--;
            if (blank > 0) n = blank;
        }
        printf("%*s%.*s\n", left, "", n, rest);
        rest += n;
        while (*rest == ' ') rest++;
    }
    free(copy);
}
