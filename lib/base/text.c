/* text.c - numbers to text and back, growing texts, JSON writing, nearest names. No locale is ever
 * asked: what snprintf writes is taken apart into digits and laid out here, and what strtod reads
 * was rebuilt here and is read under a C locale object. Invariant: parse(format(x)) is x, bit for
 * bit, for every double but the payload of a NaN. */
#include "base/text.h"

#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading numbers ---- */

/* A double never needs more than 767 significant digits to be told from the midpoint beside it;
 * of what follows only "is any digit not 0" matters. */
enum { MAX_DIGITS = 800 };

/* Powers of ten that a double holds exactly. */
static const double exact_power_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                            1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                            1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
enum { MAX_EXACT_POWER = 22 };

/* 0.d1d2d3... without the point, times 10^exponent: digits[0] is not '0'. */
typedef struct decimal {
    char digits[MAX_DIGITS + 1];
    int32_t n_digits;
    int64_t exponent; /* of the last digit's place */
} decimal;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* ASCII only, unlike tolower(). */
static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool equals_ignoring_case(const char *text, size_t length, const char *word)
{
    if (strlen(word) != length) return false;
    for (size_t i = 0; i < length; i++)
        if (lower(text[i]) != word[i]) return false;
    return true;
}

/* The slow and always correct way: the C library on a rebuilt text. Under the "C" locale there is
 * nothing to load, so newlocale neither reads files nor changes what other threads see. */
static bool strtod_in_c_locale(const decimal *d, double *out)
{
    char text[MAX_DIGITS + 32];
    memcpy(text, d->digits, (size_t)d->n_digits);
    int64_t exponent = d->exponent;
    if (exponent > 100000) exponent = 100000;
    if (exponent < -100000) exponent = -100000;
    snprintf(text + d->n_digits, sizeof text - (size_t)d->n_digits, "e%d", (int)exponent);

    const locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (c_locale == (locale_t)0) return false;
    *out = strtod_l(text, NULL, c_locale);
    freelocale(c_locale);
    return true;
}

/* Clinger (1990), "How to read floating point numbers accurately", PLDI'90, section 3: mantissa and
 * power are exact doubles, so one rounding is the right one. */
static bool value_of_decimal(const decimal *d, double *out)
{
    if (d->n_digits == 0) {
        *out = 0.0;
        return true;
    }
    if (d->n_digits <= 19 && d->exponent >= -MAX_EXACT_POWER && d->exponent <= MAX_EXACT_POWER) {
        uint64_t mantissa = 0;
        for (int32_t i = 0; i < d->n_digits; i++)
            mantissa = mantissa * 10 + (uint64_t)(d->digits[i] - '0');
        if (mantissa <= UINT64_C(1) << 53) {
            const double m = (double)mantissa;
            *out = d->exponent < 0 ? m / exact_power_of_ten[-d->exponent]
                                   : m * exact_power_of_ten[d->exponent];
            return true;
        }
    }
    return strtod_in_c_locale(d, out);
}

/* Take digits from [p, end) into d; leading zeros only move the point. */
static const char *scan_digits(const char *p, const char *end, bool is_fraction, decimal *d)
{
    for (; p < end && is_digit(*p); p++) {
        if (d->n_digits == 0 && *p == '0') {
            d->exponent -= is_fraction;
        } else if (d->n_digits < MAX_DIGITS) {
            d->digits[d->n_digits++] = *p;
            d->exponent -= is_fraction;
        } else {
            /* Beyond the last kept digit: raise it off a midpoint, keep the scale. */
            if (*p != '0' && d->n_digits == MAX_DIGITS) d->digits[MAX_DIGITS - 1] |= 1;
            d->exponent += !is_fraction;
        }
    }
    return p;
}

/* Read "e+12"; a number that does not end there is none. */
static bool scan_exponent(const char *p, const char *end, int64_t *out)
{
    p++;
    const bool negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+')) p++;
    if (p == end) return false;
    int64_t value = 0;
    for (; p < end; p++) {
        if (!is_digit(*p)) return false;
        if (value < INT64_MAX / 100) value = value * 10 + (*p - '0');
    }
    *out = negative ? -value : value;
    return true;
}

