/* registry.c - every kind there is, in the order of the documentation. The one file that knows all
 * folders; a new kind adds a line to each of the two lists. */
#include "base/kindtable.h"

extern const mlsd_kind mlsd__kind_context;
extern const mlsd_kind mlsd__kind_csv;
extern const mlsd_kind mlsd__kind_holdout;
extern const mlsd_kind mlsd__kind_kfold;
extern const mlsd_kind mlsd__kind_stratified_kfold;
extern const mlsd_kind mlsd__kind_time_series_split;
extern const mlsd_kind mlsd__kind_rolling_split;
extern const mlsd_kind mlsd__kind_panel_split;
extern const mlsd_kind mlsd__kind_time_window_split;
extern const mlsd_kind mlsd__kind_purged_kfold;
extern const mlsd_kind mlsd__kind_combinatorial_purged_split;
extern const mlsd_kind mlsd__kind_group_kfold;
extern const mlsd_kind mlsd__kind_stratified_group_kfold;
extern const mlsd_kind mlsd__kind_repeated_kfold;
extern const mlsd_kind mlsd__kind_repeated_stratified_kfold;
extern const mlsd_kind mlsd__kind_leave_one_out;
extern const mlsd_kind mlsd__kind_leave_p_out;
extern const mlsd_kind mlsd__kind_leave_one_group_out;
extern const mlsd_kind mlsd__kind_leave_p_groups_out;
extern const mlsd_kind mlsd__kind_predefined_split;
extern const mlsd_kind mlsd__kind_shuffle_split;
extern const mlsd_kind mlsd__kind_stratified_shuffle_split;
extern const mlsd_kind mlsd__kind_group_shuffle_split;
extern const mlsd_kind mlsd__kind_stratified_group_shuffle_split;
extern const mlsd_kind mlsd__kind_bootstrap;
extern const mlsd_kind mlsd__kind_multilabel_stratified_kfold;
extern const mlsd_kind mlsd__kind_multilabel_stratified_shuffle_split;
extern const mlsd_kind mlsd__kind_hash_split;
extern const mlsd_kind mlsd__kind_hash_kfold;
extern const mlsd_kind mlsd__kind_nested;
extern const mlsd_kind mlsd__kind_near_duplicate_split;
extern const mlsd_kind mlsd__kind_anticlustering_kfold;
extern const mlsd_kind mlsd__kind_rmse;
extern const mlsd_kind mlsd__kind_mae;
extern const mlsd_kind mlsd__kind_r2;
extern const mlsd_kind mlsd__kind_mse;
extern const mlsd_kind mlsd__kind_explained_variance;
extern const mlsd_kind mlsd__kind_max_error;
extern const mlsd_kind mlsd__kind_median_absolute_error;
extern const mlsd_kind mlsd__kind_mape;
extern const mlsd_kind mlsd__kind_smape;
extern const mlsd_kind mlsd__kind_msle;
extern const mlsd_kind mlsd__kind_rmsle;
extern const mlsd_kind mlsd__kind_pinball;
extern const mlsd_kind mlsd__kind_tweedie_deviance;
extern const mlsd_kind mlsd__kind_d2_tweedie;
extern const mlsd_kind mlsd__kind_d2_pinball;
extern const mlsd_kind mlsd__kind_interval_score;
extern const mlsd_kind mlsd__kind_interval_coverage;
extern const mlsd_kind mlsd__kind_interval_width;
extern const mlsd_kind mlsd__kind_crps_gaussian;
extern const mlsd_kind mlsd__kind_crps_ensemble;
extern const mlsd_kind mlsd__kind_crps_quantiles;
extern const mlsd_kind mlsd__kind_mase;
extern const mlsd_kind mlsd__kind_rmsse;
extern const mlsd_kind mlsd__kind_directional_accuracy;
extern const mlsd_kind mlsd__kind_rand;
extern const mlsd_kind mlsd__kind_adjusted_rand;
extern const mlsd_kind mlsd__kind_fowlkes_mallows;
extern const mlsd_kind mlsd__kind_mutual_info;
extern const mlsd_kind mlsd__kind_normalized_mutual_info;
extern const mlsd_kind mlsd__kind_adjusted_mutual_info;
extern const mlsd_kind mlsd__kind_homogeneity;
extern const mlsd_kind mlsd__kind_completeness;
extern const mlsd_kind mlsd__kind_v_measure;
extern const mlsd_kind mlsd__kind_concordance;
extern const mlsd_kind mlsd__kind_accuracy;
extern const mlsd_kind mlsd__kind_recall;
extern const mlsd_kind mlsd__kind_precision;
extern const mlsd_kind mlsd__kind_specificity;
extern const mlsd_kind mlsd__kind_npv;
extern const mlsd_kind mlsd__kind_fpr;
extern const mlsd_kind mlsd__kind_fnr;
extern const mlsd_kind mlsd__kind_fdr;
extern const mlsd_kind mlsd__kind_false_omission_rate;
extern const mlsd_kind mlsd__kind_f_score;
extern const mlsd_kind mlsd__kind_jaccard;
extern const mlsd_kind mlsd__kind_selection_rate;
extern const mlsd_kind mlsd__kind_prevalence;
extern const mlsd_kind mlsd__kind_balanced_accuracy;
extern const mlsd_kind mlsd__kind_matthews_corrcoef;
extern const mlsd_kind mlsd__kind_cohen_kappa;
extern const mlsd_kind mlsd__kind_zero_one_loss;
extern const mlsd_kind mlsd__kind_hamming_loss;
extern const mlsd_kind mlsd__kind_hinge_loss;
extern const mlsd_kind mlsd__kind_positive_likelihood_ratio;
extern const mlsd_kind mlsd__kind_negative_likelihood_ratio;
extern const mlsd_kind mlsd__kind_confusion_matrix;
extern const mlsd_kind mlsd__kind_multilabel_confusion_matrix;
extern const mlsd_kind mlsd__kind_log_loss;
extern const mlsd_kind mlsd__kind_roc_auc;
extern const mlsd_kind mlsd__kind_average_precision;
extern const mlsd_kind mlsd__kind_ks;
extern const mlsd_kind mlsd__kind_gini;
extern const mlsd_kind mlsd__kind_equal_error_rate;
extern const mlsd_kind mlsd__kind_ndcg;
extern const mlsd_kind mlsd__kind_dcg;
extern const mlsd_kind mlsd__kind_label_ranking_average_precision;
extern const mlsd_kind mlsd__kind_label_ranking_loss;
extern const mlsd_kind mlsd__kind_coverage_error;
extern const mlsd_kind mlsd__kind_precision_at_k;
extern const mlsd_kind mlsd__kind_recall_at_k;
extern const mlsd_kind mlsd__kind_top_k_accuracy;
extern const mlsd_kind mlsd__kind_calibration_error;
extern const mlsd_kind mlsd__kind_brier;
extern const mlsd_kind mlsd__kind_brier_reliability;
extern const mlsd_kind mlsd__kind_brier_resolution;
extern const mlsd_kind mlsd__kind_brier_uncertainty;
extern const mlsd_kind mlsd__kind_brier_within;
extern const mlsd_kind mlsd__kind_bootstrap_interval;
extern const mlsd_kind mlsd__kind_jackknife_interval;
extern const mlsd_kind mlsd__kind_early_stopping;
extern const mlsd_kind mlsd__kind_diagnosis;
extern const mlsd_kind mlsd__kind_constant_rate;
extern const mlsd_kind mlsd__kind_step_decay;
extern const mlsd_kind mlsd__kind_exponential_decay;
extern const mlsd_kind mlsd__kind_cosine_annealing;
extern const mlsd_kind mlsd__kind_one_cycle;
extern const mlsd_kind mlsd__kind_reduce_on_plateau;
extern const mlsd_kind mlsd__kind_impute;
extern const mlsd_kind mlsd__kind_one_hot;
extern const mlsd_kind mlsd__kind_standardize;
extern const mlsd_kind mlsd__kind_pca;
extern const mlsd_kind mlsd__kind_truncated_svd;
extern const mlsd_kind mlsd__kind_min_max_scale;
extern const mlsd_kind mlsd__kind_max_abs_scale;
extern const mlsd_kind mlsd__kind_robust_scale;
extern const mlsd_kind mlsd__kind_quantile_transform;
extern const mlsd_kind mlsd__kind_power_transform;
extern const mlsd_kind mlsd__kind_log_transform;
extern const mlsd_kind mlsd__kind_normalize;
extern const mlsd_kind mlsd__kind_binarize;
extern const mlsd_kind mlsd__kind_ordinal_encode;
extern const mlsd_kind mlsd__kind_target_encode;
extern const mlsd_kind mlsd__kind_polynomial_features;
extern const mlsd_kind mlsd__kind_spline_features;
extern const mlsd_kind mlsd__kind_bin;
extern const mlsd_kind mlsd__kind_variance_threshold;
extern const mlsd_kind mlsd__kind_univariate_select;
extern const mlsd_kind mlsd__kind_select_from_model;
extern const mlsd_kind mlsd__kind_rfe;
extern const mlsd_kind mlsd__kind_rfecv;
extern const mlsd_kind mlsd__kind_sequential_select;
extern const mlsd_kind mlsd__kind_stability_selection;
extern const mlsd_kind mlsd__kind_permutation_select;
extern const mlsd_kind mlsd__kind_boruta;
extern const mlsd_kind mlsd__kind_knockoff_filter;
extern const mlsd_kind mlsd__kind_on_columns;
extern const mlsd_kind mlsd__kind_column_transform;
extern const mlsd_kind mlsd__kind_pipeline;
extern const mlsd_kind mlsd__kind_dummy_classifier;
extern const mlsd_kind mlsd__kind_dummy_regressor;
extern const mlsd_kind mlsd__kind_linear_regression;
extern const mlsd_kind mlsd__kind_ridge;
extern const mlsd_kind mlsd__kind_ridge_cv;
extern const mlsd_kind mlsd__kind_lasso;
extern const mlsd_kind mlsd__kind_lasso_cv;
extern const mlsd_kind mlsd__kind_elastic_net;
extern const mlsd_kind mlsd__kind_elastic_net_cv;
extern const mlsd_kind mlsd__kind_logistic_regression;
extern const mlsd_kind mlsd__kind_logistic_regression_cv;
extern const mlsd_kind mlsd__kind_poisson_regressor;
extern const mlsd_kind mlsd__kind_gamma_regressor;
extern const mlsd_kind mlsd__kind_tweedie_regressor;
extern const mlsd_kind mlsd__kind_huber_regressor;
extern const mlsd_kind mlsd__kind_quantile_regressor;
extern const mlsd_kind mlsd__kind_linear_svc;
extern const mlsd_kind mlsd__kind_linear_svr;
extern const mlsd_kind mlsd__kind_sgd_classifier;
extern const mlsd_kind mlsd__kind_sgd_regressor;
extern const mlsd_kind mlsd__kind_passive_aggressive_classifier;
extern const mlsd_kind mlsd__kind_passive_aggressive_regressor;
extern const mlsd_kind mlsd__kind_gaussian_nb;
extern const mlsd_kind mlsd__kind_bernoulli_nb;
extern const mlsd_kind mlsd__kind_multinomial_nb;
extern const mlsd_kind mlsd__kind_linear_discriminant_analysis;
extern const mlsd_kind mlsd__kind_quadratic_discriminant_analysis;
extern const mlsd_kind mlsd__kind_mlp_classifier;
extern const mlsd_kind mlsd__kind_mlp_regressor;
extern const mlsd_kind mlsd__kind_factorization_machine_classifier;
extern const mlsd_kind mlsd__kind_factorization_machine_regressor;
extern const mlsd_kind mlsd__kind_k_neighbors_classifier;
extern const mlsd_kind mlsd__kind_k_neighbors_regressor;
extern const mlsd_kind mlsd__kind_nearest_centroid;
extern const mlsd_kind mlsd__kind_kernel_ridge;
extern const mlsd_kind mlsd__kind_isotonic_regression;
extern const mlsd_kind mlsd__kind_calibrated_classifier;
extern const mlsd_kind mlsd__kind_bagging_classifier;
extern const mlsd_kind mlsd__kind_bagging_regressor;
extern const mlsd_kind mlsd__kind_exponentiated_gradient;
extern const mlsd_kind mlsd__kind_snapshot_ensemble_classifier;
extern const mlsd_kind mlsd__kind_snapshot_ensemble_regressor;
extern const mlsd_kind mlsd__kind_jitter;
extern const mlsd_kind mlsd__kind_feature_dropout;
extern const mlsd_kind mlsd__kind_swap_noise;
extern const mlsd_kind mlsd__kind_mixup;
extern const mlsd_kind mlsd__kind_cutmix;
extern const mlsd_kind mlsd__kind_smote;
extern const mlsd_kind mlsd__kind_borderline_smote;
extern const mlsd_kind mlsd__kind_adasyn;
extern const mlsd_kind mlsd__kind_random_oversample;
extern const mlsd_kind mlsd__kind_random_undersample;
extern const mlsd_kind mlsd__kind_series_jitter;
extern const mlsd_kind mlsd__kind_series_scale;
extern const mlsd_kind mlsd__kind_series_time_warp;
extern const mlsd_kind mlsd__kind_series_window_slice;
extern const mlsd_kind mlsd__kind_series_permute;
extern const mlsd_kind mlsd__kind_image_flip;
extern const mlsd_kind mlsd__kind_image_shift;
extern const mlsd_kind mlsd__kind_image_crop;
extern const mlsd_kind mlsd__kind_image_rotate;
extern const mlsd_kind mlsd__kind_image_erase;
extern const mlsd_kind mlsd__kind_image_brightness;
extern const mlsd_kind mlsd__kind_augmented;
extern const mlsd_kind mlsd__kind_naive_forecaster;
extern const mlsd_kind mlsd__kind_exponential_smoothing;
extern const mlsd_kind mlsd__kind_auto_reg;
extern const mlsd_kind mlsd__kind_cross_validate;
extern const mlsd_kind mlsd__kind_cv_interval;
extern const mlsd_kind mlsd__kind_learning_curve;
extern const mlsd_kind mlsd__kind_permutation_test;
extern const mlsd_kind mlsd__kind_approximate_loo;
extern const mlsd_kind mlsd__kind_leakage_audit;
extern const mlsd_kind mlsd__kind_corrected_t;
extern const mlsd_kind mlsd__kind_bayes_correlated_t;
extern const mlsd_kind mlsd__kind_five_by_two_f;
extern const mlsd_kind mlsd__kind_five_by_two_t;
extern const mlsd_kind mlsd__kind_mcnemar;
extern const mlsd_kind mlsd__kind_cochran_q;
extern const mlsd_kind mlsd__kind_delong;
extern const mlsd_kind mlsd__kind_diebold_mariano;
extern const mlsd_kind mlsd__kind_wilcoxon;
extern const mlsd_kind mlsd__kind_sign_test;
extern const mlsd_kind mlsd__kind_paired_permutation;
extern const mlsd_kind mlsd__kind_max_t;
extern const mlsd_kind mlsd__kind_friedman;
extern const mlsd_kind mlsd__kind_bayes_signed_rank;
extern const mlsd_kind mlsd__kind_augmentation_test;
extern const mlsd_kind mlsd__kind_validation_curve;
extern const mlsd_kind mlsd__kind_nested_cv;
extern const mlsd_kind mlsd__kind_grid_search;
extern const mlsd_kind mlsd__kind_random_search;
extern const mlsd_kind mlsd__kind_halving_grid_search;
extern const mlsd_kind mlsd__kind_halving_random_search;
extern const mlsd_kind mlsd__kind_hyperband;
extern const mlsd_kind mlsd__kind_racing_search;
extern const mlsd_kind mlsd__kind_slice_metrics;
extern const mlsd_kind mlsd__kind_slice_search;
extern const mlsd_kind mlsd__kind_slice_divergence;
extern const mlsd_kind mlsd__kind_slice_tree;
extern const mlsd_kind mlsd__kind_slice_comparison;
extern const mlsd_kind mlsd__kind_robustness;
extern const mlsd_kind mlsd__kind_fairness;
extern const mlsd_kind mlsd__kind_reweighing;
extern const mlsd_kind mlsd__kind_group_thresholds;
extern const mlsd_kind mlsd__kind_fairness_frontier;
extern const mlsd_kind mlsd__kind_experiment;

