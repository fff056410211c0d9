"""History from elsewhere on the screen: choose a file, say what it means, look at its first cases, let it be imported."""

import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, current_app, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_pgettext
from sqlalchemy import select

from engine.calendars import HOME
from engine.errors import Refusal
from engine.people import Person
from engine.process.blueprint import Text
from engine.sales.past import jobs, maps, proposals, wrong
from engine.sales.past.maps import COLUMNS, MEANINGS, Map
from engine.sales.past.paths import tell
from engine.sales.past.proposals import Seen
from engine.sales.past.rows import Import
from webapp import flashes
from webapp.access import me, needs
from webapp.clock import now
from webapp.database import db
from webapp.errors import words
from webapp.forms import on_invalid
from webapp.languages import into_words
from webapp.reporting import words as move_words

bp = Blueprint("history", __name__, url_prefix="/reports/history")

SHOWN, LINES = 4, 14
"""Cases of a preview, and lines of each."""
OFFERED = 200
"""Activities that the form lists; a file with more is mapped as text."""
ROLES = {
    "case": lazy_pgettext("history", "Case"),
    "activity": lazy_pgettext("history", "Activity"),
    "time": lazy_pgettext("history", "Time"),
    "transition": lazy_pgettext("history", "Transition of the step"),
    "actor": lazy_pgettext("history", "Person"),
    "department": lazy_pgettext("history", "Department"),
    "amount": lazy_pgettext("history", "Amount"),
    "currency": lazy_pgettext("history", "Currency"),
    "reason": lazy_pgettext("history", "Reason"),
    "causing_department": lazy_pgettext("history", "Department that caused it"),
    "product": lazy_pgettext("history", "Product"),
    "owner": lazy_pgettext("history", "Owner"),
    "instance": lazy_pgettext("history", "Which execution of the step"),
}
MEANS = {
    "step": lazy_pgettext("history", "a step, moves nothing"),
    "position": lazy_pgettext("history", "a position of the ladder"),
    "won": lazy_pgettext("history", "won"),
    "lost": lazy_pgettext("history", "lost"),
    "rerouted": lazy_pgettext("history", "went to another process"),
    "suspended": lazy_pgettext("history", "put aside"),
    "resumed": lazy_pgettext("history", "resumed"),
}
STATES = {
    "draft": lazy_pgettext("history", "Not imported yet"),
    "waiting": lazy_pgettext("history", "Waits for its turn"),
    "running": lazy_pgettext("history", "Being imported"),
    "done": lazy_pgettext("history", "Imported"),
    "refused": lazy_pgettext("history", "Nothing was imported"),
}


@bp.before_request
def _in_reports() -> None:
    g.place = "reports"


@bp.get("/")
@needs("director", "administrator")
def index() -> ResponseReturnValue:
    """What was brought in, what is being prepared, and where a file is chosen."""
    rows = db.session.scalars(jobs.of(me()).limit(200)).all()
    ids = {each.by_id for each in rows if each.by_id}
    names = db.session.execute(select(Person.id, Person.name).where(Person.id.in_(ids)))
    return render_template(
        "history/index.html",
        rows=rows,
        names={row.id: row.name for row in names},
        states=STATES,
        most=current_app.config["MAX_CONTENT_LENGTH"] // 2**20,
    )


