"""Cross-validates backlit beside scikit-learn, LightGBM and RealMLP-TD, on the same folds and one core; prints docs/quality.md's table.

Called by `cargo xtask quality`. Each measurement is kept in --results with the table's hash and the tool's version, of backlit the hash of
the program, so that only what is new is measured: a run that was ended goes on, and after a change of ours the others' numbers stand.
Needs numpy, pandas, scikit-learn, lightgbm and pytabkit. Seconds are processor seconds of training and predicting; backlit's hold
starting and reading and writing CSV files too, the others' do not.
"""

import argparse, hashlib, importlib.metadata, json, os, resource, subprocess, sys, tempfile, warnings

for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"
warnings.filterwarnings("ignore")
import numpy as np
import pandas as pd
from sklearn.model_selection import KFold, StratifiedKFold

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tables


def split(table, folds):
    """The same folds for every tool: (rows trained on, rows judged by)."""
    if table.classes:
        return list(StratifiedKFold(folds, shuffle=True, random_state=11).split(table.frame, table.frame[table.target]))
    return list(KFold(folds, shuffle=True, random_state=11).split(table.frame))


def numeric(table, train, test):
    """One column of 0 and 1 for each level; a missing number is the median, with a column that marks it."""
    columns = ([], [])
    for name in train.columns.drop(table.target):
        pair = [train[name], test[name]]
        if name in table.categories:
            levels = sorted(pair[0].astype(str).unique())
            made = [[(part.astype(str) == level).to_numpy(float) for level in levels] for part in pair]
        else:
            median = pair[0].median()
            marks = [[part.isna().to_numpy(float)] if pair[0].isna().any() else [] for part in pair]
            made = [[part.fillna(median).to_numpy(float)] + mark for part, mark in zip(pair, marks)]
        for into, own in zip(columns, made):
            into.extend(own)
    return [np.array(part).T for part in columns]


def with_categories(table, train, test, fill):
    """Frames with categories as such; numbers missing or, with `fill`, as in `numeric`."""
    parts = [frame.drop(columns=[table.target]).copy() for frame in (train, test)]
    for name in parts[0].columns:
        if name in table.categories:
            levels = sorted(parts[0][name].astype(str).unique())
            for part in parts:
                part[name] = pd.Categorical(part[name].astype(str), categories=levels)
        elif fill:
            median, marked = parts[0][name].median(), parts[0][name].isna().any()
            for part in parts:
                if marked:
                    part[name + " missing"] = part[name].isna().astype(float)
                part[name] = part[name].fillna(median)
    return parts


def predicted(model, table, rows):
    """Numbers, or (probabilities, classes)."""
    return (model.predict_proba(rows), list(model.classes_)) if table.classes else np.asarray(model.predict(rows)).ravel()


def sklearn(table, train, test, fold):
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, x_test = numeric(table, train, test)
    model = make_pipeline(StandardScaler(), (MLPClassifier if table.classes else MLPRegressor)(random_state=fold))
    return predicted(model.fit(x, train[table.target]), table, x_test)


def lightgbm(table, train, test, fold):
    import lightgbm

    x, x_test = with_categories(table, train, test, fill=False)
    kind = lightgbm.LGBMClassifier if table.classes else lightgbm.LGBMRegressor
    return predicted(kind(random_state=fold, n_jobs=1, verbose=-1).fit(x, train[table.target]), table, x_test)


def realmlp(table, train, test, fold):
    import pytabkit, torch

    torch.set_num_threads(1)
    x, x_test = with_categories(table, train, test, fill=True)
    kind = pytabkit.RealMLP_TD_Classifier if table.classes else pytabkit.RealMLP_TD_Regressor
    model = kind(device="cpu", random_state=fold, n_threads=1, verbosity=0)
    return predicted(model.fit(x, train[table.target]), table, x_test)