const mlsd_kind *const mlsd__kinds[] = {
    &mlsd__kind_context,
    &mlsd__kind_csv,
    &mlsd__kind_holdout,
    &mlsd__kind_kfold,
    &mlsd__kind_stratified_kfold,
    &mlsd__kind_time_series_split,
    &mlsd__kind_rolling_split,
    &mlsd__kind_panel_split,
    &mlsd__kind_time_window_split,
    &mlsd__kind_purged_kfold,
    &mlsd__kind_combinatorial_purged_split,
    &mlsd__kind_group_kfold,
    &mlsd__kind_stratified_group_kfold,
    &mlsd__kind_repeated_kfold,
    &mlsd__kind_repeated_stratified_kfold,
    &mlsd__kind_leave_one_out,
    &mlsd__kind_leave_p_out,
    &mlsd__kind_leave_one_group_out,
    &mlsd__kind_leave_p_groups_out,
    &mlsd__kind_predefined_split,
    &mlsd__kind_shuffle_split,
    &mlsd__kind_stratified_shuffle_split,
    &mlsd__kind_group_shuffle_split,
    &mlsd__kind_stratified_group_shuffle_split,
    &mlsd__kind_bootstrap,
    &mlsd__kind_multilabel_stratified_kfold,
    &mlsd__kind_multilabel_stratified_shuffle_split,
    &mlsd__kind_hash_split,
    &mlsd__kind_hash_kfold,
    &mlsd__kind_nested,
    &mlsd__kind_near_duplicate_split,
    &mlsd__kind_anticlustering_kfold,
    &mlsd__kind_rmse,
    &mlsd__kind_mae,
    &mlsd__kind_r2,
    &mlsd__kind_mse,
    &mlsd__kind_explained_variance,
    &mlsd__kind_max_error,
    &mlsd__kind_median_absolute_error,
    &mlsd__kind_mape,
    &mlsd__kind_smape,
    &mlsd__kind_msle,
    &mlsd__kind_rmsle,
    &mlsd__kind_pinball,
    &mlsd__kind_tweedie_deviance,
    &mlsd__kind_d2_tweedie,
    &mlsd__kind_d2_pinball,
    &mlsd__kind_interval_score,
    &mlsd__kind_interval_coverage,
    &mlsd__kind_interval_width,
    &mlsd__kind_crps_gaussian,
    &mlsd__kind_crps_ensemble,
    &mlsd__kind_crps_quantiles,
    &mlsd__kind_mase,
    &mlsd__kind_rmsse,
    &mlsd__kind_directional_accuracy,
    &mlsd__kind_rand,
    &mlsd__kind_adjusted_rand,
    &mlsd__kind_fowlkes_mallows,
    &mlsd__kind_mutual_info,
    &mlsd__kind_normalized_mutual_info,
    &mlsd__kind_adjusted_mutual_info,
    &mlsd__kind_homogeneity,
    &mlsd__kind_completeness,
    &mlsd__kind_v_measure,
    &mlsd__kind_concordance,
    &mlsd__kind_accuracy,
    &mlsd__kind_recall,
    &mlsd__kind_precision,
    &mlsd__kind_specificity,
    &mlsd__kind_npv,
    &mlsd__kind_fpr,
    &mlsd__kind_fnr,
    &mlsd__kind_fdr,
    &mlsd__kind_false_omission_rate,
    &mlsd__kind_f_score,
    &mlsd__kind_jaccard,
    &mlsd__kind_selection_rate,
    &mlsd__kind_prevalence,
    &mlsd__kind_balanced_accuracy,
    &mlsd__kind_matthews_corrcoef,
    &mlsd__kind_cohen_kappa,
    &mlsd__kind_zero_one_loss,
    &mlsd__kind_hamming_loss,
    &mlsd__kind_hinge_loss,
    &mlsd__kind_positive_likelihood_ratio,
    &mlsd__kind_negative_likelihood_ratio,
    &mlsd__kind_confusion_matrix,
    &mlsd__kind_multilabel_confusion_matrix,
    &mlsd__kind_log_loss,
    &mlsd__kind_roc_auc,
    &mlsd__kind_average_precision,
    &mlsd__kind_ks,
    &mlsd__kind_gini,
    &mlsd__kind_equal_error_rate,
    &mlsd__kind_ndcg,
    &mlsd__kind_dcg,
    &mlsd__kind_label_ranking_average_precision,
    &mlsd__kind_label_ranking_loss,
    &mlsd__kind_coverage_error,
    &mlsd__kind_precision_at_k,
    &mlsd__kind_recall_at_k,
    &mlsd__kind_top_k_accuracy,
    &mlsd__kind_calibration_error,
    &mlsd__kind_brier,
    &mlsd__kind_brier_reliability,
    &mlsd__kind_brier_resolution,
    &mlsd__kind_brier_uncertainty,
    &mlsd__kind_brier_within,
    &mlsd__kind_bootstrap_interval,
    &mlsd__kind_jackknife_interval,
    &mlsd__kind_early_stopping,
    &mlsd__kind_diagnosis,
    &mlsd__kind_constant_rate,
    &mlsd__kind_step_decay,
    &mlsd__kind_exponential_decay,
    &mlsd__kind_cosine_annealing,
    &mlsd__kind_one_cycle,
    &mlsd__kind_reduce_on_plateau,
    &mlsd__kind_impute,
    &mlsd__kind_one_hot,
    &mlsd__kind_standardize,
    &mlsd__kind_pca,
    &mlsd__kind_truncated_svd,
    &mlsd__kind_min_max_scale,
    &mlsd__kind_max_abs_scale,
    &mlsd__kind_robust_scale,
    &mlsd__kind_quantile_transform,
    &mlsd__kind_power_transform,
    &mlsd__kind_log_transform,
    &mlsd__kind_normalize,
    &mlsd__kind_binarize,
    &mlsd__kind_ordinal_encode,
    &mlsd__kind_target_encode,
    &mlsd__kind_polynomial_features,
    &mlsd__kind_spline_features,
    &mlsd__kind_bin,
    &mlsd__kind_variance_threshold,
    &mlsd__kind_univariate_select,
    &mlsd__kind_select_from_model,
    &mlsd__kind_rfe,
    &mlsd__kind_rfecv,
    &mlsd__kind_sequential_select,
    &mlsd__kind_stability_selection,
    &mlsd__kind_permutation_select,
    &mlsd__kind_boruta,
    &mlsd__kind_knockoff_filter,
    &mlsd__kind_on_columns,
    &mlsd__kind_column_transform,
    &mlsd__kind_pipeline,
    &mlsd__kind_dummy_classifier,
    &mlsd__kind_dummy_regressor,
    &mlsd__kind_linear_regression,
    &mlsd__kind_ridge,
    &mlsd__kind_ridge_cv,
    &mlsd__kind_lasso,
    &mlsd__kind_lasso_cv,
    &mlsd__kind_elastic_net,
    &mlsd__kind_elastic_net_cv,
    &mlsd__kind_logistic_regression,
    &mlsd__kind_logistic_regression_cv,
    &mlsd__kind_poisson_regressor,
    &mlsd__kind_gamma_regressor,
    &mlsd__kind_tweedie_regressor,
    &mlsd__kind_huber_regressor,
    &mlsd__kind_quantile_regressor,
    &mlsd__kind_linear_svc,
    &mlsd__kind_linear_svr,
    &mlsd__kind_sgd_classifier,
    &mlsd__kind_sgd_regressor,
    &mlsd__kind_passive_aggressive_classifier,
    &mlsd__kind_passive_aggressive_regressor,
    &mlsd__kind_gaussian_nb,
    &mlsd__kind_bernoulli_nb,
    &mlsd__kind_multinomial_nb,
    &mlsd__kind_linear_discriminant_analysis,
    &mlsd__kind_quadratic_discriminant_analysis,
    &mlsd__kind_mlp_classifier,
    &mlsd__kind_mlp_regressor,
    &mlsd__kind_factorization_machine_classifier,
    &mlsd__kind_factorization_machine_regressor,
    &mlsd__kind_k_neighbors_classifier,
    &mlsd__kind_k_neighbors_regressor,
    &mlsd__kind_nearest_centroid,
    &mlsd__kind_kernel_ridge,
    &mlsd__kind_isotonic_regression,
    &mlsd__kind_calibrated_classifier,
    &mlsd__kind_bagging_classifier,
    &mlsd__kind_bagging_regressor,
    &mlsd__kind_exponentiated_gradient,
    &mlsd__kind_snapshot_ensemble_classifier,
    &mlsd__kind_snapshot_ensemble_regressor,
    &mlsd__kind_jitter,
    &mlsd__kind_feature_dropout,
    &mlsd__kind_swap_noise,
    &mlsd__kind_mixup,
    &mlsd__kind_cutmix,
    &mlsd__kind_smote,
    &mlsd__kind_borderline_smote,
    &mlsd__kind_adasyn,
    &mlsd__kind_random_oversample,
    &mlsd__kind_random_undersample,
    &mlsd__kind_series_jitter,
    &mlsd__kind_series_scale,
    &mlsd__kind_series_time_warp,
    &mlsd__kind_series_window_slice,
    &mlsd__kind_series_permute,
    &mlsd__kind_image_flip,
    &mlsd__kind_image_shift,
    &mlsd__kind_image_crop,
    &mlsd__kind_image_rotate,
    &mlsd__kind_image_erase,
    &mlsd__kind_image_brightness,
    &mlsd__kind_augmented,
    &mlsd__kind_naive_forecaster,
    &mlsd__kind_exponential_smoothing,
    &mlsd__kind_auto_reg,
    &mlsd__kind_cross_validate,
    &mlsd__kind_cv_interval,
    &mlsd__kind_learning_curve,
    &mlsd__kind_permutation_test,
    &mlsd__kind_approximate_loo,
    &mlsd__kind_leakage_audit,
    &mlsd__kind_corrected_t,
    &mlsd__kind_bayes_correlated_t,
    &mlsd__kind_five_by_two_f,
    &mlsd__kind_five_by_two_t,
    &mlsd__kind_mcnemar,
    &mlsd__kind_cochran_q,
    &mlsd__kind_delong,
    &mlsd__kind_diebold_mariano,
    &mlsd__kind_wilcoxon,
    &mlsd__kind_sign_test,
    &mlsd__kind_paired_permutation,
    &mlsd__kind_max_t,
    &mlsd__kind_friedman,
    &mlsd__kind_bayes_signed_rank,
    &mlsd__kind_augmentation_test,
    &mlsd__kind_validation_curve,
    &mlsd__kind_nested_cv,
    &mlsd__kind_grid_search,
    &mlsd__kind_random_search,
    &mlsd__kind_halving_grid_search,
    &mlsd__kind_halving_random_search,
    &mlsd__kind_hyperband,
    &mlsd__kind_racing_search,
    &mlsd__kind_slice_metrics,
    &mlsd__kind_slice_search,
    &mlsd__kind_slice_divergence,
    &mlsd__kind_slice_tree,
    &mlsd__kind_slice_comparison,
    &mlsd__kind_robustness,
    &mlsd__kind_fairness,
    &mlsd__kind_reweighing,
    &mlsd__kind_group_thresholds,
    &mlsd__kind_fairness_frontier,
    &mlsd__kind_experiment,
};
const int64_t mlsd__n_kinds = MLSD__COUNT(mlsd__kinds);
