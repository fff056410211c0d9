"""Administration: people, departments, roles, who belongs where."""

from collections.abc import Sequence
from typing import Any

import holidays
from babel import Locale
from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from sqlalchemy import Select, func, select

from engine import departments, people, places, schedules
from engine.errors import NotFound
from engine.people import Department, Person
from webapp import flashes, log_ins, passwords
from webapp.access import me, needs
from webapp.clock import now
from webapp.database import db
from webapp.forms import on_invalid
from webapp.languages import current

bp = Blueprint("administration", __name__, url_prefix="/administration")

ROLE_NAMES = {
    "employee": lazy_gettext("Employee: does tasks"),
    "designer": lazy_gettext("Designer: draws and deploys processes"),
    "director": lazy_gettext("Director: sees the whole of sales"),
    "administrator": lazy_gettext("Administrator: people, departments, rights"),
}

WEEK = {
    "1": lazy_gettext("Monday"),
    "2": lazy_gettext("Tuesday"),
    "3": lazy_gettext("Wednesday"),
    "4": lazy_gettext("Thursday"),
    "5": lazy_gettext("Friday"),
    "6": lazy_gettext("Saturday"),
    "7": lazy_gettext("Sunday"),
}


def _tab(title: str, view: str, rows: Select[Any], current: bool) -> dict[str, object]:
    count = db.session.scalar(select(func.count()).select_from(rows.order_by(None).subquery()))
    return {"title": title, "href": url_for(f".{view}"), "count": count, "current": current}


@bp.context_processor
def _tabs() -> dict[str, object]:
    def areas(current: str) -> list[dict[str, object]]:
        return [
            _tab(gettext("People"), "index", people.everybody(), current == "people"),
            _tab(gettext("Departments"), "units", departments.everything(), current == "units"),
        ]

    def parts(unit: Department, current: str) -> list[dict[str, object]]:
        named = (
            ("unit_page", gettext("Department")),
            ("schedule", gettext("Work hours")),
            ("special_days", gettext("Special days")),
        )
        return [
            {
                "title": title,
                "href": url_for(f".{view}", department_id=unit.id),
                "count": len(schedules.special_days(db.session(), unit)) if view == "special_days" else None,
                "current": view == current,
            }
            for view, title in named
        ]

    return {"areas": areas, "parts": parts, "role_names": ROLE_NAMES, "clock_time": _clock_time}


def _person(person_id: int) -> Person:
    person = db.session.get(Person, person_id)
    if person is None:
        raise NotFound
    return person


def _department(department_id: int) -> Department:
    department = db.session.get(Department, department_id)
    if department is None or department.closed_at is not None:
        raise NotFound
    return department


def _parent() -> Department | None:
    chosen = request.form.get("parent", type=int)
    return _department(chosen) if chosen else None


@bp.get("/people")
@needs("administrator")
def index() -> ResponseReturnValue:
    """Everybody, with roles and departments; those who left at the end."""
    return render_template("administration/people.html", people=db.session.scalars(people.everybody()).all())


@bp.get("/people/new")
@needs("administrator")
def new_person() -> ResponseReturnValue:
    """The form for somebody new."""
    return render_template("administration/person.html", person=None, tree=departments.tree(db.session()))


@bp.post("/people")
@needs("administrator")
@on_invalid(new_person)
def invite() -> ResponseReturnValue:
    """Add somebody and show the one-time password, once: it is kept nowhere."""
    password = passwords.one_time()
    person = people.invite(
        db.session(),
        email=request.form.get("email", ""),
        name=request.form.get("name", ""),
        roles=request.form.getlist("roles"),
        password_hash=passwords.hashed(password),
        by=me(),
        now=now(),
    )
    chosen = request.form.getlist("departments", type=int)
    people.assign(db.session(), person, chosen, by=me(), now=now())
    db.session.commit()
    return render_template("administration/password.html", person=person, password=password), 201


@bp.get("/people/<int:person_id>")
@needs("administrator")
def person_page(person_id: int) -> ResponseReturnValue:
    """One person: name, address, roles, departments, and how they come in."""
    person, tree = _person(person_id), departments.tree(db.session())
    return render_template("administration/person.html", person=person, tree=tree)


