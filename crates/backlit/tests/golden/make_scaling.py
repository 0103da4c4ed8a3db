"""Prints the columns and numbers of `by_the_quartiles` in src/scaler.rs: median, quartile range and what becomes of each cell."""

import numpy as np

columns = [
    [1.0, 2.0, 4.0, 8.0, 1000.0, 3.0],  # an outlier
    [5.0, 5.0, 5.0, 5.0, 5.0, 9.0],  # the quartiles are one number
    [-3.5, 0.25, 1e3, -0.125, 2.0, 2.5],
]
for x in map(np.array, columns):
    median, scale = np.median(x), np.quantile(x, 0.75) - np.quantile(x, 0.25)
    scale = scale if scale > 0 else 0.5 * (x.max() - x.min())
    u = (x - median) / scale
    print(repr(float(median)), repr(float(scale)), [float(v) for v in u / np.sqrt(1 + (u / 3) ** 2)])
