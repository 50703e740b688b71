import numpy as np, scipy.sparse as sp, scipy.stats as st, scipy.interpolate as si, scipy.spatial as ss
import scipy.optimize as so, scipy.signal as sg

rs = np.random.RandomState(1)
square = sp.random(5, 5, 0.5, random_state=1)
keep("sparse", [getattr(square, "to" + kind)() for kind in ("csr", "csc", "coo", "lil", "dok", "dia", "bsr")])
keep("sparse_arrays", [sp.csr_array(square), sp.csc_array(square), sp.coo_array(square)])
keep(
    "frozen",
    [
        st.norm(0, 1),
        st.uniform(),
        st.expon(),
        st.randint(1, 5),
        st.beta(1, 2),
        st.gamma(1.0),
        st.poisson(1),
        st.lognorm(1),
    ],
)
keep("loguniform", st.loguniform(1, 2))
keep(
    "distributions",
    [
        st.norm,
        st.gamma,
        st.t,
        st.gaussian_kde([1.0, 2, 3]),
        st.rv_histogram(np.histogram([1.0, 2, 3])),
        st.multivariate_normal([0, 0]),
    ],
)
keep("results", [st.linregress([1, 2, 3], [1, 2, 4])])
keep("tests", [st.ttest_ind([1, 2, 3.0], [2, 3, 5.0])])
keep(
    "interp1d",
    [si.interp1d([1, 2, 3.0], [1, 2, 3.0], kind=kind) for kind in ("linear", "nearest", "quadratic", "previous")],
)
keep(
    "splines",
    [
        si.UnivariateSpline([1, 2, 3, 4, 5.0], [1, 2, 3, 4, 5.0]),
        si.CubicSpline([1, 2, 3.0], [1, 2, 3.0]),
        si.PchipInterpolator([1, 2, 3.0], [1, 2, 3.0]),
        si.BSpline([0, 1, 2, 3.0], [1.0, 2.0], 1),
    ],
)
keep(
    "grid",
    [
        si.RegularGridInterpolator(([0, 1, 2.0],), np.array([1, 2, 3.0])),
        si.NearestNDInterpolator(rs.rand(6, 2), rs.rand(6)),
    ],
)
keep("rbf", si.RBFInterpolator(rs.rand(5, 2), rs.rand(5)))
keep("trees", [ss.cKDTree(rs.rand(5, 2)), ss.KDTree(rs.rand(5, 2))])
keep("rotation", ss.transform.Rotation.from_quat([0, 0, 0, 1]))
keep("optimum", so.minimize(lambda x: (x**2).sum(), [1.0]))
keep("system", sg.lti([1], [1, 2]))
