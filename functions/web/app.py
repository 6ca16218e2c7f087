"""Web pages: the app, the page of a gift, and their assets. Loading a page changes nothing.

A page is rendered with the public data; scripts load the rest from the API. `make generate` writes the scripts and style sheets
from the modules in `assets`. They are served under a version that is computed from all of them, so that browsers can cache them
forever.
"""

import gzip
import hashlib
import itertools
import json
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache
from html import escape
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote, urlsplit

from aws_lambda_powertools.event_handler import Response

from handsel.api import problems
from handsel.api.http import HttpRequest, create_app, handler, unknown_route_response
from handsel.api.languages import LANGUAGES, negotiate
from handsel.api.operations import Media, operation
from handsel.api.views.gift_previews import GiftPreview, ScheduledGift
from handsel.api.weights import prefers_html
from handsel.domain import ids
from handsel.domain.errors import NotFound, ServiceUnavailable
from handsel.domain.models import Presentation
from handsel.domain.names import ERASED_NAME
from handsel.domain.wrappings import cover_image_path, load_catalogue
from handsel.runtime.settings import settings
from handsel.runtime.wiring import table
from handsel.use_cases import queries

HERE = Path(__file__).parent
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
PAGES = ("app", "gift")
IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATE = "no-cache"
# Features of browsers that no page uses, so that injected content cannot use them either.
UNUSED_FEATURES = (
    *("accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "encrypted-media", "geolocation"),
    *("gyroscope", "magnetometer", "microphone", "midi", "payment", "publickey-credentials-get", "usb"),
)

PAGE = Media("text/html", "The page.")
NOT_MODIFIED = {304: None}
WORDS = {
    "en": {
        "app": "Handsel",
        "about": "Send a friend a gift in a red envelope, by a link or straight to their inbox.",
        "from": "{name} sent you a gift",
        "erased_name": "Deleted user",
        "somebody": "Someone",
        "gift": "You have a gift",
        "gift_about": "Open the link to see who sent it and unwrap it.",
        "gone": "Gift not found",
        "missing": "Page not found",
        "start": "Go to the start page",
        "scripts": "This page needs JavaScript.",
        "stalled": "This page didn't load completely. Reload it to try again.",
        "retrying": "Part of this page didn't load. Trying again…",
        "again": "Try again",
        "home": "Go to Handsel",
    },
    "zh": {
        "app": "Handsel",
        "about": "把礼物装进红包，用链接或直接送给好友。",
        "from": "{name} 送你一份礼物",
        "erased_name": "已注销用户",
        "somebody": "有人",
        "gift": "你有一份礼物",
        "gift_about": "打开链接，看看是谁送的，拆开你的礼物。",
        "gone": "没有找到礼物",
        "missing": "没有找到页面",
        "start": "返回首页",
        "scripts": "此页面需要启用 JavaScript。",
        "stalled": "页面没有加载完整，请刷新重试。",
        "retrying": "部分内容没有加载，正在重试……",
        "again": "重试",
        "home": "前往 Handsel",
    },
}


def _read_assets() -> dict[str, bytes]:
    """Return the assets by file name. The script of a page has the texts of one language."""
    paths = [*(HERE / "bundles").iterdir(), *(HERE / "assets").glob("*.svg")]
    found = {path.name: path.read_bytes() for path in sorted(paths)}
    for page, language in itertools.product(PAGES, LANGUAGES):
        start = f'handsel.start("{page}.js");\n'.encode()
        found[f"{page}.{language}.js"] = found[f"{page}.js"] + found[f"{language}.js"] + start
    return found


ASSETS = _read_assets()
VERSION = hashlib.sha256(b"\0".join(ASSETS.values())).hexdigest()[:12]
# The icon is a part of each page, which saves a request.
ICON = "data:image/svg+xml," + quote(ASSETS["icon.svg"].decode().strip(), safe=" /:='")

app = create_app()


@app.get("/")
@operation(
    responses={
        200: PAGE,
        **NOT_MODIFIED,
        503: Media("text/html", "A page that reloads itself, because the service is closed."),
    },
    localized=True,
)
def get_app_page() -> Response[str] | Response[bytes]:
    """Get the page of the app."""
    request = HttpRequest(app)
    language = _language(request)
    words = WORDS[language]
    return _page(request, 200, "app", language, title=words["app"], about=words["about"])


@app.get("/g/<gift_id>")
@operation(
    responses={
        200: PAGE,
        **NOT_MODIFIED,
        404: Media("text/html", "A page for an unknown gift."),
        503: Media("text/html", "A page that reloads itself, because the gift could not be read in time."),
    },
    localized=True,
)
def get_gift_page(gift_id: str) -> Response[str] | Response[bytes]:
    """Get the page of a gift, where it can be claimed.

    The page shows the preview of the gift. A share link is the URL of this page with the secret in its fragment, which
    browsers do not send to the server. The title and the description for link previews are the same for every gift.
    Characters before and after the ID are ignored, because some programs include adjacent punctuation in a link.
    """
    request = HttpRequest(app)
    language = _language(request)
    words = WORDS[language]
    try:
        found = queries.require_gift(table(), ids.find_id(gift_id) or gift_id, now=request.now)
    except NotFound:
        return _unknown_gift_page(request)
    except ServiceUnavailable:
        response = _page(request, 503, "nothing", language, title=words["app"])
        response.headers["Retry-After"] = "1"
        return response
    preview = GiftPreview.of(found, now=request.now, web_url=request.web_url)
    if isinstance(preview, ScheduledGift):
        return _scheduled_gift_page(request, preview, language)
    giver_name = preview.giver_name or words["somebody"]
    giver_name = words["erased_name"] if giver_name == ERASED_NAME else _isolate(giver_name)
    return _page(
        request,
        200,
        "gift",
        language,
        # Other sites show these two as words of this one, so they contain nothing that a user wrote.
        title=words["gift"],
        about=words["gift_about"],
        heading=words["from"].format(name=giver_name),
        blessing=preview.wrapping.blessing,
        gift=preview.model_dump_json(),
        presentation=preview.presentation,
        theme=preview.wrapping.theme,
        color=load_catalogue().find_theme(preview.wrapping.cover_id).colors.envelope_shade,
        cover=cover_image_path(preview.wrapping.cover_id),
        picture=request.web_url + cover_image_path(preview.wrapping.cover_id).removesuffix(".svg") + ".png",
        url=f"{request.web_url}/g/{found.gift_id}",
    )


def _scheduled_gift_page(request: HttpRequest, gift: ScheduledGift, language: str) -> Response[str] | Response[bytes]:
    """Return the page of a gift that has not opened. It looks the same for all of them."""
    words, cover = WORDS[language], load_catalogue().covers[0]
    theme = load_catalogue().find_theme(cover.cover_id)
    return _page(
        request,
        200,
        "gift",
        language,
        title=words["gift"],
        about=words["gift_about"],
        heading=words["gift"],
        blessing="",
        gift=gift.model_dump_json(),
        presentation=Presentation.RED_ENVELOPE,
        theme=theme.theme_id,
        color=theme.colors.envelope_shade,
        cover=cover_image_path(cover.cover_id),
        picture=request.web_url + cover_image_path(cover.cover_id).removesuffix(".svg") + ".png",
        url=f"{request.web_url}/g/{gift.gift_id}",
    )


@app.not_found
def handle_unknown_route(_: Exception) -> Response[str] | Response[bytes]:
    """Return a page to a browser, and else what other functions return: this one answers for paths without a route, too.

    A link whose path a program changed so that it matches no route gets the page of its gift.
    """
    request, event = HttpRequest(app), app.current_event
    if event.http_method != "GET":
        return unknown_route_response(app)
    if event.path.lower().startswith("/g/"):
        return get_gift_page(event.path[3:])
    if not prefers_html(request.header("accept")):
        return unknown_route_response(app)
    language = _language(request)
    response = _page(
        request, 404, "missing", language, title=WORDS[language]["missing"], start=WORDS[language]["start"]
    )
    response.headers["Vary"] = f"Accept, {response.headers['Vary']}"
    return response


def _unknown_gift_page(request: HttpRequest) -> Response[str] | Response[bytes]:
    language = _language(request)
    return _page(request, 404, "nothing", language, title=WORDS[language]["gone"])


@app.get("/assets/<version>/<asset>")
@operation(
    responses={
        200: Media(("text/javascript", "text/css", "image/svg+xml"), "A script, a style sheet or an image."),
        **NOT_MODIFIED,
    },
    path={"version": "The version of the assets.", "asset": "The file name of the asset."},
)
def get_asset(version: str, asset: str) -> Response[str] | Response[bytes]:
    """Get an asset of the pages."""
    if asset not in ASSETS:
        raise NotFound
    # A page loaded before a deployment requests the old version: it gets the current asset, to be revalidated.
    cache_control = IMMUTABLE if version == VERSION else REVALIDATE
    content_type = TYPES[Path(asset).suffix]
    return _conditional_response(HttpRequest(app), 200, ASSETS[asset], content_type, {"Cache-Control": cache_control})


@app.get("/problems/<problem_code>")
@operation(
    responses={200: PAGE, **NOT_MODIFIED},
    path={"problem_code": "The code of a problem."},
)
def get_problem_page(problem_code: str) -> Response[str] | Response[bytes]:
    """Get the explanation of a problem.

    The `type` of a problem document leads to this page. It is for developers, and in English.
    """
    found = problems.find(problem_code)
    if found is None:
        raise NotFound
    status, title, explanation = found
    return _page(
        HttpRequest(app),
        200,
        "problem",
        "en",
        title=title,
        explanation=explanation,
        number=str(status),
        problem=problem_code,
    )


def _page(
    request: HttpRequest, status: int, name: str, language: str, **fields: str
) -> Response[str] | Response[bytes]:
    """Render one of `pages`, with its fields escaped as HTML."""
    escaped = {key: escape(value) for key, value in fields.items()}
    body = _template(name).substitute(
        escaped,
        language=LANGUAGES[language],
        code=language,
        version=VERSION,
        icon=ICON,
        config=escape(json.dumps(_config(request))),
        **{key: escape(WORDS[language][key]) for key in ("scripts", "stalled", "retrying", "again", "home")},
    )
    headers = {
        **_page_headers(request),
        "Content-Language": LANGUAGES[language],
        # Scripts can read this header of the page: it tells them the time (`clock.js`).
        "Server-Timing": f"now;dur={request.now}",
    }
    return _conditional_response(request, status, body.encode(), "text/html; charset=utf-8", headers)


@cache
def _template(name: str) -> Template:
    return Template((HERE / "pages" / f"{name}.html").read_text())


def _config(request: HttpRequest) -> dict[str, Any]:
    """Return the settings of this deployment that scripts need."""
    url = settings().sign_in_url
    return {
        "sells": settings().payment_provider != "none",
        "sign_in": {
            "url": url,
            "client_id": settings().sign_in_client_id,
            "mfa": settings().sign_in_mfa,
            # Demo users exist only where sign-in has the origin of the pages: on a developer's machine.
            "demo": _origin(url) == request.web_url,
        },
    }


def _page_headers(request: HttpRequest) -> dict[str, str]:
    sign_in = _origin(settings().sign_in_url)
    return {
        "Cache-Control": REVALIDATE,
        "Content-Security-Policy": "; ".join(
            (
                "default-src 'none'",
                "script-src 'self'",
                "style-src 'self'",
                # Any other host of a product's image would learn who looks at the product.
                " ".join(("img-src 'self' data: blob:", *settings().picture_hosts)),
                f"connect-src 'self'{'' if sign_in in ('', request.web_url) else ' ' + sign_in}",
                "base-uri 'none'",
                "form-action 'none'",
                "frame-ancestors 'none'",
                "require-trusted-types-for 'script'",
                "trusted-types 'none'",
            )
        ),
        # Browsers ignore it on a page that was loaded by plain HTTP.
        "Strict-Transport-Security": "max-age=31536000",
        "Permissions-Policy": ", ".join(f"{feature}=()" for feature in UNUSED_FEATURES),
        "Vary": "Accept-Language, Accept-Encoding",
    }


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def _conditional_response(
    request: HttpRequest, status: int, body: bytes, content_type: str, headers: Mapping[str, str]
) -> Response[str] | Response[bytes]:
    """Return a body with its entity tag, compressed if the client accepts it, or 304 if the client has this version."""
    tag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {
        "Vary": "Accept-Encoding",
        "ETag": tag,
        "Referrer-Policy": "no-referrer",
        **headers,
    }
    if status == 200 and request.etag_matches(tag):
        return Response(304, None, "", headers)
    if request.accepts_gzip:
        return Response(status, content_type, _gzipped(body), {**headers, "Content-Encoding": "gzip"})
    return Response(status, content_type, body.decode(), headers)


@lru_cache(maxsize=64)
def _gzipped(body: bytes) -> bytes:
    return gzip.compress(body, mtime=0)


def _isolate(name: str) -> str:
    """Return a name for use in a sentence of ours: one that is written from right to left must not reorder it (UAX #9)."""
    if any(unicodedata.bidirectional(each) in ("R", "AL", "AN") for each in name):
        return f"\N{FIRST STRONG ISOLATE}{name}\N{POP DIRECTIONAL ISOLATE}"
    return name


def _language(request: HttpRequest) -> str:
    return negotiate(request.header("accept-language"))


lambda_handler = handler(app, probe="gift")
