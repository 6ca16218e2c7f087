"""The published OpenAPI document equals the routes, and is valid OpenAPI."""

import json
from typing import Any

import pytest
from aws_lambda_powertools.event_handler import Response
from openapi_spec_validator import OpenAPIV31SpecValidator

from handsel.api import problems
from handsel.api.http import create_app
from handsel.api.operations import Media, operation
from handsel.api.views.base import View
from testkit import contract
from tools import openapi


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi.document()


def _operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method.upper(), path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_the_committed_document_is_up_to_date() -> None:
    assert openapi.FILE.read_text() == openapi.text(), "Run: make generate"


def test_the_document_is_valid_openapi(document: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(document).validate()


def test_the_document_has_every_route_of_the_template_and_no_other(document: dict[str, Any]) -> None:
    assert set(_operations(document)) == {(route.method, route.path) for route in openapi.routes()}


def test_exactly_the_routes_without_an_authorizer_are_public(document: dict[str, Any]) -> None:
    public = {key for key, operation in _operations(document).items() if operation["security"] == []}
    assert public == {(route.method, route.path) for route in openapi.routes() if route.public}
    for key, described in _operations(document).items():
        assert ("401" in described["responses"]) is (key not in public)


def test_every_problem_code_is_declared_for_an_operation(document: dict[str, Any]) -> None:
    shared = document["components"]["responses"]
    used: set[str] = set()
    for described in _operations(document).values():
        for response in described["responses"].values():
            resolved = shared[response["$ref"].rpartition("/")[2]] if "$ref" in response else response
            if problem := resolved.get("content", {}).get(problems.CONTENT_TYPE):
                assert problem["schema"] == {"$ref": "#/components/schemas/Problem"}
                used |= set(problem["examples"])
    assert used == {*problems.STATUS, problems.INTERNAL}


def test_requests_are_closed_and_all_other_schemas_are_open(document: dict[str, Any]) -> None:
    for name, schema in document["components"]["schemas"].items():
        if schema["type"] == "object":
            closed = name.endswith(("Request", "Query", "Input"))
            assert (schema.get("additionalProperties") is False) is closed, name


def test_the_objects_of_request_bodies_are_named_as_requests(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    found: set[str] = set()

    def collect(part: Any) -> None:
        for each in part if isinstance(part, list) else part.values() if isinstance(part, dict) else ():
            collect(each)
        name = part.get("$ref", "").rpartition("/")[2] if isinstance(part, dict) else ""
        if name and name not in found:
            found.add(name)
            collect(schemas[name])

    for described in _operations(document).values():
        collect(described.get("requestBody", {}))
    objects = {name for name in found if schemas[name]["type"] == "object"}
    assert objects
    assert [name for name in objects if not name.endswith(("Request", "Input"))] == []


def test_every_request_body_and_problem_has_valid_examples(document: dict[str, Any]) -> None:
    for key, described in _operations(document).items():
        contents = [each["content"] for each in described["responses"].values() if "content" in each]
        contents += [described["requestBody"]["content"]] if "requestBody" in described else []
        for content in contents:
            for media, each in content.items():
                if media == contract.PROBLEM or content is described.get("requestBody", {}).get("content"):
                    assert each["examples"], key
                    for name, example in (
                        (name, contract.resolved(example)) for name, example in each["examples"].items()
                    ):
                        assert contract.fits(each["schema"], example["value"]), (key, name)


def test_every_property_parameter_and_header_has_a_description(document: dict[str, Any]) -> None:
    components = document["components"]
    described = {
        f"{name}.{field}": schema
        for name, entry in components["schemas"].items()
        for field, schema in entry.get("properties", {}).items()
    }
    described |= components["schemas"] | components["parameters"] | components["headers"]
    for key, entry in _operations(document).items():
        for parameter in entry.get("parameters", []):
            if "$ref" not in parameter:
                described[f"{key} {parameter['name']}"] = parameter
    lacking = [name for name, schema in described.items() if not schema.get("description", "").endswith((".", "`"))]
    assert lacking == []


def test_an_attribute_of_a_docstring_that_is_no_field_is_an_error() -> None:
    class Wrong(View):
        """A view.

        Attributes:
            known: a field.
            unknown: not a field.
        """

        known: int

    with pytest.raises(openapi.DocumentError, match="unknown"):
        Wrong.model_json_schema(schema_generator=openapi.Generator)


def test_a_field_has_the_description_of_its_docstring_or_of_its_base() -> None:
    class Base(View):
        """A base.

        Attributes:
            first: described
                in two lines.
        """

        first: int

    class Derived(Base):
        """A view of two fields."""

        second_one_id: str

    schema = Derived.model_json_schema(schema_generator=openapi.Generator)
    assert schema["description"] == "A view of two fields."
    assert {name: field["description"] for name, field in schema["properties"].items()} == {
        "first": "Described in two lines.",
        "second_one_id": "The ID of the second one.",
    }


def test_a_304_has_its_headers(document: dict[str, Any]) -> None:
    for key, described in _operations(document).items():
        parameters = {parameter.get("$ref") for parameter in described.get("parameters", [])}
        conditional = "304" in described["responses"]
        assert ("#/components/parameters/IfNoneMatch" in parameters) is conditional, key
        for status in ("200", "304") if conditional else ():
            assert "ETag" in described["responses"][status]["headers"], key


def test_query_parameters_are_never_null_and_have_descriptions(document: dict[str, Any]) -> None:
    for described in _operations(document).values():
        for parameter in described.get("parameters", []):
            assert "null" not in json.dumps(parameter)
            assert "$ref" in parameter or parameter["description"]


def test_a_handler_without_a_declaration_is_an_error() -> None:
    class Module:
        app = create_app()

    @Module.app.get("/things")
    def things() -> Response[str]:
        """List things."""
        return Response(200)

    with pytest.raises(openapi.DocumentError, match="things"):
        openapi.handlers(Module)  # type: ignore[arg-type]


def test_a_declaration_returns_the_handler_unchanged() -> None:
    def handler() -> int:
        return 1

    assert operation(responses={200: Media("text/plain", "One.")})(handler) is handler
    assert handler() == 1
