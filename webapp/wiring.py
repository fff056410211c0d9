"""The composition root: who listens to the engine, and which connectors there are. Nothing else imports connectors."""

from connectors import paper
from connectors.catalogue import Catalogue
from connectors.document import Document, Documents, printed
from connectors.http import Http
from connectors.mail import Mail, OutgoingMail, outgoing
from engine.ports import Connector, Wiring
from engine.sales import (
    alarms,
    at_rest,
    chain,
    commitments,
    conversation,
    deals,
    intake,
    ladders,
    promises,
    remembering,
    standing,
)
from engine.sales.known import Records
from reports import low_green, promise_rollups, rollups, step_rollups
from webapp.settings import Settings

__all__ = ["Document", "OutgoingMail", "build", "outgoing", "paper", "printed", "rollups"]
"""What pages may know of connectors' records comes through here too. Roll-ups of moves listen to sessions: they add up
what was written when it is committed, after everybody else."""


def build(settings: Settings, *, prints_later: bool = False) -> Wiring:
    """Everybody who listens, in the order in which they are told; ``prints_later``: see `connectors.document`."""
    plugged: tuple[Connector, ...] = (
        Mail(settings.smtp_url.get_secret_value(), settings.mail_from),
        Http(settings.http_origins.split(",")),
        Catalogue(),
        Documents(prints_later=prints_later),
    )
    return Wiring(
        answered=(
            conversation.answered,
            intake.answered,
            remembering.answered,
            standing.answered,
            alarms.answered,
            low_green.answered,
        ),
        facts=(deals.facts, commitments.facts, chain.facts),
        projections=(
            ladders.follow,
            chain.address,
            promises.follow,
            remembering.follow,
            promise_rollups.follow,
            step_rollups.follow,
        ),
        rested=(at_rest.follow,),
        connectors={each.name: each for each in plugged},
        known=Records,
    )
