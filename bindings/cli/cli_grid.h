/* cli_grid.h - columns of text in a terminal: cells are set one by one, widths follow from them. */
#ifndef MLSD_CLI_GRID_H
#define MLSD_CLI_GRID_H

#include <stdbool.h>
#include <stdint.h>

enum { CLI_GRID_COLUMNS = 8 };

typedef struct cli_grid {
    int64_t n_rows;
    int n_columns;
    bool right[CLI_GRID_COLUMNS]; /* numbers stand to the right */
    char **cells;                 /* row by row; NULL shows as nothing */
} cli_grid;

/* `alignment` has a letter for each column: 'l' or 'r'. False when memory ran out. */
bool cli_grid_make(cli_grid *g, int64_t n_rows, const char *alignment);
void cli_grid_free(cli_grid *g);
/* Control characters become '?', so that no text from a file can steer the terminal. */
void cli_grid_set(cli_grid *g, int64_t row, int column, const char *text);
/* Characters of the widest line. */
int cli_grid_width(const cli_grid *g);
/* Print, the first column cut so that lines fit into `width` characters where they can. */
void cli_grid_print(const cli_grid *g, int width);

/* The same for text that flows: broken at blanks, later lines begin with `indent` blanks. */
void cli_print_wrapped(const char *text, int indent);
/* Each line of a text; where there are several, what does not fit is indented. */
void cli_print_lines(const char *text);
/* A text of more than `width` characters keeps its beginning and its end, with ".." between. */
void cli_cut_middle(char *text, int width);
/* Characters (code points) of a text. */
int cli_characters(const char *text);

#endif
