"""Store the times of functions that `make bench` measured, for the cost model: `python -m benchmarks.times FIGURES.json`.

CPU milliseconds: `init_ms` for the import, `warm_ms` for a request.
"""

import json
import sys
from collections import defaultdict
from pathlib import Path

from local.settings import ROOT

OUTPUT = ROOT / "ops" / "model" / "measured_times.json"
NAMES = {("cold", "import"): "init_ms", ("warm", "CPU"): "warm_ms"}


def main(figures: Path) -> None:
    times: dict[str, dict[str, float]] = defaultdict(dict)
    for row in json.loads(figures.read_text())["rows"]:
        function, _, what = row["name"].partition(", ")
        if name := NAMES.get((row["section"], what)):
            times[function][name] = round(row["ours"], 1)
    OUTPUT.write_text(json.dumps(times, indent=2, sort_keys=True) + "\n")
    print(f"Wrote {OUTPUT.relative_to(ROOT)}, of {len(times)} functions. Next: make generate")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
