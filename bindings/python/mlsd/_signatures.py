"""Every exported function with its result and argument types: ctypes without them cuts 64-bit values.

The test suite compares this table with the headers, the linker map and the library, name by name and argument by
argument.
"""

import ctypes

I32, I64 = ctypes.c_int32, ctypes.c_int64
F64, SIZE = ctypes.c_double, ctypes.c_size_t
TEXT, BUFFER, POINTER = ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p
TEXTS = ctypes.POINTER(ctypes.c_char_p)
I32S, U32S, I64S, F64S, SIZES = (ctypes.POINTER(t) for t in (I32, ctypes.c_uint32, I64, F64, SIZE))
U64S = ctypes.POINTER(ctypes.c_uint64)
F64SS = ctypes.POINTER(F64S)
HANDLE = ctypes.c_void_p
HANDLE_OUT = HANDLES = ctypes.POINTER(ctypes.c_void_p)


class STATUS(ctypes.c_int32):
    """mlsd_status: a type of its own, so that failures can be told from other numbers."""


class Matrix(ctypes.Structure):
    """mlsd_matrix: the one transparent struct. Strides count elements."""

    _fields_ = [
        ("data", ctypes.c_void_p),
        ("rows", ctypes.c_int64),
        ("cols", ctypes.c_int64),
        ("row_stride", ctypes.c_int64),
        ("col_stride", ctypes.c_int64),
        ("dtype", ctypes.c_int32),
        ("flags", ctypes.c_uint32),
    ]


MATRIX = ctypes.POINTER(Matrix)
MATRICES = ctypes.POINTER(MATRIX)
RELEASE_FN = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
PROGRESS_FN = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
LOG_FN = ctypes.CFUNCTYPE(None, ctypes.c_int32, ctypes.c_char_p, ctypes.c_void_p)
ALLOC_FN = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)
REALLOC_FN = ctypes.CFUNCTYPE(
    ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_void_p
)
FREE_FN = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)
CHUNK_FN = ctypes.CFUNCTYPE(I32, POINTER, HANDLE_OUT)
# Callbacks of an estimator.
FIT_FN = ctypes.CFUNCTYPE(ctypes.c_int, HANDLE, MATRIX, F64S, F64S, I64, HANDLE_OUT, POINTER)
PREDICT_FN = ctypes.CFUNCTYPE(ctypes.c_int, POINTER, MATRIX, I32, F64S, POINTER)
STATE_FREE_FN = ctypes.CFUNCTYPE(None, POINTER, POINTER)
WIDTH_FN = ctypes.CFUNCTYPE(I64, POINTER, POINTER)
ATTRIBUTE_FN = ctypes.CFUNCTYPE(TEXT, POINTER, I64, F64SS, I64S, I64S, POINTER)
STATE_SAVE_FN = ctypes.CFUNCTYPE(ctypes.c_int, POINTER, POINTER, SIZE, SIZES, POINTER)
STATE_LOAD_FN = ctypes.CFUNCTYPE(ctypes.c_int, HANDLE, POINTER, SIZE, HANDLE_OUT, POINTER)
AUGMENT_FN = ctypes.CFUNCTYPE(ctypes.c_int, HANDLE, ctypes.c_uint64, I64, I64S, MATRIX, F64S, I64S, POINTER)
# Predictions for a suite.
SUITE_PREDICT_FN = ctypes.CFUNCTYPE(I32, POINTER, HANDLE, F64S)

