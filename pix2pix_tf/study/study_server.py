"""The study's web server: a page, the images of a participant's present trial, and the place for answers."""

import contextlib
import sys
from pathlib import Path

from pix2pix_tf.errors import UserError
from pix2pix_tf.study.participant_ids import ParticipantIds
from pix2pix_tf.study.protocol import EXPOSURE_MS, SIDES
from pix2pix_tf.study.sessions import Refused, Sessions
from pix2pix_tf.study.study_images import as_bmp
from pix2pix_tf.utils.hosts import address, answered_hosts, listen
from pix2pix_tf.utils.json_files import parse_json

try:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware
    from starlette.responses import JSONResponse, Response
    from starlette.routing import Mount, Route
    from starlette.staticfiles import StaticFiles
except ModuleNotFoundError as error:
    raise UserError(
        "The study needs Starlette and Uvicorn, which are not installed: pip install 'pix2pix_tf[serve]'."
    ) from error

PAGE = Path(__file__).parent / "page"
# no-transform: a proxy that compressed the images would make their sizes tell them apart.
NEVER_STORED = {"Cache-Control": "no-store, no-transform"}
HEADERS = [
    (
        "Content-Security-Policy",
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
]
MAX_BODY = 1000  # bytes; an answer is a tenth of that
MAX_MS = 1e9  # of a time that the page measured; eleven days


def make_app(sessions: Sessions, hosts: list[str]) -> Starlette:
    """The web application of a study; a request for a host that is not among `hosts` is refused, see `utils.hosts`.

    GET  /session              where the participant is: {"practice", "trials", "exposure_ms", "trial"}; `trial`
                               is the number of trials answered, null before the start. Sets the cookie
    POST /session              starts; does nothing for somebody who has started
    GET  /trials/3/left        an image of the present trial. The address tells what is seen on screen, no more
    POST /trials/3             {"answer", "exposure_ms", "response_ms", "hidden"} → {"fake_side"} in practice, {} else
    """
    ids = ParticipantIds(sessions.settings["study"], sessions.settings["seed"])
    practice = sessions.settings["practice"]

    def token_of(request):
        return ids.token_of(request, lambda token: sessions.answered(token) is not None)

    def session(request):
        token = token_of(request)
        response = JSONResponse(
            {
                "practice": practice,
                "trials": sessions.settings["trials"],
                "exposure_ms": EXPOSURE_MS,
                "trial": sessions.answered(token),
            },
            headers=NEVER_STORED,
        )
        if not token:
            ids.give(request, response)
        return response

    def begin(request):
        token = token_of(request)
        if not token:
            raise Refused(403, "This browser keeps no cookie; the study needs one to know where you are.")
        sessions.begin(token)
        return session(request)

    def image(request):
        path = sessions.image(token_of(request), request.path_params["trial"], request.path_params["side"])
        return Response(as_bmp(path), media_type="image/bmp", headers=NEVER_STORED)

    async def answer(request):
        given = _checked(await _json_body(request))
        number = request.path_params["trial"]
        trial = await run_in_threadpool(sessions.answer, token_of(request), number, given)
        return JSONResponse({"fake_side": trial.fake_side} if number < practice else {}, headers=NEVER_STORED)

    return Starlette(
        routes=[
            Route("/session", session),
            Route("/session", begin, methods=["POST"]),
            Route("/trials/{trial:int}/{side}", image),
            Route("/trials/{trial:int}", answer, methods=["POST"]),
            Mount("/", StaticFiles(directory=PAGE, html=True)),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False)],
        exception_handlers={Refused: _refuse, OSError: _try_again, UserError: _try_again},
    )


def serve(sessions: Sessions, host: str, port: int, allowed_hosts: list[str] = ()) -> None:
    """Serves a study until Ctrl-C; prints its address once connections are accepted. Port 0 takes a free one.

    `allowed_hosts` are further host names to answer to (see `utils.hosts`).

    Raises:
      UserError: nothing can listen there.
    """
    with listen(host, port, "port") as listening:
        app = make_app(sessions, answered_hosts(host, list(allowed_hosts)))
        print(f"the study is at http://{address(host, listening.getsockname()[1])}/ until Ctrl-C", flush=True)
        config = uvicorn.Config(app, log_level="warning", headers=HEADERS, timeout_graceful_shutdown=5)
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run([listening])


async def _json_body(request):
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            raise Refused(413, f"An answer has at most {MAX_BODY} bytes.")
    try:
        return parse_json(body, "an answer")
    except UserError:
        raise Refused(400, "An answer is a JSON object.") from None


def _checked(given):
    """What a page may say of an answer, and nothing else."""
    times = {name: given.get(name) for name in ("exposure_ms", "response_ms")}
    if given.get("answer") not in SIDES:
        raise Refused(400, "answer must be left or right.")
    if not all(type(value) in (int, float) and 0 <= value <= MAX_MS for value in times.values()):
        raise Refused(400, "exposure_ms and response_ms must be times in milliseconds.")
    if type(given.get("hidden")) is not bool:
        raise Refused(400, "hidden must be true or false.")
    times = {name: round(value, 1) for name, value in times.items()}
    return {"answer": given["answer"], **times, "hidden": given["hidden"]}


def _refuse(_, refused):
    return JSONResponse({"error": refused.sentence}, refused.status, headers=NEVER_STORED)


def _try_again(_, error):
    """A full disk, an image that is gone: the one who runs the study is told, and the page goes on asking."""
    print(f"error: {error}", file=sys.stderr, flush=True)
    return JSONResponse({"error": "The study is not available at the moment."}, 503, headers=NEVER_STORED)
