"""Sales: the funnel as a board and as a list, and starting a new deal."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import func, select

from engine import access
from engine.errors import NotFound
from engine.people import Department, Person
from engine.process import definitions, forms, instances
from engine.process.definitions import Definition
from engine.sales import board, deals
from engine.sales.board import Filter
from engine.sales.deals import Deal
from webapp import flashes, form_files
from webapp.access import me, needs
from webapp.clock import now
from webapp.database import db
from webapp.forms import key, on_invalid

bp = Blueprint("sales", __name__, url_prefix="/sales")

STATUSES = ("open", "suspended", "won", "lost")
SIZE = 50


@bp.context_processor
def _helpers() -> dict[str, object]:
    return {"here": here, "statuses": STATUSES}


@bp.get("/")
@needs("employee", "director")
def index() -> ResponseReturnValue:
    """The board of a funnel, filtered by what stands in the address."""
    definition = definition_of("funnel")
    if definition is None:
        return render_template("sales/nothing.html")
    session, wanted = db.session(), _wanted(definition)
    plan = definitions.blueprint(session, definition)
    columns = board.columns(session, me(), plan, wanted, now=now())
    total = _count(wanted)
    sums: dict[str, Any] = {}
    for column in columns:
        for currency, amount in column.sums.items():
            sums[currency] = sums.get(currency, 0) + amount
    return render_template(
        "sales/board.html",
        **_page(definition, wanted),
        columns=columns,
        total=total,
        sums=sums,
        elsewhere=total - sum(column.count for column in columns),
        steered={card.deal.id for column in columns for card in column.cards if _steers(card.deal)},
    )


@bp.get("/list")
@needs("employee", "director")
def listing() -> ResponseReturnValue:
    """The same deals as rows, also those that wait, are won or lost."""
    definition = definition_of("funnel")
    if definition is None:
        return render_template("sales/nothing.html")
    session, wanted = db.session(), _wanted(definition)
    plan = definitions.blueprint(session, definition)
    page = max(request.args.get("page", 1, type=int), 1)
    found = session.scalars(board.rows(me(), wanted).limit(SIZE).offset((page - 1) * SIZE)).all()
    return render_template(
        "sales/list.html",
        **_page(definition, wanted),
        cards=board.cards(session, found, plan, now=now()),
        plan=plan,
        total=_count(wanted),
        page=page,
        size=SIZE,
    )


@bp.get("/new")
@needs("employee", "director")
def new() -> ResponseReturnValue:
    """The form that starts a deal: of a funnel, or of any process that sells."""
    definition = _startable()
    plan = definitions.blueprint(db.session(), definition)
    begin = next((start for start in plan.starts if start.kind != "message"), None)
    if begin is None:
        raise NotFound
    return render_template(
        "sales/new.html",
        definition=definition,
        plan=plan,
        form=definitions.form(db.session(), definition, begin.form) if begin.form else None,
        start=begin,
        key=uuid4().hex,
        others=_processes("funnel", "flow"),
    )


@bp.post("/new")
@needs("employee", "director")
@on_invalid(new)
def create() -> ResponseReturnValue:
    """Start the process; the deal opens on its first stage."""
    definition = _startable()
    raw = form_files.received(_asked(definition), forms_of(request.form.to_dict(flat=False)))
    instance = instances.start(
        db.session(), definition, raw, by=me(), now=now(), element=request.args.get("start"), key=key()
    )
    deal = deals.of(db.session(), instance.id)
    db.session.commit()
    flashes.say(gettext("%(title)s has been opened.", title=instance.title or definition.process))
    if deal is None:
        return redirect(url_for(".index"), code=303)
    return redirect(url_for("deals.deal", deal_id=deal.id), code=303)


def _asked(definition: Definition) -> forms.Form | None:
    """The form of the start that was sent."""
    starts = definitions.blueprint(db.session(), definition).starts
    begin = next((each for each in starts if each.element == request.args.get("start")), None)
    return definitions.form(db.session(), definition, begin.form) if begin and begin.form else None


def forms_of(raw: dict[str, list[str]]) -> dict[str, list[str]]:
    """What a page sent, without the page's own controls."""
    return {name: values for name, values in raw.items() if name not in {"csrf_token", "key"}}


# ------------------------------------------------------------------------------------------------ what a page shows


def _processes(*kinds: str) -> Sequence[Definition]:
    query = definitions.startable().where(Definition.kind.in_(kinds))
    return db.session.scalars(query.order_by(None).order_by(Definition.kind.desc(), Definition.id)).all()


def definition_of(kind: str) -> Definition | None:
    """The process in the address, else the oldest of its kind."""
    asked = request.args.get("process")
    found = [each for each in _processes(kind) if asked in (None, "", each.process)]
    return found[0] if found else None


def _startable() -> Definition:
    asked = request.args.get("process")
    for each in _processes("funnel", "flow"):
        if asked in (None, "", each.process):
            return each
    raise NotFound


def _wanted(definition: Definition) -> Filter:
    owner = request.args.get("owner", "")
    status = request.args.get("status", "open")
    return Filter(
        definition.process,
        owner_id=me().id if owner == "me" else request.args.get("owner", type=int),
        department_id=request.args.get("department", type=int),
        status=status if status in STATUSES else "open",
    )


def _page(definition: Definition, wanted: Filter) -> dict[str, Any]:
    return {
        "definition": definition,
        "wanted": wanted,
        "processes": _processes("funnel"),
        "owners": _owners(definition.process),
        "departments": _departments(definition.process),
    }


def _owners(process: str) -> Sequence[Person]:
    owning = select(Deal.owner_id).where(Deal.process == process, access.visible(me(), Deal))
    return db.session.scalars(select(Person).where(Person.id.in_(owning)).order_by(Person.name)).all()


def _departments(process: str) -> Sequence[Department]:
    owning = select(Deal.department_id).where(Deal.process == process, access.visible(me(), Deal))
    found = select(Department).where(Department.id.in_(owning)).order_by(Department.name)
    return db.session.scalars(found).all()


def _count(wanted: Filter) -> int:
    return db.session.scalar(select(func.count()).select_from(Deal).where(*wanted.clause(me()))) or 0


def _steers(deal: Deal) -> bool:
    return deals.steers(db.session(), deal, me())


def here(**changed: Any) -> str:
    """This page's address with some of its filters changed; an empty value drops one."""
    kept = {name: value for name, value in request.args.items() if name != "page"} | changed
    view = kept.pop("view", request.endpoint)
    return url_for(view, **{name: value for name, value in kept.items() if value not in (None, "")})