@bp.post("/people/<int:person_id>")
@needs("administrator")
@on_invalid(person_page)
def change_person(person_id: int) -> ResponseReturnValue:
    """Correct name, address, roles and departments."""
    person = _person(person_id)
    people.change(
        db.session(),
        person,
        email=request.form.get("email", ""),
        name=request.form.get("name", ""),
        roles=request.form.getlist("roles"),
        by=me(),
        now=now(),
    )
    chosen = request.form.getlist("departments", type=int)
    people.assign(db.session(), person, chosen, by=me(), now=now())
    db.session.commit()
    flashes.say(gettext("Saved: %(name)s.", name=person.name))
    return redirect(url_for(".index"), code=303)


@bp.post("/people/<int:person_id>/password")
@needs("administrator")
def give_password(person_id: int) -> ResponseReturnValue:
    """A new one-time password; whoever was logged in as this person is out."""
    person, password = _person(person_id), passwords.one_time()
    people.give_password(db.session(), person, passwords.hashed(password), by=me(), now=now())
    log_ins.end_all(db.session(), person, now=now())
    db.session.commit()
    return render_template("administration/password.html", person=person, password=password)


@bp.post("/people/<int:person_id>/departure")
@needs("administrator")
def leave(person_id: int) -> ResponseReturnValue:
    """Somebody works here no more."""
    person = _person(person_id)
    people.leave(db.session(), person, by=me(), now=now())
    log_ins.end_all(db.session(), person, now=now())
    db.session.commit()
    flashes.say(
        gettext("%(name)s can no longer log in.", name=person.name),
        undo=url_for(".come_back", person_id=person.id),
    )
    return redirect(url_for(".index"), code=303)


@bp.post("/people/<int:person_id>/return")
@needs("administrator")
def come_back(person_id: int) -> ResponseReturnValue:
    """Somebody works here again."""
    person = _person(person_id)
    people.come_back(db.session(), person, by=me(), now=now())
    db.session.commit()
    flashes.say(gettext("%(name)s can log in again.", name=person.name))
    return redirect(url_for(".index"), code=303)


@bp.get("/departments")
@needs("administrator")
def units() -> ResponseReturnValue:
    """The tree of departments with heads and members."""
    tree = departments.tree(db.session())
    heads = {row.id: people.head_of(db.session(), row.id) for _, row in tree}
    return render_template("administration/departments.html", tree=tree, heads=heads, members=_members)


def _members(department: Department) -> list[Person]:
    here = people.everybody().join(people.Membership).where(people.Membership.department_id == department.id)
    return list(db.session.scalars(here.where(Person.left_at.is_(None))))


@bp.get("/departments/new")
@needs("administrator")
def new_unit() -> ResponseReturnValue:
    """The form for a new department."""
    return render_template("administration/department.html", unit=None, tree=departments.tree(db.session()))


@bp.post("/departments")
@needs("administrator")
@on_invalid(new_unit)
def found_unit() -> ResponseReturnValue:
    """Open a department."""
    unit = departments.found(
        db.session(),
        key=request.form.get("key", "").strip(),
        name=request.form.get("name", ""),
        name_en=request.form.get("name_en", ""),
        parent=_parent(),
        by=me(),
        now=now(),
    )
    db.session.commit()
    flashes.say(gettext("Saved: %(name)s.", name=unit.name))
    return redirect(url_for(".units"), code=303)


@bp.get("/departments/<int:department_id>")
@needs("administrator")
def unit_page(department_id: int) -> ResponseReturnValue:
    """One department: names, place in the tree, head."""
    unit = _department(department_id)
    here = db.session.scalars(people.everybody().where(Person.left_at.is_(None)))
    return render_template(
        "administration/department.html",
        unit=unit,
        tree=departments.tree(db.session()),
        head_now=people.head_of(db.session(), unit.id),
        candidates=[(person.id, person.name) for person in here],
    )


@bp.post("/departments/<int:department_id>")
@needs("administrator")
@on_invalid(unit_page)
def change_unit(department_id: int) -> ResponseReturnValue:
    """Rename a department, move it in the tree, appoint its head."""
    unit = _department(department_id)
    departments.change(
        db.session(),
        unit,
        name=request.form.get("name", ""),
        name_en=request.form.get("name_en", ""),
        parent=_parent(),
        by=me(),
        now=now(),
    )
    chosen = request.form.get("head", type=int)
    head = _person(chosen) if chosen else None
    if head is not people.head_of(db.session(), unit.id):
        departments.appoint_head(db.session(), unit, head, by=me(), now=now())
    db.session.commit()
    flashes.say(gettext("Saved: %(name)s.", name=unit.name))
    return redirect(url_for(".units"), code=303)


