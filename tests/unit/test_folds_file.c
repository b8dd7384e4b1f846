/* test_folds_file.c - folds in files: what is saved in any format and any form comes back row for
 * row, written by hand or exported folds are read, and damaged ones are refused with what is
 * wrong. */
#include "fold_samples.h"

#include <unistd.h>

#include <xxhash.h>

#include "split/splitter.h"

static char path[] = "/tmp/mlsd-folds-XXXXXX.csv";

static void write_bytes(const void *bytes, size_t size)
{
    FILE *const file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void assert_text(const char *text, const char *expected)
{
    mlsd_folds *folds = NULL;
    char rows[FOLD_TEXT_CAPACITY];
    ASSERT_OK(mlsd_folds_from_bytes(NULL, text, strlen(text), &folds));
    write_folds(folds, rows);
    assert_string_equal(rows, expected);
    mlsd_folds_free(folds);
}

static void assert_no_folds(mlsd_status status, const char *text, const char *message)
{
    mlsd_folds *folds = NULL;
    ASSERT_FAILS(status, message, mlsd_folds_from_bytes(NULL, text, strlen(text), &folds));
    assert_null(folds);
}

static void test_folds_file__folds_of_every_form_come_back(void **state)
{
    (void)state;
    static const char *const formats[] = {"binary", "text", "csv"};
    for (int i = 0; i < N_FOLD_SAMPLES; i++) {
        mlsd_folds *const folds = make_sample(i);
        for (int k = 0; k < 3; k++) {
            mlsd_folds *copy = NULL;
            /* In csv the rows after the last fold are not kept: none here is without a part. */
            ASSERT_OK(mlsd_folds_save(NULL, folds, path, formats[k]));
            ASSERT_OK(mlsd_folds_load(NULL, path, &copy));
            assert_same_rows(folds, copy);
            if (k == 0) assert_int_equal(copy->form, folds->form);
            mlsd_folds_free(copy);
        }
        mlsd_folds_free(folds);
    }
}

static void test_folds_file__the_path_chooses_the_format(void **state)
{
    (void)state;
    char line[32] = "";
    mlsd_folds *const folds = make_sample(1);
    ASSERT_OK(mlsd_folds_save(NULL, folds, path, NULL));
    FILE *const file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    assert_int_equal(fclose(file), 0);
    assert_string_equal(line, "row,fold\n");
    ASSERT_FAILS(MLSD_E_ARG, "binary, text and csv", mlsd_folds_save(NULL, folds, path, "xml"));
    ASSERT_FAILS(MLSD_E_IO, "no such folder",
                 mlsd_folds_save(NULL, folds, "/tmp/no such folder/f.txt", NULL));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_folds_save(NULL, folds, NULL, NULL));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_folds_save(NULL, NULL, path, NULL));
    mlsd_folds_free(folds);
}

static void test_folds_file__the_binary_format_is_compact(void **state)
{
    (void)state;
    mlsd_folds *folds = NULL;
    size_t size = 0;
    ASSERT_OK(split_json(NULL, "{\"kind\":\"kfold\",\"n_splits\":10,\"shuffle\":true}", 10000, NULL,
                         &folds));
    ASSERT_OK(mlsd_folds_to_bytes(folds, NULL, 0, &size));
    assert_true(size < 10000 + 128);
    char small[8];
    ASSERT_FAILS(MLSD_E_BUFFER, "room for 8", mlsd_folds_to_bytes(folds, small, 8, &size));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_folds_to_bytes(folds, small, 8, NULL));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_folds_to_bytes(NULL, small, 8, &size));
    mlsd_folds_free(folds);
}

static void test_folds_file__text_is_read_as_people_write_it(void **state)
{
    (void)state;
    assert_text("mlsd folds 1\nrows 6\nsplit\ntrain rest\ntest 0-2\nsplit\ntrain rest\ntest 3-5\n",
                "3 4 5|0 1 2;0 1 2|3 4 5");
    assert_text("\xef\xbb\xbfmlsd folds 1 # ours\r\n\r\nrows 5\r\nsplit 0\r\n  test 4, 0 # last\r\n"
                "test 1\r\ntrain 2-3\r\n",
                "2 3|4 0 1");
    assert_text("mlsd folds 1\nrows 4\nparts 3\nsplit\ntrain 3 3 1\nvalidation rest\ntest 2",
                "3 3 1|0|2");
    assert_text("mlsd folds 1\nrows 5\nparts 4\nsplit\ntrain 0\npart1 1\npart2 2\ntest 3\n",
                "0|1|2|3");
    assert_text("mlsd folds 1\nrows 2\nsplit\ntrain\ntest 0 1\n", "|0 1");
}

