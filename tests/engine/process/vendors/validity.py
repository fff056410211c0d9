"""The executable form against the BPMN 2.0 schema."""

from copy import deepcopy

from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnValidator

from tests.engine.process.vendors.drawing import tag

VALIDATOR = BpmnValidator()


def violations(executable: bytes) -> list[str]:
    """What the schema objects to in each process, taken with the messages, signals and errors of the whole.

    Files of one upload may use the same ids, as modelling tools number from one: each process is looked at alone.
    """
    root = etree.fromstring(executable)
    found = []
    for process in root.iter(tag("process")):
        alone = etree.Element(root.tag, root.attrib, nsmap=root.nsmap)
        alone.extend(deepcopy(each) for each in root if each.tag != process.tag or each is process)
        if not VALIDATOR.validator.validate(alone):
            found += [str(each.message) for each in VALIDATOR.validator.error_log]
    return found
