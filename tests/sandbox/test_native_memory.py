"""No plain number that a program changes or hands over lets compiled code read or write what is not its own."""

from collections.abc import Callable

import pytest

from sandbox import Outcome

Call = Callable[..., Outcome]
LEARNT = "X = np.random.default_rng(0).random((50, 2))\ny = X[:, 0] > 0.5\n"
SPARSE = "from sklearn.preprocessing import OneHotEncoder\nm = OneHotEncoder().fit_transform([[1], [2], [3]])\n"
TREE = f"from sklearn.tree import DecisionTreeClassifier\n{LEARNT}t = DecisionTreeClassifier().fit(X, y)\n"
STATE = "r = np.random.RandomState(0)\ns = r.get_state()\n"

REFUSED = {
    "a position beyond the words": f"{STATE}r.set_state((s[0], s[1], 10 ** 6, 0, 0.0))",
    "a position before the words": f"{STATE}r.set_state((s[0], s[1], -5, 0, 0.0))",
    "the same in a dictionary": f"{STATE}d = r.get_state(legacy=False)\nd['state']['pos'] = 10 ** 6\nr.set_state(d)",
    "the same unbound": f"{STATE}np.random.RandomState.set_state(r, (s[0], s[1], 10 ** 6))",
    "the same by name": f"{STATE}getattr(r, 'set_' + 'state')((s[0], s[1], 10 ** 6))",
    "too few words": f"{STATE}r.set_state((s[0], s[1][:9], 600, 0, 0.0))",
    "another generator": f"{STATE}r.set_state(('PCG64', s[1], 0, 0, 0.0))",
    "a tree that was never fitted": f"{TREE}type(t.tree_)(2, np.array([1]), 1).predict(X.astype('f4'))",
    "a matrix with rows of its own": f"{SPARSE}type(m)((np.ones(1), np.array([10 ** 8]), np.array([0, 1])), shape=(1, 1)).toarray()",
    "a column's index with rows of its own": (
        "i = pd.Series([0.0, 1]).astype('Sparse[float]').array.sp_index\ntype(i)(4, np.array([10 ** 8], 'i4'), check_integrity=False)"
    ),
    "an array made writeable": "c = pd.Categorical(list('abab')).codes\nc.flags['WRITEABLE'] = True",
    "an array made writeable by attribute": "c = pd.Categorical(list('abab')).codes\nc.flags.writeable = True",
    "codes of no category": "pd.Categorical.from_codes([10 ** 5, 0], ['a', 'b'], validate=False)",
    "codes of no category by position": "pd.Categorical.from_codes([10 ** 5, 0], ['a', 'b'], None, None, False)",
    "codes of no level": "pd.MultiIndex(levels=[[1, 2]], codes=[[10 ** 5, 1]], verify_integrity=False)",
    "codes of no level set": (
        "m = pd.MultiIndex.from_product([[1, 2], [3, 4]])\nm.set_codes([[9] * 4, [0, 1, 0, 1]], verify_integrity=False)"
    ),
    "fewer levels than codes": "m = pd.MultiIndex.from_product([[1, 2], [3, 4]])\nm.set_levels([[1], [3]], verify_integrity=False)",
    "an index's own constructor": "m = pd.MultiIndex.from_product([[1, 2], [3, 4]])\ntype(m)([[1]], [[9]], verify_integrity=False)",
}  # fmt: skip
UNMOVED = {
    "a tree's children": (f"{TREE}before = t.predict(X)\nt.tree_.children_left[:] = 10 ** 8\n(t.predict(X) == before).all()", "np.True_\n"),
    "a tree's features": (f"{TREE}before = t.predict(X)\nt.tree_.feature[0] = -10 ** 8\n(t.predict(X) == before).all()", "np.True_\n"),
    "a boosting's trees": (
        f"from sklearn.ensemble import GradientBoostingRegressor\n{LEARNT}wide = np.hstack([X] * 40)\n"
        "g = GradientBoostingRegressor(n_estimators=2).fit(X, y)\nh = GradientBoostingRegressor(n_estimators=2).fit(wide, y)\n"
        "before = g.predict(X)\ng.estimators_[:] = h.estimators_\n(g.predict(X) == before).all()",
        "np.True_\n",
    ),
    "support vectors": (
        f"from sklearn.svm import SVC\n{LEARNT}K = X @ X.T\nc = SVC(kernel='precomputed').fit(K, y)\nbefore = c.predict(K)\n"
        "c.support_[:] = 10 ** 8\nc.n_support_[:] = 10 ** 6\n(c.predict(K) == before).all()",
        "np.True_\n",
    ),
    "a sparse matrix's columns": (f"{SPARSE}m.indices[:] = 10 ** 8\nm.indptr[:] = 10 ** 8\nm.toarray().sum()", "np.float64(3.0)\n"),
    "its coordinates": (f"{SPARSE}c = m.tocoo()\nc.row[:] = 10 ** 8\nc.coords[0][:] = 10 ** 8\nc.toarray().sum()", "np.float64(3.0)\n"),
    "its lists of columns": (f"{SPARSE}l = m.tolil()\nl.rows[0].append(10 ** 8)\nl.tocsr().toarray().sum()", "np.float64(3.0)\n"),
    "a sparse column's rows": (
        "s = pd.Series([0.0, 1, 0, 2]).astype('Sparse[float]')\ns.array.sp_index.indices[:] = 10 ** 8\nlist(s.sparse.to_dense())",
        "[0.0, 1.0, 0.0, 2.0]\n",
    ),
    "codes handed over": (
        "k = np.array([0, 1, 0, 1], 'i1')\nc = pd.Categorical.from_codes(k, ['a', 'b'])\nk[:] = 100\n"
        "list(pd.Series([1.0, 2, 3, 4]).groupby(c, observed=False).sum())",
        "[4.0, 6.0]\n",
    ),
    "codes of levels handed over": (
        "k = np.array([0, 1], 'i1')\nv = k[:]\nm = pd.MultiIndex([['a', 'b']], [k])\nv[:] = 100\nlist(m)",
        "[('a',), ('b',)]\n",
    ),
    "a state taken and given back": (f"{STATE}a = r.normal(size=3)\nr.set_state(s)\n(a == r.normal(size=3)).all()", "np.True_\n"),
    "a state in a dictionary": (
        "r = np.random.RandomState(0)\ns = r.get_state(legacy=False)\na = r.normal(size=3)\nr.set_state(s)\n(a == r.normal(size=3)).all()",
        "np.True_\n",
    ),
    "kinds keep their names": (
        f"{TREE}T = type(t.tree_)\nm = pd.MultiIndex.from_product([[1], [2]])\n"
        "T.__name__, isinstance(t.tree_, T), T is type(t.tree_), type(m) is pd.MultiIndex, isinstance(m, pd.MultiIndex)",
        "('Tree', True, True, True, True)\n",
    ),
    "flags can be read": ("f = np.zeros(2).flags\nf.writeable, f['C_CONTIGUOUS']", "(True, True)\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_law_10_what_compiled_code_would_follow_blindly_is_refused(name: str, call: Call) -> None:
    outcome = call(REFUSED[name])
    assert outcome.error, outcome
    assert "crashed" not in outcome.error


@pytest.mark.parametrize("name", UNMOVED)
def test_law_10_numbers_changed_behind_compiled_code_change_nothing(name: str, call: Call) -> None:
    code, output = UNMOVED[name]
    outcome = call(code)
    assert (outcome.error, outcome.output) == (None, output)
