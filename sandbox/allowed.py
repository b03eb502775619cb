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
        "False_ True_ abs absolute acos acosh add all allclose amax amin angle any append apply_along_axis apply_over_axes "
        "arange arccos arccosh arcsin arcsinh arctan arctan2 arctanh argmax argmin argpartition argsort argwhere around "
        "array array_equal array_equiv array_repr array_split array_str asanyarray asarray asarray_chkfinite "
        "ascontiguousarray asfortranarray asin asinh astype atan atan2 atanh atleast_1d atleast_2d atleast_3d average "
        "bartlett base_repr binary_repr bincount bitwise_and bitwise_count bitwise_invert bitwise_left_shift bitwise_not "
        "bitwise_or bitwise_right_shift bitwise_xor blackman block bool bool_ broadcast_arrays broadcast_shapes broadcast_to "
        "busday_count busday_offset byte bytes_ c_ can_cast cbrt cdouble ceil character choose clip clongdouble column_stack "
        "common_type complex128 complex256 complex64 complexfloating compress concat concatenate conj conjugate convolve "
        "copy copysign copyto corrcoef correlate cos cosh count_nonzero cov cross csingle cumprod cumsum cumulative_prod "
        "cumulative_sum datetime64 datetime_as_string datetime_data deg2rad degrees delete diag diag_indices "
        "diag_indices_from diagflat diagonal diff digitize divide divmod dot double dsplit dstack dtype dtypes e ediff1d "
        "einsum einsum_path empty empty_like equal errstate euler_gamma exp exp2 expand_dims expm1 extract eye fabs "
        "fill_diagonal finfo fix flatnonzero flexible flip fliplr flipud float128 float16 float32 float64 float_power "
        "floating floor floor_divide fmax fmin fmod format_float_positional format_float_scientific frexp fromfunction "
        "fromiter frompyfunc full full_like gcd generic geomspace gradient greater greater_equal half hamming hanning "
        "heaviside histogram histogram2d histogram_bin_edges histogramdd hsplit hstack hypot i0 identity iinfo imag "
        "index_exp indices inexact inf info inner insert int16 int32 int64 int8 int_ intc integer interp intersect1d intp "
        "invert is_busday isclose iscomplex iscomplexobj isdtype isfinite isfortran isin isinf isnan isnat isneginf isposinf "
        "isreal isrealobj isscalar issubdtype iterable ix_ kaiser kron lcm ldexp left_shift less less_equal lexsort linspace "
        "little_endian log log10 log1p log2 logaddexp logaddexp2 logical_and logical_not logical_or logical_xor logspace "
        "long longdouble longlong mask_indices matmul matrix_transpose matvec max maximum may_share_memory mean median "
        "meshgrid mgrid min min_scalar_type minimum mod modf moveaxis multiply nan nan_to_num nanargmax nanargmin nancumprod "
        "nancumsum nanmax nanmean nanmedian nanmin nanpercentile nanprod nanquantile nanstd nansum nanvar ndenumerate ndim "
        "ndindex negative newaxis nextafter nonzero not_equal number object_ ogrid ones ones_like outer packbits pad "
        "partition percentile permute_dims pi piecewise place poly poly1d polyadd polyder polydiv polyfit polyint polymul "
        "polynomial polysub polyval positive pow power prod promote_types ptp put put_along_axis putmask quantile r_ rad2deg "
        "radians ravel ravel_multi_index real real_if_close reciprocal remainder repeat require reshape resize result_type "
        "right_shift rint roll rollaxis roots rot90 round row_stack s_ searchsorted select setdiff1d setxor1d shape "
        "shares_memory short sign signbit signedinteger sin sinc single sinh size sort sort_complex spacing split sqrt "
        "square squeeze stack std str_ subtract sum swapaxes take take_along_axis tan tanh tensordot tile timedelta64 trace "
        "transpose trapezoid tri tril tril_indices tril_indices_from trim_zeros triu triu_indices triu_indices_from "
        "true_divide trunc ubyte uint uint16 uint32 uint64 uint8 uintc uintp ulong ulonglong union1d unique unique_all "
        "unique_counts unique_inverse unique_values unpackbits unravel_index unsignedinteger unstack unwrap ushort vander "
        "var vdot vecdot vecmat vectorize vsplit vstack where zeros zeros_like "
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
        "Generator RandomState beta binomial chisquare choice default_rng dirichlet exponential f gamma geometric gumbel "
        "hypergeometric laplace logistic lognormal logseries multinomial multivariate_normal negative_binomial "
        "noncentral_chisquare noncentral_f normal pareto permutation poisson power rand randint randn random random_integers "
        "random_sample ranf rayleigh sample seed shuffle standard_cauchy standard_exponential standard_gamma standard_normal "
        "standard_t triangular uniform vonmises wald weibull zipf "
    ),
    "operator": (
        "abs add and_ concat contains countOf eq floordiv ge getitem gt iadd imul index indexOf inv invert is_ is_not isub "
        "itemgetter itruediv le lt matmul mod mul ne neg not_ or_ pos pow sub truediv truth xor "
    ),
    "pandas": (
        "BooleanDtype Categorical CategoricalDtype CategoricalIndex DataFrame DateOffset DatetimeIndex DatetimeTZDtype "
        "Float32Dtype Float64Dtype Grouper Index IndexSlice Int16Dtype Int32Dtype Int64Dtype Int8Dtype Interval "
        "IntervalDtype IntervalIndex MultiIndex NA NaT NamedAgg Period PeriodDtype PeriodIndex RangeIndex Series StringDtype "
        "Timedelta TimedeltaIndex Timestamp UInt16Dtype UInt32Dtype UInt64Dtype UInt8Dtype array bdate_range concat crosstab "
        "cut date_range factorize from_dummies get_dummies infer_freq interval_range isna isnull melt merge merge_asof "
        "merge_ordered notna notnull period_range pivot pivot_table qcut timedelta_range to_datetime to_numeric to_timedelta "
        "unique wide_to_long "
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
        "binom binomtest bootstrap chi2 chi2_contingency describe entropy expon f f_oneway gaussian_kde gmean hmean iqr "
        "jarque_bera kendalltau ks_2samp kstest kurtosis kurtosistest laplace levene linregress logistic lognorm "
        "mannwhitneyu median_abs_deviation mode moment norm normaltest pearsonr percentileofscore permutation_test poisson "
        "probplot rankdata scoreatpercentile sem shapiro skew skewnorm skewtest spearmanr t theilslopes trim_mean "
        "ttest_1samp ttest_ind ttest_rel uniform variation wasserstein_distance wilcoxon winsorize zscore "
    ),
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
