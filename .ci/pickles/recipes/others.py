import numpy as np, pandas as pd

rs = np.random.RandomState(0)
X, y = rs.rand(40, 4), np.array([0, 1] * 20)
df = pd.DataFrame(X, columns=list("abcd"))
df["g"] = ["u", "v"] * 20
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression

import dill, cloudpickle

keep_bytes("dill", dill.dumps({"m": LogisticRegression().fit(X, y), "a": X, "t": int, "d": dict, "f": np.mean}))
keep_bytes("cloudpickle", cloudpickle.dumps(LogisticRegression().fit(X, y)))

import imblearn.combine, imblearn.ensemble, imblearn.over_sampling, imblearn.pipeline, imblearn.under_sampling

keep(
    "imblearn",
    [
        imblearn.over_sampling.SMOTE(),
        imblearn.over_sampling.RandomOverSampler(),
        imblearn.under_sampling.RandomUnderSampler(),
        imblearn.combine.SMOTEENN(),
        imblearn.ensemble.BalancedRandomForestClassifier(2).fit(X, y),
        imblearn.pipeline.make_pipeline(imblearn.over_sampling.SMOTE(), LogisticRegression()).fit(X, y),
    ],
)
import category_encoders as ce

keep(
    "encoders",
    [
        getattr(ce, n)().fit(df, y)
        for n in (
            "OrdinalEncoder",
            "TargetEncoder",
            "OneHotEncoder",
            "BinaryEncoder",
            "WOEEncoder",
            "CountEncoder",
            "HashingEncoder",
            "LeaveOneOutEncoder",
            "CatBoostEncoder",
            "HelmertEncoder",
        )
    ],
)
import hmmlearn.hmm

keep("hmmlearn", hmmlearn.hmm.GaussianHMM(2, n_iter=2).fit(X))
import lifelines

times = pd.DataFrame({"T": np.arange(1, 41), "E": y, "a": X[:, 0]})
keep(
    "lifelines",
    [
        lifelines.CoxPHFitter().fit(times, "T", "E"),
        lifelines.KaplanMeierFitter().fit(times["T"], times["E"]),
        lifelines.WeibullAFTFitter().fit(times, "T", "E"),
    ],
)
import gensim.corpora, gensim.models

texts = [["a", "b", "c"], ["b", "c", "d"]] * 5
words = gensim.corpora.Dictionary(texts)
bags = [words.doc2bow(t) for t in texts]
keep(
    "gensim",
    [
        gensim.models.Word2Vec(texts, min_count=1, vector_size=4),
        gensim.models.FastText(texts, min_count=1, vector_size=4, bucket=10),
        words,
        gensim.models.TfidfModel(bags),
        gensim.models.LdaModel(bags, 2, id2word=words),
    ],
)
import networkx

keep("networkx", [networkx.path_graph(3), networkx.DiGraph([(1, 2)])])
import xarray

keep("xarray", xarray.Dataset({"a": ("x", [1, 2])}))
import nltk

keep(
    "nltk",
    [
        nltk.FreqDist("aab"),
        nltk.NaiveBayesClassifier.train([({"a": 1}, "x"), ({"a": 2}, "y")]),
        nltk.PorterStemmer(),
        nltk.ConditionalFreqDist([("a", "b")]),
    ],
)
import hdbscan

keep("hdbscan", hdbscan.HDBSCAN(prediction_data=True).fit(X))
from pyod.models import copod, ecod, hbos, iforest, knn, lof, pca

keep(
    "pyod",
    [
        iforest.IForest(n_estimators=2).fit(X),
        knn.KNN().fit(X),
        lof.LOF().fit(X),
        ecod.ECOD().fit(X),
        copod.COPOD().fit(X),
        hbos.HBOS().fit(X),
        pca.PCA().fit(X),
    ],
)
from sktime.forecasting.naive import NaiveForecaster
from sktime.forecasting.compose import make_reduction

keep(
    "sktime",
    [
        NaiveForecaster().fit(pd.Series(X[:, 0])),
        make_reduction(LinearRegression(), window_length=3).fit(pd.Series(X[:, 0]), fh=[1]),
    ],
)
from sksurv.ensemble import RandomSurvivalForest
from sksurv.util import Surv

keep("sksurv", RandomSurvivalForest(3).fit(X, Surv.from_arrays(y.astype(bool), np.arange(1, 41))))
from feature_engine.encoding import OneHotEncoder, RareLabelEncoder
from feature_engine.imputation import MeanMedianImputer

keep("feature_engine", [MeanMedianImputer().fit(df), RareLabelEncoder().fit(df), OneHotEncoder().fit(df)])
import pyarrow

keep("pyarrow", [pyarrow.table({"a": [1]}), pyarrow.array(["a"]), pyarrow.schema([("a", pyarrow.int64())])])
import polars

keep("polars", [polars.DataFrame({"a": [1, 2]}), polars.Series([1])])
import prophet

keep("prophet", prophet.Prophet())