@bp.post("/")
@needs("director", "administrator")
@on_invalid(index)
def begin() -> ResponseReturnValue:
    """Keep the chosen file with a proposed map."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise wrong.FileMissing(field="file")
    with sent.stream:
        content = sent.stream.read()
    made = jobs.draft(db.session(), sent.filename, content, by=me(), now=now())
    db.session.commit()
    return redirect(url_for(".page", import_id=made.id), code=303)


@bp.get("/<int:import_id>")
@needs("director", "administrator")
def page(import_id: int) -> ResponseReturnValue:
    """The map beside the first cases; how far it is; or what came in."""
    made = _one(import_id)
    if made.status not in ("draft", "refused"):
        template = "history/_course.html" if "HX-Request" in request.headers else "history/course.html"
        return render_template(template, made=made, states=STATES, refused=_refused(made))
    log = jobs.log_of(db.session(), made)
    seen = proposals.look(log)
    text = g.typed["map"] if "typed" in g and "map" in g.typed else made.map
    chosen, broken = _readable(text)
    shown = _preview(made, chosen) if chosen is not None and "typed" not in g else {}
    return render_template(
        "history/map.html",
        made=made,
        text=text,
        plain=_plain(made.map),
        chosen=chosen,
        broken=broken,
        columns=seen.columns,
        sample={column: seen.sample(column, 3) for column in seen.columns},
        activities=_activities(seen, chosen),
        roles=ROLES,
        needed=maps.NEEDED,
        means=MEANS,
        encodings=maps.ENCODINGS,
        is_table=not log.is_xml(),
        refused=_refused(made) if made.status == "refused" and "typed" not in g else [],
        words=move_words,
        **{"cases": (), "wrong": (), "wrong_count": 0, "events": 0, "case_count": 0, **shown},
    )


@bp.post("/<int:import_id>/map")
@needs("director", "administrator")
@on_invalid(page)
def change(import_id: int) -> ResponseReturnValue:
    """Keep what was said of the file, and show its first cases again or let it be imported."""
    made = _one(import_id)
    text = request.form["map"] if "map" in request.form else _written(made)
    if request.form.get("press") == "import":
        jobs.ask(db.session(), made, text)
    else:
        jobs.change(made, text)
    db.session.commit()
    anchor = None if made.status == "waiting" else "preview"
    return redirect(url_for(".page", import_id=made.id, _anchor=anchor), code=303)


@bp.get("/<int:import_id>/map.toml")
@needs("director", "administrator")
def download(import_id: int) -> ResponseReturnValue:
    """The map as a file, for the command line or the next file."""
    made = _one(import_id)
    headers = {"Content-Disposition": "attachment; filename=MAP.toml"}
    return Response(made.map, mimetype="application/toml", headers=headers)


@bp.post("/<int:import_id>/end")
@needs("director", "administrator")
def drop(import_id: int) -> ResponseReturnValue:
    """Forget a file that was not imported."""
    jobs.drop(db.session(), _one(import_id))
    db.session.commit()
    flashes.say(gettext("The file is gone. Nothing was imported."))
    return redirect(url_for(".index"), code=303)


# ------------------------------------------------------------------------------------------------ what a page shows


def _one(import_id: int) -> Import:
    return jobs.one(db.session(), me(), import_id)


def _readable(text: str) -> tuple[Map | None, str | None]:
    """What a map says, or why it says nothing yet."""
    try:
        return maps.read(text), None
    except Refusal as refusal:
        return None, words(refusal)


def _plain(text: str) -> dict[str, Any]:
    """A map as it is written, for the fields of the form; nothing where it cannot be read."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}


def _preview(made: Import, chosen: Map) -> dict[str, Any]:
    """The first cases as they would come in, and what is wrong among the first rows."""
    log = jobs.log_of(db.session(), made)
    try:
        cases, ledger, counted = jobs.preview(log, chosen, now=now())
    except Refusal as refusal:
        return {"wrong": [(None, words(refusal))], "wrong_count": 0}
    first = list(cases.items())[:SHOWN]
    return {
        "cases": [(name, _lines(events, chosen), len(events) - LINES) for name, events in first],
        "wrong": [(line, words(each)) for line, each in ledger.first],
        "wrong_count": ledger.count,
        "events": sum(counted.values()),
        "case_count": len(cases),
    }


def _lines(events: Any, chosen: Map) -> list[dict[str, Any]]:
    """Steps and moves of a case, line by line."""
    titles = {each.key: into_words(each.title) for each in chosen.positions}
    told = tell(events, chosen)
    moves: dict[int, list[Any]] = {}
    for move in told.moves:
        moves.setdefault(move.step, []).append(move)
    return [
        {
            "at": _written_at(min(each for each in (step.ready, step.started, step.ended) if each)),
            "activity": step.activity,
            "actor": step.actor,
            "moves": [(each.kind, titles.get(each.to_stage or "", "")) for each in moves.get(seq, ())],
            "amount": step.amount,
            "currency": step.currency,
        }
        for seq, step in enumerate(told.steps[:LINES], 1)
    ]


