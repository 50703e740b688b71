import numpy as np, pandas as pd
import statsmodels.api as sm, statsmodels.formula.api as smf, statsmodels.tsa.api as tsa
from statsmodels.tsa.arima.model import ARIMA

rs = np.random.RandomState(0)
X, y = sm.add_constant(rs.rand(40, 2)), rs.rand(40)
high, df = (y > 0.5).astype(int), pd.DataFrame({"a": rs.rand(40), "y": y, "g": ["u", "v"] * 20})
keep("linear", [sm.OLS(y, X).fit(), sm.WLS(y, X).fit(), sm.RLM(y, X).fit()])
keep("discrete", [sm.Logit(high, X).fit(disp=0), sm.Probit(high, X).fit(disp=0)])
keep(
    "glm",
    [
        sm.GLM(y, X, family=sm.families.Gamma()).fit(),
        sm.GLM(high, X, family=sm.families.Binomial()).fit(),
        sm.GLM(np.arange(40), X, family=sm.families.Poisson()).fit(),
    ],
)
keep("formula", smf.ols("y ~ a + C(g)", df).fit())
keep("quantile", smf.quantreg("y ~ a", df).fit())
keep("mixed", smf.mixedlm("y ~ a", df, groups=df["g"]).fit())
keep("gee", smf.gee("y ~ a", "g", df).fit())
keep("arima", ARIMA(pd.Series(y, index=pd.date_range("2020", periods=40)), order=(1, 0, 0)).fit())
keep("sarimax", sm.tsa.SARIMAX(y, order=(1, 0, 0)).fit(disp=0))
keep("smoothing", tsa.ExponentialSmoothing(y, trend="add").fit())
keep("vector", tsa.VAR(rs.rand(40, 2)).fit(1))
keep("auto", tsa.AutoReg(y, 1).fit())
keep("components", sm.tsa.UnobservedComponents(y, "local level").fit(disp=0))
