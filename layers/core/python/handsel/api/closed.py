"""Answer every request with 503 while the stack is closed. Imported only then.

The parameter `Closed` of template.yaml closes a stack, for the recovery of data: no user reads or changes what is being
recovered. Events of the payment provider and of carriers are still processed (docs/adr/0030).
"""

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from handsel.api import problems
from handsel.api.weights import prefers_html
from handsel.domain.errors import ServiceUnavailable

RETRY_AFTER_SECONDS = 60
DETAIL = "The service is closed for maintenance. Repeat the same request later."
# The routes that stay open: they read no data, and monitors of the deployment call them.
OPEN_ROUTES = frozenset({"ANY /health"})
# Without assets, because these are closed too. The browser repeats the request.
PAGE = f"""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="refresh" content="{RETRY_AFTER_SECONDS}">
<title>Handsel</title>
</head>
<body>
<p>We're closed for maintenance. Please try again in a few minutes.</p>
<p lang="zh-CN">系统维护中，请几分钟后再试。</p>
</body>
</html>
"""


def close(app: APIGatewayHttpResolver) -> Callable[[dict[str, Any], LambdaContext], dict[str, Any]]:
    """Return a function that resolves requests of open routes by the app, and answers all others with 503."""
    closed_app = _create_closed_app()

    def resolve(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        return (app if event.get("routeKey") in OPEN_ROUTES else closed_app).resolve(event, context)

    return resolve


def _create_closed_app() -> APIGatewayHttpResolver:
    """Create a resolver without routes, which answers every request with a problem, or with a page where browsers expect one."""
    app = APIGatewayHttpResolver()

    @app.not_found
    def handle_any_request(_: Exception) -> Response[str]:
        response = problems.of(ServiceUnavailable(DETAIL))
        event = app.current_event
        if event.path == "/" or event.path.startswith("/g/") or prefers_html(event.headers.get("accept", "")):
            response.body, response.headers["Content-Type"] = PAGE, "text/html; charset=utf-8"
            response.headers["Content-Security-Policy"] = "default-src 'none'"
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return response

    return app
