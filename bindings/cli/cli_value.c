/* cli_value.c - reading a result by name, and numbers as people read them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli_print.h"

const mlsd_table *cli_result_table(const mlsd_result *r, const char *name)
{
    const mlsd_table *t = mlsd_result_get_table(r, name);
    return t != NULL && mlsd_table_n_rows(t) > 0 ? t : NULL;
}

double cli_result_number(const mlsd_result *r, const char *name)
{
    double value = NAN;
    return mlsd_result_get_f64(r, name, &value) == MLSD_OK ? value : NAN;
}

const char *cli_result_text(const mlsd_result *r, const char *name)
{
    const char *text = "";
    return mlsd_result_get_str(r, name, &text) == MLSD_OK ? text : "";
}

double cli_cell_number(const mlsd_table *t, const char *column, int64_t row)
{
    int64_t c = 0;
    double value = NAN;
    if (t == NULL || mlsd_table_find(t, column, &c) != MLSD_OK) return NAN;
    return mlsd_table_get_f64(t, c, row, 1, &value) == MLSD_OK ? value : NAN;
}

const char *cli_cell_text(const mlsd_table *t, const char *column, int64_t row)
{
    int64_t c = 0;
    if (t == NULL || mlsd_table_find(t, column, &c) != MLSD_OK) return "";
    const char *text = mlsd_table_get_str(t, c, row);
    return text != NULL ? text : "";
}

const char *cli_show_number(double value, int digits, char out[CLI_NUMBER_CAPACITY])
{
    const double size = fabs(value);
    if (isnan(value)) {
        snprintf(out, CLI_NUMBER_CAPACITY, "-");
    } else if (size != 0 && (size < 1e-3 || size >= 1e6)) {
        snprintf(out, CLI_NUMBER_CAPACITY, "%.*e", digits - 2, value);
    } else if (size == nearbyint(size)) {
        snprintf(out, CLI_NUMBER_CAPACITY, "%.0f", value);
    } else {
        int decimals = digits;
        for (double x = size; x >= 1 && decimals > 0; x /= 10) decimals--;
        snprintf(out, CLI_NUMBER_CAPACITY, "%.*f", decimals, value);
    }
    return out;
}

/* More significant digits than a person types? */
static bool has_many_digits(const char *number)
{
    enum { MOST_TYPED = 9 };
    int n = 0;
    for (const char *p = number; *p != '\0' && *p != 'e' && *p != 'E'; p++)
        n += *p >= '0' && *p <= '9' && (n > 0 || *p != '0');
    return n > MOST_TYPED;
}

void cli_show_text(const char *text, int digits, int width, char *out, size_t capacity)
{
    char *end = NULL, number[CLI_NUMBER_CAPACITY];
    const double value = strtod(text, &end);
    const bool is_number = end != text && *end == '\0' && isfinite(value);
    if (is_number && value != floor(value) && has_many_digits(text))
        snprintf(out, capacity, "%s", cli_show_number(value, digits, number));
    else
        snprintf(out, capacity, "%.*s", width, text);
}

const char *cli_show_interval(double low, double high, int digits, char out[CLI_INTERVAL_CAPACITY])
{
    char a[CLI_NUMBER_CAPACITY], b[CLI_NUMBER_CAPACITY];
    if (isnan(low) || isnan(high))
        snprintf(out, CLI_INTERVAL_CAPACITY, "-");
    else
        snprintf(out, CLI_INTERVAL_CAPACITY, "[%s, %s]", cli_show_number(low, digits, a),
                 cli_show_number(high, digits, b));
    return out;
}

const char *cli_show_bytes(double bytes, char out[CLI_NUMBER_CAPACITY])
{
    static const char units[] = {' ', 'k', 'M', 'G', 'T'};
    int unit = 0;
    for (; bytes >= 10000 && unit < 4; unit++) bytes /= 1000;
    if (isnan(bytes))
        snprintf(out, CLI_NUMBER_CAPACITY, "-");
    else if (unit == 0)
        snprintf(out, CLI_NUMBER_CAPACITY, "%.0f", bytes);
    else
        snprintf(out, CLI_NUMBER_CAPACITY, bytes < 100 ? "%.1f%c" : "%.0f%c", bytes, units[unit]);
    return out;
}

const char *cli_show_time(double value, char out[CLI_NUMBER_CAPACITY])
{
    if (isnan(value))
        snprintf(out, CLI_NUMBER_CAPACITY, "-");
    else
        snprintf(out, CLI_NUMBER_CAPACITY, "%.*f", value < 10 ? 2 : value < 100 ? 1 : 0, value);
    return out;
}
