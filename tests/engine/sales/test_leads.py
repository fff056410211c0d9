"""Leads: written down, rejected with a reason, and turned into a long sale."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import Invalid, NotAllowed
from engine.history import Event
from engine.people import Person
from engine.process import definitions, doctor
from engine.process.forms.refusals import Required
from engine.process.tasks import UserTask
from engine.sales import clients, leads
from engine.sales.leads import CompanyMissing, LeadClosed, NoLongSale
from engine.sales.records import Client, Contact, Lead
from tests.conftest import MONDAY
from tests.engine.sales.live import WIRING

FUNNEL = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="urn:contentum:long"
 xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core">
<message id="m" name="lead.qualified"/>
<process id="long_sale" name="Long sale" isExecutable="true">
  <extensionElements><spiffworkflow:properties><spiffworkflow:property name="kind" value="funnel"/></spiffworkflow:properties></extensionElements>
  <startEvent id="qualified"><messageEventDefinition messageRef="m"/></startEvent>
  <sequenceFlow id="f1" sourceRef="qualified" targetRef="card"/>
  <userTask id="card" name="Complete the card"><extensionElements><spiffworkflow:properties>
    <spiffworkflow:property name="assignee" value="owner"/><spiffworkflow:property name="stage" value="first"/>
    <spiffworkflow:property name="stage:order" value="1"/></spiffworkflow:properties></extensionElements></userTask>
  <sequenceFlow id="f2" sourceRef="card" targetRef="won"/>
  <endEvent id="won"/>
</process></definitions>"""
CARD = {"title": "Linia paczkująca", "company": "Młyn Zalesie", "contact_name": "Ewa Konarska",
        "email": "ewa@mlyn.example", "source": "web", "need": "  Dwie linie,\r\njedna hala "}  # fmt: skip


@pytest.fixture
def lead(session: Session, anna: Person) -> Lead:
    """What came from the website."""
    return leads.add(session, CARD, by=anna, now=MONDAY)


@pytest.fixture
def long_sale(session: Session) -> None:
    """A process that starts with a qualified lead."""
    session.info["wiring"] = WIRING
    definitions.deploy(session, [doctor.File("long.bpmn", FUNNEL)], accepted="all", by=None, now=MONDAY)


def told(session: Session, lead: Lead) -> list[str]:
    """What history knows of a lead."""
    session.flush()
    query = select(Event.kind).where(Event.subject == f"lead:{lead.id}").order_by(Event.id)
    return list(session.scalars(query))


def test_a_lead_is_written_down_as_ones_own(session: Session, lead: Lead, anna: Person) -> None:
    assert (lead.status, lead.owner_id, lead.department_id) == ("new", anna.id, anna.department_ids[0])
    assert lead.need == "Dwie linie,\njedna hala"
    assert told(session, lead) == ["lead_added"]


def test_a_lead_without_title_or_company_is_refused(session: Session, anna: Person) -> None:
    with pytest.raises(Invalid) as error:
        leads.add(session, {"email": "x"}, by=anna, now=MONDAY)

    assert set(error.value.errors) == {"title", "company", "email"}
    assert isinstance(error.value.errors["company"], CompanyMissing)


def test_a_lead_of_a_client_takes_its_name(session: Session, anna: Person) -> None:
    mill = clients.add(session, {"name": "Młyn Zalesie"}, by=anna, now=MONDAY)

    lead = leads.add(session, {"title": "Serwis"}, client=mill, by=anna, now=MONDAY)

    assert (lead.client_id, lead.company) == (mill.id, "Młyn Zalesie")


def test_a_lead_is_rejected_with_a_reason_once(session: Session, lead: Lead, anna: Person) -> None:
    with pytest.raises(Required):
        leads.reject(session, lead, "  ", by=anna, now=MONDAY)

    leads.reject(session, lead, "No budget", by=anna, now=MONDAY)

    assert lead.status == "rejected"
    assert told(session, lead) == ["lead_added", "lead_rejected"]
    with pytest.raises(LeadClosed):
        leads.reject(session, lead, "Again", by=anna, now=MONDAY)


def test_a_lead_becomes_a_deal_with_its_client_and_contact(
    session: Session, lead: Lead, long_sale: None, anna: Person
) -> None:
    deal = leads.convert(session, lead, by=anna, now=MONDAY)

    client = session.scalars(select(Client)).one()
    contact = session.scalars(select(Contact)).one()
    assert (lead.status, lead.deal_id, lead.client_id) == ("converted", deal.id, client.id)
    assert [deal.title, deal.client_id, deal.contact_id, deal.source, deal.owner_id, deal.stage] == [
        "Linia paczkująca", client.id, contact.id, "web", anna.id, "first"]  # fmt: skip
    assert (client.name, contact.email) == ("Młyn Zalesie", "ewa@mlyn.example")
    assert session.scalars(select(UserTask.assignee_id)).one() == anna.id
    assert told(session, lead) == ["lead_added", "lead_converted"]


def test_a_known_client_and_contact_are_not_made_twice(
    session: Session, lead: Lead, long_sale: None, anna: Person
) -> None:
    mill = clients.add(session, {"name": "MŁYN ZALESIE sp. z o.o."}, by=anna, now=MONDAY)
    ewa = clients.add_contact(
        session, mill, {"name": "Ewa", "email": "EWA@mlyn.example"}, by=anna, now=MONDAY
    )

    deal = leads.convert(session, lead, by=anna, now=MONDAY)

    assert (deal.client_id, deal.contact_id) == (mill.id, ewa.id)


def test_a_lead_becomes_a_deal_once(session: Session, lead: Lead, long_sale: None, anna: Person) -> None:
    leads.convert(session, lead, by=anna, now=MONDAY)

    with pytest.raises(LeadClosed):
        leads.convert(session, lead, by=anna, now=MONDAY)


def test_without_a_process_that_takes_leads_there_is_no_deal(
    session: Session, lead: Lead, anna: Person
) -> None:
    with pytest.raises(NoLongSale):
        leads.convert(session, lead, by=anna, now=MONDAY)
    assert lead.status == "new"


def test_who_neither_sells_nor_directs_touches_no_lead(session: Session, lead: Lead, adam: Person) -> None:
    with pytest.raises(NotAllowed):
        leads.add(session, CARD, by=adam, now=MONDAY)
    with pytest.raises(NotAllowed):
        leads.reject(session, lead, "x", by=adam, now=MONDAY)
    with pytest.raises(NotAllowed):
        leads.convert(session, lead, by=adam, now=MONDAY)
