"""The pages: the app, the page of a gift, and what they are made of. Whoever looks at them changes nothing.

A page is a frame with what anybody may see already in it; scripts draw the rest from the API. There is no build step: an
asset is served as it was written, under the version that all of them together have, so that it can be kept for ever.
"""

import gzip
import hashlib
import json
from collections.abc import Mapping
from functools import cache, lru_cache
from html import escape
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import urlsplit

from aws_lambda_powertools.event_handler import Response

from handsel.api import problems
from handsel.api.http import HttpRequest, create_app, handler
from handsel.api.languages import LANGUAGES, negotiate
from handsel.api.operations import Media, operation
from handsel.api.views import GiftPreview
from handsel.domain.errors import NotFound, ServiceUnavailable
from handsel.domain.wrappings import image_path
from handsel.runtime.settings import settings
from handsel.runtime.wiring import table
from handsel.store import keys
from handsel.use_cases import queries

HERE = Path(__file__).parent
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
ASSETS = {path.name: path for path in sorted((HERE / "assets").iterdir()) if path.suffix in TYPES}
VERSION = hashlib.sha256(b"\0".join(path.read_bytes() for path in ASSETS.values())).hexdigest()[:12]
FOR_EVER = "public, max-age=31536000, immutable"
ALWAYS_ASKED = "no-cache"

PAGE = Media("text/html", "The page.")
KNOWN = {304: None}
WORDS = {
    "en": {
        "app": "Handsel",
        "about": "Give something good to somebody: they have a day to open it.",
        "from": "{name} sent you a gift",
        "gone": "There is no gift here",
        "scripts": "This page needs JavaScript.",
    },
    "zh": {
        "app": "Handsel",
        "about": "把好东西送给朋友，对方有一天时间打开。",
        "from": "{name} 送你一份礼物",
        "gone": "这里没有礼物",
        "scripts": "此页面需要启用 JavaScript。",
    },
}

app = create_app()


@app.get("/")
@operation(responses={200: PAGE, **KNOWN}, localized=True)
def start() -> Response[str] | Response[bytes]:
    """The app, for a phone or any other browser."""
    request = HttpRequest(app)
    language = _language(request)
    words = WORDS[language]
    return _page(request, 200, "app", language, title=words["app"], about=words["about"])


@app.get("/g/<gift_id>")
@operation(
    responses={
        200: PAGE,
        **KNOWN,
        404: Media("text/html", "A page that says so: there is no such gift."),
        503: Media("text/html", "A page that tries again."),
    },
    localized=True,
)
def gift(gift_id: str) -> Response[str] | Response[bytes]:
    """The page of a gift, where it is opened.

    Shows what its preview tells. The secret of a share link is behind the `#`, which no browser sends.
    """
    request = HttpRequest(app)
    language = _language(request)
    words = WORDS[language]
    try:
        found = queries.require_gift(table(), gift_id)
    except NotFound:
        return _no_gift(request)
    except ServiceUnavailable:
        answered = _page(request, 503, "nothing", language, title=words["app"])
        answered.headers["Retry-After"] = "1"
        return answered
    preview = GiftPreview.of(found, now=request.now, web_url=request.web_url)
    return _page(
        request,
        200,
        "gift",
        language,
        title=words["from"].format(name=preview.giver_name),
        about=preview.wrapping.blessing,
        gift=preview.model_dump_json(),
        look=preview.presentation,
        cover=image_path(preview.wrapping.cover_id),
        picture=request.web_url + image_path(preview.wrapping.cover_id).removesuffix(".svg") + ".png",
        url=f"{request.web_url}/g/{gift_id}",
    )


@app.not_found
def unknown_route(_: Exception) -> Response[str] | Response[bytes]:
    """Also what follows from an id that no route takes."""
    return _no_gift(HttpRequest(app)) if app.current_event.path.startswith("/g/") else problems.of(NotFound())


def _no_gift(request: HttpRequest) -> Response[str] | Response[bytes]:
    language = _language(request)
    return _page(request, 404, "nothing", language, title=WORDS[language]["gone"])


@app.get("/assets/<version>/<asset>")
@operation(
    responses={
        200: Media(("text/javascript", "text/css", "image/svg+xml"), "A script, a style sheet or a picture."),
        **KNOWN,
    },
    path={"version": "The version of all of them.", "asset": "Name of one of them."},
)
def made_of(version: str, asset: str) -> Response[str] | Response[bytes]:
    """What the pages are made of."""
    if asset not in ASSETS:
        raise NotFound
    # A page of just before a deployment asks for what is no longer there: it gets what there is, for once.
    lasting = FOR_EVER if version == VERSION else ALWAYS_ASKED
    path = ASSETS[asset]
    return _answer(HttpRequest(app), 200, path.read_bytes(), TYPES[path.suffix], {"Cache-Control": lasting})


def _page(
    request: HttpRequest, status: int, name: str, language: str, **fields: str
) -> Response[str] | Response[bytes]:
    """One of `pages`, with its fields as text that cannot end what it stands in."""
    escaped = {key: escape(value) for key, value in fields.items()}
    body = _template(name).substitute(
        escaped,
        language=LANGUAGES[language],
        version=VERSION,
        config=escape(json.dumps(_config(request))),
        scripts=escape(WORDS[language]["scripts"]),
    )
    headers = {**_page_headers(request), "Content-Language": LANGUAGES[language]}
    return _answer(request, status, body.encode(), "text/html; charset=utf-8", headers)


@cache
def _template(name: str) -> Template:
    return Template((HERE / "pages" / f"{name}.html").read_text())


def _config(request: HttpRequest) -> dict[str, Any]:
    """What scripts need to know of this deployment."""
    url = settings().sign_in_url
    return {
        "sign_in": {
            "url": url,
            "client_id": settings().sign_in_client_id,
            # Only where the pages sign in at their own origin, on a developer's machine, are there users for show.
            "demo": _origin(url) == request.web_url,
        }
    }


def _page_headers(request: HttpRequest) -> dict[str, str]:
    sign_in = _origin(settings().sign_in_url)
    return {
        "Cache-Control": ALWAYS_ASKED,
        "Content-Security-Policy": "; ".join(
            (
                "default-src 'none'",
                "script-src 'self'",
                "style-src 'self'",
                # Pictures of products are where their merchant has them.
                "img-src 'self' https: data: blob:",
                f"connect-src 'self'{'' if sign_in in ('', request.web_url) else ' ' + sign_in}",
                "base-uri 'none'",
                "form-action 'none'",
                "frame-ancestors 'none'",
                "require-trusted-types-for 'script'",
                "trusted-types 'none'",
            )
        ),
        "Vary": "Accept-Language, Accept-Encoding",
    }


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def _answer(
    request: HttpRequest, status: int, body: bytes, content_type: str, headers: Mapping[str, str]
) -> Response[str] | Response[bytes]:
    """Compressed where that is taken; nothing where the caller has just that."""
    tag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {
        "Vary": "Accept-Encoding",
        "ETag": tag,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        **headers,
    }
    if status == 200 and request.etag_matches(tag):
        return Response(304, None, "", headers)
    if request.takes_gzip:
        return Response(status, content_type, _gzipped(body), {**headers, "Content-Encoding": "gzip"})
    return Response(status, content_type, body.decode(), headers)


@lru_cache(maxsize=64)
def _gzipped(body: bytes) -> bytes:
    return gzip.compress(body, mtime=0)


def _language(request: HttpRequest) -> str:
    return negotiate(request.header("accept-language"))


lambda_handler = handler(app, connects_by=keys.gift("nobody"))
