"""Which parts of the libraries the law walks, what their names are called with, and what is left out and why."""

import numpy as np
import pandas as pd
import scipy.stats as st
from pandas.core.groupby import DataFrameGroupBy, SeriesGroupBy

from tests.sandbox.numeric import FILES, MEMORY, PLOTS, Part, names, one

# Not offered, and why.
NUMPY_LEFT_OUT = {
    *(
        "fromfile",
        "fromregex",
        "genfromtxt",
        "load",
        "loadtxt",
        "memmap",
        "save",
        "savetxt",
        "savez",
        "savez_compressed",
    ),  # files
    *(
        "flatiter",
        "from_dlpack",
        "frombuffer",
        "fromstring",
        "nditer",
        "nested_iters",
        "recarray",
        "record",
        "void",
    ),  # raw memory
    *("ndarray", "ufunc", "character", "complexfloating", "flexible", "floating", "generic"),  # kinds without a constructor
    *("inexact", "integer", "number", "signedinteger", "unsignedinteger"),
    *("geterrcall", "getbufsize", "seterrcall", "setbufsize"),  # hooks and buffers of the process
    *("get_include", "show_config", "show_runtime", "test"),  # the installation
    *("asmatrix", "bmat", "matrix", "ScalarType", "sctypeDict", "typecodes"),  # superseded, or lists of kinds
}
RANDOM_LEFT_OUT = {
    "BitGenerator",
    "MT19937",
    "PCG64",
    "PCG64DXSM",
    "Philox",
    "SFC64",
    "get_state",
    "set_state",
}  # their raw state
PANDAS_LEFT_OUT = {
    *names(pd, "read_"),
    *("ExcelFile", "ExcelWriter", "HDFStore", "to_pickle"),  # files
    *("describe_option", "get_option", "option_context", "options", "reset_option", "set_eng_float_format"),  # see set_option
    *("eval", "col", "NamedFunc"),  # names of methods in strings
    *("ArrowDtype", "Flags", "SparseDtype"),  # other memory
    *("show_versions", "test"),
}
WRITERS = {
    *(
        "to_clipboard",
        "to_csv",
        "to_excel",
        "to_feather",
        "to_hdf",
        "to_html",
        "to_iceberg",
        "to_json",
        "to_latex",
        "to_markdown",
    ),
    *("to_orc", "to_parquet", "to_pickle", "to_sql", "to_stata", "to_xarray", "to_xml"),
}
ACCESSORS = {"cat", "dt", "list", "sparse", "str", "struct"}  # parts of their own below, or of other kinds of columns
LEVELS = {"droplevel", "reorder_levels", "swaplevel", "unstack"}  # of a MultiIndex, a part of its own
FRAME_LEFT_OUT = WRITERS | PLOTS | ACCESSORS | LEVELS | {"eval", "info", "from_arrow", "to_timestamp"}
STATS_LEFT_OUT = {"make_distribution", "rv_continuous"}  # take classes of the caller's own

SQUARE = {"diagonal", "mT", "trace"}  # of matrices
NO_SCALAR = {
    "choose",
    "compress",
    "diagonal",
    "nonzero",
    "reshape",
    "searchsorted",
    "sort",
    "swapaxes",
    "trace",
}  # scalars have none