static void test_folds_file__tables_are_read(void **state)
{
    (void)state;
    assert_text("fold\n1\n2\n1\n2\n", "1 3|0 2;0 2|1 3");
    assert_text("Row,Fold\n3,1\n1,0\n0,-1\n2,1\n", "0 2 3|1;0 1|2 3");
    assert_text("name,fold\nx,red\ny,blue\nz,red\n", "0 2|1;1|0 2");
    assert_text("row,part\n2,train\n0,train\n1,test\n", "2 0|1");
    assert_text("split,part,row\n1,test,0\n1,train,1\n2,train,0\n2,test,1\n", "1|0;0|1");
    assert_text("row,part\n2,train\n0,val\n1,test\n", "2|0|1");
}

static void test_folds_file__mistakes_in_text_have_their_line(void **state)
{
    (void)state;
    static const char head[] = "mlsd folds 1\nrows 6\n";
    static const char *const lines[][2] = {
        {"train 1\n", "line 3 begins with 'train'"},
        {"rows 7\n", "line 3: 'rows' stands once"},
        {"parts 1\n", "line 3: 'parts' needs a whole number from 2 to 1024, got '1'"},
        {"parts 3\nparts 3\n", "line 4: 'parts' stands once"},
        {"split x\n", "line 3: 'x' is not the number of this split, 0"},
        {"split\ntrain 1\n", "no part 'test'"},
        {"split\ntrian 1\n", "line 4 begins with 'trian'"},
        {"split\ntrain 6\n", "line 4: '6' is neither a row from 0 to 5"},
        {"split\ntrain 3-1\n", "line 4: '3-1' is neither"},
        {"split\ntrain -1\n", "line 4: '-1' is neither"},
        {"split\ntrain 0-\n", "line 4: '0-' is neither"},
        {"split\ntrain 0-99999999999999999999\n", "is neither a row"},
        {"split\ntrain rest\ntest rest\n", "line 5: only one part"},
        {"split\ntrain rest 1\n", "line 4: a part is either the rest"},
        {"split\ntrain 1\ntest 2\ntrain 3\n", "line 6 goes on with part 'train'"},
        {"split\nvalidation 1\n", "line 4 begins with 'validation'"},
        {"", "no line 'split'"},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char text[256];
        snprintf(text, sizeof text, "%s%s", head, lines[i][0]);
        assert_no_folds(MLSD_E_PARSE, text, lines[i][1]);
    }
    assert_no_folds(MLSD_E_PARSE, "mlsd folds\n", "from 1 to");
    assert_no_folds(MLSD_E_PARSE, "mlsd foldsmiths 1\n", "first line");
    assert_no_folds(MLSD_E_VERSION, "mlsd folds 2\n", "use a newer mlsd");
    assert_no_folds(MLSD_E_PARSE, "mlsd folds 1\nsplit\n", "before a line 'rows'");
    assert_no_folds(MLSD_E_PARSE, "mlsd folds 1\nrows 0\n", "'rows' needs");
}

static void test_folds_file__mistakes_in_tables_have_their_line(void **state)
{
    (void)state;
    assert_no_folds(MLSD_E_PARSE, "a,b\n1,2\n", "a column 'fold'");
    assert_no_folds(MLSD_E_PARSE, "fold,a\n1,1\n,2\n2,3\n",
                    "line 3 has nothing in its column 'fold'");
    assert_no_folds(MLSD_E_PARSE, "row,fold\n0,1\n0,2\n", "line 3 gives row 0 a second fold");
    assert_no_folds(MLSD_E_PARSE, "row,fold\n0,1\n7,2\n", "line 3 speaks of row 7");
    assert_no_folds(MLSD_E_PARSE, "row,fold\n0,1\n0.5,2\n", "line 3 has no whole number");
    assert_no_folds(MLSD_E_PARSE, "row,part\n0,train\n1,tset\n", "line 3 has 'tset'");
    assert_no_folds(MLSD_E_PARSE, "row,part\n0,train\n1,train\n", "no line has 'test'");
    assert_no_folds(MLSD_E_PARSE, "row,part\n0,0\n1,9999999\n", "parts 0 to 9999999");
    assert_no_folds(MLSD_E_PARSE, "split,row,part\n0,0,train\n99,1,test\n", "the split 99");
    assert_no_folds(MLSD_E_DATA, "split,row,part\n0,0,train\n1,1,test\n",
                    "split 0 has no row in its part 'test'");
    assert_no_folds(MLSD_E_DATA, "fold\n1\n1\n", "one fold");
    assert_no_folds(MLSD_E_PARSE, "", "no byte");
    assert_no_folds(MLSD_E_PARSE, "row,part\n0,train\n1\n", "line 3");
}