@bp.post("/departments/<int:department_id>/closure")
@needs("administrator")
def close_unit(department_id: int) -> ResponseReturnValue:
    """Close an empty department."""
    unit = _department(department_id)
    departments.close(db.session(), unit, by=me(), now=now())
    db.session.commit()
    flashes.say(gettext("Closed: %(name)s.", name=unit.name))
    return redirect(url_for(".units"), code=303)


@bp.get("/departments/<int:department_id>/calendar")
@needs("administrator")
def schedule(department_id: int) -> ResponseReturnValue:
    """When a department works: hours, week, holidays, zone."""
    unit = _department(department_id)
    return render_template(
        "administration/schedule.html",
        unit=unit,
        week=WEEK,
        own_fields=[f"{name}_{day}" for name in ("opens", "closes") for day in WEEK],
        countries=_countries(),
        regions=_regions(unit.country),
        zones=[(zone, zone.replace("_", " ")) for zone in places.zones()],
    )


@bp.post("/departments/<int:department_id>/calendar")
@needs("administrator")
@on_invalid(schedule)
def change_schedule(department_id: int) -> ResponseReturnValue:
    """Set when a department works. Another country begins with the whole of it."""
    unit, country = _department(department_id), request.form.get("country", "")
    schedules.change(
        db.session(),
        unit,
        opens=request.form.get("opens", ""),
        closes=request.form.get("closes", ""),
        next_day="next_day" in request.form,
        work_days=request.form.getlist("work_days"),
        weekdays={day: _typed_hours(day) for day in WEEK},
        country=country,
        subdivision=request.form.get("subdivision", "") if country == unit.country else "",
        time_zone=request.form.get("time_zone", ""),
        by=me(),
        now=now(),
    )
    db.session.commit()
    flashes.say(gettext("Saved: %(name)s.", name=unit.name))
    return redirect(url_for(".schedule", department_id=unit.id), code=303)


@bp.get("/departments/<int:department_id>/special-days")
@needs("administrator")
def special_days(department_id: int) -> ResponseReturnValue:
    """Days on which a department works otherwise, its own and those of the departments above it."""
    unit = _department(department_id)
    days = schedules.special_days(db.session(), unit)
    return render_template("administration/special_days.html", unit=unit, days=days)


@bp.post("/departments/<int:department_id>/special-days")
@needs("administrator")
@on_invalid(special_days)
def mark_day(department_id: int) -> ResponseReturnValue:
    """Add a special day, or change one."""
    unit = _department(department_id)
    special = schedules.mark(
        db.session(),
        unit,
        day=request.form.get("day", ""),
        opens=request.form.get("day_opens", ""),
        closes=request.form.get("day_closes", ""),
        next_day="day_next" in request.form,
        name=request.form.get("day_name", ""),
        by=me(),
        now=now(),
    )
    db.session.commit()
    flashes.say(gettext("Saved: %(name)s.", name=special.name or special.day.isoformat()))
    return redirect(url_for(".special_days", department_id=unit.id), code=303)


@bp.post("/departments/<int:department_id>/special-days/<day>/removal")
@needs("administrator")
def unmark_day(department_id: int, day: str) -> ResponseReturnValue:
    """Let a day be as all others."""
    unit = _department(department_id)
    schedules.unmark(db.session(), unit, day, by=me(), now=now())
    db.session.commit()
    flashes.say(gettext("Removed: %(day)s.", day=day))
    return redirect(url_for(".special_days", department_id=unit.id), code=303)


def _typed_hours(day: str) -> schedules.Typed:
    opens, closes = (request.form.get(f"{name}_{day}", "") for name in ("opens", "closes"))
    return schedules.Typed(opens, closes, f"next_{day}" in request.form)


def _clock_time(minutes: int | None) -> str:
    """Minutes after midnight as a field for times wants them: 08:00; midnight at the end of a day is 00:00."""
    return "" if minutes is None else f"{minutes // 60 % 24:02}:{minutes % 60:02}"


def _countries() -> Sequence[tuple[str, str]]:
    names = Locale.parse(current()).territories
    return sorted(((code, names.get(code, code)) for code in places.countries()), key=lambda pair: pair[1])


def _regions(country: str) -> Sequence[tuple[str, str]]:
    regions = places.countries().get(country, ())
    aliases = holidays.country_holidays(country).get_subdivision_aliases() if regions else {}
    return [(code, ", ".join([code, *aliases.get(code, [])])) for code in regions]
