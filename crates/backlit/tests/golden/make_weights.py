"""Prints the constants of `rows_count_as_their_weights_say` in src/scaler.rs and of `balanced_classes_go_by_weights` in
crates/cli/tests/row_weights.rs: scikit-learn's scaler and class weights of weighted rows."""

import numpy as np
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_class_weight

x = np.array([[1.5, 3.0], [2.25, 3.0], [-4.0, 3.0], [1e3, 9.0], [0.125, 3.0], [7.5, 3.0]])
for w in ([2.0, 1.0, 3.0, 0.0, 4.0, 1.0], [0.3, 1.7, 0.01, 2.5, 0.0, 0.9]):
    scaler = StandardScaler().fit(x, sample_weight=w)
    print([float(v) for v in scaler.mean_], [float(v) for v in np.sqrt(scaler.var_)])

# The table of crates/cli/tests/row_weights.rs.
r = np.arange(60)
c, w = (r % 7) // 3, r * 5 % 4
print([float(v) for v in compute_class_weight("balanced", classes=np.unique(c), y=c, sample_weight=w)])
