/* math_tables.h - the tables of our own exp, log, erf, erfc and lgamma; what they hold is said in
 * math_tables.c, and how they are made in generate_math_tables.py. */
#ifndef MLSD_NUMERIC_MATH_TABLES_H
#define MLSD_NUMERIC_MATH_TABLES_H

extern const double mlsd__exp_table[128][2];
extern const double mlsd__log_table[128][3];
extern const double mlsd__erfc_table[96][13];
extern const double mlsd__erf_series[12];
extern const double mlsd__lgamma_series[24];

#endif
