import sys
from pathlib import Path

# Run by itself, outside of pytest: where the package is.
sys.path.insert(0, str(Path(__file__).parents[2] / "layers/core/python"))
