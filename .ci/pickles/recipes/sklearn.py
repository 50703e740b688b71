import numpy as np, pandas as pd, scipy.stats as st
import sklearn.cluster as cluster, sklearn.ensemble as ensemble, sklearn.feature_extraction.text as ft
import sklearn.feature_selection as fs, sklearn.gaussian_process as gp, sklearn.linear_model as lm
import sklearn.metrics as metrics, sklearn.model_selection as ms, sklearn.neighbors as neighbors
import sklearn.neural_network as nn, sklearn.pipeline as pipeline, sklearn.preprocessing as pp, sklearn.svm as svm
import sklearn.tree as tree, sklearn.impute as impute, sklearn.compose as compose, sklearn.calibration as calibration
import sklearn.datasets as datasets

from sklearn.experimental import enable_hist_gradient_boosting
from sklearn.experimental import enable_iterative_imputer
from sklearn.experimental import enable_halving_search_cv
from sklearn.utils.testing import all_estimators
from sklearn.utils import all_estimators

rs = np.random.RandomState(0)
X, y = rs.rand(40, 4), np.array([0, 1] * 20)
text, labels = ["red dog", "red cat", "blue dog", "blue cat"], [0, 1, 0, 1]
df = pd.DataFrame({"a": [1, 2, 3, 4.0], "b": ["x", "y", "x", "y"], "t": text})
DATA = [
    (X, y),
    (X, y.astype(float)),
    (X, rs.rand(40)),
    (X, np.stack([y, y], 1)),
    (X,),
    (X[:, 0], y.astype(float)),
    (y,),
    (text,),
    ([{"a": 1}, {"b": 2}],),
    ([[1, 2], [2, 3]],),
    (X, X[:, :2]),
]
MADE = [
    lambda cls: cls(),
    lambda cls: cls(lm.LogisticRegression()),
    lambda cls: cls(lm.Ridge()),
    lambda cls: cls([("a", lm.LogisticRegression()), ("b", tree.DecisionTreeClassifier())]),
]


def first(attempts):
    for attempt in attempts:
        try:
            return attempt()
        except Exception:
            continue


def fitted(cls):
    made = first([lambda make=make: make(cls) for make in MADE])
    if isinstance(getattr(made, "n_estimators", None), int):
        made.n_estimators = 2
    first([lambda data=data: made.fit(*data) for data in DATA])
    return made


for name, cls in all_estimators():
    first([lambda: keep(name, fitted(cls))])

keep("x_pipeline", pipeline.make_pipeline(pp.StandardScaler(), lm.LogisticRegression()).fit(X, y))
keep("x_text", pipeline.make_pipeline(ft.TfidfVectorizer(), svm.LinearSVC()).fit(text, labels))
keep(
    "x_columns",
    pipeline.make_pipeline(
        compose.make_column_transformer(
            (pp.OneHotEncoder(handle_unknown="ignore"), ["b"]),
            (pp.StandardScaler(), ["a"]),
            (ft.CountVectorizer(), "t"),
        ),
        ensemble.RandomForestClassifier(3),
    ).fit(df, labels),
)
keep(
    "x_selector",
    compose.ColumnTransformer(
        [("n", pp.StandardScaler(), compose.make_column_selector(dtype_include="number"))], remainder="passthrough"
    ).fit(df[["a", "b"]]),
)
keep(
    "x_grid",
    ms.GridSearchCV(
        svm.SVC(),
        {"C": [1, 2], "kernel": ["rbf", "linear"]},
        cv=ms.StratifiedKFold(2),
        scoring=metrics.make_scorer(metrics.f1_score),
    ).fit(X, y),
)
keep("x_random", ms.RandomizedSearchCV(svm.SVC(), {"C": st.uniform(0.1, 1)}, n_iter=2, cv=2).fit(X, y))
keep(
    "x_scorers",
    [metrics.make_scorer(m) for m in (metrics.accuracy_score, metrics.mean_squared_error, metrics.roc_auc_score)],
)
keep(
    "x_named_scorers",
    [
        metrics.get_scorer(s)
        for s in ("accuracy", "r2", "roc_auc", "f1_macro", "neg_log_loss", "neg_mean_squared_error")
    ],
)
keep(
    "x_gradient",
    [ensemble.GradientBoostingRegressor(n_estimators=2, loss=loss).fit(X, y) for loss in ("huber", "quantile")],
)
keep(
    "x_hist",
    [
        ensemble.HistGradientBoostingClassifier(max_iter=3, early_stopping=True).fit(X, y),
        ensemble.HistGradientBoostingClassifier(max_iter=3).fit(X, np.arange(40) % 3),
        ensemble.HistGradientBoostingRegressor(max_iter=3, loss="poisson").fit(X, y),
    ],
)
keep(
    "x_sgd",
    [lm.SGDClassifier(loss=loss).fit(X, y) for loss in ("hinge", "modified_huber", "squared_hinge", "perceptron")]
    + [lm.SGDRegressor(loss=loss).fit(X, y) for loss in ("huber", "epsilon_insensitive")],
)
keep(
    "x_glm",
    [lm.PoissonRegressor().fit(X, y), lm.GammaRegressor().fit(X, y + 1), lm.TweedieRegressor(power=1.5).fit(X, y + 1)],
)
keep(
    "x_neighbors",
    [neighbors.KNeighborsClassifier(algorithm=a).fit(X, y) for a in ("kd_tree", "ball_tree", "brute")]
    + [
        neighbors.KernelDensity().fit(X),
        neighbors.NearestNeighbors(metric="haversine", algorithm="ball_tree").fit(X[:, :2]),
    ],
)
keep(
    "x_distances",
    [
        neighbors.KNeighborsClassifier(metric=m, algorithm="ball_tree").fit(X, y)
        for m in ("manhattan", "chebyshev", "canberra", "braycurtis", "hamming", "euclidean")
    ],
)
keep(
    "x_gaussian",
    [
        gp.GaussianProcessRegressor(
            gp.kernels.RBF() + gp.kernels.WhiteKernel() * gp.kernels.ConstantKernel() + gp.kernels.Matern()
        ).fit(X[:6], y[:6]),
        gp.GaussianProcessClassifier().fit(X, np.arange(40) % 3),
    ],
)
keep(
    "x_networks",
    [
        nn.MLPClassifier(max_iter=3, early_stopping=True).fit(X, y),
        nn.MLPRegressor(max_iter=3, solver="lbfgs").fit(X, y),
        nn.MLPClassifier(max_iter=3, solver="sgd").fit(X, y),
    ],
)
keep(
    "x_functions",
    [
        pp.FunctionTransformer(np.log1p),
        fs.SelectKBest(fs.f_classif, k=2).fit(X, y),
        fs.SelectKBest(fs.chi2, k=2).fit(X, y),
        fs.SelectKBest(fs.mutual_info_classif, k=2).fit(X, y),
        fs.SelectFromModel(lm.LogisticRegression()).fit(X, y),
    ],
)
keep(
    "x_calibrated",
    [calibration.CalibratedClassifierCV(svm.LinearSVC(), method=m, cv=2).fit(X, y) for m in ("sigmoid", "isotonic")],
)
keep(
    "x_splits",
    [
        ms.KFold(2),
        ms.StratifiedKFold(),
        ms.TimeSeriesSplit(),
        ms.ShuffleSplit(),
        ms.GroupKFold(),
        ms.RepeatedKFold(),
        ms.LeaveOneOut(),
    ],
)
keep("x_imputers", [impute.IterativeImputer().fit(X), impute.KNNImputer().fit(X)])
keep("x_bunch", datasets.load_iris())
