/* time_text.c - dates and times of ISO 8601, read without the C library's locale or time zone. */
#include <string.h>

#include "data/dataset_roles.h"

enum { MICROSECONDS = 1000000 };

/* Read exactly n digits and move past them. */
static bool digits(const char **s, int n, int64_t *out)
{
    int64_t value = 0;
    for (int i = 0; i < n; i++) {
        if ((*s)[i] < '0' || (*s)[i] > '9') return false;
        value = value * 10 + ((*s)[i] - '0');
    }
    *s += n;
    *out = value;
    return true;
}

static bool skip(const char **s, char c)
{
    if (**s != c) return false;
    (*s)++;
    return true;
}

static int64_t days_of_month(int64_t year, int64_t month)
{
    static const int8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

/* Days from 1970-01-01 in the Gregorian calendar: years begin in March, so that the leap day comes
 * last, and 400 years have 146,097 days. */
static int64_t days_since_1970(int64_t year, int64_t month, int64_t day)
{
    const int64_t y = month <= 2 ? year - 1 : year;
    const int64_t era = (y >= 0 ? y : y - 399) / 400;
    const int64_t year_of_era = y - era * 400;
    const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    const int64_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static bool read_date(const char **s, int64_t *out_days)
{
    int64_t year = 0, month = 0, day = 0;
    if (!digits(s, 4, &year)) return false;
    const bool has_hyphens = skip(s, '-');
    if (!digits(s, 2, &month)) return false;
    if (has_hyphens && !skip(s, '-')) return false;
    if (!digits(s, 2, &day)) return false;
    if (month < 1 || month > 12 || day < 1 || day > days_of_month(year, month)) return false;
    *out_days = days_since_1970(year, month, day);
    return true;
}

/* What follows the seconds after a point; digits beyond the sixth are cut off. */
static bool read_fraction(const char **s, int64_t *out)
{
    int64_t value = 0, unit = MICROSECONDS;
    const char *const first = *s;
    for (; **s >= '0' && **s <= '9'; (*s)++) {
        unit /= 10;
        value += (**s - '0') * unit;
    }
    *out = value;
    return *s > first;
}

static bool read_clock(const char **s, int64_t *out)
{
    int64_t hour = 0, minute = 0, second = 0, fraction = 0;
    if (!digits(s, 2, &hour)) return false;
    const bool has_colons = skip(s, ':');
    if (!digits(s, 2, &minute)) return false;
    const bool has_seconds = has_colons ? skip(s, ':') : (**s >= '0' && **s <= '9');
    if (has_seconds && !digits(s, 2, &second)) return false;
    if (has_seconds && (skip(s, '.') || skip(s, ',')) && !read_fraction(s, &fraction)) return false;
    if (hour > 23 || minute > 59 || second > 60) return false; /* 60: a leap second */
    *out = ((hour * 60 + minute) * 60 + second) * MICROSECONDS + fraction;
    return true;
}

/* Z, +hh:mm, +hhmm or +hh. */
static bool read_offset(const char **s, int64_t *out)
{
    int64_t hour = 0, minute = 0;
    *out = 0;
    if (skip(s, 'Z') || skip(s, 'z') || **s == '\0') return true;
    const int64_t sign = **s == '-' ? -1 : 1;
    if (!skip(s, '+') && !skip(s, '-')) return false;
    if (!digits(s, 2, &hour)) return false;
    if (**s != '\0') {
        (void)skip(s, ':');
        if (!digits(s, 2, &minute)) return false;
    }
    *out = sign * (hour * 60 + minute) * 60 * MICROSECONDS;
    return hour <= 23 && minute <= 59;
}

bool mlsd__parse_time(const char *text, int64_t *out)
{
    int64_t days = 0, clock = 0, offset = 0;
    if (!read_date(&text, &days)) return false;
    if (skip(&text, 'T') || skip(&text, 't') || skip(&text, ' ')) {
        if (!read_clock(&text, &clock) || !read_offset(&text, &offset)) return false;
    }
    if (*text != '\0') return false;
    *out = days * 86400 * MICROSECONDS + clock - offset;
    return true;
}
