"""Writes units.csv and units.parquet: numbers with units, currencies and marks between thousands, as strings. Needs pyarrow."""
import csv
import os
import random

import pyarrow
import pyarrow.parquet

here = os.path.dirname(os.path.abspath(__file__))
random.seed(5)
names = ["way", "people", "share", "price"]
rows = []
for row in range(60):
    way, people, share = random.randint(1, 900) / 10, random.randint(1000, 9_000_000), random.randint(0, 1000) / 10
    price = 100 * way + people / 10_000 - share
    rows.append([f"{way} km", f"{people:,}", f"{share}%", f"${price:,.2f}"])
with open(os.path.join(here, "units.csv"), "w", newline="") as file:
    csv.writer(file, lineterminator="\n").writerows([names, *rows])
columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
pyarrow.parquet.write_table(pyarrow.table(columns), os.path.join(here, "units.parquet"))
