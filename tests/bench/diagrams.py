"""The small diagrams that are timed."""

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" targetNamespace="http://contentum/bench">
"""

SHORT = f"""{HEAD}
<process id="short" name="Short" isExecutable="true">
  <extensionElements><spiffworkflow:properties><spiffworkflow:property name="keeps" value="answer"/></spiffworkflow:properties></extensionElements>
  <startEvent id="begin"/>
  <sequenceFlow id="f1" sourceRef="begin" targetRef="a"/>
  <userTask id="a" name="A"/>
  <sequenceFlow id="f2" sourceRef="a" targetRef="which"/>
  <exclusiveGateway id="which" name="Which?" default="f4"/>
  <sequenceFlow id="f3" name="b" sourceRef="which" targetRef="b"><conditionExpression xsi:type="tFormalExpression">1 == 1</conditionExpression></sequenceFlow>
  <sequenceFlow id="f4" name="end" sourceRef="which" targetRef="left"/>
  <userTask id="b" name="B"/>
  <sequenceFlow id="f5" sourceRef="b" targetRef="done"/>
  <endEvent id="done" name="Done"/>
  <endEvent id="left" name="Left"/>
</process>
</definitions>"""

LOOP = f"""{HEAD}
<process id="loop" name="Loop" isExecutable="true">
  <startEvent id="begin"/>
  <sequenceFlow id="f1" sourceRef="begin" targetRef="again"/>
  <exclusiveGateway id="again"/>
  <sequenceFlow id="f2" sourceRef="again" targetRef="work"/>
  <userTask id="work" name="Work"/>
  <sequenceFlow id="f3" sourceRef="work" targetRef="enough"/>
  <exclusiveGateway id="enough" name="Enough?" default="f5"/>
  <sequenceFlow id="f4" name="yes" sourceRef="enough" targetRef="done"><conditionExpression xsi:type="tFormalExpression">1 == 2</conditionExpression></sequenceFlow>
  <sequenceFlow id="f5" name="no" sourceRef="enough" targetRef="again"/>
  <endEvent id="done" name="Done"/>
</process>
</definitions>"""

CIRCLE = f"""{HEAD}
<process id="circle" name="Circle" isExecutable="true">
  <startEvent id="begin"/>
  <sequenceFlow id="f1" sourceRef="begin" targetRef="work"/>
  <userTask id="work" name="Work"/>
  <sequenceFlow id="f2" sourceRef="work" targetRef="enough"/>
  <exclusiveGateway id="enough" name="Enough?" default="f4"/>
  <sequenceFlow id="f3" name="yes" sourceRef="enough" targetRef="done"><conditionExpression xsi:type="tFormalExpression">1 == 2</conditionExpression></sequenceFlow>
  <sequenceFlow id="f4" name="no" sourceRef="enough" targetRef="work"/>
  <endEvent id="done" name="Done"/>
</process>
</definitions>"""
"""The shortest circle there is: SpiffWorkflow alone loses its task a thousand nodes below the start."""
