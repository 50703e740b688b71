import numpy as np
import catboost as cb
import lightgbm as lgb
import xgboost as xgb

X, y = np.random.RandomState(0).rand(60, 3), np.array([0, 1] * 30)
keep(
    "xgb",
    [
        xgb.XGBClassifier(n_estimators=2).fit(X, y),
        xgb.XGBRegressor(n_estimators=2).fit(X, y),
        xgb.XGBRFClassifier(n_estimators=2).fit(X, y),
        xgb.XGBClassifier(),
    ],
)
keep("xgb_booster", xgb.train({}, xgb.DMatrix(X, y), 2))
keep("xgb_ranker", xgb.XGBRanker(n_estimators=2).fit(X, y, group=[30, 30]))
keep(
    "xgb_callback",
    xgb.XGBClassifier(n_estimators=2, callbacks=[xgb.callback.EarlyStopping(1)]).fit(X, y, eval_set=[(X, y)]),
)
keep(
    "lgb",
    [
        lgb.LGBMClassifier(n_estimators=2, verbose=-1).fit(X, y),
        lgb.LGBMRegressor(n_estimators=2, verbose=-1).fit(X, y),
        lgb.LGBMRanker(n_estimators=2, verbose=-1).fit(X, y, group=[30, 30]),
    ],
)
keep("lgb_booster", lgb.train({"verbose": -1}, lgb.Dataset(X, y), 2))
small = {"iterations": 2, "verbose": False, "allow_writing_files": False}
keep(
    "cat",
    [
        cb.CatBoostClassifier(**small).fit(X, y),
        cb.CatBoostRegressor(**small).fit(X, y),
        cb.CatBoost(dict(small)).fit(X, y),
        cb.CatBoostClassifier(),
    ],
)
