"""The part of the engine that touches SpiffWorkflow: its parser, specs and task tree, and our rules on them."""
