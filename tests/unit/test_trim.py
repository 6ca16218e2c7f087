"""Changes that the build of the dependencies layer makes to packages."""

import importlib
import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

TRIM = Path(__file__).parents[2] / "layers" / "dependencies" / "trim.py"


@pytest.fixture(scope="module")
def trim() -> ModuleType:
    spec = importlib.util.spec_from_file_location("trim", TRIM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_lazy_package_has_all_names_and_imports_each_module_on_first_use(trim: ModuleType, tmp_path: Path) -> None:
    package = tmp_path / "gifts"
    package.mkdir()
    source = 'from .costly import costly as wanted\nfrom .cheap import cheap\n__all__ = ["wanted", "cheap"]\n'
    (package / "__init__.py").write_text(trim.make_lazy(source))
    (package / "costly.py").write_text('costly = "here"\n')
    (package / "cheap.py").write_text('cheap = "here"\n')
    program = (
        "import sys, gifts\n"
        "assert not {'gifts.costly', 'gifts.cheap'} & set(sys.modules)\n"
        "from gifts import cheap\n"
        "assert cheap == 'here' and 'gifts.costly' not in sys.modules\n"
        "from gifts import *\n"
        "assert wanted == 'here'\n"
        "try:\n    gifts.other\nexcept AttributeError:\n    print('done')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "done\n"


def test_a_package_that_does_more_than_import_names_is_not_made_lazy(trim: ModuleType) -> None:
    with pytest.raises(ValueError, match="not an import of names: register"):
        trim.make_lazy("from .plugins import register\nregister()\n")


def test_the_lazy_packages_keep_all_their_names(trim: ModuleType) -> None:
    for name in trim.LAZY:
        package = importlib.import_module(name.replace("/", "."))
        assert package.__file__ is not None
        namespace: dict[str, object] = {"__name__": package.__name__}
        exec(trim.make_lazy(Path(package.__file__).read_text()), namespace)  # noqa: S102 - what the layer has
        assert namespace["__all__"] == package.__all__
        find = namespace["__getattr__"]
        assert callable(find)
        assert all(find(each) is getattr(package, each) for each in package.__all__)


def test_items_pass_through_botocore_unchanged(trim: ModuleType) -> None:
    shapes = {name: {"type": "map"} for name in trim.ITEMS}
    model: dict[str, Any] = {
        "shapes": shapes,
        "operations": {"TransactWriteItems": {"operationContextParams": {"Arns": {}}}},
    }
    trim.pass_items_unchanged(model)
    assert {shape["type"] for shape in model["shapes"].values()} == {"structure"}
    assert model["operations"] == {"TransactWriteItems": {}}


def test_a_large_model_keeps_the_operations_that_are_called_with_their_shapes(trim: ModuleType) -> None:
    shapes = {"In": {"members": {"a": {"shape": "A"}}}, "A": {"member": {"shape": "B"}}, "B": {}, "Other": {}}
    model = {
        "operations": {"Used": {"input": {"shape": "In"}}, "Unused": {"input": {"shape": "Other"}}},
        "shapes": shapes,
    }
    trim.keep_operations(model, {"Used"})
    assert model == {
        "operations": {"Used": {"input": {"shape": "In"}}},
        "shapes": {name: shapes[name] for name in ("In", "A", "B")},
    }
