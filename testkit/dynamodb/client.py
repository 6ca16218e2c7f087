"""A client that validates requests by the service's model, as botocore does, and passes each call to listeners."""

import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from botocore import xform_name
from botocore.exceptions import ParamValidationError
from botocore.model import ServiceModel
from botocore.validate import ParamValidator


class Call(NamedTuple):
    """One call of a client: its operation (`GetItem`), the request, and the response, empty if it failed."""

    operation: str
    request: dict[str, Any]
    answer: dict[str, Any]


class Client:
    """Wraps an AWS client or a simulated one. Threads can share it: it makes one call at a time.

    Attributes:
        listeners: called with each call after it ended.
    """

    def __init__(self, client: object, model: ServiceModel) -> None:
        self.listeners: list[Callable[[Call], None]] = []
        self._client = client
        self._one_at_a_time = threading.RLock()
        self._operations = {xform_name(name): model.operation_model(name) for name in model.operation_names}
        self._validator = ParamValidator()

    def __getattr__(self, name: str) -> Any:
        method, operation = getattr(self._client, name), self._operations.get(name)
        if operation is None:
            return method
        shape = operation.input_shape
        assert shape is not None

        def call(**request: Any) -> Any:
            report = self._validator.validate(request, shape)
            if report.has_errors():
                raise ParamValidationError(report=report.generate_report())
            answer: dict[str, Any] = {}
            with self._one_at_a_time:
                try:
                    answer = method(**request)
                finally:
                    for listener in tuple(self.listeners):
                        listener(Call(operation.name, request, answer))
            return answer

        # Cached for the next access.
        self.__dict__[name] = call
        return call