def backlit(program, recipe):
    """Ours, through its files and its command line."""

    def method(table, train, test, fold):
        with tempfile.TemporaryDirectory() as folder:
            path = lambda name: os.path.join(folder, name)
            rows = test.drop(columns=[table.target]).copy()
            for name in rows.columns.difference(table.categories):
                # Trained without a missing cell, a model takes none.
                if not train[name].isna().any():
                    rows[name] = rows[name].fillna(train[name].median())
            train.to_csv(path("train.csv"), index=False)
            rows.to_csv(path("test.csv"), index=False)
            task = "classes" if table.classes else "regression"
            line = [program, "train", path("train.csv"), "--target", table.target, "--task", task, "--out", path("model"), "--quiet"]
            line += ["--threads", "1", "--seed", str(fold)] + recipe
            for name in table.categories:
                line += ["--categories", name]
            subprocess.run(line, check=True, stdout=subprocess.DEVNULL)
            line = [program, "predict", path("model"), path("test.csv"), "--output", path("said.csv"), "--quiet", "--threads", "1"]
            subprocess.run(line, check=True)
            said = pd.read_csv(path("said.csv"))
        if not table.classes:
            return said[table.target].to_numpy(float)
        said = said.drop(columns=[table.target])
        classes = [name[len(table.target) + 1 :] for name in said.columns]
        p = said.to_numpy(float)
        if len(classes) == 1:
            other = next(name for name in table.frame[table.target].unique() if name != classes[0])
            classes, p = classes + [other], np.column_stack([p, 1 - p])
        return p, classes

    return method


def scores(table, said, right):
    """[rmse] of numbers; [share wrong, log-loss] of classes."""
    if not table.classes:
        return [float(np.sqrt(np.mean((said - right.to_numpy(float)) ** 2)))]
    p, classes = said
    place = np.array([[str(name) for name in classes].index(value) for value in right])
    p = np.clip(p / p.sum(1, keepdims=True), 1e-15, 1)
    return [float(np.mean(p.argmax(1) != place)), float(-np.mean(np.log(p[np.arange(len(p)), place])))]


def cpu():
    own, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime


PACKAGES = {"scikit-learn": ["scikit-learn"], "LightGBM": ["lightgbm"], "RealMLP-TD": ["pytabkit", "torch"]}


def version(tool, program):
    """What a tool's numbers stand and fall with."""
    if tool in PACKAGES:
        return " ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES[tool])
    return hashlib.sha256(open(program, "rb").read()).hexdigest()[:16]


def content(table):
    """A hash of a table's names and cells."""
    text = table.frame.to_csv(index=False) + repr((table.target, table.classes, table.categories))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class Results:
    """One line of JSON for each measurement: table, tool, fold, scores, seconds, and what it holds for. Another version's are passed over."""

    def __init__(self, path, holds_for):
        self.path, self.known, self.holds_for = path, {}, holds_for
        if os.path.exists(path):
            for line in open(path):
                table, tool, fold, scores, seconds, measured = json.loads(line)
                if measured == holds_for.get((table, tool)):
                    self.known[table, tool, fold] = [scores, seconds]

    def add(self, key, value):
        self.known[key] = value
        with open(self.path, "a") as file:
            file.write(json.dumps([*key, *value, self.holds_for[key[:2]]]) + "\n")

    def mean(self, table, tool, folds):
        """(scores, seconds) over folds; None where one was not measured."""
        found = [self.known.get((table, tool, fold)) for fold in folds]
        if not folds or None in found:
            return None
        return np.mean([value[0] for value in found], axis=0), float(np.mean([value[1] for value in found]))


def measure(options, all_tables, tools, results):
    for tool, method in tools.items():
        warm = False
        for table in all_tables:
            folds = split(table, options.folds)
            for fold, (trained, judged) in enumerate(folds[: options.realmlp_folds if tool == "RealMLP-TD" else None]):
                if (table.name, tool, fold) in results.known:
                    continue
                print(f"> {table.name}, fold {fold + 1}: {tool}", file=sys.stderr, flush=True)
                train, test = (table.frame.iloc[rows].reset_index(drop=True) for rows in (trained, judged))
                try:
                    if not warm:
                        # What is imported on the way is no training.
                        method(small := tables.small(), small.frame, small.frame, 0)
                        warm = True
                    began = cpu()
                    said = method(table, train, test, fold)
                    results.add((table.name, tool, fold), [scores(table, said, test[table.target]), cpu() - began])
                except Exception as error:
                    print(f"> {tool} is left out there: {type(error).__name__}: {error}", file=sys.stderr, flush=True)