bool mlsd__parse_double(const char *text, size_t length, double *out)
{
    if (length == 0) return false;
    const char *p = text;
    const char *const end = text + length;
    const bool negative = *p == '-';
    if (*p == '-' || *p == '+') p++;

    const size_t n_left = (size_t)(end - p);
    double value;
    if (equals_ignoring_case(p, n_left, "nan")) {
        value = (double)NAN;
    } else if (equals_ignoring_case(p, n_left, "inf") ||
               equals_ignoring_case(p, n_left, "infinity")) {
        value = (double)INFINITY;
    } else {
        decimal d;
        d.n_digits = 0;
        d.exponent = 0;
        const char *const whole_end = scan_digits(p, end, false, &d);
        bool has_digits = whole_end > p;
        p = whole_end;
        if (p < end && *p == '.') {
            const char *const fraction_end = scan_digits(p + 1, end, true, &d);
            has_digits = has_digits || fraction_end > p + 1;
            p = fraction_end;
        }
        if (!has_digits) return false;
        if (p < end) {
            int64_t exponent;
            if (lower(*p) != 'e' || !scan_exponent(p, end, &exponent)) return false;
            d.exponent += exponent;
        }
        if (!value_of_decimal(&d, &value)) return false;
    }
    *out = negative ? -value : value;
    return true;
}

