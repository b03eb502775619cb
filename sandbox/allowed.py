"""Which names of which modules a program may see. A dotted module is reached through its parent too."""

ALLOWED: dict[str, str] = {
    "__future__": "annotations division",
    "bisect": "bisect bisect_left bisect_right insort insort_left insort_right",
    "collections": "ChainMap Counter OrderedDict defaultdict deque namedtuple",
    "dataclasses": "asdict astuple dataclass field replace",
    "datetime": "UTC date datetime time timedelta timezone",
    "decimal": "Decimal ROUND_DOWN ROUND_HALF_EVEN ROUND_HALF_UP",
    "fractions": "Fraction",
    "functools": "cache cmp_to_key lru_cache partial reduce total_ordering",
    "heapq": "heapify heappop heappush heappushpop heapreplace merge nlargest nsmallest",
    "itertools": (
        "accumulate batched chain combinations combinations_with_replacement compress count cycle dropwhile filterfalse "
        "groupby islice pairwise permutations product repeat starmap takewhile tee zip_longest "
    ),
    "json": "JSONDecodeError dumps loads",
    "math": (
        "acos acosh asin asinh atan atan2 atanh cbrt ceil comb copysign cos cosh degrees dist e erf erfc exp exp2 expm1 fabs "
        "factorial floor fmod frexp fsum gamma gcd hypot inf isclose isfinite isinf isnan isqrt lcm ldexp lgamma log log10 "
        "log1p log2 modf nan nextafter perm pi pow prod radians remainder sin sinh sqrt tan tanh tau trunc ulp "
    ),
    "numpy": (
        "abs absolute acos acosh add all allclose amax amin angle any append apply_along_axis apply_over_axes arange "
        "arccos arccosh arcsin arcsinh arctan arctan2 arctanh argmax argmin argpartition argsort argwhere around array "
        "array2string array_equal array_equiv array_repr array_split array_str asanyarray asarray asarray_chkfinite "
        "ascontiguousarray asfortranarray asin asinh astype atan atan2 atanh atleast_1d atleast_2d atleast_3d average "
        "bartlett base_repr binary_repr bincount bitwise_and bitwise_count bitwise_invert bitwise_left_shift bitwise_not "
        "bitwise_or bitwise_right_shift bitwise_xor blackman block bool bool_ broadcast broadcast_arrays broadcast_shapes "
        "broadcast_to busday_count busday_offset busdaycalendar byte bytes_ c_ can_cast cbrt cdouble ceil character "
        "choose clip clongdouble column_stack common_type complex128 complex256 complex64 complexfloating compress concat "
        "concatenate conj conjugate convolve copy copysign copyto corrcoef correlate cos cosh count_nonzero cov cross "
        "csingle cumprod cumsum cumulative_prod cumulative_sum datetime64 datetime_as_string datetime_data deg2rad "
        "degrees delete diag diag_indices diag_indices_from diagflat diagonal diff digitize divide divmod dot double "
        "dsplit dstack dtype dtypes e ediff1d einsum einsum_path empty empty_like equal errstate euler_gamma exp exp2 "
        "expand_dims expm1 extract eye fabs False_ fill_diagonal finfo fix flatnonzero flexible flip fliplr flipud "
        "float128 float16 float32 float64 float_power floating floor floor_divide fmax fmin fmod format_float_positional "
        "format_float_scientific frexp fromfunction fromiter frompyfunc full full_like gcd generic geomspace "
        "get_printoptions geterr gradient greater greater_equal half hamming hanning heaviside histogram histogram2d "
        "histogram_bin_edges histogramdd hsplit hstack hypot i0 identity iinfo imag index_exp indices inexact inf info "
        "inner insert int16 int32 int64 int8 int_ intc integer interp intersect1d intp invert is_busday isclose iscomplex "
        "iscomplexobj isdtype isfinite isfortran isin isinf isnan isnat isneginf isposinf isreal isrealobj isscalar "
        "issubdtype iterable ix_ kaiser kron lcm ldexp left_shift less less_equal lexsort linspace little_endian log "
        "log10 log1p log2 logaddexp logaddexp2 logical_and logical_not logical_or logical_xor logspace long longdouble "
        "longlong mask_indices matmul matrix_transpose matvec max maximum may_share_memory mean median meshgrid mgrid min "
        "min_scalar_type minimum mintypecode mod modf moveaxis multiply nan nan_to_num nanargmax nanargmin nancumprod "
        "nancumsum nanmax nanmean nanmedian nanmin nanpercentile nanprod nanquantile nanstd nansum nanvar ndenumerate "
        "ndim ndindex negative newaxis nextafter nonzero not_equal number object_ ogrid ones ones_like outer packbits pad "
        "partition percentile permute_dims pi piecewise place poly poly1d polyadd polyder polydiv polyfit polyint polymul "
        "polynomial polysub polyval positive pow power printoptions prod promote_types ptp put put_along_axis putmask "
        "quantile r_ rad2deg radians ravel ravel_multi_index real real_if_close reciprocal remainder repeat require "
        "reshape resize result_type right_shift rint roll rollaxis roots rot90 round row_stack s_ searchsorted select "
        "set_printoptions setdiff1d seterr setxor1d shape shares_memory short sign signbit signedinteger sin sinc single "
        "sinh size sort sort_complex spacing split sqrt square squeeze stack std str_ subtract sum swapaxes take "
        "take_along_axis tan tanh tensordot tile timedelta64 trace transpose trapezoid tri tril tril_indices "
        "tril_indices_from trim_zeros triu triu_indices triu_indices_from True_ true_divide trunc typename ubyte uint "
        "uint16 uint32 uint64 uint8 uintc uintp ulong ulonglong union1d unique unique_all unique_counts unique_inverse "
        "unique_values unpackbits unravel_index unsignedinteger unstack unwrap ushort vander var vdot vecdot vecmat "
        "vectorize vsplit vstack where zeros zeros_like "
    ),
    "numpy.fft": (
        "fft fft2 fftfreq fftn fftshift hfft ifft ifft2 ifftn ifftshift ihfft irfft irfft2 irfftn rfft rfft2 rfftfreq rfftn "
    ),
    "numpy.lib": "",
    "numpy.lib.stride_tricks": "sliding_window_view",
    "numpy.linalg": (
        "LinAlgError cholesky cond cross det diagonal eig eigh eigvals eigvalsh inv lstsq matmul matrix_norm matrix_power "
        "matrix_rank matrix_transpose multi_dot norm outer pinv qr slogdet solve svd svdvals tensordot tensorinv tensorsolve "
        "trace vecdot vector_norm "
    ),
    "numpy.random": (
        "beta binomial bytes chisquare choice default_rng dirichlet exponential f gamma Generator geometric gumbel "
        "hypergeometric laplace logistic lognormal logseries multinomial multivariate_normal negative_binomial "
        "noncentral_chisquare noncentral_f normal pareto permutation poisson power rand randint randn random "
        "random_integers random_sample RandomState ranf rayleigh sample seed SeedSequence shuffle standard_cauchy "
        "standard_exponential standard_gamma standard_normal standard_t triangular uniform vonmises wald weibull zipf "
    ),
    "operator": (
        "abs add and_ concat contains countOf eq floordiv ge getitem gt iadd imul index indexOf inv invert is_ is_not isub "
        "itemgetter itruediv le lt matmul mod mul ne neg not_ or_ pos pow sub truediv truth xor "
    ),
    "pandas": (
        "array bdate_range BooleanDtype Categorical CategoricalDtype CategoricalIndex concat crosstab cut DataFrame "
        "date_range DateOffset DatetimeIndex DatetimeTZDtype factorize Float32Dtype Float64Dtype from_dummies get_dummies "
        "Grouper Index IndexSlice infer_freq Int16Dtype Int32Dtype Int64Dtype Int8Dtype Interval interval_range "
        "IntervalDtype IntervalIndex isna isnull json_normalize lreshape melt merge merge_asof merge_ordered MultiIndex "
        "NA NamedAgg NaT notna notnull Period period_range PeriodDtype PeriodIndex pivot pivot_table qcut RangeIndex "
        "Series StringDtype Timedelta timedelta_range TimedeltaIndex Timestamp to_datetime to_numeric to_timedelta "
        "UInt16Dtype UInt32Dtype UInt64Dtype UInt8Dtype unique wide_to_long "
    ),
    "pandas.tseries": "",
    "pandas.tseries.offsets": (
        "BDay BMonthEnd BusinessDay DateOffset Day Hour Minute MonthBegin MonthEnd QuarterEnd Second Week YearEnd "
    ),
    "random": (
        "Random betavariate choice choices expovariate gammavariate gauss getrandbits lognormvariate normalvariate "
        "paretovariate randint random randrange sample seed shuffle triangular uniform vonmisesvariate weibullvariate "
    ),
    "re": (
        "ASCII DOTALL I IGNORECASE M MULTILINE S VERBOSE X compile error escape findall finditer fullmatch match search "
        "split sub subn "
    ),
    "scipy": "",
    "scipy.interpolate": "CubicSpline PchipInterpolator interp1d",
    "scipy.linalg": "cholesky eigh eigvalsh inv lstsq norm pinv qr solve svd toeplitz",
    "scipy.optimize": "brentq curve_fit least_squares linprog minimize minimize_scalar nnls root_scalar",
    "scipy.signal": "butter correlate detrend filtfilt find_peaks hilbert lfilter periodogram savgol_filter welch",
    "scipy.special": "comb erf erfc expit gamma gammaln logit logsumexp softmax xlogy",
    "scipy.stats": (
        "Binomial BootstrapMethod CensoredData ConstantInputWarning Covariance DegenerateDataWarning FitError Logistic "
        "Mixture MonteCarloMethod NearConstantInputWarning Normal PermutationMethod Uniform abs alexandergovern alpha "
        "anderson anderson_ksamp anglit ansari arcsine argus barnard_exact bartlett bayes_mvs bernoulli beta betabinom "
        "betanbinom betaprime binned_statistic binned_statistic_2d binned_statistic_dd binom binomtest boltzmann "
        "bootstrap boschloo_exact boxcox boxcox_llf boxcox_normmax boxcox_normplot bradford brunnermunzel burr burr12 "
        "bws_test cauchy chatterjeexi chi chi2 chi2_contingency chisquare circmean circstd circvar combine_pvalues cosine "
        "cramervonmises cramervonmises_2samp crystalball cumfreq describe dgamma differential_entropy directional_stats "
        "dirichlet dirichlet_multinomial dlaplace dpareto_lognorm dunnett dweibull ecdf energy_distance entropy "
        "epps_singleton_2samp erlang exp expectile expon exponnorm exponpow exponweib f f_oneway false_discovery_control "
        "fatiguelife fisher_exact fisk fit fligner foldcauchy foldnorm friedmanchisquare gamma gausshyper gaussian_kde "
        "genexpon genextreme gengamma genhalflogistic genhyperbolic geninvgauss genlogistic gennorm genpareto geom gibrat "
        "gmean gompertz goodness_of_fit gstd gumbel_l gumbel_r gzscore halfcauchy halfgennorm halflogistic halfnorm hmean "
        "hypergeom hypsecant invgamma invgauss invweibull invwishart iqr irwinhall jarque_bera jf_skew_t johnsonsb "
        "johnsonsu kappa3 kappa4 kendalltau kruskal ks_1samp ks_2samp ksone kstat kstatvar kstest kstwo kstwobign "
        "kurtosis kurtosistest landau laplace laplace_asymmetric levene levy levy_l levy_stable linregress lmoment log "
        "loggamma logistic loglaplace lognorm logrank logser loguniform lomax mannwhitneyu matrix_normal matrix_t maxwell "
        "median_abs_deviation median_test mielke mode moment monte_carlo_test mood moyal multinomial multiscale_graphcorr "
        "multivariate_hypergeom multivariate_normal multivariate_t mvsdist nakagami nbinom ncf nchypergeom_fisher "
        "nchypergeom_wallenius nct ncx2 nhypergeom norm normal_inverse_gamma normaltest norminvgauss obrientransform "
        "order_statistic ortho_group page_trend_test pareto pearson3 pearsonr percentileofscore permutation_test planck "
        "pmean pointbiserialr poisson poisson_binom poisson_means_test power power_divergence powerlaw powerlognorm "
        "powernorm ppcc_max ppcc_plot probplot quantile quantile_test randint random_correlation random_table rankdata "
        "ranksums rayleigh rdist recipinvgauss reciprocal rel_breitwigner relfreq rice rv_discrete rv_histogram "
        "scoreatpercentile sem semicircular shapiro siegelslopes sigmaclip skellam skew skewcauchy skewnorm skewtest "
        "sobol_indices somersd spearmanr spearmanrho special_ortho_group studentized_range t theilslopes tiecorrect tmax "
        "tmean tmin trapezoid triang trim1 trim_mean trimboth truncate truncexpon truncnorm truncpareto truncweibull_min "
        "tsem tstd ttest_1samp ttest_ind ttest_ind_from_stats ttest_rel tukey_hsd tukeylambda tvar uniform "
        "uniform_direction unitary_group variation vonmises vonmises_fisher vonmises_line wald wasserstein_distance "
        "wasserstein_distance_nd weibull_max weibull_min weightedtau wilcoxon wishart wrapcauchy yeojohnson "
        "yeojohnson_llf yeojohnson_normmax yeojohnson_normplot yulesimon zipf zipfian zmap zscore "
    ),
    "scipy.stats.mstats": "winsorize",
    "sklearn": "clone",
    "sklearn.base": "clone",
    "sklearn.calibration": "CalibratedClassifierCV calibration_curve",
    "sklearn.cluster": "DBSCAN KMeans MiniBatchKMeans",
    "sklearn.decomposition": "FastICA PCA TruncatedSVD",
    "sklearn.dummy": "DummyClassifier DummyRegressor",
    "sklearn.ensemble": (
        "AdaBoostClassifier BaggingClassifier ExtraTreesClassifier ExtraTreesRegressor GradientBoostingClassifier "
        "GradientBoostingRegressor HistGradientBoostingClassifier HistGradientBoostingRegressor IsolationForest "
        "RandomForestClassifier RandomForestRegressor "
    ),
    "sklearn.feature_selection": "SelectKBest f_classif f_regression mutual_info_classif mutual_info_regression",
    "sklearn.impute": "SimpleImputer",
    "sklearn.inspection": "partial_dependence permutation_importance",
    "sklearn.isotonic": "IsotonicRegression",
    "sklearn.linear_model": (
        "ElasticNet HuberRegressor Lasso LassoCV LinearRegression LogisticRegression LogisticRegressionCV Ridge RidgeCV "
        "RidgeClassifier SGDClassifier "
    ),
    "sklearn.metrics": (
        "accuracy_score average_precision_score balanced_accuracy_score brier_score_loss classification_report "
        "confusion_matrix explained_variance_score f1_score log_loss matthews_corrcoef mean_absolute_error "
        "mean_squared_error mutual_info_score precision_recall_curve precision_score r2_score recall_score roc_auc_score "
        "roc_curve root_mean_squared_error "
    ),
    "sklearn.mixture": "GaussianMixture",
    "sklearn.model_selection": (
        "GridSearchCV KFold ParameterGrid StratifiedKFold TimeSeriesSplit cross_val_predict cross_val_score cross_validate "
        "train_test_split "
    ),
    "sklearn.naive_bayes": "GaussianNB",
    "sklearn.neighbors": "KNeighborsClassifier KNeighborsRegressor",
    "sklearn.pipeline": "Pipeline make_pipeline",
    "sklearn.preprocessing": (
        "KBinsDiscretizer MinMaxScaler OneHotEncoder PolynomialFeatures QuantileTransformer RobustScaler StandardScaler "
    ),
    "sklearn.svm": "LinearSVC SVC",
    "sklearn.tree": "DecisionTreeClassifier DecisionTreeRegressor export_text",
    "statistics": (
        "NormalDist StatisticsError correlation covariance fmean geometric_mean harmonic_mean linear_regression mean median "
        "median_grouped median_high median_low mode multimode pstdev pvariance quantiles stdev variance "
    ),
    "string": (
        "ascii_letters ascii_lowercase ascii_uppercase capwords digits hexdigits octdigits printable punctuation whitespace "
    ),
    "textwrap": "dedent fill indent shorten wrap",
    "time": "monotonic perf_counter process_time time",
    "typing": ("Any Callable Dict Final Iterable Iterator List Literal Mapping Optional Sequence Set Tuple TypeVar Union "),
    "warnings": "filterwarnings simplefilter warn",
}
