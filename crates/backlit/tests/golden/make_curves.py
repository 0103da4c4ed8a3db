"""Writes curves.json: scikit-learn's ROC and reliability curves of random probabilities, many of them tied or on the edge of a bin.

    python -m venv venv && venv/bin/pip install scikit-learn==1.9.1 numpy==2.4.6
    venv/bin/python make_curves.py
"""

import json
import warnings
from pathlib import Path

import numpy as np
from sklearn.calibration import calibration_curve
from sklearn.metrics import roc_auc_score, roc_curve

warnings.filterwarnings("ignore")
random = np.random.default_rng(11)


def case(p, y):
    both = 0 < y.sum() < len(y)
    false, true, _ = roc_curve(y, p) if both else ([], [], [])
    share, predicted = calibration_curve(y, p, n_bins=10, pos_label=1) if both else ([], [])
    return dict(p=p.tolist(), y=y.tolist(), roc=[list(map(float, pair)) for pair in zip(false, true)],
                area=float(roc_auc_score(y, p)) if both else None, predicted=list(map(float, predicted)), share=list(map(float, share)))


cases = [case(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1])), case(np.array([0.3, 0.3]), np.array([0, 1])),
         case(np.array([0.3]), np.array([1])), case(np.full(5, 0.5), np.array([0, 1, 1, 0, 1]))]
for rows in [3, 10, 60, 300]:
    y = random.integers(0, 2, size=rows)
    y[:2] = [0, 1]
    cases.append(case(random.integers(0, 11, size=rows) * 0.1, y))
    cases.append(case(np.linspace(0, 1, 11)[random.integers(0, 11, size=rows)], y))
    cases.append(case(1 / (1 + np.exp(-random.normal(size=rows) - y)), y))
Path(__file__).with_name("curves.json").write_text(json.dumps(cases, allow_nan=False).replace('}, {"p"', '},\n{"p"') + "\n")