def cell(mean):
    if mean is None:
        return "–"
    values = [f"{value:.4g}" for value in mean[0]]
    if len(values) == 2:
        values = [f"{100 * mean[0][0]:.1f} %", f"{mean[0][1]:.3f}"]
    return " / ".join(values) + f" ({mean[1]:.3g} s)"


def page(options, all_tables, tools, results):
    """The table, and what it comes to, in Markdown."""
    ours = next(iter(tools))
    lines = [f"| table | rows × inputs | {' | '.join(tools)} |", "|---" * (len(tools) + 2) + "|"]
    for table in all_tables:
        kind = f", {table.frame[table.target].nunique()} classes" if table.classes else ""
        size = f"{len(table.frame)} × {table.frame.shape[1] - 1}{kind}"
        folds = lambda tool: list(range(options.realmlp_folds if tool == "RealMLP-TD" else options.folds))
        row = [cell(results.mean(table.name, tool, folds(tool))) for tool in tools]
        lines.append(f"| {table.name} | {size} | {' | '.join(row)} |")
    if ours != "backlit":
        return "\n".join(lines)
    lines += ["", f"Beside each, on the folds both were measured on, {ours} has:", ""]
    lines += ["| beside | rmse | log-loss | share wrong | no worse in rmse | in share wrong | in log-loss | seconds |", "|---" * 8 + "|"]
    for tool in list(tools)[1:]:
        folds = list(range(options.realmlp_folds if tool == "RealMLP-TD" else options.folds))
        pairs = [(results.mean(t.name, ours, folds), results.mean(t.name, tool, folds)) for t in all_tables]
        pairs = [pair for pair in pairs if None not in pair]
        if not pairs:
            continue
        numbers = [(a[0][0], b[0][0]) for a, b in pairs if len(a[0]) == 1]
        shares = [(a[0][0], b[0][0]) for a, b in pairs if len(a[0]) == 2]
        losses = [(a[0][1], b[0][1]) for a, b in pairs if len(a[0]) == 2]
        ratio = lambda pairs: f"× {np.exp(np.mean([np.log(a / b) for a, b in pairs])):.3f}" if pairs else "–"
        wins = lambda pairs: f"{sum(a <= b for a, b in pairs)} of {len(pairs)}"
        points = f"{100 * np.mean([a - b for a, b in shares]):+.2f} points" if shares else "–"
        seconds = ratio([(a[1], b[1]) for a, b in pairs])
        lines.append(f"| {tool} | {ratio(numbers)} | {ratio(losses)} | {points} | {wins(numbers)} | {wins(shares)} | {wins(losses)} | {seconds} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--backlit", required=True)
    parser.add_argument("--results", required=True)
    parser.add_argument("--data", help="a folder with Vehicle.csv and so on")
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--realmlp-folds", type=int, default=1)
    parser.add_argument("--tables", help="only these, by name")
    parser.add_argument("--tools", help="only these, by name")
    options = parser.parse_args()
    all_tables = tables.all_tables(options.data)
    if options.tables:
        all_tables = [table for table in all_tables if table.name in options.tables.split(",")]
    tools = {
        "backlit": backlit(options.backlit, []),
        "backlit --recipe plain": backlit(options.backlit, ["--recipe", "plain"]),
        "scikit-learn": sklearn,
        "LightGBM": lightgbm,
        "RealMLP-TD": realmlp,
    }
    if options.tools:
        tools = {name: method for name, method in tools.items() if name in options.tools.split(",")}
    versions = {tool: version(tool, options.backlit) for tool in tools}
    hashes = {table.name: content(table) for table in all_tables}
    holds_for = {(table, tool): f"{hashes[table]}, {options.folds} folds, {versions[tool]}" for table in hashes for tool in tools}
    results = Results(options.results, holds_for)
    measure(options, all_tables, tools, results)
    print(page(options, all_tables, tools, results))


if __name__ == "__main__":
    main()
