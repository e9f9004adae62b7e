"""What is tried: twenty classifiers, each with ten seeds."""

from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    AdaBoostClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

CLASSIFIERS = {
    **{f"logistic, C={C}": LogisticRegression(C=C, max_iter=2000) for C in (0.1, 1.0, 10.0)},
    **{f"{kernel} machine": SVC(kernel=kernel) for kernel in ("linear", "rbf", "poly")},
    **{f"{k} neighbours": KNeighborsClassifier(k) for k in (1, 5, 15)},
    **{f"tree, depth {depth}": DecisionTreeClassifier(max_depth=depth) for depth in (3, None)},
    **{f"forest of {trees}": RandomForestClassifier(trees) for trees in (50, 200)},
    "extra trees": ExtraTreesClassifier(100),
    "boosting": GradientBoostingClassifier(),
    "boosted histograms": HistGradientBoostingClassifier(max_iter=30),
    "boosted stumps": AdaBoostClassifier(),
    "naive Bayes": GaussianNB(),
    "discriminant": LinearDiscriminantAnalysis(),
    "perceptron": MLPClassifier(max_iter=300),
}
SEEDS = range(10)
