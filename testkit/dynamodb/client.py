"""A client whose requests are checked by the service's model, as botocore checks them, and told to who listens."""

import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from botocore import xform_name
from botocore.exceptions import ParamValidationError
from botocore.model import ServiceModel
from botocore.validate import ParamValidator


class Call(NamedTuple):
    """One call of a client: its operation (`GetItem`), and the answer, empty where it was refused."""

    operation: str
    request: dict[str, Any]
    answer: dict[str, Any]


class Client:
    """Stands before a client of AWS, or what takes one's place. Safe to share between threads: one call is made at a time.

    Attributes:
        listeners: who is told of each call when it is over.
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
                    for heard in tuple(self.listeners):
                        heard(Call(operation.name, request, answer))
            return answer

        # The next time it is at hand.
        self.__dict__[name] = call
        return call
