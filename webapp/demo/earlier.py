"""The fast sale as it was before its second version: derived from the shipped one, so that the two differ by little.

Then the sales desk rang every client after the delivery, a silent quote was mentioned once, and missing data had half
a day. Now a mail asks for feedback, a quote is mentioned twice, and data are completed within the hour.
"""

import re

from engine.process.doctor import File
from webapp import shipped

PROCESS = "fast_sale"
RANG = "call_for_feedback"
"""The step that the second version does not have any more."""

_RANG = f"""<bpmn:userTask id="{RANG}" name="Zadzwoń po opinię">
        <bpmn:extensionElements>
          <spiffworkflow:properties>
            <spiffworkflow:property name="name:en" value="Call for feedback"/>
            <spiffworkflow:property name="audience" value="department:sales_desk"/>
            <spiffworkflow:property name="due" value="P1D"/>
            <spiffworkflow:property name="why" value="Przesyłka dotarła dwa dni temu."/>
            <spiffworkflow:property name="why:en" value="The parcel arrived two days ago."/>
          </spiffworkflow:properties>
        </bpmn:extensionElements>
        <bpmn:incoming>two_days_later_to_{RANG}</bpmn:incoming>
        <bpmn:outgoing>{RANG}_to_what_client_says</bpmn:outgoing>
      </bpmn:userTask>"""

_CHANGES = (
    # what is written in the shipped diagram, what was written before, how often it is there
    (r'<bpmn:serviceTask id="ask_feedback".*?</bpmn:serviceTask>', _RANG, 1),
    (r"ask_feedback", RANG, 13),
    (r'<bpmn:boundaryEvent id="quote_silent_two_days".*?</bpmn:boundaryEvent>\s*', "", 1),
    (r"<bpmn:flowNodeRef>quote_silent_two_days</bpmn:flowNodeRef>\s*", "", 1),
    (r"<bpmn:incoming>quote_silent_two_days_to_remind_of_quote</bpmn:incoming>\s*", "", 1),
    (r'<bpmn:sequenceFlow id="quote_silent_two_days_to_remind_of_quote"[^>]*/>\s*', "", 1),
    (r'<bpmndi:BPMNShape id="shape_quote_silent_two_days".*?</bpmndi:BPMNShape>\s*', "", 1),
    (r'<bpmndi:BPMNEdge id="edge_quote_silent_two_days_to_remind_of_quote".*?</bpmndi:BPMNEdge>\s*', "", 1),
    (r'(value="complete_data"/>\s*<spiffworkflow:property name="due" value=)"PT1H"', r'\1"PT4H"', 1),
)


class OutOfStep(Exception):
    """The shipped diagram no longer says what the earlier version is derived from."""


def bundle() -> list[File]:
    """Every file of the earlier version. Raises OutOfStep."""
    return [
        File(each.name, _as_it_was(each.content.decode()).encode())
        if each.name == f"{PROCESS}.bpmn"
        else each
        for each in shipped.bundle(PROCESS)
    ]


def _as_it_was(diagram: str) -> str:
    for pattern, before, times in _CHANGES:
        diagram, found = re.subn(pattern, before, diagram, flags=re.DOTALL)
        if found != times:
            raise OutOfStep(f"{pattern}: {found} times instead of {times}")
    return diagram
