"""Plot each figure with a goal as a share of the goal: `python -m benchmarks.plot FIGURES.json PLOT.svg`, in .venv-bench.

Figures that must equal their goals are left out.
"""

import json
import sys
from pathlib import Path

from matplotlib import pyplot


def main(figures: Path, plot: Path) -> None:
    rows = [row for row in json.loads(figures.read_text())["rows"] if row["goal"] and not row["exactly"]]
    shares = [(row["ratio"] or row["ours"]) / row["goal"] for row in rows]
    pyplot.rcParams.update(
        {"svg.hashsalt": "handsel", "svg.fonttype": "none", "font.size": 8}
    )  # reproducible output, with text as text
    figure, axes = pyplot.subplots(figsize=(9, 1 + 0.2 * len(rows)))
    axes.barh(range(len(rows)), shares, color=["#2a7d4f" if row["passed"] else "#c0392b" for row in rows])
    axes.set_yticks(range(len(rows)), [f"{row['section']}: {row['name']}" for row in rows])
    axes.bar_label(axes.containers[0], [f"{share:.2f}" for share in shares], padding=3)
    axes.axvline(1, color="#333333", linewidth=1)
    axes.invert_yaxis()
    axes.margins(y=0.01)
    axes.set_xlabel("measured, as a share of the goal (left of the line: goal reached)")
    figure.tight_layout()
    figure.savefig(plot, metadata={"Date": None})


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
