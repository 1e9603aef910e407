"""In and out: password, one-time address, sign-out."""

from flask import Response, request
from werkzeug.wrappers import Response as AnyResponse

from engagement.domain.errors import InvalidInput, LinkNotValid, NotAuthorised
from engagement.services.desk import moderators
from engagement.web import limits
from engagement.web.desk import room
from engagement.web.house import toolbox


@room.blueprint.get("/login")
def login_page() -> Response:
    return room.show("login", email="", problem="")


@room.blueprint.post("/login")
def login() -> AnyResponse:
    room.check_sender()
    email = request.form.get("email", "")
    try:
        with limits.guesses("login"):
            device = request.cookies.get(room.device_name(), "")
            token = moderators.sign_in(toolbox(), email, request.form.get("password", ""), device)
    except NotAuthorised as error:
        return room.show("login", 401, email=email, problem=room.sentence(error))
    return room.let_in(token)


@room.blueprint.post("/logout")
def logout() -> AnyResponse:
    room.check_form(room.present())
    moderators.sign_out(request.cookies.get(room.cookie_name(), ""))
    return room.let_out()


@room.blueprint.get("/enter/<token>")
def enter_page(token: str) -> Response:
    """Whose address it is and a form; opening it uses nothing up."""
    limits.count("links")
    try:
        moderator = moderators.open_login_link(toolbox(), token)
    except LinkNotValid:
        return room.show("spent", 410)
    return room.show("enter", email=moderator.email, problem="")


@room.blueprint.post("/enter/<token>")
def enter(token: str) -> AnyResponse:
    room.check_sender()
    try:
        with limits.guesses("login"):
            return room.let_in(moderators.enter(toolbox(), token, request.form.get("password", "")))
    except LinkNotValid:
        return room.show("spent", 410)
    except InvalidInput as error:
        email = moderators.open_login_link(toolbox(), token).email
        return room.show("enter", 422, email=email, problem=room.sentence(error))
