"""Writes metrics.json: what scikit-learn says of random predictions.

    python -m venv venv && venv/bin/pip install scikit-learn==1.9.1 numpy==2.4.6
    venv/bin/python make_metrics.py

Logits are multiples of 1/2, so that probabilities tie. Cases leave classes out of the truth, of the predictions or of both, and
hold rows of one class alone. What scikit-learn does not define is null: a division by zero gives nan (`zero_division=nan`), which
a mean over classes or labels leaves out, and the area under the ROC curve needs rows of every class. Two classes have one column: the logit of
the second, and F1 is of the second. The log loss of labels is the mean of theirs. Several targets: scikit-learn's uniform average; of the errors squared the root of the mean over all.
"""

import json
import math
import warnings
from pathlib import Path

import numpy as np
import sklearn
from sklearn import metrics as sk

warnings.filterwarnings("ignore")
random = np.random.default_rng(7)


def plain(number):
    return None if number is None or not math.isfinite(number) else float(number)


def two_classes(name, logits, truth, threshold=0.5):
    p = 1 / (1 + np.exp(-logits))
    said = (p > threshold).astype(int)
    both = len(set(truth)) == 2
    return dict(name=name, classes=2, logits=logits.tolist(), truth=truth.tolist(), p=p.tolist(), threshold=threshold, expected=dict(
        accuracy=plain(sk.accuracy_score(truth, said)),
        balanced_accuracy=plain(sk.balanced_accuracy_score(truth, said)),
        f1=plain(sk.f1_score(truth, said, zero_division=np.nan)),
        auc=plain(sk.roc_auc_score(truth, p)) if both else None,
        log_loss=plain(sk.log_loss(truth, np.stack([1 - p, p], axis=1), labels=[0, 1])),
        brier=plain(sk.brier_score_loss(truth, p, labels=[0, 1])),
        confusion=sk.confusion_matrix(truth, said, labels=[0, 1]).tolist()))


def classes(name, count, logits, truth):
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    said = p.argmax(axis=1)
    labels = list(range(count))
    every = len(set(truth)) == count
    return dict(name=name, classes=count, logits=logits.ravel().tolist(), truth=truth.tolist(), p=p.ravel().tolist(), threshold=0.5, expected=dict(
        accuracy=plain(sk.accuracy_score(truth, said)),
        balanced_accuracy=plain(sk.balanced_accuracy_score(truth, said)),
        f1=plain(sk.f1_score(truth, said, labels=labels, average="macro", zero_division=np.nan)),
        auc=plain(sk.roc_auc_score(truth, p, labels=labels, multi_class="ovr", average="macro")) if every else None,
        log_loss=plain(sk.log_loss(truth, p, labels=labels)),
        brier=plain(sk.brier_score_loss(truth, p, labels=labels)),
        confusion=sk.confusion_matrix(truth, said, labels=labels).tolist()))


def numbers(name, predicted, truth):
    varies = all(len(set(column)) > 1 for column in truth.T)
    return dict(name=name, outputs=truth.shape[1], predicted=predicted.ravel().tolist(), truth=truth.ravel().tolist(), expected=dict(
        rmse=plain(math.sqrt(sk.mean_squared_error(truth, predicted))),
        mae=plain(sk.mean_absolute_error(truth, predicted)),
        median_absolute_error=plain(sk.median_absolute_error(truth, predicted)),
        max_error=plain(max(sk.max_error(truth[:, k], predicted[:, k]) for k in range(truth.shape[1]))),
        r2=plain(sk.r2_score(truth, predicted)) if varies else None))