SIGNATURES = {
    # mlsd/status.h
    "mlsd_last_error": (TEXT, []),
    "mlsd_error_set": (STATUS, [I32, TEXT]),
    "mlsd_status_name": (TEXT, [I32]),
    "mlsd_status_doc": (TEXT, [I32]),
    "mlsd_status_count": (I64, []),
    "mlsd_status_at": (I32, [I64]),
    # mlsd/version.h
    "mlsd_version": (I32, []),
    "mlsd_version_string": (TEXT, []),
    "mlsd_build_info": (STATUS, [BUFFER, I64, I64S]),
    # mlsd/context.h
    "mlsd_context_new": (STATUS, [HANDLE_OUT]),
    "mlsd_context_new_with_allocator": (STATUS, [ALLOC_FN, REALLOC_FN, FREE_FN, POINTER, HANDLE_OUT]),
    "mlsd_context_free": (None, [HANDLE]),
    "mlsd_context_set_i64": (STATUS, [HANDLE, TEXT, I64]),
    "mlsd_context_get_i64": (STATUS, [HANDLE, TEXT, I64S]),
    "mlsd_context_set_str": (STATUS, [HANDLE, TEXT, TEXT]),
    "mlsd_context_get_str": (STATUS, [HANDLE, TEXT, TEXTS]),
    "mlsd_context_set_log": (STATUS, [HANDLE, I32, LOG_FN, POINTER, RELEASE_FN]),
    "mlsd_context_set_progress": (STATUS, [HANDLE, PROGRESS_FN, POINTER, RELEASE_FN]),
    "mlsd_context_cancel": (None, [HANDLE]),
    "mlsd_context_reset": (None, [HANDLE]),
    "mlsd_event_stage": (TEXT, [HANDLE]),
    "mlsd_event_done": (I64, [HANDLE]),
    "mlsd_event_total": (I64, [HANDLE]),
    # mlsd/kind.h
    "mlsd_kind_count": (I64, [TEXT]),
    "mlsd_kind_at": (HANDLE, [TEXT, I64]),
    "mlsd_kind_find": (HANDLE, [TEXT]),
    "mlsd_kind_name": (TEXT, [HANDLE]),
    "mlsd_kind_family": (TEXT, [HANDLE]),
    "mlsd_kind_doc": (TEXT, [HANDLE]),
    "mlsd_kind_param_count": (I64, [HANDLE]),
    "mlsd_kind_param_at": (HANDLE, [HANDLE, I64]),
    "mlsd_param_name": (TEXT, [HANDLE]),
    "mlsd_param_get_type": (I32, [HANDLE]),
    "mlsd_param_doc": (TEXT, [HANDLE]),
    "mlsd_param_default": (TEXT, [HANDLE]),
    "mlsd_param_bounds": (None, [HANDLE, F64S, F64S, I32S]),
    "mlsd_param_scale": (TEXT, [HANDLE]),
    "mlsd_param_choice_count": (I64, [HANDLE]),
    "mlsd_param_choice_at": (TEXT, [HANDLE, I64]),
    "mlsd_kind_json": (STATUS, [HANDLE, BUFFER, I64, I64S]),
    # mlsd/spec.h
    "mlsd_spec_new": (STATUS, [HANDLE, TEXT, HANDLE_OUT]),
    "mlsd_spec_clone": (STATUS, [HANDLE, HANDLE_OUT]),
    "mlsd_spec_free": (None, [HANDLE]),
    "mlsd_spec_kind": (HANDLE, [HANDLE]),
    "mlsd_spec_set_f64": (STATUS, [HANDLE, TEXT, F64]),
    "mlsd_spec_set_i64": (STATUS, [HANDLE, TEXT, I64]),
    "mlsd_spec_set_bool": (STATUS, [HANDLE, TEXT, I32]),
    "mlsd_spec_set_str": (STATUS, [HANDLE, TEXT, TEXT]),
    "mlsd_spec_set_f64_list": (STATUS, [HANDLE, TEXT, F64S, I64]),
    "mlsd_spec_set_str_list": (STATUS, [HANDLE, TEXT, TEXTS, I64]),
    "mlsd_spec_set_text": (STATUS, [HANDLE, TEXT, TEXT]),
    "mlsd_spec_reset": (STATUS, [HANDLE, TEXT]),
    "mlsd_spec_get_f64": (STATUS, [HANDLE, TEXT, F64S]),
    "mlsd_spec_get_i64": (STATUS, [HANDLE, TEXT, I64S]),
    "mlsd_spec_get_bool": (STATUS, [HANDLE, TEXT, I32S]),
    "mlsd_spec_get_str": (STATUS, [HANDLE, TEXT, TEXTS]),
    "mlsd_spec_get_f64_list": (STATUS, [HANDLE, TEXT, F64S, I64, I64S]),
    "mlsd_spec_get_str_at": (STATUS, [HANDLE, TEXT, I64, TEXTS, I64S]),
    "mlsd_spec_is_null": (STATUS, [HANDLE, TEXT, I32S]),
    "mlsd_spec_add": (STATUS, [HANDLE, TEXT, TEXT, HANDLE]),
    "mlsd_spec_child_count": (I64, [HANDLE]),
    "mlsd_spec_child_at": (HANDLE, [HANDLE, I64]),
    "mlsd_spec_child_name": (TEXT, [HANDLE, I64]),
    "mlsd_spec_child_slot": (TEXT, [HANDLE, I64]),
    "mlsd_spec_to_json": (STATUS, [HANDLE, I32, BUFFER, I64, I64S]),
    "mlsd_spec_from_json": (STATUS, [HANDLE, TEXT, HANDLE_OUT]),
    "mlsd_spec_save": (STATUS, [HANDLE, TEXT]),
    "mlsd_spec_load": (STATUS, [HANDLE, TEXT, HANDLE_OUT]),
    # mlsd/table.h
    "mlsd_table_new": (STATUS, [HANDLE, HANDLE_OUT]),
    "mlsd_table_from_matrix": (STATUS, [HANDLE, MATRIX, TEXTS, HANDLE_OUT]),
    "mlsd_table_free": (None, [HANDLE]),
    "mlsd_table_set_f64": (STATUS, [HANDLE, TEXT, F64S, I64]),
    "mlsd_table_set_i64": (STATUS, [HANDLE, TEXT, I64S, I64]),
    "mlsd_table_set_str": (STATUS, [HANDLE, TEXT, TEXTS, I64]),
    "mlsd_table_n_rows": (I64, [HANDLE]),
    "mlsd_table_n_columns": (I64, [HANDLE]),
    "mlsd_table_name": (TEXT, [HANDLE, I64]),
    "mlsd_table_type": (I32, [HANDLE, I64]),
    "mlsd_table_find": (STATUS, [HANDLE, TEXT, I64S]),
    "mlsd_table_get_f64": (STATUS, [HANDLE, I64, I64, I64, F64S]),
    "mlsd_table_get_i64": (STATUS, [HANDLE, I64, I64, I64, I64S]),
    "mlsd_table_level_count": (I64, [HANDLE, I64]),
    "mlsd_table_level_at": (TEXT, [HANDLE, I64, I64]),
    "mlsd_table_get_str": (TEXT, [HANDLE, I64, I64]),
    "mlsd_table_describe": (STATUS, [HANDLE, HANDLE, HANDLE_OUT]),
    "mlsd_table_read_csv": (STATUS, [HANDLE, TEXT, HANDLE, HANDLE_OUT]),
    "mlsd_table_parse_csv": (STATUS, [HANDLE, TEXT, SIZE, HANDLE, HANDLE_OUT]),
    "mlsd_table_write_csv": (STATUS, [HANDLE, TEXT]),
    # mlsd/arrow.h
    "mlsd_table_import_arrow": (STATUS, [HANDLE, POINTER, POINTER, HANDLE_OUT]),
    "mlsd_table_import_arrow_stream": (STATUS, [HANDLE, POINTER, HANDLE_OUT]),
    "mlsd_table_export_arrow": (STATUS, [HANDLE, POINTER, POINTER]),
    "mlsd_table_export_arrow_stream": (STATUS, [HANDLE, POINTER]),
    # mlsd/dataset.h
    "mlsd_dataset_from_table": (STATUS, [HANDLE, HANDLE, TEXTS, TEXTS, I64, I32, HANDLE_OUT]),
    "mlsd_dataset_from_matrix": (STATUS, [HANDLE, MATRIX, MATRIX, MATRIX, I32, HANDLE_OUT]),
    "mlsd_dataset_adopt": (STATUS, [HANDLE, MATRIX, MATRIX, MATRIX, I32, RELEASE_FN, POINTER, HANDLE_OUT]),
    "mlsd_dataset_rows": (STATUS, [HANDLE, I64S, I64, HANDLE_OUT]),
    "mlsd_dataset_free": (None, [HANDLE]),
    "mlsd_dataset_n_rows": (I64, [HANDLE]),
    "mlsd_dataset_n_features": (I64, [HANDLE]),
    "mlsd_dataset_task": (I32, [HANDLE]),
    "mlsd_dataset_n_classes": (I64, [HANDLE]),
    "mlsd_dataset_feature_name": (TEXT, [HANDLE, I64]),
    "mlsd_dataset_class_name": (TEXT, [HANDLE, I64]),
    "mlsd_dataset_target": (STATUS, [HANDLE, F64S, I64]),
    "mlsd_dataset_n_looks": (I64, [HANDLE]),
    # mlsd/random.h
    "mlsd_random_state_new": (STATUS, [HANDLE, I64, HANDLE_OUT]),
    "mlsd_random_state_free": (None, [HANDLE]),
    "mlsd_random_state_get": (STATUS, [HANDLE, U32S, I64, I32S]),
    "mlsd_random_state_set": (STATUS, [HANDLE, U32S, I64, I32]),
    "mlsd_random_state_shuffle": (STATUS, [HANDLE, I64S, I64]),
    "mlsd_random_state_integers": (STATUS, [HANDLE, I64, I64, I64S, I64]),
    # mlsd/split.h
    "mlsd_folds_split": (STATUS, [HANDLE, HANDLE, I64, MATRIX, MATRIX, HANDLE_OUT]),
    "mlsd_folds_split_columns": (
        STATUS, [HANDLE, HANDLE, I64, TEXTS, MATRICES, I64, HANDLE, HANDLE_OUT]
    ),
    "mlsd_folds_split_dataset": (STATUS, [HANDLE, HANDLE, HANDLE, HANDLE_OUT]),
    "mlsd_folds_free": (None, [HANDLE]),
    "mlsd_folds_n_rows": (I64, [HANDLE]),
    "mlsd_folds_n_splits": (I64, [HANDLE]),
    "mlsd_folds_n_parts": (I64, [HANDLE]),
    "mlsd_folds_part_size": (I64, [HANDLE, I64, I64]),
    "mlsd_folds_part": (STATUS, [HANDLE, I64, I64, I64S, I64]),
    "mlsd_folds_from_ids": (STATUS, [HANDLE, I64S, I64, HANDLE_OUT]),
    "mlsd_folds_from_rows": (STATUS, [HANDLE, I64, I64, I64, I64S, I64S, HANDLE_OUT]),
    "mlsd_folds_save": (STATUS, [HANDLE, HANDLE, TEXT, TEXT]),
    "mlsd_folds_load": (STATUS, [HANDLE, TEXT, HANDLE_OUT]),
    "mlsd_folds_to_bytes": (STATUS, [HANDLE, POINTER, SIZE, SIZES]),
    "mlsd_folds_from_bytes": (STATUS, [HANDLE, POINTER, SIZE, HANDLE_OUT]),
    "mlsd_folds_fingerprint": (STATUS, [HANDLE, HANDLE, U64S]),
    "mlsd_folds_describe": (STATUS, [HANDLE, HANDLE, HANDLE, HANDLE_OUT]),
    "mlsd_resample_rows": (STATUS, [HANDLE, I64, I64, I32, MATRIX, I64, I64S, I64]),
    # mlsd/curve.h
    "mlsd_curve_new": (STATUS, [HANDLE, HANDLE, HANDLE_OUT]),
    "mlsd_curve_free": (None, [HANDLE]),
    "mlsd_curve_add": (STATUS, [HANDLE, TEXT, I64, F64]),
    "mlsd_curve_series": (STATUS, [HANDLE, TEXT, TEXT, I64, I64, I64S]),
    "mlsd_curve_add_point": (STATUS, [HANDLE, I64, F64, F64]),
    "mlsd_curve_set_x": (STATUS, [HANDLE, TEXT]),
    "mlsd_curve_x": (TEXT, [HANDLE]),
    "mlsd_curve_series_count": (I64, [HANDLE]),
    "mlsd_curve_series_name": (TEXT, [HANDLE, I64]),
    "mlsd_curve_series_metric": (TEXT, [HANDLE, I64]),
    "mlsd_curve_series_set": (TEXT, [HANDLE, I64]),
    "mlsd_curve_series_fold": (I64, [HANDLE, I64]),
    "mlsd_curve_series_repeat": (I64, [HANDLE, I64]),
    "mlsd_curve_point_count": (I64, [HANDLE, I64]),
    "mlsd_curve_point": (STATUS, [HANDLE, I64, I64, F64S, F64S]),
    "mlsd_curve_add_set": (STATUS, [HANDLE, TEXT, HANDLE]),
    "mlsd_curve_merge": (STATUS, [HANDLE, HANDLE, I64, I64]),
    "mlsd_curve_should_stop": (I32, [HANDLE]),
    "mlsd_curve_stop_reason": (I32, [HANDLE]),
    "mlsd_stop_reason_name": (TEXT, [I32]),
    "mlsd_curve_best_step": (I64, [HANDLE]),
    "mlsd_curve_best_value": (F64, [HANDLE]),
    "mlsd_curve_mean": (STATUS, [HANDLE, HANDLE, TEXT, TEXT, HANDLE_OUT]),
    "mlsd_curve_gap": (STATUS, [HANDLE, HANDLE, TEXT, TEXT, TEXT, HANDLE_OUT]),
    "mlsd_curve_smooth": (STATUS, [HANDLE, HANDLE, I64, TEXT, F64, HANDLE_OUT]),
    "mlsd_curve_refit_steps": (STATUS, [HANDLE, TEXT, TEXT, F64, I64S, I64S, I64S]),
    "mlsd_curve_to_table": (STATUS, [HANDLE, HANDLE, HANDLE_OUT]),
    "mlsd_curve_to_points": (STATUS, [HANDLE, HANDLE, HANDLE_OUT]),
    "mlsd_curve_from_table": (STATUS, [HANDLE, HANDLE, HANDLE_OUT]),
    "mlsd_curve_read_csv": (STATUS, [HANDLE, TEXT, HANDLE_OUT]),
    "mlsd_curve_write_csv": (STATUS, [HANDLE, HANDLE, TEXT, TEXT]),
    "mlsd_curve_to_jsonl": (STATUS, [HANDLE, BUFFER, I64, I64S]),
    # mlsd/model.h
    "mlsd_model_fit": (STATUS, [HANDLE, HANDLE, HANDLE, HANDLE, HANDLE, HANDLE_OUT]),
    "mlsd_model_fit_more": (STATUS, [HANDLE, HANDLE, HANDLE, HANDLE, HANDLE, HANDLE, HANDLE_OUT]),
    "mlsd_model_fit_chunks": (STATUS, [HANDLE, HANDLE, CHUNK_FN, POINTER, HANDLE_OUT]),
    "mlsd_model_free": (None, [HANDLE]),
    "mlsd_model_predict": (STATUS, [HANDLE, HANDLE, HANDLE, I32, F64S, I64]),
    "mlsd_model_predict_matrix": (STATUS, [HANDLE, HANDLE, MATRIX, I32, F64S, I64]),
    "mlsd_model_neighbors": (STATUS, [HANDLE, HANDLE, HANDLE, I64, I64S, F64S, I64]),
    "mlsd_model_n_outputs": (I64, [HANDLE, I32]),
    "mlsd_model_spec": (HANDLE, [HANDLE]),
    "mlsd_model_task": (I32, [HANDLE]),
    "mlsd_model_n_features": (I64, [HANDLE]),
    "mlsd_model_n_classes": (I64, [HANDLE]),
    "mlsd_model_feature_name": (TEXT, [HANDLE, I64]),
    "mlsd_model_class_name": (TEXT, [HANDLE, I64]),
    "mlsd_model_output_name": (TEXT, [HANDLE, I64]),
    "mlsd_model_get_f64": (STATUS, [HANDLE, TEXT, F64S]),
    "mlsd_model_get_array": (STATUS, [HANDLE, TEXT, F64S, I64, I64S, I64S]),
    "mlsd_model_save": (STATUS, [HANDLE, TEXT]),
    "mlsd_model_load": (STATUS, [HANDLE, TEXT, HANDLE_OUT]),
    "mlsd_model_to_bytes": (STATUS, [HANDLE, POINTER, SIZE, SIZES]),
    "mlsd_model_from_bytes": (STATUS, [HANDLE, POINTER, SIZE, HANDLE_OUT]),
    # mlsd/custom.h
    "mlsd_custom_new": (
        STATUS, [HANDLE, TEXT, I32, FIT_FN, PREDICT_FN, STATE_FREE_FN, POINTER, RELEASE_FN, HANDLE_OUT]
    ),
    "mlsd_custom_new_augmentation": (STATUS, [HANDLE, TEXT, I32, AUGMENT_FN, POINTER, RELEASE_FN, HANDLE_OUT]),
    "mlsd_custom_free": (None, [HANDLE]),
    "mlsd_custom_add_param": (STATUS, [HANDLE, TEXT, I32, TEXT, F64, F64, TEXT]),
    "mlsd_custom_set_width": (STATUS, [HANDLE, WIDTH_FN]),
    "mlsd_custom_set_attribute": (STATUS, [HANDLE, ATTRIBUTE_FN]),
    "mlsd_custom_set_save": (STATUS, [HANDLE, STATE_SAVE_FN, STATE_LOAD_FN]),
    "mlsd_spec_new_custom": (STATUS, [HANDLE, HANDLE_OUT]),
    "mlsd_context_add_custom": (STATUS, [HANDLE, HANDLE]),
    # mlsd/metric.h
    "mlsd_metric_score": (STATUS, [HANDLE, TEXT, MATRIX, MATRIX, MATRIX, F64, F64S, F64S, F64S]),
    "mlsd_metric_direction": (I32, [TEXT]),
    # mlsd/interval.h
    "mlsd_interval_proportion": (STATUS, [TEXT, F64, F64, F64, F64S, F64S]),
    "mlsd_interval_difference": (STATUS, [TEXT, F64, F64, F64, F64, F64, F64S, F64S, F64S, F64S]),
    "mlsd_interval_ratio": (STATUS, [TEXT, F64, F64, F64, F64, F64, F64S, F64S, F64S, F64S]),
    "mlsd_interval_odds_ratio": (STATUS, [TEXT, F64, F64, F64, F64, F64, F64S, F64S, F64S, F64S]),
    "mlsd_common_odds_ratio": (STATUS, [MATRIX, F64, F64S, F64S, F64S, F64S, F64S, F64S, F64S]),
    "mlsd_pass_rate_bound": (STATUS, [F64, F64, F64, F64S]),
    "mlsd_pass_rate_cases": (STATUS, [F64, I64, F64, I64S]),
    "mlsd_rows_needed": (STATUS, [TEXT, F64, F64, F64, I64S]),
    "mlsd_rows_needed_difference": (STATUS, [TEXT, F64, F64, F64, F64, I64S]),
    "mlsd_adjust_p_values": (STATUS, [TEXT, F64S, I64, F64S]),
    "mlsd_interval_resample": (
        STATUS,
        [HANDLE, HANDLE, MATRIX, MATRIX, MATRIX, MATRIX, MATRIX, F64S, F64S, F64S, F64S, F64S, F64S, I64],
    ),
    "mlsd_adjust_e_values": (STATUS, [F64S, I64, F64S]),
    "mlsd_metric_evaluate": (STATUS, [HANDLE, HANDLE, MATRIX, MATRIX, MATRIX, F64, HANDLES]),
    "mlsd_poisson_bootstrap_new": (STATUS, [HANDLE, I64, I64, I64, HANDLE_OUT]),
    "mlsd_poisson_bootstrap_free": (None, [HANDLE]),
    "mlsd_poisson_bootstrap_add": (STATUS, [HANDLE, HANDLE, MATRIX, I64S, I64]),
    "mlsd_poisson_bootstrap_merge": (STATUS, [HANDLE, HANDLE]),
    "mlsd_poisson_bootstrap_interval": (STATUS, [HANDLE, I64, I64, TEXT, F64, F64S, F64S, F64S, F64S, I64S]),
    "mlsd_poisson_bootstrap_to_bytes": (STATUS, [HANDLE, POINTER, SIZE, SIZES]),
    "mlsd_poisson_bootstrap_from_bytes": (STATUS, [HANDLE, POINTER, SIZE, HANDLE_OUT]),
    "mlsd_metric_new": (STATUS, [HANDLE, TEXT, HANDLE_OUT]),
    "mlsd_scorecard_new": (STATUS, [HANDLE, HANDLES, I64, I64, I64, HANDLE_OUT]),
    "mlsd_scorecard_free": (None, [HANDLE]),
    "mlsd_scorecard_add": (STATUS, [HANDLE, HANDLE, MATRIX, MATRIX, MATRIX, I32S]),
    "mlsd_scorecard_merge": (STATUS, [HANDLE, HANDLE, HANDLE]),
    "mlsd_scorecard_n_rows": (I64, [HANDLE]),
    "mlsd_scorecard_finish": (STATUS, [HANDLE, HANDLE, F64, I64, HANDLE_OUT]),
    "mlsd_scorecard_to_bytes": (STATUS, [HANDLE, POINTER, SIZE, SIZES]),
    "mlsd_scorecard_from_bytes": (STATUS, [HANDLE, POINTER, SIZE, HANDLE_OUT]),
    # mlsd/result.h
    "mlsd_result_free": (None, [HANDLE]),
    "mlsd_result_get_f64": (STATUS, [HANDLE, TEXT, F64S]),
    "mlsd_result_get_str": (STATUS, [HANDLE, TEXT, TEXTS]),
    "mlsd_result_get_table": (HANDLE, [HANDLE, TEXT]),
    "mlsd_result_get_model": (HANDLE, [HANDLE, TEXT]),
    "mlsd_result_count": (I64, [HANDLE]),
    "mlsd_result_name": (TEXT, [HANDLE, I64]),
    "mlsd_result_verdict": (TEXT, [HANDLE]),
    "mlsd_result_to_json": (STATUS, [HANDLE, BUFFER, I64, I64S]),
    "mlsd_result_save": (STATUS, [HANDLE, TEXT]),
    # mlsd/diagnose.h
    "mlsd_curve_diagnose": (STATUS, [HANDLE, HANDLE, HANDLE, HANDLE_OUT]),
    # mlsd/compare.h
    "mlsd_compare": (STATUS, [HANDLE, HANDLE, MATRIX, MATRIX, HANDLE_OUT]),
    # mlsd/audit.h
    "mlsd_folds_audit": (STATUS, [HANDLE, HANDLE, HANDLE, HANDLE, HANDLE_OUT]),
    # mlsd/validate.h
    "mlsd_cross_validate": (STATUS, [HANDLE, HANDLE, HANDLE, HANDLE, TEXTS, I64, HANDLE_OUT]),
    "mlsd_validate": (STATUS, [HANDLE, HANDLE, HANDLE, HANDLE, HANDLE_OUT]),
    "mlsd_fold_scores": (
        STATUS, [HANDLE, HANDLES, I64, HANDLE, HANDLE, TEXTS, I64, F64S, I64, F64S, F64S, I64S]
    ),
    "mlsd_search_candidates": (STATUS, [HANDLE, HANDLE, HANDLE, HANDLE_OUT]),
    "mlsd_leaderboard": (STATUS, [HANDLE, HANDLES, TEXTS, I64, HANDLE, HANDLE, TEXT, HANDLE_OUT]),
    "mlsd_evaluate": (STATUS, [HANDLE, HANDLE, HANDLE, TEXTS, I64, HANDLE_OUT]),
    # mlsd/policy.h
    "mlsd_policy_fit": (STATUS, [HANDLE, HANDLE, HANDLE, MATRIX, MATRIX, MATRIX, HANDLE_OUT]),
    "mlsd_policy_free": (None, [HANDLE]),
    "mlsd_policy_predict": (STATUS, [HANDLE, HANDLE, MATRIX, F64S, I64]),
    "mlsd_policy_chance": (STATUS, [HANDLE, HANDLE, MATRIX, F64S, I64]),
    "mlsd_policy_describe": (STATUS, [HANDLE, HANDLE_OUT]),
    "mlsd_policy_save": (STATUS, [HANDLE, TEXT]),
    "mlsd_policy_load": (STATUS, [HANDLE, TEXT, HANDLE_OUT]),
    "mlsd_policy_to_bytes": (STATUS, [HANDLE, POINTER, SIZE, SIZES]),
    "mlsd_policy_from_bytes": (STATUS, [HANDLE, POINTER, SIZE, HANDLE_OUT]),
    # mlsd/robustness.h
    "mlsd_robustness": (STATUS, [HANDLE, HANDLE, HANDLE, HANDLE, HANDLE_OUT]),
    # mlsd/slice.h
    "mlsd_slice_run": (STATUS, [HANDLE, HANDLE, HANDLE, MATRIX, MATRIX, MATRIX, HANDLE_OUT]),
    # mlsd/suite.h
    "mlsd_suite_load": (STATUS, [HANDLE, TEXT, HANDLE_OUT]),
    "mlsd_suite_parse": (STATUS, [HANDLE, TEXT, SIZE, TEXT, HANDLE_OUT]),
    "mlsd_suite_free": (None, [HANDLE]),
    "mlsd_suite_count": (I64, [HANDLE]),
    "mlsd_suite_case_count": (I64, [HANDLE, I64]),
    "mlsd_suite_case_file": (TEXT, [HANDLE, I64]),
    "mlsd_suite_case_line": (I64, [HANDLE, I64, I64]),
    "mlsd_suite_set_name": (TEXT, [HANDLE, I64]),
    "mlsd_suite_set_role": (TEXT, [HANDLE, I64]),
    "mlsd_suite_set_line": (I64, [HANDLE, I64]),
    "mlsd_suite_run": (STATUS, [HANDLE, HANDLE, HANDLE, HANDLE_OUT]),
    "mlsd_suite_run_predictions": (STATUS, [HANDLE, HANDLE, HANDLE, HANDLE_OUT]),
    "mlsd_suite_run_function": (
        STATUS, [HANDLE, HANDLE, SUITE_PREDICT_FN, POINTER, TEXTS, I64, I32, HANDLE_OUT]
    ),
    "mlsd_suite_keep": (STATUS, [HANDLE, HANDLE, HANDLE, TEXT]),
    "mlsd_suite_keep_baseline": (STATUS, [HANDLE, HANDLE, HANDLE, TEXT]),
    "mlsd_suite_junit": (STATUS, [HANDLE, BUFFER, I64, I64S]),
    "mlsd_suite_junit_save": (STATUS, [HANDLE, TEXT]),
    # mlsd/experiment.h
    "mlsd_experiment_complete": (STATUS, [HANDLE, HANDLE, HANDLE, HANDLE_OUT]),
    "mlsd_experiment_run": (STATUS, [HANDLE, HANDLE, HANDLE, HANDLE_OUT]),
    # mlsd/report.h
    "mlsd_report_save": (STATUS, [HANDLE, HANDLE, TEXT, TEXT]),
    "mlsd_comparison_svg": (STATUS, [HANDLE, HANDLE, BUFFER, I64, I64S]),
    "mlsd_slices_svg": (STATUS, [HANDLE, HANDLE, BUFFER, I64, I64S]),
    "mlsd_comparison_draw_text": (STATUS, [HANDLE, HANDLE, I32, I32, BUFFER, I64, I64S]),
    "mlsd_folds_svg": (STATUS, [HANDLE, HANDLE, HANDLE, BUFFER, I64, I64S]),
    "mlsd_folds_draw_text": (STATUS, [HANDLE, HANDLE, HANDLE, I32, I32, BUFFER, I64, I64S]),
}
