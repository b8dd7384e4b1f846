/* folds_picture.c - strips of stacked shares, as SVG. Bins that follow each other become one
 * outline, so that a picture has the size of what it shows. Colours differ in lightness as well as
 * in hue, and parts keep their place in the stack (training below, test above), so that they can be
 * told apart without colours. */
#include "report/folds_picture.h"

#include <math.h>
#include <string.h>

#include "report/svg.h"

enum {
    WIDTH = 720,
    LEFT = 110,
    RIGHT = 140,
    STRIP_HEIGHT = 16,
    STEP = 22,
    TOP = 8,
    AXIS = 26,
    KEY_HEIGHT = 22,
    KEY_SWATCH = 12,
    LABEL_CHARACTERS = 14,
    KEY_CHARACTERS = 24,
    CHARACTER_WIDTH = 8
};

const char mlsd__picture_style[] =
    ".folds{--train:#9ecbf4;--valid:#009e73;--test:#b84a00;--frame:#8c959f}\n"
    "@media(prefers-color-scheme:dark){.folds{--train:#24507d;--valid:#3fb68b;--test:#ffb077;"
    "--frame:#6e7681}}\n"
    ".folds .frame{fill:none;stroke:var(--frame);stroke-width:.6}\n"
    ".folds .train{fill:var(--train)}.folds .valid{fill:var(--valid)}.folds .test{fill:var(--test)}"
    "\n"
    ".folds .k0{fill:#0072b2}.folds .k1{fill:#e69f00}.folds .k2{fill:#009e73}"
    ".folds .k3{fill:#cc79a7}\n"
    ".folds .k4{fill:#56b4e9}.folds .k5{fill:#d55e00}.folds .k6{fill:#f0e442}"
    ".folds .k7{fill:#999}\n";

/* What a page brings otherwise. */
static const char alone_style[] =
    ".folds{--ink:#1b1f24;--soft:#57606a;--paper:#fff;font:13px system-ui,sans-serif}\n"
    "@media(prefers-color-scheme:dark){.folds{--ink:#e6edf3;--soft:#9198a1;--paper:#0d1117}}\n"
    ".folds .paper{fill:var(--paper)}.folds text{fill:var(--ink)}"
    ".folds .tick,.folds .note{fill:var(--soft);font-size:12px}\n"
    ".folds .name,.folds .end-anchor{text-anchor:end}.folds .middle{text-anchor:middle}\n";

const char *mlsd__part_style(int64_t part, int64_t n_parts)
{
    return part == 0 ? "train" : part == n_parts - 1 ? "test" : "valid";
}

static double bin_x(const mlsd__picture *p, int64_t bin)
{
    return LEFT + (double)(WIDTH - LEFT - RIGHT) * (double)bin / (double)p->n_bins;
}

static void number(mlsd__text *t, const char *before, double value)
{
    mlsd__text_append(t, before);
    mlsd__text_fixed(t, value, 1);
}

/* How far up a strip the kinds before `kind` reach in a bin, in shares of its height. */
static double stack_at(const mlsd__picture_strip *s, int64_t bin, int64_t kind)
{
    double sum = 0;
    for (int64_t k = 0; k < kind; k++) sum += (double)s->shares[bin * s->n_kinds + k];
    return sum < 1 ? sum : 1;
}

static bool is_drawn(const mlsd__picture_strip *s, int64_t bin, int64_t kind)
{
    return stack_at(s, bin, kind + 1) > stack_at(s, bin, kind);
}

/* Steps from bin to bin in the direction `way`, over those that end before `end`; the pen stands at
 * the height of the first. */
static void draw_steps(mlsd__text *t, const mlsd__picture *p, const mlsd__picture_strip *s,
                       int64_t kind, double top, int64_t bin, int64_t end, int way)
{
    double height = stack_at(s, bin, kind);
    for (; bin != end; bin += way) {
        const double next = stack_at(s, bin, kind);
        if (fabs(next - height) < 1e-6) continue;
        number(t, "H", bin_x(p, way > 0 ? bin : bin + 1));
        number(t, "V", top + STRIP_HEIGHT * (1 - next));
        height = next;
    }
    number(t, "H", bin_x(p, way > 0 ? end : end + 1));
}

/* One kind of a strip: outlines of the bins that have some of it. */
static void draw_kind(mlsd__text *t, const mlsd__picture *p, const mlsd__picture_strip *s,
                      int64_t kind, double top)
{
    bool is_open = false;
    for (int64_t bin = 0; bin < p->n_bins; bin++) {
        if (!is_drawn(s, bin, kind)) continue;
        int64_t end = bin + 1;
        while (end < p->n_bins && is_drawn(s, end, kind)) end++;
        if (!is_open) mlsd__text_format(t, "<path class=\"%s\" d=\"", s->styles[kind]);
        is_open = true;
        number(t, "M", bin_x(p, bin));
        number(t, ",", top + STRIP_HEIGHT * (1 - stack_at(s, bin, kind + 1)));
        draw_steps(t, p, s, kind + 1, top, bin, end, 1);
        number(t, "V", top + STRIP_HEIGHT * (1 - stack_at(s, end - 1, kind)));
        draw_steps(t, p, s, kind, top, end - 1, bin - 1, -1);
        mlsd__text_append(t, "z");
        bin = end;
    }
    if (is_open) mlsd__text_append(t, "\"/>");
}

