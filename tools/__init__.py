"""Generators of committed files, and checks of the sources: `python -m tools`. Nothing deployed imports this package.

generate        write every generated file, or check that it is up to date
openapi         the OpenAPI document, from routes and their declarations
reference       the pages of docs/reference
event_schemas   JSON Schemas of the domain events
input_schemas   JSON Schemas of the inbound events
sample_events   events/*.json: one sample invocation of each function and route
covers          PNGs of the covers, drawn by a browser
browser         find a browser
import_template the template that imports what a deleted stack left
published       the template with published versions: SnapStart, gradual deployment
release_check   compare the template with that of the last release
wording         check that texts keep to the glossary
commit_message  check a commit message
vulnerabilities ask pip-audit about the deployed packages
"""

import ops  # noqa: F401  # makes the handsel package importable