NUMPY = {
    "apply_along_axis": one("np.sum", "0", "M"),
    "apply_over_axes": one("np.sum", "M", "[0]"),
    "astype": one("V", "'f4'"),
    "busday_count": one("T[0]", "T[1]"),
    "busday_offset": one("T", "1", "{'roll': 'forward'}"),
    "can_cast": one("'i4'", "'f8'"),
    "datetime_data": one("T.dtype"),
    "dsplit": one("np.ones((2, 2, 2))", "2"),
    "einsum": one("'ij,jk'", "M", "M"),
    "einsum_path": one("'ij,jk'", "M", "M"),
    "expand_dims": one("V", "0"),
    "fromfunction": one("lambda i, j: i + j", "(2, 2)"),
    "fromiter": one("[1, 2]", "'f8'"),
    "frompyfunc": one("F", "1", "1"),
    "isdtype": one("V.dtype", "'real floating'"),
    "issubdtype": one("'f8'", "np.floating"),
    "mask_indices": one("3", "np.triu"),
    "mintypecode": one("'fd'"),
    "moveaxis": one("M", "0", "1"),
    "piecewise": one("V", "[V < 2]", "[1.0, 2.0]"),
    "polyfit": one("V", "V", "1"),
    "printoptions": one("{'precision': 3}"),
    "promote_types": one("'i4'", "'f8'"),
    "put_along_axis": one("V.copy()", "I", "1.0", "0"),
    "ravel_multi_index": one("(I, I)", "(5, 5)"),
    "reshape": one("V", "(5, 1)"),
    "select": one("[V < 2]", "[V]"),
    "set_printoptions": one("{'precision': 8}"),
    "setbufsize": one("8192"),
    "swapaxes": one("M", "0", "1"),
    "typename": one("'d'"),
    "unpackbits": one("np.arange(3, dtype='u1')"),
    "vsplit": one("M", "2"),
}
LINALG = {"cross": one("V[:3]", "V[:3]"), "matrix_power": one("M", "2"), "tensorinv": one("np.eye(4).reshape(2, 2, 2, 2)", "2")}
DRAWS = {
    "binomial": one("5", "0.5"),
    "bytes": one("3"),
    "multinomial": one("5", "P"),
    "multivariate_hypergeometric": one("[3, 4]", "2"),
    "multivariate_normal": one("V[:2]", "M"),
    "set_state": one("R.get_state()"),
}
METHODS = {
    "choose": one("[I] * 5"),
    "reshape": one("-1"),
    "swapaxes": one("0", "0"),
    "to_device": one("'cpu'"),
}
ON_TIME = {
    "as_unit": one("'s'"),
    "asfreq": one("'D'"),
    "at_time": one("'00:00'"),
    "between_time": one("'00:00'", "'01:00'"),
    "ceil": one("'D'"),
    "floor": one("'D'"),
    "round": one("'D'"),
    "resample": one("'2D'"),
    "tz_convert": one("'Asia/Tokyo'"),
    "tz_localize": one("'UTC'"),
}
SERIES = ON_TIME | {
    "align": one("S"),
    "autocorr": one("1"),
    "case_when": one("[(S > 2, 0.0)]"),
    "combine": one("S", "max"),
    "combine_first": one("S"),
    "compare": one("S"),
    "corr": one("S"),
    "cov": one("S"),
    "map": one("F"),
    "pipe": one("F"),
    "pop": one("X[0]"),
    "reindex_like": one("S"),
    "round": one("1"),
    "transform": one("F"),
    "update": one("S"),
    "where": one("S > 2"),
    "xs": one("X[0]"),
}
FRAME = ON_TIME | {
    "agg": one("'mean'"),
    "aggregate": one("['mean', 'std']"),
    "align": one("N"),
    "apply": one("np.sum"),
    "combine": one("N", "np.fmin"),
    "combine_first": one("N"),
    "compare": one("N"),
    "corrwith": one("N"),
    "explode": one("'a'"),
    "join": one("N", "{'rsuffix': '_'}"),
    "map": one("F"),
    "mask": one("N > 2"),
    "merge": one("N"),
    "nlargest": one("2", "'a'"),
    "nsmallest": one("2", "'a'"),
    "pipe": one("F"),
    "pivot": one("{'columns': 'a', 'index': 'b'}"),
    "pivot_table": one("{'values': 'a', 'index': 'b'}"),
    "query": one("'a > 2'"),
    "reindex_like": one("N"),
    "rename": one("{'columns': {'a': 'c'}}"),
    "round": one("1"),
    "sort_values": one("'a'"),
    "transform": one("F"),
    "where": one("N > 2"),
    "xs": one("X[0]"),
}
INDEX = ON_TIME | {
    "append": one("X"),
    "asof": one("X[1]"),
    "asof_locs": one("X", "B"),
    "get_level_values": one("0"),
    "get_loc": one("X[0]"),
    "get_slice_bound": one("X[0]", "'left'"),
    "indexer_at_time": one("'00:00'"),
    "indexer_between_time": one("'00:00'", "'01:00'"),
    "map": one("F"),
    "snap": one("'D'"),
}
GROUPS = {
    "agg": one("'mean'"),
    "aggregate": one("'mean'"),
    "apply": one("lambda g: g.sum()"),
    "corr": one("S"),
    "corrwith": one("N"),
    "cov": one("S"),
    "filter": one("lambda g: True"),
    "pipe": one("F"),
    "transform": one("'mean'"),
}
NO_LEVELS = {  # pandas defines none for a MultiIndex
    *("all", "any", "array", "asof", "asof_locs", "diff", "fillna", "hasnans", "infer_objects", "isna", "isnull", "item"),
    *("notna", "notnull", "replace", "round", "searchsorted", "shift", "where"),
}
LEVELLED = {
    "astype": one("object"),
    "difference": one("L[:1]"),
    "drop": one("[(1, 3)]"),
    "equal_levels": one("L"),
    "get_level_values": one("0"),
    "get_loc": one("(1, 3)"),
    "get_loc_level": one("1"),
    "get_locs": one("[1]"),
    "get_slice_bound": one("(1, 3)", "'left'"),
    "intersection": one("L"),
    "putmask": one("B[:4]", "L"),
    "reorder_levels": one("[1, 0]"),
    "symmetric_difference": one("L"),
    "union": one("L"),
    "set_codes": one("[[0, 0, 1, 1], [0, 1, 0, 1]]"),
    "set_levels": one("[[5, 6], [7, 8]]"),
}
WINDOW = {"agg": one("'mean'"), "aggregate": one("'mean'"), "apply": one("np.sum"), "pipe": one("F")}
ZONED = {"astimezone", "tz_convert"}  # of moments with a zone
MOMENTS = ON_TIME | {
    "combine": one("X[0].date()", "X[0].time()"),
    "fromisoformat": one("'2024-01-01'"),
    "to_period": one("'D'"),
}
TOP = {
    "CategoricalDtype": one("['a']"),
    "DatetimeTZDtype": one("'ns'", "'UTC'"),
    "IntervalIndex": one("[pd.Interval(0, 1)]"),
    "MultiIndex": one("[['a', 'b']]", "[[0, 1]]"),
    "PeriodDtype": one("'D'"),
    "PeriodIndex": one("['2024-01']", "{'freq': 'M'}"),
    "concat": one("[S, S]"),
    "from_dummies": one("pd.DataFrame({'a': [1, 0], 'b': [0, 1]})"),
    "infer_freq": one("X"),
    "json_normalize": one("[{'a': 1}]"),
    "lreshape": one("N", "{'x': ['a', 'b']}", "{}"),
    "melt": one("N"),
    "merge": one("N", "N"),
    "merge_asof": one("N", "N", "{'left_index': True, 'right_index': True}"),
    "merge_ordered": one("N", "N"),
    "period_range": one("'2024-01'", "'2024-03'", "{'freq': 'M'}"),
    "pivot": one("N", "{'columns': 'a', 'index': 'b'}"),
    "pivot_table": one("N", "{'values': 'a', 'index': 'b'}"),
    "set_option": one("'display.width'", "160"),
    "wide_to_long": one("pd.DataFrame({'i': [1], 'x1': [2], 'x2': [3]})", "'x'", "'i'", "'j'"),
}
STATS = {
    "Binomial": one("{'n': 5, 'p': 0.5}"),
    "Mixture": one("[stats.Normal(), stats.Normal()]"),
    "Uniform": one("{'a': 0.0, 'b': 1.0}"),
    "abs": one("stats.Normal()"),
    "bootstrap": one("(V,)", "np.mean", "{'n_resamples': 20}"),
    "dunnett": one("V", "V + 1", "{'control': V}"),
    "exp": one("stats.Normal()"),
    "fit": one("stats.norm", "V", "{'bounds': [(0, 9), (0.1, 9)]}"),
    "goodness_of_fit": one("stats.norm", "V", "{'n_mc_samples': 20}"),
    "ks_1samp": one("V", "stats.norm.cdf"),
    "log": one("stats.Uniform(a=1.0, b=2.0)"),
    "monte_carlo_test": one("V", "stats.norm.rvs", "np.mean", "{'n_resamples': 20}"),
    "multiscale_graphcorr": one("np.arange(6.0)", "np.arange(6.0)", "{'reps': 5}"),
    "order_statistic": one("stats.Normal()", "{'r': 1, 'n': 2}"),
    "permutation_test": one("(V, V)", "lambda a, b: a.mean() - b.mean()", "{'n_resamples': 20}"),
    "power": one("stats.ttest_1samp", "stats.norm().rvs", "(8,)", "{'n_resamples': 20, 'kwargs': {'popmean': 0.0}}"),
    "random_correlation": one("[0.5, 1.5]"),
    "rv_histogram": one("np.histogram(V, 3)"),
    "sobol_indices": one("{'func': lambda x: x.sum(axis=0), 'n': 4, 'dists': [stats.uniform(), stats.uniform()]}"),
    "truncate": one("stats.Normal()", "0.0", "1.0"),
    "ttest_ind_from_stats": one("1.0", "1.0", "5", "2.0", "1.0", "5"),
    "vonmises_fisher": one("[1.0, 0.0]", "1"),
}
DISTRIBUTION = {"expect": one("F"), "fit": one("V"), "fit_loc_scale": one("V"), "nnlf": one("(0, 1)", "V"), "moment": one("2")}
TEXT = {
    "cat": "[()]",
    "encode": one("'utf8'"),
    "extract": one("'(a)'"),
    "extractall": one("'(a)'"),
    "index": one("''"),
    "join": one("'-'"),
    "normalize": one("'NFC'"),
    "replace": one("'a'", "'b'"),
    "rindex": one("''"),
    "translate": one("{97: 'b'}", "{}"),
}
IMPORT_STATS = "from scipy import stats\n"
PARTS = [
    Part("np", np, NUMPY, NUMPY_LEFT_OUT),
    Part("np.linalg", np.linalg, LINALG),
    Part("np.fft", np.fft),
    Part("np.random", np.random, DRAWS, RANDOM_LEFT_OUT | {"Generator"}),
    Part("np.random.default_rng(1)", np.random.Generator, DRAWS, {"bit_generator"}),
    Part("R", np.random.RandomState, DRAWS, (), "R = np.random.RandomState(1)\n"),
    Part("I", np.ndarray, METHODS, FILES | MEMORY | SQUARE),
    Part("M", np.ndarray, METHODS | {"item": one("0", "0")}, FILES | MEMORY | {"choose", "searchsorted"}),
    Part("np.float64(2.5)", np.float64, METHODS, FILES | MEMORY | NO_SCALAR),
    Part("np.dtype('f8')", np.dtype, {}, {"base"}),
    Part("np.add", np.ufunc, {"resolve_dtypes": one("(V.dtype, V.dtype, None)")}),
    Part("pd", pd, TOP, PANDAS_LEFT_OUT),
    Part("S.copy()", pd.Series, SERIES, FRAME_LEFT_OUT | {"item", "tz_convert"}),
    Part("N.copy()", pd.DataFrame, FRAME, FRAME_LEFT_OUT | {"tz_convert"}),
    Part("X", pd.DatetimeIndex, INDEX, ACCESSORS | {"all", "any", "droplevel", "item", "tz_convert"}),
    Part("L", pd.MultiIndex, LEVELLED, ACCESSORS | NO_LEVELS, "L = pd.MultiIndex.from_product([[1, 2], [3, 4]])\n"),
    Part(
        "D.groupby('k')",
        DataFrameGroupBy,
        GROUPS
        | {"corr": one("{'numeric_only': True}"), "cov": one("{'numeric_only': True}")}
        | {"get_group": one("'x'"), "resample": one("'D'")},
        PLOTS,
    ),
    Part("S.groupby(I)", SeriesGroupBy, GROUPS | {"get_group": one("3"), "resample": one("'D'")}, PLOTS),
    Part("S.rolling(2)", type(pd.Series([1.0]).rolling(2)), WINDOW),
    Part("S.expanding()", type(pd.Series([1.0]).expanding()), WINDOW),
    Part("S.ewm(3)", type(pd.Series([1.0]).ewm(3)), WINDOW),
    Part(
        "S.resample('2D')",
        type(pd.Series([1.0], index=pd.date_range("2024", periods=1)).resample("2D")),
        GROUPS | {"get_group": one("X[0]")},
        PLOTS,
    ),
    Part("X[0]", pd.Timestamp, MOMENTS, {"strptime"} | ZONED),
    Part("pd.Timedelta('1D')", pd.Timedelta, ON_TIME),
    Part("W.str", type(pd.Series(["a"]).str), TEXT, {"decode"}),
    Part(
        "X[:2].tz_localize('UTC').to_series().dt",
        type(pd.Series(pd.date_range("2024", periods=1)).dt),
        ON_TIME | {"tz_localize": "[(None,)]"},
        {"to_timestamp"},
    ),
    Part(
        "W.astype('category').cat",
        type(pd.Series(["a"], dtype="category").cat),
        {"rename_categories": one("[1, 2, 3]"), "reorder_categories": one("['b', 'a', 'c']")},
    ),
    Part("stats", st, STATS, STATS_LEFT_OUT | {"Covariance"}, IMPORT_STATS),
    Part("stats.norm", type(st.norm), DISTRIBUTION, (), IMPORT_STATS),
    Part("stats.norm(1, 2)", type(st.norm(1, 2)), {"moment": one("2")}, (), IMPORT_STATS),
    Part("stats.poisson(2)", type(st.poisson(2)), {"moment": one("2")}, (), IMPORT_STATS),
]
