"""Four eyes for Python scripts: an administrator who is not their author lets a version run them, or takes it back.

The approval names the texts by their hash. A version never changes, so it is given once; the next version needs its own.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from engine import history
from engine.errors import NotAllowed, Refusal
from engine.history import Event
from engine.people import Person
from engine.process import definitions
from engine.process.definitions import Definition
from engine.process.scripts import policy
from engine.process.scripts.policy import Script


class NotApproved(Refusal):
    """Version %(version)s of this process has Python scripts that no administrator has approved yet; it cannot be started."""


class OwnScripts(Refusal):
    """You deployed this version: somebody else must look at its scripts. Ask another administrator."""


class NothingToApprove(Refusal):
    """This version has no Python scripts: there is nothing to approve."""


class AlreadyApproved(Refusal):
    """The scripts of this version are approved already."""


class NothingToWithdraw(Refusal):
    """The scripts of this version are not approved, so no approval can be withdrawn."""


class WithdrawalReasonMissing(Refusal):
    """Write why the approval is withdrawn: whoever is stopped by it will read it."""


def scripts(session: Session, definition: Definition) -> Sequence[Script]:
    """The Python that would run, with the elements it stands in."""
    return policy.scripts(definitions.blueprint(session, definition))


def of(definition: Definition) -> Select[Event]:
    """Every approval and withdrawal of a version, the latest first."""
    kinds = ("scripts_approved", "scripts_withdrawn")
    about = (Event.subject == f"definition:{definition.id}", Event.kind.in_(kinds))
    return select(Event).where(*about).order_by(Event.id.desc())


def waiting() -> Select[Definition]:
    """Versions whose scripts wait for an administrator, the oldest first."""
    undecided = (
        Definition.policy == policy.TRUSTED,
        Definition.approved_at.is_(None),
        Definition.retired_at.is_(None),
    )
    return select(Definition).where(*undecided).order_by(Definition.id)


def must_stand(definition: Definition) -> None:
    """Raises NotApproved for a version that may not start yet."""
    if definition.waits:
        raise NotApproved(version=definition.version)


def approve(session: Session, definition: Definition, note: str = "", *, by: Person, now: datetime) -> None:
    """Let the scripts of a version run. Raises NotAllowed, OwnScripts, NothingToApprove, AlreadyApproved."""
    _must_decide(session, definition, by)
    if by.id == definition.deployed_by_id:
        raise OwnScripts
    if definition.approved_at is not None:
        raise AlreadyApproved
    definition.approved_at, definition.approved_by_id = now, by.id
    definition.scripts_hash = policy.digest(definitions.blueprint(session, definition))
    _record(session, "scripts_approved", definition, note, by, now)


def withdraw(session: Session, definition: Definition, reason: str, *, by: Person, now: datetime) -> None:
    """Let them run no longer: no case starts, and one that comes to a script stops there.

    Raises NotAllowed, NothingToApprove, NothingToWithdraw, WithdrawalReasonMissing.
    """
    _must_decide(session, definition, by)
    if definition.approved_at is None:
        raise NothingToWithdraw
    if not reason.strip():
        raise WithdrawalReasonMissing(field="reason")
    definition.approved_at = definition.approved_by_id = None
    _record(session, "scripts_withdrawn", definition, reason, by, now)
    definition.scripts_hash = None


def _must_decide(session: Session, definition: Definition, by: Person) -> None:
    """The version as it is now, kept from others, and a person who may decide about it."""
    session.flush()
    session.refresh(definition, with_for_update=True)
    if not by.has("administrator"):
        raise NotAllowed
    if definition.policy != policy.TRUSTED:
        raise NothingToApprove


def _record(
    session: Session, kind: str, definition: Definition, words: str, by: Person, now: datetime
) -> None:
    what = {
        "process": definition.process,
        "version": definition.version,
        "scripts": definition.scripts_hash,
        "reason": words.strip()[:500],
    }
    history.record(session, kind, at=now, actor=by, subject=f"definition:{definition.id}", data=what)
