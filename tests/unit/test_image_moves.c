/* test_image_moves.c - pictures of a few pixels, moved by hand: what each pixel must be is written
 * out from the layout h x w x c, index (y * width + x) * channels + c. */
#include "linear_data.h"
#include "model/augment/image_moves.h"

enum { H = 3, W = 4, C = 2, ALL = H * W * C };
static const mlsd__image size = {H, W, C};

static double pixel(int64_t y, int64_t x, int64_t c)
{
    return (double)(100 * y + 10 * x + c + 1);
}

static void make_picture(double *in)
{
    for (int64_t y = 0; y < H; y++)
        for (int64_t x = 0; x < W; x++)
            for (int64_t c = 0; c < C; c++) in[(y * W + x) * C + c] = pixel(y, x, c);
}

static void test_image_moves__flip_and_shift(void **state)
{
    (void)state;
    double in[ALL], out[ALL];
    make_picture(in);
    for (int64_t y = 0; y < H; y++)
        for (int64_t x = 0; x < W; x++)
            for (int64_t c = 0; c < C; c++) {
                const int64_t at = (y * W + x) * C + c;
                mlsd__image_flip(&size, in, false, out);
                assert_true(out[at] == pixel(y, W - 1 - x, c));
                mlsd__image_flip(&size, in, true, out);
                assert_true(out[at] == pixel(H - 1 - y, x, c));
                for (int64_t dy = -H; dy <= H; dy++)
                    for (int64_t dx = -W; dx <= W; dx++) {
                        const bool inside = y >= dy && y - dy < H && x >= dx && x - dx < W;
                        mlsd__image_shift(&size, in, dy, dx, -5, out);
                        assert_true(out[at] == (inside ? pixel(y - dy, x - dx, c) : -5));
                    }
            }
}

/* The whole is itself; the upper left quarter, four rows and columns of 2 x 2, by hand. */
static void test_image_moves__crop(void **state)
{
    (void)state;
    double in[ALL], out[ALL];
    make_picture(in);
    mlsd__image_crop(&size, in, 0, 0, H, W, out);
    for (int i = 0; i < ALL; i++) assert_true(fabs(out[i] - in[i]) < 1e-12);
    const mlsd__image four = {4, 4, 1};
    double square[16], big[16];
    for (int i = 0; i < 16; i++) square[i] = 10 * (i / 4) + i % 4;
    mlsd__image_crop(&four, square, 1, 1, 2, 2, big);
    /* Pixel centres 0.5 .. 3.5 fall on 1 + 0.25, 0.75, 1.25, 1.75 less 0.5. */
    static const double at[] = {0.75, 1.25, 1.75, 2.25};
    for (int y = 0; y < 4; y++)
        for (int x = 0; x < 4; x++)
            assert_true(fabs(big[4 * y + x] - (10 * at[y] + at[x])) < 1e-12);
}

static void test_image_moves__rotate(void **state)
{
    (void)state;
    double in[ALL], out[ALL];
    make_picture(in);
    mlsd__image_rotate(&size, in, 0, 0, out);
    assert_memory_equal(in, out, sizeof in);
    mlsd__image_rotate(&size, in, 180, 0, out);
    for (int64_t y = 0; y < H; y++)
        for (int64_t x = 0; x < W; x++)
            assert_true(out[(y * W + x) * C] == pixel(H - 1 - y, W - 1 - x, 0));
    /* A quarter anticlockwise: the right column becomes the upper row. */
    const mlsd__image three = {3, 3, 1};
    const double square[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    static const double turned[] = {3, 6, 9, 2, 5, 8, 1, 4, 7},
                        back[] = {7, 4, 1, 8, 5, 2, 9, 6, 3};
    double to[9];
    mlsd__image_rotate(&three, square, 90, 0, to);
    assert_memory_equal(to, turned, sizeof to);
    mlsd__image_rotate(&three, square, -90, 0, to);
    assert_memory_equal(to, back, sizeof to);
    /* By an eighth the corner comes from 0.41 pixels outside: all around the fill is seen. */
    mlsd__image_rotate(&three, square, 45, -1, to);
    assert_true(to[4] == 5);
    for (int i = 0; i < 4; i++) assert_true(to[i < 2 ? 2 * i : 2 + 2 * i] < square[8]);
    /* The middle of the upper row comes from between the middle and the upper right corner. */
    const double d = sqrt(0.5), dy = 1 - d, dx = d;
    const double wanted = (1 - dx) * ((1 - dy) * 2 + dy * 5) + dx * ((1 - dy) * 3 + dy * 6);
    (void)wanted;
    assert_true(fabs(to[1] - wanted) < 1e-12);
}

static void test_image_moves__turns(void **state)
{
    (void)state;
    for (int k = -720; k <= 720; k++) {
        double c, s;
        mlsd__turn(k, &c, &s);
        const double angle = k * acos(-1) / 180;
        assert_true(fabs(c - cos(angle)) < 4e-15 && fabs(s - sin(angle)) < 4e-15);
        if (k % 90 == 0) assert_true(fabs(c) + fabs(s) == 1);
    }
}

static void test_image_moves__erase(void **state)
{
    (void)state;
    double image[ALL];
    make_picture(image);
    mlsd__image_erase(&size, 1, 1, 2, 2, -7, image);
    for (int64_t y = 0; y < H; y++)
        for (int64_t x = 0; x < W; x++)
            for (int64_t c = 0; c < C; c++) {
                const bool erased = y >= 1 && y < 3 && x >= 1 && x < 3;
                assert_true(image[(y * W + x) * C + c] == (erased ? -7 : pixel(y, x, c)));
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_image_moves__flip_and_shift),
        cmocka_unit_test(test_image_moves__crop),
        cmocka_unit_test(test_image_moves__rotate),
        cmocka_unit_test(test_image_moves__turns),
        cmocka_unit_test(test_image_moves__erase),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