/* Bytes of the container: 24 of header, the payload, 8 of checksum. */
static void seal(unsigned char *bytes, size_t size)
{
    const uint64_t hash = XXH3_64bits(bytes, size - 8);
    memcpy(bytes + size - 8, &hash, 8);
}

static void test_folds_file__damage_is_found(void **state)
{
    (void)state;
    for (int i = 0; i < N_FOLD_SAMPLES; i++) {
        mlsd_folds *const folds = make_sample(i);
        mlsd_folds *copy = NULL;
        unsigned char bytes[4096], damaged[4096];
        size_t size = 0;
        ASSERT_OK(mlsd_folds_to_bytes(folds, bytes, sizeof bytes, &size));
        for (size_t cut = 0; cut < size; cut++) {
            assert_int_not_equal(mlsd_folds_from_bytes(NULL, bytes, cut, &copy), MLSD_OK);
            assert_null(copy);
        }
        for (size_t at = 24; at < size - 8; at++) {
            memcpy(damaged, bytes, size);
            damaged[at] ^= 0x41;
            ASSERT_FAILS(MLSD_E_CORRUPT, "checksum",
                         mlsd_folds_from_bytes(NULL, damaged, size, &copy));
            /* With the right checksum it is either refused or sound. */
            seal(damaged, size);
            if (mlsd_folds_from_bytes(NULL, damaged, size, &copy) == MLSD_OK &&
                mlsd_folds_n_rows(copy) <= SAMPLE_ROWS) {
                int64_t *offsets, *rows;
                list_rows(copy, &offsets, &rows);
                free(offsets);
                free(rows);
            }
            mlsd_folds_free(copy);
        }
        mlsd_folds_free(folds);
    }
}

static void test_folds_file__a_newer_file_is_refused(void **state)
{
    (void)state;
    mlsd_folds *const folds = make_sample(1);
    mlsd_folds *copy = NULL;
    unsigned char bytes[4096];
    size_t size = 0;
    ASSERT_OK(mlsd_folds_to_bytes(folds, bytes, sizeof bytes, &size));
    bytes[24] = 2;
    seal(bytes, size);
    ASSERT_FAILS(MLSD_E_VERSION, "layout 2", mlsd_folds_from_bytes(NULL, bytes, size, &copy));
    bytes[8] = 2;
    write_bytes(bytes, size);
    ASSERT_FAILS(MLSD_E_VERSION, "mlsd-folds-", mlsd_folds_load(NULL, path, &copy));
    ASSERT_FAILS(MLSD_E_VERSION, "use a newer mlsd", mlsd_folds_load(NULL, path, &copy));
    bytes[8] = 1;
    bytes[12] = 1;
    seal(bytes, size);
    write_bytes(bytes, size);
    ASSERT_FAILS(MLSD_E_PARSE, "holds a model, not folds", mlsd_folds_load(NULL, path, &copy));
    ASSERT_FAILS(MLSD_E_IO, "no such file", mlsd_folds_load(NULL, "/tmp/no such file", &copy));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_folds_load(NULL, NULL, &copy));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_folds_load(NULL, path, NULL));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_folds_from_bytes(NULL, NULL, 4, &copy));
    assert_null(copy);
    mlsd_folds_free(folds);
}

static int make_path(void **state)
{
    (void)state;
    const int fd = mkstemps(path, 4);
    return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_folds_file__folds_of_every_form_come_back),
        cmocka_unit_test(test_folds_file__the_path_chooses_the_format),
        cmocka_unit_test(test_folds_file__the_binary_format_is_compact),
        cmocka_unit_test(test_folds_file__text_is_read_as_people_write_it),
        cmocka_unit_test(test_folds_file__tables_are_read),
        cmocka_unit_test(test_folds_file__mistakes_in_text_have_their_line),
        cmocka_unit_test(test_folds_file__mistakes_in_tables_have_their_line),
        cmocka_unit_test(test_folds_file__damage_is_found),
        cmocka_unit_test(test_folds_file__a_newer_file_is_refused),
    };
    return cmocka_run_group_tests_name("folds_file", tests, make_path, remove_path);
}
