/* cli_table.h - any table of a result in a terminal. */
#ifndef MLSD_CLI_TABLE_H
#define MLSD_CLI_TABLE_H

#include "mlsd/mlsd.h"

/* Print the first rows under a heading, with as many columns from the left as fit into the
 * terminal: "m.low" and "m.high" become an interval, columns that say nothing are left out, and
 * what is not shown is counted. Rows whose column "chosen" is 1 are marked. */
void cli_table_print(const char *heading, const mlsd_table *t);

#endif