def _written_at(moment: datetime) -> str:
    return moment.replace(tzinfo=UTC).astimezone(HOME).strftime("%Y-%m-%d %H:%M")


def _activities(seen: Seen, chosen: Map | None) -> list[dict[str, Any]]:
    """Every activity of the first rows with its count and what the map says of it."""
    column = chosen.columns["activity"] if chosen else proposals.guessed(seen)["activity"]
    counts: dict[str, int] = {}
    for row in seen.rows:
        name = " ".join(row.get(column, "").split())
        if name:
            counts[name] = counts.get(name, 0) + 1
    said: Mapping[str, str] = chosen.activities if chosen else {}
    ranks = chosen.ranks if chosen else {}
    order = {key: place for place, key in enumerate(("position", *MEANINGS))}
    found = []
    for name, count in counts.items():
        meaning = said.get(name, "step")
        means, place = ("position" if meaning in ranks else meaning), ranks.get(meaning, 0)
        found.append(((order[means], place, -count), name, count, means, place or ""))
    keys = ("name", "count", "means", "place")
    return [dict(zip(keys, each[1:], strict=True)) for each in sorted(found)[:OFFERED]]


def _refused(made: Import) -> list[tuple[int | None, str]]:
    """Why nothing came in, in the reader's language."""
    found = []
    for each in made.wrong:
        places = {
            name: into_words(Text(**value)) if isinstance(value, dict) else value
            for name, value in each["places"].items()
        }
        message = each["message"]
        found.append((each["line"], gettext(message) % places))
    return found


# ------------------------------------------------------------------------------------------------ what the form says


def _written(made: Import) -> str:
    """The map that the fields of the form say; what they do not ask stays as it was written."""
    form, plain = request.form, _plain(made.map)
    told = {
        **plain.get("history", {}),
        **{name: form.get(name, "").strip() for name in ("ladder", "title", "zone", "currency")},
    }
    file = {
        **plain.get("file", {}),
        **{name: form[name].strip() for name in ("encoding", "time", "decimal") if name in form},
    }
    columns = {role: form.get(f"column-{role}", "") for role in COLUMNS}
    positions, activities = _ladder(plain)
    return maps.written(
        {
            **plain,
            "history": told,
            "file": file,
            "columns": columns,
            "positions": positions,
            "activities": activities,
        }
    )


def _ladder(plain: Mapping[str, Any]) -> tuple[list[dict[str, str]], dict[str, str]]:
    """Positions by the places that were typed, those with one place are one; and what each activity means."""
    form = request.form
    before = {str(key): value for key, value in plain.get("activities", {}).items()}
    known = {str(each.get("key")): each for each in plain.get("positions", ())}
    said = dict(before)
    places: dict[int, list[str]] = {}
    for number in range(OFFERED):
        name = form.get(f"activity-{number}")
        if name is None:
            break
        means, place = form.get(f"means-{number}", "step"), form.get(f"place-{number}", "")
        if means == "position":
            places.setdefault(int(place) if place.isascii() and place.isdigit() else 99, []).append(name)
        else:
            said[name] = means
    positions: list[dict[str, str]] = []
    for _, names in sorted(places.items()):
        used = {each["key"] for each in positions}
        key = next((before[name] for name in names if before.get(name) in known.keys() - used), None)
        key = key or _fresh(names[0], used | known.keys())
        positions.append(known.get(key) or {"key": key, "title": names[0][:120]})
        said |= dict.fromkeys(names, key)
    kept = {each["key"] for each in positions} | set(MEANINGS)
    return positions, {name: meaning if meaning in kept else "step" for name, meaning in said.items()}


def _fresh(name: str, used: set[str]) -> str:
    """A key for a new position."""
    key = proposals.slug(name) or "p"
    number = 1
    while key in used or key in MEANINGS:
        number += 1
        key = f"{proposals.slug(name)[:50]}_{number}"
    return key