/* At most `most` characters; the last is an ellipsis where more would follow. */
static void append_short(mlsd__text *t, const char *text, int most)
{
    size_t end = 0, kept = 0;
    int n = 0;
    for (; text[end] != '\0'; end++) {
        if (((unsigned char)text[end] & 0xc0) == 0x80) continue;
        if (++n == most) kept = end;
        if (n > most) break;
    }
    if (n <= most) {
        mlsd__html_text(t, text);
        return;
    }
    char beginning[4 * 64];
    kept = kept < sizeof beginning - 1 ? kept : sizeof beginning - 1;
    memcpy(beginning, text, kept);
    beginning[kept] = '\0';
    mlsd__html_text(t, beginning);
    mlsd__text_append(t, "\xe2\x80\xa6");
}

static void put_text(mlsd__text *t, const char *style, double x, double y, const char *text,
                     int most)
{
    mlsd__text_format(t, "<text class=\"%s\"", style);
    number(t, " x=\"", x);
    number(t, "\" y=\"", y);
    mlsd__text_append(t, "\">");
    append_short(t, text, most);
    mlsd__text_append(t, "</text>");
}

static void put_rect(mlsd__text *t, const char *style, double x, double y, double width,
                     double height)
{
    mlsd__text_format(t, "<rect class=\"%s\"", style);
    number(t, " x=\"", x);
    number(t, "\" y=\"", y);
    number(t, "\" width=\"", width);
    number(t, "\" height=\"", height);
    mlsd__text_append(t, "\"/>");
}

static void draw_strip(mlsd__text *t, const mlsd__picture *p, const mlsd__picture_strip *s,
                       double top)
{
    mlsd__text_append(t, "<g>");
    put_text(t, "name", LEFT - 8, top + 12, s->label, LABEL_CHARACTERS);
    for (int64_t k = 0; k < s->n_kinds; k++) draw_kind(t, p, s, k, top);
    put_rect(t, "frame", LEFT, top, WIDTH - LEFT - RIGHT, STRIP_HEIGHT);
    if (s->note != NULL) put_text(t, "note", WIDTH - RIGHT + 8, top + 12, s->note, 22);
    mlsd__text_append(t, "</g>\n");
}

static double key_width(const mlsd__picture_key *k)
{
    int n = 0;
    for (const char *c = k->label; *c != '\0'; c++) n += ((unsigned char)*c & 0xc0) != 0x80;
    return KEY_SWATCH + 20 + CHARACTER_WIDTH * (n < KEY_CHARACTERS ? n : KEY_CHARACTERS);
}

/* Keys from left to right in lines; draws where t is given. Returns the height. */
static double lay_keys(mlsd__text *t, const mlsd__picture *p, double top)
{
    double x = LEFT, y = 0;
    for (int64_t k = 0; k < p->n_keys; k++) {
        const double width = key_width(&p->keys[k]);
        if (x > LEFT && x + width > WIDTH) {
            x = LEFT;
            y += KEY_HEIGHT;
        }
        if (t != NULL) {
            put_rect(t, p->keys[k].style, x, top + y, KEY_SWATCH, KEY_SWATCH);
            put_text(t, "key", x + KEY_SWATCH + 6, top + y + 10, p->keys[k].label, KEY_CHARACTERS);
        }
        x += width;
    }
    return p->n_keys > 0 ? y + KEY_HEIGHT : 0;
}

static void draw_axis(mlsd__text *t, const mlsd__picture *p, double top)
{
    put_text(t, "tick", LEFT, top + 14, "row 0", 30);
    mlsd__text_append(t, "<text class=\"tick end-anchor\"");
    number(t, " x=\"", WIDTH - RIGHT);
    number(t, "\" y=\"", top + 14);
    mlsd__text_append(t, "\">");
    mlsd__html_number(t, (double)(p->n_rows - 1));
    mlsd__text_append(t, "</text>\n");
}

void mlsd__picture_draw(mlsd__text *t, const mlsd__picture *p, bool alone)
{
    const double bottom = TOP + (double)p->n_strips * STEP;
    const double keys_top = bottom + AXIS;
    double height = keys_top + lay_keys(NULL, p, keys_top);
    if (p->remark != NULL) height += KEY_HEIGHT;
    if (!alone) mlsd__text_append(t, "<div class=\"scroll\">");
    mlsd__text_append(t, "<svg class=\"folds\" ");
    if (alone)
        mlsd__text_format(t, "xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" ",
                          WIDTH, (int)height);
    mlsd__text_format(t, "viewBox=\"0 0 %d %d\" role=\"img\"><title>", WIDTH, (int)height);
    mlsd__html_text(t, p->description);
    mlsd__text_append(t, "</title>\n");
    if (alone) {
        mlsd__text_append(t, "<style>\n");
        mlsd__text_append(t, alone_style);
        mlsd__text_append(t, mlsd__picture_style);
        mlsd__text_append(t, "</style>\n");
        put_rect(t, "paper", 0, 0, WIDTH, height);
        mlsd__text_append(t, "\n");
    }
    for (int64_t k = 0; k < p->n_strips; k++)
        draw_strip(t, p, &p->strips[k], TOP + (double)k * STEP);
    draw_axis(t, p, bottom);
    const double remark_top = keys_top + lay_keys(t, p, keys_top);
    if (p->remark != NULL) put_text(t, "note", LEFT, remark_top + 10, p->remark, 90);
    mlsd__text_append(t, alone ? "</svg>\n" : "</svg></div>\n");
}
