/* duration.c - durations and moments in texts, as ticks.
 *
 * Units have fixed lengths, so that every window is as long as the next; months and years have
 * none and are refused. Whole numbers stay exact at any size. */
#include "split/duration.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* Times that are whole numbers have no half ticks; what misses a whole one by less is decimal
 * noise, as in 1.1 s = 1100000.0000000002 us. */
#define TICK_NOISE 1e-12
#define MAX_TICKS 4611686018427387904.0 /* 2^62 */

enum { DATE_TICK_NS = 1000, TICKS_A_SECOND = 1000000 };

const char *const mlsd__time_units[] = {"none", "ns", "us", "ms", "s", "min", "h", "d", "w", NULL};

/* Nanoseconds of each choice of time_unit. */
static const int64_t unit_ns[] = {
    0, 1, 1000, 1000000, 1000000000, 60000000000, 3600000000000, 86400000000000, 604800000000000};

/* The ways to write a unit, and its choice of time_unit; 0: it has no fixed length. */
static const struct unit_name {
    const char *name;
    int32_t unit;
} unit_names[] = {
    {"ns", 1},    {"nanosecond", 1},  {"us", 2},      {"\xC2\xB5s", 2}, {"microsecond", 2},
    {"ms", 3},    {"millisecond", 3}, {"s", 4},       {"sec", 4},       {"second", 4},
    {"min", 5},   {"minute", 5},      {"h", 6},       {"hr", 6},        {"hour", 6},
    {"d", 7},     {"day", 7},         {"w", 8},       {"week", 8},      {"mo", 0},
    {"month", 0}, {"q", 0},           {"quarter", 0}, {"y", 0},         {"yr", 0},
    {"year", 0},
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

static bool is_letter(char c)
{
    return (lower(c) >= 'a' && lower(c) <= 'z') || (unsigned char)c >= 0x80;
}

/* Any case, and a plural s. */
static bool is_unit(const char *text, size_t length, const char *name)
{
    const size_t n = strlen(name);
    if (length != n && !(n > 2 && length == n + 1 && lower(text[n]) == 's')) return false;
    for (size_t i = 0; i < n; i++)
        if (lower(text[i]) != name[i]) return false;
    return true;
}

static mlsd_status find_unit(const char *param, const char *text, const char *unit, size_t length,
                             int64_t *out)
{
    if (length == 1 && lower(*unit) == 'm')
        return mlsd__fail(MLSD_E_PARAM_RANGE,
                          "'%s' is '%.40s', which could be minutes or months; write min for "
                          "minutes, and months as days",
                          param, text);
    for (size_t k = 0; k < sizeof unit_names / sizeof *unit_names; k++) {
        if (!is_unit(unit, length, unit_names[k].name)) continue;
        *out = unit_names[k].unit;
        if (*out != 0) return MLSD_OK;
        return mlsd__fail(MLSD_E_PARAM_RANGE,
                          "'%s' is '%.40s', but months, quarters and years differ in length; write "
                          "it in days or weeks, such as 30d",
                          param, text);
    }
    return mlsd__fail(MLSD_E_PARAM_RANGE,
                      "'%s' is '%.40s', which has no unit out of ns, us, ms, s, min, h, d, w",
                      param, text);
}

/* A number and what it counts: a choice of time_unit, or 0 for a plain number. */
typedef struct amount {
    double value;
    int64_t whole; /* the value where is_whole */
    bool is_whole;
    int64_t unit;
} amount;

static mlsd_status read_amount(const char *param, const char *text, amount *out)
{
    size_t length = strlen(text), n_unit = 0;
    while (length > 0 && text[length - 1] == ' ') length--;
    while (n_unit < length && is_letter(text[length - 1 - n_unit])) n_unit++;
    size_t first = 0, end = length - n_unit;
    while (first < end && text[first] == ' ') first++;
    while (end > first && text[end - 1] == ' ') end--;
    out->is_whole = mlsd__parse_int64(text + first, end - first, &out->whole);
    const bool is_number = mlsd__parse_double(text + first, end - first, &out->value);
    if (!is_number || !isfinite(out->value))
        return mlsd__fail(MLSD_E_PARAM_RANGE,
                          "'%s' is '%.40s', which is no duration; write a number and a unit, such "
                          "as 30d, 12h, 90min or 500ms",
                          param, text);
    if (out->value < 0)
        return mlsd__fail(MLSD_E_PARAM_RANGE, "'%s' is '%.40s', but must not be negative", param,
                          text);
    out->unit = 0;
    return n_unit == 0 ? MLSD_OK
                       : find_unit(param, text, text + (length - n_unit), n_unit, &out->unit);
}

static int64_t greatest_divisor(int64_t a, int64_t b)
{
    while (b != 0) {
        const int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* x * numerator / denominator * per_unit, exact for whole numbers. */
static mlsd_status scale_amount(const char *param, const char *text, const amount *x,
                                int64_t numerator, int64_t denominator, double per_unit,
                                const char *tick, int64_t *out)
{
    const int64_t divisor = greatest_divisor(numerator, denominator);
    const int64_t p = numerator / divisor, q = denominator / divisor;
    int64_t product = 0;
    if (per_unit == 1 && x->is_whole && !__builtin_mul_overflow(x->whole, p, &product) &&
        product % q == 0 && product / q < (INT64_C(1) << 62)) {
        *out = product / q;
        return MLSD_OK;
    }
    const double ticks = x->value * (double)p / (double)q * per_unit;
    if (!(ticks < MAX_TICKS))
        return mlsd__fail(MLSD_E_DATA, "'%s' is '%.40s', which is longer than times can be", param,
                          text);
    const double whole = rint(ticks);
    if (per_unit == 1 && fabs(ticks - whole) > TICK_NOISE * ticks) {
        char got[MLSD__NUMBER_CAPACITY];
        mlsd__format_double(ticks, got);
        return mlsd__fail(MLSD_E_DATA,
                          "'%s' is '%.40s', which is %s %s, but times are whole ones; give a whole "
                          "number of them",
                          param, text, got, tick);
    }
    *out = (int64_t)whole;
    return MLSD_OK;
}

mlsd_status mlsd__duration_read(const mlsd__ruler *r, const char *name, const char *text,
                                int64_t *out)
{
    const bool are_dates = r->scale.per_second > 0;
    amount x = {0};
    MLSD__TRY(read_amount(name, text, &x));
    if (x.value == 0) {
        *out = 0;
        return MLSD_OK;
    }
    const int64_t unit = x.unit != 0 ? x.unit : r->time_unit;
    if (are_dates && unit == 0)
        return mlsd__fail(MLSD_E_DATA,
                          "'%s' is '%.40s', but times are dates; write it with a unit, such as 30d",
                          name, text);
    if (are_dates) return scale_amount(name, text, &x, unit_ns[unit], DATE_TICK_NS, 1, "us", out);
    if (x.unit == 0) return scale_amount(name, text, &x, 1, 1, r->scale.per_unit, "ticks", out);
    if (r->time_unit == 0)
        return mlsd__fail(MLSD_E_DATA,
                          "%s '%.40s' needs to know the unit of the times; set time_unit or give a "
                          "plain number",
                          name, text);
    return scale_amount(name, text, &x, unit_ns[unit], unit_ns[r->time_unit], r->scale.per_unit,
                        mlsd__time_units[r->time_unit], out);
}

mlsd_status mlsd__moment_read(const mlsd__ruler *r, const char *name, const char *text,
                              int64_t *out)
{
    const bool are_dates = r->scale.per_second > 0;
    double value = 0;
    int64_t microseconds = 0;
    if (!are_dates && r->scale.per_unit == 1 && mlsd__parse_int64(text, strlen(text), out))
        return MLSD_OK;
    if (!are_dates && mlsd__parse_double(text, strlen(text), &value)) {
        /* Between two whole ticks it is the later: what is before it stays before it. */
        const double ticks = r->scale.per_unit == 1 ? ceil(value) : rint(value * r->scale.per_unit);
        if (fabs(ticks) < MAX_TICKS) {
            *out = (int64_t)ticks;
            return MLSD_OK;
        }
        return mlsd__fail(MLSD_E_DATA, "'%s' is '%.40s', which is beyond all times", name, text);
    }
    if (!mlsd__parse_time(text, &microseconds))
        return mlsd__fail(MLSD_E_PARAM_RANGE, "'%s' is '%.40s', which is no moment; write %s", name,
                          text,
                          are_dates ? "a date, such as 2024-05-31 or 2024-05-31T23:59:59"
                                    : "a number, as the times are");
    if (are_dates) {
        *out = microseconds;
        return MLSD_OK;
    }
    if (r->time_unit == 0)
        return mlsd__fail(MLSD_E_DATA,
                          "'%s' is the date '%.40s', but times are numbers; set time_unit to what "
                          "they count since 1970, or give a number",
                          name, text);
    /* Rounded up, as above. */
    const double ticks =
        (double)microseconds * DATE_TICK_NS / (double)unit_ns[r->time_unit] * r->scale.per_unit;
    if (!(fabs(ticks) < MAX_TICKS))
        return mlsd__fail(MLSD_E_DATA, "'%s' is '%.40s', which is beyond all times", name, text);
    *out = (int64_t)ceil(ticks);
    return MLSD_OK;
}

/* Three decimals are enough to understand. */
static double rounded(double x)
{
    return fabs(x) < 1e12 ? rint(x * 1000) / 1000 : x;
}

/* Nanoseconds of a tick; 0 where the times have no unit. */
static double tick_ns(const mlsd__ruler *r)
{
    if (r->scale.per_second > 0) return DATE_TICK_NS;
    return (double)unit_ns[r->time_unit] / r->scale.per_unit;
}

const char *mlsd__duration_text(const mlsd__ruler *r, int64_t ticks, char out[MLSD__TIME_CAPACITY])
{
    char number[MLSD__NUMBER_CAPACITY];
    if (tick_ns(r) == 0) {
        mlsd__format_double(rounded((double)ticks / r->scale.per_unit), number);
        (void)snprintf(out, MLSD__TIME_CAPACITY, "%s", number);
        return out;
    }
    const double ns = (double)ticks * tick_ns(r);
    int64_t unit = 7; /* weeks are not counted */
    while (unit > 1 && ns < (double)unit_ns[unit]) unit--;
    if (ns == 0) unit = 4;
    mlsd__format_double(rounded(ns / (double)unit_ns[unit]), number);
    (void)snprintf(out, MLSD__TIME_CAPACITY, "%s%s", number, mlsd__time_units[unit]);
    return out;
}

/* Year, month and day of a number of days since 1970, by the calendar of 400 years that begin in
 * March: Hinnant, "chrono-compatible low-level date algorithms", civil_from_days. */
static void civil_from_days(int64_t days, int64_t *year, int *month, int *day)
{
    const int64_t z = days + 719468;
    const int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    const int64_t doe = z - era * 146097;
    const int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    const int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    const int64_t mp = (5 * doy + 2) / 153;
    *day = (int)(doy - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = yoe + era * 400 + (*month <= 2);
}

const char *mlsd__moment_text(const mlsd__ruler *r, int64_t ticks, char out[MLSD__TIME_CAPACITY])
{
    if (r->scale.per_second == 0) {
        char number[MLSD__NUMBER_CAPACITY];
        if (r->scale.per_unit == 1) {
            (void)snprintf(out, MLSD__TIME_CAPACITY, "%lld", (long long)ticks);
            return out;
        }
        mlsd__format_double((double)ticks / r->scale.per_unit, number);
        (void)snprintf(out, MLSD__TIME_CAPACITY, "%s", number);
        return out;
    }
    const int64_t day_ticks = 86400LL * TICKS_A_SECOND;
    int64_t days = ticks / day_ticks, rest = ticks % day_ticks, year = 0;
    int month = 0, day = 0;
    if (rest < 0) {
        rest += day_ticks;
        days--;
    }
    civil_from_days(days, &year, &month, &day);
    int length =
        snprintf(out, MLSD__TIME_CAPACITY, "%04lld-%02d-%02d", (long long)year, month, day);
    const int64_t second = rest / TICKS_A_SECOND, fraction = rest % TICKS_A_SECOND;
    if (rest == 0) return out;
    length += snprintf(out + length, (size_t)(MLSD__TIME_CAPACITY - length), "T%02d:%02d:%02d",
                       (int)(second / 3600), (int)(second / 60 % 60), (int)(second % 60));
    if (fraction != 0)
        (void)snprintf(out + length, (size_t)(MLSD__TIME_CAPACITY - length), ".%06d",
                       (int)fraction);
    return out;
}
