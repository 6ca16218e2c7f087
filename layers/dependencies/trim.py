"""Remove from installed packages what no function uses: `python trim.py <site-packages folder>`.

Most of it is botocore's data: the models of services that are not called, the documentation in the other models, and the
endpoints of other services in a list that is parsed whole for the first client.

Some packages import all of their modules at once. Their `__init__` is replaced by one that imports modules on first use.
"""

import ast
import gzip
import json
import shutil
import sys
from pathlib import Path
from typing import Any

SERVICES = {
    "cognito-idp": "2016-04-18",
    "dynamodb": "2012-08-10",
    "events": "2015-10-07",
    "lambda": "2015-03-31",
    "s3": "2006-03-01",
    "secretsmanager": "2017-10-17",
}
# Of large models, only the operations that are called, with their shapes.
OPERATIONS = {"cognito-idp": {"AdminDeleteUser"}, "lambda": {"Invoke"}, "s3": {"GetObject", "PutObject"}}
MODELS = {"service-2", "endpoint-rule-set-1", "paginators-1", "waiters-2"}
SHARED = {"_retry.json", "endpoints.json", "partitions.json", "sdk-default-configuration.json"}
# Shapes of DynamoDB that are items, keys or values of expressions.
ITEMS = ("AttributeMap", "ExpressionAttributeValueMap", "Key", "PutItemInputAttributeMap")
# Metadata is needed by importlib.metadata; licences require to be kept.
DIST_INFO = {"METADATA", "entry_points.txt", "licenses"}
LAZY_INIT = """\
from importlib import import_module

__all__ = {public!r}
_FOUND = {found!r}


def __getattr__(name):
    if name not in _FOUND:
        raise AttributeError(f"module {{__name__!r}} has no attribute {{name!r}}")
    module, attribute = _FOUND[name]
    value = globals()[name] = getattr(import_module(module, __name__), attribute)
    return value
"""
# An eighth of the import time of an API function: AppSync imports asyncio, and data_classes has forty types of events.
LAZY = ("aws_lambda_powertools/event_handler", "aws_lambda_powertools/utilities/data_classes")


def main(site_packages: Path) -> None:
    """Trim the packages in a folder."""
    trim_botocore(site_packages / "botocore" / "data")
    for package in LAZY:
        init = site_packages / package / "__init__.py"
        init.write_text(make_lazy(init.read_text()))
    for folder in site_packages.glob("*.dist-info"):
        for path in folder.iterdir():
            if path.name not in DIST_INFO and not path.name.startswith(("LICENSE", "NOTICE")):
                remove(path)
    # pydantic/v1 is a copy of the old version, for applications that still use it; no function serves the pages of Swagger UI.
    for pattern in ("bin", "**/__pycache__", "**/tests", "**/*.pyi", "pydantic/v1", "**/swagger-ui*.min.*"):
        for path in list(site_packages.glob(pattern)):
            remove(path)


def trim_botocore(data: Path) -> None:
    """Remove the models and endpoints of services that are not called."""
    for path in list(data.iterdir()):
        if path.name in SERVICES:
            trim_service(path, SERVICES[path.name])
        elif path.name not in SHARED:
            remove(path)
    endpoints = json.loads((data / "endpoints.json").read_text())
    for partition in endpoints["partitions"]:
        partition["services"] = {name: value for name, value in partition["services"].items() if name in SERVICES}
    write(data / "endpoints.json", endpoints)


def trim_service(folder: Path, version: str) -> None:
    """Keep one version of the model of a service, uncompressed and without documentation."""
    for path in list(folder.iterdir()):
        if path.name != version:
            remove(path)
    for path in list((folder / version).iterdir()):
        model = path.name.removesuffix(".gz").removesuffix(".json")
        if model in MODELS:
            text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            content = without_documentation(json.loads(text))
            if model == "service-2" and folder.name == "dynamodb":
                pass_items_unchanged(content)
            for parameter in content.get("clientContextParams", {}).values():
                parameter["documentation"] = ""  # botocore requires it
            if model == "service-2" and folder.name in OPERATIONS:
                keep_operations(content, OPERATIONS[folder.name])
            write(path.with_name(f"{model}.json"), content)
        if model not in MODELS or path.suffix == ".gz":
            remove(path)


def pass_items_unchanged(model: Any) -> None:
    """Make botocore pass items unchanged.

    On the wire items have the same form as in Python, except for binary values, which the table does not have
    (store/attributes.py). Without this, botocore copies each value of each item by its shape, unless the shape is a document.
    It also searches each request for ARNs of tables, while all requests use names.
    """
    for name in ITEMS:
        model["shapes"][name] = {"type": "structure", "members": {}, "document": True}
    for operation in model["operations"].values():
        operation.pop("operationContextParams", None)


def keep_operations(model: Any, names: set[str]) -> None:
    """Remove the other operations of a model, and the shapes that none of these operations uses."""
    model["operations"] = {name: each for name, each in model["operations"].items() if name in names}
    used: set[str] = set()
    wanted = list(find_shapes(model["operations"]))
    while wanted:
        if (name := wanted.pop()) not in used:
            used.add(name)
            wanted += find_shapes(model["shapes"][name])
    model["shapes"] = {name: each for name, each in model["shapes"].items() if name in used}


def find_shapes(node: Any) -> list[str]:
    """Return the names of the shapes that a part of a model refers to."""
    if isinstance(node, list):
        return [name for each in node for name in find_shapes(each)]
    if not isinstance(node, dict):
        return []
    own = [node["shape"]] if isinstance(node.get("shape"), str) else []
    return own + [name for each in node.values() for name in find_shapes(each)]


def without_documentation(node: Any) -> Any:
    """Return a model without its documentation strings."""
    if isinstance(node, dict):
        # A shape may also have a member named documentation; its value is not a string.
        return {
            key: without_documentation(value)
            for key, value in node.items()
            if not (key == "documentation" and isinstance(value, str))
        }
    if isinstance(node, list):
        return [without_documentation(value) for value in node]
    return node


def make_lazy(source: str) -> str:
    """Return an `__init__` with the same names as `source`, each of which is imported on first use (PEP 562).

    Raises:
        ValueError: `source` does more than import names, so this function has to be adapted.
    """
    found: dict[str, tuple[str, str]] = {}
    public: list[str] = []
    for node in ast.parse(source).body:
        match node:
            case ast.Expr(value=ast.Constant()):
                continue
            case ast.ImportFrom(module=str(module), names=names, level=level):
                found |= {each.asname or each.name: ("." * level + module, each.name) for each in names}
            case ast.Assign(targets=[ast.Name(id="__all__")], value=value):
                public = ast.literal_eval(value)
            case _:
                raise ValueError(f"not an import of names: {ast.unparse(node)}")
    return LAZY_INIT.format(public=public, found=found)


def write(path: Path, content: object) -> None:
    """Write compact JSON."""
    path.write_text(json.dumps(content, separators=(",", ":")))


def remove(path: Path) -> None:
    """Remove a file or a folder."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
