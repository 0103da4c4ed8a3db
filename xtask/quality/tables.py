"""The tables of the comparison: those of a folder, those that come with scikit-learn, and generated ones."""

import os, sys
from dataclasses import dataclass, field

import numpy as np
import pandas as pd


@dataclass
class Table:
    name: str
    frame: pd.DataFrame
    target: str
    classes: bool
    categories: list = field(default_factory=list)


# Name, target, whether it holds classes, columns of categories.
IN_FOLDER = [
    ("houses", "MEDV", False, []),
    ("Servo", "Class", False, ["Motor", "Screw", "Pgain", "Vgain"]),
    ("Ozone", "V4", False, ["V1", "V2", "V3"]),
    ("PimaIndiansDiabetes2", "diabetes", True, []),
    ("Vehicle", "Class", True, []),
    ("digits", "digit", True, []),
    ("Satellite", "classes", True, []),
]


def in_folder(folder):
    for name, target, classes, categories in IN_FOLDER:
        path = os.path.join(folder, name + ".csv")
        if not os.path.exists(path):
            print(f"> {path} is not there: left out", file=sys.stderr)
            continue
        frame = pd.read_csv(path, dtype={target: str} if classes else None).dropna(subset=[target]).reset_index(drop=True)
        yield Table(name, frame, target, classes, categories)


def of_sklearn():
    from sklearn import datasets

    for name, load, classes in [
        ("diabetes", datasets.load_diabetes, False),
        ("breast_cancer", datasets.load_breast_cancer, True),
        ("wine", datasets.load_wine, True),
    ]:
        frame = load(as_frame=True).frame.rename(columns={"target": "y"})
        if classes:
            frame["y"] = [f"class{k}" for k in frame["y"]]
        yield Table(name, frame, "y", classes)


def framed(x, y, **more):
    frame = pd.DataFrame(x, columns=[f"x{i}" for i in range(x.shape[1])])
    for name, column in more.items():
        frame[name] = column
    frame["y"] = y
    return frame


def words(letter, numbers):
    return [f"{letter}{number}" for number in numbers]


def chance(random, logit):
    return np.where(random.uniform(size=len(logit)) < 1 / (1 + np.exp(-logit)), "yes", "no")


def friedman(random, rows, noise):
    """Friedman, Annals of Statistics 19, 1991: five of ten columns count."""
    x = random.uniform(size=(rows, 10))
    y = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]
    return framed(x, y + noise * random.normal(size=rows))


def heavy(random, rows):
    """Columns with long tails, of whose logarithms the target is a smooth function."""
    x = random.lognormal(0, 1.2, size=(rows, 8))
    y = np.log1p(x[:, 0] * x[:, 1]) + np.sin(2 * np.log(x[:, 2])) + 0.3 * np.sqrt(x[:, 3])
    return framed(x, y + 0.2 * random.normal(size=rows))


def steps(random, rows):
    """Jumps, and two columns of categories, one of which counts for half of the rows."""
    x, a, b = random.normal(size=(rows, 6)), random.integers(0, 6, rows), random.integers(0, 12, rows)
    of_a, of_b = random.normal(size=6), random.normal(size=12)
    y = of_a[a] + of_b[b] * (x[:, 0] > 0) + np.where(x[:, 1] + x[:, 2] > 0.5, 1.5, 0) + 0.5 * x[:, 3]
    return framed(x, y + 0.5 * random.normal(size=rows), a=words("a", a), b=words("b", b))


def imbalanced(random, rows):
    """About one row in eight is of the second class; a product of columns and categories count."""
    x, a = random.normal(size=(rows, 12)), random.integers(0, 5, rows)
    logit = -3.2 + 1.5 * x[:, 0] * x[:, 1] + 1.2 * np.abs(x[:, 2]) + np.array([0, 1, -1, 0.5, -0.5])[a] + 0.7 * x[:, 3]
    return framed(x, chance(random, logit), a=words("a", a))


def clusters(random, rows):
    """Five classes of three clusters each in ten columns, six without meaning, one label in twenty wrong."""
    centres, own = 1.3 * random.normal(size=(15, 10)), random.integers(0, 15, rows)
    x = np.column_stack([centres[own] + random.normal(size=(rows, 10)), random.normal(size=(rows, 6))])
    wrong = random.uniform(size=rows) < 0.05
    return framed(x, words("c", np.where(wrong, random.integers(0, 5, rows), own % 5)))


def noisy(random, rows):
    """Few rows, mostly chance."""
    x = random.normal(size=(rows, 15))
    return framed(x, chance(random, x[:, 0] - x[:, 1] + 0.5 * x[:, 2] * x[:, 3]))


def large(random, rows):
    """Waves along three directions of sixteen columns, and a corner."""
    x, w = random.normal(size=(rows, 16)), random.normal(size=(16, 3))
    y = np.sin(0.5 * x @ w[:, 0]) + 0.8 * np.tanh(x @ w[:, 1]) + 0.2 * (x @ w[:, 2]) + 0.7 * ((x[:, 0] > 0.3) & (x[:, 5] < 0.2))
    return framed(x, y + 0.3 * random.normal(size=rows))


def generated():
    make = lambda seed: np.random.default_rng(1000 + seed)
    yield Table("friedman", friedman(make(1), 1500, 1.0), "y", False)
    yield Table("friedman, few rows", friedman(make(2), 250, 3.0), "y", False)
    yield Table("heavy tails", heavy(make(3), 3000), "y", False)
    yield Table("steps and categories", steps(make(4), 2000), "y", False, ["a", "b"])
    yield Table("large", large(make(5), 12000), "y", False)
    yield Table("imbalanced", imbalanced(make(6), 3000), "y", True, ["a"])
    yield Table("clusters", clusters(make(7), 2500), "y", True)
    yield Table("noisy, few rows", noisy(make(8), 400), "y", True)


def small():
    """For a first training whose time does not count."""
    return Table("small", noisy(np.random.default_rng(0), 60), "y", True)


def all_tables(folder):
    return [*(in_folder(folder) if folder else []), *of_sklearn(), *generated()]