def labels(name, logits, truth, threshold=0.5):
    p = 1 / (1 + np.exp(-logits))
    said = (p > threshold).astype(int)
    columns = range(truth.shape[1])
    f1 = lambda **how: plain(sk.f1_score(truth, said, zero_division=np.nan, **how))
    areas = [sk.roc_auc_score(truth[:, k], p[:, k]) if len(set(truth[:, k])) == 2 else None for k in columns]
    each = [dict(accuracy=plain(sk.accuracy_score(truth[:, k], said[:, k])),
                 f1=plain(sk.f1_score(truth[:, k], said[:, k], zero_division=np.nan)),
                 auc=plain(areas[k])) for k in columns]
    losses = [sk.log_loss(truth[:, k], np.stack([1 - p[:, k], p[:, k]], axis=1), labels=[0, 1]) for k in columns]
    return dict(name=name, labels=truth.shape[1], logits=logits.ravel().tolist(), truth=truth.ravel().tolist(), p=p.ravel().tolist(),
                threshold=threshold, expected=dict(
        accuracy=plain(1 - sk.hamming_loss(truth, said)),
        subset_accuracy=plain(sk.accuracy_score(truth, said)),
        hamming_loss=plain(sk.hamming_loss(truth, said)),
        macro_f1=f1(average="macro"),
        micro_f1=f1(average="micro"),
        auc=None if None in areas else plain(sk.roc_auc_score(truth, p, average="macro")),
        log_loss=plain(np.mean(losses)),
        each=each))


def halves(*shape):
    return random.integers(-6, 7, size=shape) / 2


cases = []
for rows in [1, 2, 3, 7, 40, 200]:
    truth = random.integers(0, 2, size=rows)
    cases.append(two_classes(f"two classes, {rows} rows", halves(rows) + truth, truth, 0.5 if rows < 40 else 0.3))
cases.append(two_classes("only the first of two", halves(9), np.zeros(9, int)))
cases.append(two_classes("only the second of two", halves(9), np.ones(9, int)))
cases.append(two_classes("never the second, rightly", -1 - abs(halves(5)), np.zeros(5, int)))
cases.append(two_classes("all tied", np.zeros(6), np.array([0, 1, 1, 0, 1, 1])))
for count, rows in [(3, 1), (3, 10), (4, 60), (7, 300)]:
    truth = random.integers(0, count, size=rows)
    cases.append(classes(f"{count} classes, {rows} rows", count, halves(rows, count) + 2 * np.eye(count)[truth], truth))
truth = random.integers(0, 3, size=30) * 2
cases.append(classes("classes 1 and 3 have no rows", 5, halves(30, 5), truth))
quiet = halves(30, 5)
quiet[:, 1] = -9
cases.append(classes("and class 1 is never predicted", 5, quiet, truth))
cases.append(classes("one class alone", 3, halves(8, 3), np.full(8, 2)))

regressions = []
for outputs, rows in [(1, 2), (1, 9), (1, 100), (3, 8), (2, 51)]:
    truth = random.normal(size=(rows, outputs)) * 10.0 ** np.arange(outputs)
    regressions.append(numbers(f"{rows} × {outputs}", truth + random.normal(size=truth.shape), truth))
regressions.append(numbers("one row", np.array([[1.5]]), np.array([[2.25]])))
flat = random.normal(size=(6, 2))
flat[:, 1] = 0.1
regressions.append(numbers("a target that does not vary", flat + 1, flat))
tied = random.integers(0, 3, size=(20, 1)).astype(float)
regressions.append(numbers("ties", tied[::-1], tied))

several = []
for count, rows in [(2, 3), (2, 12), (3, 40), (6, 150)]:
    truth = random.integers(0, 2, size=(rows, count)) * random.integers(0, 2, size=(rows, count))
    several.append(labels(f"{count} labels, {rows} rows", halves(rows, count) + truth, truth, 0.5 if rows < 100 else 0.3))
truth = np.stack([np.arange(10) % 2, np.zeros(10, int), np.ones(10, int)], axis=1)
several.append(labels("a label that no row has, and one that all have", halves(10, 3), truth))
quiet = halves(10, 3)
quiet[:, 1] = -9
several.append(labels("and the first of them is never predicted", quiet, truth))
several.append(labels("none had, none predicted", np.full((4, 2), -9.0), np.zeros((4, 2), int)))

written = dict(sklearn=sklearn.__version__, numpy=np.__version__, classes=cases, numbers=regressions, labels=several)
Path(__file__).with_name("metrics.json").write_text(json.dumps(written, indent=None, allow_nan=False).replace('}}, {"name"', '}},\n{"name"') + "\n")