bool mlsd__parse_int64(const char *text, size_t length, int64_t *out)
{
    if (length == 0) return false;
    const char *p = text;
    const char *const end = text + length;
    const bool negative = *p == '-';
    if (*p == '-' || *p == '+') p++;
    if (p == end) return false;
    const uint64_t limit = (uint64_t)INT64_MAX + negative;
    uint64_t value = 0;
    for (; p < end; p++) {
        if (!is_digit(*p)) return false;
        const uint64_t digit = (uint64_t)(*p - '0');
        if (value > (limit - digit) / 10) return false;
        value = value * 10 + digit;
    }
    *out = negative ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

/* ---- writing numbers ---- */

/* Whole numbers below this are written without an exponent. */
static const double exponent_from = 1e15;

static void drop_trailing_zeros(decimal *d)
{
    while (d->n_digits > 1 && d->digits[d->n_digits - 1] == '0') {
        d->n_digits--;
        d->exponent++;
    }
}

/* The first n_digits digits of a positive value, correctly rounded: "d<point>ddde<exponent>", where
 * the point may be any bytes. */
static void digits_of(double value, int32_t n_digits, decimal *d)
{
    char text[64];
    snprintf(text, sizeof text, "%.*e", n_digits - 1, value);
    const char *const e = strchr(text, 'e');
    d->n_digits = 0;
    for (const char *p = text; p < e; p++)
        if (is_digit(*p)) d->digits[d->n_digits++] = *p;
    d->exponent = strtol(e + 1, NULL, 10) - (n_digits - 1);
}

static bool reads_back(const decimal *d, double value)
{
    double back;
    return value_of_decimal(d, &back) && back == value;
}

/* A value such as 12.75 that is a whole number of few digits over a power of ten. Up to 15 digits
 * a decimal text that reads back is the only one of its length or less. */
static bool short_fraction(double value, decimal *d)
{
    if (!(value >= 1e-5 && value < 1e12)) return false;
    for (int32_t places = 0; places <= 10; places++) {
        const double scaled = value * exact_power_of_ten[places];
        if (scaled >= exponent_from) return false;
        const double whole = rint(scaled);
        if (whole / exact_power_of_ten[places] != value) continue;
        char reversed[20];
        int32_t n = 0;
        for (uint64_t left = (uint64_t)whole; left > 0; left /= 10)
            reversed[n++] = (char)('0' + left % 10);
        for (int32_t i = 0; i < n; i++) d->digits[i] = reversed[n - 1 - i];
        d->n_digits = n;
        d->exponent = -places;
        return true;
    }
    return false;
}

/* The first n digits of a value of which 17 are known; the C library is asked again only where
 * rounding twice could go wrong (the rest looks like one half) or runs over (9...9). */
static void round_digits(double value, const decimal *seventeen, int32_t n, decimal *d)
{
    const char *const digits = seventeen->digits;
    const char next = digits[n];
    const bool may_be_half = next == '5' && (n == 16 || digits[n + 1] == '0');
    if (may_be_half || (next >= '5' && digits[n - 1] == '9')) {
        digits_of(value, n, d);
        return;
    }
    memcpy(d->digits, digits, (size_t)n);
    d->digits[n - 1] = (char)(d->digits[n - 1] + (next >= '5'));
    d->n_digits = n;
    d->exponent = seventeen->exponent + 17 - n;
}

/* At a power of two the gap above is twice the one below, and the nearest text of a length may fall
 * short while the next one up still reads back. */
static bool step_up_reads_back(double value, decimal *d)
{
    int exponent;
    if (frexp(value, &exponent) != 0.5 || d->digits[d->n_digits - 1] == '9') return false;
    d->digits[d->n_digits - 1]++;
    return reads_back(d, value);
}

/* The fewest digits that read back. 15 always survive the way through a normal double, so shorter
 * texts come out of 15 digits by dropping zeros; below the normal range precision shrinks and all
 * lengths are tried. 17 always read back. */
static void shortest_digits(double value, decimal *d)
{
    if (short_fraction(value, d)) return;
    decimal seventeen;
    digits_of(value, 17, &seventeen);
    bool found = false;
    for (int32_t n = value < 0x1p-1022 ? 1 : 15; n < 17 && !found; n++) {
        if (n < 15)
            digits_of(value, n, d);
        else
            round_digits(value, &seventeen, n, d);
        found = reads_back(d, value) || step_up_reads_back(value, d);
    }
    if (!found) {
        memcpy(d->digits, seventeen.digits, 17);
        d->n_digits = 17;
        d->exponent = seventeen.exponent;
    }
    drop_trailing_zeros(d);
}

/* Write digits with a point or an exponent, as Python's repr does. */
static char *lay_out(char *p, const decimal *d)
{
    const int32_t n = d->n_digits;
    const int32_t point = (int32_t)d->exponent + n; /* digits before the point */
    if (point > 15 || point < -3) {
        *p++ = d->digits[0];
        if (n > 1) {
            *p++ = '.';
            memcpy(p, d->digits + 1, (size_t)n - 1);
            p += n - 1;
        }
        return p + snprintf(p, 8, "e%+03d", (int)(point - 1));
    }
    if (point <= 0) {
        *p++ = '0';
        *p++ = '.';
        for (int32_t i = point; i < 0; i++) *p++ = '0';
    }
    for (int32_t i = 0; i < n || i < point; i++) {
        if (i > 0 && i == point) *p++ = '.';
        *p++ = i < n ? d->digits[i] : '0';
    }
    return p;
}

int32_t mlsd__format_double(double value, char out[MLSD__NUMBER_CAPACITY])
{
    char *p = out;
    if (isnan(value)) {
        memcpy(out, "nan", 4);
        return 3;
    }
    if (signbit(value)) *p++ = '-';
    const double magnitude = fabs(value);
    if (isinf(magnitude)) {
        memcpy(p, "inf", 3);
        p += 3;
    } else if (magnitude < exponent_from && magnitude == floor(magnitude)) {
        p += snprintf(p, 20, "%lld", (long long)magnitude);
    } else {
        decimal d;
        shortest_digits(magnitude, &d);
        p = lay_out(p, &d);
    }
    *p = '\0';
    return (int32_t)(p - out);
}

/* ---- growing texts ---- */

void mlsd__text_init(mlsd__text *t, const mlsd__allocator *a)
{
    *t = (mlsd__text){.allocator = a};
}

void mlsd__text_free(mlsd__text *t)
{
    mlsd__free(t->allocator, t->data);
    *t = (mlsd__text){.allocator = t->allocator};
}

/* Room for n more bytes and the NUL; NULL, with the status kept, when there is none. */
static char *grow(mlsd__text *t, size_t n)
{
    if (t->status != MLSD_OK) return NULL;
    if (n >= (size_t)(INT64_MAX - 1 - t->length)) {
        t->status = mlsd__fail_nomem();
        return NULL;
    }
    void *data = t->data;
    t->status = mlsd__reserve(t->allocator, &data, &t->capacity, t->length + (int64_t)n + 1, 1);
    t->data = data;
    return t->status == MLSD_OK ? t->data + t->length : NULL;
}

void mlsd__text_append_n(mlsd__text *t, const char *bytes, size_t n)
{
    char *const end = grow(t, n);
    if (end == NULL) return;
    if (n > 0) memcpy(end, bytes, n);
    end[n] = '\0';
    t->length += (int64_t)n;
}

void mlsd__text_append(mlsd__text *t, const char *text)
{
    mlsd__text_append_n(t, text, strlen(text));
}

void mlsd__text_format(mlsd__text *t, const char *format, ...)
{
    char stack[256];
    va_list arguments;
    va_start(arguments, format);
    const int n = vsnprintf(stack, sizeof stack, format, arguments);
    va_end(arguments);
    if (t->status != MLSD_OK) return;
    if (n < 0) {
        t->status = mlsd__fail(MLSD_E_INTERNAL, "cannot format a text with '%s'", format);
    } else if ((size_t)n < sizeof stack) {
        mlsd__text_append_n(t, stack, (size_t)n);
    } else {
        char *const end = grow(t, (size_t)n);
        if (end == NULL) return;
        va_start(arguments, format);
        vsnprintf(end, (size_t)n + 1, format, arguments);
        va_end(arguments);
        t->length += n;
    }
}

void mlsd__text_double(mlsd__text *t, double value)
{
    char number[MLSD__NUMBER_CAPACITY];
    const int32_t n = mlsd__format_double(value, number);
    mlsd__text_append_n(t, number, (size_t)n);
}

/* A printed number with the decimal point of whatever locale, of one byte or more, made a '.';
 * returns the length. */
static size_t with_a_point(const char *printed, char *out)
{
    size_t n = 0;
    bool in_gap = false;
    for (const char *p = printed; *p != '\0'; p++) {
        const bool is_kept = is_digit(*p) || *p == 'e' || *p == '-' || *p == '+';
        if (is_kept)
            out[n++] = *p;
        else if (!in_gap)
            out[n++] = '.';
        in_gap = !is_kept;
    }
    out[n] = '\0';
    return n;
}

double mlsd__round_significant(double value, int digits)
{
    char printed[64], plain[64];
    double rounded = value;
    if (!isfinite(value)) return value;
    snprintf(printed, sizeof printed, "%.*e", digits - 1, value);
    const size_t n = with_a_point(printed, plain);
    return mlsd__parse_double(plain, n, &rounded) ? rounded : value;
}

/* Also drops the sign of what rounds to zero: "-0.00" tells a reader nothing. */
void mlsd__text_fixed(mlsd__text *t, double value, int decimals)
{
    enum { MOST_DECIMALS = 60 };
    if (!isfinite(value)) {
        mlsd__text_double(t, value);
        return;
    }
    if (decimals < 0) decimals = 0;
    if (decimals > MOST_DECIMALS) decimals = MOST_DECIMALS;
    char printed[400 + MOST_DECIMALS], fixed[402 + MOST_DECIMALS];
    snprintf(printed, sizeof printed, "%.*f", decimals, fabs(value));

    const size_t sign = signbit(value) != 0;
    fixed[0] = '-';
    const size_t n = sign + with_a_point(printed, fixed + sign);
    const bool is_zero = strpbrk(fixed + sign, "123456789") == NULL;
    const size_t first = is_zero ? sign : 0;
    mlsd__text_append_n(t, fixed + first, n - first);
}

mlsd_status mlsd__text_to_buffer(const mlsd__text *t, char *buf, int64_t capacity,
                                 int64_t *out_length)
{
    if (t->status != MLSD_OK) return t->status;
    MLSD__REQUIRE(capacity >= 0, "the capacity of a buffer must not be negative, got %lld",
                  (long long)capacity);
    MLSD__REQUIRE(buf != NULL || capacity == 0, "the buffer is NULL, but its capacity is %lld",
                  (long long)capacity);
    if (out_length != NULL) *out_length = t->length;
    if (buf == NULL) return MLSD_OK;
    if (capacity <= t->length) {
        if (capacity > 0) buf[0] = '\0';
        return mlsd__fail(MLSD_E_BUFFER, "the text needs %lld bytes, the buffer has %lld",
                          (long long)t->length + 1, (long long)capacity);
    }
    if (t->length > 0) memcpy(buf, t->data, (size_t)t->length);
    buf[t->length] = '\0';
    return MLSD_OK;
}

/* ---- UTF-8 and JSON ---- */

/* Bytes of the well-formed sequence at p, or 0; *n_bad is then the length of the ill-formed part
 * (Unicode 15, table 3-7 and section 3.9, "maximal subpart"). n_left >= 1. */
static size_t utf8_sequence(const unsigned char *p, size_t n_left, size_t *n_bad)
{
    *n_bad = 1;
    const unsigned char first = p[0];
    if (first < 0x80) return 1;
    if (first < 0xc2 || first > 0xf4) return 0;
    const size_t n = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    /* The second byte rules out overlong forms, surrogates and what is above U+10FFFF. */
    const unsigned char low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    const unsigned char high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    for (size_t i = 1; i < n; i++) {
        *n_bad = i;
        if (i == n_left) return 0;
        if (p[i] < (i == 1 ? low : 0x80) || p[i] > (i == 1 ? high : 0xbf)) return 0;
    }
    return n;
}

bool mlsd__utf8_valid(const char *text, size_t length, size_t *bad)
{
    size_t i = 0;
    while (i < length) {
        size_t n_bad;
        const size_t n = utf8_sequence((const unsigned char *)text + i, length - i, &n_bad);
        if (n == 0) {
            if (bad != NULL) *bad = i;
            return false;
        }
        i += n;
    }
    return true;
}

static void append_json_control(mlsd__text *t, unsigned char c)
{
    static const char short_form[32] = {
        ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
    if (c < sizeof short_form && short_form[c] != 0)
        mlsd__text_format(t, "\\%c", short_form[c]);
    else
        mlsd__text_format(t, "\\u%04x", c);
}

void mlsd__text_json_string(mlsd__text *t, const char *text)
{
    if (text == NULL) {
        mlsd__text_append(t, "null");
        return;
    }
    const size_t length = strlen(text);
    const unsigned char *const bytes = (const unsigned char *)text;
    mlsd__text_append_n(t, "\"", 1);
    size_t plain = 0; /* start of what needs no change and is not yet appended */
    for (size_t i = 0; i < length;) {
        const unsigned char c = bytes[i];
        size_t n_bad;
        const size_t n = utf8_sequence(bytes + i, length - i, &n_bad);
        if (n > 0 && c >= 0x20 && c != '"' && c != '\\') {
            i += n;
            continue;
        }
        mlsd__text_append_n(t, text + plain, i - plain);
        if (n == 0)
            mlsd__text_append(t, "\xef\xbf\xbd");
        else if (c < 0x20)
            append_json_control(t, c);
        else
            mlsd__text_format(t, "\\%c", c);
        i += n > 0 ? n : n_bad;
        plain = i;
    }
    mlsd__text_append_n(t, text + plain, length - plain);
    mlsd__text_append_n(t, "\"", 1);
}

void mlsd__text_json_double(mlsd__text *t, double value)
{
    if (isnan(value))
        mlsd__text_append(t, "null");
    else if (isinf(value))
        mlsd__text_append(t, value > 0 ? "\"inf\"" : "\"-inf\"");
    else
        mlsd__text_double(t, value);
}

/* ---- nearest names ---- */

/* Longer names are never misspelt by hand. */
enum { LONGEST_NAME = 80 };

/* Optimal string alignment: insert, delete, change, or swap two neighbours, each costs 1; capital
 * letters count as small ones. Lengths are at most LONGEST_NAME. */
static int32_t distance(const char *a, int32_t n_a, const char *b, int32_t n_b)
{
    int32_t rows[3][LONGEST_NAME + 1];
    int32_t *before = rows[0], *above = rows[1], *row = rows[2];
    for (int32_t j = 0; j <= n_b; j++) above[j] = j;
    for (int32_t i = 1; i <= n_a; i++) {
        row[0] = i;
        for (int32_t j = 1; j <= n_b; j++) {
            int32_t best = above[j - 1] + (lower(a[i - 1]) != lower(b[j - 1]));
            if (above[j] + 1 < best) best = above[j] + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                lower(a[i - 2]) == lower(b[j - 1]) && before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            row[j] = best;
        }
        int32_t *const spent = before;
        before = above;
        above = row;
        row = spent;
    }
    return above[n_b];
}

/* A name that is only begun counts as farther than every misspelling, shorter rests first. */
const char *mlsd__nearest_name(const char *wanted,
                               const char *(*name_at)(const void *user, int64_t i),
                               const void *user, int64_t n)
{
    const size_t length = wanted == NULL ? 0 : strlen(wanted);
    if (length == 0 || length > LONGEST_NAME) return NULL;
    const int32_t farthest = length / 3 > 1 ? (int32_t)(length / 3) : 1;
    const char *nearest = NULL;
    int32_t nearest_cost = INT32_MAX;
    for (int64_t i = 0; i < n; i++) {
        const char *const name = name_at(user, i);
        const size_t name_length = name == NULL ? 0 : strlen(name);
        if (name_length == 0 || name_length > LONGEST_NAME) continue;
        int32_t cost = distance(wanted, (int32_t)length, name, (int32_t)name_length);
        if (cost > farthest) {
            if (length < 2 || strncmp(wanted, name, length) != 0) continue;
            cost += LONGEST_NAME;
        }
        if (cost < nearest_cost) {
            nearest_cost = cost;
            nearest = name;
        }
    }
    return nearest;
}
